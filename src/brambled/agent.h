/* agent.h - the node agent: registers the board with the controller and starts shepherds.
 *
 * The controller alone gives it orders, on the connection that the agent dialled.  Its memory of
 * what runs are the steps' folders below run_dir and the shepherds in them: an agent that is started
 * again finds them there, and one that is stopped leaves them alone.
 */
#ifndef BRAMBLED_AGENT_H
#define BRAMBLED_AGENT_H

#include <stdint.h>

#include "rpc/rpc.h"

struct agent;
struct error;
struct reactor;

struct agent_options {
    const char *node_name;
    struct rpc_target controller;
    const char *run_dir;   /* steps and sockets; gone after a reboot */
    const char *state_dir; /* the board's key */
    const char *listen;
    uint16_t port; /* 0: any */
    const char *stepd_path, *plugin_dir;
    const char *log_path; /* NULL: standard error; shepherds log there too */
};
struct agent *agent_create(struct reactor *r, const struct agent_options *opts, struct error *err);
/* Stops; steps live on. */
void agent_destroy(struct agent *a); /* NULL is allowed */

#endif
