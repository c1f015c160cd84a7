/* sim_ctld.c - a controller around the heart: journal with late commits, connections, crashes. */
#include "sim.h"

#include <stdio.h>
#include <string.h>

#include "util/mem.h"

static const char script[] = "#!/bin/sh\n";

struct cluster_now sim_clock(const struct sim *s)
{
    return (struct cluster_now){ (int64_t)s->now_ms * 1000 + INT64_C(1700000000000000)
                                     + s->wall_offset_usec,
                                 s->now_ms };
}

static void wait_for_commit(struct sim *s, const struct waiting_effects *w)
{
    if (s->num_waiting == s->cap_waiting) {
        s->cap_waiting = s->cap_waiting ? s->cap_waiting * 2 : 64;
        s->waiting = xreallocarray(s->waiting, s->cap_waiting, sizeof(*s->waiting));
    }
    s->waiting[s->num_waiting] = *w;
    s->waiting[s->num_waiting++].upto = s->num_log;
}

static void send_node(struct sim *s, const struct sim_msg *m)
{
    const struct agent *a = &s->agents[m->node];

    sim_trace(s, m->job_id, "to node %u%s: message %d step %u attempt %u", m->node,
              a->dialled ? "" : " (not connected)", (int)m->kind, m->step_id, m->attempt);

    if (!a->dialled)
        return;
    for (int copies = s->chaos && sim_chance(s, 5) ? 2 : 1; copies > 0; copies--) {
        struct sim_item *it =
            sim_at(s, 2, SIM_TO_NODE); /* in order, as one connection is */

        it->msg = *m;
        it->msg.connection = a->connection;
    }
}

static void do_effect(struct sim *s, const struct effect *e)
{
    struct sim_msg m = { .node = e->node_id,
                         .job_id = e->job_id,
                         .step_id = e->step_id,
                         .attempt = e->attempt };

    switch (e->kind) {
    case EFFECT_LAUNCH: {
        struct arena a;
        Wire__StepLaunch *launch;

        arena_init(&a, 0, 0);
        launch = cluster_launch_message(s->c, e, &a);
        m.kind = MSG_LAUNCH;
        if (launch) {
            m.ends_job = launch->ends_job;
            send_node(s, &m);
        }
        arena_fini(&a);
        break;
    }
    case EFFECT_KILL:
        m.kind = MSG_KILL;
        m.signal = e->kill->signal;
        send_node(s, &m);
        break;
    case EFFECT_ACK:
        m.kind = MSG_ACK;
        send_node(s, &m);
        break;
    case EFFECT_SCHEDULE:
        if (!s->sched_due) {
            s->sched_due = true;
            sim_at(s, 0, SIM_SCHED)->a = s->generation;
        }
        break;
    default:
        break;
    }
}

/* Effects that need no event wait for the commit all the same: they follow from what was decided. */
static void log_event(struct sim *s, const Wire__Event *ev)
{
    struct packed_event *p;

    if (s->num_log == s->cap_log) {
        s->cap_log = s->cap_log ? s->cap_log * 2 : 256;
        s->log = xreallocarray(s->log, s->cap_log, sizeof(*s->log));
    }
    p = &s->log[s->num_log++];
    p->len = wire__event__get_packed_size(ev);
    p->data = xmalloc(p->len + 1);
    wire__event__pack(ev, p->data);
}

static void note_event(struct sim *s, const Wire__Event *ev)
{
    if (ev->body_case == WIRE__EVENT__BODY_JOB_REQUEUED)
        s->requeues++;
    if (ev->body_case == WIRE__EVENT__BODY_JOB_PURGED)
        for (size_t i = 0; i < ev->job_purged->n_job_ids; i++)
            note_of(s, ev->job_purged->job_ids[i])->purged = true;
}

static void trace_event(struct sim *s, const Wire__Event *ev)
{
    switch (ev->body_case) {
    case WIRE__EVENT__BODY_JOB_SUBMITTED:
        sim_trace(s, ev->job_submitted->job_id, "submitted");
        break;
    case WIRE__EVENT__BODY_JOB_STARTED:
        for (size_t i = 0; i < ev->job_started->n_nodes; i++)
            sim_trace(s, ev->job_started->job_id, "started on node %u",
                      ev->job_started->nodes[i]->node_id);
        break;
    case WIRE__EVENT__BODY_JOB_ENDING:
        sim_trace(s, ev->job_ending->job_id, "ending, state %u requeue %u",
                  ev->job_ending->state, ev->job_ending->requeue);
        break;
    case WIRE__EVENT__BODY_JOB_NODE_CLEAN:
        sim_trace(s, ev->job_node_clean->job_id, "attempt %u clean on node %u, lost %d",
                  ev->job_node_clean->attempt, ev->job_node_clean->node_id,
                  ev->job_node_clean->lost);
        break;
    case WIRE__EVENT__BODY_JOB_ENDED:
        sim_trace(s, ev->job_ended->job_id, "ended, state %u", ev->job_ended->state);
        break;
    case WIRE__EVENT__BODY_JOB_REQUEUED:
        sim_trace(s, ev->job_requeued->job_id,
                  "requeued as attempt %u, waits for %zu nodes", ev->job_requeued->attempt,
                  ev->job_requeued->n_wait_nodes);
        break;
    case WIRE__EVENT__BODY_STEP_CREATED:
        sim_trace(s, ev->step_created->job_id, "step %u created",
                  ev->step_created->step_id);
        break;
    case WIRE__EVENT__BODY_NODE_STATE:
        sim_trace(s, s->opt.trace, "node %u changes: %u", ev->node_state->node_id,
                  ev->node_state->change);
        break;
    case WIRE__EVENT__BODY_NODE_REGISTERED:
        sim_trace(s, s->opt.trace, "node %u registers, %s", ev->node_registered->node_id,
                  ev->node_registered->facts->boot_id);
        break;
    default:
        break;
    }
}

static void decided(struct sim *s)
{
    struct error err = { 0, "" };

    for (size_t i = 0; i < s->d.num_events; i++) {
        trace_event(s, s->d.events[i]);
        log_event(s, s->d.events[i]);
        if (cluster_apply(s->c, s->d.events[i], &err) < 0)
            sim_fail(s, "an event that was just decided does not apply: %s", err.text);
    }
    for (size_t i = 0; i < s->d.num_effects; i++) {
        struct waiting_effects w = { 0 };
        const struct effect *e = &s->d.effects[i];

        w.msg = (struct sim_msg){ .node = e->node_id,
                                  .job_id = e->job_id,
                                  .step_id = e->step_id,
                                  .attempt = e->attempt };
        if (e->kind == EFFECT_KILL)
            w.msg.kind = MSG_KILL, w.msg.signal = e->kill->signal;
        else if (e->kind == EFFECT_ACK)
            w.msg.kind = MSG_ACK;
        else if (e->kind == EFFECT_LAUNCH)
            w.msg.kind = MSG_LAUNCH, w.msg.exit_status = e->node_index;
        else
            continue;
        wait_for_commit(s, &w);
    }
    if ((s->d.num_events || s->num_waiting) && !s->commit_due) {
        s->commit_due = true;
        sim_at(s, 1 + sim_random(s, 30), SIM_COMMIT)->a = s->generation;
    }
    if (!s->sched_due && cluster_sched_wanted(s->c)) {
        s->sched_due = true;
        sim_at(s, 0, SIM_SCHED)->a = s->generation;
    }
    decision_reset(&s->d);
    ctld_rearm(s);
}

void ctld_rearm(struct sim *s)
{
    uint64_t due = cluster_next_deadline(s->c);

    if (due == UINT64_MAX || (s->timer_at && s->timer_at <= due && s->timer_at > s->now_ms))
        return;
    s->timer_at = due > s->now_ms ? due : s->now_ms + 1;
    sim_at(s, s->timer_at - s->now_ms, SIM_TIMERS)->a = s->generation;
}

static void submit(struct sim *s)
{
    struct cluster_now now = sim_clock(s);
    Wire__JobSpec spec = WIRE__JOB_SPEC__INIT;
    Wire__Identity who = WIRE__IDENTITY__INIT;
    struct submit_request req = { .spec = &spec, .identity = &who };
    struct waiting_effects w = { .is_ack_of_submit = true };
    char dep[32], tasks[32];
    uint32_t id;

    who.has_uid = 1;
    who.uid = 1000 + sim_random(s, 2);
    req.who.uid = who.uid;
    spec.name = (char *)(sim_chance(s, 50) ? "a" : "b");
    spec.has_kind = 1;
    spec.kind = sim_chance(s, 70)   ? JOB_KIND_BATCH
                : sim_chance(s, 50) ? JOB_KIND_SRUN
                                    : JOB_KIND_SALLOC;
    if (sim_chance(s, 40)) {
        spec.has_num_tasks = 1;
        spec.num_tasks = 1 + sim_random(s, 2 * s->opt.nodes);
    }
    if (sim_chance(s, 30)) {
        spec.has_min_nodes = spec.has_max_nodes = 1;
        spec.min_nodes = 1 + sim_random(s, s->opt.nodes / 2);
        spec.max_nodes = spec.min_nodes + sim_random(s, 2);
    }
    if (sim_chance(s, 15))
        spec.gres = (char *)(sim_chance(s, 50) ? "gpu" : sim_chance(s, 50) ? "camera" : "gpu:b");
    else if (sim_chance(s, 10))
        spec.tres_per_job = (char *)"gpu:2";
    if (sim_chance(s, 15))
        spec.licenses = (char *)(sim_chance(s, 70) ? "matlab" : "matlab:2");
    spec.has_exclusive = 1;
    spec.exclusive = sim_chance(s, 10);
    spec.has_time_limit_min = 1;
    spec.time_limit_min = 1 + sim_random(s, 5);
    if (spec.kind == JOB_KIND_BATCH)
        req.script = (ProtobufCBinaryData){ sizeof(script) - 1, (uint8_t *)script };
    if (sim_chance(s, 10) && s->highest_acked) {
        snprintf(dep, sizeof(dep), "%s:%u", sim_chance(s, 30) ? "aftercorr" : "afterany",
                 1 + sim_random(s, s->highest_acked));
        spec.dependency = dep;
        if (!strncmp(dep, "aftercorr", 9)) /* else what failed holds it up for ever */
            spec.has_kill_on_invalid_dep = 1, spec.kill_on_invalid_dep = 1;
    }
    if (spec.kind == JOB_KIND_BATCH && sim_chance(s, 25)) {
        snprintf(tasks, sizeof(tasks), "%u-%u%%%u", sim_random(s, 3), 3 + sim_random(s, 6), sim_random(s, 4));
        spec.array_inx = tasks;
    }
    if (sim_chance(s, 5)) {
        spec.has_begin_time = 1;
        spec.begin_time = now.wall_usec / 1000000 + sim_random(s, 60);
    }
    if (cluster_decide_submit(s->c, &now, &req, &s->d, &id, NULL, NULL) < 0) {
        decision_reset(&s->d);
        return;
    }
    decided(s);
    w.job_id = id;
    wait_for_commit(s, &w);
}

static uint32_t some_job(struct sim *s)
{
    uint32_t top = s->highest_acked ? s->highest_acked : 1;
    struct job *job =
        cluster_job_next(s->c, top > 20 ? top - sim_random(s, 20) : sim_random(s, top));

    return job ? job_id(job) : 0;
}

static void control(struct sim *s)
{
    static const enum job_action actions[] = { JOB_ACTION_CANCEL,  JOB_ACTION_CANCEL,
                                               JOB_ACTION_HOLD,    JOB_ACTION_RELEASE,
                                               JOB_ACTION_REQUEUE, JOB_ACTION_REQUEUE };
    struct cluster_now now = sim_clock(s);
    struct control_request req = { .action = actions[sim_random(s, 6)],
                                   .job_id = some_job(s),
                                   .step_id = STEP_NONE,
                                   .who = { 0, true, true } };

    if (req.job_id && cluster_decide_control(s->c, &now, &req, &s->d, NULL) == 0)
        decided(s);
    decision_reset(&s->d);
}

static void create_step(struct sim *s, uint32_t id)
{
    struct cluster_now now = sim_clock(s);
    Wire__StepSpec spec = WIRE__STEP_SPEC__INIT;
    struct step_request req = { .job_id = id, .spec = &spec, .who = { 0, true, true } };
    uint32_t step_id;

    spec.has_overlap = spec.has_exact = 1;
    spec.overlap = sim_chance(s, 30);
    spec.exact = sim_chance(s, 50);
    if (sim_chance(s, 50))
        spec.has_num_tasks = 1, spec.num_tasks = 1 + sim_random(s, 4);
    if (sim_chance(s, 20))
        spec.gres = (char *)(sim_chance(s, 50) ? "gpu:1" : "none");
    if (cluster_decide_step(s->c, &now, &req, &s->d, &step_id, NULL) == 0)
        decided(s);
    decision_reset(&s->d);
}

static void update_node(struct sim *s)
{
    struct cluster_now now = sim_clock(s);
    uint32_t node = sim_random(s, s->opt.nodes);
    bool drain = sim_chance(s, 40),
         down = sim_chance(s, 15) && (s->agents[node].dialled || !s->agents[node].powered);
    Wire__KeyValue name = WIRE__KEY_VALUE__INIT, state = name, reason = name;
    Wire__KeyValue *items[] = { &name, &state, &reason };
    struct cluster_who root = { 0, true, true };

    name.key = (char *)"nodename";
    name.value = s->names[node];
    state.key = (char *)"state";
    state.value = (char *)(down ? "down" : drain ? "drain" : "resume");
    reason.key = (char *)"reason";
    reason.value = (char *)"sim";
    if (cluster_decide_update_nodes(s->c, &now, &root, items, 3, &s->d, NULL) == 0)
        decided(s);
    decision_reset(&s->d);
}

void ctld_user(struct sim *s)
{
    uint32_t what = sim_random(s, 100);
    struct job *job;

    if (!s->c)
        return;
    if (what < 55) {
        submit(s);
    } else if (what < 70) {
        control(s);
    } else if (what < 92) {
        uint32_t id = some_job(s);

        job = id ? cluster_job_find(s->c, id) : NULL;
        if (job && job_kind(job) != JOB_KIND_SRUN)
            create_step(s, id);
    } else if (what < 96) {
        update_node(s);
    } else {
        struct cluster_now now = sim_clock(s);
        uint32_t id = some_job(s);

        if (id)
            cluster_client_gone(s->c, id, &now, sim_chance(s, 30));
        ctld_rearm(s);
    }
}

/* srun's step comes with the start of its job; salloc is through after a while. */
static void job_started(struct sim *s, uint32_t id)
{
    struct job *job = cluster_job_find(s->c, id);
    struct cluster_now now = sim_clock(s);

    if (!job || job_state_shown(job) != JOB_RUNNING)
        return;
    if (job_kind(job) != JOB_KIND_BATCH)
        cluster_client_gone(s->c, id, &now, false);
    if (job_kind(job) == JOB_KIND_SRUN)
        create_step(s, id);
    else if (job_kind(job) == JOB_KIND_SALLOC)
        sim_at(s, 1 + sim_random(s, 20000), SIM_ALLOC_DONE)->a = id;
}

void ctld_alloc_done(struct sim *s, uint32_t id)
{
    struct cluster_now now = sim_clock(s);
    struct cluster_who root = { 0, true, true };

    if (!s->c) {
        sim_at(s, 1000, SIM_ALLOC_DONE)->a = id;
        return;
    }
    if (cluster_decide_alloc_complete(s->c, &now, &root, id, sim_chance(s, 20) ? 256 : 0,
                                      &s->d, NULL)
        == 0)
        decided(s);
    decision_reset(&s->d);
}

void ctld_commit(struct sim *s)
{
    size_t from = s->committed;
    struct decision after;

    s->commit_due = false;
    s->committed = s->num_log;
    decision_init(&after);
    for (size_t i = 0; i < s->num_waiting; i++) {
        const struct waiting_effects *w = &s->waiting[i];

        if (w->is_ack_of_submit) {
            check_acked(s, w->job_id);
        } else if (w->msg.kind == MSG_LAUNCH) {
            struct effect e = { .kind = EFFECT_LAUNCH,
                                .job_id = w->msg.job_id,
                                .step_id = w->msg.step_id,
                                .attempt = w->msg.attempt,
                                .node_id = w->msg.node,
                                .node_index = w->msg.exit_status };

            do_effect(s, &e);
        } else {
            send_node(s, &w->msg);
        }
    }
    s->num_waiting = 0;
    for (size_t i = from; i < s->committed; i++) {
        Wire__Event *ev = wire__event__unpack(NULL, s->log[i].len, s->log[i].data);

        note_event(s, ev);
        decision_reset(&after);
        cluster_react(s->c, ev, &after);
        for (size_t k = 0; k < after.num_effects; k++)
            do_effect(s, &after.effects[k]);
        if (ev->body_case == WIRE__EVENT__BODY_JOB_STARTED)
            job_started(s, ev->job_started->job_id);
        wire__event__free_unpacked(ev, NULL);
    }
    decision_fini(&after);
}

void ctld_sched(struct sim *s)
{
    struct cluster_now now = sim_clock(s);
    bool more;

    s->sched_due = false;
    more = cluster_sched_pass(s->c, &now, 5 + sim_random(s, 50), &s->d);
    if (more) {
        s->sched_due = true;
        sim_at(s, sim_random(s, 2), SIM_SCHED)->a = s->generation;
    }
    decided(s);
}

void ctld_timers(struct sim *s)
{
    struct cluster_now now = sim_clock(s);

    s->timer_at = 0;
    cluster_decide_timers(s->c, &now, &s->d, NULL);
    decided(s);
}

static void status_message(const struct sim_msg *m, Wire__StepStatus *st)
{
    wire__step_status__init(st);
    st->has_job_id = st->has_step_id = st->has_attempt = st->has_state = 1;
    st->job_id = m->job_id;
    st->step_id = m->step_id;
    st->attempt = m->attempt;
    st->state = m->running ? STEP_RUNNING : STEP_ENDED;
    st->has_exit_status = st->has_clean = 1;
    st->exit_status = m->exit_status;
    st->clean = m->clean;
}

void ctld_receive(struct sim *s, const struct sim_msg *m)
{
    struct cluster_now now = sim_clock(s);
    Wire__StepStatus st;

    if (!s->c)
        return;
    if (m->kind == MSG_STATUS) {
        status_message(m, &st);
        cluster_decide_step_status(s->c, &now, m->node, &st, &s->d, NULL);
    } else if (m->kind == MSG_CLEAN) {
        Wire__JobClean jc = WIRE__JOB_CLEAN__INIT;

        jc.has_job_id = jc.has_attempt = 1;
        jc.job_id = m->job_id;
        jc.attempt = m->attempt;
        cluster_decide_job_clean(s->c, &now, m->node, &jc, &s->d, NULL);
    } else if (m->kind == MSG_LAUNCH_FAILED) {
        Wire__StepLaunchReply r = WIRE__STEP_LAUNCH_REPLY__INIT;

        r.has_job_id = r.has_step_id = r.has_attempt = r.has_code = 1;
        r.job_id = m->job_id;
        r.step_id = m->step_id;
        r.attempt = m->attempt;
        r.code = BRE_LAUNCH;
        cluster_decide_launch_reply(s->c, &now, m->node, &r, &s->d, NULL);
    }
    cluster_node_seen(s->c, m->node, &now, 0, 0);
    decided(s);
}

void ctld_register(struct sim *s, uint32_t node)
{
    struct cluster_now now = sim_clock(s);
    Wire__NodeRegister reg = WIRE__NODE_REGISTER__INIT;
    Wire__StepStatus st[256], *steps[256];
    struct error err = { 0, "" };
    char boot[16];

    snprintf(boot, sizeof(boot), "boot%u", s->agents[node].boot);
    reg.boot_id = boot;
    reg.has_cores = reg.has_threads = reg.has_mem_mb = 1;
    reg.cores = reg.threads = 4;
    reg.mem_mb = 1000;
    reg.n_steps = agent_steps(s, node, st, 256);
    for (size_t i = 0; i < reg.n_steps; i++)
        steps[i] = &st[i];
    reg.steps = steps;
    if (cluster_decide_register(s->c, &now, node, NULL, "10.0.0.1", &reg, &s->d, &err) < 0)
        sim_fail(s, "node %u is refused: %s", node, err.text);
    decided(s);
    for (size_t i = 0; i < reg.n_steps; i++) {
        cluster_decide_step_status(s->c, &now, node, &st[i], &s->d, NULL);
        decided(s);
    }
}

void ctld_lost(struct sim *s, uint32_t node)
{
    struct cluster_now now = sim_clock(s);

    if (!s->c)
        return;
    cluster_decide_node_lost(s->c, &now, node, &s->d, NULL);
    decided(s);
}

static void load(struct sim *s, const struct packed_event *p)
{
    Wire__Event *ev = wire__event__unpack(NULL, p->len, p->data);
    struct error err = { 0, "" };

    if (cluster_apply(s->c, ev, &err) < 0)
        sim_fail(s, "replay: %s", err.text);
    wire__event__free_unpacked(ev, NULL);
}

static void take_snapshot(struct sim *s)
{
    struct cluster_now now = sim_clock(s);
    struct snapshot *snap = cluster_snapshot_begin(s->c, &now);
    const Wire__Event *ev;
    size_t count = 0, cap = 0;
    struct packed_event *list = NULL;

    while ((ev = cluster_snapshot_next(snap))) {
        if (count == cap) {
            cap = cap ? cap * 2 : 64;
            list = xreallocarray(list, cap, sizeof(*list));
        }
        list[count].len = wire__event__get_packed_size(ev);
        list[count].data = xmalloc(list[count].len + 1);
        wire__event__pack(ev, list[count++].data);
    }
    cluster_snapshot_end(snap);
    for (size_t i = 0; i < s->num_snap; i++)
        free(s->snap[i].data);
    free(s->snap);
    s->snap = list;
    s->num_snap = count;
    s->snapshot = s->num_log;
}

void ctld_start(struct sim *s)
{
    struct cluster_now now = sim_clock(s);
    struct error err = { 0, "" };

    s->generation++;
    s->c = cluster_create(&s->conf, &err);
    if (!s->c) {
        sim_fail(s, "cluster_create: %s", err.text);
        return;
    }
    for (size_t i = 0; i < s->num_snap; i++)
        load(s, &s->snap[i]);
    for (size_t i = s->snapshot; i < s->num_log; i++)
        load(s, &s->log[i]);
    check_after_restart(s);
    if (cluster_decide_start(s->c, &now, 7, &s->d, &err) < 0)
        sim_fail(s, "start: %s", err.text);
    decided(s);
    /* srun and salloc call again, most of them */
    for (struct job *job = cluster_job_next(s->c, 0); job;
         job = cluster_job_next(s->c, job_id(job)))
        if (job_kind(job) != JOB_KIND_BATCH && sim_chance(s, 80))
            cluster_client_gone(s->c, job_id(job), &now, false);
    ctld_rearm(s);
}

void ctld_crash(struct sim *s)
{
    if (!s->c)
        return;
    /* a snapshot covers what is committed: take it only when nothing is in flight */
    if (s->committed == s->num_log && sim_chance(s, 40))
        take_snapshot(s);
    for (size_t i = s->committed; i < s->num_log; i++)
        free(s->log[i].data);
    s->num_log = s->committed;
    s->num_waiting = 0;
    s->commit_due = s->sched_due = false;
    s->timer_at = 0;
    sim_trace(s, s->opt.trace, "the controller crashes");
    cluster_destroy(s->c);
    s->c = NULL;
    s->restarts++;
    for (uint32_t i = 0; i < s->opt.nodes; i++)
        if (s->agents[i].dialled) {
            agent_disconnect(s, i);
            sim_at(s, 100 + sim_random(s, 3000), SIM_DIAL)->a = i;
        }
    sim_at(s, 10 + sim_random(s, 5000), SIM_CTLD_START);
}

/* The faults are over: what an administrator would do then. */
void ctld_calm(struct sim *s)
{
    struct cluster_now now = sim_clock(s);
    struct cluster_who root = { 0, true, true };
    Wire__KeyValue name = WIRE__KEY_VALUE__INIT, state = name;
    Wire__KeyValue *items[] = { &name, &state };

    name.key = (char *)"nodename";
    name.value = (char *)"all";
    state.key = (char *)"state";
    state.value = (char *)"resume";
    if (cluster_decide_update_nodes(s->c, &now, &root, items, 2, &s->d, NULL) == 0)
        decided(s);
    for (struct job *job = cluster_job_next(s->c, 0); job;
         job = cluster_job_next(s->c, job_id(job))) {
        struct job_view v;
        struct control_request req = { .job_id = job_id(job),
                                       .step_id = STEP_NONE,
                                       .who = root };

        /* what was submitted before any node had said its size may fit nowhere */
        cluster_job_view(s->c, job, &now, &v);
        req.action = v.state == JOB_PENDING && v.reason == REASON_BAD_CONSTRAINTS
                         ? JOB_ACTION_CANCEL
                         : JOB_ACTION_RELEASE;
        if (cluster_decide_control(s->c, &now, &req, &s->d, NULL) == 0)
            decided(s);
        decision_reset(&s->d);
    }
}

void ctld_check_replay(struct sim *s)
{
    char *live = cluster_dump(s->c), *again;
    struct cluster *c = s->c;

    s->c = cluster_create(&s->conf, NULL);
    for (size_t i = 0; i < s->num_log; i++)
        load(s, &s->log[i]);
    again = cluster_dump(s->c);
    if (strcmp(live, again) != 0) {
        size_t i = 0, line = 0;

        for (; live[i] && live[i] == again[i]; i++)
            if (live[i] == '\n')
                line = i + 1;
        sim_fail(s, "replay differs: \"%.*s\" became \"%.*s\"",
                 (int)strcspn(live + line, "\n"), live + line,
                 (int)strcspn(again + line, "\n"), again + line);
    }
    free(live);
    free(again);
    cluster_destroy(s->c);
    s->c = c;
}

void sim_log_free(struct sim *s)
{
    for (size_t i = 0; i < s->num_log; i++)
        free(s->log[i].data);
    for (size_t i = 0; i < s->num_snap; i++)
        free(s->snap[i].data);
    free(s->log);
    free(s->snap);
    free(s->waiting);
}
