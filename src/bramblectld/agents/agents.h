/* agents.h - sessions of node agents.
 *
 *   NODE_HELLO --signature and key checked--> NODE_CONFIG sent --NODE_REGISTER--> registered
 *
 * Only a registered session gets orders.  A node has one session: a newer one replaces it.  That a
 * board has fallen silent is noticed by TCP keepalive, which wakes nobody; heartbeats are rare and
 * carry load and free memory.  An agent that has work and is not heard of is asked for one.
 */
#ifndef BRAMBLE_CTLD_AGENTS_H
#define BRAMBLE_CTLD_AGENTS_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stdint.h>

struct agents;
struct ctld;
struct rpc_conn;

struct agents *agents_create(struct ctld *c);
void agents_destroy(struct agents *a); /* closes no connection; NULL is allowed */
/* A session with role SESSION_AGENT stands: it is this room's from here on. */
void agents_adopt(struct agents *a, struct rpc_conn *conn);
bool agents_reachable(const struct agents *a, uint32_t node_id);
/* -1: no registered session of that node. */
int agents_send(struct agents *a, uint32_t node_id, unsigned type, const ProtobufCMessage *msg);
/* Tell the heart that everybody with a live session has been seen now: the kernel watches the
 * connections, and after a gap of the controller itself nobody is to blame. */
void agents_seen(struct agents *a, bool all);
/* Send each agent its configuration again, after a reload. */
void agents_reconfigure(struct agents *a);
void agents_close(struct agents *a);
bool agents_all_closed(const struct agents *a);
/* Tell agents to end (scontrol shutdown without "controller"). */
void agents_shutdown(struct agents *a);
unsigned agents_count(const struct agents *a);

#endif
