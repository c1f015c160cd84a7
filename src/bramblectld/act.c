/* act.c - effects to messages.  Each may be carried out twice; its receiver knows the attempt. */
#include "config.h"

#include "bramblectld/act.h"
#include "bramblectld/agents/agents.h"
#include "bramblectld/ctld_private.h"
#include "bramblectld/requests/clients.h"
#include "rpc/rpc.h"
#include "util/log.h"

void alloc_info_complete(struct ctld *c, Wire__AllocInfo *info)
{
    info->controller_host = c->host;
}

static void launch(struct ctld *c, const struct effect *e)
{
    struct arena a;
    if (!agents_reachable(c->agents, e->node_id))
        return;
    arena_init(&a, 0, 0);
    Wire__StepLaunch *msg = cluster_launch_message(c->cluster, e, &a);
    if (msg) {
        if (msg->alloc)
            alloc_info_complete(c, msg->alloc);
        agents_send(c->agents, e->node_id, MSG_STEP_LAUNCH, &msg->base);
        log_debug(DBG_STEP, "job %u: step %u attempt %u: launch sent to node %u", e->job_id, e->step_id, e->attempt,
                  e->node_id);
    }
    arena_fini(&a);
}

static void ack(struct ctld *c, const struct effect *e)
{
    Wire__StepStatusAck msg = WIRE__STEP_STATUS_ACK__INIT;
    msg.has_job_id = msg.has_step_id = msg.has_attempt = true;
    msg.job_id = e->job_id;
    msg.step_id = e->step_id;
    msg.attempt = e->attempt;
    agents_send(c->agents, e->node_id, MSG_STEP_STATUS_ACK, &msg.base);
}

void act_effects(struct ctld *c, const struct effect *effects, size_t num)
{
    for (size_t i = 0; i < num; i++) {
        const struct effect *e = &effects[i];
        switch (e->kind) {
        case EFFECT_LAUNCH:
            launch(c, e);
            break;
        case EFFECT_KILL:
            agents_send(c->agents, e->node_id, MSG_STEP_KILL, &e->kill->base);
            break;
        case EFFECT_ACK:
            ack(c, e);
            break;
        case EFFECT_JOB_CHANGED:
            clients_job_changed(c->clients, e->job_id);
            break;
        case EFFECT_STEP_CHANGED:
            clients_step_changed(c->clients, e);
            break;
        case EFFECT_STEP_RETRY:
            clients_step_retry(c->clients, e->job_id);
            break;
        case EFFECT_NOTICE:
            clients_notice(c->clients, e);
            break;
        case EFFECT_SCHEDULE:
            ctld_turn_soon(c);
            break;
        }
    }
}
