/* sqlite.c - accounting in one SQLite file on the controller: nothing to install or to start. */
#include "config.h"
#include "store.h"

#include <stdio.h>
#include <stdlib.h>

static void sqlite_fini(void *self)
{
    struct store *s = self;

    if (!s)
        return;
    store_close(s);
    free(s);
}

static void *sqlite_init(const char *location, struct plugin_error *err)
{
    struct store *s = calloc(1, sizeof *s);

    if (!s) {
        snprintf(err->text, sizeof err->text, "out of memory");
        return NULL;
    }
    if (store_open(s, location, err) < 0) {
        sqlite_fini(s);
        return NULL;
    }
    return s;
}

static int sqlite_position(void *self, uint64_t *seq, struct plugin_error *err)
{
    return store_position(self, seq, err);
}

static int sqlite_begin(void *self, struct plugin_error *err)
{
    struct store *s = self;

    return store_run(s, s->begin, err);
}

static int sqlite_put(void *self, const struct acct_record *record, struct plugin_error *err)
{
    return store_put(self, record, err);
}

static int sqlite_commit(void *self, uint64_t seq, struct plugin_error *err)
{
    return store_commit(self, seq, err);
}

static void sqlite_rollback(void *self)
{
    struct store *s = self;
    struct plugin_error ignored;

    store_run(s, s->rollback, &ignored); /* fails only when nothing was begun */
}

static int sqlite_query(void *self, const struct acct_query *query,
                        bool (*visit)(void *arg, const struct acct_record *record), void *arg,
                        struct plugin_error *err)
{
    return store_query(self, query, visit, arg, err);
}

extern const struct accounting_plugin bramble_plugin;
const struct accounting_plugin bramble_plugin = {
    .base = { .abi = BRAMBLE_ACCOUNTING_ABI, .type = "accounting", .name = "sqlite",
              .help = "one SQLite file beside the controller's state" },
    .init = sqlite_init,
    .fini = sqlite_fini,
    .position = sqlite_position,
    .begin = sqlite_begin,
    .put = sqlite_put,
    .commit = sqlite_commit,
    .rollback = sqlite_rollback,
    .query = sqlite_query,
};
