/* pack.h - a child process that writes the stream of util/carry.h. */
#ifndef BRAMBLE_SBCAST_PACK_H
#define BRAMBLE_SBCAST_PACK_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct error;

struct pack_file {
    int fd;     /* open for reading */
    char *path; /* on the nodes, absolute */
    uint32_t flags; /* enum carry_flag */
};
/* Start it; returns the end to read from, or -1.  block: bytes read at a time. */
int pack_start(const struct pack_file *files, size_t num, size_t block, pid_t *pid, struct error *err);
/* After the stream was taken or given up.  -1: it could not be written whole, and said why. */
int pack_wait(pid_t pid);

#endif
