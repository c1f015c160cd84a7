/* order.h - what a shepherd was told to run, in its own memory.
 *
 * Made from the agent's ShepherdStart while that message lives; everything in it lives in one arena.
 * The i/o process inherits it by fork().  A root process does no more with what users composed than
 * copy it and cut it at NULs.
 */
#ifndef BRAMBLE_STEPD_ORDER_H
#define BRAMBLE_STEPD_ORDER_H

#include <stdbool.h>
#include <stdint.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "libbramble/util/arena.h"
#include "libbramble/wire/shepherd.pb-c.h"

struct error;

struct order_limit {
    int resource; /* RLIMIT_ */
    rlim_t cur;
};

struct order_node { /* of the step, in step order */
    const char *name, *address;
    uint16_t port;
    uint32_t num_tasks;
    const uint32_t *gtids;
    uint32_t job_id, attempt; /* of the part of the step that runs there */
};
/* What the launcher sees: the step, or, when it is a part of one over several components, all of it. */
struct order_whole {
    uint32_t job_id, attempt; /* of the first part */
    uint32_t num_nodes, node_index, num_tasks;
    struct order_node *nodes;
};

/* One of a task's three standard streams. */
enum stream_kind {
    STREAM_FORWARD, /* through the i/o process, from and to srun */
    STREAM_NULL,
    STREAM_FILE,
    STREAM_SAME, /* standard error: the same open file as standard output */
};
struct order_stream {
    enum stream_kind kind;
    const char *path; /* STREAM_FILE: absolute, expanded */
    int flags;        /* of open() */
};

struct order_task {
    uint32_t gtid;
    struct order_stream in, out, err;
    char **argv; /* NULL-terminated */
    char **env;  /* NULL-terminated; has room for what the launcher adds */
    uint32_t num_env, cap_env;
    bool bound;
    cpu_set_t cpus;
    const char *cpu_list;  /* text of cpus, "" when not bound */
    const char *bind_note; /* line for --cpu-bind=verbose: what stands before the pid, NUL, what
                            * stands behind it; or NULL */
    int mem_mode;          /* of set_mempolicy(), -1: none */
    uint64_t mem_nodes;    /* its memory nodes */
    const char *mem_note;  /* line for --mem-bind=verbose, like bind_note */
    const char *gpu_note;  /* line for --gpu-bind=verbose, or NULL */
};

struct order {
    struct arena arena;
    uint32_t job_id, step_id, attempt;
    uint32_t array_job_id, array_task_id; /* 0: no array's */
    bool batch, pty, kill_on_bad_exit, ends_job;
    bool wait_for_children, async;
    bool receive_files; /* tasks run this program's own receiver, see receive.h */
    unsigned debug; /* --slurmd-debug: 0 quiet, 2 errors, 3 info, 5 debug */
    bool needs_io; /* an i/o process: streams are forwarded or a launcher is wanted */
    uint32_t uid, gid;
    gid_t *gids;
    uint32_t num_gids;
    uint32_t node_index, job_node_index;
    uint32_t num_nodes, num_all_tasks, cpus_per_task;
    struct order_node *nodes;
    struct order_whole whole;
    uint32_t num_tasks; /* on this node */
    struct order_task *tasks;
    const char *node_name, *cluster_name, *user_name, *job_name;
    const char *work_dir, *script_path;
    const char *spool_dir, *cgroup, *plugin_dir, *topology_xml, *network;
    const char *launcher; /* "none", "pmix", ... */
    /* NULL: none.  Of the configuration, and of --task-prolog and --task-epilog. */
    const char *task_prolog, *task_epilog, *user_task_prolog, *user_task_epilog;
    const char *tmp_dir;  /* to be made by the i/o process for the launcher */
    uint16_t pty_rows, pty_cols;
    mode_t umask;
    int nice;
    uint32_t num_limits;
    struct order_limit *limits;
    uint32_t kill_wait_sec, unkillable_sec;
    uint64_t mem_mb; /* of the step on this node; 0: no limit */
    const char *cpus; /* OS CPUs of the step here, list */
    uint8_t step_key[32];
    int64_t start_time;
};

/* NULL with err set when the order cannot be carried out. */
struct order *order_create(const Wire__ShepherdStart *start, struct error *err);
void order_destroy(struct order *o); /* NULL is allowed */
/* "12.0", "12.batch": for messages.  buf of ORDER_NAME_MAX. */
#define ORDER_NAME_MAX 32
const char *order_name(const struct order *o, char buf[ORDER_NAME_MAX]);
/* Add NAME=VALUE to a task's environment or replace it there; NAME alone takes it out.  false when
 * the table is full. */
bool order_task_setenv(struct order_task *t, char *text);

#endif
