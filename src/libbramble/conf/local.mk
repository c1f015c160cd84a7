libbramble_la_SOURCES += \
    src/libbramble/conf/client.c src/libbramble/conf/client.h \
    src/libbramble/conf/conf_file.c src/libbramble/conf/conf_file.h
