/* prolog.c - run, read, apply. */
#include "config.h"
#include "bramblestepd/task/prolog.h"

#include "bramblestepd/task/line.h"
#include "bramblestepd/task/spawn.h"
#include "util/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define OUTPUT_MAX (1u << 20) /* what a prolog says beyond it is read and forgotten */

static char *take_word(char *line, const char *word)
{
    size_t len = strlen(word);

    while (*line == ' ' || *line == '\t')
        line++;
    return !strncmp(line, word, len) && (line[len] == ' ' || line[len] == '\t') ? line + len + 1 : NULL;
}

void prolog_output_apply(struct order_task *t, char *text, void (*print)(void *arg, const char *text, size_t len),
                         void *arg)
{
    for (char *line = text, *next; line && *line; line = next) {
        size_t len = strcspn(line, "\n");
        char *rest;

        next = line[len] ? line + len + 1 : NULL;
        if ((rest = take_word(line, "print"))) {
            if (next)
                print(arg, rest, (size_t)(line + len + 1 - rest));
            else
                print(arg, rest, strlen(rest));
            continue;
        }
        line[len] = '\0';
        if ((rest = take_word(line, "export"))) {
            while (*rest == ' ')
                rest++;
            if (strchr(rest, '='))
                order_task_setenv(t, rest);
        } else if ((rest = take_word(line, "unset"))) {
            rest += strspn(rest, " \t");
            rest[strcspn(rest, " \t=")] = '\0';
            order_task_setenv(t, rest);
        }
    }
}

static void print_out(void *arg, const char *text, size_t len)
{
    (void)arg;
    while (len) {
        ssize_t n = write(STDOUT_FILENO, text, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return;
        text += n;
        len -= (size_t)n;
    }
}

static int say(const char *a, const char *b, const char *c, int error)
{
    struct child_line line = { .len = 0 };

    line_add(&line, "slurmstepd: error: ");
    line_add(&line, a);
    line_add(&line, b);
    line_add(&line, c);
    if (error)
        line_add(&line, error_words(error));
    line_add(&line, "\n");
    line_write(&line);
    return 1;
}

static int say_failed(const char *option, int status)
{
    struct child_line line = { .len = 0 };

    line_add(&line, "slurmstepd: error: ");
    line_add(&line, option);
    line_add(&line, " failed status=");
    line_add_number(&line, (unsigned)status);
    line_add(&line, "\n");
    line_write(&line);
    return status;
}

_Noreturn static void prolog_child(const char *path, struct order_task *t, int out)
{
    char context[] = "SLURM_SCRIPT_CONTEXT=prolog_task";
    char *argv[] = { (char *)(uintptr_t)path, NULL };
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 || dup2(out, STDERR_FILENO) < 0)
        _exit(1);
    order_task_setenv(t, context);
    execve(path, argv, t->env);
    _exit(127);
}

/* Until the prolog and all that it left behind with its output are gone. */
static void read_all(int fd, char *text)
{
    size_t len = 0;

    for (;;) {
        char spill[4096];
        bool full = len + 1 >= OUTPUT_MAX;
        ssize_t n = full ? read(fd, spill, sizeof spill) : read(fd, text + len, OUTPUT_MAX - len - 1);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return; /* fresh pages: a NUL stands behind the text */
        if (!full)
            len += (size_t)n;
    }
}

static int prolog_run(const char *path, const char *option, const char *who, struct order_task *t)
{
    char *text;
    int ends[2], status;
    pid_t pid;

    if (*path != '/' || access(path, X_OK) < 0) {
        if (*path != '/')
            say("run_command: ", who, " is not fully qualified pathname", 0);
        else
            say("run_command: ", who, " can not be executed: ", errno);
        say(who, " did not exit normally. reason: Run command failed - configuration error: ", path, 0);
        return say_failed(option, 1);
    }
    text = mmap(NULL, OUTPUT_MAX, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (text == MAP_FAILED || pipe2(ends, O_CLOEXEC) < 0)
        return say(who, ": ", "", errno);
    pid = fork_into(-1, &(bool){ false });
    if (pid == 0)
        prolog_child(path, t, ends[1]);
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        return say(who, ": cannot fork: ", "", errno);
    }
    read_all(ends[0], text);
    close(ends[0]);
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return say(who, ": ", "", errno);
    prolog_output_apply(t, text, print_out, NULL);
    if (WIFSIGNALED(status))
        return say_failed(option, WTERMSIG(status));
    return WEXITSTATUS(status) ? say_failed(option, WEXITSTATUS(status)) : 0;
}

int task_prologs_run(const struct order *o, struct order_task *t)
{
    int code = 0;

    if (o->task_prolog)
        code = prolog_run(o->task_prolog, "TaskProlog", "slurm task_prolog", t);
    if (!code && o->user_task_prolog)
        code = prolog_run(o->user_task_prolog, "--task-prolog", "user task_prolog", t);
    return code;
}
