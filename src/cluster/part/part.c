/* part.c - partitions and their members. */
#include "cluster/part/part.h"

#include "cluster/event/event.h"
#include "cluster/node/node.h"

#include <string.h>
#include <strings.h>

const char *part_state_name(enum part_state state)
{
    static const char *const names[] = { "UP", "DOWN", "DRAIN", "INACTIVE" };

    return names[state];
}

struct part *part_find(const struct cluster *c, const char *name)
{
    for (size_t i = 0; i < c->num_parts; i++)
        if (strcmp(c->parts[i].conf.name, name) == 0)
            return &c->parts[i];
    return NULL;
}

struct part *part_default(const struct cluster *c)
{
    for (size_t i = 0; i < c->num_parts; i++)
        if (c->parts[i].conf.is_default)
            return &c->parts[i];
    return c->num_parts ? &c->parts[0] : NULL;
}

/* A comma outside brackets ends a member. */
static size_t member_len(const char *text)
{
    size_t len = 0;
    int depth = 0;

    for (; text[len] && (text[len] != ',' || depth); len++)
        depth += (text[len] == '[') - (text[len] == ']');
    return len;
}

int part_nodes_parse(const struct cluster *c, const char *text, struct bitmap *nodes,
                     struct error *err)
{
    while (text && *text) {
        size_t len = member_len(text);
        CLEANUP_FREE char *member = xstrndup(text, len);

        if (strncmp(member, "class:", 6) == 0 || strncmp(member, "feature:", 8) == 0) {
            const char *feature = strchr(member, ':') + 1;

            for (size_t i = 0; nodes && i < c->num_nodes; i++)
                if (c->nodes[i] && c->nodes[i]->conf
                    && node_has_feature(c->nodes[i], feature))
                    bitmap_set(nodes, i);
        } else if (strcasecmp(member, "all") == 0) {
            for (size_t i = 0; nodes && i < c->num_nodes; i++)
                if (c->nodes[i] && c->nodes[i]->conf)
                    bitmap_set(nodes, i);
        } else {
            CLEANUP_HOSTLIST struct hostlist *names = hostlist_parse(member, 0, err);

            if (!names)
                return error_prefix(err, "nodes \"%s\"", text);
            hostlist_for_each(names, i, name)
            {
                const struct node *node = node_find(c, name);

                if (!strmap_find(&c->conf->node_names, name))
                    return error_set(err, BRE_NODE_NAME,
                                     "node %s is not in the configuration", name);
                if (node && nodes)
                    bitmap_set(nodes, node->id);
            }
        }
        text += len + (text[len] == ',');
    }
    return 0;
}

static void part_free(struct part *part)
{
    bitmap_destroy(part->nodes);
    free(part->node_list);
}

static void part_fill(struct cluster *c, struct part *part)
{
    part->nodes = bitmap_create(c->num_nodes ? c->num_nodes : 1);
    part_nodes_parse(c, part->conf.nodes, part->nodes, NULL);
    part->num_nodes = (uint32_t)bitmap_count(part->nodes);
}

void parts_rebuild(struct cluster *c)
{
    for (size_t i = 0; i < c->num_parts; i++)
        part_free(&c->parts[i]);
    free(c->parts);
    c->num_parts = conf_of(c)->num_parts;
    c->parts = xcalloc(c->num_parts + list_count(&c->part_updates) + 1, sizeof(*c->parts));
    for (size_t i = 0; i < c->num_parts; i++)
        c->parts[i].conf = conf_of(c)->parts[i];
    list_for_each(link, &c->part_updates)
        part_update_play(c, container_of(link, struct part_update, link)->msg);
    for (size_t i = 0; i < c->num_parts; i++)
        c->parts[i].index = i;
    for (size_t i = 0; i < c->num_parts; i++)
        part_fill(c, &c->parts[i]);
    for (size_t i = 0; i < c->num_nodes; i++)
        if (c->nodes[i]) {
            free(c->nodes[i]->partitions_text);
            c->nodes[i]->partitions_text = NULL;
        }
}

void parts_refresh(struct cluster *c)
{
    if (c->parts_gen == c->node_gen)
        return;
    parts_rebuild(c);
    c->parts_gen = c->node_gen;
}

void part_updates_clear(struct cluster *c)
{
    struct list_node *link;

    while ((link = list_pop(&c->part_updates))) {
        struct part_update *u = container_of(link, struct part_update, link);

        free(u->msg);
        free(u);
    }
}

void parts_fini(struct cluster *c)
{
    for (size_t i = 0; i < c->num_parts; i++)
        part_free(&c->parts[i]);
    free(c->parts);
    c->parts = NULL;
    c->num_parts = 0;
    part_updates_clear(c);
}

static void fill_view(struct cluster *c, struct part *part, struct part_view *v)
{
    memset(v, 0, sizeof(*v));
    v->name = part->conf.name;
    v->conf = part->conf;
    v->nodes = part->nodes;
    v->num_nodes = part->num_nodes;
    bitmap_for_each(part->nodes, i)
    {
        const struct node *node = c->nodes[i];

        v->total_cpus += node->cores * node->tpc;
        v->total_mem_mb += node->mem_mb;
    }
    if (!part->node_list) {
        CLEANUP_HOSTLIST struct hostlist *names = hostlist_create();

        bitmap_for_each(part->nodes, i) hostlist_push(names, c->nodes[i]->name);
        part->node_list = hostlist_format(names);
    }
    v->node_list = part->node_list;
}

size_t cluster_part_count(const struct cluster *c)
{
    return c->num_parts;
}

bool cluster_part_view(struct cluster *c, size_t i, struct part_view *view)
{
    parts_refresh(c);
    if (i >= c->num_parts)
        return false;
    fill_view(c, &c->parts[i], view);
    return true;
}

bool cluster_part_find(struct cluster *c, const char *name, struct part_view *view)
{
    struct part *part;

    parts_refresh(c);
    part = part_find(c, name);
    if (part)
        fill_view(c, part, view);
    return part != NULL;
}
