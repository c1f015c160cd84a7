/* test_sim.c - run seeds: test_sim [first [count [job to trace]]], 200 of them by default. */
#include "sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
    uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
    uint64_t count = argc > 2 ? strtoull(argv[2], NULL, 10) : 200;
    unsigned long launches = 0, restarts = 0, requeues = 0, jobs = 0;
    int failed = 0;

    for (uint64_t seed = first; seed < first + count; seed++) {
        struct sim_options opt = { .seed = seed,
                                   .nodes = 2 + (uint32_t)(seed % 7),
                                   .jobs = 40 + (uint32_t)(seed % 5) * 20,
                                   .chaos_ms = 120000 + seed % 3 * 120000,
                                   .verbose = argc > 3,
                                   .trace = argc > 3 ? (uint32_t)strtoul(argv[3], NULL, 10)
                                                     : 0 };
        struct sim *result = malloc(sizeof(*result));
        char failure[512];

        if (sim_run(&opt, failure, result) < 0) {
            printf("seed %llu: %s\n", (unsigned long long)seed, failure);
            failed++;
        }
        launches += result->launches;
        restarts += result->restarts;
        requeues += result->requeues;
        jobs += result->num_notes;
        if (opt.verbose)
            printf("seed %llu: %zu jobs, %u launches, %u restarts, %u faults, %u requeues, "
                   "%zu events\n",
                   (unsigned long long)seed, result->num_notes, result->launches,
                   result->restarts, result->faults, result->requeues, result->num_log);
        free(result);
    }
    printf("%llu seeds: %lu jobs, %lu step launches, %lu controller restarts, %lu "
           "requeues, %d failed\n",
           (unsigned long long)count, jobs, launches, restarts, requeues, failed);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
