/* node.c - lifetime of nodes, their resources, and what may be said of them. */
#include "cluster/node/node.h"

#include "cluster/job/job.h"
#include "cluster/part/part.h"
#include "cluster/sched/sched.h"

#include <string.h>

struct node *node_at(const struct cluster *c, uint32_t id)
{
    return id < c->num_nodes ? c->nodes[id] : NULL;
}

struct node *node_find(const struct cluster *c, const char *name)
{
    return strmap_find(&c->node_names, name);
}

static void features_free(struct node *node)
{
    for (uint32_t i = 0; i < node->num_features; i++)
        free(node->features[i]);
    free(node->features);
    free(node->features_text);
    node->features = NULL;
    node->features_text = NULL;
    node->num_features = 0;
}

static void feature_add(struct node *node, const char *text, size_t len)
{
    if (!len)
        return;
    for (uint32_t i = 0; i < node->num_features; i++)
        if (strlen(node->features[i]) == len && strncmp(node->features[i], text, len) == 0)
            return;
    node->features = xreallocarray(node->features, node->num_features + 1, sizeof(char *));
    node->features[node->num_features++] = xstrndup(text, len);
}

static void features_add_list(struct node *node, const char *text)
{
    while (text && *text) {
        size_t len = strcspn(text, ",");

        feature_add(node, text, len);
        text += len + (text[len] == ',');
    }
}

static const char *word_size(const char *arch)
{
    if (!arch || !*arch)
        return NULL;
    if (strstr(arch, "64") || strstr(arch, "s390x"))
        return "64bit";
    return "32bit";
}

static const char *node_class(const struct node *node)
{
    if (node->conf && node->conf->hw_class)
        return node->conf->hw_class;
    return node->facts ? node->facts->hw_class : NULL;
}

void node_refresh(struct cluster *c, struct node *node)
{
    const struct node_conf *conf = node->conf;
    const Wire__NodeRegister *facts = node->facts;
    CLEANUP_STRBUF struct strbuf sb = STRBUF_INIT;
    uint32_t threads, cores;

    (void)c;
    node->sockets = facts && facts->sockets ? facts->sockets : conf ? conf->sockets : 0;
    cores = facts && facts->cores ? facts->cores : conf ? conf->cores : 0;
    threads = facts && facts->cores ? facts->threads
                                    : cores * (conf ? conf->threads_per_core : 0);
    node->cores = cores < (1 << 16) ? cores : (1 << 16) - 1;
    node->tpc = cores && threads > cores ? threads / cores : 1;
    if (!node->sockets)
        node->sockets = 1;
    node->mem_mb = conf && conf->mem_mb ? conf->mem_mb : facts ? facts->mem_mb : 0;
    if (!node->used)
        node->used = bitmap_create(node->cores ? node->cores : 1);
    else if (node->used->bits < node->cores)
        node->used = bitmap_resize(node->used, node->cores ? node->cores : 1);
    node_gres_refresh(node);
    features_free(node);
    features_add_list(node, node_class(node));
    if (facts) {
        features_add_list(node, facts->arch);
        features_add_list(node,
                          word_size(facts->abi && *facts->abi ? facts->abi : facts->arch));
    }
    features_add_list(node, node->set_features ? node->set_features : conf ? conf->features : NULL);
    for (uint32_t i = 0; i < node->num_features; i++) {
        if (i)
            strbuf_addc(&sb, ',');
        strbuf_add(&sb, node->features[i]);
    }
    node->features_text = strbuf_take(&sb);
}

struct node *node_add(struct cluster *c, uint32_t id, const char *name)
{
    struct node *node;

    if (id >= c->num_nodes) {
        if (id >= c->cap_nodes) {
            size_t cap = c->cap_nodes ? c->cap_nodes * 2 : 16;

            while (cap <= id)
                cap *= 2;
            c->nodes = xreallocarray(c->nodes, cap, sizeof(*c->nodes));
            memset(c->nodes + c->cap_nodes, 0, (cap - c->cap_nodes) * sizeof(*c->nodes));
            c->cap_nodes = cap;
        }
        c->num_nodes = id + 1;
    }
    node = xcalloc(1, sizeof(*node));
    node->id = id;
    node->name = xstrdup(name);
    node->conf = strmap_find(&c->conf->node_names, name);
    c->nodes[id] = node;
    strmap_put(&c->node_names, node->name, node);
    node_refresh(c, node);
    return node;
}

void node_destroy(struct node *node)
{
    if (!node)
        return;
    node_gres_fini(node);
    features_free(node);
    free(node->partitions_text);
    bitmap_destroy(node->used);
    free(node->jobs);
    free(node->facts);
    free(node->address);
    free(node->reason);
    free(node->set_features);
    free(node->comment);
    free(node->extra);
    free(node->name);
    free(node);
}

uint32_t node_weight(const struct node *node)
{
    return node->set_weight ? node->set_weight : node->conf ? node->conf->weight : 1;
}

bool node_is_up(const struct node *node)
{
    return node->facts && !(node->flags & (NODE_LOST | NODE_SILENT | NODE_OPER_DOWN));
}

bool node_is_usable(const struct node *node)
{
    return node_is_up(node) && node->present && node->conf
           && !(node->flags & (NODE_DRAINED | NODE_FAILING));
}

const char *node_why_unusable(const struct node *node)
{
    if (!node->conf)
        return "removed from the configuration";
    if (node->flags & NODE_OPER_DOWN)
        return "down";
    if (!node->facts)
        return "not registered yet";
    if (node->flags & NODE_SILENT)
        return "down, not responding";
    if (node->flags & NODE_LOST || !node->present)
        return "not responding";
    if (node->flags & NODE_DRAINED)
        return "drained";
    if (node->flags & NODE_FAILING)
        return "failing";
    return NULL;
}

bool node_has_feature(const struct node *node, const char *feature)
{
    for (uint32_t i = 0; i < node->num_features; i++)
        if (strcmp(node->features[i], feature) == 0)
            return true;
    return false;
}

uint64_t node_tmp_mb(const struct node *node)
{
    if (node->conf && node->conf->tmp_mb)
        return node->conf->tmp_mb;
    return node->facts ? node->facts->tmp_mb : UINT64_MAX;
}

uint32_t node_state(const struct node *node)
{
    uint32_t state;
    bool completing = false;

    if (node->flags & (NODE_OPER_DOWN | NODE_SILENT | NODE_LOST))
        state = NODE_DOWN;
    else if (!node->facts)
        state = NODE_UNKNOWN;
    else if (!node->num_used)
        state = NODE_IDLE;
    else
        state = node->num_used >= node->cores ? NODE_ALLOCATED : NODE_MIXED;
    for (uint32_t i = 0; i < node->num_jobs && !completing; i++)
        completing = node->jobs[i].job->phase == PHASE_ENDING;
    if (completing)
        state |= NODE_FLAG_COMPLETING;
    state |= node->resv_flags;
    if (node->flags & NODE_DRAINED)
        state |= NODE_FLAG_DRAIN;
    if (node->flags & NODE_FAILING)
        state |= NODE_FLAG_FAIL;
    if (node->flags & (NODE_LOST | NODE_SILENT) || !node->facts)
        state |= NODE_FLAG_NOT_RESPONDING;
    return state;
}

static void add_job(struct node *node, struct job *job, uint32_t place)
{
    if (node->num_jobs == node->cap_jobs) {
        node->cap_jobs = node->cap_jobs ? node->cap_jobs * 2 : 4;
        node->jobs = xreallocarray(node->jobs, node->cap_jobs, sizeof(*node->jobs));
    }
    node->jobs[node->num_jobs++] = (struct node_job){ job, place };
}

bool node_is_empty(const struct node *node)
{
    uint32_t out = 0;

    for (uint32_t i = 0; node->shared && i < node->num_jobs; i++)
        out += job_cores_out(node->jobs[i].job);
    return node->num_jobs == out;
}

void node_recount(struct node *node)
{
    bitmap_zero(node->used);
    node->shared = node->num_jobs > 0;
    for (uint32_t k = 0; k < node->num_jobs; k++) {
        const struct job *job = node->jobs[k].job;
        const struct bitmap *cores = job->alloc->nodes[node->jobs[k].place].cores;

        if (cores && !job_cores_out(job))
            bitmap_for_each(cores, i) bitmap_set(node->used, (size_t)i);
    }
    node->num_used = (uint32_t)bitmap_count(node->used);
}

int node_take_shared(struct node *node, struct job *job, uint32_t place,
                     const struct bitmap *cores, uint64_t mem_mb)
{
    if (node->used->bits < cores->bits)
        node->used = bitmap_resize(node->used, cores->bits);
    if (!job_cores_out(job))
        bitmap_for_each(cores, i) bitmap_set(node->used, (size_t)i);
    node->num_used = (uint32_t)bitmap_count(node->used);
    node->alloc_mem_mb += mem_mb;
    node->shared = true;
    add_job(node, job, place);
    return 0;
}

int node_take(struct node *node, struct job *job, uint32_t place,
              const struct bitmap *cores, uint64_t mem_mb, struct error *err)
{
    if (node->used->bits < cores->bits)
        node->used = bitmap_resize(node->used, cores->bits);
    bitmap_for_each(cores, i) if (bitmap_test(node->used, (size_t)i)) return error_set(
        err, BRE_DAMAGED, "core %zd of node %s is given out twice", i, node->name);
    bitmap_for_each(cores, i) bitmap_set(node->used, (size_t)i);
    node->num_used += (uint32_t)bitmap_count(cores);
    node->alloc_mem_mb += mem_mb;
    add_job(node, job, place);
    return 0;
}

void node_give_back(struct node *node, struct job *job, uint32_t place,
                    const struct bitmap *cores, uint64_t mem_mb)
{
    for (uint32_t i = 0; i < node->num_jobs; i++)
        if (node->jobs[i].job == job && node->jobs[i].place == place) {
            memmove(&node->jobs[i], &node->jobs[i + 1],
                    (--node->num_jobs - i) * sizeof(*node->jobs));
            break;
        }
    if (!cores)
        return;
    node->alloc_mem_mb -= mem_mb;
    if (node->shared) {
        node_recount(node);
        return;
    }
    bitmap_for_each(cores, i) bitmap_unset(node->used, (size_t)i);
    node->num_used -= (uint32_t)bitmap_count(cores);
}

size_t cluster_node_count(const struct cluster *c)
{
    return c->num_nodes;
}

bool cluster_node_find(struct cluster *c, const char *name, uint32_t *node_id)
{
    const struct node *node = node_find(c, name);

    if (node)
        *node_id = node->id;
    return node != NULL;
}

const struct node_conf *cluster_node_conf(struct cluster *c, uint32_t node_id)
{
    const struct node *node = node_at(c, node_id);

    return node ? node->conf : NULL;
}

static const char *node_partitions(struct cluster *c, struct node *node)
{
    CLEANUP_STRBUF struct strbuf sb = STRBUF_INIT;

    if (node->partitions_text)
        return node->partitions_text;
    for (size_t i = 0; i < c->num_parts; i++)
        if (bitmap_test(c->parts[i].nodes, node->id)) {
            if (sb.len)
                strbuf_addc(&sb, ',');
            strbuf_add(&sb, c->parts[i].conf.name);
        }
    return node->partitions_text = strbuf_take(&sb);
}

bool cluster_node_view(struct cluster *c, uint32_t node_id, struct node_view *v)
{
    struct node *node = node_at(c, node_id);
    const Wire__NodeRegister *f;

    if (!node)
        return false;
    parts_refresh(c);
    f = node->facts;
    memset(v, 0, sizeof(*v));
    v->node_id = node_id;
    v->name = node->name;
    v->state = node_state(node);
    if (sched_keeps_node(c, node_id) && node_is_usable(node) && node->num_used < node->cores)
        v->state |= NODE_FLAG_PLANNED;
    v->reason = node->reason;
    v->reason_uid = node->reason_uid;
    v->reason_sec = node->reason_usec / USEC;
    v->address = node->address                       ? node->address
                 : node->conf && node->conf->address ? node->conf->address
                                                     : node->name;
    v->sockets = node->sockets;
    v->cores = node->cores;
    v->threads = node->cores * node->tpc;
    v->alloc_cores = node->num_used;
    v->alloc_cpus = node->num_used * node->tpc;
    v->num_jobs = node->num_jobs;
    v->mem_mb = node->mem_mb;
    v->alloc_mem_mb = node->alloc_mem_mb;
    v->free_mem_mb = node->free_mem_mb;
    v->cpu_load_pct = node->cpu_load_pct;
    v->weight = node_weight(node);
    v->comment = node->comment;
    v->extra = node->extra;
    v->hw_class = node_class(node);
    v->features = node->features_text;
    v->partitions = node_partitions(c, node);
    v->tmp_mb = node->conf && node->conf->tmp_mb ? node->conf->tmp_mb : 0;
    v->registered_sec = node->registered_usec / USEC;
    v->last_seen_sec = node->seen_usec / USEC;
    v->public_key = node->has_key ? node->public_key : NULL;
    if (f) {
        v->registered = true;
        v->port = f->port;
        v->arch = f->arch;
        v->os = f->os;
        v->version = f->version;
        v->boot_id = f->boot_id;
        v->notes = f->notes;
        v->model = f->model;
        v->network = f->network;
        v->host = f->host;
        v->boot_sec = f->boot_time;
        if (!v->free_mem_mb) { /* no heartbeat has told yet */
            v->free_mem_mb = f->free_mem_mb;
            v->cpu_load_pct = f->cpu_load_pct;
        }
        if (!v->tmp_mb)
            v->tmp_mb = f->tmp_mb;
        if (f->has_topology_hash && f->topology_hash.len == 32)
            v->topology_hash = f->topology_hash.data;
    }
    return true;
}

bool cluster_has_topology(const struct cluster *c, const uint8_t hash[32])
{
    return blob_find(&c->topologies, hash) != NULL;
}

bool cluster_topology(const struct cluster *c, const uint8_t hash[32],
                      ProtobufCBinaryData *xml)
{
    struct blob *blob = blob_find(&c->topologies, hash);

    if (!blob)
        return false;
    xml->data = blob->data;
    xml->len = blob->len;
    return true;
}
