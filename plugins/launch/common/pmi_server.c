/* pmi_server.c - connections of the local tasks, and the fence that makes their puts known. */
#include "config.h"
#include "pmi_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bramble/launch_plugin.h"

#define MAX_INPUT (256u << 10) /* longest request of a task */

static int plugin_error(struct plugin_error *err, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static int plugin_error(struct plugin_error *err, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(err->text, sizeof err->text, fmt, ap);
    va_end(ap);
    return -1;
}

/* "(vector,(first node,nodes,tasks a node),...)": MPICH learns from it who shares a board. */
static char *make_mapping(const struct launch_step *step)
{
    size_t cap = 64 + (size_t)step->num_tasks * 36, used;
    char *text = malloc(cap);
    uint32_t *node_of = calloc(step->num_tasks ? step->num_tasks : 1, sizeof *node_of);
    uint32_t first = 0, nodes = 0, each = 0;

    if (!text || !node_of) {
        free(text);
        free(node_of);
        return NULL;
    }
    for (uint32_t n = 0; n < step->num_nodes; n++)
        for (uint32_t t = 0; t < step->nodes[n].num_tasks; t++)
            if (step->nodes[n].gtids[t] < step->num_tasks)
                node_of[step->nodes[n].gtids[t]] = n;
    used = (size_t)snprintf(text, cap, "(vector");
    for (uint32_t rank = 0; rank < step->num_tasks;) {
        uint32_t run = 1;

        while (rank + run < step->num_tasks && node_of[rank + run] == node_of[rank])
            run++;
        if (nodes && run == each && node_of[rank] == first + nodes) {
            nodes++;
        } else {
            if (nodes)
                used += (size_t)snprintf(text + used, cap - used, ",(%u,%u,%u)", first, nodes, each);
            first = node_of[rank];
            nodes = 1;
            each = run;
        }
        rank += run;
    }
    if (nodes)
        used += (size_t)snprintf(text + used, cap - used, ",(%u,%u,%u)", first, nodes, each);
    snprintf(text + used, cap - used, ")");
    free(node_of);
    return text;
}

struct pmi_server *pmi_server_create(const struct launch_step *step, const struct launch_host *host,
                                     struct rank_watch *watch, struct plugin_error *err)
{
    struct pmi_server *s = calloc(1, sizeof *s);

    if (!s) {
        plugin_error(err, "out of memory");
        return NULL;
    }
    s->step = step;
    s->host = host;
    s->watch = watch;
    s->num_tasks = step->nodes[step->node_index].num_tasks;
    snprintf(s->job_name, sizeof s->job_name, "%u.%u", step->job_id, step->step_id);
    s->tasks = calloc(s->num_tasks ? s->num_tasks : 1, sizeof *s->tasks);
    s->all_nodes = calloc(step->num_nodes, sizeof *s->all_nodes);
    s->puts = kvs_create();
    s->known = kvs_create();
    s->node_attrs = kvs_create();
    s->gather = allgather_create(step, host, PMI_PEER_KIND);
    s->mapping = make_mapping(step);
    if (!s->tasks || !s->all_nodes || !s->puts || !s->known || !s->node_attrs || !s->gather
        || !s->mapping) {
        plugin_error(err, "out of memory");
        pmi_server_destroy(s);
        return NULL;
    }
    for (uint32_t i = 0; i < step->num_nodes; i++)
        s->all_nodes[i] = i;
    for (uint32_t i = 0; i < s->num_tasks; i++) {
        struct pmi_task *task = &s->tasks[i];

        task->server = s;
        task->rank = step->nodes[step->node_index].gtids[i];
        task->fd = task->task_fd = -1;
    }
    return s;
}

static void task_close(struct pmi_task *task)
{
    if (task->fd >= 0) {
        task->server->host->unwatch(task->server->host->ctx, task->fd);
        close(task->fd);
        task->fd = -1;
    }
    if (task->task_fd >= 0) {
        close(task->task_fd);
        task->task_fd = -1;
    }
}

void pmi_server_destroy(struct pmi_server *s)
{
    if (!s)
        return;
    for (uint32_t i = 0; s->tasks && i < s->num_tasks; i++) {
        task_close(&s->tasks[i]);
        free(s->tasks[i].in);
        free(s->tasks[i].wait_attr);
    }
    allgather_destroy(s->gather);
    kvs_destroy(s->puts);
    kvs_destroy(s->known);
    kvs_destroy(s->node_attrs);
    free(s->mapping);
    free(s->all_nodes);
    free(s->tasks);
    free(s);
}

void pmi_task_send(struct pmi_task *task, const char *data, size_t len)
{
    /* Tasks wait for each answer, so one never finds the socket full. */
    if (task->fd >= 0 && send(task->fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)len)
        task_close(task);
}

void pmi_task_broken(struct pmi_task *task, const char *what)
{
    char text[256];

    snprintf(text, sizeof text, "task %u broke the PMI protocol: %s", task->rank, what);
    task_close(task);
    rank_watch_abort(task->server->watch, task->rank, 1, text);
}

/* Take whole requests out of the input. */
static void task_consume(struct pmi_task *task)
{
    size_t at = 0;

    while (at < task->in_len && task->fd >= 0) {
        char *begin = task->in + at;
        size_t have = task->in_len - at, len;
        char saved;

        if (task->version == 2) {
            char digits[7] = { 0 }, *end;

            if (have < 6)
                break;
            memcpy(digits, begin, 6);
            len = strtoul(digits, &end, 10);
            if (*end || len > MAX_INPUT - 6) {
                pmi_task_broken(task, "bad length of a request");
                return;
            }
            if (have < 6 + len)
                break;
            saved = begin[6 + len]; /* may belong to the next request */
            begin[6 + len] = '\0';
            pmi2_request(task, begin + 6);
            begin[6 + len] = saved;
            at += 6 + len;
        } else {
            char *newline = memchr(begin, '\n', have);

            if (!newline)
                break;
            *newline = '\0';
            pmi1_request(task, begin);
            at += (size_t)(newline - begin) + 1;
        }
    }
    if (task->fd < 0)
        at = task->in_len;
    memmove(task->in, task->in + at, task->in_len - at);
    task->in_len -= at;
}

static void on_task_ready(void *arg)
{
    struct pmi_task *task = arg;
    ssize_t got;

    if (task->in_cap - task->in_len < 4096) {
        size_t cap = task->in_cap ? task->in_cap * 2 : 8192;
        char *in = cap <= MAX_INPUT ? realloc(task->in, cap + 1) : NULL;

        if (!in) {
            pmi_task_broken(task, "a request is too long");
            return;
        }
        task->in = in;
        task->in_cap = cap;
    }
    got = recv(task->fd, task->in + task->in_len, task->in_cap - task->in_len, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0) {
        task_close(task);
        return;
    }
    task->in_len += (size_t)got;
    task_consume(task);
}

int pmi_server_task_prepare(struct pmi_server *s, uint32_t local_task, const struct launch_env *env,
                            int *keep_fd, struct plugin_error *err)
{
    struct pmi_task *task = &s->tasks[local_task];
    char number[16];
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
        return plugin_error(err, "no socket for PMI: %s", strerror(errno));
    task->fd = pair[0];
    task->task_fd = pair[1];
    if (s->host->watch(s->host->ctx, task->fd, on_task_ready, task) < 0) {
        task_close(task);
        return plugin_error(err, "cannot watch the PMI socket of task %u", task->rank);
    }
    *keep_fd = task->task_fd;
    snprintf(number, sizeof number, "%d", task->task_fd);
    env->set(env->ctx, "PMI_FD", number);
    snprintf(number, sizeof number, "%u", task->rank);
    env->set(env->ctx, "PMI_RANK", number);
    snprintf(number, sizeof number, "%u", s->step->num_tasks);
    env->set(env->ctx, "PMI_SIZE", number);
    env->set(env->ctx, "PMI_JOBID", s->job_name);
    return 0;
}

void pmi_server_task_started(struct pmi_server *s, uint32_t local_task)
{
    struct pmi_task *task = &s->tasks[local_task];

    if (task->task_fd >= 0) {
        close(task->task_fd);
        task->task_fd = -1;
    }
}

enum pmi_progress pmi_server_task_ended(struct pmi_server *s, uint32_t local_task)
{
    struct pmi_task *task = &s->tasks[local_task];

    /* what it wrote before it left still counts: a finalize may lie in the socket */
    while (task->fd >= 0) {
        char probe;

        if (recv(task->fd, &probe, 1, MSG_PEEK | MSG_DONTWAIT) <= 0)
            break;
        on_task_ready(task);
    }
    task_close(task);
    return task->finalized ? PMI_FINALIZED : task->begun ? PMI_BEGUN : PMI_UNUSED;
}

static void on_fence_done(void *arg, int status, const void *data, size_t len)
{
    struct pmi_server *s = arg;

    if (status || kvs_unpack(s->known, data, len) < 0) {
        rank_watch_abort(s->watch, UINT32_MAX, 1,
                         status == EPIPE ? "a board of the step was lost during a PMI fence"
                                         : "a PMI fence failed");
        return;
    }
    for (uint32_t i = 0; i < s->num_tasks; i++) {
        struct pmi_task *task = &s->tasks[i];

        if (!task->in_fence)
            continue;
        task->in_fence = false;
        if (task->version == 2) {
            memcpy(task->thread_id, task->fence_thread, sizeof task->thread_id);
            pmi2_answer(task, "kvs-fence-response", "rc", "0", NULL);
        } else {
            pmi_task_send(task, "cmd=barrier_out\n", 16);
        }
    }
}

void pmi_task_fence(struct pmi_task *task)
{
    struct pmi_server *s = task->server;
    char *data;
    size_t len;

    task->in_fence = true;
    for (uint32_t i = 0; i < s->num_tasks; i++)
        if (!s->tasks[i].in_fence)
            return;
    /* none of them is gone: rank_watch ends the step otherwise */
    if (!(data = kvs_pack(s->puts, &len))
        || allgather_start(s->gather, s->all_nodes, s->step->num_nodes, 0, data, len, on_fence_done, s)
               < 0)
        rank_watch_abort(s->watch, UINT32_MAX, 1, "out of memory in a PMI fence");
    kvs_clear(s->puts);
    free(data);
}

int pmi_put(struct pmi_server *s, const char *key, const char *value)
{
    return kvs_put(s->puts, key, value) < 0 || kvs_put(s->known, key, value) < 0 ? -1 : 0;
}

const char *pmi_get(const struct pmi_server *s, const char *key)
{
    if (!strcmp(key, "PMI_process_mapping"))
        return s->mapping;
    return kvs_get(s->known, key);
}

bool pmi_server_peer_data(struct pmi_server *s, uint32_t from, uint32_t kind, uint64_t tag,
                          const void *data, size_t len)
{
    return allgather_peer_data(s->gather, from, kind, tag, data, len);
}

void pmi_server_peer_lost(struct pmi_server *s, uint32_t node)
{
    allgather_peer_lost(s->gather, node);
}
