/* sdiag.h - what the controller and its scheduler have been doing.
 */
#ifndef BRAMBLE_COMMANDS_SDIAG_H
#define BRAMBLE_COMMANDS_SDIAG_H

#include "commands/display/console.h"

/* The whole command; returns its exit code. */
int sdiag_run(struct console *con, int argc, char **argv);

/* Tables, for the man page check. */
extern const struct show_option sdiag_options[];
extern const size_t sdiag_num_options;

#endif
