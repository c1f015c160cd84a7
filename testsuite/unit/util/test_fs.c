/* test_fs.c - no link is followed, nothing outside is removed, nothing is read without a bound. */
#include "config.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "suite.h"
#include "util/error.h"
#include "util/fs.h"
#include "util/mem.h"

static char folder[64];
static int dirfd_;

static void make_folder(void)
{
    snprintf(folder, sizeof folder, "/tmp/test_fs.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    dirfd_ = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void drop_folder(void)
{
    CLEANUP_CLOSE int tmp = open("/tmp", O_RDONLY | O_DIRECTORY);

    close(dirfd_);
    ck_assert_int_eq(fs_remove_tree(tmp, strrchr(folder, '/') + 1, NULL), 0);
    ck_assert_int_ne(access(folder, F_OK), 0);
}

static void put(const char *name, const char *text)
{
    ck_assert_int_eq(fs_replace_file(dirfd_, name, text, strlen(text), 0600, NULL), 0);
}

START_TEST(links_are_not_followed_in_any_component)
{
    int fd;

    mkdirat(dirfd_, "real", 0700);
    fd = fs_open(dirfd_, "real/file", O_WRONLY | O_CREAT | O_EXCL, 0600);
    ck_assert_int_ge(fd, 0);
    close(fd);
    ck_assert_int_eq(symlinkat("real", dirfd_, "link"), 0);
    ck_assert_int_eq(symlinkat("file", dirfd_, "real/last"), 0);
    ck_assert_int_eq(fs_open(dirfd_, "link/file", O_RDONLY, 0), -1);
    ck_assert_int_eq(errno, ELOOP);
    ck_assert_int_eq(fs_open(dirfd_, "real/last", O_RDONLY, 0), -1);
    ck_assert_int_eq(errno, ELOOP);
    ck_assert_int_eq(fs_open(dirfd_, "../etc/passwd", O_RDONLY, 0), -1);
    ck_assert_int_eq(fs_open(dirfd_, "/etc/passwd", O_RDONLY, 0), -1);
    ck_assert_int_eq(fs_open_dir(dirfd_, "link/new", true, 0700), -1);
    fd = fs_open_dir(dirfd_, "real/new", true, 0700);
    ck_assert_int_ge(fd, 0);
    close(fd);
}
END_TEST

START_TEST(make_path_makes_what_is_missing_and_stops_at_links)
{
    char path[256];
    struct error err;
    int fd;

    snprintf(path, sizeof path, "%s/a/b//c", folder);
    fd = fs_make_path(path, 0700, &err);
    ck_assert_msg(fd >= 0, "%s", err.text);
    close(fd);
    fd = fs_make_path(path, 0700, &err);
    ck_assert_int_ge(fd, 0);
    close(fd);
    ck_assert_int_eq(symlinkat("a", dirfd_, "evil"), 0);
    snprintf(path, sizeof path, "%s/evil/d", folder);
    ck_assert_int_eq(fs_make_path(path, 0700, &err), -1);
    ck_assert_ptr_nonnull(strstr(err.text, "evil"));
}
END_TEST

START_TEST(remove_takes_the_tree_and_leaves_what_links_point_to)
{
    struct error err;
    struct stat st;
    char path[256];

    put("precious", "keep");
    mkdirat(dirfd_, "tree", 0700);
    mkdirat(dirfd_, "tree/deep", 0700);
    mkdirat(dirfd_, "tree/deep/deeper", 0500);
    ck_assert_int_eq(symlinkat("../precious", dirfd_, "tree/out"), 0);
    ck_assert_int_eq(symlinkat("/etc", dirfd_, "tree/deep/etc"), 0);
    snprintf(path, sizeof path, "%s/tree/fifo", folder);
    mkfifo(path, 0600);
    ck_assert_msg(fs_remove_tree(dirfd_, "tree", &err) == 0, "%s", err.text);
    ck_assert_int_ne(fstatat(dirfd_, "tree", &st, 0), 0);
    ck_assert_int_eq(fstatat(dirfd_, "precious", &st, 0), 0);
    ck_assert_int_eq(stat("/etc/passwd", &st), 0);
    ck_assert_int_eq(fs_remove_tree(dirfd_, "tree", &err), 0); /* gone already */
    ck_assert_int_eq(fs_remove_tree(dirfd_, "..", &err), -1);
    ck_assert_int_eq(fs_remove_tree(dirfd_, "a/b", &err), -1);
    ck_assert_int_eq(fs_remove_tree(dirfd_, "", &err), -1);
}
END_TEST

START_TEST(remove_of_a_link_removes_the_link)
{
    struct stat st;

    mkdirat(dirfd_, "real", 0700);
    ck_assert_int_eq(symlinkat("real", dirfd_, "link"), 0);
    ck_assert_int_eq(fs_remove_tree(dirfd_, "link", NULL), 0);
    ck_assert_int_eq(fstatat(dirfd_, "real", &st, 0), 0);
    ck_assert_int_ne(fstatat(dirfd_, "link", &st, AT_SYMLINK_NOFOLLOW), 0);
}
END_TEST

START_TEST(reading_is_bounded_and_refuses_what_is_no_file)
{
    CLEANUP_FREE char *text = NULL;
    struct error err;
    char path[256];
    char *none = NULL;
    size_t len;

    put("ten", "0123456789");
    ck_assert_int_eq(fs_read_file(dirfd_, "ten", 10, &text, &len, &err), 0);
    ck_assert_uint_eq(len, 10);
    ck_assert_str_eq(text, "0123456789");
    ck_assert_int_eq(fs_read_file(dirfd_, "ten", 9, &none, &len, &err), -1);
    ck_assert_ptr_nonnull(strstr(err.text, "larger than 9 bytes"));
    ck_assert_int_eq(fs_read_file(AT_FDCWD, "/dev/zero", 100, &none, &len, &err), -1);
    ck_assert_ptr_nonnull(strstr(err.text, "not a regular file"));
    ck_assert_int_eq(fs_read_file(AT_FDCWD, folder, 100, &none, &len, &err), -1);
    ck_assert_ptr_nonnull(strstr(err.text, "is a folder"));
    snprintf(path, sizeof path, "%s/fifo", folder);
    mkfifo(path, 0600);
    ck_assert_int_eq(fs_read_file(AT_FDCWD, path, 100, &none, &len, &err), -1);
    ck_assert_int_eq(fs_read_file(dirfd_, "missing", 100, &none, &len, &err), -1);
    ck_assert_int_eq(err.code, ENOENT);
    put("empty", "");
    free(text);
    ck_assert_int_eq(fs_read_file(dirfd_, "empty", 0, &text, &len, &err), 0);
    ck_assert_uint_eq(len, 0);
    {
        CLEANUP_CLOSE int zero = open("/dev/zero", O_RDONLY);

        ck_assert_int_eq(fs_read_fd(zero, "/dev/zero", 100000, &none, &len, &err), -1);
        ck_assert_ptr_nonnull(strstr(err.text, "larger than 100000 bytes"));
    }
    ck_assert_ptr_null(none);
}
END_TEST

START_TEST(replacing_leaves_the_new_content_and_no_other_file)
{
    CLEANUP_FREE char *text = NULL;
    struct stat st;
    size_t len;

    put("state", "old");
    put("state", "new and longer");
    ck_assert_int_eq(fs_read_file(dirfd_, "state", 100, &text, &len, NULL), 0);
    ck_assert_str_eq(text, "new and longer");
    ck_assert_int_ne(fstatat(dirfd_, ".state.new", &st, 0), 0);
    ck_assert_int_eq(fs_replace_file(dirfd_, "a/b", "x", 1, 0600, NULL), -1);
}
END_TEST

START_TEST(owner_and_mode_are_checked)
{
    CLEANUP_CLOSE int fd = -1;
    struct error err;

    put("key", "secret");
    fd = fs_open(dirfd_, "key", O_RDONLY, 0);
    ck_assert_int_eq(fs_check_owner(fd, "key", geteuid(), true, &err), 0);
    fchmod(fd, 0640);
    ck_assert_int_eq(fs_check_owner(fd, "key", geteuid(), false, &err), 0);
    ck_assert_int_eq(fs_check_owner(fd, "key", geteuid(), true, &err), -1);
    fchmod(fd, 0620);
    ck_assert_int_eq(fs_check_owner(fd, "key", geteuid(), false, &err), -1);
    ck_assert_ptr_nonnull(strstr(err.text, "0620"));
    if (geteuid() == 0) {
        fchmod(fd, 0600);
        ck_assert_int_eq(fchown(fd, 4242, 0), 0);
        ck_assert_int_eq(fs_check_owner(fd, "key", 0, false, &err), -1);
        ck_assert_int_eq(fs_check_owner(fd, "key", 4242, false, &err), 0);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("fs");
    TCase *tc = tcase_create("fs");

    tcase_add_checked_fixture(tc, make_folder, drop_folder);
    tcase_add_test(tc, links_are_not_followed_in_any_component);
    tcase_add_test(tc, make_path_makes_what_is_missing_and_stops_at_links);
    tcase_add_test(tc, remove_takes_the_tree_and_leaves_what_links_point_to);
    tcase_add_test(tc, remove_of_a_link_removes_the_link);
    tcase_add_test(tc, reading_is_bounded_and_refuses_what_is_no_file);
    tcase_add_test(tc, replacing_leaves_the_new_content_and_no_other_file);
    tcase_add_test(tc, owner_and_mode_are_checked);
    suite_add_tcase(suite, tc);
    return suite_run(suite);
}
