/* diag.h - what the controller has done since a while, counted, for sdiag.
 *
 * Counters of jobs and of the scheduler begin anew at midnight UTC, as Slurm's do, and all of them
 * when an operator asks for it.  Counting must cost next to nothing: it happens for every request.
 */
#ifndef BRAMBLE_CTLD_DIAG_H
#define BRAMBLE_CTLD_DIAG_H

#include <stdbool.h>
#include <stdint.h>

#include "wire/event.pb-c.h"

struct cluster_stats;
struct diag;

struct diag *diag_create(int64_t now_sec);
void diag_destroy(struct diag *d); /* NULL is allowed */
/* The clock that handlers are timed by, in microseconds. */
int64_t diag_clock(void);
/* An event has been applied. */
void diag_event(struct diag *d, const Wire__Event *ev);
/* A slice of a scheduling pass took usec; over: it was the last one. */
void diag_pass(struct diag *d, int64_t usec, bool over, const struct cluster_stats *stats, int64_t now_sec);
/* A request of this type (and, for a query, table) by uid was handled; count 0: only its time is added. */
void diag_rpc(struct diag *d, unsigned type, unsigned table, uint32_t uid, unsigned count, int64_t usec);

#endif
