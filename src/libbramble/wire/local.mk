# The schema: protoc-c makes structs and codecs from it at build time.
wire_protos = common client agent step shepherd event
EXTRA_DIST += $(wire_protos:%=src/libbramble/wire/%.proto)
wire_made_h = $(wire_protos:%=src/libbramble/wire/%.pb-c.h)
wire_made_c = $(wire_protos:%=src/libbramble/wire/%.pb-c.c)
BUILT_SOURCES += $(wire_made_h)
CLEANFILES += $(wire_made_h) $(wire_made_c)
nodist_libbramble_la_SOURCES = \
    src/libbramble/wire/common.pb-c.c src/libbramble/wire/common.pb-c.h \
    src/libbramble/wire/client.pb-c.c src/libbramble/wire/client.pb-c.h \
    src/libbramble/wire/agent.pb-c.c src/libbramble/wire/agent.pb-c.h \
    src/libbramble/wire/step.pb-c.c src/libbramble/wire/step.pb-c.h \
    src/libbramble/wire/shepherd.pb-c.c src/libbramble/wire/shepherd.pb-c.h \
    src/libbramble/wire/event.pb-c.c src/libbramble/wire/event.pb-c.h

src/libbramble/wire/%.pb-c.c: $(srcdir)/src/libbramble/wire/%.proto
	$(AM_V_GEN)$(MKDIR_P) src/libbramble/wire && \
	    $(PROTOC_C) --proto_path=$(srcdir)/src/libbramble/wire --c_out=src/libbramble/wire $<
src/libbramble/wire/%.pb-c.h: src/libbramble/wire/%.pb-c.c
	@:

# The bounds table, from the "max" comments; a field without a bound ends the build.
wire_proto_files = $(wire_protos:%=$(srcdir)/src/libbramble/wire/%.proto)
EXTRA_DIST += src/libbramble/wire/bounds.awk src/libbramble/wire/bounds_h.awk
BUILT_SOURCES += src/libbramble/wire/bounds.h
CLEANFILES += src/libbramble/wire/bounds.h src/libbramble/wire/bounds.c
nodist_libbramble_la_SOURCES += src/libbramble/wire/bounds.c src/libbramble/wire/bounds.h
src/libbramble/wire/bounds.h: $(wire_proto_files) $(srcdir)/src/libbramble/wire/bounds_h.awk
	$(AM_V_GEN)$(MKDIR_P) src/libbramble/wire && \
	    $(AWK) -f $(srcdir)/src/libbramble/wire/bounds_h.awk $(wire_proto_files) > $@.tmp && mv $@.tmp $@
src/libbramble/wire/bounds.c: $(wire_proto_files) $(srcdir)/src/libbramble/wire/bounds.awk
	$(AM_V_GEN)$(MKDIR_P) src/libbramble/wire && \
	    $(AWK) -f $(srcdir)/src/libbramble/wire/bounds.awk $(wire_proto_files) > $@.tmp && mv $@.tmp $@
