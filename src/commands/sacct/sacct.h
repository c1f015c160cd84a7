/* sacct.h - what jobs and steps used, as lines.
 */
#ifndef BRAMBLE_COMMANDS_SACCT_H
#define BRAMBLE_COMMANDS_SACCT_H

#include "commands/display/console.h"

/* The whole command; returns its exit code. */
int sacct_run(struct console *con, int argc, char **argv);

/* Tables, for the man page check. */
extern const struct show_option sacct_options[];
extern const size_t sacct_num_options;
extern const struct column sacct_columns[];
extern const size_t sacct_num_columns;

#endif
