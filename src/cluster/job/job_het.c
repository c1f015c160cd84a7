/* job_het.c - heterogeneous jobs: components with requests of their own that start and end together.
 *
 * Each component is a job with an id of its own, the leader's first.  The leader alone is in the
 * queue, once all of them may start, and runs the script; when it ends, or one of them fails, all do.
 */
#include "cluster/event/event.h"

#include "cluster/job/job.h"
#include "cluster/sched/sched.h"

#include <string.h>

int het_attach(struct cluster *c, struct job *job, const Wire__EvJobSubmitted *m, struct error *err)
{
    struct het *het = idmap_find(&c->hets, m->het_job_id);

    if (!m->het_size || m->het_size > HET_MAX || m->het_offset >= m->het_size
        || (het && (het->size != m->het_size || het->jobs[m->het_offset])))
        return error_set(err, BRE_DAMAGED, "job %u: it is no component %u of job %u", job->id, m->het_offset,
                         m->het_job_id);
    if (!het) {
        het = xcalloc(1, sizeof(*het) + m->het_size * sizeof(struct job *));
        het->id = m->het_job_id;
        het->size = m->het_size;
        idmap_put(&c->hets, het->id, het);
    }
    het->jobs[m->het_offset] = job;
    het->refs++;
    job->het = het;
    job->het_offset = (uint8_t)m->het_offset;
    return 0;
}

void het_detach(struct cluster *c, struct job *job)
{
    struct het *het = job->het;

    if (!het)
        return;
    het->jobs[job->het_offset] = NULL;
    job->het = NULL;
    if (--het->refs)
        return;
    idmap_remove(&c->hets, het->id);
    free(het);
}

static bool het_is_ready(const struct het *het)
{
    for (uint32_t i = 0; i < het->size; i++)
        if (!het->jobs[i] || !het->jobs[i]->eligible || het->jobs[i]->phase != PHASE_PENDING)
            return false;
    return true;
}

void het_queue_update(struct cluster *c, struct het *het)
{
    struct job *leader = het->jobs[0];
    bool ready = het_is_ready(het);

    if (ready && !leader->queued) {
        queue_insert(c, leader);
        cluster_wants_pass(c);
    } else if (!ready && leader && leader->queued) {
        queue_remove(c, leader);
    }
}

/* An end of the job is in this decision already: two components may be due at once. */
static bool is_decided(const struct decision *d, uint32_t id)
{
    for (size_t i = 0; i < d->num_events; i++) {
        const Wire__Event *ev = d->events[i];

        if ((ev->body_case == WIRE__EVENT__BODY_JOB_ENDING && ev->job_ending->job_id == id)
            || (ev->body_case == WIRE__EVENT__BODY_JOB_ENDED && ev->job_ended->job_id == id)
            || (ev->body_case == WIRE__EVENT__BODY_JOB_REQUEUED && ev->job_requeued->job_id == id))
            return true;
    }
    return false;
}

bool het_end_is_decided(const struct job *job, const struct decision *d)
{
    return job->het && is_decided(d, job->id);
}

bool het_others_end(const struct job *job, const struct job *other, const struct job_end *end,
                    const struct decision *d)
{
    if (!other || other == job || is_decided(d, other->id))
        return false;
    if (job->het_offset && end->state == JOB_CANCELLED && !end->requeue)
        return false; /* a component that runs may be cancelled alone */
    return other->phase == PHASE_RUNNING || (end->requeue && other->phase == PHASE_ENDED);
}

uint32_t cluster_het_id(const struct job *job, uint32_t *offset, uint32_t *size)
{
    if (!job->het)
        return 0;
    *offset = job->het_offset;
    *size = job->het->size;
    return job->het->id;
}

struct job *cluster_het_component(struct cluster *c, uint32_t het_id, uint32_t offset)
{
    const struct het *het = idmap_find(&c->hets, het_id);

    return het && offset < het->size ? het->jobs[offset] : NULL;
}
