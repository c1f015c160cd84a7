/* tasks.c - lists of array tasks, cut to the length that SLURM_BITSTR_LEN allows. */
#include <stdlib.h>
#include <string.h>

#include "commands/display/column.h"
#include "util/strbuf.h"

#define LEN_DEFAULT 64
#define LEN_MAX 4096

void cell_tasks(struct strbuf *out, const char *tasks)
{
    const char *env = getenv("SLURM_BITSTR_LEN");
    long most = env && *env ? strtol(env, NULL, 10) : LEN_DEFAULT;
    size_t len = strcspn(tasks, "%");

    if (most < 0)
        most = LEN_DEFAULT;
    if (most > LEN_MAX)
        most = LEN_MAX;
    /* a regular set ("0-98:7") is short; the rest is cut so that the dots fit */
    if (most > 3 && !memchr(tasks, ':', len) && len > (size_t)most - 3)
        strbuf_addf(out, "%.*s...", (int)most - 4, tasks);
    else
        strbuf_addf(out, "%.*s", (int)len, tasks);
    strbuf_add(out, tasks + len);
}
