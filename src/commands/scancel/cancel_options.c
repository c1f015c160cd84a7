/* cancel_options.c - scancel's own table of options. */
#include "config.h"
#include "scancel_private.h"

#include <getopt.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "bramble/constants.h"
#include "jobopt/jobopt.h"
#include "util/error.h"
#include "util/jobid.h"
#include "util/hostlist.h"
#include "util/mem.h"
#include "util/num.h"


enum cancel_kind { KIND_FLAG, KIND_TEXT, KIND_LEVEL, KIND_USER, KIND_STATE, KIND_SIGNAL, KIND_NODES };

struct cancel_row {
    const char *name;
    char letter;
    enum cancel_kind kind;
    const char *arg_name, *env;
    size_t offset;
    const char *help, *refused;
    bool hidden;
};
#define AT(field) offsetof(struct cancel_options, field)

static const struct cancel_row rows[] = {
    { "account", 'A', KIND_TEXT, "account", "SCANCEL_ACCOUNT", AT(account), "act only on jobs of this account" },
    { "batch", 'b', KIND_FLAG, NULL, "SCANCEL_BATCH", AT(batch), "signal the batch shell alone" },
    { "clusters", 'M', KIND_TEXT, "name", "SLURM_CLUSTERS", AT(clusters), "this cluster's name, or all" },
    { "ctld", 0, KIND_FLAG, NULL, "SCANCEL_CTLD", AT(ctld), "go through the controller (always so)" },
    { "full", 'f', KIND_FLAG, NULL, "SCANCEL_FULL", AT(full), "signal the batch shell and all steps" },
    { "help", 0, KIND_FLAG, NULL, NULL, AT(help), "show this help" },
    { "hurry", 'H', KIND_FLAG, NULL, NULL, 0, NULL, "there are no burst buffers to skip; leave it out" },
    { "interactive", 'i', KIND_FLAG, NULL, "SCANCEL_INTERACTIVE", AT(interactive), "ask before each job" },
    { "jobname", 'n', KIND_TEXT, "name", NULL, AT(name), "act only on jobs of this name" },
    { "me", 0, KIND_FLAG, NULL, NULL, AT(me), "act only on own jobs" },
    { "name", 'n', KIND_TEXT, "name", "SCANCEL_NAME", AT(name), "act only on jobs of this name" },
    { "nodelist", 'w', KIND_NODES, "hosts", NULL, AT(nodelist), "act only on jobs on one of these nodes" },
    { "partition", 'p', KIND_TEXT, "partition", "SCANCEL_PARTITION", AT(partition),
      "act only on jobs in this partition" },
    { "qos", 'q', KIND_TEXT, "qos", "SCANCEL_QOS", AT(qos), "act only on jobs of this quality of service" },
    { "quiet", 'Q', KIND_LEVEL, NULL, NULL, AT(quiet), "do not report jobs that have ended already" },
    { "reservation", 'R', KIND_TEXT, "name", NULL, AT(reservation), "act only on jobs of this reservation" },
    { "sibling", 0, KIND_TEXT, "cluster", NULL, 0, NULL, "there is one cluster, no federation" },
    { "signal", 's', KIND_SIGNAL, "signal", NULL, AT(signal), "send this signal instead of ending the job" },
    { "state", 't', KIND_STATE, "state", "SCANCEL_STATE", AT(state),
      "act only on jobs that are PENDING, RUNNING or SUSPENDED" },
    { "usage", 0, KIND_FLAG, NULL, NULL, AT(usage), "show a brief usage message" },
    { "user", 'u', KIND_USER, "user", "SCANCEL_USER", AT(user), "act only on jobs of this user" },
    { "verbose", 'v', KIND_LEVEL, NULL, "SCANCEL_VERBOSE", AT(verbose), "say more; may be repeated" },
    { "version", 'V', KIND_FLAG, NULL, NULL, AT(version), "show the version" },
    { "wckey", 0, KIND_TEXT, "wckey", "SCANCEL_WCKEY", AT(wckey), "act only on jobs with this workload key" },
};

static void set_text(char **field, const char *value)
{
    char *copy = xstrdup(value);

    free(*field);
    *field = copy;
}

/* Long names of the states that scancel may be given. */
static const char *state_long_name(const char *text)
{
    static const struct {
        const char *name, *code;
    } states[] = { { "PENDING", "PD" }, { "RUNNING", "R" }, { "SUSPENDED", "S" } };

    for (size_t i = 0; i < ARRAY_SIZE(states); i++)
        if (!strcasecmp(text, states[i].name) || !strcasecmp(text, states[i].code))
            return states[i].name;
    return NULL;
}

static int set_nodes(char **field, const char *value, struct error *err)
{
    CLEANUP_HOSTLIST struct hostlist *hosts = NULL;
    CLEANUP_FREE char *text = NULL;
    size_t len;

    if (strchr(value, '/')) {
        if (user_file_read(value, 1 << 20, &text, &len, err) < 0)
            return error_prefix(err, "--nodelist");
        for (char *p = text; *p; p++)
            if (strchr(" \t\r\n", *p))
                *p = p[1] && !strchr(" \t\r\n", p[1]) ? ',' : ' ';
        for (char *p = text + strlen(text); p > text && p[-1] == ' ';)
            *--p = '\0';
        value = text;
    }
    if (!(hosts = hostlist_parse(value, 0, err)))
        return error_prefix(err, "Invalid node name specified: --nodelist");
    set_text(field, value);
    return 0;
}

static int row_apply(struct cancel_options *o, const struct cancel_row *row, const char *value, struct error *err)
{
    void *field = (char *)o + row->offset;

    if (row->refused)
        return error_set(err, BRE_NOT_SUPPORTED, "--%s is not supported yet: %s", row->name, row->refused);
    switch (row->kind) {
    case KIND_FLAG:
        *(bool *)field = true;
        return 0;
    case KIND_LEVEL:
        ++*(unsigned *)field;
        return 0;
    case KIND_USER: {
        const struct passwd *pw = getpwnam(value);
        uint32_t uid;

        if (!pw && (num_parse_u32(value, 0, UINT32_MAX - 1, &uid, "", NULL) < 0 || !(pw = getpwuid(uid))))
            return error_set(err, BRE_USER_ID, "Invalid user name: %.64s", value);
        set_text(field, pw->pw_name);
        return 0;
    }
    case KIND_STATE:
        if (!state_long_name(value)) {
            fprintf(stderr, "Invalid job state specified: %s\n"
                            "Valid job states are PENDING, RUNNING, and SUSPENDED\n", value);
            return error_set(err, 0, "%s", "");
        }
        set_text(field, state_long_name(value));
        return 0;
    case KIND_SIGNAL:
        if ((o->signal = signal_parse(value)) <= 0) {
            fprintf(stderr, "Unknown job signal: %s\n", value);
            return error_set(err, 0, "%s", "");
        }
        return 0;
    case KIND_NODES:
        return set_nodes(field, value, err);
    case KIND_TEXT:
        set_text(field, value);
        return 0;
    }
    return 0;
}

static int read_env(struct cancel_options *o, struct error *err)
{
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const char *value = rows[i].env ? getenv(rows[i].env) : NULL;

        if (!value)
            continue;
        if ((rows[i].kind == KIND_FLAG || rows[i].kind == KIND_LEVEL)
            && (!strcasecmp(value, "f") || !strcasecmp(value, "false") || !strcmp(value, "0")))
            continue;
        if (row_apply(o, &rows[i], value, err) < 0)
            return -1;
    }
    return 0;
}

static int id_check(const char *text, struct error *err)
{
    struct jobid id;

    /* as Slurm's: the batch step is ended with its job, or by --batch */
    if (jobid_parse(text, &id, NULL) < 0 || (id.step_id != STEP_NONE && id.step_id >= STEP_CARRIER))
        return error_set(err, BRE_JOB_ID, "Invalid job id %.64s", text);
    jobid_fini(&id);
    return 0;
}

/* Ids may be joined by commas. */
static int read_ids(struct cancel_options *o, int num, char **words, struct error *err)
{
    size_t cap = 0;

    for (int i = 0; i < num; i++) {
        const char *p = words[i];

        do {
            size_t len = jobid_word(p);
            CLEANUP_FREE char *id = xstrndup(p, len);

            if (id_check(id, err) < 0)
                return -1;
            if (o->num_ids == cap) {
                cap = cap ? 2 * cap : 16;
                o->ids = xreallocarray(o->ids, cap, sizeof *o->ids);
            }
            o->ids[o->num_ids++] = TAKE(id);
            p += len + (p[len] == ',');
        } while (*p);
    }
    return 0;
}

int cancel_options_read(struct cancel_options *o, int argc, char **argv, struct error *err)
{
    struct option longs[ARRAY_SIZE(rows) + 1] = { { 0 } };
    char shorts[3 * ARRAY_SIZE(rows) + 1], *letter = shorts;
    char *slash = argc ? strrchr(argv[0], '/') : NULL;
    int c;

    if (slash)
        argv[0] = slash + 1;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        bool flag = rows[i].kind == KIND_FLAG || rows[i].kind == KIND_LEVEL;

        longs[i] = (struct option){ rows[i].name, flag ? no_argument : required_argument, NULL, 256 + (int)i };
        if (rows[i].letter) {
            *letter++ = rows[i].letter;
            if (!flag)
                *letter++ = ':';
        }
    }
    *letter = '\0';
    if (read_env(o, err) < 0)
        return -1;
    optind = 0;
    while ((c = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
        size_t i;

        if (c == '?') {
            fprintf(stderr, "Try \"scancel --help\" for more information\n");
            return error_set(err, 0, "%s", "");
        }
        if (c >= 256)
            i = (size_t)(c - 256);
        else
            for (i = 0; i < ARRAY_SIZE(rows) - 1 && rows[i].letter != c; i++)
                ;
        if (row_apply(o, &rows[i], optarg, err) < 0)
            return -1;
        if (o->help || o->usage || o->version)
            return 0;
    }
    if (o->quiet)
        o->verbose = 0;
    if (read_ids(o, argc - optind, argv + optind, err) < 0)
        return -1;
    if (!o->num_ids && !cancel_has_filter(o))
        return error_set(err, BRE_INVAL, "No job identification provided");
    return 0;
}

bool cancel_has_filter(const struct cancel_options *o)
{
    return o->account || o->name || o->nodelist || o->partition || o->qos || o->reservation || o->state
           || o->user || o->wckey || o->me;
}

void cancel_options_fini(struct cancel_options *o)
{
    free(o->account);
    free(o->name);
    free(o->nodelist);
    free(o->partition);
    free(o->qos);
    free(o->reservation);
    free(o->state);
    free(o->user);
    free(o->wckey);
    free(o->clusters);
    for (size_t i = 0; i < o->num_ids; i++)
        free(o->ids[i]);
    free(o->ids);
    *o = (struct cancel_options){ 0 };
}

void cancel_help(FILE *out)
{
    fprintf(out, "Usage: scancel [OPTIONS] [job_id[.step_id]]...\n");
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char left[64];

        if (rows[i].refused)
            continue;
        snprintf(left, sizeof left, "  %c%c%c --%s%s%s", rows[i].letter ? '-' : ' ',
                 rows[i].letter ? rows[i].letter : ' ', rows[i].letter ? ',' : ' ', rows[i].name,
                 rows[i].arg_name ? "=" : "", rows[i].arg_name ? rows[i].arg_name : "");
        fprintf(out, "%-30s%s\n", left, rows[i].help);
    }
}

void cancel_usage(FILE *out)
{
    fprintf(out,
            "Usage: scancel [-A account] [--batch] [--ctld] [--full] [--interactive] [--me]\n"
            "               [-n job_name] [-p partition] [-Q] [-q qos] [-R reservation]\n"
            "               [-s signal] [-t PENDING | RUNNING | SUSPENDED] [--usage] [-u user_name]\n"
            "               [-v] [-V] [-w hosts...] [--wckey=wckey] [job_id[.step_id]]...\n");
}

void cancel_options_dump(FILE *out)
{
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        fprintf(out, "scancel --%s %c %s %s%s%s\n", rows[i].name, rows[i].letter ? rows[i].letter : '-',
                rows[i].arg_name ? "required" : "none", rows[i].refused ? "refused" : "done",
                rows[i].env ? " " : "", rows[i].env ? rows[i].env : "");
}
