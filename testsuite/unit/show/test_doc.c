/* test_doc.c - --json and --yaml: documents that parse, with the keys and values that programs look for. */
#include "config.h"
#include <check.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "commands/sacct/sacct.h"
#include "commands/sdiag/sdiag.h"
#include "commands/sinfo/sinfo.h"
#include "commands/squeue/squeue.h"
#include "fake.h"
#include "suite.h"
#include "util/mem.h"

typedef int command_f(struct console *con, int argc, char **argv);

static json_t *document(command_f *command, const char *line)
{
    struct run run = run_command(command, line, fake_source());
    json_error_t why;
    json_t *doc = json_loads(run.out, JSON_REJECT_DUPLICATES, &why);

    ck_assert_msg(doc != NULL, "%s: line %d: %s\n%s", line, why.line, why.text, run.out);
    ck_assert_str_eq(run.err, "");
    ck_assert_int_eq(run.rc, 0);
    ck_assert_uint_eq(json_array_size(json_object_get(doc, "errors")), 0);
    ck_assert_ptr_nonnull(json_object_get(doc, "warnings"));
    run_fini(&run);
    return doc;
}

/* The value at "jobs/0/name". */
static const json_t *at(const json_t *value, const char *path)
{
    while (value && *path) {
        CLEANUP_FREE char *key = xstrndup(path, strcspn(path, "/"));

        path += strlen(key);
        path += *path == '/';
        value = json_is_array(value) ? json_array_get(value, (size_t)atoi(key)) : json_object_get(value, key);
    }
    return value;
}

#define ck_text(doc, path, expected)                                                           \
    do {                                                                                       \
        const char *text_ = json_string_value(at(doc, path));                                  \
        ck_assert_msg(text_ && !strcmp(text_, expected), "%s is %s", path, text_ ? text_ : "no text"); \
    } while (0)
#define ck_int(doc, path, expected)                                                            \
    do {                                                                                       \
        const json_t *value_ = at(doc, path);                                                  \
        ck_assert_msg(json_is_integer(value_), "%s is no number", path);                       \
        ck_assert_int_eq(json_integer_value(value_), expected);                                \
    } while (0)

START_TEST(jobs_have_slurms_keys)
{
    json_t *doc = document(squeue_run, "squeue --json -t all -S i");

    ck_assert_uint_eq(json_array_size(json_object_get(doc, "jobs")), 8);
    ck_int(doc, "jobs/0/job_id", 1);
    ck_text(doc, "jobs/0/name", "run1");
    ck_text(doc, "jobs/0/job_state/0", "RUNNING");
    ck_int(doc, "jobs/0/time_limit/number", 5);
    ck_assert(json_is_true(at(doc, "jobs/0/time_limit/set")));
    ck_assert(json_is_true(at(doc, "jobs/2/time_limit/infinite")));
    ck_assert(json_is_true(at(doc, "jobs/2/hold")));
    ck_assert(json_is_false(at(doc, "jobs/0/array_task_id/set")));
    ck_text(doc, "jobs/3/state_reason", "Resources");
    ck_text(doc, "jobs/0/user_name", "root");
    ck_int(doc, "jobs/1/user_id", 1000);
    ck_text(doc, "jobs/1/tres_alloc_str", "cpu=4,mem=3G,node=2,billing=4");
    ck_text(doc, "meta/plugin/data_parser", "data_parser/v0.0.41");
    ck_text(doc, "meta/slurm/cluster", "mycluster");
    ck_text(doc, "meta/slurm/release", "24.05.0");
    ck_text(doc, "meta/command/1", "--json");
    ck_int(doc, "last_update/number", FAKE_NOW);
    json_decref(doc);
    doc = document(squeue_run, "squeue -s --json=v0.0.41");
    ck_text(doc, "steps/1/id", "1.batch");
    ck_text(doc, "steps/1/partition", "all");
    json_decref(doc);
}
END_TEST

START_TEST(an_allocation_is_told_by_node_and_core)
{
    json_t *doc = document(squeue_run, "squeue --json -j 1");
    const json_t *res = at(doc, "jobs/0/job_resources");

    ck_text(res, "nodes/allocation/0/name", "pi1");
    ck_int(res, "nodes/allocation/0/cpus/count", 2);
    ck_int(res, "nodes/allocation/0/memory/allocated", 100);
    ck_int(res, "nodes/allocation/0/sockets/0/cores/1/index", 3);
    ck_int(res, "nodes/count", 1);
    json_decref(doc);
}
END_TEST

START_TEST(lines_of_sinfo_have_their_partition_and_nodes)
{
    json_t *doc = document(sinfo_run, "sinfo --json -p pi4 -S t");

    ck_text(doc, "sinfo/0/partition/name", "pi4");
    ck_int(doc, "sinfo/0/partition/maximums/time/number", 60);
    ck_int(doc, "sinfo/0/nodes/total", 1);
    ck_int(doc, "sinfo/0/cpus/maximum", 4);
    ck_text(doc, "sinfo/0/nodes/nodes/0", "pi4");
    ck_text(doc, "sinfo/0/node/state/0", "IDLE");
    ck_text(doc, "sinfo/1/node/state/0", "DOWN");
    ck_text(doc, "sinfo/1/node/state/1", "NOT_RESPONDING");
    json_decref(doc);
}
END_TEST

START_TEST(jobs_of_the_accounts_hold_their_steps)
{
    json_t *doc = document(sacct_run, "sacct --json -a -j 13,14,17");

    ck_assert_uint_eq(json_array_size(json_object_get(doc, "jobs")), 3);
    ck_int(doc, "jobs/0/job_id", 13);
    ck_assert_uint_eq(json_array_size(at(doc, "jobs/0/steps")), 2);
    ck_text(doc, "jobs/0/steps/0/step/id", "13.batch");
    ck_text(doc, "jobs/1/state/current/0", "COMPLETED");
    ck_int(doc, "jobs/1/time/elapsed", 40);
    ck_int(doc, "jobs/1/time/limit/number", 65);
    ck_text(doc, "jobs/2/kill_request_user", "1000");
    ck_text(doc, "jobs/2/steps/0/exit_code/status/0", "SIGNALED");
    ck_int(doc, "jobs/2/steps/0/exit_code/signal/id/number", 9);
    ck_text(doc, "jobs/2/steps/0/exit_code/signal/name", "KILL");
    json_decref(doc);
}
END_TEST

START_TEST(statistics_are_numbers)
{
    json_t *doc = document(sdiag_run, "sdiag --json");

    ck_int(doc, "statistics/jobs_submitted", 7);
    ck_int(doc, "statistics/schedule_cycle_mean", 20);
    ck_text(doc, "statistics/rpcs_by_message_type/0/message_type", "REQUEST_JOB_INFO");
    ck_int(doc, "statistics/rpcs_by_message_type/0/type_id", 2003);
    ck_int(doc, "statistics/rpcs_by_user/0/average_time/number", 166);
    json_decref(doc);
}
END_TEST

START_TEST(bytes_that_are_no_text_do_not_spoil_a_document)
{
    json_t *doc = document(squeue_run, "squeue --json -t all -S i");

    ck_text(doc, "jobs/6/name", "bad\x1b[2Jname");
    ck_text(doc, "jobs/7/comment", "caf? 1");
    json_decref(doc);
}
END_TEST

START_TEST(yaml_parses_and_keeps_texts_texts)
{
    command_f *commands[] = { squeue_run, sinfo_run, sacct_run, sdiag_run };
    const char *lines[] = { "squeue --yaml -t all -S i", "sinfo --yaml", "sacct --yaml -a", "sdiag --yaml" };

    for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
        struct run run = run_command(commands[i], lines[i], fake_source());
        yaml_parser_t parser;
        yaml_event_t event;
        bool end = false;

        yaml_parser_initialize(&parser);
        yaml_parser_set_input_string(&parser, (const unsigned char *)run.out, strlen(run.out));
        while (!end) {
            ck_assert_msg(yaml_parser_parse(&parser, &event), "%s: %s", lines[i], parser.problem);
            end = event.type == YAML_STREAM_END_EVENT;
            yaml_event_delete(&event);
        }
        yaml_parser_delete(&parser);
        if (i == 0) {
            ck_assert_ptr_nonnull(strstr(run.out, "jobs:\n- account: \"\"\n"));
            ck_assert_ptr_nonnull(strstr(run.out, "  job_id: 1\n"));
            ck_assert_ptr_nonnull(strstr(run.out, "  name: \"run1\"\n"));
        }
        run_fini(&run);
    }
}
END_TEST

START_TEST(a_failure_is_told_in_the_document_too)
{
    struct run run = run_command(squeue_run, "squeue --json", fake_source_failing(BRE_NO_CONTACT, "nobody listens"));
    json_t *doc = json_loads(run.out, 0, NULL);

    ck_assert_int_eq(run.rc, 1);
    ck_assert_ptr_nonnull(strstr(run.err, "slurm_load_jobs error: Unable to contact slurm controller"));
    ck_text(doc, "errors/0/source", "slurm_load_jobs");
    ck_text(doc, "errors/0/description", "nobody listens");
    json_decref(doc);
    run_fini(&run);
    ck_output(squeue_run, "squeue --json=list", "Possible data_parser plugins:\ndata_parser/v0.0.41\n");
    ck_refused(squeue_run, "squeue --json=v0.0.38",
               "squeue: error: --json=v0.0.38: the keys are those of data_parser/v0.0.41 here; leave the value out\n");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("doc");
    TCase *tc = tcase_create("doc");

    setenv("TZ", "UTC", 1);
    unsetenv("SLURM_CLUSTERS");
    tcase_add_test(tc, jobs_have_slurms_keys);
    tcase_add_test(tc, an_allocation_is_told_by_node_and_core);
    tcase_add_test(tc, lines_of_sinfo_have_their_partition_and_nodes);
    tcase_add_test(tc, jobs_of_the_accounts_hold_their_steps);
    tcase_add_test(tc, statistics_are_numbers);
    tcase_add_test(tc, bytes_that_are_no_text_do_not_spoil_a_document);
    tcase_add_test(tc, yaml_parses_and_keeps_texts_texts);
    tcase_add_test(tc, a_failure_is_told_in_the_document_too);
    suite_add_tcase(s, tc);
    return suite_run(s);
}
