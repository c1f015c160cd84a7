/* taskset.c - sets of array tasks to text and back. */
#include "config.h"
#include "util/taskset.h"

#include <ctype.h>
#include <string.h>

#include "util/bitmap.h"
#include "util/error.h"
#include "util/mem.h"
#include "util/strbuf.h"

#define SPREAD 10 /* a regular set is shown as FIRST-LAST:STEP when it spreads over more */

static int refuse(const char *text, const char *why, struct error *err)
{
    return error_set(err, BRE_ARRAY, "%s: \"%.64s\" %s", error_code_text(BRE_ARRAY), text, why);
}

static int read_number(const char *text, const char **p, uint32_t limit, uint32_t *number, struct error *err)
{
    uint64_t value = 0;

    while (isspace((unsigned char)**p))
        ++*p;
    if (!isdigit((unsigned char)**p))
        return refuse(text, "is not a list of task ids such as 0-15:4,20%2", err);
    for (; isdigit((unsigned char)**p); ++*p)
        if ((value = value * 10 + (uint64_t)(**p - '0')) > UINT32_MAX)
            break;
    if (value >= limit)
        return error_set(err, BRE_ARRAY, "%s: \"%.64s\" has a task id above %u (max_array_size less one)",
                         error_code_text(BRE_ARRAY), text, limit - 1);
    *number = (uint32_t)value;
    return 0;
}

/* One of "7", "1-9", "1-9:2". */
static int read_range(const char *text, const char **p, uint32_t limit, struct taskset *out, struct error *err)
{
    uint32_t first, last, step = 1;

    if (read_number(text, p, limit, &first, err) < 0)
        return -1;
    last = first;
    if (**p == '-') {
        ++*p;
        if (read_number(text, p, limit, &last, err) < 0)
            return -1;
        if (**p == ':') {
            ++*p;
            if (read_number(text, p, UINT32_MAX, &step, err) < 0)
                return -1;
            if (!step)
                return refuse(text, "has a step of 0", err);
            if (!out->step)
                out->step = step;
        }
    }
    if (last < first)
        return refuse(text, "has a range that runs backwards", err);
    if (!out->set || out->set->bits <= last)
        out->set = bitmap_resize(out->set, (size_t)last + 1);
    for (uint64_t i = first; i <= last; i += step)
        bitmap_set(out->set, (size_t)i);
    return 0;
}

int taskset_parse(const char *text, uint32_t limit, struct taskset *out, struct error *err)
{
    const char *p = text;

    memset(out, 0, sizeof *out);
    for (;;) {
        if (read_range(text, &p, limit, out, err) < 0)
            goto fail;
        if (*p == '%') {
            p++;
            out->throttle = 0;
            if (*p && *p != ',' && read_number(text, &p, UINT32_MAX, &out->throttle, err) < 0)
                goto fail;
        }
        while (isspace((unsigned char)*p))
            p++;
        if (!*p)
            break;
        if (*p++ != ',') {
            refuse(text, "is not a list of task ids such as 0-15:4,20%2", err);
            goto fail;
        }
    }
    if (!out->step)
        out->step = 1;
    return 0;
fail:
    taskset_fini(out);
    return -1;
}

void taskset_fini(struct taskset *t)
{
    bitmap_destroy(t->set);
    memset(t, 0, sizeof *t);
}

/* The distance between neighbours when it is the same everywhere and more than one; else 0. */
static size_t regular_step(const struct bitmap *set, ssize_t first, ssize_t *last)
{
    ssize_t step = 0;

    *last = first;
    for (ssize_t i = bitmap_next(set, (size_t)first + 1); i >= 0; i = bitmap_next(set, (size_t)i + 1)) {
        if (step && i - *last != step)
            return 0;
        step = i - *last;
        *last = i;
    }
    return step > 1 && *last - first > SPREAD ? (size_t)step : 0;
}

char *taskset_format(const struct bitmap *set, uint32_t throttle)
{
    struct strbuf sb = STRBUF_INIT;
    ssize_t first = bitmap_next(set, 0), last;
    size_t step = first < 0 ? 0 : regular_step(set, first, &last);

    if (step) {
        strbuf_addf(&sb, "%zd-%zd:%zu", first, last, step);
    } else {
        CLEANUP_FREE char *text = bitmap_format(set);

        strbuf_add(&sb, text);
    }
    if (throttle)
        strbuf_addf(&sb, "%%%u", throttle);
    return strbuf_take(&sb);
}
