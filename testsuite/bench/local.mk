# measurements: testsuite/bench/run
EXTRA_PROGRAMS = testsuite/bench/fill testsuite/bench/lat testsuite/bench/sched
testsuite_bench_sched_SOURCES = testsuite/bench/sched.c
testsuite_bench_sched_CFLAGS = $(AM_CFLAGS) $(PROTOBUF_C_CFLAGS)
testsuite_bench_sched_LDADD = libcluster.la $(LIBBRAMBLE)
testsuite_bench_fill_SOURCES = testsuite/bench/fill.c
testsuite_bench_fill_CFLAGS = $(AM_CFLAGS) $(PROTOBUF_C_CFLAGS)
testsuite_bench_fill_LDADD = $(LIBBRAMBLE)
testsuite_bench_lat_SOURCES = testsuite/bench/lat.c
testsuite_bench_lat_LDADD = -lpthread
EXTRA_DIST += testsuite/bench/bramble.sh testsuite/bench/budgets testsuite/bench/hello.c \
    testsuite/bench/lib.sh testsuite/bench/rows.sh testsuite/bench/run testsuite/bench/slurm.sh \
    testsuite/bench/table testsuite/bench/RESULTS.md
