# unit tests of the shepherd's pure parts
stepd_tests = testsuite/unit/bramblestepd/test_pattern testsuite/unit/bramblestepd/test_bind \
    testsuite/unit/bramblestepd/test_order
check_PROGRAMS += $(stepd_tests)
TESTS += $(stepd_tests)
testsuite_unit_bramblestepd_test_pattern_SOURCES = testsuite/unit/bramblestepd/test_pattern.c
testsuite_unit_bramblestepd_test_pattern_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
testsuite_unit_bramblestepd_test_pattern_LDADD = libstepd.la $(LIBBRAMBLE) $(CHECK_LIBS)
testsuite_unit_bramblestepd_test_bind_SOURCES = testsuite/unit/bramblestepd/test_bind.c
testsuite_unit_bramblestepd_test_bind_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
testsuite_unit_bramblestepd_test_bind_LDADD = libstepd.la $(LIBBRAMBLE) $(CHECK_LIBS)
testsuite_unit_bramblestepd_test_order_SOURCES = testsuite/unit/bramblestepd/test_order.c
testsuite_unit_bramblestepd_test_order_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
testsuite_unit_bramblestepd_test_order_LDADD = libstepd.la $(LIBBRAMBLE) $(CHECK_LIBS)
