/* cgroup_private.h - shared by the files of this room. */
#ifndef BRAMBLE_CGROUP_PRIVATE_H
#define BRAMBLE_CGROUP_PRIVATE_H

#include "cgroup/cgroup.h"

#define CGROUP_PATH_MAX 512
enum { CG_KILL, CG_MEMORY, CG_CPUSET, CG_KINDS }; /* CG_KILL: the v2 group, or v1's freezer */

struct cgroup {
    int version; /* of the group that holds and ends: 1, 2 */
    int memory_version;
    char path[CG_KINDS][CGROUP_PATH_MAX]; /* "": not used */
    bool mem_limited;
    int clone_fd;
    int enter[CGROUP_ENTER_MAX];
    unsigned num_enter;
};

/* Paths of base, by kind, and the version of the memory group.  0: none, else the version. */
int cgroup_base_parse(const char *base, char paths[CG_KINDS][CGROUP_PATH_MAX], int *memory_version);
/* Below group path: -1 with errno. */
int cg_write(const char *path, const char *file, const char *text);
ssize_t cg_read(const char *path, const char *file, char *buf, size_t size);

#endif
