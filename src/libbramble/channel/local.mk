libbramble_la_SOURCES += \
    src/libbramble/channel/channel.h src/libbramble/channel/session.h \
    src/libbramble/channel/channel_private.h src/libbramble/channel/frame.c \
    src/libbramble/channel/handshake.c src/libbramble/channel/step_handshake.c \
    src/libbramble/channel/identity.c src/libbramble/channel/local_handshake.c
