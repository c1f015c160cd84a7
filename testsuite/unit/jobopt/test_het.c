/* test_het.c - components of heterogeneous jobs: what each is given and what it inherits. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "jobopt/jobopt.h"
#include "util/error.h"
#include "util/mem.h"

static struct job_options parts[4];
static struct job_part words[4];

/* The number of components; -1: refused. */
static int read_parts(enum job_command command, const char *script, struct error *err, ...)
{
    struct batch_script text = { .text = (char *)script, .len = script ? strlen(script) : 0, .name = (char *)"x.sh" };
    char *argv[32];
    va_list list;
    int argc = 0, k = 0, rc = 1;

    va_start(list, err);
    while ((argv[argc] = va_arg(list, char *)))
        argc++;
    va_end(list);
    for (; k < 4 && rc > 0; k++)
        rc = job_options_component(&parts[k], command, (unsigned)k, k ? &parts[k - 1] : NULL, script ? &text : NULL,
                                   argc, argv, &words[k], err);
    return rc < 0 ? -1 : k - 1;
}

static void forget(void)
{
    for (int k = 0; k < 4; k++) {
        job_options_fini(&parts[k]);
        job_part_fini(&words[k]);
    }
    memset(parts, 0, sizeof parts);
}

START_TEST(a_job_without_colon_has_one_component)
{
    struct error err = { 0 };

    ck_assert_int_eq(read_parts(CMD_SBATCH, NULL, &err, "sbatch", "-n2", "x.sh", "a", ":", "b", NULL), 1);
    ck_assert_uint_eq(parts[0].num_tasks, 2);
    ck_assert_str_eq(words[0].words[words[0].first_operand], "x.sh");
    forget();
}
END_TEST

START_TEST(components_inherit_what_is_no_amount)
{
    struct error err = { 0 };

    ck_assert_int_eq(read_parts(CMD_SBATCH, NULL, &err, "sbatch", "-n2", "-t5", "-Jx", "-p", "a", "--mem-per-cpu=7",
                                "-A", "acc", "-H", ":", "-c3", "-t", "9", ":", "-N2", "x.sh", "arg", NULL), 3);
    ck_assert_uint_eq(parts[0].num_tasks, 2);
    ck_assert_uint_eq(parts[1].num_tasks, OPT_UNSET);
    ck_assert_uint_eq(parts[1].cpus_per_task, 3);
    ck_assert_uint_eq(parts[1].time_limit_min, 9);
    ck_assert_uint_eq(parts[2].time_limit_min, 9);
    ck_assert_uint_eq(parts[2].cpus_per_task, OPT_UNSET);
    ck_assert_uint_eq(parts[2].min_nodes, 2);
    ck_assert_str_eq(parts[2].job_name, "x");
    ck_assert_str_eq(parts[2].account, "acc");
    ck_assert(parts[2].hold);
    ck_assert_ptr_null(parts[1].partition);
    ck_assert(parts[1].mem_per_cpu_mb == OPT_UNSET64);
    ck_assert(job_part_goes_on(&words[0]));
    ck_assert(!job_part_goes_on(&words[2]));
    ck_assert_str_eq(words[2].words[words[2].first_operand + 1], "arg");
    forget();
}
END_TEST

START_TEST(sections_of_the_script_are_components_too)
{
    static const char script[] = "#!/bin/sh\n#SBATCH -n1 -J s\n#SBATCH hetjob\n#SBATCH -n2 -p b\n#SBATCH packjob\n"
                                 "#SBATCH -n3\ntrue\n#SBATCH hetjob\n";
    struct error err = { 0 };

    ck_assert_int_eq(read_parts(CMD_SBATCH, script, &err, "sbatch", "-n5", ":", "-c2", "x.sh", NULL), 3);
    ck_assert_uint_eq(parts[0].num_tasks, 5);
    ck_assert_uint_eq(parts[1].num_tasks, 2);
    ck_assert_uint_eq(parts[1].cpus_per_task, 2);
    ck_assert_str_eq(parts[1].partition, "b");
    ck_assert_uint_eq(parts[2].num_tasks, 3);
    ck_assert_str_eq(parts[2].job_name, "s");
    forget();
}
END_TEST

START_TEST(the_programs_of_srun_do_not_hide_further_components)
{
    struct error err = { 0 };

    ck_assert_int_eq(read_parts(CMD_SRUN, NULL, &err, "srun", "-n1", "a", "-x", ":", "-n2", "b", NULL), 2);
    ck_assert_str_eq(words[0].words[words[0].first_operand], "a");
    ck_assert_uint_eq(parts[1].num_tasks, 2);
    ck_assert_str_eq(words[1].words[words[1].first_operand], "b");
    forget();
}
END_TEST

START_TEST(a_bad_value_in_a_later_component_is_refused)
{
    struct error err = { 0 };

    ck_assert_int_eq(read_parts(CMD_SBATCH, NULL, &err, "sbatch", "-n1", ":", "-n0", "x.sh", NULL), -1);
    ck_assert_ptr_nonnull(strstr(err.text, "Invalid numeric value \"0\" for --ntasks"));
    forget();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("het");
    TCase *tc = tcase_create("components");
    SRunner *runner;
    int failed;

    tcase_add_test(tc, a_job_without_colon_has_one_component);
    tcase_add_test(tc, components_inherit_what_is_no_amount);
    tcase_add_test(tc, sections_of_the_script_are_components_too);
    tcase_add_test(tc, the_programs_of_srun_do_not_hide_further_components);
    tcase_add_test(tc, a_bad_value_in_a_later_component_is_refused);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
