/* table.c - collecting cells by column. */
#include "config.h"

#include <string.h>

#include "bramblectld/requests/table.h"
#include "util/error.h"
#include "util/mem.h"

int table_init(struct table *t, unsigned table, const uint32_t *fields, size_t num_fields, struct error *err)
{
    memset(t, 0, sizeof(*t));
    for (size_t i = 0; i < num_fields; i++) {
        const struct field_info *info = field_find(fields[i]);
        if (!info || info->table != table)
            return error_set(err, BRE_PROTOCOL, "there is no column %u in table %u", fields[i], table);
    }
    if (!num_fields)
        return error_set(err, BRE_PROTOCOL, "a query that names no column");
    arena_init(&t->arena, 16 << 10, 0);
    t->columns = xcalloc(num_fields, sizeof(*t->columns));
    t->num_columns = num_fields;
    t->first = true;
    for (size_t i = 0; i < num_fields; i++) {
        t->columns[i].field = fields[i];
        t->columns[i].is_string = field_find(fields[i])->kind == FIELD_KIND_STRING;
    }
    return 0;
}

void table_fini(struct table *t)
{
    for (size_t i = 0; i < t->num_columns; i++)
        free(t->columns[i].ints);
    free(t->columns);
    free(t->strings);
    strmap_fini(&t->index);
    arena_fini(&t->arena);
    memset(t, 0, sizeof(*t));
}

static void cell(struct table *t, size_t column, int64_t value)
{
    struct table_column *c = &t->columns[column];
    if (!c->ints)
        c->ints = xcalloc(TABLE_ROWS_MAX, sizeof(*c->ints));
    c->ints[t->rows] = value;
}

void table_int(struct table *t, size_t column, int64_t value)
{
    cell(t, column, value);
}

void table_string(struct table *t, size_t column, const char *value)
{
    struct table_column *c = &t->columns[column];
    if (!value) {
        cell(t, column, 0);
        return;
    }
    if (c->last != value && !(c->last && strcmp(c->last, value) == 0)) {
        uintptr_t place = (uintptr_t)strmap_find(&t->index, value);
        if (!place) {
            if (t->num_strings == t->cap_strings)
                t->strings = xreallocarray(t->strings, t->cap_strings = t->cap_strings ? t->cap_strings * 2 : 256,
                                           sizeof(char *));
            t->strings[t->num_strings++] = (char *)value;
            place = t->num_strings;
            strmap_put(&t->index, value, (void *)place);
        }
        c->last_index = (int64_t)place;
    }
    c->last = value;
    cell(t, column, c->last_index);
}

void table_next_row(struct table *t)
{
    t->rows++;
}

void table_chunk(struct table *t, Wire__TableChunk *chunk, bool last, int64_t now)
{
    Wire__TableColumn *cols = arena_calloc(&t->arena, t->num_columns, sizeof(*cols));
    Wire__TableColumn **list = arena_calloc(&t->arena, t->num_columns, sizeof(Wire__TableColumn *));
    char **strings = arena_alloc(&t->arena, (t->num_strings + 1) * sizeof(char *));
    wire__table_chunk__init(chunk);
    for (size_t i = 0; i < t->num_columns; i++) {
        wire__table_column__init(&cols[i]);
        cols[i].has_field = true;
        cols[i].field = t->columns[i].field;
        cols[i].n_ints = t->rows;
        cols[i].ints = t->columns[i].ints;
        list[i] = &cols[i];
    }
    /* Index 0 of a string column means "no value": place 0 is never looked at. */
    strings[0] = (char *)"";
    if (t->num_strings)
        memcpy(strings + 1, t->strings, t->num_strings * sizeof(char *));
    chunk->has_rows = true;
    chunk->rows = (uint32_t)t->rows;
    chunk->n_columns = t->num_columns;
    chunk->columns = list;
    chunk->n_strings = t->num_strings + 1;
    chunk->strings = strings;
    chunk->has_last = chunk->last = last;
    chunk->has_now = t->first;
    chunk->now = now;
    t->first = false;
}

void table_clear(struct table *t)
{
    for (size_t i = 0; i < t->num_columns; i++) {
        t->columns[i].last = NULL;
        t->columns[i].last_index = 0;
    }
    t->rows = 0;
    t->num_strings = 0;
    strmap_clear(&t->index);
    arena_reset(&t->arena);
}

void table_shrink(struct table *t)
{
    for (size_t i = 0; i < t->num_columns; i++) {
        free(t->columns[i].ints);
        t->columns[i].ints = NULL;
    }
    free(t->strings);
    t->strings = NULL;
    t->cap_strings = 0;
    strmap_fini(&t->index);
    memset(&t->index, 0, sizeof(t->index));
}
