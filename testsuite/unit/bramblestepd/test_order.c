/* From the controller's order to what each task is: streams, environment, refusals. */
#include "config.h"
#include "bramble/constants.h"
#include "bramblestepd/order.h"
#include "bramblestepd/task/prolog.h"
#include "suite.h"
#include "util/error.h"

#include <check.h>
#include <fcntl.h>
#include <string.h>

static Wire__ShepherdStart start;
static Wire__StepLaunch launch;
static Wire__AllocInfo alloc;
static Wire__StepLayout layout;
static Wire__StepSpec spec;
static Wire__NodeAlloc nodes[2], *node_list[2] = { &nodes[0], &nodes[1] };
static Wire__NodeTasks tasks[2], *task_list[2] = { &tasks[0], &tasks[1] };
static uint32_t gtids[2][2] = { { 0, 1 }, { 2, 3 } };
static uint8_t key[32];
static char *argv[] = { (char *)"prog", (char *)"arg" };
static char *cores[] = { (char *)"0", (char *)"1" };
static char env[] = "PATH=/bin\0HOME=/h\0X=1";

static void setup(void)
{
    wire__shepherd_start__init(&start);
    wire__step_launch__init(&launch);
    wire__alloc_info__init(&alloc);
    wire__step_layout__init(&layout);
    wire__step_spec__init(&spec);
    start.launch = &launch;
    launch.alloc = &alloc;
    launch.layout = &layout;
    launch.spec = &spec;
    start.spool_dir = (char *)"/run/x";
    start.core_cpus = cores;
    start.n_core_cpus = 2;
    launch.has_step_id = true;
    launch.step_id = 3;
    launch.step_key = (ProtobufCBinaryData){ .data = key, .len = sizeof key };
    launch.argv = argv;
    launch.n_argv = 2;
    launch.env = (ProtobufCBinaryData){ .data = (uint8_t *)env, .len = sizeof env };
    launch.node_index = 1;
    alloc.has_job_id = alloc.has_uid = alloc.has_gid = true;
    alloc.job_id = 12;
    alloc.uid = alloc.gid = 1000;
    alloc.user_name = (char *)"alice";
    alloc.job_name = (char *)"j";
    alloc.node_list = layout.node_list = (char *)"pi[1-2]";
    alloc.nodes = layout.nodes = node_list;
    alloc.n_nodes = layout.n_nodes = 2;
    layout.tasks = task_list;
    layout.n_tasks = 2;
    layout.num_tasks = 4;
    spec.work_dir = (char *)"/w";
    for (int i = 0; i < 2; i++) {
        wire__node_alloc__init(&nodes[i]);
        wire__node_tasks__init(&tasks[i]);
        nodes[i].name = (char *)(i ? "pi2" : "pi1");
        tasks[i].gtids = gtids[i];
        tasks[i].n_gtids = 2;
    }
}

static struct order *made(void)
{
    struct error err = { 0 };
    struct order *o = order_create(&start, &err);

    ck_assert_msg(o != NULL, "%s", err.text);
    return o;
}

static const char *get(const struct order_task *t, const char *name)
{
    size_t len = strlen(name);

    for (char **e = t->env; *e; e++)
        if (!strncmp(*e, name, len) && (*e)[len] == '=')
            return *e + len + 1;
    return NULL;
}

START_TEST(the_tasks_of_this_node_are_taken_from_the_layout)
{
    struct order *o = made();

    ck_assert_uint_eq(o->num_tasks, 2);
    ck_assert_uint_eq(o->tasks[1].gtid, 3);
    ck_assert_str_eq(get(&o->tasks[0], "SLURM_PROCID"), "2");
    ck_assert_str_eq(get(&o->tasks[1], "SLURM_PROCID"), "3");
    ck_assert_str_eq(get(&o->tasks[1], "SLURM_LOCALID"), "1");
    ck_assert_str_eq(get(&o->tasks[1], "X"), "1");
    ck_assert_str_eq(o->tasks[0].argv[1], "arg");
    ck_assert(o->needs_io);
    ck_assert_int_eq(o->tasks[0].out.kind, STREAM_FORWARD);
    order_destroy(o);
}
END_TEST

START_TEST(standard_error_follows_standard_output_into_its_file)
{
    struct order *o;

    spec.std_out = (char *)"out.%t";
    o = made();
    ck_assert_int_eq(o->tasks[0].out.kind, STREAM_FILE);
    ck_assert_str_eq(o->tasks[0].out.path, "/w/out.2");
    ck_assert_int_eq(o->tasks[0].err.kind, STREAM_SAME);
    ck_assert_int_eq(o->tasks[0].in.kind, STREAM_FORWARD);
    ck_assert(o->tasks[0].out.flags & O_TRUNC);
    ck_assert(o->tasks[0].out.flags & O_APPEND);
    order_destroy(o);
}
END_TEST

START_TEST(tasks_that_share_a_file_truncate_it_once)
{
    struct order *o;

    spec.std_out = (char *)"out.%N";
    o = made();
    ck_assert(o->tasks[0].out.flags & O_TRUNC);
    ck_assert(!(o->tasks[1].out.flags & O_TRUNC));
    order_destroy(o);
    spec.open_mode = 'a';
    o = made();
    ck_assert(!(o->tasks[0].out.flags & O_TRUNC));
    order_destroy(o);
}
END_TEST

START_TEST(a_number_names_the_one_task_whose_stream_is_forwarded)
{
    struct order *o;

    spec.std_in = (char *)"3";
    spec.std_out = (char *)"none";
    spec.std_err = (char *)"77"; /* no such task: a file of that name */
    o = made();
    ck_assert_int_eq(o->tasks[0].in.kind, STREAM_NULL);
    ck_assert_int_eq(o->tasks[1].in.kind, STREAM_FORWARD);
    ck_assert_int_eq(o->tasks[1].out.kind, STREAM_NULL);
    ck_assert_str_eq(o->tasks[0].err.path, "/w/77");
    order_destroy(o);
}
END_TEST

START_TEST(a_pty_is_for_the_first_task_alone)
{
    struct order *o;

    spec.pty = true;
    launch.node_index = 0;
    o = made();
    ck_assert_int_eq(o->tasks[0].in.kind, STREAM_FORWARD);
    ck_assert_int_eq(o->tasks[1].in.kind, STREAM_NULL);
    ck_assert_int_eq(o->tasks[1].out.kind, STREAM_NULL);
    order_destroy(o);
}
END_TEST

START_TEST(a_batch_step_runs_its_script_with_files_only)
{
    struct order *o;

    launch.step_id = STEP_BATCH;
    start.script_path = (char *)"/run/x/slurm_script";
    o = made();
    ck_assert(!o->needs_io);
    ck_assert_str_eq(o->tasks[0].argv[0], "/run/x/slurm_script");
    ck_assert_str_eq(o->tasks[0].argv[1], "prog");
    ck_assert_str_eq(o->tasks[0].out.path, "/w/slurm-12.out");
    ck_assert_int_eq(o->tasks[0].err.kind, STREAM_SAME);
    ck_assert_int_eq(o->tasks[0].in.kind, STREAM_NULL);
    ck_assert_ptr_null(get(&o->tasks[0], "SLURM_STEP_ID"));
    order_destroy(o);
}
END_TEST

START_TEST(a_launcher_adds_replaces_and_removes_variables)
{
    struct order *o = made();
    struct order_task *t = &o->tasks[0];
    char add[] = "PMI_FD=7", replace[] = "X=2", remove[] = "HOME", unknown[] = "NOSUCH";
    uint32_t before = t->num_env;

    ck_assert(order_task_setenv(t, add));
    ck_assert(order_task_setenv(t, replace));
    ck_assert(order_task_setenv(t, remove));
    ck_assert(order_task_setenv(t, unknown));
    ck_assert_str_eq(get(t, "PMI_FD"), "7");
    ck_assert_str_eq(get(t, "X"), "2");
    ck_assert_ptr_null(get(t, "HOME"));
    ck_assert_uint_eq(t->num_env, before);
    ck_assert_ptr_null(t->env[t->num_env]);
    order_destroy(o);
}
END_TEST

START_TEST(a_launcher_cannot_add_without_end)
{
    struct order *o = made();
    bool ok = true;

    for (int i = 0; i < 2000 && ok; i++)
        ok = order_task_setenv(&o->tasks[0], arena_printf(&o->arena, "V%d=1", i));
    ck_assert(!ok);
    order_destroy(o);
}
END_TEST

static void collect(void *arg, const char *text, size_t len)
{
    strncat(arg, text, len);
}

static bool task_has(const struct order_task *t, const char *item)
{
    for (uint32_t i = 0; i < t->num_env; i++)
        if (!strcmp(t->env[i], item))
            return true;
    return false;
}

START_TEST(a_task_prologs_lines_set_unset_and_print)
{
    char said[] = "export A=b c\nexport NOVALUE\nunset X\nunset\nprint one\nnoise\n  export B=\nexport =x\nprint two";
    char printed[64] = "";
    struct order *o = made();
    struct order_task *t = &o->tasks[0];

    ck_assert(task_has(t, "X=1"));
    prolog_output_apply(t, said, collect, printed);
    ck_assert(task_has(t, "A=b c"));
    ck_assert(task_has(t, "B="));
    ck_assert(!task_has(t, "X=1"));
    ck_assert(!task_has(t, "NOVALUE"));
    ck_assert(!task_has(t, "=x"));
    ck_assert_str_eq(printed, "one\ntwo");
    order_destroy(o);
}
END_TEST

/* Every way in which an order can be incomplete. */
static void spoil(int how)
{
    static char *bad_cores[] = { (char *)"frogs" };

    switch (how) {
    case 0:
        start.launch = NULL;
        break;
    case 1:
        launch.alloc = NULL;
        break;
    case 2:
        launch.layout = NULL;
        break;
    case 3:
        launch.spec = NULL;
        break;
    case 4:
        launch.node_index = 2;
        break;
    case 5:
        layout.n_tasks = 1;
        break;
    case 6:
        tasks[1].n_gtids = 0;
        break;
    case 7:
        launch.step_key.len = 31;
        break;
    case 8:
        launch.n_argv = 0;
        break;
    case 9:
        start.spool_dir = NULL;
        break;
    case 10:
        start.core_cpus = bad_cores;
        start.n_core_cpus = 1;
        break;
    case 11:
        spec.cpu_bind = (char *)"frogs";
        break;
    case 12:
        launch.step_id = STEP_BATCH; /* without a script */
        break;
    default:
        layout.n_nodes = 0;
    }
}

START_TEST(an_incomplete_order_is_refused)
{
    struct error err = { 0 };

    spoil(_i);
    ck_assert_ptr_null(order_create(&start, &err));
    ck_assert_int_ne(err.code, 0);
    ck_assert_str_ne(err.text, "");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("order");
    TCase *t = tcase_create("order");

    tcase_add_checked_fixture(t, setup, NULL);
    tcase_add_test(t, the_tasks_of_this_node_are_taken_from_the_layout);
    tcase_add_test(t, standard_error_follows_standard_output_into_its_file);
    tcase_add_test(t, tasks_that_share_a_file_truncate_it_once);
    tcase_add_test(t, a_number_names_the_one_task_whose_stream_is_forwarded);
    tcase_add_test(t, a_pty_is_for_the_first_task_alone);
    tcase_add_test(t, a_batch_step_runs_its_script_with_files_only);
    tcase_add_test(t, a_launcher_adds_replaces_and_removes_variables);
    tcase_add_test(t, a_launcher_cannot_add_without_end);
    tcase_add_loop_test(t, an_incomplete_order_is_refused, 0, 14);
    tcase_add_test(t, a_task_prologs_lines_set_unset_and_print);
    suite_add_tcase(s, t);
    return suite_run(s);
}
