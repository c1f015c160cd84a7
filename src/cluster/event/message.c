/* message.c - messages to agents and clients, made from the state. */
#include "cluster/event/event.h"

#include "cluster/job/job.h"
#include "cluster/node/node.h"
#include "cluster/sched/sched.h"
#include "cluster/step/step.h"
#include "util/num.h"

#include <string.h>

static char *kept(struct arena *a, char *text)
{
    char *copy = arena_strdup(a, text);

    free(text);
    return copy;
}

static char *cores_text(struct arena *a, const struct bitmap *cores)
{
    return cores ? kept(a, bitmap_format(cores)) : arena_strdup(a, "");
}

static Wire__NodeAlloc *node_alloc(struct cluster *c, struct arena *a,
                                   const struct alloc_node *an, const struct bitmap *cores,
                                   uint64_t mem_mb, char *gres)
{
    Wire__NodeAlloc *na = arena_alloc(a, sizeof(*na));
    const struct node *node = node_at(c, an->node_id);

    wire__node_alloc__init(na);
    SET(na, node_id, node->id);
    na->name = node->name;
    na->address = node->address;
    SET(na, port, node->facts ? node->facts->port : 0);
    na->cores = cores_text(a, cores);
    SET(na, cpus, cores ? (uint32_t)bitmap_count(cores) * node->tpc : an->cpus);
    SET(na, mem_mb, mem_mb);
    na->gres = gres;
    return na;
}

static Wire__ArrayTask *array_task(const struct task *task, struct arena *a)
{
    Wire__ArrayTask *m = arena_alloc(a, sizeof(*m));

    wire__array_task__init(m);
    SET(m, job_id, task->array->id);
    SET(m, task_id, task->id);
    SET(m, count, task->array->count);
    SET(m, min, task->array->min);
    SET(m, max, task->array->max);
    SET(m, step, task->array->step);
    return m;
}

static Wire__HetGroup *het_group(struct cluster *c, struct job *job, struct arena *a)
{
    const Wire__JobSpec *spec = job->spec->msg;
    Wire__HetGroup *m = arena_alloc(a, sizeof(*m));
    CLEANUP_FREE uint32_t *tasks = xmalloc(job->alloc->count * sizeof(*tasks));
    CLEANUP_FREE uint32_t *cpus = xmalloc(job->alloc->count * sizeof(*cpus));
    uint32_t sum = 0;

    wire__het_group__init(m);
    for (uint32_t i = 0; i < job->alloc->count; i++) {
        sum += tasks[i] = job->alloc->nodes[i].tasks;
        cpus[i] = job->alloc->nodes[i].cpus;
    }
    SET(m, job_id, job->id);
    m->job_name = job->name->text;
    m->partition = job->alloc->partition;
    m->qos = spec->qos;
    m->node_list = (char *)alloc_node_list(c, job->alloc);
    SET(m, num_nodes, job->alloc->count);
    SET(m, num_tasks, spec->has_num_tasks ? spec->num_tasks : sum);
    if (spec->has_cpus_per_task)
        SET(m, cpus_per_task, spec->cpus_per_task);
    m->tasks_per_node = kept(a, counts_format(tasks, job->alloc->count));
    m->cpus_per_node = kept(a, counts_format(cpus, job->alloc->count));
    if (spec->has_mem_per_node_mb)
        SET(m, mem_per_node_mb, spec->mem_per_node_mb);
    if (spec->has_mem_per_cpu_mb)
        SET(m, mem_per_cpu_mb, spec->mem_per_cpu_mb);
    return m;
}

static Wire__HetJob *het_job(struct cluster *c, const struct job *job, struct arena *a)
{
    const struct het *het = job->het;
    Wire__HetJob *m = arena_alloc(a, sizeof(*m));

    wire__het_job__init(m);
    SET(m, leader_id, het->id);
    SET(m, offset, job->het_offset);
    m->groups = arena_alloc(a, het->size * sizeof(*m->groups));
    for (uint32_t i = 0; i < het->size; i++)
        if (het->jobs[i] && het->jobs[i]->alloc && het->jobs[i]->phase != PHASE_PENDING)
            m->groups[m->n_groups++] = het_group(c, het->jobs[i], a);
    return m;
}

Wire__AllocInfo *cluster_alloc_info(struct cluster *c, uint32_t id, struct arena *a)
{
    struct job *job = job_table_find(&c->jobs, id);
    const Wire__JobSpec *spec;
    Wire__AllocInfo *m;
    CLEANUP_FREE uint32_t *tasks = NULL, *cpus = NULL;

    if (!job || !job->alloc || job->phase == PHASE_PENDING || job->phase == PHASE_ENDED)
        return NULL;
    spec = job->spec->msg;
    m = arena_alloc(a, sizeof(*m));
    wire__alloc_info__init(m);
    SET(m, job_id, job->id);
    SET(m, attempt, job->attempt);
    m->job_name = job->name->text;
    m->cluster_name = c->name;
    m->partition = job->alloc->partition;
    m->reservation = job->alloc->reservation;
    m->account = spec->account;
    m->qos = spec->qos;
    m->node_list = (char *)alloc_node_list(c, job->alloc);
    m->nodes = arena_alloc(a, job->alloc->count * sizeof(*m->nodes));
    tasks = xmalloc(job->alloc->count * sizeof(*tasks));
    cpus = xmalloc(job->alloc->count * sizeof(*cpus));
    for (uint32_t i = 0; i < job->alloc->count; i++) {
        const struct alloc_node *an = &job->alloc->nodes[i];

        m->nodes[m->n_nodes] = node_alloc(c, a, an, an->cores, an->mem_mb, an->gres);
        SET(m->nodes[m->n_nodes], tasks, an->tasks);
        m->n_nodes++;
        tasks[i] = an->tasks;
        cpus[i] = an->cpus;
        if (!spec->num_tasks && !spec->ntasks_per_node) /* nobody said: as many as have room */
            tasks[i] = an->cpus / (spec->cpus_per_task ? spec->cpus_per_task : 1);
    }
    m->tasks_per_node = kept(a, counts_format(tasks, job->alloc->count));
    m->cpus_per_node = kept(a, counts_format(cpus, job->alloc->count));
#define PASS(field)                                                                        \
    if (spec->has_##field)                                                                 \
    SET(m, field, spec->field)
    PASS(num_tasks);
    PASS(ntasks_per_node);
    PASS(cpus_per_task);
    PASS(mem_per_node_mb);
    PASS(mem_per_cpu_mb);
#undef PASS
    SET(m, start_time, job->start_usec / USEC);
    SET(m, end_time, job_end_by(c, job) / USEC);
    SET(m, uid, job->ident->msg->uid);
    SET(m, gid, job->ident->msg->gid);
    m->user_name = job->ident->msg->user_name;
    m->group_name = job->ident->msg->group_name;
    m->submit_host = spec->submit_host;
    m->submit_dir = spec->submit_dir ? spec->submit_dir : spec->work_dir;
    SET(m, restart_count, job->restarts);
    m->mpi_default = (char *)conf_of(c)->mpi_default;
    SET(m, overcommit, spec->overcommit);
    m->distribution = spec->distribution;
    m->features = spec->features;
    SET(m, oversubscribe, spec->oversubscribe);
    if (job->task)
        m->array = array_task(job->task, a);
    if (job->het)
        m->het = het_job(c, job, a);
    return m;
}

Wire__StepLayout *step_layout(struct cluster *c, const struct step *step, struct arena *a)
{
    Wire__StepLayout *m = arena_alloc(a, sizeof(*m));
    const struct alloc *alloc = step->job->alloc;
    CLEANUP_FREE const char **names = xmalloc(step->num_nodes * sizeof(*names));
    CLEANUP_FREE uint32_t *counts = xmalloc(step->num_nodes * sizeof(*counts));

    wire__step_layout__init(m);
    m->nodes = arena_alloc(a, step->num_nodes * sizeof(*m->nodes));
    m->tasks = arena_alloc(a, step->num_nodes * sizeof(*m->tasks));
    for (uint32_t i = 0; i < step->num_nodes; i++) {
        const struct step_node *sn = &step->nodes[i];
        const struct alloc_node *an = &alloc->nodes[sn->place];
        Wire__NodeTasks *nt = arena_alloc(a, sizeof(*nt));

        wire__node_tasks__init(nt);
        nt->n_gtids = sn->num_tasks;
        if (sn->gtids)
            nt->gtids = sn->gtids;
        else
            nt->gtids = arena_calloc(a, 1, sizeof(uint32_t)); /* batch: task 0 */
        m->nodes[i] = node_alloc(c, a, an, sn->cores ? sn->cores : an->cores,
                                 sn->mem_mb ? sn->mem_mb : an->mem_mb,
                                 step->spec ? sn->gres : an->gres);
        m->tasks[i] = nt;
        names[i] = m->nodes[i]->name;
        counts[i] = sn->num_tasks;
    }
    m->n_nodes = m->n_tasks = step->num_nodes;
    m->node_list = kept(a, hostlist_format_names(names, step->num_nodes));
    SET(m, num_tasks, step->num_tasks);
    SET(m, cpus_per_task, step->cpus_per_task);
    m->tasks_per_node = kept(a, counts_format(counts, step->num_nodes));
    return m;
}

Wire__StepLayout *cluster_step_layout(struct cluster *c, uint32_t job_id, uint32_t step_id,
                                      struct arena *a)
{
    struct job *job = job_table_find(&c->jobs, job_id);
    const struct step *step = job ? step_find(job, step_id) : NULL;

    return step ? step_layout(c, step, a) : NULL;
}

/* The batch step as its submission described it. */
static Wire__StepSpec *batch_spec(const struct job *job, struct arena *a)
{
    const Wire__JobSpec *spec = job->spec->msg;
    Wire__StepSpec *m = arena_alloc(a, sizeof(*m));

    wire__step_spec__init(m);
    m->name = (char *)"batch";
    m->work_dir = spec->work_dir;
    m->std_in = spec->std_in;
    m->std_out = spec->std_out;
    m->std_err = spec->std_err;
    if (spec->has_open_mode)
        SET(m, open_mode, spec->open_mode);
    if (spec->has_umask)
        SET(m, umask, spec->umask);
    m->n_rlimits = spec->n_rlimits;
    m->rlimits = spec->rlimits;
    m->cpu_bind = spec->cpu_bind;
    m->mem_bind = spec->mem_bind;
    m->hint = spec->hint;
    m->distribution = spec->distribution;
    SET(m, num_tasks, 1);
    SET(m, overlap, 1);
    return m;
}

Wire__StepLaunch *cluster_launch_message(struct cluster *c, const struct effect *launch,
                                         struct arena *a)
{
    struct job *job = job_table_find(&c->jobs, launch->job_id);
    struct step *step =
        job && job->attempt == launch->attempt && job->phase == PHASE_RUNNING
            ? step_find(job, launch->step_id)
            : NULL;
    const Wire__JobSpec *spec;
    const Wire__Identity *who;
    Wire__StepLaunch *m;

    if (!step || launch->node_index >= step->num_nodes
        || step->nodes[launch->node_index].ended)
        return NULL;
    spec = job->spec->msg;
    who = job->ident->msg;
    m = arena_alloc(a, sizeof(*m));
    wire__step_launch__init(m);
    m->alloc = cluster_alloc_info(c, job->id, a);
    SET(m, step_id, step->id);
    m->layout = step_layout(c, step, a);
    SET(m, node_index, launch->node_index);
    SET(m, job_node_index, step->nodes[launch->node_index].place);
    if (step->id == STEP_BATCH) {
        m->n_argv = spec->n_argv;
        m->argv = spec->argv;
        m->spec = batch_spec(job, a);
        if (job->script)
            SET(m, script, ((ProtobufCBinaryData){ job->script->len, job->script->data }));
        m->step_name = (char *)"batch";
        SET(m, ends_job, 1);
    } else {
        m->n_argv = step->spec->n_argv;
        m->argv = step->spec->argv;
        m->spec = arena_memdup(a, step->spec, sizeof(*step->spec));
        m->spec->n_argv = 0;
        m->spec->argv = NULL;
        m->step_name = step->spec->name;
        SET(m, step_key, ((ProtobufCBinaryData){ sizeof(step->key), step->key }));
        SET(m, ends_job, job->ends_with_step && step->id == 0);
        if (step->spec->n_het_jobs)
            m->het_parts = step_het_parts(c, step, a, &m->n_het_parts);
    }
    if (step->env)
        SET(m, env, ((ProtobufCBinaryData){ step->env->len, step->env->data }));
    m->n_gids = who->n_gids;
    m->gids = who->gids;
    m->home = who->home;
    m->shell = who->shell;
    if (job_is_suspended(job))
        SET(m, suspended, 1);
    if (spec->warn_signal)
        SET(m, warn_signal, spec->warn_signal);
    return m;
}
