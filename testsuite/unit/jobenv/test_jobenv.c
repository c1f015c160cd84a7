/* test_jobenv.c - the environment of jobs, compared with what Slurm 22.05.8 set for the same
 * commands (see the expectations: "NAME=VALUE" must be there, "!NAME" must not). */
#include "config.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "jobenv/env.h"
#include "jobenv/jobenv.h"
#include "suite.h"
#include "util/mem.h"

START_TEST(environment_keeps_each_name_once)
{
    char *vector[] = { "A=1", "B=x=y", "BAD", "=none", "A=2", NULL };
    struct env *env = env_from_vector(vector);

    ck_assert_uint_eq(env_count(env), 2);
    ck_assert_str_eq(env_get(env, "A"), "2");
    ck_assert_str_eq(env_get(env, "B"), "x=y");
    ck_assert_ptr_null(env_get(env, "BA"));
    env_set(env, "A", "3");
    env_set(env, "no=name", "x");
    env_set(env, "", "x");
    env_set_default(env, "A", "4");
    env_set_default(env, "C", "5");
    env_setf(env, "D", "%d", 7);
    ck_assert_uint_eq(env_count(env), 4);
    ck_assert_str_eq(env_get(env, "A"), "3");
    env_unset(env, "A");
    env_set(env, "C", NULL);
    ck_assert(!env_has(env, "A"));
    ck_assert(!env_has(env, "C"));
    ck_assert_str_eq(env_vector(env)[0], "B=x=y");
    ck_assert_str_eq(env_vector(env)[1], "D=7");
    ck_assert_ptr_null(env_vector(env)[2]);
    env_destroy(env);
}
END_TEST

START_TEST(environment_goes_through_a_blob_unchanged)
{
    static const char blob[] = "A=1\0B=two words\0EMPTY=\0junk\0LAST=x";
    struct env *env = env_from_blob(blob, sizeof blob - 1), *again;
    CLEANUP_FREE char *out = NULL;
    size_t len;

    ck_assert_uint_eq(env_count(env), 4);
    ck_assert_str_eq(env_get(env, "EMPTY"), "");
    ck_assert_str_eq(env_get(env, "LAST"), "x");
    out = env_to_blob(env, &len);
    ck_assert_uint_eq(len, strlen("A=1") + strlen("B=two words") + strlen("EMPTY=") + strlen("LAST=x") + 4);
    again = env_from_blob(out, len);
    ck_assert_str_eq(env_get(again, "B"), "two words");
    env_destroy(env);
    env_destroy(again);
    env = env_from_blob("", 0);
    ck_assert_uint_eq(env_count(env), 0);
    env_destroy(env);
}
END_TEST

START_TEST(many_variables_and_prefixes)
{
    struct env *env = env_create();

    for (int i = 0; i < 1000; i++) {
        CLEANUP_FREE char *name = xasprintf("%s_%d", i % 2 ? "ODD" : "EVEN", i);

        env_set(env, name, "v");
    }
    env_unset_prefix(env, "ODD_");
    ck_assert_uint_eq(env_count(env), 500);
    ck_assert(env_has(env, "EVEN_998"));
    ck_assert_ptr_null(env_vector(env)[500]);
    env_destroy(env);
}
END_TEST

/* ---- what jobs see ---- */

static Wire__NodeAlloc node_a = WIRE__NODE_ALLOC__INIT, node_b = WIRE__NODE_ALLOC__INIT;
static Wire__NodeAlloc *nodes[] = { &node_a, &node_b };
static Wire__AllocInfo alloc;

/* sbatch -N2 -n3 on two nodes of which one gives 2 CPUs and one gives 1 */
static void make_alloc(void)
{
    node_a.name = "pi1";
    node_a.cpus = 2;
    node_b.name = "pi2";
    node_b.cpus = 1;
    wire__alloc_info__init(&alloc);
    alloc.job_id = 9;
    alloc.job_name = "wrap";
    alloc.cluster_name = "ref";
    alloc.partition = "debug";
    alloc.node_list = "pi[1-2]";
    alloc.nodes = nodes;
    alloc.n_nodes = 2;
    alloc.tasks_per_node = "2,1";
    alloc.cpus_per_node = "2,1";
    alloc.uid = 1000;
    alloc.gid = 100;
    alloc.user_name = "alice";
    alloc.submit_host = "head";
    alloc.submit_dir = "/home/alice";
}

static void expect(struct env *env, const char *const *lines)
{
    for (; *lines; lines++) {
        const char *line = *lines;
        CLEANUP_FREE char *name = xstrndup(line, strcspn(line, "="));

        if (*line == '!') {
            ck_assert_msg(!env_has(env, line + 1), "%s is set to '%s'", line + 1, env_get(env, line + 1));
        } else {
            ck_assert_msg(env_has(env, name), "%s is not set", name);
            ck_assert_msg(!strcmp(env_get(env, name), strchr(line, '=') + 1), "%s is '%s', not '%s'", name,
                          env_get(env, name), strchr(line, '=') + 1);
        }
    }
}

START_TEST(batch_script_without_options_sees_what_slurm_sets)
{
    static const char *const want[] = {
        "SLURMD_NODENAME=pi1", "SLURM_CLUSTER_NAME=ref", "SLURM_CPUS_ON_NODE=2", "SLURM_GTIDS=0", "SLURM_JOBID=9",
        "SLURM_JOB_CPUS_PER_NODE=2,1", "SLURM_JOB_GID=100", "SLURM_JOB_ID=9", "SLURM_JOB_NAME=wrap",
        "SLURM_JOB_NODELIST=pi[1-2]", "SLURM_JOB_NUM_NODES=2", "SLURM_JOB_PARTITION=debug", "SLURM_JOB_UID=1000",
        "SLURM_JOB_USER=alice", "SLURM_LOCALID=0", "SLURM_NNODES=2", "SLURM_NODEID=0", "SLURM_NODELIST=pi[1-2]",
        "SLURM_NODE_ALIASES=(null)", "SLURM_PRIO_PROCESS=0", "SLURM_PROCID=0", "SLURM_SUBMIT_DIR=/home/alice",
        "SLURM_SUBMIT_HOST=head", "SLURM_TASKS_PER_NODE=2,1", "SLURM_TOPOLOGY_ADDR=pi1",
        "SLURM_TOPOLOGY_ADDR_PATTERN=node", "HOSTNAME=pi1", "TMPDIR=/tmp",
        "!SLURM_NTASKS", "!SLURM_NPROCS", "!SLURM_CPUS_PER_TASK", "!SLURM_NTASKS_PER_NODE", "!SLURM_MEM_PER_NODE",
        "!SLURM_MEM_PER_CPU", "!SLURM_STEP_ID", "!SLURM_STEPID", "!SLURM_CONF", "!SLURM_JOB_ACCOUNT", "SLURM_JOB_QOS=normal",
        "!SLURM_RESTART_COUNT", "!SLURM_OVERCOMMIT", "!SLURM_DISTRIBUTION", "!SLURM_UMASK", NULL
    };
    struct env *env = env_create();

    jobenv_set_batch(env, &alloc, 0);
    expect(env, want);
    env_destroy(env);
}
END_TEST

START_TEST(batch_script_sees_the_options_that_were_given)
{
    static const char *const want[] = { "SLURM_NTASKS=4", "SLURM_NPROCS=4", "SLURM_NTASKS_PER_NODE=2",
                                        "SLURM_CPUS_PER_TASK=2", "SLURM_MEM_PER_NODE=100", "!SLURM_MEM_PER_CPU",
                                        "SLURM_JOB_ACCOUNT=acc", "SLURM_JOB_QOS=normal", "SLURM_RESTART_COUNT=1",
                                        "SLURM_DISTRIBUTION=cyclic", "SLURM_OVERCOMMIT=1", "TMPDIR=/scratch", NULL };
    struct env *env = env_create();

    alloc.has_num_tasks = alloc.has_ntasks_per_node = alloc.has_cpus_per_task = alloc.has_mem_per_node_mb = 1;
    alloc.num_tasks = 4;
    alloc.ntasks_per_node = alloc.cpus_per_task = 2;
    alloc.mem_per_node_mb = 100;
    alloc.account = "acc";
    alloc.qos = "normal";
    alloc.restart_count = 1;
    alloc.distribution = "cyclic";
    alloc.overcommit = 1;
    env_set(env, "TMPDIR", "/scratch");
    jobenv_set_batch(env, &alloc, 0);
    expect(env, want);
    env_destroy(env);
}
END_TEST

START_TEST(job_submitted_from_within_a_job_sees_nothing_of_that_one)
{
    static const char *const want[] = { "SLURM_JOB_ID=9", "!SLURM_STEP_ID", "!SLURM_STEPID", "!SLURM_NTASKS", "!SLURM_ARRAY_JOB_ID",
                                        "!SLURM_STEP_NODELIST", "!PMIX_RANK", "!PMIX_SERVER_URI2", "!PMI_FD", "!SLURM_MEM_PER_NODE",
                                        "!SLURM_CPUS_PER_TASK", "PMIX_MCA_gds=hash", "SLURM_CONF=/x", "MINE=1", NULL };
    char *vector[] = { "SLURM_JOB_ID=3", "SLURM_STEP_ID=1", "SLURM_STEPID=1", "SLURM_NTASKS=9", "SLURM_ARRAY_JOB_ID=3",
                       "SLURM_STEP_NODELIST=x", "PMIX_RANK=0", "PMIX_SERVER_URI2=y", "PMI_FD=5", "SLURM_MEM_PER_NODE=7",
                       "SLURM_CPUS_PER_TASK=4", "PMIX_MCA_gds=hash", "SLURM_CONF=/x", "MINE=1", NULL };
    struct env *env = env_from_vector(vector);

    jobenv_set_batch(env, &alloc, 0);
    expect(env, want);
    env_destroy(env);
}
END_TEST

START_TEST(salloc_program_knows_the_allocation_but_no_node)
{
    static const char *const want[] = { "SLURM_JOB_ID=9", "SLURM_JOBID=9", "SLURM_NODELIST=pi[1-2]", "SLURM_NNODES=2",
                                        "SLURM_NTASKS=3", "SLURM_NPROCS=3", "SLURM_TASKS_PER_NODE=2,1", "SLURM_NODE_ALIASES=(null)",
                                        "SLURM_SUBMIT_HOST=head", "!SLURMD_NODENAME", "!SLURM_NODEID", "!SLURM_PROCID",
                                        "!SLURM_JOB_UID", "!SLURM_CPUS_ON_NODE", "!SLURM_GTIDS", "!SLURM_TASK_PID", NULL };
    struct env *env = env_create();

    alloc.has_num_tasks = 1;
    alloc.num_tasks = 3;
    jobenv_set_alloc(env, &alloc);
    expect(env, want);
    env_destroy(env);
}
END_TEST

START_TEST(tasks_of_a_step_see_the_step_and_their_place)
{
    static const char *const want[] = {
        "SLURM_STEP_ID=2", "SLURM_STEPID=2", "SLURM_STEP_NODELIST=pi2", "SLURM_STEP_NUM_NODES=1",
        "SLURM_STEP_NUM_TASKS=3", "SLURM_STEP_TASKS_PER_NODE=3", "SLURM_TASKS_PER_NODE=3", "SLURM_NTASKS=3",
        "SLURM_NPROCS=3", "SLURM_NNODES=1", "SLURM_JOB_NUM_NODES=2", "SLURM_NODELIST=pi[1-2]", "SLURM_NODEID=0",
        "SLURMD_NODENAME=pi2", "SLURM_CPUS_ON_NODE=1", "SLURM_GTIDS=0,1,2", "SLURM_PROCID=2", "SLURM_LOCALID=2",
        "SLURM_UMASK=0022", "SLURM_LAUNCH_NODE_IPADDR=10.0.0.1", "SLURM_CPUS_PER_TASK=2", "SLURM_MEM_PER_CPU=20",
        "!SLURM_MEM_PER_NODE", "SLURM_DISTRIBUTION=cyclic", "SLURM_MPI_TYPE=pmix", "SLURM_CPU_BIND=quiet,none",
        "SLURM_CPU_BIND_TYPE=none", "SLURM_CPU_BIND_LIST=", "SLURM_CPU_BIND_VERBOSE=quiet", "SLURM_JOB_UID=1000",
        "SLURM_TASK_PID=4711", NULL
    };
    Wire__StepLayout layout = WIRE__STEP_LAYOUT__INIT;
    Wire__NodeTasks tasks = WIRE__NODE_TASKS__INIT, *task_list[] = { &tasks };
    Wire__NodeAlloc *step_nodes[] = { &node_b };
    Wire__StepSpec spec = WIRE__STEP_SPEC__INIT;
    uint32_t gtids[] = { 0, 1, 2 };
    struct env *env = env_create();

    env_set(env, "SLURM_MEM_PER_NODE", "100");
    layout.node_list = "pi2";
    layout.nodes = step_nodes;
    layout.n_nodes = 1;
    layout.tasks = task_list;
    layout.n_tasks = 1;
    layout.num_tasks = 3;
    layout.tasks_per_node = "3";
    tasks.gtids = gtids;
    tasks.n_gtids = 3;
    spec.has_umask = spec.has_cpus_per_task = spec.has_mem_per_cpu_mb = 1;
    spec.umask = 022;
    spec.cpus_per_task = 2;
    spec.mem_per_cpu_mb = 20;
    spec.distribution = "cyclic";
    spec.mpi = "pmix";
    spec.cpu_bind = "none";
    spec.launch_address = "10.0.0.1";
    jobenv_set_step(env, &alloc, &layout, &spec, 2, 0);
    jobenv_set_task(env, 2, 2);
    jobenv_put_pid(env_vector(env), 4711);
    expect(env, want);
    jobenv_set_task(env, 1, 1);
    jobenv_put_pid(env_vector(env), 4194304);
    ck_assert_str_eq(env_get(env, "SLURM_PROCID"), "1");
    ck_assert_str_eq(env_get(env, "SLURM_TASK_PID"), "4194304");
    env_destroy(env);
}
END_TEST

START_TEST(cpu_bind_is_told_in_its_parts)
{
    static const char *const want[] = { "SLURM_CPU_BIND=verbose,map_cpu:0,1", "SLURM_CPU_BIND_TYPE=map_cpu:",
                                        "SLURM_CPU_BIND_LIST=0,1", "SLURM_CPU_BIND_VERBOSE=verbose", NULL };
    Wire__StepLayout layout = WIRE__STEP_LAYOUT__INIT;
    Wire__StepSpec spec = WIRE__STEP_SPEC__INIT;
    struct env *env = env_create();

    spec.cpu_bind = "verbose,map_cpu:0,1";
    jobenv_set_step(env, &alloc, &layout, &spec, 0, 0);
    expect(env, want);
    env_destroy(env);
}
END_TEST

START_TEST(mpi_is_pinned_to_the_boards_network_unless_the_user_chose)
{
    static const char *const want[] = { "OMPI_MCA_btl_tcp_if_include=10.1.0.0/16", "OMPI_MCA_oob_tcp_if_include=eth1",
                                        "!PRTE_MCA_prte_if_include", NULL };
    char *vector[] = { "OMPI_MCA_oob_tcp_if_include=eth1", "PRTE_MCA_prte_if_exclude=wlan0", NULL };
    struct env *env = env_from_vector(vector);

    alloc.mpi_if_include = "10.1.0.0/16";
    jobenv_set_batch(env, &alloc, 0);
    expect(env, want);
    env_destroy(env);
}
END_TEST

START_TEST(pid_is_put_nowhere_when_there_is_no_room_for_it)
{
    char short_one[] = "SLURM_TASK_PID=1", other[] = "SLURM_TASK_PIDX=          ";
    char *vector[] = { other, short_one, NULL }, *empty[] = { NULL };

    jobenv_put_pid(vector, 4711);
    jobenv_put_pid(empty, 4711);
    ck_assert_str_eq(short_one, "SLURM_TASK_PID=1");
    ck_assert_str_eq(other, "SLURM_TASK_PIDX=          ");
}
END_TEST

START_TEST(login_fills_only_what_is_missing)
{
    static const char *const want[] = { "USER=alice", "LOGNAME=alice", "HOME=/elsewhere", "SHELL=/bin/sh", NULL };
    struct env *env = env_create();

    env_set(env, "HOME", "/elsewhere");
    jobenv_set_login(env, "alice", "/home/alice", "");
    expect(env, want);
    ck_assert(env_has(env, "PATH"));
    env_destroy(env);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("jobenv");
    TCase *tc = tcase_create("env"), *job = tcase_create("job");

    tcase_add_test(tc, environment_keeps_each_name_once);
    tcase_add_test(tc, environment_goes_through_a_blob_unchanged);
    tcase_add_test(tc, many_variables_and_prefixes);
    tcase_add_checked_fixture(job, make_alloc, NULL);
    tcase_add_test(job, batch_script_without_options_sees_what_slurm_sets);
    tcase_add_test(job, batch_script_sees_the_options_that_were_given);
    tcase_add_test(job, job_submitted_from_within_a_job_sees_nothing_of_that_one);
    tcase_add_test(job, salloc_program_knows_the_allocation_but_no_node);
    tcase_add_test(job, tasks_of_a_step_see_the_step_and_their_place);
    tcase_add_test(job, cpu_bind_is_told_in_its_parts);
    tcase_add_test(job, mpi_is_pinned_to_the_boards_network_unless_the_user_chose);
    tcase_add_test(job, pid_is_put_nowhere_when_there_is_no_room_for_it);
    tcase_add_test(job, login_fills_only_what_is_missing);
    suite_add_tcase(suite, tc);
    suite_add_tcase(suite, job);
    return suite_run(suite);
}
