/* multiprog.h - lines of a srun --multi-prog file: which program each task runs. */
#ifndef BRAMBLE_STEPD_MULTIPROG_H
#define BRAMBLE_STEPD_MULTIPROG_H

#include <stddef.h>
#include <stdint.h>

struct arena;
struct error;

/* argv of task gtid, in arena: the program of the first line whose ranks name it ("0-3,7" or "*"),
 * then its arguments, then more.  %t in an argument is the task, %o its place in the line's ranks. */
char **multiprog_argv(struct arena *arena, char *const *lines, size_t num_lines, uint32_t gtid,
                      char *const *more, size_t num_more, struct error *err);

#endif
