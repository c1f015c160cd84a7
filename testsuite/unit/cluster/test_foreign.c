/* test_foreign.c - who may say what about a job: a node speaks for its own part of it only, and an
 * attempt for itself only; of the users its owner and operators act on it. */
#include "world.h"

#include <string.h>

static struct world w;
static uint32_t job; /* has n0, not n1 */

static void setup(void)
{
    world_init_flat(&w, 2, 4);
    world_spec(&w)->num_tasks = 4;
    w.spec.has_num_tasks = 1;
    job = world_submit_start(&w);
    ck_assert_str_eq(world_nodes(&w, job), "n0");
}

static void teardown(void)
{
    world_check_replay(&w);
    world_fini(&w);
}

/* Nothing of the last report came into the state; what it may have caused goes to the sender alone. */
static void was_ignored(uint32_t sender)
{
    ck_assert_uint_eq(w.d.num_events, 0);
    for (size_t i = 0; i < w.d.num_effects; i++) {
        ck_assert_uint_eq(w.d.effects[i].node_id, sender);
        ck_assert(w.d.effects[i].kind == EFFECT_KILL || w.d.effects[i].kind == EFFECT_ACK);
    }
    ck_assert_int_eq(world_state(&w, job), JOB_RUNNING);
}

START_TEST(the_end_of_a_step_is_not_for_another_node_to_tell)
{
    world_step_ended(&w, job, STEP_BATCH, 1, 0, true);
    was_ignored(1);
    world_step_ended(&w, job, STEP_BATCH, 1, 1 << 8, false);
    was_ignored(1);
    world_step_ended(&w, job, 0, 1, 0, true); /* nor one that does not exist */
    was_ignored(1);
}
END_TEST

START_TEST(that_a_step_runs_or_aborts_is_not_either)
{
    Wire__StepStatus st = WIRE__STEP_STATUS__INIT;

    st.has_job_id = st.has_step_id = st.has_attempt = st.has_state = st.has_aborted = 1;
    st.job_id = job;
    st.step_id = STEP_BATCH;
    st.attempt = 1;
    st.state = STEP_RUNNING;
    for (st.aborted = 0; st.aborted < 2; st.aborted++) {
        decision_reset(&w.d);
        ck_assert_int_eq(cluster_decide_step_status(w.c, &w.now, 1, &st, &w.d, &w.err), 0);
        was_ignored(1);
    }
}
END_TEST

START_TEST(a_refused_launch_is_not_either)
{
    Wire__StepLaunchReply m = WIRE__STEP_LAUNCH_REPLY__INIT;

    m.has_job_id = m.has_step_id = m.has_attempt = m.has_code = 1;
    m.job_id = job;
    m.step_id = STEP_BATCH;
    m.attempt = 1;
    m.code = 2000;
    decision_reset(&w.d);
    ck_assert_int_eq(cluster_decide_launch_reply(w.c, &w.now, 1, &m, &w.d, &w.err), 0);
    was_ignored(1);
    m.attempt = 2; /* nor is an attempt that is not the present one, by the right node */
    decision_reset(&w.d);
    ck_assert_int_eq(cluster_decide_launch_reply(w.c, &w.now, 0, &m, &w.d, &w.err), 0);
    was_ignored(0);
}
END_TEST

START_TEST(that_nothing_of_a_job_is_left_is_not_either)
{
    world_clean(&w, job, 1);
    was_ignored(1);
    ck_assert_int_eq(world_control(&w, JOB_ACTION_CANCEL, job, WORLD_UID), 0);
    ck_assert_int_eq(world_state(&w, job), JOB_COMPLETING);
    world_clean(&w, job, 1);
    ck_assert_uint_eq(w.d.num_events, 0);
    ck_assert_int_eq(world_state(&w, job), JOB_COMPLETING);
    world_clean(&w, job, 0);
    ck_assert_int_eq(world_state(&w, job), JOB_CANCELLED);
}
END_TEST

START_TEST(a_registration_cannot_end_or_take_over_what_is_elsewhere)
{
    Wire__StepStatus st = WIRE__STEP_STATUS__INIT, *list[] = { &st };

    st.has_job_id = st.has_step_id = st.has_attempt = st.has_state = 1;
    st.job_id = job;
    st.step_id = STEP_BATCH;
    st.attempt = 1;
    for (st.state = STEP_RUNNING; st.state <= STEP_ENDED; st.state++) {
        world_register(&w, 1, "boot-1", list, 1);
        ck_assert_uint_eq(world_effects(&w, EFFECT_LAUNCH, 0), 0);
        ck_assert_int_eq(world_state(&w, job), JOB_RUNNING);
        ck_assert_str_eq(world_nodes(&w, job), "n0");
        ck_assert_uint_eq(world_effects(&w, EFFECT_KILL, job), st.state == STEP_RUNNING);
    }
    world_register(&w, 1, "boot-2", NULL, 0); /* its reboot is no news of the job */
    ck_assert_int_eq(world_state(&w, job), JOB_RUNNING);
}
END_TEST

START_TEST(an_earlier_attempt_says_nothing_of_the_present_one)
{
    Wire__StepStatus st = WIRE__STEP_STATUS__INIT;

    world_spec(&w)->has_requeue = 1;
    w.spec.requeue = 1;
    job = world_submit_start(&w);
    ck_assert_int_eq(world_control(&w, JOB_ACTION_REQUEUE, job, 0), 0);
    world_clean(&w, job, 1);
    world_pass_time(&w, 200);
    world_sched(&w);
    ck_assert_int_eq(world_state(&w, job), JOB_RUNNING);
    ck_assert_uint_eq(world_view(&w, job).attempt, 2);
    st.has_job_id = st.has_step_id = st.has_attempt = st.has_state = st.has_clean = 1;
    st.job_id = job;
    st.step_id = STEP_BATCH;
    st.attempt = 1;
    st.state = STEP_ENDED;
    st.clean = 1;
    decision_reset(&w.d);
    ck_assert_int_eq(cluster_decide_step_status(w.c, &w.now, 1, &st, &w.d, &w.err), 0);
    was_ignored(1);
}
END_TEST

/* ---- users ---- */

#define BOB 1001
static const struct {
    enum job_action action;
    bool owner, operator;
    bool pending; /* on a pending job; else on a running one */
} actions[] = {
    { JOB_ACTION_CANCEL, true, true, true },    { JOB_ACTION_CANCEL, true, true, false },
    { JOB_ACTION_SIGNAL, true, true, false },   { JOB_ACTION_HOLD, true, true, true },
    { JOB_ACTION_RELEASE, true, true, true },   { JOB_ACTION_REQUEUE, true, true, false },
    { JOB_ACTION_SUSPEND, false, true, false }, { JOB_ACTION_RESUME, false, true, false },
    { JOB_ACTION_TOP, false, true, true },
};

static bool allowed(size_t i, uint32_t id, struct cluster_who who)
{
    struct control_request req = { .action = actions[i].action, .job_id = id, .step_id = STEP_NONE,
                                   .signal = 10, .who = who };
    int rc;

    decision_reset(&w.d);
    error_clear(&w.err);
    rc = cluster_decide_control(w.c, &w.now, &req, &w.d, &w.err);
    if (rc < 0 && w.err.code == BRE_ACCESS)
        ck_assert_uint_eq(w.d.num_events + w.d.num_effects, 0);
    decision_reset(&w.d); /* asked only */
    return rc == 0 || w.err.code != BRE_ACCESS;
}

START_TEST(others_do_nothing_to_a_job_and_operators_do_all)
{
    uint32_t pending;

    world_spec(&w)->has_hold = 1;
    w.spec.hold = 1;
    pending = world_submit(&w);
    ck_assert_uint_ne(pending, 0);
    for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
        uint32_t id = actions[i].pending ? pending : job;

        ck_assert_msg(!allowed(i, id, (struct cluster_who){ .uid = BOB }), "another user: row %zu", i);
        ck_assert_msg(allowed(i, id, (struct cluster_who){ .uid = WORLD_UID }) == actions[i].owner,
                      "the owner: row %zu: %s", i, w.err.text);
        ck_assert_msg(allowed(i, id, (struct cluster_who){ .uid = BOB, .is_operator = true })
                          == actions[i].operator,
                      "an operator: row %zu: %s", i, w.err.text);
    }
}
END_TEST

START_TEST(only_the_owner_steps_into_a_job_or_ends_its_allocation)
{
    Wire__StepSpec spec = WIRE__STEP_SPEC__INIT;
    struct cluster_who bob = { .uid = BOB }, operator = { .uid = BOB, .is_operator = true };
    struct step_request req = { .job_id = job, .spec = &spec, .who = bob };
    uint32_t id;

    for (int i = 0; i < 2; i++) {
        req.who = i ? operator : bob;
        decision_reset(&w.d);
        ck_assert_int_eq(cluster_decide_step(w.c, &w.now, &req, &w.d, &id, &w.err), -1);
        ck_assert_int_eq(w.err.code, BRE_ACCESS);
        ck_assert_uint_eq(w.d.num_events, 0);
    }
    world_spec(&w)->kind = JOB_KIND_SALLOC;
    job = world_submit_start(&w);
    decision_reset(&w.d);
    ck_assert_int_eq(cluster_decide_alloc_complete(w.c, &w.now, &bob, job, 0, &w.d, &w.err), -1);
    ck_assert_int_eq(w.err.code, BRE_ACCESS);
    ck_assert_int_eq(world_state(&w, job), JOB_RUNNING);
}
END_TEST

START_TEST(another_user_updates_nothing)
{
    static const char *const keys[][2] = { { "TimeLimit", "1" }, { "Comment", "x" }, { "Priority", "5" } };
    struct cluster_who bob = { .uid = BOB };

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        Wire__KeyValue kv = WIRE__KEY_VALUE__INIT, *items[] = { &kv };

        kv.key = (char *)(uintptr_t)keys[i][0];
        kv.value = (char *)(uintptr_t)keys[i][1];
        decision_reset(&w.d);
        ck_assert_int_eq(cluster_decide_update_job(w.c, &w.now, &bob, job, items, 1, &w.d, &w.err), -1);
        ck_assert_int_eq(w.err.code, BRE_ACCESS);
        ck_assert_uint_eq(w.d.num_events, 0);
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        the_end_of_a_step_is_not_for_another_node_to_tell,
        that_a_step_runs_or_aborts_is_not_either,
        a_refused_launch_is_not_either,
        that_nothing_of_a_job_is_left_is_not_either,
        a_registration_cannot_end_or_take_over_what_is_elsewhere,
        an_earlier_attempt_says_nothing_of_the_present_one,
        others_do_nothing_to_a_job_and_operators_do_all,
        only_the_owner_steps_into_a_job_or_ends_its_allocation,
        another_user_updates_nothing,
    };

    return world_main("foreign", setup, teardown, tests, sizeof(tests) / sizeof(tests[0]));
}
