/* control.c - scancel, and scontrol hold, release, requeue and the like, over one job or a hundred thousand.
 *
 * Works in slices of decisions, each journaled as it is made; the answer follows the last commit.
 */
#include "config.h"

#include <string.h>
#include <strings.h>

#include "bramblectld/requests/filter.h"
#include "bramblectld/requests/request.h"
#include "reactor/reactor.h"
#include "util/bitmap.h"
#include "util/jobid.h"
#include "util/mem.h"

#define SLICE 1000

#define OUTCOMES_MAX 8

struct outcome {
    struct error err; /* code 0: it went well */
    struct bitmap *tasks;
};
struct control {
    struct request *req;
    const Wire__JobControlRequest *msg;
    struct job_filter *filter; /* NULL: ids only */
    size_t next_id;            /* of msg->job_ids */
    uint32_t next_job;         /* last job looked at, when all are walked */
    bool walking;
    uint32_t matched;
    struct jobid id;           /* of msg->job_ids, while its targets are gone through */
    struct job_targets targets;
    size_t at, met;
    struct outcome outcomes[OUTCOMES_MAX];
    size_t num_outcomes;
    bool named;
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
    for (size_t i = 0; i < k->num_outcomes; i++)
        bitmap_destroy(k->outcomes[i].tasks);
    jobid_fini(&k->id);
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

/* "12_3" for a task of an array, else "12". */
static const char *job_name(struct control *k, uint32_t id)
{
    struct cluster_now now = ctld_now(k->req->ctld);
    struct job *job = cluster_job_find(k->req->ctld->cluster, id);
    struct job_view v;
    if (job) {
        cluster_job_view(k->req->ctld->cluster, job, &now, &v);
        if (v.task_id != TASK_NONE)
            return arena_printf(&k->req->arena, "%u_%u", v.array_id, v.task_id);
    }
    return arena_printf(&k->req->arena, "%u", id);
}

/* tasks: of a record of many, NULL all.  text: how it was named, NULL: by its id. */
static int one_job(struct control *k, uint32_t job_id, const struct bitmap *tasks, uint32_t step_id,
                   struct error *err)
{
    struct ctld *c = k->req->ctld;
    struct cluster_now now = ctld_now(c);
    struct control_request creq = {
        .action = (enum job_action)k->msg->action,
        .job_id = job_id,
        .tasks = tasks,
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
    if (cluster_decide_control(c->cluster, &now, &creq, d, err) < 0) {
        ctld_drop(c, d);
        return -1;
    }
    ctld_commit(c, d, NULL, NULL);
    return 0;
}

/* Of an array as a whole, tasks that are over or not there yet are no failure if others were met. */
static bool is_moot(int code)
{
    return code == BRE_ALREADY_DONE || code == BRE_JOB_PENDING || code == BRE_NOT_RUNNING
           || code == BRE_JOB_NOT_SUSPENDED;
}

/* How it went with the tasks of an array: those that fared alike are told of together. */
static struct outcome *outcome_of(struct control *k, int code)
{
    struct outcome *o = k->outcomes;
    if (!k->num_outcomes && code) { /* successes come first */
        k->outcomes[0] = (struct outcome){ .err.code = 0 };
        k->num_outcomes = 1;
    }
    while (o < k->outcomes + k->num_outcomes && o->err.code != code)
        o++;
    if (o == k->outcomes + OUTCOMES_MAX)
        return o - 1;
    if (o == k->outcomes + k->num_outcomes) {
        *o = (struct outcome){ .err.code = code };
        k->num_outcomes++;
    }
    return o;
}

static void outcome_add(struct control *k, const struct job_target *t, const struct error *err)
{
    struct outcome *o = outcome_of(k, err ? err->code : 0);
    struct cluster_now now = ctld_now(k->req->ctld);
    struct job *job = cluster_job_find(k->req->ctld->cluster, t->job_id);
    struct job_view v;
    if (err)
        o->err = *err;
    if (!job)
        return;
    cluster_job_view(k->req->ctld->cluster, job, &now, &v);
    const struct bitmap *tasks = t->tasks ? t->tasks : v.tasks;
    size_t bits = tasks ? tasks->bits : (size_t)v.task_id + 1;
    if (!o->tasks || o->tasks->bits < bits)
        o->tasks = bitmap_resize(o->tasks, bits);
    if (tasks)
        for (size_t i = 0; i < bitmap_words(tasks); i++)
            o->tasks->words[i] |= tasks->words[i];
    else
        bitmap_set(o->tasks, v.task_id);
}

static void outcomes_tell(struct control *k, const char *text)
{
    const bool ends = k->msg->action == JOB_ACTION_CANCEL || k->msg->action == JOB_ACTION_SIGNAL;
    bool failed = false;
    for (size_t i = 0; i < k->num_outcomes; i++)
        failed |= k->outcomes[i].err.code && !(ends && k->met && is_moot(k->outcomes[i].err.code));
    for (size_t i = 0; i < k->num_outcomes; i++) {
        struct outcome *o = &k->outcomes[i];
        CLEANUP_FREE char *list = o->tasks ? bitmap_format(o->tasks) : NULL;
        if (failed && ends && o->err.code)
            add_result(k, text, &o->err);
        else if (failed && !ends && o->tasks)
            add_result(k, arena_printf(&k->req->arena, "%u_%s", k->id.job_id, list), &o->err);
        bitmap_destroy(o->tasks);
        o->tasks = NULL;
    }
    k->num_outcomes = 0;
}

/* The targets of one id; at most SLICE of them at a time.  False: there are more. */
static bool named_slice(struct control *k, const char *text, unsigned *done)
{
    struct ctld *c = k->req->ctld;
    struct error err;
    if (!k->named) {
        if (jobid_parse(text, &k->id, &err) < 0) {
            add_result(k, text, &err);
            return true;
        }
        struct job_ref ref = { k->id.job_id, k->id.tasks, k->id.all_tasks, k->id.het_offset != HET_NONE, k->id.het_offset };
        k->at = k->met = 0;
        if (cluster_job_targets(c->cluster, &ref, &k->req->arena, &k->targets, &err) < 0) {
            k->matched++;
            add_result(k, text, &err);
            jobid_fini(&k->id);
            return true;
        }
        k->named = true;
    }
    for (; k->at < k->targets.count && *done < SLICE; k->at++, ++*done) {
        const struct job_target *t = &k->targets.list[k->at];
        struct job *job = cluster_job_find(c->cluster, t->job_id);
        if (k->filter && (!job || !job_filter_match(k->filter, c, job)))
            continue;
        const bool met = one_job(k, t->job_id, t->tasks, k->id.step_id, &err) == 0;
        k->met += met;
        if (k->targets.is_array)
            outcome_add(k, t, met ? NULL : &err);
        else if (!met && !(k->targets.is_het && k->met && is_moot(err.code))) /* its leader has ended it */
            add_result(k, text, &err);
    }
    if (k->at < k->targets.count)
        return false;
    outcomes_tell(k, text);
    if (k->targets.missing) {
        CLEANUP_FREE char *list = bitmap_format(k->targets.missing);
        error_set(&err, BRE_JOB_ID, "%s", error_code_text(BRE_JOB_ID));
        add_result(k, arena_printf(&k->req->arena, "%u_%s", k->id.job_id, list), &err);
    }
    jobid_fini(&k->id);
    k->named = false;
    return true;
}

static void control_slice(void *arg)
{
    struct control *k = arg;
    struct ctld *c = k->req->ctld;
    struct error err;
    unsigned done = 0;
    for (; !k->walking && k->next_id < k->msg->n_job_ids && done < SLICE; k->next_id++, done++)
        if (!named_slice(k, k->msg->job_ids[k->next_id], &done))
            break;
    while (k->walking && done < SLICE) {
        struct job *job = cluster_job_next(c->cluster, k->next_job);
        if (!job) {
            k->walking = false;
            break;
        }
        k->next_job = job_id(job);
        done++;
        if (job_state_shown(job) < JOB_COMPLETING && job_filter_match(k->filter, c, job)
            && one_job(k, k->next_job, NULL, STEP_NONE, &err) < 0)
            add_result(k, job_name(k, k->next_job), &err);
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
