/* link.h - a lasting connection to the controller, over its restarts.
 *
 * on_ready is called whenever a session stands, the first time and after each loss: the owner then
 * sends what it wants to know (a request, or that it wants to go on where it was).  While the
 * controller is away the link tries again, for patience_ms at most; then, or when the controller
 * refuses to talk at all, on_gone is called once and the link is dead.
 */
#ifndef BRAMBLE_COMMANDS_LINK_H
#define BRAMBLE_COMMANDS_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "rpc/rpc.h"

struct ctl_link;
struct ctl_link_ops {
    void (*on_ready)(void *arg);
    void (*on_frame)(void *arg, const struct rpc_frame *frame);
    void (*on_lost)(void *arg, const struct error *why); /* trying again; may be NULL */
    void (*on_gone)(void *arg, const struct error *why);
};

struct ctl_link *ctl_link_create(struct reactor *r, const struct rpc_target *target, uint64_t patience_ms,
                                 const struct ctl_link_ops *ops, void *arg);
void ctl_link_destroy(struct ctl_link *l); /* NULL is allowed; cuts the connection */
/* After the loop has stopped: let connections that were cut take their last turn, so that they free
 * what they hold. */
void reactor_settle(struct reactor *r);
/* -1: there is no session now. */
int ctl_link_send(struct ctl_link *l, unsigned type, uint32_t request_id, const ProtobufCMessage *msg);
bool ctl_link_is_up(const struct ctl_link *l);
/* on_gone was called.  A worker may still wait for munged then, and exit() for the worker: leave by
 * _exit() when output has been flushed. */
bool ctl_link_is_gone(const struct ctl_link *l);
/* How long to try from the next loss on; UINT64_MAX: for ever. */
void ctl_link_set_patience(struct ctl_link *l, uint64_t patience_ms);

#endif
