/* bind.h - which CPUs each task of a step on this node may use: --cpu-bind.
 *
 * Works on the CPUs that the agent gave, core by core in allocation order, and never leaves them.
 */
#ifndef BRAMBLE_STEPD_BIND_H
#define BRAMBLE_STEPD_BIND_H

#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;

struct bind_request {
    const char *text; /* of --cpu-bind; NULL or "": automatic */
    const char *hint; /* of --hint; may be NULL */
    size_t num_cores;
    const cpu_set_t *cores; /* OS CPUs of each allocated core */
    uint32_t num_tasks, cpus_per_task;
};
struct bind_result {
    bool verbose;
    const char *kind; /* Slurm's word in verbose lines: "MASK", "RANK", ... */
    bool bound; /* false: tasks keep what the step has */
};
/* Fills masks[num_tasks].  A text that makes no sense is refused by name. */
int bind_layout(const struct bind_request *req, cpu_set_t *masks, struct bind_result *result,
                struct error *err);
/* "0-2,5" to a set and back.  parse: -1 on junk or CPUs beyond CPU_SETSIZE. */
int cpu_list_parse(const char *text, cpu_set_t *set);
void cpu_list_format(const cpu_set_t *set, char *buf, size_t size);
/* Hexadecimal, as taskset prints it: "0x3". */
void cpu_mask_format(const cpu_set_t *set, char *buf, size_t size);

#endif
