/* node_gres.c - generic resources of a node: what is configured, what jobs have.
 *
 * Jobs keep units by name and number.  A number that a new configuration does not know any more is
 * passed over: what runs goes on.
 */
#include "cluster/node/node.h"

#include "cluster/job/job.h"

#include <string.h>

void node_gres_fini(struct node *node)
{
    for (uint32_t i = 0; i < node->num_gres; i++)
        bitmap_destroy(node->gres[i].used);
    free(node->gres);
    node->gres = NULL;
    node->num_gres = 0;
}

static struct node_gres *kind_of(struct node *node, const char *name, uint32_t unit)
{
    for (uint32_t i = 0; i < node->num_gres; i++) {
        struct node_gres *g = &node->gres[i];

        if (strcmp(g->name, name) == 0 && unit >= g->first && unit < g->first + g->count)
            return g;
    }
    return NULL;
}

enum mark { MARK_TAKE, MARK_GIVE_BACK, MARK_LOOK };

/* A kind of which a unit was taken before, or NULL. */
static const char *mark(struct node *node, const char *text, enum mark how)
{
    struct gres_list gres;
    const char *taken = NULL;

    if (!text || !node->num_gres || gres_list_parse(&gres, text, NULL) < 0)
        return NULL;
    for (uint32_t i = 0; i < gres.num; i++)
        if (gres.items[i].units)
            bitmap_for_each(gres.items[i].units, u)
            {
                struct node_gres *g = kind_of(node, gres.items[i].name, (uint32_t)u);
                size_t unit = g ? (size_t)u - g->first : 0;

                if (!g)
                    continue;
                if (bitmap_test(g->used, unit))
                    taken = g->name;
                if (how == MARK_TAKE)
                    bitmap_set(g->used, unit);
                else if (how == MARK_GIVE_BACK)
                    bitmap_unset(g->used, unit);
            }
    gres_list_fini(&gres);
    return taken;
}

const char *node_gres_taken(struct node *node, const char *gres)
{
    return mark(node, gres, MARK_LOOK);
}

void node_gres_take(struct node *node, const char *gres)
{
    mark(node, gres, MARK_TAKE);
}

void node_gres_give_back(struct node *node, const char *gres)
{
    mark(node, gres, MARK_GIVE_BACK);
}

void node_gres_refresh(struct node *node)
{
    struct gres_list list;

    node_gres_fini(node);
    if (!node->conf || !node->conf->gres || gres_list_parse(&list, node->conf->gres, NULL) < 0)
        return;
    node->gres = xcalloc(list.num ? list.num : 1, sizeof(*node->gres));
    for (uint32_t i = 0; i < list.num && node->num_gres < NODE_GRES_MAX; i++) {
        struct node_gres *g = &node->gres[node->num_gres++];

        memcpy(g->name, list.items[i].name, sizeof(g->name));
        memcpy(g->type, list.items[i].type, sizeof(g->type));
        g->count = list.items[i].count;
        for (uint32_t k = 0; k + 1 < node->num_gres; k++)
            if (strcmp(node->gres[k].name, g->name) == 0)
                g->first += node->gres[k].count;
        g->used = bitmap_create(g->count ? g->count : 1);
    }
    gres_list_fini(&list);
    for (uint32_t i = 0; i < node->num_jobs; i++) {
        const struct alloc_node *an =
            &node->jobs[i].job->alloc->nodes[node->jobs[i].place];

        if (!(an->flags & ALLOC_CLEAN))
            node_gres_take(node, an->gres);
    }
}

void node_gres_counts(struct node *node, const char *text, uint16_t counts[NODE_GRES_MAX])
{
    struct gres_list gres;

    memset(counts, 0, NODE_GRES_MAX * sizeof(counts[0]));
    if (!text || !node->num_gres || gres_list_parse(&gres, text, NULL) < 0)
        return;
    for (uint32_t i = 0; i < gres.num; i++)
        if (gres.items[i].units)
            bitmap_for_each(gres.items[i].units, u)
            {
                const struct node_gres *g = kind_of(node, gres.items[i].name, (uint32_t)u);

                if (g)
                    counts[g - node->gres]++;
            }
    gres_list_fini(&gres);
}

/* "gpu:hailo:2,camera:1"; used: with the units in use, "gpu:hailo:1(IDX:0)". */
char *node_gres_format(const struct node *node, bool used)
{
    struct strbuf sb = STRBUF_INIT;

    for (uint32_t i = 0; i < node->num_gres; i++) {
        const struct node_gres *g = &node->gres[i];

        strbuf_addf(&sb, "%s%s%s%s:%zu", i ? "," : "", g->name, *g->type ? ":" : "", g->type,
                    used ? bitmap_count(g->used) : g->count);
        if (used) {
            struct bitmap *units = bitmap_create(g->first + g->count + 1);
            CLEANUP_FREE char *text = NULL;

            bitmap_for_each(g->used, u) bitmap_set(units, g->first + (size_t)u);
            text = bitmap_format(units);
            strbuf_addf(&sb, "(IDX:%s)", *text ? text : "N/A");
            bitmap_destroy(units);
        }
    }
    return strbuf_take(&sb);
}

const char *cluster_node_gres(struct cluster *c, uint32_t node_id, bool used, struct arena *a)
{
    const struct node *node = node_at(c, node_id);
    CLEANUP_FREE char *text = NULL;

    if (!node || !node->num_gres)
        return NULL;
    text = node_gres_format(node, used);
    return arena_strdup(a, text);
}
