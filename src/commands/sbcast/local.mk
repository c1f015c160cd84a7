# sbcast: a step that carries files
noinst_LTLIBRARIES += libsbcast.la
libsbcast_la_CPPFLAGS = $(COMMAND_CPPFLAGS)
libsbcast_la_SOURCES = src/commands/sbcast/sbcast.c src/commands/sbcast/sbcast.h src/commands/sbcast/pack.c \
    src/commands/sbcast/pack.h src/commands/sbcast/libs.c src/commands/sbcast/libs.h
bin_PROGRAMS += sbcast
sbcast_SOURCES = src/commands/sbcast/main.c
sbcast_CPPFLAGS = $(COMMAND_CPPFLAGS)
sbcast_LDADD = libsbcast.la libsrun.la libdisplay.la $(LIBBRAMBLE)
