/* doc.c - the accounts as a document: JOB and STEP of data_parser v0.0.41. */
#include <string.h>
#include <sys/wait.h>

#include "bramble/constants.h"
#include "commands/display/doc.h"
#include "commands/sacct/sacct_private.h"
#include "util/mem.h"
#include "util/num.h"

static int64_t get(const struct view *v, unsigned field, size_t row)
{
    return table_int(v->table, field, row);
}
static int64_t above_zero(int64_t value)
{
    return value > 0 ? value : 0;
}

/* ---- TRES: "cpu=2,mem=100M,node=1,billing=2" as a list ---- */

static json_t *tres_one(const char *type, const char *name, int64_t count)
{
    static const struct {
        const char *type;
        int id;
    } ids[] = { { "cpu", 1 }, { "mem", 2 }, { "energy", 3 }, { "node", 4 }, { "billing", 5 }, { "fs", 6 },
                { "vmem", 7 }, { "pages", 8 }, { "gres", 1001 }, { "license", 1002 } };
    int id = 0;

    for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
        if (!strcmp(ids[i].type, type))
            id = ids[i].id;
    return json_pack("{s:s, s:s, s:i, s:I}", "type", type, "name", name, "id", id, "count", (json_int_t)count);
}

static json_t *tres_list(const char *text)
{
    json_t *list = json_array();

    while (text && *text) {
        CLEANUP_FREE char *word = xstrndup(text, strcspn(text, ","));
        char *value = strchr(word, '='), *name = strchr(word, '/');
        uint64_t count = 0;

        text += strlen(word);
        text += *text == ',';
        if (!value)
            continue;
        *value++ = '\0';
        if (name && name < value)
            *name++ = '\0';
        else
            name = NULL;
        if (!strcmp(word, "mem")) { /* in MiB */
            char *unit;
            double size = strtod(value, &unit);

            count = (uint64_t)(*unit == 'G' ? size * 1024 : *unit == 'T' ? size * 1024 * 1024 : size);
        } else {
            count = strtoull(value, NULL, 10);
        }
        json_array_append_new(list, tres_one(word, name ? name : "", (int64_t)count));
    }
    return list;
}

/* ---- what jobs and steps have both ---- */

static int64_t elapsed(const struct view *v, size_t row)
{
    int64_t start = get(v, FIELD_ACCT_START_TIME, row), end = get(v, FIELD_ACCT_END_TIME, row);

    if (start <= 0)
        return 0;
    return above_zero((end > 0 ? end : v->now) - start - above_zero(get(v, FIELD_ACCT_SUSPENDED_SEC, row)));
}
static json_t *make_elapsed(const struct view *v, size_t row)
{
    return json_integer(elapsed(v, row));
}
static json_t *make_state(const struct view *v, size_t row)
{
    int64_t state = get(v, FIELD_ACCT_STATE, row);

    return doc_state(state == JOB_COMPLETING || state == JOB_CONFIGURING ? JOB_RUNNING : state);
}
static json_t *make_exit(const struct view *v, size_t row)
{
    return doc_exit(get(v, FIELD_ACCT_EXIT_STATUS, row));
}
static json_t *seconds(int64_t usec)
{
    return json_integer(above_zero(usec) / 1000000);
}
static json_t *microseconds(int64_t usec)
{
    return json_integer(above_zero(usec) % 1000000);
}
#define USEC_ROWS(name, value)                                                                 \
    static json_t *make_##name##_sec(const struct view *v, size_t row)                         \
    {                                                                                          \
        return seconds(value);                                                                 \
    }                                                                                          \
    static json_t *make_##name##_usec(const struct view *v, size_t row)                        \
    {                                                                                          \
        return microseconds(value);                                                            \
    }
USEC_ROWS(user, get(v, FIELD_ACCT_USER_USEC, row))
USEC_ROWS(sys, get(v, FIELD_ACCT_SYS_USEC, row))
USEC_ROWS(total, above_zero(get(v, FIELD_ACCT_USER_USEC, row)) + above_zero(get(v, FIELD_ACCT_SYS_USEC, row)))
static json_t *make_alloc_tres(const struct view *v, size_t row)
{
    return tres_list(get(v, FIELD_ACCT_START_TIME, row) > 0 ? table_text(v->table, FIELD_ACCT_TRES_ALLOC, row) : NULL);
}

/* ---- jobs ---- */

static json_t *make_association(const struct view *v, size_t row)
{
    json_t *o = json_object();

    doc_set(o, "account", doc_text(table_text(v->table, FIELD_ACCT_ACCOUNT, row)));
    doc_set(o, "cluster", doc_text(table_text(v->table, FIELD_ACCT_CLUSTER, row)));
    doc_set(o, "partition", json_string(""));
    doc_set(o, "user", doc_text(table_text(v->table, FIELD_ACCT_USER, row)));
    doc_set(o, "id", json_integer(0));
    return o;
}
static json_t *make_alloc_nodes(const struct view *v, size_t row)
{
    return json_integer(table_text(v->table, FIELD_ACCT_NODE_LIST, row)
                            ? above_zero(get(v, FIELD_ACCT_NUM_NODES, row)) : 0);
}
static json_t *make_derived_exit(const struct view *v, size_t row)
{
    return doc_exit(get(v, FIELD_ACCT_DERIVED_EXIT, row));
}
static json_t *make_flags(const struct view *v, size_t row)
{
    const char *flags = table_text(v->table, FIELD_ACCT_FLAGS, row);
    json_t *list = json_array();

    if (flags && strstr(flags, "SchedSubmit"))
        json_array_append_new(list, json_string("STARTED_ON_SUBMIT"));
    if (flags && strstr(flags, "SchedMain"))
        json_array_append_new(list, json_string("STARTED_ON_SCHEDULE"));
    if (flags && strstr(flags, "SchedBackfill"))
        json_array_append_new(list, json_string("STARTED_ON_BACKFILL"));
    if (get(v, FIELD_ACCT_START_TIME, row) > 0)
        json_array_append_new(list, json_string("START_RECEIVED"));
    return list;
}
static json_t *make_nodes(const struct view *v, size_t row)
{
    const char *list = table_text(v->table, FIELD_ACCT_NODE_LIST, row);

    return doc_text(list ? list : "None assigned");
}
static json_t *make_hold(const struct view *v, size_t row)
{
    return json_boolean(get(v, FIELD_ACCT_PRIORITY, row) == 0);
}
static json_t *make_mem(const struct view *v, size_t row, bool per_cpu)
{
    int64_t mb = get(v, FIELD_ACCT_REQ_MEM, row);

    return doc_number((get(v, FIELD_ACCT_REQ_MEM_CPU, row) > 0) == per_cpu ? mb : FIELD_UNSET);
}
static json_t *make_mem_cpu(const struct view *v, size_t row)
{
    return make_mem(v, row, true);
}
static json_t *make_mem_node(const struct view *v, size_t row)
{
    return make_mem(v, row, false);
}
static json_t *make_killer(const struct view *v, size_t row)
{
    int64_t uid = get(v, FIELD_ACCT_KILL_UID, row);
    CLEANUP_FREE char *text = uid >= 0 ? xasprintf("%lld", (long long)uid) : NULL;

    return doc_text(text);
}
static json_t *make_planned(const struct view *v, size_t row)
{
    int64_t from = get(v, FIELD_ACCT_ELIGIBLE_TIME, row), until = get(v, FIELD_ACCT_START_TIME, row);

    return doc_time(from > 0 && until > from ? until - from : 0);
}
static json_t *make_req_tres(const struct view *v, size_t row)
{
    return tres_list(table_text(v->table, FIELD_ACCT_TRES_REQ, row));
}
static json_t *make_wckey(const struct view *v, size_t row)
{
    json_t *o = json_object();

    doc_set(o, "wckey", doc_text(table_text(v->table, FIELD_ACCT_WCKEY, row)));
    doc_set(o, "flags", json_array());
    return o;
}
static json_t *make_task_id(const struct view *v, size_t row)
{
    return doc_number(get(v, FIELD_ACCT_ARRAY_TASK, row));
}

#define A(field) FIELD_ACCT_##field
static const struct doc_row job_rows[] = {
    { "account", DOC_TEXT, A(ACCOUNT), NULL },
    { "comment/administrator", DOC_TEXT, A(ADMIN_COMMENT), NULL },
    { "allocation_nodes", DOC_MAKE, A(NODE_LIST), make_alloc_nodes },
    { "array/job_id", DOC_INT, A(ARRAY_ID), NULL },
    { "array/limits/max/running/tasks", DOC_NO_INT, 0, NULL },
    { "array/task_id", DOC_MAKE, A(ARRAY_TASK), make_task_id },
    { "array/task", DOC_TEXT, A(ARRAY_TASKS), NULL },
    { "association", DOC_MAKE, A(CLUSTER), make_association },
    { "block", DOC_NO_TEXT, 0, NULL },
    { "cluster", DOC_TEXT, A(CLUSTER), NULL },
    { "constraints", DOC_TEXT, A(CONSTRAINT), NULL },
    { "container", DOC_NO_TEXT, 0, NULL },
    { "derived_exit_code", DOC_MAKE, A(DERIVED_EXIT), make_derived_exit },
    { "comment/job", DOC_TEXT, A(COMMENT), NULL },
    { "time/elapsed", DOC_MAKE, A(START_TIME), make_elapsed },
    { "time/eligible", DOC_INT, A(ELIGIBLE_TIME), NULL },
    { "time/end", DOC_INT, A(END_TIME), NULL },
    { "exit_code", DOC_MAKE, A(EXIT_STATUS), make_exit },
    { "extra", DOC_NO_TEXT, 0, NULL },
    { "failed_node", DOC_NO_TEXT, 0, NULL },
    { "flags", DOC_MAKE, A(FLAGS), make_flags },
    { "group", DOC_TEXT, A(GROUP), NULL },
    { "het/job_id", DOC_NO_INT, 0, NULL },
    { "het/job_offset", DOC_NO_NUMBER, 0, NULL },
    { "job_id", DOC_INT, A(JOB_ID), NULL },
    { "name", DOC_TEXT, A(NAME), NULL },
    { "licenses", DOC_NO_TEXT, 0, NULL },
    { "mcs/label", DOC_NO_TEXT, 0, NULL },
    { "nodes", DOC_MAKE, A(NODE_LIST), make_nodes },
    { "partition", DOC_TEXT, A(PARTITION), NULL },
    { "hold", DOC_MAKE, A(PRIORITY), make_hold },
    { "priority", DOC_NUMBER, A(PRIORITY), NULL },
    { "qos", DOC_TEXT, A(QOS), NULL },
    { "required/CPUs", DOC_INT, A(REQ_CPUS), NULL },
    { "required/memory_per_cpu", DOC_MAKE, A(REQ_MEM), make_mem_cpu },
    { "required/memory_per_node", DOC_MAKE, A(REQ_MEM_CPU), make_mem_node },
    { "kill_request_user", DOC_MAKE, A(KILL_UID), make_killer },
    { "reservation/id", DOC_NO_INT, 0, NULL },
    { "reservation/name", DOC_TEXT, A(RESERVATION), NULL },
    { "time/planned", DOC_MAKE, A(ELIGIBLE_TIME), make_planned },
    { "script", DOC_NO_TEXT, 0, NULL },
    { "stdin_expanded", DOC_NO_TEXT, 0, NULL },
    { "stdout_expanded", DOC_NO_TEXT, 0, NULL },
    { "stderr_expanded", DOC_NO_TEXT, 0, NULL },
    { "stdout", DOC_NO_TEXT, 0, NULL },
    { "stderr", DOC_NO_TEXT, 0, NULL },
    { "stdin", DOC_NO_TEXT, 0, NULL },
    { "time/start", DOC_INT, A(START_TIME), NULL },
    { "state/current", DOC_MAKE, A(STATE), make_state },
    { "state/reason", DOC_TEXT, A(REASON), NULL },
    { "steps", DOC_NO_LIST, 0, NULL }, /* filled by the rows that follow */
    { "time/submission", DOC_INT, A(SUBMIT_TIME), NULL },
    { "submit_line", DOC_TEXT, A(SUBMIT_LINE), NULL },
    { "time/suspended", DOC_INT, A(SUSPENDED_SEC), NULL },
    { "comment/system", DOC_NO_TEXT, 0, NULL },
    { "time/system/seconds", DOC_MAKE, A(SYS_USEC), make_sys_sec },
    { "time/system/microseconds", DOC_MAKE, A(SYS_USEC), make_sys_usec },
    { "time/limit", DOC_NUMBER, A(TIME_LIMIT), NULL },
    { "time/total/seconds", DOC_MAKE, A(USER_USEC), make_total_sec },
    { "time/total/microseconds", DOC_MAKE, A(USER_USEC), make_total_usec },
    { "tres/allocated", DOC_MAKE, A(TRES_ALLOC), make_alloc_tres },
    { "tres/requested", DOC_MAKE, A(TRES_REQ), make_req_tres },
    { "used_gres", DOC_NO_TEXT, 0, NULL },
    { "user", DOC_TEXT, A(USER), NULL },
    { "time/user/seconds", DOC_MAKE, A(USER_USEC), make_user_sec },
    { "time/user/microseconds", DOC_MAKE, A(USER_USEC), make_user_usec },
    { "wckey", DOC_MAKE, A(WCKEY), make_wckey },
    { "working_directory", DOC_TEXT, A(WORK_DIR), NULL },
};
static const uint16_t job_more[] = { A(STEP_ID), A(NUM_NODES), A(NUM_TASKS), A(LAYOUT), A(MAX_RSS_KB), A(DISK_READ),
                                     A(DISK_WRITE), A(ATTEMPT), 0 };
const struct doc_table sacct_doc_jobs = { "jobs", QUERY_ACCT, job_rows, ARRAY_SIZE(job_rows), job_more };

/* ---- steps ---- */

static json_t *make_step_id(const struct view *v, size_t row)
{
    CLEANUP_STRBUF struct strbuf text = STRBUF_INIT;

    strbuf_addf(&text, "%lld", (long long)get(v, A(JOB_ID), row));
    cell_step(&text, get(v, A(STEP_ID), row));
    return doc_text(strbuf_str(&text));
}
static json_t *make_tasks(const struct view *v, size_t row)
{
    int64_t tasks = get(v, A(NUM_TASKS), row);

    return json_integer(tasks > 0 ? tasks : 1);
}
static json_t *make_node_list(const struct view *v, size_t row)
{
    const char *nodes = table_text(v->table, A(NODE_LIST), row);
    CLEANUP_HOSTLIST struct hostlist *hl = hostlist_parse(nodes ? nodes : "", 0, NULL);
    json_t *list = json_array();

    for (size_t i = 0; hl && i < hostlist_count(hl); i++)
        json_array_append_new(list, doc_text(hostlist_nth(hl, i)));
    return list;
}
static json_t *make_governor(const struct view *v, size_t row)
{
    (void)v, (void)row;
    return json_string("0");
}
static json_t *make_consumed(const struct view *v, size_t row)
{
    json_t *list = json_array();
    int64_t usec = above_zero(get(v, A(USER_USEC), row)) + above_zero(get(v, A(SYS_USEC), row));
    int64_t rss = get(v, A(MAX_RSS_KB), row), read = get(v, A(DISK_READ), row);

    json_array_append_new(list, tres_one("cpu", "", usec / 1000));
    if (rss >= 0)
        json_array_append_new(list, tres_one("mem", "", rss * 1024));
    if (read >= 0)
        json_array_append_new(list, tres_one("fs", "disk", read));
    return list;
}
static json_t *make_written(const struct view *v, size_t row)
{
    json_t *list = json_array();
    int64_t written = get(v, A(DISK_WRITE), row);

    if (written >= 0)
        json_array_append_new(list, tres_one("fs", "disk", written));
    return list;
}

static const struct doc_row step_rows[] = {
    { "time/elapsed", DOC_MAKE, A(START_TIME), make_elapsed },
    { "time/end", DOC_TIME, A(END_TIME), NULL },
    { "exit_code", DOC_MAKE, A(EXIT_STATUS), make_exit },
    { "nodes/count", DOC_INT, A(NUM_NODES), NULL },
    { "nodes/range", DOC_TEXT, A(NODE_LIST), NULL },
    { "tasks/count", DOC_MAKE, A(NUM_TASKS), make_tasks },
    { "pid", DOC_NO_TEXT, 0, NULL },
    { "CPU/requested_frequency/min", DOC_NO_TIME, 0, NULL },
    { "CPU/requested_frequency/max", DOC_NO_TIME, 0, NULL },
    { "CPU/governor", DOC_MAKE, 0, make_governor },
    { "kill_request_user", DOC_MAKE, A(KILL_UID), make_killer },
    { "time/start", DOC_TIME, A(START_TIME), NULL },
    { "state", DOC_MAKE, A(STATE), make_state },
    { "statistics/CPU/actual_frequency", DOC_NO_INT, 0, NULL },
    { "statistics/energy/consumed", DOC_NO_TIME, 0, NULL },
    { "step/id", DOC_MAKE, A(STEP_ID), make_step_id },
    { "step/name", DOC_TEXT, A(NAME), NULL },
    { "time/suspended", DOC_INT, A(SUSPENDED_SEC), NULL },
    { "time/system/seconds", DOC_MAKE, A(SYS_USEC), make_sys_sec },
    { "time/system/microseconds", DOC_MAKE, A(SYS_USEC), make_sys_usec },
    { "task/distribution", DOC_TEXT, A(LAYOUT), NULL },
    { "time/total/seconds", DOC_MAKE, A(USER_USEC), make_total_sec },
    { "time/total/microseconds", DOC_MAKE, A(USER_USEC), make_total_usec },
    { "time/user/seconds", DOC_MAKE, A(USER_USEC), make_user_sec },
    { "time/user/microseconds", DOC_MAKE, A(USER_USEC), make_user_usec },
    { "nodes/list", DOC_MAKE, A(NODE_LIST), make_node_list },
    { "tres/requested/max", DOC_NO_LIST, 0, NULL },
    { "tres/requested/min", DOC_NO_LIST, 0, NULL },
    { "tres/consumed/max", DOC_NO_LIST, 0, NULL },
    { "tres/consumed/min", DOC_NO_LIST, 0, NULL },
    { "tres/requested/average", DOC_NO_LIST, 0, NULL },
    { "tres/requested/total", DOC_MAKE, A(DISK_READ), make_consumed },
    { "tres/consumed/average", DOC_NO_LIST, 0, NULL },
    { "tres/consumed/total", DOC_MAKE, A(DISK_WRITE), make_written },
    { "tres/allocated", DOC_MAKE, A(TRES_ALLOC), make_alloc_tres },
};
static const struct doc_table doc_acct_steps = { "steps", QUERY_ACCT, step_rows, ARRAY_SIZE(step_rows), NULL };

int sacct_document(const struct sacct_params *p, const struct view *view, const uint32_t *order, size_t n)
{
    struct doc *d = doc_begin(p->con, p->doc);
    json_t *job = NULL;

    doc_list_begin(d, "jobs");
    for (size_t i = 0; i < n; i++) {
        if (get(view, A(STEP_ID), order[i]) >= 0) {
            if (job) /* a step that was asked for without its job has no place */
                json_array_append_new(json_object_get(job, "steps"), doc_record(&doc_acct_steps, view, order[i]));
            continue;
        }
        if (job)
            doc_list_add(d, job);
        job = doc_record(&sacct_doc_jobs, view, order[i]);
    }
    if (job)
        doc_list_add(d, job);
    doc_list_end(d);
    return doc_end(d);
}
