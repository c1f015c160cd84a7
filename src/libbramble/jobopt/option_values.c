/* option_values.c - values that rows of every subject share: flags, texts, counts. */
#include "config.h"
#include "jobopt/jobopt_private.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "util/error.h"
#include "util/mem.h"
#include "util/num.h"

#define FIELD(o, row, type) ((type *)(void *)((char *)(o) + (row)->offset))

void option_set_text(char **field, const char *value)
{
    char *copy = xstrdup(value);

    free(*field);
    *field = copy;
}

char *option_field_text(struct job_options *o, const struct job_option *row)
{
    return *FIELD(o, row, char *);
}

int option_refuse(struct job_options *o, const struct job_option *row, const char *value,
                  struct error *err, const char *fmt, ...)
{
    char reason[ERROR_TEXT_MAX];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(reason, sizeof reason, fmt, ap);
    va_end(ap);
    o->exit_code = EXIT_OPTION;
    return error_set(err, BRE_INVAL, "Invalid --%s specification: '%.64s' %s", row->name,
                     value ? value : "", reason);
}

int parse_flag(struct job_options *o, const struct job_option *row, const char *value,
               struct error *err)
{
    (void)value;
    (void)err;
    *FIELD(o, row, bool) = true;
    return 0;
}

int parse_text(struct job_options *o, const struct job_option *row, const char *value,
               struct error *err)
{
    if (row->max && value && strlen(value) > row->max) {
        o->exit_code = EXIT_NUMBER;
        return error_set(err, BRE_TOO_BIG,
                         "Pathname of a file, directory or other parameter too long: --%s has %zu bytes, "
                         "at most %u are possible",
                         row->name, strlen(value), row->max);
    }
    option_set_text(FIELD(o, row, char *), value);
    return 0;
}

int parse_count(struct job_options *o, const struct job_option *row, const char *value,
                struct error *err)
{
    uint32_t number;

    if (num_parse_u32(value ? value : "", row->min, row->max, &number, "", NULL) < 0) {
        o->exit_code = EXIT_NUMBER;
        return error_set(err, BRE_INVAL,
                         "Invalid numeric value \"%.64s\" for --%s. A whole number from %u to %u is due.",
                         value ? value : "", row->name, row->min, row->max);
    }
    *FIELD(o, row, uint32_t) = number;
    return 0;
}

/* -v and -Q may be repeated; as variables they hold a number. */
int parse_level(struct job_options *o, const struct job_option *row, const char *value,
                struct error *err)
{
    uint32_t number = 1;

    if (value && *value && num_parse_u32(value, 0, 9, &number, "", NULL) < 0)
        return option_refuse(o, row, value, err, "is no level from 0 to 9");
    *FIELD(o, row, uint32_t) += number;
    return 0;
}
