/* test_step.c - steps: layouts, claims on cores, reports of nodes. */
#include "world.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "cluster/step/step.h"

static struct world w;
static Wire__StepSpec spec;
static uint32_t job, step;

/* A batch job on four flat nodes of four cores each. */
static void setup(void)
{
    world_init_flat(&w, 4, 4);
    world_spec(&w)->min_nodes = 4;
    w.spec.has_min_nodes = w.spec.has_exclusive = 1;
    w.spec.exclusive = 1;
    job = world_submit_start(&w);
    wire__step_spec__init(&spec);
}

static void teardown(void)
{
    world_check_replay(&w);
    world_fini(&w);
}

static void want(uint32_t nodes, uint32_t tasks)
{
    spec.min_nodes = spec.max_nodes = nodes;
    spec.num_tasks = tasks;
    spec.has_min_nodes = spec.has_max_nodes = spec.has_num_tasks = 1;
}

static Wire__StepLayout *layout(void)
{
    Wire__StepLayout *m = cluster_step_layout(w.c, job, step, &w.scratch);

    ck_assert_ptr_nonnull(m);
    return m;
}

/* "0,1,2/3,4" : the task ids of each node. */
static const char *tasks_text(void)
{
    const Wire__StepLayout *m = layout();
    char *text = arena_strdup(&w.scratch, "");

    for (size_t i = 0; i < m->n_tasks; i++)
        for (size_t k = 0; k < m->tasks[i]->n_gtids; k++)
            text = arena_printf(&w.scratch, "%s%s%u", text,
                                k   ? ","
                                : i ? "/"
                                    : "",
                                m->tasks[i]->gtids[k]);
    return text;
}

static int create(void)
{
    return world_step(&w, job, &spec, &step);
}

START_TEST(block_gives_consecutive_tasks_to_a_node)
{
    want(2, 8);
    ck_assert_int_eq(create(), 0);
    ck_assert_str_eq(tasks_text(), "0,1,2,3/4,5,6,7");
    ck_assert_str_eq(layout()->tasks_per_node, "4(x2)");
    ck_assert_str_eq(layout()->node_list, "n[0-1]");
}
END_TEST

START_TEST(cyclic_deals_tasks_in_turn)
{
    want(2, 5);
    spec.distribution = (char *)"cyclic";
    ck_assert_int_eq(create(), 0);
    ck_assert_str_eq(tasks_text(), "0,2,4/1,3");
    ck_assert_str_eq(layout()->tasks_per_node, "3,2");
}
END_TEST

START_TEST(plane_deals_blocks_in_turn)
{
    want(2, 8);
    spec.distribution = (char *)"plane=2";
    ck_assert_int_eq(create(), 0);
    ck_assert_str_eq(tasks_text(), "0,1,4,5/2,3,6,7");
}
END_TEST

START_TEST(arbitrary_follows_the_list_of_hosts)
{
    want(0, 4);
    spec.has_min_nodes = spec.has_max_nodes = 0;
    spec.distribution = (char *)"arbitrary";
    spec.nodelist = (char *)"n2,n0,n2,n1";
    ck_assert_int_eq(create(), 0);
    ck_assert_str_eq(tasks_text(), "0,2/1/3");
    ck_assert_str_eq(layout()->nodes[0]->name, "n2");
}
END_TEST

START_TEST(an_unknown_distribution_is_refused_by_name)
{
    want(1, 1);
    spec.distribution = (char *)"spiral";
    ck_assert_int_eq(create(), -1);
    ck_assert_ptr_nonnull(strstr(w.err.text, "spiral"));
}
END_TEST

START_TEST(relative_counts_from_a_node_of_the_job)
{
    want(1, 1);
    spec.has_relative = 1;
    spec.relative = 2;
    ck_assert_int_eq(create(), 0);
    ck_assert_str_eq(layout()->node_list, "n2");
}
END_TEST

START_TEST(nodelist_and_exclude_choose_nodes)
{
    want(2, 2);
    spec.nodelist = (char *)"n3";
    spec.exclude = (char *)"n0";
    ck_assert_int_eq(create(), 0);
    ck_assert_str_eq(layout()->node_list, "n[1,3]");
}
END_TEST

START_TEST(a_node_that_is_not_the_jobs_is_refused)
{
    want(1, 1);
    spec.nodelist = (char *)"n9";
    ck_assert_int_eq(create(), -1);
    ck_assert_int_eq(w.err.code, BRE_NODE_CONFIG);
}
END_TEST

START_TEST(a_step_without_exact_takes_the_whole_node)
{
    uint32_t first;

    want(1, 1);
    ck_assert_int_eq(create(), 0);
    first = step;
    ck_assert_str_eq(layout()->nodes[0]->cores, "0-3");
    ck_assert_int_eq(create(), 0); /* the next free node */
    ck_assert_str_eq(layout()->node_list, "n1");
    want(4, 4);
    ck_assert_int_eq(create(), -1);
    ck_assert_int_eq(w.err.code, BRE_STEP_NODES_BUSY);
    world_step_ended(&w, job, first, 0, 0, false);
    ck_assert_uint_eq(world_effects(&w, EFFECT_STEP_RETRY, job), 1);
    world_step_ended(&w, job, step - 0, 1, 0, false);
    ck_assert_int_eq(create(), 0);
}
END_TEST

START_TEST(steps_that_ask_for_parts_of_the_jobs_memory_wait_for_each_other)
{
    world_fini(&w);
    world_init_pis(&w);
    world_spec(&w)->num_tasks = 4;
    w.spec.has_num_tasks = w.spec.has_mem_per_node_mb = 1;
    w.spec.mem_per_node_mb = 100;
    job = world_submit_start(&w);
    want(1, 1);
    spec.exact = spec.has_exact = spec.has_mem_per_node_mb = 1;
    spec.mem_per_node_mb = 60;
    ck_assert_int_eq(create(), 0);
    ck_assert_int_eq(create(), -1);
    ck_assert_int_eq(w.err.code, BRE_STEP_NODES_BUSY);
    spec.mem_per_node_mb = 40;
    ck_assert_int_eq(create(), 0);
    spec.mem_per_node_mb = 100; /* all of it is shared */
    ck_assert_int_eq(create(), 0);
    spec.mem_per_node_mb = 101;
    ck_assert_int_eq(create(), -1);
    ck_assert_int_eq(w.err.code, BRE_MEM_LIMIT);
}
END_TEST

START_TEST(exact_steps_share_a_node_core_by_core)
{
    want(1, 1);
    spec.exact = spec.has_exact = 1;
    spec.nodelist = (char *)"n0";
    for (int i = 0; i < 4; i++) {
        char core[2] = { (char)('0' + i), '\0' };

        ck_assert_int_eq(create(), 0);
        ck_assert_str_eq(layout()->nodes[0]->cores, core);
    }
    ck_assert_int_eq(create(), -1);
    ck_assert_int_eq(w.err.code, BRE_STEP_NODES_BUSY);
    spec.overlap = spec.has_overlap = 1;
    ck_assert_int_eq(create(), 0);
}
END_TEST

START_TEST(cpus_per_task_take_that_many_cores)
{
    want(1, 2);
    spec.cpus_per_task = 2;
    spec.has_cpus_per_task = 1;
    ck_assert_int_eq(create(), 0);
    ck_assert_str_eq(layout()->nodes[0]->cores, "0-3");
    want(1, 3);
    ck_assert_int_eq(create(), -1);
    ck_assert_int_eq(w.err.code, BRE_CORE_CNT);
}
END_TEST

START_TEST(ntasks_per_node_limits_a_node)
{
    spec.ntasks_per_node = 2;
    spec.has_ntasks_per_node = 1;
    ck_assert_int_eq(create(), 0);
    ck_assert_str_eq(tasks_text(), "0,1/2,3/4,5/6,7");
    spec.overlap = spec.has_overlap = 1;
    want(1, 3);
    ck_assert_int_eq(create(), -1);
}
END_TEST

START_TEST(more_tasks_than_cpus_need_overcommit)
{
    want(1, 6);
    ck_assert_int_eq(create(), -1);
    ck_assert_int_eq(w.err.code, BRE_CORE_CNT);
    spec.overcommit = spec.has_overcommit = 1;
    ck_assert_int_eq(create(), 0);
    ck_assert_str_eq(tasks_text(), "0,1,2,3,4,5");
}
END_TEST

START_TEST(more_nodes_than_the_job_has_are_refused)
{
    want(5, 5);
    ck_assert_int_eq(create(), -1);
    ck_assert_int_eq(w.err.code, BRE_TOO_MANY_NODES);
    ck_assert_str_eq(w.err.text, "Only allocated 4 nodes asked for 5");
}
END_TEST

START_TEST(a_step_ends_with_its_last_node_and_the_lowest_failed_task_decides)
{
    want(2, 8);
    ck_assert_int_eq(create(), 0);
    world_step_ended(&w, job, step, 1, 7 << 8, false);
    ck_assert_uint_eq(world_effects(&w, EFFECT_STEP_CHANGED, job), 0);
    world_step_ended(&w, job, step, 0, 3 << 8, false);
    ck_assert_uint_eq(world_effects(&w, EFFECT_STEP_CHANGED, job), 1);
    for (size_t i = 0; i < w.d.num_effects; i++)
        if (w.d.effects[i].kind == EFFECT_STEP_CHANGED) {
            ck_assert_uint_eq(w.d.effects[i].exit_status, 3 << 8);
            ck_assert_int_eq(w.d.effects[i].state, JOB_FAILED);
        }
    ck_assert_int_eq(world_state(&w, job), JOB_RUNNING);
}
END_TEST

START_TEST(a_cancelled_step_is_killed_on_all_nodes_and_shown_cancelled)
{
    struct control_request req = { .action = JOB_ACTION_CANCEL,
                                   .job_id = job,
                                   .who = { WORLD_UID, 0, 0 } };

    want(3, 3);
    ck_assert_int_eq(create(), 0);
    req.step_id = step;
    decision_reset(&w.d);
    ck_assert_int_eq(cluster_decide_control(w.c, &w.now, &req, &w.d, &w.err), 0);
    world_commit(&w);
    ck_assert_uint_eq(world_effects(&w, EFFECT_KILL, job), 3);
    for (uint32_t i = 0; i < 3; i++)
        world_step_ended(&w, job, step, i, SIGTERM, false);
    for (size_t i = 0; i < w.d.num_effects; i++)
        if (w.d.effects[i].kind == EFFECT_STEP_CHANGED)
            ck_assert_int_eq(w.d.effects[i].state, JOB_CANCELLED);
    ck_assert_int_eq(world_state(&w, job), JOB_RUNNING);
}
END_TEST

START_TEST(an_aborted_step_is_ended_on_its_other_nodes)
{
    Wire__StepStatus st = WIRE__STEP_STATUS__INIT;

    want(4, 4);
    ck_assert_int_eq(create(), 0);
    st.job_id = job;
    st.step_id = step;
    st.attempt = 1;
    st.state = STEP_ENDED;
    st.has_exit_status = 1;
    st.exit_status = 6;
    st.aborted = 1;
    decision_reset(&w.d);
    ck_assert_int_eq(cluster_decide_step_status(w.c, &w.now, 2, &st, &w.d, &w.err), 0);
    world_commit(&w);
    ck_assert_uint_eq(world_effects(&w, EFFECT_KILL, job), 3);
}
END_TEST

START_TEST(signals_go_to_steps_or_to_the_batch_shell)
{
    struct control_request req = { .action = JOB_ACTION_SIGNAL,
                                   .job_id = job,
                                   .step_id = STEP_NONE,
                                   .signal = SIGUSR1,
                                   .who = { WORLD_UID, 0, 0 } };

    want(2, 2);
    ck_assert_int_eq(create(), 0);
    decision_reset(&w.d);
    ck_assert_int_eq(cluster_decide_control(w.c, &w.now, &req, &w.d, &w.err), 0);
    ck_assert_uint_eq(world_effects(&w, EFFECT_KILL, job), 2);
    req.batch_only = true;
    decision_reset(&w.d);
    ck_assert_int_eq(cluster_decide_control(w.c, &w.now, &req, &w.d, &w.err), 0);
    ck_assert_uint_eq(world_effects(&w, EFFECT_KILL, job), 1);
    ck_assert_uint_eq(w.d.effects[0].step_id, STEP_BATCH);
    req.batch_only = false;
    req.full = true;
    decision_reset(&w.d);
    ck_assert_int_eq(cluster_decide_control(w.c, &w.now, &req, &w.d, &w.err), 0);
    ck_assert_uint_eq(world_effects(&w, EFFECT_KILL, job), 3);
}
END_TEST

START_TEST(clean_does_not_cover_a_launch_that_is_on_its_way)
{
    want(1, 1);
    spec.nodelist = (char *)"n0";
    ck_assert_int_eq(create(), 0);
    world_step_ended(&w, job, STEP_BATCH, 0, 0, true);
    ck_assert_int_eq(world_state(&w, job), JOB_COMPLETING);
    ck_assert_uint_eq(world_effects(&w, EFFECT_KILL, job), 1);
    world_clean(&w, job, 0);
    ck_assert_int_eq(world_state(&w, job), JOB_COMPLETED);
}
END_TEST

START_TEST(a_launch_message_carries_all_a_node_needs)
{
    struct effect e = {
        .kind = EFFECT_LAUNCH, .job_id = job, .attempt = 1, .node_index = 1
    };
    char *argv[] = { (char *)"hostname", NULL };
    Wire__StepLaunch *m;

    want(2, 2);
    spec.argv = argv;
    spec.n_argv = 1;
    ck_assert_int_eq(create(), 0);
    e.step_id = step;
    m = cluster_launch_message(w.c, &e, &w.scratch);
    ck_assert_ptr_nonnull(m);
    ck_assert_str_eq(m->argv[0], "hostname");
    ck_assert_uint_eq(m->node_index, 1);
    ck_assert_uint_eq(m->job_node_index, 1);
    ck_assert_str_eq(m->alloc->node_list, "n[0-3]");
    ck_assert_str_eq(m->alloc->cpus_per_node, "4(x4)");
    ck_assert_uint_eq(m->step_key.len, 32);
    ck_assert(!m->ends_job);
    e.attempt = 2;
    ck_assert_ptr_null(cluster_launch_message(w.c, &e, &w.scratch));
    e.attempt = 1;
    e.step_id = STEP_BATCH;
    e.node_index = 0;
    m = cluster_launch_message(w.c, &e, &w.scratch);
    ck_assert_ptr_nonnull(m);
    ck_assert(m->ends_job);
    ck_assert_uint_gt(m->script.len, 0);
}
END_TEST

START_TEST(a_steps_own_time_limit_ends_it_and_not_the_job)
{
    want(1, 1);
    spec.time_limit_min = spec.has_time_limit_min = 1;
    ck_assert_int_eq(create(), 0);
    world_pass_time(&w, 60);
    ck_assert_uint_eq(world_effects(&w, EFFECT_KILL, job), 1);
    world_step_ended(&w, job, step, 0, SIGTERM, false);
    for (size_t i = 0; i < w.d.num_effects; i++)
        if (w.d.effects[i].kind == EFFECT_STEP_CHANGED)
            ck_assert_int_eq(w.d.effects[i].state, JOB_TIMEOUT);
    ck_assert_int_eq(world_state(&w, job), JOB_RUNNING);
}
END_TEST

START_TEST(spreading_is_even_and_respects_room)
{
    uint32_t room[4] = { 4, 1, 4, 0 }, counts[4];

    ck_assert_uint_eq(layout_spread(7, room, 4, counts), 0);
    ck_assert_uint_eq(counts[0], 3);
    ck_assert_uint_eq(counts[1], 1);
    ck_assert_uint_eq(counts[2], 3);
    ck_assert_uint_eq(counts[3], 0);
    ck_assert_uint_eq(layout_spread(12, room, 4, counts), 3);
}
END_TEST

START_TEST(only_the_owner_makes_steps_and_only_while_the_job_runs)
{
    struct step_request req = { .job_id = job,
                                .spec = &spec,
                                .who = { WORLD_UID + 1, true, false } };

    decision_reset(&w.d);
    ck_assert_int_eq(cluster_decide_step(w.c, &w.now, &req, &w.d, &step, &w.err), -1);
    ck_assert_int_eq(w.err.code, BRE_ACCESS);
    ck_assert_int_eq(world_control(&w, JOB_ACTION_CANCEL, job, WORLD_UID), 0);
    ck_assert_int_eq(create(), -1);
    ck_assert_int_eq(w.err.code, BRE_ALREADY_DONE);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        block_gives_consecutive_tasks_to_a_node,
        cyclic_deals_tasks_in_turn,
        plane_deals_blocks_in_turn,
        arbitrary_follows_the_list_of_hosts,
        an_unknown_distribution_is_refused_by_name,
        relative_counts_from_a_node_of_the_job,
        nodelist_and_exclude_choose_nodes,
        a_node_that_is_not_the_jobs_is_refused,
        a_step_without_exact_takes_the_whole_node,
        exact_steps_share_a_node_core_by_core,
        steps_that_ask_for_parts_of_the_jobs_memory_wait_for_each_other,
        cpus_per_task_take_that_many_cores,
        ntasks_per_node_limits_a_node,
        more_tasks_than_cpus_need_overcommit,
        more_nodes_than_the_job_has_are_refused,
        a_step_ends_with_its_last_node_and_the_lowest_failed_task_decides,
        a_cancelled_step_is_killed_on_all_nodes_and_shown_cancelled,
        an_aborted_step_is_ended_on_its_other_nodes,
        signals_go_to_steps_or_to_the_batch_shell,
        clean_does_not_cover_a_launch_that_is_on_its_way,
        a_launch_message_carries_all_a_node_needs,
        a_steps_own_time_limit_ends_it_and_not_the_job,
        spreading_is_even_and_respects_room,
        only_the_owner_makes_steps_and_only_while_the_job_runs,
    };

    return world_main("step", setup, teardown, tests, sizeof(tests) / sizeof(tests[0]));
}
