/* columns.c - what sinfo can show; a row is a group of nodes. */
#include <pwd.h>
#include <string.h>

#include "bramble/constants.h"
#include "commands/sinfo/sinfo_private.h"
#include "util/mem.h"

static struct sinfo_group *group_of(const struct view *v, size_t row)
{
    return &((struct sinfo_data *)v->arg)->groups[row];
}
static int64_t part_int(const struct view *v, size_t row, unsigned field)
{
    const struct sinfo_data *d = v->arg;

    return table_int(d->parts, field, d->groups[row].part);
}
static const char *part_text(const struct view *v, size_t row, unsigned field)
{
    const struct sinfo_data *d = v->arg;

    return table_text(d->parts, field, d->groups[row].part);
}
static int64_t node_int(const struct view *v, size_t row, unsigned field)
{
    const struct sinfo_data *d = v->arg;

    return d->groups[row].node < 0 ? FIELD_UNSET
                                   : table_int(d->nodes, field, (size_t)d->groups[row].node);
}
static const char *node_text(const struct view *v, size_t row, unsigned field)
{
    const struct sinfo_data *d = v->arg;

    return d->groups[row].node < 0 ? NULL : table_text(d->nodes, field, (size_t)d->groups[row].node);
}
static void word_or(struct strbuf *out, const char *text, const char *none)
{
    cell_text(out, text ? text : none);
}

/* ---- partitions ---- */

static void show_avail(struct strbuf *out, const struct view *v, size_t row)
{
    static const char *const words[] = { "down", "up", "drain", "inact" };
    int64_t state = part_int(v, row, FIELD_PART_STATE);

    strbuf_add(out, state >= 0 && state < 4 ? words[state] : "n/a");
}
static void show_part(struct strbuf *out, const struct view *v, size_t row)
{
    cell_text(out, part_text(v, row, FIELD_PART_NAME));
}
static void show_part_star(struct strbuf *out, const struct view *v, size_t row)
{
    show_part(out, v, row);
    if (part_int(v, row, FIELD_PART_DEFAULT) > 0)
        strbuf_addc(out, '*');
}
static int64_t key_part_place(const struct view *v, size_t row)
{
    return (int64_t)group_of(v, row)->part;
}
static void show_time(struct strbuf *out, int64_t minutes)
{
    if (minutes == FIELD_INFINITE)
        strbuf_add(out, "infinite");
    else if (minutes < 0)
        strbuf_add(out, "n/a");
    else
        cell_duration(out, minutes * 60);
}
static void show_max_time(struct strbuf *out, const struct view *v, size_t row)
{
    show_time(out, part_int(v, row, FIELD_PART_MAX_TIME));
}
static int64_t key_time(int64_t minutes)
{
    return minutes == FIELD_INFINITE ? INT64_MAX : minutes;
}
static int64_t key_max_time(const struct view *v, size_t row)
{
    return key_time(part_int(v, row, FIELD_PART_MAX_TIME));
}
static void show_default_time(struct strbuf *out, const struct view *v, size_t row)
{
    show_time(out, part_int(v, row, FIELD_PART_DEFAULT_TIME));
}
static int64_t key_default_time(const struct view *v, size_t row)
{
    return key_time(part_int(v, row, FIELD_PART_DEFAULT_TIME));
}
static void show_size(struct strbuf *out, const struct view *v, size_t row)
{
    int64_t min = part_int(v, row, FIELD_PART_MIN_NODES), max = part_int(v, row, FIELD_PART_MAX_NODES);

    if (min < 1)
        min = 1;
    cell_int(out, min);
    if (max == min)
        return;
    strbuf_addc(out, '-');
    if (max < 0)
        strbuf_add(out, "infinite");
    else
        cell_int(out, max);
}
static void show_root(struct strbuf *out, const struct view *v, size_t row)
{
    strbuf_add(out, part_int(v, row, FIELD_PART_ROOT_ONLY) > 0 ? "yes" : "no");
}
static void show_share(struct strbuf *out, const struct view *v, size_t row)
{
    word_or(out, part_text(v, row, FIELD_PART_OVER_SUBSCRIBE), "NO");
}
static void show_groups(struct strbuf *out, const struct view *v, size_t row)
{
    word_or(out, part_text(v, row, FIELD_PART_ALLOW_GROUPS), "all");
}
static void show_alloc_nodes(struct strbuf *out, const struct view *v, size_t row)
{
    word_or(out, part_text(v, row, FIELD_PART_ALLOC_NODES), "all");
}
static void show_preempt(struct strbuf *out, const struct view *v, size_t row)
{
    word_or(out, part_text(v, row, FIELD_PART_PREEMPT_MODE), "OFF");
}
static void show_tier(struct strbuf *out, const struct view *v, size_t row)
{
    cell_int(out, part_int(v, row, FIELD_PART_PRIORITY_TIER));
}
static int64_t key_tier(const struct view *v, size_t row)
{
    return part_int(v, row, FIELD_PART_PRIORITY_TIER);
}
static void show_factor(struct strbuf *out, const struct view *v, size_t row)
{
    cell_int(out, part_int(v, row, FIELD_PART_PRIORITY_JOB));
}
static void show_max_cpus(struct strbuf *out, const struct view *v, size_t row)
{
    int64_t most = part_int(v, row, FIELD_PART_MAX_CPUS_NODE);

    if (most < 0)
        strbuf_add(out, "UNLIMITED");
    else
        cell_int(out, most);
}

/* ---- nodes of the group, all alike ---- */

static void show_state(struct strbuf *out, const struct view *v, size_t row)
{
    if (group_of(v, row)->node < 0)
        strbuf_add(out, "n/a");
    else
        node_state_compact(out, node_int(v, row, FIELD_NODE_STATE));
}
static void show_state_long(struct strbuf *out, const struct view *v, size_t row)
{
    if (group_of(v, row)->node < 0)
        strbuf_add(out, "n/a");
    else
        node_state_long(out, node_int(v, row, FIELD_NODE_STATE));
}
static void show_state_complete(struct strbuf *out, const struct view *v, size_t row)
{
    if (group_of(v, row)->node < 0)
        strbuf_add(out, "n/a");
    else
        node_state_complete(out, node_int(v, row, FIELD_NODE_STATE));
}
static int64_t key_state(const struct view *v, size_t row)
{
    return group_of(v, row)->node < 0 ? -1 : node_state_rank(node_int(v, row, FIELD_NODE_STATE));
}
static void show_features(struct strbuf *out, const struct view *v, size_t row)
{
    cell_text_or_null(out, node_text(v, row, FIELD_NODE_FEATURES));
}
static void show_gres(struct strbuf *out, const struct view *v, size_t row)
{
    cell_text_or_null(out, node_text(v, row, FIELD_NODE_GRES));
}
static void show_gres_used(struct strbuf *out, const struct view *v, size_t row)
{
    cell_text_or_null(out, node_text(v, row, FIELD_NODE_GRES_USED));
}
static void show_comment(struct strbuf *out, const struct view *v, size_t row)
{
    cell_text_or_null(out, node_text(v, row, FIELD_NODE_COMMENT));
}
static void show_extra(struct strbuf *out, const struct view *v, size_t row)
{
    cell_text_or_null(out, node_text(v, row, FIELD_NODE_EXTRA));
}
static void show_reason(struct strbuf *out, const struct view *v, size_t row)
{
    word_or(out, node_text(v, row, FIELD_NODE_REASON), "none");
}
static void show_reason_time(struct strbuf *out, const struct view *v, size_t row)
{
    cell_time(out, v, node_int(v, row, FIELD_NODE_REASON_TIME), "Unknown");
}
static int64_t key_reason_time(const struct view *v, size_t row)
{
    return node_int(v, row, FIELD_NODE_REASON_TIME);
}
/* The controller may not know the name of an operator who has no jobs. */
static const char *reason_user(const struct view *v, size_t row, char buf[32])
{
    const char *user = node_text(v, row, FIELD_NODE_REASON_USER);
    int64_t uid = node_int(v, row, FIELD_NODE_REASON_UID);
    const struct passwd *pw;

    if (user || !node_text(v, row, FIELD_NODE_REASON) || uid < 0)
        return user;
    if ((pw = getpwuid((uid_t)uid)))
        return pw->pw_name;
    snprintf(buf, 32, "%lld", (long long)uid);
    return buf;
}
static void show_reason_user(struct strbuf *out, const struct view *v, size_t row)
{
    char buf[32];

    word_or(out, node_text(v, row, FIELD_NODE_REASON) ? reason_user(v, row, buf) : NULL, "Unknown");
}
static void show_reason_user_long(struct strbuf *out, const struct view *v, size_t row)
{
    char buf[32];
    const char *user = reason_user(v, row, buf);

    if (!user || !node_text(v, row, FIELD_NODE_REASON)) {
        strbuf_add(out, "Unknown");
        return;
    }
    cell_text(out, user);
    strbuf_addf(out, "(%lld)", (long long)node_int(v, row, FIELD_NODE_REASON_UID));
}
static void show_version(struct strbuf *out, const struct view *v, size_t row)
{
    word_or(out, node_text(v, row, FIELD_NODE_VERSION), "N/A");
}
static void show_cluster(struct strbuf *out, const struct view *v, size_t row)
{
    (void)v, (void)row;
    strbuf_add(out, "N/A"); /* only a federation has one to name */
}
static void show_port(struct strbuf *out, const struct view *v, size_t row)
{
    int64_t port = node_int(v, row, FIELD_NODE_PORT);

    cell_int(out, port > 0 ? port : 0);
}
static void show_mem_alloc(struct strbuf *out, const struct view *v, size_t row)
{
    int64_t mb = node_int(v, row, FIELD_NODE_MEM_ALLOC);

    cell_int(out, mb > 0 ? mb : 0);
}

/* ---- nodes of the group, together ---- */

static void show_span(struct strbuf *out, struct span s)
{
    cell_int(out, s.min);
    if (s.max > s.min)
        strbuf_addc(out, '+');
}
#define SPAN_COLUMN(field)                                                                     \
    static void show_##field(struct strbuf *out, const struct view *v, size_t row)             \
    {                                                                                          \
        show_span(out, group_of(v, row)->field);                                               \
    }                                                                                          \
    static int64_t key_##field(const struct view *v, size_t row)                               \
    {                                                                                          \
        return group_of(v, row)->field.min;                                                    \
    }
SPAN_COLUMN(cpus)
SPAN_COLUMN(sockets)
SPAN_COLUMN(cores)
SPAN_COLUMN(threads)
SPAN_COLUMN(memory)
SPAN_COLUMN(disk)
SPAN_COLUMN(weight)
#undef SPAN_COLUMN

static void show_sct(struct strbuf *out, const struct view *v, size_t row)
{
    show_sockets(out, v, row);
    strbuf_addc(out, ':');
    show_cores(out, v, row);
    strbuf_addc(out, ':');
    show_threads(out, v, row);
}
static void show_load(struct strbuf *out, const struct view *v, size_t row)
{
    const struct sinfo_group *g = group_of(v, row);

    if (g->node >= 0 && g->load.max < 0) {
        strbuf_add(out, "N/A");
        return;
    }
    strbuf_addf(out, "%.2f", (double)g->load.min / 100);
    if (g->load.max > g->load.min)
        strbuf_addf(out, "-%.2f", (double)g->load.max / 100);
}
static int64_t key_load(const struct view *v, size_t row)
{
    return group_of(v, row)->load.min;
}
static void show_free_mem(struct strbuf *out, const struct view *v, size_t row)
{
    const struct sinfo_group *g = group_of(v, row);

    if (g->node >= 0 && g->free_mem.max < 0) {
        strbuf_add(out, "N/A");
        return;
    }
    cell_int(out, g->free_mem.min);
    if (g->free_mem.max > g->free_mem.min) {
        strbuf_addc(out, '-');
        cell_int(out, g->free_mem.max);
    }
}
static int64_t key_free_mem(const struct view *v, size_t row)
{
    return group_of(v, row)->free_mem.min;
}
static void show_count(struct strbuf *out, const struct view *v, size_t row)
{
    cell_int(out, group_of(v, row)->count);
}
static int64_t key_count(const struct view *v, size_t row)
{
    return group_of(v, row)->count;
}
static void show_ai(struct strbuf *out, const struct view *v, size_t row)
{
    const struct sinfo_group *g = group_of(v, row);

    strbuf_addf(out, "%u/%u", g->alloc, g->idle);
}
static void show_aiot(struct strbuf *out, const struct view *v, size_t row)
{
    const struct sinfo_group *g = group_of(v, row);

    strbuf_addf(out, "%u/%u/%u/%u", g->alloc, g->idle, g->other, g->count);
}
static void show_cpus_aiot(struct strbuf *out, const struct view *v, size_t row)
{
    const struct sinfo_group *g = group_of(v, row);

    strbuf_addf(out, "%lld/%lld/%lld/%lld", (long long)g->cpus_alloc, (long long)g->cpus_idle,
                (long long)g->cpus_other, (long long)g->cpus_total);
}

/* The members' texts of one field as a hostlist, made once a group. */
static const char *members_of(const struct view *v, size_t row, unsigned field, char **made)
{
    const struct sinfo_data *d = v->arg;
    const struct sinfo_group *g = &d->groups[row];
    size_t rows = table_rows(d->nodes);
    CLEANUP_HOSTLIST struct hostlist *hl = NULL;

    if (*made || g->node < 0)
        return *made;
    hl = hostlist_create();
    for (size_t i = (size_t)g->node; i < rows; i++)
        if (g->members[i / 8] >> i % 8 & 1) {
            const char *text = table_text(d->nodes, field, i);

            hostlist_push(hl, text ? text : table_text(d->nodes, FIELD_NODE_NAME, i));
        }
    hostlist_sort(hl);
    hostlist_uniq(hl);
    return *made = hostlist_format(hl);
}
static void show_nodes(struct strbuf *out, const struct view *v, size_t row)
{
    cell_text(out, members_of(v, row, FIELD_NODE_NAME, &group_of(v, row)->node_list));
}
static int64_t key_nodes(const struct view *v, size_t row)
{
    const struct sinfo_data *d = v->arg;
    const struct sinfo_group *g = &d->groups[row];
    int64_t least = INT64_MAX;

    for (size_t i = g->node < 0 ? SIZE_MAX : (size_t)g->node; i < table_rows(d->nodes); i++)
        if (g->members[i / 8] >> i % 8 & 1 && d->node_rank[i] < least)
            least = d->node_rank[i];
    return least;
}
static void show_hosts(struct strbuf *out, const struct view *v, size_t row)
{
    cell_text(out, members_of(v, row, FIELD_NODE_HOST, &group_of(v, row)->hosts));
}
static void show_addresses(struct strbuf *out, const struct view *v, size_t row)
{
    cell_text(out, members_of(v, row, FIELD_NODE_ADDR, &group_of(v, row)->addresses));
}

#define PART(field) { FIELD_PART_##field }, COL_PART | COL_MATCH | COL_SORT_CELL
#define NODE(field) { FIELD_NODE_##field }, COL_MATCH | COL_SORT_CELL
#define SIZE(field) { FIELD_NODE_##field }, COL_MATCH_EXACT

const struct column sinfo_columns[] = {
    { 0, "AllocMem", "ALLOCMEM", show_mem_alloc, NODE(MEM_ALLOC) },
    { 'S', "AllocNodes", "ALLOCNODES", show_alloc_nodes, PART(ALLOC_NODES) },
    { 'a', "Available", "AVAIL", show_avail, PART(STATE) },
    { 'V', "Cluster", "CLUSTER", show_cluster, { FIELD_NODE_NAME }, COL_SORT_CELL },
    { 0, "Comment", "COMMENT", show_comment, NODE(COMMENT) },
    { 'Y', "Cores", "CORES", show_cores, SIZE(CORES), .sort_key = key_cores },
    { 'c', "CPUs", "CPUS", show_cpus, SIZE(CPUS), .sort_key = key_cpus },
    { 'O', "CPUsLoad", "CPU_LOAD", show_load, SIZE(CPU_LOAD), .sort_key = key_load },
    { 'C', "CPUsState", "CPUS(A/I/O/T)", show_cpus_aiot,
      { FIELD_NODE_CPUS, FIELD_NODE_CPUS_ALLOC, FIELD_NODE_STATE }, COL_SORT_CELL },
    { 'L', "DefaultTime", "DEFAULTTIME", show_default_time, PART(DEFAULT_TIME),
      .sort_key = key_default_time },
    { 'd', "Disk", "TMP_DISK", show_disk, SIZE(TMP), .sort_key = key_disk },
    { 0, "Extra", "EXTRA", show_extra, NODE(EXTRA) },
    { 'f', "Features", "AVAIL_FEATURES", show_features, NODE(FEATURES) },
    { 'b', "features_act", "ACTIVE_FEATURES", show_features, NODE(FEATURES) },
    { 'e', "FreeMem", "FREE_MEM", show_free_mem, SIZE(MEM_FREE), .sort_key = key_free_mem },
    { 'G', "Gres", "GRES", show_gres, NODE(GRES) },
    { 0, "GresUsed", "GRES_USED", show_gres_used, NODE(GRES_USED) },
    { 'g', "Groups", "GROUPS", show_groups, PART(ALLOW_GROUPS) },
    { 'B', "MaxCPUsPerNode", "MAX_CPUS_PER_NODE", show_max_cpus, PART(MAX_CPUS_NODE) },
    { 'm', "Memory", "MEMORY", show_memory, SIZE(MEM), .sort_key = key_memory },
    { 'o', "NodeAddr", "NODE_ADDR", show_addresses, { FIELD_NODE_ADDR, FIELD_NODE_NAME }, COL_SORT_CELL },
    { 'A', "NodeAI", "NODES(A/I)", show_ai, { FIELD_NODE_STATE }, COL_SORT_CELL },
    { 'F', "NodeAIOT", "NODES(A/I/O/T)", show_aiot, { FIELD_NODE_STATE }, COL_SORT_CELL },
    { 'n', "NodeHost", "HOSTNAMES", show_hosts, { FIELD_NODE_HOST, FIELD_NODE_NAME }, COL_SORT_CELL },
    { 'N', "NodeList", "NODELIST", show_nodes, { FIELD_NODE_NAME }, .sort_key = key_nodes },
    { 'D', "Nodes", "NODES", show_count, { FIELD_NODE_NAME }, .sort_key = key_count },
    { 'h', "OverSubscribe|Share", "OVERSUBSCRIBE", show_share, PART(OVER_SUBSCRIBE) },
    { 'P', "Partition", "PARTITION", show_part_star,
      { FIELD_PART_NAME, FIELD_PART_DEFAULT }, COL_PART | COL_MATCH | COL_SORT_CELL },
    { 'R', "PartitionName", "PARTITION", show_part, PART(NAME) },
    { '#', NULL, "", show_part, { FIELD_PART_NAME }, COL_HIDDEN, .sort_key = key_part_place },
    { 0, "Port", "PORT", show_port, { FIELD_NODE_PORT }, COL_MATCH_EXACT },
    { 'M', "PreemptMode", "PREEMPT_MODE", show_preempt, PART(PREEMPT_MODE) },
    { 'I', "PriorityJobFactor", "PRIO_JOB_FACTOR", show_factor, PART(PRIORITY_JOB) },
    { 'p', "PriorityTier|Priority", "PRIO_TIER", show_tier, PART(PRIORITY_TIER), .sort_key = key_tier },
    { 'E', "Reason", "REASON", show_reason, NODE(REASON) },
    { 'r', "Root", "ROOT", show_root, PART(ROOT_ONLY) },
    { 's', "Size", "JOB_SIZE", show_size,
      { FIELD_PART_MIN_NODES, FIELD_PART_MAX_NODES }, COL_PART | COL_MATCH | COL_SORT_CELL },
    { 'z', "SocketCoreThread", "S:C:T", show_sct,
      { FIELD_NODE_SOCKETS, FIELD_NODE_CORES, FIELD_NODE_THREADS }, COL_MATCH_EXACT | COL_SORT_CELL },
    { 'X', "Sockets", "SOCKETS", show_sockets, SIZE(SOCKETS), .sort_key = key_sockets },
    { 't', "StateCompact", "STATE", show_state, NODE(STATE), .sort_key = key_state },
    { 'T', "StateLong", "STATE", show_state_long, NODE(STATE), .sort_key = key_state },
    { 0, "StateComplete", "STATECOMPLETE", show_state_complete, NODE(STATE) },
    { 'Z', "Threads", "THREADS", show_threads, SIZE(THREADS), .sort_key = key_threads },
    { 'l', "Time", "TIMELIMIT", show_max_time, PART(MAX_TIME), .sort_key = key_max_time },
    { 'H', "TimeStamp", "TIMESTAMP", show_reason_time, NODE(REASON_TIME), .sort_key = key_reason_time },
    { 'u', "User", "USER", show_reason_user,
      { FIELD_NODE_REASON_USER, FIELD_NODE_REASON_UID, FIELD_NODE_REASON }, COL_MATCH | COL_SORT_CELL },
    { 'U', "UserLong", "USER", show_reason_user_long,
      { FIELD_NODE_REASON_USER, FIELD_NODE_REASON_UID, FIELD_NODE_REASON }, COL_MATCH | COL_SORT_CELL },
    { 'v', "Version", "VERSION", show_version, NODE(VERSION) },
    { 'w', "Weight", "WEIGHT", show_weight, SIZE(WEIGHT), .sort_key = key_weight },
};
const size_t sinfo_num_columns = sizeof(sinfo_columns) / sizeof(sinfo_columns[0]);
