/* sattach.h - attach to the streams of a step that runs. */
#ifndef BRAMBLE_COMMANDS_SATTACH_H
#define BRAMBLE_COMMANDS_SATTACH_H

#include "commands/display/console.h"

/* The whole command; returns its exit code. */
int sattach_run(struct console *con, int argc, char **argv);
extern const struct show_option sattach_options[];
extern const size_t sattach_num_options;

#endif
