/* cgroup.h - the control groups that enclose the steps of a node.
 *
 * The agent finds out once what the node offers (cgroup_probe()) and hands the result to each
 * shepherd as a line of text: "v2:PATH;controllers", "v1:freezer=PATH;memory=PATH;...", or "none".
 * A v2 tree without controllers beside v1's holds and ends the processes, since entering a v1 group
 * costs milliseconds; then v1's memory group is used by steps with a memory limit only, and the text
 * is "v2:PATH;v1memory=PATH".
 * Below those paths each step has one group, named by job, attempt and step; its processes enter it
 * before their first instruction and are ended through it.  The paths belong to root (or to the
 * agent's own delegated group), so users cannot move what is in them.
 */
#ifndef BRAMBLE_CGROUP_H
#define BRAMBLE_CGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct error;
struct strbuf;
struct cgroup;

/* want: "auto", "v2", "v1", "none".  name: of cluster and node, so that several agents of one kernel
 * keep apart.  The text of what is used, the caller's to free; a person is told in notes what works
 * less well and why.  NULL with err set: what is wanted is not there. */
char *cgroup_probe(const char *want, const char *name, struct strbuf *notes, struct error *err);
/* Remove the groups that cgroup_probe() made, if no step is left in them. */
void cgroup_unprobe(const char *base);
/* One word for people: "v2", "v1", "none". */
const char *cgroup_base_kind(const char *base);

struct cgroup_limits {
    uint64_t mem_mb;  /* 0: none */
    const char *cpus; /* OS CPUs, list; NULL or "": all */
};
/* Make the group of a step, or take the one that is there.  NULL with err set; with base "none" it
 * is NULL and err->code is 0. */
struct cgroup *cgroup_create(const char *base, const char *name, const struct cgroup_limits *limits,
                             struct error *err);
/* The group of a step whose shepherd died; NULL if there is none. */
struct cgroup *cgroup_find(const char *base, const char *name);
void cgroup_free(struct cgroup *cg); /* forget it, leave it there; NULL is allowed */
/* Remove it.  -1 with errno EBUSY while something is in it.  NULL is allowed. */
int cgroup_remove(struct cgroup *cg);

/* v2: descriptor for CLONE_INTO_CGROUP, else -1.  Borrowed. */
int cgroup_clone_fd(const struct cgroup *cg);
/* Descriptors to which a child writes "0" to enter.  Borrowed.  The number of them.  The first is that
 * of the group that holds and ends: not needed by a child that was cloned into it. */
enum { CGROUP_ENTER_MAX = 4 };
unsigned cgroup_enter_fds(struct cgroup *cg, int fds[CGROUP_ENTER_MAX]);
/* Once nobody will enter any more: closes those descriptors. */
void cgroup_close_enter(struct cgroup *cg);

size_t cgroup_pids(const struct cgroup *cg, pid_t *pids, size_t max);
bool cgroup_has_pid(const struct cgroup *cg, pid_t pid);
/* KILL to every member, also to those that fork meanwhile. */
int cgroup_kill(const struct cgroup *cg);
bool cgroup_limits_memory(const struct cgroup *cg); /* the limit is kept by the kernel */
/* How many members the OOM killer has ended; 0 where that is not known. */
unsigned long cgroup_oom_kills(const struct cgroup *cg);

#endif
