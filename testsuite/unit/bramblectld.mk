# unit tests of src/bramblectld
check_PROGRAMS += testsuite/unit/bramblectld/test_journal
TESTS += testsuite/unit/bramblectld/test_journal
testsuite_unit_bramblectld_test_journal_SOURCES = testsuite/unit/bramblectld/test_journal.c \
    testsuite/unit/bramblectld/journal_rig.c testsuite/unit/bramblectld/journal_rig.h \
    testsuite/unit/bramblectld/memdisk.c testsuite/unit/bramblectld/memdisk.h
testsuite_unit_bramblectld_test_journal_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
testsuite_unit_bramblectld_test_journal_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/testsuite/unit/bramblectld
testsuite_unit_bramblectld_test_journal_LDADD = libctld.la $(LIBBRAMBLE) $(CHECK_LIBS) -lpthread

check_PROGRAMS += testsuite/unit/bramblectld/test_project
TESTS += testsuite/unit/bramblectld/test_project
testsuite_unit_bramblectld_test_project_SOURCES = testsuite/unit/bramblectld/test_project.c \
    src/bramblectld/projections/project.c src/bramblectld/projections/project_array.c src/bramblectld/event_log.c plugins/accounting/sqlite/sqlite.c \
    plugins/accounting/sqlite/query.c plugins/accounting/sqlite/store.c
testsuite_unit_bramblectld_test_project_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(SQLITE_CFLAGS) $(PROTOBUF_C_CFLAGS)
testsuite_unit_bramblectld_test_project_LDADD = $(LIBBRAMBLE) $(CHECK_LIBS) $(SQLITE_LIBS)

TESTS += testsuite/unit/bramblectld/failpoints-used
EXTRA_DIST += testsuite/unit/bramblectld/failpoints-used
