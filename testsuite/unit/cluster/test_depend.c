/* test_depend.c - dependencies on jobs, arrays and tasks. */
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/bitmap.h"

static struct world w;

static void setup(void)
{
    world_init_flat(&w, 2, 4);
}

static void teardown(void)
{
    world_check_replay(&w);
    world_fini(&w);
}

static uint32_t submit(const char *tasks, const char *dependency)
{
    uint32_t id;

    world_spec(&w)->array_inx = (char *)tasks;
    w.spec.dependency = (char *)dependency;
    id = world_submit_start(&w);
    ck_assert_msg(id != 0, "%s", w.err.text);
    world_spec(&w);
    return id;
}

static void end(uint32_t id, uint32_t status)
{
    struct job_node_view at;

    ck_assert(cluster_job_node(w.c, cluster_job_find(w.c, id), 0, &at));
    world_step_ended(&w, id, STEP_BATCH, at.node_id, status, true);
    world_sched(&w);
}

static const char *shown(uint32_t id)
{
    return cluster_job_dependency(w.c, cluster_job_find(w.c, id), &w.scratch);
}

static enum job_reason reason(uint32_t id)
{
    return world_view(&w, id).reason;
}

START_TEST(an_array_is_over_when_all_its_tasks_are)
{
    uint32_t a = submit("0-2", NULL), ok, notok, any, after;

    ok = submit(NULL, "afterok:1");
    notok = submit(NULL, "afternotok:1");
    any = submit(NULL, "afterany:1_*");
    after = submit(NULL, "after:1");
    ck_assert_uint_eq(world_state(&w, after), JOB_RUNNING); /* all have started */
    ck_assert_str_eq(shown(ok), "afterok:1_*(unfulfilled)");
    end(a + 1, 0);
    end(a + 2, 1 << 8);
    ck_assert_uint_eq(reason(ok), REASON_DEPENDENCY);
    end(a, 0);
    ck_assert_uint_eq(reason(ok), REASON_DEPENDENCY_NEVER);
    ck_assert_str_eq(shown(ok), "afterok:1_*(failed)");
    ck_assert_uint_eq(world_state(&w, notok), JOB_RUNNING);
    ck_assert_uint_eq(world_state(&w, any), JOB_RUNNING);
}
END_TEST

START_TEST(after_an_array_waits_for_its_last_task_to_start)
{
    uint32_t a = submit("0-8", NULL), after = submit(NULL, "after:1");

    ck_assert_uint_eq(world_state(&w, after), JOB_PENDING);
    end(a + 1, 0);
    ck_assert_uint_eq(world_state(&w, after), JOB_PENDING); /* met, but there is no room */
    ck_assert_str_eq(shown(after), "");
}
END_TEST

START_TEST(a_task_may_be_waited_for_alone)
{
    uint32_t a = submit("0-2", NULL), one = submit(NULL, "afterok:1_1"), two = submit(NULL, "afterok:1_[0,2]");

    ck_assert_str_eq(shown(two), "afterok:1_0(unfulfilled),afterok:1_2(unfulfilled)");
    end(a + 2, 0);
    ck_assert_uint_eq(world_state(&w, one), JOB_RUNNING);
    end(a + 1, 0);
    ck_assert_str_eq(shown(two), "afterok:1_2(unfulfilled)");
    end(a, 0);
    ck_assert_uint_eq(world_state(&w, two), JOB_RUNNING);
}
END_TEST

START_TEST(a_task_that_waits_can_be_waited_for_and_cancelled)
{
    uint32_t one;

    world_spec(&w)->array_inx = (char *)"0-9";
    w.spec.has_hold = w.spec.hold = 1;
    ck_assert_uint_eq(world_submit(&w), 1);
    world_spec(&w);
    one = submit(NULL, "afterok:1_4");
    ck_assert_uint_eq(reason(one), REASON_DEPENDENCY);
    ck_assert_int_eq(world_control(&w, JOB_ACTION_CANCEL, 1, WORLD_UID), 0);
    ck_assert_uint_eq(reason(one), REASON_DEPENDENCY_NEVER);
}
END_TEST

START_TEST(aftercorr_goes_task_by_task)
{
    uint32_t a = submit("0-2", NULL), b = submit("0-3", "aftercorr:1");

    ck_assert_uint_eq(world_view(&w, b + 1).task_id, 0);
    ck_assert_uint_eq(world_view(&w, b).task_id, 3); /* the last keeps the id */
    end(a + 2, 0);
    ck_assert_uint_eq(world_state(&w, b + 1), JOB_PENDING);
    ck_assert_uint_eq(world_state(&w, b + 2), JOB_RUNNING);
    end(a + 1, 1 << 8);
    ck_assert_uint_eq(reason(b + 1), REASON_DEPENDENCY_NEVER);
    ck_assert_str_eq(shown(b + 1), "aftercorr:1_*(failed)");
    end(a, 0);
    ck_assert_uint_eq(world_state(&w, b + 3), JOB_RUNNING);
    ck_assert_uint_eq(reason(b), REASON_DEPENDENCY_NEVER); /* it has no partner: all must go well */
}
END_TEST

START_TEST(aftercorr_on_a_job_that_is_no_array_is_afterok)
{
    uint32_t a = submit(NULL, NULL), b = submit("0-1", "aftercorr:1");

    ck_assert_uint_eq(reason(b), REASON_DEPENDENCY);
    end(a, 0);
    ck_assert_uint_eq(world_state(&w, b), JOB_RUNNING);
    ck_assert_uint_eq(world_state(&w, b + 1), JOB_RUNNING);
}
END_TEST

START_TEST(tasks_split_off_wait_for_what_the_array_waits_for)
{
    uint32_t a = submit(NULL, NULL), b = submit("0-3", "afterok:1");

    ck_assert_int_eq(world_update_job(&w, b, "nice", "5"), 0);
    ck_assert_uint_eq(world_state(&w, b), JOB_PENDING);
    end(a, 0);
    ck_assert_uint_eq(world_state(&w, b), JOB_RUNNING);
    ck_assert_uint_eq(world_state(&w, b + 3), JOB_RUNNING);
}
END_TEST

START_TEST(jobs_of_a_name_run_one_by_one)
{
    uint32_t a, b, c;

    world_spec(&w)->name = (char *)"alone";
    a = world_submit_start(&w);
    w.spec.dependency = (char *)"singleton";
    b = world_submit_start(&w);
    c = world_submit_start(&w);
    ck_assert_uint_eq(world_state(&w, b), JOB_PENDING);
    ck_assert_str_eq(shown(b), "singleton(unfulfilled)");
    end(a, 0);
    ck_assert_uint_eq(world_state(&w, b), JOB_RUNNING);
    ck_assert_uint_eq(world_state(&w, c), JOB_PENDING);
    ck_assert_int_eq(world_update_job(&w, c, "jobname", "other"), 0);
    world_sched(&w);
    ck_assert_uint_eq(world_state(&w, c), JOB_RUNNING);
}
END_TEST

START_TEST(tasks_of_one_array_do_not_hold_each_other_up)
{
    uint32_t id;

    world_spec(&w)->array_inx = (char *)"0-1";
    w.spec.name = (char *)"alone";
    w.spec.dependency = (char *)"singleton";
    id = world_submit_start(&w);
    ck_assert_uint_eq(world_state(&w, id), JOB_RUNNING);
    ck_assert_uint_eq(world_state(&w, id + 1), JOB_RUNNING);
    id = world_submit_start(&w);
    ck_assert_uint_eq(world_state(&w, id), JOB_PENDING);
}
END_TEST

START_TEST(a_bare_id_means_afterany)
{
    submit(NULL, NULL);
    ck_assert_str_eq(shown(submit(NULL, "1")), "afterany:1(unfulfilled)");
}
END_TEST

START_TEST(a_delay_is_shown_until_it_is_over)
{
    uint32_t a = submit(NULL, NULL), b = submit(NULL, "after:1+5");

    ck_assert_str_eq(shown(b), "after:1+5(unfulfilled)");
    ck_assert_uint_eq(reason(b), REASON_DEPENDENCY);
    world_pass_time(&w, 290);
    ck_assert_uint_eq(world_state(&w, b), JOB_PENDING);
    world_pass_time(&w, 20);
    world_sched(&w);
    ck_assert_uint_eq(world_state(&w, b), JOB_RUNNING);
    end(a, 0);
}
END_TEST

START_TEST(rings_are_found_behind_any_of_several_conditions)
{
    submit(NULL, NULL);
    submit(NULL, "afterany:1"); /* 2 */
    submit(NULL, "afterany:1,afterany:2"); /* 3 */
    submit("0-1", "afterany:1,afterany:3"); /* 4 */
    ck_assert_int_eq(world_update_job(&w, 2, "dependency", "afterok:4"), -1);
    ck_assert_int_eq(w.err.code, BRE_DEPENDENCY);
    ck_assert_int_eq(world_update_job(&w, 4, "dependency", "afterok:4_1"), -1);
}
END_TEST

START_TEST(thousands_may_wait_for_one_and_thousands_for_others)
{
    for (uint32_t i = 1; i <= 4000; i++) {
        char text[32];

        world_spec(&w)->dependency = text;
        snprintf(text, sizeof(text), i % 2 ? "afterok:%u" : "afterany:%u", i % 2 || i < 3 ? 1 : i - 2);
        if (i == 1)
            w.spec.dependency = NULL;
        ck_assert_uint_eq(world_submit(&w), i);
    }
    world_spec(&w);
    world_sched(&w);
    end(1, 0);
    ck_assert_uint_eq(world_state(&w, 3), JOB_RUNNING);
    ck_assert_str_eq(shown(3999), "");
    ck_assert_str_eq(shown(4000), "afterany:3998(unfulfilled)");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        an_array_is_over_when_all_its_tasks_are,
        after_an_array_waits_for_its_last_task_to_start,
        a_task_may_be_waited_for_alone,
        a_task_that_waits_can_be_waited_for_and_cancelled,
        aftercorr_goes_task_by_task,
        aftercorr_on_a_job_that_is_no_array_is_afterok,
        tasks_split_off_wait_for_what_the_array_waits_for,
        jobs_of_a_name_run_one_by_one,
        tasks_of_one_array_do_not_hold_each_other_up,
        a_bare_id_means_afterany,
        a_delay_is_shown_until_it_is_over,
        rings_are_found_behind_any_of_several_conditions,
        thousands_may_wait_for_one_and_thousands_for_others,
    };

    return world_main("depend", setup, teardown, tests, sizeof(tests) / sizeof(tests[0]));
}
