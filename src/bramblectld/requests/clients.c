/* clients.c - sessions of commands: frames to handlers, and the end of a session. */
#include "config.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "bramblectld/requests/clients.h"
#include "bramblectld/requests/diag.h"
#include "bramblectld/requests/query.h"
#include "bramblectld/requests/wait.h"
#include "bramblectld/journal/journal.h"
#include "reactor/reactor.h"
#include "util/mem.h"

#define IN_FLIGHT_MAX 256            /* requests of one session */
#define IN_FLIGHT_USER_MAX 2048      /* requests of one user */
#define PENDING_BYTES_MAX (64u << 20) /* of the journal: beyond it everybody waits */
#define RETRY_MS 200

struct session *session_incref(struct session *s)
{
    s->refs++;
    return s;
}

void session_decref(struct session *s)
{
    if (--s->refs)
        return;
    list_remove(&s->link);
    free(s);
}

/* ---- requests ---- */

bool request_alive(const struct request *req)
{
    return req->session->conn != NULL;
}

void request_end(struct request *req)
{
    req->session->in_flight--;
    session_decref(req->session);
    if (req->msg)
        protobuf_c_message_free_unpacked(req->msg, NULL);
    arena_fini(&req->arena);
    free(req);
}

void request_send(struct request *req, unsigned type, const ProtobufCMessage *msg)
{
    struct error err;
    if (!req->session->conn || rpc_conn_send(req->session->conn, type, req->id, msg) == 0 || errno != EMSGSIZE)
        return;
    /* Rather a refusal than a client that waits for nothing. */
    error_set(&err, BRE_TOO_BIG, "the answer is larger than a message may be: ask for less at once");
    rpc_conn_refuse(req->session->conn, req->id, &err);
}

void request_reply(struct request *req, unsigned type, const ProtobufCMessage *msg)
{
    request_send(req, type, msg);
    request_end(req);
}

void request_ok(struct request *req)
{
    Wire__Empty empty = WIRE__EMPTY__INIT;
    request_reply(req, MSG_OK, &empty.base);
}

void request_refuse(struct request *req, const struct error *err)
{
    if (req->session->conn && err->code == BRE_BUSY) {
        Wire__Refusal refusal = WIRE__REFUSAL__INIT;
        refusal.has_code = refusal.has_retry_ms = true;
        refusal.code = (uint32_t)err->code;
        refusal.retry_ms = RETRY_MS;
        refusal.text = (char *)err->text;
        rpc_conn_send(req->session->conn, MSG_REFUSAL, req->id, &refusal.base);
    } else if (req->session->conn) {
        rpc_conn_refuse(req->session->conn, req->id, err);
    }
    request_end(req);
}

void request_refuse_code(struct request *req, int code, const char *fmt, ...)
{
    struct error err;
    va_list ap;
    va_start(ap, fmt);
    error_vset(&err, code, fmt, ap);
    va_end(ap);
    request_refuse(req, &err);
}

int request_keep(struct request *req, const ProtobufCMessage *msg)
{
    size_t len = protobuf_c_message_get_packed_size(msg);
    CLEANUP_FREE uint8_t *buf = malloc(len ? len : 1);
    if (!buf)
        return -1;
    protobuf_c_message_pack(msg, buf);
    req->msg = protobuf_c_message_unpack(msg->descriptor, NULL, len, buf);
    return req->msg ? 0 : -1;
}

int request_admit(struct ctld *c, const struct session *s, struct error *err)
{
    unsigned of_user = 0;
    if (journal_pending_bytes(c->journal) > PENDING_BYTES_MAX)
        return error_set(err, BRE_BUSY, "the controller's disk is behind: try again");
    list_for_each(node, &c->clients->sessions)
        of_user += container_of(node, struct session, link)->who.uid == s->who.uid
                       ? container_of(node, struct session, link)->in_flight
                       : 0;
    if (of_user > IN_FLIGHT_USER_MAX)
        return error_set(err, BRE_BUSY, "too many requests of this user are under way: try again");
    return 0;
}

/* ---- frames ---- */

static void dispatch(struct request *req, const ProtobufCMessage *msg)
{
    switch (req->type) {
    case MSG_SUBMIT:
        submit_handle(req, (const Wire__SubmitRequest *)msg);
        break;
    case MSG_ALLOC:
        alloc_handle(req, (const Wire__AllocRequest *)msg);
        break;
    case MSG_STEP:
        step_handle(req, (const Wire__StepRequest *)msg);
        break;
    case MSG_WATCH:
        watch_handle(req, (const Wire__WatchRequest *)msg);
        break;
    case MSG_COMPLETE_JOB:
        complete_handle(req, (const Wire__CompleteJobRequest *)msg);
        break;
    case MSG_JOB_CONTROL:
        control_handle(req, (const Wire__JobControlRequest *)msg);
        break;
    case MSG_UPDATE:
        update_handle(req, (const Wire__UpdateRequest *)msg);
        break;
    case MSG_QUERY:
        query_handle(req, (const Wire__QueryRequest *)msg);
        break;
    case MSG_SCRIPT:
        script_handle(req, (const Wire__ScriptRequest *)msg);
        break;
    case MSG_SHOW_CONFIG:
        config_handle(req);
        break;
    case MSG_DIAG:
        diag_handle(req, (const Wire__DiagRequest *)msg);
        break;
    case MSG_STEP_USAGE:
        usage_handle(req, (const Wire__StepUsageRequest *)msg);
        break;
    case MSG_PING:
        ping_handle(req);
        break;
    case MSG_RECONFIGURE:
        reconfigure_handle(req);
        break;
    case MSG_SHUTDOWN:
        shutdown_handle(req, (const Wire__ShutdownRequest *)msg);
        break;
    default:
        request_refuse_code(req, BRE_PROTOCOL, "%s is not for the controller", msg_type_name(req->type));
    }
}

/* The request may be gone when its handler returns. */
static void dispatch_timed(struct request *req, const ProtobufCMessage *msg)
{
    struct diag *diag = req->ctld->diag;
    const unsigned type = req->type, table = type == MSG_QUERY ? ((const Wire__QueryRequest *)msg)->table : 0;
    const uint32_t uid = req->session->who.uid;
    const int64_t from = diag_clock();
    dispatch(req, msg);
    diag_rpc(diag, type, table, uid, 1, diag_clock() - from);
}

static void on_frame(void *arg, struct rpc_conn *conn, const struct rpc_frame *frame)
{
    struct session *s = arg;
    struct ctld *c = s->clients->ctld;
    (void)conn;
    struct request *req = xcalloc(1, sizeof(*req));
    req->ctld = c;
    req->session = session_incref(s);
    req->id = frame->request_id;
    req->type = frame->type;
    arena_init(&req->arena, 0, 0);
    s->in_flight++;
    if (c->stopping)
        request_refuse_code(req, BRE_BUSY, "the controller is about to stop: try again");
    else if (s->in_flight > IN_FLIGHT_MAX)
        request_refuse_code(req, BRE_BUSY, "more than %d requests of one session are under way", IN_FLIGHT_MAX);
    else
        dispatch_timed(req, frame->msg);
}

/* ---- waiting ---- */

struct job_waits *waits_of(struct clients *cl, uint32_t job_id)
{
    return idmap_find(&cl->jobs, job_id);
}

struct wait *wait_add(struct session *s, enum wait_kind kind, uint32_t job_id, uint32_t step_id, struct request *req)
{
    struct clients *cl = s->clients;
    struct job_waits *jw = waits_of(cl, job_id);
    if (!jw) {
        jw = xcalloc(1, sizeof(*jw));
        jw->job_id = job_id;
        list_init(&jw->list);
        idmap_put(&cl->jobs, job_id, jw);
    }
    struct wait *w = xcalloc(1, sizeof(*w));
    w->kind = kind;
    w->session = s;
    w->job_id = job_id;
    w->step_id = step_id;
    w->req = req;
    list_append(&s->waits, &w->of_session);
    list_append(&jw->list, &w->of_job);
    return w;
}

void wait_remove(struct wait *w)
{
    struct clients *cl = w->session->clients;
    struct job_waits *jw = waits_of(cl, w->job_id);
    reactor_timer_close(w->immediate);
    list_remove(&w->of_session);
    list_remove(&w->of_job);
    if (jw && list_is_empty(&jw->list)) {
        idmap_remove(&cl->jobs, w->job_id);
        free(jw);
    }
    free(w);
}

void notice_send(struct session *s, const Wire__Notice *notice)
{
    if (s->conn)
        rpc_conn_send(s->conn, MSG_NOTICE, 0, &notice->base);
}

static bool state_is_final(enum job_state state)
{
    return state > JOB_COMPLETING && state != JOB_REQUEUED && state != JOB_RESIZING && state != JOB_SIGNALING
           && state != JOB_STOPPED && state != JOB_STAGE_OUT;
}

/* A client that waits must not take work that died with its node for work done. */
static uint32_t told_status(enum job_state state, uint32_t exit_status)
{
    return exit_status || (state != JOB_NODE_FAIL && state != JOB_BOOT_FAIL) ? exit_status : 1u << 8;
}

static void job_ended(struct wait *w, const struct job_view *view)
{
    Wire__Notice n = WIRE__NOTICE__INIT;
    n.has_job_id = n.has_what = n.has_exit_code = n.has_job_state = true;
    n.job_id = w->job_id;
    n.what = NOTICE_JOB_ENDED;
    n.exit_code = view ? told_status(view->state, view->exit_status) : 0;
    n.job_state = view ? view->state : JOB_COMPLETED;
    n.text = view && view->text ? (char *)view->text : NULL;
    notice_send(w->session, &n);
    wait_remove(w);
}

/* Steps on the list while what it calls may remove members: collect first. */
static size_t waits_collect(struct clients *cl, uint32_t job_id, unsigned kinds, struct wait ***out)
{
    struct job_waits *jw = waits_of(cl, job_id);
    size_t num = 0, n = jw ? list_count(&jw->list) : 0;
    *out = n ? xcalloc(n, sizeof(**out)) : NULL;
    if (n)
        list_for_each(node, &jw->list) {
            struct wait *w = container_of(node, struct wait, of_job);
            if (kinds & (1u << w->kind))
                (*out)[num++] = w;
        }
    return num;
}

bool clients_wait_for(const struct clients *cl, uint32_t job_id)
{
    return idmap_find(&cl->jobs, job_id) != NULL;
}

void clients_job_started(struct clients *cl, uint32_t job_id)
{
    if (!waits_of(cl, job_id))
        return;
    struct wait **ws;
    size_t n = waits_collect(cl, job_id, 1u << WAIT_ALLOC, &ws);
    for (size_t i = 0; i < n; i++)
        alloc_advance(ws[i]);
    free(ws);
}

void clients_job_changed(struct clients *cl, uint32_t job_id)
{
    struct ctld *c = cl->ctld;
    if (!waits_of(cl, job_id))
        return;
    struct cluster_now now = ctld_now(c);
    struct job *job = cluster_job_find(c->cluster, job_id);
    struct job_view view = { 0 };
    if (job)
        cluster_job_view(c->cluster, job, &now, &view);
    bool known = job != NULL, ended = !job || state_is_final(view.state);
    struct array_view array;
    if (cluster_array_view(c->cluster, job_id, &array)) { /* its id stands for all its tasks */
        known = true;
        ended = array.has_ended;
        view.state = array.end_state;
        view.exit_status = array.exit_status;
    }
    struct wait **ws;
    size_t n = waits_collect(cl, job_id, ~0u, &ws);
    for (size_t i = 0; i < n; i++) {
        struct wait *w = ws[i];
        if (w->kind == WAIT_ALLOC)
            alloc_advance(w);
        else if (w->kind == WAIT_CREATE)
            step_advance(w);
        else if (ended && w->kind == WAIT_JOB)
            job_ended(w, known ? &view : NULL);
    }
    free(ws);
}

void clients_step_changed(struct clients *cl, const struct effect *e)
{
    struct wait **ws;
    if (e->state == JOB_RUNNING || !waits_of(cl, e->job_id))
        return;
    size_t n = waits_collect(cl, e->job_id, 1u << WAIT_STEP, &ws);
    for (size_t i = 0; i < n; i++) {
        if (ws[i]->step_id != e->step_id)
            continue;
        Wire__Notice notice = WIRE__NOTICE__INIT;
        notice.has_job_id = notice.has_step_id = notice.has_what = notice.has_exit_code = notice.has_job_state = true;
        notice.job_id = e->job_id;
        notice.step_id = e->step_id;
        notice.what = NOTICE_STEP_ENDED;
        notice.exit_code = told_status(e->state, e->exit_status);
        notice.job_state = e->state;
        notice.text = (char *)e->text;
        notice_send(ws[i]->session, &notice);
        wait_remove(ws[i]);
    }
    free(ws);
}

void clients_step_retry(struct clients *cl, uint32_t job_id)
{
    struct wait **ws;
    if (!waits_of(cl, job_id))
        return;
    size_t n = waits_collect(cl, job_id, 1u << WAIT_CREATE | 1u << WAIT_ALLOC, &ws);
    for (size_t i = 0; i < n; i++) {
        if (ws[i]->kind == WAIT_ALLOC)
            alloc_advance(ws[i]);
        else
            step_advance(ws[i]);
    }
    free(ws);
}

void clients_notice(struct clients *cl, const struct effect *e)
{
    struct wait **ws;
    if (!waits_of(cl, e->job_id))
        return;
    Wire__Notice notice = WIRE__NOTICE__INIT;
    notice.has_job_id = notice.has_what = true;
    notice.job_id = e->job_id;
    notice.has_step_id = e->step_id != STEP_NONE;
    notice.step_id = e->step_id;
    notice.what = e->notice;
    notice.text = (char *)e->text;
    size_t n = waits_collect(cl, e->job_id, ~0u, &ws);
    for (size_t i = 0; i < n; i++) {
        bool told = false; /* once a session, however many things it waits for */
        for (size_t k = 0; k < i && !told; k++)
            told = ws[k]->session == ws[i]->session;
        if (!told && (!notice.has_step_id || ws[i]->kind != WAIT_STEP || ws[i]->step_id == e->step_id))
            notice_send(ws[i]->session, &notice);
    }
    free(ws);
}

/* ---- sessions ---- */

static void on_close(void *arg, struct rpc_conn *conn, const struct error *why)
{
    struct session *s = arg;
    struct ctld *c = s->clients->ctld;
    struct cluster_now now = ctld_now(c);
    struct list_node *node;
    (void)conn;
    (void)why;
    s->conn = NULL;
    query_resume(s); /* lets it see that nobody is left */
    for (node = s->waits.next; node != &s->waits;) {
        struct wait *w = container_of(node, struct wait, of_session);
        node = node->next;
        if (w->owner && !c->stopping)
            cluster_client_gone(c->cluster, w->job_id, &now, true);
        if (w->busy)
            continue; /* its commit removes it */
        if (w->req)
            request_end(w->req);
        wait_remove(w);
    }
    if (!c->stopping)
        ctld_turn_soon(c);
    session_decref(s);
}

static void on_drain(void *arg, struct rpc_conn *conn)
{
    (void)conn;
    query_resume(arg);
}

static const struct rpc_conn_ops session_ops = { .on_frame = on_frame, .on_close = on_close, .on_drain = on_drain };

void clients_adopt(struct clients *cl, struct rpc_conn *conn)
{
    const struct session_peer *peer = rpc_conn_peer(conn);
    struct session *s = xcalloc(1, sizeof(*s));
    s->clients = cl;
    s->conn = conn;
    s->refs = 1;
    s->who = (struct cluster_who){ .uid = peer->uid, .is_operator = peer->is_operator || peer->is_admin,
                                   .is_admin = peer->is_admin };
    s->gid = peer->gid;
    snprintf(s->address, sizeof(s->address), "%s", peer->address);
    list_init(&s->waits);
    list_init(&s->stalled);
    list_append(&cl->sessions, &s->link);
    rpc_conn_set_arg(conn, &session_ops, s);
}

struct clients *clients_create(struct ctld *c)
{
    struct clients *cl = xcalloc(1, sizeof(*cl));
    cl->ctld = c;
    list_init(&cl->sessions);
    return cl;
}

void clients_close(struct clients *cl)
{
    list_for_each(node, &cl->sessions) {
        struct session *s = container_of(node, struct session, link);
        if (s->conn)
            rpc_conn_close(s->conn);
    }
}

bool clients_all_closed(const struct clients *cl)
{
    list_for_each(node, &cl->sessions)
        if (container_of(node, struct session, link)->conn)
            return false;
    return true;
}

void clients_destroy(struct clients *cl)
{
    if (!cl)
        return;
    idmap_fini(&cl->jobs);
    free(cl);
}
