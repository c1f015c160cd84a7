/* crc32c.c - by the CPU's instruction where the compiler may use it, else by table, a byte at a
 * time.  The table is const, made by a macro at compile time. */
#include "config.h"

#include <string.h>

#include "bramblectld/journal/crc32c.h"

#define POLY 0x82f63b78u
#define S(c) ((c) & 1 ? ((c) >> 1) ^ POLY : (c) >> 1)
#if defined(__x86_64__) && defined(__GNUC__)
#define HAVE_SSE42 1
#include <immintrin.h>
#elif defined(__ARM_FEATURE_CRC32)
#include <arm_acle.h>
#endif

/* Half-byte tables: 2 x 16 entries are small enough to write with a macro. */
#define N4(n) S(S(S(S((uint32_t)(n)))))
static const uint32_t low_half[16] = {
    N4(0), N4(1), N4(2), N4(3), N4(4), N4(5), N4(6), N4(7),
    N4(8), N4(9), N4(10), N4(11), N4(12), N4(13), N4(14), N4(15),
};

static uint32_t crc_table(uint32_t crc, const uint8_t *p, size_t len)
{
    while (len--) {
        crc ^= *p++;
        crc = (crc >> 4) ^ low_half[crc & 15];
        crc = (crc >> 4) ^ low_half[crc & 15];
    }
    return crc;
}

#ifdef HAVE_SSE42
__attribute__((target("sse4.2"))) static uint32_t crc_hw(uint32_t crc, const uint8_t *p, size_t len)
{
    uint64_t c = crc, word;
    for (; len >= 8; len -= 8, p += 8) {
        memcpy(&word, p, 8);
        c = _mm_crc32_u64(c, word);
    }
    crc = (uint32_t)c;
    while (len--)
        crc = _mm_crc32_u8(crc, *p++);
    return crc;
}
#elif defined(__ARM_FEATURE_CRC32)
static uint32_t crc_hw(uint32_t crc, const uint8_t *p, size_t len)
{
    uint64_t word;
    for (; len >= 8; len -= 8, p += 8) {
        memcpy(&word, p, 8);
        crc = __crc32cd(crc, word);
    }
    while (len--)
        crc = __crc32cb(crc, *p++);
    return crc;
}
#endif

uint32_t crc32c(uint32_t crc, const void *data, size_t len)
{
    crc = ~crc;
#ifdef HAVE_SSE42
    if (__builtin_cpu_supports("sse4.2"))
        return ~crc_hw(crc, data, len);
#elif defined(__ARM_FEATURE_CRC32)
    return ~crc_hw(crc, data, len);
#endif
    return ~crc_table(crc, data, len);
}
