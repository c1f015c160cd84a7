/* load.c - the rows of each entity, from what the controller and the accounts tell. */
#include <inttypes.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "bramble/constants.h"
#include "commands/display/node_state.h"
#include "commands/sacctmgr/sacctmgr_private.h"
#include "rpc/rpc.h"
#include "util/error.h"
#include "util/hostlist.h"
#include "util/mem.h"

#define ACCOUNT "root" /* the only one */
#define QOS "normal"

/* ---- questions ---- */

static struct table *ask(struct listing *l, unsigned table, const bool *want, const char *function)
{
    struct console *con = l->mgr->con;
    Wire__QueryRequest request = WIRE__QUERY_REQUEST__INIT;
    struct error err = { 0 };
    struct table *t;

    query_set_fields(&request, want, table);
    request.has_all = request.all = true;
    request.has_all_users = request.all_users = true;
    t = con->source->query(con->source, &request, &err);
    free(request.fields);
    if (!t)
        console_load_error(con, function, &err);
    return t;
}

static bool wanted(const char *list, const char *word)
{
    for (const char *at = list; at && *at;) {
        size_t len = strcspn(at, ",");

        if (len == strlen(word) && !strncasecmp(at, word, len))
            return true;
        at += len;
        at += *at == ',';
    }
    return !list;
}

static const char *when(int64_t at, char *buf, size_t size)
{
    CLEANUP_STRBUF struct strbuf sb = STRBUF_INIT;
    const struct view view = { .time_format = getenv("SLURM_TIME_FORMAT") };

    cell_time(&sb, &view, at, "Unknown");
    snprintf(buf, size, "%s", strbuf_str(&sb));
    return buf;
}

/* ---- users ---- */

struct users {
    char **names;
    size_t num;
};

static void users_add(struct users *u, const char *name)
{
    for (size_t i = 0; i < u->num; i++)
        if (!strcmp(u->names[i], name))
            return;
    u->names = xreallocarray(u->names, u->num + 1, sizeof(*u->names));
    u->names[u->num++] = xstrdup(name);
}

static void users_fini(struct users *u)
{
    for (size_t i = 0; i < u->num; i++)
        free(u->names[i]);
    free(u->names);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void users_add_uid(struct users *u, uint32_t uid)
{
    const struct passwd *pw = getpwuid(uid);

    if (pw)
        users_add(u, pw->pw_name);
}

/* Whom the conditions name, as far as they exist: every user may submit.  Else those who have jobs in
 * the accounts or the controller, those who administer, and oneself. */
static int users_load(struct listing *l, const char *names, struct users *u)
{
    static const struct {
        unsigned table;
        uint16_t field;
        const char *function;
    } sources[] = { { QUERY_JOBS, FIELD_JOB_USER, "slurm_load_jobs" },
                    { QUERY_ACCT, FIELD_ACCT_USER, "slurmdb_users_get" } };
    const Wire__ConfigReply *config = l->config;

    for (const char *at = names; at && *at;) {
        CLEANUP_FREE char *name = xstrndup(at, strcspn(at, ","));

        at += strlen(name);
        at += *at == ',';
        if (getpwnam(name))
            users_add(u, name);
    }
    for (size_t i = 0; !names && i < ARRAY_SIZE(sources); i++) {
        bool want[FIELD_MAX] = { false };
        struct table *t;

        want[sources[i].field] = true;
        t = ask(l, sources[i].table, want, sources[i].function);

        if (!t)
            return -1;
        for (size_t row = 0; row < table_rows(t); row++)
            if (table_text(t, sources[i].field, row))
                users_add(u, table_text(t, sources[i].field, row));
        table_destroy(t);
    }
    if (!names) {
        users_add(u, "root");
        users_add_uid(u, getuid());
        for (size_t i = 0; i < config->n_admins; i++)
            users_add_uid(u, config->admins[i]);
        for (size_t i = 0; i < config->n_operators; i++)
            users_add_uid(u, config->operators[i]);
    }
    if (u->num)
        qsort(u->names, u->num, sizeof(*u->names), by_name);
    return 0;
}

static const char *admin_level(const struct listing *l, const char *name)
{
    const struct passwd *pw = getpwnam(name);

    if (pw && pw->pw_uid == 0)
        return "Administrator";
    for (size_t i = 0; pw && i < l->config->n_admins; i++)
        if (l->config->admins[i] == pw->pw_uid)
            return "Administrator";
    for (size_t i = 0; pw && i < l->config->n_operators; i++)
        if (l->config->operators[i] == pw->pw_uid)
            return "Operator";
    return "None";
}

/* What every association here says. */
static void set_association(struct listing *l, size_t row)
{
    listing_set(l, row, "Account", ACCOUNT);
    listing_set(l, row, "Cluster", "%s", l->cluster);
    listing_set(l, row, "Fairshare", "1");
    listing_set(l, row, "QOS", QOS);
}

int load_users(struct listing *l)
{
    const struct conditions *w = l->where;
    struct users u = { 0 };

    if (users_load(l, w->users ? w->users : w->names, &u) < 0) {
        users_fini(&u);
        return -1;
    }
    for (size_t i = 0; i < u.num && wanted(w->accounts, ACCOUNT); i++) {
        size_t row = listing_add(l);

        set_association(l, row);
        listing_set(l, row, "User", "%s", u.names[i]);
        listing_set(l, row, "DefaultAccount", ACCOUNT);
        listing_set(l, row, "AdminLevel", "%s", admin_level(l, u.names[i]));
    }
    users_fini(&u);
    return 0;
}

int load_accounts(struct listing *l)
{
    const struct conditions *w = l->where;
    struct users u = { 0 };

    if (!wanted(w->accounts ? w->accounts : w->names, ACCOUNT))
        return 0;
    size_t row = listing_add(l);
    set_association(l, row);
    listing_set(l, row, "Description", "default root account");
    listing_set(l, row, "Organization", "root");
    if (w->with_assoc) {
        if (users_load(l, w->users, &u) < 0) {
            users_fini(&u);
            return -1;
        }
        for (size_t i = 0; i < u.num; i++) {
            row = listing_add(l);
            set_association(l, row);
            listing_set(l, row, "Description", "default root account");
            listing_set(l, row, "Organization", "root");
            listing_set(l, row, "User", "%s", u.names[i]);
        }
        users_fini(&u);
    }
    return 0;
}

int load_associations(struct listing *l)
{
    const struct conditions *w = l->where;
    struct users u = { 0 };

    if (!wanted(w->accounts, ACCOUNT) || !wanted(w->clusters, l->cluster))
        return 0;
    if (users_load(l, w->users, &u) < 0) {
        users_fini(&u);
        return -1;
    }
    if (!w->users)
        set_association(l, listing_add(l)); /* the account's own */
    for (size_t i = 0; i < u.num; i++) {
        size_t row = listing_add(l);

        set_association(l, row);
        listing_set(l, row, "User", "%s", u.names[i]);
        listing_set(l, row, "ParentName", ACCOUNT);
    }
    users_fini(&u);
    return 0;
}

/* ---- the cluster ---- */

int load_clusters(struct listing *l)
{
    bool want[FIELD_MAX] = { [FIELD_NODE_NAME] = true, [FIELD_NODE_CPUS] = true, [FIELD_NODE_MEM] = true };
    CLEANUP_HOSTLIST struct hostlist *names = hostlist_create();
    CLEANUP_STRBUF struct strbuf tres = STRBUF_INIT;
    int64_t cpus = 0, mem = 0;
    struct table *t;

    if (!wanted(l->where->clusters ? l->where->clusters : l->where->names, l->cluster))
        return 0;
    if (!(t = ask(l, QUERY_NODES, want, "slurm_load_node")))
        return -1;
    for (size_t row = 0; row < table_rows(t); row++) {
        hostlist_push(names, table_text(t, FIELD_NODE_NAME, row));
        cpus += table_int(t, FIELD_NODE_CPUS, row);
        mem += table_int(t, FIELD_NODE_MEM, row);
    }
    cell_tres(&tres, NULL, cpus, mem, (int64_t)table_rows(t));
    CLEANUP_FREE char *list = hostlist_format(names);
    size_t row = listing_add(l);
    listing_set(l, row, "Cluster", "%s", l->cluster);
    listing_set(l, row, "ControlHost", "%s", listing_config(l, "SlurmctldHost[0]"));
    listing_set(l, row, "ControlPort", "%s", listing_config(l, "SlurmctldPort"));
    listing_set(l, row, "RPC", "0");
    listing_set(l, row, "Fairshare", "1");
    listing_set(l, row, "QOS", QOS);
    listing_set(l, row, "ClusterNodes", "%s", list);
    listing_set(l, row, "NodeCount", "%zu", table_rows(t));
    listing_set(l, row, "TRES", "%s", strbuf_str(&tres));
    table_destroy(t);
    return 0;
}

int load_qos(struct listing *l)
{
    if (!wanted(l->where->names, QOS))
        return 0;
    size_t row = listing_add(l);
    listing_set(l, row, "Name", QOS);
    listing_set(l, row, "Description", "Normal QOS default");
    listing_set(l, row, "ID", "1");
    listing_set(l, row, "Priority", "0");
    listing_set(l, row, "GraceTime", "00:00:00");
    listing_set(l, row, "PreemptMode", "cluster");
    listing_set(l, row, "UsageFactor", "1.000000");
    return 0;
}

int load_tres(struct listing *l)
{
    static const struct {
        const char *type, *name;
    } known[] = { { "cpu", "" },     { "mem", "" },    { "energy", "" }, { "node", "" },
                  { "billing", "" }, { "fs", "disk" }, { "vmem", "" },   { "pages", "" } };

    for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
        size_t row;

        if (!wanted(l->where->names, known[i].type))
            continue;
        row = listing_add(l);
        listing_set(l, row, "Type", "%s", known[i].type);
        listing_set(l, row, "Name", "%s", known[i].name);
        listing_set(l, row, "ID", "%zu", i + 1);
    }
    return 0;
}

/* Nodes that are out of service now, since when, why and by whom. */
int load_events(struct listing *l)
{
    bool want[FIELD_MAX] = { [FIELD_NODE_NAME] = true,        [FIELD_NODE_STATE] = true,
                             [FIELD_NODE_REASON] = true,      [FIELD_NODE_REASON_TIME] = true,
                             [FIELD_NODE_REASON_USER] = true, [FIELD_NODE_REASON_UID] = true,
                             [FIELD_NODE_CPUS] = true,        [FIELD_NODE_MEM] = true };
    struct table *t = ask(l, QUERY_NODES, want, "slurm_load_node");

    for (size_t i = 0; t && i < table_rows(t); i++) {
        int64_t state = table_int(t, FIELD_NODE_STATE, i), since = table_int(t, FIELD_NODE_REASON_TIME, i);
        const char *user = table_text(t, FIELD_NODE_REASON_USER, i), *reason = table_text(t, FIELD_NODE_REASON, i);
        CLEANUP_STRBUF struct strbuf words = STRBUF_INIT, tres = STRBUF_INIT, duration = STRBUF_INIT;
        char buf[64];
        size_t row;

        if ((state & 0xff) != NODE_DOWN && !(state & (NODE_FLAG_DRAIN | NODE_FLAG_FAIL)))
            continue;
        if (!wanted(l->where->nodes, table_text(t, FIELD_NODE_NAME, i)))
            continue;
        node_state_complete(&words, state);
        for (char *p = words.data; p && *p; p++)
            *p = (char)(*p >= 'a' && *p <= 'z' ? *p - 32 : *p);
        cell_tres(&tres, NULL, table_int(t, FIELD_NODE_CPUS, i), table_int(t, FIELD_NODE_MEM, i), 1);
        cell_duration_full(&duration, since > 0 ? table_now(t) - since : 0);
        row = listing_add(l);
        listing_set(l, row, "Cluster", "%s", l->cluster);
        listing_set(l, row, "NodeName", "%s", table_text(t, FIELD_NODE_NAME, i));
        listing_set(l, row, "Start", "%s", when(since, buf, sizeof(buf)));
        listing_set(l, row, "End", "Unknown");
        listing_set(l, row, "Duration", "%s", strbuf_str(&duration));
        listing_set(l, row, "State", "%s", strbuf_str(&words));
        listing_set(l, row, "StateRaw", "%lld", (long long)node_state_rank(state));
        listing_set(l, row, "Event", "Node");
        listing_set(l, row, "EventRaw", "2");
        listing_set(l, row, "Reason", "%s", reason ? reason : "");
        listing_set(l, row, "TRES", "%s", strbuf_str(&tres));
        if (user)
            listing_set(l, row, "User", "%s(%lld)", user, (long long)table_int(t, FIELD_NODE_REASON_UID, i));
    }
    table_destroy(t);
    return t ? 0 : -1;
}

int load_nothing(struct listing *l)
{
    (void)l;
    return 0;
}

/* ---- jobs ---- */

int load_wckeys(struct listing *l)
{
    bool want[FIELD_MAX] = { [FIELD_ACCT_WCKEY] = true, [FIELD_ACCT_USER] = true };
    struct table *t = ask(l, QUERY_ACCT, want, "slurmdb_wckeys_get");
    struct users seen = { 0 };

    for (size_t i = 0; t && i < table_rows(t); i++) {
        const char *key = table_text(t, FIELD_ACCT_WCKEY, i), *user = table_text(t, FIELD_ACCT_USER, i);
        CLEANUP_FREE char *both = key && user ? xasprintf("%s\n%s", key, user) : NULL;

        if (both && wanted(l->where->names, key) && wanted(l->where->users, user))
            users_add(&seen, both);
    }
    for (size_t i = 0; i < seen.num; i++) {
        size_t row = listing_add(l);
        const char *user = strchr(seen.names[i], '\n');

        listing_set(l, row, "WCKey", "%.*s", (int)(user - seen.names[i]), seen.names[i]);
        listing_set(l, row, "User", "%s", user + 1);
        listing_set(l, row, "Cluster", "%s", l->cluster);
    }
    users_fini(&seen);
    table_destroy(t);
    return t ? 0 : -1;
}

static bool holds(const struct table *jobs, int64_t id)
{
    for (size_t i = 0; i < table_rows(jobs); i++)
        if (table_int(jobs, FIELD_JOB_ID, i) == id)
            return true;
    return false;
}

/* Jobs that have no end in the accounts, though the controller does not hold them. */
int load_runaway(struct listing *l)
{
    bool want_jobs[FIELD_MAX] = { [FIELD_JOB_ID] = true };
    bool want[FIELD_MAX] = { [FIELD_ACCT_JOB_ID] = true,     [FIELD_ACCT_NAME] = true,
                             [FIELD_ACCT_PARTITION] = true,  [FIELD_ACCT_STATE] = true,
                             [FIELD_ACCT_SUBMIT_TIME] = true, [FIELD_ACCT_START_TIME] = true,
                             [FIELD_ACCT_END_TIME] = true };
    struct table *t = ask(l, QUERY_ACCT, want, "slurmdb_jobs_get"); /* before the jobs: what ends meanwhile is held */
    struct table *jobs = t ? ask(l, QUERY_JOBS, want_jobs, "slurm_load_jobs") : NULL;
    char buf[64];

    for (size_t i = 0; jobs && i < table_rows(t); i++) {
        int64_t id = table_int(t, FIELD_ACCT_JOB_ID, i), start = table_int(t, FIELD_ACCT_START_TIME, i);
        const char *part = table_text(t, FIELD_ACCT_PARTITION, i), *name = table_text(t, FIELD_ACCT_NAME, i);
        size_t row;

        if (table_int(t, FIELD_ACCT_END_TIME, i) > 0 || start <= 0 || holds(jobs, id))
            continue;
        row = listing_add(l);
        listing_set(l, row, "ID", "%lld", (long long)id);
        listing_set(l, row, "Name", "%s", name ? name : "");
        listing_set(l, row, "Partition", "%s", part ? part : "");
        listing_set(l, row, "Cluster", "%s", l->cluster);
        listing_set(l, row, "State", "%s", job_state_long(table_int(t, FIELD_ACCT_STATE, i)));
        listing_set(l, row, "TimeSubmit", "%s", when(table_int(t, FIELD_ACCT_SUBMIT_TIME, i), buf, sizeof(buf)));
        listing_set(l, row, "TimeStart", "%s", when(start, buf, sizeof(buf)));
        listing_set(l, row, "TimeEnd", "Unknown");
    }
    table_destroy(jobs);
    table_destroy(t);
    if (!jobs)
        return -1;
    if (l->num_rows)
        return 0;
    dprintf(l->mgr->con->out, "Runaway Jobs: No runaway jobs found on cluster %s\n", l->cluster);
    return 1;
}

/* ---- configuration and counters ---- */

int load_configuration(struct listing *l)
{
    static const char *const keys[] = {
        "AccountingStorageBackupHost", "AccountingStorageHost", "AccountingStorageParameters",
        "AccountingStoragePass",       "AccountingStoragePort", "AccountingStorageType",
        "AccountingStorageUser",       "AuthType",              "MessageTimeout",
        "PluginDir",                   "SlurmUser",             "SLURM_CONF",
        "SLURM_VERSION",               "TCPTimeout",            "TrackWCKey",
    };
    CLEANUP_STRBUF struct strbuf out = STRBUF_INIT;
    char buf[64];

    strbuf_addf(&out, "Configuration data as of %s\n", when(time(NULL), buf, sizeof(buf)));
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        const char *value = listing_config(l, keys[i]);

        strbuf_addf(&out, "%-30s = %s\n", keys[i], *value ? value : "(null)");
    }
    dprintf(l->mgr->con->out, "%s", strbuf_str(&out));
    return 1;
}

int load_stats(struct listing *l)
{
    Wire__DiagRequest request = WIRE__DIAG_REQUEST__INIT;
    struct console *con = l->mgr->con;
    struct error err = { 0 };
    ProtobufCMessage *msg = con->source->call(con->source, MSG_DIAG, &request.base, MSG_DIAG_REPLY, &err);
    const Wire__DiagReply *r = (const Wire__DiagReply *)msg;
    uint64_t count = 0, usec = 0;
    char now[64], since[64];

    if (!msg) {
        console_load_error(con, "slurmdb_get_stats", &err);
        return -1;
    }
    for (size_t i = 0; i < r->n_types; i++)
        if (r->types[i]->type == MSG_QUERY && r->types[i]->table == QUERY_ACCT) {
            count = r->types[i]->count;
            usec = r->types[i]->usec;
        }
    dprintf(con->out,
            "*******************************************************************\n"
            "sacctmgr show stats output at %s\nData since                    %s\n"
            "*******************************************************************\n"
            "Journal records that the store has not taken yet: %" PRIu64 "\n"
            "\nRemote Procedure Call statistics by message type\n"
            "\t%-40s(%5u) count:%-6" PRIu64 " ave_time:%-6" PRIu64 " total_time:%" PRIu64 "\n",
            when(r->now, now, sizeof(now)), when(r->since, since, sizeof(since)), r->accounting_queue,
            "DBD_GET_JOBS_COND", 1444, count, count ? usec / count : 0, usec);
    rpc_msg_free(msg);
    return 1;
}
