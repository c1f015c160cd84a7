pluginexec_LTLIBRARIES += accounting_sqlite.la
accounting_sqlite_la_SOURCES = plugins/accounting/sqlite/sqlite.c plugins/accounting/sqlite/query.c \
    plugins/accounting/sqlite/store.c plugins/accounting/sqlite/store.h plugins/accounting/sqlite/columns.def
accounting_sqlite_la_CFLAGS = $(AM_CFLAGS) $(SQLITE_CFLAGS)
accounting_sqlite_la_LDFLAGS = $(PLUGIN_LINK)
accounting_sqlite_la_LIBADD = $(SQLITE_LIBS)
