/* net.c - sockets and addresses, for both halves of rpc/. */
#include "config.h"
#include "rpc/rpc_private.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <sodium.h>

#include "util/error.h"
#include "util/mem.h"

enum { DEFAULT_PORT = 6817 };

void rpc_peer_address(int fd, char *text, size_t size)
{
    struct sockaddr_storage ss;
    socklen_t len = sizeof ss;

    snprintf(text, size, "local");
    if (getpeername(fd, (struct sockaddr *)&ss, &len) < 0)
        return;
    if (ss.ss_family == AF_INET) {
        inet_ntop(AF_INET, &((struct sockaddr_in *)&ss)->sin_addr, text, (socklen_t)size);
    } else if (ss.ss_family == AF_INET6) {
        struct in6_addr *a = &((struct sockaddr_in6 *)&ss)->sin6_addr;

        if (IN6_IS_ADDR_V4MAPPED(a))
            inet_ntop(AF_INET, &a->s6_addr[12], text, (socklen_t)size);
        else
            inet_ntop(AF_INET6, a, text, (socklen_t)size);
    }
}

void rpc_socket_options(int fd)
{
    const int on = 1, idle_sec = 30, interval_sec = 10, count = 3;

    /* Frames are written whole, so Nagle would only add waiting.  Keep-alive finds peers that lost
     * their power; the kernel does it without waking the program. */
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_sec, sizeof idle_sec);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval_sec, sizeof interval_sec);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof count);
}

int rpc_connect_start(const struct addrinfo *ai)
{
    int fd = socket(ai->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), saved;

    if (fd < 0)
        return -1;
    rpc_socket_options(fd);
    if (connect(fd, ai->ai_addr, ai->ai_addrlen) == 0 || errno == EINPROGRESS)
        return fd;
    saved = errno;
    close(fd);
    errno = saved;
    return -1;
}

int rpc_resolve(const char *host, uint16_t port, bool only_numeric, struct addrinfo **list,
                struct error *err)
{
    struct addrinfo hints = {
        .ai_family = AF_UNSPEC,
        .ai_socktype = SOCK_STREAM,
        .ai_flags = AI_NUMERICSERV | (only_numeric ? AI_NUMERICHOST : AI_ADDRCONFIG),
    };
    char service[8];
    int rc;

    snprintf(service, sizeof service, "%u", port);
    if ((rc = getaddrinfo(host, service, &hints, list)) != 0)
        return error_set(err, BRE_NO_CONTACT, "cannot find the address of %s: %s", host,
                         rc == EAI_SYSTEM ? strerror(errno) : gai_strerror(rc));
    return 0;
}

int rpc_listen(const char *listen_on, uint16_t port, int backlog, struct error *err)
{
    struct addrinfo hints = {
        .ai_family = AF_UNSPEC,
        .ai_socktype = SOCK_STREAM,
        .ai_flags = AI_NUMERICSERV | AI_PASSIVE,
    };
    struct addrinfo *list = NULL;
    const int on = 1, off = 0;
    char service[8];
    int rc, fd = -1, saved = 0;

    snprintf(service, sizeof service, "%u", port);
    if ((rc = getaddrinfo(listen_on, service, &hints, &list)) != 0)
        return error_set(err, BRE_CONFIG, "cannot listen on %s: %s", listen_on,
                         rc == EAI_SYSTEM ? strerror(errno) : gai_strerror(rc));
    for (struct addrinfo *ai = list; ai && fd < 0; ai = ai->ai_next) {
        if ((fd = socket(ai->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) < 0) {
            saved = errno;
            continue;
        }
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        rpc_socket_options(fd); /* accepted connections inherit them */
        if (ai->ai_family == AF_INET6)
            setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
        if (bind(fd, ai->ai_addr, ai->ai_addrlen) < 0 || listen(fd, backlog) < 0) {
            saved = errno;
            close(fd);
            fd = -1;
        }
    }
    freeaddrinfo(list);
    if (fd < 0)
        return error_set(err, saved, "cannot listen on %s port %u: %s", listen_on, port, strerror(saved));
    return fd;
}

uint16_t rpc_local_port(int fd)
{
    struct sockaddr_storage ss;
    socklen_t len = sizeof ss;

    if (getsockname(fd, (struct sockaddr *)&ss, &len) < 0)
        return 0;
    return ntohs(ss.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&ss)->sin6_port
                                          : ((struct sockaddr_in *)&ss)->sin_port);
}

/* ---- the controller's line ---- */

static int parse_port(const char *text, size_t len, uint16_t *port)
{
    unsigned value = 0;

    if (!len || len > 5)
        return -1;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        value = value * 10 + (unsigned)(text[i] - '0');
    }
    if (!value || value > 65535)
        return -1;
    *port = (uint16_t)value;
    return 0;
}

int rpc_target_parse(const char *text, struct rpc_target *target, struct error *err)
{
    struct rpc_target t = { .port = DEFAULT_PORT };
    const char *start = text + strspn(text, " \t"), *end = start + strcspn(start, " \t\n"), *key, *colon;
    const char *host = start, *host_end = end;

    if (*start == '[') { /* [2001:db8::1]:6817 */
        host = start + 1;
        if (!(host_end = memchr(host, ']', (size_t)(end - host))))
            return error_set(err, BRE_CONFIG, "controller \"%s\": no ']' after '['", text);
        colon = host_end + 1 < end ? host_end + 1 : NULL;
        if (colon && *colon != ':')
            return error_set(err, BRE_CONFIG, "controller \"%s\": expected ':PORT' after ']'", text);
    } else {
        colon = memchr(start, ':', (size_t)(end - start));
        if (colon && memchr(colon + 1, ':', (size_t)(end - colon - 1)))
            colon = NULL; /* an IPv6 address without port */
        else if (colon)
            host_end = colon;
    }
    if (host_end == host || (size_t)(host_end - host) >= sizeof t.host)
        return error_set(err, BRE_CONFIG, "controller \"%s\": expected \"HOST:PORT KEY\"", text);
    memcpy(t.host, host, (size_t)(host_end - host));
    if (colon && parse_port(colon + 1, (size_t)(end - colon - 1), &t.port) < 0)
        return error_set(err, BRE_CONFIG, "controller \"%s\": port must be 1 to 65535", text);
    key = end + strspn(end, " \t\n");
    if (*key) {
        size_t len = strcspn(key, " \t\n"), got = 0;

        if (key[len + strspn(key + len, " \t\n")])
            return error_set(err, BRE_CONFIG, "controller \"%s\": text after the key", text);
        if (sodium_base642bin(t.key, sizeof t.key, key, len, NULL, &got, NULL,
                              sodium_base64_VARIANT_ORIGINAL)
            || got != sizeof t.key)
            return error_set(err, BRE_CONFIG,
                             "controller \"%s\": the key must be 44 base64 characters, as "
                             "'bramblectld --print-key' shows it", text);
        t.have_key = true;
    }
    *target = t;
    return 0;
}
