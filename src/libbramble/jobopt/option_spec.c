/* option_spec.c - options as the messages that the controller reads. */
#include "config.h"
#include "jobopt/jobopt_private.h"

#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "util/mem.h"
#include "util/strbuf.h"

#define SUBMIT_LINE_MAX 65535

#define SET(field, value)                                                                      \
    do {                                                                                       \
        spec->has_##field = 1;                                                                 \
        spec->field = (value);                                                                 \
    } while (0)
#define SET_U32(field, value)                                                                  \
    do {                                                                                       \
        if ((value) != OPT_UNSET)                                                              \
            SET(field, value);                                                                 \
    } while (0)
#define SET_U64(field, value)                                                                  \
    do {                                                                                       \
        if ((value) != OPT_UNSET64)                                                            \
            SET(field, value);                                                                 \
    } while (0)
#define SET_FLAG(field, value)                                                                 \
    do {                                                                                       \
        if (value)                                                                             \
            SET(field, 1);                                                                     \
    } while (0)

static char *text_or_null(char *text)
{
    return text && *text ? text : NULL;
}

/* "none" asks for nothing, which is what a job that does not ask gets. */
static char *given_list(char *text)
{
    return text && strcmp(text, "none") ? text : NULL;
}

static uint32_t current_umask(void)
{
    mode_t mask = umask(0);

    umask(mask);
    return mask;
}

void job_options_job_spec(const struct job_options *o, Wire__JobSpec *spec)
{
    spec->name = text_or_null(o->job_name);
    spec->partition = o->partition;
    spec->account = text_or_null(o->account);
    spec->qos = text_or_null(o->qos);
    spec->comment = o->comment;
    spec->reservation = text_or_null(o->reservation);
    if (o->mail_events) {
        SET(mail_events, o->mail_events);
        spec->mail_user = text_or_null(o->mail_user);
    }
    spec->work_dir = o->work_dir;
    spec->std_in = text_or_null(o->std_in);
    spec->std_out = text_or_null(o->std_out);
    spec->std_err = text_or_null(o->std_err);
    if (o->open_mode)
        SET(open_mode, o->open_mode);
    SET_U32(min_nodes, o->min_nodes);
    SET_U32(max_nodes, o->max_nodes);
    SET_U32(num_tasks, o->num_tasks);
    SET_U32(cpus_per_task, o->cpus_per_task);
    SET_U32(ntasks_per_node, o->ntasks_per_node);
    SET_U32(ntasks_per_core, o->ntasks_per_core);
    SET_U32(ntasks_per_socket, o->ntasks_per_socket);
    SET_U32(threads_per_core, o->threads_per_core);
    SET_U32(sockets_per_node, o->sockets_per_node);
    SET_U32(cores_per_socket, o->cores_per_socket);
    SET_U32(min_cpus_per_node, o->min_cpus_per_node);
    SET_U32(min_tmp_mb, o->min_tmp_mb);
    SET_U64(mem_per_node_mb, o->mem_per_node_mb);
    SET_U64(mem_per_cpu_mb, o->mem_per_cpu_mb);
    SET_U32(time_limit_min, o->time_limit_min);
    SET_U32(time_min_min, o->time_min_min);
    spec->features = text_or_null(o->features);
    spec->prefer = text_or_null(o->prefer);
    spec->nodelist = text_or_null(o->nodelist);
    spec->exclude = text_or_null(o->exclude);
    SET_FLAG(exclusive, o->exclusive);
    SET_FLAG(exclusive_user, o->exclusive_user);
    SET_FLAG(oversubscribe, o->oversubscribe);
    SET_FLAG(overcommit, o->overcommit);
    SET_FLAG(hold, o->hold);
    SET_FLAG(contiguous, o->contiguous);
    spec->gres = given_list(o->gres);
    spec->tres_per_job = given_list(o->gpus);
    spec->tres_per_socket = given_list(o->gpus_per_socket);
    spec->tres_per_task = given_list(o->tres_per_task);
    SET_U32(cpus_per_gpu, o->cpus_per_gpu);
    SET_U64(mem_per_gpu_mb, o->mem_per_gpu_mb);
    SET_U32(ntasks_per_gpu, o->ntasks_per_gpu);
    spec->gpu_bind = text_or_null(o->gpu_bind);
    if (o->gres_flags)
        SET(gres_flags, o->gres_flags);
    spec->licenses = text_or_null(o->licenses);
    SET_FLAG(use_min_nodes, o->use_min_nodes);
    SET_FLAG(spread_job, o->spread_job);
    SET_U32(switches, o->switches);
    SET_U32(switch_wait_sec, o->switch_wait_sec);
    if (o->requeue || o->no_requeue)
        SET(requeue, o->requeue);
    if (o->nice_set)
        SET(nice, o->nice);
    SET_U32(priority, o->priority);
    if (o->begin_time)
        SET(begin_time, o->begin_time);
    if (o->deadline)
        SET(deadline, o->deadline);
    spec->dependency = text_or_null(o->dependency);
    spec->array_inx = o->array_inx; /* empty text is refused by the controller */
    spec->wckey = text_or_null(o->wckey);
    if (o->warn_signal != OPT_UNSET) {
        SET(warn_signal, o->warn_signal);
        SET(warn_time_sec, o->warn_time_sec);
        SET(warn_flags, o->warn_flags);
    }
    SET(umask, current_umask());
    SET(kind, o->command == CMD_SBATCH ? 0 : o->command == CMD_SALLOC ? 1 : 2);
    spec->distribution = o->distribution;
    spec->hint = o->hint;
    spec->mem_bind = o->mem_bind;
    spec->cpu_bind = o->cpu_bind;
    SET_U32(wait_all_nodes, o->wait_all_nodes);
    SET_U32(immediate_sec, o->immediate_sec);
    if (o->kill_on_invalid_dep || o->keep_on_invalid_dep)
        SET(kill_on_invalid_dep, o->kill_on_invalid_dep ? 1 : 2);
    if (o->no_kill)
        SET(no_kill, 1);
    spec->mpi = o->mpi;
}

/* Where a stream goes: absent means through srun. */
static char *stream_target(char *text)
{
    return !text || !*text || !strcmp(text, "all") || !strcmp(text, "-") ? NULL : text;
}

void job_options_step_spec(const struct job_options *o, Wire__StepSpec *spec)
{
    spec->work_dir = o->work_dir;
    SET_U32(min_nodes, o->min_nodes);
    SET_U32(max_nodes, o->max_nodes);
    SET_U32(num_tasks, o->num_tasks);
    SET_U32(cpus_per_task, o->cpus_per_task);
    SET_U32(ntasks_per_node, o->ntasks_per_node);
    spec->nodelist = text_or_null(o->nodelist);
    spec->exclude = text_or_null(o->exclude);
    SET_U64(mem_per_node_mb, o->mem_per_node_mb);
    SET_U64(mem_per_cpu_mb, o->mem_per_cpu_mb);
    spec->distribution = o->distribution;
    spec->cpu_bind = o->cpu_bind;
    spec->mem_bind = o->mem_bind;
    spec->hint = o->hint;
    spec->gres = text_or_null(o->gres);
    spec->tres_per_step = text_or_null(o->gpus);
    spec->tres_per_task = text_or_null(o->tres_per_task);
    spec->gpu_bind = text_or_null(o->gpu_bind);
    SET_U32(ntasks_per_gpu, o->ntasks_per_gpu);
    spec->mpi = text_or_null(o->mpi);
    spec->std_in = stream_target(o->std_in);
    spec->std_out = stream_target(o->std_out);
    spec->std_err = stream_target(o->std_err);
    if (o->open_mode)
        SET(open_mode, o->open_mode);
    SET_FLAG(pty, o->pty);
    SET_FLAG(overlap, o->overlap);
    SET_FLAG(exact, o->exact);
    SET_FLAG(overcommit, o->overcommit);
    SET_FLAG(exclusive, o->exclusive);
    if (o->kill_on_bad_exit != OPT_UNSET)
        SET(kill_on_bad_exit, o->kill_on_bad_exit != 0);
    SET_U32(time_limit_min, o->time_limit_min);
    SET(umask, current_umask());
    SET_U32(relative, o->relative);
    SET_FLAG(unbuffered, o->unbuffered);
    SET_U32(immediate_sec, o->immediate_sec);
    SET_FLAG(no_wait, o->immediate_sec != OPT_UNSET);
    spec->task_prolog = text_or_null(o->task_prolog);
    spec->task_epilog = text_or_null(o->task_epilog);
    SET_U32(slurmd_debug, o->slurmd_debug);
    SET_FLAG(preserve_env, o->preserve_env);
    SET_FLAG(wait_for_children, o->wait_for_children);
    SET_FLAG(async, o->async);
}

char *submit_line_format(int argc, char *const *argv)
{
    struct strbuf line = STRBUF_INIT;

    for (int i = 0; i < argc && line.len < SUBMIT_LINE_MAX; i++) {
        if (i)
            strbuf_addc(&line, ' ');
        strbuf_add_mem(&line, argv[i], strnlen(argv[i], SUBMIT_LINE_MAX - line.len));
    }
    strbuf_truncate(&line, SUBMIT_LINE_MAX);
    return strbuf_take(&line);
}
