/* programs.c - the file of --multi-prog, the launchers of --mpi, and srun's own prolog and epilog. */
#include "config.h"
#include "srun_private.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "jobenv/env.h"
#include "util/error.h"
#include "util/log.h"
#include "util/mem.h"
#include "util/num.h"

#define PROGRAM_FILE_MAX (4u << 20)
#define PROGRAM_LINES_MAX 4096 /* of the schema */
#define TASKS_MAX 65536

extern char **environ;

/* "0,2-3" or "*": counts the lines of each rank in seen.  -1: no such form, -2: a range that runs backwards. */
static int ranks_walk(const char *text, uint8_t *seen, uint32_t num_tasks, uint32_t *highest)
{
    const char *p = text;

    if (!strcmp(p, "*")) {
        for (uint32_t i = 0; seen && i < num_tasks; i++)
            seen[i] += !seen[i]; /* those that no line before it has */
        return 0;
    }
    while (*p) {
        char *end;
        unsigned long from, to;

        if (!isdigit((unsigned char)*p))
            return -1;
        from = to = strtoul(p, &end, 10);
        if (*end == '-') {
            if (!isdigit((unsigned char)end[1]))
                return -1;
            to = strtoul(end + 1, &end, 10);
        }
        if (to < from && to < TASKS_MAX && (!*end || *end == ','))
            return -2;
        if (to < from || to >= TASKS_MAX || (*end && *end != ','))
            return -1;
        if (*highest == UINT32_MAX || to > *highest)
            *highest = (uint32_t)to;
        for (unsigned long i = from; seen && i <= to && i < num_tasks; i++)
            seen[i]++;
        p = *end ? end + 1 : end;
    }
    return 0;
}

int programs_read(struct srun *s, const char *path, struct error *err)
{
    CLEANUP_FREE char *text = NULL;
    uint32_t highest = UINT32_MAX;
    unsigned number = 0;
    size_t len;
    int walked;

    if (user_file_read(path, PROGRAM_FILE_MAX, &text, &len, NULL) < 0)
        return error_set(err, errno, "Could not open multi_prog config file %s: %s", path, strerror(errno));
    for (char *line = text, *next; line && *line; line = next) {
        CLEANUP_FREE char *ranks = NULL;

        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        number++;
        if (*line == '#' || !line[strspn(line, " \t\r")])
            continue;
        if (s->num_programs == PROGRAM_LINES_MAX)
            return error_set(err, BRE_TOO_BIG, "Configuration file %s invalid, more than %d programs", path,
                             PROGRAM_LINES_MAX);
        ranks = xstrndup(line + strspn(line, " \t"), strcspn(line + strspn(line, " \t"), " \t\r"));
        walked = ranks_walk(ranks, NULL, 0, &highest);
        if (walked == -2)
            return error_set(err, BRE_INVAL, "Invalid task range, %.64s\nLine %u of configuration file %s invalid", ranks,
                             number, path);
        if (walked < 0)
            return error_set(err, BRE_INVAL,
                             "Invalid task range specification (%.64s)\nLine %u of configuration file %s invalid",
                             ranks, number, path);
        line += strspn(line, " \t");
        if (!line[strlen(ranks) + strspn(line + strlen(ranks), " \t\r")])
            return error_set(err, BRE_INVAL,
                             "No executable program specified for this task\n"
                             "Line %u of configuration file %s invalid",
                             number, path);
        s->programs = xreallocarray(s->programs, s->num_programs + 1, sizeof *s->programs);
        s->program_lines = xreallocarray(s->program_lines, s->num_programs + 1, sizeof *s->program_lines);
        s->program_lines[s->num_programs] = number;
        s->programs[s->num_programs++] = xstrdup(line);
    }
    if (s->options.num_tasks == OPT_UNSET && highest != UINT32_MAX)
        s->options.num_tasks = highest + 1;
    return 0;
}

int programs_check(const struct srun *s, const char *path, uint32_t num_tasks, struct error *err)
{
    CLEANUP_FREE uint8_t *seen = xcalloc(num_tasks, 1);

    for (size_t i = 0; i < s->num_programs; i++) {
        CLEANUP_FREE char *ranks = xstrndup(s->programs[i], strcspn(s->programs[i], " \t\r"));
        uint32_t highest = UINT32_MAX;

        ranks_walk(ranks, seen, num_tasks, &highest);
        for (uint32_t t = 0; t < num_tasks; t++)
            if (seen[t] > 1)
                return error_set(err, BRE_INVAL, "Duplicate record for task %u\nLine %u of configuration file %s invalid",
                                 t, s->program_lines[i], path);
        if (highest != UINT32_MAX && highest >= num_tasks)
            return error_set(err, BRE_INVAL,
                             "Invalid task id, %u >= ntasks\nLine %u of configuration file %s invalid", highest,
                             s->program_lines[i], path);
    }
    for (uint32_t i = 0; i < num_tasks; i++)
        if (!seen[i])
            return error_set(err, BRE_INVAL, "Configuration file %s invalid, no record for task id %u", path, i);
    return 0;
}

/* ---- launchers ---- */

/* Names are only listed, nothing is loaded, so the variable may point anywhere.  Else the folder of
 * the installation; or, when the whole tree was moved, the one beside this program. */
static DIR *plugin_dir_open(void)
{
    const char *given = getenv("BRAMBLE_PLUGIN_DIR");
    char program[PATH_MAX], *slash;
    ssize_t len;
    DIR *dir;

    if ((dir = opendir(given && *given ? given : BRAMBLE_PLUGINDIR)))
        return dir;
    len = readlink("/proc/self/exe", program, sizeof program - 1);
    if (len <= 0)
        return NULL;
    program[len] = '\0';
    if (!(slash = strrchr(program, '/')))
        return NULL;
    *slash = '\0';
    CLEANUP_FREE char *beside = xasprintf("%s/../lib/bramble", program);
    return opendir(beside);
}

/* "launch_pmix.so" is pmix.  Caller frees. */
static char *launcher_of(const char *file)
{
    size_t len = strlen(file);

    if (strncmp(file, "launch_", 7) != 0 || len < 11 || strcmp(file + len - 3, ".so") != 0)
        return NULL;
    return xstrndup(file + 7, len - 10);
}

int launchers_list(void)
{
    DIR *dir = plugin_dir_open();
    bool none = false;

    printf("MPI plugin types are...\n");
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        CLEANUP_FREE char *name = launcher_of(entry->d_name);

        if (name)
            printf("\t%s\n", name);
        none |= name && !strcmp(name, "none");
    }
    if (!none)
        printf("\tnone\n");
    if (dir)
        closedir(dir);
    return 0;
}

/* Where launchers are installed here, an unknown name is told at once; else the nodes know. */
int launcher_check(const char *name, struct error *err)
{
    DIR *dir = plugin_dir_open();
    bool any = false, found = !strcmp(name, "none") || !strcmp(name, "openmpi");

    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        CLEANUP_FREE char *known = launcher_of(entry->d_name);

        any |= known != NULL;
        found |= known && !strcmp(known, name);
        found |= known && !strcmp(known, "pmix") && !strncmp(name, "pmix_v", 6);
    }
    if (dir)
        closedir(dir);
    if (any && !found)
        return error_set(err, BRE_MPI, "Invalid MPI type '%.64s', --mpi=list for acceptable types", name);
    return 0;
}

/* ---- --prolog and --epilog ---- */

void hook_run(struct srun *s, const char *program, const char *context)
{
    CLEANUP_FREE char **argv = NULL;
    struct env *env;
    pid_t pid;
    int rc;

    if (!program || !*program || !strcmp(program, "none"))
        return;
    if (access(program, X_OK) < 0) {
        log_info("Access denied for %s: %s", program, strerror(errno));
        return;
    }
    argv = xcalloc(s->argc + 2, sizeof *argv);
    argv[0] = (char *)(uintptr_t)program;
    for (size_t i = 0; i < s->argc; i++)
        argv[i + 1] = s->argv[i];
    env = env_from_vector(environ);
    if (s->step_env) /* the step was there */
        for (char **item = env_vector(s->step_env); *item; item++) {
            CLEANUP_FREE char *name = xstrndup(*item, strcspn(*item, "="));

            env_set(env, name, *item + strlen(name) + 1);
        }
    env_set(env, "SLURM_SCRIPT_CONTEXT", context);
    rc = posix_spawn(&pid, program, NULL, NULL, argv, env_vector(env));
    env_destroy(env);
    if (rc) {
        log_error("cannot run %s: %s", program, strerror(rc));
        return;
    }
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
}
