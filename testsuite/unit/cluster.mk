cluster_tests = testsuite/unit/cluster/test_job testsuite/unit/cluster/test_step \
    testsuite/unit/cluster/test_node testsuite/unit/cluster/test_sched testsuite/unit/cluster/test_reason \
    testsuite/unit/cluster/test_replay testsuite/unit/cluster/test_update \
    testsuite/unit/cluster/test_suspend testsuite/unit/cluster/test_layout testsuite/unit/cluster/test_array \
    testsuite/unit/cluster/test_part
check_PROGRAMS += $(cluster_tests)
TESTS += $(cluster_tests)
check_LTLIBRARIES += libworld.la
libworld_la_SOURCES = testsuite/unit/cluster/world.c testsuite/unit/cluster/world.h
libworld_la_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(PROTOBUF_C_CFLAGS)
cluster_test_libs = libworld.la libcluster.la $(LIBBRAMBLE) $(CHECK_LIBS)
testsuite_unit_cluster_test_job_SOURCES = testsuite/unit/cluster/test_job.c
testsuite_unit_cluster_test_job_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
testsuite_unit_cluster_test_job_LDADD = $(cluster_test_libs)
testsuite_unit_cluster_test_step_SOURCES = testsuite/unit/cluster/test_step.c
testsuite_unit_cluster_test_step_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
testsuite_unit_cluster_test_step_LDADD = $(cluster_test_libs)
testsuite_unit_cluster_test_node_SOURCES = testsuite/unit/cluster/test_node.c
testsuite_unit_cluster_test_node_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
testsuite_unit_cluster_test_node_LDADD = $(cluster_test_libs)
testsuite_unit_cluster_test_sched_SOURCES = testsuite/unit/cluster/test_sched.c
testsuite_unit_cluster_test_sched_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
testsuite_unit_cluster_test_sched_LDADD = $(cluster_test_libs)
testsuite_unit_cluster_test_reason_SOURCES = testsuite/unit/cluster/test_reason.c
testsuite_unit_cluster_test_reason_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
testsuite_unit_cluster_test_reason_LDADD = $(cluster_test_libs)
testsuite_unit_cluster_test_replay_SOURCES = testsuite/unit/cluster/test_replay.c
testsuite_unit_cluster_test_replay_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
testsuite_unit_cluster_test_replay_LDADD = $(cluster_test_libs)
testsuite_unit_cluster_test_update_SOURCES = testsuite/unit/cluster/test_update.c
testsuite_unit_cluster_test_update_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
testsuite_unit_cluster_test_update_LDADD = $(cluster_test_libs)
testsuite_unit_cluster_test_suspend_SOURCES = testsuite/unit/cluster/test_suspend.c
testsuite_unit_cluster_test_suspend_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
testsuite_unit_cluster_test_suspend_LDADD = $(cluster_test_libs)
testsuite_unit_cluster_test_layout_SOURCES = testsuite/unit/cluster/test_layout.c
testsuite_unit_cluster_test_layout_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
testsuite_unit_cluster_test_layout_LDADD = $(cluster_test_libs)
testsuite_unit_cluster_test_array_SOURCES = testsuite/unit/cluster/test_array.c
testsuite_unit_cluster_test_array_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
testsuite_unit_cluster_test_array_LDADD = $(cluster_test_libs)
testsuite_unit_cluster_test_part_SOURCES = testsuite/unit/cluster/test_part.c
testsuite_unit_cluster_test_part_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
testsuite_unit_cluster_test_part_LDADD = $(cluster_test_libs)

# the simulator: 200 seeds; a failing one is printed and can be run alone: test_sim SEED 1 -v
check_PROGRAMS += testsuite/unit/cluster/sim/test_sim
TESTS += testsuite/unit/cluster/sim/test_sim
testsuite_unit_cluster_sim_test_sim_SOURCES = \
    testsuite/unit/cluster/sim/sim.h testsuite/unit/cluster/sim/sim.c \
    testsuite/unit/cluster/sim/sim_agent.c testsuite/unit/cluster/sim/sim_check.c \
    testsuite/unit/cluster/sim/sim_ctld.c testsuite/unit/cluster/sim/test_sim.c
testsuite_unit_cluster_sim_test_sim_LDADD = libcluster.la $(LIBBRAMBLE)
