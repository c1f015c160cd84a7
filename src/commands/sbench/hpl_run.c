/* hpl_run.c - inside the allocation: ask what its nodes have, choose the size, become srun. */
#include "config.h"
#include "hpl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "hpl_plan.h"
#include "spawn.h"
#include "util/error.h"
#include "util/mem.h"

#define MAX_SCONTROL (16u << 20)

static int ask_nodes(struct hpl_nodes *nodes, struct error *err)
{
    CLEANUP_FREE char *scontrol = spawn_sibling("scontrol");
    CLEANUP_FREE char *text = NULL;
    char *list = getenv("SLURM_JOB_NODELIST");
    char *argv[] = { scontrol, "show", "node", "-o", list, NULL };
    int rc;

    if (!list)
        return error_set(err, BRE_INVAL, "not inside an allocation: call sbench hpl instead");
    if ((rc = spawn_capture(argv, NULL, &text, MAX_SCONTROL, NULL, NULL, err)) < 0)
        return -1;
    if (rc)
        return error_set(err, BRE_NODE_NAME, "scontrol show node %s failed with code %d", list, rc);
    return hpl_nodes_parse(nodes, text, err);
}

static int make_plan(const struct hpl_options *opts, struct hpl_plan *plan, uint32_t *ranks_per_node,
                     struct error *err)
{
    const char *limit = getenv("SLURM_MEM_PER_NODE");
    struct hpl_nodes nodes = { 0 };
    struct hpl_request req;
    int rc;

    if (ask_nodes(&nodes, err) < 0)
        return -1;
    if (nodes.mixed && !opts->mixed) {
        error_set(err, BRE_NODE_CONFIG,
                  "the nodes %s are of several hardware classes, and HPL would run at the slowest one's "
                  "speed: choose a partition of one class, or add --mixed", nodes.names);
        hpl_nodes_fini(&nodes);
        return -1;
    }
    req = (struct hpl_request){ .hw_class = nodes.hw_class, .num_nodes = nodes.num_nodes,
        .ranks_per_node = opts->ranks_per_node ? opts->ranks_per_node : nodes.cores,
        .mem_mb = nodes.mem_mb, .order = opts->order, .block = opts->block, .rows = opts->rows,
        .cols = opts->cols,
        .share = opts->share > 0 ? opts->share : hpl_class_find(nodes.hw_class)->full_share };
    if (limit && strtoull(limit, NULL, 10) && strtoull(limit, NULL, 10) < req.mem_mb)
        req.mem_mb = strtoull(limit, NULL, 10);
    rc = hpl_plan_make(&req, plan, err);
    *ranks_per_node = req.ranks_per_node;
    if (!rc)
        fprintf(stderr,
                "sbench: %s: N=%u NB=%u PxQ=%ux%u, %.0f %% of the memory of %u node%s of class %s; about "
                "%.0f s on real boards\n",
                nodes.names, plan->order, plan->block, plan->rows, plan->cols, 100 * plan->mem_share,
                req.num_nodes, req.num_nodes == 1 ? "" : "s", req.hw_class, plan->seconds);
    hpl_nodes_fini(&nodes);
    return rc;
}

/* The input as a file without a name, to be srun's standard input. */
static int input_to_stdin(const char *input, struct error *err)
{
    size_t len = strlen(input);
    CLEANUP_CLOSE int fd = memfd_create("hpl-input", MFD_CLOEXEC);

    if (fd < 0 || write(fd, input, len) != (ssize_t)len || lseek(fd, 0, SEEK_SET) < 0
        || dup2(fd, STDIN_FILENO) < 0)
        return error_set(err, errno, "cannot pass on HPL's input: %s", strerror(errno));
    return 0;
}

static int become_srun(const struct hpl_options *opts, const struct hpl_plan *plan, uint32_t ranks_per_node,
                       struct error *err)
{
    CLEANUP_FREE char *srun = spawn_sibling("srun");
    CLEANUP_FREE char *self = spawn_self();
    CLEANUP_FREE char *input = hpl_input_make(plan, opts->threshold);
    CLEANUP_FREE char *mpi = xasprintf("--mpi=%s", opts->mpi);
    CLEANUP_FREE char *ntasks = xasprintf("--ntasks=%u", plan->rows * plan->cols);
    CLEANUP_FREE char *per_node = xasprintf("--ntasks-per-node=%u", ranks_per_node);
    char *argv[] = { srun, mpi, ntasks, per_node, "--cpu-bind=cores", "--kill-on-bad-exit=1", "--input=0",
                     "--job-name=xhpl", "--chdir=/tmp", self, "hpl-rank", opts->program, NULL };

    if (!self)
        return error_set(err, errno, "cannot find myself: %s", strerror(errno));
    if (input_to_stdin(input, err) < 0)
        return -1;
    /* one BLAS thread a rank: ranks fill the cores */
    setenv("OPENBLAS_NUM_THREADS", "1", 1);
    setenv("OMP_NUM_THREADS", "1", 1);
    setenv("BLIS_NUM_THREADS", "1", 1);
    execvp(srun, argv);
    return error_set(err, errno, "cannot start %s: %s", srun, strerror(errno));
}

int hpl_run_main(int argc, char **argv)
{
    struct hpl_options opts;
    struct hpl_plan plan;
    struct error err = { 0 };
    uint32_t ranks_per_node;
    int rc = hpl_options_parse(&opts, argc, argv);

    if (rc)
        return rc < 0;
    if ((rc = make_plan(&opts, &plan, &ranks_per_node, &err)) == 0 && !opts.dry_run)
        rc = become_srun(&opts, &plan, ranks_per_node, &err);
    if (rc < 0)
        fprintf(stderr, "sbench: error: %s\n", err.text);
    hpl_options_fini(&opts);
    return rc < 0;
}
