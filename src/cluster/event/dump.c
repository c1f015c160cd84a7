/* dump.c - the whole state as text: two clusters are equal if their dumps are. */
#include "cluster/event/event.h"

#include "cluster/job/job.h"
#include "cluster/node/node.h"
#include "cluster/part/part.h"
#include "cluster/resv/resv.h"
#include "cluster/sched/sched.h"
#include "cluster/step/step.h"

static void dump_cores(struct strbuf *sb, const struct bitmap *cores)
{
    char *text = cores ? bitmap_format(cores) : NULL;

    strbuf_addf(sb, "[%s]", text ? text : "-");
    free(text);
}

static void dump_step(struct strbuf *sb, const struct step *s)
{
    strbuf_addf(sb,
                "  step %u attempt %u tasks %u ended %u/%u exit %x state %u lost %d oom %d "
                "start %lld limit %lld",
                s->id, s->attempt, s->num_tasks, s->num_ended, s->num_nodes, s->exit_status,
                s->end_state, s->lost, s->oom, (long long)s->start_usec,
                (long long)s->end_limit);
    for (uint32_t i = 0; i < s->num_nodes; i++) {
        strbuf_addf(sb, " %u%s:", s->nodes[i].place, s->nodes[i].ended ? "x" : "");
        dump_cores(sb, s->nodes[i].cores);
        for (uint32_t k = 0; s->nodes[i].gtids && k < s->nodes[i].num_tasks; k++)
            strbuf_addf(sb, ",%u", s->nodes[i].gtids[k]);
    }
    strbuf_addc(sb, '\n');
}

static void dump_job(struct strbuf *sb, const struct job *job)
{
    strbuf_addf(sb,
                "job %u attempt %u phase %u end %u exit %x reason %u hold %u requeue %u "
                "prio %u by %u "
                "restarts %u next %u warned %d eligible %d queued %d",
                job->id, job->attempt, job->phase, job->end_state, job->exit_status,
                job->reason, job->hold, job->requeue, job->priority, job->by_uid,
                job->restarts, job->next_step_id, job->warned, job->eligible, job->queued);
    strbuf_addf(
        sb, " times %lld %lld %lld %lld %lld %lld name %s uid %u ident %u text %s dep %d\n",
        (long long)job->submit_usec, (long long)job->eligible_usec,
        (long long)job->begin_usec, (long long)job->start_usec, (long long)job->end_usec,
        (long long)job->end_limit, job->name->text, job->ident->msg->uid, job->ident->id,
        job->text ? job->text : "-", (int)depend_state(job));
    if (job->task) {
        CLEANUP_FREE char *many = job->task->many ? bitmap_format(job->task->many) : NULL;

        strbuf_addf(sb, "  task %u of %u: %s\n", job->task->id, job->task->array->id, many ? many : "-");
    }
    for (uint32_t i = 0; job->alloc && i < job->alloc->count; i++) {
        const struct alloc_node *an = &job->alloc->nodes[i];

        if (!i && job->alloc->reservation)
            strbuf_addf(sb, "  in %s\n", job->alloc->reservation);
        strbuf_addf(sb, "  on %u cpus %u tasks %u flags %u mem %llu ", an->node_id,
                    an->cpus, an->tasks, an->flags, (unsigned long long)an->mem_mb);
        dump_cores(sb, an->cores);
        strbuf_addc(sb, '\n');
    }
    if (job->suspension)
        strbuf_addf(sb, "  suspended %d out %d at %lld ran %lld in all %lld\n",
                    job->suspension->now, job->suspension->cores_out,
                    (long long)job->suspension->changed_usec,
                    (long long)job->suspension->ran_usec,
                    (long long)job->suspension->total_usec);
    for (uint32_t i = 0; job->ghosts && i < job->ghosts->count; i++)
        strbuf_addf(sb, "  waits for attempt %u on %u\n", job->ghosts->attempt,
                    job->ghosts->node_ids[i]);
    for (const struct step *s = job->steps; s; s = s->next)
        dump_step(sb, s);
}

static void dump_node(struct strbuf *sb, const struct node *node)
{
    strbuf_addf(sb, "node %u %s flags %u reason %s cores %u used %u ", node->id, node->name,
                node->flags, node->reason ? node->reason : "-", node->cores,
                node->num_used);
    dump_cores(sb, node->used);
    if (node->set_weight || node->comment || node->extra)
        strbuf_addf(sb, " weight %u comment %s extra %s", node->set_weight, node->comment ? node->comment : "-",
                    node->extra ? node->extra : "-");
    strbuf_addf(sb, " mem %llu/%llu jobs %u key %d boot %s features %s\n",
                (unsigned long long)node->alloc_mem_mb, (unsigned long long)node->mem_mb,
                node->num_jobs, node->has_key,
                node->facts && node->facts->boot_id ? node->facts->boot_id : "-",
                node->features_text);
}

char *cluster_dump(struct cluster *c)
{
    struct strbuf sb = STRBUF_INIT;
    struct spec *spec;
    struct idmap arrays = { 0 };
    size_t specs = 0;

    parts_refresh(c);
    for (size_t pos = 0; (spec = idmap_next(&c->specs, &pos, NULL));)
        for (; spec; spec = spec->same_hash)
            specs++;
    strbuf_addf(
        &sb,
        "cluster %llu %s ids %u %u priority %u idents %zu blobs %zu specs %zu names %zu\n",
        (unsigned long long)c->id, c->name ? c->name : "-", c->last_job_id, c->job_id_limit,
        c->next_priority, c->idents.count, c->blobs.count, specs, c->names.count);
    for (size_t i = 0; i < c->num_nodes; i++)
        if (c->nodes[i])
            dump_node(&sb, c->nodes[i]);
    for (size_t i = 0; i < c->num_parts; i++)
        strbuf_addf(&sb, "part %s state %u nodes %u max %u\n", c->parts[i].conf.name,
                    c->parts[i].conf.state, c->parts[i].num_nodes,
                    c->parts[i].conf.max_time_min);
    list_for_each(link, &c->resvs)
    {
        const struct resv *r = container_of(link, struct resv, link);

        strbuf_addf(&sb, "resv %s %lld-%lld flags %x users %s", r->msg->name,
                    (long long)r->msg->start_usec, (long long)r->msg->end_usec, r->msg->flags,
                    r->msg->users ? r->msg->users : "-");
        for (uint32_t i = 0; i < r->count; i++)
            strbuf_addf(&sb, " %u:%u", r->nodes[i].node_id, r->nodes[i].cores);
        strbuf_addc(&sb, '\n');
    }
    for (const struct job *job = job_table_next(&c->jobs, 0); job;
         job = job_table_next(&c->jobs, job->id))
        dump_job(&sb, job);
    for (const struct job *job = job_table_next(&c->jobs, 0); job; job = job_table_next(&c->jobs, job->id)) {
        const struct array *a = job->task ? job->task->array : NULL;

        if (a && !idmap_put(&arrays, a->id, (void *)a)) /* by the lowest id of its records */
            strbuf_addf(&sb, "array %u tasks %u %u-%u:%u throttle %u pending %u running %u failed %u gone %u %x\n",
                        a->id, a->count, a->min, a->max, a->step, a->throttle, a->pending, a->running, a->failed,
                        a->gone_failed, a->gone_worst);
    }
    idmap_fini(&arrays);
    strbuf_addf(&sb, "unsplit %zu\n", c->unsplit_tasks);
    strbuf_add(&sb, "ended");
    list_for_each(link, &c->ended)
        strbuf_addf(&sb, " %u", container_of(link, struct job, link.ended)->id);
    strbuf_addc(&sb, '\n');
    return strbuf_take(&sb);
}
