libbramble_la_SOURCES += \
    src/libbramble/conf/client.c src/libbramble/conf/client.h \
    src/libbramble/conf/conf.c src/libbramble/conf/conf.h src/libbramble/conf/conf_private.h \
    src/libbramble/conf/conf_file.c src/libbramble/conf/conf_file.h \
    src/libbramble/conf/conf_keys.c src/libbramble/conf/conf_nodes.c \
    src/libbramble/conf/conf_value.c
