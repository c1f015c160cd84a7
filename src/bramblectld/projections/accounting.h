/* accounting.h - the accounting store: a reader of the journal.
 *
 * Events are read back from the journal's files on a worker, made into records and put into the
 * store in batches, together with the position reached.  Nothing waits for it; a query first
 * brings the store up to what is on disk.  Batches are large and rare, so that a quiet cluster
 * writes little: after BATCH_EVENTS events, after BATCH_MS, or when somebody asks.
 */
#ifndef BRAMBLE_CTLD_ACCOUNTING_H
#define BRAMBLE_CTLD_ACCOUNTING_H

#include "bramble/accounting_plugin.h"

struct accounting;
struct ctld;
struct error;

struct accounting *accounting_create(struct ctld *c, struct error *err);
void accounting_destroy(struct accounting *a); /* NULL is allowed */
/* Records may have been added to the journal. */
void accounting_nudge(struct accounting *a);

/* The last record that is in the store. */
uint64_t accounting_position(const struct accounting *a);
/* Run work(arg, plugin, self) on a worker when the store holds all that is on disk now, then done(arg, err):
 * err is NULL unless the store could not be brought up to date or work failed (-1 with its err). */
typedef int accounting_work_f(void *arg, const struct accounting_plugin *plugin, void *self, struct error *err);
typedef void accounting_done_f(void *arg, const struct error *err);
void accounting_ask(struct accounting *a, accounting_work_f *work, accounting_done_f *done, void *arg);

#endif
