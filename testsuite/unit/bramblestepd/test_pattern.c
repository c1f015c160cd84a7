/* File name patterns and --multi-prog lines. */
#include "config.h"
#include "bramble/constants.h"
#include "bramblestepd/task/multiprog.h"
#include "bramblestepd/task/pattern.h"
#include "suite.h"
#include "util/arena.h"
#include "util/error.h"

#include <check.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

static struct arena arena;

static void setup(void)
{
    arena_init(&arena, 0, 0);
}

static void teardown(void)
{
    arena_fini(&arena);
}

static const struct pattern_values batch = { .job_id = 128, .step_id = STEP_BATCH, .node_name = "pi3", .node_index = 2,
                                             .user_name = "alice", .job_name = "my job" };
static const struct pattern_values step = { .job_id = 128, .step_id = 7, .gtid = 12, .node_name = "pi3", .node_index = 2,
                                            .user_name = "alice", .job_name = "x" };

static const struct {
    const char *pattern, *name;
    bool is_step;
} cases[] = {
    { "slurm-%j.out", "/w/slurm-128.out", false },
    { "/abs/%j", "/abs/128", false },
    { "%J", "/w/128", false },
    { "%J", "/w/128.7", true },
    { "%s", "/w/batch", false },
    { "%s-%t-%n-%N-%u-%x", "/w/7-12-2-pi3-alice-x", true },
    { "%4j-%04t", "/w/0128-0012", true },
    { "%10N", "/w/pi3", true },
    { "%99j", "/w/0000000128", true },
    { "100%%", "/w/100%", false },
    { "%", "/w/%", false },
    { "%q%j", "/w/%q128", false },
    { "%5", "/w/%5", false },
    { "a\\%j", "/w/a%j", false },
    { "%A_%a_%b", "/w/128_4294967294_4", false },
    { "%x", "/w/my job", false },
};

START_TEST(a_pattern_becomes_the_name_that_slurm_makes)
{
    ck_assert_str_eq(pattern_expand(&arena, cases[_i].pattern, "/w", cases[_i].is_step ? &step : &batch),
                     cases[_i].name);
}
END_TEST

START_TEST(an_array_task_has_the_numbers_of_its_array)
{
    struct pattern_values v = batch;

    v.array_job_id = 100;
    v.array_task_id = 27;
    ck_assert_str_eq(pattern_expand(&arena, "%A_%a_%b_%j", "/w", &v), "/w/100_27_7_128");
}
END_TEST

START_TEST(a_name_that_would_be_too_long_is_refused)
{
    char pattern[PATH_MAX + 1];

    memset(pattern, 'x', sizeof pattern);
    pattern[PATH_MAX] = '\0';
    ck_assert_ptr_null(pattern_expand(&arena, pattern, "/w", &batch));
    ck_assert_ptr_nonnull(pattern_expand(&arena, "/%x", "/w", &batch));
}
END_TEST

static char *lines[] = {
    (char *)"# tasks and programs",
    (char *)"",
    (char *)"0     ./master --of %o",
    (char *)"1-3,7 ./worker %t 'one %t word' \"q q\" a\\ b",
    (char *)"*     ./rest %o",
};

static char *joined(uint32_t gtid, struct error *err)
{
    char *more[] = { (char *)"tail" };
    char **argv = multiprog_argv(&arena, lines, 5, gtid, more, 1, err);
    char *text = arena_strdup(&arena, "");

    for (; argv && *argv; argv++)
        text = arena_printf(&arena, "%s[%s]", text, *argv);
    return argv ? text : NULL;
}

START_TEST(each_task_runs_the_first_line_that_names_it)
{
    struct error err;

    ck_assert_str_eq(joined(0, &err), "[./master][--of][0][tail]");
    ck_assert_str_eq(joined(2, &err), "[./worker][2][one 2 word][\"q][q\"][a b][tail]");
    ck_assert_str_eq(joined(7, &err), "[./worker][7][one 7 word][\"q][q\"][a b][tail]");
    ck_assert_str_eq(joined(9, &err), "[./rest][9][tail]");
}
END_TEST

START_TEST(the_offset_counts_within_the_line)
{
    char *one[] = { (char *)"4-5,9-10 p %o" };
    struct error err;

    ck_assert_str_eq(multiprog_argv(&arena, one, 1, 4, NULL, 0, &err)[1], "0");
    ck_assert_str_eq(multiprog_argv(&arena, one, 1, 10, NULL, 0, &err)[1], "3");
}
END_TEST

START_TEST(bad_lines_are_refused_by_name)
{
    static char *bad[] = { (char *)"0- p", (char *)"a p", (char *)"3-1 p", (char *)"0,,1 p", (char *)"0", (char *)"5 p",
                           (char *)"0 ''" };
    struct error err = { 0 };

    ck_assert_ptr_null(multiprog_argv(&arena, &bad[_i], 1, 0, NULL, 0, &err));
    ck_assert_ptr_nonnull(strstr(err.text, "--multi-prog"));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("pattern");
    TCase *t = tcase_create("pattern");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_loop_test(t, a_pattern_becomes_the_name_that_slurm_makes, 0, sizeof cases / sizeof cases[0]);
    tcase_add_test(t, an_array_task_has_the_numbers_of_its_array);
    tcase_add_test(t, a_name_that_would_be_too_long_is_refused);
    tcase_add_test(t, each_task_runs_the_first_line_that_names_it);
    tcase_add_test(t, the_offset_counts_within_the_line);
    tcase_add_loop_test(t, bad_lines_are_refused_by_name, 0, 7);
    suite_add_tcase(s, t);
    return suite_run(s);
}
