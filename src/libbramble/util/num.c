/* num.c - strict numbers from text. */
#include "config.h"
#include "util/num.h"

#include "util/error.h"
#include "util/mem.h"
#include "util/strbuf.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

/* Digits from *p on; false when there are none or the value does not fit. */
static bool read_u64(const char **p, uint64_t *value)
{
    const char *start = *p;

    *value = 0;
    for (; isdigit((unsigned char)**p); ++*p)
        if (__builtin_mul_overflow(*value, 10, value)
            || __builtin_add_overflow(*value, (uint64_t)(**p - '0'), value)) {
            while (isdigit((unsigned char)**p))
                ++*p;
            return false;
        }
    return *p != start;
}

static int refuse_u64(const char *text, uint64_t min, uint64_t max, const char *what, struct error *err)
{
    return error_set(err, BRE_INVAL, "%s: '%.64s' is not a number from %" PRIu64 " to %" PRIu64, what,
                     text, min, max);
}

int num_parse_u64(const char *text, uint64_t min, uint64_t max, uint64_t *value, const char *what,
                  struct error *err)
{
    const char *p = text;
    uint64_t number;

    if (!read_u64(&p, &number) || *p || number < min || number > max)
        return refuse_u64(text, min, max, what, err);
    *value = number;
    return 0;
}

int num_parse_u32(const char *text, uint32_t min, uint32_t max, uint32_t *value, const char *what,
                  struct error *err)
{
    uint64_t number;

    if (num_parse_u64(text, min, max, &number, what, err) < 0)
        return -1;
    *value = (uint32_t)number;
    return 0;
}

int num_parse_i64(const char *text, int64_t min, int64_t max, int64_t *value, const char *what,
                  struct error *err)
{
    bool negative = *text == '-';
    const char *p = text + (*text == '-' || *text == '+');
    uint64_t number;
    int64_t result;

    if (!read_u64(&p, &number) || *p || number > (uint64_t)INT64_MAX)
        goto refuse;
    result = negative ? -(int64_t)number : (int64_t)number;
    if (result < min || result > max)
        goto refuse;
    *value = result;
    return 0;
refuse:
    return error_set(err, BRE_INVAL, "%s: '%.64s' is not a number from %" PRId64 " to %" PRId64, what,
                     text, min, max);
}

/* Power of 1024 of a suffix letter; -1: none. */
static int suffix_power(char c)
{
    static const char letters[] = "BKMGTP";
    const char *at = c ? strchr(letters, toupper((unsigned char)c)) : NULL;

    return at ? (int)(at - letters) : -1;
}

static int size_parse(const char *text, char unit, uint64_t *number, int *power)
{
    const char *p = text;

    if (!read_u64(&p, number))
        return -1;
    *power = suffix_power(*p ? *p : unit);
    if (*power < 0)
        return -1;
    if (*p)
        p++;
    if (*power && (*p == 'i' || *p == 'I') && (p[1] == 'b' || p[1] == 'B'))
        p++;
    if (*power && (*p == 'b' || *p == 'B'))
        p++;
    return *p ? -1 : 0;
}

static int size_refuse(const char *text, const char *what, struct error *err)
{
    return error_set(err, BRE_INVAL, "%s: '%.64s' is not a size such as 512M, 4G or 2T", what, text);
}

int size_parse_bytes(const char *text, char unit, uint64_t *bytes, const char *what, struct error *err)
{
    uint64_t number;
    int power;

    if (size_parse(text, unit, &number, &power) < 0
        || __builtin_mul_overflow(number, UINT64_C(1) << (10 * power), &number))
        return size_refuse(text, what, err);
    *bytes = number;
    return 0;
}

int size_parse_mb(const char *text, uint64_t *mb, const char *what, struct error *err)
{
    uint64_t number;
    int power;

    if (size_parse(text, 'M', &number, &power) < 0)
        return size_refuse(text, what, err);
    if (power >= 2) {
        if (__builtin_mul_overflow(number, UINT64_C(1) << (10 * (power - 2)), &number))
            return size_refuse(text, what, err);
    } else {
        int shift = 10 * (2 - power);

        number = (number >> shift) + !!(number & ((UINT64_C(1) << shift) - 1));
    }
    *mb = number;
    return 0;
}

char *counts_format(const uint32_t *counts, size_t num)
{
    struct strbuf sb = STRBUF_INIT;

    for (size_t i = 0; i < num;) {
        size_t same = i + 1;

        while (same < num && counts[same] == counts[i])
            same++;
        strbuf_addf(&sb, sb.len ? ",%" PRIu32 : "%" PRIu32, counts[i]);
        if (same - i > 1)
            strbuf_addf(&sb, "(x%zu)", same - i);
        i = same;
    }
    return strbuf_take(&sb);
}

int counts_parse(const char *text, size_t max_num, uint32_t **counts, size_t *num, struct error *err)
{
    CLEANUP_FREE uint32_t *result = NULL;
    const char *p = text;
    size_t total = 0;

    do {
        uint64_t count, repeat = 1;

        if (!read_u64(&p, &count) || count > UINT32_MAX)
            goto refuse;
        if (p[0] == '(' && p[1] == 'x') {
            p += 2;
            if (!read_u64(&p, &repeat) || !repeat || *p++ != ')')
                goto refuse;
        }
        if (repeat > max_num - total)
            return error_set(err, BRE_INVAL, "counts '%.64s': more than %zu nodes", text, max_num);
        result = xreallocarray(result, total + repeat, sizeof *result);
        for (uint64_t i = 0; i < repeat; i++)
            result[total++] = (uint32_t)count;
    } while (*p == ',' && *++p);
    if (*p || p[-1] == ',')
        goto refuse;
    *counts = TAKE(result);
    *num = total;
    return 0;
refuse:
    return error_set(err, BRE_INVAL, "counts '%.64s': expected numbers such as 4(x3),1", text);
}
