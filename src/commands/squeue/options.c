/* options.c - squeue's command line and environment. */
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "bramble/constants.h"
#include "commands/squeue/squeue_private.h"
#include "util/error.h"
#include "util/bitmap.h"
#include "util/jobid.h"
#include "util/mem.h"
#include "util/num.h"
#include "util/timefmt.h"

enum {
    LO_ARRAY_UNIQUE = 256,
    LO_EXPAND_PATTERNS,
    LO_EXPLAIN,
    LO_HIDE,
    LO_ME,
    LO_NOCONVERT,
    LO_NOTME,
    LO_ONLY_JOB_STATE,
    LO_RUNNING_OVER,
    LO_RUNNING_UNDER,
    LO_START,
    LO_USERS,
};

const struct show_option squeue_options[] = {
    { "account", 'A', OPT_ARG, "SQUEUE_ACCOUNT", "list", "only jobs of these accounts", NULL },
    { "all", 'a', OPT_NONE, "SQUEUE_ALL", NULL, "jobs in hidden partitions too", NULL },
    { "array", 'r', OPT_NONE, "SQUEUE_ARRAY", NULL, "one line for each task of an array", NULL },
    { "array-unique", LO_ARRAY_UNIQUE, OPT_NONE, "SQUEUE_ARRAY_UNIQUE", NULL,
      "one line for each pending task of an array", NULL },
    SHOW_OPTION_AUTOCOMPLETE,
    { "clusters", 'M', OPT_ARG, "SLURM_CLUSTERS", "name", "this cluster's name, or all", NULL },
    { "expand-patterns", LO_EXPAND_PATTERNS, OPT_NONE, "SQUEUE_EXPAND_PATTERNS", NULL,
      "write out %j and its like in paths", NULL },
    { "explain", LO_EXPLAIN, OPT_MAYBE, NULL, "job", "say why jobs wait, in sentences", NULL },
    SHOW_OPTION_NOTHING("federation", "SQUEUE_FEDERATION"),
    { "format", 'o', OPT_ARG, "SQUEUE_FORMAT", "format", "what to print: \"%.18i %.9P %R\"", NULL },
    { "Format", 'O', OPT_ARG, "SQUEUE_FORMAT2", "fields", "what to print: \"jobid:10,statecompact\"", NULL },
    SHOW_OPTION_HELP(SHOW_HELP),
    { "hide", LO_HIDE, OPT_NONE, NULL, NULL, "no jobs in hidden partitions (default)", NULL },
    { "iterate", 'i', OPT_ARG, NULL, "seconds", "print again each so many seconds", NULL },
    { "jobs", 'j', OPT_MAYBE, NULL, "list", "only these jobs: 12,13_4", NULL },
    SHOW_OPTION_JSON,
    { "licenses", 'L', OPT_ARG, "SQUEUE_LICENSES", "list", "only jobs that ask for one of these licenses", NULL },
    SHOW_OPTION_NOTHING("local", "SQUEUE_LOCAL"),
    { "long", 'l', OPT_NONE, NULL, NULL, "more columns", NULL },
    { "me", LO_ME, OPT_NONE, NULL, NULL, "only my own jobs", NULL },
    { "name", 'n', OPT_ARG, "SQUEUE_NAMES", "list", "only jobs with these names", NULL },
    { "noconvert", LO_NOCONVERT, OPT_NONE, NULL, NULL, "leave memory in MiB", NULL },
    { "nodelist", 'w', OPT_ARG, NULL, "hosts", "only jobs on these nodes", NULL },
    { "noheader", 'h', OPT_NONE, NULL, NULL, "no header line", NULL },
    { "notme", LO_NOTME, OPT_NONE, NULL, NULL, "only the jobs of others", NULL },
    { "only-job-state", LO_ONLY_JOB_STATE, OPT_NONE, NULL, NULL, "ids and states alone, at least cost", NULL },
    { "partition", 'p', OPT_ARG, "SQUEUE_PARTITION", "list", "only jobs in these partitions", NULL },
    { "priority", 'P', OPT_NONE, "SQUEUE_PRIORITY", NULL, "a line for each partition of a pending job", NULL },
    { "qos", 'q', OPT_ARG, "SQUEUE_QOS", "list", "only jobs with these qualities of service", NULL },
    { "reservation", 'R', OPT_ARG, NULL, "list", "only jobs in these reservations", NULL },
    { "running-over", LO_RUNNING_OVER, OPT_ARG, NULL, "time", "only jobs that run for longer", NULL },
    { "running-under", LO_RUNNING_UNDER, OPT_ARG, NULL, "time", "only jobs that run for less", NULL },
    SHOW_OPTION_NOTHING("sibling", "SQUEUE_SIBLING"),
    { "sort", 'S', OPT_ARG, "SQUEUE_SORT", "keys", "order: letters of --format, - reverses", NULL },
    { "start", LO_START, OPT_NONE, NULL, NULL, "pending jobs and their expected start", NULL },
    { "states", 't', OPT_ARG, "SQUEUE_STATES", "list", "only jobs in these states, or all", NULL },
    { "steps", 's', OPT_MAYBE, NULL, "list", "job steps instead of jobs: 12.0,13.batch", NULL },
    SHOW_OPTION_USAGE,
    { "user", 'u', OPT_ARG, "SQUEUE_USERS", "list", "only jobs of these users", NULL },
    { "users", LO_USERS, OPT_ARG, NULL, "list", NULL, NULL },
    { "verbose", 'v', OPT_NONE, NULL, NULL, "say what was asked for", NULL },
    SHOW_OPTION_VERSION,
    SHOW_OPTION_YAML,
};
const size_t squeue_num_options = sizeof(squeue_options) / sizeof(squeue_options[0]);

/* "12", "12_3", "12_[1-3]", "12_*", and a step behind it if steps.  -1: none of these. */
static int selector_parse(const char *word, bool steps, struct job_selector *s)
{
    const char *dot = strrchr(word, '.');
    struct jobid id;

    if ((dot && !steps) || jobid_parse(word, &id, NULL) < 0)
        return -1;
    *s = (struct job_selector){
        .job_id = id.job_id,
        .step_id = id.step_id == STEP_NONE ? FIELD_UNSET : (int64_t)id.step_id,
        .tasks = id.tasks,
        .text = xstrndup(word, dot ? (size_t)(dot - word) : strlen(word)),
    };
    return 0;
}

int job_selectors_parse(const struct console *con, const char *text, bool steps,
                        struct job_selector **list, size_t *num)
{
    while (*text) {
        size_t len = jobid_word(text);
        CLEANUP_FREE char *word = xstrndup(text, len);
        struct job_selector s;

        text += len + (text[len] == ',');
        if (!*word)
            continue;
        if (selector_parse(word, steps, &s) < 0) {
            console_error(con, "Invalid job%s id: %s", steps ? " step" : "", word);
            return -1;
        }
        *list = xreallocarray(*list, *num + 1, sizeof(**list));
        (*list)[(*num)++] = s;
    }
    return 0;
}

static int add_users(struct squeue_params *p, const char *text)
{
    p->by_user = true;
    while (*text) {
        size_t len = strcspn(text, ",");
        CLEANUP_FREE char *word = xstrndup(text, len);
        uint32_t uid;

        text += len + (text[len] == ',');
        if (!*word)
            continue;
        if (num_parse_u32(word, 0, UINT32_MAX - 1, &uid, "user", NULL) < 0) {
            const struct passwd *pw = getpwnam(word);

            if (!pw) {
                /* as Slurm does it: nobody's jobs are then shown, and that is no failure */
                console_error(p->con, "Invalid user: %s\n", word);
                continue;
            }
            uid = pw->pw_uid;
        }
        p->uids = xreallocarray(p->uids, p->num_uids + 1, sizeof(*p->uids));
        p->uids[p->num_uids++] = uid;
    }
    return 0;
}

static int set_states(struct squeue_params *p, const char *value)
{
    CLEANUP_FREE char *bad = NULL;

    if (job_states_parse(value, &p->states, &bad) == 0) {
        p->all_states = p->states == (UINT64_C(1) << JOB_STATE_COUNT) - 1;
        return 0;
    }
    console_error(p->con, "Invalid job state specified: %s", bad);
    console_error(p->con, "Valid job states include: %s\n", JOB_STATE_WORDS);
    return -1;
}

static int set_nodes(struct squeue_params *p, const char *value)
{
    struct error err = { 0 };
    CLEANUP_FREE char *host = NULL;

    if (!strcasecmp(value, "localhost")) {
        host = xcalloc(1, 256);
        gethostname(host, 255);
        host[strcspn(host, ".")] = '\0';
        value = host;
    }
    hostlist_destroy(p->nodes);
    if ((p->nodes = hostlist_parse(value, 0, &err)))
        return 0;
    console_error(p->con, "'%s' invalid entry for --nodelist: %s", value, err.text);
    return -1;
}

static int set_running(struct squeue_params *p, const char *option, const char *value, int64_t *sec)
{
    struct error err = { 0 };
    uint32_t minutes;

    if (time_limit_parse(value, &minutes, option, &err) < 0) {
        console_error(p->con, "%s", err.text);
        return -1;
    }
    *sec = minutes == TIME_UNLIMITED_MIN ? INT64_MAX : (int64_t)minutes * 60;
    return 0;
}

static int set_explain(struct squeue_params *p, const char *value)
{
    CLEANUP_FREE struct job_selector *list = NULL;
    size_t num = 0;

    p->explain = true;
    if (!value)
        return 0;
    if (job_selectors_parse(p->con, value, false, &list, &num) < 0)
        return -1;
    if (num != 1) {
        console_error(p->con, "--explain=%s: one job id is needed", value);
        return -1;
    }
    p->explain_job = list[0];
    return 0;
}

/* -j and -s give their list at once (-j12) or as the next word (-j 12), which comes as an argument. */
static int set_jobs(struct squeue_params *p, const char *value)
{
    p->jobs_given = true;
    return value ? job_selectors_parse(p->con, value, false, &p->jobs, &p->num_jobs) : 0;
}

static int set_steps(struct squeue_params *p, const char *value)
{
    p->steps = true;
    return value ? job_selectors_parse(p->con, value, true, &p->jobs, &p->num_jobs) : 0;
}

static int on_option(void *arg, int letter, const char *value)
{
    struct squeue_params *p = arg;

    switch (letter) {
    case 'A': p->accounts = value; return 0;
    case 'a': p->all = true; return 0;
    case LO_HIDE: p->all = false; return 0;
    case 'M': p->clusters = value; return 0;
    case LO_EXPLAIN: return set_explain(p, value);
    case 'o': p->format = value, p->long_format = NULL, p->format_given |= p->con->argv != NULL; return 0;
    case 'O': p->long_format = value, p->format = NULL, p->long_given |= p->con->argv != NULL; return 0;
    case 'i': return console_interval(p->con, value, "--iterate=%s\n", &p->iterate);
    case LO_EXPAND_PATTERNS: p->expand_patterns = true; return 0;
    case 'j': return set_jobs(p, value);
    case SHOW_JSON: p->doc = DOC_JSON; return 0;
    case SHOW_YAML: p->doc = DOC_YAML; return 0;
    case 'L': p->licenses = value; return 0;
    case 'l': p->long_list = true; return 0;
    case LO_ME: {
        char uid[16];

        snprintf(uid, sizeof(uid), "%u", (unsigned)getuid());
        return add_users(p, uid);
    }
    case 'n': p->names = value; return 0;
    case LO_NOTME: p->not_me = true; return 0;
    case LO_ONLY_JOB_STATE: p->only_state = true; return 0;
    case LO_NOCONVERT: p->noconvert = true; return 0;
    case 'w': return set_nodes(p, value);
    case 'h': p->no_header = true; return 0;
    case 'p': p->partitions = value; return 0;
    case 'P': p->by_part = true; return 0;
    case 'q': p->qos = value; return 0;
    case 'R': p->reservations = value; return 0;
    case LO_RUNNING_OVER: return set_running(p, "--running-over", value, &p->running_over);
    case LO_RUNNING_UNDER: return set_running(p, "--running-under", value, &p->running_under);
    case 'S': p->sort = value; return 0;
    case LO_START: p->start = true; return 0;
    case 't': return set_states(p, value);
    case 's': return set_steps(p, value);
    case 'u':
    case LO_USERS: return add_users(p, value);
    case 'v': p->verbose++; return 0;
    case 'r':
    case LO_ARRAY_UNIQUE: p->by_task = true; return 0;
    default: return 0;
    }
}

int squeue_params_parse(struct squeue_params *p, int argc, char **argv)
{
    int next;

    p->explain_job.job_id = p->running_over = p->running_under = FIELD_UNSET;
    next = options_parse(p->con, argc, argv, squeue_options, squeue_num_options, on_option, p);
    if (next < 0)
        return next == OPTIONS_LEAVE ? 1 : -1;
    if (next < argc && (p->jobs_given || p->steps)) {
        if (job_selectors_parse(p->con, argv[next], p->steps, &p->jobs, &p->num_jobs) < 0)
            return -1;
        next++;
    }
    if (next < argc) {
        console_error(p->con, "Unrecognized option: %s", argv[next]);
        options_usage(p->con, squeue_options, squeue_num_options, p->con->err);
        return -1;
    }
    if (p->format_given && p->long_given) {
        console_error(p->con, "-O (--Format) is incompatible with -o (--format)");
        return -1;
    }
    if (p->start && !p->states)
        p->states = UINT64_C(1) << JOB_PENDING;
    if (p->explain && !p->states)
        p->states = UINT64_C(1) << JOB_PENDING;
    return 0;
}

void squeue_params_fini(struct squeue_params *p)
{
    for (size_t i = 0; i < p->num_jobs; i++) {
        bitmap_destroy(p->jobs[i].tasks);
        free(p->jobs[i].text);
    }
    hostlist_destroy(p->nodes);
    free(p->jobs);
    free(p->uids);
}
