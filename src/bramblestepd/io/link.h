/* link.h - the socket between the shepherd (root) and its i/o process (the user).
 *
 * Datagrams in order (SOCK_SEQPACKET) of a fixed head and a short body, with descriptors beside
 * them.  The shepherd believes nothing that comes from the other side beyond what a task of that
 * user may have anyway: environment strings and descriptors for the user's own tasks, a wish to
 * signal or end the user's own step, and lines of text.
 */
#ifndef BRAMBLE_STEPD_LINK_H
#define BRAMBLE_STEPD_LINK_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum link_type {
    /* shepherd to i/o process */
    LINK_CLIENT = 1, /* fd: client; body: its first frame, then its address */
    LINK_STARTED,    /* task, value: pid */
    LINK_EXITED,     /* task, value: wait status */
    LINK_TEXT,       /* body: a line for the user */
    LINK_ENDING,     /* the step is being ended: no launcher need say so again */
    LINK_FINISH,     /* every task is gone; value: exit status of the step; task: first failed gtid */
    /* i/o process to shepherd */
    LINK_TASK,       /* task; value: number keep_fd has in the task; body: NAME=VALUE NUL ...;
                      * flags: which descriptors follow, in order of the bits */
    LINK_READY,      /* every task is prepared */
    LINK_FAILED,     /* body: why the step cannot start */
    LINK_SIGNAL,     /* value: signal that the owner's client sends */
    LINK_ABORT,      /* end the step everywhere; task: gtid or UINT32_MAX; value: exit code; body: text */
    LINK_LOST,       /* srun is gone */
};
enum { LINK_FD_IN = 1, LINK_FD_OUT = 2, LINK_FD_ERR = 4, LINK_FD_TTY = 8, LINK_FD_KEEP = 16 };
enum { LINK_FDS_MAX = 5, LINK_BODY_MAX = 57344 };

struct link_head {
    uint32_t type, task, value, flags;
};
struct link_message {
    struct link_head head;
    size_t body_len;
    int fds[LINK_FDS_MAX];
    unsigned num_fds;
    char body[LINK_BODY_MAX + 1]; /* NUL behind it */
};

/* Both ends, not blocking. */
int link_create(int ends[2]);
/* -1 with errno; EAGAIN: full. */
int link_send(int fd, const struct link_head *head, const void *body, size_t body_len, const int *fds,
              unsigned num_fds);
/* 1: a message, whose descriptors are the caller's; 0: the other side is gone; -1 with errno. */
int link_recv(int fd, struct link_message *m);
void link_close_fds(struct link_message *m);

#endif
