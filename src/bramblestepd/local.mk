# bramblestepd: the shepherd of a step
noinst_LTLIBRARIES += libstepd.la
libstepd_la_CPPFLAGS = $(AM_CPPFLAGS)
libstepd_la_SOURCES = \
    src/bramblestepd/order.c src/bramblestepd/order.h src/bramblestepd/order_private.h \
    src/bramblestepd/order_streams.c src/bramblestepd/order_bind.c \
    src/bramblestepd/step.c src/bramblestepd/step.h src/bramblestepd/step_private.h \
    src/bramblestepd/step_agent.c src/bramblestepd/step_start.c src/bramblestepd/step_io.c \
    src/bramblestepd/keep.c src/bramblestepd/keep.h src/bramblestepd/io/receive.c src/bramblestepd/io/receive.h \
    src/bramblestepd/step_end.c src/bramblestepd/step_epilog.c \
    src/bramblestepd/task/become.c src/bramblestepd/task/become.h \
    src/bramblestepd/task/membind.c src/bramblestepd/task/membind.h src/bramblestepd/task/bind.c src/bramblestepd/task/bind.h \
    src/bramblestepd/task/line.c src/bramblestepd/task/line.h \
    src/bramblestepd/task/prolog.c src/bramblestepd/task/prolog.h \
    src/bramblestepd/task/multiprog.c src/bramblestepd/task/multiprog.h \
    src/bramblestepd/task/pattern.c src/bramblestepd/task/pattern.h \
    src/bramblestepd/task/spawn.c src/bramblestepd/task/spawn.h \
    src/bramblestepd/signal/procs.c src/bramblestepd/signal/procs.h \
    src/bramblestepd/usage/tasks.c src/bramblestepd/usage/tasks.h \
    src/bramblestepd/io/io.c src/bramblestepd/io/io.h src/bramblestepd/io/io_private.h \
    src/bramblestepd/io/io_client.c src/bramblestepd/io/io_launch.c src/bramblestepd/io/io_peer.c \
    src/bramblestepd/io/io_stream.c src/bramblestepd/io/io_history.c \
    src/bramblestepd/io/link.c src/bramblestepd/io/link.h
libstepd_la_LIBADD = -lutil

brambleexec_PROGRAMS += bramblestepd
bramblestepd_SOURCES = src/bramblestepd/main.c
bramblestepd_LDADD = libstepd.la libbramble.la $(BRAMBLE_LIBS)
