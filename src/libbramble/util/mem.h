/* mem.h - memory that cleans up after itself.
 *
 * x*() end the process when memory is gone (the daemon's supervisor and the journal bring it back);
 * use them for sizes the program chose.  A size that came from a peer or a user is bounded first
 * and then taken with malloc().
 */
#ifndef BRAMBLE_UTIL_MEM_H
#define BRAMBLE_UTIL_MEM_H

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void *xmalloc(size_t size) __attribute__((malloc, returns_nonnull));
void *xcalloc(size_t count, size_t size) __attribute__((malloc, returns_nonnull));
void *xrealloc(void *old, size_t size) __attribute__((returns_nonnull));
void *xreallocarray(void *old, size_t count, size_t size) __attribute__((returns_nonnull));
void *xmemdup(const void *data, size_t size);           /* NULL for NULL */
char *xstrdup(const char *text);                        /* NULL for NULL */
char *xstrndup(const char *text, size_t max);           /* NULL for NULL */
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2), returns_nonnull));
char *xvasprintf(const char *fmt, va_list ap) __attribute__((format(printf, 1, 0)));
/* Overwrite a secret; not optimised away. */
void mem_wipe(void *data, size_t size);

static inline void cleanup_free_fn(void *p)
{
    free(*(void **)p);
}
static inline void cleanup_close_fn(const int *fd)
{
    if (*fd >= 0)
        close(*fd);
}
static inline void cleanup_fclose_fn(FILE **file)
{
    if (*file)
        fclose(*file);
}
#define CLEANUP_FREE __attribute__((cleanup(cleanup_free_fn)))
#define CLEANUP_CLOSE __attribute__((cleanup(cleanup_close_fn)))
#define CLEANUP_FCLOSE __attribute__((cleanup(cleanup_fclose_fn)))
/* Hand the value on and disarm the cleanup. */
#define TAKE(p)                                                                                \
    __extension__({                                                                            \
        __typeof__(p) taken_ = (p);                                                            \
        (p) = NULL;                                                                            \
        taken_;                                                                                \
    })
#define TAKE_FD(fd)                                                                            \
    __extension__({                                                                            \
        int taken_ = (fd);                                                                     \
        (fd) = -1;                                                                             \
        taken_;                                                                                \
    })
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#endif
