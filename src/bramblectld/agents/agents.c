/* agents.c - sessions of node agents: hello, registration, reports, loss. */
#include "config.h"

#include <sodium.h>
#include <string.h>
#include <unistd.h>

#include "bramblectld/agents/agents.h"
#include "bramblectld/agents/node_config.h"
#include "bramblectld/commit.h"
#include "bramblectld/ctld_private.h"
#include "bramblectld/requests/diag.h"
#include "bramblectld/requests/usage.h"
#include "conf/conf.h"
#include "reactor/reactor.h"
#include "rpc/rpc.h"
#include "util/list.h"
#include "util/log.h"
#include "util/mem.h"

enum agent_state { AGENT_NEW, AGENT_CONFIGURED, AGENT_REGISTERED };
struct agent {
    struct agents *all;
    struct list_node link;
    struct rpc_conn *conn; /* NULL: closed */
    unsigned refs;         /* the connection's and those of commits under way */
    enum agent_state state;
    bool replaced;
    uint32_t node_id;
    char name[256];
    uint8_t key[32];
    uint64_t heard_ms; /* last frame */
    uint64_t asked_ms; /* when it was asked whether it is there, and has said nothing since; or 0 */
};
struct agents {
    struct ctld *ctld;
    struct list_node list;
    struct agent **by_node;
    size_t num_nodes;
    unsigned registered;
};

#define GAP_MS 3000
#define HEARD_PERIODS 3 /* an agent that is silent so many heartbeats is not well, whatever TCP says */

static struct agent *agent_incref(struct agent *ag)
{
    ag->refs++;
    return ag;
}

static void agent_decref(struct agent *ag)
{
    if (--ag->refs)
        return;
    list_remove(&ag->link);
    free(ag);
}

struct agents *agents_create(struct ctld *c)
{
    struct agents *a = xcalloc(1, sizeof(*a));
    a->ctld = c;
    list_init(&a->list);
    return a;
}

void agents_destroy(struct agents *a)
{
    if (!a)
        return;
    list_for_each_safe(node, &a->list) {
        struct agent *ag = container_of(node, struct agent, link);
        list_remove(node);
        free(ag);
    }
    free(a->by_node);
    free(a);
}

static struct agent *agent_of(const struct agents *a, uint32_t node_id)
{
    return node_id < a->num_nodes ? a->by_node[node_id] : NULL;
}

bool agents_reachable(const struct agents *a, uint32_t node_id)
{
    const struct agent *ag = agent_of(a, node_id);
    return ag && ag->conn && ag->state == AGENT_REGISTERED;
}

int agents_send(struct agents *a, uint32_t node_id, unsigned type, const ProtobufCMessage *msg)
{
    struct agent *ag = agent_of(a, node_id);
    if (!ag || !ag->conn || ag->state != AGENT_REGISTERED)
        return -1;
    return rpc_conn_send(ag->conn, type, 0, msg);
}

unsigned agents_count(const struct agents *a)
{
    return a->registered;
}

static void agent_heard(struct agent *ag, uint32_t load, uint64_t free_mb)
{
    struct cluster_now now = ctld_now(ag->all->ctld);
    ag->heard_ms = now.mono_ms;
    cluster_node_seen(ag->all->ctld->cluster, ag->node_id, &now, load, free_mb);
}

/* A board's kernel answers for an agent that hangs.  One that has work must have said something within
 * node_timeout: after half of it it is asked.  True: it is taken for well until *due_ms. */
static bool is_well(struct agent *ag, uint64_t now_ms, uint64_t *due_ms)
{
    uint64_t half = (uint64_t)ag->all->ctld->conf->node_timeout_sec * 500;
    Wire__Heartbeat ask = WIRE__HEARTBEAT__INIT;
    if (ag->asked_ms && ag->heard_ms >= ag->asked_ms)
        ag->asked_ms = 0;
    if (!ag->asked_ms && now_ms < ag->heard_ms + half) {
        *due_ms = ag->heard_ms + half;
        return true;
    }
    /* This late it is the controller that has not run: the answer may wait in the socket. */
    if (!ag->asked_ms || now_ms > ag->asked_ms + half + GAP_MS) {
        ag->asked_ms = now_ms;
        rpc_conn_send(ag->conn, MSG_HEARTBEAT, 0, &ask.base);
    }
    *due_ms = ag->asked_ms + half;
    return now_ms < *due_ms;
}

void agents_seen(struct agents *a, bool all)
{
    struct cluster_now now = ctld_now(a->ctld);
    uint64_t grace = (uint64_t)node_heartbeat_sec(a->ctld) * 1000 * HEARD_PERIODS, due;
    list_for_each_safe(node, &a->list) {
        struct agent *ag = container_of(node, struct agent, link);
        struct error why;
        if (!ag->conn || ag->state != AGENT_REGISTERED)
            continue;
        if (all || !cluster_node_has_work(a->ctld->cluster, ag->node_id)) {
            ag->asked_ms = 0;
            if (all || now.mono_ms - ag->heard_ms < grace)
                cluster_node_seen(a->ctld->cluster, ag->node_id, &now, UINT32_MAX, UINT64_MAX);
        } else if (is_well(ag, now.mono_ms, &due)) {
            cluster_node_due(a->ctld->cluster, ag->node_id, due);
        } else {
            error_set(&why, BRE_TIMEOUT, "its agent has said nothing for %u s",
                      (unsigned)((now.mono_ms - ag->heard_ms) / 1000));
            rpc_conn_abort(ag->conn, &why); /* should it come to itself, it registers anew */
        }
    }
}

/* ---- hello ---- */

static int hello_check(struct agent *ag, const Wire__NodeHello *hello, struct error *err)
{
    static const char domain[] = "bramble-node";
    const struct session_peer *peer = rpc_conn_peer(ag->conn);
    uint8_t text[sizeof(domain) - 1 + 32];
    if (peer->uid != 0 && peer->uid != geteuid())
        return error_set(err, BRE_ACCESS, "uid %u may not register a node: run brambled as root or as uid %u",
                         peer->uid, (unsigned)geteuid());
    if (!hello->node_name || hello->public_key.len != crypto_sign_PUBLICKEYBYTES
        || hello->signature.len != crypto_sign_BYTES)
        return error_set(err, BRE_PROTOCOL, "a node's first frame lacks its name, key or signature");
    memcpy(text, domain, sizeof(domain) - 1);
    memcpy(text + sizeof(domain) - 1, peer->hash, 32);
    if (crypto_sign_verify_detached(hello->signature.data, text, sizeof(text), hello->public_key.data) != 0)
        return error_set(err, BRE_AUTH, "node %s: the signature over the session is wrong", hello->node_name);
    return cluster_check_hello(ag->all->ctld->cluster, hello->node_name, hello->public_key.data, &ag->node_id, err);
}

static void agent_install(struct agent *ag)
{
    struct agents *a = ag->all;
    struct error why;
    if (ag->node_id >= a->num_nodes) {
        size_t n = (size_t)ag->node_id + 16;
        a->by_node = xreallocarray(a->by_node, n, sizeof(struct agent *));
        memset(a->by_node + a->num_nodes, 0, (n - a->num_nodes) * sizeof(struct agent *));
        a->num_nodes = n;
    }
    struct agent *old = a->by_node[ag->node_id];
    a->by_node[ag->node_id] = ag;
    if (old && old != ag && old->conn) {
        old->replaced = true;
        error_set(&why, BRE_CLOSED, "node %s has connected again", ag->name);
        rpc_conn_abort(old->conn, &why);
    }
}

static void on_hello(struct agent *ag, const struct rpc_frame *frame)
{
    const Wire__NodeHello *hello = (const Wire__NodeHello *)frame->msg;
    struct ctld *c = ag->all->ctld;
    struct error err;
    if (ag->state != AGENT_NEW) {
        error_set(&err, BRE_PROTOCOL, "a second NODE_HELLO on one session");
        rpc_conn_abort(ag->conn, &err);
        return;
    }
    if (hello_check(ag, hello, &err) < 0) {
        log_warning("node %s at %s: refused: %s", hello->node_name ? hello->node_name : "(unnamed)",
                    rpc_conn_peer(ag->conn)->address, err.text);
        rpc_conn_refuse(ag->conn, frame->request_id, &err);
        rpc_conn_close(ag->conn);
        return;
    }
    snprintf(ag->name, sizeof(ag->name), "%s", hello->node_name);
    memcpy(ag->key, hello->public_key.data, 32);
    ag->state = AGENT_CONFIGURED;
    rpc_conn_set_agent(ag->conn, true);
    rpc_conn_set_keepalive(ag->conn, c->conf->node_timeout_sec * 1000);
    agent_install(ag);
    node_config_send(c, ag->conn, frame->request_id, ag->name);
}

/* ---- registration ---- */

struct registration {
    struct agent *agent;
    uint32_t request_id;
    struct decision *decision; /* its kills go into the reply */
};

static void registered(void *arg)
{
    CLEANUP_FREE struct registration *reg = arg;
    struct agent *ag = reg->agent;
    struct decision *d = reg->decision;
    if (ag->conn) {
        Wire__NodeRegisterReply reply = WIRE__NODE_REGISTER_REPLY__INIT;
        CLEANUP_FREE Wire__StepKill **kills = d->num_effects ? xcalloc(d->num_effects, sizeof(*kills)) : NULL;
        size_t left = 0;
        for (size_t i = 0; i < d->num_effects; i++) {
            struct effect *e = &d->effects[i];
            if (e->kind == EFFECT_KILL && e->node_id == ag->node_id)
                kills[reply.n_kills++] = (Wire__StepKill *)e->kill;
            else
                d->effects[left++] = *e;
        }
        d->num_effects = left;
        reply.kills = kills;
        if (ag->state != AGENT_REGISTERED) {
            ag->state = AGENT_REGISTERED;
            ag->all->registered++;
            log_notice("node %s: registered from %s", ag->name, rpc_conn_peer(ag->conn)->address);
        }
        rpc_conn_send(ag->conn, MSG_NODE_REGISTER_REPLY, reg->request_id, &reply.base);
    }
    agent_decref(ag);
}

static void report(struct agent *ag, const Wire__StepStatus *status);

static int topology_check(const Wire__NodeRegister *reg, struct error *err)
{
    uint8_t hash[32];
    if (!reg->has_topology_hash || reg->topology_hash.len != 32)
        return error_set(err, BRE_PROTOCOL, "a registration lacks the hash of its topology");
    if (!reg->has_topology_xml || !reg->topology_xml.len)
        return 0;
    crypto_generichash(hash, sizeof(hash), reg->topology_xml.data, reg->topology_xml.len, NULL, 0);
    if (memcmp(hash, reg->topology_hash.data, 32) != 0)
        return error_set(err, BRE_PROTOCOL, "the topology does not match its hash");
    return 0;
}

static void on_register(struct agent *ag, const struct rpc_frame *frame)
{
    const Wire__NodeRegister *reg = (const Wire__NodeRegister *)frame->msg;
    struct ctld *c = ag->all->ctld;
    struct cluster_now now = ctld_now(c);
    struct error err;
    if (topology_check(reg, &err) < 0)
        goto refuse;
    if ((!reg->has_topology_xml || !reg->topology_xml.len) && !cluster_has_topology(c->cluster, reg->topology_hash.data)) {
        Wire__NodeRegisterReply reply = WIRE__NODE_REGISTER_REPLY__INIT;
        reply.has_need_topology = reply.need_topology = true;
        rpc_conn_send(ag->conn, MSG_NODE_REGISTER_REPLY, frame->request_id, &reply.base);
        return;
    }
    struct decision *d = ctld_decision(c);
    if (cluster_decide_register(c->cluster, &now, ag->node_id, ag->key, rpc_conn_peer(ag->conn)->address, reg, d, &err)
        < 0) {
        ctld_drop(c, d);
        goto refuse;
    }
    ag->heard_ms = now.mono_ms;
    struct registration *r = xcalloc(1, sizeof(*r));
    *r = (struct registration){ agent_incref(ag), frame->request_id, d };
    ctld_commit(c, d, registered, r);
    agent_heard(ag, reg->has_cpu_load_pct ? reg->cpu_load_pct : UINT32_MAX,
                reg->has_free_mem_mb ? reg->free_mem_mb : UINT64_MAX);
    for (size_t i = 0; i < reg->n_steps; i++)
        if (reg->steps[i]->step_id != STEP_NONE) /* a job without steps there: the decision has dealt with it */
            report(ag, reg->steps[i]);
    return;
refuse:
    log_warning("node %s: registration refused: %s", ag->name, err.text);
    rpc_conn_refuse(ag->conn, frame->request_id, &err);
    rpc_conn_close(ag->conn);
}

/* ---- reports ---- */

static void report(struct agent *ag, const Wire__StepStatus *status)
{
    struct ctld *c = ag->all->ctld;
    struct cluster_now now = ctld_now(c);
    struct decision *d = ctld_decision(c);
    struct error err;
    if (cluster_decide_step_status(c->cluster, &now, ag->node_id, status, d, &err) < 0) {
        log_debug(DBG_STEP, "job %u: step %u: report of node %s not used: %s", status->job_id, status->step_id, ag->name,
                  err.text);
        ctld_drop(c, d);
        return;
    }
    ctld_commit(c, d, NULL, NULL);
}

static void on_launch_reply(struct agent *ag, const Wire__StepLaunchReply *reply)
{
    struct ctld *c = ag->all->ctld;
    struct cluster_now now = ctld_now(c);
    struct decision *d = ctld_decision(c);
    struct error err;
    if (reply->code)
        log_warning("job %u: node %s could not launch step %u: %s", reply->job_id, ag->name, reply->step_id,
                    reply->text ? reply->text : error_code_text((int)reply->code));
    if (cluster_decide_launch_reply(c->cluster, &now, ag->node_id, reply, d, &err) < 0) {
        log_debug(DBG_STEP, "job %u: launch reply of node %s not used: %s", reply->job_id, ag->name, err.text);
        ctld_drop(c, d);
        return;
    }
    ctld_commit(c, d, NULL, NULL);
}

static void on_job_clean(struct agent *ag, const Wire__JobClean *clean)
{
    struct ctld *c = ag->all->ctld;
    struct cluster_now now = ctld_now(c);
    struct decision *d = ctld_decision(c);
    struct error err;
    if (cluster_decide_job_clean(c->cluster, &now, ag->node_id, clean, d, &err) < 0) {
        log_debug(DBG_STEP, "job %u: report of node %s not used: %s", clean->job_id, ag->name, err.text);
        ctld_drop(c, d);
        return;
    }
    ctld_commit(c, d, NULL, NULL);
}

static void handle(struct agent *ag, struct rpc_conn *conn, const struct rpc_frame *frame)
{
    struct error err;
    if (ag->all->ctld->stopping)
        return; /* it is repeated to whoever comes next */
    if (frame->type == MSG_NODE_HELLO) {
        on_hello(ag, frame);
        return;
    }
    if (ag->state == AGENT_NEW || (ag->state != AGENT_REGISTERED && frame->type != MSG_NODE_REGISTER)
        || ag->replaced) {
        if (ag->state == AGENT_NEW) {
            error_set(&err, BRE_PROTOCOL, "%s before NODE_HELLO", msg_type_name(frame->type));
            rpc_conn_abort(conn, &err);
        }
        return; /* repeated after the registration */
    }
    if (frame->type != MSG_HEARTBEAT && frame->type != MSG_NODE_REGISTER)
        agent_heard(ag, UINT32_MAX, UINT64_MAX);
    switch (frame->type) {
    case MSG_NODE_REGISTER:
        on_register(ag, frame);
        break;
    case MSG_HEARTBEAT: {
        const Wire__Heartbeat *beat = (const Wire__Heartbeat *)frame->msg;
        agent_heard(ag, beat->has_cpu_load_pct ? beat->cpu_load_pct : UINT32_MAX,
                    beat->has_free_mem_mb ? beat->free_mem_mb : UINT64_MAX);
        break;
    }
    case MSG_STEP_LAUNCH_REPLY:
        on_launch_reply(ag, (const Wire__StepLaunchReply *)frame->msg);
        break;
    case MSG_STEP_STATUS:
        report(ag, (const Wire__StepStatus *)frame->msg);
        break;
    case MSG_USAGE_REPLY:
        usage_answered(ag->all->ctld, ag->node_id, (const Wire__UsageReply *)frame->msg);
        break;
    case MSG_JOB_CLEAN:
        on_job_clean(ag, (const Wire__JobClean *)frame->msg);
        break;
    default:
        error_set(&err, BRE_PROTOCOL, "%s is not for the controller", msg_type_name(frame->type));
        rpc_conn_abort(conn, &err);
    }
}

/* ---- end ---- */

static void on_close(void *arg, struct rpc_conn *conn, const struct error *why)
{
    struct agent *ag = arg;
    struct agents *a = ag->all;
    struct ctld *c = a->ctld;
    (void)conn;
    ag->conn = NULL;
    if (ag->state == AGENT_REGISTERED)
        a->registered--;
    if (agent_of(a, ag->node_id) == ag && ag->state != AGENT_NEW) {
        a->by_node[ag->node_id] = NULL;
        if (ag->state == AGENT_REGISTERED && !c->stopping && !c->failed) {
            struct cluster_now now = ctld_now(c);
            struct decision *d = ctld_decision(c);
            struct error err;
            log_warning("node %s: connection lost: %s", ag->name, why->text);
            if (cluster_decide_node_lost(c->cluster, &now, ag->node_id, d, &err) < 0) {
                log_error("node %s: %s", ag->name, err.text);
                ctld_drop(c, d);
            } else {
                ctld_commit(c, d, NULL, NULL);
            }
        }
    }
    agent_decref(ag);
}


static void on_frame(void *arg, struct rpc_conn *conn, const struct rpc_frame *frame)
{
    struct agent *ag = arg;
    struct diag *diag = ag->all->ctld->diag;
    const unsigned type = frame->type;
    const uint32_t uid = rpc_conn_peer(conn)->uid;
    const int64_t from = diag_clock();
    handle(ag, conn, frame);
    diag_rpc(diag, type, 0, uid, 1, diag_clock() - from);
}

static const struct rpc_conn_ops agent_ops = { .on_frame = on_frame, .on_close = on_close };

void agents_adopt(struct agents *a, struct rpc_conn *conn)
{
    struct agent *ag = xcalloc(1, sizeof(*ag));
    ag->all = a;
    ag->conn = conn;
    ag->refs = 1;
    ag->node_id = UINT32_MAX;
    list_append(&a->list, &ag->link);
    rpc_conn_set_arg(conn, &agent_ops, ag);
}

void agents_reconfigure(struct agents *a)
{
    list_for_each(node, &a->list) {
        struct agent *ag = container_of(node, struct agent, link);
        if (ag->conn && ag->state != AGENT_NEW)
            node_config_send(a->ctld, ag->conn, 0, ag->name);
    }
}

void agents_close(struct agents *a)
{
    list_for_each(node, &a->list) {
        struct agent *ag = container_of(node, struct agent, link);
        if (ag->conn)
            rpc_conn_close(ag->conn);
    }
}

bool agents_all_closed(const struct agents *a)
{
    list_for_each(node, &a->list)
        if (container_of(node, struct agent, link)->conn)
            return false;
    return true;
}

void agents_shutdown(struct agents *a)
{
    Wire__AgentShutdown msg = WIRE__AGENT_SHUTDOWN__INIT;
    list_for_each(node, &a->list) {
        struct agent *ag = container_of(node, struct agent, link);
        if (ag->conn && ag->state == AGENT_REGISTERED)
            rpc_conn_send(ag->conn, MSG_AGENT_SHUTDOWN, 0, &msg.base);
    }
}
