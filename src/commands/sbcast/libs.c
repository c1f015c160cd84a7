/* libs.c - asks ldd. */
#include "config.h"
#include "commands/sbcast/libs.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/error.h"
#include "util/fs.h"
#include "util/mem.h"

#define LDD_MAX (1u << 20)
#define LIBS_MAX 1024

extern char **environ;

static int run_ldd(const char *program, char **text, struct error *err)
{
    char *argv[] = { (char *)(uintptr_t) "ldd", (char *)(uintptr_t)program, NULL };
    posix_spawn_file_actions_t actions;
    int ends[2], rc, status;
    size_t len;
    pid_t pid;

    if (pipe2(ends, O_CLOEXEC) < 0)
        return error_set(err, errno, "pipe: %s", strerror(errno));
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    rc = posix_spawnp(&pid, "ldd", &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    if (rc) {
        close(ends[0]);
        return error_set(err, rc, "cannot run ldd: %s", strerror(rc));
    }
    rc = fs_read_fd(ends[0], "ldd", LDD_MAX, text, &len, err);
    close(ends[0]);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return rc;
}

static bool is_excluded(const char *path, const char *exclude)
{
    while (exclude && *exclude) {
        size_t len = strcspn(exclude, ",");
        size_t bare = len;

        while (bare && exclude[bare - 1] == '/')
            bare--;
        if (bare && !strncmp(path, exclude, bare) && path[bare] == '/')
            return true;
        exclude += len + (exclude[len] == ',');
    }
    return false;
}

/* "\tlibm.so.6 => /lib/x86_64-linux-gnu/libm.so.6 (0x00007f...)" */
int libs_find(const char *program, const char *exclude, char ***paths, size_t *num, struct error *err)
{
    CLEANUP_FREE char *text = NULL;
    char *save = NULL;

    *paths = NULL;
    *num = 0;
    if (run_ldd(program, &text, err) < 0)
        return -1;
    for (char *line = strtok_r(text, "\n", &save); line && *num < LIBS_MAX; line = strtok_r(NULL, "\n", &save)) {
        char *arrow = strstr(line, "=> /"), *end;

        if (!arrow)
            continue;
        arrow += 3;
        if ((end = strstr(arrow, " (")))
            *end = '\0';
        if (is_excluded(arrow, exclude))
            continue;
        *paths = xreallocarray(*paths, *num + 1, sizeof **paths);
        (*paths)[(*num)++] = xstrdup(arrow);
    }
    return 0;
}
