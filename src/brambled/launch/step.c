/* step.c - the steps that the agent knows, their newest status, and the memory of those that ended. */
#include "config.h"
#include "brambled/agent_private.h"

#include "util/failpoint.h"
#include "util/log.h"
#include "util/mem.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TRIM_STEPS 64

const char *step_name(const struct agent_step *s, char buf[STEP_NAME_MAX])
{
    if (s->step_id == STEP_BATCH)
        snprintf(buf, STEP_NAME_MAX, "%u.batch", s->job_id);
    else if (s->step_id == STEP_EXTERN)
        snprintf(buf, STEP_NAME_MAX, "%u.extern", s->job_id);
    else if (s->step_id == STEP_INTERACTIVE)
        snprintf(buf, STEP_NAME_MAX, "%u.interactive", s->job_id);
    else
        snprintf(buf, STEP_NAME_MAX, "%u.%u", s->job_id, s->step_id);
    return buf;
}

struct agent_step *step_add(struct agent *a, struct agent_job *job, uint32_t job_id, uint32_t step_id, uint32_t attempt)
{
    struct agent_step *s = xcalloc(1, sizeof *s);

    s->agent = a;
    s->job = job;
    s->job_id = job_id;
    s->step_id = step_id;
    s->attempt = attempt;
    s->uid = job->uid;
    job->num_steps++;
    list_append(&a->steps, &s->node);
    return s;
}

struct agent_step *step_find(struct agent *a, uint32_t job_id, uint32_t step_id, uint32_t attempt)
{
    list_for_each(node, &a->steps)
    {
        struct agent_step *s = container_of(node, struct agent_step, node);

        if (s->job_id == job_id && s->step_id == step_id && s->attempt == attempt)
            return s;
    }
    return NULL;
}

/* What a connection still says when its step is forgotten. */
static void ignore_frame(void *arg, struct rpc_conn *conn, const struct rpc_frame *frame)
{
    (void)arg;
    (void)conn;
    if (frame->fd >= 0)
        close(frame->fd);
}

static void ignore_close(void *arg, struct rpc_conn *conn, const struct error *why)
{
    (void)arg;
    (void)conn;
    (void)why;
}

static const struct rpc_conn_ops no_ops = { .on_frame = ignore_frame, .on_close = ignore_close };

void step_free(struct agent_step *s)
{
    struct rpc_conn *conn = s->conn;
    struct agent *a = s->agent;

    s->conn = NULL;
    if (conn) {
        rpc_conn_set_arg(conn, &no_ops, NULL);
        rpc_conn_abort(conn, &(struct error){ .code = BRE_CLOSED, .text = "step is over" });
    }
    if (s->job && s->job->last == s)
        s->job->last = NULL;
    reactor_timer_close(s->timer);
    list_remove(&s->node);
    free(s->order);
    free(s->status);
    if (++a->num_freed >= TRIM_STEPS && list_is_empty(&a->steps)) {
        malloc_trim(0); /* a burst of steps leaves a heap that idle agents do not need */
        a->num_freed = 0;
    }
    free(s);
}

/* ---- what has ended here ---- */

void tomb_add(struct agent *a, uint32_t job_id, uint32_t step_id, uint32_t attempt)
{
    if (tomb_find(a, job_id, step_id, attempt))
        return;
    a->tombs[a->next_tomb++ % TOMBS_MAX] = (struct tomb){ job_id, step_id, attempt };
}

bool tomb_find(const struct agent *a, uint32_t job_id, uint32_t step_id, uint32_t attempt)
{
    for (unsigned i = 0; i < TOMBS_MAX && i < a->next_tomb; i++)
        if (a->tombs[i].job_id == job_id && a->tombs[i].step_id == step_id && a->tombs[i].attempt == attempt)
            return true;
    return false;
}

/* ---- status ---- */

void step_set_status(struct agent_step *s, const Wire__StepStatus *status)
{
    s->status_len = wire__step_status__get_packed_size(status);
    s->status = xrealloc(s->status, s->status_len);
    wire__step_status__pack(status, s->status);
}

void step_report(struct agent_step *s)
{
    Wire__StepStatus *st;

    if (!s->agent->registered || !s->status || (s->state == ASTEP_ENDED && s->reported))
        return;
    if (!(st = wire__step_status__unpack(NULL, s->status_len, s->status)))
        return;
    if (link_send(s->agent, MSG_STEP_STATUS, &st->base) && s->state == ASTEP_ENDED) {
        s->reported = true;
        (void)FAILPOINT(agent_report_sent);
        link_repeat_later(s->agent);
    }
    wire__step_status__free_unpacked(st, NULL);
}

void step_repeat_all(struct agent *a)
{
    list_for_each_safe(node, &a->steps)
    {
        struct agent_step *s = container_of(node, struct agent_step, node);

        if (s->state == ASTEP_ENDED && (!s->job || s->job->last != s))
            step_report(s);
    }
}

/* The step has ended here.  The end of a job's last step is told when nothing of the job is left. */
void step_over(struct agent_step *s)
{
    struct agent_job *job = s->job;
    char name[STEP_NAME_MAX];

    if (s->state >= ASTEP_ENDED)
        return;
    log_debug(DBG_STEP, "step %s: ended", step_name(s, name));
    s->state = ASTEP_ENDED;
    reactor_timer_close(s->timer);
    s->timer = NULL;
    job->num_steps--;
    if (s->ends_job && !job->last) {
        job->last = s;
        job_end(s->agent, job, NULL);
        return;
    }
    step_report(s);
    if (job->ending)
        job_check_clean(s->agent, job);
}

/* A shepherd that tells nothing any more: the agent says what it knows. */
void step_made_up_end(struct agent_step *s, const char *text)
{
    Wire__StepStatus st = WIRE__STEP_STATUS__INIT;
    char name[STEP_NAME_MAX];

    if (s->state >= ASTEP_ENDED)
        return;
    log_warning("step %s: %s", step_name(s, name), text);
    st.has_job_id = st.has_step_id = st.has_attempt = st.has_state = st.has_exit_status = true;
    st.job_id = s->job_id;
    st.step_id = s->step_id;
    st.attempt = s->attempt;
    st.state = STEP_ENDED;
    st.exit_status = 1 << 8;
    st.has_aborted = true;
    st.aborted = true;
    st.text = (char *)(uintptr_t)text;
    st.has_end_time = true;
    st.end_time = (int64_t)time(NULL);
    step_set_status(s, &st);
    step_over(s);
}

/* The controller has the end on its disk: the shepherd may forget it. */
void step_acked(struct agent *a, const Wire__StepStatusAck *ack)
{
    struct agent_step *s = step_find(a, ack->job_id, ack->step_id, ack->attempt);

    if (!s || s->state != ASTEP_ENDED)
        return;
    tomb_add(a, s->job_id, s->step_id, s->attempt);
    if (!s->job && s->ends_job)
        records_remove(a, s->job_id, s->attempt);
    s->state = ASTEP_RELEASED;
    if (s->conn) {
        shepherd_release(s); /* its folder goes when it has gone */
        return;
    }
    folder_remove(s);
    step_free(s);
}
