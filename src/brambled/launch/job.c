/* job.c - a job's part on this node: prolog before its first step, epilog after its last.
 *
 * A job is clean here when no step of it is left and the epilog has run.  The controller learns it
 * with the status of the step that ended the job, and by JobClean when it had asked for the end.
 */
#include "config.h"
#include "brambled/agent_private.h"

#include "util/failpoint.h"
#include "util/fs.h"
#include "util/log.h"
#include "util/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct agent_job *job_find(struct agent *a, uint32_t job_id)
{
    list_for_each(node, &a->jobs)
    {
        struct agent_job *job = container_of(node, struct agent_job, node);

        if (job->job_id == job_id)
            return job;
    }
    return NULL;
}

struct agent_job *job_get(struct agent *a, uint32_t job_id, uint32_t attempt, uint32_t uid, uint32_t gid, const char *user)
{
    struct agent_job *job = job_find(a, job_id);

    if (job)
        return job;
    job = xcalloc(1, sizeof *job);
    job->job_id = job_id;
    job->attempt = attempt;
    job->uid = uid;
    job->gid = gid;
    job->user_name = xstrdup(user ? user : "");
    list_append(&a->jobs, &job->node);
    return job;
}

static void job_free(struct agent_job *job)
{
    script_free(job->script);
    list_remove(&job->node);
    free(job->user_name);
    free(job);
}

void job_forget(struct agent_job *job)
{
    if (!job->num_steps && !job->ending && !job->script && !job->recorded)
        job_free(job);
}

static void start_waiting(struct agent *a, struct agent_job *job, const struct error *err)
{
    list_for_each_safe(node, &a->steps)
    {
        struct agent_step *s = container_of(node, struct agent_step, node);
        Wire__StepLaunch *order;

        if (s->job != job || s->state != ASTEP_WAITS)
            continue;
        if (err) {
            launch_refuse(s, err, true);
            continue;
        }
        order = wire__step_launch__unpack(NULL, s->order_len, s->order);
        free(s->order);
        s->order = NULL;
        if (order)
            launch_start(s, order);
        wire__step_launch__free_unpacked(order, NULL);
    }
}

struct script_end {
    struct agent *agent;
    struct agent_job *job;
};

static void prolog_failed(struct agent *a, struct agent_job *job, const char *why)
{
    struct error err;

    job->prolog = PROLOG_FAILED;
    error_set(&err, BRE_LAUNCH, "Prolog error: %s", why);
    log_error("job %u: prolog: %s", job->job_id, why);
    start_waiting(a, job, &err);
}

static void on_prolog(void *arg, int status, const char *why)
{
    struct script_end *end = arg;
    struct agent *a = end->agent;
    struct agent_job *job = end->job;

    free(end);
    job->script = NULL;
    if (status) {
        prolog_failed(a, job, why);
    } else {
        job->prolog = PROLOG_DONE;
        (void)FAILPOINT(agent_prolog_done);
        if (!job->ending)
            start_waiting(a, job, NULL);
    }
    if (job->ending)
        job_check_clean(a, job);
}

static struct script *run_script(struct agent *a, struct agent_job *job, const char *kind, const char *path, bool runs,
                                 script_done_f *done, struct error *err)
{
    struct script_end *end = xmalloc(sizeof *end);
    struct script *script;

    end->agent = a;
    end->job = job;
    script = runs ? script_watch(a, kind, path, job, a->conf.prolog_sec, done, end)
                  : script_start(a, kind, path, job, a->conf.prolog_sec, done, end, err);
    if (!script)
        free(end);
    return script;
}

/* No prolog: but that there is a job here, for which the epilog is to run, is remembered. */
static bool no_prolog(struct agent *a, struct agent_job *job)
{
    struct error err;

    if (a->conf.epilog && record_end(a, "prolog", job, &err) < 0) {
        prolog_failed(a, job, err.text);
        return true;
    }
    job->prolog = PROLOG_DONE;
    return false;
}

bool job_prolog(struct agent *a, struct agent_job *job)
{
    enum record_state record;
    char why[128];
    struct error err;
    bool late;
    int status;

    if (job->prolog == PROLOG_DONE || job->prolog == PROLOG_RUNNING)
        return job->prolog == PROLOG_RUNNING;
    record = record_read(a, "prolog", job, &status, &late);
    if (record == RECORD_ENDED && !status) {
        job->prolog = PROLOG_DONE;
        return false;
    }
    if (record == RECORD_ENDED || record == RECORD_BROKEN) {
        snprintf(why, sizeof why, record == RECORD_BROKEN ? "it was broken off" : "it failed (status 0x%x)", (unsigned)status);
        prolog_failed(a, job, why);
        return true;
    }
    if (record == RECORD_NONE && !a->conf.prolog)
        return no_prolog(a, job);
    job->prolog = PROLOG_RUNNING;
    if (!(job->script = run_script(a, job, "prolog", a->conf.prolog ? a->conf.prolog : "prolog", record == RECORD_RUNS,
                                   on_prolog, &err)))
        prolog_failed(a, job, err.text);
    return true;
}

void job_send_clean(struct agent *a, uint32_t job_id, uint32_t attempt, bool failed, const char *text)
{
    Wire__JobClean clean = WIRE__JOB_CLEAN__INIT;

    clean.has_job_id = clean.has_attempt = clean.has_failed = true;
    clean.job_id = job_id;
    clean.attempt = attempt;
    clean.failed = failed;
    clean.text = text && *text ? (char *)(uintptr_t)text : NULL;
    link_send(a, MSG_JOB_CLEAN, &clean.base);
}

/* Nothing is left: say so, and forget the job but for its number. */
static void job_clean(struct agent *a, struct agent_job *job)
{
    struct agent_step *last = job->last;

    job->last = NULL;
    if (last) {
        Wire__StepStatus *st = wire__step_status__unpack(NULL, last->status_len, last->status);

        if (st) {
            st->has_clean = true;
            st->clean = !job->failed;
            step_set_status(last, st);
            wire__step_status__free_unpacked(st, NULL);
        }
        step_report(last);
    } else {
        records_remove(a, job->job_id, job->attempt); /* else when that status is acknowledged */
    }
    if (job->tell_clean || job->failed)
        job_send_clean(a, job->job_id, job->attempt, job->failed, job->text);
    tomb_add(a, job->job_id, STEP_NONE, job->attempt);
    list_for_each(node, &a->steps)
    {
        struct agent_step *s = container_of(node, struct agent_step, node);

        if (s->job == job)
            s->job = NULL;
    }
    job_free(job);
}

static void epilog_failed(struct agent_job *job, const char *why)
{
    job->failed = true;
    snprintf(job->text, sizeof job->text, "Epilog error: %.400s", why);
    log_error("job %u: epilog: %s", job->job_id, why);
}

static void on_epilog(void *arg, int status, const char *why)
{
    struct script_end *end = arg;
    struct agent_job *job = end->job;
    struct agent *a = end->agent;

    free(end);
    job->script = NULL;
    if (status)
        epilog_failed(job, why);
    job_clean(a, job);
}

/* True: job_clean() comes later. */
static bool job_epilog(struct agent *a, struct agent_job *job)
{
    int status;
    bool late;
    enum record_state record = record_read(a, "epilog", job, &status, &late);
    struct error err;

    if (record == RECORD_ENDED || record == RECORD_BROKEN) { /* an earlier agent began it */
        if (record == RECORD_BROKEN || status)
            epilog_failed(job, record == RECORD_BROKEN ? "it was broken off" : "it failed");
        return false;
    }
    if (record == RECORD_NONE && (!a->conf.epilog || job->prolog == PROLOG_TODO))
        return false;
    job->script = run_script(a, job, "epilog", a->conf.epilog ? a->conf.epilog : "epilog", record == RECORD_RUNS, on_epilog,
                             &err);
    if (!job->script)
        epilog_failed(job, err.text);
    return job->script != NULL;
}

void job_check_clean(struct agent *a, struct agent_job *job)
{
    int status;
    bool late;

    /* Whether there is an epilog, the controller says: an agent that finds a job's end at its start waits. */
    if (!job->ending || job->num_steps || job->epilog_run || job->script || !a->have_conf)
        return;
    if (job->recorded && job->prolog == PROLOG_TODO && record_read(a, "prolog", job, &status, &late) != RECORD_NONE
        && job_prolog(a, job) && job->script)
        return; /* an earlier agent began the prolog, and it goes on */
    job->epilog_run = true;
    if (!job_epilog(a, job))
        job_clean(a, job);
}

void jobs_check_clean(struct agent *a)
{
    list_for_each_safe(node, &a->jobs) job_check_clean(a, container_of(node, struct agent_job, node));
}

/* End every step of the job, as the controller said or because its own last step has ended. */
void job_end(struct agent *a, struct agent_job *job, const Wire__StepKill *kill)
{
    Wire__StepKill own = WIRE__STEP_KILL__INIT;

    if (!kill) {
        own.has_kill_wait_sec = true;
        own.kill_wait_sec = a->conf.kill_wait_sec;
        kill = &own;
    }
    job->ending = true;
    list_for_each_safe(node, &a->steps)
    {
        struct agent_step *s = container_of(node, struct agent_step, node);

        if (s->job == job && s->state < ASTEP_ENDED)
            shepherd_kill(s, kill);
    }
    job_check_clean(a, job);
}

void jobs_free(struct agent *a)
{
    for (struct list_node *node; (node = list_first(&a->jobs));)
        job_free(container_of(node, struct agent_job, node));
}
