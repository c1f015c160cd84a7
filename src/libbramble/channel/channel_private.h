/* channel_private.h - what the files of channel/ share. */
#ifndef BRAMBLE_CHANNEL_PRIVATE_H
#define BRAMBLE_CHANNEL_PRIVATE_H

#include "channel/channel.h"

#include <endian.h>
#include <string.h>

#include "util/error.h"

static inline void put_u16(uint8_t *p, uint16_t v)
{
    v = htole16(v);
    memcpy(p, &v, sizeof v);
}
static inline void put_u32(uint8_t *p, uint32_t v)
{
    v = htole32(v);
    memcpy(p, &v, sizeof v);
}
static inline void put_u64(uint8_t *p, uint64_t v)
{
    v = htole64(v);
    memcpy(p, &v, sizeof v);
}
static inline uint16_t get_u16(const uint8_t *p)
{
    uint16_t v;
    memcpy(&v, p, sizeof v);
    return le16toh(v);
}
static inline uint32_t get_u32(const uint8_t *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof v);
    return le32toh(v);
}
static inline uint64_t get_u64(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return le64toh(v);
}

#define RECORD_MAGIC "BrH1"
enum record_kind {
    RECORD_CLIENT_HELLO = 1,
    RECORD_SERVER_HELLO,
    RECORD_CLIENT_AUTH,
    RECORD_SERVER_AUTH,
    RECORD_REFUSAL,
    RECORD_STEP_HELLO,
    RECORD_STEP_SERVER,
    RECORD_LOCAL_HELLO,
    RECORD_LOCAL_ANSWER,
};
/* Sizes and offsets.  All numbers are little-endian; bytes not named are zero. */
enum {
    RECORD_HEAD = 8, /* magic 4, kind 1, zero 1, length 2 */
    HASH_SIZE = 32,
    NONCE_SIZE = 32,
    PROOF_SIZE = 32,
    STREAM_HEADER = crypto_secretstream_xchacha20poly1305_HEADERBYTES,

    CLIENT_HELLO_SIZE = 64, /* magic 4, kind 1, role 1, min 2, max 2, nonce at 16 */
    CH_ROLE = 5,
    CH_MIN = 8,
    CH_MAX = 10,
    CH_NONCE = 16,

    SERVER_HELLO_SIZE = 160,
    SH_VERSION = 8,
    SH_UID = 12,
    SH_CLOCK = 16,
    SH_CLUSTER = 24,
    SH_NONCE = 56,
    SH_DH = 88,
    SH_SIGN = 120,

    SERVER_AUTH_SIZE = 128,
    SA_SIGNATURE = 8,
    SA_CONFIRM = 72,
    SA_STREAM = 104,

    REFUSAL_SIZE = HANDSHAKE_REFUSAL_SIZE,
    RF_CODE = 8,
    RF_CLOCK = 16,
    RF_TEXT = 24,

    SD_ROLE = 5,
    SD_MIN = 8,
    SD_MAX = 10,
    SD_JOB = 12,
    SD_STEP = 16,
    SD_ATTEMPT = 20,
    SD_NODE = 24,
    SD_NONCE = 32,
    SD_DH = 64,
    SD_PROOF = 96,

    STEP_SERVER_SIZE = 136,
    SS_VERSION = 8,
    SS_NONCE = 16,
    SS_DH = 48,
    SS_PROOF = 80,
    SS_STREAM = 112,

    LH_KEY = 16, /* LocalHello: role and versions as in ClientHello, then the key */
    LOCAL_ANSWER_SIZE = 32,
    LA_VERSION = 8,
    LA_UID = 12,
    LA_CLOCK = 16,

    PAYLOAD_SIZE = 272, /* of the credential */
    PL_MIN = 4,
    PL_MAX = 6,
    PL_DH = 8,
    PL_HASH = 40,
    PL_AUDIENCE = 72,
    AUDIENCE_SIZE = PAYLOAD_SIZE - PL_AUDIENCE,
};
#define PAYLOAD_MAGIC "BrC1"

enum handshake_step {
    STEP_CLIENT_HELLO,  /* server waits for it */
    STEP_SERVER_HEAD,   /* client waits for the head of a record of the server */
    STEP_SERVER_BODY,
    STEP_CLIENT_HEAD,   /* server waits for the head of ClientAuth */
    STEP_CLIENT_BODY,
    STEP_WORK,
    STEP_DONE,
    STEP_FAILED,
};

struct handshake {
    enum handshake_step step;
    bool is_server, by_step_key, is_local;
    size_t want;
    uint8_t expected; /* kind of record that comes next */
    uint8_t head[RECORD_HEAD];
    struct session_peer peer;
    char server_name[300];
    char munge_socket[108];
    const struct identity_ops *identity;
    bool only_own_uid;

    uint8_t client_hello[STEP_HELLO_SIZE], server_hello[SERVER_HELLO_SIZE];
    uint8_t dh_secret[32], dh_public[32];
    uint8_t pinned[32], sign_secret[64];
    uint8_t cluster[HASH_SIZE];
    uint8_t role_key[SESSION_KEY_SIZE]; /* sessions of a step */
    uint8_t h1[HASH_SIZE], h2[HASH_SIZE];
    uint8_t master[32], send_key[32], receive_key[32];
    crypto_secretstream_xchacha20poly1305_state send_state; /* the server's, begun with its last record */
    uint8_t receive_header[STREAM_HEADER];                  /* the client's reader begins with it */

    char *cred; /* ClientAuth's text */
    int work_rc;
    uid_t work_uid;
    gid_t work_gid;
    struct error work_err;
    uint8_t payload[PAYLOAD_SIZE];

    uint8_t *out;
    size_t out_len;
};

/* hash(label, parts...), ended by a NULL pointer; key may be NULL. */
void channel_hash(uint8_t out[HASH_SIZE], const uint8_t *key, const char *label, ...);
struct handshake *handshake_alloc(void);
uint8_t *handshake_record(struct handshake *h, enum record_kind kind, size_t size);
int handshake_fail(struct handshake *h);
/* Fail and, on a server, send why. */
int handshake_refused(struct handshake *h, const struct error *err);
/* Fresh X25519 pair. */
void handshake_make_dh(struct handshake *h);
int handshake_choose_version(struct handshake *h, unsigned min, unsigned max, struct error *err);
void handshake_direction_keys(struct handshake *h);
/* A refusal's bytes after its head, as an error.  Returns -1. */
int handshake_read_refusal(const uint8_t *rest, const char *name, struct error *err);
int local_handshake_feed(struct handshake *h, const uint8_t *data, struct error *err);
int step_handshake_feed(struct handshake *h, const uint8_t *data, struct error *err);

#endif
