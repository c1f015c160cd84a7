/* sshare.h - shares of accounts and users, and what they have used.
 */
#ifndef BRAMBLE_COMMANDS_SSHARE_H
#define BRAMBLE_COMMANDS_SSHARE_H

#include "commands/display/console.h"

/* The whole command; returns its exit code. */
int sshare_run(struct console *con, int argc, char **argv);

/* Tables, for the man page check. */
extern const struct show_option sshare_options[];
extern const size_t sshare_num_options;
extern const struct column sshare_columns[];
extern const size_t sshare_num_columns;

#endif
