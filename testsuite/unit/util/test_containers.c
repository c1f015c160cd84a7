/* test_containers.c - strbuf, arena, hash tables, lists, bitmaps. */
#include "config.h"

#include <check.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "suite.h"
#include "util/arena.h"
#include "util/bitmap.h"
#include "util/error.h"
#include "util/hash.h"
#include "util/list.h"
#include "util/mem.h"
#include "util/strbuf.h"

START_TEST(strbuf_grows_cuts_and_hands_on)
{
    struct strbuf sb = STRBUF_INIT;
    char *text;

    ck_assert_str_eq(strbuf_str(&sb), "");
    for (int i = 0; i < 1000; i++)
        strbuf_addf(&sb, "%d,", i);
    ck_assert_uint_eq(sb.len, 3890);
    strbuf_truncate(&sb, 3);
    strbuf_addc(&sb, '!');
    strbuf_add(&sb, NULL);
    text = strbuf_take(&sb);
    ck_assert_str_eq(text, "0,1!");
    ck_assert_uint_eq(sb.len, 0);
    free(text);
    text = strbuf_take(&sb);
    ck_assert_str_eq(text, "");
    free(text);
}
END_TEST

START_TEST(arena_gives_aligned_memory_that_stays_apart)
{
    struct arena a;
    char *parts[200];

    arena_init(&a, 256, 0);
    for (size_t i = 0; i < 200; i++) {
        parts[i] = arena_alloc(&a, i + 1);
        ck_assert_uint_eq((uintptr_t)parts[i] % _Alignof(max_align_t), 0);
        memset(parts[i], (int)i, i + 1);
    }
    for (size_t i = 0; i < 200; i++)
        for (size_t k = 0; k <= i; k++)
            ck_assert_int_eq((unsigned char)parts[i][k], (int)i);
    ck_assert_str_eq(arena_printf(&a, "%s-%d", "pi", 7), "pi-7");
    arena_reset(&a);
    ck_assert_str_eq(arena_strdup(&a, "again"), "again");
    ck_assert_ptr_null(arena_strdup(&a, NULL));
    arena_fini(&a);
}
END_TEST

START_TEST(arena_with_a_cap_refuses_more_and_lives_on)
{
    struct arena a;

    arena_init(&a, 128, 1024);
    ck_assert_ptr_null(arena_alloc(&a, 4096));
    ck_assert_ptr_null(arena_calloc(&a, SIZE_MAX / 2, 4));
    ck_assert_ptr_null(arena_alloc(&a, SIZE_MAX));
    for (int i = 0; i < 8; i++)
        ck_assert_ptr_nonnull(arena_alloc(&a, 128));
    ck_assert_ptr_null(arena_alloc(&a, 16));
    ck_assert_uint_le(arena_taken(&a), 1024);
    arena_fini(&a);
    ck_assert_ptr_nonnull(arena_alloc(&a, 512));
    arena_fini(&a);
}
END_TEST

START_TEST(idmap_finds_what_is_in_it_and_nothing_else)
{
    struct idmap m = { 0 };
    static char values[5000];
    size_t pos = 0, seen = 0;

    ck_assert_ptr_null(idmap_find(&m, 1));
    ck_assert_ptr_null(idmap_remove(&m, 1));
    for (uint64_t i = 0; i < 5000; i++)
        ck_assert_ptr_null(idmap_put(&m, i * 7919, &values[i]));
    ck_assert_ptr_eq(idmap_put(&m, 0, &values[1]), &values[0]);
    ck_assert_ptr_eq(idmap_put(&m, 0, &values[0]), &values[1]);
    ck_assert_uint_eq(m.count, 5000);
    for (uint64_t i = 0; i < 5000; i += 2)
        ck_assert_ptr_eq(idmap_remove(&m, i * 7919), &values[i]);
    for (uint64_t i = 0; i < 5000; i++)
        ck_assert_ptr_eq(idmap_find(&m, i * 7919), i % 2 ? &values[i] : NULL);
    while (idmap_next(&m, &pos, NULL))
        seen++;
    ck_assert_uint_eq(seen, 2500);
    for (uint64_t i = 1; i < 5000; i += 2)
        idmap_remove(&m, i * 7919);
    ck_assert_uint_eq(m.count, 0);
    idmap_fini(&m);
}
END_TEST

START_TEST(strmap_keeps_names_apart)
{
    struct strmap m = { 0 };
    char names[300][8];
    const char *key;
    size_t pos = 0;

    for (int i = 0; i < 300; i++) {
        snprintf(names[i], sizeof names[i], "pi%d", i);
        strmap_put(&m, names[i], names[i]);
    }
    for (int i = 0; i < 300; i++) {
        char copy[8];

        memcpy(copy, names[i], sizeof copy);
        ck_assert_ptr_eq(strmap_find(&m, copy), names[i]);
    }
    ck_assert_ptr_null(strmap_find(&m, "pi300"));
    ck_assert_ptr_eq(strmap_remove(&m, "pi17"), names[17]);
    ck_assert_ptr_null(strmap_find(&m, "pi17"));
    while (strmap_next(&m, &pos, &key))
        ck_assert_str_ne(key, "pi17");
    strmap_fini(&m);
}
END_TEST

struct member {
    int number;
    struct list_node link;
};

START_TEST(list_keeps_order_through_removal_while_walking)
{
    struct member members[5] = { 0 };
    struct list_node list;
    int sum = 0;

    list_init(&list);
    ck_assert(list_is_empty(&list));
    for (int i = 0; i < 5; i++) {
        members[i].number = i;
        ck_assert(!list_is_linked(&members[i].link));
        list_append(&list, &members[i].link);
    }
    list_for_each_safe(node, &list) {
        struct member *m = container_of(node, struct member, link);

        if (m->number % 2)
            list_remove(node);
        else
            sum = sum * 10 + m->number;
    }
    ck_assert_int_eq(sum, 24);
    ck_assert_uint_eq(list_count(&list), 3);
    list_remove(&members[1].link); /* twice is harmless */
    list_prepend(&list, &members[1].link);
    ck_assert_ptr_eq(list_pop(&list), &members[1].link);
    ck_assert_ptr_eq(list_last(&list), &members[4].link);
}
END_TEST

START_TEST(bitmap_text_goes_both_ways)
{
    static const char *const good[] = { "", "0", "0-3", "0-3,5", "1,3,5-63,65-130", "199" };
    static const char *const bad[] = { "200", "0-200", "3-1", "a", "1,", ",1", "1--2", "-1", "1 2", "1-", "0x1",
                                       "99999999999999999999", "0-18446744073709551615" };
    struct error err;

    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        struct bitmap *b = bitmap_parse(good[i], 200, &err);
        CLEANUP_FREE char *text = NULL;

        ck_assert_msg(b != NULL, "%s", err.text);
        text = bitmap_format(b);
        ck_assert_str_eq(text, good[i]);
        bitmap_destroy(b);
    }
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        ck_assert_msg(!bitmap_parse(bad[i], 200, &err), "'%s' was taken", bad[i]);
    {
        struct bitmap *b = bitmap_parse_any("7,64", 65536, &err);

        ck_assert_uint_eq(b->bits, 65);
        bitmap_destroy(b);
    }
}
END_TEST

START_TEST(bitmap_sets_agree_with_counting_by_hand)
{
    struct bitmap *a = bitmap_create(150), *b = bitmap_create(150), *c;
    size_t both = 0;

    for (size_t i = 0; i < 150; i += 3)
        bitmap_set(a, i);
    for (size_t i = 0; i < 150; i += 5)
        bitmap_set(b, i);
    for (size_t i = 0; i < 150; i++)
        both += bitmap_test(a, i) && bitmap_test(b, i);
    ck_assert_uint_eq(bitmap_count(a), 50);
    ck_assert_uint_eq(bitmap_count_and(a, b), both);
    ck_assert(bitmap_overlaps(a, b));
    ck_assert_int_eq(bitmap_nth(a, 49), 147);
    ck_assert_int_eq(bitmap_nth(a, 50), -1);
    ck_assert_int_eq(bitmap_next(a, 148), -1);
    ck_assert_int_eq(bitmap_next_clear(a, 0), 1);
    c = bitmap_copy(a);
    bitmap_and(c, b);
    ck_assert(bitmap_is_subset(c, a));
    ck_assert(!bitmap_is_subset(a, c));
    bitmap_and_not(c, a);
    ck_assert(bitmap_is_empty(c));
    bitmap_not(c);
    ck_assert_uint_eq(bitmap_count(c), 150);
    bitmap_zero(c);
    bitmap_fill(c);
    ck_assert_int_eq(bitmap_next_clear(c, 0), -1);
    bitmap_zero(c);
    bitmap_set_range(c, 60, 70);
    ck_assert_uint_eq(bitmap_count(c), 70);
    ck_assert(bitmap_test(c, 129) && !bitmap_test(c, 130) && !bitmap_test(c, 59));
    c = bitmap_resize(c, 100);
    ck_assert_uint_eq(bitmap_count(c), 40);
    c = bitmap_resize(c, 300);
    ck_assert_uint_eq(bitmap_count(c), 40);
    ck_assert(!bitmap_test(c, 5000));
    bitmap_destroy(a);
    bitmap_destroy(b);
    bitmap_destroy(c);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("containers");
    TCase *tc = tcase_create("containers");

    tcase_add_test(tc, strbuf_grows_cuts_and_hands_on);
    tcase_add_test(tc, arena_gives_aligned_memory_that_stays_apart);
    tcase_add_test(tc, arena_with_a_cap_refuses_more_and_lives_on);
    tcase_add_test(tc, idmap_finds_what_is_in_it_and_nothing_else);
    tcase_add_test(tc, strmap_keeps_names_apart);
    tcase_add_test(tc, list_keeps_order_through_removal_while_walking);
    tcase_add_test(tc, bitmap_text_goes_both_ways);
    tcase_add_test(tc, bitmap_sets_agree_with_counting_by_hand);
    suite_add_tcase(suite, tc);
    return suite_run(suite);
}
