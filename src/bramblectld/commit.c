/* commit.c - the one way from a decision to an effect.
 *
 * Events borrow from requests and from the heart's state, so what cluster_react() needs after the
 * commit is kept packed and decoded again then; blobs and topologies, from which nothing
 * follows, are not kept.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "bramblectld/act.h"
#include "bramblectld/commit.h"
#include "bramblectld/ctld_private.h"
#include "bramblectld/event_log.h"
#include "bramblectld/journal/journal.h"
#include "bramblectld/projections/mail.h"
#include "bramblectld/requests/clients.h"
#include "bramblectld/requests/diag.h"
#include "util/failpoint.h"
#include "util/log.h"
#include "util/mem.h"

#define PACK_STACK 4096

struct commit {
    struct decision decision; /* first: a decision handed out is its commit */
    struct ctld *ctld;
    commit_done_f *done;
    void *arg;
    uint8_t *packed; /* u32 length, u32 place after first_seq, and bytes, for each event that something may follow from */
    size_t len, cap;
    uint64_t first_seq; /* of the first event; the rest follow it */
};

struct decision *ctld_decision(struct ctld *c)
{
    struct commit *k = xcalloc(1, sizeof(*k));
    k->ctld = c;
    decision_init(&k->decision);
    return &k->decision;
}

void ctld_drop(struct ctld *c, struct decision *d)
{
    struct commit *k = (struct commit *)d;
    (void)c;
    if (!k)
        return;
    decision_fini(&k->decision);
    free(k->packed);
    free(k);
}

static bool something_follows(const Wire__Event *ev)
{
    switch (ev->body_case) {
    case WIRE__EVENT__BODY_BLOB_ADDED:
    case WIRE__EVENT__BODY_IDENTITY:
    case WIRE__EVENT__BODY_IDS_RESERVED:
    case WIRE__EVENT__BODY_TOPOLOGY_ADDED:
        return false;
    default:
        return true;
    }
}

static void keep_packed(struct commit *k, uint64_t seq, const uint8_t *data, size_t len)
{
    uint32_t head[2] = { (uint32_t)len, 0 };
    if (!k->len)
        k->first_seq = seq;
    head[1] = (uint32_t)(seq - k->first_seq);
    if (k->len + len + sizeof(head) > k->cap) {
        k->cap = (k->len + len + sizeof(head)) * 2;
        k->packed = xrealloc(k->packed, k->cap);
    }
    memcpy(k->packed + k->len, head, sizeof(head));
    memcpy(k->packed + k->len + sizeof(head), data, len);
    k->len += len + sizeof(head);
}

static void append_event(struct commit *k, const Wire__Event *ev)
{
    uint8_t small[PACK_STACK];
    size_t len = wire__event__get_packed_size(ev);
    uint8_t *buf = len <= sizeof(small) ? small : xmalloc(len);
    wire__event__pack(ev, buf);
    journal_append(k->ctld->journal, buf, len);
    if (something_follows(ev))
        keep_packed(k, journal_last(k->ctld->journal), buf, len);
    if (buf != small)
        free(buf);
}

/* What follows, by the state as it is now. */
static void react(struct commit *k)
{
    struct ctld *c = k->ctld;
    struct decision d;
    decision_init(&d);
    for (size_t off = 0; off < k->len;) {
        uint32_t head[2];
        memcpy(head, k->packed + off, sizeof(head));
        Wire__Event *ev = wire__event__unpack(NULL, head[0], k->packed + off + sizeof(head));
        off += sizeof(head) + head[0];
        if (!ev)
            continue;
        cluster_react(c->cluster, ev, &d);
        mail_event(c->mail, k->first_seq + head[1], ev);
        wire__event__free_unpacked(ev, NULL);
    }
    act_effects(c, d.effects, d.num_effects);
    decision_fini(&d);
}

static void on_durable(void *arg)
{
    struct commit *k = arg;
    struct ctld *c = k->ctld;
    c->commits--;
    if (k->done)
        k->done(k->arg);
    (void)FAILPOINT(journal_before_act);
    act_effects(c, k->decision.effects, k->decision.num_effects);
    if (k->len)
        react(k);
    (void)FAILPOINT(journal_after_act);
    ctld_drop(c, &k->decision);
    if (cluster_sched_wanted(c->cluster))
        ctld_turn_soon(c);
}

void ctld_commit(struct ctld *c, struct decision *d, commit_done_f *done, void *arg)
{
    struct commit *k = (struct commit *)d;
    struct error err;
    k->done = done;
    k->arg = arg;
    for (size_t i = 0; i < d->num_events; i++) {
        if (cluster_apply(c->cluster, d->events[i], &err) < 0) {
            log_error("an event decided just now does not fit the state and was left out: %s", err.text);
            continue;
        }
        append_event(k, d->events[i]);
        event_log(d->events[i]);
        diag_event(c->diag, d->events[i]);
        if (clients_wait_for(c->clients, event_job(d->events[i])))
            c->flush_now = true;
        if (d->events[i]->body_case != WIRE__EVENT__BODY_JOB_PURGED) /* lost, it is purged again */
            c->flush_soon = true;
    }
    c->commits++;
    c->flush_now = c->flush_now || done;
    if (d->num_events || done)
        ctld_turn_soon(c);
    if (journal_durable(c->journal) == journal_last(c->journal)) {
        on_durable(k);
        return;
    }
    journal_when_durable(c->journal, journal_last(c->journal), on_durable, k);
    /* Who waits for a start may decide a step at once, so that one flush serves both. */
    for (size_t i = 0; i < d->num_events; i++)
        if (d->events[i]->body_case == WIRE__EVENT__BODY_JOB_STARTED)
            clients_job_started(c->clients, d->events[i]->job_started->job_id);
}
