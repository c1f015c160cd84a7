/* jobenv.c - the output environment of jobs, batch scripts, steps and tasks. */
#include "config.h"
#include "jobenv/jobenv.h"

#include "jobenv/env.h"
#include "util/num.h"
#include "util/strbuf.h"
#include "util/mem.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PID_DIGITS 10 /* room for any pid_t */
static const char pid_variable[] = "SLURM_TASK_PID";

/* A submitter's environment may be a job's own (sbatch in a batch script, srun in a step): what
 * describes that job, step or task must not leak into the new one. */
static void clear_step(struct env *env)
{
    static const char *const names[] = {
        "SLURM_STEP_ID",  "SLURM_STEPID",        "SLURM_STEP_NODELIST",     "SLURM_STEP_NUM_NODES",
        "SLURM_PROCID",   "SLURM_STEP_NUM_TASKS", "SLURM_STEP_TASKS_PER_NODE", "SLURM_LOCALID",
        "SLURM_NODEID",   "SLURM_GTIDS",         "SLURM_CPUS_ON_NODE",      "SLURMD_NODENAME",
        "SLURM_TASK_PID", "SLURM_TOPOLOGY_ADDR", "SLURM_TOPOLOGY_ADDR_PATTERN", "SLURM_UMASK",
        "SLURM_LAUNCH_NODE_IPADDR", "SLURM_SRUN_COMM_HOST", "SLURM_MPI_TYPE", "SLURM_PMIX_MAPPING_SERV",
        "PMIX_NAMESPACE", "PMIX_RANK", "PMI_FD", "PMI_RANK", "PMI_SIZE", "PMI_JOBID",
    };

    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        env_unset(env, names[i]);
    env_unset_prefix(env, "PMIX_SERVER_"); /* settings such as PMIX_MCA_... are the user's */
}

/* SLURM_HET_SIZE, SLURM_NTASKS_HET_GROUP_0, and their older names. */
static bool is_het_variable(const char *name)
{
    return !strncmp(name, "SLURM_", 6)
           && (strstr(name, "_HET_GROUP_") || strstr(name, "_PACK_GROUP_") || !strcmp(name, "SLURM_HET_SIZE")
               || !strcmp(name, "SLURM_PACK_SIZE"));
}

static void clear_job(struct env *env)
{
    static const char *const names[] = {
        "SLURM_NTASKS",          "SLURM_NPROCS",      "SLURM_NTASKS_PER_NODE", "SLURM_CPUS_PER_TASK",
        "SLURM_MEM_PER_NODE",    "SLURM_MEM_PER_CPU", "SLURM_JOB_ACCOUNT",     "SLURM_JOB_QOS",
        "SLURM_JOB_RESERVATION", "SLURM_RESTART_COUNT", "SLURM_JOB_GPUS",        "SLURM_GPUS_ON_NODE",
    };

    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        env_unset(env, names[i]);
    env_unset_prefix(env, "SLURM_ARRAY_");
    env_unset_if(env, is_het_variable);
}

static void set_u64(struct env *env, const char *name, uint64_t value)
{
    env_setf(env, name, "%" PRIu64, value);
}

/* Text that is there and not empty. */
static void set_text(struct env *env, const char *name, const char *text)
{
    if (text && *text)
        env_set(env, name, text);
}

/* MPI hangs when boards have several interfaces and it tries them all: name the one they share,
 * unless the user has chosen. */
static void set_mpi_network(struct env *env, const char *network)
{
    static const struct {
        const char *include, *exclude;
    } pins[] = {
        { "OMPI_MCA_btl_tcp_if_include", "OMPI_MCA_btl_tcp_if_exclude" },
        { "OMPI_MCA_oob_tcp_if_include", "OMPI_MCA_oob_tcp_if_exclude" },
        { "PRTE_MCA_prte_if_include", "PRTE_MCA_prte_if_exclude" },
    };

    if (!network || !*network)
        return;
    for (size_t i = 0; i < ARRAY_SIZE(pins); i++)
        if (!env_has(env, pins[i].exclude))
            env_set_default(env, pins[i].include, network);
}

static void set_tasks(struct env *env, uint32_t num_tasks)
{
    set_u64(env, "SLURM_NTASKS", num_tasks);
    set_u64(env, "SLURM_NPROCS", num_tasks);
}

/* What describes the job to all its processes, steps included. */
static void set_job(struct env *env, const Wire__AllocInfo *alloc)
{
    set_u64(env, "SLURM_JOB_ID", alloc->job_id);
    set_u64(env, "SLURM_JOBID", alloc->job_id);
    set_text(env, "SLURM_JOB_NAME", alloc->job_name);
    set_text(env, "SLURM_CLUSTER_NAME", alloc->cluster_name);
    set_text(env, "SLURM_JOB_PARTITION", alloc->partition);
    set_text(env, "SLURM_JOB_ACCOUNT", alloc->account);
    env_set(env, "SLURM_JOB_QOS", alloc->qos && *alloc->qos ? alloc->qos : "normal");
    set_text(env, "SLURM_JOB_RESERVATION", alloc->reservation);
    set_text(env, "SLURM_JOB_NODELIST", alloc->node_list);
    set_text(env, "SLURM_NODELIST", alloc->node_list);
    set_u64(env, "SLURM_JOB_NUM_NODES", alloc->n_nodes);
    set_u64(env, "SLURM_NNODES", alloc->n_nodes);
    set_text(env, "SLURM_JOB_CPUS_PER_NODE", alloc->cpus_per_node);
    set_text(env, "SLURM_TASKS_PER_NODE", alloc->tasks_per_node);
    set_text(env, "SLURM_SUBMIT_DIR", alloc->submit_dir);
    set_text(env, "SLURM_SUBMIT_HOST", alloc->submit_host);
    if (alloc->has_mem_per_node_mb)
        set_u64(env, "SLURM_MEM_PER_NODE", alloc->mem_per_node_mb);
    else if (alloc->has_mem_per_cpu_mb)
        set_u64(env, "SLURM_MEM_PER_CPU", alloc->mem_per_cpu_mb);
    if (alloc->restart_count)
        set_u64(env, "SLURM_RESTART_COUNT", alloc->restart_count);
    set_mpi_network(env, alloc->mpi_if_include);
    if (alloc->array) {
        set_u64(env, "SLURM_ARRAY_JOB_ID", alloc->array->job_id);
        set_u64(env, "SLURM_ARRAY_TASK_ID", alloc->array->task_id);
        set_u64(env, "SLURM_ARRAY_TASK_COUNT", alloc->array->count);
        set_u64(env, "SLURM_ARRAY_TASK_MAX", alloc->array->max);
        set_u64(env, "SLURM_ARRAY_TASK_MIN", alloc->array->min);
        set_u64(env, "SLURM_ARRAY_TASK_STEP", alloc->array->step);
    }
}

/* One variable of a component, under Slurm's name of today and its older one. */
static void set_group(struct env *env, const char *name, size_t group, const char *value)
{
    static const char *const kinds[] = { "HET", "PACK" };

    for (size_t i = 0; value && *value && i < ARRAY_SIZE(kinds); i++) {
        CLEANUP_FREE char *full = xasprintf("SLURM_%s_%s_GROUP_%zu", name, kinds[i], group);

        env_set(env, full, value);
    }
}

static void set_group_u64(struct env *env, const char *name, size_t group, uint64_t value)
{
    CLEANUP_FREE char *text = xasprintf("%" PRIu64, value);

    set_group(env, name, group, text);
}

static void set_het(struct env *env, const Wire__HetJob *het)
{
    set_u64(env, "SLURM_HET_SIZE", het->n_groups);
    set_u64(env, "SLURM_PACK_SIZE", het->n_groups);
    for (size_t i = 0; i < het->n_groups; i++) {
        const Wire__HetGroup *g = het->groups[i];

        set_group_u64(env, "JOB_ID", i, g->job_id);
        set_group(env, "JOB_NAME", i, g->job_name);
        set_group(env, "JOB_PARTITION", i, g->partition);
        set_group(env, "JOB_QOS", i, g->qos);
        set_group(env, "JOB_NODELIST", i, g->node_list);
        set_group_u64(env, "JOB_NUM_NODES", i, g->num_nodes);
        set_group(env, "JOB_CPUS_PER_NODE", i, g->cpus_per_node);
        set_group(env, "TASKS_PER_NODE", i, g->tasks_per_node);
        set_group_u64(env, "NTASKS", i, g->num_tasks);
        set_group_u64(env, "NPROCS", i, g->num_tasks);
        if (g->has_cpus_per_task)
            set_group_u64(env, "CPUS_PER_TASK", i, g->cpus_per_task);
        if (g->has_mem_per_node_mb)
            set_group_u64(env, "MEM_PER_NODE", i, g->mem_per_node_mb);
        else if (g->has_mem_per_cpu_mb)
            set_group_u64(env, "MEM_PER_CPU", i, g->mem_per_cpu_mb);
    }
}

void jobenv_set_alloc(struct env *env, const Wire__AllocInfo *alloc)
{
    clear_step(env);
    clear_job(env);
    set_job(env, alloc);
    if (alloc->has_num_tasks)
        set_tasks(env, alloc->num_tasks);
    if (alloc->has_ntasks_per_node)
        set_u64(env, "SLURM_NTASKS_PER_NODE", alloc->ntasks_per_node);
    if (alloc->has_cpus_per_task)
        set_u64(env, "SLURM_CPUS_PER_TASK", alloc->cpus_per_task);
    set_text(env, "SLURM_DISTRIBUTION", alloc->distribution);
    if (alloc->overcommit)
        env_set(env, "SLURM_OVERCOMMIT", "1");
    env_set(env, "SLURM_NODE_ALIASES", "(null)");
    if (alloc->het)
        set_het(env, alloc->het);
}

/* What only the board knows that runs the process. */
static void set_place(struct env *env, const Wire__AllocInfo *alloc, const Wire__NodeAlloc *node,
                      uint32_t node_index)
{
    set_text(env, "SLURMD_NODENAME", node->name);
    set_text(env, "SLURM_TOPOLOGY_ADDR", node->name);
    env_set(env, "SLURM_TOPOLOGY_ADDR_PATTERN", "node");
    set_u64(env, "SLURM_NODEID", node_index);
    set_u64(env, "SLURM_CPUS_ON_NODE", node->cpus);
    set_u64(env, "SLURM_JOB_UID", alloc->uid);
    set_u64(env, "SLURM_JOB_GID", alloc->gid);
    set_text(env, "SLURM_JOB_USER", alloc->user_name);
    env_set_default(env, "TMPDIR", "/tmp");
}

void jobenv_set_batch(struct env *env, const Wire__AllocInfo *alloc, uint32_t node_index)
{
    jobenv_set_alloc(env, alloc);
    if (node_index < alloc->n_nodes) {
        set_place(env, alloc, alloc->nodes[node_index], node_index);
        jobenv_set_gres(env, alloc->nodes[node_index]->gres, false);
        set_text(env, "HOSTNAME", alloc->nodes[node_index]->name);
    }
    env_set_default(env, "SLURM_PRIO_PROCESS", "0");
    env_set(env, "SLURM_GTIDS", "0");
    jobenv_set_task(env, 0, 0);
}

/* "none", "map_cpu:0,1", "verbose,cores" as SLURM_CPU_BIND and its three parts. */
static void set_cpu_bind(struct env *env, const char *text)
{
    CLEANUP_FREE char *copy = xstrdup(text), *type = NULL;
    const char *verbose = "quiet", *list = "";
    char *save = NULL;

    for (char *word = strtok_r(copy, ",", &save); word; word = strtok_r(NULL, ",", &save)) {
        char *colon;

        if (!strcmp(word, "v") || !strcmp(word, "verbose")) {
            verbose = "verbose";
        } else if (!strcmp(word, "q") || !strcmp(word, "quiet")) {
            verbose = "quiet";
        } else { /* the rest, commas and all */
            const char *rest = text + (word - copy);

            colon = strchr(word, ':');
            type = colon ? xstrndup(rest, (size_t)(colon - word) + 1) : xstrdup(rest);
            list = colon ? strchr(rest, ':') + 1 : "";
            break;
        }
    }
    env_setf(env, "SLURM_CPU_BIND", "%s%s%s%s", verbose, type ? "," : "", type ? type : "", list);
    env_set(env, "SLURM_CPU_BIND_VERBOSE", verbose);
    env_set(env, "SLURM_CPU_BIND_TYPE", type ? type : "");
    env_set(env, "SLURM_CPU_BIND_LIST", list);
}

/* "verbose,prefer,map_mem:0" as SLURM_MEM_BIND and its parts. */
static void set_mem_bind(struct env *env, const char *text)
{
    CLEANUP_STRBUF struct strbuf type = STRBUF_INIT;
    const char *verbose = "quiet", *list = "", *sort = NULL;
    bool prefer = false;

    for (const char *p = text; *p;) {
        size_t len = strcspn(p, ",");

        if (strncmp(p, "map_mem:", 8) == 0 || strncmp(p, "mask_mem:", 9) == 0) {
            list = strchr(p, ':') + 1;
            strbuf_add_mem(&type, p, (size_t)(list - p));
            break;
        }
        if (len && (*p == 'v' || *p == 'q'))
            verbose = *p == 'v' ? "verbose" : "quiet";
        else if (*p == 'p')
            prefer = true;
        else if (len == 4 && strncmp(p, "sort", 4) == 0)
            sort = "sort";
        else if (len != 6 || strncmp(p, "nosort", 6) != 0)
            strbuf_add_mem(&type, p, len);
        p += len + (p[len] == ',');
    }
    env_setf(env, "SLURM_MEM_BIND", "%s%s%s%s%s", verbose, prefer ? ",prefer" : "", type.len ? "," : "",
             strbuf_str(&type), list);
    env_set(env, "SLURM_MEM_BIND_VERBOSE", verbose);
    env_set(env, "SLURM_MEM_BIND_TYPE", strbuf_str(&type));
    env_set(env, "SLURM_MEM_BIND_LIST", list);
    set_text(env, "SLURM_MEM_BIND_SORT", sort);
    if (prefer)
        env_set(env, "SLURM_MEM_BIND_PREFER", "prefer");
}

static void set_spec(struct env *env, const Wire__StepSpec *spec)
{
    if (spec->has_cpus_per_task)
        set_u64(env, "SLURM_CPUS_PER_TASK", spec->cpus_per_task);
    if (spec->has_ntasks_per_node)
        set_u64(env, "SLURM_NTASKS_PER_NODE", spec->ntasks_per_node);
    if (spec->has_mem_per_node_mb && spec->mem_per_node_mb) {
        set_u64(env, "SLURM_MEM_PER_NODE", spec->mem_per_node_mb);
        env_unset(env, "SLURM_MEM_PER_CPU");
    } else if (spec->has_mem_per_cpu_mb) {
        set_u64(env, "SLURM_MEM_PER_CPU", spec->mem_per_cpu_mb);
        env_unset(env, "SLURM_MEM_PER_NODE");
    }
    if (spec->has_umask)
        env_setf(env, "SLURM_UMASK", "0%03o", spec->umask & 0777);
    set_text(env, "SLURM_DISTRIBUTION", spec->distribution);
    set_text(env, "SLURM_LAUNCH_NODE_IPADDR", spec->launch_address);
    set_text(env, "SLURM_SRUN_COMM_HOST", spec->launch_address);
    if (spec->mpi && *spec->mpi && strcmp(spec->mpi, "none") != 0)
        env_set(env, "SLURM_MPI_TYPE", spec->mpi);
    if (spec->cpu_bind && *spec->cpu_bind)
        set_cpu_bind(env, spec->cpu_bind);
    if (spec->mem_bind && *spec->mem_bind)
        set_mem_bind(env, spec->mem_bind);
    if (spec->overcommit)
        env_set(env, "SLURM_OVERCOMMIT", "1");
}

/* A step over several components: each task sees all of it, under the id of the leader. */
static void set_het_part(struct env *env, const Wire__AllocInfo *alloc, const Wire__StepSpec *spec,
                         uint32_t node_index)
{
    set_u64(env, "SLURM_STEP_NUM_TASKS", spec->het_num_tasks);
    set_tasks(env, spec->het_num_tasks);
    set_u64(env, "SLURM_STEP_NUM_NODES", spec->het_num_nodes);
    set_u64(env, "SLURM_NNODES", spec->het_num_nodes);
    set_u64(env, "SLURM_NODEID", spec->het_first_node + node_index);
    set_u64(env, "SLURM_HET_GROUP", spec->het_group);
    if (alloc->het) {
        set_u64(env, "SLURM_JOB_ID", alloc->het->leader_id);
        set_u64(env, "SLURM_JOBID", alloc->het->leader_id);
    }
}

void jobenv_set_step(struct env *env, const Wire__AllocInfo *alloc, const Wire__StepLayout *layout,
                     const Wire__StepSpec *spec, uint32_t step_id, uint32_t node_index)
{
    static const char *const counts[] = { "SLURM_NNODES", "SLURM_JOB_NUM_NODES", "SLURM_NTASKS", "SLURM_NPROCS" };
    char *kept[ARRAY_SIZE(counts)] = { NULL };

    for (size_t i = 0; spec && spec->preserve_env && i < ARRAY_SIZE(counts); i++)
        kept[i] = xstrdup(env_get(env, counts[i]));
    clear_step(env);
    set_job(env, alloc);
    set_u64(env, "SLURM_STEP_ID", step_id);
    set_u64(env, "SLURM_STEPID", step_id);
    set_text(env, "SLURM_STEP_NODELIST", layout->node_list);
    set_u64(env, "SLURM_STEP_NUM_NODES", layout->n_nodes);
    set_u64(env, "SLURM_STEP_NUM_TASKS", layout->num_tasks);
    set_text(env, "SLURM_STEP_TASKS_PER_NODE", layout->tasks_per_node);
    set_text(env, "SLURM_TASKS_PER_NODE", layout->tasks_per_node);
    set_u64(env, "SLURM_NNODES", layout->n_nodes);
    set_tasks(env, layout->num_tasks);
    if (spec)
        set_spec(env, spec);
    for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
        set_text(env, counts[i], kept[i]);
        free(kept[i]);
    }
    if (node_index < layout->n_nodes) {
        set_place(env, alloc, layout->nodes[node_index], node_index);
        jobenv_set_gres(env, layout->nodes[node_index]->gres, true);
    }
    env_set_default(env, "SLURM_PRIO_PROCESS", "0");
    if (node_index < layout->n_tasks) {
        const Wire__NodeTasks *tasks = layout->tasks[node_index];
        CLEANUP_STRBUF struct strbuf gtids = STRBUF_INIT;

        for (size_t i = 0; i < tasks->n_gtids; i++)
            strbuf_addf(&gtids, i ? ",%" PRIu32 : "%" PRIu32,
                        tasks->gtids[i] + (spec ? spec->het_first_task : 0));
        env_set(env, "SLURM_GTIDS", strbuf_str(&gtids));
    }
    if (spec && spec->has_het_num_tasks)
        set_het_part(env, alloc, spec, node_index);
}

void jobenv_set_task(struct env *env, uint32_t gtid, uint32_t local_id)
{
    set_u64(env, "SLURM_PROCID", gtid);
    set_u64(env, "SLURM_LOCALID", local_id);
    env_setf(env, pid_variable, "%*s", PID_DIGITS, "");
}

void jobenv_put_pid(char *const *vector, pid_t pid)
{
    char digits[PID_DIGITS];
    size_t num = 0, at = sizeof pid_variable;
    unsigned rest = (unsigned)pid;

    while (*vector
           && (strncmp(*vector, pid_variable, sizeof pid_variable - 1) != 0
               || (*vector)[sizeof pid_variable - 1] != '='))
        vector++;
    if (!*vector || strlen(*vector) != sizeof pid_variable + PID_DIGITS)
        return;
    do
        digits[num++] = (char)('0' + rest % 10);
    while (rest /= 10);
    while (num)
        (*vector)[at++] = digits[--num];
    (*vector)[at] = '\0';
}

void jobenv_set_login(struct env *env, const char *user, const char *home, const char *shell)
{
    env_set_default(env, "USER", user);
    env_set_default(env, "LOGNAME", user);
    env_set_default(env, "HOME", home);
    env_set_default(env, "SHELL", shell && *shell ? shell : "/bin/sh");
    env_set_default(env, "PATH",
                    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
}
