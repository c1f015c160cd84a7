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
    struct amount used;
    uint32_t holders;
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
    struct amount spare;
    bool idle;
};
struct license_span {
    struct gres_list licenses;
    int64_t from, to;
};
struct plan {
    struct cluster *c;
    int64_t now, horizon; /* no start is planned after it */
    struct profile *profiles;
    uint32_t num_profiles, cap_profiles;
    bool reserved;
    struct license_span *spans; /* who uses licences when */
    size_t num_spans, cap_spans;
    bool spans_known;
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
    p->num_spans = 0;
    p->spans_known = false;
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
    free(p->spans);
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

static void profile_use(struct profile *pr, int64_t from, int64_t to, const struct amount *take)
{
    if (to <= from)
        return;
    point_at(pr, from);
    if (to != FOREVER)
        point_at(pr, to);
    for (uint32_t i = 0; i < pr->count; i++)
        if (pr->points[i].at >= from && pr->points[i].at < to) {
            struct point *pt = &pr->points[i];

            pt->used.cores += take->cores;
            pt->used.mem_mb += take->mem_mb;
            for (uint32_t k = 0; k < pr->node->num_gres; k++)
                pt->used.gres[k] = (uint16_t)(pt->used.gres[k] + take->gres[k]);
            pt->holders += take->cores > 0;
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

        struct amount has = { .mem_mb = an->mem_mb };
        bool out = job_cores_out(job); /* suspended: nobody knows until when */

        has.cores = out ? 0 : (uint32_t)bitmap_count(an->cores);
        node_gres_counts(node, an->gres, has.gres);
        profile_use(pr, p->now, out ? FOREVER : expected_end(p, job), &has);
    }
    if (p->c->num_resvs)
        resv_boundaries(p->c, node, p->now, add_point, pr);
    if (node->tentative) /* given away in this call */
        profile_use(pr, p->now, node->tentative->until, &node->tentative->given);
    return pr;
}

/* Most that is in use in [start, end), from point i on, which holds at start. */
static void most_used(const struct profile *pr, uint32_t i, int64_t end, struct point *most)
{
    *most = pr->points[i];
    for (i++; i < pr->count && pr->points[i].at < end; i++) {
        const struct point *pt = &pr->points[i];

        if (pt->used.cores > most->used.cores)
            most->used.cores = pt->used.cores;
        if (pt->used.mem_mb > most->used.mem_mb)
            most->used.mem_mb = pt->used.mem_mb;
        for (uint32_t k = 0; k < pr->node->num_gres; k++)
            if (pt->used.gres[k] > most->used.gres[k])
                most->used.gres[k] = pt->used.gres[k];
        most->holders = pt->holders > most->holders ? pt->holders : most->holders;
    }
}

static int64_t add_time(int64_t at, int64_t length)
{
    return length == FOREVER || at > FOREVER - length ? FOREVER : at + length;
}

static void spare_of(const struct node *node, const struct amount *used, struct amount *spare)
{
    spare->cores = used->cores < node->cores ? node->cores - used->cores : 0;
    spare->mem_mb = used->mem_mb < node->mem_mb ? node->mem_mb - used->mem_mb : 0;
    memset(spare->gres, 0, sizeof(spare->gres));
    for (uint32_t k = 0; k < node->num_gres; k++)
        if (used->gres[k] < node->gres[k].count)
            spare->gres[k] = (uint16_t)(node->gres[k].count - used->gres[k]);
}

void plan_free(struct plan *p, struct node *node, int64_t start, int64_t length,
               struct amount *spare, bool *idle)
{
    const struct profile *pr = profile_of(p, node);
    struct point most;
    uint32_t i = pr->count - 1;

    while (i > 0 && pr->points[i].at > start)
        i--;
    most_used(pr, i, add_time(start, length), &most);
    spare_of(node, &most.used, spare);
    *idle = !most.holders;
}

void plan_reserve(struct plan *p, struct node *node, int64_t start, int64_t length,
                  const struct amount *take)
{
    profile_use(profile_of(p, node), start, add_time(start, length), take);
    p->reserved = true;
}

/* ---- licences ---- */

static void span_add(struct plan *p, const struct gres_list *licenses, int64_t from, int64_t to)
{
    if (p->num_spans == p->cap_spans) {
        p->cap_spans = p->cap_spans ? p->cap_spans * 2 : 16;
        p->spans = xreallocarray(p->spans, p->cap_spans, sizeof(*p->spans));
    }
    p->spans[p->num_spans++] = (struct license_span){ *licenses, from, to };
}

static void spans_load(struct plan *p)
{
    const struct job *job;

    if (p->spans_known)
        return;
    p->spans_known = true;
    for (struct list_node *pos = NULL; (job = license_holder(p->c, &pos));)
        if (job->spec->shape->licenses)
            span_add(p, job->spec->shape->licenses, p->now, expected_end(p, job));
}

static uint32_t used_at(const struct plan *p, const char *name, int64_t at)
{
    uint32_t used = 0;

    for (size_t i = 0; i < p->num_spans; i++)
        if (p->spans[i].from <= at && at < p->spans[i].to)
            used += gres_list_count(&p->spans[i].licenses, name);
    return used;
}

bool plan_licenses(struct plan *p, const struct shape *shape, int64_t start, int64_t length)
{
    int64_t end = add_time(start, length);
    struct gres_list total;

    if (!shape->licenses)
        return true;
    spans_load(p);
    gres_list_parse(&total, conf_of(p->c)->licenses, NULL);
    for (uint32_t k = 0; k < shape->licenses->num; k++) {
        const struct gres_item *item = &shape->licenses->items[k];
        uint32_t have = gres_list_count(&total, item->name), most;

        /* the use is highest where one begins */
        most = used_at(p, item->name, start);
        for (size_t i = 0; i < p->num_spans; i++)
            if (p->spans[i].from > start && p->spans[i].from < end) {
                uint32_t used = used_at(p, item->name, p->spans[i].from);

                most = used > most ? used : most;
            }
        if (item->count + most > have)
            return false;
    }
    return true;
}

void plan_license_use(struct plan *p, const struct shape *shape, int64_t start, int64_t length)
{
    if (!shape->licenses)
        return;
    spans_load(p);
    span_add(p, shape->licenses, start, add_time(start, length));
}

static void window_add(struct plan *p, struct window w)
{
    if (p->num_windows == p->cap_windows) {
        p->cap_windows = p->cap_windows ? p->cap_windows * 2 : 1024;
        p->windows = xreallocarray(p->windows, p->cap_windows, sizeof(*p->windows));
    }
    p->windows[p->num_windows++] = w;
}

static bool exceeds(const struct node *node, const struct amount *a, const struct amount *b)
{
    bool more = a->cores > b->cores || a->mem_mb > b->mem_mb;

    for (uint32_t k = 0; k < node->num_gres; k++)
        more |= a->gres[k] > b->gres[k];
    return more;
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
        spare_of(node, &most.used, &w.spare);
        w.idle = !most.holders;
        if (p->c->num_resvs) {
            uint32_t room = resv_free(p->c, shape, node, at, length, w.spare.cores);

            w.idle &= room == w.spare.cores;
            w.spare.cores = room;
        }
        if (!shape->exclusive_user || w.idle) /* whose the others are is not looked at ahead */
            w.tasks = shape_fit(p->c, shape, part, node, &w.spare, w.idle);
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
            if (exceeds(node, &pt->used, &most.used) || (pt->holders && w.idle)) {
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
    if (shape->licenses) { /* somebody gives one back then: look again */
        spans_load(p);
        for (size_t i = 0; i < p->num_spans; i++)
            if (p->spans[i].to != FOREVER)
                window_add(p, (struct window){ .at = p->spans[i].to, .slot = num });
        p->slots[num] = (struct slot){ 0 };
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

            if (w->slot == num) { /* licences */
                more = true;
                continue;
            }
            active += (w->tasks != 0) - (s->tasks != 0);
            tasks += w->tasks;
            tasks -= s->tasks;
            more |= w->tasks > s->tasks;
            s->tasks = w->tasks;
            s->spare = w->spare;
            s->idle = w->idle;
        }
        if (at > p->horizon)
            return FOREVER;
        if (!more || active < least || tasks < wanted
            || !plan_licenses(p, shape, at, length))
            continue;
        if (++tries > TRIES_MAX)
            return FOREVER;
        if (!try_open(p, shape, sp, num, &p->num_picked, units))
            continue;
        if (reserve)
            plan_license_use(p, shape, at, length);
        for (uint32_t k = 0; reserve && k < p->num_picked; k++) {
            const struct slot *s = &p->open[p->picked[k]];
            struct amount take;

            if (shape_take(p->c, shape, part, s, &take))
                plan_reserve(p, s->node, at, length, &take);
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
        struct amount take;

        hostlist_push(names, s->node->name);
        if (shape_take(p->c, shape, part, s, &take))
            picture->cpus += take.cores * shape_threads(shape, s->node);
    }
    text = hostlist_format(names);
    picture->nodes = arena_strdup(a, text);
}
