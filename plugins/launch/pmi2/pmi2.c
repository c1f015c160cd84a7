/* pmi2.c - launcher "pmi2": the PMI-1 and PMI-2 wire protocols, for MPICH and for programs linked
 * with libpmi2. */
#include "config.h"
#include <stdio.h>
#include <stdlib.h>

#include "bramble/launch_plugin.h"
#include "common/pmi_server.h"
#include "common/rank_watch.h"

struct pmi2 {
    const struct launch_step *step;
    const struct launch_host *host;
    struct pmi_server *server;
    struct rank_watch watch;
};

static void pmi2_fini(void *self)
{
    struct pmi2 *pmi = self;

    if (!pmi)
        return;
    pmi_server_destroy(pmi->server);
    free(pmi);
}

static void *pmi2_init(const struct launch_step *step, const struct launch_host *host,
                       struct plugin_error *err)
{
    struct pmi2 *pmi = calloc(1, sizeof *pmi);

    if (!pmi) {
        snprintf(err->text, sizeof err->text, "out of memory");
        return NULL;
    }
    pmi->step = step;
    pmi->host = host;
    rank_watch_init(&pmi->watch, step, host);
    if (!(pmi->server = pmi_server_create(step, host, &pmi->watch, err))) {
        free(pmi);
        return NULL;
    }
    return pmi;
}

static int pmi2_task_prepare(void *self, uint32_t local_task, const struct launch_env *env, int *keep_fd,
                             struct plugin_error *err)
{
    struct pmi2 *pmi = self;

    return pmi_server_task_prepare(pmi->server, local_task, env, keep_fd, err);
}

static void pmi2_task_started(void *self, uint32_t local_task, pid_t pid)
{
    struct pmi2 *pmi = self;

    (void)pid;
    pmi_server_task_started(pmi->server, local_task);
}

static void pmi2_task_ended(void *self, uint32_t local_task, int status)
{
    struct pmi2 *pmi = self;
    enum pmi_progress progress = pmi_server_task_ended(pmi->server, local_task);

    rank_watch_ended(&pmi->watch, local_task, status, progress != PMI_UNUSED, progress == PMI_FINALIZED);
}

static void pmi2_peer_data(void *self, uint32_t from_node, uint32_t kind, uint64_t tag, const void *data,
                           size_t len)
{
    struct pmi2 *pmi = self;

    if (!rank_watch_peer_data(&pmi->watch, kind, tag, data, len))
        pmi_server_peer_data(pmi->server, from_node, kind, tag, data, len);
}

static void pmi2_peer_lost(void *self, uint32_t node_index)
{
    struct pmi2 *pmi = self;

    pmi_server_peer_lost(pmi->server, node_index);
}

extern const struct launch_plugin bramble_plugin;
const struct launch_plugin bramble_plugin = {
    .base = { .abi = BRAMBLE_LAUNCH_ABI, .type = "launch", .name = "pmi2",
              .help = "PMI-1 and PMI-2 wire protocol, for MPICH and libpmi2" },
    .init = pmi2_init,
    .fini = pmi2_fini,
    .task_prepare = pmi2_task_prepare,
    .task_started = pmi2_task_started,
    .task_ended = pmi2_task_ended,
    .peer_data = pmi2_peer_data,
    .peer_lost = pmi2_peer_lost,
};
