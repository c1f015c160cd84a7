# build rules of testsuite

# runs a program under a launcher plugin, without a cluster
check_PROGRAMS += testsuite/lib/launch_rig
testsuite_lib_launch_rig_SOURCES = testsuite/lib/launch_rig.c
testsuite_lib_launch_rig_LDADD = -ldl -lpthread

include testsuite/fuzz/local.mk
# a controller for one agent that does what a test says
check_PROGRAMS += testsuite/lib/fake_ctld
testsuite_lib_fake_ctld_SOURCES = testsuite/lib/fake_ctld.c testsuite/lib/munged.c testsuite/lib/munged.h
testsuite_lib_fake_ctld_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/testsuite/lib
testsuite_lib_fake_ctld_LDADD = $(LIBBRAMBLE)

# unit tests: one line a room
if HAVE_CHECK
include testsuite/unit/accounting.mk
include testsuite/unit/bramblestepd.mk
include testsuite/unit/cluster.mk
include testsuite/unit/bramblectld.mk
include testsuite/unit/commands.mk
include testsuite/unit/conf.mk
include testsuite/unit/rpc.mk
include testsuite/unit/jobenv.mk
include testsuite/unit/jobopt.mk
include testsuite/unit/plugin.mk
include testsuite/unit/sbench.mk
include testsuite/unit/show.mk
include testsuite/unit/topo.mk
include testsuite/unit/util.mk
endif

include testsuite/bench/local.mk
include testsuite/system.mk
