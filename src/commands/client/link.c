/* link.c - dial, and dial again. */
#include "config.h"
#include "client/link.h"

#include <errno.h>

#include "reactor/reactor.h"
#include "util/error.h"
#include "util/mem.h"

#define DIAL_TIMEOUT_MS 4500 /* a stopped munged is to be told within 5 s */
#define DIAL_LEAST_MS 500
#define RETRY_FIRST_MS 50
#define RETRY_MOST_MS 1000

struct ctl_link {
    struct reactor *reactor;
    struct rpc_target target;
    const struct ctl_link_ops *ops;
    void *arg;
    struct rpc_conn *conn;
    struct reactor_timer *retry;
    uint64_t patience_ms, lost_at_ms, pause_ms;
    bool up, gone;
};

static void link_dial(void *arg);

static void on_open(void *arg, struct rpc_conn *conn)
{
    struct ctl_link *l = arg;

    (void)conn;
    l->up = true;
    l->pause_ms = RETRY_FIRST_MS;
    l->ops->on_ready(l->arg);
}

static void on_frame(void *arg, struct rpc_conn *conn, const struct rpc_frame *frame)
{
    struct ctl_link *l = arg;

    (void)conn;
    l->ops->on_frame(l->arg, frame);
}

/* Would another try help? A refused identity or version stays refused.  Once there is a job to lose
 * (endless patience) everything is tried again: munged may be back in a minute. */
static bool is_lasting(const struct error *why)
{
    return why->code == BRE_AUTH || why->code == BRE_VERSION || why->code == BRE_ACCESS
           || why->code == BRE_USER_ID || why->code == BRE_CONFIG || why->code == BRE_INVAL;
}

static void on_close(void *arg, struct rpc_conn *conn, const struct error *why)
{
    struct ctl_link *l = arg;
    uint64_t now = reactor_now_ms(l->reactor);

    (void)conn;
    l->conn = NULL;
    if (l->up)
        l->lost_at_ms = now ? now : 1;
    if (l->patience_ms != UINT64_MAX && (is_lasting(why) || now - l->lost_at_ms >= l->patience_ms)) {
        l->up = false;
        l->gone = true;
        l->ops->on_gone(l->arg, why);
        return;
    }
    if (l->up && l->ops->on_lost)
        l->ops->on_lost(l->arg, why);
    l->up = false;
    reactor_timer_start(l->retry, l->pause_ms, 0);
    l->pause_ms = l->pause_ms * 2 > RETRY_MOST_MS ? RETRY_MOST_MS : l->pause_ms * 2;
}

static const struct rpc_conn_ops conn_ops = { .on_open = on_open, .on_frame = on_frame, .on_close = on_close };

static void link_dial(void *arg)
{
    struct ctl_link *l = arg;
    uint64_t timeout = DIAL_TIMEOUT_MS, waited = l->lost_at_ms ? reactor_now_ms(l->reactor) - l->lost_at_ms : 0;

    if (l->gone || l->conn)
        return;
    /* The last try ends with the patience. */
    if (l->patience_ms != UINT64_MAX && l->patience_ms - waited < timeout)
        timeout = l->patience_ms > waited + DIAL_LEAST_MS ? l->patience_ms - waited : DIAL_LEAST_MS;
    l->conn = rpc_dial(l->reactor, &l->target, SESSION_COMMAND, timeout, &conn_ops, l);
}

struct ctl_link *ctl_link_create(struct reactor *r, const struct rpc_target *target, uint64_t patience_ms,
                                 const struct ctl_link_ops *ops, void *arg)
{
    struct ctl_link *l = xcalloc(1, sizeof *l);

    l->reactor = r;
    l->target = *target;
    l->patience_ms = patience_ms;
    l->ops = ops;
    l->arg = arg;
    l->pause_ms = RETRY_FIRST_MS;
    l->retry = reactor_timer_create(r, link_dial, l);
    l->lost_at_ms = reactor_now_ms(r);
    if (!l->lost_at_ms)
        l->lost_at_ms = 1;
    link_dial(l);
    return l;
}

static void on_frame_after(void *arg, struct rpc_conn *conn, const struct rpc_frame *frame)
{
    (void)arg;
    (void)conn;
    (void)frame;
}

static void on_close_after(void *arg, struct rpc_conn *conn, const struct error *why)
{
    (void)arg;
    (void)conn;
    (void)why;
}

static const struct rpc_conn_ops closed_ops = { .on_frame = on_frame_after, .on_close = on_close_after };

void ctl_link_destroy(struct ctl_link *l)
{
    static const struct error leaving = { .code = BRE_CLOSED, .text = "the command leaves" };

    if (!l)
        return;
    reactor_timer_close(l->retry);
    if (l->conn) {
        rpc_conn_set_arg(l->conn, &closed_ops, NULL);
        rpc_conn_abort(l->conn, &leaving);
    }
    free(l);
}

static void settled(void *arg)
{
    reactor_stop(arg, 0);
}

void reactor_settle(struct reactor *r)
{
    reactor_defer(r, settled, r);
    reactor_run(r);
}

int ctl_link_send(struct ctl_link *l, unsigned type, uint32_t request_id, const ProtobufCMessage *msg)
{
    if (!l->up || !l->conn)
        return -1;
    return rpc_conn_send(l->conn, type, request_id, msg);
}

bool ctl_link_is_up(const struct ctl_link *l)
{
    return l->up;
}

void ctl_link_set_patience(struct ctl_link *l, uint64_t patience_ms)
{
    l->patience_ms = patience_ms;
}

bool ctl_link_is_gone(const struct ctl_link *l)
{
    return l->gone;
}
