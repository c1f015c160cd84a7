/* conn_handshake.c - the handshake of channel/ over a connection's socket. */
#include "config.h"
#include "rpc/conn_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "util/log.h"
#include "util/mem.h"

static void handshake_go_on(struct rpc_conn *conn);

static void queue_output(struct rpc_conn *conn)
{
    size_t len;
    const uint8_t *data = handshake_output(conn->handshake, &len);

    if (data && conn_queue(conn, data, len) < 0)
        conn_failf(conn, ENOMEM, "no memory for a handshake");
}

/* The handshake has failed: send the refusal that it may have made, then hang up. */
static void handshake_over(struct rpc_conn *conn, const struct error *err)
{
    size_t before = conn->out_bytes;

    queue_output(conn);
    if (conn->state == CONN_CLOSED)
        return;
    if (conn->out_bytes == before) {
        conn_fail(conn, err);
        return;
    }
    conn->why = xmemdup(err, sizeof *err);
    conn_end(conn);
}

/* A connection's turn at munge.  The server is named apart: the connection may end meanwhile. */
struct munge_turn {
    struct rpc_conn *conn;
    struct rpc_server *server;
};

static void work(void *arg)
{
    struct munge_turn *turn = arg;

    handshake_work(turn->conn->handshake); /* nobody else touches it meanwhile */
}

static void work_done(void *arg)
{
    struct munge_turn *turn = arg;
    struct rpc_conn *conn = turn->conn;
    struct error err;

    if (turn->server)
        server_work_end(turn->server);
    free(turn);
    conn->working = false;
    if (conn->state == CONN_HANDSHAKE) {
        if (handshake_worked(conn->handshake, &err) < 0)
            handshake_over(conn, &err);
        else
            handshake_go_on(conn);
    }
    conn_unref(conn);
}

void conn_handshake_work(struct rpc_conn *conn)
{
    struct munge_turn *turn = xcalloc(1, sizeof *turn);
    struct error err;

    *turn = (struct munge_turn){ conn, conn->server };
    conn_ref(conn);
    if (reactor_offload(conn->reactor, work, work_done, turn) == 0)
        return;
    if (turn->server)
        server_work_end(turn->server);
    free(turn);
    conn->working = false;
    conn_unref(conn);
    error_set(&err, BRE_BUSY, "too many connections wait for munge");
    if (!conn->dialled)
        handshake_refuse(conn->handshake, &err);
    handshake_over(conn, &err);
}

static void start_work(struct rpc_conn *conn)
{
    conn->working = true;
    conn_watch(conn);
    if (conn->state == CONN_HANDSHAKE && (!conn->server || server_work_begin(conn)))
        conn_handshake_work(conn);
}

void conn_handshake_late(struct rpc_conn *conn)
{
    uint8_t record[HANDSHAKE_REFUSAL_SIZE];
    struct error err;

    if (conn->dialled || !conn->working) {
        conn_failf(conn, BRE_TIMEOUT, "the handshake with %s took too long",
                   conn->dialled ? conn_dial_name(conn) : conn->peer.address);
        return;
    }
    error_set(&err, BRE_AUTH, "munged on the controller's host does not answer");
    handshake_refusal(&err, record);
    conn->why = xmemdup(&err, sizeof err);
    conn_queue(conn, record, sizeof record);
    conn_end(conn);
}

/* The session stands on our side. */
static void handshake_done(struct rpc_conn *conn)
{
    uint8_t first[64];
    size_t len;

    queue_output(conn);
    if (conn->state == CONN_CLOSED)
        return;
    conn->is_local = !conn->dialled && handshake_is_local(conn->handshake);
    handshake_finish(TAKE(conn->handshake), &conn->writer, &conn->reader, &conn->peer, first, &len);
    free(conn->record);
    conn->record = NULL;
    if (!conn->dialled) {
        if (conn->server)
            server_set_rights(conn);
        conn->state = CONN_CONFIRM;
        if (conn->is_local)
            conn_flush(conn); /* no answer means that the request behind the hello was not read */
        if (conn_watch(conn) == 0 && conn->is_local)
            conn_readable(conn);
        return;
    }
    if (conn_queue(conn, first, len) == 0) {
        /* An empty frame, so that the session stands for the peer too, whoever speaks next. */
        uint8_t plain[FRAME_HEAD], sealed[4 + FRAME_HEAD + FRAME_SEAL];

        frame_seal(&conn->writer, 0, 0, plain, 0, sealed);
        conn_queue(conn, sealed, sizeof sealed);
    }
    conn->state = CONN_OPEN;
    conn_timer(conn, TIMER_NONE, 0);
    if (conn_watch(conn) < 0)
        return;
    if (conn->ops->on_open)
        conn->ops->on_open(conn->arg, conn);
}

static void handshake_go_on(struct rpc_conn *conn)
{
    struct error err;

    switch (handshake_state(conn->handshake)) {
    case HANDSHAKE_READ:
        queue_output(conn);
        if (conn->state != CONN_CLOSED)
            conn_watch(conn);
        return;
    case HANDSHAKE_WORK:
        start_work(conn);
        return;
    case HANDSHAKE_DONE:
        if (conn->server && server_admit(conn, handshake_peer(conn->handshake), &err) < 0) {
            handshake_refuse(conn->handshake, &err);
            handshake_over(conn, &err);
        } else {
            handshake_done(conn);
        }
        return;
    case HANDSHAKE_FAILED:
        conn_failf(conn, BRE_AUTH, "the handshake failed");
        return;
    }
}

void conn_handshake_start(struct rpc_conn *conn, struct handshake *h)
{
    conn->handshake = h;
    conn->state = CONN_HANDSHAKE;
    conn->record_have = 0;
    if (!conn->record)
        conn->record = xmalloc(HANDSHAKE_RECORD_MAX);
    handshake_go_on(conn);
}

void conn_handshake_readable(struct rpc_conn *conn)
{
    while (conn->state == CONN_HANDSHAKE && !conn->working) {
        size_t want = handshake_want(conn->handshake);
        struct error err;
        ssize_t n;

        if (!want || want > HANDSHAKE_RECORD_MAX)
            return;
        /* Never more than the record: what follows belongs to the next reader. */
        n = recv(conn->fd, conn->record + conn->record_have, want - conn->record_have, MSG_DONTWAIT);
        if (n < 0) {
            if (errno != EAGAIN && errno != EINTR)
                conn_failf(conn, errno, "%s hung up during the handshake: %s",
                           conn->dialled ? conn_dial_name(conn) : conn->peer.address, strerror(errno));
            return;
        }
        if (n == 0) {
            conn_failf(conn, ECONNRESET, "%s hung up during the handshake",
                       conn->dialled ? conn_dial_name(conn) : conn->peer.address);
            return;
        }
        conn->record_have += (size_t)n;
        if (conn->record_have < want)
            continue;
        conn->record_have = 0;
        if (handshake_feed(conn->handshake, conn->record, &err) < 0) {
            handshake_over(conn, &err);
            return;
        }
        handshake_go_on(conn);
    }
}
