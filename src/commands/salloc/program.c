/* program.c - fork, the terminal's foreground, and waiting. */
#include "config.h"
#include "program.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "jobenv/env.h"
#include "util/error.h"
#include "util/mem.h"

struct program {
    pid_t pid;
    pid_t own_group;
    bool interactive, ended;
    struct termios saved;
};

/* A folder of PATH that cannot be looked into makes execvpe() say EACCES of what is nowhere. */
static bool program_is_there(const char *name)
{
    const char *path = getenv("PATH");
    char full[4096];

    if (strchr(name, '/'))
        return true;
    for (path = path ? path : ""; *path; path += strcspn(path, ":"), path += *path == ':') {
        size_t len = strcspn(path, ":");

        if (len + strlen(name) + 2 > sizeof full)
            continue;
        memcpy(full, path, len);
        full[len] = '/';
        memcpy(full + len + 1, name, strlen(name) + 1);
        if (access(full, F_OK) == 0)
            return true;
    }
    return false;
}

/* Runs in the child: only async-signal-safe calls. */
static void child_run(char *const *argv, char **vector, bool interactive, int report_fd)
{
    static const int reset[] = { SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGALRM, SIGTERM, SIGUSR1, SIGUSR2,
                                 SIGCHLD, SIGCONT, SIGTSTP, SIGTTIN, SIGTTOU };
    sigset_t none;
    int code;

    setpgid(0, 0);
    if (interactive) {
        signal(SIGTTOU, SIG_IGN);
        tcsetpgrp(STDIN_FILENO, getpid());
    }
    for (size_t i = 0; i < ARRAY_SIZE(reset); i++)
        signal(reset[i], SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execvpe(argv[0], argv, vector);
    code = errno == EACCES && !program_is_there(argv[0]) ? ENOENT : errno;
    while (write(report_fd, &code, sizeof code) < 0 && errno == EINTR)
        ;
    _exit(127);
}

struct program *program_start(char *const *argv, struct env *env, struct error *err)
{
    struct program *p = xcalloc(1, sizeof *p);
    char **vector = env_vector(env);
    int report[2], code;
    ssize_t got;

    p->own_group = getpgrp();
    p->interactive = isatty(STDIN_FILENO) && tcgetpgrp(STDIN_FILENO) == p->own_group
                     && tcgetattr(STDIN_FILENO, &p->saved) == 0;
    if (pipe2(report, O_CLOEXEC) < 0 || (p->pid = fork()) < 0) {
        error_set(err, errno, "cannot start %s: %s", argv[0], strerror(errno));
        free(p);
        return NULL;
    }
    if (p->pid == 0)
        child_run(argv, vector, p->interactive, report[1]);
    close(report[1]);
    setpgid(p->pid, p->pid);
    if (p->interactive) {
        signal(SIGTTOU, SIG_IGN);
        tcsetpgrp(STDIN_FILENO, p->pid);
    }
    do
        got = read(report[0], &code, sizeof code);
    while (got < 0 && errno == EINTR);
    close(report[0]);
    if (got == sizeof code) {
        waitpid(p->pid, NULL, 0);
        p->ended = true;
        program_destroy(p);
        if (code == ENOENT)
            error_set(err, code, "_fork_command: Unable to find command \"%s\"", argv[0]);
        else
            error_set(err, code, "Unable to exec command \"%s\": %s", argv[0], strerror(code));
        return NULL;
    }
    return p;
}

bool program_reap(struct program *p, int *status)
{
    for (;;) {
        pid_t got = waitpid(p->pid, status, WNOHANG | WUNTRACED);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        if (!WIFSTOPPED(*status)) {
            p->ended = true;
            return true;
        }
        if (!p->interactive)
            continue;
        tcsetpgrp(STDIN_FILENO, p->own_group);
        kill(getpid(), SIGSTOP);
        tcsetpgrp(STDIN_FILENO, p->pid);
        kill(-p->pid, SIGCONT);
    }
}

void program_signal(struct program *p, int signum)
{
    if (!p->ended)
        kill(-p->pid, signum);
}

bool program_is_interactive(const struct program *p)
{
    return p->interactive;
}

void program_destroy(struct program *p)
{
    if (!p)
        return;
    if (p->interactive) {
        signal(SIGTTOU, SIG_IGN);
        tcsetpgrp(STDIN_FILENO, p->own_group);
        tcsetattr(STDIN_FILENO, TCSADRAIN, &p->saved);
    }
    free(p);
}
