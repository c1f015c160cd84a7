bin_PROGRAMS += salloc
salloc_SOURCES = src/commands/salloc/salloc.c src/commands/salloc/program.c src/commands/salloc/program.h \
    $(COMMAND_CLIENT_SOURCES) $(COMMAND_LINK_SOURCES)
salloc_CPPFLAGS = $(COMMAND_CPPFLAGS)
salloc_LDADD = $(LIBBRAMBLE)
