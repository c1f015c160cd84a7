/* array.c - job arrays in squeue: a line for each task (-r), or tasks that wait joined in one. */
#include <stdlib.h>
#include <string.h>

#include "bramble/constants.h"
#include "commands/squeue/squeue_private.h"
#include "util/bitmap.h"
#include "util/hash.h"
#include "util/mem.h"
#include "util/taskset.h"

void squeue_expand_arrays(struct table *t)
{
    size_t rows = table_rows(t);

    for (size_t row = 0; row < rows; row++) {
        const char *text = table_text(t, FIELD_JOB_ARRAY_TASKS, row);
        struct taskset set;
        ssize_t first;

        if (!text || taskset_parse(text, TASKSET_LIMIT, &set, NULL) < 0)
            continue;
        first = bitmap_next(set.set, 0);
        table_set_text(t, FIELD_JOB_ARRAY_TASKS, row, NULL);
        table_set_int(t, FIELD_JOB_ARRAY_TASK, row, first);
        for (ssize_t i = bitmap_next(set.set, (size_t)first + 1); i >= 0;
             i = bitmap_next(set.set, (size_t)i + 1))
            table_set_int(t, FIELD_JOB_ARRAY_TASK, table_copy_row(t, row), i);
        taskset_fini(&set);
    }
}

/* Tasks with records of their own that wait again, of one array: the first row and all their ids. */
struct group {
    uint32_t row;
    uint32_t count;
    struct bitmap *tasks;
};

static bool waits_alone(const struct table *t, size_t row)
{
    return table_int(t, FIELD_JOB_STATE, row) == JOB_PENDING && table_int(t, FIELD_JOB_ARRAY_ID, row) > 0
           && table_int(t, FIELD_JOB_ARRAY_TASK, row) >= 0 && !table_text(t, FIELD_JOB_ARRAY_TASKS, row);
}

size_t squeue_join_tasks(struct table *t, uint32_t *order, size_t num)
{
    struct idmap groups = { 0 };
    struct group *group;
    size_t kept = 0;

    for (size_t i = 0; i < num; i++) {
        uint32_t row = order[i];
        size_t task;

        if (!waits_alone(t, row)) {
            order[kept++] = row;
            continue;
        }
        task = (size_t)table_int(t, FIELD_JOB_ARRAY_TASK, row);
        group = idmap_find(&groups, (uint64_t)table_int(t, FIELD_JOB_ARRAY_ID, row));
        if (!group) {
            group = xcalloc(1, sizeof(*group));
            group->row = order[kept++] = row;
            idmap_put(&groups, (uint64_t)table_int(t, FIELD_JOB_ARRAY_ID, row), group);
        }
        if (!group->tasks || group->tasks->bits <= task)
            group->tasks = bitmap_resize(group->tasks, task + 1);
        bitmap_set(group->tasks, task);
        group->count++;
    }
    for (size_t pos = 0; (group = idmap_next(&groups, &pos, NULL));) {
        if (group->count > 1) {
            CLEANUP_FREE char *text = taskset_format(group->tasks, 0);

            table_set_text(t, FIELD_JOB_ARRAY_TASKS, group->row, text);
            table_set_int(t, FIELD_JOB_ARRAY_TASK, group->row, FIELD_UNSET);
        }
        bitmap_destroy(group->tasks);
        free(group);
    }
    idmap_fini(&groups);
    return kept;
}
