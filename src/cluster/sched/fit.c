/* fit.c - does a shape fit a node, and what does it take there.
 *
 * A core is the unit of allocation; a task takes its CPUs as whole cores' hardware threads.
 */
#include "cluster/sched/sched.h"

#include <string.h>

#define FIT_TASKS_MAX 65536 /* of one job on one node */

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

/* What the shape asks for by CPU or else by node; where it asks for nothing, the default. */
static void mem_rule(const struct cluster *c, const struct shape *s, const struct part *part,
                     uint64_t *per_cpu, uint64_t *per_node)
{
    const struct cluster_conf *conf = conf_of(c);

    *per_cpu = *per_node = 0;
    if (s->has_mem_per_cpu)
        *per_cpu = s->mem_per_cpu_mb;
    else if (part && part->conf.def_mem_per_cpu_mb)
        *per_cpu = part->conf.def_mem_per_cpu_mb;
    else if (part && part->conf.def_mem_per_node_mb)
        *per_node = part->conf.def_mem_per_node_mb;
    else if (conf->def_mem_per_cpu_mb)
        *per_cpu = conf->def_mem_per_cpu_mb;
    else
        *per_node = conf->def_mem_per_node_mb;
}

uint64_t shape_least_mem(const struct cluster *c, const struct shape *s)
{
    const struct part *part = s->num_parts ? &c->parts[s->parts[0].part_index] : NULL;
    uint64_t per_cpu, per_node;

    if (!conf_of(c)->select_memory || s->mem_per_gpu_mb)
        return 0;
    if (s->has_mem_per_node)
        return s->mem_per_node_mb * shape_least_nodes(s);
    mem_rule(c, s, part, &per_cpu, &per_node);
    return per_cpu ? per_cpu * shape_least_cpus(s) : per_node * shape_least_nodes(s);
}

static uint64_t mem_of(const struct cluster *c, const struct shape *s, const struct part *part,
                       const struct node *node, uint32_t cores, uint32_t gpus)
{
    uint64_t per_cpu, per_node;

    if (s->has_mem_per_node)
        return s->mem_per_node_mb ? s->mem_per_node_mb : node->mem_mb;
    if (s->mem_per_gpu_mb)
        return s->mem_per_gpu_mb * gpus;
    mem_rule(c, s, part, &per_cpu, &per_node);
    if (per_cpu)
        return per_cpu * cores * shape_threads(s, node);
    return per_node; /* 0: not counted, not limited */
}

/* node->cores + 1: more than the node has. */
static uint32_t cores_of(const struct shape *s, const struct part *part,
                         const struct node *node, uint32_t tasks, uint32_t gpus)
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
    if (cpus < (uint64_t)gpus * s->cpus_per_gpu)
        cpus = (uint64_t)gpus * s->cpus_per_gpu;
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

void slot_empty(struct slot *slot, struct node *node)
{
    *slot = (struct slot){ .node = node, .idle = true };
    slot->spare.cores = node->cores;
    slot->spare.mem_mb = node->mem_mb;
    for (uint32_t k = 0; k < node->num_gres; k++)
        slot->spare.gres[k] = (uint16_t)node->gres[k].count;
}

void node_spare(const struct node *node, struct amount *spare)
{
    spare->cores = node->num_used < node->cores ? node->cores - node->num_used : 0;
    spare->mem_mb = node->alloc_mem_mb < node->mem_mb ? node->mem_mb - node->alloc_mem_mb : 0;
    memset(spare->gres, 0, sizeof(spare->gres));
    for (uint32_t k = 0; k < node->num_gres; k++)
        spare->gres[k] = (uint16_t)(node->gres[k].count - bitmap_count(node->gres[k].used));
}

static bool take_of(const struct cluster *c, const struct shape *s, const struct part *part,
                    const struct node *node, const struct amount *spare, uint32_t tasks,
                    const uint16_t *share, struct amount *take)
{
    uint64_t limit = part->conf.max_mem_per_node_mb, room = spare->mem_mb;
    uint32_t gpus = 0;

    memset(take->gres, 0, sizeof(take->gres));
    if (s->num_gres && !gres_take(s, node, spare->gres, tasks, share, take->gres))
        return false;
    if (s->num_gres)
        gpus = gres_gpus(node, take->gres);
    take->cores = cores_of(s, part, node, tasks, gpus);
    if (take->cores > spare->cores)
        return false;
    take->mem_mb = mem_of(c, s, part, node, take->cores, gpus);
    if (!conf_of(c)->select_memory) /* not counted, but no node has more than it has */
        room = s->has_mem_per_node || s->has_mem_per_cpu ? node->mem_mb : UINT64_MAX;
    if (take->mem_mb > room || (limit && take->mem_mb > limit))
        return false;
    if (!conf_of(c)->select_memory)
        take->mem_mb = 0;
    if (shape_whole_nodes(s, part)) /* all that the node has */
        for (uint32_t k = 0; k < node->num_gres; k++)
            take->gres[k] = spare->gres[k];
    return true;
}

bool shape_take(const struct cluster *c, const struct shape *s, const struct part *part,
                const struct slot *slot, struct amount *take)
{
    return take_of(c, s, part, slot->node, &slot->spare, slot->chosen, slot->share, take);
}

uint32_t shape_fit(const struct cluster *c, const struct shape *s, const struct part *part,
                   const struct node *node, const struct amount *spare, bool idle)
{
    static const uint16_t one_each[SHAPE_TOTALS_MAX] = { 1, 1 };
    uint32_t tasks, need;
    struct amount take;

    if (!node->cores || spare->cores == 0 || !shape_threads(s, node))
        return 0;
    if (shape_whole_nodes(s, part) && (!idle || spare->cores < node->cores))
        return 0;
    if ((uint64_t)spare->cores * shape_threads(s, node) < s->min_cpus)
        return 0;
    if (node->sockets < s->sockets_per_node
        || (s->cores_per_socket
            && node->cores / (node->sockets ? node->sockets : 1) < s->cores_per_socket))
        return 0;
    if (s->min_tmp_mb && s->min_tmp_mb > node_tmp_mb(node))
        return 0;
    tasks = task_limit(s, node, spare->cores);
    /* tasks are all or none on a node where their number a node is fixed */
    need = s->ntasks_per_node ? s->ntasks_per_node : 1;
    if (tasks < need)
        return 0;
    if (!s->num_gres && !conf_of(c)->select_memory && !s->has_mem_per_node
        && !s->has_mem_per_cpu)
        return tasks;
    if (s->num_tasks && tasks > s->num_tasks && !s->ntasks_per_node)
        tasks = s->num_tasks;
    if (tasks > FIT_TASKS_MAX)
        tasks = FIT_TASKS_MAX;
    for (; tasks >= need; tasks--) {
        if (take_of(c, s, part, node, spare, tasks, one_each, &take))
            return tasks;
        if (s->has_mem_per_node && !s->num_gres)
            return 0; /* fewer tasks do not take less */
    }
    return 0;
}
