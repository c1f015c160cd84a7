/* mail.h - mail to users about their jobs: what follows from events that are on disk.
 *
 * Each mail is a run of the program that the configuration names, a few at a time, never waited for.
 * The sequence number up to which all mail has been handed over is kept in the state folder, and
 * records of the journal after it are looked at again when the controller starts: a crash may send a
 * mail twice, and loses none.
 */
#ifndef BRAMBLE_CTLD_MAIL_H
#define BRAMBLE_CTLD_MAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/event.pb-c.h"

struct ctld;
struct error;
struct mail;

struct mail *mail_create(struct ctld *c, struct error *err);
void mail_destroy(struct mail *m); /* NULL is allowed; what is under way goes on */
/* A record of the journal, at start: kept if mail may still be due for it. */
void mail_replayed(struct mail *m, uint64_t seq, const Wire__Event *ev, const void *data, size_t len);
/* The state stands: what mail_replayed() has kept is dealt with. */
void mail_start(struct mail *m);
/* An event is on disk; the state may be ahead of it. */
void mail_event(struct mail *m, uint64_t seq, const Wire__Event *ev);
bool mail_is_idle(const struct mail *m); /* nothing waits to be handed over */

#endif
