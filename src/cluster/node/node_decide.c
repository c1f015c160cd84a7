/* node_decide.c - nodes that register, fall silent, are lost, drained and resumed. */
#include "cluster/node/node.h"

#include "cluster/event/event.h"
#include "cluster/job/job.h"
#include "cluster/step/step.h"

#include <string.h>

Wire__EvNodeState *node_decide_state(const struct cluster_now *now, const struct node *node,
                                     enum node_change change, const char *reason,
                                     uint32_t by_uid, struct decision *d)
{
    Wire__EvNodeState *ev =
        event_add(d, now, node_state, NODE_STATE, EvNodeState, EV_NODE_STATE);

    SET(ev, node_id, node->id);
    ev->name = node->name;
    SET(ev, change, change);
    ev->reason = (char *)reason;
    SET(ev, by_uid, by_uid);
    return ev;
}

static bool place_is_unused(const struct node_job *nj)
{
    return !(nj->job->alloc->nodes[nj->place].flags & ALLOC_USED);
}

void node_decide_jobs_gone(struct cluster *c, const struct cluster_now *now,
                           struct node *node, bool known_dead, bool only_used,
                           const char *why, struct decision *d)
{
    for (uint32_t i = 0; i < node->num_jobs; i++)
        if (!only_used || !place_is_unused(&node->jobs[i]))
            job_decide_node_gone(c, now, node->jobs[i].job, node->id, known_dead, why, d);
    if (!known_dead)
        return;
    list_for_each(link, &c->waiting_dead)
    {
        struct ghosts *g = container_of(link, struct ghosts, link);

        if (job_has_ghost(g->job, g->attempt, node->id))
            job_decide_ghost_gone(c, now, g->job, node->id, d);
    }
}

int cluster_check_hello(struct cluster *c, const char *name, const uint8_t public_key[32],
                        uint32_t *node_id, struct error *err)
{
    const struct node *node = name ? node_find(c, name) : NULL;

    if (!node || !node->conf)
        return error_set(err, BRE_NODE_NAME, "node \"%s\" is not in the configuration",
                         name ? name : "");
    if (node->has_key && memcmp(node->public_key, public_key, 32) != 0)
        return error_set(
            err, BRE_AUTH,
            "node %s shows another key than the one it joined with: if the board was "
            "replaced, run \"scontrol update nodename=%s key=forget\"",
            name, name);
    *node_id = node->id;
    return 0;
}

static const Wire__StepStatus *reported(const Wire__NodeRegister *reg, uint32_t job_id,
                                        uint32_t step_id, uint32_t attempt)
{
    for (size_t i = 0; i < reg->n_steps; i++)
        if (reg->steps[i]->job_id == job_id && reg->steps[i]->step_id == step_id
            && reg->steps[i]->attempt == attempt)
            return reg->steps[i];
    return NULL;
}

static bool reported_any(const Wire__NodeRegister *reg, uint32_t job_id, uint32_t attempt)
{
    for (size_t i = 0; i < reg->n_steps; i++)
        if (reg->steps[i]->job_id == job_id && reg->steps[i]->attempt == attempt)
            return true;
    return false;
}

/* What runs there and should not: killed before the node gets anything else. */
static void kill_strangers(struct cluster *c, const struct node *node,
                           const Wire__NodeRegister *reg, struct decision *d)
{
    for (size_t i = 0; i < reg->n_steps; i++) {
        const Wire__StepStatus *st = reg->steps[i];
        const struct job *job = job_table_find(&c->jobs, st->job_id);
        uint32_t place;
        bool ours;

        if (st->state == STEP_ENDED)
            continue;
        ours = job && job->attempt == st->attempt && job->phase == PHASE_RUNNING;
        if (ours) {
            struct step *step = step_find(job, st->step_id);

            place = alloc_find(job->alloc, node->id);
            if (st->step_id == STEP_NONE) { /* no step of it is there now */
                if (place >= job->alloc->count)
                    effect_kill(d, node->id, st->job_id, STEP_NONE, st->attempt, 0);
                continue;
            }
            if (step && !step->end_state && step_node_at(step, place))
                continue;
            if (step) {
                effect_kill(d, node->id, job->id, step->id, job->attempt, 0);
                continue;
            }
            effect_kill(d, node->id, st->job_id, st->step_id, st->attempt, 0);
            continue;
        }
        effect_kill(d, node->id, st->job_id, STEP_NONE, st->attempt, 0);
    }
}

/* The same boot: the step folders are there, so what the node does not list never started, or is
 * over and acknowledged. */
static void relaunch(struct cluster *c, const struct cluster_now *now, struct node *node,
                     const Wire__NodeRegister *reg, struct decision *d)
{
    for (uint32_t i = 0; i < node->num_jobs; i++) {
        struct job *job = node->jobs[i].job;
        uint32_t place = node->jobs[i].place;

        if (job->phase == PHASE_ENDING) {
            if (job->alloc->nodes[place].flags & ALLOC_USED)
                effect_kill(d, node->id, job->id, STEP_NONE, job->attempt, 0);
            continue;
        }
        for (struct step *s = job->steps; s; s = s->next) {
            struct step_node *sn = step_node_at(s, place);
            struct effect *e;

            if (sn && !sn->ended && job->suspension) /* it may have missed an order */
                job_order_stopped(job, s->id, node->id, d);
            if (!sn || sn->ended || reported(reg, job->id, s->id, job->attempt))
                continue;
            if (s->end_state) { /* it was to end, and it is not there */
                Wire__StepStatus st = WIRE__STEP_STATUS__INIT;

                SET(&st, job_id, job->id);
                SET(&st, step_id, s->id);
                SET(&st, attempt, s->attempt);
                SET(&st, state, STEP_ENDED);
                cluster_decide_step_status(c, now, node->id, &st, d, NULL);
                continue;
            }
            e = effect_add(d, EFFECT_LAUNCH);
            e->job_id = job->id;
            e->step_id = s->id;
            e->attempt = s->attempt;
            e->node_id = node->id;
            e->node_index = (uint32_t)(sn - s->nodes);
        }
    }
    list_for_each(link, &c->waiting_dead)
    {
        struct ghosts *g = container_of(link, struct ghosts, link);

        if (!job_has_ghost(g->job, g->attempt, node->id))
            continue;
        if (reported_any(reg, g->job->id, g->attempt)) /* its answer is what we wait for */
            effect_kill(d, node->id, g->job->id, STEP_NONE, g->attempt, 0);
        else
            job_decide_ghost_gone(c, now, g->job, node->id, d);
    }
}

int cluster_decide_register(struct cluster *c, const struct cluster_now *now,
                            uint32_t node_id, const uint8_t public_key[32],
                            const char *address, const Wire__NodeRegister *reg,
                            struct decision *d, struct error *err)
{
    struct node *node = node_at(c, node_id);
    Wire__EvNodeRegistered *ev;
    Wire__NodeRegister *facts;
    bool rebooted;

    if (!node || !node->conf)
        return error_set(err, BRE_NODE_NAME, "node %u is not in the configuration",
                         node_id);
    if (node->has_key && public_key && memcmp(node->public_key, public_key, 32) != 0)
        return error_set(err, BRE_AUTH,
                         "node %s shows another key than the one it joined with",
                         node->name);
    if (!reg->boot_id || !*reg->boot_id || !reg->cores || reg->cores > 65535
        || reg->threads < reg->cores || reg->threads > 1u << 20)
        return error_set(
            err, BRE_NODE_CONFIG, "node %s reports %u cores, %u threads and boot id \"%s\"",
            node->name, reg->cores, reg->threads, reg->boot_id ? reg->boot_id : "");
    clock_check(c, now, d);
    if (reg->has_topology_xml && reg->topology_xml.len && reg->topology_hash.len == 32
        && !cluster_has_topology(c, reg->topology_hash.data)) {
        Wire__EvTopologyAdded *topo = event_add(d, now, topology_added, TOPOLOGY_ADDED,
                                                EvTopologyAdded, EV_TOPOLOGY_ADDED);

        SET(topo, hash, reg->topology_hash);
        SET(topo, xml, reg->topology_xml);
    }
    rebooted = node->facts && node->facts->boot_id
               && strcmp(node->facts->boot_id, reg->boot_id) != 0;
    facts = arena_memdup(&d->arena, reg, sizeof(*reg));
    facts->n_steps = 0;
    facts->steps = NULL;
    facts->has_topology_xml = 0;
    facts->topology_xml = (ProtobufCBinaryData){ 0, NULL };
    ev = event_add(d, now, node_registered, NODE_REGISTERED, EvNodeRegistered,
                   EV_NODE_REGISTERED);
    SET(ev, node_id, node_id);
    ev->name = node->name;
    if (public_key)
        SET(ev, public_key,
            ((ProtobufCBinaryData){ 32, arena_memdup(&d->arena, public_key, 32) }));
    ev->address = arena_strdup(&d->arena, address ? address : "");
    ev->facts = facts;
    kill_strangers(c, node, reg, d);
    if (rebooted)
        node_decide_jobs_gone(c, now, node, true, true,
                              arena_printf(&d->arena, "node %s rebooted", node->name), d);
    else
        relaunch(c, now, node, reg, d);
    return 0;
}

void cluster_node_seen(struct cluster *c, uint32_t node_id, const struct cluster_now *now,
                       uint32_t cpu_load_pct, uint64_t free_mem_mb)
{
    struct node *node = node_at(c, node_id);

    if (!node)
        return;
    node->seen_ms = now->mono_ms;
    node->seen_usec = now->wall_usec;
    if (free_mem_mb) {
        node->cpu_load_pct = cpu_load_pct;
        node->free_mem_mb = free_mem_mb;
    }
}

static bool node_has_ghosts(const struct cluster *c, const struct node *node)
{
    list_for_each(link, &c->waiting_dead)
    {
        const struct ghosts *g = container_of(link, struct ghosts, link);

        if (job_has_ghost(g->job, g->attempt, node->id))
            return true;
    }
    return false;
}

void cluster_node_due(struct cluster *c, uint32_t node_id, uint64_t mono_ms)
{
    struct node *node = node_at(c, node_id);

    if (node)
        node->seen_ms = mono_ms - (uint64_t)conf_of(c)->node_timeout_sec * 1000;
}

bool cluster_node_has_work(const struct cluster *c, uint32_t node_id)
{
    const struct node *node = node_at(c, node_id);

    return node && (node->num_jobs || node_has_ghosts(c, node));
}

int cluster_decide_node_lost(struct cluster *c, const struct cluster_now *now,
                             uint32_t node_id, struct decision *d, struct error *err)
{
    const struct node *node = node_at(c, node_id);

    if (!node)
        return error_set(err, BRE_NODE_NAME, "node %u does not exist", node_id);
    if (node->flags & NODE_LOST || !node->facts)
        return 0;
    clock_check(c, now, d);
    node_decide_state(now, node, NODE_CHANGE_LOST, NULL, 0, d);
    return 0;
}

int cluster_decide_drain(struct cluster *c, const struct cluster_now *now, uint32_t node_id,
                         const char *reason, struct decision *d, struct error *err)
{
    const struct node *node = node_at(c, node_id);

    if (!node)
        return error_set(err, BRE_NODE_NAME, "node %u does not exist", node_id);
    if (!(node->flags & NODE_DRAINED))
        node_decide_state(now, node, NODE_CHANGE_DRAIN, arena_strdup(&d->arena, reason), 0,
                          d);
    return 0;
}

/* Declared down, but its agent answers: its jobs end the usual way, by being killed there. */
static bool has_running(const struct node *node)
{
    for (uint32_t i = 0; i < node->num_jobs; i++)
        if (node->jobs[i].job->phase == PHASE_RUNNING)
            return true;
    return false;
}

static void decide_jobs_end(struct cluster *c, const struct cluster_now *now,
                            struct node *node, struct decision *d)
{
    for (uint32_t i = 0; i < node->num_jobs; i++) {
        struct job *job = node->jobs[i].job;
        struct job_end end = { .state = JOB_NODE_FAIL,
                               .reason = REASON_NODE_FAIL,
                               .requeue = job_may_requeue(c, job) ? 1 : 0 };

        end.text = arena_printf(&d->arena, "node %s was declared down", node->name);
        if (job->phase == PHASE_RUNNING)
            job_decide_end(c, now, job, &end, UINT32_MAX, false, d);
    }
}

/* A job may have several of the nodes that are gone, and what follows for it depends on what has
 * been applied: so only one node with jobs is dealt with in one decision. */
void nodes_decide_silent(struct cluster *c, const struct cluster_now *now,
                         struct decision *d)
{
    uint64_t timeout = (uint64_t)conf_of(c)->node_timeout_sec * 1000, next = UINT64_MAX;
    size_t decided = 0;

    /* This very controller was stopped or starved when it looks this late: the nodes' words may
     * wait in its sockets, so they get their time anew. */
    if (c->node_check_ms && c->node_check_ms != UINT64_MAX
        && now->mono_ms > c->node_check_ms + 3000)
        for (size_t i = 0; i < c->num_nodes; i++)
            if (c->nodes[i])
                c->nodes[i]->seen_ms = now->mono_ms;
    for (size_t i = 0; i < c->num_nodes; i++) {
        struct node *node = c->nodes[i];
        bool silent, down;

        if (!node)
            continue;
        if (node->flags & NODE_OPER_DOWN && node->present) {
            if (has_running(node)) {
                decide_jobs_end(c, now, node, d);
                next = now->mono_ms;
                break;
            }
            down = false;
        } else {
            down = node->flags & NODE_OPER_DOWN
                   && (node->num_jobs || node_has_ghosts(c, node));
        }
        silent = node->facts && !(node->flags & NODE_SILENT)
                 && node->seen_ms + timeout <= now->mono_ms;
        if (!silent && node->facts && !(node->flags & NODE_SILENT)
            && node->seen_ms + timeout < next)
            next = node->seen_ms + timeout;
        if (!silent && !down)
            continue;
        if (silent)
            node_decide_state(
                now, node, NODE_CHANGE_SILENT,
                node->flags & (NODE_DRAINED | NODE_OPER_DOWN) ? NULL : "Not responding", 0,
                d);
        if (node->num_jobs || down)
            node_decide_jobs_gone(
                c, now, node, down || conf_of(c)->requeue == REQUEUE_TIMEOUT, false,
                arena_printf(&d->arena, "node %s %s", node->name,
                             down ? "was declared down" : "does not respond"),
                d);
        if (node->num_jobs || down || ++decided >= 200) {
            next = now->mono_ms; /* the rest in the next call */
            break;
        }
    }
    c->node_check_ms = next;
}
