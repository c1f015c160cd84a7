# one launcher, built right and in each way wrong
mock_ldflags = $(SAN_LDFLAGS) -module -avoid-version -shared -rpath /nonexistent
mock_cppflags = -I$(top_srcdir)/src/include
mock_source = testsuite/unit/plugin/mock_launch.c
mock_plugins = testsuite/unit/plugin/launch_mock.la testsuite/unit/plugin/launch_mockabi.la \
    testsuite/unit/plugin/launch_mocktype.la testsuite/unit/plugin/launch_mockname.la \
    testsuite/unit/plugin/launch_mockbare.la testsuite/unit/plugin/launch_mockless.la
check_LTLIBRARIES += $(mock_plugins)
testsuite_unit_plugin_launch_mock_la_SOURCES = $(mock_source)
testsuite_unit_plugin_launch_mock_la_CPPFLAGS = $(mock_cppflags) -DMOCK_NAME='"mock"'
testsuite_unit_plugin_launch_mock_la_LDFLAGS = $(mock_ldflags)
testsuite_unit_plugin_launch_mockabi_la_SOURCES = $(mock_source)
testsuite_unit_plugin_launch_mockabi_la_CPPFLAGS = $(mock_cppflags) -DMOCK_NAME='"mockabi"' -DMOCK_ABI=999
testsuite_unit_plugin_launch_mockabi_la_LDFLAGS = $(mock_ldflags)
testsuite_unit_plugin_launch_mocktype_la_SOURCES = $(mock_source)
testsuite_unit_plugin_launch_mocktype_la_CPPFLAGS = $(mock_cppflags) -DMOCK_NAME='"mocktype"' -DMOCK_TYPE='"notify"'
testsuite_unit_plugin_launch_mocktype_la_LDFLAGS = $(mock_ldflags)
testsuite_unit_plugin_launch_mockname_la_SOURCES = $(mock_source)
testsuite_unit_plugin_launch_mockname_la_CPPFLAGS = $(mock_cppflags) -DMOCK_NAME='"another"'
testsuite_unit_plugin_launch_mockname_la_LDFLAGS = $(mock_ldflags)
testsuite_unit_plugin_launch_mockbare_la_SOURCES = $(mock_source)
testsuite_unit_plugin_launch_mockbare_la_CPPFLAGS = $(mock_cppflags) -DMOCK_NAME='"mockbare"' -DMOCK_NO_EXPORT
testsuite_unit_plugin_launch_mockbare_la_LDFLAGS = $(mock_ldflags)
testsuite_unit_plugin_launch_mockless_la_SOURCES = $(mock_source)
testsuite_unit_plugin_launch_mockless_la_CPPFLAGS = $(mock_cppflags) -DMOCK_NAME='"mockless"' -DMOCK_INCOMPLETE
testsuite_unit_plugin_launch_mockless_la_LDFLAGS = $(mock_ldflags)

check_PROGRAMS += testsuite/unit/plugin/test_loader
TESTS += testsuite/unit/plugin/test_loader
testsuite_unit_plugin_test_loader_SOURCES = testsuite/unit/plugin/test_loader.c
testsuite_unit_plugin_test_loader_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
testsuite_unit_plugin_test_loader_CPPFLAGS = $(AM_CPPFLAGS) \
    -DPLUGIN_TEST_DIR='"$(abs_top_builddir)/testsuite/unit/plugin/.libs"'
testsuite_unit_plugin_test_loader_LDADD = $(LIBBRAMBLE) $(CHECK_LIBS) -ldl
