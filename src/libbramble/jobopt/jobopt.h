/* jobopt.h - the options of sbatch, srun and salloc: one table for the three.
 *
 * A command makes a struct job_options, lets the environment, the script's #SBATCH lines and its
 * command line write into it, each overriding the one before, has it checked as a whole, and turns
 * it into the messages of wire/.  Every option that Slurm documents has a row: it works, or it is
 * refused by name.
 *
 * Text fields belong to the struct; the wire messages borrow them, so they end first.
 */
#ifndef BRAMBLE_JOBOPT_H
#define BRAMBLE_JOBOPT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "wire/client.pb-c.h"
#include "wire/common.pb-c.h"

struct error;

enum job_command { CMD_SBATCH = 1, CMD_SRUN = 2, CMD_SALLOC = 4 };
#define CMD_ALL (CMD_SBATCH | CMD_SRUN | CMD_SALLOC)

/* Who gave an option, the strongest last.  For sbatch the environment overrides the script. */
enum option_source { OPT_BY_NONE = 0, OPT_BY_SCRIPT, OPT_BY_ENV, OPT_BY_CLI };

#define OPT_UNSET UINT32_C(0xfffffffe)   /* a number that nobody gave */
#define OPT_UNSET64 UINT64_C(0xfffffffffffffffe)
#define JOB_OPTION_ROWS_MAX 192

/* Exit codes that Slurm's commands use before anything was sent. */
enum { EXIT_OPTION = 255, EXIT_NUMBER = 1 };

struct env;
struct job_option;
struct option;

struct job_options {
    enum job_command command;
    const char *program; /* "sbatch" */
    int exit_code;       /* after a failure: what the command exits with */
    bool help, usage, version;
    uint32_t verbose, quiet;

    /* who asks, and under which names */
    char *account, *job_name, *comment, *qos, *wckey, *reservation, *clusters, *user_arg, *mail_user;
    uint32_t mail_events; /* bits of enum mail_event */
    bool mail_set;
    uint32_t uid, gid; /* OPT_UNSET: the caller's */

    /* what */
    uint32_t min_nodes, max_nodes, num_tasks, cpus_per_task;
    uint32_t ntasks_per_node, ntasks_per_core, ntasks_per_socket, threads_per_core;
    uint32_t sockets_per_node, cores_per_socket;
    uint32_t min_cpus_per_node, min_tmp_mb;
    uint64_t mem_per_node_mb, mem_per_cpu_mb;
    bool exclusive, exclusive_user, oversubscribe, overcommit, contiguous, use_min_nodes, spread_job;

    /* where */
    char *partition, *nodelist, *exclude, *features, *prefer;
    char *gres, *gpus, *gpus_per_node, *gpus_per_socket, *gpus_per_task, *tres_per_task, *gpu_bind, *licenses;
    uint32_t cpus_per_gpu, ntasks_per_gpu, gres_flags;
    uint64_t mem_per_gpu_mb;
    uint32_t switches, switch_wait_sec;
    char *distribution, *hint, *cpu_bind, *mem_bind;

    /* when */
    uint32_t time_limit_min, time_min_min, priority, immediate_sec;
    int64_t begin_time, deadline; /* 0: not given */
    int32_t nice;
    bool nice_set, hold, requeue, no_requeue, no_kill, kill_on_invalid_dep, keep_on_invalid_dep;
    uint32_t wait_all_nodes;
    char *dependency;
    uint32_t warn_signal, warn_time_sec, warn_flags;

    /* surroundings */
    char *work_dir; /* absolute, or NULL */
    char *std_in, *std_out, *std_err;
    uint32_t open_mode; /* 0, 'a' or 't' */
    char *export_text, *export_file, *propagate;
    bool get_user_env;
    uint32_t user_env_sec;
    char user_env_mode; /* 0, 'S' or 'L' */

    /* sbatch */
    char *wrap, *array_inx;
    bool wait_end, parsable, test_only, ignore_pbs;

    /* salloc */
    bool bell, no_bell, no_shell, kill_command;
    uint32_t kill_command_signal;

    /* srun */
    char *het_group;
    char *mpi, *prolog, *epilog, *task_prolog, *task_epilog;
    uint32_t threads, slurmd_debug;
    uint32_t job_id, relative, wait_sec, kill_on_bad_exit, msg_timeout_sec;
    bool label, unbuffered, pty, multi_prog, overlap, exact, disable_status, quit_on_interrupt;
    char *bcast_path, *bcast_exclude, *compress;
    bool bcast, send_libs, async;
    bool preserve_env, external_launcher, wait_for_children, interactive;

    /* how it was given; one place a row, in the order of rows */
    const struct job_option *rows[JOB_OPTION_ROWS_MAX];
    char *given[JOB_OPTION_ROWS_MAX];
    uint8_t source[JOB_OPTION_ROWS_MAX];
    size_t num_rows;
    struct option *long_options;
    char *short_options;
};

void job_options_init(struct job_options *o, enum job_command command);
void job_options_fini(struct job_options *o);

/* Each reads its options and returns -1 with err (text without the program's name, in Slurm's words
 * first) and o->exit_code set.  job_options_from_args() also fails, with err->code 0 and an empty
 * text, after getopt has told the user itself. */
int job_options_from_env(struct job_options *o, struct error *err);
int job_options_from_args(struct job_options *o, int argc, char **argv, int *first_operand,
                          struct error *err);
/* The #SBATCH lines before the first command of a script that belong to a component (the lines
 * "#SBATCH hetjob" part them; 0: the first, or only one).  *found: there is one.  name stands in
 * messages. */
int job_options_from_script(struct job_options *o, const char *script, size_t len, const char *name,
                            unsigned component, bool *found, struct error *err);
/* The components of a job, of one or several ("sbatch -n1 : -n4 script").  Each has what it inherits
 * from the one before, its section of the script, the variables, its part of the command line, the
 * strongest last. */
enum { HET_MAX = 128 };
struct batch_script;
struct job_component {
    struct job_options options;
    char **words; /* its part of the command line and all behind it, the command's name first; NULL: none */
    int argc, first_operand;
};
struct job_components {
    struct job_component *parts; /* at least one, also after a failure */
    size_t num;
    int exit_code; /* after a failure */
};
/* script may be NULL.  --help and its like end the reading after the first component.  The struct is
 * to be ended in any case. */
int job_components_read(struct job_components *c, enum job_command command, const struct batch_script *script,
                        int argc, char **argv, struct error *err);
void job_components_fini(struct job_components *c);
/* job_options_check() of each. */
int job_components_check(struct job_components *c, struct error *err);
/* What stands behind the options of the last component: a script or a program, and its arguments, ended
 * by NULL; *argc may be 0. */
char **job_components_operands(const struct job_components *c, int *argc);

/* Contradictions, and values that follow from others.  Warnings go to the log. */
int job_options_check(struct job_options *o, struct error *err);

enum option_source job_options_source(const struct job_options *o, const char *name);
bool job_options_given(const struct job_options *o, const char *name);
/* Forget that an option was given. */
void job_options_unset(struct job_options *o, const char *name);

/* Fill a message; its strings are o's.  The caller adds what it alone knows (script arguments,
 * environment, submit line). */
void job_options_job_spec(const struct job_options *o, Wire__JobSpec *spec);
void job_options_step_spec(const struct job_options *o, Wire__StepSpec *spec);
/* Limits of this process that --propagate names (all by default).  *limits is an array of *num
 * structs behind pointers, freed with one rlimits_free(). */
int rlimits_collect(const char *propagate, Wire__Rlimit ***limits, size_t *num, struct error *err);
void rlimits_free(Wire__Rlimit **limits);

/* The environment a job gets, as --export, --export-file and --get-user-env want it, with the
 * variables that carry options on to a later srun.  more: further NAME=VALUE strings that override,
 * or NULL.  Caller destroys it. */
struct env *job_options_env(const struct job_options *o, char **envp, const char *const *more,
                            struct error *err);
/* As bytes for the wire; refused when there are too many.  Caller frees. */
int env_pack(const struct env *env, uint8_t **data, size_t *len, struct error *err);
/* The submit line: argv joined by blanks, cut to the schema's bound.  Caller frees. */
char *submit_line_format(int argc, char *const *argv);

void job_options_help(enum job_command command, FILE *out);
void job_options_usage(enum job_command command, FILE *out);
/* What -v shows: the options that were given. */
void job_options_log_given(const struct job_options *o);
/* One line a row: command, name, letter, argument, state (done or refused), variables.  For make
 * check and for completion. */
void job_options_dump(enum job_command command, FILE *out);

/* A batch script. */
struct batch_script {
    char *text; /* not NUL-terminated within len; one NUL behind it */
    size_t len;
    char *name; /* base name, for the job's name and messages */
    char *path; /* as found, absolute; NULL: not from a file */
};
#define BATCH_SCRIPT_MAX (16u << 20)
/* path NULL: standard input.  search: look in PATH too, as sbatch does.  Checked as sbatch checks.
 * Several lines of err's text are separated by newlines. */
int batch_script_load(const char *path, const char *work_dir, struct batch_script *script,
                      struct error *err);
int batch_script_wrap(const char *command, struct batch_script *script, struct error *err);
int batch_script_check(const char *text, size_t len, struct error *err);
void batch_script_fini(struct batch_script *script);

/* A whole file that the user names, at most max_len bytes, with a NUL behind it.  Links are followed:
 * it is the user who reads.  Caller frees. */
int user_file_read(const char *path, size_t max_len, char **text, size_t *len, struct error *err);

/* "TERM", "SIGTERM", "15"; -1 when there is no such signal. */
int signal_parse(const char *text);
/* "TERM"; a number when it has no name. */
const char *signal_name(int signum, char buf[16]);

/* The version line of every command: "slurm 24.05.0 (Bramble 0.1.0)". */
void version_print(FILE *out);

#endif
