# sessions, frames and calls
TEST_MUNGED = testsuite/lib/munged.c testsuite/lib/munged.h
RPC_TEST_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(SODIUM_CFLAGS) $(PROTOBUF_C_CFLAGS) -I$(top_srcdir)/testsuite/lib
RPC_TEST_LIBS = $(LIBBRAMBLE) $(CHECK_LIBS) -lpthread

check_PROGRAMS += testsuite/unit/rpc/test_session
TESTS += testsuite/unit/rpc/test_session
testsuite_unit_rpc_test_session_SOURCES = testsuite/unit/rpc/test_session.c $(TEST_MUNGED)
testsuite_unit_rpc_test_session_CFLAGS = $(RPC_TEST_CFLAGS)
testsuite_unit_rpc_test_session_LDADD = $(RPC_TEST_LIBS)

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
