/* record.c - the words and lines of a record. */
#include "config.h"
#include "scontrol.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/timefmt.h"

void record_add(struct record *rec, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    strbuf_vaddf(&rec->text, fmt, ap);
    va_end(ap);
}

void record_line(struct record *rec)
{
    strbuf_add(&rec->text, rec->oneliner ? " " : "\n   ");
}

void record_end(struct record *rec)
{
    const char *at = strbuf_str(&rec->text);

    /* names and reasons come from users: a terminal gets them as plain text */
    for (; *at; at++)
        putchar((unsigned char)*at < 0x20 && *at != '\n' ? '?' : *at == 0x7f ? '?' : *at);
    fputs(rec->oneliner ? "\n" : "\n\n", stdout);
    strbuf_truncate(&rec->text, 0);
}

void record_text(struct record *rec, const char *key, const char *value)
{
    strbuf_addf(&rec->text, "%s=%s", key, value && *value ? value : "(null)");
}

void record_time(struct record *rec, const char *key, int64_t when, const char *none)
{
    char buf[TIME_TEXT_MAX];
    const char *format = getenv("SLURM_TIME_FORMAT");

    if (format && (!*format || !strcmp(format, "standard")))
        format = NULL;
    record_add(rec, "%s=%s", key, when > 0 ? time_at_format((time_t)when, format, buf) : none);
}

void record_limit(struct record *rec, const char *key, int64_t min, const char *unset)
{
    char buf[TIME_TEXT_MAX];

    if (min == FIELD_UNSET)
        record_add(rec, "%s=%s", key, unset);
    else if (min == FIELD_INFINITE)
        record_add(rec, "%s=UNLIMITED", key);
    else
        record_add(rec, "%s=%s", key, duration_format_full(min * 60, buf));
}

const char *record_mem(int64_t mb, char buf[32])
{
    static const char units[] = "MGTP";
    double value = (double)mb;
    unsigned unit = 0;

    if (mb <= 0)
        return "0";
    while (value >= 1024 && unit + 2 < sizeof units) {
        value /= 1024;
        unit++;
    }
    if (value == (double)(int64_t)value)
        snprintf(buf, 32, "%lld%c", (long long)value, units[unit]);
    else
        snprintf(buf, 32, "%.2f%c", value, units[unit]);
    return buf;
}

void record_tres(struct record *rec, const char *key, int64_t cpus, int64_t mem_mb, int64_t num_nodes)
{
    char buf[32];

    record_add(rec, "%s=", key);
    if (cpus <= 0)
        return;
    record_add(rec, "cpu=%lld", (long long)cpus);
    if (mem_mb > 0)
        record_add(rec, ",mem=%s", mem_mb % 1024 ? "" : record_mem(mem_mb, buf));
    if (mem_mb > 0 && mem_mb % 1024)
        record_add(rec, "%lldM", (long long)mem_mb);
    if (num_nodes > 0)
        record_add(rec, ",node=%lld", (long long)num_nodes);
}
