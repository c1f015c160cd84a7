/* pmix_plugin.c - launcher "pmix": a PMIx server for the ranks of this step on this board.
 *
 * It runs in the step's i/o process, as the job's user.  libpmix has a thread of its own; whatever
 * it asks for is copied and posted to the host's loop, where the rest of this plugin runs.
 */
#include "config.h"
#include "pmix_private.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <pmix.h>

#define WAIT_SEC 10

struct pmix_waiter {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool done, abandoned;
    pmix_status_t status;
};

struct pmix_waiter *pmix_waiter_create(void)
{
    struct pmix_waiter *w = calloc(1, sizeof *w);

    if (w) {
        pthread_mutex_init(&w->lock, NULL);
        pthread_cond_init(&w->changed, NULL);
    }
    return w;
}

static void waiter_free(struct pmix_waiter *w)
{
    pthread_cond_destroy(&w->changed);
    pthread_mutex_destroy(&w->lock);
    free(w);
}

void pmix_waiter_done(pmix_status_t status, void *waiter)
{
    struct pmix_waiter *w = waiter;
    bool abandoned;

    pthread_mutex_lock(&w->lock);
    w->status = status;
    w->done = true;
    abandoned = w->abandoned;
    pthread_cond_signal(&w->changed);
    pthread_mutex_unlock(&w->lock);
    if (abandoned)
        waiter_free(w);
}

pmix_status_t pmix_waiter_wait(struct pmix_waiter *w, pmix_status_t rc)
{
    struct timespec until;
    pmix_status_t status;

    if (rc != PMIX_SUCCESS) { /* no callback follows */
        waiter_free(w);
        return rc == PMIX_OPERATION_SUCCEEDED ? PMIX_SUCCESS : rc;
    }
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += WAIT_SEC;
    pthread_mutex_lock(&w->lock);
    while (!w->done && pthread_cond_timedwait(&w->changed, &w->lock, &until) == 0)
        ;
    if (!w->done) {
        w->abandoned = true;
        pthread_mutex_unlock(&w->lock);
        return PMIX_ERR_TIMEOUT;
    }
    status = w->status;
    pthread_mutex_unlock(&w->lock);
    waiter_free(w);
    return status;
}

static void pmix_fini(void *self)
{
    struct pmix *p = self;

    if (!p)
        return;
    pmix_upcalls_drain(p);
    pmix_upcalls_set_instance(NULL);
    pmix_ack_stop(p);
    if (p->up)
        PMIx_server_finalize();
    pthread_mutex_destroy(&p->lock);
    pmi_server_destroy(p->pmi);
    allgather_destroy(p->gather);
    free(p->node_of);
    free(p->begun);
    free(p->finalized);
    free(p);
}

static int make_tables(struct pmix *p)
{
    const struct launch_step *step = p->step;

    p->num_local = step->nodes[step->node_index].num_tasks;
    p->begun = calloc(p->num_local ? p->num_local : 1, sizeof *p->begun);
    p->finalized = calloc(p->num_local ? p->num_local : 1, sizeof *p->finalized);
    p->node_of = calloc(step->num_tasks ? step->num_tasks : 1, sizeof *p->node_of);
    p->gather = allgather_create(step, p->host, PEER_FENCE);
    if (!p->begun || !p->finalized || !p->node_of || !p->gather)
        return -1;
    for (uint32_t n = 0; n < step->num_nodes; n++)
        for (uint32_t t = 0; t < step->nodes[n].num_tasks; t++)
            if (step->nodes[n].gtids[t] < step->num_tasks)
                p->node_of[step->nodes[n].gtids[t]] = n;
    return 0;
}

/* Components that this server needs and no others: the choice saves tens of milliseconds of probing
 * at each step's start.  What a site has set in the environment stays. */
static void choose_components(void)
{
    char machine[32];

    /* libpmix looks over the whole machine, in 10 ms, for a topology that is not asked of it here: ranks
     * are bound by the shepherd and find their own. */
    snprintf(machine, sizeof machine, "numa:1 core:%ld pu:1", sysconf(_SC_NPROCESSORS_ONLN));
    if (!getenv("HWLOC_XMLFILE"))
        setenv("HWLOC_SYNTHETIC", machine, 0);
    setenv("HWLOC_PLUGINS_PATH", "/nonexistent", 0); /* graphics, OpenCL, libxml: a dozen libraries */
    setenv("PMIX_MCA_gds", "hash", 0);
    setenv("PMIX_MCA_psec", "native", 0);
    setenv("PMIX_MCA_pcompress_base_silence_warning", "1", 0);
    setenv("PMIX_MCA_pmdl", "^ompi,ompi4,oshmem", 0);
    setenv("PMIX_MCA_pnet", "^opa,nvd,sshot", 0);
}

static int start_server(struct pmix *p, struct plugin_error *err)
{
    pmix_rank_t rank = p->step->node_index;
    uint32_t uid = p->step->uid, gid = p->step->gid;
    bool no = false;
    pmix_nspace_t server_nspace;
    pmix_info_t info[9];
    size_t n = 0;
    pmix_status_t rc;
    struct sigaction chld;

    choose_components();
    PMIX_LOAD_NSPACE(server_nspace, "bramble-server");
    memset(info, 0, sizeof info);
    PMIX_INFO_LOAD(&info[n], PMIX_SERVER_TMPDIR, p->step->tmp_dir, PMIX_STRING), n++;
    PMIX_INFO_LOAD(&info[n], PMIX_SYSTEM_TMPDIR, p->step->tmp_dir, PMIX_STRING), n++;
    PMIX_INFO_LOAD(&info[n], PMIX_SERVER_NSPACE, server_nspace, PMIX_STRING), n++;
    PMIX_INFO_LOAD(&info[n], PMIX_SERVER_RANK, &rank, PMIX_PROC_RANK), n++;
    PMIX_INFO_LOAD(&info[n], PMIX_HOSTNAME, p->step->nodes[rank].name, PMIX_STRING), n++;
    PMIX_INFO_LOAD(&info[n], PMIX_USERID, &uid, PMIX_UINT32), n++;
    PMIX_INFO_LOAD(&info[n], PMIX_GRPID, &gid, PMIX_UINT32), n++;
    PMIX_INFO_LOAD(&info[n], PMIX_SERVER_TOOL_SUPPORT, &no, PMIX_BOOL), n++;
    PMIX_INFO_LOAD(&info[n], PMIX_SERVER_SHARE_TOPOLOGY, &no, PMIX_BOOL), n++;
    /* libpmix may take SIGCHLD for itself; children are the shepherd's business */
    sigaction(SIGCHLD, NULL, &chld);
    rc = PMIx_server_init(&pmix_upcalls, info, n);
    sigaction(SIGCHLD, &chld, NULL);
    for (size_t i = 0; i < n; i++)
        PMIX_INFO_DESTRUCT(&info[i]);
    if (rc != PMIX_SUCCESS) {
        snprintf(err->text, sizeof err->text, "the PMIx server does not start: %s",
                 PMIx_Error_string(rc));
        return -1;
    }
    p->up = true;
    return 0;
}

static void *pmix_init(const struct launch_step *step, const struct launch_host *host,
                       struct plugin_error *err)
{
    struct pmix *p = calloc(1, sizeof *p);

    if (!p) {
        snprintf(err->text, sizeof err->text, "out of memory");
        return NULL;
    }
    p->step = step;
    p->host = host;
    p->ack_fd = -1;
    pthread_mutex_init(&p->lock, NULL);
    p->upcalls_end = &p->upcalls;
    snprintf(p->nspace, sizeof p->nspace, "bramble.%u.%u.%u", step->job_id, step->step_id, step->attempt);
    rank_watch_init(&p->watch, step, host);
    if (make_tables(p) < 0) {
        snprintf(err->text, sizeof err->text, "out of memory");
        pmix_fini(p);
        return NULL;
    }
    pmix_upcalls_set_instance(p);
    if (!(p->pmi = pmi_server_create(step, host, &p->watch, err)) || start_server(p, err) < 0
        || pmix_job_register(p, err) < 0) {
        pmix_fini(p);
        return NULL;
    }
    pmix_ack_start(p);
    return p;
}

static int pmix_task_prepare(void *self, uint32_t local_task, const struct launch_env *env, int *keep_fd,
                             struct plugin_error *err)
{
    struct pmix *p = self;
    char **vars = NULL;
    pmix_proc_t proc;
    pmix_status_t rc;

    PMIX_LOAD_PROCID(&proc, p->nspace, p->step->nodes[p->step->node_index].gtids[local_task]);
    rc = PMIx_server_setup_fork(&proc, &vars);
    if (rc != PMIX_SUCCESS) {
        snprintf(err->text, sizeof err->text, "no PMIx environment for task %u: %s", proc.rank,
                 PMIx_Error_string(rc));
        return -1;
    }
    for (char **var = vars; var && *var; var++) {
        char *value = strchr(*var, '=');

        if (value) {
            *value++ = '\0';
            env->set(env->ctx, *var, value);
        }
        free(*var);
    }
    free(vars);
    return pmi_server_task_prepare(p->pmi, local_task, env, keep_fd, err);
}

static void pmix_task_started(void *self, uint32_t local_task, pid_t pid)
{
    struct pmix *p = self;

    (void)pid;
    pmi_server_task_started(p->pmi, local_task);
}


static void pmix_task_ended(void *self, uint32_t local_task, int status)
{
    struct pmix *p = self;
    enum pmi_progress pmi = pmi_server_task_ended(p->pmi, local_task);

    pmix_upcalls_drain(p);
    rank_watch_ended(&p->watch, local_task, status, p->begun[local_task] || pmi != PMI_UNUSED,
                     p->finalized[local_task] || pmi == PMI_FINALIZED);
}

static void pmix_peer_data(void *self, uint32_t from_node, uint32_t kind, uint64_t tag, const void *data,
                           size_t len)
{
    struct pmix *p = self;

    if (!allgather_peer_data(p->gather, from_node, kind, tag, data, len)
        && !rank_watch_peer_data(&p->watch, kind, tag, data, len)
        && !pmi_server_peer_data(p->pmi, from_node, kind, tag, data, len))
        pmix_peer_modex(p, from_node, kind, tag, data, len);
}

static void pmix_peer_lost(void *self, uint32_t node_index)
{
    struct pmix *p = self;

    allgather_peer_lost(p->gather, node_index);
    pmi_server_peer_lost(p->pmi, node_index);
    pmix_modex_fail_all(p, node_index);
}

extern const struct launch_plugin bramble_plugin;
const struct launch_plugin bramble_plugin = {
    .base = { .abi = BRAMBLE_LAUNCH_ABI, .type = "launch", .name = "pmix",
              .help = "PMIx server for Open MPI and MPICH; also serves PMI-1 and PMI-2" },
    .init = pmix_init,
    .fini = pmix_fini,
    .task_prepare = pmix_task_prepare,
    .task_started = pmix_task_started,
    .task_ended = pmix_task_ended,
    .peer_data = pmix_peer_data,
    .peer_lost = pmix_peer_lost,
};
