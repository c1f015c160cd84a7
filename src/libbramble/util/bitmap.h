/* bitmap.h - sets of small numbers: nodes, cores, CPUs.
 *
 * A bitmap has a fixed size from bitmap_create() on; bits beyond it do not exist (tests say false,
 * sets are a programming error).  The operations on two bitmaps need equal sizes.
 */
#ifndef BRAMBLE_UTIL_BITMAP_H
#define BRAMBLE_UTIL_BITMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct error;

struct bitmap {
    size_t bits;
    uint64_t words[]; /* bits past the end are always 0 */
};

struct bitmap *bitmap_create(size_t bits);                    /* all clear */
struct bitmap *bitmap_copy(const struct bitmap *b);           /* NULL for NULL */
struct bitmap *bitmap_resize(struct bitmap *b, size_t bits);  /* like realloc(), NULL too; new bits are clear */
void bitmap_destroy(struct bitmap *b);                        /* NULL is allowed */

static inline size_t bitmap_words(const struct bitmap *b)
{
    return (b->bits + 63) / 64;
}
static inline bool bitmap_test(const struct bitmap *b, size_t i)
{
    return i < b->bits && (b->words[i / 64] >> (i % 64) & 1);
}
static inline void bitmap_set(struct bitmap *b, size_t i)
{
    b->words[i / 64] |= UINT64_C(1) << (i % 64);
}
static inline void bitmap_unset(struct bitmap *b, size_t i)
{
    b->words[i / 64] &= ~(UINT64_C(1) << (i % 64));
}

void bitmap_set_range(struct bitmap *b, size_t first, size_t count);
void bitmap_fill(struct bitmap *b);
void bitmap_zero(struct bitmap *b);
void bitmap_assign(struct bitmap *dst, const struct bitmap *src);
void bitmap_and(struct bitmap *dst, const struct bitmap *src);
void bitmap_or(struct bitmap *dst, const struct bitmap *src);
void bitmap_and_not(struct bitmap *dst, const struct bitmap *src);
void bitmap_not(struct bitmap *b);
bool bitmap_equal(const struct bitmap *a, const struct bitmap *b);
bool bitmap_is_empty(const struct bitmap *b);
bool bitmap_is_subset(const struct bitmap *a, const struct bitmap *of);
bool bitmap_overlaps(const struct bitmap *a, const struct bitmap *b);
size_t bitmap_count(const struct bitmap *b);
size_t bitmap_count_and(const struct bitmap *a, const struct bitmap *b); /* of the intersection */
/* First set (clear) bit at or after from; -1: none. */
ssize_t bitmap_next(const struct bitmap *b, size_t from);
ssize_t bitmap_next_clear(const struct bitmap *b, size_t from);
/* The n-th set bit, counted from 0; -1: there are fewer. */
ssize_t bitmap_nth(const struct bitmap *b, size_t n);

#define bitmap_for_each(b, i) for (ssize_t i = bitmap_next(b, 0); i >= 0; i = bitmap_next(b, (size_t)i + 1))

/* Lists such as "0-3,5" (cores, CPUs, array tasks).  Empty text is the empty set.  Numbers at or
 * above bits are refused.  NULL with err set. */
struct bitmap *bitmap_parse(const char *text, size_t bits, struct error *err);
/* The same, as large as its highest member asks for, which must be below max_bits. */
struct bitmap *bitmap_parse_any(const char *text, size_t max_bits, struct error *err);
char *bitmap_format(const struct bitmap *b); /* caller frees; "" for the empty set */

#endif
