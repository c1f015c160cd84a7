/* ctld_private.h - the controller's one context, for its rooms. */
#ifndef BRAMBLE_CTLD_PRIVATE_H
#define BRAMBLE_CTLD_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "bramblectld/ctld.h"
#include "cluster/cluster.h"
#include "util/arena.h"
#include "util/list.h"
#include "util/error.h"

struct accounting;
struct agents;
struct clients;
struct conf;
struct identities;
struct journal;
struct mail;
struct reactor;
struct reactor_signal;
struct reactor_timer;
struct rpc_server;

struct ctld {
    struct ctld_options options;
    struct conf *conf;
    char *conf_path;
    struct arena conf_arena;       /* of what is handed to the heart */
    struct reactor *reactor;
    struct cluster *cluster;
    struct journal *journal;
    struct identities *identities;
    struct agents *agents;
    struct clients *clients;
    struct mail *mail;
    struct accounting *accounting; /* NULL: none configured */
    struct diag *diag;
    struct list_node usage_questions; /* of sstat, not answered yet */
    struct rpc_server *server;
    struct reactor_signal *sigterm, *sigint, *sighup;
    struct reactor_timer *timer;   /* the heart's next deadline */
    struct reactor_timer *stop_timer;
    struct reactor_timer *flush_timer; /* what nobody waits for goes with what somebody does */
    bool flush_now, flush_soon;
    uint64_t timer_at_ms;          /* what it is armed for; UINT64_MAX: nothing */
    bool turn_soon, stopping, failed, goodbye;
    bool multi_user;               /* started by root: serves every uid, not only its own */
    unsigned commits;              /* not yet acted on */
    size_t replay_skipped;         /* records that could not be applied */
    time_t boot_time;
    char host[256];
    bool recovered;                /* something was dropped by --recover */
    uint32_t dropped_job_limit;
};

struct cluster_now ctld_now(struct ctld *c);
/* Do soon what is due: scheduling pass, timers, flush. */
void ctld_turn_soon(struct ctld *c);
void ctld_stop(struct ctld *c, const char *why);
uint32_t ctld_kill_wait(const struct ctld *c);
int ctld_reload(struct ctld *c, struct error *err);

#endif
