/* wait.h - what a session waits for, found by job.
 *
 *   ALLOC   an allocation that was asked for; becomes JOB when it is granted
 *   CREATE  a step whose cores are busy; becomes STEP when it is created
 *   JOB     the end of a job; owner: the salloc or srun whose job it is
 *   STEP    the end of a step
 */
#ifndef BRAMBLE_CTLD_WAIT_H
#define BRAMBLE_CTLD_WAIT_H

#include "bramblectld/requests/request.h"
#include "util/hash.h"

enum wait_kind { WAIT_ALLOC, WAIT_CREATE, WAIT_JOB, WAIT_STEP };
struct wait {
    enum wait_kind kind;
    struct list_node of_session, of_job;
    struct session *session;
    struct request *req; /* ALLOC, CREATE: still to be answered */
    uint32_t job_id, step_id;
    bool owner;
    bool busy;           /* a decision for it is on its way to the disk */
    bool told_pending;
    struct reactor_timer *immediate; /* --immediate: refuse when it fires */
};
struct job_waits {
    struct list_node list;
    uint32_t job_id;
};
struct clients {
    struct ctld *ctld;
    struct list_node sessions;
    struct idmap jobs; /* of struct job_waits */
};

struct wait *wait_add(struct session *s, enum wait_kind kind, uint32_t job_id, uint32_t step_id, struct request *req);
void wait_remove(struct wait *w); /* its request, if any, must have been ended or handed on */
struct job_waits *waits_of(struct clients *cl, uint32_t job_id); /* NULL: none */
void notice_send(struct session *s, const Wire__Notice *notice);

/* alloc.c: the job runs, or has ended: answer if that is possible now. */
void alloc_advance(struct wait *w);
/* step.c: try to create it. */
void step_advance(struct wait *w);
/* The first part of both: a request for a step of job_id, decided and on its way to the disk; done(arg) answers.
 * 0, or -1 with err; wait_later tells that it may succeed later. */
int step_decide(struct request *req, uint32_t job_id, const Wire__StepSpec *spec, uint32_t *step_id, bool *wait_later,
                commit_done_f *done, void *arg, struct error *err);
/* What these share with step_het.c, where a part of a step over several components waits for the others. */
struct step_request;
void step_describe(struct request *req, uint32_t job_id, const Wire__StepSpec *spec, Wire__StepSpec *with_address,
                   struct step_request *step);
bool step_may_wait(const struct error *err);
void step_tell_pending(struct wait *w, struct error *why); /* once */
void step_refuse(struct wait *w, const struct error *err);
void step_created(void *wait);
int step_part_check(const Wire__StepRequest *msg, struct error *err);
void step_part_advance(struct wait *w);
/* The reply for a step that exists; in arena.  NULL: it is gone. */
Wire__StepReply *step_reply_make(struct ctld *c, uint32_t job_id, uint32_t step_id, struct arena *a);

#endif
