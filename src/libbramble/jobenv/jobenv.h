/* jobenv.h - every SLURM_* variable that a job sees, made in one place.
 *
 * Names, values and presence are those of Slurm 22.05, so that tools which read them work: a
 * variable that Slurm sets only when its option was given (SLURM_CPUS_PER_TASK, SLURM_NTASKS of a
 * batch script, SLURM_MEM_PER_NODE, ...) is set only then.  The environment that comes in is the
 * submitter's; what belongs to another job or step in it is removed.  SLURM_CONF is never set.
 *
 * Who calls what:
 *   salloc (its program), srun's mpirun       jobenv_set_alloc
 *   agent, batch script                       jobenv_set_batch
 *   shepherd, once a step and node            jobenv_set_step
 *   shepherd, once a task before fork         jobenv_set_task; after fork jobenv_put_pid
 * Variables that carry options on to a later srun (SLURM_HINT, SLURM_MEM_BIND, SLURM_OVERCOMMIT of
 * sbatch, SLURM_EXPORT_ENV, ...) come from the option tables of jobopt/, in the submitter's program.
 */
#ifndef BRAMBLE_JOBENV_H
#define BRAMBLE_JOBENV_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "wire/agent.pb-c.h"

struct env;
struct strbuf;

/* What the allocation is: nodes, CPUs, tasks, memory, names.  Removes a step's variables. */
void jobenv_set_alloc(struct env *env, const Wire__AllocInfo *alloc);
/* A batch script on node node_index of alloc.nodes.  pid is put later by jobenv_put_pid(). */
void jobenv_set_batch(struct env *env, const Wire__AllocInfo *alloc, uint32_t node_index);
/* What the tasks of a step have in common on node node_index of layout.nodes.  spec may be NULL. */
void jobenv_set_step(struct env *env, const Wire__AllocInfo *alloc, const Wire__StepLayout *layout,
                     const Wire__StepSpec *spec, uint32_t step_id, uint32_t node_index);
/* What is one task's own: global id and place on its node. */
void jobenv_set_task(struct env *env, uint32_t gtid, uint32_t local_id);
/* Accelerators of a job (batch script) or a step on a node, of NodeAlloc.gres. */
void jobenv_set_gres(struct env *env, const char *gres, bool step);
/* Those of them that one task sees: --gpu-bind, --gpus-per-task.  False: the step has none.  note:
 * appended to for "verbose". */
bool jobenv_set_task_gpus(struct env *env, const char *gres, const Wire__StepSpec *spec, uint32_t local_id,
                          struct strbuf *note);
/* Write pid into SLURM_TASK_PID, which jobenv_set_batch() and jobenv_set_task() have made room for.
 * For the child between fork and exec: async-signal-safe, allocates nothing. */
void jobenv_put_pid(char *const *vector, pid_t pid);
/* --export=NONE, --get-user-env: what a login gives, where it is missing. */
void jobenv_set_login(struct env *env, const char *user, const char *home, const char *shell);

#endif
