# brambled: the node agent
noinst_LTLIBRARIES += libagent.la
libagent_la_SOURCES = \
    src/brambled/agent.c src/brambled/agent.h src/brambled/agent_private.h \
    src/brambled/register/facts.c src/brambled/register/key.c src/brambled/register/link.c \
    src/brambled/register/network.c \
    src/brambled/launch/client.c src/brambled/launch/folder.c src/brambled/launch/job.c \
    src/brambled/launch/launch.c src/brambled/launch/shepherd.c src/brambled/launch/step.c \
    src/brambled/prolog/record.c src/brambled/prolog/script.c

sbin_PROGRAMS += brambled
brambled_SOURCES = src/brambled/main.c
brambled_LDADD = libagent.la $(LIBTOPO) $(LIBBRAMBLE)
