/* node_apply.c - events to states of nodes. */
#include "cluster/node/node.h"

#include "cluster/event/event.h"
#include "cluster/job/job.h"

#include <string.h>

int node_apply_added(struct cluster *c, const Wire__Event *ev, struct error *err)
{
    const Wire__EvNodeAdded *m = ev->node_added;

    if (!m->name || !*m->name || m->node_id > 1u << 20 || node_at(c, m->node_id)
        || node_find(c, m->name))
        return error_set(err, BRE_DAMAGED, "node %u (%s) cannot be added", m->node_id,
                         m->name ? m->name : "");
    node_add(c, m->node_id, m->name);
    cluster_nodes_changed(c);
    return 0;
}

static void set_facts(struct cluster *c, struct node *node, const Wire__EvNodeRegistered *m)
{
    if (m->has_public_key && m->public_key.len == sizeof(node->public_key)) {
        memcpy(node->public_key, m->public_key.data, sizeof(node->public_key));
        node->has_key = true;
    }
    if (m->address) {
        free(node->address);
        node->address = xstrdup(m->address);
    }
    if (m->facts) {
        free(node->facts);
        node->facts = CLONE(m->facts);
    }
    node_refresh(c, node);
}

static void clear_reason(struct node *node)
{
    free(node->reason);
    node->reason = NULL;
    node->reason_uid = 0;
    node->reason_usec = 0;
}

int node_apply_registered(struct cluster *c, const Wire__Event *ev, struct error *err)
{
    const Wire__EvNodeRegistered *m = ev->node_registered;
    struct node *node = node_at(c, m->node_id);

    if (!node || !m->facts)
        return error_set(err, BRE_DAMAGED, "node %u registers, but does not exist",
                         m->node_id);
    set_facts(c, node, m);
    if (node->flags & NODE_SILENT && !(node->flags & (NODE_DRAINED | NODE_OPER_DOWN)))
        clear_reason(node);
    node->flags &= ~(uint32_t)(NODE_LOST | NODE_SILENT);
    node->registered_usec = ev->time_usec;
    node->present = true;
    if (c->clock.mono_ms) {
        node->seen_ms = c->clock.mono_ms;
        node->seen_usec = ev->time_usec;
        if (c->node_check_ms > node->seen_ms + conf_of(c)->node_timeout_sec * 1000)
            c->node_check_ms = node->seen_ms + conf_of(c)->node_timeout_sec * 1000;
    }
    cluster_nodes_changed(c);
    return 0;
}

/* NULL: as it is; "": none. */
static void set_word(char **at, const char *text)
{
    if (!text)
        return;
    free(*at);
    *at = *text ? xstrdup(text) : NULL;
}

int node_apply_state(struct cluster *c, const Wire__Event *ev, struct error *err)
{
    const Wire__EvNodeState *m = ev->node_state;
    struct node *node = node_at(c, m->node_id);

    if (!node)
        return error_set(err, BRE_DAMAGED, "state of node %u, which does not exist",
                         m->node_id);
    switch ((enum node_change)m->change) {
    case NODE_CHANGE_LOST:
        node->flags |= NODE_LOST;
        node->present = false;
        break;
    case NODE_CHANGE_SILENT:
        node->flags |= NODE_SILENT;
        node->present = false;
        break;
    case NODE_CHANGE_DRAIN:
        node->flags |= NODE_DRAINED;
        break;
    case NODE_CHANGE_DOWN:
        node->flags |= NODE_OPER_DOWN;
        break;
    case NODE_CHANGE_FAIL:
        node->flags |= NODE_FAILING;
        break;
    case NODE_CHANGE_RESUME:
        node->flags &= ~(uint32_t)(NODE_DRAINED | NODE_OPER_DOWN | NODE_FAILING);
        break;
    case NODE_CHANGE_UNDRAIN_AUTO:
        node->flags &= ~(uint32_t)NODE_DRAINED;
        break;
    default:
        if (m->change)
            return error_set(err, BRE_DAMAGED, "node %s: unknown change %u", node->name,
                             m->change);
    }
    if (node->flags & NODE_OPER_DOWN && c->clock.mono_ms)
        c->node_check_ms =
            c->clock.mono_ms; /* what it had is over: cluster_decide_timers() */
    if (m->forget_key)
        node->has_key = false;
    if (m->has_weight)
        node->set_weight = m->weight;
    set_word(&node->comment, m->comment);
    set_word(&node->extra, m->extra);
    if (m->features) {
        set_word(&node->set_features, m->features);
        node_refresh(c, node);
    }
    if (m->change == NODE_CHANGE_RESUME || m->change == NODE_CHANGE_UNDRAIN_AUTO) {
        clear_reason(node);
    } else if (m->reason && *m->reason) {
        free(node->reason);
        node->reason = xstrdup(m->reason);
        node->reason_uid = m->by_uid;
        node->reason_usec = ev->time_usec;
    }
    cluster_nodes_changed(c);
    return 0;
}

int node_apply_image(struct cluster *c, const Wire__Event *ev, struct error *err)
{
    const Wire__NodeImage *m = ev->node_image;
    struct node *node;

    if (!m->registered || !m->registered->name || m->registered->node_id > 1u << 20
        || node_at(c, m->registered->node_id) || node_find(c, m->registered->name))
        return error_set(err, BRE_DAMAGED,
                         "a node of the snapshot has no name or exists already");
    node = node_add(c, m->registered->node_id, m->registered->name);
    set_facts(c, node, m->registered);
    node->flags = m->flags;
    node->set_weight = m->weight;
    set_word(&node->comment, m->comment);
    set_word(&node->extra, m->extra);
    set_word(&node->set_features, m->features);
    node_refresh(c, node);
    node->reason = m->reason && *m->reason ? xstrdup(m->reason) : NULL;
    node->reason_uid = m->reason_uid;
    node->reason_usec = m->reason_usec;
    node->registered_usec = m->registered_usec;
    cluster_nodes_changed(c);
    return 0;
}

int topology_apply_added(struct cluster *c, const Wire__Event *ev, struct error *err)
{
    const Wire__EvTopologyAdded *m = ev->topology_added;

    if (m->hash.len != 32 || !m->xml.len)
        return error_set(err, BRE_DAMAGED, "a topology without hash or text");
    blob_add(&c->topologies, m->hash.data, m->xml.data, m->xml.len)->refs = 1;
    return 0;
}
