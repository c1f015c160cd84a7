/* story.h - why a job does not run: a line that names the job, then the controller's sentences. */
#ifndef BRAMBLE_DISPLAY_STORY_H
#define BRAMBLE_DISPLAY_STORY_H

#include "commands/display/column.h"
#include "commands/display/table.h"

struct strbuf;

/* Columns that the query must ask for. */
#define STORY_FIELDS                                                                               \
    CELL_JOB_ID_FIELDS, FIELD_JOB_NAME, FIELD_JOB_USER, FIELD_JOB_STATE, FIELD_JOB_REASON, FIELD_JOB_EXPLAIN

void story_add(struct strbuf *out, const struct table *t, size_t row);

#endif
