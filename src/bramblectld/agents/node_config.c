/* node_config.c - MSG_NODE_CONFIG from bramble.conf. */
#include "config.h"

#include "bramblectld/agents/node_config.h"
#include "bramblectld/ctld_private.h"
#include "conf/conf.h"
#include "rpc/rpc.h"

#define HEARTBEAT_MIN_SEC 60
#define HEARTBEAT_MAX_SEC 300
#define HEARTBEAT_PER_NODE_SEC 8 /* keeps all heartbeats together below one in eight seconds */

uint32_t node_heartbeat_sec(const struct ctld *c)
{
    size_t sec = c->conf->num_nodes * HEARTBEAT_PER_NODE_SEC;
    return sec < HEARTBEAT_MIN_SEC ? HEARTBEAT_MIN_SEC : sec > HEARTBEAT_MAX_SEC ? HEARTBEAT_MAX_SEC : (uint32_t)sec;
}

void node_config_send(struct ctld *c, struct rpc_conn *conn, uint32_t request_id, const char *name)
{
    const struct conf *conf = c->conf;
    const struct conf_node *node = conf_node_find(conf, name);
    Wire__NodeConfig msg = WIRE__NODE_CONFIG__INIT;
    msg.node_name = (char *)name;
    if (node) {
        msg.topology_xml = (char *)node->topology_xml;
        msg.topology_synthetic = (char *)node->topology_synthetic;
        msg.hw_class = (char *)node->hw_class;
        msg.has_mem_mb = node->mem_mb != 0;
        msg.mem_mb = node->mem_mb;
    }
    msg.has_heartbeat_sec = msg.has_kill_wait_sec = msg.has_unkillable_sec = msg.has_prolog_sec =
        msg.has_cluster_id = msg.has_node_timeout_sec = true;
    msg.heartbeat_sec = node_heartbeat_sec(c);
    msg.kill_wait_sec = conf->kill_wait_sec;
    msg.unkillable_sec = conf->unkillable_timeout_sec;
    msg.prolog = (char *)conf->prolog;
    msg.epilog = (char *)conf->epilog;
    msg.prolog_sec = conf->prolog_timeout_sec;
    msg.cgroup = (char *)conf->cgroup;
    msg.task_prolog = (char *)conf->task_prolog;
    msg.task_epilog = (char *)conf->task_epilog;
    msg.mpi_default = (char *)conf->mpi_default;
    msg.cluster_name = (char *)conf->cluster_name;
    msg.cluster_id = cluster_id(c->cluster);
    msg.node_timeout_sec = conf->node_timeout_sec;
    rpc_conn_send(conn, MSG_NODE_CONFIG, request_id, &msg.base);
}
