/* sprio.h - what the priorities of pending jobs are made of.
 */
#ifndef BRAMBLE_COMMANDS_SPRIO_H
#define BRAMBLE_COMMANDS_SPRIO_H

#include "commands/display/console.h"

/* The whole command; returns its exit code. */
int sprio_run(struct console *con, int argc, char **argv);

/* Tables, for the man page check. */
extern const struct show_option sprio_options[];
extern const size_t sprio_num_options;
extern const struct column sprio_columns[];
extern const size_t sprio_num_columns;

#endif
