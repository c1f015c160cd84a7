/* job_array.c - job arrays: one record for all tasks that are treated alike.
 *
 * A submission makes one record, "of many", which has the array's id and waits for all its tasks.  A
 * task that starts, or that is held, cancelled or updated alone, is split off into a record with a new
 * id; the last one takes over the record of many and so the array's id.
 */
#include "cluster/event/event.h"

#include "cluster/job/job.h"
#include "util/taskset.h"

#include <string.h>

struct array *array_find(const struct cluster *c, uint32_t id)
{
    return idmap_find(&c->arrays, id);
}

static struct array *array_add(struct cluster *c, uint32_t id)
{
    struct array *a = xcalloc(1, sizeof(*a));

    a->id = id;
    list_init(&a->tasks);
    idmap_put(&c->arrays, id, a);
    return a;
}

static void array_decref(struct cluster *c, struct array *a)
{
    if (--a->refs)
        return;
    idmap_remove(&c->arrays, a->id);
    idmap_fini(&a->by_task);
    free(a);
}

static struct task *task_add(struct array *a, struct job *job, uint32_t task_id,
                             struct bitmap *pending)
{
    struct task *task = xcalloc(1, sizeof(*task));

    task->array = a;
    task->job = job;
    task->id = task_id;
    task->many = pending;
    task->count = pending ? (uint32_t)bitmap_count(pending) : 1;
    a->refs++;
    list_append(&a->tasks, &task->link);
    if (!pending)
        idmap_put(&a->by_task, task_id, job);
    job->task = task;
    return task;
}

/* A record of many counts as the records that it stands for. */
static void many_count(struct cluster *c, struct ident *ident, const struct task *task, bool more)
{
    size_t count = task->many ? task->count - 1 : 0;

    c->unsplit_tasks += more ? count : -count;
    ident->unsplit_tasks += more ? count : -count;
}

void array_count(struct job *job, int by)
{
    struct task *task = job->task;
    struct array *a;
    uint32_t n;

    if (!task)
        return;
    a = task->array;
    n = by < 0 ? 0u - task->count : task->count; /* wraps: taken away */
    switch ((enum job_phase)job->phase) {
    case PHASE_PENDING:
        a->pending += n;
        break;
    case PHASE_RUNNING:
    case PHASE_ENDING:
        a->running += n;
        break;
    case PHASE_ENDED:
    case PHASE_COUNT:
        if (job->end_state != JOB_COMPLETED)
            a->failed += n;
        break;
    }
}

int array_create(struct cluster *c, struct job *job, const char *text, struct error *err)
{
    struct taskset set;
    struct array *a;

    if (taskset_parse(text, TASKSET_LIMIT, &set, err) < 0)
        return error_prefix(err, "job %u", job->id);
    a = array_add(c, job->id);
    a->min = (uint32_t)bitmap_next(set.set, 0);
    a->max = (uint32_t)set.set->bits - 1;
    a->count = (uint32_t)bitmap_count(set.set);
    a->step = set.step;
    a->throttle = set.throttle;
    many_count(c, job->ident, task_add(a, job, TASK_MANY, set.set), true);
    array_count(job, 1);
    return 0;
}

void array_detach(struct cluster *c, struct job *job)
{
    struct task *task = job->task;
    struct array *a;

    if (!task)
        return;
    a = task->array;
    if (job->phase == PHASE_ENDED) { /* purged: how it ended is remembered */
        if (job->exit_status > a->gone_worst)
            a->gone_worst = job->exit_status;
        if (job->end_state != JOB_COMPLETED)
            a->gone_failed += task->count;
    }
    array_count(job, -1);
    many_count(c, job->ident, task, false);
    if (!task->many)
        idmap_remove(&a->by_task, task->id);
    list_remove(&task->link);
    bitmap_destroy(task->many);
    free(task);
    job->task = NULL;
    array_decref(c, a);
}

struct job *array_task_find(const struct array *a, uint32_t task_id)
{
    struct job *job = idmap_find(&a->by_task, task_id);

    return job ? job : array_many(a) && bitmap_test(array_many(a)->task->many, task_id)
                           ? array_many(a)
                           : NULL;
}

struct job *array_many(const struct array *a)
{
    list_for_each(link, &a->tasks)
    {
        struct task *task = container_of(link, struct task, link);

        if (task->many)
            return task->job;
        break; /* it is the first one made */
    }
    return NULL;
}

uint32_t array_worst_exit(const struct array *a)
{
    uint32_t worst = a->gone_worst;

    list_for_each(link, &a->tasks)
    {
        const struct job *job = container_of(link, struct task, link)->job;

        if (job->phase == PHASE_ENDED && job->exit_status > worst)
            worst = job->exit_status;
    }
    return worst;
}

bool cluster_array_view(struct cluster *c, uint32_t array_id, struct array_view *view)
{
    const struct array *a = array_find(c, array_id);

    if (!a)
        return false;
    view->has_ended = array_has_ended(a);
    view->end_state = a->failed || a->gone_failed ? JOB_FAILED : JOB_COMPLETED;
    view->exit_status = array_worst_exit(a);
    return true;
}

bool cluster_array_first_start(struct cluster *c, const struct job *job)
{
    uint32_t known = 0;

    (void)c;
    if (!job->task)
        return true;
    list_for_each(link, &job->task->array->tasks)
    {
        const struct task *t = container_of(link, struct task, link);

        known += t->count;
        if (t->job != job && t->job->start_usec
            && (t->job->start_usec < job->start_usec
                || (t->job->start_usec == job->start_usec && t->id < job->task->id)))
            return false;
    }
    return known == job->task->array->count; /* else some have come and gone */
}

bool array_is_full(const struct job *job)
{
    const struct array *a = job->task ? job->task->array : NULL;

    return a && a->throttle && a->running + a->given >= a->throttle;
}

/* ---- splitting ---------------------------------------------------------------------------- */

static void split_last(struct task *task, uint32_t task_id)
{
    task->id = task_id;
    bitmap_destroy(task->many);
    task->many = NULL;
    idmap_put(&task->array->by_task, task_id, task->job);
}

static struct job *split_off(struct job *many, uint32_t task_id, uint32_t new_id)
{
    struct job *job = xcalloc(1, sizeof(*job));

    job->id = new_id;
    job->attempt = many->attempt; /* it may have been cancelled and requeued */
    job->restarts = many->restarts;
    job->kind = many->kind;
    job->priority = many->priority;
    job->hold = many->hold;
    job->reason = many->reason;
    job->ends_with_step = many->ends_with_step;
    job->submit_usec = many->submit_usec;
    job->eligible_usec = many->eligible_usec;
    job->begin_usec = many->begin_usec;
    (job->spec = many->spec)->refs++;
    (job->name = many->name)->refs++;
    job->name->live++;
    (job->ident = many->ident)->refs++;
    blob_incref(job->script = many->script);
    blob_incref(job->env = many->env);
    job->text = many->text ? xstrdup(many->text) : NULL;
    task_add(many->task->array, job, task_id, NULL);
    array_count(job, 1);
    return job;
}

int job_apply_split(struct cluster *c, const Wire__Event *ev, struct error *err)
{
    const Wire__EvTaskSplit *m = ev->task_split;
    struct job *many = job_table_find(&c->jobs, m->job_id), *job;
    struct task *task = many ? many->task : NULL;
    bool last = m->new_job_id == m->job_id;

    if (!task || !task->many || many->phase != PHASE_PENDING || !bitmap_test(task->many, m->task_id)
        || (task->count == 1) != last || (!last && (!m->new_job_id || job_table_find(&c->jobs, m->new_job_id))))
        return error_set(err, BRE_DAMAGED, "job %u: task %u cannot become job %u", m->job_id, m->task_id,
                         m->new_job_id);
    if (last) {
        split_last(task, m->task_id);
        depend_task_known(c, many, ev->time_usec);
        return 0;
    }
    array_count(many, -1);
    many_count(c, many->ident, task, false);
    bitmap_unset(task->many, m->task_id);
    task->count--;
    many_count(c, many->ident, task, true);
    array_count(many, 1);
    job = split_off(many, m->task_id, m->new_job_id);
    job_enter(c, job);
    depend_copy(c, job, many);
    job_queue_update(c, job, ev->time_usec);
    return 0;
}

int array_decide_split(struct cluster *c, const struct cluster_now *now, struct job *many,
                       uint32_t task_id, bool last, struct id_source *ids, struct decision *d,
                       uint32_t *new_id, struct error *err)
{
    Wire__EvTaskSplit *ev;

    *new_id = many->id;
    if (!last && id_source_take(c, ids, now, d, new_id, err) < 0)
        return -1;
    ev = event_add(d, now, task_split, TASK_SPLIT, EvTaskSplit, EV_TASK_SPLIT);
    SET(ev, job_id, many->id);
    SET(ev, task_id, task_id);
    SET(ev, new_job_id, *new_id);
    return 0;
}

int tasks_decide(struct cluster *c, const struct cluster_now *now, struct job *job,
                 const struct bitmap *tasks, task_decide_f *decide, void *arg, struct decision *d,
                 struct error *err)
{
    struct id_source ids;
    struct bitmap *many;
    uint32_t left;
    int rc = 0;

    if (!tasks || !job_is_many(job))
        return decide(job, arg, d, err);
    many = bitmap_copy(job->task->many);
    left = job->task->count;
    id_source_init(c, &ids);
    for (ssize_t i = bitmap_next(tasks, 0); i >= 0 && rc == 0; i = bitmap_next(tasks, (size_t)i + 1)) {
        struct job copy = *job;
        struct task task = *job->task;

        if (!bitmap_test(many, (size_t)i))
            continue;
        rc = array_decide_split(c, now, job, (uint32_t)i, left-- == 1, &ids, d, &copy.id, err);
        if (rc < 0)
            break;
        task.id = (uint32_t)i;
        task.many = NULL;
        task.count = 1;
        task.job = &copy;
        copy.task = &task;
        rc = decide(&copy, arg, d, err);
    }
    bitmap_destroy(many);
    return rc;
}

/* ---- which records are meant ------------------------------------------------------------- */

static void target_add(struct job_targets *t, uint32_t job_id, const struct bitmap *tasks)
{
    size_t i = t->count++;

    for (; i > 0 && t->list[i - 1].job_id > job_id; i--) /* they come nearly in order */
        t->list[i] = t->list[i - 1];
    t->list[i] = (struct job_target){ job_id, tasks };
}

static struct bitmap *bitmap_in(struct arena *a, size_t bits)
{
    struct bitmap *b = arena_calloc(a, 1, sizeof(*b) + (bits + 63) / 64 * sizeof(b->words[0]));

    b->bits = bits;
    return b;
}

static void target_tasks(const struct array *array, const struct bitmap *tasks, struct arena *a,
                         struct job_targets *out)
{
    struct bitmap *here = bitmap_in(a, tasks->bits);
    struct job *many = array_many(array);

    out->list = arena_alloc(a, (bitmap_count(tasks) + 1) * sizeof(*out->list));
    bitmap_for_each(tasks, i)
    {
        const struct job *job = array_task_find(array, (uint32_t)i);

        if (job && job == many) {
            bitmap_set(here, (size_t)i);
        } else if (job) {
            target_add(out, job->id, NULL);
        } else {
            if (!out->missing)
                out->missing = bitmap_in(a, tasks->bits);
            bitmap_set(out->missing, (size_t)i);
        }
    }
    if (!bitmap_is_empty(here))
        target_add(out, many->id, bitmap_count(here) == many->task->count ? NULL : here);
}

int cluster_job_targets(struct cluster *c, const struct job_ref *ref, struct arena *a,
                        struct job_targets *out, struct error *err)
{
    const struct array *array = array_find(c, ref->job_id);
    const struct het *het = idmap_find(&c->hets, ref->job_id);

    memset(out, 0, sizeof(*out));
    if (het || ref->component) {
        if (!het || ref->tasks || ref->all_tasks
            || (ref->component && (ref->het_offset >= het->size || !het->jobs[ref->het_offset])))
            return error_set(err, BRE_JOB_ID, "%s", error_code_text(BRE_JOB_ID));
        out->list = arena_alloc(a, het->size * sizeof(*out->list));
        for (uint32_t i = 0; i < het->size; i++)
            if (het->jobs[i] && (!ref->component || i == ref->het_offset))
                target_add(out, het->jobs[i]->id, NULL);
        out->is_het = !ref->component;
        return 0;
    }
    if (!array) {
        if (ref->tasks || ref->all_tasks || !job_table_find(&c->jobs, ref->job_id))
            return error_set(err, BRE_JOB_ID, "%s", error_code_text(BRE_JOB_ID));
        out->list = arena_alloc(a, sizeof(*out->list));
        target_add(out, ref->job_id, NULL);
        return 0;
    }
    out->is_array = true;
    if (ref->tasks) {
        target_tasks(array, ref->tasks, a, out);
        if (!out->count)
            return error_set(err, BRE_JOB_ID, "%s", error_code_text(BRE_JOB_ID));
        return 0;
    }
    out->list = arena_alloc(a, array->refs * sizeof(*out->list));
    list_for_each(link, &array->tasks)
        target_add(out, container_of(link, struct task, link)->job->id, NULL);
    return 0;
}

/* ---- the rest of what happens to arrays ----------------------------------------------------- */

int array_apply_updated(struct cluster *c, const Wire__Event *ev, struct error *err)
{
    struct array *a = array_find(c, ev->array_updated->job_id);

    if (!a)
        return error_set(err, BRE_JOB_ID, "update of array %u, which does not exist",
                         ev->array_updated->job_id);
    a->throttle = ev->array_updated->throttle;
    cluster_wants_pass(c);
    return 0;
}

int array_apply_image(struct cluster *c, const Wire__Event *ev, struct error *err)
{
    const Wire__ArrayImage *m = ev->array_image;
    struct array *a;

    if (!m->job_id || array_find(c, m->job_id))
        return error_set(err, BRE_DAMAGED, "array %u of the snapshot is doubled", m->job_id);
    a = array_add(c, m->job_id);
    a->count = m->count;
    a->min = m->min;
    a->max = m->max;
    a->step = m->step;
    a->throttle = m->throttle;
    a->gone_failed = m->failed;
    a->gone_worst = m->worst;
    return 0;
}

int array_image_member(struct cluster *c, struct job *job, const Wire__JobImage *m, struct error *err)
{
    struct array *a = array_find(c, m->array_id);
    struct bitmap *many = NULL;

    if (!a
        || (!m->has_task_id
            && (!m->task_ids || !*m->task_ids
                || !(many = bitmap_parse_any(m->task_ids, TASKSET_LIMIT, err)))))
        return error_set(err, BRE_DAMAGED, "job %u: its array %u is missing", job->id, m->array_id);
    many_count(c, job->ident, task_add(a, job, many ? TASK_MANY : m->task_id, many), true);
    if (many && list_first(&a->tasks) != &job->task->link) {
        list_remove(&job->task->link);
        list_prepend(&a->tasks, &job->task->link);
    }
    return 0;
}

void arrays_fini(struct cluster *c)
{
    struct array *a;

    for (size_t pos = 0; (a = idmap_next(&c->arrays, &pos, NULL));) { /* of a damaged snapshot */
        idmap_fini(&a->by_task);
        free(a);
    }
    idmap_fini(&c->arrays);
}
