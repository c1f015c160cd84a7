/* test_show_man.c - the pages of squeue, sinfo and sacct name every option, variable and column of the
 * tables, and no option that is in none. */
#include "config.h"
#include <check.h>
#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands/sacct/sacct.h"
#include "commands/sattach/sattach.h"
#include "commands/sbcast/sbcast.h"
#include "commands/sdiag/sdiag.h"
#include "commands/sacctmgr/sacctmgr.h"
#include "commands/sinfo/sinfo.h"
#include "commands/sprio/sprio.h"
#include "commands/sshare/sshare.h"
#include "commands/sstat/sstat.h"
#include "commands/swait/swait.h"
#include "commands/squeue/squeue.h"
#include "suite.h"
#include "util/error.h"
#include "util/fs.h"
#include "util/mem.h"

/* The page's text without the backslashes of \- and without \fB, \fI, \fR. */
static char *page_load(const char *name)
{
    CLEANUP_FREE char *made = xasprintf("%s/%s.1", MAN_DIR, name);
    CLEANUP_FREE char *plain = xasprintf("%s/%s.1", MAN_SOURCE_DIR, name);
    struct error err = { 0 };
    char *text, *to;
    size_t len;

    if (fs_read_file(AT_FDCWD, made, 1 << 20, &text, &len, &err) < 0
        && fs_read_file(AT_FDCWD, plain, 1 << 20, &text, &len, &err) < 0)
        ck_abort_msg("%s", err.text);
    to = text;
    for (const char *from = text; *from; from++) {
        if (from[0] == '\\' && from[1] == 'f') {
            from += 2;
            continue;
        }
        if (*from != '\\')
            *to++ = *from;
    }
    *to = '\0';
    return text;
}

/* Is the word there as a word of its own? */
static bool names(const char *page, const char *word)
{
    size_t len = strlen(word);

    for (const char *at = page; (at = strstr(at, word)); at++) {
        bool before = at == page || !(isalnum((unsigned char)at[-1]) || at[-1] == '_' || at[-1] == '-');
        unsigned char after = (unsigned char)at[len];

        if (before && !isalnum(after) && after != '_' && after != '-')
            return true;
    }
    return false;
}

static unsigned check_options(const char *command, const char *page, const struct show_option *options,
                              size_t num)
{
    unsigned missing = 0;

    for (size_t i = 0; i < num; i++) {
        const struct show_option *o = &options[i];
        char word[64];

        if (!o->help)
            continue;
        snprintf(word, sizeof(word), "--%s", o->name);
        if (!names(page, word) && ++missing)
            printf("%s.1 does not name %s\n", command, word);
        snprintf(word, sizeof(word), "-%c", o->letter < 256 ? o->letter : ' ');
        if (o->letter < 256 && !strstr(page, word) && ++missing)
            printf("%s.1 does not name %s\n", command, word);
        if (o->env && !names(page, o->env) && ++missing)
            printf("%s.1 does not name %s\n", command, o->env);
    }
    return missing;
}

/* Long options that stand at the head of a paragraph must exist. */
static unsigned check_unknown(const char *command, const char *page, const struct show_option *options,
                              size_t num)
{
    unsigned unknown = 0;
    const char *end = strstr(page, ".SH ENVIRONMENT");

    for (const char *at = strstr(page, ".SH OPTIONS"); at && at < end; at = strstr(at, "\n.TP\n")) {
        const char *name;
        size_t len;
        bool found = false;

        at += 5;
        if (!(name = strstr(at, "--")) || name > at + strcspn(at, "\n"))
            continue;
        len = strspn(name + 2, "abcdefghijklmnopqrstuvwxyzFNU-0123456789");
        for (size_t i = 0; i < num; i++)
            found |= strlen(options[i].name) == len && !strncmp(options[i].name, name + 2, len);
        if (!found && ++unknown)
            printf("%s.1 names %.*s, which is no option\n", command, (int)len + 2, name);
    }
    return unknown;
}

static unsigned check_columns(const char *command, const char *page, const struct column *columns,
                              size_t num)
{
    unsigned missing = 0;

    for (size_t i = 0; i < num; i++) {
        CLEANUP_FREE char *name = NULL;
        char letter[3] = { '%', columns[i].letter, '\0' };

        if (columns[i].flags & COL_HIDDEN)
            continue;
        name = xstrndup(columns[i].names, strcspn(columns[i].names, "|"));
        if (!names(page, name) && ++missing)
            printf("%s.1 does not name the field %s\n", command, name);
        if (columns[i].letter && !strstr(page, letter) && ++missing)
            printf("%s.1 does not name %s\n", command, letter);
    }
    return missing;
}

START_TEST(squeue_page_and_tables_agree)
{
    CLEANUP_FREE char *page = page_load("squeue");
    unsigned faults = check_options("squeue", page, squeue_options, squeue_num_options)
                      + check_unknown("squeue", page, squeue_options, squeue_num_options)
                      + check_columns("squeue", page, squeue_job_columns, squeue_num_job_columns)
                      + check_columns("squeue", page, squeue_step_columns, squeue_num_step_columns);

    ck_assert_uint_eq(faults, 0);
}
END_TEST

START_TEST(sinfo_page_and_tables_agree)
{
    CLEANUP_FREE char *page = page_load("sinfo");
    unsigned faults = check_options("sinfo", page, sinfo_options, sinfo_num_options)
                      + check_unknown("sinfo", page, sinfo_options, sinfo_num_options)
                      + check_columns("sinfo", page, sinfo_columns, sinfo_num_columns);

    ck_assert_uint_eq(faults, 0);
}
END_TEST

START_TEST(sacct_page_and_tables_agree)
{
    CLEANUP_FREE char *page = page_load("sacct");
    unsigned faults = check_options("sacct", page, sacct_options, sacct_num_options)
                      + check_unknown("sacct", page, sacct_options, sacct_num_options)
                      + check_columns("sacct", page, sacct_columns, sacct_num_columns);

    ck_assert_uint_eq(faults, 0);
}
END_TEST

START_TEST(sdiag_page_and_tables_agree)
{
    CLEANUP_FREE char *page = page_load("sdiag");
    unsigned faults = check_options("sdiag", page, sdiag_options, sdiag_num_options)
                      + check_unknown("sdiag", page, sdiag_options, sdiag_num_options);

    ck_assert_uint_eq(faults, 0);
}
END_TEST

START_TEST(sattach_page_and_table_agree)
{
    CLEANUP_FREE char *page = page_load("sattach");
    unsigned faults = check_options("sattach", page, sattach_options, sattach_num_options)
                      + check_unknown("sattach", page, sattach_options, sattach_num_options);

    ck_assert_uint_eq(faults, 0);
}
END_TEST

START_TEST(swait_page_and_table_agree)
{
    CLEANUP_FREE char *page = page_load("swait");
    unsigned faults = check_options("swait", page, swait_options, swait_num_options)
                      + check_unknown("swait", page, swait_options, swait_num_options);

    ck_assert_uint_eq(faults, 0);
}
END_TEST

START_TEST(sbcast_page_and_table_agree)
{
    CLEANUP_FREE char *page = page_load("sbcast");
    unsigned faults = check_options("sbcast", page, sbcast_options, sbcast_num_options)
                      + check_unknown("sbcast", page, sbcast_options, sbcast_num_options);

    ck_assert_uint_eq(faults, 0);
}
END_TEST

START_TEST(pages_of_priorities_shares_and_accounts_agree_with_their_tables)
{
    CLEANUP_FREE char *sprio = page_load("sprio");
    CLEANUP_FREE char *sshare = page_load("sshare");
    CLEANUP_FREE char *sacctmgr = page_load("sacctmgr");
    CLEANUP_FREE char *sstat = page_load("sstat");
    unsigned faults = check_options("sstat", sstat, sstat_options, sstat_num_options)
                      + check_unknown("sstat", sstat, sstat_options, sstat_num_options)
                      + check_columns("sstat", sstat, sstat_columns, sstat_num_columns)
                      + check_options("sprio", sprio, sprio_options, sprio_num_options)
                      + check_unknown("sprio", sprio, sprio_options, sprio_num_options)
                      + check_columns("sprio", sprio, sprio_columns, sprio_num_columns)
                      + check_options("sshare", sshare, sshare_options, sshare_num_options)
                      + check_unknown("sshare", sshare, sshare_options, sshare_num_options)
                      + check_columns("sshare", sshare, sshare_columns, sshare_num_columns)
                      + check_options("sacctmgr", sacctmgr, sacctmgr_options, sacctmgr_num_options)
                      + check_unknown("sacctmgr", sacctmgr, sacctmgr_options, sacctmgr_num_options);

    ck_assert_uint_eq(faults, 0);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("show_man");
    TCase *tc = tcase_create("show_man");

    tcase_add_test(tc, squeue_page_and_tables_agree);
    tcase_add_test(tc, sinfo_page_and_tables_agree);
    tcase_add_test(tc, sacct_page_and_tables_agree);
    tcase_add_test(tc, sattach_page_and_table_agree);
    tcase_add_test(tc, sbcast_page_and_table_agree);
    tcase_add_test(tc, swait_page_and_table_agree);
    tcase_add_test(tc, sdiag_page_and_tables_agree);
    tcase_add_test(tc, pages_of_priorities_shares_and_accounts_agree_with_their_tables);
    suite_add_tcase(s, tc);
    return suite_run(s);
}
