/* main.c - srun: its options, its program, and its run from the first request to the exit code. */
#include "config.h"
#include "srun_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "client/client.h"
#include "conf/client.h"
#include "reactor/reactor.h"
#include "util/error.h"
#include "util/log.h"
#include "util/mem.h"
#include "util/num.h"

static int prepare_program(struct srun *s, struct error *err)
{
    struct job_options *o = &s->options;
    const char *slash;

    if (!s->argc) {
        o->exit_code = EXIT_NUMBER;
        return error_set(err, BRE_INVAL, "fatal: No command given to execute.");
    }
    for (size_t i = 0; i < s->argc; i++)
        if (!strcmp(s->argv[i], ":"))
            return error_set(err, BRE_NOT_SUPPORTED,
                             "heterogeneous steps (\":\") are not supported yet: start an srun for each program");
    slash = strrchr(s->argv[0], '/');
    s->step_name = xstrdup(slash && slash[1] ? slash + 1 : s->argv[0]);
    /* The allocation's name in the environment is not the step's. */
    if (o->job_name && *o->job_name
        && !(s->inside && job_options_source(o, "job-name") == OPT_BY_ENV)) {
        free(s->step_name);
        s->step_name = xstrdup(o->job_name);
    }
    if (o->multi_prog && programs_read(s, s->argv[0], err) < 0)
        return -1;
    return 0;
}

/* srun -c N in an allocation, and no number of tasks anywhere: as many as its CPUs allow. */
static void count_tasks(struct srun *s)
{
    struct job_options *o = &s->options;
    const char *text = getenv("SLURM_JOB_CPUS_PER_NODE");
    uint32_t *counts, total = 0;
    size_t num;

    if (!s->inside || o->num_tasks != OPT_UNSET || job_options_source(o, "nodes") == OPT_BY_CLI || o->nodelist || !o->cpus_per_task
        || job_options_source(o, "cpus-per-task") != OPT_BY_CLI || o->ntasks_per_node != OPT_UNSET || !text
        || counts_parse(text, 65536, &counts, &num, NULL) < 0)
        return;
    for (size_t i = 0; i < num; i++)
        total += counts[i] / o->cpus_per_task;
    free(counts);
    if (total)
        o->num_tasks = total;
}

static int srun_prepare(struct srun *s, int argc, char **argv, struct error *err)
{
    struct job_options *o = &s->options;
    uint32_t rows, cols;
    int first = argc;

    job_options_init(o, CMD_SRUN);
    if (job_options_from_env(o, err) < 0 || job_options_from_args(o, argc, argv, &first, err) < 0)
        return -1;
    if (o->help || o->usage || o->version || (o->mpi && !strcmp(o->mpi, "list")))
        return 0;
    o->exit_code = EXIT_NUMBER;
    s->inside = o->job_id != OPT_UNSET;
    s->argv = argv + first;
    s->argc = (size_t)(argc - first);
    count_tasks(s);
    if (prepare_program(s, err) < 0 || job_options_check(o, err) < 0)
        return -1;
    o->exit_code = exit_error_code();
    if (o->num_tasks == OPT_UNSET && !s->inside)
        o->num_tasks = 1;
    if (o->multi_prog && o->num_tasks != OPT_UNSET && programs_check(s, s->argv[0], o->num_tasks, err) < 0)
        return -1;
    if (o->mpi && *o->mpi && launcher_check(o->mpi, err) < 0)
        return -1;
    if (o->pty && !terminal_size(&rows, &cols)) {
        log_error("ioctl(TIOCGWINSZ): %s", strerror(errno));
        log_error("Not using a pseudo-terminal, disregarding --pty option");
        o->pty = false;
    }
    s->submit_line = submit_line_format(argc, argv);
    return o->test_only ? 0 : streams_read_options(s, o->num_tasks == OPT_UNSET ? UINT32_MAX : o->num_tasks, err);
}

int main(int argc, char **argv)
{
    struct srun s = { .in_fd = -1, .out_fd = -1, .err_fd = -1 };
    struct error err = { 0 };
    int rc = 0;

    log_open("srun", NULL, false);
    if (srun_prepare(&s, argc, argv, &err) < 0) {
        error_log_lines(&err);
        rc = s.options.exit_code;
    } else if (s.options.help) {
        job_options_help(CMD_SRUN, stdout);
    } else if (s.options.usage) {
        job_options_usage(CMD_SRUN, stdout);
    } else if (s.options.version) {
        version_print(stdout);
    } else if (s.options.mpi && !strcmp(s.options.mpi, "list")) {
        rc = launchers_list();
    } else {
        if (s.options.verbose)
            job_options_log_given(&s.options);
        hook_run(&s, s.options.prolog, "prolog_srun");
        rc = srun_run(&s);
        hook_run(&s, s.options.epilog, "epilog_srun");
    }
    streams_fini(&s);
    nodes_fini(&s);
    request_fini(&s);
    job_options_fini(&s.options);
    return rc;
}
