/* depend.h - conditions on other jobs: their text, and what a job keeps of them. */
#ifndef BRAMBLE_CLUSTER_DEPEND_H
#define BRAMBLE_CLUSTER_DEPEND_H

#include "cluster/job/job.h"

enum dep_type {
    DEP_AFTER,
    DEP_AFTERANY,
    DEP_AFTEROK,
    DEP_AFTERNOTOK,
    DEP_AFTERCORR,
    DEP_SINGLETON,
    DEP_TYPES,
};
extern const char *const dep_names[DEP_TYPES];

#define DEP_WHOLE UINT32_MAX /* no task is named: the job, or all tasks of the array */
#define DEPS_MAX 4096

struct dep {
    struct list_node link; /* while open: among those that wait for the same (struct waited, struct name) */
    struct depends *owner;
    uint8_t type, state;   /* enum dep_type, enum depend_state */
    bool unmatched;        /* aftercorr: the array has no such task, so all of it counts */
    uint32_t job_id, task;
    uint32_t delay_min;    /* "after:ID+MIN" */
};

struct depends {
    struct list_node link; /* cluster.dependent */
    struct job *job;
    bool any; /* one is enough ('?') */
    uint8_t state;
    uint8_t kill; /* --kill-on-invalid-dep: 1 yes, 2 no, 0 as configured */
    size_t count;
    struct dep deps[];
};

/* "afterok:12:13_4,afternotok:14" (all) or "afterok:12?singleton" (any one).  Into deps (room for
 * DEPS_MAX); -1 with err set. */
int deps_parse(const char *text, struct dep *deps, size_t *count, bool *any, struct error *err);

#endif
