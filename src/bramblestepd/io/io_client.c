/* io_client.c - sessions of the step's owner: srun and sattach. */
#include "config.h"
#include "bramblestepd/io/io_private.h"

#include "util/log.h"
#include "util/mem.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIRST_CLIENT_MS 15000 /* for srun to come */
#define LOST_CLIENT_MS 10000  /* for srun to come again */
#define PEER_SILENT_MS 20000
#define INPUT_CREDIT 65536
#define CLIENTS_MAX 64
#define TEXTS_MAX 64

struct io_text {
    struct list_node node;
    char text[];
};

/* An srun: the step lives as long as it does. */
static bool has_owner(const struct io *io)
{
    list_for_each(node, &io->clients)
    {
        const struct io_client *c = container_of(node, struct io_client, node);

        if (c->attached && !c->watcher)
            return true;
    }
    return false;
}

uint64_t io_clients_credit(const struct io *io)
{
    uint64_t least = UINT64_MAX;
    bool any = false;

    list_for_each(node, &io->clients)
    {
        const struct io_client *c = container_of(node, struct io_client, node);

        if (!c->attached || c->watcher)
            continue;
        any = true;
        if (c->next) /* it must catch up first */
            least = 0;
        if (c->credit < least)
            least = c->credit;
    }
    return any && !io_history_is_full(io) ? least : 0;
}

void io_client_text(struct io_client *c, const char *text)
{
    Wire__StepText frame = WIRE__STEP_TEXT__INIT;
    char line[4096];

    strncpy(line, text, sizeof line - 1);
    line[sizeof line - 1] = '\0';
    frame.text = line;
    frame.has_error = true;
    frame.error = true;
    rpc_conn_send(c->conn, MSG_STEP_TEXT, 0, &frame.base);
}

void io_clients_text(struct io *io, const char *text)
{
    bool told = false;

    list_for_each_safe(node, &io->clients)
    {
        struct io_client *c = container_of(node, struct io_client, node);

        if (c->attached) {
            io_client_text(c, text);
            told |= !c->watcher;
        }
    }
    if (!told && list_count(&io->texts) < TEXTS_MAX) {
        struct io_text *t = xmalloc(sizeof *t + strlen(text) + 1);

        memcpy(t->text, text, strlen(text) + 1);
        list_append(&io->texts, &t->node);
    }
}

static void send_exits(struct io_client *c, uint32_t *gtids, uint32_t *status, size_t count)
{
    Wire__StepTaskExit frame = WIRE__STEP_TASK_EXIT__INIT;

    frame.gtids = gtids;
    frame.status = status;
    frame.n_gtids = frame.n_status = count;
    rpc_conn_send(c->conn, MSG_STEP_TASK_EXIT, 0, &frame.base);
}

void io_clients_exit(struct io *io, uint32_t task)
{
    uint32_t gtid = io->order->tasks[task].gtid, status = io->tasks[task].status;

    list_for_each_safe(node, &io->clients)
    {
        struct io_client *c = container_of(node, struct io_client, node);

        if (c->attached)
            send_exits(c, &gtid, &status, 1);
    }
}

static void send_done(struct io_client *c)
{
    Wire__StepDone frame = WIRE__STEP_DONE__INIT;
    const struct io *io = c->io;

    frame.has_exit_status = true;
    frame.exit_status = io->exit_status;
    if (io->aborted) {
        frame.has_aborted = frame.has_abort_gtid = true;
        frame.aborted = true;
        frame.abort_gtid = io->abort_gtid;
        frame.text = (char *)(uintptr_t)io->abort_text;
    }
    c->done = true;
    io_history_pump(c, true);
    rpc_conn_send(c->conn, MSG_STEP_DONE, 0, &frame.base);
}

void io_clients_done(struct io *io)
{
    list_for_each_safe(node, &io->clients)
    {
        struct io_client *c = container_of(node, struct io_client, node);

        if (c->attached)
            send_done(c);
    }
}

void io_client_give_credit(struct io *io, uint32_t client_id, size_t bytes)
{
    Wire__StepCredit frame = WIRE__STEP_CREDIT__INIT;

    if (!bytes)
        return;
    frame.has_bytes = true;
    frame.bytes = (uint32_t)bytes;
    list_for_each_safe(node, &io->clients)
    {
        struct io_client *c = container_of(node, struct io_client, node);

        if (c->id == client_id)
            rpc_conn_send(c->conn, MSG_STEP_CREDIT, 0, &frame.base);
    }
}

static void on_lost(void *arg)
{
    struct io *io = arg;

    if (has_owner(io))
        return;
    io->lost = true;
    io_link_send(io, LINK_LOST, 0, 0, NULL, 0);
    io_flow_update(io);
    io_check_done(io);
}

void io_clients_start_timer(struct io *io)
{
    io->lost_timer = reactor_timer_create(io->reactor, on_lost, io);
    io->had_client = io->order->async; /* nobody will come */
    if (io->order->async)
        return;
    reactor_timer_start(io->lost_timer, FIRST_CLIENT_MS, 0);
}

static void on_attach(struct io_client *c, const Wire__StepAttach *attach)
{
    Wire__StepAttachReply reply = WIRE__STEP_ATTACH_REPLY__INIT;
    struct io *io = c->io;
    const struct order *o = io->order;
    CLEANUP_FREE uint32_t *pids = xcalloc(o->num_tasks, sizeof *pids);
    CLEANUP_FREE uint32_t *gtids = xcalloc(o->num_tasks, sizeof *gtids);
    CLEANUP_FREE uint32_t *status = xcalloc(o->num_tasks, sizeof *status);
    size_t ended = 0;

    if (c->attached)
        return;
    c->attached = true;
    c->watcher = attach->watch;
    c->want_in = !attach->has_want_stdin || attach->want_stdin;
    c->want_out = !attach->has_want_stdout || attach->want_stdout;
    c->want_err = !attach->has_want_stderr || attach->want_stderr;
    if (!c->watcher) {
        io->had_client = true;
        reactor_timer_stop(io->lost_timer);
    }
    io_history_join(c, attach->has_resume_out, attach->resume_out);
    for (uint32_t i = 0; i < o->num_tasks; i++)
        pids[i] = (uint32_t)io->tasks[i].pid;
    reply.node_name = (char *)(uintptr_t)o->node_name;
    reply.gtids = (uint32_t *)(uintptr_t)o->nodes[o->node_index].gtids;
    reply.pids = pids;
    reply.n_gtids = reply.n_pids = o->num_tasks;
    reply.has_out_from = true;
    reply.out_from = c->start;
    rpc_conn_send(c->conn, MSG_STEP_ATTACH_REPLY, 0, &reply.base);
    if (c->want_in && io_wants_input(io))
        io_client_give_credit(io, c->id, INPUT_CREDIT);
    for (struct list_node *node; !c->watcher && (node = list_pop(&io->texts));) {
        struct io_text *t = container_of(node, struct io_text, node);

        io_client_text(c, t->text);
        free(t);
    }
    for (uint32_t i = 0; i < o->num_tasks; i++)
        if (io->tasks[i].ended) {
            gtids[ended] = o->tasks[i].gtid;
            status[ended++] = io->tasks[i].status;
        }
    if (ended)
        send_exits(c, gtids, status, ended);
    io_flow_update(io);
    if (io->done)
        send_done(c);
    io_check_done(io);
}

static void on_frame(void *arg, struct rpc_conn *conn, const struct rpc_frame *frame)
{
    struct io_client *c = arg;
    struct io *io = c->io;

    if (frame->type == MSG_STEP_ATTACH) {
        on_attach(c, (const Wire__StepAttach *)frame->msg);
    } else if (!c->attached) {
        rpc_conn_abort(conn, &(struct error){ .code = BRE_PROTOCOL, .text = "not attached" });
    } else if (frame->type == MSG_STEP_CREDIT) {
        io_history_credit(c, ((const Wire__StepCredit *)frame->msg)->bytes);
        io_flow_update(io);
    } else if (frame->type == MSG_STEP_DATA) {
        if (c->want_in)
            io_input_add(io, c, (const Wire__StepData *)frame->msg);
    } else if (frame->type == MSG_STEP_WINDOW) {
        const Wire__StepWindow *w = (const Wire__StepWindow *)frame->msg;

        io_window(io, w->rows, w->cols);
    } else if (frame->type == MSG_STEP_SIGNAL) {
        io_link_send(io, LINK_SIGNAL, 0, ((const Wire__StepSignal *)frame->msg)->signal, NULL, 0);
    }
}

static void on_close(void *arg, struct rpc_conn *conn, const struct error *why)
{
    struct io_client *c = arg;
    struct io *io = c->io;
    bool was_owner = c->attached && !c->watcher;

    (void)conn;
    log_debug(DBG_STDIO, "client gone: %s", why->text);
    list_remove(&c->node);
    io->num_clients--;
    free(c);
    if (io->done && !io->num_clients)
        io_exit(io, 0);
    io_flow_update(io);
    if (was_owner && !has_owner(io) && !io->done && !io->order->async)
        reactor_timer_start(io->lost_timer, LOST_CLIENT_MS, 0);
}

static const struct rpc_conn_ops client_ops = { .on_frame = on_frame, .on_close = on_close };

static void on_open(void *arg, struct rpc_conn *conn)
{
    struct io *io = arg;
    struct io_client *c;

    rpc_conn_set_keepalive(conn, PEER_SILENT_MS); /* a host that is off the network must be noticed */
    if (rpc_conn_peer(conn)->role == SESSION_STEP_PEER) {
        io_peer_accepted(io, conn);
        return;
    }
    if (io->num_clients >= CLIENTS_MAX) {
        rpc_conn_abort(conn, &(struct error){ .code = BRE_BUSY, .text = "too many clients of this step" });
        return;
    }
    c = xcalloc(1, sizeof *c);
    c->io = io;
    c->conn = conn;
    c->id = ++io->next_client_id;
    list_append(&io->clients, &c->node);
    io->num_clients++;
    rpc_conn_set_arg(conn, &client_ops, c);
}

static void on_early_frame(void *arg, struct rpc_conn *conn, const struct rpc_frame *frame)
{
    (void)arg;
    (void)frame;
    rpc_conn_abort(conn, &(struct error){ .code = BRE_PROTOCOL, .text = "not attached" });
}

static void on_early_close(void *arg, struct rpc_conn *conn, const struct error *why)
{
    (void)arg;
    (void)conn;
    log_debug(DBG_STDIO, "client refused: %s", why->text);
}

static const struct rpc_conn_ops early_ops = { .on_open = on_open, .on_frame = on_early_frame,
                                               .on_close = on_early_close };

void io_client_arrived(struct io *io, struct link_message *m)
{
    if (m->num_fds != 1 || m->body_len < STEP_HELLO_SIZE)
        return;
    m->num_fds = 0; /* taken */
    if (!rpc_accept_step(io->reactor, m->fds[0], (const uint8_t *)m->body, io->order->step_key, &early_ops, io))
        log_debug(DBG_STDIO, "client refused");
}
