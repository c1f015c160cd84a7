/* test_commands.c - sbatch, srun, salloc and scancel as processes, against a played controller. */
#include "config.h"

#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bramble/constants.h"
#include "munged.h"
#include "rig.h"
#include "suite.h"
#include "util/error.h"
#include "util/mem.h"

static struct rig *rig;

static void setup(void)
{
    rig = rig_create();
    ck_assert_ptr_nonnull(rig);
}

static void teardown(void)
{
    rig_destroy(rig);
}

#define RUN(scenario, input, meanwhile, outcome, ...)                                          \
    rig_run(rig, scenario, (char *[]){ __VA_ARGS__, NULL }, input, meanwhile, outcome)

/* Exit code, or 1000 + signal. */
static int code_of(const struct outcome *o)
{
    return WIFEXITED(o->status) ? WEXITSTATUS(o->status) : 1000 + WTERMSIG(o->status);
}

static int compare_lines(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The lines of text in alphabetical order: tasks write in any order. */
static char *sorted(const char *text)
{
    CLEANUP_FREE char *copy = xstrdup(text);
    char *lines[256], *save = NULL, *result = xmalloc(strlen(text) + 2), *end = result;
    size_t num = 0;

    for (char *line = strtok_r(copy, "\n", &save); line && num < 256; line = strtok_r(NULL, "\n", &save))
        lines[num++] = line;
    qsort(lines, num, sizeof *lines, compare_lines);
    *end = '\0';
    for (size_t i = 0; i < num; i++) {
        end = stpcpy(end, lines[i]);
        end = stpcpy(end, "\n");
    }
    return result;
}

#define OUT_IS(o, expected)                                                                    \
    do {                                                                                       \
        CLEANUP_FREE char *got_ = sorted((o)->out);                                            \
        ck_assert_str_eq(got_, expected);                                                      \
    } while (0)
#define ERR_HAS(o, text) ck_assert_msg(strstr((o)->err, text) != NULL, "stderr lacks '%s': %s", text, (o)->err)

/* ---- srun ---- */

START_TEST(srun_shows_output_and_exits_with_0)
{
    struct scenario sc = { .num_nodes = 2, .num_tasks = 4, .out = "hello from %t\n" };
    struct outcome o;

    RUN(&sc, NULL, NULL, &o, "srun", "-N2", "-n4", "prog", "a b", "\"c;d\"");
    OUT_IS(&o, "hello from 0\nhello from 1\nhello from 2\nhello from 3\n");
    ck_assert_str_eq(o.err, "");
    ck_assert_int_eq(code_of(&o), 0);
    ck_assert_uint_eq(o.alloc->spec->min_nodes, 2);
    ck_assert_uint_eq(o.alloc->spec->num_tasks, 4);
    ck_assert_uint_eq(o.alloc->step->n_argv, 3);
    ck_assert_str_eq(o.alloc->step->argv[1], "a b");
    ck_assert_str_eq(o.alloc->step->argv[2], "\"c;d\"");
    ck_assert_str_eq(o.alloc->step->name, "prog");
    outcome_fini(&o);
}
END_TEST

START_TEST(srun_labels_lines_also_when_they_come_in_pieces)
{
    struct scenario sc = { .num_nodes = 2, .num_tasks = 12, .out = "first\nsecond, unfinished" };
    struct outcome o;

    RUN(&sc, NULL, NULL, &o, "srun", "-N2", "-n12", "-l", "prog");
    ck_assert_ptr_nonnull(strstr(o.out, " 0: first\n"));
    ck_assert_ptr_nonnull(strstr(o.out, "11: first\n"));
    ck_assert_ptr_nonnull(strstr(o.out, " 9: second, unfinished\n"));
    ck_assert_uint_eq(o.out_len, 12 * (strlen("11: first\n") + strlen("11: second, unfinished\n")));
    outcome_fini(&o);
}
END_TEST

START_TEST(srun_groups_ends_and_exits_with_the_highest_code)
{
    struct scenario sc = { .num_nodes = 2, .num_tasks = 4, .status = { 0, 3 << 8, 2 << 8, 2 << 8 } };
    struct outcome o;

    RUN(&sc, NULL, NULL, &o, "srun", "-n4", "prog");
    ERR_HAS(&o, "srun: error: pi1: task 1: Exited with exit code 3\n");
    ERR_HAS(&o, "srun: error: pi2: tasks 2-3: Exited with exit code 2\n");
    ck_assert_int_eq(code_of(&o), 3);
    outcome_fini(&o);
}
END_TEST

START_TEST(srun_names_signals_and_exits_with_128_and_the_highest)
{
    struct scenario sc = { .num_nodes = 1, .num_tasks = 3, .status = { SIGKILL, SIGSEGV, 5 << 8 } };
    struct outcome o;

    RUN(&sc, NULL, NULL, &o, "srun", "-n3", "prog");
    ERR_HAS(&o, "srun: error: pi1: task 0: Killed\n");
    ERR_HAS(&o, "srun: error: pi1: task 1: Segmentation fault\n");
    ERR_HAS(&o, "srun: error: pi1: task 2: Exited with exit code 5\n");
    ERR_HAS(&o, "srun: Force Terminated StepId=12.0\n");
    ck_assert_int_eq(code_of(&o), 128 + SIGSEGV);
    outcome_fini(&o);
}
END_TEST

START_TEST(srun_says_that_it_waits_and_that_it_got_resources)
{
    struct scenario sc = { .num_nodes = 1, .num_tasks = 1, .pending = true };
    struct outcome o;

    RUN(&sc, NULL, NULL, &o, "srun", "prog");
    ck_assert_str_eq(o.err, "srun: job 12 queued and waiting for resources\n"
                            "srun: job 12 has been allocated resources\n");
    outcome_fini(&o);
    RUN(&sc, NULL, NULL, &o, "srun", "-Q", "prog");
    ck_assert_str_eq(o.err, "");
    outcome_fini(&o);
    RUN(&sc, NULL, NULL, &o, "srun", "--jobid=12", "prog");
    ck_assert_str_eq(o.err, "srun: Job 12 step creation temporarily disabled, retrying (Requested nodes are busy)\n"
                            "srun: Step created for job 12\n");
    ck_assert_ptr_nonnull(o.step);
    outcome_fini(&o);
}
END_TEST

START_TEST(the_cluster_is_this_one_or_all_for_every_command)
{
    struct scenario sc = { .num_nodes = 1, .num_tasks = 1 };
    struct outcome o;

    RUN(&sc, NULL, NULL, &o, "srun", "-M", "bramble", "prog");
    ck_assert_int_eq(code_of(&o), 0);
    outcome_fini(&o);
    RUN(&sc, NULL, NULL, &o, "srun", "-M", "elsewhere", "prog");
    ERR_HAS(&o, "srun: error: 'elsewhere' can't be reached now");
    ck_assert_int_eq(code_of(&o), 1);
    ck_assert_uint_eq(o.num_requests, 0);
    outcome_fini(&o);
    RUN(&sc, NULL, NULL, &o, "salloc", "-M", "all", "true");
    ck_assert_int_eq(code_of(&o), 0);
    outcome_fini(&o);
    RUN(&sc, NULL, NULL, &o, "salloc", "-M", "elsewhere", "true");
    ERR_HAS(&o, "salloc: error: 'elsewhere' can't be reached now");
    outcome_fini(&o);
    RUN(&sc, NULL, NULL, &o, "scancel", "-M", "elsewhere", "5");
    ERR_HAS(&o, "scancel: error: 'elsewhere' can't be reached now");
    ck_assert_ptr_null(o.control);
    outcome_fini(&o);
}
END_TEST

START_TEST(immediate_gives_up_when_resources_do_not_come)
{
    struct scenario sc = { .num_nodes = 1, .num_tasks = 1, .pending = true, .never_granted = true };
    struct outcome o;

    setenv("SLURM_EXIT_IMMEDIATE", "9", 1);
    RUN(&sc, NULL, NULL, &o, "srun", "-I1", "prog");
    ck_assert_str_eq(o.err, "srun: error: Unable to allocate resources: Requested nodes are busy: not within 1 s\n");
    ck_assert_int_eq(code_of(&o), 9);
    ck_assert_str_eq(o.control->job_ids[0], "12");
    outcome_fini(&o);
    RUN(&sc, NULL, NULL, &o, "salloc", "-I1", "true");
    ck_assert_str_eq(o.err, "salloc: error: Job submit/allocate failed: Requested nodes are busy: not within 1 s\n"
                            "salloc: Job allocation 12 has been revoked.\n");
    ck_assert_int_eq(code_of(&o), 9);
    outcome_fini(&o);
    unsetenv("SLURM_EXIT_IMMEDIATE");
}
END_TEST

START_TEST(srun_tells_refusals_in_slurms_words)
{
    struct scenario sc = { .refuse = BRE_PART_NAME, .refuse_text = "there is no partition x" };
    struct outcome o;

    RUN(&sc, NULL, NULL, &o, "srun", "-p", "x", "prog");
    ck_assert_str_eq(o.err, "srun: error: Unable to allocate resources: Invalid partition name specified: "
                            "there is no partition x\n");
    ck_assert_int_eq(code_of(&o), 1);
    outcome_fini(&o);
    sc.refuse = BRE_JOB_ID;
    setenv("SLURM_JOB_ID", "99", 1);
    RUN(&sc, NULL, NULL, &o, "srun", "prog");
    unsetenv("SLURM_JOB_ID");
    ck_assert_str_eq(o.err, "srun: error: Unable to confirm allocation for job 99: Invalid job id specified\n"
                            "srun: Check SLURM_JOB_ID environment variable. Expired or invalid job 99\n");
    outcome_fini(&o);
}
END_TEST

/* The controller is restarted while srun asks, waits, runs, and collects. */
START_TEST(srun_carries_on_over_a_restart_of_the_controller)
{
    static const enum rig_cut cuts[] = { CUT_ON_REQUEST, CUT_WHILE_PENDING, CUT_BEFORE_END };
    struct scenario sc = { .num_nodes = 2, .num_tasks = 2, .out = "x\n", .status = { 0, 7 << 8 },
                           .cut = cuts[_i], .pending = cuts[_i] == CUT_WHILE_PENDING };
    struct outcome o;

    RUN(&sc, NULL, NULL, &o, "srun", "-N2", "prog");
    OUT_IS(&o, "x\nx\n");
    ck_assert_int_eq(code_of(&o), 7);
    ck_assert_uint_eq(o.num_requests, 2);
    ck_assert(cuts[_i] == CUT_ON_REQUEST || o.alloc->resume_job_id == RIG_JOB);
    outcome_fini(&o);
}
END_TEST

START_TEST(srun_dials_a_node_again_that_was_lost_for_a_moment)
{
    struct scenario sc = { .num_nodes = 2, .num_tasks = 2, .out = "back %t\n", .drop_once = true };
    struct outcome o;

    RUN(&sc, NULL, NULL, &o, "srun", "-N2", "prog");
    OUT_IS(&o, "back 0\nback 1\n");
    ck_assert_int_eq(code_of(&o), 0);
    ck_assert_uint_eq(o.num_attached, 4);
    outcome_fini(&o);
}
END_TEST

START_TEST(srun_tells_of_tasks_that_are_lost_with_their_node)
{
    struct scenario sc = { .num_nodes = 2, .num_tasks = 4, .hang = true, .node_fails = true };
    struct outcome o;

    RUN(&sc, NULL, NULL, &o, "srun", "-n4", "prog");
    ck_assert_str_eq(o.err, "srun: error: Node failure on pi1\nsrun: error: pi1: tasks 0-1: nothing is known of the end\n"
                            "srun: error: Node failure on pi2\nsrun: error: pi2: tasks 2-3: nothing is known of the end\n");
    ck_assert_int_eq(code_of(&o), 1);
    outcome_fini(&o);
}
END_TEST

START_TEST(srun_passes_much_output_whole_under_flow_control)
{
    struct scenario sc = { .num_nodes = 2, .num_tasks = 2, .repeat = 1000 };
    CLEANUP_FREE char *block = xmalloc(8001);
    struct outcome o;

    memset(block, 'x', 8000);
    block[7999] = '\n';
    block[8000] = '\0';
    sc.out = block;
    RUN(&sc, NULL, NULL, &o, "srun", "-N2", "prog");
    ck_assert_uint_eq(o.out_len, 2u * 1000 * 8000);
    ck_assert_int_eq(code_of(&o), 0);
    outcome_fini(&o);
}
END_TEST

START_TEST(srun_feeds_every_task_or_the_one_that_is_named)
{
    struct scenario sc = { .num_nodes = 2, .num_tasks = 2, .echo = true };
    CLEANUP_FREE char *input = xmalloc(100001);
    struct outcome o;

    memset(input, 'y', 100000);
    input[99999] = '\n';
    input[100000] = '\0';
    RUN(&sc, input, NULL, &o, "srun", "-N2", "cat");
    ck_assert_uint_eq(o.out_len, 200000);
    outcome_fini(&o);
    RUN(&sc, "line\n", NULL, &o, "srun", "-N2", "-i", "none", "-o", "none", "true");
    outcome_fini(&o);
}
END_TEST

static void interrupt_once_and_end(pid_t pid)
{
    kill(pid, SIGINT);
    usleep(300000);
    kill(pid, SIGTERM);
}

static void interrupt_twice(pid_t pid)
{
    kill(pid, SIGINT);
    usleep(300000);
    kill(pid, SIGINT);
}

static void user_signal(pid_t pid)
{
    kill(pid, SIGUSR1);
    usleep(300000);
    kill(pid, SIGTERM);
}

static void terminate(pid_t pid)
{
    kill(pid, SIGTERM);
}

START_TEST(srun_shows_the_status_at_the_first_interrupt)
{
    struct scenario sc = { .num_nodes = 2, .num_tasks = 4, .hang = true };
    struct outcome o;

    RUN(&sc, NULL, interrupt_once_and_end, &o, "srun", "-n4", "prog");
    ERR_HAS(&o, "srun: interrupt (one more within 1 sec to abort)\nsrun: StepId=12.0 tasks 0-3: running\n");
    ERR_HAS(&o, "srun: forcing job termination\n");
    ERR_HAS(&o, "srun: Job step aborted: Waiting up to 3 seconds for job step to finish.\n");
    ck_assert_str_eq(o.control->job_ids[0], "12.0");
    ck_assert_int_eq(code_of(&o), 128 + SIGTERM);
    outcome_fini(&o);
}
END_TEST

START_TEST(srun_ends_the_step_at_the_second_interrupt)
{
    struct scenario sc = { .num_nodes = 1, .num_tasks = 2, .hang = true };
    struct outcome o;

    RUN(&sc, NULL, interrupt_twice, &o, "srun", "-n2", "prog");
    ERR_HAS(&o, "srun: sending Ctrl-C to StepId=12.0\n");
    ck_assert_uint_ge(o.num_signals, 1);
    ck_assert_int_eq(o.signals[0], SIGINT);
    ERR_HAS(&o, "srun: forcing job termination\n");
    ck_assert_ptr_null(strstr(o.err, "Terminated")); /* as the user wished */
    outcome_fini(&o);
}
END_TEST

START_TEST(srun_forwards_user_signals)
{
    struct scenario sc = { .num_nodes = 1, .num_tasks = 1, .hang = true };
    struct outcome o;

    RUN(&sc, NULL, user_signal, &o, "srun", "prog");
    ck_assert_uint_ge(o.num_signals, 1);
    ck_assert_int_eq(o.signals[0], SIGUSR1);
    outcome_fini(&o);
}
END_TEST

START_TEST(srun_gives_a_pending_allocation_back_when_it_is_ended)
{
    struct scenario sc = { .num_nodes = 1, .num_tasks = 1, .pending = true, .never_granted = true };
    struct outcome o;

    RUN(&sc, NULL, terminate, &o, "srun", "prog");
    ERR_HAS(&o, "srun: Job allocation 12 has been revoked\n");
    ck_assert_ptr_nonnull(o.control);
    ck_assert_str_eq(o.control->job_ids[0], "12");
    ck_assert_int_eq(code_of(&o), 1);
    outcome_fini(&o);
}
END_TEST

START_TEST(srun_opens_plain_files_itself_and_leaves_patterns_to_the_tasks)
{
    struct scenario sc = { .num_nodes = 1, .num_tasks = 2, .out = "%t\n" };
    char dir[] = "/tmp/test_commands.XXXXXX";
    struct outcome o;

    ck_assert_ptr_nonnull(mkdtemp(dir));
    CLEANUP_FREE char *plain = xasprintf("%s/out-%%j", dir), *there = xasprintf("%s/out-12", dir);
    RUN(&sc, NULL, NULL, &o, "srun", "-n2", "-o", plain, "prog");
    ck_assert_str_eq(o.out, "");
    ck_assert_ptr_null(o.alloc->step->std_out);
    ck_assert_int_eq(access(there, R_OK), 0);
    outcome_fini(&o);
    RUN(&sc, NULL, NULL, &o, "srun", "-n2", "-o", "x.%t", "prog");
    ck_assert_str_eq(o.alloc->step->std_out, "x.%t");
    ck_assert_str_eq(o.alloc->step->std_err, "x.%t");
    outcome_fini(&o);
    RUN(&sc, NULL, NULL, &o, "srun", "-n2", "-o", "/nonexistent/x", "prog");
    ERR_HAS(&o, "srun: error: Could not open stdout file: No such file or directory");
    ck_assert_int_eq(code_of(&o), 1);
    ck_assert_uint_eq(o.num_requests, 0);
    outcome_fini(&o);
    unlink(there);
    rmdir(dir);
}
END_TEST

START_TEST(srun_checks_the_file_of_programs)
{
    struct scenario sc = { .num_nodes = 1, .num_tasks = 3 };
    char path[] = "/tmp/test_commands.XXXXXX";
    int fd = mkstemp(path);
    struct outcome o;

    ck_assert_int_eq(dprintf(fd, "# comment\n0,2 prog a %%t\n1 other\n"), 32);
    RUN(&sc, NULL, NULL, &o, "srun", "--multi-prog", path);
    ck_assert_int_eq(code_of(&o), 0);
    ck_assert_uint_eq(o.alloc->spec->num_tasks, 3);
    ck_assert_uint_eq(o.alloc->step->n_multi_prog, 2);
    ck_assert_str_eq(o.alloc->step->multi_prog[0], "0,2 prog a %t");
    outcome_fini(&o);
    RUN(&sc, NULL, NULL, &o, "srun", "-n4", "--multi-prog", path);
    ERR_HAS(&o, "no record for task id 3");
    outcome_fini(&o);
    RUN(&sc, NULL, NULL, &o, "srun", "-n2", "--multi-prog", path);
    ERR_HAS(&o, "Invalid task id, 2 >= ntasks");
    outcome_fini(&o);
    ck_assert_int_gt(dprintf(fd, "0-x prog\n"), 0);
    RUN(&sc, NULL, NULL, &o, "srun", "--multi-prog", path);
    ERR_HAS(&o, "Invalid task range specification");
    outcome_fini(&o);
    close(fd);
    unlink(path);
}
END_TEST

/* ---- sbatch ---- */

START_TEST(sbatch_prints_the_number_of_the_job)
{
    struct scenario sc = { 0 };
    struct outcome o;

    RUN(&sc, "#!/bin/sh\n#SBATCH -n3\ntrue\n", NULL, &o, "sbatch");
    ck_assert_str_eq(o.out, "Submitted batch job 12\n");
    ck_assert_str_eq(o.err, "");
    ck_assert_uint_eq(o.submit->spec->num_tasks, 3);
    ck_assert_str_eq(o.submit->spec->name, "sbatch");
    ck_assert_str_eq(o.submit->spec->std_out, "slurm-%j.out");
    ck_assert_uint_gt(o.submit->spec->n_rlimits, 5);
    ck_assert_uint_gt(o.submit->env.len, 0);
    ck_assert_uint_eq(o.submit->script.len, 27);
    outcome_fini(&o);
    RUN(&sc, NULL, NULL, &o, "sbatch", "--parsable", "--wrap", "true");
    ck_assert_str_eq(o.out, "12\n");
    ck_assert_str_eq(o.submit->spec->name, "wrap");
    outcome_fini(&o);
    RUN(&sc, NULL, NULL, &o, "sbatch", "--parsable", "-M", "bramble", "--wrap", "true");
    ck_assert_str_eq(o.out, "12;bramble\n");
    outcome_fini(&o);
    RUN(&sc, NULL, NULL, &o, "sbatch", "-M", "elsewhere", "--wrap", "true");
    ERR_HAS(&o, "'elsewhere' can't be reached now");
    ck_assert_ptr_null(o.submit);
    outcome_fini(&o);
}
END_TEST

START_TEST(sbatch_tells_refusals_in_slurms_words)
{
    struct scenario sc = { .refuse = BRE_NODE_CONFIG, .refuse_text = "no node has 9 CPUs" };
    struct outcome o;

    setenv("SLURM_EXIT_ERROR", "7", 1);
    RUN(&sc, NULL, NULL, &o, "sbatch", "-c9", "--wrap", "true");
    unsetenv("SLURM_EXIT_ERROR");
    ck_assert_str_eq(o.err, "sbatch: error: Batch job submission failed: Requested node configuration is not "
                            "available: no node has 9 CPUs\n");
    ck_assert_int_eq(code_of(&o), 7);
    outcome_fini(&o);
    RUN(&sc, NULL, NULL, &o, "sbatch", "--test-only", "-c9", "--wrap", "true");
    ERR_HAS(&o, "allocation failure: Requested node configuration is not available");
    ck_assert_int_eq(code_of(&o), 1);
    outcome_fini(&o);
}
END_TEST

START_TEST(sbatch_waits_and_exits_with_the_scripts_code)
{
    static const struct {
        uint32_t status, state;
        int code;
        enum rig_cut cut;
    } cases[] = { { 0, JOB_COMPLETED, 0, CUT_NEVER },       { 3 << 8, JOB_FAILED, 3, CUT_NEVER },
                  { SIGKILL, JOB_FAILED, 1, CUT_NEVER },    { 0, JOB_CANCELLED, 1, CUT_NEVER },
                  { 5 << 8, JOB_FAILED, 5, CUT_WHILE_RUNNING } };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct scenario sc = { .job_status = cases[i].status, .job_state = cases[i].state, .cut = cases[i].cut };
        struct outcome o;

        RUN(&sc, NULL, NULL, &o, "sbatch", "-W", "--wrap", "true");
        ck_assert_str_eq(o.out, "Submitted batch job 12\n");
        ck_assert_int_eq(code_of(&o), cases[i].code);
        outcome_fini(&o);
    }
}
END_TEST

/* ---- salloc ---- */

START_TEST(salloc_runs_a_command_and_gives_the_allocation_back)
{
    struct scenario sc = { .num_nodes = 2, .num_tasks = 2 };
    struct outcome o;

    RUN(&sc, NULL, NULL, &o, "salloc", "-N2", "sh", "-c", "echo $SLURM_JOB_ID $SLURM_JOB_NODELIST; exit 4");
    ck_assert_str_eq(o.out, "12 pi[1-2]\n");
    ck_assert_str_eq(o.err, "salloc: Granted job allocation 12\nsalloc: Relinquishing job allocation 12\n");
    ck_assert_int_eq(code_of(&o), 4);
    ck_assert(o.completed);
    ck_assert_uint_eq(o.complete_status, 4 << 8);
    outcome_fini(&o);
    sc.pending = true;
    RUN(&sc, NULL, NULL, &o, "salloc", "true");
    ck_assert_str_eq(o.err, "salloc: Pending job allocation 12\nsalloc: job 12 queued and waiting for resources\n"
                            "salloc: job 12 has been allocated resources\nsalloc: Granted job allocation 12\n"
                            "salloc: Relinquishing job allocation 12\n");
    outcome_fini(&o);
    sc.pending = false;
    RUN(&sc, NULL, NULL, &o, "salloc", "--no-shell");
    ck_assert_str_eq(o.err, "salloc: Granted job allocation 12\n");
    ck_assert(!o.completed);
    outcome_fini(&o);
    RUN(&sc, NULL, NULL, &o, "salloc", "nosuchcommand");
    ERR_HAS(&o, "salloc: error: _fork_command: Unable to find command \"nosuchcommand\"\n");
    ck_assert_int_eq(code_of(&o), 1);
    ck_assert(o.completed);
    outcome_fini(&o);
}
END_TEST

START_TEST(salloc_cancels_what_it_no_longer_waits_for)
{
    struct scenario sc = { .num_nodes = 1, .num_tasks = 1, .pending = true, .never_granted = true };
    struct outcome o;

    RUN(&sc, NULL, terminate, &o, "salloc", "true");
    ERR_HAS(&o, "salloc: Job allocation 12 has been revoked.\n");
    ck_assert_ptr_nonnull(o.control);
    ck_assert_int_eq(code_of(&o), 1);
    outcome_fini(&o);
}
END_TEST

/* ---- scancel ---- */

START_TEST(scancel_is_silent_about_jobs_that_are_gone_but_not_about_steps_and_signals)
{
    struct scenario sc = { .control_code = BRE_JOB_ID };
    struct outcome o;

    RUN(&sc, NULL, NULL, &o, "scancel", "999");
    ck_assert_str_eq(o.err, "");
    ck_assert_int_eq(code_of(&o), 0);
    outcome_fini(&o);
    RUN(&sc, NULL, NULL, &o, "scancel", "-v", "999");
    ck_assert_str_eq(o.err, "scancel: Terminating job 999\n"
                            "scancel: error: Kill job error on job id 999: Invalid job id specified\n");
    ck_assert_int_eq(code_of(&o), 0);
    outcome_fini(&o);
    RUN(&sc, NULL, NULL, &o, "scancel", "999.0");
    ck_assert_str_eq(o.err, "scancel: error: Kill job error on job step id 999.0: Invalid job id specified\n");
    ck_assert_int_eq(code_of(&o), 1);
    outcome_fini(&o);
    RUN(&sc, NULL, NULL, &o, "scancel", "-s", "USR1", "999");
    ck_assert_str_eq(o.err, "scancel: error: Kill job error on job id 999: Invalid job id specified\n");
    ck_assert_int_eq(code_of(&o), 1);
    outcome_fini(&o);
    sc.control_code = BRE_ACCESS;
    RUN(&sc, NULL, NULL, &o, "scancel", "5", "6");
    ck_assert_str_eq(o.err, "scancel: error: Kill job error on job id 5: Access/permission denied\n"
                            "scancel: error: Kill job error on job id 6: Access/permission denied\n");
    ck_assert_int_eq(code_of(&o), 1);
    outcome_fini(&o);
}
END_TEST

START_TEST(scancel_passes_filters_and_signals_on)
{
    struct scenario sc = { 0 };
    struct outcome o;

    RUN(&sc, NULL, NULL, &o, "scancel", "-t", "pd", "-p", "pi4", "-n", "x", "-w", "pi[1-2]", "--me", "1,2", "3.1");
    ck_assert_uint_eq(o.control->action, JOB_ACTION_CANCEL);
    ck_assert_str_eq(o.control->state, "PENDING");
    ck_assert_str_eq(o.control->partition, "pi4");
    ck_assert_str_eq(o.control->name, "x");
    ck_assert_str_eq(o.control->nodelist, "pi[1-2]");
    ck_assert(o.control->all_mine);
    ck_assert_uint_eq(o.control->n_job_ids, 3);
    ck_assert_str_eq(o.control->job_ids[2], "3.1");
    outcome_fini(&o);
    RUN(&sc, NULL, NULL, &o, "scancel", "--signal", "SIGUSR2", "-b", "4");
    ck_assert_uint_eq(o.control->action, JOB_ACTION_SIGNAL);
    ck_assert_uint_eq(o.control->signal, SIGUSR2);
    ck_assert(o.control->batch_only && !o.control->full);
    outcome_fini(&o);
}
END_TEST

START_TEST(scancel_refuses_what_is_no_job)
{
    static const struct {
        const char *word, *message;
    } cases[] = { { "x", "Invalid job id x" },       { "0", "Invalid job id 0" },
                  { "1.x", "Invalid job id 1.x" },   { "1.batch", "Invalid job id 1.batch" },
                  { "1 2", "Invalid job id 1 2" },   { "4294967296", "Invalid job id 4294967296" },
                  { "--user=nosuch", "Invalid user name: nosuch" },
                  { "--state=foo", "Invalid job state specified: foo" },
                  { "--signal=foo", "Unknown job signal: foo" },
                  { "--signal=0", "Unknown job signal: 0" },
                  { "--hurry", "--hurry is not supported yet" },
                  { "--nodelist=pi[", "Invalid node name specified" },
                  { "--", "No job identification provided" } };
    struct scenario sc = { 0 };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP_FREE char *word = xstrdup(cases[i].word);
        struct outcome o;

        RUN(&sc, NULL, NULL, &o, "scancel", word);
        ERR_HAS(&o, cases[i].message);
        ck_assert_int_eq(code_of(&o), 1);
        ck_assert_ptr_null(o.control);
        outcome_fini(&o);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("commands");
    TCase *tcase = tcase_create("commands");
    struct munged probe;

    unsetenv("SLURM_JOB_ID");
    if (!munged_start(&probe)) {
        printf("SKIP: no munged\n");
        return 77;
    }
    munged_stop(&probe);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, srun_shows_output_and_exits_with_0);
    tcase_add_test(tcase, srun_labels_lines_also_when_they_come_in_pieces);
    tcase_add_test(tcase, srun_groups_ends_and_exits_with_the_highest_code);
    tcase_add_test(tcase, srun_names_signals_and_exits_with_128_and_the_highest);
    tcase_add_test(tcase, srun_says_that_it_waits_and_that_it_got_resources);
    tcase_add_test(tcase, the_cluster_is_this_one_or_all_for_every_command);
    tcase_add_test(tcase, immediate_gives_up_when_resources_do_not_come);
    tcase_add_test(tcase, srun_tells_refusals_in_slurms_words);
    tcase_add_loop_test(tcase, srun_carries_on_over_a_restart_of_the_controller, 0, 3);
    tcase_add_test(tcase, srun_dials_a_node_again_that_was_lost_for_a_moment);
    tcase_add_test(tcase, srun_tells_of_tasks_that_are_lost_with_their_node);
    tcase_add_test(tcase, srun_passes_much_output_whole_under_flow_control);
    tcase_add_test(tcase, srun_feeds_every_task_or_the_one_that_is_named);
    tcase_add_test(tcase, srun_shows_the_status_at_the_first_interrupt);
    tcase_add_test(tcase, srun_ends_the_step_at_the_second_interrupt);
    tcase_add_test(tcase, srun_forwards_user_signals);
    tcase_add_test(tcase, srun_gives_a_pending_allocation_back_when_it_is_ended);
    tcase_add_test(tcase, srun_opens_plain_files_itself_and_leaves_patterns_to_the_tasks);
    tcase_add_test(tcase, srun_checks_the_file_of_programs);
    tcase_add_test(tcase, sbatch_prints_the_number_of_the_job);
    tcase_add_test(tcase, sbatch_tells_refusals_in_slurms_words);
    tcase_add_test(tcase, sbatch_waits_and_exits_with_the_scripts_code);
    tcase_add_test(tcase, salloc_runs_a_command_and_gives_the_allocation_back);
    tcase_add_test(tcase, salloc_cancels_what_it_no_longer_waits_for);
    tcase_add_test(tcase, scancel_is_silent_about_jobs_that_are_gone_but_not_about_steps_and_signals);
    tcase_add_test(tcase, scancel_passes_filters_and_signals_on);
    tcase_add_test(tcase, scancel_refuses_what_is_no_job);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
