# libbramble: what more than one program needs, one folder per component.
noinst_LTLIBRARIES += libbramble.la
libbramble_la_CFLAGS = $(AM_CFLAGS) $(UV_CFLAGS) $(PROTOBUF_C_CFLAGS) $(SODIUM_CFLAGS) $(HWLOC_CFLAGS) $(LIBCONFIG_CFLAGS) $(MUNGE_CFLAGS)
libbramble_la_SOURCES =
include src/libbramble/util/local.mk
include src/libbramble/wire/local.mk
include src/libbramble/reactor/local.mk
include src/libbramble/channel/local.mk
include src/libbramble/rpc/local.mk
include src/libbramble/conf/local.mk
include src/libbramble/topo/local.mk
include src/libbramble/plugin/local.mk
include src/libbramble/jobopt/local.mk
include src/libbramble/jobenv/local.mk
include src/libbramble/cgroup/local.mk
include src/libbramble/usage/local.mk
# Archives where there are any: commands and shepherds start for every job (see configure.ac).
LIBBRAMBLE = libbramble.la $(BRAMBLE_LIBS)
