/* node_config.h - what an agent is told about itself and its surroundings. */
#ifndef BRAMBLE_CTLD_NODE_CONFIG_H
#define BRAMBLE_CTLD_NODE_CONFIG_H

#include <stdint.h>

struct ctld;
struct rpc_conn;

/* The configuration of that node, as MSG_NODE_CONFIG. */
void node_config_send(struct ctld *c, struct rpc_conn *conn, uint32_t request_id, const char *name);
/* How often agents speak without being asked: so rarely that an idle controller sleeps. */
uint32_t node_heartbeat_sec(const struct ctld *c);

#endif
