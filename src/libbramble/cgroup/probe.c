/* probe.c - what kind of control groups this node offers, and the agent's own place in them. */
#include "config.h"
#include "cgroup/cgroup_private.h"

#include "util/error.h"
#include "util/mem.h"
#include "util/strbuf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct mounts {
    char v2[CGROUP_PATH_MAX];
    char v1[CG_KINDS][CGROUP_PATH_MAX];
};

/* mountinfo: "36 35 98:0 /root /mount opts - type source superopts" */
static void find_mounts(struct mounts *m)
{
    static const char *const v1_names[CG_KINDS] = { "freezer", "memory", "cpuset" };
    CLEANUP_FCLOSE FILE *file = fopen("/proc/self/mountinfo", "re");
    CLEANUP_FREE char *line = NULL;
    size_t size = 0;

    memset(m, 0, sizeof *m);
    while (file && getline(&line, &size, file) > 0) {
        char root[CGROUP_PATH_MAX], at[CGROUP_PATH_MAX], type[32], *tail, super[CGROUP_PATH_MAX];

        if (sscanf(line, "%*d %*d %*s %511s %511s", root, at) != 2 || !(tail = strstr(line, " - "))
            || sscanf(tail, " - %31s %*s %511s", type, super) != 2)
            continue;
        if (!strcmp(type, "cgroup2") && !m->v2[0])
            snprintf(m->v2, sizeof m->v2, "%s", at);
        if (strcmp(type, "cgroup") != 0)
            continue;
        for (int kind = 0; kind < CG_KINDS; kind++) {
            char *save = NULL, copy[CGROUP_PATH_MAX];

            snprintf(copy, sizeof copy, "%s", super);
            for (char *word = strtok_r(copy, ",", &save); word; word = strtok_r(NULL, ",", &save))
                if (!strcmp(word, v1_names[kind]) && !m->v1[kind][0])
                    snprintf(m->v1[kind], CGROUP_PATH_MAX, "%s", at);
        }
    }
}

/* The agent's own group in the v2 tree ("/system.slice/brambled.service"), "" for the root. */
static void own_v2_group(char *buf, size_t size)
{
    CLEANUP_FCLOSE FILE *file = fopen("/proc/self/cgroup", "re");
    char line[CGROUP_PATH_MAX];

    buf[0] = '\0';
    while (file && fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = '\0';
        if (!strncmp(line, "0::/", 4) && line[4] && !strstr(line, ".."))
            snprintf(buf, size, "%s", line + 3);
    }
}

/* dir/bramble.NAME; -1 when it cannot be made. */
static int make_own(const char *dir, const char *name, char *path)
{
    if (snprintf(path, CGROUP_PATH_MAX, "%s/bramble.%s", dir, name) >= CGROUP_PATH_MAX - 64) {
        errno = ENAMETOOLONG;
        return -1;
    }
    if (mkdir(path, 0755) < 0 && errno != EEXIST)
        return -1;
    return access(path, W_OK);
}

static bool has_word(const char *text, const char *word)
{
    size_t len = strlen(word);

    for (const char *p = text; (p = strstr(p, word)); p += len)
        if ((p == text || p[-1] == ' ') && (!p[len] || p[len] == ' ' || p[len] == '\n'))
            return true;
    return false;
}

/* Make controllers available below path, one by one: whichever the kernel gives. */
static void enable_controllers(const char *path)
{
    static const char *const wanted[] = { "+memory", "+cpuset", "+pids" };
    char buf[256];

    if (cg_read(path, "cgroup.controllers", buf, sizeof buf) < 0)
        return;
    for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
        if (has_word(buf, wanted[i] + 1))
            cg_write(path, "cgroup.subtree_control", wanted[i]);
}

/* A process group of its own for the agent when it sits in a delegated group, since a v2 group that
 * gives controllers to its children may have no processes. */
static void step_aside(const char *own)
{
    char leaf[CGROUP_PATH_MAX + 16];

    snprintf(leaf, sizeof leaf, "%s/agent", own);
    if (mkdir(leaf, 0755) == 0 || errno == EEXIST)
        cg_write(leaf, "cgroup.procs", "0");
}

static int probe_v2(const struct mounts *m, const char *name, bool need_controllers, struct strbuf *base)
{
    char own[CGROUP_PATH_MAX], dir[CGROUP_PATH_MAX], path[CGROUP_PATH_MAX], buf[256];

    if (!m->v2[0])
        return -1;
    own_v2_group(own, sizeof own);
    if (snprintf(dir, sizeof dir, "%s%s", m->v2, own) >= (int)sizeof dir || access(dir, W_OK) < 0)
        return -1;
    if (cg_read(dir, "cgroup.controllers", buf, sizeof buf) < 0)
        return -1;
    if (need_controllers && !has_word(buf, "memory") && !has_word(buf, "cpuset") && !has_word(buf, "pids"))
        return -1;
    if (own[0])
        step_aside(dir);
    enable_controllers(dir);
    if (make_own(dir, name, path) < 0)
        return -1;
    enable_controllers(path);
    strbuf_addf(base, "v2:%s", path);
    if (cg_read(path, "cgroup.subtree_control", buf, sizeof buf) > 0) {
        if (has_word(buf, "memory"))
            strbuf_add(base, ";memory");
        if (has_word(buf, "cpuset"))
            strbuf_add(base, ";cpuset");
    }
    return 0;
}

static int probe_v1(const struct mounts *m, const char *name, struct strbuf *base)
{
    char path[CGROUP_PATH_MAX], value[1024];

    if (!m->v1[CG_KILL][0] || make_own(m->v1[CG_KILL], name, path) < 0)
        return -1;
    strbuf_addf(base, "v1:freezer=%s", path);
    if (m->v1[CG_MEMORY][0] && make_own(m->v1[CG_MEMORY], name, path) == 0)
        strbuf_addf(base, ";memory=%s", path);
    if (m->v1[CG_CPUSET][0] && make_own(m->v1[CG_CPUSET], name, path) == 0
        && cg_read(m->v1[CG_CPUSET], "cpuset.mems", value, sizeof value) > 0
        && cg_write(path, "cpuset.mems", value) == 0
        && cg_read(m->v1[CG_CPUSET], "cpuset.cpus", value, sizeof value) > 0
        && cg_write(path, "cpuset.cpus", value) == 0)
        strbuf_addf(base, ";cpuset=%s", path);
    return 0;
}

/* v2 without controllers to hold and to end; beside it v1's memory, if there is one. */
static int probe_mixed(const struct mounts *m, const char *name, struct strbuf *base)
{
    char path[CGROUP_PATH_MAX];

    if (probe_v2(m, name, false, base) < 0)
        return -1;
    if (m->v1[CG_MEMORY][0] && make_own(m->v1[CG_MEMORY], name, path) == 0)
        strbuf_addf(base, ";v1memory=%s", path);
    return 0;
}

char *cgroup_probe(const char *want, const char *name, struct strbuf *notes, struct error *err)
{
    struct strbuf base = STRBUF_INIT;
    struct mounts m;
    int found = -1;

    if (!want || !*want)
        want = "auto";
    find_mounts(&m);
    if (!strcmp(want, "none")) {
        strbuf_add(&base, "none");
        return strbuf_take(&base);
    }
    if (!strcmp(want, "v2")) {
        found = probe_v2(&m, name, false, &base);
    } else if (!strcmp(want, "v1")) {
        found = probe_v1(&m, name, &base);
    } else if (!strcmp(want, "auto")) {
        if ((found = probe_v2(&m, name, true, &base)) < 0 && (found = probe_mixed(&m, name, &base)) < 0
            && (found = probe_v1(&m, name, &base)) < 0) {
            strbuf_add(&base, "none");
            strbuf_add(notes, "no writable cgroups: steps are held by process group and subreaper; ");
            found = 0;
        }
    } else {
        error_set(err, BRE_CONFIG, "cgroup: \"%s\" is none of auto, v2, v1, none", want);
        return NULL;
    }
    if (found < 0) {
        error_set(err, BRE_CONFIG, "cgroup: %s is asked for but cannot be used here", want);
        strbuf_fini(&base);
        return NULL;
    }
    if (!strstr(strbuf_str(&base), "memory"))
        strbuf_add(notes, "no memory controller: memory limits are kept by looking every second "
                          "(on a Raspberry Pi add cgroup_enable=memory to cmdline.txt); ");
    return strbuf_take(&base);
}

void cgroup_unprobe(const char *base)
{
    char paths[CG_KINDS][CGROUP_PATH_MAX];
    int version;

    cgroup_base_parse(base, paths, &version);
    for (int kind = 0; kind < CG_KINDS; kind++)
        if (paths[kind][0])
            rmdir(paths[kind]);
}

const char *cgroup_base_kind(const char *base)
{
    return base && base[0] == 'v' ? (base[1] == '2' ? "v2" : "v1") : "none";
}
