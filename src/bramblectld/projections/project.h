/* project.h - from journal events to accounting records: no clock, no threads, no journal.
 *
 * An event says what changed; a record is all that is known of a job attempt or a step.  So the
 * records that a batch of events touches are read from the store once, changed, and put back at its
 * end.  Events that were in the store already must be given too (with in_store set): they tell who is
 * who.
 */
#ifndef BRAMBLE_CTLD_PROJECT_H
#define BRAMBLE_CTLD_PROJECT_H

#include <stdbool.h>
#include <stddef.h>

#include "bramble/accounting_plugin.h"
#include "wire/event.pb-c.h"

struct error;
struct projector;

struct projector *projector_create(const struct accounting_plugin *plugin, void *self);
void projector_destroy(struct projector *p); /* NULL is allowed */
/* Read the records of the jobs that these events are about, all with one query; projector_event()
 * does it one by one else. */
int projector_prefetch(struct projector *p, Wire__Event *const *events, size_t num, struct error *err);
/* Is it an event that changes records, or tells who is who? */
bool projector_wants(const Wire__Event *ev);
/* -1 with err: the store could not be read. */
int projector_event(struct projector *p, const Wire__Event *ev, bool in_store, struct error *err);
/* Put every changed record; the batch is over then. */
int projector_put(struct projector *p, struct error *err);
/* Forget the batch, after a failure. */
void projector_forget(struct projector *p);
size_t projector_rows(const struct projector *p); /* of the batch so far */

#endif
