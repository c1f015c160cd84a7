/* memdisk.c - the disk in memory. */
#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memdisk.h"
#include "util/mem.h"

#define MAX_FILES 256

enum op_kind { OP_CREATE, OP_WRITE, OP_SYNC, OP_RENAME, OP_REMOVE, OP_SYNC_DIR };
struct op {
    enum op_kind kind;
    int inode;
    uint64_t off;
    size_t len;
    uint8_t *data;
    char from[64], to[64];
};
struct file {
    uint8_t *data;
    size_t len, cap;
    bool direct;
};
struct name {
    char text[64];
    int inode;
};
struct memdisk {
    struct storage storage; /* first */
    pthread_mutex_t lock;
    struct file inodes[MAX_FILES];
    int num_inodes;
    struct name names[MAX_FILES];
    size_t num_names;
    struct op *ops;
    size_t num_ops, cap_ops, syncs, fail_op;
    int fail_error;
    bool fail_always, fail_set;
    uint64_t limit, written;
};

static struct memdisk *self(struct storage *s)
{
    return (struct memdisk *)s;
}

static bool offer_direct;

void memdisk_offer_direct(bool direct)
{
    offer_direct = direct;
}

static int name_find(const struct memdisk *d, const char *text)
{
    for (size_t i = 0; i < d->num_names; i++)
        if (strcmp(d->names[i].text, text) == 0)
            return (int)i;
    return -1;
}

static struct op *log_op(struct memdisk *d, enum op_kind kind, int inode)
{
    if (d->num_ops == d->cap_ops)
        d->ops = xreallocarray(d->ops, d->cap_ops = d->cap_ops ? d->cap_ops * 2 : 256, sizeof(*d->ops));
    struct op *op = &d->ops[d->num_ops++];
    memset(op, 0, sizeof(*op));
    op->kind = kind;
    op->inode = inode;
    return op;
}

static bool fails(struct memdisk *d)
{
    if (!d->fail_set || d->num_ops < d->fail_op)
        return false;
    if (!d->fail_always)
        d->fail_set = false;
    errno = d->fail_error;
    return true;
}

static void file_write(struct file *f, const void *data, size_t len, uint64_t off)
{
    if (off + len > f->cap) {
        f->cap = (off + len) * 2;
        f->data = xrealloc(f->data, f->cap);
    }
    if (off + len > f->len) {
        memset(f->data + f->len, 0, off + len - f->len);
        f->len = off + len;
    }
    memcpy(f->data + off, data, len);
}

static int name_add(struct memdisk *d, const char *text, int inode)
{
    struct name *n = &d->names[d->num_names++];
    snprintf(n->text, sizeof(n->text), "%s", text);
    n->inode = inode;
    return 0;
}

static void name_remove(struct memdisk *d, const char *text)
{
    int i = name_find(d, text);
    if (i >= 0)
        d->names[i] = d->names[--d->num_names];
}

static int mem_open(struct storage *s, const char *name, bool create)
{
    struct memdisk *d = self(s);
    int rc = -1;
    pthread_mutex_lock(&d->lock);
    int i = name_find(d, name);
    if (create && i >= 0) {
        errno = EEXIST;
    } else if (!create && i < 0) {
        errno = ENOENT;
    } else if (!create) {
        rc = d->names[i].inode;
        d->inodes[rc].direct = false;
    } else if (!fails(d) && d->num_inodes < MAX_FILES) {
        rc = d->num_inodes++;
        name_add(d, name, rc);
        snprintf(log_op(d, OP_CREATE, rc)->to, 64, "%s", name);
    }
    pthread_mutex_unlock(&d->lock);
    return rc;
}

static int mem_open_direct(struct storage *s, const char *name, size_t *block)
{
    int fd = offer_direct ? mem_open(s, name, false) : -1;
    if (fd >= 0)
        self(s)->inodes[fd].direct = true;
    *block = 512;
    return fd;
}

static void mem_close(struct storage *s, int fd)
{
    (void)s;
    (void)fd;
}

static ssize_t mem_pread(struct storage *s, int fd, void *data, size_t len, uint64_t off)
{
    struct memdisk *d = self(s);
    pthread_mutex_lock(&d->lock);
    struct file *f = &d->inodes[fd];
    size_t n = off >= f->len ? 0 : f->len - off < len ? f->len - off : len;
    if (n)
        memcpy(data, f->data + off, n);
    pthread_mutex_unlock(&d->lock);
    return (ssize_t)n;
}

static uint64_t used(const struct memdisk *d)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < d->num_names; i++)
        sum += d->inodes[d->names[i].inode].len;
    return sum;
}

static ssize_t mem_pwrite(struct storage *s, int fd, const void *data, size_t len, uint64_t off)
{
    struct memdisk *d = self(s);
    ssize_t rc = -1;
    pthread_mutex_lock(&d->lock);
    struct file *f = &d->inodes[fd];
    uint64_t more = off + len > f->len ? off + len - f->len : 0;
    if (d->limit && more && used(d) + more > d->limit) {
        errno = ENOSPC;
    } else if (f->direct && (off % 512 || len % 512 || (uintptr_t)data % 512)) {
        abort(); /* the journal would put up with it */
    } else if (!fails(d)) {
        struct op *op = log_op(d, OP_WRITE, fd);
        op->off = off;
        op->len = len;
        op->data = xmemdup(data, len);
        file_write(f, data, len, off);
        d->written += len;
        rc = (ssize_t)len;
    }
    pthread_mutex_unlock(&d->lock);
    return rc;
}

static int simple(struct memdisk *d, enum op_kind kind, int inode)
{
    int rc = -1;
    pthread_mutex_lock(&d->lock);
    if (!fails(d)) {
        log_op(d, kind, inode);
        if (kind == OP_SYNC)
            d->syncs++;
        rc = 0;
    }
    pthread_mutex_unlock(&d->lock);
    return rc;
}

static int mem_sync(struct storage *s, int fd)
{
    return simple(self(s), OP_SYNC, fd);
}
static int mem_sync_dir(struct storage *s)
{
    return simple(self(s), OP_SYNC_DIR, -1);
}
static int64_t mem_size(struct storage *s, int fd)
{
    return (int64_t)self(s)->inodes[fd].len;
}

static void apply_rename(struct memdisk *d, const char *from, const char *to)
{
    int i = name_find(d, from);
    if (i < 0)
        return;
    int inode = d->names[i].inode;
    name_remove(d, from);
    name_remove(d, to);
    name_add(d, to, inode);
}

static int mem_rename(struct storage *s, const char *from, const char *to)
{
    struct memdisk *d = self(s);
    int rc = -1;
    pthread_mutex_lock(&d->lock);
    if (name_find(d, from) < 0) {
        errno = ENOENT;
    } else if (!fails(d)) {
        struct op *op = log_op(d, OP_RENAME, -1);
        snprintf(op->from, 64, "%s", from);
        snprintf(op->to, 64, "%s", to);
        apply_rename(d, from, to);
        rc = 0;
    }
    pthread_mutex_unlock(&d->lock);
    return rc;
}

static int mem_remove(struct storage *s, const char *name)
{
    struct memdisk *d = self(s);
    int rc = -1;
    pthread_mutex_lock(&d->lock);
    if (name_find(d, name) < 0) {
        errno = ENOENT;
    } else if (!fails(d)) {
        snprintf(log_op(d, OP_REMOVE, -1)->from, 64, "%s", name);
        name_remove(d, name);
        rc = 0;
    }
    pthread_mutex_unlock(&d->lock);
    return rc;
}

static int mem_list(struct storage *s, void (*visit)(void *arg, const char *name), void *arg)
{
    struct memdisk *d = self(s);
    for (size_t i = 0; i < d->num_names; i++)
        visit(arg, d->names[i].text);
    return 0;
}
static void mem_destroy(struct storage *s)
{
    (void)s;
}

static const struct storage_ops mem_ops = {
    .open = mem_open, .open_direct = mem_open_direct, .close = mem_close, .pread = mem_pread, .pwrite = mem_pwrite, .sync = mem_sync,
    .size = mem_size, .rename = mem_rename, .remove = mem_remove, .sync_dir = mem_sync_dir, .list = mem_list,
    .destroy = mem_destroy,
};

struct memdisk *memdisk_create(void)
{
    struct memdisk *d = xcalloc(1, sizeof(*d));
    d->storage.ops = &mem_ops;
    pthread_mutex_init(&d->lock, NULL);
    return d;
}

void memdisk_destroy(struct memdisk *d)
{
    if (!d)
        return;
    for (int i = 0; i < d->num_inodes; i++)
        free(d->inodes[i].data);
    for (size_t i = 0; i < d->num_ops; i++)
        free(d->ops[i].data);
    free(d->ops);
    pthread_mutex_destroy(&d->lock);
    free(d);
}

struct storage *memdisk_storage(struct memdisk *d)
{
    return &d->storage;
}
size_t memdisk_num_ops(struct memdisk *d)
{
    pthread_mutex_lock(&d->lock); /* a worker may be at it */
    size_t num = d->num_ops;
    pthread_mutex_unlock(&d->lock);
    return num;
}
size_t memdisk_num_syncs(const struct memdisk *d)
{
    return d->syncs;
}
uint64_t memdisk_bytes_written(const struct memdisk *d)
{
    return d->written;
}
void memdisk_fail_at(struct memdisk *d, size_t op, int error, bool always)
{
    d->fail_op = op;
    d->fail_error = error;
    d->fail_always = always;
    d->fail_set = true;
}
void memdisk_limit(struct memdisk *d, uint64_t bytes)
{
    pthread_mutex_lock(&d->lock);
    d->limit = bytes;
    pthread_mutex_unlock(&d->lock);
}
size_t memdisk_files(const struct memdisk *d)
{
    return d->num_names;
}
const char *memdisk_file_name(const struct memdisk *d, size_t i)
{
    return d->names[i].text;
}
uint8_t *memdisk_file_data(struct memdisk *d, size_t i, size_t *len)
{
    *len = d->inodes[d->names[i].inode].len;
    return d->inodes[d->names[i].inode].data;
}

/* ---- after a power cut ---- */

static bool chance(unsigned *state, unsigned seed)
{
    if (seed < 2)
        return seed == 1;
    return rand_r(state) & 1;
}

static void write_torn(struct file *f, const struct op *op, size_t sector, unsigned *state, unsigned seed)
{
    for (uint64_t off = op->off; off < op->off + op->len;) {
        uint64_t end = (off / sector + 1) * sector;
        if (end > op->off + op->len)
            end = op->off + op->len;
        if (chance(state, seed))
            file_write(f, op->data + (off - op->off), end - off, off);
        off = end;
    }
}

struct memdisk *memdisk_image(const struct memdisk *d, size_t upto, unsigned seed, size_t sector)
{
    struct memdisk *out = memdisk_create();
    unsigned state = seed * 2654435761u + (unsigned)upto;
    size_t dir_synced = 0;
    out->num_inodes = d->num_inodes;
    for (size_t i = 0; i < upto; i++)
        if (d->ops[i].kind == OP_SYNC_DIR)
            dir_synced = i;
    /* Folder changes since then: a prefix of them has happened. */
    size_t dir_upto = upto;
    if (seed == 0)
        dir_upto = dir_synced;
    else if (seed > 1 && upto > dir_synced)
        dir_upto = dir_synced + (size_t)rand_r(&state) % (upto - dir_synced + 1);
    for (size_t i = 0; i < upto; i++) {
        const struct op *op = &d->ops[i];
        bool synced = false;
        if (op->kind == OP_WRITE) {
            for (size_t k = i + 1; k < upto && !synced; k++)
                synced = d->ops[k].kind == OP_SYNC && d->ops[k].inode == op->inode;
            struct file *f = &out->inodes[op->inode];
            if (synced)
                file_write(f, op->data, op->len, op->off);
            else
                write_torn(f, op, sector, &state, seed);
        } else if (i < dir_upto) {
            if (op->kind == OP_CREATE)
                name_add(out, op->to, op->inode);
            else if (op->kind == OP_RENAME)
                apply_rename(out, op->from, op->to);
            else if (op->kind == OP_REMOVE)
                name_remove(out, op->from);
        }
    }
    return out;
}
