/* libs.h - the shared objects that a program needs. */
#ifndef BRAMBLE_SBCAST_LIBS_H
#define BRAMBLE_SBCAST_LIBS_H

#include <stddef.h>

struct error;

/* Their paths as ldd(1) tells, without those below a folder of the comma list exclude.  The caller
 * frees each and the array.  A program that is not dynamic has none. */
int libs_find(const char *program, const char *exclude, char ***paths, size_t *num, struct error *err);

#endif
