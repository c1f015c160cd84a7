/* show_config.c - scontrol show config: Slurm's keys in Slurm's order, as far as they mean something here. */
#include "config.h"

#include <stdarg.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bramblectld/requests/request.h"
#include "conf/conf.h"
#include "util/timefmt.h"

struct items {
    struct arena *arena;
    Wire__KeyValue *list[256];
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

static void put_default_mem(struct items *it, const struct conf *conf)
{
    if (conf->def_mem_per_cpu_mb)
        put_mem(it, "DefMemPerCPU", conf->def_mem_per_cpu_mb);
    else
        put_mem(it, "DefMemPerNode", conf->def_mem_per_node_mb);
}

/* "bramble(123)": whom the controller runs as. */
static const char *user_text(struct request *req)
{
    const struct passwd *pw = getpwuid(geteuid());

    return arena_printf(&req->arena, "%s(%u)", pw ? pw->pw_name : "?", (unsigned)geteuid());
}

/* Slurm's keys in Slurm's order.  Where Slurm would name a plugin or a file that has no counterpart here, it is (null). */
static void put_keys_1(struct items *it, struct request *req)
{
    const struct ctld *c = req->ctld;
    const struct conf *conf = c->conf;
    char when[TIME_TEXT_MAX];
    const char *user = user_text(req);

    put(it, "AccountingStorageBackupHost", "(null)");
    put(it, "AccountingStorageEnforce", "none");
    put(it, "AccountingStorageHost", "%s", c->host);
    put(it, "AccountingStorageExternalHost", "(null)");
    put(it, "AccountingStorageParameters", "(null)");
    put(it, "AccountingStoragePort", "0");
    put(it, "AccountingStorageTRES", "cpu,mem,node,billing");
    put(it, "AccountingStorageType", "%s", conf->accounting_type && strcmp(conf->accounting_type, "none") ? arena_printf(&req->arena, "accounting_storage/%s", conf->accounting_type) : "accounting_storage/none");
    put(it, "AccountingStorageUser", "%s", user);
    put(it, "AccountingStoreFlags", "(null)");
    put(it, "AcctGatherEnergyType", "(null)");
    put(it, "AcctGatherFilesystemType", "(null)");
    put(it, "AcctGatherInterconnectType", "(null)");
    put(it, "AcctGatherNodeFreq", "0 sec");
    put(it, "AcctGatherProfileType", "(null)");
    put(it, "AllowSpecResourcesUsage", "No");
    put(it, "AuthAltTypes", "(null)");
    put(it, "AuthAltParameters", "(null)");
    put(it, "AuthInfo", "%s", conf->munge_socket ? arena_printf(&req->arena, "socket=%s", conf->munge_socket) : "(null)");
    put(it, "AuthType", "auth/munge");
    put(it, "BatchStartTimeout", "10 sec");
    put(it, "BcastExclude", "(null)");
    put(it, "BcastParameters", "(null)");
    put(it, "BOOT_TIME", "%s", time_at_format(c->boot_time, NULL, when));
    put(it, "BurstBufferType", "(null)");
    put(it, "CliFilterPlugins", "(null)");
    put(it, "ClusterName", "%s", conf->cluster_name);
    put(it, "CommunicationParameters", "(null)");
    put(it, "CompleteWait", "0 sec");
    put(it, "CoreSpecPlugin", "(null)");
    put(it, "CpuFreqDef", "(null)");
    put(it, "CpuFreqGovernors", "(null)");
    put(it, "CredType", "cred/sodium");
    put(it, "DebugFlags", "(null)");
    put_default_mem(it, conf);
    put(it, "DependencyParameters", "(null)");
    put(it, "DisableRootJobs", "No");
    put(it, "EioTimeout", "60");
    put(it, "EnforcePartLimits", "%s", conf->enforce_part_limits ? "ALL" : "NO");
    put(it, "Epilog", "%s", or_null(conf->epilog));
    put(it, "EpilogMsgTime", "0 usec");
    put(it, "EpilogSlurmctld", "(null)");
    put(it, "ExtSensorsType", "(null)");
    put(it, "ExtSensorsFreq", "0 sec");
    put(it, "FederationParameters", "(null)");
}

static void put_keys_2(struct items *it, struct request *req)
{
    const struct ctld *c = req->ctld;
    const struct conf *conf = c->conf;

    put(it, "FirstJobId", "%u", conf->first_job_id);
    put(it, "GetEnvTimeout", "120 sec");
    put(it, "GresTypes", "(null)");
    put(it, "GpuFreqDef", "(null)");
    put(it, "GroupUpdateForce", "0");
    put(it, "GroupUpdateTime", "0 sec");
    put(it, "HASH_VAL", "Match");
    put(it, "HealthCheckInterval", "0 sec");
    put(it, "HealthCheckNodeState", "ANY");
    put(it, "HealthCheckProgram", "(null)");
    put(it, "InactiveLimit", "%u sec", conf->interactive_timeout_sec);
    put(it, "InteractiveStepOptions", "(null)");
    put(it, "JobAcctGatherFrequency", "0");
    put(it, "JobAcctGatherType", "jobacct_gather/linux");
    put(it, "JobAcctGatherParams", "(null)");
    put(it, "JobCompHost", "(null)");
    put(it, "JobCompLoc", "(null)");
    put(it, "JobCompPort", "0");
    put(it, "JobCompType", "jobcomp/none");
    put(it, "JobCompUser", "(null)");
    put(it, "JobContainerType", "(null)");
    put(it, "JobCredentialPrivateKey", "(null)");
    put(it, "JobCredentialPublicCertificate", "(null)");
    put(it, "JobDefaults", "(null)");
    put(it, "JobFileAppend", "0");
    put(it, "JobRequeue", "%d", conf->job_requeue ? 1 : 0);
    put(it, "JobSubmitPlugins", "(null)");
    put(it, "KillOnBadExit", "0");
    put(it, "KillWait", "%u sec", conf->kill_wait_sec);
    put(it, "LaunchParameters", "(null)");
    put(it, "LaunchType", "launch/slurm");
    put(it, "Licenses", "%s", or_null(conf->licenses));
    put(it, "LogTimeFormat", "iso8601_ms");
    put(it, "MailDomain", "%s", or_null(conf->mail_domain));
    put(it, "MailProg", "%s", or_null(conf->mail_prog));
    put(it, "MaxArraySize", "%u", conf->max_array_size);
    put(it, "MaxDBDMsgs", "0");
    put(it, "MaxJobCount", "%u", conf->max_job_count);
    put(it, "MaxJobId", "%u", conf->max_job_id);
    put(it, "MaxMemPerNode", "UNLIMITED");
    put(it, "MaxNodeCount", "%zu", cluster_node_count(c->cluster));
    put(it, "MaxStepCount", "%u", conf->max_step_count);
    put(it, "MaxTasksPerNode", "65536");
    put(it, "MCSPlugin", "mcs/none");
    put(it, "MCSParameters", "(null)");
}

static void put_keys_3(struct items *it, struct request *req)
{
    const struct ctld *c = req->ctld;
    const struct conf *conf = c->conf;

    put(it, "MessageTimeout", "60 sec");
    put(it, "MinJobAge", "%u sec", conf->min_job_age_sec);
    put(it, "MpiDefault", "%s", or_null(conf->mpi_default));
    put(it, "MpiParams", "(null)");
    put(it, "MULTIPLE_SLURMD", "No");
    put(it, "NEXT_JOB_ID", "%u", cluster_next_job_id(c->cluster));
    put(it, "NodeFeaturesPlugins", "(null)");
    put(it, "OverTimeLimit", "%u min", conf->over_time_limit_min);
    put(it, "PluginDir", "%s", or_null(c->options.plugin_dir));
    put(it, "PlugStackConfig", "(null)");
    put(it, "PowerParameters", "(null)");
    put(it, "PowerPlugin", "(null)");
    put(it, "PreemptMode", "OFF");
    put(it, "PreemptType", "preempt/none");
    put(it, "PreemptExemptTime", "00:00:00");
    put(it, "PrEpParameters", "(null)");
    put(it, "PrEpPlugins", "(null)");
    put(it, "PriorityParameters", "(null)");
    put(it, "PrioritySiteFactorParameters", "(null)");
    put(it, "PrioritySiteFactorPlugin", "(null)");
    put(it, "PriorityType", "priority/basic");
    put(it, "PrivateData", "none");
    put(it, "ProctrackType", "%s", conf->cgroup && strcmp(conf->cgroup, "none") == 0 ? "proctrack/linuxproc" : "proctrack/cgroup");
    put(it, "Prolog", "%s", or_null(conf->prolog));
    put(it, "PrologEpilogTimeout", "%u", conf->prolog_timeout_sec);
    put(it, "PrologSlurmctld", "(null)");
    put(it, "PrologFlags", "(null)");
    put(it, "PropagatePrioProcess", "0");
    put(it, "PropagateResourceLimits", "ALL");
    put(it, "PropagateResourceLimitsExcept", "(null)");
    put(it, "RebootProgram", "(null)");
    put(it, "ReconfigFlags", "(null)");
    put(it, "RequeueExit", "(null)");
    put(it, "RequeueExitHold", "(null)");
    put(it, "ResumeFailProgram", "(null)");
    put(it, "ResumeProgram", "(null)");
    put(it, "ResumeRate", "0 nodes/min");
    put(it, "ResumeTimeout", "60 sec");
    put(it, "ResvEpilog", "(null)");
    put(it, "ResvOverRun", "0 min");
    put(it, "ResvProlog", "(null)");
    put(it, "ReturnToService", "2");
    put(it, "RoutePlugin", "(null)");
    put(it, "SchedulerParameters", "(null)");
    put(it, "SchedulerTimeSlice", "30 sec");
}

static void put_keys_4(struct items *it, struct request *req)
{
    const struct ctld *c = req->ctld;
    const struct conf *conf = c->conf;
    const char *user = user_text(req);

    put(it, "SchedulerType", "sched/backfill");
    put(it, "ScronParameters", "(null)");
    put(it, "SelectType", "select/cons_tres");
    put(it, "SelectTypeParameters", "%s", conf->select_memory ? "CR_CORE_MEMORY" : "CR_CORE");
    put(it, "SlurmUser", "%s", user);
    put(it, "SlurmctldAddr", "(null)");
    put(it, "SlurmctldDebug", "%s", or_null(conf->log_level));
    put(it, "SlurmctldHost[0]", "%s", c->host);
    put(it, "SlurmctldLogFile", "%s", or_null(conf->log_file));
    put(it, "SlurmctldPort", "%u", conf->port);
    put(it, "SlurmctldSyslogDebug", "(null)");
    put(it, "SlurmctldPrimaryOffProg", "(null)");
    put(it, "SlurmctldPrimaryOnProg", "(null)");
    put(it, "SlurmctldTimeout", "120 sec");
    put(it, "SlurmctldParameters", "(null)");
    put(it, "SlurmdDebug", "info");
    put(it, "SlurmdLogFile", "(null)");
    put(it, "SlurmdParameters", "(null)");
    put(it, "SlurmdPidFile", "(null)");
    put(it, "SlurmdPort", "%u", conf->agent_port);
    put(it, "SlurmdSpoolDir", "%s", or_null(conf->run_dir));
    put(it, "SlurmdSyslogDebug", "(null)");
    put(it, "SlurmdTimeout", "%u sec", conf->node_timeout_sec);
    put(it, "SlurmdUser", "root(0)");
    put(it, "SlurmSchedLogFile", "(null)");
    put(it, "SlurmSchedLogLevel", "0");
    put(it, "SlurmctldPidFile", "%s", or_null(conf->pid_file));
    put(it, "SlurmctldPlugstack", "(null)");
    put(it, "SLURM_CONF", "%s", c->conf_path);
    put(it, "SLURM_VERSION", "24.05.0 (Bramble %s)", PACKAGE_VERSION);
    put(it, "SrunEpilog", "(null)");
    put(it, "SrunPortRange", "0-0");
    put(it, "SrunProlog", "(null)");
    put(it, "StateSaveLocation", "%s", or_null(conf->state_dir));
    put(it, "SuspendExcNodes", "(null)");
    put(it, "SuspendExcParts", "(null)");
    put(it, "SuspendProgram", "(null)");
    put(it, "SuspendRate", "0 nodes/min");
    put(it, "SuspendTime", "INFINITE");
    put(it, "SuspendTimeout", "30 sec");
    put(it, "SwitchParameters", "(null)");
    put(it, "SwitchType", "(null)");
    put(it, "TaskEpilog", "%s", or_null(conf->task_epilog));
    put(it, "TaskPlugin", "task/affinity");
    put(it, "TaskPluginParam", "(null type)");
}

static void put_keys_5(struct items *it, struct request *req)
{
    const struct conf *conf = req->ctld->conf;

    put(it, "TaskProlog", "%s", or_null(conf->task_prolog));
    put(it, "TCPTimeout", "10 sec");
    put(it, "TmpFS", "/tmp");
    put(it, "TopologyParam", "(null)");
    put(it, "TopologyPlugin", "(null)");
    put(it, "TrackWCKey", "No");
    put(it, "TreeWidth", "0");
    put(it, "UsePam", "No");
    put(it, "UnkillableStepProgram", "(null)");
    put(it, "UnkillableStepTimeout", "%u sec", conf->unkillable_timeout_sec);
    put(it, "VSizeFactor", "0 percent");
    put(it, "WaitTime", "0 sec");
    put(it, "X11Parameters", "(null)");
}

/* Of the launcher for PMIx: its I/O processes talk to each other directly, as tasks need it. */
static void put_mpi_keys(struct items *it)
{
    put(it, "PMIxCliTmpDirBase", "(null)");
    put(it, "PMIxCollFence", "(null)");
    put(it, "PMIxDebug", "0");
    put(it, "PMIxDirectConn", "yes");
    put(it, "PMIxDirectConnEarly", "no");
    put(it, "PMIxDirectConnUCX", "no");
    put(it, "PMIxDirectSameArch", "no");
    put(it, "PMIxEnv", "(null)");
    put(it, "PMIxFenceBarrier", "no");
    put(it, "PMIxNetDevicesUCX", "(null)");
    put(it, "PMIxTimeout", "0");
    put(it, "PMIxTlsUCX", "(null)");
}

void config_handle(struct request *req)
{
    const struct conf *conf = req->ctld->conf;
    struct items it = { .arena = &req->arena };

    put_keys_1(&it, req);
    put_keys_2(&it, req);
    put_keys_3(&it, req);
    put_keys_4(&it, req);
    put_keys_5(&it, req);
    put_mpi_keys(&it);
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
