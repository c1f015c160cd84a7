/* fuzz_handshake.c - what a peer may send during a handshake: first byte 0 to the controller, 1 to its
 * client, 2 to a step's process, 3 to its client.  After it frames follow on the session. */
#include "config.h"
#include "fuzz.h"

#include <string.h>
#include <unistd.h>

#include "channel/channel_private.h"
#include "util/error.h"
#include "util/mem.h"

/* A credential is its payload's bytes in hex; the fuzzer makes valid ones with ease. */
static int encode(const char *socket, uid_t uid, const void *payload, size_t len, char **cred,
                  struct error *err)
{
    (void)socket;
    (void)uid;
    (void)err;
    *cred = xmalloc(2 * len + 1);
    sodium_bin2hex(*cred, 2 * len + 1, payload, len);
    return 0;
}
static int decode(const char *socket, const char *cred, void *payload, size_t len, uid_t *uid, gid_t *gid,
                  struct error *err)
{
    size_t got = 0;

    (void)socket;
    if (sodium_hex2bin(payload, len, cred, strlen(cred), NULL, &got, NULL) || got != len)
        return error_set(err, BRE_AUTH, "damaged");
    *uid = *gid = 1;
    return 0;
}
static const struct identity_ops identity = { encode, decode };

static int accept_none(void *arg, uint32_t type, uint32_t request_id, uint32_t len, struct error *err)
{
    (void)arg;
    (void)type;
    (void)request_id;
    return len > 1 << 20 ? error_set(err, BRE_TOO_BIG, "too big") : 0;
}

static void frames(struct handshake *h, const uint8_t *data, size_t size)
{
    static uint8_t scratch[FRAME_HEAD + FRAME_INLINE_MAX];
    struct frame_writer w;
    struct frame_reader r;
    struct session_peer peer = { 0 };
    struct frame_view view;
    struct error err;
    uint8_t first[64];
    size_t len, used;
    enum frame_result result;

    handshake_finish(h, &w, &r, &peer, first, &len);
    do {
        result = frame_read(&r, data, size, &used, accept_none, NULL, scratch, &view, &err);
        FUZZ_ASSERT(used <= size);
        FUZZ_ASSERT(result != FRAME_GOT); /* nobody here can seal a frame */
        data += used;
        size -= used;
    } while (result == FRAME_GOT);
    frame_reader_fini(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t seed[32] = "thirty-two bytes of a known key";
    uint8_t public_key[32], secret_key[64];
    struct handshake_client_conf cc = { .role = SESSION_COMMAND, .server_name = "head", .server_key = public_key,
                                        .identity = &identity };
    struct handshake_server_conf sc = { .cluster_name = "test", .secret_key = secret_key, .identity = &identity };
    struct handshake *h = NULL;
    struct error err;
    unsigned kind;

    if (!size || sodium_init() < 0)
        return 0;
    kind = data[0] & 3;
    data++;
    size--;
    crypto_sign_seed_keypair(public_key, secret_key, seed);
    if (kind == 0) {
        h = handshake_server(&sc);
    } else if (kind == 1) {
        h = handshake_client(&cc, &err);
    } else if (kind == 2) {
        uint8_t hello[STEP_HELLO_SIZE];

        if (size < sizeof hello)
            return 0;
        memcpy(hello, data, sizeof hello);
        h = handshake_step_server(hello, seed, &err);
        data += sizeof hello;
        size -= sizeof hello;
    } else {
        h = handshake_step_client(SESSION_STEP_CLIENT, 1, 2, 3, 4, seed, &err);
    }
    while (h && handshake_state(h) == HANDSHAKE_READ) {
        size_t want = handshake_want(h), len;
        uint8_t record[HANDSHAKE_RECORD_MAX];

        FUZZ_ASSERT(want > 0 && want <= sizeof record);
        handshake_output(h, &len);
        if (size < want)
            break;
        memcpy(record, data, want);
        /* Let it come past the pinned key: the attacker can show that, it is public. */
        if (kind == 1 && want == SERVER_HELLO_SIZE - RECORD_HEAD)
            memcpy(record + SH_SIGN - RECORD_HEAD, public_key, 32);
        data += want;
        size -= want;
        if (handshake_feed(h, record, &err) < 0)
            break;
        if (handshake_state(h) == HANDSHAKE_WORK) {
            handshake_work(h);
            if (handshake_worked(h, &err) < 0)
                break;
        }
    }
    /* Without keys, which no input holds, only a server of its own credentials gets this far. */
    if (h && handshake_state(h) == HANDSHAKE_DONE)
        frames(h, data, size);
    else
        handshake_destroy(h);
    return 0;
}
