/* record.h - the format of segment and snapshot files.
 *
 * A file is a header block and then records.  A record is a header of 32 bytes and its payload,
 * filled up with zeros to 16 bytes.  All numbers are little-endian.
 *
 *   record header   u32 payload length, u32 magic, u64 seq, u64 synced, u32 crc of payload, u32 crc of
 *                   the 28 bytes before
 *   file header     u64 magic, u32 version, u32 zero, u64 cluster-wide first seq, u64 incarnation,
 *                   u32 zero, u32 crc of the 36 bytes before; zeros to FILE_HEADER bytes
 *
 * synced is the last sequence number that was on disk when the record was written.  So a bad
 * record that a later record calls synced is damage, and one that none does may have been torn.
 */
#ifndef BRAMBLE_JOURNAL_RECORD_H
#define BRAMBLE_JOURNAL_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FILE_HEADER 4096u
#define RECORD_HEADER 32u
#define RECORD_ALIGN 16u
#define RECORD_MAX (64u << 20)
#define SECTOR 512u

#define SEGMENT_MAGIC 0x314745534a524242ull  /* "BBRJSEG1" */
#define SNAPSHOT_MAGIC 0x31504e534a524242ull /* "BBRJSNP1" */
#define FORMAT_VERSION 1u

/* DATA: a record of ours.  END: the last of a snapshot.  SKIP: made by recovery; sequence numbers go
 * on after the u64 in it, because those up to it were seen before the damage. */
enum record_kind { RECORD_DATA = 0x44524a42, RECORD_END = 0x45524a42, RECORD_SKIP = 0x53524a42 };

struct record_head {
    uint32_t len;
    uint32_t kind;
    uint64_t seq, synced;
    uint32_t payload_crc;
};
struct file_head {
    uint64_t magic;
    uint32_t version;
    uint64_t first_seq, incarnation;
};

static inline size_t record_size(size_t len)
{
    return RECORD_HEADER + ((len + RECORD_ALIGN - 1) & ~(size_t)(RECORD_ALIGN - 1));
}
/* Write header and padding around a payload of len bytes; out has record_size(len) bytes. */
void record_pack(uint8_t *out, enum record_kind kind, uint64_t seq, uint64_t synced, const void *data, size_t len);
/* false: these 32 bytes are no valid header. */
bool record_head_parse(const uint8_t *in, struct record_head *head);
/* Is the payload behind a valid header whole, padding included? */
bool record_body_valid(const uint8_t *record, const struct record_head *head);

void file_head_pack(uint8_t out[FILE_HEADER], const struct file_head *head);
bool file_head_parse(const uint8_t in[FILE_HEADER], struct file_head *head);

bool bytes_are_zero(const uint8_t *data, size_t len);

#endif
