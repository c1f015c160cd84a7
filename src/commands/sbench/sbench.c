/* sbench.c - benchmarks as jobs: run them, check them, print what they gave. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "hpl.h"

static void usage(FILE *out)
{
    fputs("Usage: sbench hpl [OPTION]...\n"
          "Run a benchmark on nodes of the cluster and check its result.\n"
          "\n"
          "  hpl            High Performance Linpack; see sbench hpl --help\n"
          "  -h, --help     this text\n"
          "  -V, --version  the version\n",
          out);
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";

    if (!strcmp(what, "hpl"))
        return hpl_main(argc - 1, argv + 1);
    if (!strcmp(what, "hpl-run"))
        return hpl_run_main(argc - 1, argv + 1);
    if (!strcmp(what, "hpl-rank"))
        return hpl_rank_main(argc - 1, argv + 1);
    if (!strcmp(what, "-h") || !strcmp(what, "--help")) {
        usage(stdout);
        return 0;
    }
    if (!strcmp(what, "-V") || !strcmp(what, "--version")) {
        puts("sbench (Bramble) " PACKAGE_VERSION);
        return 0;
    }
    if (*what)
        fprintf(stderr, "sbench: error: '%s' is no benchmark: hpl is\n", what);
    usage(stderr);
    return 1;
}
