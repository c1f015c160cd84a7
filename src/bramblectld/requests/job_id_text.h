/* job_id_text.h - "12", "12.3", "12.batch" as commands send them. */
#ifndef BRAMBLE_CTLD_JOB_ID_TEXT_H
#define BRAMBLE_CTLD_JOB_ID_TEXT_H

#include <stdint.h>

struct error;
/* step_id is STEP_NONE when the text names a whole job. */
int job_id_parse(const char *text, uint32_t *job_id, uint32_t *step_id, struct error *err);

#endif
