/* usage.h - sstat: what running steps use, asked of the boards they run on. */
#ifndef BRAMBLE_CTLD_USAGE_H
#define BRAMBLE_CTLD_USAGE_H

#include <stdint.h>

#include "wire/agent.pb-c.h"

struct ctld;

/* A board has answered. */
void usage_answered(struct ctld *c, uint32_t node_id, const Wire__UsageReply *msg);
/* No answer comes any more; the clients go with their sessions. */
void usage_stop(struct ctld *c);

#endif
