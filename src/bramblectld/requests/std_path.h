/* std_path.h - where a batch job's output goes, as scontrol show job tells it. */
#ifndef BRAMBLE_CTLD_STD_PATH_H
#define BRAMBLE_CTLD_STD_PATH_H

struct arena;
struct job_view;

/* pattern: as given, NULL for the default "slurm-%j.out".  Patterns of the job are expanded and a
 * relative path is put below the working directory.  In the arena. */
const char *std_path_expand(const struct job_view *job, const char *pattern, struct arena *a);
/* The same with its patterns left as they are; NULL: none was given. */
const char *std_path_given(const struct job_view *job, const char *pattern, struct arena *a);

#endif
