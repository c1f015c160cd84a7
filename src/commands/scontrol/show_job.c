/* show_job.c - scontrol show job. */
#include "config.h"
#include "scontrol.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "bramble/constants.h"
#include "commands/display/column.h"
#include "commands/display/doc.h"
#include "commands/display/console.h"
#include "util/error.h"
#include "util/jobid.h"
#include "util/mem.h"
#include "util/num.h"
#include "util/timefmt.h"
#include "wire/client.pb-c.h"

static const uint16_t job_fields[] = {
    FIELD_JOB_ID, FIELD_JOB_ARRAY_ID, FIELD_JOB_ARRAY_TASK, FIELD_JOB_ARRAY_TASKS,
    FIELD_JOB_ARRAY_MAX_RUN, FIELD_JOB_HET_ID, FIELD_JOB_HET_OFFSET, FIELD_JOB_HET_SET, FIELD_JOB_NAME,
    FIELD_JOB_USER, FIELD_JOB_UID, FIELD_JOB_GROUP, FIELD_JOB_GID, FIELD_JOB_ACCOUNT, FIELD_JOB_QOS,
    FIELD_JOB_PARTITION, FIELD_JOB_STATE, FIELD_JOB_REASON, FIELD_JOB_REASON_TEXT, FIELD_JOB_PRIORITY,
    FIELD_JOB_NICE, FIELD_JOB_SUBMIT_TIME, FIELD_JOB_ELIGIBLE_TIME, FIELD_JOB_ACCRUE_TIME,
    FIELD_JOB_START_TIME, FIELD_JOB_END_TIME, FIELD_JOB_DEADLINE, FIELD_JOB_SUSPEND_TIME,
    FIELD_JOB_LAST_SCHED_TIME, FIELD_JOB_RUN_SEC, FIELD_JOB_TIME_LIMIT, FIELD_JOB_TIME_MIN,
    FIELD_JOB_NODE_LIST, FIELD_JOB_SCHED_NODES, FIELD_JOB_REQ_NODES, FIELD_JOB_EXC_NODES,
    FIELD_JOB_BATCH_HOST, FIELD_JOB_NUM_NODES, FIELD_JOB_MAX_NODES, FIELD_JOB_NUM_CPUS,
    FIELD_JOB_NUM_TASKS, FIELD_JOB_CPUS_PER_TASK, FIELD_JOB_NTASKS_PER_NODE, FIELD_JOB_NTASKS_PER_SOCKET,
    FIELD_JOB_NTASKS_PER_CORE, FIELD_JOB_MIN_CPUS_NODE, FIELD_JOB_MEM_PER_NODE, FIELD_JOB_MEM_PER_CPU,
    FIELD_JOB_MEM_TOTAL, FIELD_JOB_MIN_TMP, FIELD_JOB_FEATURES, FIELD_JOB_GRES, FIELD_JOB_DEPENDENCY,
    FIELD_JOB_RESERVATION, FIELD_JOB_LICENSES, FIELD_JOB_WCKEY, FIELD_JOB_COMMENT, FIELD_JOB_ADMIN_COMMENT,
    FIELD_JOB_WORK_DIR, FIELD_JOB_COMMAND, FIELD_JOB_STD_IN, FIELD_JOB_STD_OUT, FIELD_JOB_STD_ERR,
    FIELD_JOB_ALLOC_NODE, FIELD_JOB_ALLOC_SID, FIELD_JOB_REQUEUE, FIELD_JOB_RESTARTS, FIELD_JOB_KIND,
    FIELD_JOB_EXIT_STATUS, FIELD_JOB_DERIVED_EXIT, FIELD_JOB_SHARED, FIELD_JOB_CONTIGUOUS,
    FIELD_JOB_CORE_SPEC, FIELD_JOB_MAIL_USER, FIELD_JOB_MAIL_EVENTS,
    FIELD_JOB_ALLOC_DETAIL, FIELD_JOB_RAN_BEFORE, FIELD_JOB_GRES_TOTAL, FIELD_JOB_TRES_PER_JOB,
    FIELD_JOB_TRES_PER_SOCKET, FIELD_JOB_TRES_PER_TASK, FIELD_JOB_CPUS_PER_GPU, FIELD_JOB_MEM_PER_GPU,
    FIELD_JOB_PREFER, FIELD_JOB_REQ_SWITCH, FIELD_JOB_WAIT_SWITCH, 0
};

struct row {
    const struct table *table;
    size_t at;
};

static int64_t num(const struct row *row, unsigned field)
{
    return table_int(row->table, field, row->at);
}

static int64_t num_or(const struct row *row, unsigned field, int64_t unset)
{
    int64_t value = table_int(row->table, field, row->at);

    return value == FIELD_UNSET ? unset : value;
}

static const char *text(const struct row *row, unsigned field)
{
    return table_text(row->table, field, row->at);
}

static void add_exit(struct record *rec, const char *key, int64_t status)
{
    int wait_status = status > 0 ? (int)status : 0;

    record_add(rec, "%s=%d:%d", key, WIFSIGNALED(wait_status) ? 0 : WEXITSTATUS(wait_status),
               WIFSIGNALED(wait_status) ? WTERMSIG(wait_status) : 0);
}

static void add_identity(struct record *rec, const struct row *row)
{
    const char *user = text(row, FIELD_JOB_USER), *group = text(row, FIELD_JOB_GROUP);

    record_add(rec, "JobId=%lld ", (long long)num(row, FIELD_JOB_ID));
    if (num(row, FIELD_JOB_ARRAY_ID) != FIELD_UNSET) {
        const char *tasks = text(row, FIELD_JOB_ARRAY_TASKS);

        record_add(rec, "ArrayJobId=%lld ", (long long)num(row, FIELD_JOB_ARRAY_ID));
        if (tasks) {
            CLEANUP_STRBUF struct strbuf list = STRBUF_INIT;

            cell_tasks(&list, tasks);
            record_add(rec, "ArrayTaskId=%s ", strbuf_str(&list));
        } else {
            record_add(rec, "ArrayTaskId=%lld ", (long long)num(row, FIELD_JOB_ARRAY_TASK));
        }
        if (num_or(row, FIELD_JOB_ARRAY_MAX_RUN, 0))
            record_add(rec, "ArrayTaskThrottle=%lld ", (long long)num(row, FIELD_JOB_ARRAY_MAX_RUN));
    }
    if (num_or(row, FIELD_JOB_HET_ID, 0))
        record_add(rec, "HetJobId=%lld HetJobOffset=%lld ", (long long)num(row, FIELD_JOB_HET_ID),
                   (long long)num(row, FIELD_JOB_HET_OFFSET));
    record_text(rec, "JobName", text(row, FIELD_JOB_NAME));
    record_line(rec);
    if (text(row, FIELD_JOB_HET_SET)) {
        record_text(rec, "HetJobIdSet", text(row, FIELD_JOB_HET_SET));
        record_line(rec);
    }
    record_add(rec, "UserId=%s(%lld) GroupId=%s(%lld) MCS_label=N/A", user ? user : "(null)",
               (long long)num(row, FIELD_JOB_UID), group ? group : "(null)", (long long)num(row, FIELD_JOB_GID));
    record_line(rec);
    record_add(rec, "Priority=%lld Nice=%lld ", (long long)num_or(row, FIELD_JOB_PRIORITY, 0),
               (long long)num_or(row, FIELD_JOB_NICE, 0));
    record_text(rec, "Account", text(row, FIELD_JOB_ACCOUNT));
    record_add(rec, " ");
    record_text(rec, "QOS", text(row, FIELD_JOB_QOS));
    if (text(row, FIELD_JOB_WCKEY)) {
        record_add(rec, " ");
        record_text(rec, "WCKey", text(row, FIELD_JOB_WCKEY));
    }
    record_line(rec);
}

static void add_state(struct record *rec, const struct row *row, bool details)
{
    int64_t state = num(row, FIELD_JOB_STATE), reason = num_or(row, FIELD_JOB_REASON, 0);
    const char *why = text(row, FIELD_JOB_REASON_TEXT);
    CLEANUP_STRBUF struct strbuf reason_text = STRBUF_INIT;

    record_add(rec, "JobState=%s ", job_state_long(state));
    job_reason_text(&reason_text, reason, why, num(row, FIELD_JOB_EXIT_STATUS));
    record_add(rec, "Reason=");
    for (why = strbuf_str(&reason_text); *why; why++) /* one word */
        record_add(rec, "%c", *why == ' ' ? '_' : *why);
    record_add(rec, " ");
    record_text(rec, "Dependency", text(row, FIELD_JOB_DEPENDENCY));
    record_line(rec);
    record_add(rec, "Requeue=%d Restarts=%lld BatchFlag=%d Reboot=0 ", num_or(row, FIELD_JOB_REQUEUE, 0) == 1,
               (long long)num_or(row, FIELD_JOB_RESTARTS, 0), num_or(row, FIELD_JOB_KIND, 0) == JOB_KIND_BATCH);
    add_exit(rec, "ExitCode", num(row, FIELD_JOB_EXIT_STATUS));
    record_line(rec);
    if (details) {
        add_exit(rec, "DerivedExitCode", num(row, FIELD_JOB_DERIVED_EXIT));
        record_line(rec);
    }
}

static void add_times(struct record *rec, const struct row *row)
{
    int64_t start = num(row, FIELD_JOB_START_TIME), end = num(row, FIELD_JOB_END_TIME);
    int64_t limit = num(row, FIELD_JOB_TIME_LIMIT);
    char buf[TIME_TEXT_MAX];

    record_add(rec, "RunTime=%s ", duration_format_full(num_or(row, FIELD_JOB_RUN_SEC, 0), buf));
    record_limit(rec, "TimeLimit", num(row, FIELD_JOB_TIME_LIMIT), "Partition_Limit");
    record_add(rec, " ");
    record_limit(rec, "TimeMin", num(row, FIELD_JOB_TIME_MIN), "N/A");
    record_line(rec);
    record_time(rec, "SubmitTime", num(row, FIELD_JOB_SUBMIT_TIME), "Unknown");
    record_add(rec, " ");
    record_time(rec, "EligibleTime", num(row, FIELD_JOB_ELIGIBLE_TIME), "Unknown");
    record_line(rec);
    record_time(rec, "AccrueTime", num(row, FIELD_JOB_ACCRUE_TIME), "Unknown");
    record_line(rec);
    record_time(rec, "StartTime", num(row, FIELD_JOB_START_TIME), "Unknown");
    record_add(rec, " ");
    if (end <= 0 && start > 0 && limit > 0)
        end = start + limit * 60; /* planned */
    record_time(rec, "EndTime", end, "Unknown");
    record_add(rec, " ");
    record_time(rec, "Deadline", num(row, FIELD_JOB_DEADLINE), "N/A");
    record_line(rec);
    record_time(rec, "SuspendTime", num(row, FIELD_JOB_SUSPEND_TIME), "None");
    record_add(rec, " SecsPreSuspend=%lld ", (long long)num_or(row, FIELD_JOB_RAN_BEFORE, 0));
    record_time(rec, "LastSchedEval", num(row, FIELD_JOB_LAST_SCHED_TIME), "Unknown");
    record_add(rec, " Scheduler=Main");
    record_line(rec);
}

/* "HOSTLIST CPUS MEM GRES;..." of the controller becomes a line a group of nodes. */
static void add_alloc_detail(struct record *rec, const char *detail, const char *gres_total)
{
    CLEANUP_FREE char *copy = xstrdup(detail ? detail : "");
    char *save = NULL;

    record_text(rec, "JOB_GRES", gres_total);
    record_line(rec);
    for (char *group = strtok_r(copy, ";", &save); group; group = strtok_r(NULL, ";", &save)) {
        char *cpus = strchr(group, ' '), *mem = cpus ? strchr(cpus + 1, ' ') : NULL;
        char *gres = mem ? strchr(mem + 1, ' ') : NULL;

        if (!mem)
            continue;
        *cpus++ = '\0';
        *mem++ = '\0';
        if (gres)
            *gres++ = '\0';
        record_add(rec, "  Nodes=%s CPU_IDs=%s Mem=%s GRES=%s", group, cpus, mem, gres ? gres : "");
        record_line(rec);
    }
}

static void add_or_star(struct record *rec, int64_t value)
{
    if (value < 0)
        record_add(rec, "*");
    else
        record_add(rec, "%lld", (long long)value);
}

static void add_nodes(struct record *rec, const struct row *row, bool details)
{
    int64_t max_nodes = num(row, FIELD_JOB_MAX_NODES), nodes = num_or(row, FIELD_JOB_NUM_NODES, 0);
    int64_t state = num(row, FIELD_JOB_STATE), sid = num_or(row, FIELD_JOB_ALLOC_SID, 0);
    const char *list = text(row, FIELD_JOB_NODE_LIST), *host = text(row, FIELD_JOB_ALLOC_NODE);

    record_text(rec, "Partition", text(row, FIELD_JOB_PARTITION));
    record_add(rec, " AllocNode:Sid=%s:%lld", host ? host : "(null)", (long long)sid);
    record_line(rec);
    record_text(rec, "ReqNodeList", text(row, FIELD_JOB_REQ_NODES));
    record_add(rec, " ");
    record_text(rec, "ExcNodeList", text(row, FIELD_JOB_EXC_NODES));
    record_line(rec);
    record_add(rec, "NodeList=%s", list ? list : "");
    if (text(row, FIELD_JOB_SCHED_NODES))
        record_add(rec, " SchedNodeList=%s", text(row, FIELD_JOB_SCHED_NODES));
    record_line(rec);
    if (text(row, FIELD_JOB_BATCH_HOST)) {
        record_text(rec, "BatchHost", text(row, FIELD_JOB_BATCH_HOST));
        record_line(rec);
    }
    record_add(rec, "NumNodes=%lld", (long long)nodes);
    if (state == JOB_PENDING && max_nodes >= nodes)
        record_add(rec, "-%lld", (long long)max_nodes);
    record_add(rec, " NumCPUs=%lld NumTasks=%lld CPUs/Task=%lld ReqB:S:C:T=0:0:*:*",
               (long long)num_or(row, FIELD_JOB_NUM_CPUS, 0), (long long)num_or(row, FIELD_JOB_NUM_TASKS, 1),
               (long long)num_or(row, FIELD_JOB_CPUS_PER_TASK, 1));
    record_line(rec);
    record_tres(rec, "TRES", num(row, FIELD_JOB_NUM_CPUS), num(row, FIELD_JOB_MEM_TOTAL), nodes);
    if (num(row, FIELD_JOB_NUM_CPUS) > 0)
        record_add(rec, ",billing=%lld", (long long)num(row, FIELD_JOB_NUM_CPUS));
    record_gres(rec, text(row, FIELD_JOB_GRES_TOTAL));
    record_line(rec);
    record_add(rec, "Socks/Node=* NtasksPerN:B:S:C=%lld:0:",
               (long long)num_or(row, FIELD_JOB_NTASKS_PER_NODE, 0));
    add_or_star(rec, num(row, FIELD_JOB_NTASKS_PER_SOCKET));
    record_add(rec, ":");
    add_or_star(rec, num(row, FIELD_JOB_NTASKS_PER_CORE));
    record_add(rec, " CoreSpec=");
    add_or_star(rec, num(row, FIELD_JOB_CORE_SPEC));
    record_line(rec);
    if (details && list)
        add_alloc_detail(rec, text(row, FIELD_JOB_ALLOC_DETAIL), text(row, FIELD_JOB_GRES_TOTAL));
}

/* What is asked for by GPU, job, node, socket or task, on one line when there is any. */
static void add_tres(struct record *rec, const struct row *row)
{
    static const struct {
        unsigned field;
        const char *key;
    } keys[] = { { FIELD_JOB_TRES_PER_JOB, "TresPerJob" },
                 { FIELD_JOB_GRES, "TresPerNode" },
                 { FIELD_JOB_TRES_PER_SOCKET, "TresPerSocket" },
                 { FIELD_JOB_TRES_PER_TASK, "TresPerTask" } };
    if (num(row, FIELD_JOB_CPUS_PER_GPU) > 0) {
        record_add(rec, "CpusPerTres=gres:gpu:%lld", (long long)num(row, FIELD_JOB_CPUS_PER_GPU));
        record_line(rec);
    }
    if (num(row, FIELD_JOB_MEM_PER_GPU) > 0) {
        record_add(rec, "MemPerTres=gres:gpu:%lld", (long long)num(row, FIELD_JOB_MEM_PER_GPU));
        record_line(rec);
    }
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        if (!text(row, keys[i].field))
            continue;
        record_add(rec, "%s=%s", keys[i].key, text(row, keys[i].field));
        record_line(rec);
    }
}

static void add_request(struct record *rec, const struct row *row)
{
    static const char *const shared[] = { "NO", "YES", "USER" };
    int64_t per_cpu = num(row, FIELD_JOB_MEM_PER_CPU), share = num(row, FIELD_JOB_SHARED);
    char buf[32];

    record_add(rec, "MinCPUsNode=%lld ", (long long)num_or(row, FIELD_JOB_MIN_CPUS_NODE,
                                                           num_or(row, FIELD_JOB_CPUS_PER_TASK, 1)));
    if (per_cpu > 0)
        record_add(rec, "MinMemoryCPU=%s ", record_mem(per_cpu, buf));
    else
        record_add(rec, "MinMemoryNode=%s ", record_mem(num_or(row, FIELD_JOB_MEM_PER_NODE, 0), buf));
    record_add(rec, "MinTmpDiskNode=%s", record_mem(num_or(row, FIELD_JOB_MIN_TMP, 0), buf));
    record_line(rec);
    record_text(rec, "Features", text(row, FIELD_JOB_FEATURES));
    if (text(row, FIELD_JOB_PREFER))
        record_add(rec, " Prefer=%s", text(row, FIELD_JOB_PREFER));
    record_add(rec, " DelayBoot=00:00:00");
    record_line(rec);
    if (num(row, FIELD_JOB_REQ_SWITCH) > 0) {
        char wait[TIME_TEXT_MAX];

        duration_format(num_or(row, FIELD_JOB_WAIT_SWITCH, 0), wait);
        record_add(rec, "ReqSwitch=%lld Wait4Switch=%s", (long long)num(row, FIELD_JOB_REQ_SWITCH), wait);
        record_line(rec);
    }
    if (text(row, FIELD_JOB_RESERVATION)) {
        record_text(rec, "Reservation", text(row, FIELD_JOB_RESERVATION));
        record_line(rec);
    }
    record_add(rec, "OverSubscribe=%s Contiguous=%d ", share >= 0 && share < 3 ? shared[share] : "OK",
               num_or(row, FIELD_JOB_CONTIGUOUS, 0) == 1);
    record_text(rec, "Licenses", text(row, FIELD_JOB_LICENSES));
    record_add(rec, " Network=(null)");
    record_line(rec);
    record_text(rec, "Command", text(row, FIELD_JOB_COMMAND));
    record_line(rec);
    record_text(rec, "WorkDir", text(row, FIELD_JOB_WORK_DIR));
    if (text(row, FIELD_JOB_ADMIN_COMMENT)) {
        record_line(rec);
        record_add(rec, "AdminComment=%s ", text(row, FIELD_JOB_ADMIN_COMMENT));
    }
    if (text(row, FIELD_JOB_COMMENT)) {
        record_line(rec);
        record_add(rec, "Comment=%s ", text(row, FIELD_JOB_COMMENT));
    }
    if (num_or(row, FIELD_JOB_KIND, 0) == JOB_KIND_BATCH) {
        record_line(rec);
        record_text(rec, "StdErr", text(row, FIELD_JOB_STD_ERR));
        record_line(rec);
        record_text(rec, "StdIn", text(row, FIELD_JOB_STD_IN));
        record_line(rec);
        record_text(rec, "StdOut", text(row, FIELD_JOB_STD_OUT));
    }
    record_line(rec);
    record_add(rec, "Power=");
    if (num_or(row, FIELD_JOB_MAIL_EVENTS, 0)) {
        static const char *const names[] = {
#define X(e, n) n,
            MAIL_EVENTS(X)
#undef X
        };
        int64_t events = num(row, FIELD_JOB_MAIL_EVENTS);
        const char *user = text(row, FIELD_JOB_MAIL_USER), *comma = "";

        record_line(rec);
        record_add(rec, "MailUser=%s MailType=", user ? user : text(row, FIELD_JOB_USER));
        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
            if (events & 1 << i) {
                record_add(rec, "%s%s", comma, names[i]);
                comma = ",";
            }
    }
    record_line(rec);
    add_tres(rec, row);
}

static void print_job(struct scontrol *sc, const struct row *row)
{
    struct record rec = { .oneliner = sc->oneliner };

    add_identity(&rec, row);
    add_state(&rec, row, sc->details);
    add_times(&rec, row);
    add_nodes(&rec, row, sc->details);
    add_request(&rec, row);
    record_end(&rec);
    strbuf_fini(&rec.text);
}

int show_job(struct scontrol *sc, int argc, char **argv)
{
    Wire__QueryRequest req = WIRE__QUERY_REQUEST__INIT;
    struct error err = { 0 };
    struct table *table;
    char message[2 * ERROR_TEXT_MAX];
    struct jobid id;

    req.has_table = true;
    req.table = QUERY_JOBS;
    req.has_all = true;
    req.all = sc->all || argc;
    if (argc) {
        argv[0][strcspn(argv[0], ".")] = '\0';
        req.job_ids = argv;
        req.n_job_ids = 1;
        if (jobid_parse(argv[0], &id, NULL) < 0) {
            fputs("scontrol_print_job error: Invalid job id specified\n", stderr);
            return -1;
        }
        jobid_fini(&id);
    }
    if (sc->doc)
        return show_document(sc, &doc_jobs, &req, "slurm_load_jobs", NULL, NULL);
    if (!(table = scontrol_query(sc, &req, job_fields, &err))) {
        if (!sc->quiet)
            fprintf(stderr, "slurm_load_jobs error: %s\n", scontrol_error_text(&err, message, sizeof message));
        return -1;
    }
    for (size_t i = 0; i < table_rows(table); i++)
        print_job(sc, &(struct row){ table, i });
    if (!table_rows(table) && argc) {
        fprintf(stderr, "Job %s not found\n", argv[0]);
        table_destroy(table);
        return -1;
    }
    if (!table_rows(table) && !sc->quiet)
        puts("No jobs in the system");
    table_destroy(table);
    return 0;
}
