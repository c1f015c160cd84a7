/* sched.h - who starts when, and where.
 *
 * Jobs that ask for the same resources share a shape.  A shape holds its eligible jobs in order of
 * priority, knows which nodes could ever serve it, and why its first job waits.  A pass walks the
 * shapes by the priority of their first jobs: what fits now starts; the first that does not fit is
 * given the earliest start at which it will, and what comes later may start only where it does not
 * delay those planned so far (backfill).  A shape that cannot start is not tried again in the pass,
 * so a hundred thousand equal jobs cost as much as one.
 *
 *   shape.c    what a job asks for          feature.c  --constraint
 *   queue.c    pending jobs in order        fit.c      does it fit a node
 *   choose.c   which nodes, how many tasks  plan.c     free resources over time
 *   gres.c     generic resources            license.c  licences, counted for the cluster
 *   pass.c     the pass                     pass_start.c  what starts in it
 *   give.c     what a call has given away   reason.c   why a job waits, in words
 *   admit.c    what can never start is refused
 */
#ifndef BRAMBLE_CLUSTER_SCHED_H
#define BRAMBLE_CLUSTER_SCHED_H

#include "cluster/job/job.h"
#include "cluster/node/node.h"
#include "cluster/part/part.h"
#include "cluster/step/step.h"

#define FOREVER INT64_MAX
#define PLAN_PARTS_MAX 16 /* partitions one job may name */

struct feature_expr;
struct resv;

/* One kind of generic resource that is asked for. */
#define SHAPE_GRES_MAX 8
#define SHAPE_TOTALS_MAX 2 /* of them by the whole job (--gpus) */
struct gres_need {
    char name[GRES_NAME_MAX], type[GRES_NAME_MAX]; /* type "": any */
    uint32_t per_node, per_socket, per_task, per_job;
    int total; /* place among those with per_job, -1: none */
};
/* What of a node is free, or taken. */
struct amount {
    uint32_t cores;
    uint64_t mem_mb;
    uint16_t gres[NODE_GRES_MAX]; /* by the node's kinds */
};

/* The nodes a shape may use in one partition. */
struct shape_part {
    uint32_t part_index;
    struct bitmap *able;   /* in the partition, not excluded, big enough, right features */
    struct bitmap **count_sets; /* counted features: one set each, inside able */
};

struct shape {
    uint64_t hash;
    struct shape *same_hash;
    uint8_t *key; /* the request, packed */
    size_t key_len;
    uint32_t refs; /* specs */
    /* the request */
    char *partition, *features, *nodelist, *exclude;
    uint32_t min_nodes, max_nodes; /* as asked: 0 not set */
    uint32_t num_tasks;            /* 0: not set */
    uint32_t cpus_per_task, ntasks_per_node, ntasks_per_core, ntasks_per_socket, min_cpus;
    uint64_t mem_per_node_mb, mem_per_cpu_mb;
    bool has_mem_per_node, has_mem_per_cpu, exclusive, overcommit, contiguous, use_min_nodes,
        spread_job, exclusive_user;
    uint32_t time_limit_min;       /* 0: the partition's default */
    uint32_t time_min_min;         /* 0: no less will do */
    uint32_t min_tmp_mb, threads_per_core, sockets_per_node, cores_per_socket;
    struct dist dist;
    struct gres_list *licenses;    /* NULL: none */
    struct gres_need *gres;
    uint32_t num_gres, num_totals;
    uint32_t cpus_per_gpu;
    uint64_t mem_per_gpu_mb;
    struct feature_expr *expr;     /* NULL: none */
    char *reservation;             /* comma list; NULL: none */
    struct shape *preferred;       /* the features of --prefer in place of expr; NULL: none; counted */
    /* cache, by cluster.node_gen */
    uint64_t gen;
    struct shape_part *parts;
    uint32_t num_parts;
    uint32_t *required;            /* node ids of the nodelist */
    uint32_t num_required;
    bool required_missing;         /* names that do not exist (any more) */
    /* queue */
    struct job *root, *head;       /* head: the first of the queue */
    uint32_t num_jobs;
    uint32_t heap_pos;             /* runtime, in a pass */
    uint32_t tier;                 /* of its partitions, in a pass */
    uint64_t pass;                 /* last pass that met it */
    struct job *cursor;            /* next job of it in the pass */
    bool blocked;                  /* in this pass */
    const struct resv *resv;       /* while it is tried: in this reservation */
    uint8_t resv_wait;             /* enum resv_wait: what of reservations it waits for */
    uint32_t tasks_planned;        /* in a pass: of the job under the cursor */
    /* what the last pass found */
    uint8_t reason;                /* enum job_reason; NONE: not looked at yet */
    bool short_of_licenses;
    bool first;                    /* no job of higher priority waits in its partition */
    uint32_t behind_job;           /* the job it waits behind; 0: none */
    int64_t planned_sec;           /* of its first job; 0: unknown */
    uint64_t reason_gen;
};

/* shape.c */
struct shape *shape_intern(struct cluster *c, const Wire__JobSpec *spec); /* counts */
void shape_decref(struct cluster *c, struct shape *shape);
/* Minutes; part NULL: the first partition asked for. */
uint32_t shape_time_limit(const struct cluster *c, const struct shape *shape,
                          const struct part *part);
/* Bring the cache up to date with nodes and partitions. */
void shape_refresh(struct cluster *c, struct shape *shape);
/* Highest priority tier of its partitions. */
uint32_t shape_tier(const struct cluster *c, const struct shape *shape);
uint32_t shape_least_nodes(const struct shape *shape);
uint32_t shape_most_nodes(const struct shape *shape);
uint32_t shape_least_tasks(const struct shape *shape);
uint32_t shape_least_cpus(const struct shape *shape);
/* MiB over all nodes, as asked or by default; 0: none is counted, or whole nodes' memory. */
uint64_t shape_least_mem(const struct cluster *c, const struct shape *shape);

/* feature.c */
struct feature_expr *feature_parse(const char *text, struct error *err); /* NULL with err set */
void feature_destroy(struct feature_expr *expr);
bool feature_match(const struct feature_expr *expr, const struct node *node);
size_t feature_num_counts(const struct feature_expr *expr);
bool feature_count_match(const struct feature_expr *expr, size_t i, const struct node *node,
                         uint32_t *count);
/* "[a|b]": all nodes of the job match the same one; 1 where there are none. */
size_t feature_num_choices(const struct feature_expr *expr);
bool feature_choice_match(const struct feature_expr *expr, size_t choice, const struct node *node);
/* A name in it that no node has, or NULL. */
const char *feature_unknown(const struct cluster *c, const struct feature_expr *expr);

/* queue.c: the eligible jobs of a shape, highest priority first. */
void queue_insert(struct cluster *c, struct job *job);
void queue_remove(struct cluster *c, struct job *job);
struct job *queue_first(const struct shape *shape);
struct job *queue_next(struct job *job);
/* Is a before b?  Same shape or not. */
bool queue_before(const struct cluster *c, const struct job *a, const struct job *b);
uint32_t queue_top_priority(const struct cluster *c);

/* fit.c */
struct slot { /* a node and what it could give */
    struct node *node;
    struct amount spare; /* free */
    bool idle;         /* nothing of any job on it */
    uint32_t tasks;    /* how many it could run of the job */
    uint32_t chosen;   /* tasks dealt to it */
    uint32_t weight, rank; /* lower first; rank: among equals */
    uint16_t share[SHAPE_TOTALS_MAX]; /* of what the whole job gets, dealt to it */
};
/* Tasks of the shape that fit, 0: none. */
uint32_t shape_fit(const struct cluster *c, const struct shape *shape, const struct part *part,
                   const struct node *node, const struct amount *spare, bool idle);
/* The node with nothing on it. */
void slot_empty(struct slot *slot, struct node *node);
/* What is free on it now, by the state. */
void node_spare(const struct node *node, struct amount *spare);
/* What the tasks dealt to the slot take; false: more than there is. */
bool shape_take(const struct cluster *c, const struct shape *shape, const struct part *part,
                const struct slot *slot, struct amount *take);
/* Hardware threads of a core that the shape uses; 0: it asks for more than there are. */
uint32_t shape_threads(const struct shape *shape, const struct node *node);
bool shape_whole_nodes(const struct shape *shape, const struct part *part);

/* gres.c */
int gres_read(struct shape *shape, const Wire__JobSpec *spec, struct error *err);
/* A kind that no node has, or NULL. */
const char *gres_unknown(const struct cluster *c, const struct shape *shape);
/* What so many tasks take of the node's kinds; false: spare has not so much. */
bool gres_take(const struct shape *shape, const struct node *node, const uint16_t *spare,
               uint32_t tasks, const uint16_t *share, uint16_t *take);
/* The most of what the whole job asks for that the node can give. */
uint32_t gres_cap(const struct shape *shape, uint32_t total, const struct slot *slot);
uint32_t gres_per_job(const struct shape *shape, uint32_t total);
uint32_t gres_gpus(const struct node *node, const uint16_t *take);

/* choose.c */
/* Choose among slots (in order of node id).  True: picked[] holds indexes of slots, with chosen set
 * in them, *num_picked of them; room for num. */
bool shape_choose(const struct cluster *c, const struct shape *shape,
                  const struct shape_part *sp, struct slot *slots, uint32_t num,
                  uint32_t *picked, uint32_t *num_picked);
/* plan.c: what will be free when, as far as is known. */
struct plan;
struct plan *plan_create(struct cluster *c);
void plan_destroy(struct plan *p);
void plan_reset(struct plan *p, int64_t now_usec);
bool plan_is_empty(const struct plan *p);
/* Free on node during [start, start + length): least of that time. */
void plan_free(struct plan *p, struct node *node, int64_t start, int64_t length,
               struct amount *spare, bool *idle);
void plan_reserve(struct plan *p, struct node *node, int64_t start, int64_t length,
                  const struct amount *take);
/* Earliest start of the shape in the partition, or FOREVER; reserves it.  *units: work done. */
int64_t plan_start(struct plan *p, struct shape *shape, const struct shape_part *sp,
                   int64_t length, bool reserve, uint32_t *units);
/* What the last successful plan_start() chose. */
uint32_t plan_last_count(const struct plan *p);
const struct node *plan_last_node(const struct plan *p, uint32_t i);
struct plan_picture {
    char *nodes; /* hostlist, in the arena */
    uint32_t cpus;
};
void plan_last(struct plan *p, const struct shape *shape, const struct shape_part *sp,
               struct arena *a, struct plan_picture *picture);
/* Are its licences free during that time?  And: they are in use then. */
bool plan_licenses(struct plan *p, const struct shape *shape, int64_t start, int64_t length);
void plan_license_use(struct plan *p, const struct shape *shape, int64_t start, int64_t length);

/* give.c: what this call has given away before it is applied. */
struct tentative {
    struct tentative *next;
    struct node *node;
    struct bitmap *used;   /* cores that jobs have or are about to get */
    struct amount given;   /* given away here */
    uint32_t uid;          /* of who got it */
    bool several, owned;   /* users; one of them will have no other */
    struct bitmap *gres[NODE_GRES_MAX]; /* units in use; NULL: as the node has them */
    int64_t until;         /* the latest end */
};

struct tentative *tentative_of(struct tentative **all, struct node *node);
void tentative_clear(struct tentative **all);
/* Take the lowest that are free; as text, in the arena. */
char *tentative_cores(struct tentative *t, const struct node *node, uint32_t count,
                      struct arena *a);
char *tentative_gres(struct tentative *t, const struct node *node, const uint16_t *take,
                     struct arena *a);

/* license.c: counted for the whole cluster. */
int licenses_check(const struct cluster *c, const char *text, struct error *err);
bool licenses_are_free(const struct cluster *c, const struct shape *shape); /* now */
void licenses_take(struct cluster *c, struct job *job);
void licenses_give_back(struct cluster *c, struct job *job); /* may be repeated */
void licenses_fini(struct cluster *c);
/* The jobs that hold some; *pos NULL: the first; NULL at the end. */
struct job *license_holder(const struct cluster *c, struct list_node **pos);

/* pass.c */
struct sched *sched_create(struct cluster *c);
void sched_destroy(struct sched *s);
void sched_pause(struct cluster *c); /* drop a pass that is under way; it begins anew */
void sched_forget_job(struct cluster *c, struct job *job); /* it leaves its queue */
/* State and limits of the partition let jobs of this shape start. */
bool part_takes(const struct cluster *c, const struct part *part, const struct shape *shape);

/* What the last plan has for a pending job: a hostlist, or NULL; and is a node part of any such start? */
const char *sched_planned_nodes(const struct cluster *c, uint32_t job_id);
bool sched_keeps_node(const struct cluster *c, uint32_t node_id);

/* explain.c: plan all that comes before job.  True: there the plan stands, and sched_fits_now() may
 * be asked, until sched_plan_on() makes the rest of the plan; false: job gets no planned start. */
bool sched_plan_to(struct cluster *c, const struct cluster_now *now, const struct job *job);
void sched_plan_on(struct cluster *c, const struct cluster_now *now);
enum fit_rule {
    FIT_NOW,           /* without delay to what is planned */
    FIT_BEFORE_OTHERS, /* as if nothing were planned */
    FIT_WITH_UNUSABLE, /* as if nodes that are down or drained were there and idle */
};
/* Could a job of this shape start now?  nodes (may be NULL) gets the bits of those it would take. */
bool sched_fits_now(struct cluster *c, const struct cluster_now *now, struct shape *shape,
                    enum fit_rule rule, struct bitmap *nodes);

/* admit.c */
int shape_admit(struct cluster *c, const struct cluster_now *now, const struct submit_request *req,
                struct arena *a, const char **warning, struct error *err);

enum resv_wait { RESV_WAIT_NONE, RESV_WAIT_START, RESV_WAIT_OTHERS, RESV_WAIT_MAINT };
/* reason.c */
/* The words that Slurm has instead of the reason's name, or NULL. */
const char *job_reason_words(const struct job *job, enum job_reason reason);
/* Why no job of this shape could start with everything that is up: sets reason, or leaves
 * RESOURCES. */
enum job_reason shape_standing_reason(struct cluster *c, struct shape *shape);
/* Words for it: "needs 2 nodes ..."; "the 4 nodes of partition x: 3 in use (...)"; both. */
void shape_add_request(struct strbuf *sb, const struct shape *shape);
void shape_add_part(struct cluster *c, struct shape *shape, const struct shape_part *sp,
                    struct strbuf *sb);
void shape_explain(struct cluster *c, struct shape *shape, struct strbuf *sb);
enum job_reason job_pending_reason(struct cluster *c, struct job *job);

#endif
