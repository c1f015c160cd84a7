/* job.c - lifetime of jobs, and what the other rooms ask of them. */
#include "cluster/job/job.h"

#include "cluster/node/node.h"
#include "cluster/part/part.h"
#include "cluster/resv/resv.h"
#include "cluster/sched/sched.h"
#include "cluster/step/step.h"

#include <string.h>

void alloc_destroy(struct alloc *alloc)
{
    if (!alloc)
        return;
    for (uint32_t i = 0; i < alloc->count; i++) {
        bitmap_destroy(alloc->nodes[i].cores);
        free(alloc->nodes[i].gres);
    }
    free(alloc->partition);
    free(alloc->reservation);
    free(alloc->node_list);
    free(alloc);
}

const char *alloc_node_list(struct cluster *c, struct alloc *alloc)
{
    const char **names;

    if (alloc->count == 1)
        return node_at(c, alloc->nodes[0].node_id)->name;
    if (!alloc->node_list) {
        names = xmalloc(alloc->count * sizeof(*names));
        for (uint32_t i = 0; i < alloc->count; i++)
            names[i] = node_at(c, alloc->nodes[i].node_id)->name;
        alloc->node_list = hostlist_format_names(names, alloc->count);
        free(names);
    }
    return alloc->node_list;
}

uint32_t alloc_find(const struct alloc *alloc, uint32_t node_id)
{
    uint32_t i = 0;

    while (i < alloc->count && alloc->nodes[i].node_id != node_id)
        i++;
    return i;
}

void job_destroy(struct cluster *c, struct job *job)
{
    if (!job)
        return;
    while (job->steps)
        step_remove(c, job->steps);
    array_detach(c, job);
    het_detach(c, job);
    depend_detach(c, job);
    if (job->queued)
        queue_remove(c, job);
    if (job->phase == PHASE_ENDED)
        list_remove(&job->link.ended);
    job_heap_set(&c->timers, job, 0);
    if (job->ghosts) {
        list_remove(&job->ghosts->link);
        free(job->ghosts);
    }
    alloc_destroy(job->alloc);
    free(job->suspension);
    blob_decref(&c->blobs, job->script);
    blob_decref(&c->blobs, job->env);
    spec_decref(c, job->spec);
    name_decref(c, job->name);
    ident_decref(c, job->ident);
    free(job->text);
    free(job);
}

uint32_t job_time_limit(const struct cluster *c, const struct job *job)
{
    if (job->alloc && job->alloc->limit_min && job->phase != PHASE_PENDING)
        return job->alloc->limit_min;
    return shape_time_limit(c, job->spec->shape,
                            job->alloc && job->phase != PHASE_PENDING
                                ? part_find(c, job->alloc->partition)
                                : NULL);
}

bool job_may_requeue(const struct cluster *c, const struct job *job)
{
    if (job->kind != JOB_KIND_BATCH)
        return false;
    return job->spec->msg->has_requeue ? job->spec->msg->requeue : conf_of(c)->job_requeue;
}

uint32_t job_unclean(const struct job *job, uint32_t skip)
{
    uint32_t count = 0;

    for (uint32_t i = 0; job->alloc && i < job->alloc->count; i++)
        if (i != skip
            && (job->alloc->nodes[i].flags & (ALLOC_USED | ALLOC_CLEAN)) == ALLOC_USED)
            count++;
    return count;
}

int64_t job_end_by(const struct cluster *c, const struct job *job)
{
    const struct resv *r = resv_of_job(c, job);

    if (!r || r->msg->flags & (RESV_FLEX | RESV_TIME_FLOAT) || job_is_suspended(job)
        || (job->end_limit && job->end_limit <= r->msg->end_usec))
        return job->end_limit;
    return r->msg->end_usec;
}

int64_t job_next_mark(const struct cluster *c, const struct job *job, uint32_t *percent)
{
    static const struct {
        uint32_t event, percent;
    } marks[] = { { MAIL_TIME_LIMIT_50, 50 }, { MAIL_TIME_LIMIT_80, 80 }, { MAIL_TIME_LIMIT_90, 90 } };
    uint32_t events = job->spec->msg->mail_events;
    int64_t by = events ? job_end_by(c, job) : 0, length;

    if (!by || job->phase != PHASE_RUNNING || job_is_suspended(job))
        return 0;
    length = by - job->start_usec - (job->suspension ? job->suspension->total_usec : 0);
    for (size_t i = 0; i < ARRAY_SIZE(marks); i++)
        if (events & marks[i].event && marks[i].percent > job->time_mark) {
            *percent = marks[i].percent;
            return by - length / 100 * (100 - marks[i].percent);
        }
    return 0;
}

void job_timer_update(struct cluster *c, struct job *job)
{
    int64_t when = 0;

    if (job->phase == PHASE_PENDING) {
        if (job->begin_usec && !job->eligible && !job->hold
            && depend_state(job) != DEPEND_OPEN && depend_state(job) != DEPEND_NEVER)
            when = job->begin_usec;
        if (job->spec->msg->has_deadline && job->spec->msg->deadline > 0) {
            int64_t deadline = job->spec->msg->deadline * USEC;

            when = !when || deadline < when ? deadline : when;
        }
    } else if (job->phase == PHASE_RUNNING && !job_is_suspended(job)) {
        const Wire__JobSpec *spec = job->spec->msg;
        int64_t by = job_end_by(c, job);

        if (by) {
            int64_t over = (int64_t)conf_of(c)->over_time_limit_min * MIN_USEC;

            when = job->end_limit ? job->end_limit + over : by;
            when = by != job->end_limit && by < when ? by : when;
            if (spec->warn_signal && !job->warned) {
                when = by - (spec->has_warn_time_sec ? spec->warn_time_sec : 60) * USEC;
                when = when > 0 ? when : 1;
            }
        }
        if (spec->mail_events) {
            uint32_t percent;
            int64_t mark = job_next_mark(c, job, &percent);

            when = mark && (!when || mark < when) ? mark : when;
        }
        for (const struct step *s = job->steps; s; s = s->next)
            if (s->end_limit && !s->end_state && (!when || s->end_limit < when))
                when = s->end_limit;
    }
    if (job->client_gone && job->phase <= PHASE_RUNNING) {
        /* kept on the monotonic clock: as wall time by the clocks' last agreement */
        int64_t at = c->clock.wall_usec
                     + (job->client_gone_until - (int64_t)c->clock.mono_ms) * 1000;

        at = at > 0 ? at : 1;
        when = !when || at < when ? at : when;
    }
    job_heap_set(&c->timers, job, when);
}

void job_queue_update(struct cluster *c, struct job *job, int64_t now_usec)
{
    bool wanted = job->phase == PHASE_PENDING && !job->hold && !job->ghosts
                  && (depend_state(job) == DEPEND_NONE || depend_state(job) == DEPEND_MET);

    if (wanted && !job->eligible && !job->begin_usec) {
        job->eligible = true;
        if (!job->eligible_usec)
            job->eligible_usec = now_usec;
    }
    if (!wanted)
        job->eligible = false;
    if (job->het) {
        het_queue_update(c, job->het);
    } else if (job->eligible && !job->queued) {
        queue_insert(c, job);
        cluster_wants_pass(c);
    } else if (!job->eligible && job->queued) {
        queue_remove(c, job);
    }
    job_timer_update(c, job);
}

uint32_t job_id(const struct job *job)
{
    return job->id;
}

uint32_t cluster_job_mail(const struct job *job)
{
    return job->spec->msg->mail_events;
}

uint32_t job_uid(const struct job *job)
{
    return job->ident->msg->uid;
}

enum job_kind job_kind(const struct job *job)
{
    return (enum job_kind)job->kind;
}

enum job_state job_state_shown(const struct job *job)
{
    switch ((enum job_phase)job->phase) {
    case PHASE_PENDING:
        return job->hold == HOLD_SPECIAL_EXIT ? JOB_SPECIAL_EXIT : JOB_PENDING;
    case PHASE_RUNNING:
        return job_is_suspended(job) ? JOB_SUSPENDED : JOB_RUNNING;
    case PHASE_ENDING:
        return JOB_COMPLETING;
    case PHASE_ENDED:
    case PHASE_COUNT:
        break;
    }
    return (enum job_state)job->end_state;
}

bool job_uses_node(const struct job *job, uint32_t node_id)
{
    return job->alloc && alloc_find(job->alloc, node_id) < job->alloc->count;
}

struct job *cluster_job_find(struct cluster *c, uint32_t id)
{
    return job_table_find(&c->jobs, id);
}

struct job *cluster_job_next(struct cluster *c, uint32_t id)
{
    return job_table_next(&c->jobs, id);
}

size_t cluster_job_count(const struct cluster *c)
{
    return c->jobs.count;
}
