/* journal_rig.c - see journal_rig.h. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "journal_rig.h"
#include "reactor/reactor.h"
#include "util/mem.h"

static int visit(void *arg, enum journal_source source, uint64_t seq, const void *data, size_t len, struct error *err)
{
    struct rig *r = arg;
    uint64_t n = 0;
    (void)seq;
    (void)err;
    memcpy(&n, data, len < 8 ? len : 8);
    if (source == JOURNAL_DROPPED) {
        r->dropped++;
        return 0;
    }
    if (source == JOURNAL_RECORD && n != r->loaded + 1)
        r->broken = true;
    for (size_t i = 8; i < len; i++)
        if (((const uint8_t *)data)[i] != (uint8_t)(n * 7 + i))
            r->broken = true;
    r->loaded = n;
    return 0;
}

static void on_fatal(void *arg, const struct error *why)
{
    struct rig *r = arg;
    r->fatal = true;
    error_copy(&r->fatal_err, why);
    reactor_stop(r->reactor, 0);
}

static void on_space(void *arg, bool full, const struct error *why)
{
    struct rig *r = arg;
    (void)why;
    r->full = full;
}

/* What is to be acknowledged; in a list, for a journal that fails or is dropped tells nobody. */
struct ack {
    struct list_node link;
    struct rig *rig;
    uint64_t n;
};

static void ack_free(struct ack *a)
{
    list_remove(&a->link);
    free(a);
}

int rig_open(struct rig *r, struct memdisk *disk, struct error *err)
{
    struct journal_conf conf = { .segment_bytes = r->segment_bytes ? r->segment_bytes : 16384,
                                 .recover = r->recover,
                                 .on_fatal = on_fatal,
                                 .on_space = on_space,
                                 .arg = r };
    r->disk = disk;
    r->loaded = r->dropped = 0;
    r->broken = r->fatal = r->full = false;
    if (!r->payload)
        r->payload = 100;
    list_init(&r->acks);
    r->reactor = reactor_create(err);
    if (!r->reactor)
        return -1;
    r->journal = journal_open(r->reactor, memdisk_storage(disk), NULL, &conf, visit, r, err);
    r->next = r->acked = r->loaded;
    if (r->journal)
        return 0;
    reactor_destroy(r->reactor);
    r->reactor = NULL;
    return -1;
}

void rig_close(struct rig *r)
{
    journal_destroy(r->journal);
    do
        rig_run(r, 1); /* it goes when its workers have come back */
    while (reactor_num_offloaded(r->reactor));
    reactor_destroy(r->reactor);
    for (struct list_node *node; (node = list_first(&r->acks));)
        ack_free(container_of(node, struct ack, link));
    r->journal = NULL;
    r->reactor = NULL;
}

static void acked(void *arg)
{
    struct ack *a = arg;
    struct rig *r = a->rig;
    if (a->n != r->acked + 1)
        r->broken = true;
    r->acked = a->n;
    ack_free(a);
    if (r->acked == r->next)
        reactor_stop(r->reactor, 0);
}

void rig_append(struct rig *r, unsigned count)
{
    uint8_t *buf = xmalloc(r->payload);
    while (count--) {
        struct ack *a = xcalloc(1, sizeof(*a));
        uint64_t n = ++r->next;
        memcpy(buf, &n, 8);
        for (size_t i = 8; i < r->payload; i++)
            buf[i] = (uint8_t)(n * 7 + i);
        a->rig = r;
        a->n = n;
        list_append(&r->acks, &a->link);
        journal_when_durable(r->journal, journal_append(r->journal, buf, r->payload), acked, a);
    }
    free(buf);
    journal_flush(r->journal);
}

void rig_snapshot(struct rig *r)
{
    uint64_t n = r->next;
    if (journal_snapshot_begin(r->journal) < 0)
        return;
    journal_snapshot_add(r->journal, &n, 8);
    journal_snapshot_finish(r->journal);
}

static void on_timeout(void *arg)
{
    reactor_stop(((struct rig *)arg)->reactor, 1);
}

void rig_run(struct rig *r, unsigned ms)
{
    struct reactor_timer *t = reactor_timer_create(r->reactor, on_timeout, r);
    reactor_timer_start(t, ms, 0);
    reactor_run(r->reactor);
    reactor_timer_close(t);
}
