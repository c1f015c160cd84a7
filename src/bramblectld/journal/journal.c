/* journal.c - appending and group commit. */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "bramblectld/journal/journal_private.h"
#include "reactor/reactor.h"
#include "util/failpoint.h"
#include "util/mem.h"

#define BATCH_KEEP (256u << 10) /* a larger buffer is given back after use */
#define RETRY_MS 1000
#define BUSY_MS 10

/* ---- batches ---- */

void batch_put(struct batch *b, enum record_kind kind, uint64_t seq, uint64_t synced, const void *data, size_t len)
{
    size_t need = b->len + record_size(len);
    if (need > b->cap) {
        b->cap = need > 2 * b->cap ? (need + 4095) & ~(size_t)4095 : 2 * b->cap;
        b->data = xrealloc(b->data, b->cap);
    }
    if (b->len == 0)
        b->first = seq;
    record_pack(b->data + b->len, kind, seq, synced, data, len);
    b->len = need;
}

void batch_free(struct batch *b)
{
    free(b->data);
    memset(b, 0, sizeof(*b));
}

static void batch_empty(struct batch *b)
{
    b->len = 0;
    if (b->cap > BATCH_KEEP)
        batch_free(b);
}

/* ---- waiting for the disk ---- */

static void wake_waiters(struct journal *j)
{
    while (j->wait_len && j->waiters[j->wait_head].seq <= j->durable && !j->failed && !j->closing) {
        struct waiter w = j->waiters[j->wait_head];
        j->wait_head = (j->wait_head + 1) & (j->wait_cap - 1);
        j->wait_len--;
        w.done(w.arg);
    }
}

static void on_wake(void *arg)
{
    struct journal *j = arg;
    j->waking = false;
    if (!journal_closing(j))
        wake_waiters(j);
}

void journal_when_durable(struct journal *j, uint64_t seq, journal_done_f *done, void *arg)
{
    if (j->wait_len == j->wait_cap) {
        size_t cap = j->wait_cap ? j->wait_cap * 2 : 64;
        struct waiter *w = xcalloc(cap, sizeof(*w));
        for (size_t i = 0; i < j->wait_len; i++)
            w[i] = j->waiters[(j->wait_head + i) & (j->wait_cap - 1)];
        free(j->waiters);
        j->waiters = w;
        j->wait_cap = cap;
        j->wait_head = 0;
    }
    if (j->wait_len) {
        const struct waiter *tail = &j->waiters[(j->wait_head + j->wait_len - 1) & (j->wait_cap - 1)];
        if (seq < tail->seq)
            seq = tail->seq;
    }
    j->waiters[(j->wait_head + j->wait_len++) & (j->wait_cap - 1)] = (struct waiter){ seq, done, arg };
    if (seq <= j->durable && !j->waking) {
        j->waking = true;
        reactor_defer(j->reactor, on_wake, j);
    }
}

/* ---- flushing ---- */

static void journal_free(struct journal *j)
{
    segment_close(j->st, &j->seg);
    if (j->lock_fd >= 0)
        close(j->lock_fd);
    j->st->ops->destroy(j->st);
    batch_free(&j->filling);
    batch_free(&j->writing);
    batch_free(&j->snap);
    journal_snapshot_abandon(j);
    free(j->waiters);
    free(j);
}

bool journal_closing(struct journal *j)
{
    if (j->closing && !j->flushing && !j->preparing && !j->removing && !j->snap_writing && !j->waking) {
        journal_free(j);
        return true;
    }
    return j->closing;
}

void journal_fail(struct journal *j, const struct error *why)
{
    if (j->failed)
        return;
    j->failed = true;
    if (j->conf.on_fatal)
        j->conf.on_fatal(j->conf.arg, why);
}

static bool batch_fits(const struct journal *j, size_t len)
{
    return j->seg.fd >= 0 && j->seg.off + len <= j->seg.size;
}

static void flush_work(void *arg)
{
    struct journal *j = arg;
    struct batch *b = &j->writing;
    struct error *err = &j->flush_err;
    error_clear(err);
    j->flush_no_space = false;
    if (journal_lock_check(j->lock_fd, j->incarnation, err) < 0)
        return;
    if (!batch_fits(j, b->len)) {
        uint64_t need = (FILE_HEADER + b->len + 4095) & ~(uint64_t)4095;
        if (need > j->conf.segment_bytes || !j->next_ready) {
            uint64_t size = need > j->conf.segment_bytes ? need : j->conf.segment_bytes;
            if (j->next_ready)
                (void)j->st->ops->rename(j->st, SEGMENT_NEXT, SEGMENT_SPARE);
            j->next_ready = false;
            if (segment_prepare(j->st, size, err) < 0) {
                j->flush_no_space = error_is_no_space(err);
                return;
            }
        }
        j->next_ready = false;
        if (segment_switch(j->st, &j->seg, b->first, j->incarnation, err) < 0)
            return;
    }
    if (segment_write(j->st, &j->seg, b->data, b->len) < 0
        || (errno = FAILPOINT(journal_before_sync)) || j->st->ops->sync(j->st, j->seg.fd) < 0
        || (errno = FAILPOINT(journal_after_sync))) {
        error_set(err, errno, "cannot write the journal: %s", strerror(errno));
        return;
    }
}

static void flush_done(void *arg);
static void prepare_start(struct journal *j);

void journal_flush(struct journal *j)
{
    if (j->flushing)
        j->want_flush = true; /* flush_done() goes on */
    if (j->failed || j->closing || j->flushing || j->filling.len == 0 || (j->full && !batch_fits(j, j->filling.len)))
        return;
    if (j->preparing && !batch_fits(j, j->filling.len))
        return; /* prepare_done() goes on */
    struct batch b = j->writing;
    j->writing = j->filling;
    j->filling = b;
    j->filling.len = 0;
    j->want_flush = false;
    j->flushing = true;
    j->switching = !batch_fits(j, j->writing.len); /* the worker's to look at until it is done */
    if (reactor_offload(j->reactor, flush_work, flush_done, j) < 0) {
        j->flushing = false;
        b = j->writing;
        j->writing = j->filling;
        j->filling = b;
        reactor_timer_start(j->retry, BUSY_MS, 0);
    }
}

static void set_full(struct journal *j, bool full, const struct error *why)
{
    if (full)
        reactor_timer_start(j->retry, RETRY_MS, 0);
    if (j->full == full)
        return;
    j->full = full;
    if (full)
        error_copy(&j->full_err, why);
    if (j->conf.on_space)
        j->conf.on_space(j->conf.arg, full, why);
}

static void flush_done(void *arg)
{
    struct journal *j = arg;
    j->flushing = false;
    if (journal_closing(j))
        return;
    if (j->flush_no_space) { /* nothing was written: put the batch back in front and wait for space */
        size_t need = j->writing.len + j->filling.len;
        if (need > j->writing.cap) {
            j->writing.data = xrealloc(j->writing.data, need);
            j->writing.cap = need;
        }
        memcpy(j->writing.data + j->writing.len, j->filling.data, j->filling.len);
        j->writing.len = need;
        struct batch b = j->filling;
        j->filling = j->writing;
        j->writing = b;
        j->writing.len = 0;
        set_full(j, true, &j->flush_err);
        return;
    }
    if (j->flush_err.code) {
        journal_fail(j, &j->flush_err);
        return;
    }
    /* the last record of the batch: its sequence numbers have no gaps */
    const uint64_t next = j->filling.len ? j->filling.first : j->last + 1;
    j->durable = next - 1;
    j->bytes_since_snap += j->writing.len;
    batch_empty(&j->writing);
    if (FAILPOINT(journal_before_answer))
        return;
    if (j->seg.off > j->seg.size / 2)
        prepare_start(j); /* before the next flush: what that writes to is its worker's until it is done */
    if (j->want_flush)
        journal_flush(j);
    wake_waiters(j);
}

/* ---- reserving space ---- */

static void prepare_work(void *arg)
{
    struct journal *j = arg;
    error_clear(&j->prep_err);
    (void)segment_prepare(j->st, j->conf.segment_bytes, &j->prep_err);
}

static void prepare_done(void *arg)
{
    struct journal *j = arg;
    j->preparing = false;
    if (journal_closing(j))
        return;
    if (!j->prep_err.code) {
        j->next_ready = true;
        set_full(j, false, NULL);
    } else if (error_is_no_space(&j->prep_err)) {
        set_full(j, true, &j->prep_err);
    } else {
        journal_fail(j, &j->prep_err);
        return;
    }
    journal_flush(j);
}

static void prepare_start(struct journal *j)
{
    /* A flush that is under way may switch segments itself. */
    if (j->preparing || j->next_ready || j->failed || (j->flushing && j->switching))
        return;
    j->preparing = true;
    if (reactor_offload(j->reactor, prepare_work, prepare_done, j) < 0) {
        j->preparing = false;
        reactor_timer_start(j->retry, BUSY_MS, 0);
    }
}

static void on_retry(void *arg)
{
    struct journal *j = arg;
    if (j->full)
        prepare_start(j);
    else
        journal_flush(j);
}

/* ---- outside ---- */

struct journal *journal_open(struct reactor *r, struct storage *storage, const char *lock_dir,
                             const struct journal_conf *conf, journal_visit_f *visit, void *visit_arg,
                             struct error *err)
{
    struct journal *j = xcalloc(1, sizeof(*j));
    j->reactor = r;
    j->st = storage;
    j->conf = *conf;
    if (!j->conf.segment_bytes)
        j->conf.segment_bytes = 4u << 20;
    j->lock_fd = j->seg.fd = j->snap_pipe = -1;
    if ((lock_dir && journal_lock(j, lock_dir, 0, err) < 0) || journal_load(j, visit, visit_arg, err) < 0) {
        journal_free(j);
        return NULL;
    }
    j->retry = reactor_timer_create(r, on_retry, j);
    return j;
}

void journal_destroy(struct journal *j)
{
    if (!j)
        return;
    reactor_timer_close(j->retry);
    j->retry = NULL;
    j->closing = true;
    journal_closing(j);
}

uint64_t journal_append(struct journal *j, const void *data, size_t len)
{
    (void)FAILPOINT(journal_before_append);
    j->last++;
    batch_put(&j->filling, RECORD_DATA, j->last, j->durable, data, len);
    (void)FAILPOINT(journal_after_append);
    return j->last;
}

uint64_t journal_last(const struct journal *j)
{
    return j->last;
}

uint64_t journal_durable(const struct journal *j)
{
    return j->durable;
}

bool journal_is_new(const struct journal *j)
{
    return j->is_new;
}

uint64_t journal_incarnation(const struct journal *j)
{
    return j->incarnation;
}

size_t journal_pending_bytes(const struct journal *j)
{
    return j->filling.len + (j->flushing ? j->writing.len : 0);
}

int journal_accepts(const struct journal *j, struct error *err)
{
    if (!j->full)
        return 0;
    return error_set(err, BRE_DISK_FULL, "no new work is accepted until there is space: %s", j->full_err.text);
}
