/* test_session.c - sessions over real sockets and a real munged: calls, notices, large tables,
 * refusals, ends and cuts. */
#include "config.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "channel/channel.h"
#include "munged.h"
#include "reactor/reactor.h"
#include "rpc/rpc.h"
#include "suite.h"
#include "util/error.h"
#include "util/mem.h"
#include "wire/agent.pb-c.h"
#include "wire/client.pb-c.h"
#include "wire/common.pb-c.h"
#include "wire/shepherd.pb-c.h"
#include "wire/step.pb-c.h"

static struct munged munged;
static const char *server_munge; /* socket of the controller's munged, when it is another */
static bool have_munge;

/* ---- a controller in a thread ---- */

struct rig {
    struct reactor *reactor;
    struct rpc_server *server;
    pthread_t thread;
    uint8_t public_key[32], secret_key[64];
    struct rpc_target target;
    bool make_admin;
    unsigned num_open, num_closed;
    struct error last_why;
    char last_script[64];
    struct reactor_timer *timer;
    unsigned waited;
};

static void send_table(struct rpc_conn *conn, uint32_t id)
{
    enum { ROWS = 50000, COLUMNS = 12 };
    Wire__TableColumn columns[COLUMNS], *column_ptrs[COLUMNS];
    Wire__TableChunk chunk = WIRE__TABLE_CHUNK__INIT;
    int64_t *ints = xcalloc(ROWS, sizeof *ints);
    char *strings[] = { (char *)"", (char *)"alice", (char *)"pi4" };

    for (int i = 0; i < ROWS; i++)
        ints[i] = i * 3;
    for (int c = 0; c < COLUMNS; c++) {
        wire__table_column__init(&columns[c]);
        columns[c].has_field = true;
        columns[c].field = (uint32_t)c;
        columns[c].n_ints = ROWS;
        columns[c].ints = ints;
        column_ptrs[c] = &columns[c];
    }
    chunk.has_rows = chunk.has_last = true;
    chunk.rows = ROWS;
    chunk.n_columns = COLUMNS;
    chunk.columns = column_ptrs;
    chunk.n_strings = 3;
    chunk.strings = strings;
    ck_assert_int_eq(rpc_conn_send(conn, MSG_TABLE_CHUNK, id, &chunk.base), 0);
    chunk.last = true;
    ck_assert_int_eq(rpc_conn_send(conn, MSG_TABLE_CHUNK, id, &chunk.base), 0);
    free(ints);
}

static void on_open(void *arg, struct rpc_conn *conn)
{
    struct rig *rig = arg;

    (void)conn;
    rig->num_open++;
}

static void on_frame(void *arg, struct rpc_conn *conn, const struct rpc_frame *frame)
{
    struct rig *rig = arg;
    Wire__PingReply ping = WIRE__PING_REPLY__INIT;
    Wire__Notice notice = WIRE__NOTICE__INIT;
    Wire__SubmitReply submitted = WIRE__SUBMIT_REPLY__INIT;
    const Wire__SubmitRequest *submit;
    struct error err;

    switch (frame->type) {
    case MSG_PING:
        ping.host = (char *)"head";
        ping.has_pid = true;
        ping.pid = rpc_conn_peer(conn)->uid;
        rpc_conn_send(conn, MSG_NOTICE, 0, &notice.base);
        rpc_conn_send(conn, MSG_PING_REPLY, frame->request_id, &ping.base);
        break;
    case MSG_QUERY:
        send_table(conn, frame->request_id);
        break;
    case MSG_SUBMIT:
        submit = (const Wire__SubmitRequest *)frame->msg;
        snprintf(rig->last_script, sizeof rig->last_script, "%.*s", 20,
                 submit->has_script ? (char *)submit->script.data : "");
        submitted.has_job_id = true;
        submitted.job_id = (uint32_t)submit->script.len;
        rpc_conn_send(conn, MSG_SUBMIT_REPLY, frame->request_id, &submitted.base);
        break;
    case MSG_RECONFIGURE:
        rpc_conn_send(conn, MSG_OK, frame->request_id, NULL);
        break;
    default:
        error_set(&err, BRE_JOB_ID, "Invalid job id specified");
        rpc_conn_refuse(conn, frame->request_id, &err);
    }
}

static void on_close(void *arg, struct rpc_conn *conn, const struct error *why)
{
    struct rig *rig = arg;

    (void)conn;
    rig->num_closed++;
    rig->last_why = *why;
}

static const struct rpc_conn_ops server_ops = { on_open, on_frame, on_close, NULL };

static void on_peer(void *arg, struct session_peer *peer)
{
    struct rig *rig = arg;

    peer->is_admin = peer->is_operator = rig->make_admin;
}

static void stop_when_quiet(void *arg);

static void *run(void *arg)
{
    struct rig *rig = arg;

    reactor_run(rig->reactor);
    return NULL;
}

static struct rig *rig_start(unsigned handshake_ms, unsigned max_conns)
{
    struct rig *rig = xcalloc(1, sizeof *rig);
    struct error err;
    struct rpc_server_conf conf = {
        .listen = "127.0.0.1",
        .cluster_name = "test",
        .secret_key = rig->secret_key,
        .munge_socket = server_munge ? server_munge : munged.socket,
        .handshake_ms = handshake_ms,
        .max_conns = max_conns,
        .on_peer = on_peer,
    };

    ck_assert_int_ge(sodium_init(), 0);
    crypto_sign_keypair(rig->public_key, rig->secret_key);
    rig->reactor = reactor_create(&err);
    rig->timer = reactor_timer_create(rig->reactor, stop_when_quiet, rig);
    rig->server = rpc_server_create(rig->reactor, &conf, &server_ops, rig, &err);
    ck_assert_ptr_nonnull(rig->server);
    snprintf(rig->target.host, sizeof rig->target.host, "127.0.0.1");
    snprintf(rig->target.munge_socket, sizeof rig->target.munge_socket, "%s", munged.socket);
    rig->target.port = rpc_server_port(rig->server);
    memcpy(rig->target.key, rig->public_key, 32);
    rig->target.have_key = true;
    pthread_create(&rig->thread, NULL, run, rig);
    return rig;
}

static void stop_loop(void *arg)
{
    reactor_stop(arg, 0);
}

/* Once the clients' ends have arrived. */
static void stop_when_quiet(void *arg)
{
    struct rig *rig = arg;

    if (rpc_server_num_conns(rig->server) == 0 || ++rig->waited == 1500)
        reactor_defer(rig->reactor, stop_loop, rig->reactor);
    else
        reactor_timer_start(rig->timer, 10, 0);
}

static void rig_stop(struct rig *rig)
{
    reactor_post(rig->reactor, stop_when_quiet, rig);
    pthread_join(rig->thread, NULL);
    rpc_server_destroy(rig->server);
    reactor_destroy(rig->reactor);
    free(rig);
}

/* ---- commands ---- */

START_TEST(a_command_asks_and_is_answered)
{
    struct rig *rig = rig_start(0, 0);
    struct error err = { 0 };
    struct rpc_client *c = rpc_client_open(&rig->target, 20000, &err);
    Wire__PingReply *reply;

    ck_assert_msg(c != NULL, "%s", err.text);
    for (int i = 0; i < 3; i++) {
        reply = (Wire__PingReply *)rpc_call(c, MSG_PING, NULL, MSG_PING_REPLY, 20000, &err);
        ck_assert_msg(reply != NULL, "%s", err.text);
        ck_assert_str_eq(reply->host, "head");
        ck_assert_uint_eq(reply->pid, geteuid()); /* the uid that munge proved */
        rpc_msg_free(&reply->base);
    }
    rpc_client_close(c);
    rig_stop(rig);
}
END_TEST

START_TEST(a_refusal_becomes_the_error_of_the_call)
{
    struct rig *rig = rig_start(0, 0);
    struct error err = { 0 };
    struct rpc_client *c = rpc_client_open(&rig->target, 20000, &err);
    Wire__ScriptRequest request = WIRE__SCRIPT_REQUEST__INIT;

    ck_assert_msg(c != NULL, "%s", err.text);
    ck_assert_ptr_null(rpc_call(c, MSG_SCRIPT, &request.base, MSG_SCRIPT_REPLY, 20000, &err));
    ck_assert_int_eq(err.code, BRE_JOB_ID);
    ck_assert_str_eq(err.text, "Invalid job id specified");
    rpc_client_close(c);
    rig_stop(rig);
}
END_TEST

START_TEST(large_requests_and_large_tables_arrive_whole)
{
    struct rig *rig = rig_start(0, 0);
    struct error err = { 0 };
    struct rpc_client *c = rpc_client_open(&rig->target, 20000, &err);
    Wire__SubmitRequest submit = WIRE__SUBMIT_REQUEST__INIT;
    Wire__QueryRequest query = WIRE__QUERY_REQUEST__INIT;
    Wire__SubmitReply *reply;
    uint32_t rows = 0;
    bool last = false;

    ck_assert_msg(c != NULL, "%s", err.text);
    submit.has_script = true;
    submit.script.len = 16777216;
    submit.script.data = xcalloc(1, submit.script.len);
    memcpy(submit.script.data, "#!/bin/sh", 10);
    reply = (Wire__SubmitReply *)rpc_call(c, MSG_SUBMIT, &submit.base, MSG_SUBMIT_REPLY, 10000, &err);
    ck_assert_msg(reply != NULL, "%s", err.text);
    ck_assert_uint_eq(reply->job_id, 16777216);
    ck_assert_str_eq(rig->last_script, "#!/bin/sh");
    rpc_msg_free(&reply->base);

    ck_assert_int_eq(rpc_send(c, MSG_QUERY, &query.base, &err), 0);
    while (!last) {
        struct rpc_frame frame;
        const Wire__TableChunk *chunk;

        ck_assert_msg(rpc_recv(c, &frame, 5000, &err) == 0, "%s", err.text);
        ck_assert_int_eq(frame.type, MSG_TABLE_CHUNK);
        chunk = (const Wire__TableChunk *)frame.msg;
        ck_assert_uint_eq(chunk->n_columns, 12);
        ck_assert_int_eq(chunk->columns[11]->ints[49999], 49999 * 3);
        ck_assert_str_eq(chunk->strings[2], "pi4");
        rows += chunk->rows;
        last = chunk->last;
    }
    ck_assert_uint_eq(rows, 100000);
    /* one byte more than the schema allows is refused here already */
    submit.script.len++;
    submit.script.data = xrealloc(submit.script.data, submit.script.len);
    ck_assert_ptr_null(rpc_call(c, MSG_SUBMIT, &submit.base, MSG_SUBMIT_REPLY, 10000, &err));
    ck_assert_int_eq(err.code, BRE_TOO_BIG);
    free(submit.script.data);
    rpc_client_close(c);
    rig_stop(rig);
}
END_TEST

START_TEST(what_only_admins_may_send_is_refused_to_others_with_a_reason)
{
    struct rig *rig = rig_start(0, 0);
    struct error err = { 0 };
    struct rpc_client *c = rpc_client_open(&rig->target, 20000, &err);
    ProtobufCMessage *reply;

    ck_assert_msg(c != NULL, "%s", err.text);
    ck_assert_ptr_null(rpc_call(c, MSG_RECONFIGURE, NULL, MSG_OK, 20000, &err));
    ck_assert_int_eq(err.code, BRE_ACCESS);
    rpc_client_close(c);
    rig->make_admin = true;
    c = rpc_client_open(&rig->target, 20000, &err);
    ck_assert_msg(c != NULL, "%s", err.text);
    reply = rpc_call(c, MSG_RECONFIGURE, NULL, MSG_OK, 20000, &err);
    ck_assert_msg(reply != NULL, "%s", err.text);
    rpc_msg_free(reply);
    rpc_client_close(c);
    rig_stop(rig);
}
END_TEST

START_TEST(a_controller_with_another_key_or_none_is_not_talked_to)
{
    struct rig *rig = rig_start(0, 0);
    struct error err = { 0 };

    rig->target.key[5] ^= 1;
    ck_assert_ptr_null(rpc_client_open(&rig->target, 20000, &err));
    ck_assert_int_eq(err.code, BRE_AUTH);
    ck_assert_ptr_nonnull(strstr(err.text, "is not the controller whose key"));
    rig->target.have_key = false;
    ck_assert_ptr_null(rpc_client_open(&rig->target, 20000, &err));
    ck_assert_ptr_nonnull(strstr(err.text, "--print-key"));
    rig_stop(rig);
}
END_TEST

START_TEST(a_command_waits_for_a_controller_that_starts)
{
    struct rig *rig = rig_start(0, 0);
    struct rpc_target target = rig->target;
    struct error err = { 0 };
    int fd;

    rig_stop(rig);
    ck_assert_ptr_null(rpc_client_open(&target, 300, &err));
    ck_assert_int_eq(err.code, BRE_NO_CONTACT);
    /* a listener that hangs up counts as a controller that is starting */
    fd = socket(AF_INET, SOCK_STREAM, 0);
    close(fd);
}
END_TEST

START_TEST(without_munged_the_cause_is_named)
{
    struct rig *rig = rig_start(0, 0);
    struct error err = { 0 };

    snprintf(rig->target.munge_socket, sizeof rig->target.munge_socket, "/nonexistent/munge.socket");
    ck_assert_ptr_null(rpc_client_open(&rig->target, 100, &err));
    ck_assert_ptr_nonnull(strstr(err.text, "/nonexistent/munge.socket"));
    rig_stop(rig);
}
END_TEST

START_TEST(a_munged_that_hangs_is_not_waited_for_long)
{
    struct rig *rig = rig_start(0, 0);
    struct sockaddr_un un = { .sun_family = AF_UNIX };
    struct error err = { 0 };
    struct timespec before, after;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(un.sun_path, sizeof un.sun_path, "/tmp/bramble-hung-munge-%ld", (long)getpid());
    unlink(un.sun_path);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&un, sizeof un), 0);
    ck_assert_int_eq(listen(fd, 5), 0); /* takes calls and says nothing */
    snprintf(rig->target.munge_socket, sizeof rig->target.munge_socket, "%s", un.sun_path);
    clock_gettime(CLOCK_MONOTONIC, &before);
    ck_assert_ptr_null(rpc_client_open(&rig->target, 10000, &err));
    clock_gettime(CLOCK_MONOTONIC, &after);
    ck_assert_int_le(after.tv_sec - before.tv_sec, 8); /* 4, on a machine that has time */
    ck_assert_msg(strstr(err.text, un.sun_path) != NULL, "%s", err.text);
    unlink(un.sun_path);
    close(fd);
    rig_stop(rig);
}
END_TEST

struct hung {
    struct reactor *reactor;
    unsigned closed, named;
};
static void h_frame(void *arg, struct rpc_conn *conn, const struct rpc_frame *frame)
{
    (void)arg;
    (void)conn;
    (void)frame;
}
static void h_close(void *arg, struct rpc_conn *conn, const struct error *why)
{
    struct hung *h = arg;

    (void)conn;
    h->named += strstr(why->text, "munged on the controller's host does not answer") != NULL;
    if (++h->closed == 6)
        reactor_stop(h->reactor, 0);
}
static const struct rpc_conn_ops h_ops = { NULL, h_frame, h_close, NULL };

START_TEST(a_controllers_munged_that_hangs_is_named_to_every_client)
{
    struct sockaddr_un un = { .sun_family = AF_UNIX };
    struct rig *rig;
    struct error err = { 0 };
    struct hung h = { 0 };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(un.sun_path, sizeof un.sun_path, "/tmp/bramble-hung-munge-%ld", (long)getpid());
    unlink(un.sun_path);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&un, sizeof un), 0);
    ck_assert_int_eq(listen(fd, 20), 0);
    server_munge = un.sun_path;
    rig = rig_start(1000, 0);
    server_munge = NULL;
    h.reactor = reactor_create(&err);
    for (int i = 0; i < 6; i++) /* more than there are turns at munge */
        rpc_dial(h.reactor, &rig->target, SESSION_COMMAND, 30000, &h_ops, &h);
    reactor_run(h.reactor);
    ck_assert_uint_eq(h.named, 6);
    ck_assert_uint_eq(rig->num_open, 0);
    reactor_destroy(h.reactor);
    unlink(un.sun_path);
    close(fd); /* those who still wait for it are told */
    rig_stop(rig);
}
END_TEST

START_TEST(a_credential_of_another_realm_is_refused_by_name)
{
    struct rig *rig = rig_start(0, 0);
    struct munged other;
    struct error err = { 0 };

    ck_assert(munged_start(&other));
    snprintf(rig->target.munge_socket, sizeof rig->target.munge_socket, "%s", other.socket);
    ck_assert_ptr_null(rpc_client_open(&rig->target, 100, &err));
    ck_assert_ptr_nonnull(strstr(err.text, "another munge key"));
    ck_assert_uint_eq(rig->num_open, 0);
    munged_stop(&other);
    rig_stop(rig);
}
END_TEST

/* ---- raw clients ---- */

static int raw_connect(uint16_t port)
{
    struct sockaddr_in sin = { .sin_family = AF_INET,
                               .sin_port = htons(port),
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ck_assert_int_eq(connect(fd, (struct sockaddr *)&sin, sizeof sin), 0);
    return fd;
}

static bool hung_up(int fd)
{
    char byte;
    struct timeval tv = { 5, 0 };
    ssize_t n;

    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
    while ((n = recv(fd, &byte, 1, 0)) == 1)
        ;
    return n == 0 || errno == ECONNRESET;
}

START_TEST(silent_and_dripping_clients_are_hung_up_on_at_the_deadline)
{
    struct rig *rig = rig_start(300, 0);
    int silent = raw_connect(rig->target.port), drip = raw_connect(rig->target.port);

    for (int i = 0; i < 8; i++) {
        if (send(drip, "B", 1, MSG_NOSIGNAL) < 0)
            break;
        usleep(60000);
    }
    ck_assert(hung_up(silent));
    ck_assert(hung_up(drip));
    close(silent);
    close(drip);
    rig_stop(rig);
}
END_TEST

START_TEST(what_is_no_hello_is_hung_up_on_without_an_answer)
{
    struct rig *rig = rig_start(0, 0);
    int fd = raw_connect(rig->target.port);
    char text[64] = "GET / HTTP/1.1\r\nHost: head\r\n\r\n", answer;
    struct timeval tv = { 5, 0 };

    ck_assert_int_eq(send(fd, text, sizeof text, 0), sizeof text);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
    ck_assert_int_le(recv(fd, &answer, 1, 0), 0);
    close(fd);
    rig_stop(rig);
}
END_TEST

START_TEST(a_flood_of_silent_clients_does_not_lock_a_command_out)
{
    struct rig *rig = rig_start(10000, 64);
    int fds[200];
    struct error err = { 0 };
    struct rpc_client *c;
    ProtobufCMessage *reply;

    for (int i = 0; i < 200; i++)
        fds[i] = raw_connect(rig->target.port);
    c = rpc_client_open(&rig->target, 20000, &err);
    ck_assert_msg(c != NULL, "%s", err.text);
    reply = rpc_call(c, MSG_PING, NULL, MSG_PING_REPLY, 20000, &err);
    ck_assert_msg(reply != NULL, "%s", err.text);
    rpc_msg_free(reply);
    rpc_client_close(c);
    for (int i = 0; i < 200; i++)
        close(fds[i]);
    rig_stop(rig);
}
END_TEST

/* ---- a dialled session on a loop ---- */

struct dialled {
    struct reactor *reactor;
    struct rpc_conn *conn;
    bool open;
    unsigned frames, drains;
    struct error why;
    unsigned stop_after;
};

static void d_open(void *arg, struct rpc_conn *conn)
{
    struct dialled *d = arg;

    d->open = true;
    for (uint32_t i = 1; i <= 100; i++)
        ck_assert_int_eq(rpc_conn_send(conn, MSG_PING, i, NULL), 0);
}

static void d_frame(void *arg, struct rpc_conn *conn, const struct rpc_frame *frame)
{
    struct dialled *d = arg;

    if (frame->type == MSG_PING_REPLY && ++d->frames == d->stop_after)
        rpc_conn_close(conn);
}

static void d_close(void *arg, struct rpc_conn *conn, const struct error *why)
{
    struct dialled *d = arg;

    (void)conn;
    d->why = *why;
    reactor_stop(d->reactor, 0);
}

static const struct rpc_conn_ops d_ops = { d_open, d_frame, d_close, NULL };

START_TEST(a_dialled_session_carries_many_requests_at_once)
{
    struct rig *rig = rig_start(0, 0);
    struct error err;
    struct dialled d = { .stop_after = 100 };

    d.reactor = reactor_create(&err);
    d.conn = rpc_dial(d.reactor, &rig->target, SESSION_COMMAND, 20000, &d_ops, &d);
    reactor_run(d.reactor);
    ck_assert_msg(d.open, "%s", d.why.text);
    ck_assert_uint_eq(d.frames, 100);
    ck_assert_int_eq(d.why.code, BRE_CLOSED);
    reactor_destroy(d.reactor);
    rig_stop(rig);
}
END_TEST

START_TEST(dialling_nobody_says_so)
{
    struct rpc_target target = { .host = "127.0.0.1", .port = 1, .have_key = true };
    struct error err;
    struct dialled d = { 0 };

    d.reactor = reactor_create(&err);
    d.conn = rpc_dial(d.reactor, &target, SESSION_AGENT, 20000, &d_ops, &d);
    reactor_run(d.reactor);
    ck_assert(!d.open);
    ck_assert_int_eq(d.why.code, BRE_NO_CONTACT);
    reactor_destroy(d.reactor);
}
END_TEST

START_TEST(an_agents_session_may_send_no_command)
{
    struct rig *rig = rig_start(0, 0);
    struct error err;
    struct dialled d = { .stop_after = 1 };

    d.reactor = reactor_create(&err);
    d.conn = rpc_dial(d.reactor, &rig->target, SESSION_AGENT, 20000, &d_ops, &d);
    reactor_run(d.reactor);
    ck_assert(d.open);
    ck_assert_uint_eq(d.frames, 0);
    ck_assert_int_eq(d.why.code, ECONNRESET); /* no end was sealed */
    reactor_destroy(d.reactor);
    rig_stop(rig);
}
END_TEST

/* ---- steps ---- */

struct step_rig {
    struct reactor *reactor;
    struct step_port *port;
    uint8_t key[32];
    struct rpc_conn *accepted, *dialled;
    unsigned opened, closed, frames;
    char text[64];
    struct error accepted_why, dialled_why;
};

static void s_open(void *arg, struct rpc_conn *conn)
{
    struct step_rig *s = arg;

    (void)conn;
    s->opened++;
}
static void s_frame(void *arg, struct rpc_conn *conn, const struct rpc_frame *frame)
{
    struct step_rig *s = arg;
    Wire__StepText text = WIRE__STEP_TEXT__INIT;

    (void)frame;
    s->frames++;
    text.text = (char *)"hello";
    ck_assert_int_eq(rpc_conn_send(conn, MSG_STEP_TEXT, 0, &text.base), 0);
}
static void s_close(void *arg, struct rpc_conn *conn, const struct error *why)
{
    struct step_rig *s = arg;

    (void)conn;
    s->accepted_why = *why;
    if (++s->closed == 2)
        reactor_stop(s->reactor, 0);
}
static const struct rpc_conn_ops accepted_ops = { s_open, s_frame, s_close, NULL };

static void on_client(void *arg, int fd, const struct step_hello *hello, const char *address)
{
    struct step_rig *s = arg;

    ck_assert_uint_eq(hello->job_id, 7);
    ck_assert_str_eq(address, "127.0.0.1");
    s->accepted = rpc_accept_step(s->reactor, fd, hello->raw, s->key, &accepted_ops, s);
}

static void c_open(void *arg, struct rpc_conn *conn)
{
    struct step_rig *s = arg;
    Wire__StepAttach attach = WIRE__STEP_ATTACH__INIT;

    s->opened++;
    rpc_conn_send(conn, MSG_STEP_ATTACH, 0, &attach.base);
}
static void c_frame(void *arg, struct rpc_conn *conn, const struct rpc_frame *frame)
{
    struct step_rig *s = arg;

    ck_assert_int_eq(frame->type, MSG_STEP_TEXT);
    snprintf(s->text, sizeof s->text, "%s", ((const Wire__StepText *)frame->msg)->text);
    rpc_conn_close(conn);
}
static void c_close(void *arg, struct rpc_conn *conn, const struct error *why)
{
    struct step_rig *s = arg;

    (void)conn;
    s->dialled_why = *why;
    if (++s->closed == 2)
        reactor_stop(s->reactor, 0);
}
static const struct rpc_conn_ops client_ops = { c_open, c_frame, c_close, NULL };

static void step_run(struct step_rig *s, const uint8_t key[32], enum session_role role)
{
    struct step_address addr = { .host = "127.0.0.1", .job_id = 7, .attempt = 1 };
    struct error err;

    s->reactor = reactor_create(&err);
    s->port = step_port_create(s->reactor, "127.0.0.1", 0, on_client, s, &err);
    ck_assert_ptr_nonnull(s->port);
    addr.port = step_port_number(s->port);
    memcpy(addr.key, key, 32);
    s->dialled = rpc_dial_step(s->reactor, &addr, role, 20000, &client_ops, s);
    reactor_run(s->reactor);
    step_port_destroy(s->port);
    reactor_destroy(s->reactor);
}

START_TEST(the_owner_of_a_step_reaches_its_process_through_the_agents_port)
{
    struct step_rig s = { 0 };
    uint8_t client_key[32];

    memset(s.key, 9, 32);
    step_client_key(s.key, client_key);
    step_run(&s, client_key, SESSION_STEP_CLIENT);
    ck_assert_uint_eq(s.opened, 2);
    ck_assert_str_eq(s.text, "hello");
    ck_assert_int_eq(s.dialled_why.code, BRE_CLOSED);
    ck_assert_int_eq(s.accepted_why.code, BRE_CLOSED);
}
END_TEST

START_TEST(the_owners_key_does_not_make_a_shepherd)
{
    struct step_rig s = { 0 };
    uint8_t client_key[32];

    memset(s.key, 9, 32);
    step_client_key(s.key, client_key);
    step_run(&s, client_key, SESSION_STEP_PEER);
    ck_assert_uint_eq(s.opened, 0);
    ck_assert_int_eq(s.accepted_why.code, BRE_AUTH);
}
END_TEST

/* ---- unix sockets ---- */

struct unix_rig {
    struct reactor *reactor;
    struct rpc_conn *a, *b;
    unsigned frames, closed;
    int got_fd;
};

static void u_frame(void *arg, struct rpc_conn *conn, const struct rpc_frame *frame)
{
    struct unix_rig *u = arg;

    if (frame->type == MSG_SHEP_CLIENT) {
        ck_assert_int_ge(frame->fd, 0);
        ck_assert_int_eq((int)write(frame->fd, "ok", 2), 2);
        close(frame->fd);
        u->got_fd++;
    } else {
        ck_assert_int_eq(frame->fd, -1);
    }
    if (++u->frames == 30)
        rpc_conn_close(conn);
}
static void u_close(void *arg, struct rpc_conn *conn, const struct error *why)
{
    struct unix_rig *u = arg;

    (void)conn;
    ck_assert_int_eq(why->code, BRE_CLOSED);
    if (++u->closed == 2)
        reactor_stop(u->reactor, 0);
}
static const struct rpc_conn_ops unix_ops = { NULL, u_frame, u_close, NULL };

START_TEST(descriptors_travel_with_their_frames)
{
    struct unix_rig u = { 0 };
    int pair[2], pipe_fds[2];
    struct error err;
    char text[64];
    Wire__ShepherdClient client = WIRE__SHEPHERD_CLIENT__INIT;

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    ck_assert_int_eq(pipe(pipe_fds), 0);
    u.reactor = reactor_create(&err);
    u.a = rpc_adopt_unix(u.reactor, pair[0], geteuid(), &unix_ops, &u, &err);
    u.b = rpc_adopt_unix(u.reactor, pair[1], geteuid(), &unix_ops, &u, &err);
    for (int i = 0; i < 10; i++) {
        ck_assert_int_eq(rpc_conn_send(u.a, MSG_SHEP_QUERY, 0, NULL), 0);
        ck_assert_int_eq(rpc_conn_send_fd(u.a, MSG_SHEP_CLIENT, &client.base, pipe_fds[1]), 0);
        ck_assert_int_eq(rpc_conn_send(u.a, MSG_SHEP_QUERY, 0, NULL), 0);
    }
    close(pipe_fds[1]);
    reactor_run(u.reactor);
    ck_assert_int_eq(u.got_fd, 10);
    ck_assert_int_eq((int)read(pipe_fds[0], text, sizeof text), 20);
    ck_assert_int_eq((int)read(pipe_fds[0], text, sizeof text), 0); /* no copy is left open */
    close(pipe_fds[0]);
    reactor_destroy(u.reactor);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("rpc sessions");
    TCase *plain = tcase_create("without munge"), *full = tcase_create("with munge");
    int status;

    signal(SIGPIPE, SIG_IGN);
    tcase_set_timeout(plain, 60);
    have_munge = munged_start(&munged);
    tcase_add_test(plain, dialling_nobody_says_so);
    tcase_add_test(plain, the_owner_of_a_step_reaches_its_process_through_the_agents_port);
    tcase_add_test(plain, the_owners_key_does_not_make_a_shepherd);
    tcase_add_test(plain, descriptors_travel_with_their_frames);
    suite_add_tcase(suite, plain);
    if (have_munge) {
        tcase_set_timeout(full, 60);
        tcase_add_test(full, a_command_asks_and_is_answered);
        tcase_add_test(full, a_refusal_becomes_the_error_of_the_call);
        tcase_add_test(full, large_requests_and_large_tables_arrive_whole);
        tcase_add_test(full, what_only_admins_may_send_is_refused_to_others_with_a_reason);
        tcase_add_test(full, a_controller_with_another_key_or_none_is_not_talked_to);
        tcase_add_test(full, a_command_waits_for_a_controller_that_starts);
        tcase_add_test(full, without_munged_the_cause_is_named);
        tcase_add_test(full, a_munged_that_hangs_is_not_waited_for_long);
        tcase_add_test(full, a_controllers_munged_that_hangs_is_named_to_every_client);
        tcase_add_test(full, a_credential_of_another_realm_is_refused_by_name);
        tcase_add_test(full, silent_and_dripping_clients_are_hung_up_on_at_the_deadline);
        tcase_add_test(full, what_is_no_hello_is_hung_up_on_without_an_answer);
        tcase_add_test(full, a_flood_of_silent_clients_does_not_lock_a_command_out);
        tcase_add_test(full, a_dialled_session_carries_many_requests_at_once);
        tcase_add_test(full, an_agents_session_may_send_no_command);
        suite_add_tcase(suite, full);
    } else {
        fprintf(stderr, "skipped: sessions with the controller (no munged here)\n");
    }
    status = suite_run(suite);
    munged_stop(&munged);
    return status;
}
