/* pass_start.c - does a job fit now, and where: the start of one job in the pass. */
#include "cluster/sched/pass_private.h"

#include "cluster/event/event.h"

#include <string.h>

static void amount_less(const struct node *node, struct amount *a, const struct amount *b)
{
    a->cores -= b->cores < a->cores ? b->cores : a->cores;
    a->mem_mb -= b->mem_mb < a->mem_mb ? b->mem_mb : a->mem_mb;
    for (uint32_t k = 0; k < node->num_gres; k++)
        a->gres[k] = (uint16_t)(b->gres[k] < a->gres[k] ? a->gres[k] - b->gres[k] : 0);
}

static void amount_least(const struct node *node, struct amount *a, const struct amount *b)
{
    a->cores = b->cores < a->cores ? b->cores : a->cores;
    a->mem_mb = b->mem_mb < a->mem_mb ? b->mem_mb : a->mem_mb;
    for (uint32_t k = 0; k < node->num_gres; k++)
        a->gres[k] = b->gres[k] < a->gres[k] ? b->gres[k] : a->gres[k];
}

/* --exclusive=user: nodes that a user shares with nobody else. */
static bool user_may_share(uint32_t uid, const struct shape *shape, const struct node *node)
{
    const struct tentative *t = node->tentative;

    if (t && (shape->exclusive_user || t->owned) && (t->several || t->uid != uid))
        return false;
    for (uint32_t i = 0; (shape->exclusive_user || node->num_owners) && i < node->num_jobs; i++) {
        const struct job *job = node->jobs[i].job;

        if ((shape->exclusive_user || job->spec->msg->exclusive_user)
            && job->ident->msg->uid != uid)
            return false;
    }
    return true;
}

uint32_t pass_slots(struct sched *s, struct shape *shape, const struct shape_part *sp,
                          const struct cluster_now *now, int64_t length, enum fit_rule rule)
{
    const struct part *part = &s->c->parts[sp->part_index];
    bool planned = !plan_is_empty(s->plan) && rule != FIT_BEFORE_OTHERS;
    uint32_t num = 0;

    bitmap_for_each(sp->able, i)
    {
        struct slot slot = { .node = s->c->nodes[i] };
        const struct node *node = slot.node;
        const struct tentative *t = node->tentative;

        s->units++;
        if (s->taken && bitmap_test(s->taken, node->id))
            continue;
        if (node->num_used + (t ? t->given.cores : 0) >= node->cores
            || (!node_is_usable(node) && rule != FIT_WITH_UNUSABLE))
            continue;
        if (!user_may_share(s->uid, shape, node))
            continue;
        node_spare(node, &slot.spare);
        if (t)
            amount_less(node, &slot.spare, &t->given);
        slot.idle = node_is_empty(node) && !t;
        if (s->c->num_resvs) {
            uint32_t room =
                resv_free(s->c, shape, node, now->wall_usec, length, slot.spare.cores);

            slot.idle &= room == slot.spare.cores;
            if (!(slot.spare.cores = room))
                continue;
        }
        slot.tasks = shape_fit(s->c, shape, part, node, &slot.spare, slot.idle);
        if (slot.tasks && planned) {
            struct amount later;
            bool idle;

            plan_free(s->plan, slot.node, now->wall_usec, length, &later, &idle);
            amount_least(node, &slot.spare, &later);
            slot.idle &= idle;
            slot.tasks = shape_fit(s->c, shape, part, node, &slot.spare, slot.idle);
            s->units += 2;
        }
        if (slot.tasks)
            s->slots[num++] = slot;
    }
    return num;
}

void pass_arrays_clear(struct sched *s)
{
    for (struct array *a; (a = s->arrays);) {
        s->arrays = a->next_given;
        a->given = a->split = a->next_task = 0;
        a->next_given = NULL;
    }
}

/* The record that starts: for a record of many its next task's, which is split off. */
static bool split_task(struct sched *s, const struct cluster_now *now, struct job *job,
                       struct decision *d, uint32_t *id)
{
    struct array *a = job->task ? job->task->array : NULL;

    *id = job->id;
    if (!a)
        return true;
    if (job->task->many) {
        uint32_t task = (uint32_t)bitmap_next(job->task->many, a->next_task);

        if (array_decide_split(s->c, now, job, task, a->split + 1 == job->task->count, &s->ids, d, id, NULL) < 0)
            return false; /* no ids are left */
        a->next_task = task + 1;
        a->split++;
    }
    if (!a->given++) {
        a->next_given = s->arrays;
        s->arrays = a;
    }
    return true;
}

/* Tasks of the record that this call has not started yet. */
bool pass_has_more(const struct job *job)
{
    return job_is_many(job) && job->task->array->split < job->task->count;
}

static bool emit_start(struct sched *s, const struct cluster_now *now, struct job *job,
                       const struct shape *shape, const struct part *part, int64_t length, uint32_t num_picked,
                       uint32_t limit_min, struct decision *d)
{
    bool planned = !plan_is_empty(s->plan);
    Wire__EvJobStarted *ev;
    uint32_t id;

    for (uint32_t i = 0; s->taken && i < num_picked; i++)
        bitmap_set(s->taken, s->slots[s->picked[i]].node->id);
    if (s->dry)
        return true;
    if (!split_task(s, now, job, d, &id))
        return false;
    ev = event_add(d, now, job_started, JOB_STARTED, EvJobStarted, EV_JOB_STARTED);
    SET(ev, job_id, id);
    SET(ev, attempt, job->attempt);
    ev->partition = arena_strdup(&d->arena, part->conf.name);
    if (shape->resv)
        ev->reservation = arena_strdup(&d->arena, shape->resv->msg->name);
    SET(ev, end_limit, length == FOREVER ? 0 : now->wall_usec + length);
    if (planned)
        SET(ev, backfill, true);
    if (limit_min)
        SET(ev, time_limit_min, limit_min);
    plan_license_use(s->plan, shape, now->wall_usec, length);
    ev->nodes = arena_alloc(&d->arena, num_picked * sizeof(*ev->nodes));
    for (uint32_t i = 0; i < num_picked; i++) {
        const struct slot *slot = &s->slots[s->picked[i]];
        struct node *node = slot->node;
        struct amount take;
        Wire__NodeAlloc *na = arena_alloc(&d->arena, sizeof(*na));
        struct tentative *t = tentative_of(&s->given, node);

        shape_take(s->c, shape, part, slot, &take);
        if (shape->resv)
            resvs_given(s->c, shape->resv, node, take.cores);
        if (planned)
            plan_reserve(s->plan, node, now->wall_usec, length, &take);
        wire__node_alloc__init(na);
        SET(na, node_id, node->id);
        na->name = node->name;
        na->cores = tentative_cores(t, node, take.cores, &d->arena);
        na->gres = tentative_gres(t, node, take.gres, &d->arena);
        SET(na, cpus, take.cores * shape_threads(shape, node));
        SET(na, mem_mb, take.mem_mb);
        SET(na, tasks, slot->chosen);
        t->several |= t->given.cores && t->uid != job->ident->msg->uid;
        t->uid = job->ident->msg->uid;
        t->owned |= shape->exclusive_user;
        t->given.cores += take.cores;
        t->given.mem_mb += take.mem_mb;
        for (uint32_t k = 0; k < node->num_gres; k++)
            t->given.gres[k] = (uint16_t)(t->given.gres[k] + take.gres[k]);
        t->until = length == FOREVER                    ? FOREVER
                   : t->until > now->wall_usec + length ? t->until
                                                        : now->wall_usec + length;
        ev->nodes[ev->n_nodes++] = na;
    }
    if (job->kind == JOB_KIND_BATCH)
        ev->batch_host = ev->nodes[0]->name;
    return true;
}

static bool fits_now(struct sched *s, const struct cluster_now *now, struct shape *shape,
                     const struct shape_part *sp, int64_t length, uint32_t *num_picked)
{
    uint32_t num;

    if (!plan_licenses(s->plan, shape, now->wall_usec, length))
        return false;
    num = pass_slots(s, shape, sp, now, length, FIT_NOW);
    s->units += num * 2;
    return num && shape_choose(s->c, shape, sp, s->slots, num, s->picked, num_picked);
}

/* --time-min: the longest time between that and the limit with which it fits before what is
 * planned.  0: none. */
static int64_t shorter_length(struct sched *s, const struct cluster_now *now,
                              struct shape *shape, const struct shape_part *sp,
                              int64_t length, uint32_t *num_picked)
{
    int64_t least = shape->time_min_min, most, best = 0;

    if (!least || plan_is_empty(s->plan) || length <= least * MIN_USEC
        || shape->time_min_min == TIME_UNLIMITED_MIN)
        return 0;
    most = length == FOREVER ? least + 366 * 1440 : length / MIN_USEC;
    if (!fits_now(s, now, shape, sp, least * MIN_USEC, num_picked))
        return 0;
    for (best = least; least < most;) {
        int64_t mid = least + (most - least + 1) / 2;

        if (fits_now(s, now, shape, sp, mid * MIN_USEC, num_picked))
            best = least = mid;
        else
            most = mid - 1;
    }
    fits_now(s, now, shape, sp, best * MIN_USEC, num_picked);
    return best * MIN_USEC;
}

/* Beyond the end of its reservation a job needs no node: it is ended there. */
static int64_t in_reservation(const struct shape *shape, const struct cluster_now *now,
                              int64_t length)
{
    const struct resv *r = shape->resv;
    int64_t left = r && !(r->msg->flags & RESV_FLEX)
                       ? resv_end(r, now->wall_usec) - now->wall_usec
                       : length;

    return left < length ? left : length;
}

/* Start job as the shape asks for: its own, or with the features that it prefers. */
static bool try_here(struct sched *s, const struct cluster_now *now, struct job *job,
                      struct shape *shape, struct decision *d)
{
    if (shape->gen != s->c->node_gen)
        shape_refresh(s->c, shape);
    for (uint32_t i = 0; i < shape->num_parts; i++) {
        const struct shape_part *sp = &shape->parts[i];
        const struct part *part = &s->c->parts[sp->part_index];
        int64_t length = pass_length(s->c, shape, part), shorter = 0;
        uint32_t num_picked;

        if (!part_takes(s->c, part, shape))
            continue;
        if (fits_now(s, now, shape, sp, in_reservation(shape, now, length), &num_picked)
            || (shorter = shorter_length(s, now, shape, sp, length, &num_picked)))
            return emit_start(s, now, job, shape, part, shorter ? shorter : length, num_picked,
                              shorter ? (uint32_t)(shorter / MIN_USEC) : 0, d);
    }
    return false;
}

/* The reservations that a shape names, one after the other; NULL: no more that are there. */
struct resv *pass_next_resv(const struct cluster *c, const char **list)
{
    while (*list && **list) {
        size_t len = strcspn(*list, ",");
        CLEANUP_FREE char *name = xstrndup(*list, len);
        struct resv *r = resv_find(c, name);

        *list += len + ((*list)[len] == ',');
        if (r)
            return r;
    }
    return NULL;
}

static bool try_shape(struct sched *s, const struct cluster_now *now, struct job *job,
                      struct shape *shape, struct decision *d)
{
    const char *list = shape->reservation;
    bool started = false;

    if (!list)
        return try_here(s, now, job, shape, d);
    while (!started && (shape->resv = pass_next_resv(s->c, &list)))
        started = (resv_is_active(shape->resv, now->wall_usec)
                   || shape->resv->msg->flags & RESV_FLEX)
                  && try_here(s, now, job, shape, d);
    shape->resv = NULL;
    return started;
}

/* What of reservations keeps it from starting, if nothing else does. */
enum resv_wait pass_resv_wait(struct sched *s, const struct cluster_now *now, struct shape *shape)
{
    const char *list = shape->reservation;
    enum resv_wait why = RESV_WAIT_NONE;
    const struct resv *r;
    uint32_t num_picked;

    if (list) {
        while ((r = pass_next_resv(s->c, &list)))
            if (resv_is_active(r, now->wall_usec) || r->msg->flags & RESV_FLEX)
                return RESV_WAIT_NONE;
        return RESV_WAIT_START;
    }
    if (!s->c->num_resvs)
        return RESV_WAIT_NONE;
    s->c->resvs_ignored = true;
    for (uint32_t i = 0; i < shape->num_parts && !why; i++) {
        const struct part *part = &s->c->parts[shape->parts[i].part_index];

        if (part_takes(s->c, part, shape)
            && fits_now(s, now, shape, &shape->parts[i], pass_length(s->c, shape, part), &num_picked))
            why = RESV_WAIT_OTHERS;
    }
    s->c->resvs_ignored = false;
    for (uint32_t i = 0; why && i < shape->num_parts; i++)
        bitmap_for_each(shape->parts[i].able, n) if (s->c->nodes[n]->resv_flags & NODE_FLAG_MAINT)
            why = RESV_WAIT_MAINT;
    return why;
}

bool pass_try_start(struct sched *s, const struct cluster_now *now, struct shape *shape,
                      struct decision *d)
{
    struct job *job = shape->cursor;

    s->uid = job->ident->msg->uid;
    return (shape->preferred && try_shape(s, now, job, shape->preferred, d))
           || try_shape(s, now, job, shape, d);
}

bool pass_try_components(struct sched *s, const struct cluster_now *now, const struct het *het,
                         struct decision *d)
{
    struct decision_mark mark = decision_mark(d);
    bool fits = true;

    s->uid = het->jobs[0]->ident->msg->uid;
    for (int run = 0; run < 2 && fits; run++) {
        s->taken = bitmap_create(s->c->num_nodes ? s->c->num_nodes : 1);
        s->dry = run == 0;
        for (uint32_t i = 0; i < het->size && fits; i++)
            fits = try_shape(s, now, het->jobs[i], het->jobs[i]->spec->shape, d);
        bitmap_destroy(s->taken);
        s->taken = NULL;
    }
    s->dry = false;
    if (!fits) /* what was given away in vain comes back with the next call */
        decision_rollback(d, mark);
    return fits;
}
