/* resv.c - reservations as they are, and what of a node they leave to a job. */
#include "cluster/resv/resv.h"

#include "cluster/event/event.h"
#include "cluster/job/job.h"
#include "cluster/node/node.h"
#include "cluster/sched/sched.h"

#include <string.h>

bool resv_listed(const char *list, const char *name)
{
    size_t name_len = strlen(name);

    while (list && *list) {
        size_t len = strcspn(list, ",");

        if (len == name_len && strncmp(list, name, len) == 0)
            return true;
        list += len + (list[len] == ',');
    }
    return false;
}

struct resv *resv_find(const struct cluster *c, const char *name)
{
    list_for_each(link, &c->resvs)
    {
        struct resv *r = container_of(link, struct resv, link);

        if (strcmp(r->msg->name, name) == 0)
            return r;
    }
    return NULL;
}

static void resv_free_one(struct cluster *c, struct resv *r)
{
    list_remove(&r->link);
    c->num_resvs--;
    free(r->msg);
    free(r->nodes);
    free(r);
}

void resvs_fini(struct cluster *c)
{
    struct list_node *link;

    while ((link = list_first(&c->resvs)))
        resv_free_one(c, container_of(link, struct resv, link));
}

static void timers_update(struct cluster *c, const char *name)
{
    for (struct job *job = job_table_next(&c->jobs, 0); job;
         job = job_table_next(&c->jobs, job->id))
        if (job->phase == PHASE_RUNNING && job->alloc->reservation
            && strcmp(job->alloc->reservation, name) == 0)
            job_timer_update(c, job);
}

int resv_apply(struct cluster *c, const Wire__Event *ev, struct error *err)
{
    const Wire__EvResv *m = ev->resv;
    CLEANUP_FREE char *name = NULL; /* the event may borrow it from what is freed here */
    Wire__EvResv *old;
    struct resv *r;

    if (!m->name || !*m->name || (m->n_cores && m->n_cores != m->n_node_ids))
        return error_set(err, BRE_DAMAGED, "a reservation without name, or with half of its nodes");
    for (size_t i = 0; i < m->n_node_ids; i++)
        if (!node_at(c, m->node_ids[i]))
            return error_set(err, BRE_DAMAGED, "reservation %s: node %u does not exist", m->name,
                             m->node_ids[i]);
    name = xstrdup(m->name);
    r = resv_find(c, name);
    if (m->deleted) {
        if (!r)
            return error_set(err, BRE_DAMAGED, "reservation %s is deleted, but not there", m->name);
        resv_free_one(c, r);
    } else {
        if (!r) {
            r = xcalloc(1, sizeof(*r));
            list_append(&c->resvs, &r->link);
            c->num_resvs++;
        }
        old = r->msg;
        r->msg = CLONE(m);
        free(old);
        m = r->msg;
        r->count = (uint32_t)m->n_node_ids;
        r->nodes = xreallocarray(r->nodes, r->count + 1, sizeof(*r->nodes));
        for (uint32_t i = 0; i < r->count; i++)
            r->nodes[i] = (struct resv_node){ .node_id = m->node_ids[i],
                                              .cores = m->n_cores ? m->cores[i] : 0 };
        if (m->serial > c->resv_serial)
            c->resv_serial = m->serial;
    }
    c->resvs_stale = true;
    timers_update(c, name);
    cluster_nodes_changed(c);
    return 0;
}

int64_t resv_start(const struct resv *r, int64_t now_usec)
{
    return r->msg->flags & RESV_TIME_FLOAT ? now_usec + r->msg->float_usec : r->msg->start_usec;
}

int64_t resv_end(const struct resv *r, int64_t now_usec)
{
    if (!(r->msg->flags & RESV_TIME_FLOAT))
        return r->msg->end_usec;
    return resv_start(r, now_usec) + r->msg->end_usec - r->msg->start_usec;
}

bool resv_is_active(const struct resv *r, int64_t now_usec)
{
    return resv_start(r, now_usec) <= now_usec && now_usec < resv_end(r, now_usec);
}

const struct resv_node *resv_node(const struct resv *r, uint32_t node_id)
{
    for (uint32_t i = 0; i < r->count; i++)
        if (r->nodes[i].node_id == node_id)
            return &r->nodes[i];
    return NULL;
}

struct resv *resv_of_job(const struct cluster *c, const struct job *job)
{
    return job->alloc && job->alloc->reservation ? resv_find(c, job->alloc->reservation) : NULL;
}

/* Cores that the reservation's own jobs have on the node. */
static uint32_t used_by(const struct resv *r, const struct resv_node *rn, const struct node *node)
{
    uint32_t used = rn->given;

    for (uint32_t i = 0; i < node->num_jobs; i++) {
        const struct job *job = node->jobs[i].job;
        const struct bitmap *cores = job->alloc->nodes[node->jobs[i].place].cores;

        if (cores && job->alloc->reservation && strcmp(job->alloc->reservation, r->msg->name) == 0)
            used += (uint32_t)bitmap_count(cores);
    }
    return used;
}

/* Is this reservation's claim to the node none of the shape's business? */
static bool passes(const struct shape *shape, const struct resv *r)
{
    if (shape->resv == r)
        return true;
    /* somebody with a reservation of his own gives way to maintenance alone */
    return shape->resv && !(r->msg->flags & RESV_MAINT);
}

static int64_t end_of(int64_t start, int64_t length)
{
    return length == FOREVER || start > FOREVER - length ? FOREVER : start + length;
}

static uint32_t free_in(const struct cluster *c, const struct resv *r, const struct node *node,
                        int64_t start, uint32_t free_cores)
{
    const struct resv_node *rn = resv_node(r, node->id);
    int64_t now = c->clock.wall_usec;
    uint32_t used, left;

    if (r->msg->flags & RESV_FLEX)
        return free_cores;
    if (!rn || start < resv_start(r, now) || start >= resv_end(r, now))
        return 0;
    if (!rn->cores)
        return free_cores;
    used = start > now ? 0 : used_by(r, rn, node);
    left = rn->cores > used ? rn->cores - used : 0;
    return left < free_cores ? left : free_cores;
}

uint32_t resv_free(const struct cluster *c, const struct shape *shape, const struct node *node,
                   int64_t start, int64_t length, uint32_t free_cores)
{
    int64_t end = end_of(start, length), now = c->clock.wall_usec;

    if (!c->num_resvs || c->resvs_ignored)
        return free_cores;
    if (shape->resv)
        free_cores = free_in(c, shape->resv, node, start, free_cores);
    list_for_each(link, &c->resvs)
    {
        const struct resv *r = container_of(link, struct resv, link);
        const struct resv_node *rn;
        uint32_t held;

        if (!free_cores || passes(shape, r) || resv_start(r, now) >= end
            || resv_end(r, now) <= start || !(rn = resv_node(r, node->id)))
            continue;
        if (!rn->cores)
            return 0;
        held = start > now ? 0 : used_by(r, rn, node);
        held = rn->cores > held ? rn->cores - held : 0;
        free_cores = free_cores > held ? free_cores - held : 0;
    }
    return free_cores;
}

int64_t resv_next_start(const struct cluster *c, const struct shape *shape,
                        const struct node *node, int64_t start)
{
    int64_t next = FOREVER, now = c->clock.wall_usec;

    list_for_each(link, &c->resvs)
    {
        const struct resv *r = container_of(link, struct resv, link);
        int64_t at = resv_start(r, now);

        if (at > start && at < next && !passes(shape, r) && resv_node(r, node->id))
            next = at;
    }
    return next;
}

void resv_boundaries(const struct cluster *c, const struct node *node, int64_t now_usec,
                     void (*visit)(void *arg, int64_t at), void *arg)
{
    list_for_each(link, &c->resvs)
    {
        const struct resv *r = container_of(link, struct resv, link);

        if (!resv_node(r, node->id))
            continue;
        if (resv_start(r, now_usec) > now_usec)
            visit(arg, resv_start(r, now_usec));
        if (resv_end(r, now_usec) > now_usec)
            visit(arg, resv_end(r, now_usec));
    }
}

void resvs_given(struct cluster *c, const struct resv *r, const struct node *node, uint32_t cores)
{
    struct resv *own = resv_find(c, r->msg->name);

    for (uint32_t i = 0; own && i < own->count; i++)
        if (own->nodes[i].node_id == node->id)
            own->nodes[i].given += cores;
}

void resvs_given_clear(struct cluster *c)
{
    list_for_each(link, &c->resvs)
    {
        struct resv *r = container_of(link, struct resv, link);

        for (uint32_t i = 0; i < r->count; i++)
            r->nodes[i].given = 0;
    }
}

bool resv_used(const struct cluster *c, const struct resv *r, bool pending_too)
{
    for (const struct job *job = job_table_next(&c->jobs, 0); job;
         job = job_table_next(&c->jobs, job->id)) {
        const char *list = job->alloc ? job->alloc->reservation : job->spec->msg->reservation;

        if (job->phase != PHASE_ENDED && (pending_too || job->phase != PHASE_PENDING)
            && resv_listed(list, r->msg->name))
            return true;
    }
    return false;
}

size_t cluster_resv_count(const struct cluster *c)
{
    return c->num_resvs;
}

bool cluster_resv_view(struct cluster *c, size_t at, const struct cluster_now *now,
                       struct resv_view *v)
{
    size_t i = 0;

    memset(v, 0, sizeof(*v));
    list_for_each(link, &c->resvs)
    {
        const struct resv *r = container_of(link, struct resv, link);

        if (i++ != at)
            continue;
        v->msg = r->msg;
        v->start_sec = resv_start(r, now->wall_usec) / USEC;
        v->end_sec = resv_end(r, now->wall_usec) / USEC;
        v->active = resv_is_active(r, now->wall_usec);
        v->num_nodes = r->count;
        for (uint32_t k = 0; k < r->count; k++)
            v->num_cores += r->nodes[k].cores ? r->nodes[k].cores
                                              : node_at(c, r->nodes[k].node_id)->cores;
        for (uint32_t k = 0; k < r->count; k++) {
            const struct node *node = node_at(c, r->nodes[k].node_id);

            v->num_cpus += (r->nodes[k].cores ? r->nodes[k].cores : node->cores) * node->tpc;
        }
        return true;
    }
    return false;
}

char *cluster_resv_nodes(struct cluster *c, const Wire__EvResv *msg)
{
    CLEANUP_HOSTLIST struct hostlist *names = hostlist_create();

    for (size_t i = 0; i < msg->n_node_ids; i++)
        hostlist_push(names, node_at(c, msg->node_ids[i])->name);
    return hostlist_format(names);
}
