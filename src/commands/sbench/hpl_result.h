/* hpl_result.h - what HPL printed, and what that says of the run. */
#ifndef BRAMBLE_SBENCH_HPL_RESULT_H
#define BRAMBLE_SBENCH_HPL_RESULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum hpl_verdict {
    HPL_PASSED,
    HPL_FAILED,     /* a residual is above the threshold: bad hardware or heat first */
    HPL_UNCHECKED,  /* figures without a check of the residual */
    HPL_INCOMPLETE, /* the run ended before its result */
    HPL_OOM,        /* ended for memory */
    HPL_TIMEOUT,
    HPL_CANCELLED,
    HPL_NODE_FAIL,
};
const char *hpl_verdict_name(enum hpl_verdict verdict);

#define HPL_MAX_RUNS 64

struct hpl_run {
    char variant[16];             /* "WR11C2R4" */
    uint32_t order, block, rows, cols;
    double seconds, gflops;
    bool checked, passed;
    double residual;              /* if checked */
};
struct hpl_result {
    struct hpl_run runs[HPL_MAX_RUNS];
    size_t num_runs;
    char complaint[256];          /* first line with HPL ERROR, or "Need at least ..."; "" if none */
    bool ended;                   /* the trailer "End of Tests." was seen */
};

/* Reads the output of xhpl 2.x or the HPL part of hpcc; lines may be indented or led by "0: ". */
void hpl_result_parse(struct hpl_result *result, const char *text);
/* The verdict of the output alone. */
enum hpl_verdict hpl_result_verdict(const struct hpl_result *result);
/* How a job or step state ("OUT_OF_MEMORY", "TIMEOUT", "COMPLETED", ...) and the exit code of srun
 * change a verdict: a good output does not make up for a run that was killed. */
enum hpl_verdict hpl_verdict_with_state(enum hpl_verdict verdict, const char *state, int exit_code);

#endif
