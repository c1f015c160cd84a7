/* hostlist.c - hostlist grammar, both ways.
 *
 * A name is a run of literal text and up to TERM_PARTS bracket groups; a group is a list of ranges.
 * Parsing walks the text twice: once to check it and count the hosts, once to expand.
 */
#include "config.h"
#include "util/hostlist.h"

#include "util/arena.h"
#include "util/error.h"
#include "util/hash.h"
#include "util/mem.h"
#include "util/strbuf.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define TERM_PARTS 8    /* bracket groups of one name */
#define NUMBER_DIGITS 9 /* of one number; more stay part of the prefix */

struct hostlist {
    const char **names; /* in arena */
    size_t count, cap;
    struct arena arena;
};

struct hostlist *hostlist_create(void)
{
    struct hostlist *hl = xcalloc(1, sizeof *hl);

    arena_init(&hl->arena, 1024, 0);
    return hl;
}

void hostlist_destroy(struct hostlist *hl)
{
    if (!hl)
        return;
    arena_fini(&hl->arena);
    free(hl->names);
    free(hl);
}

size_t hostlist_count(const struct hostlist *hl)
{
    return hl->count;
}

const char *hostlist_nth(const struct hostlist *hl, size_t n)
{
    return n < hl->count ? hl->names[n] : NULL;
}

ssize_t hostlist_find(const struct hostlist *hl, const char *name)
{
    for (size_t i = 0; i < hl->count; i++)
        if (!strcmp(hl->names[i], name))
            return (ssize_t)i;
    return -1;
}

static void push_len(struct hostlist *hl, const char *name, size_t len)
{
    if (hl->count == hl->cap) {
        hl->cap = hl->cap ? hl->cap * 2 : 8;
        hl->names = xreallocarray(hl->names, hl->cap, sizeof *hl->names);
    }
    hl->names[hl->count++] = arena_strndup(&hl->arena, name, len);
}

void hostlist_push(struct hostlist *hl, const char *name)
{
    push_len(hl, name, strlen(name));
}

void hostlist_push_list(struct hostlist *hl, const struct hostlist *more)
{
    size_t count = more->count; /* more may be hl */

    for (size_t i = 0; i < count; i++)
        hostlist_push(hl, more->names[i]);
}

void hostlist_remove(struct hostlist *hl, size_t n)
{
    if (n < hl->count)
        memmove(hl->names + n, hl->names + n + 1, (--hl->count - n) * sizeof *hl->names);
}

/* ---- one name's trailing number ---- */

struct split {
    size_t prefix_len;
    unsigned width; /* digits; 0: no number */
    uint64_t number;
};

static struct split split_name(const char *name)
{
    struct split s = { .prefix_len = strlen(name) };

    while (s.prefix_len && s.width < NUMBER_DIGITS && isdigit((unsigned char)name[s.prefix_len - 1])) {
        s.prefix_len--;
        s.width++;
    }
    for (const char *p = name + s.prefix_len; *p; p++)
        s.number = s.number * 10 + (uint64_t)(*p - '0');
    return s;
}

static unsigned digits_of(uint64_t number)
{
    unsigned digits = 1;

    while (number /= 10)
        digits++;
    return digits;
}

static int compare_names(const void *pa, const void *pb)
{
    const char *a = *(const char *const *)pa, *b = *(const char *const *)pb;
    struct split sa = split_name(a), sb = split_name(b);
    size_t shorter = sa.prefix_len < sb.prefix_len ? sa.prefix_len : sb.prefix_len;
    int order = memcmp(a, b, shorter);

    if (order)
        return order;
    if (sa.prefix_len != sb.prefix_len)
        return sa.prefix_len < sb.prefix_len ? -1 : 1;
    if (!sa.width != !sb.width)
        return sa.width ? 1 : -1;
    if (sa.number != sb.number)
        return sa.number < sb.number ? -1 : 1;
    return (int)sa.width - (int)sb.width;
}

void hostlist_sort(struct hostlist *hl)
{
    if (hl->count > 1)
        qsort(hl->names, hl->count, sizeof *hl->names, compare_names);
}

void hostlist_uniq(struct hostlist *hl)
{
    struct strmap seen = { 0 };
    size_t kept = 0;

    for (size_t i = 0; i < hl->count; i++)
        if (!strmap_put(&seen, hl->names[i], hl))
            hl->names[kept++] = hl->names[i];
    hl->count = kept;
    strmap_fini(&seen);
}

/* ---- text of a list ---- */

/* Does next carry on a range that has reached last and was opened with this width? */
static bool continues(const struct split *last, const struct split *next)
{
    if (next->number != last->number + 1)
        return false;
    if (last->width == next->width)
        return true;
    /* pi9, pi10: neither is padded */
    return next->width == last->width + 1 && digits_of(last->number) == last->width
           && digits_of(next->number) == next->width;
}

char *hostlist_format_names(const char *const *names, size_t count)
{
    struct strbuf sb = STRBUF_INIT;

    for (size_t i = 0; i < count;) {
        struct split head = split_name(names[i]);
        size_t end = i + 1, bracket;

        /* the group: everything that follows with the same prefix and a number */
        while (head.width && end < count) {
            struct split next = split_name(names[end]);

            if (!next.width || next.prefix_len != head.prefix_len
                || memcmp(names[end], names[i], head.prefix_len) != 0)
                break;
            end++;
        }
        if (sb.len)
            strbuf_addc(&sb, ',');
        if (end == i + 1) {
            strbuf_add(&sb, names[i++]);
            continue;
        }
        strbuf_add_mem(&sb, names[i], head.prefix_len);
        bracket = sb.len;
        while (i < end) {
            const char *first = names[i] + head.prefix_len, *last = first;
            struct split at = split_name(names[i++]);

            while (i < end) {
                struct split next = split_name(names[i]);

                if (!continues(&at, &next))
                    break;
                at = next;
                last = names[i++] + head.prefix_len;
            }
            strbuf_addc(&sb, sb.len == bracket ? '[' : ',');
            strbuf_add(&sb, first);
            if (last != first)
                strbuf_addf(&sb, "-%s", last);
        }
        strbuf_addc(&sb, ']');
    }
    return strbuf_take(&sb);
}

char *hostlist_format(const struct hostlist *hl)
{
    return hostlist_format_names(hl->names, hl->count);
}

/* ---- parsing ---- */

struct range {
    uint64_t first, last;
    unsigned width; /* zero-padded to this */
};
struct part {
    const char *literal; /* text before the group */
    size_t literal_len;
    const char *group; /* just after '['; NULL: no group */
    uint64_t members;  /* of the group */
    size_t number_len; /* longest number of the group */
};
struct term { /* one name with its groups */
    struct part parts[TERM_PARTS + 1];
    size_t num_parts;
    uint64_t hosts;
    size_t longest;
};
struct scan {
    const char *text, *p;
    struct error *err;
};

static int scan_fail(const struct scan *s, const char *at, const char *what)
{
    return error_set(s->err, BRE_INVAL, "host list '%.64s': %s at character %zu", s->text, what,
                     (size_t)(at - s->text) + 1);
}

static bool is_name_char(char c)
{
    return isalnum((unsigned char)c) || c == '-' || c == '_' || c == '.';
}

static bool is_separator(char c)
{
    return c == ',' || c == ' ' || c == '\t' || c == '\n';
}

/* Digits at *p.  -1 when there are none or too many. */
static int read_digits(const char **p, uint64_t *number, unsigned *width)
{
    *number = 0;
    for (*width = 0; isdigit((unsigned char)**p); ++*p) {
        if (++*width > NUMBER_DIGITS)
            return -1;
        *number = *number * 10 + (uint64_t)(**p - '0');
    }
    return *width ? 0 : -1;
}

/* One range of a group that was checked before. */
static void next_range(const char **p, struct range *r)
{
    unsigned width;

    read_digits(p, &r->first, &r->width);
    r->last = r->first;
    if (**p == '-') {
        ++*p;
        read_digits(p, &r->last, &width);
    }
    if (**p == ',')
        ++*p;
}

/* Check a group; s->p stands after '[' and ends after ']'. */
static int scan_group(struct scan *s, struct part *part)
{
    part->group = s->p;
    for (;;) {
        const char *start = s->p;
        struct range r;
        unsigned width;

        if (*s->p == '[')
            return scan_fail(s, s->p, "brackets within brackets");
        if (read_digits(&s->p, &r.first, &r.width) < 0)
            return scan_fail(s, s->p, r.width ? "a number with too many digits"
                                      : *s->p ? "a number is missing"
                                              : "']' is missing");
        r.last = r.first;
        width = r.width;
        if (*s->p == '-') {
            s->p++;
            if (read_digits(&s->p, &r.last, &width) < 0)
                return scan_fail(s, s->p, width ? "a number with too many digits"
                                                : "the end of a range is missing");
            if (r.last < r.first)
                return scan_fail(s, start, "a range that runs backwards");
        }
        part->members += r.last - r.first + 1;
        if (width > part->number_len)
            part->number_len = width;
        if (r.width > part->number_len)
            part->number_len = r.width;
        if (*s->p == ']') {
            s->p++;
            return 0;
        }
        if (*s->p != ',')
            return scan_fail(s, s->p, *s->p ? "an unexpected character" : "']' is missing");
        s->p++;
    }
}

static int scan_term(struct scan *s, struct term *t)
{
    const char *start = s->p;

    t->num_parts = 0;
    t->hosts = 1;
    t->longest = 0;
    while (*s->p && !is_separator(*s->p)) {
        struct part *part = &t->parts[t->num_parts];

        *part = (struct part){ .literal = s->p };
        while (is_name_char(*s->p))
            s->p++;
        part->literal_len = (size_t)(s->p - part->literal);
        if (*s->p == '[') {
            if (t->num_parts == TERM_PARTS)
                return scan_fail(s, s->p, "too many brackets in one name");
            s->p++;
            if (scan_group(s, part) < 0)
                return -1;
            if (__builtin_mul_overflow(t->hosts, part->members, &t->hosts))
                t->hosts = UINT64_MAX;
        } else if (*s->p && !is_separator(*s->p)) {
            return scan_fail(s, s->p, *s->p == ']' ? "']' without '['" : "an unexpected character");
        }
        t->num_parts++;
        t->longest += part->literal_len + part->number_len;
    }
    if (t->longest > HOST_NAME_LEN_MAX)
        return scan_fail(s, start, "a name that is too long");
    return 0;
}

/* Every name of t from part number `index` on, with what buf holds in front. */
static void expand(struct hostlist *hl, const struct term *t, size_t index, char *buf, size_t len)
{
    const struct part *part = &t->parts[index];
    const char *p = part->group;

    if (index == t->num_parts) {
        push_len(hl, buf, len);
        return;
    }
    memcpy(buf + len, part->literal, part->literal_len);
    len += part->literal_len;
    if (!p) {
        expand(hl, t, index + 1, buf, len);
        return;
    }
    while (*p != ']') {
        struct range r;

        next_range(&p, &r);
        for (uint64_t n = r.first; n <= r.last; n++) {
            int digits = snprintf(buf + len, NUMBER_DIGITS + 1, "%0*u", (int)r.width, (unsigned)n);

            expand(hl, t, index + 1, buf, len + (size_t)digits);
        }
    }
}

/* Walk all names; hl NULL: only check and count. */
static int walk(struct scan *s, size_t max_hosts, struct hostlist *hl)
{
    char buf[HOST_NAME_LEN_MAX + NUMBER_DIGITS + 2];
    uint64_t hosts = 0;

    s->p = s->text;
    for (;;) {
        struct term t;

        while (*s->p && *s->p != ',' && is_separator(*s->p))
            s->p++;
        if (!*s->p)
            return 0; /* one comma may stand at the end, as Slurm allows */
        if (*s->p == ',')
            return scan_fail(s, s->p, "an empty name");
        if (scan_term(s, &t) < 0)
            return -1;
        if (__builtin_add_overflow(hosts, t.hosts, &hosts) || hosts > max_hosts)
            return error_set(s->err, BRE_INVAL, "host list '%.64s': more than %zu hosts", s->text,
                             max_hosts);
        if (hl)
            expand(hl, &t, 0, buf, 0);
        while (*s->p && *s->p != ',' && is_separator(*s->p))
            s->p++;
        if (*s->p == ',')
            s->p++;
    }
}

struct hostlist *hostlist_parse(const char *text, size_t max_hosts, struct error *err)
{
    struct scan s = { .text = text, .err = err };
    struct hostlist *hl;

    if (!max_hosts)
        max_hosts = HOSTLIST_MAX;
    if (walk(&s, max_hosts, NULL) < 0)
        return NULL;
    hl = hostlist_create();
    walk(&s, max_hosts, hl);
    return hl;
}

int host_name_check(const char *name, struct error *err)
{
    size_t len = strlen(name);

    if (!len)
        return error_set(err, BRE_INVAL, "a host name is empty");
    if (len > HOST_NAME_LEN_MAX)
        return error_set(err, BRE_INVAL, "host name '%.64s...' is longer than %d bytes", name,
                         HOST_NAME_LEN_MAX);
    for (size_t i = 0; i < len; i++)
        if (!is_name_char(name[i]))
            return error_set(err, BRE_INVAL, "host name '%.64s' has an unexpected character at %zu",
                             name, i + 1);
    return 0;
}
