/* conn_private.h - the inside of a connection, for the files of rpc/ that make one. */
#ifndef BRAMBLE_RPC_CONN_PRIVATE_H
#define BRAMBLE_RPC_CONN_PRIVATE_H

#include "channel/channel.h"
#include "reactor/reactor.h"
#include "rpc/rpc_private.h"
#include "util/error.h"

struct rpc_dial;
struct rpc_server;

enum conn_state {
    CONN_DIALLING,  /* looking up, connecting */
    CONN_HANDSHAKE,
    CONN_CONFIRM,   /* accepted: waits for the first sealed frame */
    CONN_OPEN,
    CONN_ENDING,    /* rpc_conn_close(): writing the rest, then waiting for the peer's end */
    CONN_CLOSED,    /* on_close is due */
};

/* A run of bytes to be written. */
struct out_block {
    struct out_block *next;
    size_t len, off, cap;
    int fd; /* goes with the first byte; -1: none */
    uint8_t data[];
};

struct rpc_conn {
    struct reactor *reactor;
    const struct rpc_conn_ops *ops;
    void *arg;
    enum conn_state state;
    int refs;
    int fd;
    bool dialled, registered, paused, flush_due, resume_due, working, above_low, sent_end, is_unix,
        is_local, want_drain;
    struct reactor_fd *ready;
    struct reactor_timer *timer;
    enum { TIMER_NONE, TIMER_HANDSHAKE, TIMER_STALL, TIMER_ENDING } timer_for;
    struct session_peer peer;
    uint32_t max_request_id; /* of requests sent; replies name no other */

    struct handshake *handshake;
    uint8_t *record; /* handshake_want() bytes, growing */
    size_t record_have;
    struct rpc_dial *dial;

    struct frame_writer writer;
    struct frame_reader reader;
    uint8_t *tail; /* read, not yet used */
    size_t tail_len;
    int in_fds[8];
    unsigned num_in_fds;

    struct out_block *out, *out_last;
    size_t out_bytes;
    struct error *why;

    struct rpc_server *server; /* accepted by it */
    struct rpc_conn *prev, *next; /* in its list */
    struct rpc_conn *work_next; /* in its queue for munge */
    bool is_opened, counted_uid;
};

/* A connection in state, owning fd (or -1).  Its one reference is the open connection's own. */
struct rpc_conn *conn_create(struct reactor *r, int fd, enum conn_state state,
                             const struct rpc_conn_ops *ops, void *arg);
void conn_ref(struct rpc_conn *conn);
void conn_unref(struct rpc_conn *conn);
/* Watch the descriptor for what the state needs. */
int conn_watch(struct rpc_conn *conn);
void conn_timer(struct rpc_conn *conn, int what, uint64_t ms);
/* Over: on_close follows on the next turn. */
void conn_fail(struct rpc_conn *conn, const struct error *why);
void conn_failf(struct rpc_conn *conn, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
int conn_queue(struct rpc_conn *conn, const void *data, size_t len);
void conn_flush(struct rpc_conn *conn);
void conn_flush_later(struct rpc_conn *conn);
/* Send what is queued, then close: the handshake has refused the peer. */
void conn_end(struct rpc_conn *conn);

/* conn_read.c */
void conn_readable(struct rpc_conn *conn);
void conn_drop_input(struct rpc_conn *conn);

/* handshake over sockets: conn_handshake.c */
void conn_handshake_readable(struct rpc_conn *conn);
void conn_handshake_work(struct rpc_conn *conn);
/* The deadline has passed: say so to a client that waits for our munge. */
void conn_handshake_late(struct rpc_conn *conn);
void conn_handshake_start(struct rpc_conn *conn, struct handshake *h);
/* dial.c */
void conn_dial_writable(struct rpc_conn *conn, int status);
void conn_dial_free(struct rpc_dial *d);
const char *conn_dial_name(const struct rpc_conn *conn);
/* server.c.  In this order: may this peer have a session?  Its rights.  It is open. */
int server_admit(struct rpc_conn *conn, const struct session_peer *peer, struct error *err);
/* A turn at munge: true, or conn is called by conn_handshake_work() when it has one.  Then give it back. */
bool server_work_begin(struct rpc_conn *conn);
void server_work_end(struct rpc_server *s);
void server_set_rights(struct rpc_conn *conn);
void server_opened(struct rpc_conn *conn);
void server_forget(struct rpc_conn *conn);
void server_count_queued(struct rpc_server *s, size_t more, size_t less);

#endif
