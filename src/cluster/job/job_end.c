/* job_end.c - how jobs end: what must be clean first, requeue, nodes that are gone. */
#include "cluster/event/event.h"

#include "cluster/node/node.h"
#include "cluster/step/step.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>

static void decide_ended(const struct cluster_now *now, struct job *job,
                         const struct job_end *end, struct decision *d)
{
    Wire__EvJobEnded *ev =
        event_add(d, now, job_ended, JOB_ENDED, EvJobEnded, EV_JOB_ENDED);

    SET(ev, job_id, job->id);
    SET(ev, state, end ? end->state : job->end_state);
    SET(ev, exit_status, end ? end->exit_status : job->exit_status);
    SET(ev, reason, end ? end->reason : job->reason);
    if (end && end->by_uid)
        SET(ev, by_uid, end->by_uid);
    if (end)
        ev->text = (char *)end->text;
}

/* lost: a place of the allocation that is being given up for lost in this decision. */
static void decide_requeued(struct cluster *c, const struct cluster_now *now,
                            struct job *job, uint32_t rule, enum job_reason why,
                            const char *text, uint32_t lost, struct decision *d)
{
    Wire__EvJobRequeued *ev =
        event_add(d, now, job_requeued, JOB_REQUEUED, EvJobRequeued, EV_JOB_REQUEUED);
    uint32_t count = job->alloc ? job->alloc->count : 0;

    SET(ev, job_id, job->id);
    SET(ev, attempt, job->attempt + 1);
    SET(ev, hold, rule == 3 ? HOLD_SPECIAL_EXIT : rule == 2 && !job->hold ? 1 : job->hold);
    SET(ev, reason,
        rule == 2 && (why == REASON_LAUNCH_FAILED || why == REASON_PROLOG)
            ? REASON_LAUNCH_FAILED_HELD
            : REASON_NONE);
    ev->text = (char *)(rule >= 2 && (!text || !*text) ? "job requeued in held state" : text);
    if (conf_of(c)->requeue == REQUEUE_TIMEOUT)
        return;
    ev->wait_nodes = arena_alloc(&d->arena, (count + 1) * sizeof(uint32_t));
    for (uint32_t i = 0; i < count; i++)
        if (i == lost || (job->alloc->nodes[i].flags & ALLOC_LOST))
            ev->wait_nodes[ev->n_wait_nodes++] = job->alloc->nodes[i].node_id;
}

static void decide_end(struct cluster *c, const struct cluster_now *now, struct job *job,
                       const struct job_end *end, uint32_t clean, bool lost, struct decision *d)
{
    uint32_t left = job_unclean(job, clean);
    uint32_t requeue = end ? end->requeue : job->requeue;
    const char *text = end ? end->text : job->text;

    if (end && job->phase != PHASE_ENDED && (left || requeue)) {
        Wire__EvJobEnding *ev =
            event_add(d, now, job_ending, JOB_ENDING, EvJobEnding, EV_JOB_ENDING);

        SET(ev, job_id, job->id);
        SET(ev, state, end->state);
        SET(ev, exit_status, end->exit_status);
        SET(ev, reason, end->reason);
        SET(ev, by_uid, end->by_uid);
        SET(ev, requeue, requeue);
        ev->text = (char *)text;
    }
    if (clean != UINT32_MAX
        && (left || lost || requeue || (!end && job->phase == PHASE_RUNNING))) {
        Wire__EvJobNodeClean *ev = event_add(d, now, job_node_clean, JOB_NODE_CLEAN,
                                             EvJobNodeClean, EV_JOB_NODE_CLEAN);

        SET(ev, job_id, job->id);
        SET(ev, attempt, job->attempt);
        SET(ev, node_id, job->alloc->nodes[clean].node_id);
        if (lost)
            SET(ev, lost, 1);
    }
    if (left || (!end && job->phase == PHASE_RUNNING))
        return;
    if (requeue)
        decide_requeued(c, now, job, requeue,
                        end ? end->reason : (enum job_reason)job->reason, text,
                        lost ? clean : UINT32_MAX, d);
    else
        decide_ended(now, job, end, d);
}

void job_decide_end(struct cluster *c, const struct cluster_now *now, struct job *job,
                    const struct job_end *end, uint32_t clean, bool lost, struct decision *d)
{
    if (end && clean == UINT32_MAX && het_end_is_decided(job, d))
        return;
    decide_end(c, now, job, end, clean, lost, d);
    for (uint32_t i = 0; end && job->het && i < job->het->size; i++)
        if (het_others_end(job, job->het->jobs[i], end, d))
            decide_end(c, now, job->het->jobs[i], end, UINT32_MAX, false, d);
}

void job_end_of_step(const struct cluster *c, const struct job *job,
                     enum job_state step_state, uint32_t exit_status, const char *text,
                     struct job_end *end)
{
    (void)c;
    (void)job;
    memset(end, 0, sizeof(*end));
    end->state = step_state;
    end->exit_status = exit_status;
    switch (step_state) {
    case JOB_COMPLETED:
        break;
    case JOB_OOM:
        end->reason = REASON_OOM;
        break;
    case JOB_TIMEOUT:
        end->reason = REASON_TIME_LIMIT;
        break;
    case JOB_NODE_FAIL:
        end->reason = REASON_NODE_FAIL;
        break;
    case JOB_FAILED:
        if (text && *text) {
            end->reason = REASON_LAUNCH_FAILED;
            end->text = text;
        } else {
            end->reason =
                WIFSIGNALED((int)exit_status) ? REASON_RAISED_SIGNAL : REASON_NON_ZERO_EXIT;
        }
        break;
    default:
        break;
    }
}

void job_decide_node_gone(struct cluster *c, const struct cluster_now *now, struct job *job,
                          uint32_t node_id, bool known_dead, const char *why,
                          struct decision *d)
{
    struct job_end end = { .state = JOB_NODE_FAIL,
                           .reason = REASON_NODE_FAIL,
                           .text = why };
    uint32_t place = alloc_find(job->alloc, node_id);
    struct alloc_node *an = &job->alloc->nodes[place];
    bool used = (an->flags & ALLOC_USED) != 0;

    steps_decide_place_ended(now, job, place, true, d);
    if (job->phase == PHASE_RUNNING && job->spec->msg->no_kill && place > 0
        && job->alloc->count > 1) { /* --no-kill: it goes on with the nodes it has left */
        job_decide_end(c, now, job, NULL, place, used && !known_dead, d);
        return;
    }
    end.requeue = job_may_requeue(c, job) ? 1 : 0;
    job_decide_end(c, now, job, job->phase == PHASE_RUNNING ? &end : NULL, place,
                   used && !known_dead, d);
}

bool job_has_ghost(const struct job *job, uint32_t attempt, uint32_t node_id)
{
    if (!job->ghosts || job->ghosts->attempt != attempt)
        return false;
    for (uint32_t i = 0; i < job->ghosts->count; i++)
        if (job->ghosts->node_ids[i] == node_id)
            return true;
    return false;
}

void job_decide_ghost_gone(struct cluster *c, const struct cluster_now *now,
                           struct job *job, uint32_t node_id, struct decision *d)
{
    Wire__EvJobNodeClean *ev = event_add(d, now, job_node_clean, JOB_NODE_CLEAN,
                                         EvJobNodeClean, EV_JOB_NODE_CLEAN);

    (void)c;
    SET(ev, job_id, job->id);
    SET(ev, attempt, job->ghosts->attempt);
    SET(ev, node_id, node_id);
}
