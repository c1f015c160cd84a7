/* option_resources.c - rows about how much a job gets: nodes, tasks, CPUs, memory. */
#include "config.h"
#include "jobopt/jobopt_private.h"

#include <limits.h>
#include <string.h>

#include "util/error.h"
#include "util/mem.h"
#include "util/num.h"

/* A node count may carry Slurm's suffixes k (1024) and m (1048576). */
static bool node_count_parse(const char *text, size_t len, uint32_t *count)
{
    uint64_t factor = 1;
    uint32_t number;
    char digits[16];

    if (len && (text[len - 1] == 'k' || text[len - 1] == 'K'))
        factor = 1024;
    else if (len && (text[len - 1] == 'm' || text[len - 1] == 'M'))
        factor = 1048576;
    if (factor > 1)
        len--;
    if (!len || len >= sizeof digits)
        return false;
    memcpy(digits, text, len);
    digits[len] = '\0';
    if (num_parse_u32(digits, 0, INT_MAX, &number, "", NULL) < 0 || number * factor > INT_MAX)
        return false;
    *count = (uint32_t)(number * factor);
    return true;
}

static int parse_nodes(struct job_options *o, const struct job_option *row, const char *value,
                       struct error *err)
{
    const char *dash = strchr(value, '-'), *bad = NULL;
    uint32_t min, max;

    (void)row;
    if (!node_count_parse(value, dash ? (size_t)(dash - value) : strlen(value), &min))
        bad = value;
    max = min;
    if (!bad && dash && !node_count_parse(dash + 1, strlen(dash + 1), &max))
        bad = dash + 1;
    if (bad) {
        o->exit_code = EXIT_OPTION;
        return error_set(err, BRE_TOO_MANY_NODES,
                         "\"%.64s\" is not a valid node count: --nodes takes MIN or MIN-MAX", bad);
    }
    if (max < min) {
        o->exit_code = EXIT_OPTION;
        return error_set(err, BRE_TOO_MANY_NODES,
                         "Maximum node count %u is less than minimum node count %u", max, min);
    }
    o->min_nodes = min;
    o->max_nodes = max;
    return 0;
}

static int parse_memory(struct job_options *o, const struct job_option *row, const char *value,
                        struct error *err)
{
    uint64_t *field = (uint64_t *)(void *)((char *)o + row->offset), mb;

    if (size_parse_mb(value, &mb, "", NULL) < 0 || mb > UINT64_C(1) << 40)
        return option_refuse(o, row, value, err,
                             "is no size such as 500 (in megabytes), 512K, 4G or 1T");
    *field = mb;
    return 0;
}

static int parse_tmp(struct job_options *o, const struct job_option *row, const char *value,
                     struct error *err)
{
    uint64_t mb;

    if (size_parse_mb(value, &mb, "", NULL) < 0 || mb >= OPT_UNSET)
        return option_refuse(o, row, value, err, "is no size such as 500 (in megabytes) or 4G");
    o->min_tmp_mb = (uint32_t)mb;
    return 0;
}

static int parse_exclusive(struct job_options *o, const struct job_option *row, const char *value,
                           struct error *err)
{
    if (!value || !*value) {
        o->exclusive = true;
        o->exclusive_user = o->oversubscribe = false;
        return 0;
    }
    if (!strcmp(value, "user")) {
        o->exclusive_user = true;
        o->exclusive = o->oversubscribe = false;
        return 0;
    }
    if (!strcmp(value, "mcs")) {
        o->exit_code = EXIT_OPTION;
        return error_set(err, BRE_NOT_SUPPORTED,
                         "--exclusive=%s is not supported: there are no MCS labels here, give --exclusive or "
                         "--exclusive=user",
                         value);
    }
    return option_refuse(o, row, value, err, "is not known: give --exclusive, or --exclusive=user");
}

static int parse_oversubscribe(struct job_options *o, const struct job_option *row, const char *value,
                               struct error *err)
{
    (void)row;
    (void)value;
    (void)err;
    o->oversubscribe = true;
    o->exclusive = o->exclusive_user = false;
    return 0;
}

#define COUNT(opt_name, field, low)                                                            \
    .name = opt_name, .arg = ARG_REQUIRED, .commands = CMD_ALL, .parse = parse_count,          \
    .offset = OPT_FIELD(field), .min = low, .max = INT_MAX

static const struct job_option rows[] = {
    { .name = "nodes", .letter = 'N', .arg = ARG_REQUIRED, .arg_name = "N", .commands = CMD_ALL,
      .env_srun = "SLURM_NNODES SLURM_JOB_NUM_NODES", .parse = parse_nodes, .group = GROUP_RUN,
      .help = "number of nodes on which to run (N = min[-max])" },
    { COUNT("ntasks", num_tasks, 1), .letter = 'n', .arg_name = "ntasks",
      .env_srun = "SLURM_NPROCS SLURM_NTASKS", .help = "number of tasks to run" },
    { COUNT("cpus-per-task", cpus_per_task, 1), .letter = 'c', .arg_name = "ncpus",
      .env_srun = "SRUN_CPUS_PER_TASK", .help = "number of CPUs required per task" },
    { COUNT("ntasks-per-node", ntasks_per_node, 1), .arg_name = "n", .env_srun = "SLURM_NTASKS_PER_NODE",
      .help = "number of tasks to invoke on each node" },
    { COUNT("ntasks-per-core", ntasks_per_core, 1), .arg_name = "n", .group = GROUP_AFFINITY,
      .env_srun = "SLURM_NTASKS_PER_CORE", .help = "number of tasks to invoke on each core" },
    { COUNT("ntasks-per-socket", ntasks_per_socket, 1), .arg_name = "n", .group = GROUP_AFFINITY,
      .env_srun = "SLURM_NTASKS_PER_SOCKET", .help = "number of tasks to invoke on each socket" },
    { COUNT("threads-per-core", threads_per_core, 1), .arg_name = "T", .group = GROUP_AFFINITY,
      ENV_ALL("THREADS_PER_CORE"), .help = "number of threads per core to allocate" },
    { COUNT("mincpus", min_cpus_per_node, 1), .arg_name = "n", .group = GROUP_CONSTRAINT,
      .help = "least number of CPUs (threads) per node" },
    { .name = "mem", .arg = ARG_REQUIRED, .arg_name = "MB", .commands = CMD_ALL, .group = GROUP_CONSTRAINT,
      ENV_ALL("MEM_PER_NODE"), .parse = parse_memory, .offset = OPT_FIELD(mem_per_node_mb),
      .help = "memory per node (0: all of it)" },
    { .name = "mem-per-cpu", .arg = ARG_REQUIRED, .arg_name = "MB", .commands = CMD_ALL,
      .group = GROUP_CONSUMABLE, ENV_ALL("MEM_PER_CPU"), .parse = parse_memory,
      .offset = OPT_FIELD(mem_per_cpu_mb), .help = "memory per allocated CPU" },
    { .name = "tmp", .arg = ARG_REQUIRED, .arg_name = "MB", .commands = CMD_ALL, .group = GROUP_CONSTRAINT,
      .parse = parse_tmp, .help = "least size of the nodes' temporary disk" },
    { .name = "exclusive", .arg = ARG_OPTIONAL, .arg_name = "user", .commands = CMD_ALL,
      .group = GROUP_CONSUMABLE, ENV_ALL("EXCLUSIVE"), .parse = parse_exclusive,
      .help = "allocate whole nodes; for a job step, the same as --exact" },
    { .name = "oversubscribe", .letter = 's', .commands = CMD_ALL, .parse = parse_oversubscribe,
      .help = "share resources with other jobs" },
    { .name = "share", .commands = CMD_ALL, .parse = parse_oversubscribe, .hidden = true },
    { .name = "overcommit", .letter = 'O', .commands = CMD_ALL, ENV_ALL("OVERCOMMIT"), .parse = parse_flag,
      .offset = OPT_FIELD(overcommit), .help = "more tasks than CPUs may run" },
};
const struct option_rows rows_resources = { rows, ARRAY_SIZE(rows) };
