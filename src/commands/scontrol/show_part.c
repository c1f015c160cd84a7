/* show_part.c - scontrol show partition. */
#include "config.h"
#include "scontrol.h"

#include <stdio.h>
#include <string.h>

#include "bramble/constants.h"
#include "commands/display/doc.h"
#include "util/error.h"
#include "util/mem.h"
#include "wire/client.pb-c.h"

static const uint16_t part_fields[] = {
    FIELD_PART_NAME, FIELD_PART_STATE, FIELD_PART_DEFAULT, FIELD_PART_HIDDEN, FIELD_PART_ROOT_ONLY,
    FIELD_PART_NODES, FIELD_PART_TOTAL_NODES, FIELD_PART_TOTAL_CPUS, FIELD_PART_TOTAL_MEM,
    FIELD_PART_MAX_TIME, FIELD_PART_DEFAULT_TIME, FIELD_PART_MAX_NODES, FIELD_PART_MIN_NODES,
    FIELD_PART_MAX_CPUS_NODE, FIELD_PART_DEF_MEM_NODE, FIELD_PART_DEF_MEM_CPU, FIELD_PART_MAX_MEM_NODE,
    FIELD_PART_MAX_MEM_CPU, FIELD_PART_OVER_SUBSCRIBE, FIELD_PART_PRIORITY_TIER, FIELD_PART_PRIORITY_JOB,
    FIELD_PART_ALLOW_GROUPS, FIELD_PART_ALLOW_ACCOUNTS, FIELD_PART_ALLOW_QOS, FIELD_PART_DENY_ACCOUNTS,
    FIELD_PART_DENY_QOS, FIELD_PART_ALLOC_NODES, FIELD_PART_GRACE_SEC, FIELD_PART_PREEMPT_MODE,
    FIELD_PART_QOS, FIELD_PART_EXCLUSIVE_USER, FIELD_PART_LLN,
    FIELD_PART_REQ_RESV, FIELD_PART_NO_ROOT, 0
};

static const char *or_word(const char *text, const char *word)
{
    return text && *text ? text : word;
}

static const char *yes(const struct table *t, unsigned field, size_t i)
{
    return table_int(t, field, i) == 1 ? "YES" : "NO";
}

static void add_count(struct record *rec, const char *key, int64_t value)
{
    if (value == FIELD_INFINITE || value == FIELD_UNSET)
        record_add(rec, "%s=UNLIMITED", key);
    else
        record_add(rec, "%s=%lld", key, (long long)value);
}

static void add_access(struct record *rec, const struct table *t, size_t i)
{
    record_add(rec, "PartitionName=%s", table_text(t, FIELD_PART_NAME, i));
    record_line(rec);
    record_add(rec, "AllowGroups=%s", or_word(table_text(t, FIELD_PART_ALLOW_GROUPS, i), "ALL"));
    if (table_text(t, FIELD_PART_DENY_ACCOUNTS, i))
        record_add(rec, " DenyAccounts=%s", table_text(t, FIELD_PART_DENY_ACCOUNTS, i));
    else
        record_add(rec, " AllowAccounts=%s", or_word(table_text(t, FIELD_PART_ALLOW_ACCOUNTS, i), "ALL"));
    if (table_text(t, FIELD_PART_DENY_QOS, i))
        record_add(rec, " DenyQos=%s", table_text(t, FIELD_PART_DENY_QOS, i));
    else
        record_add(rec, " AllowQos=%s", or_word(table_text(t, FIELD_PART_ALLOW_QOS, i), "ALL"));
    record_line(rec);
    record_add(rec, "AllocNodes=%s Default=%s QoS=%s", or_word(table_text(t, FIELD_PART_ALLOC_NODES, i), "ALL"),
               yes(t, FIELD_PART_DEFAULT, i), or_word(table_text(t, FIELD_PART_QOS, i), "N/A"));
    record_line(rec);
    record_limit(rec, "DefaultTime", table_int(t, FIELD_PART_DEFAULT_TIME, i), "NONE");
    record_add(rec, " DisableRootJobs=%s ExclusiveUser=%s GraceTime=%lld Hidden=%s",
               yes(t, FIELD_PART_NO_ROOT, i),               yes(t, FIELD_PART_EXCLUSIVE_USER, i),
               (long long)(table_int(t, FIELD_PART_GRACE_SEC, i) > 0 ? table_int(t, FIELD_PART_GRACE_SEC, i) : 0),
               yes(t, FIELD_PART_HIDDEN, i));
    record_line(rec);
}

static void add_limits(struct record *rec, const struct table *t, size_t i)
{
    int64_t min_nodes = table_int(t, FIELD_PART_MIN_NODES, i);

    add_count(rec, "MaxNodes", table_int(t, FIELD_PART_MAX_NODES, i));
    record_add(rec, " ");
    record_limit(rec, "MaxTime", table_int(t, FIELD_PART_MAX_TIME, i), "UNLIMITED");
    record_add(rec, " MinNodes=%lld LLN=%s ", (long long)(min_nodes > 0 ? min_nodes : 0), yes(t, FIELD_PART_LLN, i));
    add_count(rec, "MaxCPUsPerNode", table_int(t, FIELD_PART_MAX_CPUS_NODE, i));
    record_line(rec);
    record_text(rec, "Nodes", table_text(t, FIELD_PART_NODES, i));
    record_line(rec);
    record_add(rec, "PriorityJobFactor=%lld PriorityTier=%lld RootOnly=%s ReqResv=%s OverSubscribe=%s",
               (long long)(table_int(t, FIELD_PART_PRIORITY_JOB, i) >= 0 ? table_int(t, FIELD_PART_PRIORITY_JOB, i) : 1),
               (long long)table_int(t, FIELD_PART_PRIORITY_TIER, i), yes(t, FIELD_PART_ROOT_ONLY, i),
               yes(t, FIELD_PART_REQ_RESV, i),                or_word(table_text(t, FIELD_PART_OVER_SUBSCRIBE, i), "NO"));
    record_line(rec);
    record_add(rec, "OverTimeLimit=NONE PreemptMode=%s", or_word(table_text(t, FIELD_PART_PREEMPT_MODE, i), "OFF"));
    record_line(rec);
}

static void add_size(struct record *rec, const struct table *t, size_t i)
{
    static const char *const states[] = { "DOWN", "UP", "DRAIN", "INACTIVE" };
    int64_t state = table_int(t, FIELD_PART_STATE, i), cpus = table_int(t, FIELD_PART_TOTAL_CPUS, i);

    record_add(rec, "State=%s TotalCPUs=%lld TotalNodes=%lld SelectTypeParameters=NONE",
               state >= 0 && state < (int64_t)ARRAY_SIZE(states) ? states[state] : "UNKNOWN", (long long)cpus,
               (long long)table_int(t, FIELD_PART_TOTAL_NODES, i));
    record_line(rec);
    record_add(rec, "JobDefaults=(null)");
    record_line(rec);
    if (table_int(t, FIELD_PART_DEF_MEM_CPU, i) > 0)
        add_count(rec, "DefMemPerCPU", table_int(t, FIELD_PART_DEF_MEM_CPU, i));
    else
        add_count(rec, "DefMemPerNode", table_int(t, FIELD_PART_DEF_MEM_NODE, i));
    record_add(rec, " ");
    if (table_int(t, FIELD_PART_MAX_MEM_CPU, i) > 0)
        add_count(rec, "MaxMemPerCPU", table_int(t, FIELD_PART_MAX_MEM_CPU, i));
    else
        add_count(rec, "MaxMemPerNode", table_int(t, FIELD_PART_MAX_MEM_NODE, i));
    record_line(rec);
    record_tres(rec, "TRES", cpus, table_int(t, FIELD_PART_TOTAL_MEM, i), table_int(t, FIELD_PART_TOTAL_NODES, i));
    if (cpus > 0)
        record_add(rec, ",billing=%lld", (long long)cpus);
}

static bool is_named(const void *name, const struct table *t, size_t row)
{
    return !strcmp(name, table_text(t, FIELD_PART_NAME, row));
}

int show_part(struct scontrol *sc, int argc, char **argv)
{
    Wire__QueryRequest req = WIRE__QUERY_REQUEST__INIT;
    struct error err = { 0 };
    struct table *table;
    char message[2 * ERROR_TEXT_MAX];
    size_t shown = 0;

    req.has_table = true;
    req.table = QUERY_PARTS;
    req.has_all = true;
    req.all = sc->all || argc;
    if (sc->doc)
        return show_document(sc, &doc_parts, &req, "slurm_load_partitions", argc ? is_named : NULL, argv[0]);
    if (!(table = scontrol_query(sc, &req, part_fields, &err))) {
        fprintf(stderr, "slurm_load_partitions error: %s\n", scontrol_error_text(&err, message, sizeof message));
        return -1;
    }
    for (size_t i = 0; i < table_rows(table); i++) {
        struct record rec = { .oneliner = sc->oneliner };

        if (argc && strcmp(argv[0], table_text(table, FIELD_PART_NAME, i)))
            continue;
        shown++;
        add_access(&rec, table, i);
        add_limits(&rec, table, i);
        add_size(&rec, table, i);
        record_end(&rec);
        strbuf_fini(&rec.text);
    }
    table_destroy(table);
    if (!shown && argc)
        printf("Partition %s not found\n", argv[0]);
    else if (!shown && !sc->quiet)
        puts("No partitions in the system");
    return shown || !argc ? 0 : -1;
}
