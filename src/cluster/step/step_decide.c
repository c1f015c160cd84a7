/* step_decide.c - creating steps: which nodes and cores of the job, how many tasks where. */
#include "cluster/event/event.h"

#include "cluster/node/node.h"
#include "cluster/step/step.h"

#include <string.h>

#define STEP_TASKS_MAX 65536 /* the schema's bound on task ids */

/* One node of the job, seen by a step that wants to start. */
struct place {
    uint32_t index;      /* in the job's allocation */
    struct bitmap *free; /* cores no other step claims */
    uint32_t room;       /* tasks that fit now */
    uint32_t room_empty; /* tasks that fit when no other step runs */
    uint32_t tasks;
    bool wanted; /* named by --nodelist */
};

struct plan_step {
    struct cluster *c;
    struct job *job;
    const Wire__StepSpec *spec;
    struct place *places;
    uint32_t num_places;
    uint32_t *chosen, num_chosen;
    uint32_t num_tasks, cpus_per_task;
    struct dist dist;
    struct hostlist *arbitrary; /* host of each task */
};

static void plan_fini(struct plan_step *p)
{
    for (uint32_t i = 0; i < p->num_places; i++)
        bitmap_destroy(p->places[i].free);
    free(p->places);
    free(p->chosen);
    hostlist_destroy(p->arbitrary);
}

static bool takes_exact(const Wire__StepSpec *spec)
{
    return spec->exact || spec->exclusive
           || (spec->has_cpus_per_task && spec->cpus_per_task);
}

static uint32_t room_for(const struct plan_step *p, const struct node *node, uint32_t cores)
{
    uint64_t room = (uint64_t)cores * node->tpc / p->cpus_per_task;

    if (p->spec->overcommit)
        room = cores ? UINT32_MAX : 0;
    if (p->spec->ntasks_per_node && room > p->spec->ntasks_per_node)
        room = p->spec->ntasks_per_node;
    return room > UINT32_MAX ? UINT32_MAX : (uint32_t)room;
}

static struct bitmap *free_cores(const struct plan_step *p, uint32_t index)
{
    struct bitmap *cores = bitmap_copy(p->job->alloc->nodes[index].cores);

    if (!p->spec->overlap)
        for (struct step *s = p->job->steps; s; s = s->next) {
            struct step_node *sn = s->overlap ? NULL : step_node_at(s, index);

            if (!sn || sn->ended || !sn->cores)
                continue;
            bitmap_for_each(sn->cores, i) if ((size_t)i < cores->bits)
                bitmap_unset(cores, (size_t)i);
        }
    return cores;
}

static int check_hosts(struct plan_step *p, const struct hostlist *hosts,
                       const char *option, struct error *err)
{
    hostlist_for_each(hosts, i, name)
    {
        const struct node *node = node_find(p->c, name);

        if (!node || alloc_find(p->job->alloc, node->id) == p->job->alloc->count)
            return error_set(err, BRE_NODE_CONFIG, "%s: node %s is not of job %u", option,
                             name, p->job->id);
    }
    return 0;
}

static int collect_places(struct plan_step *p, struct error *err)
{
    const struct alloc *alloc = p->job->alloc;
    CLEANUP_HOSTLIST struct hostlist *wanted = NULL, *excluded = NULL;

    if (p->spec->nodelist && *p->spec->nodelist
        && (!(wanted = hostlist_parse(p->spec->nodelist, 0, err))
            || check_hosts(p, wanted, "--nodelist", err) < 0))
        return -1;
    if (p->spec->exclude && *p->spec->exclude
        && !(excluded = hostlist_parse(p->spec->exclude, 0, err)))
        return error_prefix(err, "--exclude");
    if (p->dist.how == DIST_ARBITRARY) {
        if (!wanted)
            return error_set(err, BRE_INVAL,
                             "distribution arbitrary needs a list of hosts, one a task");
        p->arbitrary = TAKE(wanted);
        wanted = hostlist_create();
        hostlist_push_list(wanted, p->arbitrary);
    }
    uint32_t asked = p->spec->min_nodes ? p->spec->min_nodes : 1;

    if (p->spec->relative && (uint64_t)p->spec->relative + asked > alloc->count)
        return error_set(err, BRE_INVAL,
                         "--relative and SLURM_JOB_NUM_NODES option incompatible with count of allocated nodes "
                         "(%u+%u>%u)",
                         p->spec->relative, asked, alloc->count);
    p->places = xcalloc(alloc->count, sizeof(*p->places));
    p->chosen = xcalloc(alloc->count, sizeof(*p->chosen));
    for (uint32_t k = 0; k < alloc->count; k++) {
        uint32_t index = (k + p->spec->relative) % alloc->count;
        const struct node *node = node_at(p->c, alloc->nodes[index].node_id);
        struct place *pl;
        uint32_t gres_room;

        if (excluded && hostlist_find(excluded, node->name) >= 0)
            continue;
        if (alloc->nodes[index].flags & ALLOC_CLEAN)
            continue;
        if (!node_is_up(node))
            return error_set(err, BRE_NODES_BUSY, "node %s does not respond", node->name);
        pl = &p->places[p->num_places++];
        pl->index = index;
        pl->free = free_cores(p, index);
        pl->room = room_for(p, node, (uint32_t)bitmap_count(pl->free));
        gres_room = step_gres_room(p->job, index, p->spec, false);
        pl->room = gres_room < pl->room ? gres_room : pl->room;
        pl->room_empty =
            room_for(p, node, (uint32_t)bitmap_count(alloc->nodes[index].cores));
        gres_room = step_gres_room(p->job, index, p->spec, true);
        pl->room_empty = gres_room < pl->room_empty ? gres_room : pl->room_empty;
        pl->wanted = wanted && hostlist_find(wanted, node->name) >= 0;
    }
    if (!p->num_places)
        return error_set(err, BRE_NODE_CONFIG,
                         "Hostlist is empty!  Can't run job.  No node of job %u is left to run on", p->job->id);
    return 0;
}

static void node_range(const struct plan_step *p, uint32_t *least, uint32_t *most)
{
    const Wire__StepSpec *spec = p->spec;
    uint32_t wanted = 0;

    for (uint32_t i = 0; i < p->num_places; i++)
        wanted += p->places[i].wanted;
    if (spec->min_nodes) {
        *least = spec->min_nodes;
        *most = spec->max_nodes ? spec->max_nodes : spec->min_nodes;
    } else if (wanted) {
        *least = *most = wanted;
    } else {
        *least = 1;
        *most = p->num_places;
        if (!spec->num_tasks && !spec->max_nodes)
            *least = p->num_places; /* a task on each */
        else if (spec->max_nodes && spec->max_nodes < *most)
            *most = spec->max_nodes;
    }
    if (spec->num_tasks) {
        *most = *most < spec->num_tasks ? *most : spec->num_tasks;
        *least = *least < spec->num_tasks ? *least : spec->num_tasks;
    }
    if (*least < wanted)
        *least = wanted;
    if (*most < *least)
        *most = *least;
}

/* Take nodes in order, the wanted first, as long as they have room; true: the tasks fit. */
static bool choose_places(struct plan_step *p, uint32_t least, uint32_t most, bool empty)
{
    CLEANUP_FREE uint32_t *room = xcalloc(p->num_places, sizeof(*room));
    CLEANUP_FREE uint32_t *counts = xcalloc(p->num_places, sizeof(*counts));
    CLEANUP_FREE bool *taken = xcalloc(p->num_places, sizeof(*taken));
    uint32_t num = 0, k = 0;

    p->num_chosen = 0;
    for (int round = 0; round < 2; round++)
        for (uint32_t i = 0; i < p->num_places && num < most; i++) {
            const struct place *pl = &p->places[i];

            if (taken[i] || pl->wanted != (round == 0)
                || !(empty ? pl->room_empty : pl->room))
                continue;
            taken[i] = true;
            num++;
        }
    for (uint32_t i = 0; i < p->num_places; i++)
        if (p->places[i].wanted && !taken[i])
            return false;
    if (num < least)
        return false;
    for (uint32_t i = 0; i < p->num_places; i++)
        if (taken[i]) {
            room[k] = empty ? p->places[i].room_empty : p->places[i].room;
            p->chosen[k++] = i;
        }
    p->num_tasks = p->spec->num_tasks         ? p->spec->num_tasks
                   : p->spec->ntasks_per_node ? p->spec->ntasks_per_node * num
                                              : num;
    if (p->num_tasks > STEP_TASKS_MAX
        || (uint64_t)p->spec->ntasks_per_node * num > STEP_TASKS_MAX)
        return false;
    if (layout_deal(&p->dist, p->num_tasks, room, num, counts))
        return false;
    for (k = 0; k < num; k++) {
        p->places[p->chosen[k]].tasks = counts[k];
        if (!counts[k])
            return false;
    }
    p->num_chosen = num;
    return true;
}

static bool choose_arbitrary(struct plan_step *p, bool empty)
{
    uint32_t tasks = (uint32_t)hostlist_count(p->arbitrary);

    if (p->spec->num_tasks && p->spec->num_tasks < tasks)
        tasks = p->spec->num_tasks;
    p->num_tasks = tasks;
    p->num_chosen = 0;
    for (uint32_t i = 0; i < p->num_places; i++)
        p->places[i].tasks = 0;
    for (uint32_t t = 0; t < tasks; t++) {
        const struct node *node = node_find(p->c, hostlist_nth(p->arbitrary, t));
        uint32_t i = 0;

        while (i < p->num_places
               && p->job->alloc->nodes[p->places[i].index].node_id != node->id)
            i++;
        if (i == p->num_places)
            return false;
        if (!p->places[i].tasks++)
            p->chosen[p->num_chosen++] = i;
        if (p->places[i].tasks > (empty ? p->places[i].room_empty : p->places[i].room))
            return false;
    }
    return p->num_chosen > 0;
}

static int refuse_size(const struct plan_step *p, uint32_t least, struct error *err)
{
    uint32_t cpus = 0;

    for (uint32_t i = 0; i < p->num_places; i++)
        cpus += p->job->alloc->nodes[p->places[i].index].cpus;
    if (least > p->num_places)
        return error_set(err, BRE_TOO_MANY_NODES, "Only allocated %u nodes asked for %u",
                         p->num_places, least);
    return error_set(
        err, BRE_CORE_CNT,
        "More processors requested than permitted: %u tasks of %u CPUs on %u nodes%s; "
        "job %u has %u CPUs there",
        p->spec->num_tasks ? p->spec->num_tasks : p->num_tasks, p->cpus_per_task, least,
        p->spec->ntasks_per_node ? " with a limit of tasks a node" : "", p->job->id, cpus);
}

static int plan_layout(struct plan_step *p, struct error *err)
{
    uint32_t least, most;

    if (dist_parse(p->spec->distribution, &p->dist, err) < 0
        || collect_places(p, err) < 0)
        return -1;
    node_range(p, &least, &most);
    if (p->dist.how == DIST_ARBITRARY) {
        if (choose_arbitrary(p, false))
            return 0;
        if (!choose_arbitrary(p, true))
            return refuse_size(p, least, err);
    } else {
        if (choose_places(p, least, most, false))
            return 0;
        if (!choose_places(p, least, most, true))
            return refuse_size(p, least, err);
    }
    return error_set(err, BRE_STEP_NODES_BUSY, "Requested nodes are busy");
}

/* The step's cores on a place: what its tasks need, or all that is free. */
static struct bitmap *step_cores(const struct plan_step *p, const struct place *pl)
{
    const struct node *node = node_at(p->c, p->job->alloc->nodes[pl->index].node_id);
    struct bitmap *cores = bitmap_create(pl->free->bits);
    uint64_t need = ((uint64_t)pl->tasks * p->cpus_per_task + node->tpc - 1) / node->tpc;

    if (!takes_exact(p->spec))
        need = UINT32_MAX;
    bitmap_for_each(pl->free, i)
    {
        if (!need--)
            break;
        bitmap_set(cores, (size_t)i);
    }
    return cores;
}

/* What other steps have asked for as their part of the job's memory there.  A step that has all of it,
 * as srun asks by SLURM_MEM_PER_NODE, shares it with the others. */
static uint64_t mem_taken(const struct plan_step *p, const struct alloc_node *an)
{
    uint64_t taken = 0;

    for (struct step *s = p->job->steps; s; s = s->next) {
        struct step_node *sn = s->overlap ? NULL : step_node_at(s, (uint32_t)(an - p->job->alloc->nodes));

        if (sn && !sn->ended && sn->mem_mb < an->mem_mb)
            taken += sn->mem_mb;
    }
    return taken;
}

static int step_mem(const struct plan_step *p, const struct alloc_node *an, uint32_t cpus,
                    uint64_t *mem_mb, struct error *err)
{
    *mem_mb = 0;
    if (p->spec->mem_per_node_mb)
        *mem_mb = p->spec->mem_per_node_mb;
    else if (p->spec->mem_per_cpu_mb)
        *mem_mb = p->spec->mem_per_cpu_mb * cpus;
    if (an->mem_mb && *mem_mb > an->mem_mb)
        return error_set(
            err, BRE_MEM_LIMIT,
            "Memory required by task is not available: the step asks for %llu MB, job %u "
            "has %llu MB on %s",
            (unsigned long long)*mem_mb, p->job->id, (unsigned long long)an->mem_mb,
            node_at(p->c, an->node_id)->name);
    if (an->mem_mb && *mem_mb && *mem_mb < an->mem_mb && !p->spec->overlap
        && mem_taken(p, an) + *mem_mb > an->mem_mb)
        return error_set(err, BRE_STEP_NODES_BUSY, "Requested nodes are busy");
    return 0;
}

/* What the step gets on its nodes; empty: would get if no other step ran. */
static bool deal_gres(const struct plan_step *p, bool empty, struct arena *a, char **texts)
{
    struct gres_list totals;
    bool ok = gres_list_parse(&totals, p->spec->tres_per_step, NULL) == 0;

    for (uint32_t k = 0; k < p->num_chosen && ok; k++) {
        const struct place *pl = &p->places[p->chosen[k]];
        CLEANUP_STRBUF struct strbuf sb = STRBUF_INIT;

        ok = step_gres_take(p->job, pl->index, p->spec, pl->tasks, &totals,
                            p->num_chosen - 1 - k, empty, &sb);
        texts[k] = sb.len ? arena_strdup(a, strbuf_str(&sb)) : NULL;
    }
    return ok;
}

static int take_gres(const struct plan_step *p, struct arena *a, char **texts,
                     struct error *err)
{
    struct gres_list probe;

    if (gres_list_parse(&probe, p->spec->gres, err) < 0
        || (gres_list_fini(&probe), gres_list_parse(&probe, p->spec->tres_per_step, err) < 0)
        || (gres_list_fini(&probe), gres_list_parse(&probe, p->spec->tres_per_task, err) < 0))
        return error_prefix(err, "Invalid generic resource (gres) specification");
    gres_list_fini(&probe);
    if (deal_gres(p, false, a, texts))
        return 0;
    if (deal_gres(p, true, a, texts))
        return error_set(err, BRE_STEP_NODES_BUSY, "Requested nodes are busy");
    return error_set(err, BRE_GRES,
                     "Invalid generic resource (gres) specification: job %u has not so much",
                     p->job->id);
}

static Wire__StepLayout *make_layout(const struct plan_step *p, struct decision *d,
                                     struct error *err)
{
    Wire__StepLayout *m = arena_alloc(&d->arena, sizeof(*m));
    uint32_t n = p->num_chosen;
    uint32_t *counts = arena_alloc(&d->arena, (n + 1) * sizeof(*counts));
    uint32_t **gtids = arena_alloc(&d->arena, (n + 1) * sizeof(*gtids));
    char **gres = arena_calloc(&d->arena, n + 1, sizeof(*gres));

    if (take_gres(p, &d->arena, gres, err) < 0)
        return NULL;
    wire__step_layout__init(m);
    m->nodes = arena_alloc(&d->arena, n * sizeof(*m->nodes));
    m->tasks = arena_alloc(&d->arena, n * sizeof(*m->tasks));
    for (uint32_t k = 0; k < n; k++) {
        const struct place *pl = &p->places[p->chosen[k]];
        const struct alloc_node *an = &p->job->alloc->nodes[pl->index];
        const struct node *node = node_at(p->c, an->node_id);
        struct bitmap *cores = step_cores(p, pl);
        Wire__NodeAlloc *na = arena_alloc(&d->arena, sizeof(*na));
        Wire__NodeTasks *nt = arena_alloc(&d->arena, sizeof(*nt));
        uint32_t cpus = (uint32_t)bitmap_count(cores) * node->tpc;
        char *text = bitmap_format(cores);
        uint64_t mem;

        wire__node_alloc__init(na);
        wire__node_tasks__init(nt);
        SET(na, node_id, node->id);
        na->name = node->name;
        na->cores = arena_strdup(&d->arena, text);
        free(text);
        bitmap_destroy(cores);
        SET(na, cpus, cpus);
        if (step_mem(p, an, cpus, &mem, err) < 0)
            return NULL;
        SET(na, mem_mb, mem);
        na->gres = gres[k];
        counts[k] = pl->tasks;
        gtids[k] = arena_alloc(&d->arena, (pl->tasks + 1) * sizeof(uint32_t));
        nt->gtids = gtids[k];
        nt->n_gtids = pl->tasks;
        m->nodes[k] = na;
        m->tasks[k] = nt;
    }
    m->n_nodes = m->n_tasks = n;
    SET(m, num_tasks, p->num_tasks);
    SET(m, cpus_per_task, p->cpus_per_task);
    if (p->dist.how != DIST_ARBITRARY) {
        layout_assign(&p->dist, counts, n, gtids);
        return m;
    }
    memset(counts, 0, n * sizeof(*counts));
    for (uint32_t t = 0; t < p->num_tasks; t++)
        for (uint32_t k = 0; k < n; k++)
            if (strcmp(m->nodes[k]->name, hostlist_nth(p->arbitrary, t)) == 0) {
                gtids[k][counts[k]++] = t;
                break;
            }
    return m;
}

static int check_step(struct cluster *c, const struct step_request *req, struct job **out,
                      struct error *err)
{
    struct job *job = job_table_find(&c->jobs, req->job_id);

    if (!job)
        return error_set(err, BRE_JOB_ID, "Invalid job id specified");
    if (req->who.uid != job->ident->msg->uid && !req->who.is_admin)
        return error_set(err, BRE_ACCESS, "Access/permission denied");
    if (job->phase == PHASE_PENDING)
        return error_set(err, BRE_JOB_PENDING, "Job is pending execution");
    if (job->phase != PHASE_RUNNING)
        return error_set(err, BRE_ALREADY_DONE, "Job/step already completing or completed");
    if (job_is_suspended(job)) /* tried again when it is resumed */
        return error_set(err, BRE_STEP_NODES_BUSY, "job %u is suspended", job->id);
    if (job->next_step_id >= conf_of(c)->max_step_count)
        return error_set(err, BRE_BUSY,
                         "job %u has had %u steps, its limit (max_step_count)", job->id,
                         job->next_step_id);
    if (job->ends_with_step && job->next_step_id > 0 && job->kind == JOB_KIND_SRUN
        && !step_find(job, 0))
        return error_set(err, BRE_ALREADY_DONE, "Job/step already completing or completed");
    if (req->spec->num_tasks > STEP_TASKS_MAX || req->spec->cpus_per_task > 1u << 20
        || req->spec->ntasks_per_node > STEP_TASKS_MAX)
        return error_set(err, BRE_CORE_CNT, "More processors requested than permitted");
    if (req->spec->max_nodes && req->spec->max_nodes < req->spec->min_nodes)
        return error_set(err, BRE_TOO_MANY_NODES, "Node count specification invalid");
    *out = job;
    return 0;
}

/* Carriers take no number of the job's.  Theirs come from the time, so that none is used again while
 * a node may remember it. */
static uint32_t carrier_id(const struct job *job, const struct cluster_now *now)
{
    uint32_t range = STEP_INTERACTIVE - STEP_CARRIER, at = (uint32_t)((uint64_t)now->wall_usec / 64 % range);

    while (step_find(job, STEP_CARRIER + at))
        at = (at + 1) % range;
    return STEP_CARRIER + at;
}

uint32_t step_next_id(const struct job *job)
{
    uint32_t next = job->next_step_id;

    for (uint32_t i = 0; job->het && i < job->het->size; i++)
        if (job->het->jobs[i] && job->het->jobs[i]->next_step_id > next)
            next = job->het->jobs[i]->next_step_id;
    return next;
}

Wire__EvStepCreated *step_decide_creation(struct cluster *c, const struct cluster_now *now, const struct step_request *req,
                                 struct decision *d, struct error *err)
{
    struct plan_step p = { .c = c, .spec = req->spec };
    Wire__EvStepCreated *ev;
    Wire__StepLayout *layout;
    Wire__StepSpec *spec;

    uint32_t id;

    if (check_step(c, req, &p.job, err) < 0)
        return NULL;
    p.cpus_per_task = req->spec->cpus_per_task ? req->spec->cpus_per_task : 1;
    if (plan_layout(&p, err) < 0 || !(layout = make_layout(&p, d, err))) {
        plan_fini(&p);
        return NULL;
    }
    plan_fini(&p);
    if (req->env.len && !blob_find(&c->blobs, req->env_hash)) {
        Wire__EvBlobAdded *blob =
            event_add(d, now, blob_added, BLOB_ADDED, EvBlobAdded, EV_BLOB_ADDED);

        SET(blob, hash, ((ProtobufCBinaryData){ 32, (uint8_t *)req->env_hash }));
        SET(blob, data, req->env);
    }
    spec = arena_memdup(&d->arena, req->spec, sizeof(*spec));
    spec->has_env = 0;
    spec->env = (ProtobufCBinaryData){ 0, NULL };
    id = req->spec->receive_files ? carrier_id(p.job, now) : step_next_id(p.job);
    if (!req->spec->receive_files && id < req->min_step_id)
        id = req->min_step_id;
    ev = event_add(d, now, step_created, STEP_CREATED, EvStepCreated, EV_STEP_CREATED);
    SET(ev, job_id, p.job->id);
    SET(ev, step_id, id);
    SET(ev, attempt, p.job->attempt);
    ev->spec = spec;
    ev->layout = layout;
    SET(ev, step_key,
        ((ProtobufCBinaryData){ 32, arena_memdup(&d->arena, req->step_key, 32) }));
    if (req->env.len)
        SET(ev, env_hash, ((ProtobufCBinaryData){ 32, (uint8_t *)req->env_hash }));
    return ev;
}

int cluster_decide_step(struct cluster *c, const struct cluster_now *now, const struct step_request *req,
                        struct decision *d, uint32_t *step_id, struct error *err)
{
    struct decision_mark mark = decision_mark(d);
    const Wire__EvStepCreated *ev;

    clock_check(c, now, d);
    if (!(ev = step_decide_creation(c, now, req, d, err)))
        return decision_rollback(d, mark);
    *step_id = ev->step_id;
    return 0;
}
