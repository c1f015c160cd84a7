/* storage.h - the few file operations that the journal needs, as a table.
 *
 * The journal does all its I/O through this table, so that a test can record, reorder, tear or fail
 * it.  Names are plain file names in one folder.  Operations return -1 with errno set.  They may be
 * called from several workers at once, on different files.
 */
#ifndef BRAMBLE_JOURNAL_STORAGE_H
#define BRAMBLE_JOURNAL_STORAGE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { STORAGE_BLOCK_MAX = 4096 };

struct error;
struct storage;
struct storage_ops {
    /* Open for reading and writing; create makes the file (0600) and fails if it is there. */
    int (*open)(struct storage *s, const char *name, bool create);
    /* Open for writing past the page cache, in whole blocks at multiples of *block (a power of two of at most
     * STORAGE_BLOCK_MAX) from memory that is aligned so.  -1: this storage cannot do that. */
    int (*open_direct)(struct storage *s, const char *name, size_t *block);
    void (*close)(struct storage *s, int fd);
    ssize_t (*pread)(struct storage *s, int fd, void *data, size_t len, uint64_t off);
    ssize_t (*pwrite)(struct storage *s, int fd, const void *data, size_t len, uint64_t off);
    int (*sync)(struct storage *s, int fd); /* fdatasync */
    int64_t (*size)(struct storage *s, int fd);
    int (*rename)(struct storage *s, const char *from, const char *to);
    int (*remove)(struct storage *s, const char *name);
    int (*sync_dir)(struct storage *s);
    int (*list)(struct storage *s, void (*visit)(void *arg, const char *name), void *arg);
    void (*destroy)(struct storage *s);
};
/* First member of every implementation. */
struct storage {
    const struct storage_ops *ops;
};

/* Files in a folder.  Makes the folder (0700) when it is missing; refuses one that is not the
 * caller's own or that others may enter. */
struct storage *storage_dir_open(const char *path, struct error *err);

/* All of it, or -1. */
int storage_read_full(struct storage *s, int fd, void *data, size_t len, uint64_t off);
int storage_write_full(struct storage *s, int fd, const void *data, size_t len, uint64_t off);

#endif
