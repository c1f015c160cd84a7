/* node_state.h - a node's state in Slurm's words.
 *
 * state is FIELD_NODE_STATE: enum node_base | NODE_FLAG_ bits.
 */
#ifndef BRAMBLE_DISPLAY_NODE_STATE_H
#define BRAMBLE_DISPLAY_NODE_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/strbuf.h"

void node_state_long(struct strbuf *out, int64_t state);     /* "draining*" */
void node_state_compact(struct strbuf *out, int64_t state);  /* "drng*" */
/* Base state, then the flags, in capitals: "MIXED", "DRAIN". */
void node_state_each(int64_t state, void (*visit)(void *arg, const char *name), void *arg);
void node_state_complete(struct strbuf *out, int64_t state); /* "mixed+drain" */
/* A number that orders states as Slurm does: base states, then flags above them. */
int64_t node_state_rank(int64_t state);

/* What -t takes: "idle,drain&mix".  Any word of one comma member must match all its '&' parts. */
struct node_state_filter;
/* NULL: unknown; *bad is then the word (the caller frees). */
struct node_state_filter *node_state_filter_parse(const char *text, char **bad);
void node_state_filter_destroy(struct node_state_filter *f);
bool node_state_matches(const struct node_state_filter *f, int64_t state); /* f NULL: yes */
/* All the words, comma list, for a message. */
const char *node_state_words(void);

#endif
