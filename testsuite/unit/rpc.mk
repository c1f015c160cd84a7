# sessions, frames and calls
TEST_MUNGED = testsuite/lib/munged.c testsuite/lib/munged.h
RPC_TEST_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(SODIUM_CFLAGS) $(PROTOBUF_C_CFLAGS) -I$(top_srcdir)/testsuite/lib
RPC_TEST_LIBS = $(LIBBRAMBLE) $(CHECK_LIBS) -lpthread

check_PROGRAMS += testsuite/unit/rpc/test_session
TESTS += testsuite/unit/rpc/test_session
testsuite_unit_rpc_test_session_SOURCES = testsuite/unit/rpc/test_session.c $(TEST_MUNGED)
testsuite_unit_rpc_test_session_CFLAGS = $(RPC_TEST_CFLAGS)
testsuite_unit_rpc_test_session_LDADD = $(RPC_TEST_LIBS)

check_PROGRAMS += testsuite/unit/rpc/test_local
TESTS += testsuite/unit/rpc/test_local
testsuite_unit_rpc_test_local_SOURCES = testsuite/unit/rpc/test_local.c
testsuite_unit_rpc_test_local_CFLAGS = $(RPC_TEST_CFLAGS)
testsuite_unit_rpc_test_local_LDADD = $(RPC_TEST_LIBS)

check_PROGRAMS += testsuite/unit/reactor/test_reactor
TESTS += testsuite/unit/reactor/test_reactor
testsuite_unit_reactor_test_reactor_SOURCES = testsuite/unit/reactor/test_reactor.c
testsuite_unit_reactor_test_reactor_CFLAGS = $(RPC_TEST_CFLAGS)
testsuite_unit_reactor_test_reactor_LDADD = $(RPC_TEST_LIBS)

check_PROGRAMS += testsuite/unit/channel/test_channel
TESTS += testsuite/unit/channel/test_channel
testsuite_unit_channel_test_channel_SOURCES = testsuite/unit/channel/test_channel.c $(TEST_MUNGED)
testsuite_unit_channel_test_channel_CFLAGS = $(RPC_TEST_CFLAGS)
testsuite_unit_channel_test_channel_LDADD = $(RPC_TEST_LIBS)

# golden files: what was sent once is understood for ever
WIRE_SAMPLE = testsuite/lib/wire_sample.c testsuite/lib/wire_sample.h
check_PROGRAMS += testsuite/lib/wire_golden testsuite/unit/rpc/test_wire
TESTS += testsuite/unit/rpc/test_wire
EXTRA_DIST += testsuite/data/wire
testsuite_lib_wire_golden_SOURCES = testsuite/lib/wire_golden.c $(WIRE_SAMPLE)
testsuite_lib_wire_golden_CFLAGS = $(RPC_TEST_CFLAGS)
testsuite_lib_wire_golden_LDADD = $(RPC_TEST_LIBS)
testsuite_unit_rpc_test_wire_SOURCES = testsuite/unit/rpc/test_wire.c $(WIRE_SAMPLE)
testsuite_unit_rpc_test_wire_CFLAGS = $(RPC_TEST_CFLAGS) -DTEST_SRCDIR='"$(abs_top_srcdir)"'
testsuite_unit_rpc_test_wire_LDADD = $(RPC_TEST_LIBS)

# the relay: a TCP proxy that cuts, drips, flips, ... on command
check_PROGRAMS += testsuite/lib/relay
testsuite_lib_relay_SOURCES = testsuite/lib/relay.c
testsuite_lib_relay_LDADD =
check_PROGRAMS += testsuite/unit/rpc/test_relay
TESTS += testsuite/unit/rpc/test_relay
testsuite_unit_rpc_test_relay_SOURCES = testsuite/unit/rpc/test_relay.c
testsuite_unit_rpc_test_relay_CFLAGS = $(RPC_TEST_CFLAGS) -DTEST_RELAY='"$(abs_top_builddir)/testsuite/lib/relay"'
testsuite_unit_rpc_test_relay_LDADD = $(RPC_TEST_LIBS)
EXTRA_testsuite_unit_rpc_test_relay_DEPENDENCIES = testsuite/lib/relay

# a peer that may send, and sends anything
check_PROGRAMS += testsuite/lib/wire_storm
testsuite_lib_wire_storm_SOURCES = testsuite/lib/wire_storm.c $(WIRE_SAMPLE)
testsuite_lib_wire_storm_CFLAGS = $(RPC_TEST_CFLAGS)
testsuite_lib_wire_storm_LDADD = $(LIBBRAMBLE)

# calls that the rules ban
TESTS += testsuite/lib/lint
dist_check_SCRIPTS += testsuite/lib/lint
