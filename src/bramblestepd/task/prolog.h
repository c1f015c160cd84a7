/* prolog.h - TaskProlog and --task-prolog: programs that run as the user in a task that has not
 * executed its own program yet, and say by their output what its environment shall be:
 *
 *     export NAME=VALUE     set it
 *     unset NAME            take it out
 *     print TEXT            a line on the task's standard output
 *
 * Async-signal-safe: called between fork and exec, on the child's own copy of the task.
 */
#ifndef BRAMBLE_STEPD_PROLOG_H
#define BRAMBLE_STEPD_PROLOG_H

#include "bramblestepd/order.h"

/* 0, or what the task shall exit with; the reason was said on standard error. */
int task_prologs_run(const struct order *o, struct order_task *t);

/* Do what text says, line by line; it is cut up, and the task keeps pieces of it.  Lines of other
 * kinds mean nothing.  print(arg, line) for what is to be printed, with its newline. */
void prolog_output_apply(struct order_task *t, char *text, void (*print)(void *arg, const char *text, size_t len),
                         void *arg);

#endif
