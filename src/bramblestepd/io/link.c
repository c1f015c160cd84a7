/* link.c - sends and receives datagrams with descriptors. */
#include "config.h"
#include "bramblestepd/io/link.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

int link_create(int ends[2])
{
    return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends);
}

int link_send(int fd, const struct link_head *head, const void *body, size_t body_len, const int *fds,
              unsigned num_fds)
{
    union {
        char space[CMSG_SPACE(sizeof(int) * LINK_FDS_MAX)];
        struct cmsghdr align;
    } control = { .space = { 0 } };
    struct iovec parts[2] = { { .iov_base = (void *)(uintptr_t)head, .iov_len = sizeof *head },
                              { .iov_base = (void *)(uintptr_t)body, .iov_len = body_len } };
    struct msghdr msg = { .msg_iov = parts, .msg_iovlen = body_len ? 2 : 1 };
    ssize_t n;

    if (body_len > LINK_BODY_MAX || num_fds > LINK_FDS_MAX) {
        errno = EMSGSIZE;
        return -1;
    }
    if (num_fds) {
        struct cmsghdr *c;

        msg.msg_control = control.space;
        msg.msg_controllen = CMSG_SPACE(sizeof(int) * num_fds);
        c = CMSG_FIRSTHDR(&msg);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof(int) * num_fds);
        memcpy(CMSG_DATA(c), fds, sizeof(int) * num_fds);
    }
    do
        n = sendmsg(fd, &msg, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -1 : 0;
}

int link_recv(int fd, struct link_message *m)
{
    union {
        char space[CMSG_SPACE(sizeof(int) * LINK_FDS_MAX)];
        struct cmsghdr align;
    } control;
    struct iovec parts[2] = { { .iov_base = &m->head, .iov_len = sizeof m->head },
                              { .iov_base = m->body, .iov_len = LINK_BODY_MAX } };
    struct msghdr msg = { .msg_iov = parts,
                          .msg_iovlen = 2,
                          .msg_control = control.space,
                          .msg_controllen = sizeof control.space };
    ssize_t n;

    m->num_fds = 0;
    do
        n = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC);
    while (n < 0 && errno == EINTR);
    if (n <= 0)
        return (int)n;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
        size_t count;

        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < count; i++) {
            int got;

            memcpy(&got, CMSG_DATA(c) + i * sizeof got, sizeof got);
            if (m->num_fds < LINK_FDS_MAX)
                m->fds[m->num_fds++] = got;
            else
                close(got);
        }
    }
    if ((size_t)n < sizeof m->head || (msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC))) {
        link_close_fds(m);
        errno = EBADMSG;
        return -1;
    }
    m->body_len = (size_t)n - sizeof m->head;
    m->body[m->body_len] = '\0';
    return 1;
}

void link_close_fds(struct link_message *m)
{
    for (unsigned i = 0; i < m->num_fds; i++)
        close(m->fds[i]);
    m->num_fds = 0;
}
