/* srun.c - run a program in parallel on the nodes of an allocation, and be its terminal. */
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

    if (s->stage != SRUN_RUNNING || s->leaving)
        return;
    nodes_done = nodes_all_done(s);
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
        s->out_sink = sink_create(s->reactor, s->out_fd >= 0 ? s->out_fd : STDOUT_FILENO, on_drain, on_broken, s);
    if (s->err.mode == STREAM_LOCAL && s->err_fd == s->out_fd)
        s->err_sink = s->out_sink;
    else if (goes_through_us(&s->err))
        s->err_sink = sink_create(s->reactor, s->err_fd >= 0 ? s->err_fd : STDERR_FILENO, on_drain, on_broken, s);
    if (s->options.pty)
        terminal_raw(s);
    input_start(s);
}

static int srun_run(struct srun *s)
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
    s->exit_timer = reactor_timer_create(s->reactor, on_exit_timer, s);
    s->flush_timer = reactor_timer_create(s->reactor, on_flush_timer, s);
    s->wait_timer = reactor_timer_create(s->reactor, on_wait_timer, s);
    signals_start(s);
    s->link = ctl_link_create(s->reactor, &target, patience, &srun_link_ops, s);
    reactor_run(s->reactor);
    input_fini(s);
    terminal_restore(s);
    if (s->err_sink != s->out_sink)
        sink_destroy(s->err_sink);
    sink_destroy(s->out_sink);
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

static int prepare_program(struct srun *s, struct error *err)
{
    struct job_options *o = &s->options;
    const char *slash;

    if (!s->argc) {
        o->exit_code = EXIT_NUMBER;
        return error_set(err, BRE_INVAL, "fatal: No command given to execute.");
    }
    for (size_t i = 0; i < s->argc; i++)
        if (!strcmp(s->argv[i], ":"))
            return error_set(err, BRE_NOT_SUPPORTED,
                             "heterogeneous steps (\":\") are not supported yet: start an srun for each program");
    slash = strrchr(s->argv[0], '/');
    s->step_name = xstrdup(slash && slash[1] ? slash + 1 : s->argv[0]);
    /* The allocation's name in the environment is not the step's. */
    if (o->job_name && *o->job_name
        && !(s->inside && job_options_source(o, "job-name") == OPT_BY_ENV)) {
        free(s->step_name);
        s->step_name = xstrdup(o->job_name);
    }
    if (o->multi_prog && programs_read(s, s->argv[0], err) < 0)
        return -1;
    return 0;
}

static int srun_prepare(struct srun *s, int argc, char **argv, struct error *err)
{
    struct job_options *o = &s->options;
    uint32_t rows, cols;
    int first = argc;

    job_options_init(o, CMD_SRUN);
    if (job_options_from_env(o, err) < 0 || job_options_from_args(o, argc, argv, &first, err) < 0)
        return -1;
    if (o->help || o->usage || o->version || (o->mpi && !strcmp(o->mpi, "list")))
        return 0;
    o->exit_code = EXIT_NUMBER;
    s->inside = o->job_id != OPT_UNSET;
    s->argv = argv + first;
    s->argc = (size_t)(argc - first);
    if (prepare_program(s, err) < 0 || job_options_check(o, err) < 0)
        return -1;
    o->exit_code = exit_error_code();
    if (o->num_tasks == OPT_UNSET && !s->inside)
        o->num_tasks = 1;
    if (o->multi_prog && o->num_tasks != OPT_UNSET && programs_check(s, s->argv[0], o->num_tasks, err) < 0)
        return -1;
    if (o->mpi && *o->mpi && launcher_check(o->mpi, err) < 0)
        return -1;
    if (o->pty && !terminal_size(&rows, &cols)) {
        log_error("ioctl(TIOCGWINSZ): %s", strerror(errno));
        log_error("Not using a pseudo-terminal, disregarding --pty option");
        o->pty = false;
    }
    s->submit_line = submit_line_format(argc, argv);
    return o->test_only ? 0 : streams_read_options(s, o->num_tasks == OPT_UNSET ? UINT32_MAX : o->num_tasks, err);
}

int main(int argc, char **argv)
{
    struct srun s = { .in_fd = -1, .out_fd = -1, .err_fd = -1 };
    struct error err = { 0 };
    int rc = 0;

    log_open("srun", NULL, false);
    if (srun_prepare(&s, argc, argv, &err) < 0) {
        error_log_lines(&err);
        rc = s.options.exit_code;
    } else if (s.options.help) {
        job_options_help(CMD_SRUN, stdout);
    } else if (s.options.usage) {
        job_options_usage(CMD_SRUN, stdout);
    } else if (s.options.version) {
        version_print(stdout);
    } else if (s.options.mpi && !strcmp(s.options.mpi, "list")) {
        rc = launchers_list();
    } else {
        if (s.options.verbose)
            job_options_log_given(&s.options);
        hook_run(&s, s.options.prolog, "prolog_srun");
        rc = srun_run(&s);
        hook_run(&s, s.options.epilog, "epilog_srun");
    }
    streams_fini(&s);
    nodes_fini(&s);
    request_fini(&s);
    job_options_fini(&s.options);
    return rc;
}
