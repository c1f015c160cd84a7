/* option_boards.c - rows about which kind of boards, and how many of those there are. */
#include "config.h"
#include "jobopt/jobopt_private.h"

#include <limits.h>
#include <string.h>

#include "util/error.h"
#include "util/log.h"
#include "util/mem.h"
#include "util/num.h"
#include "util/timefmt.h"

/* SOCKETS[:CORES[:THREADS]], "*" for any number. */
static int parse_extra_node_info(struct job_options *o, const struct job_option *row, const char *value,
                                 struct error *err)
{
    uint32_t *const fields[] = { &o->sockets_per_node, &o->cores_per_socket, &o->threads_per_core };
    uint32_t numbers[] = { OPT_UNSET, OPT_UNSET, OPT_UNSET };
    const char *p = value;

    for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
        static const char *const places[] = { "first", "second", "third" };
        size_t len = strcspn(p, ":");
        CLEANUP_FREE char *word = xstrndup(p, len);

        if (strcmp(word, "*") && num_parse_u32(word, 1, INT_MAX, &numbers[i], "", NULL) < 0) {
            o->exit_code = EXIT_NUMBER;
            return error_set(err, BRE_INVAL,
                             "Invalid numeric value \"%.64s\" for %s arg of -B. It takes "
                             "sockets[:cores[:threads]], such as 1:4:1, and * for any number.",
                             word, places[i]);
        }
        p += len;
        if (*p != ':')
            break;
        p++;
    }
    if (!*value || *p) {
        o->exit_code = EXIT_OPTION;
        return error_set(err, BRE_INVAL,
                         "Invalid --%s specification: '%.64s' is not sockets[:cores[:threads]], such as 1:4:1", row->name,
                         value);
    }
    for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
        if (numbers[i] != OPT_UNSET)
            *fields[i] = numbers[i];
    return 0;
}

/* COUNT[@TIME] */
static int parse_switches(struct job_options *o, const struct job_option *row, const char *value,
                          struct error *err)
{
    const char *at = strchr(value, '@');
    CLEANUP_FREE char *count = xstrndup(value, at ? (size_t)(at - value) : strlen(value));
    uint32_t minutes;

    if (num_parse_u32(count, 1, INT_MAX, &o->switches, "", NULL) < 0) {
        o->exit_code = EXIT_NUMBER;
        return error_set(err, BRE_INVAL,
                         "Invalid numeric value \"%.64s\" for --switches. A number is due, such as 1 or 1@10:00.",
                         count);
    }
    if (!at)
        return 0;
    if (time_limit_parse(at + 1, &minutes, "", NULL) < 0)
        return option_refuse(o, row, value, err, "has no time such as 10:00 behind the @");
    o->switch_wait_sec = minutes >= UINT32_MAX / 60 ? UINT32_MAX : minutes * 60;
    return 0;
}

/* The time alone, as a variable. */
static int parse_switch_wait(struct job_options *o, const struct job_option *row, const char *value,
                             struct error *err)
{
    uint32_t minutes;

    if (time_limit_parse(value, &minutes, "", NULL) < 0)
        return option_refuse(o, row, value, err, "is no time such as 10:00");
    o->switch_wait_sec = minutes >= UINT32_MAX / 60 ? UINT32_MAX : minutes * 60;
    return 0;
}

/* Nobody may set cores aside: no node has any to spare for the system.  In Slurm's words. */
static int parse_core_spec(struct job_options *o, const struct job_option *row, const char *value,
                           struct error *err)
{
    uint32_t count;

    if (num_parse_u32(value, 0, UINT16_MAX, &count, "", NULL) < 0)
        return option_refuse(o, row, value, err, "is no count");
    log_error("Ignoring %s since it's not allowed by configuration (AllowSpecResourcesUsage = No)",
              row->letter ? "-S" : "--thread-spec");
    return 0;
}

#define FLAG(opt_name, field)                                                                  \
    .name = opt_name, .commands = CMD_ALL, .parse = parse_flag, .offset = OPT_FIELD(field)
#define COUNT(opt_name, field)                                                                 \
    .name = opt_name, .arg = ARG_REQUIRED, .commands = CMD_ALL, .parse = parse_count,          \
    .offset = OPT_FIELD(field), .min = 1, .max = INT_MAX, .group = GROUP_CONSTRAINT

static const struct job_option rows[] = {
    { FLAG("use-min-nodes", use_min_nodes), ENV_ALL("USE_MIN_NODES"),
      .help = "of a range of nodes take the fewest" },
    { FLAG("spread-job", spread_job), ENV_ALL("SPREAD_JOB"),
      .help = "spread the job over as many nodes as possible" },
    { COUNT("sockets-per-node", sockets_per_node), .arg_name = "S",
      .help = "nodes with at least so many sockets" },
    { COUNT("cores-per-socket", cores_per_socket), .arg_name = "C",
      .help = "nodes with at least so many cores a socket" },
    { .name = "extra-node-info", .letter = 'B', .arg = ARG_REQUIRED, .arg_name = "S[:C[:T]]",
      .commands = CMD_ALL, .group = GROUP_AFFINITY, .parse = parse_extra_node_info,
      .help = "--sockets-per-node, --cores-per-socket and\n--threads-per-core in one" },
    { .name = "core-spec", .letter = 'S', .arg = ARG_REQUIRED, .arg_name = "cores", .commands = CMD_ALL,
      .group = GROUP_CONSTRAINT, ENV_ALL("CORE_SPEC"), .parse = parse_core_spec,
      .help = "cores to leave to the system; not allowed here" },
    { .name = "thread-spec", .arg = ARG_REQUIRED, .arg_name = "threads", .commands = CMD_ALL,
      .group = GROUP_CONSTRAINT, ENV_ALL("THREAD_SPEC"), .parse = parse_core_spec,
      .help = "threads to leave to the system; not allowed here" },
    { .name = "switches", .arg = ARG_REQUIRED, .arg_name = "count[@time]", .commands = CMD_ALL,
      .env_sbatch = "SBATCH_REQ_SWITCH", .env_srun = "SLURM_REQ_SWITCH", .env_salloc = "SALLOC_REQ_SWITCH",
      .parse = parse_switches, .help = "most switches that the nodes may be apart, and how\nlong to wait for that" },
    { .name = "wait-for-switch", .arg = ARG_REQUIRED, .arg_name = "time", .commands = CMD_ALL, .hidden = true,
      .env_sbatch = "SBATCH_WAIT4SWITCH", .env_srun = "SLURM_WAIT4SWITCH", .env_salloc = "SALLOC_WAIT4SWITCH",
      .parse = parse_switch_wait },
};
const struct option_rows rows_boards = { rows, ARRAY_SIZE(rows) };
