/* option_identity.c - rows about names: of the job, the account, the user, the cluster. */
#include "config.h"
#include "jobopt/jobopt_private.h"

#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "bramble/constants.h"
#include "util/error.h"
#include "util/mem.h"
#include "util/num.h"

static int parse_mail_type(struct job_options *o, const struct job_option *row, const char *value,
                           struct error *err)
{
    static const char *const names[] = {
#define X(e, n) n,
        MAIL_EVENTS(X)
#undef X
    };
    CLEANUP_FREE char *copy = xstrdup(value);
    uint32_t events = 0;
    char *save = NULL;

    for (char *word = strtok_r(copy, ",", &save); word; word = strtok_r(NULL, ",", &save)) {
        size_t i = 0;

        while (i < ARRAY_SIZE(names) && strcasecmp(word, names[i]))
            i++;
        if (i < ARRAY_SIZE(names))
            events |= 1u << i;
        else if (!strcasecmp(word, "ALL"))
            events |= MAIL_ALL;
        else if (!strcasecmp(word, "NONE"))
            events = 0;
        else
            return option_refuse(o, row, value, err,
                                 "is no list of BEGIN, END, FAIL, REQUEUE, ALL, NONE, TIME_LIMIT, ARRAY_TASKS ...");
    }
    o->mail_events = events;
    o->mail_set = true;
    return 0;
}

static int only_root(struct job_options *o, const struct job_option *row, struct error *err)
{
    o->exit_code = EXIT_OPTION;
    return error_set(err, BRE_ACCESS, "--%s only permitted by root user", row->name);
}

static int parse_uid(struct job_options *o, const struct job_option *row, const char *value,
                     struct error *err)
{
    struct passwd *pw = getpwnam(value);
    uint32_t uid;

    if (pw)
        uid = pw->pw_uid;
    else if (num_parse_u32(value, 0, OPT_UNSET - 1, &uid, "", NULL) < 0 || !getpwuid(uid))
        return geteuid() ? only_root(o, row, err) : option_refuse(o, row, value, err, "is no user of this machine");
    if (geteuid() != 0 && uid != geteuid())
        return only_root(o, row, err);
    o->uid = uid;
    return 0;
}

static int parse_gid(struct job_options *o, const struct job_option *row, const char *value,
                     struct error *err)
{
    struct group *gr = getgrnam(value);
    uint32_t gid;

    if (gr)
        gid = gr->gr_gid;
    else if (num_parse_u32(value, 0, OPT_UNSET - 1, &gid, "", NULL) < 0 || !getgrgid(gid))
        return geteuid() ? only_root(o, row, err) : option_refuse(o, row, value, err, "is no group of this machine");
    if (geteuid() != 0 && gid != getegid())
        return only_root(o, row, err);
    o->gid = gid;
    return 0;
}

#define TEXT(opt_name, field, bound)                                                           \
    .name = opt_name, .arg = ARG_REQUIRED, .commands = CMD_ALL, .parse = parse_text,           \
    .offset = OPT_FIELD(field), .max = bound

static const struct job_option rows[] = {
    { TEXT("account", account, 256), .letter = 'A', .arg_name = "name", ENV_ALL("ACCOUNT"),
      .help = "charge the job to this account" },
    { TEXT("job-name", job_name, 1024), .letter = 'J', .arg_name = "jobname",
      .env_sbatch = "SBATCH_JOB_NAME", .env_srun = "SLURM_JOB_NAME", .env_salloc = "SALLOC_JOB_NAME",
      .help = "name of the job" },
    { TEXT("comment", comment, 4096), .arg_name = "text", .help = "arbitrary comment" },
    { TEXT("qos", qos, 256), .letter = 'q', .arg_name = "qos", ENV_ALL("QOS"),
      .help = "quality of service" },
    { TEXT("wckey", wckey, 256), .arg_name = "wckey", ENV_ALL("WCKEY"),
      .help = "workload key, recorded with the job" },
    { TEXT("reservation", reservation, 256), .arg_name = "name", ENV_ALL("RESERVATION"),
      .help = "run in this reservation, or in one of a comma list" },
    { .name = "mail-type", .arg = ARG_REQUIRED, .arg_name = "type", .commands = CMD_ALL, .parse = parse_mail_type,
      .help = "send mail at BEGIN, END, FAIL, REQUEUE, TIME_LIMIT_80, ... or ALL" },
    { TEXT("mail-user", mail_user, 256), .arg_name = "user", .help = "who gets it; default: who submits" },
    { TEXT("clusters", clusters, 256), .letter = 'M', .arg_name = "name",
      .env_sbatch = "SLURM_CLUSTERS SBATCH_CLUSTERS", .env_srun = "SLURM_CLUSTERS",
      .env_salloc = "SLURM_CLUSTERS SALLOC_CLUSTERS", .help = "this cluster's name, or all" },
    { .name = "uid", .arg = ARG_REQUIRED, .arg_name = "user", .commands = CMD_ALL, .parse = parse_uid,
      .help = "user the job runs as (root only)" },
    { .name = "gid", .arg = ARG_REQUIRED, .arg_name = "group", .commands = CMD_ALL, .parse = parse_gid,
      .help = "group the job runs as (root only)" },
    { .name = "verbose", .letter = 'v', .commands = CMD_ALL, ENV_ALL("DEBUG"), .parse = parse_level,
      .offset = OPT_FIELD(verbose), .help = "say more; may be repeated" },
    { .name = "quiet", .letter = 'Q', .commands = CMD_ALL, .parse = parse_level, .offset = OPT_FIELD(quiet),
      .help = "say nothing but errors" },
    { .name = "help", .letter = 'h', .commands = CMD_ALL, .parse = parse_flag, .offset = OPT_FIELD(help),
      .group = GROUP_HELP, .help = "show this help" },
    { .name = "usage", .commands = CMD_ALL, .parse = parse_flag, .offset = OPT_FIELD(usage),
      .group = GROUP_HELP, .help = "show a brief usage message" },
    { .name = "version", .letter = 'V', .commands = CMD_ALL, .parse = parse_flag,
      .offset = OPT_FIELD(version), .group = GROUP_HELP, .help = "show the version" },
};
const struct option_rows rows_identity = { rows, ARRAY_SIZE(rows) };
