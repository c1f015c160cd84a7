/* sacct.c - ask for the accounts, select, print. */
#include "commands/sacct/sacct.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bramble/constants.h"
#include "commands/display/doc.h"
#include "commands/sacct/sacct_private.h"
#include "rpc/rpc.h"
#include "util/error.h"
#include "util/mem.h"

/* Job ids once each, and only what the store can tell apart; the rest is done here. */
static struct table *fetch(const struct sacct_params *p, const bool *want, struct error *err)
{
    Wire__QueryRequest request = WIRE__QUERY_REQUEST__INIT;
    CLEANUP_STRBUF struct strbuf users = STRBUF_INIT;
    CLEANUP_FREE char **ids = xcalloc(p->num_jobs + 1, sizeof(*ids));
    struct table *t;

    query_set_fields(&request, want, QUERY_ACCT);
    for (size_t i = 0; i < p->num_jobs; i++)
        ids[request.n_job_ids++] = xasprintf("%lld", (long long)p->jobs[i].job_id);
    request.job_ids = ids;
    for (size_t i = 0; i < p->num_uids; i++)
        strbuf_addf(&users, "%s%u", i ? "," : "", p->uids[i]);
    if (p->num_uids)
        request.users = users.data;
    request.has_all_users = request.has_with_steps = request.has_duplicates = true;
    request.all_users = !p->num_uids;
    request.with_steps = !p->allocations;
    request.duplicates = p->duplicates;
    request.partitions = (char *)p->partitions;
    request.names = (char *)p->names;
    request.accounts = (char *)p->accounts;
    if (p->start > 0) {
        request.has_start_after = true;
        request.start_after = p->start;
    }
    t = p->con->source->query(p->con->source, &request, err);
    for (size_t i = 0; i < request.n_job_ids; i++)
        free(ids[i]);
    free(request.fields);
    return t;
}

#define DASHES "--------------------------------------------------------------------------------"

/* --batch-script: what the controller still has of them. */
static int print_scripts(const struct sacct_params *p, const struct table *t, const uint32_t *order, size_t n)
{
    struct source *source = p->con->source;
    struct sink out;
    int rc;

    sink_init(&out, p->con->out);
    for (size_t i = 0; i < n; i++) {
        Wire__ScriptRequest ask = WIRE__SCRIPT_REQUEST__INIT;
        struct error err = { 0 };
        ProtobufCMessage *reply;

        if (table_int(t, FIELD_ACCT_STEP_ID, order[i]) >= 0)
            continue;
        if (p->environment) {
            strbuf_addf(&out.buf, "Environment used for %lld (must be batch to display)\n%.80s\nNONE\n\n",
                        (long long)table_int(t, FIELD_ACCT_JOB_ID, order[i]), DASHES);
            continue;
        }
        ask.has_job_id = true;
        ask.job_id = (uint32_t)table_int(t, FIELD_ACCT_JOB_ID, order[i]);
        reply = source->call(source, MSG_SCRIPT, &ask.base, MSG_SCRIPT_REPLY, &err);
        strbuf_addf(&out.buf, "Batch Script for %u\n%.80s\n", ask.job_id, DASHES);
        if (reply)
            strbuf_add_mem(&out.buf, ((const Wire__ScriptReply *)reply)->script.data,
                           ((const Wire__ScriptReply *)reply)->script.len);
        else
            strbuf_add(&out.buf, "NONE\n");
        strbuf_addc(&out.buf, '\n');
        rpc_msg_free(reply);
    }
    sink_flush(&out);
    rc = out.failed;
    sink_fini(&out);
    return rc;
}

static int show(const struct sacct_params *p, const struct format *format)
{
    bool want[FIELD_MAX] = { false };
    struct error err = { 0 };
    struct table *t;
    CLEANUP_FREE uint32_t *order = NULL;
    struct sink out;
    size_t n;
    int rc;

    format_need(format, want);
    sacct_filter_need(p, want);
    if (p->doc)
        doc_need(&sacct_doc_jobs, want);
    if (!(t = fetch(p, want, &err))) {
        if (p->doc)
            return doc_show_failure(p->con, p->doc, &err, "slurmdb_jobs_get");
        console_load_error(p->con, "slurmdb_jobs_get", &err);
        return 1;
    }
    struct sacct_view window = { .truncate = p->truncate, .start = p->start, .end = p->end };
    struct view view = { .table = t,
                         .arg = &window,
                         .now = table_now(t),
                         .time_format = getenv("SLURM_TIME_FORMAT"),
                         .noconvert = p->noconvert,
                         .units = p->units,
                         .usage = sacct_usage };
    struct render render = {
        .format = format, .view = &view, .style = p->style, .delimiter = p->delimiter
    };

    order = xcalloc(table_rows(t) + 1, sizeof(*order));
    n = sacct_filter(p, t, order);
    if (p->verbose)
        fprintf(p->con->err, "%s: %zu of %zu records\n", p->con->program, n, table_rows(t));
    if (p->script || p->environment) {
        rc = print_scripts(p, t, order, n);
        table_destroy(t);
        return rc;
    }
    if (p->doc) {
        rc = sacct_document(p, &view, order, n);
        table_destroy(t);
        return rc;
    }
    sink_init(&out, p->con->out);
    if (!p->no_header) {
        render_header(&out, &render);
        if (p->style == RENDER_COLUMNS)
            render_dashes(&out, &render);
    }
    render_rows(&out, &render, order, n);
    sink_flush(&out);
    rc = out.failed;
    sink_fini(&out);
    table_destroy(t);
    return rc;
}

int sacct_run(struct console *con, int argc, char **argv)
{
    struct sacct_params p = { .con = con };
    struct format format = { 0 };
    struct error err = { 0 };
    char cluster[256];
    int rc = sacct_params_parse(&p, argc, argv, time(NULL));
    const char *fields = p.long_list ? sacct_format_long
                         : p.brief   ? SACCT_FORMAT_BRIEF
                         : p.format  ? p.format
                                     : SACCT_FORMAT_DEFAULT;

    if (rc) {
        rc = rc > 0 ? 0 : 1;
    } else if (p.clusters && console_cluster(con, p.clusters, cluster) < 0) {
        rc = 1;
    } else if (format_parse_fields(&format, fields, sacct_columns, sacct_num_columns, &err) < 0) {
        console_error(con, "%s", err.text);
        rc = 1;
    } else {
        rc = show(&p, &format);
    }
    format_fini(&format);
    sacct_params_fini(&p);
    return rc;
}
