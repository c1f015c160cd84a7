noinst_LTLIBRARIES += libsacct.la
libsacct_la_CPPFLAGS = $(COMMAND_CPPFLAGS) $(JANSSON_CFLAGS)
libsacct_la_SOURCES = src/commands/sacct/sacct.c src/commands/sacct/sacct.h \
    src/commands/sacct/sacct_private.h src/commands/sacct/options.c src/commands/sacct/filter.c \
    src/commands/sacct/columns.c src/commands/sacct/doc.c
bin_PROGRAMS += sacct
sacct_SOURCES = src/commands/sacct/main.c
sacct_CPPFLAGS = $(COMMAND_CPPFLAGS)
sacct_LDADD = libsacct.la $(LIBDOCUMENT)
