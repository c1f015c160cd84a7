/* io_stream.c - the tasks' streams: pipes or a pty, reading with the clients' credit, feeding input. */
#include "config.h"
#include "bramblestepd/io/io_private.h"

#include "util/log.h"
#include "util/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define READ_MAX 65536
#define TTY_EOF "\004"

static void set_nonblock(int fd)
{
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

/* ---- output ---- */

static void output_close(struct io_output *out)
{
    struct io *io = out->io;

    reactor_fd_close(out->watch);
    out->watch = NULL;
    if (io->tasks[out->task].tty != out->fd)
        close(out->fd);
    out->fd = -1;
    io->num_open--;
    io_clients_data(io, io->order->tasks[out->task].gtid, out->stream, NULL, 0);
    io_check_done(io);
}

static void on_output(void *arg, int events, int status)
{
    struct io_output *out = arg;
    struct io *io = out->io;
    uint64_t credit = io_clients_credit(io);
    uint8_t data[READ_MAX];
    ssize_t n;

    (void)events;
    (void)status;
    if (io->lost)
        credit = sizeof data; /* nobody is there to read it: it must not hold up the end */
    if (!credit) {
        io_flow_update(io);
        return;
    }
    n = read(out->fd, data, credit < sizeof data ? (size_t)credit : sizeof data);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) { /* a pty says EIO when its last user is gone */
        output_close(out);
        return;
    }
    io_clients_data(io, io->order->tasks[out->task].gtid, out->stream, data, (size_t)n);
    if (!io->lost && !io_clients_credit(io))
        io_flow_update(io);
    if (io->finishing)
        io_check_done(io);
}

static void output_flow(struct io_output *out, bool flowing)
{
    if (out->fd >= 0 && out->watch)
        reactor_fd_watch(out->watch, flowing ? REACTOR_READ : 0);
}

void io_flow_update(struct io *io)
{
    bool flowing = io->lost || io_clients_credit(io) > 0;

    if (flowing == io->flowing)
        return;
    io->flowing = flowing;
    for (uint32_t i = 0; i < io->order->num_tasks; i++) {
        output_flow(&io->tasks[i].out, flowing);
        output_flow(&io->tasks[i].err, flowing);
    }
}

static int output_open(struct io_output *out, int fd, struct error *err)
{
    set_nonblock(fd);
    out->fd = fd;
    out->io->num_open++;
    out->watch = reactor_fd_create(out->io->reactor, fd, on_output, out);
    return out->watch ? 0 : error_set(err, errno, "cannot watch a task's output: %s", strerror(errno));
}

/* ---- input ---- */

static void chunk_unref(struct io *io, struct io_chunk *chunk)
{
    if (--chunk->refs)
        return;
    io_client_give_credit(io, chunk->client_id, chunk->len);
    free(chunk);
}

static void input_pop(struct io_input *in)
{
    struct io_queued *q = container_of(list_first(&in->queue), struct io_queued, node);

    list_remove(&q->node);
    chunk_unref(in->io, q->chunk);
    free(q);
}

static void input_close(struct io_input *in)
{
    reactor_fd_close(in->watch);
    in->watch = NULL;
    if (!in->is_tty && in->fd >= 0)
        close(in->fd);
    in->fd = -1;
    while (!list_is_empty(&in->queue))
        input_pop(in);
}

static void input_pump(struct io_input *in)
{
    while (in->fd >= 0 && !list_is_empty(&in->queue)) {
        struct io_queued *q = container_of(list_first(&in->queue), struct io_queued, node);
        ssize_t n;

        if (!q->chunk->len) {
            if (in->is_tty && write(in->fd, TTY_EOF, 1) < 0 && errno == EAGAIN)
                break;
            input_pop(in);
            if (!in->is_tty)
                input_close(in);
            continue;
        }
        n = write(in->fd, q->chunk->data + q->done, q->chunk->len - q->done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            break;
        if (n < 0) {
            input_close(in); /* the task does not read any more */
            return;
        }
        q->done += (size_t)n;
        if (q->done == q->chunk->len)
            input_pop(in);
    }
    if (in->fd >= 0 && in->watch)
        reactor_fd_watch(in->watch, list_is_empty(&in->queue) ? 0 : REACTOR_WRITE);
}

static void on_input(void *arg, int events, int status)
{
    struct io_input *in = arg;

    (void)events;
    (void)status;
    input_pump(in);
}

bool io_wants_input(const struct io *io)
{
    for (uint32_t i = 0; i < io->order->num_tasks; i++)
        if (io->tasks[i].in.fd >= 0)
            return true;
    return false;
}

void io_input_add(struct io *io, struct io_client *client, const Wire__StepData *data)
{
    struct io_chunk *chunk = xmalloc(sizeof *chunk + data->data.len);

    chunk->refs = 1;
    chunk->client_id = client->id;
    chunk->len = data->data.len;
    if (chunk->len)
        memcpy(chunk->data, data->data.data, chunk->len);
    for (uint32_t i = 0; i < io->order->num_tasks; i++) {
        struct io_input *in = &io->tasks[i].in;
        struct io_queued *q;

        if (in->fd < 0 || (data->has_gtid && data->gtid != io->order->tasks[i].gtid))
            continue;
        q = xcalloc(1, sizeof *q);
        q->chunk = chunk;
        chunk->refs++;
        list_append(&in->queue, &q->node);
        input_pump(in);
    }
    chunk_unref(io, chunk);
}

static int input_open(struct io_input *in, int fd, bool is_tty, struct error *err)
{
    set_nonblock(fd);
    in->fd = fd;
    in->is_tty = is_tty;
    if (is_tty && (in->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0)) < 0) /* the loop watches a number once */
        return error_set(err, errno, "pty: %s", strerror(errno));
    in->watch = reactor_fd_create(in->io->reactor, in->fd, on_input, in);
    return in->watch ? 0 : error_set(err, errno, "cannot watch a task's input: %s", strerror(errno));
}

/* ---- making and handing over ---- */

struct handed { /* the tasks' ends, until the shepherd has them */
    int fds[LINK_FDS_MAX];
    unsigned count;
    uint32_t flags;
};

static int add_pipe(struct handed *h, uint32_t flag, bool task_reads, int *ours, struct error *err)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) < 0)
        return error_set(err, errno, "pipe: %s", strerror(errno));
    h->flags |= flag;
    h->fds[h->count++] = ends[task_reads ? 0 : 1];
    *ours = ends[task_reads ? 1 : 0];
    return 0;
}

void io_window(struct io *io, uint32_t rows, uint32_t cols)
{
    struct winsize size = { .ws_row = (unsigned short)rows, .ws_col = (unsigned short)cols };

    for (uint32_t i = 0; i < io->order->num_tasks; i++)
        if (io->tasks[i].tty >= 0)
            ioctl(io->tasks[i].tty, TIOCSWINSZ, &size);
}

static int open_tty(struct io *io, struct io_task *t, struct handed *h, struct error *err)
{
    struct winsize size = { .ws_row = io->order->pty_rows ? io->order->pty_rows : 24,
                            .ws_col = io->order->pty_cols ? io->order->pty_cols : 80 };
    int slave;

    if (openpty(&t->tty, &slave, NULL, NULL, &size) < 0)
        return error_set(err, errno, "openpty: %s", strerror(errno));
    fcntl(t->tty, F_SETFD, FD_CLOEXEC);
    fcntl(slave, F_SETFD, FD_CLOEXEC);
    h->flags |= LINK_FD_TTY;
    h->fds[h->count++] = slave;
    return output_open(&t->out, t->tty, err) < 0 ? -1 : input_open(&t->in, t->tty, true, err);
}

static int open_task(struct io *io, uint32_t task, struct handed *h, struct error *err)
{
    const struct order_task *ot = &io->order->tasks[task];
    struct io_task *t = &io->tasks[task];
    int fd;

    if (io->order->pty && ot->in.kind == STREAM_FORWARD)
        return open_tty(io, t, h, err);
    if (ot->in.kind == STREAM_FORWARD
        && (add_pipe(h, LINK_FD_IN, true, &fd, err) < 0 || input_open(&t->in, fd, false, err) < 0))
        return -1;
    if (ot->out.kind == STREAM_FORWARD
        && (add_pipe(h, LINK_FD_OUT, false, &fd, err) < 0 || output_open(&t->out, fd, err) < 0))
        return -1;
    if (ot->err.kind == STREAM_FORWARD
        && (add_pipe(h, LINK_FD_ERR, false, &fd, err) < 0 || output_open(&t->err, fd, err) < 0))
        return -1;
    return 0;
}

int io_streams_open(struct io *io, struct error *err)
{
    (void)err;
    io->tasks = xcalloc(io->order->num_tasks, sizeof *io->tasks);
    for (uint32_t i = 0; i < io->order->num_tasks; i++) {
        struct io_task *t = &io->tasks[i];

        t->out = (struct io_output){ .io = io, .task = i, .stream = 1, .fd = -1 };
        t->err = (struct io_output){ .io = io, .task = i, .stream = 2, .fd = -1 };
        t->in = (struct io_input){ .io = io, .fd = -1 };
        t->tty = -1;
        list_init(&t->in.queue);
    }
    return 0;
}

int io_task_hand_over(struct io *io, uint32_t task, const char *env, size_t env_len, int keep_fd, struct error *err)
{
    struct handed h = { .count = 0 };
    struct link_head head = { .type = LINK_TASK, .task = task };
    int rc = open_task(io, task, &h, err);

    if (rc == 0) {
        unsigned count = h.count;

        head.flags = h.flags;
        if (keep_fd >= 0) {
            head.flags |= LINK_FD_KEEP;
            head.value = (uint32_t)keep_fd;
            h.fds[count++] = keep_fd;
        }
        while ((rc = link_send(io->link_fd, &head, env, env_len, h.fds, count)) < 0 && errno == EAGAIN)
            usleep(500); /* many tasks at once: the shepherd is reading them */
        if (rc < 0)
            error_set(err, errno, "cannot hand task %u to the shepherd: %s", task, strerror(errno));
    }
    for (unsigned i = 0; i < h.count; i++)
        close(h.fds[i]);
    return rc;
}
