/* test_gres.c - generic resources and licences: who has which, who waits, what steps get. */
#include "world.h"

#include <stdlib.h>
#include <string.h>

#include "util/mem.h"

static struct world w;

static void setup(void)
{
    memset(&w, 0, sizeof(w));
    cluster_conf_defaults(&w.conf);
    w.conf.nodes = w.nodes;
    w.conf.parts = w.parts;
    w.conf.num_nodes = 3;
    w.conf.num_parts = 1;
    w.conf.licenses = "matlab:4,fluent:1";
    w.parts[0] = (struct part_conf){ .name = "all", .nodes = "ALL" };
    for (uint32_t i = 0; i < 3; i++) {
        snprintf(w.names[i], sizeof(w.names[i]), "pi%u", i + 1);
        w.nodes[i] = (struct node_conf){ .name = w.names[i], .mem_mb = 4000, .cores = 4 };
    }
    w.nodes[1].gres = "gpu:hailo:2,camera:2";
    w.nodes[2].gres = "gpu:coral:1,gpu:hailo:1";
    world_start(&w);
    world_register_all(&w);
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

static const char *units_of(uint32_t id, size_t place)
{
    Wire__AllocInfo *m = cluster_alloc_info(w.c, id, &w.scratch);

    ck_assert_ptr_nonnull(m);
    return m->nodes[place]->gres ? m->nodes[place]->gres : "";
}

START_TEST(units_are_given_to_one_job_at_a_time_and_given_back)
{
    uint32_t a, b, c;

    w.spec.gres = (char *)"gres:gpu:hailo:1,gres:camera";
    a = start();
    ck_assert_str_eq(world_nodes(&w, a), "pi2");
    ck_assert_str_eq(units_of(a, 0), "gpu:hailo:1(IDX:0),camera:1(IDX:0)");
    w.spec.gres = (char *)"gres:gpu:hailo:1,gres:camera";
    b = start();
    ck_assert_str_eq(units_of(b, 0), "gpu:hailo:1(IDX:1),camera:1(IDX:1)");
    w.spec.gres = (char *)"gres:gpu:hailo:1,gres:camera";
    c = start();
    ck_assert_int_eq(world_state(&w, c), JOB_PENDING);
    ck_assert_ptr_nonnull(strstr(world_reason(&w, c), "1 camera a node"));
    ck_assert_str_eq(cluster_node_gres(w.c, 1, true, &w.scratch), "gpu:hailo:2(IDX:0-1),camera:2(IDX:0-1)");
    world_step_ended(&w, a, STEP_BATCH, 1, 0, true);
    world_sched(&w);
    ck_assert_str_eq(units_of(c, 0), "gpu:hailo:1(IDX:0),camera:1(IDX:0)");
}
END_TEST

START_TEST(units_of_one_name_are_numbered_through_their_types)
{
    w.spec.gres = (char *)"gpu:hailo:1";
    w.spec.nodelist = (char *)"pi3";
    ck_assert_str_eq(units_of(start(), 0), "gpu:hailo:1(IDX:1)");
    w.spec.gres = (char *)"gpu:1";
    w.spec.nodelist = (char *)"pi3";
    ck_assert_str_eq(units_of(start(), 0), "gpu:coral:1(IDX:0)");
}
END_TEST

START_TEST(a_job_that_waits_for_units_gets_a_planned_start)
{
    uint32_t b;

    w.spec.gres = (char *)"camera:2";
    OPT(time_limit_min, 10);
    start();
    w.spec.gres = (char *)"camera:1";
    OPT(time_limit_min, 10);
    b = start();
    while (cluster_plan_starts(w.c, &w.now, SCHED_SLICE))
        ;
    ck_assert_int_eq(world_view(&w, b).planned_sec, w.now.wall_usec / 1000000 + 600);
}
END_TEST

START_TEST(what_runs_keeps_its_units_when_the_configuration_changes)
{
    uint32_t a;

    w.spec.gres = (char *)"camera:2";
    a = start();
    w.nodes[1].gres = "camera:1";
    ck_assert_int_eq(cluster_reconfigure(w.c, &w.conf, &w.err), 0);
    ck_assert_str_eq(cluster_node_gres(w.c, 1, true, &w.scratch), "camera:1(IDX:0)");
    world_step_ended(&w, a, STEP_BATCH, 1, 0, true);
    ck_assert_str_eq(cluster_node_gres(w.c, 1, true, &w.scratch), "camera:0(IDX:N/A)");
    w.nodes[1].gres = "gpu:hailo:2,camera:2";
    ck_assert_int_eq(cluster_reconfigure(w.c, &w.conf, &w.err), 0);
}
END_TEST

static Wire__StepSpec spec;

static int step(uint32_t job, uint32_t tasks, uint32_t *id)
{
    spec.has_num_tasks = 1;
    spec.num_tasks = tasks;
    spec.has_cpus_per_task = spec.cpus_per_task = 1;
    return world_step(&w, job, &spec, id);
}

static const char *step_units(uint32_t job, uint32_t id, size_t place)
{
    Wire__StepLayout *m = cluster_step_layout(w.c, job, id, &w.scratch);

    return m->nodes[place]->gres ? m->nodes[place]->gres : "";
}

START_TEST(steps_get_what_they_ask_for_of_the_jobs_units)
{
    uint32_t job, a, b, c;

    w.spec.gres = (char *)"gpu:hailo:2,camera:1";
    OPT(num_tasks, 3);
    job = start();
    wire__step_spec__init(&spec);
    spec.gres = (char *)"gpu:1";
    ck_assert_int_eq(step(job, 1, &a), 0);
    ck_assert_str_eq(step_units(job, a, 0), "gpu:hailo:1(IDX:0)");
    spec.gres = NULL;
    spec.tres_per_task = (char *)"gpu:1";
    ck_assert_int_eq(step(job, 1, &b), 0);
    ck_assert_str_eq(step_units(job, b, 0), "gpu:hailo:1(IDX:1)");
    ck_assert_int_eq(step(job, 1, &c), -1); /* none is left now */
    ck_assert_int_eq(w.err.code, BRE_STEP_NODES_BUSY);
    spec.tres_per_task = NULL;
    ck_assert_int_eq(step(job, 1, &c), -1); /* it would get all of them */
    ck_assert_int_eq(w.err.code, BRE_STEP_NODES_BUSY);
    spec.gres = (char *)"none";
    ck_assert_int_eq(step(job, 1, &c), 0);
    ck_assert_str_eq(step_units(job, c, 0), "");
    world_step_ended(&w, job, a, 1, 0, false);
    world_step_ended(&w, job, b, 1, 0, false);
    spec.gres = NULL;
    ck_assert_int_eq(step(job, 1, &a), 0);
    ck_assert_str_eq(step_units(job, a, 0), "gpu:hailo:2(IDX:0-1),camera:1(IDX:0)");
    spec.gres = (char *)"camera:2";
    ck_assert_int_eq(step(job, 1, &a), -1);
    ck_assert_int_eq(w.err.code, BRE_GRES);
    spec.gres = NULL;
    spec.tres_per_step = (char *)"gpu:2";
    spec.overlap = spec.has_overlap = 1;
    ck_assert_int_eq(step(job, 1, &a), 0);
    ck_assert_str_eq(step_units(job, a, 0), "gpu:hailo:2(IDX:0-1)");
}
END_TEST

static struct license_view license(size_t i)
{
    struct license_view v = { 0 };

    ck_assert(cluster_license_nth(w.c, i, &v));
    return v;
}

START_TEST(licences_are_counted_for_the_whole_cluster)
{
    uint32_t a, b, c;

    w.spec.licenses = (char *)"matlab:3";
    OPT(time_limit_min, 30);
    a = start();
    ck_assert_int_eq(world_state(&w, a), JOB_RUNNING);
    ck_assert_str_eq(license(0).name, "matlab");
    ck_assert_uint_eq(license(0).used, 3);
    ck_assert(!cluster_license_nth(w.c, 2, &(struct license_view){ 0 }));
    w.spec.licenses = (char *)"matlab:2,fluent";
    b = start();
    ck_assert_int_eq(world_state(&w, b), JOB_PENDING);
    ck_assert_int_eq(world_view(&w, b).reason, REASON_LICENSES);
    ck_assert_ptr_nonnull(strstr(world_reason(&w, b), "licences (matlab:2,fluent)"));
    while (cluster_plan_starts(w.c, &w.now, SCHED_SLICE))
        ;
    ck_assert_int_eq(world_view(&w, b).planned_sec, w.now.wall_usec / 1000000 + 1800);
    w.spec.licenses = (char *)"matlab";
    OPT(time_limit_min, 60); /* would delay the other */
    c = start();
    ck_assert_int_eq(world_state(&w, c), JOB_RUNNING);
    world_step_ended(&w, a, STEP_BATCH, 0, 0, true);
    world_sched(&w);
    ck_assert_int_eq(world_state(&w, b), JOB_RUNNING);
    ck_assert_uint_eq(license(0).used, 3);
    ck_assert_uint_eq(license(1).used, 1);
    world_check_replay(&w);
}
END_TEST

START_TEST(what_does_not_exist_is_refused_by_name)
{
    static const struct {
        const char *gres, *licenses, *words;
        int code;
    } bad[] = {
        { "fpga:1", NULL, "no node has \"fpga\"", BRE_GRES },
        { "gpu:x:1:2:3", NULL, "gpu:x:1:2:3", BRE_GRES },
        { "gpu:coral:2", NULL, "not available", BRE_NODE_CONFIG },
        { NULL, "gaussian:1", "no licence \"gaussian\"", BRE_LICENSE },
        { NULL, "matlab:5", "the cluster has 4", BRE_LICENSE },
    };

    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        world_spec(&w);
        w.spec.gres = (char *)bad[i].gres;
        w.spec.licenses = (char *)bad[i].licenses;
        ck_assert_uint_eq(world_submit(&w), 0);
        ck_assert_int_eq(w.err.code, bad[i].code);
        ck_assert_msg(strstr(w.err.text, bad[i].words) != NULL, "%s", w.err.text);
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        units_are_given_to_one_job_at_a_time_and_given_back,
        units_of_one_name_are_numbered_through_their_types,
        a_job_that_waits_for_units_gets_a_planned_start,
        what_runs_keeps_its_units_when_the_configuration_changes,
        steps_get_what_they_ask_for_of_the_jobs_units,
        licences_are_counted_for_the_whole_cluster,
        what_does_not_exist_is_refused_by_name,
    };

    return world_main("gres", setup, teardown, tests, sizeof(tests) / sizeof(tests[0]));
}
