/* doc_job.c - keys of jobs and steps: JOB_INFO and STEP_INFO of data_parser v0.0.41, in its order. */
#include <string.h>

#include "bramble/constants.h"
#include "commands/display/doc.h"
#include "util/hostlist.h"
#include "util/mem.h"

static int64_t get(const struct view *v, unsigned field, size_t row)
{
    return table_int(v->table, field, row);
}

static json_t *make_job_exit(const struct view *v, size_t row)
{
    int64_t state = get(v, FIELD_JOB_STATE, row), status = get(v, FIELD_JOB_EXIT_STATUS, row);

    return doc_exit(state == JOB_PENDING && status <= 0 ? FIELD_UNSET : status);
}
static json_t *make_derived_exit(const struct view *v, size_t row)
{
    return doc_exit(get(v, FIELD_JOB_DERIVED_EXIT, row));
}
static json_t *make_state(const struct view *v, size_t row)
{
    return doc_state(get(v, FIELD_JOB_STATE, row));
}
static json_t *make_reason(const struct view *v, size_t row)
{
    CLEANUP_STRBUF struct strbuf text = STRBUF_INIT;

    job_reason_text(&text, get(v, FIELD_JOB_REASON, row), NULL, get(v, FIELD_JOB_EXIT_STATUS, row));
    return doc_text(strbuf_str(&text));
}
static json_t *make_batch_flag(const struct view *v, size_t row)
{
    return json_boolean(get(v, FIELD_JOB_KIND, row) == JOB_KIND_BATCH);
}
static json_t *make_hold(const struct view *v, size_t row)
{
    return json_boolean(get(v, FIELD_JOB_PRIORITY, row) == 0);
}
static json_t *make_nice(const struct view *v, size_t row)
{
    int64_t nice = get(v, FIELD_JOB_NICE, row);

    return json_integer(nice == FIELD_UNSET ? 0 : nice);
}
static json_t *make_array_id(const struct view *v, size_t row)
{
    int64_t id = get(v, FIELD_JOB_ARRAY_ID, row);

    return doc_number(id > 0 ? id : 0);
}
static json_t *make_per_task(const struct view *v, size_t row)
{
    int64_t cpus = get(v, FIELD_JOB_CPUS_PER_TASK, row);

    return doc_number(cpus > 0 ? cpus : 1);
}
static json_t *make_flags(const struct view *v, size_t row)
{
    json_t *list = json_array();
    int64_t kill = get(v, FIELD_JOB_KILL_INVALID_DEP, row);

    if (kill == 1)
        json_array_append_new(list, json_string("KILL_INVALID_DEPENDENCY"));
    if (kill == 2)
        json_array_append_new(list, json_string("NO_KILL_INVALID_DEPENDENCY"));
    return list;
}
static json_t *make_min_cpus(const struct view *v, size_t row)
{
    int64_t cpus = get(v, FIELD_JOB_MIN_CPUS_NODE, row);

    return doc_number(cpus > 0 ? cpus : 1);
}
static json_t *make_mail(const struct view *v, size_t row)
{
    static const struct {
        int64_t bit;
        const char *name;
    } events[] = {
        { MAIL_BEGIN, "BEGIN" },
        { MAIL_END, "END" },
        { MAIL_FAIL, "FAIL" },
        { MAIL_REQUEUE, "REQUEUE" },
        { MAIL_TIME_LIMIT, "TIME=100%" },
        { MAIL_TIME_LIMIT_90, "TIME=90%" },
        { MAIL_TIME_LIMIT_80, "TIME=80%" },
        { MAIL_TIME_LIMIT_50, "TIME=50%" },
        { MAIL_STAGE_OUT, "STAGE_OUT" },
        { MAIL_ARRAY_TASKS, "ARRAY_TASKS" },
        { MAIL_INVALID_DEPEND, "INVALID_DEPENDENCY" },
    };
    int64_t bits = get(v, FIELD_JOB_MAIL_EVENTS, row);
    json_t *list = json_array();

    for (size_t i = 0; bits > 0 && i < ARRAY_SIZE(events); i++)
        if (bits & events[i].bit)
            json_array_append_new(list, json_string(events[i].name));
    return list;
}
static json_t *make_shared(const struct view *v, size_t row)
{
    static const char *const words[] = { "none", "oversubscribe", "user" };
    int64_t shared = get(v, FIELD_JOB_SHARED, row);

    return shared >= 0 && shared < 3 ? json_pack("[s]", words[shared]) : json_array();
}
static json_t *make_exclusive(const struct view *v, size_t row)
{
    static const char *const words[] = { "true", "false", "user" };
    int64_t shared = get(v, FIELD_JOB_SHARED, row);

    return shared >= 0 && shared < 3 ? json_pack("[s]", words[shared]) : json_array();
}
static json_t *make_oversubscribe(const struct view *v, size_t row)
{
    return json_boolean(get(v, FIELD_JOB_SHARED, row) == 1);
}
static json_t *make_profile(const struct view *v, size_t row)
{
    (void)v, (void)row;
    return json_pack("[s]", "NOT_SET");
}
static json_t *make_billable(const struct view *v, size_t row)
{
    bool started = table_text(v->table, FIELD_JOB_NODE_LIST, row) != NULL;
    int64_t cpus = get(v, FIELD_JOB_NUM_CPUS, row);

    return json_pack("{s:b, s:b, s:f}", "set", started, "infinite", 0, "number", started ? (double)cpus : 0.0);
}
static json_t *tres(const struct view *v, size_t row)
{
    CLEANUP_STRBUF struct strbuf text = STRBUF_INIT;

    cell_tres(&text, v, get(v, FIELD_JOB_NUM_CPUS, row), get(v, FIELD_JOB_MEM_TOTAL, row),
              get(v, FIELD_JOB_NUM_NODES, row));
    return doc_text(strbuf_str(&text));
}
static json_t *make_tres_alloc(const struct view *v, size_t row)
{
    return table_text(v->table, FIELD_JOB_NODE_LIST, row) ? tres(v, row) : json_string("");
}

/* ---- job_resources ---- */

static json_t *make_socket(const char *cores, int64_t *count)
{
    json_t *list = json_array();
    CLEANUP_FREE char *text = xasprintf("[%s]", cores);
    CLEANUP_HOSTLIST struct hostlist *hl = hostlist_parse(text, 0, NULL);

    for (size_t i = 0; hl && i < hostlist_count(hl); i++)
        json_array_append_new(list, json_pack("{s:I, s:[s]}", "index", (json_int_t)atoll(hostlist_nth(hl, i)),
                                              "status", "ALLOCATED"));
    *count = hl ? (int64_t)hostlist_count(hl) : 0;
    return json_pack("[{s:i, s:o}]", "index", 0, "cores", list);
}

/* One group of JOB_ALLOC_DETAIL: "pi[1-2] 0-1 100". */
static void add_allocation(json_t *list, const char *group)
{
    CLEANUP_FREE char *hosts = xcalloc(1, strlen(group) + 1), *cores = xcalloc(1, strlen(group) + 1);
    long long mem = 0;
    size_t span = strcspn(group, " ");
    CLEANUP_HOSTLIST struct hostlist *hl = NULL;

    memcpy(hosts, group, span);
    group += span + strspn(group + span, " ");
    span = strcspn(group, " ");
    memcpy(cores, group, span);
    mem = atoll(group + span);
    hl = hostlist_parse(hosts, 0, NULL);
    for (size_t i = 0; hl && i < hostlist_count(hl); i++) {
        json_t *node = json_object();
        int64_t count;
        json_t *sockets = make_socket(cores, &count);

        doc_set(node, "index", json_integer((json_int_t)json_array_size(list)));
        doc_set(node, "name", doc_text(hostlist_nth(hl, i)));
        doc_set(node, "cpus/count", json_integer(count));
        doc_set(node, "cpus/used", json_integer(0));
        doc_set(node, "memory/used", json_integer(0));
        doc_set(node, "memory/allocated", json_integer(mem));
        doc_set(node, "sockets", sockets);
        json_array_append_new(list, node);
    }
}

static json_t *make_resources(const struct view *v, size_t row)
{
    const char *detail = table_text(v->table, FIELD_JOB_ALLOC_DETAIL, row);
    json_t *res, *list;

    if (!detail)
        return json_null();
    res = json_object();
    list = json_array();
    while (*detail) {
        CLEANUP_FREE char *group = xstrndup(detail, strcspn(detail, ";"));

        add_allocation(list, group);
        detail += strcspn(detail, ";");
        detail += *detail == ';';
    }
    doc_set(res, "select_type", json_pack("[s, s]", "CORE", "MEMORY"));
    doc_set(res, "nodes/count", json_integer((json_int_t)json_array_size(list)));
    doc_set(res, "nodes/select_type", json_pack("[s]", "AVAILABLE"));
    doc_set(res, "nodes/list", doc_text(table_text(v->table, FIELD_JOB_NODE_LIST, row)));
    doc_set(res, "nodes/whole", json_boolean(get(v, FIELD_JOB_SHARED, row) == 0));
    doc_set(res, "nodes/allocation", list);
    doc_set(res, "cpus", json_integer(get(v, FIELD_JOB_NUM_CPUS, row)));
    doc_set(res, "threads_per_core", doc_number(FIELD_UNSET));
    return res;
}

#define J(field) FIELD_JOB_##field
static const struct doc_row job_rows[] = {
    { "account", DOC_TEXT, J(ACCOUNT), NULL },
    { "accrue_time", DOC_TIME, J(ACCRUE_TIME), NULL },
    { "admin_comment", DOC_TEXT, J(ADMIN_COMMENT), NULL },
    { "allocating_node", DOC_TEXT, J(ALLOC_NODE), NULL },
    { "array_job_id", DOC_MAKE, J(ARRAY_ID), make_array_id },
    { "array_task_id", DOC_NUMBER, J(ARRAY_TASK), NULL },
    { "array_max_tasks", DOC_TIME, J(ARRAY_MAX_RUN), NULL },
    { "array_task_string", DOC_TEXT, J(ARRAY_TASKS), NULL },
    { "association_id", DOC_NO_INT, 0, NULL },
    { "batch_features", DOC_NO_TEXT, 0, NULL },
    { "batch_flag", DOC_MAKE, J(KIND), make_batch_flag },
    { "batch_host", DOC_TEXT, J(BATCH_HOST), NULL },
    { "flags", DOC_MAKE, J(KILL_INVALID_DEP), make_flags },
    { "burst_buffer", DOC_NO_TEXT, 0, NULL },
    { "burst_buffer_state", DOC_NO_TEXT, 0, NULL },
    { "cluster", DOC_TEXT, J(CLUSTER), NULL },
    { "cluster_features", DOC_NO_TEXT, 0, NULL },
    { "command", DOC_TEXT, J(COMMAND), NULL },
    { "comment", DOC_TEXT, J(COMMENT), NULL },
    { "container", DOC_NO_TEXT, 0, NULL },
    { "container_id", DOC_NO_TEXT, 0, NULL },
    { "contiguous", DOC_BOOL, J(CONTIGUOUS), NULL },
    { "core_spec", DOC_INT, J(CORE_SPEC), NULL },
    { "thread_spec", DOC_NO_INT, 0, NULL },
    { "cores_per_socket", DOC_NO_NUMBER, 0, NULL },
    { "billable_tres", DOC_MAKE, J(NUM_CPUS), make_billable },
    { "cpus_per_task", DOC_MAKE, J(CPUS_PER_TASK), make_per_task },
    { "cpu_frequency_minimum", DOC_NO_NUMBER, 0, NULL },
    { "cpu_frequency_maximum", DOC_NO_NUMBER, 0, NULL },
    { "cpu_frequency_governor", DOC_NO_NUMBER, 0, NULL },
    { "cpus_per_tres", DOC_NO_TEXT, 0, NULL },
    { "cron", DOC_NO_TEXT, 0, NULL },
    { "deadline", DOC_TIME, J(DEADLINE), NULL },
    { "delay_boot", DOC_NO_TIME, 0, NULL },
    { "dependency", DOC_TEXT, J(DEPENDENCY), NULL },
    { "derived_exit_code", DOC_MAKE, J(DERIVED_EXIT), make_derived_exit },
    { "eligible_time", DOC_TIME, J(ELIGIBLE_TIME), NULL },
    { "end_time", DOC_TIME, J(END_TIME), NULL },
    { "excluded_nodes", DOC_TEXT, J(EXC_NODES), NULL },
    { "exit_code", DOC_MAKE, J(EXIT_STATUS), make_job_exit },
    { "extra", DOC_TEXT, J(EXTRA), NULL },
    { "failed_node", DOC_NO_TEXT, 0, NULL },
    { "features", DOC_TEXT, J(FEATURES), NULL },
    { "federation_origin", DOC_NO_TEXT, 0, NULL },
    { "federation_siblings_active", DOC_NO_TEXT, 0, NULL },
    { "federation_siblings_viable", DOC_NO_TEXT, 0, NULL },
    { "gres_detail", DOC_NO_LIST, 0, NULL },
    { "group_id", DOC_INT, J(GID), NULL },
    { "group_name", DOC_TEXT, J(GROUP), NULL },
    { "het_job_id", DOC_TIME, J(HET_ID), NULL },
    { "het_job_id_set", DOC_TEXT, J(HET_SET), NULL },
    { "het_job_offset", DOC_TIME, J(HET_OFFSET), NULL },
    { "job_id", DOC_INT, J(ID), NULL },
    { "job_resources", DOC_MAKE, J(ALLOC_DETAIL), make_resources },
    { "job_size_str", DOC_NO_LIST, 0, NULL },
    { "job_state", DOC_MAKE, J(STATE), make_state },
    { "last_sched_evaluation", DOC_TIME, J(LAST_SCHED_TIME), NULL },
    { "licenses", DOC_TEXT, J(LICENSES), NULL },
    { "mail_type", DOC_MAKE, J(MAIL_EVENTS), make_mail },
    { "mail_user", DOC_TEXT, J(MAIL_USER), NULL },
    { "max_cpus", DOC_TIME, J(MAX_CPUS), NULL },
    { "max_nodes", DOC_TIME, J(MAX_NODES), NULL },
    { "mcs_label", DOC_NO_TEXT, 0, NULL },
    { "memory_per_tres", DOC_NO_TEXT, 0, NULL },
    { "name", DOC_TEXT, J(NAME), NULL },
    { "network", DOC_NO_TEXT, 0, NULL },
    { "nodes", DOC_TEXT, J(NODE_LIST), NULL },
    { "nice", DOC_MAKE, J(NICE), make_nice },
    { "tasks_per_core", DOC_NUMBER, J(NTASKS_PER_CORE), NULL },
    { "tasks_per_tres", DOC_NO_TIME, 0, NULL },
    { "tasks_per_node", DOC_TIME, J(NTASKS_PER_NODE), NULL },
    { "tasks_per_socket", DOC_NUMBER, J(NTASKS_PER_SOCKET), NULL },
    { "tasks_per_board", DOC_NO_TIME, 0, NULL },
    { "cpus", DOC_NUMBER, J(NUM_CPUS), NULL },
    { "node_count", DOC_NUMBER, J(NUM_NODES), NULL },
    { "tasks", DOC_NUMBER, J(NUM_TASKS), NULL },
    { "partition", DOC_TEXT, J(PARTITION), NULL },
    { "prefer", DOC_NO_TEXT, 0, NULL },
    { "memory_per_cpu", DOC_NUMBER, J(MEM_PER_CPU), NULL },
    { "memory_per_node", DOC_NUMBER, J(MEM_PER_NODE), NULL },
    { "minimum_cpus_per_node", DOC_MAKE, J(MIN_CPUS_NODE), make_min_cpus },
    { "minimum_tmp_disk_per_node", DOC_TIME, J(MIN_TMP), NULL },
    { "power/flags", DOC_NO_LIST, 0, NULL },
    { "preempt_time", DOC_TIME, J(PREEMPT_TIME), NULL },
    { "preemptable_time", DOC_NO_TIME, 0, NULL },
    { "pre_sus_time", DOC_NO_TIME, 0, NULL },
    { "hold", DOC_MAKE, J(PRIORITY), make_hold },
    { "priority", DOC_NUMBER, J(PRIORITY), NULL },
    { "profile", DOC_MAKE, 0, make_profile },
    { "qos", DOC_TEXT, J(QOS), NULL },
    { "reboot", DOC_NO_BOOL, 0, NULL },
    { "required_nodes", DOC_TEXT, J(REQ_NODES), NULL },
    { "minimum_switches", DOC_NO_INT, 0, NULL },
    { "requeue", DOC_BOOL, J(REQUEUE), NULL },
    { "resize_time", DOC_NO_TIME, 0, NULL },
    { "restart_cnt", DOC_INT, J(RESTARTS), NULL },
    { "resv_name", DOC_TEXT, J(RESERVATION), NULL },
    { "scheduled_nodes", DOC_TEXT, J(SCHED_NODES), NULL },
    { "selinux_context", DOC_NO_TEXT, 0, NULL },
    { "shared", DOC_MAKE, J(SHARED), make_shared },
    { "exclusive", DOC_MAKE, J(SHARED), make_exclusive },
    { "oversubscribe", DOC_MAKE, J(SHARED), make_oversubscribe },
    { "show_flags", DOC_NO_LIST, 0, NULL },
    { "sockets_per_board", DOC_NO_INT, 0, NULL },
    { "sockets_per_node", DOC_NO_NUMBER, 0, NULL },
    { "start_time", DOC_TIME, J(START_TIME), NULL },
    { "state_description", DOC_TEXT, J(REASON_TEXT), NULL },
    { "state_reason", DOC_MAKE, J(REASON), make_reason },
    { "standard_error", DOC_TEXT, J(STD_ERR), NULL },
    { "standard_input", DOC_TEXT, J(STD_IN), NULL },
    { "standard_output", DOC_TEXT, J(STD_OUT), NULL },
    { "submit_time", DOC_TIME, J(SUBMIT_TIME), NULL },
    { "suspend_time", DOC_TIME, J(SUSPEND_TIME), NULL },
    { "system_comment", DOC_NO_TEXT, 0, NULL },
    { "time_limit", DOC_NUMBER, J(TIME_LIMIT), NULL },
    { "time_minimum", DOC_TIME, J(TIME_MIN), NULL },
    { "threads_per_core", DOC_NO_NUMBER, 0, NULL },
    { "tres_bind", DOC_NO_TEXT, 0, NULL },
    { "tres_freq", DOC_NO_TEXT, 0, NULL },
    { "tres_per_job", DOC_NO_TEXT, 0, NULL },
    { "tres_per_node", DOC_TEXT, J(GRES), NULL },
    { "tres_per_socket", DOC_NO_TEXT, 0, NULL },
    { "tres_per_task", DOC_NO_TEXT, 0, NULL },
    { "tres_req_str", DOC_MAKE, J(NUM_CPUS), tres },
    { "tres_alloc_str", DOC_MAKE, J(NUM_CPUS), make_tres_alloc },
    { "user_id", DOC_INT, J(UID), NULL },
    { "user_name", DOC_TEXT, J(USER), NULL },
    { "maximum_switch_wait_time", DOC_NO_INT, 0, NULL },
    { "wckey", DOC_TEXT, J(WCKEY), NULL },
    { "current_working_directory", DOC_TEXT, J(WORK_DIR), NULL },
};
static const uint16_t job_more[] = { J(NODE_LIST), J(MEM_TOTAL), J(NUM_NODES), J(EXIT_STATUS), 0 };
const struct doc_table doc_jobs = { "jobs", QUERY_JOBS, job_rows, ARRAY_SIZE(job_rows), job_more };

/* ---- steps ---- */

static json_t *make_step_state(const struct view *v, size_t row)
{
    return doc_state(get(v, FIELD_STEP_STATE, row));
}
static json_t *make_step_id(const struct view *v, size_t row)
{
    CLEANUP_STRBUF struct strbuf text = STRBUF_INIT;

    strbuf_addf(&text, "%lld", (long long)get(v, FIELD_STEP_JOB_ID, row));
    cell_step(&text, get(v, FIELD_STEP_ID, row));
    return doc_text(strbuf_str(&text));
}
static json_t *make_step_tres(const struct view *v, size_t row)
{
    CLEANUP_STRBUF struct strbuf text = STRBUF_INIT;

    cell_tres(&text, v, get(v, FIELD_STEP_NUM_CPUS, row), get(v, FIELD_STEP_MEM, row),
              get(v, FIELD_STEP_NUM_NODES, row));
    return doc_text(strbuf_str(&text));
}

#define S(field) FIELD_STEP_##field
static const struct doc_row step_rows[] = {
    { "array/job_id", DOC_INT, S(ARRAY_ID), NULL },
    { "array/task_id", DOC_INT, S(ARRAY_TASK), NULL },
    { "cluster", DOC_TEXT, S(CLUSTER), NULL },
    { "container", DOC_NO_TEXT, 0, NULL },
    { "container_id", DOC_NO_TEXT, 0, NULL },
    { "cpu/frequency/min", DOC_NO_NUMBER, 0, NULL },
    { "cpu/frequency/max", DOC_NO_NUMBER, 0, NULL },
    { "cpu/frequency/governor", DOC_NO_NUMBER, 0, NULL },
    { "tres/per/cpu", DOC_NO_TEXT, 0, NULL },
    { "tres/per/memory", DOC_NO_TEXT, 0, NULL },
    { "name", DOC_TEXT, S(NAME), NULL },
    { "network", DOC_NO_TEXT, 0, NULL },
    { "nodes", DOC_TEXT, S(NODE_LIST), NULL },
    { "number_cpus", DOC_INT, S(NUM_CPUS), NULL },
    { "number_tasks", DOC_INT, S(NUM_TASKS), NULL },
    { "partition", DOC_TEXT, S(PARTITION), NULL },
    { "reserved_ports", DOC_NO_TEXT, 0, NULL },
    { "time/running", DOC_TIME, S(RUN_SEC), NULL },
    { "srun/host", DOC_TEXT, S(SRUN_HOST), NULL },
    { "srun/pid", DOC_INT, S(SRUN_PID), NULL },
    { "time/start", DOC_TIME, S(START_TIME), NULL },
    { "state", DOC_MAKE, S(STATE), make_step_state },
    { "id", DOC_MAKE, S(ID), make_step_id },
    { "submit_line", DOC_TEXT, S(SUBMIT_LINE), NULL },
    { "task/distribution", DOC_TEXT, S(DISTRIBUTION), NULL },
    { "time/limit", DOC_NUMBER, S(TIME_LIMIT), NULL },
    { "tres/allocation", DOC_MAKE, S(NUM_CPUS), make_step_tres },
    { "tres/binding", DOC_NO_TEXT, 0, NULL },
    { "tres/frequency", DOC_NO_TEXT, 0, NULL },
    { "tres/per/step", DOC_NO_TEXT, 0, NULL },
    { "tres/per/node", DOC_NO_TEXT, 0, NULL },
    { "tres/per/socket", DOC_NO_TEXT, 0, NULL },
    { "tres/per/task", DOC_NO_TEXT, 0, NULL },
    { "user", DOC_TEXT, S(USER), NULL },
};
static const uint16_t step_more[] = { S(JOB_ID), S(MEM), S(NUM_NODES), 0 };
const struct doc_table doc_steps = { "steps", QUERY_STEPS, step_rows, ARRAY_SIZE(step_rows), step_more };
