/* test_options.c - the option table: values, sources, contradictions, what reaches the wire. */
#include "config.h"

#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "jobenv/env.h"
#include "jobopt/jobopt.h"
#include "jobopt/jobopt_private.h"
#include "suite.h"
#include "util/error.h"
#include "util/log.h"
#include "util/mem.h"

#define WORDS_MAX 40

static enum job_command command_of(const char *name)
{
    return !strcmp(name, "sbatch") ? CMD_SBATCH : !strcmp(name, "srun") ? CMD_SRUN : CMD_SALLOC;
}

/* Options from a line of words, checked as a whole. */
static int read_words(struct job_options *o, enum job_command command, char **words, int num, struct error *err)
{
    char *argv[WORDS_MAX + 2] = { xstrdup("command") };
    int first, rc;

    *err = (struct error){ 0 };
    memcpy(argv + 1, words, (size_t)num * sizeof *words);
    job_options_init(o, command);
    rc = job_options_from_args(o, num + 1, argv, &first, err) < 0 || job_options_check(o, err) < 0 ? -1 : 0;
    free(argv[0]);
    return rc;
}

#define READ(o, command, err, ...)                                                             \
    read_words(o, command, (char *[]){ __VA_ARGS__ },                                          \
               (int)ARRAY_SIZE(((char *[]){ __VA_ARGS__ })), err)

START_TEST(every_bad_value_gets_its_one_clear_message)
{
    CLEANUP_FCLOSE FILE *file = fopen(TEST_DATA "/bad/options/EXPECT", "r");
    char line[4096];
    unsigned count = 0;

    ck_assert_ptr_nonnull(file);
    while (fgets(line, sizeof line, file)) {
        char *words[WORDS_MAX], *rest = line, *word, *message = NULL;
        struct job_options o;
        struct error err;
        int num = 0;

        line[strcspn(line, "\n")] = '\0';
        if (*line == '#')
            continue;
        while ((word = strsep(&rest, "\t"))) {
            if (!strcmp(word, "=>")) {
                message = rest;
                break;
            }
            ck_assert_int_lt(num, WORDS_MAX);
            words[num++] = word;
        }
        ck_assert_ptr_nonnull(message);
        if (geteuid() != 0 && (!strncmp(words[1], "--gid", 5) || !strncmp(words[1], "--uid", 5)))
            message = "only permitted by root user"; /* whatever the value is */
        ck_assert_msg(read_words(&o, command_of(words[0]), words + 1, num - 1, &err) == -1, "%s %s was taken",
                      words[0], words[1]);
        ck_assert_msg(strstr(err.text, message) != NULL, "%s %s: '%s' does not say '%s'", words[0], words[1],
                      err.text, message);
        ck_assert_msg(o.exit_code != 0, "%s %s: exit code 0", words[0], words[1]);
        job_options_fini(&o);
        count++;
    }
    ck_assert_uint_gt(count, 200);
}
END_TEST

START_TEST(each_refused_option_is_refused_by_name_with_a_way_out)
{
    static const enum job_command commands[] = { CMD_SBATCH, CMD_SRUN, CMD_SALLOC };

    for (size_t c = 0; c < ARRAY_SIZE(commands); c++) {
        const struct job_option *rows[JOB_OPTION_ROWS_MAX];
        size_t num = job_option_rows(commands[c], rows), refused = 0;

        for (size_t i = 0; i < num; i++) {
            CLEANUP_FREE char *word = xasprintf("--%s%s", rows[i]->name, rows[i]->arg == ARG_REQUIRED ? "=x" : "");
            CLEANUP_FREE char *expected = xasprintf("--%s is not supported yet: ", rows[i]->name);
            struct job_options o;
            struct error err;

            if (!rows[i]->refused)
                continue;
            refused++;
            ck_assert_int_eq(READ(&o, commands[c], &err, word), -1);
            ck_assert_msg(!strncmp(err.text, expected, strlen(expected)), "%s", err.text);
            ck_assert_uint_gt(strlen(err.text), strlen(expected) + 8);
            job_options_fini(&o);
        }
        ck_assert_uint_gt(refused, 5);
    }
}
END_TEST

START_TEST(each_row_is_either_done_or_refused_and_named_once)
{
    static const enum job_command commands[] = { CMD_SBATCH, CMD_SRUN, CMD_SALLOC };

    for (size_t c = 0; c < ARRAY_SIZE(commands); c++) {
        const struct job_option *rows[JOB_OPTION_ROWS_MAX];
        size_t num = job_option_rows(commands[c], rows);

        for (size_t i = 0; i < num; i++) {
            ck_assert_msg(!rows[i]->parse != !rows[i]->refused, "--%s", rows[i]->name);
            ck_assert_msg(rows[i]->refused || rows[i]->hidden || rows[i]->help, "--%s has no help", rows[i]->name);
            ck_assert_msg(rows[i]->refused || rows[i]->hidden || rows[i]->arg == ARG_NONE || rows[i]->arg_name,
                          "--%s has no argument name", rows[i]->name);
            if (i)
                ck_assert_str_ne(rows[i]->name, rows[i - 1]->name);
            for (size_t k = 0; k < i; k++)
                ck_assert_msg(!rows[i]->letter || rows[i]->letter != rows[k]->letter, "-%c is --%s and --%s",
                              rows[i]->letter, rows[i]->name, rows[k]->name);
        }
    }
}
END_TEST

START_TEST(values_reach_the_job_spec)
{
    Wire__JobSpec spec = WIRE__JOB_SPEC__INIT;
    struct job_options o;
    struct error err;

    ck_assert_int_eq(READ(&o, CMD_SBATCH, &err, "-N2-4", "-n", "8", "-c2", "--mem=2G", "-t", "1-2:30", "-J", "name",
                          "-p", "pi4,pi5", "-C", "pi4&64bit", "--exclusive", "-H", "--nice", "--begin=now+1hour",
                          "--signal=B:USR2@30", "-d", "afterok:5:6", "--no-requeue"),
                     0);
    job_options_job_spec(&o, &spec);
    ck_assert_uint_eq(spec.min_nodes, 2);
    ck_assert_uint_eq(spec.max_nodes, 4);
    ck_assert_uint_eq(spec.num_tasks, 8);
    ck_assert_uint_eq(spec.cpus_per_task, 2);
    ck_assert_uint_eq(spec.mem_per_node_mb, 2048);
    ck_assert(!spec.has_mem_per_cpu_mb);
    ck_assert_uint_eq(spec.time_limit_min, 26 * 60 + 30);
    ck_assert_str_eq(spec.name, "name");
    ck_assert_str_eq(spec.partition, "pi4,pi5");
    ck_assert_str_eq(spec.features, "pi4&64bit");
    ck_assert(spec.exclusive && spec.hold && spec.has_requeue && !spec.requeue);
    ck_assert_int_eq(spec.nice, 100);
    ck_assert(spec.has_begin_time);
    ck_assert_uint_eq(spec.warn_signal, SIGUSR2);
    ck_assert_uint_eq(spec.warn_time_sec, 30);
    ck_assert_uint_eq(spec.warn_flags, 1);
    ck_assert_str_eq(spec.dependency, "afterok:5:6");
    ck_assert(!spec.has_priority && !spec.has_deadline && !spec.has_ntasks_per_node);
    job_options_fini(&o);
}
END_TEST

START_TEST(the_last_of_doubled_options_counts)
{
    struct job_options o;
    struct error err;

    ck_assert_int_eq(READ(&o, CMD_SBATCH, &err, "-N1", "-N2", "--requeue", "--no-requeue", "--exclusive", "-s"), 0);
    ck_assert_uint_eq(o.min_nodes, 2);
    ck_assert(o.no_requeue && !o.requeue);
    ck_assert(o.oversubscribe && !o.exclusive);
    job_options_fini(&o);
}
END_TEST

START_TEST(long_options_may_be_abbreviated_and_operands_end_them)
{
    char program[] = "/usr/bin/srun", depend[] = "--depend=afterany:4", quiet[] = "--quie", prog[] = "prog",
         n[] = "-n", three[] = "3";
    char *argv[] = { program, depend, quiet, prog, n, three, NULL };
    struct job_options o;
    struct error err;
    int first = 0;

    job_options_init(&o, CMD_SRUN);
    ck_assert_int_eq(job_options_from_args(&o, 6, argv, &first, &err), 0);
    ck_assert_int_eq(first, 3);
    ck_assert_str_eq(o.dependency, "afterany:4");
    ck_assert_uint_eq(o.quiet, 1);
    ck_assert_uint_eq(o.num_tasks, OPT_UNSET);
    job_options_fini(&o);
}
END_TEST

START_TEST(variables_are_overridden_by_the_command_line_and_override_the_script)
{
    static const char script[] = "#!/bin/sh\n#SBATCH -t 1 -p script -J script\ntrue\n#SBATCH -n 9\n";
    char program[] = "sbatch", name[] = "-Jcli";
    char *argv[] = { program, name, NULL };
    struct job_options o;
    struct error err;
    bool found;
    int first;

    setenv("SBATCH_PARTITION", "env", 1);
    setenv("SBATCH_JOB_NAME", "env", 1);
    setenv("SBATCH_OVERCOMMIT", "no", 1);
    job_options_init(&o, CMD_SBATCH);
    ck_assert_int_eq(job_options_from_script(&o, script, sizeof script - 1, "x.sh", 0, &found, &err), 0);
    ck_assert_int_eq(job_options_from_env(&o, &err), 0);
    ck_assert_int_eq(job_options_from_args(&o, 2, argv, &first, &err), 0);
    ck_assert_uint_eq(o.time_limit_min, 1);
    ck_assert_str_eq(o.partition, "env");
    ck_assert_str_eq(o.job_name, "cli");
    ck_assert(!o.overcommit);
    ck_assert_uint_eq(o.num_tasks, OPT_UNSET); /* behind the first command */
    ck_assert_int_eq(job_options_source(&o, "time"), OPT_BY_SCRIPT);
    ck_assert_int_eq(job_options_source(&o, "partition"), OPT_BY_ENV);
    ck_assert_int_eq(job_options_source(&o, "job-name"), OPT_BY_CLI);
    job_options_fini(&o);
}
END_TEST

START_TEST(flags_are_switched_on_by_empty_yes_and_numbers_but_zero)
{
    static const struct {
        const char *value;
        bool on;
    } cases[] = { { "", true }, { "yes", true }, { "1", true }, { "7", true },
                  { "0", false }, { "no", false }, { "foo", false } };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct job_options o;
        struct error err;

        setenv("SLURM_LABELIO", cases[i].value, 1);
        job_options_init(&o, CMD_SRUN);
        ck_assert_int_eq(job_options_from_env(&o, &err), 0);
        ck_assert_msg(o.label == cases[i].on, "SLURM_LABELIO='%s'", cases[i].value);
        job_options_fini(&o);
    }
}
END_TEST

START_TEST(a_bad_variable_is_named_in_the_message)
{
    struct job_options o;
    struct error err;

    setenv("SLURM_TIMELIMIT", "abc", 1);
    job_options_init(&o, CMD_SRUN);
    ck_assert_int_eq(job_options_from_env(&o, &err), -1);
    ck_assert_ptr_nonnull(strstr(err.text, "Invalid --time specification"));
    ck_assert_ptr_nonnull(strstr(err.text, "SLURM_TIMELIMIT"));
    job_options_fini(&o);
}
END_TEST

START_TEST(memory_from_a_variable_yields_to_memory_that_was_asked_for)
{
    char program[] = "sbatch", mem[] = "--mem=10";
    char *argv[] = { program, mem, NULL };
    struct job_options o;
    struct error err;
    int first;

    setenv("SBATCH_MEM_PER_CPU", "100", 1);
    job_options_init(&o, CMD_SBATCH);
    ck_assert_int_eq(job_options_from_env(&o, &err), 0);
    ck_assert_int_eq(job_options_from_args(&o, 2, argv, &first, &err), 0);
    ck_assert_int_eq(job_options_check(&o, &err), 0);
    ck_assert_uint_eq(o.mem_per_node_mb, 10);
    ck_assert_uint_eq(o.mem_per_cpu_mb, OPT_UNSET64);
    job_options_fini(&o);
}
END_TEST

/* mpirun inside a batch job: --ntasks-per-node of the script is in the environment. */
START_TEST(launchers_of_openmpi_and_hydra_get_what_they_ask_for)
{
    struct job_options o;
    struct error err;
    Wire__StepSpec step = WIRE__STEP_SPEC__INIT;
    char program[] = "srun", tpn[] = "--ntasks-per-node=1", kill[] = "--kill-on-bad-exit", mpi[] = "--mpi=none",
         nodes[] = "--nodes=1", list[] = "--nodelist=pi2", tasks[] = "--ntasks=1", orted[] = "orted",
         mca[] = "-mca", ess[] = "ess", quoted[] = "\"slurm\"", uri[] = "a;b";
    char *argv[] = { program, tpn, kill, mpi, nodes, list, tasks, orted, mca, ess, quoted, uri, NULL };
    int first;

    setenv("SLURM_JOB_ID", "12", 1);
    setenv("SLURM_NNODES", "2", 1);
    setenv("SLURM_NTASKS", "4", 1);
    setenv("SLURM_NTASKS_PER_NODE", "2", 1);
    setenv("SLURM_CPU_BIND", "none", 1);
    job_options_init(&o, CMD_SRUN);
    ck_assert_int_eq(job_options_from_env(&o, &err), 0);
    ck_assert_int_eq(job_options_from_args(&o, 12, argv, &first, &err), 0);
    ck_assert_int_eq(job_options_check(&o, &err), 0);
    ck_assert_int_eq(first, 7);
    ck_assert_str_eq(argv[first + 3], "\"slurm\"");
    ck_assert_uint_eq(o.job_id, 12);
    job_options_step_spec(&o, &step);
    ck_assert_uint_eq(step.min_nodes, 1);
    ck_assert_uint_eq(step.max_nodes, 1);
    ck_assert_uint_eq(step.num_tasks, 1);
    ck_assert_uint_eq(step.ntasks_per_node, 1);
    ck_assert_str_eq(step.nodelist, "pi2");
    ck_assert_str_eq(step.mpi, "none");
    ck_assert_str_eq(step.cpu_bind, "none");
    ck_assert(step.kill_on_bad_exit);
    job_options_fini(&o);
}
END_TEST

START_TEST(tasks_follow_from_nodes_and_tasks_a_node)
{
    struct job_options o;
    struct error err;

    ck_assert_int_eq(READ(&o, CMD_SALLOC, &err, "-N2", "--ntasks-per-node=3"), 0);
    ck_assert_uint_eq(o.num_tasks, 6);
    job_options_fini(&o);
    ck_assert_int_eq(READ(&o, CMD_SRUN, &err, "-N3"), 0);
    ck_assert_uint_eq(o.num_tasks, 3);
    job_options_fini(&o);
    ck_assert_int_eq(READ(&o, CMD_SBATCH, &err, "-N3"), 0);
    ck_assert_uint_eq(o.num_tasks, OPT_UNSET);
    job_options_fini(&o);
    ck_assert_int_eq(READ(&o, CMD_SBATCH, &err, "-N2", "-n1"), 0); /* with a warning */
    ck_assert_uint_eq(o.min_nodes, 1);
    job_options_fini(&o);
    ck_assert_int_eq(READ(&o, CMD_SRUN, &err, "-w", "pi[1-3]"), 0);
    ck_assert_uint_eq(o.min_nodes, 3);
    ck_assert_uint_eq(o.num_tasks, 3);
    job_options_fini(&o);
}
END_TEST

static char *env_of(const char *export_text, const char *name)
{
    char a[] = "A=1", b[] = "B=2 3", slurm[] = "SLURM_CONF=x", path[] = "PATH=/bin";
    char *envp[] = { a, b, slurm, path, NULL };
    struct job_options o;
    struct error err;
    struct env *env;
    char *value;

    job_options_init(&o, CMD_SRUN);
    o.export_text = xstrdup(export_text);
    env = job_options_env(&o, envp, NULL, &err);
    ck_assert_ptr_nonnull(env);
    value = xstrdup(env_get(env, name));
    env_destroy(env);
    job_options_fini(&o);
    return value;
}

#define ENV_IS(export_text, name, expected)                                                    \
    do {                                                                                       \
        CLEANUP_FREE char *got_ = env_of(export_text, name);                                   \
        ck_assert_pstr_eq(got_, expected);                                                     \
    } while (0)

START_TEST(export_chooses_variables)
{
    ENV_IS(NULL, "A", "1");
    ENV_IS("ALL", "B", "2 3");
    ENV_IS("NONE", "A", NULL);
    ENV_IS("NONE", "SLURM_CONF", "x");
    ENV_IS("A", "A", "1");
    ENV_IS("A", "B", NULL);
    ENV_IS("A,SLURM_CONF", "PATH", NULL);
    ENV_IS("ALL,C=4", "A", "1");
    ENV_IS("ALL,C=4", "C", "4");
    ENV_IS("C=x=y", "C", "x=y");
    ENV_IS("C='a,b',A", "C", "a,b");
    ENV_IS("C='a,b',A", "A", "1");
    ENV_IS("ALL,A=9", "A", "9");
    ENV_IS("NOSUCH", "NOSUCH", NULL);
}
END_TEST

START_TEST(signals_have_names_and_numbers)
{
    char buf[16];

    ck_assert_int_eq(signal_parse("TERM"), SIGTERM);
    ck_assert_int_eq(signal_parse("SIGTERM"), SIGTERM);
    ck_assert_int_eq(signal_parse("sigusr1"), SIGUSR1);
    ck_assert_int_eq(signal_parse("9"), SIGKILL);
    ck_assert_int_eq(signal_parse("0"), -1);
    ck_assert_int_eq(signal_parse("65"), -1);
    ck_assert_int_eq(signal_parse(""), -1);
    ck_assert_int_eq(signal_parse("SIG"), -1);
    ck_assert_str_eq(signal_name(SIGHUP, buf), "HUP");
    ck_assert_str_eq(signal_name(40, buf), "40");
}
END_TEST

START_TEST(the_submit_line_is_bounded)
{
    CLEANUP_FREE char *big = xmalloc(200001);
    char program[] = "sbatch";
    char *argv[] = { program, big, NULL };

    memset(big, 'x', 200000);
    big[200000] = '\0';
    CLEANUP_FREE char *line = submit_line_format(2, argv);
    ck_assert_uint_eq(strlen(line), 65535);
}
END_TEST

START_TEST(names_of_64_kib_are_refused)
{
    CLEANUP_FREE char *name = xmalloc(65536 + 3);
    struct job_options o;
    struct error err;

    memset(name, 'x', 65536 + 2);
    memcpy(name, "-J", 2);
    name[65536 + 2] = '\0';
    ck_assert_int_eq(READ(&o, CMD_SBATCH, &err, name), -1);
    ck_assert_ptr_nonnull(strstr(err.text, "parameter too long"));
    job_options_fini(&o);
}
END_TEST

static void quiet_setup(void)
{
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

    log_open("test", "/dev/null", false);
    dup2(null, STDERR_FILENO); /* getopt speaks for itself */
    close(null);
    for (char **names = (char *[]){ "SLURM_JOB_ID", "SLURM_NNODES", "SLURM_NTASKS", "SLURM_CONF", NULL }; *names;
         names++)
        unsetenv(*names);
}

int main(void)
{
    Suite *suite = suite_create("jobopt/options");
    TCase *tcase = tcase_create("options");

    tcase_add_checked_fixture(tcase, quiet_setup, NULL);
    tcase_add_test(tcase, every_bad_value_gets_its_one_clear_message);
    tcase_add_test(tcase, each_refused_option_is_refused_by_name_with_a_way_out);
    tcase_add_test(tcase, each_row_is_either_done_or_refused_and_named_once);
    tcase_add_test(tcase, values_reach_the_job_spec);
    tcase_add_test(tcase, the_last_of_doubled_options_counts);
    tcase_add_test(tcase, long_options_may_be_abbreviated_and_operands_end_them);
    tcase_add_test(tcase, variables_are_overridden_by_the_command_line_and_override_the_script);
    tcase_add_test(tcase, flags_are_switched_on_by_empty_yes_and_numbers_but_zero);
    tcase_add_test(tcase, a_bad_variable_is_named_in_the_message);
    tcase_add_test(tcase, memory_from_a_variable_yields_to_memory_that_was_asked_for);
    tcase_add_test(tcase, launchers_of_openmpi_and_hydra_get_what_they_ask_for);
    tcase_add_test(tcase, tasks_follow_from_nodes_and_tasks_a_node);
    tcase_add_test(tcase, export_chooses_variables);
    tcase_add_test(tcase, signals_have_names_and_numbers);
    tcase_add_test(tcase, the_submit_line_is_bounded);
    tcase_add_test(tcase, names_of_64_kib_are_refused);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
