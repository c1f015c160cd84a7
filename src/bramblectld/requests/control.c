/* control.c - scancel, and scontrol hold, release, requeue and the like, over one job or a hundred thousand.
 *
 * Works in slices of decisions, each journaled as it is made; the answer follows the last commit.
 */
#include "config.h"

#include <string.h>
#include <strings.h>

#include "bramblectld/requests/filter.h"
#include "bramblectld/requests/job_id_text.h"
#include "bramblectld/requests/request.h"
#include "reactor/reactor.h"
#include "util/mem.h"

#define SLICE 1000

struct control {
    struct request *req;
    const Wire__JobControlRequest *msg;
    struct job_filter *filter; /* NULL: ids only */
    size_t next_id;            /* of msg->job_ids */
    uint32_t next_job;         /* last job looked at, when all are walked */
    bool walking;
    uint32_t matched;
    Wire__JobResult **results; /* in the request's arena */
    size_t num_results, cap_results;
};

static void control_answer(void *arg)
{
    CLEANUP_FREE struct control *k = arg;
    Wire__JobControlReply reply = WIRE__JOB_CONTROL_REPLY__INIT;
    reply.n_results = k->num_results;
    reply.results = k->results;
    reply.has_num_matched = true;
    reply.num_matched = k->matched;
    request_send(k->req, MSG_JOB_CONTROL_REPLY, &reply.base);
    free(k->results);
    job_filter_destroy(k->filter);
    request_end(k->req);
}

static void add_result(struct control *k, const char *id, const struct error *err)
{
    struct arena *a = &k->req->arena;
    if (k->num_results == k->cap_results)
        k->results = xreallocarray(k->results, k->cap_results = k->cap_results ? k->cap_results * 2 : 16,
                                   sizeof(*k->results));
    Wire__JobResult *r = arena_calloc(a, 1, sizeof(*r));
    wire__job_result__init(r);
    r->job_id = arena_strdup(a, id);
    r->has_code = true;
    r->code = (uint32_t)err->code;
    r->text = arena_strdup(a, err->text);
    k->results[k->num_results++] = r;
}

static void one_job(struct control *k, uint32_t job_id, uint32_t step_id, const char *text)
{
    struct ctld *c = k->req->ctld;
    struct cluster_now now = ctld_now(c);
    char name[32];
    struct error err;
    struct control_request creq = {
        .action = (enum job_action)k->msg->action,
        .job_id = job_id,
        .step_id = step_id,
        .signal = k->msg->signal,
        .batch_only = k->msg->batch_only,
        .full = k->msg->full,
        .text = k->msg->text,
        .incomplete = k->msg->incomplete,
        .special_exit = k->msg->requeue_state && strcasecmp(k->msg->requeue_state, "SpecialExit") == 0,
        .who = k->req->session->who,
    };
    k->matched++;
    struct decision *d = ctld_decision(c);
    if (cluster_decide_control(c->cluster, &now, &creq, d, &err) < 0) {
        ctld_drop(c, d);
        if (!text) {
            snprintf(name, sizeof(name), "%u", job_id);
            text = name;
        }
        add_result(k, text, &err);
        return;
    }
    ctld_commit(c, d, NULL, NULL);
}

static void control_slice(void *arg)
{
    struct control *k = arg;
    struct ctld *c = k->req->ctld;
    struct error err;
    unsigned done = 0;
    for (; !k->walking && k->next_id < k->msg->n_job_ids && done < SLICE; k->next_id++, done++) {
        const char *text = k->msg->job_ids[k->next_id];
        uint32_t id, step;
        struct job *job;
        if (job_id_parse(text, &id, &step, &err) < 0) {
            add_result(k, text, &err);
            continue;
        }
        if (k->filter && (!(job = cluster_job_find(c->cluster, id)) || !job_filter_match(k->filter, c, job)))
            continue;
        one_job(k, id, step, text);
    }
    while (k->walking && done < SLICE) {
        struct job *job = cluster_job_next(c->cluster, k->next_job);
        if (!job) {
            k->walking = false;
            break;
        }
        k->next_job = job_id(job);
        done++;
        if (job_state_shown(job) < JOB_COMPLETING && job_filter_match(k->filter, c, job))
            one_job(k, k->next_job, STEP_NONE, NULL);
    }
    if ((k->walking || k->next_id < k->msg->n_job_ids) && request_alive(k->req) && !c->stopping)
        reactor_defer(c->reactor, control_slice, k);
    else
        ctld_commit(c, ctld_decision(c), control_answer, k);
}

void control_handle(struct request *req, const Wire__JobControlRequest *msg)
{
    struct error err;
    if (msg->action < JOB_ACTION_CANCEL || msg->action > JOB_ACTION_NOTIFY) {
        request_refuse_code(req, BRE_INVAL, "unknown action %u on jobs", msg->action);
        return;
    }
    if (request_keep(req, &msg->base) < 0) {
        request_refuse_code(req, BRE_BUSY, "the controller is short of memory");
        return;
    }
    struct control *k = xcalloc(1, sizeof(*k));
    k->req = req;
    k->msg = (const Wire__JobControlRequest *)req->msg;
    if (job_filter_of_control(k->msg, &req->session->who, &k->filter, &err) < 0) {
        free(k);
        request_refuse(req, &err);
        return;
    }
    k->walking = k->msg->n_job_ids == 0;
    if (k->walking && !k->filter) {
        free(k);
        request_refuse_code(req, BRE_JOB_ID, "no job id and no filter given");
        return;
    }
    control_slice(k);
}
