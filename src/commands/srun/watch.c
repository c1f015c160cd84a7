/* watch.c - readiness of a descriptor that others share.
 *
 * The event loop makes what it watches non-blocking; on standard input and output that would reach
 * the shell and every other program behind the same terminal or pipe.  So the descriptor sits in an
 * epoll instance of its own, and the loop watches that.
 */
#include "config.h"
#include "srun_private.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "reactor/reactor.h"
#include "util/mem.h"

struct fd_watch {
    struct reactor_fd *handle;
    fd_watch_f *on_ready;
    void *arg;
    int epoll;
};

static void on_epoll(void *arg, int events, int status)
{
    struct fd_watch *w = arg;

    (void)events;
    (void)status;
    w->on_ready(w->arg);
}

struct fd_watch *fd_watch_create(struct reactor *r, int fd, bool for_writing, fd_watch_f *on_ready, void *arg)
{
    struct epoll_event event = { .events = for_writing ? EPOLLOUT : EPOLLIN };
    struct fd_watch *w = xcalloc(1, sizeof *w);

    w->on_ready = on_ready;
    w->arg = arg;
    w->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (w->epoll < 0 || epoll_ctl(w->epoll, EPOLL_CTL_ADD, fd, &event) < 0
        || !(w->handle = reactor_fd_create(r, w->epoll, on_epoll, w))) {
        if (w->epoll >= 0)
            close(w->epoll);
        free(w);
        return NULL;
    }
    return w;
}

void fd_watch_set(struct fd_watch *w, bool on)
{
    if (w)
        reactor_fd_watch(w->handle, on ? REACTOR_READ : 0);
}

void fd_watch_close(struct fd_watch *w)
{
    if (!w)
        return;
    reactor_fd_close(w->handle);
    close(w->epoll);
    free(w);
}
