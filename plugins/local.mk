# build rules of plugins
