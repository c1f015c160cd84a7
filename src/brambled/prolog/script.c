/* script.c - prolog and epilog: programs of the administrator, run as the agent with surroundings
 * that hold nothing of the user's.
 *
 * execve by absolute path, no shell, an environment made here, descriptors closed, a session of its
 * own, and a time limit.  A keeper (bramblestepd --keep) starts and awaits the program and writes into
 * the job's record how it ended: so an agent that is started again neither starts it again nor
 * forgets what came of it.
 */
#include "config.h"
#include "brambled/agent_private.h"

#include "util/log.h"
#include "util/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SCRIPT_ENV_MAX 16

#define KEEPER_FD 3     /* the record */
#define GRACE_SEC 15    /* for a keeper beyond the program's limit */
#define WATCH_MS 50     /* one of an earlier agent is no child */

struct script {
    struct list_node node;
    struct agent *agent;
    const struct agent_job *job;
    const char *kind;
    pid_t pid; /* of the keeper; 0: an earlier agent started it */
    uint32_t limit_sec;
    uint64_t until_ms;
    struct reactor_timer *timer;
    char *path;
    script_done_f *done;
    void *arg;
};

static int check_program(const char *path, struct error *err)
{
    struct stat st;

    if (path[0] != '/')
        return error_set(err, BRE_CONFIG, "%s: not an absolute path", path);
    if (stat(path, &st) < 0)
        return error_set(err, errno, "%s: %s", path, strerror(errno));
    if (!S_ISREG(st.st_mode) || access(path, X_OK) < 0)
        return error_set(err, EACCES, "%s: not an executable file", path);
    if ((st.st_uid != 0 && st.st_uid != geteuid()) || (st.st_mode & 022))
        return error_set(err, EPERM, "%s: must belong to root and be writable by nobody else", path);
    return 0;
}

static void fill_env(char *env[SCRIPT_ENV_MAX], const struct agent *a, const struct agent_job *job)
{
    size_t n = 0;

    env[n++] = xstrdup("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
    env[n++] = xasprintf("SLURM_JOB_ID=%u", job->job_id);
    env[n++] = xasprintf("SLURM_JOBID=%u", job->job_id);
    env[n++] = xasprintf("SLURM_JOB_UID=%u", job->uid);
    env[n++] = xasprintf("SLURM_JOB_GID=%u", job->gid);
    env[n++] = xasprintf("SLURM_JOB_USER=%s", job->user_name);
    env[n++] = xasprintf("SLURM_UID=%u", job->uid);
    env[n++] = xasprintf("SLURMD_NODENAME=%s", a->opts.node_name);
    env[n++] = xasprintf("SLURM_CLUSTER_NAME=%s", a->conf.cluster_name ? a->conf.cluster_name : "");
    env[n++] = xasprintf("BRAMBLE_JOB_ATTEMPT=%u", job->attempt);
    env[n] = NULL;
}

/* The lock on the record goes along, for as long as the keeper lives. */
static int spawn_keeper(pid_t *pid, const struct agent *a, int record_fd, const char *path, uint32_t limit_sec,
                        char *const *env)
{
    char limit[16];
    char *const argv[] = { (char *)(uintptr_t) "bramblestepd", (char *)(uintptr_t) "--keep", limit,
                           (char *)(uintptr_t)path, NULL };
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    sigset_t all, none;
    int rc;

    snprintf(limit, sizeof limit, "%u", limit_sec);
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_init(&attr);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID);
    posix_spawnattr_setsigmask(&attr, &none);
    posix_spawnattr_setsigdefault(&attr, &all);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_adddup2(&files, record_fd, KEEPER_FD);
    posix_spawn_file_actions_addclosefrom_np(&files, KEEPER_FD + 1);
    rc = posix_spawn(pid, a->opts.stepd_path, &files, &attr, argv, env);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attr);
    return rc;
}

/* The keeper is gone, or does not answer: tell what the record says. */
static void script_over(struct script *s)
{
    int status = 0;
    bool late = false;
    char why[512];
    script_done_f *done = s->done;
    void *arg = s->arg;

    if (record_read(s->agent, s->kind, s->job, &status, &late) != RECORD_ENDED) {
        status = SIGKILL;
        snprintf(why, sizeof why, "%s: it was broken off, since the process that kept it was killed", s->path);
    } else if (late) {
        status = SIGKILL;
        snprintf(why, sizeof why, "%s: took longer than %u s", s->path, s->limit_sec);
    } else if (WIFSIGNALED(status)) {
        snprintf(why, sizeof why, "%s: killed by signal %d", s->path, WTERMSIG(status));
    } else {
        snprintf(why, sizeof why, "%s: exit code %d", s->path, WEXITSTATUS(status));
    }
    s->arg = NULL;
    script_free(s);
    done(arg, status, why);
}

static void on_timer(void *arg)
{
    struct script *s = arg;
    int status;
    bool late;

    if (reactor_now_ms(s->agent->reactor) < s->until_ms
        && record_read(s->agent, s->kind, s->job, &status, &late) == RECORD_RUNS)
        return;
    script_over(s); /* a child's end is told by SIGCHLD, unless its keeper hangs */
}

static struct script *script_create(struct agent *a, const char *kind, const char *path, const struct agent_job *job,
                                    uint32_t limit_sec, script_done_f *done, void *arg)
{
    struct script *s = xcalloc(1, sizeof *s);

    s->agent = a;
    s->kind = kind;
    s->job = job;
    s->path = xstrdup(path);
    s->limit_sec = limit_sec;
    s->until_ms = reactor_now_ms(a->reactor) + (limit_sec + GRACE_SEC) * 1000ull;
    s->done = done;
    s->arg = arg;
    s->timer = reactor_timer_create(a->reactor, on_timer, s);
    list_append(&a->scripts, &s->node);
    return s;
}

struct script *script_start(struct agent *a, const char *kind, const char *path, const struct agent_job *job,
                            uint32_t limit_sec, script_done_f *done, void *arg, struct error *err)
{
    CLEANUP_CLOSE int record_fd = -1;
    char *env[SCRIPT_ENV_MAX];
    struct script *s;
    pid_t pid;
    int rc;

    if (check_program(path, err) < 0 || (record_fd = record_begin(a, kind, job, err)) < 0)
        return NULL;
    fill_env(env, a, job);
    rc = spawn_keeper(&pid, a, record_fd, path, limit_sec, env);
    for (size_t i = 0; env[i]; i++)
        free(env[i]);
    if (rc) {
        error_set(err, rc, "%s: %s", path, strerror(rc));
        return NULL;
    }
    s = script_create(a, kind, path, job, limit_sec, done, arg);
    s->pid = pid;
    reactor_timer_start(s->timer, (limit_sec + GRACE_SEC) * 1000ull, 0);
    return s;
}

struct script *script_watch(struct agent *a, const char *kind, const char *path, const struct agent_job *job,
                            uint32_t limit_sec, script_done_f *done, void *arg)
{
    struct script *s = script_create(a, kind, path, job, limit_sec, done, arg);

    reactor_timer_start(s->timer, WATCH_MS, WATCH_MS);
    return s;
}

bool script_reaped(struct agent *a, pid_t pid)
{
    list_for_each(node, &a->scripts)
    {
        struct script *s = container_of(node, struct script, node);

        if (s->pid != pid)
            continue;
        script_over(s);
        return true;
    }
    return false;
}

/* The program goes on: whoever is started next finds it by its record. */
void script_free(struct script *s)
{
    if (!s)
        return;
    list_remove(&s->node);
    reactor_timer_close(s->timer);
    free(s->arg); /* what is told at the end belongs to the script until then */
    free(s->path);
    free(s);
}
