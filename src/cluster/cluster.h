/* cluster.h - the cluster as data: the heart of the controller, the simulator and the tests.
 *
 * No I/O: no sockets, files, clocks, threads, user database.  Whoever runs the heart does this:
 *
 *     request --cluster_decide_*()--> struct decision: events, and effects that need no event
 *     each event: cluster_apply(), append to the journal
 *     once the events are on disk: answer the request, carry out decision.effects, then
 *     cluster_react(event) for each event, in order, and carry out what it adds
 *
 * A decision is applied at once and whole, or dropped: the next decision may be made before the
 * last one is on disk, but never before it is applied.  Events borrow from the request, from the
 * decision's arena and from the cluster; they are applied and packed before either changes.
 * Effects are computed from the state at the time of the call, never from the past, and may be
 * carried out twice: a launch, a kill or an acknowledgement names (job, step, attempt) and its
 * receiver answers a repeated one without doing it again.
 *
 * Start: cluster_create(conf); cluster_apply() for each record of the snapshot and of the journal;
 * then cluster_decide_start().  Reload: cluster_reconfigure(); then cluster_decide_start() again.
 * State comes from events alone; the configuration steers decisions, so a journal replays under
 * any configuration.
 *
 * Time.  Every decision gets wall clock and monotonic clock.  Limits are kept as wall time but fire
 * by durations: when the wall clock has stepped against the monotonic clock since the last
 * decision, the decision begins with an event clock_stepped, which moves the ends and starts of
 * what is running along.  All of this is in the heart; callers only pass the two clocks.
 *
 * Borrowed pointers (struct job, step, node, part and what views point to) are valid until the next
 * cluster_apply() or cluster_reconfigure().
 */
#ifndef BRAMBLE_CLUSTER_H
#define BRAMBLE_CLUSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bramble/constants.h"
#include "util/arena.h"
#include "util/error.h"
#include "wire/event.pb-c.h"

struct cluster;
struct job;
struct step;
struct node;
struct part;
struct bitmap;

/* ---- configuration ------------------------------------------------------------------------ */

enum part_share { PART_SHARE_NO, PART_SHARE_EXCLUSIVE }; /* over_subscribe = "no" | "exclusive" */
enum part_state { PART_UP, PART_DOWN, PART_DRAIN, PART_INACTIVE };
enum requeue_rule { REQUEUE_KNOWN_DEAD, REQUEUE_TIMEOUT }; /* requeue = "known_dead" | "timeout" */

struct node_conf {
    const char *name;           /* one name each: lists are expanded by the caller */
    const char *hw_class;       /* NULL: what the node reports */
    const char *features;       /* comma list besides class, arch and word size; NULL: none */
    const char *address;        /* shown as NodeAddr until the node has registered; may be NULL */
    uint32_t sockets, cores, threads_per_core; /* 0: what the node reports; cores: per node */
    uint64_t mem_mb, tmp_mb;    /* 0: what the node reports */
    uint32_t weight;            /* lower is used first; default 1 */
    const char *gres;           /* "gpu:hailo:2,camera:1"; NULL: none */
};

struct part_conf {
    const char *name;
    const char *nodes;          /* comma list of hostlists, "class:NAME", "feature:NAME", "ALL" */
    bool is_default, hidden, root_only;
    enum part_share share;
    enum part_state state;
    uint32_t max_time_min;      /* TIME_UNLIMITED_MIN: none */
    uint32_t default_time_min;  /* 0: max_time */
    uint32_t min_nodes, max_nodes;              /* 0 and UINT32_MAX: no limit */
    uint32_t priority_tier;     /* default 1 */
    const char *allow_groups;   /* comma list of group names; NULL: all */
    const char *allow_accounts, *deny_accounts, *allow_qos, *deny_qos; /* comma lists; NULL: all, none */
    const char *alloc_nodes;    /* hosts on which jobs are submitted for it; NULL: all */
    bool req_resv;              /* only jobs of a reservation */
    bool no_root_jobs;
    uint64_t def_mem_per_cpu_mb, def_mem_per_node_mb; /* 0: the cluster's */
    uint64_t max_mem_per_node_mb;                     /* 0: none */
};

struct cluster_conf {
    const char *name;
    const struct node_conf *nodes;
    size_t num_nodes;
    const struct part_conf *parts;
    size_t num_parts;
    bool select_memory;         /* memory is a consumed resource */
    uint64_t def_mem_per_cpu_mb, def_mem_per_node_mb; /* 0: who asks for none is not counted */
    uint32_t node_timeout_sec;  /* silence after which a node is down and its jobs end */
    uint32_t min_job_age_sec;   /* how long an ended job is remembered */
    uint32_t interactive_timeout_sec; /* a salloc or srun job without its client ends after this */
    uint32_t max_job_count;     /* records kept: pending, running and remembered */
    uint32_t max_user_jobs;     /* of those, one user's; 0: no limit of its own */
    uint32_t max_array_size;    /* task ids of arrays are below */
    uint32_t max_step_count;    /* steps a job may create */
    uint32_t first_job_id, max_job_id;  /* 0: 1 and 0x03ff0000 */
    bool job_requeue;           /* default of --requeue; batch jobs only */
    enum requeue_rule requeue;
    uint32_t backfill_depth;    /* blocked jobs that get a planned start each pass */
    uint32_t backfill_window_min;       /* how far ahead starts are planned */
    uint32_t kill_wait_sec;
    uint32_t over_time_limit_min;
    bool kill_invalid_depend;   /* cancel jobs whose dependency can never be satisfied */
    bool enforce_part_limits;   /* refuse at submission what exceeds the partition's limits */
    const char *mpi_default;
    const char *licenses;       /* "matlab:4,fluent:2": of the whole cluster; NULL: none */
};

/* Fill with the defaults that etc/bramble.conf documents; names and arrays stay NULL. */
void cluster_conf_defaults(struct cluster_conf *conf);
/* conf is copied.  NULL with err set names the key and the object that is wrong. */
struct cluster *cluster_create(const struct cluster_conf *conf, struct error *err);
void cluster_destroy(struct cluster *c);
/* Swap the configuration; on failure the old one stays. */
int cluster_reconfigure(struct cluster *c, const struct cluster_conf *conf, struct error *err);

/* ---- events and effects ------------------------------------------------------------------- */

struct cluster_now {
    int64_t wall_usec;          /* CLOCK_REALTIME */
    uint64_t mono_ms;           /* CLOCK_MONOTONIC */
};

enum effect_kind {
    EFFECT_LAUNCH = 1,  /* send cluster_launch_message(job, step, attempt, node) to the node */
    EFFECT_KILL,        /* send effect.kill to the node */
    EFFECT_ACK,         /* send StepStatusAck(job, step, attempt) to the node */
    EFFECT_JOB_CHANGED, /* wake who waits for this job: it started, ended or was requeued */
    EFFECT_STEP_CHANGED,/* the step was created (state RUNNING) or has ended (state, exit_status) */
    EFFECT_STEP_RETRY,  /* cores of this job became free: try its waiting step requests again */
    EFFECT_NOTICE,      /* push a Notice (effect.notice, effect.text) to the job's client(s) */
    EFFECT_SCHEDULE,    /* something may start: call cluster_sched_pass() soon (coalesce) */
};

struct effect {
    enum effect_kind kind;
    uint32_t job_id, step_id, attempt;  /* step_id STEP_NONE: about the job */
    uint32_t node_id;                   /* LAUNCH, KILL, ACK */
    uint32_t node_index;                /* LAUNCH: place in the step's layout */
    enum notice_kind notice;
    const char *text;                   /* NOTICE, STEP_CHANGED: in the decision's arena, or NULL */
    enum job_state state;               /* STEP_CHANGED */
    uint32_t exit_status;               /* STEP_CHANGED: wait status */
    const Wire__StepKill *kill;         /* KILL: ready to send, in the decision's arena */
};

struct decision {
    struct arena arena;
    Wire__Event **events;
    size_t num_events, cap_events;
    struct effect *effects;
    size_t num_effects, cap_effects;
};
void decision_init(struct decision *d);
void decision_fini(struct decision *d);
void decision_reset(struct decision *d); /* empty it for the next use */

/* The only writer of state.  -1 with err set: the record does not fit the state (unknown job, wrong
 * attempt, damaged); nothing has changed then, and replay sets the record aside. */
int cluster_apply(struct cluster *c, const Wire__Event *event, struct error *err);
/* What follows from a committed event, by the state as it is now; appends to d->effects. */
void cluster_react(struct cluster *c, const Wire__Event *event, struct decision *d);

/* ---- decisions ---------------------------------------------------------------------------- *
 * All return 0 with the decision appended to d, or -1 with err set (a BRE_ code and a line for the
 * user) and d as it was.  They do not change the state. */

struct cluster_who {
    uint32_t uid;
    bool is_operator;           /* operators and admins: may act on every job, node, partition */
    bool is_admin;
};

/* After replay and after a reload: nodes new in the configuration get their ids, the cluster its
 * id (cluster_id, name: used when the journal is new), timers of what runs are armed. */
int cluster_decide_start(struct cluster *c, const struct cluster_now *now, uint64_t cluster_id,
                         struct decision *d, struct error *err);

struct submit_request {
    const Wire__JobSpec *spec;
    const Wire__Identity *identity;     /* resolved by the caller */
    const char *const *groups;          /* group names for allow_groups; may be NULL */
    size_t num_groups;
    ProtobufCBinaryData script;         /* batch only */
    ProtobufCBinaryData env;
    uint8_t script_hash[32], env_hash[32];
    Wire__JobSpec *const *het;          /* further components of a heterogeneous job */
    size_t num_het;
    struct cluster_who who;             /* may differ from identity: root's --uid */
};
/* Blob and identity events come along when they are new.  *job_id is the new job's.  warning
 * (may be NULL; a string in d's arena or NULL): what was accepted but will not start as things
 * are. */
int cluster_decide_submit(struct cluster *c, const struct cluster_now *now,
                          const struct submit_request *req, struct decision *d, uint32_t *job_id,
                          const char **warning, struct error *err);

struct start_forecast {         /* sbatch --test-only */
    uint32_t job_id;            /* that the job would get */
    int64_t start_sec;
    uint32_t cpus;
    const char *partition;
    char *nodes;                /* hostlist, in the arena given */
};
int cluster_test_submit(struct cluster *c, const struct cluster_now *now,
                        const struct submit_request *req, struct arena *a,
                        struct start_forecast *res,
                        struct error *err);

/* The records that a job id in a command means. */
struct job_ref {
    uint32_t job_id;            /* of a record, or of an array */
    const struct bitmap *tasks; /* tasks of the array that are meant; NULL: none are named */
    bool all_tasks;             /* "12_*" */
    bool component;             /* "12+1": het_offset alone; else the leader's id means all */
    uint32_t het_offset;
};
struct job_target {
    uint32_t job_id;            /* of a record */
    const struct bitmap *tasks; /* a record of many: those meant; NULL: all of them */
};
struct job_targets {
    struct job_target *list;    /* in the arena given; in order of the records' ids */
    size_t count;
    bool is_het;                /* several components of a heterogeneous job */
    bool is_array;              /* the id stands for an array or tasks of one */
    struct bitmap *missing;     /* in the arena: tasks that do not exist (any more); NULL: none */
};
/* -1 when nothing has that id: "Invalid job id specified". */
int cluster_job_targets(struct cluster *c, const struct job_ref *ref, struct arena *a,
                        struct job_targets *out, struct error *err);

struct control_request {
    enum job_action action;     /* CANCEL SIGNAL HOLD UHOLD RELEASE REQUEUE REQUEUE_HOLD NOTIFY */
    uint32_t job_id;
    const struct bitmap *tasks; /* of a record of many: those meant; NULL: all */
    uint32_t step_id;           /* STEP_NONE: the job */
    uint32_t signal;
    bool batch_only, full;
    bool incomplete;            /* REQUEUE: only what has not ended */
    bool special_exit;          /* REQUEUE_HOLD: shown as SPECIAL_EXIT */
    const char *text;           /* NOTIFY, and the reason of a hold */
    struct cluster_who who;
};
int cluster_decide_control(struct cluster *c, const struct cluster_now *now,
                           const struct control_request *req, struct decision *d,
                           struct error *err);

/* scontrol update: keys are Slurm's in lower case ("timelimit", "nodename", "state", "reason").
 * All items are checked before anything is decided. */
int cluster_decide_update_job(struct cluster *c, const struct cluster_now *now,
                              const struct cluster_who *who, uint32_t job_id,
                              Wire__KeyValue *const *items, size_t num_items, struct decision *d,
                              struct error *err);
/* The same for some tasks of a record of many; tasks NULL: for all it stands for. */
int cluster_decide_update_tasks(struct cluster *c, const struct cluster_now *now,
                                const struct cluster_who *who, uint32_t job_id,
                                const struct bitmap *tasks, Wire__KeyValue *const *items,
                                size_t num_items, struct decision *d, struct error *err);
int cluster_decide_update_nodes(struct cluster *c, const struct cluster_now *now,
                                const struct cluster_who *who, Wire__KeyValue *const *items,
                                size_t num_items, struct decision *d, struct error *err);
enum update_op { UPDATE_CHANGE, UPDATE_CREATE, UPDATE_DELETE };
int cluster_decide_update_part(struct cluster *c, const struct cluster_now *now,
                               const struct cluster_who *who, enum update_op op,
                               Wire__KeyValue *const *items, size_t num_items, struct decision *d,
                               struct error *err);

int cluster_decide_update_step(struct cluster *c, const struct cluster_now *now,
                               const struct cluster_who *who, uint32_t job_id, uint32_t step_id,
                               Wire__KeyValue *const *items, size_t num_items, struct decision *d,
                               struct error *err);
/* *name (may be NULL): what was made, in d's arena. */
int cluster_decide_update_resv(struct cluster *c, const struct cluster_now *now,
                               const struct cluster_who *who, enum update_op op,
                               Wire__KeyValue *const *items, size_t num_items, struct decision *d,
                               const char **name, struct error *err);

/* salloc is done with its job; exit_status as of waitpid(). */
int cluster_decide_alloc_complete(struct cluster *c, const struct cluster_now *now,
                                  const struct cluster_who *who, uint32_t job_id,
                                  uint32_t exit_status, struct decision *d, struct error *err);

struct step_request {
    uint32_t job_id;
    const Wire__StepSpec *spec;         /* env inside it is ignored */
    ProtobufCBinaryData env;
    uint8_t env_hash[32];
    uint8_t step_key[32];               /* random, made by the caller */
    struct cluster_who who;
    uint32_t min_step_id;
};
/* -1 with BRE_STEP_NODES_BUSY (or BRE_JOB_PENDING, BRE_NODES_BUSY when a node does not answer): it
 * may succeed later; keep the request and try again on EFFECT_STEP_RETRY (or when the job has
 * started).  Any other code is final. */
int cluster_decide_step(struct cluster *c, const struct cluster_now *now,
                        const struct step_request *req, struct decision *d, uint32_t *step_id,
                        struct error *err);
/* The parts of a step over several components, each for a job of its own, in the order of their tasks: all or
 * none, with one id and one key.  What the specs say of the whole (het_num_tasks and the like) is corrected. */
int cluster_decide_het_step(struct cluster *c, const struct cluster_now *now, struct step_request *parts, size_t num,
                            struct decision *d, uint32_t *step_id, struct error *err);

/* -- nodes.  Ids are given by cluster_decide_start(); an unconfigured name is refused. -- */
/* Check NodeHello: name configured, key the recorded one or none recorded yet.  *node_id is set. */
int cluster_check_hello(struct cluster *c, const char *name, const uint8_t public_key[32],
                        uint32_t *node_id, struct error *err);
bool cluster_has_topology(const struct cluster *c, const uint8_t hash[32]);
/* Events: topology_added (when reg brings XML that is new), node_registered, and what follows for
 * jobs and steps.  Effects: EFFECT_KILL (to be carried out by the node before anything else: put
 * them into NodeRegisterReply), EFFECT_ACK, EFFECT_LAUNCH for what the node must start (again).
 * Afterwards give each of reg->steps to cluster_decide_step_status(), one after the other. */
int cluster_decide_register(struct cluster *c, const struct cluster_now *now, uint32_t node_id,
                            const uint8_t public_key[32], const char *address,
                            const Wire__NodeRegister *reg, struct decision *d, struct error *err);
/* A node spoke (heartbeat or anything else).  Not an event; call it as often as you like. */
void cluster_node_seen(struct cluster *c, uint32_t node_id, const struct cluster_now *now,
                       uint32_t cpu_load_pct, uint64_t free_mem_mb);
/* It is taken for well until then, and looked at again. */
void cluster_node_due(struct cluster *c, uint32_t node_id, uint64_t mono_ms);
/* Has it jobs, or is an earlier attempt of one not known to have ended there? */
bool cluster_node_has_work(const struct cluster *c, uint32_t node_id);
/* LOST: its connection was reset.  DOWN and the like come through cluster_decide_update_nodes(). */
int cluster_decide_node_lost(struct cluster *c, const struct cluster_now *now, uint32_t node_id,
                             struct decision *d, struct error *err);
int cluster_decide_drain(struct cluster *c, const struct cluster_now *now, uint32_t node_id,
                         const char *reason, struct decision *d, struct error *err);
int cluster_decide_launch_reply(struct cluster *c, const struct cluster_now *now, uint32_t node_id,
                                const Wire__StepLaunchReply *reply, struct decision *d,
                                struct error *err);
int cluster_decide_step_status(struct cluster *c, const struct cluster_now *now, uint32_t node_id,
                               const Wire__StepStatus *status, struct decision *d,
                               struct error *err);
int cluster_decide_job_clean(struct cluster *c, const struct cluster_now *now, uint32_t node_id,
                             const Wire__JobClean *clean, struct decision *d, struct error *err);

/* The client of a salloc or srun job hung up (true) or is back (false).  Not an event. */
void cluster_client_gone(struct cluster *c, uint32_t job_id, const struct cluster_now *now,
                         bool gone);

/* -- time -- */
/* Monotonic milliseconds at which cluster_decide_timers() wants to be called; UINT64_MAX: never.
 * Changes with every apply, node_seen and client_gone. */
uint64_t cluster_next_deadline(const struct cluster *c);
/* Limits, silent nodes, begin times, purge.  Decides at most about a thousand things a call;
 * the deadline stays in the past while there are more. */
int cluster_decide_timers(struct cluster *c, const struct cluster_now *now, struct decision *d,
                          struct error *err);

/* -- the scheduler -- */
/* Work on the scheduling pass for about budget units (one unit: one node looked at, some 40 ns;
 * SCHED_SLICE is about 3 ms).  Decided starts are in d: apply them before the next call.  True:
 * the pass is not finished, call again from the loop's next turn. */
#define SCHED_SLICE 75000u
bool cluster_sched_pass(struct cluster *c, const struct cluster_now *now, uint32_t budget,
                        struct decision *d);
bool cluster_sched_running(const struct cluster *c); /* a pass is under way, between two slices */
bool cluster_sched_wanted(const struct cluster *c); /* is there anything a pass could change? */
/* Plan starts for pending jobs to the backfill depth, for squeue --start and scontrol show job.
 * Sliced like a pass; true: call again.  Changes no state but the plan, and costs nothing while
 * the plan is fresh. */
bool cluster_plan_starts(struct cluster *c, const struct cluster_now *now, uint32_t budget);

/* ---- messages made from state -------------------------------------------------------------- *
 * All in the arena given; strings may be borrowed from the cluster.  NULL: no such thing now. */

/* controller_host, mpi_if_include and the like are the caller's to fill in. */
Wire__AllocInfo *cluster_alloc_info(struct cluster *c, uint32_t job_id, struct arena *a);
Wire__StepLayout *cluster_step_layout(struct cluster *c, uint32_t job_id, uint32_t step_id,
                                      struct arena *a);
/* Everything for EFFECT_LAUNCH; NULL when it must no longer be sent. */
Wire__StepLaunch *cluster_launch_message(struct cluster *c, const struct effect *launch,
                                         struct arena *a);
/* 32 bytes, or NULL. */
const uint8_t *cluster_step_key(struct cluster *c, uint32_t job_id, uint32_t step_id);

/* ---- queries -------------------------------------------------------------------------------- */

/* What a job is, for tables; pointers are borrowed.  Times are seconds, 0: not set. */
struct job_view {
    uint32_t job_id, attempt, restarts;
    enum job_state state;       /* as shown: COMPLETING while nodes are not clean */
    enum job_state end_state;   /* what it will have been, while COMPLETING and after */
    enum job_reason reason;     /* see cluster_job_reason_text() for the words */
    uint32_t exit_status;       /* wait status */
    uint32_t by_uid;            /* who cancelled it */
    uint32_t priority, hold;    /* hold: 0 none, 1 user, 2 operator */
    int64_t submit_sec, eligible_sec, start_sec, end_sec;
    int64_t end_limit_sec;      /* running: end by limit, 0 none */
    int64_t planned_sec;        /* pending: planned start, 0 unknown */
    const char *planned_nodes;  /* and its nodes, a hostlist; NULL: unknown */
    uint32_t time_limit_min;    /* the effective one; TIME_UNLIMITED_MIN */
    const char *name;
    const Wire__JobSpec *spec;  /* name is NULL in it: see name above */
    const Wire__Identity *identity;
    const char *partition;      /* running: the one chosen; pending: what was asked for */
    uint32_t num_nodes, num_cpus, num_tasks; /* allocated, or the least that was asked for */
    uint64_t mem_mb;            /* of all nodes; 0: not counted */
    const char *node_list;      /* hostlist; "" while pending */
    const char *batch_host;     /* NULL: none */
    const char *text;           /* system comment: why it ended or was held; may be NULL */
    uint32_t next_step_id;
    const char *reservation;    /* the one it runs in, or those it asks for; NULL: none */
    const char *reason_text;    /* instead of the reason's name; NULL: that */
    int64_t suspend_sec;        /* when it was last suspended or resumed; 0: never */
    int64_t ran_sec;            /* how long it had run when it was last suspended */
    int64_t suspended_sec;      /* in all */
    uint32_t array_id;          /* 0: no array's */
    uint32_t task_id;           /* TASK_NONE: a record of many */
    const struct bitmap *tasks; /* record of many: which; NULL: a record of one */
    uint32_t throttle;          /* of the array: tasks at once; 0: no limit */
    uint32_t het_id, het_offset, het_size; /* component of a heterogeneous job; het_id 0: none */
};
/* The array with this id, as one: false when there is none, or none any more. */
struct array_view {
    bool has_ended;
    enum job_state end_state;   /* COMPLETED when all tasks did, else FAILED */
    uint32_t exit_status;       /* the highest of its tasks */
};
/* Of a component of a heterogeneous job: id of its leader, its place, how many there are.  0: the job
 * is none. */
uint32_t cluster_het_id(const struct job *job, uint32_t *offset, uint32_t *size);
struct job *cluster_het_component(struct cluster *c, uint32_t het_id, uint32_t offset); /* or NULL */
bool cluster_array_view(struct cluster *c, uint32_t array_id, struct array_view *view);
/* Is the job the first of its array's tasks that has started? */
bool cluster_array_first_start(struct cluster *c, const struct job *job);
struct job *cluster_job_find(struct cluster *c, uint32_t job_id);
/* The job with the smallest id above job_id; NULL at the end. */
struct job *cluster_job_next(struct cluster *c, uint32_t job_id);
size_t cluster_job_count(const struct cluster *c);
void cluster_job_view(struct cluster *c, struct job *job, const struct cluster_now *now,
                      struct job_view *view);
/* The cheap part, for filters over many jobs. */
uint32_t job_id(const struct job *job);
uint32_t job_uid(const struct job *job);
uint32_t cluster_job_mail(const struct job *job); /* bits of enum mail_event */
enum job_state job_state_shown(const struct job *job);
enum job_kind job_kind(const struct job *job);
bool job_uses_node(const struct job *job, uint32_t node_id);
/* Why it waits, in plain words: which resource, which nodes, which limit.  "" when it does not
 * wait and nothing special is known of its end.  In the arena. */
const char *cluster_job_reason_text(struct cluster *c, struct job *job,
                                    const struct cluster_now *now, struct arena *a);
/* The whole story, a sentence a line: what it asks for, who has that until when, what comes before
 * it, its planned start, and changes that would let it start now.  Drops a scheduling pass that is
 * under way (it begins anew) and costs about as much as one: for one job, when asked.  In the arena. */
const char *cluster_job_explain(struct cluster *c, struct job *job, const struct cluster_now *now,
                                struct arena *a);
/* As squeue %E and scontrol show it: "afterok:12(unfulfilled)"; "" none left. */
const char *cluster_job_dependency(struct cluster *c, struct job *job, struct arena *a);
/* Place i of the allocation, 0 based, in allocation order; false past the end. */
struct job_node_view {
    uint32_t node_id;
    const char *name;
    const struct bitmap *cores; /* hwloc logical, of this node */
    uint32_t cpus, tasks;
    uint64_t mem_mb;
    const char *gres;           /* "gpu:hailo:2(IDX:0-1)"; "" none */
};
/* "gpu:hailo:2,camera:1": of all its nodes, or the least that it asks for; NULL: none.  In the arena. */
const char *cluster_job_gres(struct cluster *c, struct job *job, struct arena *a);
bool cluster_job_node(struct cluster *c, struct job *job, size_t i, struct job_node_view *view);
/* Batch script and environment; false: none. */
bool cluster_job_script(struct cluster *c, struct job *job, ProtobufCBinaryData *script);

struct step_view {
    uint32_t job_id, step_id, attempt;
    enum job_state state;       /* RUNNING, or COMPLETING once it is to end */
    int64_t start_sec;
    uint32_t time_limit_min;
    uint32_t num_nodes, num_tasks, num_cpus;
    uint64_t mem_mb;            /* over all nodes: its own limit, or its part of the job's */
    const char *name, *node_list, *partition;
    uint32_t uid;
    const Wire__StepSpec *spec; /* argv included, no env; NULL for batch */
};
/* Steps of a job that have not ended, in order of creation; i from 0. */
bool cluster_step_nth(struct cluster *c, struct job *job, size_t i, struct step_view *view);
bool cluster_step_find(struct cluster *c, uint32_t job_id, uint32_t step_id,
                       struct step_view *view);

struct node_view {
    uint32_t node_id;
    const char *name;
    uint32_t state;             /* enum node_base | NODE_FLAG_* */
    const char *reason;         /* NULL: none */
    uint32_t reason_uid;
    int64_t reason_sec;
    const char *address;
    uint32_t port;
    uint32_t sockets, cores, threads; /* threads: of the whole node */
    uint32_t alloc_cores, alloc_cpus, num_jobs;
    uint64_t mem_mb, alloc_mem_mb, free_mem_mb, tmp_mb;
    uint32_t cpu_load_pct, weight;
    const char *hw_class, *arch, *features, *partitions; /* comma lists */
    const char *comment, *extra; /* NULL: none */
    const char *os, *version, *boot_id, *notes, *model, *network, *host;
    int64_t boot_sec, registered_sec, last_seen_sec;
    bool registered;
    const uint8_t *topology_hash; /* NULL: none */
    const uint8_t *public_key;    /* NULL: none */
};
size_t cluster_node_count(const struct cluster *c); /* node ids are 0 .. count - 1 */
bool cluster_node_view(struct cluster *c, uint32_t node_id, struct node_view *view);
/* With what is in use, "gpu:hailo:1(IDX:0)"; in the arena; NULL: the node has none. */
const char *cluster_node_gres(struct cluster *c, uint32_t node_id, bool used, struct arena *a);
bool cluster_node_find(struct cluster *c, const char *name, uint32_t *node_id);
/* NULL: gone from the configuration. */
const struct node_conf *cluster_node_conf(struct cluster *c, uint32_t node_id);
/* Topology XML by hash; false: unknown. */
bool cluster_topology(const struct cluster *c, const uint8_t hash[32], ProtobufCBinaryData *xml);

struct part_view {
    const char *name;
    struct part_conf conf;      /* with updates by scontrol */
    const struct bitmap *nodes; /* by node id */
    const char *node_list;
    uint32_t num_nodes, total_cpus;
    uint64_t total_mem_mb;
};
size_t cluster_part_count(const struct cluster *c);
bool cluster_part_view(struct cluster *c, size_t i, struct part_view *view); /* as configured */
bool cluster_part_find(struct cluster *c, const char *name, struct part_view *view);

struct resv_view {
    const Wire__EvResv *msg;    /* as it was last made or changed */
    int64_t start_sec, end_sec;
    bool active;
    uint32_t num_nodes, num_cores, num_cpus;
};
size_t cluster_resv_count(const struct cluster *c);
bool cluster_resv_view(struct cluster *c, size_t i, const struct cluster_now *now,
                       struct resv_view *view);
char *cluster_resv_nodes(struct cluster *c, const Wire__EvResv *msg); /* hostlist; caller frees */

uint32_t cluster_next_job_id(const struct cluster *c);
uint64_t cluster_id(const struct cluster *c);
const char *cluster_name(const struct cluster *c);

struct license_view {
    char name[32];
    uint32_t total, used;
};
bool cluster_license_nth(struct cluster *c, size_t i, struct license_view *view); /* as configured */

struct cluster_stats {          /* sdiag */
    uint64_t jobs_submitted, jobs_started, jobs_ended;
    uint64_t passes, slices, last_pass_units, shapes;
    uint64_t last_pass_tried, last_pass_planned; /* jobs looked at, and given a planned start */
    bool last_pass_cut;                          /* some of the queue was left unplanned */
    size_t queued;                               /* pending and eligible */
    size_t pending, running, completing, ended;
};
void cluster_stats(const struct cluster *c, struct cluster_stats *stats);
/* Without those that take a walk over all jobs: pending, running, completing, ended. */
const struct cluster_stats *cluster_stats_now(const struct cluster *c);

/* ---- snapshots ------------------------------------------------------------------------------ *
 * The shortest run of events that makes this state.  Nothing may be applied between begin and
 * end. */
struct snapshot;
struct snapshot *cluster_snapshot_begin(struct cluster *c, const struct cluster_now *now);
/* Valid until the next call; NULL: the end. */
const Wire__Event *cluster_snapshot_next(struct snapshot *s);
void cluster_snapshot_end(struct snapshot *s);

/* The whole state as text, for tests: two clusters are equal if their dumps are.  Caller frees. */
char *cluster_dump(struct cluster *c);

#endif
