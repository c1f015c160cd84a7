/* bcast.c - --bcast: the program is brought to the nodes by sbcast before the step is asked for. */
#include "config.h"
#include "srun_private.h"

#include <errno.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "jobenv/env.h"
#include "util/error.h"
#include "util/log.h"
#include "util/mem.h"

extern char **environ;

/* Where the program is, as the shell would find it; NULL: nowhere.  Caller frees. */
static char *program_find(const char *name)
{
    const char *path = getenv("PATH");

    if (strchr(name, '/'))
        return xstrdup(name);
    for (path = path ? path : "/usr/local/bin:/usr/bin:/bin"; *path; path += strcspn(path, ":"), path += *path == ':') {
        char *full = xasprintf("%.*s/%s", (int)strcspn(path, ":"), path, name);

        if (access(full, X_OK) == 0)
            return full;
        free(full);
    }
    return NULL;
}

/* The file it becomes.  Without a name, or in a folder, it is called after the job. */
static char *destination(const struct srun *s)
{
    const char *path = s->options.bcast_path;
    struct stat st;
    bool folder = path && (path[strlen(path) - 1] == '/' || (stat(path, &st) == 0 && S_ISDIR(st.st_mode)));
    CLEANUP_FREE char *base = path && *path == '/' ? xstrdup(path) : xasprintf("%s/%s", s->cwd, path ? path : "");

    if (path && !folder)
        return TAKE(base);
    return xasprintf("%s%sslurm_bcast_%u.%d", base, base[strlen(base) - 1] == '/' ? "" : "/", s->options.job_id,
                     (int)getpid());
}

/* sbcast beside this program, or the one in PATH. */
static char *sbcast_path(void)
{
    char self[PATH_MAX], *slash;
    ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);

    if (len > 0) {
        self[len] = '\0';
        if ((slash = strrchr(self, '/'))) {
            char *path;

            *slash = '\0';
            path = xasprintf("%s/sbcast", self);
            if (access(path, X_OK) == 0)
                return path;
            free(path);
        }
    }
    return program_find("sbcast");
}

static int sbcast(const struct srun *s, char *source, char *dest)
{
    CLEANUP_FREE char *program = sbcast_path();
    CLEANUP_FREE char *job = xasprintf("--jobid=%u", s->options.job_id);
    CLEANUP_FREE char *exclude = s->options.bcast_exclude ? xasprintf("--exclude=%s", s->options.bcast_exclude) : NULL;
    CLEANUP_FREE char *nodes = s->options.nodelist ? xasprintf("--nodelist=%s", s->options.nodelist) : NULL;
    char force[] = "--force", libs[] = "--send-libs", name[] = "sbcast", *argv[10];
    int num = 0, status, rc;
    pid_t pid;

    argv[num++] = name;
    argv[num++] = job;
    argv[num++] = force;
    if (s->options.send_libs)
        argv[num++] = libs;
    if (exclude)
        argv[num++] = exclude;
    if (nodes)
        argv[num++] = nodes;
    argv[num++] = source;
    argv[num++] = dest;
    argv[num] = NULL;
    rc = program ? posix_spawn(&pid, program, NULL, NULL, argv, environ) : ENOENT;
    if (rc) {
        log_error("cannot run sbcast: %s", strerror(rc));
        return -1;
    }
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return -1;
    return status ? -1 : 0;
}

/* The tasks look for the libraries that came along. */
static int add_library_path(struct srun *s, const char *dest, struct error *err)
{
    struct env *env = env_from_blob(s->env, s->env_len);
    const char *old = env_get(env, "LD_LIBRARY_PATH");
    CLEANUP_FREE char *path = xasprintf("%s_libs%s%s", dest, old && *old ? ":" : "", old ? old : "");
    int rc;

    env_set(env, "LD_LIBRARY_PATH", path);
    free(s->env);
    s->env = NULL;
    rc = env_pack(env, &s->env, &s->env_len, err);
    env_destroy(env);
    return rc;
}

int bcast_run(struct srun *s, struct error *err)
{
    CLEANUP_FREE char *source = program_find(s->argv[0]);

    s->bcast_dest = destination(s);
    if (!source)
        return error_set(err, ENOENT, "fatal: Failed to broadcast '%s'. Step launch aborted: there is no such program "
                                      "here", s->argv[0]);
    if (sbcast(s, source, s->bcast_dest) < 0)
        return error_set(err, BRE_LAUNCH, "fatal: Failed to broadcast '%s'. Step launch aborted.", source);
    s->argv[0] = s->bcast_dest;
    return s->options.send_libs ? add_library_path(s, s->bcast_dest, err) : 0;
}
