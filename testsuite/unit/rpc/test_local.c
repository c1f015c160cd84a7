/* test_local.c - sessions over the controller's unix socket, on a host without munged. */
#include "config.h"

#include <check.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "channel/channel.h"
#include "reactor/reactor.h"
#include "rpc/rpc.h"
#include "suite.h"
#include "util/error.h"
#include "util/fs.h"
#include "util/mem.h"
#include "wire/client.pb-c.h"
#include "wire/common.pb-c.h"

struct rig {
    struct reactor *reactor;
    struct rpc_server *server;
    pthread_t thread;
    uint8_t public_key[32], secret_key[64];
    struct rpc_target target;
    char run_dir[64], folder[80];
    unsigned asked;
};

static void on_frame(void *arg, struct rpc_conn *conn, const struct rpc_frame *frame)
{
    struct rig *rig = arg;
    Wire__PingReply ping = WIRE__PING_REPLY__INIT;
    Wire__SubmitReply submitted = WIRE__SUBMIT_REPLY__INIT;
    const Wire__SubmitRequest *submit;

    rig->asked++;
    if (frame->type == MSG_PING) {
        ping.has_pid = true;
        ping.pid = rpc_conn_peer(conn)->uid;
        rpc_conn_send(conn, MSG_PING_REPLY, frame->request_id, &ping.base);
    } else if (frame->type == MSG_SUBMIT) {
        submit = (const Wire__SubmitRequest *)frame->msg;
        submitted.has_job_id = true;
        submitted.job_id = (uint32_t)submit->script.len;
        rpc_conn_send(conn, MSG_SUBMIT_REPLY, frame->request_id, &submitted.base);
    }
}

static void on_close(void *arg, struct rpc_conn *conn, const struct error *why)
{
    (void)arg;
    (void)conn;
    (void)why;
}

static const struct rpc_conn_ops server_ops = { .on_frame = on_frame, .on_close = on_close };

static void *run(void *arg)
{
    reactor_run(arg);
    return NULL;
}

static struct rig *rig_start(bool only_own_uid)
{
    struct rig *rig = xcalloc(1, sizeof *rig);
    struct error err;
    struct rpc_server_conf conf = {
        .listen = "127.0.0.1",
        .run_dir = rig->run_dir,
        .cluster_name = "test",
        .secret_key = rig->secret_key,
        .munge_socket = "/nonexistent/munge",
        .only_own_uid = only_own_uid,
    };

    ck_assert_int_ge(sodium_init(), 0);
    crypto_sign_keypair(rig->public_key, rig->secret_key);
    snprintf(rig->run_dir, sizeof rig->run_dir, "/tmp/bramble-local.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(rig->run_dir));
    ck_assert_int_eq(chmod(rig->run_dir, 0755), 0);
    snprintf(rig->folder, sizeof rig->folder, "%s/.controller", rig->run_dir);
    rig->reactor = reactor_create(&err);
    rig->server = rpc_server_create(rig->reactor, &conf, &server_ops, rig, &err);
    ck_assert_ptr_nonnull(rig->server);
    snprintf(rig->target.host, sizeof rig->target.host, "127.0.0.1");
    snprintf(rig->target.munge_socket, sizeof rig->target.munge_socket, "/nonexistent/munge");
    rig->target.port = rpc_server_port(rig->server);
    memcpy(rig->target.key, rig->public_key, 32);
    rig->target.have_key = true;
    rpc_local_path(rig->run_dir, rig->target.port, rig->target.local_socket);
    pthread_create(&rig->thread, NULL, run, rig->reactor);
    return rig;
}

static void stop_loop(void *arg)
{
    reactor_stop(arg, 0);
}

static void rig_stop(struct rig *rig)
{
    struct error err;

    reactor_post(rig->reactor, stop_loop, rig->reactor);
    pthread_join(rig->thread, NULL);
    rpc_server_destroy(rig->server);
    reactor_defer(rig->reactor, stop_loop, rig->reactor); /* connections end in a turn of the loop */
    reactor_run(rig->reactor);
    reactor_destroy(rig->reactor);
    fs_remove_tree(AT_FDCWD, rig->run_dir, &err);
    free(rig);
}

/* The uid that the controller took the caller for; -1 with err set. */
static int64_t ping(const struct rig *rig, struct error *err)
{
    struct rpc_client *c = rpc_client_open(&rig->target, 100, err);
    Wire__Empty ask = WIRE__EMPTY__INIT;
    Wire__PingReply *reply;
    int64_t uid = -1;

    if (c && (reply = (Wire__PingReply *)rpc_call(c, MSG_PING, &ask.base, MSG_PING_REPLY, 20000, err))) {
        uid = reply->pid;
        rpc_msg_free(&reply->base);
    }
    rpc_client_close(c);
    return uid;
}

START_TEST(a_command_on_the_controllers_host_needs_no_munge)
{
    struct rig *rig = rig_start(true);
    struct error err;

    ck_assert_int_eq(ping(rig, &err), geteuid());
    rig_stop(rig);
}
END_TEST

START_TEST(large_requests_arrive_whole_and_one_session_carries_several)
{
    enum { SIZE = 3000000 };
    struct rig *rig = rig_start(true);
    struct error err;
    struct rpc_client *c = rpc_client_open(&rig->target, 100, &err);
    Wire__SubmitRequest submit = WIRE__SUBMIT_REQUEST__INIT;
    Wire__JobSpec spec = WIRE__JOB_SPEC__INIT;

    ck_assert_ptr_nonnull(c);
    submit.spec = &spec;
    submit.has_script = true;
    submit.script.data = xcalloc(1, SIZE);
    for (int i = 0; i < 3; i++) {
        Wire__SubmitReply *reply;

        submit.script.len = (size_t)(SIZE - i);
        reply = (Wire__SubmitReply *)rpc_call(c, MSG_SUBMIT, &submit.base, MSG_SUBMIT_REPLY, 20000, &err);
        ck_assert_msg(reply, "%s", err.text);
        ck_assert_uint_eq(reply->job_id, (unsigned)(SIZE - i));
        rpc_msg_free(&reply->base);
    }
    free(submit.script.data);
    rpc_client_close(c);
    rig_stop(rig);
}
END_TEST

START_TEST(a_socket_where_others_may_write_is_not_used)
{
    struct rig *rig = rig_start(true);
    struct error err;

    ck_assert_int_eq(chmod(rig->folder, 0777), 0);
    ck_assert_int_eq(ping(rig, &err), -1); /* it went by the port, and there is no munged */
    ck_assert_ptr_nonnull(strstr(err.text, "munge"));
    ck_assert_int_eq(chmod(rig->folder, 0755), 0);
    ck_assert_int_eq(chmod(rig->run_dir, 01777), 0);
    ck_assert_int_eq(ping(rig, &err), -1);
    ck_assert_int_eq(chmod(rig->run_dir, 0755), 0);
    ck_assert_int_eq(ping(rig, &err), geteuid());
    ck_assert_uint_eq(rig->asked, 1);
    rig_stop(rig);
}
END_TEST

START_TEST(a_controller_with_another_key_does_nothing_and_the_port_is_tried)
{
    struct rig *rig = rig_start(true);
    struct error err;

    rig->target.key[5] ^= 1;
    ck_assert_int_eq(ping(rig, &err), -1);
    ck_assert_ptr_nonnull(strstr(err.text, "is not the controller whose key is written here"));
    ck_assert_uint_eq(rig->asked, 0);
    rig_stop(rig);
}
END_TEST

START_TEST(what_is_no_hello_is_hung_up_on_without_an_answer)
{
    struct rig *rig = rig_start(true);
    struct sockaddr_un sun = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    char buf[100] = "GET / HTTP/1.0\r\n\r\n";

    snprintf(sun.sun_path, sizeof sun.sun_path, "%s", rig->target.local_socket);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&sun, sizeof sun), 0);
    ck_assert_int_eq((int)write(fd, buf, sizeof buf), (int)sizeof buf);
    ck_assert_int_le((int)read(fd, buf, sizeof buf), 0);
    close(fd);
    rig_stop(rig);
}
END_TEST

/* A controller that goes away with the request unread, and comes back. */
struct dying {
    int fd;
    char path[108], real[120];
};

static void *die_once(void *arg)
{
    struct dying *d = arg;
    char buf[4096];
    int fd = accept(d->fd, NULL, NULL);

    ck_assert_int_gt((int)read(fd, buf, sizeof buf), 0);
    ck_assert_int_eq(rename(d->real, d->path), 0);
    close(d->fd);
    close(fd);
    return NULL;
}

START_TEST(what_nobody_has_heard_is_asked_again)
{
    struct rig *rig = rig_start(true);
    struct sockaddr_un sun = { .sun_family = AF_UNIX };
    struct dying d = { .fd = socket(AF_UNIX, SOCK_STREAM, 0) };
    struct error err;
    pthread_t thread;

    snprintf(d.path, sizeof d.path, "%s", rig->target.local_socket);
    snprintf(d.real, sizeof d.real, "%s.real", d.path);
    snprintf(sun.sun_path, sizeof sun.sun_path, "%s", d.path);
    ck_assert_int_eq(rename(d.path, d.real), 0);
    ck_assert_int_eq(bind(d.fd, (struct sockaddr *)&sun, sizeof sun), 0);
    ck_assert_int_eq(listen(d.fd, 5), 0);
    pthread_create(&thread, NULL, die_once, &d);
    ck_assert_int_eq(ping(rig, &err), geteuid());
    pthread_join(thread, NULL);
    ck_assert_uint_eq(rig->asked, 1);
    rig_stop(rig);
}
END_TEST

/* As uid 65534, in a process of its own; its exit code says how it went. */
static int ping_as_nobody(const struct rig *rig)
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        struct error err;
        int64_t uid;

        if (setgid(65534) < 0 || setuid(65534) < 0)
            _exit(9);
        uid = ping(rig, &err);
        _exit(uid == 65534 ? 0 : uid == -1 ? 1 : 2);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

START_TEST(each_user_is_known_by_what_the_kernel_says)
{
    struct rig *rig = rig_start(false);

    ck_assert_int_eq(ping_as_nobody(rig), 0);
    rig_stop(rig);
    rig = rig_start(true);
    ck_assert_int_eq(ping_as_nobody(rig), 1);
    ck_assert_int_eq(chmod(rig->target.local_socket, 0666), 0);
    ck_assert_int_eq(ping_as_nobody(rig), 1);
    ck_assert_uint_eq(rig->asked, 0);
    rig_stop(rig);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("local sessions");
    TCase *tc = tcase_create("local");

    signal(SIGPIPE, SIG_IGN);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, a_command_on_the_controllers_host_needs_no_munge);
    tcase_add_test(tc, large_requests_arrive_whole_and_one_session_carries_several);
    tcase_add_test(tc, a_socket_where_others_may_write_is_not_used);
    tcase_add_test(tc, a_controller_with_another_key_does_nothing_and_the_port_is_tried);
    tcase_add_test(tc, what_is_no_hello_is_hung_up_on_without_an_answer);
    tcase_add_test(tc, what_nobody_has_heard_is_asked_again);
    if (geteuid() == 0)
        tcase_add_test(tc, each_user_is_known_by_what_the_kernel_says);
    suite_add_tcase(suite, tc);
    return suite_run(suite);
}
