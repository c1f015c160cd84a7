/* fit.c - does a shape fit a node, and which nodes does a job get.
 *
 * A core is the unit of allocation; a task takes its CPUs as whole cores' hardware threads.  All
 * choices are deterministic: by weight, then the fullest node that still fits, then by node id.
 */
#include "cluster/sched/sched.h"

#include "cluster/step/step.h"

#include <string.h>

bool shape_whole_nodes(const struct shape *s, const struct part *part)
{
    return s->exclusive || part->conf.share == PART_SHARE_EXCLUSIVE;
}

uint32_t shape_threads(const struct shape *s, const struct node *node)
{
    if (!s->threads_per_core)
        return node->tpc;
    return s->threads_per_core <= node->tpc ? s->threads_per_core : 0;
}

uint64_t shape_mem(const struct cluster *c, const struct shape *s, const struct part *part,
                   const struct node *node, uint32_t cores)
{
    const struct cluster_conf *conf = conf_of(c);
    uint64_t per_cpu = 0, per_node = 0;

    if (s->has_mem_per_node)
        return s->mem_per_node_mb ? s->mem_per_node_mb : node->mem_mb;
    if (s->has_mem_per_cpu)
        per_cpu = s->mem_per_cpu_mb;
    else if (part->conf.def_mem_per_cpu_mb)
        per_cpu = part->conf.def_mem_per_cpu_mb;
    else if (part->conf.def_mem_per_node_mb)
        per_node = part->conf.def_mem_per_node_mb;
    else if (conf->def_mem_per_cpu_mb)
        per_cpu = conf->def_mem_per_cpu_mb;
    else
        per_node = conf->def_mem_per_node_mb;
    if (per_cpu)
        return per_cpu * cores * shape_threads(s, node);
    return per_node; /* 0: not counted, not limited */
}

uint32_t shape_cores(const struct shape *s, const struct part *part,
                     const struct node *node, uint32_t tasks)
{
    uint64_t cpus, cores;
    uint32_t tpc = shape_threads(s, node);

    if (shape_whole_nodes(s, part) || !tpc)
        return node->cores;
    cpus = s->overcommit ? s->cpus_per_task : (uint64_t)tasks * s->cpus_per_task;
    if (s->overcommit && cpus > (uint64_t)node->cores * tpc)
        cpus = (uint64_t)node->cores * tpc;
    if (cpus < s->min_cpus)
        cpus = s->min_cpus;
    cores = (cpus + tpc - 1) / tpc;
    if (s->ntasks_per_core && tasks > cores * s->ntasks_per_core)
        cores = (tasks + s->ntasks_per_core - 1) / s->ntasks_per_core;
    return cores > node->cores + 1u ? node->cores + 1u : (uint32_t)(cores ? cores : 1);
}

static uint32_t task_limit(const struct shape *s, const struct node *node, uint32_t cores)
{
    uint64_t max = (uint64_t)cores * shape_threads(s, node) / s->cpus_per_task;

    if (s->overcommit)
        max = UINT32_MAX;
    if (s->ntasks_per_node && max > s->ntasks_per_node)
        max = s->ntasks_per_node;
    if (s->ntasks_per_core && max > (uint64_t)s->ntasks_per_core * cores)
        max = (uint64_t)s->ntasks_per_core * cores;
    if (s->ntasks_per_socket && max > (uint64_t)s->ntasks_per_socket * node->sockets)
        max = (uint64_t)s->ntasks_per_socket * node->sockets;
    return max > UINT32_MAX ? UINT32_MAX : (uint32_t)max;
}

uint32_t shape_fit(const struct cluster *c, const struct shape *s, const struct part *part,
                   const struct node *node, uint32_t free_cores, uint64_t free_mem,
                   bool idle)
{
    uint32_t tasks, need;
    uint64_t limit = part->conf.max_mem_per_node_mb;

    if (!node->cores || free_cores == 0 || !shape_threads(s, node))
        return 0;
    if (shape_whole_nodes(s, part) && (!idle || free_cores < node->cores))
        return 0;
    if ((uint64_t)free_cores * shape_threads(s, node) < s->min_cpus)
        return 0;
    if (s->min_tmp_mb && node->facts && node->facts->tmp_mb < s->min_tmp_mb)
        return 0;
    tasks = task_limit(s, node, free_cores);
    if (!tasks)
        return 0;
    /* tasks are all or none on a node where their number a node is fixed */
    need = s->ntasks_per_node && !s->num_tasks ? s->ntasks_per_node : 1;
    if (tasks < need)
        return 0;
    if (!conf_of(c)->select_memory && !s->has_mem_per_node && !s->has_mem_per_cpu)
        return tasks;
    if (!conf_of(c)->select_memory)
        free_mem = node->mem_mb;
    if (s->num_tasks && tasks > s->num_tasks)
        tasks = s->num_tasks;
    for (; tasks >= need; tasks--) {
        uint64_t mem = shape_mem(c, s, part, node, shape_cores(s, part, node, tasks));

        if (mem <= free_mem && (!limit || mem <= limit))
            return tasks;
        if (s->has_mem_per_node)
            return 0; /* fewer tasks do not take less */
    }
    return 0;
}

static bool slot_before(const struct slot *a, const struct slot *b, bool largest)
{
    uint32_t wa = a->node->conf ? a->node->conf->weight : 1;
    uint32_t wb = b->node->conf ? b->node->conf->weight : 1;

    if (largest && a->tasks != b->tasks)
        return a->tasks > b->tasks;
    if (wa != wb)
        return wa < wb;
    if (a->cores != b->cores)
        return a->cores < b->cores;
    return a->node->id < b->node->id;
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
    const struct shape *shape;
    struct slot *slots;
    uint32_t num;
    uint32_t *picked, num_picked;
    uint64_t room; /* tasks that the picked nodes can run */
    uint32_t max_nodes; /* of the partition */
};

static void pick(struct choice *ch, uint32_t i)
{
    ch->slots[i].chosen = 1;
    ch->picked[ch->num_picked++] = i;
    ch->room += ch->slots[i].tasks;
}

static void unpick_all(struct choice *ch)
{
    for (uint32_t i = 0; i < ch->num_picked; i++)
        ch->slots[ch->picked[i]].chosen = 0;
    ch->num_picked = 0;
    ch->room = 0;
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

    if (ch->num_picked >= least && ch->room >= tasks)
        return true;
    if (least - ch->num_picked <= 4
        && ch->num_picked < least) { /* the usual: a few nodes */
        while (ch->num_picked < least) {
            uint32_t i = best_slot(ch->slots, ch->num, 1, NULL, largest);

            if (i == ch->num)
                return false;
            pick(ch, i);
        }
        if (ch->room >= tasks)
            return true;
        if (most == least)
            return false;
    }
    order = xmalloc((ch->num + 1) * sizeof(*order));
    for (uint32_t i = 0; i < ch->num; i++)
        if (!ch->slots[i].chosen)
            order[open++] = &ch->slots[i];
    qsort(order, open, sizeof(*order), largest ? by_largest : by_best);
    for (uint32_t i = 0; i < open && (ch->num_picked < least || ch->room < tasks); i++) {
        if (ch->num_picked == most)
            return false;
        pick(ch, (uint32_t)(order[i] - ch->slots));
    }
    return ch->num_picked >= least && ch->room >= tasks;
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

static bool deal_tasks(struct choice *ch)
{
    const struct shape *s = ch->shape;
    uint32_t n = ch->num_picked;
    CLEANUP_FREE uint32_t *room = xmalloc((n + 1) * sizeof(*room));
    CLEANUP_FREE uint32_t *counts = xmalloc((n + 1) * sizeof(*counts));
    uint64_t tasks = s->num_tasks
                         ? s->num_tasks
                         : (uint64_t)n * (s->ntasks_per_node ? s->ntasks_per_node : 1);

    /* allocation order is node order */
    qsort(ch->picked, n, sizeof(*ch->picked), by_node);
    for (uint32_t i = 0; i < n; i++)
        room[i] = ch->slots[ch->picked[i]].tasks;
    if (tasks > UINT32_MAX || layout_spread((uint32_t)tasks, room, n, counts))
        return false;
    for (uint32_t i = 0; i < n; i++) {
        if (!counts[i])
            return false;
        ch->slots[ch->picked[i]].chosen = counts[i];
    }
    return true;
}

static bool choose(struct choice *ch, const struct shape_part *sp)
{
    const struct shape *s = ch->shape;
    uint32_t least = shape_least_nodes(s), most = shape_most_nodes(s);
    uint64_t tasks = s->num_tasks;

    if (s->num_tasks && s->num_tasks < most) /* no node without a task */
        most = s->num_tasks < s->num_required ? s->num_required : s->num_tasks;
    if (ch->max_nodes && most > ch->max_nodes)
        most = ch->max_nodes;
    if (least > most)
        least = most;
    if (ch->num < least)
        return false;
    if (s->contiguous)
        return pick_contiguous(ch, least, most, tasks) && deal_tasks(ch);
    /* one node that holds everything is best */
    if (least == 1 && tasks && !s->num_required && !feature_num_counts(s->expr)) {
        uint32_t i = best_slot(ch->slots, ch->num, s->num_tasks, NULL, false);

        if (i < ch->num) {
            pick(ch, i);
            return deal_tasks(ch);
        }
    }
    if (most > least || !tasks) {
        /* as few nodes as can be: the roomiest first */
        if (!pick_required(ch, sp))
            return false;
        if (!pick_in_order(ch, least, most, tasks, tasks > least))
            return false;
        if (!tasks && s->max_nodes) /* -N 3-5: as many as there are */
            pick_more(ch, most);
        return deal_tasks(ch);
    }
    if (pick_required(ch, sp) && pick_in_order(ch, least, most, tasks, false))
        return deal_tasks(ch);
    unpick_all(ch);
    return pick_required(ch, sp) && pick_in_order(ch, least, most, tasks, true)
           && deal_tasks(ch);
}

bool shape_choose(const struct cluster *c, const struct shape *s,
                  const struct shape_part *sp, struct slot *slots, uint32_t num,
                  uint32_t *picked, uint32_t *num_picked)
{
    size_t choices = feature_num_choices(s->expr);
    struct choice ch = { .shape = s, .slots = slots, .num = num, .picked = picked };

    ch.max_nodes = c->parts[sp->part_index].conf.max_nodes;
    *num_picked = 0;
    if (s->required_missing)
        return false;
    for (uint32_t i = 0; i < num; i++)
        slots[i].chosen = 0;
    if (choices == 1) {
        if (!choose(&ch, sp))
            return false;
        *num_picked = ch.num_picked;
        return true;
    }
    for (size_t k = 0; k < choices; k++) {
        CLEANUP_FREE uint32_t *back = xmalloc((num + 1) * sizeof(*back));
        CLEANUP_FREE struct slot *some = xmalloc((num + 1) * sizeof(*some));
        struct choice one = { .shape = s,
                              .slots = some,
                              .picked = picked,
                              .max_nodes = ch.max_nodes };

        for (uint32_t i = 0; i < num; i++)
            if (feature_choice_match(s->expr, k, slots[i].node)) {
                back[one.num] = i;
                some[one.num] = slots[i];
                some[one.num++].chosen = 0;
            }
        if (!choose(&one, sp))
            continue;
        for (uint32_t i = 0; i < one.num_picked; i++) {
            slots[back[picked[i]]].chosen = some[picked[i]].chosen;
            picked[i] = back[picked[i]];
        }
        *num_picked = one.num_picked;
        return true;
    }
    return false;
}
