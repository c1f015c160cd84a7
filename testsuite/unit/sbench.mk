check_PROGRAMS += testsuite/unit/sbench/test_hpl
TESTS += testsuite/unit/sbench/test_hpl
testsuite_unit_sbench_test_hpl_SOURCES = testsuite/unit/sbench/test_hpl.c $(sbench_hpl_sources)
testsuite_unit_sbench_test_hpl_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
testsuite_unit_sbench_test_hpl_LDADD = $(LIBBRAMBLE) $(CHECK_LIBS) -lm
