/* io.c - start of the i/o process, its socket to the shepherd, and its end. */
#include "config.h"
#include "bramblestepd/io/io_private.h"

#include "bramblestepd/task/become.h"
#include "bramblestepd/task/spawn.h"
#include "util/fs.h"
#include "util/log.h"
#include "util/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FINISH_STALL_MS 30000 /* a client that takes nothing for so long does not hold up the end */
#define DONE_CLOSE_MS 10000   /* a client that was told the end has so long to close */

void io_link_send(struct io *io, enum link_type type, uint32_t task, uint32_t value, const void *body, size_t len)
{
    struct link_head head = { .type = type, .task = task, .value = value };

    if (len > LINK_BODY_MAX)
        len = LINK_BODY_MAX;
    if (link_send(io->link_fd, &head, body, len, NULL, 0) < 0 && errno != EAGAIN)
        _exit(1);
}

void io_remove_tree(const char *path)
{
    const char *name = strrchr(path, '/') + 1;
    char dir[4096];
    int fd;

    snprintf(dir, sizeof dir, "%.*s", (int)(name - path), path);
    if ((fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
        return;
    fs_remove_tree(fd, name, NULL);
    close(fd);
}

void io_exit(struct io *io, int code)
{
    io_launch_fini(io);
    if (io->made_tmp)
        io_remove_tree(io->order->tmp_dir);
    _exit(code);
}

void io_abort(struct io *io, uint32_t gtid, uint32_t code, const char *text, bool to_monitor, bool to_peers)
{
    if (io->aborted)
        return;
    io->aborted = true;
    io->abort_gtid = gtid;
    snprintf(io->abort_text, sizeof io->abort_text, "%s", text);
    if (to_monitor)
        io_link_send(io, LINK_ABORT, gtid, code, io->abort_text, strlen(io->abort_text));
    for (uint32_t i = 0; to_peers && i < io->order->whole.num_nodes; i++)
        if (i != io->order->whole.node_index)
            io_peer_send(io, i, PEER_KIND_ABORT, (uint64_t)gtid << 32 | code, io->abort_text,
                         strlen(io->abort_text));
}

/* Every task is gone: once every byte is on its way, say so and leave. */
void io_check_done(struct io *io)
{
    if (!io->finishing || io->done)
        return;
    if (io->lost)
        io_exit(io, 0);
    reactor_timer_start(io->finish_timer, FINISH_STALL_MS, 0);
    if (io->num_open || !io->had_client)
        return;
    io->done = true;
    io_clients_done(io);
    if (!io->num_clients)
        io_exit(io, 0);
    reactor_timer_start(io->finish_timer, DONE_CLOSE_MS, 0);
}

static void on_finish_late(void *arg)
{
    io_exit(arg, 0);
}

static void on_message(struct io *io, struct link_message *m)
{
    switch (m->head.type) {
    case LINK_CLIENT:
        io_client_arrived(io, m);
        break;
    case LINK_STARTED:
        if (m->head.task < io->order->num_tasks) {
            io->tasks[m->head.task].pid = (pid_t)m->head.value;
            io_launch_started(io, m->head.task, (pid_t)m->head.value);
        }
        break;
    case LINK_EXITED:
        if (m->head.task < io->order->num_tasks) {
            io->tasks[m->head.task].ended = true;
            io->tasks[m->head.task].status = m->head.value;
            io_clients_exit(io, m->head.task);
            io_launch_ended(io, m->head.task, (int)m->head.value);
        }
        break;
    case LINK_TEXT:
        io_clients_text(io, m->body);
        break;
    case LINK_ABORT:
        io_abort(io, m->head.task, m->head.value, m->body, false, true);
        break;
    case LINK_ENDING:
        io->ending = true;
        break;
    case LINK_FINISH:
        io->finishing = true;
        io->exit_status = m->head.value;
        io_check_done(io);
        break;
    default:
        break;
    }
    link_close_fds(m); /* those that nobody took */
}

static void on_link(void *arg, int events, int status)
{
    struct io *io = arg;
    int rc;

    (void)events;
    (void)status;
    while ((rc = link_recv(io->link_fd, io->link_in)) > 0)
        on_message(io, io->link_in);
    if (rc < 0 && errno == EAGAIN)
        return;
    io_exit(io, 1); /* the shepherd is gone, and the tasks with it */
}

/* Streams and environment of every task, then the word that they may start. */
static int prepare(struct io *io, struct error *err)
{
    struct order *o = io->order;

    if (io_streams_open(io, err) < 0 || io_peers_create(io) < 0 || io_launch_init(io, err) < 0)
        return -1;
    for (uint32_t i = 0; i < o->num_tasks; i++)
        if (io_launch_prepare(io, i, err) < 0)
            return -1;
    io_link_send(io, LINK_READY, 0, 0, NULL, 0);
    return 0;
}

static int enter(const struct io_start *start)
{
    for (unsigned i = 0; i < start->num_cgroup_fds; i++)
        if (write(start->cgroup_fds[i], "0", 1) != 1)
            return -1;
    child_reset_signals();
    signal(SIGPIPE, SIG_IGN);
    if (setsid() < 0 || become_user(start->who) < 0)
        return -1;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    /* The step's key is for shepherds: the user's other processes must not look for it here. */
    prctl(PR_SET_DUMPABLE, 0);
    umask(077);
    return getppid() == start->monitor ? chdir("/") : -1;
}

/* Keep the link, and the log when debugging; the shepherd's other descriptors are none of ours. */
static int keep_only(int fd)
{
    int low = STDERR_FILENO + 1;

    int null = log_debug_on(DBG_LAUNCH) ? -1 : open("/dev/null", O_RDWR | O_CLOEXEC);

    /* What launchers and their libraries print is not for the node's log. */
    if (null >= 0 && dup2(null, STDERR_FILENO) < 0)
        return -1;
    if (fd > low && (dup2(fd, low) < 0 || fcntl(low, F_SETFD, FD_CLOEXEC) < 0))
        return -1;
    if (syscall(SYS_close_range, low + 1, ~0U, 0) < 0)
        for (int other = low + 1; other < 4096; other++)
            close(other);
    return low;
}

void io_main(const struct io_start *start)
{
    struct io *io;
    struct error err = { 0 };

    if (enter(start) < 0)
        _exit(1);
    io = xcalloc(1, sizeof *io);
    io->order = start->order;
    io->monitor = start->monitor;
    list_init(&io->clients);
    list_init(&io->history);
    list_init(&io->texts);
    list_init(&io->watches);
    if ((io->link_fd = keep_only(start->link_fd)) < 0 || !(io->reactor = reactor_create(&err)))
        _exit(1);
    io->link_in = xmalloc(sizeof *io->link_in);
    io->lost_timer = NULL;
    io->finish_timer = reactor_timer_create(io->reactor, on_finish_late, io);
    io->link_watch = reactor_fd_create(io->reactor, io->link_fd, on_link, io);
    if (!io->link_watch || reactor_fd_watch(io->link_watch, REACTOR_READ) < 0)
        _exit(1);
    io_clients_start_timer(io);
    if (prepare(io, &err) < 0)
        io_link_send(io, LINK_FAILED, 0, 0, err.text, strlen(err.text));
    reactor_run(io->reactor);
    io_exit(io, 0);
}
