/* pmix_private.h - shared by the files of the launcher "pmix". */
#ifndef BRAMBLE_LAUNCH_PMIX_PRIVATE_H
#define BRAMBLE_LAUNCH_PMIX_PRIVATE_H

#include <pmix_server.h>
#include <pthread.h>

#include "bramble/launch_plugin.h"
#include "common/allgather.h"
#include "common/pmi_server.h"
#include "common/rank_watch.h"

/* peer_send() kinds; 32, 33 and 40 belong to pmi_server and rank_watch. */
enum { PEER_FENCE = 1, PEER_FENCE_DOWN, PEER_MODEX_ASK, PEER_MODEX_ANSWER };

struct modex_wait;
struct upcall;

struct pmix {
    const struct launch_step *step;
    const struct launch_host *host;
    pmix_nspace_t nspace;
    struct allgather *gather;
    struct rank_watch watch;
    struct pmi_server *pmi;  /* for programs that speak PMI-1 or PMI-2 (Debian's MPICH) */
    bool *begun, *finalized; /* one a local task */
    uint32_t num_local;
    uint32_t *node_of;       /* node index of each rank */
    struct modex_wait *waits;
    uint64_t last_wait;
    bool up;
    int ack_fd;              /* pmix_ack.c's; -1: none */
    pthread_mutex_t lock;    /* of what libpmix's thread has asked for and the loop has not yet done */
    struct upcall *upcalls, **upcalls_end;
};

/* pmix_job.c: tells libpmix about the step.  -1 with err. */
int pmix_job_register(struct pmix *p, struct plugin_error *err);

/* pmix_ack.c: ranks need not wait for a late acknowledgement.  adopt: a client has just connected. */
void pmix_ack_start(struct pmix *p);
void pmix_ack_adopt(struct pmix *p);
void pmix_ack_stop(struct pmix *p);

/* pmix_upcalls.c: what libpmix asks of its host. */
extern pmix_server_module_t pmix_upcalls;
/* libpmix hands no context to most upcalls and exists once a process, so the one instance is known
 * here.  NULL: upcalls are refused. */
void pmix_upcalls_set_instance(struct pmix *p);
/* Do now what is still queued.  Whoever learns of a task's end calls it first: a rank's abort is
 * queued before its process ends, and must be known before it. */
void pmix_upcalls_drain(struct pmix *p);
void pmix_peer_modex(struct pmix *p, uint32_t from, uint32_t kind, uint64_t tag, const void *data,
                     size_t len);
void pmix_modex_fail_all(struct pmix *p, uint32_t node);

/* A call of libpmix that ends in a callback, waited for. */
struct pmix_waiter;
struct pmix_waiter *pmix_waiter_create(void);
void pmix_waiter_done(pmix_status_t status, void *waiter); /* a pmix_op_cbfunc_t */
/* Waits at most 10 s and frees the waiter; PMIX_ERR_TIMEOUT leaves it to the late callback. */
pmix_status_t pmix_waiter_wait(struct pmix_waiter *w, pmix_status_t rc);

#endif
