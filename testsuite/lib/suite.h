/* suite.h - the end of every unit test's main(): run a suite of Check.
 *
 * suite_run() prints what failed (CK_VERBOSITY says how much), frees the suite, and returns main()'s
 * exit code: EXIT_SUCCESS when all tests passed. */
#ifndef TESTSUITE_SUITE_H
#define TESTSUITE_SUITE_H
#include <check.h>
#include <stdlib.h>

static inline int suite_run(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    int failed;

    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
#endif
