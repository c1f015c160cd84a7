/* sched_bench.c - the heart alone against its budgets: passes, backfill, cancel, memory, restart.
 *
 * Prints one line a budget: what, measured, budget, ok or MISSED.  Exit status 1 if one is missed.
 */
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cluster/cluster.h"
#include "util/mem.h"

struct rig {
    struct cluster *c;
    struct cluster_now now;
    struct decision d;
    struct node_conf *nodes;
    struct part_conf part;
    char (*names)[16];
    Wire__Identity who;
    int missed;
};

static double seconds(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void result(struct rig *r, const char *what, double measured, double budget,
                   const char *unit)
{
    bool ok = measured <= budget;

    printf("%-64s %10.2f %s  (budget %g)  %s\n", what, measured, unit, budget,
           ok ? "ok" : "MISSED");
    r->missed += !ok;
}

static void must(int rc, const struct error *err)
{
    if (rc < 0) {
        fprintf(stderr, "sched_bench: %s\n", err->text);
        exit(2);
    }
}

static void commit(struct rig *r)
{
    struct error err;

    for (size_t i = 0; i < r->d.num_events; i++)
        must(cluster_apply(r->c, r->d.events[i], &err), &err);
    decision_reset(&r->d);
}

static void rig_init(struct rig *r, uint32_t nodes, bool registered)
{
    struct cluster_conf conf;
    struct error err;

    memset(r, 0, sizeof(*r));
    cluster_conf_defaults(&conf);
    r->nodes = xcalloc(nodes, sizeof(*r->nodes));
    r->names = xcalloc(nodes, sizeof(*r->names));
    for (uint32_t i = 0; i < nodes; i++) {
        snprintf(r->names[i], sizeof(r->names[i]), "n%05u", i);
        r->nodes[i] = (struct node_conf){ .name = r->names[i], .cores = 4, .mem_mb = 4000 };
    }
    r->part = (struct part_conf){ .name = "all", .nodes = "ALL" };
    conf.nodes = r->nodes;
    conf.num_nodes = nodes;
    conf.parts = &r->part;
    conf.num_parts = 1;
    conf.select_memory = true;
    decision_init(&r->d);
    r->now = (struct cluster_now){ INT64_C(1700000000000000), 1000 };
    r->c = cluster_create(&conf, &err);
    must(r->c ? 0 : -1, &err);
    must(cluster_decide_start(r->c, &r->now, 1, &r->d, &err), &err);
    commit(r);
    wire__identity__init(&r->who);
    for (uint32_t i = 0; registered && i < nodes; i++) {
        Wire__NodeRegister reg = WIRE__NODE_REGISTER__INIT;

        reg.boot_id = (char *)"boot";
        reg.cores = reg.threads = 4;
        reg.has_cores = reg.has_threads = reg.has_mem_mb = 1;
        reg.mem_mb = 4000;
        must(cluster_decide_register(r->c, &r->now, i, NULL, "10.0.0.1", &reg, &r->d, &err),
             &err);
        commit(r);
    }
}

static int rig_fini(struct rig *r)
{
    cluster_destroy(r->c);
    decision_fini(&r->d);
    free(r->nodes);
    free(r->names);
    return r->missed;
}

static uint32_t submit(struct rig *r, uint32_t num_nodes, uint32_t tasks, uint32_t minutes)
{
    Wire__JobSpec spec = WIRE__JOB_SPEC__INIT;
    struct submit_request req = { .spec = &spec, .identity = &r->who };
    struct error err;
    uint32_t id;

    spec.name = (char *)"bench";
    spec.work_dir = (char *)"/home/alice";
    spec.submit_line = (char *)"sbatch -n 1 job.sh";
    spec.has_kind = spec.has_num_tasks = spec.has_time_limit_min = 1;
    spec.num_tasks = tasks;
    spec.time_limit_min = minutes;
    if (num_nodes) {
        spec.has_min_nodes = 1;
        spec.min_nodes = num_nodes;
    }
    req.script = (ProtobufCBinaryData){ 10, (uint8_t *)"#!/bin/sh\n" };
    req.env = (ProtobufCBinaryData){ 7, (uint8_t *)"A=b\0C=d" };
    req.env_hash[0] = 1;
    must(cluster_decide_submit(r->c, &r->now, &req, &r->d, &id, NULL, &err), &err);
    commit(r);
    return id;
}

/* A whole pass; the longest call in *slice. */
static double pass(struct rig *r, double *slice)
{
    double start = seconds(), longest = 0;
    bool more = true;

    while (more) {
        double t = seconds();

        more = cluster_sched_pass(r->c, &r->now, SCHED_SLICE, &r->d);
        t = seconds() - t;
        longest = t > longest ? t : longest;
        commit(r);
    }
    if (slice)
        *slice = longest;
    return seconds() - start;
}

static size_t used_bytes(void)
{
    struct mallinfo2 m = mallinfo2();

    return m.uordblks + m.hblkhd;
}

static int bench_many_pending(void)
{
    struct rig r;
    size_t before;
    double t, slice;
    struct control_request req = { .action = JOB_ACTION_CANCEL, .step_id = STEP_NONE };
    struct error err;

    rig_init(&r, 8, true);
    for (int i = 0; i < 32; i++)
        submit(&r, 0, 1, 600);
    pass(&r, NULL);
    before = used_bytes();
    t = seconds();
    for (int i = 0; i < 100000; i++)
        submit(&r, 0, 1 + (uint32_t)i % 4, 10 + (uint32_t)i % 2);
    printf("%-64s %10.2f us\n", "submit, decide and apply", (seconds() - t) * 10);
    result(&r, "100,000 pending jobs, memory of the heart",
           (double)(used_bytes() - before) / 1048576, 60, "MiB");
    pass(&r, NULL);
    t = 1e9;
    for (int i = 0; i < 5; i++) {
        double one;

        cluster_decide_start(r.c, &r.now, 1, &r.d, &err); /* asks for a pass */
        commit(&r);
        one = pass(&r, &slice);
        t = one < t ? one : t;
    }
    result(&r, "100,000 pending of 8 shapes, nothing can start: a pass", t * 1000, 5, "ms");
    t = seconds();
    for (struct job *job = cluster_job_next(r.c, 0); job;
         job = cluster_job_next(r.c, job_id(job))) {
        struct job_view v;

        cluster_job_view(r.c, job, &r.now, &v);
    }
    result(&r, "100,000 jobs looked at, as squeue does", (seconds() - t) * 1000, 20, "ms");
    req.who = (struct cluster_who){ 0, true, true };
    t = seconds();
    for (uint32_t id = 33; id <= 100032; id++) {
        req.job_id = id;
        must(cluster_decide_control(r.c, &r.now, &req, &r.d, &err), &err);
        commit(&r);
    }
    result(&r, "cancel 100,000 pending jobs, decide and apply", (seconds() - t) * 1000, 500,
           "ms");
    return rig_fini(&r);
}

static int bench_many_nodes(bool registered)
{
    struct rig r;
    double t, slice;

    rig_init(&r, 10000, registered);
    for (uint32_t i = 0; registered && i < 2500; i++)
        submit(&r, 4, 16, 60 + i % 600); /* fills every core */
    t = pass(&r, &slice);
    if (registered)
        printf("%-64s %10.2f ms, longest slice %.2f ms\n",
               "start 2,500 jobs on 10,000 nodes", t * 1000, slice * 1000);
    for (uint32_t i = 0; i < 1000; i++)
        submit(&r, 1 + i % 50, 4 * (1 + i % 50), 30 + i % 100);
    t = pass(&r, &slice);
    result(&r,
           registered ? "10,000 busy nodes, 1,000 pending: a full backfill pass"
                      : "10,000 declared nodes, 1,000 pending: a full pass",
           t * 1000, 1000, "ms");
    result(&r, "  its longest slice", slice * 1000, 10, "ms");
    t = seconds();
    slice = 0;
    for (bool more = true; more;) {
        double one = seconds();

        more = cluster_plan_starts(r.c, &r.now, SCHED_SLICE);
        one = seconds() - one;
        slice = one > slice ? one : slice;
    }
    result(&r, "  starts planned to the backfill depth, for squeue --start",
           (seconds() - t) * 1000, 1000, "ms");
    result(&r, "  its longest slice", slice * 1000, 10, "ms");
    return rig_fini(&r);
}

static int bench_restart(void)
{
    struct rig r, again;
    struct snapshot *s;
    const Wire__Event *ev;
    struct error err;
    uint8_t **packed = xcalloc(20000, sizeof(*packed));
    size_t *lens = xcalloc(20000, sizeof(*lens)), count = 0;
    double t;

    rig_init(&r, 8, true);
    for (int i = 0; i < 10000; i++)
        submit(&r, 0, 1, 10);
    pass(&r, NULL);
    t = seconds();
    s = cluster_snapshot_begin(r.c, &r.now);
    while ((ev = cluster_snapshot_next(s))) {
        lens[count] = wire__event__get_packed_size(ev);
        packed[count] = xmalloc(lens[count] + 1);
        wire__event__pack(ev, packed[count++]);
    }
    cluster_snapshot_end(s);
    result(&r, "snapshot of 10,000 jobs", (seconds() - t) * 1000, 100, "ms");
    memset(&again, 0, sizeof(again));
    rig_init(&again, 0, false);
    t = seconds();
    for (size_t i = 0; i < count; i++) {
        Wire__Event *one = wire__event__unpack(NULL, lens[i], packed[i]);

        must(cluster_apply(again.c, one, &err), &err);
        wire__event__free_unpacked(one, NULL);
    }
    result(&r, "loading it", (seconds() - t) * 1000, 200, "ms");
    for (size_t i = 0; i < count; i++)
        free(packed[i]);
    free(packed);
    free(lens);
    rig_fini(&again);
    return rig_fini(&r);
}

int main(void)
{
    int missed = bench_many_pending() + bench_many_nodes(false) + bench_many_nodes(true)
                 + bench_restart();

    return missed ? 1 : 0;
}
