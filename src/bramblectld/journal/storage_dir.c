/* storage_dir.c - storage operations on a folder of the local file system. */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bramblectld/journal/record.h"
#include "bramblectld/journal/storage.h"
#include "util/error.h"
#include "util/mem.h"

struct storage_dir {
    struct storage base;
    int fd;
};

static struct storage_dir *self(struct storage *s)
{
    return (struct storage_dir *)s;
}

static int dir_open(struct storage *s, const char *name, bool create)
{
    int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | (create ? O_CREAT | O_EXCL : 0);
    return openat(self(s)->fd, name, flags, 0600);
}
static int dir_open_direct(struct storage *s, const char *name, size_t *block)
{
    int fd = openat(self(s)->fd, name, O_RDWR | O_DIRECT | O_CLOEXEC | O_NOFOLLOW);
    *block = SECTOR;
#ifdef STATX_DIOALIGN
    struct statx stx;
    if (fd >= 0 && statx(fd, "", AT_EMPTY_PATH, STATX_DIOALIGN, &stx) == 0 && (stx.stx_mask & STATX_DIOALIGN))
        *block = stx.stx_dio_offset_align > SECTOR ? stx.stx_dio_offset_align
                 : stx.stx_dio_offset_align        ? SECTOR
                                                   : 0;
#endif
    if (fd >= 0 && (*block == 0 || *block > STORAGE_BLOCK_MAX)) {
        close(fd);
        errno = ENOTSUP;
        return -1;
    }
    return fd;
}
static void dir_close(struct storage *s, int fd)
{
    (void)s;
    close(fd);
}
static ssize_t dir_pread(struct storage *s, int fd, void *data, size_t len, uint64_t off)
{
    (void)s;
    return pread(fd, data, len, (off_t)off);
}
static ssize_t dir_pwrite(struct storage *s, int fd, const void *data, size_t len, uint64_t off)
{
    (void)s;
    return pwrite(fd, data, len, (off_t)off);
}
static int dir_sync(struct storage *s, int fd)
{
    (void)s;
    return fdatasync(fd);
}
static int64_t dir_size(struct storage *s, int fd)
{
    struct stat st;
    (void)s;
    return fstat(fd, &st) < 0 ? -1 : (int64_t)st.st_size;
}
static int dir_rename(struct storage *s, const char *from, const char *to)
{
    return renameat(self(s)->fd, from, self(s)->fd, to);
}
static int dir_remove(struct storage *s, const char *name)
{
    return unlinkat(self(s)->fd, name, 0);
}
static int dir_sync_dir(struct storage *s)
{
    return fsync(self(s)->fd);
}
static int dir_list(struct storage *s, void (*visit)(void *arg, const char *name), void *arg)
{
    int fd = openat(self(s)->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (!dir) {
        if (fd >= 0)
            close(fd);
        return -1;
    }
    for (struct dirent *e; (e = readdir(dir));)
        if (e->d_name[0] != '.')
            visit(arg, e->d_name);
    closedir(dir);
    return 0;
}
static void dir_destroy(struct storage *s)
{
    if (self(s)->fd >= 0)
        close(self(s)->fd);
    free(s);
}

static const struct storage_ops dir_ops = {
    .open = dir_open, .open_direct = dir_open_direct, .close = dir_close, .pread = dir_pread, .pwrite = dir_pwrite,
    .sync = dir_sync, .size = dir_size, .rename = dir_rename, .remove = dir_remove,
    .sync_dir = dir_sync_dir, .list = dir_list, .destroy = dir_destroy,
};

struct storage *storage_dir_open(const char *path, struct error *err)
{
    if (mkdir(path, 0700) < 0 && errno != EEXIST) {
        error_set(err, errno, "cannot make state folder %s: %s", path, strerror(errno));
        return NULL;
    }
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) < 0) {
        error_set(err, errno, "cannot open state folder %s: %s", path, strerror(errno));
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    if (st.st_uid != geteuid() || (st.st_mode & 0077)) {
        error_set(err, BRE_CONFIG,
                  "state folder %s has owner %u and mode %04o: it must belong to uid %u with mode 0700 "
                  "(chown, chmod)",
                  path, (unsigned)st.st_uid, (unsigned)st.st_mode & 07777, (unsigned)geteuid());
        close(fd);
        return NULL;
    }
    struct storage_dir *d = xcalloc(1, sizeof(*d));
    d->base.ops = &dir_ops;
    d->fd = fd;
    return &d->base;
}

int storage_read_full(struct storage *s, int fd, void *data, size_t len, uint64_t off)
{
    for (size_t done = 0; done < len;) {
        ssize_t n = s->ops->pread(s, fd, (char *)data + done, len - done, off + done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            if (n == 0)
                errno = EIO;
            return -1;
        }
        done += (size_t)n;
    }
    return 0;
}

int storage_write_full(struct storage *s, int fd, const void *data, size_t len, uint64_t off)
{
    for (size_t done = 0; done < len;) {
        ssize_t n = s->ops->pwrite(s, fd, (const char *)data + done, len - done, off + done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            if (n == 0)
                errno = EIO;
            return -1;
        }
        done += (size_t)n;
    }
    return 0;
}
