/* list.h - doubly linked lists whose links live in the members.
 *
 * A list is a struct list_node that is a ring of its own; a member that is in no list may be zeroed
 * or initialised.  list_remove() leaves the member initialised, so that removing twice is harmless.
 */
#ifndef BRAMBLE_UTIL_LIST_H
#define BRAMBLE_UTIL_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list_node {
    struct list_node *prev, *next;
};

#define container_of(ptr, type, member)                                                        \
    __extension__({                                                                            \
        __typeof__(((type *)0)->member) *member_ = (ptr);                                      \
        (type *)(void *)((char *)member_ - offsetof(type, member));                            \
    })

static inline void list_init(struct list_node *list)
{
    list->prev = list->next = list;
}
static inline bool list_is_empty(const struct list_node *list)
{
    return list->next == list || !list->next;
}
static inline bool list_is_linked(const struct list_node *node)
{
    return node->next && node->next != node;
}
static inline void list_insert_before(struct list_node *at, struct list_node *node)
{
    node->prev = at->prev;
    node->next = at;
    at->prev->next = node;
    at->prev = node;
}
static inline void list_append(struct list_node *list, struct list_node *node)
{
    list_insert_before(list, node);
}
static inline void list_prepend(struct list_node *list, struct list_node *node)
{
    list_insert_before(list->next, node);
}
static inline void list_remove(struct list_node *node)
{
    if (node->next) {
        node->prev->next = node->next;
        node->next->prev = node->prev;
    }
    list_init(node);
}
static inline struct list_node *list_first(const struct list_node *list) /* NULL: empty */
{
    return list_is_empty(list) ? NULL : list->next;
}
static inline struct list_node *list_last(const struct list_node *list)
{
    return list_is_empty(list) ? NULL : list->prev;
}
static inline struct list_node *list_pop(struct list_node *list)
{
    struct list_node *node = list_first(list);

    if (node)
        list_remove(node);
    return node;
}
static inline size_t list_count(const struct list_node *list)
{
    size_t count = 0;

    if (list->next)
        for (const struct list_node *node = list->next; node != list; node = node->next)
            count++;
    return count;
}

#define list_for_each(node, list)                                                              \
    for (struct list_node *node = (list)->next; node != (list); node = node->next)
/* The body may remove node itself. */
#define list_for_each_safe(node, list)                                                         \
    for (struct list_node *node = (list)->next, *node##_next = node->next; node != (list);     \
         node = node##_next, node##_next = node->next)

#endif
