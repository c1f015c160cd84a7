libbramble_la_SOURCES += src/libbramble/rpc/fields.c src/libbramble/rpc/fields.h src/libbramble/rpc/fields.def
libbramble_la_SOURCES += \
    src/libbramble/rpc/rpc.h src/libbramble/rpc/messages.def src/libbramble/rpc/rpc_private.h \
    src/libbramble/rpc/codec.c src/libbramble/rpc/codec_arena.c src/libbramble/rpc/codec_arena.h \
    src/libbramble/rpc/net.c src/libbramble/rpc/local.c src/libbramble/rpc/conn_private.h src/libbramble/rpc/conn.c \
    src/libbramble/rpc/conn_read.c \
    src/libbramble/rpc/conn_handshake.c src/libbramble/rpc/dial.c src/libbramble/rpc/server.c \
    src/libbramble/rpc/step_port.c src/libbramble/rpc/client.c
