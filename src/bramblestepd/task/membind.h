/* membind.h - which memory nodes a task may use: --mem-bind.
 *
 * A Raspberry Pi has one memory node, or several that its firmware makes up to spread memory over
 * its banks.
 */
#ifndef BRAMBLE_STEPD_MEMBIND_H
#define BRAMBLE_STEPD_MEMBIND_H

#include <stdbool.h>
#include <stdint.h>

struct error;

struct membind_request {
    const char *text; /* of --mem-bind; NULL or "": nothing */
    uint64_t nodes;   /* those that exist; more than 64 are not looked at */
    uint32_t num_tasks;
};
struct membind_result {
    bool verbose;
    int mode;         /* of set_mempolicy(); -1: leave it */
    const char *what; /* Slurm's words in verbose lines: "mem-bind=LOC" */
};
/* Fills masks[num_tasks].  A text that makes no sense, or names memory that is not there, is refused. */
int membind_layout(const struct membind_request *req, uint64_t *masks, struct membind_result *result,
                   struct error *err);
/* Memory nodes of this machine, of the kernel's list; at least node 0. */
uint64_t membind_nodes(const char *path);
/* In the task: async-signal-safe.  A kernel without memory nodes has nothing to bind to. */
void membind_apply(int mode, uint64_t nodes);

#endif
