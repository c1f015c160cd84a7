/* render.h - a format and rows become text.
 */
#ifndef BRAMBLE_DISPLAY_RENDER_H
#define BRAMBLE_DISPLAY_RENDER_H

#include "commands/display/format.h"

struct error;

/* Where text goes: a descriptor, written in few large pieces. */
struct sink {
    struct strbuf buf;
    int fd;
    bool failed; /* the reader has gone: what follows is dropped */
};
#define SINK_FLUSH_AT (1u << 20)
void sink_init(struct sink *s, int fd);
void sink_flush(struct sink *s);
void sink_fini(struct sink *s); /* flushes */

enum render_style {
    RENDER_COLUMNS,   /* as the format says */
    RENDER_PARSABLE,  /* sacct -p: values parted and ended by the delimiter */
    RENDER_PARSABLE2, /* sacct -P: parted only */
};
struct render {
    const struct format *format;
    const struct view *view;
    enum render_style style;
    const char *delimiter; /* of the parsable styles; NULL: "|" */
    bool by_fields;        /* cells follow from the fields that their columns name and from nothing
                              else of the row: what is as in the row before is copied from there */
};
/* Widths of "%#P" items are set from the longest value of the rows (order NULL: 0..n-1), but to no
 * less than Slurm takes. */
#define RENDER_LONGEST_MIN 9
void render_fit(struct format *f, const struct view *view, const uint32_t *order, size_t n);
void render_header(struct sink *s, const struct render *r);
/* sacct's second header line: a row of dashes. */
void render_dashes(struct sink *s, const struct render *r);
void render_rows(struct sink *s, const struct render *r, const uint32_t *order, size_t n);
/* One cell's text without width; for filters and sorting by what is shown. */
void render_cell(struct strbuf *out, const struct column *c, const struct view *view, size_t row);

#endif
