# tables, formats and messages of the commands that show
noinst_LTLIBRARIES += libdisplay.la
libdisplay_la_CPPFLAGS = $(COMMAND_CPPFLAGS)
libdisplay_la_SOURCES = \
    src/commands/display/cell.c src/commands/display/column.h \
    src/commands/display/console.c src/commands/display/console.h \
    src/commands/display/format.c src/commands/display/format.h \
    src/commands/display/node_state.c src/commands/display/node_state.h \
    src/commands/display/render.c src/commands/display/render.h \
    src/commands/display/sort.c src/commands/display/sort.h \
    src/commands/display/source.c src/commands/display/source.h \
    src/commands/display/story.c src/commands/display/story.h \
    src/commands/display/tasks.c \
    src/commands/display/table.c src/commands/display/table.h \
    src/commands/display/usage_cells.c src/commands/display/usage_cells.h \
    $(COMMAND_CLIENT_SOURCES)
# documents for programs, only of the commands that have --json and --yaml
noinst_LTLIBRARIES += libdocument.la
libdocument_la_CPPFLAGS = $(COMMAND_CPPFLAGS) $(JANSSON_CFLAGS) $(YAML_CFLAGS)
libdocument_la_SOURCES = src/commands/display/doc.c src/commands/display/doc.h \
    src/commands/display/doc_job.c src/commands/display/doc_node.c src/commands/display/doc_print.c
LIBDOCUMENT = libdocument.la libdisplay.la $(LIBBRAMBLE) $(DOCUMENT_LIBS)
