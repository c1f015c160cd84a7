/* hpl_rank.c - one task of the run.
 *
 * HPL reads its input on rank 0 only, from the folder where that runs; hpcc and the program of
 * contrib/hpl/build write their output to a file there.  Rank 0 gets a folder of its own, which
 * goes when the run is over; the other ranks simply become the program.
 */
#include "config.h"
#include "hpl.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/mem.h"

#define MAX_INPUT 65536

static int fail(const char *what)
{
    fprintf(stderr, "sbench: error: %s: %s\n", what, strerror(errno));
    return 1;
}

static void become(char *program)
{
    char *argv[] = { program, NULL };

    execv(program, argv);
    fprintf(stderr, "sbench: error: cannot start %s on this node: %s: make it there with contrib/hpl/build -o %s\n",
            program, strerror(errno), program);
    _exit(127);
}

static int write_file(const char *name, const char *data, size_t len)
{
    CLEANUP_CLOSE int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    return fd >= 0 && write(fd, data, len) == (ssize_t)len ? 0 : -1;
}

static int copy_input(void)
{
    CLEANUP_FREE char *input = xmalloc(MAX_INPUT);
    size_t len = 0;
    ssize_t n;

    while (len < MAX_INPUT && (n = read(STDIN_FILENO, input + len, MAX_INPUT - len)) != 0) {
        if (n < 0 && errno != EINTR)
            return -1;
        len += n > 0 ? (size_t)n : 0;
    }
    return write_file("HPL.dat", input, len) < 0 || write_file("hpccinf.txt", input, len) < 0 ? -1 : 0;
}

static void show_file(const char *name)
{
    CLEANUP_CLOSE int fd = open(name, O_RDONLY | O_CLOEXEC);
    char buffer[8192];
    ssize_t n;

    while (fd >= 0 && (n = read(fd, buffer, sizeof buffer)) > 0)
        fwrite(buffer, 1, (size_t)n, stdout);
    fflush(stdout);
}

static volatile sig_atomic_t child_pid;

static void pass_on(int signum)
{
    if (child_pid > 0)
        kill((pid_t)child_pid, signum);
}

static int run_rank_0(char *program)
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        become(program);
    }
    if (pid < 0)
        return fail("fork");
    child_pid = pid;
    signal(SIGTERM, pass_on);
    signal(SIGINT, pass_on);
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return fail("waitpid");
    show_file("hpccoutf.txt");
    return status;
}

int hpl_rank_main(int argc, char **argv)
{
    static const char *const files[] = { "HPL.dat", "hpccinf.txt", "hpccoutf.txt", "HPL.out" };
    const char *rank = getenv("SLURM_PROCID"), *base = getenv("TMPDIR");
    CLEANUP_FREE char *folder = NULL;
    int status;

    if (argc != 2 || argv[1][0] != '/') {
        fputs("sbench: error: hpl-rank is started by sbench hpl itself\n", stderr);
        return 2;
    }
    if (rank && strcmp(rank, "0"))
        become(argv[1]);
    folder = xasprintf("%s/sbench.XXXXXX", base && *base ? base : "/tmp");
    if (!mkdtemp(folder) || chdir(folder) < 0)
        return fail(folder);
    if (copy_input() < 0)
        status = fail("HPL's input") << 8;
    else
        status = run_rank_0(argv[1]);
    for (size_t i = 0; i < ARRAY_SIZE(files); i++)
        unlink(files[i]);
    if (chdir("/") < 0 || rmdir(folder) < 0)
        fprintf(stderr, "sbench: warning: %s is left behind: %s\n", folder, strerror(errno));
    if (WIFSIGNALED(status)) { /* end as the program did, so that its signal is what is recorded */
        signal(WTERMSIG(status), SIG_DFL);
        raise(WTERMSIG(status));
    }
    return WEXITSTATUS(status);
}
