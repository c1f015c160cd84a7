/* conn_read.c - frames that arrive on a connection: checked, decoded, handed on. */
#include "config.h"
#include "rpc/conn_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util/mem.h"

enum { READ_CHUNK = 65536 };

static int accept_frame(void *arg, uint32_t type, uint32_t request_id, uint32_t len, struct error *err)
{
    struct rpc_conn *conn = arg;
    unsigned rights = rpc_rights(&conn->peer, conn->dialled, conn->registered);

    if (conn->is_unix)
        type &= ~(uint32_t)FRAME_TYPE_FD;
    else if (type == 0 && len == 0 && conn->state == CONN_CONFIRM)
        return 0;
    if (rpc_check_frame(rights, type, len, err) == 0
        && (msg_rights(type) & rights) == R_REPLY && request_id > conn->max_request_id)
        error_set(err, BRE_PROTOCOL, "%s answers request %u, which was never sent", msg_type_name(type),
                  request_id);
    else if (rpc_check_frame(rights, type, len, err) == 0)
        return 0;
    /* A person waits at the other end of a command: say why before hanging up. */
    if (conn->state == CONN_OPEN && !conn->dialled && conn->peer.role == SESSION_COMMAND)
        rpc_conn_refuse(conn, request_id, err);
    return -1;
}

static int take_in_fd(struct rpc_conn *conn)
{
    int fd;

    if (!conn->num_in_fds)
        return -1;
    fd = conn->in_fds[0];
    memmove(conn->in_fds, conn->in_fds + 1, --conn->num_in_fds * sizeof conn->in_fds[0]);
    return fd;
}

/* A whole frame.  The connection may be closed or paused when this returns. */
static void conn_dispatch(struct rpc_conn *conn, const struct frame_view *view)
{
    struct rpc_frame frame = { .type = view->type, .request_id = view->request_id, .fd = -1 };
    ProtobufCMessage *msg;
    struct error err;

    if (conn->is_unix && (frame.type & FRAME_TYPE_FD)) {
        frame.type &= ~(unsigned)FRAME_TYPE_FD;
        if ((frame.fd = take_in_fd(conn)) < 0) {
            conn_failf(conn, BRE_PROTOCOL, "%s came without its descriptor", msg_type_name(frame.type));
            return;
        }
    }
    if (!(msg = msg_decode_bounds(msg_info(frame.type)->bounds, view->body, view->len, &err))) {
        if (frame.fd >= 0)
            close(frame.fd);
        if (!conn->dialled && conn->peer.role == SESSION_COMMAND) {
            rpc_conn_refuse(conn, frame.request_id, &err);
            conn_end(conn);
        } else {
            conn_fail(conn, &err);
        }
        return;
    }
    frame.msg = msg;
    conn->ops->on_frame(conn->arg, conn, &frame);
    rpc_msg_free(msg);
}

static void conn_bad_frame(struct rpc_conn *conn, const struct error *err)
{
    bool refused = conn->out_bytes && conn->state == CONN_OPEN && !conn->dialled
                   && conn->peer.role == SESSION_COMMAND && err->code != BRE_AUTH;

    if (!refused) {
        conn_fail(conn, err);
        return;
    }
    conn->why = xmemdup(err, sizeof *err);
    conn_end(conn);
}

/* Take frames out of len bytes; returns how many bytes were used. */
static size_t conn_take_frames(struct rpc_conn *conn, const uint8_t *data, size_t len)
{
    uint8_t scratch[FRAME_HEAD + FRAME_INLINE_MAX];
    size_t used = 0;

    while ((conn->state == CONN_OPEN || conn->state == CONN_CONFIRM) && !conn->paused) {
        struct frame_view view;
        struct error err;
        size_t part;

        switch (frame_read(&conn->reader, data + used, len - used, &part, accept_frame, conn, scratch,
                           &view, &err)) {
        case FRAME_MORE:
            return used + part;
        case FRAME_ENDED:
            conn_failf(conn, BRE_CLOSED, "%s ended the session", conn->peer.address);
            return len;
        case FRAME_BAD:
            conn_bad_frame(conn, &err);
            return len;
        case FRAME_GOT:
            used += part;
            if (conn->state == CONN_CONFIRM) {
                conn->state = CONN_OPEN;
                conn_timer(conn, TIMER_NONE, 0);
                if (conn->server)
                    server_opened(conn);
                if (conn->ops->on_open)
                    conn->ops->on_open(conn->arg, conn);
                if (conn->state != CONN_OPEN)
                    return len;
            }
            if (view.type != 0)
                conn_dispatch(conn, &view);
            break;
        }
    }
    return used;
}

/* Keep what was not used.  data does not lie in tail. */
static void conn_keep(struct rpc_conn *conn, const uint8_t *data, size_t len)
{
    if (conn->state != CONN_OPEN && conn->state != CONN_CONFIRM)
        len = 0;
    free(conn->tail);
    conn->tail = len ? xmemdup(data, len) : NULL;
    conn->tail_len = len;
}

void conn_drop_input(struct rpc_conn *conn)
{
    free(conn->tail);
    conn->tail = NULL;
    conn->tail_len = 0;
}

static ssize_t conn_receive(struct rpc_conn *conn, uint8_t *data, size_t size)
{
    struct iovec iov = { data, size };
    union {
        char bytes[CMSG_SPACE(8 * sizeof(int))];
        struct cmsghdr align;
    } control;
    struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1 };
    ssize_t n;

    if (!conn->is_unix)
        return recv(conn->fd, data, size, MSG_DONTWAIT);
    mh.msg_control = control.bytes;
    mh.msg_controllen = sizeof control.bytes;
    n = recvmsg(conn->fd, &mh, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (n < 0)
        return n;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&mh); c; c = CMSG_NXTHDR(&mh, c)) {
        size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        for (size_t i = 0; i < count; i++) {
            int fd;

            memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof fd);
            if (conn->num_in_fds < ARRAY_SIZE(conn->in_fds))
                conn->in_fds[conn->num_in_fds++] = fd;
            else
                close(fd);
        }
    }
    return n;
}

static void conn_ended(struct rpc_conn *conn)
{
    if (conn->is_unix || conn->is_local)
        conn_failf(conn, BRE_CLOSED, "closed by the other side");
    else
        conn_failf(conn, ECONNRESET, "the connection to %s was cut", conn->peer.address);
}

void conn_readable(struct rpc_conn *conn)
{
    uint8_t data[FRAME_NEED_MAX + FRAME_HEAD + 4 + READ_CHUNK];
    size_t have = conn->tail_len, used;
    ssize_t n;

    if (conn->state == CONN_ENDING) { /* nothing matters but the end */
        while ((n = recv(conn->fd, data, sizeof data, MSG_DONTWAIT)) > 0)
            ;
        if (n == 0 || (errno != EAGAIN && errno != EINTR))
            conn_failf(conn, BRE_CLOSED, "closed");
        return;
    }
    if (have > sizeof data - READ_CHUNK) { /* a pause left more than one piece: use that first */
        uint8_t *tail = TAKE(conn->tail);

        conn->tail_len = 0;
        used = conn_take_frames(conn, tail, have);
        conn_keep(conn, tail + used, have - used);
        free(tail);
        return;
    }
    if (have)
        memcpy(data, conn->tail, have);
    n = conn_receive(conn, data + have, READ_CHUNK);
    if (n < 0) {
        if (errno != EAGAIN && errno != EINTR)
            conn_failf(conn, errno, "the connection to %s was cut: %s", conn->peer.address, strerror(errno));
        return;
    }
    if (n == 0) {
        conn_ended(conn);
        return;
    }
    conn_ref(conn);
    used = conn_take_frames(conn, data, have + (size_t)n);
    conn_keep(conn, data + used, have + (size_t)n - used);
    conn_unref(conn);
}

static void resume_deferred(void *arg)
{
    struct rpc_conn *conn = arg;

    conn->resume_due = false;
    if ((conn->state == CONN_OPEN || conn->state == CONN_CONFIRM) && !conn->paused) {
        if (conn->tail_len) {
            size_t have = conn->tail_len, used;
            uint8_t *tail = TAKE(conn->tail);

            conn->tail_len = 0;
            used = conn_take_frames(conn, tail, have);
            conn_keep(conn, tail + used, have - used);
            free(tail);
        }
        if (conn->state != CONN_CLOSED)
            conn_watch(conn);
    }
    conn_unref(conn);
}

void rpc_conn_pause(struct rpc_conn *conn, bool paused)
{
    if (conn->paused == paused)
        return;
    conn->paused = paused;
    if (conn->state != CONN_OPEN)
        return;
    if (paused) {
        conn_watch(conn);
    } else if (!conn->resume_due) {
        conn->resume_due = true;
        conn_ref(conn);
        reactor_defer(conn->reactor, resume_deferred, conn);
    }
}
