/* admit.c - submissions that can never start are refused, with the reason. */
#include "cluster/sched/sched.h"

#include "cluster/resv/resv.h"

#include <string.h>

static int check_numbers(const Wire__JobSpec *spec, struct error *err)
{
    if (spec->has_min_nodes && !spec->min_nodes && spec->has_max_nodes && !spec->max_nodes)
        return error_set(err, BRE_TOO_MANY_NODES, "a job needs at least one node");
    if (spec->has_max_nodes && spec->max_nodes && spec->max_nodes < spec->min_nodes)
        return error_set(err, BRE_TOO_MANY_NODES,
                         "at most %u nodes, but at least %u are asked for", spec->max_nodes,
                         spec->min_nodes);
    if (spec->has_num_tasks && !spec->num_tasks)
        return error_set(err, BRE_INVAL, "a job needs at least one task");
    if (spec->has_cpus_per_task && !spec->cpus_per_task)
        return error_set(err, BRE_INVAL, "a task needs at least one CPU");
    if (spec->num_tasks > 1u << 20 || spec->min_nodes > 1u << 20
        || spec->cpus_per_task > 1u << 20)
        return error_set(err, BRE_CORE_CNT, "More processors requested than permitted");
    if (spec->has_time_limit_min && !spec->time_limit_min)
        return error_set(err, BRE_TIME_LIMIT,
                         "a time limit of 0 minutes leaves no time to run");
    if (spec->time_min_min && spec->time_limit_min && spec->time_min_min > spec->time_limit_min)
        return error_set(err, BRE_TIME_LIMIT,
                         "Requested time limit is invalid (missing or exceeds some limit): "
                         "--time-min is above --time");
    if (spec->mem_per_node_mb && spec->mem_per_cpu_mb)
        return error_set(err, BRE_INVAL, "--mem and --mem-per-cpu exclude each other");
    return 0;
}

/* nodelist and exclude name real nodes; the named nodes are in the partition. */
static int check_names(struct cluster *c, const struct shape *s, const struct part *part,
                       struct error *err)
{
    CLEANUP_HOSTLIST struct hostlist *names = NULL, *excluded = NULL;

    if (s->exclude && !(excluded = hostlist_parse(s->exclude, 0, err)))
        return error_prefix(err, "--exclude");
    for (size_t i = 0; excluded && i < hostlist_count(excluded); i++)
        if (!strmap_find(&c->conf->node_names, hostlist_nth(excluded, i)))
            return error_set(err, BRE_NODE_NAME,
                             "Invalid node name specified: %s (--exclude)",
                             hostlist_nth(excluded, i));
    if (!s->nodelist)
        return 0;
    if (!(names = hostlist_parse(s->nodelist, 0, err)))
        return error_prefix(err, "--nodelist");
    hostlist_uniq(names);
    hostlist_for_each(names, i, name)
    {
        const struct node *node = node_find(c, name);

        if (!strmap_find(&c->conf->node_names, name))
            return error_set(err, BRE_NODE_NAME, "Invalid node name specified: %s", name);
        if (!node || !bitmap_test(part->nodes, node->id))
            return error_set(
                err, BRE_NODE_CONFIG,
                "Requested node configuration is not available: node %s is not in "
                "partition %s",
                name, part->conf.name);
        if (excluded && hostlist_find(excluded, name) >= 0)
            return error_set(err, BRE_NODE_CONFIG, "node %s is both asked for and excluded",
                             name);
    }
    if (s->max_nodes && hostlist_count(names) > s->max_nodes)
        return error_set(err, BRE_TOO_MANY_NODES,
                         "--nodelist names %zu nodes, more than %u", hostlist_count(names),
                         s->max_nodes);
    return 0;
}

static int check_limits(const struct cluster *c, const struct shape *s,
                        const struct part *part, struct error *err)
{
    uint32_t limit = shape_time_limit(c, s, part), least = shape_least_nodes(s);

    if (s->num_tasks && s->num_tasks < least)
        least = s->num_tasks;
    if (limit > part->conf.max_time_min)
        return error_set(
            err, BRE_TIME_LIMIT,
            "Requested time limit is invalid (missing or exceeds some limit): %u "
            "minutes, partition %s allows %u",
            limit, part->conf.name, part->conf.max_time_min);
    if (part->conf.max_nodes && least > part->conf.max_nodes)
        return error_set(
            err, BRE_TOO_MANY_NODES,
            "Node count specification invalid: %u nodes, partition %s allows %u", least,
            part->conf.name, part->conf.max_nodes);
    if (shape_most_nodes(s) < part->conf.min_nodes)
        return error_set(
            err, BRE_TOO_MANY_NODES,
            "Node count specification invalid: %u nodes, partition %s asks for %u at "
            "least",
            shape_most_nodes(s), part->conf.name, part->conf.min_nodes);
    return 0;
}

/* Could it start if everything were up and empty?  Nodes that have not said how big they are may be
 * big enough. */
static int check_possible(struct cluster *c, struct shape *s, const struct shape_part *sp,
                          struct error *err)
{
    const struct part *part = &c->parts[sp->part_index];
    CLEANUP_FREE struct slot *slots = xmalloc((c->num_nodes + 1) * sizeof(*slots));
    CLEANUP_FREE uint32_t *picked = xmalloc((c->num_nodes + 1) * sizeof(*picked));
    CLEANUP_STRBUF struct strbuf sb = STRBUF_INIT;
    uint32_t num = 0, num_picked;

    bitmap_for_each(part->nodes, i) if (!c->nodes[i]->cores) return 0;
    bitmap_for_each(sp->able, i)
    {
        struct node *node = c->nodes[i];

        slot_empty(&slots[num], node);
        slots[num].tasks = shape_fit(c, s, part, node, &slots[num].spare, true);
        num++;
    }
    if (shape_choose(c, s, sp, slots, num, picked, &num_picked))
        return 0;
    shape_explain(c, s, &sb);
    return error_set(err, BRE_NODE_CONFIG,
                     "Requested node configuration is not available: %s", strbuf_str(&sb));
}

static int admit_part(struct cluster *c, const struct submit_request *req, struct shape *s,
                      const struct shape_part *sp, struct error *err)
{
    const struct part *part = &c->parts[sp->part_index];

    if (part->conf.state == PART_INACTIVE || part->conf.state == PART_DRAIN)
        return error_set(err, BRE_PART_DOWN,
                         "Required partition not available (inactive or drain): %s is %s",
                         part->conf.name, part_state_name(part->conf.state));
    if (part_check_access(part, req, err) < 0)
        return -1;
    if (check_names(c, s, part, err) < 0)
        return -1;
    if (conf_of(c)->enforce_part_limits && check_limits(c, s, part, err) < 0)
        return -1;
    return check_possible(c, s, sp, err);
}

static struct shape *admitted_shape(struct cluster *c, const Wire__JobSpec *spec,
                                    struct error *err)
{
    Wire__JobSpec copy = *spec;
    const char *p;

    if (!c->num_parts) {
        error_set(err, BRE_PART_NAME, "no partition is configured");
        return NULL;
    }
    if (!copy.partition || !*copy.partition)
        copy.partition = (char *)part_default(c)->conf.name;
    p = copy.partition;
    for (size_t count = 0; *p; count++) {
        size_t len = strcspn(p, ",");
        CLEANUP_FREE char *name = xstrndup(p, len);

        if (!part_find(c, name)) {
            error_set(err, BRE_PART_NAME, "Invalid partition name specified: \"%s\"", name);
            return NULL;
        }
        if (count == PLAN_PARTS_MAX) {
            error_set(err, BRE_PART_NAME, "more than %d partitions", PLAN_PARTS_MAX);
            return NULL;
        }
        p += len + (p[len] == ',');
    }
    return shape_intern(c, &copy);
}

static int check_features(const struct cluster *c, const char *text, struct error *err)
{
    struct feature_expr *x;
    const char *unknown;

    if (!text || !*text)
        return 0;
    if (!(x = feature_parse(text, err)))
        return -1;
    unknown = feature_unknown(c, x);
    for (size_t i = 0; i < c->num_nodes; i++) /* a node to come may bring the feature */
        if (c->nodes[i] && c->nodes[i]->conf && !c->nodes[i]->facts)
            unknown = NULL;
    if (unknown)
        error_set(err, BRE_FEATURE, "Invalid feature specification: no node has \"%s\"",
                  unknown);
    feature_destroy(x);
    return unknown ? -1 : 0;
}

static int check_gres(const struct cluster *c, const Wire__JobSpec *spec, struct error *err)
{
    struct shape probe = { .num_tasks = spec->num_tasks, .min_nodes = spec->min_nodes };
    const char *unknown;
    int rc = gres_read(&probe, spec, err);

    if (rc == 0 && (unknown = gres_unknown(c, &probe)))
        rc = error_set(err, BRE_GRES,
                       "Invalid generic resource (gres) specification: no node has \"%s\"",
                       unknown);
    free(probe.gres);
    return rc;
}

int shape_admit(struct cluster *c, const struct cluster_now *now,
                const struct submit_request *req, struct arena *a, const char **warning,
                struct error *err)
{
    struct shape *s;
    int rc = -1;

    (void)now;
    parts_refresh(c);
    if (check_numbers(req->spec, err) < 0 || resv_check_job(c, req, err) < 0)
        return -1;
    if (check_features(c, req->spec->features, err) < 0
        || check_features(c, req->spec->prefer, err) < 0)
        return -1;
    if (licenses_check(c, req->spec->licenses, err) < 0
        || check_gres(c, req->spec, err) < 0 || !(s = admitted_shape(c, req->spec, err)))
        return -1;
    shape_refresh(c, s);
    for (uint32_t i = 0; i < s->num_parts && rc < 0; i++)
        rc = admit_part(c, req, s, &s->parts[i], err);
    if (rc == 0 && warning) {
        enum job_reason why = shape_standing_reason(c, s);

        if (why == REASON_NODE_DOWN || why == REASON_REQ_NODE_NOT_AVAIL) {
            CLEANUP_STRBUF struct strbuf sb = STRBUF_INIT;

            shape_explain(c, s, &sb);
            *warning = arena_strdup(a, strbuf_str(&sb));
        }
    }
    shape_decref(c, s);
    return rc;
}

int cluster_test_submit(struct cluster *c, const struct cluster_now *now,
                        const struct submit_request *req, struct arena *a,
                        struct start_forecast *res, struct error *err)
{
    const char *warning = NULL;
    Wire__JobSpec copy = *req->spec;
    struct plan *plan;
    struct shape *s;
    uint32_t units = 0;
    int64_t best = FOREVER;
    bool taken = false;
    int rc = -1;

    parts_refresh(c);
    if (shape_admit(c, now, req, a, &warning, err) < 0)
        return -1;
    if (!copy.partition || !*copy.partition)
        copy.partition = (char *)part_default(c)->conf.name;
    s = shape_intern(c, &copy);
    shape_refresh(c, s);
    /* a plan of its own would fight a running pass over the nodes' slots: end that one first */
    sched_pause(c);
    plan = plan_create(c);
    plan_reset(plan, now->wall_usec);
    for (uint32_t i = 0; i < s->num_parts; i++) {
        const struct part *part = &c->parts[s->parts[i].part_index];
        uint32_t limit = shape_time_limit(c, s, part);
        struct plan_picture picture;
        int64_t at;

        if (!part_takes(c, part, s))
            continue;
        taken = true;
        at = plan_start(plan, s, &s->parts[i],
                        limit == TIME_UNLIMITED_MIN ? FOREVER : limit * MIN_USEC, false,
                        &units);
        if (at >= best)
            continue;
        best = at;
        plan_last(plan, s, &s->parts[i], a, &picture);
        res->job_id = job_id_next(c);
        res->start_sec = (at + USEC - 1) / USEC;
        res->partition = arena_strdup(a, part->conf.name);
        res->nodes = picture.nodes;
        res->cpus = picture.cpus;
        rc = 0;
    }
    if (rc < 0 && (!s->num_parts || taken || check_limits(c, s, &c->parts[s->parts[0].part_index], err) == 0))
        error_set(err, BRE_NODES_BUSY, "no start can be foreseen: %s",
                  warning ? warning : taken ? "what runs has no time limit" : "its partition starts no jobs");
    plan_destroy(plan);
    shape_decref(c, s);
    return rc;
}
