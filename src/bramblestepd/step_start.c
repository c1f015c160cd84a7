/* step_start.c - from the order to running tasks. */
#include "config.h"
#include "bramblestepd/step_private.h"

#include "util/log.h"
#include "util/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SETUP_MS 60000
#define MEMORY_POLL_MS 1000

static void send_started(struct step *s, const struct error *err)
{
    Wire__ShepherdStarted reply = WIRE__SHEPHERD_STARTED__INIT;

    reply.has_code = true;
    reply.code = err ? (uint32_t)err->code : 0;
    if (err)
        reply.text = (char *)(uintptr_t)err->text;
    reply.has_pid = true;
    reply.pid = (uint32_t)getpid();
    if (s->agent)
        rpc_conn_send(s->agent, MSG_SHEP_STARTED, 0, &reply.base);
}

/* Is this process itself shielded from the OOM killer? Its tasks must not be. */
static bool is_oom_adjusted(void)
{
    CLEANUP_CLOSE int fd = open("/proc/self/oom_score_adj", O_RDONLY | O_CLOEXEC);
    char buf[16];
    ssize_t n = fd < 0 ? 0 : read(fd, buf, sizeof buf - 1);

    buf[n > 0 ? n : 0] = '\0';
    return strtol(buf, NULL, 10) != 0;
}

/* The step's own group, and for the i/o process one beside it: it must outlive the tasks. */
static int make_cgroups(struct step *s, struct error *err)
{
    const struct order *o = s->order;
    struct cgroup_limits limits = { .mem_mb = o->mem_mb, .cpus = o->cpus }, none = { 0 };
    char step_name[ORDER_NAME_MAX], name[ORDER_NAME_MAX + 32];

    snprintf(name, sizeof name, "%s.%u", order_name(o, step_name), o->attempt);
    s->cgroup = cgroup_create(o->cgroup, name, &limits, err);
    if (!s->cgroup && err->code)
        return -1;
    if (s->cgroup && o->needs_io) {
        snprintf(name, sizeof name, "%s.%u.io", step_name, o->attempt);
        s->io_cgroup = cgroup_create(o->cgroup, name, &none, err);
        if (!s->io_cgroup && err->code)
            return -1;
    }
    return 0;
}

static void on_memory(void *arg)
{
    struct step *s = arg;
    struct procs procs = step_procs(s);
    unsigned long rss = procs_rss_kb(&procs);
    char line[200], name[ORDER_NAME_MAX];

    if (rss > s->max_rss_kb)
        s->max_rss_kb = rss;
    if (rss / 1024 <= s->order->mem_mb || s->kill_phase)
        return;
    s->oom = true;
    snprintf(line, sizeof line, "slurmstepd: error: StepId=%s exceeded memory limit (%lu > %llu MiB), being killed",
             order_name(s->order, name), rss / 1024, (unsigned long long)s->order->mem_mb);
    step_tell(s, line);
    step_kill(s, NULL, 0, false);
}

static void on_setup_late(void *arg)
{
    struct step *s = arg;

    if (s->phase == PHASE_SETUP)
        step_launch_failed(s, "the step's i/o process did not get ready in time");
}

/* Rlimits, groups and cgroup of every task: prepared once. */
static void prepare_common(struct step *s)
{
    struct order *o = s->order;

    s->common.order = o;
    s->common.who = (struct become){ .uid = o->uid, .gid = o->gid, .gids = o->gids, .num_gids = o->num_gids };
    s->common.who.scratch = xcalloc(o->num_gids + 1, sizeof(gid_t));
    s->common.num_cgroup_fds = cgroup_enter_fds(s->cgroup, s->common.cgroup_fds);
    s->common.cgroup_clone_fd = cgroup_clone_fd(s->cgroup);
    s->common.reset_oom = is_oom_adjusted();
    s->common.monitor = getpid();
    s->common.report_fd = -1;
}

void step_begin(struct step *s, const Wire__ShepherdStart *start)
{
    struct error err = { 0 };

    if (!(s->order = order_create(start, &err)) || step_listen(s, &err) < 0 || make_cgroups(s, &err) < 0) {
        send_started(s, &err);
        rpc_conn_close(s->agent);
        return;
    }
    s->tasks = xcalloc(s->order->num_tasks, sizeof *s->tasks);
    s->task_usage = xcalloc(s->order->num_tasks, sizeof *s->task_usage);
    s->task_fds = xcalloc(s->order->num_tasks, sizeof *s->task_fds);
    for (uint32_t i = 0; i < s->order->num_tasks; i++) {
        s->task_fds[i] = (struct spawn_fds){ -1, -1, -1, -1, -1, -1 };
        s->tasks[i].epilog_err = -1;
    }
    prepare_common(s);
    s->suspended = start->launch && start->launch->suspended;
    s->phase = PHASE_SETUP;
    reactor_timer_stop(s->idle_timer);
    send_started(s, NULL);
    if (!s->order->needs_io) {
        step_spawn_tasks(s);
        return;
    }
    reactor_timer_close(s->idle_timer);
    s->idle_timer = reactor_timer_create(s->reactor, on_setup_late, s);
    reactor_timer_start(s->idle_timer, SETUP_MS, 0);
    if (step_io_start(s, &err) < 0)
        step_launch_failed(s, err.text);
}

/* What the children say between fork and exec. */
void step_read_reports(struct step *s)
{
    struct spawn_report report;
    ssize_t n;

    if (s->report_fd < 0)
        return;
    while ((n = read(s->report_fd, &report, sizeof report)) == (ssize_t)sizeof report) {
        const struct order *o = s->order;
        const struct order_task *t;
        const char *path = "";
        char name[ORDER_NAME_MAX], line[ERROR_TEXT_MAX];

        if (report.task >= o->num_tasks)
            continue;
        t = &o->tasks[report.task];
        if (report.stage == SPAWN_STDIN && t->in.path)
            path = t->in.path;
        else if (report.stage == SPAWN_STDOUT && t->out.path)
            path = t->out.path;
        else if (report.stage == SPAWN_STDERR && t->err.path)
            path = t->err.path;
        else if (report.stage == SPAWN_DIR)
            path = o->work_dir;
        else if (report.stage == SPAWN_EXEC)
            path = t->argv[0];
        snprintf(line, sizeof line, "%s %s: %s", spawn_stage_text((enum spawn_stage)report.stage), path,
                 strerror(report.error));
        log_info("step %s: task %u: %s", order_name(o, name), t->gtid, line);
        if (report.stage == SPAWN_DIR)
            continue; /* it runs, in /tmp */
        s->tasks[report.task].failed_stage = (enum spawn_stage)report.stage;
        if (!s->text[0])
            snprintf(s->text, sizeof s->text, "%s", line);
        if (report.stage != SPAWN_EXEC) {
            s->launch_failed = true;
            if (o->needs_io) { /* it has no standard error of its own to say it on */
                char told[ERROR_TEXT_MAX + 32];

                snprintf(told, sizeof told, "slurmstepd: error: %s", line);
                step_io_send(s, LINK_TEXT, 0, 0, told, strlen(told));
            }
        }
    }
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    reactor_fd_close(s->report_watch); /* every task has executed its program, or has ended */
    s->report_watch = NULL;
    close(s->report_fd);
    s->report_fd = -1;
}

static void on_report(void *arg, int events, int status)
{
    (void)events;
    (void)status;
    step_read_reports(arg);
}

static int open_report(struct step *s)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
        return -1;
    s->report_fd = ends[0];
    s->common.report_fd = ends[1];
    s->report_watch = reactor_fd_create(s->reactor, s->report_fd, on_report, s);
    return s->report_watch ? reactor_fd_watch(s->report_watch, REACTOR_READ) : -1;
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

void step_close_fds(struct spawn_fds *fds)
{
    close_fd(&fds->in);
    close_fd(&fds->out);
    close_fd(&fds->err);
    close_fd(&fds->tty);
    close_fd(&fds->keep);
}

void step_spawn_tasks(struct step *s)
{
    struct order *o = s->order;
    char name[ORDER_NAME_MAX];

    reactor_timer_stop(s->idle_timer);
    if (open_report(s) < 0) {
        step_launch_failed(s, "no pipe for the tasks");
        return;
    }
    s->phase = PHASE_RUNNING;
    step_note(s, 5, "debug:  node %s, cgroup %s, CPUs %s, launcher %s, memory %llu MiB", o->node_name, o->cgroup, o->cpus,
              o->launcher, (unsigned long long)o->mem_mb);
    step_note(s, 3, "starting %u tasks", o->num_tasks);
    for (uint32_t i = 0; i < o->num_tasks; i++) {
        struct spawn_fds *fds = &s->task_fds[i];
        struct step_task *t = &s->tasks[i];
        pid_t pid = task_spawn(&s->common, i, fds);

        step_epilog_keep(s, i, fds);
        step_close_fds(fds);
        t->started = true;
        if (pid < 0) {
            snprintf(s->text, sizeof s->text, "cannot fork task %u: %s", o->tasks[i].gtid, strerror(errno));
            log_error("step %s: %s", order_name(o, name), s->text);
            t->ended = true;
            t->status = 1 << 8;
            s->launch_failed = true;
            continue;
        }
        t->pid = pid;
        s->num_alive++;
        step_note(s, 3, "task %u (%d) started", o->tasks[i].gtid, (int)pid);
        if (o->needs_io)
            step_io_send(s, LINK_STARTED, i, (uint32_t)pid, NULL, 0);
    }
    close(s->common.report_fd);
    s->common.report_fd = -1;
    if (!o->task_epilog && !o->user_task_epilog) /* they enter too */
        cgroup_close_enter(s->cgroup);
    log_debug(DBG_STEP, "step %s: %u tasks started", order_name(o, name), s->num_alive);
    if (o->mem_mb && !cgroup_limits_memory(s->cgroup)) {
        s->memory_timer = reactor_timer_create(s->reactor, on_memory, s);
        reactor_timer_start(s->memory_timer, MEMORY_POLL_MS, MEMORY_POLL_MS);
    }
    tasks_usage_start(s);
    if (s->launch_failed)
        step_kill(s, NULL, 0, false);
    else if (s->suspended)
        step_suspend(s, true);
    step_reap(s);
}

void step_launch_failed(struct step *s, const char *text)
{
    struct order *o = s->order;
    char line[ERROR_TEXT_MAX + 64], name[ORDER_NAME_MAX];

    if (!s->text[0])
        snprintf(s->text, sizeof s->text, "%s", text);
    log_error("step %s: %s", order_name(o, name), text);
    snprintf(line, sizeof line, "slurmstepd: error: %s", text);
    s->launch_failed = true;
    for (uint32_t i = 0; i < o->num_tasks; i++)
        if (!s->tasks[i].started) {
            s->tasks[i].started = s->tasks[i].ended = true;
            s->tasks[i].status = 1 << 8;
        }
    for (uint32_t i = 0; i < o->num_tasks && s->phase == PHASE_SETUP; i++)
        step_close_fds(&s->task_fds[i]);
    if (s->io_pid)
        step_io_send(s, LINK_TEXT, 0, 0, line, strlen(line));
    if (s->phase < PHASE_CLEARING)
        step_check_clear(s);
}
