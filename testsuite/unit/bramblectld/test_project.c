/* test_project.c - events become the records that sacct shows, whatever the batches are. */
#include "config.h"

#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bramble/constants.h"
#include "bramblectld/projections/project.h"
#include "suite.h"
#include "util/error.h"
#include "util/mem.h"

extern const struct accounting_plugin bramble_plugin;

struct store {
    char path[64];
    void *self;
    struct projector *p;
    uint64_t seq;
};

static void store_open_at(struct store *s)
{
    struct plugin_error why;
    s->self = bramble_plugin.init(s->path, &why);
    ck_assert_msg(s->self != NULL, "%s", why.text);
    s->p = projector_create(&bramble_plugin, s->self);
}

static void store_new(struct store *s)
{
    memset(s, 0, sizeof(*s));
    snprintf(s->path, sizeof(s->path), "/tmp/bramble-acct-%d.db", (int)getpid());
    unlink(s->path);
    store_open_at(s);
}

static void store_fini(struct store *s)
{
    char side[80];
    projector_destroy(s->p);
    bramble_plugin.fini(s->self);
    unlink(s->path);
    snprintf(side, sizeof(side), "%s-wal", s->path);
    unlink(side);
    snprintf(side, sizeof(side), "%s-shm", s->path);
    unlink(side);
}

static void begin(struct store *s)
{
    struct plugin_error why;
    ck_assert_int_eq(bramble_plugin.begin(s->self, &why), 0);
}

static void commit(struct store *s)
{
    struct plugin_error why;
    struct error err;
    ck_assert_msg(projector_put(s->p, &err) == 0, "%s", err.text);
    ck_assert_int_eq(bramble_plugin.commit(s->self, ++s->seq, &why), 0);
}

static void give(struct store *s, int64_t when_sec, Wire__Event *ev)
{
    struct error err;
    ev->has_time_usec = true;
    ev->time_usec = when_sec * 1000000;
    ck_assert_msg(projector_event(s->p, ev, false, &err) == 0, "%s", err.text);
}

#define EVENT(name_, case_, var_) \
    Wire__Event name_ = WIRE__EVENT__INIT; \
    name_.body_case = WIRE__EVENT__BODY_##case_; \
    name_.var_ = &var_##_

static void ev_identity(struct store *s)
{
    Wire__Identity who = WIRE__IDENTITY__INIT;
    Wire__EvIdentity identity_ = WIRE__EV_IDENTITY__INIT;
    EVENT(ev, IDENTITY, identity);
    who.uid = 1000;
    who.gid = 1000;
    who.user_name = (char *)"alice";
    who.group_name = (char *)"users";
    identity_.id = 3;
    identity_.identity = &who;
    give(s, 1, &ev);
}

static void ev_submitted(struct store *s, int64_t when)
{
    Wire__JobSpec spec = WIRE__JOB_SPEC__INIT;
    Wire__EvJobSubmitted job_submitted_ = WIRE__EV_JOB_SUBMITTED__INIT;
    EVENT(ev, JOB_SUBMITTED, job_submitted);
    spec.name = (char *)"o'hara \"; DROP TABLE record;--";
    spec.partition = (char *)"pi4";
    spec.has_time_limit_min = true;
    spec.time_limit_min = 10;
    spec.has_num_tasks = true;
    spec.num_tasks = 4;
    job_submitted_.job_id = 7;
    job_submitted_.identity = 3;
    job_submitted_.spec = &spec;
    give(s, when, &ev);
}

static void ev_started(struct store *s, int64_t when, uint32_t attempt)
{
    Wire__NodeAlloc n[2] = { WIRE__NODE_ALLOC__INIT, WIRE__NODE_ALLOC__INIT };
    Wire__NodeAlloc *list[2] = { &n[0], &n[1] };
    Wire__EvJobStarted job_started_ = WIRE__EV_JOB_STARTED__INIT;
    EVENT(ev, JOB_STARTED, job_started);
    n[0].name = (char *)"pi1";
    n[1].name = (char *)"pi2";
    n[0].cpus = n[1].cpus = 2;
    job_started_.job_id = 7;
    job_started_.attempt = attempt;
    job_started_.n_nodes = 2;
    job_started_.nodes = list;
    job_started_.partition = (char *)"pi4";
    give(s, when, &ev);
}

static void ev_node_ended(struct store *s, int64_t when, uint32_t attempt, uint64_t usec, uint64_t rss)
{
    Wire__StepStatus status = WIRE__STEP_STATUS__INIT;
    Wire__EvStepNodeEnded step_node_ended_ = WIRE__EV_STEP_NODE_ENDED__INIT;
    EVENT(ev, STEP_NODE_ENDED, step_node_ended);
    status.job_id = 7;
    status.step_id = STEP_BATCH;
    status.attempt = attempt;
    status.user_usec = usec;
    status.max_rss_kb = rss;
    step_node_ended_.status = &status;
    give(s, when, &ev);
}

static void ev_step_ended(struct store *s, int64_t when, uint32_t attempt, uint32_t state, uint32_t status)
{
    Wire__EvStepEnded step_ended_ = WIRE__EV_STEP_ENDED__INIT;
    EVENT(ev, STEP_ENDED, step_ended);
    step_ended_.job_id = 7;
    step_ended_.step_id = STEP_BATCH;
    step_ended_.attempt = attempt;
    step_ended_.state = state;
    step_ended_.exit_status = status;
    give(s, when, &ev);
}

static void ev_ended(struct store *s, int64_t when, uint32_t state, uint32_t status)
{
    Wire__EvJobEnded job_ended_ = WIRE__EV_JOB_ENDED__INIT;
    EVENT(ev, JOB_ENDED, job_ended);
    job_ended_.job_id = 7;
    job_ended_.state = state;
    job_ended_.exit_status = status;
    give(s, when, &ev);
}

static void ev_requeued(struct store *s, int64_t when)
{
    Wire__EvJobRequeued job_requeued_ = WIRE__EV_JOB_REQUEUED__INIT;
    EVENT(ev, JOB_REQUEUED, job_requeued);
    job_requeued_.job_id = 7;
    job_requeued_.attempt = 2;
    job_requeued_.reason = REASON_NODE_FAIL;
    give(s, when, &ev);
}

struct seen {
    struct acct_record rows[16];
    size_t num;
};

static bool see(void *arg, const struct acct_record *rec)
{
    struct seen *s = arg;
    struct acct_record *r = &s->rows[s->num++];
    *r = *rec;
    r->name = xstrdup(rec->name);
    r->user = xstrdup(rec->user);
    r->node_list = xstrdup(rec->node_list);
    return s->num < 16;
}

static void query(struct store *s, struct seen *out)
{
    uint32_t id = 7;
    struct acct_query q = { .job_ids = &id, .num_job_ids = 1, .with_steps = true, .duplicates = true };
    struct plugin_error why;
    memset(out, 0, sizeof(*out));
    ck_assert_int_eq(bramble_plugin.query(s->self, &q, see, out, &why), 0);
}

static void seen_fini(struct seen *s)
{
    for (size_t i = 0; i < s->num; i++) {
        free((char *)s->rows[i].name);
        free((char *)s->rows[i].user);
        free((char *)s->rows[i].node_list);
    }
}

static void check_whole_life(struct store *s)
{
    struct seen seen;
    query(s, &seen);
    ck_assert_uint_eq(seen.num, 2);
    const struct acct_record *job = &seen.rows[0], *batch = &seen.rows[1];
    ck_assert_uint_eq(job->step_id, STEP_NONE);
    ck_assert_str_eq(job->name, "o'hara \"; DROP TABLE record;--");
    ck_assert_str_eq(job->user, "alice");
    ck_assert_str_eq(job->node_list, "pi[1-2]");
    ck_assert_uint_eq(job->num_cpus, 4);
    ck_assert_uint_eq(job->state, JOB_FAILED);
    ck_assert_uint_eq(job->exit_status, 256);
    ck_assert_int_eq(job->submit_usec, 10 * 1000000LL);
    ck_assert_int_eq(job->start_usec, 20 * 1000000LL);
    ck_assert_int_eq(job->end_usec, 31 * 1000000LL);
    ck_assert_uint_eq(batch->step_id, STEP_BATCH);
    ck_assert_str_eq(batch->name, "batch");
    ck_assert_uint_eq(batch->user_usec, 4000);
    ck_assert_uint_eq(batch->max_rss_kb, 900);
    ck_assert_uint_eq(batch->state, JOB_FAILED);
    seen_fini(&seen);
}

START_TEST(a_job_in_one_batch_has_its_whole_life)
{
    struct store s;
    store_new(&s);
    begin(&s);
    ev_identity(&s);
    ev_submitted(&s, 10);
    ev_started(&s, 20, 1);
    ev_node_ended(&s, 30, 1, 4000, 900);
    ev_step_ended(&s, 30, 1, JOB_FAILED, 256);
    ev_ended(&s, 31, JOB_FAILED, 256);
    commit(&s);
    check_whole_life(&s);
    store_fini(&s);
}
END_TEST

/* The store is closed and opened between all of them, as by crashes. */
START_TEST(a_job_in_many_batches_ends_the_same)
{
    struct store s;
    store_new(&s);
    for (int i = 0; i < 5; i++) {
        begin(&s);
        ev_identity(&s); /* told again by every start */
        if (i == 0)
            ev_submitted(&s, 10);
        if (i == 1)
            ev_started(&s, 20, 1);
        if (i == 2)
            ev_node_ended(&s, 30, 1, 1500, 900);
        if (i == 3)
            ev_node_ended(&s, 30, 1, 2500, 800);
        if (i == 4) {
            ev_step_ended(&s, 30, 1, JOB_FAILED, 256);
            ev_ended(&s, 31, JOB_FAILED, 256);
        }
        commit(&s);
        projector_destroy(s.p);
        bramble_plugin.fini(s.self);
        store_open_at(&s);
    }
    check_whole_life(&s);
    store_fini(&s);
}
END_TEST

START_TEST(a_requeued_job_has_a_record_for_each_attempt)
{
    struct store s;
    struct seen seen;
    store_new(&s);
    begin(&s);
    ev_identity(&s);
    ev_submitted(&s, 10);
    ev_started(&s, 20, 1);
    commit(&s);
    begin(&s);
    ev_requeued(&s, 25);
    commit(&s);
    begin(&s);
    ev_started(&s, 40, 2);
    ev_ended(&s, 50, JOB_COMPLETED, 0);
    commit(&s);
    query(&s, &seen);
    ck_assert_uint_eq(seen.num, 4);
    ck_assert_uint_eq(seen.rows[0].attempt, 1);
    ck_assert_uint_eq(seen.rows[0].state, JOB_NODE_FAIL);
    ck_assert_int_eq(seen.rows[0].end_usec, 25 * 1000000LL);
    ck_assert_uint_eq(seen.rows[1].step_id, STEP_BATCH);
    ck_assert_int_ne(seen.rows[1].end_usec, 0);
    ck_assert_uint_eq(seen.rows[2].attempt, 2);
    ck_assert_uint_eq(seen.rows[2].state, JOB_COMPLETED);
    ck_assert_uint_eq(seen.rows[2].restarts, 1);
    ck_assert_str_eq(seen.rows[2].user, "alice");
    ck_assert_uint_eq(seen.rows[3].attempt, 2);
    seen_fini(&seen);
    store_fini(&s);
}
END_TEST

/* As in Slurm's accounting, whoever sent the signal. */
START_TEST(a_step_that_a_signal_ended_is_cancelled_and_its_job_failed)
{
    struct store s;
    struct seen seen;
    store_new(&s);
    begin(&s);
    ev_identity(&s);
    ev_submitted(&s, 10);
    ev_started(&s, 20, 1);
    ev_step_ended(&s, 30, 1, JOB_FAILED, SIGSEGV);
    ev_ended(&s, 31, JOB_FAILED, SIGSEGV);
    commit(&s);
    query(&s, &seen);
    ck_assert_uint_eq(seen.num, 2);
    for (size_t i = 0; i < seen.num; i++)
        ck_assert_uint_eq(seen.rows[i].state, seen.rows[i].step_id == STEP_NONE ? JOB_FAILED : JOB_CANCELLED);
    seen_fini(&seen);
    store_fini(&s);
}
END_TEST

START_TEST(a_batch_that_is_rolled_back_leaves_nothing)
{
    struct store s;
    struct seen seen;
    uint64_t seq;
    struct plugin_error why;
    store_new(&s);
    begin(&s);
    ev_identity(&s);
    ev_submitted(&s, 10);
    bramble_plugin.rollback(s.self);
    projector_forget(s.p);
    query(&s, &seen);
    ck_assert_uint_eq(seen.num, 0);
    ck_assert_int_eq(bramble_plugin.position(s.self, &seq, &why), 0);
    ck_assert_uint_eq(seq, 0);
    store_fini(&s);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("project");
    TCase *t = tcase_create("project");
    tcase_add_test(t, a_job_in_one_batch_has_its_whole_life);
    tcase_add_test(t, a_job_in_many_batches_ends_the_same);
    tcase_add_test(t, a_requeued_job_has_a_record_for_each_attempt);
    tcase_add_test(t, a_step_that_a_signal_ended_is_cancelled_and_its_job_failed);
    tcase_add_test(t, a_batch_that_is_rolled_back_leaves_nothing);
    suite_add_tcase(s, t);
    return suite_run(s);
}
