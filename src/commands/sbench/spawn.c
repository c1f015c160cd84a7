/* spawn.c - starts a program, feeds it, collects what it prints. */
#include "config.h"
#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/error.h"
#include "util/mem.h"
#include "util/strbuf.h"

char *spawn_self(void)
{
    char path[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", path, sizeof path - 1);

    if (len <= 0)
        return NULL;
    path[len] = '\0';
    return xstrdup(path);
}

char *spawn_sibling(const char *name)
{
    CLEANUP_FREE char *self = spawn_self();
    CLEANUP_FREE char *path = NULL;
    char *slash = self ? strrchr(self, '/') : NULL;

    if (slash) {
        *slash = '\0';
        path = xasprintf("%s/%s", self, name);
        if (access(path, X_OK) == 0)
            return TAKE(path);
    }
    return xstrdup(name);
}

/* One running child and its three pipes, our ends; -1: closed. */
struct child {
    pid_t pid;
    int in, out, err;
    const char *input;
    struct strbuf output, line;
    size_t max_output;
    spawn_line_f *on_error_line;
    void *arg;
};

/* The signal handler needs to know whom to pass a signal to; there is one child at a time. */
static volatile sig_atomic_t signal_target;

static void pass_on(int signum)
{
    if (signal_target > 0)
        kill((pid_t)signal_target, signum);
}

static int child_start(struct child *child, char *const argv[], struct error *err)
{
    extern char **environ;
    int in[2] = { -1, -1 }, out[2] = { -1, -1 }, errs[2] = { -1, -1 }, rc;
    posix_spawn_file_actions_t actions;

    if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0
        || (child->on_error_line && pipe2(errs, O_CLOEXEC) < 0))
        return error_set(err, errno, "cannot make a pipe: %s", strerror(errno));
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
    if (errs[1] >= 0)
        posix_spawn_file_actions_adddup2(&actions, errs[1], STDERR_FILENO);
    rc = posix_spawnp(&child->pid, argv[0], &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(in[0]);
    close(out[1]);
    if (errs[1] >= 0)
        close(errs[1]);
    child->in = in[1];
    child->out = out[0];
    child->err = errs[0];
    if (rc)
        return error_set(err, rc, "cannot start %s: %s", argv[0], strerror(rc));
    return 0;
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static void feed(struct child *child)
{
    ssize_t n = write(child->in, child->input, strlen(child->input));

    if (n > 0)
        child->input += n;
    if ((n < 0 && errno != EAGAIN && errno != EINTR) || !*child->input)
        close_fd(&child->in);
}

static void drain_output(struct child *child)
{
    char buffer[16384];
    ssize_t n = read(child->out, buffer, sizeof buffer);

    if (n <= 0) {
        if (n == 0 || errno != EINTR)
            close_fd(&child->out);
    } else if (child->output.len < child->max_output) {
        strbuf_add_mem(&child->output, buffer, (size_t)n);
    }
}

static void drain_errors(struct child *child)
{
    char buffer[4096];
    ssize_t n = read(child->err, buffer, sizeof buffer);

    if (n < 0 && errno == EINTR)
        return;
    for (ssize_t i = 0; i < n; i++)
        if (buffer[i] == '\n') {
            child->on_error_line(child->arg, strbuf_str(&child->line));
            strbuf_truncate(&child->line, 0);
        } else if (child->line.len < 4096) {
            strbuf_addc(&child->line, buffer[i]);
        }
    if (n <= 0) {
        if (child->line.len)
            child->on_error_line(child->arg, strbuf_str(&child->line));
        close_fd(&child->err);
    }
}

static void talk(struct child *child)
{
    while (child->out >= 0 || child->err >= 0) {
        struct pollfd fds[3] = { { child->out, POLLIN, 0 }, { child->err, POLLIN, 0 },
                                 { child->in, POLLOUT, 0 } };

        if (poll(fds, 3, -1) < 0 && errno != EINTR)
            break;
        if (child->out >= 0 && fds[0].revents)
            drain_output(child);
        if (child->err >= 0 && fds[1].revents)
            drain_errors(child);
        if (child->in >= 0 && fds[2].revents)
            feed(child);
    }
}

int spawn_capture(char *const argv[], const char *input, char **output, size_t max_output,
                  spawn_line_f *on_error_line, void *arg, struct error *err)
{
    struct child child = { .in = -1, .out = -1, .err = -1, .input = input ? input : "",
                           .max_output = max_output, .on_error_line = on_error_line, .arg = arg };
    struct sigaction action = { .sa_handler = pass_on }, old[3];
    const int signals[3] = { SIGINT, SIGTERM, SIGHUP };
    int status, rc;

    signal(SIGPIPE, SIG_IGN);
    if ((rc = child_start(&child, argv, err)) == 0) {
        signal_target = child.pid;
        for (int i = 0; i < 3; i++)
            sigaction(signals[i], &action, &old[i]);
        fcntl(child.in, F_SETFL, O_NONBLOCK);
        if (!*child.input)
            close_fd(&child.in);
        talk(&child);
        while (waitpid(child.pid, &status, 0) < 0 && errno == EINTR)
            ;
        signal_target = 0;
        for (int i = 0; i < 3; i++)
            sigaction(signals[i], &old[i], NULL);
        rc = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        *output = strbuf_take(&child.output);
    }
    close_fd(&child.in);
    close_fd(&child.out);
    close_fd(&child.err);
    strbuf_fini(&child.output);
    strbuf_fini(&child.line);
    return rc;
}
