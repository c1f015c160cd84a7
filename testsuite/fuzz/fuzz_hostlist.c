/* fuzz_hostlist.c - hostlists: what is parsed prints to something that parses to the same. */
#include "config.h"
#include "fuzz.h"

#include <string.h>

#include "util/error.h"
#include "util/hostlist.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size);
    struct error err;
    struct hostlist *hl = hostlist_parse(text, 10000, &err), *twin;
    char *printed;

    if (!hl) {
        FUZZ_ASSERT(err.text[0]);
        free(text);
        return 0;
    }
    FUZZ_ASSERT(hostlist_count(hl) <= 10000);
    printed = hostlist_format(hl);
    twin = hostlist_parse(printed, 10000, &err);
    FUZZ_ASSERT(twin != NULL);
    FUZZ_ASSERT(hostlist_count(twin) == hostlist_count(hl));
    for (size_t i = 0; i < hostlist_count(hl); i++)
        FUZZ_ASSERT(!strcmp(hostlist_nth(hl, i), hostlist_nth(twin, i)));
    hostlist_sort(hl);
    hostlist_uniq(hl);
    free(printed);
    hostlist_destroy(twin);
    hostlist_destroy(hl);
    free(text);
    return 0;
}
