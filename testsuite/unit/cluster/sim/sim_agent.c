/* sim_agent.c - agents that do what the real ones promise: a step folder is the memory of a step. */
#include "sim.h"

#include <string.h>

#include "util/mem.h"

static void send_ctld(struct sim *s, const struct sim_msg *m)
{
    struct agent *a = &s->agents[m->node];

    sim_trace(s, m->job_id,
              "node %u says%s: message %d step %u attempt %u clean %d running %d", m->node,
              a->dialled ? "" : " (not connected)", (int)m->kind, m->step_id, m->attempt,
              m->clean, m->running);
    if (!a->dialled || a->hung)
        return;
    for (int copies = s->chaos && sim_chance(s, 5) ? 2 : 1; copies > 0; copies--) {
        struct sim_item *it =
            sim_at(s, 1 + sim_random(s, copies > 1 ? 3000 : 10), SIM_TO_CTLD);

        it->msg = *m;
        it->msg.connection = a->connection;
    }
}

static struct folder *find(struct agent *a, uint32_t job_id, uint32_t step_id,
                           uint32_t attempt)
{
    struct folder *f = a->folders;

    while (f && (f->job_id != job_id || f->step_id != step_id || f->attempt != attempt))
        f = f->next;
    return f;
}

static bool anything_alive(const struct agent *a, uint32_t job_id, uint32_t attempt)
{
    for (const struct folder *f = a->folders; f; f = f->next)
        if (f->job_id == job_id && f->attempt == attempt && f->alive)
            return true;
    return false;
}

static void report(struct sim *s, uint32_t node, const struct folder *f)
{
    struct sim_msg m = { .kind = MSG_STATUS,
                         .node = node,
                         .job_id = f->job_id,
                         .step_id = f->step_id,
                         .attempt = f->attempt,
                         .exit_status = f->exit_status,
                         .clean = f->clean,
                         .running = f->alive };

    send_ctld(s, &m);
}

static void say_clean(struct sim *s, uint32_t node, uint32_t job_id, uint32_t attempt)
{
    struct sim_msg m = {
        .kind = MSG_CLEAN, .node = node, .job_id = job_id, .attempt = attempt
    };

    send_ctld(s, &m);
}

static void kill_folder(struct sim *s, uint32_t node, struct folder *f)
{
    struct sim_item *it;

    if (!f->alive || f->killed)
        return;
    f->killed = true;
    it = sim_at(s, 1 + sim_random(s, 1500), SIM_KILL_DONE);
    it->a = node;
    it->b = s->agents[node].boot;
    it->c = f->serial;
}

static void take_launch(struct sim *s, const struct sim_msg *m)
{
    struct agent *a = &s->agents[m->node];
    struct folder *f = find(a, m->job_id, m->step_id, m->attempt);
    struct sim_item *it;

    if (f) {
        if (!f->alive)
            report(s, m->node, f);
        return;
    }
    if (s->chaos && sim_chance(s, 1)) {
        struct sim_msg reply = *m;

        reply.kind = MSG_LAUNCH_FAILED;
        send_ctld(s, &reply);
        return;
    }
    f = xcalloc(1, sizeof(*f));
    f->job_id = m->job_id;
    f->step_id = m->step_id;
    f->attempt = m->attempt;
    f->ends_job = m->ends_job;
    f->alive = true;
    f->serial = ++s->serial;
    f->next = a->folders;
    a->folders = f;
    check_launch(s, m->node, m);
    it = sim_at(s, 1 + (sim_chance(s, 20) ? sim_random(s, 90000) : sim_random(s, 8000)),
                SIM_TASK_END);
    it->a = m->node;
    it->b = a->boot;
    it->c = f->serial;
}

static void take_job_kill(struct sim *s, const struct sim_msg *m)
{
    struct agent *a = &s->agents[m->node];
    struct pending_clean *pc;

    if (!anything_alive(a, m->job_id, m->attempt)) {
        say_clean(s, m->node, m->job_id, m->attempt);
        return;
    }
    for (struct folder *f = a->folders; f; f = f->next)
        if (f->job_id == m->job_id && f->attempt == m->attempt)
            kill_folder(s, m->node, f);
    pc = xcalloc(1, sizeof(*pc));
    pc->job_id = m->job_id;
    pc->attempt = m->attempt;
    pc->next = a->cleans;
    a->cleans = pc;
}

static void take_step_kill(struct sim *s, const struct sim_msg *m)
{
    struct agent *a = &s->agents[m->node];
    struct folder *f = find(a, m->job_id, m->step_id, m->attempt);
    struct folder none = { .job_id = m->job_id,
                           .step_id = m->step_id,
                           .attempt = m->attempt };

    if (m->signal)
        return;
    if (f && f->alive)
        kill_folder(s, m->node, f);
    else
        report(s, m->node, f ? f : &none);
}

static void take_ack(struct sim *s, const struct sim_msg *m)
{
    struct agent *a = &s->agents[m->node];

    for (struct folder **at = &a->folders; *at; at = &(*at)->next) {
        struct folder *f = *at;

        if (f->job_id == m->job_id && f->step_id == m->step_id && f->attempt == m->attempt
            && !f->alive) {
            *at = f->next;
            free(f);
            return;
        }
    }
}

void agent_receive(struct sim *s, const struct sim_msg *m)
{
    struct agent *a = &s->agents[m->node];

    if (!a->powered || !a->dialled || a->connection != m->connection)
        return;
    if (m->kind == MSG_LAUNCH)
        take_launch(s, m);
    else if (m->kind == MSG_KILL && m->step_id == STEP_NONE)
        take_job_kill(s, m);
    else if (m->kind == MSG_KILL)
        take_step_kill(s, m);
    else if (m->kind == MSG_ACK)
        take_ack(s, m);
}

static void after_end(struct sim *s, uint32_t node, uint32_t job_id, uint32_t attempt)
{
    struct agent *a = &s->agents[node];

    if (anything_alive(a, job_id, attempt))
        return;
    for (struct pending_clean **at = &a->cleans; *at;) {
        struct pending_clean *pc = *at;

        if (pc->job_id != job_id || pc->attempt != attempt) {
            at = &pc->next;
            continue;
        }
        *at = pc->next;
        free(pc);
        say_clean(s, node, job_id, attempt);
    }
}

void agent_task_end(struct sim *s, uint32_t node, uint64_t serial, bool killed)
{
    struct agent *a = &s->agents[node];
    struct folder *f = a->folders;

    while (f && f->serial != serial)
        f = f->next;
    if (!f || !f->alive || !a->powered)
        return;
    f->alive = false;
    f->exit_status = killed ? 15 : sim_chance(s, 15) ? 256 : 0;
    check_gone(s, f->job_id, f->attempt);
    if (f->ends_job) { /* nothing of the job may stay behind its main step */
        for (struct folder *o = a->folders; o; o = o->next)
            if (o->job_id == f->job_id && o->attempt == f->attempt && o->alive) {
                o->alive = false;
                o->exit_status = 9;
                check_gone(s, o->job_id, o->attempt);
                report(s, node, o);
            }
        f->clean = sim_chance(s, 90);
    }
    report(s, node, f);
    after_end(s, node, f->job_id, f->attempt);
}

void agent_repeat(struct sim *s, uint32_t node)
{
    struct agent *a = &s->agents[node];

    if (!a->powered)
        return;
    for (const struct folder *f = a->folders; f; f = f->next)
        if (!f->alive)
            report(s, node, f);
}

size_t agent_steps(struct sim *s, uint32_t node, Wire__StepStatus *st, size_t max)
{
    size_t n = 0;

    for (const struct folder *f = s->agents[node].folders; f && n < max; f = f->next, n++) {
        wire__step_status__init(&st[n]);
        st[n].has_job_id = st[n].has_step_id = st[n].has_attempt = st[n].has_state = 1;
        st[n].job_id = f->job_id;
        st[n].step_id = f->step_id;
        st[n].attempt = f->attempt;
        st[n].state = f->alive ? STEP_RUNNING : STEP_ENDED;
        st[n].has_exit_status = st[n].has_clean = 1;
        st[n].exit_status = f->exit_status;
        st[n].clean = f->clean;
    }
    return n;
}

void agent_dial(struct sim *s, uint32_t node)
{
    struct agent *a = &s->agents[node];

    if (!a->powered || a->hung || a->dialled)
        return;
    if (!s->c) {
        sim_at(s, 500 + sim_random(s, 1000), SIM_DIAL)->a = node;
        return;
    }
    a->dialled = true;
    a->connection++;
    ctld_register(s, node);
}

void agent_disconnect(struct sim *s, uint32_t node)
{
    struct agent *a = &s->agents[node];

    if (!a->dialled)
        return;
    a->dialled = false;
    a->connection++;
}

void agent_free(struct sim *s, uint32_t node)
{
    struct agent *a = &s->agents[node];

    for (struct folder *f; (f = a->folders);) {
        a->folders = f->next;
        free(f);
    }
    for (struct pending_clean *pc; (pc = a->cleans);) {
        a->cleans = pc->next;
        free(pc);
    }
}

void agent_power_off(struct sim *s, uint32_t node)
{
    struct agent *a = &s->agents[node];

    for (const struct folder *f = a->folders; f; f = f->next)
        if (f->alive)
            check_gone(s, f->job_id, f->attempt);
    agent_free(s, node);
    agent_disconnect(s, node);
    a->powered = false;
    a->boot++;
}
