/* rig.c - the played controller and step. */
#include "config.h"
#include "rig.h"

#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bramble/constants.h"
#include "channel/session.h"
#include "munged.h"
#include "reactor/reactor.h"
#include "rpc/rpc.h"
#include "util/error.h"
#include "util/fs.h"
#include "util/mem.h"
#include "util/strbuf.h"
#include "wire/step.pb-c.h"

#define RUN_LIMIT_MS 20000

struct fake_node {
    struct rig *rig;
    uint32_t index, gtids[RIG_TASKS_MAX], num_tasks;
    struct rpc_conn *conn;
    struct strbuf input;
    uint64_t credit;
    unsigned played;
    bool finished, input_over, dropped;
};

struct rig {
    struct munged munged;
    struct reactor *reactor;
    struct rpc_server *server;
    struct step_port *port;
    uint8_t public_key[32], secret_key[64], step_key[32], client_key[32];
    const struct scenario *scenario;
    struct outcome *outcome;
    struct fake_node nodes[RIG_NODES_MAX];
    struct rpc_conn *client; /* the command */
    struct reactor_timer *grant_timer, *limit_timer, *script_timer, *end_timer;
    uint32_t request_id;
    unsigned type;
    void (*meanwhile)(pid_t pid);
    pid_t pid;
    bool cut_done, granted, ended;
};

static void keep(const ProtobufCMessage *msg, unsigned type, void *place)
{
    ProtobufCMessage **kept = place;
    size_t len = protobuf_c_message_get_packed_size(msg);
    CLEANUP_FREE uint8_t *data = xmalloc(len);
    struct error err;

    if (*kept)
        rpc_msg_free(*kept);
    protobuf_c_message_pack(msg, data);
    *kept = msg_decode(type, data, len, &err);
    ck_assert_ptr_nonnull(*kept);
}

static bool cut_here(struct rig *rig, enum rig_cut where)
{
    static const struct error why = { .code = BRE_CLOSED, .text = "the controller restarts" };

    if (rig->scenario->cut != where || rig->cut_done || !rig->client)
        return false;
    rig->cut_done = true;
    rpc_conn_abort(rig->client, &why);
    return true;
}

/* ---- the step ---- */

static void node_send_data(struct fake_node *node, uint32_t gtid, uint32_t stream, const char *text, size_t len)
{
    Wire__StepData data = WIRE__STEP_DATA__INIT;

    data.has_gtid = data.has_stream = data.has_data = 1;
    data.gtid = gtid;
    data.stream = stream;
    data.data = (ProtobufCBinaryData){ len, (uint8_t *)(uintptr_t)text };
    rpc_conn_send(node->conn, MSG_STEP_DATA, 0, &data.base);
}

/* text with %t replaced; in small pieces, so that lines arrive in parts. */
static void node_print(struct fake_node *node, uint32_t gtid, uint32_t stream, const char *text)
{
    CLEANUP_STRBUF struct strbuf full = STRBUF_INIT;

    for (const char *p = text; *p; p++)
        if (p[0] == '%' && p[1] == 't') {
            strbuf_addf(&full, "%u", gtid);
            p++;
        } else {
            strbuf_addc(&full, *p);
        }
    for (size_t at = 0; at < full.len;) {
        size_t len = full.len - at > 5 && full.len < 4096 ? 5 : full.len - at > 30000 ? 30000 : full.len - at;

        node_send_data(node, gtid, stream, full.data + at, len);
        at += len;
        node->credit = node->credit > len ? node->credit - len : 0;
    }
}

static void node_finish(struct fake_node *node, int override)
{
    Wire__StepTaskExit exits = WIRE__STEP_TASK_EXIT__INIT;
    Wire__StepDone done = WIRE__STEP_DONE__INIT;
    uint32_t status[RIG_TASKS_MAX];

    if (node->finished || !node->conn)
        return;
    node->finished = true;
    for (uint32_t i = 0; i < node->num_tasks; i++) {
        node_send_data(node, node->gtids[i], 1, NULL, 0);
        node_send_data(node, node->gtids[i], 2, NULL, 0);
        status[i] = (uint32_t)(override >= 0 ? override : node->rig->scenario->status[node->gtids[i]]);
    }
    exits.n_gtids = exits.n_status = node->num_tasks;
    exits.gtids = node->gtids;
    exits.status = status;
    rpc_conn_send(node->conn, MSG_STEP_TASK_EXIT, 0, &exits.base);
    rpc_conn_send(node->conn, MSG_STEP_DONE, 0, &done.base);
}

static void node_play(struct fake_node *node)
{
    const struct scenario *sc = node->rig->scenario;
    unsigned repeat = sc->repeat ? sc->repeat : 1;

    if (sc->drop_once && !node->dropped) {
        static const struct error why = { .code = BRE_CLOSED, .text = "the cable is out" };

        node->dropped = true;
        rpc_conn_abort(node->conn, &why);
        return;
    }
    while (node->played < repeat) {
        if (sc->out && node->credit < strlen(sc->out) * node->num_tasks)
            return; /* more when srun has taken some */
        node->played++;
        for (uint32_t i = 0; i < node->num_tasks; i++) {
            if (sc->out)
                node_print(node, node->gtids[i], 1, sc->out);
            if (sc->err)
                node_print(node, node->gtids[i], 2, sc->err);
        }
    }
    if (sc->echo) {
        if (!node->input_over)
            return;
        for (uint32_t i = 0; i < node->num_tasks; i++)
            for (size_t at = 0; at < node->input.len; at += 30000)
                node_send_data(node, node->gtids[i], 1, node->input.data + at,
                               node->input.len - at < 30000 ? node->input.len - at : 30000);
    }
    if (!sc->hang)
        node_finish(node, -1);
}

static void on_step_frame(void *arg, struct rpc_conn *conn, const struct rpc_frame *frame)
{
    struct fake_node *node = arg;

    if (frame->type == MSG_STEP_ATTACH) {
        Wire__StepAttachReply reply = WIRE__STEP_ATTACH_REPLY__INIT;
        Wire__StepCredit credit = WIRE__STEP_CREDIT__INIT;
        char name[8];

        node->rig->outcome->num_attached++;
        snprintf(name, sizeof name, "pi%u", node->index + 1);
        reply.node_name = name;
        reply.n_gtids = reply.n_pids = node->num_tasks;
        reply.gtids = reply.pids = node->gtids;
        rpc_conn_send(conn, MSG_STEP_ATTACH_REPLY, 0, &reply.base);
        credit.has_bytes = 1;
        credit.bytes = 4096;
        if (node->rig->scenario->echo)
            rpc_conn_send(conn, MSG_STEP_CREDIT, 0, &credit.base);
    } else if (frame->type == MSG_STEP_CREDIT) {
        node->credit += ((const Wire__StepCredit *)frame->msg)->bytes;
        if (!node->finished)
            node_play(node);
    } else if (frame->type == MSG_STEP_DATA) {
        const Wire__StepData *data = (const Wire__StepData *)frame->msg;
        Wire__StepCredit credit = WIRE__STEP_CREDIT__INIT;

        if (!data->data.len) {
            node->input_over = true;
            node_play(node);
            return;
        }
        strbuf_add_mem(&node->input, data->data.data, data->data.len);
        credit.has_bytes = 1;
        credit.bytes = (uint32_t)data->data.len;
        rpc_conn_send(conn, MSG_STEP_CREDIT, 0, &credit.base);
    } else if (frame->type == MSG_STEP_SIGNAL) {
        struct outcome *o = node->rig->outcome;

        if (o->num_signals < ARRAY_SIZE(o->signals))
            o->signals[o->num_signals++] = (int)((const Wire__StepSignal *)frame->msg)->signal;
    }
}

static void notice(struct rig *rig, uint32_t what, bool of_step, uint32_t status, uint32_t state)
{
    Wire__Notice n = WIRE__NOTICE__INIT;

    n.has_job_id = n.has_what = n.has_exit_code = n.has_job_state = 1;
    n.job_id = RIG_JOB;
    n.has_step_id = of_step;
    n.step_id = 0;
    n.what = what;
    n.exit_code = status;
    n.job_state = state;
    if (rig->client)
        rpc_conn_send(rig->client, MSG_NOTICE, 0, &n.base);
}

static void on_end_timer(void *arg)
{
    struct rig *rig = arg;

    notice(rig, NOTICE_STEP_ENDED, true, 0, JOB_COMPLETED);
}

static void on_step_close(void *arg, struct rpc_conn *conn, const struct error *why)
{
    struct fake_node *node = arg;
    struct rig *rig = node->rig;

    (void)conn;
    (void)why;
    node->conn = NULL;
    for (unsigned i = 0; i < rig->scenario->num_nodes; i++)
        if (!rig->nodes[i].finished || rig->nodes[i].conn)
            return;
    rig->ended = true;
    if (!cut_here(rig, CUT_BEFORE_END))
        reactor_timer_start(rig->end_timer, 1, 0);
}

static const struct rpc_conn_ops step_ops = { .on_frame = on_step_frame, .on_close = on_step_close };

static void on_step_client(void *arg, int fd, const struct step_hello *hello, const char *address)
{
    struct rig *rig = arg;
    struct fake_node *node;

    (void)address;
    ck_assert_uint_lt(hello->node_index, rig->scenario->num_nodes);
    ck_assert_uint_eq(hello->job_id, RIG_JOB);
    node = &rig->nodes[hello->node_index];
    node->credit = 0;
    node->conn = rpc_accept_step(rig->reactor, fd, hello->raw, rig->step_key, &step_ops, node);
}

/* ---- the controller ---- */

static void send_grant(struct rig *rig)
{
    const struct scenario *sc = rig->scenario;
    Wire__AllocReply alloc = WIRE__ALLOC_REPLY__INIT;
    Wire__StepReply step = WIRE__STEP_REPLY__INIT;
    Wire__StepLayout layout = WIRE__STEP_LAYOUT__INIT;
    Wire__AllocInfo info = WIRE__ALLOC_INFO__INIT;
    Wire__NodeAlloc nodes[RIG_NODES_MAX], *node_ptrs[RIG_NODES_MAX];
    Wire__NodeTasks tasks[RIG_NODES_MAX], *task_ptrs[RIG_NODES_MAX];
    char names[RIG_NODES_MAX][8];

    for (unsigned i = 0; i < sc->num_nodes; i++) {
        wire__node_alloc__init(&nodes[i]);
        wire__node_tasks__init(&tasks[i]);
        snprintf(names[i], sizeof names[i], "pi%u", i + 1);
        nodes[i].name = names[i];
        nodes[i].address = (char *)(uintptr_t) "127.0.0.1";
        nodes[i].has_port = 1;
        nodes[i].port = step_port_number(rig->port);
        tasks[i].n_gtids = rig->nodes[i].num_tasks;
        tasks[i].gtids = rig->nodes[i].gtids;
        node_ptrs[i] = &nodes[i];
        task_ptrs[i] = &tasks[i];
    }
    layout.n_nodes = layout.n_tasks = sc->num_nodes;
    layout.nodes = node_ptrs;
    layout.tasks = task_ptrs;
    layout.has_num_tasks = 1;
    layout.num_tasks = sc->num_tasks;
    step.has_job_id = step.has_step_id = step.has_attempt = step.has_step_key = step.has_kill_wait_sec = 1;
    step.job_id = RIG_JOB;
    step.attempt = 1;
    step.kill_wait_sec = 1;
    step.step_key = (ProtobufCBinaryData){ sizeof rig->client_key, rig->client_key };
    step.layout = &layout;
    info.has_job_id = 1;
    info.job_id = RIG_JOB;
    info.node_list = (char *)(uintptr_t) "pi[1-2]";
    rig->granted = true;
    if (rig->type == MSG_STEP) {
        rpc_conn_send(rig->client, MSG_STEP_REPLY, rig->request_id, &step.base);
    } else {
        alloc.has_job_id = 1;
        alloc.job_id = RIG_JOB;
        alloc.alloc = &info;
        alloc.step = rig->outcome->alloc && rig->outcome->alloc->step ? &step : NULL;
        rpc_conn_send(rig->client, MSG_ALLOC_REPLY, rig->request_id, &alloc.base);
    }
    if (rig->meanwhile || rig->scenario->node_fails)
        reactor_timer_start(rig->script_timer, 150, 0);
}

static void on_grant_timer(void *arg)
{
    struct rig *rig = arg;

    if (cut_here(rig, CUT_WHILE_PENDING) || !rig->client)
        return;
    send_grant(rig);
}

static void on_script_timer(void *arg)
{
    struct rig *rig = arg;

    cut_here(rig, CUT_WHILE_RUNNING);
    if (rig->scenario->node_fails)
        notice(rig, NOTICE_STEP_ENDED, true, 0, JOB_NODE_FAIL);
    if (rig->meanwhile)
        rig->meanwhile(rig->pid);
}

static void refuse(struct rig *rig, struct rpc_conn *conn, uint32_t id)
{
    struct error why = { .code = (int)rig->scenario->refuse };

    snprintf(why.text, sizeof why.text, "%s", rig->scenario->refuse_text ? rig->scenario->refuse_text : "");
    rpc_conn_refuse(conn, id, &why);
}

static void on_start(struct rig *rig, struct rpc_conn *conn, const struct rpc_frame *frame)
{
    const struct scenario *sc = rig->scenario;

    rig->request_id = frame->request_id;
    rig->type = frame->type;
    rig->outcome->num_requests++;
    if (sc->refuse) {
        refuse(rig, conn, frame->request_id);
        return;
    }
    if (cut_here(rig, CUT_ON_REQUEST))
        return;
    if (rig->ended) { /* resumed after the end */
        reactor_timer_start(rig->end_timer, 1, 0);
        return;
    }
    if (sc->pending && !rig->granted) {
        if (frame->type == MSG_STEP) {
            Wire__StepReply reply = WIRE__STEP_REPLY__INIT;

            reply.has_job_id = reply.has_pending = reply.pending = 1;
            reply.job_id = RIG_JOB;
            reply.pending_reason = (char *)(uintptr_t) "Requested nodes are busy";
            rpc_conn_send(conn, MSG_STEP_REPLY, frame->request_id, &reply.base);
        } else {
            Wire__AllocReply reply = WIRE__ALLOC_REPLY__INIT;

            reply.has_job_id = reply.has_pending = reply.pending = 1;
            reply.job_id = RIG_JOB;
            rpc_conn_send(conn, MSG_ALLOC_REPLY, frame->request_id, &reply.base);
        }
        if (!sc->never_granted)
            reactor_timer_start(rig->grant_timer, 50, 0);
        else if (rig->meanwhile)
            reactor_timer_start(rig->script_timer, 150, 0);
        return;
    }
    send_grant(rig);
}

static void on_control(struct rig *rig, struct rpc_conn *conn, const struct rpc_frame *frame)
{
    const Wire__JobControlRequest *request = (const Wire__JobControlRequest *)frame->msg;
    Wire__JobControlReply reply = WIRE__JOB_CONTROL_REPLY__INIT;
    Wire__JobResult results[4], *pointers[4];

    keep(frame->msg, MSG_JOB_CONTROL, &rig->outcome->control);
    for (size_t i = 0; rig->scenario->control_code && i < request->n_job_ids && i < 4; i++) {
        wire__job_result__init(&results[i]);
        results[i].job_id = request->job_ids[i];
        results[i].has_code = 1;
        results[i].code = rig->scenario->control_code;
        pointers[i] = &results[i];
        reply.n_results = i + 1;
    }
    reply.results = pointers;
    rpc_conn_send(conn, MSG_JOB_CONTROL_REPLY, frame->request_id, &reply.base);
    for (unsigned i = 0; i < rig->scenario->num_nodes; i++)
        node_finish(&rig->nodes[i], SIGTERM);
}

static void on_frame(void *arg, struct rpc_conn *conn, const struct rpc_frame *frame)
{
    struct rig *rig = arg;
    Wire__Empty empty = WIRE__EMPTY__INIT;

    rig->client = conn;
    switch (frame->type) {
    case MSG_SUBMIT: {
        Wire__SubmitReply reply = WIRE__SUBMIT_REPLY__INIT;

        keep(frame->msg, MSG_SUBMIT, &rig->outcome->submit);
        if (rig->scenario->refuse) {
            refuse(rig, conn, frame->request_id);
            break;
        }
        reply.has_job_id = 1;
        reply.job_id = RIG_JOB;
        reply.test_nodes = (char *)(uintptr_t) "pi1";
        reply.test_partition = (char *)(uintptr_t) "all";
        reply.has_test_cpus = 1;
        reply.test_cpus = 2;
        rpc_conn_send(conn, MSG_SUBMIT_REPLY, frame->request_id, &reply.base);
        break;
    }
    case MSG_ALLOC:
        keep(frame->msg, MSG_ALLOC, &rig->outcome->alloc);
        on_start(rig, conn, frame);
        break;
    case MSG_STEP:
        keep(frame->msg, MSG_STEP, &rig->outcome->step);
        on_start(rig, conn, frame);
        break;
    case MSG_WATCH:
        if (cut_here(rig, CUT_WHILE_RUNNING))
            break;
        rpc_conn_send(conn, MSG_OK, frame->request_id, &empty.base);
        notice(rig, NOTICE_JOB_ENDED, false, rig->scenario->job_status, rig->scenario->job_state);
        break;
    case MSG_COMPLETE_JOB:
        rig->outcome->completed = true;
        rig->outcome->complete_status = ((const Wire__CompleteJobRequest *)frame->msg)->exit_code;
        rpc_conn_send(conn, MSG_OK, frame->request_id, &empty.base);
        break;
    case MSG_JOB_CONTROL:
        on_control(rig, conn, frame);
        break;
    case MSG_SHOW_CONFIG: {
        Wire__ConfigReply reply = WIRE__CONFIG_REPLY__INIT;
        Wire__KeyValue item = WIRE__KEY_VALUE__INIT, *items[] = { &item };

        item.key = (char *)(uintptr_t) "ClusterName";
        item.value = (char *)(uintptr_t) "bramble";
        reply.n_items = 1;
        reply.items = items;
        rpc_conn_send(conn, MSG_CONFIG_REPLY, frame->request_id, &reply.base);
        break;
    }
    default:
        ck_abort_msg("the command sent %s", msg_type_name(frame->type));
    }
}

static void on_close(void *arg, struct rpc_conn *conn, const struct error *why)
{
    struct rig *rig = arg;

    (void)why;
    if (rig->client == conn)
        rig->client = NULL;
}

static const struct rpc_conn_ops server_ops = { .on_frame = on_frame, .on_close = on_close };

/* ---- running ---- */

struct rig *rig_create(void)
{
    struct rig *rig = xcalloc(1, sizeof *rig);
    struct error err;

    if (!munged_start(&rig->munged)) {
        free(rig);
        return NULL;
    }
    ck_assert_int_ge(sodium_init(), 0);
    crypto_sign_keypair(rig->public_key, rig->secret_key);
    randombytes_buf(rig->step_key, sizeof rig->step_key);
    step_client_key(rig->step_key, rig->client_key);
    rig->reactor = reactor_create(&err);
    ck_assert_ptr_nonnull(rig->reactor);
    struct rpc_server_conf conf = { .listen = "127.0.0.1", .cluster_name = "bramble", .secret_key = rig->secret_key,
                                    .munge_socket = rig->munged.socket };
    rig->server = rpc_server_create(rig->reactor, &conf, &server_ops, rig, &err);
    ck_assert_msg(rig->server != NULL, "%s", err.text);
    rig->port = step_port_create(rig->reactor, "127.0.0.1", 0, on_step_client, rig, &err);
    ck_assert_msg(rig->port != NULL, "%s", err.text);
    rig->grant_timer = reactor_timer_create(rig->reactor, on_grant_timer, rig);
    rig->script_timer = reactor_timer_create(rig->reactor, on_script_timer, rig);
    rig->end_timer = reactor_timer_create(rig->reactor, on_end_timer, rig);
    return rig;
}

static void on_settled(void *arg)
{
    reactor_stop(arg, 0);
}

void rig_destroy(struct rig *rig)
{
    struct reactor_timer *settle;

    if (!rig)
        return;
    for (unsigned i = 0; i < RIG_NODES_MAX; i++)
        strbuf_fini(&rig->nodes[i].input);
    /* What the last command left is noticed and freed. */
    settle = reactor_timer_create(rig->reactor, on_settled, rig->reactor);
    reactor_timer_start(settle, 20, 0);
    reactor_run(rig->reactor);
    rpc_server_destroy(rig->server);
    step_port_destroy(rig->port);
    reactor_destroy(rig->reactor);
    munged_stop(&rig->munged);
    free(rig);
}

static void deal_tasks(struct rig *rig)
{
    const struct scenario *sc = rig->scenario;

    for (unsigned i = 0; i < RIG_NODES_MAX; i++) {
        strbuf_fini(&rig->nodes[i].input);
        rig->nodes[i] = (struct fake_node){ .rig = rig, .index = i };
    }
    for (unsigned t = 0; t < sc->num_tasks; t++) {
        struct fake_node *node = &rig->nodes[t * sc->num_nodes / sc->num_tasks];

        node->gtids[node->num_tasks++] = t;
    }
}

static void on_child(void *arg, int signum)
{
    struct rig *rig = arg;

    (void)signum;
    if (waitpid(rig->pid, &rig->outcome->status, WNOHANG) == rig->pid)
        reactor_stop(rig->reactor, 0);
}

static void on_limit(void *arg)
{
    struct rig *rig = arg;

    kill(rig->pid, SIGKILL);
}

static int scratch_file(void)
{
    char path[] = "/tmp/test_commands.XXXXXX";
    int fd = mkostemp(path, O_CLOEXEC);

    ck_assert_int_ge(fd, 0);
    unlink(path);
    return fd;
}

static char *read_back(int fd, size_t *len)
{
    struct error err;
    char *text = NULL;

    lseek(fd, 0, SEEK_SET);
    ck_assert_msg(fs_read_fd(fd, "output", 64 << 20, &text, len, &err) == 0, "%s", err.text);
    close(fd);
    return text;
}

void rig_run(struct rig *rig, const struct scenario *scenario, char *const *argv, const char *input,
             void (*meanwhile)(pid_t pid), struct outcome *outcome)
{
    CLEANUP_FREE char *program = xasprintf("%s/%s", BUILD_DIR, argv[0]);
    int out = scratch_file(), err = scratch_file(), in = open("/dev/null", O_RDONLY | O_CLOEXEC);
    struct reactor_signal *child;
    size_t err_len;
    char key[64], controller[128];

    *outcome = (struct outcome){ 0 };
    rig->scenario = scenario;
    rig->outcome = outcome;
    rig->meanwhile = meanwhile;
    rig->cut_done = rig->granted = rig->ended = false;
    deal_tasks(rig);
    if (input) {
        close(in);
        in = scratch_file();
        ck_assert_int_eq(fs_write_all(in, input, strlen(input)), 0);
        lseek(in, 0, SEEK_SET);
    }
    sodium_bin2base64(key, sizeof key, rig->public_key, sizeof rig->public_key, sodium_base64_VARIANT_ORIGINAL);
    snprintf(controller, sizeof controller, "127.0.0.1:%u %s", rpc_server_port(rig->server), key);
    child = reactor_signal_create(rig->reactor, SIGCHLD, on_child, rig);
    rig->limit_timer = reactor_timer_create(rig->reactor, on_limit, rig);
    reactor_timer_start(rig->limit_timer, RUN_LIMIT_MS, 0);
    rig->pid = fork();
    ck_assert_int_ge(rig->pid, 0);
    if (rig->pid == 0) {
        setenv("BRAMBLE_CONTROLLER", controller, 1);
        setenv("BRAMBLE_MUNGE_SOCKET", rig->munged.socket, 1);
        dup2(in, 0);
        dup2(out, 1);
        dup2(err, 2);
        execv(program, argv);
        _exit(126);
    }
    close(in);
    reactor_run(rig->reactor);
    reactor_signal_close(child);
    reactor_timer_close(rig->limit_timer);
    reactor_timer_stop(rig->grant_timer);
    reactor_timer_stop(rig->script_timer);
    reactor_timer_stop(rig->end_timer);
    outcome->out = read_back(out, &outcome->out_len);
    outcome->err = read_back(err, &err_len);
}

void outcome_fini(struct outcome *o)
{
    free(o->out);
    free(o->err);
    if (o->submit)
        rpc_msg_free(&o->submit->base);
    if (o->alloc)
        rpc_msg_free(&o->alloc->base);
    if (o->step)
        rpc_msg_free(&o->step->base);
    if (o->control)
        rpc_msg_free(&o->control->base);
}
