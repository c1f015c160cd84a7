# rpc
libbramble_la_SOURCES += src/libbramble/rpc/fields.c src/libbramble/rpc/fields.h src/libbramble/rpc/fields.def
