/* pattern.c - expands into a buffer of fixed size, so that no pattern can ask for more. */
#include "config.h"
#include "bramblestepd/task/pattern.h"

#include "bramble/constants.h"
#include "util/arena.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#define PATTERN_WIDTH_MAX 10
#define ARRAY_NO_TASK 4294967294u /* what Slurm shows for a job that is no array */

struct pattern_out {
    char text[PATH_MAX];
    size_t len;
    bool full;
};

static void out_mem(struct pattern_out *out, const char *text, size_t len)
{
    if (len >= sizeof out->text - out->len) {
        out->full = true;
        return;
    }
    memcpy(out->text + out->len, text, len);
    out->len += len;
}

static void out_text(struct pattern_out *out, const char *text)
{
    if (text)
        out_mem(out, text, strlen(text));
}

static void out_number(struct pattern_out *out, uint32_t value, unsigned width)
{
    char digits[32];
    int len = snprintf(digits, sizeof digits, "%0*u", (int)width, value);

    out_mem(out, digits, (size_t)len);
}

static void out_step(struct pattern_out *out, uint32_t step_id, unsigned width)
{
    if (step_id == STEP_BATCH)
        out_text(out, "batch");
    else if (step_id == STEP_EXTERN)
        out_text(out, "extern");
    else if (step_id == STEP_INTERACTIVE)
        out_text(out, "interactive");
    else
        out_number(out, step_id, width);
}

/* One specifier; false when there is none of that letter. */
static bool out_special(struct pattern_out *out, char letter, unsigned width,
                        const struct pattern_values *v)
{
    uint32_t array_task = v->array_job_id ? v->array_task_id : ARRAY_NO_TASK;

    switch (letter) {
    case 'A':
        out_number(out, v->array_job_id ? v->array_job_id : v->job_id, width);
        return true;
    case 'a':
        out_number(out, array_task, width);
        return true;
    case 'b':
        out_number(out, array_task % 10, width);
        return true;
    case 'j':
        out_number(out, v->job_id, width);
        return true;
    case 'J':
        out_number(out, v->job_id, width);
        if (v->step_id != STEP_BATCH) {
            out_text(out, ".");
            out_step(out, v->step_id, 0);
        }
        return true;
    case 's':
        out_step(out, v->step_id, width);
        return true;
    case 'N':
        out_text(out, v->node_name);
        return true;
    case 'n':
        out_number(out, v->node_index, width);
        return true;
    case 't':
        out_number(out, v->gtid, width);
        return true;
    case 'u':
        out_text(out, v->user_name);
        return true;
    case 'x':
        out_text(out, v->job_name);
        return true;
    case '%':
        out_text(out, "%");
        return true;
    default:
        return false;
    }
}

char *pattern_expand(struct arena *arena, const char *pattern, const char *work_dir,
                     const struct pattern_values *v)
{
    struct pattern_out out = { .len = 0 };
    bool verbatim = strchr(pattern, '\\') != NULL;

    if (pattern[0] != '/') {
        out_text(&out, work_dir);
        out_text(&out, "/");
    }
    for (const char *p = pattern; *p; p++) {
        unsigned width = 0;
        const char *q = p + 1;

        if (verbatim) {
            if (*p != '\\')
                out_mem(&out, p, 1);
            continue;
        }
        if (*p != '%') {
            out_mem(&out, p, 1);
            continue;
        }
        while (*q >= '0' && *q <= '9' && width <= PATTERN_WIDTH_MAX)
            width = width * 10 + (unsigned)(*q++ - '0');
        if (width > PATTERN_WIDTH_MAX)
            width = PATTERN_WIDTH_MAX;
        if (*q && out_special(&out, *q, width, v))
            p = q;
        else
            out_mem(&out, p, 1);
    }
    return out.full ? NULL : arena_strndup(arena, out.text, out.len);
}
