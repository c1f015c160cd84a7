/* world.c - see world.h. */
#include "suite.h"
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/mem.h"

static const char script_text[] = "#!/bin/sh\ntrue\n";

void world_start(struct world *w)
{
    w->now = (struct cluster_now){ INT64_C(1700000000) * 1000000, 1000 };
    decision_init(&w->d);
    arena_init(&w->scratch, 0, 0);
    wire__identity__init(&w->ident);
    w->ident.has_uid = w->ident.has_gid = 1;
    w->ident.uid = w->ident.gid = WORLD_UID;
    w->ident.user_name = (char *)"alice";
    w->c = cluster_create(&w->conf, &w->err);
    ck_assert_msg(w->c != NULL, "%s", w->err.text);
    ck_assert_int_eq(cluster_decide_start(w->c, &w->now, 42, &w->d, &w->err), 0);
    world_commit(w);
    world_spec(w);
}

static void set_part(struct world *w, size_t i, const char *name, const char *nodes)
{
    w->parts[i] = (struct part_conf){ .name = name, .nodes = nodes };
    w->conf.num_parts = i + 1;
}

void world_init_pis(struct world *w)
{
    static const struct {
        const char *hw_class;
        uint64_t mem_mb;
    } boards[8] = { { "pi3", 905 },  { "pi3", 905 },  { "pi3", 905 },  { "pi4", 1848 },
                    { "pi4", 1848 }, { "pi4", 3794 }, { "pi4", 7811 }, { "pi5", 8052 } };

    memset(w, 0, sizeof(*w));
    cluster_conf_defaults(&w->conf);
    w->conf.select_memory = true;
    w->conf.nodes = w->nodes;
    w->conf.parts = w->parts;
    w->conf.num_nodes = 8;
    for (size_t i = 0; i < 8; i++) {
        snprintf(w->names[i], sizeof(w->names[i]), "pi%zu", i + 1);
        w->nodes[i] = (struct node_conf){ .name = w->names[i],
                                          .hw_class = boards[i].hw_class,
                                          .mem_mb = boards[i].mem_mb,
                                          .cores = 4 };
    }
    set_part(w, 0, "pi3", "class:pi3");
    set_part(w, 1, "pi4", "class:pi4");
    set_part(w, 2, "pi5", "class:pi5");
    set_part(w, 3, "all", "ALL");
    w->parts[3].is_default = true;
    world_start(w);
    world_register_all(w);
}

void world_init_flat(struct world *w, uint32_t count, uint32_t cores)
{
    memset(w, 0, sizeof(*w));
    cluster_conf_defaults(&w->conf);
    w->conf.nodes = w->nodes;
    w->conf.parts = w->parts;
    w->conf.num_nodes = count;
    for (uint32_t i = 0; i < count; i++) {
        snprintf(w->names[i], sizeof(w->names[i]), "n%u", i);
        w->nodes[i] =
            (struct node_conf){ .name = w->names[i], .mem_mb = 1000, .cores = cores };
    }
    set_part(w, 0, "all", "ALL");
    world_start(w);
    world_register_all(w);
}

void world_fini(struct world *w)
{
    for (size_t i = 0; i < w->num_log; i++)
        free(w->log[i].data);
    free(w->log);
    decision_fini(&w->d);
    arena_fini(&w->scratch);
    cluster_destroy(w->c);
}

static void log_event(struct world *w, const Wire__Event *ev)
{
    struct packed *p;

    if (w->num_log == w->cap_log) {
        w->cap_log = w->cap_log ? w->cap_log * 2 : 64;
        w->log = xreallocarray(w->log, w->cap_log, sizeof(*w->log));
    }
    p = &w->log[w->num_log++];
    p->len = wire__event__get_packed_size(ev);
    p->data = xmalloc(p->len + 1);
    wire__event__pack(ev, p->data);
}

void world_commit(struct world *w)
{
    size_t count = w->d.num_events;

    for (size_t i = 0; i < count; i++) {
        log_event(w, w->d.events[i]);
        ck_assert_msg(cluster_apply(w->c, w->d.events[i], &w->err) == 0, "apply: %s",
                      w->err.text);
    }
    /* the journal's copy is what is reacted to: the state has moved on */
    for (size_t i = 0; i < count; i++) {
        struct packed *p = &w->log[w->num_log - count + i];
        Wire__Event *ev = wire__event__unpack(NULL, p->len, p->data);

        ck_assert_ptr_nonnull(ev);
        cluster_react(w->c, ev, &w->d);
        wire__event__free_unpacked(ev, NULL);
    }
}

void world_register(struct world *w, uint32_t node, const char *boot_id,
                    Wire__StepStatus **steps, size_t num_steps)
{
    Wire__NodeRegister reg = WIRE__NODE_REGISTER__INIT;
    struct node_view v;
    uint8_t key[32] = { (uint8_t)node, 1 };

    ck_assert(cluster_node_view(w->c, node, &v));
    reg.boot_id = (char *)boot_id;
    reg.has_cores = reg.has_threads = reg.has_sockets = reg.has_mem_mb = reg.has_port = 1;
    reg.cores = w->nodes[node].cores;
    reg.threads =
        reg.cores * (w->nodes[node].threads_per_core ? w->nodes[node].threads_per_core : 1);
    reg.sockets = w->nodes[node].sockets ? w->nodes[node].sockets : 1;
    reg.mem_mb = w->nodes[node].mem_mb;
    reg.port = 6818;
    reg.arch = (char *)"aarch64";
    reg.hw_class = (char *)w->nodes[node].hw_class;
    reg.steps = steps;
    reg.n_steps = num_steps;
    decision_reset(&w->d);
    ck_assert_msg(
        cluster_decide_register(w->c, &w->now, node, key, "10.0.0.1", &reg, &w->d, &w->err)
            == 0,
        "%s", w->err.text);
    world_commit(w);
}

void world_register_all(struct world *w)
{
    for (uint32_t i = 0; i < w->conf.num_nodes; i++)
        world_register(w, i, "boot-1", NULL, 0);
}

void world_sched(struct world *w)
{
    for (int i = 0; i < 100000; i++) {
        bool more;

        decision_reset(&w->d);
        more = cluster_sched_pass(w->c, &w->now, SCHED_SLICE, &w->d);
        world_commit(w);
        if (!more)
            return;
    }
    ck_abort_msg("the scheduler does not come to an end");
}

void world_pass_time(struct world *w, uint32_t sec)
{
    for (uint32_t s = 0; s < sec; s++) {
        w->now.wall_usec += 1000000;
        w->now.mono_ms += 1000;
        for (uint32_t i = 0; i < w->conf.num_nodes; i++) {
            struct node_view v;

            if (cluster_node_view(w->c, i, &v) && !(v.state & NODE_FLAG_NOT_RESPONDING))
                cluster_node_seen(w->c, i, &w->now, 0, 0);
        }
        for (int i = 0; i < 1000 && cluster_next_deadline(w->c) <= w->now.mono_ms; i++) {
            decision_reset(&w->d);
            ck_assert_int_eq(cluster_decide_timers(w->c, &w->now, &w->d, &w->err), 0);
            world_commit(w);
        }
        ck_assert_uint_gt(cluster_next_deadline(w->c), w->now.mono_ms);
    }
}

Wire__JobSpec *world_spec(struct world *w)
{
    wire__job_spec__init(&w->spec);
    w->spec.name = (char *)"job";
    w->spec.work_dir = (char *)"/tmp";
    w->spec.has_kind = 1;
    return &w->spec;
}

uint32_t world_submit(struct world *w)
{
    struct submit_request req = { .spec = &w->spec, .identity = &w->ident };
    uint32_t id = 0;

    req.who.uid = WORLD_UID;
    if (w->spec.kind == JOB_KIND_BATCH)
        req.script =
            (ProtobufCBinaryData){ sizeof(script_text) - 1, (uint8_t *)script_text };
    memset(req.script_hash, 7, sizeof(req.script_hash));
    decision_reset(&w->d);
    if (cluster_decide_submit(w->c, &w->now, &req, &w->d, &id, NULL, &w->err) < 0) {
        ck_assert_uint_eq(w->d.num_events, 0);
        return 0;
    }
    world_commit(w);
    return id;
}

uint32_t world_submit_start(struct world *w)
{
    uint32_t id = world_submit(w);

    ck_assert_msg(id != 0, "%s", w->err.text);
    world_sched(w);
    return id;
}

int world_control(struct world *w, enum job_action action, uint32_t job_id, uint32_t uid)
{
    struct control_request req = { .action = action,
                                   .job_id = job_id,
                                   .step_id = STEP_NONE };

    req.who.uid = uid;
    req.who.is_operator = req.who.is_admin = uid == 0;
    decision_reset(&w->d);
    if (cluster_decide_control(w->c, &w->now, &req, &w->d, &w->err) < 0)
        return -1;
    world_commit(w);
    return 0;
}

void world_step_ended(struct world *w, uint32_t job_id, uint32_t step_id, uint32_t node,
                      uint32_t exit_status, bool clean)
{
    Wire__StepStatus st = WIRE__STEP_STATUS__INIT;
    struct job *job = cluster_job_find(w->c, job_id);

    st.has_job_id = st.has_step_id = st.has_attempt = st.has_state = 1;
    st.job_id = job_id;
    st.step_id = step_id;
    st.attempt = job ? world_view(w, job_id).attempt : 1;
    st.state = STEP_ENDED;
    st.has_exit_status = st.has_clean = 1;
    st.exit_status = exit_status;
    st.clean = clean;
    decision_reset(&w->d);
    ck_assert_int_eq(cluster_decide_step_status(w->c, &w->now, node, &st, &w->d, &w->err),
                     0);
    world_commit(w);
}

void world_clean(struct world *w, uint32_t job_id, uint32_t node)
{
    Wire__JobClean m = WIRE__JOB_CLEAN__INIT;

    m.has_job_id = m.has_attempt = 1;
    m.job_id = job_id;
    m.attempt = world_view(w, job_id).attempt;
    decision_reset(&w->d);
    ck_assert_int_eq(cluster_decide_job_clean(w->c, &w->now, node, &m, &w->d, &w->err), 0);
    world_commit(w);
}

int world_step(struct world *w, uint32_t job_id, const Wire__StepSpec *spec,
               uint32_t *step_id)
{
    struct step_request req = { .job_id = job_id, .spec = spec };

    req.who.uid = WORLD_UID;
    decision_reset(&w->d);
    if (cluster_decide_step(w->c, &w->now, &req, &w->d, step_id, &w->err) < 0) {
        ck_assert_uint_eq(w->d.num_events, 0);
        return -1;
    }
    world_commit(w);
    return 0;
}

struct job_view world_view(struct world *w, uint32_t job_id)
{
    struct job *job = cluster_job_find(w->c, job_id);
    struct job_view v;

    ck_assert_msg(job != NULL, "job %u is gone", job_id);
    cluster_job_view(w->c, job, &w->now, &v);
    return v;
}

enum job_state world_state(struct world *w, uint32_t job_id)
{
    return world_view(w, job_id).state;
}

const char *world_reason(struct world *w, uint32_t job_id)
{
    return cluster_job_reason_text(w->c, cluster_job_find(w->c, job_id), &w->now,
                                   &w->scratch);
}

const char *world_nodes(struct world *w, uint32_t job_id)
{
    return arena_strdup(&w->scratch, world_view(w, job_id).node_list);
}

size_t world_effects(const struct world *w, enum effect_kind kind, uint32_t job_id)
{
    size_t count = 0;

    for (size_t i = 0; i < w->d.num_effects; i++)
        count +=
            w->d.effects[i].kind == kind && (!job_id || w->d.effects[i].job_id == job_id);
    return count;
}

static Wire__KeyValue *kv(struct world *w, const char *key, const char *value)
{
    Wire__KeyValue *m = arena_alloc(&w->scratch, sizeof(*m));

    wire__key_value__init(m);
    m->key = (char *)key;
    m->value = (char *)value;
    return m;
}

static const struct cluster_who root = { 0, true, true };

int world_update_job(struct world *w, uint32_t job_id, const char *key, const char *value)
{
    Wire__KeyValue *items[] = { kv(w, key, value) };

    decision_reset(&w->d);
    if (cluster_decide_update_job(w->c, &w->now, &root, job_id, items, 1, &w->d, &w->err)
        < 0)
        return -1;
    world_commit(w);
    return 0;
}

int world_update_node(struct world *w, const char *name, const char *state,
                      const char *reason)
{
    Wire__KeyValue *items[] = { kv(w, "nodename", name), kv(w, "state", state),
                                kv(w, "reason", reason) };

    decision_reset(&w->d);
    if (cluster_decide_update_nodes(w->c, &w->now, &root, items, reason ? 3 : 2, &w->d,
                                    &w->err)
        < 0)
        return -1;
    world_commit(w);
    return 0;
}

int world_update_part(struct world *w, const char *name, const char *key, const char *value)
{
    Wire__KeyValue *items[] = { kv(w, "partitionname", name), kv(w, key, value) };

    decision_reset(&w->d);
    if (cluster_decide_update_part(w->c, &w->now, &root, UPDATE_CHANGE, items, 2, &w->d, &w->err) < 0)
        return -1;
    world_commit(w);
    return 0;
}

static void apply_packed(struct world *w, struct cluster *c, const struct packed *p)
{
    Wire__Event *ev = wire__event__unpack(NULL, p->len, p->data);

    ck_assert_ptr_nonnull(ev);
    ck_assert_msg(cluster_apply(c, ev, &w->err) == 0, "replay: %s", w->err.text);
    wire__event__free_unpacked(ev, NULL);
}

static void same_dump(struct cluster *a, struct cluster *b, const char *what)
{
    char *x = cluster_dump(a), *y = cluster_dump(b);

    if (strcmp(x, y) != 0) {
        size_t i = 0, line = 0;

        for (; x[i] && x[i] == y[i]; i++)
            if (x[i] == '\n')
                line = i + 1;
        ck_abort_msg("%s differs:\nlive:   %.*s\nreplay: %.*s", what,
                     (int)strcspn(x + line, "\n"), x + line, (int)strcspn(y + line, "\n"),
                     y + line);
    }
    free(x);
    free(y);
}

void world_check_replay(struct world *w)
{
    struct cluster *again = cluster_create(&w->conf, &w->err);
    struct cluster *loaded = cluster_create(&w->conf, &w->err);
    struct snapshot *s = cluster_snapshot_begin(w->c, &w->now);
    const Wire__Event *ev;

    for (size_t i = 0; i < w->num_log; i++)
        apply_packed(w, again, &w->log[i]);
    same_dump(w->c, again, "state after replay");
    while ((ev = cluster_snapshot_next(s))) {
        struct packed p = { wire__event__get_packed_size(ev), NULL };

        p.data = xmalloc(p.len + 1);
        wire__event__pack(ev, p.data);
        apply_packed(w, loaded, &p);
        free(p.data);
    }
    cluster_snapshot_end(s);
    same_dump(w->c, loaded, "state after a snapshot");
    cluster_destroy(again);
    cluster_destroy(loaded);
}

int world_main(const char *name, world_setup_f *setup, world_setup_f *teardown,
               const TTest *const *tests, size_t num_tests)
{
    Suite *s = suite_create(name);
    TCase *tc = tcase_create(name);

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 30);
    for (size_t i = 0; i < num_tests; i++)
        tcase_add_test(tc, tests[i]);
    suite_add_tcase(s, tc);
    return suite_run(s);
}
