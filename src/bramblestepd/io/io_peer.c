/* io_peer.c - the step's other nodes: connections made when there is something to say.
 *
 * What is sent to one node goes over one connection only, the first there was, whoever dialled it,
 * so it arrives in order.  A node whose connection has ended is gone: its step part has ended, or it
 * will be found out by the controller.
 */
#include "config.h"
#include "bramblestepd/io/io_private.h"

#include "util/log.h"
#include "util/mem.h"

#include <stdlib.h>
#include <string.h>

#define DIAL_MS 12000 /* longer than an agent holds a client that comes before its step */
#define DIAL_TRIES 3
#define DIAL_AGAIN_MS 500

struct io_peer_message {
    struct list_node node;
    uint32_t kind;
    uint64_t tag;
    size_t len;
    uint8_t data[];
};
struct io_peer {
    struct io *io;
    uint32_t index;
    struct rpc_conn *out; /* over which we send */
    bool is_open, lost;
    unsigned tries;
    struct reactor_timer *again;
    struct list_node queue; /* until the connection is open */
};
/* A connection that a peer dialled. */
struct io_peer_in {
    struct io *io;
    struct io_peer *peer; /* NULL before its hello */
};

static void peer_dial(struct io_peer *p);

static void peer_transmit(struct io_peer *p, uint32_t kind, uint64_t tag, const void *data, size_t len)
{
    Wire__PeerData frame = WIRE__PEER_DATA__INIT;

    frame.has_kind = frame.has_tag = frame.has_data = true;
    frame.kind = kind;
    frame.tag = tag;
    frame.data.data = (uint8_t *)(uintptr_t)data;
    frame.data.len = len;
    rpc_conn_send(p->out, MSG_PEER_DATA, 0, &frame.base);
}

static void peer_flush(struct io_peer *p)
{
    for (struct list_node *node; (node = list_pop(&p->queue));) {
        struct io_peer_message *m = container_of(node, struct io_peer_message, node);

        peer_transmit(p, m->kind, m->tag, m->data, m->len);
        free(m);
    }
}

static void peer_lost(struct io_peer *p)
{
    if (p->lost)
        return;
    p->lost = true;
    for (struct list_node *node; (node = list_pop(&p->queue));)
        free(container_of(node, struct io_peer_message, node));
    io_launch_peer_lost(p->io, p->index);
}

static void on_peer_frame(struct io_peer *p, const struct rpc_frame *frame)
{
    const Wire__PeerData *data = (const Wire__PeerData *)frame->msg;
    struct io *io = p->io;

    if (frame->type != MSG_PEER_DATA)
        return;
    if (data->kind == PEER_KIND_ABORT) {
        char text[1024];
        size_t len = data->data.len < sizeof text - 1 ? data->data.len : sizeof text - 1;

        memcpy(text, data->data.data, len);
        text[len] = '\0';
        io_abort(io, (uint32_t)(data->tag >> 32), (uint32_t)data->tag, text, true, false);
        return;
    }
    io_launch_peer_data(io, p->index, data->kind, data->tag, data->data.data, data->data.len);
}

/* ---- connections we dialled ---- */

static void on_out_open(void *arg, struct rpc_conn *conn)
{
    struct io_peer *p = arg;
    Wire__PeerHello hello = WIRE__PEER_HELLO__INIT;

    hello.has_node_index = true;
    hello.node_index = p->io->order->whole.node_index;
    rpc_conn_send(conn, MSG_PEER_HELLO, 0, &hello.base);
    p->is_open = true;
    peer_flush(p);
}

static void on_out_frame(void *arg, struct rpc_conn *conn, const struct rpc_frame *frame)
{
    (void)conn;
    on_peer_frame(arg, frame);
}

static void on_again(void *arg)
{
    peer_dial(arg);
}

static void on_out_close(void *arg, struct rpc_conn *conn, const struct error *why)
{
    struct io_peer *p = arg;
    bool was_open = p->is_open;

    if (p->out != conn)
        return;
    log_debug(DBG_LAUNCH, "node %s: connection ended: %s", p->io->order->whole.nodes[p->index].name, why->text);
    p->out = NULL;
    p->is_open = false;
    if (was_open || ++p->tries >= DIAL_TRIES) {
        peer_lost(p);
        return;
    }
    if (!p->again)
        p->again = reactor_timer_create(p->io->reactor, on_again, p);
    reactor_timer_start(p->again, DIAL_AGAIN_MS, 0);
}

static const struct rpc_conn_ops out_ops = { .on_open = on_out_open, .on_frame = on_out_frame,
                                             .on_close = on_out_close };

static void peer_dial(struct io_peer *p)
{
    const struct order *o = p->io->order;
    const struct order_node *n = &o->whole.nodes[p->index];
    struct step_address addr = { .host = n->address, .port = n->port, .job_id = n->job_id, .step_id = o->step_id,
                                 .attempt = n->attempt };

    if (p->out)
        return;
    addr.node_index = p->index;
    memcpy(addr.key, o->step_key, sizeof addr.key);
    p->out = rpc_dial_step(p->io->reactor, &addr, SESSION_STEP_PEER, DIAL_MS, &out_ops, p);
    if (!p->out)
        peer_lost(p);
}

/* ---- connections that peers dialled ---- */

static void on_in_frame(void *arg, struct rpc_conn *conn, const struct rpc_frame *frame)
{
    struct io_peer_in *in = arg;
    struct io *io = in->io;

    if (frame->type == MSG_PEER_HELLO && !in->peer) {
        uint32_t index = ((const Wire__PeerHello *)frame->msg)->node_index;

        if (index >= io->order->whole.num_nodes || index == io->order->whole.node_index) {
            rpc_conn_abort(conn, &(struct error){ .code = BRE_PROTOCOL, .text = "no such node in this step" });
            return;
        }
        in->peer = &io->peers[index];
        if (!in->peer->out && !in->peer->lost) {
            in->peer->out = conn;
            in->peer->is_open = true;
            peer_flush(in->peer);
        }
        return;
    }
    if (in->peer)
        on_peer_frame(in->peer, frame);
}

static void on_in_close(void *arg, struct rpc_conn *conn, const struct error *why)
{
    struct io_peer_in *in = arg;
    struct io_peer *p = in->peer;

    (void)why;
    free(in);
    if (!p)
        return;
    if (p->out == conn) {
        p->out = NULL;
        p->is_open = false;
    }
    peer_lost(p);
}

static const struct rpc_conn_ops in_ops = { .on_frame = on_in_frame, .on_close = on_in_close };

void io_peer_accepted(struct io *io, struct rpc_conn *conn)
{
    struct io_peer_in *in = xcalloc(1, sizeof *in);

    in->io = io;
    rpc_conn_set_arg(conn, &in_ops, in);
}

int io_peers_create(struct io *io)
{
    io->peers = xcalloc(io->order->whole.num_nodes, sizeof *io->peers);
    for (uint32_t i = 0; i < io->order->whole.num_nodes; i++) {
        io->peers[i].io = io;
        io->peers[i].index = i;
        list_init(&io->peers[i].queue);
    }
    return 0;
}

int io_peer_send(struct io *io, uint32_t node_index, uint32_t kind, uint64_t tag, const void *data, size_t len)
{
    struct io_peer *p;
    struct io_peer_message *m;

    if (node_index >= io->order->whole.num_nodes || node_index == io->order->whole.node_index)
        return -1;
    p = &io->peers[node_index];
    if (p->lost)
        return -1;
    if (p->is_open) {
        peer_transmit(p, kind, tag, data, len);
        return 0;
    }
    m = xmalloc(sizeof *m + len);
    m->kind = kind;
    m->tag = tag;
    m->len = len;
    if (len)
        memcpy(m->data, data, len);
    list_append(&p->queue, &m->node);
    peer_dial(p);
    return p->lost ? -1 : 0;
}
