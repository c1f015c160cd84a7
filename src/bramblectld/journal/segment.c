/* segment.c - the life of a segment file: zeroed ahead, switched to, kept, used again. */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bramblectld/journal/journal_private.h"
#include "util/failpoint.h"
#include "util/mem.h"

#define PAGE ((size_t)STORAGE_BLOCK_MAX)
#define STAGE (8 * PAGE)

static const uint8_t zeros[64 << 10];

void file_name(char out[FILE_NAME_MAX], const char *kind, uint64_t seq)
{
    snprintf(out, FILE_NAME_MAX, "%s-%016" PRIx64, kind, seq);
}

struct name_list {
    const char *kind;
    uint64_t *seqs;
    size_t num, cap;
};

static void name_visit(void *arg, const char *name)
{
    struct name_list *l = arg;
    size_t klen = strlen(l->kind);
    if (strncmp(name, l->kind, klen) != 0 || name[klen] != '-' || strlen(name + klen + 1) != 16)
        return;
    char *end;
    uint64_t seq = strtoull(name + klen + 1, &end, 16);
    if (*end)
        return;
    if (l->num == l->cap)
        l->seqs = xreallocarray(l->seqs, l->cap = l->cap ? l->cap * 2 : 16, sizeof(*l->seqs));
    l->seqs[l->num++] = seq;
}

static int seq_cmp(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

int file_list(struct storage *st, const char *kind, uint64_t **seqs, size_t *num)
{
    struct name_list l = { .kind = kind };
    if (st->ops->list(st, name_visit, &l) < 0) {
        free(l.seqs);
        return -1;
    }
    if (l.num)
        qsort(l.seqs, l.num, sizeof(*l.seqs), seq_cmp);
    *seqs = l.seqs;
    *num = l.num;
    return 0;
}

bool file_exists(struct storage *st, const char *name)
{
    int fd = st->ops->open(st, name, false);
    if (fd >= 0)
        st->ops->close(st, fd);
    return fd >= 0;
}

bool error_is_no_space(const struct error *err)
{
    return err->code == ENOSPC || err->code == EDQUOT;
}

int segment_prepare(struct storage *st, uint64_t size, struct error *err)
{
    /* A spare one has its blocks already, so zeroing it needs no space. */
    bool spare = st->ops->rename(st, SEGMENT_SPARE, SEGMENT_PREP) == 0;
    int fd = spare ? st->ops->open(st, SEGMENT_PREP, false) : -1;
    if (fd < 0) {
        (void)st->ops->remove(st, SEGMENT_PREP);
        fd = st->ops->open(st, SEGMENT_PREP, true);
    }
    if (fd < 0)
        return error_set(err, errno, "cannot make %s: %s", SEGMENT_PREP, strerror(errno));
    for (uint64_t off = 0; off < size;) {
        size_t n = size - off < sizeof(zeros) ? (size_t)(size - off) : sizeof(zeros);
        if (storage_write_full(st, fd, zeros, n, off) < 0)
            goto fail;
        off += n;
    }
    if (st->ops->sync(st, fd) < 0)
        goto fail;
    st->ops->close(st, fd);
    fd = -1;
    if (st->ops->rename(st, SEGMENT_PREP, SEGMENT_NEXT) < 0 || st->ops->sync_dir(st) < 0)
        goto fail;
    return 0;
fail:
    error_set(err, errno, "cannot reserve %" PRIu64 " KiB for the journal: %s", size >> 10, strerror(errno));
    if (fd >= 0)
        st->ops->close(st, fd);
    (void)st->ops->remove(st, SEGMENT_PREP);
    return -1;
}

int segment_switch(struct storage *st, struct segment *seg, uint64_t first, uint64_t incarnation,
                   struct error *err)
{
    char name[FILE_NAME_MAX];
    uint8_t block[FILE_HEADER];
    struct file_head head = { SEGMENT_MAGIC, FORMAT_VERSION, first, incarnation };
    int fd = st->ops->open(st, SEGMENT_NEXT, false);
    int64_t size = fd < 0 ? -1 : st->ops->size(st, fd);
    file_name(name, "segment", first);
    file_head_pack(block, &head);
    if ((errno = FAILPOINT(segment_before_switch)) || size < 0
        || storage_write_full(st, fd, block, sizeof(block), 0) < 0 || st->ops->sync(st, fd) < 0
        || st->ops->rename(st, SEGMENT_NEXT, name) < 0 || st->ops->sync_dir(st) < 0) {
        error_set(err, errno, "cannot begin journal %s: %s", name, strerror(errno));
        if (fd >= 0)
            st->ops->close(st, fd);
        return -1;
    }
    segment_close(st, seg);
    *seg = (struct segment){ .fd = fd, .first = first, .size = (uint64_t)size, .off = FILE_HEADER };
    segment_go_direct(st, seg);
    return 0;
}

/* ---- writing ---- */

void segment_close(struct storage *st, struct segment *seg)
{
    if (seg->fd >= 0)
        st->ops->close(st, seg->fd);
    free(seg->stage);
    *seg = (struct segment){ .fd = -1 };
}

void segment_go_direct(struct storage *st, struct segment *seg)
{
    char name[FILE_NAME_MAX];
    size_t block = 0, have = (size_t)(seg->off % PAGE);
    void *stage = NULL;
    int fd;
    file_name(name, "segment", seg->first);
    if (!st->ops->open_direct || seg->size % PAGE || (fd = st->ops->open_direct(st, name, &block)) < 0)
        return;
    if (posix_memalign(&stage, PAGE, STAGE)
        || (have && storage_read_full(st, seg->fd, stage, have, seg->off - have) < 0)) {
        free(stage);
        st->ops->close(st, fd);
        return;
    }
    st->ops->close(st, seg->fd);
    seg->fd = fd;
    seg->block = block;
    seg->stage = stage;
}

/* The file system would not have it after all. */
static int go_cached(struct storage *st, struct segment *seg)
{
    char name[FILE_NAME_MAX];
    int fd;
    file_name(name, "segment", seg->first);
    if ((fd = st->ops->open(st, name, false)) < 0)
        return -1;
    st->ops->close(st, seg->fd);
    seg->fd = fd;
    seg->block = 0;
    return 0;
}

/* One stage full.  What was in a block before is written again with it, as it would be with a page. */
static size_t write_direct(struct storage *st, struct segment *seg, const uint8_t *data, size_t len)
{
    size_t have = (size_t)(seg->off % PAGE), n = STAGE - have < len ? STAGE - have : len, end = have + n;
    size_t from = have & ~(seg->block - 1), to = (end + seg->block - 1) & ~(seg->block - 1);
    memcpy(seg->stage + have, data, n);
    memset(seg->stage + end, 0, to - end);
    if (storage_write_full(st, seg->fd, seg->stage + from, to - from, seg->off - have + from) < 0)
        return 0;
    memmove(seg->stage, seg->stage + end / PAGE * PAGE, end % PAGE);
    return n;
}

int segment_write(struct storage *st, struct segment *seg, const uint8_t *data, size_t len)
{
    while (len) {
        size_t n;
        if (!seg->block)
            n = storage_write_full(st, seg->fd, data, len, seg->off) < 0 ? 0 : len;
        else if (!(n = write_direct(st, seg, data, len)) && errno == EINVAL && go_cached(st, seg) == 0)
            continue;
        if (!n)
            return -1;
        seg->off += n;
        data += n;
        len -= n;
    }
    return 0;
}
