/* user_env.c - which variables a job gets: --export, --export-file, --get-user-env. */
#include "config.h"
#include "jobopt/jobopt_private.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <strings.h>
#include <sys/wait.h>
#include <time.h>

#include "jobenv/env.h"
#include "util/error.h"
#include "util/fs.h"
#include "util/log.h"
#include "util/mem.h"
#include "util/num.h"

#define ENVIRONMENT_MAX (4u << 20) /* of the schema */

/* item is NAME=VALUE; without a name or '=' it is left out. */
static void env_put(struct env *env, const char *item, bool replace)
{
    size_t name_len = strcspn(item, "=");

    if (!name_len || !item[name_len])
        return;
    CLEANUP_FREE char *name = xstrndup(item, name_len);
    CLEANUP_FREE char *value = xstrdup(item + name_len + 1); /* item may be env's own */
    if (replace)
        env_set(env, name, value);
    else
        env_set_default(env, name, value);
}

static const char *env_find(char **envp, const char *name)
{
    size_t len = strlen(name);

    for (; *envp; envp++)
        if (!strncmp(*envp, name, len) && (*envp)[len] == '=')
            return *envp;
    return NULL;
}

static bool is_slurm_variable(const char *item)
{
    return !strncmp(item, "SLURM_", 6) || !strncmp(item, "SLURMD_", 7) || !strncmp(item, "BRAMBLE_", 8);
}

/* The items of --export, separated by commas that no quotes enclose. */
static int export_list_apply(struct env *env, const char *text, char **envp, bool *all, bool *none,
                             bool *nil, struct error *err)
{
    const char *p = text;

    *all = *none = *nil = false;
    while (*p) {
        CLEANUP_FREE char *word = xmalloc(strlen(p) + 1);
        char *out = word, quote = '\0';

        for (; *p && (quote || *p != ','); p++) {
            if (quote ? *p == quote : (*p == '\'' || *p == '"'))
                quote = quote ? '\0' : *p;
            else
                *out++ = *p;
        }
        *out = '\0';
        if (quote)
            return error_set(err, BRE_INVAL, "Invalid --export specification: a %c is not closed", quote);
        if (*p == ',')
            p++;
        if (!strcasecmp(word, "ALL"))
            *all = true;
        else if (!strcasecmp(word, "NONE"))
            *none = true;
        else if (!strcasecmp(word, "NIL"))
            *none = *nil = true;
        else if (strchr(word, '='))
            env_put(env, word, true);
        else if (env_find(envp, word))
            env_put(env, env_find(envp, word), true);
    }
    return 0;
}

static int export_file_apply(struct env *env, const char *name, struct error *err)
{
    CLEANUP_FREE char *text = NULL;
    CLEANUP_CLOSE int opened = -1;
    uint32_t fd;
    size_t len;

    if (num_parse_u32(name, 0, 1 << 20, &fd, "", NULL) == 0) {
        if (fs_read_fd((int)fd, name, ENVIRONMENT_MAX, &text, &len, err) < 0)
            return error_prefix(err, "Could not open user environment file %.255s", name);
    } else {
        if ((opened = open(name, O_RDONLY | O_CLOEXEC)) < 0)
            return error_set(err, errno, "Could not open user environment file %.255s: %s", name, strerror(errno));
        if (fs_read_fd(opened, name, ENVIRONMENT_MAX, &text, &len, err) < 0)
            return error_prefix(err, "Could not read user environment file %.255s", name);
    }
    for (size_t at = 0; at < len; at += strlen(text + at) + 1)
        env_put(env, text + at, true);
    return 0;
}

/* Run the user's shell as a login shell and take the variables it ends up with.  No password, no
 * root: the shell runs as whoever submits. */
static int login_env_apply(struct env *env, const struct job_options *o, uint32_t wait_sec, char mode,
                           struct error *err)
{
    struct passwd *pw = getpwuid(o->uid == OPT_UNSET ? geteuid() : o->uid);
    const char *shell = pw && pw->pw_shell && *pw->pw_shell ? pw->pw_shell : "/bin/sh";
    char *login_argv[] = { (char *)shell, (char *)"-l", (char *)"-c", (char *)"/usr/bin/env -0", NULL };
    char *plain_argv[] = { (char *)shell, (char *)"-c", (char *)"/usr/bin/env -0", NULL };
    CLEANUP_FREE char *home = xasprintf("HOME=%s", pw ? pw->pw_dir : "/");
    CLEANUP_FREE char *user = xasprintf("USER=%s", pw ? pw->pw_name : "");
    CLEANUP_FREE char *logname = xasprintf("LOGNAME=%s", pw ? pw->pw_name : "");
    CLEANUP_FREE char *shell_env = xasprintf("SHELL=%s", shell);
    char *login_vars[] = { home, user, logname, shell_env,
                    (char *)"PATH=/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games", NULL };
    CLEANUP_FREE char *text = NULL;
    posix_spawn_file_actions_t actions;
    struct timespec now, end;
    int fds[2], status = 0, rc;
    size_t len = 0, cap = 0;
    pid_t pid;

    if (pipe2(fds, O_CLOEXEC) < 0)
        return error_set(err, errno, "cannot load the user's environment: %s", strerror(errno));
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, fds[1], 1);
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    rc = posix_spawn(&pid, shell, &actions, NULL, mode == 'S' ? plain_argv : login_argv, login_vars);
    posix_spawn_file_actions_destroy(&actions);
    close(fds[1]);
    if (rc) {
        close(fds[0]);
        return error_set(err, rc, "cannot load the user's environment: %s: %s", shell, strerror(rc));
    }
    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += wait_sec;
    for (;;) {
        struct pollfd ready = { .fd = fds[0], .events = POLLIN };
        ssize_t got;
        long left;

        clock_gettime(CLOCK_MONOTONIC, &now);
        left = (end.tv_sec - now.tv_sec) * 1000 + (end.tv_nsec - now.tv_nsec) / 1000000;
        if (left <= 0 || poll(&ready, 1, (int)left) == 0 || len > ENVIRONMENT_MAX) {
            kill(pid, SIGKILL);
            waitpid(pid, &status, 0);
            close(fds[0]);
            return error_set(err, ETIMEDOUT, "cannot load the user's environment: %s took longer than %u s", shell,
                             wait_sec);
        }
        if (cap - len < 65536) {
            cap += 131072;
            text = xrealloc(text, cap);
        }
        got = read(fds[0], text + len, 65535);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        len += (size_t)got;
    }
    close(fds[0]);
    waitpid(pid, &status, 0);
    if (text)
        text[len] = '\0';
    for (size_t at = 0; at < len; at += strlen(text + at) + 1)
        if (!is_slurm_variable(text + at) && strncmp(text + at, "_=", 2) && strncmp(text + at, "SHLVL=", 6))
            env_put(env, text + at, false);
    return 0;
}

/* An option as it was written. */
static void carry_given(struct env *env, const struct job_options *o, const char *option, const char *variable)
{
    for (size_t i = 0; i < o->num_rows; i++)
        if (!strcmp(o->rows[i]->name, option) && o->source[i] != OPT_BY_NONE && o->given[i])
            env_set(env, variable, o->given[i]);
}

/* Options of a job that an srun inside it shall have too. */
static void env_carry_options(struct env *env, const struct job_options *o)
{
    if (o->hint)
        env_set(env, "SLURM_HINT", o->hint);
    if (o->mem_bind)
        env_set(env, "SLURM_MEM_BIND", o->mem_bind);
    if (o->overcommit)
        env_set(env, "SLURM_OVERCOMMIT", "1");
    carry_given(env, o, "gpus", "SLURM_GPUS");
    carry_given(env, o, "gpus-per-node", "SLURM_GPUS_PER_NODE");
    carry_given(env, o, "gpus-per-socket", "SLURM_GPUS_PER_SOCKET");
    carry_given(env, o, "gpus-per-task", "SLURM_GPUS_PER_TASK");
    carry_given(env, o, "gpu-bind", "SLURM_GPU_BIND");
    carry_given(env, o, "cpus-per-gpu", "SLURM_CPUS_PER_GPU");
    carry_given(env, o, "ntasks-per-gpu", "SLURM_NTASKS_PER_GPU");
    if (o->mem_per_gpu_mb != OPT_UNSET64)
        env_setf(env, "SLURM_MEM_PER_GPU", "%llu", (unsigned long long)o->mem_per_gpu_mb);
    if (o->open_mode && o->command == CMD_SBATCH)
        env_set(env, "SLURM_OPEN_MODE", o->open_mode == 'a' ? "a" : "t");
    if (o->threads_per_core != OPT_UNSET)
        env_setf(env, "SLURM_THREADS_PER_CORE", "%u", o->threads_per_core);
    if (o->ntasks_per_core != OPT_UNSET)
        env_setf(env, "SLURM_NTASKS_PER_CORE", "%u", o->ntasks_per_core);
    if (o->ntasks_per_socket != OPT_UNSET)
        env_setf(env, "SLURM_NTASKS_PER_SOCKET", "%u", o->ntasks_per_socket);
}

static int env_fill(struct env *env, const struct job_options *o, char **envp, const char *const *more,
                    struct error *err)
{
    bool batch = o->command == CMD_SBATCH, all = true, none = false, nil = false;

    if (o->export_file && export_file_apply(env, o->export_file, err) < 0)
        return -1;
    if (o->export_file && !o->export_text)
        all = false;
    if (o->export_text && *o->export_text) {
        if (export_list_apply(env, o->export_text, envp, &all, &none, &nil, err) < 0)
            return -1;
        if (none)
            all = false;
    }
    for (char **item = envp; *item; item++) {
        if (all || (!nil && is_slurm_variable(*item)))
            env_put(env, *item, false);
    }
    if (o->export_text && batch)
        env_set(env, "SLURM_EXPORT_ENV", o->export_text);
    if (o->command != CMD_SRUN)
        env_carry_options(env, o);
    for (; more && *more; more++)
        env_put(env, *more, true);
    /* Without the caller's variables a batch job starts from those of a login. */
    if (o->get_user_env)
        return login_env_apply(env, o, o->user_env_sec, o->user_env_mode, err);
    if (batch && !all && !nil && login_env_apply(env, o, 8, 'L', err) < 0) {
        log_warning("%s; the job gets no login environment", err ? err->text : "");
        error_clear(err);
    }
    return 0;
}

struct env *job_options_env(const struct job_options *o, char **envp, const char *const *more,
                            struct error *err)
{
    struct env *env = env_create();

    if (env_fill(env, o, envp, more, err) < 0) {
        env_destroy(env);
        return NULL;
    }
    return env;
}

int env_pack(const struct env *env, uint8_t **data, size_t *len, struct error *err)
{
    *data = (uint8_t *)env_to_blob(env, len);
    if (*len <= ENVIRONMENT_MAX)
        return 0;
    free(*data);
    *data = NULL;
    return error_set(err, BRE_TOO_BIG,
                     "the environment has %zu KiB, at most %u are possible: name what is needed with --export",
                     *len >> 10, ENVIRONMENT_MAX >> 10);
}
