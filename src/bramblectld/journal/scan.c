/* scan.c - reading a file of records, and telling a torn end from damage.
 *
 * What a crash can leave: the last batch was written but not synced, so any of its sectors may be
 * as they were before, which is zero.  So a bad record is torn only if nothing behind it says
 * that it was on disk, and a sector's worth of it is still zero.
 */
#include "config.h"

#include <errno.h>
#include <string.h>

#include "bramblectld/journal/scan.h"
#include "util/error.h"
#include "util/mem.h"

#define WINDOW (128u << 10)

int scan_open(struct scan *s, struct storage *st, const char *name, uint64_t magic, struct error *err)
{
    memset(s, 0, sizeof(*s));
    s->st = st;
    snprintf(s->name, sizeof(s->name), "%s", name);
    s->fd = st->ops->open(st, name, false);
    int64_t size = s->fd < 0 ? -1 : st->ops->size(st, s->fd);
    if (size < 0) {
        error_set(err, errno, "cannot open %s: %s", name, strerror(errno));
        scan_close(s);
        return -1;
    }
    s->size = (uint64_t)size;
    s->off = FILE_HEADER;
    const uint8_t *block = s->size < FILE_HEADER ? NULL : scan_at(s, 0, FILE_HEADER);
    if (!block && s->size >= FILE_HEADER) {
        error_set(err, errno, "cannot read %s: %s", name, strerror(errno));
    } else if (!block || !file_head_parse(block, &s->head) || s->head.magic != magic) {
        error_set(err, BRE_DAMAGED, "%s is damaged at offset 0", name);
    } else if (s->head.version > FORMAT_VERSION) {
        error_set(err, BRE_VERSION, "%s was written by a newer release (format %u; this one knows %u)", name,
                  s->head.version, FORMAT_VERSION);
    } else {
        return 0;
    }
    scan_close(s);
    return -1;
}

void scan_close(struct scan *s)
{
    if (s->st && s->fd >= 0)
        s->st->ops->close(s->st, s->fd);
    s->fd = -1;
    free(s->buf);
    s->buf = NULL;
    s->cap = s->len = 0;
}

void scan_refresh(struct scan *s)
{
    s->len = 0;
}

const uint8_t *scan_at(struct scan *s, uint64_t off, size_t len)
{
    if (off + len > s->size) {
        errno = EINVAL;
        return NULL;
    }
    if (off >= s->buf_off && off + len <= s->buf_off + s->len)
        return s->buf + (off - s->buf_off);
    size_t want = len > WINDOW ? len : WINDOW;
    if (want > s->size - off)
        want = (size_t)(s->size - off);
    if (want > s->cap) {
        s->buf = xrealloc(s->buf, want);
        s->cap = want;
    }
    s->len = 0;
    if (storage_read_full(s->st, s->fd, s->buf, want, off) < 0)
        return NULL;
    s->buf_off = off;
    s->len = want;
    return s->buf;
}

enum scan_result scan_next(struct scan *s, struct record_head *head, const uint8_t **record)
{
    if (s->off + RECORD_HEADER > s->size)
        return SCAN_ZERO;
    const uint8_t *p = scan_at(s, s->off, RECORD_HEADER);
    if (!p)
        return SCAN_ERROR;
    if (bytes_are_zero(p, RECORD_HEADER))
        return SCAN_ZERO;
    if (!record_head_parse(p, head) || s->off + record_size(head->len) > s->size)
        return SCAN_BAD;
    if (!(p = scan_at(s, s->off, record_size(head->len))))
        return SCAN_ERROR;
    if (!record_body_valid(p, head))
        return SCAN_BAD;
    *record = p;
    s->off += record_size(head->len);
    return SCAN_RECORD;
}

/* Is there a piece of [off, end), cut at sector borders, that is all zero? */
static int has_zero_sector(struct scan *s, uint64_t off, uint64_t end)
{
    while (off < end) {
        uint64_t next = (off / SECTOR + 1) * SECTOR;
        if (next > end)
            next = end;
        const uint8_t *p = scan_at(s, off, (size_t)(next - off));
        if (!p)
            return -1;
        if (bytes_are_zero(p, (size_t)(next - off)))
            return 1;
        off = next;
    }
    return 0;
}

/* The record at off is neither zero nor valid and was not called synced: torn or changed? */
static int bad_is_torn(struct scan *s, uint64_t off)
{
    struct record_head head;
    const uint8_t *p = scan_at(s, off, RECORD_HEADER);
    if (!p)
        return -1;
    uint64_t end = off + RECORD_HEADER;
    if (record_head_parse(p, &head) && off + record_size(head.len) <= s->size)
        end = off + record_size(head.len);
    return has_zero_sector(s, off, end);
}

int scan_tail(struct scan *s, uint64_t seq, struct scan_tail *tail,
              int (*visit)(void *arg, const struct record_head *head, const uint8_t *record), void *arg,
              struct error *err)
{
    uint64_t start = s->off;
    bool bad = false;
    memset(tail, 0, sizeof(*tail));
    tail->nonzero_end = start;
    for (uint64_t off = start; off < s->size;) {
        size_t len = s->size - off < RECORD_ALIGN ? (size_t)(s->size - off) : RECORD_ALIGN;
        const uint8_t *p = scan_at(s, off, len);
        if (!p)
            return error_set(err, errno, "cannot read %s: %s", s->name, strerror(errno));
        if (bytes_are_zero(p, len)) {
            off += len;
            continue;
        }
        tail->nonzero_end = off + len;
        struct record_head head;
        s->off = off;
        if (off == start)
            bad = true;
        if (scan_next(s, &head, &p) == SCAN_RECORD) {
            tail->valid++;
            if (head.seq > tail->max_seq)
                tail->max_seq = head.seq;
            if (head.synced >= seq || head.seq < seq || (off == start && head.seq != seq))
                tail->damage = true;
            if (visit && visit(arg, &head, p) < 0)
                return -1;
            off = tail->nonzero_end = s->off;
        } else {
            off += len;
        }
    }
    s->off = start;
    if (bad && !tail->damage) {
        int torn = bad_is_torn(s, start);
        if (torn < 0)
            return error_set(err, errno, "cannot read %s: %s", s->name, strerror(errno));
        tail->damage = torn == 0;
    }
    return 0;
}
