# The heart: no I/O; uses libbramble's util and the event schema alone.
noinst_LTLIBRARIES += libcluster.la
libcluster_la_CFLAGS = $(AM_CFLAGS) $(PROTOBUF_C_CFLAGS)
libcluster_la_SOURCES = \
    src/cluster/cluster.h src/cluster/cluster_private.h src/cluster/cluster.c src/cluster/conf.c \
    src/cluster/event/event.h src/cluster/event/decision.c src/cluster/event/apply.c \
    src/cluster/event/react.c src/cluster/event/message.c src/cluster/event/clock.c \
    src/cluster/event/timers.c src/cluster/event/snapshot.c src/cluster/event/dump.c \
    src/cluster/job/job.h src/cluster/job/job.c src/cluster/job/job_table.c src/cluster/job/spec.c \
    src/cluster/job/job_alloc.c src/cluster/job/job_apply.c src/cluster/job/job_depend.c src/cluster/job/depend.h src/cluster/job/depend_text.c src/cluster/job/job_end.c \
    src/cluster/job/job_submit.c src/cluster/job/job_control.c src/cluster/job/job_update.c \
    src/cluster/job/job_view.c src/cluster/job/job_suspend.c src/cluster/job/job_wish.h src/cluster/job/job_wish.c src/cluster/job/job_array.c src/cluster/job/job_het.c \
    src/cluster/step/step.h src/cluster/step/step.c src/cluster/step/step_layout.c src/cluster/step/step_gres.c \
    src/cluster/step/step_decide.c src/cluster/step/step_het.c src/cluster/step/step_report.c \
    src/cluster/node/node.h src/cluster/node/node.c src/cluster/node/node_apply.c \
    src/cluster/node/node_decide.c src/cluster/node/node_gres.c src/cluster/node/node_update.c \
    src/cluster/part/part.h src/cluster/part/part.c src/cluster/part/part_update.c \
    src/cluster/part/part_access.c src/cluster/resv/resv.h src/cluster/resv/resv.c \
    src/cluster/resv/resv_decide.c src/cluster/resv/resv_text.c \
    src/cluster/sched/sched.h src/cluster/sched/shape.c src/cluster/sched/feature.c \
    src/cluster/sched/queue.c src/cluster/sched/fit.c src/cluster/sched/choose.c \
    src/cluster/sched/gres.c src/cluster/sched/give.c src/cluster/sched/license.c \
    src/cluster/sched/plan.c src/cluster/sched/pass.c src/cluster/sched/pass_start.c src/cluster/sched/pass_private.h src/cluster/sched/admit.c \
    src/cluster/sched/reason.c src/cluster/sched/explain.c
