/* --cpu-bind: which CPUs each task gets. */
#include "config.h"
#include "bramblestepd/task/bind.h"
#include "bramblestepd/task/membind.h"
#include "suite.h"
#include "util/error.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#define TASKS_MAX 16

static cpu_set_t cores[8];
static size_t num_cores;

/* "0,4;1,5": cores with their CPUs. */
static void set_cores(const char *text)
{
    num_cores = 0;
    while (*text) {
        char one[64];
        size_t len = strcspn(text, ";");

        memcpy(one, text, len);
        one[len] = '\0';
        ck_assert_int_eq(cpu_list_parse(one, &cores[num_cores++]), 0);
        text += len + (text[len] == ';');
    }
}

/* Masks of all tasks as lists, joined by "|"; "-" when they are left unbound. */
static const char *layout(const char *bind, uint32_t tasks, uint32_t cpus_per_task)
{
    static char text[512];
    struct bind_request req = { .text = bind, .num_cores = num_cores, .cores = cores, .num_tasks = tasks,
                                .cpus_per_task = cpus_per_task };
    struct bind_result result;
    cpu_set_t masks[TASKS_MAX];
    struct error err;

    if (bind_layout(&req, masks, &result, &err) < 0) {
        snprintf(text, sizeof text, "%.500s", err.text);
        return text;
    }
    if (!result.bound)
        return "-";
    text[0] = '\0';
    for (uint32_t i = 0; i < tasks; i++) {
        size_t used = strlen(text);
        char list[64];

        cpu_list_format(&masks[i], list, sizeof list);
        snprintf(text + used, sizeof text - used, "%s%s", i ? "|" : "", list);
    }
    return text;
}

START_TEST(tasks_that_fill_the_allocation_are_bound_each_to_its_own)
{
    set_cores("0;1;2;3");
    ck_assert_str_eq(layout(NULL, 4, 1), "0|1|2|3");
    ck_assert_str_eq(layout("", 2, 2), "0-1|2-3");
    set_cores("0,4;1,5");
    ck_assert_str_eq(layout(NULL, 2, 1), "0,4|1,5");
    ck_assert_str_eq(layout(NULL, 4, 1), "0|4|1|5");
}
END_TEST

START_TEST(otherwise_all_share_what_the_step_has)
{
    set_cores("0;1;2");
    ck_assert_str_eq(layout(NULL, 1, 1), "0-2");
    ck_assert_str_eq(layout(NULL, 2, 1), "0-2|0-2");
}
END_TEST

START_TEST(what_is_asked_for_is_done)
{
    set_cores("0,4;1,5;2,6");
    ck_assert_str_eq(layout("none", 2, 1), "-");
    ck_assert_str_eq(layout("no", 2, 1), "-");
    ck_assert_str_eq(layout("cores", 2, 1), "0,4|1,5");
    ck_assert_str_eq(layout("cores", 2, 3), "0-1,4-5|0,2,4,6");
    ck_assert_str_eq(layout("verbose,threads", 3, 2), "0,4|1,5|2,6");
    ck_assert_str_eq(layout("rank", 3, 2), "0|4|1");
    ck_assert_str_eq(layout("sockets", 2, 1), "0-2,4-6|0-2,4-6");
    ck_assert_str_eq(layout("q,ldoms", 1, 1), "0-2,4-6");
}
END_TEST

START_TEST(verbose_lines_name_the_kind_as_slurm_does)
{
    static const char *const rows[][2] = {
        { "cores", "MASK" },          { "none", "NONE" },        { "rank", "RANK" },
        { "map_cpu:0", "MAP " },      { "mask_cpu:1", "MASK" },  { "rank_ldom", "LDRANK" },
        { "map_ldom:0", "LDMAP " },   { "mask_ldom:0x1,0x1", "LDMASK" }, { "v", "MASK" },
    };
    cpu_set_t core, mask;

    CPU_ZERO(&core);
    CPU_SET(0, &core);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct bind_request r = { .text = rows[i][0], .num_cores = 1, .cores = &core, .num_tasks = 1 };
        struct bind_result result;
        struct error err;

        ck_assert_msg(bind_layout(&r, &mask, &result, &err) == 0, "%s: %s", rows[i][0], err.text);
        ck_assert_str_eq(result.kind, rows[i][1]);
    }
}
END_TEST

static const char *memory(const char *text, uint64_t nodes)
{
    static char buf[128];
    struct membind_request r = { .text = text, .nodes = nodes, .num_tasks = 3 };
    struct membind_result result;
    uint64_t masks[3];
    struct error err = { 0 };

    if (membind_layout(&r, masks, &result, &err) < 0)
        snprintf(buf, sizeof buf, "%s", err.text);
    else
        snprintf(buf, sizeof buf, "%s %d %llx %llx %llx%s", result.what, result.mode, (unsigned long long)masks[0],
                 (unsigned long long)masks[1], (unsigned long long)masks[2], result.verbose ? " v" : "");
    return buf;
}

START_TEST(memory_is_bound_by_task_and_only_to_what_is_there)
{
    ck_assert_str_eq(memory(NULL, 1), "mem-bind=NONE -1 1 1 1");
    ck_assert_str_eq(memory("v,local", 3), "mem-bind=LOC 4 3 3 3 v");
    ck_assert_str_eq(memory("rank", 5), "mem-bind=RANK 2 1 4 1");
    ck_assert_str_eq(memory("verbose,prefer,map_mem:1,0", 3), "mem-bind PREFER MAP 1 2 1 2 v");
    ck_assert_str_eq(memory("sort,mask_mem:0x3*2,2", 3), "mem-bind=MASK 2 3 3 2");
    ck_assert_ptr_nonnull(strstr(memory("map_mem:1", 1), "does not have"));
    ck_assert_ptr_nonnull(strstr(memory("map_mem:", 1), "no list"));
    ck_assert_ptr_nonnull(strstr(memory("near", 1), "unknown value \"near\""));
    ck_assert_uint_eq(membind_nodes("/nowhere"), 1);
}
END_TEST

START_TEST(map_and_mask_name_places_in_the_allocation)
{
    set_cores("8;9;10;11");
    ck_assert_str_eq(layout("map_cpu:3,0", 3, 1), "11|8|11");
    ck_assert_str_eq(layout("map_cpu:0x1*2,2", 3, 1), "9|9|10");
    ck_assert_str_eq(layout("verbose,mask_cpu:0x3,c", 2, 1), "8-9|10-11");
    ck_assert_ptr_nonnull(strstr(layout("map_cpu:4", 1, 1), "does not have"));
    ck_assert_ptr_nonnull(strstr(layout("mask_cpu:0x10", 1, 1), "does not have"));
    ck_assert_ptr_nonnull(strstr(layout("map_cpu:", 1, 1), "--cpu-bind"));
    ck_assert_ptr_nonnull(strstr(layout("map_cpu:1*0", 1, 1), "--cpu-bind"));
    ck_assert_ptr_nonnull(strstr(layout("mask_cpu:zz", 1, 1), "--cpu-bind"));
}
END_TEST

START_TEST(an_unknown_word_is_refused_by_name)
{
    set_cores("0");
    ck_assert_str_eq(layout("cores,frogs", 1, 1), "--cpu-bind: unknown value \"frogs\"");
}
END_TEST

START_TEST(more_tasks_than_cores_go_round)
{
    set_cores("0;1");
    ck_assert_str_eq(layout("cores", 5, 1), "0|1|0|1|0");
}
END_TEST

START_TEST(lists_and_masks_are_read_and_written)
{
    cpu_set_t set;
    char text[512];

    ck_assert_int_eq(cpu_list_parse("0-2,5,64", &set), 0);
    cpu_list_format(&set, text, sizeof text);
    ck_assert_str_eq(text, "0-2,5,64");
    cpu_mask_format(&set, text, sizeof text);
    ck_assert_str_eq(text, "0x10000000000000027");
    ck_assert_int_eq(cpu_list_parse("3-1", &set), -1);
    ck_assert_int_eq(cpu_list_parse("1-", &set), -1);
    ck_assert_int_eq(cpu_list_parse("x", &set), -1);
    ck_assert_int_eq(cpu_list_parse("0-4294967295", &set), -1);
    ck_assert_int_eq(cpu_list_parse("", &set), 0);
    cpu_mask_format(&set, text, sizeof text);
    ck_assert_str_eq(text, "0x0");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("bind");
    TCase *t = tcase_create("bind");

    tcase_add_test(t, tasks_that_fill_the_allocation_are_bound_each_to_its_own);
    tcase_add_test(t, otherwise_all_share_what_the_step_has);
    tcase_add_test(t, what_is_asked_for_is_done);
    tcase_add_test(t, map_and_mask_name_places_in_the_allocation);
    tcase_add_test(t, verbose_lines_name_the_kind_as_slurm_does);
    tcase_add_test(t, memory_is_bound_by_task_and_only_to_what_is_there);
    tcase_add_test(t, an_unknown_word_is_refused_by_name);
    tcase_add_test(t, more_tasks_than_cores_go_round);
    tcase_add_test(t, lists_and_masks_are_read_and_written);
    suite_add_tcase(s, t);
    return suite_run(s);
}
