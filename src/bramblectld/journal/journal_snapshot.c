/* journal_snapshot.c - writing snapshots, and removing what nobody needs any more. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bramblectld/journal/journal_private.h"
#include "reactor/reactor.h"
#include "util/failpoint.h"
#include "util/fs.h"
#include "util/log.h"
#include "util/mem.h"

#define SNAPSHOT_MIN_BYTES (16u << 20)
#define OLD_KERNEL_FD_MAX 65536 /* where close_range() is missing */
#define COPY_BYTES (256u << 10)

/* ---- a copy of the process, which tells the state as it was while the loop goes on ---- */

static void copy_write(struct journal *j)
{
    if (fs_write_all(j->snap_pipe, j->snap.data, j->snap.len) < 0)
        _exit(1); /* nobody wants it any more */
    j->snap.len = 0;
}

static void close_from(int fd)
{
    if (syscall(SYS_close_range, fd, ~0u, 0) == 0)
        return;
    for (; fd < OLD_KERNEL_FD_MAX; fd++)
        close(fd);
}

enum journal_copy journal_snapshot_copy(struct journal *j)
{
    sigset_t all, before;
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        return JOURNAL_COPY_NONE;
    /* No handler of the loop runs in the copy. */
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    j->snap_pid = fork();
    if (j->snap_pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        /* Sockets, files and locks are the controller's alone, also should it be killed now. */
        if (dup2(ends[1], 3) < 0)
            _exit(1);
        close_from(4);
        (void)!nice(5);
        j->snap_pipe = 3;
        j->snap_copy = true;
        return JOURNAL_COPY_CHILD;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    close(ends[1]);
    if (j->snap_pid < 0) {
        close(ends[0]);
        return JOURNAL_COPY_NONE;
    }
    j->snap_pipe = ends[0];
    return JOURNAL_COPY_PARENT;
}

/* The copy is not wanted, or has told all: its exit status, -1 if it is not known. */
static int copy_end(struct journal *j)
{
    int status;
    pid_t pid;
    close(j->snap_pipe); /* a copy that still writes ends by that */
    j->snap_pipe = -1;
    do
        pid = waitpid(j->snap_pid, &status, 0);
    while (pid < 0 && errno == EINTR);
    return pid < 0 ? -1 : status;
}

void journal_snapshot_abandon(struct journal *j)
{
    if (j->snap_pipe >= 0)
        (void)copy_end(j);
}

/* What it tells, into the file from offset at on.  On a worker. */
static int copy_take(struct journal *j, int fd, struct error *err)
{
    uint8_t *buf = xmalloc(COPY_BYTES);
    uint64_t at = FILE_HEADER;
    ssize_t n;
    int rc = 0;
    while (rc == 0 && (n = fs_read_all(j->snap_pipe, buf, COPY_BYTES)) > 0) {
        if (storage_write_full(j->st, fd, buf, (size_t)n, at) < 0)
            rc = error_set(err, errno, "cannot write the snapshot: %s", strerror(errno));
        at += (uint64_t)n;
    }
    free(buf);
    if (copy_end(j) != 0 && rc == 0) {
        j->snap_broken = true;
        rc = error_set(err, BRE_INTERNAL, "the process that tells the state ended early");
    }
    j->snap_len = at - FILE_HEADER;
    return rc;
}

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
    j->snap_broken = false;
    j->snap_seq = j->last;
    j->snap_count = 0;
    return 0;
}

void journal_snapshot_add(struct journal *j, const void *data, size_t len)
{
    batch_put(&j->snap, RECORD_DATA, ++j->snap_count, 0, data, len);
    if (j->snap_copy && j->snap.len >= COPY_BYTES)
        copy_write(j);
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
        || (j->snap_pipe >= 0 ? copy_take(j, fd, err) : storage_write_full(st, fd, j->snap.data, j->snap.len, FILE_HEADER)) < 0
        || st->ops->sync(st, fd) < 0) {
        if (!err->code)
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
    j->snap_len = j->snap.len;
    if (snap_write(j, &j->snap_err) < 0 && (error_is_no_space(&j->snap_err) || j->snap_broken))
        (void)j->st->ops->remove(j->st, SNAPSHOT_TMP);
    journal_snapshot_abandon(j); /* when that failed before it was read */
}

static void snap_done(void *arg)
{
    struct journal *j = arg;
    j->snap_writing = false;
    if (journal_closing(j))
        return;
    uint64_t bytes = j->snap_len;
    batch_free(&j->snap);
    j->snapping = false;
    if (error_is_no_space(&j->snap_err) || j->snap_broken) {
        log_warning("journal: no snapshot for now: %s", j->snap_err.text);
        j->bytes_since_snap /= 2;
        return;
    }
    if (j->snap_err.code) {
        journal_fail(j, &j->snap_err);
        return;
    }
    log_debug(DBG_JOURNAL, "journal: snapshot of %" PRIu64 " bytes, after record %" PRIu64, bytes, j->snap_seq);
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
        journal_snapshot_abandon(j);
    }
}

void journal_snapshot_finish(struct journal *j)
{
    if (j->snap_copy || j->snap_pipe < 0)
        batch_put(&j->snap, RECORD_END, j->snap_count + 1, 0, NULL, 0);
    if (j->snap_copy) {
        copy_write(j);
        _exit(0);
    }
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
