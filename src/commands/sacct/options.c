/* options.c - sacct's command line and environment. */
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "bramble/constants.h"
#include "commands/sacct/sacct_private.h"
#include "util/error.h"
#include "util/bitmap.h"
#include "util/jobid.h"
#include "util/mem.h"
#include "util/num.h"
#include "util/timefmt.h"

enum {
    LO_DELIMITER = 256,
    LO_ENV_VARS,
    LO_GID,
    LO_NAME,
    LO_NOCONVERT,
    LO_UID,
    LO_UNITS,
};

const struct show_option sacct_options[] = {
    { "accounts", 'A', OPT_ARG, NULL, "list", "only jobs of these accounts", NULL },
    { "allclusters", 'L', OPT_NONE, NULL, NULL, "all clusters: there is one", NULL },
    { "allocations", 'X', OPT_NONE, NULL, NULL, "jobs without their steps", NULL },
    { "allusers", 'a', OPT_NONE, NULL, NULL, "jobs of all users", NULL },
    { "associations", 'x', OPT_ARG, NULL, "list", "only jobs of these associations; all have number 0", NULL },
    SHOW_OPTION_AUTOCOMPLETE,
    { "batch-script", 'B', OPT_NONE, NULL, NULL, "the batch script of a job that the controller holds", NULL },
    { "brief", 'b', OPT_NONE, NULL, NULL, "JobID, State, ExitCode", NULL },
    { "clusters", 'M', OPT_ARG, "SLURM_CLUSTERS", "name", "this cluster's name, or all", NULL },
    { "completion", 'c', OPT_NONE, NULL, NULL, NULL, NULL },
    { "constraints", 'C', OPT_ARG, NULL, "list", "only jobs that asked for these features", NULL },
    { "delimiter", LO_DELIMITER, OPT_ARG, NULL, "text", "between the fields of -p and -P", NULL },
    { "duplicates", 'D', OPT_NONE, NULL, NULL, "earlier attempts of requeued jobs too", NULL },
    { "endtime", 'E', OPT_ARG, NULL, "time", "end of the time window", NULL },
    { "env-vars", LO_ENV_VARS, OPT_NONE, NULL, NULL, "NONE for each job: environments are not kept", NULL },
    SHOW_OPTION_NOTHING("federation", "SACCT_FEDERATION"),
    { "file", 'f', OPT_ARG, NULL, "file", "", "the accounts are kept by the controller" },
    { "flags", 'F', OPT_ARG, NULL, "list", "only jobs started so: SchedMain,SchedBackfill", NULL },
    { "format", 'o', OPT_ARG, "SACCT_FORMAT", "fields", "what to print: jobid,state%20,nodelist%-30",
      NULL },
    { "gid", LO_GID, OPT_ARG, NULL, "list", NULL, NULL },
    { "group", 'g', OPT_ARG, NULL, "list", "only jobs of these groups", NULL },
    SHOW_OPTION_HELP('h'),
    { "helpformat", 'e', OPT_NONE, NULL, NULL, "list the fields of --format", NULL },
    { "jobs", 'j', OPT_ARG, NULL, "list", "only these jobs and steps: 12,13.0", NULL },
    SHOW_OPTION_JSON,
    SHOW_OPTION_NOTHING("local", "SACCT_LOCAL"),
    { "long", 'l', OPT_NONE, NULL, NULL, "many fields", NULL },
    { "name", LO_NAME, OPT_ARG, NULL, "list", "only jobs with these names", NULL },
    { "ncpus", 'I', OPT_ARG, NULL, "min[-max]", "only jobs on so many CPUs", NULL },
    { "nnodes", 'i', OPT_ARG, NULL, "min[-max]", "only jobs on so many nodes", NULL },
    { "noconvert", LO_NOCONVERT, OPT_NONE, NULL, NULL, "leave sizes in their unit", NULL },
    { "nodelist", 'N', OPT_ARG, NULL, "hosts", "only jobs that ran on one of these nodes", NULL },
    { "noheader", 'n', OPT_NONE, NULL, NULL, "no header lines", NULL },
    { "parsable", 'p', OPT_NONE, NULL, NULL, "fields parted and ended by |", NULL },
    { "parsable2", 'P', OPT_NONE, NULL, NULL, "fields parted by |", NULL },
    { "partition", 'r', OPT_ARG, NULL, "list", "only jobs in these partitions", NULL },
    { "qos", 'q', OPT_ARG, NULL, "list", "only jobs with these qualities of service", NULL },
    { "reason", 'R', OPT_ARG, NULL, "list", "only jobs that waited for these reasons", NULL },
    { "starttime", 'S', OPT_ARG, NULL, "time", "begin of the time window (default: midnight)", NULL },
    { "state", 's', OPT_ARG, NULL, "list", "only jobs that were in these states", NULL },
    { "timelimit-max", 'K', OPT_ARG, NULL, "time", "with -k: most time limit", NULL },
    { "timelimit-min", 'k', OPT_ARG, NULL, "time", "only jobs with this time limit", NULL },
    { "truncate", 'T', OPT_NONE, NULL, NULL, "cut start and end to the window", NULL },
    { "uid", LO_UID, OPT_ARG, NULL, "list", NULL, NULL },
    { "units", LO_UNITS, OPT_ARG, NULL, "KMGTP", "unit of sizes", NULL },
    SHOW_OPTION_USAGE,
    { "use-local-uid", SHOW_NOTHING, OPT_NONE, NULL, NULL, "no effect: there is one set of uids", NULL },
    { "user", 'u', OPT_ARG, NULL, "list", "only jobs of these users", NULL },
    { "verbose", 'v', OPT_NONE, NULL, NULL, "say what was asked for", NULL },
    SHOW_OPTION_VERSION,
    { "wckeys", 'W', OPT_ARG, NULL, "list", "only jobs with these keys", NULL },
    { "whole-hetjob", SHOW_NOTHING, OPT_MAYBE, NULL, "yes|no",
      "no effect: there are no heterogeneous jobs", NULL },
    SHOW_OPTION_YAML,
};
const size_t sacct_num_options = sizeof(sacct_options) / sizeof(sacct_options[0]);

static int selector_parse(const char *word, struct acct_selector *s)
{
    struct jobid id;

    if (jobid_parse(word, &id, NULL) < 0)
        return -1;
    *s = (struct acct_selector){ .job_id = id.job_id,
                                 .step_id = id.step_id == STEP_NONE ? FIELD_UNSET : (int64_t)id.step_id,
                                 .tasks = id.tasks };
    return 0;
}

static int add_jobs(struct sacct_params *p, const char *text)
{
    while (*text) {
        size_t len = jobid_word(text);
        CLEANUP_FREE char *word = xstrndup(text, len);
        struct acct_selector s;

        text += len + (text[len] == ',');
        if (!*word)
            continue;
        if (selector_parse(word, &s) < 0) {
            fprintf(p->con->err, "sacct: fatal: Bad job/step specified: %s\n", word);
            return -1;
        }
        p->jobs = xreallocarray(p->jobs, p->num_jobs + 1, sizeof(*p->jobs));
        p->jobs[p->num_jobs++] = s;
    }
    return 0;
}

static int add_ids(struct sacct_params *p, const char *text, bool groups)
{
    uint32_t **list = groups ? &p->gids : &p->uids;
    size_t *num = groups ? &p->num_gids : &p->num_uids;

    p->by_group |= groups;
    while (*text) {
        size_t len = strcspn(text, ",");
        CLEANUP_FREE char *word = xstrndup(text, len);
        uint32_t id;

        text += len + (text[len] == ',');
        if (!*word)
            continue;
        if (num_parse_u32(word, 0, UINT32_MAX - 1, &id, "id", NULL) < 0) {
            const struct passwd *pw = groups ? NULL : getpwnam(word);
            const struct group *gr = groups ? getgrnam(word) : NULL;

            if (!pw && !gr) {
                console_error(p->con, "Invalid %s id: %s", groups ? "group" : "user", word);
                return -1;
            }
            id = pw ? pw->pw_uid : gr->gr_gid;
        }
        *list = xreallocarray(*list, *num + 1, sizeof(**list));
        (*list)[(*num)++] = id;
    }
    return 0;
}

static int set_time(struct sacct_params *p, const char *value, int64_t *when)
{
    struct error err = { 0 };
    time_t at;

    if (time_at_parse(value, time(NULL), TIME_AT_ANY, &at, "", &err) < 0) {
        fprintf(p->con->err, "Invalid time specification (pos=0): %s\n", value);
        return -1;
    }
    *when = at;
    return 0;
}

static int set_limit(struct sacct_params *p, const char *value, int64_t *limit)
{
    struct error err = { 0 };
    uint32_t minutes;

    if (time_limit_parse(value, &minutes, "--timelimit", &err) < 0) {
        console_error(p->con, "%s", err.text);
        return -1;
    }
    *limit = minutes == TIME_UNLIMITED_MIN ? INT64_MAX : (int64_t)minutes;
    return 0;
}

static int set_range(struct sacct_params *p, const char *option, const char *value,
                     struct number_range *r)
{
    char *end;

    r->given = true;
    r->min = r->max = strtoll(value, &end, 10);
    if (end != value && *end == '-')
        r->max = strtoll(end + 1, &end, 10);
    if (end != value && !*end && r->min > 0 && r->max >= r->min)
        return 0;
    console_error(p->con, "%s: '%s' is not a number or a range such as 2-8", option, value);
    return -1;
}

static int set_states(struct sacct_params *p, const char *value)
{
    CLEANUP_FREE char *bad = NULL;

    if (job_states_parse(value, &p->states, &bad) == 0)
        return 0;
    fprintf(p->con->err, "sacct: fatal: unrecognized job state value '%s'\n", bad);
    return -1;
}

static int set_nodes(struct sacct_params *p, const char *value)
{
    struct error err = { 0 };

    hostlist_destroy(p->nodes);
    if ((p->nodes = hostlist_parse(value, 0, &err)))
        return 0;
    console_error(p->con, "'%s' invalid entry for --nodelist: %s", value, err.text);
    return -1;
}

static int set_units(struct sacct_params *p, const char *value)
{
    if (strlen(value) == 1 && strchr("KMGTP", value[0] & ~0x20)) {
        p->units = (char)(value[0] & ~0x20);
        return 0;
    }
    console_error(p->con, "Invalid unit type '%s'. Possible options are 'KMGTP'", value);
    fprintf(p->con->err, "sacct: fatal: Invalid unit type\n");
    return -1;
}

static int set_flags(struct sacct_params *p, const char *value)
{
    static const char *const known[] = { "SchedSubmit", "SchedMain", "SchedBackfill", "StartReceived" };

    for (const char *at = value; *at;) {
        CLEANUP_FREE char *word = xstrndup(at, strcspn(at, ","));
        size_t i = 0;

        at += strlen(word);
        at += *at == ',';
        while (i < ARRAY_SIZE(known) && strcasecmp(known[i], word))
            i++;
        if (i == ARRAY_SIZE(known)) {
            console_error(p->con, "str_2_job_flags: Invalid job flag %s", word);
            return -1;
        }
    }
    p->flags = value;
    return 0;
}

static int on_option(void *arg, int letter, const char *value)
{
    struct sacct_params *p = arg;

    switch (letter) {
    case 'A': p->accounts = value; return 0;
    case 'X': p->allocations = true; return 0;
    case 'a': p->all_users = true; return 0;
    case 'x': p->associations = value; return 0;
    case 'B': p->script = true; return 0;
    case LO_ENV_VARS: p->environment = true; return 0;
    case 'c':
        fprintf(p->con->err, "Slurm job completion is disabled: the accounts have every job, leave --completion out\n");
        return -1;
    case 'b': p->brief = true; return 0;
    case 'M': p->clusters = value; return 0;
    case 'C': p->constraints = value; return 0;
    case LO_DELIMITER: p->delimiter = value; return 0;
    case 'D': p->duplicates = true; return 0;
    case 'E': return set_time(p, value, &p->end);
    case 'o': p->format = value; return 0;
    case 'F': return set_flags(p, value);
    case LO_GID:
    case 'g': return add_ids(p, value, true);
    case 'j': return add_jobs(p, value);
    case SHOW_JSON: p->doc = DOC_JSON; return 0;
    case SHOW_YAML: p->doc = DOC_YAML; return 0;
    case 'l': p->long_list = true; return 0;
    case LO_NAME: p->names = value; return 0;
    case 'I': return set_range(p, "--ncpus", value, &p->num_cpus);
    case 'i': return set_range(p, "--nnodes", value, &p->num_nodes);
    case LO_NOCONVERT: p->noconvert = true; return 0;
    case 'N': return set_nodes(p, value);
    case 'n': p->no_header = true; return 0;
    case 'p': p->style = RENDER_PARSABLE; return 0;
    case 'P': p->style = RENDER_PARSABLE2; return 0;
    case 'r': p->partitions = value; return 0;
    case 'q': p->qos = value; return 0;
    case 'R': p->reasons = value; return 0;
    case 'S': return set_time(p, value, &p->start);
    case 's': return set_states(p, value);
    case 'K': return set_limit(p, value, &p->limit_max);
    case 'k': return set_limit(p, value, &p->limit_min);
    case 'T': p->truncate = true; return 0;
    case LO_UID:
    case 'u': return add_ids(p, value, false);
    case LO_UNITS: return set_units(p, value);
    case 'v': p->verbose++; return 0;
    case 'W': p->wckeys = value; return 0;
    case 'e': p->help_format = true; return 0;
    default: return 0;
    }
}

/* The window when -S or -E are not given: today until now; with -j since ever; with -s this moment,
 * which is the given start if there is one. */
static void set_window(struct sacct_params *p, int64_t now)
{
    time_t at = (time_t)now;
    struct tm tm;

    if (p->end == FIELD_UNSET)
        p->end = p->states && p->start != FIELD_UNSET ? p->start : now;
    if (p->start != FIELD_UNSET)
        return;
    if (p->num_jobs) {
        p->start = 0;
    } else if (p->states) {
        p->start = now;
    } else {
        localtime_r(&at, &tm);
        tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
        tm.tm_isdst = -1;
        p->start = mktime(&tm);
    }
}

int sacct_params_parse(struct sacct_params *p, int argc, char **argv, int64_t now)
{
    int next;

    p->start = p->end = p->limit_min = p->limit_max = FIELD_UNSET;
    next = options_parse(p->con, argc, argv, sacct_options, sacct_num_options, on_option, p);
    if (next < 0)
        return next == OPTIONS_LEAVE ? 1 : -1;
    if (p->help_format) {
        console_fields(p->con, sacct_columns, sacct_num_columns);
        return 1;
    }
    if (next < argc) {
        console_error(p->con, "Unknown arguments:");
        for (; next < argc; next++)
            console_error(p->con, " %s", argv[next]);
        return -1;
    }
    set_window(p, now);
    if (p->start > p->end) {
        CLEANUP_STRBUF struct strbuf from = STRBUF_INIT, to = STRBUF_INIT;

        cell_time(&from, NULL, p->start, "0");
        cell_time(&to, NULL, p->end, "0");
        console_error(p->con, "Start time (%s) requested is after end time (%s).", strbuf_str(&from),
                      strbuf_str(&to));
        return -1;
    }
    if (!p->num_uids && !p->all_users && getuid() != 0) {
        p->uids = xcalloc(1, sizeof(*p->uids));
        p->uids[p->num_uids++] = getuid();
    }
    return 0;
}

void sacct_params_fini(struct sacct_params *p)
{
    for (size_t i = 0; i < p->num_jobs; i++)
        bitmap_destroy(p->jobs[i].tasks);
    hostlist_destroy(p->nodes);
    free(p->jobs);
    free(p->uids);
    free(p->gids);
}
