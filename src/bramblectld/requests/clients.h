/* clients.h - sessions of commands, and who of them waits for what.
 *
 * A session may wait for jobs (salloc, srun, sbatch --wait) and steps.  Everything a session waits for goes with
 * it; what it asked for and has not been answered yet is answered to nobody.
 */
#ifndef BRAMBLE_CTLD_CLIENTS_H
#define BRAMBLE_CTLD_CLIENTS_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stdint.h>

struct clients;
struct ctld;
struct effect;
struct rpc_conn;

struct clients *clients_create(struct ctld *c);
void clients_destroy(struct clients *cl); /* NULL is allowed */
/* A session with role SESSION_COMMAND stands: it is this room's from here on. */
void clients_adopt(struct clients *cl, struct rpc_conn *conn);
void clients_close(struct clients *cl);
bool clients_all_closed(const struct clients *cl);

bool clients_wait_for(const struct clients *cl, uint32_t job_id);

/* From the heart, as effects. */
void clients_job_started(struct clients *cl, uint32_t job_id); /* applied, not yet on disk */
void clients_job_changed(struct clients *cl, uint32_t job_id);
void clients_step_changed(struct clients *cl, const struct effect *e);
void clients_step_retry(struct clients *cl, uint32_t job_id);
void clients_notice(struct clients *cl, const struct effect *e);

#endif
