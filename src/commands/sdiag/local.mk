noinst_LTLIBRARIES += libsdiag.la
libsdiag_la_CPPFLAGS = $(COMMAND_CPPFLAGS) $(JANSSON_CFLAGS)
libsdiag_la_SOURCES = src/commands/sdiag/sdiag.c src/commands/sdiag/sdiag.h src/commands/sdiag/rpc_names.c \
    src/commands/sdiag/rpc_names.h src/commands/sdiag/doc.c src/commands/sdiag/sdiag_private.h
bin_PROGRAMS += sdiag
sdiag_SOURCES = src/commands/sdiag/main.c
sdiag_CPPFLAGS = $(COMMAND_CPPFLAGS)
sdiag_LDADD = libsdiag.la $(LIBDOCUMENT)
