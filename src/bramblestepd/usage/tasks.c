/* tasks.c - usage of tasks: from /proc while they run, from wait4() when they have ended. */
#include "config.h"
#include "bramblestepd/usage/tasks.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bramblestepd/step_private.h"
#include "usage/usage.h"
#include "util/fs.h"
#include "util/mem.h"

#define FIRST_MS 1000 /* shorter steps are looked at only by their end */
#define SAMPLE_MS 30000
#define PROCS_MAX 4096
#define DEPTH_MAX 64

struct process {
    pid_t pid, parent;
    uint64_t cpu_usec, vmem_kb, rss_kb, pages, read, write;
};

static bool read_proc(pid_t pid, const char *name, char *buf, size_t size)
{
    char path[64];
    CLEANUP_CLOSE int fd = -1;
    ssize_t n;

    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    n = fd < 0 ? -1 : fs_read_all(fd, buf, size - 1);
    buf[n > 0 ? n : 0] = '\0';
    return n > 0;
}

static bool look(struct process *p, pid_t pid)
{
    const uint64_t tick_usec = 1000000 / (uint64_t)sysconf(_SC_CLK_TCK);
    const uint64_t page_kb = (uint64_t)sysconf(_SC_PAGESIZE) / 1024;
    unsigned long long major, child_major, user, sys, child_user, child_sys, size, resident;
    char buf[1024], *at;
    int parent;

    *p = (struct process){ .pid = pid };
    if (!read_proc(pid, "stat", buf, sizeof buf) || !(at = strrchr(buf, ')'))
        || sscanf(at + 1,
                  " %*c %d %*d %*d %*d %*d %*u %*u %*u %llu %llu %llu %llu %llu %llu %*d %*d %*d %*d %*u %llu %llu",
                  &parent, &major, &child_major, &user, &sys, &child_user, &child_sys, &size, &resident)
               != 9)
        return false;
    p->parent = parent;
    p->cpu_usec = (user + sys + child_user + child_sys) * tick_usec;
    p->pages = major + child_major;
    p->vmem_kb = size / 1024;
    p->rss_kb = resident * page_kb;
    if (read_proc(pid, "io", buf, sizeof buf)) {
        if ((at = strstr(buf, "\nread_bytes: ")))
            p->read = strtoull(at + 13, NULL, 10);
        if ((at = strstr(buf, "\nwrite_bytes: ")))
            p->write = strtoull(at + 14, NULL, 10);
    }
    return true;
}

static uint32_t task_of(const struct step *s, const struct process *list, size_t num, pid_t pid)
{
    for (int depth = 0; depth < DEPTH_MAX; depth++) {
        size_t i = 0;

        for (uint32_t t = 0; t < s->order->num_tasks; t++)
            if (s->tasks[t].pid == pid)
                return t;
        while (i < num && list[i].pid != pid)
            i++;
        if (i == num)
            break;
        pid = list[i].parent;
    }
    return 0; /* what has detached itself counts as the first's */
}

void tasks_usage_sample(struct step *s, struct strbuf *pids)
{
    const uint32_t num_tasks = s->order->num_tasks;
    const struct procs procs = step_procs(s);
    CLEANUP_FREE pid_t *found = xmalloc(PROCS_MAX * sizeof *found);
    CLEANUP_FREE struct process *list = NULL;
    CLEANUP_FREE uint64_t *rss = xcalloc(num_tasks, sizeof *rss), *vmem = xcalloc(num_tasks, sizeof *vmem);
    size_t count = procs_list(&procs, found, PROCS_MAX), num = 0;

    if (count > PROCS_MAX)
        count = PROCS_MAX;
    list = xcalloc(count + 1, sizeof *list);
    for (size_t i = 0; i < count; i++)
        num += look(&list[num], found[i]);
    for (uint32_t t = 0; t < num_tasks; t++) {
        struct task_usage *u = &s->task_usage[t];

        u->live_usec = u->live_pages = u->live_read = u->live_write = 0;
    }
    for (size_t i = 0; i < num; i++) {
        uint32_t t = task_of(s, list, num, list[i].pid);
        struct task_usage *u = &s->task_usage[t];

        u->live_usec += list[i].cpu_usec;
        u->live_pages += list[i].pages;
        u->live_read += list[i].read;
        u->live_write += list[i].write;
        rss[t] += list[i].rss_kb;
        vmem[t] += list[i].vmem_kb;
        if (pids)
            strbuf_addf(pids, "%s%d", pids->len ? "," : "", (int)list[i].pid);
    }
    for (uint32_t t = 0; t < num_tasks; t++) {
        struct task_usage *u = &s->task_usage[t];

        u->rss_kb = rss[t] > u->rss_kb ? rss[t] : u->rss_kb;
        u->vmem_kb = vmem[t] > u->vmem_kb ? vmem[t] : u->vmem_kb;
    }
}

static void on_sample(void *arg)
{
    tasks_usage_sample(arg, NULL);
}

void tasks_usage_start(struct step *s)
{
    s->usage_timer = reactor_timer_create(s->reactor, on_sample, s);
    reactor_timer_start(s->usage_timer, FIRST_MS, SAMPLE_MS);
}

void tasks_usage_stop(struct step *s)
{
    reactor_timer_close(s->usage_timer);
    s->usage_timer = NULL;
}

void tasks_usage_ended(struct step *s, uint32_t task, const struct rusage *ru)
{
    struct task_usage *u = &s->task_usage[task];
    const uint64_t rss = (uint64_t)ru->ru_maxrss;

    u->ended_usec += (uint64_t)(ru->ru_utime.tv_sec + ru->ru_stime.tv_sec) * 1000000
                     + (uint64_t)(ru->ru_utime.tv_usec + ru->ru_stime.tv_usec);
    u->pages += (uint64_t)ru->ru_majflt;
    u->read += (uint64_t)ru->ru_inblock * 512;
    u->write += (uint64_t)ru->ru_oublock * 512;
    u->live_usec = u->live_pages = u->live_read = u->live_write = 0; /* now in what wait4() told */
    u->rss_kb = rss > u->rss_kb ? rss : u->rss_kb;
}

void tasks_usage_sum(const struct step *s, struct usage *sum)
{
    const struct order *o = s->order;

    *sum = (struct usage){ .num_tasks = o->num_tasks };
    for (uint32_t t = 0; t < o->num_tasks; t++) {
        const struct task_usage *u = &s->task_usage[t];
        const uint32_t gtid = o->tasks[t].gtid;

        usage_add(sum, USAGE_CPU, u->ended_usec + u->live_usec, gtid, "");
        usage_add(sum, USAGE_MEM, u->rss_kb, gtid, "");
        if (u->vmem_kb) /* too short to be looked at: not known, rather than nothing */
            usage_add(sum, USAGE_VMEM, u->vmem_kb, gtid, "");
        usage_add(sum, USAGE_PAGES, u->pages + u->live_pages, gtid, "");
        usage_add(sum, USAGE_READ, u->read + u->live_read, gtid, "");
        usage_add(sum, USAGE_WRITE, u->write + u->live_write, gtid, "");
    }
}
