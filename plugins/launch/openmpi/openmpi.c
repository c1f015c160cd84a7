/* openmpi.c - launcher "openmpi": OpenMPI's mpirun inside an allocation.
 *
 * mpirun finds the nodes in SLURM_* and has srun start one daemon (orted, prted) a node; those start
 * the ranks.  A step is then tasks only, but the daemons must leave binding to themselves, and what
 * of another launcher is in the environment would mislead them.
 */
#include "config.h"
#include "bramble/launch_plugin.h"

static void *openmpi_init(const struct launch_step *step, const struct launch_host *host, struct plugin_error *err)
{
    (void)host;
    (void)err;
    return (void *)(uintptr_t)step; /* no state of its own */
}

static void openmpi_fini(void *self)
{
    (void)self;
}

static int openmpi_task_prepare(void *self, uint32_t local_task, const struct launch_env *env, int *keep_fd,
                                struct plugin_error *err)
{
    static const char *const foreign[] = { "PMI_FD", "PMI_RANK", "PMI_SIZE", "PMI_JOBID", "PMIX_RANK",
                                           "PMIX_NAMESPACE", "PMIX_SERVER_URI2", "PMIX_SERVER_URI21",
                                           "PMIX_SERVER_URI3", "PMIX_SERVER_URI4", "PMIX_SERVER_URI41" };

    (void)self;
    (void)local_task;
    (void)err;
    for (size_t i = 0; i < sizeof foreign / sizeof foreign[0]; i++)
        env->unset(env->ctx, foreign[i]);
    *keep_fd = -1;
    return 0;
}

const struct launch_plugin bramble_plugin = {
    .base = { .abi = BRAMBLE_LAUNCH_ABI, .type = "launch", .name = "openmpi",
              .help = "OpenMPI's mpirun inside sbatch and salloc starts its daemons through srun" },
    .init = openmpi_init,
    .fini = openmpi_fini,
    .task_prepare = openmpi_task_prepare,
};
