/* channel.h - how two programs of a cluster come to trust a connection, and the sealed frames on it.
 *
 * Nothing here does I/O but the two calls to munge: bytes go in, bytes come out.  rpc/ moves them over
 * sockets, tests and fuzzers without.
 *
 * Session with the controller.  Every record begins with "BrH1", a kind and, but for the first, its
 * length; each has one exact length, ClientAuth at most 4096 bytes.
 *
 *   client                                         controller
 *   ClientHello {role, versions, nonce}       ->
 *                                             <-   ServerHello {version, uid, clock, cluster, nonce,
 *                                                               X25519 key, Ed25519 key}
 *      the Ed25519 key must be the pinned one
 *   ClientAuth {munge credential}             ->   only the uid of ServerHello can decode it; it holds
 *                                                  {X25519 key, versions, audience, H1}
 *                                             <-   ServerAuth {Ed25519 signature of H2, confirmation
 *                                                              under the session's key, stream header}
 *   stream header, sealed empty frame, frames ->   the session stands for the controller from here
 *
 *   H1 = hash(ClientHello, ServerHello); H2 = hash(H1, ClientAuth, client's X25519 key)
 *   master = hash keyed with X25519 secret (H2); one key a direction and one for the confirmation from it
 *   session hash (what boards sign) = hash(H2, ServerAuth)
 *
 * The audience names cluster, service and host; a host is named by its Ed25519 key, since a machine has
 * many names.  A credential is of use in one exchange only: it holds H1, which holds the controller's
 * fresh nonce and key, so munge's replay memory is a second line of defence; and who replays it does not
 * have the X25519 secret that belongs to it, so even an accepted replay would stand nowhere.  Before
 * ServerAuth has arrived the client has said nothing but who it is.  Instead of any of its records the
 * controller may send Refusal {code, clock, text}, which is not authenticated: it is shown, not obeyed.
 *
 * Session with a step: the same in one round trip, with the step's key in place of munge and pinning.
 *
 *   StepHello {role, versions, job, step, attempt, node, nonce, X25519 key, proof} ->   (128 bytes: all that
 *                                                                         an agent reads before it hands over)
 *                                 <- StepServer {version, nonce, X25519 key, proof, stream header}
 *   stream header, sealed empty frame, frames ->
 *
 * Session of a command on the controller's own host, over the unix socket RUN_DIR/.controller/PORT: the
 * kernel says who is at either end (SO_PEERCRED), as it says to munged, so neither munge nor keys are
 * asked and nothing is sealed.
 *
 *   LocalHello {role, versions, controller's Ed25519 key}, frames -> a controller with another key refuses
 *                                                    <- LocalAnswer {version, uid, clock}, frames
 *
 * The proofs are BLAKE2b keyed with the key of the role, and so are the session keys, over the X25519
 * secret and all of the exchange.  The owner's client holds only the client's key, which the controller
 * derives from the step's (step_client_key()); shepherds hold the step's and derive both.
 *
 * Frames.  {u32 length, sealed {u32 type, u32 request id, u32 body length, body's first 16 KiB}}, then
 * the rest of the body in sealed pieces of 32 KiB.  crypto_secretstream counts them, so repeat, loss
 * and swap break the seal, and type and length are known true before memory is taken for a body.  A
 * length that lies breaks the seal too.  The last thing on a session is an empty piece with TAG_FINAL.
 */
#ifndef BRAMBLE_CHANNEL_CHANNEL_H
#define BRAMBLE_CHANNEL_CHANNEL_H

#include <sodium.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "channel/session.h"

struct error;

enum {
    PROTOCOL_MIN = 1,
    PROTOCOL_MAX = 1,
    CLIENT_AUTH_MAX = 4096,
    HANDSHAKE_RECORD_MAX = 4096,
};

/* ---- handshake ---- */

struct handshake;

enum handshake_state {
    HANDSHAKE_READ, /* feed it handshake_want() bytes */
    HANDSHAKE_WORK, /* call handshake_work() where blocking is allowed, then handshake_worked() */
    HANDSHAKE_DONE, /* handshake_finish() */
    HANDSHAKE_FAILED,
};

/* munge, or what a test puts in its place.  Both may block. */
struct identity_ops {
    /* A credential that only uid can decode.  *cred is malloc()ed text. */
    int (*encode)(const char *socket, uid_t uid, const void *payload, size_t len, char **cred,
                  struct error *err);
    /* The payload must have exactly len bytes.  uid and gid are set only on success. */
    int (*decode)(const char *socket, const char *cred, void *payload, size_t len, uid_t *uid,
                  gid_t *gid, struct error *err);
};
extern const struct identity_ops identity_munge;

struct handshake_client_conf {
    enum session_role role;
    const char *server_name;          /* for messages */
    const uint8_t *server_key;        /* pinned Ed25519 key; NULL is refused */
    const char *munge_socket;         /* NULL or "": default */
    const struct identity_ops *identity; /* NULL: munge */
};
struct handshake_server_conf {
    const char *cluster_name;
    const uint8_t *secret_key;        /* Ed25519, 64 bytes */
    const char *munge_socket;
    bool only_own_uid;
    const struct identity_ops *identity;
};
/* What conf points at is copied.  NULL with err set when refused. */
struct handshake *handshake_client(const struct handshake_client_conf *conf, struct error *err);
struct handshake *handshake_server(const struct handshake_server_conf *conf);
/* key: of the role (SESSION_STEP_CLIENT) or of the step (SESSION_STEP_PEER). */
struct handshake *handshake_step_client(enum session_role role, uint32_t job_id, uint32_t step_id,
                                        uint32_t attempt, uint32_t node_index,
                                        const uint8_t key[SESSION_KEY_SIZE], struct error *err);
/* The i/o process's side: begins with the hello that the agent has read.  key: of the step.  Fails at
 * once, with nothing to send, when the proof is wrong. */
struct handshake *handshake_step_server(const uint8_t hello[STEP_HELLO_SIZE],
                                        const uint8_t key[SESSION_KEY_SIZE], struct error *err);
/* The controller's side of a local session; uid and gid: from the kernel. */
struct handshake *handshake_local_server(const struct handshake_server_conf *conf, uid_t uid, gid_t gid);
void handshake_destroy(struct handshake *h); /* NULL is allowed; wipes what is secret */

enum handshake_state handshake_state(const struct handshake *h);
size_t handshake_want(const struct handshake *h);
bool handshake_is_local(const struct handshake *h);
const struct session_peer *handshake_peer(const struct handshake *h); /* as far as it is known */
/* data: exactly handshake_want() bytes.  -1: failed; there may still be a refusal to send. */
int handshake_feed(struct handshake *h, const uint8_t *data, struct error *err);
/* Blocks; touches only h, so it may run on a worker. */
void handshake_work(struct handshake *h);
int handshake_worked(struct handshake *h, struct error *err);
/* A server that is too busy, or refuses for a reason of its own. */
void handshake_refuse(struct handshake *h, const struct error *why);
/* The same as bytes, for a server whose handshake is busy with work. */
enum { HANDSHAKE_REFUSAL_SIZE = 512 };
void handshake_refusal(const struct error *why, uint8_t out[HANDSHAKE_REFUSAL_SIZE]);
/* Bytes to send now, or NULL.  Valid until the next call on h. */
const uint8_t *handshake_output(struct handshake *h, size_t *len);

/* ---- the client's side of a local session ---- */

enum { LOCAL_HELLO_SIZE = 64 };
void local_hello_make(const uint8_t server_key[32], uint8_t out[LOCAL_HELLO_SIZE]);
/* What the controller says first.  Its size, 0 when more of it must come, -1 when it refuses; then frames
 * follow that frame_plain_init() prepares for.  name: of the controller, for messages. */
ssize_t local_answer_read(const uint8_t *data, size_t len, const char *name, struct session_peer *peer,
                          struct error *err);

/* ---- numbers of the step hello, without trusting them ---- */
int step_hello_parse(const uint8_t raw[STEP_HELLO_SIZE], struct step_hello *hello);

/* ---- frames ---- */

enum {
    FRAME_HEAD = 12,         /* type, request id, length: room before the body in frame_seal()'s buffer */
    FRAME_INLINE_MAX = 16384,
    FRAME_PIECE = 32768,
    FRAME_SEAL = crypto_secretstream_xchacha20poly1305_ABYTES,
    FRAME_NEED_MAX = FRAME_PIECE + FRAME_SEAL, /* most bytes that a reader wants in one piece */
    FRAME_TYPE_FD = 0x40000000, /* unsealed sockets only: a descriptor came with this frame */
};

struct frame_writer {
    crypto_secretstream_xchacha20poly1305_state state;
    bool plain; /* unix socket: of agent and shepherd, or a local session */
};
struct frame_reader {
    crypto_secretstream_xchacha20poly1305_state state;
    bool plain;
    bool want_header; /* the peer's stream header comes first */
    uint32_t type, request_id, total, have;
    uint8_t *body;
    bool in_body;
};
struct frame_view {
    uint32_t type, request_id;
    const uint8_t *body; /* until the next call on the reader, or the scratch buffer is used again */
    size_t len;
};

/* Ends the handshake, which must be done; h is destroyed.  out gets the bytes to send first (the
 * client's stream header), *out_len of them, at most 64. */
void handshake_finish(struct handshake *h, struct frame_writer *w, struct frame_reader *r,
                      struct session_peer *peer, uint8_t out[64], size_t *out_len);
void frame_plain_init(struct frame_writer *w, struct frame_reader *r);

size_t frame_sealed_size(const struct frame_writer *w, size_t body_len);
/* Seal the body that lies FRAME_HEAD bytes into buffer; out has room for frame_sealed_size(). */
void frame_seal(struct frame_writer *w, uint32_t type, uint32_t request_id, uint8_t *buffer,
                size_t body_len, uint8_t *out);
/* The authenticated end; out has room for FRAME_SEAL + 4.  Returns the size, 0 on a plain writer. */
size_t frame_seal_end(struct frame_writer *w, uint8_t *out);

enum frame_result {
    FRAME_MORE,  /* all of data that makes a piece is used */
    FRAME_GOT,   /* *view is a frame */
    FRAME_ENDED, /* the peer ended the session */
    FRAME_BAD,   /* err says why; the session is over */
};
/* Called with type and length as soon as they are known true, before memory is taken.  -1 with err
 * set makes the result FRAME_BAD. */
typedef int frame_accept_f(void *arg, uint32_t type, uint32_t request_id, uint32_t len, struct error *err);
/* Take what data holds.  *used: bytes taken; keep the rest and come back with more behind it. */
enum frame_result frame_read(struct frame_reader *r, const uint8_t *data, size_t len, size_t *used,
                             frame_accept_f *accept, void *arg,
                             uint8_t scratch[FRAME_HEAD + FRAME_INLINE_MAX], struct frame_view *view,
                             struct error *err);
void frame_reader_fini(struct frame_reader *r);
void frame_writer_fini(struct frame_writer *w);

#endif
