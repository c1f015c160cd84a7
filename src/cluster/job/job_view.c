/* job_view.c - jobs as tables show them. */
#include "cluster/job/job.h"

#include "cluster/node/node.h"
#include "cluster/part/part.h"
#include "cluster/sched/sched.h"

#include <string.h>

static void view_alloc(struct cluster *c, struct job *job, struct job_view *v)
{
    struct alloc *alloc = job->alloc;

    v->num_nodes = alloc->count;
    for (uint32_t i = 0; i < alloc->count; i++) {
        v->num_cpus += alloc->nodes[i].cpus;
        v->num_tasks += alloc->nodes[i].tasks;
        v->mem_mb += alloc->nodes[i].mem_mb;
    }
    v->reservation = alloc->reservation;
    v->node_list = alloc_node_list(c, alloc);
    v->partition = alloc->partition;
    if (job->kind == JOB_KIND_BATCH)
        v->batch_host = node_at(c, alloc->nodes[0].node_id)->name;
}

void cluster_job_view(struct cluster *c, struct job *job, const struct cluster_now *now,
                      struct job_view *v)
{
    memset(v, 0, sizeof(*v));
    v->job_id = job->id;
    v->attempt = job->attempt;
    v->restarts = job->restarts;
    v->state = job_state_shown(job);
    v->end_state = (enum job_state)job->end_state;
    v->exit_status = job->exit_status;
    v->by_uid = job->by_uid;
    v->priority = job_prio(job);
    v->hold = job->hold;
    v->submit_sec = job->submit_usec / USEC;
    v->eligible_sec = (job->eligible_usec ? job->eligible_usec : job->begin_usec) / USEC;
    v->start_sec = job->start_usec / USEC;
    v->end_sec = job->end_usec / USEC;
    v->time_limit_min = job_time_limit(c, job);
    v->name = job->name->text;
    v->spec = job->spec->msg;
    v->identity = job->ident->msg;
    v->text = job->text;
    v->next_step_id = job->next_step_id;
    v->het_id = cluster_het_id(job, &v->het_offset, &v->het_size);
    v->task_id = TASK_NONE;
    if (job->task) {
        v->array_id = job->task->array->id;
        v->throttle = job->task->array->throttle;
        v->tasks = job->task->many;
        if (!v->tasks)
            v->task_id = job->task->id;
    }
    if (job->phase == PHASE_PENDING) {
        parts_refresh(c);
        v->reason = job_pending_reason(c, job);
        v->reservation = job->spec->msg->reservation;
        v->reason_text = job_reason_words(job, v->reason);
        v->planned_sec = job->planned_sec;
        v->planned_nodes = sched_planned_nodes(c, job->id);
        v->partition = job->spec->msg->partition ? job->spec->msg->partition : "";
        v->num_nodes = shape_least_nodes(job->spec->shape);
        v->num_cpus = shape_least_cpus(job->spec->shape);
        v->num_tasks = shape_least_tasks(job->spec->shape);
        v->mem_mb = shape_least_mem(c, job->spec->shape);
        v->node_list = "";
        return;
    }
    v->reason = (enum job_reason)job->reason;
    if (job->suspension) {
        v->suspend_sec = job->suspension->changed_usec / USEC;
        v->ran_sec = job->suspension->ran_usec / USEC;
        v->suspended_sec = job_suspended_usec(job, now->wall_usec) / USEC;
    }
    if (v->state == JOB_SUSPENDED)
        v->priority = 0; /* as Slurm shows it */
    if (job->phase == PHASE_RUNNING)
        v->end_limit_sec = job_end_by(c, job) / USEC;
    if (job->alloc) {
        view_alloc(c, job, v);
    } else {
        v->partition = job->spec->msg->partition ? job->spec->msg->partition : "";
        v->num_nodes = shape_least_nodes(job->spec->shape);
        v->num_cpus = shape_least_cpus(job->spec->shape);
        v->num_tasks = shape_least_tasks(job->spec->shape);
        v->node_list = "";
        if (!v->start_sec) /* ended before it started: Slurm shows its end */
            v->start_sec = v->end_sec;
    }
}

bool cluster_job_node(struct cluster *c, struct job *job, size_t i,
                      struct job_node_view *view)
{
    const struct alloc_node *an;

    if (!job->alloc || i >= job->alloc->count)
        return false;
    an = &job->alloc->nodes[i];
    view->node_id = an->node_id;
    view->name = node_at(c, an->node_id)->name;
    view->cores = an->cores;
    view->cpus = an->cpus;
    view->tasks = an->tasks;
    view->mem_mb = an->mem_mb;
    view->gres = an->gres ? an->gres : "";
    return true;
}

static void add_gres(struct gres_list *sum, const char *text, uint32_t times)
{
    struct gres_list list;

    if (!text || !*text || gres_list_parse(&list, text, NULL) < 0)
        return;
    for (uint32_t i = 0; i < list.num; i++)
        gres_list_add(sum, list.items[i].name, list.items[i].type, list.items[i].count * times);
    gres_list_fini(&list);
}

const char *cluster_job_gres(struct cluster *c, struct job *job, struct arena *a)
{
    const Wire__JobSpec *spec = job->spec->msg;
    struct gres_list sum = { 0 };
    CLEANUP_STRBUF struct strbuf sb = STRBUF_INIT;

    (void)c;
    if (job->alloc) {
        for (uint32_t i = 0; i < job->alloc->count; i++)
            add_gres(&sum, job->alloc->nodes[i].gres, 1);
    } else if (job->spec->shape->num_gres) {
        add_gres(&sum, spec->gres, shape_least_nodes(job->spec->shape));
        add_gres(&sum, spec->tres_per_task, shape_least_tasks(job->spec->shape));
        if (!sum.num)
            add_gres(&sum, spec->tres_per_job, 1);
    }
    gres_list_format(&sum, "", false, &sb);
    return sb.len ? arena_strdup(a, strbuf_str(&sb)) : NULL;
}

bool cluster_job_script(struct cluster *c, struct job *job, ProtobufCBinaryData *script)
{
    (void)c;
    if (!job->script)
        return false;
    script->data = job->script->data;
    script->len = job->script->len;
    return true;
}
