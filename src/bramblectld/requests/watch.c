/* watch.c - tell me when these jobs end: sbatch --wait, salloc after a lost connection. */
#include "config.h"

#include "bramblectld/requests/clients.h"
#include "bramblectld/requests/wait.h"

#define WATCHES_MAX 65536

static void watched(void *arg)
{
    struct request *req = arg;
    const Wire__WatchRequest *msg = (const Wire__WatchRequest *)req->msg;
    struct session *s = session_incref(req->session);
    struct clients *cl = s->clients;
    if (request_alive(req))
        for (size_t i = 0; i < msg->n_job_ids; i++)
            wait_add(s, WAIT_JOB, msg->job_ids[i], STEP_NONE, NULL);
    Wire__Empty empty = WIRE__EMPTY__INIT;
    request_send(req, MSG_OK, &empty.base);
    if (s->conn) /* those that have ended already are told at once */
        for (size_t i = 0; i < msg->n_job_ids; i++)
            clients_job_changed(cl, msg->job_ids[i]);
    session_decref(s);
    request_end(req);
}

void watch_handle(struct request *req, const Wire__WatchRequest *msg)
{
    struct ctld *c = req->ctld;
    for (size_t i = 0; i < msg->n_job_ids; i++) {
        struct job *job = cluster_job_find(c->cluster, msg->job_ids[i]);
        if (!job) {
            request_refuse_code(req, BRE_JOB_ID, "job %u: %s", msg->job_ids[i], error_code_text(BRE_JOB_ID));
            return;
        }
        if (job_uid(job) != req->session->who.uid && !req->session->who.is_operator) {
            request_refuse_code(req, BRE_ACCESS, "job %u belongs to another user", msg->job_ids[i]);
            return;
        }
    }
    if (list_count(&req->session->waits) + msg->n_job_ids > WATCHES_MAX) {
        request_refuse_code(req, BRE_BUSY, "more than %d jobs are watched on one connection", WATCHES_MAX);
        return;
    }
    if (request_keep(req, &msg->base) < 0) {
        request_refuse_code(req, BRE_BUSY, "the controller is short of memory");
        return;
    }
    ctld_commit(c, ctld_decision(c), watched, req);
}
