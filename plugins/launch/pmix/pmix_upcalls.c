/* pmix_upcalls.c - what libpmix asks of its host, on its own thread: copied, posted, answered later.
 *
 * Fences go to allgather; direct modex asks the board that has the rank.  What has no meaning here
 * (spawn, publish, connect to other jobs) is refused with PMIx's own word for it.
 */
#include "config.h"
#include "pmix_private.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Atomic(struct pmix *) the_instance;

void pmix_upcalls_set_instance(struct pmix *p)
{
    atomic_store(&the_instance, p);
}

/* ---- from libpmix's thread to the loop ---- */

struct upcall {
    struct upcall *next;
    void (*fn)(void *arg);
    void *arg;
};

void pmix_upcalls_drain(struct pmix *p)
{
    struct upcall *list;

    pthread_mutex_lock(&p->lock);
    list = p->upcalls;
    p->upcalls = NULL;
    p->upcalls_end = &p->upcalls;
    pthread_mutex_unlock(&p->lock);
    while (list) {
        struct upcall *next = list->next;

        list->fn(list->arg);
        free(list);
        list = next;
    }
}

static void on_kick(void *arg)
{
    struct pmix *p = atomic_load(&the_instance);

    (void)arg; /* may be gone by now; the_instance is not */
    if (p)
        pmix_upcalls_drain(p);
}

/* -1: no memory; arg stays the caller's. */
static int later(struct pmix *p, void (*fn)(void *arg), void *arg)
{
    struct upcall *call = calloc(1, sizeof *call);

    if (!call)
        return -1;
    call->fn = fn;
    call->arg = arg;
    pthread_mutex_lock(&p->lock);
    *p->upcalls_end = call;
    p->upcalls_end = &call->next;
    pthread_mutex_unlock(&p->lock);
    p->host->post(p->host->ctx, on_kick, NULL);
    return 0;
}

/* ---- clients come and go ---- */

struct client_event {
    struct pmix *p;
    pmix_rank_t rank;
    bool finalized;
    pmix_op_cbfunc_t cbfunc;
    void *cbdata;
};

static void on_client_event(void *arg)
{
    struct client_event *ev = arg;
    const struct launch_node *here = &ev->p->step->nodes[ev->p->step->node_index];

    if (!ev->finalized)
        pmix_ack_adopt(ev->p);
    for (uint32_t t = 0; t < here->num_tasks; t++)
        if (here->gtids[t] == ev->rank) {
            if (ev->finalized) {
                ev->p->finalized[t] = true;
            } else if (!ev->p->begun[t]) {
                ev->p->begun[t] = true;
                rank_watch_begun(&ev->p->watch);
            }
        }
    if (ev->cbfunc)
        ev->cbfunc(PMIX_SUCCESS, ev->cbdata);
    free(ev);
}

static pmix_status_t post_client_event(const pmix_proc_t *proc, bool finalized, pmix_op_cbfunc_t cbfunc,
                                       void *cbdata)
{
    struct pmix *p = atomic_load(&the_instance);
    struct client_event *ev = p ? calloc(1, sizeof *ev) : NULL;

    if (!ev)
        return PMIX_ERR_NOMEM;
    *ev = (struct client_event){ p, proc->rank, finalized, cbfunc, cbdata };
    if (later(p, on_client_event, ev) == 0)
        return PMIX_SUCCESS;
    free(ev);
    return PMIX_ERR_NOMEM;
}

static pmix_status_t up_connected(const pmix_proc_t *proc, void *server_object, pmix_info_t info[],
                                  size_t ninfo, pmix_op_cbfunc_t cbfunc, void *cbdata)
{
    (void)server_object, (void)info, (void)ninfo;
    return post_client_event(proc, false, cbfunc, cbdata);
}

static pmix_status_t up_finalized(const pmix_proc_t *proc, void *server_object, pmix_op_cbfunc_t cbfunc,
                                  void *cbdata)
{
    (void)server_object;
    return post_client_event(proc, true, cbfunc, cbdata);
}

struct abort_event {
    struct pmix *p;
    pmix_rank_t rank;
    int status;
    char text[300];
    pmix_op_cbfunc_t cbfunc;
    void *cbdata;
};

static void on_abort(void *arg)
{
    struct abort_event *ev = arg;

    rank_watch_abort(&ev->p->watch, ev->rank, ev->status, ev->text);
    if (ev->cbfunc)
        ev->cbfunc(PMIX_SUCCESS, ev->cbdata);
    free(ev);
}

static pmix_status_t up_abort(const pmix_proc_t *proc, void *server_object, int status, const char msg[],
                              pmix_proc_t procs[], size_t nprocs, pmix_op_cbfunc_t cbfunc, void *cbdata)
{
    struct pmix *p = atomic_load(&the_instance);
    struct abort_event *ev = p ? calloc(1, sizeof *ev) : NULL;
    bool told = msg && *msg && strcmp(msg, "N/A"); /* Open MPI's word for nothing */
    const char *node;

    (void)server_object, (void)procs, (void)nprocs;
    if (!ev)
        return PMIX_ERR_NOMEM;
    ev->p = p;
    ev->rank = proc->rank;
    ev->status = status;
    ev->cbfunc = cbfunc;
    ev->cbdata = cbdata;
    node = p->step->nodes[p->step->node_index].name;
    snprintf(ev->text, sizeof ev->text, "task %u on %.100s called abort with code %d%s%.100s", proc->rank,
             node, status, told ? ": " : "", told ? msg : "");
    ev->text[strcspn(ev->text, "\r\n")] = '\0';
    if (later(p, on_abort, ev) == 0)
        return PMIX_SUCCESS;
    free(ev);
    return PMIX_ERR_NOMEM;
}

/* ---- fence ---- */

struct fence {
    struct pmix *p;
    uint32_t *nodes, num_nodes;
    uint64_t group;
    char *data;
    size_t len;
    pmix_modex_cbfunc_t cbfunc;
    void *cbdata;
};

static void fence_free(struct fence *f)
{
    free(f->nodes);
    free(f->data);
    free(f);
}

static void on_fence_done(void *arg, int status, const void *data, size_t len)
{
    struct fence *f = arg;
    char *copy = NULL;

    if (!status && len && !(copy = malloc(len)))
        status = 1;
    if (copy)
        memcpy(copy, data, len);
    if (f->cbfunc)
        f->cbfunc(status ? PMIX_ERROR : PMIX_SUCCESS, copy, status ? 0 : len, f->cbdata, free, copy);
    else
        free(copy);
    fence_free(f);
}

static void on_fence(void *arg)
{
    struct fence *f = arg;

    if (allgather_start(f->p->gather, f->nodes, f->num_nodes, f->group, f->data, f->len, on_fence_done, f)
        < 0) {
        f->cbfunc(PMIX_ERR_NOMEM, NULL, 0, f->cbdata, NULL, NULL);
        fence_free(f);
    }
}

/* Which boards take part, and a number that tells this set of ranks from others on those boards. */
static int fence_members(struct fence *f, const pmix_proc_t procs[], size_t nprocs)
{
    const struct launch_step *step = f->p->step;
    bool *member = calloc(step->num_nodes, sizeof *member);

    f->nodes = calloc(step->num_nodes, sizeof *f->nodes);
    if (!member || !f->nodes) {
        free(member);
        return -1;
    }
    for (size_t i = 0; i < nprocs; i++) {
        if (procs[i].rank == PMIX_RANK_WILDCARD) {
            for (uint32_t n = 0; n < step->num_nodes; n++)
                member[n] = step->nodes[n].num_tasks > 0;
        } else if (procs[i].rank < step->num_tasks) {
            member[f->p->node_of[procs[i].rank]] = true;
            /* a sum, since the order of ranks may differ between boards */
            f->group += (procs[i].rank + 1u) * 0x9e3779b97f4a7c15u;
        }
    }
    for (uint32_t n = 0; n < step->num_nodes; n++)
        if (member[n])
            f->nodes[f->num_nodes++] = n;
    free(member);
    return 0;
}

static pmix_status_t up_fence(const pmix_proc_t procs[], size_t nprocs, const pmix_info_t info[],
                              size_t ninfo, char *data, size_t ndata, pmix_modex_cbfunc_t cbfunc,
                              void *cbdata)
{
    struct pmix *p = atomic_load(&the_instance);
    struct fence *f = p ? calloc(1, sizeof *f) : NULL;

    (void)info, (void)ninfo;
    if (!f) {
        free(data);
        return PMIX_ERR_NOMEM;
    }
    f->p = p;
    f->data = data; /* libpmix leaves this one buffer to its host */
    f->len = data ? ndata : 0;
    f->cbfunc = cbfunc;
    f->cbdata = cbdata;
    if (fence_members(f, procs, nprocs) == 0 && later(p, on_fence, f) == 0)
        return PMIX_SUCCESS;
    fence_free(f);
    return PMIX_ERR_NOMEM;
}

/* ---- direct modex ---- */

struct modex_wait {
    struct modex_wait *next;
    struct pmix *p;
    uint64_t tag;
    uint32_t rank, node;
    pmix_modex_cbfunc_t cbfunc;
    void *cbdata;
};

static void modex_answer(struct pmix *p, struct modex_wait *wait, pmix_status_t status, const void *data,
                         size_t len)
{
    char *copy = len ? malloc(len) : NULL;

    if (copy)
        memcpy(copy, data, len);
    else if (len)
        status = PMIX_ERR_NOMEM;
    for (struct modex_wait **link = &p->waits; *link; link = &(*link)->next)
        if (*link == wait) {
            *link = wait->next;
            break;
        }
    wait->cbfunc(status, copy, copy ? len : 0, wait->cbdata, free, copy);
    free(wait);
}

static void on_modex(void *arg)
{
    struct modex_wait *wait = arg;
    struct pmix *p = wait->p;

    wait->tag = ++p->last_wait;
    wait->next = p->waits;
    p->waits = wait;
    if (p->host->peer_send(p->host->ctx, wait->node, PEER_MODEX_ASK, wait->tag, &wait->rank,
                           sizeof wait->rank)
        < 0)
        modex_answer(p, wait, PMIX_ERR_UNREACH, NULL, 0);
}

static pmix_status_t up_modex(const pmix_proc_t *proc, const pmix_info_t info[], size_t ninfo,
                              pmix_modex_cbfunc_t cbfunc, void *cbdata)
{
    struct pmix *p = atomic_load(&the_instance);
    struct modex_wait *wait;

    (void)info, (void)ninfo;
    if (!p || !PMIX_CHECK_NSPACE(proc->nspace, p->nspace) || proc->rank >= p->step->num_tasks)
        return PMIX_ERR_NOT_FOUND;
    if (!(wait = calloc(1, sizeof *wait)))
        return PMIX_ERR_NOMEM;
    wait->p = p;
    wait->rank = proc->rank;
    wait->node = p->node_of[proc->rank];
    wait->cbfunc = cbfunc;
    wait->cbdata = cbdata;
    if (later(p, on_modex, wait) == 0)
        return PMIX_SUCCESS;
    free(wait);
    return PMIX_ERR_NOMEM;
}

/* The asked side: libpmix answers when the rank has put its data, on its own thread. */
struct modex_ask {
    struct pmix *p;
    uint32_t from;
    uint64_t tag;
    pmix_status_t status;
    char *data;
    size_t len;
};

static void send_modex(void *arg)
{
    struct modex_ask *ask = arg;
    size_t len = sizeof ask->status + ask->len;
    char *message = malloc(len);

    if (message) {
        memcpy(message, &ask->status, sizeof ask->status);
        if (ask->len)
            memcpy(message + sizeof ask->status, ask->data, ask->len);
        ask->p->host->peer_send(ask->p->host->ctx, ask->from, PEER_MODEX_ANSWER, ask->tag, message, len);
    }
    free(message);
    free(ask->data);
    free(ask);
}

static void on_modex_data(pmix_status_t status, char *data, size_t len, void *cbdata)
{
    struct modex_ask *ask = cbdata;

    ask->status = status;
    if (status == PMIX_SUCCESS && len && (ask->data = malloc(len))) {
        memcpy(ask->data, data, len);
        ask->len = len;
    }
    if (!atomic_load(&the_instance) || later(ask->p, send_modex, ask) < 0) {
        free(ask->data);
        free(ask);
    }
}

static void asked(struct pmix *p, uint32_t from, uint64_t tag, const void *data, size_t len)
{
    struct modex_ask *ask = calloc(1, sizeof *ask);
    pmix_proc_t proc;
    uint32_t rank;
    pmix_status_t rc;

    if (!ask || len != sizeof rank) {
        free(ask);
        return;
    }
    memcpy(&rank, data, sizeof rank);
    ask->p = p;
    ask->from = from;
    ask->tag = tag;
    PMIX_LOAD_PROCID(&proc, p->nspace, rank);
    rc = PMIx_server_dmodex_request(&proc, on_modex_data, ask);
    if (rc != PMIX_SUCCESS) {
        ask->status = rc;
        send_modex(ask);
    }
}

void pmix_peer_modex(struct pmix *p, uint32_t from, uint32_t kind, uint64_t tag, const void *data,
                     size_t len)
{
    pmix_status_t status;

    if (kind == PEER_MODEX_ASK) {
        asked(p, from, tag, data, len);
    } else if (kind == PEER_MODEX_ANSWER && len >= sizeof status) {
        memcpy(&status, data, sizeof status);
        for (struct modex_wait *wait = p->waits; wait; wait = wait->next)
            if (wait->tag == tag && wait->node == from) {
                modex_answer(p, wait, status, (const char *)data + sizeof status, len - sizeof status);
                break;
            }
    }
}

void pmix_modex_fail_all(struct pmix *p, uint32_t node)
{
    struct modex_wait *wait, *next;

    for (wait = p->waits; wait; wait = next) {
        next = wait->next;
        if (wait->node == node)
            modex_answer(p, wait, PMIX_ERR_UNREACH, NULL, 0);
    }
}

/* ---- what is refused, and what needs no deed ---- */

static pmix_status_t up_spawn(const pmix_proc_t *proc, const pmix_info_t job_info[], size_t ninfo,
                              const pmix_app_t apps[], size_t napps, pmix_spawn_cbfunc_t cbfunc,
                              void *cbdata)
{
    struct pmix *p = atomic_load(&the_instance);

    (void)proc, (void)job_info, (void)ninfo, (void)apps, (void)napps, (void)cbfunc, (void)cbdata;
    if (p)
        p->host->tell(p->host->ctx,
                      "MPI_Comm_spawn is not supported under srun: start the program with mpirun inside "
                      "sbatch or salloc instead");
    return PMIX_ERR_NOT_SUPPORTED;
}

static pmix_status_t up_register_events(pmix_status_t *codes, size_t ncodes, const pmix_info_t info[],
                                        size_t ninfo, pmix_op_cbfunc_t cbfunc, void *cbdata)
{
    (void)codes, (void)ncodes, (void)info, (void)ninfo, (void)cbfunc, (void)cbdata;
    return PMIX_OPERATION_SUCCEEDED;
}

static pmix_status_t up_deregister_events(pmix_status_t *codes, size_t ncodes, pmix_op_cbfunc_t cbfunc,
                                          void *cbdata)
{
    (void)codes, (void)ncodes, (void)cbfunc, (void)cbdata;
    return PMIX_OPERATION_SUCCEEDED;
}

pmix_server_module_t pmix_upcalls = {
    .client_connected2 = up_connected,
    .client_finalized = up_finalized,
    .abort = up_abort,
    .fence_nb = up_fence,
    .direct_modex = up_modex,
    .spawn = up_spawn,
    .register_events = up_register_events,
    .deregister_events = up_deregister_events,
};
