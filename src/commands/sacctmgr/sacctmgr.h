/* sacctmgr.h - accounts, users and what else the accounting knows.
 */
#ifndef BRAMBLE_COMMANDS_SACCTMGR_H
#define BRAMBLE_COMMANDS_SACCTMGR_H

#include "commands/display/console.h"

/* The whole command; returns its exit code. */
int sacctmgr_run(struct console *con, int argc, char **argv);

/* Tables, for the man page check. */
extern const struct show_option sacctmgr_options[];
extern const size_t sacctmgr_num_options;

#endif
