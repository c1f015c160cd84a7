/* spawn.h - runs another program, by absolute path or PATH, without a shell. */
#ifndef BRAMBLE_SBENCH_SPAWN_H
#define BRAMBLE_SBENCH_SPAWN_H

#include <stddef.h>
#include <sys/types.h>

struct error;

/* The sibling of this program called name ("srun"), beside it, else name alone (found by PATH).
 * Caller frees. */
char *spawn_sibling(const char *name);
/* This program's own absolute path; caller frees.  NULL with errno. */
char *spawn_self(void);
/* Called with each line of standard error, without its newline; NULL: standard error is inherited. */
typedef void spawn_line_f(void *arg, const char *line);
/* Runs argv; input (may be NULL: /dev/null) goes to its standard input, its standard output comes
 * back in *output, at most max_output bytes (more is read and dropped).  Returns the exit code, 128 +
 * signal, or -1 with err when it cannot be started.  Signals INT, TERM and HUP that arrive meanwhile
 * are passed on to it. */
int spawn_capture(char *const argv[], const char *input, char **output, size_t max_output,
                  spawn_line_f *on_error_line, void *arg, struct error *err);

#endif
