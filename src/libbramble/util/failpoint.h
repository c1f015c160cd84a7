/* failpoint.h - named places at which a test makes the program die, fail or wait.
 *
 * BRAMBLE_FAILPOINTS="name=action[@n],..." with action crash, error (EIO) or delay:MS, taken at the
 * n-th passage (default: the first; error and delay from then on).  Without --enable-failpoints
 * FAILPOINT() is nothing at all.
 */
#ifndef BRAMBLE_UTIL_FAILPOINT_H
#define BRAMBLE_UTIL_FAILPOINT_H

enum failpoint {
#define FP(name) FP_##name,
#include "util/failpoint.def"
#undef FP
    FAILPOINT_COUNT
};

#ifdef BRAMBLE_FAILPOINTS
/* 0, or the errno that the caller is to fail with. */
int failpoint_pass(enum failpoint fp);
#define FAILPOINT(name) failpoint_pass(FP_##name)
#else
#define FAILPOINT(name) 0
#endif

#endif
