/* query.c - the reading side: a statement with bound parameters, made for each query.
 *
 * The filters speak of jobs; with_steps adds the steps of the jobs that they leave.
 */
#include "config.h"
#include "store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_SET 30000 /* SQLite's own limit of parameters is 32766 */

/* SQL text and the parameters of its question marks, in order. */
struct sql {
    char *text;
    size_t len;
    FILE *out;
    struct {
        const char *text; /* NULL: number */
        int64_t number;
    } *params;
    size_t num_params, cap_params;
    bool failed;
};

static void sql_param(struct sql *sql, const char *text, int64_t number)
{
    if (sql->num_params == sql->cap_params) {
        size_t cap = sql->cap_params ? sql->cap_params * 2 : 32;
        void *params = realloc(sql->params, cap * sizeof *sql->params);

        if (!params) {
            sql->failed = true;
            return;
        }
        sql->params = params;
        sql->cap_params = cap;
    }
    sql->params[sql->num_params].text = text;
    sql->params[sql->num_params++].number = number;
}

static void sql_number(struct sql *sql, const char *condition, int64_t number)
{
    fputs(condition, sql->out);
    sql_param(sql, NULL, number);
}

static void sql_text_set(struct sql *sql, const char *column, const char *const *values, uint32_t num)
{
    if (!num)
        return;
    fprintf(sql->out, " AND \"%s\" IN (", column);
    for (uint32_t i = 0; i < num; i++) {
        fputs(i ? ",?" : "?", sql->out);
        sql_param(sql, values[i], 0);
    }
    fputc(')', sql->out);
}

static void sql_number_set(struct sql *sql, const char *column, const uint32_t *values, uint32_t num)
{
    if (!num)
        return;
    fprintf(sql->out, " AND \"%s\" IN (", column);
    for (uint32_t i = 0; i < num; i++)
        sql_number(sql, i ? ",?" : "?", values[i]);
    fputc(')', sql->out);
}

/* A job's id, or the id of the array that it is a task of. */
static void sql_job_ids(struct sql *sql, const struct acct_query *q)
{
    if (!q->num_job_ids)
        return;
    fputs(" AND (", sql->out);
    for (int pass = 0; pass < 2; pass++) {
        fputs(pass ? ") OR (array_id != 0 AND array_id IN (" : "job_id IN (", sql->out);
        for (uint32_t i = 0; i < q->num_job_ids; i++)
            sql_number(sql, i ? ",?" : "?", q->job_ids[i]);
    }
    fputs(")))", sql->out);
}

static void write_sql(struct sql *sql, const struct acct_query *q)
{
    fprintf(sql->out, "SELECT %s FROM record AS r WHERE ", store_columns + 1);
    if (!q->with_steps)
        fputs("step_id = 4294967294 AND ", sql->out);
    fputs("(job_id, attempt) IN (SELECT job_id, attempt FROM record AS j WHERE step_id = 4294967294",
          sql->out);
    sql_job_ids(sql, q);
    sql_number_set(sql, "uid", q->uids, q->num_uids);
    sql_text_set(sql, "partition", q->partitions, q->num_partitions);
    sql_text_set(sql, "name", q->names, q->num_names);
    sql_text_set(sql, "account", q->accounts, q->num_accounts);
    if (q->state_mask)
        sql_number(sql, " AND ((1 << state) & ?) != 0", (int64_t)q->state_mask);
    /* A job lies in the window if some part of its life does. */
    if (q->start_usec)
        sql_number(sql, " AND (end_usec = 0 OR end_usec >= ?)", q->start_usec);
    if (q->end_usec)
        sql_number(sql, " AND submit_usec <= ?", q->end_usec);
    if (!q->duplicates)
        fputs(" AND attempt = (SELECT max(attempt) FROM record AS m WHERE m.job_id = j.job_id)", sql->out);
    fprintf(sql->out,
            ") ORDER BY job_id, attempt, CASE step_id WHEN %u THEN -4 WHEN %u THEN -3 WHEN %u THEN -2 "
            "WHEN %u THEN -1 ELSE step_id END",
            STEP_NONE, STEP_BATCH, STEP_EXTERN, STEP_INTERACTIVE);
}

static void read_row(sqlite3_stmt *stmt, struct acct_record *record)
{
    int at = 0;

    memset(record, 0, sizeof *record);
#define INT(member) record->member = (__typeof__(record->member))sqlite3_column_int64(stmt, at++);
#define TEXT(member) record->member = (const char *)sqlite3_column_text(stmt, at++);
#include "columns.def"
#undef INT
#undef TEXT
}

/* A step is wanted if its job is asked for as a whole, or the step itself. */
static bool step_wanted(const struct acct_query *q, const struct acct_record *record)
{
    if (!q->step_ids || !q->num_job_ids)
        return true;
    for (uint32_t i = 0; i < q->num_job_ids; i++)
        if ((q->job_ids[i] == record->job_id || (record->array_id && q->job_ids[i] == record->array_id))
            && (q->step_ids[i] == STEP_NONE || q->step_ids[i] == record->step_id))
            return true;
    return false;
}

static int run(struct store *s, const struct sql *sql, const struct acct_query *q,
               bool (*visit)(void *arg, const struct acct_record *record), void *arg,
               struct plugin_error *err)
{
    struct acct_record record;
    sqlite3_stmt *stmt;
    int rc = SQLITE_OK;

    if (sqlite3_prepare_v2(s->db, sql->text, -1, &stmt, NULL) != SQLITE_OK)
        return store_fail(s, err, "query");
    for (size_t i = 0; i < sql->num_params; i++)
        rc |= sql->params[i].text
                  ? sqlite3_bind_text(stmt, (int)i + 1, sql->params[i].text, -1, SQLITE_STATIC)
                  : sqlite3_bind_int64(stmt, (int)i + 1, sql->params[i].number);
    while (rc == SQLITE_OK && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        read_row(stmt, &record);
        rc = SQLITE_OK;
        if (step_wanted(q, &record) && !visit(arg, &record))
            rc = SQLITE_DONE;
    }
    if (rc != SQLITE_DONE)
        store_fail(s, err, "query");
    sqlite3_finalize(stmt);
    return rc == SQLITE_DONE ? 0 : -1;
}

int store_query(struct store *s, const struct acct_query *query,
                bool (*visit)(void *arg, const struct acct_record *record), void *arg,
                struct plugin_error *err)
{
    struct sql sql = { .text = NULL };
    int rc = -1;

    if ((uint64_t)query->num_job_ids * 2 + query->num_uids + query->num_partitions + query->num_names
            + query->num_accounts
        > MAX_SET) {
        snprintf(err->text, sizeof err->text, "more than %d names and ids in one query: ask for fewer",
                 MAX_SET);
        return -1;
    }
    if ((sql.out = open_memstream(&sql.text, &sql.len))) {
        write_sql(&sql, query);
        if (fclose(sql.out) == 0 && !sql.failed)
            rc = run(s, &sql, query, visit, arg, err);
        else
            snprintf(err->text, sizeof err->text, "out of memory");
    }
    free(sql.text);
    free(sql.params);
    return rc;
}
