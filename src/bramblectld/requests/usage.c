/* usage.c - sstat: one question to each board of each step, one answer when all have come, or in time. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "bramblectld/agents/agents.h"
#include "bramblectld/requests/request.h"
#include "bramblectld/requests/usage.h"
#include "reactor/reactor.h"
#include "util/hostlist.h"
#include "util/jobid.h"
#include "util/mem.h"

#define ANSWER_MS 5000
#define NODES_MAX 65536 /* of one reply */

struct part {
    uint32_t job_id, step_id, attempt, node_id;
    char *node;
    bool open;
    Wire__UsageReply *reply; /* NULL: none yet */
};
struct usage_question {
    struct list_node link; /* of ctld->usage_questions */
    struct request *req;
    struct reactor_timer *timer;
    struct part *parts;
    size_t num_parts, num_open;
    Wire__JobResult **failures;
    size_t num_failures;
};

static void question_free(struct usage_question *q)
{
    list_remove(&q->link);
    reactor_timer_close(q->timer);
    for (size_t i = 0; i < q->num_parts; i++) {
        free(q->parts[i].node);
        if (q->parts[i].reply)
            wire__usage_reply__free_unpacked(q->parts[i].reply, NULL);
    }
    free(q->parts);
    free(q->failures);
    free(q);
}

static void question_answer(struct usage_question *q)
{
    struct request *req = q->req;
    Wire__StepUsageReply reply = WIRE__STEP_USAGE_REPLY__INIT;
    CLEANUP_FREE Wire__NodeUsage *nodes = xcalloc(q->num_parts + 1, sizeof(*nodes));
    CLEANUP_FREE Wire__NodeUsage **list = xcalloc(q->num_parts + 1, sizeof(*list));
    for (size_t i = 0; i < q->num_parts; i++) {
        const struct part *p = &q->parts[i];
        wire__node_usage__init(&nodes[i]);
        nodes[i].has_job_id = nodes[i].has_step_id = true;
        nodes[i].job_id = p->job_id;
        nodes[i].step_id = p->step_id;
        nodes[i].node = p->node;
        nodes[i].usage = p->reply ? p->reply->usage : NULL;
        list[i] = &nodes[i];
    }
    reply.nodes = list;
    reply.n_nodes = q->num_parts;
    reply.failures = q->failures;
    reply.n_failures = q->num_failures;
    request_reply(req, MSG_STEP_USAGE_REPLY, &reply.base);
    question_free(q);
}

static void on_late(void *arg)
{
    question_answer(arg);
}

void usage_answered(struct ctld *c, uint32_t node_id, const Wire__UsageReply *msg)
{
    for (struct list_node *node = c->usage_questions.next; node != &c->usage_questions;) {
        struct usage_question *q = container_of(node, struct usage_question, link);
        node = node->next;
        for (size_t i = 0; i < q->num_parts; i++) {
            struct part *p = &q->parts[i];
            if (!p->open || p->node_id != node_id || p->job_id != msg->job_id || p->step_id != msg->step_id
                || p->attempt != msg->attempt)
                continue;
            size_t len = wire__usage_reply__get_packed_size(msg);
            CLEANUP_FREE uint8_t *buf = xmalloc(len + 1);
            wire__usage_reply__pack(msg, buf);
            p->reply = wire__usage_reply__unpack(NULL, len, buf);
            p->open = false;
            q->num_open--;
        }
        if (!q->num_open)
            question_answer(q);
    }
}

static void ask_node(struct usage_question *q, const struct step_view *v, const char *name)
{
    struct ctld *c = q->req->ctld;
    Wire__UsageRequest ask = WIRE__USAGE_REQUEST__INIT;
    struct part p = { .job_id = v->job_id, .step_id = v->step_id, .attempt = v->attempt };
    if (q->num_parts == NODES_MAX || !cluster_node_find(c->cluster, name, &p.node_id))
        return;
    p.node = xstrdup(name);
    p.open = agents_reachable(c->agents, p.node_id);
    q->parts = xreallocarray(q->parts, q->num_parts + 1, sizeof(*q->parts));
    q->parts[q->num_parts++] = p;
    if (!p.open)
        return;
    q->num_open++;
    ask.has_job_id = ask.has_step_id = ask.has_attempt = true;
    ask.job_id = v->job_id;
    ask.step_id = v->step_id;
    ask.attempt = v->attempt;
    agents_send(c->agents, p.node_id, MSG_USAGE, &ask.base);
}

static void ask_step(struct usage_question *q, const struct step_view *v)
{
    CLEANUP_HOSTLIST struct hostlist *hl = hostlist_parse(v->node_list ? v->node_list : "", 0, NULL);
    for (size_t i = 0; hl && i < hostlist_count(hl); i++)
        ask_node(q, v, hostlist_nth(hl, i));
}

static void fail(struct usage_question *q, const char *id, int code, const char *text)
{
    Wire__JobResult *r = arena_calloc(&q->req->arena, 1, sizeof(*r));
    wire__job_result__init(r);
    r->job_id = arena_strdup(&q->req->arena, id);
    r->has_code = true;
    r->code = (uint32_t)code;
    r->text = arena_strdup(&q->req->arena, text);
    q->failures = xreallocarray(q->failures, q->num_failures + 1, sizeof(*q->failures));
    q->failures[q->num_failures++] = r;
}

/* Of a job without a step: all, or the first of srun's.  How many steps were asked for, -1: said why not. */
static int ask_record(struct usage_question *q, const char *id, uint32_t job_id, uint32_t step_id, bool all)
{
    struct ctld *c = q->req->ctld;
    const struct cluster_who *who = &q->req->session->who;
    struct job *job = cluster_job_find(c->cluster, job_id);
    struct step_view v;
    int found = 0;
    if (!job)
        return 0;
    if (job_uid(job) != who->uid && !who->is_operator) {
        fail(q, id, BRE_ACCESS, error_code_text(BRE_ACCESS));
        return -1;
    }
    for (size_t i = 0; cluster_step_nth(c->cluster, job, i, &v); i++) {
        const bool special = v.step_id == STEP_BATCH || v.step_id == STEP_EXTERN || v.step_id == STEP_INTERACTIVE;
        if (step_id != STEP_NONE ? v.step_id != step_id : !all && (special || found))
            continue;
        found++;
        ask_step(q, &v);
    }
    return found;
}

static void ask_job(struct usage_question *q, const char *text, bool all)
{
    struct job_targets targets;
    struct jobid id;
    struct error err;
    int found = 0;
    if (jobid_parse(text, &id, &err) < 0) {
        fail(q, text, BRE_JOB_ID, error_code_text(BRE_JOB_ID));
        return;
    }
    struct job_ref ref = { id.job_id, id.tasks, id.all_tasks };
    if (cluster_job_targets(q->req->ctld->cluster, &ref, &q->req->arena, &targets, &err) < 0) {
        fail(q, text, BRE_JOB_ID, error_code_text(BRE_JOB_ID));
    } else {
        for (size_t i = 0; i < targets.count && found >= 0; i++) {
            int n = ask_record(q, text, targets.list[i].job_id, id.step_id, all);
            found = n < 0 ? -1 : found + n;
        }
        if (!found)
            fail(q, text, BRE_STEP_ID, "it has no such step that runs");
    }
    jobid_fini(&id);
}

void usage_handle(struct request *req, const Wire__StepUsageRequest *msg)
{
    struct ctld *c = req->ctld;
    struct usage_question *q = xcalloc(1, sizeof(*q));
    q->req = req;
    list_append(&c->usage_questions, &q->link);
    for (size_t i = 0; i < msg->n_ids; i++)
        ask_job(q, msg->ids[i], msg->has_all_steps && msg->all_steps);
    if (!q->num_open) {
        question_answer(q);
        return;
    }
    q->timer = reactor_timer_create(c->reactor, on_late, q);
    reactor_timer_start(q->timer, ANSWER_MS, 0);
}

void usage_stop(struct ctld *c)
{
    while (!list_is_empty(&c->usage_questions)) {
        struct usage_question *q = container_of(c->usage_questions.next, struct usage_question, link);
        struct request *req = q->req;
        question_free(q);
        request_end(req);
    }
}
