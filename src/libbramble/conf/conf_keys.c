/* conf_keys.c - the keys of bramble.conf, one row each.  etc/bramble.conf explains them. */
#include "config.h"
#include "conf/conf_private.h"

#include "util/mem.h"

#define TOP(member) offsetof(struct conf, member)
#define NODE(member) offsetof(struct conf_node, member)
#define PART(member) offsetof(struct conf_part, member)
#define LIVE .live = true

static const struct conf_key top_keys[] = {
    { "cluster_name", CONF_TYPE_TEXT, TOP(cluster_name), "bramble" },
    { "controller", CONF_TYPE_TEXT, TOP(controller), NULL, LIVE },
    { "listen", CONF_TYPE_TEXT, TOP(listen), "0.0.0.0" },
    { "port", CONF_TYPE_UINT, TOP(port), "6817", 0, 65535 },
    { "agent_port", CONF_TYPE_UINT, TOP(agent_port), "6818", 0, 65535, LIVE },
    { "node_name", CONF_TYPE_TEXT, TOP(node_name), NULL, LIVE },
    { "user", CONF_TYPE_TEXT, TOP(user), NULL },
    { "state_dir", CONF_TYPE_PATH, TOP(state_dir), BRAMBLE_STATEDIR },
    { "run_dir", CONF_TYPE_PATH, TOP(run_dir), BRAMBLE_RUNDIR },
    { "pid_file", CONF_TYPE_PATH, TOP(pid_file), NULL },
    { "log_file", CONF_TYPE_PATH, TOP(log_file), NULL },
    { "log_level", CONF_TYPE_TEXT, TOP(log_level), "info", LIVE },
    { "munge_socket", CONF_TYPE_PATH, TOP(munge_socket), NULL },
    { "admins", CONF_TYPE_NAMES, TOP(admins), NULL, LIVE },
    { "operators", CONF_TYPE_NAMES, TOP(operators), NULL, LIVE },
    { "kill_wait", CONF_TYPE_SEC, TOP(kill_wait_sec), "30", 0, 3600, LIVE },
    { "unkillable_timeout", CONF_TYPE_SEC, TOP(unkillable_timeout_sec), "60", 1, 86400, LIVE },
    { "node_timeout", CONF_TYPE_SEC, TOP(node_timeout_sec), "30", 2, 86400, LIVE },
    { "min_job_age", CONF_TYPE_SEC, TOP(min_job_age_sec), "300", 0, 31536000, LIVE },
    { "interactive_timeout", CONF_TYPE_SEC, TOP(interactive_timeout_sec), "60", 1, 86400, LIVE },
    { "requeue", CONF_TYPE_WORD, TOP(requeue), "known_dead", .words = "known_dead|timeout", LIVE },
    { "job_requeue", CONF_TYPE_BOOL, TOP(job_requeue), "true", LIVE },
    { "mpi_default", CONF_TYPE_TEXT, TOP(mpi_default), "none", LIVE },
    { "cgroup", CONF_TYPE_WORD, TOP(cgroup), "auto", .words = "auto|v2|v1|none", .as_text = true, LIVE },
    { "mail_prog", CONF_TYPE_PATH, TOP(mail_prog), "/usr/bin/mail", LIVE },
    { "mail_domain", CONF_TYPE_TEXT, TOP(mail_domain), NULL, LIVE },
    { "prolog", CONF_TYPE_PATH, TOP(prolog), NULL, LIVE },
    { "epilog", CONF_TYPE_PATH, TOP(epilog), NULL, LIVE },
    { "prolog_timeout", CONF_TYPE_SEC, TOP(prolog_timeout_sec), "300", 1, 86400, LIVE },
    { "task_prolog", CONF_TYPE_PATH, TOP(task_prolog), NULL, LIVE },
    { "task_epilog", CONF_TYPE_PATH, TOP(task_epilog), NULL, LIVE },
    { "licenses", CONF_TYPE_NAMES, TOP(licenses), NULL, LIVE },
    { "max_job_count", CONF_TYPE_UINT, TOP(max_job_count), "200000", 1, 5000000, LIVE },
    { "max_user_jobs", CONF_TYPE_UINT, TOP(max_user_jobs), "0", 0, 5000000, LIVE },
    { "max_array_size", CONF_TYPE_UINT, TOP(max_array_size), "1001", 0, 4000001, LIVE },
    { "max_step_count", CONF_TYPE_UINT, TOP(max_step_count), "40000", 1, 1000000, LIVE },
    { "first_job_id", CONF_TYPE_UINT, TOP(first_job_id), "1", 1, 0x03ff0000, LIVE },
    { "max_job_id", CONF_TYPE_UINT, TOP(max_job_id), "67043328", 1, 0x03ff0000, LIVE },
    { "select_memory", CONF_TYPE_BOOL, TOP(select_memory), "true", LIVE },
    { "def_mem_per_cpu", CONF_TYPE_MB, TOP(def_mem_per_cpu_mb), "0", 0, UINT32_MAX, LIVE },
    { "def_mem_per_node", CONF_TYPE_MB, TOP(def_mem_per_node_mb), "0", 0, UINT32_MAX, LIVE },
    { "over_time_limit", CONF_TYPE_MIN, TOP(over_time_limit_min), "0", 0, UINT32_MAX, LIVE },
    { "kill_invalid_depend", CONF_TYPE_BOOL, TOP(kill_invalid_depend), "false", LIVE },
    { "enforce_part_limits", CONF_TYPE_BOOL, TOP(enforce_part_limits), "false", LIVE },
};
static const struct conf_key backfill_keys[] = {
    { "depth", CONF_TYPE_UINT, TOP(backfill_depth), "100", 0, 100000, LIVE },
    { "window", CONF_TYPE_MIN, TOP(backfill_window_min), "1440", 1, 525600, LIVE },
};
static const struct conf_key accounting_keys[] = {
    { "type", CONF_TYPE_TEXT, TOP(accounting_type), "sqlite" },
    { "location", CONF_TYPE_TEXT, TOP(accounting_location), NULL },
};
/* "name" may be a host list and is read apart, "topology" too. */
static const struct conf_key node_keys[] = {
    { "name", CONF_TYPE_TEXT, NODE(name), NULL, LIVE },
    { "class", CONF_TYPE_TEXT, NODE(hw_class), NULL, LIVE },
    { "features", CONF_TYPE_NAMES, NODE(features), NULL, LIVE },
    { "address", CONF_TYPE_TEXT, NODE(address), NULL, LIVE },
    { "sockets", CONF_TYPE_UINT, NODE(sockets), "0", 0, 1024, LIVE },
    { "cores", CONF_TYPE_UINT, NODE(cores), "0", 0, 4096, LIVE },
    { "threads_per_core", CONF_TYPE_UINT, NODE(threads_per_core), "0", 0, 64, LIVE },
    { "mem_mb", CONF_TYPE_MB, NODE(mem_mb), "0", 0, UINT32_MAX, LIVE },
    { "tmp_mb", CONF_TYPE_MB, NODE(tmp_mb), "0", 0, UINT32_MAX, LIVE },
    { "gres", CONF_TYPE_NAMES, NODE(gres), NULL, LIVE },
    { "weight", CONF_TYPE_UINT, NODE(weight), "1", 1, UINT32_MAX, LIVE },
    { "topology", CONF_TYPE_TEXT, NODE(topology), NULL, LIVE },
};
static const struct conf_key part_keys[] = {
    { "name", CONF_TYPE_TEXT, PART(name), NULL, LIVE },
    { "nodes", CONF_TYPE_NAMES, PART(nodes), "ALL", LIVE },
    { "default", CONF_TYPE_BOOL, PART(is_default), "false", LIVE },
    { "hidden", CONF_TYPE_BOOL, PART(hidden), "false", LIVE },
    { "root_only", CONF_TYPE_BOOL, PART(root_only), "false", LIVE },
    { "over_subscribe", CONF_TYPE_WORD, PART(share), "no", .words = "no|exclusive", LIVE },
    { "state", CONF_TYPE_WORD, PART(state), "up", .words = "up|down|drain|inactive", LIVE },
    { "max_time", CONF_TYPE_MIN, PART(max_time_min), "UNLIMITED", 1, UINT32_MAX, LIVE },
    { "default_time", CONF_TYPE_MIN, PART(default_time_min), "0", 0, UINT32_MAX, LIVE },
    { "min_nodes", CONF_TYPE_UINT, PART(min_nodes), "0", 0, UINT32_MAX, LIVE },
    { "max_nodes", CONF_TYPE_UINT, PART(max_nodes), "4294967295", 1, UINT32_MAX, LIVE },
    { "priority_tier", CONF_TYPE_UINT, PART(priority_tier), "1", 0, 65533, LIVE },
    { "allow_groups", CONF_TYPE_NAMES, PART(allow_groups), NULL, LIVE },
    { "allow_accounts", CONF_TYPE_NAMES, PART(allow_accounts), NULL, LIVE },
    { "deny_accounts", CONF_TYPE_NAMES, PART(deny_accounts), NULL, LIVE },
    { "allow_qos", CONF_TYPE_NAMES, PART(allow_qos), NULL, LIVE },
    { "deny_qos", CONF_TYPE_NAMES, PART(deny_qos), NULL, LIVE },
    { "alloc_nodes", CONF_TYPE_NAMES, PART(alloc_nodes), NULL, LIVE },
    { "req_resv", CONF_TYPE_BOOL, PART(req_resv), "false", LIVE },
    { "disable_root_jobs", CONF_TYPE_BOOL, PART(disable_root_jobs), "false", LIVE },
    { "def_mem_per_cpu", CONF_TYPE_MB, PART(def_mem_per_cpu_mb), "0", 0, UINT32_MAX, LIVE },
    { "def_mem_per_node", CONF_TYPE_MB, PART(def_mem_per_node_mb), "0", 0, UINT32_MAX, LIVE },
    { "max_mem_per_node", CONF_TYPE_MB, PART(max_mem_per_node_mb), "0", 0, UINT32_MAX, LIVE },
};

static const struct {
    const char *name;
    const struct conf_key *keys;
    size_t num;
} sections[CONF_SECTION_COUNT] = {
    [CONF_SECTION_TOP] = { "", top_keys, ARRAY_SIZE(top_keys) },
    [CONF_SECTION_BACKFILL] = { "backfill", backfill_keys, ARRAY_SIZE(backfill_keys) },
    [CONF_SECTION_ACCOUNTING] = { "accounting", accounting_keys, ARRAY_SIZE(accounting_keys) },
    [CONF_SECTION_NODES] = { "nodes", node_keys, ARRAY_SIZE(node_keys) },
    [CONF_SECTION_PARTITIONS] = { "partitions", part_keys, ARRAY_SIZE(part_keys) },
};

const struct conf_key *conf_section_keys(enum conf_section section, size_t *num)
{
    *num = sections[section].num;
    return sections[section].keys;
}

const char *conf_section_name(enum conf_section section)
{
    return sections[section].name;
}
