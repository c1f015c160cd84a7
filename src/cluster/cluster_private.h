/* cluster_private.h - the struct behind cluster.h, shared by the rooms of cluster/.
 *
 * Fields below "runtime" are no state: they come from the clock, from connections and from the
 * scheduler's work in progress, are absent after a replay, and no event carries them.
 */
#ifndef BRAMBLE_CLUSTER_PRIVATE_H
#define BRAMBLE_CLUSTER_PRIVATE_H

#include "cluster/cluster.h"
#include "util/bitmap.h"
#include "util/hash.h"
#include "util/hostlist.h"
#include "util/list.h"
#include "util/mem.h"
#include "util/strbuf.h"

#define USEC INT64_C(1000000)
#define MIN_USEC (60 * USEC)
#define NO_NODE UINT32_MAX
#define FIRST_PRIORITY 4294901760u /* Slurm's: the first job gets one less, each later one less */
#define ID_BLOCK 100               /* job ids reserved at a time */

struct spec;
struct shape;
struct ident;
struct name;
struct blob;
struct conf_store;

/* Jobs by id: a window of ids in chunks, so that a record costs one pointer. */
#define JOB_CHUNK 1024
struct job_table {
    struct job ***chunks; /* chunk k holds ids k * JOB_CHUNK ... */
    uint32_t *filled;     /* jobs in each chunk */
    size_t num_chunks;
    size_t count;
};

/* Deadlines of jobs, soonest first. */
struct job_heap {
    struct job_heap_entry {
        int64_t when;
        struct job *job;
    } *entries;
    size_t count, cap;
};

struct cluster {
    struct conf_store *conf;
    bool started; /* cluster_init applied */
    uint64_t id;
    char *name;

    struct job_table jobs;
    uint32_t last_job_id, job_id_limit;
    uint32_t next_priority;
    struct idmap specs, shapes, names, blobs, idents; /* hash or id to interned object */
    struct list_node ended;         /* ended jobs, oldest first */
    struct list_node dependent;     /* pending jobs with dependencies (struct depends) */
    struct idmap waited;            /* what open ones wait for (job_depend.c) */
    struct list_node licensed;      /* running jobs that hold licences */
    struct list_node waiting_dead;  /* pending jobs whose earlier attempt is not known dead */
    struct idmap arrays;            /* job arrays by id; each lives as long as its records */
    struct idmap hets;              /* heterogeneous jobs by their leader's id */
    size_t unsplit_tasks;           /* tasks beyond the first of each record of many */
    struct idmap snapshot_specs;    /* while a snapshot is loaded: its spec ids; each counts once */
    struct idmap topologies;        /* first 8 bytes of the hash to struct blob */

    struct node **nodes;
    size_t num_nodes, cap_nodes;
    struct strmap node_names;
    struct part *parts;
    size_t num_parts;
    struct list_node part_updates;  /* struct part_update: changes by scontrol */

    struct list_node resvs;         /* struct resv, in order of creation */
    size_t num_resvs;
    uint32_t resv_serial;

    /* runtime */
    bool resvs_stale;               /* what is active has to be looked at anew */
    bool resvs_ignored;             /* while it is asked what would be without reservations */
    struct cluster_now clock;       /* last agreement of the two clocks; mono_ms 0: none yet */
    struct job_heap timers;
    uint64_t node_check_ms;         /* when to look for silent nodes */
    /* pending jobs whose dependency cannot come true: to be cancelled, and so if configured */
    size_t num_invalid_kill, num_invalid_default;
    uint64_t node_gen;              /* counts changes of nodes and partitions */
    uint64_t parts_gen;             /* what c->parts was built from */
    bool sched_wanted;
    bool reloaded;                  /* updates of partitions end with this */
    struct sched *sched;
    struct cluster_stats stats;
};

/* conf.c: the configuration, copied. */
struct conf_store {
    struct arena arena;
    struct cluster_conf conf;
    struct node_conf *nodes;
    struct part_conf *parts;
    struct strmap node_names; /* to struct node_conf */
};
struct conf_store *conf_store_create(const struct cluster_conf *conf, struct error *err);
void conf_store_destroy(struct conf_store *store);

static inline const struct cluster_conf *conf_of(const struct cluster *c)
{
    return &c->conf->conf;
}
/* timers.c: after a replay, nodes and clients get their time anew. */
void cluster_clocks_start(struct cluster *c, const struct cluster_now *now);
void cluster_wants_pass(struct cluster *c);
/* Nodes, partitions or their members changed: plans and cached candidates are stale. */
void cluster_nodes_changed(struct cluster *c);

#endif
