/* procs.c - walks cgroup.procs or the tree of children. */
#include "config.h"
#include "bramblestepd/signal/procs.h"

#include "cgroup/cgroup.h"
#include "util/mem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PROCS_MAX 32768
#define KILL_ROUNDS 64

static ssize_t read_proc(pid_t pid, const char *name, char *buf, size_t size)
{
    char path[64];
    CLEANUP_CLOSE int fd = -1;
    ssize_t n;

    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    n = read(fd, buf, size - 1);
    buf[n > 0 ? n : 0] = '\0';
    return n;
}

/* Parent of pid, or -1. */
static pid_t parent_of(pid_t pid)
{
    char buf[512], *p;

    if (read_proc(pid, "stat", buf, sizeof buf) <= 0 || !(p = strrchr(buf, ')')) || strlen(p) < 5)
        return -1;
    return (pid_t)strtol(p + 4, NULL, 10);
}

static bool has_ended(pid_t pid)
{
    char buf[512], *p;

    if (read_proc(pid, "stat", buf, sizeof buf) <= 0 || !(p = strrchr(buf, ')')))
        return true;
    return p[1] && (p[2] == 'Z' || p[2] == 'X');
}

static bool is_spare(const struct procs *p, pid_t pid)
{
    return pid == p->spare[0] || pid == p->spare[1];
}

struct proc_pair {
    pid_t pid, parent;
};

/* Kernels without /proc/.../children: one look at all processes. */
static size_t scan_all(const struct procs *p, pid_t *pids, size_t max)
{
    struct proc_pair *all = xmalloc(PROCS_MAX * sizeof *all);
    size_t num = 0, found = 0;
    DIR *dir = opendir("/proc");

    for (struct dirent *d; dir && (d = readdir(dir)) && num < PROCS_MAX;) {
        pid_t pid = (pid_t)strtol(d->d_name, NULL, 10);

        if (pid <= 0 || pid == p->self || is_spare(p, pid))
            continue;
        all[num].pid = pid;
        all[num++].parent = parent_of(pid);
    }
    if (dir)
        closedir(dir);
    /* Breadth first: members are moved to the front as their parents are known. */
    for (size_t known = 0, at = 0; known <= at; known++) {
        pid_t parent = known == 0 ? p->self : all[known - 1].pid;

        for (size_t i = at; i < num; i++)
            if (all[i].parent == parent) {
                struct proc_pair pair = all[i];

                all[i] = all[at];
                all[at++] = pair;
            }
        found = at;
    }
    for (size_t i = 0; i < found && i < max; i++)
        pids[i] = all[i].pid;
    free(all);
    return found;
}

static size_t list_descendants(const struct procs *p, pid_t *pids, size_t max)
{
    size_t count = 0, next = 0;
    pid_t parent = p->self;

    for (;;) {
        char path[64];
        CLEANUP_FCLOSE FILE *file = NULL;
        int pid;

        /* Only the main thread's children are seen here; the shepherd and its helpers have no
         * other, and a task's threads are looked at through its task folder. */
        snprintf(path, sizeof path, "/proc/%d/task", (int)parent);
        DIR *dir = opendir(path);

        for (struct dirent *d; dir && (d = readdir(dir));) {
            if (d->d_name[0] == '.')
                continue;
            snprintf(path, sizeof path, "/proc/%d/task/%.20s/children", (int)parent, d->d_name);
            file = fopen(path, "re");
            if (!file && parent == p->self) {
                closedir(dir);
                return scan_all(p, pids, max);
            }
            while (file && fscanf(file, "%d", &pid) == 1)
                if (!is_spare(p, pid)) {
                    if (count < max)
                        pids[count] = pid;
                    count++;
                }
            if (file)
                fclose(file);
            file = NULL;
        }
        if (dir)
            closedir(dir);
        if (next >= count || next >= max)
            return count;
        parent = pids[next++];
    }
}

size_t procs_list(const struct procs *p, pid_t *pids, size_t max)
{
    size_t found = p->cgroup ? cgroup_pids(p->cgroup, pids, max) : list_descendants(p, pids, max);
    size_t alive = 0;

    for (size_t i = 0; i < found && i < max; i++)
        if (!has_ended(pids[i]))
            pids[alive++] = pids[i];
    return found > max ? found : alive;
}

/* Is pid still below the shepherd? Asked again once a pidfd holds the number. */
static bool is_descendant(const struct procs *p, pid_t pid)
{
    for (int depth = 0; depth < 4096 && pid > 1; depth++) {
        if (is_spare(p, pid))
            return false;
        if ((pid = parent_of(pid)) == p->self)
            return true;
    }
    return false;
}

static bool signal_one(const struct procs *p, pid_t pid, int signum)
{
    int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    bool done = false;

    if (pidfd < 0)
        return false;
    if (p->cgroup ? cgroup_has_pid(p->cgroup, pid) : is_descendant(p, pid))
        done = syscall(SYS_pidfd_send_signal, pidfd, signum, NULL, 0) == 0;
    close(pidfd);
    return done;
}

size_t procs_signal(const struct procs *p, int signum)
{
    CLEANUP_FREE pid_t *pids = xmalloc(PROCS_MAX * sizeof *pids);
    size_t found = procs_list(p, pids, PROCS_MAX), count = 0;

    for (size_t i = 0; i < found && i < PROCS_MAX; i++)
        count += signal_one(p, pids[i], signum);
    return count;
}

void procs_stop(const struct procs *p)
{
    CLEANUP_FREE pid_t *pids = xmalloc(PROCS_MAX * sizeof *pids);
    size_t before = 0;

    /* Until no new one shows up. */
    for (int round = 0; round < KILL_ROUNDS; round++) {
        size_t found = procs_list(p, pids, PROCS_MAX);

        if (found == before)
            break;
        before = found;
        for (size_t i = 0; i < found && i < PROCS_MAX; i++)
            signal_one(p, pids[i], SIGSTOP);
    }
}

void procs_kill(const struct procs *p)
{
    if (p->cgroup && cgroup_kill(p->cgroup) == 0)
        return;
    procs_stop(p);
    procs_signal(p, SIGKILL);
}

unsigned long procs_rss_kb(const struct procs *p)
{
    CLEANUP_FREE pid_t *pids = xmalloc(PROCS_MAX * sizeof *pids);
    size_t found = procs_list(p, pids, PROCS_MAX);
    unsigned long pages = 0, shared_pages;

    for (size_t i = 0; i < found && i < PROCS_MAX; i++) {
        char buf[128];
        unsigned long size, resident;

        if (read_proc(pids[i], "statm", buf, sizeof buf) > 0
            && sscanf(buf, "%lu %lu %lu", &size, &resident, &shared_pages) == 3)
            pages += resident > shared_pages ? resident - shared_pages : 0;
    }
    return pages * ((unsigned long)sysconf(_SC_PAGESIZE) / 1024);
}
