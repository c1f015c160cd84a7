/* test_part.c - partitions that scontrol makes, changes and deletes, and who may use them. */
#include "world.h"

#include <string.h>

static struct world w;

static void setup(void)
{
    world_init_flat(&w, 2, 4);
}

static void teardown(void)
{
    world_check_replay(&w);
    world_fini(&w);
}

static const struct cluster_who root = { 0, true, true };

static int change(enum update_op op, const char *name, const char *key, const char *value)
{
    Wire__KeyValue a = WIRE__KEY_VALUE__INIT, b = WIRE__KEY_VALUE__INIT, *items[] = { &a, &b };

    a.key = (char *)"partitionname";
    a.value = (char *)name;
    b.key = (char *)key;
    b.value = (char *)value;
    decision_reset(&w.d);
    if (cluster_decide_update_part(w.c, &w.now, &root, op, items, key ? 2 : 1, &w.d, &w.err) < 0)
        return -1;
    world_commit(&w);
    return 0;
}

static uint32_t submit_to(const char *part)
{
    uint32_t id;

    world_spec(&w)->partition = (char *)part;
    id = world_submit(&w);

    if (id)
        world_sched(&w);
    return id;
}

START_TEST(a_partition_is_created_used_and_deleted)
{
    struct part_view v;
    uint32_t id;

    ck_assert_int_eq(change(UPDATE_CREATE, "night", "nodes", "n1"), 0);
    ck_assert(cluster_part_find(w.c, "night", &v));
    ck_assert_uint_eq(v.num_nodes, 1);
    ck_assert_uint_eq(v.conf.min_nodes, 1);
    ck_assert_int_lt(change(UPDATE_CREATE, "night", "nodes", "n1"), 0);
    ck_assert_int_eq(w.err.code, BRE_PART_NAME);
    world_check_replay(&w);
    id = submit_to("night");
    ck_assert_str_eq(world_nodes(&w, id), "n1");
    ck_assert_int_lt(change(UPDATE_DELETE, "night", NULL, NULL), 0);
    ck_assert_int_eq(w.err.code, BRE_PART_IN_USE);
    world_step_ended(&w, id, STEP_BATCH, 1, 0, true);
    ck_assert_int_eq(change(UPDATE_DELETE, "night", NULL, NULL), 0);
    ck_assert(!cluster_part_find(w.c, "night", &v));
    ck_assert_uint_eq(submit_to("night"), 0);
}
END_TEST

START_TEST(a_configured_partition_can_be_deleted_until_the_next_reconfigure)
{
    struct part_view v;

    ck_assert_int_eq(change(UPDATE_CREATE, "other", "nodes", "ALL"), 0);
    ck_assert_int_eq(change(UPDATE_DELETE, "all", NULL, NULL), 0);
    ck_assert(!cluster_part_find(w.c, "all", &v));
    ck_assert_int_lt(change(UPDATE_DELETE, "all", NULL, NULL), 0);
    ck_assert_int_eq(w.err.code, BRE_PART_NAME);
}
END_TEST

START_TEST(each_list_of_a_partition_keeps_others_out)
{
    static const struct {
        const char *key, *value;
        int code;
    } keys[] = {
        { "allowgroups", "nobodys", BRE_ACCESS },   { "allowaccounts", "a,b", BRE_ACCOUNT },
        { "allowqos", "high", BRE_QOS },            { "allocnodes", "login[1-2]", BRE_ACCESS },
        { "reqresv", "YES", BRE_RESERVATION },      { "rootonly", "YES", BRE_ACCESS },
    };

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        ck_assert_int_eq(change(UPDATE_CHANGE, "all", keys[i].key, keys[i].value), 0);
        ck_assert_msg(submit_to("all") == 0, "%s lets everybody in", keys[i].key);
        ck_assert_int_eq(w.err.code, keys[i].code);
        ck_assert_int_eq(change(UPDATE_CHANGE, "all", keys[i].key,
                                strcmp(keys[i].value, "YES") ? "ALL" : "NO"),
                         0);
        ck_assert_uint_ne(submit_to("all"), 0);
    }
    change(UPDATE_CHANGE, "all", "denyaccounts", "evil");
    world_spec(&w)->account = (char *)"evil";
    ck_assert_uint_eq(world_submit(&w), 0);
    world_spec(&w)->account = (char *)"good";
    ck_assert_uint_ne(world_submit(&w), 0);
}
END_TEST

START_TEST(what_has_no_effect_here_is_refused_by_name_with_a_way_out)
{
    ck_assert_int_lt(change(UPDATE_CHANGE, "all", "preemptmode", "REQUEUE"), 0);
    ck_assert_ptr_nonnull(strstr(w.err.text, "preemptmode"));
    ck_assert_int_lt(change(UPDATE_CHANGE, "all", "gracetime", "20"), 0);
    ck_assert_int_eq(change(UPDATE_CHANGE, "all", "preemptmode", "OFF"), 0);
    ck_assert_int_lt(change(UPDATE_CHANGE, "all", "nonsense", "1"), 0);
    ck_assert_ptr_nonnull(strstr(w.err.text, "Update of this parameter is not supported: nonsense=1"));
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        a_partition_is_created_used_and_deleted,
        a_configured_partition_can_be_deleted_until_the_next_reconfigure,
        each_list_of_a_partition_keeps_others_out,
        what_has_no_effect_here_is_refused_by_name_with_a_way_out,
    };

    return world_main("part", setup, teardown, tests, sizeof(tests) / sizeof(tests[0]));
}
