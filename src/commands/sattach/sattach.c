/* sattach.c - the streams of a running step on this terminal, beside those of its srun.
 *
 * The controller hands the step's key to its owner; the rest is between the nodes and us, as it is
 * for srun, except that the step neither waits for us nor ends with us.
 */
#include "config.h"
#include "commands/sattach/sattach.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bramble/constants.h"
#include "client/client.h"
#include "reactor/reactor.h"
#include "srun/srun_private.h"
#include "util/error.h"
#include "util/log.h"
#include "util/mem.h"
#include "util/num.h"

enum { SATTACH_LAYOUT = 300, SATTACH_INPUT, SATTACH_OUTPUT, SATTACH_ERROR, SATTACH_PTY };

const struct show_option sattach_options[] = {
    SHOW_OPTION_AUTOCOMPLETE,
    { "error-filter", SATTACH_ERROR, OPT_ARG, NULL, "task|all", "standard error of this task only", NULL },
    SHOW_OPTION_HELP('h'),
    { "input-filter", SATTACH_INPUT, OPT_ARG, NULL, "task|all", "standard input to this task only", NULL },
    { "label", 'l', OPT_NONE, NULL, NULL, "put the task's number before each line", NULL },
    { "layout", SATTACH_LAYOUT, OPT_NONE, NULL, NULL, "print which tasks run where, attach to none", NULL },
    { "output-filter", SATTACH_OUTPUT, OPT_ARG, NULL, "task|all", "standard output of this task only", NULL },
    { "pty", SATTACH_PTY, OPT_NONE, NULL, NULL, "be the terminal of a step that has one", NULL },
    { "quiet", 'Q', OPT_NONE, NULL, NULL, "only errors", NULL },
    { "usage", 'u', OPT_NONE, NULL, NULL, "print a short list of the options", NULL },
    { "verbose", 'v', OPT_NONE, NULL, NULL, "more messages", NULL },
    SHOW_OPTION_VERSION,
};
const size_t sattach_num_options = ARRAY_SIZE(sattach_options);

struct sattach {
    struct console *con;
    struct srun run;
    bool layout;
};

static int read_filter(struct sattach *a, struct stream *stream, const char *name, const char *value)
{
    if (!strcmp(value, "all"))
        return 0;
    if (num_parse_u32(value, 0, UINT32_MAX - 1, &stream->task, "", NULL) < 0) {
        console_error(a->con, "Invalid numeric value \"%s\" for %s.", value, name);
        return -1;
    }
    stream->mode = STREAM_TASK;
    return 0;
}

static int on_option(void *arg, int letter, const char *value)
{
    struct sattach *a = arg;
    struct job_options *o = &a->run.options;

    switch (letter) {
    case SATTACH_ERROR: return read_filter(a, &a->run.err, "error-filter", value);
    case SATTACH_INPUT: return read_filter(a, &a->run.in, "input-filter", value);
    case SATTACH_OUTPUT: return read_filter(a, &a->run.out, "output-filter", value);
    case SATTACH_LAYOUT: a->layout = true; return 0;
    case SATTACH_PTY: o->pty = true; return 0;
    case 'l': o->label = true; return 0;
    case 'Q': o->quiet++; return 0;
    case 'v': o->verbose++; return 0;
    default: return 0;
    }
}

/* "12.0": the batch script and such have no streams to attach to. */
static int read_step(struct sattach *a, const char *text)
{
    CLEANUP_FREE char *job = xstrndup(text, strcspn(text, "."));
    const char *step = strchr(text, '.');

    if (step && (!strcmp(step + 1, "batch") || !strcmp(step + 1, "extern"))) {
        console_error(a->con, "%s has no streams to attach to: it writes to files, see scontrol show job %s", text, job);
        return -1;
    }
    if (!step || num_parse_u32(job, 1, UINT32_MAX, &a->run.job_id, "", NULL) < 0
        || num_parse_u32(step + 1, 0, UINT32_MAX, &a->run.step_id, "", NULL) < 0) {
        console_error(a->con, "Failed to parse stepid from command line options");
        puts("Usage: sattach [options] <jobid.stepid>");
        return -1;
    }
    return 0;
}

static void print_layout(const Wire__StepLayout *layout)
{
    printf("Job step layout:\n\t%u tasks, %zu nodes (%s)\n\n", layout->num_tasks, layout->n_nodes,
           layout->node_list ? layout->node_list : "");
    for (size_t i = 0; i < layout->n_nodes && i < layout->n_tasks; i++) {
        printf("\tNode %zu (%s), %zu task(s): ", i, layout->nodes[i]->name, layout->tasks[i]->n_gtids);
        for (size_t t = 0; t < layout->tasks[i]->n_gtids; t++)
            printf("%u ", layout->tasks[i]->gtids[t]);
        putchar('\n');
    }
}

static int check_filters(struct sattach *a, uint32_t num_tasks)
{
    const struct stream *const streams[] = { &a->run.in, &a->run.out, &a->run.err };
    static const char *const names[] = { "input", "output", "error" };

    for (size_t i = 0; i < ARRAY_SIZE(streams); i++)
        if (streams[i]->mode == STREAM_TASK && streams[i]->task >= num_tasks) {
            console_error(a->con, "Task %u of --%s-filter is not of this step: it has %u tasks", streams[i]->task,
                          names[i], num_tasks);
            return -1;
        }
    return 0;
}

/* Ctrl-C and its kin: leave the step as it is. */
static void on_detach(void *arg, int signum)
{
    struct srun *s = arg;
    uint32_t rows, cols;

    if (signum == SIGWINCH) {
        if (s->options.pty && terminal_size(&rows, &cols))
            nodes_window(s, rows, cols);
        return;
    }
    srun_say(s, "detached from StepId=%u.%u: it goes on", s->job_id, s->step_id);
    srun_leave(s, 128 + signum);
}

static int attach(struct srun *s, const Wire__StepReply *reply)
{
    static const int watched[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH };
    struct error err = { 0 };
    uint32_t num_tasks = reply->layout->num_tasks;

    if (!(s->reactor = reactor_create(&err))) {
        error_log_lines(&err);
        return exit_error_code();
    }
    signal(SIGPIPE, SIG_IGN);
    signal(SIGTTIN, SIG_IGN);
    srun_timers_start(s);
    for (size_t i = 0; i < ARRAY_SIZE(watched); i++)
        s->signals[i] = reactor_signal_create(s->reactor, watched[i], on_detach, s);
    s->stage = SRUN_RUNNING;
    s->attempt = reply->attempt;
    memcpy(s->step_key, reply->step_key.data, sizeof s->step_key);
    for (s->label_width = 1; num_tasks > 10; num_tasks = (num_tasks + 9) / 10)
        s->label_width++;
    if (nodes_start(s, reply->layout, &err) < 0) {
        error_log_lines(&err);
        s->exit_code = exit_error_code();
    } else {
        srun_streams_start(s);
        reactor_run(s->reactor);
        srun_streams_stop(s);
    }
    signals_fini(s);
    reactor_settle(s->reactor);
    reactor_destroy(s->reactor);
    nodes_fini(s);
    return s->exit_code;
}

int sattach_run(struct console *con, int argc, char **argv)
{
    struct sattach a = { .con = con, .run = { .watching = true, .in_fd = -1, .out_fd = -1, .err_fd = -1 } };
    Wire__StepRequest ask = WIRE__STEP_REQUEST__INIT;
    struct error err = { 0 };
    Wire__StepReply *reply;
    int next, rc = 0;

    job_options_init(&a.run.options, CMD_SRUN);
    next = options_parse(con, argc, argv, sattach_options, sattach_num_options, on_option, &a);
    if (next >= 0 && next + 1 != argc) {
        console_error(con, "too many parameters");
        puts("Usage: sattach [options] <jobid.stepid>");
        next = -1;
    }
    if (next < 0 || read_step(&a, argv[next]) < 0) {
        job_options_fini(&a.run.options);
        return next == OPTIONS_LEAVE ? 0 : exit_error_code();
    }
    ask.has_job_id = ask.has_resume_step_id = 1;
    ask.job_id = a.run.job_id;
    ask.resume_step_id = a.run.step_id;
    reply = (Wire__StepReply *)con->source->call(con->source, MSG_STEP, &ask.base, MSG_STEP_REPLY, &err);
    if (!reply) {
        if (err.code == BRE_ALREADY_DONE) /* of a step that is gone there is no more to know */
            error_set(&err, BRE_JOB_ID, "%s", error_code_text(BRE_JOB_ID));
        refusal_log("Could not get job step info", &err);
        rc = exit_error_code();
    } else if (a.layout && reply->layout) {
        print_layout(reply->layout);
    } else if (!reply->layout || reply->step_key.len != sizeof a.run.step_key) {
        console_error(con, "Could not get job step info: the controller's answer is not complete");
        rc = exit_error_code();
    } else if (check_filters(&a, reply->layout->num_tasks) < 0) {
        rc = exit_error_code();
    } else {
        rc = attach(&a.run, reply);
    }
    mem_wipe(a.run.step_key, sizeof a.run.step_key);
    rpc_msg_free((ProtobufCMessage *)reply);
    job_options_fini(&a.run.options);
    return rc;
}
