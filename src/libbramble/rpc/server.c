/* server.c - the controller's port, and the steps' ends of connections that an agent handed over.
 *
 * A connection that has not proven itself costs one slot of a small table; when the table is full the
 * one that has been silent longest goes, so a flood of silent connections cannot lock others out.
 */
#include "config.h"
#include "rpc/conn_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util/log.h"
#include "util/mem.h"

/* Of the workers, so many at most may hang at a munged that hangs: the journal needs the others. */
enum { MUNGE_TURNS = 2 };
enum { ACCEPT_BATCH = 64, DEFAULT_CONNS = 4096, DEFAULT_HANDSHAKE_MS = 5000 };

struct uid_count {
    uint32_t uid;
    unsigned count;
};

struct listener {
    struct rpc_server *server;
    int fd; /* -1: there is none */
    bool is_local;
    struct reactor_fd *ready;
};

struct rpc_server {
    struct reactor *reactor;
    int refs; /* its own and one a connection */
    int spare_fd;
    struct listener port, local;
    const struct rpc_conn_ops *ops;
    void *arg;
    void (*on_peer)(void *arg, struct session_peer *peer);
    char *cluster_name, *munge_socket;
    uint8_t secret_key[64];
    bool only_own_uid, is_full;
    unsigned max_conns, max_handshaking, handshake_ms;
    unsigned num_conns, num_handshaking;
    size_t queued;
    struct rpc_conn *oldest, *newest; /* handshaking */
    struct rpc_conn *work_first, *work_last; /* waiting for a turn at munge */
    unsigned num_working;
    struct uid_count *uids;
    unsigned num_uids;
};

static void server_unref(struct rpc_server *s)
{
    if (--s->refs)
        return;
    mem_wipe(s->secret_key, sizeof s->secret_key);
    free(s->cluster_name);
    free(s->munge_socket);
    free(s->uids);
    free(s);
}

/* ---- counting ---- */

static void list_add(struct rpc_server *s, struct rpc_conn *conn)
{
    conn->prev = s->newest;
    conn->next = NULL;
    if (s->newest)
        s->newest->next = conn;
    else
        s->oldest = conn;
    s->newest = conn;
    s->num_handshaking++;
}

static void list_remove(struct rpc_server *s, struct rpc_conn *conn)
{
    if (conn->prev)
        conn->prev->next = conn->next;
    else
        s->oldest = conn->next;
    if (conn->next)
        conn->next->prev = conn->prev;
    else
        s->newest = conn->prev;
    conn->prev = conn->next = NULL;
    s->num_handshaking--;
}

static struct uid_count *uid_find(struct rpc_server *s, uint32_t uid)
{
    for (unsigned i = 0; i < s->num_uids; i++)
        if (s->uids[i].uid == uid)
            return &s->uids[i];
    return NULL;
}

static void uid_add(struct rpc_server *s, uint32_t uid)
{
    struct uid_count *u = uid_find(s, uid);

    if (!u) {
        s->uids = xreallocarray(s->uids, s->num_uids + 1, sizeof *s->uids);
        u = &s->uids[s->num_uids++];
        *u = (struct uid_count){ .uid = uid };
    }
    u->count++;
}

static void uid_drop(struct rpc_server *s, uint32_t uid)
{
    struct uid_count *u = uid_find(s, uid);

    if (u && !--u->count)
        *u = s->uids[--s->num_uids];
}

bool server_work_begin(struct rpc_conn *conn)
{
    struct rpc_server *s = conn->server;

    s->refs++; /* the turn's own: the connection may end before it */
    if (s->num_working < MUNGE_TURNS) {
        s->num_working++;
        return true;
    }
    conn_ref(conn);
    conn->work_next = NULL;
    if (s->work_last)
        s->work_last->work_next = conn;
    else
        s->work_first = conn;
    s->work_last = conn;
    return false;
}

void server_work_end(struct rpc_server *s)
{
    struct rpc_conn *conn;

    s->num_working--;
    while (s->num_working < MUNGE_TURNS && (conn = s->work_first)) {
        if (!(s->work_first = conn->work_next))
            s->work_last = NULL;
        if (conn->state == CONN_HANDSHAKE && conn->server) {
            s->num_working++;
            conn_handshake_work(conn);
        } else {
            server_unref(s);
        }
        conn_unref(conn);
    }
    server_unref(s);
}

static bool is_privileged(uint32_t uid)
{
    return uid == 0 || uid == geteuid();
}

int server_admit(struct rpc_conn *conn, const struct session_peer *peer, struct error *err)
{
    struct rpc_server *s = conn->server;
    struct uid_count *u = uid_find(s, peer->uid);

    if (peer->role == SESSION_AGENT && !is_privileged(peer->uid))
        return error_set(err, BRE_ACCESS, "uid %u may not register a node: brambled runs as root or as the "
                         "controller's own user", (unsigned)peer->uid);
    if (!is_privileged(peer->uid) && u && u->count >= s->max_conns / 2)
        return error_set(err, BRE_BUSY, "uid %u has %u connections open already", (unsigned)peer->uid,
                         u->count);
    return 0;
}

void server_set_rights(struct rpc_conn *conn)
{
    struct rpc_server *s = conn->server;

    conn->peer.is_operator = conn->peer.is_admin = false;
    if (s->on_peer)
        s->on_peer(s->arg, &conn->peer);
}

void server_opened(struct rpc_conn *conn)
{
    struct rpc_server *s = conn->server;

    list_remove(s, conn);
    conn->is_opened = true;
    if (conn->peer.role == SESSION_COMMAND) {
        uid_add(s, conn->peer.uid);
        conn->counted_uid = true;
    }
}

void server_forget(struct rpc_conn *conn)
{
    struct rpc_server *s = conn->server;

    conn->server = NULL;
    if (!conn->is_opened)
        list_remove(s, conn);
    if (conn->counted_uid)
        uid_drop(s, conn->peer.uid);
    s->num_conns--;
    if (s->is_full) {
        s->is_full = false;
        log_notice("connections are accepted again");
    }
    server_unref(s);
}

/* ---- accepting ---- */

static struct handshake *handshake_for(const struct listener *l, int fd)
{
    const struct rpc_server *s = l->server;
    struct handshake_server_conf conf = {
        .cluster_name = s->cluster_name,
        .secret_key = s->secret_key,
        .munge_socket = s->munge_socket,
        .only_own_uid = s->only_own_uid,
    };
    struct ucred cred;
    socklen_t len = sizeof cred;

    if (!l->is_local)
        return handshake_server(&conf);
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) == 0
               ? handshake_local_server(&conf, cred.uid, cred.gid)
               : NULL;
}

static void server_accepted(struct listener *l, int fd)
{
    struct rpc_server *s = l->server;
    struct handshake *h;
    struct rpc_conn *conn;

    if (s->oldest && (s->num_handshaking >= s->max_handshaking || s->num_conns >= s->max_conns))
        conn_failf(s->oldest, BRE_BUSY, "%s was silent while others waited", s->oldest->peer.address);
    if (s->num_conns >= s->max_conns) {
        if (!s->is_full)
            log_warning("%u connections are open: no more are accepted", s->num_conns);
        s->is_full = true;
        close(fd);
        return;
    }
    if (!(h = handshake_for(l, fd))) {
        close(fd);
        return;
    }
    conn = conn_create(s->reactor, fd, CONN_HANDSHAKE, s->ops, s->arg);
    conn->server = s;
    s->refs++;
    s->num_conns++;
    list_add(s, conn);
    conn_timer(conn, TIMER_HANDSHAKE, s->handshake_ms);
    conn_handshake_start(conn, h);
}

/* No descriptor is left: give up the spare one to take the connection and close it, else the loop
 * would be told about it for ever. */
static void server_shed(struct listener *l)
{
    struct rpc_server *s = l->server;
    int fd;

    if (!s->is_full)
        log_error("no file descriptor left: connections are refused (limit: ulimit -n)");
    s->is_full = true;
    close(s->spare_fd);
    if ((fd = accept(l->fd, NULL, NULL)) >= 0)
        close(fd);
    s->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (s->oldest)
        conn_failf(s->oldest, BRE_BUSY, "%s was silent while others waited", s->oldest->peer.address);
}

static void on_listen(void *arg, int events, int status)
{
    struct listener *l = arg;

    (void)events;
    (void)status;
    for (unsigned i = 0; i < ACCEPT_BATCH; i++) {
        int fd = accept4(l->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd >= 0) {
            server_accepted(l, fd);
        } else if (errno == EMFILE || errno == ENFILE) {
            server_shed(l);
            return;
        } else if (errno != EINTR && errno != ECONNABORTED) {
            return;
        }
    }
}

static int listener_start(struct rpc_server *s, struct listener *l, int fd, struct error *err)
{
    l->server = s;
    l->fd = fd;
    if (!(l->ready = reactor_fd_create(s->reactor, fd, on_listen, l))
        || reactor_fd_watch(l->ready, REACTOR_READ) < 0)
        return error_set(err, errno, "cannot watch the %s: %s", l->is_local ? "local socket" : "port",
                         strerror(errno));
    return 0;
}

static void listener_stop(struct listener *l)
{
    reactor_fd_close(l->ready);
    l->ready = NULL;
    if (l->fd >= 0)
        close(l->fd);
    l->fd = -1;
}

/* Without it everything works, a little slower. */
static void local_start(struct rpc_server *s, const char *run_dir)
{
    struct error err;
    int fd = rpc_local_listen(run_dir, rpc_server_port(s), !s->only_own_uid, &err);

    if (fd < 0)
        log_notice("commands on this host use the port, for want of a local socket: %s", err.text);
    else if (listener_start(s, &s->local, fd, &err) < 0) {
        log_notice("%s", err.text);
        listener_stop(&s->local);
    }
}

struct rpc_server *rpc_server_create(struct reactor *r, const struct rpc_server_conf *conf,
                                     const struct rpc_conn_ops *ops, void *arg, struct error *err)
{
    struct rpc_server *s;
    int fd = rpc_listen(conf->listen, conf->port, 1024, err);

    if (fd < 0)
        return NULL;
    s = xcalloc(1, sizeof *s);
    s->reactor = r;
    s->refs = 1;
    s->local.is_local = true;
    s->local.fd = -1;
    s->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    s->ops = ops;
    s->arg = arg;
    s->on_peer = conf->on_peer;
    s->cluster_name = xstrdup(conf->cluster_name);
    s->munge_socket = xstrdup(conf->munge_socket);
    memcpy(s->secret_key, conf->secret_key, sizeof s->secret_key);
    s->only_own_uid = conf->only_own_uid;
    s->max_conns = conf->max_conns ? conf->max_conns : DEFAULT_CONNS;
    s->max_handshaking = s->max_conns / 4 ? s->max_conns / 4 : 1;
    s->handshake_ms = conf->handshake_ms ? conf->handshake_ms : DEFAULT_HANDSHAKE_MS;
    if (listener_start(s, &s->port, fd, err) < 0) {
        rpc_server_destroy(s);
        return NULL;
    }
    if (conf->run_dir)
        local_start(s, conf->run_dir);
    return s;
}

uint16_t rpc_server_port(const struct rpc_server *s)
{
    return rpc_local_port(s->port.fd);
}

void server_count_queued(struct rpc_server *s, size_t more, size_t less)
{
    s->queued = s->queued + more - less;
}

size_t rpc_server_queued(const struct rpc_server *s)
{
    return s ? s->queued : 0;
}

unsigned rpc_server_num_conns(const struct rpc_server *s)
{
    return s->num_conns + s->num_working;
}

void rpc_server_destroy(struct rpc_server *s)
{
    if (!s)
        return;
    listener_stop(&s->port);
    listener_stop(&s->local);
    if (s->spare_fd >= 0)
        close(s->spare_fd);
    s->spare_fd = -1;
    server_unref(s);
}

/* ---- a step's end ---- */

struct rpc_conn *rpc_accept_step(struct reactor *r, int fd, const uint8_t raw_hello[STEP_HELLO_SIZE],
                                 const uint8_t key[SESSION_KEY_SIZE], const struct rpc_conn_ops *ops,
                                 void *arg)
{
    struct rpc_conn *conn = conn_create(r, fd, CONN_HANDSHAKE, ops, arg);
    struct error err;
    struct handshake *h = handshake_step_server(raw_hello, key, &err);

    if (!h) {
        conn_fail(conn, &err);
        return conn;
    }
    conn_timer(conn, TIMER_HANDSHAKE, DEFAULT_HANDSHAKE_MS);
    conn_handshake_start(conn, h);
    return conn;
}
