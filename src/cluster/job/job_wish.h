/* job_wish.h - what scontrol update wants of one job; shared by job_update.c and job_wish.c. */
#ifndef BRAMBLE_CLUSTER_JOB_WISH_H
#define BRAMBLE_CLUSTER_JOB_WISH_H

#include "cluster/cluster_private.h"

struct job_wish {
    Wire__JobSpec spec; /* what is set */
    char *cleared[64];  /* what is unset */
    size_t num_cleared;
    bool has_throttle;
    uint32_t throttle;
    bool ends_hold; /* a priority that is set; one that follows from Nice leaves the hold */
    bool has_priority, has_hold, needs_pending, needs_operator;
    uint32_t priority, hold;
    bool pending_only; /* of the key set last by job_wish_set() */
    bool resources; /* the request itself changes: admit it anew */
};

void job_wish_clear(struct job_wish *w, const char *field);
/* A key that is a field of the description and no more. */
int job_wish_set(struct job_wish *w, const char *key, const char *val, struct error *err);

#endif
