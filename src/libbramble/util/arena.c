/* arena.c - a bump allocator in chunks. */
#include "config.h"
#include "util/arena.h"

#include "util/mem.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define ARENA_ALIGN _Alignof(max_align_t)

struct arena_chunk {
    struct arena_chunk *older;
    size_t size; /* of data */
    _Alignas(max_align_t) char data[];
};

void arena_init(struct arena *a, size_t chunk_size, size_t cap)
{
    *a = (struct arena){ .chunk_size = chunk_size ? chunk_size : 4096, .cap = cap };
}

static void arena_free_chunks(struct arena_chunk *chunk)
{
    while (chunk) {
        struct arena_chunk *older = chunk->older;

        free(chunk);
        chunk = older;
    }
}

void arena_fini(struct arena *a)
{
    arena_free_chunks(a->chunks);
    a->chunks = NULL;
    a->next = a->end = NULL;
    a->taken = 0;
}

void arena_reset(struct arena *a)
{
    struct arena_chunk *keep = a->chunks;

    if (!keep)
        return;
    arena_free_chunks(keep->older);
    keep->older = NULL;
    a->next = keep->data;
    a->end = keep->data + keep->size;
    a->taken = keep->size;
}

static bool arena_grow(struct arena *a, size_t size)
{
    size_t want = size > a->chunk_size ? size : a->chunk_size, total;
    struct arena_chunk *chunk;

    if (a->cap && a->taken + size > a->cap)
        return false;
    if (a->cap && a->taken + want > a->cap)
        want = a->cap - a->taken;
    if (__builtin_add_overflow(want, sizeof *chunk, &total))
        return false;
    chunk = a->cap ? malloc(total) : xmalloc(total);
    if (!chunk)
        return false;
    chunk->size = want;
    a->taken += want;
    /* A big object gets a chunk of its own behind the newest, whose rest stays in use. */
    if (a->chunks && size > a->chunk_size / 2 && a->end - a->next > (ptrdiff_t)(want - size)) {
        chunk->older = a->chunks->older;
        a->chunks->older = chunk;
        return true;
    }
    chunk->older = a->chunks;
    a->chunks = chunk;
    a->next = chunk->data;
    a->end = chunk->data + want;
    return true;
}

void *arena_alloc(struct arena *a, size_t size)
{
    struct arena_chunk *newest = a->chunks;
    char *p;

    if (size > SIZE_MAX - 2 * ARENA_ALIGN)
        return a->cap ? NULL : xmalloc(size); /* the latter ends the process */
    size = size ? (size + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN : ARENA_ALIGN;
    if ((size_t)(a->end - a->next) < size) {
        if (!arena_grow(a, size))
            return NULL;
        if (a->chunks == newest) /* it went behind */
            return newest->older->data;
    }
    p = a->next;
    a->next += size;
    return p;
}

void *arena_calloc(struct arena *a, size_t count, size_t size)
{
    size_t total;
    void *p;

    if (__builtin_mul_overflow(count, size, &total))
        total = SIZE_MAX;
    p = arena_alloc(a, total);
    return p ? memset(p, 0, total) : NULL;
}

void *arena_memdup(struct arena *a, const void *data, size_t size)
{
    void *p = arena_alloc(a, size);

    return p && size ? memcpy(p, data, size) : p;
}

char *arena_strndup(struct arena *a, const char *text, size_t max)
{
    size_t len;
    char *copy;

    if (!text)
        return NULL;
    len = strnlen(text, max);
    copy = arena_alloc(a, len + 1);
    if (copy) {
        memcpy(copy, text, len);
        copy[len] = '\0';
    }
    return copy;
}

char *arena_strdup(struct arena *a, const char *text)
{
    return arena_strndup(a, text, SIZE_MAX - 1);
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
    CLEANUP_FREE char *text = NULL;
    va_list ap;

    va_start(ap, fmt);
    text = xvasprintf(fmt, ap);
    va_end(ap);
    return arena_strdup(a, text);
}

size_t arena_taken(const struct arena *a)
{
    return a->taken;
}
