/* store.h - the SQLite file behind the accounting plugin. */
#ifndef BRAMBLE_ACCOUNTING_SQLITE_STORE_H
#define BRAMBLE_ACCOUNTING_SQLITE_STORE_H

#include <sqlite3.h>

#include "bramble/accounting_plugin.h"
#include "bramble/constants.h"

struct store {
    sqlite3 *db;
    sqlite3_stmt *put, *set_position, *begin, *commit, *rollback;
    char *path;
};

/* All: -1 with err on failure. */
int store_open(struct store *s, const char *path, struct plugin_error *err);
void store_close(struct store *s);
int store_position(struct store *s, uint64_t *seq, struct plugin_error *err);
int store_run(struct store *s, sqlite3_stmt *stmt, struct plugin_error *err); /* step once, reset */
int store_put(struct store *s, const struct acct_record *record, struct plugin_error *err);
int store_commit(struct store *s, uint64_t seq, struct plugin_error *err);
int store_fail(struct store *s, struct plugin_error *err, const char *what);

/* query.c */
int store_query(struct store *s, const struct acct_query *query,
                bool (*visit)(void *arg, const struct acct_record *record), void *arg,
                struct plugin_error *err);

/* The column list, quoted and separated by commas. */
extern const char store_columns[]; /* begins with a comma */

#endif
