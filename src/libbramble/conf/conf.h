/* conf.h - bramble.conf as the controller reads it: checked whole, then never changed.
 *
 * A reload loads a second one, asks conf_check_reload() whether the change can be made while
 * running, and swaps.  Everything in a struct conf is owned by it.  Numbers carry their unit in
 * their name; texts that were not set and have no default are NULL.
 */
#ifndef BRAMBLE_CONF_H
#define BRAMBLE_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;

#define CONF_NODES_MAX 16384
#define CONF_PARTS_MAX 256
#define CONF_TOPOLOGY_MAX 4194304 /* bytes of XML */

struct conf_node {
    const char *name; /* one node each: lists are expanded */
    const char *hw_class, *features, *address;
    uint32_t sockets, cores, threads_per_core; /* 0: what the node reports */
    uint64_t mem_mb, tmp_mb;                   /* 0: what the node reports */
    uint32_t weight;
    const char *gres;
    const char *topology;           /* as written: "xml:PATH", "synthetic:TEXT" */
    const char *topology_xml;       /* content of the file; shared by the nodes of one entry */
    const char *topology_synthetic; /* NULL unless given so */
};

enum conf_part_state { CONF_PART_UP, CONF_PART_DOWN, CONF_PART_DRAIN, CONF_PART_INACTIVE };
enum conf_share { CONF_SHARE_NO, CONF_SHARE_EXCLUSIVE };
enum conf_requeue { CONF_REQUEUE_KNOWN_DEAD, CONF_REQUEUE_TIMEOUT };

struct conf_part {
    const char *name;
    const char *nodes; /* hostlists, "class:NAME", "feature:NAME", "ALL", separated by commas */
    bool is_default, hidden, root_only;
    uint32_t share; /* enum conf_share */
    uint32_t state; /* enum conf_part_state */
    uint32_t max_time_min, default_time_min; /* UINT32_MAX: no limit; default 0: max_time */
    uint32_t min_nodes, max_nodes;           /* UINT32_MAX: no limit */
    uint32_t priority_tier;
    const char *allow_groups;
    const char *allow_accounts, *deny_accounts, *allow_qos, *deny_qos, *alloc_nodes;
    bool req_resv, disable_root_jobs;
    uint64_t def_mem_per_cpu_mb, def_mem_per_node_mb, max_mem_per_node_mb; /* 0: not set */
};

struct conf {
    const char *path;
    const char *cluster_name, *controller, *listen;
    uint32_t port, agent_port;
    const char *state_dir, *run_dir, *pid_file, *log_file, *log_level, *munge_socket;
    const char *user;                    /* a controller that root starts becomes this user */
    const char *node_name;               /* read by the agent of a board; see conf/client.h */
    const char *admins, *operators;      /* comma lists as written */
    const uint32_t *admin_uids, *operator_uids;
    size_t num_admins, num_operators;
    uint32_t kill_wait_sec, unkillable_timeout_sec, node_timeout_sec, min_job_age_sec,
        interactive_timeout_sec;
    uint32_t requeue; /* enum conf_requeue */
    bool job_requeue;
    const char *mpi_default, *cgroup, *licenses;
    const char *mail_prog, *mail_domain;
    const char *prolog, *epilog, *task_prolog, *task_epilog;
    uint32_t prolog_timeout_sec;
    uint32_t max_job_count, max_user_jobs, max_array_size, max_step_count, first_job_id, max_job_id;
    bool select_memory, kill_invalid_depend, enforce_part_limits;
    uint64_t def_mem_per_cpu_mb, def_mem_per_node_mb;
    uint32_t over_time_limit_min;
    uint32_t backfill_depth, backfill_window_min;
    const char *accounting_type, *accounting_location;
    struct conf_node *nodes;
    size_t num_nodes;
    struct conf_part *parts;
    size_t num_parts;
    struct conf_store *store; /* what owns all of it */
};

/* Read and check the whole file.  It must belong to root or the caller's uid and be writable by no
 * one else.  NULL with err set: "PATH:LINE: key = value: what was expected". */
struct conf *conf_load(const char *path, struct error *err);
void conf_destroy(struct conf *conf); /* NULL is allowed */
/* May new replace old while running?  -1 with err naming the key that needs a restart. */
int conf_check_reload(const struct conf *old, const struct conf *new, struct error *err);
const struct conf_node *conf_node_find(const struct conf *conf, const char *name);

/* ---- the key table, for documentation and tests ---- */

enum conf_type {
    CONF_TYPE_TEXT,
    CONF_TYPE_PATH,    /* absolute */
    CONF_TYPE_BOOL,
    CONF_TYPE_UINT,
    CONF_TYPE_SEC,     /* seconds, or text such as "2:30" or "1-00:00:00" */
    CONF_TYPE_MIN,     /* minutes, or the same text */
    CONF_TYPE_MB,      /* MiB, or text such as "4G" */
    CONF_TYPE_WORD,    /* one of a few words */
    CONF_TYPE_NAMES,   /* "a,b" or ["a", "b"] */
};
struct conf_key {
    const char *name;
    enum conf_type type;
    size_t offset;        /* in struct conf, conf_node or conf_part */
    const char *fallback; /* default as it would be written, without quotes; NULL: none */
    uint64_t min, max;
    const char *words;    /* CONF_TYPE_WORD: separated by '|'; the value is the word's place, or the
                           * word itself when as_text is set */
    bool as_text, live;   /* live: a reload may change it */
};
enum conf_section { CONF_SECTION_TOP, CONF_SECTION_BACKFILL, CONF_SECTION_ACCOUNTING,
                    CONF_SECTION_NODES, CONF_SECTION_PARTITIONS, CONF_SECTION_COUNT };
const struct conf_key *conf_section_keys(enum conf_section section, size_t *num);
const char *conf_section_name(enum conf_section section); /* "" for the top */

#endif
