/* scancel.c - end or signal jobs and steps. */
#include "config.h"
#include "scancel_private.h"

#include <stdio.h>
#include <string.h>

#include "bramble/constants.h"
#include "client/client.h"
#include "jobopt/jobopt.h"
#include "rpc/fields.h"
#include "util/error.h"
#include "util/log.h"
#include "util/mem.h"
#include "util/strbuf.h"
#include "wire/client.pb-c.h"

#define CANCEL_WAIT_MS 120000 /* 100,000 jobs may be in one request */

struct scancel {
    struct cancel_options options;
    struct rpc_client *client;
};

static void request_fill(Wire__JobControlRequest *request, const struct cancel_options *o, char **ids,
                         size_t num_ids)
{
    request->has_action = 1;
    request->action = JOB_ACTION_CANCEL;
    /* KILL for a whole job ends its steps only, as with any other signal. */
    if (o->signal) {
        request->action = JOB_ACTION_SIGNAL;
        request->has_signal = 1;
        request->signal = (uint32_t)o->signal;
    } else if (o->batch) {
        request->action = JOB_ACTION_SIGNAL;
        request->has_signal = 1;
        request->signal = 9;
    }
    request->has_batch_only = request->batch_only = o->batch && !o->full;
    request->has_full = request->full = o->full;
    request->user = o->user;
    request->partition = o->partition;
    request->name = o->name;
    request->state = o->state;
    request->nodelist = o->nodelist;
    request->account = o->account;
    request->qos = o->qos;
    request->reservation = o->reservation;
    request->wckey = o->wckey;
    request->has_all_mine = request->all_mine = o->me;
    request->job_ids = ids;
    request->n_job_ids = num_ids;
}

static void filters_describe(const struct cancel_options *o, struct strbuf *text)
{
    const struct {
        const char *name, *value;
    } filters[] = {
        { "account", o->account },     { "job_name", o->name },     { "nodelist", o->nodelist },
        { "partition", o->partition }, { "qos", o->qos },           { "reservation", o->reservation },
        { "state", o->state },         { "user_name", o->user },    { "wckey", o->wckey },
    };

    for (size_t i = 0; i < ARRAY_SIZE(filters); i++)
        if (filters[i].value)
            strbuf_addf(text, "%s=%s ", filters[i].name, filters[i].value);
    if (o->me)
        strbuf_add(text, "me ");
}

/* Jobs that are gone are no error when they were to end anyway; a step or a signal must be told. */
static bool is_worth_telling(const struct cancel_options *o, const Wire__JobResult *result)
{
    bool gone = result->code == BRE_JOB_ID || result->code == BRE_ALREADY_DONE || result->code == BRE_NOT_RUNNING;
    bool is_step = result->job_id && strchr(result->job_id, '.');

    if (!gone)
        return true;
    if (o->quiet && result->code != BRE_JOB_ID)
        return false;
    return o->verbose || is_step || o->signal || o->batch || o->interactive;
}

static int results_report(const struct cancel_options *o, const Wire__JobControlReply *reply)
{
    int rc = 0;

    for (size_t i = 0; i < reply->n_results; i++) {
        const Wire__JobResult *result = reply->results[i];
        struct error why = { .code = (int)result->code };
        char text[2 * ERROR_TEXT_MAX];
        const char *id = result->job_id ? result->job_id : "?";

        snprintf(why.text, sizeof why.text, "%s", result->text ? result->text : "");
        if (!is_worth_telling(o, result))
            continue;
        /* Slurm's text alone where tools match on it to the end of the line. */
        log_error("Kill job error on job %sid %s: %s", strchr(id, '.') ? "step " : "", id,
                  result->code == BRE_JOB_ID || result->code == BRE_ALREADY_DONE
                      ? error_code_text((int)result->code)
                      : refusal_text(&why, text, sizeof text));
        if (!o->verbose || o->signal || o->batch || strchr(id, '.') || o->interactive)
            rc = 1;
    }
    return rc;
}

static int cancel_ids(struct scancel *s, char **ids, size_t num_ids, struct error *err)
{
    Wire__JobControlRequest request = WIRE__JOB_CONTROL_REQUEST__INIT;
    Wire__JobControlReply *reply;
    int rc;

    request_fill(&request, &s->options, ids, num_ids);
    if (s->options.verbose) {
        char name[16];

        for (size_t i = 0; i < num_ids; i++)
            if (s->options.signal)
                log_info("Signal %s to %s%s", signal_name(s->options.signal, name),
                         strchr(ids[i], '.') ? "step " : "job ", ids[i]);
            else
                log_info("Terminating %s%s", strchr(ids[i], '.') ? "step " : "job ", ids[i]);
    }
    if (msg_check_bounds(&request.base, err) < 0)
        return -1;
    reply = (Wire__JobControlReply *)controller_call(s->client, MSG_JOB_CONTROL, &request.base,
                                                     MSG_JOB_CONTROL_REPLY, CANCEL_WAIT_MS, err);
    if (!reply)
        return -1;
    rc = results_report(&s->options, reply);
    if (!num_ids && !reply->num_matched && !reply->n_results && s->options.verbose) {
        CLEANUP_STRBUF struct strbuf text = STRBUF_INIT;

        filters_describe(&s->options, &text);
        log_error("No active jobs match ALL job filters, including: %s", strbuf_str(&text));
    }
    rpc_msg_free(&reply->base);
    return rc;
}

/* ---- -i: each job is shown and asked about ---- */

struct candidate {
    int64_t id, state;
    char *name, *partition;
};
struct candidates {
    struct candidate *rows;
    size_t num;
};

static void candidates_fini(struct candidates *list)
{
    for (size_t i = 0; i < list->num; i++) {
        free(list->rows[i].name);
        free(list->rows[i].partition);
    }
    free(list->rows);
}

static int64_t cell(const Wire__TableChunk *chunk, unsigned field, size_t row, const char **text)
{
    for (size_t c = 0; c < chunk->n_columns; c++) {
        const Wire__TableColumn *column = chunk->columns[c];
        int64_t value;

        if (column->field != field || row >= column->n_ints)
            continue;
        value = column->ints[row];
        if (text)
            *text = value > 0 && (size_t)value < chunk->n_strings ? chunk->strings[value] : "";
        return value;
    }
    return 0;
}

static int candidates_load(struct scancel *s, struct candidates *list, struct error *err)
{
    static const uint32_t fields[] = { FIELD_JOB_ID, FIELD_JOB_STATE, FIELD_JOB_NAME, FIELD_JOB_PARTITION };
    struct cancel_options *o = &s->options;
    Wire__QueryRequest query = WIRE__QUERY_REQUEST__INIT;
    struct rpc_frame frame;
    bool last = false;

    query.has_table = 1;
    query.table = QUERY_JOBS;
    query.n_fields = ARRAY_SIZE(fields);
    query.fields = (uint32_t *)(uintptr_t)fields;
    query.users = o->user;
    query.partitions = o->partition;
    query.states = o->state ? o->state : (char *)(uintptr_t) "PENDING,CONFIGURING,RUNNING,SUSPENDED";
    query.names = o->name;
    query.nodelist = o->nodelist;
    query.accounts = o->account;
    query.qos = o->qos;
    if (rpc_send(s->client, MSG_QUERY, &query.base, err) < 0)
        return -1;
    while (!last) {
        const Wire__TableChunk *chunk;

        if (rpc_recv(s->client, &frame, ANSWER_WAIT_MS, err) < 0)
            return -1;
        if (frame.type == MSG_REFUSAL) {
            const Wire__Refusal *refusal = (const Wire__Refusal *)frame.msg;

            return error_set(err, (int)refusal->code, "%s", refusal->text ? refusal->text : "");
        }
        if (frame.type != MSG_TABLE_CHUNK)
            return error_set(err, BRE_PROTOCOL, "unexpected answer %s", msg_type_name(frame.type));
        chunk = (const Wire__TableChunk *)frame.msg;
        last = chunk->last;
        list->rows = xreallocarray(list->rows, list->num + chunk->rows + 1, sizeof *list->rows);
        for (size_t row = 0; row < chunk->rows; row++) {
            const char *name = "", *partition = "";

            list->rows[list->num].id = cell(chunk, FIELD_JOB_ID, row, NULL);
            list->rows[list->num].state = cell(chunk, FIELD_JOB_STATE, row, NULL);
            cell(chunk, FIELD_JOB_NAME, row, &name);
            cell(chunk, FIELD_JOB_PARTITION, row, &partition);
            list->rows[list->num].name = xstrdup(name);
            list->rows[list->num++].partition = xstrdup(partition);
        }
    }
    return 0;
}

static bool confirmed(const char *id, const struct candidate *job)
{
    char answer[32];

    for (;;) {
        printf("Cancel %s%s name=%s partition=%s [y/n]? ", strchr(id, '.') ? "step_id=" : "job_id=", id,
               job->name, job->partition);
        fflush(stdout);
        if (!fgets(answer, sizeof answer, stdin))
            return false;
        if (*answer == 'y' || *answer == 'Y')
            return true;
        if (*answer == 'n' || *answer == 'N')
            return false;
    }
}

static int cancel_interactive(struct scancel *s, struct error *err)
{
    struct candidates list = { 0 };
    CLEANUP_FREE char **chosen = NULL;
    size_t num = 0;
    int rc = 0;

    if (candidates_load(s, &list, err) < 0) {
        candidates_fini(&list);
        return -1;
    }
    chosen = xcalloc(list.num + s->options.num_ids + 1, sizeof *chosen);
    for (size_t i = 0; i < list.num && !s->options.num_ids; i++) {
        CLEANUP_FREE char *id = xasprintf("%lld", (long long)list.rows[i].id);

        if (confirmed(id, &list.rows[i]))
            chosen[num++] = TAKE(id);
    }
    for (size_t k = 0; k < s->options.num_ids; k++) {
        const struct candidate *job = NULL;

        for (size_t i = 0; i < list.num; i++)
            if (list.rows[i].id == strtoll(s->options.ids[k], NULL, 10))
                job = &list.rows[i];
        if (!job) {
            log_error("Kill job error on job id %s: %s", s->options.ids[k], error_code_text(BRE_JOB_ID));
            rc = 1;
        } else if (confirmed(s->options.ids[k], job)) {
            chosen[num++] = xstrdup(s->options.ids[k]);
        }
    }
    if (num) {
        int sent = cancel_ids(s, chosen, num, err);

        rc = sent ? sent : rc;
    }
    for (size_t i = 0; i < num; i++)
        free(chosen[i]);
    candidates_fini(&list);
    return rc;
}

static int scancel_run(struct scancel *s, struct error *err)
{
    char cluster[256];

    if (!(s->client = controller_open(err)))
        return -1;
    if (s->options.clusters && cluster_name_check(s->client, s->options.clusters, cluster, err) < 0)
        return -1;
    if (s->options.interactive)
        return cancel_interactive(s, err);
    return cancel_ids(s, s->options.ids, s->options.num_ids, err);
}

int main(int argc, char **argv)
{
    struct scancel s = { 0 };
    struct error err = { 0 };
    int rc = 0;

    log_open("scancel", NULL, false);
    if (cancel_options_read(&s.options, argc, argv, &err) < 0) {
        error_log_lines(&err);
        rc = 1;
    } else if (s.options.help) {
        cancel_help(stdout);
    } else if (s.options.usage) {
        cancel_usage(stdout);
    } else if (s.options.version) {
        version_print(stdout);
    } else if ((rc = scancel_run(&s, &err)) < 0) {
        refusal_log(NULL, &err);
        rc = 1;
    }
    rpc_client_close(s.client);
    cancel_options_fini(&s.options);
    return rc;
}
