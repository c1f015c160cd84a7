/* part.c - partitions and their members. */
#include "cluster/part/part.h"

#include "cluster/event/event.h"
#include "cluster/node/node.h"
#include "util/num.h"
#include "util/timefmt.h"

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

static int set_limit(const char *val, uint32_t none, uint32_t *limit, const char *key,
                     struct error *err)
{
    if (strcasecmp(val, "unlimited") == 0 || strcasecmp(val, "infinite") == 0
        || strcmp(val, "-1") == 0) {
        *limit = none;
        return 0;
    }
    return num_parse_u32(val, 0, UINT32_MAX - 1, limit, key, err);
}

static int set_bool(const char *val, bool *flag, const char *key, struct error *err)
{
    if (strcasecmp(val, "yes") == 0 || strcasecmp(val, "no") == 0) {
        *flag = strcasecmp(val, "yes") == 0;
        return 0;
    }
    return error_set(err, BRE_UPDATE, "%s=%s: say YES or NO", key, val);
}

int part_conf_set(struct part_conf *conf, const char *key, const char *val,
                  struct error *err)
{
    if (strcasecmp(key, "state") == 0) {
        for (int i = PART_UP; i <= PART_INACTIVE; i++)
            if (strcasecmp(val, part_state_name((enum part_state)i)) == 0) {
                conf->state = (enum part_state)i;
                return 0;
            }
        return error_set(err, BRE_UPDATE,
                         "partition state \"%s\": use UP, DOWN, DRAIN or INACTIVE", val);
    }
    if (strcasecmp(key, "maxtime") == 0)
        return time_limit_parse(val, &conf->max_time_min, "MaxTime", err);
    if (strcasecmp(key, "defaulttime") == 0) {
        if (strcasecmp(val, "none") == 0) {
            conf->default_time_min = 0;
            return 0;
        }
        return time_limit_parse(val, &conf->default_time_min, "DefaultTime", err);
    }
    if (strcasecmp(key, "maxnodes") == 0)
        return set_limit(val, UINT32_MAX, &conf->max_nodes, "MaxNodes", err);
    if (strcasecmp(key, "minnodes") == 0)
        return set_limit(val, 0, &conf->min_nodes, "MinNodes", err);
    if (strcasecmp(key, "prioritytier") == 0)
        return num_parse_u32(val, 0, 65535, &conf->priority_tier, "PriorityTier", err);
    if (strcasecmp(key, "maxmempernode") == 0)
        return size_parse_mb(val, &conf->max_mem_per_node_mb, "MaxMemPerNode", err);
    if (strcasecmp(key, "hidden") == 0)
        return set_bool(val, &conf->hidden, key, err);
    if (strcasecmp(key, "rootonly") == 0)
        return set_bool(val, &conf->root_only, key, err);
    if (strcasecmp(key, "default") == 0)
        return set_bool(val, &conf->is_default, key, err);
    if (strcasecmp(key, "oversubscribe") == 0 || strcasecmp(key, "shared") == 0) {
        if (strcasecmp(val, "no") == 0)
            conf->share = PART_SHARE_NO;
        else if (strcasecmp(val, "exclusive") == 0)
            conf->share = PART_SHARE_EXCLUSIVE;
        else
            return error_set(err, BRE_UPDATE,
                             "OverSubscribe=%s is not supported: use NO or EXCLUSIVE", val);
        return 0;
    }
    if (strcasecmp(key, "nodes") == 0) {
        conf->nodes = val;
        return 0;
    }
    if (strcasecmp(key, "allowgroups") == 0) {
        conf->allow_groups = strcasecmp(val, "all") == 0 || !*val ? NULL : val;
        return 0;
    }
    return error_set(err, BRE_UPDATE, "Update of this parameter is not supported: %s=%s",
                     key, val);
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
    c->parts = xcalloc(c->num_parts ? c->num_parts : 1, sizeof(*c->parts));
    for (size_t i = 0; i < c->num_parts; i++) {
        c->parts[i].conf = conf_of(c)->parts[i];
        c->parts[i].index = i;
    }
    list_for_each(link, &c->part_updates)
    {
        const Wire__EvPartUpdated *m = container_of(link, struct part_update, link)->msg;
        struct part *part = part_find(c, m->name);

        for (size_t i = 0; part && i < m->n_items; i++) {
            part_conf_set(&part->conf, m->items[i]->key, m->items[i]->value, NULL);
            if (strcasecmp(m->items[i]->key, "default") == 0 && part->conf.is_default)
                for (size_t k = 0; k < c->num_parts; k++)
                    c->parts[k].conf.is_default = &c->parts[k] == part;
        }
    }
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

static void updates_clear(struct cluster *c)
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
    updates_clear(c);
}

int part_apply_updated(struct cluster *c, const Wire__Event *ev, struct error *err)
{
    struct part_update *u;

    if (!ev->part_updated->name)
        return error_set(err, BRE_DAMAGED, "update of a partition without a name");
    for (size_t i = 0; i < ev->part_updated->n_items; i++)
        if (!ev->part_updated->items[i]->key || !ev->part_updated->items[i]->value)
            return error_set(err, BRE_DAMAGED, "update of partition %s without key or value",
                             ev->part_updated->name);
    u = xcalloc(1, sizeof(*u));
    u->msg = CLONE(ev->part_updated);
    list_append(&c->part_updates, &u->link);
    cluster_nodes_changed(c);
    return 0;
}

int part_apply_reconfigured(struct cluster *c, const Wire__Event *ev, struct error *err)
{
    (void)ev;
    (void)err;
    updates_clear(c);
    cluster_nodes_changed(c);
    return 0;
}

int cluster_decide_update_part(struct cluster *c, const struct cluster_now *now,
                               const struct cluster_who *who, Wire__KeyValue *const *items,
                               size_t num_items, struct decision *d, struct error *err)
{
    const char *name = NULL;
    const struct part *part;
    struct part_conf trial;
    Wire__EvPartUpdated *ev;

    if (!who->is_operator && !who->is_admin)
        return error_set(err, BRE_ACCESS, "only operators may update partitions");
    for (size_t i = 0; i < num_items; i++)
        if (items[i]->key && strcasecmp(items[i]->key, "partitionname") == 0)
            name = items[i]->value;
    parts_refresh(c);
    if (!name || !(part = part_find(c, name)))
        return error_set(err, BRE_PART_NAME, "Invalid partition name specified: \"%s\"",
                         name ? name : "");
    if (num_items < 2)
        return error_set(err, BRE_UPDATE, "nothing to update");
    trial = part->conf;
    for (size_t i = 0; i < num_items; i++) {
        const char *key = items[i]->key ? items[i]->key : "";
        const char *val = items[i]->value ? items[i]->value : "";

        if (strcasecmp(key, "partitionname") == 0)
            continue;
        if (part_conf_set(&trial, key, val, err) < 0)
            return err && strncmp(err->text, "Update of", 9) == 0
                       ? -1
                       : error_prefix(err, "Invalid input: %s=%s", key, val);
        if (strcasecmp(key, "nodes") == 0 && part_nodes_parse(c, val, NULL, err) < 0)
            return -1;
    }
    clock_check(c, now, d);
    ev = event_add(d, now, part_updated, PART_UPDATED, EvPartUpdated, EV_PART_UPDATED);
    ev->name = (char *)part->conf.name;
    ev->items = arena_alloc(&d->arena, num_items * sizeof(*ev->items));
    for (size_t i = 0; i < num_items; i++)
        if (!items[i]->key || strcasecmp(items[i]->key, "partitionname") != 0) {
            Wire__KeyValue *kv = arena_memdup(&d->arena, items[i], sizeof(*kv));

            if (!kv->value)
                kv->value = (char *)"";
            ev->items[ev->n_items++] = kv;
        }
    return 0;
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
