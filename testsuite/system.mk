# System tests: scripts that start a real cluster of the programs just built, installed below
# testsuite/root of the build folder.  testsuite/lib/run-test gives each its place and its time.
TEST_EXTENSIONS = .t
T_LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
T_LOG_COMPILER = $(top_srcdir)/testsuite/lib/run-test
# Check gives a test four seconds, which a busy machine may need for one that takes none.
AM_TESTS_ENVIRONMENT = CK_TIMEOUT_MULTIPLIER=10; export CK_TIMEOUT_MULTIPLIER; BRAMBLE_ROOT='$(abs_builddir)/testsuite/root$(prefix)' \
    MPI_DIR='$(abs_builddir)/testsuite/mpi' BRAMBLE_BUILD='$(abs_builddir)'; export BRAMBLE_ROOT MPI_DIR BRAMBLE_BUILD;

check_DATA = testsuite/root.stamp testsuite/mpi.stamp
testsuite/root.stamp: $(bin_PROGRAMS) $(sbin_PROGRAMS) $(brambleexec_PROGRAMS) $(pluginexec_LTLIBRARIES)
	$(AM_V_GEN)rm -rf testsuite/root && $(MKDIR_P) testsuite && \
	$(MAKE) $(AM_MAKEFLAGS) -s install-exec DESTDIR='$(abs_builddir)/testsuite/root' >/dev/null && : > $@
testsuite/mpi.stamp: testsuite/lib/mpi/build testsuite/lib/mpi/selfcheck.c testsuite/lib/mpi/misbehave.c \
    contrib/examples/hello-mpi.c
	$(AM_V_GEN)$(MKDIR_P) testsuite && $(srcdir)/testsuite/lib/mpi/build testsuite/mpi && : > $@

system_tests = \
    testsuite/system/agent-guard.t \
    testsuite/system/agent-steps.t \
    testsuite/system/launchers.t \
    testsuite/system/ledger.t \
    testsuite/system/basic.t testsuite/system/gres.t \
    testsuite/system/array.t testsuite/system/depend.t testsuite/system/hetjob.t \
    testsuite/system/show.t testsuite/system/het.t \
    testsuite/system/parity-submit.t testsuite/system/parity-run.t testsuite/system/parity-show.t \
    testsuite/system/parity-scontrol.t testsuite/system/parity-account.t \
    testsuite/system/tools-workflow.t testsuite/system/tools-mpi.t testsuite/system/tutorial.t testsuite/system/options.t \
    testsuite/system/queries.t \
    testsuite/system/commands.t \
    testsuite/system/steps.t \
    testsuite/system/restart.t testsuite/system/port.t \
    testsuite/system/crash.t \
    testsuite/system/failpoints.t \
    testsuite/system/controller.t \
    testsuite/system/boards.t \
    testsuite/system/silence.t \
    testsuite/system/fulldisk.t \
    testsuite/system/mpi.t \
    testsuite/system/hpl.t \
    testsuite/system/users.t \
    testsuite/system/rights.t \
    testsuite/system/badinput.t \
    testsuite/system/relay.t \
    testsuite/system/suspend.t \
    testsuite/system/scontrol.t \
    testsuite/system/reservation.t \
    testsuite/system/mail.t \
    testsuite/system/storm.t
TESTS += $(system_tests)
# Those worth a second run, by daemons with sanitizers and crash points.
sanitized_tests = testsuite/system/failpoints.t testsuite/system/basic.t testsuite/system/gres.t testsuite/system/restart.t

EXTRA_DIST += $(system_tests) testsuite/system/parity testsuite/data/options testsuite/lib/option-table \
    testsuite/lib/agent.sh testsuite/lib/board.sh testsuite/lib/cluster.sh testsuite/lib/tap.sh \
    testsuite/lib/ledger testsuite/lib/ledger-job testsuite/lib/hpl-input \
    testsuite/lib/rack testsuite/lib/run-test testsuite/lib/count-tests testsuite/lib/suite.h \
    testsuite/lib/mpi/build testsuite/lib/mpi/selfcheck.c testsuite/lib/mpi/misbehave.c \
    testsuite/lib/mpi/selfcheck.py
CLEANFILES += testsuite/root.stamp testsuite/mpi.stamp

clean-local:
	rm -rf testsuite/root testsuite/mpi
