/* job_alloc.c - what a running job holds: taken when it starts, given back node by node. */
#include "cluster/job/job.h"

#include "cluster/node/node.h"

int alloc_create(struct cluster *c, const Wire__EvJobStarted *m, struct alloc **out,
                 struct error *err)
{
    struct alloc *alloc = xcalloc(1, sizeof(*alloc) + m->n_nodes * sizeof(alloc->nodes[0]));

    alloc->count = (uint32_t)m->n_nodes;
    alloc->limit_min = m->time_limit_min;
    alloc->partition = xstrdup(m->partition ? m->partition : "");
    alloc->reservation = m->reservation && *m->reservation ? xstrdup(m->reservation) : NULL;
    for (size_t i = 0; i < m->n_nodes; i++) {
        const Wire__NodeAlloc *na = m->nodes[i];
        struct node *node = node_at(c, na->node_id);
        struct alloc_node *an = &alloc->nodes[i];

        an->node_id = na->node_id;
        an->cpus = na->cpus;
        an->tasks = na->tasks;
        an->mem_mb = na->mem_mb;
        if (na->gres && *na->gres)
            an->gres = xstrdup(na->gres);
        if (!node
            || !(an->cores = bitmap_parse_any(na->cores ? na->cores : "", 1 << 16, err))) {
            if (!node)
                error_set(err, BRE_DAMAGED, "node %u does not exist", na->node_id);
            alloc_destroy(alloc);
            return error_prefix(err, "job %u", m->job_id);
        }
    }
    *out = alloc;
    return 0;
}

void job_place_clean(struct cluster *c, struct job *job, uint32_t place)
{
    struct alloc_node *an = &job->alloc->nodes[place];

    if (an->flags & ALLOC_CLEAN)
        return;
    node_give_back(node_at(c, an->node_id), job, place, an->cores, an->mem_mb);
    node_gres_give_back(node_at(c, an->node_id), an->gres);
    node_at(c, an->node_id)->num_owners -= an->owner;
    an->owner = false;
    bitmap_destroy(an->cores);
    an->cores = NULL;
    an->flags |= ALLOC_CLEAN;
    cluster_wants_pass(c);
}

/* Nothing is given out twice. */
static int check_gres(struct cluster *c, const struct job *job, const struct alloc *alloc,
                      struct error *err)
{
    for (uint32_t i = 0; i < alloc->count; i++) {
        struct node *node = node_at(c, alloc->nodes[i].node_id);
        const char *taken = alloc->nodes[i].flags & ALLOC_CLEAN
                                ? NULL
                                : node_gres_taken(node, alloc->nodes[i].gres);

        if (taken)
            return error_set(err, BRE_DAMAGED, "job %u: a %s of node %s is given out twice",
                             job->id, taken, node->name);
    }
    return 0;
}

int job_take_alloc(struct cluster *c, struct job *job, struct alloc *alloc, bool shared,
                   struct error *err)
{
    if (check_gres(c, job, alloc, err) < 0) {
        alloc_destroy(alloc);
        return -1;
    }
    for (uint32_t i = 0; i < alloc->count; i++) {
        struct alloc_node *an = &alloc->nodes[i];

        if (an->flags & ALLOC_CLEAN) {
            bitmap_destroy(an->cores);
            an->cores = NULL;
            continue;
        }
        if (shared) {
            node_take_shared(node_at(c, an->node_id), job, i, an->cores, an->mem_mb);
        } else if (node_take(node_at(c, an->node_id), job, i, an->cores, an->mem_mb, err)
                   < 0) {
            while (i-- > 0)
                if (!(alloc->nodes[i].flags & ALLOC_CLEAN))
                    node_give_back(node_at(c, alloc->nodes[i].node_id), job, i,
                                   alloc->nodes[i].cores, alloc->nodes[i].mem_mb);
            alloc_destroy(alloc);
            return error_prefix(err, "job %u", job->id);
        }
    }
    alloc_destroy(job->alloc);
    job->alloc = alloc;
    for (uint32_t i = 0; i < alloc->count; i++)
        if (!(alloc->nodes[i].flags & ALLOC_CLEAN)) {
            struct node *node = node_at(c, alloc->nodes[i].node_id);

            node_gres_take(node, alloc->nodes[i].gres);
            alloc->nodes[i].owner = job->spec->msg->exclusive_user;
            node->num_owners += alloc->nodes[i].owner;
        }
    return 0;
}
