noinst_LTLIBRARIES += libsprio.la
libsprio_la_CPPFLAGS = $(COMMAND_CPPFLAGS)
libsprio_la_SOURCES = src/commands/sprio/sprio.c src/commands/sprio/sprio.h
bin_PROGRAMS += sprio
sprio_SOURCES = src/commands/sprio/main.c
sprio_CPPFLAGS = $(COMMAND_CPPFLAGS)
sprio_LDADD = libsprio.la libdisplay.la $(LIBBRAMBLE)
