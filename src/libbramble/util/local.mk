libbramble_la_SOURCES += \
    src/libbramble/util/arena.c src/libbramble/util/arena.h \
    src/libbramble/util/bitmap.c src/libbramble/util/bitmap.h \
    src/libbramble/util/error.c src/libbramble/util/error.h src/libbramble/util/errors.def \
    src/libbramble/util/fs.c src/libbramble/util/fs.h src/libbramble/util/gres.c src/libbramble/util/gres.h \
    src/libbramble/util/hash.c src/libbramble/util/hash.h \
    src/libbramble/util/hostlist.c src/libbramble/util/hostlist.h \
    src/libbramble/util/jobid.c src/libbramble/util/jobid.h \
    src/libbramble/util/list.h \
    src/libbramble/util/log.c src/libbramble/util/log.h \
    src/libbramble/util/mem.c src/libbramble/util/mem.h \
    src/libbramble/util/num.c src/libbramble/util/num.h \
    src/libbramble/util/strbuf.c src/libbramble/util/strbuf.h \
    src/libbramble/util/taskset.c src/libbramble/util/taskset.h \
    src/libbramble/util/timeat.c src/libbramble/util/timefmt.c src/libbramble/util/timefmt.h
libbramble_la_SOURCES += src/libbramble/util/version.c src/libbramble/util/version.h
libbramble_la_SOURCES += src/libbramble/util/failpoint.c src/libbramble/util/failpoint.h \
    src/libbramble/util/failpoint.def
