/* test_channel.c - the handshake and sealed frames, bytes in and bytes out: what an attacker between the
 * two sides may change, and what is noticed. */
#include "config.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "channel/channel.h"
#include "munged.h"
#include "suite.h"
#include "util/error.h"
#include "util/mem.h"

/* ---- an identity service without munged: "<uid> <payload in hex>" ---- */

static int fake_encode(const char *socket, uid_t uid, const void *payload, size_t len, char **cred,
                       struct error *err)
{
    char *hex = xmalloc(2 * len + 1);

    (void)socket;
    (void)err;
    sodium_bin2hex(hex, 2 * len + 1, payload, len);
    *cred = xasprintf("%u %s", (unsigned)uid, hex);
    free(hex);
    return 0;
}

static int fake_decode(const char *socket, const char *cred, void *payload, size_t len, uid_t *uid, gid_t *gid,
                       struct error *err)
{
    unsigned restricted = 0;
    size_t got = 0;
    const char *hex = strchr(cred, ' ');

    if (!hex || sscanf(cred, "%u", &restricted) != 1
        || sodium_hex2bin(payload, len, hex + 1, strlen(hex + 1), NULL, &got, NULL) || got != len)
        return error_set(err, BRE_AUTH, "the credential is damaged");
    if (restricted != geteuid())
        return error_set(err, BRE_AUTH, "the credential was made for another service's uid");
    if (socket && !strcmp(socket, "expired")) { /* uid is set all the same, as munge does */
        *uid = 0;
        return error_set(err, BRE_CRED_EXPIRED, "clock differs by 600 s");
    }
    *uid = 1234;
    *gid = 99;
    return 0;
}
static const struct identity_ops fake_identity = { fake_encode, fake_decode };

static uint8_t public_key[32], secret_key[64];

static void setup(void)
{
    ck_assert_int_ge(sodium_init(), 0);
    crypto_sign_keypair(public_key, secret_key);
}

/* ---- both sides, and what lies between ---- */

struct pair {
    struct handshake *client, *server;
    uint8_t wire[8][HANDSHAKE_RECORD_MAX]; /* records in the order they were sent */
    size_t wire_len[8];
    bool wire_by_client[8];
    unsigned num_wire;
    /* change record number tamper at byte at */
    int tamper;
    size_t at;
    uint8_t mask;
    struct error client_err, server_err;
};

static struct handshake *make_client_for(enum session_role role, const uint8_t *key)
{
    struct handshake_client_conf conf = {
        .role = role, .server_name = "head:6817", .server_key = key, .identity = &fake_identity };
    struct error err;
    struct handshake *h = handshake_client(&conf, &err);

    ck_assert_ptr_nonnull(h);
    return h;
}

static struct handshake *make_server_for(const char *cluster, const char *socket, bool own)
{
    struct handshake_server_conf conf = { .cluster_name = cluster,
                                          .secret_key = secret_key,
                                          .munge_socket = socket,
                                          .only_own_uid = own,
                                          .identity = &fake_identity };

    return handshake_server(&conf);
}

static void pair_init(struct pair *p)
{
    memset(p, 0, sizeof *p);
    p->client = make_client_for(SESSION_COMMAND, public_key);
    p->server = make_server_for("test", NULL, false);
    p->tamper = -1;
}

static void pair_fini(struct pair *p)
{
    handshake_destroy(p->client);
    handshake_destroy(p->server);
}

/* Let one side take bytes, as its wants go.  -1 when it failed. */
static int feed(struct handshake *h, const uint8_t *data, size_t len, struct error *err)
{
    while (len && handshake_state(h) == HANDSHAKE_READ) {
        size_t want = handshake_want(h);

        if (len < want)
            return 1; /* it waits for more */
        if (handshake_feed(h, data, err) < 0)
            return -1;
        data += want;
        len -= want;
        if (handshake_state(h) == HANDSHAKE_WORK) {
            handshake_work(h);
            if (handshake_worked(h, err) < 0)
                return -1;
        }
    }
    return 0;
}

static void pass(struct pair *p, bool by_client)
{
    struct handshake *from = by_client ? p->client : p->server, *to = by_client ? p->server : p->client;
    size_t len;
    const uint8_t *data = handshake_output(from, &len);
    unsigned n = p->num_wire;

    if (!data)
        return;
    ck_assert_uint_lt(n, 8);
    memcpy(p->wire[n], data, len);
    p->wire_len[n] = len;
    p->wire_by_client[n] = by_client;
    p->num_wire++;
    if (p->tamper == (int)n)
        p->wire[n][p->at] ^= p->mask;
    feed(to, p->wire[n], len, by_client ? &p->server_err : &p->client_err);
}

static bool run(struct pair *p)
{
    for (int i = 0; i < 4; i++) {
        pass(p, true);
        pass(p, false);
    }
    return handshake_state(p->client) == HANDSHAKE_DONE && handshake_state(p->server) == HANDSHAKE_DONE;
}

/* ---- good sessions ---- */

struct side {
    struct frame_writer w;
    struct frame_reader r;
    struct session_peer peer;
    uint8_t first[64];
    size_t first_len;
};

static void finish(struct pair *p, struct side *client, struct side *server)
{
    handshake_finish(TAKE(p->client), &client->w, &client->r, &client->peer, client->first,
                     &client->first_len);
    handshake_finish(TAKE(p->server), &server->w, &server->r, &server->peer, server->first,
                     &server->first_len);
}

static int accept_any(void *arg, uint32_t type, uint32_t id, uint32_t len, struct error *err)
{
    (void)type;
    (void)id;
    (void)err;
    if (arg)
        *(uint32_t *)arg = len;
    return 0;
}

static int accept_small(void *arg, uint32_t type, uint32_t id, uint32_t len, struct error *err)
{
    (void)arg;
    (void)type;
    (void)id;
    return len > 100 ? error_set(err, BRE_TOO_BIG, "too big") : 0;
}

/* One sealed frame whose body is n bytes of c. */
static uint8_t *seal(struct side *s, uint32_t type, size_t n, int c, size_t *len)
{
    uint8_t *plain = xmalloc(FRAME_HEAD + n), *out;

    memset(plain + FRAME_HEAD, c, n);
    *len = frame_sealed_size(&s->w, n);
    out = xmalloc(*len);
    frame_seal(&s->w, type, 5, plain, n, out);
    free(plain);
    return out;
}

static enum frame_result take(struct side *s, const uint8_t *data, size_t len, size_t *used,
                              struct frame_view *view, struct error *err)
{
    static uint8_t scratch[FRAME_HEAD + FRAME_INLINE_MAX];

    return frame_read(&s->r, data, len, used, accept_any, NULL, scratch, view, err);
}

static void open_session(struct side *client, struct side *server)
{
    struct pair p;
    struct frame_view view;
    struct error err;
    size_t used;

    pair_init(&p);
    ck_assert(run(&p));
    finish(&p, client, server);
    ck_assert_uint_eq(client->first_len, 24);
    ck_assert_int_eq(take(server, client->first, client->first_len, &used, &view, &err), FRAME_MORE);
    ck_assert_uint_eq(used, 24);
    pair_fini(&p);
}

START_TEST(both_sides_agree_on_peer_version_and_hash)
{
    struct pair p;
    struct side client, server;

    pair_init(&p);
    ck_assert(run(&p));
    ck_assert_uint_eq(p.num_wire, 4);
    finish(&p, &client, &server);
    ck_assert_uint_eq(server.peer.uid, 1234);
    ck_assert_uint_eq(server.peer.gid, 99);
    ck_assert_int_eq(server.peer.role, SESSION_COMMAND);
    ck_assert_uint_eq(client.peer.uid, geteuid());
    ck_assert_uint_eq(client.peer.version, PROTOCOL_MAX);
    ck_assert_mem_eq(client.peer.hash, server.peer.hash, 32);
    pair_fini(&p);
}
END_TEST

START_TEST(frames_of_every_size_pass_in_both_directions)
{
    static const size_t sizes[] = { 0, 1, FRAME_INLINE_MAX - 1, FRAME_INLINE_MAX, FRAME_INLINE_MAX + 1,
                                    FRAME_INLINE_MAX + FRAME_PIECE, FRAME_INLINE_MAX + FRAME_PIECE + 1,
                                    1000000 };
    struct side client, server;

    open_session(&client, &server);
    for (unsigned dir = 0; dir < 2; dir++)
        for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
            struct side *from = dir ? &client : &server, *to = dir ? &server : &client;
            struct frame_view view;
            struct error err;
            size_t len, used, at = 0;
            uint8_t *data = seal(from, 10, sizes[i], 'x', &len);
            enum frame_result result = FRAME_MORE;

            /* given byte by byte at first, then in what comes */
            for (size_t have = 1; have <= len && result == FRAME_MORE; have += i == 7 ? 4099 : 997) {
                result = take(to, data + at, have - at, &used, &view, &err);
                at += used;
            }
            if (result == FRAME_MORE)
                result = take(to, data + at, len - at, &used, &view, &err);
            ck_assert_int_eq(result, FRAME_GOT);
            ck_assert_uint_eq(view.len, sizes[i]);
            ck_assert_uint_eq(view.type, 10);
            ck_assert_uint_eq(view.request_id, 5);
            for (size_t k = 0; k < view.len; k++)
                if (view.body[k] != 'x')
                    ck_abort_msg("byte %zu of %zu", k, view.len);
            free(data);
        }
    frame_reader_fini(&client.r);
    frame_reader_fini(&server.r);
}
END_TEST

/* ---- the handshake under attack ---- */

START_TEST(any_changed_bit_of_the_exchange_ends_it)
{
    struct pair p;

    /* every byte of every record */
    for (int record = 0; record < 4; record++) {
        size_t len;

        pair_init(&p);
        run(&p);
        len = p.wire_len[record];
        pair_fini(&p);
        for (size_t at = 0; at < len; at++) {
            struct side client, server;
            struct frame_view view;
            struct error err;
            size_t used, n;
            uint8_t *data;

            pair_init(&p);
            p.tamper = record;
            p.at = at;
            p.mask = (uint8_t)(1 << (at % 8));
            if (!run(&p)) {
                pair_fini(&p);
                continue;
            }
            /* Only the server's stream header is not under the signature: its change breaks the seal. */
            ck_assert_int_eq(record, 3);
            ck_assert_uint_ge(at, 104);
            finish(&p, &client, &server);
            data = seal(&server, 10, 5, 'x', &n);
            ck_assert_int_eq(take(&client, data, n, &used, &view, &err), FRAME_BAD);
            free(data);
            pair_fini(&p);
        }
    }
}
END_TEST

START_TEST(another_key_than_the_pinned_one_gets_no_credential)
{
    struct pair p;
    uint8_t other[32];

    pair_init(&p);
    handshake_destroy(p.client);
    memcpy(other, public_key, 32);
    other[31] ^= 1;
    p.client = make_client_for(SESSION_COMMAND, other);
    ck_assert(!run(&p));
    ck_assert_uint_eq(p.num_wire, 2); /* the two hellos */
    ck_assert_int_eq(p.client_err.code, BRE_AUTH);
    pair_fini(&p);
}
END_TEST

START_TEST(who_shows_the_pinned_key_without_its_secret_is_found_out)
{
    struct pair p;
    uint8_t right[64], other_public[32];

    memcpy(right, secret_key, 64);
    pair_init(&p);
    handshake_destroy(p.server);
    /* sign with another secret, but show the pinned public key, which libsodium keeps behind it */
    crypto_sign_keypair(other_public, secret_key);
    memcpy(secret_key + 32, public_key, 32);
    p.server = make_server_for("test", NULL, false);
    memcpy(secret_key, right, 64);
    ck_assert(!run(&p));
    ck_assert_uint_eq(p.num_wire, 4);
    ck_assert_ptr_nonnull(strstr(p.client_err.text, "could not prove"));
    pair_fini(&p);
}
END_TEST

START_TEST(a_client_without_a_pinned_key_refuses_to_dial)
{
    struct handshake_client_conf conf = { .role = SESSION_COMMAND, .server_name = "head:6817" };
    struct error err;

    ck_assert_ptr_null(handshake_client(&conf, &err));
    ck_assert_ptr_nonnull(strstr(err.text, "bramblectld --print-key"));
}
END_TEST

START_TEST(a_recorded_credential_opens_nothing)
{
    struct pair p, q;

    pair_init(&p);
    ck_assert(run(&p));
    /* the whole client side again, against a new exchange */
    pair_init(&q);
    feed(q.server, p.wire[0], p.wire_len[0], &q.server_err);
    ck_assert_int_eq(feed(q.server, p.wire[2], p.wire_len[2], &q.server_err), -1);
    ck_assert_int_eq(q.server_err.code, BRE_CRED_REPLAYED);
    pair_fini(&p);
    pair_fini(&q);
}
END_TEST

START_TEST(a_credential_for_another_cluster_service_or_host_is_refused)
{
    struct pair p;
    size_t len;
    uint8_t hello[512];

    /* The man in the middle shows a hello of cluster "other"; the client makes its credential for that. */
    pair_init(&p);
    handshake_destroy(p.server);
    p.server = make_server_for("other", NULL, false);
    pass(&p, true);
    memcpy(hello, handshake_output(p.server, &len), 160);
    handshake_destroy(p.server);
    p.server = make_server_for("test", NULL, false);
    feed(p.server, p.wire[0], p.wire_len[0], &p.server_err);
    handshake_output(p.server, &len);
    ck_assert_int_eq(feed(p.client, hello, 160, &p.client_err), 0);
    pass(&p, true);
    ck_assert_int_eq(handshake_state(p.server), HANDSHAKE_FAILED);
    ck_assert_ptr_nonnull(strstr(p.server_err.text, "another cluster, service or host"));
    pass(&p, false);
    ck_assert_ptr_nonnull(strstr(p.client_err.text, "refused"));
    pair_fini(&p);
}
END_TEST

START_TEST(a_result_that_failed_gives_no_uid)
{
    struct pair p;

    pair_init(&p);
    handshake_destroy(p.server);
    p.server = make_server_for("test", "expired", false);
    ck_assert(!run(&p));
    ck_assert_int_eq(p.client_err.code, BRE_CRED_EXPIRED);
    ck_assert_ptr_nonnull(strstr(p.client_err.text, "clock differs by 600 s"));
    ck_assert_uint_eq(handshake_peer(p.server)->uid, UINT32_MAX);
    pair_fini(&p);
}
END_TEST

START_TEST(without_root_only_the_own_uid_is_served)
{
    struct pair p;

    pair_init(&p);
    handshake_destroy(p.server);
    p.server = make_server_for("test", NULL, true);
    ck_assert(!run(&p));
    ck_assert_int_eq(p.client_err.code, BRE_ACCESS);
    pair_fini(&p);
}
END_TEST

START_TEST(protocol_versions_that_do_not_meet_are_named)
{
    static const uint16_t ranges[][2] = { { 0, 0 }, { 65535, 65535 }, { 2, 1 }, { 2, 9 } };

    for (size_t i = 0; i < ARRAY_SIZE(ranges); i++) {
        struct pair p;
        size_t len;
        uint8_t hello[64];

        pair_init(&p);
        memcpy(hello, handshake_output(p.client, &len), 64);
        memcpy(hello + 8, &ranges[i][0], 2);
        memcpy(hello + 10, &ranges[i][1], 2);
        ck_assert_int_eq(feed(p.server, hello, 64, &p.server_err), -1);
        ck_assert_int_eq(p.server_err.code, BRE_VERSION);
        pass(&p, false);
        ck_assert_int_eq(p.client_err.code, BRE_VERSION);
        pair_fini(&p);
    }
}
END_TEST

START_TEST(roles_that_the_port_does_not_serve_are_refused)
{
    for (unsigned role = 0; role < 256; role++) {
        struct pair p;
        size_t len;
        uint8_t hello[64];
        int want = role == SESSION_COMMAND || role == SESSION_AGENT ? 0 : -1;

        pair_init(&p);
        memcpy(hello, handshake_output(p.client, &len), 64);
        hello[5] = (uint8_t)role;
        ck_assert_int_eq(feed(p.server, hello, 64, &p.server_err), want);
        pair_fini(&p);
    }
}
END_TEST

START_TEST(records_have_one_length_and_one_place)
{
    struct pair p;
    uint8_t head[8] = { 'B', 'r', 'H', '1', 3, 0, 0, 0 };
    static const uint16_t lengths[] = { 0, 7, 8, 4097, 65535 };
    size_t len;

    for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
        pair_init(&p);
        feed(p.server, handshake_output(p.client, &len), 64, &p.server_err);
        memcpy(head + 6, &lengths[i], 2);
        ck_assert_int_eq(feed(p.server, head, 8, &p.server_err), -1);
        pair_fini(&p);
    }
    /* the hello twice; a frame instead of the credential */
    pair_init(&p);
    pass(&p, true);
    ck_assert_int_eq(feed(p.server, p.wire[0], 64, &p.server_err), -1);
    pair_fini(&p);
}
END_TEST

START_TEST(nothing_is_taken_after_the_exchange)
{
    struct pair p;
    uint8_t zero[64] = { 0 };

    pair_init(&p);
    ck_assert(run(&p));
    ck_assert_uint_eq(handshake_want(p.server), 0);
    ck_assert_int_eq(handshake_feed(p.server, zero, &p.server_err), -1);
    pair_fini(&p);
}
END_TEST

/* ---- frames under attack ---- */

START_TEST(a_repeated_lost_or_swapped_frame_is_noticed)
{
    for (int attack = 0; attack < 4; attack++) {
        struct side client, server;
        struct frame_view view;
        struct error err;
        size_t used, len[3];
        uint8_t *data[3];

        open_session(&client, &server);
        for (int i = 0; i < 3; i++)
            data[i] = seal(&client, 10 + (uint32_t)i, 4, 'x', &len[i]);
        ck_assert_int_eq(take(&server, data[0], len[0], &used, &view, &err), FRAME_GOT);
        if (attack == 0) /* as it should be */
            ck_assert_int_eq(take(&server, data[1], len[1], &used, &view, &err), FRAME_GOT);
        else if (attack == 1) /* repeated */
            ck_assert_int_eq(take(&server, data[0], len[0], &used, &view, &err), FRAME_BAD);
        else if (attack == 2) /* lost, or swapped with the next */
            ck_assert_int_eq(take(&server, data[2], len[2], &used, &view, &err), FRAME_BAD);
        else /* sent back */
            ck_assert_int_eq(take(&client, data[1], len[1], &used, &view, &err), FRAME_BAD);
        for (int i = 0; i < 3; i++)
            free(data[i]);
    }
}
END_TEST

START_TEST(any_flipped_bit_of_a_frame_is_noticed)
{
    struct side client, server;
    size_t len;
    uint8_t *data;

    open_session(&client, &server);
    data = seal(&client, 10, 20, 'x', &len);
    for (size_t bit = 0; bit < len * 8; bit++) {
        struct side copy = server;
        struct frame_view view;
        struct error err;
        size_t used;
        enum frame_result result;

        data[bit / 8] ^= (uint8_t)(1 << (bit % 8));
        result = take(&copy, data, len, &used, &view, &err);
        /* a length that grew waits for bytes that break the seal when they come */
        ck_assert(result == FRAME_BAD || (bit < 32 && result == FRAME_MORE));
        data[bit / 8] ^= (uint8_t)(1 << (bit % 8));
    }
    free(data);
}
END_TEST

START_TEST(a_large_body_is_cut_and_changed_in_vain)
{
    struct side client, server;
    struct frame_view view;
    struct error err;
    size_t len, used, at;
    uint8_t *data;

    open_session(&client, &server);
    data = seal(&client, 10, 200000, 'x', &len);
    data[len - 20000] ^= 1;
    ck_assert_int_eq(take(&server, data, 60000, &used, &view, &err), FRAME_MORE);
    at = used;
    ck_assert_int_eq(take(&server, data + at, len - at, &used, &view, &err), FRAME_BAD);
    ck_assert_int_eq(err.code, BRE_AUTH);
    frame_reader_fini(&server.r);
    free(data);
}
END_TEST

START_TEST(four_gibibytes_announced_take_no_memory)
{
    static const uint32_t lengths[] = { 0xffffffffu, 0x7fffffffu, 20000, 16, 1, 0 };

    for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
        struct side client, server;
        struct frame_view view;
        struct error err;
        size_t used;
        uint8_t data[8] = { 0 };

        open_session(&client, &server);
        memcpy(data, &lengths[i], 4);
        ck_assert_int_eq(take(&server, data, 8, &used, &view, &err), FRAME_BAD);
        ck_assert_ptr_null(server.r.body);
    }
}
END_TEST

START_TEST(length_and_type_are_judged_before_memory_is_taken)
{
    struct side client, server;
    struct frame_view view;
    struct error err;
    size_t len, used;
    uint8_t *data, scratch[FRAME_HEAD + FRAME_INLINE_MAX];

    open_session(&client, &server);
    data = seal(&client, 10, 1000000, 'x', &len);
    ck_assert_int_eq(frame_read(&server.r, data, len, &used, accept_small, NULL, scratch, &view, &err),
                     FRAME_BAD);
    ck_assert_int_eq(err.code, BRE_TOO_BIG);
    ck_assert_ptr_null(server.r.body);
    free(data);
}
END_TEST

START_TEST(the_end_is_authentic)
{
    struct side client, server;
    struct frame_view view;
    struct error err;
    size_t used;
    uint8_t end[64], forged[4 + FRAME_SEAL] = { FRAME_SEAL };

    open_session(&client, &server);
    ck_assert_uint_eq(frame_seal_end(&client.w, end), 4 + FRAME_SEAL);
    ck_assert_int_eq(take(&server, forged, sizeof forged, &used, &view, &err), FRAME_BAD);
    open_session(&client, &server);
    frame_seal_end(&client.w, end);
    ck_assert_int_eq(take(&server, end, 4 + FRAME_SEAL, &used, &view, &err), FRAME_ENDED);
}
END_TEST

START_TEST(a_changed_stream_header_of_the_client_breaks_the_seal)
{
    struct pair p;
    struct side client, server;
    struct frame_view view;
    struct error err;
    size_t used, len;
    uint8_t *data;

    pair_init(&p);
    ck_assert(run(&p));
    finish(&p, &client, &server);
    client.first[3] ^= 4;
    take(&server, client.first, 24, &used, &view, &err);
    data = seal(&client, 10, 4, 'x', &len);
    ck_assert_int_eq(take(&server, data, len, &used, &view, &err), FRAME_BAD);
    free(data);
    pair_fini(&p);
}
END_TEST

/* ---- steps ---- */

static const uint8_t step_key[32] = "a key of thirty-two bytes......";

static bool step_session(enum session_role role, const uint8_t *client_side, const uint8_t *server_side,
                         size_t tamper_hello, size_t tamper_reply)
{
    struct error err;
    size_t len;
    struct handshake *client = handshake_step_client(role, 7, 0, 1, 2, client_side, &err), *server;
    uint8_t hello[STEP_HELLO_SIZE], reply[256];
    struct side a, b;
    bool ok;

    memcpy(hello, handshake_output(client, &len), STEP_HELLO_SIZE);
    ck_assert_uint_eq(len, STEP_HELLO_SIZE);
    if (tamper_hello != SIZE_MAX)
        hello[tamper_hello] ^= 1;
    server = handshake_step_server(hello, server_side, &err);
    if (!server) {
        handshake_destroy(client);
        return false;
    }
    memcpy(reply, handshake_output(server, &len), 136);
    ck_assert_uint_eq(len, 136);
    if (tamper_reply != SIZE_MAX)
        reply[tamper_reply] ^= 1;
    ok = feed(client, reply, len, &err) == 0;
    if (ok) {
        struct frame_view view;
        size_t used, n;
        uint8_t *data;

        handshake_finish(client, &a.w, &a.r, &a.peer, a.first, &a.first_len);
        handshake_finish(server, &b.w, &b.r, &b.peer, b.first, &b.first_len);
        ck_assert_mem_eq(a.peer.hash, b.peer.hash, tamper_reply == SIZE_MAX ? 32 : 0);
        ck_assert_int_eq(b.peer.role, role);
        ck_assert_uint_eq(b.peer.uid, UINT32_MAX);
        take(&b, a.first, a.first_len, &used, &view, &err);
        data = seal(&b, 60, 4, 'x', &n);
        ok = take(&a, data, n, &used, &view, &err) == FRAME_GOT;
        free(data);
        return ok;
    }
    handshake_destroy(client);
    handshake_destroy(server);
    return ok;
}

START_TEST(holders_of_a_steps_key_meet)
{
    uint8_t client_key[32];

    step_client_key(step_key, client_key);
    ck_assert(step_session(SESSION_STEP_CLIENT, client_key, step_key, SIZE_MAX, SIZE_MAX));
    ck_assert(step_session(SESSION_STEP_PEER, step_key, step_key, SIZE_MAX, SIZE_MAX));
}
END_TEST

START_TEST(a_wrong_key_or_role_is_refused)
{
    uint8_t client_key[32], wrong[32];

    step_client_key(step_key, client_key);
    memcpy(wrong, client_key, 32);
    wrong[0] ^= 1;
    ck_assert(!step_session(SESSION_STEP_CLIENT, wrong, step_key, SIZE_MAX, SIZE_MAX));
    ck_assert(!step_session(SESSION_STEP_CLIENT, step_key, step_key, SIZE_MAX, SIZE_MAX));
    ck_assert(!step_session(SESSION_STEP_PEER, client_key, step_key, SIZE_MAX, SIZE_MAX));
}
END_TEST

START_TEST(any_changed_byte_of_a_steps_exchange_ends_it)
{
    uint8_t client_key[32];

    step_client_key(step_key, client_key);
    for (size_t at = 0; at < STEP_HELLO_SIZE; at++)
        ck_assert(!step_session(SESSION_STEP_CLIENT, client_key, step_key, at, SIZE_MAX));
    for (size_t at = 0; at < 136; at++)
        ck_assert(!step_session(SESSION_STEP_CLIENT, client_key, step_key, SIZE_MAX, at));
}
END_TEST

START_TEST(a_recorded_step_hello_opens_nothing)
{
    struct error err;
    uint8_t client_key[32], hello[STEP_HELLO_SIZE], garbage[64] = { 0 };
    struct handshake *client, *server;
    struct side b;
    struct frame_view view;
    size_t len, used;

    step_client_key(step_key, client_key);
    client = handshake_step_client(SESSION_STEP_CLIENT, 7, 0, 1, 2, client_key, &err);
    memcpy(hello, handshake_output(client, &len), STEP_HELLO_SIZE);
    handshake_destroy(client);
    /* The replay is answered, but whoever sent it has no key to seal a first frame with. */
    server = handshake_step_server(hello, step_key, &err);
    ck_assert_ptr_nonnull(server);
    handshake_finish(server, &b.w, &b.r, &b.peer, b.first, &b.first_len);
    garbage[24] = 29;
    ck_assert_int_eq(take(&b, garbage, sizeof garbage, &used, &view, &err), FRAME_BAD);
}
END_TEST

/* ---- munge itself ---- */

static struct munged munged;

START_TEST(munge_proves_the_uid_and_refuses_a_replay)
{
    char payload[16] = "0123456789abcde", got[16], *cred = NULL;
    struct error err = { 0 };
    uid_t uid = 77;
    gid_t gid = 77;

    ck_assert_msg(identity_munge.encode(munged.socket, geteuid(), payload, 16, &cred, &err) == 0, "%s",
                  err.text);
    ck_assert_int_eq(identity_munge.decode(munged.socket, cred, got, 16, &uid, &gid, &err), 0);
    ck_assert_uint_eq(uid, geteuid());
    ck_assert_mem_eq(got, payload, 16);
    uid = 77;
    ck_assert_int_eq(identity_munge.decode(munged.socket, cred, got, 16, &uid, &gid, &err), -1);
    ck_assert_int_eq(err.code, BRE_CRED_REPLAYED);
    ck_assert_uint_eq(uid, 77); /* munge knows the uid of a replay; we do not take it */
    free(cred);
}
END_TEST

START_TEST(munge_refuses_a_credential_for_another_uid_or_of_another_length)
{
    char payload[16] = "0123456789abcde", got[17], *cred = NULL;
    struct error err = { 0 };
    uid_t uid = 77;
    gid_t gid = 77;

    ck_assert_int_eq(identity_munge.encode(munged.socket, geteuid() + 1, payload, 16, &cred, &err), 0);
    ck_assert_int_eq(identity_munge.decode(munged.socket, cred, got, 16, &uid, &gid, &err), -1);
    ck_assert_ptr_nonnull(strstr(err.text, "another service's uid"));
    free(cred);
    ck_assert_int_eq(identity_munge.encode(munged.socket, geteuid(), payload, 16, &cred, &err), 0);
    ck_assert_int_eq(identity_munge.decode(munged.socket, cred, got, 17, &uid, &gid, &err), -1);
    ck_assert_uint_eq(uid, 77);
    free(cred);
    ck_assert_int_eq(identity_munge.decode(munged.socket, "MUNGE:nonsense:", got, 16, &uid, &gid, &err), -1);
}
END_TEST

START_TEST(a_replay_that_munge_has_forgotten_opens_nothing)
{
    struct handshake_client_conf cc = { .role = SESSION_COMMAND, .server_name = "head:6817",
                                        .server_key = public_key };
    struct handshake_server_conf sc = { .cluster_name = "test", .secret_key = secret_key };
    struct munged own; /* this process's, to be restarted */
    struct error err;
    struct handshake *client, *server;
    uint8_t hello[64], auth[HANDSHAKE_RECORD_MAX];
    const uint8_t *data;
    size_t len;

    ck_assert(munged_start(&own));
    cc.munge_socket = sc.munge_socket = own.socket;
    client = handshake_client(&cc, &err);
    server = handshake_server(&sc);
    memcpy(hello, handshake_output(client, &len), 64);
    ck_assert_int_eq(handshake_feed(server, hello, &err), 0);
    data = handshake_output(server, &len);
    ck_assert_int_eq(handshake_feed(client, data, &err), 0);
    ck_assert_int_eq(handshake_feed(client, data + 8, &err), 0);
    handshake_work(client);
    ck_assert_msg(handshake_worked(client, &err) == 0, "%s", err.text);
    data = handshake_output(client, &len);
    ck_assert_uint_le(len, sizeof auth);
    memcpy(auth, data, len);
    handshake_destroy(server);
    ck_assert(munged_restart(&own));
    server = handshake_server(&sc);
    ck_assert_int_eq(handshake_feed(server, hello, &err), 0);
    ck_assert_int_eq(handshake_feed(server, auth, &err), 0);
    ck_assert_int_eq(handshake_feed(server, auth + 8, &err), 0);
    handshake_work(server); /* munge accepts it: the uid is right, the exchange is not */
    ck_assert_int_eq(handshake_worked(server, &err), -1);
    ck_assert_int_eq(err.code, BRE_CRED_REPLAYED);
    ck_assert_ptr_nonnull(strstr(err.text, "another connection"));
    handshake_destroy(client);
    handshake_destroy(server);
    munged_stop(&own);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("channel");
    TCase *hs = tcase_create("handshake"), *fr = tcase_create("frames"), *st = tcase_create("steps"),
          *mu = tcase_create("munge");
    int status;

    tcase_add_checked_fixture(hs, setup, NULL);
    tcase_add_checked_fixture(fr, setup, NULL);
    tcase_add_checked_fixture(st, setup, NULL);
    tcase_add_checked_fixture(mu, setup, NULL);
    tcase_set_timeout(hs, 60);
    tcase_set_timeout(fr, 60);
    tcase_set_timeout(st, 60);
    tcase_set_timeout(mu, 60);
    tcase_add_test(hs, both_sides_agree_on_peer_version_and_hash);
    tcase_add_test(hs, any_changed_bit_of_the_exchange_ends_it);
    tcase_add_test(hs, another_key_than_the_pinned_one_gets_no_credential);
    tcase_add_test(hs, who_shows_the_pinned_key_without_its_secret_is_found_out);
    tcase_add_test(hs, a_client_without_a_pinned_key_refuses_to_dial);
    tcase_add_test(hs, a_recorded_credential_opens_nothing);
    tcase_add_test(hs, a_credential_for_another_cluster_service_or_host_is_refused);
    tcase_add_test(hs, a_result_that_failed_gives_no_uid);
    tcase_add_test(hs, without_root_only_the_own_uid_is_served);
    tcase_add_test(hs, protocol_versions_that_do_not_meet_are_named);
    tcase_add_test(hs, roles_that_the_port_does_not_serve_are_refused);
    tcase_add_test(hs, records_have_one_length_and_one_place);
    tcase_add_test(hs, nothing_is_taken_after_the_exchange);
    tcase_add_test(fr, frames_of_every_size_pass_in_both_directions);
    tcase_add_test(fr, a_repeated_lost_or_swapped_frame_is_noticed);
    tcase_add_test(fr, any_flipped_bit_of_a_frame_is_noticed);
    tcase_add_test(fr, a_large_body_is_cut_and_changed_in_vain);
    tcase_add_test(fr, four_gibibytes_announced_take_no_memory);
    tcase_add_test(fr, length_and_type_are_judged_before_memory_is_taken);
    tcase_add_test(fr, the_end_is_authentic);
    tcase_add_test(fr, a_changed_stream_header_of_the_client_breaks_the_seal);
    tcase_add_test(st, holders_of_a_steps_key_meet);
    tcase_add_test(st, a_wrong_key_or_role_is_refused);
    tcase_add_test(st, any_changed_byte_of_a_steps_exchange_ends_it);
    tcase_add_test(st, a_recorded_step_hello_opens_nothing);
    suite_add_tcase(suite, hs);
    suite_add_tcase(suite, fr);
    suite_add_tcase(suite, st);
    if (munged_start(&munged)) {
        tcase_add_test(mu, munge_proves_the_uid_and_refuses_a_replay);
        tcase_add_test(mu, munge_refuses_a_credential_for_another_uid_or_of_another_length);
        tcase_add_test(mu, a_replay_that_munge_has_forgotten_opens_nothing);
        suite_add_tcase(suite, mu);
    } else {
        fprintf(stderr, "skipped: identity by munge (no munged here)\n");
    }
    status = suite_run(suite);
    munged_stop(&munged);
    return status;
}
