/* test_hostlist.c - host lists: Slurm's grammar, its printing, and what must be refused. */
#include "config.h"

#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "suite.h"
#include "util/error.h"
#include "util/fs.h"
#include "util/hostlist.h"
#include "util/mem.h"

/* parse, print */
static char *again(const char *text)
{
    struct error err;
    CLEANUP_HOSTLIST struct hostlist *hl = hostlist_parse(text, 0, &err);

    ck_assert_msg(hl != NULL, "%s: %s", text, err.text);
    return hostlist_format(hl);
}

START_TEST(lists_are_printed_as_slurm_prints_them)
{
    static const char *const pairs[][2] = {
        { "pi3,pi1,pi2", "pi[3,1-2]" },     { "pi[1-3,7]", "pi[1-3,7]" },
        { "pi9,pi10,pi11", "pi[9-11]" },    { "pi09,pi10", "pi[09-10]" },
        { "pi9,pi010", "pi[9,010]" },       { "r[1-2]n[1-4]", "r1n[1-4],r2n[1-4]" },
        { "r1n1,r1n2,r2n1", "r1n[1-2],r2n1" }, { "pi1,pi1,pi2", "pi[1,1-2]" },
        { "head,pi1,head2", "head,pi1,head2" }, { "pi[08-11]", "pi[08-11]" },
        { "n1-eth,n2-eth", "n1-eth,n2-eth" }, { "pi1,", "pi1" },
        { "a b", "a,b" },                   { "pi[1]", "pi1" },
        { "n1,m1,n2", "n1,m1,n2" },         { "10.0.0.1,10.0.0.2", "10.0.0.[1-2]" },
        { "pi[3-1000]", "pi[3-1000]" },     { "pi[1-3]-eth0", "pi1-eth0,pi2-eth0,pi3-eth0" },
        { "", "" },                         { "node", "node" },
        { "n99,n100,n101", "n[99-101]" },   { "n[001-002],n[1-2]", "n[001-002,1-2]" },
        { "x123456789012,x123456789013", "x[123456789012-123456789013]" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
        CLEANUP_FREE char *text = again(pairs[i][0]), *twice = NULL;

        if (strlen(pairs[i][0]) < 25)
            ck_assert_str_eq(text, pairs[i][1]);
        twice = again(text); /* what is printed means the same */
        ck_assert_str_eq(text, twice);
    }
}
END_TEST

START_TEST(several_ranges_expand_in_order_with_their_zeros)
{
    struct error err;
    CLEANUP_HOSTLIST struct hostlist *hl = hostlist_parse("r[1-2]n[08-10],head", 0, &err);
    const char *const want[] = { "r1n08", "r1n09", "r1n10", "r2n08", "r2n09", "r2n10", "head" };

    ck_assert_uint_eq(hostlist_count(hl), 7);
    hostlist_for_each(hl, i, name)
        ck_assert_str_eq(name, want[i]);
    ck_assert_int_eq(hostlist_find(hl, "r2n09"), 4);
    ck_assert_int_eq(hostlist_find(hl, "r2n9"), -1);
    ck_assert_ptr_null(hostlist_nth(hl, 7));
}
END_TEST

START_TEST(sort_is_by_prefix_and_number_and_uniq_keeps_the_first)
{
    struct error err;
    CLEANUP_HOSTLIST struct hostlist *hl = hostlist_parse("pi10,pi9,b1,pi9,a,pi1", 0, &err);
    CLEANUP_FREE char *text = NULL, *sorted = NULL;

    hostlist_uniq(hl);
    text = hostlist_format(hl);
    ck_assert_str_eq(text, "pi[10,9],b1,a,pi1");
    hostlist_sort(hl);
    sorted = hostlist_format(hl);
    ck_assert_str_eq(sorted, "a,b1,pi[1,9-10]");
    hostlist_remove(hl, 0);
    ck_assert_str_eq(hostlist_nth(hl, 0), "b1");
    hostlist_push_list(hl, hl);
    ck_assert_uint_eq(hostlist_count(hl), 8);
}
END_TEST

START_TEST(bad_lists_get_their_one_line)
{
    CLEANUP_FREE char *text = NULL;
    char *save = NULL;
    size_t len;
    int tried = 0;

    ck_assert_int_eq(fs_read_file(AT_FDCWD, TEST_DATA "/bad/hostlists", 65536, &text, &len, NULL), 0);
    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        char *tab = strchr(line, '\t');
        struct error err = { 0 };
        struct hostlist *hl;

        if (*line == '#' || !tab)
            continue;
        *tab = '\0';
        hl = hostlist_parse(line, 0, &err);
        ck_assert_msg(!hl, "'%s' was accepted", line);
        ck_assert_msg(strstr(err.text, tab + 1) != NULL, "'%s': expected '%s', got '%s'", line, tab + 1, err.text);
        ck_assert_ptr_null(strchr(err.text, '\n'));
        tried++;
    }
    ck_assert_int_ge(tried, 25);
}
END_TEST

START_TEST(a_million_commas_and_long_names_are_refused_fast)
{
    CLEANUP_FREE char *commas = xmalloc(1000001), *name = xmalloc(65537);
    struct error err;

    memset(commas, ',', 1000000);
    commas[1000000] = '\0';
    ck_assert_ptr_null(hostlist_parse(commas, 0, &err));
    memset(name, 'x', 65536);
    name[65536] = '\0';
    ck_assert_ptr_null(hostlist_parse(name, 0, &err));
    ck_assert_ptr_nonnull(strstr(err.text, "too long"));
    ck_assert_int_eq(host_name_check(name, &err), -1);
    ck_assert_int_eq(host_name_check("pi[1]", &err), -1);
    ck_assert_int_eq(host_name_check("", &err), -1);
    ck_assert_int_eq(host_name_check("pi-1.home", &err), 0);
}
END_TEST

START_TEST(limit_is_the_callers_and_counts_before_expansion)
{
    struct error err;
    CLEANUP_HOSTLIST struct hostlist *hl = hostlist_parse("n[1-4]", 4, &err);

    ck_assert_uint_eq(hostlist_count(hl), 4);
    ck_assert_ptr_null(hostlist_parse("n[1-4],m", 4, &err));
    ck_assert_ptr_nonnull(strstr(err.text, "more than 4 hosts"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("hostlist");
    TCase *tc = tcase_create("hostlist");

    tcase_add_test(tc, lists_are_printed_as_slurm_prints_them);
    tcase_add_test(tc, several_ranges_expand_in_order_with_their_zeros);
    tcase_add_test(tc, sort_is_by_prefix_and_number_and_uniq_keeps_the_first);
    tcase_add_test(tc, bad_lists_get_their_one_line);
    tcase_add_test(tc, a_million_commas_and_long_names_are_refused_fast);
    tcase_add_test(tc, limit_is_the_callers_and_counts_before_expansion);
    suite_add_tcase(suite, tc);
    return suite_run(suite);
}
