/* test_replay.c - journals that lie: records dropped, doubled, swapped, with bits turned over.
 *
 * A record that does not fit is refused and changes nothing; whatever is accepted leaves a state
 * that can be scheduled, shown, saved and loaded.
 */
#include "world.h"

#include <stdlib.h>
#include <string.h>

static struct world w;

/* A life with a little of everything in it. */
static void setup(void)
{
    Wire__StepSpec step = WIRE__STEP_SPEC__INIT;
    uint32_t a, b, c, id, step_id;

    world_init_pis(&w);
    a = world_submit_start(&w);
    world_spec(&w)->min_nodes = 3;
    w.spec.has_min_nodes = 1;
    b = world_submit_start(&w);
    ck_assert_int_eq(world_step(&w, b, &step, &step_id), 0);
    world_spec(&w)->kind = JOB_KIND_SRUN;
    c = world_submit_start(&w);
    ck_assert_int_eq(world_step(&w, c, &step, &step_id), 0);
    world_spec(&w)->dependency = (char *)"afterok:1,afterany:2";
    world_submit_start(&w);
    world_spec(&w)->hold = 1;
    w.spec.has_hold = 1;
    id = world_submit_start(&w);
    ck_assert_int_eq(world_update_job(&w, id, "partition", "pi4"), 0);
    ck_assert_int_eq(world_update_job(&w, id, "jobname", "renamed"), 0);
    ck_assert_int_eq(world_update_job(&w, id, "dependency", "after:2"), 0);
    ck_assert_int_eq(world_update_job(&w, id, "dependency", ""), 0);
    ck_assert_int_eq(world_update_part(&w, "pi3", "maxtime", "60"), 0);
    ck_assert_int_eq(world_update_node(&w, "pi7", "drain", "fan"), 0);
    world_step_ended(&w, a, STEP_BATCH, 0, 0, true);
    ck_assert_int_eq(world_control(&w, JOB_ACTION_REQUEUE, b, 0), 0);
    world_register(&w, 1, "boot-2", NULL, 0);
    w.now.wall_usec += INT64_C(3600) * 1000000;
    world_step_ended(&w, c, 0, 0, 1 << 8, true);
    world_pass_time(&w, 400);
    world_sched(&w);
}

static void teardown(void)
{
    world_check_replay(&w);
    world_fini(&w);
}

static void apply_bytes(struct cluster *c, const uint8_t *data, size_t len)
{
    Wire__Event *ev = wire__event__unpack(NULL, len, data);
    struct error err;

    if (!ev)
        return;
    cluster_apply(c, ev, &err);
    wire__event__free_unpacked(ev, NULL);
}

/* The state must be fit for use, whatever it is. */
static void exercise(struct cluster *c)
{
    struct snapshot *s = cluster_snapshot_begin(c, &w.now);
    struct cluster *again = cluster_create(&w.conf, NULL);
    const Wire__Event *ev;
    struct decision d;
    struct error err;
    char *dump;

    while ((ev = cluster_snapshot_next(s))) {
        size_t len = wire__event__get_packed_size(ev);
        uint8_t *data = malloc(len + 1);

        wire__event__pack(ev, data);
        apply_bytes(again, data, len);
        free(data);
    }
    cluster_snapshot_end(s);
    cluster_destroy(again);
    decision_init(&d);
    cluster_decide_start(c, &w.now, 42, &d, &err);
    for (size_t i = 0; i < d.num_events; i++)
        cluster_apply(c, d.events[i], &err);
    for (int i = 0; i < 20; i++) {
        bool more;

        decision_reset(&d);
        more = cluster_sched_pass(c, &w.now, SCHED_SLICE, &d);
        for (size_t k = 0; k < d.num_events; k++)
            cluster_apply(c, d.events[k], &err);
        if (!more)
            break;
    }
    for (struct job *job = cluster_job_next(c, 0); job; job = cluster_job_next(c, job_id(job))) {
        struct job_view v;

        cluster_job_view(c, job, &w.now, &v);
        cluster_job_reason_text(c, job, &w.now, &d.arena);
        cluster_alloc_info(c, job_id(job), &d.arena);
    }
    decision_fini(&d);
    dump = cluster_dump(c);
    free(dump);
}

START_TEST(a_record_that_is_missing_is_survived)
{
    for (size_t gone = 0; gone < w.num_log; gone++) {
        struct cluster *c = cluster_create(&w.conf, NULL);

        for (size_t i = 0; i < w.num_log; i++)
            if (i != gone)
                apply_bytes(c, w.log[i].data, w.log[i].len);
        exercise(c);
        cluster_destroy(c);
    }
}
END_TEST

START_TEST(a_record_that_comes_twice_or_too_early_is_survived)
{
    for (size_t k = 0; k < w.num_log; k++) {
        struct cluster *c = cluster_create(&w.conf, NULL);

        for (size_t i = 0; i < w.num_log; i++) {
            apply_bytes(c, w.log[i].data, w.log[i].len);
            if (i == k && i + 1 < w.num_log)
                apply_bytes(c, w.log[i + 1].data, w.log[i + 1].len);
            if (i == k)
                apply_bytes(c, w.log[i].data, w.log[i].len);
        }
        exercise(c);
        cluster_destroy(c);
    }
}
END_TEST

START_TEST(a_record_with_a_bit_turned_over_is_survived)
{
    uint32_t rng = 12345;

    for (size_t k = 0; k < w.num_log; k++)
        for (int n = 0; n < 12; n++) {
            struct cluster *c = cluster_create(&w.conf, NULL);
            uint8_t *copy = malloc(w.log[k].len + 1);

            memcpy(copy, w.log[k].data, w.log[k].len);
            rng = rng * 1664525 + 1013904223;
            copy[(rng >> 8) % w.log[k].len] ^= (uint8_t)(1u << (rng >> 5 & 7));
            for (size_t i = 0; i < w.num_log; i++)
                apply_bytes(c, i == k ? copy : w.log[i].data, w.log[i].len);
            exercise(c);
            cluster_destroy(c);
            free(copy);
        }
}
END_TEST

START_TEST(a_job_leaves_its_phase_by_the_moves_of_its_machine_alone)
{
    Wire__Event ev = WIRE__EVENT__INIT;
    Wire__EvJobEnding ending = WIRE__EV_JOB_ENDING__INIT;
    Wire__EvJobRequeued requeued = WIRE__EV_JOB_REQUEUED__INIT;
    uint32_t ids[] = { 0 };
    Wire__EvJobPurged purged = WIRE__EV_JOB_PURGED__INIT;
    uint32_t id;

    world_spec(&w);
    id = world_submit(&w);
    ending.job_id = requeued.job_id = ids[0] = id;
    requeued.attempt = 2;
    purged.job_ids = ids;
    purged.n_job_ids = 1;
    ev.body_case = WIRE__EVENT__BODY_JOB_ENDING;
    ev.job_ending = &ending;
    ck_assert_int_eq(cluster_apply(w.c, &ev, &w.err), -1);
    ck_assert_ptr_nonnull(strstr(w.err.text, "\"ending\" does not fit a job that is pending"));
    ev.body_case = WIRE__EVENT__BODY_JOB_REQUEUED;
    ev.job_requeued = &requeued;
    ck_assert_int_eq(cluster_apply(w.c, &ev, &w.err), -1);
    ev.body_case = WIRE__EVENT__BODY_JOB_PURGED;
    ev.job_purged = &purged;
    ck_assert_int_eq(cluster_apply(w.c, &ev, &w.err), -1);
    ck_assert_int_eq(world_state(&w, id), JOB_PENDING);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        a_record_that_is_missing_is_survived,
        a_record_that_comes_twice_or_too_early_is_survived,
        a_record_with_a_bit_turned_over_is_survived,
        a_job_leaves_its_phase_by_the_moves_of_its_machine_alone,
    };

    return world_main("replay", setup, teardown, tests, sizeof(tests) / sizeof(tests[0]));
}
