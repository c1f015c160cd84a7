/* gres.c - generic resources that a shape asks for: for each node, socket or task, or in all. */
#include "cluster/sched/sched.h"

#include <string.h>

static struct gres_need *need_of(struct shape *s, const struct gres_item *item, struct error *err)
{
    for (uint32_t i = 0; i < s->num_gres; i++)
        if (strcmp(s->gres[i].name, item->name) == 0 && strcmp(s->gres[i].type, item->type) == 0)
            return &s->gres[i];
    if (s->num_gres == SHAPE_GRES_MAX) {
        error_set(err, BRE_GRES, "Invalid generic resource (gres) specification: more than %d kinds",
                  SHAPE_GRES_MAX);
        return NULL;
    }
    if (!s->gres)
        s->gres = xcalloc(SHAPE_GRES_MAX, sizeof(*s->gres));
    memcpy(s->gres[s->num_gres].name, item->name, sizeof(item->name));
    memcpy(s->gres[s->num_gres].type, item->type, sizeof(item->type));
    s->gres[s->num_gres].total = -1;
    return &s->gres[s->num_gres++];
}

/* What is said by task, or by node and in all, says how much it is in all: leave that out. */
static int settle_totals(struct shape *s, struct error *err)
{
    for (uint32_t i = 0; i < s->num_gres; i++) {
        struct gres_need *n = &s->gres[i];

        if (!n->per_job)
            continue;
        if (n->per_task && s->num_tasks) {
            if ((uint64_t)n->per_task * s->num_tasks != n->per_job)
                return error_set(err, BRE_GRES,
                                 "Invalid generic resource (gres) specification: %u tasks with %u "
                                 "%s each are not %u in all",
                                 s->num_tasks, n->per_task, n->name, n->per_job);
            n->per_job = 0;
            continue;
        }
        if (n->per_node) {
            if (n->per_job % n->per_node)
                return error_set(err, BRE_GRES,
                                 "Invalid generic resource (gres) specification: %u %s cannot be had "
                                 "with %u on each node",
                                 n->per_job, n->name, n->per_node);
            if (s->min_nodes < n->per_job / n->per_node)
                s->min_nodes = s->max_nodes = n->per_job / n->per_node;
            n->per_job = 0;
            continue;
        }
        if (s->num_totals == SHAPE_TOTALS_MAX)
            return error_set(err, BRE_GRES,
                             "Invalid generic resource (gres) specification: more than %d kinds for "
                             "the whole job",
                             SHAPE_TOTALS_MAX);
        n->total = (int)s->num_totals++;
    }
    return 0;
}

int gres_read(struct shape *s, const Wire__JobSpec *spec, struct error *err)
{
    const struct {
        const char *text;
        size_t field;
    } lists[] = {
        { spec->gres, offsetof(struct gres_need, per_node) },
        { spec->tres_per_node, offsetof(struct gres_need, per_node) },
        { spec->tres_per_socket, offsetof(struct gres_need, per_socket) },
        { spec->tres_per_task, offsetof(struct gres_need, per_task) },
        { spec->tres_per_job, offsetof(struct gres_need, per_job) },
    };

    for (size_t k = 0; k < ARRAY_SIZE(lists); k++) {
        struct gres_list list;

        if (gres_list_parse(&list, lists[k].text, err) < 0) {
            error_prefix(err, "Invalid generic resource (gres) specification");
            if (err)
                err->code = BRE_GRES;
            return -1;
        }
        for (uint32_t i = 0; i < list.num; i++) {
            struct gres_need *n;

            if (!list.items[i].count)
                continue;
            if (!(n = need_of(s, &list.items[i], err)))
                return -1;
            *(uint32_t *)(void *)((char *)n + lists[k].field) += list.items[i].count;
        }
        gres_list_fini(&list);
    }
    s->cpus_per_gpu = spec->cpus_per_gpu;
    s->mem_per_gpu_mb = spec->mem_per_gpu_mb;
    return settle_totals(s, err);
}

static bool is_kind(const struct gres_need *n, const struct node_gres *g)
{
    return strcmp(n->name, g->name) == 0 && (!*n->type || strcmp(n->type, g->type) == 0);
}

const char *gres_unknown(const struct cluster *c, const struct shape *s)
{
    for (uint32_t i = 0; i < s->num_gres; i++) {
        bool known = false;

        for (size_t n = 0; n < c->num_nodes && !known; n++)
            for (uint32_t k = 0; c->nodes[n] && k < c->nodes[n]->num_gres && !known; k++)
                known = strcmp(c->nodes[n]->gres[k].name, s->gres[i].name) == 0;
        if (!known)
            return s->gres[i].name;
    }
    return NULL;
}

bool gres_take(const struct shape *s, const struct node *node, const uint16_t *spare,
               uint32_t tasks, const uint16_t *share, uint16_t *take)
{
    memset(take, 0, NODE_GRES_MAX * sizeof(*take));
    for (int typed = 1; typed >= 0; typed--)
        for (uint32_t i = 0; i < s->num_gres; i++) {
            const struct gres_need *n = &s->gres[i];
            uint64_t want = n->per_node + (uint64_t)n->per_socket * node->sockets
                            + (uint64_t)n->per_task * tasks;

            if ((*n->type != '\0') != typed)
                continue;
            if (n->total >= 0)
                want += share[n->total];
            for (uint32_t k = 0; k < node->num_gres && want; k++) {
                uint32_t left = spare[k] > take[k] ? spare[k] - take[k] : 0;
                uint32_t give = want < left ? (uint32_t)want : left;

                if (!is_kind(n, &node->gres[k]))
                    continue;
                take[k] = (uint16_t)(take[k] + give);
                want -= give;
            }
            if (want)
                return false;
        }
    return true;
}

uint32_t gres_gpus(const struct node *node, const uint16_t *take)
{
    uint32_t count = 0;

    for (uint32_t k = 0; k < node->num_gres; k++)
        if (strcmp(node->gres[k].name, "gpu") == 0)
            count += take[k];
    return count;
}

static const struct gres_need *total_need(const struct shape *s, uint32_t total)
{
    uint32_t i = 0;

    while (s->gres[i].total != (int)total)
        i++;
    return &s->gres[i];
}

uint32_t gres_per_job(const struct shape *s, uint32_t total)
{
    return total_need(s, total)->per_job;
}

uint32_t gres_cap(const struct shape *s, uint32_t total, const struct slot *slot)
{
    const struct gres_need *n = total_need(s, total);
    uint64_t cap = 0, most;

    for (uint32_t k = 0; k < slot->node->num_gres; k++)
        if (is_kind(n, &slot->node->gres[k]))
            cap += slot->spare.gres[k];
    if (s->cpus_per_gpu && strcmp(n->name, "gpu") == 0) {
        most = (uint64_t)slot->spare.cores * shape_threads(s, slot->node) / s->cpus_per_gpu;
        cap = most < cap ? most : cap;
    }
    if (s->mem_per_gpu_mb && strcmp(n->name, "gpu") == 0) {
        most = slot->spare.mem_mb / s->mem_per_gpu_mb;
        cap = most < cap ? most : cap;
    }
    return (uint32_t)(cap < UINT16_MAX ? cap : UINT16_MAX);
}
