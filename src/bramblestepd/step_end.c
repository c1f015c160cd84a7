/* step_end.c - signals, the ending of processes, and what is left to say when they are gone. */
#include "config.h"
#include "bramblestepd/step_private.h"

#include "bramblestepd/io/io.h"
#include "bramble/constants.h"
#include "util/log.h"
#include "util/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CLEAR_POLL_MS 20
#define ABORT_WAIT_MS 1000 /* between TERM and KILL when a rank has failed: the step ends within 2 s */
#define STATUS_NO_STDIO 53 /* what Slurm shows for a task whose files cannot be opened: ExitCode 0:53 */
#define LEFT_MAX 64

static void add_time(struct timeval *sum, struct timeval t)
{
    timeradd(sum, &t, sum);
}

static void add_usage(struct step *s, const struct rusage *ru, uint32_t gtid)
{
    add_time(&s->usage.ru_utime, ru->ru_utime);
    add_time(&s->usage.ru_stime, ru->ru_stime);
    s->usage.ru_inblock += ru->ru_inblock;
    s->usage.ru_oublock += ru->ru_oublock;
    if ((unsigned long)ru->ru_maxrss > s->max_rss_kb) {
        s->max_rss_kb = (unsigned long)ru->ru_maxrss;
        s->max_rss_task = gtid;
    }
}

/* A line for the user where the step has no i/o process: appended as the user, who can name the file. */
static int append_line(void *arg)
{
    char *const *path_and_line = arg;
    int fd = open(path_and_line[0], O_WRONLY | O_APPEND | O_CREAT | O_NOCTTY | O_NONBLOCK | O_CLOEXEC, 0666);

    return fd < 0 || write(fd, path_and_line[1], strlen(path_and_line[1])) < 0 ? -1 : 0;
}

void step_tell(struct step *s, const char *line)
{
    const struct order_task *t = &s->order->tasks[0];
    const struct order_stream *stream = t->err.kind == STREAM_SAME ? &t->out : &t->err;
    char text[LINK_BODY_MAX / 16];
    char *path_and_line[2] = { (char *)(uintptr_t)stream->path, text };

    snprintf(text, sizeof text, "%s\n", line);
    if (s->order->needs_io)
        step_io_send(s, LINK_TEXT, 0, 0, line, strlen(line));
    else if (stream->kind == STREAM_FILE && !s->helper_pid && s->phase >= PHASE_RUNNING)
        s->helper_pid = helper_spawn(&s->common, append_line, path_and_line);
    if (s->helper_pid < 0)
        s->helper_pid = 0;
}

void step_note(struct step *s, unsigned level, const char *fmt, ...)
{
    char line[1024] = "slurmstepd: ";
    size_t len = strlen(line);
    va_list ap;

    if (s->order->batch || s->order->debug < level)
        return;
    va_start(ap, fmt);
    vsnprintf(line + len, sizeof line - len, fmt, ap);
    va_end(ap);
    step_tell(s, line);
}

static void cancel_line(struct step *s, const char *reason)
{
    char line[ERROR_TEXT_MAX + 200], name[ORDER_NAME_MAX], now_text[64];
    const struct order *o = s->order;
    time_t now = time(NULL);
    struct tm tm;

    if (!reason) {
        localtime_r(&now, &tm);
        strftime(now_text, sizeof now_text, "CANCELLED AT %Y-%m-%dT%H:%M:%S", &tm);
        reason = now_text;
    }
    if (o->batch)
        snprintf(line, sizeof line, "slurmstepd: error: *** JOB %u ON %s %s ***", o->job_id, o->node_name, reason);
    else
        snprintf(line, sizeof line, "slurmstepd: error: *** STEP %s ON %s %s ***", order_name(o, name),
                 o->node_name, reason);
    step_tell(s, line);
}

void step_signal(struct step *s, int signum, bool batch_only)
{
    struct procs procs = step_procs(s);

    if (s->phase != PHASE_RUNNING || signum <= 0 || signum >= NSIG)
        return;
    if (batch_only && s->tasks[0].pid > 0)
        kill(s->tasks[0].pid, signum); /* our child, not reaped yet: the number is its own */
    else if (!batch_only)
        procs_signal(&procs, signum);
}

void step_suspend(struct step *s, bool stop)
{
    struct procs procs = step_procs(s);

    s->suspended = stop;
    if (s->phase != PHASE_RUNNING || s->kill_phase != KILL_NONE)
        return;
    if (stop)
        procs_stop(&procs);
    else
        procs_signal(&procs, SIGCONT);
}

static void poll_soon(struct step *s);

static void send_kill(struct step *s)
{
    struct procs procs = step_procs(s);

    s->kill_phase = KILL_KILL;
    if (!s->kill_began_ms)
        s->kill_began_ms = reactor_now_ms(s->reactor);
    procs_kill(&procs);
    poll_soon(s);
}

static void on_kill_wait(void *arg)
{
    struct step *s = arg;

    if (s->phase <= PHASE_RUNNING && s->kill_phase == KILL_TERM)
        send_kill(s);
}

void step_kill(struct step *s, const char *reason, uint64_t wait_ms, bool by_order)
{
    struct procs procs;

    if (s->phase == PHASE_DRAINING && by_order && s->io_pid > 0)
        kill(s->io_pid, SIGTERM); /* srun does not read: what it has not taken is lost */
    if (s->phase > PHASE_RUNNING || s->phase == PHASE_WAITING)
        return;
    if (s->kill_phase == KILL_KILL || (s->kill_phase == KILL_TERM && wait_ms))
        return;
    s->killed_by_order |= by_order;
    step_io_send(s, LINK_ENDING, 0, 0, NULL, 0);
    if (by_order && s->kill_phase == KILL_NONE)
        cancel_line(s, reason);
    if (s->phase == PHASE_SETUP) {
        for (uint32_t i = 0; i < s->order->num_tasks; i++)
            step_close_fds(&s->task_fds[i]);
        for (uint32_t i = 0; i < s->order->num_tasks; i++) {
            s->tasks[i].started = s->tasks[i].ended = true;
            s->tasks[i].status = SIGTERM;
        }
        s->kill_phase = KILL_KILL;
        step_check_clear(s);
        return;
    }
    if (!s->kill_timer)
        s->kill_timer = reactor_timer_create(s->reactor, on_kill_wait, s);
    if (!wait_ms) {
        send_kill(s);
        return;
    }
    s->kill_phase = KILL_TERM;
    procs = step_procs(s); /* after the line for the user was begun: its writer is none of them */
    procs_signal(&procs, SIGCONT);
    procs_signal(&procs, SIGTERM);
    reactor_timer_start(s->kill_timer, wait_ms, 0);
}

void step_abort(struct step *s, uint32_t gtid, const char *text)
{
    char line[ERROR_TEXT_MAX + 32];

    if (s->aborted || s->phase > PHASE_RUNNING)
        return;
    s->aborted = true;
    if (!s->text[0])
        snprintf(s->text, sizeof s->text, "%s", text);
    snprintf(line, sizeof line, "slurmstepd: error: %s", text);
    step_tell(s, line);
    step_io_send(s, LINK_ABORT, gtid, 1, text, strlen(text)); /* the other nodes' shepherds */
    step_send_status(s);
    step_kill(s, NULL, ABORT_WAIT_MS, false);
}

static void task_ended(struct step *s, uint32_t task, int status, const struct rusage *ru)
{
    struct step_task *t = &s->tasks[task];

    t->pid = 0;
    t->status = status;
    if (t->failed_stage == SPAWN_STDIN || t->failed_stage == SPAWN_STDOUT || t->failed_stage == SPAWN_STDERR)
        t->status = STATUS_NO_STDIO;
    add_usage(s, ru, s->order->tasks[task].gtid);
    tasks_usage_ended(s, task, ru);
    if (!step_epilog_begin(s, task))
        step_task_over(s, task);
}

void step_task_over(struct step *s, uint32_t task)
{
    struct step_task *t = &s->tasks[task];
    const struct order *o = s->order;
    uint32_t gtid = o->tasks[task].gtid;
    char line[ERROR_TEXT_MAX], name[ORDER_NAME_MAX];
    int status = t->status;

    t->ended = true;
    s->num_alive--;
    order_name(o, name);
    log_debug(DBG_STEP, "step %s: task %u ended with status 0x%x", name, gtid, (unsigned)status);
    if (WIFSIGNALED(status))
        step_note(s, 3, "task %u exited. Killed by signal %d.", gtid, WTERMSIG(status));
    else
        step_note(s, 3, "task %u exited with exit code %d.", gtid, WEXITSTATUS(status));
    if (o->needs_io)
        step_io_send(s, LINK_EXITED, task, (uint32_t)t->status, NULL, 0);
    if (!t->status || s->kill_phase || o->batch
        || !(o->kill_on_bad_exit || (t->failed_stage && t->failed_stage != SPAWN_EXEC)))
        return;
    if (WIFSIGNALED(t->status))
        snprintf(line, sizeof line, "%s: task %u was killed by signal %d (%s): step %s is ended",
                 o->node_name, gtid, WTERMSIG(t->status), strsignal(WTERMSIG(t->status)), name);
    else
        snprintf(line, sizeof line, "%s: task %u exited with exit code %d: step %s is ended",
                 o->node_name, gtid, WEXITSTATUS(t->status), name);
    step_abort(s, gtid, line);
}

/* Wait for whoever has ended: tasks, the i/o process, helpers, and orphans that came to us. */
void step_reap(struct step *s)
{
    struct rusage ru;
    int status;
    pid_t pid;

    step_read_reports(s);
    while ((pid = wait4(-1, &status, WNOHANG, &ru)) > 0) {
        uint32_t task = 0;

        if (pid == s->io_pid) {
            step_io_gone(s, status);
            continue;
        }
        if (pid == s->helper_pid) {
            s->helper_pid = 0;
            continue;
        }
        if (s->order && step_epilog_reaped(s, pid, status))
            continue;
        while (s->order && task < s->order->num_tasks && s->tasks[task].pid != pid)
            task++;
        if (s->order && task < s->order->num_tasks)
            task_ended(s, task, status, &ru);
        else
            add_usage(s, &ru, s->max_rss_task);
    }
    if (s->phase == PHASE_RUNNING && !s->num_alive)
        step_check_clear(s);
    else if (s->phase == PHASE_CLEARING || s->phase == PHASE_ENDED)
        step_check_clear(s);
}

void step_exit_status(const struct step *s, uint32_t *status, uint32_t *first_failed)
{
    *status = s->launch_failed ? 1 << 8 : 0;
    *first_failed = s->order->tasks[0].gtid;
    for (uint32_t i = 0; i < s->order->num_tasks; i++)
        if (s->tasks[i].status) {
            *status = (uint32_t)s->tasks[i].status;
            *first_failed = s->order->tasks[i].gtid;
            return;
        }
}

static void on_poll(void *arg)
{
    struct step *s = arg;

    step_reap(s);
    if (s->phase == PHASE_RUNNING)
        step_check_clear(s); /* KILL was sent and a task is still there */
}

static void poll_soon(struct step *s)
{
    uint64_t waited = s->kill_began_ms ? reactor_now_ms(s->reactor) - s->kill_began_ms : 0;

    if (!s->poll_timer)
        s->poll_timer = reactor_timer_create(s->reactor, on_poll, s);
    /* Often at first, then less and less: what cannot be killed may stay for long. */
    reactor_timer_start(s->poll_timer, waited < 1000 ? CLEAR_POLL_MS : waited < 10000 ? 200 : 5000, 0);
}

static void report_stuck(struct step *s, const pid_t *pids, size_t num)
{
    size_t used;
    char name[ORDER_NAME_MAX];

    s->stuck = true;
    used = (size_t)snprintf(s->text, sizeof s->text, "step %s: processes could not be killed:", order_name(s->order, name));
    for (size_t i = 0; i < num && i < LEFT_MAX && used < sizeof s->text - 16; i++)
        used += (size_t)snprintf(s->text + used, sizeof s->text - used, " %d", (int)pids[i]);
    log_error("%s", s->text);
    for (uint32_t i = 0; i < s->order->num_tasks; i++)
        if (!s->tasks[i].ended)
            s->tasks[i].status = SIGKILL;
    s->end_time = (int64_t)time(NULL);
    s->phase = PHASE_ENDED;
    step_send_status(s);
}

static void step_ended(struct step *s)
{
    reactor_timer_stop(s->idle_timer);
    if (s->memory_timer)
        reactor_timer_stop(s->memory_timer);
    tasks_usage_stop(s);
    s->end_time = (int64_t)time(NULL);
    s->phase = PHASE_ENDED;
    step_send_status(s);
}

/* Remove the groups.  They may stay busy for a moment after the last process was waited for. */
static bool remove_cgroups(struct step *s)
{
    if (s->cgroup && cgroup_remove(s->cgroup) < 0)
        return false;
    s->cgroup = NULL;
    if (s->io_pid)
        return true; /* its group goes with it */
    if (s->io_cgroup && cgroup_remove(s->io_cgroup) < 0)
        return false;
    s->io_cgroup = NULL;
    return true;
}

void step_check_clear(struct step *s)
{
    struct procs procs = step_procs(s);
    pid_t pids[LEFT_MAX];
    size_t left = 0;

    if (s->phase == PHASE_WAITING || s->phase == PHASE_DRAINING)
        return;
    if (s->phase == PHASE_RUNNING && s->num_alive && !s->kill_began_ms)
        return;
    /* A subreaper without children has no descendants. */
    if (s->cgroup || waitid(P_ALL, 0, &(siginfo_t){ 0 }, WEXITED | WNOHANG | WNOWAIT) == 0)
        left = procs_list(&procs, pids, LEFT_MAX);
    /* --wait-for-children: whoever is left is our child by now, and its end is told by SIGCHLD. */
    if (left && !s->num_alive && s->order->wait_for_children && !s->kill_phase && s->phase == PHASE_RUNNING)
        return;
    if (left || s->num_alive || s->helper_pid) {
        uint64_t now = reactor_now_ms(s->reactor);

        if (!s->num_alive && s->phase == PHASE_RUNNING)
            s->phase = PHASE_CLEARING;
        if (!s->kill_began_ms)
            s->kill_began_ms = now;
        if (left)
            procs_kill(&procs);
        if (!left && s->helper_pid && now - s->kill_began_ms > 5000)
            kill(s->helper_pid, SIGKILL);
        if (left && s->phase != PHASE_ENDED && now - s->kill_began_ms >= 1000ull * s->order->unkillable_sec)
            report_stuck(s, pids, left < LEFT_MAX ? left : LEFT_MAX);
        poll_soon(s);
        return;
    }
    if (s->poll_timer)
        reactor_timer_stop(s->poll_timer);
    if (s->cgroup && s->phase != PHASE_ENDED && cgroup_oom_kills(s->cgroup))
        s->oom = true;
    if (s->phase != PHASE_ENDED && s->io_pid > 0) {
        uint32_t status, first;

        s->phase = PHASE_DRAINING;
        step_exit_status(s, &status, &first);
        step_io_send(s, LINK_FINISH, first, status, NULL, 0);
    } else if (s->phase != PHASE_ENDED) {
        step_ended(s);
    }
    /* Tidying comes after the news. */
    if (!remove_cgroups(s))
        poll_soon(s);
    else if (s->phase == PHASE_ENDED && s->released && !s->io_pid)
        reactor_stop(s->reactor, 0);
}

static int remove_tmp(void *arg)
{
    io_remove_tree(arg);
    return 0;
}

/* The i/o process has ended: with the tasks' end that is the end of the step. */
void step_io_gone(struct step *s, int status)
{
    char name[ORDER_NAME_MAX];

    s->io_pid = 0;
    step_io_close(s);
    if (status && strcmp(s->order->launcher, "none") != 0) /* it left its folder behind: as the user, again */
        helper_spawn(&s->common, remove_tmp, (void *)(uintptr_t)s->order->tmp_dir);
    if (s->phase == PHASE_DRAINING)
        step_ended(s);
    if (s->phase == PHASE_ENDED || s->phase == PHASE_CLEARING) {
        step_check_clear(s);
        return;
    }
    log_error("step %s: i/o process ended unasked with status 0x%x", order_name(s->order, name), (unsigned)status);
    if (s->phase == PHASE_SETUP) {
        step_launch_failed(s, "the step's i/o process died");
        return;
    }
    snprintf(s->text, sizeof s->text, "the step's i/o process died");
    s->launch_failed = true;
    s->aborted = true;
    step_send_status(s);
    step_kill(s, NULL, 0, false);
}
