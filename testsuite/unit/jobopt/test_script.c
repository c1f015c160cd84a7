/* test_script.c - batch scripts: how they are found, read, bounded, and their directives. */
#include "config.h"

#include <check.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "jobopt/jobopt.h"
#include "suite.h"
#include "util/error.h"
#include "util/log.h"
#include "util/mem.h"

static char scratch[] = "/tmp/test_script.XXXXXX";

static void setup(void)
{
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

    memcpy(scratch + sizeof scratch - 7, "XXXXXX", 6);
    ck_assert_ptr_nonnull(mkdtemp(scratch));
    log_open("test", "/dev/null", false);
    dup2(null, STDERR_FILENO);
    close(null);
}

static void teardown(void)
{
    static const char *const names[] = { "script", "fifo", "folder" };

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        CLEANUP_FREE char *path = xasprintf("%s/%s", scratch, names[i]);

        if (unlink(path) < 0)
            rmdir(path);
    }
    rmdir(scratch);
}

/* All that sbatch does with a script before it asks the controller. */
static int take(const char *path, struct job_options *o, struct error *err)
{
    struct batch_script script = { 0 };
    bool found;
    int rc;

    *err = (struct error){ 0 };
    job_options_init(o, CMD_SBATCH);
    rc = batch_script_load(path, NULL, &script, err) < 0
                 || job_options_from_script(o, script.text, script.len, script.name, 0, &found, err) < 0
                 || job_options_check(o, err) < 0
             ? -1
             : 0;
    batch_script_fini(&script);
    return rc;
}

static char *script_write(const char *text, size_t len)
{
    char *path = xasprintf("%s/script", scratch);
    CLEANUP_FCLOSE FILE *file = fopen(path, "w");

    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(text, 1, len, file), len);
    return path;
}

static int take_text(const char *text, struct job_options *o, struct error *err)
{
    CLEANUP_FREE char *path = script_write(text, strlen(text));

    return take(path, o, err);
}

START_TEST(every_bad_script_gets_its_one_clear_message)
{
    CLEANUP_FCLOSE FILE *file = fopen(TEST_DATA "/bad/scripts/EXPECT", "r");
    char line[512];
    unsigned count = 0;

    ck_assert_ptr_nonnull(file);
    while (fgets(line, sizeof line, file)) {
        char *tab = strchr(line, '\t');
        struct job_options o;
        struct error err;

        line[strcspn(line, "\n")] = '\0';
        ck_assert_ptr_nonnull(tab);
        *tab = '\0';
        CLEANUP_FREE char *path = xasprintf(TEST_DATA "/bad/scripts/%s", line);
        ck_assert_msg(take(path, &o, &err) == -1, "%s was taken", line);
        ck_assert_msg(strstr(err.text, tab + 1) != NULL, "%s: '%s' does not say '%s'", line, err.text, tab + 1);
        job_options_fini(&o);
        count++;
    }
    ck_assert_uint_ge(count, 20);
}
END_TEST

START_TEST(what_is_no_file_is_refused_and_never_waited_for_long)
{
    CLEANUP_FREE char *folder = xasprintf("%s/folder", scratch), *fifo = xasprintf("%s/fifo", scratch);
    const char *const paths[] = { folder, "/dev/zero", "/dev/null", "/nonexistent/script", fifo };
    const char *const says[] = { "is a folder", "does not look like a batch script", "Batch script is empty!", "Unable to open file",
                                 "" };
    time_t began = time(NULL);

    ck_assert_int_eq(mkdir(folder, 0700), 0);
    ck_assert_int_eq(mkfifo(fifo, 0600), 0);
    for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
        struct job_options o;
        struct error err;

        ck_assert_msg(take(paths[i], &o, &err) == -1, "%s was taken", paths[i]);
        ck_assert_msg(strstr(err.text, says[i]) != NULL, "%s: %s", paths[i], err.text);
        job_options_fini(&o);
    }
    ck_assert_int_lt(time(NULL) - began, 8);
}
END_TEST

START_TEST(a_script_of_100_mib_is_refused_before_it_is_read)
{
    CLEANUP_FREE char *path = script_write("#!/bin/sh\n", 10);
    struct job_options o;
    struct error err;

    ck_assert_int_eq(truncate(path, 100 << 20), 0);
    ck_assert_int_eq(take(path, &o, &err), -1);
    ck_assert_ptr_nonnull(strstr(err.text, "a batch script may have 16 MiB"));
    job_options_fini(&o);
}
END_TEST

START_TEST(the_largest_script_is_taken_and_one_byte_more_is_not)
{
    CLEANUP_FREE char *text = xmalloc(BATCH_SCRIPT_MAX + 2);
    struct job_options o;
    struct error err;

    memset(text, 'x', BATCH_SCRIPT_MAX + 1);
    memcpy(text, "#!/bin/sh\n#", 11);
    CLEANUP_FREE char *path = script_write(text, BATCH_SCRIPT_MAX);
    ck_assert_int_eq(take(path, &o, &err), 0);
    job_options_fini(&o);
    CLEANUP_FREE char *longer = script_write(text, BATCH_SCRIPT_MAX + 1);
    ck_assert_int_eq(take(longer, &o, &err), -1);
    job_options_fini(&o);
}
END_TEST

START_TEST(an_unreadable_file_is_named)
{
    CLEANUP_FREE char *path = script_write("#!/bin/sh\n", 10);
    struct job_options o;
    struct error err;

    if (geteuid() == 0)
        return; /* root reads everything */
    chmod(path, 0);
    ck_assert_int_eq(take(path, &o, &err), -1);
    ck_assert_ptr_nonnull(strstr(err.text, "Permission denied"));
    job_options_fini(&o);
}
END_TEST

START_TEST(directives_are_read_up_to_the_first_command)
{
    struct job_options o;
    struct error err;

    ck_assert_int_eq(take_text("#!/bin/sh\n"
                               "# a comment\n\n"
                               "#SBATCH -N 2 --ntasks-per-node=3\n"
                               "#SBATCHX -n 99\n"
                               "  \t\n"
                               "# SBATCH -n 98\n"
                               "#SBATCH\t-J tab # the rest -n 97\n"
                               "#SBATCH\n"
                               "true\n"
                               "#SBATCH -p behind\n",
                               &o, &err),
                     0);
    ck_assert_uint_eq(o.min_nodes, 2);
    ck_assert_uint_eq(o.num_tasks, 6);
    ck_assert_str_eq(o.job_name, "tab");
    ck_assert_ptr_null(o.partition);
    job_options_fini(&o);
}
END_TEST

START_TEST(quotes_keep_blanks_and_bytes_that_are_no_text_pass)
{
    struct job_options o;
    struct error err;

    ck_assert_int_eq(take_text("#!/bin/sh\n"
                               "#SBATCH -J \"a b\" --comment='c \"d\" \\e'\n"
                               "#SBATCH --account=x\" \"y --wckey=\"q\\\"r\"\n"
                               "#SBATCH -q \033[31m\377\376\n",
                               &o, &err),
                     0);
    ck_assert_str_eq(o.job_name, "a b");
    ck_assert_str_eq(o.comment, "c \"d\" \\e");
    ck_assert_str_eq(o.account, "x y");
    ck_assert_str_eq(o.wckey, "q\"r");
    ck_assert_str_eq(o.qos, "\033[31m\377\376");
    job_options_fini(&o);
}
END_TEST

START_TEST(ten_thousand_directives_are_read_and_the_last_counts)
{
    CLEANUP_FREE char *text = xmalloc(10 + 10001 * 20);
    char *p = text;
    struct job_options o;
    struct error err;

    p = stpcpy(p, "#!/bin/sh\n");
    for (int i = 1; i <= 10000; i++)
        p += snprintf(p, 20, "#SBATCH -n %d\n", i);
    ck_assert_int_eq(take_text(text, &o, &err), 0);
    ck_assert_uint_eq(o.num_tasks, 10000);
    job_options_fini(&o);
}
END_TEST

START_TEST(a_script_without_a_final_newline_is_whole)
{
    struct batch_script script = { 0 };
    CLEANUP_FREE char *path = script_write("#!/bin/sh\necho x", 16);
    struct error err;

    ck_assert_int_eq(batch_script_load(path, NULL, &script, &err), 0);
    ck_assert_uint_eq(script.len, 16);
    ck_assert_str_eq(script.text, "#!/bin/sh\necho x");
    ck_assert_str_eq(script.name, "script");
    batch_script_fini(&script);
}
END_TEST

START_TEST(a_wrapped_command_becomes_a_script)
{
    struct batch_script script = { 0 };
    struct error err;

    ck_assert_int_eq(batch_script_wrap("echo 'a b'\nexit 3", &script, &err), 0);
    ck_assert_int_eq(batch_script_check(script.text, script.len, &err), 0);
    ck_assert_ptr_nonnull(strstr(script.text, "\necho 'a b'\nexit 3\n"));
    ck_assert_str_eq(script.name, "wrap");
    batch_script_fini(&script);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("jobopt/script");
    TCase *tcase = tcase_create("script");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 30);
    tcase_add_test(tcase, every_bad_script_gets_its_one_clear_message);
    tcase_add_test(tcase, what_is_no_file_is_refused_and_never_waited_for_long);
    tcase_add_test(tcase, a_script_of_100_mib_is_refused_before_it_is_read);
    tcase_add_test(tcase, the_largest_script_is_taken_and_one_byte_more_is_not);
    tcase_add_test(tcase, an_unreadable_file_is_named);
    tcase_add_test(tcase, directives_are_read_up_to_the_first_command);
    tcase_add_test(tcase, quotes_keep_blanks_and_bytes_that_are_no_text_pass);
    tcase_add_test(tcase, ten_thousand_directives_are_read_and_the_last_counts);
    tcase_add_test(tcase, a_script_without_a_final_newline_is_whole);
    tcase_add_test(tcase, a_wrapped_command_becomes_a_script);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
