/* client.h - the one line that a login host or a board needs: where the controller is.
 *
 * Looked up in the environment (BRAMBLE_CONTROLLER, BRAMBLE_MUNGE_SOCKET), then in the file
 * BRAMBLE_CONF names, then in SYSCONFDIR/bramble.conf.  The file may be the controller's full one:
 * keys that only the controller uses are not looked at.
 */
#ifndef BRAMBLE_CONF_CLIENT_H
#define BRAMBLE_CONF_CLIENT_H

#include <stdint.h>

#include "rpc/rpc.h"

struct error;

/* What an agent may find in its board's file beside the controller; strings are empty and numbers
 * 0 when not set. */
struct client_conf {
    struct rpc_target target;
    char run_dir[256];
    char log_file[256];
    char log_level[128];
    char node_name[256];
    uint16_t agent_port;
};

int client_target_load(struct rpc_target *target, struct error *err);
/* path NULL: as above.  controller NULL or what the command line gave instead. */
int client_conf_load(const char *path, const char *controller, struct client_conf *conf,
                     struct error *err);
/* The file that would be read: BRAMBLE_CONF or SYSCONFDIR/bramble.conf. */
const char *client_conf_path(void);

#endif
