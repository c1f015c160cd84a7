/* test_update.c - scontrol: update, hold, top, notify, and what it refuses. */
#include "world.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

static struct world w;
static uint32_t job; /* pending: held */

static void setup(void)
{
    world_init_pis(&w);
    world_spec(&w)->hold = 1;
    w.spec.has_hold = 1;
    job = world_submit_start(&w);
    world_spec(&w);
}

static void teardown(void)
{
    world_check_replay(&w);
    world_fini(&w);
}

static void set(const char *key, const char *value)
{
    ck_assert_msg(world_update_job(&w, job, key, value) == 0, "%s=%s: %s", key, value,
                  w.err.text);
}

static void refused(const char *key, const char *value, const char *words)
{
    ck_assert_int_eq(world_update_job(&w, job, key, value), -1);
    ck_assert_msg(strstr(w.err.text, words) != NULL, "\"%s\" lacks \"%s\"", w.err.text, words);
}

START_TEST(what_was_asked_for_can_be_changed_while_the_job_waits)
{
    const Wire__JobSpec *spec;

    set("TimeLimit", "1:30:00");
    set("NumNodes", "2-3");
    set("NumTasks", "4");
    set("CPUsPerTask", "2");
    set("MinMemoryNode", "500M");
    set("Features", "pi4");
    set("ExcNodeList", "pi4");
    set("Contiguous", "yes");
    set("Requeue", "0");
    set("Comment", "later");
    set("Account", "hpc");
    set("StdOut", "/tmp/x-%j");
    set("Name", "other");
    spec = world_view(&w, job).spec;
    ck_assert_uint_eq(spec->time_limit_min, 90);
    ck_assert_uint_eq(spec->min_nodes, 2);
    ck_assert_uint_eq(spec->max_nodes, 3);
    ck_assert_uint_eq(spec->num_tasks, 4);
    ck_assert_uint_eq(spec->cpus_per_task, 2);
    ck_assert_uint_eq(spec->mem_per_node_mb, 500);
    ck_assert_str_eq(spec->features, "pi4");
    ck_assert(spec->contiguous && !spec->requeue);
    ck_assert_str_eq(spec->account, "hpc");
    ck_assert_str_eq(world_view(&w, job).name, "other");
    ck_assert_int_eq(world_control(&w, JOB_ACTION_RELEASE, job, WORLD_UID), 0);
    world_sched(&w);
    ck_assert_str_eq(world_nodes(&w, job), "pi[5-6]");
}
END_TEST

START_TEST(every_other_key_has_its_effect_or_is_refused_by_name)
{
    static const char *const no_keys[] = { "BurstBuffer", "Clusters", "DelayBoot", "Gres", "NumCPUs",
                                           "Reboot", "SiteFactor", "UserID", "Nonsense" };
    const Wire__JobSpec *spec;

    set("MailType", "BEGIN,TIME_LIMIT_80");
    set("MailUser", "alice@example.org");
    set("TimeMin", "5");
    set("Extra", "x");
    set("WorkDir", "/tmp");
    set("QOS", "normal");
    set("Prefer", "pi4");
    set("MinTmpDiskNode", "0");
    set("OverSubscribe", "yes");
    spec = world_view(&w, job).spec;
    ck_assert_uint_eq(spec->mail_events, MAIL_BEGIN | MAIL_TIME_LIMIT_80);
    ck_assert_str_eq(spec->mail_user, "alice@example.org");
    ck_assert_uint_eq(spec->time_min_min, 5);
    ck_assert_str_eq(spec->work_dir, "/tmp");
    ck_assert_str_eq(spec->prefer, "pi4");
    ck_assert(spec->oversubscribe);
    refused("ReservationName", "nope", "Requested reservation is invalid");
    refused("MailType", "BOGUS", "mailtype=BOGUS");
    for (size_t i = 0; i < sizeof(no_keys) / sizeof(no_keys[0]); i++)
        refused(no_keys[i], "1", no_keys[i]);
}
END_TEST

static const char *first_node(void)
{
    struct node_view v;

    ck_assert(cluster_node_view(w.c, 0, &v));
    return v.name;
}

static int node_key(const char *key, const char *value)
{
    Wire__KeyValue a = WIRE__KEY_VALUE__INIT, b = WIRE__KEY_VALUE__INIT, *items[] = { &a, &b };
    struct cluster_who root = { 0, true, true };

    a.key = (char *)"nodename";
    a.value = (char *)first_node();
    b.key = (char *)key;
    b.value = (char *)value;
    decision_reset(&w.d);
    if (cluster_decide_update_nodes(w.c, &w.now, &root, items, 2, &w.d, &w.err) < 0)
        return -1;
    world_commit(&w);
    return 0;
}

START_TEST(nodes_get_another_weight_other_features_and_words)
{
    struct node_view v;

    ck_assert_int_eq(node_key("weight", "7"), 0);
    ck_assert_int_eq(node_key("activefeatures", "fast,loud"), 0);
    ck_assert_int_eq(node_key("comment", "fan"), 0);
    ck_assert_int_eq(node_key("extra", "shelf 2"), 0);
    world_check_replay(&w);
    ck_assert(cluster_node_view(w.c, 0, &v));
    ck_assert_uint_eq(v.weight, 7);
    ck_assert_ptr_nonnull(strstr(v.features, "fast,loud"));
    ck_assert_str_eq(v.comment, "fan");
    ck_assert_str_eq(v.extra, "shelf 2");
    ck_assert_int_lt(node_key("state", "power_down"), 0);
    ck_assert_int_lt(node_key("cpubind", "core"), 0);
    ck_assert_ptr_nonnull(strstr(w.err.text, "cpubind"));
}
END_TEST

START_TEST(the_limit_of_a_step_can_be_changed)
{
    Wire__StepSpec step = WIRE__STEP_SPEC__INIT;
    Wire__KeyValue item = WIRE__KEY_VALUE__INIT, *items[] = { &item };
    struct cluster_who me = { WORLD_UID, false, false };
    uint32_t id = world_submit_start(&w), step_id;

    ck_assert_int_eq(world_step(&w, id, &step, &step_id), 0);
    item.key = (char *)"timelimit";
    item.value = (char *)"1";
    decision_reset(&w.d);
    ck_assert_int_eq(cluster_decide_update_step(w.c, &w.now, &me, id, step_id, items, 1, &w.d, &w.err), 0);
    world_commit(&w);
    world_pass_time(&w, 61);
    ck_assert_uint_gt(world_effects(&w, EFFECT_KILL, id), 0);
    me.uid = 4711;
    decision_reset(&w.d);
    ck_assert_int_lt(cluster_decide_update_step(w.c, &w.now, &me, id, step_id, items, 1, &w.d, &w.err), 0);
    ck_assert_int_eq(w.err.code, BRE_ACCESS);
}
END_TEST

static uint32_t step_limit(uint32_t id, uint32_t step_id, const char *value)
{
    Wire__KeyValue item = WIRE__KEY_VALUE__INIT, *items[] = { &item };
    struct cluster_who me = { WORLD_UID, false, false };
    struct step_view v;

    item.key = (char *)"timelimit";
    item.value = (char *)value;
    decision_reset(&w.d);
    if (cluster_decide_update_step(w.c, &w.now, &me, id, step_id, items, 1, &w.d, &w.err) < 0)
        return 0;
    world_commit(&w);
    ck_assert(cluster_step_find(w.c, id, step_id, &v));
    return v.time_limit_min;
}

START_TEST(a_steps_limit_changes_by_a_difference_and_is_shown)
{
    Wire__StepSpec step = WIRE__STEP_SPEC__INIT;
    uint32_t id = world_submit_start(&w), step_id;

    ck_assert_int_eq(world_step(&w, id, &step, &step_id), 0);
    ck_assert_uint_eq(step_limit(id, step_id, "+5"), 0); /* of no limit */
    ck_assert_int_eq(w.err.code, BRE_TIME_LIMIT);
    ck_assert_uint_eq(step_limit(id, step_id, "10"), 10);
    ck_assert_uint_eq(step_limit(id, step_id, "+5"), 15);
    ck_assert_uint_eq(step_limit(id, step_id, "-3"), 12);
    ck_assert_uint_eq(step_limit(id, step_id, "-12"), 0);
    ck_assert_uint_eq(step_limit(id, step_id, "0"), 0);
    world_check_replay(&w);
    ck_assert_uint_eq(step_limit(id, step_id, "unlimited"), UINT32_MAX);
}
END_TEST

START_TEST(nice_leaves_a_hold_and_a_priority_ends_it)
{
    set("Nice", "50");
    ck_assert_int_eq(world_view(&w, job).reason, REASON_HELD_USER);
    set("Priority", "50");
    ck_assert_uint_eq(world_view(&w, job).hold, 0);
}
END_TEST

START_TEST(an_operators_uhold_can_be_released_by_the_user)
{
    ck_assert_int_eq(world_control(&w, JOB_ACTION_HOLD, job, 0), 0);
    ck_assert_int_eq(world_control(&w, JOB_ACTION_UHOLD, job, WORLD_UID), 0);
    ck_assert_int_eq(world_view(&w, job).reason, REASON_HELD_ADMIN);
    ck_assert_int_lt(world_control(&w, JOB_ACTION_RELEASE, job, WORLD_UID), 0);
    ck_assert_int_eq(world_control(&w, JOB_ACTION_UHOLD, job, 0), 0);
    ck_assert_int_eq(world_view(&w, job).reason, REASON_HELD_USER);
    ck_assert_int_eq(world_control(&w, JOB_ACTION_RELEASE, job, WORLD_UID), 0);
}
END_TEST

START_TEST(what_waits_shows_the_memory_it_asks_for)
{
    set("NumNodes", "2");
    set("MinMemoryNode", "500M");
    ck_assert_uint_eq(world_view(&w, job).mem_mb, 1000);
    set("NumTasks", "4");
    set("MinMemoryCPU", "100M");
    ck_assert_uint_eq(world_view(&w, job).mem_mb, 400);
}
END_TEST

START_TEST(a_value_can_be_taken_back)
{
    set("Features", "pi5");
    set("Features", "");
    ck_assert_ptr_null(world_view(&w, job).spec->features);
    set("MinMemoryCPU", "100");
    set("MinMemoryNode", "200");
    ck_assert(!world_view(&w, job).spec->has_mem_per_cpu_mb);
}
END_TEST

START_TEST(wrong_values_are_refused_with_key_and_value)
{
    refused("TimeLimit", "soon", "Invalid input: TimeLimit=soon");
    refused("NumNodes", "0", "Invalid input: NumNodes=0");
    refused("NumNodes", "3-2", "Invalid input: NumNodes=3-2");
    refused("NumTasks", "many", "Invalid input: NumTasks=many");
    refused("MinMemoryNode", "1Q", "Invalid input: MinMemoryNode=1Q");
    refused("Contiguous", "perhaps", "Invalid input: Contiguous=perhaps");
    refused("Dependency", "later:1", "Invalid input: Dependency=later:1");
    refused("Colour", "red", "Update of this parameter is not supported: Colour=red");
    refused("Features", "pi6", "pi6");
    refused("CPUsPerTask", "5", "not available");
}
END_TEST

START_TEST(time_limits_can_be_changed_by_a_difference)
{
    set("TimeLimit", "60");
    set("TimeLimit", "+30");
    ck_assert_uint_eq(world_view(&w, job).time_limit_min, 90);
    set("TimeLimit", "-45");
    ck_assert_uint_eq(world_view(&w, job).time_limit_min, 45);
    refused("TimeLimit", "-45", "leaves no time");
}
END_TEST

START_TEST(users_may_shorten_but_not_prolong_what_runs)
{
    struct cluster_who alice = { WORLD_UID, false, false };
    Wire__KeyValue kv = WIRE__KEY_VALUE__INIT, *items[] = { &kv };

    set("TimeLimit", "60");
    ck_assert_int_eq(world_control(&w, JOB_ACTION_RELEASE, job, WORLD_UID), 0);
    world_sched(&w);
    kv.key = (char *)"timelimit";
    kv.value = (char *)"61";
    decision_reset(&w.d);
    ck_assert_int_eq(
        cluster_decide_update_job(w.c, &w.now, &alice, job, items, 1, &w.d, &w.err), -1);
    ck_assert_int_eq(w.err.code, BRE_ACCESS);
    kv.value = (char *)"59";
    ck_assert_int_eq(
        cluster_decide_update_job(w.c, &w.now, &alice, job, items, 1, &w.d, &w.err), 0);
    world_commit(&w);
    ck_assert_int_eq(world_view(&w, job).end_limit_sec,
                     world_view(&w, job).start_sec + 59 * 60);
    kv.key = (char *)"numnodes";
    ck_assert_int_eq(
        cluster_decide_update_job(w.c, &w.now, &alice, job, items, 1, &w.d, &w.err), -1);
}
END_TEST

START_TEST(priority_zero_holds_and_a_number_orders)
{
    ck_assert_int_eq(world_control(&w, JOB_ACTION_RELEASE, job, WORLD_UID), 0);
    set("Priority", "0");
    ck_assert_int_eq(world_view(&w, job).reason, REASON_HELD_ADMIN);
    set("Priority", "77");
    ck_assert_uint_eq(world_view(&w, job).priority, 77);
    set("Nice", "7");
    ck_assert_uint_eq(world_view(&w, job).priority, 70);
}
END_TEST

START_TEST(top_puts_a_job_before_the_others)
{
    uint32_t other, first;

    w.spec.partition = (char *)"pi5";
    w.spec.has_exclusive = w.spec.exclusive = 1;
    first = world_submit_start(&w);
    (void)world_submit_start(&w);
    other = world_submit_start(&w);
    ck_assert_int_eq(world_control(&w, JOB_ACTION_TOP, other, WORLD_UID), -1);
    ck_assert_int_eq(world_control(&w, JOB_ACTION_TOP, other, 0), 0);
    world_step_ended(&w, first, STEP_BATCH, 7, 0, true);
    world_sched(&w);
    ck_assert_int_eq(world_state(&w, other), JOB_RUNNING);
}
END_TEST

START_TEST(messages_reach_interactive_jobs_alone)
{
    struct control_request req = { .action = JOB_ACTION_NOTIFY,
                                   .step_id = STEP_NONE,
                                   .text = "lunch",
                                   .who = { 0, true, true } };

    w.spec.kind = JOB_KIND_SALLOC;
    req.job_id = world_submit_start(&w);
    decision_reset(&w.d);
    ck_assert_int_eq(cluster_decide_control(w.c, &w.now, &req, &w.d, &w.err), 0);
    ck_assert_uint_eq(world_effects(&w, EFFECT_NOTICE, req.job_id), 1);
    ck_assert_str_eq(w.d.effects[0].text, "lunch");
    req.job_id = job;
    ck_assert_int_eq(cluster_decide_control(w.c, &w.now, &req, &w.d, &w.err), -1);
}
END_TEST

START_TEST(signals_need_a_running_job_and_a_real_number)
{
    struct control_request req = { .action = JOB_ACTION_SIGNAL,
                                   .job_id = job,
                                   .step_id = STEP_NONE,
                                   .signal = SIGUSR1,
                                   .who = { WORLD_UID, false, false } };

    decision_reset(&w.d);
    ck_assert_int_eq(cluster_decide_control(w.c, &w.now, &req, &w.d, &w.err), -1);
    ck_assert_int_eq(w.err.code, BRE_JOB_PENDING);
    req.job_id = world_submit_start(&w);
    req.signal = 77;
    ck_assert_int_eq(cluster_decide_control(w.c, &w.now, &req, &w.d, &w.err), -1);
    ck_assert_int_eq(w.err.code, BRE_INVAL);
    req.signal = SIGKILL; /* that is a cancel */
    decision_reset(&w.d);
    ck_assert_int_eq(cluster_decide_control(w.c, &w.now, &req, &w.d, &w.err), 0);
    world_commit(&w);
    ck_assert_int_eq(world_state(&w, req.job_id), JOB_COMPLETING);
    req.job_id = 4711;
    ck_assert_int_eq(cluster_decide_control(w.c, &w.now, &req, &w.d, &w.err), -1);
    ck_assert_int_eq(w.err.code, BRE_JOB_ID);
}
END_TEST

START_TEST(salloc_that_leaves_while_it_waits_cancels_its_job)
{
    struct cluster_who alice = { WORLD_UID, false, false };
    uint32_t id;

    w.spec.kind = JOB_KIND_SALLOC;
    w.spec.has_hold = w.spec.hold = 1;
    id = world_submit_start(&w);
    decision_reset(&w.d);
    ck_assert_int_eq(cluster_decide_alloc_complete(w.c, &w.now, &alice, id, 0, &w.d, &w.err),
                     0);
    world_commit(&w);
    ck_assert_int_eq(world_state(&w, id), JOB_CANCELLED);
    ck_assert_int_eq(
        cluster_decide_alloc_complete(w.c, &w.now, &alice, job, 0, &w.d, &w.err), -1);
}
END_TEST

START_TEST(partitions_are_updated_key_by_key_until_the_next_reload)
{
    struct part_view v;

    ck_assert_int_eq(world_update_part(&w, "pi4", "MaxNodes", "2"), 0);
    ck_assert_int_eq(world_update_part(&w, "pi4", "OverSubscribe", "EXCLUSIVE"), 0);
    ck_assert_int_eq(world_update_part(&w, "pi4", "Nodes", "pi[4-5]"), 0);
    ck_assert_int_eq(world_update_part(&w, "pi4", "Default", "YES"), 0);
    ck_assert(cluster_part_find(w.c, "pi4", &v));
    ck_assert_uint_eq(v.conf.max_nodes, 2);
    ck_assert_int_eq(v.conf.share, PART_SHARE_EXCLUSIVE);
    ck_assert_str_eq(v.node_list, "pi[4-5]");
    ck_assert(cluster_part_find(w.c, "all", &v));
    ck_assert(!v.conf.is_default);
    ck_assert_int_eq(world_update_part(&w, "pi4", "OverSubscribe", "FORCE"), -1);
    ck_assert_int_eq(world_update_part(&w, "pi4", "Nodes", "pi99"), -1);
    ck_assert_int_eq(world_update_part(&w, "pi4", "State", "SIDEWAYS"), -1);
    ck_assert_int_eq(world_update_part(&w, "pi9", "State", "UP"), -1);
    ck_assert_int_eq(cluster_reconfigure(w.c, &w.conf, &w.err), 0);
    decision_reset(&w.d);
    ck_assert_int_eq(cluster_decide_start(w.c, &w.now, 42, &w.d, &w.err), 0);
    world_commit(&w);
    ck_assert(cluster_part_find(w.c, "pi4", &v));
    ck_assert_uint_eq(v.conf.max_nodes, UINT32_MAX);
    ck_assert_str_eq(v.node_list, "pi[4-7]");
}
END_TEST

START_TEST(groups_and_root_only_partitions_keep_others_out)
{
    ck_assert_int_eq(world_update_part(&w, "pi4", "AllowGroups", "hpc,staff"), 0);
    w.spec.partition = (char *)"pi4";
    ck_assert_uint_eq(world_submit(&w), 0);
    ck_assert_int_eq(w.err.code, BRE_ACCESS);
    ck_assert_int_eq(world_update_part(&w, "pi4", "AllowGroups", "ALL"), 0);
    ck_assert_uint_ne(world_submit(&w), 0);
    ck_assert_int_eq(world_update_part(&w, "pi4", "RootOnly", "YES"), 0);
    ck_assert_uint_eq(world_submit(&w), 0);
    ck_assert_int_eq(w.err.code, BRE_ACCESS);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        what_was_asked_for_can_be_changed_while_the_job_waits,
        every_other_key_has_its_effect_or_is_refused_by_name,
        nodes_get_another_weight_other_features_and_words,
        the_limit_of_a_step_can_be_changed,
        a_steps_limit_changes_by_a_difference_and_is_shown,
        nice_leaves_a_hold_and_a_priority_ends_it,
        an_operators_uhold_can_be_released_by_the_user,
        what_waits_shows_the_memory_it_asks_for,
        a_value_can_be_taken_back,
        wrong_values_are_refused_with_key_and_value,
        time_limits_can_be_changed_by_a_difference,
        users_may_shorten_but_not_prolong_what_runs,
        priority_zero_holds_and_a_number_orders,
        top_puts_a_job_before_the_others,
        messages_reach_interactive_jobs_alone,
        signals_need_a_running_job_and_a_real_number,
        salloc_that_leaves_while_it_waits_cancels_its_job,
        partitions_are_updated_key_by_key_until_the_next_reload,
        groups_and_root_only_partitions_keep_others_out,
    };

    return world_main("update", setup, teardown, tests, sizeof(tests) / sizeof(tests[0]));
}
