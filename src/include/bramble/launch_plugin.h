/* launch_plugin.h - how the tasks of an MPI step find each other.
 *
 * A launcher runs in the step's i/o process, which is a child of the shepherd that has become the
 * job's user: whatever ranks send never meets root.  One instance serves one step on one node.
 * The host calls every operation on one thread, the i/o process's loop; a launcher with threads of
 * its own brings results back with host->post().
 */
#ifndef BRAMBLE_LAUNCH_PLUGIN_H
#define BRAMBLE_LAUNCH_PLUGIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "bramble/plugin.h"

#define BRAMBLE_LAUNCH_ABI 1

/* The step as the launcher sees it.  Borrowed; lives as long as the instance. */
struct launch_node {
    const char *name;      /* node name, also the host name that ranks know */
    const char *address;
    uint32_t num_tasks;
    const uint32_t *gtids; /* global task ids on this node, ascending */
};
struct launch_step {
    uint32_t job_id, step_id, attempt;
    uint32_t uid, gid;
    uint32_t num_nodes, node_index; /* node_index: this node */
    uint32_t num_tasks;             /* of the whole step */
    uint32_t cpus_per_task;
    const struct launch_node *nodes;
    const char *const *task_cpus;   /* one a local task: OS CPU list it is bound to, "" if unbound */
    const char *topology_xml;       /* hwloc XML of this board, or NULL */
    const char *tmp_dir;            /* folder of the step that belongs to the user; removed after it */
    const char *cluster_name;
    const char *network;            /* CIDR of the boards' network, or "" */
    const char *const *argv;        /* of the step's program */
};

/* What the host does for a launcher. */
struct launch_host {
    void *ctx;
    /* Send to the i/o process of another node of the step; delivered once, in order per pair of
     * nodes, and queued while the connection comes up.  -1: that node is known to be gone. */
    int (*peer_send)(void *ctx, uint32_t node_index, uint32_t kind, uint64_t tag, const void *data, size_t len);
    /* Run fn(arg) on the loop's thread.  The only operation that other threads may call. */
    void (*post)(void *ctx, void (*fn)(void *arg), void *arg);
    /* Watch a descriptor for reading; on_ready(arg) is called while it is readable.  NULL stops. */
    int (*watch)(void *ctx, int fd, void (*on_ready)(void *arg), void *arg);
    void (*unwatch)(void *ctx, int fd);
    /* The step is to end on all nodes: a rank aborted or broke the protocol.  gtid UINT32_MAX: none
     * in particular.  text is shown to the user by srun. */
    void (*abort_step)(void *ctx, uint32_t gtid, int exit_code, const char *text);
    void (*log)(void *ctx, const char *text);  /* a line at debug level, topic launch */
    void (*tell)(void *ctx, const char *text); /* a line for the user, on srun's standard error */
};

/* Environment of one task, growing. */
struct launch_env {
    void *ctx;
    void (*set)(void *ctx, const char *name, const char *value);
    void (*unset)(void *ctx, const char *name);
};

struct launch_plugin {
    struct plugin_base base;
    /* An instance, or NULL with err set.  Required. */
    void *(*init)(const struct launch_step *step, const struct launch_host *host, struct plugin_error *err);
    void (*fini)(void *self); /* Required.  May take up to a second; is called when every task is gone. */
    /* Before a local task is forked: add to its environment; *keep_fd may be set to a descriptor
     * that the task inherits under the same number (else leave it -1).  Required. */
    int (*task_prepare)(void *self, uint32_t local_task, const struct launch_env *env, int *keep_fd,
                        struct plugin_error *err);
    void (*task_started)(void *self, uint32_t local_task, pid_t pid);      /* may be NULL */
    /* status: as waitpid() gives it.  A launcher that finds that the task left the protocol in an
     * unclean way calls abort_step().  May be NULL. */
    void (*task_ended)(void *self, uint32_t local_task, int status);
    void (*peer_data)(void *self, uint32_t from_node, uint32_t kind, uint64_t tag, const void *data,
                      size_t len);                                          /* may be NULL */
    void (*peer_lost)(void *self, uint32_t node_index);                     /* may be NULL */
};

#endif
