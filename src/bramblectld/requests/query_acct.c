/* query_acct.c - sacct: filters to the store's query, on a worker, records to chunks. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bramblectld/projections/accounting.h"
#include "bramblectld/requests/query_private.h"
#include "usage/usage.h"
#include "util/mem.h"

struct acct_run {
    struct query *q;
    struct acct_query query;
    uint32_t *uids;
    size_t num_uids;
    struct name_set partitions, names, accounts;
    struct arena arena;
    struct acct_record *rows; /* texts are in the arena */
    size_t num, cap;
    struct acct_record job; /* the job of the steps that follow */
};

static void run_free(struct acct_run *r)
{
    free(r->uids);
    free(r->rows);
    name_set_fini(&r->partitions);
    name_set_fini(&r->names);
    name_set_fini(&r->accounts);
    arena_fini(&r->arena);
    free(r);
}

static void keep(struct acct_run *r, const char **text)
{
    *text = *text ? arena_strdup(&r->arena, *text) : NULL;
}

static bool visit(void *arg, const struct acct_record *rec)
{
    struct acct_run *r = arg;
    if (r->num == r->cap)
        r->rows = xreallocarray(r->rows, r->cap = r->cap ? r->cap * 2 : 64, sizeof(*r->rows));
    struct acct_record *k = &r->rows[r->num++];
    *k = *rec;
    const char **texts[] = { &k->name,     &k->user,       &k->group,    &k->account,     &k->partition, &k->qos,
                             &k->node_list, &k->work_dir,  &k->comment,  &k->wckey,       &k->submit_line, &k->constraint,
                             &k->tres_req, &k->tres_alloc, &k->launcher, &k->reason,      &k->layout,      &k->usage,
                             &k->tasks };
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        keep(r, texts[i]);
    return true;
}

static int work(void *arg, const struct accounting_plugin *plugin, void *self, struct error *err)
{
    struct acct_run *r = arg;
    struct plugin_error why = { "" };
    if (plugin->query(self, &r->query, visit, r, &why) < 0)
        return error_set(err, BRE_PLUGIN, "%s", why.text);
    return 0;
}

static int64_t sec(int64_t usec)
{
    return usec ? usec / 1000000 : FIELD_UNSET;
}

static int64_t limit(uint32_t minutes)
{
    return minutes == TIME_UNLIMITED_MIN ? FIELD_INFINITE : minutes ? (int64_t)minutes : FIELD_UNSET;
}

static const char *node_name(struct query *q, uint32_t node_id)
{
    struct node_view v;
    return cluster_node_view(q->req->ctld->cluster, node_id, &v) ? v.name : NULL;
}

static const char *usage_with_names(struct query *q, const char *text)
{
    struct usage u;
    if (!usage_parse(&u, text))
        return NULL;
    for (int i = 0; i < USAGE_KINDS; i++) {
        struct usage_span *s = &u.spans[i];
        const char *most = node_name(q, (uint32_t)strtoul(s->max_node, NULL, 10));
        snprintf(s->max_node, sizeof(s->max_node), "%s", most ? most : "-");
        const char *least = node_name(q, (uint32_t)strtoul(s->min_node, NULL, 10));
        snprintf(s->min_node, sizeof(s->min_node), "%s", least ? least : "-");
    }
    CLEANUP_FREE char *named = usage_format(&u);
    return arena_strdup(&q->table.arena, named);
}

static void acct_cell(struct acct_run *run, size_t col, const struct acct_record *r, const struct acct_record *job)
{
    struct query *q = run->q;
    struct table *t = &q->table;
    const bool step = r->step_id != STEP_NONE;
    switch ((enum field_id)t->columns[col].field) {
#define INT(field, value) case FIELD_##field: table_int(t, col, (int64_t)(value)); return
#define STR(field, value) case FIELD_##field: table_string(t, col, (value)); return
    INT(ACCT_JOB_ID, r->job_id);
    INT(ACCT_STEP_ID, step ? (int64_t)r->step_id : FIELD_UNSET);
    INT(ACCT_ARRAY_ID, job->array_id ? (int64_t)job->array_id : FIELD_UNSET);
    INT(ACCT_ARRAY_TASK, job->array_id && !job->tasks ? (int64_t)job->task_id : FIELD_UNSET);
    STR(ACCT_ARRAY_TASKS, job->tasks);
    INT(ACCT_ATTEMPT, r->attempt);
    STR(ACCT_NAME, r->name);
    STR(ACCT_USER, job->user);
    INT(ACCT_UID, job->uid);
    STR(ACCT_GROUP, job->group);
    INT(ACCT_GID, job->gid);
    STR(ACCT_ACCOUNT, job->account);
    STR(ACCT_PARTITION, job->partition);
    STR(ACCT_QOS, job->qos ? job->qos : "normal");
    STR(ACCT_CLUSTER, cluster_name(q->req->ctld->cluster));
    STR(ACCT_NODE_LIST, r->node_list);
    INT(ACCT_NUM_NODES, r->num_nodes);
    INT(ACCT_NUM_CPUS, r->num_cpus);
    INT(ACCT_REQ_CPUS, r->req_cpus);
    INT(ACCT_NUM_TASKS, step ? (int64_t)r->num_tasks : FIELD_UNSET);
    INT(ACCT_REQ_MEM, job->req_mem_mb ? (int64_t)job->req_mem_mb : FIELD_UNSET);
    INT(ACCT_REQ_MEM_CPU, job->req_mem_per_cpu);
    INT(ACCT_STATE, r->state);
    STR(ACCT_REASON, r->reason);
    INT(ACCT_EXIT_STATUS, r->exit_status);
    INT(ACCT_DERIVED_EXIT, step ? FIELD_UNSET : (int64_t)r->exit_status);
    INT(ACCT_KILL_UID, r->killed_by_uid == UINT32_MAX ? FIELD_UNSET : (int64_t)r->killed_by_uid);
    INT(ACCT_SUBMIT_TIME, sec(r->submit_usec));
    INT(ACCT_ELIGIBLE_TIME, sec(r->eligible_usec));
    INT(ACCT_START_TIME, sec(r->start_usec ? r->start_usec : r->end_usec));
    INT(ACCT_END_TIME, sec(r->end_usec));
    INT(ACCT_TIME_LIMIT, limit(job->time_limit_min));
    INT(ACCT_PRIORITY, job->priority);
    INT(ACCT_USER_USEC, r->user_usec);
    INT(ACCT_SYS_USEC, r->sys_usec);
    INT(ACCT_MAX_RSS_KB, step && r->max_rss_kb ? (int64_t)r->max_rss_kb : FIELD_UNSET);
    INT(ACCT_MAX_RSS_TASK, step && r->max_rss_kb ? (int64_t)r->max_rss_task : FIELD_UNSET);
    STR(ACCT_MAX_RSS_NODE, step && r->max_rss_kb ? node_name(q, r->max_rss_node) : NULL);
    INT(ACCT_DISK_READ, step && r->end_usec ? (int64_t)r->disk_read : FIELD_UNSET);
    INT(ACCT_DISK_WRITE, step && r->end_usec ? (int64_t)r->disk_write : FIELD_UNSET);
    INT(ACCT_RESTARTS, job->restarts);
    STR(ACCT_WORK_DIR, job->work_dir);
    STR(ACCT_COMMENT, job->comment);
    STR(ACCT_WCKEY, job->wckey);
    STR(ACCT_SUBMIT_LINE, r->submit_line ? r->submit_line : job->submit_line);
    STR(ACCT_CONSTRAINT, job->constraint);
    STR(ACCT_TRES_REQ, job->tres_req);
    STR(ACCT_TRES_ALLOC, r->tres_alloc);
    STR(ACCT_LAUNCHER, step ? r->launcher : NULL);
    STR(ACCT_LAYOUT, step ? r->layout : NULL);
    STR(ACCT_FLAGS, step || !r->started_by ? NULL : r->started_by == 2 ? "SchedBackfill" : "SchedMain");
    STR(ACCT_USAGE, step ? usage_with_names(q, r->usage) : NULL);
    INT(ACCT_SUSPENDED_SEC,
        (r->suspended_usec + (r->suspended_at ? (int64_t)time(NULL) * 1000000 - r->suspended_at : 0)) / 1000000);
#undef INT
#undef STR
    default:
        table_int(t, col, t->columns[col].is_string ? 0 : FIELD_UNSET);
    }
}

/* A job's usage is that of its steps, which follow it. */
static void add_usage(struct acct_run *r)
{
    struct acct_record *job = NULL;
    for (size_t i = 0; i < r->num; i++) {
        struct acct_record *rec = &r->rows[i];
        if (rec->step_id == STEP_NONE) {
            job = rec;
        } else if (job && job->job_id == rec->job_id && job->attempt == rec->attempt) {
            job->user_usec += rec->user_usec;
            job->sys_usec += rec->sys_usec;
        }
    }
}

static void send_all(struct acct_run *r)
{
    struct query *q = r->q;
    struct table *t = &q->table;
    const bool steps = q->msg->has_with_steps && q->msg->with_steps;
    Wire__TableChunk chunk;
    for (size_t i = 0; i < r->num && request_alive(q->req); i++) {
        const struct acct_record *rec = &r->rows[i];
        if (rec->step_id == STEP_NONE)
            r->job = *rec;
        else if (!steps)
            continue;
        for (size_t col = 0; col < t->num_columns; col++)
            acct_cell(r, col, rec, &r->job);
        table_next_row(t);
        if (table_full(t)) {
            table_chunk(t, &chunk, false, q->now.wall_usec / 1000000);
            request_send(q->req, MSG_TABLE_CHUNK, &chunk.base);
            table_clear(t);
        }
    }
    table_chunk(t, &chunk, true, q->now.wall_usec / 1000000);
    request_send(q->req, MSG_TABLE_CHUNK, &chunk.base);
}

static void done(void *arg, const struct error *err)
{
    struct acct_run *r = arg;
    struct query *q = r->q;
    struct request *req = q->req;
    if (!err && request_alive(req)) {
        add_usage(r);
        send_all(r);
    }
    run_free(r);
    query_free(q);
    if (err)
        request_refuse(req, err);
    else
        request_end(req);
}

void query_accounting(struct query *q)
{
    struct request *req = q->req;
    const Wire__QueryRequest *msg = q->msg;
    struct error err;
    if (!req->ctld->accounting) {
        query_free(q);
        request_refuse_code(req, BRE_DISABLED, "Slurm accounting storage is disabled");
        return;
    }
    struct acct_run *r = xcalloc(1, sizeof(*r));
    r->q = q;
    arena_init(&r->arena, 16 << 10, 0);
    if (uid_list_parse(msg->users, &r->uids, &r->num_uids, &err) < 0
        || state_mask_parse(msg->states, &r->query.state_mask, &err) < 0) {
        run_free(r);
        query_free(q);
        request_refuse(req, &err);
        return;
    }
    name_set_parse(&r->partitions, msg->partitions);
    name_set_parse(&r->names, msg->names);
    name_set_parse(&r->accounts, msg->accounts);
    if (q->num_wanted) {
        uint32_t *ids = arena_alloc(&r->arena, q->num_wanted * sizeof(*ids) * 2), *steps = ids + q->num_wanted;
        for (size_t i = 0; i < q->num_wanted; i++) {
            ids[i] = q->wanted[i].job_id;
            steps[i] = q->wanted[i].step_id;
        }
        r->query.job_ids = ids;
        r->query.step_ids = steps;
        r->query.num_job_ids = (uint32_t)q->num_wanted;
    }
    r->query.uids = r->uids;
    r->query.num_uids = (uint32_t)r->num_uids;
    r->query.partitions = (const char *const *)r->partitions.names;
    r->query.num_partitions = (uint32_t)r->partitions.num;
    r->query.names = (const char *const *)r->names.names;
    r->query.num_names = (uint32_t)r->names.num;
    r->query.accounts = (const char *const *)r->accounts.names;
    r->query.num_accounts = (uint32_t)r->accounts.num;
    r->query.start_usec = msg->has_start_after ? msg->start_after * 1000000 : 0;
    r->query.end_usec = msg->has_start_before ? msg->start_before * 1000000 : 0;
    r->query.with_steps = true; /* also without --allsteps: a job's usage is theirs */
    r->query.duplicates = msg->has_duplicates && msg->duplicates;
    accounting_ask(req->ctld->accounting, work, done, r);
}
