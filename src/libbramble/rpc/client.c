/* client.c - the blocking half: commands that ask, print and leave.  No event loop. */
#include "config.h"
#include "rpc/rpc_private.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "channel/channel.h"
#include "util/error.h"
#include "util/mem.h"
#include "wire/common.pb-c.h"

enum {
    HANDSHAKE_MS = 10000,
    CONNECT_MS = 5000,
    READ_SIZE = 65536,
    MUNGE_MS = 4000,
    MUNGE_STACK = 262144,
    RETRY_FIRST_MS = 50,
    RETRY_LAST_MS = 1000,
};

struct rpc_client {
    struct rpc_target target;
    int fd;
    char name[300];
    struct session_peer peer;
    struct frame_writer writer;
    struct frame_reader reader;
    uint8_t first[64 + 4 + FRAME_HEAD + FRAME_SEAL]; /* goes out with the first request */
    size_t first_len;
    uint8_t *data; /* read, of which at..have is not yet used */
    size_t at, have;
    uint8_t scratch[FRAME_HEAD + FRAME_INLINE_MAX];
    ProtobufCMessage *msg; /* of the last rpc_recv() */
    uint32_t next_id;
    bool broken;
    /* A local session has no handshake to wait for: what was asked with the hello is kept until the
     * controller's first word, which says that it was heard. */
    bool unanswered;
    unsigned wait_ms;
    int64_t answer_by;
    uint8_t *asked; /* FRAME_HEAD bytes of room, then the packed request; NULL: nothing, or too much */
    size_t asked_len;
    uint32_t asked_type, asked_id;
};

static int64_t now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* 0: ready; -1: errno is set, ETIMEDOUT at the deadline. */
static int wait_for(int fd, short events, int64_t deadline)
{
    struct pollfd p = { .fd = fd, .events = events };

    for (;;) {
        int64_t left = deadline - now_ms();
        int n = poll(&p, 1, left < 0 ? 0 : left > 1 << 30 ? 1 << 30 : (int)left);

        if (n > 0)
            return 0;
        if (n == 0 && deadline <= now_ms()) {
            errno = ETIMEDOUT;
            return -1;
        }
        if (n < 0 && errno != EINTR)
            return -1;
    }
}

static int write_all(int fd, const uint8_t *data, size_t len, int64_t deadline)
{
    while (len) {
        ssize_t n = send(fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (n >= 0) {
            data += n;
            len -= (size_t)n;
        } else if (errno == EAGAIN) {
            if (wait_for(fd, POLLOUT, deadline) < 0)
                return -1;
        } else if (errno != EINTR) {
            return -1;
        }
    }
    return 0;
}

static int read_exact(int fd, uint8_t *data, size_t len, int64_t deadline)
{
    while (len) {
        ssize_t n = recv(fd, data, len, MSG_DONTWAIT);

        if (n > 0) {
            data += n;
            len -= (size_t)n;
        } else if (n == 0) {
            errno = ECONNRESET;
            return -1;
        } else if (errno == EAGAIN) {
            if (wait_for(fd, POLLIN, deadline) < 0)
                return -1;
        } else if (errno != EINTR) {
            return -1;
        }
    }
    return 0;
}

static int net_error(const struct rpc_client *c, struct error *err)
{
    if (errno == ETIMEDOUT)
        return error_set(err, BRE_TIMEOUT, "controller %s does not answer", c->name);
    return error_set(err, BRE_NO_CONTACT, "the connection to controller %s was cut: %s", c->name,
                     strerror(errno));
}

/* ---- opening ---- */

static int client_connect(struct rpc_client *c, int64_t deadline, struct error *err)
{
    const struct rpc_target *target = &c->target;
    struct addrinfo *list = NULL;
    int saved = EHOSTUNREACH;

    if (rpc_resolve(target->host, target->port, true, &list, NULL) < 0
        && rpc_resolve(target->host, target->port, false, &list, err) < 0)
        return -1;
    for (const struct addrinfo *ai = list; ai && c->fd < 0; ai = ai->ai_next) {
        int64_t limit = now_ms() + CONNECT_MS;
        int code = 0;
        socklen_t len = sizeof code;

        if ((c->fd = rpc_connect_start(ai)) < 0) {
            saved = errno;
            continue;
        }
        if (wait_for(c->fd, POLLOUT, limit < deadline ? limit : deadline) < 0)
            code = errno;
        else
            getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &code, &len);
        if (code) {
            saved = code;
            close(c->fd);
            c->fd = -1;
        }
    }
    freeaddrinfo(list);
    if (c->fd < 0)
        return error_set(err, BRE_NO_CONTACT, "cannot reach controller %s: %s", c->name, strerror(saved));
    return 0;
}

static int handshake_send(struct rpc_client *c, struct handshake *h, int64_t deadline, struct error *err)
{
    size_t len;
    const uint8_t *data = handshake_output(h, &len);

    if (data && write_all(c->fd, data, len, deadline) < 0 && errno != EPIPE && errno != ECONNRESET)
        return net_error(c, err);
    return 0; /* when it hung up, what it said last is still to be read */
}

/* munge may hang for longer than a person waits: it works on a thread, which is left behind then. */
struct munge_work {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct handshake *handshake;
    bool done, left;
};

static void munge_work_free(struct munge_work *w)
{
    pthread_mutex_destroy(&w->lock);
    pthread_cond_destroy(&w->changed);
    free(w);
}

static void *munge_thread(void *arg)
{
    struct munge_work *w = arg;
    bool left;

    handshake_work(w->handshake);
    pthread_mutex_lock(&w->lock);
    w->done = true;
    left = w->left;
    pthread_cond_signal(&w->changed);
    pthread_mutex_unlock(&w->lock);
    if (left) {
        handshake_destroy(w->handshake);
        munge_work_free(w);
    }
    return NULL;
}

/* 1: the handshake belongs to the thread now. */
static int client_munge(struct rpc_client *c, struct handshake *h, int64_t deadline, struct error *err)
{
    struct munge_work *w = xcalloc(1, sizeof *w);
    pthread_condattr_t attr;
    pthread_attr_t thread_attr;
    pthread_t thread;
    struct timespec until;
    int64_t limit = now_ms() + MUNGE_MS;
    bool done;

    if (limit > deadline)
        limit = deadline;
    until = (struct timespec){ limit / 1000, (long)(limit % 1000) * 1000000 };
    pthread_mutex_init(&w->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&w->changed, &attr);
    pthread_condattr_destroy(&attr);
    w->handshake = h;
    pthread_attr_init(&thread_attr);
    pthread_attr_setdetachstate(&thread_attr, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&thread_attr, MUNGE_STACK);
    if (pthread_create(&thread, &thread_attr, munge_thread, w)) {
        pthread_attr_destroy(&thread_attr);
        munge_work_free(w);
        handshake_work(h);
        return handshake_worked(h, err);
    }
    pthread_attr_destroy(&thread_attr);
    pthread_mutex_lock(&w->lock);
    while (!w->done && pthread_cond_timedwait(&w->changed, &w->lock, &until) != ETIMEDOUT)
        ;
    done = w->done;
    w->left = !done;
    pthread_mutex_unlock(&w->lock);
    if (!done) {
        error_set(err, BRE_AUTH, "munged does not answer at %s: is it stopped?",
                  c->target.munge_socket[0] ? c->target.munge_socket : "its socket");
        return 1;
    }
    munge_work_free(w);
    return handshake_worked(h, err);
}

/* 1: failed, and the handshake is not ours to free any more. */
static int client_handshake(struct rpc_client *c, struct handshake *h, int64_t deadline, struct error *err)
{
    int rc;

    uint8_t record[HANDSHAKE_RECORD_MAX];

    for (;;) {
        switch (handshake_state(h)) {
        case HANDSHAKE_READ: {
            size_t want = handshake_want(h);

            if (handshake_send(c, h, deadline, err) < 0)
                return -1;
            if (want > sizeof record)
                return error_set(err, BRE_INTERNAL, "a handshake record of %zu bytes", want);
            if (read_exact(c->fd, record, want, deadline) < 0)
                return net_error(c, err);
            if (handshake_feed(h, record, err) < 0)
                return -1;
            break;
        }
        case HANDSHAKE_WORK:
            if ((rc = client_munge(c, h, deadline, err)) != 0)
                return rc;
            break;
        case HANDSHAKE_DONE:
            return 0;
        case HANDSHAKE_FAILED:
            return error_set(err, BRE_AUTH, "the handshake with %s failed", c->name);
        }
    }
}

static bool local_open(struct rpc_client *c)
{
    uint8_t plain[FRAME_HEAD];

    if (!c->target.local_socket[0] || !c->target.have_key || (c->fd = rpc_local_connect(c->target.local_socket)) < 0)
        return false;
    frame_plain_init(&c->writer, &c->reader);
    local_hello_make(c->target.key, c->first);
    frame_seal(&c->writer, 0, 0, plain, 0, c->first + LOCAL_HELLO_SIZE);
    c->first_len = LOCAL_HELLO_SIZE + frame_sealed_size(&c->writer, 0);
    c->unanswered = true;
    c->answer_by = now_ms() + HANDSHAKE_MS;
    return true;
}

static int port_open(struct rpc_client *c, int64_t deadline, struct error *err)
{
    const struct rpc_target *target = &c->target;
    struct handshake_client_conf conf = {
        .role = SESSION_COMMAND,
        .server_name = c->name,
        .server_key = target->have_key ? target->key : NULL,
        .munge_socket = target->munge_socket,
    };
    struct handshake *h = handshake_client(&conf, err);
    uint8_t plain[FRAME_HEAD];
    int64_t limit = now_ms() + HANDSHAKE_MS;
    int rc;

    if (!h)
        return -1;
    c->unanswered = false;
    if (limit > deadline)
        limit = deadline;
    rc = client_connect(c, limit, err);
    if (rc < 0 || (rc = client_handshake(c, h, limit, err)) != 0) {
        if (rc < 0)
            handshake_destroy(h);
        if (c->fd >= 0)
            close(c->fd);
        c->fd = -1;
        return -1;
    }
    handshake_finish(h, &c->writer, &c->reader, &c->peer, c->first, &c->first_len);
    frame_seal(&c->writer, 0, 0, plain, 0, c->first + c->first_len);
    c->first_len += 4 + FRAME_HEAD + FRAME_SEAL;
    return 0;
}

/* Worth another try: the controller is starting, or busy. */
static bool may_pass(const struct error *err)
{
    return err->code == BRE_NO_CONTACT || err->code == BRE_BUSY || err->code == BRE_TIMEOUT;
}

static int client_open(struct rpc_client *c, unsigned wait_ms, struct error *err)
{
    int64_t start = now_ms(), deadline = start + wait_ms;
    int64_t limit = deadline > start + HANDSHAKE_MS ? deadline : start + HANDSHAKE_MS;
    unsigned pause_ms = RETRY_FIRST_MS;

    c->broken = false;
    while (!local_open(c) && port_open(c, limit, err) < 0) {
        struct timespec ts = { pause_ms / 1000, (long)(pause_ms % 1000) * 1000000 };

        if (!may_pass(err) || now_ms() + pause_ms >= deadline)
            return -1;
        nanosleep(&ts, NULL);
        pause_ms = pause_ms * 2 < RETRY_LAST_MS ? pause_ms * 2 : RETRY_LAST_MS;
    }
    return 0;
}

struct rpc_client *rpc_client_open(const struct rpc_target *target, unsigned wait_ms, struct error *err)
{
    struct rpc_client *c = malloc(sizeof *c);
    struct error local;

    if (!err)
        err = &local;
    if (!c) {
        error_set(err, ENOMEM, "out of memory");
        return NULL;
    }
    memset(c, 0, offsetof(struct rpc_client, scratch));
    memset(&c->msg, 0, sizeof *c - offsetof(struct rpc_client, msg));
    c->target = *target;
    c->next_id = 1;
    c->fd = -1;
    c->wait_ms = wait_ms;
    snprintf(c->name, sizeof c->name, strchr(target->host, ':') ? "[%s]:%u" : "%s:%u", target->host,
             target->port);
    if (client_open(c, wait_ms, err) < 0) {
        rpc_client_close(c);
        return NULL;
    }
    return c;
}

/* Nothing is left of the connection, but it may be made again. */
static void client_cut(struct rpc_client *c)
{
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
    c->at = c->have = c->first_len = 0;
    frame_reader_fini(&c->reader);
    frame_writer_fini(&c->writer);
}

static void asked_forget(struct rpc_client *c)
{
    free(c->asked);
    c->asked = NULL;
}

void rpc_client_close(struct rpc_client *c)
{
    if (!c)
        return;
    if (c->fd >= 0 && !c->broken) {
        uint8_t end[sizeof c->first + FRAME_SEAL + 4];

        memcpy(end, c->first, c->first_len);
        c->first_len += frame_seal_end(&c->writer, end + c->first_len);
        if (c->first_len)
            send(c->fd, end, c->first_len, MSG_NOSIGNAL | MSG_DONTWAIT);
    }
    client_cut(c);
    asked_forget(c);
    rpc_msg_free(c->msg);
    free(c->data);
    free(c);
}

/* ---- asking ---- */

/* Send the packed request that lies FRAME_HEAD bytes into plain. */
static int client_write(struct rpc_client *c, unsigned type, uint32_t id, uint8_t *plain, size_t len,
                        int64_t deadline, struct error *err)
{
    size_t size = frame_sealed_size(&c->writer, len);
    CLEANUP_FREE uint8_t *sealed = malloc(c->first_len + size);

    if (!sealed)
        return error_set(err, ENOMEM, "no memory for a request of %zu bytes", len);
    memcpy(sealed, c->first, c->first_len);
    frame_seal(&c->writer, type, id, plain, len, sealed + c->first_len);
    size += c->first_len;
    c->first_len = 0;
    if (write_all(c->fd, sealed, size, deadline) < 0) {
        if (errno == EPIPE || errno == ECONNRESET)
            return 0; /* a refusal may lie unread; else reading reports it */
        c->broken = true;
        return net_error(c, err);
    }
    return 0;
}

static int client_send(struct rpc_client *c, unsigned type, const ProtobufCMessage *request, int64_t deadline,
                       struct error *err)
{
    CLEANUP_FREE uint8_t *plain = NULL;
    uint32_t id = c->next_id;
    size_t len;

    if (c->broken)
        return error_set(err, BRE_CLOSED, "the connection to controller %s is closed", c->name);
    if (msg_check_outgoing(type, request, &len, err) < 0)
        return -1;
    if (!(plain = malloc(FRAME_HEAD + len)))
        return error_set(err, ENOMEM, "no memory for a request of %zu bytes", len);
    if (len)
        protobuf_c_message_pack(request, plain + FRAME_HEAD);
    c->next_id++;
    if (client_write(c, type, id, plain, len, deadline, err) < 0)
        return -1;
    if (c->unanswered && id == 1) {
        c->asked = TAKE(plain);
        c->asked_len = len;
        c->asked_type = type;
        c->asked_id = id;
    } else {
        asked_forget(c); /* two questions in the air: neither is put again */
    }
    return 0;
}

/* The controller went away before its first word, or the socket is another one's: it has not acted on
 * what it was asked.  Ask again. */
static int client_ask_again(struct rpc_client *c, const struct error *why, struct error *err)
{
    CLEANUP_FREE uint8_t *plain = TAKE(c->asked);

    if (!c->unanswered || !plain || (why->code != BRE_NO_CONTACT && why->code != BRE_AUTH)) {
        error_copy(err, why);
        return -1;
    }
    if (why->code == BRE_AUTH)
        c->target.local_socket[0] = '\0';
    client_cut(c);
    if (client_open(c, c->wait_ms, err) < 0
        || client_write(c, c->asked_type, c->asked_id, plain, c->asked_len, now_ms() + HANDSHAKE_MS, err) < 0) {
        c->broken = true;
        return -1;
    }
    if (c->unanswered)
        c->asked = TAKE(plain);
    return 0;
}

int rpc_send(struct rpc_client *c, unsigned type, const ProtobufCMessage *request, struct error *err)
{
    return client_send(c, type, request, now_ms() + 60000, err);
}

static int accept_frame(void *arg, uint32_t type, uint32_t request_id, uint32_t len, struct error *err)
{
    const struct rpc_client *c = arg;

    if (rpc_check_frame(R_REPLY, type, len, err) < 0)
        return -1;
    if (request_id >= c->next_id)
        return error_set(err, BRE_PROTOCOL, "%s answers request %u, which was never sent",
                         msg_type_name(type), request_id);
    return 0;
}

static int client_fill(struct rpc_client *c, int64_t deadline, struct error *err)
{
    if (!c->data)
        c->data = xmalloc(FRAME_NEED_MAX + READ_SIZE);
    memmove(c->data, c->data + c->at, c->have - c->at);
    c->have -= c->at;
    c->at = 0;
    for (;;) {
        ssize_t n = recv(c->fd, c->data + c->have, FRAME_NEED_MAX + READ_SIZE - c->have, MSG_DONTWAIT);

        if (n > 0) {
            c->have += (size_t)n;
            return 0;
        }
        if (n == 0)
            errno = ECONNRESET;
        else if (errno == EINTR)
            continue;
        else if (errno == EAGAIN) {
            if (wait_for(c->fd, POLLIN, deadline) == 0)
                continue;
            if (errno == ETIMEDOUT)
                return net_error(c, err); /* the session stands; it may be asked again */
        }
        c->broken = true;
        return net_error(c, err);
    }
}

/* 1: a frame is in *view. */
static int client_take_frame(struct rpc_client *c, struct frame_view *view, struct error *err)
{
    size_t used = 0;

    if (c->have == c->at)
        return 0;
    switch (frame_read(&c->reader, c->data + c->at, c->have - c->at, &used, accept_frame, c, c->scratch, view,
                       err)) {
    case FRAME_MORE:
        c->at += used;
        return 0;
    case FRAME_GOT:
        c->at += used;
        return 1;
    case FRAME_ENDED:
        return error_set(err, BRE_CLOSED, "controller %s ended the session", c->name);
    case FRAME_BAD:
        break;
    }
    error_prefix(err, "controller %s", c->name);
    return -1;
}

/* 1: the controller has answered. */
static int client_take_answer(struct rpc_client *c, struct error *err)
{
    ssize_t n = local_answer_read(c->data + c->at, c->have - c->at, c->name, &c->peer, err);

    if (n <= 0)
        return (int)n;
    c->at += (size_t)n;
    c->unanswered = false;
    asked_forget(c);
    return 1;
}

int rpc_recv(struct rpc_client *c, struct rpc_frame *frame, unsigned timeout_ms, struct error *err)
{
    int64_t deadline = now_ms() + timeout_ms;
    struct frame_view view;
    struct error local, why;

    if (!err)
        err = &local;
    rpc_msg_free(c->msg);
    c->msg = NULL;
    if (c->broken)
        return error_set(err, BRE_CLOSED, "the connection to controller %s is closed", c->name);
    if (c->first_len) { /* nothing was asked yet */
        if (write_all(c->fd, c->first, c->first_len, deadline) < 0) {
            c->broken = true;
            return net_error(c, err);
        }
        c->first_len = 0;
    }
    for (;;) {
        int64_t limit = c->unanswered && c->answer_by < deadline ? c->answer_by : deadline;
        int rc = c->unanswered ? client_take_answer(c, &why) : 0;

        if (rc == 0 && !c->unanswered && (rc = client_take_frame(c, &view, &why)) > 0)
            break;
        if (rc > 0)
            continue;
        if (rc < 0)
            c->broken = true;
        else
            rc = client_fill(c, limit, &why);
        if (rc < 0 && client_ask_again(c, &why, err) < 0)
            return -1;
    }
    if (!(c->msg = msg_decode_bounds(msg_info(view.type)->bounds, view.body, view.len, err))) {
        c->broken = true;
        return -1;
    }
    *frame = (struct rpc_frame){ .type = view.type, .request_id = view.request_id, .msg = c->msg, .fd = -1 };
    return 0;
}

int rpc_refusal_error(const ProtobufCMessage *msg, struct error *err)
{
    const Wire__Refusal *r = (const Wire__Refusal *)msg;
    int code = r->has_code ? (int)r->code : BRE_INTERNAL;

    if (code <= 0 || code >= BRE_END)
        code = BRE_INTERNAL;
    return error_set(err, code, "%s", r->text && r->text[0] ? r->text : error_code_text(code));
}

ProtobufCMessage *rpc_call(struct rpc_client *c, unsigned type, const ProtobufCMessage *request,
                           unsigned want, unsigned timeout_ms, struct error *err)
{
    int64_t deadline = now_ms() + timeout_ms;
    uint32_t id = c->next_id;
    struct rpc_frame frame;

    if (client_send(c, type, request, deadline, err) < 0)
        return NULL;
    for (;;) {
        int64_t left = deadline - now_ms();

        if (rpc_recv(c, &frame, left > 0 ? (unsigned)left : 0, err) < 0)
            return NULL;
        if (frame.request_id != id)
            continue; /* a notice, or the late answer to a request given up */
        if (frame.type == want)
            return TAKE(c->msg);
        if (frame.type == MSG_REFUSAL)
            rpc_refusal_error(frame.msg, err);
        else
            error_set(err, BRE_PROTOCOL, "controller %s answered with %s", c->name,
                      msg_type_name(frame.type));
        return NULL;
    }
}
