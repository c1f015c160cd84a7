/* part_update.c - scontrol update, create and delete of partitions; they last until reconfigure. */
#include "cluster/part/part.h"

#include "cluster/event/event.h"
#include "cluster/job/job.h"
#include "cluster/node/node.h"
#include "util/num.h"
#include "util/timefmt.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

enum key_kind {
    KEY_TEXT,   /* "" and ALL: none */
    KEY_BOOL,
    KEY_LIMIT,  /* a number or UNLIMITED */
    KEY_NUMBER,
    KEY_MB,
    KEY_FIXED,  /* it can only be said to be what it is */
};

#define CONF(member) offsetof(struct part_conf, member)
static const struct part_key {
    const char *name;
    enum key_kind kind;
    size_t offset;
    uint32_t none;      /* KEY_LIMIT: what UNLIMITED is */
    const char *values; /* KEY_FIXED: comma list, "" for empty */
    const char *why;    /* KEY_FIXED */
} keys[] = {
    { "allowgroups", KEY_TEXT, CONF(allow_groups) },
    { "allowaccounts", KEY_TEXT, CONF(allow_accounts) },
    { "denyaccounts", KEY_TEXT, CONF(deny_accounts) },
    { "allowqos", KEY_TEXT, CONF(allow_qos) },
    { "denyqos", KEY_TEXT, CONF(deny_qos) },
    { "allocnodes", KEY_TEXT, CONF(alloc_nodes) },
    { "hidden", KEY_BOOL, CONF(hidden) },
    { "rootonly", KEY_BOOL, CONF(root_only) },
    { "reqresv", KEY_BOOL, CONF(req_resv) },
    { "disablerootjobs", KEY_BOOL, CONF(no_root_jobs) },
    { "default", KEY_BOOL, CONF(is_default) },
    { "maxnodes", KEY_LIMIT, CONF(max_nodes), UINT32_MAX },
    { "minnodes", KEY_LIMIT, CONF(min_nodes), 0 },
    { "prioritytier", KEY_NUMBER, CONF(priority_tier) },
    { "defmempercpu", KEY_MB, CONF(def_mem_per_cpu_mb) },
    { "defmempernode", KEY_MB, CONF(def_mem_per_node_mb) },
    { "maxmempernode", KEY_MB, CONF(max_mem_per_node_mb) },
    { "maxmempercpu", KEY_FIXED, .values = "0,unlimited", .why = "limit the node instead: MaxMemPerNode" },
    { "maxcpuspernode", KEY_FIXED, .values = "unlimited,infinite", .why = "there is no such limit; give the partition other nodes" },
    { "priorityjobfactor", KEY_FIXED, .values = "1", .why = "jobs have no factors of priority; order partitions by PriorityTier" },
    { "gracetime", KEY_FIXED, .values = "0", .why = "jobs are not preempted" },
    { "preemptmode", KEY_FIXED, .values = "off,cluster", .why = "jobs are not preempted" },
    { "qos", KEY_FIXED, .values = ",n/a", .why = "there are no limits of a QOS yet" },
    { "overtimelimit", KEY_FIXED, .values = "none", .why = "it is the same for all partitions: over_time_limit in bramble.conf" },
    { "lln", KEY_FIXED, .values = "no", .why = "jobs go to the fullest node that has room" },
    { "exclusiveuser", KEY_FIXED, .values = "no", .why = "use OverSubscribe=EXCLUSIVE" },
    { "alternate", KEY_FIXED, .values = "", .why = "name several partitions with --partition" },
    { "jobdefaults", KEY_FIXED, .values = "", .why = "jobs ask for what they need" },
    { "tresbillingweights", KEY_FIXED, .values = "", .why = "nothing is billed" },
    { "cpubind", KEY_FIXED, .values = "none", .why = "ask for it with --cpu-bind" },
};
#undef CONF

static int set_bool(const char *val, bool *flag, const char *key, struct error *err)
{
    *flag = strcasecmp(val, "yes") == 0;
    if (*flag || strcasecmp(val, "no") == 0)
        return 0;
    return error_set(err, BRE_UPDATE, "Invalid input: %s=%s\nAcceptable values are YES and NO", key,
                     val);
}

static bool in_values(const char *values, const char *val)
{
    size_t val_len = strlen(val);

    for (;;) {
        size_t len = strcspn(values, ",");

        if (len == val_len && strncasecmp(values, val, len) == 0)
            return true;
        if (!values[len])
            return false;
        values += len + 1;
    }
}

static int set_key(struct part_conf *conf, const struct part_key *k, const char *val,
                   struct error *err)
{
    char *at = (char *)conf + k->offset;

    switch (k->kind) {
    case KEY_TEXT:
        *(const char **)at = strcasecmp(val, "all") == 0 || !*val ? NULL : val;
        return 0;
    case KEY_BOOL:
        return set_bool(val, (bool *)at, k->name, err);
    case KEY_LIMIT:
        if (strcasecmp(val, "unlimited") == 0 || strcasecmp(val, "infinite") == 0
            || strcmp(val, "-1") == 0) {
            *(uint32_t *)at = k->none;
            return 0;
        }
        return num_parse_u32(val, 0, UINT32_MAX - 1, (uint32_t *)at, k->name, err);
    case KEY_NUMBER:
        return num_parse_u32(val, 0, 65533, (uint32_t *)at, k->name, err);
    case KEY_MB:
        if (strcasecmp(val, "unlimited") == 0) {
            *(uint64_t *)at = 0;
            return 0;
        }
        return size_parse_mb(val, (uint64_t *)at, k->name, err);
    case KEY_FIXED:
        if (in_values(k->values, val))
            return 0;
        return error_set(err, BRE_UPDATE,
                         "Update of this parameter is not supported: %s=%s: %s", k->name, val,
                         k->why);
    }
    return -1;
}

static int set_share(struct part_conf *conf, const char *val, struct error *err)
{
    if (strcasecmp(val, "no") == 0)
        conf->share = PART_SHARE_NO;
    else if (strcasecmp(val, "exclusive") == 0)
        conf->share = PART_SHARE_EXCLUSIVE;
    else
        return error_set(err, BRE_UPDATE,
                         "OverSubscribe=%s is not supported: use NO or EXCLUSIVE", val);
    return 0;
}

/* Set one key of scontrol update; val must outlive the conf. */
static int part_conf_set(struct part_conf *conf, const char *key, const char *val, struct error *err)
{
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
        if (strcasecmp(key, keys[i].name) == 0)
            return set_key(conf, &keys[i], val, err);
    if (strcasecmp(key, "state") == 0) {
        for (int i = PART_UP; i <= PART_INACTIVE; i++)
            if (strcasecmp(val, part_state_name((enum part_state)i)) == 0) {
                conf->state = (enum part_state)i;
                return 0;
            }
        return error_set(err, BRE_UPDATE,
                         "Invalid input: state=%s\nAcceptable State values are UP, DOWN, DRAIN and INACTIVE", val);
    }
    if (strcasecmp(key, "maxtime") == 0)
        return time_limit_parse(val, &conf->max_time_min, "MaxTime", err);
    if (strcasecmp(key, "defaulttime") == 0) {
        if (strcasecmp(val, "none") == 0) {
            conf->default_time_min = 0;
            return 0;
        }
        return time_limit_parse(val, &conf->default_time_min, "DefaultTime", err);
    }
    if (strcasecmp(key, "oversubscribe") == 0 || strcasecmp(key, "shared") == 0)
        return set_share(conf, val, err);
    if (strcasecmp(key, "nodes") == 0) {
        conf->nodes = val;
        return 0;
    }
    return error_set(err, BRE_UPDATE, "Update of this parameter is not supported: %s=%s", key,
                     val);
}

static void part_conf_new(struct part_conf *conf, const char *name)
{
    memset(conf, 0, sizeof(*conf));
    conf->name = name;
    conf->nodes = "";
    conf->max_time_min = TIME_UNLIMITED_MIN;
    conf->min_nodes = 1; /* as Slurm's new partitions have it */
    conf->max_nodes = UINT32_MAX;
    conf->priority_tier = 1;
}

void part_update_play(struct cluster *c, const Wire__EvPartUpdated *m)
{
    struct part *part = part_find(c, m->name);

    if (m->op == UPDATE_DELETE) {
        if (part) {
            size_t at = (size_t)(part - c->parts);

            memmove(part, part + 1, (--c->num_parts - at) * sizeof(*part));
        }
        return;
    }
    if (m->op == UPDATE_CREATE && !part) {
        part = &c->parts[c->num_parts++];
        memset(part, 0, sizeof(*part));
        part_conf_new(&part->conf, m->name);
    }
    for (size_t i = 0; part && i < m->n_items; i++) {
        part_conf_set(&part->conf, m->items[i]->key, m->items[i]->value, NULL);
        if (strcasecmp(m->items[i]->key, "default") == 0 && part->conf.is_default)
            for (size_t k = 0; k < c->num_parts; k++)
                c->parts[k].conf.is_default = &c->parts[k] == part;
    }
}

int part_apply_updated(struct cluster *c, const Wire__Event *ev, struct error *err)
{
    struct part_update *u;

    if (!ev->part_updated->name)
        return error_set(err, BRE_DAMAGED, "update of a partition without a name");
    for (size_t i = 0; i < ev->part_updated->n_items; i++)
        if (!ev->part_updated->items[i]->key || !ev->part_updated->items[i]->value)
            return error_set(err, BRE_DAMAGED, "update of partition %s without key or value",
                             ev->part_updated->name);
    u = xcalloc(1, sizeof(*u));
    u->msg = CLONE(ev->part_updated);
    list_append(&c->part_updates, &u->link);
    cluster_nodes_changed(c);
    return 0;
}

int part_apply_reconfigured(struct cluster *c, const Wire__Event *ev, struct error *err)
{
    (void)ev;
    (void)err;
    part_updates_clear(c);
    for (size_t i = 0; i < c->num_nodes; i++) /* what scontrol has set of nodes ends here, too */
        if (c->nodes[i]) {
            c->nodes[i]->set_weight = 0;
            free(c->nodes[i]->set_features);
            c->nodes[i]->set_features = NULL;
            node_refresh(c, c->nodes[i]);
        }
    cluster_nodes_changed(c);
    return 0;
}

/* A job that runs there, or names it and waits. */
static const struct job *part_user(const struct cluster *c, const char *name)
{
    for (const struct job *job = job_table_next(&c->jobs, 0); job;
         job = job_table_next(&c->jobs, job->id)) {
        const char *list = job->alloc ? job->alloc->partition : job->spec->msg->partition;

        if (job->phase != PHASE_ENDED && list && in_values(list, name))
            return job;
    }
    return NULL;
}

static int check_op(struct cluster *c, const char *name, enum update_op op,
                    const struct part *part, struct error *err)
{
    const struct job *job;

    if (op == UPDATE_CREATE) {
        if (part)
            return error_set(err, BRE_PART_NAME,
                             "Invalid partition name specified: %s exists already", name);
        if (!*name || strlen(name) > 255 || strpbrk(name, ", \t\n=*"))
            return error_set(err, BRE_PART_NAME,
                             "Invalid partition name specified: \"%s\" cannot be a name", name);
        return 0;
    }
    if (!part)
        return error_set(err, BRE_PART_NAME, "Invalid partition name specified");
    if (op != UPDATE_DELETE)
        return 0;
    if ((job = part_user(c, name)))
        return error_set(err, BRE_PART_IN_USE, "Partition is in use: by job %u, for one", job->id);
    return 0;
}

int cluster_decide_update_part(struct cluster *c, const struct cluster_now *now,
                               const struct cluster_who *who, enum update_op op,
                               Wire__KeyValue *const *items, size_t num_items,
                               struct decision *d, struct error *err)
{
    const char *name = "";
    const struct part *part;
    struct part_conf trial;
    Wire__EvPartUpdated *ev;

    if (!who->is_operator && !who->is_admin)
        return error_set(err, BRE_ACCESS,
                         "Access/permission denied: only operators may update partitions");
    for (size_t i = 0; i < num_items; i++)
        if (items[i]->key && strcasecmp(items[i]->key, "partitionname") == 0)
            name = items[i]->value ? items[i]->value : "";
    parts_refresh(c);
    part = part_find(c, name);
    if (check_op(c, name, op, part, err) < 0)
        return -1;
    if (op == UPDATE_CHANGE && num_items < 2)
        return error_set(err, BRE_UPDATE, "nothing to update");
    if (part)
        trial = part->conf;
    else
        part_conf_new(&trial, name);
    for (size_t i = 0; i < num_items; i++) {
        const char *key = items[i]->key ? items[i]->key : "";
        const char *val = items[i]->value ? items[i]->value : "";

        if (strcasecmp(key, "partitionname") == 0)
            continue;
        if (part_conf_set(&trial, key, val, err) < 0)
            return err && err->code == BRE_UPDATE
                       ? -1
                       : error_prefix(err, "Invalid input: %s=%s", key, val);
        if (strcasecmp(key, "nodes") == 0 && part_nodes_parse(c, val, NULL, err) < 0)
            return -1;
    }
    clock_check(c, now, d);
    ev = event_add(d, now, part_updated, PART_UPDATED, EvPartUpdated, EV_PART_UPDATED);
    ev->name = arena_strdup(&d->arena, name);
    SET(ev, op, op);
    ev->items = arena_alloc(&d->arena, (num_items + 1) * sizeof(*ev->items));
    for (size_t i = 0; i < num_items; i++)
        if (!items[i]->key || strcasecmp(items[i]->key, "partitionname") != 0) {
            Wire__KeyValue *kv = arena_memdup(&d->arena, items[i], sizeof(*kv));

            if (!kv->value)
                kv->value = (char *)"";
            ev->items[ev->n_items++] = kv;
        }
    return 0;
}
