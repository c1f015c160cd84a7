/* job_apply.c - events to states of jobs: the only code that writes struct job. */
#include "cluster/event/event.h"

#include "cluster/node/node.h"
#include "cluster/sched/sched.h"
#include "cluster/step/step.h"

#include <string.h>

enum job_ev { EV_START, EV_ENDING, EV_NODE_CLEAN, EV_END, EV_REQUEUE, EV_PURGE, EV_COUNT };

static const struct job_move {
    enum job_phase from;
    enum job_ev ev;
    enum job_phase to;
} job_moves[] = {
    { PHASE_PENDING, EV_START, PHASE_RUNNING },
    { PHASE_PENDING, EV_END, PHASE_ENDED },          /* cancelled before it started */
    { PHASE_PENDING, EV_NODE_CLEAN, PHASE_PENDING }, /* an earlier attempt is known dead */
    { PHASE_RUNNING, EV_NODE_CLEAN, PHASE_RUNNING }, /* srun's job: node by node */
    { PHASE_RUNNING, EV_ENDING, PHASE_ENDING },
    { PHASE_RUNNING, EV_END, PHASE_ENDED },    /* nothing left to clean */
    { PHASE_ENDING, EV_ENDING, PHASE_ENDING }, /* cancelled while it was to be requeued */
    { PHASE_ENDING, EV_NODE_CLEAN, PHASE_ENDING },
    { PHASE_ENDING, EV_END, PHASE_ENDED },
    { PHASE_ENDING, EV_REQUEUE, PHASE_PENDING },
    { PHASE_ENDED, EV_NODE_CLEAN, PHASE_ENDED }, /* a lost node came back and is clean */
    { PHASE_ENDED, EV_REQUEUE, PHASE_PENDING },
    { PHASE_ENDED, EV_PURGE, PHASE_ENDED },
};
static const char *const phase_names[PHASE_COUNT] = { "pending", "running", "completing",
                                                      "ended" };
static const char *const ev_names[EV_COUNT] = { "started", "ending",   "node clean",
                                                "ended",   "requeued", "purged" };

static struct job *job_for_event(struct cluster *c, uint32_t id, enum job_ev ev,
                                 enum job_phase *to, struct error *err)
{
    struct job *job = job_table_find(&c->jobs, id);

    if (!job) {
        error_set(err, BRE_JOB_ID, "event \"%s\" for job %u, which does not exist",
                  ev_names[ev], id);
        return NULL;
    }
    for (size_t i = 0; i < ARRAY_SIZE(job_moves); i++)
        if (job_moves[i].from == job->phase && job_moves[i].ev == ev) {
            *to = job_moves[i].to;
            return job;
        }
    error_set(err, BRE_DAMAGED, "job %u: event \"%s\" does not fit a job that is %s", id,
              ev_names[ev], phase_names[job->phase]);
    return NULL;
}

static void set_text(char **at, const char *text)
{
    if (text == *at)
        return;
    free(*at);
    *at = text && *text ? xstrdup(text) : NULL;
}

static int job_create(struct cluster *c, const Wire__EvJobSubmitted *m,
                      const Wire__JobSpec *spec, struct spec *interned, struct job **out,
                      struct error *err)
{
    struct ident *ident = ident_find(c, m->identity);
    struct blob *script = NULL, *env = NULL;
    struct job *job;

    if (job_table_find(&c->jobs, m->job_id))
        return error_set(err, BRE_DAMAGED, "job %u is submitted twice", m->job_id);
    if (!m->job_id || !spec || !ident)
        return error_set(err, BRE_DAMAGED, "job %u: submission without %s", m->job_id,
                         ident ? "a description" : "an identity");
    if (m->has_script_hash
        && (m->script_hash.len != 32
            || !(script = blob_find(&c->blobs, m->script_hash.data))))
        return error_set(err, BRE_DAMAGED, "job %u: its script is missing", m->job_id);
    if (m->has_env_hash
        && (m->env_hash.len != 32 || !(env = blob_find(&c->blobs, m->env_hash.data))))
        return error_set(err, BRE_DAMAGED, "job %u: its environment is missing", m->job_id);
    job = xcalloc(1, sizeof(*job));
    job->id = m->job_id;
    job->attempt = 1;
    job->kind = (uint8_t)spec->kind;
    job->priority = m->priority;
    job->ends_with_step = m->ends_with_step;
    job->spec = interned ? interned : spec_intern(c, spec);
    if (interned)
        interned->refs++;
    job->name = name_intern(c, m->spec && m->spec->name ? m->spec->name : "");
    job->ident = ident;
    ident->refs++;
    blob_incref(job->script = script);
    blob_incref(job->env = env);
    *out = job;
    return 0;
}

/* What job_create() made, before the job was known to anybody. */
static int job_drop(struct cluster *c, struct job *job)
{
    job->phase = PHASE_PENDING;
    job_destroy(c, job);
    return -1;
}

void job_enter(struct cluster *c, struct job *job)
{
    job_table_put(&c->jobs, job);
    if (job->id > c->last_job_id)
        c->last_job_id = job->id;
    if (job->id >= c->job_id_limit)
        c->job_id_limit = job->id + 1;
}

int job_apply_submitted(struct cluster *c, const Wire__Event *ev, struct error *err)
{
    const Wire__EvJobSubmitted *m = ev->job_submitted;
    struct job *job;

    if (job_create(c, m, m->spec, NULL, &job, err) < 0)
        return -1;
    job->submit_usec = ev->time_usec;
    if (m->spec->hold)
        job->hold = 1;
    if (m->spec->has_begin_time && m->spec->begin_time * USEC > ev->time_usec)
        job->begin_usec = m->spec->begin_time * USEC;
    if (m->spec->array_inx && array_create(c, job, m->spec->array_inx, err) < 0)
        return job_drop(c, job);
    if (m->het_job_id && het_attach(c, job, m, err) < 0)
        return job_drop(c, job);
    job_enter(c, job);
    job->name->live++;
    c->next_priority--;
    depend_attach(c, job);
    c->stats.jobs_submitted++;
    job_queue_update(c, job, ev->time_usec);
    return 0;
}

int job_apply_updated(struct cluster *c, const Wire__Event *ev, struct error *err)
{
    const Wire__EvJobUpdated *m = ev->job_updated;
    struct job *job = job_table_find(&c->jobs, m->job_id);
    struct name *old_name = NULL;
    bool depends = false;

    if (!job)
        return error_set(err, BRE_JOB_ID, "update of job %u, which does not exist",
                         m->job_id);
    if (job->queued)
        queue_remove(c, job);
    if (m->changes || m->n_cleared) {
        struct spec *spec = spec_change(c, job->spec, m->changes, m->cleared, m->n_cleared);

        if (m->changes && m->changes->name) {
            struct name *name = name_intern(c, m->changes->name);

            if (job->phase != PHASE_ENDED) {
                job->name->live--;
                name->live++;
            }
            old_name = job->name;
            depend_rename(c, job, name);
        }
        if (m->changes && m->changes->has_time_limit_min && job->alloc)
            job->alloc->limit_min = 0;
        depends = (m->changes && m->changes->dependency);
        for (size_t i = 0; i < m->n_cleared; i++) {
            depends |= strcmp(m->cleared[i], "dependency") == 0;
            if (strcmp(m->cleared[i], "begin_time") == 0)
                job->begin_usec = 0;
        }
        if (m->changes && m->changes->has_begin_time) {
            job->begin_usec = m->changes->begin_time * USEC > ev->time_usec
                                  ? m->changes->begin_time * USEC
                                  : 0;
            job->eligible_usec = 0;
        }
        spec_decref(c, job->spec);
        job->spec = spec;
    }
    if (m->has_priority)
        job->priority = m->priority;
    if (m->has_hold) {
        job->hold = (uint8_t)m->hold;
        if (!m->hold || job->reason == REASON_LAUNCH_FAILED_HELD)
            job->reason = REASON_NONE;
        if (m->reason)
            job->reason = (uint8_t)m->reason;
        set_text(&job->text, m->hold_reason);
    }
    if (m->has_end_limit)
        job->end_limit = m->end_limit;
    if (m->eligible)
        job->begin_usec = 0;
    if (depends && job->phase == PHASE_PENDING) {
        depend_detach(c, job);
        depend_attach(c, job);
    }
    job->eligible = false;
    job_queue_update(c, job, ev->time_usec);
    if (old_name) {
        depend_name_changed(c, old_name, ev->time_usec);
        depend_name_changed(c, job->name, ev->time_usec);
        name_decref(c, old_name);
    }
    return 0;
}

int job_apply_started(struct cluster *c, const Wire__Event *ev, struct error *err)
{
    const Wire__EvJobStarted *m = ev->job_started;
    enum job_phase to;
    struct job *job = job_for_event(c, m->job_id, EV_START, &to, err);
    struct alloc *alloc;

    if (!job)
        return -1;
    if (m->attempt != job->attempt || !m->n_nodes || job_is_many(job))
        return error_set(err, BRE_DAMAGED,
                         "job %u: start of attempt %u, but attempt %u is due", m->job_id,
                         m->attempt, job->attempt);
    if (alloc_create(c, m, &alloc, err) < 0 || job_take_alloc(c, job, alloc, false, err) < 0)
        return -1;
    if (job->queued)
        queue_remove(c, job);
    depend_detach(c, job); /* met once is met for later attempts too */
    job->eligible = false;
    array_count(job, -1);
    job->phase = (uint8_t)to;
    array_count(job, 1);
    job->start_usec = ev->time_usec;
    job->end_usec = 0;
    job->end_limit = m->end_limit;
    job->exit_status = 0;
    job->reason = REASON_NONE;
    job->warned = false;
    job->time_mark = 0;
    job_suspension_forget(job);
    job->next_step_id = 0;
    job->planned_sec = 0;
    set_text(&job->text, NULL);
    if (job_runs_script(job)) {
        alloc->nodes[0].flags |= ALLOC_USED;
        step_create_batch(c, job, ev->time_usec);
    }
    licenses_take(c, job);
    depend_job_changed(c, job, ev->time_usec);
    job_timer_update(c, job);
    c->stats.jobs_started++;
    return 0;
}

int job_apply_ending(struct cluster *c, const Wire__Event *ev, struct error *err)
{
    const Wire__EvJobEnding *m = ev->job_ending;
    enum job_phase to;
    struct job *job = job_for_event(c, m->job_id, EV_ENDING, &to, err);

    if (!job)
        return -1;
    if (job->phase == PHASE_RUNNING)
        job->end_usec = ev->time_usec;
    job_suspension_end(job, ev->time_usec);
    job->phase = (uint8_t)to;
    job->end_state = (uint8_t)m->state;
    job->exit_status = m->exit_status;
    job->reason = (uint8_t)m->reason;
    job->by_uid = m->by_uid;
    job->requeue = (uint8_t)m->requeue;
    set_text(&job->text, m->text);
    licenses_give_back(c, job);
    for (uint32_t i = 0; i < job->alloc->count; i++)
        if (!(job->alloc->nodes[i].flags & ALLOC_USED))
            job_place_clean(c, job, i); /* nothing was ever launched there */
    job_timer_update(c, job);
    return 0;
}

static bool ghost_remove(struct cluster *c, struct job *job, uint32_t node_id,
                         int64_t now_usec)
{
    struct ghosts *g = job->ghosts;

    for (uint32_t i = 0; g && i < g->count; i++)
        if (g->node_ids[i] == node_id) {
            memmove(&g->node_ids[i], &g->node_ids[i + 1],
                    (--g->count - i) * sizeof(uint32_t));
            if (!g->count) {
                list_remove(&g->link);
                free(g);
                job->ghosts = NULL;
                job_queue_update(c, job, now_usec);
            }
            return true;
        }
    return false;
}

int job_apply_node_clean(struct cluster *c, const Wire__Event *ev, struct error *err)
{
    const Wire__EvJobNodeClean *m = ev->job_node_clean;
    enum job_phase to;
    struct job *job = job_for_event(c, m->job_id, EV_NODE_CLEAN, &to, err);
    uint32_t place;

    if (!job)
        return -1;
    if (job->ghosts && m->attempt == job->ghosts->attempt
        && ghost_remove(c, job, m->node_id, ev->time_usec))
        return 0;
    place = job->alloc ? alloc_find(job->alloc, m->node_id) : 0;
    if (job->phase == PHASE_PENDING || m->attempt != job->attempt || !job->alloc
        || place == job->alloc->count)
        return error_set(err, BRE_DAMAGED, "job %u: attempt %u has nothing on node %u",
                         m->job_id, m->attempt, m->node_id);
    if (job->phase != PHASE_ENDED)
        job_place_clean(c, job, place);
    if (m->lost && job->phase != PHASE_ENDED)
        job->alloc->nodes[place].flags |= ALLOC_LOST;
    else
        job->alloc->nodes[place].flags &= ~(uint32_t)ALLOC_LOST;
    return 0;
}

static void job_release(struct cluster *c, struct job *job)
{
    while (job->steps)
        step_remove(c, job->steps);
    for (uint32_t i = 0; job->alloc && i < job->alloc->count; i++)
        job_place_clean(c, job, i);
}

int job_apply_ended(struct cluster *c, const Wire__Event *ev, struct error *err)
{
    const Wire__EvJobEnded *m = ev->job_ended;
    enum job_phase to;
    struct job *job = job_for_event(c, m->job_id, EV_END, &to, err);

    if (!job)
        return -1;
    if (job->queued)
        queue_remove(c, job);
    if (job->phase == PHASE_PENDING) {
        /* what an earlier attempt had says nothing about this one */
        alloc_destroy(job->alloc);
        job->alloc = NULL;
        job->start_usec = 0;
        job_suspension_forget(job);
    }
    job_suspension_end(job, ev->time_usec);
    job_release(c, job);
    licenses_give_back(c, job);
    depend_detach(c, job);
    job->eligible = false;
    if (job->phase != PHASE_ENDING)
        job->end_usec = ev->time_usec;
    job->end_limit = ev->time_usec; /* from here its age counts */
    array_count(job, -1);
    job->phase = (uint8_t)to;
    job->end_state = (uint8_t)m->state;
    array_count(job, 1);
    job->exit_status = m->exit_status;
    job->reason = (uint8_t)m->reason;
    job->requeue = 0;
    if (m->has_by_uid)
        job->by_uid = m->by_uid;
    if (m->text)
        set_text(&job->text, m->text);
    job->client_gone = false;
    job->name->live--;
    memset(&job->link, 0, sizeof(job->link));
    list_append(&c->ended, &job->link.ended);
    job_timer_update(c, job);
    depend_job_changed(c, job, ev->time_usec);
    c->stats.jobs_ended++;
    return 0;
}

int job_apply_requeued(struct cluster *c, const Wire__Event *ev, struct error *err)
{
    const Wire__EvJobRequeued *m = ev->job_requeued;
    enum job_phase to;
    struct job *job = job_for_event(c, m->job_id, EV_REQUEUE, &to, err);

    if (!job)
        return -1;
    if (m->attempt <= job->attempt)
        return error_set(err, BRE_DAMAGED,
                         "job %u: requeued as attempt %u after attempt %u", m->job_id,
                         m->attempt, job->attempt);
    job_release(c, job);
    if (job->phase == PHASE_ENDED) {
        list_remove(&job->link.ended);
        memset(&job->link, 0, sizeof(job->link));
        job->name->live++;
    }
    if (m->n_wait_nodes) {
        struct ghosts *g =
            xcalloc(1, sizeof(*g) + m->n_wait_nodes * sizeof(g->node_ids[0]));

        if (job->ghosts) {
            list_remove(&job->ghosts->link);
            free(job->ghosts);
        }
        g->job = job;
        g->attempt = job->attempt;
        g->count = (uint32_t)m->n_wait_nodes;
        memcpy(g->node_ids, m->wait_nodes, m->n_wait_nodes * sizeof(g->node_ids[0]));
        list_append(&c->waiting_dead, &g->link);
        job->ghosts = g;
    }
    alloc_destroy(job->alloc);
    job->alloc = NULL;
    licenses_give_back(c, job);
    job_suspension_forget(job);
    job->attempt = m->attempt;
    job->restarts++;
    array_count(job, -1);
    job->phase = (uint8_t)to;
    array_count(job, 1);
    job->requeue = 0;
    job->end_state = 0;
    job->exit_status = 0;
    job->by_uid = 0;
    job->start_usec = job->end_usec = job->end_limit = 0;
    job->eligible_usec = 0;
    job->next_step_id = 0;
    job->hold = (uint8_t)m->hold;
    job->reason = (uint8_t)m->reason;
    job->begin_usec = m->begin_time > ev->time_usec ? m->begin_time : 0;
    set_text(&job->text, m->text);
    job_queue_update(c, job, ev->time_usec);
    return 0;
}

int job_apply_time_mark(struct cluster *c, const Wire__Event *ev, struct error *err)
{
    const Wire__EvJobTimeMark *m = ev->job_time_mark;
    struct job *job = job_table_find(&c->jobs, m->job_id);

    if (!job || job->attempt != m->attempt || m->percent > 100)
        return error_set(err, BRE_DAMAGED, "job %u: no attempt %u whose time could have passed",
                         m->job_id, m->attempt);
    job->time_mark = (uint8_t)m->percent;
    job_timer_update(c, job);
    return 0;
}

int job_apply_warned(struct cluster *c, const Wire__Event *ev, struct error *err)
{
    struct job *job = job_table_find(&c->jobs, ev->job_warned->job_id);

    if (!job || job->attempt != ev->job_warned->attempt)
        return error_set(err, BRE_DAMAGED, "job %u: warned, but it has no attempt %u",
                         ev->job_warned->job_id, ev->job_warned->attempt);
    job->warned = true;
    job_timer_update(c, job);
    return 0;
}

int job_apply_purged(struct cluster *c, const Wire__Event *ev, struct error *err)
{
    const Wire__EvJobPurged *m = ev->job_purged;
    enum job_phase to;

    for (size_t i = 0; i < m->n_job_ids; i++)
        if (!job_for_event(c, m->job_ids[i], EV_PURGE, &to, err))
            return -1;
    for (size_t i = 0; i < m->n_job_ids; i++) {
        struct job *job = job_table_find(&c->jobs, m->job_ids[i]);

        if (!job)
            continue; /* named twice */
        job_table_remove(&c->jobs, job->id);
        job_destroy(c, job);
    }
    return 0;
}

int job_apply_image(struct cluster *c, const Wire__Event *ev, struct error *err)
{
    const Wire__JobImage *m = ev->job_image;
    struct spec *spec = spec_by_snapshot_id(c, m->spec_id);
    struct alloc *alloc = NULL;
    struct job *job;

    if (!m->submitted || !spec || m->state >= PHASE_COUNT)
        return error_set(err, BRE_DAMAGED, "a job of the snapshot has no description");
    if (job_create(c, m->submitted, spec->msg, spec, &job, err) < 0)
        return -1;
    if (m->started) {
        if (alloc_create(c, m->started, &alloc, err) < 0)
            goto fail;
        for (size_t i = 0; i < m->n_clean_nodes; i++)
            if (m->clean_nodes[i] < alloc->count)
                alloc->nodes[m->clean_nodes[i]].flags |= ALLOC_CLEAN;
        for (size_t i = 0; i < m->n_used_nodes; i++)
            if (m->used_nodes[i] < alloc->count)
                alloc->nodes[m->used_nodes[i]].flags |= ALLOC_USED;
        for (size_t i = 0; i < m->n_lost_nodes; i++)
            if (m->lost_nodes[i] < alloc->count)
                alloc->nodes[m->lost_nodes[i]].flags |= ALLOC_LOST;
        job->end_limit = m->started->end_limit;
        if (m->has_suspend_usec) {
            job->suspension = xcalloc(1, sizeof(*job->suspension));
            job->suspension->now = m->suspended;
            job->suspension->changed_usec = m->suspend_usec;
            job->suspension->ran_usec = m->ran_usec;
            job->suspension->total_usec = m->suspended_usec;
            job->suspension->cores_out = m->cores_out;
        }
        if (job_take_alloc(c, job, alloc, m->cores_shared, err) < 0)
            goto fail;
    }
    job->attempt = m->attempt;
    job->restarts = m->restarts;
    job->exit_status = m->exit_status;
    job->by_uid = m->by_uid;
    job->next_step_id = m->next_step_id;
    job->end_state = (uint8_t)m->end_state;
    job->reason = (uint8_t)m->reason;
    job->hold = (uint8_t)m->hold;
    job->requeue = (uint8_t)m->requeue;
    job->warned = m->warned;
    job->time_mark = (uint8_t)m->time_mark;
    job->submit_usec = m->submit_usec;
    job->eligible_usec = m->eligible_usec;
    job->begin_usec = m->begin_usec;
    job->start_usec = m->start_usec;
    job->end_usec = m->end_usec;
    job->phase = (uint8_t)m->state;
    set_text(&job->text, m->text);
    if (m->n_wait_nodes) {
        struct ghosts *g =
            xcalloc(1, sizeof(*g) + m->n_wait_nodes * sizeof(g->node_ids[0]));

        g->job = job;
        g->attempt = m->wait_attempt;
        g->count = (uint32_t)m->n_wait_nodes;
        memcpy(g->node_ids, m->wait_nodes, m->n_wait_nodes * sizeof(g->node_ids[0]));
        list_append(&c->waiting_dead, &g->link);
        job->ghosts = g;
    }
    if (m->submitted->het_job_id && het_attach(c, job, m->submitted, err) < 0)
        goto fail;
    if (m->array_id) {
        if (array_image_member(c, job, m, err) < 0)
            goto fail;
        array_count(job, 1);
    }
    job_enter(c, job);
    if (job->phase == PHASE_ENDED) {
        job->end_limit = m->age_usec;
        list_append(&c->ended, &job->link.ended);
    } else {
        job->name->live++;
    }
    if (job->phase == PHASE_RUNNING)
        licenses_take(c, job);
    if (job->phase == PHASE_PENDING && m->n_depends_on)
        depend_image_set(c, job, m->depends_on, m->n_depends_on);
    job_queue_update(c, job, job->eligible_usec);
    return 0;
fail:
    return job_drop(c, job);
}
