/* rpc.h - sessions, frames and calls: how Bramble's programs talk.
 *
 * A session begins with the handshake of channel/ and then carries sealed frames, each a message of
 * messages.def with a request id.  A frame reaches a handler only if the table gives this session's
 * kind of peer the right to send it and its decoded message keeps the bounds of the schema; anything
 * else ends the session.  Who the peer is comes from the session alone.
 *
 * The asynchronous half (struct rpc_conn) runs on a reactor; the blocking half (struct rpc_client)
 * is for commands that ask, print and leave.
 */
#ifndef BRAMBLE_RPC_H
#define BRAMBLE_RPC_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "channel/session.h"

struct error;
struct reactor;

enum {
    R_ANY = 1 << 0,
    R_OWNER = 1 << 1,
    R_OPERATOR = 1 << 2,
    R_ADMIN = 1 << 3,
    R_AGENT = 1 << 4,
    R_NEWNODE = 1 << 5,
    R_CTLD = 1 << 6,
    R_CLIENT = 1 << 7,
    R_STEPD = 1 << 8,
    R_PEER = 1 << 9,
    R_REPLY = 1 << 10,
    R_SHEP = 1 << 11,
};

enum msg_type {
#define MSG(number, name, schema, max, rights) MSG_##name = number,
#include "rpc/messages.def"
#undef MSG
};
const char *msg_type_name(unsigned type); /* "MSG_SUBMIT", or "unknown message" */

struct rpc_frame {
    unsigned type;
    uint32_t request_id;
    const ProtobufCMessage *msg; /* decoded and checked; lives until the callback returns */
    int fd;                      /* SESSION_SHEPHERD: descriptor that came with it, or -1; the callback takes it */
};

/* ---- asynchronous connections ---- */

struct rpc_conn;
struct rpc_conn_ops {
    /* The session stands; may be NULL.  On the accepting side: the client has sent its first sealed
     * frame, which needs its key.  The dialling side may call rpc_conn_send() from here on. */
    void (*on_open)(void *arg, struct rpc_conn *conn);
    void (*on_frame)(void *arg, struct rpc_conn *conn, const struct rpc_frame *frame);
    /* Once, last callback; conn is freed after it.  why is never NULL.  Also for a connection that never
     * opened.  why->code: BRE_CLOSED when the peer or this side ended the session properly (on a unix
     * socket: end of file), ECONNRESET when it was cut, BRE_NO_CONTACT when nobody was reached,
     * BRE_TIMEOUT, BRE_AUTH and others of the handshake, BRE_PROTOCOL, BRE_ACCESS, ... */
    void (*on_close)(void *arg, struct rpc_conn *conn, const struct error *why);
    void (*on_drain)(void *arg, struct rpc_conn *conn); /* the send queue fell below its low mark; may be NULL */
};

/* Send a message.  It is packed at once, so msg may be freed; msg may be NULL for the schema Empty.  It
 * leaves at the end of this turn of the loop, with what else was sent meanwhile.  -1: the connection is
 * not open (ENOTCONN), msg breaks the bounds of its schema (EMSGSIZE, logged), or the queue is full
 * (ENOBUFS; the connection is then closed: a peer that does not read is of no use). */
int rpc_conn_send(struct rpc_conn *conn, unsigned type, uint32_t request_id, const ProtobufCMessage *msg);
/* SESSION_SHEPHERD only: the same with a descriptor, which stays the caller's. */
int rpc_conn_send_fd(struct rpc_conn *conn, unsigned type, const ProtobufCMessage *msg, int fd);
/* Refuse a request: sends MSG_REFUSAL with the error's code and text. */
int rpc_conn_refuse(struct rpc_conn *conn, uint32_t request_id, const struct error *err);
size_t rpc_conn_queued(const struct rpc_conn *conn); /* bytes not yet written */
/* Call on_drain also when the queue, which holds something now, has become empty. */
void rpc_conn_want_drain(struct rpc_conn *conn);
/* Close after what is queued has been written (or 5 s); on_close follows.  No frame is delivered any more. */
void rpc_conn_close(struct rpc_conn *conn);
/* Close now. on_close follows on the next turn of the loop. */
void rpc_conn_abort(struct rpc_conn *conn, const struct error *why);
const struct session_peer *rpc_conn_peer(const struct rpc_conn *conn);
void rpc_conn_set_arg(struct rpc_conn *conn, const struct rpc_conn_ops *ops, void *arg);
void *rpc_conn_arg(const struct rpc_conn *conn);
/* After NODE_HELLO was verified: the session counts as a registered agent (R_AGENT). */
void rpc_conn_set_agent(struct rpc_conn *conn, bool registered);
/* Stop reading frames while downstream is full; on again with false. */
void rpc_conn_pause(struct rpc_conn *conn, bool paused);

/* Let the kernel notice within about timeout_ms that a silent peer is gone (on_close with ETIMEDOUT),
 * without a heartbeat of the program's own. */
void rpc_conn_set_keepalive(struct rpc_conn *conn, unsigned timeout_ms);

/* Where a controller is and how it is known: the one line a node or login host needs,
 * controller = "host:port KEY" (KEY: base64 of its Ed25519 public key). */
enum { RPC_LOCAL_PATH_MAX = 108 };
struct rpc_target {
    char host[256];
    uint16_t port;
    uint8_t key[32];
    bool have_key;
    char munge_socket[108]; /* empty: munge's default */
    char local_socket[RPC_LOCAL_PATH_MAX]; /* tried first by rpc_client_open(); empty: none */
};
int rpc_target_parse(const char *text, struct rpc_target *target, struct error *err);
/* Where a controller on this host serves commands beside its port; empty when run_dir is too long. */
void rpc_local_path(const char *run_dir, uint16_t port, char path[RPC_LOCAL_PATH_MAX]);
/* As root, which is about to become uid: make the folder of that socket. */
int rpc_local_prepare(const char *run_dir, uid_t uid, gid_t gid, struct error *err);

/* Dial a controller.  Names are looked up on a worker.  on_open or on_close follows within
 * timeout_ms. */
struct rpc_conn *rpc_dial(struct reactor *r, const struct rpc_target *target, enum session_role role,
                          uint64_t timeout_ms, const struct rpc_conn_ops *ops, void *arg);

/* Dial a step's i/o process through the agent's port.  key: StepReply's for SESSION_STEP_CLIENT,
 * StepLaunch's for SESSION_STEP_PEER. */
struct step_address {
    const char *host; /* numeric */
    uint16_t port;
    uint32_t job_id, step_id, attempt;
    uint32_t node_index; /* in the step */
    uint8_t key[SESSION_KEY_SIZE];
};
struct rpc_conn *rpc_dial_step(struct reactor *r, const struct step_address *addr, enum session_role role,
                               uint64_t timeout_ms, const struct rpc_conn_ops *ops, void *arg);

/* The controller's port. */
struct rpc_server_conf {
    const char *listen;       /* "0.0.0.0", "127.0.0.1", "::" */
    uint16_t port;            /* 0: any; see rpc_server_port() */
    const char *run_dir;      /* the socket for this host's commands lies below it; NULL: none */
    const char *cluster_name;
    const uint8_t *secret_key;/* Ed25519, 64 bytes; copied */
    const char *munge_socket; /* NULL: default */
    bool only_own_uid;        /* mode without root: every other uid is refused */
    unsigned max_conns;       /* in all; 0: 4096 */
    unsigned handshake_ms;    /* 0: 5000 */
    /* fills is_operator and is_admin; may be NULL */
    void (*on_peer)(void *arg, struct session_peer *peer);
};
struct rpc_server;
/* ops and arg become those of each accepted connection. */
struct rpc_server *rpc_server_create(struct reactor *r, const struct rpc_server_conf *conf,
                                     const struct rpc_conn_ops *ops, void *arg, struct error *err);
uint16_t rpc_server_port(const struct rpc_server *s);
unsigned rpc_server_num_conns(const struct rpc_server *s); /* open, handshaking, and at munge still */
size_t rpc_server_queued(const struct rpc_server *s); /* bytes not yet written, of all its connections */
void rpc_server_destroy(struct rpc_server *s); /* stops listening; connections live on */

/* The agent's port: reads one fixed frame of STEP_HELLO_SIZE bytes from each connection and hands
 * it, undecoded but for the numbers, to on_client, which takes the descriptor.  Nothing else is read.
 * on_client NULL at creation is not allowed; a descriptor it has no use for it closes. */
struct step_port;
struct step_port *step_port_create(struct reactor *r, const char *listen, uint16_t port,
                                   void (*on_client)(void *arg, int fd, const struct step_hello *hello,
                                                     const char *address),
                                   void *arg, struct error *err);
uint16_t step_port_number(const struct step_port *p);
void step_port_destroy(struct step_port *p);
/* In the step's i/o process: go on with the handshake on fd (taken), with the step's key (StepLaunch's).
 * Never NULL: when the client does not hold the key, on_close says so on the next turn. */
struct rpc_conn *rpc_accept_step(struct reactor *r, int fd, const uint8_t raw_hello[STEP_HELLO_SIZE],
                                 const uint8_t key[32], const struct rpc_conn_ops *ops, void *arg);

/* Unix socket between agent and shepherd: frames, not sealed; the peer's uid is checked against
 * want_uid (or the own uid).  fd is taken.  The connection is open at once; on_open is not called. */
struct rpc_conn *rpc_adopt_unix(struct reactor *r, int fd, uid_t want_uid, const struct rpc_conn_ops *ops,
                                void *arg, struct error *err);

/* ---- blocking client of a command ---- */

struct rpc_client;
/* Connect with the target of the configuration (conf/client.h finds it).  While the controller does
 * not answer, tries again until wait_ms have passed. */
struct rpc_client *rpc_client_open(const struct rpc_target *target, unsigned wait_ms, struct error *err);
void rpc_client_close(struct rpc_client *c); /* NULL is allowed */
/* Ask and wait at most timeout_ms.  The reply is owned by the caller (rpc_msg_free()).  A refusal
 * becomes err. want: the expected reply type. */
ProtobufCMessage *rpc_call(struct rpc_client *c, unsigned type, const ProtobufCMessage *request,
                           unsigned want, unsigned timeout_ms, struct error *err);
/* The halves of it, for answers of several frames.  frame->msg lives until the next rpc_recv(). */
int rpc_send(struct rpc_client *c, unsigned type, const ProtobufCMessage *request, struct error *err);
int rpc_recv(struct rpc_client *c, struct rpc_frame *frame, unsigned timeout_ms, struct error *err);
void rpc_msg_free(ProtobufCMessage *msg);
/* What a MSG_REFUSAL says, as an error.  Returns -1. */
int rpc_refusal_error(const ProtobufCMessage *msg, struct error *err);

/* ---- codec: also for the journal, tests and fuzzers ---- */

/* Check one message against the bounds of its schema, then decode it into memory that is capped.  NULL
 * with err set if it is no valid message of that type.  Free with rpc_msg_free(). */
ProtobufCMessage *msg_decode(unsigned type, const uint8_t *data, size_t len, struct error *err);
/* The same for any message of wire/, such as the events of the journal. */
ProtobufCMessage *msg_decode_schema(const ProtobufCMessageDescriptor *schema, const uint8_t *data,
                                    size_t len, struct error *err);
/* Check a message that was made here against the bounds of its schema. */
int msg_check_bounds(const ProtobufCMessage *msg, struct error *err);
/* Of a message of messages.def; NULL and 0 for an unknown type. */
const ProtobufCMessageDescriptor *msg_schema(unsigned type);
uint32_t msg_max_size(unsigned type);
unsigned msg_rights(unsigned type);

#endif
