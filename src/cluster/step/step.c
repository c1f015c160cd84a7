/* step.c - lifetime of steps and the events that change them. */
#include "cluster/step/step.h"

#include "cluster/event/event.h"
#include "cluster/node/node.h"

#include <signal.h>
#include "util/timefmt.h"

#include <string.h>
#include <strings.h>

struct step *step_find(const struct job *job, uint32_t step_id)
{
    struct step *s = job->steps;

    while (s && s->id != step_id)
        s = s->next;
    return s;
}

struct step_node *step_node_at(struct step *step, uint32_t place)
{
    for (uint32_t i = 0; i < step->num_nodes; i++)
        if (step->nodes[i].place == place)
            return &step->nodes[i];
    return NULL;
}

void step_destroy(struct cluster *c, struct step *step)
{
    if (!step)
        return;
    for (uint32_t i = 0; i < step->num_nodes; i++) {
        bitmap_destroy(step->nodes[i].cores);
        free(step->nodes[i].gres);
        free(step->nodes[i].gtids);
    }
    blob_decref(&c->blobs, step->env);
    free(step->spec);
    free(step->node_list);
    free(step->text);
    mem_wipe(step->key, sizeof(step->key));
    free(step);
}

void step_remove(struct cluster *c, struct step *step)
{
    struct step **at = &step->job->steps;

    while (*at != step)
        at = &(*at)->next;
    *at = step->next;
    step_destroy(c, step);
}

static void step_append(struct job *job, struct step *step)
{
    struct step **at = &job->steps;

    while (*at)
        at = &(*at)->next;
    *at = step;
    step->job = job;
}

struct step *step_create_batch(struct cluster *c, struct job *job, int64_t start_usec)
{
    struct step *step = xcalloc(1, sizeof(*step) + sizeof(step->nodes[0]));

    step->id = STEP_BATCH;
    step->attempt = job->attempt;
    step->num_nodes = step->num_tasks = step->cpus_per_task = 1;
    step->nodes[0].num_tasks = 1;
    step->overlap = true;
    step->start_usec = start_usec;
    step->env = job->env;
    blob_incref(step->env);
    step_append(job, step);
    (void)c;
    return step;
}

enum job_state step_result(const struct step *step, uint32_t *exit_status)
{
    *exit_status = step->exit_status;
    if (step->end_state == JOB_NODE_FAIL && !step->exit_status)
        *exit_status = SIGKILL;
    if (step->end_state)
        return (enum job_state)step->end_state;
    if (step->lost) { /* its tasks there died with the node */
        *exit_status = step->exit_status ? step->exit_status : SIGKILL;
        return JOB_NODE_FAIL;
    }
    if (step->oom)
        return JOB_OOM;
    return step->exit_status || step->text ? JOB_FAILED : JOB_COMPLETED;
}

static struct step *step_for_event(struct cluster *c, uint32_t job_id, uint32_t step_id,
                                   uint32_t attempt, bool any_attempt, struct error *err)
{
    struct job *job = job_table_find(&c->jobs, job_id);
    struct step *step = job ? step_find(job, step_id) : NULL;

    if (!step || (!any_attempt && step->attempt != attempt)) {
        error_set(err, BRE_DAMAGED, "step %u.%u (attempt %u) does not exist", job_id,
                  step_id, attempt);
        return NULL;
    }
    return step;
}

static int step_fill(struct cluster *c, struct step *step, struct job *job,
                     const Wire__EvStepCreated *m, struct error *err)
{
    for (uint32_t i = 0; i < step->num_nodes; i++) {
        const Wire__NodeAlloc *na = m->layout->nodes[i];
        const Wire__NodeTasks *nt = m->layout->tasks[i];
        struct step_node *sn = &step->nodes[i];

        sn->place = alloc_find(job->alloc, na->node_id);
        sn->num_tasks = (uint32_t)nt->n_gtids;
        sn->mem_mb = na->mem_mb;
        if (na->gres && *na->gres)
            sn->gres = xstrdup(na->gres);
        sn->gtids = xmalloc((nt->n_gtids + 1) * sizeof(uint32_t));
        if (nt->n_gtids)
            memcpy(sn->gtids, nt->gtids, nt->n_gtids * sizeof(uint32_t));
        sn->cores = bitmap_parse_any(na->cores ? na->cores : "", 1 << 16, err);
        if (!sn->cores || sn->place == job->alloc->count) {
            step->num_nodes = i + 1;
            return error_set(err, BRE_DAMAGED, "step %u.%u: node %u is not the job's",
                             job->id, step->id, na->node_id);
        }
    }
    if (m->has_env_hash && m->env_hash.len == 32) {
        step->env = blob_find(&c->blobs, m->env_hash.data);
        if (!step->env)
            return error_set(err, BRE_DAMAGED, "step %u.%u: its environment is missing",
                             job->id, step->id);
        blob_incref(step->env);
    }
    return 0;
}

static int step_create(struct cluster *c, const Wire__EvStepCreated *m, int64_t start_usec,
                       struct step **out, struct error *err)
{
    struct job *job = job_table_find(&c->jobs, m->job_id);
    struct step *step;
    uint32_t n = m->layout ? (uint32_t)m->layout->n_nodes : 0;

    if (!job || !job->alloc || job->phase == PHASE_PENDING || job->phase == PHASE_ENDED
        || job->attempt != m->attempt || step_find(job, m->step_id))
        return error_set(err, BRE_DAMAGED, "step %u.%u does not fit its job", m->job_id,
                         m->step_id);
    if (m->step_id == STEP_BATCH) { /* of a snapshot */
        *out = step_create_batch(c, job, start_usec);
        return 0;
    }
    if (!n || m->layout->n_tasks != n || !m->spec)
        return error_set(err, BRE_DAMAGED, "step %u.%u has no layout", m->job_id,
                         m->step_id);
    step = xcalloc(1, sizeof(*step) + n * sizeof(step->nodes[0]));
    step->id = m->step_id;
    step->attempt = m->attempt;
    step->num_nodes = n;
    step->num_tasks = m->layout->num_tasks;
    step->cpus_per_task = m->layout->cpus_per_task;
    step->overlap = m->spec->overlap;
    step->start_usec = start_usec;
    if (m->has_step_key && m->step_key.len == sizeof(step->key))
        memcpy(step->key, m->step_key.data, sizeof(step->key));
    if (step_fill(c, step, job, m, err) < 0) {
        step_destroy(c, step);
        return -1;
    }
    step->spec = CLONE(m->spec);
    if (m->spec->has_time_limit_min && m->spec->time_limit_min
        && m->spec->time_limit_min != TIME_UNLIMITED_MIN)
        step->end_limit = start_usec + m->spec->time_limit_min * MIN_USEC;
    for (uint32_t i = 0; i < n; i++)
        job->alloc->nodes[step->nodes[i].place].flags |= ALLOC_USED;
    if (m->step_id < STEP_CARRIER && m->step_id >= job->next_step_id)
        job->next_step_id = m->step_id + 1;
    step_append(job, step);
    *out = step;
    return 0;
}

int step_apply_created(struct cluster *c, const Wire__Event *ev, struct error *err)
{
    struct step *step;

    if (step_create(c, ev->step_created, ev->time_usec, &step, err) < 0)
        return -1;
    job_timer_update(c, step->job);
    return 0;
}

int step_apply_node_ended(struct cluster *c, const Wire__Event *ev, struct error *err)
{
    const Wire__EvStepNodeEnded *m = ev->step_node_ended;
    const Wire__StepStatus *st = m->status;
    struct step *step;
    struct step_node *sn = NULL;

    if (!st)
        return error_set(err, BRE_DAMAGED, "a step's end without its report");
    step = step_for_event(c, st->job_id, st->step_id, st->attempt, false, err);
    if (!step)
        return -1;
    sn = step_node_at(step, alloc_find(step->job->alloc, m->node_id));
    if (!sn || sn->ended)
        return error_set(err, BRE_DAMAGED, "step %u.%u has ended on node %u already",
                         st->job_id, st->step_id, m->node_id);
    sn->ended = true;
    step->num_ended++;
    if (m->lost)
        step->lost = true;
    step->oom |= st->oom;
    if (st->exit_status) {
        uint32_t gtid = st->has_first_failed ? st->first_failed
                        : sn->gtids          ? sn->gtids[0]
                                             : 0;

        if (!step->exit_status || gtid < step->first_failed) {
            step->exit_status = st->exit_status;
            step->first_failed = gtid;
        }
    }
    if (st->text && *st->text && !step->text)
        step->text = xstrdup(st->text);
    return 0;
}

int step_apply_updated(struct cluster *c, const Wire__Event *ev, struct error *err)
{
    const Wire__EvStepUpdated *m = ev->step_updated;
    struct step *step = step_for_event(c, m->job_id, m->step_id, m->attempt, true, err);

    if (!step)
        return -1;
    step->end_limit = m->end_limit;
    step->set_limit_min = m->time_limit_min;
    job_timer_update(c, step->job);
    return 0;
}

/* As it was asked for, or set since. */
static uint32_t step_time_limit(const struct step *step)
{
    const bool asked = step->spec && step->spec->has_time_limit_min;

    if (step->set_limit_min)
        return step->set_limit_min;
    return asked ? step->spec->time_limit_min : TIME_UNLIMITED_MIN;
}

/* "30", or "+30" and "-30" from the limit that there is. */
static int limit_change(const char *text, uint32_t old, uint32_t *minutes, struct error *err)
{
    const bool more = *text == '+', less = *text == '-' && strcmp(text, "-1") != 0;

    if (!more && !less)
        return time_limit_parse(text, minutes, "TimeLimit", err) < 0
                   ? -1
               : *minutes ? 0
                          : error_set(err, BRE_TIME_LIMIT, "TimeLimit=0 leaves no time");
    if (old == TIME_UNLIMITED_MIN)
        return error_set(err, BRE_TIME_LIMIT, "TimeLimit=%s: the step has no limit to change", text);
    if (time_limit_parse(text + 1, minutes, "TimeLimit", err) < 0)
        return -1;
    if (less && *minutes >= old)
        return error_set(err, BRE_TIME_LIMIT, "TimeLimit=%s leaves no time", text);
    *minutes = more ? old + *minutes : old - *minutes;
    return 0;
}

int cluster_decide_update_step(struct cluster *c, const struct cluster_now *now,
                               const struct cluster_who *who, uint32_t job_id, uint32_t step_id,
                               Wire__KeyValue *const *items, size_t num_items, struct decision *d,
                               struct error *err)
{
    struct job *job = job_table_find(&c->jobs, job_id);
    struct step *step;
    Wire__EvStepUpdated *ev;
    uint32_t minutes = 0, old;

    if (!job)
        return error_set(err, BRE_JOB_ID, "Invalid job id specified");
    if (!who->is_operator && !who->is_admin && who->uid != job->ident->msg->uid)
        return error_set(err, BRE_ACCESS, "Access/permission denied");
    for (size_t i = 0; i < num_items; i++) {
        if (strcasecmp(items[i]->key, "timelimit") != 0)
            return error_set(err, BRE_UPDATE,
                             "Update of this parameter is not supported: %s=%s (of a step the TimeLimit "
                             "can be changed)",
                             items[i]->key, items[i]->value);
    }
    if (!(step = step_find(job, step_id)) || step->end_state)
        return error_set(err, BRE_STEP_ID, "Invalid job step id specified");
    old = step_time_limit(step);
    for (size_t i = 0; i < num_items; i++)
        if (limit_change(items[i]->value, old, &minutes, err) < 0)
            return -1;
    if (!minutes)
        return error_set(err, BRE_UPDATE, "No changes specified");
    clock_check(c, now, d);
    ev = event_add(d, now, step_updated, STEP_UPDATED, EvStepUpdated, EV_STEP_UPDATED);
    SET(ev, job_id, job_id);
    SET(ev, step_id, step_id);
    SET(ev, attempt, step->attempt);
    SET(ev, time_limit_min, minutes);
    if (minutes == TIME_UNLIMITED_MIN)
        SET(ev, end_limit, 0);
    else if (step->end_limit && old != TIME_UNLIMITED_MIN) /* it was moved by what the job was stopped */
        SET(ev, end_limit, step->end_limit + ((int64_t)minutes - old) * MIN_USEC);
    else
        SET(ev, end_limit, step->start_usec + (int64_t)minutes * MIN_USEC);
    return 0;
}

int step_apply_ending(struct cluster *c, const Wire__Event *ev, struct error *err)
{
    const Wire__EvStepEnding *m = ev->step_ending;
    struct step *step = step_for_event(c, m->job_id, m->step_id, 0, true, err);

    if (!step)
        return -1;
    step->end_state = (uint8_t)m->state;
    step->end_signal = (uint8_t)m->signal;
    step->by_uid = m->by_uid;
    if (m->text && *m->text) {
        free(step->text);
        step->text = xstrdup(m->text);
    }
    job_timer_update(c, step->job);
    return 0;
}

int step_apply_ended(struct cluster *c, const Wire__Event *ev, struct error *err)
{
    const Wire__EvStepEnded *m = ev->step_ended;
    struct step *step = step_for_event(c, m->job_id, m->step_id, m->attempt, false, err);
    struct job *job;

    if (!step)
        return -1;
    job = step->job;
    step_remove(c, step);
    job_timer_update(c, job);
    return 0;
}

int step_apply_image(struct cluster *c, const Wire__Event *ev, struct error *err)
{
    const Wire__StepImage *m = ev->step_image;
    struct step *step;

    if (!m->created || step_create(c, m->created, m->start_usec, &step, err) < 0)
        return m->created ? -1
                          : error_set(err, BRE_DAMAGED, "a step of the snapshot is empty");
    for (size_t i = 0; i < m->n_ended_nodes; i++)
        if (m->ended_nodes[i] < step->num_nodes && !step->nodes[m->ended_nodes[i]].ended) {
            step->nodes[m->ended_nodes[i]].ended = true;
            step->num_ended++;
        }
    step->end_state = (uint8_t)m->ending_state;
    step->end_signal = (uint8_t)m->ending_signal;
    step->exit_status = m->exit_status;
    step->first_failed = m->first_failed;
    step->oom = m->oom;
    step->lost = m->lost;
    if (m->text && *m->text)
        step->text = xstrdup(m->text);
    if (m->has_end_limit)
        step->end_limit = m->end_limit;
    step->set_limit_min = m->time_limit_min;
    job_timer_update(c, step->job);
    return 0;
}

const uint8_t *cluster_step_key(struct cluster *c, uint32_t job_id, uint32_t step_id)
{
    struct job *job = job_table_find(&c->jobs, job_id);
    struct step *step = job ? step_find(job, step_id) : NULL;

    return step && step->spec ? step->key : NULL;
}

static void fill_step_view(struct cluster *c, struct step *step, struct step_view *v)
{
    struct job *job = step->job;

    memset(v, 0, sizeof(*v));
    v->job_id = job->id;
    v->step_id = step->id;
    v->attempt = step->attempt;
    v->state = step->end_state || job->phase == PHASE_ENDING ? JOB_COMPLETING : JOB_RUNNING;
    v->start_sec = step->start_usec / USEC;
    v->time_limit_min = step_time_limit(step);
    v->num_nodes = step->num_nodes;
    v->num_tasks = step->num_tasks;
    for (uint32_t i = 0; i < step->num_nodes; i++) {
        const struct alloc_node *an = &job->alloc->nodes[step->nodes[i].place];
        const struct node *node = node_at(c, an->node_id);

        uint32_t cpus = step->nodes[i].cores
                            ? (uint32_t)bitmap_count(step->nodes[i].cores) * (node->tpc ? node->tpc : 1)
                            : an->cpus;

        v->num_cpus += cpus;
        if (step->nodes[i].mem_mb)
            v->mem_mb += step->nodes[i].mem_mb;
        else if (job->spec->msg->has_mem_per_node_mb || !an->cpus || cpus > an->cpus)
            v->mem_mb += an->mem_mb;
        else
            v->mem_mb += an->mem_mb * cpus / an->cpus;
    }
    v->name = step->id == STEP_BATCH ? "batch" : step->spec->name ? step->spec->name : "";
    if (!step->spec || step->num_nodes == 1) {
        v->node_list = node_at(c, job->alloc->nodes[step->nodes[0].place].node_id)->name;
    } else if (step->num_nodes == job->alloc->count) {
        v->node_list = alloc_node_list(c, job->alloc);
    } else {
        if (!step->node_list) {
            const char **names = xmalloc(step->num_nodes * sizeof(*names));

            for (uint32_t i = 0; i < step->num_nodes; i++)
                names[i] =
                    node_at(c, job->alloc->nodes[step->nodes[i].place].node_id)->name;
            step->node_list = hostlist_format_names(names, step->num_nodes);
            free(names);
        }
        v->node_list = step->node_list;
    }
    v->partition = job->alloc->partition;
    v->uid = job->ident->msg->uid;
    v->spec = step->spec;
}

bool cluster_step_nth(struct cluster *c, struct job *job, size_t i, struct step_view *view)
{
    struct step *s = job->steps;

    while (s && i--)
        s = s->next;
    if (!s)
        return false;
    fill_step_view(c, s, view);
    return true;
}

bool cluster_step_find(struct cluster *c, uint32_t job_id, uint32_t step_id,
                       struct step_view *view)
{
    struct job *job = job_table_find(&c->jobs, job_id);
    struct step *s = job ? step_find(job, step_id) : NULL;

    if (s)
        fill_step_view(c, s, view);
    return s != NULL;
}
