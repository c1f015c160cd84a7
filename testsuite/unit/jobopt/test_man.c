/* test_man.c - the man pages and the option tables tell of the same options and variables. */
#include "config.h"

#include <check.h>
#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "jobopt/jobopt.h"
#include "jobopt/jobopt_private.h"
#include "suite.h"
#include "util/error.h"
#include "util/mem.h"
#include "util/strbuf.h"

static const enum job_command commands[] = { CMD_SBATCH, CMD_SRUN, CMD_SALLOC };

/* The page as plain text: fonts and escapes are gone. */
static char *page_read(enum job_command command)
{
    CLEANUP_FREE char *path = xasprintf("%s/%s.1", MAN_DIR, job_command_name(command)), *text = NULL;
    struct strbuf plain = STRBUF_INIT;
    struct error err;
    size_t len;

    ck_assert_msg(user_file_read(path, 1 << 20, &text, &len, &err) == 0, "%s", err.text);
    for (const char *p = text; *p; p++) {
        if (*p == '\\' && p[1] == 'f' && p[2])
            p += 2;
        else if (*p != '\\')
            strbuf_addc(&plain, *p);
    }
    return strbuf_take(&plain);
}

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '-' || c == '_';
}

static bool has_word(const char *text, const char *word)
{
    size_t len = strlen(word);

    for (const char *p = text; (p = strstr(p, word)); p++)
        if ((p == text || !is_word(p[-1])) && !is_word(p[len]))
            return true;
    return false;
}

/* From a heading to the next one. */
static char *section(const char *page, const char *heading)
{
    CLEANUP_FREE char *mark = xasprintf(".SH %s\n", heading);
    const char *begin = strstr(page, mark), *end;

    ck_assert_msg(begin != NULL, "no section %s", heading);
    end = strstr(begin + 4, "\n.SH ");
    return end ? xstrndup(begin, (size_t)(end - begin)) : xstrdup(begin);
}

START_TEST(every_option_has_its_place_in_the_page)
{
    enum job_command command = commands[_i];
    CLEANUP_FREE char *page = page_read(command), *options = section(page, "OPTIONS");
    const struct job_option *rows[JOB_OPTION_ROWS_MAX];
    size_t num = job_option_rows(command, rows);
    char *refused = strstr(options, ".SS Not supported yet");

    ck_assert_ptr_nonnull(refused);
    *refused++ = '\0';
    for (size_t i = 0; i < num; i++) {
        CLEANUP_FREE char *word = xasprintf("--%s", rows[i]->name), *letter = xasprintf("-%c,", rows[i]->letter);
        const char *where = rows[i]->refused ? refused : options;

        if (rows[i]->hidden)
            continue;
        ck_assert_msg(has_word(where, word), "%s(1) lacks %s%s", job_command_name(command), word,
                      rows[i]->refused ? " among the refused" : "");
        ck_assert_msg(!rows[i]->letter || strstr(where, letter), "%s(1) lacks %s", job_command_name(command),
                      letter);
    }
}
END_TEST

START_TEST(the_page_names_no_option_that_the_table_lacks)
{
    enum job_command command = commands[_i];
    CLEANUP_FREE char *page = page_read(command), *options = section(page, "OPTIONS");
    const struct job_option *rows[JOB_OPTION_ROWS_MAX];
    size_t num = job_option_rows(command, rows);
    bool head = false;
    char *save = NULL;

    for (char *line = strtok_r(options, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        for (const char *p = line; head && (p = strstr(p, "--")); p++) {
            size_t len = 2;
            bool known = false;

            if (p > line && is_word(p[-1]))
                continue;
            while (is_word(p[len]))
                len++;
            for (size_t i = 0; i < num; i++)
                known |= strlen(rows[i]->name) == len - 2 && !strncmp(rows[i]->name, p + 2, len - 2);
            ck_assert_msg(known, "%s(1) has %.*s", job_command_name(command), (int)len, p);
        }
        head = !strcmp(line, ".TP");
    }
}
END_TEST

START_TEST(every_variable_has_its_place_in_the_page)
{
    enum job_command command = commands[_i];
    CLEANUP_FREE char *page = page_read(command), *environment = section(page, "ENVIRONMENT");
    const struct job_option *rows[JOB_OPTION_ROWS_MAX];
    size_t num = job_option_rows(command, rows);

    for (size_t i = 0; i < num; i++) {
        CLEANUP_FREE char *names = xstrdup(job_option_env(rows[i], command));
        char *save = NULL;

        for (char *name = names ? strtok_r(names, " ", &save) : NULL; name; name = strtok_r(NULL, " ", &save))
            ck_assert_msg(has_word(environment, name), "%s(1) lacks %s", job_command_name(command), name);
    }
}
END_TEST

START_TEST(every_page_has_its_sections)
{
    static const char *const headings[] = { "NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "ENVIRONMENT",
                                            "EXIT STATUS", "EXAMPLES", "SEE ALSO" };
    CLEANUP_FREE char *page = page_read(commands[_i]);

    for (size_t i = 0; i < ARRAY_SIZE(headings); i++)
        free(section(page, headings[i]));
    ck_assert_ptr_null(strstr(page, "@include"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("jobopt/man");
    TCase *tcase = tcase_create("man");

    tcase_add_loop_test(tcase, every_option_has_its_place_in_the_page, 0, (int)ARRAY_SIZE(commands));
    tcase_add_loop_test(tcase, the_page_names_no_option_that_the_table_lacks, 0, (int)ARRAY_SIZE(commands));
    tcase_add_loop_test(tcase, every_variable_has_its_place_in_the_page, 0, (int)ARRAY_SIZE(commands));
    tcase_add_loop_test(tcase, every_page_has_its_sections, 0, (int)ARRAY_SIZE(commands));
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
