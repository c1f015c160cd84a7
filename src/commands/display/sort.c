/* sort.c - stable sorting of rows by several keys.
 *
 * Each key becomes one number a row (texts become their rank), and rows are sorted by radix from the
 * last key to the first: time goes with the number of rows alone, which keeps 100,000 jobs cheap.
 */
#include "commands/display/sort.h"

#include <stdlib.h>
#include <string.h>

#include "commands/display/render.h"
#include "util/mem.h"

void sort_parse(struct sort_spec *s, const char *text, const struct column *columns, size_t num,
                void (*unknown)(void *arg, const char *word), void *arg)
{
    struct sort_key key = { 0 };

    s->count = 0;
    for (; *text && s->count < SORT_KEYS_MAX; text++) {
        if (*text == ',' || *text == '+' || *text == ' ' || *text == '%') {
            if (*text == '+')
                key.descending = false;
            continue;
        }
        if (*text == '-') {
            key.descending = true;
            continue;
        }
        /* "#P": the column that holds the place in the configuration */
        if (*text == '#' && text[1])
            text++, key.column = column_find_letter(columns, num, '#');
        else
            key.column = column_find_letter(columns, num, *text);
        if (key.column) {
            s->keys[s->count++] = key;
        } else {
            char word[2] = { *text, '\0' };

            unknown(arg, word);
        }
        key = (struct sort_key){ 0 };
    }
}

void sort_add_last(struct sort_spec *s, const struct column *column)
{
    bool descending = s->count && s->keys[s->count - 1].descending;

    if (s->count < SORT_KEYS_MAX)
        s->keys[s->count++] = (struct sort_key){ column, descending };
}

void sort_need(const struct sort_spec *s, bool *want)
{
    for (size_t i = 0; i < s->count; i++)
        for (size_t k = 0; k < COLUMN_FIELDS; k++)
            if (s->keys[i].column->fields[k])
                want[s->keys[i].column->fields[k]] = true;
}

struct ranked {
    const char *text;
    uint32_t id;
};

static int compare_ranked(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;

    return strcmp(x->text ? x->text : "", y->text ? y->text : "");
}

/* Texts of a string field to ranks; each distinct text number is looked at once. */
static void rank_by_id(uint64_t *keys, const struct view *view, unsigned field, const uint32_t *order,
                       size_t n)
{
    uint32_t most = 0;
    size_t distinct = 0;
    CLEANUP_FREE uint64_t *rank = NULL;
    CLEANUP_FREE struct ranked *list = NULL;

    for (size_t i = 0; i < n; i++) {
        keys[i] = table_text_id(view->table, field, order[i]);
        if (keys[i] > most)
            most = (uint32_t)keys[i];
    }
    rank = xcalloc((size_t)most + 1, sizeof(*rank));
    for (size_t i = 0; i < n; i++)
        if (!rank[keys[i]]) {
            rank[keys[i]] = 1;
            distinct++;
        }
    list = xcalloc(distinct + 1, sizeof(*list));
    distinct = 0;
    for (size_t i = 0; i < n; i++)
        if (rank[keys[i]] == 1) {
            rank[keys[i]] = 2;
            list[distinct++] = (struct ranked){ table_text(view->table, field, order[i]),
                                                (uint32_t)keys[i] };
        }
    qsort(list, distinct, sizeof(*list), compare_ranked);
    for (size_t i = 0, at = 0; i < distinct; i++) {
        if (i && compare_ranked(&list[i - 1], &list[i]))
            at++;
        rank[list[i].id] = at;
    }
    for (size_t i = 0; i < n; i++)
        keys[i] = rank[keys[i]];
}

/* What is shown, ranked: for columns made by a function without a sort key of its own. */
static void rank_by_cell(uint64_t *keys, const struct view *view, const struct column *c,
                         const uint32_t *order, size_t n)
{
    CLEANUP_STRBUF struct strbuf text = STRBUF_INIT;
    CLEANUP_FREE size_t *start = xcalloc(n + 1, sizeof(*start));
    CLEANUP_FREE struct ranked *list = xcalloc(n + 1, sizeof(*list));

    for (size_t i = 0; i < n; i++) {
        start[i] = text.len;
        render_cell(&text, c, view, order[i]);
        strbuf_addc(&text, '\0');
    }
    for (size_t i = 0; i < n; i++)
        list[i] = (struct ranked){ text.data + start[i], (uint32_t)i };
    qsort(list, n, sizeof(*list), compare_ranked);
    for (size_t i = 0, at = 0; i < n; i++) {
        if (i && compare_ranked(&list[i - 1], &list[i]))
            at++;
        keys[list[i].id] = at;
    }
}

static void make_keys(uint64_t *keys, const struct view *view, const struct sort_key *key,
                      const uint32_t *order, size_t n)
{
    const struct column *c = key->column;
    const struct field_info *info = field_find(c->fields[0]);

    if (c->sort_key) {
        for (size_t i = 0; i < n; i++)
            keys[i] = (uint64_t)c->sort_key(view, order[i]) ^ (UINT64_C(1) << 63);
    } else if ((c->flags & COL_SORT_CELL)
               || (c->format && !(info && info->kind == FIELD_KIND_INT))) {
        rank_by_cell(keys, view, c, order, n);
    } else if (info && info->kind == FIELD_KIND_STRING) {
        rank_by_id(keys, view, c->fields[0], order, n);
    } else {
        for (size_t i = 0; i < n; i++)
            keys[i] = (uint64_t)table_int(view->table, c->fields[0], order[i]) ^ (UINT64_C(1) << 63);
    }
    if (key->descending)
        for (size_t i = 0; i < n; i++)
            keys[i] = ~keys[i];
}

struct keyed {
    uint64_t key;
    uint32_t row;
};

/* Stable; passes over bytes that are alike in all rows are left out. */
static void radix_sort(struct keyed *rows, struct keyed *spare, size_t n)
{
    uint64_t all = ~UINT64_C(0), any = 0;

    for (size_t i = 0; i < n; i++) {
        all &= rows[i].key;
        any |= rows[i].key;
    }
    for (unsigned shift = 0; shift < 64; shift += 8) {
        size_t count[257] = { 0 };

        if (!(((all ^ any) >> shift) & 0xff))
            continue;
        for (size_t i = 0; i < n; i++)
            count[((rows[i].key >> shift) & 0xff) + 1]++;
        for (unsigned b = 0; b < 256; b++)
            count[b + 1] += count[b];
        for (size_t i = 0; i < n; i++)
            spare[count[(rows[i].key >> shift) & 0xff]++] = rows[i];
        memcpy(rows, spare, n * sizeof(*rows));
    }
}

static bool in_order(const uint64_t *keys, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (keys[i - 1] > keys[i])
            return false;
    return true;
}

void sort_rows(const struct sort_spec *s, const struct view *view, uint32_t *order, size_t n)
{
    CLEANUP_FREE uint64_t *keys = xcalloc(n + 1, sizeof(*keys));
    CLEANUP_FREE struct keyed *rows = xcalloc(n + 1, sizeof(*rows));
    CLEANUP_FREE struct keyed *spare = xcalloc(n + 1, sizeof(*spare));

    if (n < 2)
        return;
    for (size_t k = s->count; k-- > 0;) {
        make_keys(keys, view, &s->keys[k], order, n);
        if (in_order(keys, n))
            continue;
        for (size_t i = 0; i < n; i++)
            rows[i] = (struct keyed){ keys[i], order[i] };
        radix_sort(rows, spare, n);
        for (size_t i = 0; i < n; i++)
            order[i] = rows[i].row;
    }
}
