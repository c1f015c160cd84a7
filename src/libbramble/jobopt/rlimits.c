/* rlimits.c - which of this process's limits a job inherits. */
#include "config.h"
#include "jobopt/jobopt.h"

#include <string.h>
#include <strings.h>
#include <sys/resource.h>

#include "util/error.h"
#include "util/mem.h"

static const struct {
    const char *name;
    int which;
} known_limits[] = {
    { "CPU", RLIMIT_CPU },     { "FSIZE", RLIMIT_FSIZE },     { "DATA", RLIMIT_DATA },
    { "STACK", RLIMIT_STACK }, { "CORE", RLIMIT_CORE },       { "RSS", RLIMIT_RSS },
    { "NPROC", RLIMIT_NPROC }, { "NOFILE", RLIMIT_NOFILE },   { "MEMLOCK", RLIMIT_MEMLOCK },
    { "AS", RLIMIT_AS },
};

/* One block: the pointers, their structs, a NULL behind. */
struct limit_block {
    Wire__Rlimit *pointers[ARRAY_SIZE(known_limits) + 1];
    Wire__Rlimit limits[ARRAY_SIZE(known_limits)];
    char names[ARRAY_SIZE(known_limits)][8];
};

int rlimits_collect(const char *propagate, Wire__Rlimit ***limits, size_t *num, struct error *err)
{
    CLEANUP_FREE char *copy = xstrdup(propagate ? propagate : "ALL");
    bool wanted[ARRAY_SIZE(known_limits)] = { false };
    struct limit_block *block;
    char *save = NULL;
    size_t count = 0;

    for (char *word = strtok_r(copy, ",", &save); word; word = strtok_r(NULL, ",", &save)) {
        const char *name = strncasecmp(word, "RLIMIT_", 7) ? word : word + 7;
        bool known = !strcasecmp(name, "NONE");

        for (size_t i = 0; i < ARRAY_SIZE(known_limits); i++)
            if (!strcasecmp(name, "ALL") || !strcasecmp(name, known_limits[i].name)) {
                wanted[i] = true;
                known = true;
            }
        if (!known)
            return error_set(err, BRE_INVAL, "Bad rlimit name: %.64s", word);
    }
    block = xcalloc(1, sizeof *block);
    for (size_t i = 0; i < ARRAY_SIZE(known_limits); i++) {
        Wire__Rlimit *limit = &block->limits[count];
        struct rlimit now;

        if (!wanted[i] || getrlimit((__rlimit_resource_t)known_limits[i].which, &now) < 0)
            continue;
        wire__rlimit__init(limit);
        memcpy(block->names[count], known_limits[i].name, strlen(known_limits[i].name) + 1);
        limit->name = block->names[count];
        /* Most are infinite and every job keeps its own in the journal, so nothing is said of that.  The
         * hard limit is the node's. */
        limit->has_cur = now.rlim_cur != RLIM_INFINITY;
        limit->cur = now.rlim_cur;
        block->pointers[count++] = limit;
    }
    *limits = block->pointers;
    *num = count;
    return 0;
}

void rlimits_free(Wire__Rlimit **limits)
{
    free(limits);
}
