/* pmi_server.h - the server side of the PMI-1 and PMI-2 wire protocols on the descriptor PMI_FD.
 *
 * Sources: the "PMI wire protocol" as MPICH's simple PMI client speaks it (text lines, "cmd=init
 * pmi_version=1 pmi_subversion=1"), and version 2 of it (a length of six digits, then
 * "cmd=NAME;key=value;"), which libpmi2 and MPICH configured for PMI-2 speak after the same first
 * line.  A task chooses by its first line.  Spawning and name service are refused in the protocol's
 * own way.
 */
#ifndef BRAMBLE_LAUNCH_PMI_SERVER_H
#define BRAMBLE_LAUNCH_PMI_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct launch_env;
struct launch_host;
struct launch_step;
struct plugin_error;
struct pmi_server;
struct rank_watch;

/* How far a task came. */
enum pmi_progress { PMI_UNUSED, PMI_BEGUN, PMI_FINALIZED };

/* Peer kinds used: PMI_PEER_KIND and the one after it. */
#define PMI_PEER_KIND 32u

/* watch is told when a task begins PMI. */
struct pmi_server *pmi_server_create(const struct launch_step *step, const struct launch_host *host,
                                     struct rank_watch *watch, struct plugin_error *err);
void pmi_server_destroy(struct pmi_server *s); /* NULL is allowed */
/* Makes the task's socket and its PMI_* environment.  *keep_fd is the task's end. */
int pmi_server_task_prepare(struct pmi_server *s, uint32_t local_task, const struct launch_env *env,
                            int *keep_fd, struct plugin_error *err);
/* The task runs: its end of the socket is closed here. */
void pmi_server_task_started(struct pmi_server *s, uint32_t local_task);
enum pmi_progress pmi_server_task_ended(struct pmi_server *s, uint32_t local_task);
bool pmi_server_peer_data(struct pmi_server *s, uint32_t from, uint32_t kind, uint64_t tag,
                          const void *data, size_t len);
void pmi_server_peer_lost(struct pmi_server *s, uint32_t node);

#endif
