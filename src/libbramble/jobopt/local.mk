libbramble_la_SOURCES += \
    src/libbramble/jobopt/jobopt.h src/libbramble/jobopt/jobopt_private.h \
    src/libbramble/jobopt/option_boards.c src/libbramble/jobopt/option_gres.c src/libbramble/jobopt/option_check.c src/libbramble/jobopt/option_command.c \
    src/libbramble/jobopt/option_help.c src/libbramble/jobopt/option_identity.c \
    src/libbramble/jobopt/option_placement.c src/libbramble/jobopt/option_het.c src/libbramble/jobopt/option_read.c \
    src/libbramble/jobopt/option_refused.c src/libbramble/jobopt/option_resources.c \
    src/libbramble/jobopt/option_spec.c src/libbramble/jobopt/option_stdio.c \
    src/libbramble/jobopt/option_step.c src/libbramble/jobopt/option_timing.c \
    src/libbramble/jobopt/option_values.c src/libbramble/jobopt/rlimits.c \
    src/libbramble/jobopt/script.c src/libbramble/jobopt/signames.c src/libbramble/jobopt/user_env.c
