/* frame.c - sealed frames: lengths, pieces, order and end. */
#include "config.h"
#include "channel/channel_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/error.h"
#include "util/mem.h"

#define TAG_MESSAGE crypto_secretstream_xchacha20poly1305_TAG_MESSAGE
#define TAG_FINAL crypto_secretstream_xchacha20poly1305_TAG_FINAL

void frame_plain_init(struct frame_writer *w, struct frame_reader *r)
{
    memset(w, 0, sizeof *w);
    memset(r, 0, sizeof *r);
    w->plain = r->plain = true;
}

size_t frame_sealed_size(const struct frame_writer *w, size_t body_len)
{
    size_t seal = w->plain ? 0 : FRAME_SEAL, size = 4 + FRAME_HEAD + seal + body_len;

    if (body_len > FRAME_INLINE_MAX)
        size += (body_len - FRAME_INLINE_MAX + FRAME_PIECE - 1) / FRAME_PIECE * seal;
    return size;
}

static uint8_t *seal_piece(struct frame_writer *w, const uint8_t *data, size_t len, const uint8_t *ad,
                           size_t ad_len, uint8_t tag, uint8_t *out)
{
    if (w->plain) {
        memcpy(out, data, len);
        return out + len;
    }
    crypto_secretstream_xchacha20poly1305_push(&w->state, out, NULL, data, len, ad, ad_len, tag);
    return out + len + FRAME_SEAL;
}

void frame_seal(struct frame_writer *w, uint32_t type, uint32_t request_id, uint8_t *buffer,
                size_t body_len, uint8_t *out)
{
    size_t first = body_len < FRAME_INLINE_MAX ? body_len : FRAME_INLINE_MAX;
    const uint8_t *rest = buffer + FRAME_HEAD + first;
    size_t left = body_len - first;

    put_u32(buffer, type);
    put_u32(buffer + 4, request_id);
    put_u32(buffer + 8, (uint32_t)body_len);
    put_u32(out, (uint32_t)(FRAME_HEAD + first + (w->plain ? 0 : FRAME_SEAL)));
    out = seal_piece(w, buffer, FRAME_HEAD + first, out, 4, TAG_MESSAGE, out + 4);
    while (left) {
        size_t piece = left < FRAME_PIECE ? left : FRAME_PIECE;

        out = seal_piece(w, rest, piece, NULL, 0, TAG_MESSAGE, out);
        rest += piece;
        left -= piece;
    }
}

size_t frame_seal_end(struct frame_writer *w, uint8_t *out)
{
    if (w->plain)
        return 0;
    put_u32(out, FRAME_SEAL);
    seal_piece(w, (const uint8_t *)"", 0, out, 4, TAG_FINAL, out + 4);
    return 4 + FRAME_SEAL;
}

void frame_reader_fini(struct frame_reader *r)
{
    free(r->body);
    sodium_memzero(r, sizeof *r);
}

void frame_writer_fini(struct frame_writer *w)
{
    sodium_memzero(w, sizeof *w);
}

static int broken_seal(struct error *err)
{
    return error_set(err, BRE_AUTH, "a frame was changed, lost, repeated or put out of order on the way");
}

/* Returns the plain length, or -1. */
static ssize_t open_piece(struct frame_reader *r, const uint8_t *data, size_t len, const uint8_t *ad,
                          size_t ad_len, uint8_t *tag, uint8_t *out)
{
    unsigned long long got = len;

    if (r->plain) {
        memcpy(out, data, len);
        *tag = TAG_MESSAGE;
        return (ssize_t)len;
    }
    if (crypto_secretstream_xchacha20poly1305_pull(&r->state, out, &got, tag, data, len, ad, ad_len))
        return -1;
    return (ssize_t)got;
}

/* The first piece of a frame: head and the start of the body. */
static enum frame_result read_first(struct frame_reader *r, const uint8_t *data, size_t len, size_t *used,
                                    frame_accept_f *accept, void *arg, uint8_t *scratch,
                                    struct frame_view *view, struct error *err)
{
    size_t seal = r->plain ? 0 : FRAME_SEAL, sealed, first;
    ssize_t plain;
    uint8_t tag;

    if (len < 4)
        return FRAME_MORE;
    sealed = get_u32(data);
    if (sealed != seal && (sealed < FRAME_HEAD + seal || sealed > FRAME_HEAD + FRAME_INLINE_MAX + seal)) {
        error_set(err, BRE_PROTOCOL, "a piece of %zu bytes was announced", sealed);
        return FRAME_BAD;
    }
    if (len < 4 + sealed)
        return FRAME_MORE;
    plain = open_piece(r, data + 4, sealed, data, 4, &tag, scratch);
    if (plain < 0 || (tag != TAG_MESSAGE && tag != TAG_FINAL)) {
        broken_seal(err);
        return FRAME_BAD;
    }
    *used += 4 + sealed;
    if (plain == 0 && tag == TAG_FINAL)
        return FRAME_ENDED;
    if (tag != TAG_MESSAGE || plain < FRAME_HEAD) {
        error_set(err, BRE_PROTOCOL, "a frame without head");
        return FRAME_BAD;
    }
    r->type = get_u32(scratch);
    r->request_id = get_u32(scratch + 4);
    r->total = get_u32(scratch + 8);
    first = r->total < FRAME_INLINE_MAX ? r->total : FRAME_INLINE_MAX;
    if ((size_t)plain != FRAME_HEAD + first) {
        error_set(err, BRE_PROTOCOL, "a frame whose length is not that of its body");
        return FRAME_BAD;
    }
    if (accept(arg, r->type, r->request_id, r->total, err) < 0)
        return FRAME_BAD;
    view->type = r->type;
    view->request_id = r->request_id;
    view->len = r->total;
    if (r->total == first) {
        view->body = scratch + FRAME_HEAD;
        return FRAME_GOT;
    }
    if (!(r->body = malloc(r->total))) {
        error_set(err, ENOMEM, "no memory for a message of %u bytes", r->total);
        return FRAME_BAD;
    }
    memcpy(r->body, scratch + FRAME_HEAD, first);
    r->have = (uint32_t)first;
    r->in_body = true;
    return FRAME_MORE;
}

enum frame_result frame_read(struct frame_reader *r, const uint8_t *data, size_t len, size_t *used,
                             frame_accept_f *accept, void *arg,
                             uint8_t scratch[FRAME_HEAD + FRAME_INLINE_MAX], struct frame_view *view,
                             struct error *err)
{
    *used = 0;
    if (r->want_header) {
        /* The key waits in the state's place until the header that belongs to it is here. */
        uint8_t key[crypto_secretstream_xchacha20poly1305_KEYBYTES];

        if (len < crypto_secretstream_xchacha20poly1305_HEADERBYTES)
            return FRAME_MORE;
        memcpy(key, r->state.k, sizeof key);
        crypto_secretstream_xchacha20poly1305_init_pull(&r->state, data, key);
        sodium_memzero(key, sizeof key);
        *used = crypto_secretstream_xchacha20poly1305_HEADERBYTES;
        r->want_header = false;
    }
    if (!r->in_body) {
        enum frame_result result;

        free(r->body);
        r->body = NULL;
        result = read_first(r, data + *used, len - *used, used, accept, arg, scratch, view, err);
        if (result != FRAME_MORE || !r->in_body)
            return result;
    }
    for (;;) {
        size_t piece = r->total - r->have < FRAME_PIECE ? r->total - r->have : FRAME_PIECE;
        size_t sealed = piece + (r->plain ? 0 : FRAME_SEAL);
        uint8_t tag;

        if (len - *used < sealed)
            return FRAME_MORE;
        if (open_piece(r, data + *used, sealed, NULL, 0, &tag, r->body + r->have) < 0
            || tag != TAG_MESSAGE) {
            broken_seal(err);
            return FRAME_BAD;
        }
        *used += sealed;
        r->have += (uint32_t)piece;
        if (r->have == r->total) {
            r->in_body = false;
            view->type = r->type;
            view->request_id = r->request_id;
            view->body = r->body;
            view->len = r->total;
            return FRAME_GOT;
        }
    }
}
