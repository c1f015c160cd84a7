/* option_refused.c - options that Slurm has and this release has not: each is refused by name, with
 * the reason and the way out.  None is ever ignored in silence. */
#include "config.h"
#include "jobopt/jobopt_private.h"

#include "util/mem.h"

#define REFUSED(opt_name, which, argument, why)                                                \
    .name = opt_name, .commands = which, .arg = argument, .refused = why
#define NO_GPU "boards of this cluster have no GPUs to hand out; leave it out"
#define NO_BB "there are no burst buffers here; stage files in the script"
#define NO_SHAPE "ask with --constraint for a class of boards, or with --mincpus for cores"
#define NO_NODES "jobs take nodes in the order of the configuration; name them with --nodelist"

static const struct job_option rows[] = {
    { REFUSED("batch", CMD_SBATCH, ARG_REQUIRED, "the script runs on the first node; use --constraint"),
      .env_sbatch = "SBATCH_BATCH" },
    { REFUSED("acctg-freq", CMD_ALL, ARG_REQUIRED, "usage is measured for every step without it"),
      ENV_ALL("ACCTG_FREQ") },
    { REFUSED("bb", CMD_ALL, ARG_REQUIRED, NO_BB), .env_srun = "SLURM_BURST_BUFFER",
      .env_salloc = "SALLOC_BURST_BUFFER" },
    { REFUSED("bbf", CMD_ALL, ARG_REQUIRED, NO_BB) },
    { REFUSED("cluster-constraint", CMD_ALL, ARG_REQUIRED, "there is one cluster, no federation") },
    { REFUSED("container", CMD_ALL, ARG_REQUIRED, "start the container runtime in the script"),
      .env_sbatch = "SBATCH_CONTAINER", .env_srun = "SRUN_CONTAINER", .env_salloc = "SALLOC_CONTAINER" },
    { REFUSED("cpu-freq", CMD_ALL, ARG_REQUIRED, "boards run at their governor's frequency; leave it out"),
      .env_srun = "SLURM_CPU_FREQ_REQ" },
    { REFUSED("gpu-freq", CMD_ALL, ARG_REQUIRED, "no board here can set the clock of its accelerators; leave it out"), ENV_ALL("GPU_FREQ") },
    { REFUSED("delay-boot", CMD_ALL, ARG_REQUIRED, "nodes are never rebooted for a job; leave it out"),
      ENV_ALL("DELAY_BOOT") },
    { REFUSED("reboot", CMD_ALL, ARG_NONE, "nodes are never rebooted for a job; leave it out") },
    { REFUSED("mcs-label", CMD_ALL, ARG_REQUIRED, "there are no MCS labels here; leave it out") },
    { REFUSED("network", CMD_ALL, ARG_REQUIRED, "boards have one network; leave it out"),
      ENV_ALL("NETWORK") },
    { REFUSED("power", CMD_ALL, ARG_REQUIRED, "there is no power management; leave it out"),
      ENV_ALL("POWER") },
    { REFUSED("profile", CMD_ALL, ARG_REQUIRED, "there is no profiling; see sacct for a job's usage"),
      ENV_ALL("PROFILE") },
    { REFUSED("x11", CMD_SRUN | CMD_SALLOC, ARG_OPTIONAL, "use ssh -X to the node") },
    { REFUSED("accel-bind", CMD_SRUN, ARG_REQUIRED, NO_GPU) },
    { REFUSED("no-allocate", CMD_SRUN, ARG_NONE, "every step runs in an allocation; leave it out"),
      .letter = 'Z' },
};
const struct option_rows rows_refused = { rows, ARRAY_SIZE(rows) };
