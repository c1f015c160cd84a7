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

/* A two-board job whose batch script runs on the first and a step on both. */
static uint32_t two_boards(void)
{
    Wire__StepSpec step = WIRE__STEP_SPEC__INIT;
    uint32_t id, step_id;

    world_spec(&w)->min_nodes = 2;
    w.spec.has_min_nodes = 1;
    id = world_submit_start(&w);
    ck_assert_int_eq(world_step(&w, id, &step, &step_id), 0);
    return id;
}

static uint32_t interactive(enum job_kind kind)
{
    world_spec(&w)->kind = kind;
    return world_submit_start(&w);
}

START_TEST(a_submitted_job_starts_at_once_on_an_idle_cluster)
{
    uint32_t id = world_submit_start(&w);

    ck_assert_uint_eq(id, 1);
    ck_assert_int_eq(world_state(&w, id), JOB_RUNNING);
    ck_assert_uint_eq(world_effects(&w, EFFECT_LAUNCH, id), 1);
    ck_assert_uint_eq(world_view(&w, id).num_cpus, 1);
    ck_assert_str_eq(world_view(&w, id).partition, "all");
}
END_TEST

START_TEST(a_batch_job_whose_script_ends_well_is_completed)
{
    uint32_t id = world_submit_start(&w);

    world_step_ended(&w, id, STEP_BATCH, 0, 0, true);
    ck_assert_int_eq(world_state(&w, id), JOB_COMPLETED);
    ck_assert_uint_eq(world_effects(&w, EFFECT_ACK, id), 1);
    ck_assert_uint_eq(world_effects(&w, EFFECT_JOB_CHANGED, id), 1);
    ck_assert_uint_gt(world_effects(&w, EFFECT_SCHEDULE, 0), 0);
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

START_TEST(a_script_that_dies_by_a_signal_fails_the_job_with_that_reason)
{
    uint32_t id = world_submit_start(&w);

    world_step_ended(&w, id, STEP_BATCH, 0, SIGSEGV, true);
    ck_assert_int_eq(world_state(&w, id), JOB_FAILED);
    ck_assert_int_eq(world_view(&w, id).reason, REASON_RAISED_SIGNAL);
}
END_TEST

START_TEST(a_job_is_completing_until_its_node_is_clean)
{
    uint32_t id = world_submit_start(&w);

    world_step_ended(&w, id, STEP_BATCH, 0, 0, false);
    ck_assert_int_eq(world_state(&w, id), JOB_COMPLETING);
    ck_assert_int_eq(world_view(&w, id).end_state, JOB_COMPLETED);
    ck_assert_uint_eq(world_effects(&w, EFFECT_KILL, id), 1);
    world_clean(&w, id, 0);
    ck_assert_int_eq(world_state(&w, id), JOB_COMPLETED);
}
END_TEST

START_TEST(a_report_that_comes_twice_is_acknowledged_twice_and_counted_once)
{
    uint32_t id = world_submit_start(&w);

    world_step_ended(&w, id, STEP_BATCH, 0, 0, true);
    world_step_ended(&w, id, STEP_BATCH, 0, 1 << 8, true);
    ck_assert_uint_eq(w.d.num_events, 0);
    ck_assert_uint_eq(world_effects(&w, EFFECT_ACK, id), 1);
    ck_assert_int_eq(world_state(&w, id), JOB_COMPLETED);
}
END_TEST

START_TEST(cancelling_a_pending_job_ends_it_directly)
{
    uint32_t id;

    world_spec(&w)->hold = 1;
    w.spec.has_hold = 1;
    id = world_submit_start(&w);
    ck_assert_int_eq(world_control(&w, JOB_ACTION_CANCEL, id, WORLD_UID), 0);
    ck_assert_int_eq(world_state(&w, id), JOB_CANCELLED);
    ck_assert_uint_eq(world_view(&w, id).by_uid, WORLD_UID);
    ck_assert_int_eq(world_control(&w, JOB_ACTION_CANCEL, id, WORLD_UID), -1);
    ck_assert_int_eq(w.err.code, BRE_ALREADY_DONE);
}
END_TEST

START_TEST(cancelling_a_running_job_kills_where_it_ran_and_waits_for_clean)
{
    uint32_t id = two_boards();

    ck_assert_int_eq(world_control(&w, JOB_ACTION_CANCEL, id, WORLD_UID), 0);
    ck_assert_int_eq(world_state(&w, id), JOB_COMPLETING);
    ck_assert_uint_eq(world_effects(&w, EFFECT_KILL, id), 2);
    world_clean(&w, id, 0);
    ck_assert_int_eq(world_state(&w, id), JOB_COMPLETING);
    world_clean(&w, id, 1);
    ck_assert_int_eq(world_state(&w, id), JOB_CANCELLED);
    ck_assert_uint_eq(world_view(&w, id).exit_status, 0);
}
END_TEST

START_TEST(nodes_where_nothing_was_launched_are_free_at_once)
{
    struct node_view v;
    uint32_t id;

    world_spec(&w)->min_nodes = 2;
    w.spec.has_min_nodes = 1;
    id = world_submit_start(&w);
    ck_assert_int_eq(world_control(&w, JOB_ACTION_CANCEL, id, WORLD_UID), 0);
    ck_assert(cluster_node_view(w.c, 1, &v));
    ck_assert_uint_eq(v.alloc_cores, 0);
    ck_assert(cluster_node_view(w.c, 0, &v));
    ck_assert_uint_eq(v.alloc_cores, 1);
}
END_TEST

START_TEST(nobody_cancels_another_users_job)
{
    uint32_t id = world_submit_start(&w);

    ck_assert_int_eq(world_control(&w, JOB_ACTION_CANCEL, id, WORLD_UID + 1), -1);
    ck_assert_int_eq(w.err.code, BRE_ACCESS);
    ck_assert_int_eq(world_control(&w, JOB_ACTION_CANCEL, id, 0), 0);
    ck_assert_uint_eq(world_view(&w, id).by_uid, 0);
}
END_TEST

START_TEST(a_held_job_waits_until_it_is_released)
{
    uint32_t id;

    world_spec(&w)->hold = 1;
    w.spec.has_hold = 1;
    id = world_submit_start(&w);
    ck_assert_int_eq(world_view(&w, id).reason, REASON_HELD_USER);
    ck_assert_uint_eq(world_view(&w, id).priority, 0);
    ck_assert_int_eq(world_control(&w, JOB_ACTION_RELEASE, id, WORLD_UID), 0);
    world_sched(&w);
    ck_assert_int_eq(world_state(&w, id), JOB_RUNNING);
}
END_TEST

START_TEST(a_users_release_does_not_undo_an_operators_hold)
{
    uint32_t id;

    world_spec(&w)->hold = 1;
    w.spec.has_hold = 1;
    id = world_submit_start(&w);
    ck_assert_int_eq(world_control(&w, JOB_ACTION_HOLD, id, 0), 0);
    ck_assert_int_eq(world_view(&w, id).reason, REASON_HELD_ADMIN);
    ck_assert_int_eq(world_control(&w, JOB_ACTION_RELEASE, id, WORLD_UID), -1);
    ck_assert_int_eq(w.err.code, BRE_ACCESS);
}
END_TEST

START_TEST(a_requeued_job_runs_again_as_the_next_attempt_once_clean)
{
    uint32_t id = world_submit_start(&w);

    ck_assert_int_eq(world_control(&w, JOB_ACTION_REQUEUE, id, WORLD_UID), 0);
    ck_assert_int_eq(world_state(&w, id), JOB_COMPLETING);
    world_sched(&w);
    ck_assert_int_eq(world_state(&w, id), JOB_COMPLETING);
    world_clean(&w, id, 0);
    ck_assert_int_eq(world_state(&w, id), JOB_PENDING);
    world_sched(&w);
    ck_assert_int_eq(world_state(&w, id), JOB_RUNNING);
    ck_assert_uint_eq(world_view(&w, id).attempt, 2);
    ck_assert_uint_eq(world_view(&w, id).restarts, 1);
}
END_TEST

START_TEST(a_job_cancelled_while_it_is_being_requeued_does_not_come_back)
{
    uint32_t id = world_submit_start(&w);

    ck_assert_int_eq(world_control(&w, JOB_ACTION_REQUEUE, id, WORLD_UID), 0);
    ck_assert_int_eq(world_control(&w, JOB_ACTION_CANCEL, id, WORLD_UID), 0);
    world_clean(&w, id, 0);
    ck_assert_int_eq(world_state(&w, id), JOB_CANCELLED);
}
END_TEST

START_TEST(requeuehold_holds_the_job)
{
    uint32_t id = world_submit_start(&w);

    ck_assert_int_eq(world_control(&w, JOB_ACTION_REQUEUE_HOLD, id, WORLD_UID), 0);
    world_clean(&w, id, 0);
    world_sched(&w);
    ck_assert_int_eq(world_state(&w, id), JOB_PENDING);
    ck_assert_int_eq(world_view(&w, id).reason, REASON_HELD_USER);
}
END_TEST

START_TEST(an_ended_job_can_be_requeued)
{
    uint32_t id = world_submit_start(&w);

    world_step_ended(&w, id, STEP_BATCH, 0, 1 << 8, true);
    ck_assert_int_eq(world_control(&w, JOB_ACTION_REQUEUE, id, WORLD_UID), 0);
    world_sched(&w);
    ck_assert_int_eq(world_state(&w, id), JOB_RUNNING);
    world_step_ended(&w, id, STEP_BATCH, 0, 0, true);
    ck_assert_int_eq(world_state(&w, id), JOB_COMPLETED);
}
END_TEST

START_TEST(a_job_with_no_requeue_and_an_interactive_one_are_not_requeued)
{
    uint32_t id;

    world_spec(&w)->has_requeue = 1;
    id = world_submit_start(&w);
    ck_assert_int_eq(world_control(&w, JOB_ACTION_REQUEUE, id, WORLD_UID), -1);
    ck_assert_int_eq(w.err.code, BRE_DISABLED);
    id = interactive(JOB_KIND_SALLOC);
    ck_assert_int_eq(world_control(&w, JOB_ACTION_REQUEUE, id, WORLD_UID), -1);
    ck_assert_int_eq(w.err.code, BRE_DISABLED);
}
END_TEST

START_TEST(a_job_ends_at_its_time_limit_to_the_second)
{
    uint32_t id;

    world_spec(&w)->time_limit_min = 1;
    w.spec.has_time_limit_min = 1;
    id = world_submit_start(&w);
    world_pass_time(&w, 59);
    ck_assert_int_eq(world_state(&w, id), JOB_RUNNING);
    world_pass_time(&w, 1);
    ck_assert_int_eq(world_state(&w, id), JOB_COMPLETING);
    world_clean(&w, id, 0);
    ck_assert_int_eq(world_state(&w, id), JOB_TIMEOUT);
    ck_assert_int_eq(world_view(&w, id).reason, REASON_TIME_LIMIT);
}
END_TEST

START_TEST(a_step_of_the_wall_clock_moves_no_limit)
{
    uint32_t id;

    world_spec(&w)->time_limit_min = 2;
    w.spec.has_time_limit_min = 1;
    id = world_submit_start(&w);
    world_pass_time(&w, 30);
    w.now.wall_usec += INT64_C(3600) * 1000000;
    world_pass_time(&w, 89);
    ck_assert_int_eq(world_state(&w, id), JOB_RUNNING);
    ck_assert_int_ge(w.now.wall_usec / 1000000 - world_view(&w, id).start_sec, 119);
    ck_assert_int_le(w.now.wall_usec / 1000000 - world_view(&w, id).start_sec, 120);
    w.now.wall_usec -= INT64_C(7200) * 1000000;
    world_pass_time(&w, 2);
    ck_assert_int_eq(world_state(&w, id), JOB_COMPLETING);
}
END_TEST

START_TEST(the_warning_signal_comes_once_before_the_limit)
{
    uint32_t id;

    world_spec(&w)->time_limit_min = 2;
    w.spec.has_time_limit_min = w.spec.has_warn_signal = w.spec.has_warn_time_sec = 1;
    w.spec.warn_signal = SIGUSR1;
    w.spec.warn_time_sec = 30;
    w.spec.has_warn_flags = 1;
    w.spec.warn_flags = 1;
    id = world_submit_start(&w);
    world_pass_time(&w, 90);
    ck_assert_uint_eq(world_effects(&w, EFFECT_KILL, id), 1);
    ck_assert_uint_eq(w.d.effects[0].kill->signal, SIGUSR1);
    ck_assert(w.d.effects[0].kill->batch_only);
    decision_reset(&w.d);
    world_pass_time(&w, 10);
    ck_assert_uint_eq(world_effects(&w, EFFECT_KILL, id), 0);
}
END_TEST

START_TEST(a_job_with_a_begin_time_waits_for_it)
{
    uint32_t id;

    world_spec(&w)->begin_time = w.now.wall_usec / 1000000 + 30;
    w.spec.has_begin_time = 1;
    id = world_submit_start(&w);
    ck_assert_int_eq(world_view(&w, id).reason, REASON_BEGIN_TIME);
    world_pass_time(&w, 29);
    world_sched(&w);
    ck_assert_int_eq(world_state(&w, id), JOB_PENDING);
    world_pass_time(&w, 1);
    world_sched(&w);
    ck_assert_int_eq(world_state(&w, id), JOB_RUNNING);
}
END_TEST

START_TEST(a_job_past_its_deadline_ends)
{
    uint32_t id;

    world_spec(&w)->hold = 1;
    w.spec.has_hold = 1;
    w.spec.has_deadline = 1;
    w.spec.deadline = w.now.wall_usec / 1000000 + 10;
    id = world_submit_start(&w);
    world_pass_time(&w, 11);
    ck_assert_int_eq(world_state(&w, id), JOB_DEADLINE);
}
END_TEST

START_TEST(ended_jobs_are_remembered_for_min_job_age)
{
    uint32_t id = world_submit_start(&w);

    world_step_ended(&w, id, STEP_BATCH, 0, 0, true);
    world_pass_time(&w, 299);
    ck_assert_ptr_nonnull(cluster_job_find(w.c, id));
    world_pass_time(&w, 12); /* some are gathered, so that the controller wakes seldom */
    ck_assert_ptr_null(cluster_job_find(w.c, id));
    ck_assert_uint_eq(world_submit(&w), 2);
}
END_TEST

START_TEST(sruns_own_job_ends_with_its_step)
{
    Wire__StepSpec step = WIRE__STEP_SPEC__INIT;
    uint32_t id, step_id;

    world_spec(&w)->kind = JOB_KIND_SRUN;
    w.spec.has_min_nodes = 1;
    w.spec.min_nodes = 2;
    id = world_submit_start(&w);
    ck_assert_uint_eq(world_effects(&w, EFFECT_LAUNCH, id), 0);
    ck_assert_int_eq(world_step(&w, id, &step, &step_id), 0);
    ck_assert_uint_eq(step_id, 0);
    ck_assert_uint_eq(world_effects(&w, EFFECT_LAUNCH, id), 2);
    world_step_ended(&w, id, 0, 1, 0, true);
    ck_assert_int_eq(world_state(&w, id), JOB_RUNNING);
    world_step_ended(&w, id, 0, 0, 3 << 8, true);
    ck_assert_int_eq(world_state(&w, id), JOB_FAILED);
    ck_assert_uint_eq(world_view(&w, id).exit_status, 3 << 8);
    ck_assert_uint_eq(world_effects(&w, EFFECT_STEP_CHANGED, id), 1);
}
END_TEST

START_TEST(salloc_ends_its_job_with_its_exit_status)
{
    struct cluster_who alice = { WORLD_UID, false, false };
    uint32_t id = interactive(JOB_KIND_SALLOC);

    decision_reset(&w.d);
    ck_assert_int_eq(
        cluster_decide_alloc_complete(w.c, &w.now, &alice, id, 0, &w.d, &w.err), 0);
    world_commit(&w);
    ck_assert_int_eq(world_state(&w, id), JOB_COMPLETED);
}
END_TEST

START_TEST(an_interactive_job_whose_client_stays_away_ends)
{
    uint32_t id = interactive(JOB_KIND_SALLOC);

    cluster_client_gone(w.c, id, &w.now, true);
    world_pass_time(&w, 30);
    cluster_client_gone(w.c, id, &w.now, false);
    world_pass_time(&w, 100);
    ck_assert_int_eq(world_state(&w, id), JOB_RUNNING);
    cluster_client_gone(w.c, id, &w.now, true);
    world_pass_time(&w, 61);
    ck_assert_int_eq(world_state(&w, id), JOB_CANCELLED);
    ck_assert_int_eq(world_view(&w, id).reason, REASON_INACTIVE_LIMIT);
}
END_TEST

START_TEST(a_launch_that_fails_by_the_nodes_fault_drains_it_and_runs_elsewhere)
{
    Wire__StepLaunchReply reply = WIRE__STEP_LAUNCH_REPLY__INIT;
    struct node_view v;
    uint32_t id = world_submit_start(&w);

    reply.job_id = id;
    reply.step_id = STEP_BATCH;
    reply.attempt = 1;
    reply.code = BRE_LAUNCH;
    reply.text = (char *)"spool is full";
    reply.drain = 1;
    decision_reset(&w.d);
    ck_assert_int_eq(cluster_decide_launch_reply(w.c, &w.now, 0, &reply, &w.d, &w.err), 0);
    world_commit(&w);
    ck_assert(cluster_node_view(w.c, 0, &v));
    ck_assert_uint_ne(v.state & NODE_FLAG_DRAIN, 0);
    ck_assert_str_eq(v.reason, "pi1: spool is full");
    world_clean(&w, id, 0);
    world_sched(&w);
    ck_assert_int_eq(world_state(&w, id), JOB_RUNNING);
    ck_assert_str_eq(world_nodes(&w, id), "pi2");
}
END_TEST

START_TEST(a_launch_that_can_work_nowhere_holds_the_job)
{
    Wire__StepLaunchReply reply = WIRE__STEP_LAUNCH_REPLY__INIT;
    uint32_t id = world_submit_start(&w);

    reply.job_id = id;
    reply.step_id = STEP_BATCH;
    reply.attempt = 1;
    reply.code = BRE_LAUNCH;
    decision_reset(&w.d);
    ck_assert_int_eq(cluster_decide_launch_reply(w.c, &w.now, 0, &reply, &w.d, &w.err), 0);
    world_commit(&w);
    world_clean(&w, id, 0);
    ck_assert_int_eq(world_view(&w, id).reason, REASON_LAUNCH_FAILED_HELD);
    ck_assert_int_eq(world_control(&w, JOB_ACTION_RELEASE, id, WORLD_UID), 0);
    world_sched(&w);
    ck_assert_int_eq(world_state(&w, id), JOB_RUNNING);
}
END_TEST

START_TEST(job_ids_rise_over_a_restart_and_are_never_given_twice)
{
    struct cluster *again = cluster_create(&w.conf, &w.err);
    struct submit_request req = { .spec = &w.spec, .identity = &w.ident };
    uint32_t last = world_submit(&w), id;
    struct decision d;

    for (size_t i = 0; i < w.num_log; i++) {
        Wire__Event *ev = wire__event__unpack(NULL, w.log[i].len, w.log[i].data);

        ck_assert_int_eq(cluster_apply(again, ev, &w.err), 0);
        wire__event__free_unpacked(ev, NULL);
    }
    decision_init(&d);
    ck_assert_int_eq(cluster_decide_start(again, &w.now, 42, &d, &w.err), 0);
    for (size_t i = 0; i < d.num_events; i++)
        ck_assert_int_eq(cluster_apply(again, d.events[i], &w.err), 0);
    decision_reset(&d);
    req.script = (ProtobufCBinaryData){ 2, (uint8_t *)"#!" };
    ck_assert_int_eq(cluster_decide_submit(again, &w.now, &req, &d, &id, NULL, &w.err), 0);
    ck_assert_uint_gt(id, last);
    ck_assert_uint_eq(id, 101); /* what was reserved may have been seen */
    decision_fini(&d);
    cluster_destroy(again);
}
END_TEST

START_TEST(equal_jobs_share_what_they_ask_for)
{
    char *dump;

    for (int i = 0; i < 50; i++)
        world_submit(&w);
    dump = cluster_dump(w.c);
    ck_assert_ptr_nonnull(strstr(dump, "idents 1 blobs 1 specs 1 names 1"));
    free(dump);
}
END_TEST

START_TEST(an_event_that_does_not_fit_is_refused_and_changes_nothing)
{
    Wire__Event ev = WIRE__EVENT__INIT;
    Wire__EvJobEnded ended = WIRE__EV_JOB_ENDED__INIT;
    Wire__EvJobStarted started = WIRE__EV_JOB_STARTED__INIT;
    char *before = cluster_dump(w.c), *after;

    ev.body_case = WIRE__EVENT__BODY_JOB_ENDED;
    ev.job_ended = &ended;
    ended.job_id = 77;
    ck_assert_int_eq(cluster_apply(w.c, &ev, &w.err), -1);
    ev.body_case = WIRE__EVENT__BODY_JOB_STARTED;
    ev.job_started = &started;
    ck_assert_int_eq(cluster_apply(w.c, &ev, &w.err), -1);
    ev.body_case = WIRE__EVENT__BODY__NOT_SET;
    ck_assert_int_eq(cluster_apply(w.c, &ev, &w.err), -1);
    after = cluster_dump(w.c);
    ck_assert_str_eq(before, after);
    free(before);
    free(after);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        a_submitted_job_starts_at_once_on_an_idle_cluster,
        a_batch_job_whose_script_ends_well_is_completed,
        a_script_that_exits_with_one_fails_the_job,
        a_script_that_dies_by_a_signal_fails_the_job_with_that_reason,
        a_job_is_completing_until_its_node_is_clean,
        a_report_that_comes_twice_is_acknowledged_twice_and_counted_once,
        cancelling_a_pending_job_ends_it_directly,
        cancelling_a_running_job_kills_where_it_ran_and_waits_for_clean,
        nodes_where_nothing_was_launched_are_free_at_once,
        nobody_cancels_another_users_job,
        a_held_job_waits_until_it_is_released,
        a_users_release_does_not_undo_an_operators_hold,
        a_requeued_job_runs_again_as_the_next_attempt_once_clean,
        a_job_cancelled_while_it_is_being_requeued_does_not_come_back,
        requeuehold_holds_the_job,
        an_ended_job_can_be_requeued,
        a_job_with_no_requeue_and_an_interactive_one_are_not_requeued,
        a_job_ends_at_its_time_limit_to_the_second,
        a_step_of_the_wall_clock_moves_no_limit,
        the_warning_signal_comes_once_before_the_limit,
        a_job_with_a_begin_time_waits_for_it,
        a_job_past_its_deadline_ends,
        ended_jobs_are_remembered_for_min_job_age,
        sruns_own_job_ends_with_its_step,
        salloc_ends_its_job_with_its_exit_status,
        an_interactive_job_whose_client_stays_away_ends,
        a_launch_that_fails_by_the_nodes_fault_drains_it_and_runs_elsewhere,
        a_launch_that_can_work_nowhere_holds_the_job,
        job_ids_rise_over_a_restart_and_are_never_given_twice,
        equal_jobs_share_what_they_ask_for,
        an_event_that_does_not_fit_is_refused_and_changes_nothing,
    };

    return world_main("job", setup, teardown, tests, sizeof(tests) / sizeof(tests[0]));
}
