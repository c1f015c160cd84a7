/* option_stdio.c - rows about a job's surroundings: folder, files, environment, limits. */
#include "config.h"
#include "jobopt/jobopt_private.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>
#include <unistd.h>

#include "util/error.h"
#include "util/mem.h"
#include "util/num.h"

#define CMD_OUTPUT (CMD_SBATCH | CMD_SRUN)

static int parse_chdir(struct job_options *o, const struct job_option *row, const char *value,
                       struct error *err)
{
    char cwd[PATH_MAX];
    char *path;

    if (!*value) { /* as if it were not given */
        option_set_text(&o->work_dir, NULL);
        return 0;
    }
    if (*value == '/') {
        path = xstrdup(value);
    } else {
        if (!getcwd(cwd, sizeof cwd))
            return option_refuse(o, row, value, err, "cannot be resolved: the current folder is gone (%s)",
                                 strerror(errno));
        path = xasprintf("%s/%s", cwd, value);
    }
    if (strlen(path) >= PATH_MAX) {
        free(path);
        return option_refuse(o, row, value, err, "is longer than a path may be");
    }
    free(o->work_dir);
    o->work_dir = path;
    return 0;
}

static int parse_open_mode(struct job_options *o, const struct job_option *row, const char *value,
                           struct error *err)
{
    if (!strcasecmp(value, "a") || !strcasecmp(value, "append"))
        o->open_mode = 'a';
    else if (!strcasecmp(value, "t") || !strcasecmp(value, "truncate"))
        o->open_mode = 't';
    else
        return option_refuse(o, row, value, err, "is neither append nor truncate");
    return 0;
}

/* [seconds][S|L] */
static int parse_get_user_env(struct job_options *o, const struct job_option *row, const char *value,
                              struct error *err)
{
    size_t digits = value ? strspn(value, "0123456789") : 0;
    uint32_t seconds = 8;
    char mode = 'L';

    if (value && digits) {
        CLEANUP_FREE char *number = xstrndup(value, digits);

        if (num_parse_u32(number, 1, 3600, &seconds, "", NULL) < 0)
            return option_refuse(o, row, value, err, "needs 1 to 3600 seconds");
    }
    if (value && value[digits]) {
        mode = value[digits] & ~0x20;
        if ((mode != 'S' && mode != 'L') || value[digits + 1])
            return option_refuse(o, row, value, err, "is not seconds, S (su without login) or L (login)");
    }
    o->get_user_env = true;
    o->user_env_sec = seconds;
    o->user_env_mode = mode;
    return 0;
}

static int parse_propagate(struct job_options *o, const struct job_option *row, const char *value,
                           struct error *err)
{
    Wire__Rlimit **limits = NULL;
    struct error why = { 0 };
    size_t num;

    (void)row;
    if (rlimits_collect(value && *value ? value : "ALL", &limits, &num, &why) < 0) {
        o->exit_code = EXIT_NUMBER;
        return error_set(err, BRE_INVAL, "%.200s\n--propagate=%.64s is not valid.", why.text, value);
    }
    rlimits_free(limits);
    option_set_text(&o->propagate, value && *value ? value : "ALL");
    return 0;
}

#define STD_FILE(opt_name, opt_letter, field, env_s, env_r, text)                               \
    { .name = opt_name, .letter = opt_letter, .arg = ARG_REQUIRED, .arg_name = "file",         \
      .commands = CMD_OUTPUT, .env_sbatch = env_s, .env_srun = env_r, .parse = parse_text,     \
      .offset = OPT_FIELD(field), .max = 4095, .help = text }

static const struct job_option rows[] = {
    { .name = "chdir", .letter = 'D', .arg = ARG_REQUIRED, .arg_name = "directory", .commands = CMD_ALL,
      .env_srun = "SLURM_WORKING_DIR SLURM_REMOTE_CWD", .parse = parse_chdir,
      .help = "working directory of the job" },
    { .name = "workdir", .arg = ARG_REQUIRED, .commands = CMD_ALL, .parse = parse_chdir, .hidden = true },
    STD_FILE("input", 'i', std_in, "SBATCH_INPUT", "SLURM_STDINMODE", "file for standard input"),
    STD_FILE("output", 'o', std_out, "SBATCH_OUTPUT", "SLURM_STDOUTMODE", "file for standard output"),
    STD_FILE("error", 'e', std_err, "SBATCH_ERROR", "SLURM_STDERRMODE", "file for standard error"),
    { .name = "open-mode", .arg = ARG_REQUIRED, .arg_name = "append|truncate", .commands = CMD_OUTPUT,
      .env_sbatch = "SBATCH_OPEN_MODE", .env_srun = "SLURM_OPEN_MODE", .parse = parse_open_mode,
      .help = "how output files are opened" },
    { .name = "export", .arg = ARG_REQUIRED, .arg_name = "names", .commands = CMD_OUTPUT,
      .env_sbatch = "SBATCH_EXPORT", .env_srun = "SLURM_EXPORT_ENV SRUN_EXPORT_ENV", .parse = parse_text,
      .offset = OPT_FIELD(export_text), .help = "variables for the job: ALL, NONE, [ALL,]NAME[=VALUE],..." },
    { .name = "export-file", .arg = ARG_REQUIRED, .arg_name = "file|fd", .commands = CMD_SBATCH,
      .parse = parse_text, .offset = OPT_FIELD(export_file),
      .help = "file (or descriptor) with NUL-separated variables\nfor the job" },
    { .name = "get-user-env", .arg = ARG_OPTIONAL, .arg_name = "secs[S|L]",
      .commands = CMD_SBATCH | CMD_SALLOC, .env_sbatch = "SBATCH_GET_USER_ENV",
      .parse = parse_get_user_env, .help = "load the environment of a login shell" },
    { .name = "propagate", .arg = ARG_OPTIONAL, .arg_name = "rlimits", .commands = CMD_OUTPUT,
      .parse = parse_propagate, .help = "limits of this shell for the job (ALL, NONE, NOFILE,...)" },
};
const struct option_rows rows_stdio = { rows, ARRAY_SIZE(rows) };
