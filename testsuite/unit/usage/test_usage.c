/* test_usage.c - usage of tasks: adding up, text and wire. */
#include "config.h"
#include <check.h>
#include <stdlib.h>

#include "suite.h"
#include "usage/usage.h"
#include "util/mem.h"

START_TEST(the_most_and_the_least_keep_their_task_and_node)
{
    struct usage a = { .num_tasks = 2 }, b = { .num_tasks = 1 };

    usage_add(&a, USAGE_MEM, 100, 0, "pi1");
    usage_add(&a, USAGE_MEM, 300, 1, "pi1");
    usage_add(&b, USAGE_MEM, 50, 2, "pi2");
    usage_merge(&a, &b);
    ck_assert_uint_eq(a.num_tasks, 3);
    ck_assert_uint_eq(a.spans[USAGE_MEM].total, 450);
    ck_assert_uint_eq(a.spans[USAGE_MEM].max, 300);
    ck_assert_uint_eq(a.spans[USAGE_MEM].max_task, 1);
    ck_assert_str_eq(a.spans[USAGE_MEM].max_node, "pi1");
    ck_assert_uint_eq(a.spans[USAGE_MEM].min, 50);
    ck_assert_uint_eq(a.spans[USAGE_MEM].min_task, 2);
    ck_assert_str_eq(a.spans[USAGE_MEM].min_node, "pi2");
    ck_assert(!a.spans[USAGE_CPU].known);
}
END_TEST

START_TEST(a_text_reads_back_as_it_was_written)
{
    struct usage u = { .num_tasks = 2 }, back;

    usage_add(&u, USAGE_CPU, 7, 3, "4");
    usage_add(&u, USAGE_CPU, 9, 4, "5");
    usage_add(&u, USAGE_WRITE, 0, 3, "4");
    CLEANUP_FREE char *text = usage_format(&u);
    ck_assert_str_eq(text, "2;16,9,4,5,7,3,4;;;;;0,0,3,4,0,3,4");
    ck_assert(usage_parse(&back, text));
    CLEANUP_FREE char *again = usage_format(&back);
    ck_assert_str_eq(again, text);
    ck_assert(!usage_parse(&back, NULL));
    ck_assert(!usage_parse(&back, "what"));
    ck_assert_uint_eq(back.num_tasks, 0);
    ck_assert(usage_parse(&back, "1;1,2"));
    ck_assert(!back.spans[USAGE_CPU].known);
}
END_TEST

START_TEST(the_wire_says_of_one_task_only_what_it_used)
{
    struct usage u = { .num_tasks = 1 }, back;
    Wire__StepUsage msg;
    Wire__UsageSpan spans[USAGE_KINDS];

    usage_add(&u, USAGE_CPU, 5, 6, "");
    usage_add(&u, USAGE_READ, 8, 6, "");
    usage_to_wire(&u, &msg, spans);
    ck_assert(!msg.cpu->has_max && !msg.cpu->has_min_task);
    ck_assert_ptr_null(msg.mem);
    usage_from_wire(&back, &msg, "pi9");
    ck_assert_uint_eq(back.spans[USAGE_READ].max, 8);
    ck_assert_uint_eq(back.spans[USAGE_READ].min, 8);
    ck_assert_uint_eq(back.spans[USAGE_READ].max_task, 6);
    ck_assert_str_eq(back.spans[USAGE_READ].min_node, "pi9");
    u.num_tasks = 2;
    usage_add(&u, USAGE_CPU, 2, 7, "");
    usage_to_wire(&u, &msg, spans);
    usage_from_wire(&back, &msg, "pi9");
    ck_assert_uint_eq(back.spans[USAGE_CPU].total, 7);
    ck_assert_uint_eq(back.spans[USAGE_CPU].min, 2);
    ck_assert_uint_eq(back.spans[USAGE_CPU].min_task, 7);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("usage");
    TCase *tc = tcase_create("usage");

    tcase_add_test(tc, the_most_and_the_least_keep_their_task_and_node);
    tcase_add_test(tc, a_text_reads_back_as_it_was_written);
    tcase_add_test(tc, the_wire_says_of_one_task_only_what_it_used);
    suite_add_tcase(s, tc);
    return suite_run(s);
}
