/* explain.c - the whole story of a job, one sentence a line: why it is not running, which resources
 * it waits for, who has them until when, when it is planned to start, and what would let it start
 * now.  What would help is found by trying: the same request with one thing changed is given to the
 * scheduler's own questions, so advice that is given holds at the moment it is given.
 */
#include "cluster/sched/sched.h"

#include "util/timefmt.h"

#include <stdarg.h>
#include <string.h>

#define HOLDERS_MAX 8  /* jobs named as holders */
#define ADVICE_MAX 5   /* changes named */
#define TRY_MINUTES (365u * 1440) /* the longest time limit tried for a job that has none */

struct story {
    struct cluster *c;
    const struct cluster_now *now;
    struct job *job;
    struct shape *shape;
    struct strbuf *out;
    bool planned_to; /* the plan stands at this job */
    uint32_t advice;
};

static const char *when(int64_t sec, char buf[TIME_TEXT_MAX])
{
    return time_at_format((time_t)sec, NULL, buf);
}

static const char *user_of(const struct job *job)
{
    return job->ident && job->ident->msg->user_name ? job->ident->msg->user_name : "?";
}

static const char *plural(uint64_t n)
{
    return n == 1 ? "" : "s";
}

static char *names_of(const struct cluster *c, const struct bitmap *nodes)
{
    CLEANUP_HOSTLIST struct hostlist *names = hostlist_create();

    bitmap_for_each(nodes, i) hostlist_push(names, c->nodes[i]->name);
    return hostlist_format(names);
}

/* ---- what it asks for, and what there is ---- */

static void say_request(struct story *x)
{
    const struct shape *s = x->shape;
    uint32_t limit = shape_time_limit(x->c, s, NULL);
    char text[TIME_TEXT_MAX];

    strbuf_add(x->out, "It ");
    shape_add_request(x->out, s);
    if (limit == TIME_UNLIMITED_MIN)
        strbuf_add(x->out, ", without a time limit");
    else
        strbuf_addf(x->out, ", for %s", time_limit_format(limit, text));
    strbuf_addf(x->out, ", in partition %s.\n", s->partition ? s->partition : "(none)");
}

static void say_parts(struct story *x)
{
    for (uint32_t i = 0; i < x->shape->num_parts; i++) {
        strbuf_add(x->out, "Of ");
        shape_add_part(x->c, x->shape, &x->shape->parts[i], x->out);
        strbuf_add(x->out, ".\n");
    }
}

/* ---- who has what it could use ---- */

struct holder {
    const struct job *job;
    int64_t end; /* FOREVER: nobody knows */
    uint32_t cpus;
    struct bitmap *nodes;
};

static int by_end(const void *a, const void *b)
{
    const struct holder *x = a, *y = b;

    if (x->end != y->end)
        return x->end < y->end ? -1 : 1;
    return x->job->id < y->job->id ? -1 : 1;
}

static struct holder *holder_of(struct holder **list, uint32_t *num, const struct job *job,
                                size_t num_nodes)
{
    for (uint32_t i = 0; i < *num; i++)
        if ((*list)[i].job == job)
            return &(*list)[i];
    *list = xreallocarray(*list, *num + 1, sizeof(**list));
    (*list)[*num] = (struct holder){ .job = job,
                                     .end = job->end_limit ? job->end_limit : FOREVER,
                                     .nodes = bitmap_create(num_nodes) };
    return &(*list)[(*num)++];
}

static void say_holder(struct story *x, const struct holder *h)
{
    CLEANUP_FREE char *names = names_of(x->c, h->nodes);
    char text[TIME_TEXT_MAX];

    strbuf_addf(x->out, "Job %u of %s has %u CPU%s on %s", h->job->id, user_of(h->job), h->cpus,
                plural(h->cpus), names);
    if (h->job->phase == PHASE_ENDING)
        strbuf_add(x->out, " and is ending.\n");
    else if (job_is_suspended(h->job))
        strbuf_add(x->out, " and is suspended: it keeps its memory until it is resumed and ends.\n");
    else if (h->end == FOREVER)
        strbuf_add(x->out, " and has no time limit.\n");
    else
        strbuf_addf(x->out, " until %s at the latest, when its time limit ends it.\n",
                    when(h->end / USEC, text));
}

static void say_holders(struct story *x)
{
    CLEANUP_FREE struct holder *list = NULL;
    struct bitmap *could;
    uint32_t num = 0;

    could = bitmap_create(x->c->num_nodes ? x->c->num_nodes : 1);
    for (uint32_t i = 0; i < x->shape->num_parts; i++)
        bitmap_for_each(x->shape->parts[i].able, n) bitmap_set(could, (size_t)n);
    bitmap_for_each(could, n)
    {
        const struct node *node = x->c->nodes[n];

        for (uint32_t k = 0; k < node->num_jobs; k++) {
            const struct job *job = node->jobs[k].job;
            const struct alloc_node *an = &job->alloc->nodes[node->jobs[k].place];
            struct holder *h = holder_of(&list, &num, job, could->bits);

            h->cpus += an->cpus;
            bitmap_set(h->nodes, (size_t)n);
        }
    }
    if (num)
        qsort(list, num, sizeof(*list), by_end);
    for (uint32_t i = 0; i < num && i < HOLDERS_MAX; i++)
        say_holder(x, &list[i]);
    if (num > HOLDERS_MAX)
        strbuf_addf(x->out, "%u more jobs run on nodes that could serve it.\n", num - HOLDERS_MAX);
    for (uint32_t i = 0; i < num; i++)
        bitmap_destroy(list[i].nodes);
    bitmap_destroy(could);
}

/* ---- the queue, and the plan ---- */

/* Jobs that wait for the same partitions and come first. */
static void say_ahead(struct story *x)
{
    const struct job *first = NULL;
    uint32_t num = 0;
    struct shape *shape;

    for (size_t pos = 0; (shape = idmap_next(&x->c->shapes, &pos, NULL));)
        for (; shape; shape = shape->same_hash) {
            bool meets = false;

            if (!shape->root)
                continue;
            for (uint32_t i = 0; i < shape->num_parts; i++)
                for (uint32_t k = 0; k < x->shape->num_parts; k++)
                    meets |= shape->parts[i].part_index == x->shape->parts[k].part_index;
            if (!meets)
                continue;
            for (struct job *job = queue_first(shape);
                 job && job != x->job && queue_before(x->c, job, x->job); job = queue_next(job)) {
                num++;
                if (!first || queue_before(x->c, job, first))
                    first = job;
            }
        }
    if (!num)
        return;
    if (num == 1)
        strbuf_addf(x->out, "Job %u of %s waits before it, with a higher priority", first->id,
                    user_of(first));
    else
        strbuf_addf(x->out, "%u jobs wait before it, with higher priorities; the first is job %u of %s",
                    num, first->id, user_of(first));
    if (first->planned_sec && sched_planned_nodes(x->c, first->id)) {
        char text[TIME_TEXT_MAX];

        strbuf_addf(x->out, ", which is to start at %s on %s", when(first->planned_sec, text),
                    sched_planned_nodes(x->c, first->id));
    }
    strbuf_add(x->out, ".\n");
}

static void say_plan(struct story *x)
{
    const char *nodes = sched_planned_nodes(x->c, x->job->id);
    char text[TIME_TEXT_MAX];

    if (x->planned_to && x->job->planned_sec && nodes)
        strbuf_addf(x->out, "It is to start at %s on %s, or earlier if jobs end before their limits.\n",
                    when(x->job->planned_sec, text), nodes);
    else if (x->planned_to)
        strbuf_add(x->out, "No start can be planned: what it waits for is in use without a time limit, "
                           "or for longer than starts are planned ahead.\n");
    else
        strbuf_addf(x->out, "Starts are planned for the first %u jobs that wait; it is not one of them.\n",
                    conf_of(x->c)->backfill_depth);
}

/* ---- what would help ---- */

static bool starts(struct story *x, const Wire__JobSpec *spec, enum fit_rule rule, struct bitmap *nodes)
{
    struct shape *shape = shape_intern(x->c, spec);
    bool yes = sched_fits_now(x->c, x->now, shape, rule, nodes);

    shape_decref(x->c, shape);
    return yes;
}

__attribute__((format(printf, 2, 3))) static void advise(struct story *x, const char *fmt, ...)
{
    va_list args;

    if (x->advice++ >= ADVICE_MAX)
        return;
    strbuf_add(x->out, "It would start now ");
    va_start(args, fmt);
    strbuf_vaddf(x->out, fmt, args);
    va_end(args);
    strbuf_addc(x->out, '\n');
}

/* The largest value in [1, below) of a field with which it would start now; 0: none. */
static uint64_t largest(struct story *x, Wire__JobSpec *spec, uint64_t below,
                        void (*set)(Wire__JobSpec *spec, uint64_t value))
{
    uint64_t lo = 1, hi = below - 1, best = 0;

    if (below < 2)
        return 0;
    while (lo <= hi) {
        uint64_t mid = lo + (hi - lo) / 2;

        set(spec, mid);
        if (starts(x, spec, FIT_NOW, NULL)) {
            best = mid;
            lo = mid + 1;
        } else {
            hi = mid - 1;
        }
    }
    return best;
}

static void set_time(Wire__JobSpec *spec, uint64_t value)
{
    spec->has_time_limit_min = 1;
    spec->time_limit_min = (uint32_t)value;
}

static void set_nodes(Wire__JobSpec *spec, uint64_t value)
{
    if (spec->has_max_nodes && spec->max_nodes > value)
        spec->max_nodes = (uint32_t)value;
    spec->has_min_nodes = 1;
    spec->min_nodes = (uint32_t)value;
}

static void set_tasks(Wire__JobSpec *spec, uint64_t value)
{
    spec->has_num_tasks = 1;
    spec->num_tasks = (uint32_t)value;
}

static void set_mem_node(Wire__JobSpec *spec, uint64_t value)
{
    spec->mem_per_node_mb = value;
}

static void set_mem_cpu(Wire__JobSpec *spec, uint64_t value)
{
    spec->mem_per_cpu_mb = value;
}

static void advise_nodes_back(struct story *x)
{
    struct bitmap *nodes = bitmap_create(x->c->num_nodes ? x->c->num_nodes : 1);

    if (starts(x, x->job->spec->msg, FIT_WITH_UNUSABLE, nodes)) {
        CLEANUP_FREE char *list = NULL;
        bool drained = true;

        bitmap_for_each(nodes, i)
        {
            const struct node *node = x->c->nodes[i];

            if (node_is_usable(node))
                bitmap_unset(nodes, (size_t)i);
            else
                drained &= node_is_up(node);
        }
        list = names_of(x->c, nodes);
        if (drained)
            advise(x, "if %s took work again: scontrol update nodename=%s state=resume", list, list);
        else
            advise(x, "if %s were there again (sinfo -R says why it is not).", list);
    }
    bitmap_destroy(nodes);
}

static void advise_smaller(struct story *x)
{
    const Wire__JobSpec *asked = x->job->spec->msg;
    uint32_t limit = shape_time_limit(x->c, x->shape, NULL), id = x->job->id;
    Wire__JobSpec spec = *asked;
    uint64_t most;
    char text[TIME_TEXT_MAX];

    if ((most = largest(x, &spec, limit < TRY_MINUTES ? limit : TRY_MINUTES, set_time)))
        advise(x, "with a time limit of %s: scontrol update jobid=%u timelimit=%llu",
               time_limit_format((uint32_t)most, text), id, (unsigned long long)most);
    spec = *asked;
    if (asked->num_tasks && (most = largest(x, &spec, asked->num_tasks, set_tasks)))
        advise(x, "with %llu task%s: scontrol update jobid=%u numtasks=%llu", (unsigned long long)most,
               plural(most), id, (unsigned long long)most);
    spec = *asked;
    if (asked->min_nodes > 1 && (most = largest(x, &spec, asked->min_nodes, set_nodes)))
        advise(x, "with %llu node%s: scontrol update jobid=%u numnodes=%llu", (unsigned long long)most,
               plural(most), id, (unsigned long long)most);
    spec = *asked;
    if (asked->mem_per_node_mb && (most = largest(x, &spec, asked->mem_per_node_mb, set_mem_node)))
        advise(x, "with %llu MB a node: scontrol update jobid=%u minmemorynode=%llu",
               (unsigned long long)most, id, (unsigned long long)most);
    spec = *asked;
    if (asked->mem_per_cpu_mb && (most = largest(x, &spec, asked->mem_per_cpu_mb, set_mem_cpu)))
        advise(x, "with %llu MB a CPU: scontrol update jobid=%u minmemorycpu=%llu",
               (unsigned long long)most, id, (unsigned long long)most);
}

static void advise_without(struct story *x)
{
    const Wire__JobSpec *asked = x->job->spec->msg;
    Wire__JobSpec spec;
    uint32_t id = x->job->id;

#define WITHOUT(present, change, ...)                                                              \
    do {                                                                                           \
        spec = *asked;                                                                             \
        if (present) {                                                                             \
            change;                                                                                \
            if (starts(x, &spec, FIT_NOW, NULL))                                                   \
                advise(x, __VA_ARGS__);                                                            \
        }                                                                                          \
    } while (0)
    WITHOUT(asked->features && *asked->features, spec.features = NULL,
            "on nodes without %s: scontrol update jobid=%u features=", asked->features, id);
    WITHOUT(asked->nodelist && *asked->nodelist, spec.nodelist = NULL,
            "on other nodes than %s: scontrol update jobid=%u reqnodelist=", asked->nodelist, id);
    WITHOUT(asked->exclude && *asked->exclude, spec.exclude = NULL,
            "if it might use %s: scontrol update jobid=%u excnodelist=", asked->exclude, id);
    WITHOUT(asked->exclusive, (spec.exclusive = 0, spec.has_exclusive = 0),
            "if it shared nodes with others (submit it without --exclusive).");
    WITHOUT(asked->contiguous, spec.contiguous = 0,
            "on nodes that are no neighbours: scontrol update jobid=%u contiguous=no", id);
#undef WITHOUT
}

static void advise_partition(struct story *x)
{
    for (size_t i = 0; i < x->c->num_parts; i++) {
        const struct part *part = &x->c->parts[i];
        Wire__JobSpec spec = *x->job->spec->msg;
        bool asked = false;

        for (uint32_t k = 0; k < x->shape->num_parts; k++)
            asked |= x->shape->parts[k].part_index == i;
        if (asked || part->conf.root_only || part->conf.hidden || part->conf.allow_groups)
            continue;
        spec.partition = (char *)part->conf.name;
        if (starts(x, &spec, FIT_NOW, NULL))
            advise(x, "in partition %s: scontrol update jobid=%u partition=%s", part->conf.name,
                   x->job->id, part->conf.name);
    }
}

static void say_advice(struct story *x)
{
    if (starts(x, x->job->spec->msg, FIT_NOW, NULL)) {
        strbuf_add(x->out, "What it needs is free: it starts with the next look at the queue.\n");
        return;
    }
    if (starts(x, x->job->spec->msg, FIT_BEFORE_OTHERS, NULL))
        strbuf_add(x->out, "What it needs is free now, but is kept for jobs that come before it.\n");
    advise_nodes_back(x);
    advise_smaller(x);
    advise_without(x);
    advise_partition(x);
    if (!x->advice)
        strbuf_add(x->out, "No single change to it would let it start now.\n");
}

/* ---- jobs that do not wait ---- */

static void say_running(struct story *x)
{
    const struct job *job = x->job;
    char text[TIME_TEXT_MAX];

    strbuf_addf(x->out, "It runs on %s since %s", alloc_node_list(x->c, job->alloc),
                when(job->start_usec / USEC, text));
    if (job_is_suspended(job))
        strbuf_addf(x->out, " and is suspended: scontrol resume %u lets it go on.\n", job->id);
    else if (job->end_limit)
        strbuf_addf(x->out, ", until %s at the latest, when its time limit ends it.\n",
                    when(job->end_limit / USEC, text));
    else
        strbuf_add(x->out, ", without a time limit.\n");
}

static void say_over(struct story *x)
{
    const struct job *job = x->job;
    char text[TIME_TEXT_MAX];

    if (job->phase == PHASE_ENDING) {
        struct bitmap *nodes = bitmap_create(x->c->num_nodes ? x->c->num_nodes : 1);
        CLEANUP_FREE char *list = NULL;

        for (uint32_t i = 0; job->alloc && i < job->alloc->count; i++)
            if (!(job->alloc->nodes[i].flags & ALLOC_CLEAN))
                bitmap_set(nodes, job->alloc->nodes[i].node_id);
        list = names_of(x->c, nodes);
        strbuf_addf(x->out, "It is ending: what is left of it on %s has not been cleaned up yet.\n", list);
        bitmap_destroy(nodes);
    } else {
        strbuf_addf(x->out, "It ended at %s.\n", when(job->end_usec / USEC, text));
    }
    if (job->text && *job->text)
        strbuf_addf(x->out, "%s.\n", job->text);
}

static void say_waiting(struct story *x)
{
    x->planned_to = sched_plan_to(x->c, x->now, x->job);
    shape_refresh(x->c, x->shape);
    say_request(x);
    say_parts(x);
    say_holders(x);
    say_advice(x);
    sched_plan_on(x->c, x->now);
    say_ahead(x);
    say_plan(x);
}

const char *cluster_job_explain(struct cluster *c, struct job *job, const struct cluster_now *now,
                                struct arena *a)
{
    CLEANUP_STRBUF struct strbuf sb = STRBUF_INIT;
    struct story x = { .c = c, .now = now, .job = job, .shape = job->spec->shape, .out = &sb };
    enum job_reason reason;

    if (job->phase == PHASE_RUNNING) {
        say_running(&x);
        return arena_strdup(a, strbuf_str(&sb));
    }
    if (job->phase != PHASE_PENDING) {
        say_over(&x);
        return arena_strdup(a, strbuf_str(&sb));
    }
    parts_refresh(c);
    reason = job_pending_reason(c, job);
    if (reason == REASON_RESOURCES || reason == REASON_PRIORITY || reason == REASON_NONE
        || reason == REASON_NODE_DOWN || reason == REASON_BAD_CONSTRAINTS) {
        if (reason == REASON_BAD_CONSTRAINTS)
            strbuf_add(&sb, "It cannot run on this cluster as it is configured.\n");
        say_waiting(&x);
    } else {
        strbuf_addf(&sb, "It is not started: %s.\n", cluster_job_reason_text(c, job, now, a));
    }
    return arena_strdup(a, strbuf_str(&sb));
}
