/* procs.h - the processes of a step: finding, signalling and ending them.
 *
 * With a cgroup they are its members; without one they are the descendants of the shepherd, which is
 * their subreaper, so that whoever daemonises comes back to it.  Signals go by pidfd to a process
 * that has been checked to be one of them, never to a bare number.
 */
#ifndef BRAMBLE_STEPD_PROCS_H
#define BRAMBLE_STEPD_PROCS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct cgroup;
struct procs {
    struct cgroup *cgroup; /* NULL: descendants */
    pid_t self;            /* the shepherd */
    pid_t spare[2];        /* its own children, which are none of them; 0: none */
};
/* Up to max pids; the number found, which may be larger than max. */
size_t procs_list(const struct procs *p, pid_t *pids, size_t max);
/* How many were signalled. */
size_t procs_signal(const struct procs *p, int signum);
/* STOP to all, until none is left that could have forked meanwhile. */
void procs_stop(const struct procs *p);
/* KILL to all, stopping them first so that nobody forks away. */
void procs_kill(const struct procs *p);
/* Resident memory of all in KiB. */
unsigned long procs_rss_kb(const struct procs *p);

#endif
