/* log.h - the log of a daemon or command: one line an event, led by its subject.
 *
 * Error: a human is needed; warning: soon; notice: a daemon's life; info: a job's; debug by topic.
 */
#ifndef BRAMBLE_UTIL_LOG_H
#define BRAMBLE_UTIL_LOG_H

#include <stdbool.h>

enum log_level { LOG_LV_ERROR, LOG_LV_WARNING, LOG_LV_NOTICE, LOG_LV_INFO, LOG_LV_DEBUG };

enum log_topic {
    DBG_SCHED = 1 << 0,
    DBG_STEP = 1 << 1,
    DBG_NODE = 1 << 2,
    DBG_CHANNEL = 1 << 3,
    DBG_JOURNAL = 1 << 4,
    DBG_LAUNCH = 1 << 5,
    DBG_STDIO = 1 << 6,
    DBG_CGROUP = 1 << 7,
};

/* Where lines go.  program leads each line of a command ("srun: error: ..."), and is left out of
 * a daemon's file, where the time stands instead.  path NULL: standard error. */
int log_open(const char *program, const char *path, bool with_time);
void log_set_level(enum log_level level, unsigned topics);
void log_get_level(enum log_level *level, unsigned *topics);
/* Parse "error".."debug", or a comma list of topics such as "sched,step".  -1: unknown word. */
int log_parse_level(const char *text, enum log_level *level, unsigned *topics);
/* Open the file again, after rotation. */
void log_reopen(void);

void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_notice(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_debug_line(enum log_topic topic, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
bool log_debug_on(enum log_topic topic);
#define log_debug(topic, ...)                                                                  \
    do {                                                                                       \
        if (log_debug_on(topic))                                                               \
            log_debug_line(topic, __VA_ARGS__);                                                \
    } while (0)

#endif
