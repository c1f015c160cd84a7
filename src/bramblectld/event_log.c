/* event_log.c - the life of jobs as log lines, led by their subject. */
#include "config.h"

#include "bramble/constants.h"
#include "bramblectld/event_log.h"
#include "util/log.h"

static const char *const state_names[] = {
#define X(e, n, c) n,
    JOB_STATES(X)
#undef X
};

static const char *state_name(uint32_t state)
{
    return state < JOB_STATE_COUNT ? state_names[state] : "in an unknown state";
}

void event_log(const Wire__Event *ev)
{
    switch (ev->body_case) {
    case WIRE__EVENT__BODY_JOB_SUBMITTED:
        log_info("job %u: submitted", ev->job_submitted->job_id);
        break;
    case WIRE__EVENT__BODY_JOB_STARTED: {
        const Wire__EvJobStarted *e = ev->job_started;
        log_info("job %u: started, attempt %u, on %s%s", e->job_id, e->attempt,
                 e->n_nodes && e->nodes[0]->name ? e->nodes[0]->name : "no node", e->n_nodes > 1 ? " and more" : "");
        break;
    }
    case WIRE__EVENT__BODY_JOB_ENDING:
        log_info("job %u: is to end, %s%s%s", ev->job_ending->job_id, state_name(ev->job_ending->state),
                 ev->job_ending->text ? ": " : "", ev->job_ending->text ? ev->job_ending->text : "");
        break;
    case WIRE__EVENT__BODY_JOB_SUSPENDED:
        log_info("job %u: %s", ev->job_suspended->job_id, ev->job_suspended->resume ? "resumed" : "suspended");
        break;
    case WIRE__EVENT__BODY_JOB_ENDED:
        log_info("job %u: %s, status 0x%x", ev->job_ended->job_id, state_name(ev->job_ended->state),
                 ev->job_ended->exit_status);
        break;
    case WIRE__EVENT__BODY_JOB_REQUEUED:
        log_info("job %u: requeued as attempt %u%s%s", ev->job_requeued->job_id, ev->job_requeued->attempt,
                 ev->job_requeued->text ? ": " : "", ev->job_requeued->text ? ev->job_requeued->text : "");
        break;
    case WIRE__EVENT__BODY_NODE_STATE:
        if (ev->node_state->change != NODE_CHANGE_LOST)
            log_notice("node %s: %s%s%s", ev->node_state->name ? ev->node_state->name : "?",
                       ev->node_state->change == NODE_CHANGE_SILENT         ? "down, silent for too long"
                       : ev->node_state->change == NODE_CHANGE_DRAIN        ? "draining"
                       : ev->node_state->change == NODE_CHANGE_RESUME       ? "resumed"
                       : ev->node_state->change == NODE_CHANGE_DOWN         ? "declared down"
                       : ev->node_state->change == NODE_CHANGE_UNDRAIN_AUTO ? "no longer drained"
                                                                            : "changed",
                       ev->node_state->reason ? ": " : "", ev->node_state->reason ? ev->node_state->reason : "");
        break;
    default:
        break;
    }
}

uint32_t event_job(const Wire__Event *ev)
{
    switch (ev->body_case) {
    case WIRE__EVENT__BODY_JOB_SUBMITTED:
        return ev->job_submitted->job_id;
    case WIRE__EVENT__BODY_JOB_UPDATED:
        return ev->job_updated->job_id;
    case WIRE__EVENT__BODY_JOB_STARTED:
        return ev->job_started->job_id;
    case WIRE__EVENT__BODY_JOB_ENDING:
        return ev->job_ending->job_id;
    case WIRE__EVENT__BODY_JOB_ENDED:
        return ev->job_ended->job_id;
    case WIRE__EVENT__BODY_JOB_REQUEUED:
        return ev->job_requeued->job_id;
    case WIRE__EVENT__BODY_JOB_SUSPENDED:
        return ev->job_suspended->job_id;
    case WIRE__EVENT__BODY_STEP_CREATED:
        return ev->step_created->job_id;
    case WIRE__EVENT__BODY_STEP_NODE_ENDED:
        return ev->step_node_ended->status ? ev->step_node_ended->status->job_id : 0;
    case WIRE__EVENT__BODY_STEP_ENDED:
        return ev->step_ended->job_id;
    default:
        return 0;
    }
}
