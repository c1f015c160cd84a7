/* tasks.h - what each task of the step uses: looked at now and then, and when it ends. */
#ifndef BRAMBLE_STEPD_TASKS_USAGE_H
#define BRAMBLE_STEPD_TASKS_USAGE_H

#include <stdint.h>
#include <sys/resource.h>

#include "util/strbuf.h"

struct step;
struct usage;

/* Of one task with its descendants. */
struct task_usage {
    uint64_t ended_usec, live_usec; /* CPU time of what was waited for, and of what runs */
    uint64_t rss_kb, vmem_kb;       /* the most that was seen */
    uint64_t pages, read, write;
    uint64_t live_pages, live_read, live_write;
};

/* The step's tasks have started: look at them soon, then every half minute. */
void tasks_usage_start(struct step *s);
void tasks_usage_stop(struct step *s);
void tasks_usage_ended(struct step *s, uint32_t task, const struct rusage *ru);
/* Look at the processes now.  pids: their numbers, comma list, are added; NULL: not wanted. */
void tasks_usage_sample(struct step *s, struct strbuf *pids);
/* All that is known so far. */
void tasks_usage_sum(const struct step *s, struct usage *sum);

#endif
