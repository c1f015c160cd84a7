/* doc.c - records of a table as objects. */
#include "config.h"
#include "commands/display/doc.h"

#include <string.h>
#include <sys/wait.h>

#include "bramble/constants.h"
#include "commands/display/node_state.h"
#include "rpc/rpc.h"
#include "util/mem.h"

/* Texts that are no UTF-8 keep what is ASCII of them. */
json_t *doc_text(const char *text)
{
    json_t *value = json_string(text ? text : "");
    CLEANUP_FREE char *plain = value ? NULL : xstrdup(text);

    if (value)
        return value;
    for (char *p = plain; *p; p++)
        if ((unsigned char)*p >= 0x80)
            *p = '?';
    return json_string(plain);
}

static json_t *number(bool set, bool infinite, int64_t value)
{
    return json_pack("{s:b, s:b, s:I}", "set", set, "infinite", infinite, "number", (json_int_t)value);
}

json_t *doc_number(int64_t value)
{
    if (value == FIELD_INFINITE)
        return number(false, true, 0);
    return number(value != FIELD_UNSET, false, value == FIELD_UNSET ? 0 : value);
}

json_t *doc_time(int64_t value)
{
    return number(true, false, value > 0 ? value : 0);
}

json_t *doc_list(const char *comma_list)
{
    json_t *list = json_array();

    while (comma_list && *comma_list) {
        size_t len = strcspn(comma_list, ",");
        CLEANUP_FREE char *word = xstrndup(comma_list, len);

        if (*word)
            json_array_append_new(list, doc_text(word));
        comma_list += len + (comma_list[len] == ',');
    }
    return list;
}

json_t *doc_state(int64_t job_state)
{
    if (job_state == JOB_CONFIGURING)
        return json_pack("[s, s]", "RUNNING", "CONFIGURING");
    return json_pack("[s]", job_state_long(job_state));
}

json_t *doc_exit(int64_t wait_status)
{
    int raw = (int)wait_status, signum = wait_status > 0 && WIFSIGNALED(raw) ? WTERMSIG(raw) : 0;
    const char *status = wait_status < 0              ? "PENDING"
                         : signum && WCOREDUMP(raw)   ? "CORE_DUMPED"
                         : signum                     ? "SIGNALED"
                         : wait_status == 0           ? "SUCCESS"
                                                      : "ERROR";
    json_t *code = json_pack("{s:[s]}", "status", status);

    doc_set(code, "return_code",
            wait_status < 0 || signum ? doc_number(FIELD_UNSET) : doc_number(WEXITSTATUS(raw)));
    doc_set(code, "signal/id", signum ? doc_number(signum) : doc_number(FIELD_UNSET));
    doc_set(code, "signal/name", doc_text(signum ? sigabbrev_np(signum) : NULL));
    return code;
}

static void add_state(void *arg, const char *name)
{
    json_array_append_new(arg, json_string(name));
}

json_t *doc_node_states(int64_t state)
{
    json_t *list = json_array();

    node_state_each(state, add_state, list);
    return list;
}

void doc_set(json_t *object, const char *path, json_t *value)
{
    const char *slash;

    while ((slash = strchr(path, '/'))) {
        CLEANUP_FREE char *key = xstrndup(path, (size_t)(slash - path));
        json_t *next = json_object_get(object, key);

        if (!next) {
            next = json_object();
            json_object_set_new(object, key, next);
        }
        object = next;
        path = slash + 1;
    }
    json_object_set_new(object, path, value);
}

void doc_need(const struct doc_table *t, bool *want)
{
    for (size_t i = 0; i < t->num_rows; i++)
        if (t->rows[i].field)
            want[t->rows[i].field] = true;
    for (const uint16_t *f = t->more; f && *f; f++)
        want[*f] = true;
}

static json_t *value_of(const struct doc_row *r, const struct view *view, size_t row)
{
    int64_t value = r->field ? table_int(view->table, r->field, row) : FIELD_UNSET;

    switch (r->kind) {
    case DOC_TEXT: return doc_text(table_text(view->table, r->field, row));
    case DOC_INT: return json_integer(value > 0 ? value : 0);
    case DOC_NUMBER: return doc_number(value);
    case DOC_TIME: return doc_time(value);
    case DOC_BOOL: return json_boolean(value > 0);
    case DOC_LIST: return doc_list(table_text(view->table, r->field, row));
    case DOC_MAKE: return r->make(view, row);
    case DOC_NO_TEXT: return json_string("");
    case DOC_NO_INT: return json_integer(0);
    case DOC_NO_NUMBER: return doc_number(FIELD_UNSET);
    case DOC_NO_TIME: return doc_time(FIELD_UNSET);
    case DOC_NO_BOOL: return json_false();
    case DOC_NO_LIST: return json_array();
    }
    return json_null();
}

json_t *doc_record(const struct doc_table *t, const struct view *view, size_t row)
{
    json_t *object = json_object();

    for (size_t i = 0; i < t->num_rows; i++)
        doc_set(object, t->rows[i].path, value_of(&t->rows[i], view, row));
    return object;
}

int doc_show(const struct console *con, enum doc_format format, const struct doc_table *t,
             const struct view *view, const uint32_t *order, size_t n)
{
    struct doc *d = doc_begin(con, format);

    doc_list_begin(d, t->key);
    for (size_t i = 0; i < n; i++)
        doc_list_add(d, doc_record(t, view, order ? order[i] : i));
    doc_list_end(d);
    if (t->query == QUERY_JOBS)
        doc_put(d, "last_backfill", doc_time(view->now));
    doc_put(d, "last_update", doc_time(view->now));
    return doc_end(d);
}

int doc_show_failure(const struct console *con, enum doc_format format, const struct error *err,
                     const char *source)
{
    struct doc *d = doc_begin(con, format);

    console_load_error(con, source, err);
    doc_fail(d, err, source);
    return doc_end(d);
}
