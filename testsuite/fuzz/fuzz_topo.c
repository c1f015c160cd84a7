/* fuzz_topo.c - a board's topology: XML, or hwloc's synthetic text when it does not begin with '<'. */
#include "config.h"
#include "fuzz.h"

#include <string.h>

#include "topo/topo.h"
#include "util/error.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size);
    struct error err = { 0 };
    struct topo *t;

    fuzz_quiet();
    t = size && data[0] == '<' ? topo_load_xml(text, size, &err) : topo_load_synthetic(text, &err);

    if (t) {
        struct topo_summary s;

        topo_summary(t, &s);
        FUZZ_ASSERT(s.cores > 0 && s.threads >= s.cores && s.sockets > 0);
        topo_destroy(t);
    } else {
        FUZZ_ASSERT(err.text[0]);
    }
    free(text);
    return 0;
}
