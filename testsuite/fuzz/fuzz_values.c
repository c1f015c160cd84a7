/* fuzz_values.c - numbers, sizes, times, counts, signals and the controller's line; the first byte
 * chooses. */
#include "config.h"
#include "fuzz.h"

#include <string.h>

#include "jobopt/jobopt.h"
#include "rpc/rpc.h"
#include "util/error.h"
#include "util/num.h"
#include "util/timefmt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text, buf[TIME_TEXT_MAX];
    struct error err = { 0 };
    uint32_t u32, *counts;
    uint64_t u64;
    int64_t i64;
    time_t at;
    size_t n;
    struct rpc_target target;
    int rc = 0;

    if (!size)
        return 0;
    text = fuzz_text(data + 1, size - 1);
    switch (data[0] % 9) {
    case 0:
        rc = num_parse_u32(text, 1, 1000, &u32, "--number", &err);
        FUZZ_ASSERT(rc < 0 || (u32 >= 1 && u32 <= 1000));
        break;
    case 1:
        rc = num_parse_i64(text, -5, 1000, &i64, "--number", &err);
        FUZZ_ASSERT(rc < 0 || (i64 >= -5 && i64 <= 1000));
        break;
    case 2:
        rc = size_parse_mb(text, &u64, "--mem", &err);
        break;
    case 3:
        if ((rc = time_limit_parse(text, &u32, "--time", &err)) == 0) {
            uint32_t twin;

            time_limit_format(u32, buf);
            FUZZ_ASSERT(time_limit_parse(buf, &twin, "--time", &err) == 0 && twin == u32);
        }
        break;
    case 4:
        rc = duration_parse_sec(text, &u64, "timeout", &err);
        break;
    case 5:
        rc = time_at_parse(text, 1769875200, TIME_AT_ANY, &at, "--begin", &err);
        if (rc == 0)
            time_at_format(at, NULL, buf);
        break;
    case 6:
        if ((rc = counts_parse(text, 100000, &counts, &n, &err)) == 0) {
            FUZZ_ASSERT(n <= 100000);
            free(counts_format(counts, n));
            free(counts);
        }
        break;
    case 7:
        rc = rpc_target_parse(text, &target, &err);
        break;
    default:
        signal_parse(text);
    }
    FUZZ_ASSERT(rc == 0 || (err.text[0] && err.code));
    free(text);
    return 0;
}
