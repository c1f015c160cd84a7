/* test_sched.c - who starts where and when, on a bramble of Pi 3, 4 and 5. */
#include "world.h"

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

#define OPT(field, value) (w.spec.has_##field = 1, w.spec.field = (value))

static uint32_t start(void)
{
    uint32_t id = world_submit_start(&w);

    world_spec(&w);
    return id;
}

static void refused(int code, const char *words)
{
    ck_assert_uint_eq(world_submit(&w), 0);
    ck_assert_int_eq(w.err.code, code);
    ck_assert_msg(strstr(w.err.text, words) != NULL, "\"%s\" lacks \"%s\"", w.err.text,
                  words);
    world_spec(&w);
}

static const char *cores_of(uint32_t id, size_t place)
{
    struct arena *a = &w.scratch;
    Wire__AllocInfo *m = cluster_alloc_info(w.c, id, a);

    ck_assert_ptr_nonnull(m);
    return m->nodes[place]->cores;
}

START_TEST(partitions_take_their_members_by_class)
{
    struct part_view v;

    ck_assert(cluster_part_find(w.c, "pi3", &v));
    ck_assert_str_eq(v.node_list, "pi[1-3]");
    ck_assert(cluster_part_find(w.c, "pi4", &v));
    ck_assert_str_eq(v.node_list, "pi[4-7]");
    ck_assert(cluster_part_find(w.c, "pi5", &v));
    ck_assert_str_eq(v.node_list, "pi8");
    ck_assert(cluster_part_find(w.c, "all", &v));
    ck_assert_uint_eq(v.total_cpus, 32);
}
END_TEST

START_TEST(a_job_takes_the_fewest_nodes_that_hold_its_tasks)
{
    uint32_t id;

    OPT(num_tasks, 6);
    id = start();
    ck_assert_uint_eq(world_view(&w, id).num_nodes, 2);
    ck_assert_uint_eq(world_view(&w, id).num_cpus, 6);
    ck_assert_str_eq(cluster_alloc_info(w.c, id, &w.scratch)->tasks_per_node, "4,2");
}
END_TEST

START_TEST(a_range_of_nodes_gets_as_many_as_there_are)
{
    w.spec.partition = (char *)"pi3";
    OPT(min_nodes, 2);
    OPT(max_nodes, 5);
    OPT(exclusive, 1);
    ck_assert_str_eq(world_nodes(&w, start()), "pi[1-3]");
    OPT(min_nodes, 2);
    OPT(max_nodes, 4);
    ck_assert_uint_eq(world_view(&w, start()).num_nodes, 4);
}
END_TEST

START_TEST(cores_are_given_out_one_by_one_and_given_back)
{
    uint32_t a, b;

    OPT(cpus_per_task, 2);
    a = start();
    OPT(cpus_per_task, 2);
    b = start();
    ck_assert_str_eq(cores_of(a, 0), "0-1");
    ck_assert_str_eq(cores_of(b, 0), "2-3");
    ck_assert_str_eq(world_nodes(&w, b), "pi1");
    world_step_ended(&w, a, STEP_BATCH, 0, 0, true);
    OPT(cpus_per_task, 2);
    a = start();
    ck_assert_str_eq(cores_of(a, 0), "0-1");
}
END_TEST

START_TEST(the_fullest_node_that_fits_is_used_first)
{
    uint32_t a;

    OPT(num_tasks, 3);
    start();
    OPT(num_tasks, 2);
    a = start();
    ck_assert_str_eq(world_nodes(&w, a), "pi2");
    a = start();
    ck_assert_str_eq(world_nodes(&w, a), "pi1");
}
END_TEST

START_TEST(a_heavier_node_is_used_last)
{
    w.nodes[0].weight = 50;
    ck_assert_int_eq(cluster_reconfigure(w.c, &w.conf, &w.err), 0);
    ck_assert_str_eq(world_nodes(&w, start()), "pi2");
}
END_TEST

START_TEST(a_constraint_names_a_class)
{
    w.spec.features = (char *)"pi5";
    ck_assert_str_eq(world_nodes(&w, start()), "pi8");
    w.spec.features = (char *)"pi4|pi5";
    ck_assert_str_eq(world_nodes(&w, start()), "pi8"); /* the fuller one */
    w.spec.features = (char *)"pi4&aarch64&64bit";
    ck_assert_str_eq(world_nodes(&w, start()), "pi4");
    w.spec.features = (char *)"(pi3|pi4),64bit";
    OPT(min_nodes, 7);
    ck_assert_str_eq(world_nodes(&w, start()), "pi[1-7]");
}
END_TEST

START_TEST(counted_features_mix_classes)
{
    w.spec.features = (char *)"pi3*2&pi5*1";
    OPT(min_nodes, 3);
    ck_assert_str_eq(world_nodes(&w, start()), "pi[1-2,8]");
    w.spec.features = (char *)"[(pi4|pi5)*3&pi3*1]";
    OPT(exclusive, 1);
    ck_assert_str_eq(world_nodes(&w, start()), "pi[3-6]");
}
END_TEST

START_TEST(preferred_features_count_only_if_they_start_the_job_at_once)
{
    uint32_t id;

    w.spec.prefer = (char *)"pi5";
    w.spec.features = (char *)"pi4";
    OPT(num_tasks, 4);
    ck_assert_str_eq(world_nodes(&w, start()), "pi8"); /* in place of the constraint */
    w.spec.prefer = (char *)"pi5";
    w.spec.features = (char *)"pi4";
    OPT(num_tasks, 4);
    ck_assert_str_eq(world_nodes(&w, start()), "pi4");
    w.spec.prefer = (char *)"pi3*2";
    OPT(num_tasks, 2);
    id = start();
    ck_assert_str_eq(world_nodes(&w, id), "pi[1-2]");
}
END_TEST

START_TEST(bracketed_features_use_one_kind_for_all_nodes)
{
    w.spec.features = (char *)"[pi5|pi4]";
    OPT(min_nodes, 3);
    ck_assert_str_eq(world_nodes(&w, start()), "pi[4-6]");
    w.spec.features = (char *)"aarch64&[pi5|pi3|pi4]";
    OPT(min_nodes, 2);
    OPT(exclusive, 1);
    ck_assert_str_eq(world_nodes(&w, start()), "pi[1-2]");
}
END_TEST

START_TEST(time_min_lets_a_job_start_before_what_is_planned)
{
    uint32_t id;

    w.spec.partition = (char *)"pi5";
    OPT(num_tasks, 2);
    OPT(time_limit_min, 60);
    start();
    w.spec.partition = (char *)"pi5";
    OPT(num_tasks, 4);
    OPT(time_limit_min, 60);
    ck_assert_int_eq(world_state(&w, start()), JOB_PENDING);
    w.spec.partition = (char *)"pi5";
    OPT(num_tasks, 2);
    OPT(time_limit_min, 120);
    OPT(time_min_min, 61);
    ck_assert_int_eq(world_state(&w, start()), JOB_PENDING);
    w.spec.partition = (char *)"pi5";
    OPT(num_tasks, 2);
    OPT(time_limit_min, 120);
    OPT(time_min_min, 10);
    id = start();
    ck_assert_int_eq(world_state(&w, id), JOB_RUNNING);
    ck_assert_uint_eq(world_view(&w, id).time_limit_min, 60);
    ck_assert_int_eq(world_view(&w, id).end_limit_sec, world_view(&w, id).start_sec + 3600);
    ck_assert_int_eq(world_update_job(&w, id, "timelimit", "90"), 0);
    ck_assert_uint_eq(world_view(&w, id).time_limit_min, 90);
    OPT(time_limit_min, 5);
    OPT(time_min_min, 10);
    refused(BRE_TIME_LIMIT, "--time-min");
}
END_TEST

START_TEST(boards_that_are_too_small_inside_are_not_taken)
{
    w.nodes[2].tmp_mb = 5000;
    for (size_t i = 0; i < 8; i++)
        if (i != 2)
            w.nodes[i].tmp_mb = 100;
    ck_assert_int_eq(cluster_reconfigure(w.c, &w.conf, &w.err), 0);
    OPT(min_tmp_mb, 4000);
    ck_assert_str_eq(world_nodes(&w, start()), "pi3");
    OPT(sockets_per_node, 2);
    refused(BRE_NODE_CONFIG, "too small");
    OPT(cores_per_socket, 5);
    refused(BRE_NODE_CONFIG, "too small");
}
END_TEST

START_TEST(exclusive_by_user_shares_nodes_with_the_same_user_alone)
{
    uint32_t a;

    OPT(exclusive_user, 1);
    w.spec.nodelist = (char *)"pi1";
    a = start();
    w.spec.nodelist = (char *)"pi1";
    ck_assert_int_eq(world_state(&w, start()), JOB_RUNNING); /* the same user */
    w.ident.uid = WORLD_UID + 1;
    w.ident.user_name = (char *)"bob";
    w.spec.nodelist = (char *)"pi1";
    ck_assert_int_eq(world_state(&w, start()), JOB_PENDING);
    w.spec.nodelist = (char *)"pi2";
    ck_assert_int_eq(world_state(&w, start()), JOB_RUNNING);
    w.ident.uid = WORLD_UID;
    w.ident.user_name = (char *)"alice";
    OPT(exclusive_user, 1);
    w.spec.nodelist = (char *)"pi2";
    ck_assert_int_eq(world_state(&w, start()), JOB_PENDING); /* bob is there */
    world_step_ended(&w, a, STEP_BATCH, 0, 0, true);
}
END_TEST

START_TEST(bad_constraints_are_refused_by_name)
{
    w.spec.features = (char *)"pi6";
    refused(BRE_FEATURE, "pi6");
    w.spec.features = (char *)"pi4&";
    refused(BRE_FEATURE, "its end");
    w.spec.features = (char *)"(pi4";
    refused(BRE_FEATURE, "wrong");
    w.spec.features = (char *)"pi4|[pi3|pi5]";
    refused(BRE_FEATURE, "brackets");
    w.spec.features = (char *)"([pi3|pi5])";
    refused(BRE_FEATURE, "brackets");
    w.spec.features = (char *)"[pi3|pi5]&[pi4|pi5]";
    refused(BRE_FEATURE, "brackets");
    w.spec.features = (char *)"(pi4*2&pi3)*2";
    refused(BRE_FEATURE, "counts");
    w.spec.features = (char *)"[pi4*2|pi5*1]";
    refused(BRE_FEATURE, "counts");
    w.spec.prefer = (char *)"pi6";
    refused(BRE_FEATURE, "pi6");
    w.spec.features = (char *)"pi4*2|pi5";
    refused(BRE_FEATURE, "counts");
    w.spec.features = (char *)"pi4*0";
    refused(BRE_FEATURE, "wrong");
}
END_TEST

START_TEST(what_no_node_can_do_is_refused_with_the_reason)
{
    OPT(cpus_per_task, 5);
    refused(BRE_NODE_CONFIG, "8 too small");
    OPT(min_nodes, 9);
    refused(BRE_NODE_CONFIG, "needs 9 nodes");
    w.spec.partition = (char *)"pi5";
    OPT(num_tasks, 5);
    refused(BRE_NODE_CONFIG, "partition pi5");
    OPT(mem_per_node_mb, 9000);
    refused(BRE_NODE_CONFIG, "9000 MB a node");
    w.spec.partition = (char *)"pi6";
    refused(BRE_PART_NAME, "pi6");
    w.spec.nodelist = (char *)"pi9";
    refused(BRE_NODE_NAME, "pi9");
    w.spec.nodelist = (char *)"pi1";
    w.spec.partition = (char *)"pi5";
    refused(BRE_NODE_CONFIG, "pi1 is not in partition pi5");
    w.spec.gres = (char *)"gpu:1";
    refused(BRE_GRES, "no node has \"gpu\"");
    w.spec.dependency = (char *)"afterok:9x";
    refused(BRE_DEPENDENCY, "9x");
    w.spec.dependency = (char *)"afterburstbuffer:1";
    refused(BRE_DEPENDENCY, "no burst buffers");
    w.spec.dependency = (char *)"expand:1";
    refused(BRE_NOT_SUPPORTED, "expand");
    OPT(priority, 5);
    refused(BRE_ACCESS, "operators");
}
END_TEST

START_TEST(memory_is_a_resource)
{
    uint32_t id;

    w.spec.partition = (char *)"pi3";
    OPT(mem_per_node_mb, 500);
    id = start();
    ck_assert_uint_eq(world_view(&w, id).mem_mb, 500);
    w.spec.partition = (char *)"pi3";
    OPT(mem_per_node_mb, 500);
    ck_assert_str_eq(world_nodes(&w, start()), "pi2"); /* 905 MB hold one of them */
    w.spec.partition = (char *)"pi3";
    OPT(mem_per_cpu_mb, 100);
    OPT(num_tasks, 3);
    id = start();
    ck_assert_str_eq(world_nodes(&w, id), "pi1");
    ck_assert_uint_eq(world_view(&w, id).mem_mb, 300);
}
END_TEST

START_TEST(all_memory_of_a_node_is_asked_for_with_zero)
{
    w.spec.partition = (char *)"pi5";
    OPT(mem_per_node_mb, 0);
    ck_assert_uint_eq(world_view(&w, start()).mem_mb, 8052);
    w.spec.partition = (char *)"pi5";
    OPT(mem_per_node_mb, 1);
    ck_assert_int_eq(world_state(&w, start()), JOB_PENDING);
}
END_TEST

START_TEST(an_exclusive_job_gets_whole_idle_nodes)
{
    uint32_t id;

    start();
    OPT(exclusive, 1);
    id = start();
    ck_assert_str_eq(world_nodes(&w, id), "pi2");
    ck_assert_uint_eq(world_view(&w, id).num_cpus, 4);
    ck_assert_str_eq(world_nodes(&w, start()), "pi1");
}
END_TEST

START_TEST(contiguous_nodes_are_neighbours)
{
    w.spec.nodelist = (char *)"pi2";
    OPT(exclusive, 1);
    start();
    OPT(contiguous, 1);
    OPT(min_nodes, 3);
    OPT(exclusive, 1);
    ck_assert_str_eq(world_nodes(&w, start()), "pi[3-5]");
}
END_TEST

START_TEST(named_nodes_are_taken_and_excluded_ones_left_out)
{
    w.spec.nodelist = (char *)"pi7";
    OPT(min_nodes, 2);
    w.spec.exclude = (char *)"pi[1-2]";
    ck_assert_str_eq(world_nodes(&w, start()), "pi[7-8]"); /* neighbours first */
}
END_TEST

START_TEST(tasks_per_node_and_mincpus_shape_the_allocation)
{
    uint32_t id;

    OPT(min_nodes, 2);
    OPT(ntasks_per_node, 2);
    id = start();
    ck_assert_str_eq(cluster_alloc_info(w.c, id, &w.scratch)->tasks_per_node, "2(x2)");
    ck_assert_uint_eq(world_view(&w, id).num_cpus, 4);
    OPT(min_cpus_per_node, 4);
    id = start();
    ck_assert_str_eq(cores_of(id, 0), "0-3");
    OPT(ntasks_per_node, 2);
    OPT(num_tasks, 6);
    ck_assert_uint_eq(world_view(&w, start()).num_nodes, 3);
}
END_TEST

START_TEST(a_job_tries_its_partitions_in_order)
{
    w.spec.partition = (char *)"pi5";
    OPT(exclusive, 1);
    start();
    w.spec.partition = (char *)"pi5,pi3";
    ck_assert_str_eq(world_view(&w, start()).partition, "pi3");
}
END_TEST

START_TEST(time_limits_come_from_the_job_or_its_partition)
{
    uint32_t id;

    ck_assert_int_eq(world_update_part(&w, "pi5", "maxtime", "2:00:00"), 0);
    ck_assert_int_eq(world_update_part(&w, "pi5", "defaulttime", "30"), 0);
    w.spec.partition = (char *)"pi5";
    id = start();
    ck_assert_uint_eq(world_view(&w, id).time_limit_min, 30);
    ck_assert_int_eq(world_view(&w, id).end_limit_sec, world_view(&w, id).start_sec + 1800);
    w.spec.partition = (char *)"pi5";
    OPT(time_limit_min, 121);
    refused(BRE_TIME_LIMIT, "allows 120");
    ck_assert_uint_eq(world_view(&w, start()).time_limit_min, TIME_UNLIMITED_MIN);
}
END_TEST

START_TEST(partitions_that_are_down_keep_jobs_waiting_and_drained_ones_refuse)
{
    uint32_t id;

    ck_assert_int_eq(world_update_part(&w, "pi5", "state", "DOWN"), 0);
    w.spec.partition = (char *)"pi5";
    id = start();
    ck_assert_int_eq(world_view(&w, id).reason, REASON_PART_DOWN);
    ck_assert_int_eq(world_update_part(&w, "pi5", "state", "UP"), 0);
    world_sched(&w);
    ck_assert_int_eq(world_state(&w, id), JOB_RUNNING);
    ck_assert_int_eq(world_update_part(&w, "pi5", "state", "DRAIN"), 0);
    w.spec.partition = (char *)"pi5";
    refused(BRE_PART_DOWN, "DRAIN");
}
END_TEST

/* The Pi 5: fill it for so many minutes with so many cores. */
static uint32_t pi5(uint32_t tasks, uint32_t minutes)
{
    w.spec.partition = (char *)"pi5";
    OPT(num_tasks, tasks);
    OPT(time_limit_min, minutes);
    return start();
}

START_TEST(jobs_start_in_order_of_submission)
{
    uint32_t first = pi5(4, 10), second = pi5(4, 10), third = pi5(4, 10);

    ck_assert_int_eq(world_state(&w, second), JOB_PENDING);
    world_step_ended(&w, first, STEP_BATCH, 7, 0, true);
    world_sched(&w);
    ck_assert_int_eq(world_state(&w, second), JOB_RUNNING);
    ck_assert_int_eq(world_state(&w, third), JOB_PENDING);
}
END_TEST

START_TEST(a_higher_priority_goes_first)
{
    uint32_t first = pi5(4, 10), second = pi5(4, 10), third = pi5(4, 10);

    ck_assert_int_eq(world_update_job(&w, third, "priority", "4294967000"), 0);
    world_step_ended(&w, first, STEP_BATCH, 7, 0, true);
    world_sched(&w);
    ck_assert_int_eq(world_state(&w, third), JOB_RUNNING);
    ck_assert_int_eq(world_state(&w, second), JOB_PENDING);
}
END_TEST

START_TEST(a_higher_tier_goes_before_any_priority)
{
    uint32_t first = pi5(4, 10), second, third;

    ck_assert_int_eq(world_update_part(&w, "all", "prioritytier", "10"), 0);
    second = pi5(4, 10);
    w.spec.features = (char *)"pi5";
    OPT(num_tasks, 4);
    third = start();
    world_step_ended(&w, first, STEP_BATCH, 7, 0, true);
    world_sched(&w);
    ck_assert_int_eq(world_state(&w, third), JOB_RUNNING);
    ck_assert_int_eq(world_state(&w, second), JOB_PENDING);
}
END_TEST

START_TEST(a_short_job_is_backfilled_around_a_blocked_one)
{
    uint32_t running = pi5(2, 60), blocked = pi5(4, 10), fits = pi5(2, 60),
             too_long = pi5(1, 61);

    ck_assert_int_eq(world_state(&w, running), JOB_RUNNING);
    ck_assert_int_eq(world_state(&w, blocked), JOB_PENDING);
    ck_assert_int_eq(world_state(&w, fits), JOB_RUNNING);
    ck_assert_int_eq(world_state(&w, too_long), JOB_PENDING);
}
END_TEST

START_TEST(a_job_that_would_delay_the_blocked_one_is_not_backfilled)
{
    uint32_t late;

    pi5(2, 60);
    pi5(4, 10);
    late = pi5(2, 61);
    ck_assert_int_eq(world_state(&w, late), JOB_PENDING);
}
END_TEST

START_TEST(planned_starts_are_known)
{
    uint32_t a, b;
    int64_t now = w.now.wall_usec / 1000000;

    pi5(4, 60);
    a = pi5(4, 30);
    b = pi5(4, 10);
    while (cluster_plan_starts(w.c, &w.now, SCHED_SLICE))
        ;
    ck_assert_int_eq(world_view(&w, a).planned_sec, now + 3600);
    ck_assert_int_eq(world_view(&w, b).planned_sec, now + 3600 + 1800);
}
END_TEST

START_TEST(test_only_tells_start_and_nodes_and_submits_nothing)
{
    struct submit_request req = { .spec = &w.spec,
                                  .identity = &w.ident,
                                  .who = { WORLD_UID, 0, 0 } };
    struct start_forecast f;
    int64_t now = w.now.wall_usec / 1000000;

    pi5(4, 60);
    w.spec.partition = (char *)"pi5";
    OPT(num_tasks, 2);
    OPT(time_limit_min, 5);
    ck_assert_int_eq(cluster_test_submit(w.c, &w.now, &req, &w.scratch, &f, &w.err), 0);
    ck_assert_int_eq(f.start_sec, now + 3600);
    ck_assert_str_eq(f.nodes, "pi8");
    ck_assert_uint_eq(f.cpus, 2);
    ck_assert_str_eq(f.partition, "pi5");
    ck_assert_uint_eq(cluster_job_count(w.c), 1);
    world_spec(&w);
}
END_TEST

START_TEST(a_job_that_spans_classes_runs_where_its_partition_allows)
{
    uint32_t id;

    OPT(min_nodes, 8);
    OPT(num_tasks, 32);
    id = start();
    ck_assert_str_eq(world_nodes(&w, id), "pi[1-8]");
    w.spec.partition = (char *)"pi4";
    OPT(min_nodes, 5);
    refused(BRE_NODE_CONFIG, "partition pi4");
}
END_TEST

START_TEST(a_chain_of_dependent_jobs_runs_link_by_link)
{
    uint32_t first = start(), second, third;

    w.spec.dependency = (char *)"afterok:1";
    second = start();
    w.spec.dependency = (char *)"afternotok:2";
    third = start();
    ck_assert_int_eq(world_view(&w, second).reason, REASON_DEPENDENCY);
    ck_assert_str_eq(cluster_job_dependency(w.c, cluster_job_find(w.c, second), &w.scratch),
                     "afterok:1(unfulfilled)");
    world_step_ended(&w, first, STEP_BATCH, 0, 0, true);
    world_sched(&w);
    ck_assert_int_eq(world_state(&w, second), JOB_RUNNING);
    world_step_ended(&w, second, STEP_BATCH, 0, 0, true);
    world_sched(&w);
    ck_assert_int_eq(world_view(&w, third).reason, REASON_DEPENDENCY_NEVER);
}
END_TEST

START_TEST(any_of_several_dependencies_is_enough_with_a_question_mark)
{
    uint32_t a = start(), b = start(), c;

    w.spec.dependency = (char *)"afterany:1?afterany:2";
    c = start();
    (void)a;
    world_step_ended(&w, b, STEP_BATCH, 0, 0, true);
    world_sched(&w);
    ck_assert_int_eq(world_state(&w, c), JOB_RUNNING);
}
END_TEST

START_TEST(after_waits_for_a_start_and_singleton_for_its_namesakes)
{
    uint32_t a, b, c;

    w.spec.name = (char *)"solo";
    a = start();
    w.spec.dependency = (char *)"after:1";
    b = start();
    ck_assert_int_eq(world_state(&w, b), JOB_RUNNING);
    w.spec.name = (char *)"solo";
    w.spec.dependency = (char *)"singleton";
    c = start();
    ck_assert_int_eq(world_state(&w, c), JOB_PENDING);
    world_step_ended(&w, a, STEP_BATCH, 0, 0, true);
    world_sched(&w);
    ck_assert_int_eq(world_state(&w, c), JOB_RUNNING);
}
END_TEST

START_TEST(what_is_gone_holds_nobody_up)
{
    w.spec.dependency = (char *)"afterok:99999";
    ck_assert_int_eq(world_state(&w, start()), JOB_RUNNING);
}
END_TEST

START_TEST(after_may_have_a_delay_in_minutes)
{
    uint32_t id;

    start();
    w.spec.dependency = (char *)"after:1+2";
    id = start();
    ck_assert_int_eq(world_view(&w, id).reason, REASON_DEPENDENCY);
    world_pass_time(&w, 119);
    world_sched(&w);
    ck_assert_int_eq(world_state(&w, id), JOB_PENDING);
    world_pass_time(&w, 1);
    world_sched(&w);
    ck_assert_int_eq(world_state(&w, id), JOB_RUNNING);
}
END_TEST

START_TEST(a_job_whose_dependency_fails_is_cancelled_if_it_asks_for_it)
{
    uint32_t a = start(), b;

    w.spec.dependency = (char *)"afterok:1";
    OPT(kill_on_invalid_dep, 1);
    b = start();
    world_step_ended(&w, a, STEP_BATCH, 0, 1 << 8, true);
    world_pass_time(&w, 1);
    ck_assert_int_eq(world_state(&w, b), JOB_CANCELLED);
}
END_TEST

START_TEST(dependencies_cannot_form_a_ring)
{
    uint32_t a, b;

    OPT(hold, 1);
    a = start();
    w.spec.dependency = (char *)"afterok:1";
    b = start();
    (void)b;
    ck_assert_int_eq(world_update_job(&w, a, "dependency", "afterok:2"), -1);
    ck_assert_int_eq(w.err.code, BRE_DEPENDENCY);
    ck_assert_int_eq(world_update_job(&w, a, "dependency", "afterok:1"), -1);
}
END_TEST

START_TEST(an_update_moves_a_pending_job_and_is_checked_like_a_submission)
{
    uint32_t id;

    pi5(4, 60);
    id = pi5(4, 10);
    ck_assert_int_eq(world_update_job(&w, id, "partition", "pi9"), -1);
    ck_assert_int_eq(world_update_job(&w, id, "numnodes", "2"), -1);
    ck_assert_int_eq(world_update_job(&w, id, "colour", "red"), -1);
    ck_assert_str_eq(w.err.text, "Update of this parameter is not supported: colour=red");
    ck_assert_int_eq(world_update_job(&w, id, "partition", "pi4"), 0);
    world_sched(&w);
    ck_assert_int_eq(world_state(&w, id), JOB_RUNNING);
    ck_assert_int_eq(world_update_job(&w, id, "timelimit", "20"), 0);
    ck_assert_int_eq(world_view(&w, id).end_limit_sec, world_view(&w, id).start_sec + 1200);
    ck_assert_int_eq(world_update_job(&w, id, "partition", "pi3"), -1);
}
END_TEST

START_TEST(hardware_threads_make_cpus_and_a_core_is_never_split)
{
    uint32_t id;

    world_fini(&w);
    memset(&w, 0, sizeof(w));
    cluster_conf_defaults(&w.conf);
    w.nodes[0] = (struct node_conf){
        .name = "head", .mem_mb = 1000, .cores = 4, .threads_per_core = 2
    };
    w.conf.nodes = w.nodes;
    w.conf.num_nodes = 1;
    w.parts[0] = (struct part_conf){ .name = "all", .nodes = "ALL" };
    w.conf.parts = w.parts;
    w.conf.num_parts = 1;
    world_start(&w);
    {
        Wire__NodeRegister reg = WIRE__NODE_REGISTER__INIT;

        reg.boot_id = (char *)"b";
        reg.has_cores = reg.has_threads = 1;
        reg.cores = 4;
        reg.threads = 8;
        decision_reset(&w.d);
        ck_assert_int_eq(
            cluster_decide_register(w.c, &w.now, 0, NULL, "::1", &reg, &w.d, &w.err), 0);
        world_commit(&w);
    }
    id = start();
    ck_assert_uint_eq(world_view(&w, id).num_cpus, 2);
    ck_assert_str_eq(cores_of(id, 0), "0");
    OPT(num_tasks, 3);
    id = start();
    ck_assert_str_eq(cores_of(id, 0), "1-2");
    OPT(threads_per_core, 1);
    id = start();
    ck_assert_uint_eq(world_view(&w, id).num_cpus, 1);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        partitions_take_their_members_by_class,
        a_job_takes_the_fewest_nodes_that_hold_its_tasks,
        a_range_of_nodes_gets_as_many_as_there_are,
        cores_are_given_out_one_by_one_and_given_back,
        the_fullest_node_that_fits_is_used_first,
        a_heavier_node_is_used_last,
        a_constraint_names_a_class,
        counted_features_mix_classes,
        preferred_features_count_only_if_they_start_the_job_at_once,
        bracketed_features_use_one_kind_for_all_nodes,
        time_min_lets_a_job_start_before_what_is_planned,
        boards_that_are_too_small_inside_are_not_taken,
        exclusive_by_user_shares_nodes_with_the_same_user_alone,
        bad_constraints_are_refused_by_name,
        what_no_node_can_do_is_refused_with_the_reason,
        memory_is_a_resource,
        all_memory_of_a_node_is_asked_for_with_zero,
        an_exclusive_job_gets_whole_idle_nodes,
        contiguous_nodes_are_neighbours,
        named_nodes_are_taken_and_excluded_ones_left_out,
        tasks_per_node_and_mincpus_shape_the_allocation,
        a_job_tries_its_partitions_in_order,
        time_limits_come_from_the_job_or_its_partition,
        partitions_that_are_down_keep_jobs_waiting_and_drained_ones_refuse,
        jobs_start_in_order_of_submission,
        a_higher_priority_goes_first,
        a_higher_tier_goes_before_any_priority,
        a_short_job_is_backfilled_around_a_blocked_one,
        a_job_that_would_delay_the_blocked_one_is_not_backfilled,
        planned_starts_are_known,
        test_only_tells_start_and_nodes_and_submits_nothing,
        a_job_that_spans_classes_runs_where_its_partition_allows,
        a_chain_of_dependent_jobs_runs_link_by_link,
        any_of_several_dependencies_is_enough_with_a_question_mark,
        after_waits_for_a_start_and_singleton_for_its_namesakes,
        what_is_gone_holds_nobody_up,
        after_may_have_a_delay_in_minutes,
        a_job_whose_dependency_fails_is_cancelled_if_it_asks_for_it,
        dependencies_cannot_form_a_ring,
        an_update_moves_a_pending_job_and_is_checked_like_a_submission,
        hardware_threads_make_cpus_and_a_core_is_never_split,
    };

    return world_main("sched", setup, teardown, tests, sizeof(tests) / sizeof(tests[0]));
}
