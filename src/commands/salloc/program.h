/* program.h - the program that salloc runs: its process group, the terminal, its end.
 *
 * On a terminal the program gets the foreground and job control works as under a shell: when it is
 * stopped, salloc stops too, and both go on together.
 */
#ifndef BRAMBLE_SALLOC_PROGRAM_H
#define BRAMBLE_SALLOC_PROGRAM_H

#include <stdbool.h>

struct env;
struct error;
struct program;

/* Start argv with env.  -1 with err set when it cannot be found or started. */
struct program *program_start(char *const *argv, struct env *env, struct error *err);
/* Call on SIGCHLD: true once it has ended, with *status as waitpid() gives it. */
bool program_reap(struct program *p, int *status);
void program_signal(struct program *p, int signum); /* to its whole group */
bool program_is_interactive(const struct program *p);
void program_destroy(struct program *p); /* gives the terminal back; NULL is allowed */

#endif
