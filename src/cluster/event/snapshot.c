/* snapshot.c - the shortest run of events that makes this state. */
#include "cluster/event/event.h"

#include "cluster/job/job.h"
#include "cluster/node/node.h"
#include "cluster/part/part.h"
#include "cluster/resv/resv.h"
#include "cluster/step/step.h"

#include <string.h>

enum stage {
    ST_INIT,
    ST_IDS,
    ST_IDENT,
    ST_BLOB,
    ST_TOPO,
    ST_NODE,
    ST_PART,
    ST_RESV,
    ST_SPEC,
    ST_ARRAY,
    ST_LIVE,  /* pending and running jobs by id, each followed by its steps */
    ST_ENDED, /* in the order in which they will be purged */
    ST_DONE,
};

struct snapshot {
    struct cluster *c;
    struct cluster_now now;
    struct decision d; /* one event at a time */
    enum stage stage;
    size_t pos;
    struct blob *blob;
    struct spec *spec;
    uint32_t next_spec;
    struct list_node *link;
    struct job *job;
    struct step *step;
};

struct snapshot *cluster_snapshot_begin(struct cluster *c, const struct cluster_now *now)
{
    struct snapshot *s = xcalloc(1, sizeof(*s));

    s->c = c;
    s->now = *now;
    decision_init(&s->d);
    return s;
}

void cluster_snapshot_end(struct snapshot *s)
{
    if (!s)
        return;
    decision_fini(&s->d);
    free(s);
}

static bool emit_blob(struct snapshot *s, const struct idmap *blobs, bool topology)
{
    struct decision *d = &s->d;

    s->blob = s->blob ? s->blob->same_hash : NULL;
    if (!s->blob && !(s->blob = idmap_next(blobs, &s->pos, NULL)))
        return false;
    if (topology) {
        Wire__EvTopologyAdded *ev = event_add(d, &s->now, topology_added, TOPOLOGY_ADDED,
                                              EvTopologyAdded, EV_TOPOLOGY_ADDED);

        SET(ev, hash, ((ProtobufCBinaryData){ 32, s->blob->hash }));
        SET(ev, xml, ((ProtobufCBinaryData){ s->blob->len, s->blob->data }));
    } else {
        Wire__EvBlobAdded *ev =
            event_add(d, &s->now, blob_added, BLOB_ADDED, EvBlobAdded, EV_BLOB_ADDED);

        SET(ev, hash, ((ProtobufCBinaryData){ 32, s->blob->hash }));
        SET(ev, data, ((ProtobufCBinaryData){ s->blob->len, s->blob->data }));
    }
    return true;
}

static bool emit_node(struct snapshot *s)
{
    struct decision *d = &s->d;
    struct node *node;
    Wire__NodeImage *m;
    Wire__EvNodeRegistered *reg;

    while (s->pos < s->c->num_nodes && !s->c->nodes[s->pos])
        s->pos++;
    if (s->pos == s->c->num_nodes)
        return false;
    node = s->c->nodes[s->pos++];
    m = event_add(d, &s->now, node_image, NODE_IMAGE, NodeImage, NODE_IMAGE);
    reg = arena_alloc(&d->arena, sizeof(*reg));
    wire__ev_node_registered__init(reg);
    SET(reg, node_id, node->id);
    reg->name = node->name;
    if (node->has_key)
        SET(reg, public_key, ((ProtobufCBinaryData){ 32, node->public_key }));
    reg->address = node->address;
    reg->facts = node->facts;
    m->registered = reg;
    SET(m, flags, node->flags);
    if (node->set_weight)
        SET(m, weight, node->set_weight);
    m->features = node->set_features;
    m->comment = node->comment;
    m->extra = node->extra;
    m->reason = node->reason;
    SET(m, reason_uid, node->reason_uid);
    SET(m, reason_usec, node->reason_usec);
    SET(m, registered_usec, node->registered_usec);
    return true;
}

static bool emit_part(struct snapshot *s)
{
    const struct part_update *u;
    Wire__Event *ev;

    if (!s->link)
        s->link = &s->c->part_updates;
    if (s->link->next == &s->c->part_updates) {
        s->link = NULL;
        return false;
    }
    s->link = s->link->next;
    u = container_of(s->link, struct part_update, link);
    ev = decision_add(&s->d, &s->now);
    ev->body_case = WIRE__EVENT__BODY_PART_UPDATED;
    ev->part_updated = u->msg;
    return true;
}

static bool emit_resv(struct snapshot *s)
{
    Wire__Event *ev;

    if (!s->link)
        s->link = &s->c->resvs;
    if (s->link->next == &s->c->resvs) {
        s->link = NULL;
        return false;
    }
    s->link = s->link->next;
    ev = decision_add(&s->d, &s->now);
    ev->body_case = WIRE__EVENT__BODY_RESV;
    ev->resv = container_of(s->link, struct resv, link)->msg;
    return true;
}

static bool emit_spec(struct snapshot *s)
{
    Wire__SpecImage *m;
    struct decision *d = &s->d;

    s->spec = s->spec ? s->spec->same_hash : NULL;
    if (!s->spec && !(s->spec = idmap_next(&s->c->specs, &s->pos, NULL)))
        return false;
    m = event_add(d, &s->now, spec_image, SPEC_IMAGE, SpecImage, SPEC_IMAGE);
    s->spec->snapshot_id = ++s->next_spec;
    SET(m, id, s->spec->snapshot_id);
    m->spec = s->spec->msg;
    return true;
}

static bool emit_array(struct snapshot *s)
{
    struct decision *d = &s->d;
    const struct array *a = idmap_next(&s->c->arrays, &s->pos, NULL);
    Wire__ArrayImage *m;

    if (!a)
        return false;
    m = event_add(d, &s->now, array_image, ARRAY_IMAGE, ArrayImage, ARRAY_IMAGE);
    SET(m, job_id, a->id);
    SET(m, count, a->count);
    SET(m, min, a->min);
    SET(m, max, a->max);
    SET(m, step, a->step);
    SET(m, throttle, a->throttle);
    SET(m, failed, a->gone_failed);
    SET(m, worst, a->gone_worst);
    return true;
}

static void fill_task(struct decision *d, const struct task *task, Wire__JobImage *m)
{
    SET(m, array_id, task->array->id);
    if (task->many) {
        char *text = bitmap_format(task->many);

        m->task_ids = arena_strdup(&d->arena, text);
        free(text);
    } else {
        SET(m, task_id, task->id);
    }
}

static void fill_places(struct decision *d, const struct alloc *alloc, Wire__JobImage *m)
{
    size_t size = alloc->count * sizeof(uint32_t);

    m->clean_nodes = arena_alloc(&d->arena, size);
    m->used_nodes = arena_alloc(&d->arena, size);
    m->lost_nodes = arena_alloc(&d->arena, size);
    for (uint32_t i = 0; i < alloc->count; i++) {
        if (alloc->nodes[i].flags & ALLOC_CLEAN)
            m->clean_nodes[m->n_clean_nodes++] = i;
        if (alloc->nodes[i].flags & ALLOC_USED)
            m->used_nodes[m->n_used_nodes++] = i;
        if (alloc->nodes[i].flags & ALLOC_LOST)
            m->lost_nodes[m->n_lost_nodes++] = i;
    }
}

static Wire__EvJobStarted *started_image(struct cluster *c, struct decision *d,
                                         const struct job *job)
{
    Wire__EvJobStarted *m = arena_alloc(&d->arena, sizeof(*m));
    const struct alloc *alloc = job->alloc;

    wire__ev_job_started__init(m);
    SET(m, job_id, job->id);
    SET(m, attempt, job->attempt);
    m->partition = alloc->partition;
    m->reservation = alloc->reservation;
    SET(m, end_limit, job->phase == PHASE_ENDED ? 0 : job->end_limit);
    if (alloc->limit_min)
        SET(m, time_limit_min, alloc->limit_min);
    m->nodes = arena_alloc(&d->arena, alloc->count * sizeof(*m->nodes));
    for (uint32_t i = 0; i < alloc->count; i++) {
        const struct alloc_node *an = &alloc->nodes[i];
        Wire__NodeAlloc *na = arena_alloc(&d->arena, sizeof(*na));

        wire__node_alloc__init(na);
        SET(na, node_id, an->node_id);
        na->name = node_at(c, an->node_id)->name;
        if (an->cores) {
            char *text = bitmap_format(an->cores);

            na->cores = arena_strdup(&d->arena, text);
            free(text);
        }
        SET(na, cpus, an->cpus);
        SET(na, tasks, an->tasks);
        SET(na, mem_mb, an->mem_mb);
        na->gres = an->gres;
        m->nodes[m->n_nodes++] = na;
    }
    return m;
}

static void emit_job(struct snapshot *s, struct job *job)
{
    struct decision *d = &s->d;
    Wire__JobImage *m = event_add(d, &s->now, job_image, JOB_IMAGE, JobImage, JOB_IMAGE);
    Wire__EvJobSubmitted *sub = arena_alloc(&d->arena, sizeof(*sub));
    Wire__JobSpec *name = arena_alloc(&d->arena, sizeof(*name));
    uint32_t *results;
    size_t count;

    wire__ev_job_submitted__init(sub);
    wire__job_spec__init(name);
    name->name = job->name->text;
    sub->spec = name;
    SET(sub, job_id, job->id);
    SET(sub, identity, job->ident->id);
    if (job->script)
        SET(sub, script_hash, ((ProtobufCBinaryData){ 32, job->script->hash }));
    if (job->env)
        SET(sub, env_hash, ((ProtobufCBinaryData){ 32, job->env->hash }));
    SET(sub, priority, job->priority);
    SET(sub, ends_with_step, job->ends_with_step);
    if (job->het) {
        SET(sub, het_job_id, job->het->id);
        SET(sub, het_offset, job->het_offset);
        SET(sub, het_size, job->het->size);
    }
    m->submitted = sub;
    SET(m, spec_id, job->spec->snapshot_id);
    SET(m, submit_usec, job->submit_usec);
    SET(m, state, job->phase);
    SET(m, attempt, job->attempt);
    if (job->alloc) {
        m->started = started_image(s->c, d, job);
        fill_places(d, job->alloc, m);
    }
    SET(m, start_usec, job->start_usec);
    SET(m, end_usec, job->end_usec);
    SET(m, end_state, job->end_state);
    SET(m, exit_status, job->exit_status);
    SET(m, reason, job->reason);
    SET(m, hold, job->hold);
    SET(m, next_step_id, job->next_step_id);
    SET(m, requeue, job->requeue);
    SET(m, eligible_usec, job->eligible_usec);
    SET(m, restarts, job->restarts);
    m->text = job->text;
    SET(m, by_uid, job->by_uid);
    SET(m, warned, job->warned);
    if (job->time_mark)
        SET(m, time_mark, job->time_mark);
    SET(m, begin_usec, job->begin_usec);
    for (uint32_t i = 0; job->alloc && i < job->alloc->count; i++)
        if (job->alloc->nodes[i].cores && node_at(s->c, job->alloc->nodes[i].node_id)->shared)
            SET(m, cores_shared, 1);
    if (job->suspension) {
        SET(m, suspended, job->suspension->now);
        SET(m, suspend_usec, job->suspension->changed_usec);
        SET(m, ran_usec, job->suspension->ran_usec);
        SET(m, suspended_usec, job->suspension->total_usec);
        SET(m, cores_out, job->suspension->cores_out);
    }
    if (job->phase == PHASE_ENDED)
        SET(m, age_usec, job->end_limit);
    if (job->ghosts) {
        m->n_wait_nodes = job->ghosts->count;
        m->wait_nodes = job->ghosts->node_ids;
        SET(m, wait_attempt, job->ghosts->attempt);
    }
    if (job->task)
        fill_task(d, job->task, m);
    if (depend_image_get(job, &results, &count)) {
        m->n_depends_on = count;
        m->depends_on = arena_memdup(&d->arena, results, count * sizeof(*results));
        free(results);
    }
}

static void emit_step(struct snapshot *s, struct step *step)
{
    struct decision *d = &s->d;
    Wire__StepImage *m =
        event_add(d, &s->now, step_image, STEP_IMAGE, StepImage, STEP_IMAGE);
    Wire__EvStepCreated *cr = arena_alloc(&d->arena, sizeof(*cr));

    wire__ev_step_created__init(cr);
    SET(cr, job_id, step->job->id);
    SET(cr, step_id, step->id);
    SET(cr, attempt, step->attempt);
    cr->layout = cluster_step_layout(s->c, step->job->id, step->id, &d->arena);
    if (step->spec) {
        cr->spec = step->spec;
        for (uint32_t i = 0; i < step->num_nodes; i++)
            SET(cr->layout->nodes[i], mem_mb, step->nodes[i].mem_mb);
        SET(cr, step_key, ((ProtobufCBinaryData){ 32, step->key }));
        if (step->env)
            SET(cr, env_hash, ((ProtobufCBinaryData){ 32, step->env->hash }));
    }
    m->created = cr;
    SET(m, start_usec, step->start_usec);
    m->ended_nodes = arena_alloc(&d->arena, step->num_nodes * sizeof(uint32_t));
    for (uint32_t i = 0; i < step->num_nodes; i++)
        if (step->nodes[i].ended)
            m->ended_nodes[m->n_ended_nodes++] = i;
    SET(m, ending_state, step->end_state);
    SET(m, ending_signal, step->end_signal);
    SET(m, exit_status, step->exit_status);
    SET(m, first_failed, step->first_failed);
    SET(m, oom, step->oom);
    SET(m, lost, step->lost);
    SET(m, end_limit, step->end_limit);
    if (step->set_limit_min)
        SET(m, time_limit_min, step->set_limit_min);
    m->text = step->text;
}

static bool emit_live(struct snapshot *s)
{
    if (s->step) {
        struct step *step = s->step;

        s->step = step->next;
        emit_step(s, step);
        return true;
    }
    do
        s->job = job_table_next(&s->c->jobs, s->job ? s->job->id : 0);
    while (s->job && s->job->phase == PHASE_ENDED);
    if (!s->job)
        return false;
    emit_job(s, s->job);
    s->step = s->job->steps;
    return true;
}

static bool emit_ended(struct snapshot *s)
{
    if (!s->link)
        s->link = &s->c->ended;
    if (s->link->next == &s->c->ended) {
        s->link = NULL;
        return false;
    }
    s->link = s->link->next;
    emit_job(s, container_of(s->link, struct job, link.ended));
    return true;
}

static bool emit_init(struct snapshot *s)
{
    struct decision *d = &s->d;
    Wire__EvClusterInit *ev;

    if (s->pos++ || !s->c->started)
        return false;
    ev = event_add(d, &s->now, cluster_init, CLUSTER_INIT, EvClusterInit, EV_CLUSTER_INIT);
    SET(ev, cluster_id, s->c->id);
    ev->name = s->c->name;
    SET(ev, next_priority, s->c->next_priority);
    return true;
}

static bool emit_ids(struct snapshot *s)
{
    struct decision *d = &s->d;
    Wire__EvIdsReserved *ev;

    if (s->pos++)
        return false;
    ev = event_add(d, &s->now, ids_reserved, IDS_RESERVED, EvIdsReserved, EV_IDS_RESERVED);
    SET(ev, job_id_limit, s->c->job_id_limit);
    SET(ev, last_job_id, s->c->last_job_id);
    return true;
}

static bool emit_ident(struct snapshot *s)
{
    struct decision *d = &s->d;
    struct ident *ident = idmap_next(&s->c->idents, &s->pos, NULL);
    Wire__EvIdentity *ev;

    if (!ident)
        return false;
    ev = event_add(d, &s->now, identity, IDENTITY, EvIdentity, EV_IDENTITY);
    SET(ev, id, ident->id);
    ev->identity = ident->msg;
    return true;
}

static bool emit(struct snapshot *s)
{
    switch (s->stage) {
    case ST_INIT:
        return emit_init(s);
    case ST_IDS:
        return emit_ids(s);
    case ST_IDENT:
        return emit_ident(s);
    case ST_BLOB:
        return emit_blob(s, &s->c->blobs, false);
    case ST_TOPO:
        return emit_blob(s, &s->c->topologies, true);
    case ST_NODE:
        return emit_node(s);
    case ST_PART:
        return emit_part(s);
    case ST_RESV:
        return emit_resv(s);
    case ST_SPEC:
        return emit_spec(s);
    case ST_ARRAY:
        return emit_array(s);
    case ST_LIVE:
        return emit_live(s);
    case ST_ENDED:
        return emit_ended(s);
    case ST_DONE:
        break;
    }
    return false;
}

const Wire__Event *cluster_snapshot_next(struct snapshot *s)
{
    decision_reset(&s->d);
    while (s->stage != ST_DONE) {
        if (emit(s))
            return s->d.events[0];
        s->stage++;
        s->pos = 0;
    }
    return NULL;
}
