/* query_private.h - what the tables of query share. */
#ifndef BRAMBLE_CTLD_QUERY_PRIVATE_H
#define BRAMBLE_CTLD_QUERY_PRIVATE_H

#include "bramblectld/requests/filter.h"
#include "bramblectld/requests/query.h"
#include "bramblectld/requests/request.h"
#include "bramblectld/requests/table.h"

struct query {
    struct request *req;
    const Wire__QueryRequest *msg;
    struct table table;
    struct job_filter *filter; /* JOBS, STEPS */
    struct cluster_now now;
    uint32_t *ids, *step_ids;  /* job ids asked for, ascending; NULL: all */
    size_t num_ids, next_id;
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
/* Takes q. */
void query_accounting(struct query *q);
void query_free(struct query *q);

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
