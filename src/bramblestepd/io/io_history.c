/* io_history.c - what the tasks have written lately.
 *
 * Every client is served from here: srun, which takes what comes; an srun that was cut off, which
 * goes on behind the last byte it has; and sattach, which begins with what is still there.  Kept is
 * what srun has not confirmed by giving its credit back, and some of what came before.
 */
#include "config.h"
#include "bramblestepd/io/io_private.h"

#include "util/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEEP_BYTES (64u << 10)        /* of confirmed output, for whoever comes */
#define UNCONFIRMED_MAX (1u << 20)    /* no client has more on its way */
#define MEMORY_MAX (16u << 20)        /* tasks wait when pieces of a few bytes take so much */
#define PIECE_MIN 192u                /* room for what follows in small bites */
#define FRAME_MAX 65536u

struct io_sent {
    struct list_node node;
    uint64_t at; /* bytes of output before it */
    uint32_t gtid, stream;
    size_t len, cap; /* 0: the end of the stream */
    uint8_t data[];
};

static struct io_sent *first_piece(const struct io *io)
{
    struct list_node *node = list_first(&io->history);

    return node ? container_of(node, struct io_sent, node) : NULL;
}

static struct io_sent *piece_after(const struct io *io, const struct io_sent *piece)
{
    return piece->node.next == &io->history ? NULL : container_of(piece->node.next, struct io_sent, node);
}

static uint64_t confirmed(const struct io *io)
{
    uint64_t least = io->output_bytes > UNCONFIRMED_MAX ? io->output_bytes - UNCONFIRMED_MAX : 0;

    return io->confirmed > least ? io->confirmed : least;
}

static void clients_pass(struct io *io, struct io_sent *piece)
{
    list_for_each_safe(node, &io->clients)
    {
        struct io_client *c = container_of(node, struct io_client, node);

        if (c->next != piece)
            continue;
        c->skipped += piece->len - c->next_off;
        c->next = piece_after(io, piece);
        c->next_off = 0;
    }
}

static void trim(struct io *io)
{
    struct io_sent *piece;

    while ((piece = first_piece(io)) && io->history_bytes > KEEP_BYTES && piece->at + piece->len <= confirmed(io)) {
        clients_pass(io, piece); /* only who watches can be so late */
        io->history_bytes -= sizeof *piece + piece->cap;
        list_remove(&piece->node);
        free(piece);
    }
}

bool io_history_is_full(const struct io *io)
{
    return io->history_bytes > MEMORY_MAX;
}

static void pieces_send(struct io_client *c, bool all)
{
    struct io *io = c->io;

    while (c->next && (all || c->credit || !c->next->len)) {
        struct io_sent *piece = c->next;
        Wire__StepData frame = WIRE__STEP_DATA__INIT;
        size_t len = piece->len - c->next_off;

        if (len > FRAME_MAX)
            len = FRAME_MAX;
        if (!all && len > c->credit)
            len = (size_t)c->credit;
        frame.has_gtid = frame.has_stream = frame.has_data = true;
        frame.gtid = piece->gtid;
        frame.stream = piece->stream;
        frame.data.data = piece->data + c->next_off;
        frame.data.len = len;
        c->credit -= len < c->credit ? len : c->credit;
        if ((piece->stream == 1 ? c->want_out : c->want_err) && (len || !piece->len))
            rpc_conn_send(c->conn, MSG_STEP_DATA, 0, &frame.base);
        c->next_off += len;
        if (c->next_off < piece->len)
            continue;
        c->next = piece_after(io, piece);
        c->next_off = 0;
    }
}

void io_history_pump(struct io_client *c, bool all)
{
    if (!c->attached)
        return;
    if (c->skipped) {
        char text[96];

        snprintf(text, sizeof text, "sattach: error: %llu bytes of output were left out: they came too fast",
                 (unsigned long long)c->skipped);
        c->skipped = 0;
        io_client_text(c, text);
    }
    pieces_send(c, all);
}

void io_clients_data(struct io *io, uint32_t gtid, uint32_t stream, const void *data, size_t len)
{
    struct list_node *node = list_last(&io->history);
    struct io_sent *piece = node ? container_of(node, struct io_sent, node) : NULL;
    size_t old;

    if (!piece || !len || !piece->len || piece->gtid != gtid || piece->stream != stream || piece->cap - piece->len < len) {
        size_t cap = !len ? 0 : len < PIECE_MIN ? PIECE_MIN : len;

        piece = xmalloc(sizeof *piece + cap);
        *piece = (struct io_sent){ .at = io->output_bytes, .gtid = gtid, .stream = stream, .cap = cap };
        list_append(&io->history, &piece->node);
        io->history_bytes += sizeof *piece + cap;
    }
    old = piece->len;
    if (len)
        memcpy(piece->data + old, data, len);
    piece->len += len;
    io->output_bytes += len;
    list_for_each_safe(each, &io->clients)
    {
        struct io_client *c = container_of(each, struct io_client, node);

        if (!c->next) {
            c->next = piece;
            c->next_off = old;
        }
        io_history_pump(c, false);
    }
    trim(io);
}

void io_history_join(struct io_client *c, bool resume, uint64_t from)
{
    struct io *io = c->io;

    c->next = first_piece(io);
    c->next_off = 0;
    if (resume)
        while (c->next && (c->next->len ? c->next->at + c->next->len <= from : c->next->at < from))
            c->next = piece_after(io, c->next);
    c->start = c->next ? c->next->at : io->output_bytes;
    if (resume && c->next && from > c->next->at) {
        c->next_off = (size_t)(from - c->next->at);
        c->start = from;
    }
}

/* A client that gives credit back has put as many bytes where they belong. */
void io_history_credit(struct io_client *c, uint64_t bytes)
{
    struct io *io = c->io;
    uint64_t least = UINT64_MAX;

    c->credit += bytes;
    if (!c->window)
        c->window = bytes;
    else
        c->done_bytes += bytes;
    list_for_each(node, &io->clients)
    {
        const struct io_client *other = container_of(node, struct io_client, node);

        if (other->attached && !other->watcher && other->start + other->done_bytes < least)
            least = other->start + other->done_bytes;
    }
    if (least != UINT64_MAX && least > io->confirmed)
        io->confirmed = least;
    io_history_pump(c, false);
    trim(io);
}
