/* conf.c - the heart's copy of the configuration. */
#include "cluster/cluster_private.h"

#include "cluster/part/part.h"

#include <string.h>

void cluster_conf_defaults(struct cluster_conf *conf)
{
    memset(conf, 0, sizeof(*conf));
    conf->name = "bramble";
    conf->node_timeout_sec = 30;
    conf->min_job_age_sec = 300;
    conf->interactive_timeout_sec = 60;
    conf->max_job_count = 200000;
    conf->max_array_size = 1001;
    conf->max_step_count = 40000;
    conf->job_requeue = true;
    conf->backfill_depth = 100;
    conf->backfill_window_min = 1440;
    conf->kill_wait_sec = 30;
    conf->enforce_part_limits = true;
    conf->mpi_default = "none";
}

static int check_name(const char *name, const char *what, size_t i, struct error *err)
{
    if (name && *name && strlen(name) < 256)
        return 0;
    return error_set(err, BRE_CONFIG, "%s %zu has no name", what, i + 1);
}

static int copy_nodes(struct conf_store *s, const struct cluster_conf *conf,
                      struct error *err)
{
    s->nodes = arena_calloc(&s->arena, conf->num_nodes + 1, sizeof(*s->nodes));
    for (size_t i = 0; i < conf->num_nodes; i++) {
        struct node_conf *n = &s->nodes[i];

        *n = conf->nodes[i];
        if (check_name(n->name, "node", i, err) < 0)
            return -1;
        n->name = arena_strdup(&s->arena, n->name);
        n->hw_class = arena_strdup(&s->arena, n->hw_class);
        n->features = arena_strdup(&s->arena, n->features);
        n->address = arena_strdup(&s->arena, n->address);
        n->gres = arena_strdup(&s->arena, n->gres);
        if (!n->weight)
            n->weight = 1;
        if (n->cores && !n->threads_per_core)
            n->threads_per_core = 1;
        if (strmap_put(&s->node_names, n->name, n))
            return error_set(err, BRE_CONFIG, "node %s is configured twice", n->name);
    }
    s->conf.nodes = s->nodes;
    return 0;
}

static int copy_parts(struct conf_store *s, const struct cluster_conf *conf,
                      struct error *err)
{
    const char *first_default = NULL;

    s->parts = arena_calloc(&s->arena, conf->num_parts + 1, sizeof(*s->parts));
    for (size_t i = 0; i < conf->num_parts; i++) {
        struct part_conf *p = &s->parts[i];

        *p = conf->parts[i];
        if (check_name(p->name, "partition", i, err) < 0)
            return -1;
        for (size_t k = 0; k < i; k++)
            if (strcmp(s->parts[k].name, p->name) == 0)
                return error_set(err, BRE_CONFIG, "partition %s is configured twice",
                                 p->name);
        if (p->is_default && first_default)
            return error_set(err, BRE_CONFIG,
                             "partitions %s and %s cannot both be the default",
                             first_default, p->name);
        if (p->is_default)
            first_default = p->name;
        p->name = arena_strdup(&s->arena, p->name);
        p->nodes = arena_strdup(&s->arena, p->nodes ? p->nodes : "");
        p->allow_groups = arena_strdup(&s->arena, p->allow_groups);
        p->allow_accounts = arena_strdup(&s->arena, p->allow_accounts);
        p->deny_accounts = arena_strdup(&s->arena, p->deny_accounts);
        p->allow_qos = arena_strdup(&s->arena, p->allow_qos);
        p->deny_qos = arena_strdup(&s->arena, p->deny_qos);
        p->alloc_nodes = arena_strdup(&s->arena, p->alloc_nodes);
        if (!p->max_time_min)
            p->max_time_min = TIME_UNLIMITED_MIN;
        if (!p->max_nodes)
            p->max_nodes = UINT32_MAX;
        if (!p->priority_tier)
            p->priority_tier = 1;
        if (p->default_time_min && p->default_time_min > p->max_time_min)
            return error_set(err, BRE_CONFIG,
                             "partition %s: default_time is above max_time", p->name);
        if (p->min_nodes > p->max_nodes)
            return error_set(err, BRE_CONFIG, "partition %s: min_nodes is above max_nodes",
                             p->name);
    }
    s->conf.parts = s->parts;
    return 0;
}

/* Node names that a partition gives must be configured. */
static int check_members(struct conf_store *s, struct error *err)
{
    struct cluster probe = { .conf = s };

    for (size_t i = 0; i < s->conf.num_parts; i++)
        if (part_nodes_parse(&probe, s->parts[i].nodes, NULL, err) < 0)
            return error_prefix(err, "partition %s", s->parts[i].name);
    return 0;
}

struct conf_store *conf_store_create(const struct cluster_conf *conf, struct error *err)
{
    struct conf_store *s = xcalloc(1, sizeof(*s));

    arena_init(&s->arena, 0, 0);
    s->conf = *conf;
    s->conf.name = arena_strdup(&s->arena, conf->name ? conf->name : "bramble");
    s->conf.mpi_default = arena_strdup(&s->arena, conf->mpi_default);
    s->conf.licenses = arena_strdup(&s->arena, conf->licenses);
    if (copy_nodes(s, conf, err) < 0 || copy_parts(s, conf, err) < 0
        || check_members(s, err) < 0) {
        conf_store_destroy(s);
        return NULL;
    }
    return s;
}

void conf_store_destroy(struct conf_store *s)
{
    if (!s)
        return;
    strmap_fini(&s->node_names);
    arena_fini(&s->arena);
    free(s);
}
