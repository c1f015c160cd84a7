/* squeue_private.h - what squeue's files share. */
#ifndef BRAMBLE_COMMANDS_SQUEUE_PRIVATE_H
#define BRAMBLE_COMMANDS_SQUEUE_PRIVATE_H

#include <sys/types.h>

#include "commands/squeue/squeue.h"
#include "util/hostlist.h"

/* One word of -j or -s: "12", "12_3", "12.0", "12.batch". */
struct job_selector {
    int64_t job_id;
    int64_t step_id;      /* FIELD_UNSET: any */
    struct bitmap *tasks; /* of the array; NULL: any.  Lives as long as the parameters. */
    char *text;           /* without the step, as the controller is asked */
};

/* What the command line and the environment said. */
struct squeue_params {
    struct console *con;
    const char *accounts, *names, *partitions, *qos, *reservations, *licenses, *sort, *format, *long_format;
    struct hostlist *nodes;
    struct job_selector *jobs;
    size_t num_jobs;
    uint32_t *uids;
    size_t num_uids;
    bool by_user, jobs_given, all, all_states, explain, long_list, no_header, noconvert, start, steps,
        not_me, only_state, by_part, expand_patterns, by_task, format_given, long_given, bad_sort;
    char *job_text; /* of -j, comma list */
    uint64_t states; /* 0: the default */
    unsigned iterate, verbose;
    enum doc_format doc;
    int64_t running_over, running_under; /* seconds; FIELD_UNSET: any */
    struct job_selector explain_job; /* job_id FIELD_UNSET: all */
    const char *clusters;
};

/* 0: go on; 1: all done (help, version); -1: refused, said already. */
int squeue_params_parse(struct squeue_params *p, int argc, char **argv);
void squeue_params_fini(struct squeue_params *p);
int job_selectors_parse(const struct console *con, const char *text, bool steps,
                        struct job_selector **list, size_t *num);

/* --priority: a pending job of several partitions becomes a row for each. */
void squeue_split_partitions(struct table *t);
/* -r: a record of many tasks becomes a row for each. */
void squeue_expand_arrays(struct table *t);
/* Tasks of an array that wait with records of their own share a row; returns how many rows are left. */
size_t squeue_join_tasks(struct table *t, uint32_t *order, size_t num);
/* Rows of t that the parameters select, in the table's order; returns their number. */
size_t squeue_filter(const struct squeue_params *p, const struct table *t, uint32_t *order);
/* Fields that the filter looks at. */
void squeue_filter_need(const struct squeue_params *p, bool *want);

#endif
