/* test_array.c - job arrays: one record until tasks go their own ways. */
#include "world.h"

#include <stdlib.h>
#include <string.h>

#include "util/bitmap.h"

static struct world w;

static void setup(void)
{
    world_init_flat(&w, 2, 2); /* room for four tasks */
}

static void teardown(void)
{
    world_check_replay(&w);
    world_fini(&w);
}

static uint32_t submit(const char *tasks)
{
    uint32_t id;

    world_spec(&w)->array_inx = (char *)tasks;
    id = world_submit(&w);
    world_spec(&w);
    return id;
}

static uint32_t start(const char *tasks)
{
    uint32_t id = submit(tasks);

    ck_assert_uint_ne(id, 0);
    world_sched(&w);
    return id;
}

/* The end of a running task on the node where it is. */
static void end(uint32_t id, uint32_t status)
{
    struct job_node_view at;

    ck_assert(cluster_job_node(w.c, cluster_job_find(w.c, id), 0, &at));
    world_step_ended(&w, id, STEP_BATCH, at.node_id, status, true);
    world_sched(&w);
}

static const char *tasks_of(uint32_t id)
{
    struct job_view v = world_view(&w, id);
    char *text, *copy;

    if (!v.tasks)
        return v.task_id == TASK_NONE ? "none" : arena_printf(&w.scratch, "one %u", v.task_id);
    text = bitmap_format(v.tasks);
    copy = arena_strdup(&w.scratch, text);
    free(text);
    return copy;
}

START_TEST(an_array_is_one_record_until_its_tasks_start)
{
    uint32_t id = submit("0-999");

    ck_assert_uint_eq(cluster_job_count(w.c), 1);
    ck_assert_str_eq(tasks_of(id), "0-999");
    world_sched(&w);
    ck_assert_uint_eq(cluster_job_count(w.c), 5);
    ck_assert_str_eq(tasks_of(id), "4-999");
    for (uint32_t task = 0; task < 4; task++) {
        ck_assert_uint_eq(world_state(&w, id + 1 + task), JOB_RUNNING);
        ck_assert_uint_eq(world_view(&w, id + 1 + task).array_id, id);
        ck_assert_uint_eq(world_view(&w, id + 1 + task).task_id, task);
    }
    ck_assert_uint_eq(world_state(&w, id), JOB_PENDING);
}
END_TEST

START_TEST(the_last_task_keeps_the_id_of_the_array)
{
    uint32_t id = start("3,7");

    ck_assert_uint_eq(cluster_job_count(w.c), 2);
    ck_assert_str_eq(tasks_of(id + 1), "one 3");
    ck_assert_str_eq(tasks_of(id), "one 7");
    ck_assert_uint_eq(world_state(&w, id), JOB_RUNNING);
}
END_TEST

START_TEST(tasks_know_the_shape_of_their_array)
{
    uint32_t id = start("2-10:4");
    const Wire__AllocInfo *m = cluster_alloc_info(w.c, id, &w.scratch);

    ck_assert_uint_eq(m->array->job_id, id);
    ck_assert_uint_eq(m->array->task_id, 10);
    ck_assert_uint_eq(m->array->count, 3);
    ck_assert_uint_eq(m->array->min, 2);
    ck_assert_uint_eq(m->array->max, 10);
    ck_assert_uint_eq(m->array->step, 4);
}
END_TEST

START_TEST(no_more_tasks_run_at_once_than_the_throttle_allows)
{
    uint32_t id = start("0-5%2"), other;

    ck_assert_str_eq(tasks_of(id), "2-5");
    ck_assert_ptr_nonnull(strstr(world_reason(&w, id), "2 tasks of array"));
    ck_assert_uint_eq(world_view(&w, id).reason, REASON_ARRAY_TASK_LIMIT);
    other = world_submit_start(&w);
    ck_assert_uint_eq(world_state(&w, other), JOB_RUNNING); /* goes past it */
    end(id + 1, 0);
    ck_assert_str_eq(tasks_of(id), "3-5");
}
END_TEST

START_TEST(a_task_that_ends_makes_room_for_the_next)
{
    uint32_t id = start("0-5");

    end(id + 1, 0);
    end(id + 2, 0);
    ck_assert_str_eq(tasks_of(id), "one 5");
    ck_assert_uint_eq(world_state(&w, id), JOB_RUNNING);
    ck_assert_uint_eq(cluster_job_count(w.c), 6);
}
END_TEST

START_TEST(an_array_has_ended_when_its_last_task_has)
{
    struct array_view v;
    uint32_t id = start("1-2");

    end(id, 0);
    ck_assert(cluster_array_view(w.c, id, &v) && !v.has_ended);
    end(id + 1, 5 << 8);
    ck_assert(cluster_array_view(w.c, id, &v) && v.has_ended);
    ck_assert_uint_eq(v.exit_status, 5 << 8);
    ck_assert_uint_eq(v.end_state, JOB_FAILED);
    world_pass_time(&w, 4000);
    ck_assert(!cluster_array_view(w.c, id, &v));
    ck_assert_uint_eq(cluster_job_count(w.c), 0);
}
END_TEST

START_TEST(cancelling_an_array_that_waits_is_one_event)
{
    size_t before;
    uint32_t id = submit("0-999");

    before = w.num_log;
    ck_assert_int_eq(world_control(&w, JOB_ACTION_CANCEL, id, WORLD_UID), 0);
    ck_assert_uint_eq(w.num_log, before + 1);
    ck_assert_uint_eq(world_state(&w, id), JOB_CANCELLED);
    ck_assert_str_eq(tasks_of(id), "0-999");
}
END_TEST

static int control(enum job_action action, uint32_t id, const char *tasks)
{
    struct bitmap *set = bitmap_parse_any(tasks, 100000, NULL);
    struct control_request req = { .action = action, .job_id = id, .tasks = set, .step_id = STEP_NONE,
                                   .who = { .uid = WORLD_UID } };
    int rc;

    decision_reset(&w.d);
    rc = cluster_decide_control(w.c, &w.now, &req, &w.d, &w.err);
    world_commit(&w);
    bitmap_destroy(set);
    return rc;
}

START_TEST(a_task_that_is_treated_alone_gets_its_own_record)
{
    uint32_t id = submit("0-9");

    ck_assert_int_eq(control(JOB_ACTION_HOLD, id, "3"), 0);
    ck_assert_str_eq(tasks_of(id), "0-2,4-9");
    ck_assert_str_eq(tasks_of(id + 1), "one 3");
    ck_assert_uint_eq(world_view(&w, id + 1).hold, 1);
    ck_assert_uint_eq(world_view(&w, id).hold, 0);
    ck_assert_int_eq(control(JOB_ACTION_CANCEL, id, "5-6"), 0);
    ck_assert_str_eq(tasks_of(id), "0-2,4,7-9");
    ck_assert_uint_eq(world_state(&w, id + 2), JOB_CANCELLED);
    ck_assert_uint_eq(world_state(&w, id + 3), JOB_CANCELLED);
    ck_assert_int_eq(control(JOB_ACTION_CANCEL, id, "0-9"), 0);
    ck_assert_uint_eq(world_state(&w, id), JOB_CANCELLED);
}
END_TEST

START_TEST(a_refused_action_splits_nothing)
{
    uint32_t id = submit("0-9");

    ck_assert_int_eq(control(JOB_ACTION_REQUEUE, id, "3-4"), -1);
    ck_assert_int_eq(w.err.code, BRE_JOB_PENDING);
    ck_assert_str_eq(tasks_of(id), "0-9");
    ck_assert_uint_eq(cluster_job_count(w.c), 1);
}
END_TEST

START_TEST(an_id_means_the_records_of_its_tasks)
{
    uint32_t id = start("0-5");
    struct bitmap *set = bitmap_parse("1,4,9", 10, NULL);
    struct job_ref ref = { .job_id = id, .tasks = set };
    struct job_targets t;

    ck_assert_int_eq(cluster_job_targets(w.c, &ref, &w.scratch, &t, &w.err), 0);
    ck_assert_uint_eq(t.count, 2);
    ck_assert_uint_eq(t.list[0].job_id, id); /* task 4 waits with task 5 */
    ck_assert(bitmap_test(t.list[0].tasks, 4) && bitmap_count(t.list[0].tasks) == 1);
    ck_assert_uint_eq(t.list[1].job_id, id + 2);
    ck_assert(bitmap_test(t.missing, 9) && bitmap_count(t.missing) == 1);
    ref = (struct job_ref){ .job_id = id };
    ck_assert_int_eq(cluster_job_targets(w.c, &ref, &w.scratch, &t, &w.err), 0);
    ck_assert_uint_eq(t.count, 5);
    ref = (struct job_ref){ .job_id = id + 1 };
    ck_assert_int_eq(cluster_job_targets(w.c, &ref, &w.scratch, &t, &w.err), 0);
    ck_assert_uint_eq(t.count, 1);
    ref = (struct job_ref){ .job_id = id + 1, .all_tasks = true };
    ck_assert_int_eq(cluster_job_targets(w.c, &ref, &w.scratch, &t, &w.err), -1);
    bitmap_destroy(set);
}
END_TEST

START_TEST(the_throttle_can_be_changed)
{
    uint32_t id = start("0-5%1");

    ck_assert_int_eq(world_update_job(&w, id, "arraytaskthrottle", "3"), 0);
    world_sched(&w);
    ck_assert_str_eq(tasks_of(id), "3-5");
    ck_assert_int_eq(world_update_job(&w, id, "arraytaskthrottle", "0"), 0);
    world_sched(&w);
    ck_assert_str_eq(tasks_of(id), "4-5");
}
END_TEST

START_TEST(each_task_counts_as_a_job)
{
    w.conf.max_job_count = 10;
    ck_assert_int_eq(cluster_reconfigure(w.c, &w.conf, &w.err), 0);
    ck_assert_uint_eq(submit("0-10"), 0);
    ck_assert_int_eq(w.err.code, BRE_BUSY);
    start("0-7");
    ck_assert_uint_ne(submit("0-1"), 0);
    ck_assert_uint_eq(submit("0"), 0);
}
END_TEST

START_TEST(a_user_has_a_limit_of_his_own)
{
    w.conf.max_user_jobs = 10;
    ck_assert_int_eq(cluster_reconfigure(w.c, &w.conf, &w.err), 0);
    ck_assert_uint_eq(submit("0-10"), 0);
    ck_assert_int_eq(w.err.code, BRE_USER_LIMIT);
    start("0-7");
    ck_assert_uint_ne(submit("0-1"), 0);
    ck_assert_uint_eq(submit("0"), 0);
    w.ident.gid++; /* another group makes no other user */
    ck_assert_uint_eq(submit("0"), 0);
    w.ident.uid++;
    ck_assert_uint_ne(submit("0-9"), 0);
}
END_TEST

START_TEST(what_is_no_list_of_tasks_is_refused)
{
    static const char *const bad[] = { "a", "5-3", "1001", "0-1001", "-1", "1-5:0", "1,", "1-", "1;2", "%2" };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        ck_assert_msg(submit(bad[i]) == 0, "%s was taken", bad[i]);
        ck_assert_int_eq(w.err.code, BRE_ARRAY);
    }
    ck_assert_uint_ne(submit("1000"), 0);
}
END_TEST

START_TEST(a_task_that_is_requeued_waits_alone)
{
    uint32_t id = start("0-9");

    ck_assert_int_eq(world_control(&w, JOB_ACTION_REQUEUE, id + 1, WORLD_UID), 0);
    world_clean(&w, id + 1, 0);
    ck_assert_uint_eq(world_state(&w, id + 1), JOB_PENDING);
    ck_assert_str_eq(tasks_of(id + 1), "one 0");
    world_sched(&w);
    ck_assert_str_eq(tasks_of(id), "5-9"); /* the array's id is lower, so its task goes first */
}
END_TEST

START_TEST(ids_are_reserved_for_tasks_before_they_are_seen)
{
    world_fini(&w);
    world_init_flat(&w, 60, 4);
    start("0-239");
    ck_assert_uint_eq(cluster_job_count(w.c), 240);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        an_array_is_one_record_until_its_tasks_start,
        the_last_task_keeps_the_id_of_the_array,
        tasks_know_the_shape_of_their_array,
        no_more_tasks_run_at_once_than_the_throttle_allows,
        a_task_that_ends_makes_room_for_the_next,
        an_array_has_ended_when_its_last_task_has,
        cancelling_an_array_that_waits_is_one_event,
        a_task_that_is_treated_alone_gets_its_own_record,
        a_refused_action_splits_nothing,
        an_id_means_the_records_of_its_tasks,
        the_throttle_can_be_changed,
        each_task_counts_as_a_job,
        a_user_has_a_limit_of_his_own,
        what_is_no_list_of_tasks_is_refused,
        a_task_that_is_requeued_waits_alone,
        ids_are_reserved_for_tasks_before_they_are_seen,
    };

    return world_main("array", setup, teardown, tests, sizeof(tests) / sizeof(tests[0]));
}
