/* test_relay.c - a session through the relay: whatever is done to the bytes on the way, each side gets
 * what the other sent, in order and once, or learns that the connection is gone. */
#include "config.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "reactor/reactor.h"
#include "rpc/rpc.h"
#include "suite.h"
#include "util/error.h"
#include "wire/step.pb-c.h"

enum { CHUNK = 3000, CHUNKS = 64 };

/* A step's process on one side of the relay, its client on the other; the client is sent CHUNKS pieces and
 * sends as many back. */
struct rig {
    struct reactor *reactor;
    struct step_port *port;
    struct reactor_timer *timer;
    uint8_t key[32];
    struct rpc_conn *accepted, *dialled;
    unsigned accepted_frames, dialled_frames, opened, closed;
    struct error accepted_why, dialled_why;
    bool ended_by_client;
    pid_t relay;
    FILE *to_relay, *from_relay;
    const char *at_open; /* command for the relay once the session stands */
};

extern char **environ;

static const char *relay_path(void)
{
    return access("testsuite/lib/relay", X_OK) == 0 ? "testsuite/lib/relay" : TEST_RELAY;
}

static uint16_t relay_start(struct rig *rig, uint16_t to)
{
    int in[2], out[2];
    char target[64], line[64];
    char *argv[] = { (char *)"relay", (char *)"--to", target, NULL };
    posix_spawn_file_actions_t files;

    snprintf(target, sizeof target, "127.0.0.1:%u", to);
    ck_assert_int_eq(pipe2(in, O_CLOEXEC), 0);
    ck_assert_int_eq(pipe2(out, O_CLOEXEC), 0);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, in[0], 0);
    posix_spawn_file_actions_adddup2(&files, out[1], 1);
    ck_assert_int_eq(posix_spawn(&rig->relay, relay_path(), &files, NULL, argv, environ), 0);
    posix_spawn_file_actions_destroy(&files);
    close(in[0]);
    close(out[1]);
    rig->to_relay = fdopen(in[1], "w");
    rig->from_relay = fdopen(out[0], "r");
    ck_assert_ptr_nonnull(fgets(line, sizeof line, rig->from_relay));
    return (uint16_t)atoi(line);
}

static void tell_relay(struct rig *rig, const char *command)
{
    char line[64];

    fprintf(rig->to_relay, "%s\n", command);
    fflush(rig->to_relay);
    ck_assert_ptr_nonnull(fgets(line, sizeof line, rig->from_relay));
    ck_assert_str_eq(line, "ok\n");
}

static void send_chunks(struct rpc_conn *conn)
{
    uint8_t data[CHUNK];
    Wire__StepData msg = WIRE__STEP_DATA__INIT;

    msg.has_data = msg.has_gtid = true;
    msg.data.data = data;
    msg.data.len = sizeof data;
    for (uint32_t i = 0; i < CHUNKS; i++) {
        memset(data, (int)i, sizeof data);
        msg.gtid = i;
        if (rpc_conn_send(conn, MSG_STEP_DATA, 0, &msg.base) < 0)
            return;
    }
}

/* What arrives is what was sent next: nothing changed, lost, doubled or swapped. */
static void check_chunk(const struct rpc_frame *frame, unsigned n)
{
    const Wire__StepData *msg = (const Wire__StepData *)frame->msg;

    ck_assert_int_eq(frame->type, MSG_STEP_DATA);
    ck_assert_uint_eq(msg->gtid, n);
    ck_assert_uint_eq(msg->data.len, CHUNK);
    for (size_t i = 0; i < msg->data.len; i++)
        if (msg->data.data[i] != (uint8_t)n)
            ck_abort_msg("byte %zu of chunk %u", i, n);
}

static void a_open(void *arg, struct rpc_conn *conn)
{
    struct rig *rig = arg;

    rig->opened++;
    if (rig->at_open)
        tell_relay(rig, rig->at_open);
    send_chunks(conn);
}
static void a_frame(void *arg, struct rpc_conn *conn, const struct rpc_frame *frame)
{
    struct rig *rig = arg;

    (void)conn;
    check_chunk(frame, rig->accepted_frames++);
}
static void a_close(void *arg, struct rpc_conn *conn, const struct error *why)
{
    struct rig *rig = arg;

    (void)conn;
    rig->accepted = NULL;
    rig->accepted_why = *why;
    if (++rig->closed == 2)
        reactor_stop(rig->reactor, 0);
}
static const struct rpc_conn_ops accepted_ops = { a_open, a_frame, a_close, NULL };

static void on_client(void *arg, int fd, const struct step_hello *hello, const char *address)
{
    struct rig *rig = arg;

    (void)address;
    rig->accepted = rpc_accept_step(rig->reactor, fd, hello->raw, rig->key, &accepted_ops, rig);
}

static void d_open(void *arg, struct rpc_conn *conn)
{
    struct rig *rig = arg;

    rig->opened++;
    send_chunks(conn);
}
static void d_frame(void *arg, struct rpc_conn *conn, const struct rpc_frame *frame)
{
    struct rig *rig = arg;

    check_chunk(frame, rig->dialled_frames++);
    if (rig->dialled_frames == CHUNKS) {
        rig->ended_by_client = true;
        rpc_conn_close(conn);
    }
}
static void d_close(void *arg, struct rpc_conn *conn, const struct error *why)
{
    struct rig *rig = arg;

    (void)conn;
    rig->dialled = NULL;
    rig->dialled_why = *why;
    /* The other side may never have heard of the connection. */
    if (!rig->accepted)
        rig->closed = 1;
    if (++rig->closed == 2)
        reactor_stop(rig->reactor, 0);
}
static const struct rpc_conn_ops dialled_ops = { d_open, d_frame, d_close, NULL };

/* What the commands of the daemons would do when nothing comes for long. */
static void on_patience(void *arg)
{
    struct rig *rig = arg;

    if (rig->accepted)
        rpc_conn_abort(rig->accepted, NULL);
    if (rig->dialled)
        rpc_conn_abort(rig->dialled, NULL);
}

static void run(struct rig *rig, const char *first, const char *at_open, unsigned patience_ms)
{
    struct step_address addr = { .host = "127.0.0.1", .job_id = 7, .attempt = 1 };
    struct error err;

    memset(rig, 0, sizeof *rig);
    rig->at_open = at_open;
    rig->reactor = reactor_create(&err);
    rig->port = step_port_create(rig->reactor, "127.0.0.1", 0, on_client, rig, &err);
    ck_assert_ptr_nonnull(rig->port);
    addr.port = relay_start(rig, step_port_number(rig->port));
    if (first)
        tell_relay(rig, first);
    memset(rig->key, 3, 32);
    step_client_key(rig->key, addr.key);
    rig->timer = reactor_timer_create(rig->reactor, on_patience, rig);
    reactor_timer_start(rig->timer, patience_ms, 0);
    rig->dialled = rpc_dial_step(rig->reactor, &addr, SESSION_STEP_CLIENT, 5000, &dialled_ops, rig);
    reactor_run(rig->reactor);
    step_port_destroy(rig->port);
    reactor_destroy(rig->reactor);
    fclose(rig->to_relay); /* it leaves when nobody commands it */
    fclose(rig->from_relay);
    ck_assert_int_eq(waitpid(rig->relay, NULL, 0), rig->relay);
}

static void check_whole(const struct rig *rig)
{
    ck_assert_uint_eq(rig->dialled_frames, CHUNKS);
    ck_assert_uint_eq(rig->accepted_frames, CHUNKS);
    ck_assert_int_eq(rig->dialled_why.code, BRE_CLOSED);
    ck_assert_int_eq(rig->accepted_why.code, BRE_CLOSED);
}

START_TEST(a_plain_wire_passes_all)
{
    struct rig rig;

    run(&rig, NULL, NULL, 60000);
    check_whole(&rig);
}
END_TEST

START_TEST(a_slow_wire_passes_all)
{
    struct rig rig;

    run(&rig, "delay 60", NULL, 60000);
    check_whole(&rig);
}
END_TEST

START_TEST(a_dripping_wire_passes_all)
{
    struct rig rig;

    run(&rig, "drip 1997 1", NULL, 60000);
    check_whole(&rig);
}
END_TEST

/* Whatever is done to one byte anywhere, neither side takes a wrong byte for a right one, and both learn
 * that the session is over. */
START_TEST(changed_bytes_are_never_taken)
{
    static const char *const whats[] = { "flip %s %d", "drop %s %d 1", "repeat %s %d 40", "truncate %s %d" };
    static const int ats[] = { 0, 5, 60, 127, 128, 135, 136, 160, 200, 3000, 5000, 100000 };

    for (size_t w = 0; w < sizeof whats / sizeof whats[0]; w++)
        for (size_t a = 0; a < sizeof ats / sizeof ats[0]; a++)
            for (int down = 0; down < 2; down++) {
                char command[64];
                struct rig rig;

                snprintf(command, sizeof command, whats[w], down ? "down" : "up", ats[a]);
                run(&rig, command, NULL, 500);
                ck_assert_msg(!(rig.dialled_why.code == BRE_CLOSED && rig.accepted_why.code == BRE_CLOSED
                                && rig.ended_by_client && rig.accepted_frames == CHUNKS && rig.opened == 2),
                              "%s: nothing was noticed", command);
                ck_assert_uint_le(rig.dialled_frames, CHUNKS);
            }
}
END_TEST

START_TEST(a_cut_is_not_taken_for_an_end)
{
    struct rig rig;

    run(&rig, NULL, "cut", 5000);
    ck_assert_uint_eq(rig.opened, 2);
    ck_assert_int_ne(rig.accepted_why.code, BRE_CLOSED);
    ck_assert_int_ne(rig.dialled_why.code, BRE_CLOSED);
}
END_TEST

START_TEST(an_end_that_is_cut_to_measure_is_not_taken_for_one)
{
    struct rig rig;

    /* the relay closes both sides properly, in the middle of the data: only TAG_FINAL is missing */
    run(&rig, NULL, "truncate down 9000", 5000);
    ck_assert_int_eq(rig.dialled_why.code, ECONNRESET);
}
END_TEST

START_TEST(a_wire_that_comes_back_goes_on_without_a_gap)
{
    struct rig rig;

    run(&rig, NULL, "delay 500", 60000);
    check_whole(&rig);
}
END_TEST

START_TEST(who_is_refused_learns_it)
{
    struct rig rig;

    run(&rig, "refuse", NULL, 5000);
    ck_assert_uint_eq(rig.opened, 0);
    ck_assert_int_ne(rig.dialled_why.code, 0);
}
END_TEST

START_TEST(a_wire_that_leads_nowhere_is_given_up_at_the_deadline)
{
    struct rig rig;

    run(&rig, "hole", NULL, 30000);
    ck_assert_uint_eq(rig.opened, 0);
    ck_assert_int_eq(rig.dialled_why.code, BRE_TIMEOUT);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("relay");
    TCase *tcase = tcase_create("sessions through a bad wire");

    signal(SIGPIPE, SIG_IGN);
    tcase_set_timeout(tcase, 240);
    tcase_add_test(tcase, a_plain_wire_passes_all);
    tcase_add_test(tcase, a_slow_wire_passes_all);
    tcase_add_test(tcase, a_dripping_wire_passes_all);
    tcase_add_test(tcase, changed_bytes_are_never_taken);
    tcase_add_test(tcase, a_cut_is_not_taken_for_an_end);
    tcase_add_test(tcase, an_end_that_is_cut_to_measure_is_not_taken_for_one);
    tcase_add_test(tcase, a_wire_that_comes_back_goes_on_without_a_gap);
    tcase_add_test(tcase, who_is_refused_learns_it);
    tcase_add_test(tcase, a_wire_that_leads_nowhere_is_given_up_at_the_deadline);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
