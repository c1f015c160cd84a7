/* output.c - what tasks write: whole lines, labels, and sinks that never block the loop. */
#include "config.h"
#include "srun_private.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reactor/reactor.h"
#include "util/fs.h"
#include "util/log.h"
#include "util/mem.h"

#define PARTIAL_MAX 65536 /* of a line that does not end */
#define SINK_HIGH (1u << 20)
#define PIPE_SAFE 4096 /* what a pipe that polls writable takes without blocking */

struct outlet {
    struct reactor *reactor;
    struct fd_watch *watch;
    outlet_event_f *on_drain, *on_broken;
    void *arg;
    char *queue;
    size_t start, end, cap;
    int fd;
    bool pollable, broken;
};

static void outlet_push(struct outlet *s)
{
    size_t before = s->end - s->start;

    while (s->start < s->end) {
        size_t len = s->end - s->start;
        struct pollfd ready = { .fd = s->fd, .events = POLLOUT };
        ssize_t put;

        if (s->pollable) {
            if (poll(&ready, 1, 0) <= 0)
                break;
            if (len > PIPE_SAFE)
                len = PIPE_SAFE;
        }
        put = write(s->fd, s->queue + s->start, len);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0 && errno == EAGAIN)
            break;
        if (put < 0) {
            s->broken = true;
            s->start = s->end = 0;
            if (s->on_broken)
                s->on_broken(s->arg);
            break;
        }
        s->start += (size_t)put;
    }
    if (s->start == s->end)
        s->start = s->end = 0;
    fd_watch_set(s->watch, s->start < s->end);
    if (before >= SINK_HIGH && s->end - s->start < SINK_HIGH && s->on_drain)
        s->on_drain(s->arg);
}

static void on_writable(void *arg)
{
    outlet_push(arg);
}

struct outlet *outlet_create(struct reactor *r, int fd, outlet_event_f *on_drain, outlet_event_f *on_broken, void *arg)
{
    struct outlet *s = xcalloc(1, sizeof *s);
    struct stat st;

    s->reactor = r;
    s->fd = fd;
    s->on_drain = on_drain;
    s->on_broken = on_broken;
    s->arg = arg;
    s->pollable = fstat(fd, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode);
    return s;
}

void outlet_write(struct outlet *s, const void *data, size_t len)
{
    if (s->broken || !len)
        return;
    if (s->cap - s->end < len && s->start) {
        memmove(s->queue, s->queue + s->start, s->end - s->start);
        s->end -= s->start;
        s->start = 0;
    }
    if (s->cap - s->end < len) {
        while (s->cap - s->end < len)
            s->cap = s->cap ? 2 * s->cap : 8192;
        s->queue = xrealloc(s->queue, s->cap);
    }
    memcpy(s->queue + s->end, data, len);
    s->end += len;
    outlet_push(s);
    /* Only what did not fit at once needs the loop. */
    if (s->start < s->end && s->pollable && !s->watch
        && (s->watch = fd_watch_create(s->reactor, s->fd, true, on_writable, s)))
        fd_watch_set(s->watch, true);
}

size_t outlet_queued(const struct outlet *s)
{
    return s->end - s->start;
}

void outlet_destroy(struct outlet *s)
{
    if (!s)
        return;
    fd_watch_close(s->watch);
    if (!s->broken && s->end > s->start && fs_write_all(s->fd, s->queue + s->start, s->end - s->start) < 0
        && errno != EPIPE)
        log_error("cannot write output: %s", strerror(errno));
    free(s->queue);
    free(s);
}

bool output_has_room(const struct srun *s)
{
    return (!s->out_sink || outlet_queued(s->out_sink) < SINK_HIGH)
           && (!s->err_sink || outlet_queued(s->err_sink) < SINK_HIGH);
}

static void put_label(struct srun *s, struct outlet *sink, uint32_t gtid)
{
    char label[32];

    if (s->options.label && !s->options.pty)
        outlet_write(sink, label, (size_t)snprintf(label, sizeof label, "%*u: ", (int)s->label_width,
                                                    gtid + s->het_first_task));
}

/* Complete lines, or what there is when it must go out now. */
static void put_lines(struct srun *s, struct outlet *sink, uint32_t gtid, const char *data, size_t len, bool whole)
{
    if (!s->options.label || s->options.pty) {
        outlet_write(sink, data, len);
        return;
    }
    while (len) {
        const char *newline = memchr(data, '\n', len);
        size_t line = newline ? (size_t)(newline - data) + 1 : len;

        put_label(s, sink, gtid);
        outlet_write(sink, data, line);
        if (!newline && whole)
            outlet_write(sink, "\n", 1);
        data += line;
        len -= line;
    }
}

void output_data(struct srun *s, struct srun_node *node, uint32_t gtid, unsigned stream, const uint8_t *data,
                 size_t len)
{
    struct outlet *sink = stream == 2 ? s->err_sink : s->out_sink;
    const struct stream *to = stream == 2 ? &s->err : &s->out;
    struct strbuf *partial;
    const uint8_t *newline;
    size_t lines;

    if (gtid >= s->num_tasks || s->tasks[gtid].node != node->index || (stream != 1 && stream != 2))
        return;
    if (!sink || (to->mode == STREAM_TASK && to->task != gtid))
        return;
    partial = &s->tasks[gtid].partial[stream - 1];
    if (!len) { /* the end of the stream */
        put_lines(s, sink, gtid, strbuf_str(partial), partial->len, true);
        strbuf_fini(partial);
        return;
    }
    if ((s->options.unbuffered && !s->options.label) || s->options.pty) {
        outlet_write(sink, data, len);
        return;
    }
    newline = memrchr(data, '\n', len);
    lines = newline ? (size_t)(newline - data) + 1 : 0;
    if (lines) {
        if (partial->len) {
            strbuf_add_mem(partial, data, lines);
            put_lines(s, sink, gtid, partial->data, partial->len, false);
            strbuf_truncate(partial, 0);
        } else {
            put_lines(s, sink, gtid, (const char *)data, lines, false);
        }
    }
    if (lines < len)
        strbuf_add_mem(partial, data + lines, len - lines);
    if (partial->len > PARTIAL_MAX || (s->options.unbuffered && partial->len)) {
        put_lines(s, sink, gtid, partial->data, partial->len, true);
        strbuf_truncate(partial, 0);
    }
}

void output_line(struct srun *s, const char *text)
{
    size_t len = strlen(text);
    struct outlet *sink = s->err_sink && s->err.mode == STREAM_ALL ? s->err_sink : NULL;

    if (sink) {
        outlet_write(sink, text, len);
        if (!len || text[len - 1] != '\n')
            outlet_write(sink, s->saved_terminal ? "\r\n" : "\n", s->saved_terminal ? 2 : 1);
    } else {
        fprintf(stderr, "%s%s", text, len && text[len - 1] == '\n' ? "" : "\n");
    }
}
