/* accounting_plugin.h - a store of what jobs and steps used: a projection of the journal.
 *
 * The host applies journal events in order and calls these operations on one worker thread, one
 * batch at a time: begin, records, commit(seq).  The store keeps seq in the same transaction, so a
 * crash between the two never counts a record twice or loses one.
 */
#ifndef BRAMBLE_ACCOUNTING_PLUGIN_H
#define BRAMBLE_ACCOUNTING_PLUGIN_H

#include <stdbool.h>
#include <stdint.h>

#include "bramble/plugin.h"

#define BRAMBLE_ACCOUNTING_ABI 2

/* One job attempt or one step (step_id != STEP_NONE), as far as it has come.  Strings may be NULL.
 * Times are microseconds since the epoch, 0: not yet. */
struct acct_record {
    uint32_t job_id, attempt, step_id;
    const char *name, *user, *group, *account, *partition, *qos, *node_list, *work_dir, *comment,
        *wckey, *submit_line, *constraint, *tres_req, *tres_alloc, *launcher, *reason, *layout, *usage;
    uint32_t uid, gid;
    int64_t submit_usec, eligible_usec, start_usec, end_usec;
    uint32_t state;       /* enum job_state */
    uint32_t exit_status; /* wait status */
    uint32_t killed_by_uid; /* UINT32_MAX: nobody */
    uint32_t time_limit_min, priority, num_nodes, num_cpus, num_tasks, req_cpus;
    uint64_t req_mem_mb;
    bool req_mem_per_cpu;
    uint64_t user_usec, sys_usec, max_rss_kb, disk_read, disk_write;
    uint32_t max_rss_task, max_rss_node;
    uint32_t restarts;
    uint32_t started_by; /* 1: in its turn, 2: ahead of jobs planned for later; 0: not started, or not known */
    int64_t suspended_usec, suspended_at; /* in all but the suspension since suspended_at, 0: none */
    uint32_t array_id;    /* 0: no array's */
    uint32_t task_id;     /* in the array, when tasks is NULL */
    const char *tasks;    /* a record of many tasks that wait or never started: "0-3,7%2" */
};

struct acct_query {
    const uint32_t *job_ids; /* of records or arrays; with step ids in step_ids, STEP_NONE: all */
    const uint32_t *step_ids;
    uint32_t num_job_ids;
    const uint32_t *uids;
    uint32_t num_uids;
    const char *const *partitions, *const *names, *const *accounts;
    uint32_t num_partitions, num_names, num_accounts;
    uint64_t state_mask; /* bits of enum job_state; 0: any */
    int64_t start_usec, end_usec; /* window; 0: open */
    bool with_steps, duplicates;
};

struct accounting_plugin {
    struct plugin_base base;
    void *(*init)(const char *location, struct plugin_error *err);
    void (*fini)(void *self);
    /* Sequence number of the last journal event that is in the store. */
    int (*position)(void *self, uint64_t *seq, struct plugin_error *err);
    int (*begin)(void *self, struct plugin_error *err);
    int (*put)(void *self, const struct acct_record *record, struct plugin_error *err); /* insert or replace */
    int (*commit)(void *self, uint64_t seq, struct plugin_error *err);
    void (*rollback)(void *self);
    /* Visit matching records, ordered by job, attempt, step (the job itself first).  visit returns
     * false to stop.  Called on a worker, never at the same time as the writing operations. */
    int (*query)(void *self, const struct acct_query *query,
                 bool (*visit)(void *arg, const struct acct_record *record), void *arg,
                 struct plugin_error *err);
};

#endif
