/* usage.h - what the tasks of a step used: of each kind the total, the most and the least of a task,
 * and where that was.
 *
 * A shepherd counts its node's tasks, the accounts and sstat put nodes together.  In the accounting
 * store it is one text.
 */
#ifndef BRAMBLE_USAGE_H
#define BRAMBLE_USAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "wire/agent.pb-c.h"

enum usage_kind {
    USAGE_CPU,   /* microseconds */
    USAGE_MEM,   /* most resident memory, KiB */
    USAGE_VMEM,  /* most virtual memory, KiB */
    USAGE_PAGES, /* page faults that needed the disk */
    USAGE_READ,  /* bytes */
    USAGE_WRITE,
    USAGE_KINDS
};
#define USAGE_NODE_MAX 64
struct usage_span {
    bool known;
    uint64_t total, max, min;
    uint32_t max_task, min_task;
    char max_node[USAGE_NODE_MAX], min_node[USAGE_NODE_MAX];
};
struct usage {
    uint32_t num_tasks;
    struct usage_span spans[USAGE_KINDS];
};

/* One more task's value.  node may be "". */
void usage_add(struct usage *u, enum usage_kind kind, uint64_t value, uint32_t task, const char *node);
void usage_merge(struct usage *to, const struct usage *from);

/* node: where all of it was. */
void usage_from_wire(struct usage *u, const Wire__StepUsage *msg, const char *node);
/* spans: room for USAGE_KINDS of them, which msg then points to. */
void usage_to_wire(const struct usage *u, Wire__StepUsage *msg, Wire__UsageSpan *spans);

/* "2;total,max,task,node,min,task,node;..." in the order of the kinds; an empty member is not known.  The
 * caller frees. */
char *usage_format(const struct usage *u);
bool usage_parse(struct usage *u, const char *text); /* false, and all unknown: it is no such text */

#endif
