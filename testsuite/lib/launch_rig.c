/* launch_rig.c - runs a program under a launcher plugin without a cluster.
 *
 *     launch_rig PLUGIN.so NODES TASKS_PER_NODE PROGRAM [ARGUMENT...]
 *
 * Each node is a process of its own (libpmix exists once a process); the parent carries messages
 * between them.  Exits with the highest exit code of a task, or 99 when the launcher aborted.
 */
#include "config.h"

#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bramble/launch_plugin.h"

#define MAX_NODES 64
#define MAX_WATCH 256
#define MAX_ENV 512
#define ABORTED 99

struct peer_header {
    uint32_t to, from, kind;
    uint64_t tag;
    uint64_t len;
};

struct post {
    struct post *next;
    void (*fn)(void *arg);
    void *arg;
};

struct rig {
    struct launch_step step;
    struct launch_node nodes[MAX_NODES];
    const struct launch_plugin *plugin;
    void *self;
    int router; /* socket to the parent */
    struct {
        int fd;
        void (*on_ready)(void *arg);
        void *arg;
    } watches[MAX_WATCH];
    int num_watches;
    pthread_mutex_t lock;
    struct post *posts, **posts_end;
    int wake[2];
    bool aborted;
    int abort_code;
};

static void die(const char *what)
{
    fprintf(stderr, "launch_rig: %s: %s\n", what, strerror(errno));
    exit(98);
}

static void write_all(int fd, const void *data, size_t len)
{
    for (const char *at = data; len;) {
        ssize_t n = write(fd, at, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            die("write");
        at += n;
        len -= (size_t)n;
    }
}

static bool read_all(int fd, void *data, size_t len)
{
    for (char *at = data; len;) {
        ssize_t n = read(fd, at, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        at += n;
        len -= (size_t)n;
    }
    return true;
}

/* ---- what the host does ---- */

static int rig_peer_send(void *ctx, uint32_t node, uint32_t kind, uint64_t tag, const void *data, size_t len)
{
    struct rig *rig = ctx;
    struct peer_header h = { .to = node, .from = rig->step.node_index, .kind = kind, .tag = tag, .len = len };

    write_all(rig->router, &h, sizeof h);
    write_all(rig->router, data, len);
    return 0;
}

static void rig_post(void *ctx, void (*fn)(void *arg), void *arg)
{
    struct rig *rig = ctx;
    struct post *post = calloc(1, sizeof *post);

    post->fn = fn;
    post->arg = arg;
    pthread_mutex_lock(&rig->lock);
    *rig->posts_end = post;
    rig->posts_end = &post->next;
    pthread_mutex_unlock(&rig->lock);
    write_all(rig->wake[1], "x", 1);
}

static int rig_watch(void *ctx, int fd, void (*on_ready)(void *arg), void *arg)
{
    struct rig *rig = ctx;

    if (rig->num_watches == MAX_WATCH)
        return -1;
    rig->watches[rig->num_watches].fd = fd;
    rig->watches[rig->num_watches].on_ready = on_ready;
    rig->watches[rig->num_watches++].arg = arg;
    return 0;
}

static void rig_unwatch(void *ctx, int fd)
{
    struct rig *rig = ctx;

    for (int i = 0; i < rig->num_watches; i++)
        if (rig->watches[i].fd == fd)
            rig->watches[i] = rig->watches[--rig->num_watches];
}

static void rig_abort(void *ctx, uint32_t gtid, int exit_code, const char *text)
{
    struct rig *rig = ctx;
    struct peer_header h = { .to = UINT32_MAX, .tag = (uint64_t)exit_code };

    if (rig->aborted)
        return;
    fprintf(stderr, "launch_rig: abort by task %d: %s\n", (int)gtid, text);
    rig->aborted = true;
    write_all(rig->router, &h, sizeof h);
}

static void rig_log(void *ctx, const char *text)
{
    (void)ctx;
    fprintf(stderr, "launch_rig: %s\n", text);
}

/* ---- tasks ---- */

struct env_list {
    char *vars[MAX_ENV];
    int num;
};

static void env_unset(void *ctx, const char *name)
{
    struct env_list *env = ctx;
    size_t len = strlen(name);

    for (int i = 0; i < env->num; i++)
        if (!strncmp(env->vars[i], name, len) && env->vars[i][len] == '=')
            env->vars[i--] = env->vars[--env->num];
}

static void env_set(void *ctx, const char *name, const char *value)
{
    struct env_list *env = ctx;

    env_unset(ctx, name);
    if (env->num == MAX_ENV - 1 || asprintf(&env->vars[env->num++], "%s=%s", name, value) < 0)
        die("environment");
}

static pid_t task_start(struct rig *rig, uint32_t local, char **argv)
{
    extern char **environ;
    struct env_list env = { .num = 0 };
    struct launch_env ops = { &env, env_set, env_unset };
    struct plugin_error err = { "" };
    char number[16];
    int keep_fd = -1;
    pid_t pid;

    for (char **var = environ; *var && env.num < MAX_ENV - 64; var++)
        env.vars[env.num++] = *var;
    snprintf(number, sizeof number, "%u", rig->nodes[rig->step.node_index].gtids[local]);
    env_set(&env, "SLURM_PROCID", number);
    /* Open MPI takes itself for a singleton without these */
    env_set(&env, "SLURM_NODELIST", "rig");
    env_set(&env, "SLURM_STEP_ID", "0");
    env_set(&env, "SLURM_JOBID", "1");
    if (rig->plugin->task_prepare(rig->self, local, &ops, &keep_fd, &err) < 0) {
        fprintf(stderr, "launch_rig: %s\n", err.text);
        exit(98);
    }
    env.vars[env.num] = NULL;
    if ((pid = fork()) == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (keep_fd >= 0) {
            int copy = dup(keep_fd); /* the flag close-on-exec is not copied */

            dup2(copy, keep_fd);
            close(copy);
        }
        execvpe(argv[0], argv, env.vars);
        die(argv[0]);
    }
    if (rig->plugin->task_started)
        rig->plugin->task_started(rig->self, local, pid);
    return pid;
}

static void run_posts(struct rig *rig)
{
    char drain[64];
    struct post *list;
    ssize_t ignored = read(rig->wake[0], drain, sizeof drain);

    (void)ignored;
    pthread_mutex_lock(&rig->lock);
    list = rig->posts;
    rig->posts = NULL;
    rig->posts_end = &rig->posts;
    pthread_mutex_unlock(&rig->lock);
    while (list) {
        struct post *next = list->next;

        list->fn(list->arg);
        free(list);
        list = next;
    }
}

static void take_message(struct rig *rig)
{
    struct peer_header h;
    char *data;

    if (!read_all(rig->router, &h, sizeof h))
        exit(98);
    if (h.to == UINT32_MAX) {
        rig->aborted = true;
        return;
    }
    data = malloc(h.len + 1);
    if (!data || !read_all(rig->router, data, h.len))
        exit(98);
    if (rig->plugin->peer_data)
        rig->plugin->peer_data(rig->self, h.from, h.kind, h.tag, data, h.len);
    free(data);
}

static void on_child(int signum)
{
    (void)signum;
}

static int node_main(struct rig *rig, char **argv)
{
    struct sigaction child = { .sa_handler = on_child };
    uint32_t num = rig->nodes[rig->step.node_index].num_tasks, left = num;
    struct launch_host host = { rig, rig_peer_send, rig_post, rig_watch, rig_unwatch, rig_abort, rig_log,
                                rig_log };
    struct plugin_error err = { "" };
    pid_t pids[64];
    int worst = 0;

    pthread_mutex_init(&rig->lock, NULL);
    rig->posts_end = &rig->posts;
    sigaction(SIGCHLD, &child, NULL);
    if (pipe(rig->wake) < 0)
        die("pipe");
    if (!(rig->self = rig->plugin->init(&rig->step, &host, &err))) {
        fprintf(stderr, "launch_rig: %s\n", err.text);
        return 98;
    }
    for (uint32_t i = 0; i < num; i++)
        pids[i] = task_start(rig, i, argv);
    while (left) {
        struct pollfd fds[MAX_WATCH + 2] = { { rig->wake[0], POLLIN, 0 }, { rig->router, POLLIN, 0 } };
        int watched = rig->num_watches, status;

        for (int i = 0; i < watched; i++)
            fds[i + 2] = (struct pollfd){ rig->watches[i].fd, POLLIN, 0 };
        poll(fds, (nfds_t)watched + 2, 5); /* a child's end interrupts it */
        if (fds[0].revents)
            run_posts(rig);
        if (fds[1].revents)
            take_message(rig);
        for (int i = 0; i < watched; i++)
            for (int k = 0; fds[i + 2].revents && k < rig->num_watches; k++)
                if (rig->watches[k].fd == fds[i + 2].fd) {
                    rig->watches[k].on_ready(rig->watches[k].arg);
                    break;
                }
        for (uint32_t i = 0; i < num; i++) {
            if (pids[i] && rig->aborted)
                kill(pids[i], SIGKILL);
            if (pids[i] && waitpid(pids[i], &status, WNOHANG) == pids[i]) {
                int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);

                pids[i] = 0;
                left--;
                if (code > worst)
                    worst = code;
                if (rig->plugin->task_ended)
                    rig->plugin->task_ended(rig->self, i, status);
            }
        }
    }
    rig->plugin->fini(rig->self);
    return rig->aborted ? ABORTED : worst;
}

/* ---- the parent: carries messages until every node is done ---- */

static int carry(int *socks, pid_t *pids, uint32_t num)
{
    uint32_t left = num;
    int worst = 0;

    while (left) {
        struct pollfd fds[MAX_NODES];

        for (uint32_t i = 0; i < num; i++)
            fds[i] = (struct pollfd){ socks[i], POLLIN, 0 };
        poll(fds, num, -1);
        for (uint32_t i = 0; i < num; i++) {
            struct peer_header h;
            char *data;
            int status;

            if (socks[i] < 0 || !fds[i].revents)
                continue;
            if (!read_all(socks[i], &h, sizeof h)) {
                close(socks[i]);
                socks[i] = -1;
                waitpid(pids[i], &status, 0);
                left--;
                status = WIFEXITED(status) ? WEXITSTATUS(status) : 98;
                if (status > worst)
                    worst = status;
                continue;
            }
            data = malloc(h.len + 1);
            if (!data || !read_all(socks[i], data, h.len))
                die("router");
            for (uint32_t to = 0; to < num; to++)
                if (socks[to] >= 0 && (to == h.to || (h.to == UINT32_MAX && to != i))) {
                    write_all(socks[to], &h, sizeof h);
                    write_all(socks[to], data, h.len);
                }
            free(data);
        }
    }
    return worst;
}

int main(int argc, char **argv)
{
    static struct rig rig;
    static uint32_t gtids[MAX_NODES][64];
    static char names[MAX_NODES][32], tmp[MAX_NODES][64];
    int socks[MAX_NODES];
    pid_t pids[MAX_NODES];
    uint32_t num_nodes, per_node;
    void *object;
    int worst;

    if (argc < 5 || (num_nodes = (uint32_t)atoi(argv[2])) < 1 || num_nodes > MAX_NODES
        || (per_node = (uint32_t)atoi(argv[3])) < 1 || per_node > 64) {
        fprintf(stderr, "usage: launch_rig PLUGIN.so NODES TASKS_PER_NODE PROGRAM [ARGUMENT...]\n");
        return 98;
    }
    signal(SIGPIPE, SIG_IGN);
    if (!(object = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL))
        || !(rig.plugin = dlsym(object, "bramble_plugin"))) {
        fprintf(stderr, "launch_rig: %s\n", dlerror());
        return 98;
    }
    rig.step = (struct launch_step){ .job_id = (uint32_t)getpid(), .attempt = 1, .uid = getuid(), .gid = getgid(),
        .num_nodes = num_nodes, .num_tasks = num_nodes * per_node, .cpus_per_task = 1, .nodes = rig.nodes,
        .cluster_name = "rig", .network = "", .argv = (const char *const *)argv + 4 };
    for (uint32_t n = 0; n < num_nodes; n++) {
        snprintf(names[n], sizeof names[n], "rig%u", n + 1);
        snprintf(tmp[n], sizeof tmp[n], "/tmp/launch-rig.%u.XXXXXX", n); /* pids repeat in pid namespaces */
        for (uint32_t t = 0; t < per_node; t++)
            gtids[n][t] = n * per_node + t;
        rig.nodes[n] = (struct launch_node){ names[n], "127.0.0.1", per_node, gtids[n] };
        if (!mkdtemp(tmp[n]))
            die(tmp[n]);
    }
    for (uint32_t n = 0; n < num_nodes; n++) {
        int pair[2];

        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
            die("socketpair");
        if ((pids[n] = fork()) == 0) {
            for (uint32_t k = 0; k < n; k++)
                close(socks[k]);
            close(pair[0]);
            rig.router = pair[1];
            rig.step.node_index = n;
            rig.step.tmp_dir = tmp[n];
            exit(node_main(&rig, argv + 4));
        }
        close(pair[1]);
        socks[n] = pair[0];
    }
    worst = carry(socks, pids, num_nodes);
    for (uint32_t n = 0; n < num_nodes; n++)
        rmdir(tmp[n]);
    return worst;
}
