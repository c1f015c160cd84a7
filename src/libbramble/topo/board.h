/* board.h - what the kernel says about this board: class, memory, identity.
 *
 * Every path stands below a root folder, "" for the real one, so that tests can supply a tree.
 * Every source may be missing; what is unknown stays empty or 0.
 */
#ifndef BRAMBLE_TOPO_BOARD_H
#define BRAMBLE_TOPO_BOARD_H

#include <stdint.h>

struct board {
    char hw_class[32]; /* "pi3", "pi4", "pi5", or "generic" */
    char model[128];   /* "Raspberry Pi 4 Model B Rev 1.4" */
    char serial[64];
    char arch[65];     /* uname -m: of the kernel */
    char abi[32];      /* of this program, as Debian names it: "arm64", "armhf", "amd64" */
    char os[256];      /* uname -s -r -v */
    char boot_id[64];
    int64_t boot_time; /* seconds since the epoch, by the wall clock of now */
    uint64_t mem_mb, free_mem_mb; /* MemTotal, MemAvailable */
};
void board_read(const char *root, struct board *b);
/* The two that change: memory available, and the one-minute load x 100. */
uint64_t board_free_mem_mb(const char *root);
uint32_t board_load_pct(const char *root);
/* Size of the file system of path, in MiB; 0: unknown. */
uint64_t board_disk_mb(const char *path);

#endif
