/* project.c - what each event means for accounting. */
#include "config.h"

#include <string.h>
#include <sys/wait.h>

#include "bramble/constants.h"
#include "bramblectld/event_log.h"
#include "bramblectld/projections/project_private.h"
#include "usage/usage.h"
#include "util/arena.h"
#include "util/error.h"
#include "util/hash.h"
#include "util/gres.h"
#include "util/hostlist.h"
#include "util/mem.h"
#include "util/strbuf.h"

#define BATCH_MARK "batch" /* launcher of a batch job's own record: it has a batch step */

struct projector *projector_create(const struct accounting_plugin *plugin, void *self)
{
    struct projector *p = xcalloc(1, sizeof(*p));
    p->plugin = plugin;
    p->self = self;
    arena_init(&p->arena, 16 << 10, 0);
    return p;
}

static void specs_drop(struct projector *p)
{
    size_t pos = 0;
    Wire__JobSpec *spec;
    while ((spec = idmap_next(&p->specs, &pos, NULL)))
        wire__job_spec__free_unpacked(spec, NULL);
    idmap_fini(&p->specs);
    memset(&p->specs, 0, sizeof(p->specs));
}

void projector_destroy(struct projector *p)
{
    size_t pos = 0;
    struct who *who;
    if (!p)
        return;
    while ((who = idmap_next(&p->identities, &pos, NULL))) {
        free(who->user);
        free(who->group);
        free(who);
    }
    idmap_fini(&p->identities);
    idmap_fini(&p->jobs);
    specs_drop(p);
    arena_fini(&p->arena);
    free(p);
}

void projector_forget(struct projector *p)
{
    idmap_clear(&p->jobs);
    arena_reset(&p->arena);
    p->num_rows = 0;
}

size_t projector_rows(const struct projector *p)
{
    return p->num_rows;
}

/* ---- rows ---- */

struct row *row_add(struct projector *p, uint32_t job_id, uint32_t attempt, uint32_t step_id)
{
    struct row *row = arena_calloc(&p->arena, 1, sizeof(*row));
    row->rec.job_id = job_id;
    row->rec.attempt = attempt;
    row->rec.step_id = step_id;
    row->rec.killed_by_uid = UINT32_MAX;
    row->next = idmap_find(&p->jobs, job_id);
    idmap_put(&p->jobs, job_id, row);
    p->num_rows++;
    return row;
}

static void keep_texts(struct projector *p, struct acct_record *r)
{
    const char **texts[] = { &r->name,    &r->user,       &r->group,   &r->account,     &r->partition,  &r->qos,
                             &r->node_list, &r->work_dir, &r->comment, &r->wckey,       &r->submit_line, &r->constraint,
                             &r->tres_req, &r->tres_alloc, &r->launcher, &r->reason,    &r->layout,
                             &r->tasks };
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        *texts[i] = keep(p, *texts[i]);
}

static bool loaded(void *arg, const struct acct_record *rec)
{
    struct projector *p = arg;
    struct row *row = row_add(p, rec->job_id, rec->attempt, rec->step_id);
    row->rec = *rec;
    keep_texts(p, &row->rec);
    return true;
}

/* Rows of a job, from the batch or from the store; *first is NULL when there are none. */
static int job_rows(struct projector *p, uint32_t job_id, struct row **first, struct error *err)
{
    struct plugin_error why = { "" };
    struct acct_query q = { .job_ids = &job_id, .num_job_ids = 1, .with_steps = true, .duplicates = true };
    *first = idmap_find(&p->jobs, job_id);
    if (*first)
        return 0;
    if (p->plugin->query(p->self, &q, loaded, p, &why) < 0)
        return error_set(err, BRE_PLUGIN, "%s", why.text);
    *first = idmap_find(&p->jobs, job_id);
    return 0;
}

int row_find(struct projector *p, uint32_t job_id, uint32_t attempt, uint32_t step_id, struct row **out,
                    struct error *err)
{
    struct row *best = NULL;
    if (job_rows(p, job_id, out, err) < 0)
        return -1;
    for (struct row *row = *out; row; row = row->next)
        if (row->rec.step_id == step_id && (attempt ? row->rec.attempt == attempt
                                                    : !best || row->rec.attempt > best->rec.attempt))
            best = row;
    *out = best;
    if (best)
        best->dirty = true;
    return 0;
}

static const char *tres(struct projector *p, uint32_t cpus, uint64_t mem_mb, uint32_t nodes,
                        const struct gres_list *gres)
{
    CLEANUP_STRBUF struct strbuf sb = STRBUF_INIT;
    strbuf_addf(&sb, "billing=%u,cpu=%u", cpus, cpus);
    if (gres)
        gres_tres_format(gres, &sb);
    if (mem_mb)
        strbuf_addf(&sb, ",mem=%lluM", (unsigned long long)mem_mb);
    strbuf_addf(&sb, ",node=%u", nodes);
    return arena_strdup(&p->arena, strbuf_str(&sb));
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

/* ---- jobs ---- */

static void from_spec(struct projector *p, struct acct_record *r, const Wire__JobSpec *s)
{
    if (!s)
        return;
    if (s->name)
        r->name = keep(p, s->name);
    if (s->account)
        r->account = keep(p, s->account);
    if (s->partition)
        r->partition = keep(p, s->partition);
    if (s->qos)
        r->qos = keep(p, s->qos);
    if (s->work_dir)
        r->work_dir = keep(p, s->work_dir);
    if (s->comment)
        r->comment = keep(p, s->comment);
    if (s->wckey)
        r->wckey = keep(p, s->wckey);
    if (s->submit_line)
        r->submit_line = keep(p, s->submit_line);
    if (s->features)
        r->constraint = keep(p, s->features);
    if (s->has_time_limit_min)
        r->time_limit_min = s->time_limit_min;
    if (s->has_min_nodes)
        r->num_nodes = s->min_nodes;
    if (s->has_mem_per_cpu_mb) {
        r->req_mem_mb = s->mem_per_cpu_mb;
        r->req_mem_per_cpu = true;
    } else if (s->has_mem_per_node_mb) {
        r->req_mem_mb = s->mem_per_node_mb;
        r->req_mem_per_cpu = false;
    }
}

static uint32_t asked_cpus(const Wire__JobSpec *s)
{
    uint32_t tasks = s->has_num_tasks ? s->num_tasks : s->has_min_nodes ? s->min_nodes : 1;
    uint64_t cpus = (uint64_t)tasks * (s->has_cpus_per_task && s->cpus_per_task ? s->cpus_per_task : 1);
    return cpus > UINT32_MAX ? UINT32_MAX : (uint32_t)cpus;
}

static void submitted(struct projector *p, struct acct_record *r, const Wire__EvJobSubmitted *ev,
                      const Wire__JobSpec *spec, int64_t when)
{
    const struct who *who = idmap_find(&p->identities, (uint64_t)ev->identity + 1);
    from_spec(p, r, spec);
    if (ev->spec && ev->spec->name)
        r->name = keep(p, ev->spec->name);
    if (who) {
        r->uid = who->uid;
        r->gid = who->gid;
        r->user = keep(p, who->user);
        r->group = keep(p, who->group);
    }
    r->priority = ev->priority;
    r->submit_usec = when;
    r->eligible_usec = spec->has_begin_time && spec->begin_time * 1000000 > when ? spec->begin_time * 1000000 : when;
    if ((spec->has_hold && spec->hold) || (spec->dependency && *spec->dependency))
        r->eligible_usec = 0; /* not before it is released, and what it depends on is over */
    r->state = JOB_PENDING;
    r->req_cpus = asked_cpus(spec);
    if (!r->num_nodes)
        r->num_nodes = 1;
    r->launcher = spec->kind == JOB_KIND_BATCH && !ev->het_offset ? BATCH_MARK : NULL; /* the leader runs it */
    r->job_id = ev->job_id;
    project_array(p, r, spec->array_inx);
    uint64_t mem = r->req_mem_mb * (r->req_mem_per_cpu ? r->req_cpus : r->num_nodes);
    struct gres_list gres = { 0 };
    add_gres(&gres, spec->gres, r->num_nodes);
    add_gres(&gres, spec->tres_per_task, spec->num_tasks ? spec->num_tasks : 1);
    if (!gres.num)
        add_gres(&gres, spec->tres_per_job, 1);
    r->tres_req = tres(p, r->req_cpus, mem, r->num_nodes, &gres);
}

static void allocated(struct projector *p, struct acct_record *r, const Wire__EvJobStarted *ev, int64_t when)
{
    CLEANUP_HOSTLIST struct hostlist *hl = hostlist_create();
    struct gres_list gres = { 0 };
    uint64_t mem = 0;
    r->num_cpus = 0;
    for (size_t i = 0; i < ev->n_nodes; i++) {
        if (ev->nodes[i]->name)
            hostlist_push(hl, ev->nodes[i]->name);
        r->num_cpus += ev->nodes[i]->cpus;
        mem += ev->nodes[i]->mem_mb;
        add_gres(&gres, ev->nodes[i]->gres, 1);
    }
    CLEANUP_FREE char *list = hostlist_format(hl);
    r->node_list = keep(p, list);
    r->num_nodes = (uint32_t)ev->n_nodes;
    if (ev->partition)
        r->partition = keep(p, ev->partition);
    r->start_usec = when;
    if (!r->eligible_usec)
        r->eligible_usec = when;
    r->state = JOB_RUNNING;
    if (!r->time_limit_min) /* the partition's */
        r->time_limit_min = ev->end_limit > when / 1000000 ? (uint32_t)((ev->end_limit - when / 1000000 + 59) / 60)
                                                           : TIME_UNLIMITED_MIN;
    r->tres_alloc = tres(p, r->num_cpus, mem, r->num_nodes, &gres);
}

static void batch_step(struct projector *p, const struct acct_record *job, const Wire__EvJobStarted *ev)
{
    struct row *step = row_add(p, job->job_id, job->attempt, STEP_BATCH);
    const Wire__NodeAlloc *node = ev->n_nodes ? ev->nodes[0] : NULL;
    struct acct_record *r = &step->rec;
    r->name = "batch";
    r->array_id = job->array_id;
    r->task_id = job->task_id;
    r->start_usec = r->submit_usec = r->eligible_usec = job->start_usec;
    r->state = JOB_RUNNING;
    r->num_nodes = r->num_tasks = 1;
    r->num_cpus = r->req_cpus = node ? node->cpus : 1;
    r->node_list = keep(p, ev->batch_host ? ev->batch_host : node ? node->name : NULL);
    struct gres_list gres = { 0 };
    add_gres(&gres, node ? node->gres : NULL, 1);
    r->tres_alloc = tres(p, r->num_cpus, node ? node->mem_mb : 0, 1, &gres);
    step->dirty = true;
}

static void job_started(struct projector *p, struct row *row, const Wire__Event *event)
{
    const Wire__EvJobStarted *ev = event->job_started;
    const int64_t when = event->time_usec;
    allocated(p, &row->rec, ev, when);
    row->rec.started_by = ev->backfill ? 2 : 1;
    if (row->rec.launcher && strcmp(row->rec.launcher, BATCH_MARK) == 0)
        batch_step(p, &row->rec, ev);
}

/* The job and what of its steps has not ended are stopped, or go on. */
static void suspension(struct projector *p, const struct row *job, bool resume, int64_t when)
{
    for (struct row *r = idmap_find(&p->jobs, job->rec.job_id); r; r = r->next) {
        struct acct_record *rec = &r->rec;
        if (rec->attempt != job->rec.attempt || rec->end_usec || !rec->start_usec || !resume == !!rec->suspended_at)
            continue;
        if (resume && when > rec->suspended_at)
            rec->suspended_usec += when - rec->suspended_at;
        rec->suspended_at = resume ? 0 : when;
        rec->state = resume ? JOB_RUNNING : JOB_SUSPENDED;
        r->dirty = true;
    }
}

static void job_ended(struct projector *p, struct row *row, const Wire__Event *event)
{
    const Wire__EvJobEnded *ev = event->job_ended;
    const int64_t when = event->time_usec;
    suspension(p, row, true, when);
    row->rec.state = ev->state;
    row->rec.exit_status = ev->exit_status;
    row->rec.end_usec = when;
    if (ev->state == JOB_CANCELLED && ev->has_by_uid)
        row->rec.killed_by_uid = ev->by_uid;
    if (ev->text)
        row->rec.reason = keep(p, ev->text);
    /* A step that nobody reported any more ends with its job. */
    for (struct row *s = idmap_find(&p->jobs, ev->job_id); s; s = s->next)
        if (s->rec.attempt == row->rec.attempt && s->rec.step_id != STEP_NONE && !s->rec.end_usec) {
            s->rec.end_usec = when;
            s->rec.state = ev->state;
            s->dirty = true;
        }
}

static void job_suspended(struct projector *p, struct row *row, const Wire__Event *event)
{
    suspension(p, row, event->job_suspended->resume, event->time_usec);
}

static void job_ending(struct projector *p, struct row *row, const Wire__Event *event)
{
    const Wire__EvJobEnding *ev = event->job_ending;
    const int64_t when = event->time_usec;
    suspension(p, row, true, when);
    if (ev->state == JOB_CANCELLED && ev->has_by_uid)
        row->rec.killed_by_uid = ev->by_uid;
    row->rec.exit_status = ev->exit_status;
}

static void job_requeued(struct projector *p, struct row *old, const Wire__Event *event)
{
    const Wire__EvJobRequeued *ev = event->job_requeued;
    const int64_t when = event->time_usec;
    if (old->rec.attempt >= ev->attempt)
        return;
    if (!old->rec.end_usec) {
        old->rec.state = ev->reason == REASON_NODE_FAIL ? JOB_NODE_FAIL : JOB_REQUEUED;
        old->rec.end_usec = when;
    }
    for (struct row *s = idmap_find(&p->jobs, ev->job_id); s; s = s->next)
        if (s->rec.attempt == old->rec.attempt && s->rec.step_id != STEP_NONE && !s->rec.end_usec) {
            s->rec.end_usec = when;
            s->rec.state = old->rec.state;
            s->dirty = true;
        }
    struct row *row = row_add(p, ev->job_id, ev->attempt, STEP_NONE);
    struct acct_record *r = &row->rec;
    *r = old->rec;
    r->attempt = ev->attempt;
    r->state = JOB_PENDING;
    r->node_list = r->tres_alloc = r->reason = NULL;
    r->eligible_usec = ev->has_begin_time && ev->begin_time ? ev->begin_time * 1000000 : when;
    r->start_usec = r->end_usec = 0;
    r->exit_status = r->num_cpus = 0;
    r->killed_by_uid = UINT32_MAX;
    r->restarts = old->rec.restarts + 1;
    row->dirty = true;
}

static void job_updated(struct projector *p, struct row *row, const Wire__Event *event)
{
    const Wire__EvJobUpdated *ev = event->job_updated;
    const int64_t when = event->time_usec;
    from_spec(p, &row->rec, ev->changes);
    if (ev->has_priority)
        row->rec.priority = ev->priority;
    if (ev->has_hold && !ev->hold && !row->rec.eligible_usec)
        row->rec.eligible_usec = when;
}

/* ---- steps ---- */

static const char *layout_word(const char *distribution)
{
    if (!distribution || strncmp(distribution, "block", 5) == 0)
        return "Block";
    if (strncmp(distribution, "cyclic", 6) == 0)
        return "Cyclic";
    if (strncmp(distribution, "plane", 5) == 0)
        return "Plane";
    return "Unknown";
}

static int step_created(struct projector *p, const Wire__EvStepCreated *ev, int64_t when, struct error *err)
{
    struct row *row, *first;
    uint64_t mem = 0;
    if (STEP_IS_CARRIER(ev->step_id)) /* nobody asked for it as a step */
        return 0;
    if (job_rows(p, ev->job_id, &first, err) < 0 || row_find(p, ev->job_id, ev->attempt, ev->step_id, &row, err) < 0)
        return -1;
    if (!row)
        row = row_add(p, ev->job_id, ev->attempt, ev->step_id);
    struct acct_record *r = &row->rec;
    for (const struct row *job = first; job; job = job->next)
        if (job->rec.step_id == STEP_NONE && job->rec.attempt == ev->attempt) {
            r->array_id = job->rec.array_id;
            r->task_id = job->rec.task_id;
        }
    r->name = keep(p, ev->spec ? ev->spec->name : NULL);
    r->launcher = keep(p, ev->spec ? ev->spec->mpi : NULL);
    r->submit_line = keep(p, ev->spec ? ev->spec->submit_line : NULL);
    r->layout = layout_word(ev->spec ? ev->spec->distribution : NULL);
    struct gres_list gres = { 0 };
    if (ev->layout) {
        CLEANUP_HOSTLIST struct hostlist *hl = hostlist_create();
        r->num_nodes = (uint32_t)ev->layout->n_nodes;
        r->num_tasks = ev->layout->num_tasks;
        for (size_t i = 0; i < ev->layout->n_nodes; i++) {
            r->num_cpus += ev->layout->nodes[i]->cpus;
            mem += ev->layout->nodes[i]->mem_mb;
            add_gres(&gres, ev->layout->nodes[i]->gres, 1);
            if (ev->layout->nodes[i]->name)
                hostlist_push(hl, ev->layout->nodes[i]->name);
        }
        CLEANUP_FREE char *list = hostlist_format(hl);
        r->node_list = keep(p, list);
    }
    r->req_cpus = r->num_cpus;
    r->tres_alloc = tres(p, r->num_cpus, mem, r->num_nodes, &gres);
    r->state = JOB_RUNNING;
    r->submit_usec = r->eligible_usec = r->start_usec = when;
    row->dirty = true;
    return 0;
}

/* Of one more node.  Nodes stand by their numbers: names may go. */
static void add_usage(struct projector *p, struct acct_record *r, const Wire__StepUsage *msg, uint32_t node_id)
{
    struct usage all, here;
    char node[16];
    snprintf(node, sizeof(node), "%u", node_id);
    usage_parse(&all, r->usage);
    usage_from_wire(&here, msg, node);
    usage_merge(&all, &here);
    CLEANUP_FREE char *text = usage_format(&all);
    r->usage = keep(p, text);
}

static void step_node_ended(struct projector *p, struct row *row, const Wire__Event *event)
{
    const Wire__EvStepNodeEnded *ev = event->step_node_ended;
    const Wire__StepStatus *s = ev->status;
    struct acct_record *r = &row->rec;
    r->user_usec += s->user_usec;
    r->sys_usec += s->sys_usec;
    r->disk_read += s->disk_read;
    r->disk_write += s->disk_write;
    if (s->max_rss_kb > r->max_rss_kb) {
        r->max_rss_kb = s->max_rss_kb;
        r->max_rss_task = s->max_rss_task;
        r->max_rss_node = ev->node_id;
    }
    if (s->exit_status && !r->exit_status)
        r->exit_status = s->exit_status;
    if (s->usage)
        add_usage(p, r, s->usage, ev->node_id);
}

static void step_ended(struct projector *p, struct row *row, const Wire__Event *event)
{
    const Wire__EvStepEnded *ev = event->step_ended;
    const int64_t when = event->time_usec;
    row->rec.state = ev->state;
    /* A step that a signal ended is cancelled to Slurm's accounting, whoever sent it; its job failed. */
    if (ev->state == JOB_FAILED && WIFSIGNALED((int)ev->exit_status))
        row->rec.state = JOB_CANCELLED;
    row->rec.exit_status = ev->exit_status;
    row->rec.end_usec = when;
    if (ev->text)
        row->rec.reason = keep(p, ev->text);
}

/* ---- who is who, and snapshots ---- */

static void identity(struct projector *p, const Wire__EvIdentity *ev)
{
    if (!ev->identity || idmap_find(&p->identities, (uint64_t)ev->id + 1))
        return;
    struct who *who = xcalloc(1, sizeof(*who));
    who->uid = ev->identity->uid;
    who->gid = ev->identity->gid;
    who->user = xstrdup(ev->identity->user_name);
    who->group = xstrdup(ev->identity->group_name);
    idmap_put(&p->identities, (uint64_t)ev->id + 1, who);
}

static void spec_image(struct projector *p, const Wire__SpecImage *image)
{
    size_t len = wire__job_spec__get_packed_size(image->spec);
    CLEANUP_FREE uint8_t *buf = xmalloc(len ? len : 1);
    wire__job_spec__pack(image->spec, buf);
    Wire__JobSpec *copy = wire__job_spec__unpack(NULL, len, buf);
    if (!copy)
        return;
    Wire__JobSpec *old = idmap_put(&p->specs, (uint64_t)image->id + 1, copy);
    if (old)
        wire__job_spec__free_unpacked(old, NULL);
}

/* A store that is younger than the snapshot: what the snapshot knows is all there is. */
static int job_image(struct projector *p, const Wire__JobImage *image, struct error *err)
{
    const Wire__JobSpec *spec = idmap_find(&p->specs, (uint64_t)image->spec_id + 1);
    struct row *row;
    if (!image->submitted || !spec)
        return 0;
    uint32_t id = image->submitted->job_id;
    if (row_find(p, id, image->attempt, STEP_NONE, &row, err) < 0)
        return -1;
    if (!row)
        row = row_add(p, id, image->attempt, STEP_NONE);
    submitted(p, &row->rec, image->submitted, spec, image->submit_usec);
    row->rec.eligible_usec = image->eligible_usec;
    row->rec.restarts = image->restarts;
    if (image->array_id) {
        row->rec.array_id = image->array_id;
        row->rec.task_id = image->task_id;
        row->rec.tasks = image->task_ids ? keep(p, image->task_ids) : NULL;
    }
    if (image->started)
        allocated(p, &row->rec, image->started, image->start_usec);
    if (image->has_suspend_usec) {
        row->rec.suspended_usec = image->suspended_usec;
        row->rec.suspended_at = image->suspended ? image->suspend_usec : 0;
        row->rec.state = image->suspended ? JOB_SUSPENDED : row->rec.state;
    }
    if (image->end_usec) {
        row->rec.end_usec = image->end_usec;
        row->rec.state = image->end_state;
        row->rec.exit_status = image->exit_status;
        if (image->end_state == JOB_CANCELLED && image->has_by_uid)
            row->rec.killed_by_uid = image->by_uid;
    }
    row->dirty = true;
    return 0;
}

/* What an event changes in the row that it is about.  A row that is not there was purged. */
typedef void change_f(struct projector *p, struct row *row, const Wire__Event *event);

static int change(struct projector *p, const Wire__Event *ev, uint32_t attempt, uint32_t step_id, change_f *apply,
                  struct error *err)
{
    struct row *row;
    if (row_find(p, event_job(ev), attempt, step_id, &row, err) < 0)
        return -1;
    if (row)
        apply(p, row, ev);
    return 0;
}

int projector_event(struct projector *p, const Wire__Event *ev, bool in_store, struct error *err)
{
    if (ev->body_case == WIRE__EVENT__BODY_IDENTITY) {
        identity(p, ev->identity);
        return 0;
    }
    if (in_store)
        return 0;
    switch (ev->body_case) {
    case WIRE__EVENT__BODY_JOB_SUBMITTED: {
        struct row *row = row_add(p, ev->job_submitted->job_id, 1, STEP_NONE);
        if (ev->job_submitted->spec)
            submitted(p, &row->rec, ev->job_submitted, ev->job_submitted->spec, ev->time_usec);
        row->dirty = true;
        return 0;
    }
    case WIRE__EVENT__BODY_JOB_UPDATED:
        return change(p, ev, 0, STEP_NONE, job_updated, err);
    case WIRE__EVENT__BODY_JOB_STARTED:
        return change(p, ev, ev->job_started->attempt, STEP_NONE, job_started, err);
    case WIRE__EVENT__BODY_JOB_ENDING:
        return change(p, ev, 0, STEP_NONE, job_ending, err);
    case WIRE__EVENT__BODY_JOB_SUSPENDED:
        return change(p, ev, ev->job_suspended->attempt, STEP_NONE, job_suspended, err);
    case WIRE__EVENT__BODY_JOB_ENDED:
        return change(p, ev, 0, STEP_NONE, job_ended, err);
    case WIRE__EVENT__BODY_JOB_REQUEUED:
        return change(p, ev, 0, STEP_NONE, job_requeued, err);
    case WIRE__EVENT__BODY_TASK_SPLIT:
        return project_split(p, ev->task_split, err);
    case WIRE__EVENT__BODY_ARRAY_UPDATED:
        return project_array_updated(p, ev->array_updated, err);
    case WIRE__EVENT__BODY_STEP_CREATED:
        return step_created(p, ev->step_created, ev->time_usec, err);
    case WIRE__EVENT__BODY_STEP_NODE_ENDED:
        if (!ev->step_node_ended->status)
            return 0;
        return change(p, ev, ev->step_node_ended->status->attempt, ev->step_node_ended->status->step_id,
                      step_node_ended, err);
    case WIRE__EVENT__BODY_STEP_ENDED:
        return change(p, ev, ev->step_ended->attempt, ev->step_ended->step_id, step_ended, err);
    case WIRE__EVENT__BODY_SPEC_IMAGE:
        spec_image(p, ev->spec_image);
        return 0;
    case WIRE__EVENT__BODY_JOB_IMAGE:
        return job_image(p, ev->job_image, err);
    default:
        return 0;
    }
}

bool projector_wants(const Wire__Event *ev)
{
    switch (ev->body_case) {
    case WIRE__EVENT__BODY_IDENTITY:
    case WIRE__EVENT__BODY_JOB_SUBMITTED:
    case WIRE__EVENT__BODY_JOB_UPDATED:
    case WIRE__EVENT__BODY_JOB_STARTED:
    case WIRE__EVENT__BODY_JOB_ENDING:
    case WIRE__EVENT__BODY_JOB_ENDED:
    case WIRE__EVENT__BODY_JOB_REQUEUED:
    case WIRE__EVENT__BODY_JOB_SUSPENDED:
    case WIRE__EVENT__BODY_TASK_SPLIT:
    case WIRE__EVENT__BODY_ARRAY_UPDATED:
    case WIRE__EVENT__BODY_STEP_CREATED:
    case WIRE__EVENT__BODY_STEP_NODE_ENDED:
    case WIRE__EVENT__BODY_STEP_ENDED:
    case WIRE__EVENT__BODY_SPEC_IMAGE:
    case WIRE__EVENT__BODY_JOB_IMAGE:
        return true;
    default:
        return false;
    }
}

int projector_prefetch(struct projector *p, Wire__Event *const *events, size_t num, struct error *err)
{
    struct plugin_error why = { "" };
    struct idmap seen = { 0 };
    CLEANUP_FREE uint32_t *ids = xcalloc(num + 1, sizeof(*ids));
    struct acct_query q = { .job_ids = ids, .with_steps = true, .duplicates = true };
    for (size_t i = 0; i < num; i++) {
        if (events[i]->body_case == WIRE__EVENT__BODY_JOB_SUBMITTED)
            idmap_put(&seen, events[i]->job_submitted->job_id, p); /* new: not in the store */
        if (events[i]->body_case == WIRE__EVENT__BODY_TASK_SPLIT
            && events[i]->task_split->new_job_id != events[i]->task_split->job_id)
            idmap_put(&seen, events[i]->task_split->new_job_id, p);
        uint32_t id = event_job(events[i]);
        if (!id || idmap_find(&seen, id) || idmap_find(&p->jobs, id))
            continue;
        idmap_put(&seen, id, p);
        ids[q.num_job_ids++] = id;
    }
    idmap_fini(&seen);
    if (q.num_job_ids && p->plugin->query(p->self, &q, loaded, p, &why) < 0)
        return error_set(err, BRE_PLUGIN, "%s", why.text);
    return 0;
}

int projector_put(struct projector *p, struct error *err)
{
    struct plugin_error why = { "" };
    size_t pos = 0;
    struct row *row;
    while ((row = idmap_next(&p->jobs, &pos, NULL)))
        for (; row; row = row->next)
            if (row->dirty && p->plugin->put(p->self, &row->rec, &why) < 0)
                return error_set(err, BRE_PLUGIN, "%s", why.text);
    specs_drop(p);
    projector_forget(p);
    return 0;
}
