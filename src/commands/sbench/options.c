/* options.c - the options of sbench hpl, shared by its two outer roles. */
#include "config.h"
#include "hpl.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hpl_plan.h"
#include "spawn.h"
#include "util/error.h"
#include "util/mem.h"
#include "util/num.h"

enum { OPT_SHARE = 256, OPT_ORDER, OPT_BLOCK, OPT_GRID, OPT_THRESHOLD, OPT_PROGRAM, OPT_MPI, OPT_MIXED,
       OPT_QUICK, OPT_FULL, OPT_RANKS };

static const struct option long_options[] = {
    { "partition", required_argument, NULL, 'p' },
    { "nodes", required_argument, NULL, 'N' },
    { "nodelist", required_argument, NULL, 'w' },
    { "time", required_argument, NULL, 't' },
    { "account", required_argument, NULL, 'A' },
    { "qos", required_argument, NULL, 'q' },
    { "ntasks-per-node", required_argument, NULL, OPT_RANKS },
    { "mem-share", required_argument, NULL, OPT_SHARE },
    { "quick", no_argument, NULL, OPT_QUICK },
    { "full", no_argument, NULL, OPT_FULL },
    { "problem-size", required_argument, NULL, OPT_ORDER },
    { "block-size", required_argument, NULL, OPT_BLOCK },
    { "grid", required_argument, NULL, OPT_GRID },
    { "threshold", required_argument, NULL, OPT_THRESHOLD },
    { "program", required_argument, NULL, OPT_PROGRAM },
    { "mpi", required_argument, NULL, OPT_MPI },
    { "mixed", no_argument, NULL, OPT_MIXED },
    { "dry-run", no_argument, NULL, 'n' },
    { "verbose", no_argument, NULL, 'v' },
    { "help", no_argument, NULL, 'h' },
    { NULL, 0, NULL, 0 },
};

void hpl_usage(void)
{
    fputs("Usage: sbench hpl [OPTION]...\n"
          "Run High Performance Linpack on nodes of one hardware class and check its result.\n"
          "\n"
          "  -p, --partition=NAME       partition to take the nodes from\n"
          "  -N, --nodes=N              nodes to run on (default 1)\n"
          "  -w, --nodelist=LIST        these nodes\n"
          "  -t, --time=TIME            time limit of the job\n"
          "  -A, --account=NAME  -q, --qos=NAME\n"
          "      --mem-share=SHARE      share of the smallest node's memory to fill, 0.01 to 0.95\n"
          "      --full                 the share for the class: 0.65 to 0.80 (the default)\n"
          "      --quick                a share of 0.15\n"
          "      --problem-size=N  --block-size=NB  --grid=PxQ\n"
          "                             set these in place of choosing them\n"
          "      --ntasks-per-node=N    ranks on each node (default: one a core)\n"
          "      --threshold=X          largest residual that passes (default 16.0)\n"
          "      --program=PATH         xhpl or hpcc on the nodes\n"
          "      --mpi=NAME             launcher for srun (default pmix)\n"
          "      --mixed                allow nodes of several hardware classes\n"
          "  -n, --dry-run              say what would run, and stop\n"
          "  -v, --verbose              show HPL's own output, too\n"
          "  -h, --help\n",
          stdout);
}

static int parse_real(const char *text, double min, double max, double *value, const char *what,
                      struct error *err)
{
    char *end;
    double got = strtod(text, &end);

    if (!*text || *end || !(got >= min && got <= max))
        return error_set(err, BRE_INVAL, "%s: '%s' is not a number from %g to %g", what, text, min, max);
    *value = got;
    return 0;
}

static int parse_grid(const char *text, struct hpl_options *opts, struct error *err)
{
    CLEANUP_FREE char *copy = xstrdup(text);
    char *x = strchr(copy, 'x');

    if (!x)
        return error_set(err, BRE_INVAL, "--grid: '%s' is not of the form PxQ, such as 2x4", text);
    *x++ = '\0';
    if (num_parse_u32(copy, 1, 100000, &opts->rows, "--grid", err) < 0)
        return -1;
    return num_parse_u32(x, 1, 100000, &opts->cols, "--grid", err);
}

static int take_option(struct hpl_options *opts, int opt, struct error *err)
{
    switch (opt) {
    case 'p':
        opts->partition = optarg;
        return 0;
    case 'w':
        opts->nodelist = optarg;
        return 0;
    case 't':
        opts->time_limit = optarg;
        return 0;
    case 'A':
        opts->account = optarg;
        return 0;
    case 'q':
        opts->qos = optarg;
        return 0;
    case 'n':
        opts->dry_run = true;
        return 0;
    case 'v':
        opts->verbose = true;
        return 0;
    case 'N':
        return num_parse_u32(optarg, 1, 65536, &opts->num_nodes, "--nodes", err);
    case OPT_RANKS:
        return num_parse_u32(optarg, 1, 4096, &opts->ranks_per_node, "--ntasks-per-node", err);
    case OPT_SHARE:
        return parse_real(optarg, 0.01, 0.95, &opts->share, "--mem-share", err);
    case OPT_QUICK:
        opts->share = HPL_QUICK_SHARE;
        return 0;
    case OPT_FULL:
        opts->share = 0;
        return 0;
    case OPT_ORDER:
        return num_parse_u32(optarg, 64, 2000000, &opts->order, "--problem-size", err);
    case OPT_BLOCK:
        return num_parse_u32(optarg, 8, 1024, &opts->block, "--block-size", err);
    case OPT_GRID:
        return parse_grid(optarg, opts, err);
    case OPT_THRESHOLD:
        /* 0 or less would make HPL skip its check */
        return parse_real(optarg, 0.001, 1000, &opts->threshold, "--threshold", err);
    case OPT_PROGRAM:
        free(opts->program);
        opts->program = xstrdup(optarg);
        return 0;
    case OPT_MPI:
        opts->mpi = optarg;
        return 0;
    case OPT_MIXED:
        opts->mixed = true;
        return 0;
    default:
        return error_set(err, BRE_INVAL, "unknown option");
    }
}

static char *program_in_path(const char *name)
{
    const char *path = getenv("PATH");

    for (const char *at = path ? path : ""; *at;) {
        size_t len = strcspn(at, ":");
        CLEANUP_FREE char *full = xasprintf("%.*s/%s", (int)len, at, name);

        if (len && access(full, X_OK) == 0)
            return TAKE(full);
        at += len + (at[len] == ':');
    }
    return NULL;
}

/* The program this project's contrib/hpl/build makes, a site's own xhpl, Debian's hpcc. */
static char *find_program(void)
{
    const char *home = getenv("HOME"), *cache = getenv("XDG_CACHE_HOME"), *given = getenv("BRAMBLE_HPL");
    CLEANUP_FREE char *cached = cache && *cache ? xasprintf("%s/bramble/hpl/xhpl", cache)
                                                : xasprintf("%s/.cache/bramble/hpl/xhpl", home ? home : "");
    char *found;

    if (given && *given)
        return xstrdup(given);
    if (access(BRAMBLE_LIBEXECDIR "/xhpl", X_OK) == 0)
        return xstrdup(BRAMBLE_LIBEXECDIR "/xhpl");
    if (access(cached, X_OK) == 0)
        return TAKE(cached);
    if ((found = program_in_path("xhpl")))
        return found;
    return program_in_path("hpcc");
}

static int check_program(struct hpl_options *opts, struct error *err)
{
    if (!opts->program && !(opts->program = find_program()))
        return error_set(err, ENOENT,
                         "no HPL program found: make one with contrib/hpl/build, name one with --program "
                         "or BRAMBLE_HPL, or install hpcc");
    if (opts->program[0] != '/') {
        CLEANUP_FREE char *full = realpath(opts->program, NULL);

        if (!full)
            return error_set(err, ENOENT, "--program %s: no such file", opts->program);
        free(opts->program);
        opts->program = TAKE(full);
    }
    return 0;
}

int hpl_options_parse(struct hpl_options *opts, int argc, char **argv)
{
    struct error err = { 0 };
    int opt;

    memset(opts, 0, sizeof *opts);
    opts->num_nodes = 1;
    opts->threshold = 16.0;
    opts->mpi = "pmix";
    optind = 1;
    while ((opt = getopt_long(argc, argv, "p:N:w:t:A:q:nvh", long_options, NULL)) != -1) {
        if (opt == 'h') {
            hpl_usage();
            return 1;
        }
        if (opt == '?') {
            fputs("Try \"sbench hpl --help\" for the options.\n", stderr);
            return -1;
        }
        if (take_option(opts, opt, &err) < 0)
            break;
    }
    if (!err.code && optind < argc)
        error_set(&err, BRE_INVAL, "'%s' is not an option: see sbench hpl --help", argv[optind]);
    if (!err.code)
        check_program(opts, &err);
    if (err.code) {
        fprintf(stderr, "sbench: error: %s\n", err.text);
        return -1;
    }
    return 0;
}

void hpl_options_fini(struct hpl_options *opts)
{
    free(opts->program);
    opts->program = NULL;
}
