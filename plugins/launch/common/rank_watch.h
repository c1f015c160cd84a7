/* rank_watch.h - notices that a rank left without a good-bye while others still count on it.
 *
 * MPI ranks wait for each other without end, so a rank that is gone must end the step.  A program
 * that never was MPI (srun --mpi=pmix hostname) must not be disturbed.
 */
#ifndef BRAMBLE_LAUNCH_RANK_WATCH_H
#define BRAMBLE_LAUNCH_RANK_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct launch_host;
struct launch_step;

struct rank_watch {
    const struct launch_step *step;
    const struct launch_host *host;
    uint32_t kind;     /* of peer messages */
    bool active;       /* a local rank has begun MPI */
    bool aborted, have_dead;
    uint32_t dead_gtid;
    int dead_status;
};

#define RANK_WATCH_KIND 40u /* peer_send() kind */

void rank_watch_init(struct rank_watch *w, const struct launch_step *step,
                     const struct launch_host *host);
/* A local rank has begun MPI. */
void rank_watch_begun(struct rank_watch *w);
/* A rank asked for the end of the step.  Only the first reason is passed on: what follows from it
 * is no news. */
void rank_watch_abort(struct rank_watch *w, uint32_t gtid, int exit_code, const char *text);
/* A local task ended.  begun, finalized: how far it had come. */
void rank_watch_ended(struct rank_watch *w, uint32_t local_task, int status, bool begun, bool finalized);
/* false: not a message of this room. */
bool rank_watch_peer_data(struct rank_watch *w, uint32_t kind, uint64_t tag, const void *data, size_t len);

#endif
