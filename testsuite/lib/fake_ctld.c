/* fake_ctld.c - a controller for one agent that does what it is told on standard input.
 *
 * It speaks the real protocol, with a munged of its own, decides nothing, and prints what the agent
 * says, one line a message.  So a test can say the same order twice, too late, or never acknowledge.
 *
 *   conf NAME VALUE                 of NodeConfig; before the agent registers
 *   user UID GID NAME [GID...]      whose jobs the next launches are
 *   batch JOB ATTEMPT SCRIPT DIR [NAME=VALUE...]        launch a batch step
 *   step JOB STEP ATTEMPT TASKS DIR [NAME=VALUE...] -- PROGRAM [ARGS...]
 *        NAME: out err in cores cpus mem bind mpi pty kill_bad ends umask env:X limit:X
 *   kill JOB STEP|- ATTEMPT SIGNAL [WAIT [REASON...]]
 *   attach JOB STEP ATTEMPT DIR [resume=BYTES] [watch] [INPUT]
 *        be the step's srun, come back after so many bytes of output, or its sattach: output to
 *        DIR/out.TASK, DIR/err.TASK, lines for the user to DIR/text, the end to DIR/done
 *   detach                          drop that connection without a word
 *   hold | ack                      stop acknowledging ends; begin again
 *   drop                            cut the agent's connection
 *   quit
 */
#include "config.h"

#include "bramble/constants.h"
#include "channel/session.h"
#include "libbramble/wire/agent.pb-c.h"
#include "libbramble/wire/step.pb-c.h"
#include "munged.h"
#include "reactor/reactor.h"
#include "rpc/rpc.h"
#include "util/error.h"
#include "util/fs.h"
#include "util/log.h"
#include "util/mem.h"
#include "util/strbuf.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WORDS_MAX 256
#define CREDIT 262144

struct fake {
    struct reactor *r;
    struct munged munged;
    struct rpc_server *server;
    struct rpc_conn *agent;
    Wire__NodeConfig conf;
    bool holding;
    uint32_t uid, gid, gids[64], num_gids;
    char user[64];
    uint16_t agent_port;
    char line[65536];
    size_t used;
    struct reactor_fd *input;
    struct client *client;
};
struct client {
    struct fake *f;
    struct rpc_conn *conn;
    char dir[512], *input;
    size_t input_len, input_at, credit;
    uint64_t received;
    bool input_ended, resume, watch;
};

static const uint8_t step_key[32] = "0123456789abcdef0123456789abcde";

static void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void say(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vprintf(fmt, ap);
    va_end(ap);
    putchar('\n');
    fflush(stdout);
}

/* ---- the agent ---- */

static void say_status(const char *what, const Wire__StepStatus *st)
{
    say("%s %u.%u.%u state=%u exit=0x%x clean=%d killed=%d aborted=%d oom=%d unkillable=%d nonzero=%zu rss=%d text=%s", what,
        st->job_id, st->step_id, st->attempt, st->state, st->exit_status, st->clean, st->killed_by_order, st->aborted,
        st->oom, st->unkillable, st->n_exits, st->max_rss_kb > 0, st->text ? st->text : "");
}

static void on_register(struct fake *f, const Wire__NodeRegister *m)
{
    Wire__NodeRegisterReply reply = WIRE__NODE_REGISTER_REPLY__INIT;

    f->agent_port = (uint16_t)m->port;
    if (!m->has_topology_xml) {
        reply.has_need_topology = true;
        reply.need_topology = true;
        rpc_conn_send(f->agent, MSG_NODE_REGISTER_REPLY, 0, &reply.base);
        return;
    }
    say("REGISTER cores=%u threads=%u mem=%u class=%s cgroup=%s network=%s xml=%d steps=%zu notes=%s", m->cores, m->threads,
        m->mem_mb > 0, m->hw_class, m->cgroup, m->network, m->topology_xml.len > 100, m->n_steps, m->notes);
    for (size_t i = 0; i < m->n_steps; i++)
        say_status("HAS", m->steps[i]);
    rpc_conn_send(f->agent, MSG_NODE_REGISTER_REPLY, 0, &reply.base);
}

static void on_status(struct fake *f, const Wire__StepStatus *st)
{
    Wire__StepStatusAck ack = WIRE__STEP_STATUS_ACK__INIT;

    say_status("STATUS", st);
    if (f->holding || st->state != STEP_ENDED)
        return;
    ack.has_job_id = ack.has_step_id = ack.has_attempt = true;
    ack.job_id = st->job_id;
    ack.step_id = st->step_id;
    ack.attempt = st->attempt;
    rpc_conn_send(f->agent, MSG_STEP_STATUS_ACK, 0, &ack.base);
}

static void on_frame(void *arg, struct rpc_conn *conn, const struct rpc_frame *frame)
{
    struct fake *f = arg;

    switch (frame->type) {
    case MSG_NODE_HELLO:
        f->agent = conn;
        rpc_conn_set_agent(conn, true);
        rpc_conn_send(conn, MSG_NODE_CONFIG, 0, &f->conf.base);
        break;
    case MSG_NODE_REGISTER:
        on_register(f, (const Wire__NodeRegister *)frame->msg);
        break;
    case MSG_STEP_LAUNCH_REPLY: {
        const Wire__StepLaunchReply *m = (const Wire__StepLaunchReply *)frame->msg;

        say("LAUNCH %u.%u.%u code=%u drain=%d text=%s", m->job_id, m->step_id, m->attempt, m->code, m->drain,
            m->text ? m->text : "");
        break;
    }
    case MSG_STEP_STATUS:
        on_status(f, (const Wire__StepStatus *)frame->msg);
        break;
    case MSG_JOB_CLEAN: {
        const Wire__JobClean *m = (const Wire__JobClean *)frame->msg;

        say("CLEAN %u.%u failed=%d text=%s", m->job_id, m->attempt, m->failed, m->text ? m->text : "");
        break;
    }
    default:
        break;
    }
}

static void on_close(void *arg, struct rpc_conn *conn, const struct error *why)
{
    struct fake *f = arg;

    if (f->agent != conn)
        return;
    f->agent = NULL;
    say("GONE %s", why->text);
}

static const struct rpc_conn_ops agent_ops = { .on_frame = on_frame, .on_close = on_close };

/* ---- the step's srun ---- */

static void append(const struct client *c, const char *name, const void *data, size_t len)
{
    char path[640];
    int fd;

    snprintf(path, sizeof path, "%s/%s", c->dir, name);
    fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (fd < 0 || fs_write_all(fd, data, len) < 0)
        say("ERROR %s: %s", path, strerror(errno));
    close(fd);
}

static void feed(struct client *c)
{
    while (!c->input_ended && c->credit) {
        Wire__StepData frame = WIRE__STEP_DATA__INIT;
        size_t left = c->input_len - c->input_at, len = left < 4096 ? left : 4096;

        if (len > c->credit)
            len = c->credit;
        frame.has_data = frame.has_stream = true;
        frame.data = (ProtobufCBinaryData){ .data = (uint8_t *)c->input + c->input_at, .len = len };
        c->input_ended = len == 0;
        c->input_at += len;
        c->credit -= len;
        rpc_conn_send(c->conn, MSG_STEP_DATA, 0, &frame.base);
    }
}

static void on_step_data(struct client *c, const Wire__StepData *d)
{
    Wire__StepCredit credit = WIRE__STEP_CREDIT__INIT;
    char name[32];

    snprintf(name, sizeof name, "%s.%u", d->stream == 1 ? "out" : "err", d->gtid);
    if (!d->data.len)
        return;
    append(c, name, d->data.data, d->data.len);
    credit.has_bytes = true;
    credit.bytes = (uint32_t)d->data.len;
    rpc_conn_send(c->conn, MSG_STEP_CREDIT, 0, &credit.base);
}

static void on_step_frame(void *arg, struct rpc_conn *conn, const struct rpc_frame *frame)
{
    struct client *c = arg;
    char text[2048];

    if (frame->type == MSG_STEP_DATA) {
        on_step_data(c, (const Wire__StepData *)frame->msg);
    } else if (frame->type == MSG_STEP_CREDIT) {
        c->credit += ((const Wire__StepCredit *)frame->msg)->bytes;
        feed(c);
    } else if (frame->type == MSG_STEP_TEXT) {
        snprintf(text, sizeof text, "%s\n", ((const Wire__StepText *)frame->msg)->text);
        append(c, "text", text, strlen(text));
    } else if (frame->type == MSG_STEP_TASK_EXIT) {
        const Wire__StepTaskExit *m = (const Wire__StepTaskExit *)frame->msg;

        for (size_t i = 0; i < m->n_gtids; i++) {
            snprintf(text, sizeof text, "%u 0x%x\n", m->gtids[i], m->status[i]);
            append(c, "exits", text, strlen(text));
        }
    } else if (frame->type == MSG_STEP_DONE) {
        const Wire__StepDone *m = (const Wire__StepDone *)frame->msg;

        snprintf(text, sizeof text, "0x%x %d %s\n", m->exit_status, m->aborted, m->text ? m->text : "");
        append(c, "done", text, strlen(text));
        say("DONE exit=0x%x aborted=%d", m->exit_status, m->aborted);
        rpc_conn_close(conn);
    }
}

static void on_step_open(void *arg, struct rpc_conn *conn)
{
    Wire__StepAttach attach = WIRE__STEP_ATTACH__INIT;
    Wire__StepCredit credit = WIRE__STEP_CREDIT__INIT;
    struct client *c = arg;

    attach.has_want_stdin = attach.has_want_stdout = attach.has_want_stderr = true;
    attach.want_stdin = attach.want_stdout = attach.want_stderr = true;
    attach.has_resume_out = c->resume;
    attach.resume_out = c->received;
    attach.has_watch = attach.watch = c->watch;
    rpc_conn_send(conn, MSG_STEP_ATTACH, 0, &attach.base);
    credit.has_bytes = true;
    credit.bytes = CREDIT;
    rpc_conn_send(conn, MSG_STEP_CREDIT, 0, &credit.base);
    say("ATTACHED");
}

static void on_step_close(void *arg, struct rpc_conn *conn, const struct error *why)
{
    struct client *c = arg;

    (void)conn;
    say("DETACHED %s", why->text);
    if (c->f->client == c)
        c->f->client = NULL;
    free(c->input);
    free(c);
}

static const struct rpc_conn_ops step_ops = { .on_open = on_step_open, .on_frame = on_step_frame,
                                              .on_close = on_step_close };

static void do_attach(struct fake *f, char **w, size_t n)
{
    struct client *c = xcalloc(1, sizeof *c);
    struct step_address addr = { .host = "127.0.0.1", .port = f->agent_port };
    struct error err;

    if (n < 5)
        return;
    addr.job_id = (uint32_t)strtoul(w[1], NULL, 10);
    addr.step_id = (uint32_t)strtoul(w[2], NULL, 10);
    addr.attempt = (uint32_t)strtoul(w[3], NULL, 10);
    step_client_key(step_key, addr.key);
    c->f = f;
    snprintf(c->dir, sizeof c->dir, "%s", w[4]);
    mkdir(c->dir, 0755);
    for (size_t i = 5; i < n; i++)
        if (!strncmp(w[i], "resume=", 7)) {
            c->resume = true;
            c->received = strtoull(w[i] + 7, NULL, 10);
        } else if (!strcmp(w[i], "watch")) {
            c->watch = true;
        } else if (fs_read_file(AT_FDCWD, w[i], 64 << 20, &c->input, &c->input_len, &err) < 0) {
            say("ERROR %s", err.text);
        }
    c->conn = rpc_dial_step(f->r, &addr, SESSION_STEP_CLIENT, 15000, &step_ops, c);
    if (!c->watch)
        f->client = c;
}

/* ---- orders ---- */

struct order {
    Wire__StepLaunch launch;
    Wire__AllocInfo alloc;
    Wire__StepLayout layout;
    Wire__NodeAlloc node, *nodes[1];
    Wire__NodeTasks tasks, *task_list[1];
    Wire__StepSpec spec;
    Wire__Rlimit limits[16], *limit_list[16];
    uint32_t gtids[256];
    struct strbuf env;
};

static void order_init(struct order *o, struct fake *f, uint32_t job, uint32_t step, uint32_t attempt, uint32_t tasks)
{
    memset(o, 0, sizeof *o);
    wire__step_launch__init(&o->launch);
    wire__alloc_info__init(&o->alloc);
    wire__step_layout__init(&o->layout);
    wire__node_alloc__init(&o->node);
    wire__node_tasks__init(&o->tasks);
    wire__step_spec__init(&o->spec);
    o->launch.alloc = &o->alloc;
    o->launch.layout = &o->layout;
    o->launch.spec = &o->spec;
    o->launch.has_step_id = true;
    o->launch.step_id = step;
    o->launch.has_step_key = true;
    o->launch.step_key = (ProtobufCBinaryData){ .data = (uint8_t *)(uintptr_t)step_key, .len = 32 };
    o->launch.gids = f->gids;
    o->launch.n_gids = f->num_gids;
    o->alloc.has_job_id = o->alloc.has_attempt = o->alloc.has_uid = o->alloc.has_gid = true;
    o->alloc.job_id = job;
    o->alloc.attempt = attempt;
    o->alloc.uid = f->uid;
    o->alloc.gid = f->gid;
    o->alloc.user_name = f->user;
    o->alloc.job_name = "test";
    o->alloc.node_list = "pi1";
    o->alloc.cluster_name = "fake";
    o->alloc.nodes = o->layout.nodes = o->nodes;
    o->alloc.n_nodes = o->layout.n_nodes = 1;
    o->nodes[0] = &o->node;
    o->node.name = "pi1";
    o->node.address = "127.0.0.1";
    o->node.cores = "0";
    o->node.has_cpus = true;
    o->node.cpus = 1;
    o->layout.node_list = "pi1";
    o->layout.tasks = o->task_list;
    o->layout.n_tasks = 1;
    o->task_list[0] = &o->tasks;
    o->layout.has_num_tasks = true;
    o->layout.num_tasks = tasks;
    o->tasks.gtids = o->gtids;
    o->tasks.n_gtids = tasks < 256 ? tasks : 256;
    for (uint32_t i = 0; i < o->tasks.n_gtids; i++)
        o->gtids[i] = i;
    strbuf_add(&o->env, "PATH=/usr/bin:/bin");
    strbuf_addc(&o->env, '\0');
}

static void order_set(struct order *o, char *word)
{
    char *value = strchr(word, '=');

    if (!value)
        return;
    *value++ = '\0';
    if (!strcmp(word, "out"))
        o->spec.std_out = value;
    else if (!strcmp(word, "err"))
        o->spec.std_err = value;
    else if (!strcmp(word, "in"))
        o->spec.std_in = value;
    else if (!strcmp(word, "cores"))
        o->node.cores = value;
    else if (!strcmp(word, "cpus"))
        o->layout.has_cpus_per_task = true, o->layout.cpus_per_task = (uint32_t)strtoul(value, NULL, 10);
    else if (!strcmp(word, "mem"))
        o->node.has_mem_mb = true, o->node.mem_mb = strtoul(value, NULL, 10);
    else if (!strcmp(word, "bind"))
        o->spec.cpu_bind = value;
    else if (!strcmp(word, "mpi"))
        o->spec.mpi = value;
    else if (!strcmp(word, "pty"))
        o->spec.has_pty = o->spec.pty = true;
    else if (!strcmp(word, "kill_bad"))
        o->spec.has_kill_on_bad_exit = o->spec.kill_on_bad_exit = true;
    else if (!strcmp(word, "ends"))
        o->launch.has_ends_job = true, o->launch.ends_job = *value == '1';
    else if (!strcmp(word, "umask"))
        o->spec.has_umask = true, o->spec.umask = (uint32_t)strtoul(value, NULL, 8);
    else if (!strncmp(word, "limit:", 6)) {
        Wire__Rlimit *l = &o->limits[o->spec.n_rlimits];

        wire__rlimit__init(l);
        l->name = word + 6;
        l->has_cur = true;
        l->cur = strtoull(value, NULL, 10);
        o->limit_list[o->spec.n_rlimits++] = l;
        o->spec.rlimits = o->limit_list;
    } else if (!strncmp(word, "env:", 4)) {
        strbuf_addf(&o->env, "%s=%s", word + 4, value);
        strbuf_addc(&o->env, '\0');
    } else {
        say("ERROR unknown word %s", word);
    }
}

static void order_send(struct order *o, struct fake *f)
{
    o->launch.has_env = true;
    o->launch.env = (ProtobufCBinaryData){ .data = (uint8_t *)o->env.data, .len = o->env.len };
    if (f->agent && rpc_conn_send(f->agent, MSG_STEP_LAUNCH, 0, &o->launch.base) < 0)
        say("ERROR launch not sent");
    strbuf_fini(&o->env);
}

static void do_batch(struct fake *f, char **w, size_t n)
{
    struct order o;
    struct error err;
    char *script;
    size_t len;

    if (n < 5 || fs_read_file(AT_FDCWD, w[3], 16 << 20, &script, &len, &err) < 0) {
        say("ERROR batch %s", n < 5 ? "words" : err.text);
        return;
    }
    order_init(&o, f, (uint32_t)strtoul(w[1], NULL, 10), STEP_BATCH, (uint32_t)strtoul(w[2], NULL, 10), 1);
    o.launch.has_script = true;
    o.launch.script = (ProtobufCBinaryData){ .data = (uint8_t *)script, .len = len };
    o.launch.has_ends_job = o.launch.ends_job = true;
    o.spec.work_dir = w[4];
    for (size_t i = 5; i < n; i++)
        order_set(&o, w[i]);
    order_send(&o, f);
    free(script);
}

static void do_step(struct fake *f, char **w, size_t n)
{
    struct order o;
    size_t i = 6;

    if (n < 8)
        return;
    order_init(&o, f, (uint32_t)strtoul(w[1], NULL, 10), (uint32_t)strtoul(w[2], NULL, 10),
               (uint32_t)strtoul(w[3], NULL, 10), (uint32_t)strtoul(w[4], NULL, 10));
    o.spec.work_dir = w[5];
    for (; i < n && strcmp(w[i], "--") != 0; i++)
        order_set(&o, w[i]);
    o.launch.argv = w + i + 1;
    o.launch.n_argv = n > i ? n - i - 1 : 0;
    order_send(&o, f);
}

static void do_kill(struct fake *f, char **w, size_t n)
{
    Wire__StepKill kill = WIRE__STEP_KILL__INIT;
    CLEANUP_STRBUF struct strbuf reason = STRBUF_INIT;

    if (n < 5 || !f->agent)
        return;
    kill.has_job_id = kill.has_attempt = kill.has_signal = true;
    kill.job_id = (uint32_t)strtoul(w[1], NULL, 10);
    kill.has_step_id = strcmp(w[2], "-") != 0;
    kill.step_id = (uint32_t)strtoul(w[2], NULL, 10);
    kill.attempt = (uint32_t)strtoul(w[3], NULL, 10);
    kill.signal = (uint32_t)strtoul(w[4], NULL, 10);
    if (n > 5) {
        kill.has_kill_wait_sec = true;
        kill.kill_wait_sec = (uint32_t)strtoul(w[5], NULL, 10);
    }
    for (size_t i = 6; i < n; i++)
        strbuf_addf(&reason, "%s%s", i > 6 ? " " : "", w[i]);
    if (reason.len)
        kill.reason = reason.data;
    rpc_conn_send(f->agent, MSG_STEP_KILL, 0, &kill.base);
}

static void do_conf(struct fake *f, char **w)
{
    Wire__NodeConfig *c = &f->conf;
    uint32_t number = (uint32_t)strtoul(w[2], NULL, 10);

    if (!strcmp(w[1], "prolog"))
        c->prolog = xstrdup(w[2]);
    else if (!strcmp(w[1], "epilog"))
        c->epilog = xstrdup(w[2]);
    else if (!strcmp(w[1], "cgroup"))
        c->cgroup = xstrdup(w[2]);
    else if (!strcmp(w[1], "synthetic"))
        c->topology_synthetic = xstrdup(w[2]);
    else if (!strcmp(w[1], "prolog_sec"))
        c->has_prolog_sec = true, c->prolog_sec = number;
    else if (!strcmp(w[1], "kill_wait"))
        c->has_kill_wait_sec = true, c->kill_wait_sec = number;
    else if (!strcmp(w[1], "unkillable"))
        c->has_unkillable_sec = true, c->unkillable_sec = number;
    else
        say("ERROR unknown conf %s", w[1]);
}

static void do_line(struct fake *f, char *line)
{
    char *w[WORDS_MAX], *save = NULL;
    size_t n = 0;

    for (char *word = strtok_r(line, " ", &save); word && n < WORDS_MAX; word = strtok_r(NULL, " ", &save))
        w[n++] = word;
    if (!n)
        return;
    if (!strcmp(w[0], "conf") && n >= 3) {
        do_conf(f, w);
    } else if (!strcmp(w[0], "user") && n >= 4) {
        f->uid = (uint32_t)strtoul(w[1], NULL, 10);
        f->gid = (uint32_t)strtoul(w[2], NULL, 10);
        snprintf(f->user, sizeof f->user, "%s", w[3]);
        f->num_gids = 0;
        for (size_t i = 4; i < n && f->num_gids < 64; i++)
            f->gids[f->num_gids++] = (uint32_t)strtoul(w[i], NULL, 10);
    } else if (!strcmp(w[0], "batch")) {
        do_batch(f, w, n);
    } else if (!strcmp(w[0], "step")) {
        do_step(f, w, n);
    } else if (!strcmp(w[0], "kill")) {
        do_kill(f, w, n);
    } else if (!strcmp(w[0], "attach")) {
        do_attach(f, w, n);
    } else if (!strcmp(w[0], "detach")) {
        if (f->client)
            rpc_conn_abort(f->client->conn, &(struct error){ .code = BRE_CLOSED, .text = "detached" });
    } else if (!strcmp(w[0], "hold") || !strcmp(w[0], "ack")) {
        f->holding = w[0][0] == 'h';
    } else if (!strcmp(w[0], "drop")) {
        if (f->agent)
            rpc_conn_abort(f->agent, &(struct error){ .code = BRE_CLOSED, .text = "dropped" });
    } else if (!strcmp(w[0], "quit")) {
        reactor_stop(f->r, 0);
    } else {
        say("ERROR unknown command %s", w[0]);
    }
}

static void on_input(void *arg, int events, int status)
{
    struct fake *f = arg;
    ssize_t n = read(STDIN_FILENO, f->line + f->used, sizeof f->line - f->used - 1);
    char *start = f->line, *end;

    (void)events;
    (void)status;
    if (n <= 0) {
        if (n == 0)
            reactor_stop(f->r, 0);
        return;
    }
    f->used += (size_t)n;
    f->line[f->used] = '\0';
    while ((end = strchr(start, '\n'))) {
        *end = '\0';
        do_line(f, start);
        start = end + 1;
    }
    f->used -= (size_t)(start - f->line);
    memmove(f->line, start, f->used + 1);
}

int main(int argc, char **argv)
{
    struct fake *f = xcalloc(1, sizeof *f);
    uint8_t public_key[32], secret_key[64];
    struct rpc_server_conf conf = { .listen = "127.0.0.1", .cluster_name = "fake", .secret_key = secret_key };
    char text[64];
    struct error err;
    int code = 1;

    if (sodium_init() < 0 || crypto_sign_keypair(public_key, secret_key) != 0 || !munged_start(&f->munged)) {
        fputs("no munged to start\n", stderr);
        return 77;
    }
    log_open("fake_ctld", NULL, false);
    if (argc > 1)
        conf.port = (uint16_t)strtoul(argv[1], NULL, 10);
    wire__node_config__init(&f->conf);
    f->conf.cluster_name = "fake";
    f->conf.node_name = "pi1";
    f->conf.has_cluster_id = true;
    f->conf.cluster_id = (uint64_t)getpid();
    f->conf.has_kill_wait_sec = f->conf.has_unkillable_sec = f->conf.has_heartbeat_sec = true;
    f->conf.kill_wait_sec = 2;
    f->conf.unkillable_sec = 4;
    f->conf.heartbeat_sec = 10;
    f->uid = getuid();
    f->gid = getgid();
    snprintf(f->user, sizeof f->user, "user");
    conf.munge_socket = f->munged.socket;
    if ((f->r = reactor_create(&err)) && (f->server = rpc_server_create(f->r, &conf, &agent_ops, f, &err))) {
        sodium_bin2base64(text, sizeof text, public_key, sizeof public_key, sodium_base64_VARIANT_ORIGINAL);
        say("READY 127.0.0.1:%u %s %s", rpc_server_port(f->server), text, f->munged.socket);
        f->input = reactor_fd_create(f->r, STDIN_FILENO, on_input, f);
        reactor_fd_watch(f->input, REACTOR_READ);
        code = reactor_run(f->r);
    } else {
        fprintf(stderr, "fake_ctld: %s\n", err.text);
    }
    munged_stop(&f->munged);
    _exit(code); /* connections close on a loop that has ended: nothing to tidy in a test's tool */
}
