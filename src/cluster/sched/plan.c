/* plan.c - what will be free when, as far as time limits and planned starts tell.
 *
 * Each node that is asked about gets a profile: points in time, with what is in use from there to
 * the next point.  A start is found by collecting, for every node, the intervals in which the job
 * could start there, and sweeping over them until enough nodes are open at once.
 */
#include "cluster/sched/sched.h"

#include "cluster/resv/resv.h"

#include <string.h>

struct point {
    int64_t at;
    uint32_t cores, holders;
    uint64_t mem_mb;
};
struct profile {
    struct node *node;
    struct point *points; /* by time; the last one lasts */
    uint32_t count, cap;
};
struct window {
    int64_t at;
    uint32_t slot;  /* place in the list of nodes looked at */
    uint32_t tasks; /* 0: the node closes */
    uint32_t cores;
    uint64_t mem_mb;
    bool idle;
};
struct plan {
    struct cluster *c;
    int64_t now, horizon; /* no start is planned after it */
    struct profile *profiles;
    uint32_t num_profiles, cap_profiles;
    bool reserved;
    /* scratch of plan_start() */
    struct window *windows;
    size_t num_windows, cap_windows;
    struct slot *slots, *open;
    uint32_t *picked;
    uint32_t cap_slots, num_picked;
};

#define TRIES_MAX 64 /* sets of open nodes examined for one job */

struct plan *plan_create(struct cluster *c)
{
    struct plan *p = xcalloc(1, sizeof(*p));

    p->c = c;
    return p;
}

static void forget(struct plan *p)
{
    for (uint32_t i = 0; i < p->num_profiles; i++) {
        p->profiles[i].node->plan_slot = 0;
        p->profiles[i].count = 0;
    }
    p->num_profiles = 0;
    p->reserved = false;
}

void plan_destroy(struct plan *p)
{
    if (!p)
        return;
    forget(p);
    for (uint32_t i = 0; i < p->cap_profiles; i++)
        free(p->profiles[i].points);
    free(p->profiles);
    free(p->windows);
    free(p->slots);
    free(p->open);
    free(p->picked);
    free(p);
}

void plan_reset(struct plan *p, int64_t now_usec)
{
    uint32_t window = conf_of(p->c)->backfill_window_min;

    forget(p);
    p->now = now_usec;
    p->horizon = window ? now_usec + window * MIN_USEC : FOREVER;
}

bool plan_is_empty(const struct plan *p)
{
    return !p->reserved;
}

/* When a job that runs is expected to be off its nodes. */
static int64_t expected_end(const struct plan *p, const struct job *job)
{
    if (job->phase == PHASE_ENDING)
        return p->now + 5 * USEC;
    if (!job_end_by(p->c, job))
        return FOREVER;
    return job_end_by(p->c, job) > p->now ? job_end_by(p->c, job) : p->now + USEC;
}

static struct point *point_at(struct profile *pr, int64_t at)
{
    uint32_t i = pr->count;

    while (i > 0 && pr->points[i - 1].at > at)
        i--;
    if (i > 0 && pr->points[i - 1].at == at)
        return &pr->points[i - 1];
    if (pr->count == pr->cap) {
        pr->cap = pr->cap ? pr->cap * 2 : 8;
        pr->points = xreallocarray(pr->points, pr->cap, sizeof(*pr->points));
    }
    memmove(&pr->points[i + 1], &pr->points[i], (pr->count - i) * sizeof(*pr->points));
    pr->count++;
    if (i > 0)
        pr->points[i] = pr->points[i - 1];
    else
        memset(&pr->points[i], 0, sizeof(pr->points[i]));
    pr->points[i].at = at;
    return &pr->points[i];
}

static void profile_use(struct profile *pr, int64_t from, int64_t to, uint32_t cores,
                        uint64_t mem_mb)
{
    if (to <= from)
        return;
    point_at(pr, from);
    if (to != FOREVER)
        point_at(pr, to);
    for (uint32_t i = 0; i < pr->count; i++)
        if (pr->points[i].at >= from && pr->points[i].at < to) {
            pr->points[i].cores += cores;
            pr->points[i].mem_mb += mem_mb;
            pr->points[i].holders += cores > 0;
        }
}

static void add_point(void *arg, int64_t at)
{
    point_at(arg, at);
}

static struct profile *profile_of(struct plan *p, struct node *node)
{
    struct profile *pr;

    if (node->plan_slot)
        return &p->profiles[node->plan_slot - 1];
    if (p->num_profiles == p->cap_profiles) {
        uint32_t cap = p->cap_profiles ? p->cap_profiles * 2 : 64;

        p->profiles = xreallocarray(p->profiles, cap, sizeof(*p->profiles));
        memset(p->profiles + p->cap_profiles, 0,
               (cap - p->cap_profiles) * sizeof(*p->profiles));
        p->cap_profiles = cap;
    }
    pr = &p->profiles[p->num_profiles++];
    node->plan_slot = p->num_profiles;
    pr->node = node;
    pr->count = 0;
    point_at(pr, p->now);
    for (uint32_t i = 0; i < node->num_jobs; i++) {
        const struct job *job = node->jobs[i].job;
        const struct alloc_node *an = &job->alloc->nodes[node->jobs[i].place];

        if (job_cores_out(job)) /* suspended: nobody knows until when */
            profile_use(pr, p->now, FOREVER, 0, an->mem_mb);
        else
            profile_use(pr, p->now, expected_end(p, job),
                        (uint32_t)bitmap_count(an->cores), an->mem_mb);
    }
    if (p->c->num_resvs)
        resv_boundaries(p->c, node, p->now, add_point, pr);
    if (node->tentative) /* given away in this call */
        profile_use(pr, p->now, node->tentative->until, node->tentative->num_cores,
                    node->tentative->mem_mb);
    return pr;
}

/* Most that is in use in [start, end), from point i on, which holds at start. */
static void most_used(const struct profile *pr, uint32_t i, int64_t end, struct point *most)
{
    *most = pr->points[i];
    for (i++; i < pr->count && pr->points[i].at < end; i++) {
        const struct point *pt = &pr->points[i];

        most->cores = pt->cores > most->cores ? pt->cores : most->cores;
        most->mem_mb = pt->mem_mb > most->mem_mb ? pt->mem_mb : most->mem_mb;
        most->holders = pt->holders > most->holders ? pt->holders : most->holders;
    }
}

static int64_t add_time(int64_t at, int64_t length)
{
    return length == FOREVER || at > FOREVER - length ? FOREVER : at + length;
}

void plan_free(struct plan *p, struct node *node, int64_t start, int64_t length,
               uint32_t *cores, uint64_t *mem_mb, bool *idle)
{
    const struct profile *pr = profile_of(p, node);
    struct point most;
    uint32_t i = pr->count - 1;

    while (i > 0 && pr->points[i].at > start)
        i--;
    most_used(pr, i, add_time(start, length), &most);
    *cores = most.cores < node->cores ? node->cores - most.cores : 0;
    *mem_mb = most.mem_mb < node->mem_mb ? node->mem_mb - most.mem_mb : 0;
    *idle = !most.holders;
}

void plan_reserve(struct plan *p, struct node *node, int64_t start, int64_t length,
                  uint32_t cores, uint64_t mem_mb)
{
    profile_use(profile_of(p, node), start, add_time(start, length), cores, mem_mb);
    p->reserved = true;
}

static void window_add(struct plan *p, struct window w)
{
    if (p->num_windows == p->cap_windows) {
        p->cap_windows = p->cap_windows ? p->cap_windows * 2 : 1024;
        p->windows = xreallocarray(p->windows, p->cap_windows, sizeof(*p->windows));
    }
    p->windows[p->num_windows++] = w;
}

/* The intervals in which the job may start on this node. */
static void windows_of(struct plan *p, const struct shape *shape, const struct part *part,
                       struct node *node, uint32_t slot, int64_t length, uint32_t *units)
{
    const struct profile *pr = profile_of(p, node);
    bool open = false;

    for (uint32_t i = 0; i < pr->count; i++) {
        int64_t at = pr->points[i].at, end = add_time(at, length);
        int64_t next = i + 1 < pr->count ? pr->points[i + 1].at : FOREVER;
        struct window w = { .at = at, .slot = slot };
        struct point most;
        uint32_t k;

        ++*units;
        most_used(pr, i, end, &most);
        w.cores = most.cores < node->cores ? node->cores - most.cores : 0;
        w.mem_mb = most.mem_mb < node->mem_mb ? node->mem_mb - most.mem_mb : 0;
        w.idle = !most.holders;
        if (p->c->num_resvs) {
            uint32_t room = resv_free(p->c, shape, node, at, length, w.cores);

            w.idle &= room == w.cores;
            w.cores = room;
        }
        w.tasks = shape_fit(p->c, shape, part, node, w.cores, w.mem_mb, w.idle);
        if (!w.tasks) {
            if (open)
                window_add(p, (struct window){ .at = at, .slot = slot });
            open = false;
            continue;
        }
        window_add(p, w);
        open = true;
        if (p->c->num_resvs && end != FOREVER) {
            int64_t closes = resv_next_start(p->c, shape, node, at);

            if (closes != FOREVER && closes >= end && closes - length < next) {
                window_add(p, (struct window){ .at = closes - length + 1, .slot = slot });
                open = false;
            }
        }
        /* a later start may run into what is planned behind: closed from there on */
        for (k = i + 1; k < pr->count && end != FOREVER; k++) {
            const struct point *pt = &pr->points[k];

            if (pt->at < end)
                continue;
            if (pt->at - length >= next)
                break;
            if (pt->cores > most.cores || pt->mem_mb > most.mem_mb
                || (pt->holders && w.idle)) {
                window_add(p, (struct window){ .at = pt->at - length + 1, .slot = slot });
                open = false;
                break;
            }
        }
    }
}

static int by_time(const void *a, const void *b)
{
    const struct window *x = a, *y = b;

    if (x->at != y->at)
        return x->at < y->at ? -1 : 1;
    return x->slot < y->slot ? -1 : x->slot > y->slot;
}

static void slots_reserve(struct plan *p, uint32_t count)
{
    if (count <= p->cap_slots)
        return;
    p->cap_slots = count;
    p->slots = xreallocarray(p->slots, count, sizeof(*p->slots));
    p->open = xreallocarray(p->open, count, sizeof(*p->open));
    p->picked = xreallocarray(p->picked, count, sizeof(*p->picked));
}

static bool try_open(struct plan *p, const struct shape *shape, const struct shape_part *sp,
                     uint32_t num, uint32_t *num_picked, uint32_t *units)
{
    uint32_t open = 0;

    for (uint32_t i = 0; i < num; i++)
        if (p->slots[i].tasks)
            p->open[open++] = p->slots[i];
    *units += num / 2 + open * 2;
    return shape_choose(p->c, shape, sp, p->open, open, p->picked, num_picked);
}

int64_t plan_start(struct plan *p, struct shape *shape, const struct shape_part *sp,
                   int64_t length, bool reserve, uint32_t *units)
{
    const struct part *part = &p->c->parts[sp->part_index];
    uint32_t num = 0, active = 0, tries = 0, least = shape_least_nodes(shape);
    uint64_t tasks = 0, wanted = shape->num_tasks;

    if (shape->num_tasks && shape->num_tasks < least)
        least = shape->num_tasks;
    slots_reserve(p, (uint32_t)p->c->num_nodes + 1);
    p->num_windows = 0;
    bitmap_for_each(sp->able, i)
    {
        struct node *node = p->c->nodes[i];

        if (!node_is_usable(node))
            continue;
        p->slots[num] = (struct slot){ .node = node };
        windows_of(p, shape, part, node, num++, length, units);
    }
    if (p->num_windows)
        qsort(p->windows, p->num_windows, sizeof(*p->windows), by_time);
    *units += (uint32_t)p->num_windows * 3;
    for (size_t i = 0; i < p->num_windows;) {
        int64_t at = p->windows[i].at;
        bool more = false;

        for (; i < p->num_windows && p->windows[i].at == at; i++) {
            const struct window *w = &p->windows[i];
            struct slot *s = &p->slots[w->slot];

            active += (w->tasks != 0) - (s->tasks != 0);
            tasks += w->tasks;
            tasks -= s->tasks;
            more |= w->tasks > s->tasks;
            s->tasks = w->tasks;
            s->cores = w->cores;
            s->mem_mb = w->mem_mb;
            s->idle = w->idle;
        }
        if (at > p->horizon)
            return FOREVER;
        if (!more || active < least || tasks < wanted)
            continue;
        if (++tries > TRIES_MAX)
            return FOREVER;
        if (!try_open(p, shape, sp, num, &p->num_picked, units))
            continue;
        for (uint32_t k = 0; reserve && k < p->num_picked; k++) {
            const struct slot *s = &p->open[p->picked[k]];
            uint32_t cores = shape_cores(shape, part, s->node, s->chosen);

            plan_reserve(p, s->node, at, length, cores,
                         conf_of(p->c)->select_memory
                             ? shape_mem(p->c, shape, part, s->node, cores)
                             : 0);
        }
        return at;
    }
    return FOREVER;
}

uint32_t plan_last_count(const struct plan *p)
{
    return p->num_picked;
}

const struct node *plan_last_node(const struct plan *p, uint32_t i)
{
    return p->open[p->picked[i]].node;
}

void plan_last(struct plan *p, const struct shape *shape, const struct shape_part *sp,
               struct arena *a, struct plan_picture *picture)
{
    const struct part *part = &p->c->parts[sp->part_index];
    CLEANUP_HOSTLIST struct hostlist *names = hostlist_create();
    CLEANUP_FREE char *text = NULL;

    picture->cpus = 0;
    for (uint32_t k = 0; k < p->num_picked; k++) {
        const struct slot *s = &p->open[p->picked[k]];

        hostlist_push(names, s->node->name);
        picture->cpus +=
            shape_cores(shape, part, s->node, s->chosen) * shape_threads(shape, s->node);
    }
    text = hostlist_format(names);
    picture->nodes = arena_strdup(a, text);
}
