/* spawn.c - the child's way from fork to exec. */
#include "config.h"
#include "bramblestepd/task/membind.h"
#include "bramblestepd/task/spawn.h"

#include "bramblestepd/task/line.h"
#include "bramblestepd/task/prolog.h"
#include "jobenv/jobenv.h"
#include "util/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1U << 2)
#endif
#define OLD_KERNEL_FD_MAX 4096 /* where close_range() is missing */

const char *spawn_stage_text(enum spawn_stage stage)
{
    switch (stage) {
    case SPAWN_CGROUP:
        return "cannot enter the step's cgroup";
    case SPAWN_SESSION:
        return "cannot start a session";
    case SPAWN_LIMITS:
        return "cannot set resource limits";
    case SPAWN_BECOME:
        return "cannot become the user";
    case SPAWN_STDIN:
        return "Could not open stdin file";
    case SPAWN_STDOUT:
        return "Could not open stdout file";
    case SPAWN_STDERR:
        return "Could not open stderr file";
    case SPAWN_BIND:
        return "cannot bind to CPUs";
    case SPAWN_EXEC:
        return "execve()";
    case SPAWN_DIR:
        return "couldn't chdir";
    }
    return "unknown stage";
}

pid_t fork_into(int cgroup_fd, bool *in_cgroup)
{
    struct clone_args args = { .exit_signal = SIGCHLD };
    pid_t pid;

    *in_cgroup = false;
    if (cgroup_fd >= 0) {
        args.flags = CLONE_INTO_CGROUP;
        args.cgroup = (uint64_t)cgroup_fd;
    }
    pid = (pid_t)syscall(SYS_clone3, &args, sizeof args);
    if (pid >= 0) {
        *in_cgroup = cgroup_fd >= 0;
        return pid;
    }
    /* An old kernel, or a container that does not allow it: the child enters by itself. */
    if (errno != ENOSYS && errno != EPERM && errno != EINVAL && errno != E2BIG && errno != EBUSY
        && errno != EACCES)
        return -1;
    return fork();
}

void child_reset_signals(void)
{
    /* The kernel's own struct, all zero: default.  libc's call leaves out two signals that it uses
     * itself, and that may have been inherited as ignored. */
    static const uint64_t by_default[8];
    sigset_t none;

    for (int signum = 1; signum < NSIG; signum++)
        if (signum != SIGKILL && signum != SIGSTOP)
            syscall(SYS_rt_sigaction, signum, by_default, NULL, (NSIG - 1) / 8);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

void child_close_from(unsigned first)
{
    if (syscall(SYS_close_range, first, ~0U, CLOSE_RANGE_CLOEXEC) == 0)
        return;
    for (unsigned fd = first; fd < OLD_KERNEL_FD_MAX; fd++)
        fcntl((int)fd, F_SETFD, FD_CLOEXEC);
}

static void child_report(const struct spawn_common *common, uint32_t task, enum spawn_stage stage, int error)
{
    struct spawn_report report = { .task = task, .stage = stage, .error = error };
    ssize_t ignored = write(common->report_fd, &report, sizeof report);

    (void)ignored;
}

_Noreturn static void child_fail(const struct spawn_common *common, uint32_t task, enum spawn_stage stage)
{
    int error = errno;

    child_report(common, task, stage, error);
    _exit(stage == SPAWN_EXEC && error > 0 && error < 126 ? error : 1);
}

static int child_enter_cgroup(const struct spawn_common *common, bool in_first)
{
    for (unsigned i = in_first; i < common->num_cgroup_fds; i++)
        if (write(common->cgroup_fds[i], "0", 1) != 1)
            return -1;
    return 0;
}

static int child_limits(const struct spawn_common *common)
{
    const struct order *o = common->order;

    if (common->reset_oom) {
        CLEANUP_CLOSE int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

        if (fd >= 0 && write(fd, "0", 1) != 1)
            return -1;
    }
    if (o->nice) {
        errno = 0;
        if (setpriority(PRIO_PROCESS, 0, o->nice) < 0 && errno != EACCES && errno != EPERM)
            return -1;
    }
    for (uint32_t i = 0; i < o->num_limits; i++) {
        struct rlimit limit;

        if (getrlimit((__rlimit_resource_t)o->limits[i].resource, &limit) < 0)
            return -1;
        /* The user's soft limit, below the hard limit that the node gives. */
        limit.rlim_cur = o->limits[i].cur < limit.rlim_max ? o->limits[i].cur : limit.rlim_max;
        if (setrlimit((__rlimit_resource_t)o->limits[i].resource, &limit) < 0)
            return -1;
    }
    return 0;
}

static int open_stream(const struct order_stream *stream, int given, int as)
{
    int fd = given;

    if (stream->kind == STREAM_SAME)
        return dup2(STDOUT_FILENO, as);
    if (fd < 0)
        fd = open(stream->kind == STREAM_FILE ? stream->path : "/dev/null",
                  stream->kind == STREAM_FILE ? stream->flags : O_RDWR, 0666);
    if (fd < 0)
        return -1;
    return dup2(fd, as) < 0 ? -1 : 0;
}

static int child_chdir(const struct spawn_common *common, uint32_t task)
{
    int error;

    if (chdir(common->order->work_dir) == 0)
        return 0;
    error = errno;
    child_report(common, task, SPAWN_DIR, error);
    if (chdir("/tmp") < 0 && chdir("/") < 0)
        return error;
    return error;
}

/* What a task was bound to: the line has a hole for the pid. */
static void child_tell_bind(const char *note)
{
    struct child_line line = { .len = 0 };

    if (!note)
        return;
    line_add(&line, note);
    line_add_number(&line, (unsigned)getpid());
    line_add(&line, strchr(note, '\0') + 1); /* what follows the pid */
    line_write(&line);
}

static void child_tell_chdir(const struct order *o, int error)
{
    struct child_line line = { .len = 0 };

    line_add(&line, "slurmstepd: error: couldn't chdir to `");
    line_add(&line, o->work_dir);
    line_add(&line, "': ");
    line_add(&line, error_words(error));
    line_add(&line, ": going to /tmp instead\n");
    line_write(&line);
}

static void child_tell_exec(const char *program, int error)
{
    struct child_line line = { .len = 0 };

    line_add(&line, "slurmstepd: error: execve(): ");
    line_add(&line, program);
    line_add(&line, ": ");
    line_add(&line, error_words(error));
    line_add(&line, "\n");
    line_write(&line);
}

/* Look for the program as execvp() does, in the task's own PATH, without taking memory. */
static void child_exec(char *const *argv, char *const *env)
{
    const char *path = "/usr/local/bin:/usr/bin:/bin";
    int error = ENOENT;
    char full[4096];
    size_t len = strlen(argv[0]);

    if (strchr(argv[0], '/')) {
        execve(argv[0], argv, env);
        return;
    }
    for (char *const *e = env; *e; e++)
        if (!strncmp(*e, "PATH=", 5))
            path = *e + 5;
    while (len && *path) {
        size_t dir = strcspn(path, ":");

        if (dir + len + 2 <= sizeof full) {
            memcpy(full, path, dir);
            if (dir)
                full[dir] = '/';
            memcpy(full + dir + (dir > 0), argv[0], len + 1);
            execve(full, argv, env);
            if (errno == EACCES) /* a folder that cannot be looked into has no program for us */
                error = faccessat(AT_FDCWD, full, F_OK, AT_EACCESS) == 0 ? EACCES : error;
            else if (errno != ENOENT && errno != ENOTDIR) {
                error = errno;
                break;
            }
        }
        path += dir + (path[dir] == ':');
    }
    errno = error;
}

_Noreturn static void task_child(const struct spawn_common *common, uint32_t task, const struct spawn_fds *fds,
                                 bool in_cgroup)
{
    const struct order *o = common->order;
    struct order_task *t = &o->tasks[task]; /* ours alone since the fork */
    int given_in = fds->tty >= 0 ? fds->tty : fds->in, chdir_error;

    if (child_enter_cgroup(common, in_cgroup) < 0)
        child_fail(common, task, SPAWN_CGROUP);
    child_reset_signals();
    if (setsid() < 0 || (fds->tty >= 0 && ioctl(fds->tty, TIOCSCTTY, 0) < 0))
        child_fail(common, task, SPAWN_SESSION);
    if (child_limits(common) < 0)
        child_fail(common, task, SPAWN_LIMITS);
    if (become_user(&common->who) < 0)
        child_fail(common, task, SPAWN_BECOME);
    /* After the change of identity, which clears it: a task does not outlive its shepherd. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != common->monitor)
        _exit(1);
    umask(o->umask);
    chdir_error = child_chdir(common, task);
    if (open_stream(&t->in, given_in, STDIN_FILENO) < 0)
        child_fail(common, task, SPAWN_STDIN);
    if (open_stream(&t->out, fds->tty >= 0 ? fds->tty : fds->out, STDOUT_FILENO) < 0)
        child_fail(common, task, SPAWN_STDOUT);
    if (open_stream(&t->err, fds->tty >= 0 ? fds->tty : fds->err, STDERR_FILENO) < 0)
        child_fail(common, task, SPAWN_STDERR);
    if (chdir_error)
        child_tell_chdir(o, chdir_error);
    if (t->bound && sched_setaffinity(0, sizeof t->cpus, &t->cpus) < 0)
        child_fail(common, task, SPAWN_BIND);
    if (t->mem_mode >= 0)
        membind_apply(t->mem_mode, t->mem_nodes);
    child_tell_bind(t->bind_note);
    child_tell_bind(t->mem_note);
    if (t->gpu_note) {
        struct child_line line = { .len = 0 };

        line_add(&line, t->gpu_note);
        line_write(&line);
    }
    jobenv_put_pid(t->env, getpid());
    child_close_from(STDERR_FILENO + 1);
    if ((chdir_error = task_prologs_run(o, t)))
        _exit(chdir_error);
    if (fds->keep >= 0 && (fds->keep == fds->keep_as ? fcntl(fds->keep, F_SETFD, 0)
                                                     : dup2(fds->keep, fds->keep_as)) < 0)
        child_fail(common, task, SPAWN_EXEC);
    if (o->receive_files) {
        char *argv[] = { (char *)(uintptr_t) "bramblestepd", (char *)(uintptr_t) "--receive-files", t->argv[0],
                         (char *)(uintptr_t)o->node_name, NULL };

        execve("/proc/self/exe", argv, t->env);
    } else {
        child_exec(t->argv, t->env);
    }
    chdir_error = errno;
    child_tell_exec(t->argv[0], chdir_error);
    errno = chdir_error;
    child_fail(common, task, SPAWN_EXEC);
}

pid_t task_spawn(const struct spawn_common *common, uint32_t task, const struct spawn_fds *fds)
{
    bool in_cgroup;
    pid_t pid = fork_into(common->cgroup_clone_fd, &in_cgroup);

    if (pid == 0)
        task_child(common, task, fds, in_cgroup);
    return pid;
}

_Noreturn static void epilog_child(const struct spawn_common *common, uint32_t task, const char *path, int err_fd,
                                   bool in_cgroup)
{
    char context[] = "SLURM_SCRIPT_CONTEXT=epilog_task";
    const struct order *o = common->order;
    struct order_task *t = &o->tasks[task];
    const struct order_stream *err = t->err.kind == STREAM_SAME ? &t->out : &t->err;
    char *argv[] = { (char *)(uintptr_t)path, NULL };
    int fd = err_fd, null;

    if (child_enter_cgroup(common, in_cgroup) < 0)
        _exit(1);
    child_reset_signals();
    if (setsid() < 0 || child_limits(common) < 0 || become_user(&common->who) < 0)
        _exit(1);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != common->monitor)
        _exit(1);
    umask(o->umask);
    if (chdir(o->work_dir) < 0 && chdir("/tmp") < 0)
        _exit(1);
    if (err->kind == STREAM_FILE)
        fd = open(err->path, err->flags & ~O_TRUNC, 0666);
    if ((null = open("/dev/null", O_RDWR | O_CLOEXEC)) < 0 || dup2(null, STDIN_FILENO) < 0
        || dup2(null, STDOUT_FILENO) < 0 || dup2(fd < 0 ? null : fd, STDERR_FILENO) < 0)
        _exit(1);
    order_task_setenv(t, context);
    child_close_from(STDERR_FILENO + 1);
    execve(path, argv, t->env);
    _exit(127);
}

pid_t epilog_spawn(const struct spawn_common *common, uint32_t task, const char *path, int err_fd)
{
    bool in_cgroup;
    pid_t pid = fork_into(common->cgroup_clone_fd, &in_cgroup);

    if (pid == 0)
        epilog_child(common, task, path, err_fd, in_cgroup);
    return pid;
}

pid_t helper_spawn(const struct spawn_common *common, int (*fn)(void *arg), void *arg)
{
    bool in_cgroup;
    pid_t pid = fork_into(-1, &in_cgroup);

    if (pid == 0) {
        child_reset_signals();
        if (setsid() < 0 || become_user(&common->who) < 0)
            _exit(1);
        umask(common->order->umask);
        _exit(fn(arg) < 0 ? 1 : 0);
    }
    return pid;
}
