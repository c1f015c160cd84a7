conf_tests = testsuite/unit/conf/test_conf
check_PROGRAMS += $(conf_tests)
TESTS += $(conf_tests)
testsuite_unit_conf_test_conf_SOURCES = testsuite/unit/conf/test_conf.c
testsuite_unit_conf_test_conf_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
testsuite_unit_conf_test_conf_CPPFLAGS = $(AM_CPPFLAGS) -DTEST_DATA='"$(abs_top_srcdir)/testsuite/data"' \
    -DSHIPPED_CONF='"$(abs_top_srcdir)/etc/bramble.conf"' \
    -DMAN_PAGE='"$(abs_top_srcdir)/man/man5/bramble.conf.5"'
testsuite_unit_conf_test_conf_LDADD = $(LIBBRAMBLE) $(CHECK_LIBS)
bad_conf = $(wildcard $(top_srcdir)/testsuite/data/bad/conf/*.conf)
EXTRA_DIST += $(bad_conf:$(top_srcdir)/%=%)
