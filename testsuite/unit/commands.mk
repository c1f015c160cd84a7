check_PROGRAMS += testsuite/unit/commands/test_commands
TESTS += testsuite/unit/commands/test_commands
testsuite_unit_commands_test_commands_SOURCES = testsuite/unit/commands/test_commands.c testsuite/unit/commands/rig.c \
    testsuite/unit/commands/rig.h $(TEST_MUNGED)
testsuite_unit_commands_test_commands_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
testsuite_unit_commands_test_commands_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/testsuite/lib $(PROTOBUF_C_CFLAGS) \
    -DBUILD_DIR='"$(abs_top_builddir)"'
testsuite_unit_commands_test_commands_LDADD = $(LIBBRAMBLE) $(CHECK_LIBS)
