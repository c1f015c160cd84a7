/* option_command.c - rows of one command alone: what sbatch and salloc do themselves. */
#include "config.h"
#include "jobopt/jobopt_private.h"

#include <string.h>

#include "util/error.h"
#include "util/mem.h"

static int parse_kill_command(struct job_options *o, const struct job_option *row, const char *value,
                              struct error *err)
{
    int signum = 15;

    if (value && *value && (signum = signal_parse(value)) <= 0)
        return option_refuse(o, row, value, err, "names no signal such as TERM or 15");
    o->kill_command = true;
    o->kill_command_signal = (uint32_t)signum;
    return 0;
}

static int parse_bell(struct job_options *o, const struct job_option *row, const char *value,
                      struct error *err)
{
    (void)value;
    (void)err;
    o->bell = !strcmp(row->name, "bell");
    o->no_bell = !o->bell;
    return 0;
}

static const struct job_option rows[] = {
    { .name = "array", .letter = 'a', .arg = ARG_REQUIRED, .arg_name = "indexes", .commands = CMD_SBATCH,
      .env_sbatch = "SBATCH_ARRAY_INX", .parse = parse_text, .offset = OPT_FIELD(array_inx), .max = 65536,
      .help = "submit a task for each index, such as\n0-15, 1,3,5-9:2 or 0-99%4 (4 at a time)" },
    { .name = "wrap", .arg = ARG_REQUIRED, .arg_name = "command", .commands = CMD_SBATCH,
      .parse = parse_text, .offset = OPT_FIELD(wrap), .help = "submit a script made of this command" },
    { .name = "wait", .letter = 'W', .commands = CMD_SBATCH, .env_sbatch = "SBATCH_WAIT",
      .parse = parse_flag, .offset = OPT_FIELD(wait_end), .help = "wait for the end of the job" },
    { .name = "parsable", .commands = CMD_SBATCH, .parse = parse_flag, .offset = OPT_FIELD(parsable),
      .help = "print the job's number alone\n(and ;cluster with --clusters)" },
    { .name = "test-only", .commands = CMD_SBATCH | CMD_SRUN, .parse = parse_flag,
      .offset = OPT_FIELD(test_only), .help = "say when the job would start; submit nothing" },
    { .name = "ignore-pbs", .commands = CMD_SBATCH, .env_sbatch = "SBATCH_IGNORE_PBS", .parse = parse_flag,
      .offset = OPT_FIELD(ignore_pbs), .help = "do not read #PBS and #BSUB lines" },
    { .name = "bell", .commands = CMD_SALLOC, .env_salloc = "SALLOC_BELL", .parse = parse_bell,
      .help = "ring the terminal's bell when the allocation is there" },
    { .name = "no-bell", .commands = CMD_SALLOC, .env_salloc = "SALLOC_NO_BELL", .parse = parse_bell,
      .help = "never ring the bell" },
    { .name = "no-shell", .commands = CMD_SALLOC, .parse = parse_flag, .offset = OPT_FIELD(no_shell),
      .help = "leave the allocation and run no command" },
    { .name = "kill-command", .letter = 'K', .arg = ARG_OPTIONAL, .arg_name = "signal",
      .commands = CMD_SALLOC, .env_salloc = "SALLOC_KILL_CMD", .parse = parse_kill_command,
      .help = "signal for the command when the allocation is lost" },
};
const struct option_rows rows_command = { rows, ARRAY_SIZE(rows) };
