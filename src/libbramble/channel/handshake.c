/* handshake.c - the exchange between a command or agent and the controller. */
#include "config.h"
#include "channel/channel_private.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "util/mem.h"

void channel_hash(uint8_t out[HASH_SIZE], const uint8_t *key, const char *label, ...)
{
    crypto_generichash_state st;
    const uint8_t *part;
    va_list ap;

    crypto_generichash_init(&st, key, key ? 32 : 0, HASH_SIZE);
    crypto_generichash_update(&st, (const uint8_t *)label, strlen(label) + 1);
    va_start(ap, label);
    while ((part = va_arg(ap, const uint8_t *))) {
        size_t len = va_arg(ap, size_t);
        uint8_t prefix[8]; /* so that bytes cannot move from one part to the next */

        put_u64(prefix, len);
        crypto_generichash_update(&st, prefix, sizeof prefix);
        crypto_generichash_update(&st, part, len);
    }
    va_end(ap);
    crypto_generichash_final(&st, out, HASH_SIZE);
    sodium_memzero(&st, sizeof st);
}

struct handshake *handshake_alloc(void)
{
    struct handshake *h;

    if (sodium_init() < 0)
        abort(); /* no source of random numbers: nothing may be sealed */
    h = xcalloc(1, sizeof *h);
    h->peer.uid = h->peer.gid = UINT32_MAX;
    h->identity = &identity_munge;
    return h;
}

void handshake_destroy(struct handshake *h)
{
    if (!h)
        return;
    free(h->cred);
    free(h->out);
    sodium_memzero(h, sizeof *h);
    free(h);
}

uint8_t *handshake_record(struct handshake *h, enum record_kind kind, size_t size)
{
    uint8_t *p;

    free(h->out);
    p = h->out = xcalloc(1, size);
    h->out_len = size;
    memcpy(p, RECORD_MAGIC, 4);
    p[4] = (uint8_t)kind;
    if (kind != RECORD_CLIENT_HELLO && kind != RECORD_STEP_HELLO)
        put_u16(p + 6, (uint16_t)size);
    return p;
}

int handshake_fail(struct handshake *h)
{
    h->step = STEP_FAILED;
    h->want = 0;
    return -1;
}

void handshake_refusal(const struct error *why, uint8_t out[HANDSHAKE_REFUSAL_SIZE])
{
    memset(out, 0, REFUSAL_SIZE);
    memcpy(out, RECORD_MAGIC, 4);
    out[4] = RECORD_REFUSAL;
    put_u16(out + 6, REFUSAL_SIZE);
    put_u32(out + RF_CODE, (uint32_t)why->code);
    put_u64(out + RF_CLOCK, (uint64_t)time(NULL));
    snprintf((char *)out + RF_TEXT, REFUSAL_SIZE - RF_TEXT, "%.480s", why->text);
}

void handshake_refuse(struct handshake *h, const struct error *why)
{
    handshake_refusal(why, handshake_record(h, RECORD_REFUSAL, REFUSAL_SIZE));
    handshake_fail(h);
}

int handshake_refused(struct handshake *h, const struct error *err)
{
    handshake_refuse(h, err);
    return -1;
}

void handshake_make_dh(struct handshake *h)
{
    crypto_box_keypair(h->dh_public, h->dh_secret);
}

int handshake_choose_version(struct handshake *h, unsigned min, unsigned max, struct error *err)
{
    if (min > max || min > PROTOCOL_MAX || max < PROTOCOL_MIN)
        return error_set(err, BRE_VERSION,
                         "this program speaks protocol %u to %u, the other side %u to %u: "
                         "update the older of the two", PROTOCOL_MIN, PROTOCOL_MAX, min, max);
    h->peer.version = max < PROTOCOL_MAX ? max : PROTOCOL_MAX;
    return 0;
}

static void expect(struct handshake *h, enum handshake_step step, enum record_kind kind, size_t want)
{
    h->step = step;
    h->expected = (uint8_t)kind;
    h->want = want;
}

/* What the credential says it is for.  Both sides make it from the two hellos. */
static void make_audience(const struct handshake *h, char text[AUDIENCE_SIZE])
{
    char cluster[65], host[65];

    sodium_bin2hex(cluster, sizeof cluster, h->server_hello + SH_CLUSTER, 32);
    sodium_bin2hex(host, sizeof host, h->server_hello + SH_SIGN, 32);
    memset(text, 0, AUDIENCE_SIZE);
    snprintf(text, AUDIENCE_SIZE, "bramble %s of cluster %s on host %s",
             h->peer.role == SESSION_AGENT ? "agent-to-controller" : "controller", cluster, host);
}

/* ---- keys ---- */

void handshake_direction_keys(struct handshake *h)
{
    uint8_t to_server[32], to_client[32];

    channel_hash(to_server, h->master, "bramble client to server", NULL);
    channel_hash(to_client, h->master, "bramble server to client", NULL);
    memcpy(h->send_key, h->is_server ? to_client : to_server, 32);
    memcpy(h->receive_key, h->is_server ? to_server : to_client, 32);
    sodium_memzero(to_server, 32);
    sodium_memzero(to_client, 32);
}

/* From h1 and ClientAuth's bytes to the session's master key. */
static int derive(struct handshake *h, const uint8_t client_dh[32], const uint8_t other_dh[32],
                  struct error *err)
{
    uint8_t head[RECORD_HEAD] = RECORD_MAGIC, shared[32];
    size_t len = strlen(h->cred);

    head[4] = RECORD_CLIENT_AUTH;
    put_u16(head + 6, (uint16_t)(RECORD_HEAD + len));
    channel_hash(h->h2, NULL, "bramble handshake 2", h->h1, (size_t)HASH_SIZE, head, sizeof head,
                 h->cred, len, client_dh, (size_t)32, NULL);
    if (crypto_scalarmult(shared, h->dh_secret, other_dh))
        return error_set(err, BRE_AUTH, "the other side sent a key that is none");
    channel_hash(h->master, shared, "bramble session", h->h2, (size_t)HASH_SIZE, NULL);
    sodium_memzero(shared, sizeof shared);
    handshake_direction_keys(h);
    return 0;
}

static void confirmation(const struct handshake *h, const uint8_t signature[64], uint8_t out[HASH_SIZE])
{
    channel_hash(out, h->master, "bramble confirmation", h->h2, (size_t)HASH_SIZE, signature, (size_t)64,
                 NULL);
}

static const char sign_domain[] = "bramble-controller";

static size_t signed_text(const struct handshake *h, uint8_t text[64])
{
    memcpy(text, sign_domain, sizeof sign_domain);
    memcpy(text + sizeof sign_domain, h->h2, HASH_SIZE);
    return sizeof sign_domain + HASH_SIZE;
}

/* ---- client ---- */

struct handshake *handshake_client(const struct handshake_client_conf *conf, struct error *err)
{
    struct handshake *h;
    uint8_t *hello;

    if (!conf->server_key) {
        error_set(err, BRE_AUTH,
                  "the key of the controller at %s is not known here: run 'bramblectld --print-key' there "
                  "and write controller = \"%s KEY\"", conf->server_name, conf->server_name);
        return NULL;
    }
    h = handshake_alloc();
    h->peer.role = conf->role;
    snprintf(h->server_name, sizeof h->server_name, "%s", conf->server_name);
    snprintf(h->munge_socket, sizeof h->munge_socket, "%s", conf->munge_socket ? conf->munge_socket : "");
    memcpy(h->pinned, conf->server_key, 32);
    if (conf->identity)
        h->identity = conf->identity;
    hello = handshake_record(h, RECORD_CLIENT_HELLO, CLIENT_HELLO_SIZE);
    hello[CH_ROLE] = (uint8_t)conf->role;
    put_u16(hello + CH_MIN, PROTOCOL_MIN);
    put_u16(hello + CH_MAX, PROTOCOL_MAX);
    randombytes_buf(hello + CH_NONCE, NONCE_SIZE);
    memcpy(h->client_hello, hello, CLIENT_HELLO_SIZE);
    expect(h, STEP_SERVER_HEAD, RECORD_SERVER_HELLO, RECORD_HEAD);
    return h;
}

int handshake_read_refusal(const uint8_t *rest, const char *name, struct error *err)
{
    char text[REFUSAL_SIZE - RF_TEXT];
    int code = (int)get_u32(rest + RF_CODE - RECORD_HEAD);

    memcpy(text, rest + RF_TEXT - RECORD_HEAD, sizeof text);
    text[sizeof text - 1] = '\0';
    for (char *p = text; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            *p = '?';
    if (code <= BRE_BASE || code >= BRE_END)
        code = BRE_AUTH;
    return error_set(err, code, "controller %s refused: %s", name, text);
}

static int client_read_hello(struct handshake *h, const uint8_t *rest, struct error *err)
{
    unsigned version;
    char audience[AUDIENCE_SIZE];

    memcpy(h->server_hello, h->head, RECORD_HEAD);
    memcpy(h->server_hello + RECORD_HEAD, rest, SERVER_HELLO_SIZE - RECORD_HEAD);
    version = get_u16(h->server_hello + SH_VERSION);
    if (version < PROTOCOL_MIN || version > PROTOCOL_MAX) {
        error_set(err, BRE_VERSION, "controller %s chose protocol %u; this program speaks %u to %u",
                  h->server_name, version, PROTOCOL_MIN, PROTOCOL_MAX);
        return handshake_fail(h);
    }
    if (sodium_memcmp(h->server_hello + SH_SIGN, h->pinned, 32)) {
        error_set(err, BRE_AUTH,
                  "what answers at %s is not the controller whose key is written here: if the controller's "
                  "key was changed on purpose, 'bramblectld --print-key' there shows the new one",
                  h->server_name);
        return handshake_fail(h);
    }
    h->peer.version = version;
    h->peer.uid = get_u32(h->server_hello + SH_UID);
    channel_hash(h->h1, NULL, "bramble handshake 1", h->client_hello, (size_t)CLIENT_HELLO_SIZE,
                 h->server_hello, (size_t)SERVER_HELLO_SIZE, NULL);
    handshake_make_dh(h);
    memset(h->payload, 0, sizeof h->payload);
    memcpy(h->payload, PAYLOAD_MAGIC, 4);
    put_u16(h->payload + PL_MIN, PROTOCOL_MIN);
    put_u16(h->payload + PL_MAX, PROTOCOL_MAX);
    memcpy(h->payload + PL_DH, h->dh_public, 32);
    memcpy(h->payload + PL_HASH, h->h1, HASH_SIZE);
    make_audience(h, audience);
    memcpy(h->payload + PL_AUDIENCE, audience, AUDIENCE_SIZE);
    h->step = STEP_WORK;
    h->want = 0;
    return 0;
}

static int client_encoded(struct handshake *h, struct error *err)
{
    size_t len;
    uint8_t *p;

    if (h->work_rc < 0) {
        error_copy(err, &h->work_err);
        return handshake_fail(h);
    }
    len = strlen(h->cred);
    if (!len || len > CLIENT_AUTH_MAX - RECORD_HEAD) {
        error_set(err, BRE_AUTH, "munge made a credential of %zu bytes", len);
        return handshake_fail(h);
    }
    if (derive(h, h->dh_public, h->server_hello + SH_DH, err) < 0)
        return handshake_fail(h);
    p = handshake_record(h, RECORD_CLIENT_AUTH, RECORD_HEAD + len);
    memcpy(p + RECORD_HEAD, h->cred, len);
    expect(h, STEP_SERVER_HEAD, RECORD_SERVER_AUTH, RECORD_HEAD);
    return 0;
}

static int client_read_auth(struct handshake *h, const uint8_t *rest, struct error *err)
{
    uint8_t auth[SERVER_AUTH_SIZE], confirm[HASH_SIZE], text[64];
    size_t len = signed_text(h, text);

    memcpy(auth, h->head, RECORD_HEAD);
    memcpy(auth + RECORD_HEAD, rest, SERVER_AUTH_SIZE - RECORD_HEAD);
    confirmation(h, auth + SA_SIGNATURE, confirm);
    if (crypto_sign_verify_detached(auth + SA_SIGNATURE, text, len, h->pinned)
        || sodium_memcmp(confirm, auth + SA_CONFIRM, HASH_SIZE)) {
        error_set(err, BRE_AUTH, "what answers at %s could not prove that it is the controller",
                  h->server_name);
        return handshake_fail(h);
    }
    memcpy(h->receive_header, auth + SA_STREAM, STREAM_HEADER);
    channel_hash(h->peer.hash, NULL, "bramble session hash", h->h2, (size_t)HASH_SIZE, auth,
                 (size_t)SERVER_AUTH_SIZE, NULL);
    h->step = STEP_DONE;
    h->want = 0;
    return 0;
}

/* ---- server ---- */

struct handshake *handshake_server(const struct handshake_server_conf *conf)
{
    struct handshake *h = handshake_alloc();

    h->is_server = true;
    h->only_own_uid = conf->only_own_uid;
    memcpy(h->sign_secret, conf->secret_key, 64);
    snprintf(h->munge_socket, sizeof h->munge_socket, "%s", conf->munge_socket ? conf->munge_socket : "");
    if (conf->identity)
        h->identity = conf->identity;
    channel_hash(h->cluster, NULL, "bramble cluster", conf->cluster_name, strlen(conf->cluster_name), NULL);
    expect(h, STEP_CLIENT_HELLO, RECORD_CLIENT_HELLO, CLIENT_HELLO_SIZE);
    return h;
}

static bool all_zero(const uint8_t *p, size_t len)
{
    return sodium_is_zero(p, len);
}

static int server_read_hello(struct handshake *h, const uint8_t *data, struct error *err)
{
    uint8_t role = data[CH_ROLE], *p;
    struct error why;

    if (memcmp(data, RECORD_MAGIC, 4) || data[4] != RECORD_CLIENT_HELLO || !all_zero(data + 6, 2)
        || !all_zero(data + 12, 4) || !all_zero(data + CH_NONCE + NONCE_SIZE, 16)) {
        error_set(err, BRE_PROTOCOL, "what it sent is no hello");
        return handshake_fail(h); /* whatever it is, it would not understand an answer */
    }
    if (handshake_choose_version(h, get_u16(data + CH_MIN), get_u16(data + CH_MAX), &why) < 0) {
        error_copy(err, &why);
        return handshake_refused(h, &why);
    }
    if (role != SESSION_COMMAND && role != SESSION_AGENT) {
        error_set(&why, BRE_PROTOCOL, "session role %u is not served here", role);
        error_copy(err, &why);
        return handshake_refused(h, &why);
    }
    h->peer.role = role;
    memcpy(h->client_hello, data, CLIENT_HELLO_SIZE);
    handshake_make_dh(h);
    p = handshake_record(h, RECORD_SERVER_HELLO, SERVER_HELLO_SIZE);
    put_u16(p + SH_VERSION, (uint16_t)h->peer.version);
    put_u32(p + SH_UID, (uint32_t)geteuid());
    put_u64(p + SH_CLOCK, (uint64_t)time(NULL));
    memcpy(p + SH_CLUSTER, h->cluster, HASH_SIZE);
    randombytes_buf(p + SH_NONCE, NONCE_SIZE);
    memcpy(p + SH_DH, h->dh_public, 32);
    crypto_sign_ed25519_sk_to_pk(p + SH_SIGN, h->sign_secret);
    memcpy(h->server_hello, p, SERVER_HELLO_SIZE);
    channel_hash(h->h1, NULL, "bramble handshake 1", h->client_hello, (size_t)CLIENT_HELLO_SIZE,
                 h->server_hello, (size_t)SERVER_HELLO_SIZE, NULL);
    expect(h, STEP_CLIENT_HEAD, RECORD_CLIENT_AUTH, RECORD_HEAD);
    return 0;
}

static int server_read_auth(struct handshake *h, const uint8_t *text, size_t len, struct error *err)
{
    if (memchr(text, 0, len)) {
        error_set(err, BRE_PROTOCOL, "a credential with a zero byte");
        return handshake_refused(h, err);
    }
    h->cred = xstrndup((const char *)text, len);
    h->step = STEP_WORK;
    h->want = 0;
    return 0;
}

static int server_check_payload(struct handshake *h, struct error *err)
{
    const uint8_t *p = h->payload;
    char audience[AUDIENCE_SIZE];

    make_audience(h, audience);
    if (memcmp(p, PAYLOAD_MAGIC, 4))
        return error_set(err, BRE_AUTH, "the credential was not made for Bramble");
    if (memcmp(p + PL_AUDIENCE, audience, AUDIENCE_SIZE))
        return error_set(err, BRE_AUTH, "the credential was made for another cluster, service or host");
    if (sodium_memcmp(p + PL_HASH, h->h1, HASH_SIZE))
        return error_set(err, BRE_CRED_REPLAYED, "the credential was made for another connection");
    if (memcmp(p + PL_MIN, h->client_hello + CH_MIN, 4))
        return error_set(err, BRE_AUTH, "the protocol range was changed on the way");
    if (h->only_own_uid && h->work_uid != geteuid())
        return error_set(err, BRE_ACCESS, "this cluster runs without root and serves only uid %u, not uid %u",
                         (unsigned)geteuid(), (unsigned)h->work_uid);
    return 0;
}

static int server_decoded(struct handshake *h, struct error *err)
{
    uint8_t *p, text[64];
    struct error why;
    size_t len;

    if (h->work_rc < 0) {
        error_copy(err, &h->work_err);
        return handshake_refused(h, &h->work_err);
    }
    if (server_check_payload(h, &why) < 0 || derive(h, h->payload + PL_DH, h->payload + PL_DH, &why) < 0) {
        error_copy(err, &why);
        return handshake_refused(h, &why);
    }
    h->peer.uid = (uint32_t)h->work_uid;
    h->peer.gid = (uint32_t)h->work_gid;
    p = handshake_record(h, RECORD_SERVER_AUTH, SERVER_AUTH_SIZE);
    len = signed_text(h, text);
    crypto_sign_detached(p + SA_SIGNATURE, NULL, text, len, h->sign_secret);
    confirmation(h, p + SA_SIGNATURE, p + SA_CONFIRM);
    crypto_secretstream_xchacha20poly1305_init_push(&h->send_state, p + SA_STREAM, h->send_key);
    channel_hash(h->peer.hash, NULL, "bramble session hash", h->h2, (size_t)HASH_SIZE, p,
                 (size_t)SERVER_AUTH_SIZE, NULL);
    h->step = STEP_DONE;
    h->want = 0;
    return 0;
}

/* ---- both ---- */

static size_t record_size(unsigned kind)
{
    return kind == RECORD_SERVER_HELLO  ? SERVER_HELLO_SIZE
           : kind == RECORD_SERVER_AUTH ? SERVER_AUTH_SIZE
           : kind == RECORD_REFUSAL     ? REFUSAL_SIZE
           : kind == RECORD_STEP_SERVER ? STEP_SERVER_SIZE
                                        : 0;
}

/* The head of a record of the server: the one expected, or a refusal, of exactly its length. */
static int client_read_head(struct handshake *h, const uint8_t *data, struct error *err)
{
    size_t len = get_u16(data + 6);

    if (memcmp(data, RECORD_MAGIC, 4) || (data[4] != h->expected && data[4] != RECORD_REFUSAL)
        || data[5] || len != record_size(data[4])) {
        error_set(err, BRE_PROTOCOL, "what answers at %s is no Bramble daemon", h->server_name);
        return handshake_fail(h);
    }
    memcpy(h->head, data, RECORD_HEAD);
    h->step = STEP_SERVER_BODY;
    h->want = len - RECORD_HEAD;
    return 0;
}

static int server_read_head(struct handshake *h, const uint8_t *data, struct error *err)
{
    size_t len = get_u16(data + 6);

    if (memcmp(data, RECORD_MAGIC, 4) || data[4] != RECORD_CLIENT_AUTH || data[5] || len <= RECORD_HEAD
        || len > CLIENT_AUTH_MAX) {
        error_set(err, BRE_PROTOCOL, "a credential of %zu bytes", len);
        return handshake_refused(h, err);
    }
    memcpy(h->head, data, RECORD_HEAD);
    h->step = STEP_CLIENT_BODY;
    h->want = len - RECORD_HEAD;
    return 0;
}

int handshake_feed(struct handshake *h, const uint8_t *data, struct error *err)
{
    struct error local;

    if (!err)
        err = &local;
    switch (h->step) {
    case STEP_CLIENT_HELLO:
        return h->is_local ? local_handshake_feed(h, data, err) : server_read_hello(h, data, err);
    case STEP_CLIENT_HEAD:
        return server_read_head(h, data, err);
    case STEP_CLIENT_BODY:
        return server_read_auth(h, data, h->want, err);
    case STEP_SERVER_HEAD:
        return client_read_head(h, data, err);
    case STEP_SERVER_BODY:
        if (h->head[4] == RECORD_REFUSAL)
            return handshake_read_refusal(data, h->server_name, err), handshake_fail(h);
        if (h->head[4] == RECORD_STEP_SERVER)
            return step_handshake_feed(h, data, err);
        return h->head[4] == RECORD_SERVER_HELLO ? client_read_hello(h, data, err)
                                                 : client_read_auth(h, data, err);
    case STEP_WORK:
    case STEP_DONE:
    case STEP_FAILED:
        break;
    }
    error_set(err, BRE_PROTOCOL, "bytes that nobody asked for");
    return handshake_fail(h);
}

void handshake_work(struct handshake *h)
{
    const char *socket = h->munge_socket[0] ? h->munge_socket : NULL;

    h->work_rc = h->is_server ? h->identity->decode(socket, h->cred, h->payload, PAYLOAD_SIZE, &h->work_uid,
                                                    &h->work_gid, &h->work_err)
                              : h->identity->encode(socket, h->peer.uid, h->payload, PAYLOAD_SIZE, &h->cred,
                                                    &h->work_err);
}

int handshake_worked(struct handshake *h, struct error *err)
{
    struct error local;

    return h->is_server ? server_decoded(h, err ? err : &local) : client_encoded(h, err ? err : &local);
}

enum handshake_state handshake_state(const struct handshake *h)
{
    return h->step == STEP_WORK     ? HANDSHAKE_WORK
           : h->step == STEP_DONE   ? HANDSHAKE_DONE
           : h->step == STEP_FAILED ? HANDSHAKE_FAILED
                                    : HANDSHAKE_READ;
}

const struct session_peer *handshake_peer(const struct handshake *h)
{
    return &h->peer;
}

size_t handshake_want(const struct handshake *h)
{
    return h->want;
}

const uint8_t *handshake_output(struct handshake *h, size_t *len)
{
    *len = h->out_len;
    h->out_len = 0;
    return *len ? h->out : NULL;
}

void handshake_finish(struct handshake *h, struct frame_writer *w, struct frame_reader *r,
                      struct session_peer *peer, uint8_t out[64], size_t *out_len)
{
    char address[sizeof peer->address];

    memset(w, 0, sizeof *w);
    memset(r, 0, sizeof *r);
    *out_len = 0;
    if (h->is_local) {
        frame_plain_init(w, r);
    } else if (h->is_server) {
        w->state = h->send_state;
        memcpy(r->state.k, h->receive_key, 32);
        r->want_header = true;
    } else {
        crypto_secretstream_xchacha20poly1305_init_pull(&r->state, h->receive_header, h->receive_key);
        crypto_secretstream_xchacha20poly1305_init_push(&w->state, out, h->send_key);
        *out_len = STREAM_HEADER;
    }
    memcpy(address, peer->address, sizeof address);
    *peer = h->peer;
    memcpy(peer->address, address, sizeof address);
    handshake_destroy(h);
}
