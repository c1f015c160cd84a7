/* hash.h - tables from a number or a name to a pointer.
 *
 * Open addressing with linear probing: two words an entry, one allocation a table.  Keys of a strmap
 * are borrowed and must live as long as the entry (usually they are part of the value).  Values are
 * never NULL.  A table must not change while it is walked, except that idmap_clear() and
 * strmap_clear() may follow the walk.  A zeroed struct is an empty table.
 */
#ifndef BRAMBLE_UTIL_HASH_H
#define BRAMBLE_UTIL_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

uint64_t hash_u64(uint64_t key);
uint64_t hash_bytes(const void *data, size_t len);
uint64_t hash_text(const char *text);

struct idmap_slot {
    uint64_t key;
    void *value; /* NULL: empty */
};
struct idmap {
    struct idmap_slot *slots;
    size_t count, mask; /* mask: slots - 1 */
};
void idmap_fini(struct idmap *m);
void *idmap_find(const struct idmap *m, uint64_t key); /* NULL: none */
/* Put value under key and return what was there before, or NULL. */
void *idmap_put(struct idmap *m, uint64_t key, void *value);
void *idmap_remove(struct idmap *m, uint64_t key); /* what was there, or NULL */
void idmap_clear(struct idmap *m);
/* Walk: *pos starts at 0; NULL at the end.  key may be NULL. */
void *idmap_next(const struct idmap *m, size_t *pos, uint64_t *key);

struct strmap_slot {
    const char *key;
    void *value;
};
struct strmap {
    struct strmap_slot *slots;
    size_t count, mask;
};
void strmap_fini(struct strmap *m);
void *strmap_find(const struct strmap *m, const char *key);
void *strmap_put(struct strmap *m, const char *key, void *value); /* takes over the new key too */
void *strmap_remove(struct strmap *m, const char *key);
void strmap_clear(struct strmap *m);
void *strmap_next(const struct strmap *m, size_t *pos, const char **key);

#endif
