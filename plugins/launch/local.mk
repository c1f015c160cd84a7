# Launchers.  What several of them share is compiled into each.
launch_common = \
    plugins/launch/common/allgather.c plugins/launch/common/allgather.h \
    plugins/launch/common/kvs.c plugins/launch/common/kvs.h \
    plugins/launch/common/pmi_server.c plugins/launch/common/pmi_server.h \
    plugins/launch/common/pmi_private.h plugins/launch/common/pmi1.c plugins/launch/common/pmi2.c \
    plugins/launch/common/rank_watch.c plugins/launch/common/rank_watch.h

pluginexec_LTLIBRARIES += launch_none.la launch_openmpi.la
launch_none_la_SOURCES = plugins/launch/none/none.c
launch_none_la_LDFLAGS = $(PLUGIN_LINK)
launch_openmpi_la_SOURCES = plugins/launch/openmpi/openmpi.c
launch_openmpi_la_LDFLAGS = $(PLUGIN_LINK)

pluginexec_LTLIBRARIES += launch_pmi2.la
launch_pmi2_la_SOURCES = plugins/launch/pmi2/pmi2.c $(launch_common)
launch_pmi2_la_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/plugins/launch
launch_pmi2_la_LDFLAGS = $(PLUGIN_LINK)

if HAVE_PMIX
pluginexec_LTLIBRARIES += launch_pmix.la
launch_pmix_la_SOURCES = plugins/launch/pmix/pmix_plugin.c plugins/launch/pmix/pmix_private.h \
    plugins/launch/pmix/pmix_ack.c plugins/launch/pmix/pmix_job.c \
    plugins/launch/pmix/pmix_upcalls.c $(launch_common)
launch_pmix_la_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/plugins/launch
launch_pmix_la_CFLAGS = $(AM_CFLAGS) $(PMIX_CFLAGS)
launch_pmix_la_LDFLAGS = $(PLUGIN_LINK)
launch_pmix_la_LIBADD = $(PMIX_LIBS)
endif
