/* entities.c - what can be listed, with which columns. */
#include "commands/sacctmgr/sacctmgr_private.h"

#include "util/mem.h"

#define C(name_list, head, wide) { .names = name_list, .header = head, .text = listing_text, .width = wide }

/* Columns of associations, which accounts, clusters and users show too.  Limits are empty: there are none yet. */
#define LIMIT_COLUMNS                                                                          \
    C("Fairshare|Share", "Share", 9), C("GrpJobs", "GrpJobs", 7),                              \
    C("GrpJobsAccrue", "GrpJobsAccrue", 13), C("GrpSubmit|GrpSubmitJobs", "GrpSubmit", 9),     \
    C("GrpTRES", "GrpTRES", 13), C("GrpTRESMins", "GrpTRESMins", 13),                          \
    C("GrpTRESRunMins", "GrpTRESRunMins", 13), C("GrpWall", "GrpWall", 11),                    \
    C("MaxJobs", "MaxJobs", 7), C("MaxJobsAccrue", "MaxJobsAccrue", 13),                       \
    C("MaxSubmit|MaxSubmitJobs", "MaxSubmit", 9), C("MaxTRES|MaxTRESPerJob", "MaxTRES", 13),   \
    C("MaxTRESMins|MaxTRESMinsPerJob", "MaxTRESMins", 13),                                     \
    C("MaxTRESPerNode", "MaxTRESPerNode", 14), C("MaxWall|MaxWallDurationPerJob", "MaxWall", 11), \
    C("MaxNodes", "MaxNodes", 8), C("MaxCPUs", "MaxCPUs", 8), C("MaxCPUMins", "MaxCPUMins", 11), \
    C("Priority", "Priority", 10), C("QOS", "QOS", 20), C("QOSRAW", "QOS_RAW", 10),            \
    C("DefaultQOS", "Def QOS", 9)
#define ASSOC_COLUMNS                                                                          \
    C("Account|Acct", "Account", 10), C("Cluster|Clusters", "Cluster", 10), C("ID", "ID", 6),  \
    C("LFT", "LFT", 6), C("RGT", "RGT", 6), C("ParentID", "Par ID", 6),                        \
    C("ParentName", "Par Name", 10), C("Partition", "Partition", 10), LIMIT_COLUMNS
#define ASSOC_OF_ENTITY                                                                        \
    "cluster,account,partition,share,priority,maxjobs,maxnodes,maxcpus,maxsubmit,maxwall,"     \
    "maxcpumins,qos,defaultqos"

static const struct column account_columns[] = {
    ASSOC_COLUMNS, C("Description", "Descr", 20), C("Organization", "Org", 20),
    C("Coordinators", "Coord Accounts", 20), C("User", "User", 10),
};
static const struct column assoc_columns[] = { ASSOC_COLUMNS, C("User", "User", 10) };
static const struct column cluster_columns[] = {
    C("Cluster", "Cluster", 10), C("Classification", "Class", 9), C("ClusterNodes|NodeNames", "Cluster Nodes", 20),
    C("ControlHost", "ControlHost", 15), C("ControlPort", "ControlPort", 12), C("Features", "Features", 20),
    C("Federation", "Federation", 10), C("FedState", "FedState", 12), C("FedStateRaw", "FedStateRaw", 11),
    C("Flags", "Flags", 20), C("ID", "ID", 6), C("NodeCount", "NodeCount", 10),
    C("PluginIDSelect", "PluginIDSelect", 14), C("RPC", "RPC", 5), C("TRES", "TRES", 20), LIMIT_COLUMNS,
};
static const struct column event_columns[] = {
    C("Cluster", "Cluster", 10), C("ClusterNodes", "Cluster Nodes", 20), C("Duration", "Duration", 13),
    C("End|TimeEnd", "TimeEnd", 19), C("Event", "Event", 7), C("EventRaw", "EventRaw", 8),
    C("NodeName", "NodeName", 15), C("Reason", "Reason", 30), C("Start|TimeStart", "TimeStart", 19),
    C("State", "State", 6), C("StateRaw", "StateRaw", 8), C("TRES", "TRES", 20), C("User", "User", 10),
};
static const struct column federation_columns[] = {
    C("Federation", "Federation", 10), C("Cluster", "Cluster", 10), C("Index|ID", "ID", 6),
    C("Features", "Features", 20), C("FedState", "FedState", 12), C("FedStateRaw", "FedStateRaw", 11),
};
static const struct column problem_columns[] = {
    C("Cluster", "Cluster", 10), C("Account", "Account", 10), C("User", "User", 10), C("Problem", "Problem", 40),
};
static const struct column qos_columns[] = {
    C("Name", "Name", 10), C("Description", "Descr", 20), C("Flags", "Flags", 40), C("GraceTime", "GraceTime", 10),
    C("GrpJobs", "GrpJobs", 7), C("GrpJobsAccrue", "GrpJobsAccrue", 13),
    C("GrpSubmit|GrpSubmitJobs", "GrpSubmit", 9), C("GrpTRES", "GrpTRES", 13), C("GrpTRESMins", "GrpTRESMins", 13),
    C("GrpTRESRunMins", "GrpTRESRunMins", 13), C("GrpWall", "GrpWall", 11), C("ID", "ID", 6),
    C("LimitFactor", "LimitFactor", 11), C("MaxJobsAccruePA", "MaxJobsAccruePA", 15),
    C("MaxJobsAccruePU", "MaxJobsAccruePU", 15), C("MaxJobsPA|MaxJobsPerAccount", "MaxJobsPA", 9),
    C("MaxJobsPU|MaxJobsPerUser|MaxJobs", "MaxJobsPU", 9), C("MaxSubmitPA|MaxSubmitJobsPA", "MaxSubmitPA", 11),
    C("MaxSubmitPU|MaxSubmitJobsPU|MaxSubmit", "MaxSubmitPU", 11), C("MaxTRES|MaxTRESPerJob", "MaxTRES", 13),
    C("MaxTRESMins|MaxTRESMinsPerJob", "MaxTRESMins", 13), C("MaxTRESPA|MaxTRESPerAccount", "MaxTRESPA", 13),
    C("MaxTRESPerNode", "MaxTRESPerNode", 14), C("MaxTRESPU|MaxTRESPerUser", "MaxTRESPU", 13),
    C("MaxWall|MaxWallDurationPerJob", "MaxWall", 11), C("MinPrioThreshold", "MinPrioThres", 10),
    C("MinTRES|MinTRESPerJob", "MinTRES", 13), C("Preempt", "Preempt", 10),
    C("PreemptExemptTime", "PreemptExemptTime", 19), C("PreemptMode", "PreemptMode", 11),
    C("Priority", "Priority", 10), C("UsageFactor", "UsageFactor", 11), C("UsageThreshold", "UsageThres", 10),
};
static const struct column resource_columns[] = {
    C("Name", "Name", 10), C("Server", "Server", 10), C("Type", "Type", 8), C("Count", "Count", 6),
    C("LastConsumed", "LastConsumed", 12), C("Allocated", "Allocated", 9), C("ServerType", "ServerType", 10),
    C("Flags", "Flags", 20), C("Cluster", "Cluster", 10), C("Allowed", "Allowed", 9),
    C("Description", "Descr", 20), C("Manager", "Manager", 10),
};
static const struct column reservation_columns[] = {
    C("Cluster", "Cluster", 10), C("Name", "Name", 15), C("TRES", "TRES", 30), C("Start|TimeStart", "TimeStart", 19),
    C("End|TimeEnd", "TimeEnd", 19), C("UnusedWall", "UnusedWall", 10), C("Associations|Assocs", "Assocs", 10),
    C("Flags", "Flags", 20), C("ID", "ID", 6), C("NodeNames", "NodeNames", 20),
};
static const struct column runaway_columns[] = {
    C("ID", "ID", 12), C("Name", "Name", 10), C("Partition", "Partition", 10), C("Cluster", "Cluster", 10),
    C("State", "State", 10), C("TimeSubmit", "TimeSubmit", 19), C("TimeStart|Start", "TimeStart", 19),
    C("TimeEnd|End", "TimeEnd", 19),
};
static const struct column tres_columns[] = { C("Type", "Type", 8), C("Name", "Name", 15), C("ID", "ID", 6) };
static const struct column transaction_columns[] = {
    C("TimeStamp|Time", "Time", 19), C("Action", "Action", 20), C("Actor", "Actor", 10), C("Where", "Where", 20),
    C("Info", "Info", 20), C("ActionRaw", "ActionRaw", 10), C("ID", "ID", 6),
};
static const struct column user_columns[] = {
    C("User|Name", "User", 10), C("DefaultAccount", "Def Acct", 10), C("DefaultWCKey", "Def WCKey", 10),
    C("AdminLevel", "Admin", 9), C("Coordinators", "Coord Accounts", 20), ASSOC_COLUMNS,
};
static const struct column wckey_columns[] = {
    C("WCKey", "WCKey", 10), C("Cluster", "Cluster", 10), C("User", "User", 10), C("ID", "ID", 6),
};
static const struct column config_columns[] = { C("Key", "Key", 30), C("Value", "Value", 40) };

#define COLUMNS(list) list, ARRAY_SIZE(list)
const struct entity mgr_entities[] = {
    { "accounts", 3, "account,description,organization", ASSOC_OF_ENTITY ",user", COLUMNS(account_columns),
      load_accounts },
    { "associations", 2,
      "cluster,account,user,partition,share,priority,grpjobs,grptres,grpsubmit,grpwall,grptresmins,maxjobs,"
      "maxtres,maxtrespernode,maxsubmit,maxwall,maxtresmins,qos,defaultqos,grptresrunmins",
      NULL, COLUMNS(assoc_columns), load_associations },
    { "clusters", 2,
      "cluster,controlhost,controlport,rpc,share,grpjobs,grptres,grpsubmit,maxjobs,maxtres,maxsubmit,maxwall,"
      "qos,defaultqos",
      NULL, COLUMNS(cluster_columns), load_clusters },
    { "configuration", 3, "key,value", NULL, COLUMNS(config_columns), load_configuration },
    { "events", 1, "cluster,nodename,timestart,timeend,state,reason,user", NULL, COLUMNS(event_columns), load_events },
    { "federations", 1, "federation,cluster,id,features,fedstate", NULL, COLUMNS(federation_columns), load_nothing },
    { "problems", 1, "cluster,account,user,problem", NULL, COLUMNS(problem_columns), load_nothing },
    { "qos", 1,
      "name,priority,gracetime,preempt,preemptexempttime,preemptmode,flags,usagethreshold,usagefactor,grptres,"
      "grptresmins,grptresrunmins,grpjobs,grpsubmit,grpwall,maxtres,maxtrespernode,maxtresmins,maxwall,maxtrespu,"
      "maxjobspu,maxsubmitpu,maxtrespa,maxjobspa,maxsubmitpa,mintres",
      NULL, COLUMNS(qos_columns), load_qos },
    { "resources", 4, "name,server,type,count,lastconsumed,allocated,servertype,flags", NULL,
      COLUMNS(resource_columns), load_nothing },
    { "reservations", 4, "cluster,name,tres,timestart,timeend,unusedwall", NULL, COLUMNS(reservation_columns),
      load_nothing },
    { "runawayjobs", 2, "id,name,partition,cluster,state,timesubmit,timestart,timeend", NULL,
      COLUMNS(runaway_columns), load_runaway },
    { "stats", 1, "key,value", NULL, COLUMNS(config_columns), load_stats },
    { "transactions", 4, "timestamp,action,actor,where,info", NULL, COLUMNS(transaction_columns), load_nothing },
    { "tres", 4, "type,name,id", NULL, COLUMNS(tres_columns), load_tres },
    { "users", 1, "user,defaultaccount,adminlevel", ASSOC_OF_ENTITY, COLUMNS(user_columns), load_users },
    { "wckeys", 1, "wckey,cluster,user", NULL, COLUMNS(wckey_columns), load_wckeys },
};
const size_t mgr_num_entities = ARRAY_SIZE(mgr_entities);
