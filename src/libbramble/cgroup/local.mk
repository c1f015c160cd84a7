# cgroup
libbramble_la_SOURCES += \
    src/libbramble/cgroup/cgroup.c src/libbramble/cgroup/cgroup.h \
    src/libbramble/cgroup/cgroup_private.h \
    src/libbramble/cgroup/kill.c src/libbramble/cgroup/probe.c
