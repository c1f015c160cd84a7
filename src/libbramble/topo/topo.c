/* topo.c - hwloc behind a few questions. */
#include "config.h"
#include "topo/topo.h"

#include "util/bitmap.h"
#include "util/error.h"
#include "util/mem.h"
#include "util/strbuf.h"

#include <errno.h>
#include <fcntl.h>
#include <hwloc.h>
#include <sched.h>
#include <sodium.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define CORES_MAX 65536

struct topo {
    hwloc_topology_t hw;
    hwloc_obj_type_t core_type; /* HWLOC_OBJ_CORE, or HWLOC_OBJ_PU where there are no cores */
    uint32_t cores, threads, sockets;
    bool emulated;
};

void topo_destroy(struct topo *t)
{
    if (!t)
        return;
    if (t->hw)
        hwloc_topology_destroy(t->hw);
    free(t);
}

static struct topo *topo_create(bool emulated, struct error *err)
{
    struct topo *t = xcalloc(1, sizeof *t);

    t->emulated = emulated;
    if (hwloc_topology_init(&t->hw) < 0) {
        t->hw = NULL;
        error_set(err, BRE_INTERNAL, "cannot start hwloc: %s", strerror(errno));
        topo_destroy(t);
        return NULL;
    }
    return t;
}

/* Build it and count; takes t and gives it back, or destroys it. */
static struct topo *topo_finish(struct topo *t, const char *source, struct error *err)
{
    int cores, threads, sockets;

    if (hwloc_topology_load(t->hw) < 0) {
        error_set(err, BRE_INVAL, "cannot load the topology from %s: %s", source, strerror(errno));
        goto fail;
    }
    cores = hwloc_get_nbobjs_by_type(t->hw, HWLOC_OBJ_CORE);
    threads = hwloc_get_nbobjs_by_type(t->hw, HWLOC_OBJ_PU);
    sockets = hwloc_get_nbobjs_by_type(t->hw, HWLOC_OBJ_PACKAGE);
    if (threads <= 0) {
        error_set(err, BRE_INVAL, "the topology from %s has no CPUs", source);
        goto fail;
    }
    if (cores > threads) {
        error_set(err, BRE_INVAL, "the topology from %s has cores without CPUs", source);
        goto fail;
    }
    if (threads > CORES_MAX) {
        error_set(err, BRE_INVAL, "the topology from %s has more than %d CPUs", source, CORES_MAX);
        goto fail;
    }
    t->core_type = cores > 0 ? HWLOC_OBJ_CORE : HWLOC_OBJ_PU;
    t->cores = (uint32_t)(cores > 0 ? cores : threads);
    t->threads = (uint32_t)threads;
    t->sockets = sockets > 0 ? (uint32_t)sockets : 1;
    return t;
fail:
    topo_destroy(t);
    return NULL;
}

struct topo *topo_load_own(struct error *err)
{
    struct topo *t = topo_create(false, err);

    return t ? topo_finish(t, "this machine", err) : NULL;
}

/* hwloc trusts its XML: a damaged file can end the program.  So a child reads it first. */
static int try_xml(const char *xml, size_t len, struct error *err)
{
    pid_t child = fork();
    int status;

    if (child < 0)
        return error_set(err, errno, "cannot check the topology's XML: %s", strerror(errno));
    if (child == 0) {
        struct rlimit no_core = { 0, 0 }, ten_sec = { 10, 10 };
        int null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
        hwloc_topology_t hw;
        bool ok;

        setrlimit(RLIMIT_CORE, &no_core);
        setrlimit(RLIMIT_CPU, &ten_sec);
        dup2(null_fd, STDERR_FILENO);
        dup2(null_fd, STDOUT_FILENO);
        ok = hwloc_topology_init(&hw) == 0 && hwloc_topology_set_xmlbuffer(hw, xml, (int)len) == 0
             && hwloc_topology_load(hw) == 0;
        _exit(ok ? 0 : 1);
    }
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return error_set(err, errno, "cannot check the topology's XML: %s", strerror(errno));
    if (status)
        return error_set(err, BRE_INVAL, "hwloc does not understand the topology's XML");
    return 0;
}

struct topo *topo_load_xml(const char *xml, size_t len, struct error *err)
{
    CLEANUP_FREE char *copy = NULL;
    struct topo *t;

    if (len > TOPO_XML_MAX || memchr(xml, '\0', len)) {
        error_set(err, BRE_INVAL, "the topology is no XML, or larger than %d bytes", TOPO_XML_MAX);
        return NULL;
    }
    copy = xstrndup(xml, len); /* hwloc wants the NUL counted */
    if (try_xml(copy, len + 1, err) < 0 || !(t = topo_create(true, err)))
        return NULL;
    if (hwloc_topology_set_xmlbuffer(t->hw, copy, (int)len + 1) < 0) {
        error_set(err, BRE_INVAL, "hwloc does not read this XML: %s", strerror(errno));
        topo_destroy(t);
        return NULL;
    }
    return topo_finish(t, "XML", err);
}

/* hwloc expands before anyone can look: multiply the counts of the levels ("pack:2 core:4 pu:1",
 * "2 4 1"; what stands in brackets is attached, not multiplied) and refuse what grows too large. */
static int check_synthetic(const char *text, struct error *err)
{
    uint64_t total = 1, levels = 0;

    for (const char *p = text; *p;) {
        const char *end = p + strcspn(p, " \t\n"), *digits = p;
        uint64_t count = 0;

        if (*p == '(' || *p == '[') {
            p += strcspn(p, *p == '(' ? ")" : "]");
            p += *p != '\0';
            continue;
        }
        for (const char *c = p; c < end && *c != '('; c++)
            if (*c == ':')
                digits = c + 1;
        while (digits < end && *digits >= '0' && *digits <= '9' && count <= TOPO_CPUS_MAX)
            count = count * 10 + (uint64_t)(*digits++ - '0');
        levels += p < end;
        total *= count ? count : 1;
        if (total > TOPO_CPUS_MAX || count > TOPO_CPUS_MAX || levels > 64)
            return error_set(err, BRE_INVAL, "'%.200s' describes more than %d CPUs", text, TOPO_CPUS_MAX);
        p = end;
        p += strspn(p, " \t\n");
    }
    return 0;
}

struct topo *topo_load_synthetic(const char *text, struct error *err)
{
    struct topo *t;

    if (check_synthetic(text, err) < 0 || !(t = topo_create(true, err)))
        return NULL;
    if (hwloc_topology_set_synthetic(t->hw, text) < 0) {
        error_set(err, BRE_INVAL, "'%.200s' is no synthetic topology that hwloc understands", text);
        topo_destroy(t);
        return NULL;
    }
    return topo_finish(t, "a synthetic description", err);
}

bool topo_is_emulated(const struct topo *t)
{
    return t->emulated;
}

void topo_summary(const struct topo *t, struct topo_summary *s)
{
    *s = (struct topo_summary){
        .sockets = t->sockets,
        .cores = t->cores,
        .threads = t->threads,
        .mem_mb = hwloc_get_root_obj(t->hw)->total_memory / (1024 * 1024),
    };
}

static hwloc_obj_t topo_core(const struct topo *t, uint32_t core)
{
    return core < t->cores ? hwloc_get_obj_by_type(t->hw, t->core_type, core) : NULL;
}

uint32_t topo_core_socket(const struct topo *t, uint32_t core)
{
    hwloc_obj_t obj = topo_core(t, core);
    hwloc_obj_t package = obj ? hwloc_get_ancestor_obj_by_type(t->hw, HWLOC_OBJ_PACKAGE, obj) : NULL;

    return package ? package->logical_index : 0;
}

/* Add a core's CPUs to set, which has TOPO_CPUS_MAX bits. */
static bool add_core(const struct topo *t, uint32_t core, const struct bitmap *real, struct bitmap *set)
{
    hwloc_obj_t obj = topo_core(t, core);
    int cpu = -1;

    if (!obj)
        return false;
    if (t->emulated) {
        size_t num = bitmap_count(real);
        ssize_t plays = num ? bitmap_nth(real, core % num) : -1;

        if (plays >= 0)
            bitmap_set(set, (size_t)plays);
        return plays >= 0;
    }
    while ((cpu = hwloc_bitmap_next(obj->cpuset, cpu)) >= 0)
        if (cpu < TOPO_CPUS_MAX)
            bitmap_set(set, (size_t)cpu);
    return true;
}

/* Cut a set to the size that its highest member asks for. */
static struct bitmap *trimmed(struct bitmap *set)
{
    size_t bits = 0;

    bitmap_for_each(set, i)
        bits = (size_t)i + 1;
    return bitmap_resize(set, bits);
}

struct bitmap *topo_core_cpus(const struct topo *t, uint32_t core, const struct bitmap *real)
{
    struct bitmap *set = bitmap_create(TOPO_CPUS_MAX);

    if (add_core(t, core, real, set))
        return trimmed(set);
    bitmap_destroy(set);
    return NULL;
}

struct bitmap *topo_cpus(const struct topo *t, const struct bitmap *cores, const struct bitmap *real)
{
    struct bitmap *set = bitmap_create(TOPO_CPUS_MAX);

    bitmap_for_each(cores, core)
        if (!add_core(t, (uint32_t)core, real, set)) {
            bitmap_destroy(set);
            return NULL;
        }
    return trimmed(set);
}

struct bitmap *topo_real_cpus(struct error *err)
{
    size_t num = 1024;

    for (;; num *= 2) {
        cpu_set_t *mask = CPU_ALLOC(num);
        size_t size = CPU_ALLOC_SIZE(num);
        struct bitmap *set;

        if (mask && sched_getaffinity(0, size, mask) == 0) {
            set = bitmap_create(num);
            for (size_t i = 0; i < num; i++)
                if (CPU_ISSET_S(i, size, mask))
                    bitmap_set(set, i);
            CPU_FREE(mask);
            return trimmed(set);
        }
        if (mask)
            CPU_FREE(mask);
        if (errno != EINVAL || num >= TOPO_CPUS_MAX) {
            error_set(err, errno, "cannot ask for the CPUs of this process: %s", strerror(errno));
            return NULL;
        }
    }
}

/* Facts about one board, not its kind: <info> lines of the XML with such a name are left out. */
static bool is_private_info(const char *line, size_t len)
{
    static const char *const names[] = { "DMI", "HostName", "OS", "LinuxCgroup", "hwlocVersion",
                                         "ProcessName", "Backend", "SyntheticDescription", "MemoryMode" };
    static const char lead[] = "<info name=\"";

    while (len && *line == ' ') {
        line++;
        len--;
    }
    if (len < sizeof lead - 1 || memcmp(line, lead, sizeof lead - 1) != 0)
        return false;
    line += sizeof lead - 1;
    len -= sizeof lead - 1;
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (len > strlen(names[i]) && !memcmp(line, names[i], strlen(names[i])))
            return true;
    return false;
}

char *topo_xml(const struct topo *t, size_t *len, struct error *err)
{
    struct strbuf sb = STRBUF_INIT;
    char *xml = NULL;
    int size = 0;

    if (hwloc_topology_export_xmlbuffer(t->hw, &xml, &size, 0) < 0) {
        error_set(err, BRE_INTERNAL, "hwloc cannot export the topology: %s", strerror(errno));
        return NULL;
    }
    for (const char *p = xml; *p;) {
        const char *end = strchr(p, '\n');
        size_t line = end ? (size_t)(end - p) + 1 : strlen(p);

        if (!is_private_info(p, line))
            strbuf_add_mem(&sb, p, line);
        p += line;
    }
    hwloc_free_xmlbuffer(t->hw, xml);
    if (sb.len > TOPO_XML_MAX) {
        strbuf_fini(&sb);
        error_set(err, BRE_TOO_BIG, "the topology is larger than %d bytes as XML", TOPO_XML_MAX);
        return NULL;
    }
    *len = sb.len;
    return strbuf_take(&sb);
}

void topo_xml_hash(const char *xml, size_t len, uint8_t hash[32])
{
    crypto_generichash(hash, 32, (const unsigned char *)xml, len, NULL, 0);
}
