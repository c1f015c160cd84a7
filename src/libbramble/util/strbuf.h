/* strbuf.h - text that grows.
 *
 * Embedded or on the stack; strbuf_fini() frees it, strbuf_take() hands the text on instead.  A
 * zeroed struct is an empty buffer.  Allocation failures end the process: bound what comes from a
 * peer before adding it.
 */
#ifndef BRAMBLE_UTIL_STRBUF_H
#define BRAMBLE_UTIL_STRBUF_H

#include <stdarg.h>
#include <stddef.h>

struct strbuf {
    char *data; /* NUL-terminated at len once anything was added; read it with strbuf_str() */
    size_t len, cap;
};
#define STRBUF_INIT { NULL, 0, 0 }

void strbuf_init(struct strbuf *sb);
void strbuf_fini(struct strbuf *sb); /* leaves an empty buffer */
/* Make room for more bytes and the NUL. */
void strbuf_reserve(struct strbuf *sb, size_t more);
void strbuf_add(struct strbuf *sb, const char *text); /* NULL adds nothing */
void strbuf_add_mem(struct strbuf *sb, const void *data, size_t len);
void strbuf_addc(struct strbuf *sb, char c);
void strbuf_addf(struct strbuf *sb, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void strbuf_vaddf(struct strbuf *sb, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));
/* Cut to len bytes; longer buffers stay as they are. */
void strbuf_truncate(struct strbuf *sb, size_t len);
const char *strbuf_str(const struct strbuf *sb); /* never NULL */
/* The text, now the caller's to free(); the buffer is empty afterwards.  Never NULL. */
char *strbuf_take(struct strbuf *sb);

#define CLEANUP_STRBUF __attribute__((cleanup(strbuf_fini)))

#endif
