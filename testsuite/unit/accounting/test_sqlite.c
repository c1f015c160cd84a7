/* test_sqlite.c - the SQLite store of accounting. */
#include "config.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bramble/accounting_plugin.h"
#include "bramble/constants.h"
#include "suite.h"

extern const struct accounting_plugin bramble_plugin;

static char path[] = "/tmp/test_sqlite.XXXXXX";
static void *store;
static struct plugin_error err;

static void make_path(void)
{
    int fd;

    memcpy(path + sizeof path - 7, "XXXXXX", 6);
    fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    close(fd);
    store = bramble_plugin.init(path, &err);
    ck_assert_msg(store != NULL, "%s", err.text);
}

static void remove_path(void)
{
    char name[64];

    bramble_plugin.fini(store);
    unlink(path);
    snprintf(name, sizeof name, "%s-wal", path);
    unlink(name);
    snprintf(name, sizeof name, "%s-shm", path);
    unlink(name);
}

static void put(uint32_t job_id, uint32_t attempt, uint32_t step_id, const char *name, uint32_t uid,
                int64_t start, int64_t end, uint32_t state)
{
    struct acct_record record = { .job_id = job_id, .attempt = attempt, .step_id = step_id, .name = name,
                                  .user = "alice", .uid = uid, .partition = "pi4", .submit_usec = start,
                                  .start_usec = start, .end_usec = end, .state = state };

    ck_assert_msg(bramble_plugin.put(store, &record, &err) == 0, "%s", err.text);
}

static void write_some(void)
{
    ck_assert_int_eq(bramble_plugin.begin(store, &err), 0);
    put(1, 1, STEP_NONE, "one", 1000, 100, 200, JOB_COMPLETED);
    put(1, 1, 0, "step", 1000, 110, 190, JOB_COMPLETED);
    put(1, 1, STEP_BATCH, "batch", 1000, 100, 200, JOB_COMPLETED);
    put(2, 1, STEP_NONE, "two'; DROP TABLE record;--", 1001, 300, 400, JOB_FAILED);
    put(3, 1, STEP_NONE, "three", 1000, 500, 600, JOB_NODE_FAIL);
    put(3, 2, STEP_NONE, "three", 1000, 700, 0, JOB_RUNNING);
    ck_assert_int_eq(bramble_plugin.commit(store, 42, &err), 0);
}

struct seen {
    char text[512];
};

static bool note(void *arg, const struct acct_record *record)
{
    struct seen *seen = arg;
    size_t used = strlen(seen->text);

    if (record->step_id == STEP_NONE)
        snprintf(seen->text + used, sizeof seen->text - used, "%u/%u ", record->job_id, record->attempt);
    else if (record->step_id == STEP_BATCH)
        snprintf(seen->text + used, sizeof seen->text - used, "%u.batch ", record->job_id);
    else
        snprintf(seen->text + used, sizeof seen->text - used, "%u.%u ", record->job_id, record->step_id);
    return true;
}

static const char *ask(const struct acct_query *query)
{
    static struct seen seen;

    seen.text[0] = '\0';
    ck_assert_msg(bramble_plugin.query(store, query, note, &seen, &err) == 0, "%s", err.text);
    return seen.text;
}

START_TEST(a_job_comes_before_its_batch_step_and_that_before_the_others)
{
    write_some();
    ck_assert_str_eq(ask(&(struct acct_query){ .with_steps = true }), "1/1 1.batch 1.0 2/1 3/2 ");
}
END_TEST

START_TEST(only_the_last_attempt_is_shown_unless_duplicates_are_asked_for)
{
    write_some();
    ck_assert_str_eq(ask(&(struct acct_query){ .duplicates = true }), "1/1 2/1 3/1 3/2 ");
    ck_assert_str_eq(ask(&(struct acct_query){ .duplicates = false }), "1/1 2/1 3/2 ");
}
END_TEST

START_TEST(filters_leave_what_matches_all_of_them)
{
    uint32_t uid = 1000, ids[] = { 1, 2 }, steps[] = { 0, STEP_NONE };
    const char *name = "two'; DROP TABLE record;--";

    write_some();
    ck_assert_str_eq(ask(&(struct acct_query){ .uids = &uid, .num_uids = 1 }), "1/1 3/2 ");
    ck_assert_str_eq(ask(&(struct acct_query){ .names = &name, .num_names = 1 }), "2/1 ");
    ck_assert_str_eq(ask(&(struct acct_query){ .state_mask = 1u << JOB_FAILED }), "2/1 ");
    ck_assert_str_eq(ask(&(struct acct_query){ .job_ids = ids, .num_job_ids = 2 }), "1/1 2/1 ");
    ck_assert_str_eq(ask(&(struct acct_query){ .job_ids = ids, .step_ids = steps, .num_job_ids = 2,
                                               .with_steps = true }),
                     "1.0 2/1 ");
}
END_TEST

START_TEST(a_job_lies_in_a_window_if_part_of_its_life_does)
{
    write_some();
    ck_assert_str_eq(ask(&(struct acct_query){ .start_usec = 250, .end_usec = 650 }), "2/1 ");
    ck_assert_str_eq(ask(&(struct acct_query){ .start_usec = 150, .end_usec = 350 }), "1/1 2/1 ");
    ck_assert_str_eq(ask(&(struct acct_query){ .start_usec = 100000 }), "3/2 ");
}
END_TEST

START_TEST(a_record_put_twice_stands_once_as_it_was_put_last)
{
    write_some();
    ck_assert_int_eq(bramble_plugin.begin(store, &err), 0);
    put(2, 1, STEP_NONE, "two", 1001, 300, 400, JOB_COMPLETED);
    ck_assert_int_eq(bramble_plugin.commit(store, 43, &err), 0);
    ck_assert_str_eq(ask(&(struct acct_query){ .state_mask = 1u << JOB_FAILED }), "");
    ck_assert_str_eq(ask(&(struct acct_query){ .state_mask = 1u << JOB_COMPLETED }), "1/1 2/1 ");
}
END_TEST

START_TEST(the_position_moves_with_the_records_and_survives_a_new_start)
{
    uint64_t seq = 99;

    ck_assert_int_eq(bramble_plugin.position(store, &seq, &err), 0);
    ck_assert_uint_eq(seq, 0);
    write_some();
    ck_assert_int_eq(bramble_plugin.begin(store, &err), 0);
    put(9, 1, STEP_NONE, "lost", 1000, 1, 2, JOB_COMPLETED);
    bramble_plugin.rollback(store);
    bramble_plugin.fini(store);
    store = bramble_plugin.init(path, &err);
    ck_assert_msg(store != NULL, "%s", err.text);
    ck_assert_int_eq(bramble_plugin.position(store, &seq, &err), 0);
    ck_assert_uint_eq(seq, 42);
    ck_assert_str_eq(ask(&(struct acct_query){ .duplicates = false }), "1/1 2/1 3/2 ");
}
END_TEST

START_TEST(a_file_that_is_no_database_is_named_in_the_error)
{
    FILE *file;

    bramble_plugin.fini(store);
    file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    for (int i = 0; i < 2000; i++)
        fputs("this is not a database\n", file);
    fclose(file);
    store = bramble_plugin.init(path, &err);
    ck_assert_ptr_null(store);
    ck_assert_ptr_nonnull(strstr(err.text, path));
    unlink(path);
    store = bramble_plugin.init(path, &err);
    ck_assert_ptr_nonnull(store);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("accounting/sqlite");
    TCase *tc = tcase_create("store");

    tcase_add_checked_fixture(tc, make_path, remove_path);
    tcase_add_test(tc, a_job_comes_before_its_batch_step_and_that_before_the_others);
    tcase_add_test(tc, only_the_last_attempt_is_shown_unless_duplicates_are_asked_for);
    tcase_add_test(tc, filters_leave_what_matches_all_of_them);
    tcase_add_test(tc, a_job_lies_in_a_window_if_part_of_its_life_does);
    tcase_add_test(tc, a_record_put_twice_stands_once_as_it_was_put_last);
    tcase_add_test(tc, the_position_moves_with_the_records_and_survives_a_new_start);
    tcase_add_test(tc, a_file_that_is_no_database_is_named_in_the_error);
    suite_add_tcase(suite, tc);
    return suite_run(suite);
}
