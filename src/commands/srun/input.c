/* input.c - standard input to the tasks, no faster than the slowest node takes it. */
#include "config.h"
#include "srun_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "reactor/reactor.h"
#include "rpc/rpc.h"
#include "wire/step.pb-c.h"

#define INPUT_CHUNK 16384

/* The node that alone gets input, or -1: all of them do. */
static int64_t only_node(const struct srun *s)
{
    if (s->options.pty)
        return s->num_tasks ? (int64_t)s->tasks[0].node : -1;
    return s->in.mode == STREAM_TASK ? (int64_t)s->tasks[s->in.task].node : -1;
}

bool input_wanted_by(const struct srun *s, const struct srun_node *node)
{
    int64_t only = only_node(s);

    if (s->in.mode == STREAM_NONE || s->in.mode == STREAM_REMOTE)
        return false;
    return only < 0 || only == (int64_t)node->index;
}

/* How much every node that still listens takes; 0 while one is not there yet. */
static size_t common_credit(const struct srun *s, bool *anyone)
{
    uint64_t least = INPUT_CHUNK;

    *anyone = false;
    for (uint32_t i = 0; i < s->num_nodes; i++) {
        const struct srun_node *node = &s->nodes[i];

        if (node->done || node->lost || !input_wanted_by(s, node))
            continue;
        *anyone = true;
        if (!node->attached || node->in_credit < least)
            least = node->attached ? node->in_credit : 0;
    }
    return *anyone ? (size_t)least : 0;
}

static void send_input(struct srun *s, const uint8_t *data, size_t len)
{
    for (uint32_t i = 0; i < s->num_nodes; i++) {
        struct srun_node *node = &s->nodes[i];
        Wire__StepData message = WIRE__STEP_DATA__INIT;

        if (!node->conn || !node->attached || node->done || node->eof_sent || !input_wanted_by(s, node))
            continue;
        if (s->in.mode == STREAM_TASK || s->options.pty) {
            message.has_gtid = 1;
            message.gtid = s->options.pty ? 0 : s->in.task;
        }
        message.has_stream = message.has_data = 1;
        message.data = (ProtobufCBinaryData){ len, (uint8_t *)(uintptr_t)data };
        node->in_credit -= len <= node->in_credit ? len : node->in_credit;
        if (!len)
            node->eof_sent = true;
        rpc_conn_send(node->conn, MSG_STEP_DATA, 0, &message.base);
    }
}

static bool in_background(const struct srun *s)
{
    return isatty(s->in_fd) && tcgetpgrp(s->in_fd) != getpgrp();
}

static void read_chunk(struct srun *s, size_t room)
{
    uint8_t data[INPUT_CHUNK];
    ssize_t got = read(s->in_fd, data, room);

    if (got < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (got <= 0) {
        s->in_eof = true;
        send_input(s, NULL, 0);
        return;
    }
    send_input(s, data, (size_t)got);
}

/* A file is always ready: one chunk a turn of the loop, so that output and signals are served between. */
static void read_file(void *arg)
{
    struct srun *s = arg;
    bool anyone;
    size_t room = common_credit(s, &anyone);

    s->in_deferred = false;
    if (room && !s->in_eof && s->stage == SRUN_RUNNING) {
        read_chunk(s, room);
        input_kick(s);
    }
}

static void on_readable(void *arg)
{
    struct srun *s = arg;
    bool anyone;
    size_t room = common_credit(s, &anyone);

    if (room && !s->in_eof && !in_background(s))
        read_chunk(s, room);
    input_kick(s);
}

/* Called when there may be input, or room for it. */
void input_kick(struct srun *s)
{
    bool anyone, ready;

    if (s->stage != SRUN_RUNNING)
        return;
    if (s->in_eof) { /* a node that came late is told too */
        fd_watch_set(s->in_watch, false);
        send_input(s, NULL, 0);
        return;
    }
    if (s->in_fd < 0)
        return;
    ready = common_credit(s, &anyone) && !in_background(s);
    if (s->in_watch) {
        fd_watch_set(s->in_watch, ready);
    } else if (ready && !s->in_deferred) {
        s->in_deferred = true;
        reactor_defer(s->reactor, read_file, s);
    }
}

void input_start(struct srun *s)
{
    if (s->in.mode == STREAM_NONE || s->in.mode == STREAM_REMOTE) {
        s->in_fd = -1;
        return;
    }
    if (s->in.mode != STREAM_LOCAL)
        s->in_fd = STDIN_FILENO;
    if (fcntl(s->in_fd, F_GETFD) < 0) {
        s->in_fd = -1;
        s->in_eof = true;
        return;
    }
    s->in_watch = fd_watch_create(s->reactor, s->in_fd, false, on_readable, s);
    input_kick(s);
}

void input_fini(struct srun *s)
{
    fd_watch_close(s->in_watch);
    s->in_watch = NULL;
    if (s->in.mode == STREAM_LOCAL && s->in_fd >= 0)
        close(s->in_fd);
}
