/* gres.h - lists of generic resources as text: "gpu:hailo:2,camera:1".
 *
 *     item := [ "gres:" | "gres/" ] name [ ':' type ] [ (':' | '=') count ] [ '(' "IDX:" list ')' ]
 *
 * Without a count one is meant.  Units of one name are numbered from 0 on a node, whatever their
 * types; IDX names those that a job has.  Lists of licences are read by the same functions.
 */
#ifndef BRAMBLE_UTIL_GRES_H
#define BRAMBLE_UTIL_GRES_H

#include <stdbool.h>
#include <stdint.h>

struct bitmap;
struct error;
struct strbuf;

#define GRES_LIST_MAX 16
#define GRES_NAME_MAX 32
#define GRES_UNITS_MAX 4096 /* of one kind on one node */

struct gres_item {
    char name[GRES_NAME_MAX], type[GRES_NAME_MAX]; /* type "": any */
    uint32_t count;
    struct bitmap *units; /* IDX; NULL: not told */
};
struct gres_list {
    uint32_t num;
    struct gres_item items[GRES_LIST_MAX];
};

/* text NULL, "" or "none": an empty list.  -1 with err naming the item; the list is empty then. */
int gres_list_parse(struct gres_list *list, const char *text, struct error *err);
void gres_list_fini(struct gres_list *list); /* NULL is allowed */
/* Add to the item of that name and type, or append one.  -1: the list is full. */
int gres_list_add(struct gres_list *list, const char *name, const char *type, uint32_t count);
const struct gres_item *gres_list_find(const struct gres_list *list, const char *name, const char *type);
uint32_t gres_list_count(const struct gres_list *list, const char *name); /* of all types */
/* Appends "gpu:hailo:2,camera:1", each item behind prefix; with_units: "gpu:hailo:2(IDX:0-1)". */
void gres_list_format(const struct gres_list *list, const char *prefix, bool with_units,
                      struct strbuf *sb);
/* Appends ",gres/gpu=2,gres/camera=1", as strings of trackable resources have it. */
void gres_tres_format(const struct gres_list *list, struct strbuf *sb);
/* Numbers of the units of that name, of all types: "0-1" or, as variables want them, "0,1".  Appends
 * nothing if there are none. */
void gres_units_format(const struct gres_list *list, const char *name, struct strbuf *sb);

#endif
