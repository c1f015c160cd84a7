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
    if (!job->num_steps && !job->ending && !job->script)
        job_free(job);
}

/* That a prolog has run is remembered in run_dir, for an agent that is started again. */
static void prolog_mark_name(const struct agent_job *job, char *buf, size_t size)
{
    snprintf(buf, size, "prolog.%u.%u", job->job_id, job->attempt);
}

static bool prolog_is_marked(const struct agent *a, const struct agent_job *job)
{
    char name[STEP_NAME_MAX];

    prolog_mark_name(job, name, sizeof name);
    return faccessat(a->run_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
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

static void on_prolog(void *arg, int status, const char *why)
{
    struct script_end *end = arg;
    struct agent *a = end->agent;
    struct agent_job *job = end->job;
    struct error err;
    char name[STEP_NAME_MAX];

    free(end);
    job->script = NULL;
    if (status) {
        job->prolog = PROLOG_FAILED;
        error_set(&err, BRE_LAUNCH, "Prolog error: %s", why);
        log_error("job %u: prolog: %s", job->job_id, why);
        start_waiting(a, job, &err);
    } else {
        int fd;

        job->prolog = PROLOG_DONE;
        prolog_mark_name(job, name, sizeof name);
        if ((fd = openat(a->run_fd, name, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600)) >= 0)
            close(fd);
        (void)FAILPOINT(agent_prolog_done);
        if (!job->ending)
            start_waiting(a, job, NULL);
    }
    if (job->ending)
        job_check_clean(a, job);
}

static struct script *run_script(struct agent *a, struct agent_job *job, const char *path,
                                 void (*done)(void *, int, const char *), struct error *err)
{
    struct script_end *end = xmalloc(sizeof *end);
    struct script *script;

    end->agent = a;
    end->job = job;
    script = script_start(a, path, job, a->conf.prolog_sec, done, end, err);
    if (!script)
        free(end);
    return script;
}

bool job_prolog(struct agent *a, struct agent_job *job)
{
    struct error err;

    if (!a->conf.prolog || job->prolog == PROLOG_DONE || prolog_is_marked(a, job)) {
        job->prolog = PROLOG_DONE;
        return false;
    }
    if (job->prolog == PROLOG_RUNNING)
        return true;
    job->prolog = PROLOG_RUNNING;
    if (!(job->script = run_script(a, job, a->conf.prolog, on_prolog, &err))) {
        job->prolog = PROLOG_FAILED;
        error_prefix(&err, "Prolog error");
        log_error("job %u: %s", job->job_id, err.text);
        start_waiting(a, job, &err);
    }
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
    char name[STEP_NAME_MAX];

    prolog_mark_name(job, name, sizeof name);
    if (job->prolog == PROLOG_DONE && a->conf.prolog)
        unlinkat(a->run_fd, name, 0);
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

static void on_epilog(void *arg, int status, const char *why)
{
    struct script_end *end = arg;
    struct agent_job *job = end->job;
    struct agent *a = end->agent;

    free(end);
    job->script = NULL;
    if (status) {
        job->failed = true;
        snprintf(job->text, sizeof job->text, "Epilog error: %s", why);
        log_error("job %u: epilog: %s", job->job_id, why);
    }
    job_clean(a, job);
}

void job_check_clean(struct agent *a, struct agent_job *job)
{
    struct error err;

    /* Whether there is an epilog, the controller says: an agent that finds a job's end at its start waits. */
    if (!job->ending || job->num_steps || job->epilog_run || job->script || !a->have_conf)
        return;
    job->epilog_run = true;
    if (a->conf.epilog && job->prolog != PROLOG_TODO) {
        if ((job->script = run_script(a, job, a->conf.epilog, on_epilog, &err)))
            return;
        job->failed = true;
        snprintf(job->text, sizeof job->text, "Epilog error: %.400s", err.text);
        log_error("job %u: epilog: %s", job->job_id, err.text);
    }
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
