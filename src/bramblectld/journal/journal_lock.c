/* journal_lock.c - one writer: flock() on the file "lock" of the state folder, and an incarnation
 * number in it that every start counts up.  flock() keeps out a second controller on this machine;
 * the number stops a first one whose lock was lost (a network file system). */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "bramblectld/journal/journal_private.h"
#include "util/mem.h"

#define LOCK_TEXT 512

static uint64_t lock_read(int fd, char host[256], int *pid)
{
    char text[LOCK_TEXT + 1] = "";
    uint64_t n = 0;
    ssize_t got = pread(fd, text, LOCK_TEXT, 0);
    host[0] = '\0';
    *pid = 0;
    if (got <= 0 || sscanf(text, "incarnation %" SCNu64 " pid %d host %255s", &n, pid, host) < 1)
        return 0;
    return n;
}

int journal_lock(struct journal *j, const char *dir, uint64_t floor, struct error *err)
{
    CLEANUP_FREE char *path = xasprintf("%s/lock", dir);
    CLEANUP_CLOSE int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    char host[256], text[LOCK_TEXT];
    int pid;
    if (fd < 0)
        return error_set(err, errno, "cannot open %s: %s", path, strerror(errno));
    if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        if (errno != EWOULDBLOCK)
            return error_set(err, errno, "cannot lock %s: %s", path, strerror(errno));
        lock_read(fd, host, &pid);
        return error_set(err, EBUSY, "state folder %s is in use by another controller: pid %d on %s", dir, pid,
                         host[0] ? host : "an unknown host");
    }
    uint64_t n = lock_read(fd, host, &pid);
    n = (n > floor ? n : floor) + 1;
    if (gethostname(host, sizeof(host)) < 0)
        snprintf(host, sizeof(host), "unknown");
    host[sizeof(host) - 1] = '\0';
    memset(text, '\n', sizeof(text));
    int len = snprintf(text, sizeof(text), "incarnation %" PRIu64 " pid %d host %s", n, (int)getpid(), host);
    text[len] = '\n';
    if (pwrite(fd, text, sizeof(text), 0) != (ssize_t)sizeof(text) || fdatasync(fd) < 0)
        return error_set(err, errno, "cannot write %s: %s", path, strerror(errno));
    j->lock_fd = TAKE_FD(fd);
    j->incarnation = n;
    return 0;
}

int journal_lock_check(int lock_fd, uint64_t incarnation, struct error *err)
{
    char host[256];
    int pid;
    uint64_t n = lock_fd < 0 ? incarnation : lock_read(lock_fd, host, &pid);
    if (n == incarnation)
        return 0;
    return error_set(err, EBUSY,
                     "the state folder was taken over by another controller (incarnation %" PRIu64
                     ", ours is %" PRIu64 "): pid %d on %s",
                     n, incarnation, n ? pid : 0, n && host[0] ? host : "an unknown host");
}
