/* render.c - rows of a table to text, one pass, no allocation a cell. */
#include "commands/display/render.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "util/error.h"
#include "util/fs.h"
#include "util/mem.h"

void sink_init(struct sink *s, int fd)
{
    *s = (struct sink){ .fd = fd };
}

void sink_flush(struct sink *s)
{
    if (s->fd >= 0 && s->buf.len && !s->failed)
        s->failed = fs_write_all(s->fd, s->buf.data, s->buf.len) < 0;
    if (s->fd >= 0)
        strbuf_truncate(&s->buf, 0);
}

void sink_fini(struct sink *s)
{
    sink_flush(s);
    strbuf_fini(&s->buf);
}

void render_cell(struct strbuf *out, const struct column *c, const struct view *view, size_t row)
{
    const struct field_info *info;

    if (c->format) {
        c->format(out, view, row);
        return;
    }
    if (c->text) {
        cell_text(out, c->text(view, c, row));
        return;
    }
    info = field_find(c->fields[0]);
    if (info && info->kind == FIELD_KIND_STRING)
        cell_text_or_null(out, table_text(view->table, c->fields[0], row));
    else
        cell_int(out, table_int(view->table, c->fields[0], row));
}

static void add_blanks(struct strbuf *out, size_t count)
{
    strbuf_reserve(out, count);
    memset(out->data + out->len, ' ', count);
    out->len += count;
    out->data[out->len] = '\0';
}

/* Never leave half a UTF-8 character: what was cut off is filled with blanks. */
static size_t cut_at(const char *text, size_t width)
{
    size_t at = width;

    while (at > 0 && ((unsigned char)text[at] & 0xc0) == 0x80)
        at--;
    return at;
}

/* Bring the cell that begins at start to its width. */
static void fit(struct strbuf *out, size_t start, const struct format_item *item, bool cut)
{
    size_t len = out->len - start;

    if (!item->width)
        return;
    if (len > item->width && cut) {
        len = cut_at(out->data + start, item->width);
        strbuf_truncate(out, start + len);
        if (item->mark_cut && len)
            out->data[out->len - 1] = '+';
    }
    if (len >= item->width)
        return;
    add_blanks(out, item->width - len);
    if (item->right) {
        memmove(out->data + start + item->width - len, out->data + start, len);
        memset(out->data + start, ' ', item->width - len);
    }
}

static void add_suffix(struct strbuf *out, const struct format_item *item)
{
    if (item->suffix)
        strbuf_add(out, item->suffix);
}

static void end_line(struct sink *s)
{
    strbuf_addc(&s->buf, '\n');
    if (s->buf.len >= SINK_FLUSH_AT)
        sink_flush(s);
}

static const char *delimiter(const struct render *r)
{
    return r->delimiter ? r->delimiter : "|";
}

static bool delimiter_due(const struct render *r, size_t i)
{
    return r->style == RENDER_PARSABLE || i + 1 < r->format->count;
}

void render_header(struct sink *s, const struct render *r)
{
    const struct format *f = r->format;

    if (f->prefix)
        strbuf_add(&s->buf, f->prefix);
    for (size_t i = 0; i < f->count; i++) {
        const struct format_item *item = &f->items[i];
        size_t start = s->buf.len;

        if (item->column)
            strbuf_add(&s->buf, item->column->header);
        if (r->style != RENDER_COLUMNS) {
            if (delimiter_due(r, i))
                strbuf_add(&s->buf, delimiter(r));
            continue;
        }
        if (item->column) {
            struct format_item plain = *item;

            plain.mark_cut = false;
            fit(&s->buf, start, &plain,
                !(item->right && (item->column->flags & COL_NOCUT_HEADER)));
        }
        add_suffix(&s->buf, item);
    }
    end_line(s);
}

void render_dashes(struct sink *s, const struct render *r)
{
    for (size_t i = 0; i < r->format->count; i++) {
        const struct format_item *item = &r->format->items[i];

        strbuf_reserve(&s->buf, item->width + 1);
        for (unsigned k = 0; k < item->width; k++)
            strbuf_addc(&s->buf, '-');
        add_suffix(&s->buf, item);
    }
    end_line(s);
}

/* One item of a row: the cell at its width, and what follows it. */
static void add_item(struct strbuf *out, const struct render *r, size_t i, size_t row)
{
    const struct format_item *item = &r->format->items[i];
    size_t start = out->len;

    if (item->column)
        render_cell(out, item->column, r->view, row);
    if (r->style != RENDER_COLUMNS) {
        if (delimiter_due(r, i))
            strbuf_add(out, delimiter(r));
        return;
    }
    if (item->column)
        fit(out, start, item, !(item->right && (item->column->flags & COL_NOCUT)));
    add_suffix(out, item);
}

/* What a column looks at and where it stands in the row before: of a hundred thousand jobs most say
 * the same in most columns. */
struct last_cell {
    const int64_t *values[COLUMN_FIELDS];
    size_t num_values, start, len;
    bool known, usable;
};

static void last_cell_init(struct last_cell *last, const struct render *r, const struct format_item *item)
{
    *last = (struct last_cell){ .usable = r->by_fields };
    for (size_t i = 0; item->column && i < COLUMN_FIELDS && item->column->fields[i]; i++) {
        const int64_t *values = table_values(r->view->table, item->column->fields[i]);

        if (values)
            last->values[last->num_values++] = values;
        else if (table_has(r->view->table, item->column->fields[i]))
            last->usable = false;
    }
}

static bool last_cell_same(const struct last_cell *last, size_t row, size_t row_before)
{
    if (!last->known)
        return false;
    for (size_t i = 0; i < last->num_values; i++)
        if (last->values[i][row] != last->values[i][row_before])
            return false;
    return true;
}

void render_rows(struct sink *s, const struct render *r, const uint32_t *order, size_t n)
{
    const struct format *f = r->format;
    struct last_cell *last = xcalloc(f->count + 1, sizeof(*last));
    size_t row_before = 0;

    for (size_t i = 0; i < f->count; i++)
        last_cell_init(&last[i], r, &f->items[i]);
    for (size_t k = 0; k < n && !s->failed; k++) {
        size_t row = order ? order[k] : k;

        if (f->prefix)
            strbuf_add(&s->buf, f->prefix);
        for (size_t i = 0; i < f->count; i++) {
            size_t start = s->buf.len;

            if (last_cell_same(&last[i], row, row_before)) {
                strbuf_reserve(&s->buf, last[i].len);
                memcpy(s->buf.data + start, s->buf.data + last[i].start, last[i].len);
                s->buf.len += last[i].len;
                s->buf.data[s->buf.len] = '\0';
            } else {
                add_item(&s->buf, r, i, row);
                last[i].len = s->buf.len - start;
                last[i].known = last[i].usable;
            }
            last[i].start = start;
        }
        end_line(s);
        row_before = row;
        if (s->buf.len == 0) /* written: there is nothing to copy from */
            for (size_t i = 0; i < f->count; i++)
                last[i].known = false;
    }
    free(last);
}

void render_fit(struct format *f, const struct view *view, const uint32_t *order, size_t n)
{
    CLEANUP_STRBUF struct strbuf text = STRBUF_INIT;

    for (size_t i = 0; i < f->count; i++) {
        struct format_item *item = &f->items[i];

        if (!item->longest || !item->column)
            continue;
        item->width = RENDER_LONGEST_MIN;
        for (size_t k = 0; k < n; k++) {
            strbuf_truncate(&text, 0);
            render_cell(&text, item->column, view, order ? order[k] : k);
            if (text.len > item->width)
                item->width = (unsigned)text.len;
        }
    }
}
