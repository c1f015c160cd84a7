/* error.c - codes, texts, and their way up the stack. */
#include "config.h"
#include "util/error.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name, *text;
} error_table[] = {
#define BRE(name, text) { #name, text },
#include "util/errors.def"
#undef BRE
};

int error_vset(struct error *err, int code, const char *fmt, va_list ap)
{
    if (err) {
        err->code = code;
        vsnprintf(err->text, sizeof err->text, fmt, ap);
    }
    errno = code < BRE_BASE ? code : EPROTO;
    return -1;
}

int error_set(struct error *err, int code, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    error_vset(err, code, fmt, ap);
    va_end(ap);
    return -1;
}

int error_prefix(struct error *err, const char *fmt, ...)
{
    char text[ERROR_TEXT_MAX];
    va_list ap;
    int used;

    if (!err)
        return -1;
    va_start(ap, fmt);
    used = vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (used >= 0 && (size_t)used < sizeof text)
        snprintf(text + used, sizeof text - (size_t)used, ": %s", err->text);
    memcpy(err->text, text, sizeof text);
    return -1;
}

int error_copy(struct error *dst, const struct error *src)
{
    if (dst && src && dst != src)
        *dst = *src;
    return -1;
}

void error_clear(struct error *err)
{
    if (err) {
        err->code = 0;
        err->text[0] = '\0';
    }
}

const char *error_code_text(int code)
{
    /* code may come from a peer */
    if (code > BRE_BASE && (size_t)(code - BRE_BASE - 1) < sizeof error_table / sizeof error_table[0])
        return error_table[code - BRE_BASE - 1].text;
    return code >= 0 && code < BRE_BASE ? strerror(code) : "Unknown error";
}

const char *error_code_name(int code)
{
    return code > BRE_BASE && (size_t)(code - BRE_BASE - 1) < sizeof error_table / sizeof error_table[0]
               ? error_table[code - BRE_BASE - 1].name
               : NULL;
}
