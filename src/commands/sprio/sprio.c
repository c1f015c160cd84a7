/* sprio.c - pending jobs with their priorities, factor by factor.
 *
 * Priorities are handed out in the order of submission, so every factor weighs nothing: they are
 * columns all the same, for formats made for Slurm, and for the day on which they weigh something.
 */
#include "commands/sprio/sprio.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "bramble/constants.h"
#include "commands/display/sort.h"
#include "util/error.h"
#include "util/mem.h"
#include "util/num.h"

/* Columns of factors without weight are left out of the default, as Slurm does it. */
#define FORMAT_DEFAULT "%.15i %9r %.10Y %.10S"
#define FORMAT_LONG "%.15i %9r %.8u %.10Y %.10S %.11N"
#define FORMAT_NORM "%.15i %9r %.12y %.10S"

enum { LO_CLUSTERS = 256 };

const struct show_option sprio_options[] = {
    SHOW_OPTION_AUTOCOMPLETE,
    { "cluster", 'M', OPT_ARG, "SLURM_CLUSTERS", "name", "this cluster's name, or all", NULL },
    { "clusters", LO_CLUSTERS, OPT_ARG, NULL, NULL, NULL, NULL },
    SHOW_OPTION_NOTHING("federation", "SPRIO_FEDERATION"),
    { "format", 'o', OPT_ARG, "SPRIO_FORMAT", "format", "what to print: \"%.15i %.10Y\"", NULL },
    SHOW_OPTION_HELP(SHOW_HELP),
    { "jobs", 'j', OPT_MAYBE, NULL, "list", "only these jobs: 12,13", NULL },
    SHOW_OPTION_NOTHING("local", "SPRIO_LOCAL"),
    { "long", 'l', OPT_NONE, NULL, NULL, "more columns", NULL },
    { "noheader", 'h', OPT_NONE, NULL, NULL, "no header line", NULL },
    { "norm", 'n', OPT_NONE, NULL, NULL, "normalized values", NULL },
    { "partition", 'p', OPT_ARG, NULL, "list", "only jobs in these partitions", NULL },
    SHOW_OPTION_NOTHING("sibling", "SPRIO_SIBLING"),
    { "sort", 'S', OPT_ARG, NULL, "keys", "order: letters of --format, - reverses", NULL },
    SHOW_OPTION_USAGE,
    { "user", 'u', OPT_ARG, NULL, "list", "only jobs of these users", NULL },
    { "users", LO_CLUSTERS + 1, OPT_ARG, NULL, NULL, NULL, NULL },
    { "verbose", 'v', OPT_NONE, NULL, NULL, "say how much was looked at", NULL },
    SHOW_OPTION_VERSION,
    { "weights", 'w', OPT_NONE, NULL, NULL, "the weights of the factors instead of jobs", NULL },
};
const size_t sprio_num_options = ARRAY_SIZE(sprio_options);

struct sprio {
    struct console *con;
    const char *clusters, *format, *sort, *partitions, *jobs;
    uint32_t *uids;
    size_t num_uids;
    bool by_user, jobs_given, long_list, no_header, norm, weights;
    unsigned verbose;
};

/* ---- columns ---- */

static int64_t get(const struct view *v, unsigned field, size_t row)
{
    return table_int(v->table, field, row);
}
static bool weights(const struct view *v)
{
    return ((const struct sprio *)v->arg)->weights;
}
static void show_id(struct strbuf *out, const struct view *v, size_t row)
{
    if (weights(v))
        strbuf_add(out, "Weights");
    else
        cell_int(out, get(v, FIELD_JOB_ID, row));
}
static void show_text(struct strbuf *out, const struct view *v, size_t row, unsigned field)
{
    if (!weights(v))
        cell_text(out, table_text(v->table, field, row));
}
static void show_user(struct strbuf *out, const struct view *v, size_t row)
{
    show_text(out, v, row, FIELD_JOB_USER);
}
static void show_partition(struct strbuf *out, const struct view *v, size_t row)
{
    show_text(out, v, row, FIELD_JOB_PARTITION);
}
static void show_cluster(struct strbuf *out, const struct view *v, size_t row)
{
    show_text(out, v, row, FIELD_JOB_CLUSTER);
}
static void show_priority(struct strbuf *out, const struct view *v, size_t row)
{
    if (!weights(v))
        cell_int(out, get(v, FIELD_JOB_PRIORITY, row));
}
static void show_priority_norm(struct strbuf *out, const struct view *v, size_t row)
{
    if (!weights(v))
        strbuf_addf(out, "%.8f", (double)get(v, FIELD_JOB_PRIORITY, row) / (double)UINT32_MAX);
}
static void show_nice(struct strbuf *out, const struct view *v, size_t row)
{
    int64_t nice = get(v, FIELD_JOB_NICE, row);

    if (!weights(v))
        cell_int(out, nice == FIELD_UNSET ? 0 : nice);
}
/* Of no weight. */
static void show_factor(struct strbuf *out, const struct view *v, size_t row)
{
    (void)v, (void)row;
    strbuf_addc(out, '0');
}
static void show_factor_norm(struct strbuf *out, const struct view *v, size_t row)
{
    (void)v, (void)row;
    strbuf_add(out, "0.0000000");
}
static void show_site(struct strbuf *out, const struct view *v, size_t row)
{
    (void)row;
    if (!weights(v))
        strbuf_addc(out, '0');
}
static void show_tres(struct strbuf *out, const struct view *v, size_t row)
{
    (void)out, (void)v, (void)row;
}

#define FACTOR(lower, upper, name, header)                                                     \
    { lower, name "Normalized", header, show_factor_norm, { FIELD_JOB_ID } },                  \
    { upper, name, header, show_factor, { FIELD_JOB_ID } }
const struct column sprio_columns[] = {
    FACTOR('a', 'A', "Age", "AGE"),
    FACTOR('b', 'B', "Assoc", "ASSOC"),
    { 'c', "Cluster", "CLUSTER", show_cluster, { FIELD_JOB_CLUSTER } },
    FACTOR('f', 'F', "FairShare", "FAIRSHARE"),
    { 'i', "JobID", "JOBID", show_id, { FIELD_JOB_ID } },
    FACTOR('j', 'J', "JobSize", "JOBSIZE"),
    { 'N', "Nice", "NICE", show_nice, { FIELD_JOB_NICE } },
    FACTOR('p', 'P', "PartitionFactor", "PARTITION"),
    FACTOR('q', 'Q', "QOS", "QOS"),
    { 'r', "Partition", "PARTITION", show_partition, { FIELD_JOB_PARTITION } },
    { 'S', "Site", "SITE", show_site, { FIELD_JOB_ID } },
    { 't', "TRESNormalized", "TRES", show_tres, { FIELD_JOB_ID } },
    { 'T', "TRES", "TRES", show_tres, { FIELD_JOB_ID } },
    { 'u', "User", "USER", show_user, { FIELD_JOB_USER } },
    { 'Y', "Priority", "PRIORITY", show_priority, { FIELD_JOB_PRIORITY } },
    { 'y', "PriorityNormalized", "PRIORITY", show_priority_norm, { FIELD_JOB_PRIORITY } },
};
const size_t sprio_num_columns = ARRAY_SIZE(sprio_columns);

/* ---- options ---- */

static int add_users(struct sprio *s, const char *text)
{
    s->by_user = true;
    while (*text) {
        CLEANUP_FREE char *word = xstrndup(text, strcspn(text, ","));
        uint32_t uid;

        text += strlen(word);
        text += *text == ',';
        if (num_parse_u32(word, 0, UINT32_MAX - 1, &uid, "user", NULL) < 0) {
            const struct passwd *pw = getpwnam(word);

            if (!pw) {
                console_error(s->con, "Invalid user: %s", word);
                return -1;
            }
            uid = pw->pw_uid;
        }
        s->uids = xreallocarray(s->uids, s->num_uids + 1, sizeof(*s->uids));
        s->uids[s->num_uids++] = uid;
    }
    return 0;
}

static int check_jobs(const struct sprio *s, const char *list)
{
    for (const char *at = list; at && *at;) {
        CLEANUP_FREE char *word = xstrndup(at, strcspn(at, ","));
        uint32_t id;

        at += strlen(word);
        at += *at == ',';
        if (num_parse_u32(word, 1, UINT32_MAX, &id, "job", NULL) < 0) {
            console_error(s->con, "Invalid job id: %s", word);
            return -1;
        }
    }
    return 0;
}

static int on_option(void *arg, int letter, const char *value)
{
    struct sprio *s = arg;

    switch (letter) {
    case LO_CLUSTERS:
    case 'M': s->clusters = value; return 0;
    case 'o': s->format = value; return 0;
    case 'j': s->jobs = value, s->jobs_given = true; return check_jobs(s, value);
    case 'l': s->long_list = true; return 0;
    case 'h': s->no_header = true; return 0;
    case 'n': s->norm = true; return 0;
    case 'p': s->partitions = value; return 0;
    case 'S': s->sort = value; return 0;
    case LO_CLUSTERS + 1:
    case 'u': return add_users(s, value);
    case 'v': s->verbose++; return 0;
    case 'w': s->weights = true; return 0;
    default: return 0;
    }
}

static void unknown_field(void *arg, const char *word)
{
    console_error(((const struct sprio *)arg)->con, "Invalid job format specification: %s", word);
}
static void unknown_key(void *arg, const char *word)
{
    console_error(((const struct sprio *)arg)->con, "Invalid sort specification: %s", word);
}

/* ---- the list ---- */

static bool user_matches(const struct sprio *s, int64_t uid)
{
    for (size_t i = 0; i < s->num_uids; i++)
        if (s->uids[i] == uid)
            return true;
    return !s->by_user;
}

static size_t select_rows(const struct sprio *s, const struct table *t, uint32_t *order)
{
    size_t n = 0;

    for (size_t row = 0; row < table_rows(t); row++) {
        CLEANUP_FREE char *id = xasprintf("%lld", (long long)table_int(t, FIELD_JOB_ID, row));

        if (table_int(t, FIELD_JOB_STATE, row) == JOB_PENDING && list_has(s->jobs, id)
            && user_matches(s, table_int(t, FIELD_JOB_UID, row))
            && (!s->partitions || list_has(s->partitions, table_text(t, FIELD_JOB_PARTITION, row))))
            order[n++] = (uint32_t)row;
    }
    return n;
}

static int print_table(const struct sprio *s, struct format *format, const struct sort_spec *sort, struct table *t)
{
    struct view view = { .table = t, .arg = (void *)(uintptr_t)s, .now = table_now(t) };
    struct render render = { .format = format, .view = &view };
    CLEANUP_FREE uint32_t *order = xcalloc(table_rows(t) + 1, sizeof(*order));
    size_t n = s->weights ? 1 : select_rows(s, t, order);
    struct sink out;
    int rc;

    if (!s->weights)
        sort_rows(sort, &view, order, n);
    if (s->verbose)
        fprintf(s->con->err, "%s: %zu of %zu jobs\n", s->con->program, n, table_rows(t));
    sink_init(&out, s->con->out);
    if (!s->no_header)
        render_header(&out, &render);
    render_rows(&out, &render, order, n);
    sink_flush(&out);
    rc = out.failed;
    sink_fini(&out);
    return rc;
}

static int show(const struct sprio *s)
{
    struct format format = { 0 };
    struct sort_spec sort;
    bool want[FIELD_MAX] = { [FIELD_JOB_ID] = true, [FIELD_JOB_STATE] = true, [FIELD_JOB_UID] = true,
                             [FIELD_JOB_PARTITION] = true };
    struct error err = { 0 };
    struct table *t;
    int rc;

    format_parse_letters(&format,
                         s->format      ? s->format
                         : s->norm      ? FORMAT_NORM
                         : s->long_list ? FORMAT_LONG
                                        : FORMAT_DEFAULT,
                         sprio_columns, sprio_num_columns, NULL, unknown_field, (void *)(uintptr_t)s);
    sort_parse(&sort, s->sort ? s->sort : "i", sprio_columns, sprio_num_columns, unknown_key, (void *)(uintptr_t)s);
    format_need(&format, want);
    sort_need(&sort, want);
    t = s->weights ? table_create() : source_table(s->con->source, QUERY_JOBS, want, &err);
    if (t) {
        rc = print_table(s, &format, &sort, t);
    } else {
        console_load_error(s->con, "slurm_load_jobs", &err);
        rc = 1;
    }
    table_destroy(t);
    format_fini(&format);
    return rc;
}

int sprio_run(struct console *con, int argc, char **argv)
{
    struct sprio s = { .con = con };
    char cluster[256];
    int next = options_parse(con, argc, argv, sprio_options, sprio_num_options, on_option, &s), rc = 1;

    if (next == OPTIONS_LEAVE) {
        rc = 0;
    } else if (next >= 0) {
        if (next < argc && s.jobs_given && !s.jobs && check_jobs(&s, argv[next]) == 0)
            s.jobs = argv[next++];
        if (next < argc)
            console_error(con, "Unrecognized option: %s", argv[next]);
        else if (!s.clusters || console_cluster(con, s.clusters, cluster) == 0)
            rc = show(&s);
    }
    free(s.uids);
    return rc;
}
