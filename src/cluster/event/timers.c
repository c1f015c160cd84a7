/* timers.c - what time alone brings: limits, begin times, silent nodes, absent clients, purge. */
#include "cluster/event/event.h"

#include "cluster/job/depend.h"
#include "cluster/node/node.h"
#include "cluster/resv/resv.h"
#include "cluster/sched/sched.h"
#include "cluster/step/step.h"

#include <string.h>

#define DECIDE_MAX 1000 /* jobs dealt with in one call */

void cluster_clocks_start(struct cluster *c, const struct cluster_now *now)
{
    uint64_t timeout = (uint64_t)conf_of(c)->node_timeout_sec * 1000;

    for (size_t i = 0; i < c->num_nodes; i++)
        if (c->nodes[i]) {
            c->nodes[i]->present = false; /* until it registers again */
            c->nodes[i]->seen_ms = now->mono_ms;
        }
    c->node_check_ms = now->mono_ms + timeout;
    for (struct job *job = job_table_next(&c->jobs, 0); job;
         job = job_table_next(&c->jobs, job->id))
        if (job->kind != JOB_KIND_BATCH && job->phase <= PHASE_RUNNING)
            cluster_client_gone(c, job->id, now, true); /* until it calls again */
        else
            job_timer_update(c, job);
    cluster_nodes_changed(c);
}

void cluster_client_gone(struct cluster *c, uint32_t id, const struct cluster_now *now,
                         bool gone)
{
    struct job *job = job_table_find(&c->jobs, id);

    if (!job || job->kind == JOB_KIND_BATCH || job->phase > PHASE_RUNNING)
        return;
    job->client_gone = gone && conf_of(c)->interactive_timeout_sec;
    job->client_gone_until =
        (int64_t)now->mono_ms + (int64_t)conf_of(c)->interactive_timeout_sec * 1000;
    job_timer_update(c, job);
}

static struct job *oldest_ended(const struct cluster *c)
{
    struct list_node *link = list_first(&c->ended);

    return link ? container_of(link, struct job, link.ended) : NULL;
}

static int64_t purge_time(const struct cluster *c, const struct job *job)
{
    return job->end_limit + (int64_t)conf_of(c)->min_job_age_sec * USEC;
}

static size_t num_invalid(const struct cluster *c)
{
    return c->num_invalid_kill
           + (conf_of(c)->kill_invalid_depend ? c->num_invalid_default : 0);
}

uint64_t cluster_next_deadline(const struct cluster *c)
{
    const struct job *old = oldest_ended(c);
    uint64_t next = c->node_check_ms;
    int64_t when;

    if (!c->clock.mono_ms)
        return UINT64_MAX;
    if (job_heap_first(&c->timers, &when) && clock_mono_of(c, when) < next)
        next = clock_mono_of(c, when);
    if (old && clock_mono_of(c, purge_time(c, old)) < next) {
        /* nobody waits for a purge: gather some, so that the controller wakes seldom */
        uint64_t slack = (uint64_t)conf_of(c)->min_job_age_sec * 1000 / 30;
        uint64_t at = clock_mono_of(c, purge_time(c, old)) + (slack < 10000 ? slack : 10000);

        next = at < next ? at : next;
    }
    if (num_invalid(c))
        next = c->clock.mono_ms;
    if (c->num_resvs || c->resvs_stale) {
        uint64_t at = clock_mono_of(c, resvs_next_due(c, c->clock.wall_usec));

        next = at < next ? at : next;
    }
    return next;
}

static void decide_purge(struct cluster *c, const struct cluster_now *now,
                         struct decision *d)
{
    Wire__EvJobPurged *ev = NULL;

    list_for_each(link, &c->ended)
    {
        struct job *job = container_of(link, struct job, link.ended);

        if (purge_time(c, job) > now->wall_usec || (ev && ev->n_job_ids == DECIDE_MAX))
            break;
        if (!ev) {
            ev = event_add(d, now, job_purged, JOB_PURGED, EvJobPurged, EV_JOB_PURGED);
            ev->job_ids = arena_alloc(&d->arena, DECIDE_MAX * sizeof(uint32_t));
        }
        ev->job_ids[ev->n_job_ids++] = job->id;
    }
}

static void decide_invalid_depend(struct cluster *c, const struct cluster_now *now,
                                  struct decision *d)
{
    size_t left = num_invalid(c);

    list_for_each(link, &c->dependent)
    {
        struct job *job = container_of(link, struct depends, link)->job;
        Wire__EvJobEnded *ev;

        if (!left)
            break;
        if (depend_state(job) != DEPEND_NEVER)
            continue;
        if (job->spec->msg->kill_on_invalid_dep == 2
            || (!job->spec->msg->kill_on_invalid_dep && !conf_of(c)->kill_invalid_depend))
            continue;
        left--;
        ev = event_add(d, now, job_ended, JOB_ENDED, EvJobEnded, EV_JOB_ENDED);
        SET(ev, job_id, job->id);
        SET(ev, state, JOB_CANCELLED);
        SET(ev, reason, REASON_DEPENDENCY_NEVER);
    }
}

static void decide_pending_due(const struct cluster_now *now, struct job *job,
                               struct decision *d)
{
    const Wire__JobSpec *spec = job->spec->msg;

    if (spec->has_deadline && spec->deadline > 0
        && spec->deadline * USEC <= now->wall_usec) {
        Wire__EvJobEnded *ev =
            event_add(d, now, job_ended, JOB_ENDED, EvJobEnded, EV_JOB_ENDED);

        SET(ev, job_id, job->id);
        SET(ev, state, JOB_DEADLINE);
        SET(ev, reason, REASON_DEADLINE);
        return;
    }
    if (job->begin_usec && job->begin_usec <= now->wall_usec) {
        Wire__EvJobUpdated *ev =
            event_add(d, now, job_updated, JOB_UPDATED, EvJobUpdated, EV_JOB_UPDATED);

        SET(ev, job_id, job->id);
        SET(ev, eligible, 1);
    }
}

static void decide_warning(const struct cluster_now *now, struct job *job,
                           struct decision *d)
{
    Wire__EvJobWarned *ev =
        event_add(d, now, job_warned, JOB_WARNED, EvJobWarned, EV_JOB_WARNED);

    SET(ev, job_id, job->id);
    SET(ev, attempt, job->attempt);
}

static void decide_running_due(struct cluster *c, const struct cluster_now *now,
                               struct job *job, struct decision *d)
{
    const Wire__JobSpec *spec = job->spec->msg;
    struct job_end end = { .state = JOB_TIMEOUT, .reason = REASON_TIME_LIMIT };
    int64_t by = job_end_by(c, job);

    if (by && by != job->end_limit && by <= now->wall_usec)
        end.text = "its reservation has ended";
    if ((by && by != job->end_limit && by <= now->wall_usec)
        || (job->end_limit
        && job->end_limit + (int64_t)conf_of(c)->over_time_limit_min * MIN_USEC
               <= now->wall_usec)) {
        job_decide_end(c, now, job, &end, UINT32_MAX, false, d);
        return;
    }
    if (spec->mail_events) {
        uint32_t percent;
        int64_t mark = job_next_mark(c, job, &percent);

        if (mark && mark <= now->wall_usec) {
            Wire__EvJobTimeMark *ev =
                event_add(d, now, job_time_mark, JOB_TIME_MARK, EvJobTimeMark, EV_JOB_TIME_MARK);

            SET(ev, job_id, job->id);
            SET(ev, attempt, job->attempt);
            SET(ev, percent, percent);
        }
    }
    for (struct step *s = job->steps; s; s = s->next)
        if (s->end_limit && !s->end_state && s->end_limit <= now->wall_usec)
            step_decide_ending(now, s, JOB_TIMEOUT, 0, NULL, d);
    if (by && spec->warn_signal && !job->warned
        && by - (spec->has_warn_time_sec ? spec->warn_time_sec : 60) * USEC
               <= now->wall_usec)
        decide_warning(now, job, d);
}

static bool client_is_overdue(const struct job *job, const struct cluster_now *now)
{
    return job->client_gone && (int64_t)now->mono_ms >= job->client_gone_until;
}

static void decide_client_gone(struct cluster *c, const struct cluster_now *now,
                               struct job *job, struct decision *d)
{
    struct job_end end = { .state = JOB_CANCELLED,
                           .reason = REASON_INACTIVE_LIMIT,
                           .by_uid = job->ident->msg->uid,
                           .text = "its srun or salloc went away" };

    job_decide_end(c, now, job, &end, UINT32_MAX, false, d);
}

int cluster_decide_timers(struct cluster *c, const struct cluster_now *now,
                          struct decision *d, struct error *err)
{
    size_t first = d->num_events;

    (void)err;
    if (clock_check(c, now, d))
        return 0;
    if (c->node_check_ms <= now->mono_ms)
        nodes_decide_silent(c, now, d);
    if (d->num_events > first)
        return 0; /* jobs look different once this is applied */
    if (num_invalid(c)) {
        decide_invalid_depend(c, now, d);
        if (d->num_events > first)
            return 0;
    }
    if (c->num_resvs || c->resvs_stale) {
        resvs_decide_due(c, now, d);
        if (d->num_events > first)
            return 0;
    }
    decide_purge(c, now, d);
    /* the heap changes with apply alone, so what is due is its top part */
    for (size_t i = 0, seen = 0; i < c->timers.count && seen < DECIDE_MAX; i++) {
        const struct job_heap_entry *e = &c->timers.entries[i];

        if (e->when > now->wall_usec)
            continue;
        seen++;
        if (client_is_overdue(e->job, now))
            decide_client_gone(c, now, e->job, d);
        else if (e->job->phase == PHASE_PENDING)
            decide_pending_due(now, e->job, d);
        else if (e->job->phase == PHASE_RUNNING && !job_is_suspended(e->job))
            decide_running_due(c, now, e->job, d);
    }
    return 0;
}
