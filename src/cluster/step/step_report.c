/* step_report.c - what nodes say about steps: launched, failed, ended, clean. */
#include "cluster/event/event.h"

#include "cluster/node/node.h"
#include "cluster/step/step.h"

#include <string.h>
#include <sys/wait.h>

void step_decide_ending(const struct cluster_now *now, struct step *step,
                        enum job_state state, uint32_t by_uid, const char *text,
                        struct decision *d)
{
    Wire__EvStepEnding *ev =
        event_add(d, now, step_ending, STEP_ENDING, EvStepEnding, EV_STEP_ENDING);

    SET(ev, job_id, step->job->id);
    SET(ev, step_id, step->id);
    SET(ev, state, state);
    SET(ev, by_uid, by_uid);
    ev->text = (char *)text;
}

static void decide_step_ended(const struct cluster_now *now, const struct step *step,
                              enum job_state state, uint32_t exit_status, const char *text,
                              struct decision *d)
{
    Wire__EvStepEnded *ev =
        event_add(d, now, step_ended, STEP_ENDED, EvStepEnded, EV_STEP_ENDED);

    SET(ev, job_id, step->job->id);
    SET(ev, step_id, step->id);
    SET(ev, attempt, step->attempt);
    SET(ev, state, state);
    SET(ev, exit_status, exit_status);
    ev->text = (char *)text;
}

/* One node's end of a step; with the last one the step's.  True then, with its result. */
static bool decide_node_ended(const struct cluster_now *now, struct step *step,
                              const struct step_node *sn, const Wire__StepStatus *status,
                              bool lost, struct decision *d, enum job_state *state,
                              uint32_t *exit_status, const char **text)
{
    Wire__EvStepNodeEnded *ev = event_add(d, now, step_node_ended, STEP_NODE_ENDED,
                                          EvStepNodeEnded, EV_STEP_NODE_ENDED);
    Wire__StepStatus *st = arena_alloc(&d->arena, sizeof(*st));
    struct step after = *step; /* as step_apply_node_ended() will leave it */

    if (status) {
        *st = *status;
    } else {
        wire__step_status__init(st);
        SET(st, state, STEP_ENDED);
    }
    SET(st, job_id, step->job->id);
    SET(st, step_id, step->id);
    SET(st, attempt, step->attempt);
    SET(st, exit_status, st->exit_status); /* what counts is what the journal will say */
    SET(st, oom, st->oom);
    if (st->first_failed)
        st->has_first_failed = 1;
    SET(ev, node_id, step->job->alloc->nodes[sn->place].node_id);
    if (lost)
        SET(ev, lost, 1);
    ev->status = st;
    if (step->num_ended + 1 < step->num_nodes)
        return false;
    if (st->exit_status) {
        uint32_t gtid = st->has_first_failed ? st->first_failed
                        : sn->gtids          ? sn->gtids[0]
                                             : 0;

        if (!after.exit_status || gtid < after.first_failed)
            after.exit_status = st->exit_status;
    }
    after.oom |= st->oom;
    after.lost |= lost;
    if (!after.text && st->text && *st->text)
        after.text = st->text;
    *state = step_result(&after, exit_status);
    if (*state == JOB_FAILED && step->job->phase == PHASE_ENDING
        && (st->killed_by_order || WIFSIGNALED((int)*exit_status)))
        *state = JOB_CANCELLED; /* it went with its job */
    *text = after.text ? arena_strdup(&d->arena, after.text) : NULL;
    decide_step_ended(now, step, *state, *exit_status, *text, d);
    return true;
}

void steps_decide_place_ended(const struct cluster_now *now, struct job *job,
                              uint32_t place, bool lost, struct decision *d)
{
    enum job_state state;
    uint32_t exit_status;
    const char *text;

    for (struct step *s = job->steps; s; s = s->next) {
        struct step_node *sn = step_node_at(s, place);

        if (!sn || sn->ended)
            continue;
        if (!decide_node_ended(now, s, sn, NULL, lost, d, &state, &exit_status, &text)
            && lost && !s->end_state)
            step_decide_ending(now, s, JOB_NODE_FAIL, 0, NULL,
                               d); /* on its other nodes too */
    }
}

/* Nothing of the job is left on this place. */
static void decide_place_clean(struct cluster *c, const struct cluster_now *now,
                               struct job *job, uint32_t place, struct decision *d)
{
    steps_decide_place_ended(now, job, place, false, d);
    job_decide_end(c, now, job, NULL, place, false, d);
}

/* "Clean" was said before the node could know of a launch that is on its way: it holds only if
 * nothing else was sent there.  Otherwise the job's end asks again, and that answer is final. */
static bool clean_holds(const struct job *job, uint32_t place, const struct step *except)
{
    for (struct step *s = job->steps; s; s = s->next) {
        const struct step_node *sn = s == except ? NULL : step_node_at(s, place);

        if (sn && !sn->ended)
            return false;
    }
    return true;
}

static bool is_main_step(const struct job *job, const struct step *step)
{
    return job->kind == JOB_KIND_BATCH ? step->id == STEP_BATCH
                                       : job->ends_with_step && step->id == 0;
}

static int node_known(struct cluster *c, uint32_t node_id, struct error *err)
{
    if (node_at(c, node_id))
        return 0;
    return error_set(err, BRE_NODE_NAME, "node %u does not exist", node_id);
}

/* A report about what is not, or no longer, ours. */
static void answer_stranger(struct cluster *c, const struct cluster_now *now,
                            struct job *job, uint32_t node_id, const Wire__StepStatus *st,
                            struct decision *d)
{
    bool ghost = job && job_has_ghost(job, st->attempt, node_id);

    if (st->state == STEP_ENDED) {
        if (ghost && st->clean) {
            job_decide_ghost_gone(c, now, job, node_id, d);
        } else if (ghost) {
            effect_kill(d, node_id, st->job_id, STEP_NONE, st->attempt, 0);
        } else if (job && job->phase == PHASE_ENDING && job->attempt == st->attempt
                   && st->clean) {
            uint32_t place = alloc_find(job->alloc, node_id);

            if (place < job->alloc->count && !(job->alloc->nodes[place].flags & ALLOC_CLEAN)
                && clean_holds(job, place, NULL))
                decide_place_clean(c, now, job, place, d);
        } else if (job && job->phase == PHASE_ENDED && job->attempt == st->attempt
                   && st->clean) {
            uint32_t place = job->alloc ? alloc_find(job->alloc, node_id) : 0;

            if (job->alloc && place < job->alloc->count
                && (job->alloc->nodes[place].flags & ALLOC_LOST)) {
                Wire__EvJobNodeClean *ev = event_add(d, now, job_node_clean, JOB_NODE_CLEAN,
                                                     EvJobNodeClean, EV_JOB_NODE_CLEAN);

                SET(ev, job_id, job->id);
                SET(ev, attempt, job->attempt);
                SET(ev, node_id, node_id);
            }
        }
        effect_ack(d, node_id, st->job_id, st->step_id, st->attempt);
        return;
    }
    /* alive, but not for us: end the whole attempt there (its answer is JobClean) */
    effect_kill(d, node_id, st->job_id, STEP_NONE, st->attempt, 0);
}

int cluster_decide_step_status(struct cluster *c, const struct cluster_now *now,
                               uint32_t node_id, const Wire__StepStatus *st,
                               struct decision *d, struct error *err)
{
    struct job *job = job_table_find(&c->jobs, st->job_id);
    struct step *step;
    struct step_node *sn;
    enum job_state state;
    uint32_t exit_status, place;
    const char *text;
    struct job_end end;
    bool over, clean;

    if (node_known(c, node_id, err) < 0)
        return -1;
    clock_check(c, now, d);
    step = job && job->attempt == st->attempt
                   && (job->phase == PHASE_RUNNING || job->phase == PHASE_ENDING)
               ? step_find(job, st->step_id)
               : NULL;
    place = step ? alloc_find(job->alloc, node_id) : 0;
    sn = step ? step_node_at(step, place) : NULL;
    if (!sn || sn->ended) {
        if (st->state == STEP_ENDED || !job || !sn)
            answer_stranger(c, now, job, node_id, st, d);
        return 0;
    }
    if (st->state != STEP_ENDED) {
        if (st->aborted && !step->end_state && job->phase == PHASE_RUNNING)
            step_decide_ending(now, step, JOB_FAILED, 0, st->text, d);
        return 0;
    }
    over = decide_node_ended(now, step, sn, st, false, d, &state, &exit_status, &text);
    if (!over && st->aborted && !step->end_state && job->phase == PHASE_RUNNING)
        step_decide_ending(now, step, JOB_FAILED, 0, st->text, d);
    clean = st->clean && clean_holds(job, place, step);
    if (job->phase == PHASE_RUNNING && over && is_main_step(job, step)) {
        job_end_of_step(c, job, state, exit_status, text, &end);
        if (state == JOB_CANCELLED)
            end.by_uid = step->by_uid;
        if (job->kind == JOB_KIND_BATCH && state == JOB_NODE_FAIL
            && job_may_requeue(c, job))
            end.requeue = 1;
        job_decide_end(c, now, job, &end, clean ? place : UINT32_MAX, false, d);
    } else if (clean && !(job->alloc->nodes[place].flags & ALLOC_CLEAN)
               && (job->phase == PHASE_ENDING || job->ends_with_step)) {
        job_decide_end(c, now, job, NULL, place, false, d);
    }
    return 0;
}

int cluster_decide_job_clean(struct cluster *c, const struct cluster_now *now,
                             uint32_t node_id, const Wire__JobClean *m, struct decision *d,
                             struct error *err)
{
    struct job *job = job_table_find(&c->jobs, m->job_id);
    const struct node *node = node_at(c, node_id);
    uint32_t place;

    if (node_known(c, node_id, err) < 0)
        return -1;
    clock_check(c, now, d);
    if (m->failed && !(node->flags & NODE_DRAINED))
        node_decide_state(now, node, NODE_CHANGE_DRAIN,
                          m->text && *m->text ? arena_strdup(&d->arena, m->text)
                                              : "Kill task failed",
                          0, d);
    if (!job)
        return 0;
    if (job_has_ghost(job, m->attempt, node_id)) {
        job_decide_ghost_gone(c, now, job, node_id, d);
        return 0;
    }
    if (job->attempt != m->attempt || !job->alloc || job->phase == PHASE_PENDING)
        return 0; /* said before */
    place = alloc_find(job->alloc, node_id);
    if (place == job->alloc->count)
        return 0;
    if (job->phase == PHASE_ENDED) {
        if (job->alloc->nodes[place].flags & ALLOC_LOST) {
            Wire__EvJobNodeClean *ev = event_add(d, now, job_node_clean, JOB_NODE_CLEAN,
                                                 EvJobNodeClean, EV_JOB_NODE_CLEAN);

            SET(ev, job_id, job->id);
            SET(ev, attempt, job->attempt);
            SET(ev, node_id, node_id);
        }
        return 0;
    }
    if (!(job->alloc->nodes[place].flags & ALLOC_CLEAN)
        && (job->phase == PHASE_ENDING
            || (job->ends_with_step && clean_holds(job, place, NULL))))
        decide_place_clean(c, now, job, place, d);
    return 0;
}

int cluster_decide_launch_reply(struct cluster *c, const struct cluster_now *now,
                                uint32_t node_id, const Wire__StepLaunchReply *m,
                                struct decision *d, struct error *err)
{
    struct job *job = job_table_find(&c->jobs, m->job_id);
    const struct node *node = node_at(c, node_id);
    struct step *step;
    struct step_node *sn;
    const char *text;
    enum job_state state;
    uint32_t exit_status, place;
    Wire__StepStatus status;

    if (node_known(c, node_id, err) < 0)
        return -1;
    if (!m->code)
        return 0;
    clock_check(c, now, d);
    text = arena_printf(&d->arena, "%s: %s", node->name,
                        m->text && *m->text ? m->text : error_code_text((int)m->code));
    if (m->drain && !(node->flags & NODE_DRAINED))
        node_decide_state(now, node, NODE_CHANGE_DRAIN, text, 0, d);
    step = job && job->attempt == m->attempt && job->phase == PHASE_RUNNING
               ? step_find(job, m->step_id)
               : NULL;
    place = step ? alloc_find(job->alloc, node_id) : 0;
    sn = step ? step_node_at(step, place) : NULL;
    if (!sn || sn->ended)
        return 0;
    wire__step_status__init(&status);
    SET(&status, state, STEP_ENDED);
    SET(&status, exit_status, 1 << 8);
    status.text = (char *)text;
    if (!decide_node_ended(now, step, sn, &status, false, d, &state, &exit_status, &text)
        && !step->end_state)
        step_decide_ending(now, step, JOB_FAILED, 0, text, d);
    if (is_main_step(job, step)) {
        /* the fault is the node's, or the order's: another node may do it, or nobody can */
        struct job_end end = { .state = JOB_FAILED,
                               .reason = REASON_LAUNCH_FAILED,
                               .exit_status = 1 << 8,
                               .text = text };

        if (job_may_requeue(c, job))
            end.requeue = m->drain && job->restarts < 3 ? 1 : 2;
        job_decide_end(c, now, job, &end, UINT32_MAX, false, d);
    }
    return 0;
}
