/* query_ids.c - the jobs that a query names: ids to the records they mean. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "bramblectld/requests/query_private.h"
#include "util/jobid.h"
#include "util/mem.h"

static int wanted_cmp(const void *a, const void *b)
{
    const struct query_wanted *x = a, *y = b;
    return x->job_id < y->job_id ? -1 : x->job_id > y->job_id;
}

static void wanted_add(struct query *q, const struct job_target *t, uint32_t step_id)
{
    if (q->num_wanted == q->cap_wanted)
        q->wanted = xreallocarray(q->wanted, q->cap_wanted = q->cap_wanted ? q->cap_wanted * 2 : 16,
                                  sizeof(*q->wanted));
    q->wanted[q->num_wanted++] = (struct query_wanted){ t->job_id, step_id, t->tasks };
}

static int add_id(struct query *q, const char *text, struct error *err)
{
    const bool accounts = q->msg->table == QUERY_ACCT;
    struct arena *a = &q->req->arena;
    struct job_targets targets;
    struct jobid id;
    if (jobid_parse(text, &id, err) < 0)
        return -1;
    struct job_ref ref = { id.job_id, id.tasks, id.all_tasks, id.het_offset != HET_NONE, id.het_offset };
    if (accounts) /* the store knows arrays by their id; the command picks its tasks */
        wanted_add(q, &(struct job_target){ id.job_id, NULL }, id.step_id);
    else if (cluster_job_targets(q->req->ctld->cluster, &ref, a, &targets, NULL) == 0)
        for (size_t i = 0; i < targets.count; i++)
            wanted_add(q, &targets.list[i], id.step_id);
    jobid_fini(&id);
    return 0;
}

/* One id alone that is nobody's is an error; a task that does not exist in its array is not. */
static bool is_known(struct query *q, const char *text)
{
    struct array_view array;
    struct jobid id;
    bool known = false;
    if (jobid_parse(text, &id, NULL) == 0) {
        known = cluster_array_view(q->req->ctld->cluster, id.job_id, &array)
                || (!id.tasks && !id.all_tasks && cluster_job_find(q->req->ctld->cluster, id.job_id)
                    && (id.het_offset == HET_NONE
                        || cluster_het_component(q->req->ctld->cluster, id.job_id, id.het_offset)));
        jobid_fini(&id);
    }
    return known;
}

/* Jobs: each record once. */
static void merge(struct query *q)
{
    size_t n = 0;
    for (size_t i = 0; i < q->num_wanted; i++) {
        struct query_wanted *last = n ? &q->wanted[n - 1] : NULL, *w = &q->wanted[i];
        if (!last || last->job_id != w->job_id) {
            q->wanted[n++] = *w;
            continue;
        }
        if (last->tasks && w->tasks) { /* of one record of many: both sets lie in the request's arena */
            size_t bits = last->tasks->bits > w->tasks->bits ? last->tasks->bits : w->tasks->bits;
            struct bitmap *both = arena_calloc(&q->req->arena, 1, sizeof(*both) + (bits + 63) / 64 * sizeof(uint64_t));
            both->bits = bits;
            for (size_t k = 0; k < bitmap_words(both); k++)
                both->words[k] = (k < bitmap_words(last->tasks) ? last->tasks->words[k] : 0)
                                 | (k < bitmap_words(w->tasks) ? w->tasks->words[k] : 0);
            last->tasks = both;
        } else {
            last->tasks = NULL;
        }
    }
    q->num_wanted = n;
}

int query_parse_ids(struct query *q, struct error *err)
{
    const Wire__QueryRequest *msg = q->msg;
    if (!msg->n_job_ids)
        return 0;
    q->named = true;
    for (size_t i = 0; i < msg->n_job_ids; i++)
        if (add_id(q, msg->job_ids[i], err) < 0)
            return -1;
    if (msg->table == QUERY_ACCT)
        return 0;
    if (msg->n_job_ids == 1 && !is_known(q, msg->job_ids[0]))
        return error_set(err, BRE_JOB_ID, "%s", error_code_text(BRE_JOB_ID));
    if (q->num_wanted)
        qsort(q->wanted, q->num_wanted, sizeof(*q->wanted), wanted_cmp);
    if (msg->table == QUERY_JOBS)
        merge(q);
    return 0;
}

struct job *query_next_job(struct query *q, unsigned *looked, unsigned budget)
{
    struct ctld *c = q->req->ctld;
    struct job *job;
    while (*looked < budget) {
        ++*looked;
        q->tasks = NULL;
        if (q->named) {
            if (q->next_id == q->num_wanted) {
                q->done = true;
                return NULL;
            }
            const struct query_wanted *w = &q->wanted[q->next_id++];
            if (q->next_id > 1 && w[-1].job_id == w->job_id)
                continue;
            if (!(job = cluster_job_find(c->cluster, w->job_id)))
                continue;
            q->tasks = w->tasks;
        } else if (!(job = cluster_job_next(c->cluster, q->cursor))) {
            q->done = true;
            return NULL;
        } else {
            q->cursor = job_id(job);
        }
        if (job_filter_match(q->filter, c, job))
            return job;
    }
    return NULL;
}

bool query_step_wanted(const struct query *q, uint32_t job_id, uint32_t step_id)
{
    const struct query_wanted key = { .job_id = job_id };
    const struct query_wanted *w;
    if (!q->named)
        return true;
    w = q->num_wanted ? bsearch(&key, q->wanted, q->num_wanted, sizeof(*q->wanted), wanted_cmp) : NULL;
    if (!w)
        return false;
    while (w > q->wanted && w[-1].job_id == job_id)
        w--;
    for (; w < q->wanted + q->num_wanted && w->job_id == job_id; w++)
        if (w->step_id == STEP_NONE || w->step_id == step_id)
            return true;
    return false;
}

void query_narrow(struct query *q, struct job_view *v)
{
    struct bitmap *some;
    if (!q->tasks || !v->tasks)
        return;
    some = arena_calloc(&q->table.arena, 1, sizeof(*some) + bitmap_words(v->tasks) * sizeof(uint64_t));
    some->bits = v->tasks->bits;
    for (size_t k = 0; k < bitmap_words(some); k++)
        some->words[k] = v->tasks->words[k] & (k < bitmap_words(q->tasks) ? q->tasks->words[k] : 0);
    v->tasks = some;
    if (bitmap_count(some) == 1 && bitmap_count(q->tasks) == 1) { /* "12_3": shown as that task */
        v->task_id = (uint32_t)bitmap_next(some, 0);
        v->tasks = NULL;
    }
}
