/* step_private.h - what the files of the shepherd share. */
#ifndef BRAMBLE_STEPD_STEP_PRIVATE_H
#define BRAMBLE_STEPD_STEP_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>

#include "bramblestepd/io/link.h"
#include "bramblestepd/order.h"
#include "bramblestepd/signal/procs.h"
#include "bramblestepd/step.h"
#include "bramblestepd/task/spawn.h"
#include "bramblestepd/usage/tasks.h"
#include "cgroup/cgroup.h"
#include "reactor/reactor.h"
#include "rpc/rpc.h"
#include "util/error.h"

enum step_phase { PHASE_WAITING, PHASE_SETUP, PHASE_RUNNING, PHASE_CLEARING, PHASE_DRAINING, PHASE_ENDED };
enum kill_phase { KILL_NONE, KILL_TERM, KILL_KILL };

struct step_task {
    pid_t pid; /* 0: not started, or reaped */
    bool started, ended;
    int status;
    enum spawn_stage failed_stage; /* 0: it executed its program */
    pid_t epilog_pid;              /* it has ended, and what follows its end runs */
    unsigned epilog_step;          /* which of the programs */
    int epilog_err;                /* their standard error, or -1 */
    uint64_t epilog_until_ms;
};

struct step {
    struct reactor *reactor;
    struct order *order;
    enum step_phase phase;
    struct step_task *tasks;
    struct task_usage *task_usage; /* one a task */
    struct spawn_fds *task_fds;
    uint32_t num_alive, num_prepared;
    size_t env_added; /* bytes of environment that came with num_prepared */
    struct spawn_common common;
    struct cgroup *cgroup, *io_cgroup;
    int report_fd;
    struct reactor_fd *report_watch;

    /* the agent */
    struct rpc_conn *agent;
    int folder_fd, listen_fd;
    struct reactor_fd *listen_watch;
    struct reactor_signal *sigchld;
    struct reactor_timer *idle_timer; /* no order came; io takes too long */

    /* the i/o process */
    pid_t io_pid;
    int link_fd;
    struct reactor_fd *link_watch;
    struct link_message *link_in;

    /* ending */
    enum kill_phase kill_phase;
    struct reactor_timer *kill_timer, *poll_timer;
    struct reactor_timer *usage_timer;
    struct reactor_timer *memory_timer, *epilog_timer;
    uint64_t kill_began_ms; /* when KILL was first sent; 0: not yet */
    pid_t helper_pid;       /* writes a line to the user's file */
    bool suspended; /* its tasks are stopped, or will be once they have started */
    bool killed_by_order, aborted, oom, stuck, released;
    bool launch_failed;
    char text[ERROR_TEXT_MAX]; /* why, for the controller */
    struct rusage usage;
    unsigned long max_rss_kb;
    uint32_t max_rss_task;
    int64_t end_time;
};

/* step_agent.c */
int step_agent_open(struct step *s, int fd, struct error *err);
int step_listen(struct step *s, struct error *err);
void step_send_status(struct step *s);
void step_send_usage(struct step *s); /* what its processes use now */
void step_agent_close(struct step *s);

/* step_start.c */
void step_begin(struct step *s, const Wire__ShepherdStart *start);
void step_spawn_tasks(struct step *s);
void step_read_reports(struct step *s);
void step_close_fds(struct spawn_fds *fds);
void step_launch_failed(struct step *s, const char *text); /* before any task has run */

/* step_io.c */
int step_io_start(struct step *s, struct error *err);
void step_io_send(struct step *s, enum link_type type, uint32_t task, uint32_t value, const void *body,
                  size_t len);
void step_io_client(struct step *s, const Wire__ShepherdClient *client, int fd);
void step_io_gone(struct step *s, int status);
void step_io_close(struct step *s);

/* step_end.c */
void step_reap(struct step *s);
void step_signal(struct step *s, int signum, bool batch_only);
/* Stop every process, those to come as well, or let all go on. */
void step_suspend(struct step *s, bool stop);
/* End it: TERM, KILL after wait_ms (0: at once).  By order, the user is told; reason NULL: cancelled now. */
void step_kill(struct step *s, const char *reason, uint64_t wait_ms, bool by_order);
void step_abort(struct step *s, uint32_t gtid, const char *text); /* here, and tell the controller */
void step_tell(struct step *s, const char *line); /* a line on the user's standard error */
/* The same, led by "slurmstepd: ", if --slurmd-debug asks for this level. */
void step_note(struct step *s, unsigned level, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void step_check_clear(struct step *s);
void step_exit_status(const struct step *s, uint32_t *status, uint32_t *first_failed);

void step_task_over(struct step *s, uint32_t task); /* it has ended, its epilogs too */

/* step_epilog.c */
void step_epilog_keep(struct step *s, uint32_t task, const struct spawn_fds *fds); /* before they are closed */
bool step_epilog_begin(struct step *s, uint32_t task); /* false: there is none */
bool step_epilog_reaped(struct step *s, pid_t pid, int status); /* false: it is none */

struct procs step_procs(const struct step *s);

#endif
