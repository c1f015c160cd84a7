/* reason.c - why a job waits: Slurm's word for it, and plain words that name resource and nodes. */
#include "cluster/sched/sched.h"

#include "util/timefmt.h"

#include <string.h>

#define NAMES_MAX 6 /* nodes named in one breath */

struct count {
    uint32_t count, named;
    const char *names[NAMES_MAX];
};

static void count_node(struct count *n, const struct node *node)
{
    if (n->named < NAMES_MAX)
        n->names[n->named++] = node->name;
    n->count++;
}

static void add_count(struct strbuf *sb, const struct count *n, const char *what,
                      bool *some)
{
    CLEANUP_FREE char *list = NULL;

    if (!n->count)
        return;
    list = hostlist_format_names(n->names, n->named);
    strbuf_addf(sb, "%s%u %s (%s%s)", *some ? ", " : ": ", n->count, what, list,
                n->count > n->named ? ",..." : "");
    *some = true;
}

static void add_gres(struct strbuf *sb, const struct gres_need *n)
{
    const struct {
        uint32_t count;
        const char *what;
    } ways[] = { { n->per_node, "a node" },
                 { n->per_socket, "a socket" },
                 { n->per_task, "a task" },
                 { n->per_job, "in all" } };

    for (size_t i = 0; i < ARRAY_SIZE(ways); i++)
        if (ways[i].count)
            strbuf_addf(sb, ", %u %s%s%s %s", ways[i].count, n->name, *n->type ? ":" : "", n->type,
                        ways[i].what);
}

void shape_add_request(struct strbuf *sb, const struct shape *s)
{
    uint32_t least = shape_least_nodes(s), most = shape_most_nodes(s);

    if (least == most)
        strbuf_addf(sb, "needs %u node%s", least, least == 1 ? "" : "s");
    else
        strbuf_addf(sb, "needs %u to %u nodes", least, most);
    strbuf_addf(sb, " and %u CPU%s in all", shape_least_cpus(s),
                shape_least_cpus(s) == 1 ? "" : "s");
    if (s->ntasks_per_node)
        strbuf_addf(sb, ", %u task%s a node", s->ntasks_per_node,
                    s->ntasks_per_node == 1 ? "" : "s");
    if (s->min_cpus)
        strbuf_addf(sb, ", %u CPUs a node", s->min_cpus);
    if (s->mem_per_node_mb)
        strbuf_addf(sb, ", %llu MB a node", (unsigned long long)s->mem_per_node_mb);
    if (s->mem_per_cpu_mb)
        strbuf_addf(sb, ", %llu MB a CPU", (unsigned long long)s->mem_per_cpu_mb);
    for (uint32_t i = 0; i < s->num_gres; i++)
        add_gres(sb, &s->gres[i]);
    if (s->features)
        strbuf_addf(sb, ", with %s", s->features);
    if (s->nodelist)
        strbuf_addf(sb, ", on %s", s->nodelist);
    if (s->exclude)
        strbuf_addf(sb, ", not on %s", s->exclude);
    if (s->exclusive)
        strbuf_add(sb, ", whole nodes");
    if (s->contiguous)
        strbuf_add(sb, ", neighbours");
}

void shape_add_part(struct cluster *c, struct shape *s, const struct shape_part *sp,
                    struct strbuf *sb)
{
    const struct part *part = &c->parts[sp->part_index];
    struct count excluded = { 0 }, feature = { 0 }, small = { 0 }, unknown = { 0 },
                 down = { 0 }, drained = { 0 }, busy = { 0 }, free_nodes = { 0 };
    CLEANUP_HOSTLIST struct hostlist *not_these =
        s->exclude ? hostlist_parse(s->exclude, 0, NULL) : NULL;
    bool some = false;

    bitmap_for_each(part->nodes, i)
    {
        const struct node *node = c->nodes[i];
        struct amount spare;

        node_spare(node, &spare);
        if (not_these && hostlist_find(not_these, node->name) >= 0)
            count_node(&excluded, node);
        else if (!node->cores)
            count_node(&unknown, node);
        else if (!feature_match(s->expr, node))
            count_node(&feature, node);
        else if (!bitmap_test(sp->able, (size_t)i))
            count_node(&small, node);
        else if (node->flags & NODE_DRAINED && node_is_up(node))
            count_node(&drained, node);
        else if (!node_is_usable(node))
            count_node(&down, node);
        else if (!shape_fit(c, s, part, node, &spare, node_is_empty(node)))
            count_node(&busy, node);
        else
            count_node(&free_nodes, node);
    }
    strbuf_addf(sb, "the %u node%s of partition %s", part->num_nodes,
                part->num_nodes == 1 ? "" : "s", part->conf.name);
    add_count(sb, &free_nodes, "could take some of it", &some);
    add_count(sb, &busy, "in use", &some);
    add_count(sb, &down, "down", &some);
    add_count(sb, &drained, "drained", &some);
    add_count(sb, &unknown, "not registered yet", &some);
    add_count(sb, &small, "too small", &some);
    add_count(sb, &feature, "without the feature", &some);
    add_count(sb, &excluded, "excluded", &some);
}

void shape_explain(struct cluster *c, struct shape *s, struct strbuf *sb)
{
    shape_refresh(c, s);
    shape_add_request(sb, s);
    for (uint32_t i = 0; i < s->num_parts; i++) {
        strbuf_add(sb, "; of ");
        shape_add_part(c, s, &s->parts[i], sb);
    }
}

static bool choose_from(struct cluster *c, struct shape *s, const struct shape_part *sp,
                        bool usable_only)
{
    const struct part *part = &c->parts[sp->part_index];
    CLEANUP_FREE struct slot *slots = xmalloc((c->num_nodes + 1) * sizeof(*slots));
    CLEANUP_FREE uint32_t *picked = xmalloc((c->num_nodes + 1) * sizeof(*picked));
    uint32_t num = 0, num_picked;

    bitmap_for_each(sp->able, i)
    {
        struct node *node = c->nodes[i];

        if (usable_only && !node_is_usable(node))
            continue;
        slot_empty(&slots[num], node);
        slots[num].tasks = shape_fit(c, s, part, node, &slots[num].spare, true);
        num++;
    }
    return shape_choose(c, s, sp, slots, num, picked, &num_picked);
}

static enum job_reason part_reason(const struct cluster *c, const struct shape *s,
                                   const struct part *part)
{
    if (part->conf.state == PART_DOWN)
        return REASON_PART_DOWN;
    if (part->conf.state == PART_INACTIVE)
        return REASON_PART_INACTIVE;
    if (shape_time_limit(c, s, part) > part->conf.max_time_min)
        return REASON_PART_TIME_LIMIT;
    return REASON_PART_NODE_LIMIT;
}

enum job_reason shape_standing_reason(struct cluster *c, struct shape *s)
{
    enum job_reason why = REASON_PART_CONFIG;

    shape_refresh(c, s);
    for (uint32_t i = 0; i < s->num_parts; i++) {
        const struct shape_part *sp = &s->parts[i];
        const struct part *part = &c->parts[sp->part_index];
        bool unknown = false;

        if (!part_takes(c, part, s)) {
            why = part_reason(c, s, part);
            continue;
        }
        if (choose_from(c, s, sp, true))
            return REASON_RESOURCES;
        bitmap_for_each(part->nodes, n) unknown |= !c->nodes[n]->cores;
        if (!unknown && !choose_from(c, s, sp, false)) {
            why = REASON_BAD_CONSTRAINTS;
            continue;
        }
        why = REASON_NODE_DOWN;
        for (uint32_t r = 0; r < s->num_required; r++)
            if (!node_is_usable(c->nodes[s->required[r]]))
                why = REASON_REQ_NODE_NOT_AVAIL;
    }
    return why;
}

const char *job_reason_words(const struct job *job, enum job_reason reason)
{
    if (reason != REASON_REQ_NODE_NOT_AVAIL)
        return NULL;
    switch ((enum resv_wait)job->spec->shape->resv_wait) {
    case RESV_WAIT_OTHERS:
        return "ReqNodeNotAvail, May be reserved for other job";
    case RESV_WAIT_MAINT:
        return "ReqNodeNotAvail, Reserved for maintenance";
    default:
        return NULL;
    }
}

enum job_reason job_pending_reason(struct cluster *c, struct job *job)
{
    const struct shape *s = job->spec->shape;

    (void)c;
    if (job->hold)
        return job->reason == REASON_LAUNCH_FAILED_HELD
                       || job->reason == REASON_RESERVATION_DELETED
                   ? (enum job_reason)job->reason
               : job->hold == 2                         ? REASON_HELD_ADMIN
                                                        : REASON_HELD_USER;
    if (depend_state(job) == DEPEND_NEVER)
        return REASON_DEPENDENCY_NEVER;
    if (depend_state(job) == DEPEND_OPEN || depend_is_delayed(job))
        return REASON_DEPENDENCY;
    if (job->ghosts)
        return REASON_CLEANING;
    if (job->begin_usec)
        return REASON_BEGIN_TIME;
    if (array_is_full(job))
        return REASON_ARRAY_TASK_LIMIT;
    if (job->het) /* its components wait for each other */
        return REASON_RESOURCES;
    if (s->reason != REASON_RESOURCES)
        return (enum job_reason)s->reason;
    if (s->resv_wait)
        return s->resv_wait == RESV_WAIT_START ? REASON_RESERVATION : REASON_REQ_NODE_NOT_AVAIL;
    if (s->short_of_licenses)
        return REASON_LICENSES;
    return s->first && queue_first(s) == job ? REASON_RESOURCES : REASON_PRIORITY;
}

static const char *explain_unavailable(struct cluster *c, const struct shape *s,
                                       struct arena *a)
{
    CLEANUP_STRBUF struct strbuf sb = STRBUF_INIT;

    for (uint32_t r = 0; r < s->num_required; r++) {
        const struct node *node = c->nodes[s->required[r]];

        if (!node_is_usable(node))
            strbuf_addf(&sb, "%snode %s is %s%s%s", sb.len ? ", " : "", node->name,
                        node_why_unusable(node), node->reason ? ": " : "",
                        node->reason ? node->reason : "");
    }
    return arena_strdup(a, strbuf_str(&sb));
}

static const char *explain_ghosts(struct cluster *c, const struct job *job, struct arena *a)
{
    CLEANUP_HOSTLIST struct hostlist *names = hostlist_create();
    CLEANUP_FREE char *list = NULL;

    for (uint32_t i = 0; i < job->ghosts->count; i++)
        hostlist_push(names, node_at(c, job->ghosts->node_ids[i])->name);
    list = hostlist_format(names);
    return arena_printf(
        a,
        "attempt %u may still be alive on %s, which does not respond: starts when "
        "it is back, or after \"scontrol update nodename=%s state=down reason=...\"",
        job->ghosts->attempt, list, list);
}

static const char *explain_waiting(struct cluster *c, struct job *job, struct arena *a)
{
    struct shape *s = job->spec->shape;
    CLEANUP_STRBUF struct strbuf sb = STRBUF_INIT;
    const struct job *ahead =
        queue_first(s) == job ? job_table_find(&c->jobs, s->behind_job) : queue_first(s);
    char when[TIME_TEXT_MAX];

    if (s->reason == REASON_NONE)
        return "has just been submitted";
    if (job_pending_reason(c, job) == REASON_PRIORITY && ahead
        && ahead->phase == PHASE_PENDING)
        strbuf_addf(&sb, "waits behind job %u, which has a higher priority; ", ahead->id);
    if (s->short_of_licenses)
        strbuf_addf(&sb, "waits for licences (%s), others use them; ", job->spec->msg->licenses);
    if (s->reason == REASON_BAD_CONSTRAINTS)
        strbuf_add(&sb, "cannot run on this cluster as it is configured: ");
    shape_explain(c, s, &sb);
    if (job->planned_sec)
        strbuf_addf(&sb, "; planned for %s",
                    time_at_format((time_t)job->planned_sec, NULL, when));
    return arena_strdup(a, strbuf_str(&sb));
}

const char *cluster_job_reason_text(struct cluster *c, struct job *job,
                                    const struct cluster_now *now, struct arena *a)
{
    struct shape *s = job->spec->shape;
    char when[TIME_TEXT_MAX];
    const char *part = s->num_parts && s->parts[0].part_index < c->num_parts
                           ? c->parts[s->parts[0].part_index].conf.name
                           : s->partition;

    (void)now;
    if (job->phase != PHASE_PENDING)
        return job->text ? job->text : "";
    parts_refresh(c);
    switch (job_pending_reason(c, job)) {
    case REASON_HELD_USER:
    case REASON_HELD_ADMIN:
    case REASON_LAUNCH_FAILED_HELD:
        return arena_printf(a, "held%s%s%s: scontrol release %u lets it run",
                            job->hold == 2 ? " by an operator" : "", job->text ? ", " : "",
                            job->text ? job->text : "", job->id);
    case REASON_DEPENDENCY:
        return arena_printf(a, "waits for %s", cluster_job_dependency(c, job, a));
    case REASON_DEPENDENCY_NEVER:
        return arena_printf(a, "can never start: %s", cluster_job_dependency(c, job, a));
    case REASON_CLEANING:
        return explain_ghosts(c, job, a);
    case REASON_BEGIN_TIME:
        return arena_printf(a, "not before %s",
                            time_at_format((time_t)(job->begin_usec / USEC), NULL, when));
    case REASON_ARRAY_TASK_LIMIT:
        return arena_printf(a,
                            "%u tasks of array %u run, which is its limit: scontrol update jobid=%u "
                            "arraytaskthrottle=N changes it",
                            job->task->array->running, job->task->array->id, job->task->array->id);
    case REASON_PART_DOWN:
    case REASON_PART_INACTIVE:
        return arena_printf(a, "partition %s is %s", part,
                            job_pending_reason(c, job) == REASON_PART_DOWN ? "down"
                                                                           : "inactive");
    case REASON_PART_TIME_LIMIT:
        return arena_printf(a, "its time limit of %u minutes is above that of partition %s",
                            shape_time_limit(c, s, NULL), part);
    case REASON_PART_NODE_LIMIT:
        return arena_printf(a, "its %u nodes are not within the limits of partition %s",
                            shape_least_nodes(s), part);
    case REASON_PART_CONFIG:
        return arena_printf(a, "partition %s is not in the configuration any more",
                            s->partition ? s->partition : "");
    case REASON_REQ_NODE_NOT_AVAIL:
        return explain_unavailable(c, s, a);
    default:
        return explain_waiting(c, job, a);
    }
}
