/* test_topo.c - boards of every kind, by their XML, synthetic descriptions and device trees. */
#include "config.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "suite.h"
#include "topo/board.h"
#include "topo/topo.h"
#include "util/bitmap.h"
#include "util/error.h"
#include "util/fs.h"
#include "util/mem.h"

static struct topo *load_file(const char *name)
{
    CLEANUP_FREE char *path = xasprintf("%s/hwloc/%s", TEST_DATA, name), *xml = NULL;
    struct error err;
    struct topo *t;
    size_t len;

    ck_assert_msg(fs_read_file(AT_FDCWD, path, TOPO_XML_MAX, &xml, &len, &err) == 0, "%s", err.text);
    t = topo_load_xml(xml, len, &err);
    ck_assert_msg(t != NULL, "%s: %s", name, err.text);
    return t;
}

START_TEST(every_pi_is_one_socket_with_four_cores_however_its_memory_is_told)
{
    static const char *const files[] = { "pi3b-1g.xml", "pi4b-4g.xml", "pi5b-8g.xml", "pi5b-8g-numa8-k6.6.xml",
                                         "pi5b-8g-numa8-k6.12-hwloc2.9-WRONGMEM.xml",
                                         "pi5b-8g-numa8-k6.12-hwloc2.10plus.xml" };

    for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
        struct topo *t = load_file(files[i]);
        struct topo_summary s;

        topo_summary(t, &s);
        ck_assert_msg(s.sockets == 1 && s.cores == 4 && s.threads == 4, "%s: %u %u %u", files[i], s.sockets,
                      s.cores, s.threads);
        ck_assert(topo_is_emulated(t));
        topo_destroy(t);
    }
}
END_TEST

START_TEST(synthetic_boards_load_with_or_without_caches_and_packages)
{
    static const struct {
        const char *text;
        uint32_t sockets, cores, threads;
    } boards[] = {
        { "Package:1 [NUMANode(memory=948961280)] L2Cache:1(size=524288) L1dCache:4(size=32768) "
          "L1iCache:1(size=32768) Core:1 PU:1", 1, 4, 4 },
        { "Package:1 [NUMANode(memory=8443133952)] L3Cache:1(size=2097152) L2Cache:4(size=524288) "
          "L1dCache:1(size=65536) L1iCache:1(size=65536) Core:1 PU:1", 1, 4, 4 },
        { "PU:4", 1, 4, 4 },
        { "Package:2 Core:8 PU:2", 2, 16, 32 },
    };

    for (size_t i = 0; i < ARRAY_SIZE(boards); i++) {
        struct error err;
        struct topo *t = topo_load_synthetic(boards[i].text, &err);
        struct topo_summary s;

        ck_assert_msg(t != NULL, "%s", err.text);
        topo_summary(t, &s);
        ck_assert_uint_eq(s.sockets, boards[i].sockets);
        ck_assert_uint_eq(s.cores, boards[i].cores);
        ck_assert_uint_eq(s.threads, boards[i].threads);
        topo_destroy(t);
    }
}
END_TEST

START_TEST(what_is_no_topology_is_refused_with_a_line)
{
    struct error err;

    ck_assert_ptr_null(topo_load_synthetic("four cores please", &err));
    ck_assert_ptr_nonnull(strstr(err.text, "four cores please"));
    ck_assert_ptr_null(topo_load_xml("<topology>", 10, &err));
    ck_assert_ptr_null(topo_load_xml("<topo\0logy>", 11, &err));
    ck_assert_ptr_nonnull(strstr(err.text, "no XML"));
}
END_TEST

START_TEST(emulated_cores_are_played_by_the_cpus_that_exist)
{
    struct error err;
    struct topo *t = topo_load_synthetic("Package:2 Core:2 PU:1", &err);
    struct bitmap *real = bitmap_parse_any("2,5", 64, &err), *cores = bitmap_parse("0,2", 4, &err);
    const char *const want[] = { "2", "5", "2", "5" };

    for (uint32_t core = 0; core < 4; core++) {
        struct bitmap *cpus = topo_core_cpus(t, core, real);
        CLEANUP_FREE char *text = bitmap_format(cpus);

        ck_assert_str_eq(text, want[core]);
        ck_assert_uint_eq(topo_core_socket(t, core), core / 2);
        bitmap_destroy(cpus);
    }
    ck_assert_ptr_null(topo_core_cpus(t, 4, real));
    {
        struct bitmap *cpus = topo_cpus(t, cores, real);
        CLEANUP_FREE char *text = bitmap_format(cpus);

        ck_assert_str_eq(text, "2");
        bitmap_destroy(cpus);
    }
    bitmap_destroy(cores);
    bitmap_destroy(real);
    topo_destroy(t);
}
END_TEST

START_TEST(own_machine_loads_and_its_cores_are_among_its_cpus)
{
    struct error err;
    struct topo *t = topo_load_own(&err);
    struct bitmap *real = topo_real_cpus(&err);
    struct topo_summary s;

    ck_assert_msg(t != NULL, "%s", err.text);
    ck_assert_msg(real != NULL, "%s", err.text);
    ck_assert(!topo_is_emulated(t));
    topo_summary(t, &s);
    ck_assert_uint_ge(s.threads, s.cores);
    ck_assert_uint_ge(s.cores, 1);
    for (uint32_t core = 0; core < s.cores; core++) {
        struct bitmap *cpus = topo_core_cpus(t, core, NULL);

        ck_assert_ptr_nonnull(cpus);
        ck_assert(!bitmap_is_empty(cpus));
        bitmap_destroy(cpus);
    }
    bitmap_destroy(real);
    topo_destroy(t);
}
END_TEST

START_TEST(boards_alike_have_the_same_hash_whatever_their_names_are)
{
    struct error err;
    struct topo *a = load_file("pi4b-4g.xml"), *b, *other = load_file("pi5b-8g.xml");
    uint8_t ha[32], hb[32], ho[32];
    size_t len_a, len_b, len_o;
    CLEANUP_FREE char *xa = topo_xml(a, &len_a, &err), *xo = topo_xml(other, &len_o, &err), *xb = NULL;

    ck_assert_ptr_nonnull(xa);
    ck_assert_ptr_null(strstr(xa, "HostName"));
    ck_assert_ptr_null(strstr(xa, "ProcessName"));
    b = topo_load_xml(xa, len_a, &err);
    ck_assert_msg(b != NULL, "%s", err.text);
    xb = topo_xml(b, &len_b, &err);
    topo_xml_hash(xa, len_a, ha);
    topo_xml_hash(xb, len_b, hb);
    topo_xml_hash(xo, len_o, ho);
    ck_assert_mem_eq(ha, hb, 32);
    ck_assert_mem_ne(ha, ho, 32);
    topo_destroy(a);
    topo_destroy(b);
    topo_destroy(other);
}
END_TEST

/* ---- board ---- */

static char root[64];

static void put(const char *path, const void *data, size_t len)
{
    char full[256];
    CLEANUP_CLOSE int fd = -1;

    snprintf(full, sizeof full, "%s%s", root, path);
    *strrchr(full, '/') = '\0';
    fd = fs_make_path(full, 0700, NULL);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(fs_replace_file(fd, strrchr(path, '/') + 1, data, len, 0600, NULL), 0);
}

static void make_root(void)
{
    snprintf(root, sizeof root, "/tmp/test_board.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(root));
}

static void drop_root(void)
{
    CLEANUP_CLOSE int tmp = open("/tmp", O_RDONLY | O_DIRECTORY);

    fs_remove_tree(tmp, strrchr(root, '/') + 1, NULL);
}

START_TEST(class_comes_from_the_chip_before_the_model_before_the_revision)
{
    static const char pi5[] = "raspberrypi,5-model-b\0brcm,bcm2712d0", cm4[] = "x,y\0brcm,bcm2711";
    struct board b;

    put("/proc/device-tree/compatible", pi5, sizeof pi5);
    put("/proc/device-tree/model", "Raspberry Pi 4 Model B Rev 1.1", 31);
    put("/proc/device-tree/serial-number", "10000000abcdef01", 17);
    board_read(root, &b);
    ck_assert_str_eq(b.hw_class, "pi5");
    ck_assert_str_eq(b.model, "Raspberry Pi 4 Model B Rev 1.1");
    ck_assert_str_eq(b.serial, "10000000abcdef01");
    put("/proc/device-tree/compatible", cm4, sizeof cm4);
    board_read(root, &b);
    ck_assert_str_eq(b.hw_class, "pi4");
    put("/proc/device-tree/compatible", "acme,board", 11);
    put("/proc/device-tree/model", "Raspberry Pi Compute Module 5 Rev 1.0", 38);
    board_read(root, &b);
    ck_assert_str_eq(b.hw_class, "pi5");
    put("/proc/device-tree/model", "Raspberry Pi 400 Rev 1.0", 25);
    board_read(root, &b);
    ck_assert_str_eq(b.hw_class, "pi4");
    put("/proc/device-tree/model", "Raspberry Pi Zero 2 W Rev 1.0", 30);
    board_read(root, &b);
    ck_assert_str_eq(b.hw_class, "pi3");
    put("/proc/device-tree/model", "", 0);
    put("/proc/cpuinfo", "processor : 0\nHardware\t: BCM2835\nRevision\t: c03114\n", 51);
    board_read(root, &b);
    ck_assert_str_eq(b.hw_class, "pi4");
    put("/proc/device-tree/system/linux,revision", "\x00\xa0\x20\x82", 4);
    board_read(root, &b);
    ck_assert_str_eq(b.hw_class, "pi3");
}
END_TEST

START_TEST(board_without_a_device_tree_is_generic_and_old_revisions_say_nothing)
{
    struct board b;

    board_read(root, &b);
    ck_assert_str_eq(b.hw_class, "generic");
    ck_assert_str_eq(b.model, "");
    ck_assert_uint_eq(b.mem_mb, 0);
    ck_assert_str_ne(b.arch, "");
    ck_assert_str_ne(b.abi, "");
    put("/proc/cpuinfo", "Revision\t: 000e\n", 16);
    board_read(root, &b);
    ck_assert_str_eq(b.hw_class, "generic");
}
END_TEST

START_TEST(memory_and_load_come_from_proc)
{
    struct board b;

    put("/proc/meminfo", "MemTotal:        8245248 kB\nMemFree:  1 kB\nMemAvailable:    7654321 kB\n", 71);
    put("/proc/loadavg", "1.25 0.50 0.10 1/100 4242\n", 26);
    put("/proc/sys/kernel/random/boot_id", "c0ffee00-0000-4000-8000-000000000001\n", 37);
    board_read(root, &b);
    ck_assert_uint_eq(b.mem_mb, 8052);
    ck_assert_uint_eq(b.free_mem_mb, 7474);
    ck_assert_uint_eq(board_free_mem_mb(root), 7474);
    ck_assert_uint_eq(board_load_pct(root), 125);
    ck_assert_str_eq(b.boot_id, "c0ffee00-0000-4000-8000-000000000001");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("topo");
    TCase *topo = tcase_create("topology"), *board = tcase_create("board");

    tcase_add_test(topo, every_pi_is_one_socket_with_four_cores_however_its_memory_is_told);
    tcase_add_test(topo, synthetic_boards_load_with_or_without_caches_and_packages);
    tcase_add_test(topo, what_is_no_topology_is_refused_with_a_line);
    tcase_add_test(topo, emulated_cores_are_played_by_the_cpus_that_exist);
    tcase_add_test(topo, own_machine_loads_and_its_cores_are_among_its_cpus);
    tcase_add_test(topo, boards_alike_have_the_same_hash_whatever_their_names_are);
    tcase_add_checked_fixture(board, make_root, drop_root);
    tcase_add_test(board, class_comes_from_the_chip_before_the_model_before_the_revision);
    tcase_add_test(board, board_without_a_device_tree_is_generic_and_old_revisions_say_nothing);
    tcase_add_test(board, memory_and_load_come_from_proc);
    suite_add_tcase(suite, topo);
    suite_add_tcase(suite, board);
    return suite_run(suite);
}
