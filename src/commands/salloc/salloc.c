/* salloc.c - get an allocation, run a program on it, give it back. */
#include "config.h"

#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bramble/constants.h"
#include "client/client.h"
#include "client/link.h"
#include "conf/client.h"
#include "jobenv/env.h"
#include "jobenv/jobenv.h"
#include "jobopt/jobopt.h"
#include "program.h"
#include "reactor/reactor.h"
#include "util/error.h"
#include "util/log.h"
#include "util/mem.h"

#define ALLOC_FAILED "Job submit/allocate failed"
#define REQUEST_ALLOC 1
#define REQUEST_WATCH 2
#define REQUEST_COMPLETE 3
#define REQUEST_CANCEL 4
#define REQUEST_CLUSTER 5
#define BELL_AFTER_MS 10000
#define GOODBYE_MS 10000 /* for the answer to the last request */

extern char **environ;

enum salloc_stage {
    STAGE_ASKING,  /* ALLOC sent or to be sent */
    STAGE_PENDING, /* the job has a number and waits */
    STAGE_RUNNING, /* the program runs */
    STAGE_LEAVING, /* COMPLETE_JOB or a cancel sent */
};

struct salloc {
    struct job_components components;
    struct job_options *options; /* of the first */
    struct reactor *reactor;
    struct ctl_link *link;
    struct reactor_timer *goodbye;
    struct program *program;
    enum salloc_stage stage;
    char **command;
    char *shell[2];
    char cwd[PATH_MAX], host[256];
    char *submit_line;
    uint32_t job_id;
    uint64_t asked_at_ms;
    int exit_code, status;
    bool revoked, interrupted;
    bool cluster_known; /* --clusters was compared */
};

static void say(const struct salloc *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void say(const struct salloc *s, const char *fmt, ...)
{
    char text[1024];
    va_list ap;

    if (s->options->quiet)
        return;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    log_info("%s", text);
}

static void finish(struct salloc *s, int code)
{
    s->exit_code = code;
    reactor_stop(s->reactor, 0);
}

static void describe(struct salloc *s, const struct job_options *options, Wire__JobSpec *spec)
{
    job_options_job_spec(options, spec);
    if (!spec->name)
        spec->name = (char *)(uintptr_t) "interactive";
    if (!spec->work_dir)
        spec->work_dir = s->cwd;
    spec->submit_dir = s->cwd;
    spec->submit_host = s->host;
    spec->submit_line = s->submit_line;
}

static void send_alloc(struct salloc *s)
{
    size_t num_more = s->components.num - 1;
    CLEANUP_FREE Wire__JobSpec *more = xcalloc(num_more + 1, sizeof *more);
    CLEANUP_FREE Wire__JobSpec **het = xcalloc(num_more + 1, sizeof *het);
    Wire__AllocRequest request = WIRE__ALLOC_REQUEST__INIT;
    Wire__JobSpec spec = WIRE__JOB_SPEC__INIT;

    describe(s, s->options, &spec);
    for (size_t i = 0; i < num_more; i++) {
        het[i] = &more[i];
        wire__job_spec__init(het[i]);
        describe(s, &s->components.parts[i + 1].options, het[i]);
    }
    request.spec = &spec;
    request.het = het;
    request.n_het = num_more;
    if (s->stage == STAGE_PENDING) {
        request.has_resume_job_id = 1;
        request.resume_job_id = s->job_id;
    }
    request.has_as_uid = s->options->uid != OPT_UNSET;
    request.as_uid = s->options->uid;
    request.has_as_gid = s->options->gid != OPT_UNSET;
    request.as_gid = s->options->gid;
    ctl_link_send(s->link, MSG_ALLOC, REQUEST_ALLOC, &request.base);
}

static void send_watch(struct salloc *s)
{
    Wire__WatchRequest request = WIRE__WATCH_REQUEST__INIT;

    request.n_job_ids = 1;
    request.job_ids = &s->job_id;
    ctl_link_send(s->link, MSG_WATCH, REQUEST_WATCH, &request.base);
}

static void send_complete(struct salloc *s)
{
    Wire__CompleteJobRequest request = WIRE__COMPLETE_JOB_REQUEST__INIT;

    request.has_job_id = request.has_exit_code = 1;
    request.job_id = s->job_id;
    request.exit_code = (uint32_t)s->status;
    ctl_link_send(s->link, MSG_COMPLETE_JOB, REQUEST_COMPLETE, &request.base);
}

static void send_cancel(struct salloc *s)
{
    Wire__JobControlRequest request = WIRE__JOB_CONTROL_REQUEST__INIT;
    char id[16], *ids[] = { id };

    snprintf(id, sizeof id, "%u", s->job_id);
    request.has_action = 1;
    request.action = JOB_ACTION_CANCEL;
    request.n_job_ids = 1;
    request.job_ids = ids;
    ctl_link_send(s->link, MSG_JOB_CONTROL, REQUEST_CANCEL, &request.base);
}

/* Wherever we are, the session is new: say what is wanted now. */
static void on_ready(void *arg)
{
    struct salloc *s = arg;

    if (s->options->clusters && !s->cluster_known) {
        Wire__Empty ask = WIRE__EMPTY__INIT;

        ctl_link_send(s->link, MSG_SHOW_CONFIG, REQUEST_CLUSTER, &ask.base);
        return;
    }
    if (s->stage == STAGE_ASKING || s->stage == STAGE_PENDING)
        send_alloc(s);
    else if (s->stage == STAGE_RUNNING)
        send_watch(s);
    else if (s->interrupted)
        send_cancel(s);
    else
        send_complete(s);
}

static void leave(struct salloc *s)
{
    s->stage = STAGE_LEAVING;
    ctl_link_set_patience(s->link, GOODBYE_MS);
    reactor_timer_start(s->goodbye, GOODBYE_MS, 0);
    if (ctl_link_is_up(s->link))
        on_ready(s);
}

static void relinquish(struct salloc *s)
{
    if (s->revoked) {
        finish(s, s->exit_code);
        return;
    }
    say(s, "Relinquishing job allocation %u", s->job_id);
    leave(s);
}

static void ring_bell(const struct salloc *s)
{
    bool waited = reactor_now_ms(s->reactor) - s->asked_at_ms >= BELL_AFTER_MS;

    if (isatty(STDOUT_FILENO) && !s->options->no_bell && (s->options->bell || waited)) {
        putchar('\a');
        fflush(stdout);
    }
}

static void granted(struct salloc *s, const Wire__AllocInfo *alloc)
{
    struct error err = { 0 };
    struct env *env;

    reactor_timer_stop(s->goodbye);
    if (s->stage == STAGE_PENDING && s->options->immediate_sec == OPT_UNSET)
        say(s, "job %u has been allocated resources", s->job_id);
    say(s, "Granted job allocation %u", s->job_id);
    ring_bell(s);
    if (s->options->no_shell) {
        finish(s, 0);
        return;
    }
    s->stage = STAGE_RUNNING;
    ctl_link_set_patience(s->link, UINT64_MAX);
    if ((env = job_options_env(s->options, environ, NULL, &err))) {
        jobenv_set_alloc(env, alloc);
        env_set(env, "SLURM_SUBMIT_DIR", s->cwd);
        s->program = program_start(s->command, env, &err);
        env_destroy(env);
    }
    if (!s->program) {
        error_log_lines(&err);
        s->status = 1 << 8;
        s->exit_code = exit_error_code();
        relinquish(s);
    }
}

static void on_alloc_reply(struct salloc *s, const Wire__AllocReply *reply)
{
    if (s->stage != STAGE_ASKING && s->stage != STAGE_PENDING)
        return;
    s->job_id = reply->job_id;
    if (s->interrupted) {
        s->exit_code = exit_error_code();
        leave(s);
        return;
    }
    if (reply->alloc) {
        granted(s, reply->alloc);
        return;
    }
    if (s->stage == STAGE_ASKING && s->options->immediate_sec != OPT_UNSET) {
        s->stage = STAGE_PENDING;
        reactor_timer_start(s->goodbye, (uint64_t)s->options->immediate_sec * 1000, 0);
        return;
    }
    if (s->stage == STAGE_ASKING) {
        s->stage = STAGE_PENDING;
        if (reply->pending_reason && *reply->pending_reason && s->options->verbose)
            say(s, "%s", reply->pending_reason);
        say(s, "Pending job allocation %u", s->job_id);
        say(s, "job %u queued and waiting for resources", s->job_id);
    }
}

static void revoked(struct salloc *s, const Wire__Notice *notice)
{
    bool timeout = notice->has_job_state && notice->job_state == JOB_TIMEOUT;

    if (s->revoked || s->stage == STAGE_LEAVING)
        return;
    s->revoked = true;
    if (s->stage == STAGE_PENDING) {
        say(s, "Job allocation %u has been revoked.", s->job_id);
        if (notice->text && *notice->text)
            log_error(ALLOC_FAILED ": %s", notice->text);
        finish(s, exit_error_code());
        return;
    }
    if (timeout)
        say(s, "Job %u has exceeded its time limit and its allocation has been revoked.", s->job_id);
    else
        say(s, "Job allocation %u has been revoked.", s->job_id);
    if (!s->program)
        return;
    if (s->options->kill_command)
        program_signal(s->program, (int)s->options->kill_command_signal);
    else if (program_is_interactive(s->program))
        program_signal(s->program, SIGHUP);
}

static void on_notice(struct salloc *s, const Wire__Notice *notice)
{
    if (notice->job_id != s->job_id || notice->has_step_id)
        return;
    switch (notice->what) {
    case NOTICE_JOB_ENDED:
    case NOTICE_JOB_REVOKED:
        revoked(s, notice);
        break;
    case NOTICE_NODE_FAIL:
        log_error("Node failure on %s", notice->node ? notice->node : "a node");
        break;
    case NOTICE_MESSAGE:
    case NOTICE_TIME_LIMIT:
        if (notice->text && *notice->text)
            log_info("%s", notice->text);
        break;
    default:
        break;
    }
}

static void on_refusal(struct salloc *s, const struct rpc_frame *frame)
{
    const Wire__Refusal *refusal = (const Wire__Refusal *)frame->msg;
    struct error why = { .code = (int)refusal->code };

    snprintf(why.text, sizeof why.text, "%s", refusal->text ? refusal->text : "");
    if (frame->request_id == REQUEST_ALLOC) {
        refusal_log(ALLOC_FAILED, &why);
        if (s->stage == STAGE_PENDING || (s->job_id && s->options->immediate_sec != OPT_UNSET))
            say(s, "Job allocation %u has been revoked.", s->job_id);
        finish(s, s->options->immediate_sec != OPT_UNSET ? exit_immediate_code() : exit_error_code());
    } else if (frame->request_id == REQUEST_WATCH) {
        Wire__Notice gone = WIRE__NOTICE__INIT; /* the job is no more */

        revoked(s, &gone);
    } else if (frame->request_id == REQUEST_COMPLETE || frame->request_id == REQUEST_CANCEL) {
        if (why.code != BRE_ALREADY_DONE && why.code != BRE_JOB_ID)
            refusal_log("Unable to clean up job allocation", &why);
        finish(s, s->exit_code);
    }
}

static void on_cluster(struct salloc *s, const Wire__ConfigReply *reply)
{
    struct error err = { 0 };
    char name[256];

    if (cluster_name_compare(reply, s->options->clusters, name, &err) < 0) {
        refusal_log(NULL, &err);
        finish(s, exit_error_code());
        return;
    }
    s->cluster_known = true;
    on_ready(s);
}

static void on_frame(void *arg, const struct rpc_frame *frame)
{
    struct salloc *s = arg;

    if (frame->type == MSG_CONFIG_REPLY)
        on_cluster(s, (const Wire__ConfigReply *)frame->msg);
    else if (frame->type == MSG_ALLOC_REPLY)
        on_alloc_reply(s, (const Wire__AllocReply *)frame->msg);
    else if (frame->type == MSG_NOTICE)
        on_notice(s, (const Wire__Notice *)frame->msg);
    else if (frame->type == MSG_REFUSAL)
        on_refusal(s, frame);
    else if (frame->request_id == REQUEST_COMPLETE || frame->request_id == REQUEST_CANCEL)
        finish(s, s->exit_code);
}

static void on_lost(void *arg, const struct error *why)
{
    struct salloc *s = arg;

    if (s->options->verbose)
        log_info("lost the controller (%s), trying again", why->text);
}

static void on_gone(void *arg, const struct error *why)
{
    struct salloc *s = arg;

    if (s->stage == STAGE_RUNNING)
        return; /* patience is endless then; only a refusal of the session leads here */
    refusal_log(s->stage == STAGE_LEAVING ? "Unable to clean up job allocation" : ALLOC_FAILED, why);
    finish(s, s->exit_code ? s->exit_code : exit_error_code());
}

static const struct ctl_link_ops link_ops = {
    .on_ready = on_ready, .on_frame = on_frame, .on_lost = on_lost, .on_gone = on_gone,
};

static void on_goodbye(void *arg)
{
    struct salloc *s = arg;

    if (s->stage == STAGE_PENDING) { /* --immediate */
        log_error(ALLOC_FAILED ": %s: not within %u s", error_code_text(BRE_NODES_BUSY), s->options->immediate_sec);
        say(s, "Job allocation %u has been revoked.", s->job_id);
        s->interrupted = true;
        s->exit_code = exit_immediate_code();
        leave(s);
        return;
    }
    log_error("Unable to clean up job allocation %u: the controller does not answer; it will end the job itself",
              s->job_id);
    finish(s, s->exit_code ? s->exit_code : exit_error_code());
}

/* Signals that a person sends to end a program are an end as good as any. */
static int signal_exit_code(int signum)
{
    return signum == SIGHUP || signum == SIGINT || signum == SIGQUIT || signum == SIGKILL ? 0 : exit_error_code();
}

static void on_child(void *arg, int signum)
{
    struct salloc *s = arg;
    int status;

    (void)signum;
    if (s->stage != STAGE_RUNNING || !s->program || !program_reap(s->program, &status))
        return;
    program_destroy(s->program);
    s->program = NULL;
    s->status = status;
    s->exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : signal_exit_code(WTERMSIG(status));
    if (WIFSIGNALED(status) && s->options->verbose)
        say(s, "Command \"%s\" was terminated by signal %d", s->command[0], WTERMSIG(status));
    relinquish(s);
}

static void on_signal(void *arg, int signum)
{
    struct salloc *s = arg;

    switch (s->stage) {
    case STAGE_ASKING:
        s->interrupted = true;
        if (!ctl_link_is_up(s->link))
            finish(s, exit_error_code());
        break;
    case STAGE_PENDING:
        s->interrupted = true;
        say(s, "Job allocation %u has been revoked.", s->job_id);
        say(s, "Job aborted due to signal");
        s->exit_code = exit_error_code();
        leave(s);
        break;
    case STAGE_RUNNING:
        /* Keys reach the program by the terminal; an order to end is passed on. */
        if (s->program && (signum == SIGTERM || signum == SIGHUP || signum == SIGUSR1 || signum == SIGUSR2))
            program_signal(s->program, signum);
        if (signum == SIGHUP) { /* nobody is left to wait for: the program goes with the allocation */
            s->exit_code = exit_error_code();
            relinquish(s);
        }
        break;
    case STAGE_LEAVING:
        if (signum == SIGINT || signum == SIGTERM)
            finish(s, s->exit_code);
        break;
    }
}

static int salloc_run(struct salloc *s)
{
    static const int watched[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2 };
    struct reactor_signal *signals[ARRAY_SIZE(watched) + 1] = { NULL };
    struct rpc_target target;
    struct error err = { 0 };

    if (client_target_load(&target, &err) < 0 || !(s->reactor = reactor_create(&err))) {
        refusal_log(ALLOC_FAILED, &err);
        return exit_error_code();
    }
    signal(SIGPIPE, SIG_IGN);
    s->goodbye = reactor_timer_create(s->reactor, on_goodbye, s);
    for (size_t i = 0; i < ARRAY_SIZE(watched); i++)
        signals[i] = reactor_signal_create(s->reactor, watched[i], on_signal, s);
    signals[ARRAY_SIZE(watched)] = reactor_signal_create(s->reactor, SIGCHLD, on_child, s);
    s->asked_at_ms = reactor_now_ms(s->reactor);
    s->link = ctl_link_create(s->reactor, &target, CONTROLLER_WAIT_MS, &link_ops, s);
    reactor_run(s->reactor);
    if (ctl_link_is_gone(s->link)) {
        program_destroy(s->program);
        fflush(NULL);
        _exit(s->exit_code);
    }
    for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
        reactor_signal_close(signals[i]);
    reactor_timer_close(s->goodbye);
    ctl_link_destroy(s->link);
    reactor_settle(s->reactor);
    program_destroy(s->program);
    reactor_destroy(s->reactor);
    return s->exit_code;
}

static int salloc_prepare(struct salloc *s, int argc, char **argv, struct error *err)
{
    const struct job_options *o;
    const struct passwd *pw;
    int rc = job_components_read(&s->components, CMD_SALLOC, NULL, argc, argv, err), num_words;

    o = s->options = &s->components.parts[0].options;
    if (rc < 0)
        return -1;
    if (o->help || o->usage || o->version)
        return 0;
    if (job_components_check(&s->components, err) < 0)
        return -1;
    s->components.exit_code = exit_error_code();
    s->command = job_components_operands(&s->components, &num_words);
    if (!num_words) {
        s->shell[0] = getenv("SHELL");
        if ((!s->shell[0] || !*s->shell[0]) && (pw = getpwuid(geteuid())))
            s->shell[0] = pw->pw_shell;
        if (!s->shell[0] || !*s->shell[0])
            s->shell[0] = (char *)(uintptr_t) "/bin/sh";
        s->command = s->shell;
    }
    if (!getcwd(s->cwd, sizeof s->cwd))
        return error_set(err, errno, "the current folder cannot be named: %s", strerror(errno));
    if (o->work_dir && chdir(o->work_dir) < 0)
        log_warning("cannot go to %s: %s; the command runs here", o->work_dir, strerror(errno));
    if (gethostname(s->host, sizeof s->host) < 0)
        s->host[0] = '\0';
    s->host[sizeof s->host - 1] = '\0';
    s->submit_line = submit_line_format(argc, argv);
    if (getenv("SLURM_JOB_ID") && o->verbose)
        log_info("called within the allocation of job %s: a further job is asked for", getenv("SLURM_JOB_ID"));
    return 0;
}

int main(int argc, char **argv)
{
    struct salloc s = { 0 };
    struct error err = { 0 };
    int rc = 0;

    log_open("salloc", NULL, false);
    if (salloc_prepare(&s, argc, argv, &err) < 0) {
        error_log_lines(&err);
        rc = s.components.exit_code;
    } else if (s.options->help) {
        job_options_help(CMD_SALLOC, stdout);
    } else if (s.options->usage) {
        job_options_usage(CMD_SALLOC, stdout);
    } else if (s.options->version) {
        version_print(stdout);
    } else {
        if (s.options->verbose)
            job_options_log_given(s.options);
        rc = salloc_run(&s);
    }
    free(s.submit_line);
    job_components_fini(&s.components);
    return rc;
}
