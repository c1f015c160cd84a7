/* pack.c - heads and bytes into a pipe. */
#include "config.h"
#include "commands/sbcast/pack.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/carry.h"
#include "util/error.h"
#include "util/fs.h"
#include "util/log.h"
#include "util/mem.h"

static int64_t nsec(struct timespec t)
{
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int write_file(int out, const struct pack_file *f, char *buf, size_t block)
{
    struct carry_head head = { .magic = CARRY_MAGIC, .flags = f->flags | CARRY_FILE,
                               .path_len = (uint32_t)strlen(f->path) };
    struct stat st;

    if (fstat(f->fd, &st) < 0)
        return -1;
    head.mode = st.st_mode & 0777;
    head.size = (uint64_t)st.st_size;
    head.atime_nsec = nsec(st.st_atim);
    head.mtime_nsec = nsec(st.st_mtim);
    if (fs_write_all(out, &head, sizeof head) < 0 || fs_write_all(out, f->path, head.path_len) < 0)
        return -1;
    for (uint64_t left = head.size; left;) {
        ssize_t n = read(f->fd, buf, left < block ? (size_t)left : block);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            log_error("%s became shorter while it was sent", f->path);
            return -1;
        }
        if (fs_write_all(out, buf, (size_t)n) < 0)
            return -1;
        left -= (uint64_t)n;
    }
    return 0;
}

_Noreturn static void pack_child(int out, const struct pack_file *files, size_t num, size_t block)
{
    struct carry_head end = { .magic = CARRY_MAGIC };
    char *buf = xmalloc(block);

    signal(SIGINT, SIG_IGN); /* the terminal's keys are for the other one */
    signal(SIGQUIT, SIG_IGN);
    signal(SIGPIPE, SIG_DFL);
    for (size_t i = 0; i < num; i++)
        if (write_file(out, &files[i], buf, block) < 0)
            _exit(1);
    _exit(fs_write_all(out, &end, sizeof end) < 0);
}

int pack_start(const struct pack_file *files, size_t num, size_t block, pid_t *pid, struct error *err)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) < 0)
        return error_set(err, errno, "pipe: %s", strerror(errno));
    *pid = fork();
    if (*pid == 0) {
        close(ends[0]);
        pack_child(ends[1], files, num, block);
    }
    close(ends[1]);
    if (*pid < 0) {
        close(ends[0]);
        return error_set(err, errno, "fork: %s", strerror(errno));
    }
    return ends[0];
}

int pack_wait(pid_t pid)
{
    int status;

    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return -1;
    return WIFEXITED(status) && WEXITSTATUS(status) ? -1 : 0;
}
