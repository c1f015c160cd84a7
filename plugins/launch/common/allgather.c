/* allgather.c - gather up a binary tree, hand the result down. */
#include "config.h"
#include "allgather.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bramble/launch_plugin.h"

#define MAX_OP_BYTES (64u << 20) /* what peer_send() carries */

struct piece {
    struct piece *next;
    uint32_t from;
    size_t len;
    unsigned char data[];
};

/* An operation: known by its tag as soon as the first message or the local call names it. */
struct op {
    struct op *next;
    uint64_t tag;
    bool started;
    uint32_t *nodes, num_nodes, position; /* of this node, once started */
    struct piece *pieces;                 /* from children, in order of arrival */
    unsigned char *own;
    size_t own_len;
    allgather_done_f *done;
    void *arg;
};

struct set_count {
    struct set_count *next;
    uint64_t hash, count;
};

struct allgather {
    const struct launch_step *step;
    const struct launch_host *host;
    uint32_t kind;
    struct op *ops;
    struct set_count *sets;
};

struct allgather *allgather_create(const struct launch_step *step, const struct launch_host *host,
                                   uint32_t kind)
{
    struct allgather *ag = calloc(1, sizeof *ag);

    if (ag) {
        ag->step = step;
        ag->host = host;
        ag->kind = kind;
    }
    return ag;
}

static void op_free(struct op *op)
{
    while (op->pieces) {
        struct piece *next = op->pieces->next;

        free(op->pieces);
        op->pieces = next;
    }
    free(op->nodes);
    free(op->own);
    free(op);
}

void allgather_destroy(struct allgather *ag)
{
    if (!ag)
        return;
    while (ag->ops) {
        struct op *next = ag->ops->next;

        op_free(ag->ops);
        ag->ops = next;
    }
    while (ag->sets) {
        struct set_count *next = ag->sets->next;

        free(ag->sets);
        ag->sets = next;
    }
    free(ag);
}

static uint64_t mix(uint64_t hash, uint64_t value)
{
    hash ^= value + 0x9e3779b97f4a7c15u + (hash << 6) + (hash >> 2);
    hash *= 0xff51afd7ed558ccdu;
    return hash ^ (hash >> 33);
}

/* The n-th operation of a set has the same tag on all of its nodes. */
static int next_tag(struct allgather *ag, const uint32_t *nodes, uint32_t num, uint64_t group,
                    uint64_t *tag)
{
    uint64_t hash = mix(0, group);
    struct set_count *set;

    for (uint32_t i = 0; i < num; i++)
        hash = mix(hash, nodes[i] + 1u);
    for (set = ag->sets; set && set->hash != hash; set = set->next)
        ;
    if (!set) {
        if (!(set = calloc(1, sizeof *set)))
            return -1;
        set->hash = hash;
        set->next = ag->sets;
        ag->sets = set;
    }
    *tag = mix(hash, ++set->count);
    return 0;
}

static struct op *op_find(struct allgather *ag, uint64_t tag, bool create)
{
    struct op *op;

    for (op = ag->ops; op && op->tag != tag; op = op->next)
        ;
    if (!op && create && (op = calloc(1, sizeof *op))) {
        op->tag = tag;
        op->next = ag->ops;
        ag->ops = op;
    }
    return op;
}

static void op_finish(struct allgather *ag, struct op *op, int status, const void *data, size_t len)
{
    struct op **link;

    for (link = &ag->ops; *link && *link != op; link = &(*link)->next)
        ;
    if (*link)
        *link = op->next;
    if (op->started && op->done)
        op->done(op->arg, status, data, len);
    op_free(op);
}

static uint32_t num_children(const struct op *op)
{
    uint64_t first = 2u * (uint64_t)op->position + 1;

    return first >= op->num_nodes ? 0 : first + 1 >= op->num_nodes ? 1 : 2;
}

static int send_down(struct allgather *ag, const struct op *op, const void *data, size_t len)
{
    for (uint32_t i = 0; i < num_children(op); i++)
        if (ag->host->peer_send(ag->host->ctx, op->nodes[2 * op->position + 1 + i], ag->kind + 1,
                                op->tag, data, len) < 0)
            return -1;
    return 0;
}

/* Go on if this node's piece and those of all children are here. */
static void op_advance(struct allgather *ag, struct op *op)
{
    uint32_t have = 0;
    size_t total = op->own_len, at;
    unsigned char *all;
    int rc;

    if (!op->started)
        return;
    for (struct piece *p = op->pieces; p; p = p->next, have++)
        total += p->len;
    if (have < num_children(op))
        return;
    if (total > MAX_OP_BYTES) {
        op_finish(ag, op, EMSGSIZE, NULL, 0);
        return;
    }
    if (!(all = malloc(total ? total : 1))) {
        op_finish(ag, op, ENOMEM, NULL, 0);
        return;
    }
    at = op->own_len;
    if (at)
        memcpy(all, op->own, at);
    for (struct piece *p = op->pieces; p; at += p->len, p = p->next)
        memcpy(all + at, p->data, p->len);
    if (op->position == 0) {
        rc = send_down(ag, op, all, total);
        op_finish(ag, op, rc < 0 ? EPIPE : 0, all, total);
    } else {
        /* the result comes down later; what was gathered is not needed for it */
        rc = ag->host->peer_send(ag->host->ctx, op->nodes[(op->position - 1) / 2], ag->kind,
                                 op->tag, all, total);
        if (rc < 0)
            op_finish(ag, op, EPIPE, NULL, 0);
    }
    free(all);
}

int allgather_start(struct allgather *ag, const uint32_t *nodes, uint32_t num_nodes, uint64_t group,
                    const void *data, size_t len, allgather_done_f *done, void *arg)
{
    struct op *op;
    uint64_t tag;

    if (next_tag(ag, nodes, num_nodes, group, &tag) < 0 || !(op = op_find(ag, tag, true)))
        return -1;
    op->nodes = malloc(num_nodes * sizeof *nodes);
    op->own = malloc(len ? len : 1);
    if (!op->nodes || !op->own) {
        op_finish(ag, op, ENOMEM, NULL, 0);
        return -1;
    }
    memcpy(op->nodes, nodes, num_nodes * sizeof *nodes);
    if (len)
        memcpy(op->own, data, len);
    op->own_len = len;
    op->num_nodes = num_nodes;
    for (op->position = 0; op->position < num_nodes && nodes[op->position] != ag->step->node_index;)
        op->position++;
    op->done = done;
    op->arg = arg;
    op->started = true;
    op_advance(ag, op);
    return 0;
}

bool allgather_peer_data(struct allgather *ag, uint32_t from, uint32_t kind, uint64_t tag,
                         const void *data, size_t len)
{
    struct op *op;

    if (kind != ag->kind && kind != ag->kind + 1)
        return false;
    if (kind == ag->kind) { /* a child's pieces */
        struct piece *piece = malloc(sizeof *piece + len);

        op = op_find(ag, tag, true);
        if (!op || !piece) {
            free(piece);
            return true;
        }
        piece->from = from;
        piece->len = len;
        memcpy(piece->data, data, len);
        piece->next = op->pieces;
        op->pieces = piece;
        op_advance(ag, op);
    } else if ((op = op_find(ag, tag, false)) && op->started) { /* the result */
        int rc = send_down(ag, op, data, len);

        op_finish(ag, op, rc < 0 ? EPIPE : 0, data, len);
    }
    return true;
}

void allgather_peer_lost(struct allgather *ag, uint32_t node)
{
    struct op *op, *next;

    for (op = ag->ops; op; op = next) {
        bool member = false;

        next = op->next;
        for (uint32_t i = 0; op->started && i < op->num_nodes; i++)
            member |= op->nodes[i] == node;
        if (member)
            op_finish(ag, op, EPIPE, NULL, 0);
    }
}
