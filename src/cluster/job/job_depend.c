/* job_depend.c - jobs that wait for other jobs.
 *
 * Each condition is open, met, or can never be met.  An open one is on a list of those that wait for
 * the same job, array or task (cluster.waited), or for the same name; when that starts or ends, its
 * list is looked at, and nothing else is.  What has been found once stays so.
 */
#include "cluster/job/depend.h"

#include <string.h>

/* Conditions that wait for one job or array as a whole, or for one task. */
struct waited {
    struct list_node list;
    uint64_t key;
};

static uint64_t key_of(uint32_t job_id, uint32_t task)
{
    return (uint64_t)job_id << 32 | (task == DEP_WHOLE ? 0 : task + 1);
}

/* The task that an aftercorr of this job looks at. */
static uint32_t corr_task(const struct job *job)
{
    return job->task && !job->task->many ? job->task->id : DEP_WHOLE;
}

static void dep_link(struct cluster *c, struct dep *dep)
{
    struct job *job = dep->owner->job;
    struct waited *w;
    uint64_t key;

    if (dep->type == DEP_SINGLETON) {
        list_append(&job->name->singles, &dep->link);
        job->name->num_singles++;
        return;
    }
    key = key_of(dep->job_id, dep->type == DEP_AFTERCORR && !dep->unmatched ? corr_task(job) : dep->task);
    if (!(w = idmap_find(&c->waited, key))) {
        w = xcalloc(1, sizeof(*w));
        w->key = key;
        list_init(&w->list);
        idmap_put(&c->waited, key, w);
    }
    list_append(&w->list, &dep->link);
}

static void dep_unlink(struct cluster *c, struct dep *dep)
{
    struct list_node *next = dep->link.next;
    bool last = list_is_linked(&dep->link) && next == dep->link.prev;

    if (!list_is_linked(&dep->link))
        return;
    list_remove(&dep->link);
    if (dep->type == DEP_SINGLETON) {
        dep->owner->job->name->num_singles--;
    } else if (last) { /* what is left is the head alone */
        struct waited *w = container_of(next, struct waited, list);

        idmap_remove(&c->waited, w->key);
        free(w);
    }
}

/* ---- rings -------------------------------------------------------------------------------- */

#define RING_LOOK_MAX 100000 /* conditions looked at, in all */

struct ring {
    struct cluster *c;
    uint32_t self;
    struct idmap seen;
    uint32_t *stack;
    size_t num, cap, looked;
};

static void ring_push(struct ring *r, uint32_t job_id)
{
    if (idmap_put(&r->seen, job_id, r))
        return;
    if (r->num == r->cap) {
        r->cap = r->cap ? r->cap * 2 : 64;
        r->stack = xreallocarray(r->stack, r->cap, sizeof(*r->stack));
    }
    r->stack[r->num++] = job_id;
}

/* Push what the job waits for; true: it is self. */
static bool ring_follow(struct ring *r, const struct job *job)
{
    for (size_t i = 0; job->depends && i < job->depends->count && r->looked < RING_LOOK_MAX; i++) {
        uint32_t id = job->depends->deps[i].job_id;

        r->looked++;
        if (id == r->self)
            return true;
        if (id)
            ring_push(r, id);
    }
    return false;
}

static uint32_t ring_find(struct cluster *c, uint32_t self, const struct dep *deps, size_t count)
{
    struct ring r = { .c = c, .self = self };
    uint32_t found = 0;

    for (size_t i = 0; i < count; i++)
        if (deps[i].job_id)
            ring_push(&r, deps[i].job_id);
    while (r.num && !found) {
        uint32_t id = r.stack[--r.num];
        const struct array *array = array_find(c, id);
        const struct job *job = array ? array_many(array) : job_table_find(&c->jobs, id);

        if (job && ring_follow(&r, job))
            found = id;
        if (array)
            list_for_each(link, &array->tasks)
                if (!found && r.looked < RING_LOOK_MAX
                    && ring_follow(&r, container_of(link, struct task, link)->job))
                    found = id;
    }
    idmap_fini(&r.seen);
    free(r.stack);
    return found;
}

int depend_check(struct cluster *c, const char *text, uint32_t self, struct error *err)
{
    CLEANUP_FREE struct dep *deps = NULL;
    const struct job *job = self ? job_table_find(&c->jobs, self) : NULL;
    uint32_t array = job && job->task ? job->task->array->id : self, other;
    size_t count;
    bool any;

    if (!text || !*text)
        return 0;
    deps = xmalloc(DEPS_MAX * sizeof(*deps));
    if (deps_parse(text, deps, &count, &any, err) < 0)
        return -1;
    for (size_t i = 0; self && i < count; i++)
        if (deps[i].job_id == self
            || (deps[i].job_id == array && (deps[i].task == DEP_WHOLE || job_is_many(job)
                                            || deps[i].task == job->task->id)))
            return error_set(err, BRE_DEPENDENCY, "a job cannot depend on itself (%u)", self);
    /* a ring can only come from an update: an earlier job made to wait for a later one */
    if (self && (other = ring_find(c, array, deps, count)))
        return error_set(err, BRE_DEPENDENCY, "job %u already waits for job %u: this would be a ring", other, self);
    return 0;
}

/* ---- what became of it ---------------------------------------------------------------------- */

/* Submitted before: by the array's id for its tasks, which do not hold each other up. */
static uint32_t name_order(const struct job *job)
{
    return job->task ? job->task->array->id : job->id;
}

static bool holds_up(const struct job *other, const struct job *job)
{
    return other->name == job->name && other->phase != PHASE_ENDED
           && other->ident->msg->uid == job->ident->msg->uid && name_order(other) != name_order(job)
           && (other->phase != PHASE_PENDING || name_order(other) < name_order(job));
}

static bool singleton_is_free(const struct cluster *c, const struct job *job)
{
    const struct name *name = job->name;

    if (name->live <= 1)
        return true;
    if (name->live == name->num_singles) { /* all of them wait like this one */
        list_for_each(link, &name->singles)
            if (holds_up(container_of(link, struct dep, link)->owner->job, job))
                return false;
        return true;
    }
    for (const struct job *o = job_table_next(&c->jobs, 0); o; o = job_table_next(&c->jobs, o->id))
        if (holds_up(o, job))
            return false;
    return true;
}

/* The job starts no sooner than the condition's delay allows. */
static enum depend_state met_at(struct job *job, const struct dep *dep, int64_t when)
{
    int64_t at = when + (int64_t)dep->delay_min * MIN_USEC;

    if (dep->delay_min && when && at > job->begin_usec)
        job->begin_usec = at;
    return DEPEND_MET;
}

static enum depend_state judge(struct job *job, const struct dep *dep, bool ended, bool ok, int64_t when)
{
    if (!ended)
        return DEPEND_OPEN;
    if (((dep->type == DEP_AFTEROK || dep->type == DEP_AFTERCORR) && !ok) || (dep->type == DEP_AFTERNOTOK && ok))
        return DEPEND_NEVER;
    return met_at(job, dep, when);
}

static enum depend_state state_of_job(struct job *job, const struct dep *dep, const struct job *o)
{
    if (dep->type == DEP_AFTER)
        return o->phase == PHASE_PENDING ? DEPEND_OPEN : met_at(job, dep, o->start_usec);
    return judge(job, dep, o->phase == PHASE_ENDED, o->end_state == JOB_COMPLETED, o->end_usec);
}

static enum depend_state state_of_array(struct job *job, const struct dep *dep, const struct array *a)
{
    int64_t started = 0, ended = 0;

    if (dep->type == DEP_AFTER ? a->pending : !array_has_ended(a))
        return DEPEND_OPEN;
    list_for_each(link, &a->tasks)
    {
        const struct job *o = container_of(link, struct task, link)->job;

        started = o->start_usec > started ? o->start_usec : started;
        ended = o->end_usec > ended ? o->end_usec : ended;
    }
    if (dep->type == DEP_AFTER)
        return met_at(job, dep, started);
    return judge(job, dep, true, !a->failed && !a->gone_failed, ended);
}

static enum depend_state dep_state(const struct cluster *c, struct job *job, struct dep *dep)
{
    const struct array *a;
    const struct job *o;
    uint32_t task = dep->task;

    if (dep->type == DEP_SINGLETON)
        return singleton_is_free(c, job) ? DEPEND_MET : DEPEND_OPEN;
    if (!(a = array_find(c, dep->job_id))) {
        dep->unmatched = true;
        o = dep->task == DEP_WHOLE ? job_table_find(&c->jobs, dep->job_id) : NULL;
        return o ? state_of_job(job, dep, o) : DEPEND_MET; /* as Slurm: what is gone holds nobody up */
    }
    if (dep->type == DEP_AFTERCORR && !dep->unmatched)
        task = corr_task(job);
    if (task == DEP_WHOLE)
        return state_of_array(job, dep, a);
    o = array_task_find(a, task);
    if (!o && dep->type == DEP_AFTERCORR) {
        dep->unmatched = true;
        return state_of_array(job, dep, a);
    }
    return o ? state_of_job(job, dep, o) : DEPEND_MET;
}

/* ---- all conditions of a job ---------------------------------------------------------------- */

static void count_invalid(struct cluster *c, const struct depends *d, int by)
{
    if (d->kill == 1)
        c->num_invalid_kill += (size_t)by;
    else if (d->kill == 0)
        c->num_invalid_default += (size_t)by;
}

static void depends_sum_up(struct cluster *c, struct depends *d)
{
    size_t met = 0, never = 0;
    uint8_t before = d->state;

    for (size_t i = 0; i < d->count; i++) {
        met += d->deps[i].state == DEPEND_MET;
        never += d->deps[i].state == DEPEND_NEVER;
    }
    if (d->any)
        d->state = met ? DEPEND_MET : never == d->count ? DEPEND_NEVER : DEPEND_OPEN;
    else
        d->state = never ? DEPEND_NEVER : met == d->count ? DEPEND_MET : DEPEND_OPEN;
    if (d->state == DEPEND_NEVER && before != DEPEND_NEVER)
        count_invalid(c, d, 1);
    else if (d->state != DEPEND_NEVER && before == DEPEND_NEVER)
        count_invalid(c, d, -1);
}

/* Look at one open condition again; the job's queue is told when that decides. */
static void dep_look(struct cluster *c, struct dep *dep, int64_t now_usec)
{
    struct depends *d = dep->owner;
    uint8_t before = d->state;

    dep->state = (uint8_t)dep_state(c, d->job, dep);
    if (dep->state == DEPEND_OPEN)
        return;
    dep_unlink(c, dep);
    depends_sum_up(c, d);
    if (d->state != before)
        job_queue_update(c, d->job, now_usec);
}

static void depends_create(struct cluster *c, struct job *job)
{
    const char *text = job->spec->msg->dependency;
    struct dep *deps;
    struct depends *d;
    size_t count;
    bool any;

    if (!text || !*text)
        return;
    deps = xmalloc(DEPS_MAX * sizeof(*deps));
    if (deps_parse(text, deps, &count, &any, NULL) == 0 && count) {
        d = xcalloc(1, sizeof(*d) + count * sizeof(*deps));
        memcpy(d->deps, deps, count * sizeof(*deps));
        for (size_t i = 0; i < count; i++)
            d->deps[i].owner = d;
        d->count = count;
        d->any = any;
        d->job = job;
        d->kill = (uint8_t)job->spec->msg->kill_on_invalid_dep;
        d->state = DEPEND_OPEN;
        list_append(&c->dependent, &d->link);
        job->depends = d;
    }
    free(deps);
}

static void depends_link(struct cluster *c, struct depends *d)
{
    for (size_t i = 0; i < d->count; i++)
        if (d->deps[i].state == DEPEND_OPEN)
            dep_link(c, &d->deps[i]);
    depends_sum_up(c, d);
}

void depend_attach(struct cluster *c, struct job *job)
{
    if (job->depends)
        depend_detach(c, job);
    depends_create(c, job);
    if (!job->depends)
        return;
    for (size_t i = 0; i < job->depends->count; i++)
        job->depends->deps[i].state = (uint8_t)dep_state(c, job, &job->depends->deps[i]);
    depends_link(c, job->depends);
}

void depend_detach(struct cluster *c, struct job *job)
{
    struct depends *d = job->depends;

    if (!d)
        return;
    if (d->state == DEPEND_NEVER)
        count_invalid(c, d, -1);
    for (size_t i = 0; i < d->count; i++)
        dep_unlink(c, &d->deps[i]);
    list_remove(&d->link);
    free(d);
    job->depends = NULL;
}

void depend_copy(struct cluster *c, struct job *job, const struct job *from)
{
    if (!from->depends)
        return;
    depends_create(c, job);
    if (!job->depends)
        return;
    for (size_t i = 0; i < job->depends->count && i < from->depends->count; i++) {
        struct dep *dep = &job->depends->deps[i];

        dep->state = from->depends->deps[i].state;
        if (dep->type == DEP_AFTERCORR && dep->state != DEPEND_MET) /* now it has a task to look at */
            dep->state = (uint8_t)dep_state(c, job, dep);
    }
    depends_link(c, job->depends);
}

/* ---- when something happened ------------------------------------------------------------------ */

static void waited_look(struct cluster *c, uint64_t key, int64_t now_usec)
{
    struct waited *w = idmap_find(&c->waited, key);
    size_t left = w ? list_count(&w->list) : 0;

    /* the list ends with its last member, so it is counted and found anew each time */
    while (left-- && (w = idmap_find(&c->waited, key))) {
        struct list_node *link = list_pop(&w->list);

        list_append(&w->list, link); /* whatever stays open goes to the end */
        dep_look(c, container_of(link, struct dep, link), now_usec);
    }
}

static void singles_look(struct cluster *c, struct name *name, int64_t now_usec)
{
    size_t left = name->num_singles;
    struct list_node *link = list_first(&name->singles);

    while (left-- && link) {
        struct dep *dep = container_of(link, struct dep, link);

        link = link->next == &name->singles ? NULL : link->next;
        dep_look(c, dep, now_usec);
    }
}

void depend_job_changed(struct cluster *c, struct job *job, int64_t now_usec)
{
    if (job->name->num_singles && job->phase == PHASE_ENDED)
        singles_look(c, job->name, now_usec);
    if (!c->waited.count)
        return;
    waited_look(c, key_of(job->id, DEP_WHOLE), now_usec);
    if (!job->task)
        return;
    if (job->task->array->id != job->id)
        waited_look(c, key_of(job->task->array->id, DEP_WHOLE), now_usec);
    if (!job->task->many)
        waited_look(c, key_of(job->task->array->id, job->task->id), now_usec);
    else
        bitmap_for_each(job->task->many, i) waited_look(c, key_of(job->task->array->id, (uint32_t)i), now_usec);
}

void depend_rename(struct cluster *c, struct job *job, struct name *name)
{
    struct name *old = job->name;

    job->name = name;
    for (size_t i = 0; job->depends && i < job->depends->count; i++) {
        struct dep *dep = &job->depends->deps[i];

        if (dep->type != DEP_SINGLETON || !list_is_linked(&dep->link))
            continue;
        list_remove(&dep->link);
        old->num_singles--;
        dep_link(c, dep);
    }
}

void depend_name_changed(struct cluster *c, struct name *name, int64_t now_usec)
{
    if (name->num_singles)
        singles_look(c, name, now_usec);
}

void depend_task_known(struct cluster *c, struct job *job, int64_t now_usec)
{
    struct depends *d = job->depends;
    bool changed = false;

    for (size_t i = 0; d && i < d->count; i++) {
        struct dep *dep = &d->deps[i];

        if (dep->type != DEP_AFTERCORR || dep->state == DEPEND_MET)
            continue;
        dep_unlink(c, dep);
        dep->state = (uint8_t)dep_state(c, job, dep);
        if (dep->state == DEPEND_OPEN)
            dep_link(c, dep);
        changed = true;
    }
    if (changed) {
        depends_sum_up(c, d);
        job_queue_update(c, job, now_usec);
    }
}

bool depend_is_by_task(const char *text)
{
    return text && strstr(text, dep_names[DEP_AFTERCORR]) != NULL;
}

enum depend_state depend_state(const struct job *job)
{
    return job->depends ? (enum depend_state)job->depends->state : DEPEND_NONE;
}

bool depend_is_delayed(const struct job *job)
{
    for (size_t i = 0; job->begin_usec && job->depends && i < job->depends->count; i++)
        if (job->depends->deps[i].delay_min && job->depends->deps[i].state == DEPEND_MET)
            return true;
    return false;
}

/* ---- snapshots ---------------------------------------------------------------------------- */

#define IMAGE_UNMATCHED 16 /* with a state: see struct dep */

int depend_image_get(const struct job *job, uint32_t **results, size_t *count)
{
    if (!job->depends)
        return 0;
    *count = job->depends->count;
    *results = xmalloc(*count * sizeof(**results));
    for (size_t i = 0; i < *count; i++)
        (*results)[i] = job->depends->deps[i].state | (job->depends->deps[i].unmatched ? IMAGE_UNMATCHED : 0);
    return 1;
}

void depend_image_set(struct cluster *c, struct job *job, const uint32_t *results, size_t count)
{
    depends_create(c, job);
    if (!job->depends)
        return;
    for (size_t i = 0; i < count && i < job->depends->count; i++) {
        job->depends->deps[i].state = (uint8_t)(results[i] % IMAGE_UNMATCHED);
        job->depends->deps[i].unmatched = (results[i] & IMAGE_UNMATCHED) != 0;
    }
    depends_link(c, job->depends);
}
