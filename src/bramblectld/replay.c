/* replay.c - start is recovery: what the journal holds is applied; a record that does not
 * fit is set aside and reported, never a reason not to start. */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>

#include "bramblectld/ctld_private.h"
#include "bramblectld/journal/journal.h"
#include "bramblectld/journal/storage.h"
#include "bramblectld/projections/mail.h"
#include "bramblectld/replay.h"
#include "conf/conf.h"
#include "util/log.h"
#include "util/mem.h"

#define SKIPPED_LOGGED 20
#define COPY_JOBS 5000 /* a snapshot of more is made by a copy of this process */

/* Decoding thousands of records with malloc() for every string is slow: one arena serves all. */
static void *arena_get(void *data, size_t size)
{
    return arena_alloc(data, size);
}
static void arena_release(void *data, void *p)
{
    (void)data;
    (void)p;
}

struct replay {
    struct ctld *ctld;
    struct arena arena;
    uint64_t records;
};

static void dropped(struct ctld *c, uint64_t seq, const Wire__Event *ev)
{
    uint32_t job = 0;
    c->recovered = true;
    if (!ev) {
        log_warning("recover: dropped record %" PRIu64 " (cannot be decoded)", seq);
        return;
    }
    if (ev->body_case == WIRE__EVENT__BODY_IDS_RESERVED && ev->ids_reserved->job_id_limit > c->dropped_job_limit)
        c->dropped_job_limit = ev->ids_reserved->job_id_limit;
    if (ev->body_case == WIRE__EVENT__BODY_JOB_SUBMITTED)
        job = ev->job_submitted->job_id;
    else if (ev->body_case == WIRE__EVENT__BODY_JOB_STARTED)
        job = ev->job_started->job_id;
    else if (ev->body_case == WIRE__EVENT__BODY_JOB_ENDED)
        job = ev->job_ended->job_id;
    if (job >= c->dropped_job_limit)
        c->dropped_job_limit = job + 1;
    if (job)
        log_warning("recover: dropped record %" PRIu64 ": job %u %s", seq, job,
                    ev->body_case == WIRE__EVENT__BODY_JOB_SUBMITTED ? "submitted"
                    : ev->body_case == WIRE__EVENT__BODY_JOB_STARTED ? "started"
                                                                     : "ended");
    else
        log_warning("recover: dropped record %" PRIu64 " (event %d)", seq, (int)ev->body_case);
}

static int visit(void *arg, enum journal_source source, uint64_t seq, const void *data, size_t len, struct error *err)
{
    struct replay *r = arg;
    struct ctld *c = r->ctld;
    struct error why;
    ProtobufCAllocator alloc = { .alloc = arena_get, .free = arena_release, .allocator_data = &r->arena };
    (void)err;
    arena_reset(&r->arena);
    r->records++;
    Wire__Event *ev = wire__event__unpack(&alloc, len, data);
    if (source == JOURNAL_DROPPED) {
        dropped(c, seq, ev);
        return 0;
    }
    if (ev && source == JOURNAL_RECORD)
        mail_replayed(c->mail, seq, ev, data, len);
    if (!ev)
        error_set(&why, BRE_DAMAGED, "it cannot be decoded");
    if ((!ev || cluster_apply(c->cluster, ev, &why) < 0) && c->replay_skipped++ < SKIPPED_LOGGED)
        log_error("journal: record %" PRIu64 " was set aside: %s", seq, why.text);
    return 0;
}

static void on_fatal(void *arg, const struct error *why)
{
    struct ctld *c = arg;
    log_error("the journal failed, nothing is acknowledged any more: %s", why->text);
    c->failed = true;
    ctld_stop(c, "the journal failed");
}

static void on_space(void *arg, bool full, const struct error *why)
{
    (void)arg;
    if (full)
        log_error("state folder: %s: new work is refused until there is space; what runs goes on", why->text);
    else
        log_notice("state folder: there is space again: new work is accepted");
}

int ctld_replay(struct ctld *c, struct error *err)
{
    struct storage *st = storage_dir_open(c->conf->state_dir, err);
    struct replay r = { .ctld = c };
    struct journal_conf conf = { .recover = c->options.recover, .on_fatal = on_fatal, .on_space = on_space, .arg = c };
    struct cluster_now t0 = ctld_now(c);
    if (!st)
        return -1;
    arena_init(&r.arena, 64 << 10, 0);
    c->journal = journal_open(c->reactor, st, c->conf->state_dir, &conf, visit, &r, err);
    arena_fini(&r.arena);
    if (!c->journal)
        return -1;
    struct cluster_now t1 = ctld_now(c);
    if (r.records)
        log_notice("state: %" PRIu64 " records, %zu jobs, loaded in %" PRIu64 " ms", r.records,
                   cluster_job_count(c->cluster), t1.mono_ms - t0.mono_ms);
    if (c->replay_skipped)
        log_error("journal: %zu records did not fit and were set aside", c->replay_skipped);
    return 0;
}

static void tell_state(struct ctld *c)
{
    struct cluster_now now = ctld_now(c);
    const Wire__Event *ev;
    uint8_t *buf = NULL;
    size_t cap = 0;
    struct snapshot *s = cluster_snapshot_begin(c->cluster, &now);
    while ((ev = cluster_snapshot_next(s))) {
        size_t len = wire__event__get_packed_size(ev);
        if (len > cap)
            buf = xrealloc(buf, cap = len * 2);
        wire__event__pack(ev, buf);
        journal_snapshot_add(c->journal, buf, len);
    }
    cluster_snapshot_end(s);
    free(buf);
}

void ctld_snapshot(struct ctld *c)
{
    if (journal_snapshot_begin(c->journal) < 0)
        return;
    /* What few jobs have to tell takes less time than a second process. */
    if (cluster_job_count(c->cluster) < COPY_JOBS || journal_snapshot_copy(c->journal) != JOURNAL_COPY_PARENT)
        tell_state(c);
    journal_snapshot_finish(c->journal);
}

void ctld_reserve_ids(struct ctld *c, uint32_t limit)
{
    Wire__EvIdsReserved ids = WIRE__EV_IDS_RESERVED__INIT;
    Wire__Event ev = WIRE__EVENT__INIT;
    uint8_t buf[64];
    ids.has_job_id_limit = ev.has_time_usec = true;
    ids.job_id_limit = limit;
    ev.time_usec = ctld_now(c).wall_usec;
    ev.body_case = WIRE__EVENT__BODY_IDS_RESERVED;
    ev.ids_reserved = &ids;
    if (cluster_apply(c->cluster, &ev, NULL) == 0)
        journal_append(c->journal, buf, wire__event__pack(&ev, buf));
}
