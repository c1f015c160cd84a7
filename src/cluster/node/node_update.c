/* node_update.c - scontrol update nodename=... */
#include "cluster/node/node.h"

#include "cluster/event/event.h"
#include "util/num.h"

#include <string.h>
#include <strings.h>

struct node_wish {
    const char *names, *reason;
    enum node_change change; /* 0: none */
    bool forget_key, some;
    uint32_t weight; /* 0: as it is */
    const char *features, *comment, *extra;
};

static const struct {
    const char *key, *why;
} no_keys[] = {
    { "cpubind", "jobs ask for it with --cpu-bind" },
    { "gres", "nodes have what bramble.conf says" },
    { "nodeaddr", "a node tells its address when it registers" },
    { "nodehostname", "a node tells its host when it registers" },
    { "resumeafter", "nodes are not powered down" },
};
static const struct {
    const char *word, *why;
} no_states[] = {
    { "cancel_reboot", "no reboot is pending" },
    { "future", "enter nodes to come in bramble.conf: they are there once they register" },
    { "noresp", "a node responds or not by itself" },
    { "power_down", "boards are not switched off" },
    { "power_down_asap", "boards are not switched off" },
    { "power_down_force", "boards are not switched off" },
    { "power_up", "boards are not switched on" },
    { "reboot", "no program reboots boards" },
};

static int parse_state(const char *value, struct node_wish *wish, struct error *err)
{
    static const struct {
        const char *word;
        enum node_change change;
    } words[] = {
        { "drain", NODE_CHANGE_DRAIN },    { "resume", NODE_CHANGE_RESUME },
        { "undrain", NODE_CHANGE_RESUME }, { "idle", NODE_CHANGE_RESUME },
        { "down", NODE_CHANGE_DOWN },      { "fail", NODE_CHANGE_FAIL },
    };

    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        if (strcasecmp(words[i].word, value) == 0) {
            wish->change = words[i].change;
            return 0;
        }
    for (size_t i = 0; i < ARRAY_SIZE(no_states); i++)
        if (strcasecmp(no_states[i].word, value) == 0)
            return error_set(err, BRE_UPDATE, "State=%s is not supported: %s", value,
                             no_states[i].why);
    return error_set(
        err, BRE_UPDATE, "Invalid input: state=%s", value);
}

static int parse_items(Wire__KeyValue *const *items, size_t num_items,
                       struct node_wish *wish, struct error *err)
{
    for (size_t i = 0; i < num_items; i++) {
        const char *key = items[i]->key ? items[i]->key : "";
        const char *value = items[i]->value ? items[i]->value : "";

        if (strcasecmp(key, "nodename") == 0) {
            wish->names = value;
        } else if (strcasecmp(key, "reason") == 0) {
            wish->reason = value;
        } else if (strcasecmp(key, "state") == 0) {
            if (parse_state(value, wish, err) < 0)
                return -1;
        } else if (strcasecmp(key, "key") == 0) {
            if (strcasecmp(value, "forget") != 0)
                return error_set(err, BRE_UPDATE,
                                 "Invalid input: key=%s: only key=forget is known", value);
            wish->forget_key = true;
        } else if (strcasecmp(key, "weight") == 0) {
            if (num_parse_u32(value, 1, UINT32_MAX - 1, &wish->weight, "Weight", err) < 0)
                return -1;
        } else if (strcasecmp(key, "features") == 0 || strcasecmp(key, "availablefeatures") == 0
                   || strcasecmp(key, "activefeatures") == 0) {
            wish->features = value;
        } else if (strcasecmp(key, "comment") == 0) {
            wish->comment = value;
        } else if (strcasecmp(key, "extra") == 0) {
            wish->extra = value;
        } else {
            for (size_t k = 0; k < ARRAY_SIZE(no_keys); k++)
                if (strcasecmp(key, no_keys[k].key) == 0)
                    return error_set(err, BRE_UPDATE,
                                     "Update of this parameter is not supported: %s=%s: %s", key,
                                     value, no_keys[k].why);
            return error_set(err, BRE_UPDATE,
                             "Update of this parameter is not supported: %s=%s", key, value);
        }
    }
    wish->some = wish->weight || wish->features || wish->comment || wish->extra;
    if (!wish->names || !*wish->names)
        return error_set(err, BRE_UPDATE, "nodename= is missing");
    if (!wish->change && !wish->forget_key && !wish->reason && !wish->some)
        return error_set(err, BRE_UPDATE, "nothing to update");
    if ((wish->change == NODE_CHANGE_DRAIN || wish->change == NODE_CHANGE_DOWN
         || wish->change == NODE_CHANGE_FAIL)
        && (!wish->reason || !*wish->reason))
        return error_set(
            err, BRE_UPDATE,
            "You must specify a reason when DOWNING or DRAINING a node: add reason=...");
    return 0;
}

int cluster_decide_update_nodes(struct cluster *c, const struct cluster_now *now,
                                const struct cluster_who *who, Wire__KeyValue *const *items,
                                size_t num_items, struct decision *d, struct error *err)
{
    struct node_wish wish = { 0 };
    CLEANUP_HOSTLIST struct hostlist *names = NULL;

    if (!who->is_operator && !who->is_admin)
        return error_set(err, BRE_ACCESS, "only operators may update nodes");
    if (parse_items(items, num_items, &wish, err) < 0)
        return -1;
    if (strcasecmp(wish.names, "all") == 0) {
        names = hostlist_create();
        for (size_t i = 0; i < c->num_nodes; i++)
            if (c->nodes[i] && c->nodes[i]->conf)
                hostlist_push(names, c->nodes[i]->name);
    } else if (!(names = hostlist_parse(wish.names, 0, err))) {
        return -1;
    }
    hostlist_for_each(names, i, name) if (!node_find(c, name)) return error_set(
        err, BRE_NODE_NAME, "node %s does not exist", name);
    clock_check(c, now, d);
    hostlist_for_each(names, i, name)
    {
        Wire__EvNodeState *ev = node_decide_state(
            now, node_find(c, name), wish.change,
            wish.reason ? arena_strdup(&d->arena, wish.reason) : NULL, who->uid, d);

        if (wish.forget_key)
            SET(ev, forget_key, 1);
        if (wish.weight)
            SET(ev, weight, wish.weight);
        ev->features = (char *)wish.features;
        ev->comment = (char *)wish.comment;
        ev->extra = (char *)wish.extra;
    }
    return 0;
}
