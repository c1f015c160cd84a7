/* event.h - making decisions: the events and effects that a cluster_decide_*() function returns.
 *
 * event_add(d, now, job_ended, JOB_ENDED, EvJobEnded, EV_JOB_ENDED) appends an event and returns
 * its body, initialised, in the decision's arena.
 */
#ifndef BRAMBLE_CLUSTER_EVENT_H
#define BRAMBLE_CLUSTER_EVENT_H

#include "cluster/cluster_private.h"

Wire__Event *decision_add(struct decision *d, const struct cluster_now *now);
#define event_add(d, now, field, FIELD, Type, INIT)                                            \
    __extension__({                                                                            \
        Wire__Event *ev_ = decision_add(d, now);                                               \
        Wire__##Type *body_ = arena_alloc(&(d)->arena, sizeof(*body_));                        \
        *body_ = (Wire__##Type)WIRE__##INIT##__INIT;                                          \
        ev_->body_case = WIRE__EVENT__BODY_##FIELD;                                            \
        ev_->field = body_;                                                                    \
        body_;                                                                                 \
    })
#define SET(body, field, value)                                                                \
    do {                                                                                       \
        (body)->has_##field = 1;                                                               \
        (body)->field = (value);                                                               \
    } while (0)
struct effect *effect_add(struct decision *d, enum effect_kind kind);
void effect_job(struct decision *d, enum effect_kind kind, uint32_t job_id);
/* A StepKill for one node.  step_id STEP_NONE: the whole job there.  The effect's kill may be
 * filled in further. */
Wire__StepKill *effect_kill(struct decision *d, uint32_t node_id, uint32_t job_id,
                            uint32_t step_id, uint32_t attempt, uint32_t signal);
void effect_ack(struct decision *d, uint32_t node_id, uint32_t job_id, uint32_t step_id,
                uint32_t attempt);

/* To take back what a decision that is refused after all has added. */
struct decision_mark {
    size_t events, effects;
};
static inline struct decision_mark decision_mark(const struct decision *d)
{
    return (struct decision_mark){ d->num_events, d->num_effects };
}
static inline int decision_rollback(struct decision *d, struct decision_mark mark)
{
    d->num_events = mark.events;
    d->num_effects = mark.effects;
    return -1;
}

/* One block that holds a deep copy of a message; give it back with free().  NULL for NULL. */
void *message_clone(const ProtobufCMessage *msg, size_t *size);
#define CLONE(msg) message_clone((const ProtobufCMessage *)(msg), NULL) /* base comes first */

/* clock.c: begin a decision.  Appends clock_stepped if the clocks have parted; true then. */
bool clock_check(struct cluster *c, const struct cluster_now *now, struct decision *d);
void clock_shift(struct cluster *c, int64_t delta_usec);
/* A deadline in the heart's wall time as monotonic milliseconds. */
uint64_t clock_mono_of(const struct cluster *c, int64_t wall_usec);

#endif
