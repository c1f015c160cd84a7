bin_PROGRAMS += sbatch
sbatch_SOURCES = src/commands/sbatch/sbatch.c $(COMMAND_CLIENT_SOURCES)
sbatch_CPPFLAGS = $(COMMAND_CPPFLAGS)
sbatch_LDADD = $(LIBBRAMBLE)
