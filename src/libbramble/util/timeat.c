/* timeat.c - points in time: a date, a time of day, or both, or an offset from now. */
#include "config.h"
#include "util/timefmt.h"

#include "util/error.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

struct at {
    const char *p;
    struct tm day;  /* tm_year, tm_mon, tm_mday */
    int hour, min, sec;
    bool have_day, have_time;
    bool year_given;
};

/* Between low and high digits of a number. */
static bool at_number(struct at *a, int low, int high, int *value)
{
    int digits = 0;

    for (*value = 0; digits < high && isdigit((unsigned char)a->p[digits]); digits++)
        *value = *value * 10 + (a->p[digits] - '0');
    if (digits < low)
        return false;
    a->p += digits;
    return true;
}

static bool at_word(struct at *a, const char *word)
{
    size_t len = strlen(word);

    if (strncasecmp(a->p, word, len) != 0 || isalpha((unsigned char)a->p[len]))
        return false;
    a->p += len;
    return true;
}

static int days_of_month(int year, int mon) /* mon from 0 */
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return days[mon] + (mon == 1 && leap);
}

static bool at_set_day(struct at *a, int year, int mon, int mday)
{
    if (a->have_day || year < 1970 || year > 9999 || mon < 1 || mon > 12 || mday < 1
        || mday > days_of_month(year, mon - 1))
        return false;
    a->day.tm_year = year - 1900;
    a->day.tm_mon = mon - 1;
    a->day.tm_mday = mday;
    a->have_day = true;
    return true;
}

/* HH:MM[:SS][ ][am|pm] */
static bool at_clock(struct at *a)
{
    bool pm, am;

    if (a->have_time || !at_number(a, 1, 2, &a->hour) || *a->p != ':')
        return false;
    a->p++;
    if (!at_number(a, 2, 2, &a->min))
        return false;
    if (*a->p == ':') {
        a->p++;
        if (!at_number(a, 2, 2, &a->sec))
            return false;
    }
    while (*a->p == ' ')
        a->p++;
    pm = at_word(a, "pm");
    am = !pm && at_word(a, "am");
    if ((pm || am) && (a->hour < 1 || a->hour > 12))
        return false;
    if (pm || am)
        a->hour = a->hour % 12 + (pm ? 12 : 0);
    a->have_time = true;
    return a->hour < 24 && a->min < 60 && a->sec < 60;
}

static bool at_named_time(struct at *a)
{
    static const struct {
        const char *name;
        int hour;
    } named[] = { { "midnight", 0 }, { "noon", 12 }, { "elevenses", 11 }, { "fika", 15 }, { "teatime", 16 } };

    for (size_t i = 0; i < sizeof named / sizeof named[0]; i++)
        if (at_word(a, named[i].name)) {
            if (a->have_time)
                return false;
            a->hour = named[i].hour;
            a->have_time = true;
            return true;
        }
    return false;
}

/* YYYY-MM-DD, MMDD[YY], MM/DD[/YY], MM.DD[.YY]; a time may follow after 'T' or '-'. */
static bool at_date(struct at *a, const struct tm *today)
{
    size_t digits = strspn(a->p, "0123456789");
    int year = today->tm_year + 1900, mon, mday;
    char sep = a->p[digits];

    if (digits == 4 && sep == '-') {
        if (!at_number(a, 4, 4, &year) || *a->p++ != '-' || !at_number(a, 1, 2, &mon) || *a->p++ != '-'
            || !at_number(a, 1, 2, &mday))
            return false;
        a->year_given = true;
    } else if (digits == 4 || digits == 6) {
        if (!at_number(a, 2, 2, &mon) || !at_number(a, 2, 2, &mday))
            return false;
        if (digits == 6) {
            at_number(a, 2, 2, &year);
            year += 2000;
            a->year_given = true;
        }
    } else if ((digits == 1 || digits == 2) && (sep == '/' || sep == '.')) {
        if (!at_number(a, 1, 2, &mon) || *a->p++ != sep || !at_number(a, 1, 2, &mday))
            return false;
        if (*a->p == sep) {
            a->p++;
            if (!at_number(a, 2, 2, &year))
                return false;
            year += 2000;
            a->year_given = true;
        }
    } else {
        return false;
    }
    if (!at_set_day(a, year, mon, mday))
        return false;
    if (*a->p == 'T' || *a->p == '-') {
        a->p++;
        return at_clock(a);
    }
    return true;
}

/* now, now+COUNT[unit], now-COUNT[unit]; seconds are the default unit */
static bool at_now(struct at *a, time_t now, time_t *at)
{
    static const struct {
        const char *name;
        int64_t sec;
    } units[] = {
        { "seconds", 1 }, { "second", 1 },  { "minutes", 60 },  { "minute", 60 }, { "hours", 3600 },
        { "hour", 3600 }, { "days", 86400 }, { "day", 86400 }, { "weeks", 604800 }, { "week", 604800 },
    };
    int64_t scale = 1;
    bool minus;
    int count, sum = 0;

    while (*a->p == ' ')
        a->p++;
    if (!*a->p) {
        *at = now;
        return true;
    }
    minus = *a->p == '-';
    if (*a->p != '+' && *a->p != '-')
        return false;
    do
        a->p++;
    while (*a->p == ' ');
    if (!at_number(a, 1, 9, &count) || isdigit((unsigned char)*a->p))
        return false;
    sum = count;
    while (*a->p == ' ')
        a->p++;
    if (*a->p) {
        scale = 0;
        for (size_t i = 0; i < sizeof units / sizeof units[0] && !scale; i++) {
            size_t len = strcspn(a->p, " ");

            /* any beginning of a unit that names one: "min", "h" */
            if (strncasecmp(a->p, units[i].name, len) == 0 && len <= strlen(units[i].name)) {
                scale = units[i].sec;
                a->p += len;
            }
        }
        if (!scale || *a->p)
            return false;
    }
    *at = now + (time_t)((minus ? -1 : 1) * scale * sum);
    return true;
}

/* Join day and time of day; a missing day is today, or the next day on which the time is to come. */
static bool at_join(struct at *a, time_t now, const struct tm *today, enum time_at_rule rule, time_t *at)
{
    struct tm tm = { .tm_isdst = -1, .tm_hour = a->hour, .tm_min = a->min, .tm_sec = a->sec };
    const struct tm *day = a->have_day ? &a->day : today;

    tm.tm_year = day->tm_year;
    tm.tm_mon = day->tm_mon;
    tm.tm_mday = day->tm_mday;
    *at = mktime(&tm);
    if (*at != (time_t)-1 && *at < now && rule == TIME_AT_FUTURE && !(a->have_day && a->year_given)) {
        struct tm later = { .tm_isdst = -1, .tm_hour = a->hour, .tm_min = a->min, .tm_sec = a->sec };

        later.tm_year = day->tm_year;
        later.tm_mon = day->tm_mon;
        later.tm_mday = day->tm_mday;
        if (!a->have_day)
            later.tm_mday++;
        else if (day->tm_mon != today->tm_mon || day->tm_mday != today->tm_mday)
            later.tm_year++; /* "0131" in March is next January's */
        *at = mktime(&later);
    }
    return *at != (time_t)-1;
}

int time_at_parse(const char *text, time_t now, enum time_at_rule rule, time_t *at, const char *what,
                  struct error *err)
{
    struct at a = { .p = text };
    struct tm today;

    localtime_r(&now, &today);
    while (*a.p == ' ')
        a.p++;
    if (at_word(&a, "now")) {
        if (!at_now(&a, now, at))
            goto refuse;
        return 0;
    }
    if (!strncasecmp(a.p, "uts", 3) && isdigit((unsigned char)a.p[3])) {
        int64_t sec = 0;

        for (a.p += 3; isdigit((unsigned char)*a.p) && sec < INT64_C(100000000000); a.p++)
            sec = sec * 10 + (*a.p - '0');
        if (*a.p)
            goto refuse;
        *at = (time_t)sec;
        return 0;
    }
    if (!*a.p)
        goto refuse;
    while (*a.p) {
        size_t digits = strspn(a.p, "0123456789");

        if (at_word(&a, "today") || at_word(&a, "tomorrow")) {
            struct tm day = today;

            if (tolower((unsigned char)a.p[-1]) == 'w') {
                day.tm_mday++;
                day.tm_hour = 12;
                day.tm_isdst = -1;
                mktime(&day);
            }
            if (!at_set_day(&a, day.tm_year + 1900, day.tm_mon + 1, day.tm_mday))
                goto refuse;
            a.year_given = true;
        } else if ((digits == 1 || digits == 2) && a.p[digits] == ':') {
            if (!at_clock(&a))
                goto refuse;
        } else if (digits) {
            if (!at_date(&a, &today))
                goto refuse;
        } else if (!at_named_time(&a)) {
            goto refuse;
        }
        if (*a.p && *a.p != ' ')
            goto refuse;
        while (*a.p == ' ')
            a.p++;
    }
    if (!at_join(&a, now, &today, rule, at))
        goto refuse;
    return 0;
refuse:
    return error_set(err, BRE_INVAL,
                     "%s: '%.64s' is not a time such as 16:00, now+1hour, tomorrow or 2026-01-31T16:00:00",
                     what, text);
}

char *time_at_format(time_t at, const char *format, char buf[TIME_TEXT_MAX])
{
    struct tm tm;

    if (!at) {
        snprintf(buf, TIME_TEXT_MAX, "Unknown");
        return buf;
    }
    localtime_r(&at, &tm);
    if (!strftime(buf, TIME_TEXT_MAX, format ? format : "%Y-%m-%dT%H:%M:%S", &tm))
        buf[0] = '\0';
    return buf;
}
