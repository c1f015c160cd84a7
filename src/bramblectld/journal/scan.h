/* scan.h - walk the records of one segment or snapshot file, through a window of bounded size. */
#ifndef BRAMBLE_JOURNAL_SCAN_H
#define BRAMBLE_JOURNAL_SCAN_H

#include "bramblectld/journal/record.h"
#include "bramblectld/journal/storage.h"

enum scan_result {
    SCAN_RECORD,
    SCAN_ZERO, /* zeros where a header could be, or the end of the file */
    SCAN_BAD,  /* neither; off is where */
    SCAN_ERROR /* the file could not be read; errno is set */
};
struct scan {
    struct storage *st;
    char name[64];
    int fd; /* -1: not open */
    uint64_t size, off; /* off: of the next record */
    struct file_head head;
    uint8_t *buf;
    size_t cap, len;
    uint64_t buf_off;
};

/* Open name and check its header.  -1 with err: cannot be read, no such format, or damaged (then the
 * code is BRE_DAMAGED). */
int scan_open(struct scan *s, struct storage *st, const char *name, uint64_t magic, struct error *err);
void scan_close(struct scan *s);
/* The record at off, which then moves past it.  *record is its header; the payload follows. */
enum scan_result scan_next(struct scan *s, struct record_head *head, const uint8_t **record);
/* Forget what was read ahead: the file may have grown. */
void scan_refresh(struct scan *s);
/* len bytes at off, valid until the next call; NULL: error or beyond the end. */
const uint8_t *scan_at(struct scan *s, uint64_t off, size_t len);

/* What stands behind an end or a bad record at off, where seq was expected. */
struct scan_tail {
    uint64_t nonzero_end; /* end of the last byte that is not zero; off: all zero */
    bool damage;          /* a record that was on disk was changed: not torn by a crash */
    uint64_t max_seq;     /* highest sequence number of a valid record behind off; 0 none */
    size_t valid;         /* valid records behind off */
};
/* visit (may be NULL) sees each valid record behind off. */
int scan_tail(struct scan *s, uint64_t seq, struct scan_tail *tail,
              int (*visit)(void *arg, const struct record_head *head, const uint8_t *record), void *arg,
              struct error *err);

#endif
