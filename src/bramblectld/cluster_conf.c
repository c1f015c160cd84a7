/* cluster_conf.c - libbramble knows no cluster and the heart no file; the controller knows both. */
#include "config.h"
#include "bramblectld/cluster_conf.h"

#include "cluster/cluster.h"
#include "conf/conf.h"
#include "util/arena.h"

static enum part_state part_state_of(uint32_t state)
{
    switch ((enum conf_part_state)state) {
    case CONF_PART_DOWN:
        return PART_DOWN;
    case CONF_PART_DRAIN:
        return PART_DRAIN;
    case CONF_PART_INACTIVE:
        return PART_INACTIVE;
    case CONF_PART_UP:
        break;
    }
    return PART_UP;
}

static struct node_conf node_of(const struct conf_node *n)
{
    return (struct node_conf){
        .name = n->name,
        .hw_class = n->hw_class,
        .features = n->features,
        .address = n->address,
        .sockets = n->sockets,
        .cores = n->cores,
        .threads_per_core = n->threads_per_core,
        .mem_mb = n->mem_mb,
        .tmp_mb = n->tmp_mb,
        .weight = n->weight,
        .gres = n->gres,
    };
}

static struct part_conf part_of(const struct conf_part *p)
{
    return (struct part_conf){
        .name = p->name,
        .nodes = p->nodes,
        .is_default = p->is_default,
        .hidden = p->hidden,
        .root_only = p->root_only,
        .share = p->share == CONF_SHARE_EXCLUSIVE ? PART_SHARE_EXCLUSIVE : PART_SHARE_NO,
        .state = part_state_of(p->state),
        .max_time_min = p->max_time_min,
        .default_time_min = p->default_time_min,
        .min_nodes = p->min_nodes,
        .max_nodes = p->max_nodes,
        .priority_tier = p->priority_tier,
        .allow_groups = p->allow_groups,
        .allow_accounts = p->allow_accounts,
        .deny_accounts = p->deny_accounts,
        .allow_qos = p->allow_qos,
        .deny_qos = p->deny_qos,
        .alloc_nodes = p->alloc_nodes,
        .req_resv = p->req_resv,
        .no_root_jobs = p->disable_root_jobs,
        .def_mem_per_cpu_mb = p->def_mem_per_cpu_mb,
        .def_mem_per_node_mb = p->def_mem_per_node_mb,
        .max_mem_per_node_mb = p->max_mem_per_node_mb,
    };
}

void ctld_cluster_conf(const struct conf *conf, struct arena *a, struct cluster_conf *out)
{
    struct node_conf *nodes = arena_calloc(a, conf->num_nodes, sizeof *nodes);
    struct part_conf *parts = arena_calloc(a, conf->num_parts, sizeof *parts);

    for (size_t i = 0; i < conf->num_nodes; i++)
        nodes[i] = node_of(&conf->nodes[i]);
    for (size_t i = 0; i < conf->num_parts; i++)
        parts[i] = part_of(&conf->parts[i]);
    cluster_conf_defaults(out);
    out->name = conf->cluster_name;
    out->nodes = nodes;
    out->num_nodes = conf->num_nodes;
    out->parts = parts;
    out->num_parts = conf->num_parts;
    out->select_memory = conf->select_memory;
    out->def_mem_per_cpu_mb = conf->def_mem_per_cpu_mb;
    out->def_mem_per_node_mb = conf->def_mem_per_node_mb;
    out->node_timeout_sec = conf->node_timeout_sec;
    out->min_job_age_sec = conf->min_job_age_sec;
    out->interactive_timeout_sec = conf->interactive_timeout_sec;
    out->max_job_count = conf->max_job_count;
    out->max_user_jobs = conf->max_user_jobs;
    out->max_array_size = conf->max_array_size;
    out->max_step_count = conf->max_step_count;
    out->first_job_id = conf->first_job_id;
    out->max_job_id = conf->max_job_id;
    out->job_requeue = conf->job_requeue;
    out->requeue = conf->requeue == CONF_REQUEUE_TIMEOUT ? REQUEUE_TIMEOUT : REQUEUE_KNOWN_DEAD;
    out->backfill_depth = conf->backfill_depth;
    out->backfill_window_min = conf->backfill_window_min;
    out->kill_wait_sec = conf->kill_wait_sec;
    out->over_time_limit_min = conf->over_time_limit_min;
    out->kill_invalid_depend = conf->kill_invalid_depend;
    out->enforce_part_limits = conf->enforce_part_limits;
    out->mpi_default = conf->mpi_default;
    out->licenses = conf->licenses;
}
