/* job_control.c - cancel, signal, hold, release, requeue, and what salloc says when it is done. */
#include "cluster/event/event.h"

#include "cluster/job/job.h"
#include "cluster/sched/sched.h"
#include "cluster/step/step.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

static int check_owner(const struct job *job, const struct cluster_who *who,
                       struct error *err)
{
    if (who->is_operator || who->is_admin || who->uid == job->ident->msg->uid)
        return 0;
    return error_set(err, BRE_ACCESS, "Access/permission denied");
}

static int refuse_ended(struct error *err)
{
    return error_set(err, BRE_ALREADY_DONE, "Job/step already completing or completed");
}

static void cancel_pending(const struct cluster_now *now, const struct job *job,
                           const struct control_request *req, struct decision *d)
{
    Wire__EvJobEnded *ev = event_add(d, now, job_ended, JOB_ENDED, EvJobEnded, EV_JOB_ENDED);

    SET(ev, job_id, job->id);
    SET(ev, state, JOB_CANCELLED);
    SET(ev, by_uid, req->who.uid);
}

static int decide_cancel(struct cluster *c, const struct cluster_now *now, struct job *job,
                         const struct control_request *req, struct decision *d,
                         struct error *err)
{
    struct job_end end = { .state = JOB_CANCELLED, .by_uid = req->who.uid };

    switch ((enum job_phase)job->phase) {
    case PHASE_PENDING:
        cancel_pending(now, job, req, d);
        for (uint32_t i = 0; job->het && i < job->het->size; i++)
            if (job->het->jobs[i] != job && job->het->jobs[i] && job->het->jobs[i]->phase == PHASE_PENDING)
                cancel_pending(now, job->het->jobs[i], req, d); /* no component waits without the others */
        return 0;
    case PHASE_RUNNING:
        job_decide_end(c, now, job, &end, UINT32_MAX, false, d);
        return 0;
    case PHASE_ENDING:
        if (!job->requeue)
            return refuse_ended(err);
        job_decide_end(c, now, job, &end, UINT32_MAX, false, d);
        return 0;
    case PHASE_ENDED:
    case PHASE_COUNT:
        break;
    }
    return refuse_ended(err);
}

static void signal_step(struct job *job, struct step *step,
                        const struct control_request *req, struct decision *d)
{
    for (uint32_t i = 0; i < step->num_nodes; i++)
        if (!step->nodes[i].ended) {
            Wire__StepKill *kill =
                effect_kill(d, job->alloc->nodes[step->nodes[i].place].node_id, job->id,
                            step->id, job->attempt, req->signal);

            if (req->batch_only)
                SET(kill, batch_only, 1);
        }
}

static int decide_signal(struct cluster *c, const struct cluster_now *now, struct job *job,
                         const struct control_request *req, struct decision *d,
                         struct error *err)
{
    if (req->signal == SIGKILL && !req->batch_only && !req->full)
        return decide_cancel(c, now, job, req, d, err);
    if (job->phase == PHASE_PENDING)
        return error_set(err, BRE_JOB_PENDING, "Job is pending execution");
    if (job->phase != PHASE_RUNNING)
        return refuse_ended(err);
    if (req->signal < 1 || req->signal > 64)
        return error_set(err, BRE_INVAL, "signal %u does not exist", req->signal);
    /* as scancel: the steps, the batch shell alone, or (--full) both */
    for (struct step *s = job->steps; s; s = s->next)
        if (req->full || (req->batch_only ? s->id == STEP_BATCH : s->id != STEP_BATCH))
            signal_step(job, s, req, d);
    return 0;
}

static int decide_step_control(struct cluster *c, const struct cluster_now *now,
                               struct job *job, const struct control_request *req,
                               struct decision *d, struct error *err)
{
    struct step *step = step_find(job, req->step_id);

    (void)c;
    if (!step || job->phase != PHASE_RUNNING)
        return error_set(err, BRE_STEP_ID, "Invalid job step id specified");
    if (req->action == JOB_ACTION_SIGNAL && req->signal != SIGKILL) {
        if (req->signal < 1 || req->signal > 64)
            return error_set(err, BRE_INVAL, "signal %u does not exist", req->signal);
        signal_step(job, step, req, d);
        return 0;
    }
    if (req->action != JOB_ACTION_CANCEL && req->action != JOB_ACTION_SIGNAL)
        return error_set(err, BRE_NOT_SUPPORTED,
                         "a step can be cancelled or signalled, no more");
    if (step->end_state)
        return refuse_ended(err);
    step_decide_ending(now, step, JOB_CANCELLED, req->who.uid, NULL, d);
    return 0;
}

static void decide_hold(const struct cluster_now *now, const struct job *job, uint32_t hold,
                        const char *text, struct decision *d)
{
    Wire__EvJobUpdated *ev =
        event_add(d, now, job_updated, JOB_UPDATED, EvJobUpdated, EV_JOB_UPDATED);

    SET(ev, job_id, job->id);
    SET(ev, hold, hold);
    ev->hold_reason = (char *)text;
}

static int decide_requeue(struct cluster *c, const struct cluster_now *now, struct job *job,
                          const struct control_request *req, struct decision *d,
                          struct error *err)
{
    uint32_t rule = req->special_exit                          ? 3
                    : req->action == JOB_ACTION_REQUEUE_HOLD ? 2
                                                             : 1;
    struct job_end end = { .state = JOB_REQUEUED, .by_uid = req->who.uid, .requeue = rule };

    if (job->kind != JOB_KIND_BATCH)
        return error_set(err, BRE_DISABLED, "job %u is interactive and cannot be requeued",
                         job->id);
    if (!job_may_requeue(c, job) && job->phase != PHASE_ENDED)
        return error_set(err, BRE_DISABLED, "job %u was submitted with --no-requeue",
                         job->id);
    switch ((enum job_phase)job->phase) {
    case PHASE_PENDING:
        return error_set(err, BRE_JOB_PENDING, "Job is pending execution");
    case PHASE_ENDED:
        if (req->incomplete)
            return refuse_ended(err);
        /* fall through */
    case PHASE_RUNNING:
        job_decide_end(c, now, job, &end, UINT32_MAX, false, d);
        return 0;
    case PHASE_ENDING:
        if (job->requeue)
            return 0; /* on its way */
        return error_set(err, BRE_ALREADY_DONE,
                         "job %u is completing: try again when it has", job->id);
    case PHASE_COUNT:
        break;
    }
    return refuse_ended(err);
}

static void set_priority(const struct cluster_now *now, const struct job *job, uint32_t priority,
                         struct decision *d)
{
    Wire__EvJobUpdated *ev =
        event_add(d, now, job_updated, JOB_UPDATED, EvJobUpdated, EV_JOB_UPDATED);

    SET(ev, job_id, job->id);
    SET(ev, priority, priority);
}

/* Does it compete with the other, as one of the same user's? */
static bool is_rival(const struct job *a, const struct job *b)
{
    const Wire__JobSpec *x = a->spec->msg, *y = b->spec->msg;

#define SAME(field) (strcmp(x->field ? x->field : "", y->field ? y->field : "") == 0)
    return b->phase == PHASE_PENDING && !b->hold && a->ident->msg->uid == b->ident->msg->uid
           && SAME(partition) && SAME(account) && SAME(qos);
#undef SAME
}

static int by_queue(const void *a, const void *b)
{
    const struct job *x = *(struct job *const *)a, *y = *(struct job *const *)b;

    if (x->priority != y->priority)
        return x->priority < y->priority ? -1 : 1;
    return x->id > y->id ? -1 : 1;
}

/* First among its user's pending jobs: it takes the highest of their priorities, and each that was
 * before it the next lower one, so that others neither gain nor lose. */
static int decide_top(struct cluster *c, const struct cluster_now *now, struct job *job,
                      const struct control_request *req, struct decision *d, struct error *err)
{
    CLEANUP_FREE struct job **before = NULL;
    size_t num = 0;
    uint32_t prio = job->priority;

    if (!req->who.is_operator)
        return error_set(err, BRE_ACCESS,
                         "Access/permission denied: only operators may use scontrol top");
    if (job->phase != PHASE_PENDING)
        return error_set(err, BRE_ALREADY_DONE, "Job/step already completing or completed");
    if (job->hold)
        return error_set(err, BRE_JOB_HELD, "job %u is held: release it first", job->id);
    before = xcalloc(c->jobs.count + 1, sizeof(struct job *));
    for (struct job *other = job_table_next(&c->jobs, 0); other;
         other = job_table_next(&c->jobs, other->id))
        if (other != job && is_rival(job, other)
            && (other->priority > prio || (other->priority == prio && other->id < job->id)))
            before[num++] = other;
    if (num)
        qsort(before, num, sizeof(struct job *), by_queue);
    for (size_t i = 0; i < num; i++) { /* the nearest first: all move down by one place */
        uint32_t theirs = before[i]->priority;

        if (theirs > prio)
            set_priority(now, before[i], prio, d);
        prio = theirs > prio ? theirs : prio + 1;
    }
    if (prio != job->priority)
        set_priority(now, job, prio, d);
    return 0;
}

/* A line on the standard error of the batch script, or of salloc or srun. */
static int decide_notify(struct job *job, const struct control_request *req, struct decision *d,
                         struct error *err)
{
    const struct step *batch = step_find(job, STEP_BATCH);
    const char *text = arena_strdup(&d->arena, req->text ? req->text : "");
    struct effect *e;

    if (job->phase >= PHASE_ENDING)
        return refuse_ended(err);
    if (job->phase != PHASE_RUNNING)
        return error_set(err, BRE_NOT_RUNNING, "Job is not running");
    if (batch && !batch->nodes[0].ended) {
        Wire__StepKill *kill =
            effect_kill(d, job->alloc->nodes[0].node_id, job->id, STEP_BATCH, job->attempt, SIGCONT);

        SET(kill, notify, 1);
        kill->reason = (char *)text;
        return 0;
    }
    e = effect_add(d, EFFECT_NOTICE);
    e->job_id = job->id;
    e->notice = NOTICE_MESSAGE;
    e->text = text;
    return 0;
}

static int decide_control(struct cluster *c, const struct cluster_now *now, struct job *job,
                          const struct control_request *req, struct decision *d,
                          struct error *err)
{
    switch (req->action) {
    case JOB_ACTION_CANCEL:
        return decide_cancel(c, now, job, req, d, err);
    case JOB_ACTION_SIGNAL:
        return decide_signal(c, now, job, req, d, err);
    case JOB_ACTION_HOLD:
    case JOB_ACTION_UHOLD:
        /* a running job goes on, and is held should it be requeued */
        if (job->phase >= PHASE_ENDING)
            return error_set(err, BRE_JOB_FINISHED, "Job has already finished");
        /* uhold of an operator makes his hold one that the user may end */
        decide_hold(now, job,
                    req->action == JOB_ACTION_HOLD && req->who.is_operator ? 2
                    : job->hold == 2 && !req->who.is_operator              ? 2
                                                                           : 1,
                    req->text, d);
        return 0;
    case JOB_ACTION_RELEASE:
        if (job->phase >= PHASE_ENDING)
            return error_set(err, BRE_JOB_FINISHED, "Job has already finished");
        if (job->hold == 2 && !req->who.is_operator)
            return error_set(err, BRE_ACCESS, "job %u is held by an operator", job->id);
        decide_hold(now, job, 0, NULL, d);
        return 0;
    case JOB_ACTION_REQUEUE:
    case JOB_ACTION_REQUEUE_HOLD:
        return decide_requeue(c, now, job, req, d, err);
    case JOB_ACTION_TOP:
        return decide_top(c, now, job, req, d, err);
    case JOB_ACTION_NOTIFY:
        return decide_notify(job, req, d, err);
    case JOB_ACTION_SUSPEND:
    case JOB_ACTION_RESUME:
        return job_decide_suspend(c, now, job, req, d, err);
    }
    return error_set(err, BRE_NOT_SUPPORTED, "unknown action %d", (int)req->action);
}

struct control_args {
    struct cluster *c;
    const struct cluster_now *now;
    const struct control_request *req;
};

static int decide_one(struct job *job, void *arg, struct decision *d, struct error *err)
{
    const struct control_args *k = arg;

    if (k->req->step_id != STEP_NONE)
        return decide_step_control(k->c, k->now, job, k->req, d, err);
    return decide_control(k->c, k->now, job, k->req, d, err);
}

int cluster_decide_control(struct cluster *c, const struct cluster_now *now,
                           const struct control_request *req, struct decision *d,
                           struct error *err)
{
    struct control_args args = { c, now, req };
    struct decision_mark mark = decision_mark(d);
    struct job *job = job_table_find(&c->jobs, req->job_id);

    if (!job)
        return error_set(err, BRE_JOB_ID, "Invalid job id specified");
    if (check_owner(job, &req->who, err) < 0)
        return -1;
    clock_check(c, now, d);
    if (tasks_decide(c, now, job, req->tasks, decide_one, &args, d, err) < 0)
        return decision_rollback(d, mark);
    return 0;
}

int cluster_decide_alloc_complete(struct cluster *c, const struct cluster_now *now,
                                  const struct cluster_who *who, uint32_t id,
                                  uint32_t exit_status, struct decision *d,
                                  struct error *err)
{
    struct job *job = job_table_find(&c->jobs, id);
    struct job_end end = { 0 };

    if (!job)
        return error_set(err, BRE_JOB_ID, "Invalid job id specified");
    if (check_owner(job, who, err) < 0)
        return -1;
    if (job->kind == JOB_KIND_BATCH)
        return error_set(err, BRE_NOT_SUPPORTED, "job %u is a batch job: use scancel", id);
    if (job->phase >= PHASE_ENDING)
        return refuse_ended(err);
    clock_check(c, now, d);
    if (job->phase == PHASE_PENDING) {
        struct control_request req = { .action = JOB_ACTION_CANCEL, .who = *who };

        return decide_cancel(c, now, job, &req, d, err);
    }
    job_end_of_step(c, job, exit_status ? JOB_FAILED : JOB_COMPLETED, exit_status, NULL,
                    &end);
    job_decide_end(c, now, job, &end, UINT32_MAX, false, d);
    return 0;
}
