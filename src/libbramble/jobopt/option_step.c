/* option_step.c - rows of srun alone: how a step runs. */
#include "config.h"
#include "jobopt/jobopt_private.h"

#include <limits.h>
#include <string.h>
#include <strings.h>

#include "util/error.h"
#include "util/mem.h"
#include "util/num.h"

/* srun --jobid=N; inside an allocation SLURM_JOB_ID is this option. */
static int parse_kill_on_bad_exit(struct job_options *o, const struct job_option *row, const char *value,
                                  struct error *err)
{
    uint32_t on = 1;

    if (value && *value && num_parse_u32(value, 0, UINT32_MAX, &on, "", NULL) < 0)
        return option_refuse(o, row, value, err, "is neither 0 nor 1");
    o->kill_on_bad_exit = on != 0;
    return 0;
}

static int parse_slurmd_debug(struct job_options *o, const struct job_option *row, const char *value,
                              struct error *err)
{
    static const char *const names[] = { "quiet", "fatal", "error", "info", "verbose", "debug", "debug2", "debug3",
                                         "debug4", "debug5" };

    for (uint32_t i = 0; i < ARRAY_SIZE(names); i++)
        if (!strcasecmp(value, names[i])) {
            o->slurmd_debug = i;
            return 0;
        }
    if (num_parse_u32(value, 0, ARRAY_SIZE(names) - 1, &o->slurmd_debug, "", NULL) < 0)
        return option_refuse(o, row, value, err, "is neither 0 to 9 nor quiet, error, info, verbose or debug");
    return 0;
}

/* No ports are set aside here, as in a Slurm without MpiParams=ports: asking for none is granted. */
static int parse_resv_ports(struct job_options *o, const struct job_option *row, const char *value,
                            struct error *err)
{
    uint32_t count = 0;

    if (value && *value && num_parse_u32(value, 0, UINT32_MAX, &count, "", NULL) < 0)
        return option_refuse(o, row, value, err, "is no number of ports");
    if (!count)
        return 0;
    o->exit_code = EXIT_NUMBER;
    return error_set(err, BRE_NOT_SUPPORTED,
                     "Unable to create step: Requires more ports than can be reserved: none are set aside for steps; "
                     "launchers find free ones themselves, leave --resv-ports out");
}

static int parse_bcast(struct job_options *o, const struct job_option *row, const char *value, struct error *err)
{
    (void)row;
    (void)err;
    o->bcast = true;
    option_set_text(&o->bcast_path, value && *value ? value : NULL);
    return 0;
}

static int parse_send_libs(struct job_options *o, const struct job_option *row, const char *value,
                           struct error *err)
{
    if (value && *value && strcasecmp(value, "yes") && strcasecmp(value, "no"))
        return option_refuse(o, row, value, err, "is neither yes nor no");
    o->send_libs = !value || !*value || !strcasecmp(value, "yes");
    return 0;
}

static int parse_compress(struct job_options *o, const struct job_option *row, const char *value,
                          struct error *err)
{
    (void)row;
    (void)err;
    option_set_text(&o->compress, value && *value ? value : "lz4");
    return 0;
}

#define FLAG(opt_name, field)                                                                  \
    .name = opt_name, .commands = CMD_SRUN, .parse = parse_flag, .offset = OPT_FIELD(field)
#define TEXT(opt_name, field)                                                                  \
    .name = opt_name, .arg = ARG_REQUIRED, .commands = CMD_SRUN, .parse = parse_text,          \
    .offset = OPT_FIELD(field), .max = 4095
#define COUNT(opt_name, field, low)                                                            \
    .name = opt_name, .arg = ARG_REQUIRED, .commands = CMD_SRUN, .parse = parse_count,         \
    .offset = OPT_FIELD(field), .min = low, .max = INT_MAX

static const struct job_option rows[] = {
    { COUNT("jobid", job_id, 1), .arg_name = "id", .env_srun = "SLURM_JOB_ID",
      .help = "run under this job's allocation" },
    { COUNT("relative", relative, 0), .letter = 'r', .arg_name = "n",
      .help = "first node of the step, counted in the allocation" },
    { COUNT("wait", wait_sec, 0), .letter = 'W', .arg_name = "sec", .env_srun = "SLURM_WAIT",
      .help = "end the step this long after its first task has ended" },
    { COUNT("msg-timeout", msg_timeout_sec, 1), .arg_name = "sec",
      .help = "how long to wait for an answer of the controller" },
    { .name = "kill-on-bad-exit", .letter = 'K', .arg = ARG_OPTIONAL, .arg_name = "0|1",
      .commands = CMD_SRUN, .env_srun = "SLURM_KILL_BAD_EXIT", .parse = parse_kill_on_bad_exit,
      .help = "end the step when a task fails" },
    { FLAG("label", label), .letter = 'l', .env_srun = "SLURM_LABELIO",
      .help = "put the task's number before each line" },
    { FLAG("unbuffered", unbuffered), .letter = 'u', .env_srun = "SLURM_UNBUFFEREDIO",
      .help = "pass output on at once, not by lines" },
    { .name = "het-group", .arg = ARG_REQUIRED, .arg_name = "list", .commands = CMD_SRUN, .parse = parse_text,
      .offset = OPT_FIELD(het_group), .max = 4095,
      .help = "run in these components of a heterogeneous job" },
    { FLAG("pty", pty), .help = "run task zero on a pseudo terminal" },
    { FLAG("multi-prog", multi_prog), .help = "the program named is a file of programs for the tasks" },
    { FLAG("overlap", overlap), .env_srun = "SLURM_OVERLAP", .group = GROUP_CONSUMABLE,
      .help = "share CPUs with other steps of the job" },
    { FLAG("exact", exact), .env_srun = "SLURM_EXACT", .group = GROUP_CONSUMABLE,
      .help = "give the step only the CPUs that it asks for" },
    { FLAG("disable-status", disable_status), .letter = 'X', .env_srun = "SLURM_DISABLE_STATUS",
      .help = "pass the first Ctrl-C on instead of showing the status" },
    { FLAG("quit-on-interrupt", quit_on_interrupt), .help = "end the step at the first Ctrl-C" },
    { TEXT("mpi", mpi), .arg_name = "type", .env_srun = "SLURM_MPI_TYPE",
      .help = "launcher of MPI programs (--mpi=list shows them)" },
    { TEXT("prolog", prolog), .arg_name = "program", .env_srun = "SLURM_PROLOG",
      .help = "run program here before the step" },
    { TEXT("epilog", epilog), .arg_name = "program", .env_srun = "SLURM_EPILOG",
      .help = "run program here after the step" },
    { TEXT("task-prolog", task_prolog), .arg_name = "program", .env_srun = "SLURM_TASK_PROLOG",
      .help = "run program before each task, on its node" },
    { TEXT("task-epilog", task_epilog), .arg_name = "program", .env_srun = "SLURM_TASK_EPILOG",
      .help = "run program after each task, on its node" },
    { FLAG("preserve-env", preserve_env), .letter = 'E',
      .help = "leave the numbers of nodes and tasks in the\nenvironment as they are" },
    { COUNT("threads", threads, 1), .letter = 'T', .arg_name = "n", .env_srun = "SLURM_THREADS",
      .help = "reach at most so many nodes at a time" },
    { .name = "slurmd-debug", .arg = ARG_REQUIRED, .arg_name = "level", .commands = CMD_SRUN,
      .env_srun = "SLURMD_DEBUG", .parse = parse_slurmd_debug, .help = "what the nodes tell of the step on stderr" },
    { FLAG("external-launcher", external_launcher),
      .help = "the program starts others itself: let it use all of\nthe allocation, beside other steps" },
    { FLAG("wait-for-children", wait_for_children), .env_srun = "SLURM_WAIT_FOR_CHILDREN",
      .help = "a task is over when its children are, too" },
    { FLAG("interactive", interactive), .hidden = true },
    { .name = "resv-ports", .arg = ARG_OPTIONAL, .arg_name = "count", .commands = CMD_SRUN,
      .env_srun = "SLURM_RESV_PORTS", .parse = parse_resv_ports, .help = "ports set aside for the step: there are none" },
    { FLAG("async", async), .help = "start the step and leave; swait waits for it" },
    { .name = "bcast", .arg = ARG_OPTIONAL, .arg_name = "path", .commands = CMD_SRUN, .env_srun = "SLURM_BCAST",
      .parse = parse_bcast, .help = "bring the program to the nodes first, and run it there" },
    { TEXT("bcast-exclude", bcast_exclude), .arg_name = "paths", .env_srun = "SLURM_BCAST_EXCLUDE",
      .help = "folders whose libraries --send-libs leaves out" },
    { .name = "send-libs", .arg = ARG_OPTIONAL, .arg_name = "yes|no", .commands = CMD_SRUN,
      .env_srun = "SLURM_SEND_LIBS", .parse = parse_send_libs, .help = "with --bcast, its shared objects too" },
    { .name = "compress", .arg = ARG_OPTIONAL, .arg_name = "none", .commands = CMD_SRUN,
      .env_srun = "SLURM_COMPRESS", .parse = parse_compress, .help = "with --bcast: none is what can be had" },
};
const struct option_rows rows_step = { rows, ARRAY_SIZE(rows) };
