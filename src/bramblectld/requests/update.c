/* update.c - scontrol update: keys go to the heart, which checks all of them before it decides. */
#include "config.h"

#include <string.h>
#include <strings.h>

#include "bramblectld/requests/filter.h"
#include "bramblectld/requests/job_id_text.h"
#include "bramblectld/requests/request.h"

struct update {
    Wire__JobResult **results; /* in the request's arena */
    size_t num;
};

static void updated(void *arg)
{
    struct request *req = arg;
    const struct update *u = req->data;
    Wire__UpdateReply reply = WIRE__UPDATE_REPLY__INIT;
    if (u) {
        reply.n_results = u->num;
        reply.results = u->results;
    }
    request_reply(req, MSG_UPDATE_REPLY, &reply.base);
}

static const char *item(const Wire__UpdateRequest *msg, const char *key)
{
    for (size_t i = 0; i < msg->n_items; i++)
        if (strcasecmp(msg->items[i]->key, key) == 0)
            return msg->items[i]->value;
    return NULL;
}

static void add_failure(struct request *req, struct update *u, const char *id, const struct error *err)
{
    Wire__JobResult *r = arena_calloc(&req->arena, 1, sizeof(*r));
    wire__job_result__init(r);
    r->job_id = (char *)id;
    r->has_code = true;
    r->code = (uint32_t)err->code;
    r->text = arena_strdup(&req->arena, err->text);
    u->results[u->num++] = r;
}

static int update_one(struct request *req, const char *text, Wire__KeyValue **items, size_t num, struct error *err)
{
    struct ctld *c = req->ctld;
    struct cluster_now now = ctld_now(c);
    uint32_t id, step;
    if (job_id_parse(text, &id, &step, err) < 0)
        return -1;
    if (step != STEP_NONE)
        return error_set(err, BRE_NOT_SUPPORTED, "update of steps is not supported: %s", text);
    struct decision *d = ctld_decision(c);
    if (cluster_decide_update_job(c->cluster, &now, &req->session->who, id, items, num, d, err) < 0) {
        ctld_drop(c, d);
        return -1;
    }
    ctld_commit(c, d, NULL, NULL);
    return 0;
}

/* "jobid=12,13": each job for itself; one job's failure is the request's. */
static void update_jobs(struct request *req, const Wire__UpdateRequest *msg)
{
    struct update *u = arena_calloc(&req->arena, 1, sizeof(*u));
    const char *text = item(msg, "jobid");
    struct error err;
    struct name_set ids;
    if (!text || !*text) {
        request_refuse_code(req, BRE_JOB_ID, "update job: JobId= is missing");
        return;
    }
    Wire__KeyValue **items = arena_alloc(&req->arena, (msg->n_items + 1) * sizeof(Wire__KeyValue *));
    size_t num = 0;
    for (size_t i = 0; i < msg->n_items; i++)
        if (strcasecmp(msg->items[i]->key, "jobid") != 0)
            items[num++] = msg->items[i];
    name_set_parse(&ids, text);
    u->results = arena_alloc(&req->arena, (ids.num + 1) * sizeof(Wire__JobResult *));
    for (size_t i = 0; i < ids.num; i++)
        if (update_one(req, ids.names[i], items, num, &err) < 0)
            add_failure(req, u, arena_strdup(&req->arena, ids.names[i]), &err);
    const bool alone = ids.num == 1;
    name_set_fini(&ids);
    req->data = u;
    if (alone && u->num)
        request_refuse(req, &err);
    else
        ctld_commit(req->ctld, ctld_decision(req->ctld), updated, req);
}

void update_handle(struct request *req, const Wire__UpdateRequest *msg)
{
    struct ctld *c = req->ctld;
    struct cluster_now now = ctld_now(c);
    const char *entity = msg->entity ? msg->entity : "";
    struct error err;
    int rc;
    for (size_t i = 0; i < msg->n_items; i++)
        if (!msg->items[i]->key || !msg->items[i]->value) {
            request_refuse_code(req, BRE_PROTOCOL, "an item of an update lacks its key or value");
            return;
        }
    if (msg->op == 0 && strcmp(entity, "job") == 0) {
        update_jobs(req, msg);
        return;
    }
    if (strcmp(entity, "controller") == 0) {
        set_log_handle(req, msg);
        return;
    }
    struct decision *d = ctld_decision(c);
    if (msg->op > 2)
        rc = error_set(&err, BRE_NOT_SUPPORTED, "update %u of a %.32s is not known", msg->op, entity);
    else if (strcmp(entity, "partition") == 0)
        rc = cluster_decide_update_part(c->cluster, &now, &req->session->who, (enum update_op)msg->op, msg->items,
                                        msg->n_items, d, &err);
    else if (msg->op == 0 && strcmp(entity, "node") == 0)
        rc = cluster_decide_update_nodes(c->cluster, &now, &req->session->who, msg->items, msg->n_items, d, &err);
    else
        rc = error_set(&err, BRE_NOT_SUPPORTED, "update of a %.32s is not supported", entity);
    if (rc < 0) {
        ctld_drop(c, d);
        request_refuse(req, &err);
        return;
    }
    ctld_commit(c, d, updated, req);
}
