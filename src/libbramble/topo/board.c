/* board.c - reads /proc/device-tree, /proc/meminfo and their like. */
#include "config.h"
#include "topo/board.h"

#include "util/fs.h"
#include "util/mem.h"

#include <ctype.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <time.h>

#define SOURCE_MAX 262144

#if defined __aarch64__
#define BOARD_ABI "arm64"
#elif defined __arm__ && defined __ARM_PCS_VFP
#define BOARD_ABI "armhf"
#elif defined __arm__
#define BOARD_ABI "armel"
#elif defined __x86_64__
#define BOARD_ABI "amd64"
#elif defined __i386__
#define BOARD_ABI "i386"
#elif defined __riscv && __riscv_xlen == 64
#define BOARD_ABI "riscv64"
#else
#define BOARD_ABI "other"
#endif

/* NULL when there is no such file; len counts NULs inside, as device trees have them. */
static char *read_source(const char *root, const char *path, size_t *len)
{
    CLEANUP_FREE char *full = xasprintf("%s%s", root ? root : "", path);
    char *text = NULL;

    return fs_read_file(AT_FDCWD, full, SOURCE_MAX, &text, len, NULL) < 0 ? NULL : text;
}

/* First line of a file as printable text. */
static void read_line(const char *root, const char *path, char *to, size_t size)
{
    size_t len, n = 0;
    CLEANUP_FREE char *text = read_source(root, path, &len);

    for (const char *p = text; p && *p && *p != '\n' && n + 1 < size; p++)
        to[n++] = isprint((unsigned char)*p) ? *p : '?';
    to[n] = '\0';
}

static const char *class_of_compatible(const char *text, size_t len)
{
    for (const char *p = text; p < text + len; p += strlen(p) + 1) {
        if (!strncmp(p, "brcm,bcm2837", 12))
            return "pi3";
        if (!strncmp(p, "brcm,bcm2711", 12))
            return "pi4";
        if (!strncmp(p, "brcm,bcm2712", 12))
            return "pi5";
    }
    return NULL;
}

static const char *class_of_model(const char *model)
{
    static const struct {
        const char *prefix, *name;
    } models[] = {
        { "Raspberry Pi 3", "pi3" },
        { "Raspberry Pi Compute Module 3", "pi3" },
        { "Raspberry Pi Zero 2", "pi3" },
        { "Raspberry Pi 2 Model B Rev 1.2", "pi3" },
        { "Raspberry Pi 4", "pi4" }, /* 400 too */
        { "Raspberry Pi Compute Module 4", "pi4" },
        { "Raspberry Pi 5", "pi5" }, /* 500 too */
        { "Raspberry Pi Compute Module 5", "pi5" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(models); i++)
        if (!strncmp(model, models[i].prefix, strlen(models[i].prefix)))
            return models[i].name;
    return NULL;
}

/* Bits 12-15 are the chip, if bit 23 says that the code is of the new style. */
static const char *class_of_revision(uint32_t revision)
{
    if (!(revision & 1u << 23))
        return NULL;
    switch (revision >> 12 & 0xf) {
    case 2:
        return "pi3";
    case 3:
        return "pi4";
    case 4:
        return "pi5";
    default:
        return NULL;
    }
}

/* "Revision : c03114" of /proc/cpuinfo, or the device tree's four bytes. */
static const char *class_of_cpuinfo(const char *root)
{
    size_t len;
    CLEANUP_FREE char *tree = read_source(root, "/proc/device-tree/system/linux,revision", &len);
    CLEANUP_FREE char *info = NULL;
    unsigned revision;

    if (tree && len == 4) {
        const unsigned char *b = (const unsigned char *)tree;

        return class_of_revision((uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3]);
    }
    info = read_source(root, "/proc/cpuinfo", &len);
    for (const char *p = info; p; p = strchr(p, '\n')) {
        p += *p == '\n';
        if (sscanf(p, "Revision : %x", &revision) == 1)
            return class_of_revision(revision);
    }
    return NULL;
}

static void read_class(const char *root, struct board *b)
{
    size_t len;
    CLEANUP_FREE char *compatible = read_source(root, "/proc/device-tree/compatible", &len);
    const char *name = NULL;

    read_line(root, "/proc/device-tree/model", b->model, sizeof b->model);
    if (!compatible)
        compatible = read_source(root, "/sys/firmware/devicetree/base/compatible", &len);
    if (compatible)
        name = class_of_compatible(compatible, len);
    if (!name)
        name = class_of_model(b->model);
    if (!name)
        name = class_of_cpuinfo(root);
    snprintf(b->hw_class, sizeof b->hw_class, "%s", name ? name : "generic");
}

/* "MemTotal:  3884400 kB" in MiB; 0: no such line. */
static uint64_t meminfo_mb(const char *text, const char *key)
{
    size_t len = strlen(key);
    uint64_t kb;

    for (const char *p = text; p; p = strchr(p, '\n')) {
        p += *p == '\n';
        if (!strncmp(p, key, len) && p[len] == ':' && sscanf(p + len + 1, "%" SCNu64, &kb) == 1)
            return kb / 1024;
    }
    return 0;
}

static int64_t read_boot_time(const char *root)
{
    size_t len;
    CLEANUP_FREE char *text = read_source(root, "/proc/uptime", &len);
    double up;

    return text && sscanf(text, "%lf", &up) == 1 ? (int64_t)time(NULL) - (int64_t)up : 0;
}

void board_read(const char *root, struct board *b)
{
    struct utsname uts;
    size_t len;
    CLEANUP_FREE char *meminfo = read_source(root, "/proc/meminfo", &len);

    memset(b, 0, sizeof *b);
    read_class(root, b);
    read_line(root, "/proc/device-tree/serial-number", b->serial, sizeof b->serial);
    read_line(root, "/proc/sys/kernel/random/boot_id", b->boot_id, sizeof b->boot_id);
    snprintf(b->abi, sizeof b->abi, "%s", BOARD_ABI);
    if (uname(&uts) == 0) {
        snprintf(b->arch, sizeof b->arch, "%s", uts.machine);
        snprintf(b->os, sizeof b->os, "%s %s %s", uts.sysname, uts.release, uts.version);
    }
    b->boot_time = read_boot_time(root);
    if (meminfo) {
        b->mem_mb = meminfo_mb(meminfo, "MemTotal");
        b->free_mem_mb = meminfo_mb(meminfo, "MemAvailable");
    }
}

uint64_t board_free_mem_mb(const char *root)
{
    size_t len;
    CLEANUP_FREE char *text = read_source(root, "/proc/meminfo", &len);

    return text ? meminfo_mb(text, "MemAvailable") : 0;
}

uint32_t board_load_pct(const char *root)
{
    size_t len;
    CLEANUP_FREE char *text = read_source(root, "/proc/loadavg", &len);
    double load;

    return text && sscanf(text, "%lf", &load) == 1 && load >= 0 && load < 1e6 ? (uint32_t)(load * 100 + 0.5)
                                                                             : 0;
}

uint64_t board_disk_mb(const char *path)
{
    struct statvfs st;

    return statvfs(path, &st) == 0 ? (uint64_t)st.f_blocks * st.f_frsize / (1024 * 1024) : 0;
}
