/* sinfo.h - partitions and nodes, as lines.
 */
#ifndef BRAMBLE_COMMANDS_SINFO_H
#define BRAMBLE_COMMANDS_SINFO_H

#include "commands/display/console.h"

/* The whole command; returns its exit code. */
int sinfo_run(struct console *con, int argc, char **argv);

/* Tables, for the man page check. */
extern const struct show_option sinfo_options[];
extern const size_t sinfo_num_options;
extern const struct column sinfo_columns[];
extern const size_t sinfo_num_columns;

#endif
