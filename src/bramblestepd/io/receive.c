/* receive.c - reads the stream, and links each file to its name when it is whole. */
#include "config.h"
#include "bramblestepd/io/receive.h"

#include "util/carry.h"
#include "util/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK (256u << 10)
#define NAME_TRIES 64

struct incoming {
    const char *program, *node;
    int in, term; /* term: readable when SIGTERM has come */
    struct carry_head head;
    char path[CARRY_PATH_MAX + 1];
    const char *name; /* the last part of path */
    int dir, file;
    char temporary[64]; /* its name until it is whole; "": it has none */
};

/* Slurm's words, then the name, which they lack. */
static int fail(const struct incoming *f, int error)
{
    if (f->path[0])
        fprintf(stderr, "%s: error: REQUEST_FILE_BCAST(%s): %s: %s\n", f->program, f->node, strerror(error), f->path);
    else
        fprintf(stderr, "%s: error: REQUEST_FILE_BCAST(%s): %s\n", f->program, f->node, strerror(error));
    return error;
}

/* 0, or an errno: EPIPE when the stream ends before len bytes, ECANCELED when the step is ended. */
static int read_all(const struct incoming *f, void *buf, size_t len)
{
    for (char *to = buf; len;) {
        struct pollfd ready[2] = { { .fd = f->in, .events = POLLIN }, { .fd = f->term, .events = POLLIN } };
        ssize_t n;

        if (poll(ready, 2, -1) < 0 && errno != EINTR)
            return errno;
        if (ready[1].revents)
            return ECANCELED;
        if (!ready[0].revents)
            continue;
        n = read(f->in, to, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n ? errno : EPIPE;
        to += n;
        len -= (size_t)n;
    }
    return 0;
}

static int write_all(int fd, const char *data, size_t len)
{
    while (len) {
        ssize_t n = write(fd, data, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno;
        data += n;
        len -= (size_t)n;
    }
    return 0;
}

static int read_head(struct incoming *f)
{
    int error = read_all(f, &f->head, sizeof f->head);

    f->path[0] = '\0';
    if (error)
        return error;
    if (f->head.magic != CARRY_MAGIC)
        return EPROTO;
    if (!(f->head.flags & CARRY_FILE))
        return 0;
    if (!f->head.path_len || f->head.path_len > CARRY_PATH_MAX)
        return ENAMETOOLONG;
    if ((error = read_all(f, f->path, f->head.path_len)))
        return error;
    f->path[f->head.path_len] = '\0';
    if (f->path[0] != '/' || strlen(f->path) != f->head.path_len)
        return EINVAL;
    f->name = strrchr(f->path, '/') + 1;
    return *f->name && strcmp(f->name, ".") && strcmp(f->name, "..") ? 0 : EISDIR;
}

/* Make the folder dir, which ends with a slash. */
static int make_dir(const char *dir)
{
    CLEANUP_FREE char *up = xstrndup(dir, strlen(dir) - 1);
    char *last = strrchr(up, '/');
    CLEANUP_CLOSE int fd = -1;

    if (!last)
        return EINVAL;
    *last++ = '\0';
    fd = open(*up ? up : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 || (mkdirat(fd, last, 0700) < 0 && errno != EEXIST) ? errno : 0;
}

/* The folder is opened once: what happens to its name meanwhile changes nothing. */
static int open_dir(struct incoming *f)
{
    CLEANUP_FREE char *dir = xstrndup(f->path, (size_t)(f->name - f->path));

    int error = f->head.flags & CARRY_PARENT ? make_dir(dir) : 0;

    if (error)
        return error;
    f->dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return f->dir < 0 ? errno : 0;
}

static int open_file(struct incoming *f)
{
    f->temporary[0] = '\0';
    f->file = openat(f->dir, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
    if (f->file >= 0)
        return 0;
    if (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL && errno != ENOENT)
        return errno;
    for (int i = 0; i < NAME_TRIES; i++) {
        snprintf(f->temporary, sizeof f->temporary, ".sbcast-%ld-%d", (long)getpid(), i);
        f->file = openat(f->dir, f->temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (f->file >= 0)
            return 0;
        if (errno != EEXIST)
            break;
    }
    f->temporary[0] = '\0';
    return errno;
}

/* A name for what has none. */
static int name_file(struct incoming *f)
{
    char at[40];

    snprintf(at, sizeof at, "/proc/self/fd/%d", f->file);
    if (!(f->head.flags & CARRY_FORCE) && !f->temporary[0])
        return linkat(AT_FDCWD, at, f->dir, f->name, AT_SYMLINK_FOLLOW) < 0 ? errno : 0;
    for (int i = 0; !f->temporary[0] && i < NAME_TRIES; i++) {
        char name[sizeof f->temporary];

        snprintf(name, sizeof name, ".sbcast-%ld-%d", (long)getpid(), i);
        if (linkat(AT_FDCWD, at, f->dir, name, AT_SYMLINK_FOLLOW) == 0)
            memcpy(f->temporary, name, sizeof name);
        else if (errno != EEXIST)
            return errno;
    }
    if (f->head.flags & CARRY_FORCE) {
        if (renameat(f->dir, f->temporary, f->dir, f->name) < 0)
            return errno;
        f->temporary[0] = '\0';
        return 0;
    }
    return linkat(f->dir, f->temporary, f->dir, f->name, 0) < 0 ? errno : 0; /* the other name goes with the cleanup */
}

static int finish(struct incoming *f)
{
    const struct timespec times[2] = {
        { .tv_sec = f->head.atime_nsec / 1000000000, .tv_nsec = f->head.atime_nsec % 1000000000 },
        { .tv_sec = f->head.mtime_nsec / 1000000000, .tv_nsec = f->head.mtime_nsec % 1000000000 },
    };

    if (fchmod(f->file, f->head.mode & 0777) < 0)
        return errno;
    if ((f->head.flags & CARRY_PRESERVE) && futimens(f->file, times) < 0)
        return errno;
    return name_file(f);
}

static int copy_bytes(struct incoming *f)
{
    CLEANUP_FREE char *chunk = xmalloc(CHUNK);

    for (uint64_t left = f->head.size; left;) {
        size_t len = left < CHUNK ? (size_t)left : CHUNK;
        int error = read_all(f, chunk, len);

        if (error || (error = write_all(f->file, chunk, len)))
            return error;
        left -= len;
    }
    return 0;
}

/* Is the name free, as far as can be said before the bytes have come? */
static int look(const struct incoming *f)
{
    struct stat st;

    if (f->head.flags & CARRY_FORCE)
        return 0;
    return fstatat(f->dir, f->name, &st, AT_SYMLINK_NOFOLLOW) == 0 ? EEXIST : 0;
}

static int receive_file(struct incoming *f)
{
    int error;

    f->dir = f->file = -1;
    f->temporary[0] = '\0';
    if (!(error = open_dir(f)) && !(error = look(f)) && !(error = open_file(f)) && !(error = copy_bytes(f)))
        error = finish(f);
    if (f->temporary[0])
        unlinkat(f->dir, f->temporary, 0);
    if (f->file >= 0 && close(f->file) < 0 && !error)
        error = errno;
    if (f->dir >= 0)
        close(f->dir);
    return error;
}

int receive_files(int fd, const char *program, const char *node)
{
    struct incoming f = { .program = program, .node = node, .in = fd, .dir = -1, .file = -1 };
    sigset_t term;
    int error;

    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    sigprocmask(SIG_BLOCK, &term, NULL);
    if ((f.term = signalfd(-1, &term, SFD_CLOEXEC)) < 0)
        return fail(&f, errno);
    umask(0);
    for (;;) {
        if ((error = read_head(&f)) || !(f.head.flags & CARRY_FILE))
            return error ? fail(&f, error) : 0;
        if ((error = receive_file(&f)))
            return fail(&f, error);
    }
}
