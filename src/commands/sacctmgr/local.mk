noinst_LTLIBRARIES += libsacctmgr.la
libsacctmgr_la_CPPFLAGS = $(COMMAND_CPPFLAGS)
libsacctmgr_la_SOURCES = src/commands/sacctmgr/sacctmgr.c src/commands/sacctmgr/sacctmgr.h \
    src/commands/sacctmgr/sacctmgr_private.h src/commands/sacctmgr/entities.c src/commands/sacctmgr/load.c
bin_PROGRAMS += sacctmgr
sacctmgr_SOURCES = src/commands/sacctmgr/main.c
sacctmgr_CPPFLAGS = $(COMMAND_CPPFLAGS)
sacctmgr_LDADD = libsacctmgr.la libdisplay.la $(LIBBRAMBLE)
