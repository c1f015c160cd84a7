/* step_het.c - a step over several components of a heterogeneous job: a part for each, with one id and one key.
 *
 * The parts are made in one decision.  Each is a step of its own job, and ends like any other; what they know of
 * each other is the order in which their tasks are counted, and where the others run.
 */
#include "cluster/event/event.h"

#include "cluster/job/job.h"
#include "cluster/step/step.h"

#include <string.h>

static int check_parts(struct cluster *c, struct step_request *parts, size_t num, struct error *err)
{
    uint32_t next = 0;

    if (num < 2 || num > HET_MAX)
        return error_set(err, BRE_INVAL, "a step has 2 to %d parts", HET_MAX);
    for (size_t i = 0; i < num; i++) {
        const struct job *job = job_table_find(&c->jobs, parts[i].job_id);

        for (size_t k = 0; k < i; k++)
            if (parts[k].job_id == parts[i].job_id)
                return error_set(err, BRE_INVAL, "Duplicate het groups in single srun not supported");
        if (parts[i].spec->receive_files)
            return error_set(err, BRE_PROTOCOL, "files are received by one job's nodes");
        if (job && step_next_id(job) > next)
            next = step_next_id(job);
    }
    for (size_t i = 0; i < num; i++) {
        parts[i].min_step_id = next;
        memcpy(parts[i].step_key, parts[0].step_key, sizeof(parts[i].step_key));
    }
    return 0;
}

/* What each part says of the whole: the asker could only guess. */
static void correct(Wire__EvStepCreated **events, size_t num, struct arena *a)
{
    uint32_t *jobs = arena_alloc(a, num * sizeof(*jobs)), tasks = 0, nodes = 0;

    for (size_t i = 0; i < num; i++) {
        Wire__StepSpec *spec = events[i]->spec;

        SET(spec, het_first_task, tasks);
        SET(spec, het_first_node, nodes);
        jobs[i] = events[i]->job_id;
        tasks += events[i]->layout->num_tasks;
        nodes += (uint32_t)events[i]->layout->n_nodes;
    }
    for (size_t i = 0; i < num; i++) {
        Wire__StepSpec *spec = events[i]->spec;

        SET(spec, het_num_tasks, tasks);
        SET(spec, het_num_nodes, nodes);
        spec->het_jobs = jobs;
        spec->n_het_jobs = num;
    }
}

int cluster_decide_het_step(struct cluster *c, const struct cluster_now *now, struct step_request *parts, size_t num,
                            struct decision *d, uint32_t *step_id, struct error *err)
{
    struct decision_mark mark = decision_mark(d);
    Wire__EvStepCreated **events;

    if (check_parts(c, parts, num, err) < 0)
        return -1;
    events = arena_alloc(&d->arena, num * sizeof(*events));
    clock_check(c, now, d);
    for (size_t i = 0; i < num; i++)
        if (!(events[i] = step_decide_creation(c, now, &parts[i], d, err)))
            return decision_rollback(d, mark);
    correct(events, num, &d->arena);
    *step_id = events[0]->step_id;
    return 0;
}

Wire__HetPart **step_het_parts(struct cluster *c, const struct step *step, struct arena *a, size_t *num)
{
    size_t n = step->spec->n_het_jobs;
    Wire__HetPart **parts = arena_alloc(a, n * sizeof(*parts));

    *num = 0;
    for (size_t i = 0; i < n; i++) {
        const struct job *job = job_table_find(&c->jobs, step->spec->het_jobs[i]);
        const struct step *other = job && job->alloc ? step_find(job, step->id) : NULL;

        if (!other)
            return NULL;
        parts[i] = arena_alloc(a, sizeof(*parts[i]));
        wire__het_part__init(parts[i]);
        SET(parts[i], job_id, job->id);
        SET(parts[i], attempt, other->attempt);
        parts[i]->layout = step_layout(c, other, a);
    }
    *num = n;
    return parts;
}
