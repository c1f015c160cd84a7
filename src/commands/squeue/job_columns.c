/* job_columns.c - what squeue can show of a job. */
#include <string.h>

#include "bramble/constants.h"
#include "commands/squeue/squeue_private.h"
#include "util/gres.h"
#include "util/timefmt.h"

static int64_t get(const struct view *v, unsigned field, size_t row)
{
    return table_int(v->table, field, row);
}

static const char *text(const struct view *v, unsigned field, size_t row)
{
    return table_text(v->table, field, row);
}

/* ---- columns that say the same of every job here ---- */

static void show_star(struct strbuf *out, const struct view *v, size_t row)
{
    (void)v, (void)row;
    strbuf_addc(out, '*');
}
static void show_stars(struct strbuf *out, const struct view *v, size_t row)
{
    (void)v, (void)row;
    strbuf_add(out, "*:*:*");
}
static void show_na(struct strbuf *out, const struct view *v, size_t row)
{
    (void)v, (void)row;
    strbuf_add(out, "N/A");
}
static void show_not_federated(struct strbuf *out, const struct view *v, size_t row)
{
    (void)v, (void)row;
    strbuf_add(out, "NA");
}
static void show_zero(struct strbuf *out, const struct view *v, size_t row)
{
    (void)v, (void)row;
    strbuf_addc(out, '0');
}
static void show_zero_time(struct strbuf *out, const struct view *v, size_t row)
{
    (void)v, (void)row;
    strbuf_add(out, "0:00");
}
static void show_null(struct strbuf *out, const struct view *v, size_t row)
{
    (void)v, (void)row;
    strbuf_add(out, "(null)");
}
static void show_nothing(struct strbuf *out, const struct view *v, size_t row)
{
    (void)out, (void)v, (void)row;
}
static void show_not_set(struct strbuf *out, const struct view *v, size_t row)
{
    (void)v, (void)row;
    strbuf_add(out, "NotSet");
}

/* ---- ids ---- */

static void show_id(struct strbuf *out, const struct view *v, size_t row)
{
    cell_job_id(out, v->table, row);
}
static void show_het_number(struct strbuf *out, int64_t value)
{
    if (value == FIELD_UNSET)
        strbuf_add(out, "N/A");
    else
        cell_int(out, value);
}
static void show_het_id(struct strbuf *out, const struct view *v, size_t row)
{
    show_het_number(out, get(v, FIELD_JOB_HET_ID, row));
}
static void show_het_offset(struct strbuf *out, const struct view *v, size_t row)
{
    show_het_number(out, get(v, FIELD_JOB_HET_OFFSET, row));
}
static void show_het_set(struct strbuf *out, const struct view *v, size_t row)
{
    const char *set = text(v, FIELD_JOB_HET_SET, row);

    cell_text(out, set ? set : "N/A");
}
static int64_t key_id(const struct view *v, size_t row)
{
    int64_t array = get(v, FIELD_JOB_ARRAY_ID, row);
    int64_t task = get(v, FIELD_JOB_ARRAY_TASK, row);

    return (array > 0 ? array : get(v, FIELD_JOB_ID, row)) << 31 | (task < 0 ? 0x7fffffff : task);
}
static void show_array_id(struct strbuf *out, const struct view *v, size_t row)
{
    int64_t array = get(v, FIELD_JOB_ARRAY_ID, row);

    cell_int(out, array > 0 ? array : get(v, FIELD_JOB_ID, row));
}
static void show_array_task(struct strbuf *out, const struct view *v, size_t row)
{
    const char *tasks = text(v, FIELD_JOB_ARRAY_TASKS, row);
    int64_t task = get(v, FIELD_JOB_ARRAY_TASK, row);

    if (tasks)
        cell_tasks(out, tasks);
    else if (task >= 0)
        cell_int(out, task);
    else
        strbuf_add(out, "N/A");
}

/* ---- states and reasons ---- */

static void show_state(struct strbuf *out, const struct view *v, size_t row)
{
    strbuf_add(out, job_state_long(get(v, FIELD_JOB_STATE, row)));
}
static void show_state_compact(struct strbuf *out, const struct view *v, size_t row)
{
    strbuf_add(out, job_state_compact(get(v, FIELD_JOB_STATE, row)));
}
/* The first eight letters as a number that sorts as the word does. */
static int64_t key_word(const char *word)
{
    uint64_t key = 0;

    for (int i = 0; i < 8; i++) {
        key = key << 8 | (unsigned char)*word;
        word += *word != '\0';
    }
    return (int64_t)(key >> 1);
}
static int64_t key_state(const struct view *v, size_t row)
{
    return key_word(job_state_long(get(v, FIELD_JOB_STATE, row)));
}
static int64_t key_state_compact(const struct view *v, size_t row)
{
    return key_word(job_state_compact(get(v, FIELD_JOB_STATE, row)));
}
static void show_reason(struct strbuf *out, const struct view *v, size_t row)
{
    job_reason_text(out, get(v, FIELD_JOB_REASON, row), text(v, FIELD_JOB_REASON_TEXT, row),
                    get(v, FIELD_JOB_EXIT_STATUS, row));
}
static void show_reason_or_nodes(struct strbuf *out, const struct view *v, size_t row)
{
    switch (get(v, FIELD_JOB_STATE, row)) {
    case JOB_PENDING:
    case JOB_TIMEOUT:
    case JOB_OOM:
    case JOB_DEADLINE:
    case JOB_FAILED:
        strbuf_addc(out, '(');
        show_reason(out, v, row);
        strbuf_addc(out, ')');
        break;
    default:
        cell_text(out, text(v, FIELD_JOB_NODE_LIST, row));
    }
}

/* ---- times ---- */

static void show_start(struct strbuf *out, const struct view *v, size_t row)
{
    cell_time(out, v, get(v, FIELD_JOB_START_TIME, row), "N/A");
}
static int64_t key_start(const struct view *v, size_t row)
{
    int64_t start = get(v, FIELD_JOB_START_TIME, row);

    return start > 0 ? start : INT64_MAX; /* not known comes last */
}
static void show_end(struct strbuf *out, const struct view *v, size_t row)
{
    int64_t end = get(v, FIELD_JOB_END_TIME, row), start = get(v, FIELD_JOB_START_TIME, row);
    int64_t limit = get(v, FIELD_JOB_TIME_LIMIT, row);
    bool open_end = limit == FIELD_INFINITE;

    if (end <= 0 && start > 0 && limit > 0) /* planned */
        end = start + limit * 60;
    if (open_end && (end > v->now || (end <= 0 && start > 0)))
        strbuf_add(out, "NONE");
    else
        cell_time(out, v, end, "N/A");
}
static void show_field_time(struct strbuf *out, const struct view *v, unsigned field, size_t row)
{
    cell_time(out, v, get(v, field, row), "N/A");
}
static void show_submit(struct strbuf *out, const struct view *v, size_t row)
{
    show_field_time(out, v, FIELD_JOB_SUBMIT_TIME, row);
}
static void show_eligible(struct strbuf *out, const struct view *v, size_t row)
{
    show_field_time(out, v, FIELD_JOB_ELIGIBLE_TIME, row);
}
static void show_accrue(struct strbuf *out, const struct view *v, size_t row)
{
    show_field_time(out, v, FIELD_JOB_ACCRUE_TIME, row);
}
static void show_deadline(struct strbuf *out, const struct view *v, size_t row)
{
    show_field_time(out, v, FIELD_JOB_DEADLINE, row);
}
static void show_preempt(struct strbuf *out, const struct view *v, size_t row)
{
    show_field_time(out, v, FIELD_JOB_PREEMPT_TIME, row);
}
static void show_last_sched(struct strbuf *out, const struct view *v, size_t row)
{
    show_field_time(out, v, FIELD_JOB_LAST_SCHED_TIME, row);
}
static void show_minutes(struct strbuf *out, int64_t minutes)
{
    if (minutes == FIELD_INFINITE)
        strbuf_add(out, "UNLIMITED");
    else if (minutes < 0)
        strbuf_add(out, "NOT_SET");
    else
        cell_duration(out, minutes * 60);
}
static void show_limit(struct strbuf *out, const struct view *v, size_t row)
{
    show_minutes(out, get(v, FIELD_JOB_TIME_LIMIT, row));
}
static int64_t key_limit(const struct view *v, size_t row)
{
    int64_t limit = get(v, FIELD_JOB_TIME_LIMIT, row);

    return limit == FIELD_INFINITE ? INT64_MAX : limit;
}
static void show_left(struct strbuf *out, const struct view *v, size_t row)
{
    int64_t limit = get(v, FIELD_JOB_TIME_LIMIT, row), used = get(v, FIELD_JOB_RUN_SEC, row);

    if (limit < 0)
        show_minutes(out, limit);
    else
        cell_duration(out, limit * 60 - (used > 0 ? used : 0));
}
static int64_t key_left(const struct view *v, size_t row)
{
    int64_t limit = get(v, FIELD_JOB_TIME_LIMIT, row);

    return limit == FIELD_INFINITE ? INT64_MAX : limit * 60 - get(v, FIELD_JOB_RUN_SEC, row);
}
static void show_used(struct strbuf *out, const struct view *v, size_t row)
{
    int64_t used = get(v, FIELD_JOB_RUN_SEC, row);

    cell_duration(out, used == FIELD_UNSET ? 0 : used);
}
static void show_time_min(struct strbuf *out, const struct view *v, size_t row)
{
    int64_t min = get(v, FIELD_JOB_TIME_MIN, row);

    cell_duration(out, min > 0 ? min * 60 : 0);
}
static void show_pending(struct strbuf *out, const struct view *v, size_t row)
{
    int64_t start = get(v, FIELD_JOB_START_TIME, row);

    if (get(v, FIELD_JOB_STATE, row) == JOB_PENDING || start <= 0)
        start = v->now;
    cell_int(out, start - get(v, FIELD_JOB_SUBMIT_TIME, row));
}

/* ---- sizes ---- */

static void show_priority_float(struct strbuf *out, const struct view *v, size_t row)
{
    strbuf_addf(out, "%16.14f", (double)get(v, FIELD_JOB_PRIORITY, row) / (double)UINT32_MAX);
}
static void show_memory(struct strbuf *out, const struct view *v, size_t row)
{
    int64_t mb = get(v, FIELD_JOB_MEM_PER_NODE, row);

    if (mb < 0)
        mb = get(v, FIELD_JOB_MEM_PER_CPU, row);
    cell_mem(out, v, mb);
}
static void show_min_cpus(struct strbuf *out, const struct view *v, size_t row)
{
    int64_t cpus = get(v, FIELD_JOB_CPUS_PER_TASK, row), tasks = get(v, FIELD_JOB_NTASKS_PER_NODE, row);
    int64_t asked = get(v, FIELD_JOB_MIN_CPUS_NODE, row);

    cpus = (cpus > 0 ? cpus : 1) * (tasks > 0 ? tasks : 1);
    cell_int(out, asked > cpus ? asked : cpus);
}
static void show_at_least_zero(struct strbuf *out, int64_t value)
{
    cell_int(out, value > 0 ? value : 0);
}
static void show_min_tmp(struct strbuf *out, const struct view *v, size_t row)
{
    cell_mem(out, v, get(v, FIELD_JOB_MIN_TMP, row) > 0 ? get(v, FIELD_JOB_MIN_TMP, row) : 0);
}
static void show_max_nodes(struct strbuf *out, const struct view *v, size_t row)
{
    int64_t most = get(v, FIELD_JOB_MAX_NODES, row), nodes = get(v, FIELD_JOB_NUM_NODES, row);

    cell_int(out, most > nodes ? most : nodes);
}
static void show_max_cpus(struct strbuf *out, const struct view *v, size_t row)
{
    int64_t most = get(v, FIELD_JOB_MAX_CPUS, row), cpus = get(v, FIELD_JOB_NUM_CPUS, row);

    cell_int(out, most > cpus ? most : cpus);
}
static void show_tasks(struct strbuf *out, const struct view *v, size_t row)
{
    int64_t tasks = get(v, FIELD_JOB_NUM_TASKS, row);

    cell_int(out, tasks > 0 ? tasks : 1);
}
static void show_cpus_per_task(struct strbuf *out, const struct view *v, size_t row)
{
    int64_t cpus = get(v, FIELD_JOB_CPUS_PER_TASK, row);

    cell_int(out, cpus > 0 ? cpus : 1);
}
static void show_per_node(struct strbuf *out, const struct view *v, size_t row)
{
    show_at_least_zero(out, get(v, FIELD_JOB_NTASKS_PER_NODE, row));
}
static void show_per(struct strbuf *out, int64_t value)
{
    if (value > 0)
        cell_int(out, value);
    else
        strbuf_add(out, "N/A");
}
static void show_per_core(struct strbuf *out, const struct view *v, size_t row)
{
    show_per(out, get(v, FIELD_JOB_NTASKS_PER_CORE, row));
}
static void show_per_socket(struct strbuf *out, const struct view *v, size_t row)
{
    show_per(out, get(v, FIELD_JOB_NTASKS_PER_SOCKET, row));
}
static void show_core_spec(struct strbuf *out, const struct view *v, size_t row)
{
    show_per(out, get(v, FIELD_JOB_CORE_SPEC, row));
}
static void show_tres(struct strbuf *out, const struct view *v, size_t row)
{
    struct gres_list gres;

    cell_tres(out, v, get(v, FIELD_JOB_NUM_CPUS, row), get(v, FIELD_JOB_MEM_TOTAL, row),
              get(v, FIELD_JOB_NUM_NODES, row));
    if (text(v, FIELD_JOB_GRES_TOTAL, row)
        && gres_list_parse(&gres, text(v, FIELD_JOB_GRES_TOTAL, row), NULL) == 0) {
        gres_tres_format(&gres, out);
        gres_list_fini(&gres);
    }
}

/* ---- the rest ---- */

static void show_batch_flag(struct strbuf *out, const struct view *v, size_t row)
{
    cell_int(out, get(v, FIELD_JOB_KIND, row) == JOB_KIND_BATCH);
}
static void show_shared(struct strbuf *out, const struct view *v, size_t row)
{
    static const char *const words[] = { "NO", "YES", "USER" };
    int64_t shared = get(v, FIELD_JOB_SHARED, row);

    strbuf_add(out, shared >= 0 && shared < 3 ? words[shared] : "OK");
}
static void show_flag(struct strbuf *out, int64_t value)
{
    strbuf_addc(out, value > 0 ? '1' : '0');
}
static void show_contiguous(struct strbuf *out, const struct view *v, size_t row)
{
    show_flag(out, get(v, FIELD_JOB_CONTIGUOUS, row));
}
static void show_requeue(struct strbuf *out, const struct view *v, size_t row)
{
    show_flag(out, get(v, FIELD_JOB_REQUEUE, row));
}
static void show_text_or(struct strbuf *out, const char *value, const char *none)
{
    cell_text(out, value ? value : none);
}
static void show_host(struct strbuf *out, const struct view *v, size_t row)
{
    bool batch = get(v, FIELD_JOB_KIND, row) == JOB_KIND_BATCH;

    show_text_or(out, text(v, batch ? FIELD_JOB_BATCH_HOST : FIELD_JOB_ALLOC_NODE, row), "n/a");
}
static void show_nodes(struct strbuf *out, const struct view *v, size_t row)
{
    cell_text(out, text(v, FIELD_JOB_NODE_LIST, row));
}
static void show_req_nodes(struct strbuf *out, const struct view *v, size_t row)
{
    cell_text(out, text(v, FIELD_JOB_REQ_NODES, row));
}
static void show_exc_nodes(struct strbuf *out, const struct view *v, size_t row)
{
    cell_text(out, text(v, FIELD_JOB_EXC_NODES, row));
}
static void show_tres_per_job(struct strbuf *out, const struct view *v, size_t row)
{
    show_text_or(out, text(v, FIELD_JOB_TRES_PER_JOB, row), "N/A");
}
static void show_tres_per_socket(struct strbuf *out, const struct view *v, size_t row)
{
    show_text_or(out, text(v, FIELD_JOB_TRES_PER_SOCKET, row), "N/A");
}
static void show_tres_per_task(struct strbuf *out, const struct view *v, size_t row)
{
    show_text_or(out, text(v, FIELD_JOB_TRES_PER_TASK, row), "N/A");
}
static void show_cpus_per_tres(struct strbuf *out, const struct view *v, size_t row)
{
    int64_t cpus = get(v, FIELD_JOB_CPUS_PER_GPU, row);

    if (cpus > 0)
        strbuf_addf(out, "gres:gpu:%lld", (long long)cpus);
    else
        strbuf_add(out, "N/A");
}
static void show_mem_per_tres(struct strbuf *out, const struct view *v, size_t row)
{
    int64_t mem = get(v, FIELD_JOB_MEM_PER_GPU, row);

    if (mem > 0)
        strbuf_addf(out, "gres:gpu:%lld", (long long)mem);
    else
        strbuf_add(out, "N/A");
}
static void show_req_switch(struct strbuf *out, const struct view *v, size_t row)
{
    int64_t count = get(v, FIELD_JOB_REQ_SWITCH, row);

    cell_int(out, count > 0 ? count : 0);
}
static void show_wait_switch(struct strbuf *out, const struct view *v, size_t row)
{
    int64_t sec = get(v, FIELD_JOB_WAIT_SWITCH, row);
    char buf[TIME_TEXT_MAX];

    strbuf_add(out, duration_format(sec > 0 ? sec : 0, buf));
}
static void show_gres(struct strbuf *out, const struct view *v, size_t row)
{
    show_text_or(out, text(v, FIELD_JOB_GRES, row), "N/A");
}
static void show_alloc_sid(struct strbuf *out, const struct view *v, size_t row)
{
    show_at_least_zero(out, get(v, FIELD_JOB_ALLOC_SID, row));
}
static void show_exit(struct strbuf *out, const struct view *v, size_t row)
{
    show_at_least_zero(out, get(v, FIELD_JOB_EXIT_STATUS, row));
}
static void show_derived_exit(struct strbuf *out, const struct view *v, size_t row)
{
    show_at_least_zero(out, get(v, FIELD_JOB_DERIVED_EXIT, row));
}
/* As given, or with --expand-patterns as it will be. */
static void show_path(struct strbuf *out, const struct view *v, size_t row, unsigned given, unsigned expanded)
{
    const struct squeue_params *p = v->arg;
    const char *path = text(v, p && p->expand_patterns ? expanded : given, row);

    cell_text(out, path ? path : text(v, expanded, row));
}
static void show_std_in(struct strbuf *out, const struct view *v, size_t row)
{
    show_path(out, v, row, FIELD_JOB_STD_IN_GIVEN, FIELD_JOB_STD_IN);
}
static void show_std_out(struct strbuf *out, const struct view *v, size_t row)
{
    show_path(out, v, row, FIELD_JOB_STD_OUT_GIVEN, FIELD_JOB_STD_OUT);
}
static void show_std_err(struct strbuf *out, const struct view *v, size_t row)
{
    show_path(out, v, row, FIELD_JOB_STD_ERR_GIVEN, FIELD_JOB_STD_ERR);
}

#define REASON_FIELDS FIELD_JOB_STATE, FIELD_JOB_REASON, FIELD_JOB_REASON_TEXT, FIELD_JOB_EXIT_STATUS

const struct column squeue_job_columns[] = {
    { 'a', "Account", "ACCOUNT", NULL, { FIELD_JOB_ACCOUNT } },
    { 0, "AccrueTime", "ACCRUE_TIME", show_accrue, { FIELD_JOB_ACCRUE_TIME } },
    { 0, "admin_comment", "ADMIN_COMMENT", NULL, { FIELD_JOB_ADMIN_COMMENT } },
    { 0, "AllocNodes", "ALLOC_NODES", NULL, { FIELD_JOB_ALLOC_NODE } },
    { 0, "AllocSID", "ALLOC_SID", show_alloc_sid, { FIELD_JOB_ALLOC_SID } },
    { 'F', "ArrayJobID", "ARRAY_JOB_ID", show_array_id, { FIELD_JOB_ID, FIELD_JOB_ARRAY_ID } },
    { 'K', "ArrayTaskID", "ARRAY_TASK_ID", show_array_task,
      { FIELD_JOB_ARRAY_TASK, FIELD_JOB_ARRAY_TASKS } },
    { 0, "AssocID", "ASSOC_ID", show_zero, { FIELD_JOB_ID } },
    { 0, "BatchFlag", "BATCH_FLAG", show_batch_flag, { FIELD_JOB_KIND } },
    { 'B', "BatchHost", "EXEC_HOST", show_host,
      { FIELD_JOB_BATCH_HOST, FIELD_JOB_ALLOC_NODE, FIELD_JOB_KIND } },
    { 0, "BoardsPerNode", "BOARDS_PER_NODE", show_zero, { FIELD_JOB_ID } },
    { 0, "BurstBuffer", "BURST_BUFFER", show_null, { FIELD_JOB_ID } },
    { 0, "BurstBufferState", "BURST_BUFFER_STATE", show_null, { FIELD_JOB_ID } },
    { 0, "Cluster", "CLUSTER", NULL, { FIELD_JOB_CLUSTER } },
    { 0, "ClusterFeature", "CLUSTER_FEATURES", show_null, { FIELD_JOB_ID } },
    { 'o', "Command", "COMMAND", NULL, { FIELD_JOB_COMMAND } },
    { 'k', "Comment", "COMMENT", NULL, { FIELD_JOB_COMMENT } },
    { 'O', "Contiguous", "CONTIGUOUS", show_contiguous, { FIELD_JOB_CONTIGUOUS } },
    { 0, "Container", "CONTAINER", show_null, { FIELD_JOB_ID } },
    { 'I', "Cores", "CORES_PER_SOCKET", show_star, { FIELD_JOB_ID } },
    { 'X', "CoreSpec", "CORE_SPEC", show_core_spec, { FIELD_JOB_CORE_SPEC } },
    { 0, "cpus-per-task", "CPUS_PER_TASK", show_cpus_per_task, { FIELD_JOB_CPUS_PER_TASK } },
    { 0, "cpus-per-tres", "CPUS_PER_TRES", show_cpus_per_tres, { FIELD_JOB_CPUS_PER_GPU } },
    { 0, "Deadline", "DEADLINE", show_deadline, { FIELD_JOB_DEADLINE } },
    { 0, "DelayBoot", "DELAY_BOOT", show_zero_time, { FIELD_JOB_ID }, COL_NOCUT },
    { 'E', "Dependency", "DEPENDENCY", NULL, { FIELD_JOB_DEPENDENCY } },
    { 0, "DerivedEC", "DERIVED_EC", show_derived_exit, { FIELD_JOB_DERIVED_EXIT } },
    { 0, "EligibleTime", "ELIGIBLE_TIME", show_eligible, { FIELD_JOB_ELIGIBLE_TIME } },
    { 'e', "EndTime", "END_TIME", show_end,
      { FIELD_JOB_END_TIME, FIELD_JOB_TIME_LIMIT, FIELD_JOB_START_TIME } },
    { 'x', "ExcNodes", "EXC_NODES", show_exc_nodes, { FIELD_JOB_EXC_NODES } },
    { 0, "exit_code", "EXIT_CODE", show_exit, { FIELD_JOB_EXIT_STATUS } },
    { 'f', "Feature", "FEATURES", NULL, { FIELD_JOB_FEATURES } },
    { 'G', "GroupID", "GROUP", NULL, { FIELD_JOB_GID } },
    { 'g', "GroupName", "GROUP", NULL, { FIELD_JOB_GROUP } },
    { 0, "HetJobID", "HET_JOB_ID", show_het_id, { FIELD_JOB_HET_ID } },
    { 0, "HetJobIDSet", "HET_JOB_ID_SET", show_het_set, { FIELD_JOB_HET_SET } },
    { 0, "HetJobOffset", "HET_JOB_OFFSET", show_het_offset, { FIELD_JOB_HET_OFFSET } },
    { 'i', "JobArrayID", "JOBID", show_id, { CELL_JOB_ID_FIELDS }, .sort_key = key_id },
    { 'A', "JobID", "JOBID", NULL, { FIELD_JOB_ID } },
    { 0, "LastSchedEval", "LAST_SCHED_EVAL", show_last_sched, { FIELD_JOB_LAST_SCHED_TIME } },
    { 'W', "Licenses", "LICENSES", NULL, { FIELD_JOB_LICENSES } },
    { 0, "MaxCPUs", "MAX_CPUS", show_max_cpus, { FIELD_JOB_MAX_CPUS, FIELD_JOB_NUM_CPUS } },
    { 0, "MaxNodes", "MAX_NODES", show_max_nodes, { FIELD_JOB_MAX_NODES, FIELD_JOB_NUM_NODES } },
    { 0, "MCSLabel", "MCSLABEL", show_null, { FIELD_JOB_ID } },
    { 0, "mem-per-tres", "MEM_PER_TRES", show_mem_per_tres, { FIELD_JOB_MEM_PER_GPU } },
    { 'c', "MinCpus", "MIN_CPUS", show_min_cpus,
      { FIELD_JOB_CPUS_PER_TASK, FIELD_JOB_NTASKS_PER_NODE, FIELD_JOB_MIN_CPUS_NODE } },
    { 'm', "MinMemory", "MIN_MEMORY", show_memory, { FIELD_JOB_MEM_PER_NODE, FIELD_JOB_MEM_PER_CPU } },
    { 0, "MinTime", "TIME_MIN", show_time_min, { FIELD_JOB_TIME_MIN }, COL_NOCUT },
    { 'd', "MinTmpDisk", "MIN_TMP_DISK", show_min_tmp, { FIELD_JOB_MIN_TMP } },
    { 'j', "Name", "NAME", NULL, { FIELD_JOB_NAME } },
    { 0, "Network", "NETWORK", show_null, { FIELD_JOB_ID } },
    { 'y', "Nice", "NICE", NULL, { FIELD_JOB_NICE } },
    { 'N', "NodeList", "NODELIST", show_nodes, { FIELD_JOB_NODE_LIST } },
    { 0, "NTPerBoard", "NTASKS_PER_BOARD", show_zero, { FIELD_JOB_ID } },
    { 0, "NTPerCore", "NTASKS_PER_CORE", show_per_core, { FIELD_JOB_NTASKS_PER_CORE } },
    { 0, "NTPerNode", "NTASKS_PER_NODE", show_per_node, { FIELD_JOB_NTASKS_PER_NODE } },
    { 0, "NTPerSocket", "NTASKS_PER_SOCKET", show_per_socket, { FIELD_JOB_NTASKS_PER_SOCKET } },
    { 'C', "NumCPUs", "CPUS", NULL, { FIELD_JOB_NUM_CPUS } },
    { 'D', "NumNodes", "NODES", NULL, { FIELD_JOB_NUM_NODES } },
    { 0, "NumTasks", "TASKS", show_tasks, { FIELD_JOB_NUM_TASKS } },
    { 0, "Origin", "ORIGIN", show_not_federated, { FIELD_JOB_ID } },
    { 0, "OriginRaw", "ORIGIN_RAW", show_not_federated, { FIELD_JOB_ID } },
    { 'h', "OverSubscribe|Shared", "OVER_SUBSCRIBE", show_shared, { FIELD_JOB_SHARED } },
    { 'P', "Partition", "PARTITION", NULL, { FIELD_JOB_PARTITION } },
    { 0, "PendingTime", "PENDING_TIME", show_pending,
      { FIELD_JOB_SUBMIT_TIME, FIELD_JOB_START_TIME, FIELD_JOB_STATE } },
    { 0, "PreemptTime", "PREEMPT_TIME", show_preempt, { FIELD_JOB_PREEMPT_TIME } },
    { 0, "Prefer", "PREFER", show_null, { FIELD_JOB_ID } },
    { 'p', "Priority", "PRIORITY", show_priority_float, { FIELD_JOB_PRIORITY } },
    { 'Q', "PriorityLong", "PRIORITY", NULL, { FIELD_JOB_PRIORITY } },
    { 0, "Profile", "PROFILE", show_not_set, { FIELD_JOB_ID } },
    { 'q', "QOS", "QOS", NULL, { FIELD_JOB_QOS } },
    { 'r', "Reason", "REASON", show_reason,
      { FIELD_JOB_REASON, FIELD_JOB_REASON_TEXT, FIELD_JOB_EXIT_STATUS } },
    { 'R', "ReasonList", "NODELIST(REASON)", show_reason_or_nodes, { FIELD_JOB_NODE_LIST, REASON_FIELDS },
      COL_NOCUT_HEADER },
    { 0, "Reboot", "REBOOT", show_zero, { FIELD_JOB_ID } },
    { 'n', "ReqNodes", "REQ_NODES", show_req_nodes, { FIELD_JOB_REQ_NODES } },
    { 0, "ReqSwitch", "REQ_SWITCH", show_req_switch, { FIELD_JOB_REQ_SWITCH } },
    { 0, "Requeue", "REQUEUE", show_requeue, { FIELD_JOB_REQUEUE } },
    { 'v', "Reservation", "RESERVATION", NULL, { FIELD_JOB_RESERVATION } },
    { 0, "ResizeTime", "RESIZE_TIME", show_na, { FIELD_JOB_ID } },
    { 0, "RestartCnt", "RESTART_COUNT", NULL, { FIELD_JOB_RESTARTS } },
    { 'Y', "SchedNodes", "SCHEDNODES", NULL, { FIELD_JOB_SCHED_NODES } },
    { 'z', "SCT", "S:C:T", show_stars, { FIELD_JOB_ID } },
    { 's', "SelectJobInfo", "", show_nothing, { FIELD_JOB_ID } },
    { 0, "SiblingsActive", "ACTIVE_SIBLINGS", show_not_federated, { FIELD_JOB_ID } },
    { 0, "SiblingsActiveRaw", "ACTIVE_SIBLINGS_RAW", show_not_federated, { FIELD_JOB_ID } },
    { 0, "SiblingsViable", "VIABLE_SIBLINGS", show_not_federated, { FIELD_JOB_ID } },
    { 0, "SiblingsViableRaw", "VIABLE_SIBLINGS_RAW", show_not_federated, { FIELD_JOB_ID } },
    { 'H', "Sockets", "SOCKETS_PER_NODE", show_star, { FIELD_JOB_ID } },
    { 0, "SPerBoard", "SOCKETS_PER_BOARD", show_zero, { FIELD_JOB_ID } },
    { 'S', "StartTime", "START_TIME", show_start, { FIELD_JOB_START_TIME }, .sort_key = key_start },
    { 'T', "State", "STATE", show_state, { FIELD_JOB_STATE }, .sort_key = key_state },
    { 't', "StateCompact", "ST", show_state_compact, { FIELD_JOB_STATE }, .sort_key = key_state_compact },
    { 0, "STDERR", "STDERR", show_std_err, { FIELD_JOB_STD_ERR, FIELD_JOB_STD_ERR_GIVEN } },
    { 0, "STDIN", "STDIN", show_std_in, { FIELD_JOB_STD_IN, FIELD_JOB_STD_IN_GIVEN } },
    { 0, "STDOUT", "STDOUT", show_std_out, { FIELD_JOB_STD_OUT, FIELD_JOB_STD_OUT_GIVEN } },
    { 'V', "SubmitTime", "SUBMIT_TIME", show_submit, { FIELD_JOB_SUBMIT_TIME } },
    { 0, "system_comment", "SYSTEM_COMMENT", show_null, { FIELD_JOB_ID } },
    { 'J', "Threads", "THREADS_PER_CORE", show_star, { FIELD_JOB_ID } },
    { 'L', "TimeLeft", "TIME_LEFT", show_left, { FIELD_JOB_TIME_LIMIT, FIELD_JOB_RUN_SEC }, COL_NOCUT,
      .sort_key = key_left },
    { 'l', "TimeLimit", "TIME_LIMIT", show_limit, { FIELD_JOB_TIME_LIMIT }, COL_NOCUT,
      .sort_key = key_limit },
    { 'M', "TimeUsed", "TIME", show_used, { FIELD_JOB_RUN_SEC }, COL_NOCUT },
    { 0, "tres-alloc", "TRES_ALLOC", show_tres,
      { FIELD_JOB_NUM_CPUS, FIELD_JOB_MEM_TOTAL, FIELD_JOB_NUM_NODES, FIELD_JOB_GRES_TOTAL } },
    { 0, "tres-bind", "TRES_BIND", show_na, { FIELD_JOB_ID } },
    { 0, "tres-freq", "TRES_FREQ", show_na, { FIELD_JOB_ID } },
    { 0, "tres-per-job", "TRES_PER_JOB", show_tres_per_job, { FIELD_JOB_TRES_PER_JOB } },
    { 'b', "tres-per-node|gres", "TRES_PER_NODE", show_gres, { FIELD_JOB_GRES } },
    { 0, "tres-per-socket", "TRES_PER_SOCKET", show_tres_per_socket, { FIELD_JOB_TRES_PER_SOCKET } },
    { 0, "tres-per-task", "TRES_PER_TASK", show_tres_per_task, { FIELD_JOB_TRES_PER_TASK } },
    { 'U', "UserID", "UID", NULL, { FIELD_JOB_UID } },
    { 'u', "UserName", "USER", NULL, { FIELD_JOB_USER } },
    { 0, "Wait4Switch", "WAIT4SWITCH", show_wait_switch, { FIELD_JOB_WAIT_SWITCH }, COL_NOCUT },
    { 'w', "WCKey", "WCKEY", NULL, { FIELD_JOB_WCKEY } },
    { 'Z', "WorkDir", "WORK_DIR", NULL, { FIELD_JOB_WORK_DIR } },
};
const size_t squeue_num_job_columns = sizeof(squeue_job_columns) / sizeof(squeue_job_columns[0]);
