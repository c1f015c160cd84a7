/* sort.h - rows in the order that -S asks for.
 */
#ifndef BRAMBLE_DISPLAY_SORT_H
#define BRAMBLE_DISPLAY_SORT_H

#include "commands/display/column.h"

#define SORT_KEYS_MAX 16
struct sort_key {
    const struct column *column;
    bool descending;
};
struct sort_spec {
    struct sort_key keys[SORT_KEYS_MAX];
    size_t count;
};

/* "P,t,-p".  A letter that names no column is told to unknown and left out. */
void sort_parse(struct sort_spec *s, const char *text, const struct column *columns, size_t num,
                void (*unknown)(void *arg, const char *word), void *arg);
/* What decides between rows alike in all keys: it follows the direction of the last one, as Slurm's does. */
void sort_add_last(struct sort_spec *s, const struct column *column);
void sort_need(const struct sort_spec *s, bool *want);
/* Bring order[0..n-1] (row numbers) into order; stable. */
void sort_rows(const struct sort_spec *s, const struct view *view, uint32_t *order, size_t n);

#endif
