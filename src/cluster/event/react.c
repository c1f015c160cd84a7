/* react.c - what follows from a fact that is on disk, by the state as it is now. */
#include "cluster/event/event.h"

#include "cluster/job/job.h"
#include "cluster/node/node.h"
#include "cluster/step/step.h"

#include <stdio.h>
#include <string.h>

static void launch(struct decision *d, const struct job *job, const struct step *step,
                   uint32_t index)
{
    struct effect *e = effect_add(d, EFFECT_LAUNCH);

    e->job_id = job->id;
    e->step_id = step->id;
    e->attempt = step->attempt;
    e->node_id = job->alloc->nodes[step->nodes[index].place].node_id;
    e->node_index = index;
}

static void launch_step(struct decision *d, const struct job *job, uint32_t step_id)
{
    const struct step *step = step_find(job, step_id);

    for (uint32_t i = 0; step && i < step->num_nodes; i++)
        if (!step->nodes[i].ended)
            launch(d, job, step, i);
}

static const char *end_words(const struct job *job)
{
    switch ((enum job_state)job->end_state) {
    case JOB_TIMEOUT:
        return "DUE TO TIME LIMIT";
    case JOB_NODE_FAIL:
        return "DUE TO NODE FAILURE";
    case JOB_REQUEUED:
        return "DUE TO JOB REQUEUE";
    default:
        return "";
    }
}

static void kill_job(struct cluster *c, struct decision *d, const struct job *job)
{
    for (uint32_t i = 0; i < job->alloc->count; i++) {
        const struct alloc_node *an = &job->alloc->nodes[i];
        Wire__StepKill *kill;

        if ((an->flags & (ALLOC_USED | ALLOC_CLEAN)) != ALLOC_USED)
            continue;
        kill = effect_kill(d, an->node_id, job->id, STEP_NONE, job->attempt, 0);
        kill->reason = (char *)end_words(job);
        SET(kill, final_state, job->end_state);
        SET(kill, kill_wait_sec, conf_of(c)->kill_wait_sec);
    }
}

static void notice(struct decision *d, const struct job *job, enum notice_kind kind,
                   const char *text)
{
    struct effect *e = effect_add(d, EFFECT_NOTICE);

    e->job_id = job->id;
    e->notice = kind;
    e->text = text ? arena_strdup(&d->arena, text) : NULL;
}

static void react_ending(struct cluster *c, const struct job *job, struct decision *d)
{
    kill_job(c, d, job);
    effect_job(d, EFFECT_JOB_CHANGED, job->id);
    effect_add(d, EFFECT_SCHEDULE); /* nodes that never ran anything are free */
    if (job->end_state == JOB_TIMEOUT)
        notice(d, job, NOTICE_TIME_LIMIT, NULL);
    else if (job->end_state == JOB_NODE_FAIL)
        notice(d, job, NOTICE_NODE_FAIL, job->text);
    else if (job->end_state == JOB_CANCELLED)
        notice(d, job, NOTICE_JOB_REVOKED, job->text);
}

static void react_step_ending(struct cluster *c, const Wire__EvStepEnding *m,
                              struct decision *d)
{
    struct job *job = job_table_find(&c->jobs, m->job_id);
    struct step *step = job ? step_find(job, m->step_id) : NULL;

    for (uint32_t i = 0; step && i < step->num_nodes; i++)
        if (!step->nodes[i].ended) {
            Wire__StepKill *kill =
                effect_kill(d, job->alloc->nodes[step->nodes[i].place].node_id, job->id,
                            step->id, step->attempt, 0);

            SET(kill, final_state, m->state);
            /* A user's end of a step is KILL at once; that of a job gives its programs time. */
            SET(kill, kill_wait_sec, m->state == JOB_CANCELLED && step->spec ? 0 : conf_of(c)->kill_wait_sec);
            if (m->state == JOB_TIMEOUT)
                kill->reason = (char *)"DUE TO TIME LIMIT";
            else if (m->state == JOB_NODE_FAIL)
                kill->reason = (char *)"DUE TO NODE FAILURE";
            else if (m->text)
                kill->reason = arena_strdup(&d->arena, m->text);
        }
    if (step && m->state == JOB_CANCELLED) {
        struct effect *e = effect_add(d, EFFECT_NOTICE);

        e->job_id = job->id;
        e->step_id = step->id;
        e->notice = NOTICE_STEP_CANCELLED;
    }
}

static void react_step_ended(struct cluster *c, const Wire__EvStepEnded *m,
                             struct decision *d)
{
    struct effect *e = effect_add(d, EFFECT_STEP_CHANGED);

    (void)c;
    e->job_id = m->job_id;
    e->step_id = m->step_id;
    e->attempt = m->attempt;
    e->state = (enum job_state)m->state;
    e->exit_status = m->exit_status;
    e->text = m->text ? arena_strdup(&d->arena, m->text) : NULL;
    effect_job(d, EFFECT_STEP_RETRY, m->job_id);
}

static void react_warned(struct cluster *c, const Wire__EvJobWarned *m, struct decision *d)
{
    struct job *job = job_table_find(&c->jobs, m->job_id);
    const Wire__JobSpec *spec = job ? job->spec->msg : NULL;
    bool batch_only = spec && spec->warn_flags & 1;

    if (!job || job->phase != PHASE_RUNNING || job->attempt != m->attempt)
        return;
    for (struct step *s = job->steps; s; s = s->next) {
        if (batch_only != (s->id == STEP_BATCH))
            continue;
        for (uint32_t i = 0; i < s->num_nodes; i++)
            if (!s->nodes[i].ended) {
                Wire__StepKill *kill =
                    effect_kill(d, job->alloc->nodes[s->nodes[i].place].node_id, job->id,
                                s->id, job->attempt, spec->warn_signal);

                if (batch_only)
                    SET(kill, batch_only, 1);
            }
    }
}

static void react_started(struct cluster *c, const Wire__EvJobStarted *m,
                          struct decision *d)
{
    struct job *job = job_table_find(&c->jobs, m->job_id);

    if (!job || job->attempt != m->attempt)
        return;
    effect_job(d, EFFECT_JOB_CHANGED, job->id);
    if (job->phase == PHASE_RUNNING && job_runs_script(job))
        launch_step(d, job, STEP_BATCH);
    if (!list_is_empty(&c->dependent))
        effect_add(d, EFFECT_SCHEDULE);
}

static void react_created(struct cluster *c, const Wire__EvStepCreated *m,
                          struct decision *d)
{
    struct job *job = job_table_find(&c->jobs, m->job_id);
    struct effect *e;

    if (!job || job->attempt != m->attempt || job->phase != PHASE_RUNNING)
        return;
    e = effect_add(d, EFFECT_STEP_CHANGED);
    e->job_id = m->job_id;
    e->step_id = m->step_id;
    e->attempt = m->attempt;
    e->state = JOB_RUNNING;
    launch_step(d, job, m->step_id);
}

void cluster_react(struct cluster *c, const Wire__Event *ev, struct decision *d)
{
    struct job *job;

    switch (ev->body_case) {
    case WIRE__EVENT__BODY_JOB_STARTED:
        react_started(c, ev->job_started, d);
        break;
    case WIRE__EVENT__BODY_JOB_ENDING:
        job = job_table_find(&c->jobs, ev->job_ending->job_id);
        if (job && job->phase == PHASE_ENDING)
            react_ending(c, job, d);
        break;
    case WIRE__EVENT__BODY_JOB_ENDED:
        effect_job(d, EFFECT_JOB_CHANGED, ev->job_ended->job_id);
        job = job_table_find(&c->jobs, ev->job_ended->job_id);
        if (job && job->task && job->task->array->id != job->id && array_has_ended(job->task->array))
            effect_job(d, EFFECT_JOB_CHANGED, job->task->array->id);
        effect_add(d, EFFECT_SCHEDULE);
        break;
    case WIRE__EVENT__BODY_JOB_REQUEUED:
        effect_job(d, EFFECT_JOB_CHANGED, ev->job_requeued->job_id);
        effect_add(d, EFFECT_SCHEDULE);
        break;
    case WIRE__EVENT__BODY_JOB_SUBMITTED:
    case WIRE__EVENT__BODY_JOB_UPDATED:
    case WIRE__EVENT__BODY_JOB_NODE_CLEAN:
    case WIRE__EVENT__BODY_ARRAY_UPDATED:
    case WIRE__EVENT__BODY_NODE_ADDED:
    case WIRE__EVENT__BODY_NODE_REGISTERED:
    case WIRE__EVENT__BODY_NODE_STATE:
    case WIRE__EVENT__BODY_PART_UPDATED:
    case WIRE__EVENT__BODY_RECONFIGURED:
    case WIRE__EVENT__BODY_RESV:
        if (c->sched_wanted)
            effect_add(d, EFFECT_SCHEDULE);
        break;
    case WIRE__EVENT__BODY_JOB_WARNED:
        react_warned(c, ev->job_warned, d);
        break;
    case WIRE__EVENT__BODY_JOB_SUSPENDED:
        job = job_table_find(&c->jobs, ev->job_suspended->job_id);
        if (job && job->phase == PHASE_RUNNING)
            job_react_suspended(job, d);
        break;
    case WIRE__EVENT__BODY_STEP_CREATED:
        react_created(c, ev->step_created, d);
        break;
    case WIRE__EVENT__BODY_STEP_NODE_ENDED:
        if (!ev->step_node_ended->lost)
            effect_ack(d, ev->step_node_ended->node_id, ev->step_node_ended->status->job_id,
                       ev->step_node_ended->status->step_id,
                       ev->step_node_ended->status->attempt);
        break;
    case WIRE__EVENT__BODY_STEP_ENDING:
        react_step_ending(c, ev->step_ending, d);
        break;
    case WIRE__EVENT__BODY_STEP_ENDED:
        react_step_ended(c, ev->step_ended, d);
        break;
    default:
        break;
    }
}
