bin_PROGRAMS += scontrol
scontrol_SOURCES = src/commands/scontrol/scontrol.c src/commands/scontrol/scontrol.h \
    src/commands/scontrol/record.c src/commands/scontrol/show_job.c src/commands/scontrol/show_node.c \
    src/commands/scontrol/show_part.c src/commands/scontrol/show_resv.c src/commands/scontrol/show_why.c \
    src/commands/scontrol/show_hosts.c src/commands/scontrol/control.c \
    src/commands/scontrol/show_doc.c src/commands/scontrol/update.c src/commands/scontrol/update_words.c \
    src/commands/scontrol/update.h src/commands/scontrol/admin.c \
    src/commands/scontrol/absent.c src/commands/scontrol/write.c src/commands/scontrol/errnums.def \
    src/commands/scontrol/keywords.c src/commands/scontrol/show_misc.c src/commands/scontrol/local.c
scontrol_CPPFLAGS = $(COMMAND_CPPFLAGS) $(JANSSON_CFLAGS)
scontrol_LDADD = $(LIBDOCUMENT)
