/* cluster.c - lifetime of the cluster, start and reload. */
#include "cluster/cluster_private.h"

#include "cluster/event/event.h"
#include "cluster/job/job.h"
#include "cluster/node/node.h"
#include "cluster/part/part.h"
#include "cluster/resv/resv.h"
#include "cluster/sched/sched.h"

#include <string.h>

struct cluster *cluster_create(const struct cluster_conf *conf, struct error *err)
{
    struct cluster *c = xcalloc(1, sizeof(*c));

    list_init(&c->ended);
    list_init(&c->dependent);
    list_init(&c->waiting_dead);
    list_init(&c->licensed);
    list_init(&c->part_updates);
    list_init(&c->resvs);
    c->next_priority = FIRST_PRIORITY;
    c->node_check_ms = UINT64_MAX;
    c->node_gen = 1;
    if (!(c->conf = conf_store_create(conf, err))) {
        cluster_destroy(c);
        return NULL;
    }
    c->sched = sched_create(c);
    return c;
}

static void blobs_fini(struct idmap *blobs)
{
    struct blob *blob;

    for (size_t pos = 0; (blob = idmap_next(blobs, &pos, NULL));)
        while (blob) {
            struct blob *next = blob->same_hash;

            free(blob);
            blob = next;
        }
    idmap_fini(blobs);
}

static void leftovers_fini(struct cluster *c)
{
    struct ident *ident;
    struct spec *spec;

    for (size_t pos = 0; (spec = idmap_next(&c->snapshot_specs, &pos, NULL));)
        spec_decref(c, spec);
    for (size_t pos = 0; (ident = idmap_next(&c->idents, &pos, NULL));) {
        free(ident->msg);
        free(ident);
    }
    blobs_fini(&c->blobs);
    blobs_fini(&c->topologies);
    arrays_fini(c);
    idmap_fini(&c->waited);
    idmap_fini(&c->hets);
    idmap_fini(&c->snapshot_specs);
    idmap_fini(&c->idents);
    idmap_fini(&c->specs);
    idmap_fini(&c->shapes);
    idmap_fini(&c->names);
}

void cluster_destroy(struct cluster *c)
{
    if (!c)
        return;
    sched_destroy(c->sched);
    c->sched = NULL;
    for (struct job *job; (job = job_table_next(&c->jobs, 0));) {
        job_table_remove(&c->jobs, job->id);
        job_destroy(c, job);
    }
    job_table_fini(&c->jobs);
    job_heap_fini(&c->timers);
    parts_fini(c);
    resvs_fini(c);
    licenses_fini(c);
    for (size_t i = 0; i < c->num_nodes; i++)
        node_destroy(c->nodes[i]);
    free(c->nodes);
    strmap_fini(&c->node_names);
    leftovers_fini(c);
    conf_store_destroy(c->conf);
    free(c->name);
    free(c);
}

int cluster_reconfigure(struct cluster *c, const struct cluster_conf *conf,
                        struct error *err)
{
    struct conf_store *fresh = conf_store_create(conf, err), *old = c->conf;

    if (!fresh)
        return -1;
    sched_pause(c);
    c->conf = fresh;
    for (size_t i = 0; i < c->num_nodes; i++)
        if (c->nodes[i]) {
            c->nodes[i]->conf = strmap_find(&fresh->node_names, c->nodes[i]->name);
            node_refresh(c, c->nodes[i]);
        }
    c->reloaded = true;
    cluster_nodes_changed(c);
    parts_refresh(c);
    conf_store_destroy(old);
    return 0;
}

void cluster_nodes_changed(struct cluster *c)
{
    c->node_gen++;
    cluster_wants_pass(c);
}

static void decide_ids(struct cluster *c, const struct cluster_now *now, struct decision *d)
{
    Wire__EvIdsReserved *ev;

    /* what was reserved may have been seen, whatever the journal's tail has kept */
    if (c->job_id_limit <= c->last_job_id + 1)
        return;
    ev = event_add(d, now, ids_reserved, IDS_RESERVED, EvIdsReserved, EV_IDS_RESERVED);
    SET(ev, job_id_limit, c->job_id_limit);
    SET(ev, last_job_id, c->job_id_limit - 1);
}

/* What was only needed to load, and what a torn tail has left without its job.  Identities stay:
 * their numbers are given by what the journal holds. */
static void loading_done(struct cluster *c)
{
    struct spec *spec;
    struct blob *blob;

    for (size_t pos = 0; (spec = idmap_next(&c->snapshot_specs, &pos, NULL));)
        spec_decref(c, spec);
    idmap_fini(&c->snapshot_specs);
    for (size_t pos = 0; (blob = idmap_next(&c->blobs, &pos, NULL));)
        if (!blob->refs) {
            blob->refs = 1;
            blob_decref(&c->blobs, blob);
            pos = 0; /* the table has changed */
        }
}

/* Has scontrol changed what a reconfigure sets back? */
static bool has_updates(const struct cluster *c)
{
    bool some = !list_is_empty(&c->part_updates);

    for (size_t i = 0; i < c->num_nodes && !some; i++)
        some = c->nodes[i] && (c->nodes[i]->set_weight || c->nodes[i]->set_features);
    return some;
}

int cluster_decide_start(struct cluster *c, const struct cluster_now *now, uint64_t id,
                         struct decision *d, struct error *err)
{
    uint32_t next_id = (uint32_t)c->num_nodes;
    bool first = !c->clock.mono_ms;

    if (c->started && c->name && strcmp(c->name, conf_of(c)->name) != 0)
        return error_set(err, BRE_CONFIG,
                         "the state is of cluster \"%s\", the configuration of \"%s\"",
                         c->name, conf_of(c)->name);
    if (!c->started) {
        Wire__EvClusterInit *ev =
            event_add(d, now, cluster_init, CLUSTER_INIT, EvClusterInit, EV_CLUSTER_INIT);

        SET(ev, cluster_id, id);
        ev->name = arena_strdup(&d->arena, conf_of(c)->name);
    }
    if (first) {
        c->clock = *now;
        if (!c->clock.mono_ms)
            c->clock.mono_ms = 1;
        loading_done(c);
        decide_ids(c, now, d);
        cluster_clocks_start(c, now);
    }
    if (c->reloaded) {
        c->reloaded = false;
        if (has_updates(c))
            event_add(d, now, reconfigured, RECONFIGURED, EvReconfigured, EV_RECONFIGURED);
    }
    for (size_t i = 0; i < conf_of(c)->num_nodes; i++)
        if (!node_find(c, c->conf->nodes[i].name)) {
            Wire__EvNodeAdded *ev =
                event_add(d, now, node_added, NODE_ADDED, EvNodeAdded, EV_NODE_ADDED);

            SET(ev, node_id, next_id++);
            ev->name = arena_strdup(&d->arena, c->conf->nodes[i].name);
        }
    cluster_wants_pass(c);
    effect_add(d, EFFECT_SCHEDULE);
    return 0;
}

uint64_t cluster_id(const struct cluster *c)
{
    return c->id;
}

const char *cluster_name(const struct cluster *c)
{
    return c->name ? c->name : conf_of(c)->name;
}

const struct cluster_stats *cluster_stats_now(const struct cluster *c)
{
    return &c->stats;
}

void cluster_stats(const struct cluster *c, struct cluster_stats *stats)
{
    *stats = c->stats;
    stats->pending = stats->running = stats->completing = stats->ended = 0;
    for (const struct job *job = job_table_next(&c->jobs, 0); job;
         job = job_table_next(&c->jobs, job->id)) {
        stats->pending += job->phase == PHASE_PENDING;
        stats->running += job->phase == PHASE_RUNNING;
        stats->completing += job->phase == PHASE_ENDING;
        stats->ended += job->phase == PHASE_ENDED;
    }
}
