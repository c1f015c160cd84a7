util_tests = testsuite/unit/util/test_containers testsuite/unit/util/test_fs \
    testsuite/unit/util/test_hostlist testsuite/unit/util/test_text
check_PROGRAMS += $(util_tests)
TESTS += $(util_tests)
EXTRA_DIST += testsuite/data/bad/hostlists
testsuite_unit_util_test_containers_SOURCES = testsuite/unit/util/test_containers.c
testsuite_unit_util_test_containers_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
testsuite_unit_util_test_containers_LDADD = $(LIBBRAMBLE) $(CHECK_LIBS)
testsuite_unit_util_test_fs_SOURCES = testsuite/unit/util/test_fs.c
testsuite_unit_util_test_fs_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
testsuite_unit_util_test_fs_LDADD = $(LIBBRAMBLE) $(CHECK_LIBS)
testsuite_unit_util_test_hostlist_SOURCES = testsuite/unit/util/test_hostlist.c
testsuite_unit_util_test_hostlist_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
testsuite_unit_util_test_hostlist_CPPFLAGS = $(AM_CPPFLAGS) -DTEST_DATA='"$(abs_top_srcdir)/testsuite/data"'
testsuite_unit_util_test_hostlist_LDADD = $(LIBBRAMBLE) $(CHECK_LIBS)
testsuite_unit_util_test_text_SOURCES = testsuite/unit/util/test_text.c
testsuite_unit_util_test_text_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
testsuite_unit_util_test_text_LDADD = $(LIBBRAMBLE) $(CHECK_LIBS)
