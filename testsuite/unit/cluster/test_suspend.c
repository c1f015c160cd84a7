/* test_suspend.c - jobs that are stopped for a while: their time, their cores, their nodes. */
#include "world.h"

#include <signal.h>

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

static uint32_t whole_node(void)
{
    world_spec(&w)->num_tasks = 4;
    w.spec.has_num_tasks = 1;
    w.spec.has_time_limit_min = 1;
    w.spec.time_limit_min = 10;
    w.spec.nodelist = (char *)"n0";
    return world_submit_start(&w);
}

static uint32_t used_cores(uint32_t node)
{
    struct node_view view;

    ck_assert(cluster_node_view(w.c, node, &view));
    return view.alloc_cores;
}

START_TEST(suspending_tells_every_node_of_every_step_to_stop)
{
    uint32_t id = whole_node();

    ck_assert_int_eq(world_control(&w, JOB_ACTION_SUSPEND, id, 0), 0);
    ck_assert_int_eq(world_state(&w, id), JOB_SUSPENDED);
    ck_assert_uint_eq(world_effects(&w, EFFECT_KILL, id), 1);
    for (size_t i = 0; i < w.d.num_effects; i++)
        if (w.d.effects[i].kind == EFFECT_KILL) {
            ck_assert_uint_eq(w.d.effects[i].kill->suspend, 1);
            ck_assert_uint_eq(w.d.effects[i].kill->signal, SIGSTOP);
        }
}
END_TEST

START_TEST(only_operators_suspend_and_only_running_jobs_are_suspended)
{
    uint32_t id = whole_node(), waiting;

    ck_assert_int_lt(world_control(&w, JOB_ACTION_SUSPEND, id, WORLD_UID), 0);
    ck_assert_int_eq(w.err.code, BRE_ACCESS);
    ck_assert_int_lt(world_control(&w, JOB_ACTION_RESUME, id, 0), 0);
    ck_assert_int_eq(w.err.code, BRE_JOB_NOT_SUSPENDED);
    waiting = whole_node();
    ck_assert_int_lt(world_control(&w, JOB_ACTION_SUSPEND, waiting, 0), 0);
    ck_assert_int_eq(w.err.code, BRE_JOB_PENDING);
    ck_assert_int_eq(world_control(&w, JOB_ACTION_SUSPEND, id, 0), 0);
    ck_assert_int_eq(world_control(&w, JOB_ACTION_SUSPEND, id, 0), 0); /* as it is */
}
END_TEST

START_TEST(suspended_time_counts_neither_as_run_time_nor_against_the_limit)
{
    uint32_t id = whole_node();
    struct job_view v;

    world_pass_time(&w, 60);
    world_control(&w, JOB_ACTION_SUSPEND, id, 0);
    world_pass_time(&w, 3600);
    v = world_view(&w, id);
    ck_assert_int_eq(v.state, JOB_SUSPENDED);
    ck_assert_int_eq(v.ran_sec, 60);
    ck_assert_int_eq(world_control(&w, JOB_ACTION_RESUME, id, 0), 0);
    world_pass_time(&w, 500);
    v = world_view(&w, id);
    ck_assert_int_eq(v.state, JOB_RUNNING);
    ck_assert_int_eq(v.suspended_sec, 3600);
    world_pass_time(&w, 60); /* 620 s of 600 */
    ck_assert_int_eq(world_view(&w, id).end_state, JOB_TIMEOUT);
}
END_TEST

START_TEST(others_get_the_cores_of_a_suspended_job_and_share_them_once_it_is_resumed)
{
    uint32_t id = whole_node(), other = whole_node();

    ck_assert_int_eq(world_state(&w, other), JOB_PENDING);
    world_control(&w, JOB_ACTION_SUSPEND, id, 0);
    ck_assert_uint_eq(used_cores(0), 0);
    world_sched(&w);
    ck_assert_int_eq(world_state(&w, other), JOB_RUNNING);
    ck_assert_int_eq(world_control(&w, JOB_ACTION_RESUME, id, 0), 0);
    ck_assert_uint_eq(used_cores(0), 4);
    world_check_replay(&w); /* a snapshot of two jobs on the same cores */
    world_step_ended(&w, other, STEP_BATCH, 0, 0, true);
    ck_assert_uint_eq(used_cores(0), 4);
    world_step_ended(&w, id, STEP_BATCH, 0, 0, true);
    ck_assert_uint_eq(used_cores(0), 0);
}
END_TEST

START_TEST(a_suspended_job_can_be_cancelled_and_gives_back_what_it_still_has)
{
    uint32_t id = whole_node();
    struct node_view view;

    world_control(&w, JOB_ACTION_SUSPEND, id, 0);
    ck_assert_int_eq(world_control(&w, JOB_ACTION_CANCEL, id, 0), 0);
    ck_assert_int_eq(world_state(&w, id), JOB_COMPLETING);
    world_clean(&w, id, 0);
    ck_assert_int_eq(world_state(&w, id), JOB_CANCELLED);
    ck_assert(cluster_node_view(w.c, 0, &view));
    ck_assert_uint_eq(view.alloc_cores, 0);
    ck_assert_uint_eq(view.alloc_mem_mb, 0);
}
END_TEST

START_TEST(a_step_of_a_suspended_job_waits)
{
    Wire__StepSpec step = WIRE__STEP_SPEC__INIT;
    uint32_t id = whole_node(), step_id;

    world_control(&w, JOB_ACTION_SUSPEND, id, 0);
    ck_assert_int_lt(world_step(&w, id, &step, &step_id), 0);
    ck_assert_int_eq(w.err.code, BRE_STEP_NODES_BUSY);
    world_control(&w, JOB_ACTION_RESUME, id, 0);
    ck_assert_uint_eq(world_effects(&w, EFFECT_STEP_RETRY, id), 1);
    ck_assert_int_eq(world_step(&w, id, &step, &step_id), 0);
}
END_TEST

START_TEST(a_node_that_comes_back_is_told_whether_its_steps_are_stopped)
{
    uint32_t id = whole_node();
    Wire__StepStatus st = WIRE__STEP_STATUS__INIT, *steps[] = { &st };

    st.has_job_id = st.has_step_id = st.has_attempt = st.has_state = 1;
    st.job_id = id;
    st.step_id = STEP_BATCH;
    st.attempt = 1;
    st.state = STEP_RUNNING;
    world_control(&w, JOB_ACTION_SUSPEND, id, 0);
    world_register(&w, 0, "boot-1", steps, 1);
    ck_assert_uint_eq(world_effects(&w, EFFECT_KILL, id), 1);
    world_control(&w, JOB_ACTION_RESUME, id, 0);
    world_register(&w, 0, "boot-1", steps, 1);
    for (size_t i = 0; i < w.d.num_effects; i++)
        if (w.d.effects[i].kind == EFFECT_KILL)
            ck_assert_uint_eq(w.d.effects[i].kill->suspend, 2);
    ck_assert_uint_eq(world_effects(&w, EFFECT_KILL, id), 1);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        suspending_tells_every_node_of_every_step_to_stop,
        only_operators_suspend_and_only_running_jobs_are_suspended,
        suspended_time_counts_neither_as_run_time_nor_against_the_limit,
        others_get_the_cores_of_a_suspended_job_and_share_them_once_it_is_resumed,
        a_suspended_job_can_be_cancelled_and_gives_back_what_it_still_has,
        a_step_of_a_suspended_job_waits,
        a_node_that_comes_back_is_told_whether_its_steps_are_stopped,
    };

    return world_main("suspend", setup, teardown, tests, sizeof(tests) / sizeof(tests[0]));
}
