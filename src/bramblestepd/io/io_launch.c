/* io_launch.c - host of the launcher plugin: what bramble/launch_plugin.h promises it. */
#include "config.h"
#include "bramblestepd/io/io_private.h"

#include "plugin/loader.h"
#include "util/log.h"
#include "util/mem.h"
#include "util/strbuf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- what the host does for a launcher ---- */

static int host_peer_send(void *ctx, uint32_t node_index, uint32_t kind, uint64_t tag, const void *data, size_t len)
{
    return io_peer_send(ctx, node_index, kind, tag, data, len);
}

static void host_post(void *ctx, void (*fn)(void *arg), void *arg)
{
    reactor_post(((struct io *)ctx)->reactor, fn, arg);
}

struct io_watch {
    struct list_node node;
    int fd;
    struct reactor_fd *handle;
    void (*on_ready)(void *arg);
    void *arg;
};

static void on_watch(void *arg, int events, int status)
{
    struct io_watch *w = arg;

    (void)events;
    (void)status;
    w->on_ready(w->arg);
}

static void host_unwatch(void *ctx, int fd)
{
    struct io *io = ctx;

    list_for_each_safe(node, &io->watches)
    {
        struct io_watch *w = container_of(node, struct io_watch, node);

        if (w->fd == fd) {
            list_remove(&w->node);
            reactor_fd_close(w->handle);
            free(w);
        }
    }
}

static int host_watch(void *ctx, int fd, void (*on_ready)(void *arg), void *arg)
{
    struct io *io = ctx;
    struct io_watch *w;

    host_unwatch(io, fd);
    if (!on_ready)
        return 0;
    w = xcalloc(1, sizeof *w);
    w->fd = fd;
    w->on_ready = on_ready;
    w->arg = arg;
    w->handle = reactor_fd_create(io->reactor, fd, on_watch, w);
    if (!w->handle || reactor_fd_watch(w->handle, REACTOR_READ) < 0) {
        reactor_fd_close(w->handle);
        free(w);
        return -1;
    }
    list_append(&io->watches, &w->node);
    return 0;
}

static void host_tell(void *ctx, const char *text)
{
    io_clients_text(ctx, text);
}

static void host_log(void *ctx, const char *text)
{
    (void)ctx;
    log_debug(DBG_LAUNCH, "%s", text);
}

static void host_abort(void *ctx, uint32_t gtid, int exit_code, const char *text)
{
    struct io *io = ctx;
    char line[1024];

    if (io->aborted || io->ending || io->finishing) /* the first reason counts */
        return;
    snprintf(line, sizeof line, "slurmstepd: error: %s", text); /* it names task and node */
    io_clients_text(io, line);
    io_abort(io, gtid, (uint32_t)exit_code, line + strlen("slurmstepd: error: "), true, true);
}

/* ---- the launcher's life ---- */

static void describe_step(struct io *io)
{
    struct launch_step *d = &io->launch_step;
    const struct order *o = io->order;
    const struct order_whole *w = &o->whole;
    struct launch_node *nodes = xcalloc(w->num_nodes, sizeof *nodes);
    const char **cpus = xcalloc(o->num_tasks, sizeof *cpus);

    for (uint32_t i = 0; i < w->num_nodes; i++)
        nodes[i] = (struct launch_node){ .name = w->nodes[i].name, .address = w->nodes[i].address,
                                         .num_tasks = w->nodes[i].num_tasks, .gtids = w->nodes[i].gtids };
    for (uint32_t i = 0; i < o->num_tasks; i++)
        cpus[i] = o->tasks[i].cpu_list;
    *d = (struct launch_step){
        .job_id = w->job_id,
        .step_id = o->step_id,
        .attempt = w->attempt,
        .uid = o->uid,
        .gid = o->gid,
        .num_nodes = w->num_nodes,
        .node_index = w->node_index,
        .num_tasks = w->num_tasks,
        .cpus_per_task = o->cpus_per_task,
        .nodes = nodes,
        .task_cpus = cpus,
        .topology_xml = o->topology_xml,
        .tmp_dir = o->tmp_dir,
        .cluster_name = o->cluster_name,
        .network = o->network,
        .argv = (const char *const *)o->tasks[0].argv,
    };
}

int io_launch_init(struct io *io, struct error *err)
{
    const struct order *o = io->order;
    struct plugin_error plugin_err = { "" };
    struct plugin *plugin;

    if (!strcmp(o->launcher, "none"))
        return 0;
    if (strchr(o->launcher, '/'))
        return error_set(err, BRE_MPI, "--mpi: no such launcher: %.64s", o->launcher);
    if (!(plugin = plugin_load(o->plugin_dir, &plugin_type_launch, o->launcher, err)))
        return -1;
    io->launcher = (const struct launch_plugin *)plugin_base(plugin);
    if (mkdir(o->tmp_dir, 0700) < 0)
        return error_set(err, errno, "%s: %s", o->tmp_dir, strerror(errno));
    io->made_tmp = true;
    describe_step(io);
    io->launch_host = (struct launch_host){ .ctx = io,
                                            .peer_send = host_peer_send,
                                            .post = host_post,
                                            .watch = host_watch,
                                            .unwatch = host_unwatch,
                                            .abort_step = host_abort,
                                            .log = host_log,
                                            .tell = host_tell };
    io->launcher_self = io->launcher->init(&io->launch_step, &io->launch_host, &plugin_err);
    if (!io->launcher_self) {
        io->launcher = NULL;
        return error_set(err, BRE_MPI, "launcher %s: %s", o->launcher, plugin_err.text);
    }
    return 0;
}

/* A task's additions, as the shepherd takes them: NAME=VALUE NUL ..., or NAME NUL to unset it. */
static void env_set(void *ctx, const char *name, const char *value)
{
    struct strbuf *blob = ctx;

    strbuf_addf(blob, "%s=%s", name, value);
    strbuf_addc(blob, '\0');
}

static void env_unset(void *ctx, const char *name)
{
    struct strbuf *blob = ctx;

    strbuf_add(blob, name);
    strbuf_addc(blob, '\0');
}

int io_launch_prepare(struct io *io, uint32_t task, struct error *err)
{
    CLEANUP_STRBUF struct strbuf blob = STRBUF_INIT;
    struct launch_env env = { .ctx = &blob, .set = env_set, .unset = env_unset };
    struct plugin_error plugin_err = { "" };
    int keep_fd = -1;

    if (io->launcher && io->launcher->task_prepare(io->launcher_self, task, &env, &keep_fd, &plugin_err) < 0)
        return error_set(err, BRE_MPI, "launcher %s: %s", io->order->launcher, plugin_err.text);
    if (blob.len > LINK_BODY_MAX)
        return error_set(err, BRE_TOO_BIG, "launcher %s: environment too big", io->order->launcher);
    return io_task_hand_over(io, task, strbuf_str(&blob), blob.len, keep_fd, err);
}

void io_launch_started(struct io *io, uint32_t task, pid_t pid)
{
    if (io->launcher && io->launcher->task_started)
        io->launcher->task_started(io->launcher_self, task, pid);
}

void io_launch_ended(struct io *io, uint32_t task, int status)
{
    if (io->launcher && io->launcher->task_ended)
        io->launcher->task_ended(io->launcher_self, task, status);
}

void io_launch_peer_data(struct io *io, uint32_t from, uint32_t kind, uint64_t tag, const void *data, size_t len)
{
    if (io->launcher && io->launcher->peer_data)
        io->launcher->peer_data(io->launcher_self, from, kind, tag, data, len);
}

void io_launch_peer_lost(struct io *io, uint32_t from)
{
    if (io->launcher && io->launcher->peer_lost && !io->finishing && !io->aborted && !io->ending)
        io->launcher->peer_lost(io->launcher_self, from);
}

void io_launch_fini(struct io *io)
{
    const struct launch_plugin *launcher = io->launcher;

    io->launcher = NULL;
    if (launcher)
        launcher->fini(io->launcher_self);
}
