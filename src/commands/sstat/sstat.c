/* sstat.c - ask what running steps use, put their nodes together, print. */
#include "commands/sstat/sstat.h"

#include <stdlib.h>
#include <string.h>

#include "bramble/constants.h"
#include "commands/display/usage_cells.h"
#include "rpc/rpc.h"
#include "util/error.h"
#include "util/hostlist.h"
#include "util/jobid.h"
#include "util/mem.h"

#define FORMAT_DEFAULT                                                                         \
    "jobid,maxvmsize,maxvmsizenode,maxvmsizetask,avevmsize,maxrss,maxrssnode,maxrsstask,averss," \
    "maxpages,maxpagesnode,maxpagestask,avepages,mincpu,mincpunode,mincputask,avecpu,ntasks,"  \
    "avecpufreq,reqcpufreqmin,reqcpufreqmax,reqcpufreqgov,consumedenergy,maxdiskread,"         \
    "maxdiskreadnode,maxdiskreadtask,avediskread,maxdiskwrite,maxdiskwritenode,maxdiskwritetask," \
    "avediskwrite,tresusageinave,tresusageinmax,tresusageinmaxnode,tresusageinmaxtask,"        \
    "tresusageinmin,tresusageinminnode,tresusageinmintask,tresusageintot,tresusageoutave,"     \
    "tresusageoutmax,tresusageoutmaxnode,tresusageoutmaxtask,tresusageoutmin,"                 \
    "tresusageoutminnode,tresusageoutmintask,tresusageouttot"
#define FORMAT_PIDS "jobid,nodelist,pids"

enum { LO_NOCONVERT = 256 };

const struct show_option sstat_options[] = {
    { "allsteps", 'a', OPT_NONE, NULL, NULL, "every running step of a job", NULL },
    SHOW_OPTION_AUTOCOMPLETE,
    { "format", 'o', OPT_ARG, "SSTAT_FORMAT", "fields", "what to print: jobid,maxrss,avecpu%12", NULL },
    { "fields", LO_NOCONVERT + 1, OPT_ARG, NULL, NULL, NULL, NULL },
    SHOW_OPTION_HELP('h'),
    { "helpformat", 'e', OPT_NONE, NULL, NULL, "list the fields of --format", NULL },
    { "jobs", 'j', OPT_ARG, NULL, "list", "these jobs and steps: 12,13.0,14.batch", NULL },
    { "noconvert", LO_NOCONVERT, OPT_NONE, NULL, NULL, "leave sizes in bytes", NULL },
    { "noheader", 'n', OPT_NONE, NULL, NULL, "no header lines", NULL },
    { "parsable", 'p', OPT_NONE, NULL, NULL, "fields parted and ended by |", NULL },
    { "parsable2", 'P', OPT_NONE, NULL, NULL, "fields parted by |", NULL },
    { "pidformat", 'i', OPT_NONE, NULL, NULL, "the processes of each step", NULL },
    SHOW_OPTION_USAGE,
    { "verbose", 'v', OPT_NONE, NULL, NULL, "say how many nodes answered", NULL },
    SHOW_OPTION_VERSION,
};
const size_t sstat_num_options = ARRAY_SIZE(sstat_options);

/* A step, or with --pidformat its part on one node. */
struct stat {
    uint32_t job_id, step_id;
    struct usage usage;
    struct hostlist *nodes;
    char *pids;
};
struct sstat {
    struct console *con;
    const char *format, *jobs;
    bool all_steps, no_header, noconvert, pids, list_fields, refused;
    enum render_style style;
    unsigned verbose;
    struct stat *rows;
    size_t num_rows;
};

/* ---- columns ---- */

static const struct stat *stat_of(const struct view *v, size_t row)
{
    return &((const struct sstat *)v->arg)->rows[row];
}
static const struct usage *usage_of(const struct view *v, size_t row)
{
    return &stat_of(v, row)->usage;
}
static void show_id(struct strbuf *out, const struct view *v, size_t row)
{
    cell_int(out, stat_of(v, row)->job_id);
    cell_step(out, stat_of(v, row)->step_id);
}
static void show_nodes(struct strbuf *out, const struct view *v, size_t row)
{
    CLEANUP_FREE char *text = hostlist_format(stat_of(v, row)->nodes);

    cell_text(out, text);
}
static void show_pids(struct strbuf *out, const struct view *v, size_t row)
{
    cell_text(out, stat_of(v, row)->pids);
}
static void show_tasks(struct strbuf *out, const struct view *v, size_t row)
{
    cell_int(out, stat_of(v, row)->usage.num_tasks);
}
static void show_zero(struct strbuf *out, const struct view *v, size_t row)
{
    (void)v, (void)row;
    strbuf_addc(out, '0');
}
static void show_freq(struct strbuf *out, const struct view *v, size_t row)
{
    strbuf_add(out, stat_of(v, row)->step_id == STEP_BATCH ? "0" : "Unknown");
}

#define COLUMN(name, wide, show) { .names = name, .header = name, .format = show, .width = wide }
const struct column sstat_columns[] = {
    COLUMN("AveCPU", 10, usage_cpu_ave),
    COLUMN("AveCPUFreq", 10, show_zero),
    COLUMN("AveDiskRead", 12, usage_read_ave),
    COLUMN("AveDiskWrite", 12, usage_write_ave),
    COLUMN("AvePages", 10, usage_pages_ave),
    COLUMN("AveRSS", 10, usage_mem_ave),
    COLUMN("AveVMSize", 10, usage_vmem_ave),
    COLUMN("ConsumedEnergy", 14, show_zero),
    COLUMN("ConsumedEnergyRaw", 17, show_zero),
    COLUMN("JobID", -12, show_id),
    COLUMN("MaxDiskRead", 12, usage_read_max),
    COLUMN("MaxDiskReadNode", 15, usage_read_max_node),
    COLUMN("MaxDiskReadTask", 15, usage_read_max_task),
    COLUMN("MaxDiskWrite", 12, usage_write_max),
    COLUMN("MaxDiskWriteNode", 16, usage_write_max_node),
    COLUMN("MaxDiskWriteTask", 16, usage_write_max_task),
    COLUMN("MaxPages", 8, usage_pages_max),
    COLUMN("MaxPagesNode", 12, usage_pages_max_node),
    COLUMN("MaxPagesTask", 14, usage_pages_max_task),
    COLUMN("MaxRSS", 10, usage_mem_max),
    COLUMN("MaxRSSNode", 10, usage_mem_max_node),
    COLUMN("MaxRSSTask", 10, usage_mem_max_task),
    COLUMN("MaxVMSize", 10, usage_vmem_max),
    COLUMN("MaxVMSizeNode", 14, usage_vmem_max_node),
    COLUMN("MaxVMSizeTask", 14, usage_vmem_max_task),
    COLUMN("MinCPU", 10, usage_cpu_min),
    COLUMN("MinCPUNode", 10, usage_cpu_min_node),
    COLUMN("MinCPUTask", 10, usage_cpu_min_task),
    COLUMN("Nodelist", -20, show_nodes),
    COLUMN("NTasks", 8, show_tasks),
    COLUMN("Pids", -20, show_pids),
    COLUMN("ReqCPUFreq", 13, show_freq),
    COLUMN("ReqCPUFreqMin", 13, show_freq),
    COLUMN("ReqCPUFreqMax", 13, show_freq),
    COLUMN("ReqCPUFreqGov", 13, show_freq),
    COLUMN("TRESUsageInAve", 14, usage_in_ave),
    COLUMN("TRESUsageInMax", 14, usage_in_max),
    COLUMN("TRESUsageInMaxNode", 18, usage_in_max_node),
    COLUMN("TRESUsageInMaxTask", 18, usage_in_max_task),
    COLUMN("TRESUsageInMin", 14, usage_in_min),
    COLUMN("TRESUsageInMinNode", 18, usage_in_min_node),
    COLUMN("TRESUsageInMinTask", 18, usage_in_min_task),
    COLUMN("TRESUsageInTot", 14, usage_in_tot),
    COLUMN("TRESUsageOutAve", 15, usage_out_ave),
    COLUMN("TRESUsageOutMax", 15, usage_out_max),
    COLUMN("TRESUsageOutMaxNode", 19, usage_out_max_node),
    COLUMN("TRESUsageOutMaxTask", 19, usage_out_max_task),
    COLUMN("TRESUsageOutMin", 15, usage_out_min),
    COLUMN("TRESUsageOutMinNode", 19, usage_out_min_node),
    COLUMN("TRESUsageOutMinTask", 19, usage_out_min_task),
    COLUMN("TRESUsageOutTot", 15, usage_out_tot),
};
const size_t sstat_num_columns = ARRAY_SIZE(sstat_columns);

static int on_option(void *arg, int letter, const char *value)
{
    struct sstat *s = arg;

    switch (letter) {
    case 'a': s->all_steps = true; return 0;
    case LO_NOCONVERT + 1:
    case 'o': s->format = value; return 0;
    case 'e': s->list_fields = true; return 0;
    case 'j': s->jobs = value; return 0;
    case LO_NOCONVERT: s->noconvert = true; return 0;
    case 'n': s->no_header = true; return 0;
    case 'p': s->style = RENDER_PARSABLE; return 0;
    case 'P': s->style = RENDER_PARSABLE2; return 0;
    case 'i': s->pids = true; return 0;
    case 'v': s->verbose++; return 0;
    default: return 0;
    }
}

/* ---- the answer ---- */

static void take_node(struct sstat *s, const Wire__NodeUsage *n)
{
    struct stat *last = s->num_rows ? &s->rows[s->num_rows - 1] : NULL;
    struct usage usage;

    if (!n->usage)
        return;
    if (!last || last->job_id != n->job_id || last->step_id != n->step_id || s->pids) {
        s->rows = xreallocarray(s->rows, s->num_rows + 1, sizeof(*s->rows));
        last = &s->rows[s->num_rows++];
        *last = (struct stat){ .job_id = n->job_id, .step_id = n->step_id, .nodes = hostlist_create() };
    }
    usage_from_wire(&usage, n->usage, n->node ? n->node : "");
    usage_merge(&last->usage, &usage);
    hostlist_push(last->nodes, n->node ? n->node : "");
    if (n->usage->pids) {
        char *joined = last->pids ? xasprintf("%s,%s", last->pids, n->usage->pids) : xstrdup(n->usage->pids);

        free(last->pids);
        last->pids = joined;
    }
}

static void take_reply(struct sstat *s, const Wire__StepUsageReply *r)
{
    size_t silent = 0;

    for (size_t i = 0; i < r->n_nodes; i++) {
        silent += r->nodes[i]->usage == NULL;
        take_node(s, r->nodes[i]);
    }
    for (size_t i = 0; i < r->n_failures; i++) {
        const Wire__JobResult *f = r->failures[i];

        if (f->code == BRE_ACCESS)
            console_error(s->con, "couldn't get steps for job %s: %s", f->job_id, f->text);
        else
            console_error(s->con, "No steps running for job %s", f->job_id);
        s->refused |= f->code == BRE_ACCESS;
    }
    if (s->verbose)
        fprintf(s->con->err, "%s: %zu of %zu nodes answered\n", s->con->program, r->n_nodes - silent, r->n_nodes);
}

static int print_rows(struct sstat *s, const struct format *format)
{
    struct table *none = table_create();
    struct view view = { .table = none, .arg = s, .noconvert = s->noconvert, .usage = usage_of };
    struct render render = { .format = format, .view = &view, .style = s->style };
    struct sink out;
    int rc;

    sink_init(&out, s->con->out);
    if (!s->no_header) {
        render_header(&out, &render);
        if (s->style == RENDER_COLUMNS)
            render_dashes(&out, &render);
    }
    render_rows(&out, &render, NULL, s->num_rows);
    sink_flush(&out);
    rc = out.failed;
    sink_fini(&out);
    table_destroy(none);
    return rc;
}

static int show(struct sstat *s, const struct format *format)
{
    Wire__StepUsageRequest ask = WIRE__STEP_USAGE_REQUEST__INIT;
    CLEANUP_FREE char **ids = xcalloc(strlen(s->jobs) + 1, sizeof(*ids));
    struct error err = { 0 };
    ProtobufCMessage *reply;

    for (const char *at = s->jobs; *at;) {
        size_t len = jobid_word(at);

        if (len)
            ids[ask.n_ids++] = xstrndup(at, len);
        at += len;
        at += *at == ',';
    }
    ask.ids = ids;
    ask.has_all_steps = ask.all_steps = s->all_steps;
    reply = s->con->source->call(s->con->source, MSG_STEP_USAGE, &ask.base, MSG_STEP_USAGE_REPLY, &err);
    for (size_t i = 0; i < ask.n_ids; i++)
        free(ids[i]);
    if (!reply) {
        console_load_error(s->con, "slurm_job_step_stat", &err);
        return 1;
    }
    take_reply(s, (const Wire__StepUsageReply *)reply);
    rpc_msg_free(reply);
    return print_rows(s, format) || s->refused;
}

int sstat_run(struct console *con, int argc, char **argv)
{
    struct sstat s = { .con = con };
    struct format format = { 0 };
    struct error err = { 0 };
    int next, rc = 1;

    con->arguments = "-j JOB[.STEP]";
    next = options_parse(con, argc, argv, sstat_options, sstat_num_options, on_option, &s);
    if (next < 0)
        return next == OPTIONS_LEAVE ? 0 : 1;
    if (!s.jobs && next < argc)
        s.jobs = argv[next++];
    if (s.list_fields) {
        console_fields(con, sstat_columns, sstat_num_columns);
        rc = 0;
    } else if (next < argc) {
        console_error(con, "Unrecognized option: %s", argv[next]);
    } else if (!s.jobs || !*s.jobs) {
        console_error(con, "You didn't give me any jobs to stat.");
    } else if (format_parse_fields(&format, s.pids ? FORMAT_PIDS : s.format ? s.format : FORMAT_DEFAULT, sstat_columns,
                                   sstat_num_columns, &err) < 0) {
        console_error(con, "%s", err.text);
    } else {
        rc = show(&s, &format);
    }
    format_fini(&format);
    for (size_t i = 0; i < s.num_rows; i++) {
        hostlist_destroy(s.rows[i].nodes);
        free(s.rows[i].pids);
    }
    free(s.rows);
    return rc;
}
