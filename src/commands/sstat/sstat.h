/* sstat.h - what running steps use.
 */
#ifndef BRAMBLE_COMMANDS_SSTAT_H
#define BRAMBLE_COMMANDS_SSTAT_H

#include "commands/display/console.h"

/* The whole command; returns its exit code. */
int sstat_run(struct console *con, int argc, char **argv);

/* Tables, for the man page check. */
extern const struct show_option sstat_options[];
extern const size_t sstat_num_options;
extern const struct column sstat_columns[];
extern const size_t sstat_num_columns;

#endif
