/* srun.c - what becomes of a run: its end, its timers, and who takes part in its streams. */
#include "config.h"
#include "srun_private.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/client.h"
#include "conf/client.h"
#include "reactor/reactor.h"
#include "util/error.h"
#include "util/log.h"
#include "util/mem.h"

#define GOODBYE_MS 5000 /* every node is done: how long the controller may take to say so too */
#define CANCEL_MS 2000 /* for the answer to a cancel */
#define STRAGGLER_MS 2000 /* the step is over: how long a node may take to deliver its last output */

void srun_say(const struct srun *s, const char *fmt, ...)
{
    char text[4096];
    va_list ap;

    if (s->options.quiet)
        return;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    log_info("%s", text);
}

void srun_leave(struct srun *s, int code)
{
    if (s->stage == SRUN_DONE)
        return;
    s->exit_code = code;
    if (s->own_job && s->inside && !s->completing && !s->revoked && ctl_link_is_up(s->link)) {
        s->completing = s->leaving = true; /* back here when the controller has heard it */
        request_complete(s);
        reactor_timer_start(s->exit_timer, CANCEL_MS, 0);
        return;
    }
    s->stage = SRUN_DONE;
    nodes_close(s);
    reactor_stop(s->reactor, 0);
}

void srun_cancel_and_leave(struct srun *s, int code)
{
    if (s->stage == SRUN_DONE || s->leaving)
        return;
    s->leaving = true;
    s->exit_code = code;
    if (!ctl_link_is_up(s->link)) {
        srun_leave(s, code);
        return;
    }
    if (s->job_id) /* else when the answer names the job */
        request_cancel(s);
    reactor_timer_start(s->exit_timer, CANCEL_MS, 0);
}

static void leave_normally(struct srun *s)
{
    int code = exits_code(s);

    exits_flush(s);
    if (s->num_exited < s->num_tasks && !s->aborting && !s->launch_failed) {
        exits_print_lost(s);
        if (!s->exit_code)
            s->exit_code = 1;
    }
    if (s->killing_signal && !s->aborting && !s->revoked)
        srun_say(s, "Force Terminated StepId=%u.%u", s->job_id, s->step_id);
    srun_leave(s, code ? code : s->exit_code);
}

void srun_check_end(struct srun *s)
{
    bool nodes_done;

    if (s->stage != SRUN_RUNNING || s->leaving || nest_runs(s))
        return;
    nodes_done = nodes_all_done(s);
    if (s->watching && nodes_done) {
        exits_flush(s);
        srun_leave(s, s->exit_code ? s->exit_code : exits_code(s));
    }
    if (s->watching)
        return;
    if (nodes_done && s->step_ended) {
        leave_normally(s);
    } else if ((nodes_done || s->step_ended) && !s->aborting && !reactor_timer_active(s->exit_timer)) {
        ctl_link_set_patience(s->link, GOODBYE_MS);
        reactor_timer_start(s->exit_timer, nodes_done ? GOODBYE_MS : STRAGGLER_MS, 0);
    }
}

static void on_exit_timer(void *arg)
{
    struct srun *s = arg;

    if (s->leaving) {
        srun_leave(s, s->exit_code);
        return;
    }
    if (s->aborting && !nodes_all_done(s))
        log_error("Timed out waiting for job step to complete");
    leave_normally(s);
}

static void on_flush_timer(void *arg)
{
    exits_flush(arg);
}

/* --wait: the first task is gone for so long that the others must follow.  Before there are tasks
 * the timer is that of --immediate. */
static void on_wait_timer(void *arg)
{
    struct srun *s = arg;

    if (s->stage == SRUN_PENDING) { /* --immediate */
        log_error("Unable to allocate resources: %s: not within %u s", error_code_text(BRE_NODES_BUSY),
                  s->options.immediate_sec);
        srun_cancel_and_leave(s, exit_immediate_code());
        return;
    }
    if (s->num_exited >= s->num_tasks || s->aborting)
        return;
    exits_flush(s);
    srun_say(s, "First task exited %us ago", s->options.wait_sec);
    exits_print_states(s);
    srun_terminate_step(s);
}

/* The step is being ended, by us or by others: wait as long as that may take, no longer. */
void srun_abort_wait(struct srun *s)
{
    if (s->aborting)
        return;
    s->aborting = true;
    srun_say(s, "Job step aborted: Waiting up to %u seconds for job step to finish.", s->abort_sec);
    reactor_timer_start(s->exit_timer, (uint64_t)s->abort_sec * 1000, 0);
}

void srun_terminate_step(struct srun *s)
{
    if (s->stage != SRUN_RUNNING || s->aborting)
        return;
    srun_say(s, "launch/slurm: _step_signal: Terminating StepId=%u.%u", s->job_id, s->step_id);
    request_cancel(s);
    srun_abort_wait(s);
}

void srun_force_end(struct srun *s)
{
    if (s->stage != SRUN_RUNNING || s->aborting)
        return;
    log_info("forcing job termination");
    request_cancel(s);
    srun_abort_wait(s);
}

static void on_drain(void *arg)
{
    nodes_give_credit(arg);
}

/* Nobody reads our output any more: the tasks learn it as if they had written themselves. */
static void on_broken(void *arg)
{
    struct srun *s = arg;

    if (s->stream_broken)
        return;
    s->stream_broken = true;
    nodes_signal(s, SIGPIPE);
}

static bool goes_through_us(const struct stream *stream)
{
    return stream->mode == STREAM_ALL || stream->mode == STREAM_TASK || stream->mode == STREAM_LOCAL;
}

void srun_streams_start(struct srun *s)
{
    if (goes_through_us(&s->out))
        s->out_sink = outlet_create(s->reactor, s->out_fd >= 0 ? s->out_fd : STDOUT_FILENO, on_drain, on_broken, s);
    if (s->err.mode == STREAM_LOCAL && s->err_fd == s->out_fd)
        s->err_sink = s->out_sink;
    else if (goes_through_us(&s->err))
        s->err_sink = outlet_create(s->reactor, s->err_fd >= 0 ? s->err_fd : STDERR_FILENO, on_drain, on_broken, s);
    if (s->options.pty)
        terminal_raw(s);
    input_start(s);
}

void srun_streams_stop(struct srun *s)
{
    input_fini(s);
    terminal_restore(s);
    if (s->err_sink != s->out_sink)
        outlet_destroy(s->err_sink);
    outlet_destroy(s->out_sink);
    s->err_sink = s->out_sink = NULL;
}

void srun_timers_start(struct srun *s)
{
    s->exit_timer = reactor_timer_create(s->reactor, on_exit_timer, s);
    s->flush_timer = reactor_timer_create(s->reactor, on_flush_timer, s);
    s->wait_timer = reactor_timer_create(s->reactor, on_wait_timer, s);
}

int srun_run(struct srun *s)
{
    struct rpc_target target;
    struct error err = { 0 };
    uint64_t patience = s->options.msg_timeout_sec == OPT_UNSET ? CONTROLLER_WAIT_MS
                                                                : (uint64_t)s->options.msg_timeout_sec * 1000;

    if (client_target_load(&target, &err) < 0 || request_prepare(s, &err) < 0
        || !(s->reactor = reactor_create(&err))) {
        refusal_log(s->inside ? "Unable to create step" : "Unable to allocate resources", &err);
        return exit_error_code();
    }
    srun_timers_start(s);
    signals_start(s);
    s->link = ctl_link_create(s->reactor, &target, patience, &srun_link_ops, s);
    reactor_run(s->reactor);
    srun_streams_stop(s);
    if (ctl_link_is_gone(s->link)) {
        fflush(NULL);
        _exit(s->exit_code);
    }
    signals_fini(s);
    ctl_link_destroy(s->link);
    reactor_settle(s->reactor);
    reactor_destroy(s->reactor);
    return s->exit_code;
}
