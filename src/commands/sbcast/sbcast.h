/* sbcast.h - bring a file to all nodes of a job. */
#ifndef BRAMBLE_COMMANDS_SBCAST_H
#define BRAMBLE_COMMANDS_SBCAST_H

#include "commands/display/console.h"

/* The whole command; returns its exit code. */
int sbcast_run(struct console *con, int argc, char **argv);
extern const struct show_option sbcast_options[];
extern const size_t sbcast_num_options;

#endif
