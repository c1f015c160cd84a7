/* squeue.c - ask the controller, select, sort, print. */
#include "commands/squeue/squeue.h"

#include <stdlib.h>
#include <string.h>

#include "bramble/constants.h"
#include "client/client.h"
#include "commands/display/doc.h"
#include "commands/display/sort.h"
#include "commands/display/story.h"
#include "commands/squeue/squeue_private.h"
#include "util/error.h"
#include "util/mem.h"

#define FORMAT_DEFAULT "%.18i %.9P %.8j %.8u %.2t %.10M %.6D %R"
#define FORMAT_LONG "%.18i %.9P %.8j %.8u %.8T %.10M %.9l %.6D %R"
#define FORMAT_START "%.18i %.9P %.8j %.8u %.2t %.19S %.6D %20Y %R"
#define FORMAT_STEPS "%.15i %.8j %.9P %.8u %.9M %N"
#define FORMAT_STATE "%.18i %.9T"
#define SORT_JOBS "P,t,-p"
#define SORT_START "S"
#define SORT_STEPS "P,i"

struct squeue {
    struct squeue_params params;
    struct format format;
    struct sort_spec sort;
    const struct column *columns;
    size_t num_columns;
    bool want[FIELD_MAX];
    char cluster[256]; /* --clusters was given: its name */
};

static void unknown_field(void *arg, const char *word)
{
    const struct squeue_params *p = arg;

    console_error(p->con, "Invalid job%s format specification: %s", p->steps ? " step" : "", word);
}

static void unknown_key(void *arg, const char *word)
{
    struct squeue_params *p = arg;

    console_error(p->con, "Invalid sort specification: %s", word);
    p->bad_sort = true;
}

static void prepare(struct squeue *sq)
{
    struct squeue_params *p = &sq->params;
    const char *letters = p->steps ? SQUEUE_STEP_LETTERS : SQUEUE_JOB_LETTERS;
    const char *format = p->format, *sort = p->sort;

    sq->columns = p->steps ? squeue_step_columns : squeue_job_columns;
    sq->num_columns = p->steps ? squeue_num_step_columns : squeue_num_job_columns;
    if (!format)
        format = p->steps       ? FORMAT_STEPS
                 : p->only_state ? FORMAT_STATE
                 : p->start     ? FORMAT_START
                 : p->long_list ? FORMAT_LONG
                                : FORMAT_DEFAULT;
    if (p->long_format)
        format_parse_names(&sq->format, p->long_format, sq->columns, sq->num_columns, unknown_field, p);
    else
        format_parse_letters(&sq->format, format, sq->columns, sq->num_columns, letters, unknown_field,
                             p);
    if (!sort)
        sort = p->steps ? SORT_STEPS : p->only_state ? "i" : p->start ? SORT_START : SORT_JOBS;
    sort_parse(&sq->sort, sort, sq->columns, sq->num_columns, unknown_key, p);
    sort_add_last(&sq->sort, column_find_letter(sq->columns, sq->num_columns, 'i'));
    format_need(&sq->format, sq->want);
    sort_need(&sq->sort, sq->want);
    squeue_filter_need(p, sq->want);
    if (p->doc)
        doc_need(p->steps ? &doc_steps : &doc_jobs, sq->want);
}

/* --only-job-state: nothing but ids and states is asked for. */
static int check_only_state(const struct squeue *sq)
{
    static const uint16_t cheap[] = { FIELD_JOB_ID, FIELD_JOB_ARRAY_ID, FIELD_JOB_ARRAY_TASK,
                                      FIELD_JOB_ARRAY_TASKS, FIELD_JOB_STATE };

    for (size_t i = 0; i < sq->format.count; i++) {
        const struct column *c = sq->format.items[i].column;

        for (size_t k = 0; c && k < COLUMN_FIELDS && c->fields[k]; k++) {
            bool known = false;

            for (size_t n = 0; n < ARRAY_SIZE(cheap); n++)
                known |= c->fields[k] == cheap[n];
            if (known)
                continue;
            console_error(sq->params.con,
                          "--only-job-state: %.*s is neither an id nor a state: leave the field or the option out",
                          (int)strcspn(c->names, "|"), c->names);
            return -1;
        }
    }
    return 0;
}

/* -w names nodes of this cluster, or nothing. */
static int check_nodes(const struct squeue_params *p)
{
    bool want[FIELD_MAX] = { [FIELD_NODE_NAME] = true };
    CLEANUP_HOSTLIST struct hostlist *known = hostlist_create();
    struct error err = { 0 };
    struct table *t = source_table(p->con->source, QUERY_NODES, want, &err);
    int rc = 0;

    if (!t) {
        console_load_error(p->con, "slurm_load_node", &err);
        return -1;
    }
    for (size_t row = 0; row < table_rows(t); row++)
        hostlist_push(known, table_text(t, FIELD_NODE_NAME, row));
    hostlist_for_each(p->nodes, i, name)
        if (rc == 0 && hostlist_find(known, name) < 0) {
            console_error(p->con, "Invalid node name %s", name);
            rc = -1;
        }
    table_destroy(t);
    return rc;
}

/* What the controller can leave out by itself.  A single job is asked for without its state, since
 * "not there" and "not in that state" are different answers. */
static struct table *fetch(struct squeue *sq, struct error *err)
{
    const struct squeue_params *p = &sq->params;
    Wire__QueryRequest request = WIRE__QUERY_REQUEST__INIT;
    CLEANUP_STRBUF struct strbuf users = STRBUF_INIT;
    CLEANUP_FREE char **ids = NULL;
    struct table *t;

    query_set_fields(&request, sq->want, p->steps ? QUERY_STEPS : QUERY_JOBS);
    request.has_all = true;
    request.all = p->all || p->num_jobs;
    for (size_t i = 0; i < p->num_uids; i++)
        strbuf_addf(&users, "%s%u", i ? "," : "", p->uids[i]);
    if (p->num_jobs) {
        ids = xcalloc(p->num_jobs, sizeof(*ids));
        for (size_t i = 0; i < p->num_jobs; i++)
            ids[i] = xstrdup(p->jobs[i].text);
        request.job_ids = ids;
        request.n_job_ids = p->num_jobs;
    }
    if (p->num_jobs != 1) {
        if (p->num_uids)
            request.users = users.data;
        request.partitions = (char *)p->partitions;
        request.names = (char *)p->names;
        if (!p->states && !p->steps)
            request.states = (char *)"PD,R,S,CG,CF,RS,SI,SO,ST,RQ";
    }
    t = p->con->source->query(p->con->source, &request, err);
    for (size_t i = 0; i < p->num_jobs; i++)
        free(ids[i]);
    free(request.fields);
    if (!t && (p->only_state || p->steps) && err->code == BRE_JOB_ID)
        return table_create(); /* as if there were no such state to tell */
    if (t && p->num_jobs == 1 && !p->steps && !p->only_state && table_rows(t) == 0) {
        table_destroy(t);
        error_set(err, BRE_JOB_ID, "%s", error_code_text(BRE_JOB_ID));
        return NULL;
    }
    return t;
}

static int show(void *arg)
{
    struct squeue *sq = arg;
    struct squeue_params *p = &sq->params;
    struct error err = { 0 };
    struct table *t = fetch(sq, &err);
    struct sink out;
    CLEANUP_FREE uint32_t *order = NULL;
    size_t n;
    int rc;

    if (!t && p->doc)
        return doc_show_failure(p->con, p->doc, &err, p->steps ? "slurm_get_job_steps" : "slurm_load_jobs");
    if (!t) {
        console_load_error(p->con, p->steps ? "slurm_get_job_steps" : "slurm_load_jobs", &err);
        return 1;
    }
    if (p->by_part && !p->steps)
        squeue_split_partitions(t);
    if (p->by_task && !p->steps)
        squeue_expand_arrays(t);
    struct view view = { .table = t,
                         .arg = p,
                         .now = table_now(t),
                         .time_format = getenv("SLURM_TIME_FORMAT"),
                         .noconvert = p->noconvert };
    struct render render = { .format = &sq->format, .view = &view, .by_fields = true };

    order = xcalloc(table_rows(t) + 1, sizeof(*order));
    n = squeue_filter(p, t, order);
    if (!p->by_task && !p->steps && !p->explain)
        n = squeue_join_tasks(t, order, n);
    sort_rows(&sq->sort, &view, order, n);
    if (p->doc) {
        rc = doc_show(p->con, p->doc, p->steps ? &doc_steps : &doc_jobs, &view, order, n);
        table_destroy(t);
        return rc;
    }
    sink_init(&out, p->con->out);
    if (p->verbose)
        fprintf(p->con->err, "%s: %zu of %zu records\n", p->con->program, n, table_rows(t));
    if (p->explain) {
        for (size_t i = 0; i < n; i++)
            story_add(&out.buf, t, order[i]);
    } else {
        if (!p->no_header && *sq->cluster)
            strbuf_addf(&out.buf, "CLUSTER: %s\n", sq->cluster);
        if (!p->no_header && (p->iterate || p->long_list))
            print_date(&out, view.now);
        if (!p->no_header)
            render_header(&out, &render);
        render_rows(&out, &render, order, n);
    }
    if (p->iterate)
        strbuf_addc(&out.buf, '\n');
    sink_flush(&out);
    rc = out.failed;
    sink_fini(&out);
    table_destroy(t);
    return rc;
}

static void want_explanations(struct squeue *sq)
{
    struct squeue_params *p = &sq->params;

    static const uint16_t fields[] = { STORY_FIELDS };

    for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
        sq->want[fields[i]] = true;
    if (p->explain_job.job_id == FIELD_UNSET)
        return;
    p->jobs = xreallocarray(p->jobs, p->num_jobs + 1, sizeof(*p->jobs));
    p->jobs[p->num_jobs++] = p->explain_job;
    p->all_states = true;
}

int squeue_run(struct console *con, int argc, char **argv)
{
    struct squeue sq = { .params.con = con };
    int rc = squeue_params_parse(&sq.params, argc, argv);

    if (rc == 0) {
        if (sq.params.explain)
            want_explanations(&sq);
        prepare(&sq);
        rc = sq.params.clusters ? console_cluster(con, sq.params.clusters, sq.cluster) : 0;
    }
    if (rc == 0 && sq.params.bad_sort)
        rc = -1;
    if (rc == 0 && sq.params.only_state && !sq.params.steps)
        rc = check_only_state(&sq);
    if (rc == 0 && sq.params.nodes)
        rc = check_nodes(&sq.params);
    if (rc == 0)
        rc = iterate(sq.params.iterate, show, &sq);
    else
        rc = rc > 0 ? 0 : 1;
    format_fini(&sq.format);
    squeue_params_fini(&sq.params);
    return rc;
}
