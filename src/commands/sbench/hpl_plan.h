/* hpl_plan.h - the size of an HPL run: N, NB and P x Q for boards of given cores and memory.
 *
 * Sources: the HPL FAQ and tuning notes (about 80 % of memory, NB in 32..256, P:Q about 1:1 to 1:3,
 * P <= Q), and published runs on Raspberry Pis for NB, memory share and speed of each class.
 */
#ifndef BRAMBLE_SBENCH_HPL_PLAN_H
#define BRAMBLE_SBENCH_HPL_PLAN_H

#include <stdbool.h>
#include <stdint.h>

struct error;

/* What is known of a hardware class. */
struct hpl_class {
    const char *name;
    uint32_t block;      /* NB to start with */
    double full_share;   /* share of memory that a full run may fill */
    double core_gflops;  /* a core's typical HPL speed, for the estimate of the run's time */
};
/* The row of a class; unknown ones get that of "generic".  Never NULL. */
const struct hpl_class *hpl_class_find(const char *name);

#define HPL_QUICK_SHARE 0.15

struct hpl_request {
    const char *hw_class;
    uint32_t num_nodes;
    uint32_t ranks_per_node;
    uint64_t mem_mb;     /* of the node that has least */
    double share;        /* of that memory, 0 < share <= 0.95 */
    uint32_t order;      /* N asked for; 0: from the memory */
    uint32_t block;      /* NB asked for; 0: the class's */
    uint32_t rows, cols; /* P and Q asked for; 0: chosen */
};
struct hpl_plan {
    uint32_t order, block, rows, cols; /* N, NB, P, Q */
    double flops;        /* 2/3 N^3 + 3/2 N^2 */
    double seconds;      /* estimate */
    double mem_share;    /* of the smallest node's memory that the matrix takes */
};
int hpl_plan_make(const struct hpl_request *req, struct hpl_plan *plan, struct error *err);

/* HPL.dat (and hpccinf.txt, which has the same form) for a plan; caller frees.  threshold > 0. */
char *hpl_input_make(const struct hpl_plan *plan, double threshold);

#endif
