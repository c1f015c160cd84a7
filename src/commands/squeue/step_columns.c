/* step_columns.c - what squeue -s can show of a step. */
#include "bramble/constants.h"
#include "commands/squeue/squeue.h"

static int64_t get(const struct view *v, unsigned field, size_t row)
{
    return table_int(v->table, field, row);
}

static void show_null(struct strbuf *out, const struct view *v, size_t row)
{
    (void)v, (void)row;
    strbuf_add(out, "(null)");
}
static void show_step(struct strbuf *out, const struct view *v, size_t row)
{
    int64_t array = get(v, FIELD_STEP_ARRAY_ID, row), step = get(v, FIELD_STEP_ID, row);

    cell_int(out, array > 0 ? array : get(v, FIELD_STEP_JOB_ID, row));
    if (array > 0) {
        strbuf_addc(out, '_');
        cell_int(out, get(v, FIELD_STEP_ARRAY_TASK, row));
    }
    cell_step(out, step);
}
static int64_t key_step(const struct view *v, size_t row)
{
    int64_t array = get(v, FIELD_STEP_ARRAY_ID, row);

    return (array > 0 ? array : get(v, FIELD_STEP_JOB_ID, row)) << 32 | get(v, FIELD_STEP_ID, row);
}
static void show_array_id(struct strbuf *out, const struct view *v, size_t row)
{
    int64_t array = get(v, FIELD_STEP_ARRAY_ID, row);

    cell_int(out, array > 0 ? array : 0);
}
static void show_array_task(struct strbuf *out, const struct view *v, size_t row)
{
    int64_t task = get(v, FIELD_STEP_ARRAY_TASK, row);

    if (task >= 0)
        cell_int(out, task);
    else
        strbuf_add(out, "N/A");
}
static void show_state(struct strbuf *out, const struct view *v, size_t row)
{
    strbuf_add(out, job_state_long(get(v, FIELD_STEP_STATE, row)));
}
static void show_start(struct strbuf *out, const struct view *v, size_t row)
{
    cell_time(out, v, get(v, FIELD_STEP_START_TIME, row), "N/A");
}
static void show_used(struct strbuf *out, const struct view *v, size_t row)
{
    int64_t used = get(v, FIELD_STEP_RUN_SEC, row);

    cell_duration(out, used == FIELD_UNSET ? 0 : used);
}
static void show_limit(struct strbuf *out, const struct view *v, size_t row)
{
    int64_t limit = get(v, FIELD_STEP_TIME_LIMIT, row);

    if (limit < 0)
        strbuf_add(out, "UNLIMITED");
    else
        cell_duration(out, limit * 60);
}
static void show_nodes(struct strbuf *out, const struct view *v, size_t row)
{
    cell_text(out, table_text(v->table, FIELD_STEP_NODE_LIST, row));
}

const struct column squeue_step_columns[] = {
    { 0, "ArrayJobID", "ARRAY_JOB_ID", show_array_id, { FIELD_STEP_ARRAY_ID } },
    { 0, "ArrayTaskID", "ARRAY_TASK_ID", show_array_task, { FIELD_STEP_ARRAY_TASK } },
    { 0, "Cluster", "CLUSTER", NULL, { FIELD_STEP_CLUSTER } },
    { 0, "Container", "CONTAINER", show_null, { FIELD_STEP_JOB_ID } },
    { 0, "cpus-per-tres", "CPUS_PER_TRES", show_null, { FIELD_STEP_JOB_ID } },
    { 0, "JobID", "JOB_ID", NULL, { FIELD_STEP_JOB_ID } },
    { 0, "mem-per-tres", "MEM_PER_TRES", show_null, { FIELD_STEP_JOB_ID } },
    { 0, "Network", "NETWORK", show_null, { FIELD_STEP_JOB_ID } },
    { 'N', "Nodes", "NODELIST", show_nodes, { FIELD_STEP_NODE_LIST } },
    { 0, "NumCPUs", "NUM_CPUS", NULL, { FIELD_STEP_NUM_CPUS } },
    { 'A', "NumTasks", "TASKS", NULL, { FIELD_STEP_NUM_TASKS } },
    { 'P', "Partition", "PARTITION", NULL, { FIELD_STEP_PARTITION } },
    { 'S', "StartTime", "START_TIME", show_start, { FIELD_STEP_START_TIME } },
    { 'i', "StepID", "STEPID", show_step,
      { FIELD_STEP_JOB_ID, FIELD_STEP_ID, FIELD_STEP_ARRAY_ID, FIELD_STEP_ARRAY_TASK },
      .sort_key = key_step },
    { 'j', "StepName", "NAME", NULL, { FIELD_STEP_NAME } },
    { 0, "StepState", "STATE", show_state, { FIELD_STEP_STATE } },
    { 'l', "TimeLimit", "TIME_LIMIT", show_limit, { FIELD_STEP_TIME_LIMIT }, COL_NOCUT },
    { 'M', "TimeUsed", "TIME", show_used, { FIELD_STEP_RUN_SEC }, COL_NOCUT },
    { 0, "tres-bind", "TRES_BIND", show_null, { FIELD_STEP_JOB_ID } },
    { 0, "tres-freq", "TRES_FREQ", show_null, { FIELD_STEP_JOB_ID } },
    { 0, "tres-per-step|tres-per-job", "TRES_PER_STEP", show_null, { FIELD_STEP_JOB_ID } },
    { 'b', "tres-per-node", "TRES_PER_JOB", show_null, { FIELD_STEP_JOB_ID } },
    { 0, "tres-per-socket", "TRES_PER_SOCKET", show_null, { FIELD_STEP_JOB_ID } },
    { 0, "tres-per-task", "TRES_PER_TASK", show_null, { FIELD_STEP_JOB_ID } },
    { 'U', "UserID", "UID", NULL, { FIELD_STEP_UID } },
    { 'u', "UserName", "USER", NULL, { FIELD_STEP_USER } },
};
const size_t squeue_num_step_columns = sizeof(squeue_step_columns) / sizeof(squeue_step_columns[0]);
