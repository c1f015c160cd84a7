/* journal_private.h - what the files of journal/ share. */
#ifndef BRAMBLE_JOURNAL_PRIVATE_H
#define BRAMBLE_JOURNAL_PRIVATE_H

#include "bramblectld/journal/journal.h"
#include "bramblectld/journal/record.h"
#include "bramblectld/journal/storage.h"
#include "util/error.h"

#include <sys/types.h>

#define SEGMENT_NEXT "segment.next"
#define SEGMENT_PREP "segment.prep"
#define SEGMENT_SPARE "segment.spare"
#define SNAPSHOT_TMP "snapshot.tmp"
#define FILE_NAME_MAX 64
#define MAX_READERS 8

struct batch {
    uint8_t *data;
    size_t len, cap;
    uint64_t first;
};
/* The segment that is written to.  Belongs to the worker while a flush is under way. */
struct segment {
    int fd; /* -1: none yet */
    uint64_t first, size, off;
    size_t block;   /* 0: written through the page cache, else past it in such blocks */
    uint8_t *stage; /* then: what the file has between the page border before off and off; room behind it */
};
struct waiter {
    uint64_t seq;
    journal_done_f *done;
    void *arg;
};
struct reactor_timer;

struct journal {
    struct reactor *reactor;
    struct storage *st;
    struct journal_conf conf;
    int lock_fd; /* -1: none */
    uint64_t incarnation;
    bool is_new;
    uint64_t last, durable;
    struct batch filling, writing;
    struct segment seg;
    bool flushing, switching, preparing, removing, next_ready, full, failed, want_flush, closing;
    struct error flush_err, prep_err, snap_err;
    bool flush_no_space;
    struct waiter *waiters; /* a ring: cap is a power of two */
    size_t wait_head, wait_len, wait_cap;
    bool waking;
    struct reactor_timer *retry;
    struct error full_err;
    /* snapshot */
    bool snapping, snap_writing;
    uint64_t snap_seq, snap_count;
    struct batch snap;         /* on the loop: all of it; in a copy: what is not yet told */
    bool snap_copy;            /* this process is one */
    bool snap_broken;
    int snap_pipe;             /* from the copy, or in it to its parent; -1: none.  The worker's while snap_writing */
    pid_t snap_pid;
    uint64_t snap_len;
    uint64_t base_seq;         /* of the newest snapshot */
    uint64_t bytes_since_snap, snap_bytes;
    /* readers */
    uint64_t readers[MAX_READERS];
    int num_readers;
};

void file_name(char out[FILE_NAME_MAX], const char *kind, uint64_t seq);
/* Names of one kind, sorted by number.  Caller frees *seqs. */
int file_list(struct storage *st, const char *kind, uint64_t **seqs, size_t *num);
bool file_exists(struct storage *st, const char *name);

/* -- journal_lock.c -- */
int journal_lock(struct journal *j, const char *dir, uint64_t floor, struct error *err);
/* -1: someone else has written a higher incarnation.  On a worker. */
int journal_lock_check(int lock_fd, uint64_t incarnation, struct error *err);

/* -- segment.c: all on a worker, or while the loop does not run -- */
/* Make segment.next: size bytes of zeros on disk. */
int segment_prepare(struct storage *st, uint64_t size, struct error *err);
/* segment.next becomes the segment that begins with first. */
int segment_switch(struct storage *st, struct segment *seg, uint64_t first, uint64_t incarnation,
                   struct error *err);
/* Write past the page cache from now on, if the storage can: through it each flush would write whole pages. */
void segment_go_direct(struct storage *st, struct segment *seg);
/* Write at seg->off, which moves on.  segment_close() copes with what was never opened. */
int segment_write(struct storage *st, struct segment *seg, const uint8_t *data, size_t len);
void segment_close(struct storage *st, struct segment *seg);
bool error_is_no_space(const struct error *err);

/* -- journal_load.c -- */
int journal_load(struct journal *j, journal_visit_f *visit, void *arg, struct error *err);

/* -- journal_snapshot.c -- */
void journal_remove_old(struct journal *j);
void journal_snapshot_abandon(struct journal *j);
/* For the head of every worker's done: true when the journal is being destroyed, and may be gone. */
bool journal_closing(struct journal *j);
void journal_fail(struct journal *j, const struct error *why);
void batch_put(struct batch *b, enum record_kind kind, uint64_t seq, uint64_t synced, const void *data, size_t len);
void batch_free(struct batch *b);

#endif
