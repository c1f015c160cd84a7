/* io.h - the i/o process of a step: a child of the shepherd that has become the job's user.
 *
 * It holds the other ends of the tasks' streams, the sessions of srun and of the step's other nodes,
 * and the launcher.  Whatever ranks and clients send is read here and never in a root process.
 */
#ifndef BRAMBLE_STEPD_IO_H
#define BRAMBLE_STEPD_IO_H

#include <sys/types.h>

struct become;
struct order;
struct io_start {
    struct order *order;
    const struct become *who;
    int link_fd;
    pid_t monitor;
    int cgroup_fds[4];
    unsigned num_cgroup_fds;
};
/* In the child, right after fork(). */
_Noreturn void io_main(const struct io_start *start);
/* Remove a folder of the user and what is in it, as the user. */
void io_remove_tree(const char *path);

#endif
