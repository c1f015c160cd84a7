/* group.c - which nodes share a line. */
#include <stdlib.h>
#include <string.h>

#include "bramble/constants.h"
#include "commands/display/render.h"
#include "commands/sinfo/sinfo_private.h"
#include "util/hash.h"
#include "util/mem.h"

static void span_take(struct span *s, int64_t value, bool first)
{
    if (first || value < s->min)
        s->min = value;
    if (first || value > s->max)
        s->max = value;
}

static int64_t known(int64_t value)
{
    return value > 0 ? value : 0;
}

/* Count the node in; a node that two partitions share counts once where both are on one line. */
static void group_take(struct sinfo_data *d, struct sinfo_group *g, size_t node)
{
    const struct table *t = d->nodes;
    int64_t state = table_int(t, FIELD_NODE_STATE, node), base = state & 0xff;
    int64_t cpus = known(table_int(t, FIELD_NODE_CPUS, node));
    int64_t used = known(table_int(t, FIELD_NODE_CPUS_ALLOC, node));
    bool first = g->count == 0, gone = (state & NODE_FLAG_DRAIN) || base == NODE_DOWN;

    if (g->members[node / 8] >> node % 8 & 1)
        return;
    g->members[node / 8] |= (uint8_t)(1u << node % 8);
    if (first || (ssize_t)node < g->node)
        g->node = (ssize_t)node;
    g->count++;
    if (base == NODE_ALLOCATED || base == NODE_MIXED || (state & NODE_FLAG_COMPLETING))
        g->alloc++;
    else if (gone || base == NODE_UNKNOWN)
        g->other++;
    else
        g->idle++;
    g->cpus_total += cpus;
    g->cpus_alloc += used;
    if (gone)
        g->cpus_other += cpus - used;
    else
        g->cpus_idle += cpus - used;
    span_take(&g->cpus, cpus, first);
    span_take(&g->sockets, known(table_int(t, FIELD_NODE_SOCKETS, node)), first);
    span_take(&g->cores, known(table_int(t, FIELD_NODE_CORES, node)), first);
    span_take(&g->threads, known(table_int(t, FIELD_NODE_THREADS, node)), first);
    span_take(&g->memory, known(table_int(t, FIELD_NODE_MEM, node)), first);
    span_take(&g->disk, known(table_int(t, FIELD_NODE_TMP, node)), first);
    span_take(&g->weight, known(table_int(t, FIELD_NODE_WEIGHT, node)), first);
    span_take(&g->load, table_int(t, FIELD_NODE_CPU_LOAD, node), first);
    span_take(&g->free_mem, table_int(t, FIELD_NODE_MEM_FREE, node), first);
}

static struct sinfo_group *group_add(struct sinfo_data *d, size_t part)
{
    if (d->num_groups == d->cap_groups) {
        d->cap_groups = d->cap_groups ? 2 * d->cap_groups : 16;
        d->groups = xreallocarray(d->groups, d->cap_groups, sizeof(*d->groups));
    }
    d->groups[d->num_groups] = (struct sinfo_group){
        .part = part, .node = -1, .members = xcalloc(table_rows(d->nodes) / 8 + 1, 1)
    };
    return &d->groups[d->num_groups++];
}

static void group_drop_last(struct sinfo_data *d)
{
    struct sinfo_group *g = &d->groups[--d->num_groups];

    free(g->members);
    free(g->node_list);
    free(g->hosts);
    free(g->addresses);
}

static bool tells_apart(const struct column *c, const struct sinfo_params *p)
{
    return c && ((c->flags & COL_MATCH) || ((c->flags & COL_MATCH_EXACT) && p->exact));
}

/* What the matching columns show of the last group (a node alone): equal keys share a line. */
static void make_key(struct strbuf *key, const struct sinfo_data *d, const struct sinfo_params *p,
                     const struct format *f, const struct view *view)
{
    const struct sinfo_group *g = &d->groups[d->num_groups - 1];

    strbuf_truncate(key, 0);
    for (size_t i = 0; i < f->count; i++) {
        if (!tells_apart(f->items[i].column, p))
            continue;
        render_cell(key, f->items[i].column, view, d->num_groups - 1);
        strbuf_addc(key, '\x01');
    }
    if (p->node_lines)
        strbuf_addf(key, "%zu %zd", g->part, g->node);
}

static bool node_selected(const struct sinfo_params *p, const struct table *nodes, size_t row)
{
    int64_t state = table_int(nodes, FIELD_NODE_STATE, row);
    bool silent = state & NODE_FLAG_NOT_RESPONDING;

    if ((p->dead && !silent) || (p->responding && silent))
        return false;
    if (p->nodes && hostlist_find(p->nodes, table_text(nodes, FIELD_NODE_NAME, row)) < 0)
        return false;
    return node_state_matches(p->states, state);
}

static bool part_selected(const struct sinfo_params *p, const struct table *parts, size_t row)
{
    if (p->partitions)
        return list_has(p->partitions, table_text(parts, FIELD_PART_NAME, row));
    return p->all || table_int(parts, FIELD_PART_HIDDEN, row) <= 0;
}

static bool shows_partitions(const struct format *f)
{
    for (size_t i = 0; i < f->count; i++)
        if (f->items[i].column && (f->items[i].column->flags & COL_PART))
            return true;
    return false;
}

void sinfo_group_nodes(struct sinfo_data *d, const struct sinfo_params *p, const struct format *f,
                       const struct view *view)
{
    CLEANUP_STRBUF struct strbuf key = STRBUF_INIT;
    struct strmap names = { 0 }, groups = { 0 };
    size_t pos = 0, rows = table_rows(d->nodes);
    const char *name;
    void *value;

    for (size_t i = 0; i < rows; i++)
        strmap_put(&names, table_text(d->nodes, FIELD_NODE_NAME, i), (void *)(uintptr_t)(i + 1));
    for (size_t part = 0; part < table_rows(d->parts); part++) {
        const char *text = table_text(d->parts, FIELD_PART_NODES, part);
        CLEANUP_HOSTLIST struct hostlist *hl = hostlist_parse(text ? text : "", 0, NULL);
        size_t taken = 0;

        if (!part_selected(p, d->parts, part))
            continue;
        for (size_t i = 0; hl && i < hostlist_count(hl); i++) {
            size_t node = (size_t)(uintptr_t)strmap_find(&names, hostlist_nth(hl, i));
            size_t at;

            if (!node-- || !node_selected(p, d->nodes, node))
                continue;
            taken++;
            group_take(d, group_add(d, part), node);
            make_key(&key, d, p, f, view);
            at = (size_t)(uintptr_t)strmap_find(&groups, strbuf_str(&key));
            if (at) {
                group_drop_last(d);
                group_take(d, &d->groups[at - 1], node);
            } else {
                strmap_put(&groups, xstrdup(strbuf_str(&key)), (void *)(uintptr_t)d->num_groups);
            }
        }
        if (!taken && !p->node_lines && shows_partitions(f))
            group_add(d, part);
    }
    while ((value = strmap_next(&groups, &pos, &name)))
        free((char *)name);
    strmap_fini(&groups);
    strmap_fini(&names);
}

void sinfo_data_fini(struct sinfo_data *d)
{
    while (d->num_groups)
        group_drop_last(d);
    free(d->groups);
    free(d->node_rank);
}
