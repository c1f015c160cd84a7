/* choose.c - which nodes a job gets, and how many of its tasks run on each.
 *
 * All choices are deterministic: by weight, then the fullest node that still fits, then by node id
 * from the first node that was asked for.
 * Tasks are dealt as Slurm's select plugin does: the nodes are filled one after the other, a place
 * being kept free for each node that must still get one.
 */
#include "cluster/sched/sched.h"

#include <string.h>

static bool slot_before(const struct slot *a, const struct slot *b, bool largest)
{
    if (largest && a->tasks != b->tasks)
        return a->tasks > b->tasks;
    if (a->weight != b->weight)
        return a->weight < b->weight;
    if (a->spare.cores != b->spare.cores)
        return a->spare.cores < b->spare.cores;
    return a->rank < b->rank;
}

/* Best of the slots not chosen yet that can run at least tasks, inside set (NULL: any). */
static uint32_t best_slot(const struct slot *slots, uint32_t num, uint32_t tasks,
                          const struct bitmap *set, bool largest)
{
    uint32_t best = num;

    for (uint32_t i = 0; i < num; i++)
        if (!slots[i].chosen && slots[i].tasks >= tasks
            && (!set || bitmap_test(set, slots[i].node->id))
            && (best == num || slot_before(&slots[i], &slots[best], largest)))
            best = i;
    return best;
}

struct choice {
    const struct cluster *c;
    const struct part *part;
    const struct shape *shape;
    struct slot *slots;
    uint32_t num;
    uint32_t *picked, num_picked;
    uint64_t room; /* tasks that the picked nodes can run */
    uint64_t has[SHAPE_TOTALS_MAX]; /* what they have of what the whole job asks for */
    uint32_t max_nodes; /* of the partition */
    bool whole;         /* nodes are given out whole */
    uint32_t *fill;     /* scratch of deal_tasks() */
};

static void pick(struct choice *ch, uint32_t i)
{
    ch->slots[i].chosen = 1;
    ch->picked[ch->num_picked++] = i;
    ch->room += ch->slots[i].tasks;
    for (uint32_t k = 0; k < ch->shape->num_totals; k++)
        ch->has[k] += gres_cap(ch->shape, k, &ch->slots[i]);
}

/* The picked nodes have all that the job asks for. */
static bool enough(const struct choice *ch, uint64_t tasks)
{
    for (uint32_t k = 0; k < ch->shape->num_totals; k++)
        if (ch->has[k] < gres_per_job(ch->shape, k))
            return false;
    return ch->room >= tasks;
}

static void unpick_all(struct choice *ch)
{
    for (uint32_t i = 0; i < ch->num_picked; i++)
        ch->slots[ch->picked[i]].chosen = 0;
    ch->num_picked = 0;
    ch->room = 0;
    memset(ch->has, 0, sizeof(ch->has));
}

static bool pick_required(struct choice *ch, const struct shape_part *sp)
{
    const struct shape *s = ch->shape;

    for (uint32_t r = 0; r < s->num_required; r++) {
        uint32_t i = 0;

        while (i < ch->num && ch->slots[i].node->id != s->required[r])
            i++;
        if (i == ch->num)
            return false;
        pick(ch, i);
    }
    for (size_t k = 0; k < feature_num_counts(s->expr); k++) {
        uint32_t count, have = 0, i;

        feature_count_match(s->expr, k, NULL, &count);
        for (i = 0; i < ch->num_picked; i++)
            have += bitmap_test(sp->count_sets[k], ch->slots[ch->picked[i]].node->id);
        for (; have < count; have++) {
            if ((i = best_slot(ch->slots, ch->num, 1, sp->count_sets[k], false)) == ch->num)
                return false;
            pick(ch, i);
        }
    }
    return true;
}

static int by_best(const void *a, const void *b)
{
    return slot_before(*(struct slot *const *)a, *(struct slot *const *)b, false) ? -1 : 1;
}

static int by_largest(const void *a, const void *b)
{
    return slot_before(*(struct slot *const *)a, *(struct slot *const *)b, true) ? -1 : 1;
}

/* Take open slots in order until so many nodes are picked, and then on while tasks have no room. */
static bool pick_in_order(struct choice *ch, uint32_t least, uint32_t most, uint64_t tasks,
                          bool largest)
{
    CLEANUP_FREE struct slot **order = NULL;
    uint32_t open = 0;

    if (ch->num_picked >= least && enough(ch, tasks))
        return true;
    if (least - ch->num_picked <= 4
        && ch->num_picked < least) { /* the usual: a few nodes */
        while (ch->num_picked < least) {
            uint32_t i = best_slot(ch->slots, ch->num, 1, NULL, largest);

            if (i == ch->num)
                return false;
            pick(ch, i);
        }
        if (enough(ch, tasks))
            return true;
        if (most == least)
            return false;
    }
    order = xmalloc((ch->num + 1) * sizeof(*order));
    for (uint32_t i = 0; i < ch->num; i++)
        if (!ch->slots[i].chosen)
            order[open++] = &ch->slots[i];
    qsort(order, open, sizeof(*order), largest ? by_largest : by_best);
    for (uint32_t i = 0; i < open && (ch->num_picked < least || !enough(ch, tasks)); i++) {
        if (ch->num_picked == most)
            return false;
        pick(ch, (uint32_t)(order[i] - ch->slots));
    }
    return ch->num_picked >= least && enough(ch, tasks);
}

static void pick_more(struct choice *ch, uint32_t most)
{
    while (ch->num_picked < most) {
        uint32_t i = best_slot(ch->slots, ch->num, 1, NULL, false);

        if (i == ch->num)
            return;
        pick(ch, i);
    }
}

static bool pick_contiguous(struct choice *ch, uint32_t least, uint32_t most,
                            uint64_t tasks)
{
    for (uint32_t first = 0; first < ch->num; first++) {
        uint32_t run = 0, needed = 0;
        uint64_t room = 0;

        while (first + run < ch->num && run < most
               && ch->slots[first + run].node->id == ch->slots[first].node->id + run
               && (run < least || room < tasks))
            room += ch->slots[first + run++].tasks;
        for (uint32_t r = 0; r < ch->shape->num_required; r++)
            for (uint32_t i = 0; i < run; i++)
                needed += ch->slots[first + i].node->id == ch->shape->required[r];
        if (run >= least && room >= tasks && needed == ch->shape->num_required) {
            unpick_all(ch);
            for (uint32_t i = 0; i < run; i++)
                pick(ch, first + i);
            if (!enough(ch, tasks))
                continue;
            return true;
        }
    }
    return false;
}

static int by_node(const void *a, const void *b)
{
    uint32_t ia = *(const uint32_t *)a, ib = *(const uint32_t *)b;

    return ia < ib ? -1 : ia > ib;
}

/* What a node may take so that each of those that must still be used gets something: Slurm's fill.
 * room: tasks each could run; least: so many nodes were asked for. */
static void fill_room(const struct choice *ch, uint32_t *room, uint32_t least, uint64_t tasks)
{
    const struct shape *s = ch->shape;
    uint64_t cpus = tasks * s->cpus_per_task, sum = 0;

    for (uint32_t i = 0; i < ch->num_picked; i++) {
        const struct node *node = ch->slots[ch->picked[i]].node;
        uint32_t per_core = shape_threads(s, node);
        uint64_t keep = least > i + 1 ? (uint64_t)(least - 1 - i) * per_core : 0;
        uint64_t give = cpus > keep ? cpus - keep : 0, can = (uint64_t)room[i] * s->cpus_per_task;

        if (give < s->min_cpus)
            give = s->min_cpus;
        if (give < s->cpus_per_task)
            give = s->cpus_per_task;
        give = give < can ? give : can;
        cpus -= give < cpus ? give : cpus;
        if (s->cpus_per_task)
            give /= s->cpus_per_task;
        sum += give;
        ch->fill[i] = (uint32_t)give;
    }
    /* whole tasks may leave some over */
    for (uint32_t i = 0; i < ch->num_picked; i++) {
        while (sum < tasks && ch->fill[i] < room[i]) {
            ch->fill[i]++;
            sum++;
        }
        room[i] = ch->fill[i];
    }
}

/* What the whole job asks for: the nodes are filled, one unit being kept for each that follows. */
static bool deal_totals(struct choice *ch)
{
    for (uint32_t k = 0; k < ch->shape->num_totals; k++) {
        uint32_t left = gres_per_job(ch->shape, k);

        for (uint32_t i = 0; i < ch->num_picked; i++) {
            struct slot *slot = &ch->slots[ch->picked[i]];
            uint32_t cap = gres_cap(ch->shape, k, slot), keep = ch->num_picked - 1 - i;
            uint32_t give = left > keep ? left - keep : left > 0;

            give = give < cap ? give : cap;
            slot->share[k] = (uint16_t)give;
            left -= give;
        }
        if (left)
            return false;
    }
    for (uint32_t i = 0; ch->shape->num_totals && i < ch->num_picked; i++) {
        struct amount take;

        if (!shape_take(ch->c, ch->shape, ch->part, &ch->slots[ch->picked[i]], &take))
            return false;
    }
    return true;
}

static bool deal_tasks(struct choice *ch, uint32_t least)
{
    const struct shape *s = ch->shape;
    uint32_t n = ch->num_picked;
    CLEANUP_FREE uint32_t *room = xmalloc((n + 1) * sizeof(*room));
    CLEANUP_FREE uint32_t *counts = xmalloc((n + 1) * sizeof(*counts));
    CLEANUP_FREE uint32_t *fill = xmalloc((n + 1) * sizeof(*fill));
    uint64_t tasks = s->num_tasks && !s->ntasks_per_node
                         ? s->num_tasks
                         : (uint64_t)n * (s->ntasks_per_node ? s->ntasks_per_node : 1);

    /* allocation order is node order */
    qsort(ch->picked, n, sizeof(*ch->picked), by_node);
    for (uint32_t i = 0; i < n; i++)
        room[i] = ch->slots[ch->picked[i]].tasks;
    ch->fill = fill;
    if (tasks > UINT32_MAX)
        return false;
    if (!ch->whole && !s->overcommit)
        fill_room(ch, room, least, tasks);
    if (layout_deal(&s->dist, (uint32_t)tasks, room, n, counts))
        return false;
    for (uint32_t i = 0; i < n; i++) {
        if (!counts[i])
            return false;
        ch->slots[ch->picked[i]].chosen = counts[i];
    }
    return deal_totals(ch);
}

/* As many nodes as there are, up to most; then, if their tasks have no room, more of the large ones. */
static bool pick_many(struct choice *ch, const struct shape_part *sp, uint32_t least, uint32_t most,
                      uint64_t tasks)
{
    if (!pick_required(ch, sp))
        return false;
    pick_more(ch, most);
    if (ch->num_picked >= least && enough(ch, tasks))
        return true;
    unpick_all(ch);
    return pick_required(ch, sp) && pick_in_order(ch, least, most, tasks, true);
}

static bool choose(struct choice *ch, const struct shape_part *sp)
{
    const struct shape *s = ch->shape;
    uint32_t least = shape_least_nodes(s), most = shape_most_nodes(s);
    uint64_t tasks = s->num_tasks;
    bool many = (s->max_nodes > least && !s->use_min_nodes) || s->spread_job;

    if (s->num_tasks && s->num_tasks < most) /* no node without a task */
        most = s->num_tasks < s->num_required ? s->num_required : s->num_tasks;
    if (ch->max_nodes && most > ch->max_nodes)
        most = ch->max_nodes;
    if (least > most)
        least = most;
    if (ch->num < least)
        return false;
    if (s->contiguous)
        return pick_contiguous(ch, least, most, tasks) && deal_tasks(ch, least);
    if (many)
        return pick_many(ch, sp, least, most, tasks) && deal_tasks(ch, least);
    /* one node that holds everything is best */
    if (least == 1 && tasks && !s->num_required && !feature_num_counts(s->expr)) {
        uint32_t i = best_slot(ch->slots, ch->num, s->num_tasks, NULL, false);

        if (i < ch->num) {
            pick(ch, i);
            if (enough(ch, tasks))
                return deal_tasks(ch, least);
            unpick_all(ch);
        }
    }
    if (most > least || !tasks) {
        /* as few nodes as can be: the roomiest first */
        return pick_required(ch, sp) && pick_in_order(ch, least, most, tasks, tasks > least)
               && deal_tasks(ch, ch->num_picked);
    }
    if (pick_required(ch, sp) && pick_in_order(ch, least, most, tasks, false))
        return deal_tasks(ch, least);
    unpick_all(ch);
    return pick_required(ch, sp) && pick_in_order(ch, least, most, tasks, true)
           && deal_tasks(ch, least);
}

bool shape_choose(const struct cluster *c, const struct shape *s,
                  const struct shape_part *sp, struct slot *slots, uint32_t num,
                  uint32_t *picked, uint32_t *num_picked)
{
    size_t choices = feature_num_choices(s->expr);
    const struct part *part = &c->parts[sp->part_index];
    struct choice ch = { .c = c,
                         .part = part,
                         .shape = s,
                         .slots = slots,
                         .num = num,
                         .picked = picked,
                         .max_nodes = part->conf.max_nodes,
                         .whole = shape_whole_nodes(s, part) };

    *num_picked = 0;
    if (s->required_missing)
        return false;
    for (uint32_t i = 0; i < num; i++) {
        uint32_t id = slots[i].node->id;

        slots[i].chosen = 0;
        slots[i].weight = node_weight(slots[i].node);
        /* in order of node id, beginning behind a node that was asked for: neighbours first */
        slots[i].rank = s->num_required && id < s->required[0] ? id + (1u << 31) : id;
    }
    if (choices == 1) {
        if (!choose(&ch, sp))
            return false;
        *num_picked = ch.num_picked;
        return true;
    }
    for (size_t k = 0; k < choices; k++) {
        CLEANUP_FREE uint32_t *back = xmalloc((num + 1) * sizeof(*back));
        CLEANUP_FREE struct slot *some = xmalloc((num + 1) * sizeof(*some));
        struct choice one = ch;

        one.slots = some;
        one.num = 0;

        for (uint32_t i = 0; i < num; i++)
            if (feature_choice_match(s->expr, k, slots[i].node)) {
                back[one.num] = i;
                some[one.num] = slots[i];
                some[one.num++].chosen = 0;
            }
        if (!choose(&one, sp))
            continue;
        for (uint32_t i = 0; i < one.num_picked; i++) {
            slots[back[picked[i]]] = some[picked[i]];
            picked[i] = back[picked[i]];
        }
        *num_picked = one.num_picked;
        return true;
    }
    return false;
}
