libbramble_la_SOURCES += src/libbramble/plugin/loader.c src/libbramble/plugin/loader.h
