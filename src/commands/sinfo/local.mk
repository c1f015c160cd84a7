noinst_LTLIBRARIES += libsinfo.la
libsinfo_la_CPPFLAGS = $(COMMAND_CPPFLAGS) $(JANSSON_CFLAGS)
libsinfo_la_SOURCES = src/commands/sinfo/sinfo.c src/commands/sinfo/sinfo.h \
    src/commands/sinfo/sinfo_private.h src/commands/sinfo/columns.c src/commands/sinfo/group.c \
    src/commands/sinfo/doc.c
bin_PROGRAMS += sinfo
sinfo_SOURCES = src/commands/sinfo/main.c
sinfo_CPPFLAGS = $(COMMAND_CPPFLAGS)
sinfo_LDADD = libsinfo.la $(LIBDOCUMENT)
