/* job_suspend.c - jobs that are stopped for a while and go on later.
 *
 * As Slurm does it for scontrol suspend: the job's processes are stopped, its cores are free for
 * others, its memory stays taken, its time limit stands still.  When it is resumed it has its cores
 * again, even where somebody else got them meanwhile: both run on them then.
 */
#include "cluster/event/event.h"

#include "cluster/job/job.h"
#include "cluster/node/node.h"
#include "cluster/step/step.h"

#include <signal.h>

int64_t job_suspended_usec(const struct job *job, int64_t now_usec)
{
    const struct suspension *s = job->suspension;

    if (!s)
        return 0;
    return s->total_usec + (s->now && now_usec > s->changed_usec ? now_usec - s->changed_usec : 0);
}

void job_suspension_forget(struct job *job)
{
    free(job->suspension);
    job->suspension = NULL;
}

void job_suspension_end(struct job *job, int64_t now_usec)
{
    struct suspension *s = job->suspension;

    if (!s || !s->now)
        return;
    s->total_usec = job_suspended_usec(job, now_usec);
    s->now = false;
    s->changed_usec = now_usec;
}

static void cores_out(struct cluster *c, struct job *job, bool out)
{
    job->suspension->cores_out = out;
    for (uint32_t i = 0; i < job->alloc->count; i++)
        if (!(job->alloc->nodes[i].flags & ALLOC_CLEAN))
            node_recount(node_at(c, job->alloc->nodes[i].node_id));
    cluster_wants_pass(c);
}

int job_apply_suspended(struct cluster *c, const Wire__Event *ev, struct error *err)
{
    const Wire__EvJobSuspended *m = ev->job_suspended;
    struct job *job = job_table_find(&c->jobs, m->job_id);
    struct suspension *s;
    int64_t passed;

    if (!job || job->attempt != m->attempt || job->phase != PHASE_RUNNING
        || job_is_suspended(job) == !m->resume)
        return error_set(err, BRE_DAMAGED, "job %u: %s does not fit its state", m->job_id,
                         m->resume ? "resumption" : "suspension");
    if (!job->suspension)
        job->suspension = xcalloc(1, sizeof(*job->suspension));
    s = job->suspension;
    if (!m->resume) {
        s->ran_usec = ev->time_usec - job->start_usec - s->total_usec;
        s->changed_usec = ev->time_usec;
        s->now = true;
        cores_out(c, job, true);
    } else {
        passed = ev->time_usec > s->changed_usec ? ev->time_usec - s->changed_usec : 0;
        job_suspension_end(job, ev->time_usec);
        if (job->end_limit)
            job->end_limit += passed;
        for (struct step *step = job->steps; step; step = step->next)
            if (step->end_limit)
                step->end_limit += passed;
        cores_out(c, job, false);
    }
    job_timer_update(c, job);
    return 0;
}

int job_decide_suspend(struct cluster *c, const struct cluster_now *now, struct job *job,
                       const struct control_request *req, struct decision *d, struct error *err)
{
    bool resume = req->action == JOB_ACTION_RESUME;
    Wire__EvJobSuspended *ev;

    (void)c;
    if (!req->who.is_operator && !req->who.is_admin)
        return error_set(err, BRE_ACCESS,
                         "Access/permission denied: suspend and resume are for operators; to stop "
                         "your own job use scancel -s STOP, and scancel -s CONT");
    if (job->phase == PHASE_PENDING)
        return error_set(err, BRE_JOB_PENDING, "Job is pending execution");
    if (job->phase != PHASE_RUNNING)
        return error_set(err, BRE_ALREADY_DONE, "Job/step already completing or completed");
    if (job_is_suspended(job) != resume)
        return resume ? error_set(err, BRE_JOB_NOT_SUSPENDED, "Job is not suspended") : 0;
    ev = event_add(d, now, job_suspended, JOB_SUSPENDED, EvJobSuspended, EV_JOB_SUSPENDED);
    SET(ev, job_id, job->id);
    SET(ev, attempt, job->attempt);
    SET(ev, resume, resume);
    SET(ev, by_uid, req->who.uid);
    return 0;
}

void job_order_stopped(const struct job *job, uint32_t step_id, uint32_t node_id,
                       struct decision *d)
{
    bool stop = job_is_suspended(job);
    Wire__StepKill *kill =
        effect_kill(d, node_id, job->id, step_id, job->attempt, stop ? SIGSTOP : SIGCONT);

    SET(kill, suspend, stop ? 1 : 2);
}

void job_react_suspended(const struct job *job, struct decision *d)
{
    struct effect *e;

    for (const struct step *step = job->steps; step; step = step->next)
        for (uint32_t i = 0; i < step->num_nodes; i++)
            if (!step->nodes[i].ended)
                job_order_stopped(job, step->id,
                                  job->alloc->nodes[step->nodes[i].place].node_id, d);
    effect_job(d, EFFECT_JOB_CHANGED, job->id);
    effect_add(d, EFFECT_SCHEDULE);
    if (!job_is_suspended(job))
        effect_job(d, EFFECT_STEP_RETRY, job->id);
    e = effect_add(d, EFFECT_NOTICE);
    e->job_id = job->id;
    e->notice = NOTICE_SUSPENDED;
    e->text = job_is_suspended(job) ? "suspended" : "resumed";
}
