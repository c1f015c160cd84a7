/* world.h - a cluster for tests: the heart, a clock, a log of its events, and Pi boards on call.
 *
 * Every decision is applied at once and kept packed, as the journal would; world_check_replay()
 * rebuilds the state from the log, and from a snapshot, and compares.
 */
#ifndef TEST_CLUSTER_WORLD_H
#define TEST_CLUSTER_WORLD_H

#include <check.h>

#include "cluster/cluster.h"

struct packed {
    size_t len;
    uint8_t *data;
};
struct world {
    struct cluster *c;
    struct cluster_conf conf;
    struct node_conf nodes[64];
    struct part_conf parts[8];
    char names[64][16];
    struct cluster_now now;
    struct decision d;      /* the last one */
    struct packed *log;
    size_t num_log, cap_log;
    struct error err;
    Wire__Identity ident;
    Wire__JobSpec spec;     /* template: reset with world_spec() */
    struct arena scratch;
};

/* 3 pi3 (1 GB), 2 pi4 (2 GB), 1 pi4 (4 GB), 1 pi4 (8 GB), 1 pi5 (8 GB), 4 cores each; partitions pi3,
 * pi4, pi5 by class, and all (default).  Registered unless register_nodes is false. */
void world_init_pis(struct world *w);
/* count equal nodes n0.., cores each, one partition "all". */
void world_init_flat(struct world *w, uint32_t count, uint32_t cores);
/* The configuration is set by the caller beforehand. */
void world_start(struct world *w);
void world_fini(struct world *w);
void world_register(struct world *w, uint32_t node, const char *boot_id, Wire__StepStatus **steps,
                    size_t num_steps);
void world_register_all(struct world *w);

/* Apply and log what w->d holds; then react, so that w->d has the effects too. */
void world_commit(struct world *w);
void world_sched(struct world *w); /* passes until nothing is left to do */
void world_pass_time(struct world *w, uint32_t sec); /* with timers and node heartbeats */
Wire__JobSpec *world_spec(struct world *w); /* a fresh template: 1 task, batch */
uint32_t world_submit(struct world *w);     /* w->spec; the id, 0 refused (w->err) */
uint32_t world_submit_start(struct world *w); /* and a pass */
int world_control(struct world *w, enum job_action action, uint32_t job_id, uint32_t uid);
/* The report that a step has ended on a node. */
void world_step_ended(struct world *w, uint32_t job_id, uint32_t step_id, uint32_t node,
                      uint32_t exit_status, bool clean);
void world_clean(struct world *w, uint32_t job_id, uint32_t node);
int world_step(struct world *w, uint32_t job_id, const Wire__StepSpec *spec, uint32_t *step_id);
struct job_view world_view(struct world *w, uint32_t job_id);
enum job_state world_state(struct world *w, uint32_t job_id);
const char *world_reason(struct world *w, uint32_t job_id);
/* Node ids of the allocation as a list of names, "" if none. */
const char *world_nodes(struct world *w, uint32_t job_id);
size_t world_effects(const struct world *w, enum effect_kind kind, uint32_t job_id);
int world_update_job(struct world *w, uint32_t job_id, const char *key, const char *value);
int world_update_node(struct world *w, const char *name, const char *state, const char *reason);
int world_update_part(struct world *w, const char *name, const char *key, const char *value);
void world_check_replay(struct world *w);

#define WORLD_UID 1000

/* A suite of one file: fixtures that end in a check of replay, and main(). */
typedef void world_setup_f(void);
int world_main(const char *name, world_setup_f *setup, world_setup_f *teardown,
               const TTest *const *tests, size_t num_tests);
#endif
