/* std_path.h - where a batch job's output goes, as scontrol show job tells it. */
#ifndef BRAMBLE_CTLD_STD_PATH_H
#define BRAMBLE_CTLD_STD_PATH_H

struct arena;
struct job_view;

/* pattern: as given, NULL for the default "slurm-%j.out".  Patterns of the job are expanded and a
 * relative path is put below the working directory.  In the arena. */
const char *std_path_expand(const struct job_view *job, const char *pattern, struct arena *a);

#endif
