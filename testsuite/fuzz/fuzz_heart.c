/* fuzz_heart.c - constraints, dependencies, updates, whole job and step descriptions, and journal
 * records, given to the heart of a small cluster; the first byte chooses.
 *
 * Whatever it accepts is applied, scheduled, shown and saved. */
#include "config.h"
#include "fuzz.h"

#include <string.h>

#include "cluster/cluster.h"

static const struct node_conf nodes[] = {
    { .name = "pi1", .hw_class = "pi3", .cores = 4, .mem_mb = 900 },
    { .name = "pi2", .hw_class = "pi4", .cores = 4, .mem_mb = 4000 },
    { .name = "pi3", .hw_class = "pi5", .cores = 4, .threads_per_core = 2, .mem_mb = 8000 },
};
static const struct part_conf parts[] = {
    { .name = "all", .nodes = "ALL", .is_default = true },
    { .name = "pi4", .nodes = "class:pi4", .max_time_min = 60, .max_nodes = 1 },
};
static const struct cluster_now now = { 1700000000000000, 1000 };
static const struct cluster_who root = { 0, true, true };
static uint8_t sh[] = "#!/bin/sh\n";

static void commit(struct cluster *c, struct decision *d)
{
    for (size_t i = 0; i < d->num_events; i++)
        FUZZ_ASSERT(cluster_apply(c, d->events[i], NULL) == 0);
    for (size_t i = 0; i < d->num_events; i++)
        cluster_react(c, d->events[i], d);
    for (size_t i = 0; i < d->num_effects; i++)
        if (d->effects[i].kind == EFFECT_LAUNCH)
            cluster_launch_message(c, &d->effects[i], &d->arena);
    decision_reset(d);
}

static struct cluster *start(struct decision *d)
{
    struct cluster_conf conf;
    struct cluster *c;

    cluster_conf_defaults(&conf);
    conf.nodes = nodes;
    conf.num_nodes = sizeof(nodes) / sizeof(nodes[0]);
    conf.parts = parts;
    conf.num_parts = sizeof(parts) / sizeof(parts[0]);
    conf.select_memory = true;
    c = cluster_create(&conf, NULL);
    FUZZ_ASSERT(c);
    decision_init(d);
    cluster_decide_start(c, &now, 1, d, NULL);
    commit(c, d);
    for (uint32_t i = 0; i < conf.num_nodes; i++) {
        Wire__NodeRegister reg = WIRE__NODE_REGISTER__INIT;

        reg.boot_id = (char *)"boot";
        reg.has_cores = reg.has_threads = reg.has_mem_mb = 1;
        reg.cores = 4;
        reg.threads = i == 2 ? 8 : 4;
        reg.mem_mb = nodes[i].mem_mb;
        cluster_decide_register(c, &now, i, NULL, "10.0.0.1", &reg, d, NULL);
        commit(c, d);
    }
    return c;
}

static uint32_t submit(struct cluster *c, struct decision *d, const Wire__JobSpec *spec)
{
    Wire__Identity who = WIRE__IDENTITY__INIT;
    struct submit_request req = { .spec = spec, .identity = &who, .who = root };
    uint32_t id = 0;

    if (spec->kind == JOB_KIND_BATCH)
        req.script = (ProtobufCBinaryData){ sizeof(sh) - 1, sh };
    if (cluster_decide_submit(c, &now, &req, d, &id, NULL, NULL) < 0) {
        FUZZ_ASSERT(d->num_events == 0);
        return 0;
    }
    commit(c, d);
    return id;
}

static void schedule(struct cluster *c, struct decision *d)
{
    for (int i = 0; i < 1000; i++) {
        bool more = cluster_sched_pass(c, &now, 1000, d);

        commit(c, d);
        if (!more)
            break;
    }
    for (int i = 0; i < 1000 && cluster_plan_starts(c, &now, 1000); i++)
        ;
}

static void show(struct cluster *c, struct decision *d)
{
    struct snapshot *s = cluster_snapshot_begin(c, &now);
    struct job_view v;

    while (cluster_snapshot_next(s))
        ;
    cluster_snapshot_end(s);
    for (struct job *job = cluster_job_next(c, 0); job; job = cluster_job_next(c, job_id(job))) {
        cluster_job_view(c, job, &now, &v);
        cluster_job_reason_text(c, job, &now, &d->arena);
        cluster_job_dependency(c, job, &d->arena);
        cluster_alloc_info(c, job_id(job), &d->arena);
    }
    free(cluster_dump(c));
}

/* Decode as the controller's codec would: it lets no field number 0 in, protobuf-c does. */
static void *decode(const ProtobufCMessageDescriptor *type, const uint8_t *data, size_t size)
{
    ProtobufCMessage *msg = protobuf_c_message_unpack(type, NULL, size, data), *again = NULL;
    size_t len = msg ? protobuf_c_message_get_packed_size(msg) : 0;
    uint8_t *packed = malloc(len + 1);

    if (msg) {
        protobuf_c_message_pack(msg, packed);
        again = protobuf_c_message_unpack(type, NULL, len, packed);
        protobuf_c_message_free_unpacked(msg, NULL);
    }
    free(packed);
    return again;
}

static void give_spec(struct cluster *c, struct decision *d, const uint8_t *data, size_t size)
{
    Wire__JobSpec *spec = decode(&wire__job_spec__descriptor, data, size);

    if (!spec)
        return;
    for (int copies = 0; copies < 3; copies++)
        submit(c, d, spec);
    schedule(c, d);
    show(c, d);
    wire__job_spec__free_unpacked(spec, NULL);
}

static void give_step(struct cluster *c, struct decision *d, const uint8_t *data, size_t size)
{
    Wire__StepSpec *spec = decode(&wire__step_spec__descriptor, data, size);
    Wire__JobSpec job = WIRE__JOB_SPEC__INIT;
    struct step_request req = { .spec = spec, .who = root };
    uint32_t step;

    if (!spec)
        return;
    job.has_min_nodes = job.has_exclusive = 1;
    job.min_nodes = 3;
    job.exclusive = 1;
    req.job_id = submit(c, d, &job);
    schedule(c, d);
    for (int i = 0; i < 3; i++)
        if (cluster_decide_step(c, &now, &req, d, &step, NULL) == 0)
            commit(c, d);
        else
            FUZZ_ASSERT(d->num_events == 0);
    show(c, d);
    wire__step_spec__free_unpacked(spec, NULL);
}

/* A journal record, after which the cluster must still be of use. */
static void give_event(struct cluster *c, struct decision *d, const uint8_t *data, size_t size)
{
    Wire__JobSpec job = WIRE__JOB_SPEC__INIT;
    Wire__Event *ev = decode(&wire__event__descriptor, data, size);

    if (!ev)
        return;
    submit(c, d, &job);
    schedule(c, d);
    cluster_apply(c, ev, NULL);
    wire__event__free_unpacked(ev, NULL);
    show(c, d);
}

static void give_update(struct cluster *c, struct decision *d, char *text)
{
    Wire__JobSpec job = WIRE__JOB_SPEC__INIT;
    Wire__KeyValue kv = WIRE__KEY_VALUE__INIT, name = WIRE__KEY_VALUE__INIT;
    Wire__KeyValue *items[] = { &name, &kv };
    char *equals = strchr(text, '=');
    uint32_t id;

    job.has_hold = job.hold = 1;
    id = submit(c, d, &job);
    kv.key = text;
    if (equals) {
        *equals = '\0';
        kv.value = equals + 1;
    }
    name.key = (char *)"jobid";
    if (cluster_decide_update_job(c, &now, &root, id, items, 2, d, NULL) == 0)
        commit(c, d);
    name.key = (char *)"partitionname";
    name.value = (char *)"pi4";
    if (cluster_decide_update_part(c, &now, &root, UPDATE_CHANGE, items, 2, d, NULL) == 0)
        commit(c, d);
    name.key = (char *)"nodename";
    name.value = (char *)"pi1";
    if (cluster_decide_update_nodes(c, &now, &root, items, 2, d, NULL) == 0)
        commit(c, d);
    schedule(c, d);
    show(c, d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Wire__JobSpec job = WIRE__JOB_SPEC__INIT;
    struct decision d;
    struct cluster *c;
    char *text;

    if (!size)
        return 0;
    text = fuzz_text(data + 1, size - 1);
    c = start(&d);
    switch (data[0] % 6) {
    case 0:
        job.features = text;
        submit(c, &d, &job);
        schedule(c, &d);
        show(c, &d);
        break;
    case 1:
        submit(c, &d, &job);
        job.dependency = text;
        submit(c, &d, &job);
        schedule(c, &d);
        show(c, &d);
        break;
    case 2:
        give_update(c, &d, text);
        break;
    case 3:
        give_spec(c, &d, data + 1, size - 1);
        break;
    case 4:
        give_step(c, &d, data + 1, size - 1);
        break;
    case 5:
        give_event(c, &d, data + 1, size - 1);
        break;
    }
    cluster_destroy(c);
    decision_fini(&d);
    free(text);
    return 0;
}
