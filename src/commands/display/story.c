/* story.c - why a job does not run, in sentences. */
#include "config.h"

#include "commands/display/story.h"

#include <string.h>

#include "bramble/constants.h"
#include "commands/display/column.h"
#include "commands/display/console.h"
#include "util/mem.h"
#include "util/strbuf.h"

void story_add(struct strbuf *out, const struct table *t, size_t row)
{
    const char *text = table_text(t, FIELD_JOB_EXPLAIN, row), *user = table_text(t, FIELD_JOB_USER, row);
    int64_t state = table_int(t, FIELD_JOB_STATE, row), reason = table_int(t, FIELD_JOB_REASON, row);

    strbuf_add(out, "Job ");
    cell_job_id(out, t, row);
    strbuf_add(out, " (");
    cell_text(out, table_text(t, FIELD_JOB_NAME, row));
    strbuf_addf(out, ") of %s is %s", user ? user : "?", job_state_long(state));
    if (reason != FIELD_UNSET && reason != REASON_NONE)
        strbuf_addf(out, " (%s)", job_reason_name(reason));
    strbuf_add(out, ".\n");
    while (text && *text) {
        size_t len = strcspn(text, "\n");
        CLEANUP_FREE char *line = xstrndup(text, len);

        strbuf_add(out, "  ");
        cell_text(out, line);
        strbuf_addc(out, '\n');
        text += len + (text[len] == '\n');
    }
}
