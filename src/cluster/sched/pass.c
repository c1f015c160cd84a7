/* pass.c - the scheduling pass: in order of priority, start what fits, plan what does not. */
#include "cluster/sched/pass_private.h"

#include "cluster/event/event.h"

#include <string.h>

#define ARRAY_PLANS 20 /* starts planned for an array in a pass */

struct sched *sched_create(struct cluster *c)
{
    struct sched *s = xcalloc(1, sizeof(*s));

    s->c = c;
    s->plan = plan_create(c);
    return s;
}

static void heap_put(struct sched *s, uint32_t i, struct shape *shape)
{
    s->heap[i] = shape;
    shape->heap_pos = i + 1;
}

static bool heap_less(const struct sched *s, const struct shape *a, const struct shape *b)
{
    if (!a->cursor || !b->cursor)
        return !a->cursor && b->cursor; /* exhausted ones first, to be dropped */
    return queue_before(s->c, a->cursor, b->cursor);
}

static void heap_down(struct sched *s, uint32_t i)
{
    struct shape *shape = s->heap[i];

    for (uint32_t k; (k = 2 * i + 1) < s->num_heap; i = k) {
        if (k + 1 < s->num_heap && heap_less(s, s->heap[k + 1], s->heap[k]))
            k++;
        if (!heap_less(s, s->heap[k], shape))
            break;
        heap_put(s, i, s->heap[k]);
    }
    heap_put(s, i, shape);
}

static void heap_up(struct sched *s, uint32_t i)
{
    struct shape *shape = s->heap[i];

    for (; i > 0 && heap_less(s, shape, s->heap[(i - 1) / 2]); i = (i - 1) / 2)
        heap_put(s, i, s->heap[(i - 1) / 2]);
    heap_put(s, i, shape);
}

static void heap_pop(struct sched *s)
{
    struct shape *shape = s->heap[0];

    shape->heap_pos = 0;
    if (--s->num_heap) {
        heap_put(s, 0, s->heap[s->num_heap]);
        heap_down(s, 0);
    }
    if (!shape->blocked)
        s->num_open--;
    shape->cursor = NULL;
    shape_decref(s->c, shape);
}

static void starts_forget(struct sched *s)
{
    char *nodes;

    for (size_t pos = 0; (nodes = idmap_next(&s->starts, &pos, NULL));)
        free(nodes);
    idmap_clear(&s->starts);
    bitmap_destroy(s->kept);
    s->kept = NULL;
}

static void pass_end(struct sched *s)
{
    while (s->num_heap)
        heap_pop(s);
    plan_reset(s->plan, 0);
    s->running = false;
}

void sched_destroy(struct sched *s)
{
    if (!s)
        return;
    pass_end(s);
    starts_forget(s);
    idmap_fini(&s->starts);
    plan_destroy(s->plan);
    free(s->heap);
    free(s->part_first);
    free(s->slots);
    free(s->picked);
    free(s);
}

/* A job leaves its shape's queue: a pass that stands on it goes on with the next. */
void sched_forget_job(struct cluster *c, struct job *job)
{
    struct shape *shape = job->spec->shape;

    if (!c->sched) /* the end of it all */
        return;
    c->sched->plan_fresh = false;
    if (!shape->heap_pos || shape->cursor != job)
        return;
    shape->cursor = queue_next(job);
    heap_up(c->sched, shape->heap_pos - 1);
    heap_down(c->sched, shape->heap_pos - 1);
}

static void pass_begin(struct sched *s, const struct cluster_now *now, bool plan_only)
{
    struct cluster *c = s->c;
    struct shape *shape;

    if (s->running)
        pass_end(s);
    parts_refresh(c);
    s->running = true;
    s->plan_only = plan_only;
    s->pass++;
    s->planned = 0;
    s->units = 0;
    s->tried = 0;
    s->cut = false;
    s->num_open = 0;
    s->stop = NULL;
    starts_forget(s);
    plan_reset(s->plan, now->wall_usec);
    s->part_first = xreallocarray(s->part_first, c->num_parts + 1, sizeof(*s->part_first));
    memset(s->part_first, 0, (c->num_parts + 1) * sizeof(*s->part_first));
    if (s->cap_slots < c->num_nodes + 1) {
        s->cap_slots = (uint32_t)c->num_nodes + 1;
        s->slots = xreallocarray(s->slots, s->cap_slots, sizeof(*s->slots));
        s->picked = xreallocarray(s->picked, s->cap_slots, sizeof(*s->picked));
    }
    for (size_t pos = 0; (shape = idmap_next(&c->shapes, &pos, NULL));)
        for (; shape; shape = shape->same_hash) {
            if (!shape->root)
                continue;
            if (s->num_heap == s->cap_heap) {
                s->cap_heap = s->cap_heap ? s->cap_heap * 2 : 64;
                s->heap = xreallocarray(s->heap, s->cap_heap, sizeof(*s->heap));
            }
            shape->tier = shape_tier(c, shape);
            shape->refs++;
            shape->pass = s->pass;
            shape->blocked = false;
            shape->tasks_planned = 0;
            shape->cursor = queue_first(shape);
            s->num_open++;
            s->heap[s->num_heap++] = shape;
            heap_up(s, s->num_heap - 1);
            s->units++;
        }
    if (!plan_only)
        c->stats.passes++;
}

static void advance(struct sched *s, struct shape *shape)
{
    shape->cursor = queue_next(shape->cursor);
    heap_down(s, shape->heap_pos - 1);
}

int64_t pass_length(const struct cluster *c, const struct shape *shape,
                         const struct part *part)
{
    uint32_t limit = shape_time_limit(c, shape, part);

    return limit == TIME_UNLIMITED_MIN ? FOREVER : (int64_t)limit * MIN_USEC;
}

bool part_takes(const struct cluster *c, const struct part *part, const struct shape *shape)
{
    uint32_t limit = shape_time_limit(c, shape, part);
    uint32_t least = shape_least_nodes(shape);

    if (part->conf.state == PART_DOWN || part->conf.state == PART_INACTIVE)
        return false;
    if (limit > part->conf.max_time_min)
        return false;
    if (shape->num_tasks && shape->num_tasks < least)
        least = shape->num_tasks;
    return least <= (part->conf.max_nodes ? part->conf.max_nodes : UINT32_MAX)
           && shape_most_nodes(shape) >= part->conf.min_nodes;
}

static void block(struct sched *s, const struct cluster_now *now, struct shape *shape)
{
    uint32_t behind = 0;

    shape->blocked = true;
    s->num_open--;
    if (shape->reason_gen != s->c->node_gen || shape->reason == REASON_NONE) {
        shape->reason = (uint8_t)shape_standing_reason(s->c, shape);
        s->units += (uint32_t)s->c->num_nodes * 2;
        shape->reason_gen = s->c->node_gen;
    }
    if (shape->reason == REASON_RESOURCES)
        for (uint32_t i = 0; i < shape->num_parts; i++) {
            uint32_t *first = &s->part_first[shape->parts[i].part_index];

            if (*first)
                behind = *first;
            else
                *first = shape->cursor->id;
        }
    shape->resv_wait = shape->reason == REASON_RESOURCES ? (uint8_t)pass_resv_wait(s, now, shape) : 0;
    shape->short_of_licenses = !licenses_are_free(s->c, shape);
    shape->first = !behind;
    shape->behind_job = behind;
    shape->planned_sec = 0;
}

/* The nodes of the start that was planned last. */
static void keep_start(struct sched *s, const struct job *job)
{
    uint32_t count = plan_last_count(s->plan);
    CLEANUP_HOSTLIST struct hostlist *names = hostlist_create();

    if (!s->kept)
        s->kept = bitmap_create(s->c->num_nodes ? s->c->num_nodes : 1);
    for (uint32_t i = 0; i < count; i++) {
        const struct node *node = plan_last_node(s->plan, i);

        hostlist_push(names, node->name);
        bitmap_set(s->kept, node->id);
    }
    free(idmap_put(&s->starts, job->id, hostlist_format(names)));
}

/* Keep later jobs from delaying the components, each for itself. */
static void plan_components(struct sched *s, const struct het *het)
{
    for (uint32_t i = 0; i < het->size; i++) {
        struct shape *shape = het->jobs[i]->spec->shape;
        const struct part *part;

        if (shape->gen != s->c->node_gen)
            shape_refresh(s->c, shape);
        part = shape->num_parts ? &s->c->parts[shape->parts[0].part_index] : NULL;
        if (!part || !part_takes(s->c, part, shape))
            continue;
        plan_start(s->plan, shape, &shape->parts[0], pass_length(s->c, shape, part), true, &s->units);
        s->planned++;
    }
}

static void plan_next(struct sched *s, struct shape *shape)
{
    const struct shape_part *best = NULL;
    struct job *job = shape->cursor;
    int64_t at = FOREVER;

    if (shape->reservation) { /* the first that is there; which one it will be shows when it starts */
        const char *list = shape->reservation;

        shape->resv = pass_next_resv(s->c, &list);
    }
    for (uint32_t i = 0; i < shape->num_parts && (shape->resv || !shape->reservation); i++) {
        const struct shape_part *sp = &shape->parts[i];
        const struct part *part = &s->c->parts[sp->part_index];
        int64_t start;

        if (!part_takes(s->c, part, shape))
            continue;
        start = plan_start(s->plan, shape, sp, pass_length(s->c, shape, part),
                           shape->num_parts == 1, &s->units);
        if (start < at) {
            at = start;
            best = sp;
        }
    }
    if (best && shape->num_parts > 1)
        plan_start(s->plan, shape, best,
                   pass_length(s->c, shape, &s->c->parts[best->part_index]), true, &s->units);
    shape->resv = NULL;
    s->planned++;
    if (shape->tasks_planned++)
        return; /* further tasks of an array: shown is the first */
    if (best && s->plan_only)
        keep_start(s, job);
    job->planned_sec = at == FOREVER ? 0 : (at + USEC - 1) / USEC;
    if (job == queue_first(shape))
        shape->planned_sec = job->planned_sec;
}

/* A record of many is planned for some of its tasks, so that lesser jobs do not overtake them. */
static bool plan_more(const struct shape *shape)
{
    const struct task *task = shape->cursor->task;
    uint32_t most = task ? task->count : 1;

    if (task && task->array->throttle && task->array->throttle - task->array->running < most)
        most = task->array->throttle - task->array->running;
    return shape->tasks_planned < (most < ARRAY_PLANS ? most : ARRAY_PLANS);
}

/* One call's share of the pass.  True: there is more. */
static bool pass_run(struct sched *s, const struct cluster_now *now, uint32_t budget,
                     struct decision *d)
{
    struct cluster *c = s->c;
    uint32_t limit = budget > UINT32_MAX - s->units ? UINT32_MAX : s->units + budget,
             depth = conf_of(c)->backfill_depth;

    while (s->num_heap) {
        struct shape *shape = s->heap[0];

        if (s->units >= limit)
            return true;
        s->units++;
        if (!shape->cursor) {
            heap_pop(s);
            continue;
        }
        if (!s->plan_only && !s->num_open)
            break; /* what waits still cannot start, in whatever order */
        if (shape->gen != c->node_gen) {
            shape_refresh(c, shape);
            s->units += (uint32_t)c->num_nodes;
        }
        if (shape->cursor->het) { /* says nothing of others of its shape */
            if ((s->plan_only || !pass_try_components(s, now, shape->cursor->het, d)) && s->planned < depth)
                plan_components(s, shape->cursor->het);
            advance(s, shape);
            continue;
        }
        if (array_is_full(shape->cursor)) { /* others of its shape may go ahead */
            advance(s, shape);
            continue;
        }
        if (!shape->blocked) {
            s->tried++;
            if (!s->plan_only && pass_try_start(s, now, shape, d)) {
                if (!pass_has_more(shape->cursor))
                    advance(s, shape);
                continue;
            }
            block(s, now, shape);
            continue; /* planned next, if somebody could get in its way */
        }
        if (shape->reason != REASON_RESOURCES || s->planned >= depth) {
            s->cut |= shape->reason == REASON_RESOURCES;
            heap_pop(s);
            continue;
        }
        if (shape->cursor == s->stop)
            return true;
        plan_next(s, shape);
        if (plan_more(shape))
            continue;
        shape->tasks_planned = 0;
        advance(s, shape);
    }
    pass_end(s);
    return false;
}

bool cluster_sched_wanted(const struct cluster *c)
{
    return c->sched_wanted || (c->sched->running && !c->sched->plan_only);
}

bool cluster_sched_running(const struct cluster *c)
{
    return c->sched->running && !c->sched->plan_only;
}

bool cluster_sched_pass(struct cluster *c, const struct cluster_now *now, uint32_t budget,
                        struct decision *d)
{
    struct sched *s = c->sched;
    bool more;

    if (clock_check(c, now, d))
        return true;
    if (!s->running || s->plan_only) {
        if (!c->sched_wanted)
            return false;
        c->sched_wanted = false;
        pass_begin(s, now, false);
    }
    c->stats.slices++;
    id_source_init(c, &s->ids);
    more = pass_run(s, now, budget ? budget : 1, d);
    tentative_clear(&s->given);
    resvs_given_clear(s->c);
    pass_arrays_clear(s);
    c->stats.last_pass_units = s->units;
    c->stats.last_pass_tried = s->tried;
    c->stats.last_pass_planned = s->planned;
    c->stats.last_pass_cut = s->cut;
    s->plan_fresh = false;
    return more || c->sched_wanted;
}

bool cluster_plan_starts(struct cluster *c, const struct cluster_now *now, uint32_t budget)
{
    struct sched *s = c->sched;
    bool more;

    if (s->running && !s->plan_only)
        return true; /* a real pass comes first */
    if (!s->running) {
        if (s->plan_fresh)
            return false;
        pass_begin(s, now, true);
    }
    more = pass_run(s, now, budget ? budget : 1, NULL);
    s->plan_fresh = !more;
    return more;
}

const char *sched_planned_nodes(const struct cluster *c, uint32_t job_id)
{
    return idmap_find(&c->sched->starts, job_id);
}

bool sched_keeps_node(const struct cluster *c, uint32_t node_id)
{
    return c->sched->kept && node_id < c->sched->kept->bits && bitmap_test(c->sched->kept, node_id);
}

bool sched_plan_to(struct cluster *c, const struct cluster_now *now, const struct job *job)
{
    struct sched *s = c->sched;

    sched_pause(c);
    pass_begin(s, now, true);
    s->stop = job;
    s->plan_fresh = false;
    return pass_run(s, now, UINT32_MAX, NULL);
}

void sched_plan_on(struct cluster *c, const struct cluster_now *now)
{
    struct sched *s = c->sched;

    if (!s->running || !s->plan_only)
        return;
    s->stop = NULL;
    while (pass_run(s, now, UINT32_MAX, NULL))
        ;
    s->plan_fresh = true;
}

bool sched_fits_now(struct cluster *c, const struct cluster_now *now, struct shape *shape,
                    enum fit_rule rule, struct bitmap *nodes)
{
    struct sched *s = c->sched;

    shape_refresh(c, shape);
    s->uid = queue_first(shape) ? queue_first(shape)->ident->msg->uid : 0;
    for (uint32_t i = 0; i < shape->num_parts; i++) {
        const struct shape_part *sp = &shape->parts[i];
        const struct part *part = &c->parts[sp->part_index];
        uint32_t num, num_picked;

        if (!part_takes(c, part, shape))
            continue;
        num = pass_slots(s, shape, sp, now, pass_length(c, shape, part), rule);
        if (!num || !shape_choose(c, shape, sp, s->slots, num, s->picked, &num_picked))
            continue;
        for (uint32_t k = 0; nodes && k < num_picked; k++)
            bitmap_set(nodes, s->slots[s->picked[k]].node->id);
        return true;
    }
    return false;
}

void sched_pause(struct cluster *c)
{
    if (!c->sched->running)
        return;
    if (!c->sched->plan_only)
        c->sched_wanted = true;
    pass_end(c->sched);
}

void cluster_wants_pass(struct cluster *c)
{
    c->sched_wanted = true;
    c->sched->plan_fresh = false;
}
