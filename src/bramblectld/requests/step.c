/* step.c - srun inside an allocation: a step now, or when cores of the job become free. */
#include "config.h"

#include <sodium.h>
#include <string.h>

#include "bramblectld/act.h"
#include "bramblectld/journal/journal.h"
#include "bramblectld/requests/wait.h"
#include "channel/session.h"
#include "util/log.h"
#include "util/mem.h"

void step_describe(struct request *req, uint32_t job_id, const Wire__StepSpec *spec, Wire__StepSpec *with_address,
                   struct step_request *step)
{
    *with_address = *spec; /* the environment and all strings are borrowed */
    with_address->launch_address = req->session->address;
    *step = (struct step_request){ .job_id = job_id, .spec = with_address, .env = spec->env,
                                   .who = req->session->who };
    randombytes_buf(step->step_key, sizeof(step->step_key));
    if (spec->env.len)
        crypto_generichash(step->env_hash, 32, spec->env.data, spec->env.len, NULL, 0);
}

bool step_may_wait(const struct error *err)
{
    return err->code == BRE_STEP_NODES_BUSY || err->code == BRE_JOB_PENDING || err->code == BRE_NODES_BUSY;
}

int step_decide(struct request *req, uint32_t job_id, const Wire__StepSpec *spec, uint32_t *step_id, bool *wait_later,
                commit_done_f *done, void *arg, struct error *err)
{
    struct ctld *c = req->ctld;
    struct cluster_now now = ctld_now(c);
    Wire__StepSpec with_address;
    struct step_request step;
    struct decision *d = ctld_decision(c);
    step_describe(req, job_id, spec, &with_address, &step);
    if (cluster_decide_step(c->cluster, &now, &step, d, step_id, err) < 0) {
        ctld_drop(c, d);
        *wait_later = step_may_wait(err);
        mem_wipe(step.step_key, sizeof(step.step_key));
        return -1;
    }
    ctld_commit(c, d, done, arg);
    mem_wipe(step.step_key, sizeof(step.step_key));
    return 0;
}

Wire__StepReply *step_reply_make(struct ctld *c, uint32_t job_id, uint32_t step_id, struct arena *a)
{
    struct step_view view;
    if (!cluster_step_find(c->cluster, job_id, step_id, &view))
        return NULL;
    Wire__StepReply *reply = arena_calloc(a, 1, sizeof(*reply));
    wire__step_reply__init(reply);
    reply->has_job_id = reply->has_step_id = reply->has_attempt = reply->has_kill_wait_sec = true;
    reply->job_id = job_id;
    reply->step_id = step_id;
    reply->attempt = view.attempt;
    const uint8_t *key = cluster_step_key(c->cluster, job_id, step_id);
    if (key) {
        reply->has_step_key = true;
        /* The owner's client gets the key of its role only; the step's own stays with the agents. */
        reply->step_key.data = arena_alloc(a, 32);
        reply->step_key.len = 32;
        step_client_key(key, reply->step_key.data);
    }
    reply->layout = cluster_step_layout(c->cluster, job_id, step_id, a);
    reply->alloc = cluster_alloc_info(c->cluster, job_id, a);
    if (reply->alloc)
        alloc_info_complete(c, reply->alloc);
    reply->kill_wait_sec = ctld_kill_wait(c);
    if (view.spec && view.spec->n_het_jobs) {
        reply->has_het_num_tasks = reply->has_het_first_task = true;
        reply->het_num_tasks = view.spec->het_num_tasks;
        reply->het_first_task = view.spec->het_first_task;
    }
    return reply;
}

/* ---- requests ---- */

void step_refuse(struct wait *w, const struct error *err)
{
    struct request *req = w->req;
    w->req = NULL;
    wait_remove(w);
    request_refuse(req, err);
}

void step_created(void *arg)
{
    struct wait *w = arg;
    struct request *req = w->req;
    struct error err;
    w->busy = false;
    if (!request_alive(req)) {
        w->req = NULL;
        wait_remove(w);
        request_end(req);
        return;
    }
    Wire__StepReply *reply = step_reply_make(req->ctld, w->job_id, w->step_id, &req->arena);
    if (!reply) {
        error_set(&err, BRE_CANCELLED, "step %u.%u has ended before it could be used", w->job_id, w->step_id);
        step_refuse(w, &err);
        return;
    }
    w->req = NULL;
    w->kind = WAIT_STEP;
    request_reply(req, MSG_STEP_REPLY, &reply->base);
}

void step_tell_pending(struct wait *w, struct error *why)
{
    Wire__StepReply reply = WIRE__STEP_REPLY__INIT;
    if (w->told_pending)
        return;
    w->told_pending = true;
    reply.has_job_id = reply.has_pending = reply.pending = true;
    reply.job_id = w->job_id;
    reply.pending_reason = why->text;
    request_send(w->req, MSG_STEP_REPLY, &reply.base);
}

void step_advance(struct wait *w)
{
    struct request *req = w->req;
    const Wire__StepRequest *msg = (const Wire__StepRequest *)req->msg;
    bool wait_later = false;
    struct error err;
    if (w->busy)
        return;
    if (!request_alive(req)) {
        w->req = NULL;
        wait_remove(w);
        request_end(req);
        return;
    }
    if (msg->step->n_het_jobs) {
        step_part_advance(w);
        return;
    }
    w->busy = true;
    if (step_decide(req, w->job_id, msg->step, &w->step_id, &wait_later, step_created, w, &err) == 0)
        return;
    w->busy = false;
    if (!wait_later || (msg->step->has_no_wait && msg->step->no_wait))
        step_refuse(w, &err);
    else
        step_tell_pending(w, &err);
}

/* Follow a step again after a lost connection. */
static void step_resume(struct request *req, const Wire__StepRequest *msg)
{
    struct ctld *c = req->ctld;
    struct job *job = cluster_job_find(c->cluster, msg->job_id);
    if (!job) {
        request_refuse_code(req, BRE_JOB_ID, "%s", error_code_text(BRE_JOB_ID));
        return;
    }
    if (job_uid(job) != req->session->who.uid) {
        request_refuse_code(req, BRE_ACCESS, "job %u belongs to another user", msg->job_id);
        return;
    }
    Wire__StepReply *reply = step_reply_make(c, msg->job_id, msg->resume_step_id, &req->arena);
    if (!reply) {
        Wire__Notice ended = WIRE__NOTICE__INIT;
        ended.has_job_id = ended.has_step_id = ended.has_what = true;
        ended.job_id = msg->job_id;
        ended.step_id = msg->resume_step_id;
        ended.what = NOTICE_STEP_ENDED;
        notice_send(req->session, &ended);
        request_refuse_code(req, BRE_ALREADY_DONE, "step %u.%u has ended", msg->job_id, msg->resume_step_id);
        return;
    }
    wait_add(req->session, WAIT_STEP, msg->job_id, msg->resume_step_id, NULL);
    request_reply(req, MSG_STEP_REPLY, &reply->base);
}

void step_handle(struct request *req, const Wire__StepRequest *msg)
{
    struct error err;
    if (msg->has_resume_step_id) {
        step_resume(req, msg);
        return;
    }
    if (!msg->step) {
        request_refuse_code(req, BRE_PROTOCOL, "a step request without a step");
        return;
    }
    if (msg->step->n_het_jobs && step_part_check(msg, &err) < 0) {
        request_refuse(req, &err);
        return;
    }
    if (journal_accepts(req->ctld->journal, &err) < 0 || request_admit(req->ctld, req->session, &err) < 0) {
        request_refuse(req, &err);
        return;
    }
    if (request_keep(req, &msg->base) < 0) {
        request_refuse_code(req, BRE_BUSY, "the controller is short of memory");
        return;
    }
    step_advance(wait_add(req->session, WAIT_CREATE, msg->job_id, STEP_NONE, req));
}
