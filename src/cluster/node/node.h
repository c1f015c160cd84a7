/* node.h - a node: what it reported, what of it is taken, whether it can be used.
 *
 *     ADDED --> UNKNOWN --REGISTERED--> UP --LOST--> not answering --SILENT--> DOWN
 *                                        ^---REGISTERED---'----------REGISTERED--'
 * DRAIN and operator DOWN are flags beside that; RESUME clears them.
 */
#ifndef BRAMBLE_CLUSTER_NODE_H
#define BRAMBLE_CLUSTER_NODE_H

#include "cluster/cluster_private.h"
#include "util/gres.h"

enum node_flag {
    NODE_LOST = 1,       /* connection reset; the agent may come back */
    NODE_SILENT = 2,     /* node_timeout passed without a word */
    NODE_DRAINED = 4,    /* no new work */
    NODE_OPER_DOWN = 8,  /* declared down */
    NODE_FAILING = 16,
};

/* One kind of generic resource.  Units of one name are numbered through all its types. */
#define NODE_GRES_MAX 8
struct node_gres {
    char name[GRES_NAME_MAX], type[GRES_NAME_MAX];
    uint32_t first, count;
    struct bitmap *used; /* units first .. first + count - 1, from bit 0 on */
};
struct node_job {
    struct job *job;
    uint32_t place; /* in the job's allocation */
};

struct node {
    uint32_t id;
    char *name;
    const struct node_conf *conf;  /* NULL: no longer configured */
    Wire__NodeRegister *facts;     /* NULL: never registered */
    uint8_t public_key[32];
    bool has_key;
    char *address;
    uint32_t flags;                /* enum node_flag */
    char *reason;
    uint32_t reason_uid;
    int64_t reason_usec, registered_usec;
    uint32_t sockets, cores, tpc;  /* tpc: threads per core; 0 cores: unknown */
    uint64_t mem_mb, alloc_mem_mb;
    bool shared;                   /* jobs may share cores, or have given them back: used is a union */
    struct bitmap *used;           /* cores that jobs have */
    uint32_t num_used;
    struct node_job *jobs;
    uint32_t num_jobs, cap_jobs;
    uint32_t num_owners;           /* of them, share only with their own user */
    struct node_gres *gres;        /* as configured */
    uint32_t num_gres;
    uint32_t set_weight;           /* by scontrol until reconfigure; 0: the configuration's */
    char *set_features;            /* the same; NULL: the configuration's */
    char *comment, *extra;
    char **features;               /* class, architecture, word size, configured ones */
    uint32_t num_features;
    char *features_text, *partitions_text;
    /* runtime */
    bool present;                  /* registered with this run of the controller */
    uint64_t seen_ms;
    uint32_t cpu_load_pct;
    uint64_t free_mem_mb;
    int64_t seen_usec;
    uint32_t resv_flags;           /* NODE_FLAG_MAINT, NODE_FLAG_RESERVED by what is active */
    struct tentative *tentative;   /* what this scheduling call has given away: sched/ */
    uint32_t plan_slot;            /* place + 1 in the plan of the running pass */
};

struct node *node_at(const struct cluster *c, uint32_t id);
struct node *node_find(const struct cluster *c, const char *name);
struct node *node_add(struct cluster *c, uint32_t id, const char *name);
void node_destroy(struct node *node);
void node_refresh(struct cluster *c, struct node *node); /* after facts or configuration changed */
uint32_t node_weight(const struct node *node);
bool node_is_up(const struct node *node);     /* can run what it has been given */
bool node_is_usable(const struct node *node); /* may be given work now */
bool node_has_feature(const struct node *node, const char *feature);
bool node_is_empty(const struct node *node); /* no job but suspended ones */
uint64_t node_tmp_mb(const struct node *node); /* temporary disk; unknown: UINT64_MAX */
uint32_t node_state(const struct node *node); /* enum node_base | NODE_FLAG_* */
const char *node_why_unusable(const struct node *node); /* NULL: it is usable */
int node_take(struct node *node, struct job *job, uint32_t place, const struct bitmap *cores,
              uint64_t mem_mb, struct error *err);
/* Cores that others have too: jobs that were resumed share them with those that came meanwhile. */
int node_take_shared(struct node *node, struct job *job, uint32_t place, const struct bitmap *cores,
                     uint64_t mem_mb);
void node_recount(struct node *node);
void node_give_back(struct node *node, struct job *job, uint32_t place,
                    const struct bitmap *cores, uint64_t mem_mb);

/* node_gres.c: generic resources. */
void node_gres_refresh(struct node *node); /* after its configuration changed */
void node_gres_fini(struct node *node);
/* gres as in NodeAlloc, NULL: none. */
void node_gres_take(struct node *node, const char *gres);
/* A kind of which a unit is taken already, or NULL. */
const char *node_gres_taken(struct node *node, const char *gres);
void node_gres_give_back(struct node *node, const char *gres);
/* How many of each of the node's kinds the list has. */
void node_gres_counts(struct node *node, const char *gres, uint16_t counts[NODE_GRES_MAX]);
char *node_gres_format(const struct node *node, bool used); /* caller frees */

int node_apply_added(struct cluster *c, const Wire__Event *ev, struct error *err);
int node_apply_registered(struct cluster *c, const Wire__Event *ev, struct error *err);
int node_apply_state(struct cluster *c, const Wire__Event *ev, struct error *err);
int node_apply_image(struct cluster *c, const Wire__Event *ev, struct error *err);
int topology_apply_added(struct cluster *c, const Wire__Event *ev, struct error *err);

/* Everything this node had is over. */
void node_decide_jobs_gone(struct cluster *c, const struct cluster_now *now, struct node *node,
                           bool known_dead, bool only_used, const char *why, struct decision *d);
Wire__EvNodeState *node_decide_state(const struct cluster_now *now, const struct node *node,
                                     enum node_change change, const char *reason, uint32_t by_uid,
                                     struct decision *d);
/* Nodes gone silent; sets c->node_check_ms. */
void nodes_decide_silent(struct cluster *c, const struct cluster_now *now, struct decision *d);

#endif
