/* update.c - scontrol update: keys go to the heart, which checks all of them before it decides. */
#include "config.h"

#include <string.h>
#include <strings.h>

#include "bramblectld/requests/filter.h"
#include "bramblectld/requests/request.h"
#include "util/jobid.h"

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
    reply.name = req->warning;
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

/* Every record that the id means; an array's tasks that are over do not count against the others. */
static int update_one(struct request *req, const char *text, Wire__KeyValue **items, size_t num, struct error *err)
{
    struct ctld *c = req->ctld;
    struct cluster_now now = ctld_now(c);
    struct job_targets targets;
    struct error why = { 0 };
    struct jobid id;
    size_t met = 0;
    int rc = 0;
    if (jobid_parse(text, &id, err) < 0)
        return -1;
    struct job_ref ref = { id.job_id, id.tasks, id.all_tasks, id.het_offset != HET_NONE, id.het_offset };
    if (id.step_id != STEP_NONE)
        rc = error_set(err, BRE_NOT_SUPPORTED, "update of steps is not supported: %s", text);
    else
        rc = cluster_job_targets(c->cluster, &ref, &req->arena, &targets, err);
    for (size_t i = 0; rc == 0 && i < targets.count; i++) {
        struct decision *d = ctld_decision(c);
        if (cluster_decide_update_tasks(c->cluster, &now, &req->session->who, targets.list[i].job_id,
                                        targets.list[i].tasks, items, num, d, &why) == 0) {
            ctld_commit(c, d, NULL, NULL);
            met++;
            continue;
        }
        ctld_drop(c, d);
        if ((!targets.is_array && !targets.is_het) || (why.code != BRE_JOB_FINISHED && why.code != BRE_NOT_PENDING))
            rc = -1;
    }
    if (rc == 0 && !met)
        rc = -1;
    if (rc < 0 && why.code)
        *err = why;
    jobid_fini(&id);
    return rc;
}

/* "jobid=12,13": each job for itself; one job's failure is the request's. */
static void update_jobs(struct request *req, const Wire__UpdateRequest *msg)
{
    struct update *u = arena_calloc(&req->arena, 1, sizeof(*u));
    const char *text = item(msg, "jobid");
    struct error err;
    size_t num_ids = 0;
    if (!text || !*text) {
        request_refuse_code(req, BRE_JOB_ID, "update job: JobId= is missing");
        return;
    }
    Wire__KeyValue **items = arena_alloc(&req->arena, (msg->n_items + 1) * sizeof(Wire__KeyValue *));
    size_t num = 0;
    for (size_t i = 0; i < msg->n_items; i++)
        if (strcasecmp(msg->items[i]->key, "jobid") != 0)
            items[num++] = msg->items[i];
    for (const char *p = text; *p; p += jobid_word(p), p += *p == ',')
        num_ids++;
    u->results = arena_alloc(&req->arena, (num_ids + 1) * sizeof(Wire__JobResult *));
    for (const char *p = text; *p; p += jobid_word(p), p += *p == ',') {
        const char *word = arena_strndup(&req->arena, p, jobid_word(p));
        if (*word && update_one(req, word, items, num, &err) < 0)
            add_failure(req, u, word, &err);
    }
    req->data = u;
    if (num_ids == 1 && u->num)
        request_refuse(req, &err);
    else
        ctld_commit(req->ctld, ctld_decision(req->ctld), updated, req);
}

/* The step of one job, or all that srun started there: how many there were, -1 with err set. */
static int update_steps_of(struct request *req, uint32_t job_id, uint32_t step_id, Wire__KeyValue **items, size_t num,
                           struct decision *d, struct error *err)
{
    struct ctld *c = req->ctld;
    struct cluster_now now = ctld_now(c);
    struct job *job = cluster_job_find(c->cluster, job_id);
    struct step_view v;
    int met = 0;

    if (step_id != STEP_NONE)
        return cluster_decide_update_step(c->cluster, &now, &req->session->who, job_id, step_id, items, num, d, err) < 0
                   ? -1
                   : 1;
    for (size_t i = 0; job && cluster_step_nth(c->cluster, job, i, &v); i++) {
        if (v.step_id == STEP_BATCH || STEP_IS_CARRIER(v.step_id) || v.state != JOB_RUNNING)
            continue;
        if (cluster_decide_update_step(c->cluster, &now, &req->session->who, job_id, v.step_id, items, num, d, err) < 0)
            return -1;
        met++;
    }
    return met;
}

/* "stepid=12.0", "stepid=12_3.0", and "stepid=12": all steps of it. */
static void update_step(struct request *req, const Wire__UpdateRequest *msg)
{
    struct ctld *c = req->ctld;
    const char *text = item(msg, "stepid");
    Wire__KeyValue **items = arena_alloc(&req->arena, (msg->n_items + 1) * sizeof(Wire__KeyValue *));
    struct job_targets targets = { 0 };
    size_t num = 0;
    int met = 0, rc;
    struct jobid id;
    struct error err;

    for (size_t i = 0; i < msg->n_items; i++)
        if (strcasecmp(msg->items[i]->key, "stepid") != 0)
            items[num++] = msg->items[i];
    if (jobid_parse(text ? text : "", &id, &err) < 0) {
        request_refuse(req, &err);
        return;
    }
    struct decision *d = ctld_decision(c);
    struct job_ref ref = { id.job_id, id.tasks, id.all_tasks, id.het_offset != HET_NONE, id.het_offset };
    rc = cluster_job_targets(c->cluster, &ref, &req->arena, &targets, &err);
    for (size_t i = 0; rc >= 0 && i < targets.count; i++) {
        rc = update_steps_of(req, targets.list[i].job_id, id.step_id, items, num, d, &err);
        met += rc > 0 ? rc : 0;
        if (rc < 0 && (targets.is_array || targets.is_het) && err.code == BRE_STEP_ID)
            rc = 0; /* another task may have such a step */
    }
    if (rc >= 0 && !met)
        rc = error_set(&err, BRE_STEP_ID, "%s", error_code_text(BRE_STEP_ID));
    jobid_fini(&id);
    if (rc < 0) {
        ctld_drop(c, d);
        request_refuse(req, &err);
        return;
    }
    ctld_commit(c, d, updated, req);
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
    if (strcmp(entity, "step") == 0 && msg->op == 0) {
        update_step(req, msg);
        return;
    }
    if (strcmp(entity, "reservation") == 0 && msg->op <= 2) {
        struct decision *made = ctld_decision(c);
        const char *name = NULL;
        if (cluster_decide_update_resv(c->cluster, &now, &req->session->who, (enum update_op)msg->op, msg->items,
                                       msg->n_items, made, &name, &err) < 0) {
            ctld_drop(c, made);
            request_refuse(req, &err);
            return;
        }
        req->warning = name ? arena_strdup(&req->arena, name) : NULL; /* told in the answer */
        ctld_commit(c, made, updated, req);
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
