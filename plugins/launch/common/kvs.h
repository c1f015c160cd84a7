/* kvs.h - the key-value space of a step, as PMI knows it: text keys, text values, put before a
 * fence, read after it. */
#ifndef BRAMBLE_LAUNCH_KVS_H
#define BRAMBLE_LAUNCH_KVS_H

#include <stddef.h>
#include <stdint.h>

struct kvs;
struct kvs *kvs_create(void); /* NULL: no memory */
void kvs_destroy(struct kvs *kvs);
/* Both are copied.  A second put of a key replaces its value.  -1: no memory. */
int kvs_put(struct kvs *kvs, const char *key, const char *value);
const char *kvs_get(const struct kvs *kvs, const char *key); /* borrowed until the next put, or NULL */
/* All pairs as "key\0value\0...": malloc'ed, *len bytes.  NULL: no memory. */
char *kvs_pack(const struct kvs *kvs, size_t *len);
/* Put what kvs_pack() made.  -1: not of that form, or no memory. */
int kvs_unpack(struct kvs *kvs, const void *data, size_t len);
void kvs_clear(struct kvs *kvs);

#endif
