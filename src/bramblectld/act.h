/* act.h - carrying out effects: messages to agents and to waiting clients. */
#ifndef BRAMBLE_CTLD_ACT_H
#define BRAMBLE_CTLD_ACT_H

#include <stddef.h>

struct ctld;
struct effect;
struct Wire__AllocInfo;

/* An effect for a node without a session is dropped: registration reconciles. */
void act_effects(struct ctld *c, const struct effect *effects, size_t num);
/* What the heart does not know of an allocation. */
void alloc_info_complete(struct ctld *c, struct Wire__AllocInfo *info);

#endif
