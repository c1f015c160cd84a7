/* fs.h - files and folders by descriptor, without following links.
 *
 * A privileged process works below folders of its own only, and through these: no component of a
 * path may be a symbolic link, removal walks by descriptor, and what was written is on disk before
 * it is promised.
 */
#ifndef BRAMBLE_UTIL_FS_H
#define BRAMBLE_UTIL_FS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct error;

/* open() below dirfd (AT_FDCWD: path may then be absolute): no component may be a symbolic link, and
 * with a dirfd path may not leave it.  O_CLOEXEC is added.  -1 with errno. */
int fs_open(int dirfd, const char *path, int flags, mode_t mode);
/* Open a folder so, making its last component with mode when it is missing. */
int fs_open_dir(int dirfd, const char *path, bool make, mode_t mode);
/* Make a folder and its missing parents, link-free, and open it.  -1 with err set. */
int fs_make_path(const char *path, mode_t mode, struct error *err);

int fs_write_all(int fd, const void *data, size_t len);           /* -1 with errno */
int fs_pwrite_all(int fd, const void *data, size_t len, off_t at);/* -1 with errno */
/* Read until len bytes or the end.  Bytes read, or -1 with errno. */
ssize_t fs_read_all(int fd, void *data, size_t len);

/* A whole regular file of at most max_len bytes, with a NUL behind it (not counted).  *data is the
 * caller's to free().  FIFOs, devices and folders are refused and never waited for. */
int fs_read_file(int dirfd, const char *path, size_t max_len, char **data, size_t *len,
                 struct error *err);
/* The same from an open descriptor of any readable kind (a pipe, a /proc file). */
int fs_read_fd(int fd, const char *name, size_t max_len, char **data, size_t *len, struct error *err);
/* Write a new file beside, sync it, rename it over name, sync the folder. */
int fs_replace_file(int dirfd, const char *name, const void *data, size_t len, mode_t mode,
                    struct error *err);
/* Remove name below dirfd and everything in it, without crossing links or file systems.  A missing
 * name is no failure. */
int fs_remove_tree(int dirfd, const char *name, struct error *err);
int fs_sync_dir(int dirfd); /* fsync of a folder; -1 with errno */

/* The file must belong to root or uid and be writable by no other.  private: readable by none
 * either.  -1 with one clear line in err. */
int fs_check_owner(int fd, const char *path, uid_t uid, bool private, struct error *err);

#endif
