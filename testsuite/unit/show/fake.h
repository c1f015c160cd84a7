/* fake.h - a source of tables without a controller, and a console that keeps what is printed. */
#ifndef TEST_SHOW_FAKE_H
#define TEST_SHOW_FAKE_H

#include "bramble/constants.h"
#include "commands/display/console.h"
#include "util/error.h"

#define FAKE_NOW 1795243000 /* 2026-11-21T06:36:40 UTC */

/* Makes the tables of one small cluster anew at each query, whatever filters it names; a query that
 * names one job which is not there is refused, as the controller does it. */
struct source *fake_source(void);
/* A source whose every answer is this error. */
struct source *fake_source_failing(int code, const char *text);

/* A cluster without anything. */
struct source *fake_source_empty(void);

struct run {
    int rc;
    char *out, *err; /* what was printed; run_fini() frees */
};
/* Words of the command line, parted by blanks; 'single quotes' hold a word together. */
struct run run_command(int (*command)(struct console *con, int argc, char **argv), const char *line,
                       struct source *source);
void run_fini(struct run *r);

/* The command's whole output is this. */
#define ck_output(command, line, expected)                                                     \
    do {                                                                                       \
        struct run run_ = run_command(command, line, fake_source());                           \
        ck_assert_str_eq(run_.out, expected);                                                  \
        ck_assert_str_eq(run_.err, "");                                                        \
        ck_assert_int_eq(run_.rc, 0);                                                          \
        run_fini(&run_);                                                                       \
    } while (0)
/* It fails with this on standard error. */
#define ck_refused(command, line, expected)                                                    \
    do {                                                                                       \
        struct run run_ = run_command(command, line, fake_source());                           \
        ck_assert_str_eq(run_.err, expected);                                                  \
        ck_assert_int_eq(run_.rc, 1);                                                          \
        run_fini(&run_);                                                                       \
    } while (0)

#endif
