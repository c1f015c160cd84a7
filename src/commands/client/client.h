/* client.h - what sbatch, srun, salloc and scancel do alike: reach the controller, say what it
 * refused, and choose the exit code.
 */
#ifndef BRAMBLE_COMMANDS_CLIENT_H
#define BRAMBLE_COMMANDS_CLIENT_H

#include <stdbool.h>

#include "rpc/rpc.h"
#include "wire/client.pb-c.h"

struct error;

/* How long a command waits for a controller that restarts. */
#define CONTROLLER_WAIT_MS 10000
/* A submission is answered when it is on disk. */
#define ANSWER_WAIT_MS 60000

/* What a command exits with after an error: SLURM_EXIT_ERROR, or 1. */
int exit_error_code(void);
/* With -I, when resources are not there: SLURM_EXIT_IMMEDIATE, or as above. */
int exit_immediate_code(void);

/* Log err as errors, one a line of its text. */
void error_log_lines(const struct error *err);
/* "Batch job submission failed: <Slurm's text>: <the reason>"; what NULL: without it. */
void refusal_log(const char *what, const struct error *err);
/* The text after what: the standard text of the code, and the detail if it says more. */
const char *refusal_text(const struct error *err, char *buf, size_t size);

/* Find and reach the controller. */
struct rpc_client *controller_open(struct error *err);
/* Ask, and ask again while the controller is busy. */
ProtobufCMessage *controller_call(struct rpc_client *c, unsigned type, const ProtobufCMessage *request,
                                  unsigned want, unsigned timeout_ms, struct error *err);
/* --clusters: this cluster's name or "all".  -1 with Slurm's message. */
int cluster_name_check(struct rpc_client *c, const char *clusters, char name[256], struct error *err);
/* The same with the answer to MSG_SHOW_CONFIG in hand. */
int cluster_name_compare(const Wire__ConfigReply *reply, const char *clusters, char name[256], struct error *err);

#endif
