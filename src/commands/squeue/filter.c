/* filter.c - which jobs and steps the command line selects.
 *
 * The controller is asked to leave out what it can; here everything is looked at again, so that the
 * answer is right whatever the controller knows to leave out.
 */
#include <string.h>
#include <unistd.h>

#include "bramble/constants.h"
#include "commands/squeue/squeue_private.h"
#include "util/bitmap.h"
#include "util/mem.h"

#define DEFAULT_STATES                                                                         \
    (UINT64_C(1) << JOB_PENDING | UINT64_C(1) << JOB_RUNNING | UINT64_C(1) << JOB_SUSPENDED    \
     | UINT64_C(1) << JOB_COMPLETING | UINT64_C(1) << JOB_CONFIGURING                          \
     | UINT64_C(1) << JOB_RESIZING | UINT64_C(1) << JOB_SIGNALING                              \
     | UINT64_C(1) << JOB_STAGE_OUT | UINT64_C(1) << JOB_STOPPED                               \
     | UINT64_C(1) << JOB_REQUEUED)

static const struct {
    uint16_t job_id, array_id, array_task, uid, partition, name, node_list, account, qos, run_sec;
} fields[2] = {
    { FIELD_JOB_ID, FIELD_JOB_ARRAY_ID, FIELD_JOB_ARRAY_TASK, FIELD_JOB_UID, FIELD_JOB_PARTITION,
      FIELD_JOB_NAME, FIELD_JOB_NODE_LIST, FIELD_JOB_ACCOUNT, FIELD_JOB_QOS, FIELD_JOB_RUN_SEC },
    { FIELD_STEP_JOB_ID, FIELD_STEP_ARRAY_ID, FIELD_STEP_ARRAY_TASK, FIELD_STEP_UID,
      FIELD_STEP_PARTITION, FIELD_STEP_NAME, FIELD_STEP_NODE_LIST, FIELD_STEP_ACCOUNT, FIELD_STEP_QOS,
      FIELD_STEP_RUN_SEC },
};

void squeue_filter_need(const struct squeue_params *p, bool *want)
{
    const __typeof__(fields[0]) *f = &fields[p->steps];

    if (p->num_jobs || p->explain)
        want[f->job_id] = want[f->array_id] = want[f->array_task] = true;
    if (p->steps)
        want[FIELD_STEP_ID] = want[FIELD_STEP_JOB_ID] = true;
    else
        want[FIELD_JOB_STATE] = want[FIELD_JOB_ID] = want[FIELD_JOB_ARRAY_ID] = want[FIELD_JOB_ARRAY_TASK] =
            want[FIELD_JOB_ARRAY_TASKS] = want[FIELD_JOB_HET_ID] = want[FIELD_JOB_HET_OFFSET] = true;
    want[f->uid] |= p->by_user || p->not_me;
    want[f->partition] |= p->partitions || p->by_part;
    want[f->name] |= p->names != NULL;
    want[f->node_list] |= p->nodes != NULL;
    want[f->account] |= p->accounts != NULL;
    want[f->qos] |= p->qos != NULL;
    want[f->run_sec] |= p->running_over >= 0 || p->running_under >= 0;
    want[FIELD_JOB_RESERVATION] |= p->reservations != NULL;
    want[FIELD_JOB_LICENSES] |= p->licenses != NULL;
}

static bool job_matches(const struct squeue_params *p, const struct table *t, size_t row)
{
    const __typeof__(fields[0]) *f = &fields[p->steps];
    int64_t id = table_int(t, f->job_id, row), array = table_int(t, f->array_id, row);

    if (!p->num_jobs)
        return true;
    for (size_t i = 0; i < p->num_jobs; i++) {
        const struct job_selector *s = &p->jobs[i];

        if (s->job_id != id && s->job_id != array && (p->steps || s->job_id != table_int(t, FIELD_JOB_HET_ID, row)))
            continue; /* of 12+1 the controller has left out the others */
        if (s->tasks && table_int(t, f->array_task, row) >= 0
            && !bitmap_test(s->tasks, (size_t)table_int(t, f->array_task, row)))
            continue; /* of a record of many the controller has left out the others */
        if (p->steps && s->step_id != FIELD_UNSET && table_int(t, FIELD_STEP_ID, row) != s->step_id)
            continue;
        return true;
    }
    return false;
}

static bool user_matches(const struct squeue_params *p, const struct table *t, size_t row)
{
    int64_t uid = table_int(t, fields[p->steps].uid, row);

    if (p->not_me && uid == (int64_t)getuid())
        return false;
    for (size_t i = 0; i < p->num_uids; i++)
        if (uid == p->uids[i])
            return true;
    return !p->by_user;
}

/* A pending job may name several partitions. */
static bool partition_matches(const char *wanted, const char *partitions)
{
    while (partitions && *partitions) {
        size_t len = strcspn(partitions, ",");
        char one[257];

        snprintf(one, sizeof(one), "%.*s", (int)(len < 256 ? len : 256), partitions);
        if (list_has(wanted, one))
            return true;
        partitions += len + (partitions[len] == ',');
    }
    return false;
}

static bool nodes_match(const struct hostlist *wanted, const char *node_list)
{
    struct hostlist *nodes = node_list ? hostlist_parse(node_list, 0, NULL) : NULL;
    bool found = false;

    hostlist_for_each(wanted, i, name)
        found = found || (nodes && hostlist_find(nodes, name) >= 0);
    hostlist_destroy(nodes);
    return found;
}

static bool state_matches(const struct squeue_params *p, const struct table *t, size_t row)
{
    int64_t state = table_int(t, FIELD_JOB_STATE, row);

    if (p->steps || p->all_states)
        return true;
    return state >= 0 && state < 64 && (p->states ? p->states : DEFAULT_STATES) >> state & 1;
}

/* One of "matlab:2,comsol@site:1" is wanted. */
static bool licenses_match(const char *wanted, const char *licenses)
{
    while (licenses && *licenses) {
        char one[257];

        snprintf(one, sizeof(one), "%.*s", (int)strcspn(licenses, ":=,;|&"), licenses);
        if (list_has(wanted, one))
            return true;
        licenses += strcspn(licenses, ",;|&");
        licenses += *licenses != '\0';
    }
    return false;
}

/* Only what has run at all has run for less than a time. */
static bool run_time_matches(const struct squeue_params *p, const struct table *t, size_t row)
{
    int64_t run = table_int(t, fields[p->steps].run_sec, row);

    if (p->running_over >= 0 && run <= p->running_over)
        return false;
    return p->running_under < 0 || (run > 0 && run < p->running_under)
           || (run == 0 && (p->steps || table_int(t, FIELD_JOB_STATE, row) == JOB_RUNNING));
}

static bool row_matches(const struct squeue_params *p, const struct table *t, size_t row)
{
    const __typeof__(fields[0]) *f = &fields[p->steps];

    return state_matches(p, t, row) && job_matches(p, t, row) && user_matches(p, t, row)
           && (!p->partitions || partition_matches(p->partitions, table_text(t, f->partition, row)))
           && run_time_matches(p, t, row)
           && (!p->licenses || p->steps || licenses_match(p->licenses, table_text(t, FIELD_JOB_LICENSES, row)))
           && (!p->names || list_has(p->names, table_text(t, f->name, row)))
           && (!p->accounts || p->steps || list_has(p->accounts, table_text(t, f->account, row)))
           && (!p->qos || list_has(p->qos, table_text(t, f->qos, row)))
           && (!p->reservations || p->steps
               || list_has(p->reservations, table_text(t, FIELD_JOB_RESERVATION, row)))
           && (!p->nodes || nodes_match(p->nodes, table_text(t, f->node_list, row)));
}

void squeue_split_partitions(struct table *t)
{
    size_t rows = table_rows(t);

    for (size_t row = 0; row < rows; row++) {
        const char *list = table_text(t, FIELD_JOB_PARTITION, row);
        const char *next = list ? strchr(list, ',') : NULL;

        if (!next || table_int(t, FIELD_JOB_STATE, row) != JOB_PENDING)
            continue;
        for (const char *at = next + 1; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL) {
            CLEANUP_FREE char *one = xstrndup(at, strcspn(at, ","));

            table_set_text(t, FIELD_JOB_PARTITION, table_copy_row(t, row), one);
        }
        CLEANUP_FREE char *first = xstrndup(list, (size_t)(next - list));
        table_set_text(t, FIELD_JOB_PARTITION, row, first);
    }
}

size_t squeue_filter(const struct squeue_params *p, const struct table *t, uint32_t *order)
{
    size_t n = 0, rows = table_rows(t);

    for (size_t row = 0; row < rows; row++)
        if (row_matches(p, t, row))
            order[n++] = (uint32_t)row;
    return n;
}
