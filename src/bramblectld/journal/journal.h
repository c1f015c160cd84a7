/* journal.h - the one place where what happened is kept.
 *
 * Records are opaque here: a sequence number and bytes.  journal_append() copies a record into the
 * batch that is filling and returns at once; journal_flush() sends the batch to a worker, which
 * writes and syncs it, and then calls back everyone who waits for a sequence number up to its last.
 * While a flush is under way the next batch fills: one sync serves all that arrived meanwhile.
 *
 * Files in the state folder:
 *   lock               who has the folder, and the incarnation number; held by flock()
 *   segment-<seq>      records from <seq> on; space is written with zeros ahead of its use
 *   segment.next       the next segment, zeroed and waiting
 *   snapshot-<seq>     records that make the state after <seq>
 * A failed write or sync is never repeated: on_fatal is called and nothing is acknowledged any more.
 * A full disk is found when space is reserved, long before a record needs it: journal_accepts() then
 * says no to new work, records go on into the space that is left, and on_space tells when it is over.
 */
#ifndef BRAMBLE_JOURNAL_H
#define BRAMBLE_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;
struct journal;
struct reactor;
struct storage;

struct journal_conf {
    uint64_t segment_bytes; /* 0: 4 MiB */
    bool recover;           /* keep what comes before damage instead of refusing to start */
    /* On the loop; the journal acknowledges nothing after it. */
    void (*on_fatal)(void *arg, const struct error *why);
    /* On the loop: no space could be reserved (full), or it could again. */
    void (*on_space)(void *arg, bool full, const struct error *why);
    void *arg;
};

enum journal_source {
    JOURNAL_SNAPSHOT, /* a record of the snapshot; seq is the snapshot's */
    JOURNAL_RECORD,   /* a record that came after it */
    JOURNAL_DROPPED,  /* recover only: a whole record behind the damage, not part of the state */
};
typedef int journal_visit_f(void *arg, enum journal_source source, uint64_t seq, const void *data, size_t len,
                            struct error *err);

/* Lock the folder and load: every record of the newest snapshot and of the segments after it is
 * visited in order.  A last record that was torn when power failed is dropped; damage anywhere else
 * is an error naming file and offset.  Takes storage, also on failure.  lock_dir is where the lock is
 * (the same folder; NULL: no lock, for tests). */
struct journal *journal_open(struct reactor *r, struct storage *storage, const char *lock_dir,
                             const struct journal_conf *conf, journal_visit_f *visit, void *visit_arg,
                             struct error *err);
/* Waits for a worker that is still busy.  NULL is allowed. */
void journal_destroy(struct journal *j);

uint64_t journal_append(struct journal *j, const void *data, size_t len);
void journal_flush(struct journal *j);
uint64_t journal_last(const struct journal *j);    /* sequence number given out last */
uint64_t journal_durable(const struct journal *j); /* on disk up to here */
bool journal_is_new(const struct journal *j);      /* nothing was there */
uint64_t journal_incarnation(const struct journal *j);
typedef void journal_done_f(void *arg);
/* Call done once seq is on disk, in order of seq; never from within this call. */
void journal_when_durable(struct journal *j, uint64_t seq, journal_done_f *done, void *arg);
/* -1 with BRE_DISK_FULL while no space can be reserved. */
int journal_accepts(const struct journal *j, struct error *err);
size_t journal_pending_bytes(const struct journal *j); /* appended, not yet on disk */

/* A snapshot of the state after journal_last(), which must be on disk.  begin, then add for every
 * record, then finish: the file is written by a worker.  Returns -1 from begin while one is under way. */
int journal_snapshot_begin(struct journal *j);
/* After begin: go on in two processes, so that the loop need not wait for a long tale.  The child adds
 * every record and calls finish, which does not return there; the parent adds none.  NONE: there is
 * one process still, which adds. */
enum journal_copy { JOURNAL_COPY_NONE, JOURNAL_COPY_PARENT, JOURNAL_COPY_CHILD };
enum journal_copy journal_snapshot_copy(struct journal *j);
void journal_snapshot_add(struct journal *j, const void *data, size_t len);
void journal_snapshot_finish(struct journal *j);
/* Enough has been written since the last one to make the next worth its while. */
bool journal_snapshot_due(const struct journal *j);

/* Segments are kept until every reader has passed them.  Register before the first snapshot. */
int journal_reader_register(struct journal *j, uint64_t position);
void journal_reader_passed(struct journal *j, int reader, uint64_t position);

/* Reading back, on a worker: knows nothing of struct journal and shares nothing but the files. */
struct journal_reader;
/* Everything needed to know the state after position and what follows: first the records of the
 * newest snapshot that is not younger than position (the oldest there is, if all are), then the
 * records after it. */
struct journal_reader *journal_reader_open(struct storage *storage, uint64_t position, struct error *err);
/* The next record with a sequence number up to limit.  1: got one, valid until the next call; 0:
 * limit reached; -1: error. */
int journal_reader_next(struct journal_reader *r, uint64_t limit, enum journal_source *source, uint64_t *seq,
                        const void **data, size_t *len, struct error *err);
void journal_reader_close(struct journal_reader *r);

#endif
