/* test_reason.c - why a job waits is always true and specific. */
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

static uint32_t pi5(void)
{
    uint32_t id;

    w.spec.partition = (char *)"pi5";
    OPT(num_tasks, 4);
    OPT(time_limit_min, 10);
    id = world_submit_start(&w);
    world_spec(&w);
    return id;
}

static void says(uint32_t id, enum job_reason reason, const char *words)
{
    const char *text = world_reason(&w, id);

    ck_assert_int_eq(world_view(&w, id).reason, reason);
    ck_assert_msg(strstr(text, words) != NULL, "\"%s\" lacks \"%s\"", text, words);
}

START_TEST(the_first_that_waits_lacks_resources_and_is_told_which)
{
    uint32_t id;

    pi5();
    id = pi5();
    says(id, REASON_RESOURCES, "and 4 CPUs in all");
    says(id, REASON_RESOURCES, "1 in use (pi8)");
}
END_TEST

START_TEST(the_next_ones_wait_for_priority_and_are_told_behind_whom)
{
    uint32_t first, id;

    pi5();
    first = pi5();
    id = pi5();
    says(id, REASON_PRIORITY, "waits behind job 2");
    ck_assert_int_eq(world_control(&w, JOB_ACTION_CANCEL, first, WORLD_UID), 0);
    world_sched(&w);
    says(id, REASON_RESOURCES, "1 in use (pi8)");
}
END_TEST

START_TEST(a_job_of_another_shape_waits_behind_the_first_of_its_partition)
{
    uint32_t id;

    pi5();
    pi5();
    w.spec.partition = (char *)"pi5";
    OPT(num_tasks, 2);
    id = world_submit_start(&w);
    says(id, REASON_PRIORITY, "waits behind job 2");
}
END_TEST

START_TEST(another_partitions_queue_is_no_reason)
{
    uint32_t id;

    pi5();
    pi5();
    OPT(exclusive, 1);
    OPT(min_nodes, 8);
    id = world_submit_start(&w);
    says(id, REASON_RESOURCES, "partition all");
}
END_TEST

START_TEST(a_node_that_is_down_is_named)
{
    uint32_t id;

    ck_assert_int_eq(world_update_node(&w, "pi8", "down", "no power"), 0);
    id = pi5();
    says(id, REASON_NODE_DOWN, "1 down (pi8)");
    ck_assert_int_eq(world_update_node(&w, "pi8", "resume", NULL), 0);
    world_sched(&w);
    ck_assert_int_eq(world_state(&w, id), JOB_RUNNING);
}
END_TEST

START_TEST(a_node_asked_for_by_name_is_named_with_its_reason)
{
    uint32_t id;

    ck_assert_int_eq(world_update_node(&w, "pi2", "drain", "new SD card"), 0);
    w.spec.nodelist = (char *)"pi2";
    id = world_submit_start(&w);
    says(id, REASON_REQ_NODE_NOT_AVAIL, "node pi2 is drained: new SD card");
}
END_TEST

START_TEST(limits_lowered_later_are_the_reason)
{
    uint32_t id;

    pi5();
    id = pi5();
    ck_assert_int_eq(world_update_part(&w, "pi5", "maxtime", "5"), 0);
    world_sched(&w);
    says(id, REASON_PART_TIME_LIMIT, "10 minutes");
}
END_TEST

START_TEST(a_partition_taken_from_the_configuration_is_the_reason)
{
    struct part_conf kept = { .name = "all", .nodes = "ALL" };
    uint32_t id;

    pi5();
    id = pi5();
    w.conf.parts = &kept;
    w.conf.num_parts = 1;
    ck_assert_int_eq(cluster_reconfigure(w.c, &w.conf, &w.err), 0);
    world_sched(&w);
    says(id, REASON_PART_CONFIG, "pi5");
    w.conf.parts = w.parts;
    w.conf.num_parts = 4;
    ck_assert_int_eq(cluster_reconfigure(w.c, &w.conf, &w.err), 0);
}
END_TEST

START_TEST(holds_and_begin_times_and_dependencies_say_so)
{
    uint32_t id;

    OPT(hold, 1);
    id = world_submit_start(&w);
    world_spec(&w);
    says(id, REASON_HELD_USER, "scontrol release 1");
    OPT(begin_time, w.now.wall_usec / 1000000 + 3600);
    id = world_submit_start(&w);
    world_spec(&w);
    says(id, REASON_BEGIN_TIME, "not before");
    w.spec.dependency = (char *)"afterany:1";
    id = world_submit_start(&w);
    says(id, REASON_DEPENDENCY, "afterany:1(unfulfilled)");
}
END_TEST

START_TEST(a_job_that_is_just_submitted_has_not_been_looked_at)
{
    uint32_t id = world_submit(&w);

    says(id, REASON_NONE, "just been submitted");
}
END_TEST

START_TEST(an_ended_job_says_why_it_ended)
{
    uint32_t id;

    OPT(requeue, 0);
    id = world_submit_start(&w);
    world_register(&w, 0, "boot-2", NULL, 0);
    ck_assert_str_eq(world_reason(&w, id), "node pi1 rebooted");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        the_first_that_waits_lacks_resources_and_is_told_which,
        the_next_ones_wait_for_priority_and_are_told_behind_whom,
        a_job_of_another_shape_waits_behind_the_first_of_its_partition,
        another_partitions_queue_is_no_reason,
        a_node_that_is_down_is_named,
        a_node_asked_for_by_name_is_named_with_its_reason,
        limits_lowered_later_are_the_reason,
        a_partition_taken_from_the_configuration_is_the_reason,
        holds_and_begin_times_and_dependencies_say_so,
        a_job_that_is_just_submitted_has_not_been_looked_at,
        an_ended_job_says_why_it_ended,
    };

    return world_main("reason", setup, teardown, tests, sizeof(tests) / sizeof(tests[0]));
}
