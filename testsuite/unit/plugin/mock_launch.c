/* mock_launch.c - a launcher that does nothing; built in several ways, right and wrong. */
#include "bramble/launch_plugin.h"

#ifndef MOCK_ABI
#define MOCK_ABI BRAMBLE_LAUNCH_ABI
#endif
#ifndef MOCK_TYPE
#define MOCK_TYPE "launch"
#endif

static void *mock_init(const struct launch_step *step, const struct launch_host *host,
                       struct plugin_error *err)
{
    static char self;

    (void)step;
    (void)host;
    (void)err;
    return &self;
}

static void mock_fini(void *self)
{
    (void)self;
}

#ifdef MOCK_INCOMPLETE
#define mock_prepare NULL
#else
static int mock_prepare(void *self, uint32_t local_task, const struct launch_env *env, int *keep_fd,
                        struct plugin_error *err)
{
    (void)self;
    (void)local_task;
    (void)env;
    (void)keep_fd;
    (void)err;
    return 0;
}
#endif

#ifdef MOCK_NO_EXPORT
#define bramble_plugin not_a_plugin
#endif
extern const struct launch_plugin bramble_plugin;
const struct launch_plugin bramble_plugin = {
    .base = { .abi = MOCK_ABI, .type = MOCK_TYPE, .name = MOCK_NAME, .help = "does nothing" },
    .init = mock_init,
    .fini = mock_fini,
    .task_prepare = mock_prepare,
};
