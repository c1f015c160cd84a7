/* step.h - the shepherd of one step on one node.
 *
 *   WAITING --order--> SETUP --io ready--> RUNNING --last task gone--> CLEARING --nothing left-->
 *   DRAINING --io gone--> ENDED --released--> (exit)
 *
 * SETUP and DRAINING are passed at once by a step without an i/o process.  The shepherd listens on
 * the socket "sock" of the step's folder for an agent that was restarted, and keeps the result until
 * the agent says that the controller has it on disk.  With an order to end, processes get TERM, then
 * KILL after kill_wait; whatever is left unkillable_sec later is reported with its pids.
 */
#ifndef BRAMBLE_STEPD_STEP_H
#define BRAMBLE_STEPD_STEP_H

struct error;
struct reactor;
struct step;

/* agent_fd: socket to the agent that started us; taken. */
struct step *step_create(struct reactor *r, int agent_fd, struct error *err);
void step_destroy(struct step *s); /* NULL is allowed */

#endif
