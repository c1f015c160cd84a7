COMMAND_CLIENT_SOURCES = src/commands/client/client.c src/commands/client/client.h
COMMAND_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/src/commands $(PROTOBUF_C_CFLAGS)
