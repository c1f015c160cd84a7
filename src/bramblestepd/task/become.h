/* become.h - becoming the job's user: the one function that does it.
 *
 * Async-signal-safe: it makes raw system calls only and works on memory prepared before, so that it
 * may run between fork and exec.  Each result is checked and then read back; whoever gets -1 must
 * _exit() at once.
 */
#ifndef BRAMBLE_STEPD_BECOME_H
#define BRAMBLE_STEPD_BECOME_H

#include <stdint.h>
#include <sys/types.h>

#define BECOME_GROUPS_MAX 65536

struct become {
    uint32_t uid, gid;
    const gid_t *gids;
    uint32_t num_gids;
    gid_t *scratch; /* num_gids entries, to read the groups back into */
};
/* As root: become the user for good, with no capability left unless the user is root.  As a plain
 * user: only checks that this is the user.  -1 with errno. */
int become_user(const struct become *who);

#endif
