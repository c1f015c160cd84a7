/* step_het.c - srun over several components: each part is asked for by a request of its own, and when the last
 * is here, all are decided as one.
 */
#include "config.h"

#include <string.h>

#include "bramblectld/act.h"
#include "bramblectld/requests/wait.h"
#include "util/mem.h"

struct group {
    size_t num;
    struct wait *parts[];
};

static const Wire__StepRequest *asked(const struct wait *w)
{
    return (const Wire__StepRequest *)w->req->msg;
}

/* The request of the same step for job_id; NULL: it is not here yet, or its client has gone. */
static struct wait *find_part(struct wait *w, uint32_t job_id)
{
    const Wire__StepRequest *msg = asked(w);
    struct job_waits *jw = waits_of(w->session->clients, job_id);
    if (jw)
        list_for_each(node, &jw->list) {
            struct wait *other = container_of(node, struct wait, of_job);
            if (other->kind == WAIT_CREATE && other->req && !other->busy && request_alive(other->req)
                && other->session->who.uid == w->session->who.uid && asked(other)->het_token == msg->het_token
                && asked(other)->step->n_het_jobs == msg->step->n_het_jobs
                && !memcmp(asked(other)->step->het_jobs, msg->step->het_jobs,
                           msg->step->n_het_jobs * sizeof(*msg->step->het_jobs)))
                return other;
        }
    return NULL;
}

int step_part_check(const Wire__StepRequest *msg, struct error *err)
{
    const Wire__StepSpec *spec = msg->step;
    size_t own = 0;
    if (spec->n_het_jobs < 2)
        return error_set(err, BRE_PROTOCOL, "a step over one component");
    for (size_t i = 0; i < spec->n_het_jobs; i++) {
        own += spec->het_jobs[i] == msg->job_id;
        for (size_t k = 0; k < i; k++)
            if (spec->het_jobs[i] == spec->het_jobs[k])
                return error_set(err, BRE_INVAL, "Duplicate het groups in single srun not supported");
    }
    return own ? 0 : error_set(err, BRE_PROTOCOL, "a step over components that are not this job's");
}

static struct group *collect(struct wait *w)
{
    const Wire__StepSpec *spec = asked(w)->step;
    struct group *g = xcalloc(1, sizeof(*g) + spec->n_het_jobs * sizeof(g->parts[0]));
    for (; g->num < spec->n_het_jobs; g->num++)
        if (!(g->parts[g->num] = find_part(w, spec->het_jobs[g->num]))) {
            free(g);
            return NULL;
        }
    return g;
}

static void group_created(void *arg)
{
    struct group *g = arg;
    for (size_t i = 0; i < g->num; i++)
        step_created(g->parts[i]);
    free(g);
}

static int group_decide(struct group *g, struct error *err)
{
    struct ctld *c = g->parts[0]->req->ctld;
    struct cluster_now now = ctld_now(c);
    CLEANUP_FREE struct step_request *steps = xcalloc(g->num, sizeof(*steps));
    CLEANUP_FREE Wire__StepSpec *specs = xcalloc(g->num, sizeof(*specs));
    struct decision *d = ctld_decision(c);
    uint32_t step_id;
    int rc;
    for (size_t i = 0; i < g->num; i++)
        step_describe(g->parts[i]->req, g->parts[i]->job_id, asked(g->parts[i])->step, &specs[i], &steps[i]);
    rc = cluster_decide_het_step(c->cluster, &now, steps, g->num, d, &step_id, err);
    for (size_t i = 0; i < g->num; i++)
        mem_wipe(steps[i].step_key, sizeof(steps[i].step_key));
    if (rc < 0) {
        ctld_drop(c, d);
        return -1;
    }
    for (size_t i = 0; i < g->num; i++) {
        g->parts[i]->busy = true;
        g->parts[i]->step_id = step_id;
    }
    ctld_commit(c, d, group_created, g);
    return 0;
}

void step_part_advance(struct wait *w)
{
    struct group *g = collect(w);
    struct error err = { 0 };
    if (!g || group_decide(g, &err) == 0)
        return;
    const bool later = step_may_wait(&err) && !asked(w)->step->no_wait;
    for (size_t i = 0; i < g->num; i++)
        if (later)
            step_tell_pending(g->parts[i], &err);
        else
            step_refuse(g->parts[i], &err);
    free(g);
}
