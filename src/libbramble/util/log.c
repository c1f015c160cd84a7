/* log.c - formats a line and writes it with one write().  The log is the one process-wide object:
 * every room needs it and none owns it. */
#include "config.h"
#include "util/log.h"

#include "util/mem.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LOG_LINE_MAX 4096

static struct {
    int fd;
    enum log_level level;
    unsigned topics;
    bool with_time;
    char program[64];
    char path[4096];
} log_sink = { .fd = STDERR_FILENO, .level = LOG_LV_INFO };

static const char *const level_names[] = { "error", "warning", "notice", "info", "debug" };
static const struct {
    const char *name;
    enum log_topic topic;
} topic_names[] = {
    { "sched", DBG_SCHED },     { "step", DBG_STEP },     { "node", DBG_NODE },
    { "channel", DBG_CHANNEL }, { "journal", DBG_JOURNAL }, { "launch", DBG_LAUNCH },
    { "stdio", DBG_STDIO },     { "cgroup", DBG_CGROUP },
};

int log_open(const char *program, const char *path, bool with_time)
{
    int fd = STDERR_FILENO;

    if (path && (fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640)) < 0)
        return -1;
    if (log_sink.fd > STDERR_FILENO)
        close(log_sink.fd);
    log_sink.fd = fd;
    log_sink.with_time = with_time;
    snprintf(log_sink.program, sizeof log_sink.program, "%s", program ? program : "");
    snprintf(log_sink.path, sizeof log_sink.path, "%s", path ? path : "");
    return 0;
}

void log_set_level(enum log_level level, unsigned topics)
{
    log_sink.level = level;
    log_sink.topics = topics;
}

void log_get_level(enum log_level *level, unsigned *topics)
{
    *level = log_sink.level;
    *topics = log_sink.topics;
}

int log_parse_level(const char *text, enum log_level *level, unsigned *topics)
{
    CLEANUP_FREE char *copy = xstrdup(text);
    char *save = NULL;

    for (char *word = strtok_r(copy, ",", &save); word; word = strtok_r(NULL, ",", &save)) {
        bool known = false;

        for (size_t i = 0; i < ARRAY_SIZE(level_names); i++)
            if (!strcmp(word, level_names[i])) {
                *level = (enum log_level)i;
                known = true;
            }
        for (size_t i = 0; i < ARRAY_SIZE(topic_names); i++)
            if (!strcmp(word, topic_names[i].name)) {
                *topics |= topic_names[i].topic;
                known = true;
            }
        if (!known)
            return -1;
    }
    return 0;
}

void log_reopen(void)
{
    char path[sizeof log_sink.path];
    char program[sizeof log_sink.program];

    if (!log_sink.path[0])
        return;
    memcpy(path, log_sink.path, sizeof path);
    memcpy(program, log_sink.program, sizeof program);
    log_open(program, path, log_sink.with_time);
}

static void log_write(const char *level, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0)));

static void log_write(const char *level, const char *fmt, va_list ap)
{
    char line[LOG_LINE_MAX];
    size_t used = 0, end;
    ssize_t ignored;
    int n;

    if (log_sink.with_time) {
        struct timespec now;
        struct tm tm;

        clock_gettime(CLOCK_REALTIME, &now);
        localtime_r(&now.tv_sec, &tm);
        used = strftime(line, sizeof line, "[%Y-%m-%dT%H:%M:%S", &tm);
        used += (size_t)snprintf(line + used, sizeof line - used, ".%03ld] %s%s", now.tv_nsec / 1000000,
                                 level ? level : "", level ? ": " : "");
    } else {
        used = (size_t)snprintf(line, sizeof line, "%s%s%s%s", log_sink.program,
                                log_sink.program[0] ? ": " : "", level ? level : "",
                                level ? ": " : "");
    }
    n = vsnprintf(line + used, sizeof line - used - 1, fmt, ap);
    end = n < 0 ? used : used + (size_t)n;
    if (end > sizeof line - 2)
        end = sizeof line - 2;
    /* Names and reasons may come from users: a log line is one line of plain text. */
    for (size_t i = used; i < end; i++)
        if ((unsigned char)line[i] < 0x20 && line[i] != '\t')
            line[i] = '?';
        else if (line[i] == 0x7f)
            line[i] = '?';
    line[end++] = '\n';
    ignored = write(log_sink.fd, line, end);
    (void)ignored;
}

#define LOG_FUNCTION(name, lv, word)                                                           \
    void name(const char *fmt, ...)                                                            \
    {                                                                                          \
        va_list ap;                                                                            \
        if (log_sink.level < (lv))                                                             \
            return;                                                                            \
        va_start(ap, fmt);                                                                     \
        log_write(word, fmt, ap);                                                              \
        va_end(ap);                                                                            \
    }
LOG_FUNCTION(log_error, LOG_LV_ERROR, "error")
LOG_FUNCTION(log_warning, LOG_LV_WARNING, "warning")
LOG_FUNCTION(log_notice, LOG_LV_NOTICE, NULL)
LOG_FUNCTION(log_info, LOG_LV_INFO, NULL)

bool log_debug_on(enum log_topic topic)
{
    return log_sink.level >= LOG_LV_DEBUG && (!log_sink.topics || (log_sink.topics & topic));
}

void log_debug_line(enum log_topic topic, const char *fmt, ...)
{
    va_list ap;

    (void)topic;
    va_start(ap, fmt);
    log_write("debug", fmt, ap);
    va_end(ap);
}
