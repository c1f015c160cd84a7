/* timefmt.h - times and durations as Slurm's users write and read them.
 */
#ifndef BRAMBLE_UTIL_TIMEFMT_H
#define BRAMBLE_UTIL_TIMEFMT_H

#include <stdint.h>
#include <time.h>

struct error;

#define TIME_TEXT_MAX 64

/* Time limits: "min", "min:sec", "h:m:s", "d-h", "d-h:m", "d-h:m:s"; "UNLIMITED", "INFINITE" and
 * "-1" are UINT32_MAX.  Minutes, rounded up. */
int time_limit_parse(const char *text, uint32_t *min, const char *what, struct error *err);
/* The same grammar in seconds; UINT64_MAX: unlimited. */
int duration_parse_sec(const char *text, uint64_t *sec, const char *what, struct error *err);

/* As squeue's columns: "0:07", "12:34", "1:02:03", "2-03:04:05".  Both return buf. */
char *duration_format(int64_t sec, char buf[TIME_TEXT_MAX]);
/* As scontrol and sacct: "00:12:34", "2-03:04:05". */
char *duration_format_full(int64_t sec, char buf[TIME_TEXT_MAX]);
/* A limit in minutes: duration_format() of it, or "UNLIMITED". */
char *time_limit_format(uint32_t min, char buf[TIME_TEXT_MAX]);

/* Points in time, relative to now, in the local time zone: "now+1hour", "16:00", "4:00pm",
 * "midnight", "noon", "elevenses", "fika", "teatime", "today", "tomorrow", "2026-01-31T16:00:00",
 * "0131", "01/31/26-16:00", "uts1769875200", and a date and a time of day with a blank between.
 * A time of day that is over today means tomorrow, unless past is allowed. */
enum time_at_rule { TIME_AT_FUTURE, TIME_AT_ANY };
int time_at_parse(const char *text, time_t now, enum time_at_rule rule, time_t *at, const char *what,
                  struct error *err);
/* "2026-01-31T16:00:00", local; "Unknown" for 0.  format: a strftime() format, or NULL. */
char *time_at_format(time_t at, const char *format, char buf[TIME_TEXT_MAX]);

#endif
