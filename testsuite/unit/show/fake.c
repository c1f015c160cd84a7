/* fake.c - tables by hand, for tests of the commands that show. */
#include "config.h"
#include "fake.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "rpc/rpc.h"
#include "util/mem.h"

struct fake {
    struct source base;
    int code;
    char text[128];
    bool empty;
};

#define I(field, value) table_set_int(t, FIELD_##field, row, value)
#define S(field, value) table_set_text(t, FIELD_##field, row, value)

struct fake_job {
    int64_t id;
    const char *name, *partition, *nodes;
    int64_t state, reason, priority, cpus, num_nodes, limit, start, run, uid;
};

static void add_job(struct table *t, const struct fake_job *j)
{
    size_t row = table_add_row(t);

    I(JOB_ID, j->id);
    S(JOB_NAME, j->name);
    S(JOB_PARTITION, j->partition);
    S(JOB_NODE_LIST, j->nodes);
    S(JOB_BATCH_HOST, j->nodes ? "pi1" : NULL);
    I(JOB_STATE, j->state);
    I(JOB_REASON, j->reason);
    I(JOB_PRIORITY, j->priority);
    I(JOB_NUM_CPUS, j->cpus);
    I(JOB_NUM_NODES, j->num_nodes);
    I(JOB_TIME_LIMIT, j->limit);
    I(JOB_START_TIME, j->start);
    I(JOB_END_TIME, j->start > 0 && j->limit > 0 ? j->start + j->limit * 60 : FIELD_UNSET);
    I(JOB_RUN_SEC, j->run);
    I(JOB_UID, j->uid);
    S(JOB_USER, j->uid == 1000 ? "ann" : "root");
    I(JOB_SUBMIT_TIME, FAKE_NOW - 600);
    I(JOB_KIND, JOB_KIND_BATCH);
    S(JOB_EXPLAIN, j->id == 4 ? "It needs 5 nodes.\nTwo are\x1bidle.\n" : NULL);
    S(JOB_COMMENT, j->id == 8 ? "caf\xe9 1" : NULL);
    S(JOB_ALLOC_DETAIL, j->id == 1 ? "pi1 2-3 100" : NULL);
    S(JOB_LICENSES, j->id == 5 ? "net,comsol:2" : NULL);
    S(JOB_STD_OUT, j->id == 2 ? "/home/ann/out-2" : "/home/ann/out-1");
    S(JOB_STD_OUT_GIVEN, j->id == 2 ? NULL : "/home/ann/out-%j");
    I(JOB_MEM_PER_NODE, j->id == 2 ? 1536 : FIELD_UNSET);
    I(JOB_MEM_TOTAL, j->id == 2 ? 3072 : FIELD_UNSET);
}

static struct table *make_jobs(void)
{
    static const struct fake_job jobs[] = {
        { 1, "run1", "all", "pi1", JOB_RUNNING, REASON_NONE, 100, 2, 1, 5, FAKE_NOW - 4, 4, 0 },
        { 2, "run2", "all", "pi[2-3]", JOB_RUNNING, REASON_NONE, 99, 4, 2, 525600, FAKE_NOW - 90000,
          90000, 1000 },
        { 3, "held", "all", NULL, JOB_PENDING, REASON_HELD_USER, 0, 1, 1, FIELD_INFINITE, FIELD_UNSET, 0,
          0 },
        { 4, "big_big_big", "all", NULL, JOB_PENDING, REASON_RESOURCES, 97, 5, 5, FIELD_INFINITE,
          FAKE_NOW + 86400, 0, 0 },
        { 5, "next", "all,pi4", NULL, JOB_PENDING, REASON_PRIORITY, 96, 5, 5, 60, FAKE_NOW + 90000, 0,
          1000 },
        { 6, "done", "pi4", "pi4", JOB_COMPLETED, REASON_NONE, 95, 1, 1, 60, FAKE_NOW - 100, 3, 0 },
        { 7, "bad\x1b[2Jname", "pi4", "pi5", JOB_FAILED, REASON_NON_ZERO_EXIT, 94, 1, 1, 60,
          FAKE_NOW - 100, 0, 0 },
        { 8, "stop", "all", NULL, JOB_CANCELLED, REASON_NONE, 93, 1, 1, 60, FIELD_UNSET, 0, 0 },
    };
    struct table *t = table_create();

    for (size_t i = 0; i < ARRAY_SIZE(jobs); i++)
        add_job(t, &jobs[i]);
    return t;
}

static struct table *make_steps(void)
{
    static const struct {
        int64_t job, step;
        const char *name, *nodes;
    } steps[] = {
        { 1, STEP_BATCH, "batch", "pi1" },
        { 1, 0, "sleep", "pi1" },
        { 2, 10, "ring", "pi[2-3]" },
        { 2, 9, "ring", "pi[2-3]" },
    };
    struct table *t = table_create();

    for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
        size_t row = table_add_row(t);

        I(STEP_JOB_ID, steps[i].job);
        I(STEP_ID, steps[i].step);
        S(STEP_NAME, steps[i].name);
        S(STEP_NODE_LIST, steps[i].nodes);
        S(STEP_PARTITION, "all");
        S(STEP_USER, "root");
        I(STEP_UID, 0);
        I(STEP_RUN_SEC, 3661);
        I(STEP_TIME_LIMIT, FIELD_INFINITE);
        I(STEP_STATE, JOB_RUNNING);
        I(STEP_NUM_TASKS, 2);
    }
    return t;
}

static struct table *make_nodes(void)
{
    static const struct {
        const char *name, *features, *reason;
        int64_t state, used, mem, load;
    } nodes[] = {
        { "pi1", "pi3,arm64", NULL, NODE_MIXED, 2, 1000, 105 },
        { "pi2", "pi3,arm64", NULL, NODE_MIXED, 2, 1000, 99 },
        { "pi3", "pi3,arm64", "bad sd card", NODE_MIXED | NODE_FLAG_DRAIN, 2, 1000, 12 },
        { "pi4", "pi4,arm64", NULL, NODE_IDLE, 0, 2000, 5 },
        { "pi5", "pi4,arm64", "no power", NODE_DOWN | NODE_FLAG_NOT_RESPONDING, 0, 4000, FIELD_UNSET },
    };
    struct table *t = table_create();

    for (size_t i = 0; i < ARRAY_SIZE(nodes); i++) {
        size_t row = table_add_row(t);

        S(NODE_NAME, nodes[i].name);
        S(NODE_HOST, nodes[i].name);
        S(NODE_ADDR, "10.0.0.1");
        S(NODE_FEATURES, nodes[i].features);
        S(NODE_REASON, nodes[i].reason);
        S(NODE_REASON_USER, nodes[i].reason ? "root" : NULL);
        I(NODE_REASON_UID, 0);
        I(NODE_REASON_TIME, nodes[i].reason ? FAKE_NOW - 60 : FIELD_UNSET);
        I(NODE_STATE, nodes[i].state);
        I(NODE_CPUS, 4);
        I(NODE_CPUS_ALLOC, nodes[i].used);
        I(NODE_SOCKETS, 1);
        I(NODE_CORES, 4);
        I(NODE_THREADS, 1);
        I(NODE_MEM, nodes[i].mem);
        I(NODE_CPU_LOAD, nodes[i].load);
        I(NODE_MEM_FREE, nodes[i].mem / 2);
        I(NODE_WEIGHT, 1);
    }
    return t;
}

static struct table *make_parts(void)
{
    static const struct {
        const char *name, *nodes;
        int64_t limit, preset;
    } parts[] = {
        { "all", "pi[1-5]", FIELD_INFINITE, FIELD_UNSET },
        { "pi3", "pi[1-3]", FIELD_INFINITE, FIELD_UNSET },
        { "pi4", "pi[4-5]", 60, 10 },
        { "secret", "pi5", 60, 10 },
    };
    struct table *t = table_create();

    for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
        size_t row = table_add_row(t);

        S(PART_NAME, parts[i].name);
        S(PART_NODES, parts[i].nodes);
        I(PART_STATE, PART_SHOWN_UP);
        I(PART_DEFAULT, i == 0);
        I(PART_HIDDEN, i == 3);
        I(PART_MAX_TIME, parts[i].limit);
        I(PART_DEFAULT_TIME, parts[i].preset);
        I(PART_MIN_NODES, 0);
        I(PART_MAX_NODES, FIELD_INFINITE);
        I(PART_MAX_CPUS_NODE, FIELD_INFINITE);
    }
    return t;
}

struct fake_record {
    int64_t job, attempt, step;
    const char *name, *nodes;
    int64_t state, status, by, eligible, start, end, rss;
};

static struct table *make_records(void)
{
    static const struct fake_record records[] = {
        { 13, 1, FIELD_UNSET, "run1", "pi1", JOB_RUNNING, 0, FIELD_UNSET, -50, -40, 0, FIELD_UNSET },
        { 13, 1, 0, "sleep", "pi1", JOB_RUNNING, 0, FIELD_UNSET, -40, -39, 0, FIELD_UNSET },
        { 13, 1, STEP_BATCH, "batch", "pi1", JOB_RUNNING, 0, FIELD_UNSET, -40, -40, 0, FIELD_UNSET },
        { 14, 1, FIELD_UNSET, "again", "pi2", JOB_NODE_FAIL, 0, FIELD_UNSET, -90, -80, -70, FIELD_UNSET },
        { 14, 2, FIELD_UNSET, "again", "pi[2-3]", JOB_COMPLETED, 0, FIELD_UNSET, -90, -60, -20, FIELD_UNSET },
        { 14, 2, STEP_BATCH, "batch", "pi2", JOB_COMPLETED, 0, FIELD_UNSET, -60, -60, -20, 2048 },
        { 15, 1, FIELD_UNSET, "held", NULL, JOB_PENDING, 0, FIELD_UNSET, 0, 0, 0, FIELD_UNSET },
        { 16, 1, FIELD_UNSET, "fail", "pi4", JOB_FAILED, 130 << 8, FIELD_UNSET, -30, -30, -29, FIELD_UNSET },
        { 17, 1, FIELD_UNSET, "stop", NULL, JOB_CANCELLED, 0, 1000, -30, 0, -10, FIELD_UNSET },
        { 17, 1, 0, "hit", "pi4", JOB_CANCELLED, 9, FIELD_UNSET, -30, -20, -10, 1234 },
        { 18, 1, FIELD_UNSET, "quit", NULL, JOB_CANCELLED, 0, 1000, 0, 0, -5, FIELD_UNSET },
        { 9, 1, FIELD_UNSET, "old", "pi4", JOB_COMPLETED, 0, FIELD_UNSET, -200000, -200000, -190000, FIELD_UNSET },
    };
    struct table *t = table_create();
    int64_t now = table_now(t);

    for (size_t i = 0; i < ARRAY_SIZE(records); i++) {
        const struct fake_record *r = &records[i];
        size_t row = table_add_row(t);

        I(ACCT_JOB_ID, r->job);
        I(ACCT_ATTEMPT, r->attempt);
        I(ACCT_STEP_ID, r->step);
        S(ACCT_NAME, r->name);
        S(ACCT_NODE_LIST, r->nodes);
        I(ACCT_STATE, r->state);
        I(ACCT_EXIT_STATUS, r->status);
        I(ACCT_KILL_UID, r->by);
        I(ACCT_ELIGIBLE_TIME, r->eligible ? now + r->eligible : FIELD_UNSET);
        I(ACCT_START_TIME, r->start ? now + r->start : FIELD_UNSET);
        I(ACCT_END_TIME, r->end ? now + r->end : FIELD_UNSET);
        I(ACCT_MAX_RSS_KB, r->rss);
        I(ACCT_NUM_CPUS, r->nodes ? 2 : 0);
        I(ACCT_REQ_CPUS, 3);
        I(ACCT_NUM_NODES, 1);
        I(ACCT_NUM_TASKS, 1);
        I(ACCT_REQ_MEM, 500);
        I(ACCT_UID, r->by == 1000 || r->job == 17 ? 1000 : 0);
        S(ACCT_USER, r->job == 17 ? "ann" : "root");
        S(ACCT_ACCOUNT, "root");
        S(ACCT_PARTITION, "all");
        I(ACCT_USER_USEC, 1500000);
        I(ACCT_SYS_USEC, 15000);
        I(ACCT_DISK_READ, r->rss == 1234 ? 1536 * 1024 : FIELD_UNSET);
        I(ACCT_TIME_LIMIT, 65);
        S(ACCT_FLAGS, r->job == 14 ? "SchedBackfill" : r->job == 13 ? "SchedMain" : NULL);
        S(ACCT_USAGE, r->rss == 1234 ? "2;1515000,1000000,1,pi5,515000,0,pi4;2000,1234,0,pi4,766,1,pi5;;0,0,0,pi4,0,0,pi4;"
                                       "1572864,1048576,1,pi5,524288,0,pi4;" : NULL);
    }
    return t;
}

static struct table *fake_query(struct source *s, const Wire__QueryRequest *request, struct error *err)
{
    const struct fake *f = (const struct fake *)s;
    struct table *t = NULL;

    if (f->code) {
        error_set(err, f->code, "%s", f->text);
        return NULL;
    }
    if (f->empty)
        return table_create();
    switch (request->table) {
    case QUERY_JOBS: t = make_jobs(); break;
    case QUERY_STEPS: t = make_steps(); break;
    case QUERY_NODES: t = make_nodes(); break;
    case QUERY_PARTS: t = make_parts(); break;
    case QUERY_ACCT: return make_records(); /* its times are near the real clock */
    default: return NULL;
    }
    table_set_now(t, FAKE_NOW);
    if (request->table == QUERY_JOBS && request->n_job_ids == 1) {
        for (size_t row = 0; row < table_rows(t); row++)
            if (table_int(t, FIELD_JOB_ID, row) == atoll(request->job_ids[0]))
                return t;
        table_destroy(t);
        error_set(err, BRE_JOB_ID, "no job %s", request->job_ids[0]);
        return NULL;
    }
    return t;
}

/* As if it had come over the wire: the command frees it so. */
static ProtobufCMessage *as_received(unsigned type, const ProtobufCMessage *msg, struct error *err)
{
    size_t len = protobuf_c_message_get_packed_size(msg);
    CLEANUP_FREE uint8_t *buf = xmalloc(len + 1);

    protobuf_c_message_pack(msg, buf);
    return msg_decode(type, buf, len, err);
}

static ProtobufCMessage *make_diag(struct error *err)
{
    Wire__DiagReply reply = WIRE__DIAG_REPLY__INIT;
    Wire__DiagRpc rows[] = { WIRE__DIAG_RPC__INIT, WIRE__DIAG_RPC__INIT, WIRE__DIAG_RPC__INIT };
    Wire__DiagRpc *types[] = { &rows[0], &rows[1] }, *users[] = { &rows[2] };

#define PUT(m, field, value) ((m).has_##field = true, (m).field = (value))
    PUT(reply, now, FAKE_NOW);
    PUT(reply, since, FAKE_NOW - 600);
    PUT(reply, jobs_submitted, 7);
    PUT(reply, passes, 20);
    PUT(reply, pass_sum_usec, 400);
    PUT(reply, pass_depth, 40);
    PUT(rows[0], type, MSG_QUERY);
    PUT(rows[0], table, QUERY_JOBS);
    PUT(rows[0], count, 4);
    PUT(rows[0], usec, 100);
    PUT(rows[1], type, MSG_HEARTBEAT);
    PUT(rows[1], count, 2);
    PUT(rows[1], usec, 900);
    PUT(rows[2], uid, 0);
    PUT(rows[2], count, 6);
    PUT(rows[2], usec, 1000);
#undef PUT
    rows[2].user = (char *)"root";
    reply.types = types;
    reply.n_types = 2;
    reply.users = users;
    reply.n_users = 1;
    return as_received(MSG_DIAG_REPLY, &reply.base, err);
}

/* Job 1 has a batch step and a step on two nodes; job 2 is somebody else's; others do not run. */
static ProtobufCMessage *make_usage(const Wire__StepUsageRequest *ask, struct error *err)
{
    Wire__StepUsageReply reply = WIRE__STEP_USAGE_REPLY__INIT;
    Wire__UsageSpan cpu = WIRE__USAGE_SPAN__INIT, mem = WIRE__USAGE_SPAN__INIT, more = WIRE__USAGE_SPAN__INIT;
    Wire__StepUsage usage[2] = { WIRE__STEP_USAGE__INIT, WIRE__STEP_USAGE__INIT };
    Wire__NodeUsage nodes[2] = { WIRE__NODE_USAGE__INIT, WIRE__NODE_USAGE__INIT }, *list[2] = { &nodes[0], &nodes[1] };
    Wire__JobResult failure = WIRE__JOB_RESULT__INIT, *failures[1] = { &failure };

    cpu.has_total = mem.has_total = more.has_total = true;
    cpu.total = 61000000;
    mem.total = 2048;
    more.total = 3000;
    for (uint32_t i = 0; i < 2; i++) {
        usage[i].has_num_tasks = usage[i].has_first_task = true;
        usage[i].num_tasks = 1;
        usage[i].first_task = i;
        usage[i].cpu = &cpu;
        usage[i].mem = i ? &more : &mem;
        usage[i].pids = (char *)(i ? "71,72" : "70");
        nodes[i].has_job_id = nodes[i].has_step_id = true;
        nodes[i].job_id = 1;
        nodes[i].step_id = 0;
        nodes[i].node = (char *)(i ? "pi2" : "pi1");
        nodes[i].usage = &usage[i];
    }
    if (!strncmp(ask->ids[0], "1", 2)) {
        reply.nodes = list;
        reply.n_nodes = 2;
    } else {
        failure.job_id = ask->ids[0];
        failure.has_code = true;
        failure.code = strcmp(ask->ids[0], "2") ? BRE_JOB_ID : BRE_ACCESS;
        failure.text = (char *)error_code_text((int)failure.code);
        reply.failures = failures;
        reply.n_failures = 1;
    }
    return as_received(MSG_STEP_USAGE_REPLY, &reply.base, err);
}

static ProtobufCMessage *fake_call(struct source *s, unsigned type, const ProtobufCMessage *request,
                                   unsigned want, struct error *err)
{
    const struct fake *f = (const struct fake *)s;
    Wire__ConfigReply config = WIRE__CONFIG_REPLY__INIT;
    Wire__KeyValue name = WIRE__KEY_VALUE__INIT, *items[] = { &name };

    (void)want;
    if (f->code) {
        error_set(err, f->code, "%s", f->text);
        return NULL;
    }
    if (type == MSG_SHOW_CONFIG) {
        name.key = (char *)"ClusterName";
        name.value = (char *)"mycluster";
        config.items = items;
        config.n_items = 1;
        return as_received(MSG_CONFIG_REPLY, &config.base, err);
    }
    if (type == MSG_STEP_USAGE)
        return make_usage((const Wire__StepUsageRequest *)request, err);
    if (type == MSG_DIAG)
        return make_diag(err);
    error_set(err, BRE_NO_CONTACT, "no controller in this test");
    return NULL;
}

static void fake_close(struct source *s)
{
    free(s);
}

struct source *fake_source(void)
{
    struct fake *f = xcalloc(1, sizeof(*f));

    f->base = (struct source){ fake_query, fake_call, fake_close };
    return &f->base;
}

struct source *fake_source_failing(int code, const char *text)
{
    struct fake *f = (struct fake *)fake_source();

    f->code = code;
    snprintf(f->text, sizeof(f->text), "%s", text);
    return &f->base;
}

struct source *fake_source_empty(void)
{
    struct fake *f = (struct fake *)fake_source();

    f->empty = true;
    return &f->base;
}

static size_t split(char *line, char **argv, size_t max)
{
    size_t n = 0;

    while (*line && n + 1 < max) {
        char end = *line == '\'' ? '\'' : ' ';

        line += end == '\'';
        argv[n++] = line;
        while (*line && *line != end)
            line++;
        if (*line)
            *line++ = '\0';
        while (*line == ' ')
            line++;
    }
    argv[n] = NULL;
    return n;
}

struct run run_command(int (*command)(struct console *con, int argc, char **argv), const char *line,
                       struct source *source)
{
    struct run r = { 0 };
    CLEANUP_FREE char *copy = xstrdup(line);
    char *argv[32];
    size_t argc = split(copy, argv, ARRAY_SIZE(argv)), err_len;
    int fd = memfd_create("out", MFD_CLOEXEC);
    off_t len;
    struct console con = { .program = argv[0], .source = source, .out = fd };

    con.err = open_memstream(&r.err, &err_len);
    r.rc = command(&con, (int)argc, argv);
    fclose(con.err);
    len = lseek(fd, 0, SEEK_END);
    r.out = xcalloc(1, (size_t)len + 1);
    if (pread(fd, r.out, (size_t)len, 0) != len)
        abort();
    close(fd);
    source_close(source);
    return r;
}

void run_fini(struct run *r)
{
    free(r->out);
    free(r->err);
}
