/* table.c - column-wise storage of a query's answer. */
#include "commands/display/table.h"

#include <string.h>
#include <time.h>

#include "util/arena.h"
#include "util/error.h"
#include "util/mem.h"

#define ROWS_MAX (64u << 20)

struct table_column {
    int64_t *values; /* numbers, or indexes into the texts; rows beyond filled are unset */
    size_t filled, cap;
};

struct table {
    struct table_column *columns[FIELD_MAX];
    size_t rows;
    int64_t now;
    const char **texts; /* [0] is "no value" */
    size_t num_texts, cap_texts;
    struct arena arena;
};

struct table *table_create(void)
{
    struct table *t = xcalloc(1, sizeof(*t));

    arena_init(&t->arena, 256 * 1024, 0);
    t->cap_texts = 64;
    t->texts = xcalloc(t->cap_texts, sizeof(*t->texts));
    t->num_texts = 1;
    t->now = time(NULL);
    return t;
}

void table_destroy(struct table *t)
{
    if (!t)
        return;
    for (size_t i = 0; i < FIELD_MAX; i++) {
        if (t->columns[i])
            free(t->columns[i]->values);
        free(t->columns[i]);
    }
    arena_fini(&t->arena);
    free(t->texts);
    free(t);
}

size_t table_rows(const struct table *t)
{
    return t->rows;
}

int64_t table_now(const struct table *t)
{
    return t->now;
}

void table_set_now(struct table *t, int64_t now)
{
    t->now = now;
}

bool table_has(const struct table *t, unsigned field)
{
    return field < FIELD_MAX && t->columns[field];
}

int64_t table_int(const struct table *t, unsigned field, size_t row)
{
    const struct table_column *c = field < FIELD_MAX ? t->columns[field] : NULL;

    return c && row < c->filled ? c->values[row] : FIELD_UNSET;
}

uint32_t table_text_id(const struct table *t, unsigned field, size_t row)
{
    const struct table_column *c = field < FIELD_MAX ? t->columns[field] : NULL;

    return c && row < c->filled && c->values[row] > 0 ? (uint32_t)c->values[row] : 0;
}

const char *table_text(const struct table *t, unsigned field, size_t row)
{
    return t->texts[table_text_id(t, field, row)];
}

const int64_t *table_values(const struct table *t, unsigned field)
{
    const struct table_column *c = field < FIELD_MAX ? t->columns[field] : NULL;

    return c && c->filled == t->rows ? c->values : NULL;
}

/* The column, with room for all rows up to and including last, those not yet set being unset. */
static struct table_column *column_reach(struct table *t, unsigned field, size_t rows, bool is_text)
{
    struct table_column *c = t->columns[field];

    if (!c)
        c = t->columns[field] = xcalloc(1, sizeof(*c));
    if (rows > c->cap) {
        size_t cap = c->cap ? c->cap : 64;

        while (cap < rows)
            cap *= 2;
        c->values = xreallocarray(c->values, cap, sizeof(*c->values));
        c->cap = cap;
    }
    for (; c->filled < rows; c->filled++)
        c->values[c->filled] = is_text ? 0 : FIELD_UNSET;
    return c;
}

static void texts_reserve(struct table *t, size_t more)
{
    if (t->num_texts + more <= t->cap_texts)
        return;
    while (t->cap_texts < t->num_texts + more)
        t->cap_texts *= 2;
    t->texts = xreallocarray(t->texts, t->cap_texts, sizeof(*t->texts));
}

static int chunk_check(const struct table *t, const Wire__TableChunk *chunk, struct error *err)
{
    if (chunk->rows > ROWS_MAX - t->rows)
        return error_set(err, BRE_PROTOCOL, "the controller's answer has more than %u rows", ROWS_MAX);
    for (size_t i = 0; i < chunk->n_columns; i++) {
        const Wire__TableColumn *col = chunk->columns[i];
        const struct field_info *info = field_find(col->field);

        if (!info)
            continue; /* a later release's column */
        if (col->n_ints != chunk->rows)
            return error_set(err, BRE_PROTOCOL, "column %s has %zu values for %u rows", info->name,
                             col->n_ints, chunk->rows);
        if (info->kind != FIELD_KIND_STRING)
            continue;
        for (size_t row = 0; row < col->n_ints; row++)
            if (col->ints[row] < 0 || (col->ints[row] > 0 && (uint64_t)col->ints[row] >= chunk->n_strings))
                return error_set(err, BRE_PROTOCOL, "column %s names a text that is not there",
                                 info->name);
    }
    return 0;
}

int table_add_chunk(struct table *t, const Wire__TableChunk *chunk, struct error *err)
{
    size_t base = t->num_texts - 1, first = t->rows, last = first + chunk->rows;

    if (chunk_check(t, chunk, err) < 0)
        return -1;
    if (chunk->has_now && first == 0)
        t->now = chunk->now;
    texts_reserve(t, chunk->n_strings);
    for (size_t i = 1; i < chunk->n_strings; i++) /* strings[0] only holds the place of "no value" */
        t->texts[t->num_texts++] = arena_strdup(&t->arena, chunk->strings[i]);
    for (size_t i = 0; i < chunk->n_columns; i++) {
        const Wire__TableColumn *col = chunk->columns[i];
        const struct field_info *info = field_find(col->field);

        if (!info || !chunk->rows)
            continue;
        bool is_text = info->kind == FIELD_KIND_STRING;
        struct table_column *c = column_reach(t, col->field, first, is_text);

        column_reach(t, col->field, last, is_text);
        if (!is_text)
            memcpy(c->values + first, col->ints, chunk->rows * sizeof(*c->values));
        else
            for (size_t row = 0; row < chunk->rows; row++)
                c->values[first + row] = col->ints[row] ? col->ints[row] + (int64_t)base : 0;
    }
    t->rows = last;
    return 0;
}

size_t table_add_row(struct table *t)
{
    return t->rows++;
}

size_t table_copy_row(struct table *t, size_t row)
{
    size_t copy = table_add_row(t);

    for (unsigned field = 0; field < FIELD_MAX; field++) {
        const struct table_column *c = t->columns[field];

        if (c && row < c->filled) {
            int64_t value = c->values[row];

            column_reach(t, field, copy + 1, field_find(field)->kind == FIELD_KIND_STRING)->values[copy] = value;
        }
    }
    return copy;
}

void table_set_int(struct table *t, unsigned field, size_t row, int64_t value)
{
    column_reach(t, field, row + 1, false)->values[row] = value;
}

void table_set_text(struct table *t, unsigned field, size_t row, const char *text)
{
    struct table_column *c = column_reach(t, field, row + 1, true);

    if (!text) {
        c->values[row] = 0;
        return;
    }
    texts_reserve(t, 1);
    t->texts[t->num_texts] = arena_strdup(&t->arena, text);
    c->values[row] = (int64_t)t->num_texts++;
}
