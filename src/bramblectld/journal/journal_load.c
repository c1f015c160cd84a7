/* journal_load.c - start-up: the newest snapshot, then the segments after it. */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "bramblectld/journal/journal_private.h"
#include "bramblectld/journal/scan.h"
#include "util/log.h"
#include "util/mem.h"

struct load {
    struct journal *j;
    journal_visit_f *visit;
    void *arg;
    struct error *err;
    uint64_t *segs, *snaps;
    size_t num_segs, num_snaps;
    uint64_t expect; /* sequence number of the next record */
    uint64_t dropped_max;
    size_t dropped;
    uint64_t max_incarnation;
};

static const uint8_t zeros[4096];

/* Zero [from, to) of an open file. */
static int zero_range(struct storage *st, int fd, uint64_t from, uint64_t to, struct error *err)
{
    while (from < to) {
        size_t n = to - from < sizeof(zeros) ? (size_t)(to - from) : sizeof(zeros);
        if (storage_write_full(st, fd, zeros, n, from) < 0)
            return error_set(err, errno, "cannot clear the end of the journal: %s", strerror(errno));
        from += n;
    }
    if (st->ops->sync(st, fd) < 0)
        return error_set(err, errno, "cannot clear the end of the journal: %s", strerror(errno));
    return 0;
}

/* ---- snapshot ---- */

/* Visit the records; -1 with BRE_DAMAGED when the file is not whole.  *records counts those visited. */
static int snapshot_load(struct load *l, uint64_t seq, bool dry, uint64_t *records, struct error *err)
{
    char name[FILE_NAME_MAX];
    struct scan s;
    struct record_head head = { 0 };
    const uint8_t *rec;
    enum scan_result res;
    bool ended = false;
    *records = 0;
    file_name(name, "snapshot", seq);
    if (scan_open(&s, l->j->st, name, SNAPSHOT_MAGIC, err) < 0)
        return -1;
    if (s.head.incarnation > l->max_incarnation)
        l->max_incarnation = s.head.incarnation;
    uint64_t at = s.off;
    while (!ended && (res = scan_next(&s, &head, &rec)) == SCAN_RECORD && head.seq == *records + 1) {
        if (head.kind == RECORD_END) {
            ended = head.len == 0 && s.off == s.size;
            break;
        }
        ++*records;
        if (!dry && l->visit(l->arg, JOURNAL_SNAPSHOT, seq, rec + RECORD_HEADER, head.len, err) < 0) {
            scan_close(&s);
            return -1;
        }
        at = s.off;
    }
    l->j->snap_bytes = s.size;
    scan_close(&s);
    if (!ended)
        return error_set(err, BRE_DAMAGED, "%s is damaged at offset %" PRIu64, name, at);
    return 0;
}

/* Can the segments bring the state from after seq to the end? */
static bool segments_reach(const struct load *l, uint64_t seq)
{
    return l->num_segs == 0 || l->segs[0] <= seq + 1;
}

static int load_snapshot(struct load *l)
{
    struct error *err = l->err;
    uint64_t records;
    if (!l->num_snaps)
        return 0;
    uint64_t newest = l->snaps[l->num_snaps - 1];
    l->expect = newest + 1;
    l->j->base_seq = newest;
    if (!l->j->conf.recover)
        return snapshot_load(l, newest, false, &records, err);
    for (size_t i = l->num_snaps; i-- > 0;) {
        if (!segments_reach(l, l->snaps[i]))
            break;
        if (snapshot_load(l, l->snaps[i], true, &records, err) == 0) {
            l->expect = l->snaps[i] + 1;
            l->j->base_seq = l->snaps[i];
            return snapshot_load(l, l->snaps[i], false, &records, err);
        }
        log_warning("recover: %s", err->text);
    }
    /* None is whole: what comes before the damage in the newest. */
    error_clear(err);
    if (snapshot_load(l, newest, false, &records, err) < 0 && err->code != BRE_DAMAGED)
        return -1;
    log_warning("recover: kept the first %" PRIu64 " records of the damaged snapshot; objects behind them are lost",
                records);
    error_clear(err);
    return 0;
}

/* ---- segments ---- */

static int drop_visit(void *arg, const struct record_head *head, const uint8_t *rec)
{
    struct load *l = arg;
    l->dropped++;
    if (head->seq > l->dropped_max)
        l->dropped_max = head->seq;
    if (head->kind != RECORD_DATA)
        return 0;
    return l->visit(l->arg, JOURNAL_DROPPED, head->seq, rec + RECORD_HEADER, head->len, l->err);
}

/* Keep the bytes [from, to) of a segment in a file of their own. */
static int keep_bytes(struct load *l, struct scan *s, uint64_t from, uint64_t to)
{
    char name[FILE_NAME_MAX + 32];
    struct storage *st = l->j->st;
    snprintf(name, sizeof(name), "dropped-%s", s->name);
    int fd = st->ops->open(st, name, true);
    int rc = fd < 0 ? -1 : 0;
    for (uint64_t off = from; rc == 0 && off < to;) {
        size_t n = to - off < (64u << 10) ? (size_t)(to - off) : (64u << 10);
        const uint8_t *p = scan_at(s, off, n);
        rc = p ? storage_write_full(st, fd, p, n, off - from) : -1;
        off += n;
    }
    if (rc == 0)
        rc = st->ops->sync(st, fd);
    if (fd >= 0)
        st->ops->close(st, fd);
    return rc < 0 ? error_set(l->err, errno, "cannot keep dropped records in %s: %s", name, strerror(errno)) : 0;
}

/* Recovery met damage at s->off of segment i: set everything behind it aside. */
static int drop_rest(struct load *l, size_t i, struct scan *s, const struct scan_tail *tail)
{
    struct storage *st = l->j->st;
    uint64_t off = s->off;
    log_warning("recover: %s: dropped what follows offset %" PRIu64 " (%zu whole records among it)", s->name, off,
                tail->valid);
    if (keep_bytes(l, s, off, tail->nonzero_end) < 0)
        return -1;
    for (size_t k = i + 1; k < l->num_segs; k++) {
        struct scan more;
        struct scan_tail rest;
        char name[FILE_NAME_MAX], aside[FILE_NAME_MAX + 16];
        file_name(name, "segment", l->segs[k]);
        snprintf(aside, sizeof(aside), "dropped-%s", name);
        if (scan_open(&more, st, name, SEGMENT_MAGIC, l->err) == 0) {
            int rc = scan_tail(&more, l->segs[k], &rest, drop_visit, l, l->err);
            scan_close(&more);
            if (rc < 0)
                return -1;
        }
        log_warning("recover: %s: dropped whole, kept as %s", name, aside);
        if (st->ops->rename(st, name, aside) < 0)
            return error_set(l->err, errno, "cannot rename %s: %s", name, strerror(errno));
    }
    if (st->ops->sync_dir(st) < 0)
        return error_set(l->err, errno, "cannot sync the state folder: %s", strerror(errno));
    error_clear(l->err);
    if (zero_range(st, s->fd, off, tail->nonzero_end, l->err) < 0)
        return -1;
    if (l->dropped_max >= l->expect) { /* never give a sequence number twice */
        uint8_t skip[RECORD_HEADER + 16];
        uint8_t le[8];
        for (int b = 0; b < 8; b++)
            le[b] = (uint8_t)(l->dropped_max >> (8 * b));
        record_pack(skip, RECORD_SKIP, l->expect, l->expect - 1, le, 8);
        if (off + sizeof(skip) <= s->size
            && (storage_write_full(st, s->fd, skip, sizeof(skip), off) < 0 || st->ops->sync(st, s->fd) < 0))
            return error_set(l->err, errno, "cannot write the journal: %s", strerror(errno));
        if (off + sizeof(skip) <= s->size) {
            s->off = off + sizeof(skip);
            l->expect = l->dropped_max + 1;
        }
    }
    l->num_segs = i + 1;
    return 0;
}

/* What follows the last good record of segment i.  0: the segment ends here. */
static int segment_end(struct load *l, size_t i, struct scan *s)
{
    struct scan_tail tail;
    bool last = i + 1 == l->num_segs;
    if (scan_tail(s, l->expect, &tail, NULL, NULL, l->err) < 0)
        return -1;
    if (tail.nonzero_end == s->off && (last || l->segs[i + 1] == l->expect))
        return 0;
    if (last && !tail.damage) {
        log_notice("journal: %s: dropped an unfinished write of %" PRIu64 " bytes at offset %" PRIu64
                   ", made when the controller or its machine went down; nothing of it was acknowledged",
                   s->name, tail.nonzero_end - s->off, s->off);
        return zero_range(l->j->st, s->fd, s->off, tail.nonzero_end, l->err);
    }
    if (!l->j->conf.recover)
        return error_set(l->err, BRE_DAMAGED,
                         "%s is damaged at offset %" PRIu64 " (record %" PRIu64
                         "): start with --recover to keep what comes before and list what is dropped",
                         s->name, s->off, l->expect);
    if (scan_tail(s, l->expect, &tail, drop_visit, l, l->err) < 0)
        return -1;
    return drop_rest(l, i, s, &tail);
}

static uint64_t skip_target(const uint8_t *payload, size_t len)
{
    uint64_t v = 0;
    for (size_t i = 0; i < len && i < 8; i++)
        v |= (uint64_t)payload[i] << (8 * i);
    return v;
}

static int load_segment(struct load *l, size_t i)
{
    char name[FILE_NAME_MAX];
    struct scan s;
    struct record_head head;
    const uint8_t *rec;
    struct journal *j = l->j;
    file_name(name, "segment", l->segs[i]);
    if (scan_open(&s, j->st, name, SEGMENT_MAGIC, l->err) < 0) {
        if (l->err->code == BRE_DAMAGED && j->conf.recover)
            log_warning("recover: %s has no header; set it aside by hand if it is not wanted", name);
        return -1;
    }
    if (s.head.first_seq != l->segs[i]) {
        scan_close(&s);
        return error_set(l->err, BRE_DAMAGED, "%s is damaged at offset 16", name);
    }
    if (s.head.incarnation > l->max_incarnation)
        l->max_incarnation = s.head.incarnation;
    uint64_t seq = l->segs[i];
    if (l->expect < seq)
        l->expect = seq;
    for (;;) {
        uint64_t at = s.off;
        enum scan_result res = scan_next(&s, &head, &rec);
        if (res == SCAN_ERROR) {
            error_set(l->err, errno, "cannot read %s: %s", name, strerror(errno));
            goto fail;
        }
        if (res != SCAN_RECORD || head.seq != seq) {
            s.off = at;
            break;
        }
        if (head.kind == RECORD_SKIP) {
            seq = skip_target(rec + RECORD_HEADER, head.len) + 1;
            if (seq > l->expect)
                l->expect = seq;
            continue;
        }
        if (seq >= l->expect) {
            if (l->visit(l->arg, JOURNAL_RECORD, seq, rec + RECORD_HEADER, head.len, l->err) < 0)
                goto fail;
            l->expect = seq + 1;
            j->bytes_since_snap += record_size(head.len);
        }
        seq++;
    }
    uint64_t want = l->expect;
    l->expect = seq;
    if (segment_end(l, i, &s) < 0)
        goto fail;
    if (l->expect < want)
        l->expect = want;
    if (i + 1 == l->num_segs) {
        j->seg = (struct segment){ .fd = s.fd, .first = l->segs[i], .size = s.size, .off = s.off };
        s.fd = -1;
    }
    scan_close(&s);
    return 0;
fail:
    scan_close(&s);
    return -1;
}

static int load_all(struct load *l)
{
    struct journal *j = l->j;
    size_t start = 0;
    if (load_snapshot(l) < 0)
        return -1;
    while (start + 1 < l->num_segs && l->segs[start + 1] <= l->expect)
        start++;
    if (l->num_segs && l->segs[start] > l->expect)
        return error_set(l->err, BRE_DAMAGED,
                         "the state folder lacks records %" PRIu64 " to %" PRIu64 ": the file before segment-%016" PRIx64
                         " is missing",
                         l->expect, l->segs[start] - 1, l->segs[start]);
    for (size_t i = start; i < l->num_segs; i++)
        if (load_segment(l, i) < 0)
            return -1;
    j->last = j->durable = l->expect - 1;
    return 0;
}

int journal_load(struct journal *j, journal_visit_f *visit, void *arg, struct error *err)
{
    struct error local = { 0 };
    struct load l = { .j = j, .visit = visit, .arg = arg, .err = err ? err : &local, .expect = 1 };
    int rc = -1;
    if (file_list(j->st, "segment", &l.segs, &l.num_segs) < 0
        || file_list(j->st, "snapshot", &l.snaps, &l.num_snaps) < 0) {
        error_set(err, errno, "cannot read the state folder: %s", strerror(errno));
        goto out;
    }
    j->is_new = !l.num_segs && !l.num_snaps;
    /* What a crash has left half-made.  A prepared segment has its blocks: keep it as a spare. */
    (void)j->st->ops->remove(j->st, SNAPSHOT_TMP);
    (void)j->st->ops->rename(j->st, SEGMENT_PREP, SEGMENT_SPARE);
    (void)j->st->ops->rename(j->st, SEGMENT_NEXT, SEGMENT_SPARE);
    if (load_all(&l) < 0)
        goto out;
    if (j->incarnation <= l.max_incarnation)
        j->incarnation = l.max_incarnation + 1;
    if (j->seg.fd < 0
        && (segment_prepare(j->st, j->conf.segment_bytes, err) < 0
            || segment_switch(j->st, &j->seg, j->last + 1, j->incarnation, err) < 0))
        goto out;
    if (!j->seg.block)
        segment_go_direct(j->st, &j->seg);
    rc = 0;
out:
    free(l.segs);
    free(l.snaps);
    return rc;
}
