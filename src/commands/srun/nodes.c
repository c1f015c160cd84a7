/* nodes.c - the connections to the step's nodes: attach, output, input credit, task ends. */
#include "config.h"
#include "srun_private.h"

#include <stdlib.h>
#include <string.h>

#include "reactor/reactor.h"
#include "rpc/rpc.h"
#include "util/error.h"
#include "util/log.h"
#include "util/mem.h"
#include "wire/step.pb-c.h"

#define OUTPUT_CREDIT (256u << 10) /* on its way from one node */
#define CREDIT_BATCH (64u << 10)
#define DIAL_TIMEOUT_MS 10000
#define RECONNECT_MS 10000 /* the node keeps the step as long for us */
#define RETRY_MS 200

static void node_dial(void *arg);

/* --threads: so many nodes at a time are on the way. */
static void dial_more(struct srun *s)
{
    uint32_t most = s->options.threads == OPT_UNSET ? UINT32_MAX : s->options.threads;

    while (s->stage == SRUN_RUNNING && s->num_dialed < s->num_nodes && s->num_dialing < most) {
        struct srun_node *node = &s->nodes[s->num_dialed++];

        node->dialing = true;
        s->num_dialing++;
        node_dial(node);
    }
}

static void dial_over(struct srun_node *node)
{
    if (!node->dialing)
        return;
    node->dialing = false;
    node->srun->num_dialing--;
    dial_more(node->srun);
}

static void send_credit(struct srun_node *node, uint64_t bytes)
{
    Wire__StepCredit credit = WIRE__STEP_CREDIT__INIT;

    credit.has_bytes = 1;
    credit.bytes = (uint32_t)bytes;
    if (node->conn && bytes)
        rpc_conn_send(node->conn, MSG_STEP_CREDIT, 0, &credit.base);
}

static void on_open(void *arg, struct rpc_conn *conn)
{
    struct srun_node *node = arg;
    Wire__StepAttach attach = WIRE__STEP_ATTACH__INIT;

    attach.has_want_stdin = attach.has_want_stdout = attach.has_want_stderr = 1;
    attach.want_stdin = input_wanted_by(node->srun, node);
    attach.want_stdout = attach.want_stderr = 1;
    attach.has_watch = attach.watch = node->srun->watching;
    attach.has_resume_out = node->attached;
    attach.resume_out = node->received;
    node->lost_at_ms = 0;
    node->owed = 0;
    node->in_credit = 0;
    rpc_conn_send(conn, MSG_STEP_ATTACH, 0, &attach.base);
    send_credit(node, OUTPUT_CREDIT);
    dial_over(node);
}

static void on_attached(struct srun_node *node, const Wire__StepAttachReply *reply)
{
    struct srun *s = node->srun;

    if (!node->attached)
        node->received = reply->out_from;
    node->attached = true;
    if (reply->n_pids) {
        for (uint32_t i = 0; i < node->num_tasks; i++)
            if (s->tasks[node->gtids[i]].state == TASK_STARTING)
                s->tasks[node->gtids[i]].state = TASK_RUNNING;
        if (s->options.verbose)
            srun_say(s, "launch/slurm: _task_start: Node %s, %u tasks started", node->name, node->num_tasks);
    }
    if (s->options.pty && node->index == s->tasks[0].node) {
        uint32_t rows, cols;

        if (terminal_size(&rows, &cols))
            nodes_window(s, rows, cols);
    }
    input_kick(s);
}

static void on_data(struct srun_node *node, const Wire__StepData *data)
{
    struct srun *s = node->srun;

    node->received += data->data.len;
    node->owed += data->data.len;
    output_data(s, node, data->gtid, data->stream, data->data.data, data->data.len);
    if (node->owed >= CREDIT_BATCH && output_has_room(s)) {
        send_credit(node, node->owed);
        node->owed = 0;
    }
}

static void on_task_exit(struct srun_node *node, const Wire__StepTaskExit *exits)
{
    for (size_t i = 0; i < exits->n_gtids && i < exits->n_status; i++)
        exits_record(node->srun, node, exits->gtids[i], (int)exits->status[i]);
    srun_check_end(node->srun);
}

static void on_done(struct srun_node *node, struct rpc_conn *conn, const Wire__StepDone *done)
{
    struct srun *s = node->srun;

    node->done = true;
    exits_flush(s);
    for (uint32_t i = 0; i < s->num_nodes; i++) /* one node's word for it is enough */
        node->told |= s->nodes[i].told;
    if (done->text && *done->text && !node->told && (done->aborted || !s->num_exited)) {
        CLEANUP_FREE char *line = xasprintf("srun: error: %s: %s", node->name, done->text);

        output_line(s, line);
    }
    /* The node reports the step as ended once we have hung up. */
    rpc_conn_close(conn);
    input_kick(s);
    srun_check_end(s);
}

static void on_frame(void *arg, struct rpc_conn *conn, const struct rpc_frame *frame)
{
    struct srun_node *node = arg;

    if (node->done)
        return;
    switch (frame->type) {
    case MSG_STEP_ATTACH_REPLY:
        on_attached(node, (const Wire__StepAttachReply *)frame->msg);
        break;
    case MSG_STEP_DATA:
        on_data(node, (const Wire__StepData *)frame->msg);
        break;
    case MSG_STEP_CREDIT:
        node->in_credit += ((const Wire__StepCredit *)frame->msg)->bytes;
        node->attached = true;
        input_kick(node->srun);
        break;
    case MSG_STEP_TASK_EXIT:
        on_task_exit(node, (const Wire__StepTaskExit *)frame->msg);
        break;
    case MSG_STEP_TEXT:
        node->told = true;
        if (((const Wire__StepText *)frame->msg)->text)
            output_line(node->srun, ((const Wire__StepText *)frame->msg)->text);
        break;
    case MSG_STEP_DONE:
        on_done(node, conn, (const Wire__StepDone *)frame->msg);
        break;
    case MSG_REFUSAL: {
        const Wire__Refusal *refusal = (const Wire__Refusal *)frame->msg;
        struct error why = { .code = (int)refusal->code };

        snprintf(why.text, sizeof why.text, "%s", refusal->text ? refusal->text : "");
        rpc_conn_abort(conn, &why);
        break;
    }
    default:
        break;
    }
}

static void node_lost(struct srun_node *node, const struct error *why)
{
    struct srun *s = node->srun;

    node->lost = true;
    if (s->stage != SRUN_RUNNING || s->step_ended || s->aborting) {
        srun_check_end(s);
        return;
    }
    if (s->watching && !node->attached) {
        log_error("Could not attach to StepId=%u.%u on node %s: %s", s->job_id, s->step_id, node->name, why->text);
    } else if (!node->attached) {
        log_error("Task launch for StepId=%u.%u failed on node %s: %s", s->job_id, s->step_id, node->name,
                  why->text);
        log_error("Application launch failed: srun cannot reach the node at %s port %u; see its agent, or the "
                  "firewall between",
                  node->address, node->port);
    } else {
        log_error("%s: lost the connection to the step: %s", node->name, why->text);
    }
    if (!s->exit_code)
        s->exit_code = 1;
    s->launch_failed = true;
    if (s->watching)
        srun_check_end(s);
    else
        srun_terminate_step(s);
}

static void on_close(void *arg, struct rpc_conn *conn, const struct error *why)
{
    struct srun_node *node = arg;
    struct srun *s = node->srun;
    uint64_t now = reactor_now_ms(s->reactor);

    (void)conn;
    node->conn = NULL;
    dial_over(node);
    if (node->done || node->lost || s->stage == SRUN_DONE) {
        srun_check_end(s);
        return;
    }
    if (!node->lost_at_ms)
        node->lost_at_ms = now ? now : 1;
    /* An ended step does not come back: what is missing now is missing. */
    if (s->step_ended || now - node->lost_at_ms >= RECONNECT_MS) {
        node_lost(node, why);
        return;
    }
    reactor_timer_start(node->retry, RETRY_MS, 0);
}

static const struct rpc_conn_ops node_ops = { .on_open = on_open, .on_frame = on_frame, .on_close = on_close };

static void node_dial(void *arg)
{
    struct srun_node *node = arg;
    struct srun *s = node->srun;
    struct step_address address = {
        .host = node->address, .port = node->port, .job_id = s->job_id, .step_id = s->step_id,
        .attempt = s->attempt, .node_index = node->index,
    };

    if (node->conn || node->done || node->lost)
        return;
    memcpy(address.key, s->step_key, sizeof address.key);
    node->conn = rpc_dial_step(s->reactor, &address, SESSION_STEP_CLIENT, DIAL_TIMEOUT_MS, &node_ops, node);
    mem_wipe(address.key, sizeof address.key);
}

int nodes_start(struct srun *s, const Wire__StepLayout *layout, struct error *err)
{
    uint32_t assigned = 0;

    if (!layout->n_nodes || layout->n_nodes != layout->n_tasks || !layout->num_tasks)
        return error_set(err, BRE_PROTOCOL, "the controller's step layout is not complete");
    s->num_nodes = (uint32_t)layout->n_nodes;
    s->num_tasks = layout->num_tasks;
    s->nodes = xcalloc(s->num_nodes, sizeof *s->nodes);
    s->tasks = xcalloc(s->num_tasks, sizeof *s->tasks);
    for (uint32_t i = 0; i < s->num_nodes; i++) {
        const Wire__NodeAlloc *alloc = layout->nodes[i];
        const Wire__NodeTasks *tasks = layout->tasks[i];
        struct srun_node *node = &s->nodes[i];

        node->srun = s;
        node->index = i;
        node->name = xstrdup(alloc->name ? alloc->name : "?");
        node->address = xstrdup(alloc->address ? alloc->address : "");
        node->port = (uint16_t)alloc->port;
        node->num_tasks = (uint32_t)tasks->n_gtids;
        node->gtids = xmemdup(tasks->gtids, tasks->n_gtids * sizeof *tasks->gtids);
        for (uint32_t t = 0; t < node->num_tasks; t++) {
            if (node->gtids[t] >= s->num_tasks)
                return error_set(err, BRE_PROTOCOL, "the controller's step layout names task %u of %u",
                                 node->gtids[t], s->num_tasks);
            s->tasks[node->gtids[t]].node = i;
            assigned++;
        }
        node->retry = reactor_timer_create(s->reactor, node_dial, node);
    }
    if (assigned != s->num_tasks)
        return error_set(err, BRE_PROTOCOL, "the controller's step layout places %u of %u tasks", assigned,
                         s->num_tasks);
    dial_more(s);
    return 0;
}

void nodes_close(struct srun *s)
{
    static const struct error leaving = { .code = BRE_CLOSED, .text = "srun leaves" };

    for (uint32_t i = 0; i < s->num_nodes; i++) {
        reactor_timer_stop(s->nodes[i].retry);
        if (s->nodes[i].conn && !s->nodes[i].done)
            rpc_conn_abort(s->nodes[i].conn, &leaving);
    }
}

/* After the reactor is gone: its handles went with it. */
void nodes_fini(struct srun *s)
{
    for (uint32_t i = 0; i < s->num_nodes; i++) {
        free(s->nodes[i].name);
        free(s->nodes[i].address);
        free(s->nodes[i].gtids);
    }
    for (uint32_t i = 0; i < s->num_tasks && s->tasks; i++) {
        strbuf_fini(&s->tasks[i].partial[0]);
        strbuf_fini(&s->tasks[i].partial[1]);
    }
    free(s->nodes);
    free(s->tasks);
}

bool nodes_all_done(const struct srun *s)
{
    for (uint32_t i = 0; i < s->num_nodes; i++)
        if (!s->nodes[i].lost && (!s->nodes[i].done || s->nodes[i].conn))
            return false;
    return true;
}

void nodes_signal(struct srun *s, int signum)
{
    Wire__StepSignal message = WIRE__STEP_SIGNAL__INIT;

    message.has_signal = 1;
    message.signal = (uint32_t)signum;
    for (uint32_t i = 0; i < s->num_nodes; i++)
        if (s->nodes[i].conn && !s->nodes[i].done && s->nodes[i].attached)
            rpc_conn_send(s->nodes[i].conn, MSG_STEP_SIGNAL, 0, &message.base);
}

void nodes_window(struct srun *s, uint32_t rows, uint32_t cols)
{
    Wire__StepWindow message = WIRE__STEP_WINDOW__INIT;
    struct srun_node *node;

    if (!s->num_tasks)
        return;
    node = &s->nodes[s->tasks[0].node];
    message.has_rows = message.has_cols = 1;
    message.rows = rows;
    message.cols = cols;
    if (node->conn && node->attached && !node->done)
        rpc_conn_send(node->conn, MSG_STEP_WINDOW, 0, &message.base);
}

void nodes_give_credit(struct srun *s)
{
    for (uint32_t i = 0; i < s->num_nodes; i++) {
        struct srun_node *node = &s->nodes[i];

        if (node->conn && !node->done && node->owed) {
            send_credit(node, node->owed);
            node->owed = 0;
        }
    }
}
