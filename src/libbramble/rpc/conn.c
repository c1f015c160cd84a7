/* conn.c - an asynchronous connection: its life, what it sends, and its end. */
#include "config.h"
#include "rpc/conn_private.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util/log.h"
#include "util/mem.h"
#include "wire/common.pb-c.h"

enum {
    ENDING_MS = 5000,
    STALL_MS = 30000,
};
#define OUT_MAX ((size_t)128 << 20)
#define OUT_LOW ((size_t)256 << 10)

static void on_ready(void *arg, int events, int status);

/* ---- life ---- */

struct rpc_conn *conn_create(struct reactor *r, int fd, enum conn_state state,
                             const struct rpc_conn_ops *ops, void *arg)
{
    struct rpc_conn *conn = xcalloc(1, sizeof *conn);

    conn->reactor = r;
    conn->fd = fd;
    conn->state = state;
    conn->ops = ops;
    conn->arg = arg;
    conn->refs = 1;
    conn->peer.uid = conn->peer.gid = UINT32_MAX;
    if (fd >= 0)
        rpc_peer_address(fd, conn->peer.address, sizeof conn->peer.address);
    return conn;
}

void conn_ref(struct rpc_conn *conn)
{
    conn->refs++;
}

static void out_free(struct rpc_conn *conn)
{
    while (conn->out) {
        struct out_block *b = conn->out;

        conn->out = b->next;
        if (b->fd >= 0)
            close(b->fd);
        free(b);
    }
    conn->out_last = NULL;
    if (conn->server)
        server_count_queued(conn->server, 0, conn->out_bytes);
    conn->out_bytes = 0;
}

void conn_unref(struct rpc_conn *conn)
{
    if (--conn->refs)
        return;
    out_free(conn);
    handshake_destroy(conn->handshake);
    frame_reader_fini(&conn->reader);
    frame_writer_fini(&conn->writer);
    conn_dial_free(conn->dial);
    free(conn->record);
    free(conn->tail);
    free(conn->why);
    free(conn);
}

/* Let go of the descriptor and of all that could call back. */
static void conn_release(struct rpc_conn *conn)
{
    reactor_fd_close(conn->ready);
    conn->ready = NULL;
    reactor_timer_close(conn->timer);
    conn->timer = NULL;
    if (conn->fd >= 0)
        close(conn->fd);
    conn->fd = -1;
    while (conn->num_in_fds)
        close(conn->in_fds[--conn->num_in_fds]);
    out_free(conn);
    if (conn->server)
        server_forget(conn);
}

static void conn_say_closed(void *arg)
{
    struct rpc_conn *conn = arg;

    conn->ops->on_close(conn->arg, conn, conn->why);
    conn_unref(conn);
}

void conn_fail(struct rpc_conn *conn, const struct error *why)
{
    if (conn->state == CONN_CLOSED)
        return;
    conn->state = CONN_CLOSED;
    if (!conn->why)
        conn->why = xmemdup(why, sizeof *why);
    conn_release(conn);
    reactor_defer(conn->reactor, conn_say_closed, conn);
}

void conn_failf(struct rpc_conn *conn, int code, const char *fmt, ...)
{
    struct error why;
    va_list ap;

    va_start(ap, fmt);
    error_vset(&why, code, fmt, ap);
    va_end(ap);
    conn_fail(conn, &why);
}

int conn_watch(struct rpc_conn *conn)
{
    int events = 0;

    if (!conn->ready && !(conn->ready = reactor_fd_create(conn->reactor, conn->fd, on_ready, conn))) {
        conn_failf(conn, errno, "cannot watch a connection: %s", strerror(errno));
        return -1;
    }
    if (conn->state == CONN_DIALLING) {
        events = REACTOR_WRITE;
    } else {
        if (!conn->paused && !conn->working)
            events |= REACTOR_READ;
        if (conn->out && !conn->flush_due)
            events |= REACTOR_WRITE;
    }
    if (reactor_fd_watch(conn->ready, events) < 0) {
        conn_failf(conn, errno, "cannot watch a connection: %s", strerror(errno));
        return -1;
    }
    return 0;
}

static void on_timer(void *arg)
{
    struct rpc_conn *conn = arg;

    switch (conn->timer_for) {
    case TIMER_HANDSHAKE:
        if (conn->state == CONN_DIALLING)
            conn_failf(conn, BRE_NO_CONTACT, "%s does not answer", conn_dial_name(conn));
        else if (conn->dialled && conn->working)
            conn_failf(conn, BRE_AUTH, "munged does not answer on this host: is it stopped?");
        else
            conn_handshake_late(conn);
        return;
    case TIMER_STALL:
        conn_failf(conn, BRE_TIMEOUT, "%s has not read for %d s", conn->peer.address, STALL_MS / 1000);
        return;
    case TIMER_ENDING:
    case TIMER_NONE:
        conn_failf(conn, BRE_CLOSED, "closed");
        return;
    }
}

void conn_timer(struct rpc_conn *conn, int what, uint64_t ms)
{
    if (!conn->timer) {
        if (!what)
            return;
        conn->timer = reactor_timer_create(conn->reactor, on_timer, conn);
    }
    conn->timer_for = what;
    if (what) {
        reactor_timer_start(conn->timer, ms, 0);
    } else {
        reactor_timer_close(conn->timer); /* most connections never need it again */
        conn->timer = NULL;
    }
}

/* ---- writing ---- */

static struct out_block *out_room(struct rpc_conn *conn, size_t len, int fd)
{
    struct out_block *b = conn->out_last;
    size_t cap = len < 1984 ? 1984 : len;

    if (!b || b->fd >= 0 || fd >= 0 || b->cap - b->len < len) {
        if (!(b = malloc(sizeof *b + cap)))
            return NULL;
        *b = (struct out_block){ .cap = cap, .fd = fd };
        if (conn->out_last)
            conn->out_last->next = b;
        else
            conn->out = b;
        conn->out_last = b;
    }
    b->len += len;
    conn->out_bytes += len;
    if (conn->server)
        server_count_queued(conn->server, len, 0);
    if (conn->out_bytes > OUT_LOW)
        conn->above_low = true;
    return b;
}

int conn_queue(struct rpc_conn *conn, const void *data, size_t len)
{
    struct out_block *b = out_room(conn, len, -1);

    if (!b)
        return -1;
    memcpy(b->data + b->len - len, data, len);
    conn_flush_later(conn);
    return 0;
}

static void conn_written(struct rpc_conn *conn, size_t n)
{
    conn->out_bytes -= n;
    if (conn->server)
        server_count_queued(conn->server, 0, n);
    while (n) {
        struct out_block *b = conn->out;
        size_t part = b->len - b->off < n ? b->len - b->off : n;

        b->off += part;
        n -= part;
        if (b->fd >= 0) {
            close(b->fd);
            b->fd = -1;
        }
        if (b->off == b->len) {
            if (!(conn->out = b->next))
                conn->out_last = NULL;
            free(b);
        }
    }
}

static void conn_shutdown(struct rpc_conn *conn)
{
    shutdown(conn->fd, SHUT_WR);
    conn->sent_end = true;
}

static void conn_write_failed(struct rpc_conn *conn, int code)
{
    conn_failf(conn, code == EPIPE ? ECONNRESET : code, "the connection to %s was cut: %s",
               conn->peer.address, strerror(code));
}

void conn_flush(struct rpc_conn *conn)
{
    while (conn->out) {
        struct iovec iov[64];
        union {
            char bytes[CMSG_SPACE(sizeof(int))];
            struct cmsghdr align;
        } control;
        struct msghdr mh = { .msg_iov = iov };
        ssize_t n;

        for (struct out_block *b = conn->out; b && mh.msg_iovlen < 64; b = b->next) {
            if (b->fd >= 0 && b != conn->out)
                break; /* a descriptor goes with the first byte of a call of its own */
            iov[mh.msg_iovlen].iov_base = b->data + b->off;
            iov[mh.msg_iovlen++].iov_len = b->len - b->off;
            if (b->fd >= 0) {
                struct cmsghdr *c;

                memset(&control, 0, sizeof control); /* its padding leaves this process, too */
                mh.msg_control = control.bytes;
                mh.msg_controllen = sizeof control.bytes;
                c = CMSG_FIRSTHDR(&mh);
                c->cmsg_level = SOL_SOCKET;
                c->cmsg_type = SCM_RIGHTS;
                c->cmsg_len = CMSG_LEN(sizeof(int));
                memcpy(CMSG_DATA(c), &b->fd, sizeof(int));
                break;
            }
        }
        n = sendmsg(conn->fd, &mh, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0) {
            if (errno == EINTR)
                continue;
            if (errno != EAGAIN && errno != EWOULDBLOCK) {
                /* What the peer said last may still lie unread, a refusal for instance. */
                if ((errno == EPIPE || errno == ECONNRESET) && conn->state != CONN_ENDING) {
                    out_free(conn);
                    conn_watch(conn);
                    return;
                }
                conn_write_failed(conn, errno);
                return;
            }
            break;
        }
        conn_written(conn, (size_t)n);
        if (conn->out && conn->timer_for == TIMER_STALL)
            conn_timer(conn, TIMER_STALL, STALL_MS); /* slow is not stuck */
    }
    if (conn->state == CONN_ENDING) {
        if (!conn->out && !conn->sent_end)
            conn_shutdown(conn);
    } else if (conn->out && (!conn->timer || conn->timer_for == TIMER_NONE)) {
        conn_timer(conn, TIMER_STALL, STALL_MS);
    } else if (!conn->out && conn->timer && conn->timer_for == TIMER_STALL) {
        conn_timer(conn, TIMER_NONE, 0);
    }
    if (conn_watch(conn) < 0)
        return;
    if (((conn->above_low && conn->out_bytes < OUT_LOW) || (conn->want_drain && !conn->out_bytes))
        && conn->state == CONN_OPEN) {
        conn->above_low = conn->want_drain = false;
        if (conn->ops->on_drain)
            conn->ops->on_drain(conn->arg, conn);
    }
}

static void flush_deferred(void *arg)
{
    struct rpc_conn *conn = arg;

    conn->flush_due = false;
    if (conn->state != CONN_CLOSED && conn->state != CONN_DIALLING)
        conn_flush(conn);
    conn_unref(conn);
}

void conn_flush_later(struct rpc_conn *conn)
{
    if (conn->flush_due)
        return;
    conn->flush_due = true;
    conn_ref(conn);
    reactor_defer(conn->reactor, flush_deferred, conn);
}

static int conn_send(struct rpc_conn *conn, unsigned type, uint32_t request_id, const ProtobufCMessage *msg,
                     int fd)
{
    uint8_t small[FRAME_HEAD + 4096];
    CLEANUP_FREE uint8_t *large = NULL;
    uint8_t *plain = small;
    struct out_block *b;
    struct error err;
    size_t len, size;

    if (conn->state != CONN_OPEN) {
        errno = ENOTCONN;
        return -1;
    }
    if (msg_check_outgoing(type, msg, &len, &err) < 0) {
        log_error("cannot send: %s", err.text);
        errno = EMSGSIZE;
        return -1;
    }
    size = frame_sealed_size(&conn->writer, len);
    if (conn->out_bytes && conn->out_bytes + size > OUT_MAX) {
        conn_failf(conn, ENOBUFS, "%s does not read: more than %zu MiB wait for it", conn->peer.address,
                   OUT_MAX >> 20);
        errno = ENOBUFS;
        return -1;
    }
    if (FRAME_HEAD + len > sizeof small && !(plain = large = malloc(FRAME_HEAD + len))) {
        errno = ENOMEM;
        return -1;
    }
    if (!(b = out_room(conn, size, fd)))
        return -1;
    if (len)
        protobuf_c_message_pack(msg, plain + FRAME_HEAD);
    frame_seal(&conn->writer, type | (fd >= 0 ? FRAME_TYPE_FD : 0), request_id, plain, len,
               b->data + b->len - size);
    if (request_id > conn->max_request_id)
        conn->max_request_id = request_id;
    conn_flush_later(conn);
    return 0;
}

int rpc_conn_send(struct rpc_conn *conn, unsigned type, uint32_t request_id, const ProtobufCMessage *msg)
{
    return conn_send(conn, type, request_id, msg, -1);
}

int rpc_conn_send_fd(struct rpc_conn *conn, unsigned type, const ProtobufCMessage *msg, int fd)
{
    int copy, saved;

    if (!conn->is_unix || fd < 0) {
        errno = EINVAL;
        return -1;
    }
    if ((copy = fcntl(fd, F_DUPFD_CLOEXEC, 3)) < 0)
        return -1;
    if (conn_send(conn, type, 0, msg, copy) < 0) {
        saved = errno;
        close(copy);
        errno = saved;
        return -1;
    }
    return 0;
}

int rpc_conn_refuse(struct rpc_conn *conn, uint32_t request_id, const struct error *err)
{
    Wire__Refusal refusal = WIRE__REFUSAL__INIT;
    char text[ERROR_TEXT_MAX];

    snprintf(text, sizeof text, "%s", err->text);
    refusal.has_code = true;
    refusal.code = (uint32_t)err->code;
    refusal.text = text;
    if (err->code == BRE_BUSY) {
        refusal.has_retry_ms = true;
        refusal.retry_ms = 500;
    }
    return rpc_conn_send(conn, MSG_REFUSAL, request_id, &refusal.base);
}

/* ---- the loop calls ---- */

static void on_ready(void *arg, int events, int status)
{
    struct rpc_conn *conn = arg;

    conn_ref(conn);
    if (conn->state == CONN_DIALLING) {
        conn_dial_writable(conn, status);
    } else {
        if (status < 0) /* reading says what it is, after what came before it */
            events = REACTOR_READ;
        if ((events & REACTOR_WRITE) && conn->state != CONN_CLOSED)
            conn_flush(conn);
        if ((events & REACTOR_READ) && conn->state != CONN_CLOSED) {
            if (conn->state == CONN_HANDSHAKE)
                conn_handshake_readable(conn);
            else
                conn_readable(conn);
        }
        if (status < 0 && conn->state != CONN_CLOSED)
            conn_watch(conn);
    }
    conn_unref(conn);
}

/* ---- ending ---- */

void conn_end(struct rpc_conn *conn)
{
    if (conn->state == CONN_CLOSED || conn->state == CONN_ENDING)
        return;
    if (conn->state == CONN_OPEN) {
        uint8_t end[FRAME_SEAL + 4];
        size_t len = frame_seal_end(&conn->writer, end);

        if (len)
            conn_queue(conn, end, len);
    }
    conn->state = CONN_ENDING;
    conn->paused = conn->working = false;
    conn_drop_input(conn);
    conn_timer(conn, TIMER_ENDING, ENDING_MS);
    conn_flush_later(conn);
}

void rpc_conn_close(struct rpc_conn *conn)
{
    if (conn->state == CONN_OPEN)
        conn_end(conn);
    else if (conn->state != CONN_ENDING)
        conn_failf(conn, BRE_CLOSED, "closed");
}

void rpc_conn_abort(struct rpc_conn *conn, const struct error *why)
{
    if (why)
        conn_fail(conn, why);
    else
        conn_failf(conn, BRE_CLOSED, "closed");
}

/* ---- what others may know and set ---- */

size_t rpc_conn_queued(const struct rpc_conn *conn)
{
    return conn->out_bytes;
}

void rpc_conn_want_drain(struct rpc_conn *conn)
{
    conn->want_drain = true;
}

const struct session_peer *rpc_conn_peer(const struct rpc_conn *conn)
{
    return &conn->peer;
}

void rpc_conn_set_arg(struct rpc_conn *conn, const struct rpc_conn_ops *ops, void *arg)
{
    conn->ops = ops;
    conn->arg = arg;
}

void *rpc_conn_arg(const struct rpc_conn *conn)
{
    return conn->arg;
}

void rpc_conn_set_agent(struct rpc_conn *conn, bool registered)
{
    conn->registered = registered;
}

void rpc_conn_set_keepalive(struct rpc_conn *conn, unsigned timeout_ms)
{
    int idle = (int)(timeout_ms / 3000), interval, count = 3;
    unsigned total;

    if (idle < 1)
        idle = 1;
    interval = (int)(timeout_ms / 1000 - (unsigned)idle) / count;
    if (interval < 1)
        interval = 1;
    /* The kernel looks at this limit only when a probe is due: it must have passed when the last one
     * is, or a further interval goes by. */
    total = (unsigned)(idle + interval * count) * 1000 - (unsigned)interval * 500;
    if (conn->fd < 0 || conn->is_unix)
        return;
    setsockopt(conn->fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
    setsockopt(conn->fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof interval);
    setsockopt(conn->fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof count);
    setsockopt(conn->fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &total, sizeof total);
}
