/* none.c - launcher "none": tasks only.  What an MPI library's own starter (orted, prted,
 * hydra_pmi_proxy) is run under, and every program that is no MPI program. */
#include "config.h"
#include "bramble/launch_plugin.h"

static void *none_init(const struct launch_step *step, const struct launch_host *host, struct plugin_error *err)
{
    (void)host;
    (void)err;
    return (void *)(uintptr_t)step; /* no state of its own */
}

static void none_fini(void *self)
{
    (void)self;
}

static int none_task_prepare(void *self, uint32_t local_task, const struct launch_env *env, int *keep_fd,
                             struct plugin_error *err)
{
    (void)self;
    (void)local_task;
    (void)env;
    (void)err;
    *keep_fd = -1;
    return 0;
}

const struct launch_plugin bramble_plugin = {
    .base = { .abi = BRAMBLE_LAUNCH_ABI, .type = "launch", .name = "none", .help = "tasks only" },
    .init = none_init,
    .fini = none_fini,
    .task_prepare = none_task_prepare,
};
