/* timefmt.c - durations and limits.  Points in time are in timeat.c. */
#include "config.h"
#include "util/timefmt.h"

#include "util/error.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define DURATION_MAX_SEC (UINT64_C(60) * (UINT32_MAX - 1)) /* a limit in minutes must fit */

static bool read_field(const char **p, uint64_t *value)
{
    const char *start = *p;

    for (*value = 0; isdigit((unsigned char)**p) && *p - start < 12; ++*p)
        *value = *value * 10 + (uint64_t)(**p - '0');
    return *p != start && !isdigit((unsigned char)**p);
}

static int duration_refuse(const char *text, const char *what, struct error *err)
{
    return error_set(err, BRE_TIME_LIMIT,
                     "%s: '%.64s' is not a time such as 90, 90:00, 1:30:00, 1-12, 1-12:30 or UNLIMITED",
                     what, text);
}

int duration_parse_sec(const char *text, uint64_t *sec, const char *what, struct error *err)
{
    uint64_t fields[3] = { 0 }, days = 0, total;
    const char *p = text;
    bool with_days = false;
    int num = 0;

    if (!strcasecmp(text, "UNLIMITED") || !strcasecmp(text, "INFINITE") || !strcmp(text, "-1")) {
        *sec = UINT64_MAX;
        return 0;
    }
    for (;;) {
        if (num == 3 || !read_field(&p, &fields[num]))
            return duration_refuse(text, what, err);
        if (*p == '-' && !with_days && num == 0) {
            with_days = true;
            days = fields[0];
            p++;
            continue;
        }
        num++;
        if (!*p)
            break;
        if (*p++ != ':')
            return duration_refuse(text, what, err);
    }
    if (with_days) /* d-h[:m[:s]] */
        total = days * 86400 + fields[0] * 3600 + fields[1] * 60 + fields[2];
    else if (num == 3)
        total = fields[0] * 3600 + fields[1] * 60 + fields[2];
    else /* m[:s] */
        total = fields[0] * 60 + fields[1];
    if (total > DURATION_MAX_SEC)
        return error_set(err, BRE_TIME_LIMIT, "%s: '%.64s' is too long", what, text);
    *sec = total;
    return 0;
}

int time_limit_parse(const char *text, uint32_t *min, const char *what, struct error *err)
{
    uint64_t sec;

    if (duration_parse_sec(text, &sec, what, err) < 0)
        return -1;
    *min = sec == UINT64_MAX ? UINT32_MAX : (uint32_t)((sec + 59) / 60);
    return 0;
}

char *duration_format(int64_t sec, char buf[TIME_TEXT_MAX])
{
    if (sec < 0)
        sec = 0;
    if (sec >= 86400)
        return duration_format_full(sec, buf);
    if (sec >= 3600)
        snprintf(buf, TIME_TEXT_MAX, "%d:%02d:%02d", (int)(sec / 3600), (int)(sec / 60 % 60),
                 (int)(sec % 60));
    else
        snprintf(buf, TIME_TEXT_MAX, "%d:%02d", (int)(sec / 60), (int)(sec % 60));
    return buf;
}

char *duration_format_full(int64_t sec, char buf[TIME_TEXT_MAX])
{
    int hours, minutes, seconds;

    if (sec < 0)
        sec = 0;
    hours = (int)(sec / 3600 % 24);
    minutes = (int)(sec / 60 % 60);
    seconds = (int)(sec % 60);
    if (sec >= 86400)
        snprintf(buf, TIME_TEXT_MAX, "%" PRId64 "-%02d:%02d:%02d", sec / 86400, hours, minutes, seconds);
    else
        snprintf(buf, TIME_TEXT_MAX, "%02d:%02d:%02d", hours, minutes, seconds);
    return buf;
}

char *time_limit_format(uint32_t min, char buf[TIME_TEXT_MAX])
{
    if (min == UINT32_MAX) {
        snprintf(buf, TIME_TEXT_MAX, "UNLIMITED");
        return buf;
    }
    return duration_format((int64_t)min * 60, buf);
}
