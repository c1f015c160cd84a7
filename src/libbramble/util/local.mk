libbramble_la_SOURCES += \
    src/libbramble/util/error.c src/libbramble/util/error.h src/libbramble/util/errors.def \
    src/libbramble/util/log.c src/libbramble/util/log.h \
    src/libbramble/util/mem.c src/libbramble/util/mem.h
