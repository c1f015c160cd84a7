/* show_node.c - scontrol show node and show step. */
#include "config.h"
#include "scontrol.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "bramble/constants.h"
#include "commands/display/doc.h"
#include "commands/display/column.h"
#include "commands/display/node_state.h"
#include "util/error.h"
#include "util/hostlist.h"
#include "util/mem.h"
#include "util/timefmt.h"
#include "wire/client.pb-c.h"

#define MAX_HOSTS 65536

static const uint16_t node_fields[] = {
    FIELD_NODE_NAME, FIELD_NODE_HOST, FIELD_NODE_ADDR, FIELD_NODE_PORT, FIELD_NODE_STATE, FIELD_NODE_ARCH,
    FIELD_NODE_OS, FIELD_NODE_CPUS, FIELD_NODE_CPUS_ALLOC, FIELD_NODE_SOCKETS, FIELD_NODE_CORES,
    FIELD_NODE_THREADS, FIELD_NODE_CPU_LOAD, FIELD_NODE_MEM, FIELD_NODE_MEM_ALLOC, FIELD_NODE_MEM_FREE,
    FIELD_NODE_TMP, FIELD_NODE_WEIGHT, FIELD_NODE_FEATURES, FIELD_NODE_GRES, FIELD_NODE_PARTITIONS,
    FIELD_NODE_VERSION, FIELD_NODE_BOOT_TIME, FIELD_NODE_START_TIME, FIELD_NODE_LAST_BUSY, FIELD_NODE_REASON,
    FIELD_NODE_REASON_USER, FIELD_NODE_REASON_TIME, FIELD_NODE_NOTES, FIELD_NODE_COMMENT,
    FIELD_NODE_CORE_SPEC, FIELD_NODE_OWNER, FIELD_NODE_MODEL, FIELD_NODE_EXTRA, 0
};
static const uint16_t step_fields[] = {
    FIELD_STEP_JOB_ID, FIELD_STEP_ID, FIELD_STEP_NAME, FIELD_STEP_UID, FIELD_STEP_PARTITION,
    FIELD_STEP_STATE, FIELD_STEP_START_TIME, FIELD_STEP_TIME_LIMIT, FIELD_STEP_NODE_LIST,
    FIELD_STEP_NUM_NODES, FIELD_STEP_NUM_CPUS, FIELD_STEP_NUM_TASKS, FIELD_STEP_MEM,
    FIELD_STEP_ARRAY_ID, FIELD_STEP_ARRAY_TASK, FIELD_STEP_DISTRIBUTION, FIELD_STEP_SRUN_HOST, FIELD_STEP_SRUN_PID, 0
};

static void add_word(void *arg, const char *name)
{
    struct record *rec = arg;
    bool first = rec->text.len && rec->text.data[rec->text.len - 1] == '=';

    record_add(rec, "%s%s", first ? "" : "+", name);
}

static void add_state(struct record *rec, int64_t state)
{
    record_add(rec, "State=");
    node_state_each(state, add_word, rec);
    record_add(rec, " ");
}

static int64_t num_or(const struct table *t, unsigned field, size_t row, int64_t unset)
{
    int64_t value = table_int(t, field, row);

    return value == FIELD_UNSET ? unset : value;
}

static void add_hardware(struct record *rec, const struct table *t, size_t i)
{
    const char *arch = table_text(t, FIELD_NODE_ARCH, i), *host = table_text(t, FIELD_NODE_HOST, i);
    const char *name = table_text(t, FIELD_NODE_NAME, i), *addr = table_text(t, FIELD_NODE_ADDR, i);
    const char *os = table_text(t, FIELD_NODE_OS, i), *version = table_text(t, FIELD_NODE_VERSION, i);
    int64_t cpus = num_or(t, FIELD_NODE_CPUS, i, 0), load = table_int(t, FIELD_NODE_CPU_LOAD, i);

    record_add(rec, "NodeName=%s ", name);
    if (arch)
        record_add(rec, "Arch=%s ", arch);
    record_add(rec, "CoresPerSocket=%lld ", (long long)num_or(t, FIELD_NODE_CORES, i, 0));
    record_line(rec);
    record_add(rec, "CPUAlloc=%lld CPUEfctv=%lld CPUTot=%lld ",
               (long long)num_or(t, FIELD_NODE_CPUS_ALLOC, i, 0), (long long)cpus, (long long)cpus);
    if (load == FIELD_UNSET)
        record_add(rec, "CPULoad=N/A");
    else
        record_add(rec, "CPULoad=%.2f", (double)load / 100);
    record_line(rec);
    record_text(rec, "AvailableFeatures", table_text(t, FIELD_NODE_FEATURES, i));
    record_line(rec);
    record_text(rec, "ActiveFeatures", table_text(t, FIELD_NODE_FEATURES, i));
    record_line(rec);
    record_text(rec, "Gres", table_text(t, FIELD_NODE_GRES, i));
    record_line(rec);
    record_add(rec, "NodeAddr=%s NodeHostName=%s", addr ? addr : name, host ? host : name);
    if (num_or(t, FIELD_NODE_PORT, i, 0))
        record_add(rec, " Port=%lld", (long long)table_int(t, FIELD_NODE_PORT, i));
    if (version)
        record_add(rec, " Version=%s", version);
    record_line(rec);
    if (os) {
        record_add(rec, "OS=%s ", os);
        record_line(rec);
    }
}

static void add_resources(struct record *rec, const struct table *t, size_t i)
{
    int64_t free_mem = table_int(t, FIELD_NODE_MEM_FREE, i);
    const char *owner = table_text(t, FIELD_NODE_OWNER, i);
    const char *partitions = table_text(t, FIELD_NODE_PARTITIONS, i);

    record_add(rec, "RealMemory=%lld AllocMem=%lld ", (long long)num_or(t, FIELD_NODE_MEM, i, 0),
               (long long)num_or(t, FIELD_NODE_MEM_ALLOC, i, 0));
    if (free_mem == FIELD_UNSET)
        record_add(rec, "FreeMem=N/A ");
    else
        record_add(rec, "FreeMem=%lld ", (long long)free_mem);
    record_add(rec, "Sockets=%lld Boards=1", (long long)num_or(t, FIELD_NODE_SOCKETS, i, 0));
    record_line(rec);
    if (table_int(t, FIELD_NODE_CORE_SPEC, i) > 0) {
        record_add(rec, "CoreSpecCount=%lld ", (long long)table_int(t, FIELD_NODE_CORE_SPEC, i));
        record_line(rec);
    }
    add_state(rec, table_int(t, FIELD_NODE_STATE, i));
    record_add(rec, "ThreadsPerCore=%lld TmpDisk=%lld Weight=%lld Owner=%s MCS_label=N/A",
               (long long)num_or(t, FIELD_NODE_THREADS, i, 0), (long long)num_or(t, FIELD_NODE_TMP, i, 0),
               (long long)num_or(t, FIELD_NODE_WEIGHT, i, 1), owner ? owner : "N/A");
    record_line(rec);
    if (partitions) {
        record_add(rec, "Partitions=%s ", partitions);
        record_line(rec);
    }
}

static void add_history(struct record *rec, const struct table *t, size_t i, bool details)
{
    int64_t cpus = num_or(t, FIELD_NODE_CPUS, i, 0), alloc = num_or(t, FIELD_NODE_CPUS_ALLOC, i, 0);
    const char *reason = table_text(t, FIELD_NODE_REASON, i), *by = table_text(t, FIELD_NODE_REASON_USER, i);
    char buf[TIME_TEXT_MAX];

    record_time(rec, "BootTime", table_int(t, FIELD_NODE_BOOT_TIME, i), "None");
    record_add(rec, " ");
    record_time(rec, "SlurmdStartTime", table_int(t, FIELD_NODE_START_TIME, i), "None");
    record_line(rec);
    record_time(rec, "LastBusyTime", table_int(t, FIELD_NODE_LAST_BUSY, i), "Unknown");
    record_line(rec);
    record_tres(rec, "CfgTRES", cpus, table_int(t, FIELD_NODE_MEM, i), 0);
    if (cpus > 0)
        record_add(rec, ",billing=%lld", (long long)cpus);
    record_line(rec);
    record_tres(rec, "AllocTRES", alloc, table_int(t, FIELD_NODE_MEM_ALLOC, i), 0);
    record_line(rec);
    record_add(rec, "CapWatts=n/a");
    record_line(rec);
    record_add(rec, "CurrentWatts=0 AveWatts=0");
    record_line(rec);
    record_add(rec, "ExtSensorsJoules=n/s ExtSensorsWatts=0 ExtSensorsTemp=n/s");
    if (reason) {
        record_line(rec);
        record_add(rec, "Reason=%s [%s@%s]", reason, by ? by : "bramble",
                   time_at_format((time_t)num_or(t, FIELD_NODE_REASON_TIME, i, 0), NULL, buf));
    }
    if (table_text(t, FIELD_NODE_COMMENT, i)) {
        record_line(rec);
        record_text(rec, "Comment", table_text(t, FIELD_NODE_COMMENT, i));
    }
    if (table_text(t, FIELD_NODE_EXTRA, i)) {
        record_line(rec);
        record_text(rec, "Extra", table_text(t, FIELD_NODE_EXTRA, i));
    }
    if (details && table_text(t, FIELD_NODE_NOTES, i)) { /* what Slurm has no word for is a detail */
        record_line(rec);
        record_text(rec, "Notes", table_text(t, FIELD_NODE_NOTES, i));
    }
}

static void print_node(struct scontrol *sc, const struct table *t, size_t i)
{
    struct record rec = { .oneliner = sc->oneliner };

    add_hardware(&rec, t, i);
    add_resources(&rec, t, i);
    add_history(&rec, t, i, sc->details);
    record_end(&rec);
    strbuf_fini(&rec.text);
}

/* The names of a list that the table does not have are reported one by one. */
static int report_missing(const struct table *t, const struct hostlist *wanted)
{
    int rc = 0;

    hostlist_for_each(wanted, w, name) {
        bool found = false;

        for (size_t i = 0; i < table_rows(t) && !found; i++)
            found = !strcmp(table_text(t, FIELD_NODE_NAME, i), name);
        if (!found) {
            printf("Node %s not found\n", name);
            rc = -1;
        }
    }
    return rc;
}

static bool is_listed(const void *list, const struct table *t, size_t row)
{
    return hostlist_find(list, table_text(t, FIELD_NODE_NAME, row)) >= 0;
}

int show_node(struct scontrol *sc, int argc, char **argv)
{
    Wire__QueryRequest req = WIRE__QUERY_REQUEST__INIT;
    CLEANUP_HOSTLIST struct hostlist *wanted = NULL;
    struct error err = { 0 };
    struct table *table;
    char message[2 * ERROR_TEXT_MAX];
    int rc = 0;

    req.has_table = true;
    req.table = QUERY_NODES;
    req.has_all = true;
    req.all = true;
    if (argc && strcasecmp(argv[0], "ALL")) {
        if (!(wanted = hostlist_parse(argv[0], MAX_HOSTS, &err))) {
            fprintf(stderr, "scontrol: error: %s\n", err.text);
            return -1;
        }
    }
    if (sc->doc)
        return show_document(sc, &doc_nodes, &req, "slurm_load_node", wanted ? is_listed : NULL, wanted);
    if (!(table = scontrol_query(sc, &req, node_fields, &err))) {
        fprintf(stderr, "slurm_load_node error: %s\n", scontrol_error_text(&err, message, sizeof message));
        return -1;
    }
    for (size_t i = 0; i < table_rows(table); i++)
        if (!wanted || hostlist_find(wanted, table_text(table, FIELD_NODE_NAME, i)) >= 0)
            print_node(sc, table, i);
    if (wanted)
        rc = report_missing(table, wanted);
    else if (!table_rows(table) && !sc->quiet)
        puts("No nodes in the system");
    table_destroy(table);
    return rc;
}

/* ---- steps ---- */

static void print_step(struct scontrol *sc, const struct table *t, size_t i)
{
    struct record rec = { .oneliner = sc->oneliner };
    const char *host = table_text(t, FIELD_STEP_SRUN_HOST, i);
    CLEANUP_STRBUF struct strbuf id = STRBUF_INIT;
    /* the script's processes have the job's CPUs, and are counted there */
    int64_t cpus = table_int(t, FIELD_STEP_ID, i) == STEP_BATCH ? 0 : num_or(t, FIELD_STEP_NUM_CPUS, i, 0);

    cell_step(&id, table_int(t, FIELD_STEP_ID, i));
    if (table_int(t, FIELD_STEP_ARRAY_TASK, i) != FIELD_UNSET)
        record_add(&rec, "StepId=%lld_%lld", (long long)table_int(t, FIELD_STEP_ARRAY_ID, i),
                   (long long)table_int(t, FIELD_STEP_ARRAY_TASK, i));
    else
        record_add(&rec, "StepId=%lld", (long long)table_int(t, FIELD_STEP_JOB_ID, i));
    record_add(&rec, "%s UserId=%lld ", strbuf_str(&id), (long long)table_int(t, FIELD_STEP_UID, i));
    record_time(&rec, "StartTime", table_int(t, FIELD_STEP_START_TIME, i), "Unknown");
    record_add(&rec, " ");
    record_limit(&rec, "TimeLimit", table_int(t, FIELD_STEP_TIME_LIMIT, i), "UNLIMITED");
    record_line(&rec);
    record_add(&rec, "State=%s ", table_int(t, FIELD_STEP_STATE, i) == JOB_COMPLETING ? "COMPLETING" : "RUNNING");
    record_text(&rec, "Partition", table_text(t, FIELD_STEP_PARTITION, i));
    record_add(&rec, " ");
    record_text(&rec, "NodeList", table_text(t, FIELD_STEP_NODE_LIST, i));
    record_line(&rec);
    record_add(&rec, "Nodes=%lld CPUs=%lld Tasks=%lld ", (long long)num_or(t, FIELD_STEP_NUM_NODES, i, 0),
               (long long)cpus, (long long)num_or(t, FIELD_STEP_NUM_TASKS, i, 0));
    record_text(&rec, "Name", table_text(t, FIELD_STEP_NAME, i));
    record_add(&rec, " Network=(null)");
    record_line(&rec);
    if (cpus)
        record_tres(&rec, "TRES", table_int(t, FIELD_STEP_NUM_CPUS, i), table_int(t, FIELD_STEP_MEM, i),
                    table_int(t, FIELD_STEP_NUM_NODES, i));
    else
        record_text(&rec, "TRES", NULL);
    record_line(&rec);
    record_text(&rec, "ResvPorts", NULL);
    record_line(&rec);
    record_add(&rec, "CPUFreqReq=Default");
    if (table_text(t, FIELD_STEP_DISTRIBUTION, i))
        record_add(&rec, " Dist=%s", table_text(t, FIELD_STEP_DISTRIBUTION, i));
    record_line(&rec);
    record_add(&rec, "SrunHost:Pid=%s:%lld", host ? host : "(null)",
               (long long)num_or(t, FIELD_STEP_SRUN_PID, i, 0));
    record_end(&rec);
    strbuf_fini(&rec.text);
}

int show_step(struct scontrol *sc, int argc, char **argv)
{
    Wire__QueryRequest req = WIRE__QUERY_REQUEST__INIT;
    struct error err = { 0 };
    struct table *table;
    char message[2 * ERROR_TEXT_MAX];
    size_t shown = 0;

    req.has_table = true;
    req.table = QUERY_STEPS;
    req.has_all = true;
    req.all = sc->all || argc;
    if (argc) {
        req.job_ids = argv;
        req.n_job_ids = 1;
    }
    if (sc->doc)
        return show_document(sc, &doc_steps, &req, "slurm_get_job_steps", NULL, NULL);
    if (!(table = scontrol_query(sc, &req, step_fields, &err))) {
        fprintf(stderr, "slurm_get_job_steps error: %s\n", scontrol_error_text(&err, message, sizeof message));
        return -1;
    }
    for (size_t i = 0; i < table_rows(table); i++, shown++)
        print_step(sc, table, i);
    table_destroy(table);
    if (!shown && argc) {
        printf("Job step %s not found\n", argv[0]);
        return -1;
    }
    if (!shown && !sc->quiet)
        puts("No job steps in the system");
    return 0;
}
