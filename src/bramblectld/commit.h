/* commit.h - from a decision to what follows from it: apply, append, wait for the disk, answer, act.
 */
#ifndef BRAMBLE_CTLD_COMMIT_H
#define BRAMBLE_CTLD_COMMIT_H

struct ctld;
struct decision;

/* An empty decision to fill.  Hand it to ctld_commit() or ctld_drop(). */
struct decision *ctld_decision(struct ctld *c);
void ctld_drop(struct ctld *c, struct decision *d);

/* Apply d's events at once and append them to the journal.  Once they (and all before them) are on
 * disk: done(arg) answers, then d's effects and those that follow from its events are carried out.
 * done may be NULL.  Takes d.  When nothing needs to be waited for, done runs before this returns. */
typedef void commit_done_f(void *arg);
void ctld_commit(struct ctld *c, struct decision *d, commit_done_f *done, void *arg);

#endif
