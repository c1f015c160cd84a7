/* munged.c - see munged.h. */
#include "config.h"
#include "munged.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *find_munged(void)
{
    static const char *const paths[] = { "/usr/sbin/munged", "/usr/local/sbin/munged", "/sbin/munged" };

    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
        if (access(paths[i], X_OK) == 0)
            return paths[i];
    return NULL;
}

static bool answers(const char *path)
{
    struct sockaddr_un un = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool ok;

    snprintf(un.sun_path, sizeof un.sun_path, "%s", path);
    ok = fd >= 0 && connect(fd, (struct sockaddr *)&un, sizeof un) == 0;
    if (fd >= 0)
        close(fd);
    return ok;
}

static bool launch(struct munged *m)
{
    const char *path = find_munged();
    char socket_arg[128], key[128], pid[128], log[128], seed[128];
    char *argv[] = { (char *)"munged",      (char *)"--foreground", (char *)"--force", socket_arg, key, pid,
                     log,                   seed,                   (char *)"--num-threads=2", NULL };
    pid_t self = getpid();

    snprintf(socket_arg, sizeof socket_arg, "--socket=%s", m->socket);
    snprintf(key, sizeof key, "--key-file=%s/key", m->dir);
    snprintf(pid, sizeof pid, "--pid-file=%s/pid", m->dir);
    snprintf(log, sizeof log, "--log-file=%s/log", m->dir);
    snprintf(seed, sizeof seed, "--seed-file=%s/seed", m->dir);
    if ((m->pid = fork()) == 0) {
        int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

        /* A test that is killed leaves none behind. */
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        if (getppid() != self)
            _exit(1);
        dup2(null, STDOUT_FILENO);
        dup2(null, STDERR_FILENO);
        execv(path, argv);
        _exit(127);
    }
    if (m->pid < 0) {
        m->pid = 0;
        return false;
    }
    for (int i = 0; i < 500; i++) {
        if (answers(m->socket))
            return true;
        if (waitpid(m->pid, NULL, WNOHANG) == m->pid) {
            m->pid = 0;
            return false;
        }
        usleep(10000);
    }
    return false;
}

bool munged_start(struct munged *m)
{
    char path[128];
    unsigned char key[128];
    int fd;

    memset(m, 0, sizeof *m);
    if (!find_munged())
        return false;
    snprintf(m->dir, sizeof m->dir, "/tmp/bramble-munge-XXXXXX");
    if (!mkdtemp(m->dir)) {
        m->dir[0] = '\0';
        return false;
    }
    snprintf(m->socket, sizeof m->socket, "%s/socket", m->dir);
    snprintf(path, sizeof path, "%s/key", m->dir);
    if ((fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600)) < 0)
        return false;
    if (getrandom(key, sizeof key, 0) != sizeof key || write(fd, key, sizeof key) != sizeof key) {
        close(fd);
        return false;
    }
    close(fd);
    return launch(m);
}

static void stop_daemon(struct munged *m)
{
    if (m->pid > 0) {
        kill(m->pid, SIGTERM);
        while (waitpid(m->pid, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    m->pid = 0;
}

bool munged_restart(struct munged *m)
{
    stop_daemon(m);
    unlink(m->socket);
    return launch(m);
}

void munged_stop(struct munged *m)
{
    static const char *const names[] = { "key", "pid", "log", "seed", "socket", "socket.lock" };

    stop_daemon(m);
    if (!m->dir[0])
        return;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[128];

        snprintf(path, sizeof path, "%s/%s", m->dir, names[i]);
        unlink(path);
    }
    rmdir(m->dir);
}
