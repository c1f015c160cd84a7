/* script.c - prolog and epilog: programs of the administrator, run as the agent with surroundings
 * that hold nothing of the user's.
 *
 * execve by absolute path, no shell, an environment made here, descriptors closed, a process group of
 * its own that is ended with it, and a time limit.
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

struct script {
    struct list_node node;
    pid_t pid;
    bool late;
    uint32_t limit_sec;
    struct reactor_timer *timer;
    char *path;
    void (*done)(void *arg, int status, const char *why);
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

static void on_late(void *arg)
{
    struct script *s = arg;

    s->late = true;
    kill(-s->pid, SIGKILL); /* its leader has not been waited for: the group is its own */
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

static int spawn_program(pid_t *pid, const char *path, char *const *env)
{
    char *const argv[] = { (char *)(uintptr_t)path, NULL };
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    sigset_t all, none;
    int rc;

    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_init(&attr);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID);
    posix_spawnattr_setsigmask(&attr, &none);
    posix_spawnattr_setsigdefault(&attr, &all);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
    rc = posix_spawn(pid, path, &files, &attr, argv, env);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attr);
    return rc;
}

struct script *script_start(struct agent *a, const char *path, const struct agent_job *job, uint32_t limit_sec,
                            void (*done)(void *arg, int status, const char *why), void *arg, struct error *err)
{
    char *env[SCRIPT_ENV_MAX];
    struct script *s;
    pid_t pid;
    int rc;

    if (check_program(path, err) < 0)
        return NULL;
    fill_env(env, a, job);
    rc = spawn_program(&pid, path, env);
    for (size_t i = 0; env[i]; i++)
        free(env[i]);
    if (rc) {
        error_set(err, rc, "%s: %s", path, strerror(rc));
        return NULL;
    }
    s = xcalloc(1, sizeof *s);
    s->pid = pid;
    s->path = xstrdup(path);
    s->limit_sec = limit_sec;
    s->done = done;
    s->arg = arg;
    s->timer = reactor_timer_create(a->reactor, on_late, s);
    reactor_timer_start(s->timer, limit_sec * 1000ull, 0);
    list_append(&a->scripts, &s->node);
    return s;
}

bool script_reaped(struct agent *a, pid_t pid, int status)
{
    list_for_each(node, &a->scripts)
    {
        struct script *s = container_of(node, struct script, node);
        char why[512];
        void (*done)(void *, int, const char *) = s->done;
        void *arg = s->arg;

        if (s->pid != pid)
            continue;
        if (s->late)
            snprintf(why, sizeof why, "%s: took longer than %u s", s->path, s->limit_sec);
        else if (WIFSIGNALED(status))
            snprintf(why, sizeof why, "%s: killed by signal %d", s->path, WTERMSIG(status));
        else
            snprintf(why, sizeof why, "%s: exit code %d", s->path, WEXITSTATUS(status));
        if (s->late)
            status = SIGKILL;
        s->pid = 0;
        s->arg = NULL;
        script_free(s);
        done(arg, status, why);
        return true;
    }
    return false;
}

void script_free(struct script *s)
{
    if (!s)
        return;
    if (s->pid)
        kill(-s->pid, SIGKILL);
    list_remove(&s->node);
    reactor_timer_close(s->timer);
    free(s->arg); /* what is told at the end belongs to the script until then */
    free(s->path);
    free(s);
}
