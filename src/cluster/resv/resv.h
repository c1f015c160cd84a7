/* resv.h - reservations: nodes or cores kept for some users during a time.
 *
 * A reservation is the event that made or changed it last, so that it lasts through restarts.  Its
 * times are those of its next (or present) occurrence: a daily one moves on when it has ended.
 *
 *     resv.c         the state, and what of a node it leaves to a job
 *     resv_decide.c  create, update, delete, and what time brings
 *     resv_text.c    keys and flags of scontrol
 */
#ifndef BRAMBLE_CLUSTER_RESV_H
#define BRAMBLE_CLUSTER_RESV_H

#include "cluster/cluster_private.h"

struct node;
struct part;
struct shape;

#define RESV_FLAGS(X)                                                                          \
    X(RESV_MAINT, "MAINT")                                                                     \
    X(RESV_FLEX, "FLEX")                                                                       \
    X(RESV_OVERLAP, "OVERLAP")                                                                 \
    X(RESV_IGNORE_JOBS, "IGNORE_JOBS")                                                         \
    X(RESV_HOURLY, "HOURLY")                                                                   \
    X(RESV_DAILY, "DAILY")                                                                     \
    X(RESV_WEEKDAY, "WEEKDAY")                                                                 \
    X(RESV_WEEKEND, "WEEKEND")                                                                 \
    X(RESV_WEEKLY, "WEEKLY")                                                                   \
    X(RESV_SPEC_NODES, "SPEC_NODES")                                                           \
    X(RESV_ALL_NODES, "ALL_NODES")                                                             \
    X(RESV_PART_NODES, "PART_NODES")                                                           \
    X(RESV_TIME_FLOAT, "TIME_FLOAT")                                                           \
    X(RESV_PURGE_COMP, "PURGE_COMP")                                                           \
    X(RESV_NO_HOLD, "NO_HOLD_JOBS_AFTER_END")                                                  \
    X(RESV_USER_DELETE, "USER_DELETE")
enum resv_flag_bit {
#define X(e, n) e##_BIT,
    RESV_FLAGS(X)
#undef X
        RESV_FLAG_COUNT
};
enum resv_flag {
#define X(e, n) e = 1 << e##_BIT,
    RESV_FLAGS(X)
#undef X
};
#define RESV_REPEATS (RESV_HOURLY | RESV_DAILY | RESV_WEEKDAY | RESV_WEEKEND | RESV_WEEKLY)

struct resv_node {
    uint32_t node_id;
    uint32_t cores; /* 0: the whole node */
    uint32_t given; /* runtime: given away in this call of the scheduler */
};
struct resv {
    struct list_node link;
    Wire__EvResv *msg;
    struct resv_node *nodes;
    uint32_t count;
    bool active;             /* runtime: as of the last look at the clock */
    int64_t idle_since_usec; /* runtime: no job uses it; 0: one does, or not looked at */
};

/* resv.c */
struct resv *resv_find(const struct cluster *c, const char *name);
void resvs_fini(struct cluster *c);
int resv_apply(struct cluster *c, const Wire__Event *ev, struct error *err);
int64_t resv_start(const struct resv *r, int64_t now_usec);
int64_t resv_end(const struct resv *r, int64_t now_usec);
bool resv_is_active(const struct resv *r, int64_t now_usec);
const struct resv_node *resv_node(const struct resv *r, uint32_t node_id); /* NULL: not of it */
/* How many of free_cores a job of this shape may have on the node during [start, start + length).
 * shape->resv is the reservation it is tried in, NULL: none. */
uint32_t resv_free(const struct cluster *c, const struct shape *shape, const struct node *node,
                   int64_t start, int64_t length, uint32_t free_cores);
/* When, after start, the node is next closed to the shape; FOREVER: never. */
int64_t resv_next_start(const struct cluster *c, const struct shape *shape,
                        const struct node *node, int64_t start);
/* Call visit with each time at which a reservation begins or ends on the node. */
void resv_boundaries(const struct cluster *c, const struct node *node, int64_t now_usec,
                     void (*visit)(void *arg, int64_t at), void *arg);
void resvs_given(struct cluster *c, const struct resv *r, const struct node *node, uint32_t cores);
void resvs_given_clear(struct cluster *c);
/* Does the comma list have this name? */
bool resv_listed(const char *list, const char *name);
/* The reservation that a job runs in, if it is still there. */
struct resv *resv_of_job(const struct cluster *c, const struct job *job);
bool resv_used(const struct cluster *c, const struct resv *r, bool pending_too);

/* resv_decide.c */
int resv_check_job(struct cluster *c, const struct submit_request *req, struct error *err);
/* What time has brought; true: nodes or reservations look different now. */
void resvs_decide_due(struct cluster *c, const struct cluster_now *now, struct decision *d);
int64_t resvs_next_due(const struct cluster *c, int64_t now_usec);

/* resv_text.c */
int resv_flags_parse(const char *text, uint32_t *flags, uint32_t *purge_sec, struct error *err);
/* Set one key; the strings stay borrowed. */
struct resv_wish {
    Wire__EvResv msg;
    char *nodes;           /* Nodes= */
    bool has_start, has_end, has_duration, resize;
    int64_t duration_usec;
    uint32_t node_cnt, core_cnt;
};
int resv_set_key(struct resv_wish *w, const struct cluster_now *now, const char *key,
                 const char *val, struct decision *d, struct error *err);

#endif
