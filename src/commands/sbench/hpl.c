/* hpl.c - sbench hpl: get the nodes, run, judge, print. */
#include "config.h"
#include "hpl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hpl_result.h"
#include "spawn.h"
#include "util/error.h"
#include "util/mem.h"

#define MAX_OUTPUT (8u << 20)
#define MAX_ARGS 64

struct progress {
    uint32_t job_id;
};

/* What salloc and srun say is passed on; the job's id is read from it. */
static void on_error_line(void *arg, const char *line)
{
    static const char granted[] = "salloc: Granted job allocation ";
    struct progress *progress = arg;

    if (!strncmp(line, granted, sizeof granted - 1))
        progress->job_id = (uint32_t)strtoul(line + sizeof granted - 1, NULL, 10);
    fprintf(stderr, "%s\n", line);
}

static void add_arg(char **args, size_t *num, const char *name, const char *value)
{
    if (value)
        args[(*num)++] = xasprintf("%s=%s", name, value);
}

/* salloc OPTIONS self hpl-run ARGUMENTS: the inner role reads the same arguments again. */
static size_t build_command(const struct hpl_options *opts, int argc, char **argv, char **args)
{
    char nodes[16];
    size_t num = 0;

    snprintf(nodes, sizeof nodes, "%u", opts->num_nodes);
    args[num++] = spawn_sibling("salloc");
    add_arg(args, &num, "--job-name", "hpl");
    add_arg(args, &num, "--nodes", nodes);
    add_arg(args, &num, "--partition", opts->partition);
    add_arg(args, &num, "--nodelist", opts->nodelist);
    add_arg(args, &num, "--time", opts->time_limit);
    add_arg(args, &num, "--account", opts->account);
    add_arg(args, &num, "--qos", opts->qos);
    args[num++] = xstrdup("--exclusive");
    args[num++] = spawn_self();
    args[num++] = xstrdup("hpl-run");
    add_arg(args, &num, "--program", opts->program);
    for (int i = 1; i < argc && num < MAX_ARGS - 1; i++)
        args[num++] = xstrdup(argv[i]);
    args[num] = NULL;
    return num;
}

/* The recorded state of a job or step; "" if accounting does not know it. */
static void ask_state(uint32_t job_id, bool step, char *state, size_t size)
{
    CLEANUP_FREE char *sacct = spawn_sibling("sacct");
    CLEANUP_FREE char *id = step ? xasprintf("%u.0", job_id) : xasprintf("%u", job_id);
    CLEANUP_FREE char *text = NULL;
    char *argv[] = { sacct, "--noheader", "--parsable2", step ? "--jobs" : "--allocations", step ? id : "--jobs",
                     step ? "--format=State" : id, step ? NULL : "--format=State", NULL };
    struct error ignored;

    state[0] = '\0';
    if (job_id && spawn_capture(argv, NULL, &text, 65536, NULL, NULL, &ignored) == 0)
        snprintf(state, size, "%.*s", (int)strcspn(text, "\n"), text);
}

static void print_result(const struct hpl_result *result, enum hpl_verdict verdict)
{
    if (result->num_runs)
        printf("%10s %6s %9s %12s %12s %11s  %s\n", "N", "NB", "PxQ", "time", "Gflops", "residual", "verdict");
    for (size_t i = 0; i < result->num_runs; i++) {
        const struct hpl_run *run = &result->runs[i];
        enum hpl_verdict own = !run->checked ? HPL_UNCHECKED : run->passed ? HPL_PASSED : HPL_FAILED;
        char grid[24], residual[24] = "-";

        snprintf(grid, sizeof grid, "%ux%u", run->rows, run->cols);
        if (run->checked)
            snprintf(residual, sizeof residual, "%.3e", run->residual);
        printf("%10u %6u %9s %10.2f s %12.4g %11s  %s\n", run->order, run->block, grid, run->seconds,
               run->gflops, residual, hpl_verdict_name(i + 1 == result->num_runs ? verdict : own));
    }
    if (!result->num_runs)
        printf("HPL gave no result: %s\n", hpl_verdict_name(verdict));
}

static const char *explain(enum hpl_verdict verdict)
{
    switch (verdict) {
    case HPL_PASSED:
        return NULL;
    case HPL_FAILED:
        return "the residual is too large: look for heat, undervoltage or bad memory first";
    case HPL_UNCHECKED:
        return "the program did not check its residual";
    case HPL_INCOMPLETE:
        return "the run ended before its result: see the messages above, or repeat with --verbose";
    case HPL_OOM:
        return "the run was killed for memory: repeat with a smaller --mem-share";
    case HPL_TIMEOUT:
        return "the job reached its time limit: give more with --time, or take --quick";
    case HPL_CANCELLED:
        return "the job was cancelled";
    case HPL_NODE_FAIL:
        return "a node failed during the run";
    }
    return NULL;
}

static int judge(const struct hpl_options *opts, const char *output, const struct progress *progress,
                 int exit_code)
{
    CLEANUP_FREE struct hpl_result *result = xcalloc(1, sizeof *result);
    enum hpl_verdict verdict;
    char state[64];

    hpl_result_parse(result, output);
    verdict = hpl_result_verdict(result);
    ask_state(progress->job_id, true, state, sizeof state);
    verdict = hpl_verdict_with_state(verdict, state, exit_code);
    ask_state(progress->job_id, false, state, sizeof state);
    if (verdict != HPL_OOM)
        verdict = hpl_verdict_with_state(verdict, state, exit_code);
    if (opts->verbose || (verdict == HPL_INCOMPLETE && *output))
        fputs(output, stdout);
    if (result->complaint[0])
        fprintf(stderr, "sbench: %s\n", result->complaint);
    print_result(result, verdict);
    if (explain(verdict))
        fprintf(stderr, "sbench: error: %s\n", explain(verdict));
    return verdict == HPL_PASSED ? 0 : 1;
}

int hpl_main(int argc, char **argv)
{
    struct hpl_options opts;
    struct progress progress = { 0 };
    struct error err = { 0 };
    CLEANUP_FREE char *output = NULL;
    char *args[MAX_ARGS + 16];
    size_t num_args;
    int rc = hpl_options_parse(&opts, argc, argv);

    if (rc)
        return rc < 0;
    if (argc > MAX_ARGS - 24) {
        fputs("sbench: error: too many options\n", stderr);
        return 1;
    }
    num_args = build_command(&opts, argc, argv, args);
    rc = spawn_capture(args, NULL, &output, MAX_OUTPUT, on_error_line, &progress, &err);
    for (size_t i = 0; i < num_args; i++)
        free(args[i]);
    if (rc < 0) {
        fprintf(stderr, "sbench: error: %s\n", err.text);
        rc = 1;
    } else if (opts.dry_run || !progress.job_id) {
        rc = rc != 0; /* salloc and the inner role have said why */
    } else {
        rc = judge(&opts, output, &progress, rc);
    }
    hpl_options_fini(&opts);
    return rc;
}
