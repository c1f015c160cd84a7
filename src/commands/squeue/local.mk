noinst_LTLIBRARIES += libsqueue.la
libsqueue_la_CPPFLAGS = $(COMMAND_CPPFLAGS) $(JANSSON_CFLAGS)
libsqueue_la_SOURCES = src/commands/squeue/squeue.c src/commands/squeue/squeue.h \
    src/commands/squeue/squeue_private.h src/commands/squeue/options.c src/commands/squeue/filter.c \
    src/commands/squeue/array.c \
    src/commands/squeue/job_columns.c src/commands/squeue/step_columns.c
bin_PROGRAMS += squeue
squeue_SOURCES = src/commands/squeue/main.c
squeue_CPPFLAGS = $(COMMAND_CPPFLAGS)
squeue_LDADD = libsqueue.la $(LIBDOCUMENT)
