/* cell.c - how values become text. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "bramble/constants.h"
#include "commands/display/column.h"
#include "util/timefmt.h"

/* A terminal must not obey what a user called his job. */
static bool is_control(const unsigned char *p)
{
    return *p < 0x20 || *p == 0x7f || (*p == 0xc2 && p[1] >= 0x80 && p[1] <= 0x9f);
}

void cell_text(struct strbuf *out, const char *text)
{
    size_t start = out->len;

    if (!text)
        return;
    strbuf_add(out, text);
    for (unsigned char *p = (unsigned char *)out->data + start; p && *p; p++) {
        if (!is_control(p))
            continue;
        if (*p == 0xc2)
            p[1] = '?';
        *p = '?';
    }
}

void cell_text_or_null(struct strbuf *out, const char *text)
{
    if (text && *text)
        cell_text(out, text);
    else
        strbuf_add_mem(out, "(null)", 6);
}

void cell_int(struct strbuf *out, int64_t value)
{
    char buf[24], *p = buf + sizeof(buf);
    uint64_t rest = value < 0 ? -(uint64_t)value : (uint64_t)value;

    do
        *--p = (char)('0' + rest % 10);
    while ((rest /= 10));
    if (value < 0)
        *--p = '-';
    strbuf_add_mem(out, p, (size_t)(buf + sizeof(buf) - p));
}

static bool same_day(const struct tm *a, const struct tm *b)
{
    return a->tm_year == b->tm_year && a->tm_yday == b->tm_yday;
}

/* SLURM_TIME_FORMAT=relative: the time of day today, the day's name near today, else the date. */
static size_t format_relative(char *buf, size_t size, int64_t when, int64_t now)
{
    time_t at = (time_t)when, base = (time_t)now;
    struct tm tm, today, other;

    localtime_r(&at, &tm);
    localtime_r(&base, &today);
    if (same_day(&tm, &today))
        return strftime(buf, size, "%H:%M:%S", &tm);
    base = (time_t)now + 86400;
    localtime_r(&base, &other);
    if (same_day(&tm, &other))
        return strftime(buf, size, "Tomorr %H:%M", &tm);
    base = (time_t)now - 86400;
    localtime_r(&base, &other);
    if (same_day(&tm, &other))
        return strftime(buf, size, "Ystday %H:%M", &tm);
    if (tm.tm_year == today.tm_year && tm.tm_yday > today.tm_yday && tm.tm_yday < today.tm_yday + 7)
        return strftime(buf, size, "%a %H:%M", &tm);
    if (tm.tm_year == today.tm_year)
        return strftime(buf, size, "%-d %b %H:%M", &tm);
    return strftime(buf, size, "%-d %b %Y", &tm);
}

void cell_time(struct strbuf *out, const struct view *view, int64_t when, const char *none)
{
    char buf[256];
    size_t len;
    struct tm tm;
    time_t at = (time_t)when;
    const char *format = view ? view->time_format : NULL;

    if (when <= 0) {
        strbuf_add(out, none);
        return;
    }
    if (format && !strcasecmp(format, "relative")) {
        len = format_relative(buf, sizeof(buf), when, view->now);
    } else {
        if (!format || !*format || !strcasecmp(format, "standard"))
            format = "%Y-%m-%dT%H:%M:%S";
        localtime_r(&at, &tm);
        len = strftime(buf, sizeof(buf), format, &tm);
    }
    strbuf_add_mem(out, buf, len);
}

static void two_digits(struct strbuf *out, int64_t value)
{
    char pair[2] = { (char)('0' + value / 10 % 10), (char)('0' + value % 10) };

    strbuf_add_mem(out, pair, 2);
}

void cell_duration(struct strbuf *out, int64_t sec)
{
    int64_t days = sec / 86400, hours = sec / 3600 % 24;

    if (sec < 0) {
        strbuf_add(out, "INVALID");
        return;
    }
    if (days) {
        cell_int(out, days);
        strbuf_addc(out, '-');
        two_digits(out, hours);
        strbuf_addc(out, ':');
        two_digits(out, sec / 60 % 60);
    } else if (hours) {
        cell_int(out, hours);
        strbuf_addc(out, ':');
        two_digits(out, sec / 60 % 60);
    } else {
        cell_int(out, sec / 60);
    }
    strbuf_addc(out, ':');
    two_digits(out, sec % 60);
}

void cell_duration_full(struct strbuf *out, int64_t sec)
{
    if (sec < 0) {
        strbuf_add(out, "INVALID");
        return;
    }
    if (sec >= 86400) {
        cell_int(out, sec / 86400);
        strbuf_addc(out, '-');
    }
    two_digits(out, sec / 3600 % 24);
    strbuf_addc(out, ':');
    two_digits(out, sec / 60 % 60);
    strbuf_addc(out, ':');
    two_digits(out, sec % 60);
}

void cell_mem(struct strbuf *out, const struct view *view, int64_t mb)
{
    static const char units[] = "MGTPE";
    double value = (double)mb;
    size_t unit = 0;

    if (mb < 0) {
        strbuf_addc(out, '0');
        return;
    }
    if (view && view->noconvert) {
        cell_int(out, mb);
        strbuf_addc(out, 'M');
        return;
    }
    if (mb == 0) {
        strbuf_addc(out, '0');
        return;
    }
    /* Slurm goes to the next unit only when that loses nothing. */
    while (unit + 1 < sizeof(units) - 1 && value >= 1024 && mb % 512 == 0) {
        value /= 1024;
        if (mb % 1024) {
            unit++;
            break;
        }
        mb /= 1024;
        unit++;
    }
    if (value == (double)(int64_t)value)
        strbuf_addf(out, "%lld%c", (long long)value, units[unit]);
    else
        strbuf_addf(out, "%.2f%c", value, units[unit]);
}

void cell_job_id(struct strbuf *out, const struct table *t, size_t row)
{
    int64_t array = table_int(t, FIELD_JOB_ARRAY_ID, row), task, het = table_int(t, FIELD_JOB_HET_ID, row);
    const char *tasks;

    if (het > 0) {
        cell_int(out, het);
        strbuf_addc(out, '+');
        cell_int(out, table_int(t, FIELD_JOB_HET_OFFSET, row));
        return;
    }
    if (array <= 0) {
        cell_int(out, table_int(t, FIELD_JOB_ID, row));
        return;
    }
    cell_int(out, array);
    strbuf_addc(out, '_');
    if ((tasks = table_text(t, FIELD_JOB_ARRAY_TASKS, row))) {
        strbuf_addc(out, '[');
        cell_tasks(out, tasks);
        strbuf_addc(out, ']');
    } else if ((task = table_int(t, FIELD_JOB_ARRAY_TASK, row)) >= 0) {
        cell_int(out, task);
    } else {
        strbuf_addc(out, '*');
    }
}

void cell_step(struct strbuf *out, int64_t step_id)
{
    if (step_id < 0)
        return;
    strbuf_addc(out, '.');
    if (step_id == STEP_BATCH)
        strbuf_add(out, "batch");
    else if (step_id == STEP_EXTERN)
        strbuf_add(out, "extern");
    else if (step_id == STEP_INTERACTIVE)
        strbuf_add(out, "interactive");
    else
        cell_int(out, step_id);
}

void cell_tres(struct strbuf *out, const struct view *view, int64_t cpus, int64_t mem_mb, int64_t nodes)
{
    if (cpus < 0)
        cpus = 0;
    strbuf_addf(out, "cpu=%lld", (long long)cpus);
    if (mem_mb > 0) {
        strbuf_add(out, ",mem=");
        cell_mem(out, view, mem_mb);
    }
    if (nodes > 0)
        strbuf_addf(out, ",node=%lld", (long long)nodes);
    strbuf_addf(out, ",billing=%lld", (long long)cpus);
}

const struct column *column_find_name(const struct column *columns, size_t num, const char *name,
                                      size_t len)
{
    for (size_t i = 0; i < num; i++) {
        const char *at = columns[i].names;

        while (at && *at) {
            size_t span = strcspn(at, "|");

            if (span == len && !strncasecmp(at, name, len))
                return &columns[i];
            at += span + (at[span] == '|');
        }
    }
    return NULL;
}

const struct column *column_find_letter(const struct column *columns, size_t num, char letter)
{
    for (size_t i = 0; i < num; i++)
        if (letter && columns[i].letter == letter)
            return &columns[i];
    return NULL;
}
