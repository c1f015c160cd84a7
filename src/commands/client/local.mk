COMMAND_CLIENT_SOURCES = src/commands/client/client.c src/commands/client/client.h
COMMAND_LINK_SOURCES = src/commands/client/link.c src/commands/client/link.h
COMMAND_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/src/commands $(PROTOBUF_C_CFLAGS)
