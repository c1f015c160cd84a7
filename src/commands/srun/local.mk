# srun, and what sattach shares with it
noinst_LTLIBRARIES += libsrun.la
libsrun_la_CPPFLAGS = $(COMMAND_CPPFLAGS)
libsrun_la_SOURCES = src/commands/srun/srun.c src/commands/srun/srun_private.h src/commands/srun/request.c \
    src/commands/srun/nodes.c src/commands/srun/streams.c src/commands/srun/output.c src/commands/srun/input.c \
    src/commands/srun/watch.c src/commands/srun/exits.c src/commands/srun/signals.c \
    src/commands/srun/terminal.c src/commands/srun/bcast.c src/commands/srun/nest.c src/commands/srun/programs.c $(COMMAND_LINK_SOURCES)
bin_PROGRAMS += srun
srun_SOURCES = src/commands/srun/main.c src/commands/srun/het.c src/commands/srun/het.h $(COMMAND_CLIENT_SOURCES)
srun_CPPFLAGS = $(COMMAND_CPPFLAGS)
srun_LDADD = libsrun.la $(LIBBRAMBLE)
