/* test_conf.c - bramble.conf: defaults, the shipped file, every kind of wrong file, reload. */
#include "config.h"

#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/conf.h"
#include "suite.h"
#include "util/error.h"
#include "util/fs.h"
#include "util/mem.h"

static char folder[64];

static void make_folder(void)
{
    snprintf(folder, sizeof folder, "/tmp/test_conf.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void drop_folder(void)
{
    CLEANUP_CLOSE int tmp = open("/tmp", O_RDONLY | O_DIRECTORY);

    fs_remove_tree(tmp, strrchr(folder, '/') + 1, NULL);
}

/* Write text as a file that conf_load() accepts as ours. */
static const char *file_with(const char *name, const void *text, size_t len)
{
    static char path[512];
    int fd;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(fs_write_all(fd, text, len), 0);
    close(fd);
    return path;
}

static struct conf *load_text(const char *text, struct error *err)
{
    return conf_load(file_with("bramble.conf", text, strlen(text)), err);
}

#define SMALL "nodes = ( { name = \"pi[1-3]\"; } ); partitions = ( { name = \"all\"; } );\n"

START_TEST(small_file_has_the_documented_defaults)
{
    struct error err;
    struct conf *conf = load_text(SMALL, &err);

    ck_assert_msg(conf != NULL, "%s", err.text);
    ck_assert_str_eq(conf->cluster_name, "bramble");
    ck_assert_uint_eq(conf->port, 6817);
    ck_assert_uint_eq(conf->kill_wait_sec, 30);
    ck_assert_uint_eq(conf->node_timeout_sec, 30);
    ck_assert_uint_eq(conf->min_job_age_sec, 300);
    ck_assert_uint_eq(conf->requeue, CONF_REQUEUE_KNOWN_DEAD);
    ck_assert(conf->job_requeue);
    ck_assert(conf->select_memory);
    ck_assert_str_eq(conf->cgroup, "auto");
    ck_assert_uint_eq(conf->max_job_id, 0x03ff0000);
    ck_assert_uint_eq(conf->backfill_window_min, 1440);
    ck_assert_str_eq(conf->accounting_type, "sqlite");
    ck_assert_ptr_null(conf->prolog);
    ck_assert_uint_eq(conf->num_nodes, 3);
    ck_assert_str_eq(conf->nodes[2].name, "pi3");
    ck_assert_uint_eq(conf->nodes[0].weight, 1);
    ck_assert_uint_eq(conf->num_parts, 1);
    ck_assert_str_eq(conf->parts[0].nodes, "ALL");
    ck_assert_uint_eq(conf->parts[0].max_time_min, UINT32_MAX);
    ck_assert_uint_eq(conf->parts[0].max_nodes, UINT32_MAX);
    ck_assert_ptr_eq(conf_node_find(conf, "pi2"), &conf->nodes[1]);
    ck_assert_ptr_null(conf_node_find(conf, "pi4"));
    conf_destroy(conf);
}
END_TEST

START_TEST(every_kind_of_value_is_read)
{
    struct error err;
    struct conf *conf = load_text("cluster_name = \"home\"; kill_wait = \"1:30\"; min_job_age = 5;\n"
                                  "def_mem_per_cpu = \"2G\"; operators = [ \"0\", \"1\" ]; admins = \"0,1,2\";\n"
                                  "backfill = { depth = 7; window = \"2-00:00:00\"; };\n"
                                  "requeue = \"timeout\"; cgroup = \"none\"; select_memory = false;\n"
                                  "nodes = ( { name = \"a[1-2]\"; class = \"pi4\"; mem_mb = \"4G\";\n"
                                  "  topology = \"synthetic:PU:4\"; features = [ \"x\", \"y\" ]; },\n"
                                  "  { name = \"b\"; address = \"10.0.0.9\"; weight = 5; } );\n"
                                  "partitions = ( { name = \"p\"; nodes = \"class:pi4,a[1-2],b\"; default = true;\n"
                                  "  max_time = \"1-00:00:00\"; default_time = 30; over_subscribe = \"exclusive\";\n"
                                  "  state = \"drain\"; max_nodes = 2; } );\n",
                                  &err);

    ck_assert_msg(conf != NULL, "%s", err.text);
    ck_assert_uint_eq(conf->kill_wait_sec, 90);
    ck_assert_uint_eq(conf->def_mem_per_cpu_mb, 2048);
    ck_assert_uint_eq(conf->num_operators, 2);
    ck_assert_uint_eq(conf->num_admins, 3);
    ck_assert_uint_eq(conf->admin_uids[2], 2);
    ck_assert_uint_eq(conf->backfill_depth, 7);
    ck_assert_uint_eq(conf->backfill_window_min, 2880);
    ck_assert_uint_eq(conf->requeue, CONF_REQUEUE_TIMEOUT);
    ck_assert_uint_eq(conf->nodes[1].mem_mb, 4096);
    ck_assert_str_eq(conf->nodes[1].topology_synthetic, "PU:4");
    ck_assert_str_eq(conf->nodes[0].features, "x,y");
    ck_assert_str_eq(conf->nodes[2].address, "10.0.0.9");
    ck_assert_uint_eq(conf->parts[0].share, CONF_SHARE_EXCLUSIVE);
    ck_assert_uint_eq(conf->parts[0].state, CONF_PART_DRAIN);
    ck_assert_uint_eq(conf->parts[0].max_time_min, 1440);
    ck_assert_uint_eq(conf->parts[0].default_time_min, 30);
    conf_destroy(conf);
}
END_TEST

START_TEST(topology_is_read_from_a_file_beside_the_configuration)
{
    const char *text = "nodes = ( { name = \"pi1\"; topology = \"xml:board.xml\"; } );"
                       "partitions = ( { name = \"all\"; } );";
    struct error err;
    struct conf *conf;

    file_with("board.xml", "<topology>x</topology>", 22);
    conf = load_text(text, &err);
    ck_assert_msg(conf != NULL, "%s", err.text);
    ck_assert_str_eq(conf->nodes[0].topology_xml, "<topology>x</topology>");
    conf_destroy(conf);
}
END_TEST

START_TEST(wrong_files_get_their_one_line)
{
    const char *dir_path = TEST_DATA "/bad/conf";
    DIR *dir = opendir(dir_path);
    struct dirent *entry;
    int tried = 0;

    ck_assert_ptr_nonnull(dir);
    while ((entry = readdir(dir))) {
        CLEANUP_FREE char *text = NULL, *expect = NULL, *from = NULL;
        struct error err = { 0 };
        struct conf *conf;
        size_t len;

        if (!strstr(entry->d_name, ".conf"))
            continue;
        from = xasprintf("%s/%s", dir_path, entry->d_name);
        ck_assert_msg(fs_read_file(AT_FDCWD, from, 65536, &text, &len, &err) == 0, "%s", err.text);
        ck_assert_msg(!strncmp(text, "# expect: ", 10), "%s has no expectation", from);
        expect = xstrndup(text + 10, strcspn(text + 10, "\n"));
        conf = conf_load(file_with(entry->d_name, text, len), &err);
        ck_assert_msg(!conf, "%s was accepted", entry->d_name);
        ck_assert_msg(strstr(err.text, expect) != NULL, "%s: expected '%s', got '%s'", entry->d_name,
                      expect, err.text);
        ck_assert_msg(!strchr(err.text, '\n'), "%s: more than one line: %s", entry->d_name, err.text);
        ck_assert_msg(strstr(err.text, entry->d_name) || strstr(err.text, "include"), "%s: not named in '%s'",
                      entry->d_name, err.text);
        tried++;
    }
    closedir(dir);
    ck_assert_int_ge(tried, 35);
}
END_TEST

START_TEST(file_that_others_can_write_is_refused)
{
    struct error err;
    const char *path = file_with("bramble.conf", SMALL, strlen(SMALL));

    ck_assert_int_eq(chmod(path, 0666), 0);
    ck_assert_ptr_null(conf_load(path, &err));
    ck_assert_ptr_nonnull(strstr(err.text, "mode 0666"));
    ck_assert_int_eq(chmod(path, 0600), 0);
    if (geteuid() == 0) {
        ck_assert_int_eq(chown(path, 12345, 0), 0);
        ck_assert_ptr_null(conf_load(path, &err));
        ck_assert_ptr_nonnull(strstr(err.text, "belongs to uid 12345"));
    }
}
END_TEST

START_TEST(included_file_that_others_can_write_is_refused)
{
    const char *text = "@include \"more.conf\"\n" SMALL;
    struct error err;
    struct conf *conf;
    char path[512];

    file_with("more.conf", "port = 7000;\n", 13);
    conf = load_text(text, &err);
    ck_assert_msg(conf != NULL, "%s", err.text);
    ck_assert_uint_eq(conf->port, 7000);
    conf_destroy(conf);
    snprintf(path, sizeof path, "%s/more.conf", folder);
    ck_assert_int_eq(chmod(path, 0602), 0);
    ck_assert_ptr_null(load_text(text, &err));
    ck_assert_ptr_nonnull(strstr(err.text, "more.conf has mode 0602"));
}
END_TEST

START_TEST(missing_file_folder_and_fifo_are_refused)
{
    struct error err;
    char path[512];

    snprintf(path, sizeof path, "%s/nothing", folder);
    ck_assert_ptr_null(conf_load(path, &err));
    ck_assert_ptr_nonnull(strstr(err.text, "No such file"));
    ck_assert_ptr_null(conf_load(folder, &err));
    ck_assert_ptr_nonnull(strstr(err.text, "is a folder"));
    snprintf(path, sizeof path, "%s/fifo", folder);
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    ck_assert_ptr_null(conf_load(path, &err));
    ck_assert_ptr_nonnull(strstr(err.text, "not a regular file"));
}
END_TEST

START_TEST(reload_takes_live_keys_and_names_the_others)
{
    struct error err;
    struct conf *old = load_text(SMALL, &err), *new;

    new = load_text("kill_wait = 5; backfill = { depth = 3; };\n" SMALL, &err);
    ck_assert_ptr_nonnull(new);
    ck_assert_int_eq(conf_check_reload(old, new, &err), 0);
    conf_destroy(new);
    new = load_text("port = 7000;\n" SMALL, &err);
    ck_assert_int_eq(conf_check_reload(old, new, &err), -1);
    ck_assert_ptr_nonnull(strstr(err.text, "port cannot change"));
    conf_destroy(new);
    new = load_text("accounting = { location = \"/x\"; };\n" SMALL, &err);
    ck_assert_int_eq(conf_check_reload(old, new, &err), -1);
    ck_assert_ptr_nonnull(strstr(err.text, "accounting.location cannot change"));
    conf_destroy(new);
    conf_destroy(old);
}
END_TEST

/* The line of the shipped file for a key, after '#' and blanks; NULL: it is not there. */
static const char *shipped_line(const char *from, const char *end, const char *name)
{
    size_t len = strlen(name);

    for (const char *p = from; p < end; p = strchr(p, '\n') + 1) {
        while (*p == ' ' || *p == '#')
            p++;
        if (!strncmp(p, name, len) && !strncmp(p + len, " = ", 3))
            return p + len + 3;
        if (!strchr(p, '\n'))
            break;
    }
    return NULL;
}

START_TEST(shipped_file_loads_and_shows_every_key_with_its_default)
{
    CLEANUP_FREE char *text = NULL;
    struct error err;
    struct conf *conf;
    size_t len;

    ck_assert_msg(fs_read_file(AT_FDCWD, SHIPPED_CONF, 65536, &text, &len, &err) == 0, "%s", err.text);
    conf = conf_load(file_with("bramble.conf", text, len), &err);
    ck_assert_msg(conf != NULL, "%s", err.text);
    conf_destroy(conf);
    for (enum conf_section s = CONF_SECTION_TOP; s < CONF_SECTION_COUNT; s++) {
        const char *start = text, *end = text + len;
        size_t num;
        const struct conf_key *keys = conf_section_keys(s, &num);

        if (s) {
            CLEANUP_FREE char *head = xasprintf("\n%s%s = ", s < CONF_SECTION_NODES ? "#" : "",
                                                conf_section_name(s));

            start = strstr(text, head);
            ck_assert_msg(start != NULL, "section %s is not in the shipped file", conf_section_name(s));
            end = strstr(start + 1, s < CONF_SECTION_NODES ? "\n#};" : "\n);");
        }
        for (size_t i = 0; i < num; i++) {
            const char *value = shipped_line(start, end, keys[i].name);
            const char *fallback = keys[i].fallback;

            ck_assert_msg(value != NULL, "%s.%s is not in the shipped file", conf_section_name(s),
                          keys[i].name);
            if (!fallback || !strcmp(fallback, "4294967295") || *fallback == '/')
                continue;
            if (!strcmp(keys[i].name, "default"))
                continue; /* the shipped partition is the default one */
            value += *value == '"';
            ck_assert_msg(!strncmp(value, fallback, strlen(fallback)), "%s.%s: the default is %s, the shipped file says %.20s",
                          conf_section_name(s), keys[i].name, fallback, value);
        }
    }
}
END_TEST

START_TEST(manual_page_explains_every_key)
{
    CLEANUP_FREE char *text = NULL;
    size_t len;

    ck_assert_int_eq(fs_read_file(AT_FDCWD, MAN_PAGE, 262144, &text, &len, NULL), 0);
    for (enum conf_section s = CONF_SECTION_TOP; s < CONF_SECTION_COUNT; s++) {
        static const char *const heads[] = { ".SH CLUSTER", ".SH BACKFILL", ".SH ACCOUNTING", ".SH NODES",
                                             ".SH PARTITIONS" };
        const char *start = strstr(text, heads[s]);
        size_t num;
        const struct conf_key *keys = conf_section_keys(s, &num);

        ck_assert_msg(start != NULL, "no %s in the manual page", heads[s]);
        for (size_t i = 0; i < num; i++) {
            CLEANUP_FREE char *bold = xasprintf("\\fB%s\\fR", keys[i].name);

            ck_assert_msg(strstr(start, bold) != NULL, "%s is not in the manual page after %s", keys[i].name, heads[s]);
        }
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("conf");
    TCase *tc = tcase_create("file");

    tcase_add_checked_fixture(tc, make_folder, drop_folder);
    tcase_add_test(tc, small_file_has_the_documented_defaults);
    tcase_add_test(tc, every_kind_of_value_is_read);
    tcase_add_test(tc, topology_is_read_from_a_file_beside_the_configuration);
    tcase_add_test(tc, wrong_files_get_their_one_line);
    tcase_add_test(tc, file_that_others_can_write_is_refused);
    tcase_add_test(tc, included_file_that_others_can_write_is_refused);
    tcase_add_test(tc, missing_file_folder_and_fifo_are_refused);
    tcase_add_test(tc, reload_takes_live_keys_and_names_the_others);
    tcase_add_test(tc, shipped_file_loads_and_shows_every_key_with_its_default);
    tcase_add_test(tc, manual_page_explains_every_key);
    suite_add_tcase(suite, tc);
    return suite_run(suite);
}
