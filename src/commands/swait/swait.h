/* swait.h - wait for steps to end. */
#ifndef BRAMBLE_COMMANDS_SWAIT_H
#define BRAMBLE_COMMANDS_SWAIT_H

#include "commands/display/console.h"

/* The whole command; returns its exit code. */
int swait_run(struct console *con, int argc, char **argv);
extern const struct show_option swait_options[];
extern const size_t swait_num_options;

#endif
