/* jobid.h - jobs as commands name them: "12", "12_3", "12_[1-4,7]", "12_*", "12+1", each with a step
 * behind it: "12.0", "12_3.batch". */
#ifndef BRAMBLE_UTIL_JOBID_H
#define BRAMBLE_UTIL_JOBID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bitmap;
struct error;

#define HET_NONE UINT32_MAX

struct jobid {
    uint32_t job_id;
    uint32_t step_id;     /* STEP_NONE: the job */
    bool all_tasks;       /* "_*" */
    struct bitmap *tasks; /* NULL: no tasks are named */
    uint32_t het_offset;  /* HET_NONE: no component is named */
};
/* -1 with err set, "Invalid job id specified: TEXT". */
int jobid_parse(const char *text, struct jobid *out, struct error *err);
void jobid_fini(struct jobid *id);
/* Length of the first word of a comma list; a comma inside brackets belongs to the word. */
size_t jobid_word(const char *list);

#endif
