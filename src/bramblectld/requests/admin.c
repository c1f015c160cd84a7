/* admin.c - ping, the batch script of a job, reconfigure, shutdown. */
#include "config.h"

#include <stdio.h>
#include <unistd.h>

#include "bramblectld/agents/agents.h"
#include "bramblectld/requests/request.h"
#include "util/log.h"

void ping_handle(struct request *req)
{
    Wire__PingReply reply = WIRE__PING_REPLY__INIT;
    reply.host = req->ctld->host;
    reply.version = (char *)PACKAGE_VERSION;
    reply.has_boot_time = reply.has_pid = true;
    reply.boot_time = req->ctld->boot_time;
    reply.pid = (uint32_t)getpid();
    request_reply(req, MSG_PING_REPLY, &reply.base);
}

void script_handle(struct request *req, const Wire__ScriptRequest *msg)
{
    struct ctld *c = req->ctld;
    struct job *job = cluster_job_find(c->cluster, msg->job_id);
    Wire__ScriptReply reply = WIRE__SCRIPT_REPLY__INIT;
    if (!job) {
        request_refuse_code(req, BRE_JOB_ID, "%s", error_code_text(BRE_JOB_ID));
        return;
    }
    /* Operators may act on jobs, but not read what users wrote into them. */
    if (job_uid(job) != req->session->who.uid && !req->session->who.is_admin) {
        request_refuse_code(req, BRE_ACCESS, "%s", error_code_text(BRE_ACCESS));
        return;
    }
    if (!cluster_job_script(c->cluster, job, &reply.script)) {
        request_refuse_code(req, BRE_SCRIPT_BAD, "job %u has no batch script", msg->job_id);
        return;
    }
    reply.has_script = true;
    request_reply(req, MSG_SCRIPT_REPLY, &reply.base);
}

void reconfigure_handle(struct request *req)
{
    struct error err;
    log_notice("reconfigure asked for by uid %u", req->session->who.uid);
    if (ctld_reload(req->ctld, &err) < 0)
        request_refuse(req, &err);
    else
        request_ok(req);
}

void shutdown_handle(struct request *req, const Wire__ShutdownRequest *msg)
{
    struct ctld *c = req->ctld;
    char why[64];
    snprintf(why, sizeof(why), "shutdown asked for by uid %u", req->session->who.uid);
    if (!msg->has_controller_only || !msg->controller_only)
        agents_shutdown(c->agents);
    request_ok(req);
    ctld_stop(c, why);
}
