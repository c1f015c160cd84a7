/* sshare.c - the root account and its users, with the CPU seconds they have used.
 *
 * There is one account, whose users have equal shares, and no fair share factor: its columns are
 * empty until there is one.
 */
#include "commands/sshare/sshare.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bramble/constants.h"
#include "util/error.h"
#include "util/mem.h"

#define FORMAT_DEFAULT "account,user,rawshares,normshares,rawusage,effectvusage,fairshare"
#define FORMAT_LONG                                                                            \
    "account,user,rawshares,normshares,rawusage,normusage,effectvusage,fairshare,levelfs,grptresmins,tresrunmins"

enum { LO_CLUSTERS = 256 };

const struct show_option sshare_options[] = {
    { "accounts", 'A', OPT_ARG, NULL, "list", "only these accounts", NULL },
    { "all", 'a', OPT_NONE, NULL, NULL, "all users", NULL },
    SHOW_OPTION_AUTOCOMPLETE,
    { "cluster", 'M', OPT_ARG, "SLURM_CLUSTERS", "name", "this cluster's name, or all", NULL },
    { "clusters", LO_CLUSTERS, OPT_ARG, NULL, NULL, NULL, NULL },
    { "format", 'o', OPT_ARG, NULL, "fields", "what to print: account%20,rawusage", NULL },
    SHOW_OPTION_HELP('h'),
    { "helpformat", 'e', OPT_NONE, NULL, NULL, "list the fields of --format", NULL },
    { "long", 'l', OPT_NONE, NULL, NULL, "more columns", NULL },
    { "noheader", 'n', OPT_NONE, NULL, NULL, "no header lines", NULL },
    { "parsable", 'p', OPT_NONE, NULL, NULL, "fields parted and ended by |", NULL },
    { "parsable2", 'P', OPT_NONE, NULL, NULL, "fields parted by |", NULL },
    { "partition", 'm', OPT_NONE, NULL, NULL, "the partitions of associations too", NULL },
    SHOW_OPTION_USAGE,
    { "users", 'u', OPT_ARG, NULL, "list", "only these users", NULL },
    { "Users", 'U', OPT_NONE, NULL, NULL, "users only, not the account above them", NULL },
    { "verbose", 'v', OPT_NONE, NULL, NULL, "say how much was looked at", NULL },
    SHOW_OPTION_VERSION,
};
const size_t sshare_num_options = ARRAY_SIZE(sshare_options);

/* One line: the account (user NULL) or a user of it. */
struct share {
    char *user;
    int64_t raw_usage, run_min; /* CPU seconds; CPU minutes that running jobs may still take */
};
struct sshare {
    struct console *con;
    const char *accounts, *clusters, *format, *users;
    bool all, long_list, no_header, partition, users_only, list_fields;
    enum render_style style;
    unsigned verbose;
    char cluster[256];
    struct share *rows;
    size_t num_rows;
    int64_t total;
};

/* ---- columns ---- */

static const struct sshare *of(const struct view *v)
{
    return v->arg;
}
static const struct share *share_of(const struct view *v, size_t row)
{
    return &of(v)->rows[row];
}
static size_t num_users(const struct sshare *s)
{
    size_t n = 0;

    for (size_t i = 0; i < s->num_rows; i++)
        n += s->rows[i].user != NULL;
    return n;
}
static void show_account(struct strbuf *out, const struct view *v, size_t row)
{
    /* the tree's indent, as long as the tree is shown */
    if (share_of(v, row)->user && !of(v)->users_only && of(v)->style == RENDER_COLUMNS)
        strbuf_addc(out, ' ');
    strbuf_add(out, "root");
}
static void show_user(struct strbuf *out, const struct view *v, size_t row)
{
    cell_text(out, share_of(v, row)->user);
}
static void show_raw_shares(struct strbuf *out, const struct view *v, size_t row)
{
    if (share_of(v, row)->user)
        strbuf_addc(out, '1');
}
static void show_norm_shares(struct strbuf *out, const struct view *v, size_t row)
{
    strbuf_addf(out, "%.6f", share_of(v, row)->user ? 1.0 / (double)num_users(of(v)) : 1.0);
}
static void show_raw_usage(struct strbuf *out, const struct view *v, size_t row)
{
    cell_int(out, share_of(v, row)->raw_usage);
}
static void show_norm_usage(struct strbuf *out, const struct view *v, size_t row)
{
    int64_t total = of(v)->total;

    strbuf_addf(out, "%.6f", total ? (double)share_of(v, row)->raw_usage / (double)total : 0.0);
}
static void show_run_mins(struct strbuf *out, const struct view *v, size_t row)
{
    strbuf_addf(out, "cpu=%lld", (long long)share_of(v, row)->run_min);
}
static void show_cluster(struct strbuf *out, const struct view *v, size_t row)
{
    (void)row;
    cell_text(out, of(v)->cluster);
}
static void show_zero(struct strbuf *out, const struct view *v, size_t row)
{
    (void)v, (void)row;
    strbuf_addc(out, '0');
}
static void show_nothing(struct strbuf *out, const struct view *v, size_t row)
{
    (void)out, (void)v, (void)row;
}

#define COLUMN(name, wide, show) { .names = name, .header = name, .format = show, .width = wide }
const struct column sshare_columns[] = {
    COLUMN("Account", -20, show_account),
    COLUMN("Cluster", 10, show_cluster),
    COLUMN("EffectvUsage", 13, show_norm_usage),
    COLUMN("FairShare", 10, show_nothing),
    COLUMN("GrpTRESMins", 30, show_nothing),
    COLUMN("GrpTRESRaw", 30, show_nothing),
    COLUMN("ID", 6, show_zero),
    COLUMN("LevelFS", 10, show_nothing),
    COLUMN("NormShares", 11, show_norm_shares),
    COLUMN("NormUsage", 11, show_norm_usage),
    COLUMN("Partition", 12, show_nothing),
    COLUMN("Priority", 10, show_nothing),
    COLUMN("RawShares", 10, show_raw_shares),
    COLUMN("RawUsage", 11, show_raw_usage),
    COLUMN("TRESRunMins", 30, show_run_mins),
    COLUMN("User", 10, show_user),
};
const size_t sshare_num_columns = ARRAY_SIZE(sshare_columns);

static int on_option(void *arg, int letter, const char *value)
{
    struct sshare *s = arg;

    switch (letter) {
    case 'A': s->accounts = value; return 0;
    case 'a': s->all = true; return 0;
    case LO_CLUSTERS:
    case 'M': s->clusters = value; return 0;
    case 'o': s->format = value; return 0;
    case 'e': s->list_fields = true; return 0;
    case 'l': s->long_list = true; return 0;
    case 'n': s->no_header = true; return 0;
    case 'p': s->style = RENDER_PARSABLE; return 0;
    case 'P': s->style = RENDER_PARSABLE2; return 0;
    case 'm': s->partition = true; return 0;
    case 'u': s->users = value; return 0;
    case 'U': s->users_only = true; return 0;
    case 'v': s->verbose++; return 0;
    default: return 0;
    }
}

/* ---- usage ---- */

static struct share *share_for(struct sshare *s, const char *user)
{
    for (size_t i = 0; i < s->num_rows; i++)
        if (user ? s->rows[i].user && !strcmp(s->rows[i].user, user) : !s->rows[i].user)
            return &s->rows[i];
    s->rows = xreallocarray(s->rows, s->num_rows + 1, sizeof(*s->rows));
    s->rows[s->num_rows] = (struct share){ .user = user ? xstrdup(user) : NULL };
    return &s->rows[s->num_rows++];
}

static void add_job(struct sshare *s, const struct table *t, size_t row)
{
    int64_t start = table_int(t, FIELD_ACCT_START_TIME, row), end = table_int(t, FIELD_ACCT_END_TIME, row);
    int64_t cpus = table_int(t, FIELD_ACCT_NUM_CPUS, row), limit = table_int(t, FIELD_ACCT_TIME_LIMIT, row);
    const char *user = table_text(t, FIELD_ACCT_USER, row);
    int64_t used, left = 0;

    if (!user || start <= 0 || cpus <= 0)
        return;
    used = ((end > 0 ? end : table_now(t)) - start) * cpus;
    if (end <= 0 && limit > 0)
        left = cpus * (limit - (table_now(t) - start) / 60);
    share_for(s, NULL)->raw_usage += used;
    share_for(s, NULL)->run_min += left > 0 ? left : 0;
    share_for(s, user)->raw_usage += used;
    share_for(s, user)->run_min += left > 0 ? left : 0;
    s->total += used;
}

static int load(struct sshare *s)
{
    Wire__QueryRequest request = WIRE__QUERY_REQUEST__INIT;
    bool want[FIELD_MAX] = { [FIELD_ACCT_USER] = true,     [FIELD_ACCT_START_TIME] = true,
                             [FIELD_ACCT_END_TIME] = true, [FIELD_ACCT_NUM_CPUS] = true,
                             [FIELD_ACCT_TIME_LIMIT] = true };
    const struct passwd *pw = getpwuid(getuid());
    struct error err = { 0 };
    struct table *t;

    share_for(s, NULL);
    if (pw)
        share_for(s, pw->pw_name);
    query_set_fields(&request, want, QUERY_ACCT);
    request.has_all_users = request.all_users = true;
    request.has_duplicates = request.duplicates = true;
    t = s->con->source->query(s->con->source, &request, &err);
    free(request.fields);
    if (!t) {
        console_load_error(s->con, "slurm_associations_get_shares", &err);
        return -1;
    }
    for (size_t row = 0; row < table_rows(t); row++)
        add_job(s, t, row);
    if (s->verbose)
        fprintf(s->con->err, "%s: %zu jobs of %zu users\n", s->con->program, table_rows(t), num_users(s));
    table_destroy(t);
    return 0;
}

static int by_user(const void *a, const void *b)
{
    const struct share *x = a, *y = b;

    return strcmp(x->user ? x->user : "", y->user ? y->user : "");
}

/* The account's line, one's own line, and those of others when they are asked for. */
static size_t select_rows(const struct sshare *s, uint32_t *order)
{
    const struct passwd *pw = getpwuid(getuid());
    size_t n = 0;

    if (s->accounts && !list_has(s->accounts, "root"))
        return 0;
    for (size_t i = 0; i < s->num_rows; i++) {
        const char *user = s->rows[i].user;

        if (!user ? !s->users_only
                  : s->users ? list_has(s->users, user) : s->all || (pw && !strcmp(user, pw->pw_name)))
            order[n++] = (uint32_t)i;
    }
    return n;
}

static int show(struct sshare *s, const struct format *format)
{
    struct table *none = table_create();
    struct view view = { .table = none, .arg = s };
    struct render render = { .format = format, .view = &view, .style = s->style };
    CLEANUP_FREE uint32_t *order = NULL;
    struct sink out;
    int rc = load(s) < 0;

    if (rc == 0) {
        qsort(s->rows, s->num_rows, sizeof(*s->rows), by_user);
        order = xcalloc(s->num_rows + 1, sizeof(*order));
        sink_init(&out, s->con->out);
        if (!s->no_header) {
            render_header(&out, &render);
            if (s->style == RENDER_COLUMNS)
                render_dashes(&out, &render);
        }
        render_rows(&out, &render, order, select_rows(s, order));
        sink_flush(&out);
        rc = out.failed;
        sink_fini(&out);
    }
    table_destroy(none);
    return rc;
}

int sshare_run(struct console *con, int argc, char **argv)
{
    struct sshare s = { .con = con };
    struct format format = { 0 };
    struct error err = { 0 };
    int next = options_parse(con, argc, argv, sshare_options, sshare_num_options, on_option, &s), rc = 1;
    CLEANUP_STRBUF struct strbuf fields = STRBUF_INIT;

    if (next < 0)
        return next == OPTIONS_LEAVE ? 0 : 1;
    strbuf_addf(&fields, "%s%s", s.format ? s.format : s.long_list ? FORMAT_LONG : FORMAT_DEFAULT,
                s.partition ? ",partition" : "");
    if (s.list_fields) {
        console_fields(con, sshare_columns, sshare_num_columns);
        rc = 0;
    } else if (next < argc) {
        console_error(con, "Unrecognized option: %s", argv[next]);
    } else if (console_cluster(con, s.clusters ? s.clusters : "all", s.cluster) == 0) {
        if (format_parse_fields(&format, strbuf_str(&fields), sshare_columns, sshare_num_columns, &err) < 0)
            console_error(con, "%s", err.text);
        else
            rc = show(&s, &format);
    }
    format_fini(&format);
    for (size_t i = 0; i < s.num_rows; i++)
        free(s.rows[i].user);
    free(s.rows);
    return rc;
}
