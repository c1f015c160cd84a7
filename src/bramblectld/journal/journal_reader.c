/* journal_reader.c - reading back what is on disk, for projections.  Runs on a worker beside the
 * writer: it never looks past the limit it is given, and files below its position stay. */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "bramblectld/journal/journal_private.h"
#include "bramblectld/journal/scan.h"
#include "util/mem.h"

struct journal_reader {
    struct storage *st;
    struct scan scan; /* fd -1: no file is open */
    bool in_snapshot;
    uint64_t snap_seq;
    uint64_t next;    /* sequence number of the next record */
};

struct journal_reader *journal_reader_open(struct storage *storage, uint64_t position, struct error *err)
{
    uint64_t *snaps = NULL;
    size_t num = 0;
    char name[FILE_NAME_MAX];
    struct journal_reader *r = xcalloc(1, sizeof(*r));
    r->st = storage;
    r->scan.fd = -1;
    r->next = 1;
    if (file_list(storage, "snapshot", &snaps, &num) < 0) {
        error_set(err, errno, "cannot read the state folder: %s", strerror(errno));
        goto fail;
    }
    if (num) {
        size_t pick = 0;
        for (size_t i = 0; i < num; i++)
            if (snaps[i] <= position)
                pick = i;
        /* With every segment still there a snapshot younger than the position is not needed. */
        uint64_t *segs = NULL;
        size_t num_segs = 0;
        bool whole = file_list(storage, "segment", &segs, &num_segs) == 0 && num_segs && segs[0] == 1;
        free(segs);
        if (snaps[pick] <= position || !whole) {
            file_name(name, "snapshot", snaps[pick]);
            if (scan_open(&r->scan, storage, name, SNAPSHOT_MAGIC, err) < 0)
                goto fail;
            r->in_snapshot = true;
            r->snap_seq = snaps[pick];
            r->next = snaps[pick] + 1;
        }
    }
    free(snaps);
    return r;
fail:
    free(snaps);
    journal_reader_close(r);
    return NULL;
}

void journal_reader_close(struct journal_reader *r)
{
    if (!r)
        return;
    scan_close(&r->scan);
    free(r);
}

/* Open the segment that holds r->next and go to that record.  0: it is not there. */
static int open_segment(struct journal_reader *r, struct error *err)
{
    uint64_t *segs = NULL;
    size_t num = 0, pick = SIZE_MAX;
    char name[FILE_NAME_MAX];
    if (file_list(r->st, "segment", &segs, &num) < 0)
        return error_set(err, errno, "cannot read the state folder: %s", strerror(errno));
    for (size_t i = 0; i < num && segs[i] <= r->next; i++)
        pick = i;
    uint64_t first = pick == SIZE_MAX ? 0 : segs[pick];
    free(segs);
    if (pick == SIZE_MAX)
        return 0;
    file_name(name, "segment", first);
    scan_close(&r->scan);
    return scan_open(&r->scan, r->st, name, SEGMENT_MAGIC, err) < 0 ? -1 : 1;
}

static int next_of_snapshot(struct journal_reader *r, const void **data, size_t *len, struct error *err)
{
    struct record_head head;
    const uint8_t *rec;
    if (scan_next(&r->scan, &head, &rec) != SCAN_RECORD)
        return error_set(err, BRE_DAMAGED, "%s is damaged at offset %" PRIu64, r->scan.name, r->scan.off);
    if (head.kind == RECORD_END) {
        r->in_snapshot = false;
        scan_close(&r->scan);
        return 0;
    }
    *data = rec + RECORD_HEADER;
    *len = head.len;
    return 1;
}

int journal_reader_next(struct journal_reader *r, uint64_t limit, enum journal_source *source, uint64_t *seq,
                        const void **data, size_t *len, struct error *err)
{
    if (r->in_snapshot) {
        int rc = next_of_snapshot(r, data, len, err);
        *source = JOURNAL_SNAPSHOT;
        *seq = r->snap_seq;
        if (rc != 0)
            return rc;
    }
    bool fresh = false;
    while (r->next <= limit) {
        struct record_head head;
        const uint8_t *rec;
        if (r->scan.fd < 0) {
            int rc = open_segment(r, err);
            if (rc <= 0)
                return rc < 0 ? -1 : error_set(err, BRE_DAMAGED, "record %" PRIu64 " is not in the journal", r->next);
            fresh = true;
        }
        enum scan_result res = scan_next(&r->scan, &head, &rec);
        if (res == SCAN_RECORD && head.kind == RECORD_SKIP) {
            uint64_t to = 0;
            for (int i = 0; i < 8; i++)
                to |= (uint64_t)rec[RECORD_HEADER + i] << (8 * i);
            if (to >= r->next)
                r->next = to + 1;
        } else if (res == SCAN_RECORD && head.seq == r->next) {
            *source = JOURNAL_RECORD;
            *seq = r->next++;
            *data = rec + RECORD_HEADER;
            *len = head.len;
            return 1;
        } else if (res == SCAN_RECORD && head.seq < r->next) {
            continue;
        } else if (fresh) {
            return error_set(err, BRE_DAMAGED, "%s: record %" PRIu64 " is not at offset %" PRIu64, r->scan.name,
                             r->next, r->scan.off);
        } else { /* written since the window was read, or in the next segment */
            if (r->scan.len) {
                scan_refresh(&r->scan);
                enum scan_result again = scan_next(&r->scan, &head, &rec);
                if (again == SCAN_RECORD) {
                    r->scan.off -= record_size(head.len);
                    continue;
                }
            }
            scan_close(&r->scan);
        }
    }
    return 0;
}
