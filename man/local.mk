# build rules of man
dist_man_MANS += man/man1/sbench.1
dist_man_MANS += man/man5/bramble.conf.5
dist_man_MANS += man/man1/scontrol.1
dist_man_MANS += man/man1/scancel.1
dist_man_MANS += man/man1/sattach.1 man/man1/sbcast.1 man/man1/swait.1
dist_man_MANS += man/man1/sdiag.1
dist_man_MANS += man/man1/sprio.1 man/man1/sshare.1 man/man1/sacctmgr.1 man/man1/sstat.1
# pages that share text
assembled_pages = man/man1/sbatch.1 man/man1/srun.1 man/man1/salloc.1 \
    man/man1/squeue.1 man/man1/sinfo.1 man/man1/sacct.1
page_parts = $(addprefix man/common/, job-resources.man job-placement.man job-timing.man job-names.man job-files.man \
    sbatch-refused.man sbatch-environment.man srun-refused.man srun-environment.man \
    salloc-refused.man salloc-environment.man job-environment.man show-format.man show-fields.man show-environment.man show-document.man)
nodist_man_MANS = $(assembled_pages)
EXTRA_DIST += man/assemble.awk $(assembled_pages:=.in) $(page_parts)
CLEANFILES += $(assembled_pages)
$(assembled_pages): man/%.1: man/%.1.in man/assemble.awk $(page_parts)
	$(AM_V_GEN)$(MKDIR_P) man/man1 && $(AWK) -v common=$(srcdir)/man/common -f $(srcdir)/man/assemble.awk $< > $@.tmp && mv $@.tmp $@
dist_man_MANS += man/man7/bramble.7 man/man8/bramblectld.8 man/man8/brambled.8
