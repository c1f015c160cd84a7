/* test_node.c - nodes that register, reboot, fall silent, drain; what becomes of their jobs. */
#include "world.h"

#include <stdlib.h>
#include <string.h>

static struct world w;

static void setup(void)
{
    world_init_flat(&w, 3, 4);
}

static void teardown(void)
{
    world_check_replay(&w);
    world_fini(&w);
}

static uint32_t node_state_of(uint32_t node)
{
    struct node_view v;

    ck_assert(cluster_node_view(w.c, node, &v));
    return v.state;
}

static void lose(uint32_t node)
{
    decision_reset(&w.d);
    ck_assert_int_eq(cluster_decide_node_lost(w.c, &w.now, node, &w.d, &w.err), 0);
    world_commit(&w);
}

static Wire__StepStatus status_of(uint32_t job, uint32_t step, uint32_t attempt,
                                  uint32_t state)
{
    Wire__StepStatus st = WIRE__STEP_STATUS__INIT;

    st.has_job_id = st.has_step_id = st.has_attempt = st.has_state = 1;
    st.job_id = job;
    st.step_id = step;
    st.attempt = attempt;
    st.state = state;
    return st;
}

/* A job on node 0, whose node has been silent for too long. */
static uint32_t job_on_silent_node(void)
{
    uint32_t id = world_submit_start(&w);

    ck_assert_str_eq(world_nodes(&w, id), "n0");
    lose(0);
    world_pass_time(&w, 31);
    return id;
}

START_TEST(a_node_is_idle_mixed_or_allocated_by_its_cores)
{
    ck_assert_uint_eq(node_state_of(0), NODE_IDLE);
    world_submit_start(&w);
    ck_assert_uint_eq(node_state_of(0), NODE_MIXED);
    for (int i = 0; i < 3; i++)
        world_submit_start(&w);
    ck_assert_uint_eq(node_state_of(0), NODE_ALLOCATED);
    ck_assert_uint_eq(node_state_of(1), NODE_IDLE);
}
END_TEST

START_TEST(a_lost_node_is_down_at_once_but_its_jobs_run_on)
{
    uint32_t id = world_submit_start(&w);

    lose(0);
    ck_assert_uint_eq(node_state_of(0), NODE_DOWN | NODE_FLAG_NOT_RESPONDING);
    world_pass_time(&w, 20);
    ck_assert_int_eq(world_state(&w, id), JOB_RUNNING);
    world_submit_start(&w); /* goes elsewhere */
    ck_assert_str_eq(world_nodes(&w, 2), "n1");
}
END_TEST

START_TEST(an_agent_that_comes_back_in_time_changes_nothing)
{
    uint32_t id = world_submit_start(&w);
    Wire__StepStatus st = status_of(id, STEP_BATCH, 1, STEP_RUNNING), *steps[] = { &st };

    lose(0);
    world_pass_time(&w, 10);
    world_register(&w, 0, "boot-1", steps, 1);
    ck_assert_uint_eq(world_effects(&w, EFFECT_LAUNCH, id), 0);
    ck_assert_uint_eq(world_effects(&w, EFFECT_KILL, id), 0);
    world_pass_time(&w, 100);
    ck_assert_int_eq(world_state(&w, id), JOB_RUNNING);
    ck_assert_uint_eq(node_state_of(0), NODE_MIXED);
}
END_TEST

START_TEST(what_a_node_of_the_same_boot_does_not_list_is_launched_again)
{
    uint32_t id = world_submit_start(&w);

    world_register(&w, 0, "boot-1", NULL, 0);
    ck_assert_uint_eq(world_effects(&w, EFFECT_LAUNCH, id), 1);
}
END_TEST

START_TEST(a_job_without_steps_that_a_node_tells_of_is_left_alone_there)
{
    uint32_t id = world_submit_start(&w);
    Wire__StepStatus batch = status_of(id, STEP_BATCH, 1, STEP_RUNNING), job = status_of(id, STEP_NONE, 1, STEP_RUNNING);
    Wire__StepStatus *steps[] = { &batch, &job };

    world_register(&w, 0, "boot-1", steps, 2);
    ck_assert_uint_eq(world_effects(&w, EFFECT_KILL, id), 0);
    ck_assert_int_eq(world_state(&w, id), JOB_RUNNING);
    world_register(&w, 1, "boot-1", &steps[1], 1); /* it has no part of it */
    ck_assert_uint_eq(world_effects(&w, EFFECT_KILL, id), 1);
}
END_TEST

START_TEST(a_reboot_ends_what_ran_there_and_it_is_requeued)
{
    uint32_t id = world_submit_start(&w);

    world_register(&w, 0, "boot-2", NULL, 0);
    ck_assert_int_eq(world_state(&w, id), JOB_PENDING);
    ck_assert_uint_eq(world_view(&w, id).attempt, 2);
    world_sched(&w);
    ck_assert_int_eq(world_state(&w, id), JOB_RUNNING);
}
END_TEST

START_TEST(a_reboot_fails_a_job_that_must_not_be_requeued)
{
    uint32_t id;

    world_spec(&w)->has_requeue = 1;
    id = world_submit_start(&w);
    world_register(&w, 0, "boot-2", NULL, 0);
    ck_assert_int_eq(world_state(&w, id), JOB_NODE_FAIL);
    ck_assert_int_eq(world_view(&w, id).reason, REASON_NODE_FAIL);
}
END_TEST

START_TEST(a_silent_node_goes_down_after_node_timeout_and_its_job_waits_to_be_known_dead)
{
    uint32_t id = job_on_silent_node();

    ck_assert_uint_eq(node_state_of(0) & 0xff, NODE_DOWN);
    ck_assert_int_eq(world_state(&w, id), JOB_PENDING);
    ck_assert_int_eq(world_view(&w, id).reason, REASON_CLEANING);
    ck_assert_ptr_nonnull(
        strstr(world_reason(&w, id), "attempt 1 may still be alive on n0"));
    world_sched(&w);
    ck_assert_int_eq(world_state(&w, id), JOB_PENDING);
}
END_TEST

START_TEST(the_next_attempt_starts_when_the_node_has_rebooted)
{
    uint32_t id = job_on_silent_node();

    world_register(&w, 0, "boot-2", NULL, 0);
    world_sched(&w);
    ck_assert_int_eq(world_state(&w, id), JOB_RUNNING);
    ck_assert_uint_eq(world_view(&w, id).attempt, 2);
}
END_TEST

START_TEST(an_old_attempt_that_is_still_alive_is_killed_before_the_next_starts)
{
    uint32_t id = job_on_silent_node();
    Wire__StepStatus st = status_of(id, STEP_BATCH, 1, STEP_RUNNING), *steps[] = { &st };
    Wire__JobClean clean = WIRE__JOB_CLEAN__INIT;

    world_register(&w, 0, "boot-1", steps, 1);
    ck_assert_uint_ge(world_effects(&w, EFFECT_KILL, id), 1);
    world_sched(&w);
    ck_assert_int_eq(world_state(&w, id), JOB_PENDING);
    clean.job_id = id;
    clean.attempt = 1;
    decision_reset(&w.d);
    ck_assert_int_eq(cluster_decide_job_clean(w.c, &w.now, 0, &clean, &w.d, &w.err), 0);
    world_commit(&w);
    world_sched(&w);
    ck_assert_int_eq(world_state(&w, id), JOB_RUNNING);
}
END_TEST

START_TEST(an_operator_may_declare_a_silent_node_down_for_good)
{
    uint32_t id = job_on_silent_node();

    ck_assert_int_eq(world_update_node(&w, "n0", "down", "burnt"), 0);
    world_pass_time(&w, 1);
    world_sched(&w);
    ck_assert_int_eq(world_state(&w, id), JOB_RUNNING);
    ck_assert_str_eq(world_nodes(&w, id), "n1");
}
END_TEST

START_TEST(jobs_on_a_node_declared_down_that_still_answers_are_killed_there_first)
{
    uint32_t id = world_submit_start(&w);

    ck_assert_int_eq(world_update_node(&w, "n0", "down", "maintenance"), 0);
    decision_reset(&w.d);
    ck_assert_int_eq(cluster_decide_timers(w.c, &w.now, &w.d, &w.err), 0);
    world_commit(&w);
    ck_assert_uint_eq(world_effects(&w, EFFECT_KILL, id), 1);
    world_sched(&w);
    ck_assert_int_eq(world_state(&w, id), JOB_COMPLETING);
    world_clean(&w, id, 0);
    world_sched(&w);
    ck_assert_int_eq(world_state(&w, id), JOB_RUNNING);
    ck_assert_str_eq(world_nodes(&w, id), "n1");
}
END_TEST

START_TEST(a_job_on_two_silent_nodes_comes_to_its_end)
{
    Wire__StepSpec step = WIRE__STEP_SPEC__INIT;
    uint32_t id, step_id;

    world_spec(&w)->min_nodes = 2;
    w.spec.has_min_nodes = w.spec.has_requeue = 1;
    id = world_submit_start(&w);
    ck_assert_int_eq(world_step(&w, id, &step, &step_id), 0);
    lose(0);
    lose(1);
    world_pass_time(&w, 31);
    ck_assert_int_eq(world_state(&w, id), JOB_NODE_FAIL);
}
END_TEST

START_TEST(a_node_lost_at_one_end_of_a_job_kills_it_at_the_other)
{
    Wire__StepSpec step = WIRE__STEP_SPEC__INIT;
    uint32_t id, step_id;

    world_spec(&w)->min_nodes = 2;
    w.spec.has_min_nodes = w.spec.has_requeue = 1;
    id = world_submit_start(&w);
    ck_assert_int_eq(world_step(&w, id, &step, &step_id), 0);
    lose(1);
    world_pass_time(&w, 31);
    ck_assert_int_eq(world_state(&w, id), JOB_COMPLETING);
    world_clean(&w, id, 0);
    ck_assert_int_eq(world_state(&w, id), JOB_NODE_FAIL);
}
END_TEST

START_TEST(no_kill_lets_a_job_go_on_without_a_node)
{
    Wire__StepSpec step = WIRE__STEP_SPEC__INIT;
    uint32_t id, step_id;

    world_spec(&w)->min_nodes = 2;
    w.spec.has_min_nodes = w.spec.has_no_kill = 1;
    w.spec.no_kill = 1;
    id = world_submit_start(&w);
    ck_assert_int_eq(world_step(&w, id, &step, &step_id), 0);
    lose(1);
    world_pass_time(&w, 31);
    ck_assert_int_eq(world_state(&w, id), JOB_RUNNING);
    world_step_ended(&w, id, 0, 0, 0, false);
    world_step_ended(&w, id, STEP_BATCH, 0, 0, true);
    ck_assert_int_eq(world_state(&w, id), JOB_COMPLETED);
}
END_TEST

START_TEST(a_controller_that_was_stopped_gives_its_nodes_their_time_anew)
{
    uint32_t id = world_submit_start(&w);

    w.now.mono_ms += 60000;
    w.now.wall_usec += INT64_C(60) * 1000000;
    decision_reset(&w.d);
    ck_assert_int_eq(cluster_decide_timers(w.c, &w.now, &w.d, &w.err), 0);
    world_commit(&w);
    ck_assert_uint_eq(node_state_of(0), NODE_MIXED);
    ck_assert_int_eq(world_state(&w, id), JOB_RUNNING);
}
END_TEST

START_TEST(a_drained_node_keeps_its_jobs_and_gets_no_new_ones)
{
    uint32_t id = world_submit_start(&w);

    ck_assert_int_eq(world_update_node(&w, "n0", "drain", "fan"), 0);
    ck_assert_uint_eq(node_state_of(0), NODE_MIXED | NODE_FLAG_DRAIN);
    world_submit_start(&w);
    ck_assert_str_eq(world_nodes(&w, 2), "n1");
    world_step_ended(&w, id, STEP_BATCH, 0, 0, true);
    ck_assert_int_eq(world_state(&w, id), JOB_COMPLETED);
    ck_assert_int_eq(world_update_node(&w, "n0", "resume", NULL), 0);
    ck_assert_uint_eq(node_state_of(0), NODE_IDLE);
}
END_TEST

START_TEST(draining_needs_a_reason_and_an_operator)
{
    ck_assert_int_eq(world_update_node(&w, "n0", "drain", NULL), -1);
    ck_assert_ptr_nonnull(strstr(w.err.text, "reason"));
    ck_assert_int_eq(world_update_node(&w, "n7", "resume", NULL), -1);
    ck_assert_int_eq(w.err.code, BRE_NODE_NAME);
    ck_assert_int_eq(world_update_node(&w, "n0", "sideways", "x"), -1);
    ck_assert_int_eq(w.err.code, BRE_UPDATE);
}
END_TEST

START_TEST(a_board_with_another_key_is_not_the_node)
{
    uint8_t key[32] = { 9 };
    uint32_t id;

    ck_assert_int_eq(cluster_check_hello(w.c, "n0", key, &id, &w.err), -1);
    ck_assert_int_eq(w.err.code, BRE_AUTH);
    ck_assert_int_eq(cluster_check_hello(w.c, "stranger", key, &id, &w.err), -1);
    ck_assert_int_eq(w.err.code, BRE_NODE_NAME);
}
END_TEST

START_TEST(steps_nobody_knows_are_killed_when_a_node_registers)
{
    Wire__StepStatus st = status_of(4711, 0, 1, STEP_RUNNING), *steps[] = { &st };

    world_register(&w, 0, "boot-1", steps, 1);
    ck_assert_uint_eq(world_effects(&w, EFFECT_KILL, 4711), 1);
}
END_TEST

START_TEST(a_job_that_cannot_be_cleaned_drains_its_node)
{
    Wire__JobClean clean = WIRE__JOB_CLEAN__INIT;
    uint32_t id = world_submit_start(&w);
    struct node_view v;

    ck_assert_int_eq(world_control(&w, JOB_ACTION_CANCEL, id, WORLD_UID), 0);
    clean.job_id = id;
    clean.attempt = 1;
    clean.failed = 1;
    clean.text = (char *)"pid 77 cannot be killed";
    decision_reset(&w.d);
    ck_assert_int_eq(cluster_decide_job_clean(w.c, &w.now, 0, &clean, &w.d, &w.err), 0);
    world_commit(&w);
    ck_assert_int_eq(world_state(&w, id), JOB_CANCELLED);
    ck_assert(cluster_node_view(w.c, 0, &v));
    ck_assert_uint_eq(v.state, NODE_IDLE | NODE_FLAG_DRAIN);
    ck_assert_str_eq(v.reason, "pid 77 cannot be killed");
}
END_TEST

START_TEST(a_node_removed_from_the_configuration_gets_no_work_and_its_jobs_end_well)
{
    uint32_t id = world_submit_start(&w);
    struct node_conf kept[2] = { w.nodes[1], w.nodes[2] };

    w.conf.nodes = kept;
    w.conf.num_nodes = 2;
    ck_assert_int_eq(cluster_reconfigure(w.c, &w.conf, &w.err), 0);
    decision_reset(&w.d);
    ck_assert_int_eq(cluster_decide_start(w.c, &w.now, 42, &w.d, &w.err), 0);
    world_commit(&w);
    ck_assert_int_eq(world_state(&w, id), JOB_RUNNING);
    world_step_ended(&w, id, STEP_BATCH, 0, 0, true);
    ck_assert_int_eq(world_state(&w, id), JOB_COMPLETED);
    world_submit_start(&w);
    ck_assert_str_eq(world_nodes(&w, 2), "n1");
    w.conf.nodes = w.nodes;
    w.conf.num_nodes = 3;
    ck_assert_int_eq(cluster_reconfigure(w.c, &w.conf, &w.err), 0);
}
END_TEST

START_TEST(a_wrong_configuration_is_refused_whole)
{
    struct cluster_conf bad = w.conf;
    struct part_conf parts[2] = { { .name = "all", .nodes = "ALL" },
                                  { .name = "all", .nodes = "n9" } };

    bad.parts = parts;
    bad.num_parts = 2;
    ck_assert_int_eq(cluster_reconfigure(w.c, &bad, &w.err), -1);
    ck_assert_ptr_nonnull(strstr(w.err.text, "configured twice"));
    parts[1].name = "other";
    ck_assert_int_eq(cluster_reconfigure(w.c, &bad, &w.err), -1);
    ck_assert_ptr_nonnull(strstr(w.err.text, "n9"));
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        a_node_is_idle_mixed_or_allocated_by_its_cores,
        a_lost_node_is_down_at_once_but_its_jobs_run_on,
        an_agent_that_comes_back_in_time_changes_nothing,
        what_a_node_of_the_same_boot_does_not_list_is_launched_again,
        a_reboot_ends_what_ran_there_and_it_is_requeued,
        a_reboot_fails_a_job_that_must_not_be_requeued,
        a_silent_node_goes_down_after_node_timeout_and_its_job_waits_to_be_known_dead,
        the_next_attempt_starts_when_the_node_has_rebooted,
        an_old_attempt_that_is_still_alive_is_killed_before_the_next_starts,
        an_operator_may_declare_a_silent_node_down_for_good,
        jobs_on_a_node_declared_down_that_still_answers_are_killed_there_first,
        a_job_on_two_silent_nodes_comes_to_its_end,
        a_node_lost_at_one_end_of_a_job_kills_it_at_the_other,
        no_kill_lets_a_job_go_on_without_a_node,
        a_controller_that_was_stopped_gives_its_nodes_their_time_anew,
        a_drained_node_keeps_its_jobs_and_gets_no_new_ones,
        draining_needs_a_reason_and_an_operator,
        a_board_with_another_key_is_not_the_node,
        steps_nobody_knows_are_killed_when_a_node_registers,
        a_job_without_steps_that_a_node_tells_of_is_left_alone_there,
        a_job_that_cannot_be_cleaned_drains_its_node,
        a_node_removed_from_the_configuration_gets_no_work_and_its_jobs_end_well,
        a_wrong_configuration_is_refused_whole,
    };

    return world_main("node", setup, teardown, tests, sizeof(tests) / sizeof(tests[0]));
}
