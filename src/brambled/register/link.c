/* link.c - the one connection to the controller: dial, prove the board, register, beat.
 *
 * When it is lost the agent dials again, sooner or later by chance, so that a controller that comes
 * back is not met by all its boards at once.  The loss is logged once, and so is the return.
 */
#include "config.h"
#include "brambled/agent_private.h"

#include "util/log.h"
#include "util/mem.h"
#include "util/strbuf.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define DIAL_MS 10000
#define BACKOFF_MIN_MS 100
#define BACKOFF_MAX_MS 10000
#define REPEAT_MS 5000
#define HEARTBEAT_DEFAULT_SEC 10
#define HELLO_PREFIX "bramble-node"
#define STATUS_MAX 4096 /* of a registration */

static void link_dial(struct agent *a);

bool link_send(struct agent *a, unsigned type, const ProtobufCMessage *msg)
{
    return a->registered && rpc_conn_send(a->ctld, type, 0, msg) == 0;
}

static void redial_later(struct agent *a)
{
    uint64_t wait = a->backoff_ms / 2 + randombytes_uniform((uint32_t)(a->backoff_ms / 2 + 1));

    reactor_timer_start(a->dial_timer, wait, 0);
    a->backoff_ms = a->backoff_ms * 2 > BACKOFF_MAX_MS ? BACKOFF_MAX_MS : a->backoff_ms * 2;
}

static char *dup_text(const char *text)
{
    return text && *text ? xstrdup(text) : NULL;
}

/* Is this the configuration that we have? Then the board need not be looked at again. */
static bool is_known_conf(struct agent *a, const Wire__NodeConfig *m)
{
    size_t len = wire__node_config__get_packed_size(m);
    uint8_t *packed = xmalloc(len + 1), hash[32];
    bool known;

    wire__node_config__pack(m, packed);
    crypto_generichash(hash, sizeof hash, packed, len, NULL, 0);
    free(packed);
    known = a->have_conf && !memcmp(hash, a->conf_hash, sizeof hash);
    memcpy(a->conf_hash, hash, sizeof hash);
    return known;
}

static void take_conf(struct agent *a, const Wire__NodeConfig *m)
{
    struct node_conf *c = &a->conf;

    node_conf_free(c);
    c->topology_xml = dup_text(m->topology_xml);
    c->topology_synthetic = dup_text(m->topology_synthetic);
    c->hw_class = dup_text(m->hw_class);
    c->prolog = dup_text(m->prolog);
    c->epilog = dup_text(m->epilog);
    c->cgroup = dup_text(m->cgroup);
    c->cluster_name = dup_text(m->cluster_name);
    c->mpi_default = dup_text(m->mpi_default);
    c->task_prolog = dup_text(m->task_prolog);
    c->task_epilog = dup_text(m->task_epilog);
    c->mem_mb = m->mem_mb;
    c->cluster_id = m->cluster_id;
    c->heartbeat_sec = m->heartbeat_sec ? m->heartbeat_sec : HEARTBEAT_DEFAULT_SEC;
    c->kill_wait_sec = m->has_kill_wait_sec ? m->kill_wait_sec : 30;
    c->unkillable_sec = m->has_unkillable_sec ? m->unkillable_sec : 60;
    c->prolog_sec = m->prolog_sec ? m->prolog_sec : 60;
    c->node_timeout_sec = m->node_timeout_sec ? m->node_timeout_sec : 30;
    a->have_conf = true;
}

static void on_config(struct agent *a, struct rpc_conn *conn, const Wire__NodeConfig *m)
{
    bool known = is_known_conf(a, m);
    struct error err;

    if (!known || !a->map || a->probe_fd >= 0) {
        take_conf(a, m);
        jobs_check_clean(a);
        known = false;
    }
    rpc_conn_set_keepalive(conn, a->conf.node_timeout_sec * 1000);
    if (known) {
        link_register(a);
    } else if (facts_begin(a, &err) < 0) {
        log_error("%s", err.text);
        rpc_conn_abort(conn, &err);
    }
}

static Wire__StepStatus *running(uint32_t job_id, uint32_t step_id, uint32_t attempt)
{
    Wire__StepStatus *st = xmalloc(sizeof *st);

    wire__step_status__init(st);
    st->has_job_id = st->has_step_id = st->has_attempt = st->has_state = true;
    st->job_id = job_id;
    st->step_id = step_id;
    st->attempt = attempt;
    st->state = STEP_RUNNING;
    return st;
}

/* The status of every step here, unpacked from what is kept of it; then the jobs of which an earlier
 * agent's record tells, so that one which is over can be cleared away. */
static size_t list_steps(struct agent *a, Wire__StepStatus ***list)
{
    size_t num = 0;

    *list = xcalloc(list_count(&a->steps) + list_count(&a->jobs) + 1, sizeof **list);
    list_for_each(node, &a->steps)
    {
        struct agent_step *s = container_of(node, struct agent_step, node);
        Wire__StepStatus *st;

        if (s->state == ASTEP_RELEASED || s->state == ASTEP_WAITS)
            continue;
        st = s->status && s->state == ASTEP_ENDED ? wire__step_status__unpack(NULL, s->status_len, s->status)
                                                  : running(s->job_id, s->step_id, s->attempt);
        if (st)
            (*list)[num++] = st;
    }
    list_for_each(node, &a->jobs)
    {
        const struct agent_job *job = container_of(node, struct agent_job, node);

        if (job->recorded && !job->num_steps && !job->last && num < STATUS_MAX)
            (*list)[num++] = running(job->job_id, STEP_NONE, job->attempt);
    }
    return num;
}

void link_register(struct agent *a)
{
    Wire__NodeRegister reg = WIRE__NODE_REGISTER__INIT;
    struct strbuf notes = STRBUF_INIT;
    struct board board;
    char host[256];

    if (!a->ctld_open || !a->map || !a->have_conf || a->num_sought)
        return;
    facts_fill(a, &reg, &board);
    strbuf_add(&notes, a->cgroup_notes ? a->cgroup_notes : "");
    if (reg.has_real_cpus)
        strbuf_addf(&notes, "emulated board: %u cores run on %u CPUs; ", reg.cores, reg.real_cpus);
    if (notes.len > 2)
        strbuf_truncate(&notes, notes.len - 2);
    reg.notes = (char *)(uintptr_t)strbuf_str(&notes);
    reg.has_port = true;
    reg.port = step_port_number(a->port);
    if (gethostname(host, sizeof host) < 0)
        snprintf(host, sizeof host, "%s", a->opts.node_name);
    host[sizeof host - 1] = '\0';
    reg.host = host;
    reg.version = (char *)(uintptr_t)PACKAGE_VERSION;
    network_of(rpc_conn_peer(a->ctld)->address, a->network, sizeof a->network);
    reg.network = a->network;
    reg.n_steps = list_steps(a, &reg.steps);
    rpc_conn_send(a->ctld, MSG_NODE_REGISTER, 0, &reg.base);
    for (size_t i = 0; i < reg.n_steps; i++)
        wire__step_status__free_unpacked(reg.steps[i], NULL);
    free(reg.steps);
    strbuf_fini(&notes);
}

static void on_heartbeat(void *arg)
{
    struct agent *a = arg;
    Wire__Heartbeat beat = WIRE__HEARTBEAT__INIT;

    beat.has_cpu_load_pct = beat.has_free_mem_mb = beat.has_sequence = true;
    beat.cpu_load_pct = board_load_pct("");
    beat.free_mem_mb = board_free_mem_mb("");
    beat.sequence = ++a->heartbeat_seq;
    link_send(a, MSG_HEARTBEAT, &beat.base);
}

static void on_registered(struct agent *a, const Wire__NodeRegisterReply *reply)
{
    if (reply->need_topology && !a->need_topology) {
        a->need_topology = true;
        link_register(a);
        return;
    }
    a->need_topology = false;
    a->registered = true;
    a->backoff_ms = BACKOFF_MIN_MS;
    log_notice("registered with the controller at %s as node %s%s", rpc_conn_peer(a->ctld)->address,
               a->opts.node_name, a->lost_logged ? " again" : "");
    a->lost_logged = false;
    reactor_timer_start(a->heartbeat_timer, a->conf.heartbeat_sec * 1000ull, a->conf.heartbeat_sec * 1000ull);
    /* Before any launch is read: what is to be ended is being ended. */
    for (size_t i = 0; i < reply->n_kills; i++)
        launch_kill(a, reply->kills[i]);
    step_repeat_all(a);
}

static void on_frame(void *arg, struct rpc_conn *conn, const struct rpc_frame *frame)
{
    struct agent *a = arg;

    switch (frame->type) {
    case MSG_NODE_CONFIG:
        on_config(a, conn, (const Wire__NodeConfig *)frame->msg);
        break;
    case MSG_NODE_REGISTER_REPLY:
        on_registered(a, (const Wire__NodeRegisterReply *)frame->msg);
        break;
    case MSG_HEARTBEAT: /* it asks whether we are there */
        on_heartbeat(a);
        break;
    case MSG_STEP_LAUNCH:
        launch_order(a, (const Wire__StepLaunch *)frame->msg);
        break;
    case MSG_STEP_KILL:
        launch_kill(a, (const Wire__StepKill *)frame->msg);
        break;
    case MSG_STEP_STATUS_ACK:
        step_acked(a, (const Wire__StepStatusAck *)frame->msg);
        break;
    case MSG_USAGE:
        usage_ask(a, (const Wire__UsageRequest *)frame->msg);
        break;
    case MSG_AGENT_SHUTDOWN:
        log_notice("the controller says to stop");
        reactor_stop(a->reactor, 0);
        break;
    case MSG_REFUSAL:
        if (!a->lost_logged)
            log_error("controller: %s", ((const Wire__Refusal *)frame->msg)->text);
        a->lost_logged = true;
        a->backoff_ms = BACKOFF_MAX_MS;
        break;
    default:
        break;
    }
}

static void on_open(void *arg, struct rpc_conn *conn)
{
    struct agent *a = arg;
    Wire__NodeHello hello = WIRE__NODE_HELLO__INIT;
    uint8_t text[sizeof HELLO_PREFIX - 1 + 32], signature[crypto_sign_BYTES];

    a->ctld_open = true;
    memcpy(text, HELLO_PREFIX, sizeof HELLO_PREFIX - 1);
    memcpy(text + sizeof HELLO_PREFIX - 1, rpc_conn_peer(conn)->hash, 32);
    crypto_sign_detached(signature, NULL, text, sizeof text, a->secret_key);
    hello.node_name = (char *)(uintptr_t)a->opts.node_name;
    hello.has_public_key = hello.has_signature = hello.has_wall_time = true;
    hello.public_key = (ProtobufCBinaryData){ .data = a->public_key, .len = sizeof a->public_key };
    hello.signature = (ProtobufCBinaryData){ .data = signature, .len = sizeof signature };
    hello.version = (char *)(uintptr_t)PACKAGE_VERSION;
    hello.wall_time = (int64_t)time(NULL);
    rpc_conn_send(conn, MSG_NODE_HELLO, 0, &hello.base);
}

static void on_close(void *arg, struct rpc_conn *conn, const struct error *why)
{
    struct agent *a = arg;

    if (a->ctld != conn)
        return;
    a->ctld = NULL;
    a->ctld_open = a->registered = false;
    reactor_timer_stop(a->heartbeat_timer);
    reactor_timer_stop(a->repeat_timer);
    list_for_each(node, &a->steps) container_of(node, struct agent_step, node)->reported = false;
    if (!a->lost_logged)
        log_warning("no connection to the controller: %s", why->text);
    a->lost_logged = true;
    redial_later(a);
}

static const struct rpc_conn_ops link_ops = { .on_open = on_open, .on_frame = on_frame, .on_close = on_close };

static void link_dial(struct agent *a)
{
    a->ctld = rpc_dial(a->reactor, &a->opts.controller, SESSION_AGENT, DIAL_MS, &link_ops, a);
    if (!a->ctld)
        redial_later(a);
}

static void on_dial(void *arg)
{
    link_dial(arg);
}

static void on_repeat(void *arg)
{
    struct agent *a = arg;

    list_for_each(node, &a->steps) container_of(node, struct agent_step, node)->reported = false;
    step_repeat_all(a);
}

void link_repeat_later(struct agent *a)
{
    if (!reactor_timer_active(a->repeat_timer))
        reactor_timer_start(a->repeat_timer, REPEAT_MS, 0);
}

int link_start(struct agent *a, struct error *err)
{
    (void)err;
    a->backoff_ms = BACKOFF_MIN_MS;
    a->dial_timer = reactor_timer_create(a->reactor, on_dial, a);
    a->heartbeat_timer = reactor_timer_create(a->reactor, on_heartbeat, a);
    a->repeat_timer = reactor_timer_create(a->reactor, on_repeat, a);
    link_dial(a);
    return 0;
}

void link_stop(struct agent *a)
{
    struct rpc_conn *conn = a->ctld;

    a->ctld = NULL;
    a->ctld_open = a->registered = false;
    if (conn)
        rpc_conn_abort(conn, &(struct error){ .code = BRE_CLOSED, .text = "agent stops" });
    reactor_timer_close(a->dial_timer);
    reactor_timer_close(a->heartbeat_timer);
    reactor_timer_close(a->repeat_timer);
}
