jobopt_tests = testsuite/unit/jobopt/test_options testsuite/unit/jobopt/test_script testsuite/unit/jobopt/test_het
check_PROGRAMS += $(jobopt_tests)
TESTS += $(jobopt_tests)
EXTRA_DIST += testsuite/data/bad/scripts testsuite/data/bad/options
testsuite_unit_jobopt_test_options_SOURCES = testsuite/unit/jobopt/test_options.c
testsuite_unit_jobopt_test_options_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
testsuite_unit_jobopt_test_options_CPPFLAGS = $(AM_CPPFLAGS) $(PROTOBUF_C_CFLAGS) -DTEST_DATA='"$(abs_top_srcdir)/testsuite/data"'
testsuite_unit_jobopt_test_options_LDADD = $(LIBBRAMBLE) $(CHECK_LIBS)
testsuite_unit_jobopt_test_script_SOURCES = testsuite/unit/jobopt/test_script.c
testsuite_unit_jobopt_test_script_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
testsuite_unit_jobopt_test_script_CPPFLAGS = $(AM_CPPFLAGS) $(PROTOBUF_C_CFLAGS) -DTEST_DATA='"$(abs_top_srcdir)/testsuite/data"'
testsuite_unit_jobopt_test_script_LDADD = $(LIBBRAMBLE) $(CHECK_LIBS)
testsuite_unit_jobopt_test_het_SOURCES = testsuite/unit/jobopt/test_het.c
testsuite_unit_jobopt_test_het_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
testsuite_unit_jobopt_test_het_CPPFLAGS = $(AM_CPPFLAGS) $(PROTOBUF_C_CFLAGS)
testsuite_unit_jobopt_test_het_LDADD = $(LIBBRAMBLE) $(CHECK_LIBS)
check_PROGRAMS += testsuite/unit/jobopt/test_man
TESTS += testsuite/unit/jobopt/test_man
testsuite_unit_jobopt_test_man_SOURCES = testsuite/unit/jobopt/test_man.c
testsuite_unit_jobopt_test_man_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
testsuite_unit_jobopt_test_man_CPPFLAGS = $(AM_CPPFLAGS) $(PROTOBUF_C_CFLAGS) -DMAN_DIR='"$(abs_top_builddir)/man/man1"'
testsuite_unit_jobopt_test_man_LDADD = $(LIBBRAMBLE) $(CHECK_LIBS)
