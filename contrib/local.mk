# contrib: the quick start, HPL, examples: not installed; completion: installed.
EXTRA_DIST += contrib/bootstrap contrib/quickstart \
    contrib/quickstart.d/build.sh contrib/quickstart.d/cluster.sh \
    contrib/hpl/build contrib/hpl/main.c \
    contrib/examples/hello-mpi.c contrib/examples/hello-mpi.sbatch

# bash looks for a file of the command's name
completiondir = $(datadir)/bash-completion/completions
completion_names = sbatch srun salloc scancel squeue sinfo scontrol sacct
nodist_completion_DATA = $(completion_names:%=contrib/completion/bash/%)
EXTRA_DIST += contrib/completion/bramble
CLEANFILES += $(nodist_completion_DATA)
$(nodist_completion_DATA): contrib/completion/bramble
	$(AM_V_GEN)$(MKDIR_P) contrib/completion/bash && cp $(srcdir)/contrib/completion/bramble $@
