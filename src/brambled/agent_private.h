/* agent_private.h - what the rooms of the agent share. */
#ifndef BRAMBLED_AGENT_PRIVATE_H
#define BRAMBLED_AGENT_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "bramble/constants.h"
#include "brambled/agent.h"
#include "libbramble/wire/shepherd.pb-c.h"
#include "reactor/reactor.h"
#include "topo/board.h"
#include "util/error.h"
#include "util/list.h"

#define STEP_NAME_MAX 48

struct board_map; /* register/facts.c: the board's topology as the agent needs it */
struct script;

/* What NodeConfig said. */
struct node_conf {
    char *topology_xml, *topology_synthetic, *hw_class, *prolog, *epilog, *cgroup, *cluster_name, *mpi_default;
    char *task_prolog, *task_epilog;
    uint64_t mem_mb, cluster_id;
    uint32_t heartbeat_sec, kill_wait_sec, unkillable_sec, prolog_sec, node_timeout_sec;
};

/* A job's part on this node. */
enum prolog_state { PROLOG_TODO, PROLOG_RUNNING, PROLOG_DONE, PROLOG_FAILED };
struct agent_job {
    struct list_node node;
    uint32_t job_id, attempt, uid, gid;
    char *user_name;
    enum prolog_state prolog;
    bool ending;       /* its steps are to end, then the epilog runs */
    bool tell_clean;   /* the controller asked for JobClean */
    bool epilog_run;   /* it runs, or has */
    bool recorded;     /* an agent before this one wrote a record of its prolog or epilog */
    bool failed;       /* something could not be ended, or the epilog failed */
    char text[512];
    uint32_t num_steps; /* not ended */
    struct script *script;
    struct agent_step *last; /* ended step whose status waits until the job is clean; or NULL */
};

enum agent_step_state {
    ASTEP_WAITS,    /* for the prolog */
    ASTEP_STARTING, /* the shepherd has been started */
    ASTEP_SOUGHT,   /* an earlier agent started its shepherd, which does not listen yet */
    ASTEP_RUNNING,
    ASTEP_LOST,     /* the shepherd died: what it left is being ended */
    ASTEP_ENDED,    /* the status is to be acknowledged */
    ASTEP_RELEASED, /* the shepherd may go; then the folder is removed */
};
struct agent_step {
    struct list_node node;
    struct agent *agent;
    struct agent_job *job;
    uint32_t job_id, step_id, attempt, uid;
    enum agent_step_state state;
    bool ends_job, replied;
    bool suspended; /* ASTEP_WAITS: to be started stopped */
    pid_t pid; /* of the shepherd; 0: not known */
    struct rpc_conn *conn;
    struct reactor_timer *timer; /* start, search, or ending of what is left */
    uint64_t since_ms;           /* ASTEP_SOUGHT, ASTEP_LOST: when that began */
    uint8_t *order;  /* ASTEP_WAITS: packed StepLaunch */
    size_t order_len;
    uint8_t *status; /* packed StepStatus, the newest */
    size_t status_len;
    bool reported; /* its end was sent on this connection */
};

/* Attempts that have ended here, so that a late or repeated order is known as such. */
#define TOMBS_MAX 1024
struct tomb {
    uint32_t job_id, step_id, attempt; /* step_id STEP_NONE: the whole job */
};

/* Clients that came before their step. */
#define EARLY_MAX 256
#define EARLY_MS 10000
struct early_client {
    struct list_node node;
    int fd;
    uint64_t since_ms;
    struct step_hello hello;
    char address[64];
};

struct agent {
    struct reactor *reactor;
    struct agent_options opts;
    bool is_root;
    int run_fd, steps_fd, lock_fd;
    uint8_t public_key[32], secret_key[64];
    struct step_port *port;
    struct reactor_signal *sigchld, *sigterm, *sigint, *sighup;

    /* link to the controller */
    struct rpc_conn *ctld;
    bool ctld_open, registered, lost_logged;
    uint64_t backoff_ms;
    struct reactor_timer *dial_timer, *heartbeat_timer, *repeat_timer;
    uint32_t heartbeat_seq;

    struct node_conf conf;
    bool have_conf, need_topology;
    uint8_t conf_hash[32];
    char *cgroup;        /* base text, see cgroup/cgroup.h */
    char *cgroup_notes;
    struct board_map *map;
    pid_t probe_pid;
    int probe_fd;
    struct reactor_fd *probe_watch;
    struct probe *probe;
    char network[64];

    struct list_node steps, jobs, early, scripts;
    uint32_t num_early, num_freed; /* steps since the heap was last trimmed */
    uint32_t num_sought;           /* steps in ASTEP_SOUGHT */
    struct reactor_timer *early_timer;
    struct tomb tombs[TOMBS_MAX];
    unsigned next_tomb;
};

/* register/link.c */
int link_start(struct agent *a, struct error *err);
void link_stop(struct agent *a);
/* Send to the controller if it is there and knows us. */
bool link_send(struct agent *a, unsigned type, const ProtobufCMessage *msg);
void link_register(struct agent *a); /* facts are complete */
void link_repeat_later(struct agent *a);

/* register/key.c */
int key_load(struct agent *a, struct error *err);

/* register/facts.c */
int facts_begin(struct agent *a, struct error *err); /* after NodeConfig; link_register() follows */
void facts_fill(struct agent *a, Wire__NodeRegister *reg, struct board *board);
/* OS CPUs of each of the cores named by list; -1 when the board has no such core.  strv and its
 * strings are the caller's. */
int facts_core_cpus(const struct agent *a, const char *cores, char ***list, size_t *num, char **all, struct error *err);
const char *facts_topology_xml(const struct agent *a);
void facts_free(struct agent *a);
void node_conf_free(struct node_conf *c);

/* register/network.c: CIDR of the interface that reaches address, "" if not known */
void network_of(const char *address, char *buf, size_t size);

/* launch/launch.c: orders of the controller */
void launch_order(struct agent *a, const Wire__StepLaunch *order);
void launch_start(struct agent_step *s, const Wire__StepLaunch *order); /* the prolog is done */
void launch_kill(struct agent *a, const Wire__StepKill *kill);
void launch_refuse(struct agent_step *s, const struct error *err, bool drain); /* and forget it */

/* launch/step.c */
struct agent_step *step_add(struct agent *a, struct agent_job *job, uint32_t job_id, uint32_t step_id, uint32_t attempt);
struct agent_step *step_find(struct agent *a, uint32_t job_id, uint32_t step_id, uint32_t attempt);
void step_free(struct agent_step *s);
void step_set_status(struct agent_step *s, const Wire__StepStatus *status);
void step_report(struct agent_step *s); /* its newest status, to the controller */
void step_acked(struct agent *a, const Wire__StepStatusAck *ack);
void step_over(struct agent_step *s);   /* its status says that it has ended */
void step_made_up_end(struct agent_step *s, const char *text); /* no shepherd tells it */
void step_repeat_all(struct agent *a);
bool steps_unacked(const struct agent *a);
const char *step_name(const struct agent_step *s, char buf[STEP_NAME_MAX]);
void tomb_add(struct agent *a, uint32_t job_id, uint32_t step_id, uint32_t attempt);
bool tomb_find(const struct agent *a, uint32_t job_id, uint32_t step_id, uint32_t attempt);

/* launch/folder.c: the steps' folders */
int folder_make(struct agent_step *s, const Wire__StepLaunch *order, struct error *err, bool *drain);
void folder_remove(struct agent_step *s);
void folder_path(const struct agent_step *s, char *buf, size_t size);
void folder_recover(struct agent *a);
/* A lock on the step's folder, held by whoever has the descriptor: the agent while it makes the step,
 * then the shepherd for its whole life.  EWOULDBLOCK: somebody has it. */
int folder_lock(const struct agent_step *s);
bool folder_has_socket(const struct agent_step *s);

/* launch/shepherd.c */
int shepherd_start(struct agent_step *s, const Wire__StepLaunch *order, struct error *err);
void shepherd_seek(struct agent_step *s); /* one of an earlier agent: find it, or what became of it */
void shepherd_kill(struct agent_step *s, const Wire__StepKill *kill);
void shepherd_release(struct agent_step *s);
/* What a step uses: the controller's question, and the answer (usage NULL: it does not run here). */
void usage_ask(struct agent *a, const Wire__UsageRequest *ask);
void usage_report(struct agent *a, uint32_t job_id, uint32_t step_id, uint32_t attempt, const Wire__StepUsage *usage);
void shepherd_clear_rest(struct agent_step *s); /* it died: end what it left */

/* launch/client.c */
void client_arrived(void *arg, int fd, const struct step_hello *hello, const char *address);
void client_flush(struct agent_step *s); /* the step runs now */
void clients_free(struct agent *a);

/* launch/job.c */
struct agent_job *job_find(struct agent *a, uint32_t job_id);
struct agent_job *job_get(struct agent *a, uint32_t job_id, uint32_t attempt, uint32_t uid, uint32_t gid, const char *user);
/* Run the prolog if it has not run; launch_start() of the waiting steps follows. false: nothing to wait for. */
bool job_prolog(struct agent *a, struct agent_job *job);
void job_end(struct agent *a, struct agent_job *job, const Wire__StepKill *kill); /* end all steps, then clean */
void job_forget(struct agent_job *job); /* it has nothing here, and what it had has not begun */
void job_check_clean(struct agent *a, struct agent_job *job);
void jobs_check_clean(struct agent *a); /* the configuration is known now */
void jobs_free(struct agent *a);
void job_send_clean(struct agent *a, uint32_t job_id, uint32_t attempt, bool failed, const char *text);

/* prolog/script.c: a program of the administrator; done gets a wait status, and it in words.  arg is
 * freed with the script when it is never told. */
typedef void script_done_f(void *arg, int status, const char *why);
struct script *script_start(struct agent *a, const char *kind, const char *path, const struct agent_job *job,
                            uint32_t limit_sec, script_done_f *done, void *arg, struct error *err);
/* The same for one that an earlier agent has started. */
struct script *script_watch(struct agent *a, const char *kind, const char *path, const struct agent_job *job,
                            uint32_t limit_sec, script_done_f *done, void *arg);
bool script_reaped(struct agent *a, pid_t pid); /* was it one? */
void script_free(struct script *s); /* the program goes on; NULL is allowed */

/* prolog/record.c: kind is "prolog" or "epilog" */
enum record_state {
    RECORD_NONE,   /* it has not begun */
    RECORD_RUNS,
    RECORD_ENDED,  /* *status is its wait status, *late: it was ended at its limit */
    RECORD_BROKEN, /* begun, and its keeper died */
};
enum record_state record_read(const struct agent *a, const char *kind, const struct agent_job *job, int *status, bool *late);
/* A new record, locked.  The descriptor, or -1. */
int record_begin(const struct agent *a, const char *kind, const struct agent_job *job, struct error *err);
/* One of a program that is not there: nothing is to be done any more. */
int record_end(const struct agent *a, const char *kind, const struct agent_job *job, struct error *err);
void records_remove(const struct agent *a, uint32_t job_id, uint32_t attempt);
void records_recover(struct agent *a); /* at the start: the jobs that have one */

#endif
