/* srun_private.h - one run of srun: a step, its nodes, their streams.
 *
 *   SRUN_ASKING -> SRUN_PENDING -> SRUN_RUNNING -> SRUN_DONE
 *        \____________________________/   |
 *                                         v  Ctrl-C, --wait, a lost allocation
 *                                     aborting: the step is being ended, wait at most abort_sec
 *
 * srun leaves when every node has sent STEP_DONE (or is known lost) and the controller has said that
 * the step has ended, so that squeue and sacct are right afterwards.
 */
#ifndef BRAMBLE_SRUN_PRIVATE_H
#define BRAMBLE_SRUN_PRIVATE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/link.h"
#include "jobopt/jobopt.h"
#include "util/strbuf.h"

struct env;
struct arena;
struct error;
struct reactor;
struct reactor_timer;
struct termios;
struct reactor_signal;

enum { REQUEST_START = 1, REQUEST_CANCEL = 2, REQUEST_CLUSTER = 3, REQUEST_COMPLETE = 4 };

enum srun_stage { SRUN_ASKING, SRUN_PENDING, SRUN_RUNNING, SRUN_DONE };

/* Where a stream goes or comes from. */
enum stream_mode {
    STREAM_ALL,    /* srun's own descriptors, every task */
    STREAM_NONE,   /* /dev/null on the nodes */
    STREAM_TASK,   /* one task's through srun */
    STREAM_LOCAL,  /* a file that srun opens */
    STREAM_REMOTE, /* files that the tasks open: the name differs by task or node */
};
struct stream {
    enum stream_mode mode;
    uint32_t task;
    char *name; /* of the option; pattern */
};

/* Readiness of a descriptor that is not srun's alone: it stays blocking.  NULL: not pollable (a file). */
struct fd_watch;
typedef void fd_watch_f(void *arg);
struct fd_watch *fd_watch_create(struct reactor *r, int fd, bool for_writing, fd_watch_f *on_ready, void *arg);
void fd_watch_set(struct fd_watch *w, bool on); /* NULL is allowed */
void fd_watch_close(struct fd_watch *w);        /* NULL is allowed */

/* A descriptor that is written without blocking the loop. */
struct outlet;
typedef void outlet_event_f(void *arg);
struct outlet *outlet_create(struct reactor *r, int fd, outlet_event_f *on_drain, outlet_event_f *on_broken, void *arg);
void outlet_write(struct outlet *s, const void *data, size_t len);
size_t outlet_queued(const struct outlet *s);
void outlet_destroy(struct outlet *s); /* writes what is left, blocking */

enum task_state { TASK_STARTING, TASK_RUNNING, TASK_EXITED };
struct srun_task {
    enum task_state state;
    int status; /* as waitpid() gives it */
    bool told;  /* its end was printed, if that is due */
    uint32_t node;
    struct strbuf partial[2]; /* begun lines of output and error */
};

struct srun_node {
    struct srun *srun;
    uint32_t index;
    char *name, *address;
    uint16_t port;
    uint32_t *gtids, num_tasks;
    struct rpc_conn *conn;
    struct reactor_timer *retry;
    uint64_t lost_at_ms; /* 0: connected or never tried */
    uint64_t received;   /* bytes of output, for a reconnection */
    uint64_t owed;       /* credit not yet given back */
    uint64_t in_credit;  /* input that it takes */
    bool attached, eof_sent, done, lost;
    bool dialing; /* for the first time */
    bool told; /* it has sent lines of text */
};

struct het_run;

struct srun {
    struct job_options options;
    char **argv; /* of the program */
    size_t argc;
    char **programs; /* --multi-prog: lines */
    unsigned *program_lines; /* their numbers in the file */
    size_t num_programs;
    char cwd[PATH_MAX], host[256];
    char *submit_line, *step_name;
    uint8_t *env;
    size_t env_len;
    struct env *step_env; /* of job and step, for --epilog; NULL: there is none yet */
    Wire__Rlimit **rlimits;
    size_t num_rlimits;
    bool receive_files; /* sbcast: the step takes files from in_fd */
    bool watching; /* sattach: the step is another's, and goes on without us */
    char *bcast_dest; /* --bcast: what runs; NULL: not there yet */
    bool own_job;     /* asked for without a step: we give it back */
    bool completing;  /* and have said so */
    bool inside; /* in an allocation that is there already */
    const struct het_run *het; /* one part of a step over several components; NULL: the whole step */
    uint32_t *het_jobs;        /* of all parts */
    size_t num_het_jobs;
    uint64_t het_token;
    uint32_t het_num_tasks, het_first_task; /* of all parts, of those before this one */
    struct nest *nest; /* the allocation is for components: it runs an srun in them; NULL: no */

    struct reactor *reactor;
    struct ctl_link *link;
    struct reactor_timer *exit_timer, *flush_timer, *wait_timer;
    struct reactor_signal *signals[16];
    enum srun_stage stage;
    int exit_code;
    bool step_ended, aborting, killed, revoked;
    bool launch_failed; /* told: no task ever ran */
    bool node_failed; /* the controller says so */
    bool cluster_known; /* --clusters was compared */
    bool leaving; /* only the answer to a cancel is waited for */
    uint32_t abort_sec;

    uint32_t job_id, step_id, attempt;
    uint8_t step_key[32];
    struct srun_node *nodes;
    uint32_t num_nodes, num_dialed, num_dialing;
    struct srun_task *tasks;
    uint32_t num_tasks;

    struct stream in, out, err;
    struct outlet *out_sink, *err_sink; /* may be the same */
    int out_fd, err_fd;               /* opened files, or -1 */
    unsigned label_width;
    bool stream_broken;

    int in_fd; /* -1: nothing to read */
    struct fd_watch *in_watch;
    bool in_eof, in_deferred;

    int64_t last_intr_ms;
    bool interrupted; /* Ctrl-C has ended the step: that tasks died of it is no news */
    struct termios *saved_terminal; /* set while the terminal is raw */
    uint32_t num_exited;
    int worst_status;
    bool worst_set;
    int killing_signal; /* a task died of TERM or KILL */
};

/* srun.c */
/* From the first request to the exit code. */
int srun_run(struct srun *s);
void srun_say(const struct srun *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Everything may be over: leave if it is. */
void srun_check_end(struct srun *s);
void srun_leave(struct srun *s, int code);
/* Cancel the job or step first, and leave when the controller has heard it. */
void srun_cancel_and_leave(struct srun *s, int code);
/* The descriptors of standard input, output and error take part. */
void srun_streams_start(struct srun *s);
void srun_streams_stop(struct srun *s);
void srun_timers_start(struct srun *s);
/* End the step: the controller is told; wait at most for abort_sec.  The first is for --wait and lost
 * nodes, the second for signals. */
void srun_terminate_step(struct srun *s);
void srun_force_end(struct srun *s);
void srun_abort_wait(struct srun *s);

/* nest.c: srun outside an allocation with several components.  It gets the allocation, as salloc does, and runs
 * itself in it. */
struct nest_component {
    struct job_options *options;
    const char *name;
};
void nest_create(struct srun *s, char **argv, const struct nest_component *more, size_t num_more); /* borrowed */
void nest_fini(struct srun *s);
bool nest_runs(const struct srun *s);
void nest_fill(struct srun *s, Wire__AllocRequest *request, struct arena *a);
void nest_granted(struct srun *s, const Wire__AllocInfo *alloc);
void nest_signal(struct srun *s, int signum);

/* request.c */
void request_describe_job(struct srun *s, const struct job_options *options, const char *name, Wire__JobSpec *spec);
extern const struct ctl_link_ops srun_link_ops;
void request_cancel(struct srun *s);
int request_prepare(struct srun *s, struct error *err);
void request_fini(struct srun *s);

void request_complete(struct srun *s); /* own_job is done */

/* bcast.c */
/* Bring the program to the job's nodes; from here on it is the one that runs. */
int bcast_run(struct srun *s, struct error *err);

/* nodes.c */
int nodes_start(struct srun *s, const Wire__StepLayout *layout, struct error *err);
void nodes_fini(struct srun *s);
bool nodes_all_done(const struct srun *s);
void nodes_signal(struct srun *s, int signum);
void nodes_window(struct srun *s, uint32_t rows, uint32_t cols);
void nodes_give_credit(struct srun *s); /* the sinks have room again */
void nodes_close(struct srun *s);

/* streams.c */
int streams_read_options(struct srun *s, uint32_t num_tasks, struct error *err);
int streams_open(struct srun *s, struct error *err); /* job and step ids are known */
void streams_fini(struct srun *s);
char *stream_spec(const struct stream *stream);

/* output.c */
void output_data(struct srun *s, struct srun_node *node, uint32_t gtid, unsigned stream, const uint8_t *data,
                 size_t len);
void output_line(struct srun *s, const char *text); /* a whole line of standard error */
bool output_has_room(const struct srun *s);

/* input.c */
void input_start(struct srun *s);
void input_kick(struct srun *s);
bool input_wanted_by(const struct srun *s, const struct srun_node *node);
void input_fini(struct srun *s);

/* exits.c */
void exits_record(struct srun *s, struct srun_node *node, uint32_t gtid, int status);
void exits_flush(struct srun *s); /* print what has gathered */
void exits_print_lost(struct srun *s); /* tasks whose end was never reported */
int exits_code(const struct srun *s);
void exits_print_states(struct srun *s); /* "StepId=12.0 tasks 0-3: running" */

/* signals.c */
void signals_start(struct srun *s);
void signals_fini(struct srun *s);

/* terminal.c */
bool terminal_size(uint32_t *rows, uint32_t *cols);
void terminal_raw(struct srun *s);
void terminal_restore(struct srun *s);

/* programs.c */
int programs_read(struct srun *s, const char *path, struct error *err);
int programs_check(const struct srun *s, const char *path, uint32_t num_tasks, struct error *err);
int launchers_list(void);
int launcher_check(const char *name, struct error *err);
void hook_run(struct srun *s, const char *program, const char *context); /* --prolog, --epilog */

#endif
