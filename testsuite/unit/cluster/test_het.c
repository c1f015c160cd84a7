/* test_het.c - heterogeneous jobs: components start together and end together. */
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

/* A leader of one task and components of so many nodes each; 0 ends the list. */
static uint32_t submit(const uint32_t *nodes)
{
    static uint8_t script[] = "#!/bin/sh\n";
    Wire__JobSpec specs[8], *het[8];
    struct submit_request req = { .identity = &w.ident, .who = { .uid = WORLD_UID }, .het = het };
    uint32_t id;

    for (; nodes[req.num_het]; req.num_het++) {
        Wire__JobSpec *s = &specs[req.num_het];

        *s = *world_spec(&w);
        s->has_min_nodes = s->has_max_nodes = 1;
        s->min_nodes = s->max_nodes = nodes[req.num_het];
        het[req.num_het] = s;
    }
    req.spec = world_spec(&w);
    req.script = (ProtobufCBinaryData){ sizeof(script) - 1, script };
    memset(req.script_hash, 7, sizeof(req.script_hash));
    decision_reset(&w.d);
    if (cluster_decide_submit(w.c, &w.now, &req, &w.d, &id, NULL, &w.err) < 0)
        return 0;
    world_commit(&w);
    return id;
}

static uint32_t start(const uint32_t *nodes)
{
    uint32_t id = submit(nodes);

    ck_assert_msg(id != 0, "%s", w.err.text);
    world_sched(&w);
    return id;
}

START_TEST(components_have_ids_of_their_own_and_start_together)
{
    uint32_t id = start((uint32_t[]){ 1, 1, 0 });
    const Wire__AllocInfo *m = cluster_alloc_info(w.c, id, &w.scratch);

    for (uint32_t i = 0; i < 3; i++) {
        ck_assert_uint_eq(world_state(&w, id + i), JOB_RUNNING);
        ck_assert_uint_eq(world_view(&w, id + i).het_id, id);
        ck_assert_uint_eq(world_view(&w, id + i).het_offset, i);
    }
    ck_assert_str_ne(world_nodes(&w, id), world_nodes(&w, id + 1)); /* they share no nodes */
    ck_assert_uint_eq(m->het->n_groups, 3);
    ck_assert_uint_eq(m->het->groups[2]->job_id, id + 2);
    ck_assert_uint_eq(world_effects(&w, EFFECT_LAUNCH, id + 1), 0); /* the leader alone runs the script */
}
END_TEST

START_TEST(none_starts_before_there_is_room_for_all)
{
    uint32_t other, id;

    w.spec.has_exclusive = w.spec.exclusive = 1;
    other = world_submit_start(&w);
    id = start((uint32_t[]){ 2, 0 });
    ck_assert_uint_eq(world_state(&w, id), JOB_PENDING);
    ck_assert_uint_eq(world_state(&w, id + 1), JOB_PENDING);
    ck_assert_uint_eq(world_view(&w, id + 1).reason, REASON_RESOURCES);
    world_step_ended(&w, other, STEP_BATCH, 0, 0, true);
    world_sched(&w);
    ck_assert_uint_eq(world_state(&w, id), JOB_RUNNING);
    ck_assert_uint_eq(world_state(&w, id + 1), JOB_RUNNING);
}
END_TEST

START_TEST(a_held_component_holds_all)
{
    uint32_t id = submit((uint32_t[]){ 1, 0 });

    ck_assert_int_eq(world_control(&w, JOB_ACTION_HOLD, id + 1, WORLD_UID), 0);
    world_sched(&w);
    ck_assert_uint_eq(world_state(&w, id), JOB_PENDING);
    ck_assert_int_eq(world_control(&w, JOB_ACTION_RELEASE, id + 1, WORLD_UID), 0);
    world_sched(&w);
    ck_assert_uint_eq(world_state(&w, id), JOB_RUNNING);
}
END_TEST

START_TEST(they_end_with_their_leader)
{
    uint32_t id = start((uint32_t[]){ 1, 1, 0 });
    struct job_node_view at;

    ck_assert(cluster_job_node(w.c, cluster_job_find(w.c, id), 0, &at));
    world_step_ended(&w, id, STEP_BATCH, at.node_id, 0, true);
    for (uint32_t i = 0; i < 3; i++)
        ck_assert_uint_eq(world_state(&w, id + i), JOB_COMPLETED);
}
END_TEST

START_TEST(limits_that_fall_together_end_all_once)
{
    uint32_t id = start((uint32_t[]){ 1, 1, 0 });

    for (uint32_t i = 0; i < 3; i++)
        ck_assert_int_eq(world_update_job(&w, id + i, "timelimit", "1"), 0);
    world_pass_time(&w, 70);
    for (uint32_t i = 1; i < 3; i++)
        ck_assert_uint_eq(world_state(&w, id + i), JOB_TIMEOUT);
}
END_TEST

START_TEST(cancelling_one_that_waits_cancels_all_and_one_that_runs_only_that)
{
    uint32_t id = submit((uint32_t[]){ 1, 0 });

    ck_assert_int_eq(world_control(&w, JOB_ACTION_CANCEL, id + 1, WORLD_UID), 0);
    ck_assert_uint_eq(world_state(&w, id), JOB_CANCELLED);
    id = start((uint32_t[]){ 1, 0 });
    ck_assert_int_eq(world_control(&w, JOB_ACTION_CANCEL, id + 1, WORLD_UID), 0);
    ck_assert_uint_eq(world_state(&w, id + 1), JOB_CANCELLED);
    ck_assert_uint_eq(world_state(&w, id), JOB_RUNNING);
    ck_assert_int_eq(world_control(&w, JOB_ACTION_CANCEL, id, WORLD_UID), 0);
    ck_assert_uint_eq(world_state(&w, id), JOB_COMPLETING);
}
END_TEST

START_TEST(others_of_the_leaders_shape_go_past_it)
{
    uint32_t id = start((uint32_t[]){ 3, 0 }), other; /* four nodes where there are three */

    ck_assert_uint_eq(world_state(&w, id), JOB_PENDING);
    world_spec(&w)->has_time_limit_min = 1;
    w.spec.time_limit_min = 1;
    other = world_submit_start(&w);
    ck_assert_uint_eq(world_state(&w, other), JOB_RUNNING);
}
END_TEST

START_TEST(the_leaders_id_means_all_components)
{
    uint32_t id = submit((uint32_t[]){ 1, 1, 0 });
    struct job_ref ref = { .job_id = id };
    struct job_targets t;

    ck_assert_int_eq(cluster_job_targets(w.c, &ref, &w.scratch, &t, &w.err), 0);
    ck_assert_uint_eq(t.count, 3);
    ref.component = true;
    ref.het_offset = 2;
    ck_assert_int_eq(cluster_job_targets(w.c, &ref, &w.scratch, &t, &w.err), 0);
    ck_assert_uint_eq(t.count, 1);
    ck_assert_uint_eq(t.list[0].job_id, id + 2);
    ref.het_offset = 3;
    ck_assert_int_eq(cluster_job_targets(w.c, &ref, &w.scratch, &t, &w.err), -1);
}
END_TEST

/* A step over the leader and its first component: two tasks and one; returns its number. */
static uint32_t step_over(uint32_t first, uint32_t second, int *rc)
{
    Wire__StepSpec specs[2] = { WIRE__STEP_SPEC__INIT, WIRE__STEP_SPEC__INIT };
    struct step_request parts[2] = { { .job_id = first, .spec = &specs[0], .who = { .uid = WORLD_UID } },
                                     { .job_id = second, .spec = &specs[1], .who = { .uid = WORLD_UID } } };
    uint32_t step_id = 0;

    specs[0].has_num_tasks = specs[1].has_num_tasks = specs[0].has_overcommit = 1;
    specs[0].num_tasks = 2;
    specs[0].overcommit = 1;
    specs[1].num_tasks = 1;
    memset(parts[0].step_key, 9, sizeof(parts[0].step_key));
    decision_reset(&w.d);
    *rc = cluster_decide_het_step(w.c, &w.now, parts, 2, &w.d, &step_id, &w.err);
    if (*rc == 0)
        world_commit(&w);
    return step_id;
}

START_TEST(parts_of_a_step_have_one_number_and_one_key_and_know_each_other)
{
    uint32_t id = start((uint32_t[]){ 1, 1, 0 }), step_id;
    Wire__StepSpec spec = WIRE__STEP_SPEC__INIT;
    struct step_view view;
    const Wire__StepLaunch *m;
    struct effect e = { .kind = EFFECT_LAUNCH };
    int rc;

    spec.has_num_tasks = spec.num_tasks = 1;
    ck_assert_int_eq(world_step(&w, id + 2, &spec, &step_id), 0);
    ck_assert_uint_eq(step_id, 0);
    step_id = step_over(id, id + 1, &rc);
    ck_assert_msg(rc == 0, "%s", w.err.text);
    ck_assert_uint_eq(step_id, 1); /* components count together */
    ck_assert(cluster_step_find(w.c, id + 1, step_id, &view));
    ck_assert_uint_eq(view.spec->het_first_task, 2);
    ck_assert_uint_eq(view.spec->het_num_tasks, 3);
    ck_assert_uint_eq(view.spec->het_num_nodes, 2);
    ck_assert_int_eq(memcmp(cluster_step_key(w.c, id, step_id), cluster_step_key(w.c, id + 1, step_id), 32), 0);
    e.job_id = id + 1;
    e.step_id = step_id;
    e.attempt = view.attempt;
    ck_assert_ptr_nonnull(m = cluster_launch_message(w.c, &e, &w.scratch));
    ck_assert_uint_eq(m->n_het_parts, 2);
    ck_assert_uint_eq(m->het_parts[0]->job_id, id);
    ck_assert_uint_eq(m->het_parts[0]->layout->num_tasks, 2);
    ck_assert_str_eq(m->het_parts[1]->layout->node_list, world_nodes(&w, id + 1));
}
END_TEST

START_TEST(a_step_over_components_is_made_whole_or_not_at_all)
{
    uint32_t id = start((uint32_t[]){ 1, 1, 0 });
    struct step_view view;
    int rc;

    ck_assert_int_eq(world_control(&w, JOB_ACTION_CANCEL, id + 1, WORLD_UID), 0);
    step_over(id, id + 1, &rc);
    ck_assert_int_eq(rc, -1);
    ck_assert(!cluster_step_find(w.c, id, 0, &view));
    step_over(id, id, &rc);
    ck_assert_int_eq(rc, -1);
    ck_assert_ptr_nonnull(strstr(w.err.text, "Duplicate het groups"));
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        components_have_ids_of_their_own_and_start_together,
        none_starts_before_there_is_room_for_all,
        a_held_component_holds_all,
        they_end_with_their_leader,
        limits_that_fall_together_end_all_once,
        cancelling_one_that_waits_cancels_all_and_one_that_runs_only_that,
        others_of_the_leaders_shape_go_past_it,
        the_leaders_id_means_all_components,
        parts_of_a_step_have_one_number_and_one_key_and_know_each_other,
        a_step_over_components_is_made_whole_or_not_at_all,
    };

    return world_main("het", setup, teardown, tests, sizeof(tests) / sizeof(tests[0]));
}
