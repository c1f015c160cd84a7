/* option_timing.c - rows about when and in which order: limits, begin, dependencies, signals. */
#include "config.h"
#include "jobopt/jobopt_private.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "util/error.h"
#include "util/log.h"
#include "util/mem.h"
#include "util/num.h"
#include "util/timefmt.h"

static int parse_time_limit(struct job_options *o, const struct job_option *row, const char *value,
                            struct error *err)
{
    uint32_t *field = (uint32_t *)(void *)((char *)o + row->offset), minutes;

    if (time_limit_parse(value, &minutes, "", NULL) < 0)
        return option_refuse(o, row, value, err,
                             "is not a time such as 90, 90:00, 1:30:00, 1-12, 1-12:30 or UNLIMITED");
    *field = minutes ? minutes : UINT32_MAX; /* 0 asks for no limit */
    return 0;
}

static int parse_begin(struct job_options *o, const struct job_option *row, const char *value,
                       struct error *err)
{
    int64_t *field = (int64_t *)(void *)((char *)o + row->offset);
    time_t when;

    if (time_at_parse(value, time(NULL), TIME_AT_FUTURE, &when, "", NULL) < 0)
        return option_refuse(o, row, value, err,
                             "is not a time such as 16:00, now+1hour, tomorrow or 2026-01-31T16:00:00");
    *field = when;
    return 0;
}

/* Nobody but an operator may better his place: Slurm warns and goes on without. */
static int parse_nice(struct job_options *o, const struct job_option *row, const char *value,
                      struct error *err)
{
    int64_t number = 100;

    if (value && *value) {
        if (num_parse_i64(value, INT64_MIN, INT64_MAX, &number, "", NULL) < 0)
            return option_refuse(o, row, value, err, "is not a whole number");
        if (number > 2147483645 || number < -2147483645) {
            o->exit_code = EXIT_OPTION;
            return error_set(err, BRE_INVAL, "Invalid --nice value, out of range (+/- 2147483645)");
        }
    }
    if (number < 0 && geteuid() != 0) {
        log_error("Nice value must be non-negative, value ignored");
        number = 0;
    }
    o->nice = (int32_t)number;
    o->nice_set = true;
    return 0;
}

static int parse_priority(struct job_options *o, const struct job_option *row, const char *value,
                          struct error *err)
{
    int64_t number;

    if (!strcasecmp(value, "TOP")) {
        o->priority = OPT_UNSET - 1;
        return 0;
    }
    if (num_parse_i64(value, INT64_MIN, INT64_MAX, &number, "", NULL) < 0)
        return option_refuse(o, row, value, err, "is neither a whole number nor TOP");
    o->exit_code = EXIT_OPTION;
    if (number < 0)
        return error_set(err, BRE_INVAL, "Priority must be >= 0");
    if (number >= OPT_UNSET)
        return error_set(err, BRE_INVAL, "Priority must be < 4294967294");
    o->priority = (uint32_t)number;
    return 0;
}

/* [{R|B}:]signal[@seconds] */
static int parse_signal(struct job_options *o, const struct job_option *row, const char *value,
                        struct error *err)
{
    const char *p = value, *at;
    uint32_t flags = 0, seconds = 60;
    int signum;

    while (p[0] && p[1] && (p[1] == ':' || (strchr("RB", p[0]) && strchr("RB", p[1]) && p[2] == ':'))) {
        if (*p == 'B' && o->command == CMD_SBATCH)
            flags |= 1;
        else if (*p == 'R')
            flags |= 2;
        else
            return option_refuse(o, row, value, err, "has a flag other than %s",
                                 o->command == CMD_SBATCH ? "B: and R:" : "R:");
        p += p[1] == ':' ? 2 : 1;
    }
    at = strchr(p, '@');
    CLEANUP_FREE char *name = xstrndup(p, at ? (size_t)(at - p) : strlen(p));
    if ((signum = signal_parse(name)) <= 0)
        return option_refuse(o, row, value, err, "names no signal such as USR1, TERM or 10");
    if (at && at[1] && num_parse_u32(at + 1, 0, 65535, &seconds, "", NULL) < 0)
        return option_refuse(o, row, value, err, "needs seconds from 0 to 65535 behind the @");
    o->warn_signal = (uint32_t)signum;
    o->warn_time_sec = seconds;
    o->warn_flags = flags;
    return 0;
}

static int parse_requeue(struct job_options *o, const struct job_option *row, const char *value,
                         struct error *err)
{
    (void)value;
    (void)err;
    o->requeue = !strcmp(row->name, "requeue");
    o->no_requeue = !o->requeue;
    return 0;
}

static int parse_no_kill(struct job_options *o, const struct job_option *row, const char *value,
                         struct error *err)
{
    if (value && *value && strcasecmp(value, "set") && strcasecmp(value, "off") && strcasecmp(value, "no"))
        return option_refuse(o, row, value, err, "is neither off nor no");
    o->no_kill = !(value && (!strcasecmp(value, "off") || !strcasecmp(value, "no")));
    return 0;
}

static int parse_kill_on_invalid_dep(struct job_options *o, const struct job_option *row,
                                     const char *value, struct error *err)
{
    if (strcasecmp(value, "yes") && strcasecmp(value, "no"))
        return option_refuse(o, row, value, err, "is neither yes nor no");
    o->kill_on_invalid_dep = !strcasecmp(value, "yes");
    o->keep_on_invalid_dep = !o->kill_on_invalid_dep;
    return 0;
}

static int parse_immediate(struct job_options *o, const struct job_option *row, const char *value,
                           struct error *err)
{
    uint32_t seconds = 1;

    if (value && *value && num_parse_u32(value, 0, INT_MAX, &seconds, "", NULL) < 0) {
        o->exit_code = EXIT_NUMBER;
        return error_set(err, BRE_INVAL, "Invalid numeric value \"%.64s\" for --%s. Seconds are due.", value,
                         row->name);
    }
    o->immediate_sec = seconds ? seconds : 1;
    return 0;
}

static int parse_wait_all_nodes(struct job_options *o, const struct job_option *row, const char *value,
                                struct error *err)
{
    if (strcmp(value, "0") && strcmp(value, "1"))
        return option_refuse(o, row, value, err, "is neither 0 nor 1");
    o->wait_all_nodes = (uint32_t)(*value - '0');
    return 0;
}

#define CMD_ALLOC (CMD_SRUN | CMD_SALLOC)

static const struct job_option rows[] = {
    { .name = "time", .letter = 't', .arg = ARG_REQUIRED, .arg_name = "minutes", .commands = CMD_ALL,
      ENV_ALL("TIMELIMIT"), .parse = parse_time_limit, .offset = OPT_FIELD(time_limit_min),
      .help = "time limit" },
    { .name = "time-min", .arg = ARG_REQUIRED, .arg_name = "minutes", .commands = CMD_ALL,
      .parse = parse_time_limit, .offset = OPT_FIELD(time_min_min),
      .help = "least time limit, if a shorter one starts the job sooner" },
    { .name = "begin", .letter = 'b', .arg = ARG_REQUIRED, .arg_name = "time", .commands = CMD_ALL,
      .parse = parse_begin, .offset = OPT_FIELD(begin_time), .help = "do not start before this time" },
    { .name = "deadline", .arg = ARG_REQUIRED, .arg_name = "time", .commands = CMD_ALL, .parse = parse_begin,
      .offset = OPT_FIELD(deadline), .help = "remove the job if it cannot end by this time" },
    { .name = "dependency", .letter = 'd', .arg = ARG_REQUIRED, .arg_name = "type:jobid[:time]",
      .commands = CMD_ALL, .env_srun = "SLURM_DEPENDENCY", .parse = parse_text,
      .offset = OPT_FIELD(dependency), .max = 65536, .help = "wait for a condition on other jobs" },
    { .name = "kill-on-invalid-dep", .arg = ARG_REQUIRED, .arg_name = "yes|no", .commands = CMD_SBATCH,
      .parse = parse_kill_on_invalid_dep, .help = "cancel the job when its dependency can never be met" },
    { .name = "hold", .letter = 'H', .commands = CMD_ALL, .parse = parse_flag, .offset = OPT_FIELD(hold),
      .help = "submit the job held" },
    { .name = "nice", .arg = ARG_OPTIONAL, .arg_name = "value", .commands = CMD_ALL, .parse = parse_nice,
      .help = "lower the job's priority by value" },
    { .name = "priority", .arg = ARG_REQUIRED, .arg_name = "value", .commands = CMD_ALL,
      .parse = parse_priority, .help = "set the job's priority (operators only)" },
    { .name = "signal", .arg = ARG_REQUIRED, .arg_name = "[R][B:]num[@time]", .commands = CMD_ALL,
      ENV_ALL("SIGNAL"), .parse = parse_signal, .help = "send a signal this long before the time limit" },
    { .name = "requeue", .commands = CMD_SBATCH, .env_sbatch = "SBATCH_REQUEUE", .parse = parse_requeue,
      .help = "permit the job to be requeued" },
    { .name = "no-requeue", .commands = CMD_SBATCH, .env_sbatch = "SBATCH_NO_REQUEUE",
      .parse = parse_requeue, .help = "do not permit the job to be requeued" },
    { .name = "no-kill", .letter = 'k', .arg = ARG_OPTIONAL, .arg_name = "off", .commands = CMD_ALL,
      ENV_ALL("NO_KILL"), .parse = parse_no_kill, .help = "do not end the job when a node fails" },
    { .name = "immediate", .letter = 'I', .arg = ARG_OPTIONAL, .arg_name = "secs", .commands = CMD_ALLOC,
      .env_srun = "SLURM_IMMEDIATE", .env_salloc = "SALLOC_IMMEDIATE", .parse = parse_immediate,
      .help = "give up if resources are not there in secs" },
    { .name = "wait-all-nodes", .arg = ARG_REQUIRED, .arg_name = "0|1", .commands = CMD_SBATCH | CMD_SALLOC,
      .env_sbatch = "SBATCH_WAIT_ALL_NODES", .env_salloc = "SALLOC_WAIT_ALL_NODES",
      .parse = parse_wait_all_nodes, .help = "1: start when every node is ready" },
};
const struct option_rows rows_timing = { rows, ARRAY_SIZE(rows) };
