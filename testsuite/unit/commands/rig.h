/* rig.h - a controller and a step that are played, for commands that run as real processes.
 *
 * The commands dial a real server of rpc/ with a real munged; what it answers is a scenario's.  So
 * srun can be shown any order of events, lost connections and odd tasks without a cluster.
 */
#ifndef BRAMBLE_TEST_COMMANDS_RIG_H
#define BRAMBLE_TEST_COMMANDS_RIG_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "wire/client.pb-c.h"

struct rig;

#define RIG_NODES_MAX 4
#define RIG_TASKS_MAX 16
#define RIG_JOB 12

enum rig_cut { CUT_NEVER, CUT_ON_REQUEST, CUT_WHILE_PENDING, CUT_WHILE_RUNNING, CUT_BEFORE_END };

struct scenario {
    /* the controller */
    bool pending;            /* "queued and waiting" first */
    bool never_granted;      /* stays pending */
    uint32_t refuse;         /* BRE_ code for ALLOC, STEP, SUBMIT */
    const char *refuse_text;
    enum rig_cut cut;        /* where the controller's connection is lost once */
    uint32_t job_status;     /* wait status of the job, for WATCH */
    uint32_t job_state;
    uint32_t control_code;   /* JobResult of JOB_CONTROL for each id; 0: none */
    const char *config_name; /* ClusterName */
    /* the step */
    unsigned num_nodes, num_tasks;
    const char *out;         /* each task's output; %t is the task */
    const char *err;
    unsigned repeat;         /* output this often; 0: once */
    int status[RIG_TASKS_MAX];
    bool echo;               /* tasks answer their input, once it has ended */
    bool hang;               /* tasks end when they are told to */
    bool node_fails;         /* the controller says so while tasks run; the node itself is silent */
    bool drop_once;          /* the step's connection is lost once, before the output */
};

/* What came of it. */
struct outcome {
    int status; /* as waitpid() gives it */
    char *out, *err;
    size_t out_len;
    Wire__SubmitRequest *submit;
    Wire__AllocRequest *alloc;
    Wire__StepRequest *step;
    Wire__JobControlRequest *control;
    bool completed;
    uint32_t complete_status;
    unsigned num_requests; /* ALLOC and STEP */
    unsigned num_attached;
    int signals[8];
    unsigned num_signals;
};

/* NULL when there is no munged. */
struct rig *rig_create(void);
void rig_destroy(struct rig *rig);
/* Run a command of the build tree; input NULL: /dev/null.  script: called 20 ms after the step runs
 * (or the job waits) with the command's pid, or NULL. */
void rig_run(struct rig *rig, const struct scenario *scenario, char *const *argv, const char *input,
             void (*meanwhile)(pid_t pid), struct outcome *outcome);
void outcome_fini(struct outcome *outcome);

#endif
