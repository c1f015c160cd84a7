/* line.c - async-signal-safe text. */
#include "config.h"
#include "bramblestepd/task/line.h"

#include <string.h>
#include <unistd.h>

void line_add(struct child_line *line, const char *text)
{
    while (*text && line->len < sizeof line->text)
        line->text[line->len++] = *text++;
}

void line_add_number(struct child_line *line, unsigned value)
{
    char digits[12];
    size_t at = sizeof digits;

    digits[--at] = '\0';
    do
        digits[--at] = (char)('0' + value % 10);
    while (value /= 10);
    line_add(line, digits + at);
}

void line_write(const struct child_line *line)
{
    ssize_t ignored = write(STDERR_FILENO, line->text, line->len);

    (void)ignored;
}

const char *error_words(int error)
{
    const char *text = strerrordesc_np(error);

    return text ? text : "Unknown error";
}
