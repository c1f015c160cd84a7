/* het.c - one srun over several components of a heterogeneous job.
 *
 * Each component is a job with nodes of its own, so its part of the step is a step of that job.  This
 * srun becomes the parent of one process for each; they share its streams, know which ranks come
 * before theirs, and the highest of their exit codes is its own.
 */
#include "config.h"
#include "het.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/bitmap.h"
#include "util/error.h"
#include "util/log.h"
#include "util/mem.h"
#include "util/num.h"

/* SLURM_<name>_HET_GROUP_<group>, or NULL. */
static const char *group_variable(const char *name, uint32_t group)
{
    CLEANUP_FREE char *full = xasprintf("SLURM_%s_HET_GROUP_%u", name, group);

    return getenv(full);
}

static uint32_t group_number(const char *name, uint32_t group, uint32_t otherwise)
{
    const char *text = group_variable(name, group);
    uint32_t number;

    return text && num_parse_u32(text, 0, UINT32_MAX, &number, "", NULL) == 0 ? number : otherwise;
}

uint32_t het_size(void)
{
    const char *text = getenv("SLURM_HET_SIZE");
    uint32_t size;

    return text && num_parse_u32(text, 1, HET_MAX, &size, "", NULL) == 0 ? size : 0;
}

/* The groups that a component of the command line is for, as bits. */
static struct bitmap *groups_of(const struct job_options *o, uint32_t place, uint32_t size, struct error *err)
{
    struct bitmap *groups;

    if (!o->het_group) {
        if (place >= size) {
            error_set(err, BRE_INVAL, "Requested het-group offset exceeds highest hetjob index (%u > %u)", place,
                      size - 1);
            return NULL;
        }
        groups = bitmap_create(size);
        bitmap_set(groups, place);
        return groups;
    }
    groups = bitmap_parse_any(o->het_group, HET_MAX, NULL);
    if (!groups || bitmap_count(groups) == 0) {
        bitmap_destroy(groups);
        error_set(err, BRE_INVAL, "Invalid --het-group specification: '%.64s' is no list of numbers such as 0-2,4",
                  o->het_group);
        return NULL;
    }
    bitmap_for_each(groups, g)
    {
        if ((uint32_t)g < size)
            continue;
        error_set(err, BRE_INVAL, "Requested het-group offset exceeds highest hetjob index (%zu > %u)", (size_t)g,
                  size - 1);
        bitmap_destroy(groups);
        return NULL;
    }
    return groups;
}

static int add_run(struct het_plan *plan, uint32_t group, size_t component, const struct job_options *o,
                   struct error *err)
{
    struct het_run *run;

    for (size_t i = 0; i < plan->num; i++)
        if (plan->runs[i].group == group)
            return error_set(err, BRE_INVAL, "Duplicate het groups in single srun not supported: each component has "
                                             "one part of the step");
    plan->runs = xreallocarray(plan->runs, plan->num + 1, sizeof *plan->runs);
    run = &plan->runs[plan->num++];
    *run = (struct het_run){
        .group = group,
        .component = component,
        .job_id = group_number("JOB_ID", group, 0),
        .num_tasks = job_options_source(o, "ntasks") == OPT_BY_CLI ? o->num_tasks : group_number("NTASKS", group, 1),
    };
    if (!run->job_id)
        return error_set(err, BRE_INVAL, "the job of component %u is not known: SLURM_JOB_ID_HET_GROUP_%u is not set",
                         group, group);
    return 0;
}

/* What all parts have to agree on. */
static int check_parts(struct het_plan *plan, const struct job_components *c, struct error *err)
{
    for (size_t i = 0; i < c->num; i++) {
        const struct job_options *o = &c->parts[i].options;

        if (o->multi_prog)
            return error_set(err, BRE_INVAL, "--multi-prog option not supported with multiple het groups");
        if (o->mpi && *o->mpi && plan->mpi && strcmp(o->mpi, plan->mpi))
            return error_set(err, BRE_INVAL, "--mpi=%s and --mpi=%s: the components of a step have one launcher",
                             plan->mpi, o->mpi);
        if (o->mpi && *o->mpi && !plan->mpi)
            plan->mpi = xstrdup(o->mpi);
    }
    if (getrandom(&plan->token, sizeof plan->token, 0) != (ssize_t)sizeof plan->token)
        return error_set(err, errno, "getrandom: %s", strerror(errno));
    return 0;
}

int het_plan_make(struct het_plan *plan, const struct job_components *c, struct error *err)
{
    uint32_t size = het_size();

    *plan = (struct het_plan){ 0 };
    if (!size)
        return error_set(err, BRE_INVAL,
                         c->num > 1 ? "several components (\":\") need a heterogeneous job, and this allocation is none"
                                    : "--het-group names components of a heterogeneous job, and this is none");
    for (size_t i = 0; i < c->num; i++) {
        struct bitmap *groups = groups_of(&c->parts[i].options, (uint32_t)i, size, err);

        if (!groups)
            return -1;
        bitmap_for_each(groups, g)
        {
            if (add_run(plan, (uint32_t)g, i, &c->parts[i].options, err) < 0) {
                bitmap_destroy(groups);
                return -1;
            }
        }
        bitmap_destroy(groups);
    }
    return plan->num > 1 ? check_parts(plan, c, err) : 0;
}

void het_plan_fini(struct het_plan *plan)
{
    free(plan->runs);
    free(plan->mpi);
    *plan = (struct het_plan){ 0 };
}

static void set_or_unset(const char *name, const char *value)
{
    if (value)
        setenv(name, value, 1);
    else
        unsetenv(name);
}

void het_enter(uint32_t group)
{
    static const struct {
        const char *group, *job;
    } names[] = {
        { "JOB_ID", "SLURM_JOB_ID" },
        { "JOB_ID", "SLURM_JOBID" },
        { "JOB_NODELIST", "SLURM_JOB_NODELIST" },
        { "JOB_NODELIST", "SLURM_NODELIST" },
        { "JOB_NUM_NODES", "SLURM_JOB_NUM_NODES" },
        { "JOB_NUM_NODES", "SLURM_NNODES" },
        { "NTASKS", "SLURM_NTASKS" },
        { "NPROCS", "SLURM_NPROCS" },
        { "TASKS_PER_NODE", "SLURM_TASKS_PER_NODE" },
        { "JOB_CPUS_PER_NODE", "SLURM_JOB_CPUS_PER_NODE" },
        { "CPUS_PER_TASK", "SLURM_CPUS_PER_TASK" },
        { "MEM_PER_NODE", "SLURM_MEM_PER_NODE" },
        { "MEM_PER_CPU", "SLURM_MEM_PER_CPU" },
        { "JOB_PARTITION", "SLURM_JOB_PARTITION" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        set_or_unset(names[i].job, group_variable(names[i].group, group));
    unsetenv("SLURM_NTASKS_PER_NODE");
}

/* Standard input goes to the first component alone. */
static void close_input(void)
{
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

    if (fd >= 0) {
        dup2(fd, STDIN_FILENO);
        if (fd != STDIN_FILENO)
            close(fd);
    }
}

static int wait_all(pid_t *pids, size_t num, const sigset_t *watched)
{
    size_t left = num;
    int code = 0;

    while (left) {
        int signum = sigwaitinfo(watched, NULL);

        if (signum < 0)
            continue;
        /* what a terminal sends has reached the children too */
        for (size_t i = 0; i < num; i++)
            if (pids[i] > 0 && signum != SIGCHLD && signum != SIGINT)
                kill(pids[i], signum);
        for (size_t i = 0; signum == SIGCHLD && i < num; i++) {
            int status, one;

            if (pids[i] <= 0 || waitpid(pids[i], &status, WNOHANG) != pids[i])
                continue;
            one = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
            code = one > code ? one : code;
            pids[i] = 0;
            left--;
            for (size_t k = 0; WIFSIGNALED(status) && k < num; k++) /* what it was to do nobody does */
                if (pids[k] > 0)
                    kill(pids[k], SIGTERM);
        }
    }
    return code;
}

int het_spread(const struct het_plan *plan, het_child_f *child, void *arg)
{
    static const int signals[] = { SIGCHLD, SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2 };
    CLEANUP_FREE pid_t *pids = xcalloc(plan->num, sizeof *pids);
    sigset_t watched, before;
    size_t num = 0;
    int code;

    sigemptyset(&watched);
    for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
        sigaddset(&watched, signals[i]);
    sigprocmask(SIG_BLOCK, &watched, &before);
    for (; num < plan->num; num++) {
        pids[num] = fork();
        if (pids[num] < 0) {
            log_error("fork: %s", strerror(errno));
            for (size_t i = 0; i < num; i++)
                kill(pids[i], SIGTERM);
            break;
        }
        if (pids[num] == 0) {
            sigprocmask(SIG_SETMASK, &before, NULL);
            if (num)
                close_input();
            het_enter(plan->runs[num].group);
            exit(child(arg, &plan->runs[num]));
        }
    }
    code = wait_all(pids, num, &watched);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return num < plan->num && !code ? 1 : code;
}
