# Fuzz targets.  They run in make check on their corpora and on mutations of them for two seconds each
# (FUZZ_SECONDS); with --enable-fuzzers they are libFuzzer programs instead.
fuzz_targets = testsuite/fuzz/fuzz_conf testsuite/fuzz/fuzz_display testsuite/fuzz/fuzz_frame testsuite/fuzz/fuzz_handshake \
    testsuite/fuzz/fuzz_heart \
    testsuite/fuzz/fuzz_hostlist testsuite/fuzz/fuzz_journal testsuite/fuzz/fuzz_script \
    testsuite/fuzz/fuzz_topo testsuite/fuzz/fuzz_values
check_PROGRAMS += $(fuzz_targets)
EXTRA_DIST += testsuite/data/fuzz testsuite/fuzz/driver.c testsuite/fuzz/text.c
fuzz_cflags = $(AM_CFLAGS) $(SODIUM_CFLAGS) $(PROTOBUF_C_CFLAGS) -DTEST_SRCDIR='"$(abs_top_srcdir)"' \
    -I$(top_srcdir)/testsuite/fuzz
if BUILD_FUZZERS
FUZZ_MAIN =
fuzz_ldflags = $(AM_LDFLAGS) -fsanitize=fuzzer
else
TESTS += $(fuzz_targets)
FUZZ_MAIN = testsuite/fuzz/driver.c
fuzz_ldflags = $(AM_LDFLAGS)
endif
FUZZ_COMMON = testsuite/fuzz/fuzz.h testsuite/fuzz/text.c $(FUZZ_MAIN)

testsuite_fuzz_fuzz_conf_SOURCES = testsuite/fuzz/fuzz_conf.c $(FUZZ_COMMON)
testsuite_fuzz_fuzz_conf_CFLAGS = $(fuzz_cflags)
testsuite_fuzz_fuzz_conf_LDFLAGS = $(fuzz_ldflags)
testsuite_fuzz_fuzz_conf_LDADD = $(LIBBRAMBLE) $(LIBCONFIG_LIBS)
testsuite_fuzz_fuzz_display_SOURCES = testsuite/fuzz/fuzz_display.c $(FUZZ_COMMON)
testsuite_fuzz_fuzz_display_CPPFLAGS = $(COMMAND_CPPFLAGS)
testsuite_fuzz_fuzz_display_CFLAGS = $(fuzz_cflags)
testsuite_fuzz_fuzz_display_LDFLAGS = $(fuzz_ldflags)
testsuite_fuzz_fuzz_display_LDADD = libsqueue.la libsacct.la libdisplay.la $(LIBBRAMBLE)
testsuite_fuzz_fuzz_frame_SOURCES = testsuite/fuzz/fuzz_frame.c $(FUZZ_COMMON)
testsuite_fuzz_fuzz_frame_CFLAGS = $(fuzz_cflags)
testsuite_fuzz_fuzz_frame_LDFLAGS = $(fuzz_ldflags)
testsuite_fuzz_fuzz_frame_LDADD = $(LIBBRAMBLE)
testsuite_fuzz_fuzz_handshake_SOURCES = testsuite/fuzz/fuzz_handshake.c $(FUZZ_COMMON)
testsuite_fuzz_fuzz_handshake_CFLAGS = $(fuzz_cflags)
testsuite_fuzz_fuzz_handshake_LDFLAGS = $(fuzz_ldflags)
testsuite_fuzz_fuzz_handshake_LDADD = $(LIBBRAMBLE)
testsuite_fuzz_fuzz_heart_SOURCES = testsuite/fuzz/fuzz_heart.c $(FUZZ_COMMON)
testsuite_fuzz_fuzz_heart_CFLAGS = $(fuzz_cflags)
testsuite_fuzz_fuzz_heart_LDFLAGS = $(fuzz_ldflags)
testsuite_fuzz_fuzz_heart_LDADD = libcluster.la $(LIBBRAMBLE)
testsuite_fuzz_fuzz_hostlist_SOURCES = testsuite/fuzz/fuzz_hostlist.c $(FUZZ_COMMON)
testsuite_fuzz_fuzz_hostlist_CFLAGS = $(fuzz_cflags)
testsuite_fuzz_fuzz_hostlist_LDFLAGS = $(fuzz_ldflags)
testsuite_fuzz_fuzz_hostlist_LDADD = $(LIBBRAMBLE)
testsuite_fuzz_fuzz_journal_SOURCES = testsuite/fuzz/fuzz_journal.c $(FUZZ_COMMON)
testsuite_fuzz_fuzz_journal_CFLAGS = $(fuzz_cflags)
testsuite_fuzz_fuzz_journal_LDFLAGS = $(fuzz_ldflags)
testsuite_fuzz_fuzz_journal_LDADD = libctld.la $(LIBBRAMBLE)
testsuite_fuzz_fuzz_script_SOURCES = testsuite/fuzz/fuzz_script.c $(FUZZ_COMMON)
testsuite_fuzz_fuzz_script_CFLAGS = $(fuzz_cflags)
testsuite_fuzz_fuzz_script_LDFLAGS = $(fuzz_ldflags)
testsuite_fuzz_fuzz_script_LDADD = $(LIBBRAMBLE)
testsuite_fuzz_fuzz_topo_SOURCES = testsuite/fuzz/fuzz_topo.c $(FUZZ_COMMON)
testsuite_fuzz_fuzz_topo_CFLAGS = $(fuzz_cflags)
testsuite_fuzz_fuzz_topo_LDFLAGS = $(fuzz_ldflags)
testsuite_fuzz_fuzz_topo_LDADD = $(LIBTOPO) $(LIBBRAMBLE)
testsuite_fuzz_fuzz_values_SOURCES = testsuite/fuzz/fuzz_values.c $(FUZZ_COMMON)
testsuite_fuzz_fuzz_values_CFLAGS = $(fuzz_cflags)
testsuite_fuzz_fuzz_values_LDFLAGS = $(fuzz_ldflags)
testsuite_fuzz_fuzz_values_LDADD = $(LIBBRAMBLE)
