/* pmix_ack.c - acknowledges what ranks write to libpmix at once.
 *
 * libpmix leaves Nagle's algorithm on in its clients: a rank that says several short things in a row,
 * as each does in MPI_Finalize, has the second held back until the first is acknowledged, and the
 * server's kernel takes 40 ms over that, since the server has nothing to answer.  So the server's
 * ends of those connections are watched here too, edge by edge, only to say: acknowledge now.  They
 * are watched for writing as well, for which they are always ready: an edge whose bytes libpmix's thread
 * has taken meanwhile would not be reported else, and that is the one which counts.
 */
#include "config.h"
#include "pmix_private.h"

#include <dirent.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static void on_edges(void *arg)
{
    struct pmix *p = arg;
    struct epoll_event events[32];
    int n = epoll_wait(p->ack_fd, events, 32, 0);
    const int on = 1;

    for (int i = 0; i < n; i++)
        setsockopt(events[i].data.fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
}

/* A connection over the loopback device, which libpmix's clients on this board use. */
static bool is_loopback(int fd)
{
    struct sockaddr_storage ss;
    socklen_t len = sizeof ss;
    int type = 0;
    socklen_t type_len = sizeof type;

    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_len) < 0 || type != SOCK_STREAM
        || getpeername(fd, (struct sockaddr *)&ss, &len) < 0)
        return false;
    if (ss.ss_family == AF_INET)
        return ntohl(((struct sockaddr_in *)&ss)->sin_addr.s_addr) >> 24 == 127;
    return ss.ss_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&((struct sockaddr_in6 *)&ss)->sin6_addr);
}

void pmix_ack_start(struct pmix *p)
{
    if ((p->ack_fd = epoll_create1(EPOLL_CLOEXEC)) >= 0
        && p->host->watch(p->host->ctx, p->ack_fd, on_edges, p) < 0) {
        close(p->ack_fd);
        p->ack_fd = -1;
    }
}

void pmix_ack_adopt(struct pmix *p)
{
    DIR *dir = p->ack_fd < 0 ? NULL : opendir("/proc/self/fd");

    if (!dir)
        return;
    for (struct dirent *e; (e = readdir(dir));) {
        struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLET, .data.fd = atoi(e->d_name) };

        if (event.data.fd > 2 && is_loopback(event.data.fd))
            epoll_ctl(p->ack_fd, EPOLL_CTL_ADD, event.data.fd, &event); /* fails for those it has */
    }
    closedir(dir);
}

void pmix_ack_stop(struct pmix *p)
{
    if (p->ack_fd < 0)
        return;
    p->host->unwatch(p->host->ctx, p->ack_fd);
    close(p->ack_fd);
    p->ack_fd = -1;
}
