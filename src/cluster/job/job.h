/* job.h - a job as the controller knows it, from submission until it is purged.
 *
 *                    +------------- REQUEUE -------------+
 *                    v                                    |
 *     SUBMIT --> PENDING --START--> RUNNING --ENDING--> ENDING --END--> ENDED --PURGE-->
 *                    |                 |                                ^ |
 *                    |                 +--END (nothing left to clean)---+ |
 *                    +------END (cancelled before it started)-----------+ |
 *                    ^---------------------- REQUEUE ----------------------+
 *
 * NODE_CLEAN (nothing of the attempt is left on one node) may come while RUNNING (srun's own job,
 * whose step ends node by node) and ENDING.  A job changes only through job_apply_*(); the table
 * job_moves in job_apply.c is the machine.
 */
#ifndef BRAMBLE_CLUSTER_JOB_H
#define BRAMBLE_CLUSTER_JOB_H

#include "cluster/cluster_private.h"

#define HOLD_SPECIAL_EXIT 3 /* held, and shown as SPECIAL_EXIT */

enum job_phase { PHASE_PENDING, PHASE_RUNNING, PHASE_ENDING, PHASE_ENDED, PHASE_COUNT };

/* Interned objects: equal contents are one object, however many jobs have it. */
struct spec { /* what was asked for, but the name */
    uint64_t hash;
    struct spec *same_hash;
    uint32_t refs;
    uint32_t snapshot_id;
    Wire__JobSpec *msg;
    struct shape *shape;
};
struct name {
    uint64_t hash;
    struct name *same_hash;
    uint32_t refs;
    uint32_t live; /* jobs of this name that have not ended, for singleton */
    uint32_t num_singles;
    struct list_node singles; /* open singleton conditions of jobs of this name */
    char text[];
};
struct ident {
    uint32_t id, refs;    /* refs: job records */
    size_t unsplit_tasks; /* of those, tasks beyond the first of each record of many */
    Wire__Identity *msg;
};
struct blob {
    uint8_t hash[32];
    struct blob *same_hash;
    uint32_t refs;
    size_t len;
    uint8_t data[];
};

enum alloc_flag {
    ALLOC_USED = 1,  /* something was launched there: must be cleaned */
    ALLOC_CLEAN = 2, /* nothing left, resources given back */
    ALLOC_LOST = 4,  /* clean only in the sense that the node is lost: attempt not known dead */
};
struct alloc_node {
    uint32_t node_id;
    uint32_t cpus, tasks;
    uint32_t flags;
    uint64_t mem_mb;
    struct bitmap *cores; /* NULL once clean */
    bool owner; /* counted in the node's num_owners */
    char *gres; /* "gpu:hailo:2(IDX:0-1)"; NULL: none; kept after the end, for the records */
};
struct alloc {
    uint32_t count;
    uint32_t limit_min; /* less time than the description asks for (--time-min); 0: as it says */
    char *partition;
    char *reservation;     /* NULL: none */
    char *node_list;       /* made when first asked for */
    struct alloc_node nodes[];
};

/* A job that was suspended, or is.  While it is, its cores are free for others; its memory is not. */
struct suspension {
    bool now;
    bool cores_out;         /* its cores are given back: from its suspension until it is resumed */
    int64_t changed_usec;   /* when it was last suspended or resumed */
    int64_t ran_usec;       /* how long it had run when it was last suspended */
    int64_t total_usec;     /* suspended in all, without the suspension under way */
};
#define HET_MAX 128

struct het {
    uint32_t id, size, refs;
    struct job *jobs[]; /* by offset; NULL: not there (any more) */
};

#define TASK_MANY UINT32_MAX

struct array {
    uint32_t id;   /* of its submission */
    uint32_t refs; /* records */
    uint32_t count, min, max, step; /* as submitted */
    uint32_t throttle;              /* tasks at once; 0: no limit */
    uint32_t pending, running, failed; /* tasks; ENDING counts as running; failed: ended and not completed */
    uint32_t gone_failed, gone_worst;  /* of tasks whose records are purged */
    struct list_node tasks;            /* the record of many, if there is one, is the first */
    struct idmap by_task;              /* task id to its own record */
    /* runtime: what this call of the pass has started before it is applied */
    uint32_t given, split, next_task;
    struct array *next_given;
};
struct task { /* a job's part in its array */
    struct list_node link;
    struct array *array;
    struct job *job;
    uint32_t id, count;  /* TASK_MANY: count tasks, those in many */
    struct bitmap *many; /* NULL: a record of one */
};

struct job {
    uint32_t id, attempt, restarts;
    uint32_t priority;
    uint32_t exit_status, by_uid, next_step_id;
    uint32_t heap_pos; /* 1 based; 0: no deadline */
    uint8_t phase, kind, end_state, reason, hold, requeue;
    uint8_t time_mark; /* per cent of its time that have been told of */
    bool ends_with_step : 1, warned : 1, eligible : 1, queued : 1, client_gone : 1;
    int64_t submit_usec, eligible_usec, begin_usec, start_usec, end_usec;
    int64_t end_limit; /* running: when the limit ends it, 0 never; ended: age counts from here */
    struct spec *spec;
    struct name *name;
    struct ident *ident;
    struct blob *script, *env;
    struct alloc *alloc;
    struct step *steps; /* not yet ended, in order of creation */
    struct depends *depends;
    struct suspension *suspension; /* NULL: never suspended in this attempt */
    struct het *het;       /* NULL: the job is no component */
    uint8_t het_offset;
    struct task *task;     /* NULL: the job is no array's */
    struct ghosts *ghosts; /* where an earlier attempt is not known dead; NULL: nowhere */
    char *text;
    union {
        struct { /* pending and eligible: its shape's queue (sched/queue.c) */
            struct job *left, *right, *up;
        } tree;
        struct list_node ended;
    } link;
    int64_t client_gone_until; /* runtime, mono ms */
    int64_t planned_sec;       /* runtime: planned start */
};

struct ghosts {
    struct list_node link; /* cluster.waiting_dead */
    struct job *job;
    uint32_t attempt;
    uint32_t count;
    uint32_t node_ids[];
};

/* job_table.c */
struct job *job_table_find(const struct job_table *t, uint32_t id);
struct job *job_table_next(const struct job_table *t, uint32_t after);
void job_table_put(struct job_table *t, struct job *job);
void job_table_remove(struct job_table *t, uint32_t id);
void job_table_fini(struct job_table *t);
void job_heap_set(struct job_heap *h, struct job *job, int64_t when); /* 0: no deadline */
struct job *job_heap_first(const struct job_heap *h, int64_t *when);
void job_heap_fini(struct job_heap *h);

/* spec.c: interning.  *_intern and *_find return a reference counted anew where they say so. */
struct spec *spec_intern(struct cluster *c, const Wire__JobSpec *msg); /* counts */
/* A spec like spec, with the fields that are set in changes and without those named; counts. */
struct spec *spec_change(struct cluster *c, const struct spec *spec, const Wire__JobSpec *changes,
                         char *const *cleared, size_t num_cleared);
struct spec *spec_by_snapshot_id(const struct cluster *c, uint32_t id);
void spec_decref(struct cluster *c, struct spec *spec);
struct name *name_intern(struct cluster *c, const char *text); /* counts */
void name_decref(struct cluster *c, struct name *name);
struct ident *ident_find(const struct cluster *c, uint32_t id);
struct ident *ident_find_equal(const struct cluster *c, const Wire__Identity *msg);
uint32_t ident_free_id(const struct cluster *c);
struct ident *ident_add(struct cluster *c, uint32_t id, const Wire__Identity *msg);
void ident_decref(struct cluster *c, struct ident *ident);
struct blob *blob_find(const struct idmap *blobs, const uint8_t hash[32]);
struct blob *blob_add(struct idmap *blobs, const uint8_t hash[32], const void *data, size_t len);
void blob_incref(struct blob *blob); /* NULL is allowed */
void blob_decref(struct idmap *blobs, struct blob *blob);

/* job.c */
void job_destroy(struct cluster *c, struct job *job);
void alloc_destroy(struct alloc *alloc);
const char *alloc_node_list(struct cluster *c, struct alloc *alloc);
uint32_t alloc_find(const struct alloc *alloc, uint32_t node_id); /* count: not there */
uint32_t job_time_limit(const struct cluster *c, const struct job *job); /* minutes */
bool job_may_requeue(const struct cluster *c, const struct job *job);
/* When the limit, or its reservation's end, ends a running job; 0: never. */
int64_t job_end_by(const struct cluster *c, const struct job *job);
/* When the next mail about its time is due, and of how many per cent; 0: none. */
int64_t job_next_mark(const struct cluster *c, const struct job *job, uint32_t *percent);
int job_apply_time_mark(struct cluster *c, const Wire__Event *ev, struct error *err);
/* Places that still have to become clean; skip: a place counted as clean (UINT32_MAX: none). */
uint32_t job_unclean(const struct job *job, uint32_t skip);
void job_timer_update(struct cluster *c, struct job *job);
/* Enter or leave the scheduler's queue as the job's state demands; now: when it became eligible. */
void job_queue_update(struct cluster *c, struct job *job, int64_t now_usec);
static inline uint32_t job_prio(const struct job *job)
{
    return job->hold ? 0 : job->priority;
}

/* job_alloc.c */
int alloc_create(struct cluster *c, const Wire__EvJobStarted *m, struct alloc **out,
                 struct error *err);
/* Nothing of the job is left on that place of its allocation. */
void job_place_clean(struct cluster *c, struct job *job, uint32_t place);
/* Take what alloc names from the nodes; alloc is the job's then, and freed on failure.  shared: what
 * a snapshot says is so, also where jobs share cores since one of them was resumed. */
int job_take_alloc(struct cluster *c, struct job *job, struct alloc *alloc, bool shared,
                   struct error *err);

/* job_apply.c */
int job_apply_submitted(struct cluster *c, const Wire__Event *ev, struct error *err);
int job_apply_updated(struct cluster *c, const Wire__Event *ev, struct error *err);
int job_apply_started(struct cluster *c, const Wire__Event *ev, struct error *err);
int job_apply_ending(struct cluster *c, const Wire__Event *ev, struct error *err);
int job_apply_node_clean(struct cluster *c, const Wire__Event *ev, struct error *err);
int job_apply_ended(struct cluster *c, const Wire__Event *ev, struct error *err);
int job_apply_requeued(struct cluster *c, const Wire__Event *ev, struct error *err);
int job_apply_warned(struct cluster *c, const Wire__Event *ev, struct error *err);
int job_apply_purged(struct cluster *c, const Wire__Event *ev, struct error *err);
int job_apply_image(struct cluster *c, const Wire__Event *ev, struct error *err);

/* job_suspend.c */
int job_apply_suspended(struct cluster *c, const Wire__Event *ev, struct error *err);
int job_decide_suspend(struct cluster *c, const struct cluster_now *now, struct job *job,
                       const struct control_request *req, struct decision *d, struct error *err);
void job_react_suspended(const struct job *job, struct decision *d);
/* Tell a node again whether a step is to be stopped. */
void job_order_stopped(const struct job *job, uint32_t step_id, uint32_t node_id,
                       struct decision *d);
/* The job ends or is requeued: no more suspended, though its cores stay out. */
void job_suspension_end(struct job *job, int64_t now_usec);
void job_suspension_forget(struct job *job);
static inline bool job_is_suspended(const struct job *job)
{
    return job->suspension && job->suspension->now;
}
static inline bool job_cores_out(const struct job *job)
{
    return job->suspension && job->suspension->cores_out;
}
int64_t job_suspended_usec(const struct job *job, int64_t now_usec);

/* job_submit.c: the id that the next job gets. */
uint32_t job_id_next(const struct cluster *c);
void job_enter(struct cluster *c, struct job *job); /* into the table; its id is taken */

/* job_submit.c: ids for new records, many in one decision if need be. */
struct id_source {
    uint32_t next, limit;
};
uint32_t job_id_next(const struct cluster *c); /* that the next job gets */
void id_source_init(const struct cluster *c, struct id_source *ids);
int id_source_take(struct cluster *c, struct id_source *ids, const struct cluster_now *now,
                   struct decision *d, uint32_t *id, struct error *err);

/* job_het.c */
int het_attach(struct cluster *c, struct job *job, const Wire__EvJobSubmitted *m, struct error *err);
void het_detach(struct cluster *c, struct job *job);
void het_queue_update(struct cluster *c, struct het *het);
/* The job is a component whose end is in this decision already. */
bool het_end_is_decided(const struct job *job, const struct decision *d);
/* The end of job ends other, another component of the same. */
struct job_end;
bool het_others_end(const struct job *job, const struct job *other, const struct job_end *end,
                    const struct decision *d);
static inline bool job_runs_script(const struct job *job)
{
    return job->kind == JOB_KIND_BATCH && !job->het_offset;
}

/* job_array.c */
struct array *array_find(const struct cluster *c, uint32_t id);
struct job *array_many(const struct array *a); /* the record of many; NULL: all are split */
struct job *array_task_find(const struct array *a, uint32_t task_id); /* NULL: gone or never there */
uint32_t array_worst_exit(const struct array *a); /* wait status */
bool array_is_full(const struct job *job); /* as many tasks run as its throttle allows */
static inline bool array_has_ended(const struct array *a)
{
    return !a->pending && !a->running;
}
static inline bool job_is_many(const struct job *job)
{
    return job->task && job->task->many;
}
/* The task becomes a record of its own; last: nothing else is left in the record of many. */
int array_decide_split(struct cluster *c, const struct cluster_now *now, struct job *many,
                       uint32_t task_id, bool last, struct id_source *ids, struct decision *d,
                       uint32_t *new_id, struct error *err);
/* Decide something for some tasks of a record of many (NULL: all; for other records it must be): each of
 * them is split off, and decide gets a copy of the record that is as the task's will be. */
typedef int task_decide_f(struct job *job, void *arg, struct decision *d, struct error *err);
int tasks_decide(struct cluster *c, const struct cluster_now *now, struct job *job,
                 const struct bitmap *tasks, task_decide_f *decide, void *arg, struct decision *d,
                 struct error *err);
/* For job_apply.c.  Around each change of phase: array_count(job, -1), change, array_count(job, 1). */
int array_create(struct cluster *c, struct job *job, const char *text, struct error *err);
int array_image_member(struct cluster *c, struct job *job, const Wire__JobImage *m, struct error *err);
void array_count(struct job *job, int by);
void array_detach(struct cluster *c, struct job *job);
int job_apply_split(struct cluster *c, const Wire__Event *ev, struct error *err);
int array_apply_updated(struct cluster *c, const Wire__Event *ev, struct error *err);
int array_apply_image(struct cluster *c, const Wire__Event *ev, struct error *err);
void arrays_fini(struct cluster *c);

/* job_end.c: how jobs end. */
struct job_end {
    enum job_state state;
    enum job_reason reason;
    uint32_t exit_status, by_uid;
    uint32_t requeue; /* 0 no, 1 requeue, 2 requeue and hold */
    const char *text;
};
/* Decide the end of a running job (end) or the next move of an ending one (end NULL), with place
 * clean of its allocation becoming clean in this decision (UINT32_MAX: none); lost: only because
 * the node is. */
void job_decide_end(struct cluster *c, const struct cluster_now *now, struct job *job,
                    const struct job_end *end, uint32_t clean, bool lost, struct decision *d);
/* The end that a step's result means for the job whose main step it is. */
void job_end_of_step(const struct cluster *c, const struct job *job, enum job_state step_state,
                     uint32_t exit_status, const char *text, struct job_end *end);
/* The node is gone: ends what the job has there, and the job. known_dead: R2. */
void job_decide_node_gone(struct cluster *c, const struct cluster_now *now, struct job *job,
                          uint32_t node_id, bool known_dead, const char *why, struct decision *d);
/* An earlier attempt turned out dead on this node. */
void job_decide_ghost_gone(struct cluster *c, const struct cluster_now *now, struct job *job,
                           uint32_t node_id, struct decision *d);
bool job_has_ghost(const struct job *job, uint32_t attempt, uint32_t node_id);

/* job_depend.c */
enum depend_state { DEPEND_NONE, DEPEND_OPEN, DEPEND_MET, DEPEND_NEVER };
int depend_check(struct cluster *c, const char *text, uint32_t self, struct error *err);
void depend_attach(struct cluster *c, struct job *job);
void depend_detach(struct cluster *c, struct job *job);
/* A task that is split off waits for what the others wait for. */
void depend_copy(struct cluster *c, struct job *job, const struct job *from);
/* A job started, ended, or was purged: look again at who waits for it. */
void depend_job_changed(struct cluster *c, struct job *job, int64_t now_usec);
/* The job gets another name; then look at who waits for either. */
void depend_rename(struct cluster *c, struct job *job, struct name *name);
void depend_name_changed(struct cluster *c, struct name *name, int64_t now_usec);
/* A record of many has become the record of its last task. */
void depend_task_known(struct cluster *c, struct job *job, int64_t now_usec);
/* Its tasks wait for one task each, so that each needs a record of its own. */
bool depend_is_by_task(const char *text);
enum depend_state depend_state(const struct job *job);
/* All it depends on has come true, but for the minutes to wait after that. */
bool depend_is_delayed(const struct job *job);
int depend_image_get(const struct job *job, uint32_t **results, size_t *count);
void depend_image_set(struct cluster *c, struct job *job, const uint32_t *results, size_t count);

#endif
