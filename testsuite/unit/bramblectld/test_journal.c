/* test_journal.c - what a power cut, a bad disk and a full disk may do to the journal. */
#include "config.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bramblectld/journal/crc32c.h"
#include "bramblectld/journal/record.h"
#include "journal_rig.h"
#include "reactor/reactor.h"
#include "suite.h"
#include "util/log.h"

/* What a run of the controller had acknowledged before each operation on the disk. */
struct history {
    struct memdisk *disk;
    uint64_t *acked; /* by operation */
    size_t num;
};

static void note(struct history *h, const struct rig *r)
{
    size_t ops = memdisk_num_ops(h->disk);
    h->acked = realloc(h->acked, (ops + 1) * sizeof(*h->acked));
    for (; h->num < ops; h->num++) /* while these ran, no more than before was acknowledged */
        h->acked[h->num] = h->num ? h->acked[h->num - 1] : 0;
    h->acked[ops] = r->acked;
    h->num = ops + 1;
}

/* Batches of many sizes, snapshots among them, over several segments. */
static void live(struct history *h, unsigned rounds)
{
    struct rig r = { .payload = 150 };
    struct error err;
    memset(h, 0, sizeof(*h));
    h->disk = memdisk_create();
    ck_assert_int_eq(rig_open(&r, h->disk, &err), 0);
    for (unsigned i = 0; i < rounds; i++) {
        r.payload = 40 + (i * 97) % 700;
        note(h, &r);
        rig_append(&r, 1 + i % 7);
        rig_run(&r, 5000);
        ck_assert_uint_eq(r.acked, r.next);
        if (i % 9 == 8)
            rig_snapshot(&r);
        if (i % 9 == 8)
            rig_run(&r, 20);
    }
    note(h, &r);
    ck_assert(!r.broken && !r.fatal);
    rig_close(&r);
}

static void history_fini(struct history *h)
{
    memdisk_destroy(h->disk);
    free(h->acked);
}

START_TEST(checksum_is_crc32c)
{
    ck_assert_uint_eq(crc32c(0, "123456789", 9), 0xe3069283);
    ck_assert_uint_eq(crc32c(crc32c(0, "1234", 4), "56789", 5), 0xe3069283);
}
END_TEST

START_TEST(what_was_appended_is_loaded_again)
{
    struct memdisk *disk = memdisk_create();
    struct rig r = { .payload = 333 };
    struct error err;
    ck_assert_int_eq(rig_open(&r, disk, &err), 0);
    ck_assert(journal_is_new(r.journal));
    rig_append(&r, 500);
    rig_run(&r, 5000);
    ck_assert_uint_eq(r.acked, 500);
    rig_close(&r);
    ck_assert_int_eq(rig_open(&r, disk, &err), 0);
    ck_assert_uint_eq(r.loaded, 500);
    ck_assert(!r.broken && !journal_is_new(r.journal));
    rig_append(&r, 5);
    rig_run(&r, 5000);
    rig_close(&r);
    ck_assert_int_eq(rig_open(&r, disk, &err), 0);
    ck_assert_uint_eq(r.loaded, 505);
    rig_close(&r);
    memdisk_destroy(disk);
}
END_TEST

START_TEST(one_sync_serves_all_that_arrived_meanwhile)
{
    struct memdisk *disk = memdisk_create();
    struct rig r = { .segment_bytes = 4 << 20 };
    struct error err;
    ck_assert_int_eq(rig_open(&r, disk, &err), 0);
    size_t before = memdisk_num_syncs(disk);
    for (int i = 0; i < 1000; i++)
        rig_append(&r, 1);
    rig_run(&r, 5000);
    ck_assert_uint_eq(r.acked, 1000);
    ck_assert_uint_le(memdisk_num_syncs(disk) - before, 3);
    rig_close(&r);
    memdisk_destroy(disk);
}
END_TEST

/* Every prefix of the writes, with what was not synced lost, kept, torn and reordered. */
START_TEST(after_a_power_cut_everything_acknowledged_is_there)
{
    struct history h;
    struct error err;
    unsigned images = 0;
    live(&h, 60);
    for (size_t op = 0; op <= memdisk_num_ops(h.disk); op++)
        for (unsigned seed = 0; seed < 40; seed++) {
            struct memdisk *image = memdisk_image(h.disk, op, seed, seed % 2 ? 512 : 4096);
            struct rig r = { 0 };
            ck_assert_msg(rig_open(&r, image, &err) == 0, "op %zu seed %u: %s", op, seed, err.text);
            ck_assert_msg(!r.broken, "op %zu seed %u: records do not count up", op, seed);
            ck_assert_msg(r.loaded >= h.acked[op < h.num ? op : h.num - 1],
                          "op %zu seed %u: %llu acknowledged, %llu loaded", op, seed,
                          (unsigned long long)h.acked[op], (unsigned long long)r.loaded);
            rig_append(&r, 1); /* and it goes on from there */
            rig_run(&r, 5000);
            ck_assert_uint_eq(r.acked, r.next);
            rig_close(&r);
            uint64_t had = r.loaded;
            ck_assert_msg(rig_open(&r, image, &err) == 0, "op %zu seed %u again: %s", op, seed, err.text);
            ck_assert_uint_eq(r.loaded, had + 1);
            rig_close(&r);
            memdisk_destroy(image);
            images++;
        }
    ck_assert_uint_ge(images, 10000);
    history_fini(&h);
}
END_TEST

static bool is_record_file(const char *name)
{
    return strncmp(name, "segment-", 8) == 0 || strncmp(name, "snapshot-", 9) == 0;
}

/* A changed bit is found, named, and never silently loses an acknowledged record. */
START_TEST(a_changed_bit_stops_the_start_with_file_and_offset)
{
    struct history h;
    struct error err;
    unsigned refused = 0, harmless = 0;
    uint64_t acked;
    live(&h, 60);
    acked = h.acked[h.num - 1];
    srand(4);
    for (unsigned flip = 0; flip < 1500; flip++) {
        struct memdisk *image = memdisk_image(h.disk, memdisk_num_ops(h.disk), 1, 512);
        size_t len, i = (size_t)rand() % memdisk_files(image);
        const char *name = memdisk_file_name(image, i);
        uint8_t *data = memdisk_file_data(image, i, &len);
        struct rig r = { 0 };
        size_t at = (size_t)rand() % len;
        data[at] ^= (uint8_t)(1u << (rand() % 8));
        if (rig_open(&r, image, &err) < 0) {
            ck_assert_int_eq(err.code, BRE_DAMAGED);
            ck_assert_msg(strstr(err.text, name) && strstr(err.text, "offset"), "%s", err.text);
            ck_assert(is_record_file(name));
            refused++;
            r.recover = true; /* keeps a beginning, and says what it dropped */
            ck_assert_msg(rig_open(&r, image, &err) == 0 || strstr(err.text, "offset 0") || strstr(err.text, "offset 16"),
                          "recover: %s", err.text);
            if (r.journal) {
                ck_assert(r.loaded <= acked);
                rig_close(&r);
            }
        } else {
            ck_assert_msg(r.loaded == acked && !r.broken, "%s: a flip at %zu lost %llu records without a word", name, at,
                          (unsigned long long)(acked - r.loaded));
            harmless++;
            rig_close(&r);
        }
        memdisk_destroy(image);
    }
    ck_assert_uint_ge(refused, 300);
    ck_assert_uint_ge(harmless, 1);
    history_fini(&h);
}
END_TEST

START_TEST(a_page_of_garbage_in_the_middle_is_refused)
{
    struct history h;
    struct error err;
    live(&h, 60);
    for (unsigned round = 0; round < 200; round++) {
        struct memdisk *image = memdisk_image(h.disk, memdisk_num_ops(h.disk), 1, 512);
        size_t len, i = round % memdisk_files(image);
        uint8_t *data = memdisk_file_data(image, i, &len);
        struct rig r = { 0 };
        size_t page = (size_t)rand() % (len / 4096 ? len / 4096 : 1) * 4096;
        for (size_t k = page; k < page + 4096 && k < len; k++)
            data[k] = (uint8_t)rand();
        if (rig_open(&r, image, &err) < 0) {
            ck_assert_int_eq(err.code, BRE_DAMAGED);
        } else {
            ck_assert_uint_eq(r.loaded, h.acked[h.num - 1]);
            ck_assert(!r.broken);
            rig_close(&r);
        }
        memdisk_destroy(image);
    }
    history_fini(&h);
}
END_TEST

/* Each operation fails once; nothing is acknowledged after it, and what was is there. */
START_TEST(a_failed_write_ends_all_acknowledgement)
{
    struct error err;
    unsigned fatals = 0;
    for (size_t op = 0; op < 400; op++) {
        struct memdisk *disk = memdisk_create();
        struct rig r = { .payload = 500 };
        memdisk_fail_at(disk, op, EIO, false);
        if (rig_open(&r, disk, &err) == 0) {
            for (unsigned i = 0; i < 40 && !r.fatal; i++) {
                rig_append(&r, 3);
                rig_run(&r, 2000);
                if (i == 20)
                    rig_snapshot(&r);
            }
            uint64_t acked = r.acked;
            if (r.fatal) {
                fatals++;
                rig_append(&r, 1);
                rig_run(&r, 20);
                ck_assert_uint_eq(r.acked, acked);
            }
            ck_assert(!r.broken);
            rig_close(&r);
            struct rig again = { 0 };
            ck_assert_msg(rig_open(&again, disk, &err) == 0, "op %zu: %s", op, err.text);
            ck_assert_msg(again.loaded >= acked, "op %zu: %llu acknowledged, %llu loaded", op,
                          (unsigned long long)acked, (unsigned long long)again.loaded);
            rig_close(&again);
        }
        memdisk_destroy(disk);
    }
    ck_assert_uint_ge(fatals, 40);
}
END_TEST

/* A full disk refuses new work, what is under way goes on, and it resumes by itself. */
START_TEST(a_full_disk_refuses_new_work_and_resumes)
{
    struct memdisk *disk = memdisk_create();
    struct rig r = { .segment_bytes = 64 << 10, .payload = 200 };
    struct error err;
    ck_assert_int_eq(rig_open(&r, disk, &err), 0);
    memdisk_limit(disk, 100 << 10); /* the first segment, and not a second one */
    ck_assert_int_eq(journal_accepts(r.journal, &err), 0);
    while (!r.full && r.next < 1000) {
        rig_append(&r, 5);
        rig_run(&r, 2000);
        ck_assert_uint_eq(r.acked, r.next);
    }
    rig_run(&r, 50);
    ck_assert(r.full);
    ck_assert_int_lt(journal_accepts(r.journal, &err), 0);
    ck_assert_int_eq(err.code, BRE_DISK_FULL);
    for (int i = 0; i < 20; i++) { /* ends of jobs: there is reserved space */
        rig_append(&r, 1);
        rig_run(&r, 2000);
    }
    ck_assert_uint_eq(r.acked, r.next);
    ck_assert(!r.fatal);
    memdisk_limit(disk, 0);
    for (int i = 0; i < 30 && r.full; i++)
        rig_run(&r, 100);
    ck_assert(!r.full);
    ck_assert_int_eq(journal_accepts(r.journal, &err), 0);
    rig_append(&r, 600);
    rig_run(&r, 5000);
    ck_assert_uint_eq(r.acked, r.next);
    rig_close(&r);
    ck_assert_int_eq(rig_open(&r, disk, &err), 0);
    ck_assert_uint_eq(r.loaded, r.next);
    ck_assert(!r.broken);
    rig_close(&r);
    memdisk_destroy(disk);
}
END_TEST

START_TEST(segments_stay_until_every_reader_has_passed)
{
    struct memdisk *disk = memdisk_create();
    struct rig r = { .payload = 400 };
    struct error err;
    const void *data;
    size_t len, before;
    uint64_t seq, n, seen = 0;
    enum journal_source source;
    ck_assert_int_eq(rig_open(&r, disk, &err), 0);
    int id = journal_reader_register(r.journal, 0);
    for (int i = 0; i < 40; i++) {
        rig_append(&r, 10);
        rig_run(&r, 5000);
    }
    rig_snapshot(&r);
    rig_run(&r, 100);
    before = memdisk_files(disk);
    struct journal_reader *reader = journal_reader_open(memdisk_storage(disk), 0, &err);
    ck_assert_ptr_nonnull(reader);
    while (journal_reader_next(reader, journal_durable(r.journal), &source, &seq, &data, &len, &err) == 1) {
        ck_assert_int_eq(source, JOURNAL_RECORD);
        memcpy(&n, data, 8);
        ck_assert_uint_eq(n, ++seen);
        ck_assert_uint_eq(seq, n);
    }
    ck_assert_uint_eq(seen, 400);
    rig_append(&r, 3); /* it goes on from where it is */
    rig_run(&r, 5000);
    while (journal_reader_next(reader, journal_durable(r.journal), &source, &seq, &data, &len, &err) == 1)
        seen++;
    ck_assert_uint_eq(seen, 403);
    journal_reader_close(reader);
    journal_reader_passed(r.journal, id, 403);
    rig_run(&r, 100);
    ck_assert_uint_lt(memdisk_files(disk), before);
    rig_close(&r);
    ck_assert_int_eq(rig_open(&r, disk, &err), 0);
    ck_assert_uint_eq(r.loaded, 403);
    rig_close(&r);
    /* A reader that begins now gets the snapshot first. */
    reader = journal_reader_open(memdisk_storage(disk), 0, &err);
    ck_assert_int_eq(journal_reader_next(reader, 403, &source, &seq, &data, &len, &err), 1);
    ck_assert_int_eq(source, JOURNAL_SNAPSHOT);
    ck_assert_uint_eq(seq, 400);
    ck_assert_int_eq(journal_reader_next(reader, 403, &source, &seq, &data, &len, &err), 1);
    ck_assert_uint_eq(seq, 401);
    journal_reader_close(reader);
    memdisk_destroy(disk);
}
END_TEST

static bool disk_has(const struct memdisk *disk, const char *prefix)
{
    for (size_t i = 0; i < memdisk_files(disk); i++)
        if (strncmp(memdisk_file_name(disk, i), prefix, strlen(prefix)) == 0)
            return true;
    return false;
}

/* More than fits into the pipe, from a copy of this process that was told to stop before the end or not. */
static void snapshot_by_copy(struct rig *r, bool whole)
{
    uint64_t n = r->next;
    ck_assert_int_eq(journal_snapshot_begin(r->journal), 0);
    enum journal_copy copy = journal_snapshot_copy(r->journal);
    if (copy != JOURNAL_COPY_CHILD) /* there Check has no descriptor left to tell of it */
        ck_assert_int_eq(copy, JOURNAL_COPY_PARENT);
    for (int i = 0; copy == JOURNAL_COPY_CHILD && i < 20000; i++)
        journal_snapshot_add(r->journal, &n, 8);
    if (copy == JOURNAL_COPY_CHILD && !whole)
        _exit(3);
    journal_snapshot_finish(r->journal);
}

START_TEST(a_snapshot_is_told_by_a_copy_while_records_go_on)
{
    struct memdisk *disk = memdisk_create();
    struct rig r = { .payload = 400 };
    struct error err;
    ck_assert_int_eq(rig_open(&r, disk, &err), 0);
    rig_append(&r, 10);
    rig_run(&r, 30000);
    snapshot_by_copy(&r, true);
    rig_append(&r, 5); /* no part of it */
    rig_run(&r, 30000);
    for (int i = 0; i < 3000 && !disk_has(disk, "snapshot-"); i++)
        rig_run(&r, 10);
    ck_assert(disk_has(disk, "snapshot-"));
    rig_close(&r);
    ck_assert_int_eq(rig_open(&r, disk, &err), 0);
    ck_assert_uint_eq(r.loaded, 15);
    ck_assert(!r.broken);
    rig_close(&r);
    memdisk_destroy(disk);
}
END_TEST

START_TEST(a_copy_that_dies_leaves_no_snapshot_and_the_journal_goes_on)
{
    struct memdisk *disk = memdisk_create();
    struct rig r = { .payload = 400 };
    struct error err;
    ck_assert_int_eq(rig_open(&r, disk, &err), 0);
    rig_append(&r, 10);
    rig_run(&r, 30000);
    snapshot_by_copy(&r, false);
    rig_run(&r, 50);
    for (int i = 0; i < 3000 && journal_snapshot_begin(r.journal) < 0; i++)
        rig_run(&r, 10); /* until it is known to have failed */
    ck_assert(!r.fatal && !disk_has(disk, "snapshot"));
    uint64_t n = r.next;
    journal_snapshot_add(r.journal, &n, 8);
    journal_snapshot_finish(r.journal);
    for (int i = 0; i < 3000 && !disk_has(disk, "snapshot-"); i++)
        rig_run(&r, 10);
    ck_assert(disk_has(disk, "snapshot-"));
    rig_append(&r, 1);
    rig_run(&r, 30000);
    snapshot_by_copy(&r, true); /* an end before it has been taken */
    rig_close(&r);
    ck_assert_int_eq(rig_open(&r, disk, &err), 0);
    ck_assert_uint_eq(r.loaded, 11);
    rig_close(&r);
    memdisk_destroy(disk);
}
END_TEST

START_TEST(recovery_never_gives_a_sequence_number_twice)
{
    struct history h;
    struct error err;
    live(&h, 30);
    for (size_t i = 0; i < memdisk_files(h.disk); i++) {
        size_t len;
        uint8_t *data;
        struct rig r = { .recover = true };
        struct memdisk *image = memdisk_image(h.disk, memdisk_num_ops(h.disk), 1, 512);
        if (strncmp(memdisk_file_name(image, i), "segment-", 8) == 0) {
            data = memdisk_file_data(image, i, &len);
            data[FILE_HEADER + 700] ^= 1;
            ck_assert_msg(rig_open(&r, image, &err) == 0, "%s", err.text);
            ck_assert_uint_ge(journal_last(r.journal), h.acked[h.num - 1]);
            r.next = r.acked = r.loaded;
            rig_append(&r, 3);
            rig_run(&r, 5000);
            rig_close(&r);
            r.recover = false;
            uint64_t had = r.next;
            ck_assert_msg(rig_open(&r, image, &err) == 0, "%s", err.text);
            ck_assert_uint_eq(r.loaded, had);
            rig_close(&r);
        }
        memdisk_destroy(image);
    }
    history_fini(&h);
}
END_TEST

START_TEST(a_second_controller_is_refused_and_told_who_is_there)
{
    char dir[] = "/tmp/bramble-journal-XXXXXX";
    struct error err;
    struct rig none = { 0 };
    struct journal_conf conf = { .arg = &none };
    ck_assert_ptr_nonnull(mkdtemp(dir));
    struct reactor *reactor = reactor_create(&err);
    struct journal *j = journal_open(reactor, storage_dir_open(dir, &err), dir, &conf, NULL, NULL, &err);
    ck_assert_msg(j != NULL, "%s", err.text);
    ck_assert_uint_eq(journal_incarnation(j), 1);
    pid_t pid = fork();
    if (pid == 0) {
        char want[64];
        struct reactor *mine = reactor_create(&err);
        struct journal *k = journal_open(mine, storage_dir_open(dir, &err), dir, &conf, NULL, NULL, &err);
        snprintf(want, sizeof(want), "pid %d on ", (int)getppid());
        _exit(!k && err.code == EBUSY && strstr(err.text, want) ? 0 : 1);
    }
    int status;
    waitpid(pid, &status, 0);
    ck_assert_int_eq(status, 0);
    journal_destroy(j);
    j = journal_open(reactor, storage_dir_open(dir, &err), dir, &conf, NULL, NULL, &err);
    ck_assert_uint_eq(journal_incarnation(j), 2);
    journal_destroy(j);
    /* A folder that others may enter is refused. */
    ck_assert_int_eq(chmod(dir, 0755), 0);
    ck_assert_ptr_null(storage_dir_open(dir, &err));
    ck_assert_ptr_nonnull(strstr(err.text, "0755"));
    reactor_destroy(reactor);
}
END_TEST

static void disk_with_page_cache(void)
{
    memdisk_offer_direct(false);
}
static void disk_past_page_cache(void)
{
    memdisk_offer_direct(true);
}

static TCase *all_tests(const char *name, void (*setup)(void))
{
    TCase *t = tcase_create(name);
    tcase_set_timeout(t, 120);
    tcase_add_checked_fixture(t, setup, NULL);
    tcase_add_test(t, checksum_is_crc32c);
    tcase_add_test(t, what_was_appended_is_loaded_again);
    tcase_add_test(t, one_sync_serves_all_that_arrived_meanwhile);
    tcase_add_test(t, after_a_power_cut_everything_acknowledged_is_there);
    tcase_add_test(t, a_changed_bit_stops_the_start_with_file_and_offset);
    tcase_add_test(t, a_page_of_garbage_in_the_middle_is_refused);
    tcase_add_test(t, a_failed_write_ends_all_acknowledgement);
    tcase_add_test(t, a_full_disk_refuses_new_work_and_resumes);
    tcase_add_test(t, segments_stay_until_every_reader_has_passed);
    tcase_add_test(t, a_snapshot_is_told_by_a_copy_while_records_go_on);
    tcase_add_test(t, a_copy_that_dies_leaves_no_snapshot_and_the_journal_goes_on);
    tcase_add_test(t, recovery_never_gives_a_sequence_number_twice);
    tcase_add_test(t, a_second_controller_is_refused_and_told_who_is_there);
    return t;
}

int main(void)
{
    Suite *s = suite_create("journal");
    suite_add_tcase(s, all_tests("through the page cache", disk_with_page_cache));
    suite_add_tcase(s, all_tests("past the page cache", disk_past_page_cache));
    log_set_level(LOG_LV_ERROR, 0);
    return suite_run(s);
}
