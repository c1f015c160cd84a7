/* sim.c - virtual time, chance, faults. */
#include "sim.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "util/mem.h"

uint32_t sim_random(struct sim *s, uint32_t below)
{
    s->rng ^= s->rng << 13;
    s->rng ^= s->rng >> 7;
    s->rng ^= s->rng << 17;
    return below ? (uint32_t)((s->rng >> 16) % below) : 0;
}

bool sim_chance(struct sim *s, uint32_t percent)
{
    return sim_random(s, 100) < percent;
}

void sim_fail(struct sim *s, const char *fmt, ...)
{
    va_list ap;

    if (s->failure[0])
        return;
    va_start(ap, fmt);
    vsnprintf(s->failure, sizeof(s->failure), fmt, ap);
    va_end(ap);
}

void sim_trace(struct sim *s, uint32_t job_id, const char *fmt, ...)
{
    va_list ap;

    if (!s->opt.trace || s->opt.trace != job_id)
        return;
    printf("%8.3f ", (double)s->now_ms / 1000);
    va_start(ap, fmt);
    vprintf(fmt, ap);
    va_end(ap);
    putchar('\n');
}

static bool item_before(const struct sim_item *a, const struct sim_item *b)
{
    return a->at != b->at ? a->at < b->at : a->order < b->order;
}

/* The pointer is good until the next call. */
struct sim_item *sim_at(struct sim *s, uint64_t delay_ms, enum sim_kind kind)
{
    struct sim_item item = { .at = s->now_ms + delay_ms,
                             .order = ++s->order,
                             .kind = kind };
    size_t i;

    if (s->num_heap == s->cap_heap) {
        s->cap_heap = s->cap_heap ? s->cap_heap * 2 : 256;
        s->heap = xreallocarray(s->heap, s->cap_heap, sizeof(*s->heap));
    }
    for (i = s->num_heap++; i > 0 && item_before(&item, &s->heap[(i - 1) / 2]);
         i = (i - 1) / 2)
        s->heap[i] = s->heap[(i - 1) / 2];
    s->heap[i] = item;
    return &s->heap[i];
}

static bool next_item(struct sim *s, struct sim_item *out)
{
    struct sim_item last;
    size_t i = 0;

    if (!s->num_heap)
        return false;
    *out = s->heap[0];
    last = s->heap[--s->num_heap];
    for (size_t k; (k = 2 * i + 1) < s->num_heap; i = k) {
        if (k + 1 < s->num_heap && item_before(&s->heap[k + 1], &s->heap[k]))
            k++;
        if (!item_before(&s->heap[k], &last))
            break;
        s->heap[i] = s->heap[k];
    }
    s->heap[i] = last;
    return true;
}

static void node_back(struct sim *s, uint32_t node, uint64_t after_ms)
{
    struct sim_item *it = sim_at(s, after_ms, SIM_FAULT);

    it->a = 100; /* power on, wake up, dial */
    it->b = node;
}

static void fault(struct sim *s)
{
    uint32_t node = sim_random(s, s->opt.nodes);
    struct agent *a = &s->agents[node];

    s->faults++;
    switch (sim_random(s, 8)) {
    case 0:
    case 1:
        ctld_crash(s);
        break;
    case 2: /* reboot, faster or slower than the timeout */
        if (a->powered) {
            bool reset = a->dialled && sim_chance(s, 50);

            agent_power_off(s, node);
            if (reset)
                ctld_lost(s, node);
            node_back(s, node, sim_random(s, 40000));
        }
        break;
    case 3: /* the connection breaks and comes back */
        if (a->dialled) {
            agent_disconnect(s, node);
            ctld_lost(s, node);
            node_back(s, node, 200 + sim_random(s, 3000));
        }
        break;
    case 4: /* the cable is out, shorter or longer than the timeout: nobody is told */
        if (a->dialled && !a->hung) {
            agent_disconnect(s, node);
            a->hung = true;
            node_back(s, node, sim_random(s, 60000));
        }
        break;
    case 5: /* the wall clock jumps */
        s->wall_offset_usec += ((int64_t)sim_random(s, 7200) - 3600) * 1000000;
        break;
    default:
        break;
    }
}

static void wake(struct sim *s, uint32_t node)
{
    struct agent *a = &s->agents[node];

    a->powered = true;
    a->hung = false;
    agent_dial(s, node);
}

static void handle(struct sim *s, const struct sim_item *it)
{
    bool stale = it->a != s->generation || !s->c;

    switch (it->kind) {
    case SIM_USER:
        ctld_user(s);
        break;
    case SIM_COMMIT:
        if (!stale)
            ctld_commit(s);
        break;
    case SIM_SCHED:
        if (!stale)
            ctld_sched(s);
        break;
    case SIM_TIMERS:
        if (!stale)
            ctld_timers(s);
        break;
    case SIM_TO_NODE:
        agent_receive(s, &it->msg);
        break;
    case SIM_TO_CTLD:
        if (s->agents[it->msg.node].connection == it->msg.connection)
            ctld_receive(s, &it->msg);
        break;
    case SIM_TASK_END:
    case SIM_KILL_DONE:
        if (s->agents[it->a].boot == it->b)
            agent_task_end(s, it->a, it->c, it->kind == SIM_KILL_DONE);
        break;
    case SIM_REPEAT:
        agent_repeat(s, it->a);
        sim_at(s, 5000, SIM_REPEAT)->a = it->a;
        break;
    case SIM_HEARTBEAT:
        if (s->c && s->agents[it->a].dialled && !s->agents[it->a].hung) {
            struct cluster_now now = sim_clock(s);

            cluster_node_seen(s->c, it->a, &now, 0, 0);
        }
        sim_at(s, 3000, SIM_HEARTBEAT)->a = it->a;
        break;
    case SIM_DIAL:
        agent_dial(s, it->a);
        break;
    case SIM_FAULT:
        if (it->a == 100)
            wake(s, it->b);
        else if (s->chaos)
            fault(s);
        break;
    case SIM_CTLD_START:
        if (!s->c)
            ctld_start(s);
        break;
    case SIM_ALLOC_DONE:
        ctld_alloc_done(s, it->a);
        break;
    }
}

static void configure(struct sim *s)
{
    cluster_conf_defaults(&s->conf);
    s->conf.nodes = s->node_conf;
    s->conf.licenses = "matlab:2";
    s->conf.num_nodes = s->opt.nodes;
    s->conf.parts = s->part_conf;
    s->conf.num_parts = 1;
    s->conf.node_timeout_sec = 20;
    s->conf.min_job_age_sec = 100000;
    s->conf.interactive_timeout_sec = 30;
    s->part_conf[0] = (struct part_conf){ .name = "all", .nodes = "ALL" };
    for (uint32_t i = 0; i < s->opt.nodes; i++) {
        snprintf(s->names[i], sizeof(s->names[i]), "n%u", i);
        s->node_conf[i] = (struct node_conf){ .name = s->names[i],
                                              .gres = i % 2 ? "gpu:a:1,gpu:b:1" : "camera" };
    }
}

static void run_until(struct sim *s, uint64_t end_ms)
{
    struct sim_item it;

    while (!s->failure[0] && s->num_heap && s->heap[0].at <= end_ms && next_item(s, &it)) {
        s->now_ms = it.at;
        handle(s, &it);
    }
    s->now_ms = end_ms;
}

static bool all_ended(struct sim *s)
{
    if (!s->c || s->num_waiting || s->commit_due)
        return false;
    for (size_t i = 0; i < s->num_notes; i++) {
        struct job *job = cluster_job_find(s->c, s->notes[i].id);

        if (s->notes[i].alive
            || (job
                && (job_state_shown(job) < JOB_COMPLETED
                    || job_state_shown(job) == JOB_REQUEUED)))
            return false;
    }
    return true;
}

static void sim_free(struct sim *s)
{
    const char *key;
    size_t pos = 0;

    while (strmap_next(&s->launched, &pos, &key))
        free((char *)key);
    strmap_fini(&s->launched);
    cluster_destroy(s->c);
    s->c = NULL;
    for (uint32_t i = 0; i < s->opt.nodes; i++)
        agent_free(s, i);
    decision_fini(&s->d);
    sim_log_free(s);
    free(s->heap);
    free(s->notes);
}

int sim_run(const struct sim_options *opt, char failure[512], struct sim *out)
{
    struct sim *s = xcalloc(1, sizeof(*s));
    uint32_t actions = opt->jobs * 2;
    int rc;

    s->opt = *opt;
    s->rng = (opt->seed + 1) * UINT64_C(0x9e3779b97f4a7c15) | 1;
    for (int i = 0; i < 8; i++)
        sim_random(s, 2);
    s->now_ms = 1000;
    s->chaos = true;
    decision_init(&s->d);
    configure(s);
    ctld_start(s);
    for (uint32_t i = 0; i < opt->nodes; i++) {
        s->agents[i].powered = true;
        sim_at(s, sim_random(s, 500), SIM_DIAL)->a = i;
        sim_at(s, sim_random(s, 5000), SIM_REPEAT)->a = i;
        sim_at(s, sim_random(s, 3000), SIM_HEARTBEAT)->a = i;
    }
    for (uint32_t i = 0; i < actions; i++)
        sim_at(s, sim_random(s, (uint32_t)opt->chaos_ms), SIM_USER);
    for (uint32_t i = 0; i < opt->chaos_ms / 8000; i++)
        sim_at(s, sim_random(s, (uint32_t)opt->chaos_ms), SIM_FAULT);
    run_until(s, s->now_ms + opt->chaos_ms);
    /* quiet: everything comes back, and in time everything ends */
    s->chaos = false;
    if (s->wall_offset_usec < 0)
        s->wall_offset_usec = 0;
    run_until(s, s->now_ms + 70000);
    for (uint32_t i = 0; i < opt->nodes && !s->failure[0]; i++)
        wake(s, i);
    run_until(s, s->now_ms + 5000);
    for (int i = 0; i < 500 && !s->failure[0] && !all_ended(s); i++) {
        if (s->c)
            ctld_calm(s);
        run_until(s, s->now_ms + 20000);
    }
    if (!s->failure[0] && !s->c)
        sim_fail(s, "the controller did not come back");
    if (!s->failure[0])
        check_end(s);
    if (!s->failure[0])
        ctld_check_replay(s);
    memcpy(failure, s->failure, sizeof(s->failure));
    rc = s->failure[0] ? -1 : 0;
    if (out)
        *out = *s; /* the counters; what it points to is freed */
    sim_free(s);
    free(s);
    return rc;
}
