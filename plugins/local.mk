# Plugins: <type>_<name>.so, each a module that exports bramble_plugin.
include plugins/accounting/local.mk
include plugins/launch/local.mk
