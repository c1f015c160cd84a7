show_tests = testsuite/unit/show/test_doc testsuite/unit/show/test_display testsuite/unit/show/test_show testsuite/unit/show/test_show_man
check_PROGRAMS += $(show_tests)
TESTS += $(show_tests)
show_test_cppflags = $(COMMAND_CPPFLAGS) $(JANSSON_CFLAGS) -I$(top_srcdir)/testsuite/unit/show
show_test_libs = libsdiag.la libsstat.la libsprio.la libsshare.la libsacctmgr.la libsqueue.la libsinfo.la libsacct.la $(LIBDOCUMENT) $(CHECK_LIBS)
testsuite_unit_show_test_display_SOURCES = testsuite/unit/show/test_display.c testsuite/unit/show/fake.c \
    testsuite/unit/show/fake.h
testsuite_unit_show_test_display_CPPFLAGS = $(show_test_cppflags)
testsuite_unit_show_test_display_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
testsuite_unit_show_test_display_LDADD = $(show_test_libs)
testsuite_unit_show_test_show_SOURCES = testsuite/unit/show/test_show.c testsuite/unit/show/fake.c \
    testsuite/unit/show/fake.h
testsuite_unit_show_test_show_CPPFLAGS = $(show_test_cppflags)
testsuite_unit_show_test_show_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
testsuite_unit_show_test_show_LDADD = $(show_test_libs)
testsuite_unit_show_test_show_man_SOURCES = testsuite/unit/show/test_show_man.c
testsuite_unit_show_test_show_man_CPPFLAGS = $(show_test_cppflags) -DMAN_DIR='"$(abs_top_builddir)/man/man1"' \
    -DMAN_SOURCE_DIR='"$(abs_top_srcdir)/man/man1"'
testsuite_unit_show_test_show_man_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
testsuite_unit_show_test_show_man_LDADD = libsattach.la libsbcast.la libswait.la libsrun.la $(show_test_libs)
testsuite_unit_show_test_doc_SOURCES = testsuite/unit/show/test_doc.c testsuite/unit/show/fake.c \
    testsuite/unit/show/fake.h
testsuite_unit_show_test_doc_CPPFLAGS = $(show_test_cppflags) $(YAML_CFLAGS)
testsuite_unit_show_test_doc_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
testsuite_unit_show_test_doc_LDADD = $(show_test_libs)
check_PROGRAMS += testsuite/unit/usage/test_usage
TESTS += testsuite/unit/usage/test_usage
testsuite_unit_usage_test_usage_SOURCES = testsuite/unit/usage/test_usage.c
testsuite_unit_usage_test_usage_CPPFLAGS = $(AM_CPPFLAGS) $(PROTOBUF_C_CFLAGS)
testsuite_unit_usage_test_usage_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
testsuite_unit_usage_test_usage_LDADD = $(LIBBRAMBLE) $(CHECK_LIBS)
