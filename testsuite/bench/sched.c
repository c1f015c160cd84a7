/* sched.c - what a scheduling pass costs: sched JOBS NODES DEPTH.
 *
 * The heart alone, without controller and disk: NODES nodes of 4 cores, all taken by one job, and
 * JOBS pending jobs of five shapes behind it, so that nothing can start.  Each of several passes is
 * provoked by one more submission.  Prints the median and the longest slice of a pass in
 * milliseconds and the memory of the process in MiB.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cluster/cluster.h"
#include "util/error.h"
#include "util/mem.h"
#include "util/num.h"

#define PASSES 15
#define START_SEC 1800000000

struct bench {
    struct cluster *c;
    struct decision d;
    struct cluster_now now;
    Wire__Identity identity;
    uint32_t gid;
};

static double now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void die(const char *what, const struct error *err)
{
    fprintf(stderr, "sched: error: %s: %s\n", what, err->text);
    exit(1);
}

/* Apply what was decided and forget it. */
static void carry_out(struct bench *b)
{
    struct error err = { 0 };

    for (size_t i = 0; i < b->d.num_events; i++)
        if (cluster_apply(b->c, b->d.events[i], &err) < 0)
            die("apply", &err);
    decision_reset(&b->d);
}

static void tick(struct bench *b)
{
    b->now.wall_usec += 1000000;
    b->now.mono_ms += 1000;
}

static void make_cluster(struct bench *b, uint32_t num_nodes, uint32_t depth)
{
    struct node_conf *nodes = xcalloc(num_nodes, sizeof *nodes);
    struct part_conf part = { .name = "debug", .nodes = "ALL", .is_default = true, .max_time_min = TIME_UNLIMITED_MIN,
                              .max_nodes = UINT32_MAX, .priority_tier = 1 };
    struct cluster_conf conf;
    struct error err = { 0 };

    cluster_conf_defaults(&conf);
    conf.name = "bench";
    for (uint32_t i = 0; i < num_nodes; i++)
        nodes[i] = (struct node_conf){ .name = xasprintf("pi%u", i + 1), .weight = 1 };
    conf.nodes = nodes;
    conf.num_nodes = num_nodes;
    conf.parts = &part;
    conf.num_parts = 1;
    conf.max_job_count = 1000000;
    conf.backfill_depth = depth;
    if (!(b->c = cluster_create(&conf, &err)) || cluster_decide_start(b->c, &b->now, 1, &b->d, &err) < 0)
        die("start", &err);
    carry_out(b);
    for (uint32_t i = 0; i < num_nodes; i++)
        free((char *)nodes[i].name);
    free(nodes);
}

static void register_nodes(struct bench *b, uint32_t num_nodes)
{
    for (uint32_t i = 0; i < num_nodes; i++) {
        Wire__NodeRegister reg = WIRE__NODE_REGISTER__INIT;
        uint8_t key[32] = { 0 };
        struct error err = { 0 };

        memcpy(key, &i, sizeof i);
        reg.boot_id = (char *)"boot";
        reg.has_sockets = reg.has_cores = reg.has_threads = reg.has_mem_mb = 1;
        reg.sockets = 1;
        reg.cores = reg.threads = 4;
        reg.mem_mb = 4000;
        reg.arch = (char *)"aarch64";
        reg.hw_class = (char *)"pi4";
        if (cluster_decide_register(b->c, &b->now, i, key, "127.0.0.1", &reg, &b->d, &err) < 0)
            die("register", &err);
        carry_out(b);
    }
}

static void submit(struct bench *b, uint32_t nodes, uint32_t tasks, uint32_t minutes)
{
    Wire__JobSpec spec = WIRE__JOB_SPEC__INIT;
    struct submit_request req = { .spec = &spec, .identity = &b->identity, .who = { .uid = 1000 } };
    static char script[] = "#!/bin/sh\ntrue\n", env[] = "PATH=/bin";
    struct error err = { 0 };
    const char *warning;
    uint32_t job_id;

    spec.name = (char *)"true.sh";
    spec.work_dir = (char *)"/home/alice";
    spec.std_out = (char *)"/dev/null";
    spec.has_min_nodes = spec.has_max_nodes = spec.has_num_tasks = spec.has_time_limit_min = 1;
    spec.min_nodes = spec.max_nodes = nodes;
    spec.num_tasks = tasks;
    spec.time_limit_min = minutes;
    req.script = (ProtobufCBinaryData){ sizeof script - 1, (uint8_t *)script };
    req.env = (ProtobufCBinaryData){ sizeof env, (uint8_t *)env };
    req.script_hash[0] = 1;
    req.env_hash[0] = 2;
    if (cluster_decide_submit(b->c, &b->now, &req, &b->d, &job_id, &warning, &err) < 0)
        die("submit", &err);
    carry_out(b);
}

static void submit_shape(struct bench *b, uint32_t i, uint32_t num_nodes)
{
    static const uint32_t shapes[][3] = { { 1, 1, 5 }, { 1, 4, 10 }, { 2, 8, 30 }, { 4, 4, 60 }, { 1, 2, 120 } };
    const uint32_t *s = shapes[i % ARRAY_SIZE(shapes)];
    uint32_t nodes = s[0] < num_nodes ? s[0] : num_nodes;

    submit(b, nodes, s[1] > nodes * 4 ? nodes * 4 : s[1], s[2]);
}

/* Run a whole pass; the longest slice is kept. */
static double pass(struct bench *b, double *longest)
{
    double total = 0;
    bool more;

    do {
        double start = now_ms(), took;

        more = cluster_sched_pass(b->c, &b->now, SCHED_SLICE, &b->d);
        carry_out(b);
        took = now_ms() - start;
        total += took;
        if (took > *longest)
            *longest = took;
    } while (more);
    return total;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double memory_mib(void)
{
    FILE *f = fopen("/proc/self/smaps_rollup", "re");
    unsigned long kb = 0;
    char line[256];

    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "Pss: %lu kB", &kb) == 1)
            break;
    if (f)
        fclose(f);
    return (double)kb / 1024;
}

int main(int argc, char **argv)
{
    struct bench b = { .now = { .wall_usec = INT64_C(1000000) * START_SEC, .mono_ms = 1000000 } };
    uint32_t jobs = 0, nodes = 0, depth = 0;
    double times[PASSES], longest = 0, first;
    struct cluster_stats stats;
    struct error err = { 0 };

    if (argc != 4 || num_parse_u32(argv[1], 1, 900000, &jobs, "JOBS", &err) < 0
        || num_parse_u32(argv[2], 1, 16384, &nodes, "NODES", &err) < 0
        || num_parse_u32(argv[3], 0, 100000, &depth, "DEPTH", &err) < 0) {
        fprintf(stderr, "usage: sched JOBS NODES DEPTH\n");
        return 2;
    }
    wire__identity__init(&b.identity);
    b.identity.has_uid = b.identity.has_gid = 1;
    b.identity.uid = b.identity.gid = b.gid = 1000;
    b.identity.gids = &b.gid;
    b.identity.n_gids = 1;
    b.identity.user_name = b.identity.group_name = (char *)"alice";
    b.identity.home = (char *)"/home/alice";
    b.identity.shell = (char *)"/bin/sh";
    decision_init(&b.d);
    make_cluster(&b, nodes, depth);
    register_nodes(&b, nodes);
    submit(&b, nodes, nodes * 4, 600);
    pass(&b, &longest);
    for (uint32_t i = 0; i < jobs; i++)
        submit_shape(&b, i, nodes);
    longest = 0;
    tick(&b);
    first = pass(&b, &longest);
    for (int i = 0; i < PASSES; i++) {
        tick(&b);
        submit_shape(&b, (uint32_t)i, nodes);
        times[i] = pass(&b, &longest);
    }
    qsort(times, PASSES, sizeof times[0], compare);
    cluster_stats(b.c, &stats);
    printf("first=%.3f median=%.3f slice=%.3f memory=%.1f pending=%zu running=%zu shapes=%u units=%u\n", first,
           times[PASSES / 2], longest, memory_mib(), stats.pending, stats.running, (unsigned)stats.shapes,
           (unsigned)stats.last_pass_units);
    decision_fini(&b.d);
    cluster_destroy(b.c);
    return stats.running == 1 && stats.pending == jobs + PASSES ? 0 : 1;
}
