/* journal_rig.h - a journal on a disk in memory, whose records are numbers counting up. */
#ifndef TEST_JOURNAL_RIG_H
#define TEST_JOURNAL_RIG_H

#include "bramblectld/journal/journal.h"
#include "memdisk.h"
#include "util/error.h"
#include "util/list.h"

struct rig {
    struct reactor *reactor;
    struct memdisk *disk;
    struct journal *journal;
    uint64_t loaded;  /* number in the last record that was loaded */
    uint64_t dropped; /* records that recovery reported */
    bool broken;      /* records did not count up by one */
    uint64_t next, acked;
    struct list_node acks; /* not yet acknowledged */
    bool fatal, full;
    struct error fatal_err;
    size_t payload; /* bytes of each record */
    bool recover;
    uint64_t segment_bytes;
};

/* 0, or -1 with err: the journal did not open.  The disk stays the caller's. */
int rig_open(struct rig *r, struct memdisk *disk, struct error *err);
void rig_close(struct rig *r);
void rig_append(struct rig *r, unsigned count); /* and count acknowledgements */
void rig_snapshot(struct rig *r);
/* Run the loop until everything is acknowledged, or ms have passed. */
void rig_run(struct rig *r, unsigned ms);

#endif
