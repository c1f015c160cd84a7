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
libctld_la_SOURCES += \
    src/bramblectld/act.c src/bramblectld/act.h src/bramblectld/commit.c src/bramblectld/commit.h \
    src/bramblectld/ctld.c src/bramblectld/ctld.h src/bramblectld/ctld_private.h \
    src/bramblectld/event_log.c src/bramblectld/event_log.h \
    src/bramblectld/key.c src/bramblectld/key.h src/bramblectld/replay.c src/bramblectld/replay.h \
    src/bramblectld/agents/agents.c src/bramblectld/agents/agents.h \
    src/bramblectld/agents/node_config.c src/bramblectld/agents/node_config.h \
    src/bramblectld/projections/accounting.c src/bramblectld/projections/accounting.h \
    src/bramblectld/projections/project.c src/bramblectld/projections/project.h \
    src/bramblectld/projections/project_array.c src/bramblectld/projections/project_private.h \
    src/bramblectld/requests/admin.c src/bramblectld/requests/alloc.c \
    src/bramblectld/requests/clients.c src/bramblectld/requests/clients.h \
    src/bramblectld/requests/control.c src/bramblectld/requests/diag.c src/bramblectld/requests/diag.h src/bramblectld/requests/filter.c \
    src/bramblectld/requests/filter.h src/bramblectld/requests/identity.c \
    src/bramblectld/requests/identity.h src/bramblectld/requests/query_ids.c \
    src/bramblectld/requests/query.c \
    src/bramblectld/requests/query.h src/bramblectld/requests/query_acct.c \
    src/bramblectld/requests/query_jobs.c src/bramblectld/requests/query_nodes.c \
    src/bramblectld/requests/query_private.h src/bramblectld/requests/request.h \
    src/bramblectld/requests/show_config.c src/bramblectld/requests/std_path.c \
    src/bramblectld/requests/std_path.h src/bramblectld/requests/step.c src/bramblectld/requests/step_het.c \
    src/bramblectld/requests/submit.c src/bramblectld/requests/table.c \
    src/bramblectld/requests/table.h src/bramblectld/requests/update.c \
    src/bramblectld/projections/mail.h src/bramblectld/projections/mail.c \
    src/bramblectld/requests/set_log.c src/bramblectld/requests/query_resvs.c \
    src/bramblectld/requests/wait.h src/bramblectld/requests/watch.c
libctld_la_SOURCES += src/bramblectld/requests/usage.c src/bramblectld/requests/usage.h

sbin_PROGRAMS += bramblectld
bramblectld_SOURCES = src/bramblectld/main.c
bramblectld_LDADD = libctld.la libcluster.la $(LIBBRAMBLE) $(SODIUM_LIBS) -ldl
