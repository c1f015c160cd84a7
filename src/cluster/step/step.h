/* step.h - a job step from its creation until its last node has reported its end.
 *
 *     CREATED --> RUNNING --ENDING--> ENDING
 *                    |                  |
 *                    +--- NODE_ENDED (each node) ---> ENDED (step_ended: the step is gone)
 *
 * The batch script is a step too: it is created by job_started, on the allocation's first node,
 * with all cores there and no claim on them.
 */
#ifndef BRAMBLE_CLUSTER_STEP_H
#define BRAMBLE_CLUSTER_STEP_H

#include "cluster/job/job.h"
#include "util/gres.h"

struct step_node {
    uint32_t place;       /* in the job's allocation */
    uint32_t num_tasks;
    bool ended;
    uint64_t mem_mb;
    struct bitmap *cores; /* NULL: all of the job's there (batch) */
    char *gres;           /* as in NodeAlloc; NULL: none */
    uint32_t *gtids;      /* ascending; NULL: task 0 alone (batch) */
};

struct step {
    struct step *next;
    struct job *job;
    uint32_t id, attempt;
    uint32_t num_nodes, num_ended, num_tasks, cpus_per_task;
    uint32_t exit_status, first_failed; /* of the failed task with the lowest global id so far */
    uint8_t end_state;                  /* what it is ending for; 0 while it is not */
    uint8_t end_signal;
    bool oom : 1, lost : 1, overlap : 1;
    uint32_t by_uid;
    int64_t start_usec;
    int64_t end_limit; /* 0: none of its own */
    uint32_t set_limit_min; /* by scontrol update; 0: as asked for */
    Wire__StepSpec *spec; /* NULL: batch */
    struct blob *env;
    char *text;
    char *node_list; /* made when first asked for */
    uint8_t key[32];
    struct step_node nodes[];
};

struct step *step_find(const struct job *job, uint32_t step_id);
struct step_node *step_node_at(struct step *step, uint32_t place); /* NULL: not there */
void step_destroy(struct cluster *c, struct step *step);
/* Take it out of its job and free it. */
void step_remove(struct cluster *c, struct step *step);
struct step *step_create_batch(struct cluster *c, struct job *job, int64_t start_usec);
enum job_state step_result(const struct step *step, uint32_t *exit_status);

int step_apply_created(struct cluster *c, const Wire__Event *ev, struct error *err);
int step_apply_node_ended(struct cluster *c, const Wire__Event *ev, struct error *err);
int step_apply_ending(struct cluster *c, const Wire__Event *ev, struct error *err);
int step_apply_updated(struct cluster *c, const Wire__Event *ev, struct error *err);
int step_apply_ended(struct cluster *c, const Wire__Event *ev, struct error *err);
int step_apply_image(struct cluster *c, const Wire__Event *ev, struct error *err);

/* Events that end what is left of the job's steps on one place: of a node that is clean or gone. */
void steps_decide_place_ended(const struct cluster_now *now, struct job *job, uint32_t place,
                              bool lost, struct decision *d);
void step_decide_ending(const struct cluster_now *now, struct step *step, enum job_state state,
                        uint32_t by_uid, const char *text, struct decision *d);

/* step_decide.c: the facts of a request; NULL with err set: none.  The number that the job's next step gets: a
 * heterogeneous job's components count together. */
struct step_request;
Wire__EvStepCreated *step_decide_creation(struct cluster *c, const struct cluster_now *now, const struct step_request *req,
                                 struct decision *d, struct error *err);
uint32_t step_next_id(const struct job *job);
/* step_het.c: the parts of the step, for who launches one of them.  NULL: one of them has ended. */
Wire__HetPart **step_het_parts(struct cluster *c, const struct step *step, struct arena *a, size_t *num);
/* message.c */
Wire__StepLayout *step_layout(struct cluster *c, const struct step *step, struct arena *a);

/* step_gres.c */
bool step_asks_gres(const Wire__StepSpec *spec);
/* Tasks for which there is --tres-per-task; empty: if no other step ran. */
uint32_t step_gres_room(const struct job *job, uint32_t place, const Wire__StepSpec *spec,
                        bool empty);
/* Appends what the step gets there.  totals: what it asks for in all and has not got yet;
 * more_nodes: how many follow.  False: there is not so much. */
bool step_gres_take(const struct job *job, uint32_t place, const Wire__StepSpec *spec,
                    uint32_t tasks, struct gres_list *totals, uint32_t more_nodes, bool empty,
                    struct strbuf *out);

/* step_layout.c: deal tasks over nodes. */
enum step_dist { DIST_BLOCK, DIST_CYCLIC, DIST_PLANE, DIST_ARBITRARY };
struct dist { /* --distribution: what it says of nodes */
    enum step_dist how;
    uint32_t plane;
    bool pack; /* fill one node after the other */
};
int dist_parse(const char *text, struct dist *dist, struct error *err);
/* How many tasks each node gets, who has room for so many; returns the tasks that found none. */
uint32_t layout_deal(const struct dist *dist, uint32_t tasks, const uint32_t *room,
                     uint32_t num_nodes, uint32_t *counts);
/* Round robin: one task a node in turn while it has room; returns the tasks that found none. */
uint32_t layout_spread(uint32_t tasks, const uint32_t *room, uint32_t num_nodes, uint32_t *counts);
/* Which ones.  counts: tasks a node; fills gtids[i], which have room for counts[i]. */
void layout_assign(const struct dist *dist, const uint32_t *counts, uint32_t num_nodes,
                   uint32_t **gtids);

#endif
