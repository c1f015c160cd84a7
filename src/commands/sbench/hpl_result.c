/* hpl_result.c - reads HPL's data and check lines. */
#include "config.h"
#include "hpl_result.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *hpl_verdict_name(enum hpl_verdict verdict)
{
    static const char *const names[] = { "PASSED", "FAILED", "UNCHECKED", "INCOMPLETE", "OOM", "TIMEOUT",
                                         "CANCELLED", "NODE_FAIL" };

    return names[verdict];
}

/* W, mapping R or C, depth, bcast, RFACT, NDIV, PFACT, NBMIN. */
static bool is_variant(const char *word)
{
    return word[0] == 'W' && strchr("RC", word[1]) && word[1] && isdigit((unsigned char)word[2])
           && isdigit((unsigned char)word[3]) && word[4] && strchr("LCR", word[4])
           && isdigit((unsigned char)word[5]) && word[6] && strchr("LCR", word[6])
           && isdigit((unsigned char)word[7]);
}

static void parse_data(struct hpl_result *result, const char *line)
{
    struct hpl_run run = { .checked = false };
    char end;

    if (sscanf(line, "%15s %u %u %u %u %lf %lf %c", run.variant, &run.order, &run.block, &run.rows,
               &run.cols, &run.seconds, &run.gflops, &end)
            == 7
        && is_variant(run.variant) && result->num_runs < HPL_MAX_RUNS)
        result->runs[result->num_runs++] = run;
}

/* "||Ax-b||_oo/(eps*(...)*N)=   3.83945609e-03 ...... PASSED": belongs to the earliest run without
 * a check, since a sweep prints each pair in turn. */
static void parse_check(struct hpl_result *result, const char *line)
{
    const char *value = strstr(line, ")=");
    bool passed = strstr(line, "PASSED") != NULL;

    if (!value || (!passed && !strstr(line, "FAILED")))
        return;
    for (size_t i = 0; i < result->num_runs; i++)
        if (!result->runs[i].checked) {
            result->runs[i].checked = true;
            result->runs[i].passed = passed;
            result->runs[i].residual = strtod(value + 2, NULL);
            return;
        }
}

static void parse_line(struct hpl_result *result, const char *line)
{
    const char *at = line + strspn(line, " \t");
    size_t digits = strspn(at, "0123456789");

    if (digits && at[digits] == ':') /* srun --label */
        at += digits + 1 + strspn(at + digits + 1, " \t");
    if (at[0] == 'W')
        parse_data(result, at);
    else if (!strncmp(at, "||Ax-b||", 8))
        parse_check(result, at);
    else if (!strncmp(at, "End of Tests.", 13))
        result->ended = true;
    else if (!result->complaint[0]
             && (strstr(at, "HPL ERROR") || strstr(at, "processes for these tests")
                 || strstr(at, "Illegal input")))
        snprintf(result->complaint, sizeof result->complaint, "%s", at);
}

void hpl_result_parse(struct hpl_result *result, const char *text)
{
    char line[512];

    memset(result, 0, sizeof *result);
    while (*text) {
        size_t len = strcspn(text, "\n"), kept = len < sizeof line ? len : sizeof line - 1;

        memcpy(line, text, kept);
        line[kept] = '\0';
        if (kept && line[kept - 1] == '\r')
            line[kept - 1] = '\0';
        parse_line(result, line);
        text += len + (text[len] == '\n');
    }
}

enum hpl_verdict hpl_result_verdict(const struct hpl_result *result)
{
    bool unchecked = false;

    if (!result->num_runs)
        return HPL_INCOMPLETE;
    for (size_t i = 0; i < result->num_runs; i++) {
        if (result->runs[i].checked && !result->runs[i].passed)
            return HPL_FAILED;
        unchecked |= !result->runs[i].checked;
    }
    if (!unchecked)
        return HPL_PASSED;
    /* an ended run without a check was told not to check; else it was cut off between the two lines */
    return result->ended ? HPL_UNCHECKED : HPL_INCOMPLETE;
}

enum hpl_verdict hpl_verdict_with_state(enum hpl_verdict verdict, const char *state, int exit_code)
{
    if (!strncmp(state, "OUT_OF_ME", 9))
        return HPL_OOM;
    if (!strncmp(state, "TIMEOUT", 7))
        return HPL_TIMEOUT;
    if (!strncmp(state, "NODE_FAIL", 9))
        return HPL_NODE_FAIL;
    /* Killed by signal 9 before a result: nobody but the kernel's memory killer does that unasked; who
     * asks is named behind the state. */
    if (verdict == HPL_INCOMPLETE && (exit_code == 137 || exit_code == 9)
        && strncmp(state, "CANCELLED by", 12))
        return HPL_OOM;
    if (!strncmp(state, "CANCELLED", 9) && verdict != HPL_FAILED)
        return verdict == HPL_PASSED && exit_code == 0 ? verdict : HPL_CANCELLED;
    if (verdict == HPL_PASSED && exit_code != 0)
        return HPL_INCOMPLETE;
    return verdict;
}
