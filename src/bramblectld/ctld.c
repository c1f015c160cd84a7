/* ctld.c - the controller's start, its turn of the loop, and its end. */
#include "config.h"

#include <errno.h>
#include <grp.h>
#include <inttypes.h>
#include <pwd.h>
#include <signal.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bramblectld/agents/agents.h"
#include "bramblectld/cluster_conf.h"
#include "bramblectld/commit.h"
#include "bramblectld/ctld_private.h"
#include "bramblectld/journal/journal.h"
#include "bramblectld/key.h"
#include "bramblectld/projections/accounting.h"
#include "bramblectld/projections/mail.h"
#include "bramblectld/replay.h"
#include "bramblectld/requests/clients.h"
#include "bramblectld/requests/diag.h"
#include "bramblectld/requests/identity.h"
#include "bramblectld/requests/usage.h"
#include "conf/conf.h"
#include "reactor/reactor.h"
#include "rpc/rpc.h"
#include "util/log.h"
#include "util/mem.h"

#define STOP_MS 3500   /* an orderly stop ends by then */
#define GAP_MS 5000    /* a timer so late means that this process did not run */
#define LAZY_FLUSH_MS 2
#define GOODBYE_MS 500 /* for what is in send queues */
#define STOP_POLL_MS 20

/* ---- time and the turn ---- */

struct cluster_now ctld_now(struct ctld *c)
{
    struct cluster_now now;
    struct timespec wall, mono;
    (void)c;
    clock_gettime(CLOCK_REALTIME, &wall);
    clock_gettime(CLOCK_MONOTONIC, &mono);
    now.wall_usec = (int64_t)wall.tv_sec * 1000000 + wall.tv_nsec / 1000;
    now.mono_ms = (uint64_t)mono.tv_sec * 1000 + (uint64_t)mono.tv_nsec / 1000000;
    return now;
}

static void commit_or_drop(struct ctld *c, struct decision *d)
{
    if (d->num_events || d->num_effects)
        ctld_commit(c, d, NULL, NULL);
    else
        ctld_drop(c, d);
}

static bool sched_slice(struct ctld *c, const struct cluster_now *now)
{
    if (!cluster_sched_wanted(c->cluster))
        return false;
    struct decision *d = ctld_decision(c);
    const int64_t from = diag_clock();
    bool more = cluster_sched_pass(c->cluster, now, SCHED_SLICE, d);
    diag_pass(c->diag, diag_clock() - from, !cluster_sched_running(c->cluster), cluster_stats_now(c->cluster),
              now->wall_usec / 1000000);
    commit_or_drop(c, d);
    return more;
}

static void timers_slice(struct ctld *c, const struct cluster_now *now)
{
    struct error err;
    if (cluster_next_deadline(c->cluster) > now->mono_ms)
        return;
    /* A board whose connection stands is watched by the kernel: only a dead connection is silence. */
    agents_seen(c->agents, false);
    struct decision *d = ctld_decision(c);
    if (cluster_decide_timers(c->cluster, now, d, &err) < 0) {
        log_error("timers: %s", err.text);
        ctld_drop(c, d);
        return;
    }
    commit_or_drop(c, d);
}

static void timer_arm(struct ctld *c, const struct cluster_now *now)
{
    uint64_t at = cluster_next_deadline(c->cluster);
    /* An earlier wake-up than needed is harmless; re-arming for every event would not be. */
    if (at >= c->timer_at_ms && reactor_timer_active(c->timer))
        return;
    c->timer_at_ms = at;
    if (at == UINT64_MAX)
        reactor_timer_stop(c->timer);
    else
        reactor_timer_start(c->timer, at > now->mono_ms ? at - now->mono_ms : 0, 0);
}

static void on_flush(void *arg)
{
    struct ctld *c = arg;
    c->flush_soon = false;
    journal_flush(c->journal);
}

/* Reports of boards can wait a moment for company, and what only tidies up waits for the next flush. */
static void flush(struct ctld *c)
{
    if (c->flush_now) {
        c->flush_now = c->flush_soon = false;
        reactor_timer_stop(c->flush_timer);
        journal_flush(c->journal);
    } else if (c->flush_soon && !reactor_timer_active(c->flush_timer)) {
        reactor_timer_start(c->flush_timer, LAZY_FLUSH_MS, 0);
    }
}

static void turn(void *arg)
{
    struct ctld *c = arg;
    struct cluster_now now = ctld_now(c);
    c->turn_soon = false;
    if (c->stopping) {
        journal_flush(c->journal);
        return;
    }
    timers_slice(c, &now);
    bool more = sched_slice(c, &now);
    flush(c);
    if (c->accounting)
        accounting_nudge(c->accounting);
    if (journal_snapshot_due(c->journal) && mail_is_idle(c->mail)) /* it keeps the records that mail is due for */
        ctld_snapshot(c);
    now = ctld_now(c);
    if (more)
        ctld_turn_soon(c);
    timer_arm(c, &now);
}

void ctld_turn_soon(struct ctld *c)
{
    if (c->turn_soon)
        return;
    c->turn_soon = true;
    reactor_defer(c->reactor, turn, c);
}

static void on_timer(void *arg)
{
    struct ctld *c = arg;
    struct cluster_now now = ctld_now(c);
    if (c->timer_at_ms != UINT64_MAX && now.mono_ms > c->timer_at_ms + GAP_MS) {
        /* What nodes said meanwhile waits in the sockets: read that before judging them. */
        log_warning("this controller did not run for %" PRIu64 " s; nodes are given that time",
                    (now.mono_ms - c->timer_at_ms) / 1000);
        agents_seen(c->agents, true);
        c->timer_at_ms = now.mono_ms + 1000;
        reactor_timer_start(c->timer, 1000, 0);
        return;
    }
    c->timer_at_ms = UINT64_MAX;
    ctld_turn_soon(c);
}

/* ---- signals and the end ---- */

static void stop_poll(void *arg)
{
    struct ctld *c = arg;
    struct cluster_now now = ctld_now(c);
    bool flushed = c->goodbye || c->failed || journal_durable(c->journal) == journal_last(c->journal);
    if (!flushed && now.mono_ms < c->timer_at_ms) {
        journal_flush(c->journal);
        return;
    }
    if (!c->goodbye) { /* answers that are queued leave first */
        if (!c->failed && !flushed)
            log_warning("stopped before the last records were on disk; nothing of them was acknowledged");
        c->goodbye = true;
        c->timer_at_ms = now.mono_ms + GOODBYE_MS;
        agents_close(c->agents);
        clients_close(c->clients);
    }
    if (now.mono_ms >= c->timer_at_ms || (agents_all_closed(c->agents) && clients_all_closed(c->clients)))
        reactor_stop(c->reactor, c->failed ? 1 : 0);
}

void ctld_stop(struct ctld *c, const char *why)
{
    if (c->stopping)
        return;
    log_notice("stopping: %s", why);
    c->stopping = true;
    c->timer_at_ms = ctld_now(c).mono_ms + STOP_MS;
    if (c->server) {
        rpc_server_destroy(c->server);
        c->server = NULL;
    }
    if (c->journal)
        journal_flush(c->journal);
    reactor_timer_start(c->stop_timer, STOP_POLL_MS, STOP_POLL_MS);
}

static void on_signal(void *arg, int signum)
{
    struct ctld *c = arg;
    struct error err;
    if (signum != SIGHUP) {
        ctld_stop(c, signum == SIGTERM ? "SIGTERM" : "SIGINT");
        return;
    }
    log_reopen();
    if (ctld_reload(c, &err) < 0)
        log_error("the configuration was not changed: %s", err.text);
}

/* ---- peers ---- */

static bool listed(const uint32_t *uids, size_t num, uint32_t uid)
{
    for (size_t i = 0; i < num; i++)
        if (uids[i] == uid)
            return true;
    return false;
}

static void on_peer(void *arg, struct session_peer *peer)
{
    const struct ctld *c = arg;
    peer->is_admin = peer->uid == 0 || peer->uid == geteuid()
                     || listed(c->conf->admin_uids, c->conf->num_admins, peer->uid);
    peer->is_operator = peer->is_admin || listed(c->conf->operator_uids, c->conf->num_operators, peer->uid);
}

static void on_open(void *arg, struct rpc_conn *conn)
{
    struct ctld *c = arg;
    struct error why;
    switch (rpc_conn_peer(conn)->role) {
    case SESSION_AGENT:
        agents_adopt(c->agents, conn);
        break;
    case SESSION_COMMAND:
        clients_adopt(c->clients, conn);
        break;
    default:
        error_set(&why, BRE_PROTOCOL, "the controller does not serve such sessions");
        rpc_conn_abort(conn, &why);
    }
}

static void on_refused(void *arg, struct rpc_conn *conn, const struct error *why)
{
    (void)arg;
    (void)conn;
    log_debug(DBG_CHANNEL, "connection refused: %s", why->text);
}

static void on_early_frame(void *arg, struct rpc_conn *conn, const struct rpc_frame *frame)
{
    struct error why;
    (void)arg;
    error_set(&why, BRE_PROTOCOL, "%s before the session stands", msg_type_name(frame->type));
    rpc_conn_abort(conn, &why);
}

static const struct rpc_conn_ops server_ops = { .on_open = on_open, .on_frame = on_early_frame, .on_close = on_refused };

static int listen_start(struct ctld *c, const uint8_t secret[64], struct error *err)
{
    struct rpc_server_conf sc = {
        .listen = c->conf->listen,
        .port = (uint16_t)c->conf->port,
        .run_dir = c->conf->run_dir,
        .cluster_name = c->conf->cluster_name,
        .secret_key = secret,
        .munge_socket = c->conf->munge_socket,
        .only_own_uid = geteuid() != 0 && !c->multi_user,
        .on_peer = on_peer,
    };
    c->server = rpc_server_create(c->reactor, &sc, &server_ops, c, err);
    return c->server ? 0 : -1;
}

/* ---- start ---- */

/* Started by root with user = NAME it becomes that user before it reads anything from others. */
static int become_user(const struct conf *conf, bool *became, struct error *err)
{
    const char *name = conf->user;
    struct error why;
    struct stat st;
    if (!name || geteuid() != 0)
        return 0;
    const struct passwd *pw = getpwnam(name);
    if (!pw)
        return error_set(err, BRE_CONFIG, "user = \"%s\": there is no such user", name);
    if (pw->pw_uid == 0)
        return 0;
    /* The folder that a package or root has made for it; never one that is in use by another. */
    if (mkdir(conf->state_dir, 0700) == 0 && chown(conf->state_dir, pw->pw_uid, pw->pw_gid) < 0)
        return error_set(err, errno, "cannot give %s to %s: %s", conf->state_dir, name, strerror(errno));
    if (stat(conf->state_dir, &st) < 0)
        return error_set(err, errno, "state folder %s: %s", conf->state_dir, strerror(errno));
    if (rpc_local_prepare(conf->run_dir, pw->pw_uid, pw->pw_gid, &why) < 0)
        log_debug(DBG_CHANNEL, "no folder is made for the local socket: %s", why.text);
    if (initgroups(name, pw->pw_gid) < 0 || setresgid(pw->pw_gid, pw->pw_gid, pw->pw_gid) < 0
        || setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid) < 0)
        return error_set(err, errno, "cannot become user %s: %s", name, strerror(errno));
    if (getuid() != pw->pw_uid || geteuid() != pw->pw_uid || getegid() != pw->pw_gid || setuid(0) == 0)
        return error_set(err, EPERM, "becoming user %s did not hold", name);
    *became = true;
    return 0;
}

/* Workers: a sync of the journal, and look-ups and credentials that must not wait behind it. */
static int loop_start(struct ctld *c, struct error *err)
{
    if (!(c->reactor = reactor_create(err)))
        return -1;
    reactor_set_workers(c->reactor, 4);
    return 0;
}

static int cluster_start(struct ctld *c, struct error *err)
{
    struct cluster_conf cc;
    ctld_cluster_conf(c->conf, &c->conf_arena, &cc);
    c->cluster = cluster_create(&cc, err);
    return c->cluster ? 0 : -1;
}

/* What an allocation's client must do again: nobody is connected yet. */
static void clients_all_gone(struct ctld *c, const struct cluster_now *now)
{
    struct job *job;
    for (uint32_t id = 0; (job = cluster_job_next(c->cluster, id)); id = job_id(job))
        if (job_kind(job) != JOB_KIND_BATCH && job_state_shown(job) < JOB_COMPLETING)
            cluster_client_gone(c->cluster, job_id(job), now, true);
}

static int state_start(struct ctld *c, struct error *err)
{
    struct cluster_now now;
    uint64_t id;
    if (ctld_replay(c, err) < 0)
        return -1;
    if (c->dropped_job_limit)
        ctld_reserve_ids(c, c->dropped_job_limit);
    now = ctld_now(c);
    randombytes_buf(&id, sizeof(id));
    struct decision *d = ctld_decision(c);
    if (cluster_decide_start(c->cluster, &now, id, d, err) < 0) {
        ctld_drop(c, d);
        return -1;
    }
    ctld_commit(c, d, NULL, NULL);
    clients_all_gone(c, &now);
    mail_start(c->mail);
    return 0;
}

static int accounting_start(struct ctld *c, struct error *err)
{
    if (!c->conf->accounting_type || strcmp(c->conf->accounting_type, "none") == 0)
        return 0;
    c->accounting = accounting_create(c, err);
    return c->accounting ? 0 : -1;
}

struct ctld *ctld_create(const struct ctld_options *options, struct error *err)
{
    struct ctld *c = xcalloc(1, sizeof(*c));
    uint8_t secret[64];
    c->options = *options;
    c->timer_at_ms = UINT64_MAX;
    c->boot_time = time(NULL);
    c->diag = diag_create(c->boot_time);
    list_init(&c->usage_questions);
    arena_init(&c->conf_arena, 0, 0);
    c->conf_path = xstrdup(options->conf_path ? options->conf_path : BRAMBLE_SYSCONFDIR "/bramble.conf");
    if (gethostname(c->host, sizeof(c->host) - 1) < 0)
        snprintf(c->host, sizeof(c->host), "localhost");
    if (sodium_init() < 0) {
        error_set(err, BRE_INTERNAL, "libsodium cannot be used");
        goto fail;
    }
    if (!(c->conf = conf_load(c->conf_path, err))
        || become_user(c->conf, &c->multi_user, err) < 0
        || loop_start(c, err) < 0
        || cluster_start(c, err) < 0
        || !(c->identities = identities_create(c->reactor))
        || !(c->agents = agents_create(c))
        || !(c->clients = clients_create(c))
        || !(c->timer = reactor_timer_create(c->reactor, on_timer, c))
        || !(c->flush_timer = reactor_timer_create(c->reactor, on_flush, c))
        || !(c->stop_timer = reactor_timer_create(c->reactor, stop_poll, c))
        || !(c->sigterm = reactor_signal_create(c->reactor, SIGTERM, on_signal, c))
        || !(c->sigint = reactor_signal_create(c->reactor, SIGINT, on_signal, c))
        || !(c->sighup = reactor_signal_create(c->reactor, SIGHUP, on_signal, c))
        || !(c->mail = mail_create(c, err))
        || state_start(c, err) < 0
        || accounting_start(c, err) < 0
        || ctld_key_load(c->conf->state_dir, secret, err) < 0
        || listen_start(c, secret, err) < 0)
        goto fail;
    mem_wipe(secret, sizeof(secret));
    ctld_turn_soon(c);
    log_notice("bramblectld %s: cluster %s, port %u, %zu nodes, incarnation %" PRIu64, PACKAGE_VERSION,
               cluster_name(c->cluster), rpc_server_port(c->server), cluster_node_count(c->cluster),
               journal_incarnation(c->journal));
    return c;
fail:
    mem_wipe(secret, sizeof(secret));
    ctld_destroy(c);
    return NULL;
}

int ctld_run(struct ctld *c)
{
    return reactor_run(c->reactor);
}

void ctld_destroy(struct ctld *c)
{
    if (!c)
        return;
    c->stopping = true;
    rpc_server_destroy(c->server);
    accounting_destroy(c->accounting);
    usage_stop(c);
    if (c->agents)
        agents_close(c->agents);
    if (c->clients)
        clients_close(c->clients);
    reactor_timer_close(c->timer);
    reactor_timer_close(c->stop_timer);
    reactor_timer_close(c->flush_timer);
    reactor_signal_close(c->sigterm);
    reactor_signal_close(c->sigint);
    reactor_signal_close(c->sighup);
    mail_destroy(c->mail);
    journal_destroy(c->journal);
    reactor_destroy(c->reactor);
    agents_destroy(c->agents);
    clients_destroy(c->clients);
    identities_destroy(c->identities);
    cluster_destroy(c->cluster);
    arena_fini(&c->conf_arena);
    diag_destroy(c->diag);
    conf_destroy(c->conf);
    free(c->conf_path);
    free(c);
}

uint32_t ctld_kill_wait(const struct ctld *c)
{
    return c->conf->kill_wait_sec;
}

int ctld_reload(struct ctld *c, struct error *err)
{
    struct cluster_now now = ctld_now(c);
    struct cluster_conf cc;
    struct arena arena;
    struct conf *conf = conf_load(c->conf_path, err);
    if (!conf)
        return -1;
    if (conf_check_reload(c->conf, conf, err) < 0) {
        conf_destroy(conf);
        return -1;
    }
    arena_init(&arena, 0, 0);
    ctld_cluster_conf(conf, &arena, &cc);
    if (cluster_reconfigure(c->cluster, &cc, err) < 0) {
        arena_fini(&arena);
        conf_destroy(conf);
        return -1;
    }
    conf_destroy(c->conf);
    arena_fini(&c->conf_arena);
    c->conf = conf;
    c->conf_arena = arena;
    identities_forget(c->identities);
    struct decision *d = ctld_decision(c);
    if (cluster_decide_start(c->cluster, &now, 0, d, err) < 0) {
        ctld_drop(c, d);
        return -1;
    }
    ctld_commit(c, d, NULL, NULL);
    agents_reconfigure(c->agents);
    ctld_snapshot(c); /* a start need not replay under the configuration of before */
    log_notice("configuration read again from %s", c->conf_path);
    return 0;
}

char *ctld_key_text(const char *conf_path, struct error *err)
{
    uint8_t secret[64];
    char *text = NULL;
    bool became;
    struct conf *conf = conf_load(conf_path ? conf_path : BRAMBLE_SYSCONFDIR "/bramble.conf", err);
    if (!conf)
        return NULL;
    /* The key is made by the user who is to read it. */
    if (become_user(conf, &became, err) < 0) {
        conf_destroy(conf);
        return NULL;
    }
    if (sodium_init() >= 0 && (mkdir(conf->state_dir, 0700) == 0 || errno == EEXIST)
        && ctld_key_load(conf->state_dir, secret, err) == 0)
        text = ctld_key_public_text(secret);
    mem_wipe(secret, sizeof(secret));
    conf_destroy(conf);
    return text;
}
