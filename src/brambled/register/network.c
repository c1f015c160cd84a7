/* network.c - which network the board reaches the controller through. */
#include "config.h"
#include "brambled/agent_private.h"

#include "util/mem.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Our own address on the way there: a datagram socket that is connected sends nothing. */
static int local_address(const char *address, struct sockaddr_storage *local)
{
    struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_DGRAM }, *ai = NULL;
    CLEANUP_CLOSE int fd = -1;
    socklen_t len = sizeof *local;
    int rc;

    if (getaddrinfo(address, "9", &hints, &ai) != 0)
        return -1;
    fd = socket(ai->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    rc = fd < 0 ? -1 : connect(fd, ai->ai_addr, ai->ai_addrlen);
    freeaddrinfo(ai);
    return rc < 0 ? -1 : getsockname(fd, (struct sockaddr *)local, &len);
}

static unsigned prefix_bits(const uint8_t *mask, size_t len)
{
    unsigned bits = 0;

    for (size_t i = 0; i < len; i++)
        for (unsigned bit = 0x80; bit && (mask[i] & bit); bit >>= 1)
            bits++;
    return bits;
}

void network_of(const char *address, char *buf, size_t size)
{
    struct sockaddr_storage local = { .ss_family = AF_UNSPEC };
    struct ifaddrs *all = NULL;

    buf[0] = '\0';
    if (local_address(address, &local) < 0 || local.ss_family != AF_INET || getifaddrs(&all) < 0)
        return; /* MPI libraries are told IPv4 networks only */
    for (struct ifaddrs *i = all; i; i = i->ifa_next) {
        const struct sockaddr_in *have = (const struct sockaddr_in *)(void *)i->ifa_addr;
        const struct sockaddr_in *mask = (const struct sockaddr_in *)(void *)i->ifa_netmask;
        struct in_addr net;
        char text[INET_ADDRSTRLEN];

        if (!have || !mask || have->sin_family != AF_INET
            || have->sin_addr.s_addr != ((struct sockaddr_in *)(void *)&local)->sin_addr.s_addr)
            continue;
        net.s_addr = have->sin_addr.s_addr & mask->sin_addr.s_addr;
        if (inet_ntop(AF_INET, &net, text, sizeof text))
            snprintf(buf, size, "%s/%u", text, prefix_bits((const uint8_t *)&mask->sin_addr, 4));
        break;
    }
    freeifaddrs(all);
}
