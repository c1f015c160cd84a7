/* memdisk.h - a disk in memory for tests of the journal: it records, forgets, tears and fails.
 *
 * Everything is written to the log of operations.  memdisk_image() builds what a machine would find
 * after a power cut at a given operation: what was synced is there, of what was not any
 * sector may be missing, and folder changes that were not synced may be undone from the newest on.
 */
#ifndef TEST_MEMDISK_H
#define TEST_MEMDISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bramblectld/journal/storage.h"

struct memdisk;

struct memdisk *memdisk_create(void);
void memdisk_destroy(struct memdisk *d);
/* Disks that are made from now on offer writing past the page cache, and take no other kind of write
 * into a file that was opened so. */
void memdisk_offer_direct(bool direct);
/* What journal_open() takes; its destroy leaves the disk alone. */
struct storage *memdisk_storage(struct memdisk *d);
size_t memdisk_num_ops(struct memdisk *d);
size_t memdisk_num_syncs(const struct memdisk *d);
uint64_t memdisk_bytes_written(const struct memdisk *d);
/* A new disk as after a power cut before operation op; unsynced data goes by chance of seed, in pieces of
 * sector bytes.  seed 0: all of it is lost; 1: all of it is kept. */
struct memdisk *memdisk_image(const struct memdisk *d, size_t op, unsigned seed, size_t sector);
/* From operation op on (counted from the disk's creation): fail once with error, or always. */
void memdisk_fail_at(struct memdisk *d, size_t op, int error, bool always);
/* Bytes that all files together may have; writes beyond fail with ENOSPC. 0: no limit. */
void memdisk_limit(struct memdisk *d, uint64_t bytes);
/* Files, for damage: size, and change of a byte. */
size_t memdisk_files(const struct memdisk *d);
const char *memdisk_file_name(const struct memdisk *d, size_t i);
uint8_t *memdisk_file_data(struct memdisk *d, size_t i, size_t *len);

#endif
