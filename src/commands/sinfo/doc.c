/* doc.c - sinfo's lines as a document: SINFO_DATA of data_parser v0.0.41. */
#include <string.h>

#include "bramble/constants.h"
#include "commands/display/doc.h"
#include "commands/sinfo/sinfo_private.h"

void sinfo_doc_need(bool *want)
{
    static const uint16_t fields[] = {
        FIELD_NODE_PORT,     FIELD_NODE_STATE,    FIELD_NODE_CPUS,        FIELD_NODE_CPUS_ALLOC,
        FIELD_NODE_SOCKETS,  FIELD_NODE_CORES,    FIELD_NODE_THREADS,     FIELD_NODE_TMP,
        FIELD_NODE_MEM,      FIELD_NODE_WEIGHT,   FIELD_NODE_CPU_LOAD,    FIELD_NODE_MEM_FREE,
        FIELD_NODE_MEM_ALLOC, FIELD_NODE_FEATURES, FIELD_NODE_GRES,       FIELD_NODE_GRES_USED,
        FIELD_NODE_COMMENT,  FIELD_NODE_EXTRA,    FIELD_NODE_REASON,      FIELD_NODE_REASON_TIME,
        FIELD_NODE_REASON_USER, FIELD_NODE_RESERVATION, FIELD_NODE_HOST,  FIELD_NODE_ADDR,
        FIELD_NODE_CLUSTER,
    };

    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        want[fields[i]] = true;
    doc_need(&doc_parts, want);
}

static void add_span(json_t *o, const char *path, const struct span *s)
{
    CLEANUP_STRBUF struct strbuf key = STRBUF_INIT;

    strbuf_addf(&key, "%s/minimum", path);
    doc_set(o, strbuf_str(&key), json_integer(s->min > 0 ? s->min : 0));
    strbuf_truncate(&key, 0);
    strbuf_addf(&key, "%s/maximum", path);
    doc_set(o, strbuf_str(&key), json_integer(s->max > 0 ? s->max : 0));
}

/* The members' texts of one field, each once. */
static json_t *members(const struct sinfo_data *d, const struct sinfo_group *g, unsigned field)
{
    CLEANUP_HOSTLIST struct hostlist *hl = hostlist_create();
    json_t *list = json_array();

    for (size_t i = g->node < 0 ? SIZE_MAX : (size_t)g->node; i < table_rows(d->nodes); i++)
        if (g->members[i / 8] >> i % 8 & 1) {
            const char *text = table_text(d->nodes, field, i);

            hostlist_push(hl, text ? text : table_text(d->nodes, FIELD_NODE_NAME, i));
        }
    hostlist_sort(hl);
    hostlist_uniq(hl);
    for (size_t i = 0; i < hostlist_count(hl); i++)
        json_array_append_new(list, doc_text(hostlist_nth(hl, i)));
    return list;
}

static json_t *group_record(const struct sinfo_data *d, const struct sinfo_group *g, const struct view *view)
{
    const struct view part_view = { .table = d->parts, .now = view->now };
    json_t *o = json_object();
    const size_t node = g->node < 0 ? SIZE_MAX : (size_t)g->node; /* no row: everything is unset */

#define TEXT(field) doc_text(table_text(d->nodes, FIELD_NODE_##field, node))
#define INT(field) table_int(d->nodes, FIELD_NODE_##field, node)
    doc_set(o, "port", json_integer(INT(PORT) > 0 ? INT(PORT) : 0));
    doc_set(o, "node/state", g->node < 0 ? json_array() : doc_node_states(INT(STATE)));
    doc_set(o, "nodes/allocated", json_integer(g->alloc));
    doc_set(o, "nodes/idle", json_integer(g->idle));
    doc_set(o, "nodes/other", json_integer(g->other));
    doc_set(o, "nodes/total", json_integer(g->count));
    doc_set(o, "cpus/allocated", json_integer(g->cpus_alloc));
    doc_set(o, "cpus/idle", json_integer(g->cpus_idle));
    doc_set(o, "cpus/other", json_integer(g->cpus_other));
    doc_set(o, "cpus/total", json_integer(g->cpus_total));
    add_span(o, "cpus", &g->cpus);
    add_span(o, "sockets", &g->sockets);
    add_span(o, "cores", &g->cores);
    add_span(o, "threads", &g->threads);
    add_span(o, "disk", &g->disk);
    add_span(o, "memory", &g->memory);
    add_span(o, "weight", &g->weight);
    add_span(o, "cpus/load", &g->load);
    doc_set(o, "memory/free/minimum", g->node < 0 ? doc_number(FIELD_UNSET) : doc_number(g->free_mem.min));
    doc_set(o, "memory/free/maximum", g->node < 0 ? doc_number(FIELD_UNSET) : doc_number(g->free_mem.max));
    doc_set(o, "cpus/per_node/max", doc_number(table_int(d->parts, FIELD_PART_MAX_CPUS_NODE, g->part)));
    doc_set(o, "memory/allocated", json_integer(INT(MEM_ALLOC) > 0 ? INT(MEM_ALLOC) : 0));
    doc_set(o, "features/total", TEXT(FEATURES));
    doc_set(o, "features/active", TEXT(FEATURES));
    doc_set(o, "gres/total", TEXT(GRES));
    doc_set(o, "gres/used", TEXT(GRES_USED));
    doc_set(o, "cluster", TEXT(CLUSTER));
    doc_set(o, "comment", TEXT(COMMENT));
    doc_set(o, "extra", TEXT(EXTRA));
    doc_set(o, "reason/description", TEXT(REASON));
    doc_set(o, "reason/time", json_integer(INT(REASON_TIME) > 0 ? INT(REASON_TIME) : 0));
    doc_set(o, "reservation", TEXT(RESERVATION));
    doc_set(o, "reason/user", TEXT(REASON_USER));
    doc_set(o, "nodes/hostnames", members(d, g, FIELD_NODE_HOST));
    doc_set(o, "nodes/addresses", members(d, g, FIELD_NODE_ADDR));
    doc_set(o, "nodes/nodes", members(d, g, FIELD_NODE_NAME));
    doc_set(o, "partition", doc_record(&doc_parts, &part_view, g->part));
#undef TEXT
#undef INT
    return o;
}

int sinfo_document(const struct sinfo_params *p, const struct sinfo_data *d, const struct view *view,
                   const uint32_t *order)
{
    struct doc *doc = doc_begin(p->con, p->doc);

    doc_list_begin(doc, "sinfo");
    for (size_t i = 0; i < d->num_groups; i++)
        doc_list_add(doc, group_record(d, &d->groups[order[i]], view));
    doc_list_end(doc);
    return doc_end(doc);
}
