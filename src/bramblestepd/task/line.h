/* line.h - a line of text put together between fork and exec: no stdio, no memory taken. */
#ifndef BRAMBLE_STEPD_LINE_H
#define BRAMBLE_STEPD_LINE_H

#include <stddef.h>

struct child_line {
    char text[1024];
    size_t len;
};
void line_add(struct child_line *line, const char *text); /* what does not fit is left out */
void line_add_number(struct child_line *line, unsigned value);
void line_write(const struct child_line *line); /* on standard error */
/* What strerror() would say. */
const char *error_words(int error);

#endif
