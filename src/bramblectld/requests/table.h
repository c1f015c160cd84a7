/* table.h - rows to the columns of TableChunks. */
#ifndef BRAMBLE_CTLD_TABLE_H
#define BRAMBLE_CTLD_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rpc/fields.h"
#include "util/arena.h"
#include "util/hash.h"
#include "wire/client.pb-c.h"

#define TABLE_ROWS_MAX 8192 /* of a chunk; a column's bound is 65536 */

struct error;
struct table_column {
    unsigned field;
    bool is_string;
    int64_t *ints;
    const char *last; /* string put last, and its index: neighbours are often alike */
    int64_t last_index;
};
struct table {
    struct table_column *columns;
    size_t num_columns, rows;
    struct arena arena;   /* strings made for this chunk */
    struct strmap index;  /* of a string: its place, + 1 */
    char **strings;
    size_t num_strings, cap_strings;
    bool first;
};

/* The columns must be of that table, and known. */
int table_init(struct table *t, unsigned table, const uint32_t *fields, size_t num_fields, struct error *err);
void table_fini(struct table *t);
static inline bool table_full(const struct table *t)
{
    return t->rows >= TABLE_ROWS_MAX || t->num_strings >= 200000;
}
/* Set a cell of the row that is being made; then table_next_row(). */
void table_int(struct table *t, size_t column, int64_t value);
/* NULL: no value.  Borrowed until the chunk is packed. */
void table_string(struct table *t, size_t column, const char *value);
void table_next_row(struct table *t);
/* Fill chunk, which borrows from t; then table_clear() for the next one. */
void table_chunk(struct table *t, Wire__TableChunk *chunk, bool last, int64_t now);
void table_clear(struct table *t);
/* Give back the memory of a table that was cleared: its query waits, maybe for long. */
void table_shrink(struct table *t);

#endif
