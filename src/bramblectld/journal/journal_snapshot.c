/* journal_snapshot.c - writing snapshots, and removing what nobody needs any more. */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "bramblectld/journal/journal_private.h"
#include "reactor/reactor.h"
#include "util/failpoint.h"
#include "util/log.h"
#include "util/mem.h"

#define SNAPSHOT_MIN_BYTES (16u << 20)

bool journal_snapshot_due(const struct journal *j)
{
    uint64_t enough = 2 * j->snap_bytes > SNAPSHOT_MIN_BYTES ? 2 * j->snap_bytes : SNAPSHOT_MIN_BYTES;
    return !j->snapping && !j->failed && !j->full && j->bytes_since_snap >= enough;
}

int journal_snapshot_begin(struct journal *j)
{
    if (j->snapping || j->failed)
        return -1;
    j->snapping = true;
    j->snap_seq = j->last;
    j->snap_count = 0;
    return 0;
}

void journal_snapshot_add(struct journal *j, const void *data, size_t len)
{
    batch_put(&j->snap, RECORD_DATA, ++j->snap_count, 0, data, len);
}

static int snap_write(struct journal *j, struct error *err)
{
    struct storage *st = j->st;
    char name[FILE_NAME_MAX];
    uint8_t block[FILE_HEADER];
    struct file_head head = { SNAPSHOT_MAGIC, FORMAT_VERSION, j->snap_seq, j->incarnation };
    if (journal_lock_check(j->lock_fd, j->incarnation, err) < 0)
        return -1;
    file_name(name, "snapshot", j->snap_seq);
    file_head_pack(block, &head);
    (void)st->ops->remove(st, SNAPSHOT_TMP);
    int fd = st->ops->open(st, SNAPSHOT_TMP, true);
    if (fd < 0 || (errno = FAILPOINT(snapshot_before_write))
        || storage_write_full(st, fd, block, sizeof(block), 0) < 0
        || storage_write_full(st, fd, j->snap.data, j->snap.len, FILE_HEADER) < 0 || st->ops->sync(st, fd) < 0) {
        error_set(err, errno, "cannot write %s: %s", name, strerror(errno));
        if (fd >= 0)
            st->ops->close(st, fd);
        return -1;
    }
    st->ops->close(st, fd);
    if ((errno = FAILPOINT(snapshot_before_rename)) || st->ops->rename(st, SNAPSHOT_TMP, name) < 0
        || (errno = FAILPOINT(snapshot_before_dirsync)) || st->ops->sync_dir(st) < 0
        || (errno = FAILPOINT(snapshot_after_dirsync)))
        return error_set(err, errno, "cannot keep %s: %s", name, strerror(errno));
    return 0;
}

static void snap_work(void *arg)
{
    struct journal *j = arg;
    error_clear(&j->snap_err);
    if (snap_write(j, &j->snap_err) < 0 && error_is_no_space(&j->snap_err))
        (void)j->st->ops->remove(j->st, SNAPSHOT_TMP);
}

static void snap_done(void *arg)
{
    struct journal *j = arg;
    j->snap_writing = false;
    if (journal_closing(j))
        return;
    size_t bytes = j->snap.len;
    batch_free(&j->snap);
    j->snapping = false;
    if (error_is_no_space(&j->snap_err)) {
        log_warning("journal: no snapshot for now: %s", j->snap_err.text);
        j->bytes_since_snap /= 2;
        return;
    }
    if (j->snap_err.code) {
        journal_fail(j, &j->snap_err);
        return;
    }
    log_debug(DBG_JOURNAL, "journal: snapshot of %" PRIu64 " records, %zu bytes, after record %" PRIu64,
              j->snap_count, bytes, j->snap_seq);
    j->base_seq = j->snap_seq;
    j->snap_bytes = bytes;
    j->bytes_since_snap = 0;
    journal_remove_old(j);
}

static void snap_start(void *arg)
{
    struct journal *j = arg;
    j->snap_writing = true;
    if (reactor_offload(j->reactor, snap_work, snap_done, j) < 0) { /* later */
        j->snap_writing = false;
        j->snapping = false;
        batch_free(&j->snap);
    }
}

void journal_snapshot_finish(struct journal *j)
{
    batch_put(&j->snap, RECORD_END, j->snap_count + 1, 0, NULL, 0);
    /* Only when all it holds is on disk: so no segment ever ends before a snapshot does. */
    journal_when_durable(j, j->snap_seq, snap_start, j);
}

/* ---- removal ---- */

struct removal {
    struct journal *j;
    struct storage *st;
    uint64_t passed;  /* by the newest snapshot and by every reader */
    uint64_t current; /* first record of the segment in use */
    struct error err;
};

static int remove_segment(struct removal *r, uint64_t first)
{
    char name[FILE_NAME_MAX];
    file_name(name, "segment", first);
    if (!file_exists(r->st, SEGMENT_SPARE))
        return r->st->ops->rename(r->st, name, SEGMENT_SPARE);
    return r->st->ops->remove(r->st, name);
}

static void remove_work(void *arg)
{
    struct removal *r = arg;
    uint64_t *segs = NULL, *snaps = NULL, base = 0;
    size_t num_segs = 0, num_snaps = 0;
    char name[FILE_NAME_MAX];
    bool any = false;
    if (file_list(r->st, "segment", &segs, &num_segs) < 0 || file_list(r->st, "snapshot", &snaps, &num_snaps) < 0)
        goto out;
    for (size_t i = 0; i < num_snaps; i++)
        if (snaps[i] <= r->passed)
            base = snaps[i];
    if ((errno = FAILPOINT(segment_before_remove)))
        goto out;
    for (size_t i = 0; i < num_snaps && snaps[i] < base; i++) {
        file_name(name, "snapshot", snaps[i]);
        (void)r->st->ops->remove(r->st, name);
        any = true;
    }
    /* From the oldest on, so that what is left has no hole whenever this stops. */
    for (size_t i = 0; i + 1 < num_segs && segs[i + 1] <= base + 1 && segs[i] < r->current; i++, any = true)
        if (remove_segment(r, segs[i]) < 0)
            break;
    if (any && r->st->ops->sync_dir(r->st) < 0)
        error_set(&r->err, errno, "cannot sync the state folder: %s", strerror(errno));
    (void)FAILPOINT(segment_after_remove);
out:
    free(segs);
    free(snaps);
}

static void remove_done(void *arg)
{
    CLEANUP_FREE struct removal *r = arg;
    struct journal *j = r->j;
    j->removing = false;
    if (journal_closing(j))
        return;
    if (r->err.code)
        journal_fail(j, &r->err);
}

void journal_remove_old(struct journal *j)
{
    if (j->removing || j->failed || !j->base_seq)
        return;
    uint64_t passed = j->base_seq;
    for (int i = 0; i < j->num_readers; i++)
        if (j->readers[i] < passed)
            passed = j->readers[i];
    struct removal *r = xcalloc(1, sizeof(*r));
    *r = (struct removal){ .j = j, .st = j->st, .passed = passed, .current = j->seg.first };
    j->removing = true;
    if (reactor_offload(j->reactor, remove_work, remove_done, r) < 0) {
        j->removing = false;
        free(r);
    }
}

int journal_reader_register(struct journal *j, uint64_t position)
{
    if (j->num_readers == MAX_READERS)
        return -1;
    j->readers[j->num_readers] = position;
    return j->num_readers++;
}

void journal_reader_passed(struct journal *j, int reader, uint64_t position)
{
    uint64_t before = j->readers[reader];
    j->readers[reader] = position;
    /* It was the one that kept an old snapshot's segments. */
    if (before < j->base_seq && position >= j->base_seq)
        journal_remove_old(j);
}
