/* test_job.c - jobs: every move from submission to purge. */
#include "world.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

static struct world w;

static void setup(void)
{
    world_init_pis(&w);
}

static void teardown(void)
{
    world_check_replay(&w);
    world_fini(&w);
}

START_TEST(a_submitted_job_starts_at_once_on_an_idle_cluster)
{
    uint32_t id = world_submit_start(&w);

    ck_assert_uint_eq(id, 1);
    ck_assert_int_eq(world_state(&w, id), JOB_RUNNING);
    ck_assert_uint_eq(world_effects(&w, EFFECT_LAUNCH, id), 1);
    ck_assert_uint_eq(world_view(&w, id).num_cpus, 1);
}
END_TEST

START_TEST(a_batch_job_whose_script_ends_well_is_completed)
{
    uint32_t id = world_submit_start(&w);

    world_step_ended(&w, id, STEP_BATCH, 0, 0, true);
    ck_assert_int_eq(world_state(&w, id), JOB_COMPLETED);
    ck_assert_uint_eq(world_effects(&w, EFFECT_ACK, id), 1);
    ck_assert_uint_eq(world_effects(&w, EFFECT_JOB_CHANGED, id), 1);
}
END_TEST

START_TEST(a_script_that_exits_with_one_fails_the_job)
{
    uint32_t id = world_submit_start(&w);

    world_step_ended(&w, id, STEP_BATCH, 0, 1 << 8, true);
    ck_assert_int_eq(world_state(&w, id), JOB_FAILED);
    ck_assert_int_eq(world_view(&w, id).reason, REASON_NON_ZERO_EXIT);
    ck_assert_uint_eq(world_view(&w, id).exit_status, 1 << 8);
}
END_TEST

START_TEST(a_job_is_completing_until_its_node_is_clean)
{
    uint32_t id = world_submit_start(&w);

    world_step_ended(&w, id, STEP_BATCH, 0, 0, false);
    ck_assert_int_eq(world_state(&w, id), JOB_COMPLETING);
    ck_assert_uint_eq(world_effects(&w, EFFECT_KILL, id), 1);
    world_clean(&w, id, 0);
    ck_assert_int_eq(world_state(&w, id), JOB_COMPLETED);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("job");
    TCase *tc = tcase_create("moves");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, a_submitted_job_starts_at_once_on_an_idle_cluster);
    tcase_add_test(tc, a_batch_job_whose_script_ends_well_is_completed);
    tcase_add_test(tc, a_script_that_exits_with_one_fails_the_job);
    tcase_add_test(tc, a_job_is_completing_until_its_node_is_clean);
    suite_add_tcase(s, tc);
    return s;
}

int main(void)
{
    SRunner *sr = srunner_create(suite());
    int failed;

    srunner_run_all(sr, CK_NORMAL);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
