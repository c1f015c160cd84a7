/* fuzz_script.c - batch scripts and their #SBATCH lines. */
#include "config.h"
#include "fuzz.h"

#include <string.h>

#include "jobopt/jobopt.h"
#include "util/error.h"
#include "util/log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct job_options options;
    struct error err = { 0 };
    char *text = fuzz_text(data, size);
    bool found;

    fuzz_quiet();
    log_set_level(LOG_LV_ERROR, 0);
    job_options_init(&options, CMD_SBATCH);
    if (batch_script_check(text, size, &err) < 0)
        FUZZ_ASSERT(err.text[0]);
    /* No text: getopt has told the user itself. */
    if (job_options_from_script(&options, text, size, "job.sh", 0, &found, &err) == 0
        && job_options_check(&options, &err) == 0) {
        Wire__JobSpec spec = WIRE__JOB_SPEC__INIT;

        job_options_job_spec(&options, &spec);
        (void)protobuf_c_message_get_packed_size(&spec.base);
    }
    job_options_fini(&options);
    free(text);
    return 0;
}
