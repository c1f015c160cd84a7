/* test_resv.c - reservations: who may use them, when, and what others may do around them. */
#include "world.h"

#include <stdio.h>
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

static const struct cluster_who root = { 0, true, true };
#define ITEMS_MAX 12

/* "key=value key=value ..." */
static int change(enum update_op op, const char *words)
{
    char copy[1024], *save = NULL;
    Wire__KeyValue items[ITEMS_MAX], *list[ITEMS_MAX];
    size_t num = 0;

    snprintf(copy, sizeof(copy), "%s", words);
    for (char *word = strtok_r(copy, " ", &save); word && num < ITEMS_MAX; word = strtok_r(NULL, " ", &save)) {
        char *eq = strchr(word, '=');

        *eq = '\0';
        wire__key_value__init(&items[num]);
        items[num].key = word;
        items[num].value = eq + 1;
        list[num] = &items[num];
        num++;
    }
    decision_reset(&w.d);
    if (cluster_decide_update_resv(w.c, &w.now, &root, op, list, num, &w.d, NULL, &w.err) < 0) {
        decision_reset(&w.d);
        return -1;
    }
    world_commit(&w);
    world_pass_time(&w, 1);
    world_sched(&w);
    return 0;
}

static uint32_t submit_in(const char *resv, uint32_t minutes, uint32_t nodes)
{
    uint32_t id;

    world_spec(&w)->reservation = (char *)resv;
    w.spec.has_time_limit_min = w.spec.has_min_nodes = 1;
    w.spec.time_limit_min = minutes;
    w.spec.min_nodes = nodes;
    if ((id = world_submit(&w)))
        world_sched(&w);
    return id;
}

static uint32_t submit(uint32_t minutes, uint32_t nodes)
{
    return submit_in(NULL, minutes, nodes);
}

START_TEST(jobs_of_the_reservation_run_in_it_and_others_stay_out)
{
    uint32_t mine, other;

    ck_assert_int_eq(change(UPDATE_CREATE, "reservationname=r starttime=now duration=60 nodes=n0,n1 users=alice"), 0);
    other = submit(10, 2);
    ck_assert_int_eq(world_state(&w, other), JOB_PENDING);
    ck_assert_str_eq(world_view(&w, other).reason_text, "ReqNodeNotAvail, May be reserved for other job");
    mine = submit_in("r", 10, 2);
    ck_assert_str_eq(world_nodes(&w, mine), "n[0-1]");
    ck_assert_str_eq(world_view(&w, mine).reservation, "r");
    other = submit(10, 1);
    ck_assert_str_eq(world_nodes(&w, other), "n2");
}
END_TEST

START_TEST(only_those_it_is_for_may_name_it)
{
    ck_assert_int_eq(change(UPDATE_CREATE, "reservationname=r starttime=now duration=60 nodes=n0 users=somebody"), 0);
    ck_assert_uint_eq(submit_in("r", 10, 1), 0);
    ck_assert_int_eq(w.err.code, BRE_RESV_ACCESS);
    ck_assert_uint_eq(submit_in("nonsense", 10, 1), 0);
    ck_assert_int_eq(w.err.code, BRE_RESERVATION);
    ck_assert_int_eq(change(UPDATE_CHANGE, "reservationname=r users+=alice"), 0);
    ck_assert_uint_ne(submit_in("r", 10, 1), 0);
}
END_TEST

START_TEST(a_job_that_would_reach_into_a_reservation_does_not_start_and_a_shorter_one_does)
{
    uint32_t id_long, id_short;

    ck_assert_int_eq(change(UPDATE_CREATE, "reservationname=r starttime=now+1hour duration=60 nodes=ALL users=alice"), 0);
    id_long = submit(120, 3);
    id_short = submit(30, 3);
    ck_assert_int_eq(world_state(&w, id_long), JOB_PENDING);
    ck_assert_int_eq(world_state(&w, id_short), JOB_RUNNING);
    while (cluster_plan_starts(w.c, &w.now, SCHED_SLICE))
        ;
    ck_assert_int_eq(world_view(&w, id_long).planned_sec, (w.now.wall_usec - 1000000) / 1000000 + 7200);
}
END_TEST

START_TEST(a_job_of_a_reservation_to_come_waits_for_it_and_ends_with_it)
{
    uint32_t id;

    ck_assert_int_eq(change(UPDATE_CREATE, "reservationname=r starttime=now+10minutes duration=20 nodes=n1 users=alice"), 0);
    id = submit_in("r", 120, 1);
    ck_assert_int_eq(world_view(&w, id).reason, REASON_RESERVATION);
    world_pass_time(&w, 601);
    world_sched(&w);
    ck_assert_str_eq(world_nodes(&w, id), "n1");
    ck_assert_int_le(world_view(&w, id).end_limit_sec, world_view(&w, id).start_sec + 1200);
    world_check_replay(&w);
    world_pass_time(&w, 1201);
    ck_assert_int_eq(world_view(&w, id).end_state, JOB_TIMEOUT);
}
END_TEST

START_TEST(cores_are_reserved_one_by_one)
{
    uint32_t id;

    ck_assert_int_eq(change(UPDATE_CREATE, "reservationname=r starttime=now duration=60 corecnt=6 users=alice"), 0);
    world_spec(&w)->num_tasks = 3; /* n0 whole, two of n1 */
    w.spec.has_num_tasks = w.spec.has_min_nodes = w.spec.has_max_nodes = 1;
    w.spec.min_nodes = w.spec.max_nodes = 1;
    w.spec.nodelist = (char *)"n1";
    id = world_submit(&w);
    world_sched(&w);
    ck_assert_int_eq(world_state(&w, id), JOB_PENDING);
    world_control(&w, JOB_ACTION_CANCEL, id, 0);
    w.spec.num_tasks = 2;
    id = world_submit(&w);
    world_sched(&w);
    ck_assert_int_eq(world_state(&w, id), JOB_RUNNING);
    w.spec.reservation = (char *)"r";
    id = world_submit(&w);
    world_sched(&w);
    ck_assert_int_eq(world_state(&w, id), JOB_RUNNING);
    w.spec.num_tasks = 1;
    id = world_submit(&w);
    world_sched(&w);
    ck_assert_int_eq(world_state(&w, id), JOB_PENDING);
}
END_TEST

START_TEST(reservations_do_not_overlap_unless_they_say_so_and_respect_running_jobs)
{
    world_spec(&w)->nodelist = (char *)"n2";
    ck_assert_uint_ne(world_submit_start(&w), 0);
    ck_assert_int_eq(change(UPDATE_CREATE, "reservationname=a starttime=now+1hour duration=60 nodes=n0 users=alice"), 0);
    ck_assert_int_lt(change(UPDATE_CREATE, "reservationname=b starttime=now+90minutes duration=60 nodes=n0 users=alice"), 0);
    ck_assert_int_eq(w.err.code, BRE_RESV_OVERLAP);
    ck_assert_int_eq(change(UPDATE_CREATE, "reservationname=b starttime=now+90minutes duration=60 nodes=n0 users=alice flags=overlap"), 0);
    ck_assert_int_eq(change(UPDATE_CREATE, "reservationname=c starttime=now+90minutes duration=60 nodecnt=1 users=alice"), 0);
    ck_assert_int_lt(change(UPDATE_CREATE, "reservationname=d starttime=now+1day duration=60 nodes=ALL users=alice"), 0);
    ck_assert_int_eq(change(UPDATE_CREATE, "reservationname=d starttime=now+1day duration=60 nodes=ALL users=alice flags=ignore_jobs,maint"), 0);
}
END_TEST

START_TEST(a_daily_one_moves_on_and_one_that_is_over_holds_who_waits_for_it)
{
    struct resv_view v;
    uint32_t id;
    int64_t start;

    ck_assert_int_eq(change(UPDATE_CREATE, "reservationname=d starttime=now duration=10 nodes=n0 users=alice flags=daily"), 0);
    ck_assert_int_eq(change(UPDATE_CREATE, "reservationname=once starttime=now duration=10 nodes=n1 users=alice"), 0);
    id = submit_in("once", 5, 1);
    ck_assert_int_eq(world_state(&w, id), JOB_RUNNING);
    id = submit_in("once", 5, 2);
    ck_assert_int_eq(world_state(&w, id), JOB_PENDING);
    ck_assert(cluster_resv_view(w.c, 0, &w.now, &v));
    start = v.start_sec;
    world_pass_time(&w, 660);
    ck_assert_uint_eq(cluster_resv_count(w.c), 1);
    ck_assert(cluster_resv_view(w.c, 0, &w.now, &v));
    ck_assert_int_ge(v.start_sec, start + 82800);
    ck_assert(!v.active);
    ck_assert_int_eq(world_view(&w, id).reason, REASON_RESERVATION_DELETED);
    ck_assert_uint_eq(world_view(&w, id).hold, 2);
}
END_TEST

START_TEST(one_in_use_is_not_deleted_and_bad_ones_are_not_made)
{
    static const char *const bad[] = {
        "reservationname=x nodes=n0 users=alice duration=5",
        "reservationname=x nodes=n0 users=alice starttime=now",
        "reservationname=x nodes=n0 starttime=now duration=5",
        "reservationname=x users=alice starttime=now duration=5",
        "reservationname=x nodes=zz users=alice starttime=now duration=5",
        "reservationname=x nodes=n0 users=alice starttime=now duration=5 flags=bogus",
        "reservationname=x nodes=n0 users=alice starttime=now duration=5 flags=magnetic",
        "reservationname=x nodes=n0 users=alice starttime=now duration=5 bogus=1",
        "reservationname=x nodes=n0 users=alice starttime=now+1hour endtime=now",
        "reservationname=x nodecnt=4 users=alice starttime=now duration=5",
    };
    uint32_t id;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        ck_assert_msg(change(UPDATE_CREATE, bad[i]) < 0, "made: %s", bad[i]);
    ck_assert_int_eq(change(UPDATE_CREATE, "reservationname=r starttime=now duration=60 nodes=n0 users=alice"), 0);
    id = submit_in("r", 5, 1);
    ck_assert_int_lt(change(UPDATE_DELETE, "reservationname=r"), 0);
    ck_assert_int_eq(w.err.code, BRE_RESV_BUSY);
    world_step_ended(&w, id, STEP_BATCH, 0, 0, true);
    ck_assert_int_eq(change(UPDATE_DELETE, "reservationname=r"), 0);
    ck_assert_uint_eq(cluster_resv_count(w.c), 0);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        jobs_of_the_reservation_run_in_it_and_others_stay_out,
        only_those_it_is_for_may_name_it,
        a_job_that_would_reach_into_a_reservation_does_not_start_and_a_shorter_one_does,
        a_job_of_a_reservation_to_come_waits_for_it_and_ends_with_it,
        cores_are_reserved_one_by_one,
        reservations_do_not_overlap_unless_they_say_so_and_respect_running_jobs,
        a_daily_one_moves_on_and_one_that_is_over_holds_who_waits_for_it,
        one_in_use_is_not_deleted_and_bad_ones_are_not_made,
    };

    return world_main("resv", setup, teardown, tests, sizeof(tests) / sizeof(tests[0]));
}
