/* job_submit.c - submissions: what is refused, and what becomes a job. */
#include "cluster/event/event.h"

#include "cluster/job/job.h"
#include "cluster/part/part.h"
#include "cluster/sched/sched.h"
#include "util/taskset.h"

#include <stdio.h>
#include <string.h>

/* Values that later releases will know; until then they are refused by name. */
static int check_supported(const Wire__JobSpec *spec, struct error *err)
{
    if (spec->qos && *spec->qos && strcmp(spec->qos, "normal") != 0)
        return error_set(err, BRE_QOS, "qos \"%s\" does not exist: only \"normal\" does",
                         spec->qos);
    if (spec->mail_user && (*spec->mail_user == '-' || strpbrk(spec->mail_user, " \t\n\r")))
        return error_set(err, BRE_INVAL, "--mail-user: \"%.64s\" cannot be an address", spec->mail_user);
    if (spec->core_spec)
        return error_set(err, BRE_NOT_SUPPORTED, "--core-spec is not supported yet");
    if (spec->kind > JOB_KIND_SRUN)
        return error_set(err, BRE_INVAL, "unknown kind of job %u", spec->kind);
    return 0;
}

static int check_array(const struct cluster *c, const Wire__JobSpec *spec, uint32_t *count,
                       struct error *err)
{
    struct taskset set;

    *count = 1;
    if (!spec->array_inx)
        return 0;
    if (!conf_of(c)->max_array_size)
        return error_set(err, BRE_ARRAY, "%s: arrays are switched off here (max_array_size = 0)",
                         error_code_text(BRE_ARRAY));
    if (spec->kind != JOB_KIND_BATCH)
        return error_set(err, BRE_ARRAY, "only batch jobs may be arrays");
    if (taskset_parse(spec->array_inx, conf_of(c)->max_array_size, &set, err) < 0)
        return -1;
    *count = (uint32_t)bitmap_count(set.set);
    taskset_fini(&set);
    return 0;
}

/* One user's flood leaves room for the others. */
static int check_user_limit(const struct cluster *c, const Wire__Identity *who, uint32_t count, struct error *err)
{
    size_t pos = 0, have = 0;
    const struct ident *ident;
    uint64_t key;

    if (!conf_of(c)->max_user_jobs)
        return 0;
    while ((ident = idmap_next(&c->idents, &pos, &key)))
        if (ident->msg->uid == who->uid) /* he may have several: with other groups */
            have += ident->refs + ident->unsplit_tasks;
    if (have + count <= conf_of(c)->max_user_jobs)
        return 0;
    return error_set(err, BRE_USER_LIMIT,
                     "%zu job records and tasks of arrays are this user's, the limit is %u (max_user_jobs); "
                     "ended ones go after %u s (min_job_age)",
                     have, conf_of(c)->max_user_jobs,
                     conf_of(c)->min_job_age_sec);
}

static int check_request(struct cluster *c, const struct cluster_now *now,
                         const struct submit_request *req, const char **warning,
                         struct arena *a, struct error *err)
{
    const Wire__JobSpec *spec = req->spec;
    uint32_t count;

    if (check_supported(spec, err) < 0)
        return -1;
    if (spec->kind == JOB_KIND_BATCH && !req->script.len)
        return error_set(err, BRE_SCRIPT_EMPTY, "Batch script is empty!");
    if (check_array(c, spec, &count, err) < 0)
        return -1;
    if (c->jobs.count + c->unsplit_tasks + count > conf_of(c)->max_job_count)
        return error_set(err, BRE_BUSY,
                         "the controller holds %zu job records and tasks of arrays, its limit is %u "
                         "(max_job_count); ended ones go after %u s (min_job_age)",
                         c->jobs.count + c->unsplit_tasks, conf_of(c)->max_job_count,
                         conf_of(c)->min_job_age_sec);
    if (check_user_limit(c, req->identity, count, err) < 0)
        return -1;
    if (spec->has_priority && !req->who.is_operator)
        return error_set(err, BRE_ACCESS, "only operators may set a priority");
    if (spec->nice < 0 && !req->who.is_operator)
        return error_set(err, BRE_ACCESS, "only operators may use a negative --nice");
    if (spec->has_deadline && spec->deadline * USEC <= now->wall_usec)
        return error_set(err, BRE_TIME_LIMIT, "the deadline has passed already");
    if (depend_check(c, spec->dependency, 0, err) < 0)
        return -1;
    return shape_admit(c, now, req, a, warning, err);
}

static uint32_t priority_of(const struct cluster *c, const Wire__JobSpec *spec)
{
    int64_t prio = (int64_t)c->next_priority - 1 - spec->nice;

    if (spec->has_priority && spec->priority)
        return spec->priority;
    return prio < 1 ? 1 : prio > UINT32_MAX - 1 ? UINT32_MAX - 1 : (uint32_t)prio;
}

uint32_t job_id_next(const struct cluster *c)
{
    uint32_t first = conf_of(c)->first_job_id ? conf_of(c)->first_job_id : 1;

    return c->last_job_id + 1 > first ? c->last_job_id + 1 : first;
}

void id_source_init(const struct cluster *c, struct id_source *ids)
{
    ids->next = job_id_next(c);
    ids->limit = c->job_id_limit;
}

int id_source_take(struct cluster *c, struct id_source *ids, const struct cluster_now *now,
                   struct decision *d, uint32_t *id, struct error *err)
{
    uint32_t max = conf_of(c)->max_job_id ? conf_of(c)->max_job_id : 0x03ff0000u;

    if (ids->next > max || ids->next == UINT32_MAX)
        return error_set(err, BRE_BUSY, "no job ids are left below %u", max);
    *id = ids->next++;
    if (*id >= ids->limit) {
        Wire__EvIdsReserved *ev =
            event_add(d, now, ids_reserved, IDS_RESERVED, EvIdsReserved, EV_IDS_RESERVED);

        ids->limit = *id + ID_BLOCK;
        SET(ev, job_id_limit, ids->limit);
    }
    return 0;
}

static void add_blob(struct cluster *c, const struct cluster_now *now, struct decision *d,
                     const uint8_t hash[32], const ProtobufCBinaryData *data)
{
    Wire__EvBlobAdded *ev;

    if (blob_find(&c->blobs, hash))
        return;
    ev = event_add(d, now, blob_added, BLOB_ADDED, EvBlobAdded, EV_BLOB_ADDED);
    SET(ev, hash, ((ProtobufCBinaryData){ 32, (uint8_t *)hash }));
    SET(ev, data, *data);
}

/* Tasks that do not wait for the same have records of their own from the start. */
static int split_all(struct cluster *c, const struct cluster_now *now, uint32_t id, const char *tasks,
                     struct id_source *ids, struct decision *d, struct error *err)
{
    struct job many = { .id = id };
    struct taskset set;
    uint32_t new_id;
    int rc;

    if ((rc = taskset_parse(tasks, TASKSET_LIMIT, &set, err)) < 0)
        return -1;
    for (ssize_t i = bitmap_next(set.set, 0), next; i >= 0 && rc == 0; i = next) {
        next = bitmap_next(set.set, (size_t)i + 1);
        rc = array_decide_split(c, now, &many, (uint32_t)i, next < 0, ids, d, &new_id, err);
    }
    taskset_fini(&set);
    return rc;
}

uint32_t cluster_next_job_id(const struct cluster *c)
{
    return job_id_next(c);
}

/* One job: all of a plain one, or a component of a heterogeneous one. */
static void decide_job(struct cluster *c, const struct cluster_now *now, const struct submit_request *req,
                       const Wire__JobSpec *asked, uint32_t id, uint32_t ident_id, uint32_t earlier, struct decision *d,
                       Wire__EvJobSubmitted **out)
{
    Wire__EvJobSubmitted *ev;
    Wire__JobSpec *spec = arena_alloc(&d->arena, sizeof(*spec));

    *spec = *asked;
    if (!spec->partition || !*spec->partition)
        spec->partition = (char *)part_default(c)->conf.name;
    ev = event_add(d, now, job_submitted, JOB_SUBMITTED, EvJobSubmitted, EV_JOB_SUBMITTED);
    SET(ev, job_id, id);
    ev->spec = spec;
    SET(ev, identity, ident_id);
    if (req->script.len)
        SET(ev, script_hash, ((ProtobufCBinaryData){ 32, (uint8_t *)req->script_hash }));
    if (req->env.len)
        SET(ev, env_hash, ((ProtobufCBinaryData){ 32, (uint8_t *)req->env_hash }));
    SET(ev, priority, priority_of(c, spec) > earlier ? priority_of(c, spec) - earlier : 1);
    if (spec->kind == JOB_KIND_SRUN)
        SET(ev, ends_with_step, 1);
    *out = ev;
}

static uint32_t decide_shared(struct cluster *c, const struct cluster_now *now, const struct submit_request *req,
                              struct decision *d)
{
    struct ident *ident = ident_find_equal(c, req->identity);
    uint32_t ident_id = ident ? ident->id : ident_free_id(c);

    if (req->script.len)
        add_blob(c, now, d, req->script_hash, &req->script);
    if (req->env.len)
        add_blob(c, now, d, req->env_hash, &req->env);
    if (!ident) {
        Wire__EvIdentity *idev =
            event_add(d, now, identity, IDENTITY, EvIdentity, EV_IDENTITY);

        SET(idev, id, ident_id);
        idev->identity = (Wire__Identity *)req->identity;
    }
    return ident_id;
}

/* Components behind the leader, in the same decision. */
static int decide_components(struct cluster *c, const struct cluster_now *now, const struct submit_request *req,
                             uint32_t leader, uint32_t ident_id, struct id_source *ids, struct decision *d,
                             struct error *err)
{
    for (size_t i = 0; i < req->num_het; i++) {
        Wire__EvJobSubmitted *ev;
        uint32_t id;

        if (id_source_take(c, ids, now, d, &id, err) < 0)
            return -1;
        decide_job(c, now, req, req->het[i], id, ident_id, (uint32_t)i + 1, d, &ev);
        SET(ev, het_job_id, leader);
        SET(ev, het_offset, (uint32_t)i + 1);
        SET(ev, het_size, (uint32_t)req->num_het + 1);
    }
    return 0;
}

/* Slurm's words stay first. */
static int refuse_component(struct error *err, size_t component)
{
    const char *code = error_code_text(err->code);
    char why[sizeof(err->text)];
    size_t len = code ? strlen(code) : 0;

    snprintf(why, sizeof(why), "%s", err->text);
    if (!len || strncmp(why, code, len) != 0)
        return error_prefix(err, "component %zu", component);
    if (!why[len])
        return error_set(err, err->code, "%s: component %zu", code, component);
    return error_set(err, err->code, "%s: component %zu%s", code, component, why + len);
}

static int check_components(struct cluster *c, const struct cluster_now *now, const struct submit_request *req,
                            struct decision *d, struct error *err)
{
    if (req->num_het >= HET_MAX)
        return error_set(err, BRE_INVAL, "a heterogeneous job has at most %d components", HET_MAX);
    if (req->num_het && req->spec->array_inx)
        return error_set(err, BRE_ARRAY, "%s: a heterogeneous job cannot be an array", error_code_text(BRE_ARRAY));
    for (size_t i = 0; i < req->num_het; i++) {
        struct submit_request one = *req;

        one.spec = req->het[i];
        if (one.spec->kind != req->spec->kind)
            return error_set(err, BRE_PROTOCOL, "components of different kinds");
        if (one.spec->array_inx)
            return error_set(err, BRE_ARRAY, "%s: a heterogeneous job cannot be an array",
                             error_code_text(BRE_ARRAY));
        if (check_request(c, now, &one, NULL, &d->arena, err) < 0)
            return refuse_component(err, i + 1);
    }
    return 0;
}

int cluster_decide_submit(struct cluster *c, const struct cluster_now *now,
                          const struct submit_request *req, struct decision *d,
                          uint32_t *id, const char **warning, struct error *err)
{
    struct decision_mark mark = decision_mark(d);
    const Wire__JobSpec *spec = req->spec;
    struct id_source ids;
    uint32_t ident_id;
    Wire__EvJobSubmitted *ev;

    if (warning)
        *warning = NULL;
    if (check_request(c, now, req, warning, &d->arena, err) < 0 || check_components(c, now, req, d, err) < 0)
        return -1;
    clock_check(c, now, d);
    id_source_init(c, &ids);
    if (id_source_take(c, &ids, now, d, id, err) < 0)
        return decision_rollback(d, mark);
    ident_id = decide_shared(c, now, req, d);
    decide_job(c, now, req, spec, *id, ident_id, 0, d, &ev);
    if (req->num_het) {
        SET(ev, het_job_id, *id);
        SET(ev, het_offset, 0);
        SET(ev, het_size, (uint32_t)req->num_het + 1);
        if (decide_components(c, now, req, *id, ident_id, &ids, d, err) < 0)
            return decision_rollback(d, mark);
    }
    if (spec->array_inx && depend_is_by_task(spec->dependency)
        && split_all(c, now, *id, spec->array_inx, &ids, d, err) < 0)
        return decision_rollback(d, mark);
    return 0;
}
