/* pmi_private.h - shared by the files of the PMI server. */
#ifndef BRAMBLE_LAUNCH_PMI_PRIVATE_H
#define BRAMBLE_LAUNCH_PMI_PRIVATE_H

#include "allgather.h"
#include "kvs.h"
#include "pmi_server.h"
#include "rank_watch.h"

struct pmi_task {
    struct pmi_server *server;
    uint32_t rank;
    int fd, task_fd;  /* our end; the task's until it runs */
    int version;      /* 0 until the first line chose 1 or 2 */
    bool begun, finalized, in_fence;
    char *in;         /* what was read and not yet consumed; one spare byte */
    size_t in_len, in_cap;
    char *wait_attr;  /* PMI-2: the node attribute it waits for */
    char thread_id[24]; /* PMI-2: to be given back with the answer */
    char wait_thread[24], fence_thread[24];
};

struct pmi_server {
    const struct launch_step *step;
    const struct launch_host *host;
    struct rank_watch *watch;
    struct pmi_task *tasks;
    uint32_t num_tasks; /* on this node */
    uint32_t *all_nodes;
    char job_name[32];
    char *mapping;
    struct kvs *puts;   /* since the last fence, by local tasks */
    struct kvs *known;  /* what gets find */
    struct kvs *node_attrs;
    struct allgather *gather;
};

void pmi1_request(struct pmi_task *task, char *line);
void pmi2_request(struct pmi_task *task, char *body);
/* Answer in version 2: pairs of key and value, ended by NULL. */
void pmi2_answer(struct pmi_task *task, const char *cmd, ...) __attribute__((sentinel));

void pmi_task_send(struct pmi_task *task, const char *data, size_t len);
void pmi_task_broken(struct pmi_task *task, const char *what);
void pmi_task_fence(struct pmi_task *task);
int pmi_put(struct pmi_server *s, const char *key, const char *value);
const char *pmi_get(const struct pmi_server *s, const char *key);

#endif
