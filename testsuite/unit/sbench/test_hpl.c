/* test_hpl.c - choosing the size of an HPL run and reading its result. */
#include "config.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "commands/sbench/hpl.h"
#include "commands/sbench/hpl_plan.h"
#include "commands/sbench/hpl_result.h"
#include "suite.h"
#include "util/error.h"

static const char passed_output[] =
    "T/V                N    NB     P     Q               Time                 Gflops\n"
    "--------------------------------------------------------------------------------\n"
    "WR11C2R4       23314   256     1     4             318.89             2.6495e+01\n"
    "||Ax-b||_oo/(eps*(||A||_oo*||x||_oo+||b||_oo)*N)=   3.83945609e-03 ...... PASSED\n"
    "Finished      1 tests with the following results:\n"
    "End of Tests.\n";

static struct hpl_plan plan(struct hpl_request req)
{
    struct hpl_plan made;
    struct error err = { 0 };

    ck_assert_msg(hpl_plan_make(&req, &made, &err) == 0, "%s", err.text);
    return made;
}

START_TEST(the_order_fills_the_share_of_memory_in_whole_blocks)
{
    struct hpl_plan made = plan((struct hpl_request){ .hw_class = "pi4", .num_nodes = 1, .ranks_per_node = 4,
                                                      .mem_mb = 8000, .share = 0.75 });

    /* sqrt(0.75 * 8000 MiB / 8) = 28043.4, in blocks of 128 */
    ck_assert_uint_eq(made.order, 219 * 128);
    ck_assert_uint_eq(made.block, 128);
    ck_assert_double_le(made.mem_share, 0.75);
    ck_assert_double_ge(made.mem_share, 0.74);
}
END_TEST

START_TEST(the_grid_is_as_square_as_the_ranks_allow_and_never_taller_than_wide)
{
    static const struct {
        uint32_t nodes, per_node, rows, cols;
    } cases[] = { { 1, 1, 1, 1 }, { 1, 4, 2, 2 }, { 2, 4, 2, 4 }, { 3, 4, 3, 4 }, { 7, 1, 1, 7 }, { 4, 4, 4, 4 } };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct hpl_plan made = plan((struct hpl_request){ .num_nodes = cases[i].nodes,
            .ranks_per_node = cases[i].per_node, .mem_mb = 1000, .share = 0.5 });

        ck_assert_uint_eq(made.rows, cases[i].rows);
        ck_assert_uint_eq(made.cols, cases[i].cols);
    }
}
END_TEST

START_TEST(a_grid_that_does_not_fit_the_ranks_is_refused)
{
    struct hpl_request req = { .num_nodes = 1, .ranks_per_node = 4, .mem_mb = 1000, .share = 0.5, .rows = 2,
                               .cols = 3 };
    struct hpl_plan made;
    struct error err = { 0 };

    ck_assert_int_lt(hpl_plan_make(&req, &made, &err), 0);
    ck_assert_ptr_nonnull(strstr(err.text, "--grid 2x3"));
}
END_TEST

START_TEST(an_order_beyond_the_memory_is_refused_with_the_largest_that_fits)
{
    struct hpl_request req = { .num_nodes = 2, .ranks_per_node = 4, .mem_mb = 1000, .share = 0.5,
                               .order = 100000 };
    struct hpl_plan made;
    struct error err = { 0 };

    ck_assert_int_lt(hpl_plan_make(&req, &made, &err), 0);
    ck_assert_ptr_nonnull(strstr(err.text, "--problem-size 15"));
    req.order = 0;
    req.share = 0;
    ck_assert_int_lt(hpl_plan_make(&req, &made, &err), 0);
}
END_TEST

START_TEST(the_input_names_size_grid_and_threshold_on_their_lines)
{
    struct hpl_plan made = { .order = 1024, .block = 64, .rows = 2, .cols = 4 };
    char *input = hpl_input_make(&made, 16.0), *save = NULL;
    unsigned line = 0;

    for (char *at = strtok_r(input, "\n", &save); at; at = strtok_r(NULL, "\n", &save)) {
        line++;
        if (line == 6)
            ck_assert_int_eq(atoi(at), 1024);
        else if (line == 8)
            ck_assert_int_eq(atoi(at), 64);
        else if (line == 11)
            ck_assert_int_eq(atoi(at), 2);
        else if (line == 12)
            ck_assert_int_eq(atoi(at), 4);
        else if (line == 13)
            ck_assert_int_eq(atoi(at), 16);
    }
    ck_assert_uint_eq(line, 31);
    free(input);
}
END_TEST

START_TEST(a_good_output_passes_with_its_figures)
{
    struct hpl_result result;

    hpl_result_parse(&result, passed_output);
    ck_assert_uint_eq(result.num_runs, 1);
    ck_assert_str_eq(result.runs[0].variant, "WR11C2R4");
    ck_assert_uint_eq(result.runs[0].order, 23314);
    ck_assert_double_eq_tol(result.runs[0].gflops, 26.495, 1e-9);
    ck_assert_double_eq_tol(result.runs[0].seconds, 318.89, 1e-9);
    ck_assert_double_eq_tol(result.runs[0].residual, 3.83945609e-03, 1e-12);
    ck_assert_int_eq(hpl_result_verdict(&result), HPL_PASSED);
}
END_TEST

START_TEST(a_sweep_fails_if_one_of_its_runs_does)
{
    struct hpl_result result;

    hpl_result_parse(&result, "WR11C2R4  1000 64 1 4 0.1 8.074e+00\n"
                              "||Ax-b||_oo/(eps*(||A||_oo*||x||_oo+||b||_oo)*N)= 3.8e-03 ...... PASSED\n"
                              "  0: WR11C2R4  2000 64 1 4 0.2 9.1e+00\r\n"
                              "  0: ||Ax-b||_oo/(eps*(||A||_oo*||x||_oo+||b||_oo)*N)= 1.2e+06 ...... FAILED\r\n"
                              "End of Tests.\n");
    ck_assert_uint_eq(result.num_runs, 2);
    ck_assert(result.runs[0].passed);
    ck_assert(result.runs[1].checked && !result.runs[1].passed);
    ck_assert_int_eq(hpl_result_verdict(&result), HPL_FAILED);
}
END_TEST

START_TEST(an_output_cut_off_is_incomplete_and_one_without_check_unchecked)
{
    struct hpl_result result;

    hpl_result_parse(&result, "");
    ck_assert_int_eq(hpl_result_verdict(&result), HPL_INCOMPLETE);
    hpl_result_parse(&result, "WR11C2R4  1000 64 1 4 0.1 8.074e+00\n");
    ck_assert_int_eq(hpl_result_verdict(&result), HPL_INCOMPLETE);
    hpl_result_parse(&result, "WR11C2R4  1000 64 1 4 0.1 8.074e+00\nEnd of Tests.\n");
    ck_assert_int_eq(hpl_result_verdict(&result), HPL_UNCHECKED);
    hpl_result_parse(&result, "Warm words about HPL\nHPL ERROR from process # 0\nWR11C2R4 text\n");
    ck_assert_uint_eq(result.num_runs, 0);
    ck_assert_ptr_nonnull(strstr(result.complaint, "HPL ERROR"));
}
END_TEST

START_TEST(how_the_job_ended_outweighs_a_good_output)
{
    ck_assert_int_eq(hpl_verdict_with_state(HPL_PASSED, "COMPLETED", 0), HPL_PASSED);
    ck_assert_int_eq(hpl_verdict_with_state(HPL_PASSED, "OUT_OF_MEMORY", 137), HPL_OOM);
    ck_assert_int_eq(hpl_verdict_with_state(HPL_INCOMPLETE, "TIMEOUT", 143), HPL_TIMEOUT);
    ck_assert_int_eq(hpl_verdict_with_state(HPL_INCOMPLETE, "FAILED", 137), HPL_OOM);
    ck_assert_int_eq(hpl_verdict_with_state(HPL_INCOMPLETE, "CANCELLED", 137), HPL_OOM);
    ck_assert_int_eq(hpl_verdict_with_state(HPL_INCOMPLETE, "NODE_FAIL", 1), HPL_NODE_FAIL);
    ck_assert_int_eq(hpl_verdict_with_state(HPL_INCOMPLETE, "CANCELLED by 0", 143), HPL_CANCELLED);
    ck_assert_int_eq(hpl_verdict_with_state(HPL_PASSED, "COMPLETED", 1), HPL_INCOMPLETE);
}
END_TEST

START_TEST(nodes_give_their_least_memory_and_cores_and_their_class)
{
    struct hpl_nodes nodes;
    struct error err = { 0 };

    ck_assert_int_eq(
        hpl_nodes_parse(&nodes,
                        "NodeName=a CPUTot=4 ThreadsPerCore=1 RealMemory=3800 FreeMem=3000 ActiveFeatures=pi4,arm64\n"
                        "NodeName=b CPUTot=8 ThreadsPerCore=2 RealMemory=1800 FreeMem=9000 ActiveFeatures=pi4\n",
                        &err),
        0);
    ck_assert_uint_eq(nodes.num_nodes, 2);
    ck_assert_uint_eq(nodes.cores, 4);
    ck_assert_uint_eq(nodes.mem_mb, 1800);
    ck_assert_str_eq(nodes.hw_class, "pi4");
    ck_assert_str_eq(nodes.names, "a,b");
    ck_assert(!nodes.mixed);
    hpl_nodes_fini(&nodes);
    ck_assert_int_eq(hpl_nodes_parse(&nodes, "NodeName=a ActiveFeatures=pi3\nNodeName=b ActiveFeatures=pi5\n", &err),
                     0);
    ck_assert(nodes.mixed);
    hpl_nodes_fini(&nodes);
    ck_assert_int_lt(hpl_nodes_parse(&nodes, "", &err), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sbench/hpl");
    TCase *tc = tcase_create("hpl");

    tcase_add_test(tc, the_order_fills_the_share_of_memory_in_whole_blocks);
    tcase_add_test(tc, the_grid_is_as_square_as_the_ranks_allow_and_never_taller_than_wide);
    tcase_add_test(tc, a_grid_that_does_not_fit_the_ranks_is_refused);
    tcase_add_test(tc, an_order_beyond_the_memory_is_refused_with_the_largest_that_fits);
    tcase_add_test(tc, the_input_names_size_grid_and_threshold_on_their_lines);
    tcase_add_test(tc, a_good_output_passes_with_its_figures);
    tcase_add_test(tc, a_sweep_fails_if_one_of_its_runs_does);
    tcase_add_test(tc, an_output_cut_off_is_incomplete_and_one_without_check_unchecked);
    tcase_add_test(tc, how_the_job_ended_outweighs_a_good_output);
    tcase_add_test(tc, nodes_give_their_least_memory_and_cores_and_their_class);
    suite_add_tcase(suite, tc);
    return suite_run(suite);
}
