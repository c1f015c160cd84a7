/* wire_storm.c - a peer of the controller that is allowed to send, and sends anything: every message its
 * session may send, with every field alone, every field missing, and random fields and values.
 *
 *   wire_storm --controller "HOST:PORT KEY" [--munge SOCKET] [--rounds N] [--seed N] [--node NAME --key FILE]
 *
 * With --node it is an agent that joined with the key in FILE (64 bytes).  Exit code 0: the controller
 * answered to the end.  SHUTDOWN and RECONFIGURE are left out. */
#include "config.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "reactor/reactor.h"
#include "rpc/rpc.h"
#include "util/error.h"
#include "util/log.h"
#include "util/mem.h"
#include "wire/agent.pb-c.h"
#include "wire/bounds.h"
#include "wire/client.pb-c.h"
#include "wire_sample.h"

enum { BATCH = 64, PATIENCE_MS = 20000 };

static struct storm {
    struct reactor *reactor;
    struct rpc_target target;
    const char *node;
    uint8_t secret[64];
    struct rpc_conn *conn;
    struct reactor_timer *timer;
    unsigned rounds, round, sent, skipped, answers, refusals, closes;
    bool ponged, waiting, failed;
    unsigned dials;
    uint32_t next_id;
} storm;

static uint64_t state = 88172645463325252ull;

static uint32_t roll(uint32_t below)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return below ? (uint32_t)(state >> 32) % below : 0;
}

/* ---- any message ---- */

static const char *const texts[] = { "", "1", "2", "1.0", "1.batch", "1_2", "all", "alice", "root", "n1", "n[1-4]",
                                     "n[", "job", "node", "partition", "jobid", "nodename", "partitionname",
                                     "state", "reason", "timelimit", "drain", "resume", "down", "UNLIMITED",
                                     "-1", "0", "99999999999999999999", "1:2:3", "%j", "%n%s%%", "\x1b[2J\x07",
                                     "\xff\xfe", "a\nb", "normal", "main", "PENDING", "RUNNING,COMPLETED", "ALL",
                                     "afterok:1", "afterany:1:2,singleton", "after:99999999+5?afterok:3",
                                     "block:cyclic", "plane=0", "arbitrary", "cores", "map_cpu:0,99999", "none",
                                     "pi4&pi5|[x*2]", "x*99999999", "/tmp", "../../etc/passwd", "priority",
                                     "name", "features", "numnodes", "nice", "requeue", "comment", "weight",
                                     "partition", "starttime", "now+1hour", "dependency", "userid" };
static const uint64_t numbers[] = { 0, 1, 2, 3, 7, 255, 65535, 65536, 0x7fffffff, 0x80000000, 0xfffffffa,
                                    0xfffffffb, 0xfffffffe, 0xffffffff, 0x7fffffffffffffff, 0xffffffffffffffff,
                                    1769875200, 16, 64, 1000 };

/* How a message is filled: each field with this chance in 256, or one field by its place alone. */
struct fill {
    unsigned chance;
    int only, without; /* place in the walk over fields; -1 */
    int place;
    bool tame; /* numbers as the sample has them */
};

struct out {
    uint8_t *data;
    size_t len, cap;
};

static void put(struct out *o, const void *data, size_t len)
{
    if (o->len + len > o->cap) {
        o->cap = (o->len + len) * 2;
        o->data = xrealloc(o->data, o->cap);
    }
    if (len)
        memcpy(o->data + o->len, data, len);
    o->len += len;
}

static void put_varint(struct out *o, uint64_t v)
{
    do {
        uint8_t byte = (uint8_t)((v & 0x7f) | (v > 0x7f ? 0x80 : 0));

        put(o, &byte, 1);
        v >>= 7;
    } while (v);
}

static void put_message(struct out *o, const ProtobufCMessageDescriptor *schema, struct fill *f, int depth);

static void put_value(struct out *o, const ProtobufCFieldDescriptor *field, struct fill *f, int depth)
{
    struct out inner = { 0 };
    uint8_t bytes[64];
    const char *text;

    switch (field->type) {
    case PROTOBUF_C_TYPE_MESSAGE:
        put_message(&inner, field->descriptor, f, depth + 1);
        break;
    case PROTOBUF_C_TYPE_STRING:
        text = f->tame && roll(8) ? "" : texts[roll(ARRAY_SIZE(texts))];
        put(&inner, text, strlen(text));
        break;
    case PROTOBUF_C_TYPE_BYTES:
        randombytes_buf(bytes, sizeof bytes);
        text = roll(2) ? "#!/bin/sh\ntrue\n" : "A=1\0B=2";
        if (roll(3))
            put(&inner, text, roll(2) ? 14 : 8);
        else
            put(&inner, bytes, roll(2) ? 32 : roll(64));
        break;
    case PROTOBUF_C_TYPE_BOOL:
        put_varint(o, roll(2));
        return;
    default:
        put_varint(o, f->tame ? roll(4) * (roll(3) != 0) : numbers[roll(ARRAY_SIZE(numbers))]);
        return;
    }
    put_varint(o, inner.len);
    put(o, inner.data, inner.len);
    free(inner.data);
}

static void put_message(struct out *o, const ProtobufCMessageDescriptor *schema, struct fill *f, int depth)
{
    for (unsigned i = 0; i < schema->n_fields && depth < 6; i++) {
        const ProtobufCFieldDescriptor *field = &schema->fields[i];
        bool is_message = field->type == PROTOBUF_C_TYPE_MESSAGE;
        bool delimited = is_message || field->type == PROTOBUF_C_TYPE_STRING || field->type == PROTOBUF_C_TYPE_BYTES;
        unsigned members = field->label == PROTOBUF_C_LABEL_REPEATED ? roll(3) + (f->only >= 0) : 1;
        int place = f->place++;

        if (f->only >= 0 ? place != f->only && !is_message
                         : place == f->without || roll(256) >= f->chance)
            continue;
        if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)
            continue;
        for (unsigned k = 0; k < members; k++) {
            put_varint(o, field->id << 3 | (delimited ? 2 : 0));
            put_value(o, field, f, depth);
        }
    }
}

static ProtobufCMessage *make_message(unsigned type, struct fill f)
{
    struct out o = { 0 };
    struct error err;
    ProtobufCMessage *msg;

    put_message(&o, msg_schema(type), &f, 0);
    msg = msg_decode(type, o.data ? o.data : (const uint8_t *)"", o.len, &err);
    free(o.data);
    return msg;
}

static int count_fields(const ProtobufCMessageDescriptor *schema, int depth)
{
    int n = 0;

    for (unsigned i = 0; i < schema->n_fields && depth < 6; i++) {
        n++;
        if (schema->fields[i].type == PROTOBUF_C_TYPE_MESSAGE)
            n += count_fields(schema->fields[i].descriptor, depth + 1);
    }
    return n;
}

/* ---- sending ---- */

static unsigned mine(void)
{
    return storm.node ? R_AGENT : R_ANY | R_OWNER | R_OPERATOR | R_ADMIN;
}

/* Half of the time repair what would be refused at the door, so that the rest is looked at. */
static void repair(unsigned type, ProtobufCMessage *msg)
{
    static uint8_t script[] = "#!/bin/sh\ntrue\n";
    static Wire__JobSpec spec;
    static Wire__StepSpec step;
    Wire__JobSpec *of = NULL;

    wire__job_spec__init(&spec);
    wire__step_spec__init(&step);
    if (type == MSG_SUBMIT) {
        Wire__SubmitRequest *m = (Wire__SubmitRequest *)msg;

        of = m->spec = m->spec ? m->spec : &spec;
        of->has_kind = false;
        of->kind = 0;
        m->has_script = true;
        m->script = (ProtobufCBinaryData){ sizeof script - 1, script };
        m->has_as_uid = false;
        m->has_test_only = roll(4) == 0;
    } else if (type == MSG_ALLOC) {
        Wire__AllocRequest *m = (Wire__AllocRequest *)msg;

        of = m->spec = m->spec ? m->spec : &spec;
        m->has_resume_job_id = m->has_as_uid = false;
    } else if (type == MSG_STEP) {
        Wire__StepRequest *m = (Wire__StepRequest *)msg;

        m->step = m->step ? m->step : &step;
        m->has_resume_step_id = false;
        m->has_job_id = true;
        m->job_id = 1 + roll(200);
    } else if (type == MSG_STEP_STATUS) {
        Wire__StepStatus *m = (Wire__StepStatus *)msg;

        m->has_job_id = m->has_attempt = true;
        m->job_id = 1 + roll(200);
        m->attempt = 1;
        if (roll(2)) {
            m->has_step_id = true;
            m->step_id = roll(2) ? 0xfffffffbu : roll(3);
        }
    } else if (type == MSG_JOB_CLEAN) {
        Wire__JobClean *m = (Wire__JobClean *)msg;

        m->has_job_id = m->has_attempt = true;
        m->job_id = 1 + roll(200);
        m->attempt = 1;
    }
    if (of) { /* what is not built yet is refused by name */
        of->gres = of->licenses = of->reservation = of->qos = NULL;
        of->has_core_spec = of->has_deadline = of->has_begin_time = false;
        if (roll(8))
            of->partition = of->features = of->nodelist = of->exclude = of->dependency = NULL;
        if (roll(4)) {
            of->has_min_nodes = of->has_max_nodes = of->has_num_tasks = of->has_mem_per_node_mb = false;
            of->min_nodes = of->max_nodes = of->num_tasks = 0;
            of->mem_per_node_mb = of->mem_per_cpu_mb = 0;
            of->ntasks_per_core = of->ntasks_per_socket = of->ntasks_per_node = of->min_cpus_per_node = 0;
            of->cpus_per_task = 1 + roll(2);
        }
    }
}

static void send_one(unsigned type, struct fill f)
{
    ProtobufCMessage *msg = make_message(type, f);

    if (!msg) {
        storm.skipped++;
        return;
    }
    if (roll(2))
        repair(type, msg);
    if (storm.conn && rpc_conn_send(storm.conn, type, storm.next_id++, msg) == 0)
        storm.sent++;
    rpc_msg_free(msg);
}

static uint32_t count_messages(void)
{
    uint32_t n = 0;

    while (sample_messages[n].name)
        n++;
    return n;
}

/* A turn: some messages, then a ping that must be answered. */
static void send_batch(void *arg)
{
    (void)arg;
    for (int i = 0; i < BATCH; i++) {
        const struct sample_message *m = &sample_messages[roll(count_messages())];
        struct fill f = { .only = -1, .without = -1, .tame = roll(2) };
        int fields;

        if (!(msg_rights(m->type) & mine()) || m->type == MSG_SHUTDOWN || m->type == MSG_RECONFIGURE) {
            i--;
            continue;
        }
        if (m->type == MSG_NODE_REGISTER && roll(64)) /* a bad one ends the session */
            continue;
        fields = count_fields(msg_schema(m->type), 0);
        switch (roll(4)) {
        case 0:
            f.only = fields ? (int)roll((uint32_t)fields) : 0;
            break;
        case 1:
            f.chance = 256;
            f.without = fields ? (int)roll((uint32_t)fields) : 0;
            break;
        default:
            f.chance = roll(256);
        }
        send_one(m->type, f);
    }
    storm.waiting = true;
    storm.ponged = false;
    if (storm.node) {
        Wire__Heartbeat beat = WIRE__HEARTBEAT__INIT;

        if (storm.conn)
            rpc_conn_send(storm.conn, MSG_HEARTBEAT, 0, &beat.base);
        reactor_timer_start(storm.timer, 30, 0); /* no answer to wait for */
    } else {
        if (storm.conn)
            rpc_conn_send(storm.conn, MSG_PING, storm.next_id++, NULL);
        reactor_timer_start(storm.timer, PATIENCE_MS, 0);
    }
}

static void next_round(void)
{
    storm.waiting = false;
    if (++storm.round >= storm.rounds)
        reactor_stop(storm.reactor, 0);
    else
        reactor_defer(storm.reactor, send_batch, NULL);
}

static void dial(void *arg);

static void on_timer(void *arg)
{
    (void)arg;
    if (!storm.conn) {
        dial(NULL);
    } else if (storm.node) {
        next_round();
    } else {
        fprintf(stderr, "wire_storm: no answer for %d s in round %u\n", PATIENCE_MS / 1000, storm.round);
        storm.failed = true;
        reactor_stop(storm.reactor, 1);
    }
}

static void on_open(void *arg, struct rpc_conn *conn)
{
    (void)arg;
    storm.dials = 0;
    if (storm.node) {
        Wire__NodeHello hello = WIRE__NODE_HELLO__INIT;
        uint8_t text[12 + 32], signature[crypto_sign_BYTES], public_key[32];

        memcpy(text, "bramble-node", 12);
        memcpy(text + 12, rpc_conn_peer(conn)->hash, 32);
        crypto_sign_detached(signature, NULL, text, sizeof text, storm.secret);
        crypto_sign_ed25519_sk_to_pk(public_key, storm.secret);
        hello.node_name = (char *)(uintptr_t)storm.node;
        hello.has_public_key = hello.has_signature = true;
        hello.public_key = (ProtobufCBinaryData){ sizeof public_key, public_key };
        hello.signature = (ProtobufCBinaryData){ sizeof signature, signature };
        rpc_conn_send(conn, MSG_NODE_HELLO, 0, &hello.base);
        return;
    }
    reactor_defer(storm.reactor, send_batch, NULL);
}

/* A registration that is taken, so that what follows reaches further than the door. */
static void register_node(struct rpc_conn *conn)
{
    Wire__NodeRegister reg = WIRE__NODE_REGISTER__INIT;
    static uint8_t xml[] = "<topology/>", hash[32];

    crypto_generichash(hash, sizeof hash, xml, sizeof xml - 1, NULL, 0);
    reg.boot_id = (char *)"boot";
    reg.has_topology_hash = reg.has_topology_xml = reg.has_cores = reg.has_threads = reg.has_mem_mb = true;
    reg.topology_hash = (ProtobufCBinaryData){ sizeof hash, hash };
    reg.topology_xml = (ProtobufCBinaryData){ sizeof xml - 1, xml };
    reg.cores = reg.threads = 4;
    reg.mem_mb = 4096;
    reg.has_sockets = true;
    reg.sockets = 1;
    reg.has_port = true;
    reg.port = 6818;
    rpc_conn_send(conn, MSG_NODE_REGISTER, 0, &reg.base);
}

static void on_frame(void *arg, struct rpc_conn *conn, const struct rpc_frame *frame)
{
    (void)arg;
    storm.answers++;
    storm.refusals += frame->type == MSG_REFUSAL;
    if (storm.node && frame->type == MSG_NODE_CONFIG) {
        rpc_conn_set_agent(conn, true);
        register_node(conn);
    } else if (storm.node && frame->type == MSG_NODE_REGISTER_REPLY && !storm.waiting) {
        send_batch(NULL);
    } else if (frame->type == MSG_PING_REPLY && storm.waiting) {
        next_round();
    }
}

static void on_close(void *arg, struct rpc_conn *conn, const struct error *why)
{
    (void)arg;
    (void)conn;
    storm.conn = NULL;
    storm.waiting = false;
    storm.closes++;
    if (++storm.dials > 20) {
        fprintf(stderr, "wire_storm: the controller is gone: %s\n", why->text);
        storm.failed = true;
        reactor_stop(storm.reactor, 1);
        return;
    }
    storm.round++;
    reactor_timer_start(storm.timer, storm.dials > 2 ? 500 : 10, 0);
}

static const struct rpc_conn_ops ops = { on_open, on_frame, on_close, NULL };

static void dial(void *arg)
{
    (void)arg;
    storm.conn = rpc_dial(storm.reactor, &storm.target, storm.node ? SESSION_AGENT : SESSION_COMMAND, 5000, &ops,
                          NULL);
}

/* The board's key; made when there is none yet. */
static void read_key(const char *path)
{
    uint8_t public_key[32];
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0 && (fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)) >= 0) {
        crypto_sign_keypair(public_key, storm.secret);
        if (write(fd, storm.secret, sizeof storm.secret) != sizeof storm.secret)
            exit(2);
    } else if (fd < 0 || read(fd, storm.secret, sizeof storm.secret) != sizeof storm.secret) {
        fprintf(stderr, "wire_storm: %s: no key of 64 bytes\n", path);
        exit(2);
    }
    close(fd);
}

int main(int argc, char **argv)
{
    struct error err;
    const char *munge = "";
    int code;

    log_set_level(LOG_LV_ERROR, 0);
    if (sodium_init() < 0)
        return 2;
    storm.rounds = 100;
    storm.next_id = 1;
    for (int i = 1; i + 1 < argc; i += 2) {
        if (!strcmp(argv[i], "--controller") && rpc_target_parse(argv[i + 1], &storm.target, &err) < 0) {
            fprintf(stderr, "wire_storm: %s\n", err.text);
            return 2;
        }
        if (!strcmp(argv[i], "--munge"))
            munge = argv[i + 1];
        if (!strcmp(argv[i], "--rounds"))
            storm.rounds = (unsigned)atoi(argv[i + 1]);
        if (!strcmp(argv[i], "--seed"))
            state += (uint64_t)atoll(argv[i + 1]) * 2654435761u;
        if (!strcmp(argv[i], "--node"))
            storm.node = argv[i + 1];
        if (!strcmp(argv[i], "--key"))
            read_key(argv[i + 1]);
    }
    if (!storm.target.host[0]) {
        fprintf(stderr, "usage: wire_storm --controller \"HOST:PORT KEY\" [--munge SOCKET] [--rounds N] "
                        "[--seed N] [--node NAME --key FILE]\n");
        return 2;
    }
    snprintf(storm.target.munge_socket, sizeof storm.target.munge_socket, "%s", munge);
    if (!(storm.reactor = reactor_create(&err)))
        return 2;
    storm.timer = reactor_timer_create(storm.reactor, on_timer, NULL);
    dial(NULL);
    code = reactor_run(storm.reactor);
    printf("%u rounds, %u sent, %u answers, %u refusals, %u connections closed\n", storm.round, storm.sent,
           storm.answers, storm.refusals, storm.closes);
    return storm.failed ? 1 : code;
}
