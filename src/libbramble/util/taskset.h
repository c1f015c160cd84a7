/* taskset.h - sets of array tasks as users write them: "0-15:4,20%2". */
#ifndef BRAMBLE_UTIL_TASKSET_H
#define BRAMBLE_UTIL_TASKSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bitmap;
struct error;

#define TASKSET_LIMIT 4000002u /* no task id reaches it, whatever max_array_size says */

struct taskset {
    struct bitmap *set; /* as large as its highest member asks for; never empty */
    uint32_t step;      /* of the first range that names one, else 1 */
    uint32_t throttle;  /* %N; 0: none */
};
/* Numbers must be below limit.  -1 with err set: "Invalid job array specification" and why. */
int taskset_parse(const char *text, uint32_t limit, struct taskset *out, struct error *err);
void taskset_fini(struct taskset *t);
/* As tables show it: "1-4,9%2", and "0-60:4" for a regular set that spreads over more than ten.
 * throttle 0: none.  Caller frees. */
char *taskset_format(const struct bitmap *set, uint32_t throttle);

#endif
