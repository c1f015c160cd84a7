/* keep.c - start one program, await it, write down what came of it. */
#include "config.h"
#include "bramblestepd/keep.h"

#include "util/fs.h"
#include "util/num.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static int start(pid_t *pid, const char *path)
{
    char *const argv[] = { (char *)(uintptr_t)path, NULL };
    posix_spawnattr_t attr;
    sigset_t none;
    int rc;

    sigemptyset(&none);
    posix_spawnattr_init(&attr);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSID);
    posix_spawnattr_setsigmask(&attr, &none);
    rc = posix_spawn(pid, path, NULL, &attr, argv, environ);
    posix_spawnattr_destroy(&attr);
    return rc;
}

static int64_t now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* True when it took too long: then its whole session's group has been ended. */
static bool await(pid_t pid, int64_t limit_ms, int *status)
{
    const int64_t until = now_ms() + limit_ms;
    sigset_t child;

    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    for (;;) {
        int64_t left = until - now_ms();
        struct timespec ts = { .tv_sec = (time_t)(left / 1000), .tv_nsec = (long)(left % 1000) * 1000000 };

        if (waitpid(pid, status, WNOHANG) == pid)
            return false;
        if (left <= 0)
            break;
        sigtimedwait(&child, NULL, &ts);
    }
    kill(-pid, SIGKILL); /* its leader has not been waited for: the group is its own */
    while (waitpid(pid, status, 0) < 0 && errno == EINTR)
        ;
    return true;
}

int keep_program(int record_fd, const char *limit_sec, const char *path)
{
    static const char begun[] = "begun\n";
    int status = 127 << 8;
    bool late = false;
    uint32_t limit;
    char text[64];
    sigset_t child;
    pid_t pid;

    if (num_parse_u32(limit_sec, 1, 1000000, &limit, "limit", NULL) < 0 || fcntl(record_fd, F_SETFD, FD_CLOEXEC) < 0)
        return 1;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, NULL);
    if (fs_write_all(record_fd, begun, sizeof begun - 1) < 0)
        return 1;
    if (start(&pid, path) == 0)
        late = await(pid, (int64_t)limit * 1000, &status);
    snprintf(text, sizeof text, "ended %d %d\n", status, late);
    return fs_write_all(record_fd, text, strlen(text)) < 0;
}
