/* show_config.c - scontrol show config: Slurm's keys in Slurm's order, as far as they mean something here. */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "bramblectld/requests/request.h"
#include "conf/conf.h"
#include "util/timefmt.h"

struct items {
    struct arena *arena;
    Wire__KeyValue *list[64];
    size_t num;
};

__attribute__((format(printf, 3, 4))) static void put(struct items *it, const char *key, const char *fmt, ...)
{
    char text[1024];
    va_list ap;
    if (it->num == sizeof(it->list) / sizeof(it->list[0]))
        return;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    Wire__KeyValue *kv = arena_calloc(it->arena, 1, sizeof(*kv));
    wire__key_value__init(kv);
    kv->key = (char *)key;
    kv->value = arena_strdup(it->arena, text);
    it->list[it->num++] = kv;
}

static const char *or_null(const char *text)
{
    return text && *text ? text : "(null)";
}

static void put_mem(struct items *it, const char *key, uint64_t mb)
{
    if (mb)
        put(it, key, "%llu", (unsigned long long)mb);
    else
        put(it, key, "UNLIMITED");
}

void config_handle(struct request *req)
{
    const struct ctld *c = req->ctld;
    const struct conf *conf = c->conf;
    struct items it = { .arena = &req->arena };
    char when[TIME_TEXT_MAX];
    put(&it, "AccountingStorageType", "%s%s", conf->accounting_type ? "accounting_storage/" : "(null)",
        conf->accounting_type ? conf->accounting_type : "");
    put(&it, "AcctGatherNodeFreq", "0 sec");
    put(&it, "AuthType", "auth/munge");
    put(&it, "BOOT_TIME", "%s", time_at_format(c->boot_time, NULL, when));
    put(&it, "ClusterName", "%s", conf->cluster_name);
    put_mem(&it, "DefMemPerCPU", conf->def_mem_per_cpu_mb);
    put_mem(&it, "DefMemPerNode", conf->def_mem_per_node_mb);
    put(&it, "EnforcePartLimits", "%s", conf->enforce_part_limits ? "ALL" : "NO");
    put(&it, "Epilog", "%s", or_null(conf->epilog));
    put(&it, "FirstJobId", "%u", conf->first_job_id);
    put(&it, "HASH_VAL", "Match");
    put(&it, "InactiveLimit", "%u sec", conf->interactive_timeout_sec);
    put(&it, "JobRequeue", "%d", conf->job_requeue ? 1 : 0);
    put(&it, "KillWait", "%u sec", conf->kill_wait_sec);
    put(&it, "MaxArraySize", "%u", conf->max_array_size);
    put(&it, "MaxJobCount", "%u", conf->max_job_count);
    put(&it, "MaxJobId", "%u", conf->max_job_id);
    put(&it, "MaxStepCount", "%u", conf->max_step_count);
    put(&it, "MinJobAge", "%u sec", conf->min_job_age_sec);
    put(&it, "MpiDefault", "%s", or_null(conf->mpi_default));
    put(&it, "OverTimeLimit", "%u min", conf->over_time_limit_min);
    put(&it, "PriorityType", "priority/basic");
    put(&it, "ProctrackType", "proctrack/cgroup");
    put(&it, "Prolog", "%s", or_null(conf->prolog));
    put(&it, "PrologEpilogTimeout", "%u", conf->prolog_timeout_sec);
    put(&it, "SchedulerTimeSlice", "30 sec");
    put(&it, "SchedulerType", "sched/backfill");
    put(&it, "SelectType", "select/cons_tres");
    put(&it, "SelectTypeParameters", "%s", conf->select_memory ? "CR_CORE_MEMORY" : "CR_CORE");
    put(&it, "SlurmctldHost[0]", "%s", c->host);
    put(&it, "SlurmctldLogFile", "%s", or_null(conf->log_file));
    put(&it, "SlurmctldPidFile", "%s", or_null(conf->pid_file));
    put(&it, "SlurmctldPort", "%u", conf->port);
    put(&it, "SlurmdPort", "%u", conf->agent_port);
    put(&it, "SlurmdTimeout", "%u sec", conf->node_timeout_sec);
    put(&it, "SLURM_CONF", "%s", c->conf_path);
    put(&it, "SLURM_VERSION", "24.05.0 (Bramble %s)", PACKAGE_VERSION);
    put(&it, "StateSaveLocation", "%s", or_null(conf->state_dir));
    put(&it, "TaskProlog", "%s", or_null(conf->task_prolog));
    put(&it, "TaskEpilog", "%s", or_null(conf->task_epilog));
    put(&it, "UnkillableStepTimeout", "%u sec", conf->unkillable_timeout_sec);
    Wire__ConfigReply reply = WIRE__CONFIG_REPLY__INIT;
    /* Who runs the controller administers it too. */
    reply.n_admins = conf->num_admins + 1;
    reply.admins = arena_calloc(&req->arena, reply.n_admins, sizeof(*reply.admins));
    reply.admins[0] = geteuid();
    for (size_t i = 0; i < conf->num_admins; i++)
        reply.admins[i + 1] = conf->admin_uids[i];
    reply.n_operators = conf->num_operators;
    reply.operators = (uint32_t *)(uintptr_t)conf->operator_uids;
    reply.n_items = it.num;
    reply.items = it.list;
    request_reply(req, MSG_CONFIG_REPLY, &reply.base);
}
