/* hpl_plan.c - chooses the size of a run and writes HPL's input. */
#include "config.h"
#include "hpl_plan.h"

#include <math.h>
#include <string.h>

#include "util/error.h"
#include "util/mem.h"

#define MIN_ORDER 64u
#define MAX_ORDER 2000000u

static const struct hpl_class classes[] = {
    { "pi3", 96, 0.65, 1.0 },
    { "pi4", 128, 0.75, 2.9 },
    { "pi5", 256, 0.80, 8.0 },
    { "generic", 192, 0.80, 8.0 },
};

const struct hpl_class *hpl_class_find(const char *name)
{
    for (size_t i = 0; name && i < ARRAY_SIZE(classes); i++)
        if (!strcmp(classes[i].name, name))
            return &classes[i];
    return &classes[ARRAY_SIZE(classes) - 1];
}

/* P: the largest divisor of the ranks that is not above their square root. */
static int choose_grid(const struct hpl_request *req, struct hpl_plan *plan, struct error *err)
{
    uint32_t ranks = req->num_nodes * req->ranks_per_node;

    if (req->rows || req->cols) {
        if ((uint64_t)req->rows * req->cols != ranks)
            return error_set(err, BRE_INVAL, "--grid %ux%u needs %llu ranks, but there are %u", req->rows,
                             req->cols, (unsigned long long)req->rows * req->cols, ranks);
        plan->rows = req->rows;
        plan->cols = req->cols;
        return 0;
    }
    for (uint32_t p = 1; (uint64_t)p * p <= ranks; p++)
        if (ranks % p == 0)
            plan->rows = p;
    plan->cols = ranks / plan->rows;
    return 0;
}

static double matrix_mb(uint32_t order)
{
    return 8.0 * order * order / (1024.0 * 1024.0);
}

int hpl_plan_make(const struct hpl_request *req, struct hpl_plan *plan, struct error *err)
{
    const struct hpl_class *class = hpl_class_find(req->hw_class);
    double total_mb = (double)req->num_nodes * (double)req->mem_mb, order;
    struct hpl_plan made = { .block = req->block ? req->block : class->block };

    if (!req->num_nodes || !req->ranks_per_node)
        return error_set(err, BRE_INVAL, "no nodes or no cores to run on");
    if (!(req->share > 0 && req->share <= 0.95))
        return error_set(err, BRE_INVAL, "the share of memory must be above 0 and at most 0.95");
    order = req->order;
    if (!req->order) {
        if (!req->mem_mb)
            return error_set(err, BRE_INVAL,
                             "the nodes report no memory: give the problem's size with --problem-size");
        order = floor(sqrt(req->share * total_mb * 1024 * 1024 / 8) / made.block) * made.block;
        if (order < made.block)
            order = made.block;
    } else if (req->mem_mb && matrix_mb(req->order) > 0.95 * total_mb) {
        return error_set(err, BRE_MEM_LIMIT,
                         "a problem of size %u needs %.0f MB, and the nodes have %.0f MB in all: "
                         "give at most --problem-size %.0f, or more nodes",
                         req->order, matrix_mb(req->order), total_mb,
                         floor(sqrt(0.95 * total_mb * 1024 * 1024 / 8)));
    }
    if (order < MIN_ORDER)
        order = MIN_ORDER;
    if (order > MAX_ORDER)
        order = MAX_ORDER;
    made.order = (uint32_t)order;
    if (choose_grid(req, &made, err) < 0)
        return -1;
    made.flops = 2.0 / 3.0 * order * order * order + 1.5 * order * order;
    made.seconds = made.flops / (class->core_gflops * 1e9 * req->num_nodes * req->ranks_per_node);
    made.mem_share = total_mb > 0 ? matrix_mb(made.order) / total_mb : 0;
    *plan = made;
    return 0;
}

char *hpl_input_make(const struct hpl_plan *plan, double threshold)
{
    return xasprintf("HPLinpack benchmark input file\n"
                     "made by sbench\n"
                     "HPL.out      output file name (if any)\n"
                     "6            device out (6=stdout,7=stderr,file)\n"
                     "1            # of problems sizes (N)\n"
                     "%u           Ns\n"
                     "1            # of NBs\n"
                     "%u           NBs\n"
                     "0            PMAP process mapping (0=Row-,1=Column-major)\n"
                     "1            # of process grids (P x Q)\n"
                     "%u           Ps\n"
                     "%u           Qs\n"
                     "%.1f         threshold\n"
                     "1            # of panel fact\n"
                     "2            PFACTs (0=left, 1=Crout, 2=Right)\n"
                     "1            # of recursive stopping criterium\n"
                     "4            NBMINs (>= 1)\n"
                     "1            # of panels in recursion\n"
                     "2            NDIVs\n"
                     "1            # of recursive panel fact.\n"
                     "1            RFACTs (0=left, 1=Crout, 2=Right)\n"
                     "1            # of broadcast\n"
                     "1            BCASTs (0=1rg,1=1rM,2=2rg,3=2rM,4=Lng,5=LnM)\n"
                     "1            # of lookahead depth\n"
                     "1            DEPTHs (>=0)\n"
                     "2            SWAP (0=bin-exch,1=long,2=mix)\n"
                     "64           swapping threshold\n"
                     "0            L1 in (0=transposed,1=no-transposed) form\n"
                     "0            U  in (0=transposed,1=no-transposed) form\n"
                     "1            Equilibration (0=no,1=yes)\n"
                     "8            memory alignment in double (> 0)\n",
                     plan->order, plan->block, plan->rows, plan->cols, threshold);
}
