/* sim.h - the simulator: the real heart, and a fake world around it that breaks.
 *
 * One seed decides everything: what users do, how long jobs run, which message is late or comes
 * twice, when the controller crashes, boards lose power, reboot, hang or flap.  Time is virtual.
 * The checker watches these promises while the run goes on:
 *   1. what was acknowledged is never lost, ids only rise;
 *   2. a step starts at most once per attempt on a node, two attempts of a job are never alive together;
 *   3. jobs outlive the controller; and when the faults stop, every job comes to its end.
 */
#ifndef TEST_SIM_H
#define TEST_SIM_H

#include "cluster/cluster.h"
#include "util/hash.h"

#define SIM_NODES_MAX 12

struct sim_options {
    uint64_t seed;
    uint32_t nodes, jobs;
    uint64_t chaos_ms;      /* how long things break */
    bool verbose;
    uint32_t trace;         /* a job whose life is printed */
};

enum sim_kind {
    SIM_USER,               /* somebody does something */
    SIM_COMMIT,             /* the journal's flush is done */
    SIM_TO_NODE,            /* a message arrives */
    SIM_TO_CTLD,
    SIM_TASK_END,           /* a step's processes end by themselves */
    SIM_KILL_DONE,          /* or because they were killed */
    SIM_REPEAT,             /* an agent repeats what was not acknowledged */
    SIM_HEARTBEAT,
    SIM_DIAL,               /* an agent connects */
    SIM_FAULT,
    SIM_CTLD_START,
    SIM_SCHED,
    SIM_TIMERS,
    SIM_ALLOC_DONE,         /* salloc is through */
};

enum msg_kind { MSG_LAUNCH, MSG_KILL, MSG_ACK, MSG_STATUS, MSG_CLEAN, MSG_LAUNCH_FAILED };

struct sim_msg {
    enum msg_kind kind;
    uint32_t node, job_id, step_id, attempt, signal, exit_status;
    bool clean, ends_job, running;
    uint32_t connection;    /* it is lost with its connection */
};

struct sim_item {
    uint64_t at, order;
    enum sim_kind kind;
    uint32_t a, b;
    uint64_t c;
    struct sim_msg msg;
};

/* What an agent knows of a step: its folder. */
struct folder {
    struct folder *next;
    uint32_t job_id, step_id, attempt, exit_status;
    bool alive, killed, clean, ends_job;
    uint64_t serial;
};

struct agent {
    bool powered, hung, dialled;
    uint32_t boot, connection;
    struct folder *folders;
    struct pending_clean {
        struct pending_clean *next;
        uint32_t job_id, attempt;
    } *cleans;              /* job-level kills whose steps are still dying */
    bool drained_by_us;
};

struct packed_event {
    size_t len;
    uint8_t *data;
};

struct job_note {           /* the checker's own book */
    uint32_t id, kind;
    uint32_t array_id, task_id; /* of the task that was started under this id */
    bool acked, ended, purged;
    uint32_t alive;         /* processes now, over all nodes */
    uint32_t alive_attempt;
};

struct sim {
    struct sim_options opt;
    uint64_t rng, now_ms;
    int64_t wall_offset_usec;
    uint64_t order, serial;
    struct sim_item *heap;
    size_t num_heap, cap_heap;

    struct cluster_conf conf;
    struct node_conf node_conf[SIM_NODES_MAX];
    struct part_conf part_conf[2];
    char names[SIM_NODES_MAX][16];
    struct cluster *c;      /* NULL while the controller is down */
    struct decision d;
    struct packed_event *log;
    size_t num_log, cap_log, committed, snapshot; /* snapshot: events before it are in snap */
    struct packed_event *snap;
    size_t num_snap;
    struct waiting_effects { /* for after the commit */
        size_t upto;        /* events that must be on disk */
        struct sim_msg msg;
        bool is_ack_of_submit;
        uint32_t job_id;
    } *waiting;
    size_t num_waiting, cap_waiting;
    bool commit_due, sched_due;
    uint64_t timer_at;
    uint32_t generation;    /* of the controller */

    struct agent agents[SIM_NODES_MAX];
    struct job_note *notes;
    size_t num_notes, cap_notes;
    struct strmap launched; /* "job.step.attempt@node.boot" */
    uint32_t highest_acked;
    bool chaos;
    uint32_t faults, restarts, launches, requeues;
    char failure[512];
};

/* 0 if all promises held; else s->failure says which did not. */
int sim_run(const struct sim_options *opt, char failure[512], struct sim *out);

/* between the files of the simulator */
uint32_t sim_random(struct sim *s, uint32_t below);
bool sim_chance(struct sim *s, uint32_t percent);
struct sim_item *sim_at(struct sim *s, uint64_t delay_ms, enum sim_kind kind);
void sim_trace(struct sim *s, uint32_t job_id, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void sim_fail(struct sim *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
struct cluster_now sim_clock(const struct sim *s);

/* sim_ctld.c */
void ctld_start(struct sim *s);
void ctld_crash(struct sim *s);
void ctld_receive(struct sim *s, const struct sim_msg *m);
void ctld_register(struct sim *s, uint32_t node);
void ctld_lost(struct sim *s, uint32_t node);
void ctld_commit(struct sim *s);
void ctld_sched(struct sim *s);
void ctld_timers(struct sim *s);
void ctld_user(struct sim *s);
void ctld_alloc_done(struct sim *s, uint32_t job_id);
void ctld_calm(struct sim *s);
void ctld_rearm(struct sim *s);
void sim_log_free(struct sim *s);
void ctld_check_replay(struct sim *s);

/* sim_agent.c */
void agent_receive(struct sim *s, const struct sim_msg *m);
void agent_task_end(struct sim *s, uint32_t node, uint64_t serial, bool killed);
void agent_repeat(struct sim *s, uint32_t node);
void agent_dial(struct sim *s, uint32_t node);
void agent_power_off(struct sim *s, uint32_t node);
void agent_disconnect(struct sim *s, uint32_t node);
void agent_free(struct sim *s, uint32_t node);
size_t agent_steps(struct sim *s, uint32_t node, Wire__StepStatus *st, size_t max);

/* sim_check.c */
struct job_note *note_of(struct sim *s, uint32_t job_id);
void check_launch(struct sim *s, uint32_t node, const struct sim_msg *m);
void check_gone(struct sim *s, uint32_t job_id, uint32_t attempt);
void check_acked(struct sim *s, uint32_t job_id);
void check_after_restart(struct sim *s);
void check_end(struct sim *s);

#endif
