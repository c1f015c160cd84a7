/* accounting.c - runs the projection on a worker, one thing at a time: a batch of events, or a
 * question.  The loop's side only decides what is next. */
#include "config.h"

#include <inttypes.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "bramblectld/ctld_private.h"
#include "bramblectld/journal/journal.h"
#include "bramblectld/journal/storage.h"
#include "bramblectld/projections/accounting.h"
#include "bramblectld/projections/project.h"
#include "conf/conf.h"
#include "plugin/loader.h"
#include "reactor/reactor.h"
#include "util/log.h"
#include "util/mem.h"

#define BATCH_EVENTS 2000  /* of one transaction */
#define NUDGE_EVENTS 2000  /* do not wait longer than for so many */
#define BATCH_MS 300000    /* nor than so long */
#define RETRY_MS 30000     /* after the store failed */
#define IDLE_MS 15000      /* after a question; then the store is closed, its library's memory given back */

struct ask {
    struct ask *next;
    struct accounting *a;
    uint64_t seq; /* the store must have reached it */
    accounting_work_f *work;
    accounting_done_f *done;
    void *arg;
    int rc;
    struct error err;
};
struct accounting {
    struct ctld *ctld;
    char *type, *path;
    struct storage *storage;
    int reader_id;
    struct reactor_timer *timer;
    bool busy, closing, failed;
    bool asked; /* lately: the next question may come soon */
    uint64_t position; /* in the store */
    struct ask *first_ask, *last_ask;
    /* the worker's while busy */
    struct plugin *loaded; /* NULL: the store is closed */
    const struct accounting_plugin *plugin;
    void *self;
    struct journal_reader *reader;
    struct projector *projector;
    uint64_t limit, reached;
    struct error err;
};

/* ---- on a worker ---- */

static void store_close(struct accounting *a)
{
    journal_reader_close(a->reader);
    projector_destroy(a->projector);
    if (a->self)
        a->plugin->fini(a->self);
    plugin_unload(a->loaded);
    a->reader = NULL;
    a->projector = NULL;
    a->self = NULL;
    a->loaded = NULL;
}

static int store_open(struct accounting *a, struct error *err)
{
    struct plugin_error why = { "" };
    if (a->loaded)
        return 0;
    a->loaded = plugin_load(a->ctld->options.plugin_dir, &plugin_type_accounting, a->type, err);
    if (!a->loaded)
        return -1;
    a->plugin = (const struct accounting_plugin *)plugin_base(a->loaded);
    if ((a->self = a->plugin->init(a->path, &why)) && a->plugin->position(a->self, &a->position, &why) == 0)
        return 0;
    error_set(err, BRE_PLUGIN, "accounting: %s", why.text);
    store_close(a);
    return -1;
}

static void close_work(void *arg)
{
    store_close(arg);
}

/* Read up to BATCH_EVENTS events that are not in the store yet.  What is there already only tells who is
 * who, and does not count. */
static int read_events(struct accounting *a, Wire__Event **events, size_t *num)
{
    struct error *err = &a->err;
    enum journal_source source;
    uint64_t seq;
    const void *data;
    size_t len;
    int rc;
    while (*num < BATCH_EVENTS && (rc = journal_reader_next(a->reader, a->limit, &source, &seq, &data, &len, err)) != 0) {
        if (rc < 0)
            return -1;
        const bool in_store = seq <= a->position;
        if (source == JOURNAL_RECORD && !in_store)
            a->reached = seq;
        Wire__Event *ev = wire__event__unpack(NULL, len, data);
        if (!ev)
            continue; /* the controller has set it aside too */
        if (!projector_wants(ev) || in_store) {
            rc = in_store ? projector_event(a->projector, ev, true, err) : 0;
            wire__event__free_unpacked(ev, NULL);
            if (rc < 0)
                return -1;
            continue;
        }
        events[(*num)++] = ev;
    }
    return 0;
}

static int read_batch(struct accounting *a)
{
    struct error *err = &a->err;
    size_t num = 0;
    int rc = -1;
    if (!a->reader && !(a->reader = journal_reader_open(a->storage, a->position, err)))
        return -1;
    if (!a->projector)
        a->projector = projector_create(a->plugin, a->self);
    Wire__Event **events = xcalloc(BATCH_EVENTS, sizeof(*events));
    if (read_events(a, events, &num) == 0)
        rc = projector_prefetch(a->projector, events, num, err);
    for (size_t i = 0; i < num && rc == 0; i++)
        rc = projector_event(a->projector, events[i], false, err);
    for (size_t i = 0; i < num; i++)
        wire__event__free_unpacked(events[i], NULL);
    free(events);
    return rc;
}

static void batch_work(void *arg)
{
    struct accounting *a = arg;
    struct plugin_error why = { "" };
    error_clear(&a->err);
    if (store_open(a, &a->err) < 0)
        return;
    a->reached = a->position;
    if (a->plugin->begin(a->self, &why) < 0) {
        error_set(&a->err, BRE_PLUGIN, "%s", why.text);
        return;
    }
    if (read_batch(a) == 0 && projector_put(a->projector, &a->err) == 0) {
        if (a->plugin->commit(a->self, a->reached, &why) == 0)
            return;
        error_set(&a->err, BRE_PLUGIN, "%s", why.text);
    }
    /* From the start again: the store knows where that is. */
    a->plugin->rollback(a->self);
    store_close(a);
}

static void ask_work(void *arg)
{
    struct ask *ask = arg;
    if ((ask->rc = store_open(ask->a, &ask->err)) < 0)
        return;
    ask->rc = ask->work(ask->arg, ask->a->plugin, ask->a->self, &ask->err);
}

/* ---- on the loop ---- */

static void go_on(struct accounting *a);

static void accounting_free(struct accounting *a)
{
    store_close(a);
    free(a->path);
    free(a->type);
    if (a->storage)
        a->storage->ops->destroy(a->storage);
    free(a);
}

static void ask_answer(struct ask *ask, const struct error *err)
{
    ask->done(ask->arg, err);
    free(ask);
}

static void fail_asks(struct accounting *a, const struct error *err)
{
    while (a->first_ask) {
        struct ask *ask = a->first_ask;
        a->first_ask = ask->next;
        ask_answer(ask, err);
    }
    a->last_ask = NULL;
}

static void batch_done(void *arg)
{
    struct accounting *a = arg;
    a->busy = false;
    if (a->closing) {
        accounting_free(a);
        return;
    }
    if (a->err.code) {
        if (!a->failed)
            log_warning("accounting: %s; what happens meanwhile is kept in the journal", a->err.text);
        a->failed = true;
        fail_asks(a, &a->err);
        reactor_timer_start(a->timer, RETRY_MS, 0);
        return;
    }
    if (a->failed)
        log_notice("accounting: the store works again");
    a->failed = false;
    a->position = a->reached;
    journal_reader_passed(a->ctld->journal, a->reader_id, a->position);
    go_on(a);
}

static void ask_done(void *arg)
{
    struct ask *ask = arg;
    struct accounting *a = ask->a;
    bool closing = a->closing;
    a->busy = false;
    ask_answer(ask, ask->rc < 0 ? &ask->err : NULL);
    if (closing)
        accounting_free(a);
    else
        go_on(a);
}

static void start_batch(struct accounting *a)
{
    a->limit = journal_durable(a->ctld->journal);
    a->busy = true;
    reactor_timer_stop(a->timer);
    if (reactor_offload(a->ctld->reactor, batch_work, batch_done, a) < 0) {
        a->busy = false;
        reactor_timer_start(a->timer, 100, 0);
    }
}

static void close_done(void *arg)
{
    struct accounting *a = arg;
    a->busy = false;
    if (a->closing) {
        accounting_free(a);
        return;
    }
    malloc_trim(0); /* the library had much of it */
    go_on(a);
}

static void start_close(struct accounting *a)
{
    a->busy = true;
    if (reactor_offload(a->ctld->reactor, close_work, close_done, a) < 0) {
        a->busy = false;
        reactor_timer_start(a->timer, IDLE_MS, 0);
    }
}

static void go_on(struct accounting *a)
{
    struct ask *ask = a->first_ask;
    uint64_t durable = journal_durable(a->ctld->journal);
    if (a->busy)
        return;
    if (ask && a->position >= ask->seq) {
        a->first_ask = ask->next;
        if (!a->first_ask)
            a->last_ask = NULL;
        a->busy = true;
        if (reactor_offload(a->ctld->reactor, ask_work, ask_done, ask) < 0) {
            a->busy = false;
            error_set(&ask->err, BRE_BUSY, "the controller's workers are busy: try again");
            ask_answer(ask, &ask->err);
        }
        return;
    }
    if (ask || durable - a->position >= NUDGE_EVENTS)
        start_batch(a);
    else if (a->loaded && !a->asked)
        start_close(a);
    else if (!reactor_timer_active(a->timer) && (durable > a->position || a->loaded))
        reactor_timer_start(a->timer, a->loaded ? IDLE_MS : BATCH_MS, 0);
}

static void on_timer(void *arg)
{
    struct accounting *a = arg;
    if (a->busy)
        return;
    a->asked = false;
    if (a->loaded)
        start_close(a);
    else if (journal_durable(a->ctld->journal) > a->position)
        start_batch(a);
}

uint64_t accounting_position(const struct accounting *a)
{
    return a->position;
}

void accounting_nudge(struct accounting *a)
{
    if (!a->failed)
        go_on(a);
}

void accounting_ask(struct accounting *a, accounting_work_f *work, accounting_done_f *done, void *arg)
{
    struct ask *ask = xcalloc(1, sizeof(*ask));
    *ask = (struct ask){ .a = a, .seq = journal_durable(a->ctld->journal), .work = work, .done = done, .arg = arg };
    if (a->last_ask)
        a->last_ask->next = ask;
    else
        a->first_ask = ask;
    a->last_ask = ask;
    a->asked = true;
    go_on(a);
}

static char *store_path(const struct conf *conf)
{
    if (!conf->accounting_location)
        return xasprintf("%s/accounting.db", conf->state_dir);
    if (conf->accounting_location[0] == '/')
        return xstrdup(conf->accounting_location);
    return xasprintf("%s/%s", conf->state_dir, conf->accounting_location);
}

struct accounting *accounting_create(struct ctld *c, struct error *err)
{
    struct accounting *a = xcalloc(1, sizeof(*a));
    a->ctld = c;
    a->type = xstrdup(c->conf->accounting_type);
    a->path = store_path(c->conf);
    if (store_open(a, err) < 0) /* what is wrong with it is said now, not at the first query */
        goto fail;
    store_close(a);
    if (!(a->storage = storage_dir_open(c->conf->state_dir, err)))
        goto fail;
    if (a->position > journal_last(c->journal)) {
        error_set(err, BRE_DAMAGED,
                  "the accounting store %s has reached record %" PRIu64 ", but the journal ends at %" PRIu64
                  ": they do not belong together",
                  a->path, a->position, journal_last(c->journal));
        goto fail;
    }
    a->reader_id = journal_reader_register(c->journal, a->position);
    a->timer = reactor_timer_create(c->reactor, on_timer, a);
    go_on(a);
    return a;
fail:
    accounting_free(a);
    return NULL;
}

void accounting_destroy(struct accounting *a)
{
    if (!a)
        return;
    reactor_timer_close(a->timer);
    a->closing = true;
    while (a->first_ask) { /* their requests go with the sessions */
        struct ask *ask = a->first_ask;
        struct error err;
        a->first_ask = ask->next;
        error_set(&err, BRE_BUSY, "the controller is about to stop");
        ask_answer(ask, &err);
    }
    if (!a->busy)
        accounting_free(a);
}
