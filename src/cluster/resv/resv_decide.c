/* resv_decide.c - reservations are made, changed and deleted, begin, repeat and end. */
#include "cluster/resv/resv.h"

#include "cluster/event/event.h"
#include "cluster/job/job.h"
#include "cluster/node/node.h"
#include "cluster/part/part.h"
#include "cluster/sched/sched.h"

#include <string.h>
#include <strings.h>
#include <time.h>

#define DAY_USEC (INT64_C(86400) * USEC)

/* ---- who may use one ---- */

static bool may_use(const struct resv *r, const struct submit_request *req)
{
    const Wire__EvResv *m = r->msg;

    if (req->identity && resv_listed(m->users, req->identity->user_name ? req->identity->user_name : ""))
        return true;
    if (m->accounts && req->spec->account && resv_listed(m->accounts, req->spec->account))
        return true;
    for (size_t i = 0; m->groups && i < req->num_groups; i++)
        if (resv_listed(m->groups, req->groups[i]))
            return true;
    return false;
}

int resv_check_job(struct cluster *c, const struct submit_request *req, struct error *err)
{
    const char *p = req->spec->reservation;

    for (; p && *p; p += strcspn(p, ","), p += *p == ',') {
        CLEANUP_FREE char *name = xstrndup(p, strcspn(p, ","));
        const struct resv *r = resv_find(c, name);

        if (!r)
            return error_set(err, BRE_RESERVATION,
                             "Requested reservation is invalid: there is no reservation %s", name);
        if (!may_use(r, req))
            return error_set(err, BRE_RESV_ACCESS,
                             "Access denied to requested reservation: %s is for %s%s%s%s%s%s", name,
                             r->msg->users ? "users " : "", r->msg->users ? r->msg->users : "",
                             r->msg->accounts ? " accounts " : "",
                             r->msg->accounts ? r->msg->accounts : "",
                             r->msg->groups ? " groups " : "", r->msg->groups ? r->msg->groups : "");
    }
    return 0;
}

/* ---- its nodes ---- */

static bool overlaps(const Wire__EvResv *m, const struct resv *other, int64_t now)
{
    return resv_start(other, now) < m->end_usec && resv_end(other, now) > m->start_usec;
}

/* Cores of the node that other reservations leave; jobs may be in the way as well. */
static uint32_t node_room(struct cluster *c, const struct cluster_now *now, const Wire__EvResv *m,
                          const struct node *node, bool *resv_conflict)
{
    uint32_t left = node->cores ? node->cores : 1;

    *resv_conflict = false;
    if (!(m->flags & (RESV_MAINT | RESV_OVERLAP)))
        list_for_each(link, &c->resvs)
        {
            const struct resv *r = container_of(link, struct resv, link);
            const struct resv_node *rn = resv_node(r, node->id);
            uint32_t held;

            if (!rn || strcmp(r->msg->name, m->name) == 0 || !overlaps(m, r, now->wall_usec)
                || r->msg->flags & (RESV_MAINT | RESV_OVERLAP))
                continue;
            held = rn->cores ? rn->cores : left;
            left = left > held ? left - held : 0;
            *resv_conflict = true;
        }
    if (m->flags & RESV_IGNORE_JOBS)
        return left;
    for (uint32_t i = 0; i < node->num_jobs; i++) {
        const struct job *job = node->jobs[i].job;
        int64_t end = job->end_limit;

        if ((!end || end > m->start_usec)
            && !(job->alloc->reservation && strcmp(job->alloc->reservation, m->name) == 0)) {
            uint32_t held = job->alloc->nodes[node->jobs[i].place].cores
                                ? (uint32_t)bitmap_count(job->alloc->nodes[node->jobs[i].place].cores)
                                : 0;

            left = left > held ? left - held : 0;
        }
    }
    return left;
}

static void node_push(Wire__EvResv *m, uint32_t id, uint32_t cores)
{
    m->node_ids[m->n_node_ids++] = id;
    if (m->cores)
        m->cores[m->n_cores++] = cores;
}

/* Every node named, whole. */
static int take_named(struct cluster *c, const struct cluster_now *now, const char *text,
                      Wire__EvResv *m, struct error *err)
{
    struct bitmap *set = bitmap_create(c->num_nodes ? c->num_nodes : 1);
    int rc = part_nodes_parse(c, text, set, err);

    if (rc < 0)
        error_set(err, BRE_NODE_NAME, "Invalid node name specified: %.200s", text);
    if (m->flags & RESV_PART_NODES && strcasecmp(text, "all") == 0 && m->partition) {
        const struct part *part = part_find(c, m->partition);

        if (part)
            bitmap_assign(set, part->nodes);
    }
    bitmap_for_each(set, i)
    {
        const struct node *node = node_at(c, (uint32_t)i);
        bool conflict;

        if (rc < 0)
            break;
        if (node_room(c, now, m, node, &conflict) < (node->cores ? node->cores : 1))
            rc = conflict ? error_set(err, BRE_RESV_OVERLAP,
                                      "Requested reservation overlaps with another reservation: on "
                                      "node %s",
                                      node->name)
                          : error_set(err, BRE_NODES_BUSY,
                                      "Requested nodes are busy: jobs run on node %s until after the "
                                      "start; Flags=IGNORE_JOBS reserves it all the same",
                                      node->name);
        node_push(m, (uint32_t)i, 0);
    }
    bitmap_destroy(set);
    return rc;
}

/* So many nodes, or cores, of the partition. */
static int take_some(struct cluster *c, const struct cluster_now *now, const struct resv_wish *w,
                     const struct part *part, Wire__EvResv *m, struct error *err)
{
    struct feature_expr *features = NULL;
    uint32_t nodes = w->node_cnt ? w->node_cnt : UINT32_MAX, cores = w->core_cnt;

    if (m->features && !(features = feature_parse(m->features, err)))
        return -1;
    bitmap_for_each(part->nodes, i)
    {
        const struct node *node = node_at(c, (uint32_t)i);
        uint32_t room;
        bool conflict;

        if (!nodes || (w->core_cnt && !cores))
            break;
        if (!node_is_usable(node) || !feature_match(features, node))
            continue;
        room = node_room(c, now, m, node, &conflict);
        if (!room || (!w->core_cnt && room < node->cores))
            continue;
        room = w->core_cnt && room > cores ? cores : room;
        cores -= w->core_cnt ? room : 0;
        nodes--;
        node_push(m, (uint32_t)i, w->core_cnt ? room : 0);
    }
    feature_destroy(features);
    if ((w->core_cnt && cores) || (!w->core_cnt && nodes))
        return error_set(err, BRE_NODES_BUSY,
                         "Requested nodes are busy: %zu fit of those of partition %s", m->n_node_ids,
                         part->conf.name);
    return 0;
}

static int take_nodes(struct cluster *c, const struct cluster_now *now, struct resv_wish *w,
                      Wire__EvResv *m, struct decision *d, struct error *err)
{
    const struct part *part = m->partition ? part_find(c, m->partition) : part_default(c);

    if (!part)
        return error_set(err, BRE_PART_NAME, "Invalid partition name specified");
    m->node_ids = arena_alloc(&d->arena, (c->num_nodes + 1) * sizeof(uint32_t));
    m->n_node_ids = m->n_cores = 0;
    m->cores = w->core_cnt ? arena_alloc(&d->arena, (c->num_nodes + 1) * sizeof(uint32_t)) : NULL;
    if (w->nodes) {
        SET(m, flags, m->flags | RESV_SPEC_NODES);
        if (strcasecmp(w->nodes, "all") == 0 && !(m->flags & RESV_PART_NODES))
            m->flags |= RESV_ALL_NODES;
        if (!w->core_cnt)
            return take_named(c, now, w->nodes, m, err);
        return error_set(err, BRE_UPDATE, "CoreCnt with Nodes is not supported: use CoreCnt with PartitionName");
    }
    if (!m->partition)
        m->partition = arena_strdup(&d->arena, part->conf.name);
    SET(m, node_cnt, w->node_cnt);
    SET(m, core_cnt, w->core_cnt);
    return take_some(c, now, w, part, m, err);
}

/* ---- create, update, delete ---- */

static int set_times(struct resv_wish *w, struct error *err)
{
    Wire__EvResv *m = &w->msg;

    if (w->has_duration && w->has_end && !w->has_start)
        SET(m, start_usec, m->end_usec - w->duration_usec);
    else if (w->has_duration)
        SET(m, end_usec, m->start_usec + w->duration_usec);
    else if (w->has_start && !w->has_end && m->has_end_usec && w->duration_usec)
        SET(m, end_usec, m->start_usec + w->duration_usec); /* it moves as a whole */
    if (m->end_usec <= m->start_usec)
        return error_set(err, BRE_INVAL, "Time specified is not valid: the end is not after the start");
    return 0;
}

static int check_new(const struct resv_wish *w, struct error *err)
{
    const Wire__EvResv *m = &w->msg;

    if (!w->has_start)
        return error_set(err, BRE_UPDATE, "A start time must be given.  No reservation created.");
    if (!w->has_end && !w->has_duration)
        return error_set(err, BRE_UPDATE, "An end time or duration must be given.  No reservation created.");
    if (!w->nodes && !w->node_cnt && !w->core_cnt)
        return error_set(err, BRE_UPDATE,
                         "CoreCnt, Nodes, NodeCnt, BurstBuffer, Licenses or Watts must be specified.  "
                         "No reservation created.");
    if (!m->users && !m->accounts && !m->groups)
        return error_set(err, BRE_UPDATE,
                         "Either Users/Groups and/or Accounts must be specified.  No reservation created.");
    return 0;
}

static void name_new(struct cluster *c, Wire__EvResv *m, struct decision *d)
{
    const char *who = m->users ? m->users : m->accounts ? m->accounts : m->groups ? m->groups : "resv";

    SET(m, serial, c->resv_serial + 1);
    if (m->name && *m->name)
        return;
    do
        m->name = arena_printf(&d->arena, "%.*s_%u", (int)strcspn(who, ","), who, m->serial++);
    while (resv_find(c, m->name));
    m->serial--;
}

static Wire__EvResv *add_event(const struct cluster_now *now, const Wire__EvResv *msg,
                               struct decision *d)
{
    Wire__EvResv *ev = event_add(d, now, resv, RESV, EvResv, EV_RESV);

    *ev = *msg;
    return ev;
}

int cluster_decide_update_resv(struct cluster *c, const struct cluster_now *now,
                               const struct cluster_who *who, enum update_op op,
                               Wire__KeyValue *const *items, size_t num_items, struct decision *d,
                               const char **name_out, struct error *err)
{
    struct resv_wish w = { .msg = WIRE__EV_RESV__INIT };
    const struct resv *old = NULL;
    const char *name = "";

    for (size_t i = 0; i < num_items; i++)
        if (items[i]->key && strcasecmp(items[i]->key, "reservationname") == 0)
            name = items[i]->value ? items[i]->value : "";
    parts_refresh(c);
    old = *name ? resv_find(c, name) : NULL;
    if (op != UPDATE_CREATE && !old)
        return error_set(err, BRE_RESERVATION, "Requested reservation is invalid");
    if (!who->is_operator && !who->is_admin
        && !(op == UPDATE_DELETE && old->msg->flags & RESV_USER_DELETE && old->msg->by_uid == who->uid))
        return error_set(err, BRE_ACCESS, "Access/permission denied: only operators may change reservations");
    if (op == UPDATE_CREATE && (old || strlen(name) > 255 || strpbrk(name, ", \t\n=")))
        return error_set(err, BRE_RESERVATION, "Requested reservation is invalid: %s",
                         old ? "there is one of this name" : "this cannot be a name");
    if (op == UPDATE_DELETE && resv_used(c, old, true))
        return error_set(err, BRE_RESV_BUSY, "Requested reservation is in use");
    clock_check(c, now, d);
    if (old) {
        w.msg = *old->msg;
        w.duration_usec = old->msg->end_usec - old->msg->start_usec;
    }
    w.msg.name = arena_strdup(&d->arena, name);
    if (op == UPDATE_DELETE) {
        SET(&w.msg, deleted, 1);
        add_event(now, &w.msg, d);
        return 0;
    }
    for (size_t i = 0; i < num_items; i++) {
        const char *key = items[i]->key ? items[i]->key : "";

        if (strcasecmp(key, "reservationname") != 0
            && resv_set_key(&w, now, key, items[i]->value ? items[i]->value : "", d, err) < 0)
            return -1;
    }
    if (op == UPDATE_CREATE && check_new(&w, err) < 0)
        return -1;
    if (set_times(&w, err) < 0)
        return -1;
    if (w.msg.end_usec <= now->wall_usec)
        return error_set(err, BRE_INVAL, "Time specified is not valid: the end is in the past");
    if (w.msg.flags & RESV_TIME_FLOAT && !(old && old->msg->flags & RESV_TIME_FLOAT))
        SET(&w.msg, float_usec, w.msg.start_usec > now->wall_usec ? w.msg.start_usec - now->wall_usec : 0);
    if (op == UPDATE_CREATE) {
        SET(&w.msg, by_uid, who->uid);
        name_new(c, &w.msg, d);
    }
    if (w.resize && !w.nodes && !w.node_cnt && !w.core_cnt && old) {
        w.node_cnt = old->msg->core_cnt ? 0 : (uint32_t)old->msg->n_node_ids;
        w.core_cnt = old->msg->core_cnt;
    }
    if (w.resize && take_nodes(c, now, &w, &w.msg, d, err) < 0)
        return -1;
    add_event(now, &w.msg, d);
    if (name_out)
        *name_out = w.msg.name;
    return 0;
}

/* ---- time ---- */

static bool day_fits(int64_t at_usec, uint32_t flags)
{
    time_t at = (time_t)(at_usec / USEC);
    struct tm tm;
    bool weekend;

    localtime_r(&at, &tm);
    weekend = tm.tm_wday == 0 || tm.tm_wday == 6;
    return flags & RESV_WEEKDAY ? !weekend : flags & RESV_WEEKEND ? weekend : true;
}

/* The next occurrence that has not ended; days keep their hour when summer time begins or ends. */
static int64_t next_start(const Wire__EvResv *m, int64_t now_usec)
{
    int64_t start = m->start_usec, length = m->end_usec - m->start_usec;

    do {
        if (m->flags & RESV_HOURLY) {
            start += INT64_C(3600) * USEC;
        } else {
            time_t at = (time_t)(start / USEC);
            struct tm tm;

            localtime_r(&at, &tm);
            tm.tm_mday += m->flags & RESV_WEEKLY ? 7 : 1;
            tm.tm_isdst = -1;
            start = (int64_t)mktime(&tm) * USEC + start % USEC;
        }
    } while (start + length <= now_usec || !day_fits(start, m->flags));
    return start;
}

/* Those who wait for it would wait for ever: held, with the reason. */
static void hold_waiting(struct cluster *c, const struct cluster_now *now, const struct resv *r,
                         struct decision *d)
{
    for (struct job *job = job_table_next(&c->jobs, 0); job; job = job_table_next(&c->jobs, job->id)) {
        const char *list = job->spec->msg->reservation;
        Wire__EvJobUpdated *ev;

        if (job->phase != PHASE_PENDING || job->hold || !list || strcmp(list, r->msg->name) != 0)
            continue;
        ev = event_add(d, now, job_updated, JOB_UPDATED, EvJobUpdated, EV_JOB_UPDATED);
        SET(ev, job_id, job->id);
        SET(ev, hold, 2);
        SET(ev, reason, REASON_RESERVATION_DELETED);
    }
}

/* What runs in it ends with it. */
static void end_running(struct cluster *c, const struct cluster_now *now, const struct resv *r,
                        struct decision *d)
{
    struct job_end end = { .state = JOB_TIMEOUT, .reason = REASON_TIME_LIMIT,
                           .text = "its reservation has ended" };

    if (r->msg->flags & RESV_FLEX)
        return;
    for (struct job *job = job_table_next(&c->jobs, 0); job; job = job_table_next(&c->jobs, job->id))
        if (job->phase == PHASE_RUNNING && resv_of_job(c, job) == r)
            job_decide_end(c, now, job, &end, UINT32_MAX, false, d);
}

static void decide_over(struct cluster *c, const struct cluster_now *now, const struct resv *r,
                        struct decision *d)
{
    Wire__EvResv m = *r->msg;

    end_running(c, now, r, d);
    if (m.flags & RESV_REPEATS) {
        int64_t length = m.end_usec - m.start_usec;

        SET(&m, start_usec, next_start(r->msg, now->wall_usec));
        SET(&m, end_usec, m.start_usec + length);
    } else {
        if (!(m.flags & RESV_NO_HOLD))
            hold_waiting(c, now, r, d);
        SET(&m, deleted, 1);
    }
    add_event(now, &m, d);
}

/* PURGE_COMP: nobody has used it for that long. */
static bool is_purged(struct cluster *c, struct resv *r, int64_t now)
{
    if (!(r->msg->flags & RESV_PURGE_COMP) || !r->active || resv_used(c, r, true)) {
        r->idle_since_usec = 0;
        return false;
    }
    if (!r->idle_since_usec)
        r->idle_since_usec = now;
    return now >= r->idle_since_usec + (int64_t)r->msg->purge_sec * USEC;
}

static void mark_nodes(struct cluster *c)
{
    for (size_t i = 0; i < c->num_nodes; i++)
        if (c->nodes[i])
            c->nodes[i]->resv_flags = 0;
    list_for_each(link, &c->resvs)
    {
        const struct resv *r = container_of(link, struct resv, link);

        for (uint32_t i = 0; r->active && i < r->count; i++)
            if (!r->nodes[i].cores)
                node_at(c, r->nodes[i].node_id)->resv_flags |=
                    r->msg->flags & RESV_MAINT ? NODE_FLAG_MAINT : NODE_FLAG_RESERVED;
    }
}

void resvs_decide_due(struct cluster *c, const struct cluster_now *now, struct decision *d)
{
    bool changed = c->resvs_stale;

    list_for_each(link, &c->resvs)
    {
        struct resv *r = container_of(link, struct resv, link);
        bool active = resv_is_active(r, now->wall_usec);

        changed |= active != r->active;
        r->active = active;
        if (!(r->msg->flags & RESV_TIME_FLOAT) && r->msg->end_usec <= now->wall_usec) {
            decide_over(c, now, r, d);
        } else if (is_purged(c, r, now->wall_usec)) {
            Wire__EvResv m = *r->msg;

            SET(&m, deleted, 1);
            add_event(now, &m, d);
        }
    }
    if (!changed)
        return;
    c->resvs_stale = false;
    mark_nodes(c);
    sched_pause(c);
    cluster_nodes_changed(c);
    effect_add(d, EFFECT_SCHEDULE);
}

int64_t resvs_next_due(const struct cluster *c, int64_t now_usec)
{
    int64_t next = c->resvs_stale ? now_usec : INT64_MAX;

    list_for_each(link, &c->resvs)
    {
        const struct resv *r = container_of(link, struct resv, link);
        int64_t at = r->active ? r->msg->end_usec : r->msg->start_usec;

        if (!(r->msg->flags & RESV_TIME_FLOAT) && at < next)
            next = at;
        if (r->msg->flags & RESV_PURGE_COMP && r->active) {
            at = r->idle_since_usec ? r->idle_since_usec + (int64_t)r->msg->purge_sec * USEC
                                    : now_usec + 60 * USEC;
            next = at < next ? at : next;
        }
    }
    return next;
}
