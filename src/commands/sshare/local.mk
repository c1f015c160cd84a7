noinst_LTLIBRARIES += libsshare.la
libsshare_la_CPPFLAGS = $(COMMAND_CPPFLAGS)
libsshare_la_SOURCES = src/commands/sshare/sshare.c src/commands/sshare/sshare.h
bin_PROGRAMS += sshare
sshare_SOURCES = src/commands/sshare/main.c
sshare_CPPFLAGS = $(COMMAND_CPPFLAGS)
sshare_LDADD = libsshare.la libdisplay.la $(LIBBRAMBLE)
