/* cgroup.c - one step's group: making, entering, removing, and what it tells. */
#include "config.h"
#include "cgroup/cgroup_private.h"

#include "util/error.h"
#include "util/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int cg_write(const char *path, const char *file, const char *text)
{
    char full[CGROUP_PATH_MAX + 64];
    CLEANUP_CLOSE int fd = -1;

    snprintf(full, sizeof full, "%s/%s", path, file);
    fd = open(full, O_WRONLY | O_CLOEXEC);
    return fd < 0 || write(fd, text, strlen(text)) < 0 ? -1 : 0;
}

ssize_t cg_read(const char *path, const char *file, char *buf, size_t size)
{
    char full[CGROUP_PATH_MAX + 64];
    CLEANUP_CLOSE int fd = -1;
    ssize_t n;

    snprintf(full, sizeof full, "%s/%s", path, file);
    fd = open(full, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    n = read(fd, buf, size - 1);
    buf[n > 0 ? n : 0] = '\0';
    return n;
}

static const char *after(const char *p, size_t len, const char *name)
{
    size_t skip = strlen(name);

    return len >= skip && !strncmp(p, name, skip) ? p + skip : NULL;
}

int cgroup_base_parse(const char *base, char paths[CG_KINDS][CGROUP_PATH_MAX], int *memory_version)
{
    static const char *const v1_names[CG_KINDS] = { "freezer=", "memory=", "cpuset=" };
    int version = !base ? 0 : !strncmp(base, "v1:", 3) ? 1 : !strncmp(base, "v2:", 3) ? 2 : 0;

    for (int kind = 0; kind < CG_KINDS; kind++)
        paths[kind][0] = '\0';
    *memory_version = version;
    for (const char *p = version ? base + 3 : ""; *p;) {
        size_t len = strcspn(p, ";");
        const char *path;

        for (int kind = 0; version == 1 && kind < CG_KINDS; kind++)
            if ((path = after(p, len, v1_names[kind])))
                snprintf(paths[kind], CGROUP_PATH_MAX, "%.*s", (int)(p + len - path), path);
        if (version == 2 && *p == '/') {
            snprintf(paths[CG_KILL], CGROUP_PATH_MAX, "%.*s", (int)len, p);
        } else if (version == 2 && (path = after(p, len, "v1memory="))) {
            snprintf(paths[CG_MEMORY], CGROUP_PATH_MAX, "%.*s", (int)(p + len - path), path);
            *memory_version = 1;
        } else if (version == 2 && after(p, len, "memory")) {
            memcpy(paths[CG_MEMORY], paths[CG_KILL], CGROUP_PATH_MAX);
        } else if (version == 2 && after(p, len, "cpuset")) {
            memcpy(paths[CG_CPUSET], paths[CG_KILL], CGROUP_PATH_MAX);
        }
        p += len + (p[len] == ';');
    }
    return paths[CG_KILL][0] ? version : 0;
}

static struct cgroup *cgroup_at(const char *base, const char *name)
{
    struct cgroup *cg = xcalloc(1, sizeof *cg);

    cg->clone_fd = -1;
    cg->version = cgroup_base_parse(base, cg->path, &cg->memory_version);
    for (int kind = 0; kind < CG_KINDS; kind++)
        if (cg->path[kind][0]) {
            size_t len = strlen(cg->path[kind]);

            snprintf(cg->path[kind] + len, CGROUP_PATH_MAX - len, "/%s", name);
        }
    if (cg->version)
        return cg;
    cgroup_free(cg);
    return NULL;
}


/* v1 wants both filled in before a process may enter; the memory nodes are the parent's. */
static int fill_cpuset_v1(const char *path, const char *cpus, struct error *err)
{
    char parent[CGROUP_PATH_MAX], value[1024], *slash;

    snprintf(parent, sizeof parent, "%s", path);
    if ((slash = strrchr(parent, '/')))
        *slash = '\0';
    if (cg_read(parent, "cpuset.mems", value, sizeof value) < 0 || cg_write(path, "cpuset.mems", value) < 0)
        return error_set(err, errno, "cannot set cpuset.mems of %s: %s", path, strerror(errno));
    if (!cpus || !*cpus) {
        if (cg_read(parent, "cpuset.cpus", value, sizeof value) < 0)
            return error_set(err, errno, "cannot read cpuset.cpus of %s: %s", parent, strerror(errno));
        cpus = value;
    }
    if (cg_write(path, "cpuset.cpus", cpus) < 0)
        return error_set(err, errno, "cannot set cpuset.cpus of %s to %s: %s", path, cpus, strerror(errno));
    return 0;
}

/* The group, and the agent's above it should somebody have tidied that away. */
static int make_group(const struct cgroup *cg, int kind, struct error *err)
{
    const char *path = cg->path[kind];
    char parent[CGROUP_PATH_MAX];

    if (mkdir(path, 0755) == 0 || errno == EEXIST)
        return 0;
    if (errno == ENOENT) {
        snprintf(parent, sizeof parent, "%.*s", (int)(strrchr(path, '/') - path), path);
        if (mkdir(parent, 0755) == 0 && cg->version == 1 && kind == CG_CPUSET
            && fill_cpuset_v1(parent, NULL, err) < 0)
            return -1;
        if (mkdir(path, 0755) == 0 || errno == EEXIST)
            return 0;
    }
    return error_set(err, errno, "cannot make cgroup %s: %s", path, strerror(errno));
}

static int set_memory(struct cgroup *cg, uint64_t mem_mb, struct error *err)
{
    const char *path = cg->path[CG_MEMORY];
    char value[32];

    snprintf(value, sizeof value, "%llu", (unsigned long long)mem_mb << 20);
    if (cg_write(path, cg->memory_version == 1 ? "memory.limit_in_bytes" : "memory.max", value) < 0)
        return error_set(err, errno, "cannot limit the memory of %s: %s", path, strerror(errno));
    cg->mem_limited = true;
    /* Where swap is counted it must not become a way round the limit. */
    if (cg->memory_version == 1)
        cg_write(path, "memory.memsw.limit_in_bytes", value);
    else
        cg_write(path, "memory.swap.max", "0");
    return 0;
}

static int open_enter(struct cgroup *cg, struct error *err)
{
    if (cg->version == 2) {
        cg->clone_fd = open(cg->path[CG_KILL], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (cg->clone_fd < 0)
            return error_set(err, errno, "cannot open %s: %s", cg->path[CG_KILL], strerror(errno));
    }
    for (int kind = 0; kind < CG_KINDS; kind++) {
        char full[CGROUP_PATH_MAX + 64];
        int fd;

        if (!cg->path[kind][0] || (kind != CG_KILL && !strcmp(cg->path[kind], cg->path[CG_KILL])))
            continue; /* v2: one group for all */
        snprintf(full, sizeof full, "%s/cgroup.procs", cg->path[kind]);
        if ((fd = open(full, O_WRONLY | O_CLOEXEC)) < 0)
            return error_set(err, errno, "cannot open %s: %s", full, strerror(errno));
        cg->enter[cg->num_enter++] = fd;
    }
    return 0;
}

struct cgroup *cgroup_create(const char *base, const char *name, const struct cgroup_limits *limits,
                             struct error *err)
{
    struct cgroup *cg = cgroup_at(base, name);

    error_clear(err);
    if (!cg)
        return NULL;
    if (!limits->mem_mb)
        cg->path[CG_MEMORY][0] = '\0'; /* no group that nothing asks for: they cost kernel memory */
    if (!limits->cpus || !*limits->cpus)
        cg->path[CG_CPUSET][0] = '\0';
    for (int kind = 0; kind < CG_KINDS; kind++)
        if (cg->path[kind][0] && make_group(cg, kind, err) < 0)
            goto fail;
    if (cg->path[CG_CPUSET][0] && cg->version == 1
        && fill_cpuset_v1(cg->path[CG_CPUSET], limits->cpus, err) < 0)
        goto fail;
    if (cg->path[CG_CPUSET][0] && cg->version == 2
        && cg_write(cg->path[CG_CPUSET], "cpuset.cpus", limits->cpus) < 0) {
        error_set(err, errno, "cannot set cpuset.cpus of %s to %s: %s", cg->path[CG_CPUSET], limits->cpus,
                  strerror(errno));
        goto fail;
    }
    if (cg->path[CG_MEMORY][0] && set_memory(cg, limits->mem_mb, err) < 0)
        goto fail;
    if (open_enter(cg, err) < 0)
        goto fail;
    return cg;
fail:
    cgroup_remove(cg);
    return NULL;
}

struct cgroup *cgroup_find(const char *base, const char *name)
{
    struct cgroup *cg = cgroup_at(base, name);

    if (!cg)
        return NULL;
    for (int kind = 0; kind < CG_KINDS; kind++)
        if (cg->path[kind][0] && access(cg->path[kind], F_OK) < 0)
            cg->path[kind][0] = '\0';
    if (cg->path[CG_KILL][0])
        return cg;
    cgroup_free(cg);
    return NULL;
}

void cgroup_close_enter(struct cgroup *cg)
{
    if (!cg)
        return;
    for (unsigned i = 0; i < cg->num_enter; i++)
        close(cg->enter[i]);
    cg->num_enter = 0;
    if (cg->clone_fd >= 0)
        close(cg->clone_fd);
    cg->clone_fd = -1;
}

void cgroup_free(struct cgroup *cg)
{
    int saved = errno;

    cgroup_close_enter(cg);
    free(cg);
    errno = saved;
}

int cgroup_remove(struct cgroup *cg)
{
    if (!cg)
        return 0;
    for (int kind = 0; kind < CG_KINDS; kind++)
        if (cg->path[kind][0]) {
            if (rmdir(cg->path[kind]) < 0 && errno == EBUSY)
                return -1;
            cg->path[kind][0] = '\0';
        }
    cgroup_free(cg);
    return 0;
}

int cgroup_clone_fd(const struct cgroup *cg)
{
    return cg ? cg->clone_fd : -1;
}

unsigned cgroup_enter_fds(struct cgroup *cg, int fds[CGROUP_ENTER_MAX])
{
    if (!cg)
        return 0;
    memcpy(fds, cg->enter, sizeof cg->enter);
    return cg->num_enter;
}

bool cgroup_limits_memory(const struct cgroup *cg)
{
    return cg && cg->mem_limited;
}

unsigned long cgroup_oom_kills(const struct cgroup *cg)
{
    char buf[1024], *p;

    if (!cg || !cg->path[CG_MEMORY][0])
        return 0;
    if (cg_read(cg->path[CG_MEMORY], cg->memory_version == 1 ? "memory.oom_control" : "memory.events", buf, sizeof buf) <= 0
        || !(p = strstr(buf, "oom_kill ")))
        return 0;
    return strtoul(p + strlen("oom_kill "), NULL, 10);
}
