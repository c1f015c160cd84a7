# build rules of src
# What plugins and clients are written against.
brambleincludedir = $(includedir)/bramble
brambleinclude_HEADERS = src/include/bramble/accounting_plugin.h src/include/bramble/constants.h \
    src/include/bramble/launch_plugin.h src/include/bramble/plugin.h
