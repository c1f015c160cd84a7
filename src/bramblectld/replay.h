/* replay.h - journal records to state and back: start-up and snapshots. */
#ifndef BRAMBLE_CTLD_REPLAY_H
#define BRAMBLE_CTLD_REPLAY_H

#include <stdint.h>

struct ctld;
struct error;

/* Open the journal of the configured state folder and apply it to c->cluster. */
int ctld_replay(struct ctld *c, struct error *err);
/* Write a snapshot of the state as it is now. */
void ctld_snapshot(struct ctld *c);
/* Job ids below limit may have been seen by users: --recover dropped the record that said so. */
void ctld_reserve_ids(struct ctld *c, uint32_t limit);

#endif
