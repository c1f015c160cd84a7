libbramble_la_SOURCES += \
    src/libbramble/jobenv/env.c src/libbramble/jobenv/env.h \
    src/libbramble/jobenv/jobenv.c src/libbramble/jobenv/jobenv_gres.c src/libbramble/jobenv/jobenv.h
