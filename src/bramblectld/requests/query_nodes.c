/* query_nodes.c - columns of nodes and partitions. */
#include "config.h"

#include <string.h>

#include "bramblectld/requests/query_private.h"
#include "util/hostlist.h"

static void node_cell(struct query *q, size_t col, const struct node_view *v)
{
    struct table *t = &q->table;
    const uint32_t sockets = v->sockets ? v->sockets : 1;
    const uint32_t cores = v->cores ? v->cores : 1;
    const uint32_t threads = v->threads ? v->threads : cores;
    switch ((enum field_id)t->columns[col].field) {
#define INT(field, value) case FIELD_##field: table_int(t, col, (int64_t)(value)); return
#define STR(field, value) case FIELD_##field: table_string(t, col, (value)); return
    STR(NODE_NAME, v->name);
    STR(NODE_HOST, v->host);
    STR(NODE_ADDR, v->address);
    INT(NODE_PORT, v->port);
    INT(NODE_STATE, v->state);
    STR(NODE_ARCH, v->arch);
    STR(NODE_OS, v->os);
    INT(NODE_CPUS, threads);
    INT(NODE_CPUS_ALLOC, v->alloc_cpus);
    INT(NODE_SOCKETS, sockets);
    INT(NODE_CORES, cores / sockets ? cores / sockets : 1);
    INT(NODE_THREADS, threads / cores ? threads / cores : 1);
    INT(NODE_CPU_LOAD, v->registered && v->cpu_load_pct != UINT32_MAX ? (int64_t)v->cpu_load_pct : FIELD_UNSET);
    INT(NODE_MEM, v->mem_mb);
    INT(NODE_MEM_ALLOC, v->alloc_mem_mb);
    INT(NODE_MEM_FREE, v->registered && v->free_mem_mb != UINT64_MAX ? (int64_t)v->free_mem_mb : FIELD_UNSET);
    INT(NODE_TMP, v->tmp_mb);
    INT(NODE_WEIGHT, v->weight);
    STR(NODE_FEATURES, v->features);
    STR(NODE_GRES, cluster_node_gres(q->req->ctld->cluster, v->node_id, false, &t->arena));
    STR(NODE_GRES_USED, cluster_node_gres(q->req->ctld->cluster, v->node_id, true, &t->arena));
    STR(NODE_COMMENT, v->comment);
    STR(NODE_EXTRA, v->extra);
    STR(NODE_CLASS, v->hw_class);
    STR(NODE_PARTITIONS, v->partitions);
    STR(NODE_VERSION, v->registered ? v->version : NULL);
    INT(NODE_BOOT_TIME, unset_if_zero(v->boot_sec));
    INT(NODE_START_TIME, unset_if_zero(v->registered_sec));
    INT(NODE_LAST_BUSY, unset_if_zero(v->registered_sec));
    STR(NODE_REASON, v->reason);
    INT(NODE_REASON_UID, v->reason ? (int64_t)v->reason_uid : FIELD_UNSET);
    INT(NODE_REASON_TIME, v->reason ? unset_if_zero(v->reason_sec) : FIELD_UNSET);
    STR(NODE_MODEL, v->model);
    STR(NODE_NOTES, v->notes);
    STR(NODE_CLUSTER, cluster_name(q->req->ctld->cluster));
    case FIELD_NODE_REASON_USER: {
        const struct identity *id = v->reason ? identity_known(q->req->ctld->identities, v->reason_uid) : NULL;
        table_string(t, col, id ? id->wire.user_name : v->reason && v->reason_uid == 0 ? "root" : NULL);
        return;
    }
#undef INT
#undef STR
    default:
        table_int(t, col, t->columns[col].is_string ? 0 : FIELD_UNSET);
    }
}

static bool in_partitions(const struct name_set *set, const char *list)
{
    struct name_set of_node;
    bool found = set->num == 0;
    name_set_parse(&of_node, list);
    for (size_t i = 0; i < of_node.num && !found; i++)
        found = name_set_has(set, of_node.names[i]);
    name_set_fini(&of_node);
    return found;
}

void query_nodes_slice(struct query *q, unsigned budget)
{
    struct cluster *c = q->req->ctld->cluster;
    struct node_view v;
    struct name_set parts;
    CLEANUP_HOSTLIST struct hostlist *nodes =
        q->msg->nodelist && *q->msg->nodelist ? hostlist_parse(q->msg->nodelist, 0, NULL) : NULL;
    name_set_parse(&parts, q->msg->partitions);
    for (unsigned looked = 0; looked < budget && !table_full(&q->table); looked++, q->cursor++) {
        if (q->cursor >= cluster_node_count(c)) {
            q->done = true;
            break;
        }
        /* Ids stay when a node leaves the configuration; only what is configured is shown. */
        if (!cluster_node_conf(c, q->cursor) || !cluster_node_view(c, q->cursor, &v))
            continue;
        if ((nodes && hostlist_find(nodes, v.name) < 0) || !in_partitions(&parts, v.partitions))
            continue;
        for (size_t i = 0; i < q->table.num_columns; i++)
            node_cell(q, i, &v);
        table_next_row(&q->table);
    }
    name_set_fini(&parts);
}

/* ---- partitions ---- */

static int64_t shown_state(enum part_state state)
{
    switch (state) {
    case PART_UP:
        return PART_SHOWN_UP;
    case PART_DRAIN:
        return PART_SHOWN_DRAIN;
    case PART_INACTIVE:
        return PART_SHOWN_INACTIVE;
    case PART_DOWN:
        break;
    }
    return PART_SHOWN_DOWN;
}

static int64_t part_limit(uint32_t value)
{
    return value == UINT32_MAX ? FIELD_INFINITE : (int64_t)value;
}

static void part_cell(struct query *q, size_t col, const struct part_view *v)
{
    struct table *t = &q->table;
    const struct part_conf *p = &v->conf;
    switch ((enum field_id)t->columns[col].field) {
#define INT(field, value) case FIELD_##field: table_int(t, col, (int64_t)(value)); return
#define STR(field, value) case FIELD_##field: table_string(t, col, (value)); return
    STR(PART_NAME, v->name);
    INT(PART_STATE, shown_state(p->state));
    INT(PART_DEFAULT, p->is_default);
    INT(PART_HIDDEN, p->hidden);
    INT(PART_ROOT_ONLY, p->root_only);
    STR(PART_NODES, v->node_list);
    INT(PART_TOTAL_NODES, v->num_nodes);
    INT(PART_TOTAL_CPUS, v->total_cpus);
    INT(PART_TOTAL_MEM, v->total_mem_mb);
    INT(PART_MAX_TIME, part_limit(p->max_time_min));
    INT(PART_DEFAULT_TIME, p->default_time_min ? part_limit(p->default_time_min) : FIELD_UNSET);
    INT(PART_MAX_NODES, p->max_nodes ? part_limit(p->max_nodes) : FIELD_INFINITE);
    INT(PART_MIN_NODES, p->min_nodes);
    INT(PART_MAX_CPUS_NODE, FIELD_INFINITE);
    INT(PART_DEF_MEM_NODE, unset_if_zero((int64_t)p->def_mem_per_node_mb));
    INT(PART_DEF_MEM_CPU, unset_if_zero((int64_t)p->def_mem_per_cpu_mb));
    INT(PART_MAX_MEM_NODE, unset_if_zero((int64_t)p->max_mem_per_node_mb));
    STR(PART_OVER_SUBSCRIBE, p->share == PART_SHARE_EXCLUSIVE ? "EXCLUSIVE" : "NO");
    INT(PART_PRIORITY_TIER, p->priority_tier);
    INT(PART_PRIORITY_JOB, 1);
    STR(PART_ALLOW_GROUPS, p->allow_groups && *p->allow_groups ? p->allow_groups : NULL);
    STR(PART_ALLOW_ACCOUNTS, p->allow_accounts && *p->allow_accounts ? p->allow_accounts : NULL);
    STR(PART_DENY_ACCOUNTS, p->deny_accounts && *p->deny_accounts ? p->deny_accounts : NULL);
    STR(PART_ALLOW_QOS, p->allow_qos && *p->allow_qos ? p->allow_qos : NULL);
    STR(PART_DENY_QOS, p->deny_qos && *p->deny_qos ? p->deny_qos : NULL);
    STR(PART_ALLOC_NODES, p->alloc_nodes && *p->alloc_nodes ? p->alloc_nodes : NULL);
    INT(PART_REQ_RESV, p->req_resv);
    INT(PART_NO_ROOT, p->no_root_jobs);
    INT(PART_GRACE_SEC, 0);
    INT(PART_EXCLUSIVE_USER, 0);
    STR(PART_NODE_SPEC, p->nodes);
    STR(PART_CLUSTER, cluster_name(q->req->ctld->cluster));
    INT(PART_LLN, 0);
#undef INT
#undef STR
    default:
        table_int(t, col, t->columns[col].is_string ? 0 : FIELD_UNSET);
    }
}

void query_parts_slice(struct query *q, unsigned budget)
{
    struct cluster *c = q->req->ctld->cluster;
    struct part_view v;
    struct name_set names;
    name_set_parse(&names, q->msg->partitions);
    for (unsigned looked = 0; looked < budget && !table_full(&q->table); looked++, q->cursor++) {
        if (q->cursor >= cluster_part_count(c)) {
            q->done = true;
            break;
        }
        if (!cluster_part_view(c, q->cursor, &v) || !name_set_has(&names, v.name)
            || (v.conf.hidden && !q->msg->all && !names.num && !q->req->session->who.is_operator))
            continue;
        for (size_t i = 0; i < q->table.num_columns; i++)
            part_cell(q, i, &v);
        table_next_row(&q->table);
    }
    name_set_fini(&names);
}
