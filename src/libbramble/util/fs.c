/* fs.c - link-free opens, whole reads and writes, removal by walk. */
#include "config.h"
#include "util/fs.h"

#include "util/error.h"
#include "util/mem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#ifdef HAVE_LINUX_OPENAT2_H
#include <linux/openat2.h>
#endif

#define REMOVE_DEPTH_MAX 256
#define READ_STEP 65536

/* Component by component with O_NOFOLLOW, for kernels without openat2(). */
static int open_walk(int dirfd, const char *path, int flags, mode_t mode)
{
    CLEANUP_FREE char *copy = strdup(path);
    CLEANUP_CLOSE int held = -1;
    char *p = copy;
    int at = dirfd;

    if (!copy)
        return -1;
    if (*p == '/') {
        if (dirfd != AT_FDCWD) {
            errno = EXDEV;
            return -1;
        }
        if ((held = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC)) < 0)
            return -1;
        at = held;
    }
    for (;;) {
        char *name, *slash;
        int next;

        while (*p == '/')
            p++;
        name = *p ? p : ".";
        if (!strcmp(name, "..") || !strncmp(name, "../", 3)) {
            errno = dirfd == AT_FDCWD ? EINVAL : EXDEV;
            return -1;
        }
        slash = strchr(name, '/');
        if (!slash || !slash[strspn(slash, "/")]) {
            if (slash)
                *slash = '\0';
            return openat(at, name, flags | O_NOFOLLOW | O_CLOEXEC, mode);
        }
        *slash = '\0';
        next = openat(at, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (next < 0) {
            if (errno == ENOTDIR)
                errno = ELOOP;
            return -1;
        }
        if (held >= 0)
            close(held);
        at = held = next;
        p = slash + 1;
    }
}

int fs_open(int dirfd, const char *path, int flags, mode_t mode)
{
#if defined HAVE_LINUX_OPENAT2_H && defined SYS_openat2
    struct open_how how = {
        .flags = (unsigned)(flags | O_CLOEXEC),
        .mode = flags & (O_CREAT | __O_TMPFILE) ? mode : 0,
        .resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | (dirfd == AT_FDCWD ? 0 : RESOLVE_BENEATH),
    };
    long fd = syscall(SYS_openat2, dirfd, path, &how, sizeof how);

    if (fd >= 0 || (errno != ENOSYS && errno != EPERM))
        return (int)fd;
#endif
    return open_walk(dirfd, path, flags, mode);
}

int fs_open_dir(int dirfd, const char *path, bool make, mode_t mode)
{
    int fd = fs_open(dirfd, path, O_RDONLY | O_DIRECTORY, 0);

    if (fd >= 0 || errno != ENOENT || !make)
        return fd;
    {
        CLEANUP_FREE char *copy = strdup(path);
        CLEANUP_CLOSE int parent = -1;
        char *slash, *name;

        if (!copy)
            return -1;
        while ((slash = strrchr(copy, '/')) && slash != copy && !slash[1])
            *slash = '\0';
        name = slash ? slash + 1 : copy;
        if (slash && slash != copy) {
            *slash = '\0';
            parent = fs_open(dirfd, copy, O_RDONLY | O_DIRECTORY, 0);
        } else {
            parent = fs_open(dirfd, slash ? "/" : ".", O_RDONLY | O_DIRECTORY, 0);
        }
        if (parent < 0 || (mkdirat(parent, name, mode) < 0 && errno != EEXIST))
            return -1;
        return fs_open(parent, name, O_RDONLY | O_DIRECTORY, 0);
    }
}

int fs_make_path(const char *path, mode_t mode, struct error *err)
{
    char part[PATH_MAX];
    CLEANUP_CLOSE int fd = -1;
    const char *p = path;

    if (strlen(path) >= sizeof part)
        return error_set(err, ENAMETOOLONG, "folder %.64s...: the path is too long", path);
    fd = open(*p == '/' ? "/" : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    while (fd >= 0 && *(p += strspn(p, "/"))) {
        size_t len = strcspn(p, "/");
        int next;

        memcpy(part, p, len);
        part[len] = '\0';
        p += len;
        next = fs_open_dir(fd, part, true, mode);
        if (next < 0 && errno == ELOOP)
            return error_set(err, ELOOP, "folder %s: %s is a symbolic link; name the folder it points to",
                             path, part);
        if (next < 0)
            return error_set(err, errno, "folder %s: cannot open or make %s: %s", path, part,
                             strerror(errno));
        close(fd);
        fd = next;
    }
    if (fd < 0)
        return error_set(err, errno, "folder %s: %s", path, strerror(errno));
    return TAKE_FD(fd);
}

int fs_write_all(int fd, const void *data, size_t len)
{
    const char *p = data;

    while (len) {
        ssize_t n = write(fd, p, len);

        if (n < 0) {
            if (errno == EINTR)
                continue;
            return -1;
        }
        p += n;
        len -= (size_t)n;
    }
    return 0;
}

int fs_pwrite_all(int fd, const void *data, size_t len, off_t at)
{
    const char *p = data;

    while (len) {
        ssize_t n = pwrite(fd, p, len, at);

        if (n < 0) {
            if (errno == EINTR)
                continue;
            return -1;
        }
        p += n;
        at += n;
        len -= (size_t)n;
    }
    return 0;
}

ssize_t fs_read_all(int fd, void *data, size_t len)
{
    size_t got = 0;

    while (got < len) {
        ssize_t n = read(fd, (char *)data + got, len - got);

        if (n < 0) {
            if (errno == EINTR)
                continue;
            return -1;
        }
        if (!n)
            break;
        got += (size_t)n;
    }
    return (ssize_t)got;
}

int fs_read_fd(int fd, const char *name, size_t max_len, char **data, size_t *len, struct error *err)
{
    CLEANUP_FREE char *text = NULL;
    size_t used = 0, cap = 0;

    for (;;) {
        ssize_t n;

        if (cap - used < 2) {
            size_t more = cap ? cap * 2 : 4096;
            char *grown;

            if (more > max_len + 2)
                more = max_len + 2;
            if (more - used < 2 || !(grown = realloc(text, more)))
                return error_set(err, more - used < 2 ? EFBIG : ENOMEM, "%s is larger than %zu bytes",
                                 name, max_len);
            text = grown;
            cap = more;
        }
        n = fs_read_all(fd, text + used, cap - used - 1);
        if (n < 0)
            return error_set(err, errno, "cannot read %s: %s", name, strerror(errno));
        if (!n)
            break;
        used += (size_t)n;
        if (used > max_len)
            return error_set(err, EFBIG, "%s is larger than %zu bytes", name, max_len);
    }
    text[used] = '\0';
    *data = TAKE(text);
    *len = used;
    return 0;
}

int fs_read_file(int dirfd, const char *path, size_t max_len, char **data, size_t *len,
                 struct error *err)
{
    /* O_NONBLOCK: a FIFO must not hold us before we know what it is */
    CLEANUP_CLOSE int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0)
        return error_set(err, errno, "cannot open %s: %s", path, strerror(errno));
    if (S_ISDIR(st.st_mode))
        return error_set(err, EISDIR, "%s is a folder, not a file", path);
    if (!S_ISREG(st.st_mode))
        return error_set(err, EINVAL, "%s is not a regular file", path);
    if (st.st_size > 0 && (uint64_t)st.st_size > max_len)
        return error_set(err, EFBIG, "%s is larger than %zu bytes", path, max_len);
    return fs_read_fd(fd, path, max_len, data, len, err);
}

int fs_sync_dir(int dirfd)
{
    return fsync(dirfd);
}

int fs_replace_file(int dirfd, const char *name, const void *data, size_t len, mode_t mode,
                    struct error *err)
{
    char temp[NAME_MAX + 1];
    CLEANUP_CLOSE int fd = -1;

    if (strchr(name, '/') || (size_t)snprintf(temp, sizeof temp, ".%s.new", name) >= sizeof temp)
        return error_set(err, EINVAL, "cannot write '%.64s': not a file name", name);
    if (unlinkat(dirfd, temp, 0) < 0 && errno != ENOENT)
        return error_set(err, errno, "cannot remove %s: %s", temp, strerror(errno));
    fd = openat(dirfd, temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
    if (fd < 0 || fchmod(fd, mode) < 0 || fs_write_all(fd, data, len) < 0 || fsync(fd) < 0
        || renameat(dirfd, temp, dirfd, name) < 0 || fs_sync_dir(dirfd) < 0) {
        int saved = errno;

        unlinkat(dirfd, temp, 0);
        return error_set(err, saved, "cannot write %s: %s", name, strerror(saved));
    }
    return 0;
}

static int remove_below(int dirfd, const char *name, dev_t dev, int depth, struct error *err)
{
    struct stat st;
    struct dirent *entry;
    DIR *dir;
    int fd, rc = 0;

    if (unlinkat(dirfd, name, 0) == 0 || errno == ENOENT)
        return 0;
    if (errno != EISDIR && errno != EPERM)
        return error_set(err, errno, "cannot remove %s: %s", name, strerror(errno));
    if (depth > REMOVE_DEPTH_MAX)
        return error_set(err, ELOOP, "cannot remove %s: more than %d folders deep", name,
                         REMOVE_DEPTH_MAX);
    fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return error_set(err, errno, "cannot remove %s: %s", name, strerror(errno));
    if (fstat(fd, &st) < 0 || (depth && st.st_dev != dev)) {
        close(fd);
        return error_set(err, EXDEV, "cannot remove %s: another file system is mounted there", name);
    }
    if (!(dir = fdopendir(fd))) {
        close(fd);
        return error_set(err, errno, "cannot remove %s: %s", name, strerror(errno));
    }
    while (!rc && (entry = readdir(dir)))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0
            && remove_below(fd, entry->d_name, st.st_dev, depth + 1, err) < 0)
            rc = error_prefix(err, "%s", name);
    closedir(dir);
    if (!rc && unlinkat(dirfd, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
        rc = error_set(err, errno, "cannot remove %s: %s", name, strerror(errno));
    return rc;
}

int fs_remove_tree(int dirfd, const char *name, struct error *err)
{
    if (!*name || strchr(name, '/') || !strcmp(name, ".") || !strcmp(name, ".."))
        return error_set(err, EINVAL, "cannot remove '%.64s': not a file name", name);
    return remove_below(dirfd, name, 0, 0, err);
}

int fs_check_owner(int fd, const char *path, uid_t uid, bool private, struct error *err)
{
    struct stat st;

    if (fstat(fd, &st) < 0)
        return error_set(err, errno, "%s: %s", path, strerror(errno));
    if (st.st_uid != uid && st.st_uid != 0)
        return error_set(err, EPERM, "%s belongs to uid %u; it must belong to uid %u or root", path,
                         (unsigned)st.st_uid, (unsigned)uid);
    if (st.st_mode & 022)
        return error_set(err, EPERM, "%s has mode %04o; others must not be able to write it (chmod go-w %s)",
                         path, st.st_mode & 07777, path);
    if (private && (st.st_mode & 044))
        return error_set(err, EPERM, "%s has mode %04o; others must not be able to read it (chmod go-r %s)",
                         path, st.st_mode & 07777, path);
    return 0;
}
