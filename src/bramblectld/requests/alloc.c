/* alloc.c - salloc and srun outside an allocation: a job whose client waits for it.
 *
 *   submitted --(commit)--> told "pending" --job started--> step decided, if asked for --(commit)--> granted
 *
 * A job that starts in the turn of its submission is granted by the same flush, and "pending" is
 * not said.  The session that asked owns the job: when it goes, the heart's interactive_timeout runs.
 */
#include "config.h"

#include <string.h>

#include "bramblectld/act.h"
#include "bramblectld/requests/wait.h"
#include "conf/conf.h"
#include "reactor/reactor.h"
#include "util/mem.h"

#define CLIENT_SILENT_SEC 20 /* at most; with a shorter interactive_timeout that */

static void alloc_drop(struct wait *w)
{
    struct request *req = w->req;
    w->req = NULL;
    wait_remove(w);
    request_end(req); /* last: it may hold the session */
}

static void alloc_refuse(struct wait *w, const struct error *err)
{
    struct request *req = w->req;
    w->req = NULL;
    wait_remove(w);
    request_refuse(req, err);
}

/* ---- granted ---- */

static void alloc_granted(void *arg)
{
    struct wait *w = arg;
    struct ctld *c = w->req->ctld;
    struct request *req = w->req;
    w->busy = false;
    if (!request_alive(req)) {
        alloc_drop(w);
        return;
    }
    Wire__AllocReply reply = WIRE__ALLOC_REPLY__INIT;
    reply.has_job_id = true;
    reply.job_id = w->job_id;
    reply.alloc = cluster_alloc_info(c->cluster, w->job_id, &req->arena);
    if (!reply.alloc) { /* ended between the decision and the disk */
        struct error err;
        error_set(&err, BRE_CANCELLED, "job %u has ended before its allocation could be used", w->job_id);
        alloc_refuse(w, &err);
        return;
    }
    alloc_info_complete(c, reply.alloc);
    if (w->step_id != STEP_NONE) {
        reply.step = step_reply_make(c, w->job_id, w->step_id, &req->arena);
        wait_add(w->session, WAIT_STEP, w->job_id, w->step_id, NULL);
    }
    request_send(req, MSG_ALLOC_REPLY, &reply.base);
    reactor_timer_close(w->immediate);
    w->immediate = NULL;
    w->req = NULL;
    w->kind = WAIT_JOB;
    request_end(req);
}

/* --immediate, and its time is over. */
static void too_late(void *arg)
{
    struct wait *w = arg;
    struct ctld *c = w->req->ctld;
    struct cluster_now now = ctld_now(c);
    struct job *job = cluster_job_find(c->cluster, w->job_id);
    struct control_request cancel = { .action = JOB_ACTION_CANCEL, .job_id = w->job_id, .step_id = STEP_NONE,
                                      .who = w->session->who };
    struct error err;
    if (w->busy || !job || job_state_shown(job) != JOB_PENDING)
        return;
    error_set(&err, BRE_NODES_BUSY, "%s: %s", error_code_text(BRE_NODES_BUSY),
              cluster_job_reason_text(c->cluster, job, &now, &w->req->arena));
    struct decision *d = ctld_decision(c);
    if (cluster_decide_control(c->cluster, &now, &cancel, d, NULL) < 0)
        ctld_drop(c, d);
    else
        ctld_commit(c, d, NULL, NULL);
    alloc_refuse(w, &err);
}

static const Wire__StepSpec *step_of(const struct request *req)
{
    const Wire__AllocRequest *msg = (const Wire__AllocRequest *)req->msg;
    return msg ? msg->step : NULL;
}

/* The step that a resumed srun had already made: the job's first. */
static bool step_exists(struct ctld *c, uint32_t job_id, uint32_t *step_id)
{
    struct job *job = cluster_job_find(c->cluster, job_id);
    struct step_view view;
    for (size_t i = 0; job && cluster_step_nth(c->cluster, job, i, &view); i++)
        if (view.step_id < STEP_CARRIER) {
            *step_id = view.step_id;
            return true;
        }
    return false;
}

static void grant(struct wait *w)
{
    struct ctld *c = w->req->ctld;
    struct cluster_now now = ctld_now(c);
    const Wire__StepSpec *spec = step_of(w->req);
    bool wait_later = false;
    struct error err;
    w->busy = true;
    if (!spec || step_exists(c, w->job_id, &w->step_id)) {
        ctld_commit(c, ctld_decision(c), alloc_granted, w);
        return;
    }
    if (step_decide(w->req, w->job_id, spec, &w->step_id, &wait_later, alloc_granted, w, &err) == 0)
        return;
    w->busy = false;
    if (wait_later)
        return; /* again when cores of the job become free */
    struct decision *d = ctld_decision(c);
    if (cluster_decide_alloc_complete(c->cluster, &now, &w->session->who, w->job_id, 1 << 8, d, NULL) == 0)
        ctld_commit(c, d, NULL, NULL);
    else
        ctld_drop(c, d);
    alloc_refuse(w, &err);
}

void alloc_advance(struct wait *w)
{
    struct ctld *c = w->req->ctld;
    struct cluster_now now = ctld_now(c);
    struct job *job = cluster_job_find(c->cluster, w->job_id);
    struct job_view view;
    struct error err;
    if (w->busy)
        return;
    if (!request_alive(w->req)) {
        alloc_drop(w);
        return;
    }
    if (job)
        cluster_job_view(c->cluster, job, &now, &view);
    if (!job || view.state >= JOB_COMPLETING) {
        error_set(&err, BRE_CANCELLED, "job %u: %s", w->job_id,
                  job && view.end_state != JOB_CANCELLED && view.text ? view.text : error_code_text(BRE_CANCELLED));
        alloc_refuse(w, &err);
        return;
    }
    if (view.state == JOB_RUNNING || view.state == JOB_SUSPENDED)
        grant(w);
}

/* ---- asked for ---- */

/* The job lives as long as this client.  One whose machine is off the network sends no end: let the
 * kernel find out. */
static void wait_owns(struct wait *w)
{
    uint32_t sec = w->req->ctld->conf->interactive_timeout_sec;
    w->owner = true;
    if (w->session->conn)
        rpc_conn_set_keepalive(w->session->conn, 1000 * (sec < CLIENT_SILENT_SEC ? sec : CLIENT_SILENT_SEC));
}

static void alloc_submitted(void *arg)
{
    struct wait *w = arg;
    struct ctld *c = w->req->ctld;
    struct cluster_now now = ctld_now(c);
    struct job *job = cluster_job_find(c->cluster, w->job_id);
    struct job_view view;
    w->busy = false;
    if (job)
        cluster_job_view(c->cluster, job, &now, &view);
    const bool at_once = job && view.spec->has_immediate_sec && view.spec->immediate_sec <= 1;
    if (job && view.state == JOB_PENDING && !w->told_pending && !at_once && request_alive(w->req)) {
        Wire__AllocReply reply = WIRE__ALLOC_REPLY__INIT;
        reply.has_job_id = reply.has_pending = reply.pending = true;
        reply.job_id = w->job_id;
        reply.pending_reason = (char *)cluster_job_reason_text(c->cluster, job, &now, &w->req->arena);
        request_send(w->req, MSG_ALLOC_REPLY, &reply.base);
        w->told_pending = true;
    }
    if (!request_alive(w->req) && w->owner)
        cluster_client_gone(c->cluster, w->job_id, &now, true);
    if (job && view.state == JOB_PENDING && view.spec->has_immediate_sec && request_alive(w->req)) {
        if (view.spec->immediate_sec <= 1) {
            too_late(w);
            return;
        }
        w->immediate = reactor_timer_create(c->reactor, too_late, w);
        reactor_timer_start(w->immediate, (uint64_t)view.spec->immediate_sec * 1000, 0);
    }
    alloc_advance(w);
}

static void alloc_ready(struct request *req, const struct identity *identity, const ProtobufCMessage *base)
{
    const Wire__AllocRequest *msg = (const Wire__AllocRequest *)base;
    const ProtobufCBinaryData none = { 0, NULL };
    struct ctld *c = req->ctld;
    struct cluster_now now = ctld_now(c);
    struct submit_request submit;
    struct error err;
    const char *warning = NULL;
    uint32_t job_id;
    if (!(identity = submit_group(req, identity, msg->has_as_gid, msg->as_gid, &err))) {
        request_refuse(req, &err);
        return;
    }
    submit_fill(req, identity, msg->spec, none, none, &submit);
    submit.het = msg->het;
    submit.num_het = msg->n_het;
    if (msg->step && !req->msg && request_keep(req, base) < 0) {
        request_refuse_code(req, BRE_BUSY, "the controller is short of memory");
        return;
    }
    struct decision *d = ctld_decision(c);
    if (cluster_decide_submit(c->cluster, &now, &submit, d, &job_id, &warning, &err) < 0) {
        ctld_drop(c, d);
        request_refuse(req, &err);
        return;
    }
    struct wait *w = wait_add(req->session, WAIT_ALLOC, job_id, STEP_NONE, req);
    wait_owns(w);
    w->busy = true;
    cluster_client_gone(c->cluster, job_id, &now, false);
    ctld_commit(c, d, alloc_submitted, w);
}

static void alloc_resume(struct request *req, const Wire__AllocRequest *msg)
{
    struct ctld *c = req->ctld;
    struct cluster_now now = ctld_now(c);
    struct job *job = cluster_job_find(c->cluster, msg->resume_job_id);
    if (!job || job_kind(job) == JOB_KIND_BATCH) {
        request_refuse_code(req, BRE_JOB_ID, "%s", error_code_text(BRE_JOB_ID));
        return;
    }
    if (job_uid(job) != req->session->who.uid) {
        request_refuse_code(req, BRE_ACCESS, "job %u belongs to another user", msg->resume_job_id);
        return;
    }
    if (msg->step && request_keep(req, &msg->base) < 0) {
        request_refuse_code(req, BRE_BUSY, "the controller is short of memory");
        return;
    }
    struct wait *w = wait_add(req->session, WAIT_ALLOC, msg->resume_job_id, STEP_NONE, req);
    wait_owns(w);
    w->busy = true;
    cluster_client_gone(c->cluster, msg->resume_job_id, &now, false);
    ctld_commit(c, ctld_decision(c), alloc_submitted, w);
}

void alloc_handle(struct request *req, const Wire__AllocRequest *msg)
{
    if (msg->has_resume_job_id) {
        alloc_resume(req, msg);
        return;
    }
    if (!msg->spec || msg->spec->kind == JOB_KIND_BATCH) {
        request_refuse_code(req, BRE_PROTOCOL, "an allocation without an interactive job");
        return;
    }
    if (msg->n_het && msg->step) {
        request_refuse_code(req, BRE_NOT_SUPPORTED,
                            "srun cannot make a heterogeneous job by itself: make it with salloc or sbatch");
        return;
    }
    submit_with_identity(req, &msg->base, msg->has_as_uid, msg->as_uid, alloc_ready);
}

/* ---- salloc is done ---- */

static void completed(void *arg)
{
    request_ok(arg);
}

void complete_handle(struct request *req, const Wire__CompleteJobRequest *msg)
{
    struct ctld *c = req->ctld;
    struct cluster_now now = ctld_now(c);
    struct decision *d = ctld_decision(c);
    struct error err;
    if (cluster_decide_alloc_complete(c->cluster, &now, &req->session->who, msg->job_id, msg->exit_code, d, &err) < 0) {
        ctld_drop(c, d);
        request_refuse(req, &err);
        return;
    }
    ctld_commit(c, d, completed, req);
}
