/* job_id_text.c - job and step ids from text. */
#include "config.h"

#include <string.h>

#include "bramble/constants.h"
#include "bramblectld/requests/job_id_text.h"
#include "util/error.h"
#include "util/num.h"

int job_id_parse(const char *text, uint32_t *job_id, uint32_t *step_id, struct error *err)
{
    char head[16];
    const char *dot = strchr(text, '.');
    size_t len = dot ? (size_t)(dot - text) : strlen(text);
    *step_id = STEP_NONE;
    if (len == 0 || len >= sizeof(head))
        return error_set(err, BRE_JOB_ID, "%s: %.64s", error_code_text(BRE_JOB_ID), text);
    memcpy(head, text, len);
    head[len] = '\0';
    if (num_parse_u32(head, 1, UINT32_MAX - 16, job_id, "job id", NULL) < 0)
        return error_set(err, BRE_JOB_ID, "%s: %.64s", error_code_text(BRE_JOB_ID), text);
    if (!dot)
        return 0;
    if (strcmp(dot + 1, "batch") == 0)
        *step_id = STEP_BATCH;
    else if (strcmp(dot + 1, "extern") == 0)
        *step_id = STEP_EXTERN;
    else if (strcmp(dot + 1, "interactive") == 0)
        *step_id = STEP_INTERACTIVE;
    else if (num_parse_u32(dot + 1, 0, STEP_INTERACTIVE - 1, step_id, "step id", NULL) < 0)
        return error_set(err, BRE_STEP_ID, "%s: %.64s", error_code_text(BRE_STEP_ID), text);
    return 0;
}
