/* sinfo_private.h - lines of sinfo: groups of nodes that are alike in what is shown.
 */
#ifndef BRAMBLE_COMMANDS_SINFO_PRIVATE_H
#define BRAMBLE_COMMANDS_SINFO_PRIVATE_H

#include "commands/display/node_state.h"
#include "commands/sinfo/sinfo.h"
#include "util/hostlist.h"

struct sinfo_params {
    struct console *con;
    const char *partitions, *format, *long_format, *sort, *clusters;
    struct hostlist *nodes;
    struct node_state_filter *states;
    bool all, dead, exact, long_list, node_lines, no_header, noconvert, reasons, responding, summarize,
        reservations;
    unsigned iterate, verbose;
    enum doc_format doc;
};

struct span {
    int64_t min, max;
};

/* One line: a partition (or what stands for several) and nodes of it. */
struct sinfo_group {
    size_t part;       /* row of parts */
    ssize_t node;      /* row of nodes: the first; -1: none */
    uint8_t *members;  /* bits by row of nodes */
    unsigned count, alloc, idle, other;
    int64_t cpus_alloc, cpus_idle, cpus_other, cpus_total;
    struct span cpus, sockets, cores, threads, memory, disk, weight, load, free_mem;
    char *node_list, *hosts, *addresses; /* made when asked for */
};

struct sinfo_data {
    const struct table *nodes, *parts;
    uint32_t *node_rank; /* row of nodes to place by name */
    struct sinfo_group *groups;
    size_t num_groups, cap_groups;
};

/* Make the lines: nodes go together that no matching column of the format tells apart. */
void sinfo_group_nodes(struct sinfo_data *d, const struct sinfo_params *p, const struct format *f,
                       const struct view *view);
void sinfo_data_fini(struct sinfo_data *d);

/* --json, --yaml: fields to ask for, and the document; the exit code. */
void sinfo_doc_need(bool *want);
int sinfo_document(const struct sinfo_params *p, const struct sinfo_data *d, const struct view *view,
                   const uint32_t *order);

#endif
