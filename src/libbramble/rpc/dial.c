/* dial.c - connections that begin here: to the controller, to a step's i/o process, to a unix socket. */
#include "config.h"
#include "rpc/conn_private.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util/mem.h"

struct rpc_dial {
    char name[300]; /* host:port, for messages */
    char host[256];
    uint16_t port;
    struct addrinfo *list, *next;
    int resolve_rc;
    struct error resolve_err;
    struct error last;
    struct handshake *handshake; /* used when connected */
};

void conn_dial_free(struct rpc_dial *d)
{
    if (!d)
        return;
    if (d->list)
        freeaddrinfo(d->list);
    handshake_destroy(d->handshake);
    free(d);
}

const char *conn_dial_name(const struct rpc_conn *conn)
{
    return conn->dial ? conn->dial->name : conn->peer.address;
}

static void connected(struct rpc_conn *conn)
{
    rpc_peer_address(conn->fd, conn->peer.address, sizeof conn->peer.address);
    conn_handshake_start(conn, TAKE(conn->dial->handshake));
}

/* Try the addresses one after the other. */
static void connect_next(struct rpc_conn *conn)
{
    struct rpc_dial *d = conn->dial;

    while (d->next) {
        const struct addrinfo *ai = d->next;

        d->next = ai->ai_next;
        if ((conn->fd = rpc_connect_start(ai)) >= 0) {
            conn_watch(conn);
            return;
        }
        error_set(&d->last, BRE_NO_CONTACT, "cannot reach %s: %s", d->name, strerror(errno));
    }
    conn_fail(conn, &d->last);
}

void conn_dial_writable(struct rpc_conn *conn, int status)
{
    int code = 0;
    socklen_t len = sizeof code;

    if (status < 0)
        code = -status;
    else if (getsockopt(conn->fd, SOL_SOCKET, SO_ERROR, &code, &len) < 0)
        code = errno;
    if (!code) {
        connected(conn);
        return;
    }
    error_set(&conn->dial->last, BRE_NO_CONTACT, "cannot reach %s: %s", conn->dial->name, strerror(code));
    reactor_fd_close(conn->ready);
    conn->ready = NULL;
    close(conn->fd);
    conn->fd = -1;
    connect_next(conn);
}

static void resolve_work(void *arg)
{
    struct rpc_dial *d = ((struct rpc_conn *)arg)->dial;

    d->resolve_rc = rpc_resolve(d->host, d->port, false, &d->list, &d->resolve_err);
}

static void resolve_done(void *arg)
{
    struct rpc_conn *conn = arg;

    if (conn->state == CONN_DIALLING) {
        if (conn->dial->resolve_rc < 0) {
            conn_fail(conn, &conn->dial->resolve_err);
        } else {
            conn->dial->next = conn->dial->list;
            connect_next(conn);
        }
    }
    conn_unref(conn);
}

/* Begins on the next turn, so that nothing calls back from within the dialling call. */
static void dial_start(void *arg)
{
    struct rpc_conn *conn = arg;
    struct rpc_dial *d = conn->dial;

    if (conn->state == CONN_DIALLING) {
        if (rpc_resolve(d->host, d->port, true, &d->list, NULL) == 0) {
            d->next = d->list;
            connect_next(conn);
        } else {
            conn_ref(conn);
            if (reactor_offload(conn->reactor, resolve_work, resolve_done, conn) < 0) {
                conn_unref(conn);
                conn_failf(conn, BRE_BUSY, "too many look-ups of host names");
            }
        }
    }
    conn_unref(conn);
}

static struct rpc_conn *dial(struct reactor *r, const char *host, uint16_t port, struct handshake *h,
                             enum session_role role, const struct error *err, uint64_t timeout_ms,
                             const struct rpc_conn_ops *ops, void *arg)
{
    struct rpc_conn *conn = conn_create(r, -1, CONN_DIALLING, ops, arg);
    struct rpc_dial *d = conn->dial = xcalloc(1, sizeof *d);

    conn->dialled = true;
    conn->peer.role = role;
    d->handshake = h;
    d->port = port;
    snprintf(d->host, sizeof d->host, "%s", host);
    snprintf(d->name, sizeof d->name, strchr(host, ':') ? "[%s]:%u" : "%s:%u", host, port);
    snprintf(conn->peer.address, sizeof conn->peer.address, "%.60s", d->name);
    error_set(&d->last, BRE_NO_CONTACT, "%s has no address", host);
    if (!h) {
        conn_fail(conn, err);
        return conn;
    }
    conn_timer(conn, TIMER_HANDSHAKE, timeout_ms);
    conn_ref(conn);
    reactor_defer(r, dial_start, conn);
    return conn;
}

struct rpc_conn *rpc_dial(struct reactor *r, const struct rpc_target *target, enum session_role role,
                          uint64_t timeout_ms, const struct rpc_conn_ops *ops, void *arg)
{
    char name[300];
    struct handshake_client_conf conf = {
        .role = role,
        .server_name = name,
        .server_key = target->have_key ? target->key : NULL,
        .munge_socket = target->munge_socket,
    };
    struct error err;

    snprintf(name, sizeof name, strchr(target->host, ':') ? "[%s]:%u" : "%s:%u", target->host, target->port);
    return dial(r, target->host, target->port, handshake_client(&conf, &err), role, &err, timeout_ms, ops,
                arg);
}

struct rpc_conn *rpc_dial_step(struct reactor *r, const struct step_address *addr, enum session_role role,
                               uint64_t timeout_ms, const struct rpc_conn_ops *ops, void *arg)
{
    struct error err;
    struct handshake *h = handshake_step_client(role, addr->job_id, addr->step_id, addr->attempt,
                                                addr->node_index, addr->key, &err);

    return dial(r, addr->host, addr->port, h, role, &err, timeout_ms, ops, arg);
}

struct rpc_conn *rpc_adopt_unix(struct reactor *r, int fd, uid_t want_uid, const struct rpc_conn_ops *ops,
                                void *arg, struct error *err)
{
    struct ucred cred;
    socklen_t len = sizeof cred;
    struct rpc_conn *conn;

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0) {
        error_set(err, errno, "cannot learn who is at the other end of a unix socket: %s", strerror(errno));
        close(fd);
        return NULL;
    }
    if (cred.uid != want_uid && cred.uid != geteuid()) {
        error_set(err, BRE_ACCESS, "uid %u is at the other end of a unix socket, not uid %u",
                  (unsigned)cred.uid, (unsigned)want_uid);
        close(fd);
        return NULL;
    }
    conn = conn_create(r, fd, CONN_OPEN, ops, arg);
    conn->is_unix = true;
    conn->peer.role = SESSION_SHEPHERD;
    conn->peer.uid = cred.uid;
    conn->peer.gid = cred.gid;
    frame_plain_init(&conn->writer, &conn->reader);
    conn_watch(conn);
    return conn;
}
