/* kill.c - ending what is in a group. */
#include "config.h"
#include "cgroup/cgroup_private.h"

#include "util/mem.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define KILL_PIDS_MAX 32768
#define FREEZE_TRIES 50
#define FREEZE_PAUSE_NSEC 2000000

size_t cgroup_pids(const struct cgroup *cg, pid_t *pids, size_t max)
{
    char full[CGROUP_PATH_MAX + 64];
    CLEANUP_FCLOSE FILE *file = NULL;
    size_t count = 0;
    int pid;

    snprintf(full, sizeof full, "%s/cgroup.procs", cg->path[CG_KILL]);
    if (!(file = fopen(full, "re")))
        return 0;
    while (fscanf(file, "%d", &pid) == 1) {
        if (pid <= 0)
            continue; /* a process of another pid namespace */
        if (count < max)
            pids[count] = pid;
        count++;
    }
    return count;
}

bool cgroup_has_pid(const struct cgroup *cg, pid_t pid)
{
    CLEANUP_FREE pid_t *pids = xmalloc(KILL_PIDS_MAX * sizeof *pids);
    size_t count = cgroup_pids(cg, pids, KILL_PIDS_MAX);

    for (size_t i = 0; i < count && i < KILL_PIDS_MAX; i++)
        if (pids[i] == pid)
            return true;
    return false;
}

static void kill_members(const struct cgroup *cg)
{
    CLEANUP_FREE pid_t *pids = xmalloc(KILL_PIDS_MAX * sizeof *pids);
    size_t count = cgroup_pids(cg, pids, KILL_PIDS_MAX);

    for (size_t i = 0; i < count && i < KILL_PIDS_MAX; i++) {
        int pidfd = (int)syscall(SYS_pidfd_open, pids[i], 0);

        if (pidfd < 0)
            continue;
        if (cgroup_has_pid(cg, pids[i]))
            syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
        close(pidfd);
    }
}

/* Wait a moment until every member stands still.  A member that cannot be stopped (in the middle of
 * a fork, or in the kernel) only means that the next round finds its children. */
static void freeze_v1(const char *path)
{
    static const struct timespec pause = { .tv_nsec = FREEZE_PAUSE_NSEC };
    char state[32];

    if (cg_write(path, "freezer.state", "FROZEN") < 0)
        return;
    for (int i = 0; i < FREEZE_TRIES; i++) {
        if (cg_read(path, "freezer.state", state, sizeof state) > 0 && !strncmp(state, "FROZEN", 6))
            return;
        nanosleep(&pause, NULL);
    }
}

int cgroup_kill(const struct cgroup *cg)
{
    const char *path = cg->path[CG_KILL];

    if (cg->version == 2) {
        if (cg_write(path, "cgroup.kill", "1") == 0)
            return 0;
        /* Before Linux 5.14. */
        cg_write(path, "cgroup.freeze", "1");
        kill_members(cg);
        cg_write(path, "cgroup.freeze", "0");
        return 0;
    }
    freeze_v1(path);
    kill_members(cg);
    return cg_write(path, "freezer.state", "THAWED");
}
