/* carry.h - the stream by which files reach the nodes of a job: sbcast writes it, the nodes' receiver
 * reads it.  For each file a struct carry_head, the path, the bytes; a head without CARRY_FILE ends it.
 */
#ifndef BRAMBLE_UTIL_CARRY_H
#define BRAMBLE_UTIL_CARRY_H

#include <limits.h>
#include <stdint.h>

enum carry_flag {
    CARRY_FILE = 1,
    CARRY_FORCE = 2,    /* replace what is there */
    CARRY_PRESERVE = 4, /* times too */
    CARRY_PARENT = 8,   /* make the folder it goes to */
};
#define CARRY_MAGIC UINT64_C(0x31454c4946524242) /* "BBRFILE1" in the order of this machine's bytes */
#define CARRY_PATH_MAX PATH_MAX

/* All boards of a cluster are little-endian, and so is this head on the wire. */
struct carry_head {
    uint64_t magic;
    uint32_t flags, mode, path_len, reserved;
    uint64_t size;
    int64_t atime_nsec, mtime_nsec;
};

#endif
