/* test_het.c - components of heterogeneous jobs: what each is given and what it inherits. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "jobopt/jobopt.h"
#include "suite.h"
#include "util/error.h"
#include "util/mem.h"

static struct job_components c;

/* The number of components; -1: refused. */
static int read_parts(enum job_command command, const char *script, struct error *err, ...)
{
    struct batch_script text = { .text = (char *)script, .len = script ? strlen(script) : 0, .name = (char *)"x.sh" };
    char *argv[32];
    va_list list;
    int argc = 0;

    va_start(list, err);
    while ((argv[argc] = va_arg(list, char *)))
        argc++;
    va_end(list);
    return job_components_read(&c, command, script ? &text : NULL, argc, argv, err) < 0 ? -1 : (int)c.num;
}

static const char *operand(int n)
{
    int argc;
    char **words = job_components_operands(&c, &argc);

    return n < argc ? words[n] : "(none)";
}

static void forget(void)
{
    job_components_fini(&c);
}

START_TEST(a_job_without_colon_has_one_component)
{
    struct error err = { 0 };

    ck_assert_int_eq(read_parts(CMD_SBATCH, NULL, &err, "sbatch", "-n2", "x.sh", "a", ":", "b", NULL), 1);
    ck_assert_uint_eq(c.parts[0].options.num_tasks, 2);
    ck_assert_str_eq(operand(0), "x.sh");
    ck_assert_str_eq(operand(2), ":");
    forget();
}
END_TEST

START_TEST(components_inherit_what_is_no_amount)
{
    struct error err = { 0 };

    ck_assert_int_eq(read_parts(CMD_SBATCH, NULL, &err, "sbatch", "-n2", "-t5", "-Jx", "-p", "a", "--mem-per-cpu=7",
                                "-A", "acc", "-H", ":", "-c3", "-t", "9", ":", "-N2", "x.sh", "arg", NULL), 3);
    ck_assert_uint_eq(c.parts[0].options.num_tasks, 2);
    ck_assert_uint_eq(c.parts[1].options.num_tasks, OPT_UNSET);
    ck_assert_uint_eq(c.parts[1].options.cpus_per_task, 3);
    ck_assert_uint_eq(c.parts[1].options.time_limit_min, 9);
    ck_assert_uint_eq(c.parts[2].options.time_limit_min, 9);
    ck_assert_uint_eq(c.parts[2].options.cpus_per_task, OPT_UNSET);
    ck_assert_uint_eq(c.parts[2].options.min_nodes, 2);
    ck_assert_str_eq(c.parts[2].options.job_name, "x");
    ck_assert_str_eq(c.parts[2].options.account, "acc");
    ck_assert(c.parts[2].options.hold);
    ck_assert_ptr_null(c.parts[1].options.partition);
    ck_assert(c.parts[1].options.mem_per_cpu_mb == OPT_UNSET64);
    ck_assert_str_eq(operand(1), "arg");
    forget();
}
END_TEST

START_TEST(sections_of_the_script_are_components_too)
{
    static const char script[] = "#!/bin/sh\n#SBATCH -n1 -J s\n#SBATCH hetjob\n#SBATCH -n2 -p b\n#SBATCH packjob\n"
                                 "#SBATCH -n3\ntrue\n#SBATCH hetjob\n";
    struct error err = { 0 };

    ck_assert_int_eq(read_parts(CMD_SBATCH, script, &err, "sbatch", "-n5", ":", "-c2", "x.sh", NULL), 3);
    ck_assert_uint_eq(c.parts[0].options.num_tasks, 5);
    ck_assert_uint_eq(c.parts[1].options.num_tasks, 2);
    ck_assert_uint_eq(c.parts[1].options.cpus_per_task, 2);
    ck_assert_str_eq(c.parts[1].options.partition, "b");
    ck_assert_uint_eq(c.parts[2].options.num_tasks, 3);
    ck_assert_str_eq(c.parts[2].options.job_name, "s");
    forget();
}
END_TEST

START_TEST(the_programs_of_srun_do_not_hide_further_components)
{
    struct error err = { 0 };

    ck_assert_int_eq(read_parts(CMD_SRUN, NULL, &err, "srun", "-n1", "a", "-x", ":", "-n2", "b", NULL), 2);
    ck_assert_str_eq(c.parts[0].words[c.parts[0].first_operand], "a");
    ck_assert_uint_eq(c.parts[1].options.num_tasks, 2);
    ck_assert_str_eq(operand(0), "b");
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

    tcase_add_test(tc, a_job_without_colon_has_one_component);
    tcase_add_test(tc, components_inherit_what_is_no_amount);
    tcase_add_test(tc, sections_of_the_script_are_components_too);
    tcase_add_test(tc, the_programs_of_srun_do_not_hide_further_components);
    tcase_add_test(tc, a_bad_value_in_a_later_component_is_refused);
    suite_add_tcase(suite, tc);
    return suite_run(suite);
}
