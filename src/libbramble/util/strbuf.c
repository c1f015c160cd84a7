/* strbuf.c - a growing text. */
#include "config.h"
#include "util/strbuf.h"

#include "util/mem.h"

#include <stdio.h>
#include <string.h>

void strbuf_init(struct strbuf *sb)
{
    *sb = (struct strbuf)STRBUF_INIT;
}

void strbuf_fini(struct strbuf *sb)
{
    free(sb->data);
    strbuf_init(sb);
}

void strbuf_reserve(struct strbuf *sb, size_t more)
{
    size_t need, cap;

    if (__builtin_add_overflow(sb->len, more, &need) || __builtin_add_overflow(need, 1, &need))
        need = (size_t)-1; /* xrealloc() ends the process */
    if (need <= sb->cap)
        return;
    cap = sb->cap ? sb->cap : 64;
    while (cap < need && cap <= (size_t)-1 / 2)
        cap *= 2;
    if (cap < need)
        cap = need;
    sb->data = xrealloc(sb->data, cap);
    sb->cap = cap;
}

void strbuf_add_mem(struct strbuf *sb, const void *data, size_t len)
{
    if (!len)
        return;
    strbuf_reserve(sb, len);
    memcpy(sb->data + sb->len, data, len);
    sb->len += len;
    sb->data[sb->len] = '\0';
}

void strbuf_add(struct strbuf *sb, const char *text)
{
    if (text)
        strbuf_add_mem(sb, text, strlen(text));
}

/* Tables are printed a character at a time: no call when there is room. */
void strbuf_addc(struct strbuf *sb, char c)
{
    if (sb->cap - sb->len < 2)
        strbuf_reserve(sb, 1);
    sb->data[sb->len++] = c;
    sb->data[sb->len] = '\0';
}

void strbuf_vaddf(struct strbuf *sb, const char *fmt, va_list ap)
{
    va_list again;
    int n;

    strbuf_reserve(sb, 32);
    va_copy(again, ap);
    n = vsnprintf(sb->data + sb->len, sb->cap - sb->len, fmt, ap);
    if (n > 0 && (size_t)n >= sb->cap - sb->len) {
        strbuf_reserve(sb, (size_t)n);
        n = vsnprintf(sb->data + sb->len, sb->cap - sb->len, fmt, again);
    }
    va_end(again);
    if (n > 0)
        sb->len += (size_t)n;
    sb->data[sb->len] = '\0';
}

void strbuf_addf(struct strbuf *sb, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    strbuf_vaddf(sb, fmt, ap);
    va_end(ap);
}

void strbuf_truncate(struct strbuf *sb, size_t len)
{
    if (len < sb->len) {
        sb->len = len;
        sb->data[len] = '\0';
    }
}

const char *strbuf_str(const struct strbuf *sb)
{
    return sb->data && sb->len ? sb->data : "";
}

char *strbuf_take(struct strbuf *sb)
{
    char *text = sb->data ? sb->data : xstrdup("");

    if (sb->data)
        text[sb->len] = '\0';
    strbuf_init(sb);
    return text;
}
