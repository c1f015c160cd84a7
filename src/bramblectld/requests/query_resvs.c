/* query_resvs.c - columns of reservations. */
#include "config.h"

#include "bramblectld/requests/query_private.h"
#include "bramblectld/requests/request.h"
#include "cluster/resv/resv.h"
#include "util/strbuf.h"
#include "util/timefmt.h"

static const char *flags_text(const Wire__EvResv *m, struct arena *a)
{
    static const char *const names[] = {
#define X(e, n) n,
        RESV_FLAGS(X)
#undef X
    };
    CLEANUP_STRBUF struct strbuf sb = STRBUF_INIT;
    char time[TIME_TEXT_MAX];

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (!(m->flags & 1u << i))
            continue;
        strbuf_addf(&sb, "%s%s", sb.len ? "," : "", names[i]);
        if (i == RESV_PURGE_COMP_BIT)
            strbuf_addf(&sb, "=%s", duration_format_full(m->purge_sec, time));
    }
    return arena_strdup(a, strbuf_str(&sb));
}

static const char *nodes_text(struct cluster *c, const Wire__EvResv *m, struct arena *a)
{
    CLEANUP_FREE char *text = cluster_resv_nodes(c, m);

    return *text ? arena_strdup(a, text) : NULL;
}

static void resv_cell(struct query *q, size_t col, const struct resv_view *v)
{
    struct table *t = &q->table;
    const Wire__EvResv *m = v->msg;

    switch ((enum field_id)t->columns[col].field) {
#define INT(field, value) case FIELD_##field: table_int(t, col, (int64_t)(value)); return
#define STR(field, value) case FIELD_##field: table_string(t, col, (value)); return
    STR(RESV_NAME, m->name);
    INT(RESV_START, v->start_sec);
    INT(RESV_END, v->end_sec);
    STR(RESV_NODES, nodes_text(q->req->ctld->cluster, m, &t->arena));
    INT(RESV_NODE_CNT, v->num_nodes);
    INT(RESV_CORE_CNT, v->num_cores);
    INT(RESV_CPU_CNT, v->num_cpus);
    STR(RESV_FEATURES, m->features);
    STR(RESV_PARTITION, m->partition);
    STR(RESV_FLAGS, flags_text(m, &t->arena));
    STR(RESV_USERS, m->users);
    STR(RESV_GROUPS, m->groups);
    STR(RESV_ACCOUNTS, m->accounts);
    INT(RESV_ACTIVE, v->active);
    STR(RESV_COMMENT, m->comment);
#undef INT
#undef STR
    default:
        table_int(t, col, t->columns[col].is_string ? 0 : FIELD_UNSET);
    }
}

void query_resvs_slice(struct query *q, unsigned budget)
{
    struct cluster *c = q->req->ctld->cluster;
    struct resv_view v;

    for (unsigned i = 0; i < budget && !table_full(&q->table); i++) {
        if (!cluster_resv_view(c, q->cursor, &q->now, &v)) {
            q->done = true;
            return;
        }
        q->cursor++;
        for (size_t k = 0; k < q->table.num_columns; k++)
            resv_cell(q, k, &v);
        table_next_row(&q->table);
    }
}
