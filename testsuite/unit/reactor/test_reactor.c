/* test_reactor.c - order, sleep and forking of the loop. */
#include "config.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "reactor/reactor.h"
#include "suite.h"
#include "util/error.h"

struct trace {
    struct reactor *reactor;
    char text[64];
    unsigned len;
    struct reactor_fd *fd;
    struct reactor_timer *timer;
    int status;
};

static void note(struct trace *t, char c)
{
    if (t->len < sizeof t->text - 1)
        t->text[t->len++] = c;
}
static void note_a(void *arg)
{
    note(arg, 'a');
}
static void note_b(void *arg)
{
    note(arg, 'b');
}
static void stop(void *arg)
{
    struct trace *t = arg;

    note(t, '.');
    reactor_stop(t->reactor, 7);
}
static void defer_more(void *arg)
{
    struct trace *t = arg;

    note(t, '(');
    reactor_defer(t->reactor, note_b, t);
    reactor_defer(t->reactor, stop, t);
    note(t, ')');
}

START_TEST(deferred_calls_run_in_order_and_never_at_once)
{
    struct trace t = { 0 };

    t.reactor = reactor_create(NULL);
    reactor_defer(t.reactor, defer_more, &t);
    reactor_defer(t.reactor, note_a, &t);
    ck_assert_str_eq(t.text, "");
    ck_assert_int_eq(reactor_run(t.reactor), 7);
    ck_assert_str_eq(t.text, "()ab.");
    reactor_destroy(t.reactor);
}
END_TEST

static void *poster(void *arg)
{
    struct trace *t = arg;

    for (int i = 0; i < 1000; i++)
        reactor_post(t->reactor, note_a, t);
    reactor_post(t->reactor, stop, t);
    return NULL;
}

START_TEST(posts_of_another_thread_arrive_in_order)
{
    struct trace t = { 0 };
    pthread_t thread;

    t.reactor = reactor_create(NULL);
    pthread_create(&thread, NULL, poster, &t);
    reactor_run(t.reactor);
    pthread_join(thread, NULL);
    ck_assert_uint_eq(t.len, sizeof t.text - 1);
    reactor_destroy(t.reactor);
}
END_TEST

static void work(void *arg)
{
    *(pid_t *)arg = getpid();
}
static struct trace *work_trace;
static void work_done(void *arg)
{
    ck_assert_int_eq(*(pid_t *)arg, getpid());
    reactor_stop(work_trace->reactor, 0);
}

START_TEST(work_runs_elsewhere_and_its_end_on_the_loop)
{
    struct trace t = { 0 };
    pid_t seen = 0;

    work_trace = &t;
    t.reactor = reactor_create(NULL);
    ck_assert_int_eq(reactor_offload(t.reactor, work, work_done, &seen), 0);
    reactor_run(t.reactor);
    ck_assert_int_eq(seen, getpid());
    reactor_destroy(t.reactor);
}
END_TEST

static void on_readable(void *arg, int events, int status)
{
    struct trace *t = arg;

    t->status = status;
    if (status < 0) {
        note(t, 'E');
        reactor_stop(t->reactor, 0);
        return;
    }
    ck_assert(events & REACTOR_READ);
    note(t, 'r');
    reactor_fd_close(t->fd); /* from within its own callback */
    t->fd = NULL;
    reactor_stop(t->reactor, 0);
}

START_TEST(a_descriptor_is_watched_until_it_is_closed)
{
    struct trace t = { 0 };
    int fds[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    t.reactor = reactor_create(NULL);
    t.fd = reactor_fd_create(t.reactor, fds[0], on_readable, &t);
    ck_assert_int_eq(reactor_fd_watch(t.fd, REACTOR_READ), 0);
    ck_assert_int_eq((int)write(fds[1], "x", 1), 1);
    reactor_run(t.reactor);
    ck_assert_str_eq(t.text, "r");
    reactor_destroy(t.reactor);
    close(fds[0]);
    close(fds[1]);
}
END_TEST

START_TEST(a_pipe_whose_reader_left_is_an_error_for_its_writer)
{
    struct trace t = { 0 };
    int fds[2];
    char block[4096];

    signal(SIGPIPE, SIG_IGN);
    ck_assert_int_eq(pipe2(fds, O_NONBLOCK), 0);
    memset(block, 0, sizeof block);
    while (write(fds[1], block, sizeof block) > 0)
        ;
    t.reactor = reactor_create(NULL);
    t.fd = reactor_fd_create(t.reactor, fds[1], on_readable, &t);
    ck_assert_int_eq(reactor_fd_watch(t.fd, REACTOR_WRITE), 0);
    close(fds[0]);
    reactor_run(t.reactor);
    ck_assert_str_eq(t.text, "E");
    ck_assert_int_eq(t.status, -EPIPE);
    reactor_destroy(t.reactor);
    close(fds[1]);
}
END_TEST

START_TEST(a_plain_file_cannot_be_watched)
{
    struct reactor *r = reactor_create(NULL);
    int file;
    char path[] = "/tmp/bramble-reactor-XXXXXX";

    file = mkstemp(path);
    unlink(path);
    errno = 0;
    ck_assert_ptr_null(reactor_fd_create(r, file, on_readable, NULL));
    ck_assert_int_ne(errno, 0);
    close(file);
    reactor_destroy(r);
}
END_TEST

static void tick(void *arg)
{
    struct trace *t = arg;

    note(t, 't');
    if (t->len == 3) {
        reactor_timer_close(t->timer);
        t->timer = NULL;
        reactor_stop(t->reactor, 0);
    }
}

START_TEST(timers_repeat_until_they_are_closed)
{
    struct trace t = { 0 };
    uint64_t start;

    t.reactor = reactor_create(NULL);
    t.timer = reactor_timer_create(t.reactor, tick, &t);
    ck_assert(!reactor_timer_active(t.timer));
    reactor_timer_start(t.timer, 10, 10);
    ck_assert(reactor_timer_active(t.timer));
    start = reactor_now_ms(t.reactor);
    reactor_run(t.reactor);
    ck_assert_str_eq(t.text, "ttt");
    ck_assert_uint_ge(reactor_now_ms(t.reactor) - start, 28);
    reactor_destroy(t.reactor);
}
END_TEST

static void on_signal(void *arg, int signum)
{
    struct trace *t = arg;

    ck_assert_int_eq(signum, SIGUSR1);
    note(t, 's');
    reactor_stop(t->reactor, 0);
}

START_TEST(signals_arrive_on_the_loop)
{
    struct trace t = { 0 };
    struct reactor_signal *s;

    t.reactor = reactor_create(NULL);
    s = reactor_signal_create(t.reactor, SIGUSR1, on_signal, &t);
    kill(getpid(), SIGUSR1);
    ck_assert_str_eq(t.text, "");
    reactor_run(t.reactor);
    ck_assert_str_eq(t.text, "s");
    reactor_signal_close(s);
    reactor_destroy(t.reactor);
}
END_TEST

START_TEST(an_idle_loop_sleeps)
{
    struct trace t = { 0 };
    struct rusage before, after;
    int fds[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    t.reactor = reactor_create(NULL);
    t.fd = reactor_fd_create(t.reactor, fds[0], on_readable, &t);
    reactor_fd_watch(t.fd, REACTOR_READ);
    t.timer = reactor_timer_create(t.reactor, stop, &t);
    reactor_timer_start(t.timer, 300, 0);
    getrusage(RUSAGE_SELF, &before);
    reactor_run(t.reactor);
    getrusage(RUSAGE_SELF, &after);
    /* one sleep, and a little slack for the test's own surroundings */
    ck_assert_int_le(after.ru_nvcsw - before.ru_nvcsw, 4);
    reactor_destroy(t.reactor);
    close(fds[0]);
    close(fds[1]);
}
END_TEST

START_TEST(closed_standard_descriptors_are_filled_before_the_loop_takes_them)
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        struct error err = { 0 };
        struct reactor *loop;
        int fd;

        close(STDIN_FILENO);
        close(STDOUT_FILENO);
        loop = reactor_create(&err);
        fd = dup(STDERR_FILENO);
        if (!loop || fd <= STDERR_FILENO || fcntl(STDIN_FILENO, F_GETFD) < 0)
            _exit(1);
        reactor_destroy(loop);
        _exit(fcntl(STDIN_FILENO, F_GETFD) < 0);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}
END_TEST

START_TEST(a_forked_child_goes_on_with_the_loop)
{
    struct trace t = { 0 };
    pid_t seen = 0, child;
    int status;

    work_trace = &t;
    t.reactor = reactor_create(NULL);
    ck_assert_int_eq(reactor_offload(t.reactor, work, work_done, &seen), 0);
    reactor_run(t.reactor);
    if ((child = fork()) == 0) {
        seen = 0;
        if (reactor_forked(t.reactor) < 0)
            _exit(1);
        if (reactor_offload(t.reactor, work, work_done, &seen) < 0)
            _exit(2);
        reactor_run(t.reactor);
        reactor_post(t.reactor, stop, &t);
        _exit(reactor_run(t.reactor) == 7 && seen == getpid() ? 0 : 3);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    /* the parent's loop is as it was */
    ck_assert_int_eq(reactor_offload(t.reactor, work, work_done, &seen), 0);
    reactor_run(t.reactor);
    reactor_destroy(t.reactor);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("reactor");
    TCase *tcase = tcase_create("reactor");

    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, deferred_calls_run_in_order_and_never_at_once);
    tcase_add_test(tcase, posts_of_another_thread_arrive_in_order);
    tcase_add_test(tcase, work_runs_elsewhere_and_its_end_on_the_loop);
    tcase_add_test(tcase, a_descriptor_is_watched_until_it_is_closed);
    tcase_add_test(tcase, a_pipe_whose_reader_left_is_an_error_for_its_writer);
    tcase_add_test(tcase, a_plain_file_cannot_be_watched);
    tcase_add_test(tcase, timers_repeat_until_they_are_closed);
    tcase_add_test(tcase, signals_arrive_on_the_loop);
    tcase_add_test(tcase, an_idle_loop_sleeps);
    tcase_add_test(tcase, a_forked_child_goes_on_with_the_loop);
    tcase_add_test(tcase, closed_standard_descriptors_are_filled_before_the_loop_takes_them);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
