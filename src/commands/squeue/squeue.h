/* squeue.h - the jobs and steps that the controller holds, as lines.
 */
#ifndef BRAMBLE_COMMANDS_SQUEUE_H
#define BRAMBLE_COMMANDS_SQUEUE_H

#include "commands/display/console.h"

/* The whole command; returns its exit code.  argv[0] is the program's name. */
int squeue_run(struct console *con, int argc, char **argv);

/* Tables, for the man page check. */
extern const struct show_option squeue_options[];
extern const size_t squeue_num_options;
extern const struct column squeue_job_columns[];
extern const size_t squeue_num_job_columns;
extern const struct column squeue_step_columns[];
extern const size_t squeue_num_step_columns;
/* In the order of %all; a bar at the end: every field is followed by one. */
#define SQUEUE_JOB_LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define SQUEUE_STEP_LETTERS "bijluAMNPSU|"

#endif
