/* client.c - finds the controller's address and key. */
#include "config.h"
#include "conf/client.h"

#include "conf/conf_file.h"
#include "util/error.h"
#include "util/mem.h"

#include <errno.h>
#include <libconfig.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

const char *client_conf_path(void)
{
    const char *path = getenv("BRAMBLE_CONF");

    return path && *path ? path : BRAMBLE_SYSCONFDIR "/bramble.conf";
}

static int copy_text(char *to, size_t size, const char *from, const char *what, struct error *err)
{
    if (strlen(from) >= size)
        return error_set(err, BRE_CONFIG, "%s: '%.40s...' is longer than %zu bytes", what, from, size - 1);
    memcpy(to, from, strlen(from) + 1);
    return 0;
}

static int read_text(const config_t *file, const char *path, const char *key, char *to, size_t size,
                     struct error *err)
{
    const config_setting_t *setting = config_lookup(file, key);
    const char *value;

    if (!setting)
        return 0;
    if (!(value = config_setting_get_string(setting)))
        return error_set(err, BRE_CONFIG, "%s:%u: %s must be text in quotes", path,
                         config_setting_source_line(setting), key);
    if (copy_text(to, size, value, key, err) < 0)
        return error_prefix(err, "%s:%u", path, config_setting_source_line(setting));
    return 0;
}

static int read_file(const char *path, struct client_conf *conf, char *controller, size_t size,
                     struct error *err)
{
    CLEANUP_CONFIG config_t file;
    int port = 0;

    config_init(&file);
    if (conf_file_read(&file, path, err) < 0
        || read_text(&file, path, "controller", controller, size, err) < 0
        || read_text(&file, path, "munge_socket", conf->target.munge_socket,
                     sizeof conf->target.munge_socket, err)
               < 0
        || read_text(&file, path, "run_dir", conf->run_dir, sizeof conf->run_dir, err) < 0
        || read_text(&file, path, "log_file", conf->log_file, sizeof conf->log_file, err) < 0
        || read_text(&file, path, "log_level", conf->log_level, sizeof conf->log_level, err) < 0
        || read_text(&file, path, "node_name", conf->node_name, sizeof conf->node_name, err) < 0)
        return -1;
    if (config_lookup(&file, "agent_port")
        && (!config_lookup_int(&file, "agent_port", &port) || port < 0 || port > 65535))
        return error_set(err, BRE_CONFIG, "%s: agent_port must be a number from 0 to 65535", path);
    conf->agent_port = (uint16_t)port;
    return 0;
}

int client_conf_load(const char *path, const char *controller, struct client_conf *conf,
                     struct error *err)
{
    const char *env_controller = getenv("BRAMBLE_CONTROLLER");
    const char *env_munge = getenv("BRAMBLE_MUNGE_SOCKET");
    struct client_conf loaded = { 0 };
    char munge_socket[sizeof loaded.target.munge_socket], from_file[512] = "";
    bool given = path || (getenv("BRAMBLE_CONF") && *getenv("BRAMBLE_CONF"));

    if (!path)
        path = client_conf_path();
    if (!controller && env_controller && *env_controller)
        controller = env_controller;
    /* With the controller known, the default file may be missing or not for our eyes. */
    if ((!controller || given || access(path, R_OK) == 0)
        && read_file(path, &loaded, from_file, sizeof from_file, err) < 0) {
        if (!controller && !given && err && err->code == ENOENT)
            return error_set(err, BRE_CONFIG,
                             "cannot find the controller: set BRAMBLE_CONTROLLER or write "
                             "controller = \"HOST:PORT KEY\" into %s",
                             path);
        return -1;
    }
    if (env_munge && *env_munge
        && copy_text(loaded.target.munge_socket, sizeof loaded.target.munge_socket, env_munge,
                     "BRAMBLE_MUNGE_SOCKET", err)
               < 0)
        return -1;
    if (!controller && !*from_file)
        return error_set(err, BRE_CONFIG,
                         "%s has no key controller: write controller = \"HOST:PORT KEY\" "
                         "(bramblectld --print-key prints the key)",
                         path);
    memcpy(munge_socket, loaded.target.munge_socket, sizeof munge_socket);
    if (rpc_target_parse(controller ? controller : from_file, &loaded.target, err) < 0)
        return error_prefix(err, "%s", controller ? "controller" : path);
    memcpy(loaded.target.munge_socket, munge_socket, sizeof munge_socket);
    if (!controller) /* who names a controller means that one, over the network */
        rpc_local_path(loaded.run_dir[0] ? loaded.run_dir : BRAMBLE_RUNDIR, loaded.target.port,
                       loaded.target.local_socket);
    *conf = loaded;
    return 0;
}

int client_target_load(struct rpc_target *target, struct error *err)
{
    struct client_conf conf;

    if (client_conf_load(NULL, NULL, &conf, err) < 0)
        return -1;
    *target = conf.target;
    return 0;
}
