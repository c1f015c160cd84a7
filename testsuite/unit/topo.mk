topo_tests = testsuite/unit/topo/test_topo
check_PROGRAMS += $(topo_tests)
TESTS += $(topo_tests)
testsuite_unit_topo_test_topo_SOURCES = testsuite/unit/topo/test_topo.c
testsuite_unit_topo_test_topo_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
testsuite_unit_topo_test_topo_CPPFLAGS = $(AM_CPPFLAGS) -DTEST_DATA='"$(abs_top_srcdir)/testsuite/data"'
testsuite_unit_topo_test_topo_LDADD = $(LIBTOPO) $(LIBBRAMBLE) $(CHECK_LIBS)
hwloc_data = $(wildcard $(top_srcdir)/testsuite/data/hwloc/*.xml)
EXTRA_DIST += $(hwloc_data:$(top_srcdir)/%=%)
