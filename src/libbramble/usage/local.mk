libbramble_la_SOURCES += src/libbramble/usage/usage.c src/libbramble/usage/usage.h
