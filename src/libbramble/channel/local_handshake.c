/* local_handshake.c - sessions of commands on the controller's own host, over a unix socket. */
#include "config.h"
#include "channel/channel_private.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

/* libsodium is not touched on the client's side: getting it ready would take longer than all the rest. */
void local_hello_make(const uint8_t server_key[32], uint8_t out[LOCAL_HELLO_SIZE])
{
    memset(out, 0, LOCAL_HELLO_SIZE);
    memcpy(out, RECORD_MAGIC, 4);
    out[4] = RECORD_LOCAL_HELLO;
    out[CH_ROLE] = SESSION_COMMAND;
    put_u16(out + CH_MIN, PROTOCOL_MIN);
    put_u16(out + CH_MAX, PROTOCOL_MAX);
    memcpy(out + LH_KEY, server_key, 32);
}

ssize_t local_answer_read(const uint8_t *data, size_t len, const char *name, struct session_peer *peer,
                          struct error *err)
{
    bool refused;
    size_t size;
    unsigned version;

    if (len < RECORD_HEAD)
        return 0;
    refused = data[4] == RECORD_REFUSAL;
    size = refused ? REFUSAL_SIZE : LOCAL_ANSWER_SIZE;
    if (memcmp(data, RECORD_MAGIC, 4) || (!refused && data[4] != RECORD_LOCAL_ANSWER) || data[5]
        || get_u16(data + 6) != size)
        return error_set(err, BRE_PROTOCOL, "what answers for %s on this host is no Bramble daemon", name);
    if (len < size)
        return 0;
    if (refused)
        return handshake_read_refusal(data + RECORD_HEAD, name, err);
    version = get_u16(data + LA_VERSION);
    if (version < PROTOCOL_MIN || version > PROTOCOL_MAX)
        return error_set(err, BRE_VERSION, "controller %s chose protocol %u; this program speaks %u to %u", name,
                         version, PROTOCOL_MIN, PROTOCOL_MAX);
    peer->role = SESSION_COMMAND;
    peer->version = version;
    peer->uid = get_u32(data + LA_UID);
    return (ssize_t)size;
}

struct handshake *handshake_local_server(const struct handshake_server_conf *conf, uid_t uid, gid_t gid)
{
    struct handshake *h = handshake_server(conf);

    h->is_local = true;
    h->work_uid = uid;
    h->work_gid = gid;
    return h;
}

bool handshake_is_local(const struct handshake *h)
{
    return h->is_local;
}

static int admit(struct handshake *h, const uint8_t *data, struct error *err)
{
    uint8_t own[32];

    if (handshake_choose_version(h, get_u16(data + CH_MIN), get_u16(data + CH_MAX), err) < 0)
        return -1;
    if (data[CH_ROLE] != SESSION_COMMAND)
        return error_set(err, BRE_PROTOCOL, "session role %u is not served here", data[CH_ROLE]);
    crypto_sign_ed25519_sk_to_pk(own, h->sign_secret);
    if (memcmp(own, data + LH_KEY, sizeof own))
        return error_set(err, BRE_AUTH,
                         "it is not the controller whose key is written here: if the controller's key was "
                         "changed on purpose, 'bramblectld --print-key' shows the new one");
    if (h->only_own_uid && h->work_uid != geteuid())
        return error_set(err, BRE_ACCESS, "this cluster runs without root and serves only uid %u, not uid %u",
                         (unsigned)geteuid(), (unsigned)h->work_uid);
    return 0;
}

int local_handshake_feed(struct handshake *h, const uint8_t *data, struct error *err)
{
    struct error why;
    uint8_t *p;

    if (memcmp(data, RECORD_MAGIC, 4) || data[4] != RECORD_LOCAL_HELLO || !sodium_is_zero(data + 6, 2)
        || !sodium_is_zero(data + 12, 4) || !sodium_is_zero(data + LH_KEY + 32, 16)) {
        error_set(err, BRE_PROTOCOL, "what it sent is no hello");
        return handshake_fail(h);
    }
    if (admit(h, data, &why) < 0) {
        error_copy(err, &why);
        return handshake_refused(h, &why);
    }
    h->peer.role = SESSION_COMMAND;
    h->peer.uid = (uint32_t)h->work_uid;
    h->peer.gid = (uint32_t)h->work_gid;
    p = handshake_record(h, RECORD_LOCAL_ANSWER, LOCAL_ANSWER_SIZE);
    put_u16(p + LA_VERSION, (uint16_t)h->peer.version);
    put_u32(p + LA_UID, (uint32_t)geteuid());
    put_u64(p + LA_CLOCK, (uint64_t)time(NULL));
    h->step = STEP_DONE;
    h->want = 0;
    return 0;
}
