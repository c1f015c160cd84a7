/* project_array.c - accounting of job arrays: a row for the tasks that wait together, and one for each
 * task that went its own way. */
#include "config.h"

#include "bramble/constants.h"
#include "bramblectld/projections/project_private.h"
#include "util/bitmap.h"
#include "util/error.h"
#include "util/mem.h"
#include "util/taskset.h"

static void tasks_set(struct projector *p, struct acct_record *r, const struct taskset *set)
{
    CLEANUP_FREE char *text = taskset_format(set->set, set->throttle);
    r->tasks = keep(p, text);
}

void project_array(struct projector *p, struct acct_record *r, const char *array_inx)
{
    struct taskset set;
    if (!array_inx || taskset_parse(array_inx, TASKSET_LIMIT, &set, NULL) < 0)
        return;
    r->array_id = r->job_id;
    tasks_set(p, r, &set);
    taskset_fini(&set);
}

int project_split(struct projector *p, const Wire__EvTaskSplit *ev, struct error *err)
{
    struct row *many, *row;
    struct taskset set;
    if (row_find(p, ev->job_id, 0, STEP_NONE, &many, err) < 0)
        return -1;
    if (!many || !many->rec.tasks || taskset_parse(many->rec.tasks, TASKSET_LIMIT, &set, NULL) < 0)
        return 0;
    if (ev->new_job_id == ev->job_id) {
        row = many;
    } else {
        row = row_add(p, ev->new_job_id, many->rec.attempt, STEP_NONE);
        row->rec = many->rec;
        row->rec.job_id = ev->new_job_id;
        row->dirty = true;
        if (bitmap_test(set.set, ev->task_id))
            bitmap_unset(set.set, ev->task_id);
        tasks_set(p, &many->rec, &set);
    }
    row->rec.task_id = ev->task_id;
    row->rec.tasks = NULL;
    taskset_fini(&set);
    return 0;
}

int project_array_updated(struct projector *p, const Wire__EvArrayUpdated *ev, struct error *err)
{
    struct row *many;
    struct taskset set;
    if (row_find(p, ev->job_id, 0, STEP_NONE, &many, err) < 0)
        return -1;
    if (!many || !many->rec.tasks || taskset_parse(many->rec.tasks, TASKSET_LIMIT, &set, NULL) < 0)
        return 0;
    set.throttle = ev->throttle;
    tasks_set(p, &many->rec, &set);
    taskset_fini(&set);
    return 0;
}
