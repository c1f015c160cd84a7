/* apply.c - every event's one way into the state. */
#include "cluster/event/event.h"

#include "cluster/job/job.h"
#include "cluster/node/node.h"
#include "cluster/part/part.h"
#include "cluster/resv/resv.h"
#include "cluster/step/step.h"

#include <string.h>

static int apply_init(struct cluster *c, const Wire__Event *ev, struct error *err)
{
    const Wire__EvClusterInit *m = ev->cluster_init;

    if (c->started && m->cluster_id != c->id)
        return error_set(err, BRE_DAMAGED, "two clusters in one journal");
    c->started = true;
    c->id = m->cluster_id;
    free(c->name);
    c->name = xstrdup(m->name ? m->name : "");
    if (m->has_next_priority)
        c->next_priority = m->next_priority;
    return 0;
}

static int apply_ids(struct cluster *c, const Wire__Event *ev, struct error *err)
{
    const Wire__EvIdsReserved *m = ev->ids_reserved;

    (void)err;
    if (m->job_id_limit > c->job_id_limit)
        c->job_id_limit = m->job_id_limit;
    if (m->last_job_id > c->last_job_id)
        c->last_job_id = m->last_job_id;
    return 0;
}

static int apply_blob(struct cluster *c, const Wire__Event *ev, struct error *err)
{
    const Wire__EvBlobAdded *m = ev->blob_added;

    if (m->hash.len != 32)
        return error_set(err, BRE_DAMAGED, "a script or environment without its hash");
    blob_add(&c->blobs, m->hash.data, m->data.data, m->data.len);
    return 0;
}

static int apply_identity(struct cluster *c, const Wire__Event *ev, struct error *err)
{
    const Wire__EvIdentity *m = ev->identity;

    if (!m->identity || !m->id)
        return error_set(err, BRE_DAMAGED, "an identity that says nothing");
    ident_add(c, m->id, m->identity);
    return 0;
}

static int apply_clock(struct cluster *c, const Wire__Event *ev, struct error *err)
{
    (void)err;
    clock_shift(c, ev->clock_stepped->delta_usec);
    return 0;
}

static int apply_spec(struct cluster *c, const Wire__Event *ev, struct error *err)
{
    const Wire__SpecImage *m = ev->spec_image;

    if (!m->id || !m->spec || idmap_find(&c->snapshot_specs, m->id))
        return error_set(err, BRE_DAMAGED,
                         "description %u of the snapshot is empty or doubled", m->id);
    idmap_put(&c->snapshot_specs, m->id, spec_intern(c, m->spec));
    return 0;
}

int cluster_apply(struct cluster *c, const Wire__Event *ev, struct error *err)
{
    switch (ev->body_case) {
    case WIRE__EVENT__BODY_CLUSTER_INIT:
        return apply_init(c, ev, err);
    case WIRE__EVENT__BODY_IDS_RESERVED:
        return apply_ids(c, ev, err);
    case WIRE__EVENT__BODY_BLOB_ADDED:
        return apply_blob(c, ev, err);
    case WIRE__EVENT__BODY_IDENTITY:
        return apply_identity(c, ev, err);
    case WIRE__EVENT__BODY_JOB_SUBMITTED:
        return job_apply_submitted(c, ev, err);
    case WIRE__EVENT__BODY_JOB_UPDATED:
        return job_apply_updated(c, ev, err);
    case WIRE__EVENT__BODY_JOB_STARTED:
        return job_apply_started(c, ev, err);
    case WIRE__EVENT__BODY_JOB_ENDING:
        return job_apply_ending(c, ev, err);
    case WIRE__EVENT__BODY_JOB_NODE_CLEAN:
        return job_apply_node_clean(c, ev, err);
    case WIRE__EVENT__BODY_JOB_ENDED:
        return job_apply_ended(c, ev, err);
    case WIRE__EVENT__BODY_JOB_REQUEUED:
        return job_apply_requeued(c, ev, err);
    case WIRE__EVENT__BODY_JOB_WARNED:
        return job_apply_warned(c, ev, err);
    case WIRE__EVENT__BODY_JOB_SUSPENDED:
        return job_apply_suspended(c, ev, err);
    case WIRE__EVENT__BODY_JOB_TIME_MARK:
        return job_apply_time_mark(c, ev, err);
    case WIRE__EVENT__BODY_JOB_PURGED:
        return job_apply_purged(c, ev, err);
    case WIRE__EVENT__BODY_TASK_SPLIT:
        return job_apply_split(c, ev, err);
    case WIRE__EVENT__BODY_ARRAY_UPDATED:
        return array_apply_updated(c, ev, err);
    case WIRE__EVENT__BODY_STEP_CREATED:
        return step_apply_created(c, ev, err);
    case WIRE__EVENT__BODY_STEP_NODE_ENDED:
        return step_apply_node_ended(c, ev, err);
    case WIRE__EVENT__BODY_STEP_ENDING:
        return step_apply_ending(c, ev, err);
    case WIRE__EVENT__BODY_STEP_UPDATED:
        return step_apply_updated(c, ev, err);
    case WIRE__EVENT__BODY_STEP_ENDED:
        return step_apply_ended(c, ev, err);
    case WIRE__EVENT__BODY_TOPOLOGY_ADDED:
        return topology_apply_added(c, ev, err);
    case WIRE__EVENT__BODY_NODE_ADDED:
        return node_apply_added(c, ev, err);
    case WIRE__EVENT__BODY_NODE_REGISTERED:
        return node_apply_registered(c, ev, err);
    case WIRE__EVENT__BODY_NODE_STATE:
        return node_apply_state(c, ev, err);
    case WIRE__EVENT__BODY_PART_UPDATED:
        return part_apply_updated(c, ev, err);
    case WIRE__EVENT__BODY_RESV:
        return resv_apply(c, ev, err);
    case WIRE__EVENT__BODY_RECONFIGURED:
        return part_apply_reconfigured(c, ev, err);
    case WIRE__EVENT__BODY_CLOCK_STEPPED:
        return apply_clock(c, ev, err);
    case WIRE__EVENT__BODY_SPEC_IMAGE:
        return apply_spec(c, ev, err);
    case WIRE__EVENT__BODY_ARRAY_IMAGE:
        return array_apply_image(c, ev, err);
    case WIRE__EVENT__BODY_JOB_IMAGE:
        return job_apply_image(c, ev, err);
    case WIRE__EVENT__BODY_STEP_IMAGE:
        return step_apply_image(c, ev, err);
    case WIRE__EVENT__BODY_NODE_IMAGE:
        return node_apply_image(c, ev, err);
    default:
        return error_set(err, BRE_DAMAGED, "an event of unknown kind %d",
                         (int)ev->body_case);
    }
}
