/* error.h - why something failed: a code and a line of text on the caller's stack.
 *
 * A function that can fail and whose reason a person will read takes a struct error * as its last
 * parameter and returns -1 or NULL.  The pointer may be NULL when the caller does not care.
 */
#ifndef BRAMBLE_UTIL_ERROR_H
#define BRAMBLE_UTIL_ERROR_H

#include <stdarg.h>

enum bramble_error {
    BRE_BASE = 2000, /* above every errno */
#define BRE(name, text) name,
#include "errors.def"
#undef BRE
    BRE_END
};

#define ERROR_TEXT_MAX 1024

struct error {
    int code; /* an errno or a BRE_ code; 0: no error */
    char text[ERROR_TEXT_MAX];
};

/* Set code and text.  Always returns -1, so that "return error_set(...)" reads well. */
int error_set(struct error *err, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
int error_vset(struct error *err, int code, const char *fmt, va_list ap)
    __attribute__((format(printf, 3, 0)));
/* Put "<text>: " before the text.  Returns -1. */
int error_prefix(struct error *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Copy; either may be NULL.  Returns -1. */
int error_copy(struct error *dst, const struct error *src);
void error_clear(struct error *err);
/* Standard text of a code: of errors.def, or strerror().  Never NULL. */
const char *error_code_text(int code);
/* Name of a BRE_ code ("BRE_JOB_ID"), or NULL. */
const char *error_code_name(int code);

#endif
