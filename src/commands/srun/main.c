/* main.c - srun: its options, its program, and its run from the first request to the exit code. */
#include "config.h"
#include "het.h"
#include "srun_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
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

    if (o->compress && strcasecmp(o->compress, "none")) /* as a Slurm says that was built without the library */
        log_error("Compression type '%s' unknown, disabling compression support.", o->compress);
    o->exit_code = EXIT_NUMBER;
    s->inside = o->job_id != OPT_UNSET;
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

struct call {
    int argc;
    char **argv;
    struct job_components components;
    struct het_plan plan;
};

static int call_read(struct call *call, struct error *err)
{
    return job_components_read(&call->components, CMD_SRUN, NULL, call->argc, call->argv, err);
}

/* The program of a component: its own, or, when it names none, the last one's. */
static char **component_program(struct call *call, size_t component, size_t *num_words)
{
    struct job_component *part = &call->components.parts[component];
    int argc = part->argc - part->first_operand;
    char **operands = part->words + part->first_operand;
    size_t num = 0;

    if (!argc || !strcmp(*operands, ":"))
        operands = job_components_operands(&call->components, &argc);
    while ((int)num < argc && strcmp(operands[num], ":"))
        num++;
    *num_words = num;
    return operands;
}

static void take_component(struct srun *s, struct call *call, size_t component)
{
    struct job_component *part = &call->components.parts[component];

    s->argv = component_program(call, component, &s->argc);
    s->options = part->options;
    memset(&part->options, 0, sizeof part->options); /* they are s's now */
}

static int run(struct call *call, size_t component, const struct het_run *part)
{
    struct srun s = { .in_fd = -1, .out_fd = -1, .err_fd = -1 };
    struct error err = { 0 };
    int rc;

    take_component(&s, call, component);
    if (part) {
        s.het = part;
        s.het_token = call->plan.token;
        s.num_het_jobs = call->plan.num;
        s.het_jobs = xcalloc(call->plan.num, sizeof *s.het_jobs);
        for (size_t i = 0; i < call->plan.num; i++)
            s.het_jobs[i] = call->plan.runs[i].job_id;
        s.options.num_tasks = part->num_tasks;
        if (call->plan.mpi && (!s.options.mpi || !*s.options.mpi)) {
            free(s.options.mpi);
            s.options.mpi = xstrdup(call->plan.mpi);
        }
    }
    if (srun_prepare(&s, call->argc, call->argv, &err) < 0) {
        error_log_lines(&err);
        rc = s.options.exit_code;
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

/* In the environment of another component the variables say other things. */
static int run_in_component(void *arg, const struct het_run *part)
{
    struct call *call = arg;
    struct error err = { 0 };

    job_components_fini(&call->components);
    if (call_read(call, &err) < 0) {
        error_log_lines(&err);
        return call->components.exit_code;
    }
    return run(call, part->component, call->plan.num > 1 ? part : NULL);
}

static const char *program_name(char *const *argv, size_t argc)
{
    const char *slash = argc ? strrchr(argv[0], '/') : NULL;

    return slash && slash[1] ? slash + 1 : argc ? argv[0] : NULL;
}

/* When would each of them start? */
static int test_components(struct call *call)
{
    int rc = 0;

    for (size_t i = 0; i < call->components.num && rc == 0; i++)
        rc = run(call, i, NULL);
    return rc;
}

/* No allocation yet: one for all components, and in it this srun once more. */
static int run_allocation(struct call *call)
{
    struct srun s = { .in_fd = -1, .out_fd = -1, .err_fd = -1 };
    size_t num = call->components.num;
    CLEANUP_FREE struct nest_component *more = xcalloc(num, sizeof *more);
    struct error err = { 0 };
    int rc = -1;

    for (size_t i = 1; i < num; i++) {
        struct job_options *o = &call->components.parts[i].options;
        size_t argc;
        char **argv = component_program(call, i, &argc);

        if (job_options_check(o, &err) < 0)
            break;
        if (o->num_tasks == OPT_UNSET)
            o->num_tasks = 1;
        more[i - 1] = (struct nest_component){ .options = o, .name = program_name(argv, argc) };
    }
    if (!err.code) {
        take_component(&s, call, 0);
        nest_create(&s, call->argv, more, num - 1);
        rc = srun_prepare(&s, call->argc, call->argv, &err);
    }
    if (rc < 0) {
        error_log_lines(&err);
        rc = EXIT_NUMBER;
    } else {
        if (s.options.verbose)
            job_options_log_given(&s.options);
        rc = srun_run(&s);
    }
    streams_fini(&s);
    nodes_fini(&s);
    request_fini(&s);
    job_options_fini(&s.options);
    return rc;
}

static int run_components(struct call *call)
{
    const struct job_options *first = &call->components.parts[0].options;
    struct error err = { 0 };

    if (first->test_only)
        return test_components(call);
    if (!het_size() && first->job_id == OPT_UNSET && call->components.num > 1)
        return run_allocation(call);
    if (het_plan_make(&call->plan, &call->components, &err) < 0) {
        error_log_lines(&err);
        return EXIT_NUMBER;
    }
    if (call->plan.num > 1)
        return het_spread(&call->plan, run_in_component, call);
    het_enter(call->plan.runs[0].group);
    return run_in_component(call, &call->plan.runs[0]);
}

int main(int argc, char **argv)
{
    struct call call = { .argc = argc, .argv = argv };
    const struct job_options *o;
    struct error err = { 0 };
    int rc = 0;

    log_open("srun", NULL, false);
    if (call_read(&call, &err) < 0) {
        error_log_lines(&err);
        rc = call.components.exit_code;
        job_components_fini(&call.components);
        return rc;
    }
    o = &call.components.parts[0].options;
    if (o->help)
        job_options_help(CMD_SRUN, stdout);
    else if (o->usage)
        job_options_usage(CMD_SRUN, stdout);
    else if (o->version)
        version_print(stdout);
    else if (o->mpi && !strcmp(o->mpi, "list"))
        rc = launchers_list();
    else if (call.components.num > 1 || o->het_group)
        rc = run_components(&call);
    else
        rc = run(&call, 0, NULL);
    het_plan_fini(&call.plan);
    job_components_fini(&call.components);
    return rc;
}
