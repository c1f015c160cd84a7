/* gres.c - see gres.h. */
#include "config.h"
#include "util/gres.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "util/bitmap.h"
#include "util/error.h"
#include "util/mem.h"
#include "util/strbuf.h"

static int bad(const char *text, size_t len, const char *why, struct error *err)
{
    return error_set(err, BRE_INVAL, "\"%.*s\" %s", (int)(len < 64 ? len : 64), text, why);
}

/* "2", "1k": a whole number with a binary suffix. */
static bool count_parse(const char *text, size_t len, uint32_t *count)
{
    char *end;
    unsigned long long number;
    CLEANUP_FREE char *copy = xstrndup(text, len);

    if (!len || len > 12 || !isdigit((unsigned char)*copy))
        return false;
    number = strtoull(copy, &end, 10);
    if (*end == 'k' || *end == 'K')
        number <<= 10, end++;
    else if (*end == 'm' || *end == 'M')
        number <<= 20, end++;
    if (*end || number > UINT32_MAX / 2)
        return false;
    *count = (uint32_t)number;
    return true;
}

static int name_copy(char *to, const char *text, size_t len)
{
    if (!len || len >= GRES_NAME_MAX)
        return -1;
    for (size_t i = 0; i < len; i++)
        if (!isalnum((unsigned char)text[i]) && !strchr("_-.", text[i]))
            return -1;
    memcpy(to, text, len);
    to[len] = '\0';
    return 0;
}

/* One item without what stands in parentheses. */
static int item_parse(struct gres_item *item, const char *text, size_t len, struct error *err)
{
    const char *p = text, *end = text + len;
    size_t word;

    *item = (struct gres_item){ .count = 1 };
    if (len > 5 && !strncasecmp(p, "gres", 4) && (p[4] == ':' || p[4] == '/'))
        p += 5;
    word = strcspn(p, ":=,(");
    if (p + word > end)
        word = (size_t)(end - p);
    if (name_copy(item->name, p, word) < 0)
        return bad(text, len, "is no resource such as gpu:2 or gpu:hailo:1", err);
    p += word;
    if (p < end && *p == ':') {
        word = strcspn(p + 1, ":=,(");
        if (p + 1 + word > end)
            word = (size_t)(end - p - 1);
        if (!count_parse(p + 1, word, &item->count)) {
            if (name_copy(item->type, p + 1, word) < 0)
                return bad(text, len, "has a bad type or count", err);
            p += 1 + word;
        }
    }
    if (p < end) {
        if (*p != ':' && *p != '=')
            return bad(text, len, "has something behind it", err);
        if (!count_parse(p + 1, (size_t)(end - p - 1), &item->count))
            return bad(text, len, "has a bad count", err);
    }
    return 0;
}

int gres_list_parse(struct gres_list *list, const char *text, struct error *err)
{
    list->num = 0;
    if (!text || !*text || !strcasecmp(text, "none"))
        return 0;
    while (*text) {
        size_t len = strcspn(text, ",("), skip = len;
        struct gres_item *item = &list->items[list->num], *same;
        const char *close;

        if (list->num == GRES_LIST_MAX) {
            gres_list_fini(list);
            return bad(text, strlen(text), "is too much: 16 kinds are possible", err);
        }
        if (item_parse(item, text, len, err) < 0) {
            gres_list_fini(list);
            return -1;
        }
        if (text[len] == '(') {
            if (!(close = strchr(text + len, ')'))) {
                gres_list_fini(list);
                return bad(text, strlen(text), "lacks a closing parenthesis", err);
            }
            if (!strncmp(text + len, "(IDX:", 5) && close > text + len + 5) {
                CLEANUP_FREE char *units = xstrndup(text + len + 5, (size_t)(close - text) - len - 5);

                if (!(item->units = bitmap_parse_any(units, GRES_UNITS_MAX, err))) {
                    gres_list_fini(list);
                    return -1;
                }
            }
            skip = (size_t)(close - text) + 1;
        }
        same = (struct gres_item *)gres_list_find(list, item->name, item->type);
        if (same && !item->units)
            same->count += item->count;
        else
            list->num++;
        text += skip;
        if (*text == ',')
            text++;
        else if (*text) {
            gres_list_fini(list);
            return bad(text, strlen(text), "stands behind a resource", err);
        }
    }
    return 0;
}

void gres_list_fini(struct gres_list *list)
{
    for (uint32_t i = 0; list && i < list->num; i++) {
        bitmap_destroy(list->items[i].units);
        list->items[i].units = NULL;
    }
    if (list)
        list->num = 0;
}

const struct gres_item *gres_list_find(const struct gres_list *list, const char *name, const char *type)
{
    for (uint32_t i = 0; i < list->num; i++)
        if (!strcmp(list->items[i].name, name) && !strcmp(list->items[i].type, type ? type : ""))
            return &list->items[i];
    return NULL;
}

int gres_list_add(struct gres_list *list, const char *name, const char *type, uint32_t count)
{
    struct gres_item *item = (struct gres_item *)gres_list_find(list, name, type);

    if (item) {
        item->count += count;
        return 0;
    }
    if (list->num == GRES_LIST_MAX)
        return -1;
    item = &list->items[list->num++];
    *item = (struct gres_item){ .count = count };
    memcpy(item->name, name, strnlen(name, GRES_NAME_MAX - 1));
    if (type)
        memcpy(item->type, type, strnlen(type, GRES_NAME_MAX - 1));
    return 0;
}

uint32_t gres_list_count(const struct gres_list *list, const char *name)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < list->num; i++)
        if (!strcmp(list->items[i].name, name))
            count += list->items[i].count;
    return count;
}

void gres_list_format(const struct gres_list *list, const char *prefix, bool with_units,
                      struct strbuf *sb)
{
    for (uint32_t i = 0; i < list->num; i++) {
        const struct gres_item *item = &list->items[i];

        strbuf_addf(sb, "%s%s%s%s%s:%u", i ? "," : "", prefix, item->name, *item->type ? ":" : "",
                    item->type, item->count);
        if (with_units && item->units) {
            CLEANUP_FREE char *units = bitmap_format(item->units);

            strbuf_addf(sb, "(IDX:%s)", *units ? units : "N/A");
        }
    }
}

void gres_units_format(const struct gres_list *list, const char *name, struct strbuf *sb)
{
    struct bitmap *all = bitmap_create(GRES_UNITS_MAX);
    bool some = false;

    for (uint32_t i = 0; i < list->num; i++)
        if (!strcmp(list->items[i].name, name) && list->items[i].units)
            bitmap_for_each(list->items[i].units, u) bitmap_set(all, (size_t)u);
    bitmap_for_each(all, u)
    {
        strbuf_addf(sb, "%s%zd", some ? "," : "", u);
        some = true;
    }
    bitmap_destroy(all);
}

void gres_tres_format(const struct gres_list *list, struct strbuf *sb)
{
    for (uint32_t i = 0; i < list->num; i++) {
        bool first = true;

        for (uint32_t k = 0; k < i; k++)
            first &= strcmp(list->items[k].name, list->items[i].name) != 0;
        if (first)
            strbuf_addf(sb, ",gres/%s=%u", list->items[i].name, gres_list_count(list, list->items[i].name));
    }
}
