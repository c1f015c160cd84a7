/* conf_nodes.c - the entries of nodes and partitions, expanded and checked against each other. */
#include "config.h"
#include "conf/conf_private.h"

#include "util/error.h"
#include "util/fs.h"
#include "util/gres.h"
#include "util/hostlist.h"
#include "util/mem.h"

#include <ctype.h>
#include <fcntl.h>
#include <string.h>

static const char *lookup_text(const config_setting_t *group, const char *key,
                               const config_setting_t **setting)
{
    *setting = config_setting_get_member((config_setting_t *)group, key);
    return *setting ? config_setting_get_string(*setting) : NULL;
}

/* topology = "xml:PATH" (relative to the configuration) or "synthetic:TEXT" */
static int read_topology(struct conf *conf, const config_setting_t *group, struct conf_node *node,
                         struct error *err)
{
    const config_setting_t *setting;
    const char *text = lookup_text(group, "topology", &setting);
    CLEANUP_FREE char *xml = NULL, *path = NULL;
    struct error why;
    size_t len;

    if (!text)
        return 0;
    if (!strncmp(text, "synthetic:", 10)) {
        if (!text[10] || strlen(text + 10) > 4000)
            return conf_fail(setting, err, "expected a description of at most 4000 bytes after synthetic:");
        node->topology_synthetic = node->topology + 10;
        return 0;
    }
    if (strncmp(text, "xml:", 4) != 0)
        return conf_fail(setting, err, "\"%.80s\": expected \"xml:PATH\" or \"synthetic:TEXT\"", text);
    if (text[4] == '/') {
        path = xstrdup(text + 4);
    } else {
        const char *slash = strrchr(conf->path, '/');

        path = xasprintf("%.*s%s", slash ? (int)(slash - conf->path) + 1 : 0, conf->path, text + 4);
    }
    if (fs_read_file(AT_FDCWD, path, CONF_TOPOLOGY_MAX, &xml, &len, &why) < 0)
        return conf_fail(setting, err, "%s", why.text);
    if (strlen(xml) != len || !strstr(xml, "<topology"))
        return conf_fail(setting, err, "%s is no hwloc XML (make it with lstopo FILE.xml)", path);
    node->topology_xml = arena_strdup(&conf->store->arena, xml);
    return 0;
}

static int add_node(struct conf *conf, const config_setting_t *group, const struct conf_node *entry,
                    const char *name, struct error *err)
{
    struct conf_node *node = &conf->nodes[conf->num_nodes];

    *node = *entry;
    node->name = arena_strdup(&conf->store->arena, name);
    if (strmap_find(&conf->store->node_index, name))
        return conf_fail(group, err, "node %s is there twice", name);
    strmap_put(&conf->store->node_index, node->name, node);
    conf->num_nodes++;
    return 0;
}

/* cores and the like that contradict each other */
static int check_shape(const config_setting_t *group, const struct conf_node *node, struct error *err)
{
    struct gres_list gres;
    struct error why;

    if (gres_list_parse(&gres, node->gres, &why) < 0)
        return conf_fail(config_setting_get_member((config_setting_t *)group, "gres"), err, "%s", why.text);
    if (gres.num > 8)
        return conf_fail(group, err, "gres has %u kinds: at most 8 are possible", gres.num);
    for (uint32_t i = 0; i < gres.num; i++)
        if (gres_list_count(&gres, gres.items[i].name) > GRES_UNITS_MAX)
            return conf_fail(group, err, "gres: more than %d of %s", GRES_UNITS_MAX, gres.items[i].name);
    gres_list_fini(&gres);
    if (node->sockets && node->cores && node->cores % node->sockets)
        return conf_fail(group, err, "cores = %u cannot be shared out to sockets = %u (cores counts the "
                                     "whole node)",
                         node->cores, node->sockets);
    if (node->topology && (node->sockets || node->cores || node->threads_per_core))
        return conf_fail(group, err, "sockets, cores and threads_per_core come from topology: give one or "
                                     "the other");
    if (node->hw_class)
        for (const char *p = node->hw_class; *p; p++)
            if (!isalnum((unsigned char)*p) && *p != '_' && *p != '-')
                return conf_fail(group, err, "class = \"%.64s\": expected letters, digits, '-' and '_'",
                                 node->hw_class);
    return 0;
}

/* How many nodes all entries name together; the array is sized once, since entries are pointed to. */
static int count_nodes(const config_setting_t *list, size_t *total, struct error *err)
{
    *total = 0;
    for (int i = 0; i < config_setting_length(list); i++) {
        const config_setting_t *group = config_setting_get_elem(list, (unsigned)i), *setting;
        CLEANUP_HOSTLIST struct hostlist *names = NULL;
        const char *text;
        struct error why;

        if (!config_setting_is_group(group))
            return conf_fail(group, err, "nodes: expected a group { name = ...; } at entry %d", i + 1);
        text = lookup_text(group, "name", &setting);
        if (!text)
            return conf_fail(setting ? setting : group, err,
                             "nodes: entry %d: expected name = \"HOSTLIST\"", i + 1);
        if (!(names = hostlist_parse(text, CONF_NODES_MAX, &why)))
            return conf_fail(setting, err, "%s", why.text);
        if (!hostlist_count(names))
            return conf_fail(setting, err, "expected at least one node name");
        *total += hostlist_count(names);
        if (*total > CONF_NODES_MAX)
            return conf_fail(setting, err, "more than %d nodes in all", CONF_NODES_MAX);
    }
    return 0;
}

int conf_read_nodes(struct conf *conf, const config_setting_t *list, struct error *err)
{
    size_t total;

    if (!config_setting_is_list(list))
        return conf_fail(list, err, "expected a list of groups, ( { name = \"pi[1-4]\"; }, ... )");
    if (count_nodes(list, &total, err) < 0)
        return -1;
    conf->nodes = arena_calloc(&conf->store->arena, total ? total : 1, sizeof *conf->nodes);
    for (int i = 0; i < config_setting_length(list); i++) {
        const config_setting_t *group = config_setting_get_elem(list, (unsigned)i);
        CLEANUP_HOSTLIST struct hostlist *names = NULL;
        struct conf_node entry = { 0 };

        conf_set_defaults(conf, CONF_SECTION_NODES, &entry);
        if (conf_read_group(conf, group, CONF_SECTION_NODES, &entry, NULL, err) < 0
            || check_shape(group, &entry, err) < 0 || read_topology(conf, group, &entry, err) < 0)
            return -1;
        if (!(names = hostlist_parse(entry.name, CONF_NODES_MAX, err)))
            return -1;
        if (entry.address && hostlist_count(names) > 1)
            return conf_fail(group, err, "nodes: address is one node's; name says %zu",
                             hostlist_count(names));
        hostlist_for_each(names, n, name)
            if (add_node(conf, group, &entry, name, err) < 0)
                return -1;
    }
    return 0;
}

/* One piece of a partition's nodes, between commas that stand outside brackets. */
static int check_members(struct conf *conf, const config_setting_t *setting, const char *piece,
                         struct error *err)
{
    CLEANUP_HOSTLIST struct hostlist *names = NULL;
    struct error why;

    if (!strcmp(piece, "ALL"))
        return 0;
    if (!strncmp(piece, "class:", 6) || !strncmp(piece, "feature:", 8))
        return strchr(piece, ':')[1] ? 0
                                     : conf_fail(setting, err, "\"%s\": a name must follow the colon", piece);
    if (!(names = hostlist_parse(piece, CONF_NODES_MAX, &why)))
        return conf_fail(setting, err, "%s", why.text);
    hostlist_for_each(names, i, name)
        if (!strmap_find(&conf->store->node_index, name))
            return conf_fail(setting, err,
                             "there is no node %s (expected node names, \"class:NAME\", "
                             "\"feature:NAME\" or \"ALL\")",
                             name);
    return 0;
}

static int check_part_nodes(struct conf *conf, const config_setting_t *setting, const char *text,
                            struct error *err)
{
    CLEANUP_FREE char *copy = xstrdup(text);
    char *start = copy;
    int depth = 0;

    for (char *p = copy;; p++) {
        char c = *p;

        depth += (c == '[') - (c == ']');
        if (c && (c != ',' || depth > 0))
            continue;
        *p = '\0';
        if (*start && check_members(conf, setting, start, err) < 0)
            return -1;
        start = p + 1;
        if (!c)
            return 0;
    }
}

static int check_part(struct conf *conf, const config_setting_t *group, const struct conf_part *part,
                      struct error *err)
{
    const config_setting_t *nodes = config_setting_get_member((config_setting_t *)group, "nodes");

    if (!part->name)
        return conf_fail(group, err, "partitions: expected name = \"NAME\"");
    for (const char *p = part->name; *p; p++)
        if (!isalnum((unsigned char)*p) && !strchr("_-.", *p))
            return conf_fail(group, err, "partition name \"%.64s\": expected letters, digits, '-', '_', '.'",
                             part->name);
    if (strlen(part->name) > 200)
        return conf_fail(group, err, "partition name \"%.40s...\" is longer than 200 bytes", part->name);
    for (size_t i = 0; i < conf->num_parts; i++) {
        if (!strcmp(conf->parts[i].name, part->name))
            return conf_fail(group, err, "partition %s is there twice", part->name);
        if (conf->parts[i].is_default && part->is_default)
            return conf_fail(group, err, "partitions %s and %s cannot both be the default",
                             conf->parts[i].name, part->name);
    }
    if (part->min_nodes > part->max_nodes)
        return conf_fail(group, err, "partition %s: min_nodes = %u is above max_nodes = %u", part->name,
                         part->min_nodes, part->max_nodes);
    if (part->default_time_min != 0 && part->default_time_min > part->max_time_min)
        return conf_fail(group, err, "partition %s: default_time is longer than max_time", part->name);
    if (part->def_mem_per_cpu_mb && part->def_mem_per_node_mb)
        return conf_fail(group, err, "partition %s: def_mem_per_cpu and def_mem_per_node: give one", part->name);
    return check_part_nodes(conf, nodes ? nodes : group, part->nodes ? part->nodes : "ALL", err);
}

int conf_read_parts(struct conf *conf, const config_setting_t *list, struct error *err)
{
    int num;

    if (!config_setting_is_list(list))
        return conf_fail(list, err, "expected a list of groups, ( { name = \"pi4\"; nodes = \"class:pi4\"; }, ... )");
    num = config_setting_length(list);
    if (num > CONF_PARTS_MAX)
        return conf_fail(list, err, "more than %d partitions", CONF_PARTS_MAX);
    conf->parts = arena_calloc(&conf->store->arena, num ? (size_t)num : 1, sizeof *conf->parts);
    for (int i = 0; i < num; i++) {
        const config_setting_t *group = config_setting_get_elem(list, (unsigned)i);
        struct conf_part part = { 0 };

        conf_set_defaults(conf, CONF_SECTION_PARTITIONS, &part);
        if (conf_read_group(conf, group, CONF_SECTION_PARTITIONS, &part, NULL, err) < 0
            || check_part(conf, group, &part, err) < 0)
            return -1;
        conf->parts[conf->num_parts++] = part;
    }
    return 0;
}
