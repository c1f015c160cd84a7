/* allgather.h - every node of a set gives a piece, every node gets all pieces: the fence of PMIx and
 * the barrier of PMI, carried by launch_host.peer_send().
 *
 * Pieces travel up a binary tree over the nodes of the set and come down it joined, so a step on
 * 100 boards needs seven hops each way and no board sends to more than three others.  The order of
 * the pieces in the result is the tree's; users of it carry their own marks inside.
 */
#ifndef BRAMBLE_LAUNCH_ALLGATHER_H
#define BRAMBLE_LAUNCH_ALLGATHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct launch_host;
struct launch_step;
struct allgather;

/* kind and kind + 1 are the peer_send() kinds that belong to it.  NULL: no memory. */
struct allgather *allgather_create(const struct launch_step *step, const struct launch_host *host,
                                   uint32_t kind);
void allgather_destroy(struct allgather *ag); /* forgets what is under way; NULL is allowed */

/* status 0: data holds all pieces (borrowed).  Else an errno. */
typedef void allgather_done_f(void *arg, int status, const void *data, size_t len);
/* Give this node's piece (copied) for the set of nodes (ascending, this node among them).  Successive
 * calls with the same set and group form successive operations.  group tells sets of processes apart
 * that live on the same nodes.  done may be called before this returns.  -1: no memory. */
int allgather_start(struct allgather *ag, const uint32_t *nodes, uint32_t num_nodes, uint64_t group,
                    const void *data, size_t len, allgather_done_f *done, void *arg);
/* A message from a peer.  false: its kind is not ours. */
bool allgather_peer_data(struct allgather *ag, uint32_t from, uint32_t kind, uint64_t tag,
                         const void *data, size_t len);
/* A node is gone: operations that it takes part in fail with EPIPE. */
void allgather_peer_lost(struct allgather *ag, uint32_t node);

#endif
