/* relay.c - a TCP proxy that makes trouble on command, for tests of slow, cut and changed connections.
 *
 *   relay --to HOST:PORT [--listen PORT] [--control FIFO]
 *
 * Prints the port it listens on (127.0.0.1), then obeys one command a line from the control FIFO (made by
 * the caller) or standard input:
 *   pass                 as a wire would (also ends a hole, a delay and a drip)
 *   delay MS             everything arrives MS later
 *   drip BYTES MS        BYTES at a time, every MS
 *   hole                 nothing passes, nothing is closed: the cable is out
 *   cut                  every connection is reset now; new ones pass
 *   refuse               every connection is reset, and so is every new one, until "pass"
 *   flip WAY N           one bit of the N-th byte from now (0: the next) is changed
 *   truncate WAY N       after N more bytes the connection ends, as if properly
 *   repeat WAY N LEN     LEN bytes beginning with the N-th are sent twice
 *   drop WAY N LEN       LEN bytes beginning with the N-th are left out
 *   stats                print "connections OPEN up BYTES down BYTES"
 *   quit
 * WAY is up (to HOST:PORT) or down.  A command about bytes holds once, for whichever connection comes to
 * that byte first.  Each command is answered by "ok" or "error: ..." on standard output.
 */
#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CONNS_MAX = 512, BUF_MAX = 1 << 18 };
enum mode { PASS, HOLE, REFUSE };
enum act { ACT_NONE, ACT_FLIP, ACT_TRUNCATE, ACT_REPEAT, ACT_DROP };

/* One direction of one connection. */
struct lane {
    uint8_t *data;
    size_t len;
    bool ended, passed_end, end_after; /* end_after: close once what is queued has left */
    int64_t due_ms;       /* not to be written before */
};
struct link {
    int fd[2]; /* 0: the client's, 1: the server's */
    struct lane lane[2]; /* 0: up, from fd[0] to fd[1] */
};

static struct relay {
    int listen_fd, control_fd;
    struct addrinfo *to;
    enum mode mode;
    int64_t delay_ms, drip_ms;
    size_t drip_bytes;
    struct {
        enum act act;
        uint64_t at, len;
    } trouble[2];
    uint64_t bytes[2];
    struct link links[CONNS_MAX];
    char line[512];
    size_t line_len;
} relay = { .listen_fd = -1 };

static int64_t now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void die(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    fputs("relay: ", stderr);
    vfprintf(stderr, fmt, ap);
    fputc('\n', stderr);
    va_end(ap);
    exit(1);
}

static void answer(const char *text)
{
    printf("%s\n", text);
    fflush(stdout);
}

/* ---- connections ---- */

static void link_close(struct link *l, bool reset)
{
    struct linger hard = { 1, 0 };

    for (int side = 0; side < 2; side++) {
        if (l->fd[side] >= 0) {
            if (reset)
                setsockopt(l->fd[side], SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
            close(l->fd[side]);
        }
        free(l->lane[side].data);
    }
    *l = (struct link){ .fd = { -1, -1 } };
}

static void cut_all(void)
{
    for (int i = 0; i < CONNS_MAX; i++)
        if (relay.links[i].fd[0] >= 0)
            link_close(&relay.links[i], true);
}

static void accept_one(void)
{
    int client = accept4(relay.listen_fd, NULL, NULL, SOCK_CLOEXEC), on = 1, i = 0;
    struct linger hard = { 1, 0 };
    struct link *l;

    if (client < 0)
        return;
    while (i < CONNS_MAX && relay.links[i].fd[0] >= 0)
        i++;
    if (relay.mode == REFUSE || i == CONNS_MAX) {
        setsockopt(client, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
        close(client);
        return;
    }
    l = &relay.links[i];
    l->fd[0] = client;
    l->fd[1] = socket(relay.to->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (l->fd[1] < 0 || connect(l->fd[1], relay.to->ai_addr, relay.to->ai_addrlen) < 0) {
        link_close(l, true);
        return;
    }
    for (int side = 0; side < 2; side++) {
        setsockopt(l->fd[side], IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        fcntl(l->fd[side], F_SETFL, O_NONBLOCK);
        if (!(l->lane[side].data = malloc(2 * BUF_MAX)))
            die("no memory");
    }
}

/* Do what is ordered to the n bytes that begin at p; returns how many there are then. */
static size_t make_trouble(struct lane *lane, int way, uint8_t *p, size_t n)
{
    uint64_t at = relay.trouble[way].at, len = relay.trouble[way].len;
    enum act act = relay.trouble[way].act;

    if (act == ACT_NONE)
        return n;
    if (at >= n) {
        relay.trouble[way].at -= n;
        return n;
    }
    relay.trouble[way].act = ACT_NONE;
    if (len > n - at)
        len = n - at;
    switch (act) {
    case ACT_FLIP:
        p[at] ^= 1;
        break;
    case ACT_TRUNCATE:
        n = at;
        lane->end_after = true;
        break;
    case ACT_REPEAT:
        memmove(p + at + len, p + at, n - at);
        n += len;
        break;
    case ACT_DROP:
        memmove(p + at, p + at + len, n - at - len);
        n -= len;
        break;
    case ACT_NONE:
        break;
    }
    return n;
}

static void lane_read(struct link *l, int way)
{
    struct lane *lane = &l->lane[way];
    ssize_t n = recv(l->fd[way], lane->data + lane->len, BUF_MAX - lane->len, 0);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n < 0) {
        link_close(l, true);
        return;
    }
    if (n == 0) {
        lane->ended = true;
        return;
    }
    if (!lane->len)
        lane->due_ms = now_ms() + (relay.delay_ms ? relay.delay_ms : 0);
    lane->len += make_trouble(lane, way, lane->data + lane->len, (size_t)n);
}

static void lane_write(struct link *l, int way)
{
    struct lane *lane = &l->lane[way];
    size_t part = lane->len;
    ssize_t n;

    if (relay.drip_bytes && part > relay.drip_bytes)
        part = relay.drip_bytes;
    if (part) {
        n = send(l->fd[!way], lane->data, part, MSG_NOSIGNAL);
        if (n < 0) {
            if (errno != EAGAIN && errno != EINTR)
                link_close(l, true);
            return;
        }
        memmove(lane->data, lane->data + n, lane->len - (size_t)n);
        lane->len -= (size_t)n;
        relay.bytes[way] += (uint64_t)n;
        if (relay.drip_bytes)
            lane->due_ms = now_ms() + relay.drip_ms;
    }
    if (lane->len)
        return;
    if (lane->end_after) {
        link_close(l, false);
        return;
    }
    if (lane->ended && !lane->passed_end) {
        shutdown(l->fd[!way], SHUT_WR);
        lane->passed_end = true;
        if (l->lane[!way].passed_end)
            link_close(l, false);
    }
}

/* ---- commands ---- */

static bool parse_number(const char *text, uint64_t *value)
{
    char *end;

    if (!text || *text < '0' || *text > '9')
        return false;
    errno = 0;
    *value = strtoull(text, &end, 10);
    return !*end && !errno;
}

static bool order_trouble(enum act act, char **save, bool with_len)
{
    const char *way = strtok_r(NULL, " ", save), *at = strtok_r(NULL, " ", save),
               *len = with_len ? strtok_r(NULL, " ", save) : "0";
    int w = way && !strcmp(way, "up") ? 0 : way && !strcmp(way, "down") ? 1 : -1;
    uint64_t a, n;

    if (w < 0 || !parse_number(at, &a) || !parse_number(len, &n))
        return false;
    relay.trouble[w].act = act;
    relay.trouble[w].at = a;
    relay.trouble[w].len = n;
    return true;
}

static bool obey(char *line)
{
    char *save = NULL, *word = strtok_r(line, " ", &save);
    uint64_t a = 0, b = 0;
    unsigned open = 0;

    if (!word)
        return true;
    if (!strcmp(word, "pass")) {
        relay.mode = PASS;
        relay.delay_ms = relay.drip_ms = 0;
        relay.drip_bytes = 0;
        relay.trouble[0].act = relay.trouble[1].act = ACT_NONE;
        return true;
    }
    if (!strcmp(word, "hole")) {
        relay.mode = HOLE;
        return true;
    }
    if (!strcmp(word, "cut") || !strcmp(word, "refuse")) {
        relay.mode = *word == 'r' ? REFUSE : PASS;
        cut_all();
        return true;
    }
    if (!strcmp(word, "delay")) {
        if (!parse_number(strtok_r(NULL, " ", &save), &a))
            return false;
        relay.delay_ms = (int64_t)a;
        return true;
    }
    if (!strcmp(word, "drip")) {
        if (!parse_number(strtok_r(NULL, " ", &save), &a) || !a
            || !parse_number(strtok_r(NULL, " ", &save), &b))
            return false;
        relay.drip_bytes = (size_t)a;
        relay.drip_ms = (int64_t)b;
        return true;
    }
    if (!strcmp(word, "flip"))
        return order_trouble(ACT_FLIP, &save, false);
    if (!strcmp(word, "truncate"))
        return order_trouble(ACT_TRUNCATE, &save, false);
    if (!strcmp(word, "repeat"))
        return order_trouble(ACT_REPEAT, &save, true);
    if (!strcmp(word, "drop"))
        return order_trouble(ACT_DROP, &save, true);
    if (!strcmp(word, "stats")) {
        for (int i = 0; i < CONNS_MAX; i++)
            open += relay.links[i].fd[0] >= 0;
        printf("connections %u up %llu down %llu\n", open, (unsigned long long)relay.bytes[0],
               (unsigned long long)relay.bytes[1]);
        return true;
    }
    if (!strcmp(word, "quit"))
        exit(0);
    return false;
}

static void read_commands(void)
{
    ssize_t n = read(relay.control_fd, relay.line + relay.line_len, sizeof relay.line - 1 - relay.line_len);
    char *end;

    if (n == 0)
        exit(0); /* the test is gone */
    if (n < 0)
        return;
    relay.line_len += (size_t)n;
    relay.line[relay.line_len] = '\0';
    while ((end = strchr(relay.line, '\n'))) {
        *end = '\0';
        answer(obey(relay.line) ? "ok" : "error: not a command");
        relay.line_len -= (size_t)(end + 1 - relay.line);
        memmove(relay.line, end + 1, relay.line_len + 1);
    }
    if (relay.line_len == sizeof relay.line - 1)
        die("a command is too long");
}

/* ---- the loop ---- */

static void turn(void)
{
    static struct pollfd fds[2 + 2 * CONNS_MAX];
    static int owner[2 + 2 * CONNS_MAX]; /* link * 2 + side */
    int64_t now = now_ms(), wait = -1;
    nfds_t n = 0;

    fds[n++] = (struct pollfd){ .fd = relay.control_fd, .events = POLLIN };
    fds[n++] = (struct pollfd){ .fd = relay.listen_fd, .events = POLLIN };
    for (int i = 0; i < CONNS_MAX; i++) {
        struct link *l = &relay.links[i];

        for (int side = 0; side < 2 && l->fd[side] >= 0; side++) {
            struct lane *in = &l->lane[side], *out = &l->lane[!side];
            short events = 0;
            bool owes = out->len || out->end_after || (out->ended && !out->passed_end);

            if (relay.mode != HOLE) {
                if (!in->ended && !in->end_after && in->len < BUF_MAX / 2)
                    events |= POLLIN;
                if (owes && out->due_ms <= now)
                    events |= POLLOUT;
                else if (owes && (wait < 0 || out->due_ms - now < wait))
                    wait = out->due_ms - now;
            }
            owner[n] = i * 2 + side;
            fds[n++] = (struct pollfd){ .fd = events ? l->fd[side] : -1, .events = events };
        }
    }
    if (poll(fds, n, (int)wait) < 0 && errno != EINTR)
        die("poll: %s", strerror(errno));
    if (fds[0].revents)
        read_commands();
    for (nfds_t k = 2; k < n; k++) {
        struct link *l = &relay.links[owner[k] / 2];
        int side = owner[k] % 2;

        if ((fds[k].revents & POLLOUT) && l->fd[side] == fds[k].fd)
            lane_write(l, !side);
        if ((fds[k].revents & (POLLIN | POLLHUP | POLLERR)) && (fds[k].events & POLLIN)
            && l->fd[side] == fds[k].fd)
            lane_read(l, side);
    }
    if (fds[1].revents)
        accept_one();
}

static void parse_to(char *text)
{
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
    char *colon = strrchr(text, ':');
    int rc;

    if (!colon)
        die("--to HOST:PORT");
    *colon = '\0';
    if ((rc = getaddrinfo(text, colon + 1, &hints, &relay.to)))
        die("%s: %s", text, gai_strerror(rc));
}

int main(int argc, char **argv)
{
    struct sockaddr_in sin = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof sin;
    int on = 1;

    signal(SIGPIPE, SIG_IGN);
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--to") && i + 1 < argc)
            parse_to(argv[++i]);
        else if (!strcmp(argv[i], "--listen") && i + 1 < argc)
            sin.sin_port = htons((uint16_t)atoi(argv[++i]));
        else if (!strcmp(argv[i], "--control") && i + 1 < argc)
            relay.control_fd = open(argv[++i], O_RDWR | O_CLOEXEC); /* never sees an end of file */
        else
            die("usage: relay --to HOST:PORT [--listen PORT] [--control FIFO]");
    }
    if (!relay.to || relay.control_fd < 0)
        die("usage: relay --to HOST:PORT [--listen PORT] [--control FIFO]");
    for (int i = 0; i < CONNS_MAX; i++)
        relay.links[i].fd[0] = relay.links[i].fd[1] = -1;
    if ((relay.listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) < 0)
        die("socket: %s", strerror(errno));
    setsockopt(relay.listen_fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(relay.listen_fd, (struct sockaddr *)&sin, sizeof sin) < 0 || listen(relay.listen_fd, 128) < 0
        || getsockname(relay.listen_fd, (struct sockaddr *)&sin, &len) < 0)
        die("cannot listen: %s", strerror(errno));
    printf("%u\n", ntohs(sin.sin_port));
    fflush(stdout);
    for (;;)
        turn();
}
