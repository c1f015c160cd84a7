/* hpl.h - sbench hpl: three roles of one program.
 *
 *     sbench hpl       asks for the nodes (salloc), reads the output, judges it
 *     sbench hpl-run   inside the allocation: chooses the size from what its nodes report, starts srun
 *     sbench hpl-rank  each task: rank 0 writes HPL's input where it runs, all become HPL
 *
 * The input travels by srun's standard input and the output by its standard output, so the boards
 * need no file system in common with the host where sbench was called.
 */
#ifndef BRAMBLE_SBENCH_HPL_H
#define BRAMBLE_SBENCH_HPL_H

#include <stdbool.h>
#include <stdint.h>

struct error;

struct hpl_options {
    const char *partition, *nodelist, *time_limit, *account, *qos, *mpi;
    char *program;             /* absolute path; owned */
    uint32_t num_nodes;
    uint32_t ranks_per_node;   /* 0: one a core */
    double share;              /* 0: the class's full share */
    uint32_t order, block, rows, cols;
    double threshold;
    bool mixed;                /* allow several hardware classes */
    bool dry_run;              /* plan and stop */
    bool verbose;              /* HPL's own output too */
};

/* Roles; each returns the process's exit code. */
int hpl_main(int argc, char **argv);
int hpl_run_main(int argc, char **argv);
int hpl_rank_main(int argc, char **argv);

/* options.c.  1: help or version was printed, all is done.  -1: a message was printed. */
int hpl_options_parse(struct hpl_options *opts, int argc, char **argv);
void hpl_options_fini(struct hpl_options *opts);
void hpl_usage(void);

/* nodes.c: what the nodes of an allocation have in common. */
struct hpl_nodes {
    uint32_t num_nodes, cores; /* cores: of the node with fewest */
    uint64_t mem_mb;           /* of the node with least */
    char hw_class[64];
    bool mixed;                /* several classes: hw_class is the first node's */
    char *names;               /* as scontrol prints them, joined by commas */
};
/* Reads the output of "scontrol show node -o". */
int hpl_nodes_parse(struct hpl_nodes *nodes, const char *text, struct error *err);
void hpl_nodes_fini(struct hpl_nodes *nodes);

#endif
