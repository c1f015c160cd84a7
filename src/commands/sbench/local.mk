bin_PROGRAMS += sbench
sbench_hpl_sources = src/commands/sbench/hpl_plan.c src/commands/sbench/hpl_plan.h \
    src/commands/sbench/hpl_result.c src/commands/sbench/hpl_result.h src/commands/sbench/nodes.c \
    src/commands/sbench/hpl.h
sbench_SOURCES = src/commands/sbench/sbench.c src/commands/sbench/hpl.c src/commands/sbench/hpl_run.c \
    src/commands/sbench/hpl_rank.c src/commands/sbench/options.c src/commands/sbench/spawn.c \
    src/commands/sbench/spawn.h $(sbench_hpl_sources)
sbench_LDADD = $(LIBBRAMBLE) -lm
