/* sinfo.c - options, the two queries, and printing. */
#include "commands/sinfo/sinfo.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bramble/constants.h"
#include "commands/display/doc.h"
#include "commands/display/sort.h"
#include "commands/sinfo/sinfo_private.h"
#include "util/error.h"
#include "util/hash.h"
#include "util/mem.h"
#include "util/timefmt.h"

#define FORMAT_DEFAULT "%#P %.5a %.10l %.6D %.6t %N"
#define FORMAT_SUMMARY "%#P %.5a %.10l %.16F %N"
#define FORMAT_LONG "%#P %.5a %.10l %.10s %.4r %.8h %.10g %.6D %.11T %N"
#define FORMAT_NODES "%#N %.6D %.#P %6t"
#define FORMAT_NODES_LONG "%#N %.6D %.#P %.11T %4c %.8z %.6m %.8d %.6w %.8f %20E"
#define FORMAT_REASONS "%20E %9u %19H %N"
#define FORMAT_REASONS_LONG "%20E %12U %19H %6t %N"
#define ALL_NAMES                                                                              \
    "available,features_act,cpus,disk,freemem,features,groups,oversubscribe,time,memory,"      \
    "nodehost,nodeaddr,prioritytier,root,size,statecompact,user,version,weight,"               \
    "socketcorethread,nodeai,maxcpuspernode,cpusstate,nodes,reason,nodeaiot,gres,timestamp,"   \
    "priorityjobfactor,defaulttime,preemptmode,nodelist,cpusload,partition,partitionname,"     \
    "allocnodes,statelong,userlong,cluster,sockets,cores,threads"

enum { LO_HIDE = 256, LO_NOCONVERT };

const struct show_option sinfo_options[] = {
    { "all", 'a', OPT_NONE, "SINFO_ALL", NULL, "hidden partitions too", NULL },
    SHOW_OPTION_AUTOCOMPLETE,
    { "clusters", 'M', OPT_ARG, "SLURM_CLUSTERS", "name", "this cluster's name, or all", NULL },
    { "dead", 'd', OPT_NONE, NULL, NULL, "only nodes that do not respond", NULL },
    { "exact", 'e', OPT_NONE, NULL, NULL, "one line only for nodes that are exactly alike", NULL },
    SHOW_OPTION_NOTHING("federation", "SINFO_FEDERATION"),
    { "format", 'o', OPT_ARG, "SINFO_FORMAT", "format", "what to print: \"%9P %.6D %N\"", NULL },
    { "Format", 'O', OPT_ARG, NULL, "fields", "what to print: \"partition,nodes:6\"", NULL },
    SHOW_OPTION_HELP(SHOW_HELP),
    { "hide", LO_HIDE, OPT_NONE, NULL, NULL, "no hidden partitions (default)", NULL },
    { "iterate", 'i', OPT_ARG, NULL, "seconds", "print again each so many seconds", NULL },
    SHOW_OPTION_JSON,
    { "list-reasons", 'R', OPT_NONE, NULL, NULL, "why nodes are down, drained or failing", NULL },
    SHOW_OPTION_NOTHING("local", "SINFO_LOCAL"),
    { "long", 'l', OPT_NONE, NULL, NULL, "more columns", NULL },
    { "noconvert", LO_NOCONVERT, OPT_NONE, NULL, NULL, "leave memory in MiB", NULL },
    { "Node", 'N', OPT_NONE, NULL, NULL, "a line for each node and partition", NULL },
    { "nodes", 'n', OPT_ARG, NULL, "hosts", "only these nodes", NULL },
    { "noheader", 'h', OPT_NONE, NULL, NULL, "no header line", NULL },
    { "partition", 'p', OPT_ARG, "SINFO_PARTITION", "list", "only these partitions", NULL },
    { "reservation", 'T', OPT_NONE, NULL, NULL, "reservations instead of nodes", NULL },
    { "responding", 'r', OPT_NONE, NULL, NULL, "only nodes that respond", NULL },
    { "sort", 'S', OPT_ARG, "SINFO_SORT", "keys", "order: letters of --format, - reverses", NULL },
    { "states", 't', OPT_ARG, NULL, "list", "only nodes in these states", NULL },
    { "summarize", 's', OPT_NONE, NULL, NULL, "a line for each partition", NULL },
    SHOW_OPTION_USAGE,
    { "verbose", 'v', OPT_NONE, NULL, NULL, "say what was asked for", NULL },
    SHOW_OPTION_VERSION,
    SHOW_OPTION_YAML,
};
const size_t sinfo_num_options = sizeof(sinfo_options) / sizeof(sinfo_options[0]);

struct sinfo {
    struct sinfo_params params;
    struct format format;
    struct sort_spec sort;
    bool want[FIELD_MAX];
    char cluster[256]; /* --clusters was given: its name */
};

static int set_states(struct sinfo_params *p, const char *value)
{
    CLEANUP_FREE char *bad = NULL;

    node_state_filter_destroy(p->states);
    if ((p->states = node_state_filter_parse(value, &bad)))
        return 0;
    console_error(p->con, "Bad state string: \"%s\"", bad);
    console_error(p->con, "valid states: %s", node_state_words());
    return -1;
}

static int set_nodes(struct sinfo_params *p, const char *value)
{
    struct error err = { 0 };

    hostlist_destroy(p->nodes);
    if ((p->nodes = hostlist_parse(value, 0, &err)))
        return 0;
    console_error(p->con, "'%s' invalid entry for --nodes: %s", value, err.text);
    return -1;
}

static int on_option(void *arg, int letter, const char *value)
{
    struct sinfo_params *p = arg;

    switch (letter) {
    case 'a': p->all = true; return 0;
    case 'M': p->clusters = value; return 0;
    case 'd': p->dead = true; return 0;
    case 'e': p->exact = true; return 0;
    case 'o': p->format = value, p->long_format = NULL; return 0;
    case 'O': p->long_format = value, p->format = NULL; return 0;
    case LO_HIDE: p->all = false; return 0;
    case 'i': return console_interval(p->con, value, "Error: invalid entry for --iterate=%s", &p->iterate);
    case 'R': p->reasons = true; return 0;
    case SHOW_JSON: p->doc = DOC_JSON; return 0;
    case SHOW_YAML: p->doc = DOC_YAML; return 0;
    case 'l': p->long_list = true; return 0;
    case LO_NOCONVERT: p->noconvert = true; return 0;
    case 'N': p->node_lines = true; return 0;
    case 'n': return set_nodes(p, value);
    case 'h': p->no_header = true; return 0;
    case 'p': p->partitions = value; return 0;
    case 'T': p->reservations = true; return 0;
    case 'r': p->responding = true; return 0;
    case 'S': p->sort = value; return 0;
    case 't': return set_states(p, value);
    case 's': p->summarize = true; return 0;
    case 'v': p->verbose++; return 0;
    default: return 0;
    }
}

static void unknown_letter(void *arg, const char *word)
{
    const struct sinfo_params *p = arg;

    fprintf(p->con->err, "Invalid node format specification: %s\n", word);
}

static void unknown_name(void *arg, const char *word)
{
    const struct sinfo_params *p = arg;

    console_error(p->con, "Invalid job format specification: %s", word);
}

static void unknown_key(void *arg, const char *word)
{
    (void)arg, (void)word; /* Slurm's sinfo passes over unknown sort keys, and scripts have them */
}

static void prepare(struct sinfo *si)
{
    struct sinfo_params *p = &si->params;
    const char *format = p->format, *names = p->long_format;

    if (!format)
        format = p->summarize    ? FORMAT_SUMMARY
                 : p->node_lines ? (p->long_list ? FORMAT_NODES_LONG : FORMAT_NODES)
                 : p->reasons    ? (p->long_list ? FORMAT_REASONS_LONG : FORMAT_REASONS)
                                 : (p->long_list ? FORMAT_LONG : FORMAT_DEFAULT);
    if (names)
        format_parse_names(&si->format, strcmp(names, "all") && strcmp(names, "All") ? names : ALL_NAMES,
                           sinfo_columns, sinfo_num_columns, unknown_name, p);
    else
        format_parse_letters(&si->format, format, sinfo_columns, sinfo_num_columns, NULL, unknown_letter,
                             p);
    sort_parse(&si->sort, p->sort ? p->sort : p->node_lines ? "N,#P" : "#P,-t", sinfo_columns,
               sinfo_num_columns, unknown_key, p);
    if (p->reasons && !p->states) {
        char *bad;

        p->states = node_state_filter_parse("down,drain,fail", &bad);
    }
    format_need(&si->format, si->want);
    sort_need(&si->sort, si->want);
    /* what grouping and counting look at */
    static const uint16_t always[] = {
        FIELD_NODE_NAME,  FIELD_NODE_STATE, FIELD_NODE_CPUS,  FIELD_NODE_CPUS_ALLOC,
        FIELD_PART_NAME,  FIELD_PART_NODES, FIELD_PART_HIDDEN, FIELD_PART_DEFAULT,
    };
    for (size_t i = 0; i < ARRAY_SIZE(always); i++)
        si->want[always[i]] = true;
    if (p->doc)
        sinfo_doc_need(si->want);
}

/* Places of the nodes by name, so that sorting by node list compares numbers. */
static void rank_nodes(struct sinfo_data *d)
{
    size_t n = table_rows(d->nodes);
    CLEANUP_HOSTLIST struct hostlist *hl = hostlist_create();
    struct strmap places = { 0 };

    d->node_rank = xcalloc(n + 1, sizeof(*d->node_rank));
    for (size_t i = 0; i < n; i++)
        hostlist_push(hl, table_text(d->nodes, FIELD_NODE_NAME, i));
    hostlist_sort(hl);
    for (size_t i = 0; i < n; i++)
        strmap_put(&places, hostlist_nth(hl, i), (void *)(uintptr_t)(i + 1));
    for (size_t i = 0; i < n; i++) {
        const void *place = strmap_find(&places, table_text(d->nodes, FIELD_NODE_NAME, i));

        d->node_rank[i] = (uint32_t)(uintptr_t)place;
    }
    strmap_fini(&places);
}

static int print_groups(struct sinfo *si, const struct table *nodes, const struct table *parts)
{
    const struct sinfo_params *p = &si->params;
    struct sinfo_data d = { .nodes = nodes, .parts = parts };
    struct view view = { .table = nodes,
                         .arg = &d,
                         .now = table_now(nodes),
                         .time_format = getenv("SLURM_TIME_FORMAT"),
                         .noconvert = p->noconvert };
    struct render render = { .format = &si->format, .view = &view };
    CLEANUP_FREE uint32_t *order = NULL;
    struct sink out;
    int rc;

    rank_nodes(&d);
    sinfo_group_nodes(&d, p, &si->format, &view);
    order = xcalloc(d.num_groups + 1, sizeof(*order));
    for (size_t i = 0; i < d.num_groups; i++)
        order[i] = (uint32_t)i;
    sort_rows(&si->sort, &view, order, d.num_groups);
    if (p->doc) {
        rc = sinfo_document(p, &d, &view, order);
        sinfo_data_fini(&d);
        return rc;
    }
    render_fit(&si->format, &view, order, d.num_groups);
    sink_init(&out, p->con->out);
    if (p->verbose)
        fprintf(p->con->err, "%s: %zu lines of %zu nodes in %zu partitions\n", p->con->program,
                d.num_groups, table_rows(nodes), table_rows(parts));
    if (*si->cluster && !p->no_header)
        strbuf_addf(&out.buf, "CLUSTER: %s\n", si->cluster);
    if ((p->iterate || p->long_list) && !p->no_header)
        print_date(&out, view.now);
    if (!p->no_header)
        render_header(&out, &render);
    render_rows(&out, &render, order, d.num_groups);
    if (p->iterate)
        strbuf_addc(&out.buf, '\n');
    sink_flush(&out);
    rc = out.failed;
    sink_fini(&out);
    sinfo_data_fini(&d);
    return rc;
}

static int show(void *arg)
{
    struct sinfo *si = arg;
    const struct sinfo_params *p = &si->params;
    struct error err = { 0 };
    struct table *nodes, *parts;
    int rc;

    if (!(nodes = source_table(p->con->source, QUERY_NODES, si->want, &err))) {
        if (p->doc)
            return doc_show_failure(p->con, p->doc, &err, "slurm_load_node");
        console_load_error(p->con, "slurm_load_node", &err);
        return 1;
    }
    if (!(parts = source_table(p->con->source, QUERY_PARTS, si->want, &err))) {
        console_load_error(p->con, "slurm_load_partitions", &err);
        table_destroy(nodes);
        return 1;
    }
    rc = print_groups(si, nodes, parts);
    table_destroy(parts);
    table_destroy(nodes);
    return rc;
}

static const uint16_t resv_fields[] = { FIELD_RESV_NAME, FIELD_RESV_ACTIVE, FIELD_RESV_START,
                                        FIELD_RESV_END,  FIELD_RESV_NODES };

static int show_reservations(const struct sinfo_params *p)
{
    bool want[FIELD_MAX] = { false };
    struct error err = { 0 };
    struct table *t;
    struct sink out;
    struct view view = { .time_format = getenv("SLURM_TIME_FORMAT"), .now = time(NULL) };
    char buf[TIME_TEXT_MAX];
    int width = 10;

    for (size_t i = 0; i < ARRAY_SIZE(resv_fields); i++)
        want[resv_fields[i]] = true;
    if (!(t = source_table(p->con->source, QUERY_RESVS, want, &err))) {
        console_load_error(p->con, "slurm_load_reservations", &err);
        return 1;
    }
    sink_init(&out, p->con->out);
    for (size_t i = 0; i < table_rows(t); i++)
        if ((int)strlen(table_text(t, FIELD_RESV_NAME, i)) > width)
            width = (int)strlen(table_text(t, FIELD_RESV_NAME, i));
    if (!table_rows(t))
        strbuf_add(&out.buf, "No reservations in the system\n");
    else if (!p->no_header)
        strbuf_addf(&out.buf, "%-*s %8s  %19s  %19s  %11s  %s\n", width, "RESV_NAME", "STATE", "START_TIME",
                    "END_TIME", "DURATION", "NODELIST");
    for (size_t i = 0; i < table_rows(t); i++) {
        CLEANUP_STRBUF struct strbuf start = STRBUF_INIT, end = STRBUF_INIT;
        int64_t from = table_int(t, FIELD_RESV_START, i), to = table_int(t, FIELD_RESV_END, i);
        const char *nodes = table_text(t, FIELD_RESV_NODES, i);

        cell_time(&start, &view, from, "Unknown");
        cell_time(&end, &view, to, "Unknown");
        strbuf_addf(&out.buf, "%-*s %8s  %19s  %19s  %11s  %s\n", width, table_text(t, FIELD_RESV_NAME, i),
                    table_int(t, FIELD_RESV_ACTIVE, i) == 1 ? "ACTIVE" : "INACTIVE", strbuf_str(&start),
                    strbuf_str(&end), duration_format_full(to - from, buf), nodes ? nodes : "");
    }
    sink_fini(&out);
    table_destroy(t);
    return 0;
}

int sinfo_run(struct console *con, int argc, char **argv)
{
    struct sinfo si = { .params.con = con };
    int rc = options_parse(con, argc, argv, sinfo_options, sinfo_num_options, on_option, &si.params);

    if (rc == OPTIONS_LEAVE) {
        rc = 0;
    } else if (rc < 0) {
        rc = 1;
    } else if (si.params.clusters && console_cluster(con, si.params.clusters, si.cluster) < 0) {
        rc = 1;
    } else if (si.params.reservations) {
        rc = show_reservations(&si.params);
    } else {
        prepare(&si);
        rc = iterate(si.params.iterate, show, &si);
    }
    format_fini(&si.format);
    hostlist_destroy(si.params.nodes);
    node_state_filter_destroy(si.params.states);
    return rc;
}
