/* step_handshake.c - the exchange between those who hold a step's key. */
#include "config.h"
#include "channel/channel_private.h"

#include <stdio.h>
#include <stdlib.h>

#include "util/mem.h"

void step_client_key(const uint8_t step_key[SESSION_KEY_SIZE], uint8_t client_key[SESSION_KEY_SIZE])
{
    channel_hash(client_key, step_key, "bramble step client", NULL);
}

static void peer_key(const uint8_t step_key[SESSION_KEY_SIZE], uint8_t key[SESSION_KEY_SIZE])
{
    channel_hash(key, step_key, "bramble step peer", NULL);
}

int step_hello_parse(const uint8_t raw[STEP_HELLO_SIZE], struct step_hello *hello)
{
    if (memcmp(raw, RECORD_MAGIC, 4) || raw[4] != RECORD_STEP_HELLO || raw[6] || raw[7]
        || get_u32(raw + SD_NODE + 4)
        || (raw[SD_ROLE] != SESSION_STEP_CLIENT && raw[SD_ROLE] != SESSION_STEP_PEER))
        return -1;
    hello->role = raw[SD_ROLE];
    hello->job_id = get_u32(raw + SD_JOB);
    hello->step_id = get_u32(raw + SD_STEP);
    hello->attempt = get_u32(raw + SD_ATTEMPT);
    hello->node_index = get_u32(raw + SD_NODE);
    memcpy(hello->raw, raw, STEP_HELLO_SIZE);
    return 0;
}

/* Session keys from the X25519 secret, the key of the role and the whole exchange. */
static int derive(struct handshake *h, const uint8_t other_dh[32], struct error *err)
{
    uint8_t shared[32];

    if (crypto_scalarmult(shared, h->dh_secret, other_dh))
        return error_set(err, BRE_AUTH, "the other side sent a key that is none");
    channel_hash(h->master, h->role_key, "bramble step session", h->h1, (size_t)HASH_SIZE, shared,
                 sizeof shared, NULL);
    sodium_memzero(shared, sizeof shared);
    handshake_direction_keys(h);
    return 0;
}

static void hello_proof(const struct handshake *h, const uint8_t *hello, uint8_t proof[PROOF_SIZE])
{
    channel_hash(proof, h->role_key, "bramble step hello", hello, (size_t)SD_PROOF, NULL);
}

/* h1: everything up to the server's X25519 key. */
static void server_proof(struct handshake *h, const uint8_t *record, uint8_t proof[PROOF_SIZE])
{
    channel_hash(h->h1, NULL, "bramble step handshake", h->client_hello, (size_t)STEP_HELLO_SIZE, record,
                 (size_t)SS_PROOF, NULL);
    channel_hash(proof, h->role_key, "bramble step server", h->h1, (size_t)HASH_SIZE, NULL);
}

static void session_hash(struct handshake *h, const uint8_t *record)
{
    channel_hash(h->peer.hash, NULL, "bramble step session hash", h->h1, (size_t)HASH_SIZE, record,
                 (size_t)STEP_SERVER_SIZE, NULL);
}

struct handshake *handshake_step_client(enum session_role role, uint32_t job_id, uint32_t step_id,
                                        uint32_t attempt, uint32_t node_index,
                                        const uint8_t key[SESSION_KEY_SIZE], struct error *err)
{
    struct handshake *h;
    uint8_t *p;

    if (role != SESSION_STEP_CLIENT && role != SESSION_STEP_PEER) {
        error_set(err, BRE_INVAL, "role %d is none of a step", (int)role);
        return NULL;
    }
    h = handshake_alloc();
    h->by_step_key = true;
    h->peer.role = role;
    snprintf(h->server_name, sizeof h->server_name, "the node of step %u.%u", job_id, step_id);
    if (role == SESSION_STEP_PEER)
        peer_key(key, h->role_key);
    else
        memcpy(h->role_key, key, SESSION_KEY_SIZE);
    handshake_make_dh(h);
    p = handshake_record(h, RECORD_STEP_HELLO, STEP_HELLO_SIZE);
    p[SD_ROLE] = (uint8_t)role;
    put_u16(p + SD_MIN, PROTOCOL_MIN);
    put_u16(p + SD_MAX, PROTOCOL_MAX);
    put_u32(p + SD_JOB, job_id);
    put_u32(p + SD_STEP, step_id);
    put_u32(p + SD_ATTEMPT, attempt);
    put_u32(p + SD_NODE, node_index);
    randombytes_buf(p + SD_NONCE, NONCE_SIZE);
    memcpy(p + SD_DH, h->dh_public, 32);
    hello_proof(h, p, p + SD_PROOF);
    memcpy(h->client_hello, p, STEP_HELLO_SIZE);
    h->step = STEP_SERVER_HEAD;
    h->expected = RECORD_STEP_SERVER;
    h->want = RECORD_HEAD;
    return h;
}

/* The client reads StepServer. */
int step_handshake_feed(struct handshake *h, const uint8_t *rest, struct error *err)
{
    uint8_t record[STEP_SERVER_SIZE], proof[PROOF_SIZE];
    unsigned version;

    memcpy(record, h->head, RECORD_HEAD);
    memcpy(record + RECORD_HEAD, rest, STEP_SERVER_SIZE - RECORD_HEAD);
    server_proof(h, record, proof);
    if (sodium_memcmp(proof, record + SS_PROOF, PROOF_SIZE)) {
        error_set(err, BRE_AUTH, "%s does not hold the step's key", h->server_name);
        return handshake_fail(h);
    }
    version = get_u16(record + SS_VERSION);
    if (version < PROTOCOL_MIN || version > PROTOCOL_MAX) {
        error_set(err, BRE_VERSION, "%s chose protocol %u; this program speaks %u to %u", h->server_name,
                  version, PROTOCOL_MIN, PROTOCOL_MAX);
        return handshake_fail(h);
    }
    h->peer.version = version;
    if (derive(h, record + SS_DH, err) < 0)
        return handshake_fail(h);
    memcpy(h->receive_header, record + SS_STREAM, STREAM_HEADER);
    session_hash(h, record);
    h->step = STEP_DONE;
    h->want = 0;
    return 0;
}

static void take_role_key(struct handshake *h, enum session_role role, const uint8_t *step_key)
{
    if (role == SESSION_STEP_PEER)
        peer_key(step_key, h->role_key);
    else
        step_client_key(step_key, h->role_key);
}

bool step_hello_is_proven(const uint8_t raw[STEP_HELLO_SIZE], const uint8_t step_key[SESSION_KEY_SIZE])
{
    struct handshake *h;
    struct step_hello numbers;
    uint8_t proof[PROOF_SIZE];
    bool proven;

    if (step_hello_parse(raw, &numbers) < 0)
        return false;
    h = handshake_alloc();
    take_role_key(h, numbers.role, step_key);
    hello_proof(h, raw, proof);
    proven = sodium_memcmp(proof, raw + SD_PROOF, PROOF_SIZE) == 0;
    handshake_destroy(h);
    return proven;
}

struct handshake *handshake_step_server(const uint8_t hello[STEP_HELLO_SIZE],
                                        const uint8_t key[SESSION_KEY_SIZE], struct error *err)
{
    struct handshake *h;
    struct step_hello numbers;
    uint8_t proof[PROOF_SIZE], *p;

    if (step_hello_parse(hello, &numbers) < 0) {
        error_set(err, BRE_PROTOCOL, "what it sent is no step hello");
        return NULL;
    }
    h = handshake_alloc();
    h->is_server = h->by_step_key = true;
    h->peer.role = numbers.role;
    take_role_key(h, numbers.role, key);
    memcpy(h->client_hello, hello, STEP_HELLO_SIZE);
    hello_proof(h, hello, proof);
    if (sodium_memcmp(proof, hello + SD_PROOF, PROOF_SIZE)) {
        error_set(err, BRE_AUTH, "it does not hold the key of step %u.%u", numbers.job_id, numbers.step_id);
        handshake_destroy(h);
        return NULL;
    }
    /* Only a holder of the key gets an answer that says more than a closed connection. */
    handshake_make_dh(h);
    if (handshake_choose_version(h, get_u16(hello + SD_MIN), get_u16(hello + SD_MAX), err) < 0) {
        handshake_destroy(h);
        return NULL;
    }
    p = handshake_record(h, RECORD_STEP_SERVER, STEP_SERVER_SIZE);
    put_u16(p + SS_VERSION, (uint16_t)h->peer.version);
    randombytes_buf(p + SS_NONCE, NONCE_SIZE);
    memcpy(p + SS_DH, h->dh_public, 32);
    server_proof(h, p, p + SS_PROOF);
    if (derive(h, hello + SD_DH, err) < 0) {
        handshake_destroy(h);
        return NULL;
    }
    crypto_secretstream_xchacha20poly1305_init_push(&h->send_state, p + SS_STREAM, h->send_key);
    session_hash(h, p);
    h->step = STEP_DONE;
    h->want = 0;
    return h;
}
