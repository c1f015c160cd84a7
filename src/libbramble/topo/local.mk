# The topology of a board.  Apart from libbramble, so that only who asks for it links hwloc.
noinst_LTLIBRARIES += libtopo.la
libtopo_la_CFLAGS = $(AM_CFLAGS) $(HWLOC_CFLAGS) $(SODIUM_CFLAGS)
libtopo_la_SOURCES = \
    src/libbramble/topo/board.c src/libbramble/topo/board.h \
    src/libbramble/topo/topo.c src/libbramble/topo/topo.h
# link $(LIBTOPO) before $(LIBBRAMBLE)
LIBTOPO = libtopo.la $(HWLOC_LIBS)
