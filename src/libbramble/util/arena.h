/* arena.h - memory that is taken bit by bit and given back at once.
 *
 * For what is decoded from one message or scribbled in one scheduling pass.  Nothing in an arena is
 * freed alone.  An arena may carry a cap: beyond it arena_alloc() returns NULL, so that sizes which
 * came from a peer cannot take more; without a cap a failed allocation ends the process.
 */
#ifndef BRAMBLE_UTIL_ARENA_H
#define BRAMBLE_UTIL_ARENA_H

#include <stddef.h>

struct arena_chunk;
struct arena {
    struct arena_chunk *chunks; /* newest first */
    char *next, *end;           /* free part of the newest chunk */
    size_t taken;               /* bytes of all chunks */
    size_t cap;                 /* 0: none */
    size_t chunk_size;
};

/* chunk_size 0: 4096.  Nothing is allocated before the first use. */
void arena_init(struct arena *a, size_t chunk_size, size_t cap);
void arena_fini(struct arena *a);  /* frees everything; the arena may be used again */
void arena_reset(struct arena *a); /* the same, but keeps one chunk for reuse */
/* Aligned for any object; not cleared.  NULL only when the arena has a cap and it is reached. */
void *arena_alloc(struct arena *a, size_t size);
void *arena_calloc(struct arena *a, size_t count, size_t size);
void *arena_memdup(struct arena *a, const void *data, size_t size);
char *arena_strdup(struct arena *a, const char *text);              /* NULL for NULL */
char *arena_strndup(struct arena *a, const char *text, size_t max); /* NULL for NULL */
char *arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
size_t arena_taken(const struct arena *a);

#endif
