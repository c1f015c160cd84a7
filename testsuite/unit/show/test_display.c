/* test_display.c - tables, formats, sorting and cells that squeue, sinfo and sacct share. */
#include "config.h"
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "commands/display/node_state.h"
#include "commands/display/render.h"
#include "commands/display/sort.h"
#include "commands/squeue/squeue.h"
#include "fake.h"
#include "suite.h"
#include "util/mem.h"

static const struct column columns[] = {
    { 'i', "JobID|id", "JOBID", NULL, { FIELD_JOB_ID } },
    { 'j', "Name", "NAME", NULL, { FIELD_JOB_NAME } },
    { 'y', "Nice", "NICE", NULL, { FIELD_JOB_NICE } },
};
static char said[256];

static void unknown(void *arg, const char *word)
{
    (void)arg;
    snprintf(said + strlen(said), sizeof(said) - strlen(said), "<%s>", word);
}

static struct table *three_rows(void)
{
    static const char *const names[] = { "beta", "alpha", "gamma" };
    struct table *t = table_create();

    for (int i = 0; i < 3; i++) {
        size_t row = table_add_row(t);

        table_set_int(t, FIELD_JOB_ID, row, 10 - i);
        table_set_text(t, FIELD_JOB_NAME, row, names[i]);
        table_set_int(t, FIELD_JOB_NICE, row, i == 1 ? -5 : 5);
    }
    return t;
}

static char *rendered(struct format *f, const struct table *t)
{
    struct view view = { .table = t };
    struct render render = { .format = f, .view = &view };
    struct sink out;

    sink_init(&out, -1);
    render_fit(f, &view, NULL, table_rows(t));
    render_header(&out, &render);
    render_rows(&out, &render, NULL, table_rows(t));
    return strbuf_take(&out.buf);
}

static void ck_letters(const char *text, const char *expected, const char *told)
{
    struct table *t = three_rows();
    struct format f = { 0 };

    said[0] = '\0';
    format_parse_letters(&f, text, columns, ARRAY_SIZE(columns), "ij", unknown, NULL);
    CLEANUP_FREE char *got = rendered(&f, t);
    ck_assert_str_eq(got, expected);
    ck_assert_str_eq(said, told);
    format_fini(&f);
    table_destroy(t);
}

static void ck_names(const char *text, const char *expected, const char *told)
{
    struct table *t = three_rows();
    struct format f = { 0 };

    said[0] = '\0';
    format_parse_names(&f, text, columns, ARRAY_SIZE(columns), unknown, NULL);
    CLEANUP_FREE char *got = rendered(&f, t);
    ck_assert_str_eq(got, expected);
    ck_assert_str_eq(said, told);
    format_fini(&f);
    table_destroy(t);
}

START_TEST(a_width_pads_and_cuts_and_a_dot_justifies_right)
{
    ck_letters("%4i|%.4j|%j", "JOBI|NAME|NAME\n10  |beta|beta\n9   |alph|alpha\n8   |gamm|gamma\n", "");
    ck_letters("%.6i", " JOBID\n    10\n     9\n     8\n", "");
}
END_TEST

START_TEST(text_before_between_and_behind_fields_is_kept)
{
    ck_letters("<%i:%y>", "<JOBID:NICE>\n<10:5>\n<9:-5>\n<8:5>\n", "");
}
END_TEST

START_TEST(two_percent_signs_are_one_and_unknown_letters_stay)
{
    ck_letters("%%i", "JOBID\n10\n9\n8\n", "");
    ck_letters("%i|%Q|", "JOBID|%Q|\n10|%Q|\n9|%Q|\n8|%Q|\n", "<Q>");
    ck_letters("%5", "%5\n%5\n%5\n%5\n", "<>");
}
END_TEST

START_TEST(all_is_every_letter_between_bars)
{
    ck_letters("%all", "JOBID|NAME\n10|beta\n9|alpha\n8|gamma\n", "");
}
END_TEST

START_TEST(a_hash_makes_a_column_as_wide_as_its_longest_value)
{
    ck_letters("%#j|%.#i|", "NAME     |    JOBID|\nbeta     |       10|\nalpha    |        9|\n"
                           "gamma    |        8|\n",
               "");
}
END_TEST

START_TEST(long_names_take_sizes_dots_and_suffixes)
{
    ck_names("jobid:4,name:.7", "JOBI   NAME\n10     beta\n9     alpha\n8     gamma\n", "");
    ck_names("ID,Name", "JOBID               NAME                \n10                  beta                \n"
                        "9                   alpha               \n8                   gamma               \n",
             "");
    ck_names("id: ,name:xx", "JOBID NAMExx\n10 betaxx\n9 alphaxx\n8 gammaxx\n", "");
    ck_names("id:.,name:3;", "JOBID.NAM;\n10.bet;\n9.alp;\n8.gam;\n", "");
    ck_names("nosuch,id:2", "JO\n10\n9 \n8 \n", "<nosuch>");
}
END_TEST

START_TEST(accounting_fields_take_a_percent_width_and_mark_what_is_cut)
{
    struct table *t = three_rows();
    struct format f = { 0 };
    struct error err = { 0 };

    ck_assert_int_eq(format_parse_fields(&f, "name%4,jobid%-6", columns, ARRAY_SIZE(columns), &err), 0);
    CLEANUP_FREE char *got = rendered(&f, t);
    ck_assert_str_eq(got, "NAME JOBID  \nbeta 10     \nalp+ 9      \ngam+ 8      \n");
    format_fini(&f);
    ck_assert_int_eq(format_parse_fields(&f, "zero", columns, ARRAY_SIZE(columns), &err), -1);
    ck_assert_str_eq(err.text, "Invalid field requested: \"zero\"");
    ck_assert_int_eq(format_parse_fields(&f, "name%x", columns, ARRAY_SIZE(columns), &err), -1);
    format_fini(&f);
    table_destroy(t);
}
END_TEST

START_TEST(a_cut_never_leaves_half_a_character)
{
    struct table *t = table_create();
    struct format f = { 0 };

    table_set_text(t, FIELD_JOB_NAME, table_add_row(t), "ab\xc3\xa9t\xc3\xa9"); /* abété */
    format_parse_letters(&f, "%3j|", columns, ARRAY_SIZE(columns), "ij", unknown, NULL);
    CLEANUP_FREE char *got = rendered(&f, t);
    ck_assert_str_eq(got, "NAM|\nab |\n");
    format_fini(&f);
    table_destroy(t);
}
END_TEST

START_TEST(control_characters_never_reach_the_terminal)
{
    CLEANUP_STRBUF struct strbuf out = STRBUF_INIT;

    cell_text(&out, "a\x1b[31mb\n\x7f\xc2\x9b" "c");
    ck_assert_str_eq(strbuf_str(&out), "a?[31mb????c");
}
END_TEST

static void sorted(const char *keys, const char *expected)
{
    struct table *t = three_rows();
    struct view view = { .table = t };
    struct sort_spec s = { 0 };
    uint32_t order[] = { 0, 1, 2 };
    char got[16] = "";

    said[0] = '\0';
    sort_parse(&s, keys, columns, ARRAY_SIZE(columns), unknown, NULL);
    sort_rows(&s, &view, order, 3);
    for (int i = 0; i < 3; i++)
        got[i] = table_text(t, FIELD_JOB_NAME, order[i])[0];
    ck_assert_str_eq(got, expected);
    table_destroy(t);
}

START_TEST(rows_sort_by_numbers_by_texts_and_in_reverse)
{
    sorted("i", "gab");
    sorted("-i", "bag");
    sorted("j", "abg");
    sorted("-j", "gba");
    sorted("y,i", "agb");
    sorted("y,-i", "abg");
    sorted("-y,+j", "bga");
    sorted("Z,j", "abg");
    ck_assert_str_eq(said, "<Z>");
}
END_TEST

START_TEST(a_hundred_thousand_rows_sort_alike_in_both_directions)
{
    enum { ROWS = 100000 };
    struct table *t = table_create();
    struct view view = { .table = t };
    struct sort_spec s = { 0 };
    CLEANUP_FREE uint32_t *order = xcalloc(ROWS, sizeof(*order));

    for (uint32_t i = 0; i < ROWS; i++) {
        table_set_int(t, FIELD_JOB_ID, table_add_row(t), (int64_t)i * 7919 % ROWS);
        order[i] = i;
    }
    sort_parse(&s, "i", columns, ARRAY_SIZE(columns), unknown, NULL);
    sort_rows(&s, &view, order, ROWS);
    for (uint32_t i = 0; i < ROWS; i++)
        ck_assert_int_eq(table_int(t, FIELD_JOB_ID, order[i]), i);
    sort_parse(&s, "-i", columns, ARRAY_SIZE(columns), unknown, NULL);
    sort_rows(&s, &view, order, ROWS);
    ck_assert_int_eq(table_int(t, FIELD_JOB_ID, order[0]), ROWS - 1);
    table_destroy(t);
}
END_TEST

START_TEST(chunks_join_into_one_table_with_texts_of_their_own)
{
    char *texts[] = { "", "one", "two" };
    int64_t ids[] = { 1, 2 }, names[] = { 2, 0 }, unknown_values[] = { 7, 7 };
    Wire__TableColumn c[3] = { WIRE__TABLE_COLUMN__INIT, WIRE__TABLE_COLUMN__INIT,
                               WIRE__TABLE_COLUMN__INIT };
    Wire__TableColumn *list[] = { &c[0], &c[1], &c[2] };
    Wire__TableChunk chunk = WIRE__TABLE_CHUNK__INIT;
    struct table *t = table_create();
    struct error err = { 0 };

    c[0].field = FIELD_JOB_ID, c[0].ints = ids, c[0].n_ints = 2;
    c[1].field = FIELD_JOB_NAME, c[1].ints = names, c[1].n_ints = 2;
    c[2].field = 599, c[2].ints = unknown_values, c[2].n_ints = 2; /* of a later release */
    chunk.rows = 2, chunk.columns = list, chunk.n_columns = 3, chunk.strings = texts, chunk.n_strings = 3;
    ck_assert_int_eq(table_add_chunk(t, &chunk, &err), 0);
    texts[2] = "three";
    ck_assert_int_eq(table_add_chunk(t, &chunk, &err), 0);
    ck_assert_uint_eq(table_rows(t), 4);
    ck_assert_str_eq(table_text(t, FIELD_JOB_NAME, 0), "two");
    ck_assert_ptr_null(table_text(t, FIELD_JOB_NAME, 1));
    ck_assert_str_eq(table_text(t, FIELD_JOB_NAME, 2), "three");
    ck_assert_int_eq(table_int(t, FIELD_JOB_ID, 3), 2);
    ck_assert_int_eq(table_int(t, FIELD_JOB_NICE, 3), FIELD_UNSET);
    table_destroy(t);
}
END_TEST

START_TEST(a_chunk_that_contradicts_itself_is_refused)
{
    char *texts[] = { "", "one" };
    int64_t names[] = { 2 };
    Wire__TableColumn c = WIRE__TABLE_COLUMN__INIT;
    Wire__TableColumn *list[] = { &c };
    Wire__TableChunk chunk = WIRE__TABLE_CHUNK__INIT;
    struct table *t = table_create();
    struct error err = { 0 };

    c.field = FIELD_JOB_NAME, c.ints = names, c.n_ints = 1;
    chunk.rows = 1, chunk.columns = list, chunk.n_columns = 1, chunk.strings = texts, chunk.n_strings = 2;
    ck_assert_int_eq(table_add_chunk(t, &chunk, &err), -1); /* no text 2 */
    names[0] = -1;
    ck_assert_int_eq(table_add_chunk(t, &chunk, &err), -1);
    names[0] = 1, chunk.rows = 2;
    ck_assert_int_eq(table_add_chunk(t, &chunk, &err), -1); /* one value for two rows */
    chunk.rows = 1;
    ck_assert_int_eq(table_add_chunk(t, &chunk, &err), 0);
    table_destroy(t);
}
END_TEST

static void ck_time(const char *format, int64_t when, const char *expected)
{
    CLEANUP_STRBUF struct strbuf out = STRBUF_INIT;
    struct view view = { .time_format = format, .now = FAKE_NOW };

    cell_time(&out, &view, when, "N/A");
    ck_assert_str_eq(strbuf_str(&out), expected);
}

START_TEST(times_follow_slurm_time_format)
{
    ck_time(NULL, FAKE_NOW, "2026-11-21T06:36:40");
    ck_time("standard", FAKE_NOW, "2026-11-21T06:36:40");
    ck_time("%s", FAKE_NOW, "1795243000");
    ck_time("%a %T", FAKE_NOW, "Sat 06:36:40");
    ck_time(NULL, 0, "N/A");
    ck_time("%s", FIELD_UNSET, "N/A");
    ck_time("relative", FAKE_NOW + 60, "06:37:40");
    ck_time("relative", FAKE_NOW + 86400, "Tomorr 06:36");
    ck_time("relative", FAKE_NOW - 86400, "Ystday 06:36");
    ck_time("relative", FAKE_NOW + 3 * 86400, "Tue 06:36");
    ck_time("relative", FAKE_NOW - 30 * 86400, "22 Oct 06:36");
    ck_time("relative", FAKE_NOW + 365 * 86400LL, "21 Nov 2027");
}
END_TEST

static void ck_duration(int64_t sec, const char *brief, const char *full)
{
    CLEANUP_STRBUF struct strbuf out = STRBUF_INIT;

    cell_duration(&out, sec);
    ck_assert_str_eq(strbuf_str(&out), brief);
    strbuf_truncate(&out, 0);
    cell_duration_full(&out, sec);
    ck_assert_str_eq(strbuf_str(&out), full);
}

START_TEST(durations_are_as_short_as_the_column_wants)
{
    ck_duration(0, "0:00", "00:00:00");
    ck_duration(61, "1:01", "00:01:01");
    ck_duration(3600, "1:00:00", "01:00:00");
    ck_duration(365 * 86400, "365-00:00:00", "365-00:00:00");
    ck_duration(-1, "INVALID", "INVALID");
}
END_TEST

static void ck_mem(int64_t mb, bool noconvert, const char *expected)
{
    CLEANUP_STRBUF struct strbuf out = STRBUF_INIT;
    struct view view = { .noconvert = noconvert };

    cell_mem(&out, &view, mb);
    ck_assert_str_eq(strbuf_str(&out), expected);
}

START_TEST(memory_changes_unit_only_when_nothing_is_lost)
{
    ck_mem(0, false, "0");
    ck_mem(100, false, "100M");
    ck_mem(1000, false, "1000M");
    ck_mem(1024, false, "1G");
    ck_mem(1536, false, "1.50G");
    ck_mem(2048, true, "2048M");
    ck_mem(8 * 1024 * 1024, false, "8T");
}
END_TEST

/* Every column of squeue names every field that it looks at. */
START_TEST(cells_copied_from_the_row_before_are_as_if_made_anew)
{
    struct source *source = fake_source();
    Wire__QueryRequest request = WIRE__QUERY_REQUEST__INIT;
    struct error err = { 0 };
    struct table *t;
    struct format f = { 0 };

    request.has_table = true;
    for (request.table = QUERY_JOBS; request.table <= QUERY_STEPS; request.table++) {
        const struct column *all = request.table == QUERY_JOBS ? squeue_job_columns : squeue_step_columns;
        size_t num = request.table == QUERY_JOBS ? squeue_num_job_columns : squeue_num_step_columns;

        ck_assert_ptr_nonnull(t = source->query(source, &request, &err));
        for (size_t i = 0; i < num; i++)
            format_add(&f, &all[i])->suffix = xstrdup("|");
        struct view view = { .table = t, .now = FAKE_NOW };
        struct render render = { .format = &f, .view = &view };
        struct sink anew, copied;

        sink_init(&anew, -1);
        sink_init(&copied, -1);
        for (int twice = 0; twice < 2; twice++) {
            uint32_t order[] = { 0, 0, 1, 2, 3, 3, 2, 1 };

            render.by_fields = false;
            render_rows(&anew, &render, order, ARRAY_SIZE(order));
            render.by_fields = true;
            render_rows(&copied, &render, order, ARRAY_SIZE(order));
        }
        ck_assert_str_eq(strbuf_str(&anew.buf), strbuf_str(&copied.buf));
        sink_fini(&anew);
        sink_fini(&copied);
        format_fini(&f);
        table_destroy(t);
    }
    source_close(source);
}
END_TEST

static const char *state_text(void (*name)(struct strbuf *, int64_t), int64_t state)
{
    static char buf[64];
    CLEANUP_STRBUF struct strbuf out = STRBUF_INIT;

    name(&out, state);
    snprintf(buf, sizeof(buf), "%s", strbuf_str(&out));
    return buf;
}

START_TEST(node_states_say_what_matters_most)
{
    ck_assert_str_eq(state_text(node_state_compact, NODE_MIXED | NODE_FLAG_DRAIN), "drng");
    ck_assert_str_eq(state_text(node_state_compact, NODE_IDLE | NODE_FLAG_DRAIN), "drain");
    ck_assert_str_eq(state_text(node_state_compact, NODE_IDLE | NODE_FLAG_COMPLETING | NODE_FLAG_DRAIN),
                     "drng");
    ck_assert_str_eq(state_text(node_state_long, NODE_DOWN | NODE_FLAG_NOT_RESPONDING), "down*");
    ck_assert_str_eq(state_text(node_state_long, NODE_IDLE | NODE_FLAG_COMPLETING), "completing");
    ck_assert_str_eq(state_text(node_state_long, NODE_ALLOCATED | NODE_FLAG_COMPLETING), "allocated+");
    ck_assert_str_eq(state_text(node_state_complete, NODE_IDLE | NODE_FLAG_DRAIN), "idle+drain");
    ck_assert_int_lt(node_state_rank(NODE_DOWN), node_state_rank(NODE_IDLE));
    ck_assert_int_lt(node_state_rank(NODE_MIXED), node_state_rank(NODE_DOWN | NODE_FLAG_DRAIN));
}
END_TEST

static bool selects(const char *words, int64_t state)
{
    char *bad = NULL;
    struct node_state_filter *f = node_state_filter_parse(words, &bad);
    bool yes;

    ck_assert_ptr_nonnull(f);
    yes = node_state_matches(f, state);
    node_state_filter_destroy(f);
    return yes;
}

START_TEST(node_states_are_selected_by_word_and_by_both_words)
{
    char *bad = NULL;

    ck_assert(selects("idle", NODE_IDLE | NODE_FLAG_DRAIN));
    ck_assert(selects("alloc", NODE_MIXED));
    ck_assert(!selects("mix", NODE_ALLOCATED));
    ck_assert(selects("DOWN,Draining", NODE_MIXED | NODE_FLAG_DRAIN));
    ck_assert(!selects("drained", NODE_MIXED | NODE_FLAG_DRAIN));
    ck_assert(selects("drain&idle", NODE_IDLE | NODE_FLAG_DRAIN));
    ck_assert(!selects("drain&idle", NODE_IDLE));
    ck_assert(selects("drain&idle,down", NODE_DOWN));
    ck_assert(!selects("future", NODE_IDLE));
    ck_assert_ptr_null(node_state_filter_parse("idle,bogus", &bad));
    ck_assert_str_eq(bad, "bogus");
    free(bad);
}
END_TEST

START_TEST(job_states_are_known_by_both_names)
{
    uint64_t mask;
    char *bad = NULL;

    ck_assert_int_eq(job_states_parse("pd,RUNNING", &mask, &bad), 0);
    ck_assert_uint_eq(mask, 1u << JOB_PENDING | 1u << JOB_RUNNING);
    ck_assert_int_eq(job_states_parse("all", &mask, &bad), 0);
    ck_assert_uint_eq(mask, (UINT64_C(1) << JOB_STATE_COUNT) - 1);
    ck_assert_int_eq(job_states_parse("R,zz", &mask, &bad), -1);
    ck_assert_str_eq(bad, "zz");
    free(bad);
}
END_TEST

START_TEST(every_field_is_found_by_its_number)
{
    unsigned found = 0;

    for (unsigned i = 0; i < FIELD_MAX; i++)
        if (field_find(i)) {
            ck_assert_uint_eq(field_find(i)->number, i);
            found++;
        }
    ck_assert_uint_gt(found, 200);
    ck_assert_ptr_null(field_find(0));
    ck_assert_ptr_null(field_find(FIELD_MAX));
    ck_assert_int_eq(field_find(FIELD_PART_NAME)->table, QUERY_PARTS);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("display");
    TCase *tc = tcase_create("display");

    setenv("TZ", "UTC", 1);
    tcase_add_test(tc, a_width_pads_and_cuts_and_a_dot_justifies_right);
    tcase_add_test(tc, text_before_between_and_behind_fields_is_kept);
    tcase_add_test(tc, two_percent_signs_are_one_and_unknown_letters_stay);
    tcase_add_test(tc, all_is_every_letter_between_bars);
    tcase_add_test(tc, a_hash_makes_a_column_as_wide_as_its_longest_value);
    tcase_add_test(tc, long_names_take_sizes_dots_and_suffixes);
    tcase_add_test(tc, accounting_fields_take_a_percent_width_and_mark_what_is_cut);
    tcase_add_test(tc, a_cut_never_leaves_half_a_character);
    tcase_add_test(tc, control_characters_never_reach_the_terminal);
    tcase_add_test(tc, rows_sort_by_numbers_by_texts_and_in_reverse);
    tcase_add_test(tc, a_hundred_thousand_rows_sort_alike_in_both_directions);
    tcase_add_test(tc, chunks_join_into_one_table_with_texts_of_their_own);
    tcase_add_test(tc, a_chunk_that_contradicts_itself_is_refused);
    tcase_add_test(tc, times_follow_slurm_time_format);
    tcase_add_test(tc, durations_are_as_short_as_the_column_wants);
    tcase_add_test(tc, memory_changes_unit_only_when_nothing_is_lost);
    tcase_add_test(tc, cells_copied_from_the_row_before_are_as_if_made_anew);
    tcase_add_test(tc, node_states_say_what_matters_most);
    tcase_add_test(tc, node_states_are_selected_by_word_and_by_both_words);
    tcase_add_test(tc, job_states_are_known_by_both_names);
    tcase_add_test(tc, every_field_is_found_by_its_number);
    suite_add_tcase(s, tc);
    return suite_run(s);
}
