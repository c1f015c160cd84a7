/* codec_arena.h - the memory of one decoded message: capped, and freed in one go. */
#ifndef BRAMBLE_RPC_CODEC_ARENA_H
#define BRAMBLE_RPC_CODEC_ARENA_H

#include <protobuf-c/protobuf-c.h>
#include <stddef.h>

struct codec_arena;

/* For a message of wire_len bytes; NULL when memory is gone. */
struct codec_arena *codec_arena_create(size_t wire_len);
void codec_arena_destroy(struct codec_arena *a);
ProtobufCAllocator *codec_arena_allocator(struct codec_arena *a);
/* The arena whose first allocation first is. */
struct codec_arena *codec_arena_of(void *first);

#endif
