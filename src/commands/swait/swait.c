/* swait.c - follows steps until the controller says that they have ended, and exits as they did. */
#include "config.h"
#include "commands/swait/swait.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bramble/constants.h"
#include "client/client.h"
#include "client/link.h"
#include "conf/client.h"
#include "reactor/reactor.h"
#include "util/error.h"
#include "util/log.h"
#include "util/mem.h"
#include "util/num.h"

#define STEPS_MAX 65536
#define EXIT_TIMEOUT 124
#define LOOK_TRIES 100
#define LOOK_USEC 50000

const struct show_option swait_options[] = {
    SHOW_OPTION_AUTOCOMPLETE,
    SHOW_OPTION_HELP('h'),
    { "quiet", 'Q', OPT_NONE, NULL, NULL, "do not say how steps ended", NULL },
    { "timeout", 't', OPT_ARG, NULL, "seconds", "wait no longer than this", NULL },
    SHOW_OPTION_USAGE,
    SHOW_OPTION_VERSION,
};
const size_t swait_num_options = ARRAY_SIZE(swait_options);

struct step {
    uint32_t job_id, step_id;
    bool over, gone; /* gone: it had ended before we asked */
    int status;      /* as waitpid() gives it */
};

struct swait {
    struct console *con;
    struct reactor *reactor;
    struct ctl_link *link;
    struct reactor_timer *timer;
    struct step *steps;
    size_t num_steps, num_over;
    uint32_t timeout_sec;
    bool quiet, timed_out, failed;
};

static int on_option(void *arg, int letter, const char *value)
{
    struct swait *w = arg;

    if (letter == 'Q')
        w->quiet = true;
    if (letter == 't' && num_parse_u32(value, 1, 31536000, &w->timeout_sec, "", NULL) < 0) {
        console_error(w->con, "Invalid --timeout specification: %s: a number of seconds is due", value);
        return -1;
    }
    return 0;
}

/* ---- which steps ---- */

static int add_step(struct swait *w, uint32_t job_id, uint32_t step_id)
{
    for (size_t i = 0; i < w->num_steps; i++)
        if (w->steps[i].job_id == job_id && w->steps[i].step_id == step_id)
            return 0;
    if (w->num_steps == STEPS_MAX)
        return -1;
    w->steps = xreallocarray(w->steps, w->num_steps + 1, sizeof *w->steps);
    w->steps[w->num_steps++] = (struct step){ .job_id = job_id, .step_id = step_id };
    return 0;
}

/* Those of the job that run now, but for the one that we are part of. */
static int add_job(struct swait *w, const char *text, uint32_t job_id)
{
    Wire__QueryRequest ask = WIRE__QUERY_REQUEST__INIT;
    const char *own_job = getenv("SLURM_JOB_ID"), *own_step = getenv("SLURM_STEP_ID");
    bool want[FIELD_MAX] = { [FIELD_STEP_JOB_ID] = true, [FIELD_STEP_ID] = true };
    char *ids[] = { (char *)(uintptr_t)text };
    struct error err = { 0 };
    struct table *t;

    query_set_fields(&ask, want, QUERY_STEPS);
    ask.job_ids = ids;
    ask.n_job_ids = 1;
    t = w->con->source->query(w->con->source, &ask, &err);
    free(ask.fields);
    if (!t) {
        refusal_log("Could not get job step info", &err);
        return -1;
    }
    for (size_t row = 0; row < table_rows(t); row++) {
        uint32_t step_id = (uint32_t)table_int(t, FIELD_STEP_ID, row);
        bool own = own_job && own_step && strtoul(own_job, NULL, 10) == job_id && strtoul(own_step, NULL, 10) == step_id;

        if (table_int(t, FIELD_STEP_JOB_ID, row) == job_id && step_id < STEP_CARRIER && !own)
            add_step(w, job_id, step_id);
    }
    table_destroy(t);
    return 0;
}

static int add_argument(struct swait *w, const char *text)
{
    CLEANUP_FREE char *job = xstrndup(text, strcspn(text, "."));
    const char *dot = strchr(text, '.');
    uint32_t job_id, step_id;

    if (!strncmp(text, "StepId=", 7)) /* as srun --async prints it */
        return add_argument(w, text + 7);
    if (num_parse_u32(job, 1, UINT32_MAX, &job_id, "", NULL) < 0
        || (dot && num_parse_u32(dot + 1, 0, STEP_CARRIER - 1, &step_id, "", NULL) < 0)) {
        console_error(w->con, "Invalid job or step id specified: %s: 12 or 12.3 is due", text);
        return -1;
    }
    return dot ? add_step(w, job_id, step_id) : add_job(w, text, job_id);
}

/* ---- waiting ---- */

static void step_over(struct swait *w, struct step *s, int status)
{
    if (s->over)
        return;
    s->over = true;
    s->status = status;
    if (++w->num_over == w->num_steps)
        reactor_stop(w->reactor, 0);
}

static void on_ready(void *arg)
{
    struct swait *w = arg;

    for (size_t i = 0; i < w->num_steps; i++) {
        Wire__StepRequest ask = WIRE__STEP_REQUEST__INIT;

        if (w->steps[i].over)
            continue;
        ask.has_job_id = ask.has_resume_step_id = 1;
        ask.job_id = w->steps[i].job_id;
        ask.resume_step_id = w->steps[i].step_id;
        ctl_link_send(w->link, MSG_STEP, (uint32_t)i + 1, &ask.base);
    }
    ctl_link_set_patience(w->link, UINT64_MAX);
}

static void on_frame(void *arg, const struct rpc_frame *frame)
{
    struct swait *w = arg;

    if (frame->type == MSG_NOTICE) {
        const Wire__Notice *n = (const Wire__Notice *)frame->msg;

        for (size_t i = 0; i < w->num_steps && n->what == NOTICE_STEP_ENDED && n->has_exit_code; i++)
            if (w->steps[i].job_id == n->job_id && w->steps[i].step_id == n->step_id)
                step_over(w, &w->steps[i], (int)n->exit_code);
    } else if (frame->type == MSG_REFUSAL && frame->request_id && frame->request_id <= w->num_steps) {
        struct step *s = &w->steps[frame->request_id - 1];
        const Wire__Refusal *refusal = (const Wire__Refusal *)frame->msg;

        if (refusal->code == BRE_BUSY)
            return; /* asked again with the next session */
        if (!s->over && refusal->code != BRE_ALREADY_DONE && refusal->code != BRE_JOB_ID) {
            struct error why = { .code = (int)refusal->code };

            snprintf(why.text, sizeof why.text, "%s", refusal->text ? refusal->text : "");
            refusal_log("Could not get job step info", &why);
            w->failed = true;
        }
        s->gone = !s->over;
        step_over(w, s, 0);
    }
}

static void on_gone(void *arg, const struct error *why)
{
    struct swait *w = arg;

    refusal_log("Could not get job step info", why);
    w->failed = true;
    reactor_stop(w->reactor, 0);
}

static void on_timeout(void *arg)
{
    struct swait *w = arg;

    w->timed_out = true;
    reactor_stop(w->reactor, 0);
}

static const struct ctl_link_ops link_ops = { .on_ready = on_ready, .on_frame = on_frame, .on_gone = on_gone };

static int wait_for_steps(struct swait *w)
{
    struct rpc_target target;
    struct error err = { 0 };

    if (client_target_load(&target, &err) < 0 || !(w->reactor = reactor_create(&err))) {
        refusal_log("Could not get job step info", &err);
        return -1;
    }
    w->timer = reactor_timer_create(w->reactor, on_timeout, w);
    if (w->timeout_sec)
        reactor_timer_start(w->timer, (uint64_t)w->timeout_sec * 1000, 0);
    w->link = ctl_link_create(w->reactor, &target, CONTROLLER_WAIT_MS, &link_ops, w);
    reactor_run(w->reactor);
    if (ctl_link_is_gone(w->link)) {
        fflush(NULL);
        _exit(exit_error_code());
    }
    reactor_timer_close(w->timer);
    ctl_link_destroy(w->link);
    reactor_settle(w->reactor);
    reactor_destroy(w->reactor);
    return w->failed ? -1 : 0;
}

/* ---- how they ended ---- */

/* A step that was over before: the accounting knows, where there is one.  True: it does, or never will. */
static bool look_up(struct swait *w, struct step *s)
{
    Wire__QueryRequest ask = WIRE__QUERY_REQUEST__INIT;
    bool want[FIELD_MAX] = { [FIELD_ACCT_JOB_ID] = true, [FIELD_ACCT_STEP_ID] = true, [FIELD_ACCT_EXIT_STATUS] = true,
                             [FIELD_ACCT_END_TIME] = true };
    bool known = true;
    char id[16], *ids[] = { id };
    struct error err = { 0 };
    struct table *t;

    snprintf(id, sizeof id, "%u", s->job_id);
    query_set_fields(&ask, want, QUERY_ACCT);
    ask.job_ids = ids;
    ask.n_job_ids = 1;
    ask.has_with_steps = ask.with_steps = true;
    t = w->con->source->query(w->con->source, &ask, &err);
    free(ask.fields);
    for (size_t row = 0; t && row < table_rows(t); row++)
        if (table_int(t, FIELD_ACCT_JOB_ID, row) == s->job_id && table_int(t, FIELD_ACCT_STEP_ID, row) == s->step_id) {
            known = table_int(t, FIELD_ACCT_END_TIME, row) != FIELD_UNSET;
            s->status = known ? (int)table_int(t, FIELD_ACCT_EXIT_STATUS, row) : 0;
            s->gone = !known;
        }
    table_destroy(t);
    return known;
}

static int report(struct swait *w)
{
    int worst = 0;

    for (size_t i = 0; i < w->num_steps; i++) {
        struct step *s = &w->steps[i];
        int code;

        if (!s->over)
            continue;
        /* The accounting is told a moment after the step has ended. */
        for (int tries = 0; s->gone && !look_up(w, s) && tries < LOOK_TRIES; tries++)
            usleep(LOOK_USEC);
        if (s->gone) {
            log_error("StepId=%u.%u: Invalid job step id specified: there is none of that number", s->job_id, s->step_id);
            worst = worst ? worst : exit_error_code();
            continue;
        }
        code = WIFSIGNALED(s->status) ? 128 + WTERMSIG(s->status) : WEXITSTATUS(s->status);
        if (code && !w->quiet && WIFSIGNALED(s->status))
            log_error("StepId=%u.%u: %s", s->job_id, s->step_id, strsignal(WTERMSIG(s->status)));
        else if (code && !w->quiet)
            log_error("StepId=%u.%u: Exited with exit code %d", s->job_id, s->step_id, code);
        if (code > worst)
            worst = code;
    }
    if (w->timed_out) {
        log_error("%zu of %zu steps still run after %u s", w->num_steps - w->num_over, w->num_steps, w->timeout_sec);
        return EXIT_TIMEOUT;
    }
    return worst;
}

int swait_run(struct console *con, int argc, char **argv)
{
    struct swait w = { .con = con };
    int next = options_parse(con, argc, argv, swait_options, swait_num_options, on_option, &w), rc = 0;
    char *own[] = { getenv("SLURM_JOB_ID"), NULL }, **words = argv + next;

    if (next < 0)
        return next == OPTIONS_LEAVE ? 0 : exit_error_code();
    if (next == argc && own[0])
        words = own;
    if (!*words) {
        console_error(con, "Need a job or step id: run from within a job, or name what to wait for");
        return exit_error_code();
    }
    for (; *words && rc == 0; words++)
        if (add_argument(&w, *words) < 0)
            rc = exit_error_code();
    if (rc == 0 && w.num_steps)
        rc = wait_for_steps(&w) < 0 ? exit_error_code() : report(&w);
    free(w.steps);
    return rc;
}
