# Shipped configuration: the annotated bramble.conf, and units for systemd.
EXTRA_DIST += etc/systemd/bramblectld.service.in etc/systemd/brambled.service.in
systemd_units = etc/systemd/bramblectld.service etc/systemd/brambled.service
noinst_DATA += $(systemd_units)
CLEANFILES += $(systemd_units)
unitdir = $(datadir)/bramble/systemd
unit_DATA = $(systemd_units)

etc/systemd/%.service: $(srcdir)/etc/systemd/%.service.in
	$(AM_V_GEN)$(MKDIR_P) etc/systemd && sed -e 's|@sbindir[@]|$(sbindir)|g' $< > $@.tmp && mv $@.tmp $@

# bramble.conf goes into the examples, never over the one that is in use
examplesdir = $(docdir)/examples
dist_examples_DATA = etc/bramble.conf
