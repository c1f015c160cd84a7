bin_PROGRAMS += scancel
scancel_SOURCES = src/commands/scancel/scancel.c src/commands/scancel/cancel_options.c \
    src/commands/scancel/scancel_private.h $(COMMAND_CLIENT_SOURCES)
scancel_CPPFLAGS = $(COMMAND_CPPFLAGS)
scancel_LDADD = $(LIBBRAMBLE)
