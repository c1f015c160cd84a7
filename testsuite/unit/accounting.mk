check_PROGRAMS += testsuite/unit/accounting/test_sqlite
TESTS += testsuite/unit/accounting/test_sqlite
testsuite_unit_accounting_test_sqlite_SOURCES = testsuite/unit/accounting/test_sqlite.c \
    plugins/accounting/sqlite/sqlite.c plugins/accounting/sqlite/query.c plugins/accounting/sqlite/store.c
testsuite_unit_accounting_test_sqlite_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(SQLITE_CFLAGS)
testsuite_unit_accounting_test_sqlite_LDADD = $(CHECK_LIBS) $(SQLITE_LIBS)
