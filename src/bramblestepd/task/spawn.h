/* spawn.h - fork one task: what the child does between fork and exec, on memory prepared before.
 *
 * The child enters the cgroup, leaves the shepherd's session, takes limits, becomes the user, opens
 * the user's files as the user, binds, closes what is not the task's, and execs.  It makes
 * async-signal-safe calls only.  Whatever goes wrong is said on the task's standard error where there
 * is one, and reported to the shepherd on report_fd.
 */
#ifndef BRAMBLE_STEPD_SPAWN_H
#define BRAMBLE_STEPD_SPAWN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "bramblestepd/order.h"
#include "bramblestepd/task/become.h"

enum spawn_stage {
    SPAWN_CGROUP = 1,
    SPAWN_SESSION,
    SPAWN_LIMITS,
    SPAWN_BECOME,
    SPAWN_STDIN,
    SPAWN_STDOUT,
    SPAWN_STDERR,
    SPAWN_BIND,
    SPAWN_EXEC,
    SPAWN_DIR, /* not fatal: the task runs in /tmp */
};
const char *spawn_stage_text(enum spawn_stage stage);

struct spawn_report { /* written whole: smaller than PIPE_BUF */
    uint32_t task;    /* local */
    uint32_t stage;
    int32_t error;
};

/* Prepared once for all tasks of a step. */
struct spawn_common {
    const struct order *order;
    struct become who;
    int cgroup_clone_fd; /* v2: for CLONE_INTO_CGROUP; else -1 */
    int cgroup_fds[4];   /* v1: write "0" to each */
    unsigned num_cgroup_fds;
    int report_fd;       /* close-on-exec pipe */
    bool reset_oom;      /* the shepherd itself is protected from the OOM killer */
    pid_t monitor;
};
/* The descriptors of one task that come from the i/o process; -1: none. */
struct spawn_fds {
    int in, out, err;
    int tty;  /* slave of the pty: in, out and err, and controlling terminal */
    int keep; /* of the launcher, inherited as keep_as */
    int keep_as;
};
/* The child's pid, or -1 with errno. */
pid_t task_spawn(const struct spawn_common *common, uint32_t task, const struct spawn_fds *fds);

/* A program after a task's end, as the user: in the task's folder and environment, its standard error
 * err_fd or the task's file, its output thrown away.  It leads a process group. */
pid_t epilog_spawn(const struct spawn_common *common, uint32_t task, const char *path, int err_fd);

/* Run fn(arg) in a child that has become the user, outside the tasks' cgroup: for what must be done
 * below a user's folder when no task is there to do it.  fn must be async-signal-safe. */
pid_t helper_spawn(const struct spawn_common *common, int (*fn)(void *arg), void *arg);

/* Fork by clone3, into cgroup_fd if it is not -1.  *in_cgroup tells whether that was possible. */
pid_t fork_into(int cgroup_fd, bool *in_cgroup);
/* In a child: signals as a program expects them. */
void child_reset_signals(void);
/* Mark everything from `first` on close-on-exec. */
void child_close_from(unsigned first);

#endif
