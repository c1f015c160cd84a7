/* codec_arena.c - small pieces from a chunk, large ones from malloc(), all of it counted.
 *
 * protobuf-c takes the message itself first, so a decoded message finds its arena just before it.
 */
#include "config.h"
#include "rpc/codec_arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
    ALIGN = 16,
    CHUNK_MAX = 65536,
    LARGE = 16384, /* protobuf-c frees its lists of members while it works: give large ones back */
};

struct block {
    struct block *next, *prev;
    size_t size;
    size_t pad;
};

struct codec_arena {
    ProtobufCAllocator allocator;
    struct block *chunks, *large;
    uint8_t *at, *end;
    size_t taken, cap, next_chunk;
    uint8_t first[] __attribute__((aligned(ALIGN)));
};

static size_t round_up(size_t size)
{
    return (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
}

static struct block *block_take(struct codec_arena *a, size_t size)
{
    struct block *b;

    if (size > a->cap - a->taken || !(b = malloc(sizeof *b + size)))
        return NULL;
    a->taken += size;
    b->size = size;
    b->prev = NULL;
    return b;
}

static void *arena_alloc(void *data, size_t size)
{
    struct codec_arena *a = data;
    struct block *b;
    void *p;

    if (size > a->cap)
        return NULL;
    size = round_up(size ? size : 1);
    if (size <= (size_t)(a->end - a->at)) {
        p = a->at;
        a->at += size;
        return p;
    }
    if (size >= LARGE) {
        if (!(b = block_take(a, size)))
            return NULL;
        b->next = a->large;
        if (a->large)
            a->large->prev = b;
        a->large = b;
        return b + 1;
    }
    if (a->next_chunk < size)
        a->next_chunk = size;
    if (!(b = block_take(a, a->next_chunk)) && !(b = block_take(a, size)))
        return NULL;
    b->next = a->chunks;
    a->chunks = b;
    p = b + 1;
    a->at = (uint8_t *)p + size;
    a->end = (uint8_t *)p + b->size;
    a->next_chunk = b->size * 2 < CHUNK_MAX ? b->size * 2 : CHUNK_MAX;
    return p;
}

static void arena_free(void *data, void *p)
{
    struct codec_arena *a = data;

    for (struct block *b = a->large; b; b = b->next)
        if (b + 1 == p) {
            if (b->prev)
                b->prev->next = b->next;
            else
                a->large = b->next;
            if (b->next)
                b->next->prev = b->prev;
            a->taken -= b->size;
            free(b);
            return;
        }
}

struct codec_arena *codec_arena_create(size_t wire_len)
{
    size_t first = round_up(wire_len < 4096 ? 768 + wire_len * 3 : 12288);
    struct codec_arena *a = malloc(sizeof *a + first);
    size_t by_length = ((size_t)1 << 20) + 64 * wire_len, ceiling = ((size_t)96 << 20) + 3 * wire_len;

    if (!a)
        return NULL;
    a->allocator.alloc = arena_alloc;
    a->allocator.free = arena_free;
    a->allocator.allocator_data = a;
    a->chunks = a->large = NULL;
    a->at = a->first;
    a->end = a->first + first;
    a->taken = 0;
    a->cap = by_length < ceiling ? by_length : ceiling;
    a->next_chunk = first;
    return a;
}

static void blocks_free(struct block *b)
{
    while (b) {
        struct block *next = b->next;

        free(b);
        b = next;
    }
}

void codec_arena_destroy(struct codec_arena *a)
{
    if (!a)
        return;
    blocks_free(a->chunks);
    blocks_free(a->large);
    free(a);
}

ProtobufCAllocator *codec_arena_allocator(struct codec_arena *a)
{
    return &a->allocator;
}

struct codec_arena *codec_arena_of(void *first)
{
    return (struct codec_arena *)((uint8_t *)first - offsetof(struct codec_arena, first));
}
