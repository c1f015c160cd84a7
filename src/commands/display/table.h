/* table.h - the answer to a query: columns of numbers and texts, one slot a row.
 *
 * Chunks of the controller's answer are appended as they come; nothing is allocated per cell.  A
 * column that nobody filled reads as FIELD_UNSET or as no text.  Texts are borrowed and live as
 * long as the table.
 */
#ifndef BRAMBLE_DISPLAY_TABLE_H
#define BRAMBLE_DISPLAY_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "rpc/fields.h"
#include "wire/client.pb-c.h"

struct error;
struct table;

struct table *table_create(void);
void table_destroy(struct table *t); /* NULL is allowed */
size_t table_rows(const struct table *t);
/* The controller's clock when it answered; the own clock before any chunk said so. */
int64_t table_now(const struct table *t);
void table_set_now(struct table *t, int64_t now);
bool table_has(const struct table *t, unsigned field);
int64_t table_int(const struct table *t, unsigned field, size_t row);
const char *table_text(const struct table *t, unsigned field, size_t row); /* NULL: no value */
/* Text's number in the table: equal numbers mean equal texts (the reverse need not hold). */
uint32_t table_text_id(const struct table *t, unsigned field, size_t row);

/* The column's values as they are (numbers, or texts' numbers), one a row; NULL if it is not filled.
 * Valid until the table changes. */
const int64_t *table_values(const struct table *t, unsigned field);

/* Append a chunk.  Indexes are checked: -1 with err set if it contradicts itself. */
int table_add_chunk(struct table *t, const Wire__TableChunk *chunk, struct error *err);

/* By hand, for tests and for rows that a command makes itself. */
size_t table_add_row(struct table *t);
/* A further row with the same values. */
size_t table_copy_row(struct table *t, size_t row);
void table_set_int(struct table *t, unsigned field, size_t row, int64_t value);
void table_set_text(struct table *t, unsigned field, size_t row, const char *text); /* copied */

#endif
