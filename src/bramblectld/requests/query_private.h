/* query_private.h - what the tables of query share. */
#ifndef BRAMBLE_CTLD_QUERY_PRIVATE_H
#define BRAMBLE_CTLD_QUERY_PRIVATE_H

#include "bramblectld/requests/filter.h"
#include "bramblectld/requests/query.h"
#include "bramblectld/requests/request.h"
#include "bramblectld/requests/table.h"
#include "cluster/cluster.h"
#include "util/bitmap.h"

struct query_wanted {
    uint32_t job_id, step_id;   /* STEP_NONE: the job and all its steps */
    const struct bitmap *tasks; /* a record of many: those meant; NULL: all.  In the request's arena. */
};
struct query {
    struct request *req;
    const Wire__QueryRequest *msg;
    struct table table;
    struct job_filter *filter; /* JOBS, STEPS */
    struct cluster_now now;
    struct query_wanted *wanted; /* records that are named, by id */
    size_t num_wanted, cap_wanted, next_id;
    bool named;                 /* only those */
    const struct bitmap *tasks; /* of the job that query_next_job() has returned */
    uint32_t cursor;           /* job id, node id or place to go on from */
    unsigned plan_slices;      /* of planning that are left before rows are made */
    bool done;
    bool stalled;              /* the session's queue is full */
    struct list_node link;     /* of the session's stalled queries */
};

/* Add rows until the chunk is full or budget rows were looked at; sets q->done at the end. */
void query_jobs_slice(struct query *q, unsigned budget);
void query_steps_slice(struct query *q, unsigned budget);
void query_nodes_slice(struct query *q, unsigned budget);
void query_parts_slice(struct query *q, unsigned budget);
void query_resvs_slice(struct query *q, unsigned budget);
/* Takes q. */
void query_accounting(struct query *q);
void query_free(struct query *q);

/* query_ids.c */
int query_parse_ids(struct query *q, struct error *err);
bool query_step_wanted(const struct query *q, uint32_t job_id, uint32_t step_id);
/* Leave of a record of many what was asked for. */
void query_narrow(struct query *q, struct job_view *v);
/* Next job that matches ids and filter, from the cursor on.  NULL when *looked has reached the budget,
 * or at the end: q->done is then set. */
struct job *query_next_job(struct query *q, unsigned *looked, unsigned budget);

static inline int64_t opt(bool has, int64_t value)
{
    return has ? value : FIELD_UNSET;
}
static inline int64_t unset_if_zero(int64_t value)
{
    return value ? value : FIELD_UNSET;
}

#endif
