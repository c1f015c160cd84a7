/* launch.c - orders of the controller: start a step, end a step, end a job.
 *
 * Each order names its attempt.  What was done already is answered again and not done again;
 * what belongs to an older attempt is refused.
 */
#include "config.h"
#include "brambled/agent_private.h"

#include "util/failpoint.h"
#include "util/log.h"
#include "util/mem.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STEPS_MAX 4096

static void reply_launch(struct agent *a, uint32_t job_id, uint32_t step_id, uint32_t attempt, const struct error *err,
                         bool drain)
{
    Wire__StepLaunchReply reply = WIRE__STEP_LAUNCH_REPLY__INIT;

    reply.has_job_id = reply.has_step_id = reply.has_attempt = reply.has_code = true;
    reply.job_id = job_id;
    reply.step_id = step_id;
    reply.attempt = attempt;
    reply.code = err ? (uint32_t)err->code : 0;
    reply.text = err ? (char *)(uintptr_t)err->text : NULL;
    reply.has_drain = drain;
    reply.drain = drain;
    link_send(a, MSG_STEP_LAUNCH_REPLY, &reply.base);
}

/* The step could not be started: say why, leave nothing. */
void launch_refuse(struct agent_step *s, const struct error *err, bool drain)
{
    struct agent *a = s->agent;
    struct agent_job *job = s->job;
    char name[STEP_NAME_MAX];

    log_warning("step %s: not started: %s", step_name(s, name), err->text);
    reply_launch(a, s->job_id, s->step_id, s->attempt, err, drain);
    if (s->state != ASTEP_WAITS)
        folder_remove(s);
    step_free(s);
    if (job) {
        job->num_steps--;
        job_check_clean(a, job);
    }
}

void launch_start(struct agent_step *s, const Wire__StepLaunch *order)
{
    struct error err = { 0 };
    bool drain = false;

    s->state = ASTEP_STARTING;
    if (folder_make(s, order, &err, &drain) < 0) {
        launch_refuse(s, &err, drain);
        return;
    }
    (void)FAILPOINT(agent_folder_made);
    if (shepherd_start(s, order, &err) < 0)
        launch_refuse(s, &err, drain);
    else
        (void)FAILPOINT(agent_order_given);
}

static int check_order(struct agent *a, const Wire__StepLaunch *order, struct error *err)
{
    const Wire__AllocInfo *alloc = order->alloc;
    const Wire__StepLayout *layout = order->layout;

    if (!alloc || !layout || !order->spec || !order->has_step_id || !alloc->has_uid || !alloc->has_gid || !alloc->job_id
        || order->node_index >= layout->n_nodes || layout->n_tasks != layout->n_nodes)
        return error_set(err, BRE_PROTOCOL, "incomplete launch order");
    if (!a->is_root && alloc->uid != geteuid())
        return error_set(err, BRE_ACCESS, "the agent on %s is not root and runs jobs of uid %u only", a->opts.node_name,
                         (unsigned)geteuid());
    if (!a->map || !a->cgroup)
        return error_set(err, BRE_INTERNAL, "the board is not known yet");
    if (list_count(&a->steps) >= STEPS_MAX)
        return error_set(err, BRE_BUSY, "too many steps on this node");
    return 0;
}

void launch_order(struct agent *a, const Wire__StepLaunch *order)
{
    const Wire__AllocInfo *alloc = order->alloc;
    struct agent_step *s;
    struct agent_job *job;
    struct error err = { 0 };

    if (!alloc)
        return;
    if ((s = step_find(a, alloc->job_id, order->step_id, alloc->attempt))) {
        if (s->replied) /* the same order again: the same answer */
            reply_launch(a, s->job_id, s->step_id, s->attempt, NULL, false);
        if (s->state == ASTEP_ENDED) {
            s->reported = false;
            step_report(s);
        }
        return;
    }
    job = job_find(a, alloc->job_id);
    if (check_order(a, order, &err) < 0)
        ;
    else if (tomb_find(a, alloc->job_id, order->step_id, alloc->attempt)
             || tomb_find(a, alloc->job_id, STEP_NONE, alloc->attempt))
        error_set(&err, BRE_ALREADY_DONE, "this attempt has ended on this node");
    else if (job && job->attempt != alloc->attempt)
        error_set(&err, BRE_ALREADY_DONE, "attempt %u of job %u is on this node", job->attempt, job->job_id);
    else if (job && job->ending)
        error_set(&err, BRE_ALREADY_DONE, "the job is being ended on this node");
    if (err.code) {
        log_warning("job %u step %u attempt %u: not started: %s", alloc->job_id, order->step_id, alloc->attempt, err.text);
        reply_launch(a, alloc->job_id, order->step_id, alloc->attempt, &err, false);
        return;
    }
    (void)FAILPOINT(agent_order_taken);
    job = job_get(a, alloc->job_id, alloc->attempt, alloc->uid, alloc->gid, alloc->user_name);
    s = step_add(a, job, alloc->job_id, order->step_id, alloc->attempt);
    s->ends_job = order->ends_job;
    s->suspended = order->suspended;
    s->order_len = wire__step_launch__get_packed_size(order);
    if (job->prolog != PROLOG_DONE && (a->conf.prolog || a->conf.epilog || job->recorded)) {
        s->order = xmalloc(s->order_len);
        wire__step_launch__pack(order, s->order);
        if (job_prolog(a, job))
            return; /* it starts, or is refused, when the prolog has ended */
        free(s->order);
        s->order = NULL;
    }
    job->prolog = PROLOG_DONE;
    launch_start(s, order);
}

/* The controller believes in a step that is not here: it will never be. */
static void answer_unknown(struct agent *a, const Wire__StepKill *kill)
{
    Wire__StepStatus st = WIRE__STEP_STATUS__INIT;

    tomb_add(a, kill->job_id, kill->step_id, kill->attempt);
    st.has_job_id = st.has_step_id = st.has_attempt = st.has_state = st.has_killed_by_order = true;
    st.job_id = kill->job_id;
    st.step_id = kill->step_id;
    st.attempt = kill->attempt;
    st.state = STEP_ENDED;
    st.killed_by_order = true;
    st.has_exit_status = true;
    st.exit_status = 15;
    st.text = (char *)(uintptr_t) "the step is not on this node";
    link_send(a, MSG_STEP_STATUS, &st.base);
}

static void kill_step(struct agent *a, const Wire__StepKill *kill)
{
    bool found = false;

    list_for_each_safe(node, &a->steps)
    {
        struct agent_step *s = container_of(node, struct agent_step, node);

        if (s->job_id != kill->job_id || s->step_id != kill->step_id
            || (s->attempt != kill->attempt && !kill->all_attempts))
            continue;
        found = true;
        if (s->state < ASTEP_ENDED)
            shepherd_kill(s, kill);
        else if (s->state == ASTEP_ENDED && !kill->signal) {
            s->reported = false;
            step_report(s);
        }
    }
    if (!found && !kill->signal)
        answer_unknown(a, kill);
}

void launch_kill(struct agent *a, const Wire__StepKill *kill)
{
    struct agent_job *job;

    if (kill->has_step_id && kill->step_id != STEP_NONE) {
        kill_step(a, kill);
        return;
    }
    job = job_find(a, kill->job_id);
    if (job && (job->attempt == kill->attempt || kill->all_attempts)) {
        if (kill->signal) {
            list_for_each_safe(node, &a->steps)
            {
                struct agent_step *s = container_of(node, struct agent_step, node);

                if (s->job == job && s->state < ASTEP_ENDED)
                    shepherd_kill(s, kill);
            }
            return;
        }
        job->tell_clean = true;
        job_end(a, job, kill);
        return;
    }
    if (kill->signal)
        return;
    /* Nothing of that attempt is here, and nothing of it will be. */
    tomb_add(a, kill->job_id, STEP_NONE, kill->attempt);
    job_send_clean(a, kill->job_id, kill->attempt, false, NULL);
}
