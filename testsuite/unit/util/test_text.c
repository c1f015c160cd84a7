/* test_text.c - numbers, sizes, counts, durations and points in time from text. */
#include "config.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bramble/constants.h"
#include "suite.h"
#include "util/bitmap.h"
#include "util/error.h"
#include "util/jobid.h"
#include "util/mem.h"
#include "util/num.h"
#include "util/taskset.h"
#include "util/timefmt.h"

START_TEST(numbers_refuse_everything_that_is_not_wholly_a_number_in_range)
{
    static const char *const bad[] = { "", "-1", " 1", "1 ", "0x10", "1k", "1e9", "NaN", "+1", "4294967296",
                                       "18446744073709551616", "99999999999999999999999", "1.0", "1\n" };
    struct error err;
    uint32_t value = 7;
    uint64_t big;
    int64_t sign;

    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        ck_assert_msg(num_parse_u32(bad[i], 0, UINT32_MAX, &value, "--nodes", &err) == -1, "'%s' was taken", bad[i]);
        ck_assert_ptr_nonnull(strstr(err.text, "--nodes"));
        ck_assert_uint_eq(value, 7);
    }
    ck_assert_int_eq(num_parse_u32("4294967295", 0, UINT32_MAX, &value, "n", &err), 0);
    ck_assert_uint_eq(value, UINT32_MAX);
    ck_assert_int_eq(num_parse_u32("5", 6, 10, &value, "n", &err), -1);
    ck_assert_int_eq(num_parse_u32("11", 6, 10, &value, "n", &err), -1);
    ck_assert_int_eq(num_parse_u64("18446744073709551615", 0, UINT64_MAX, &big, "n", &err), 0);
    ck_assert_int_eq(num_parse_i64("-5", -5, 5, &sign, "n", &err), 0);
    ck_assert_int_eq(sign, -5);
    ck_assert_int_eq(num_parse_i64("+5", -5, 5, &sign, "n", &err), 0);
    ck_assert_int_eq(num_parse_i64("--5", -5, 5, &sign, "n", &err), -1);
    ck_assert_int_eq(num_parse_i64("9223372036854775808", INT64_MIN, INT64_MAX, &sign, "n", &err), -1);
}
END_TEST

START_TEST(sizes_have_units_and_round_up_to_mib)
{
    struct error err;
    uint64_t v;

    ck_assert_int_eq(size_parse_mb("500", &v, "--mem", &err), 0);
    ck_assert_uint_eq(v, 500);
    ck_assert_int_eq(size_parse_mb("2G", &v, "--mem", &err), 0);
    ck_assert_uint_eq(v, 2048);
    ck_assert_int_eq(size_parse_mb("1025K", &v, "--mem", &err), 0);
    ck_assert_uint_eq(v, 2);
    ck_assert_int_eq(size_parse_mb("256MB", &v, "--mem", &err), 0);
    ck_assert_uint_eq(v, 256);
    ck_assert_int_eq(size_parse_mb("1TiB", &v, "--mem", &err), 0);
    ck_assert_uint_eq(v, 1048576);
    ck_assert_int_eq(size_parse_bytes("4k", 'B', &v, "buf", &err), 0);
    ck_assert_uint_eq(v, 4096);
    ck_assert_int_eq(size_parse_mb("1X", &v, "--mem", &err), -1);
    ck_assert_int_eq(size_parse_mb("G", &v, "--mem", &err), -1);
    ck_assert_int_eq(size_parse_mb("-1G", &v, "--mem", &err), -1);
    ck_assert_int_eq(size_parse_mb("1GG", &v, "--mem", &err), -1);
    ck_assert_int_eq(size_parse_mb("99999999999999999T", &v, "--mem", &err), -1);
    ck_assert_int_eq(size_parse_bytes("18446744073709551615K", 'B', &v, "buf", &err), -1);
}
END_TEST

START_TEST(counts_are_folded_and_unfolded)
{
    const uint32_t counts[] = { 4, 4, 4, 1, 2, 2 };
    CLEANUP_FREE char *text = counts_format(counts, 6);
    static const char *const bad[] = { "", "4(x0)", "4(x3", "4(3)", "a", "4,", ",4", "4(x99999999999)", "4 ,1" };
    CLEANUP_FREE uint32_t *back = NULL;
    struct error err;
    size_t num;

    ck_assert_str_eq(text, "4(x3),1,2(x2)");
    ck_assert_int_eq(counts_parse(text, 6, &back, &num, &err), 0);
    ck_assert_uint_eq(num, 6);
    ck_assert_mem_eq(back, counts, sizeof counts);
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        uint32_t *none = NULL;

        ck_assert_msg(counts_parse(bad[i], 100, &none, &num, &err) == -1, "'%s' was taken", bad[i]);
        ck_assert_ptr_null(none);
    }
    {
        uint32_t *none = NULL;

        ck_assert_int_eq(counts_parse("1(x7)", 6, &none, &num, &err), -1);
        ck_assert_ptr_nonnull(strstr(err.text, "more than 6 nodes"));
    }
}
END_TEST

START_TEST(time_limits_follow_slurms_grammar)
{
    static const struct {
        const char *text;
        uint32_t min;
    } good[] = { { "90", 90 }, { "0", 0 }, { "1:30", 2 }, { "1:00", 1 }, { "1:30:00", 90 }, { "1:30:01", 91 },
                 { "1-12", 2160 }, { "1-12:30", 2190 }, { "2-0:0:1", 2881 }, { "UNLIMITED", UINT32_MAX },
                 { "infinite", UINT32_MAX }, { "-1", UINT32_MAX }, { "99:99:99", 6041 }, { "4294967294", 4294967294u } };
    static const char *const bad[] = { "", ":", "1:", ":30", "1-", "-2", "1-2-3", "1:2:3:4", "1-1:2:3:4", "1h", "1 ",
                                       " 1", "1.5", "4294967295", "99999999999999999999", "0x10", "1-:30", "--1" };
    struct error err;
    uint32_t min;

    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        ck_assert_msg(time_limit_parse(good[i].text, &min, "--time", &err) == 0, "%s", err.text);
        ck_assert_msg(min == good[i].min, "%s is %u", good[i].text, min);
    }
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        ck_assert_msg(time_limit_parse(bad[i], &min, "--time", &err) == -1, "'%s' was taken", bad[i]);
        ck_assert_ptr_nonnull(strstr(err.text, "--time"));
    }
}
END_TEST

START_TEST(durations_are_printed_as_squeue_and_as_scontrol_do)
{
    char buf[TIME_TEXT_MAX];

    ck_assert_str_eq(duration_format(7, buf), "0:07");
    ck_assert_str_eq(duration_format(754, buf), "12:34");
    ck_assert_str_eq(duration_format(3723, buf), "1:02:03");
    ck_assert_str_eq(duration_format(183845, buf), "2-03:04:05");
    ck_assert_str_eq(duration_format(-5, buf), "0:00");
    ck_assert_str_eq(duration_format_full(754, buf), "00:12:34");
    ck_assert_str_eq(duration_format_full(183845, buf), "2-03:04:05");
    ck_assert_str_eq(time_limit_format(90, buf), "1:30:00");
    ck_assert_str_eq(time_limit_format(UINT32_MAX, buf), "UNLIMITED");
}
END_TEST

START_TEST(array_tasks_are_read_and_printed_as_slurm_does)
{
    static const struct {
        const char *text, *shown;
        uint32_t step;
    } good[] = { { "0-3", "0-3", 1 },          { "7", "7", 1 },        { "1,3,5", "1,3,5", 1 },
                 { "1-28:3%2", "1-28:3%2", 3 }, { "1-2,5%1,7", "1-2,5,7%1", 1 },
                 { "2-10:4", "2,6,10", 4 },    { "1,1", "1", 1 },      { "0-98:7", "0-98:7", 7 },
                 { "1- 3", "1-3", 1 },         { "1-3%", "1-3", 1 },   { "3-9:2,20", "3,5,7,9,20", 2 } };
    static const char *const bad[] = { "", "a", "5-3", "-1", "1-", "1-5:0", "1,,2", "1,", "1001", "0-1001", "1x" };
    struct error err;
    struct taskset set;

    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        CLEANUP_FREE char *shown = NULL;

        ck_assert_msg(taskset_parse(good[i].text, 1001, &set, &err) == 0, "%s", err.text);
        shown = taskset_format(set.set, set.throttle);
        ck_assert_str_eq(shown, good[i].shown);
        ck_assert_uint_eq(set.step, good[i].step);
        taskset_fini(&set);
    }
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        ck_assert_msg(taskset_parse(bad[i], 1001, &set, &err) == -1, "'%s' was taken", bad[i]);
        ck_assert_ptr_nonnull(strstr(err.text, "Invalid job array specification"));
    }
}
END_TEST

START_TEST(job_ids_come_in_every_form)
{
    static const char *const bad[] = { "", "0", "x", "12_", "12_x", "12_[1-", "12_[]", "12+", "12.", "12.x", "12 ",
                                       "-1", "4294967295", "12_3_4", "12_[3]4", "12+1_2" };
    struct error err;
    struct jobid id;

    ck_assert_int_eq(jobid_parse("12", &id, &err), 0);
    ck_assert(id.job_id == 12 && id.step_id == STEP_NONE && !id.tasks && !id.all_tasks && id.het_offset == HET_NONE);
    ck_assert_int_eq(jobid_parse("12_[1-3,7].batch", &id, &err), 0);
    ck_assert(id.step_id == STEP_BATCH && bitmap_count(id.tasks) == 4 && bitmap_test(id.tasks, 7));
    jobid_fini(&id);
    ck_assert_int_eq(jobid_parse("12_4.3", &id, &err), 0);
    ck_assert(id.step_id == 3 && bitmap_count(id.tasks) == 1 && bitmap_test(id.tasks, 4));
    jobid_fini(&id);
    ck_assert_int_eq(jobid_parse("12_*", &id, &err), 0);
    ck_assert(id.all_tasks && !id.tasks);
    ck_assert_int_eq(jobid_parse("12+3.0", &id, &err), 0);
    ck_assert(id.het_offset == 3 && id.step_id == 0);
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        ck_assert_msg(jobid_parse(bad[i], &id, &err) == -1, "'%s' was taken", bad[i]);
    ck_assert_uint_eq(jobid_word("12_[1,3],4"), 8);
    ck_assert_uint_eq(jobid_word("12"), 2);
    ck_assert_uint_eq(jobid_word("12_[1"), 5);
}
END_TEST

/* Saturday, 31 January 2026, 15:00:00 UTC */
#define NOW ((time_t)1769871600)

static const char *at_text(const char *text, enum time_at_rule rule, char buf[TIME_TEXT_MAX])
{
    struct error err = { 0 };
    time_t at;

    if (time_at_parse(text, NOW, rule, &at, "--begin", &err) < 0)
        return err.text[0] ? "refused" : "refused without a word";
    return time_at_format(at, NULL, buf);
}

START_TEST(points_in_time_follow_slurms_grammar)
{
    static const char *const good[][2] = {
        { "now", "2026-01-31T15:00:00" },         { "now+60", "2026-01-31T15:01:00" },
        { "now+1hour", "2026-01-31T16:00:00" },   { "now+ 2 days", "2026-02-02T15:00:00" },
        { "now-1week", "2026-01-24T15:00:00" },   { "now+3min", "2026-01-31T15:03:00" },
        { "16:00", "2026-01-31T16:00:00" },       { "14:00", "2026-02-01T14:00:00" },
        { "4:30pm", "2026-01-31T16:30:00" },      { "4:30 AM", "2026-02-01T04:30:00" },
        { "12:15am", "2026-02-01T00:15:00" },     { "16:00:30", "2026-01-31T16:00:30" },
        { "midnight", "2026-02-01T00:00:00" },    { "noon", "2026-02-01T12:00:00" },
        { "teatime", "2026-01-31T16:00:00" },     { "fika", "2026-01-31T15:00:00" },
        { "elevenses", "2026-02-01T11:00:00" },   { "tomorrow", "2026-02-01T00:00:00" },
        { "today", "2026-01-31T00:00:00" },       { "tomorrow 16:00", "2026-02-01T16:00:00" },
        { "2026-03-01", "2026-03-01T00:00:00" },  { "2026-03-01T16:05", "2026-03-01T16:05:00" },
        { "2026-03-01T16:05:09", "2026-03-01T16:05:09" }, { "0301", "2026-03-01T00:00:00" },
        { "030127", "2027-03-01T00:00:00" },      { "03/01", "2026-03-01T00:00:00" },
        { "03/01/27-10:20", "2027-03-01T10:20:00" }, { "03.01.27", "2027-03-01T00:00:00" },
        { "0115", "2027-01-15T00:00:00" },        { "uts1769871660", "2026-01-31T15:01:00" },
        { "2025-01-01", "2025-01-01T00:00:00" },  { "2024-02-29", "2024-02-29T00:00:00" },
    };
    static const char *const bad[] = { "", " ", "later", "25:00", "12:60", "12", "1:2", "2026-13-01", "2026-02-30", "2025-02-29",
                                       "now+", "now+1fortnight", "now+x", "now 5", "0231", "13:00pm", "0:30am", "tomorrow tomorrow",
                                       "16:00 17:00", "2026-01-01T", "2026-01-01 x", "uts", "uts1x", "16:00x", "now+9999999999" };
    char buf[TIME_TEXT_MAX];

    for (size_t i = 0; i < ARRAY_SIZE(good); i++)
        ck_assert_msg(!strcmp(at_text(good[i][0], TIME_AT_FUTURE, buf), good[i][1]), "%s is %s, not %s", good[i][0],
                      at_text(good[i][0], TIME_AT_FUTURE, buf), good[i][1]);
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        ck_assert_msg(!strcmp(at_text(bad[i], TIME_AT_FUTURE, buf), "refused"), "'%s' was taken", bad[i]);
}
END_TEST

START_TEST(past_times_stay_past_where_they_may)
{
    char buf[TIME_TEXT_MAX];

    ck_assert_str_eq(at_text("14:00", TIME_AT_ANY, buf), "2026-01-31T14:00:00");
    ck_assert_str_eq(at_text("midnight", TIME_AT_ANY, buf), "2026-01-31T00:00:00");
    ck_assert_str_eq(at_text("0115", TIME_AT_ANY, buf), "2026-01-15T00:00:00");
    ck_assert_str_eq(time_at_format(0, NULL, buf), "Unknown");
    ck_assert_str_eq(time_at_format(NOW, "%s", buf), "1769871600");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("text");
    TCase *tc = tcase_create("text");

    setenv("TZ", "UTC", 1);
    tzset();
    tcase_add_test(tc, numbers_refuse_everything_that_is_not_wholly_a_number_in_range);
    tcase_add_test(tc, sizes_have_units_and_round_up_to_mib);
    tcase_add_test(tc, counts_are_folded_and_unfolded);
    tcase_add_test(tc, time_limits_follow_slurms_grammar);
    tcase_add_test(tc, array_tasks_are_read_and_printed_as_slurm_does);
    tcase_add_test(tc, job_ids_come_in_every_form);
    tcase_add_test(tc, durations_are_printed_as_squeue_and_as_scontrol_do);
    tcase_add_test(tc, points_in_time_follow_slurms_grammar);
    tcase_add_test(tc, past_times_stay_past_where_they_may);
    suite_add_tcase(suite, tc);
    return suite_run(suite);
}
