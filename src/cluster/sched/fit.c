/* fit.c - does a shape fit a node, and what does it take there.
 *
 * A core is the unit of allocation; a task takes its CPUs as whole cores' hardware threads.
 */
#include "cluster/sched/sched.h"

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
    if (node->sockets < s->sockets_per_node
        || (s->cores_per_socket
            && node->cores / (node->sockets ? node->sockets : 1) < s->cores_per_socket))
        return 0;
    if (s->min_tmp_mb && s->min_tmp_mb > node_tmp_mb(node))
        return 0;
    tasks = task_limit(s, node, free_cores);
    if (!tasks)
        return 0;
    /* tasks are all or none on a node where their number a node is fixed */
    need = s->ntasks_per_node ? s->ntasks_per_node : 1;
    if (tasks < need)
        return 0;
    if (!conf_of(c)->select_memory && !s->has_mem_per_node && !s->has_mem_per_cpu)
        return tasks;
    if (!conf_of(c)->select_memory)
        free_mem = node->mem_mb;
    if (s->num_tasks && tasks > s->num_tasks && !s->ntasks_per_node)
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
