/* sacct_private.h - what sacct's files share. */
#ifndef BRAMBLE_COMMANDS_SACCT_PRIVATE_H
#define BRAMBLE_COMMANDS_SACCT_PRIVATE_H

#include "commands/sacct/sacct.h"
#include "usage/usage.h"
#include "util/hostlist.h"

struct acct_selector {
    int64_t job_id, step_id; /* FIELD_UNSET: any */
    struct bitmap *tasks;    /* of the array; NULL: any */
};

struct number_range {
    bool given;
    int64_t min, max;
};

struct sacct_params {
    struct console *con;
    const char *format, *accounts, *names, *partitions, *qos, *wckeys, *reasons, *constraints,
        *delimiter, *clusters, *flags, *associations;
    struct hostlist *nodes;
    struct acct_selector *jobs;
    size_t num_jobs;
    uint32_t *uids, *gids;
    size_t num_uids, num_gids;
    bool all_users, allocations, brief, long_list, duplicates, truncate, no_header, noconvert,
        help_format, script, environment;
    bool by_group;
    enum render_style style;
    char units;
    uint64_t states;       /* 0: any */
    int64_t start, end;    /* window; FIELD_UNSET: the default */
    struct number_range num_nodes, num_cpus;
    int64_t limit_min, limit_max; /* minutes; FIELD_UNSET: any */
    unsigned verbose;
    enum doc_format doc;
};

/* Passed to columns as view->arg. */
struct sacct_view {
    bool truncate;
    int64_t start, end;
    struct usage usage; /* of the row before usage_row */
    size_t usage_row;   /* 0: none yet */
};
/* What the tasks of a step used; NULL: the row is a job. */
const struct usage *sacct_usage(const struct view *v, size_t row);

/* 0: go on; 1: all done; -1: refused, said already. */
int sacct_params_parse(struct sacct_params *p, int argc, char **argv, int64_t now);
void sacct_params_fini(struct sacct_params *p);

/* Rows that the parameters select, a job's own row before those of its steps. */
size_t sacct_filter(const struct sacct_params *p, const struct table *t, uint32_t *order);
/* Fields that the filter looks at. */
void sacct_filter_need(const struct sacct_params *p, bool *want);

/* --json, --yaml: the keys of jobs, and the document; the exit code. */
struct doc_table;
extern const struct doc_table sacct_doc_jobs;
int sacct_document(const struct sacct_params *p, const struct view *view, const uint32_t *order, size_t n);

#define SACCT_FORMAT_DEFAULT "jobid,jobname,partition,account,alloccpus,state,exitcode"
#define SACCT_FORMAT_BRIEF "jobid,state,exitcode"
extern const char sacct_format_long[];

#endif
