/* het.h - one srun over several components of a heterogeneous job. */
#ifndef BRAMBLE_SRUN_HET_H
#define BRAMBLE_SRUN_HET_H

#include <stddef.h>
#include <stdint.h>

#include "jobopt/jobopt.h"

struct error;

/* A part of the step: a component of the job, and the component of the command line that it runs. */
struct het_run {
    uint32_t group;
    size_t component;
    uint32_t job_id, num_tasks;
};
struct het_plan {
    struct het_run *runs;
    size_t num;
    uint64_t token;  /* what the requests for the parts have in common */
    char *mpi;       /* the launcher of all parts; NULL: none was named */
};

/* Components of the job that this process runs in; 0: it is no heterogeneous one. */
uint32_t het_size(void);
/* Which components the command line is for.  -1 with err set; the plan is to be ended in any case. */
int het_plan_make(struct het_plan *plan, const struct job_components *c, struct error *err);
void het_plan_fini(struct het_plan *plan);
/* From here on this process's environment is that of a component. */
void het_enter(uint32_t group);
/* A process for each part, in its component; returns the highest exit code. */
typedef int het_child_f(void *arg, const struct het_run *run);
int het_spread(const struct het_plan *plan, het_child_f *child, void *arg);

#endif
