/* decision.c - lists of events and effects, and copies of messages. */
#include "cluster/event/event.h"

#include <string.h>

void decision_init(struct decision *d)
{
    memset(d, 0, sizeof(*d));
    arena_init(&d->arena, 4096, 0);
}

void decision_fini(struct decision *d)
{
    arena_fini(&d->arena);
    free(d->events);
    free(d->effects);
    memset(d, 0, sizeof(*d));
}

void decision_reset(struct decision *d)
{
    /* a burst (cancel everything) must not pin its lists for good */
    if (d->cap_events > 4096 || d->cap_effects > 4096) {
        decision_fini(d);
        decision_init(d);
        return;
    }
    arena_reset(&d->arena);
    d->num_events = d->num_effects = 0;
}

Wire__Event *decision_add(struct decision *d, const struct cluster_now *now)
{
    Wire__Event *ev = arena_alloc(&d->arena, sizeof(*ev));

    if (d->num_events == d->cap_events) {
        d->cap_events = d->cap_events ? d->cap_events * 2 : 16;
        d->events = xreallocarray(d->events, d->cap_events, sizeof(*d->events));
    }
    wire__event__init(ev);
    SET(ev, time_usec, now->wall_usec);
    d->events[d->num_events++] = ev;
    return ev;
}

struct effect *effect_add(struct decision *d, enum effect_kind kind)
{
    struct effect *e;

    if (d->num_effects == d->cap_effects) {
        d->cap_effects = d->cap_effects ? d->cap_effects * 2 : 16;
        d->effects = xreallocarray(d->effects, d->cap_effects, sizeof(*d->effects));
    }
    e = &d->effects[d->num_effects++];
    memset(e, 0, sizeof(*e));
    e->kind = kind;
    e->step_id = STEP_NONE;
    e->node_id = NO_NODE;
    return e;
}

void effect_job(struct decision *d, enum effect_kind kind, uint32_t job_id)
{
    effect_add(d, kind)->job_id = job_id;
}

Wire__StepKill *effect_kill(struct decision *d, uint32_t node_id, uint32_t job_id,
                            uint32_t step_id, uint32_t attempt, uint32_t signal)
{
    struct effect *e = effect_add(d, EFFECT_KILL);
    Wire__StepKill *kill = arena_alloc(&d->arena, sizeof(*kill));

    wire__step_kill__init(kill);
    SET(kill, job_id, job_id);
    if (step_id != STEP_NONE)
        SET(kill, step_id, step_id);
    SET(kill, attempt, attempt);
    SET(kill, signal, signal);
    e->job_id = job_id;
    e->step_id = step_id;
    e->attempt = attempt;
    e->node_id = node_id;
    e->kill = kill;
    return kill;
}

void effect_ack(struct decision *d, uint32_t node_id, uint32_t job_id, uint32_t step_id,
                uint32_t attempt)
{
    struct effect *e = effect_add(d, EFFECT_ACK);

    e->job_id = job_id;
    e->step_id = step_id;
    e->attempt = attempt;
    e->node_id = node_id;
}

/* protobuf-c allocators.  A first decoding tells how large the message becomes and which pieces the
 * decoder only needs in passing; the second, which asks for the same pieces in the same order, cuts
 * those that stay from one block. */
struct piece {
    void *at;
    size_t size;
    bool passing;
};
struct cutter {
    struct piece *pieces;
    size_t count, cap, next;
    char *block;
    size_t used;
};

static void *count_alloc(void *data, size_t size)
{
    struct cutter *k = data;

    if (k->count == k->cap) {
        k->cap = k->cap ? k->cap * 2 : 64;
        k->pieces = xreallocarray(k->pieces, k->cap, sizeof(*k->pieces));
    }
    size = (size + 7) & ~(size_t)7;
    k->pieces[k->count] = (struct piece){ xmalloc(size ? size : 8), size, false };
    return k->pieces[k->count++].at;
}

static void count_free(void *data, void *p)
{
    struct cutter *k = data;

    for (size_t i = k->count; p && i-- > 0;)
        if (k->pieces[i].at == p && !k->pieces[i].passing) {
            k->pieces[i].passing = true;
            free(p);
            return;
        }
}

static void *cut_alloc(void *data, size_t size)
{
    struct cutter *k = data;
    struct piece *piece = &k->pieces[k->next++];

    if (piece->passing)
        return piece->at = xmalloc(size ? size : 1);
    k->used += piece->size;
    return k->block + k->used - piece->size;
}

static void cut_free(void *data, void *p)
{
    struct cutter *k = data;

    for (size_t i = k->next; p && i-- > 0;)
        if (k->pieces[i].passing && k->pieces[i].at == p) {
            free(p);
            k->pieces[i].at = NULL;
            return;
        }
}

void *message_clone(const ProtobufCMessage *msg, size_t *size)
{
    struct cutter k = { NULL, 0, 0, 0, NULL, 0 };
    ProtobufCAllocator counting = { count_alloc, count_free, &k };
    ProtobufCAllocator cutting = { cut_alloc, cut_free, &k };
    CLEANUP_FREE uint8_t *packed = NULL;
    ProtobufCMessage *copy;
    size_t len, total = 0;

    if (!msg)
        return NULL;
    len = protobuf_c_message_get_packed_size(msg);
    packed = xmalloc(len ? len : 1);
    protobuf_c_message_pack(msg, packed);
    copy = protobuf_c_message_unpack(msg->descriptor, &counting, len, packed);
    if (!copy)
        abort(); /* what was packed a line above cannot fail to unpack */
    for (size_t i = 0; i < k.count; i++)
        if (!k.pieces[i].passing) {
            total += k.pieces[i].size;
            free(k.pieces[i].at);
            k.pieces[i].at = NULL;
        }
    k.block = xmalloc(total);
    copy = protobuf_c_message_unpack(msg->descriptor, &cutting, len, packed);
    free(k.pieces);
    if (size)
        *size = total;
    return copy; /* the message itself is the first piece, so this is the block */
}
