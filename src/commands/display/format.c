/* format.c - the three grammars in which users say what they want to see. */
#include "commands/display/format.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "util/error.h"
#include "util/mem.h"

#define NAMES_WIDTH 20

void format_fini(struct format *f)
{
    for (size_t i = 0; i < f->count; i++)
        free(f->items[i].suffix);
    free(f->items);
    free(f->prefix);
    *f = (struct format){ 0 };
}

struct format_item *format_add(struct format *f, const struct column *column)
{
    if (f->count == f->cap) {
        f->cap = f->cap ? f->cap * 2 : 16;
        f->items = xreallocarray(f->items, f->cap, sizeof(*f->items));
    }
    f->items[f->count] = (struct format_item){ .column = column };
    return &f->items[f->count++];
}

/* [.][size] at *text.  False if there is neither. */
static bool parse_width(const char **text, bool *right, unsigned *width)
{
    const char *p = *text;

    *right = *p == '.';
    if (*right)
        p++;
    for (*width = 0; isdigit((unsigned char)*p); p++)
        if (*width < FORMAT_WIDTH_MAX)
            *width = *width * 10 + (unsigned)(*p - '0');
    if (*width > FORMAT_WIDTH_MAX)
        *width = FORMAT_WIDTH_MAX;
    if (p == *text)
        return false;
    *text = p;
    return true;
}

static void add_all_letters(struct format *f, const struct column *columns, size_t num,
                            const char *letters, const char *suffix)
{
    for (; *letters; letters++) {
        const struct column *c = column_find_letter(columns, num, *letters);

        if (!c)
            continue; /* the bar at the end */
        format_add(f, c)->suffix = letters[1] == '|' ? xasprintf("|%s", suffix)
                                                     : xstrdup(letters[1] ? "|" : suffix);
    }
}

void format_parse_letters(struct format *f, const char *text, const struct column *columns, size_t num,
                          const char *all_letters, format_unknown_f unknown, void *arg)
{
    size_t span = strcspn(text, "%");

    if (span)
        f->prefix = xstrndup(text, span);
    for (text += span; *text; text += span) {
        CLEANUP_FREE char *token = NULL;
        const char *p;
        bool right;
        unsigned width;

        text += strspn(text, "%");
        span = strcspn(text, "%");
        if (!span)
            break;
        token = xstrndup(text, span);
        p = token;
        if (all_letters && !strncasecmp(p, "all", 3)) {
            add_all_letters(f, columns, num, all_letters, p + 3);
            continue;
        }
        parse_width(&p, &right, &width);
        bool longest = *p == '#';
        if (longest)
            p++;
        const struct column *c = column_find_letter(columns, num, *p);
        if (c) {
            struct format_item *item = format_add(f, c);

            item->right = right;
            item->width = width;
            item->longest = longest;
            item->suffix = xstrdup(p + 1);
        } else {
            char word[2] = { *p, '\0' };

            unknown(arg, word);
            format_add(f, NULL)->suffix = xasprintf("%%%s", token);
        }
    }
}

void format_parse_names(struct format *f, const char *text, const struct column *columns, size_t num,
                        format_unknown_f unknown, void *arg)
{
    while (*text) {
        size_t span = strcspn(text, ",");
        CLEANUP_FREE char *token = xstrndup(text, span);
        char *colon = strchr(token, ':');
        const struct column *c;

        text += span + (text[span] == ',');
        if (colon)
            *colon = '\0';
        c = column_find_name(columns, num, token, strlen(token));
        if (!c)
            unknown(arg, token);
        struct format_item *item = format_add(f, c); /* of an unknown one Slurm prints what follows it */
        item->width = c ? NAMES_WIDTH : 0;
        if (colon) {
            const char *p = colon + 1;

            parse_width(&p, &item->right, &item->width);
            if (item->width == 0) { /* no number: all of it is what follows the field */
                p = colon + 1;
                item->right = false;
            }
            item->suffix = xstrdup(p);
        }
    }
}

/* sacct takes the shortest unmistakable start of a name too; the first in the list wins. */
static const struct column *find_field(const struct column *columns, size_t num, const char *name)
{
    const struct column *c = column_find_name(columns, num, name, strlen(name));

    for (size_t i = 0; !c && i < num; i++)
        if (*name && !strncasecmp(columns[i].names, name, strlen(name)))
            c = &columns[i];
    return c;
}

int format_parse_fields(struct format *f, const char *text, const struct column *columns, size_t num,
                        struct error *err)
{
    while (*text) {
        size_t span = strcspn(text, ",");
        CLEANUP_FREE char *token = xstrndup(text, span);
        char *percent = strchr(token, '%');
        const struct column *c;
        long width;
        char *end;

        text += span + (text[span] == ',');
        if (!*token)
            continue;
        if (percent)
            *percent = '\0';
        if (!(c = find_field(columns, num, token)))
            return error_set(err, BRE_INVAL, "Invalid field requested: \"%s\"", token);
        width = c->width;
        if (percent) {
            width = strtol(percent + 1, &end, 10);
            if (end == percent + 1 || *end || width == 0 || width > FORMAT_WIDTH_MAX
                || width < -FORMAT_WIDTH_MAX)
                return error_set(err, BRE_INVAL,
                                 "Invalid width \"%s\" of field %s: a number such as 20 or -20 is "
                                 "needed",
                                 percent + 1, token);
        }
        struct format_item *item = format_add(f, c);
        item->right = width > 0;
        item->width = (unsigned)(width < 0 ? -width : width);
        item->mark_cut = true;
        item->suffix = xstrdup(" ");
    }
    return 0;
}

void format_need(const struct format *f, bool *want)
{
    for (size_t i = 0; i < f->count; i++)
        for (size_t k = 0; f->items[i].column && k < COLUMN_FIELDS; k++)
            if (f->items[i].column->fields[k])
                want[f->items[i].column->fields[k]] = true;
}
