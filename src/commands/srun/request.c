/* request.c - what srun says to the controller and hears from it: allocation, step, notices. */
#include "config.h"
#include "het.h"
#include "srun_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bramble/constants.h"
#include "client/client.h"
#include "jobenv/env.h"
#include "jobenv/jobenv.h"
#include "reactor/reactor.h"
#include "util/arena.h"
#include "util/error.h"
#include "util/log.h"
#include "util/mem.h"
#include "util/timefmt.h"

extern char **environ;

int request_prepare(struct srun *s, struct error *err)
{
    struct env *env;
    int rc;

    if (!getcwd(s->cwd, sizeof s->cwd))
        return error_set(err, errno, "the current folder cannot be named: %s", strerror(errno));
    if (gethostname(s->host, sizeof s->host) < 0)
        s->host[0] = '\0';
    s->host[sizeof s->host - 1] = '\0';
    if (rlimits_collect(s->options.propagate, &s->rlimits, &s->num_rlimits, err) < 0
        || !(env = job_options_env(&s->options, environ, NULL, err)))
        return -1;
    if (!s->inside)
        env_set(env, "SLURM_SUBMIT_DIR", s->cwd);
    rc = env_pack(env, &s->env, &s->env_len, err);
    env_destroy(env);
    return rc;
}

void request_fini(struct srun *s)
{
    free(s->env);
    env_destroy(s->step_env);
    rlimits_free(s->rlimits);
    free(s->submit_line);
    free(s->step_name);
    free(s->bcast_dest);
    free(s->het_jobs);
    nest_fini(s);
    for (size_t i = 0; i < s->num_programs; i++)
        free(s->programs[i]);
    free(s->programs);
    free(s->program_lines);
}

static void fill_step(struct srun *s, Wire__StepSpec *step)
{
    job_options_step_spec(&s->options, step);
    step->name = s->step_name;
    if (!step->work_dir)
        step->work_dir = s->cwd;
    /* With --multi-prog the first word was the file; what follows goes to every program. */
    step->argv = s->argv + s->options.multi_prog;
    step->n_argv = s->argc - s->options.multi_prog;
    step->multi_prog = s->programs;
    step->n_multi_prog = s->num_programs;
    if (s->het) {
        step->has_het_group = 1;
        step->het_group = s->het->group;
        step->het_jobs = s->het_jobs;
        step->n_het_jobs = s->num_het_jobs;
    }
    step->has_env = 1;
    step->env = (ProtobufCBinaryData){ s->env_len, s->env };
    step->rlimits = s->rlimits;
    step->n_rlimits = s->num_rlimits;
    step->submit_line = s->submit_line;
    step->has_receive_files = step->receive_files = s->receive_files;
    step->std_in = stream_spec(&s->in);
    step->std_out = stream_spec(&s->out);
    step->std_err = stream_spec(&s->err);
    if (s->options.pty) {
        uint32_t rows, cols;

        if (terminal_size(&rows, &cols)) {
            step->has_pty_rows = step->has_pty_cols = 1;
            step->pty_rows = rows;
            step->pty_cols = cols;
        }
    }
}

void request_describe_job(struct srun *s, const struct job_options *options, const char *name, Wire__JobSpec *spec)
{
    job_options_job_spec(options, spec);
    if (!spec->name)
        spec->name = (char *)(uintptr_t)name;
    if (!spec->work_dir)
        spec->work_dir = s->cwd;
    spec->submit_dir = s->cwd;
    spec->submit_host = s->host;
    spec->submit_line = s->submit_line;
    spec->rlimits = s->rlimits;
    spec->n_rlimits = s->num_rlimits;
}

static int send_checked(struct srun *s, unsigned type, const ProtobufCMessage *request)
{
    struct error err = { 0 };

    if (msg_check_bounds(request, &err) < 0) {
        refusal_log(s->inside ? "Unable to create step" : "Unable to allocate resources", &err);
        srun_leave(s, exit_error_code());
        return -1;
    }
    return ctl_link_send(s->link, type, REQUEST_START, request);
}

static void send_test(struct srun *s)
{
    static const char script[] = "#!/bin/sh\n";
    uint8_t *script_bytes = (uint8_t *)(uintptr_t)script;
    Wire__SubmitRequest request = WIRE__SUBMIT_REQUEST__INIT;
    Wire__JobSpec spec = WIRE__JOB_SPEC__INIT;

    request_describe_job(s, &s->options, s->step_name, &spec);
    spec.kind = JOB_KIND_BATCH; /* when would it start: the kind makes no difference */
    request.spec = &spec;
    request.has_script = 1;
    request.script = (ProtobufCBinaryData){ strlen(script), script_bytes };
    request.has_test_only = request.test_only = 1;
    send_checked(s, MSG_SUBMIT, &request.base);
}

static void send_alloc(struct srun *s, bool resume)
{
    Wire__AllocRequest request = WIRE__ALLOC_REQUEST__INIT;
    Wire__JobSpec spec = WIRE__JOB_SPEC__INIT;
    Wire__StepSpec step = WIRE__STEP_SPEC__INIT;
    struct arena arena;

    request_describe_job(s, &s->options, s->step_name, &spec);
    fill_step(s, &step);
    arena_init(&arena, 0, 0);
    request.spec = &spec;
    if (s->nest) {
        spec.kind = JOB_KIND_SALLOC;
        s->own_job = true;
        nest_fill(s, &request, &arena);
    } else if (s->options.bcast) { /* the allocation first, then the program, then the step */
        spec.kind = JOB_KIND_SALLOC;
        s->own_job = true;
    } else {
        request.step = &step;
    }
    request.has_resume_job_id = resume;
    request.resume_job_id = s->job_id;
    request.has_as_uid = s->options.uid != OPT_UNSET;
    request.as_uid = s->options.uid;
    request.has_as_gid = s->options.gid != OPT_UNSET;
    request.as_gid = s->options.gid;
    send_checked(s, MSG_ALLOC, &request.base);
    arena_fini(&arena);
}

static void send_step(struct srun *s, bool resume)
{
    struct error err = { 0 };
    Wire__StepRequest request = WIRE__STEP_REQUEST__INIT;
    Wire__StepSpec step = WIRE__STEP_SPEC__INIT;

    if (s->options.bcast && !s->bcast_dest && bcast_run(s, &err) < 0) {
        error_log_lines(&err);
        srun_leave(s, exit_error_code());
        return;
    }
    fill_step(s, &step);
    request.has_job_id = 1;
    request.job_id = s->options.job_id;
    request.step = &step;
    request.has_het_token = s->het != NULL;
    request.het_token = s->het_token;
    request.has_resume_step_id = resume;
    request.resume_step_id = s->step_id;
    send_checked(s, MSG_STEP, &request.base);
}

/* A session stands, new or again: ask, or go on where we were. */
static void on_ready(void *arg)
{
    struct srun *s = arg;
    bool have_step = s->stage == SRUN_RUNNING || s->stage == SRUN_DONE;

    if (s->options.clusters && !s->cluster_known) {
        Wire__Empty ask = WIRE__EMPTY__INIT;

        ctl_link_send(s->link, MSG_SHOW_CONFIG, REQUEST_CLUSTER, &ask.base);
        return;
    }
    if (s->options.test_only)
        send_test(s);
    else if (s->inside)
        send_step(s, have_step);
    else
        send_alloc(s, have_step || s->stage == SRUN_PENDING);
    if (s->aborting)
        request_cancel(s);
}

void request_cancel(struct srun *s)
{
    Wire__JobControlRequest request = WIRE__JOB_CONTROL_REQUEST__INIT;
    char id[32], *ids[] = { id };

    if (s->stage == SRUN_RUNNING)
        snprintf(id, sizeof id, "%u.%u", s->job_id, s->step_id);
    else
        snprintf(id, sizeof id, "%u", s->job_id);
    request.has_action = 1;
    request.action = JOB_ACTION_CANCEL;
    request.job_ids = ids;
    request.n_job_ids = 1;
    ctl_link_send(s->link, MSG_JOB_CONTROL, REQUEST_CANCEL, &request.base);
}

void request_complete(struct srun *s)
{
    Wire__CompleteJobRequest request = WIRE__COMPLETE_JOB_REQUEST__INIT;

    request.has_job_id = request.has_exit_code = 1;
    request.job_id = s->job_id;
    request.exit_code = s->worst_set ? (uint32_t)s->worst_status : s->exit_code ? 1u << 8 : 0;
    ctl_link_send(s->link, MSG_COMPLETE_JOB, REQUEST_COMPLETE, &request.base);
}

static void step_here(struct srun *s, const Wire__StepReply *reply)
{
    struct error err = { 0 };
    uint32_t num_tasks;

    if (s->stage == SRUN_RUNNING || s->stage == SRUN_DONE)
        return; /* the answer to a resumption: it is known already */
    if (!reply->layout || reply->step_key.len != sizeof s->step_key) {
        log_error("Unable to create step: the controller's answer is not complete");
        srun_leave(s, exit_error_code());
        return;
    }
    reactor_timer_stop(s->wait_timer);
    if (s->options.immediate_sec != OPT_UNSET)
        ; /* it was not said that the job waits */
    else if (s->stage == SRUN_PENDING && !s->inside)
        srun_say(s, "job %u has been allocated resources", reply->job_id);
    else if (s->stage == SRUN_PENDING)
        srun_say(s, "Step created for job %u", reply->job_id);
    s->stage = SRUN_RUNNING;
    s->job_id = reply->job_id;
    s->step_id = reply->step_id;
    s->attempt = reply->attempt;
    s->abort_sec = (reply->has_kill_wait_sec ? reply->kill_wait_sec : 30) + 2;
    memcpy(s->step_key, reply->step_key.data, sizeof s->step_key);
    if (reply->alloc && s->options.epilog) {
        s->step_env = env_create();
        jobenv_set_step(s->step_env, reply->alloc, reply->layout, NULL, s->step_id, UINT32_MAX);
    }
    ctl_link_set_patience(s->link, UINT64_MAX);
    s->het_num_tasks = reply->het_num_tasks;
    s->het_first_task = reply->het_first_task;
    num_tasks = s->het ? s->het_num_tasks : reply->layout->num_tasks;
    for (s->label_width = 1; num_tasks > 10; num_tasks = (num_tasks + 9) / 10)
        s->label_width++;
    if (s->options.verbose)
        srun_say(s, "jobid %u: nodes(%zu):`%s', step %u.%u", s->job_id, reply->layout->n_nodes,
                 reply->layout->node_list ? reply->layout->node_list : "", s->job_id, s->step_id);
    if (s->options.async) {
        printf("StepId=%u.%u\n", s->job_id, s->step_id);
        fflush(stdout);
        srun_leave(s, 0);
        return;
    }
    if (streams_open(s, &err) < 0 || nodes_start(s, reply->layout, &err) < 0) {
        error_log_lines(&err);
        srun_cancel_and_leave(s, exit_error_code());
        return;
    }
    srun_streams_start(s);
}

static void on_alloc_reply(struct srun *s, const Wire__AllocReply *reply)
{
    if (s->stage == SRUN_ASKING || s->stage == SRUN_PENDING)
        s->job_id = reply->job_id;
    if (s->leaving) {
        request_cancel(s);
        return;
    }
    if (reply->step) {
        step_here(s, reply->step);
        return;
    }
    if (s->nest && reply->alloc) {
        nest_granted(s, reply->alloc);
        return;
    }
    if (s->own_job && reply->alloc && !s->inside) {
        s->inside = true;
        s->options.job_id = s->job_id;
        s->stage = SRUN_ASKING;
        send_step(s, false);
        return;
    }
    if (s->stage == SRUN_ASKING && reply->pending && s->options.immediate_sec != OPT_UNSET) {
        reactor_timer_start(s->wait_timer, (uint64_t)s->options.immediate_sec * 1000, 0);
        s->stage = SRUN_PENDING;
        return;
    }
    if (s->stage == SRUN_ASKING && reply->pending) {
        s->stage = SRUN_PENDING;
        if (reply->pending_reason && *reply->pending_reason && s->options.verbose)
            srun_say(s, "%s", reply->pending_reason);
        srun_say(s, "job %u queued and waiting for resources", s->job_id);
        ctl_link_set_patience(s->link, UINT64_MAX);
    }
}

static void on_step_reply(struct srun *s, const Wire__StepReply *reply)
{
    if (!reply->pending) {
        step_here(s, reply);
        return;
    }
    if (s->stage == SRUN_ASKING) {
        s->stage = SRUN_PENDING;
        srun_say(s, "Job %u step creation temporarily disabled, retrying (%s)", s->options.job_id,
                 reply->pending_reason && *reply->pending_reason ? reply->pending_reason : "Requested nodes are busy");
        ctl_link_set_patience(s->link, UINT64_MAX);
    }
}

static void on_test_reply(struct srun *s, const Wire__SubmitReply *reply)
{
    char when[TIME_TEXT_MAX];

    srun_say(s, "Job %u to start at %s using %u processors on nodes %s in partition %s", reply->job_id,
             time_at_format(reply->test_start, NULL, when), reply->test_cpus,
             reply->test_nodes ? reply->test_nodes : "", reply->test_partition ? reply->test_partition : "");
    srun_leave(s, 0);
}

/* Refusals that Slurm's srun finds out by itself: they stand alone. */
static bool stands_alone(const struct error *why)
{
    static const char *const begins[] = { "Only allocated ", "--relative and ", "Hostlist is empty!" };

    for (size_t i = 0; i < ARRAY_SIZE(begins); i++)
        if (!strncmp(why->text, begins[i], strlen(begins[i])))
            return true;
    return false;
}

static void on_start_refused(struct srun *s, const struct error *why)
{
    char text[2 * ERROR_TEXT_MAX];
    bool immediate = s->options.immediate_sec != OPT_UNSET;

    if (s->stage == SRUN_RUNNING) {
        /* A resumption: the controller no longer has the step.  The nodes tell the rest. */
        s->step_ended = true;
        srun_check_end(s);
        return;
    }
    if (s->receive_files && (why->code == BRE_JOB_ID || why->code == BRE_ALREADY_DONE)) {
        log_error("Slurm job %u lookup error: %s", s->options.job_id, error_code_text(why->code));
        srun_leave(s, EXIT_OPTION);
        return;
    }
    if (s->options.test_only) {
        fprintf(stderr, "allocation failure: %s\n", refusal_text(why, text, sizeof text));
    } else if (!s->inside) {
        refusal_log("Unable to allocate resources", why);
    } else if (why->code == BRE_JOB_ID || why->code == BRE_ALREADY_DONE) {
        log_error("Unable to confirm allocation for job %u: %s", s->options.job_id, error_code_text(why->code));
        log_info("Check SLURM_JOB_ID environment variable. Expired or invalid job %u", s->options.job_id);
    } else if (stands_alone(why)) {
        log_error("%s", why->text);
    } else {
        log_error("Unable to create step for job %u: %s", s->options.job_id, refusal_text(why, text, sizeof text));
    }
    srun_leave(s, immediate ? exit_immediate_code() : exit_error_code());
}

static void on_job_gone(struct srun *s, const Wire__Notice *notice)
{
    if (s->revoked || s->stage == SRUN_DONE)
        return;
    if (nest_runs(s)) { /* which hears of it itself */
        s->revoked = true;
        return;
    }
    if (s->stage != SRUN_RUNNING) {
        s->revoked = true;
        if (s->inside) {
            log_error("Unable to create step for job %u: %s", s->options.job_id,
                      notice->text && *notice->text ? notice->text : "Job/step already completing or completed");
        } else {
            srun_say(s, "Job allocation %u has been revoked", s->job_id);
            srun_say(s, "Force Terminated JobId=%u", s->job_id);
            if (notice->text && *notice->text)
                log_error("Unable to allocate resources: %s", notice->text);
        }
        srun_leave(s, exit_error_code());
        return;
    }
    s->node_failed |= notice->has_job_state && notice->job_state == JOB_NODE_FAIL;
    if (notice->what == NOTICE_JOB_ENDED) {
        s->step_ended = true; /* no step outlives its job */
    } else {
        s->revoked = true;
        srun_abort_wait(s);
    }
    srun_check_end(s);
}

static void on_step_ended(struct srun *s, const Wire__Notice *notice)
{
    int status = (int)notice->exit_code;

    if (s->stage != SRUN_RUNNING || notice->step_id != s->step_id)
        return;
    s->step_ended = true;
    s->node_failed |= notice->has_job_state && notice->job_state == JOB_NODE_FAIL;
    /* No task of ours was seen to end: the step failed before, or a node is lost. */
    if (!s->num_exited && notice->text && *notice->text) {
        log_error("Task launch for StepId=%u.%u failed: %s", s->job_id, s->step_id, notice->text);
        srun_say(s, "Job step aborted");
        s->launch_failed = true;
    }
    if (!s->worst_set && s->num_exited < s->num_tasks && !s->exit_code)
        s->exit_code = WIFEXITED(status) && WEXITSTATUS(status) ? WEXITSTATUS(status) : status ? 1 : 0;
    srun_check_end(s);
}

static void on_notice(struct srun *s, const Wire__Notice *notice)
{
    uint32_t ours = s->inside ? s->options.job_id : s->job_id;

    if (notice->job_id != ours)
        return;
    switch (notice->what) {
    case NOTICE_STEP_ENDED:
        on_step_ended(s, notice);
        break;
    case NOTICE_JOB_ENDED:
    case NOTICE_JOB_REVOKED:
        on_job_gone(s, notice);
        break;
    case NOTICE_TIME_LIMIT:
        if (nest_runs(s))
            break;
        if (s->stage == SRUN_RUNNING && (!notice->has_step_id || notice->step_id == s->step_id)) {
            if (notice->text && *notice->text)
                log_error("%s", notice->text);
            srun_abort_wait(s);
        }
        break;
    case NOTICE_STEP_CANCELLED:
        if (s->stage == SRUN_RUNNING && notice->step_id == s->step_id)
            srun_abort_wait(s);
        break;
    case NOTICE_NODE_FAIL:
        s->node_failed = true;
        break;
    case NOTICE_MESSAGE:
        if (notice->text && *notice->text && !nest_runs(s))
            output_line(s, notice->text);
        break;
    case NOTICE_SUSPENDED:
        log_info("StepId=%u.%u %s", s->job_id, s->step_id, notice->text ? notice->text : "suspended");
        break;
    default:
        break;
    }
}

static void on_cluster(struct srun *s, const Wire__ConfigReply *reply)
{
    struct error err = { 0 };
    char name[256];

    if (cluster_name_compare(reply, s->options.clusters, name, &err) < 0) {
        refusal_log(NULL, &err);
        srun_leave(s, exit_error_code());
        return;
    }
    s->cluster_known = true;
    on_ready(s);
}

static void on_frame(void *arg, const struct rpc_frame *frame)
{
    struct srun *s = arg;

    if ((s->leaving && frame->request_id == REQUEST_CANCEL) || (s->completing && frame->request_id == REQUEST_COMPLETE)) {
        srun_leave(s, s->exit_code);
        return;
    }
    if (s->leaving && frame->type != MSG_ALLOC_REPLY && frame->type != MSG_REFUSAL)
        return;
    if (frame->type == MSG_CONFIG_REPLY) {
        on_cluster(s, (const Wire__ConfigReply *)frame->msg);
    } else if (frame->type == MSG_ALLOC_REPLY) {
        on_alloc_reply(s, (const Wire__AllocReply *)frame->msg);
    } else if (frame->type == MSG_STEP_REPLY) {
        on_step_reply(s, (const Wire__StepReply *)frame->msg);
    } else if (frame->type == MSG_SUBMIT_REPLY) {
        on_test_reply(s, (const Wire__SubmitReply *)frame->msg);
    } else if (frame->type == MSG_NOTICE) {
        on_notice(s, (const Wire__Notice *)frame->msg);
    } else if (frame->type == MSG_REFUSAL && frame->request_id == REQUEST_START) {
        const Wire__Refusal *refusal = (const Wire__Refusal *)frame->msg;
        struct error why = { .code = (int)refusal->code };

        snprintf(why.text, sizeof why.text, "%s", refusal->text ? refusal->text : "");
        on_start_refused(s, &why);
    }
}

static void on_lost(void *arg, const struct error *why)
{
    struct srun *s = arg;

    if (s->options.verbose)
        log_info("lost the controller (%s), trying again", why->text);
}

static void on_gone(void *arg, const struct error *why)
{
    struct srun *s = arg;

    if (s->stage == SRUN_RUNNING && !nodes_all_done(s)) {
        s->step_ended = true; /* nobody is left to tell us; the nodes go on */
        return;
    }
    if (s->stage == SRUN_ASKING || s->stage == SRUN_PENDING) {
        char text[2 * ERROR_TEXT_MAX];

        log_error("%s: %s", s->inside ? "Unable to create step" : "Unable to allocate resources",
                  refusal_text(why, text, sizeof text));
        srun_leave(s, exit_error_code());
        return;
    }
    s->step_ended = true;
    srun_check_end(s);
}

const struct ctl_link_ops srun_link_ops = {
    .on_ready = on_ready, .on_frame = on_frame, .on_lost = on_lost, .on_gone = on_gone,
};
