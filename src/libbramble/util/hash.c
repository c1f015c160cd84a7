/* hash.c - open addressing; a removal shifts later entries back, so there are no tombstones. */
#include "config.h"
#include "util/hash.h"

#include "util/mem.h"

#include <string.h>

#define HASH_MIN_SLOTS 16

uint64_t hash_u64(uint64_t x)
{
    x ^= x >> 32;
    x *= 0xd6e8feb86659fd93u;
    x ^= x >> 32;
    x *= 0xd6e8feb86659fd93u;
    x ^= x >> 32;
    return x;
}

/* FNV-1a, finished by hash_u64() since only low bits choose the slot.  Names come from the site's
 * configuration or are bounded per user, so that a chosen collision hurts nobody else. */
uint64_t hash_bytes(const void *data, size_t len)
{
    const unsigned char *p = data;
    uint64_t h = 0xcbf29ce484222325u;

    for (size_t i = 0; i < len; i++)
        h = (h ^ p[i]) * 0x100000001b3u;
    return hash_u64(h);
}

uint64_t hash_text(const char *text)
{
    return hash_bytes(text, strlen(text));
}

/* The two tables differ in key type, hash and comparison only. */
#define HASH_TABLE(map, key_t, HASH, SAME)                                                     \
    static size_t map##_slot(const struct map *m, key_t key)                                   \
    {                                                                                          \
        size_t i = (size_t)HASH(key) & m->mask;                                                \
                                                                                               \
        while (m->slots[i].value && !SAME(m->slots[i].key, key))                               \
            i = (i + 1) & m->mask;                                                             \
        return i;                                                                              \
    }                                                                                          \
    static void map##_resize(struct map *m, size_t num_slots)                                  \
    {                                                                                          \
        struct map old = *m;                                                                   \
                                                                                               \
        m->slots = xcalloc(num_slots, sizeof *m->slots);                                       \
        m->mask = num_slots - 1;                                                               \
        for (size_t i = 0; old.slots && i <= old.mask; i++)                                    \
            if (old.slots[i].value)                                                            \
                m->slots[map##_slot(m, old.slots[i].key)] = old.slots[i];                      \
        free(old.slots);                                                                       \
    }                                                                                          \
    void map##_fini(struct map *m)                                                             \
    {                                                                                          \
        free(m->slots);                                                                        \
        *m = (struct map){ 0 };                                                                \
    }                                                                                          \
    void map##_clear(struct map *m)                                                            \
    {                                                                                          \
        map##_fini(m);                                                                         \
    }                                                                                          \
    void *map##_find(const struct map *m, key_t key)                                           \
    {                                                                                          \
        return m->count ? m->slots[map##_slot(m, key)].value : NULL;                           \
    }                                                                                          \
    void *map##_put(struct map *m, key_t key, void *value)                                     \
    {                                                                                          \
        size_t i;                                                                              \
        void *old;                                                                             \
                                                                                               \
        if (!m->slots)                                                                         \
            map##_resize(m, HASH_MIN_SLOTS);                                                   \
        else if (m->count + 1 > (m->mask + 1) / 4 * 3)                                         \
            map##_resize(m, (m->mask + 1) * 2);                                                \
        i = map##_slot(m, key);                                                                \
        old = m->slots[i].value;                                                               \
        m->slots[i].key = key;                                                                 \
        m->slots[i].value = value;                                                             \
        m->count += !old;                                                                      \
        return old;                                                                            \
    }                                                                                          \
    void *map##_remove(struct map *m, key_t key)                                               \
    {                                                                                          \
        size_t hole, i;                                                                        \
        void *old;                                                                             \
                                                                                               \
        if (!m->count)                                                                         \
            return NULL;                                                                       \
        hole = map##_slot(m, key);                                                             \
        old = m->slots[hole].value;                                                            \
        if (!old)                                                                              \
            return NULL;                                                                       \
        for (i = (hole + 1) & m->mask; m->slots[i].value; i = (i + 1) & m->mask) {             \
            size_t home = (size_t)HASH(m->slots[i].key) & m->mask;                             \
                                                                                               \
            if (((i - home) & m->mask) >= ((i - hole) & m->mask)) {                            \
                m->slots[hole] = m->slots[i];                                                  \
                hole = i;                                                                      \
            }                                                                                  \
        }                                                                                      \
        m->slots[hole].value = NULL;                                                           \
        m->count--;                                                                            \
        if (m->mask + 1 > HASH_MIN_SLOTS && m->count < (m->mask + 1) / 8)                      \
            map##_resize(m, (m->mask + 1) / 2);                                                \
        return old;                                                                            \
    }                                                                                          \
    void *map##_next(const struct map *m, size_t *pos, key_t *key)                             \
    {                                                                                          \
        for (; m->slots && *pos <= m->mask; ++*pos)                                            \
            if (m->slots[*pos].value) {                                                        \
                if (key)                                                                       \
                    *key = m->slots[*pos].key;                                                 \
                return m->slots[(*pos)++].value;                                               \
            }                                                                                  \
        return NULL;                                                                           \
    }

#define SAME_ID(a, b) ((a) == (b))
#define SAME_TEXT(a, b) (strcmp(a, b) == 0)
HASH_TABLE(idmap, uint64_t, hash_u64, SAME_ID)
typedef const char *strmap_key_t;
HASH_TABLE(strmap, strmap_key_t, hash_text, SAME_TEXT)
