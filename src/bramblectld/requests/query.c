/* query.c - MSG_QUERY: filters, slices, chunks. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "bramblectld/requests/diag.h"
#include "bramblectld/requests/query_private.h"
#include "reactor/reactor.h"
#include "util/mem.h"

#define PLAN_SLICES 64              /* of some 3 ms; a plan that takes longer is shown as far as it is made */
#define SLICE_ROWS 4096             /* looked at in one turn of the loop */
#define QUEUED_MAX (4u << 20)       /* bytes in the send queue beyond which a query waits */
#define QUEUED_ALL_MAX (32u << 20)  /* of all sessions: beyond it each waits until its own has left */

void query_free(struct query *q)
{
    list_remove(&q->link);
    job_filter_destroy(q->filter);
    table_fini(&q->table);
    free(q->wanted);
    free(q);
}

static void query_end(struct query *q)
{
    struct request *req = q->req;
    query_free(q);
    request_end(req);
}

static void slice(void *arg);

/* A slice after the first one, which the request's handler ran and timed. */
static void later_slice(void *arg)
{
    const struct query *q = arg;
    struct diag *diag = q->req->ctld->diag;
    const unsigned table = q->msg->table;
    const uint32_t uid = q->req->session->who.uid;
    const int64_t from = diag_clock();
    slice(arg);
    diag_rpc(diag, MSG_QUERY, table, uid, 0, diag_clock() - from);
}

static void slice(void *arg)
{
    struct query *q = arg;
    struct request *req = q->req;
    q->stalled = false;
    if (!request_alive(req)) {
        query_end(q);
        return;
    }
    const size_t queued = rpc_conn_queued(req->session->conn);
    if (queued > QUEUED_MAX || (queued && rpc_server_queued(req->ctld->server) > QUEUED_ALL_MAX)) {
        rpc_conn_want_drain(req->session->conn);
        table_shrink(&q->table);
        q->stalled = true;
        list_append(&req->session->stalled, &q->link);
        return;
    }
    if (q->plan_slices) {
        const struct cluster_now now = ctld_now(req->ctld);
        q->plan_slices--;
        if (cluster_plan_starts(req->ctld->cluster, &now, SCHED_SLICE)) {
            reactor_defer(req->ctld->reactor, slice, q);
            return;
        }
        q->plan_slices = 0;
    }
    switch (q->msg->table) {
    case QUERY_JOBS:
        query_jobs_slice(q, SLICE_ROWS);
        break;
    case QUERY_STEPS:
        query_steps_slice(q, SLICE_ROWS);
        break;
    case QUERY_NODES:
        query_nodes_slice(q, SLICE_ROWS);
        break;
    case QUERY_PARTS:
        query_parts_slice(q, SLICE_ROWS);
        break;
    default:
        query_resvs_slice(q, SLICE_ROWS);
        break;
    }
    /* Strings are borrowed from the state, so what was collected leaves in this turn. */
    if (q->table.rows || q->done) {
        Wire__TableChunk chunk;
        table_chunk(&q->table, &chunk, q->done, q->now.wall_usec / 1000000);
        request_send(req, MSG_TABLE_CHUNK, &chunk.base);
        table_clear(&q->table);
    }
    if (q->done)
        query_end(q);
    else
        reactor_defer(req->ctld->reactor, later_slice, q);
}

void query_resume(struct session *s)
{
    struct list_node *node;
    while ((node = list_pop(&s->stalled))) {
        struct query *q = container_of(node, struct query, link);
        reactor_defer(q->req->ctld->reactor, later_slice, q);
    }
}

/* Planned starts are not kept up to date all the time: they are made when somebody looks. */
static bool shows_plan(const Wire__QueryRequest *msg)
{
    for (size_t i = 0; i < msg->n_fields; i++)
        switch ((enum field_id)msg->fields[i]) {
        case FIELD_JOB_START_TIME:
        case FIELD_JOB_PLANNED_START:
        case FIELD_JOB_SCHED_NODES:
        case FIELD_JOB_EXPLAIN:
        case FIELD_NODE_STATE:
            return true;
        default:
            break;
        }
    return false;
}

void query_handle(struct request *req, const Wire__QueryRequest *msg)
{
    struct error err;
    struct query *q = xcalloc(1, sizeof(*q));
    q->req = req;
    q->now = ctld_now(req->ctld);
    if (msg->table < QUERY_JOBS || msg->table > QUERY_RESVS) {
        error_set(&err, BRE_PROTOCOL, "there is no table %u", msg->table);
        goto refuse;
    }
    if (request_keep(req, &msg->base) < 0) {
        error_set(&err, BRE_BUSY, "the controller is short of memory");
        goto refuse;
    }
    q->msg = (const Wire__QueryRequest *)req->msg;
    if (table_init(&q->table, msg->table, q->msg->fields, q->msg->n_fields, &err) < 0
        || query_parse_ids(q, &err) < 0
        || ((msg->table == QUERY_JOBS || msg->table == QUERY_STEPS) && job_filter_of_query(q->msg, &q->filter, &err) < 0))
        goto refuse;
    if (msg->table != QUERY_ACCT && shows_plan(q->msg))
        q->plan_slices = PLAN_SLICES;
    if (msg->table == QUERY_ACCT)
        query_accounting(q);
    else
        slice(q);
    return;
refuse:
    query_free(q);
    request_refuse(req, &err);
}
