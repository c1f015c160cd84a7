/* job_update.c - scontrol update jobid=... */
#include "cluster/event/event.h"

#include "cluster/job/job.h"
#include "cluster/job/job_wish.h"
#include "cluster/sched/sched.h"
#include "util/num.h"
#include "util/timefmt.h"

#include <string.h>
#include <strings.h>

static int set_u32(const char *val, uint32_t *field, protobuf_c_boolean *has,
                   const char *key, struct error *err)
{
    *has = 1;
    return num_parse_u32(val, 1, UINT32_MAX - 1, field, key, err);
}

static int set_text(struct job_wish *w, const char *val, char **field, const char *name)
{
    if (*val)
        *field = (char *)val;
    else
        job_wish_clear(w, name);
    return 0;
}

static int set_nodes(struct job_wish *w, const char *val, struct error *err)
{
    CLEANUP_FREE char *text = xstrdup(val);
    char *dash = strchr(text, '-');

    w->spec.has_min_nodes = w->spec.has_max_nodes = 1;
    if (dash)
        *dash++ = '\0';
    if (num_parse_u32(text, 1, 65536, &w->spec.min_nodes, "NumNodes", err) < 0)
        return -1;
    w->spec.max_nodes = w->spec.min_nodes;
    return dash ? num_parse_u32(dash, w->spec.min_nodes, 65536, &w->spec.max_nodes,
                                "NumNodes", err)
                : 0;
}

static int set_time_limit(struct job_wish *w, const struct job *job,
                          const struct cluster *c, const char *val, struct error *err)
{
    uint32_t now_min = job_time_limit(c, job), change;

    w->spec.has_time_limit_min = 1;
    if (*val == '+' || *val == '-') {
        if (strcmp(val, "-1") == 0 || now_min == TIME_UNLIMITED_MIN)
            return error_set(err, BRE_TIME_LIMIT,
                             "TimeLimit=%s: the job has no limit to change", val);
        if (time_limit_parse(val + 1, &change, "TimeLimit", err) < 0)
            return -1;
        if (*val == '-' && change >= now_min)
            return error_set(err, BRE_TIME_LIMIT, "TimeLimit=%s leaves no time", val);
        w->spec.time_limit_min = *val == '+' ? now_min + change : now_min - change;
        return 0;
    }
    if (time_limit_parse(val, &w->spec.time_limit_min, "TimeLimit", err) < 0)
        return -1;
    if (!w->spec.time_limit_min)
        return error_set(err, BRE_TIME_LIMIT, "TimeLimit=0 leaves no time");
    return 0;
}

static int set_priority(struct job_wish *w, const char *val, struct error *err)
{
    if (strcmp(val, "0") == 0) {
        w->has_hold = true;
        w->hold = 2;
        return 0;
    }
    w->has_priority = w->ends_hold = w->needs_operator = true;
    return num_parse_u32(val, 1, UINT32_MAX - 1, &w->priority, "Priority", err);
}

static int set_yes_no(const char *val, protobuf_c_boolean *field, protobuf_c_boolean *has,
                      const char *key, struct error *err)
{
    *has = 1;
    *field = strcasecmp(val, "yes") == 0 || strcmp(val, "1") == 0;
    if (*field || strcasecmp(val, "no") == 0 || strcmp(val, "0") == 0)
        return 0;
    return error_set(err, BRE_UPDATE, "%s=%s: say yes or no", key, val);
}

static int set_item(struct cluster *c, const struct cluster_now *now, struct job *job,
                    struct job_wish *w, const char *key, const char *val, struct error *err)
{
    Wire__JobSpec *s = &w->spec;
    bool pending_only = true;
    int rc;

#define KEY(name) (strcasecmp(key, name) == 0)
    if (KEY("timelimit")) {
        pending_only = false;
        w->resources = job->phase == PHASE_PENDING;
        w->needs_operator = job->phase != PHASE_PENDING;
        rc = set_time_limit(w, job, c, val, err);
    } else if (KEY("endtime")) {
        time_t at;

        pending_only = false;
        if (job->phase != PHASE_RUNNING)
            return error_set(err, BRE_NOT_RUNNING, "EndTime is for a job that runs: set TimeLimit");
        if ((rc = time_at_parse(val, (time_t)(now->wall_usec / USEC), TIME_AT_FUTURE, &at, key, err)) == 0) {
            int64_t ran = at * USEC - job->start_usec - job_suspended_usec(job, now->wall_usec);

            w->needs_operator = true;
            SET(s, time_limit_min, ran > 0 ? (uint32_t)((ran + MIN_USEC - 1) / MIN_USEC) : 1);
        }
    } else if (KEY("priority")) {
        rc = set_priority(w, val, err);
    } else if (KEY("nice")) {
        int64_t nice;

        if ((rc = num_parse_i64(val, -2147483645, 2147483645, &nice, "Nice", err)) == 0) {
            int64_t prio = (int64_t)job->priority + job->spec->msg->nice - nice;

            SET(s, nice, (int32_t)nice);
            w->needs_operator |= nice < 0;
            w->has_priority = true;
            w->priority = prio < 1                ? 1
                          : prio > UINT32_MAX - 1 ? UINT32_MAX - 1
                                                  : (uint32_t)prio;
        }
    } else if (KEY("jobname") || KEY("name")) {
        pending_only = false;
        s->name = (char *)val;
        rc = 0;
    } else if (KEY("partition")) {
        w->resources = true;
        s->partition = (char *)val;
        rc = 0;
    } else if (KEY("account")) {
        rc = set_text(w, val, &s->account, "account");
    } else if (KEY("comment")) {
        pending_only = false;
        rc = set_text(w, val, &s->comment, "comment");
    } else if (KEY("admincomment")) {
        pending_only = false;
        w->needs_operator = true;
        rc = set_text(w, val, &s->admin_comment, "admin_comment");
    } else if (KEY("features")) {
        w->resources = true;
        rc = set_text(w, val, &s->features, "features");
    } else if (KEY("reqnodelist") || KEY("nodelist")) {
        w->resources = true;
        rc = set_text(w, val, &s->nodelist, "nodelist");
    } else if (KEY("excnodelist")) {
        w->resources = true;
        rc = set_text(w, val, &s->exclude, "exclude");
    } else if (KEY("dependency")) {
        if ((rc = depend_check(c, val, job->id, err)) == 0)
            rc = set_text(w, val, &s->dependency, "dependency");
    } else if (KEY("numnodes") || KEY("minnodes")) {
        w->resources = true;
        rc = set_nodes(w, val, err);
    } else if (KEY("numtasks")) {
        w->resources = true;
        rc = set_u32(val, &s->num_tasks, &s->has_num_tasks, key, err);
    } else if (KEY("cpuspertask")) {
        w->resources = true;
        rc = set_u32(val, &s->cpus_per_task, &s->has_cpus_per_task, key, err);
    } else if (KEY("mincpusnode")) {
        w->resources = true;
        rc = set_u32(val, &s->min_cpus_per_node, &s->has_min_cpus_per_node, key, err);
    } else if (KEY("minmemorynode")) {
        w->resources = true;
        s->has_mem_per_node_mb = 1;
        job_wish_clear(w, "mem_per_cpu_mb");
        rc = size_parse_mb(val, &s->mem_per_node_mb, key, err);
    } else if (KEY("minmemorycpu")) {
        w->resources = true;
        s->has_mem_per_cpu_mb = 1;
        job_wish_clear(w, "mem_per_node_mb");
        rc = size_parse_mb(val, &s->mem_per_cpu_mb, key, err);
    } else if (KEY("contiguous")) {
        w->resources = true;
        rc = set_yes_no(val, &s->contiguous, &s->has_contiguous, key, err);
    } else if (KEY("requeue")) {
        pending_only = false;
        rc = set_yes_no(val, &s->requeue, &s->has_requeue, key, err);
    } else if (KEY("starttime") || KEY("eligibletime")) {
        time_t at;

        if ((rc = time_at_parse(val, (time_t)(now->wall_usec / USEC), TIME_AT_FUTURE, &at,
                                key, err))
            == 0)
            SET(s, begin_time, at);
    } else if (KEY("deadline")) {
        time_t at;

        if ((rc = time_at_parse(val, (time_t)(now->wall_usec / USEC), TIME_AT_FUTURE, &at,
                                key, err))
            == 0)
            SET(s, deadline, at);
    } else if (KEY("stdout")) {
        rc = set_text(w, val, &s->std_out, "std_out");
    } else if (KEY("stderr")) {
        rc = set_text(w, val, &s->std_err, "std_err");
    } else if (KEY("stdin")) {
        rc = set_text(w, val, &s->std_in, "std_in");
    } else if (KEY("arraytaskthrottle")) {
        pending_only = false;
        if (!job->task)
            return error_set(err, BRE_UPDATE, "job %u is not an array", job->id);
        w->has_throttle = true;
        rc = num_parse_u32(val, 0, UINT32_MAX - 1, &w->throttle, "ArrayTaskThrottle", err);
    } else if (KEY("wckey")) {
        rc = set_text(w, val, &s->wckey, "wckey");
    } else {
        rc = job_wish_set(w, key, val, err);
        pending_only = w->pending_only;
    }
#undef KEY
    w->needs_pending |= pending_only;
    return rc;
}

/* The job as it would be, before the same judge as a submission. */
static int check_changed(struct cluster *c, const struct cluster_now *now, struct job *job,
                         const struct job_wish *w, const struct cluster_who *who,
                         struct decision *d, struct error *err)
{
    struct submit_request req = { .identity = job->ident->msg, .who = *who };
    struct spec *trial =
        spec_change(c, job->spec, &w->spec, (char *const *)w->cleared, w->num_cleared);
    int rc;

    req.spec = trial->msg;
    rc = shape_admit(c, now, &req, &d->arena, NULL, err);
    spec_decref(c, trial);
    return rc;
}

struct update_args {
    struct cluster *c;
    const struct cluster_now *now;
    const struct cluster_who *who;
    Wire__KeyValue *const *items;
    size_t num_items;
};

static int decide_update(struct job *job, void *arg, struct decision *d, struct error *err)
{
    const struct update_args *k = arg;
    struct cluster *c = k->c;
    const struct cluster_now *now = k->now;
    const struct cluster_who *who = k->who;
    Wire__KeyValue *const *items = k->items;
    size_t num_items = k->num_items;
    struct job_wish w = { 0 };
    Wire__EvJobUpdated *ev;

    if (!who->is_operator && !who->is_admin && who->uid != job->ident->msg->uid)
        return error_set(err, BRE_ACCESS, "Access/permission denied");
    if (job->phase >= PHASE_ENDING)
        return error_set(err, BRE_JOB_FINISHED, "Job has already finished");
    wire__job_spec__init(&w.spec);
    for (size_t i = 0; i < num_items; i++) {
        const char *key = items[i]->key ? items[i]->key : "";
        const char *val = items[i]->value ? items[i]->value : "";

        if (strcasecmp(key, "jobid") == 0 || set_item(c, now, job, &w, key, val, err) == 0)
            continue;
        if (err && strncmp(err->text, "Update of", 9) == 0)
            return -1;
        return error_prefix(err, "Invalid input: %s=%s", key, val);
    }
    if (w.needs_pending && job->phase != PHASE_PENDING)
        return error_set(err, BRE_NOT_PENDING,
                         "job %u is running: this can be changed only while it is pending",
                         job->id);
    if (job->phase == PHASE_RUNNING && w.spec.has_time_limit_min
        && w.spec.time_limit_min <= job_time_limit(c, job))
        w.needs_operator = false; /* one's own job may be given less time */
    if (w.needs_operator && !who->is_operator && !who->is_admin)
        return error_set(err, BRE_ACCESS,
                         "Access/permission denied: only operators may raise this");
    if (w.resources && check_changed(c, now, job, &w, who, d, err) < 0)
        return -1;
    if (w.has_throttle && w.throttle != job->task->array->throttle) {
        Wire__EvArrayUpdated *array =
            event_add(d, now, array_updated, ARRAY_UPDATED, EvArrayUpdated, EV_ARRAY_UPDATED);

        SET(array, job_id, job->task->array->id);
        SET(array, throttle, w.throttle);
    }
    if (w.has_throttle && num_items == 1)
        return 0;
    ev = event_add(d, now, job_updated, JOB_UPDATED, EvJobUpdated, EV_JOB_UPDATED);
    SET(ev, job_id, job->id);
    ev->changes = arena_memdup(&d->arena, &w.spec, sizeof(w.spec));
    ev->cleared = arena_memdup(&d->arena, w.cleared, sizeof(w.cleared));
    ev->n_cleared = w.num_cleared;
    if (w.has_priority)
        SET(ev, priority, w.priority);
    if (w.has_hold)
        SET(ev, hold, who->is_operator ? w.hold : 1);
    else if (w.ends_hold && job->hold)
        SET(ev, hold, 0);
    if (job->phase == PHASE_RUNNING && w.spec.has_time_limit_min)
        SET(ev, end_limit,
            w.spec.time_limit_min == TIME_UNLIMITED_MIN
                ? 0
                : job->start_usec + job_suspended_usec(job, now->wall_usec)
                      + (int64_t)w.spec.time_limit_min * MIN_USEC);
    return 0;
}

int cluster_decide_update_tasks(struct cluster *c, const struct cluster_now *now,
                                const struct cluster_who *who, uint32_t job_id,
                                const struct bitmap *tasks, Wire__KeyValue *const *items,
                                size_t num_items, struct decision *d, struct error *err)
{
    struct update_args args = { c, now, who, items, num_items };
    struct decision_mark mark = decision_mark(d);
    struct job *job = job_table_find(&c->jobs, job_id);

    if (!job)
        return error_set(err, BRE_JOB_ID, "Invalid job id specified");
    clock_check(c, now, d);
    for (size_t i = 0; i < num_items && !tasks && job_is_many(job); i++)
        if (items[i]->key && strcasecmp(items[i]->key, "dependency") == 0 && depend_is_by_task(items[i]->value))
            tasks = job->task->many; /* each task for itself */
    if (tasks_decide(c, now, job, tasks, decide_update, &args, d, err) < 0)
        return decision_rollback(d, mark);
    return 0;
}

int cluster_decide_update_job(struct cluster *c, const struct cluster_now *now,
                              const struct cluster_who *who, uint32_t job_id,
                              Wire__KeyValue *const *items, size_t num_items,
                              struct decision *d, struct error *err)
{
    return cluster_decide_update_tasks(c, now, who, job_id, NULL, items, num_items, d, err);
}
