/* crc32c.h - the checksum of journal records (Castagnoli polynomial). */
#ifndef BRAMBLE_JOURNAL_CRC32C_H
#define BRAMBLE_JOURNAL_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* Go on from crc; begin with 0. */
uint32_t crc32c(uint32_t crc, const void *data, size_t len);

#endif
