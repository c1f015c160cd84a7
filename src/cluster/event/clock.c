/* clock.c - wall time that jumps, durations that do not. */
#include "cluster/event/event.h"

#include "cluster/job/job.h"
#include "cluster/step/step.h"

#define STEP_MIN_USEC (800 * INT64_C(1000)) /* less than that is drift, and followed */

bool clock_check(struct cluster *c, const struct cluster_now *now, struct decision *d)
{
    int64_t passed, delta;
    Wire__EvClockStepped *ev;

    if (!c->clock.mono_ms) {
        c->clock = *now;
        if (!c->clock.mono_ms)
            c->clock.mono_ms = 1;
        return false;
    }
    passed = (int64_t)(now->mono_ms - c->clock.mono_ms) * 1000;
    delta = now->wall_usec - c->clock.wall_usec - passed;
    if (delta < STEP_MIN_USEC && delta > -STEP_MIN_USEC) {
        if (now->mono_ms >= c->clock.mono_ms)
            c->clock = *now;
        return false;
    }
    /* only one event for one step, also when decisions are made before it is applied */
    for (size_t i = d->num_events; i-- > 0;)
        if (d->events[i]->body_case == WIRE__EVENT__BODY_CLOCK_STEPPED)
            return true;
    ev = event_add(d, now, clock_stepped, CLOCK_STEPPED, EvClockStepped, EV_CLOCK_STEPPED);
    SET(ev, delta_usec, delta);
    return true;
}

/* Everything that is measured from a start or towards an end moves along with the clock. */
void clock_shift(struct cluster *c, int64_t delta)
{
    if (c->clock.mono_ms)
        c->clock.wall_usec += delta;
    for (struct job *job = job_table_next(&c->jobs, 0); job;
         job = job_table_next(&c->jobs, job->id)) {
        if (job->phase == PHASE_PENDING)
            continue;
        if (job->end_limit)
            job->end_limit += delta;
        if (job->phase != PHASE_ENDED) {
            job->start_usec += delta;
            if (job->suspension)
                job->suspension->changed_usec += delta;
            for (struct step *s = job->steps; s; s = s->next) {
                s->start_usec += delta;
                if (s->end_limit)
                    s->end_limit += delta;
            }
        }
        job_timer_update(c, job);
    }
}

uint64_t clock_mono_of(const struct cluster *c, int64_t wall_usec)
{
    int64_t ahead = (wall_usec - c->clock.wall_usec + 999) / 1000;

    if (ahead < 0 && (uint64_t)-ahead > c->clock.mono_ms)
        return 0;
    return c->clock.mono_ms + (uint64_t)ahead;
}
