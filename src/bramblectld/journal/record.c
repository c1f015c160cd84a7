/* record.c - packing and checking of journal records. */
#include "config.h"

#include <endian.h>
#include <string.h>

#include "bramblectld/journal/crc32c.h"
#include "bramblectld/journal/record.h"

static void put32(uint8_t *p, uint32_t v)
{
    v = htole32(v);
    memcpy(p, &v, 4);
}
static void put64(uint8_t *p, uint64_t v)
{
    v = htole64(v);
    memcpy(p, &v, 8);
}
static uint32_t get32(const uint8_t *p)
{
    uint32_t v;
    memcpy(&v, p, 4);
    return le32toh(v);
}
static uint64_t get64(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, 8);
    return le64toh(v);
}

bool bytes_are_zero(const uint8_t *data, size_t len)
{
    return len == 0 || (data[0] == 0 && memcmp(data, data + 1, len - 1) == 0);
}

void record_pack(uint8_t *out, enum record_kind kind, uint64_t seq, uint64_t synced, const void *data, size_t len)
{
    put32(out, (uint32_t)len);
    put32(out + 4, kind);
    put64(out + 8, seq);
    put64(out + 16, synced);
    put32(out + 24, crc32c(0, data, len));
    put32(out + 28, crc32c(0, out, 28));
    if (len)
        memcpy(out + RECORD_HEADER, data, len);
    memset(out + RECORD_HEADER + len, 0, record_size(len) - RECORD_HEADER - len);
}

bool record_head_parse(const uint8_t *in, struct record_head *head)
{
    head->len = get32(in);
    head->kind = get32(in + 4);
    head->seq = get64(in + 8);
    head->synced = get64(in + 16);
    head->payload_crc = get32(in + 24);
    return (head->kind == RECORD_DATA || head->kind == RECORD_END || head->kind == RECORD_SKIP)
           && head->len <= RECORD_MAX
           && get32(in + 28) == crc32c(0, in, 28);
}

bool record_body_valid(const uint8_t *record, const struct record_head *head)
{
    size_t whole = record_size(head->len);
    return crc32c(0, record + RECORD_HEADER, head->len) == head->payload_crc
           && bytes_are_zero(record + RECORD_HEADER + head->len, whole - RECORD_HEADER - head->len);
}

void file_head_pack(uint8_t out[FILE_HEADER], const struct file_head *head)
{
    memset(out, 0, FILE_HEADER);
    put64(out, head->magic);
    put32(out + 8, head->version);
    put64(out + 16, head->first_seq);
    put64(out + 24, head->incarnation);
    put32(out + 36, crc32c(0, out, 36));
}

bool file_head_parse(const uint8_t in[FILE_HEADER], struct file_head *head)
{
    head->magic = get64(in);
    head->version = get32(in + 8);
    head->first_seq = get64(in + 16);
    head->incarnation = get64(in + 24);
    return get32(in + 36) == crc32c(0, in, 36) && bytes_are_zero(in + 40, FILE_HEADER - 40);
}
