/* filter.c - which records of the accounts the command line selects.
 *
 * The store is asked for as little as it can tell apart; here everything is looked at again.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "bramble/constants.h"
#include "commands/sacct/sacct_private.h"
#include "util/bitmap.h"
#include "util/mem.h"
#include "util/taskset.h"

void sacct_filter_need(const struct sacct_params *p, bool *want)
{
    static const uint16_t always[] = {
        FIELD_ACCT_JOB_ID,   FIELD_ACCT_STEP_ID,    FIELD_ACCT_ATTEMPT,  FIELD_ACCT_UID,
        FIELD_ACCT_ARRAY_ID, FIELD_ACCT_ARRAY_TASK, FIELD_ACCT_ARRAY_TASKS, FIELD_ACCT_STATE,    FIELD_ACCT_ELIGIBLE_TIME,
        FIELD_ACCT_END_TIME, FIELD_ACCT_START_TIME,
    };

    for (size_t i = 0; i < ARRAY_SIZE(always); i++)
        want[always[i]] = true;
    want[FIELD_ACCT_ACCOUNT] |= p->accounts != NULL;
    want[FIELD_ACCT_NAME] |= p->names != NULL;
    want[FIELD_ACCT_PARTITION] |= p->partitions != NULL;
    want[FIELD_ACCT_QOS] |= p->qos != NULL;
    want[FIELD_ACCT_WCKEY] |= p->wckeys != NULL;
    want[FIELD_ACCT_REASON] |= p->reasons != NULL;
    want[FIELD_ACCT_CONSTRAINT] |= p->constraints != NULL;
    want[FIELD_ACCT_NODE_LIST] |= p->nodes != NULL;
    want[FIELD_ACCT_GID] |= p->by_group;
    want[FIELD_ACCT_NUM_NODES] |= p->num_nodes.given;
    want[FIELD_ACCT_NUM_CPUS] |= p->num_cpus.given;
    want[FIELD_ACCT_TIME_LIMIT] |= p->limit_min >= 0;
    want[FIELD_ACCT_FLAGS] |= p->flags != NULL;
}

/* A task, or a record of many that holds one of those. */
static bool task_meant(const struct bitmap *tasks, const struct table *t, size_t row)
{
    const char *many = table_text(t, FIELD_ACCT_ARRAY_TASKS, row);
    int64_t task = table_int(t, FIELD_ACCT_ARRAY_TASK, row);
    struct taskset set;
    bool found = false;

    if (task >= 0)
        return bitmap_test(tasks, (size_t)task);
    if (!many || taskset_parse(many, TASKSET_LIMIT, &set, NULL) < 0)
        return false;
    bitmap_for_each(tasks, i) found = found || bitmap_test(set.set, (size_t)i);
    taskset_fini(&set);
    return found;
}

static bool job_named(const struct sacct_params *p, const struct table *t, size_t row, bool step)
{
    int64_t id = table_int(t, FIELD_ACCT_JOB_ID, row), array = table_int(t, FIELD_ACCT_ARRAY_ID, row);

    for (size_t i = 0; i < p->num_jobs; i++) {
        const struct acct_selector *s = &p->jobs[i];

        if (s->job_id != id && s->job_id != array)
            continue;
        if (s->tasks && !task_meant(s->tasks, t, row))
            continue;
        if (s->step_id < 0 || (step && s->step_id == table_int(t, FIELD_ACCT_STEP_ID, row)))
            return true;
    }
    return p->num_jobs == 0;
}

/* Is the job meant at all, be it for one step of it? */
static bool job_meant(const struct sacct_params *p, const struct table *t, size_t row)
{
    int64_t id = table_int(t, FIELD_ACCT_JOB_ID, row), array = table_int(t, FIELD_ACCT_ARRAY_ID, row);

    for (size_t i = 0; i < p->num_jobs; i++)
        if ((p->jobs[i].job_id == id || p->jobs[i].job_id == array)
            && (!p->jobs[i].tasks || task_meant(p->jobs[i].tasks, t, row)))
            return true;
    return p->num_jobs == 0;
}

static bool in(const uint32_t *list, size_t num, int64_t value)
{
    for (size_t i = 0; i < num; i++)
        if (list[i] == value)
            return true;
    return false;
}

static bool nodes_match(const struct hostlist *wanted, const char *node_list)
{
    CLEANUP_HOSTLIST struct hostlist *nodes = hostlist_parse(node_list ? node_list : "", 0, NULL);

    if (nodes)
        hostlist_for_each(wanted, i, name)
            if (hostlist_find(nodes, name) >= 0)
                return true;
    return false;
}

/* All of the wanted features must have been asked for. */
static bool constraints_match(const char *wanted, const char *asked)
{
    while (*wanted) {
        size_t len = strcspn(wanted, ",");
        CLEANUP_FREE char *word = xstrndup(wanted, len);

        if (*word && (!asked || !strstr(asked, word)))
            return false;
        wanted += len + (wanted[len] == ',');
    }
    return true;
}

static bool range_has(const struct number_range *r, int64_t value)
{
    return !r->given || (value >= r->min && value <= r->max);
}

/* Was the job in one of the states within the window?  A job that has ended was pending before its
 * start and running before its end. */
static bool state_in_window(const struct sacct_params *p, const struct table *t, size_t row)
{
    int64_t state = table_int(t, FIELD_ACCT_STATE, row);
    int64_t eligible = table_int(t, FIELD_ACCT_ELIGIBLE_TIME, row);
    int64_t start = table_int(t, FIELD_ACCT_START_TIME, row);
    int64_t end = table_int(t, FIELD_ACCT_END_TIME, row);
    int64_t begun = start > 0 ? start : end;

    if (p->states >> JOB_PENDING & 1 && eligible > 0 && eligible <= p->end
        && (begun <= 0 || begun >= p->start))
        return true;
    if (p->states >> JOB_RUNNING & 1 && start > 0 && start <= p->end && (end <= 0 || end >= p->start))
        return true;
    if (state < 0 || state >= 64 || !(p->states >> state & 1) || state == JOB_PENDING
        || state == JOB_RUNNING)
        return false;
    return end > 0 ? end >= p->start && end <= p->end : state == JOB_SUSPENDED;
}

static bool in_window(const struct sacct_params *p, const struct table *t, size_t row)
{
    int64_t eligible = table_int(t, FIELD_ACCT_ELIGIBLE_TIME, row);
    int64_t end = table_int(t, FIELD_ACCT_END_TIME, row);

    if (p->states)
        return state_in_window(p, t, row);
    if (eligible <= 0) /* was always held or dependent: only who asks for it sees it */
        return p->num_jobs > 0;
    return eligible <= p->end && (end <= 0 || end >= p->start);
}

/* Is one of the words what the job has?  Every job that has started was told so. */
static bool flags_match(const char *wanted, const char *flags)
{
    while (*wanted) {
        CLEANUP_FREE char *word = xstrndup(wanted, strcspn(wanted, ","));

        if (flags && (!strcasecmp(word, "StartReceived") || !strcasecmp(word, flags)))
            return true;
        wanted += strlen(word);
        wanted += *wanted == ',';
    }
    return false;
}

static bool job_selected(const struct sacct_params *p, const struct table *t, size_t row)
{
    int64_t limit = table_int(t, FIELD_ACCT_TIME_LIMIT, row);

    return job_meant(p, t, row) && in_window(p, t, row)
           && (!p->num_uids || in(p->uids, p->num_uids, table_int(t, FIELD_ACCT_UID, row)))
           && (!p->by_group || in(p->gids, p->num_gids, table_int(t, FIELD_ACCT_GID, row)))
           && (!p->accounts || list_has(p->accounts, table_text(t, FIELD_ACCT_ACCOUNT, row)))
           && (!p->names || list_has(p->names, table_text(t, FIELD_ACCT_NAME, row)))
           && (!p->partitions || list_has(p->partitions, table_text(t, FIELD_ACCT_PARTITION, row)))
           && (!p->qos || list_has(p->qos, table_text(t, FIELD_ACCT_QOS, row)))
           && (!p->wckeys || list_has(p->wckeys, table_text(t, FIELD_ACCT_WCKEY, row)))
           && (!p->reasons || list_has(p->reasons, table_text(t, FIELD_ACCT_REASON, row)))
           && (!p->constraints
               || constraints_match(p->constraints, table_text(t, FIELD_ACCT_CONSTRAINT, row)))
           && (!p->associations || list_has(p->associations, "0")) /* the number of every association here */
           && (!p->flags || flags_match(p->flags, table_text(t, FIELD_ACCT_FLAGS, row)))
           && (!p->nodes || nodes_match(p->nodes, table_text(t, FIELD_ACCT_NODE_LIST, row)))
           && range_has(&p->num_nodes, table_int(t, FIELD_ACCT_NUM_NODES, row))
           && range_has(&p->num_cpus, table_int(t, FIELD_ACCT_NUM_CPUS, row))
           && (p->limit_min < 0
               || (p->limit_max < 0 ? limit == p->limit_min
                                    : limit >= p->limit_min && limit <= p->limit_max));
}

/* ---- order: job, attempt, the job itself, its special steps, its steps ---- */

static int64_t step_place(int64_t step)
{
    if (step < 0)
        return -4;
    switch ((uint32_t)step) {
    case STEP_INTERACTIVE: return -3;
    case STEP_BATCH: return -2;
    case STEP_EXTERN: return -1;
    default: return step;
    }
}

struct placed {
    int64_t job, attempt, step;
    uint32_t row;
};

static int compare_placed(const void *a, const void *b)
{
    const struct placed *x = a, *y = b;

    if (x->job != y->job)
        return x->job < y->job ? -1 : 1;
    if (x->attempt != y->attempt)
        return x->attempt < y->attempt ? -1 : 1;
    return x->step < y->step ? -1 : x->step > y->step;
}

size_t sacct_filter(const struct sacct_params *p, const struct table *t, uint32_t *order)
{
    size_t n = 0, rows = table_rows(t);
    CLEANUP_FREE struct placed *all = xcalloc(rows + 1, sizeof(*all));
    bool selected = false;

    for (size_t row = 0; row < rows; row++)
        all[row] = (struct placed){ table_int(t, FIELD_ACCT_JOB_ID, row),
                                    table_int(t, FIELD_ACCT_ATTEMPT, row),
                                    step_place(table_int(t, FIELD_ACCT_STEP_ID, row)), (uint32_t)row };
    qsort(all, rows, sizeof(*all), compare_placed);
    for (size_t i = 0, next = 0; i < rows; i++) {
        bool step = all[i].step != step_place(FIELD_UNSET);

        if (!step) {
            selected = job_selected(p, t, all[i].row);
            /* only the last attempt, unless --duplicates */
            for (next = i + 1; next < rows && all[next].job == all[i].job; next++)
                if (all[next].attempt != all[i].attempt && !p->duplicates)
                    selected = false;
        }
        if (selected && !(step && p->allocations) && job_named(p, t, all[i].row, step))
            order[n++] = all[i].row;
    }
    return n;
}
