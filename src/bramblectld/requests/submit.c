/* submit.c - sbatch: who it is for, what it asks for, the decision, and the answer once it is on disk. */
#include "config.h"

#include <sodium.h>
#include <string.h>

#include "bramblectld/journal/journal.h"
#include "bramblectld/requests/request.h"
#include "bramblectld/requests/wait.h"
#include "util/log.h"
#include "util/mem.h"

/* ---- identity ---- */

struct identity_wait {
    struct request *req;
    submit_ready_f *ready;
};

static void identity_found(void *arg, const struct identity *identity, const struct error *err)
{
    CLEANUP_FREE struct identity_wait *w = arg;
    if (!identity)
        request_refuse(w->req, err);
    else if (!request_alive(w->req))
        request_end(w->req);
    else
        w->ready(w->req, identity, w->req->msg);
}

void submit_with_identity(struct request *req, const ProtobufCMessage *msg, bool as_set, uint32_t as_uid,
                          submit_ready_f *ready)
{
    struct ctld *c = req->ctld;
    uint32_t uid = as_set ? as_uid : req->session->who.uid;
    struct error err;
    if (as_set && as_uid != req->session->who.uid && req->session->who.uid != 0 && !req->session->who.is_admin) {
        request_refuse_code(req, BRE_ACCESS, "only root and administrators may submit for another user");
        return;
    }
    if (journal_accepts(c->journal, &err) < 0 || request_admit(c, req->session, &err) < 0) {
        request_refuse(req, &err);
        return;
    }
    const struct identity *known = identity_known(c->identities, uid);
    if (known) {
        ready(req, known, msg);
        return;
    }
    if (request_keep(req, msg) < 0) {
        request_refuse_code(req, BRE_BUSY, "the controller is short of memory");
        return;
    }
    struct identity_wait *w = xcalloc(1, sizeof(*w));
    *w = (struct identity_wait){ req, ready };
    identity_find(c->identities, uid, identity_found, w);
}

const struct identity *submit_group(struct request *req, const struct identity *identity, bool set, uint32_t gid,
                                    struct error *err)
{
    bool member = false;
    const char *name = NULL;
    if (!set || gid == identity->wire.gid)
        return identity;
    for (size_t i = 0; i < identity->wire.n_gids; i++)
        member = member || identity->wire.gids[i] == gid;
    for (size_t i = 0; i < identity->num_groups; i++)
        if (identity->group_ids[i] == gid)
            name = identity->groups[i];
    if (!member && req->session->who.uid != 0) {
        error_set(err, BRE_ACCESS, "user %s is not in the group with gid %u", identity->wire.user_name, gid);
        return NULL;
    }
    struct identity *other = arena_memdup(&req->arena, identity, sizeof(*identity));
    other->wire.gid = gid;
    other->wire.group_name = name ? (char *)name : arena_printf(&req->arena, "%u", gid);
    return other;
}

void submit_fill(const struct request *req, const struct identity *identity, const Wire__JobSpec *spec,
                 ProtobufCBinaryData script, ProtobufCBinaryData env, struct submit_request *out)
{
    memset(out, 0, sizeof(*out));
    out->spec = spec;
    out->identity = &identity->wire;
    out->groups = (const char *const *)identity->groups;
    out->num_groups = identity->num_groups;
    out->script = script;
    out->env = env;
    out->who = req->session->who;
    if (script.len)
        crypto_generichash(out->script_hash, 32, script.data, script.len, NULL, 0);
    if (env.len)
        crypto_generichash(out->env_hash, 32, env.data, env.len, NULL, 0);
}

/* ---- submission ---- */

static void submitted(void *arg)
{
    struct request *req = arg;
    Wire__SubmitReply reply = WIRE__SUBMIT_REPLY__INIT;
    reply.has_job_id = true;
    reply.job_id = req->job_id;
    reply.warning = req->warning;
    request_reply(req, MSG_SUBMIT_REPLY, &reply.base);
}

static void test_only(struct request *req, const struct submit_request *submit)
{
    struct cluster_now now = ctld_now(req->ctld);
    struct start_forecast res = { 0 };
    struct error err;
    if (cluster_test_submit(req->ctld->cluster, &now, submit, &req->arena, &res, &err) < 0) {
        request_refuse(req, &err);
        return;
    }
    Wire__SubmitReply reply = WIRE__SUBMIT_REPLY__INIT;
    reply.has_job_id = reply.has_test_start = reply.has_test_cpus = true;
    reply.job_id = res.job_id; /* what it would get, if nobody comes first */
    reply.test_start = res.start_sec;
    reply.test_cpus = res.cpus;
    reply.test_nodes = res.nodes;
    reply.test_partition = (char *)res.partition;
    request_reply(req, MSG_SUBMIT_REPLY, &reply.base);
}

static void submit_ready(struct request *req, const struct identity *identity, const ProtobufCMessage *base)
{
    const Wire__SubmitRequest *msg = (const Wire__SubmitRequest *)base;
    struct ctld *c = req->ctld;
    struct cluster_now now = ctld_now(c);
    struct submit_request submit;
    struct error err;
    const char *warning = NULL;
    if (!(identity = submit_group(req, identity, msg->has_as_gid, msg->as_gid, &err))) {
        request_refuse(req, &err);
        return;
    }
    submit_fill(req, identity, msg->spec, msg->script, msg->env, &submit);
    submit.het = msg->het;
    submit.num_het = msg->n_het;
    if (msg->has_test_only && msg->test_only) {
        test_only(req, &submit);
        return;
    }
    struct decision *d = ctld_decision(c);
    if (cluster_decide_submit(c->cluster, &now, &submit, d, &req->job_id, &warning, &err) < 0) {
        ctld_drop(c, d);
        request_refuse(req, &err);
        return;
    }
    if (warning)
        req->warning = arena_strdup(&req->arena, warning);
    ctld_commit(c, d, submitted, req);
}

void submit_handle(struct request *req, const Wire__SubmitRequest *msg)
{
    if (!msg->spec) {
        request_refuse_code(req, BRE_PROTOCOL, "a submission without a job");
        return;
    }
    if (msg->spec->kind != JOB_KIND_BATCH) {
        request_refuse_code(req, BRE_PROTOCOL, "only batch jobs are submitted");
        return;
    }
    if (!msg->script.len) {
        request_refuse_code(req, BRE_SCRIPT_EMPTY, "%s", error_code_text(BRE_SCRIPT_EMPTY));
        return;
    }
    submit_with_identity(req, &msg->base, msg->has_as_uid, msg->as_uid, submit_ready);
}
