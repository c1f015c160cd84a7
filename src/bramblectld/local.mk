# build rules of src/bramblectld
noinst_LTLIBRARIES += libctld.la
libctld_la_CFLAGS = $(AM_CFLAGS) $(PROTOBUF_C_CFLAGS) $(SODIUM_CFLAGS)
libctld_la_SOURCES = \
    src/bramblectld/journal/crc32c.c src/bramblectld/journal/crc32c.h \
    src/bramblectld/journal/journal.c src/bramblectld/journal/journal.h \
    src/bramblectld/journal/journal_load.c src/bramblectld/journal/journal_lock.c \
    src/bramblectld/journal/journal_private.h src/bramblectld/journal/journal_reader.c \
    src/bramblectld/journal/journal_snapshot.c src/bramblectld/journal/record.c \
    src/bramblectld/journal/record.h src/bramblectld/journal/scan.c src/bramblectld/journal/scan.h \
    src/bramblectld/journal/segment.c src/bramblectld/journal/storage.h \
    src/bramblectld/journal/storage_dir.c
libctld_la_SOURCES += src/bramblectld/cluster_conf.c src/bramblectld/cluster_conf.h
