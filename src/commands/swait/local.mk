# swait: waits for steps
noinst_LTLIBRARIES += libswait.la
libswait_la_CPPFLAGS = $(COMMAND_CPPFLAGS)
libswait_la_SOURCES = src/commands/swait/swait.c src/commands/swait/swait.h
bin_PROGRAMS += swait
swait_SOURCES = src/commands/swait/main.c $(COMMAND_LINK_SOURCES)
swait_CPPFLAGS = $(COMMAND_CPPFLAGS)
swait_LDADD = libswait.la libdisplay.la $(LIBBRAMBLE)
