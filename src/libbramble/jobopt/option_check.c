/* option_check.c - options that contradict each other, and values that follow from others. */
#include "config.h"
#include "jobopt/jobopt_private.h"

#include <limits.h>
#include <string.h>
#include <strings.h>

#include "util/error.h"
#include "util/hostlist.h"
#include "util/log.h"
#include "util/mem.h"

/* Of --mem and --mem-per-cpu the stronger one counts; two given alike exclude each other. */
static int check_memory(struct job_options *o, struct error *err)
{
    enum option_source node = job_options_source(o, "mem"), cpu = job_options_source(o, "mem-per-cpu");
    bool node_env = node == OPT_BY_ENV, cpu_env = cpu == OPT_BY_ENV;

    if (!node || !cpu)
        return 0;
    if (node_env == cpu_env) {
        o->exit_code = EXIT_NUMBER;
        return error_set(err, BRE_INVAL,
                         "fatal: --mem, --mem-per-cpu, and --mem-per-gpu are mutually exclusive. Leave one of them out.");
    }
    if (node_env)
        o->mem_per_node_mb = OPT_UNSET64;
    else
        o->mem_per_cpu_mb = OPT_UNSET64;
    job_options_unset(o, node_env ? "mem" : "mem-per-cpu");
    return 0;
}

/* The nodes of --nodelist must fit into --nodes. */
static int check_node_list(struct job_options *o, struct error *err)
{
    CLEANUP_HOSTLIST struct hostlist *hosts = NULL;
    size_t count;

    if (!o->nodelist || !*o->nodelist)
        return 0;
    if (!(hosts = hostlist_parse(o->nodelist, 0, err))) {
        o->exit_code = EXIT_NUMBER;
        return -1;
    }
    if (!o->distribution || strncasecmp(o->distribution, "arbitrary", 9))
        hostlist_uniq(hosts);
    count = hostlist_count(hosts);
    if (o->min_nodes == OPT_UNSET && !(o->command == CMD_SRUN && job_options_given(o, "jobid"))) {
        CLEANUP_HOSTLIST struct hostlist *once = hostlist_parse(o->nodelist, 0, NULL);

        hostlist_uniq(once);
        o->min_nodes = (uint32_t)hostlist_count(once);
        if (o->num_tasks != OPT_UNSET && o->num_tasks < o->min_nodes)
            o->min_nodes = o->num_tasks;
        return 0;
    }
    if (o->max_nodes == OPT_UNSET || count <= o->max_nodes)
        return 0;
    if (o->command == CMD_SBATCH) {
        o->exit_code = EXIT_NUMBER;
        return error_set(err, BRE_TOO_MANY_NODES,
                         "invalid number of nodes (-N %zu-%u): --nodelist names more nodes than --nodes permits",
                         count, o->max_nodes);
    }
    if (o->max_nodes == 0)
        return 0;
    log_error("Required nodelist includes more nodes than permitted by max-node count (%zu > %u). "
              "Eliminating nodes from the nodelist.",
              count, o->max_nodes);
    while (hostlist_count(hosts) > o->max_nodes)
        hostlist_remove(hosts, hostlist_count(hosts) - 1);
    free(o->nodelist);
    o->nodelist = hostlist_format(hosts);
    return 0;
}

static void check_counts(struct job_options *o)
{
    bool nodes = o->min_nodes != OPT_UNSET, tasks = o->num_tasks != OPT_UNSET;
    bool per_node = o->ntasks_per_node != OPT_UNSET;

    if (nodes && tasks && o->min_nodes > o->num_tasks) {
        log_info("Warning: can't run %u processes on %u nodes, setting nnodes to %u", o->num_tasks,
                 o->min_nodes, o->num_tasks);
        o->min_nodes = o->num_tasks;
        if (o->max_nodes != OPT_UNSET && o->max_nodes > o->min_nodes)
            o->max_nodes = o->min_nodes;
    }
    if (nodes && tasks && per_node && o->max_nodes != OPT_UNSET && o->command != CMD_SBATCH
        && (uint64_t)o->ntasks_per_node * o->max_nodes < o->num_tasks) {
        log_info("Warning: can't honor --ntasks-per-node set to %u which doesn't match the requested tasks %u "
                 "with the number of requested nodes %u. Ignoring --ntasks-per-node.",
                 o->ntasks_per_node, o->num_tasks, o->min_nodes);
        o->ntasks_per_node = OPT_UNSET;
        per_node = false;
    }
    /* With nodes and tasks a node both known, so is the number of tasks. */
    if (nodes && !tasks && per_node
        && (uint64_t)o->ntasks_per_node * o->min_nodes < OPT_UNSET)
        o->num_tasks = o->ntasks_per_node * o->min_nodes;
    /* srun starts a task on each node when nothing else is said. */
    if (o->command == CMD_SRUN && o->num_tasks == OPT_UNSET && o->min_nodes != OPT_UNSET && o->min_nodes)
        o->num_tasks = o->min_nodes;
}

static int check_step(struct job_options *o, struct error *err)
{
    bool inside = job_options_given(o, "jobid");

    o->exit_code = EXIT_NUMBER;
    if (o->relative != OPT_UNSET && !inside)
        return error_set(err, BRE_INVAL, "fatal: --relative option invalid for job allocation request: it counts in "
                                         "the nodes of an allocation, see salloc");
    if (o->distribution && !strncasecmp(o->distribution, "arbitrary", 9) && !o->nodelist)
        return error_set(err, BRE_INVAL,
                         "With Arbitrary distribution you need to specify a nodelist or hostfile with the -w option");
    if (inside && o->exclusive)
        o->exact = true;
    if (o->async && (o->pty || o->label))
        return error_set(err, BRE_INVAL, "--async leaves at once: it goes without --pty and --label");
    if (o->async && !o->std_out) /* nobody is there to forward it to */
        option_set_text(&o->std_out, "slurm-%J.out");
    if (o->async && !o->std_in)
        option_set_text(&o->std_in, "none");
    if (o->interactive) /* the shell of a job: beside all its steps, on its first node */
        o->overlap = o->overcommit = true;
    if (o->interactive && inside && o->num_tasks == OPT_UNSET)
        o->num_tasks = o->min_nodes = o->max_nodes = 1;
    if (o->external_launcher) { /* beside all others, on all cores, bound by the launcher alone */
        o->overlap = o->overcommit = true;
        o->exact = o->exclusive = false;
        o->cpus_per_task = OPT_UNSET;
        if (!o->cpu_bind)
            option_set_text(&o->cpu_bind, "none");
    }
    if (o->pty && (o->std_in || o->std_out || o->std_err))
        return error_set(err, BRE_INVAL, "--error/--input/--output are incompatible with --pty: the terminal is all three");
    o->unbuffered |= o->pty;
    return 0;
}

int job_options_check(struct job_options *o, struct error *err)
{
    if (check_memory(o, err) < 0 || check_node_list(o, err) < 0 || option_check_gres(o, err) < 0)
        return -1;
    o->exit_code = EXIT_NUMBER;
    if (o->min_nodes == 0)
        return error_set(err, BRE_TOO_MANY_NODES, "%s: Node count specification invalid: --nodes needs at least 1",
                         o->command == CMD_SBATCH ? "Batch job submission failed"
                         : o->command == CMD_SRUN ? "Unable to allocate resources"
                                                  : "Job submit/allocate failed");
    if (o->command == CMD_SBATCH && o->max_nodes != OPT_UNSET && o->ntasks_per_node != OPT_UNSET
        && o->num_tasks != OPT_UNSET && (uint64_t)o->ntasks_per_node * o->max_nodes < o->num_tasks)
        return error_set(err, BRE_NODE_CONFIG,
                         "Batch job submission failed: Requested node configuration is not available: %u tasks do "
                         "not fit on %u nodes with --ntasks-per-node=%u",
                         o->num_tasks, o->max_nodes, o->ntasks_per_node);
    check_counts(o);
    if (o->command == CMD_SRUN && check_step(o, err) < 0)
        return -1;
    o->exit_code = 0;
    return 0;
}
