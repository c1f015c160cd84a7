/* jobid.c - job ids from text. */
#include "config.h"
#include "util/jobid.h"

#include <string.h>
#include <strings.h>

#include "bramble/constants.h"
#include "util/bitmap.h"
#include "util/error.h"
#include "util/mem.h"
#include "util/num.h"
#include "util/taskset.h"

#define JOB_ID_MAX (UINT32_MAX - 16)

static int refuse(const char *text, struct error *err)
{
    return error_set(err, BRE_JOB_ID, "%s: %.64s", error_code_text(BRE_JOB_ID), text);
}

/* Digits at *p, which then stands behind them. */
static int read_number(const char **p, uint32_t most, uint32_t *number)
{
    size_t len = strspn(*p, "0123456789");
    CLEANUP_FREE char *digits = xstrndup(*p, len);

    *p += len;
    return len > 10 ? -1 : num_parse_u32(digits, 0, most, number, "", NULL);
}

static int read_tasks(const char **p, struct jobid *out)
{
    struct taskset set;
    uint32_t task;

    if (**p == '*') {
        ++*p;
        out->all_tasks = true;
        return 0;
    }
    if (**p == '[') {
        size_t len = strcspn(++*p, "]");
        CLEANUP_FREE char *list = xstrndup(*p, len);

        *p += len;
        if (*(*p)++ != ']' || taskset_parse(list, TASKSET_LIMIT, &set, NULL) < 0)
            return -1;
        out->tasks = set.set;
        return 0;
    }
    if (read_number(p, TASKSET_LIMIT - 1, &task) < 0)
        return -1;
    out->tasks = bitmap_create((size_t)task + 1);
    bitmap_set(out->tasks, task);
    return 0;
}

static int read_step(const char *step, uint32_t *step_id)
{
    if (strcasecmp(step, "batch") == 0)
        *step_id = STEP_BATCH;
    else if (strcasecmp(step, "extern") == 0)
        *step_id = STEP_EXTERN;
    else if (strcasecmp(step, "interactive") == 0)
        *step_id = STEP_INTERACTIVE;
    else
        return num_parse_u32(step, 0, STEP_INTERACTIVE - 1, step_id, "", NULL);
    return 0;
}

int jobid_parse(const char *text, struct jobid *out, struct error *err)
{
    const char *p = text;

    *out = (struct jobid){ .step_id = STEP_NONE, .het_offset = HET_NONE };
    if (read_number(&p, JOB_ID_MAX, &out->job_id) < 0 || !out->job_id)
        goto bad;
    if (*p == '_') {
        p++;
        if (read_tasks(&p, out) < 0)
            goto bad;
    } else if (*p == '+') {
        p++;
        if (read_number(&p, UINT16_MAX, &out->het_offset) < 0)
            goto bad;
    }
    if (*p && (*p != '.' || read_step(p + 1, &out->step_id) < 0))
        goto bad;
    return 0;
bad:
    jobid_fini(out);
    return refuse(text, err);
}

void jobid_fini(struct jobid *id)
{
    bitmap_destroy(id->tasks);
    id->tasks = NULL;
}

size_t jobid_word(const char *list)
{
    size_t len = 0;

    while (list[len] && list[len] != ',')
        len += list[len] == '[' ? strcspn(list + len, "]") : 1;
    return len;
}
