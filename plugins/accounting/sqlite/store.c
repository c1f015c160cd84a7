/* store.c - opening the file, its schema, and the writing side.
 *
 * The journal is the truth and this file its projection: what a power cut takes from the end is applied
 * again from the position that the file itself has.  New records come behind the old ones, so a rollback
 * journal, which holds only what pages had before, writes half of what a write-ahead log does, and nobody
 * reads while a batch is written.
 */
#include "config.h"
#include "store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SCHEMA_VERSION 5
#define BUSY_MS 5000

#define INT(member) ",\"" #member "\""
#define TEXT(member) ",\"" #member "\""
const char store_columns[] =
#include "columns.def"
    ;
#undef INT
#undef TEXT

static const char schema[] =
    "CREATE TABLE IF NOT EXISTS position (one INTEGER PRIMARY KEY CHECK (one = 1), seq INTEGER NOT NULL);"
    "CREATE TABLE IF NOT EXISTS record ("
#define INT(member) "\"" #member "\" INTEGER NOT NULL,"
#define TEXT(member) "\"" #member "\" TEXT,"
#include "columns.def"
#undef INT
#undef TEXT
    " PRIMARY KEY (job_id, attempt, step_id)) WITHOUT ROWID;"
    "CREATE INDEX IF NOT EXISTS record_end ON record (end_usec) WHERE step_id = 4294967294;";

static const char array_index[] = "CREATE INDEX IF NOT EXISTS record_array ON record (array_id) "
                                  "WHERE step_id = 4294967294 AND array_id != 0;";

int store_fail(struct store *s, struct plugin_error *err, const char *what)
{
    snprintf(err->text, sizeof err->text, "accounting file %s: %s: %s", s->path, what,
             s->db ? sqlite3_errmsg(s->db) : "out of memory");
    return -1;
}

static int execute(struct store *s, const char *sql, struct plugin_error *err)
{
    return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : store_fail(s, err, "set-up");
}

static int prepare(struct store *s, const char *sql, sqlite3_stmt **stmt, struct plugin_error *err)
{
    return sqlite3_prepare_v3(s->db, sql, -1, SQLITE_PREPARE_PERSISTENT, stmt, NULL) == SQLITE_OK
               ? 0
               : store_fail(s, err, "set-up");
}

/* The columns that an older release did not have. */
static int add_columns(struct store *s, struct plugin_error *err)
{
    static const struct {
        const char *name, *type;
    } columns[] = {
#define INT(member) { #member, "INTEGER NOT NULL DEFAULT 0" },
#define TEXT(member) { #member, "TEXT" },
#include "columns.def"
#undef INT
#undef TEXT
    };
    sqlite3_stmt *stmt;
    int rc = 0;

    if (prepare(s, "SELECT 1 FROM pragma_table_info('record') WHERE name = ?", &stmt, err) < 0)
        return -1;
    for (size_t i = 0; i < sizeof columns / sizeof columns[0] && rc == 0; i++) {
        char sql[256];

        sqlite3_bind_text(stmt, 1, columns[i].name, -1, SQLITE_STATIC);
        if (sqlite3_step(stmt) != SQLITE_ROW) {
            sqlite3_reset(stmt);
            snprintf(sql, sizeof sql, "ALTER TABLE record ADD COLUMN \"%s\" %s", columns[i].name,
                     columns[i].type);
            rc = execute(s, sql, err);
        }
        sqlite3_reset(stmt);
    }
    sqlite3_finalize(stmt);
    return rc;
}

static int check_version(struct store *s, int *version, struct plugin_error *err)
{
    sqlite3_stmt *stmt;

    if (prepare(s, "PRAGMA user_version", &stmt, err) < 0)
        return -1;
    if (sqlite3_step(stmt) != SQLITE_ROW) {
        store_fail(s, err, "cannot be read");
        sqlite3_finalize(stmt);
        return -1;
    }
    *version = sqlite3_column_int(stmt, 0);
    sqlite3_finalize(stmt);
    if (*version > SCHEMA_VERSION) {
        snprintf(err->text, sizeof err->text,
                 "accounting file %s was written by a newer release (schema %d, this one knows %d)", s->path,
                 *version, SCHEMA_VERSION);
        return -1;
    }
    return 0;
}

static int prepare_put(struct store *s, struct plugin_error *err)
{
    char sql[4096];
    size_t used;
    unsigned count = 0;

#define INT(member) count++;
#define TEXT(member) count++;
#include "columns.def"
#undef INT
#undef TEXT
    used = (size_t)snprintf(sql, sizeof sql, "INSERT OR REPLACE INTO record (%s) VALUES (?",
                            store_columns + 1);
    for (unsigned i = 1; i < count && used < sizeof sql; i++)
        used += (size_t)snprintf(sql + used, sizeof sql - used, ",?");
    snprintf(sql + used, sizeof sql - used, ")");
    return prepare(s, sql, &s->put, err);
}

int store_open(struct store *s, const char *path, struct plugin_error *err)
{
    char sql[64];
    int version;

    memset(s, 0, sizeof *s);
    if (!(s->path = strdup(path)))
        return store_fail(s, err, "open");
    if (sqlite3_open_v2(path, &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX,
                        NULL)
        != SQLITE_OK)
        return store_fail(s, err, "cannot be opened");
    sqlite3_busy_timeout(s->db, BUSY_MS);
    /* a small page cache: the controller shares a board with jobs */
    if (execute(s, "PRAGMA journal_mode=TRUNCATE; PRAGMA synchronous=FULL; PRAGMA cache_size=-512;", err) < 0
        || check_version(s, &version, err) < 0)
        return -1;
    snprintf(sql, sizeof sql, "PRAGMA user_version=%d", SCHEMA_VERSION);
    if ((version < SCHEMA_VERSION && execute(s, schema, err) < 0) || add_columns(s, err) < 0
        || execute(s, array_index, err) < 0 || (version < SCHEMA_VERSION && execute(s, sql, err) < 0))
        return -1;
    if (prepare(s, "INSERT OR REPLACE INTO position (one, seq) VALUES (1, ?)", &s->set_position, err) < 0
        || prepare(s, "BEGIN IMMEDIATE", &s->begin, err) < 0 || prepare(s, "COMMIT", &s->commit, err) < 0
        || prepare(s, "ROLLBACK", &s->rollback, err) < 0)
        return -1;
    return prepare_put(s, err);
}

void store_close(struct store *s)
{
    sqlite3_finalize(s->put);
    sqlite3_finalize(s->set_position);
    sqlite3_finalize(s->begin);
    sqlite3_finalize(s->commit);
    sqlite3_finalize(s->rollback);
    sqlite3_close(s->db);
    free(s->path);
}

int store_run(struct store *s, sqlite3_stmt *stmt, struct plugin_error *err)
{
    int rc = sqlite3_step(stmt);

    if (rc != SQLITE_DONE)
        store_fail(s, err, "cannot be written");
    sqlite3_reset(stmt);
    sqlite3_clear_bindings(stmt);
    return rc == SQLITE_DONE ? 0 : -1;
}

int store_position(struct store *s, uint64_t *seq, struct plugin_error *err)
{
    sqlite3_stmt *stmt;
    int rc;

    if (prepare(s, "SELECT seq FROM position", &stmt, err) < 0)
        return -1;
    rc = sqlite3_step(stmt);
    *seq = rc == SQLITE_ROW ? (uint64_t)sqlite3_column_int64(stmt, 0) : 0;
    sqlite3_finalize(stmt);
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? 0 : store_fail(s, err, "cannot be read");
}

int store_put(struct store *s, const struct acct_record *record, struct plugin_error *err)
{
    int rc = SQLITE_OK, at = 0;

#define INT(member) rc |= sqlite3_bind_int64(s->put, ++at, (sqlite3_int64)record->member);
#define TEXT(member) rc |= sqlite3_bind_text(s->put, ++at, record->member, -1, SQLITE_STATIC);
#include "columns.def"
#undef INT
#undef TEXT
    if (rc != SQLITE_OK)
        return store_fail(s, err, "a record cannot be stored");
    return store_run(s, s->put, err);
}

int store_commit(struct store *s, uint64_t seq, struct plugin_error *err)
{
    if (sqlite3_bind_int64(s->set_position, 1, (sqlite3_int64)seq) != SQLITE_OK)
        return store_fail(s, err, "the position cannot be stored");
    if (store_run(s, s->set_position, err) < 0)
        return -1;
    return store_run(s, s->commit, err);
}
