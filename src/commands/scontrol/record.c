/* record.c - the words and lines of a record. */
#include "config.h"
#include "scontrol.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "commands/display/column.h"
#include "util/gres.h"
#include "util/strbuf.h"
#include "util/timefmt.h"

void record_add(struct record *rec, const char *fmt, ...)
{
    size_t start = rec->text.len;
    va_list ap;

    va_start(ap, fmt);
    strbuf_vaddf(&rec->text, fmt, ap);
    va_end(ap);
    /* Names and reasons come from users: a terminal gets them as plain text, and a line that a name
     * pretends to be stays part of the name. */
    for (char *at = rec->text.data + start; rec->text.data && *at; at++)
        if ((unsigned char)*at < 0x20 || *at == 0x7f)
            *at = '?';
}

void record_line(struct record *rec)
{
    strbuf_add(&rec->text, rec->oneliner ? " " : "\n   ");
}

void record_end(struct record *rec)
{
    fputs(strbuf_str(&rec->text), stdout);
    fputs(rec->oneliner ? "\n" : "\n\n", stdout);
    strbuf_truncate(&rec->text, 0);
}

void record_text(struct record *rec, const char *key, const char *value)
{
    record_add(rec, "%s=%s", key, value && *value ? value : "(null)");
}

void record_time(struct record *rec, const char *key, int64_t when, const char *none)
{
    struct view view = { .time_format = getenv("SLURM_TIME_FORMAT"), .now = time(NULL) };

    record_add(rec, "%s=", key);
    cell_time(&rec->text, &view, when, none);
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
    CLEANUP_STRBUF struct strbuf text = STRBUF_INIT;

    cell_mem(&text, NULL, mb);
    snprintf(buf, 32, "%s", strbuf_str(&text));
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
        record_add(rec, ",mem=%s", record_mem(mem_mb, buf));
    if (num_nodes > 0)
        record_add(rec, ",node=%lld", (long long)num_nodes);
}

void record_gres(struct record *rec, const char *gres)
{
    CLEANUP_STRBUF struct strbuf sb = STRBUF_INIT;
    struct gres_list list;

    if (!gres || gres_list_parse(&list, gres, NULL) < 0)
        return;
    gres_tres_format(&list, &sb);
    record_add(rec, "%s", strbuf_str(&sb));
    gres_list_fini(&list);
}
