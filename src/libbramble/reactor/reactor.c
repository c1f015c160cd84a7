/* reactor.c - libuv behind the names of reactor.h.
 *
 * The loop is run one turn at a time, so that deferred calls run between turns without a handle of
 * their own; the async handle of reactor_post() keeps an otherwise empty loop asleep, not spinning.
 */
#include "config.h"
#include "reactor/reactor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include "util/error.h"
#include "util/mem.h"

enum { OFFLOAD_MAX = 8192 };

struct call {
    struct call *next;
    reactor_work_f *fn;
    void *arg;
};
struct call_queue {
    struct call *head, **tail;
};

struct reactor {
    uv_loop_t loop;
    uv_async_t wake;
    uv_mutex_t lock; /* guards posted */
    struct call_queue posted, deferred;
    struct call *spare; /* call records for reuse; loop's thread only */
    unsigned num_spare, num_offloaded, num_workers; /* num_workers 0: they are started */
    bool stopped, destroying;
    int code;
};

struct reactor_timer {
    uv_timer_t uv;
    reactor_timer_f *on_timer;
    void *arg;
};
struct reactor_fd {
    uv_poll_t uv;
    reactor_fd_f *on_ready;
    void *arg;
    int fd, events;
};
struct reactor_signal {
    uv_signal_t uv;
    reactor_signal_f *on_signal;
    void *arg;
};
struct offload {
    uv_work_t uv;
    struct reactor *reactor;
    reactor_work_f *work, *done;
    void *arg;
};

/* ---- queues of calls ---- */

static void queue_init(struct call_queue *q)
{
    q->head = NULL;
    q->tail = &q->head;
}

static void queue_add(struct call_queue *q, struct call *call)
{
    call->next = NULL;
    *q->tail = call;
    q->tail = &call->next;
}

/* Runs what is queued now and no more. */
static void queue_run(struct reactor *r, struct call_queue *q)
{
    struct call *call = q->head;

    queue_init(q);
    while (call) {
        struct call *next = call->next;

        call->fn(call->arg);
        if (r->num_spare < 64) {
            call->next = r->spare;
            r->spare = call;
            r->num_spare++;
        } else {
            free(call);
        }
        call = next;
    }
}

static void queue_free(struct call *call)
{
    while (call) {
        struct call *next = call->next;

        free(call);
        call = next;
    }
}

static void on_wake(uv_async_t *async)
{
    struct reactor *r = async->data;
    struct call_queue q;

    uv_mutex_lock(&r->lock);
    q = r->posted;
    queue_init(&r->posted);
    uv_mutex_unlock(&r->lock);
    if (q.head && !r->destroying)
        queue_run(r, &q);
    else
        queue_free(q.head);
}

/* ---- the loop ---- */

/* A launcher such as hydra starts programs with standard descriptors closed; a socket or epoll that
 * got such a number would be written to by whatever prints, and libuv refuses to close it. */
static void fill_standard_fds(void)
{
    int fd;

    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd > STDERR_FILENO)
        close(fd);
}

struct reactor *reactor_create(struct error *err)
{
    struct reactor *r;
    int rc;

    fill_standard_fds();
    r = xcalloc(1, sizeof *r);
    queue_init(&r->posted);
    queue_init(&r->deferred);
    r->num_workers = 1;
    if ((rc = uv_loop_init(&r->loop)) < 0) {
        free(r);
        error_set(err, -rc, "cannot make an event loop: %s", uv_strerror(rc));
        return NULL;
    }
    if ((rc = uv_mutex_init(&r->lock)) < 0 || (rc = uv_async_init(&r->loop, &r->wake, on_wake)) < 0) {
        uv_loop_close(&r->loop);
        free(r);
        error_set(err, -rc, "cannot make an event loop: %s", uv_strerror(rc));
        return NULL;
    }
    r->wake.data = r;
    return r;
}

static void on_handle_closed(uv_handle_t *h)
{
    free(h->data);
}

static void close_handle(uv_handle_t *h, void *arg)
{
    struct reactor *r = arg;

    if (!uv_is_closing(h))
        uv_close(h, h == (uv_handle_t *)&r->wake ? NULL : on_handle_closed);
}

void reactor_destroy(struct reactor *r)
{
    int saved_errno = errno;

    if (!r)
        return;
    r->destroying = true;
    uv_walk(&r->loop, close_handle, r);
    while (uv_run(&r->loop, UV_RUN_DEFAULT))
        ;
    uv_loop_close(&r->loop);
    uv_mutex_destroy(&r->lock);
    queue_free(r->posted.head);
    queue_free(r->deferred.head);
    queue_free(r->spare);
    free(r);
    errno = saved_errno;
}

int reactor_run(struct reactor *r)
{
    r->stopped = false;
    while (!r->stopped) {
        uv_run(&r->loop, r->deferred.head ? UV_RUN_NOWAIT : UV_RUN_ONCE);
        if (r->deferred.head && !r->stopped)
            queue_run(r, &r->deferred);
    }
    return r->code;
}

void reactor_stop(struct reactor *r, int code)
{
    r->stopped = true;
    r->code = code;
    uv_stop(&r->loop);
}

uint64_t reactor_now_ms(struct reactor *r)
{
    return uv_now(&r->loop);
}

int reactor_forked(struct reactor *r)
{
    int rc = uv_loop_fork(&r->loop);

    if (rc < 0) {
        errno = -rc;
        return -1;
    }
    r->num_offloaded = 0; /* the workers stayed with the parent */
    return 0;
}

/* ---- timers ---- */

static void on_uv_timer(uv_timer_t *uv)
{
    struct reactor_timer *t = uv->data;

    t->on_timer(t->arg);
}

struct reactor_timer *reactor_timer_create(struct reactor *r, reactor_timer_f *on_timer, void *arg)
{
    struct reactor_timer *t = xcalloc(1, sizeof *t);

    t->on_timer = on_timer;
    t->arg = arg;
    uv_timer_init(&r->loop, &t->uv);
    t->uv.data = t;
    return t;
}

void reactor_timer_start(struct reactor_timer *t, uint64_t after_ms, uint64_t repeat_ms)
{
    /* The loop's idea of now may be old when a long callback ran before this one. */
    uv_update_time(t->uv.loop);
    uv_timer_start(&t->uv, on_uv_timer, after_ms, repeat_ms);
}

void reactor_timer_stop(struct reactor_timer *t)
{
    uv_timer_stop(&t->uv);
}

bool reactor_timer_active(const struct reactor_timer *t)
{
    return uv_is_active((const uv_handle_t *)&t->uv);
}

void reactor_timer_close(struct reactor_timer *t)
{
    if (t)
        uv_close((uv_handle_t *)&t->uv, on_handle_closed);
}

/* ---- descriptors ---- */

static int fd_error(int fd)
{
    int code = 0;
    socklen_t len = sizeof code;

    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &len) == 0)
        return code ? -code : -EPIPE;
    return errno == EBADF ? -EBADF : -EPIPE; /* a pipe whose reader is gone */
}

static void on_uv_poll(uv_poll_t *uv, int status, int uv_events)
{
    struct reactor_fd *h = uv->data;
    int events = 0;

    if (status < 0) { /* libuv says EBADF for whatever epoll calls an error, and stops */
        events = h->events;
        h->events = 0;
        h->on_ready(h->arg, events, fd_error(h->fd));
        return;
    }
    if (uv_events & UV_READABLE)
        events |= REACTOR_READ;
    if (uv_events & UV_WRITABLE)
        events |= REACTOR_WRITE;
    if (events)
        h->on_ready(h->arg, events, 0);
}

struct reactor_fd *reactor_fd_create(struct reactor *r, int fd, reactor_fd_f *on_ready, void *arg)
{
    struct reactor_fd *h = xcalloc(1, sizeof *h);
    int rc = uv_poll_init(&r->loop, &h->uv, fd);

    if (rc < 0) {
        free(h);
        errno = -rc;
        return NULL;
    }
    h->uv.data = h;
    h->on_ready = on_ready;
    h->arg = arg;
    h->fd = fd;
    return h;
}

int reactor_fd_watch(struct reactor_fd *h, int events)
{
    int uv_events = 0, rc;

    if (events == h->events)
        return 0;
    if (events & REACTOR_READ)
        uv_events |= UV_READABLE;
    if (events & REACTOR_WRITE)
        uv_events |= UV_WRITABLE;
    rc = uv_events ? uv_poll_start(&h->uv, uv_events, on_uv_poll) : uv_poll_stop(&h->uv);
    if (rc < 0) {
        errno = -rc;
        return -1;
    }
    h->events = events;
    return 0;
}

void reactor_fd_close(struct reactor_fd *h)
{
    if (h)
        uv_close((uv_handle_t *)&h->uv, on_handle_closed);
}

/* ---- signals ---- */

static void on_uv_signal(uv_signal_t *uv, int signum)
{
    struct reactor_signal *s = uv->data;

    s->on_signal(s->arg, signum);
}

struct reactor_signal *reactor_signal_create(struct reactor *r, int signum,
                                             reactor_signal_f *on_signal, void *arg)
{
    struct reactor_signal *s = xcalloc(1, sizeof *s);
    int rc = uv_signal_init(&r->loop, &s->uv);

    if (rc < 0) {
        free(s);
        errno = -rc;
        return NULL;
    }
    s->uv.data = s;
    s->on_signal = on_signal;
    s->arg = arg;
    if ((rc = uv_signal_start(&s->uv, on_uv_signal, signum)) < 0) {
        reactor_signal_close(s);
        errno = -rc;
        return NULL;
    }
    return s;
}

void reactor_signal_close(struct reactor_signal *s)
{
    if (s)
        uv_close((uv_handle_t *)&s->uv, on_handle_closed);
}

/* ---- workers and calls ---- */

static void on_uv_work(uv_work_t *uv)
{
    struct offload *o = uv->data;

    o->work(o->arg);
}

static void on_uv_work_done(uv_work_t *uv, int status)
{
    struct offload *o = uv->data;

    (void)status;
    if (o->reactor->num_offloaded)
        o->reactor->num_offloaded--;
    if (!o->reactor->destroying)
        o->done(o->arg);
    free(o);
}

void reactor_set_workers(struct reactor *r, unsigned num)
{
    if (r->num_workers && num)
        r->num_workers = num;
}

/* libuv asks the environment how many threads to start when the first work is queued.  Children must
 * not find the answer there, and who set it from outside is heeded. */
static int queue_first_work(struct reactor *r, uv_work_t *work)
{
    char text[12];
    bool ours = !getenv("UV_THREADPOOL_SIZE");
    int rc;

    snprintf(text, sizeof text, "%u", r->num_workers);
    if (ours)
        setenv("UV_THREADPOOL_SIZE", text, 1);
    rc = uv_queue_work(&r->loop, work, on_uv_work, on_uv_work_done);
    if (ours)
        unsetenv("UV_THREADPOOL_SIZE");
    r->num_workers = 0;
    return rc;
}

unsigned reactor_num_offloaded(const struct reactor *r)
{
    return r->num_offloaded;
}

int reactor_offload(struct reactor *r, reactor_work_f *work, reactor_work_f *done, void *arg)
{
    struct offload *o;
    int rc;

    if (r->num_offloaded >= OFFLOAD_MAX) {
        errno = EAGAIN;
        return -1;
    }
    o = xcalloc(1, sizeof *o);
    o->uv.data = o;
    o->reactor = r;
    o->work = work;
    o->done = done;
    o->arg = arg;
    rc = r->num_workers ? queue_first_work(r, &o->uv)
                        : uv_queue_work(&r->loop, &o->uv, on_uv_work, on_uv_work_done);
    if (rc < 0) {
        free(o);
        errno = -rc;
        return -1;
    }
    r->num_offloaded++;
    return 0;
}

void reactor_post(struct reactor *r, reactor_work_f *fn, void *arg)
{
    struct call *call = xmalloc(sizeof *call);

    call->fn = fn;
    call->arg = arg;
    uv_mutex_lock(&r->lock);
    queue_add(&r->posted, call);
    uv_mutex_unlock(&r->lock);
    uv_async_send(&r->wake);
}

void reactor_defer(struct reactor *r, reactor_work_f *fn, void *arg)
{
    struct call *call = r->spare;

    if (call) {
        r->spare = call->next;
        r->num_spare--;
    } else {
        call = xmalloc(sizeof *call);
    }
    call->fn = fn;
    call->arg = arg;
    queue_add(&r->deferred, call);
}
