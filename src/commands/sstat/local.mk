noinst_LTLIBRARIES += libsstat.la
libsstat_la_CPPFLAGS = $(COMMAND_CPPFLAGS)
libsstat_la_SOURCES = src/commands/sstat/sstat.c src/commands/sstat/sstat.h
bin_PROGRAMS += sstat
sstat_SOURCES = src/commands/sstat/main.c
sstat_CPPFLAGS = $(COMMAND_CPPFLAGS)
sstat_LDADD = libsstat.la libdisplay.la $(LIBBRAMBLE)
