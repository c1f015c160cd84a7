/* part.h - partitions: the configuration's, as scontrol has changed them, with their members. */
#ifndef BRAMBLE_CLUSTER_PART_H
#define BRAMBLE_CLUSTER_PART_H

#include "cluster/cluster_private.h"

struct part {
    struct part_conf conf;  /* strings borrowed from the configuration or from the update */
    size_t index;
    struct bitmap *nodes;   /* by node id */
    uint32_t num_nodes;
    char *node_list;
};
struct part_update {
    struct list_node link;
    Wire__EvPartUpdated *msg;
};

struct part *part_find(const struct cluster *c, const char *name);
struct part *part_default(const struct cluster *c);
/* Build c->parts from the configuration and the updates; members from the nodes. */
void parts_rebuild(struct cluster *c);
/* The same, if nodes or partitions have changed since. */
void parts_refresh(struct cluster *c);
void parts_fini(struct cluster *c);
const char *part_state_name(enum part_state state);
/* Which nodes a partition's "nodes" text means; also checks it (nodes NULL). */
int part_nodes_parse(const struct cluster *c, const char *text, struct bitmap *nodes,
                     struct error *err);
int part_apply_updated(struct cluster *c, const Wire__Event *ev, struct error *err);
int part_apply_reconfigured(struct cluster *c, const Wire__Event *ev, struct error *err);
/* part_update.c: one update of the list, with the partitions as they are before it. */
void part_update_play(struct cluster *c, const Wire__EvPartUpdated *msg);
void part_updates_clear(struct cluster *c);
/* part_access.c: may this user's job enter?  Who is who is in the request. */
int part_check_access(const struct part *part, const struct submit_request *req, struct error *err);

#endif
