/* step.c - the shepherd's life as a list of what it is made of. */
#include "config.h"
#include "bramblestepd/step_private.h"

#include "util/log.h"
#include "util/mem.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#define ORDER_WAIT_MS 30000

static void on_sigchld(void *arg, int signum)
{
    (void)signum;
    step_reap(arg);
}

static void on_no_order(void *arg)
{
    struct step *s = arg;

    if (s->phase != PHASE_WAITING)
        return;
    log_error("no order within %d s", ORDER_WAIT_MS / 1000);
    reactor_stop(s->reactor, 1);
}

struct step *step_create(struct reactor *r, int agent_fd, struct error *err)
{
    struct step *s = xcalloc(1, sizeof *s);

    s->reactor = r;
    s->folder_fd = s->listen_fd = s->link_fd = s->report_fd = -1;
    /* Whoever daemonises becomes our child and is found. */
    if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
        log_warning("cannot become a subreaper");
    s->idle_timer = reactor_timer_create(r, on_no_order, s);
    s->sigchld = reactor_signal_create(r, SIGCHLD, on_sigchld, s);
    if (step_agent_open(s, agent_fd, err) < 0) {
        step_destroy(s);
        return NULL;
    }
    reactor_timer_start(s->idle_timer, ORDER_WAIT_MS, 0);
    return s;
}

void step_destroy(struct step *s)
{
    if (!s)
        return;
    step_agent_close(s);
    step_io_close(s);
    reactor_signal_close(s->sigchld);
    reactor_timer_close(s->idle_timer);
    reactor_timer_close(s->kill_timer);
    reactor_timer_close(s->poll_timer);
    reactor_timer_close(s->memory_timer);
    tasks_usage_stop(s);
    reactor_timer_close(s->epilog_timer);
    reactor_fd_close(s->report_watch);
    if (s->report_fd >= 0)
        close(s->report_fd);
    cgroup_free(s->cgroup);
    cgroup_free(s->io_cgroup);
    free(s->common.who.scratch);
    free(s->tasks);
    free(s->task_usage);
    free(s->task_fds);
    order_destroy(s->order);
    free(s);
}

struct procs step_procs(const struct step *s)
{
    return (struct procs){ .cgroup = s->cgroup, .self = getpid(), .spare = { s->io_pid, s->helper_pid } };
}
