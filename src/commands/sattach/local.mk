# sattach: srun's streams without srun's step
noinst_LTLIBRARIES += libsattach.la
libsattach_la_CPPFLAGS = $(COMMAND_CPPFLAGS)
libsattach_la_SOURCES = src/commands/sattach/sattach.c src/commands/sattach/sattach.h
bin_PROGRAMS += sattach
sattach_SOURCES = src/commands/sattach/main.c
sattach_CPPFLAGS = $(COMMAND_CPPFLAGS)
sattach_LDADD = libsattach.la libsrun.la libdisplay.la $(LIBBRAMBLE)
