/* test_explain.c - the whole story of a job: who has what it waits for, its planned start, and advice
 * that holds when it is followed. */
#include "world.h"

#include <stdio.h>
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

/* tasks on partition part for so many minutes */
static uint32_t job(const char *part, uint32_t tasks, uint32_t min)
{
    uint32_t id;

    w.spec.partition = (char *)part;
    OPT(num_tasks, tasks);
    OPT(time_limit_min, min);
    id = world_submit_start(&w);
    ck_assert_uint_ne(id, 0);
    world_spec(&w);
    return id;
}

static const char *story(uint32_t id)
{
    struct job *found = cluster_job_find(w.c, id);

    ck_assert_ptr_nonnull(found);
    return cluster_job_explain(w.c, found, &w.now, &w.scratch);
}

static void tells(uint32_t id, const char *words)
{
    const char *text = story(id);

    ck_assert_msg(strstr(text, words) != NULL, "\"%s\" lacks \"%s\"", text, words);
}

static void hides(uint32_t id, const char *words)
{
    const char *text = story(id);

    ck_assert_msg(strstr(text, words) == NULL, "\"%s\" has \"%s\"", text, words);
}

START_TEST(a_waiting_job_is_told_what_it_asks_for_and_who_has_it_until_when)
{
    uint32_t first = job("pi5", 4, 10), id = job("pi5", 4, 20);
    char words[64];

    snprintf(words, sizeof(words), "Job %u of ", first);
    tells(id, "It needs 1 to 4 nodes and 4 CPUs in all, for 20:00, in partition pi5.\n");
    tells(id, words);
    tells(id, "has 4 CPUs on pi8 until ");
    tells(id, "It is to start at ");
    tells(id, " on pi8, or earlier");
}
END_TEST

START_TEST(a_job_behind_another_is_told_which_and_when_that_one_starts)
{
    uint32_t second, id;

    job("pi5", 4, 10);
    second = job("pi5", 4, 20);
    id = job("pi5", 4, 30);
    (void)second;
    tells(id, "Job 2 of ");
    tells(id, "waits before it, with a higher priority, which is to start at ");
}
END_TEST

/* Advice that is followed lets the job start. */
static void follow(uint32_t id, const char *advice, const char *key, const char *value)
{
    tells(id, advice);
    ck_assert_int_eq(world_update_job(&w, id, key, value), 0);
    world_sched(&w);
    ck_assert_int_eq(world_state(&w, id), JOB_RUNNING);
}

START_TEST(a_shorter_limit_that_fits_before_a_planned_start_is_named_to_the_minute)
{
    uint32_t id;

    job("pi5", 2, 10);              /* half of pi8 for ten minutes */
    job("pi5", 4, 60);              /* all of it then */
    id = job("pi5", 2, 30);         /* would delay that */
    ck_assert_int_eq(world_state(&w, id), JOB_PENDING);
    tells(id, "What it needs is free now, but is kept for jobs that come before it.");
    tells(id, "with a time limit of 10:00: scontrol update jobid=3 timelimit=10");
    hides(id, "timelimit=11");
    follow(id, "timelimit=10", "timelimit", "10");
}
END_TEST

START_TEST(fewer_tasks_that_would_start_are_named)
{
    uint32_t id;

    job("pi5", 1, 10);
    id = job("pi5", 4, 10);
    tells(id, "with 3 tasks: scontrol update jobid=2 numtasks=3");
    hides(id, "numtasks=4");
}
END_TEST

START_TEST(another_partition_with_room_is_named_and_serves)
{
    uint32_t id;

    job("pi5", 4, 10);
    id = job("pi5", 4, 10);
    follow(id, "in partition pi4: scontrol update jobid=2 partition=pi4", "partition", "pi4");
}
END_TEST

START_TEST(a_drained_node_that_would_serve_is_named_with_the_command)
{
    uint32_t id;

    ck_assert_int_eq(world_update_node(&w, "pi8", "drain", "card"), 0);
    id = job("pi5", 4, 10);
    tells(id, "if pi8 took work again: scontrol update nodename=pi8 state=resume");
    ck_assert_int_eq(world_update_node(&w, "pi8", "resume", NULL), 0);
    world_sched(&w);
    ck_assert_int_eq(world_state(&w, id), JOB_RUNNING);
}
END_TEST

START_TEST(no_advice_is_given_when_nothing_single_helps)
{
    uint32_t id;

    job("all", 32, 10);
    id = job("all", 1, 10);
    tells(id, "No single change to it would let it start now.");
    hides(id, "It would start now");
}
END_TEST

START_TEST(held_running_and_ended_jobs_have_their_story_too)
{
    uint32_t id = job("pi5", 1, 10);

    tells(id, "It runs on pi8 since ");
    ck_assert_int_eq(world_control(&w, JOB_ACTION_CANCEL, id, WORLD_UID), 0);
    tells(id, "It is ending: what is left of it on pi8");
    w.spec.has_hold = 1;
    w.spec.hold = 1;
    id = job("pi5", 1, 10);
    tells(id, "held: scontrol release 2 lets it run");
    ck_assert_int_eq(world_control(&w, JOB_ACTION_CANCEL, id, WORLD_UID), 0);
    tells(id, "It ended at ");
}
END_TEST

START_TEST(the_plan_names_nodes_and_marks_them)
{
    struct node_view node;
    uint32_t id;

    job("pi5", 2, 10);
    id = job("pi5", 4, 60);
    while (cluster_plan_starts(w.c, &w.now, SCHED_SLICE))
        ;
    ck_assert_str_eq(world_view(&w, id).planned_nodes, "pi8");
    ck_assert(cluster_node_view(w.c, 7, &node));
    ck_assert(node.state & NODE_FLAG_PLANNED);
    ck_assert(cluster_node_view(w.c, 0, &node));
    ck_assert(!(node.state & NODE_FLAG_PLANNED));
    ck_assert_int_eq(world_control(&w, JOB_ACTION_CANCEL, id, WORLD_UID), 0);
    while (cluster_plan_starts(w.c, &w.now, SCHED_SLICE))
        ;
    ck_assert(cluster_node_view(w.c, 7, &node));
    ck_assert(!(node.state & NODE_FLAG_PLANNED));
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        a_waiting_job_is_told_what_it_asks_for_and_who_has_it_until_when,
        a_job_behind_another_is_told_which_and_when_that_one_starts,
        a_shorter_limit_that_fits_before_a_planned_start_is_named_to_the_minute,
        fewer_tasks_that_would_start_are_named,
        another_partition_with_room_is_named_and_serves,
        a_drained_node_that_would_serve_is_named_with_the_command,
        no_advice_is_given_when_nothing_single_helps,
        held_running_and_ended_jobs_have_their_story_too,
        the_plan_names_nodes_and_marks_them,
    };
    return world_main("explain", setup, teardown, tests, sizeof(tests) / sizeof(tests[0]));
}
