/* pass_private.h - the scheduling pass: its state, shared by pass.c (the order) and pass_start.c (what
 * starts). */
#ifndef BRAMBLE_CLUSTER_PASS_PRIVATE_H
#define BRAMBLE_CLUSTER_PASS_PRIVATE_H

#include "cluster/resv/resv.h"
#include "cluster/sched/sched.h"

struct sched {
    struct cluster *c;
    bool running, plan_only;
    uint64_t pass;
    struct shape **heap; /* by the priority of their next jobs; each is counted */
    uint32_t num_heap, cap_heap;
    uint32_t num_open; /* of them, not blocked */
    uint32_t planned;
    uint32_t units; /* of this pass */
    uint32_t uid;   /* of the job that is looked at */
    uint32_t tried; /* jobs it has looked at */
    bool cut;       /* it stopped planning before the end of the queue */
    struct plan *plan;
    struct tentative *given; /* in this call */
    struct id_source ids;    /* for tasks of arrays that start in this call */
    struct array *arrays;    /* that started tasks in this call */
    struct bitmap *taken;    /* nodes of the components of the heterogeneous job that is tried */
    bool dry;                /* only whether they all fit */
    uint32_t *part_first;    /* by partition: the first job that waits there */
    size_t num_parts;
    struct slot *slots;
    uint32_t *picked;
    uint32_t cap_slots;
    bool plan_fresh;
    const struct job *stop;      /* the plan is made only up to this job; NULL: to the depth */
    struct idmap starts;         /* job id to the hostlist planned for it */
    struct bitmap *kept;         /* nodes that planned starts are to have; NULL: none */
};

/* What the nodes of the shape could give it from now on; into s->slots, how many. */
uint32_t pass_slots(struct sched *s, struct shape *shape, const struct shape_part *sp,
                    const struct cluster_now *now, int64_t length, enum fit_rule rule);
/* The tasks that this call has split off are applied. */
void pass_arrays_clear(struct sched *s);
/* Tasks of the record that this call has not started yet. */
bool pass_has_more(const struct job *job);
enum resv_wait pass_resv_wait(struct sched *s, const struct cluster_now *now, struct shape *shape);
/* Start the job under the shape's cursor if it fits now; true: it is in d. */
bool pass_try_start(struct sched *s, const struct cluster_now *now, struct shape *shape,
                    struct decision *d);
/* All components of a heterogeneous job, each on nodes of its own, or none. */
bool pass_try_components(struct sched *s, const struct cluster_now *now, const struct het *het,
                         struct decision *d);
/* How long a job of the shape may run there; FOREVER. */
int64_t pass_length(const struct cluster *c, const struct shape *shape,
                    const struct part *part);
/* The next reservation of a comma list that exists, *list moving on; NULL: no more. */
struct resv *pass_next_resv(const struct cluster *c, const char **list);

#endif
