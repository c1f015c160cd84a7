/* pattern.h - file name patterns of --output, --error and --input.
 *
 * %% %A %a %b %j %J %N %n %s %t %u %x, with a width for numbers (%4j), as sbatch(1) and srun(1) have
 * them.  A pattern that contains a backslash is taken as it is, without its backslashes.
 */
#ifndef BRAMBLE_STEPD_PATTERN_H
#define BRAMBLE_STEPD_PATTERN_H

#include <stdbool.h>
#include <stdint.h>

struct arena;
struct pattern_values {
    uint32_t job_id, step_id;
    uint32_t array_job_id, array_task_id; /* array_job_id 0: no array */
    uint32_t gtid, node_index;
    const char *node_name, *user_name, *job_name;
};
/* The name in arena, made absolute below work_dir; NULL when it would be longer than PATH_MAX. */
char *pattern_expand(struct arena *arena, const char *pattern, const char *work_dir,
                     const struct pattern_values *v);

#endif
