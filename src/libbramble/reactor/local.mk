libbramble_la_SOURCES += src/libbramble/reactor/reactor.c src/libbramble/reactor/reactor.h
