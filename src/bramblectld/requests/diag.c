/* diag.c - the counters behind sdiag, and the answer to it. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bramble/constants.h"
#include "bramblectld/journal/journal.h"
#include "bramblectld/projections/accounting.h"
#include "bramblectld/requests/diag.h"
#include "bramblectld/requests/request.h"
#include "util/hash.h"
#include "util/mem.h"

#define DAY_SEC 86400
#define CLOCK_CALLS 1000
#define DIAG_RPCS_MAX 512 /* of client.proto */

struct tally {
    uint32_t type, table, uid;
    uint64_t count, usec;
};

/* What begins anew every day. */
struct daily {
    int64_t since_sec;
    uint64_t submitted, started, completed, canceled, failed, backfilled;
    uint64_t passes, pass_usec, pass_usec_max, pass_depth;
    uint64_t plans, plan_usec, plan_usec_max, plan_depth, plan_queue;
    uint64_t ends[2]; /* passes that saw the whole queue, and that left some of it unplanned */
};
struct diag {
    struct daily today;
    uint64_t backfilled; /* since the start */
    int64_t pass_usec;   /* of the pass under way */
    uint64_t passes;     /* of the scheduler, as of the last one counted */
    uint64_t last_usec, last_queue, last_depth, last_planned, last_plan_usec;
    int64_t last_plan_sec;
    uint32_t clock_usec; /* of a thousand looks at the clock, at the start */
    struct idmap types, users; /* of struct tally */
};

int64_t diag_clock(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

struct diag *diag_create(int64_t now_sec)
{
    struct diag *d = xcalloc(1, sizeof(*d));
    int64_t from = diag_clock();
    for (int i = 0; i < CLOCK_CALLS; i++)
        diag_clock();
    d->clock_usec = (uint32_t)(diag_clock() - from);
    d->today.since_sec = now_sec;
    return d;
}

static void tallies_drop(struct idmap *map)
{
    size_t pos = 0;
    struct tally *t;
    while ((t = idmap_next(map, &pos, NULL)))
        free(t);
    idmap_fini(map);
    memset(map, 0, sizeof(*map));
}

void diag_destroy(struct diag *d)
{
    if (!d)
        return;
    tallies_drop(&d->types);
    tallies_drop(&d->users);
    free(d);
}

static void begin_day(struct diag *d, int64_t now_sec)
{
    if (now_sec / DAY_SEC != d->today.since_sec / DAY_SEC)
        d->today = (struct daily){ .since_sec = now_sec - now_sec % DAY_SEC };
}

static void job_ended(struct diag *d, uint32_t state)
{
    if (state == JOB_CANCELLED)
        d->today.canceled++;
    else if (state == JOB_NODE_FAIL || state == JOB_BOOT_FAIL)
        d->today.failed++;
    else
        d->today.completed++;
}

void diag_event(struct diag *d, const Wire__Event *ev)
{
    begin_day(d, ev->time_usec / 1000000);
    switch (ev->body_case) {
    case WIRE__EVENT__BODY_JOB_SUBMITTED:
        d->today.submitted++;
        break;
    case WIRE__EVENT__BODY_JOB_STARTED:
        d->today.started++;
        d->today.backfilled += ev->job_started->backfill;
        d->backfilled += ev->job_started->backfill;
        break;
    case WIRE__EVENT__BODY_JOB_ENDED:
        job_ended(d, ev->job_ended->state);
        break;
    default:
        break;
    }
}

void diag_pass(struct diag *d, int64_t usec, bool over, const struct cluster_stats *stats, int64_t now_sec)
{
    struct daily *day = &d->today;
    uint64_t took = (uint64_t)(d->pass_usec += usec);
    if (!over || stats->passes == d->passes)
        return;
    begin_day(d, now_sec);
    d->passes = stats->passes;
    d->pass_usec = 0;
    d->last_usec = took;
    d->last_queue = stats->queued;
    d->last_depth = stats->last_pass_tried;
    day->passes++;
    day->pass_usec += took;
    day->pass_depth += stats->last_pass_tried;
    if (took > day->pass_usec_max)
        day->pass_usec_max = took;
    day->ends[stats->last_pass_cut]++;
    if (!stats->last_pass_planned)
        return;
    /* planning ahead of what cannot start is part of the same pass */
    d->last_planned = stats->last_pass_planned;
    d->last_plan_usec = took;
    d->last_plan_sec = now_sec;
    day->plans++;
    day->plan_usec += took;
    day->plan_depth += stats->last_pass_planned;
    day->plan_queue += stats->queued;
    if (took > day->plan_usec_max)
        day->plan_usec_max = took;
}

static void tally_add(struct idmap *map, uint64_t key, const struct tally *what, unsigned count, int64_t usec)
{
    struct tally *t = idmap_find(map, key);
    if (!t) {
        t = xcalloc(1, sizeof(*t));
        *t = *what;
        idmap_put(map, key, t);
    }
    t->count += count;
    t->usec += usec > 0 ? (uint64_t)usec : 0;
}

void diag_rpc(struct diag *d, unsigned type, unsigned table, uint32_t uid, unsigned count, int64_t usec)
{
    const struct tally what = { .type = type, .table = table, .uid = uid };
    tally_add(&d->types, (uint64_t)type << 8 | table, &what, count, usec);
    tally_add(&d->users, (uint64_t)uid + 1, &what, count, usec);
}

/* ---- the answer ---- */

static int by_count(const void *a, const void *b)
{
    const Wire__DiagRpc *x = *(Wire__DiagRpc *const *)a, *y = *(Wire__DiagRpc *const *)b;
    return x->count < y->count ? 1 : x->count > y->count ? -1 : 0;
}

static Wire__DiagRpc **tallies(struct request *req, struct idmap *map, bool users, size_t *num)
{
    size_t pos = 0, n = 0;
    struct tally *t;
    Wire__DiagRpc **list = arena_calloc(&req->arena, DIAG_RPCS_MAX, sizeof(*list));
    while (n < DIAG_RPCS_MAX && (t = idmap_next(map, &pos, NULL))) {
        const struct identity *id = users ? identity_known(req->ctld->identities, t->uid) : NULL;
        Wire__DiagRpc *r = arena_calloc(&req->arena, 1, sizeof(*r));
        wire__diag_rpc__init(r);
        r->has_type = r->has_table = !users;
        r->type = t->type;
        r->table = t->table;
        r->has_uid = users;
        r->uid = t->uid;
        r->user = id ? id->wire.user_name : NULL;
        r->has_count = r->has_usec = true;
        r->count = t->count;
        r->usec = t->usec;
        list[n++] = r;
    }
    qsort(list, n, sizeof(*list), by_count);
    *num = n;
    return list;
}

#define PUT(name, what) (reply.has_##name = true, reply.name = (what))

void diag_handle(struct request *req, const Wire__DiagRequest *msg)
{
    struct ctld *c = req->ctld;
    struct diag *d = c->diag;
    struct daily *day = &d->today;
    struct cluster_stats stats;
    int64_t now = time(NULL);
    Wire__DiagReply reply = WIRE__DIAG_REPLY__INIT;
    if (msg->has_reset && msg->reset) {
        if (!req->session->who.is_operator) {
            request_refuse_code(req, BRE_ACCESS, "only operators may reset the counters");
            return;
        }
        *day = (struct daily){ .since_sec = now };
        tallies_drop(&d->types);
        tallies_drop(&d->users);
    }
    begin_day(d, now);
    cluster_stats(c->cluster, &stats);
    PUT(now, now);
    PUT(since, day->since_sec);
    PUT(accounting_queue, c->accounting ? journal_durable(c->journal) - accounting_position(c->accounting) : 0);
    PUT(jobs_submitted, day->submitted);
    PUT(jobs_started, day->started);
    PUT(jobs_completed, day->completed);
    PUT(jobs_canceled, day->canceled);
    PUT(jobs_failed, day->failed);
    PUT(jobs_pending, stats.pending);
    PUT(jobs_running, stats.running);
    PUT(pass_last_usec, d->last_usec);
    PUT(pass_max_usec, day->pass_usec_max);
    PUT(pass_sum_usec, day->pass_usec);
    PUT(passes, day->passes);
    PUT(pass_depth, day->pass_depth);
    PUT(queue_length, d->last_queue);
    PUT(ended_whole, day->ends[0]);
    PUT(ended_cut, day->ends[1]);
    PUT(backfilled, d->backfilled);
    PUT(backfilled_since, day->backfilled);
    PUT(plans, day->plans);
    PUT(plan_last_sec, d->last_plan_sec);
    PUT(plan_last_usec, d->last_plan_usec);
    PUT(plan_max_usec, day->plan_usec_max);
    PUT(plan_sum_usec, day->plan_usec);
    PUT(plan_last_depth, d->last_planned);
    PUT(plan_depth, day->plan_depth);
    PUT(plan_queue, day->plan_queue);
    PUT(clock_usec, d->clock_usec);
    reply.types = tallies(req, &d->types, false, &reply.n_types);
    reply.users = tallies(req, &d->users, true, &reply.n_users);
    request_reply(req, MSG_DIAG_REPLY, &reply.base);
}
