/* step_port.c - the agent's port: one fixed frame is read, then the connection goes to the step.
 *
 * The agent may be root, so nothing else of these connections is looked at here, and nothing is sent.
 */
#include "config.h"
#include "rpc/rpc_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "channel/channel.h"
#include "reactor/reactor.h"
#include "util/error.h"
#include "util/log.h"
#include "util/mem.h"

enum { WAITING_MAX = 256, HELLO_MS = 5000, BATCH = 64 };

struct step_port;
struct waiting {
    struct step_port *port;
    struct waiting *prev, *next;
    struct reactor_fd *ready;
    uint64_t since_ms;
    int fd;
    size_t have;
    uint8_t raw[STEP_HELLO_SIZE];
};

struct step_port {
    struct reactor *reactor;
    int fd, spare_fd;
    struct reactor_fd *ready;
    struct reactor_timer *timer; /* runs only while somebody waits */
    struct waiting *oldest, *newest;
    unsigned num_waiting;
    bool is_full;
    void (*on_client)(void *arg, int fd, const struct step_hello *hello, const char *address);
    void *arg;
};

/* Takes it off the list; the descriptor is the caller's, or closed. */
static void waiting_remove(struct waiting *w, bool close_fd)
{
    struct step_port *p = w->port;

    if (w->prev)
        w->prev->next = w->next;
    else
        p->oldest = w->next;
    if (w->next)
        w->next->prev = w->prev;
    else
        p->newest = w->prev;
    p->num_waiting--;
    reactor_fd_close(w->ready);
    if (close_fd)
        close(w->fd);
    free(w);
}

static void arm_timer(struct step_port *p)
{
    uint64_t now = reactor_now_ms(p->reactor), due;

    if (!p->oldest) {
        reactor_timer_stop(p->timer);
        return;
    }
    due = p->oldest->since_ms + HELLO_MS;
    reactor_timer_start(p->timer, due > now ? due - now : 1, 0);
}

static void on_timer(void *arg)
{
    struct step_port *p = arg;
    uint64_t now = reactor_now_ms(p->reactor);

    while (p->oldest && p->oldest->since_ms + HELLO_MS <= now)
        waiting_remove(p->oldest, true);
    arm_timer(p);
}

static void on_hello(void *arg, int events, int status)
{
    struct waiting *w = arg;
    struct step_port *p = w->port;
    struct step_hello hello;
    char address[64];
    ssize_t n;
    int fd = w->fd;

    (void)events;
    (void)status;
    n = recv(fd, w->raw + w->have, sizeof w->raw - w->have, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        waiting_remove(w, true);
        arm_timer(p);
        return;
    }
    w->have += (size_t)n;
    if (w->have < sizeof w->raw)
        return;
    if (step_hello_parse(w->raw, &hello) < 0) {
        log_debug(DBG_CHANNEL, "agent port: what a client sent is no step hello");
        waiting_remove(w, true);
        arm_timer(p);
        return;
    }
    rpc_peer_address(fd, address, sizeof address);
    waiting_remove(w, false);
    arm_timer(p);
    p->on_client(p->arg, fd, &hello, address);
}

static void port_accepted(struct step_port *p, int fd)
{
    struct waiting *w;

    if (p->num_waiting >= WAITING_MAX)
        waiting_remove(p->oldest, true);
    w = xcalloc(1, sizeof *w);
    w->port = p;
    w->fd = fd;
    w->since_ms = reactor_now_ms(p->reactor);
    if (!(w->ready = reactor_fd_create(p->reactor, fd, on_hello, w))
        || reactor_fd_watch(w->ready, REACTOR_READ) < 0) {
        reactor_fd_close(w->ready);
        close(fd);
        free(w);
        return;
    }
    w->prev = p->newest;
    if (p->newest)
        p->newest->next = w;
    else
        p->oldest = w;
    p->newest = w;
    p->num_waiting++;
    if (!reactor_timer_active(p->timer))
        arm_timer(p);
}

static void port_shed(struct step_port *p)
{
    int fd;

    if (!p->is_full)
        log_error("agent port: no file descriptor left: clients are refused (limit: ulimit -n)");
    p->is_full = true;
    close(p->spare_fd);
    if ((fd = accept(p->fd, NULL, NULL)) >= 0)
        close(fd);
    p->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (p->oldest)
        waiting_remove(p->oldest, true);
}

static void on_listen(void *arg, int events, int status)
{
    struct step_port *p = arg;

    (void)events;
    (void)status;
    for (unsigned i = 0; i < BATCH; i++) {
        int fd = accept4(p->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd >= 0) {
            p->is_full = false;
            port_accepted(p, fd);
        } else if (errno == EMFILE || errno == ENFILE) {
            port_shed(p);
            return;
        } else if (errno != EINTR && errno != ECONNABORTED) {
            return;
        }
    }
}

struct step_port *step_port_create(struct reactor *r, const char *listen, uint16_t port,
                                   void (*on_client)(void *arg, int fd, const struct step_hello *hello,
                                                     const char *address),
                                   void *arg, struct error *err)
{
    struct step_port *p;
    int fd = rpc_listen(listen, port, 256, err);

    if (fd < 0)
        return NULL;
    p = xcalloc(1, sizeof *p);
    p->reactor = r;
    p->fd = fd;
    p->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    p->on_client = on_client;
    p->arg = arg;
    p->timer = reactor_timer_create(r, on_timer, p);
    if (!(p->ready = reactor_fd_create(r, fd, on_listen, p))
        || reactor_fd_watch(p->ready, REACTOR_READ) < 0) {
        error_set(err, errno, "cannot watch the agent's port: %s", strerror(errno));
        step_port_destroy(p);
        return NULL;
    }
    return p;
}

uint16_t step_port_number(const struct step_port *p)
{
    return rpc_local_port(p->fd);
}

void step_port_destroy(struct step_port *p)
{
    if (!p)
        return;
    while (p->oldest)
        waiting_remove(p->oldest, true);
    reactor_fd_close(p->ready);
    reactor_timer_close(p->timer);
    close(p->fd);
    if (p->spare_fd >= 0)
        close(p->spare_fd);
    free(p);
}
