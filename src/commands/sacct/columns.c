/* columns.c - what sacct can show of a job or a step. */
#include <string.h>
#include <sys/wait.h>

#include "bramble/constants.h"
#include "commands/display/usage_cells.h"
#include "commands/sacct/sacct_private.h"

static int64_t get(const struct view *v, unsigned field, size_t row)
{
    return table_int(v->table, field, row);
}
static const char *text(const struct view *v, unsigned field, size_t row)
{
    return table_text(v->table, field, row);
}
static bool is_step(const struct view *v, size_t row)
{
    return get(v, FIELD_ACCT_STEP_ID, row) >= 0;
}

/* ---- plain values ---- */

/* Names the field's text; of a job only where only jobs have it. */
#define TEXT_COLUMN(name, field)                                                               \
    static void show_##name(struct strbuf *out, const struct view *v, size_t row)              \
    {                                                                                          \
        cell_text(out, text(v, FIELD_ACCT_##field, row));                                      \
    }
#define JOB_TEXT_COLUMN(name, field)                                                           \
    static void show_##name(struct strbuf *out, const struct view *v, size_t row)              \
    {                                                                                          \
        if (!is_step(v, row))                                                                  \
            cell_text(out, text(v, FIELD_ACCT_##field, row));                                  \
    }
#define JOB_INT_COLUMN(name, field)                                                            \
    static void show_##name(struct strbuf *out, const struct view *v, size_t row)              \
    {                                                                                          \
        if (!is_step(v, row) && get(v, FIELD_ACCT_##field, row) >= 0)                          \
            cell_int(out, get(v, FIELD_ACCT_##field, row));                                    \
    }
TEXT_COLUMN(account, ACCOUNT)
TEXT_COLUMN(cluster, CLUSTER)
TEXT_COLUMN(name, NAME)
JOB_TEXT_COLUMN(admin_comment, ADMIN_COMMENT)
JOB_TEXT_COLUMN(comment, COMMENT)
JOB_TEXT_COLUMN(constraints, CONSTRAINT)
JOB_TEXT_COLUMN(flags, FLAGS)
JOB_TEXT_COLUMN(group, GROUP)
JOB_TEXT_COLUMN(partition, PARTITION)
JOB_TEXT_COLUMN(qos, QOS)
JOB_TEXT_COLUMN(req_tres, TRES_REQ)
JOB_TEXT_COLUMN(reservation, RESERVATION)
JOB_TEXT_COLUMN(user, USER)
JOB_TEXT_COLUMN(wckey, WCKEY)
JOB_TEXT_COLUMN(work_dir, WORK_DIR)
JOB_INT_COLUMN(gid, GID)
JOB_INT_COLUMN(priority, PRIORITY)
JOB_INT_COLUMN(uid, UID)

static void show_submit_line(struct strbuf *out, const struct view *v, size_t row)
{
    if (get(v, FIELD_ACCT_STEP_ID, row) != STEP_BATCH) /* nobody typed one */
        cell_text(out, text(v, FIELD_ACCT_SUBMIT_LINE, row));
}
static void show_zero(struct strbuf *out, const struct view *v, size_t row)
{
    (void)v, (void)row;
    strbuf_addc(out, '0');
}
static void show_nothing(struct strbuf *out, const struct view *v, size_t row)
{
    (void)out, (void)v, (void)row;
}
static void show_job_zero(struct strbuf *out, const struct view *v, size_t row)
{
    if (!is_step(v, row))
        strbuf_addc(out, '0');
}
static void show_step_zero(struct strbuf *out, const struct view *v, size_t row)
{
    if (is_step(v, row))
        strbuf_addc(out, '0');
}
static void show_cpu_freq(struct strbuf *out, const struct view *v, size_t row)
{
    strbuf_add(out, get(v, FIELD_ACCT_STEP_ID, row) == STEP_BATCH ? "0" : "Unknown");
}
static void show_reason(struct strbuf *out, const struct view *v, size_t row)
{
    const char *reason = text(v, FIELD_ACCT_REASON, row);

    if (!is_step(v, row))
        cell_text(out, reason ? reason : "None");
}

/* ---- ids ---- */

static void show_id(struct strbuf *out, const struct view *v, size_t row)
{
    int64_t array = get(v, FIELD_ACCT_ARRAY_ID, row), task = get(v, FIELD_ACCT_ARRAY_TASK, row);
    const char *tasks = text(v, FIELD_ACCT_ARRAY_TASKS, row);

    if (array <= 0) {
        cell_int(out, get(v, FIELD_ACCT_JOB_ID, row));
    } else {
        cell_int(out, array);
        strbuf_addc(out, '_');
        if (tasks)
            strbuf_addf(out, "[%s]", tasks);
        else
            cell_int(out, task);
    }
    cell_step(out, get(v, FIELD_ACCT_STEP_ID, row));
}
static void show_id_raw(struct strbuf *out, const struct view *v, size_t row)
{
    cell_int(out, get(v, FIELD_ACCT_JOB_ID, row));
    cell_step(out, get(v, FIELD_ACCT_STEP_ID, row));
}

/* ---- states ---- */

static void show_state(struct strbuf *out, const struct view *v, size_t row)
{
    int64_t state = get(v, FIELD_ACCT_STATE, row), by = get(v, FIELD_ACCT_KILL_UID, row);

    /* nodes being cleaned are no matter of accounts */
    strbuf_add(out, state == JOB_COMPLETING || state == JOB_CONFIGURING ? "RUNNING"
                                                                        : job_state_long(state));
    if (state == JOB_CANCELLED && by >= 0 && !is_step(v, row))
        strbuf_addf(out, " by %lld", (long long)by);
}
static void show_status(struct strbuf *out, int64_t status)
{
    int code = 0, signum = 0, raw = status > 0 ? (int)status : 0;

    if (WIFSIGNALED(raw))
        signum = WTERMSIG(raw);
    else
        code = WEXITSTATUS(raw);
    strbuf_addf(out, "%d:%d", code >= 128 ? code - 128 : code, signum);
}
static void show_exit(struct strbuf *out, const struct view *v, size_t row)
{
    show_status(out, get(v, FIELD_ACCT_EXIT_STATUS, row));
}
static void show_derived_exit(struct strbuf *out, const struct view *v, size_t row)
{
    if (!is_step(v, row))
        show_status(out, get(v, FIELD_ACCT_DERIVED_EXIT, row));
}

/* ---- times ---- */

static int64_t cut_to_window(const struct view *v, int64_t when)
{
    const struct sacct_view *sv = v->arg;

    if (!sv || !sv->truncate || when <= 0)
        return when;
    return when < sv->start ? sv->start : sv->end > 0 && when > sv->end ? sv->end : when;
}
static int64_t start_of(const struct view *v, size_t row)
{
    return cut_to_window(v, get(v, FIELD_ACCT_START_TIME, row));
}
static int64_t end_of(const struct view *v, size_t row)
{
    return cut_to_window(v, get(v, FIELD_ACCT_END_TIME, row));
}
static int64_t elapsed(const struct view *v, size_t row)
{
    int64_t start = start_of(v, row), end = end_of(v, row);
    int64_t suspended = get(v, FIELD_ACCT_SUSPENDED_SEC, row);

    if (start <= 0)
        return 0;
    if (end <= 0)
        end = cut_to_window(v, v->now);
    end -= start + (suspended > 0 ? suspended : 0);
    return end > 0 ? end : 0;
}
static void show_elapsed(struct strbuf *out, const struct view *v, size_t row)
{
    cell_duration_full(out, elapsed(v, row));
}
static void show_elapsed_raw(struct strbuf *out, const struct view *v, size_t row)
{
    cell_int(out, elapsed(v, row));
}
static void show_submit(struct strbuf *out, const struct view *v, size_t row)
{
    cell_time(out, v, get(v, FIELD_ACCT_SUBMIT_TIME, row), "Unknown");
}
static void show_eligible(struct strbuf *out, const struct view *v, size_t row)
{
    cell_time(out, v, get(v, FIELD_ACCT_ELIGIBLE_TIME, row), "Unknown");
}
static void show_start(struct strbuf *out, const struct view *v, size_t row)
{
    /* ended without having begun: there is no start to come */
    cell_time(out, v, start_of(v, row), end_of(v, row) > 0 ? "None" : "Unknown");
}
static void show_end(struct strbuf *out, const struct view *v, size_t row)
{
    cell_time(out, v, end_of(v, row), "Unknown");
}
static int64_t waited(const struct view *v, size_t row)
{
    int64_t from = get(v, FIELD_ACCT_ELIGIBLE_TIME, row), until = get(v, FIELD_ACCT_START_TIME, row);

    if (until <= 0)
        until = get(v, FIELD_ACCT_END_TIME, row);
    if (until <= 0)
        until = v->now;
    return from > 0 && until > from ? until - from : 0;
}
static void show_reserved(struct strbuf *out, const struct view *v, size_t row)
{
    if (!is_step(v, row))
        cell_duration_full(out, waited(v, row));
}
static int64_t cpus_of(const struct view *v, size_t row)
{
    int64_t cpus = get(v, FIELD_ACCT_NUM_CPUS, row);

    if (cpus <= 0)
        cpus = get(v, FIELD_ACCT_REQ_CPUS, row);
    return cpus > 0 ? cpus : 0;
}
static void show_resv_cpu(struct strbuf *out, const struct view *v, size_t row)
{
    if (!is_step(v, row))
        cell_duration_full(out, waited(v, row) * cpus_of(v, row));
}
static void show_resv_cpu_raw(struct strbuf *out, const struct view *v, size_t row)
{
    if (!is_step(v, row))
        cell_int(out, waited(v, row) * cpus_of(v, row));
}
static void show_suspended(struct strbuf *out, const struct view *v, size_t row)
{
    int64_t sec = get(v, FIELD_ACCT_SUSPENDED_SEC, row);

    cell_duration_full(out, sec > 0 ? sec : 0);
}
static void show_limit(struct strbuf *out, const struct view *v, size_t row)
{
    int64_t limit = get(v, FIELD_ACCT_TIME_LIMIT, row);

    if (is_step(v, row))
        return;
    if (limit == FIELD_INFINITE)
        strbuf_add(out, "UNLIMITED");
    else if (limit < 0)
        strbuf_add(out, "Partition_Limit");
    else
        cell_duration_full(out, limit * 60);
}
static void show_limit_raw(struct strbuf *out, const struct view *v, size_t row)
{
    int64_t limit = get(v, FIELD_ACCT_TIME_LIMIT, row);

    if (!is_step(v, row) && limit >= 0)
        cell_int(out, limit);
    else
        show_limit(out, v, row);
}

/* ---- CPUs and their time ---- */

static void show_cpus(struct strbuf *out, const struct view *v, size_t row)
{
    cell_int(out, cpus_of(v, row));
}
static void show_req_cpus(struct strbuf *out, const struct view *v, size_t row)
{
    int64_t cpus = get(v, FIELD_ACCT_REQ_CPUS, row);

    cell_int(out, cpus > 0 ? cpus : cpus_of(v, row));
}
static void show_cpu_time(struct strbuf *out, const struct view *v, size_t row)
{
    cell_duration_full(out, elapsed(v, row) * cpus_of(v, row));
}
static void show_cpu_time_raw(struct strbuf *out, const struct view *v, size_t row)
{
    cell_int(out, elapsed(v, row) * cpus_of(v, row));
}
/* Used CPU time: milliseconds as long as there are no hours. */
static void show_usage(struct strbuf *out, int64_t usec)
{
    int64_t sec, msec;

    if (usec <= 0) {
        strbuf_add(out, "00:00:00");
        return;
    }
    sec = usec / 1000000;
    msec = usec / 1000 % 1000;
    if (sec >= 3600 || !msec)
        cell_duration_full(out, sec);
    else
        strbuf_addf(out, "%02lld:%02lld.%03lld", (long long)sec / 60, (long long)sec % 60,
                    (long long)msec);
}
static int64_t user_usec(const struct view *v, size_t row)
{
    int64_t usec = get(v, FIELD_ACCT_USER_USEC, row);

    return usec > 0 ? usec : 0;
}
static int64_t sys_usec(const struct view *v, size_t row)
{
    int64_t usec = get(v, FIELD_ACCT_SYS_USEC, row);

    return usec > 0 ? usec : 0;
}
static void show_user_cpu(struct strbuf *out, const struct view *v, size_t row)
{
    show_usage(out, user_usec(v, row));
}
static void show_system_cpu(struct strbuf *out, const struct view *v, size_t row)
{
    show_usage(out, sys_usec(v, row));
}
static void show_total_cpu(struct strbuf *out, const struct view *v, size_t row)
{
    show_usage(out, user_usec(v, row) + sys_usec(v, row));
}
static int64_t tasks_of(const struct view *v, size_t row)
{
    int64_t tasks = get(v, FIELD_ACCT_NUM_TASKS, row);

    return tasks > 0 ? tasks : 1;
}
static void show_ave_cpu(struct strbuf *out, const struct view *v, size_t row)
{
    if (is_step(v, row))
        cell_duration_full(out, (user_usec(v, row) + sys_usec(v, row)) / tasks_of(v, row) / 1000000);
}
static void show_tasks(struct strbuf *out, const struct view *v, size_t row)
{
    if (is_step(v, row))
        cell_int(out, tasks_of(v, row));
}

/* ---- nodes ---- */

static void show_nodes(struct strbuf *out, const struct view *v, size_t row)
{
    const char *list = text(v, FIELD_ACCT_NODE_LIST, row);

    cell_text(out, list && *list ? list : "None assigned");
}
static void show_num_nodes(struct strbuf *out, const struct view *v, size_t row)
{
    int64_t nodes = get(v, FIELD_ACCT_NUM_NODES, row);

    cell_int(out, nodes > 0 ? nodes : 0);
}
static void show_alloc_nodes(struct strbuf *out, const struct view *v, size_t row)
{
    if (text(v, FIELD_ACCT_NODE_LIST, row))
        show_num_nodes(out, v, row);
    else
        strbuf_addc(out, '0');
}
static void show_layout(struct strbuf *out, const struct view *v, size_t row)
{
    const char *layout = text(v, FIELD_ACCT_LAYOUT, row);

    if (is_step(v, row))
        cell_text(out, layout ? layout : "Unknown");
}
static void show_alloc_tres(struct strbuf *out, const struct view *v, size_t row)
{
    const char *tres = text(v, FIELD_ACCT_TRES_ALLOC, row);

    if (!tres || get(v, FIELD_ACCT_START_TIME, row) <= 0)
        return;
    if (is_step(v, row) && !strncmp(tres, "billing=", 8) && strchr(tres, ','))
        tres = strchr(tres, ',') + 1; /* a job is billed, not its steps */
    cell_text(out, tres);
}

/* ---- memory and disk ---- */

static void show_req_mem(struct strbuf *out, const struct view *v, size_t row)
{
    int64_t mb = get(v, FIELD_ACCT_REQ_MEM, row), nodes = get(v, FIELD_ACCT_NUM_NODES, row);

    if (is_step(v, row))
        return;
    if (mb > 0) /* the whole job's: Slurm counts it so */
        mb *= get(v, FIELD_ACCT_REQ_MEM_CPU, row) > 0 ? cpus_of(v, row) : nodes > 0 ? nodes : 1;
    cell_size(out, v, mb > 0 ? (double)mb : 0, 2);
}
static void show_max_rss(struct strbuf *out, const struct view *v, size_t row)
{
    int64_t kb = get(v, FIELD_ACCT_MAX_RSS_KB, row);

    if (!is_step(v, row) || kb < 0)
        return;
    if (v->noconvert && !v->units)
        cell_int(out, kb * 1024); /* bytes, as Slurm keeps it */
    else
        cell_size(out, v, (double)kb, 1);
}
static void show_max_rss_node(struct strbuf *out, const struct view *v, size_t row)
{
    if (is_step(v, row) && get(v, FIELD_ACCT_MAX_RSS_KB, row) >= 0)
        cell_text(out, text(v, FIELD_ACCT_MAX_RSS_NODE, row));
}
static void show_max_rss_task(struct strbuf *out, const struct view *v, size_t row)
{
    if (is_step(v, row) && get(v, FIELD_ACCT_MAX_RSS_KB, row) >= 0
        && get(v, FIELD_ACCT_MAX_RSS_TASK, row) >= 0)
        cell_int(out, get(v, FIELD_ACCT_MAX_RSS_TASK, row));
}
/* In MiB, if no other unit is asked for. */
static void show_disk(struct strbuf *out, const struct view *v, size_t row, double bytes)
{
    static const char units[] = "MGTP";
    double value = bytes / (1024 * 1024);
    const char *unit = v->units == 'K' ? NULL : strchr(units, v->units ? v->units : 'M');

    if (!is_step(v, row) || bytes < 0)
        return;
    for (const char *at = units; unit && at < unit; at++)
        value /= 1024;
    strbuf_addf(out, "%.2f%c", unit ? value : value * 1024, unit ? *unit : 'K');
}
/* Of older records the sum is known: a task's share only when there is one task. */
static void show_most(struct strbuf *out, const struct view *v, size_t row, enum usage_kind kind, unsigned field)
{
    const struct usage *u = sacct_usage(v, row);

    if (u && u->spans[kind].known)
        show_disk(out, v, row, (double)u->spans[kind].max);
    else if (tasks_of(v, row) == 1)
        show_disk(out, v, row, (double)get(v, field, row));
}
static void show_max_read(struct strbuf *out, const struct view *v, size_t row)
{
    show_most(out, v, row, USAGE_READ, FIELD_ACCT_DISK_READ);
}
static void show_ave_read(struct strbuf *out, const struct view *v, size_t row)
{
    show_disk(out, v, row, (double)get(v, FIELD_ACCT_DISK_READ, row) / (double)tasks_of(v, row));
}
static void show_max_write(struct strbuf *out, const struct view *v, size_t row)
{
    show_most(out, v, row, USAGE_WRITE, FIELD_ACCT_DISK_WRITE);
}
static void show_ave_write(struct strbuf *out, const struct view *v, size_t row)
{
    show_disk(out, v, row, (double)get(v, FIELD_ACCT_DISK_WRITE, row) / (double)tasks_of(v, row));
}

const struct usage *sacct_usage(const struct view *v, size_t row)
{
    struct sacct_view *sv = v->arg;

    if (!is_step(v, row))
        return NULL;
    if (sv->usage_row != row + 1) {
        usage_parse(&sv->usage, text(v, FIELD_ACCT_USAGE, row));
        sv->usage_row = row + 1;
    }
    return &sv->usage;
}

#define A(field) FIELD_ACCT_##field
#define WHEN A(START_TIME), A(END_TIME), A(SUSPENDED_SEC)
#define COLUMN(name, wide, show, ...) { .names = name, .header = name, .format = show,         \
                                        .fields = { __VA_ARGS__ }, .width = wide }
#define EMPTY(name, wide) COLUMN(name, wide, show_nothing, A(JOB_ID))

const struct column sacct_columns[] = {
    COLUMN("Account", 10, show_account, A(ACCOUNT)),
    COLUMN("AdminComment", 15, show_admin_comment, A(ADMIN_COMMENT), A(STEP_ID)),
    COLUMN("AllocCPUS", 10, show_cpus, A(NUM_CPUS), A(REQ_CPUS)),
    COLUMN("AllocNodes", 10, show_alloc_nodes, A(NUM_NODES), A(NODE_LIST)),
    COLUMN("AllocTRES", 10, show_alloc_tres, A(TRES_ALLOC), A(START_TIME), A(STEP_ID)),
    COLUMN("AssocID", 7, show_zero, A(JOB_ID)),
    COLUMN("AveCPU", 10, show_ave_cpu, A(USER_USEC), A(SYS_USEC), A(NUM_TASKS), A(STEP_ID)),
    COLUMN("AveCPUFreq", 10, show_step_zero, A(STEP_ID)),
    COLUMN("AveDiskRead", 14, show_ave_read, A(DISK_READ), A(NUM_TASKS), A(USAGE), A(STEP_ID)),
    COLUMN("AveDiskWrite", 14, show_ave_write, A(DISK_WRITE), A(NUM_TASKS), A(USAGE), A(STEP_ID)),
    COLUMN("AvePages", 10, usage_pages_ave, A(USAGE), A(STEP_ID)),
    COLUMN("AveRSS", 10, usage_mem_ave, A(USAGE), A(STEP_ID)),
    COLUMN("AveVMSize", 10, usage_vmem_ave, A(USAGE), A(STEP_ID)),
    EMPTY("BlockID", 16),
    COLUMN("Cluster", 10, show_cluster, A(CLUSTER)),
    COLUMN("Comment", 14, show_comment, A(COMMENT), A(STEP_ID)),
    COLUMN("Constraints", 19, show_constraints, A(CONSTRAINT), A(STEP_ID)),
    COLUMN("ConsumedEnergy", 14, show_zero, A(JOB_ID)),
    COLUMN("ConsumedEnergyRaw", 17, show_zero, A(JOB_ID)),
    EMPTY("Container", 19),
    COLUMN("CPUTime", 10, show_cpu_time, A(NUM_CPUS), A(REQ_CPUS), WHEN),
    COLUMN("CPUTimeRAW", 10, show_cpu_time_raw, A(NUM_CPUS), A(REQ_CPUS), WHEN),
    COLUMN("DBIndex", 10, show_zero, A(JOB_ID)),
    COLUMN("DerivedExitCode", 15, show_derived_exit, A(DERIVED_EXIT), A(STEP_ID)),
    COLUMN("Elapsed", 10, show_elapsed, WHEN),
    COLUMN("ElapsedRaw", 10, show_elapsed_raw, WHEN),
    COLUMN("Eligible", 19, show_eligible, A(ELIGIBLE_TIME)),
    COLUMN("End", 19, show_end, A(END_TIME)),
    COLUMN("ExitCode", 8, show_exit, A(EXIT_STATUS)),
    COLUMN("Flags", 19, show_flags, A(FLAGS), A(STEP_ID)),
    COLUMN("GID", 6, show_gid, A(GID), A(STEP_ID)),
    COLUMN("Group", 9, show_group, A(GROUP), A(STEP_ID)),
    COLUMN("JobID", -12, show_id, A(JOB_ID), A(STEP_ID), A(ARRAY_ID), A(ARRAY_TASK), A(ARRAY_TASKS)),
    COLUMN("JobIDRaw", -12, show_id_raw, A(JOB_ID), A(STEP_ID)),
    COLUMN("JobName", 10, show_name, A(NAME)),
    COLUMN("Layout", 9, show_layout, A(LAYOUT), A(STEP_ID)),
    COLUMN("MaxDiskRead", 12, show_max_read, A(DISK_READ), A(NUM_TASKS), A(USAGE), A(STEP_ID)),
    COLUMN("MaxDiskReadNode", 15, usage_read_max_node, A(USAGE), A(STEP_ID)),
    COLUMN("MaxDiskReadTask", 15, usage_read_max_task, A(USAGE), A(STEP_ID)),
    COLUMN("MaxDiskWrite", 12, show_max_write, A(DISK_WRITE), A(NUM_TASKS), A(USAGE), A(STEP_ID)),
    COLUMN("MaxDiskWriteNode", 16, usage_write_max_node, A(USAGE), A(STEP_ID)),
    COLUMN("MaxDiskWriteTask", 16, usage_write_max_task, A(USAGE), A(STEP_ID)),
    COLUMN("MaxPages", 8, usage_pages_max, A(USAGE), A(STEP_ID)),
    COLUMN("MaxPagesNode", 12, usage_pages_max_node, A(USAGE), A(STEP_ID)),
    COLUMN("MaxPagesTask", 14, usage_pages_max_task, A(USAGE), A(STEP_ID)),
    COLUMN("MaxRSS", 10, show_max_rss, A(MAX_RSS_KB), A(STEP_ID)),
    COLUMN("MaxRSSNode", 10, show_max_rss_node, A(MAX_RSS_NODE), A(MAX_RSS_KB), A(STEP_ID)),
    COLUMN("MaxRSSTask", 10, show_max_rss_task, A(MAX_RSS_TASK), A(MAX_RSS_KB), A(STEP_ID)),
    COLUMN("MaxVMSize", 10, usage_vmem_max, A(USAGE), A(STEP_ID)),
    COLUMN("MaxVMSizeNode", 14, usage_vmem_max_node, A(USAGE), A(STEP_ID)),
    COLUMN("MaxVMSizeTask", 14, usage_vmem_max_task, A(USAGE), A(STEP_ID)),
    EMPTY("McsLabel", 12),
    COLUMN("MinCPU", 10, usage_cpu_min, A(USAGE), A(STEP_ID)),
    COLUMN("MinCPUNode", 10, usage_cpu_min_node, A(USAGE), A(STEP_ID)),
    COLUMN("MinCPUTask", 10, usage_cpu_min_task, A(USAGE), A(STEP_ID)),
    COLUMN("NCPUS", 10, show_cpus, A(NUM_CPUS), A(REQ_CPUS)),
    COLUMN("NNodes", 8, show_num_nodes, A(NUM_NODES)),
    COLUMN("NodeList", 15, show_nodes, A(NODE_LIST)),
    COLUMN("NTasks", 8, show_tasks, A(NUM_TASKS), A(STEP_ID)),
    COLUMN("Partition", 10, show_partition, A(PARTITION), A(STEP_ID)),
    COLUMN("Priority", 10, show_priority, A(PRIORITY), A(STEP_ID)),
    COLUMN("QOS", 10, show_qos, A(QOS), A(STEP_ID)),
    COLUMN("QOSRAW", 6, show_job_zero, A(STEP_ID)),
    COLUMN("Reason", 22, show_reason, A(REASON), A(STEP_ID)),
    COLUMN("ReqCPUFreq", 10, show_cpu_freq, A(STEP_ID)),
    COLUMN("ReqCPUFreqGov", 13, show_cpu_freq, A(STEP_ID)),
    COLUMN("ReqCPUFreqMax", 13, show_cpu_freq, A(STEP_ID)),
    COLUMN("ReqCPUFreqMin", 13, show_cpu_freq, A(STEP_ID)),
    COLUMN("ReqCPUS", 8, show_req_cpus, A(REQ_CPUS), A(NUM_CPUS)),
    COLUMN("ReqMem", 10, show_req_mem, A(REQ_MEM), A(REQ_MEM_CPU), A(NUM_NODES), A(NUM_CPUS),
           A(REQ_CPUS), A(STEP_ID)),
    COLUMN("ReqNodes", 8, show_num_nodes, A(NUM_NODES)),
    COLUMN("ReqTRES", 10, show_req_tres, A(TRES_REQ), A(STEP_ID)),
    COLUMN("Reservation", 20, show_reservation, A(RESERVATION), A(STEP_ID)),
    EMPTY("ReservationId", 8),
    COLUMN("Reserved", 10, show_reserved, A(ELIGIBLE_TIME), A(START_TIME), A(END_TIME),
           A(STEP_ID)),
    COLUMN("ResvCPU", 10, show_resv_cpu, A(ELIGIBLE_TIME), A(START_TIME), A(END_TIME),
           A(NUM_CPUS), A(REQ_CPUS), A(STEP_ID)),
    COLUMN("ResvCPURAW", 10, show_resv_cpu_raw, A(ELIGIBLE_TIME), A(START_TIME),
           A(END_TIME), A(NUM_CPUS), A(REQ_CPUS), A(STEP_ID)),
    COLUMN("Start", 19, show_start, A(START_TIME), A(END_TIME)),
    COLUMN("State", 10, show_state, A(STATE), A(KILL_UID), A(STEP_ID)),
    COLUMN("Submit", 19, show_submit, A(SUBMIT_TIME)),
    COLUMN("SubmitLine", 20, show_submit_line, A(SUBMIT_LINE), A(STEP_ID)),
    COLUMN("Suspended", 10, show_suspended, A(SUSPENDED_SEC)),
    EMPTY("SystemComment", 15),
    COLUMN("SystemCPU", 10, show_system_cpu, A(SYS_USEC)),
    COLUMN("Timelimit", 10, show_limit, A(TIME_LIMIT), A(STEP_ID)),
    COLUMN("TimelimitRaw", 10, show_limit_raw, A(TIME_LIMIT), A(STEP_ID)),
    COLUMN("TotalCPU", 10, show_total_cpu, A(USER_USEC), A(SYS_USEC)),
    COLUMN("TRESUsageInAve", 14, usage_in_ave, A(USAGE), A(STEP_ID)),
    COLUMN("TRESUsageInMax", 14, usage_in_max, A(USAGE), A(STEP_ID)),
    COLUMN("TRESUsageInMaxNode", 18, usage_in_max_node, A(USAGE), A(STEP_ID)),
    COLUMN("TRESUsageInMaxTask", 18, usage_in_max_task, A(USAGE), A(STEP_ID)),
    COLUMN("TRESUsageInMin", 14, usage_in_min, A(USAGE), A(STEP_ID)),
    COLUMN("TRESUsageInMinNode", 18, usage_in_min_node, A(USAGE), A(STEP_ID)),
    COLUMN("TRESUsageInMinTask", 18, usage_in_min_task, A(USAGE), A(STEP_ID)),
    COLUMN("TRESUsageInTot", 14, usage_in_tot, A(USAGE), A(STEP_ID)),
    COLUMN("TRESUsageOutAve", 15, usage_out_ave, A(USAGE), A(STEP_ID)),
    COLUMN("TRESUsageOutMax", 15, usage_out_max, A(USAGE), A(STEP_ID)),
    COLUMN("TRESUsageOutMaxNode", 19, usage_out_max_node, A(USAGE), A(STEP_ID)),
    COLUMN("TRESUsageOutMaxTask", 19, usage_out_max_task, A(USAGE), A(STEP_ID)),
    COLUMN("TRESUsageOutMin", 15, usage_out_min, A(USAGE), A(STEP_ID)),
    COLUMN("TRESUsageOutMinNode", 19, usage_out_min_node, A(USAGE), A(STEP_ID)),
    COLUMN("TRESUsageOutMinTask", 19, usage_out_min_task, A(USAGE), A(STEP_ID)),
    COLUMN("TRESUsageOutTot", 15, usage_out_tot, A(USAGE), A(STEP_ID)),
    COLUMN("UID", 6, show_uid, A(UID), A(STEP_ID)),
    COLUMN("User", 9, show_user, A(USER), A(STEP_ID)),
    COLUMN("UserCPU", 10, show_user_cpu, A(USER_USEC)),
    COLUMN("WCKey", 10, show_wckey, A(WCKEY), A(STEP_ID)),
    COLUMN("WCKeyID", 10, show_job_zero, A(STEP_ID)),
    COLUMN("WorkDir", 20, show_work_dir, A(WORK_DIR), A(STEP_ID)),
    /* names of later releases */
    { .names = "Planned", .header = "Planned", .format = show_reserved, .flags = COL_HIDDEN, .width = 10,
      .fields = { A(ELIGIBLE_TIME), A(START_TIME), A(END_TIME), A(STEP_ID) } },
    { .names = "PlannedCPU", .header = "PlannedCPU", .format = show_resv_cpu, .flags = COL_HIDDEN,
      .width = 10,
      .fields = { A(ELIGIBLE_TIME), A(START_TIME), A(END_TIME), A(NUM_CPUS), A(REQ_CPUS), A(STEP_ID) } },
    { .names = "PlannedCPURAW", .header = "PlannedCPURAW", .format = show_resv_cpu_raw,
      .flags = COL_HIDDEN, .width = 13,
      .fields = { A(ELIGIBLE_TIME), A(START_TIME), A(END_TIME), A(NUM_CPUS), A(REQ_CPUS), A(STEP_ID) } },
};
const size_t sacct_num_columns = sizeof(sacct_columns) / sizeof(sacct_columns[0]);

const char sacct_format_long[] =
    "jobid,jobidraw,jobname,partition,maxvmsize,maxvmsizenode,maxvmsizetask,avevmsize,maxrss,"
    "maxrssnode,maxrsstask,averss,maxpages,maxpagesnode,maxpagestask,avepages,mincpu,mincpunode,"
    "mincputask,avecpu,ntasks,alloccpus,elapsed,state,exitcode,avecpufreq,reqcpufreqmin,"
    "reqcpufreqmax,reqcpufreqgov,reqmem,consumedenergy,maxdiskread,maxdiskreadnode,maxdiskreadtask,"
    "avediskread,maxdiskwrite,maxdiskwritenode,maxdiskwritetask,avediskwrite,reqtres,alloctres,"
    "tresusageinave,tresusageinmax,tresusageinmaxnode,tresusageinmaxtask,tresusageinmin,"
    "tresusageinminnode,tresusageinmintask,tresusageintot,tresusageoutmax,tresusageoutmaxnode,"
    "tresusageoutmaxtask,tresusageoutave,tresusageouttot";
