/* bitmap.c - sets of small numbers and their text. */
#include "config.h"
#include "util/bitmap.h"

#include "util/error.h"
#include "util/mem.h"
#include "util/strbuf.h"

#include <ctype.h>
#include <string.h>

struct bitmap *bitmap_create(size_t bits)
{
    struct bitmap *b = xcalloc(1, sizeof *b + (bits + 63) / 64 * sizeof b->words[0]);

    b->bits = bits;
    return b;
}

void bitmap_destroy(struct bitmap *b)
{
    free(b);
}

struct bitmap *bitmap_copy(const struct bitmap *b)
{
    return b ? xmemdup(b, sizeof *b + bitmap_words(b) * sizeof b->words[0]) : NULL;
}

/* Clear what lies past the end in the last word. */
static void bitmap_trim(struct bitmap *b)
{
    if (b->bits % 64)
        b->words[b->bits / 64] &= (UINT64_C(1) << (b->bits % 64)) - 1;
}

struct bitmap *bitmap_resize(struct bitmap *b, size_t bits)
{
    if (!b)
        return bitmap_create(bits);
    size_t old = bitmap_words(b), words = (bits + 63) / 64;

    b = xrealloc(b, sizeof *b + words * sizeof b->words[0]);
    if (words > old)
        memset(b->words + old, 0, (words - old) * sizeof b->words[0]);
    b->bits = bits;
    bitmap_trim(b);
    return b;
}

void bitmap_set_range(struct bitmap *b, size_t first, size_t count)
{
    for (size_t i = first; i < first + count;) {
        if (i % 64 == 0 && first + count - i >= 64) {
            b->words[i / 64] = ~UINT64_C(0);
            i += 64;
        } else {
            bitmap_set(b, i++);
        }
    }
}

void bitmap_fill(struct bitmap *b)
{
    memset(b->words, 0xff, bitmap_words(b) * sizeof b->words[0]);
    bitmap_trim(b);
}

void bitmap_zero(struct bitmap *b)
{
    memset(b->words, 0, bitmap_words(b) * sizeof b->words[0]);
}

void bitmap_assign(struct bitmap *dst, const struct bitmap *src)
{
    memcpy(dst->words, src->words, bitmap_words(dst) * sizeof dst->words[0]);
}

void bitmap_and(struct bitmap *dst, const struct bitmap *src)
{
    for (size_t i = 0; i < bitmap_words(dst); i++)
        dst->words[i] &= src->words[i];
}

void bitmap_or(struct bitmap *dst, const struct bitmap *src)
{
    for (size_t i = 0; i < bitmap_words(dst); i++)
        dst->words[i] |= src->words[i];
}

void bitmap_and_not(struct bitmap *dst, const struct bitmap *src)
{
    for (size_t i = 0; i < bitmap_words(dst); i++)
        dst->words[i] &= ~src->words[i];
}

void bitmap_not(struct bitmap *b)
{
    for (size_t i = 0; i < bitmap_words(b); i++)
        b->words[i] = ~b->words[i];
    bitmap_trim(b);
}

bool bitmap_equal(const struct bitmap *a, const struct bitmap *b)
{
    return a->bits == b->bits && !memcmp(a->words, b->words, bitmap_words(a) * sizeof a->words[0]);
}

bool bitmap_is_empty(const struct bitmap *b)
{
    for (size_t i = 0; i < bitmap_words(b); i++)
        if (b->words[i])
            return false;
    return true;
}

bool bitmap_is_subset(const struct bitmap *a, const struct bitmap *of)
{
    for (size_t i = 0; i < bitmap_words(a); i++)
        if (a->words[i] & ~of->words[i])
            return false;
    return true;
}

bool bitmap_overlaps(const struct bitmap *a, const struct bitmap *b)
{
    for (size_t i = 0; i < bitmap_words(a); i++)
        if (a->words[i] & b->words[i])
            return true;
    return false;
}

size_t bitmap_count(const struct bitmap *b)
{
    size_t count = 0;

    for (size_t i = 0; i < bitmap_words(b); i++)
        count += (size_t)__builtin_popcountll(b->words[i]);
    return count;
}

size_t bitmap_count_and(const struct bitmap *a, const struct bitmap *b)
{
    size_t count = 0;

    for (size_t i = 0; i < bitmap_words(a); i++)
        count += (size_t)__builtin_popcountll(a->words[i] & b->words[i]);
    return count;
}

static ssize_t bitmap_scan(const struct bitmap *b, size_t from, uint64_t flip)
{
    size_t i = from / 64;
    uint64_t word;

    if (from >= b->bits)
        return -1;
    word = (b->words[i] ^ flip) & (~UINT64_C(0) << (from % 64));
    while (!word) {
        if (++i >= bitmap_words(b))
            return -1;
        word = b->words[i] ^ flip;
    }
    i = i * 64 + (size_t)__builtin_ctzll(word);
    return i < b->bits ? (ssize_t)i : -1;
}

ssize_t bitmap_next(const struct bitmap *b, size_t from)
{
    return bitmap_scan(b, from, 0);
}

ssize_t bitmap_next_clear(const struct bitmap *b, size_t from)
{
    return bitmap_scan(b, from, ~UINT64_C(0));
}

ssize_t bitmap_nth(const struct bitmap *b, size_t n)
{
    for (size_t i = 0; i < bitmap_words(b); i++) {
        size_t here = (size_t)__builtin_popcountll(b->words[i]);

        if (n < here) {
            uint64_t word = b->words[i];

            while (n--)
                word &= word - 1;
            return (ssize_t)(i * 64 + (size_t)__builtin_ctzll(word));
        }
        n -= here;
    }
    return -1;
}

/* Read a decimal number below limit.  -1 with err set. */
static int read_number(const char **p, size_t limit, size_t *number, const char *text, struct error *err)
{
    size_t value = 0;

    if (!isdigit((unsigned char)**p))
        return error_set(err, BRE_INVAL, "list '%.64s': a number is missing at character %zu", text,
                         (size_t)(*p - text) + 1);
    for (; isdigit((unsigned char)**p); ++*p) {
        value = value * 10 + (size_t)(**p - '0');
        if (value >= limit)
            return error_set(err, BRE_INVAL, "list '%.64s': numbers must be below %zu", text, limit);
    }
    *number = value;
    return 0;
}

/* Walk the ranges of text; with b, set them.  *end becomes one past the highest number. */
static int read_ranges(const char *text, size_t limit, struct bitmap *b, size_t *end, struct error *err)
{
    const char *p = text;

    *end = 0;
    if (!*p)
        return 0;
    for (;;) {
        size_t first, last;

        if (read_number(&p, limit, &first, text, err) < 0)
            return -1;
        last = first;
        if (*p == '-') {
            p++;
            if (read_number(&p, limit, &last, text, err) < 0)
                return -1;
        }
        if (last < first)
            return error_set(err, BRE_INVAL, "list '%.64s': range %zu-%zu runs backwards", text, first, last);
        if (b)
            bitmap_set_range(b, first, last - first + 1);
        if (last >= *end)
            *end = last + 1;
        if (!*p)
            return 0;
        if (*p != ',')
            return error_set(err, BRE_INVAL, "list '%.64s': unexpected character at %zu", text,
                             (size_t)(p - text) + 1);
        p++;
    }
}

struct bitmap *bitmap_parse(const char *text, size_t bits, struct error *err)
{
    struct bitmap *b;
    size_t end;

    if (read_ranges(text, bits, NULL, &end, err) < 0)
        return NULL;
    b = bitmap_create(bits);
    read_ranges(text, bits, b, &end, NULL);
    return b;
}

struct bitmap *bitmap_parse_any(const char *text, size_t max_bits, struct error *err)
{
    size_t end;

    return read_ranges(text, max_bits, NULL, &end, err) < 0 ? NULL : bitmap_parse(text, end, err);
}

char *bitmap_format(const struct bitmap *b)
{
    struct strbuf sb = STRBUF_INIT;

    for (ssize_t i = bitmap_next(b, 0); i >= 0;) {
        ssize_t end = bitmap_next_clear(b, (size_t)i);

        if (end < 0)
            end = (ssize_t)b->bits;
        strbuf_addf(&sb, sb.len ? ",%zd" : "%zd", i);
        if (end - i > 1)
            strbuf_addf(&sb, "-%zd", end - 1);
        i = bitmap_next(b, (size_t)end);
    }
    return strbuf_take(&sb);
}
