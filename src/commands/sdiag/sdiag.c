/* sdiag.c - the controller's counters in Slurm's layout. */
#include "commands/sdiag/sdiag_private.h"

#include <inttypes.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "commands/display/doc.h"
#include "commands/sdiag/rpc_names.h"
#include "rpc/rpc.h"
#include "util/error.h"
#include "util/mem.h"

enum { LO_CLUSTERS = 256 };

const struct show_option sdiag_options[] = {
    { "all", 'a', OPT_NONE, NULL, NULL, "all statistics (default)", NULL },
    SHOW_OPTION_AUTOCOMPLETE,
    { "cluster", 'M', OPT_ARG, "SLURM_CLUSTERS", "name", "this cluster's name, or all", NULL },
    { "clusters", LO_CLUSTERS, OPT_ARG, NULL, NULL, NULL, NULL },
    SHOW_OPTION_HELP('h'),
    SHOW_OPTION_JSON,
    { "reset", 'r', OPT_NONE, NULL, NULL, "begin to count anew", NULL },
    { "sort-by-id", 'i', OPT_NONE, NULL, NULL, "requests by type and user id", NULL },
    { "sort-by-time", 't', OPT_NONE, NULL, NULL, "requests by the time they took in all", NULL },
    { "sort-by-time2", 'T', OPT_NONE, NULL, NULL, "requests by the time one takes", NULL },
    SHOW_OPTION_USAGE,
    SHOW_OPTION_VERSION,
    SHOW_OPTION_YAML,
};
const size_t sdiag_num_options = ARRAY_SIZE(sdiag_options);

static int on_option(void *arg, int letter, const char *value)
{
    struct sdiag *s = arg;

    switch (letter) {
    case LO_CLUSTERS:
    case 'M': s->clusters = value; return 0;
    case SHOW_JSON: s->doc = DOC_JSON; return 0;
    case SHOW_YAML: s->doc = DOC_YAML; return 0;
    case 'r': s->reset = true; return 0;
    case 'i':
    case 't':
    case 'T': s->sort = letter; return 0;
    default: return 0;
    }
}

/* ---- requests in order ---- */

static int by_id(const void *a, const void *b)
{
    const struct sdiag_line *x = a, *y = b;

    return x->id < y->id ? -1 : x->id > y->id;
}
static int by_time(const void *a, const void *b)
{
    const struct sdiag_line *x = a, *y = b;

    return x->usec < y->usec ? 1 : x->usec > y->usec ? -1 : by_id(a, b);
}
static int by_mean(const void *a, const void *b)
{
    const struct sdiag_line *x = a, *y = b;

    return x->mean < y->mean ? 1 : x->mean > y->mean ? -1 : by_id(a, b);
}
static int by_count(const void *a, const void *b)
{
    const struct sdiag_line *x = a, *y = b;

    return x->count < y->count ? 1 : x->count > y->count ? -1 : by_id(a, b);
}

struct sdiag_line *sdiag_lines(const struct sdiag *s, Wire__DiagRpc *const *rpcs, size_t num)
{
    struct sdiag_line *lines = xcalloc(num + 1, sizeof(*lines));

    for (size_t i = 0; i < num; i++) {
        const Wire__DiagRpc *r = rpcs[i];
        struct sdiag_line *l = &lines[i];
        const struct passwd *pw;

        l->count = r->count;
        l->usec = r->usec;
        l->mean = r->count ? r->usec / r->count : 0;
        if (r->has_type) {
            rpc_name(r->type, r->table, l->name, sizeof(l->name), &l->id);
            continue;
        }
        l->id = r->uid;
        if (r->user)
            snprintf(l->name, sizeof(l->name), "%s", r->user);
        else if ((pw = getpwuid(r->uid)))
            snprintf(l->name, sizeof(l->name), "%s", pw->pw_name);
        else
            snprintf(l->name, sizeof(l->name), "%u", r->uid);
    }
    qsort(lines, num, sizeof(*lines),
          s->sort == 'i' ? by_id : s->sort == 't' ? by_time : s->sort == 'T' ? by_mean : by_count);
    return lines;
}

/* ---- printing ---- */

/* "Sat Nov 21 08:46:47 2026 (1795250807)" */
static void print_when(struct strbuf *sb, int64_t when)
{
    char buf[64];
    time_t at = (time_t)when;
    struct tm tm;

    localtime_r(&at, &tm);
    strftime(buf, sizeof(buf), "%a %b %d %H:%M:%S %Y", &tm);
    strbuf_addf(sb, "%s (%" PRId64 ")\n", buf, when);
}

static void print_jobs(struct strbuf *sb, const Wire__DiagReply *r)
{
    strbuf_addf(sb, "Server thread count:  %d\n", 1);
    strbuf_addf(sb, "Agent queue size:     %d\n", 0);
    strbuf_addf(sb, "Agent count:          %d\n", 0);
    strbuf_addf(sb, "Agent thread count:   %d\n", 0);
    strbuf_addf(sb, "DBD Agent queue size: %" PRIu64 "\n\n", r->accounting_queue);
    strbuf_addf(sb, "Jobs submitted: %" PRIu64 "\n", r->jobs_submitted);
    strbuf_addf(sb, "Jobs started:   %" PRIu64 "\n", r->jobs_started);
    strbuf_addf(sb, "Jobs completed: %" PRIu64 "\n", r->jobs_completed);
    strbuf_addf(sb, "Jobs canceled:  %" PRIu64 "\n", r->jobs_canceled);
    strbuf_addf(sb, "Jobs failed:    %" PRIu64 "\n\n", r->jobs_failed);
    strbuf_add(sb, "Job states ts:  ");
    print_when(sb, r->now);
    strbuf_addf(sb, "Jobs pending:   %" PRIu64 "\n", r->jobs_pending);
    strbuf_addf(sb, "Jobs running:   %" PRIu64 "\n\n", r->jobs_running);
}

static void print_main(struct strbuf *sb, const Wire__DiagReply *r)
{
    int64_t minutes = (r->now - r->since) / 60;

    strbuf_add(sb, "Main schedule statistics (microseconds):\n");
    strbuf_addf(sb, "\tLast cycle:   %" PRIu64 "\n", r->pass_last_usec);
    strbuf_addf(sb, "\tMax cycle:    %" PRIu64 "\n", r->pass_max_usec);
    strbuf_addf(sb, "\tTotal cycles: %" PRIu64 "\n", r->passes);
    if (r->passes) {
        strbuf_addf(sb, "\tMean cycle:   %" PRIu64 "\n", r->pass_sum_usec / r->passes);
        strbuf_addf(sb, "\tMean depth cycle:  %" PRIu64 "\n", r->pass_depth / r->passes);
    }
    if (minutes > 0)
        strbuf_addf(sb, "\tCycles per minute: %" PRIu64 "\n", r->passes / (uint64_t)minutes);
    strbuf_addf(sb, "\tLast queue length: %" PRIu64 "\n\n", r->queue_length);
}

static void print_backfill(struct strbuf *sb, const Wire__DiagReply *r)
{
    strbuf_add(sb, "Backfilling stats\n");
    strbuf_addf(sb, "\tTotal backfilled jobs (since last slurm start): %" PRIu64 "\n", r->backfilled);
    strbuf_addf(sb, "\tTotal backfilled jobs (since last stats cycle start): %" PRIu64 "\n",
                r->backfilled_since);
    strbuf_addf(sb, "\tTotal backfilled heterogeneous job components: %d\n", 0);
    strbuf_addf(sb, "\tTotal cycles: %" PRIu64 "\n", r->plans);
    strbuf_add(sb, "\tLast cycle when: ");
    if (r->plan_last_sec)
        print_when(sb, r->plan_last_sec);
    else
        strbuf_add(sb, "N/A\n");
    strbuf_addf(sb, "\tLast cycle: %" PRIu64 "\n", r->plan_last_usec);
    strbuf_addf(sb, "\tMax cycle:  %" PRIu64 "\n", r->plan_max_usec);
    if (r->plans)
        strbuf_addf(sb, "\tMean cycle: %" PRIu64 "\n", r->plan_sum_usec / r->plans);
    strbuf_addf(sb, "\tLast depth cycle: %" PRIu64 "\n", r->plan_last_depth);
    strbuf_addf(sb, "\tLast depth cycle (try sched): %" PRIu64 "\n", r->plan_last_depth);
    if (r->plans) {
        strbuf_addf(sb, "\tDepth Mean: %" PRIu64 "\n", r->plan_depth / r->plans);
        strbuf_addf(sb, "\tDepth Mean (try depth): %" PRIu64 "\n", r->plan_depth / r->plans);
    }
    strbuf_addf(sb, "\tLast queue length: %" PRIu64 "\n", r->queue_length);
    if (r->plans)
        strbuf_addf(sb, "\tQueue length mean: %" PRIu64 "\n", r->plan_queue / r->plans);
    strbuf_addf(sb, "\tLast table size: %" PRIu64 "\n", r->plan_last_depth);
    if (r->plans)
        strbuf_addf(sb, "\tMean table size: %" PRIu64 "\n", r->plan_depth / r->plans);
}

static void print_rpcs(struct strbuf *sb, const struct sdiag *s, const Wire__DiagReply *r)
{
    CLEANUP_FREE struct sdiag_line *types = sdiag_lines(s, r->types, r->n_types);
    CLEANUP_FREE struct sdiag_line *users = sdiag_lines(s, r->users, r->n_users);

    strbuf_addf(sb, "\nLatency for 1000 calls to gettimeofday(): %u microseconds\n", r->clock_usec);
    strbuf_add(sb, "\nRemote Procedure Call statistics by message type\n");
    for (size_t i = 0; i < r->n_types; i++)
        strbuf_addf(sb, "\t%-40s(%5u) count:%-6" PRIu64 " ave_time:%-6" PRIu64 " total_time:%" PRIu64 "\n",
                    types[i].name, types[i].id, types[i].count, types[i].mean, types[i].usec);
    strbuf_add(sb, "\nRemote Procedure Call statistics by user\n");
    for (size_t i = 0; i < r->n_users; i++)
        strbuf_addf(sb, "\t%-16s(%8u) count:%-6" PRIu64 " ave_time:%-6" PRIu64 " total_time:%" PRIu64 "\n",
                    users[i].name, users[i].id, users[i].count, users[i].mean, users[i].usec);
    strbuf_add(sb, "\nPending RPC statistics\n\tNo pending RPCs\n");
}

static void print_reply(struct strbuf *sb, const struct sdiag *s, const Wire__DiagReply *r)
{
    strbuf_add(sb, "*******************************************************\n");
    strbuf_add(sb, "sdiag output at ");
    print_when(sb, r->now);
    strbuf_add(sb, "Data since      ");
    print_when(sb, r->since);
    strbuf_add(sb, "*******************************************************\n");
    print_jobs(sb, r);
    print_main(sb, r);
    print_backfill(sb, r);
    print_rpcs(sb, s, r);
}

static int show(const struct sdiag *s)
{
    Wire__DiagRequest ask = WIRE__DIAG_REQUEST__INIT;
    struct error err = { 0 };
    ProtobufCMessage *reply;
    struct sink out;
    int rc;

    ask.has_reset = ask.reset = s->reset;
    if (!(reply = s->con->source->call(s->con->source, MSG_DIAG, &ask.base, MSG_DIAG_REPLY, &err))) {
        const char *source = s->reset ? "slurm_reset_statistics" : "slurm_get_statistics";

        if (s->doc)
            return doc_show_failure(s->con, s->doc, &err, source);
        console_load_error(s->con, source, &err);
        return 1;
    }
    if (s->doc && !s->reset) {
        rc = sdiag_document(s, (const Wire__DiagReply *)reply);
        rpc_msg_free(reply);
        return rc;
    }
    sink_init(&out, s->con->out);
    if (s->reset)
        strbuf_add(&out.buf, "Reset scheduling statistics\n");
    else
        print_reply(&out.buf, s, (const Wire__DiagReply *)reply);
    sink_flush(&out);
    rc = out.failed;
    sink_fini(&out);
    rpc_msg_free(reply);
    return rc;
}

int sdiag_run(struct console *con, int argc, char **argv)
{
    struct sdiag s = { .con = con };
    char cluster[256];
    int next = options_parse(con, argc, argv, sdiag_options, sdiag_num_options, on_option, &s);

    if (next < 0)
        return next == OPTIONS_LEAVE ? 0 : 1;
    if (next < argc) {
        console_error(con, "Unrecognized option: %s", argv[next]);
        options_usage(con, sdiag_options, sdiag_num_options, con->err);
        return 1;
    }
    if (s.clusters && console_cluster(con, s.clusters, cluster) < 0)
        return 1;
    return show(&s);
}
