/* munged.h - a private munged for one test program: own key, socket and folder. */
#ifndef BRAMBLE_TEST_MUNGED_H
#define BRAMBLE_TEST_MUNGED_H

#include <stdbool.h>
#include <sys/types.h>

struct munged {
    pid_t pid;
    char dir[64];
    char socket[96];
};

/* False when there is no munged to start; the caller skips and says so.  *m is then safe to stop. */
bool munged_start(struct munged *m);
void munged_stop(struct munged *m);
/* End it and start it again with the same key: its memory of credentials is gone. */
bool munged_restart(struct munged *m);

#endif
