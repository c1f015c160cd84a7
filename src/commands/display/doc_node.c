/* doc_node.c - keys of nodes, partitions and reservations: NODE, PARTITION_INFO and RESERVATION_INFO of
 * data_parser v0.0.41. */
#include <stdlib.h>
#include <string.h>

#include "bramble/constants.h"
#include "commands/display/doc.h"
#include "util/mem.h"

static int64_t get(const struct view *v, unsigned field, size_t row)
{
    return table_int(v->table, field, row);
}

static json_t *make_state(const struct view *v, size_t row)
{
    return doc_node_states(get(v, FIELD_NODE_STATE, row));
}
static json_t *make_next_state(const struct view *v, size_t row)
{
    (void)v, (void)row;
    return json_pack("[s]", "INVALID"); /* no reboot is planned */
}
static json_t *make_one(const struct view *v, size_t row)
{
    (void)v, (void)row;
    return json_integer(1);
}
static json_t *make_energy(const struct view *v, size_t row)
{
    json_t *energy = json_object();

    (void)v, (void)row;
    doc_set(energy, "average_watts", json_integer(0));
    doc_set(energy, "base_consumed_energy", json_integer(0));
    doc_set(energy, "consumed_energy", json_integer(0));
    doc_set(energy, "current_watts", doc_time(0));
    doc_set(energy, "previous_consumed_energy", json_integer(0));
    doc_set(energy, "last_collected", json_integer(0));
    return energy;
}
static json_t *make_empty_object(const struct view *v, size_t row)
{
    (void)v, (void)row;
    return json_object();
}
static json_t *make_effective_cpus(const struct view *v, size_t row)
{
    int64_t cpus = get(v, FIELD_NODE_CPUS, row), kept = get(v, FIELD_NODE_CORE_SPEC, row);
    int64_t threads = get(v, FIELD_NODE_THREADS, row);

    if (kept > 0)
        cpus -= kept * (threads > 0 ? threads : 1);
    return json_integer(cpus > 0 ? cpus : 0);
}
static json_t *make_idle_cpus(const struct view *v, size_t row)
{
    int64_t cpus = get(v, FIELD_NODE_CPUS, row), used = get(v, FIELD_NODE_CPUS_ALLOC, row);

    return json_integer(cpus > used ? cpus - (used > 0 ? used : 0) : 0);
}
static json_t *make_tres_used(const struct view *v, size_t row)
{
    CLEANUP_STRBUF struct strbuf text = STRBUF_INIT;
    int64_t cpus = get(v, FIELD_NODE_CPUS_ALLOC, row), mem = get(v, FIELD_NODE_MEM_ALLOC, row);

    if (cpus > 0)
        strbuf_addf(&text, "cpu=%lld", (long long)cpus);
    if (mem > 0) {
        strbuf_add(&text, text.len ? ",mem=" : "mem=");
        cell_mem(&text, v, mem);
    }
    return doc_text(strbuf_str(&text));
}
static json_t *make_tres(const struct view *v, size_t row)
{
    CLEANUP_STRBUF struct strbuf text = STRBUF_INIT;

    cell_tres(&text, v, get(v, FIELD_NODE_CPUS, row), get(v, FIELD_NODE_MEM, row), 0);
    return doc_text(strbuf_str(&text));
}
static json_t *make_weighted(const struct view *v, size_t row)
{
    int64_t cpus = get(v, FIELD_NODE_CPUS_ALLOC, row);

    return json_real(cpus > 0 ? (double)cpus : 0);
}

#define N(field) FIELD_NODE_##field
static const struct doc_row node_rows[] = {
    { "architecture", DOC_TEXT, N(ARCH), NULL },
    { "burstbuffer_network_address", DOC_NO_TEXT, 0, NULL },
    { "boards", DOC_MAKE, 0, make_one },
    { "boot_time", DOC_TIME, N(BOOT_TIME), NULL },
    { "cluster_name", DOC_NO_TEXT, 0, NULL },
    { "cores", DOC_INT, N(CORES), NULL },
    { "specialized_cores", DOC_INT, N(CORE_SPEC), NULL },
    { "cpu_binding", DOC_NO_INT, 0, NULL },
    { "cpu_load", DOC_INT, N(CPU_LOAD), NULL },
    { "free_mem", DOC_NUMBER, N(MEM_FREE), NULL },
    { "cpus", DOC_INT, N(CPUS), NULL },
    { "effective_cpus", DOC_MAKE, N(CPUS), make_effective_cpus },
    { "specialized_cpus", DOC_NO_TEXT, 0, NULL },
    { "energy", DOC_MAKE, 0, make_energy },
    { "external_sensors", DOC_MAKE, 0, make_empty_object },
    { "extra", DOC_TEXT, N(EXTRA), NULL },
    { "power", DOC_MAKE, 0, make_empty_object },
    { "features", DOC_LIST, N(FEATURES), NULL },
    { "active_features", DOC_LIST, N(FEATURES), NULL },
    { "gpu_spec", DOC_NO_TEXT, 0, NULL },
    { "gres", DOC_TEXT, N(GRES), NULL },
    { "gres_drained", DOC_NO_TEXT, 0, NULL },
    { "gres_used", DOC_TEXT, N(GRES_USED), NULL },
    { "instance_id", DOC_NO_TEXT, 0, NULL },
    { "instance_type", DOC_NO_TEXT, 0, NULL },
    { "last_busy", DOC_TIME, N(LAST_BUSY), NULL },
    { "mcs_label", DOC_NO_TEXT, 0, NULL },
    { "specialized_memory", DOC_INT, N(MEM_SPEC), NULL },
    { "name", DOC_TEXT, N(NAME), NULL },
    { "next_state_after_reboot", DOC_MAKE, 0, make_next_state },
    { "address", DOC_TEXT, N(ADDR), NULL },
    { "hostname", DOC_TEXT, N(HOST), NULL },
    { "state", DOC_MAKE, N(STATE), make_state },
    { "operating_system", DOC_TEXT, N(OS), NULL },
    { "owner", DOC_TEXT, N(OWNER), NULL },
    { "partitions", DOC_LIST, N(PARTITIONS), NULL },
    { "port", DOC_INT, N(PORT), NULL },
    { "real_memory", DOC_INT, N(MEM), NULL },
    { "res_cores_per_gpu", DOC_NO_INT, 0, NULL },
    { "comment", DOC_TEXT, N(COMMENT), NULL },
    { "reason", DOC_TEXT, N(REASON), NULL },
    { "reason_changed_at", DOC_TIME, N(REASON_TIME), NULL },
    { "reason_set_by_user", DOC_TEXT, N(REASON_USER), NULL },
    { "resume_after", DOC_NO_TIME, 0, NULL },
    { "reservation", DOC_TEXT, N(RESERVATION), NULL },
    { "alloc_memory", DOC_INT, N(MEM_ALLOC), NULL },
    { "alloc_cpus", DOC_INT, N(CPUS_ALLOC), NULL },
    { "alloc_idle_cpus", DOC_MAKE, N(CPUS_ALLOC), make_idle_cpus },
    { "tres_used", DOC_MAKE, N(CPUS_ALLOC), make_tres_used },
    { "tres_weighted", DOC_MAKE, N(CPUS_ALLOC), make_weighted },
    { "slurmd_start_time", DOC_TIME, N(START_TIME), NULL },
    { "sockets", DOC_INT, N(SOCKETS), NULL },
    { "threads", DOC_INT, N(THREADS), NULL },
    { "temporary_disk", DOC_INT, N(TMP), NULL },
    { "weight", DOC_INT, N(WEIGHT), NULL },
    { "tres", DOC_MAKE, N(CPUS), make_tres },
    { "version", DOC_TEXT, N(VERSION), NULL },
};
const struct doc_table doc_nodes = { "nodes", QUERY_NODES, node_rows, ARRAY_SIZE(node_rows), NULL };

/* ---- partitions ---- */

static json_t *make_part_state(const struct view *v, size_t row)
{
    static const char *const words[] = { "DOWN", "UP", "DRAIN", "INACTIVE" };
    int64_t state = get(v, FIELD_PART_STATE, row);

    return json_pack("[s]", state >= 0 && state < 4 ? words[state] : "UNKNOWN");
}
static json_t *make_part_tres(const struct view *v, size_t row)
{
    CLEANUP_STRBUF struct strbuf text = STRBUF_INIT;

    cell_tres(&text, v, get(v, FIELD_PART_TOTAL_CPUS, row), get(v, FIELD_PART_TOTAL_MEM, row),
              get(v, FIELD_PART_TOTAL_NODES, row));
    return doc_text(strbuf_str(&text));
}
static json_t *make_select(const struct view *v, size_t row)
{
    (void)v, (void)row;
    return json_array();
}
/* "NO", "EXCLUSIVE", "YES:4", "FORCE:2": how many jobs may share. */
static int64_t jobs_sharing(const struct view *v, size_t row, bool *force)
{
    const char *text = table_text(v->table, FIELD_PART_OVER_SUBSCRIBE, row);
    const char *colon = text ? strchr(text, ':') : NULL;

    *force = text && !strncmp(text, "FORCE", 5);
    if (colon)
        return atoll(colon + 1);
    return text && !strcmp(text, "EXCLUSIVE") ? 0 : text && strcmp(text, "NO") ? 4 : 1;
}
static json_t *make_shares(const struct view *v, size_t row)
{
    bool force;
    int64_t jobs = jobs_sharing(v, row, &force);

    return json_integer(jobs | (force ? 0x8000 : 0));
}
static json_t *make_share_jobs(const struct view *v, size_t row)
{
    bool force;

    return json_integer(jobs_sharing(v, row, &force));
}
static json_t *make_share_flags(const struct view *v, size_t row)
{
    bool force;

    jobs_sharing(v, row, &force);
    return force ? json_pack("[s]", "force") : json_array();
}

#define P(field) FIELD_PART_##field
static const struct doc_row part_rows[] = {
    { "nodes/allowed_allocation", DOC_TEXT, P(ALLOC_NODES), NULL },
    { "accounts/allowed", DOC_TEXT, P(ALLOW_ACCOUNTS), NULL },
    { "groups/allowed", DOC_TEXT, P(ALLOW_GROUPS), NULL },
    { "qos/allowed", DOC_TEXT, P(ALLOW_QOS), NULL },
    { "alternate", DOC_NO_TEXT, 0, NULL },
    { "tres/billing_weights", DOC_NO_TEXT, 0, NULL },
    { "cluster", DOC_TEXT, P(CLUSTER), NULL },
    { "select_type", DOC_MAKE, 0, make_select },
    { "cpus/task_binding", DOC_NO_INT, 0, NULL },
    { "defaults/memory_per_cpu", DOC_INT, P(DEF_MEM_CPU), NULL },
    { "defaults/partition_memory_per_cpu", DOC_NUMBER, P(DEF_MEM_CPU), NULL },
    { "defaults/partition_memory_per_node", DOC_NUMBER, P(DEF_MEM_NODE), NULL },
    { "defaults/time", DOC_NUMBER, P(DEFAULT_TIME), NULL },
    { "accounts/deny", DOC_TEXT, P(DENY_ACCOUNTS), NULL },
    { "qos/deny", DOC_TEXT, P(DENY_QOS), NULL },
    { "grace_time", DOC_INT, P(GRACE_SEC), NULL },
    { "defaults/job", DOC_NO_TEXT, 0, NULL },
    { "maximums/cpus_per_node", DOC_NUMBER, P(MAX_CPUS_NODE), NULL },
    { "maximums/cpus_per_socket", DOC_NO_NUMBER, 0, NULL },
    { "maximums/memory_per_cpu", DOC_INT, P(MAX_MEM_CPU), NULL },
    { "maximums/partition_memory_per_cpu", DOC_NUMBER, P(MAX_MEM_CPU), NULL },
    { "maximums/partition_memory_per_node", DOC_NUMBER, P(MAX_MEM_NODE), NULL },
    { "maximums/nodes", DOC_NUMBER, P(MAX_NODES), NULL },
    { "maximums/shares", DOC_MAKE, P(OVER_SUBSCRIBE), make_shares },
    { "maximums/oversubscribe/jobs", DOC_MAKE, P(OVER_SUBSCRIBE), make_share_jobs },
    { "maximums/oversubscribe/flags", DOC_MAKE, P(OVER_SUBSCRIBE), make_share_flags },
    { "maximums/time", DOC_NUMBER, P(MAX_TIME), NULL },
    { "minimums/nodes", DOC_INT, P(MIN_NODES), NULL },
    { "name", DOC_TEXT, P(NAME), NULL },
    { "nodes/configured", DOC_TEXT, P(NODES), NULL },
    { "node_sets", DOC_NO_TEXT, 0, NULL },
    { "maximums/over_time_limit", DOC_NO_NUMBER, 0, NULL },
    { "priority/job_factor", DOC_INT, P(PRIORITY_JOB), NULL },
    { "priority/tier", DOC_INT, P(PRIORITY_TIER), NULL },
    { "qos/assigned", DOC_TEXT, P(QOS), NULL },
    { "timeouts/resume", DOC_NO_NUMBER, 0, NULL },
    { "partition/state", DOC_MAKE, P(STATE), make_part_state },
    { "suspend_time", DOC_NO_NUMBER, 0, NULL },
    { "timeouts/suspend", DOC_NO_NUMBER, 0, NULL },
    { "cpus/total", DOC_INT, P(TOTAL_CPUS), NULL },
    { "nodes/total", DOC_INT, P(TOTAL_NODES), NULL },
    { "tres/configured", DOC_MAKE, P(TOTAL_CPUS), make_part_tres },
};
static const uint16_t part_more[] = { P(TOTAL_MEM), 0 };
const struct doc_table doc_parts = { "partitions", QUERY_PARTS, part_rows, ARRAY_SIZE(part_rows), part_more };

/* ---- reservations ---- */

static json_t *make_resv_tres(const struct view *v, size_t row)
{
    CLEANUP_STRBUF struct strbuf text = STRBUF_INIT;
    int64_t cpus = get(v, FIELD_RESV_CPU_CNT, row);

    strbuf_addf(&text, "cpu=%lld", (long long)(cpus > 0 ? cpus : 0));
    return doc_text(strbuf_str(&text));
}

#define R(field) FIELD_RESV_##field
static const struct doc_row resv_rows[] = {
    { "accounts", DOC_TEXT, R(ACCOUNTS), NULL },
    { "burst_buffer", DOC_NO_TEXT, 0, NULL },
    { "core_count", DOC_INT, R(CORE_CNT), NULL },
    { "core_specializations", DOC_NO_LIST, 0, NULL },
    { "end_time", DOC_TIME, R(END), NULL },
    { "features", DOC_TEXT, R(FEATURES), NULL },
    { "flags", DOC_LIST, R(FLAGS), NULL },
    { "groups", DOC_TEXT, R(GROUPS), NULL },
    { "licenses", DOC_NO_TEXT, 0, NULL },
    { "max_start_delay", DOC_NO_INT, 0, NULL },
    { "name", DOC_TEXT, R(NAME), NULL },
    { "node_count", DOC_INT, R(NODE_CNT), NULL },
    { "node_list", DOC_TEXT, R(NODES), NULL },
    { "partition", DOC_TEXT, R(PARTITION), NULL },
    { "purge_completed/time", DOC_NO_NUMBER, 0, NULL },
    { "start_time", DOC_TIME, R(START), NULL },
    { "watts", DOC_NO_NUMBER, 0, NULL },
    { "tres", DOC_MAKE, R(CPU_CNT), make_resv_tres },
    { "users", DOC_TEXT, R(USERS), NULL },
};
const struct doc_table doc_resvs = { "reservations", QUERY_RESVS, resv_rows, ARRAY_SIZE(resv_rows), NULL };
