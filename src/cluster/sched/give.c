/* give.c - what one scheduling call has given away before it is applied. */
#include "cluster/sched/sched.h"

#include <string.h>

struct tentative *tentative_of(struct tentative **all, struct node *node)
{
    struct tentative *t = node->tentative;

    if (t)
        return t;
    t = xcalloc(1, sizeof(*t));
    t->node = node;
    t->used = bitmap_copy(node->used);
    t->next = *all;
    *all = t;
    return node->tentative = t;
}

void tentative_clear(struct tentative **all)
{
    for (struct tentative *t = *all, *next; t; t = next) {
        next = t->next;
        t->node->tentative = NULL;
        bitmap_destroy(t->used);
        for (uint32_t k = 0; k < NODE_GRES_MAX; k++)
            bitmap_destroy(t->gres[k]);
        free(t);
    }
    *all = NULL;
}

char *tentative_cores(struct tentative *t, const struct node *node, uint32_t count,
                      struct arena *a)
{
    struct bitmap *cores = bitmap_create(node->cores);
    char *text, *copy;

    for (size_t i = 0; i < node->cores && count; i++)
        if (!bitmap_test(t->used, i)) {
            bitmap_set(t->used, i);
            bitmap_set(cores, i);
            count--;
        }
    text = bitmap_format(cores);
    copy = arena_strdup(a, text);
    free(text);
    bitmap_destroy(cores);
    return copy;
}

char *tentative_gres(struct tentative *t, const struct node *node, const uint16_t *take,
                     struct arena *a)
{
    CLEANUP_STRBUF struct strbuf sb = STRBUF_INIT;

    for (uint32_t k = 0; k < node->num_gres; k++) {
        const struct node_gres *g = &node->gres[k];
        struct bitmap *units;
        CLEANUP_FREE char *text = NULL;
        uint32_t count = take[k];

        if (!count)
            continue;
        if (!t->gres[k])
            t->gres[k] = bitmap_copy(g->used);
        units = bitmap_create(g->first + g->count);
        for (size_t u = 0; u < g->count && count; u++)
            if (!bitmap_test(t->gres[k], u)) {
                bitmap_set(t->gres[k], u);
                bitmap_set(units, g->first + u);
                count--;
            }
        text = bitmap_format(units);
        bitmap_destroy(units);
        strbuf_addf(&sb, "%s%s%s%s:%u(IDX:%s)", sb.len ? "," : "", g->name, *g->type ? ":" : "",
                    g->type, take[k], text);
    }
    return sb.len ? arena_strdup(a, strbuf_str(&sb)) : NULL;
}
