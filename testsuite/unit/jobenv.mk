check_PROGRAMS += testsuite/unit/jobenv/test_jobenv
TESTS += testsuite/unit/jobenv/test_jobenv
testsuite_unit_jobenv_test_jobenv_SOURCES = testsuite/unit/jobenv/test_jobenv.c
testsuite_unit_jobenv_test_jobenv_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
testsuite_unit_jobenv_test_jobenv_LDADD = $(LIBBRAMBLE) $(CHECK_LIBS)
