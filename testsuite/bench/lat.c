/* lat.c - run a command many times and time each whole process.
 *
 *     lat [-n RUNS] [-p THREADS] [-w WARM-UP RUNS] -- COMMAND [ARGUMENT]...
 *
 * Prints one line of name=value words: runs, failures, and milliseconds; rate is runs a second over
 * all threads, cpu the command's own CPU time a run, which a busy machine falsifies less.  The
 * command's standard output goes to /dev/null.
 */
#include "config.h"

#include <fcntl.h>
#include <pthread.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

struct bench {
    char **command;
    posix_spawn_file_actions_t actions;
    double *ms; /* one a run */
    int runs;
    atomic_int next, failures;
};

static double now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int run_once(struct bench *b)
{
    int status;
    pid_t pid;

    if (posix_spawnp(&pid, b->command[0], &b->actions, NULL, b->command, environ) != 0
        || waitpid(pid, &status, 0) < 0)
        return -1;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}

static void *worker(void *arg)
{
    struct bench *b = arg;

    for (int i; (i = atomic_fetch_add(&b->next, 1)) < b->runs;) {
        double start = now_ms();

        if (run_once(b) < 0)
            atomic_fetch_add(&b->failures, 1);
        b->ms[i] = now_ms() - start;
    }
    return NULL;
}

/* CPU time of all ended children. */
static double children_ms(void)
{
    struct rusage u;

    getrusage(RUSAGE_CHILDREN, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e3
           + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e3;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    struct bench b = { .runs = 20 };
    int threads = 1, warm = 1;
    pthread_t *ids;
    double start, wall, cpu;

    for (int c; (c = getopt(argc, argv, "+n:p:w:")) != -1;) {
        int value = c == '?' ? 0 : atoi(optarg);

        if (c == 'n')
            b.runs = value;
        else if (c == 'p')
            threads = value;
        else if (c == 'w')
            warm = value;
        else
            return 2;
    }
    b.command = argv + optind;
    if (!b.command[0] || b.runs < 1 || threads < 1 || !(b.ms = calloc((size_t)b.runs, sizeof *b.ms))
        || !(ids = calloc((size_t)threads, sizeof *ids))) {
        fprintf(stderr, "usage: lat [-n RUNS] [-p THREADS] [-w RUNS] -- COMMAND [ARGUMENT]...\n");
        return 2;
    }
    posix_spawn_file_actions_init(&b.actions);
    posix_spawn_file_actions_addopen(&b.actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&b.actions, 1, "/dev/null", O_WRONLY, 0);
    while (warm-- > 0)
        run_once(&b);
    cpu = children_ms();
    start = now_ms();
    for (int i = 0; i < threads; i++)
        if (pthread_create(&ids[i], NULL, worker, &b) != 0)
            return 2;
    for (int i = 0; i < threads; i++)
        pthread_join(ids[i], NULL);
    wall = now_ms() - start;
    cpu = children_ms() - cpu;
    qsort(b.ms, (size_t)b.runs, sizeof *b.ms, compare);
    printf("runs=%d failures=%d min=%.3f median=%.3f p95=%.3f max=%.3f wall=%.3f rate=%.2f cpu=%.3f\n", b.runs,
           atomic_load(&b.failures), b.ms[0],
           b.runs % 2 ? b.ms[b.runs / 2] : (b.ms[b.runs / 2] + b.ms[b.runs / 2 - 1]) / 2,
           b.ms[(int)(b.runs * 0.95)], b.ms[b.runs - 1], wall / 1e3, b.runs / (wall / 1e3), cpu / b.runs);
    return atomic_load(&b.failures) ? 1 : 0;
}
